//! Whether the time of an answer tells who has an account. For `cargo xtask timing`, on a machine
//! that does nothing else; the suite counts hashes and statements instead (`guessing.rs`).

use std::time::Duration;

use countersign_model::Secret;
use countersign_store::SystemEntropy;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::world::{Browser, World, executor};

/// Where a name is given.
#[derive(Debug, Clone, Copy)]
enum Door {
    Name,
    WrongPassword,
    /// Name and password by the page, at once.
    Page,
    Recovery,
    Enrolment,
}

/// Whose it is. The others are compared with the first.
const SORTS: [&str; 5] = ["known", "nobody", "without", "gone", "factor"];
/// Accounts of each sort, which take turns.
const ACCOUNTS: usize = 10;
/// A pair whose times differ by chance is as rare; such a pair is measured once more.
const LEAST_P: f64 = 0.01;

#[expect(clippy::disallowed_methods, reason = "how long a test runs is no setting")]
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes and wants a quiet machine: cargo xtask timing"]
async fn no_answer_takes_longer_for_who_has_an_account() {
    let runs = std::env::var("TIMING_RUNS").map_or(2_000, |text| text.parse().unwrap());
    let world = prepared().await;
    let mut told_apart = Vec::new();
    for door in [Door::Name, Door::WrongPassword, Door::Page, Door::Recovery, Door::Enrolment] {
        let first = compared(&world, door, runs, &SORTS[1..]).await;
        let again: Vec<&str> =
            first.iter().filter(|(_, p)| *p <= LEAST_P).map(|(sort, _)| *sort).collect();
        if !again.is_empty() {
            println!("{door:?}: {again:?} once more");
            let second = compared(&world, door, runs, &again).await;
            told_apart.extend(
                second.into_iter().filter(|(_, p)| *p <= LEAST_P).map(|found| (door, found)),
            );
        }
    }
    assert!(told_apart.is_empty(), "told apart by time: {told_apart:?}");
}

async fn prepared() -> World {
    let world = World::set_up().await;
    world.apply(&["once/recovery.yaml"]).await;
    let mut admin = world.administrator().await;
    let hash = world.passwords.hash(&Secret::new("Their-Own-Pw-1"), &SystemEntropy).await.unwrap();
    for sort in SORTS.into_iter().filter(|sort| *sort != "nobody") {
        for n in 0..ACCOUNTS {
            let name = format!("{sort}-{n}");
            let body = json!({"username": name, "name": name, "email": format!("{name}@example.org"), "is_active": sort != "gone"});
            let pk = admin.create("core/users", body).await;
            if sort != "without" {
                let set = format!("UPDATE users SET password = '{hash}' WHERE id = {pk}");
                world.execute(&set).await;
            }
            if sort == "factor" {
                with_app(&world, &name).await;
            }
        }
    }
    let mut fields = Vec::new();
    for (key, kind) in [("username", "username"), ("email", "email")] {
        let field = json!({"name": format!("t {key}"), "field_key": key, "label": key, "type": kind, "required": true, "order": 0});
        fields.push(admin.create("stages/prompt/prompts", field).await);
    }
    let ask = json!({"name": "t ask", "fields": fields});
    let ask = admin.create("stages/prompt/stages", ask).await;
    let end = admin.create("stages/dummy", json!({"name": "t end"})).await;
    admin.flow("t-enrol", json!({"designation": "enrollment"}), &[&ask, &end]).await;
    world
}

/// Gives the account an app that shows codes.
async fn with_app(world: &World, name: &str) {
    let mut own = world.browser();
    own.sign_in(name, "Their-Own-Pw-1").await;
    let setup = executor("default-authenticator-totp-setup");
    let url = own.challenge(&setup).await["config_url"].as_str().unwrap().to_owned();
    let secret = url.split("secret=").nth(1).unwrap().split('&').next().unwrap();
    let code = crate::model::code_at(secret, world.cx.clock.now().seconds().try_into().unwrap());
    let end = own.answer(&setup, json!({"code": code})).await;
    assert_eq!(end["component"], "xak-flow-redirect", "{end}");
}

/// How likely times as different as those of each sort and of the known are by chance.
async fn compared<'s>(
    world: &World,
    door: Door,
    runs: usize,
    sorts: &[&'s str],
) -> Vec<(&'s str, f64)> {
    let all: Vec<&str> = std::iter::once(SORTS[0]).chain(sorts.iter().copied()).collect();
    let mut times = vec![Vec::with_capacity(runs); all.len()];
    let mut told = Instant::now();
    for run in 0..runs {
        for turn in 0..all.len() {
            // Each comes after each of the others as often.
            let at = (turn * (1 + run % (all.len() - 1).max(1)) + run) % all.len();
            times[at].push(once(world, door, all[at], run * all.len() + turn).await);
        }
        if told.elapsed().as_secs() >= 5 {
            told = Instant::now();
            println!("{door:?}: {run} of {runs}");
        }
    }
    let (known, others) = times.split_first().unwrap();
    let of = |(sort, times): (&&'s str, &Vec<f64>)| {
        let p = mann_whitney(known, times);
        let micros = |times: &[f64]| median(times) * 1e6;
        println!(
            "{door:?}: known {:.0} us, {sort} {:.0} us, p = {p:.4}",
            micros(known),
            micros(times)
        );
        (*sort, p)
    };
    sorts.iter().zip(others).map(of).collect()
}

