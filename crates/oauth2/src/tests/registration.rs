//! Clients that register themselves: how many there may be, and how long one waits for its first
//! sign-in.

use axum::http::{Method, StatusCode};
use countersign_store::{Actor, params};
use serde_json::{Value, json};

use super::world::{CALLBACK, Reply, World, request};
use crate::kinds::OAuth2Provider;
use crate::registration::{Registrants, Registration, UNUSED, note_used};

const REGISTER: &str = "/application/o/register/";

async fn open(most: u32) -> World {
    let flow = "authorize".to_owned();
    World::registering(Registration {
        who: Registrants::Anybody,
        flow,
        most,
        ..Registration::default()
    })
    .await
}

async fn register(world: &World, name: &str) -> Reply {
    let body = json!({"client_name": name, "redirect_uris": [CALLBACK]}).to_string();
    let headers = [("content-type", "application/json")];
    world.send(request(Method::POST, REGISTER, &headers, &body)).await
}

/// The number of a client's provider.
fn number(world: &World, made: &Value) -> i64 {
    let id = made["client_id"].as_str().unwrap();
    let snapshot = world.cx.snapshot();
    snapshot.find::<OAuth2Provider>("client_id", id).unwrap().0.key().int().unwrap()
}

async fn sign_in(world: &World, made: &Value) {
    let number = number(world, made);
    let now = world.service.now();
    world.sql(move |sql| note_used(sql, number, now)).await;
}

/// Names of those that are there.
async fn names(world: &World) -> Vec<String> {
    let found = "SELECT provider_id FROM client_registration ORDER BY provider_id";
    let rows = world.sql(move |sql| sql.query(found, &[])).await;
    let snapshot = world.cx.snapshot();
    let name = |number: i64| {
        let reference = crate::provider::numbered(number).cast::<OAuth2Provider>();
        snapshot.get(reference).unwrap().name.split(' ').next().unwrap().to_owned()
    };
    rows.iter().map(|row| name(row.get(0).unwrap())).collect()
}

#[tokio::test]
async fn there_are_no_more_clients_than_may_be_and_the_oldest_that_nobody_used_gives_way() {
    let world = open(3).await;
    let mut made = Vec::new();
    for name in ["a", "b", "c"] {
        world.later(1);
        let reply = register(&world, name).await;
        assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.text);
        made.push(reply.json());
    }
    sign_in(&world, &made[0]).await;
    world.later(1);
    assert_eq!(register(&world, "d").await.status, StatusCode::CREATED);
    assert_eq!(names(&world).await, ["a", "c", "d"]);
    // Its provider and application have gone, too.
    let id = made[1]["client_id"].as_str().unwrap();
    assert!(world.cx.snapshot().find::<OAuth2Provider>("client_id", id).is_none());
    world.run("UPDATE client_registration SET used = 1").await;
    let full = register(&world, "e").await;
    assert_eq!(
        (full.status, &full.json()["error"]),
        (StatusCode::FORBIDDEN, &json!("access_denied"))
    );
    assert!(full.text.contains("oauth2.registration_limit"), "{}", full.text);
    assert_eq!(names(&world).await, ["a", "c", "d"]);
}

#[tokio::test]
async fn a_client_that_nobody_used_within_a_day_ends() {
    let world = open(10).await;
    let mut made = Vec::new();
    for name in ["used", "vouched", "unused"] {
        made.push(register(&world, name).await.json());
    }
    sign_in(&world, &made[0]).await;
    let vouched = number(&world, &made[1]);
    // Whoever vouched for it is gone since.
    let vouch = "UPDATE client_registration SET vouched = 1, user_id = NULL WHERE provider_id = $1";
    world.sql(move |sql| sql.execute(vouch, params![vouched])).await;
    world.later(12 * 3_600);
    register(&world, "fresh").await;
    let clean =
        async || world.cx.store.write(Actor::system(), "clean-up", UNUSED.remove).await.unwrap();
    assert_eq!(clean().await, 0);
    world.later(12 * 3_600 + 1);
    assert_eq!(clean().await, 1);
    assert_eq!(names(&world).await, ["used", "vouched", "fresh"]);
    assert_eq!(clean().await, 0);
}

#[tokio::test]
async fn a_client_that_was_given_tokens_is_in_use_whatever_for() {
    let world = World::new().await;
    world
        .run("INSERT INTO client_registration (provider_id, application, token_hash, created, metadata, used) VALUES (1, X'00', X'00', 0, '{}', 0)")
        .await;
    let used = async || {
        let rows = world.sql(|sql| sql.query("SELECT used FROM client_registration", &[])).await;
        rows[0].get::<i64>(0).unwrap()
    };
    assert_eq!(used().await, 0);
    let machine = [("grant_type", "client_credentials"), ("scope", "openid")];
    assert_eq!(world.token(&machine).await.status, StatusCode::OK);
    let first = used().await;
    assert_ne!(first, 0);
    world.later(10);
    assert_eq!(world.token(&machine).await.status, StatusCode::OK);
    assert_eq!(used().await, first, "it is written once");
}
