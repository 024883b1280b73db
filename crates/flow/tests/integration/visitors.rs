//! What visitors who have proved nothing can make the server keep, and what is theirs of a sign-in.

use crate::world::{World, executor};
use countersign_model::Timestamp;
use countersign_store::{Actor, StoreError, Tx, params};
use http::{Method, StatusCode};
use serde_json::json;
use uuid::Uuid;

const LOGIN: &str = "/if/flow/default-authentication-flow/";
const RIGHT: &str = "Throwaway-Pw-1";

/// The rows of every table that anything of a visitor could be in.
async fn rows(world: &World) -> Vec<(&'static str, i64)> {
    world.cx.store.flush_ephemeral().await.unwrap();
    const TABLES: [&str; 7] =
        ["ephemeral", "flow_run", "event", "session", "token", "users", "task"];
    let count = |sql: &mut countersign_store::Sql<'_>| {
        let mut found = Vec::new();
        for table in TABLES {
            let row = sql.query_one(&format!("SELECT COUNT(*) FROM {table}"), params![])?.unwrap();
            found.push((table, row.get(0)?));
        }
        Ok::<_, StoreError>(found)
    };
    world.cx.store.read(count).await.unwrap()
}

/// H4: each view of a page by anybody was kept for twelve hours, with all of its query.
#[tokio::test(flavor = "multi_thread")]
async fn looking_at_pages_leaves_nothing_behind() {
    let world = World::set_up().await;
    let mut admin = world.browser();
    admin.sign_in("akadmin", RIGHT).await;
    let (dummy, deny) = (
        admin.create("stages/dummy", json!({"name": "d"})).await,
        admin.create("stages/deny", json!({"name": "no"})).await,
    );
    admin.flow("dummy", json!({}), &[&dummy]).await;
    admin.flow("denied", json!({}), &[&deny]).await;
    let second = admin.flow("second", json!({}), &[&dummy]).await.0;
    let on = admin
        .create("stages/redirect", json!({"name": "on", "mode": "flow", "target_flow": second}))
        .await;
    admin.flow("first", json!({}), &[&on]).await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    let before = rows(&world).await;
    let long = format!("next=%2F{}&x={}", "a".repeat(30_000), "b".repeat(30_000));
    let slugs = [
        "default-authentication-flow",
        "default-invalidation-flow",
        "default-password-change",
        "dummy",
        "denied",
        "first",
        "second",
        "initial-setup",
    ];
    let mut paths = vec![
        format!("/flows/-/default/authentication/?{long}"),
        "/flows/-/default/authentication/?next=/application/o/authorize/%3Fclient_id%3Dx"
            .to_owned(),
        "/flows/-/default/invalidation/".to_owned(),
        "/flows/-/cancel/".to_owned(),
        "/".to_owned(),
        "/if/user/".to_owned(),
    ];
    for slug in slugs {
        paths.push(format!("/if/flow/{slug}/"));
        paths.push(format!("/if/flow/{slug}/?{long}"));
        paths.push(executor(slug));
        paths.push(format!("/api/v3/flows/executor/{slug}/?query=via%3Dfirst"));
    }
    for path in &paths {
        for method in [Method::GET, Method::HEAD] {
            world.browser().send(method.clone(), path, "", String::new()).await;
            // And again with the cookies it was given.
            let mut browser = world.browser();
            browser.get(LOGIN).await;
            browser.send(method, path, "", String::new()).await;
            browser.get(path).await;
        }
    }
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert_eq!(rows(&world).await, before);
    // A first answer needs no page before it.
    let mut visitor = world.browser();
    assert_eq!(
        visitor
            .answer(&executor("default-authentication-flow"), json!({"uid_field": "akadmin"}))
            .await["component"],
        "ak-stage-password"
    );
    assert_eq!(
        visitor.answer(&executor("default-authentication-flow"), json!({"password": RIGHT})).await
            ["component"],
        "xak-flow-redirect"
    );
}

