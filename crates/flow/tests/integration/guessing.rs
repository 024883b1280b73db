//! Guessing names and passwords: what a refusal costs, and how often one may try.

use std::task::Poll;
use std::time::Duration;

use crate::world::{Browser, PASSWORD, World, executor};
use serde_json::{Value, json};

const DEFAULT: &str = "default-authentication-flow";

/// What a walk to a refusal cost: password hashes, and statements.
type Cost = (u64, u64);

async fn settled(world: &World) -> Cost {
    let hashes = || world.passwords.computed();
    let statements = || world.cx.store.statements();
    let (mut before, mut quiet) = ((hashes(), statements()), 0);
    // What runs after an answer, as the recording of a run, is part of it.
    while quiet < 8 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let now = (hashes(), statements());
        let idle = world.cx.tasks.running().is_empty();
        quiet = if idle && now == before { quiet + 1 } else { 0 };
        before = now;
    }
    before
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Door {
    Json,
    Page,
}

/// A wrong password for a name, from an address of its own so that nothing is throttled. Gives the
/// refusal and its cost.
async fn refused(
    world: &World,
    door: Door,
    flow: &str,
    at_once: bool,
    name: &str,
    address: &str,
) -> (String, Cost) {
    let mut browser = world.browser();
    browser.address = Some(address.to_owned());
    let before = settled(world).await;
    let text = match door {
        Door::Json => {
            let path = executor(flow);
            browser.challenge(&path).await;
            let answers = if at_once {
                vec![json!({"uid_field": name, "password": "wrong"})]
            } else {
                vec![json!({"uid_field": name}), json!({"password": "wrong"})]
            };
            let mut shown = Value::Null;
            for answer in answers {
                shown = browser.answer(&path, answer).await;
            }
            shown["response_errors"].to_string()
        }
        Door::Page => {
            let path = format!("/if/flow/{flow}/");
            browser.get(&path).await;
            let page =
                browser.post_form(&path, &[("uid_field", name), ("password", "wrong")]).await;
            let page = if page.status.is_redirection() { browser.get(&path).await } else { page };
            let alert = page
                .text
                .split("role=\"alert\"")
                .nth(1)
                .unwrap_or_else(|| panic!("no error: {}", page.text));
            alert.split("</").next().unwrap().to_owned()
        }
    };
    let after = settled(world).await;
    (text, (after.0 - before.0, after.1 - before.1))
}

async fn made(admin: &mut Browser<'_>, name: &str) {
    admin
        .create(
            "core/users",
            json!({"username": name, "name": name, "email": format!("{name}@example.org")}),
        )
        .await;
}

/// Sends passwords for a name until one is not looked at; gives how many were, and the last answer.
async fn tried(browser: &mut Browser<'_>, name: &str) -> (usize, Value, Option<String>) {
    let path = executor(DEFAULT);
    let mut looked_at = 0;
    loop {
        browser.get("/flows/-/cancel/").await;
        browser.challenge(&path).await;
        browser.answer(&path, json!({"uid_field": name})).await;
        let answer = browser.post_json(&path, json!({"password": "wrong"})).await;
        let wait =
            answer.headers.get("retry-after").map(|value| value.to_str().unwrap().to_owned());
        let shown = answer.json();
        if shown["response_errors"]["password"][0]["code"] == "throttled" {
            return (looked_at, shown, wait);
        }
        looked_at += 1;
        assert!(looked_at < 200, "nothing is throttled: {shown}");
    }
}

