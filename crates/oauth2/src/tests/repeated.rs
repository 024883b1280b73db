//! Requests that somebody repeats: guesses are counted, and what they leave behind is bounded.

use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::world::{World, seconds};
use crate::client::ClientType;
use countersign_events::EVENTS_PER_HOUR;

/// The client's id with some of its letters encoded.
fn spelling(number: usize) -> String {
    "cid"
        .chars()
        .enumerate()
        .map(|(at, letter)| {
            if number >> at & 1 == 1 {
                format!("%{:02x}", u32::from(letter))
            } else {
                letter.to_string()
            }
        })
        .collect()
}

#[tokio::test]
async fn wrong_secrets_are_counted_for_one_client_however_its_id_is_written() {
    for path in ["token", "introspect", "revoke"] {
        let world = World::new().await;
        let ask = async |id: &str, secret: &str| {
            let basic = format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")));
            let form = [("grant_type", "client_credentials"), ("token", "x")];
            world
                .post(&format!("/application/o/{path}/"), &form, &[("authorization", &basic)])
                .await
                .status
        };
        for number in 0..20 {
            assert_ne!(
                ask(&spelling(number), &format!("wrong-{number}")).await,
                StatusCode::TOO_MANY_REQUESTS,
                "{path} {number}"
            );
        }
        for number in 0..8 {
            assert_eq!(
                ask(&spelling(number), "s3cret").await,
                StatusCode::TOO_MANY_REQUESTS,
                "{path} {}",
                spelling(number)
            );
        }
        let form = [
            ("grant_type", "client_credentials"),
            ("token", "x"),
            ("client_id", "cid"),
            ("client_secret", "s3cret"),
        ];
        assert_eq!(
            world.post(&format!("/application/o/{path}/"), &form, &[]).await.status,
            StatusCode::TOO_MANY_REQUESTS,
            "{path} by form"
        );
    }
}

/// How many events of that action there are, and how large the largest is.
async fn written(world: &World, action: &'static str) -> (i64, usize) {
    let rows = world
        .sql(move |sql| {
            sql.query(
                "SELECT context FROM event WHERE action = $1",
                countersign_store::params![action],
            )
        })
        .await;
    let largest = rows.iter().map(|row| row.get::<Value>(0).unwrap().to_string().len()).max();
    (i64::try_from(rows.len()).unwrap(), largest.unwrap_or_default())
}

#[tokio::test]
async fn addresses_that_are_not_registered_leave_few_and_small_events_at_each_endpoint() {
    let world = World::with(|p| p.client_type = ClientType::Public).await;
    let long = format!("https://evil.test/{}", "a".repeat(20_000));
    let again = 3 * EVENTS_PER_HOUR;
    let mut expected = 0;
    for _ in 0..again {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", "x"),
            ("redirect_uri", &long),
            ("client_id", "cid"),
        ];
        assert_eq!(
            world.post("/application/o/token/", &form, &[]).await.status,
            StatusCode::BAD_REQUEST
        );
    }
    expected += EVENTS_PER_HOUR;
    let (count, largest) = written(&world, "configuration_error").await;
    assert_eq!(count, expected, "token");
    assert!(largest < 5_000, "{largest}");
    for _ in 0..again {
        let page = world
            .get(&format!(
                "/application/o/authorize/?response_type=code&client_id=cid&redirect_uri={long}"
            ))
            .await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST);
    }
    expected += EVENTS_PER_HOUR;
    let hint = world.tokens("openid").await["id_token"].as_str().unwrap().to_owned();
    for _ in 0..again {
        world.get(&format!("/application/o/impl/end-session/?id_token_hint={hint}&post_logout_redirect_uri={long}")).await;
    }
    expected += EVENTS_PER_HOUR;
    let (count, largest) = written(&world, "configuration_error").await;
    assert_eq!(count, expected, "token, authorize and end-session, each of their own");
    assert!(largest < 5_000, "{largest}");
    world.later(3_601);
    let form = [
        ("grant_type", "authorization_code"),
        ("code", "x"),
        ("redirect_uri", &long),
        ("client_id", "cid"),
    ];
    world.post("/application/o/token/", &form, &[]).await;
    assert_eq!(
        written(&world, "configuration_error").await.0,
        expected + 1,
        "an hour later there is news again"
    );
}

#[tokio::test]
async fn a_spent_token_leaves_few_events_and_hides_nobody_else_s() {
    let world = World::with(|p| p.refresh_token_grace = seconds("seconds=0")).await;
    let tokens = world.tokens("openid offline_access").await;
    let refresh = tokens["refresh_token"].as_str().unwrap();
    let form = [("grant_type", "refresh_token"), ("refresh_token", refresh)];
    assert_eq!(world.token(&form).await.status, StatusCode::OK);
    for _ in 0..3 * EVENTS_PER_HOUR {
        assert_eq!(world.token(&form).await.status, StatusCode::BAD_REQUEST);
    }
    assert_eq!(written(&world, "suspicious_request").await.0, EVENTS_PER_HOUR, "refresh tokens");
    let access = tokens["access_token"].as_str().unwrap();
    for _ in 0..3 * EVENTS_PER_HOUR {
        assert_eq!(
            world.post("/application/o/userinfo/", &[("access_token", access)], &[]).await.status,
            StatusCode::UNAUTHORIZED
        );
    }
    assert_eq!(written(&world, "suspicious_request").await.0, 2 * EVENTS_PER_HOUR, "access tokens");
    // Somebody else's, at the same application.
    let theirs = world.tokens("openid offline_access").await;
    let theirs = theirs["refresh_token"].as_str().unwrap();
    world.run("UPDATE refresh_token SET user_id = 2 WHERE used = 0 AND revoked = 0").await;
    let form = [("grant_type", "refresh_token"), ("refresh_token", theirs)];
    assert_eq!(world.token(&form).await.status, StatusCode::OK);
    assert_eq!(world.token(&form).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(written(&world, "suspicious_request").await.0, 2 * EVENTS_PER_HOUR + 1);
}
