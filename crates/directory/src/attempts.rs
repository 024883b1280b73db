//! How often somebody may try to prove who they are. One rule for every door where a password or a
//! secret is checked.
//!
//! A try is counted before it is looked at, so that many at once do not slip through; a right one
//! is taken back.
//! - An account has three failures free. Each further one doubles the wait before the next try,
//!   from one second to a minute, until somebody signs in or a day passes. It is never locked: that
//!   would be a way to lock others out.
//! - Failures at one account from one place (an address, or a /64 of IPv6) make that place wait
//!   alike, but up to an hour. So who polls with wrong passwords leaves most of the account's tries
//!   to others: its owner, in a browser that is not known, waits a minute at most unless some sixty
//!   places poll together. What may be guessed at an account in all stays as it is.
//! - An address has 20 failures in five minutes and its network (/24, or /64 of IPv6) 100, over all
//!   accounts.
//! - A machine that asks for many people (an access point, a VPN gateway) has 1000 in five minutes
//!   instead, so that one device with an old password does not shut everybody out. Where the machine
//!   says from which device somebody comes, that device counts as an address does elsewhere. Such
//!   names are worth little, since devices make them up: under the name of somebody's device a
//!   stranger makes that device wait, at this machine alone; under ever new names, after 20 failures
//!   at one account, all of the machine. Neither concerns anybody elsewhere. A machine that names no
//!   devices is one place.
//! - A browser in which the owner of an account signed in before has a count of its own for that
//!   account, so that what others do elsewhere does not concern its owner (OWASP, "Slow down online
//!   guessing attacks with device cookies").
//! - Machines have no browser: a wrong secret counts for the client and the place it came from
//!   alone, so that nobody elsewhere can stop an application. A secret counts while it is looked at;
//!   up to a hundred right ones at once do not wait for each other. While failures cannot be kept
//!   for all processes (Redis is away), each process goes by its own.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use countersign_core::{Context, KnownBrowser};
use countersign_model::{Timestamp, subscriber};
use countersign_store::sha256;
use serde::{Deserialize, Serialize};

const SPACE: &str = "attempts";
const DAY: i64 = 86_400;
/// Longer than a hash takes in a full queue; what was begun before has ended without a result.
const LONGEST_CHECK: i64 = 10;
/// How often, and at which pause, a try looks again whether those before it have a result.
const LOOKS: usize = 200;
const PAUSE: Duration = Duration::from_millis(25);
/// Several processes change one count at once: each time one of them has its way.
const SWAPS: usize = 200;

/// Whose secret is tried: a number of an account, or a name that nobody has. Both are counted
/// alike.
#[derive(Debug, Clone, Copy)]
pub enum Owner<'a> {
    Account(i64),
    Unknown(&'a str),
    /// A second factor of the account, counted apart: who knows the password must not be able to
    /// forget wrong codes by signing in with it.
    SecondFactor(i64),
    /// Codes that devices show, typed by the account: each may be somebody else's.
    DeviceCode(i64),
}

impl Owner<'_> {
    fn key(self) -> String {
        match self {
            Owner::Account(pk) => format!("account/{pk}"),
            // Hashed, so that a name of any length is a short key.
            Owner::Unknown(name) => format!("name/{}", digest(name)),
            Owner::SecondFactor(pk) => format!("factor/{pk}"),
            Owner::DeviceCode(pk) => format!("device-code/{pk}"),
        }
    }
}