async fn all_at_once<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut all: Vec<_> = futures.map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(|cx| {
        for (future, done) in all.iter_mut().filter(|(_, done)| done.is_none()) {
            if let Poll::Ready(output) = future.as_mut().poll(cx) {
                *done = Some(output);
            }
        }
        if all.iter().all(|(_, done)| done.is_some()) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    all.into_iter().filter_map(|(_, done)| done).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing() {
    let world = World::set_up().await;
    let mut admin = world.browser();
    admin.sign_in("akadmin", PASSWORD).await;
    m1_every_refusal_costs_the_same(&world, &mut admin).await;
    m6_failures_make_the_next_try_wait_but_not_the_owner(&world, &mut admin).await;
    m13_addresses_have_one_form_and_networks_count_together(&world, &mut admin).await;
    a6_an_owner_elsewhere_does_not_wait_for_who_polls(&world, &mut admin).await;
}

/// Names that nobody has, accounts without an address, deactivated ones: asking for a new password
/// tells them apart neither by text nor by cost. Who gets a mail only the mailbox knows.
#[tokio::test(flavor = "multi_thread")]
async fn recovery_answers_everybody_alike() {
    let world = World::set_up().await;
    world.apply(&["once/recovery.yaml"]).await;
    let mut admin = world.browser();
    admin.sign_in("akadmin", PASSWORD).await;
    for name in ["known", "without", "gone", "mailless"] {
        made(&mut admin, name).await;
    }
    world.set_password("known", PASSWORD).await;
    for (name, change) in
        [("gone", json!({"is_active": false})), ("mailless", json!({"email": ""}))]
    {
        let found = admin.get(&format!("/api/v3/core/users/?username={name}")).await.json();
        admin.change(&format!("core/users/{}", found["results"][0]["pk"]), change).await;
    }
    let (page, path) = ("/if/flow/default-recovery-flow/", executor("default-recovery-flow"));
    let mut host = 0;
    for door in [Door::Json, Door::Page] {
        let mut first = None;
        for name in
            ["known", "known@example.org", "nobody", "x@example.org", "without", "gone", "mailless"]
        {
            host += 1;
            let mut browser = world.browser();
            browser.address = Some(format!("10.{host}.1.1"));
            let before = settled(&world).await;
            let text = match door {
                Door::Json => {
                    browser.challenge(&path).await;
                    browser.answer(&path, json!({"uid_field": name})).await.to_string()
                }
                Door::Page => {
                    browser.get(page).await;
                    browser.post_form(page, &[("uid_field", name)]).await;
                    let shown = browser.get(page).await.text;
                    let main = shown.split("<h1").nth(1).unwrap_or_else(|| panic!("{shown}"));
                    main.split("name=\"csrf\"").next().unwrap().to_owned()
                }
            };
            let after = settled(&world).await;
            let outcome = (text, after.0 - before.0, after.1 - before.1);
            let expected = first.get_or_insert_with(|| outcome.clone());
            assert_eq!(outcome, *expected, "{name}, {door:?}");
            let sent = world.mails().await.len();
            let due = ["known", "known@example.org", "without"].contains(&name);
            assert_eq!(sent, usize::from(due), "{name}");
        }
    }
}

async fn m1_every_refusal_costs_the_same(world: &World, admin: &mut Browser<'_>) {
    for name in ["known", "without", "gone"] {
        made(admin, name).await;
    }
    for name in ["known", "gone"] {
        world.set_password(name, PASSWORD).await;
    }
    let gone =
        admin.get("/api/v3/core/users/?username=gone").await.json()["results"][0]["pk"].clone();
    admin.change(&format!("core/users/{gone}"), json!({"is_active": false})).await;
    // Name and password in one stage.
    let password = admin
        .create(
            "stages/password",
            json!({"name": "both password", "backends": [
        "authentik.core.auth.InbuiltBackend", "authentik.core.auth.TokenBackend"]}),
        )
        .await;
    let both = admin
        .create(
            "stages/identification",
            json!({"name": "both", "user_fields": ["email", "username", "upn"], "password_stage": password, "pretend_user_exists": false}),
        )
        .await;
    admin.flow("both", json!({"designation": "authentication"}), &[&both]).await;

    let mut host = 0;
    for (door, flow, at_once) in [
        (Door::Json, DEFAULT, false),
        (Door::Json, "both", true),
        (Door::Page, DEFAULT, true),
        (Door::Page, "both", true),
    ] {
        let mut first = None;
        for name in [
            "known",
            "known@example.org",
            "nobody",
            "nobody@example.org",
            "without",
            "gone",
            "gone@example.org",
        ] {
            host += 1;
            // What was tried before is no reason to wait.
            world.clock.advance(60);
            let case = format!("{name} at {flow}, {door:?}");
            let outcome =
                refused(world, door, flow, at_once, name, &format!("10.{host}.1.1")).await;
            let expected = first.get_or_insert_with(|| outcome.clone());
            assert_eq!(outcome.0, expected.0, "{case}");
            assert_eq!(outcome.1, expected.1, "{case}: hashes and statements");
            assert_eq!(outcome.1.0, 1, "{case}: one hash");
        }
    }
}

async fn m6_failures_make_the_next_try_wait_but_not_the_owner(
    world: &World,
    admin: &mut Browser<'_>,
) {
    made(admin, "owner").await;
    world.set_password("owner", PASSWORD).await;
    let mut home = world.browser();
    home.address = Some("198.51.100.7".to_owned());
    home.sign_in("owner", PASSWORD).await;
    home.cookies.remove("authentik_session");

    for name in ["owner", "stranger"] {
        let mut guesser = world.browser();
        guesser.address = Some(format!("192.0.2.{}", name.len()));
        let (looked_at, shown, wait) = tried(&mut guesser, name).await;
        assert_eq!((looked_at, wait.as_deref()), (3, Some("1")), "{name}");
        assert_eq!(shown["component"], "ak-stage-password", "the challenge stays");
        assert_eq!(
            shown["response_errors"]["password"][0]["string"],
            "Too many attempts. Try again in 1 second."
        );
        // A second later there is one more, and two seconds to wait after it.
        world.clock.advance(1);
        let (looked_at, _, wait) = tried(&mut guesser, name).await;
        assert_eq!((looked_at, wait.as_deref()), (1, Some("2")), "{name}");
    }

    // Of many at once none slips through.
    made(admin, "target").await;
    let before = world.passwords.computed();
    let path = executor(DEFAULT);
    let mut browsers = Vec::new();
    for host in 0..100 {
        let mut browser = world.browser();
        browser.address = Some(format!("10.99.{host}.1"));
        browser.challenge(&path).await;
        browser.answer(&path, json!({"uid_field": "target"})).await;
        browsers.push(browser);
    }
    let tries =
        browsers.iter_mut().map(|browser| browser.post_json(&path, json!({"password": "wrong"})));
    let answers = all_at_once(tries).await;
    let throttled = answers
        .iter()
        .filter(|answer| answer.json()["response_errors"]["password"][0]["code"] == "throttled")
        .count();
    assert_eq!((throttled, world.passwords.computed() - before), (97, 3));
    // After the wait there is one.
    world.clock.advance(1);
    let before = world.passwords.computed();
    let tries =
        browsers.iter_mut().map(|browser| browser.post_json(&path, json!({"password": "wrong"})));
    all_at_once(tries).await;
    assert_eq!(world.passwords.computed() - before, 1);

    // The owner's own browser is not concerned, from any address; one that never signed in waits.
    let mut elsewhere = world.browser();
    elsewhere.address = Some("203.0.113.77".to_owned());
    tried(&mut elsewhere, "owner").await;
    assert_eq!(tried(&mut elsewhere, "owner").await.0, 0);
    home.address = Some("203.0.113.77".to_owned());
    let path = executor(DEFAULT);
    home.challenge(&path).await;
    home.answer(&path, json!({"uid_field": "owner"})).await;
    assert_eq!(
        home.answer(&path, json!({"password": PASSWORD})).await["component"],
        "xak-flow-redirect"
    );
    // It has a count of its own, and only for its owner.
    home.cookies.remove("authentik_session");
    assert_eq!(tried(&mut home, "owner").await.0, 3);
    assert_eq!(tried(&mut home, "stranger").await.0, 0);
    let cookie = home.cookies.get_mut("countersign_browser").unwrap();
    cookie.push('x');
    assert_eq!(tried(&mut home, "owner").await.0, 0, "a forged cookie is none");
}

async fn m13_addresses_have_one_form_and_networks_count_together(
    world: &World,
    _admin: &mut Browser<'_>,
) {
    let path = executor(DEFAULT);
    let one = async |address: String, name: String| {
        let mut browser = world.browser();
        browser.address = Some(address);
        browser.challenge(&path).await;
        browser.answer(&path, json!({"uid_field": name})).await;
        browser.post_json(&path, json!({"password": "wrong"})).await.json()["response_errors"]["password"]
            [0]["code"]
            == "throttled"
    };
    let mut refused = 0;
    for n in 0..30 {
        let address = if n % 2 == 0 { "203.0.113.9" } else { "::ffff:203.0.113.9" };
        refused += usize::from(one(address.to_owned(), format!("name-{n}")).await);
    }
    assert_eq!(refused, 10, "an IPv4 address written as IPv6 is the same address");
    let mut refused = 0;
    for n in 0..120 {
        refused += usize::from(one(format!("2001:db8:1:2::{n:x}"), format!("other-{n}")).await);
    }
    assert_eq!(refused, 20, "a /64 counts as one network");
}

async fn a6_an_owner_elsewhere_does_not_wait_for_who_polls(world: &World, admin: &mut Browser<'_>) {
    made(admin, "waited").await;
    world.set_password("waited", PASSWORD).await;
    let mut poller = world.browser();
    poller.address = Some("192.0.2.66".to_owned());
    for _ in 0..9 {
        let (looked_at, _, wait) = tried(&mut poller, "waited").await;
        assert!(looked_at > 0);
        world.clock.advance(wait.unwrap().parse().unwrap());
    }
    tried(&mut poller, "waited").await;
    // A minute later there is a try at the account, and the poller is there first.
    world.clock.advance(60);
    assert_eq!(tried(&mut poller, "waited").await.0, 0);
    let path = executor(DEFAULT);
    let mut owner = world.browser();
    owner.address = Some("192.0.2.67".to_owned());
    owner.challenge(&path).await;
    owner.answer(&path, json!({"uid_field": "waited"})).await;
    let answer = owner.answer(&path, json!({"password": PASSWORD})).await;
    assert_eq!(answer["component"], "xak-flow-redirect", "{answer}");
    // Many places together guess no more than one does.
    made(admin, "wanted").await;
    let mut looked_at = 0;
    for host in 0..30 {
        let mut one = world.browser();
        one.address = Some(format!("10.66.{host}.1"));
        looked_at += tried(&mut one, "wanted").await.0;
    }
    assert_eq!(looked_at, 3);
}