/// The stages before the first question run again with the answer to it.
#[tokio::test(flavor = "multi_thread")]
async fn a_first_answer_is_to_the_first_question() {
    let world = World::set_up().await;
    let mut admin = world.browser();
    admin.sign_in("akadmin", RIGHT).await;
    let validate = admin
        .create(
            "stages/authenticator/validate",
            json!({"name": "v", "not_configured_action": "skip"}),
        )
        .await;
    let (one, two) = (
        admin.create("stages/dummy", json!({"name": "one"})).await,
        admin.create("stages/dummy", json!({"name": "two"})).await,
    );
    admin.flow("asking", json!({}), &[&validate, &one, &two]).await;
    let mut visitor = world.browser();
    let first = visitor.get(&executor("asking")).await;
    assert_eq!(
        (first.status, &first.json()["name"]),
        (StatusCode::OK, &json!("one")),
        "at once: nothing is kept to come again to"
    );
    assert_eq!(visitor.answer(&executor("asking"), json!({})).await["name"], "two");
    assert_eq!(
        visitor.answer(&executor("asking"), json!({})).await["component"],
        "xak-flow-redirect"
    );
}

/// L2: a form or a name above 256 KiB was 500, and an event each.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_is_refused_as_that() {
    let world = World::set_up().await;
    let path = executor("default-authentication-flow");
    let before = rows(&world).await;
    for size in [70_000, 300_000, 3_000_000] {
        let mut visitor = world.browser();
        visitor.get(LOGIN).await;
        let name = "n".repeat(size);
        assert_eq!(
            visitor.post_json(&path, json!({"uid_field": name})).await.status,
            StatusCode::PAYLOAD_TOO_LARGE,
            "{size}"
        );
        let page = visitor.post_form(LOGIN, &[("uid_field", &name), ("password", "x")]).await;
        assert_eq!(page.status, StatusCode::PAYLOAD_TOO_LARGE, "{size}");
        assert!(page.text.contains("That is too much"), "{}", page.text);
        let part = format!(
            "--x\r\nContent-Disposition: form-data; name=\"uid_field\"\r\n\r\n{name}\r\n--x--\r\n"
        );
        assert_eq!(
            visitor.send(Method::POST, LOGIN, "multipart/form-data; boundary=x", part).await.status,
            StatusCode::PAYLOAD_TOO_LARGE
        );
    }
    let long =
        world.browser().post_json(&path, json!({"uid_field": "n".repeat(2_000)})).await.json();
    assert_eq!(long["response_errors"]["uid_field"][0]["code"], "max_length");
    assert_eq!(rows(&world).await[2], before[2], "no event");
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_add_up_to_too_much_are_refused_as_that() {
    let world = World::set_up().await;
    let mut admin = world.browser();
    admin.sign_in("akadmin", RIGHT).await;
    let mut stages = Vec::new();
    for n in 0..5 {
        let field = json!({"name": format!("f{n}"), "field_key": format!("k{n}"), "label": "K", "type": "text_area", "order": n});
        let field = admin.create("stages/prompt/prompts", field).await;
        stages.push(
            admin
                .create("stages/prompt/stages", json!({"name": format!("s{n}"), "fields": [field]}))
                .await,
        );
    }
    admin.flow("long", json!({}), &stages.iter().collect::<Vec<_>>()).await;
    let mut visitor = world.browser();
    visitor.challenge(&executor("long")).await;
    let mut seen = Vec::new();
    for n in 0..5 {
        seen.push(
            visitor
                .post_json(&executor("long"), json!({format!("k{n}"): "t".repeat(60_000)}))
                .await
                .status,
        );
    }
    assert!(
        seen.contains(&StatusCode::PAYLOAD_TOO_LARGE)
            && !seen.contains(&StatusCode::INTERNAL_SERVER_ERROR),
        "{seen:?}"
    );
}