/// Where a try comes from.
#[derive(Debug, Clone, Copy)]
pub enum Place<'a> {
    /// Somebody's own address, with what is known of the browser there.
    Own { address: IpAddr, browser: &'a KnownBrowser },
    /// A machine that asks for many people, and the device that one of them uses, as far as the
    /// machine says it.
    Gateway { address: IpAddr, device: Option<&'a str> },
}

impl Place<'_> {
    /// What counts a try of that owner from here. The account is last: what a place may not try
    /// makes nobody elsewhere wait.
    fn counts(self, owner: Owner<'_>) -> Vec<(String, Rule)> {
        let key = owner.key();
        match self {
            Place::Own { address, browser } => {
                let own = match owner {
                    Owner::Account(pk) | Owner::SecondFactor(pk) | Owner::DeviceCode(pk) => {
                        browser.name_for(pk)
                    }
                    Owner::Unknown(_) => None,
                };
                if let Some(name) = own {
                    return vec![(format!("browser/{name}/{key}"), ACCOUNT)];
                }
                vec![
                    (format!("network/{}", network(address)), NETWORK),
                    (format!("address/{address}"), ADDRESS),
                    (format!("{key}@{}", subscriber(address)), PLACE),
                    (key, ACCOUNT),
                ]
            }
            Place::Gateway { address, device } => {
                let mut counts = vec![(format!("gateway/{address}"), GATEWAY)];
                // What a device is called it says itself. Under many names it is one place still.
                let mut place = PLACE;
                if let Some(device) = device {
                    let device = digest(&format!("{address} {device}"));
                    counts.push((format!("device/{device}"), ADDRESS));
                    counts.push((format!("{key}@device/{device}"), PLACE));
                    place = DEVICES;
                }
                counts.push((format!("{key}@gateway/{address}"), place));
                counts.push((key, ACCOUNT));
                counts
            }
        }
    }
}

/// Too many failures: the next try is looked at after so many seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooMany {
    pub seconds: i64,
}

impl std::fmt::Display for TooMany {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let unit = if self.seconds == 1 { "second" } else { "seconds" };
        write!(f, "Too many attempts. Try again in {} {unit}.", self.seconds)
    }
}

/// What failures lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    /// After so many failures each makes the next try wait longer, up to so many seconds.
    Doubling { free: u32, longest: i64 },
    /// So many in five minutes, then none until these have passed.
    Window { most: u32 },
}

const ACCOUNT: Rule = Rule::Doubling { free: 3, longest: 60 };
/// One account from one place.
const PLACE: Rule = Rule::Doubling { free: 3, longest: 3600 };
/// One account from all devices that one machine names.
const DEVICES: Rule = Rule::Doubling { free: 20, longest: 3600 };
const ADDRESS: Rule = Rule::Window { most: 20 };
const NETWORK: Rule = Rule::Window { most: 100 };
/// A machine that asks for many people.
const GATEWAY: Rule = Rule::Window { most: 1000 };
const WINDOW: i64 = 300;

/// Whole seconds until then, at least one.
fn seconds_until(then: i64, now: Timestamp) -> i64 {
    (then - now.0 + 999_999).div_euclid(1_000_000).max(1)
}

/// One count as it is stored. Times in microseconds since 1970.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Count {
    /// Tries without success, those without a result yet among them.
    failures: u32,
    /// Those without a result yet.
    running: u32,
    /// When the last one began.
    begun: i64,
    /// With all free failures used: when the next try is looked at.
    next: i64,
    /// When all of this is forgotten.
    ends: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    Taken(Count),
    /// Those that run decide whether there is a turn for this one.
    Busy,
    TooMany(TooMany),
}

impl Count {
    fn take(self, rule: Rule, now: Timestamp) -> Turn {
        let mut count = if self.ends <= now.0 { Count::default() } else { self };
        let free = match rule {
            Rule::Doubling { free, .. } => free,
            Rule::Window { most } => most,
        };
        if now.0 >= Timestamp(count.begun).plus_seconds(LONGEST_CHECK).0 {
            count.running = 0;
        }
        if count.failures >= free && now.0 < count.next {
            if count.running > 0 {
                return Turn::Busy;
            }
            return Turn::TooMany(TooMany { seconds: seconds_until(count.next, now) });
        }
        count.failures = count.failures.saturating_add(1);
        count.running = count.running.saturating_add(1);
        count.begun = now.0;
        match rule {
            Rule::Doubling { longest, .. } => {
                count.ends = now.plus_seconds(DAY).0;
                if let Some(more) = count.failures.checked_sub(free) {
                    // 2^20 seconds are longer than any wait.
                    let wait = (1i64 << more.min(20)).min(longest);
                    count.next = now.plus_seconds(wait).0;
                }
            }
            Rule::Window { .. } => {
                if count.failures == 1 {
                    count.ends = now.plus_seconds(WINDOW).0;
                }
                count.next = count.ends;
            }
        }
        Turn::Taken(count)
    }
}

