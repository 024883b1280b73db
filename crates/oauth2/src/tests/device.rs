//! Devices without a keyboard (RFC 8628), from the device's side.

use axum::http::StatusCode;
use countersign_store::params;
use serde_json::{Value, json};

use super::world::{HOST, NOW, SESSION, World, seconds};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
const CLIENT: [(&str, &str); 1] = [("client_id", "cid")];

async fn begin(world: &World, scope: &str) -> Value {
    let form = [("client_id", "cid"), ("scope", scope)];
    let reply = world.post("/application/o/device/", &form, &[]).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    assert_eq!(reply.header("cache-control"), "no-store");
    reply.json()
}

async fn poll(world: &World, codes: &Value) -> (u16, Value) {
    let code = codes["device_code"].as_str().unwrap();
    let reply = world.token(&[("grant_type", GRANT), ("device_code", code)]).await;
    (reply.status.as_u16(), reply.json())
}

async fn refused(world: &World, codes: &Value) -> String {
    let (status, body) = poll(world, codes).await;
    assert_eq!(status, 400, "{body}");
    body["error"].as_str().unwrap().to_owned()
}

/// What the pages do when somebody answers; they are tried end to end.
async fn answer(world: &World, state: &'static str) {
    let sign_in = json!({"auth_time": NOW * 1_000_000, "amr": ["pwd"]}).to_string();
    let answered = "UPDATE device_code SET state = $1, user_id = 1, session = $2, sign_in = $3";
    world.sql(move |sql| sql.execute(answered, params![state, SESSION, sign_in.clone()])).await;
}

#[tokio::test]
async fn a_device_gets_two_codes_of_which_only_hashes_are_kept() {
    let world = World::new().await;
    let codes = begin(&world, "openid").await;
    let text = |name: &str| codes[name].as_str().unwrap().to_owned();
    let (device, user) = (text("device_code"), text("user_code"));
    assert_eq!((device.len(), user.len()), (128, 9));
    assert_eq!(text("verification_uri"), format!("http://{HOST}/device"));
    assert_eq!(text("verification_uri_complete"), format!("http://{HOST}/device?code={user}"));
    // A minute, as the original has it, is too short to type in.
    assert_eq!((&codes["expires_in"], &codes["interval"]), (&json!(600), &json!(5)));
    let rows = world.sql(|sql| sql.query("SELECT hash, user_code FROM device_code", &[])).await;
    for stored in [0, 1].map(|column| rows[0].get::<Vec<u8>>(column).unwrap()) {
        let shown = String::from_utf8_lossy(&stored).into_owned();
        assert!(stored.len() == 32 && !shown.contains(&user) && !device.contains(&shown));
    }

    let world = World::with(|p| p.access_code_validity = seconds("hours=1")).await;
    assert_eq!(begin(&world, "").await["expires_in"], 3600, "what is longer counts");
}

#[tokio::test]
async fn nobody_but_a_client_gets_codes() {
    let world = World::new().await;
    let twice = [("client_id", "cid"), ("scope", "a"), ("scope", "b")];
    for (form, error) in [
        (&[][..], "invalid_client"),
        (&[("client_id", "zzz")], "invalid_client"),
        (&[("client_id", "cid"), ("client_secret", "wrong")], "invalid_client"),
        (&twice, "invalid_request"),
    ] {
        let reply = world.post("/application/o/device/", form, &[]).await;
        assert_eq!(
            (reply.status.as_u16(), &reply.json()["error"]),
            (400, &json!(error)),
            "{form:?}"
        );
    }
    let proven = [("client_id", "cid"), ("client_secret", "s3cret")];
    assert_eq!(world.post("/application/o/device/", &proven, &[]).await.status, StatusCode::OK);
    world.run("DELETE FROM device_code").await;
    assert_eq!(world.get("/application/o/device/").await.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn a_device_waits_keeps_its_pause_and_gets_tokens_once() {
    let world = World::new().await;
    let codes = begin(&world, "openid email offline_access").await;
    assert_eq!(refused(&world, &codes).await, "authorization_pending");
    assert_eq!(refused(&world, &codes).await, "slow_down");
    world.later(5);
    assert_eq!(refused(&world, &codes).await, "slow_down", "ten seconds from now on");
    world.later(14);
    assert_eq!(refused(&world, &codes).await, "authorization_pending");

    let unproven = [("grant_type", GRANT), ("device_code", codes["device_code"].as_str().unwrap())];
    let reply = world.post("/application/o/token/", &[&CLIENT[..], &unproven].concat(), &[]).await;
    assert_eq!(reply.json()["error"], "invalid_client", "a confidential client has a secret");

    answer(&world, "approved").await;
    let (status, tokens) = poll(&world, &codes).await;
    assert_eq!(status, 200, "{tokens}");
    assert_eq!(tokens["scope"], "openid email offline_access");
    assert!(tokens["refresh_token"].is_string() && tokens["id_token"].is_string());
    assert_eq!(refused(&world, &codes).await, "invalid_grant", "once");
    let refresh = tokens["refresh_token"].as_str().unwrap();
    let reply = world.token(&[("grant_type", "refresh_token"), ("refresh_token", refresh)]).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
}

#[tokio::test]
async fn of_two_hundred_polls_at_once_one_gets_tokens() {
    let world = std::sync::Arc::new(World::new().await);
    let codes = begin(&world, "openid").await;
    answer(&world, "approved").await;
    let mut polls = tokio::task::JoinSet::new();
    for _ in 0..200 {
        let (world, codes) = (world.clone(), codes.clone());
        polls.spawn(async move { poll(&world, &codes).await.0 });
    }
    let statuses = polls.join_all().await;
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1);
    let rows = world.sql(|sql| sql.query("SELECT id FROM access_token", &[])).await;
    assert_eq!(rows.len(), 1);
}

#[tokio::test]
async fn what_ends_between_the_answer_and_the_poll_gives_nothing() {
    for (change, error) in [
        ("UPDATE users SET is_active = 0 WHERE id = 1", "invalid_grant"),
        ("DELETE FROM session", "invalid_grant"),
        ("UPDATE device_code SET provider_id = 2", "invalid_grant"),
        ("UPDATE device_code SET state = 'denied'", "access_denied"),
        ("UPDATE device_code SET expires = 1", "expired_token"),
        ("DELETE FROM device_code", "invalid_grant"),
        ("DELETE FROM users WHERE id = 1", "invalid_grant"),
    ] {
        let world = World::new().await;
        let codes = begin(&world, "openid").await;
        answer(&world, "approved").await;
        world.run(change).await;
        assert_eq!(refused(&world, &codes).await, error, "{change}");
    }
}

#[tokio::test]
async fn an_expired_code_is_told_so_without_any_clean_up() {
    let world = World::new().await;
    let codes = begin(&world, "openid").await;
    answer(&world, "approved").await;
    world.later(600);
    assert_eq!(refused(&world, &codes).await, "expired_token");
}