/// M5: whoever knew the key of a browser before its password went on with its sign-in.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_known_before_the_password_is_worth_nothing_after_it() {
    let world = World::set_up().await;
    let mut admin = world.browser();
    admin.sign_in("akadmin", RIGHT).await;
    let who = admin
        .create("stages/identification", json!({"name": "who", "user_fields": ["username"]}))
        .await;
    let password = admin
        .create(
            "stages/password",
            json!({"name": "pw", "backends": ["authentik.core.auth.InbuiltBackend"]}),
        )
        .await;
    let (second, login) = (
        admin.create("stages/dummy", json!({"name": "second"})).await,
        admin.create("stages/user_login", json!({"name": "in"})).await,
    );
    admin
        .flow(
            "fixed",
            json!({"designation": "authentication"}),
            &[&who, &password, &second, &login],
        )
        .await;
    let (path, page) = (executor("fixed"), "/if/flow/fixed/");
    for by_page in [false, true] {
        // The attacker plants the cookie, and asks all the time.
        let mut attacker = world.browser();
        attacker.get(page).await;
        let mut victim = world.browser();
        victim.cookies = attacker.cookies.clone();
        if by_page {
            victim.get(page).await;
            assert_eq!(
                victim
                    .post_form(page, &[("uid_field", "akadmin"), ("password", RIGHT)])
                    .await
                    .status,
                StatusCode::SEE_OTHER
            );
        } else {
            victim.answer(&path, json!({"uid_field": "akadmin"})).await;
            assert_eq!(
                attacker.challenge(&path).await["component"],
                "ak-stage-password",
                "up to here they share it"
            );
            assert_eq!(
                victim.answer(&path, json!({"password": RIGHT})).await["component"],
                "ak-stage-dummy"
            );
        }
        assert_ne!(victim.cookies["authentik_session"], attacker.cookies["authentik_session"]);
        assert_eq!(attacker.challenge(&path).await["component"], "ak-stage-identification");
        attacker.answer(&path, json!({})).await;
        assert_eq!(attacker.get("/api/v3/core/users/me/").await.status, StatusCode::FORBIDDEN);
        assert_eq!(victim.answer(&path, json!({})).await["component"], "xak-flow-redirect");
        assert_eq!(victim.get("/api/v3/core/users/me/").await.status, StatusCode::OK);
        assert_eq!(attacker.get("/api/v3/core/users/me/").await.status, StatusCode::FORBIDDEN);
    }
}

/// Twenty thousand runs of strangers push out their own, never that of somebody who is known.
#[tokio::test(flavor = "multi_thread")]
async fn runs_of_strangers_have_a_budget_of_their_own() {
    let world = World::set_up().await;
    let mut admin = world.browser();
    admin.sign_in("akadmin", RIGHT).await;
    let named = "flow_run WHERE known = 1";
    let count = async |what: &'static str| {
        let read = world.cx.store.read(move |sql| {
            let row = sql
                .query_one(
                    &format!("SELECT COUNT(*), CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM {what}"),
                    params![],
                )?
                .unwrap();
            Ok::<_, StoreError>((row.get::<i64>(0)?, row.get::<i64>(1)?))
        });
        read.await.unwrap()
    };
    for _ in 0..500 {
        if count(named).await.0 == 1 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(count(named).await.0, 1, "the sign-in is recorded");
    // As many as 200 networks may leave in an hour, later than the sign-in.
    let fill = |tx: &mut Tx<'_>| {
        let later = tx.now().plus_seconds(60);
        for n in 0..20_000u32 {
            tx.execute(
                "INSERT INTO flow_run (uuid, flow, user_id, started, finished, outcome, revision, steps, known, size) \
                 VALUES ($1, 'f', NULL, $2, NULL, 'running', 1, '[]', 0, 1500)",
                params![Uuid::from_u128(u128::from(n) + 1), Timestamp(later.0 + i64::from(n))],
            )?;
        }
        Ok::<_, StoreError>(())
    };
    world.cx.store.write(Actor::system(), "strangers", fill).await.unwrap();
    // One address leaves a hundred, whatever it does.
    for _ in 0..120 {
        let mut visitor = world.browser();
        visitor
            .post_json(
                &executor("default-authentication-flow"),
                json!({"uid_field": "nobody", "x": "y".repeat(3_000)}),
            )
            .await;
    }
    let hourly = world
        .cx
        .modules()
        .iter()
        .flat_map(|module| &module.jobs)
        .find(|job| job.name == "flow_runs_retention")
        .unwrap();
    (hourly.run)(
        world.cx.clone(),
        countersign_core::Run::new(Uuid::nil(), String::new(), 1),
        serde_json::Value::Null,
    )
    .await
    .unwrap();
    let (left, bytes) = count("flow_run WHERE known = 0").await;
    assert!(left > 0 && bytes <= 16 * 1024 * 1024, "{left} {bytes}");
    assert!(count("flow_run WHERE known = 0 AND flow <> 'f'").await.0 <= 100);
    assert_eq!(count(named).await.0, 1);
}