/// A try that may be looked at. Dropped without a result it counts as a failure.
#[derive(Debug)]
#[must_use = "a try has a result"]
pub struct Attempt {
    taken: Vec<(String, Rule)>,
}

impl Attempt {
    /// Asks for a turn to check a person's password.
    ///
    /// # Errors
    /// [`TooMany`]: it must not be looked at, right or wrong.
    pub async fn begin(
        cx: &Context,
        owner: Owner<'_>,
        place: Place<'_>,
    ) -> Result<Attempt, TooMany> {
        let wanted = place.counts(owner);
        for _ in 0..LOOKS {
            match take_all(cx, &wanted).await {
                Turn::Taken(_) => return Ok(Attempt { taken: wanted }),
                Turn::TooMany(wait) => return Err(wait),
                Turn::Busy => tokio::time::sleep(PAUSE).await,
            }
        }
        Err(TooMany { seconds: 1 })
    }

    /// It was wrong.
    pub async fn failed(self, cx: &Context) {
        for (key, _) in &self.taken {
            settle(cx, key, |count| count.running = count.running.saturating_sub(1)).await;
        }
    }

    /// It could not be looked at after all.
    pub async fn not_made(self, cx: &Context) {
        for (key, _) in &self.taken {
            give_back(cx, key).await;
        }
    }

    /// It was right: the failures of the account are forgotten.
    pub async fn succeeded(self, cx: &Context) {
        for (key, rule) in &self.taken {
            match rule {
                Rule::Doubling { .. } => cx.store.ephemeral().remove(SPACE, key).await,
                Rule::Window { .. } => give_back(cx, key).await,
            }
        }
    }
}

async fn take_all(cx: &Context, wanted: &[(String, Rule)]) -> Turn {
    for (at, (key, rule)) in wanted.iter().enumerate() {
        let turn = take(cx, key, *rule).await;
        if !matches!(turn, Turn::Taken(_)) {
            for (key, _) in wanted.iter().take(at) {
                give_back(cx, key).await;
            }
            return turn;
        }
    }
    Turn::Taken(Count::default())
}

async fn take(cx: &Context, key: &str, rule: Rule) -> Turn {
    for _ in 0..SWAPS {
        let (seen, count) = read(cx, key).await;
        let turn = count.take(rule, cx.clock.now());
        let Turn::Taken(count) = turn else { return turn };
        match write(cx, key, seen, &count).await {
            Some(true) => return turn,
            Some(false) => {}
            // What cannot be counted is not looked at.
            None => return Turn::TooMany(TooMany { seconds: 5 }),
        }
    }
    Turn::Busy
}

async fn give_back(cx: &Context, key: &str) {
    let back = |count: &mut Count| {
        count.failures = count.failures.saturating_sub(1);
        count.running = count.running.saturating_sub(1);
    };
    settle(cx, key, back).await;
}

async fn settle(cx: &Context, key: &str, change: impl Fn(&mut Count)) {
    for _ in 0..SWAPS {
        let (seen, mut count) = read(cx, key).await;
        // Forgotten in the meantime.
        if seen.is_none() || count.ends <= cx.clock.now().0 {
            return;
        }
        change(&mut count);
        if write(cx, key, seen, &count).await != Some(false) {
            return;
        }
    }
}

async fn read(cx: &Context, key: &str) -> (Option<u64>, Count) {
    // What cannot be read cannot be written either, and is refused there.
    match cx.store.ephemeral().get(SPACE, key).await.ok().flatten() {
        Some(found) => {
            (Some(found.version), serde_json::from_slice(&found.bytes).unwrap_or_default())
        }
        None => (None, Count::default()),
    }
}

