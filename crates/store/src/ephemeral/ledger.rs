//! Who holds how much. Entries are booked to their owner; what is more than an owner or its class
//! may hold goes, that of the owner with the most first, so that one client with many entries
//! pushes out its own.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use countersign_model::Timestamp;

/// For whom an entry is kept; bounds how much there may be, and what it may push out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Owner {
    /// The program itself, which bounds what it keeps.
    Program,
    /// What counts towards a limit; nothing else pushes it out, and of it what was not touched for
    /// longest goes first.
    Limit,
    /// Somebody who has proved to be this account.
    Account(i64),
    /// A client that has proved nothing, by the network it comes from.
    Client(IpAddr),
}

/// What clients without an account may hold in all, in bytes; each network [`MOST_OF_ONE`] of it.
const MOST_OF_CLIENTS: usize = 32 * 1024 * 1024;
const MOST_OF_ACCOUNTS: usize = 64 * 1024 * 1024;
const MOST_OF_PROGRAM: usize = 64 * 1024 * 1024;
/// About 90 000 of them; each costs whoever makes it a try that is counted.
const MOST_OF_LIMITS: usize = 64 * 1024 * 1024;
const MOST_OF_ONE: usize = 4 * 1024 * 1024;
/// What keeping an entry costs besides its bytes.
const OVERHEAD: usize = 512;

impl Owner {
    /// A client by its address; a whole /64 of IPv6 counts as one, which is what one subscriber has
    /// (RFC 6177).
    #[must_use]
    pub fn client(address: IpAddr) -> Owner {
        Owner::Client(match address.to_canonical() {
            IpAddr::V6(v6) => {
                let [a, b, c, d, ..] = v6.segments();
                IpAddr::from([a, b, c, d, 0, 0, 0, 0])
            }
            v4 @ IpAddr::V4(_) => v4,
        })
    }

    const fn class(self) -> Class {
        match self {
            Owner::Program => Class::Program,
            Owner::Limit => Class::Limits,
            Owner::Account(_) => Class::Accounts,
            Owner::Client(_) => Class::Clients,
        }
    }

    /// As it is written into the table.
    pub(super) fn text(self) -> String {
        match self {
            Owner::Program => "program".to_owned(),
            Owner::Limit => "limit".to_owned(),
            Owner::Account(pk) => format!("account {pk}"),
            Owner::Client(address) => format!("client {address}"),
        }
    }