/// O4: each view of a page whose policy fails, or that breaks, was an event.
#[tokio::test(flavor = "multi_thread")]
async fn pages_that_fail_do_not_fill_the_log_of_events() {
    let world = World::set_up().await;
    let mut admin = world.browser();
    admin.sign_in("akadmin", RIGHT).await;
    let stage = admin.create("stages/dummy", json!({"name": "d"})).await;
    let broken = admin.create("stages/dummy", json!({"name": "broken", "throw_error": true})).await;
    admin.flow("broken", json!({}), &[&broken]).await;
    let (failing, _) = admin.flow("failing", json!({}), &[&stage]).await;
    admin.policy("fails", "return 1 / 0", &failing).await;
    let (logged, _) = admin.flow("logged", json!({}), &[&stage]).await;
    let told = json!({"name": "told", "result": true, "wait_min": 0, "wait_max": 0, "execution_logging": true});
    let told = admin.create("policies/dummy", told).await;
    admin.create("policies/bindings", json!({"policy": told, "target": logged, "order": 0})).await;
    for slug in ["broken", "failing", "logged"] {
        for round in 0..15 {
            let mut visitor = world.browser();
            visitor.get(&format!("/if/flow/{slug}/?round={round}")).await;
            visitor.get(&executor(slug)).await;
        }
    }
    for action in ["system_exception", "policy_exception", "policy_execution"] {
        let written = format!("SELECT COUNT(*) FROM event WHERE action = '{action}'");
        assert_eq!(world.count(&written).await, 10, "{action}");
    }
}

/// O11: a HEAD ran the stages of a flow, so that it signed out, and ended acting as another.
#[tokio::test(flavor = "multi_thread")]
async fn a_head_does_nothing() {
    let world = World::set_up().await;
    let mut admin = world.browser();
    admin.sign_in("akadmin", RIGHT).await;
    let nina = admin.create("core/users", json!({"username": "nina", "name": "Nina"})).await;
    let path = format!("/api/v3/core/users/{nina}/impersonate/");
    let acting = admin.post_json(&path, json!({"reason": "r"})).await;
    assert_eq!(acting.status, StatusCode::CREATED);
    let me = "/api/v3/core/users/me/";
    let before = admin.get(me).await.json();
    assert_eq!(before["user"]["username"], "nina");
    for path in [
        "/api/v3/core/users/impersonate_end/",
        "/if/flow/default-invalidation-flow/",
        &executor("default-invalidation-flow"),
        "/flows/-/cancel/",
        "/flows/-/default/invalidation/",
    ] {
        let answer = admin.send(Method::HEAD, path, "", String::new()).await;
        assert_eq!((answer.status, answer.text.as_str()), (StatusCode::OK, ""), "{path}");
        assert!(!answer.headers.contains_key("set-cookie"), "{path}");
        assert_eq!(admin.get(me).await.json(), before, "{path}");
    }
    // Who may not, is told so as by GET; and reading is answered as GET is.
    let mut stranger = world.browser();
    let end = stranger.send(Method::HEAD, "/api/v3/core/users/impersonate_end/", "", String::new());
    assert_eq!(end.await.status, StatusCode::FORBIDDEN);
    for reading in ["/if/user/", "/static/brand.css", "/if/flow/initial-setup"] {
        let head = stranger.send(Method::HEAD, reading, "", String::new()).await;
        let get = stranger.get(reading).await;
        assert_eq!((head.status, head.location()), (get.status, get.location()), "{reading}");
    }
}