/// Whether the count was still as it was seen; `None` when nothing can be stored.
async fn write(cx: &Context, key: &str, seen: Option<u64>, count: &Count) -> Option<bool> {
    let seconds = seconds_until(count.ends, cx.clock.now());
    let bytes = serde_json::to_vec(count).unwrap_or_default();
    cx.store
        .ephemeral()
        .compare_and_swap(SPACE, key, seen, bytes, seconds, countersign_store::Owner::Limit)
        .await
        .ok()
}

/// What this process knows of machines that try secrets: those that are looked at, and failures of
/// their client at their place, which count here also while they cannot be kept for all processes.
#[derive(Debug, Clone, Default)]
pub struct Machines(Arc<Mutex<HashMap<String, Known>>>);

/// As many secrets of a client are looked at at once from one place where none was wrong lately:
/// right ones should not wait for each other.
const AT_ONCE: u32 = 100;
/// As many places are remembered here; where there are more, those without a try at the moment are
/// forgotten here.
const MOST_KNOWN: usize = 10_000;

#[derive(Debug, Clone, Copy, Default)]
struct Known {
    running: u32,
    count: Count,
}

impl Known {
    /// Whether one more is looked at, where so many failed elsewhere, too.
    fn enter(self, rule: Rule, failed: u32, now: Timestamp) -> Turn {
        let count = if self.count.ends <= now.0 { Count::default() } else { self.count };
        if let turn @ Turn::TooMany(_) = count.take(rule, now) {
            return turn;
        }
        let most = match rule {
            Rule::Window { most } => most,
            Rule::Doubling { free, .. } => free,
        };
        let failed = failed.max(count.failures);
        let room = if failed == 0 { AT_ONCE } else { most.saturating_sub(failed) };
        if self.running < room { Turn::Taken(count) } else { Turn::Busy }
    }
}

impl Machines {
    /// Asks for a turn to look at a secret. It is counted until it has a result, so that of many at
    /// once no more are looked at than may be wrong.
    ///
    /// # Errors
    /// [`TooMany`]: it must not be looked at.
    pub async fn admit(
        &self,
        cx: &Context,
        client: &str,
        address: IpAddr,
    ) -> Result<Looking, TooMany> {
        let client = digest(client);
        let counts = [
            (format!("machine/{client}@{address}"), ADDRESS),
            (format!("machine/{client}@{}", network(address)), NETWORK),
        ];
        for _ in 0..LOOKS {
            let now = cx.clock.now();
            let mut failed = [0; 2];
            for ((key, rule), failed) in counts.iter().zip(&mut failed) {
                let count = read(cx, key).await.1;
                if let Turn::TooMany(wait) = count.take(*rule, now) {
                    return Err(wait);
                }
                *failed = if count.ends <= now.0 { 0 } else { count.failures };
            }
            match self.enter(&counts, failed, now) {
                Turn::Taken(_) => return Ok(Looking { machines: self.clone(), counts }),
                Turn::TooMany(wait) => return Err(wait),
                Turn::Busy => tokio::time::sleep(PAUSE).await,
            }
        }
        Err(TooMany { seconds: 1 })
    }

    fn enter(&self, counts: &[(String, Rule); 2], failed: [u32; 2], now: Timestamp) -> Turn {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() > MOST_KNOWN {
            all.retain(|_, known| known.running > 0);
        }
        for ((key, rule), failed) in counts.iter().zip(failed) {
            let turn = all.get(key).copied().unwrap_or_default().enter(*rule, failed, now);
            if !matches!(turn, Turn::Taken(_)) {
                return turn;
            }
        }
        for (key, _) in counts {
            all.entry(key.clone()).or_default().running += 1;
        }
        Turn::Taken(Count::default())
    }