/// The seconds that one answer takes.
async fn once(world: &World, door: Door, sort: &str, number: usize) -> f64 {
    // What was tried before is no reason to wait.
    world.clock.advance(90_000);
    let mut browser = world.browser();
    browser.address = Some(format!("10.{}.{}.7", number / 250 % 250, number % 250));
    let name = match sort {
        "nobody" => format!("nobody-{number}"),
        sort => format!("{sort}-{}", number % ACCOUNTS),
    };
    let login = executor("default-authentication-flow");
    let (path, body) = match door {
        Door::Name => {
            browser.challenge(&login).await;
            (login, json!({"uid_field": name}))
        }
        Door::WrongPassword => {
            browser.challenge(&login).await;
            browser.answer(&login, json!({"uid_field": name})).await;
            (login, json!({"password": "wrong"}))
        }
        Door::Page => {
            let page = "/if/flow/default-authentication-flow/";
            browser.get(page).await;
            quiet(world).await;
            let fields = [("uid_field", name.as_str()), ("password", "wrong")];
            let begun = Instant::now();
            browser.post_form(page, &fields).await;
            return begun.elapsed().as_secs_f64();
        }
        Door::Recovery => {
            let path = executor("default-recovery-flow");
            browser.challenge(&path).await;
            (path, json!({"uid_field": name}))
        }
        Door::Enrolment => {
            let path = executor("t-enrol");
            browser.challenge(&path).await;
            (
                path,
                json!({"username": format!("new-{number}"), "email": format!("{name}@example.org")}),
            )
        }
    };
    quiet(world).await;
    timed(&mut browser, &path, body).await
}

async fn timed(browser: &mut Browser<'_>, path: &str, body: Value) -> f64 {
    let begun = Instant::now();
    browser.post_json(path, body).await;
    begun.elapsed().as_secs_f64()
}

/// What runs after an answer is over.
async fn quiet(world: &World) {
    while !world.cx.tasks.running().is_empty() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

fn median(times: &[f64]) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

/// The two-sided test of Mann and Whitney, by the normal approximation with its correction for
/// ties.
#[expect(clippy::cast_precision_loss, reason = "counts of some thousands")]
fn mann_whitney(one: &[f64], other: &[f64]) -> f64 {
    let mut all: Vec<(f64, bool)> =
        one.iter().map(|x| (*x, true)).chain(other.iter().map(|x| (*x, false))).collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (n, m) = (one.len() as f64, other.len() as f64);
    let (mut ranks, mut ties, mut at) = (0.0, 0.0, 0);
    while at < all.len() {
        let same = all[at..].iter().take_while(|(x, _)| x.total_cmp(&all[at].0).is_eq()).count();
        let rank = at as f64 + 0.5 * (same as f64 + 1.0);
        ranks += rank * all[at..at + same].iter().filter(|(_, own)| *own).count() as f64;
        ties += (same as f64).powi(3) - same as f64;
        at += same;
    }
    let u = ranks - n * (n + 1.0) / 2.0;
    let total = n + m;
    let variance = n * m / 12.0 * (total + 1.0 - ties / (total * (total - 1.0)));
    if variance <= 0.0 {
        return 1.0;
    }
    let z = ((u - n * m / 2.0).abs() - 0.5).max(0.0) / variance.sqrt();
    erfc(z / std::f64::consts::SQRT_2)
}

/// Of numbers from zero on, to seven digits (Abramowitz and Stegun 7.1.26).
fn erfc(x: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.327_591_1 * x);
    let of = [1.061_405_429, -1.453_152_027, 1.421_413_741, -0.284_496_736, 0.254_829_592];
    of.into_iter().fold(0.0, |sum, factor| (sum + factor) * t) * (-x * x).exp()
}

/// Against the formula with the error function of another library.
#[test]
fn the_statistic_is_the_known_one() {
    let upto = |n: u32, plus: f64| (0..n).map(|x| f64::from(x) + plus).collect::<Vec<_>>();
    for (one, other, expected) in [
        (upto(20, 0.0), upto(20, 0.5), 0.797_197),
        (upto(20, 0.0), upto(20, 5.0), 0.018_522),
        (upto(20, 0.0), upto(20, 15.0), 4.2e-7),
        (vec![1.0, 1.0, 2.0, 2.0, 3.0], vec![2.0, 2.0, 3.0, 3.0, 4.0], 0.125_122),
        (vec![1.0; 9], vec![1.0; 9], 1.0),
    ] {
        let found = mann_whitney(&one, &other);
        assert!((found - expected).abs() < 1e-4, "{found} {expected}");
    }
}