    /// As [`Owner::text`] wrote it.
    pub(super) fn read(text: &str) -> Option<Owner> {
        match text.split_once(' ') {
            None if text == "program" => Some(Owner::Program),
            None if text == "limit" => Some(Owner::Limit),
            Some(("account", pk)) => pk.parse().ok().map(Owner::Account),
            Some(("client", address)) => address.parse().ok().map(Owner::Client),
            None | Some(_) => None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Class {
    Program,
    Limits,
    Accounts,
    Clients,
}

impl Class {
    const fn most(self) -> usize {
        match self {
            Class::Program => MOST_OF_PROGRAM,
            Class::Limits => MOST_OF_LIMITS,
            Class::Accounts => MOST_OF_ACCOUNTS,
            Class::Clients => MOST_OF_CLIENTS,
        }
    }

    const fn most_of_one(self) -> usize {
        match self {
            Class::Program | Class::Limits => self.most(),
            Class::Accounts | Class::Clients => MOST_OF_ONE,
        }
    }
}

type Name = Arc<str>;

struct Booked {
    owner: Owner,
    bytes: usize,
    expires: Timestamp,
    /// Which write it was.
    turn: u64,
}

#[derive(Default)]
struct Holding {
    bytes: usize,
    /// Those written longest ago first. Not by their end: what lives for minutes must not give way
    /// to what lives for hours.
    by_turn: BTreeSet<(u64, Name)>,
}

#[derive(Default)]
pub(super) struct Ledger {
    booked: HashMap<Name, Booked>,
    by_end: BTreeSet<(Timestamp, Name)>,
    owners: HashMap<Owner, Holding>,
    /// The owners of each class, those with the most first.
    heaviest: BTreeSet<(Class, Reverse<usize>, Owner)>,
    totals: BTreeMap<Class, usize>,
    turns: u64,
}

impl Ledger {
    /// Books an entry, in place of an older one of that name, and gives the names of those that
    /// have to go for it.
    pub(super) fn enter(
        &mut self,
        name: &str,
        owner: Owner,
        bytes: usize,
        expires: Timestamp,
        now: Timestamp,
    ) -> Vec<Name> {
        self.leave(name);
        let (name, bytes, class): (Name, _, _) =
            (Arc::from(name), bytes + name.len() + OVERHEAD, owner.class());
        self.turns += 1;
        let turn = self.turns;
        self.booked.insert(name.clone(), Booked { owner, bytes, expires, turn });
        self.by_end.insert((expires, name.clone()));
        self.weigh(owner, |holding| {
            holding.by_turn.insert((turn, name));
            holding.bytes += bytes;
        });
        *self.totals.entry(class).or_default() += bytes;
        let mut gone = Vec::new();
        while let Some((_, ended)) = self.by_end.first().filter(|(end, _)| *end <= now).cloned() {
            self.leave(&ended);
            gone.push(ended);
        }
        while let Some(oldest) = self.too_much(owner, class) {
            self.leave(&oldest);
            gone.push(oldest);
        }
        gone
    }

    pub(super) fn leave(&mut self, name: &str) {
        let Some((name, booked)) = self.booked.remove_entry(name) else { return };
        self.by_end.remove(&(booked.expires, name.clone()));
        self.weigh(booked.owner, |holding| {
            holding.by_turn.remove(&(booked.turn, name));
            holding.bytes -= booked.bytes;
        });
        if let Some(total) = self.totals.get_mut(&booked.owner.class()) {
            *total -= booked.bytes;
        }
    }

    /// The entry that has to go next, if any has.
    fn too_much(&self, owner: Owner, class: Class) -> Option<Name> {
        let holding = self.owners.get(&owner)?;
        let from = if holding.bytes > class.most_of_one() {
            holding
        } else if self.totals.get(&class).copied().unwrap_or(0) > class.most() {
            let (_, _, heaviest) =
                self.heaviest.range((class, Reverse(usize::MAX), Owner::Program)..).next()?;
            self.owners.get(heaviest)?
        } else {
            return None;
        };
        from.by_turn.first().map(|(_, name)| name.clone())
    }

    fn weigh(&mut self, owner: Owner, change: impl FnOnce(&mut Holding)) {
        let holding = self.owners.entry(owner).or_default();
        self.heaviest.remove(&(owner.class(), Reverse(holding.bytes), owner));
        change(holding);
        if holding.by_turn.is_empty() {
            self.owners.remove(&owner);
        } else {
            self.heaviest.insert((owner.class(), Reverse(holding.bytes), owner));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(n: u32) -> Owner {
        Owner::client(IpAddr::from(n.to_be_bytes()))
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    #[test]
    fn a_client_holds_so_much_and_pushes_out_its_own() {
        let mut ledger = Ledger::default();
        ledger.enter("other", client(1), 100, at(1), at(0));
        let mut gone = Vec::new();
        for n in 0..1000 {
            gone.extend(ledger.enter(
                &format!("mine {n}"),
                client(2),
                64 * 1024,
                at(100 + n),
                at(0),
            ));
        }
        assert!(ledger.booked.contains_key("other"));
        assert_eq!(gone.first().map(|name| &**name), Some("mine 0"), "the oldest first");
        assert!(ledger.owners[&client(2)].bytes <= MOST_OF_ONE);
        assert!(ledger.booked.contains_key("mine 999"));
    }

    #[test]
    fn of_many_clients_those_with_the_most_give_way() {
        let mut ledger = Ledger::default();
        ledger.enter("small", client(1), 100, at(1), at(0));
        for n in 0..2000 {
            ledger.enter(
                &format!("flood {n}"),
                client(2 + n % 100),
                64 * 1024,
                at(100 + i64::from(n)),
                at(0),
            );
        }
        assert!(ledger.totals[&Class::Clients] <= MOST_OF_CLIENTS);
        assert!(
            ledger.booked.contains_key("small"),
            "who holds little loses nothing, however old it is"
        );
        ledger.enter("person", Owner::Account(7), 100, at(1), at(0));
        ledger.enter("flood", client(9), 64 * 1024, at(9000), at(0));
        assert!(ledger.booked.contains_key("person"), "classes do not push each other out");
    }

    #[test]
    fn what_has_ended_makes_room_and_nothing_is_left_of_it() {
        let mut ledger = Ledger::default();
        ledger.enter("a", client(1), 10, at(5), at(0));
        ledger.enter("a", client(2), 20, at(6), at(0));
        assert_eq!(ledger.owners.len(), 1, "a name has one owner");
        assert_eq!(ledger.enter("b", Owner::Program, 10, at(100), at(7)), [Arc::from("a")]);
        ledger.leave("b");
        assert!(
            ledger.booked.is_empty()
                && ledger.by_end.is_empty()
                && ledger.owners.is_empty()
                && ledger.heaviest.is_empty()
        );
        assert!(ledger.totals.values().all(|total| *total == 0));
    }

    #[test]
    fn owners_are_read_as_they_were_written() {
        for owner in [
            Owner::Program,
            Owner::Limit,
            Owner::Account(12),
            client(3),
            Owner::client("2001:db8:1:2::3".parse().unwrap()),
        ] {
            assert_eq!(Owner::read(&owner.text()), Some(owner));
        }
        assert_eq!(
            Owner::client("2001:db8::1".parse().unwrap()),
            Owner::client("2001:db8::ffff".parse().unwrap())
        );
        assert_eq!(
            Owner::client("::ffff:192.0.2.1".parse().unwrap()),
            Owner::client("192.0.2.1".parse().unwrap())
        );
        assert_eq!(Owner::read("counter"), None);
    }
}