    /// Counts a failure here.
    fn note(&self, key: &str, rule: Rule, now: Timestamp) -> Result<(), TooMany> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = all.entry(key.to_owned()).or_default();
        match known.count.take(rule, now) {
            // What runs is counted beside it.
            Turn::Taken(count) => known.count = Count { running: 0, ..count },
            Turn::TooMany(wait) => return Err(wait),
            Turn::Busy => {}
        }
        Ok(())
    }
}

/// A secret of a machine that is looked at.
#[derive(Debug)]
#[must_use = "a wrong secret is counted"]
pub struct Looking {
    machines: Machines,
    counts: [(String, Rule); 2],
}

impl Looking {
    /// It was wrong.
    ///
    /// # Errors
    /// [`TooMany`]: others were faster, and even that is not to be told.
    pub async fn failed(self, cx: &Context) -> Result<(), TooMany> {
        for (key, rule) in &self.counts {
            self.machines.note(key, *rule, cx.clock.now())?;
            match take(cx, key, *rule).await {
                Turn::Taken(_) => {
                    settle(cx, key, |count| count.running = count.running.saturating_sub(1)).await;
                }
                Turn::TooMany(wait) => return Err(wait),
                Turn::Busy => return Err(TooMany { seconds: 1 }),
            }
        }
        Ok(())
    }
}

impl Drop for Looking {
    fn drop(&mut self) {
        let mut all = self.machines.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, _) in &self.counts {
            let Some(known) = all.get_mut(key) else { continue };
            known.running = known.running.saturating_sub(1);
            if known.running == 0 && known.count == Count::default() {
                all.remove(key);
            }
        }
    }
}

fn digest(text: &str) -> String {
    hex::encode(sha256(text))
}

/// The network of an address: what one attacker easily has many addresses of (RFC 6177 for IPv6).
fn network(address: IpAddr) -> String {
    match subscriber(address) {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        v6 @ IpAddr::V6(_) => format!("{v6}/64"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(1_000_000 + seconds)
    }

    /// A failure at that second; the seconds to wait when there is no turn.
    fn fail(count: &mut Count, rule: Rule, seconds: i64) -> Result<(), i64> {
        match count.take(rule, at(seconds)) {
            Turn::Taken(next) => {
                *count = Count { running: next.running - 1, ..next };
                Ok(())
            }
            Turn::TooMany(wait) => Err(wait.seconds),
            Turn::Busy => Err(0),
        }
    }

    #[test]
    fn an_account_has_three_failures_free_then_waits_double_each_time() {
        let mut count = Count::default();
        for _ in 0..3 {
            assert_eq!(fail(&mut count, ACCOUNT, 0), Ok(()));
        }
        let mut now = 0;
        for wait in [1, 2, 4, 8, 16, 32, 60, 60, 60] {
            assert_eq!(fail(&mut count, ACCOUNT, now), Err(wait), "after {now} seconds");
            now += wait;
            assert_eq!(fail(&mut count, ACCOUNT, now), Ok(()), "after {now} seconds");
        }
        now += 86_400;
        for _ in 0..3 {
            assert_eq!(fail(&mut count, ACCOUNT, now), Ok(()), "a day later all is forgotten");
        }
    }

    #[test]
    fn a6_who_polls_at_an_account_takes_few_of_its_tries() {
        let (mut account, mut place, mut taken, mut open) =
            (Count::default(), Count::default(), 0, 0);
        for second in 0..86_400 {
            if matches!(place.take(PLACE, at(second)), Turn::Taken(_))
                && fail(&mut account, ACCOUNT, second).is_ok()
            {
                assert_eq!(fail(&mut place, PLACE, second), Ok(()));
                taken += 1;
            }
            open += i32::from(matches!(account.take(ACCOUNT, at(second)), Turn::Taken(_)));
        }
        assert!(taken < 40, "{taken} guesses in a day");
        assert!(open > 84_000, "others find their turn: {open}");
    }

    /// Devices say themselves what they are called.
    #[test]
    fn names_of_devices_neither_help_guessing_nor_shut_others_out() {
        let owner = Owner::Account(7);
        let at = |address: [u8; 4], device| {
            let place = Place::Gateway { address: address.into(), device };
            place.counts(owner).into_iter().collect::<HashMap<String, Rule>>()
        };
        let (one, two) = (at([192, 0, 2, 9], Some("a")), at([192, 0, 2, 9], Some("b")));
        let shared = |one: &HashMap<String, Rule>, two: &HashMap<String, Rule>| {
            let mut keys: Vec<String> =
                one.keys().filter(|key| two.contains_key(*key)).cloned().collect();
            keys.sort();
            keys
        };
        let (account, gateway) = ("account/7", "account/7@gateway/192.0.2.9");
        assert_eq!(shared(&one, &two), [account, gateway, "gateway/192.0.2.9"]);
        // Ever new names are one place after a while; one that names none is a place at once.
        assert_eq!(one.get(gateway), Some(&DEVICES));
        assert_eq!(at([192, 0, 2, 9], None).get(gateway), Some(&PLACE));
        // The same name at another machine is another device.
        assert_eq!(shared(&one, &at([192, 0, 2, 10], Some("a"))), [account]);
    }

    #[test]
    fn an_address_has_so_many_in_five_minutes() {
        let mut count = Count::default();
        for second in 0..20 {
            assert_eq!(fail(&mut count, ADDRESS, second), Ok(()));
        }
        assert_eq!(fail(&mut count, ADDRESS, 20), Err(280));
        assert_eq!(fail(&mut count, ADDRESS, 300), Ok(()));
    }

    #[test]
    fn tries_without_a_result_hold_their_place_for_a_while() {
        let mut count = Count::default();
        for _ in 0..3 {
            let Turn::Taken(next) = count.take(ACCOUNT, at(0)) else { panic!("{count:?}") };
            count = next;
        }
        assert_eq!(count.take(ACCOUNT, at(0)), Turn::Busy);
        // Whoever hung up has had the try.
        let stuck = Count { next: at(60).0, ..count };
        assert_eq!(stuck.take(ACCOUNT, at(11)), Turn::TooMany(TooMany { seconds: 49 }));
    }

    /// O7: many at once were all looked at before one was counted, and without Redis none was.
    #[test]
    fn secrets_of_machines_count_while_they_are_looked_at_and_without_redis() {
        let machines = Machines::default();
        let counts = [("a".to_owned(), ADDRESS), ("n".to_owned(), NETWORK)];
        let enter = |failed| machines.enter(&counts, failed, at(0));
        let looking = || Looking { machines: machines.clone(), counts: counts.clone() };
        let mut inside = Vec::new();
        while matches!(enter([0, 0]), Turn::Taken(_)) {
            inside.push(looking());
        }
        assert_eq!((inside.len(), enter([0, 0])), (100, Turn::Busy));
        inside.clear();
        // Where some failed, no more are looked at than may fail.
        while matches!(enter([18, 18]), Turn::Taken(_)) {
            inside.push(looking());
        }
        assert_eq!(inside.len(), 2);
        inside.clear();
        assert!(machines.0.lock().unwrap().is_empty(), "nothing is kept of right ones");
        // What this process saw fail counts also when nobody else can say so.
        for _ in 0..20 {
            assert!(matches!(enter([0, 0]), Turn::Taken(_)));
            let _looking = looking();
            assert_eq!(machines.note("a", ADDRESS, at(0)), Ok(()));
        }
        assert_eq!(machines.note("a", ADDRESS, at(0)), Err(TooMany { seconds: 300 }));
        assert_eq!(enter([0, 0]), Turn::TooMany(TooMany { seconds: 300 }));
        assert!(matches!(machines.enter(&counts, [0, 0], at(300)), Turn::Taken(_)));
    }

    #[test]
    fn networks_count_as_one() {
        let of = |text: &str| network(text.parse().unwrap());
        assert_eq!(of("203.0.113.9"), of("203.0.113.200"));
        assert_ne!(of("203.0.113.9"), of("203.0.114.9"));
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), of("2001:db8:1:2:ffff::1"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
    }
}
