//! The end of a session at the application: what it is sent, and which applications are.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_catalogue::sign_out::{
    BackChannel, Carried, Ended, FrontChannel, Joined, Outcome, Participant, State, end,
    message_id, of_sessions, session_of,
};
use countersign_model::{Ref, WebUrl};
use countersign_store::{Actor, StoreError, Tx, params};
use serde_json::{Value, json};
use uuid::Uuid;

use super::world::World;
use crate::jose;
use crate::kinds::OAuth2Provider;
use crate::logout_token::LogoutMethod;
use crate::provider::Provider;

const KEY: [u8; 32] = [107; 32];
const SID: &str = "0707070707070707070707070707070707070707070707070707070707070707";
const FRESH: [u8; 32] = [8; 32];
const URI: &str = "https://app.example.test/logout?tenant=1";

async fn world(method: LogoutMethod) -> World {
    let world = World::with(move |provider| {
        provider.logout_uri = WebUrl::from(URI);
        provider.logout_method = method;
    })
    .await;
    write(&world, |tx| session(tx, Uuid::from_u128(7), KEY)).await;
    write(&world, |tx| joined(1).note(tx, KEY)).await;
    write(&world, |tx| joined(2).note(tx, KEY)).await;
    world
}

fn session(tx: &mut Tx<'_>, uuid: Uuid, key: [u8; 32]) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO session (uuid, key_hash, user_id, created, expires, last_used, last_ip, user_agent, data) VALUES ($1, $2, 1, 0, $3, 0, '', '', '{}')",
        params![uuid, key, 4_000_000_000_000_000_i64],
    )?;
    Ok(())
}

fn joined(provider: i64) -> Joined {
    Joined {
        provider,
        user: 1,
        subject: "uma-sub".into(),
        format: String::new(),
        index: SID.into(),
        issuer: "https://id.example.test/application/o/impl/".into(),
    }
}

async fn write<T: Send + 'static>(
    world: &World,
    work: impl Fn(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
) -> T {
    world.cx.store.write(Actor::system(), "test", work).await.unwrap()
}

async fn rows(world: &World) -> Vec<Participant> {
    let look = world.cx.store.read(|sql| of_sessions(sql, &[Uuid::from_u128(7)]));
    look.await.unwrap()
}

async fn tasks(world: &World) -> usize {
    let find = "SELECT 1 FROM task WHERE name = 'session_logout'";
    world.sql(move |sql| sql.query(find, &[])).await.len()
}

/// The provider, and the end of the session at its application.
async fn ended<T>(world: &World, read: impl FnOnce(&OAuth2Provider, &Ended<'_>) -> T) -> T {
    let rows = rows(world).await;
    let participant = rows.iter().find(|row| row.provider.key().int() == Some(1)).unwrap();
    let snapshot = world.cx.snapshot();
    let provider = Provider::by_reference(&snapshot, Ref::new(1.into())).unwrap();
    let ended = Ended {
        id: message_id(participant),
        relay: None,
        provider: provider.reference,
        snapshot: &snapshot,
        participant,
        now: world.cx.clock.now(),
    };
    read(&provider.settings, &ended)
}

#[tokio::test]
async fn a_logout_token_says_whose_session_has_ended_and_is_nothing_else() {
    let world = world(LogoutMethod::Backchannel).await;
    write(&world, |tx| end(tx, KEY, true)).await.unwrap();
    let request = ended(&world, BackChannel::message).await;
    let text = format!("{:?}", request.unwrap());
    assert!(text.contains(URI) && text.contains("x-www-form-urlencoded"), "{text}");
    let body = ended(&world, |provider, ended| {
        let provider_ = Provider::by_reference(ended.snapshot, ended.provider).unwrap();
        let claims = crate::logout_token::claims(ended, &provider.client_id);
        let keys = provider_.read_keys().unwrap();
        let token = jose::sign_as("logout+jwt", &claims, &keys.signing).unwrap();
        (jose::verify(&token, &keys.signing).unwrap(), token)
    });
    let (claims, token) = body.await;
    let now = world.cx.clock.now().seconds();
    assert_eq!(
        Value::Object(claims.clone()),
        json!({
            "iss": "https://id.example.test/application/o/impl/", "sub": "uma-sub", "aud": "cid", "sid": SID,
            "iat": now, "exp": now + 120, "jti": claims["jti"],
            "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
        })
    );
    assert!(claims.get("nonce").is_none());
    let header = token.split('.').next().unwrap().to_owned();
    let header = URL_SAFE_NO_PAD.decode(header).unwrap();
    let header: Value = serde_json::from_slice(&header).unwrap();
    assert_eq!(header["typ"], "logout+jwt");
}

#[tokio::test]
async fn what_an_application_answers_to_a_logout_token() {
    let world = world(LogoutMethod::Backchannel).await;
    write(&world, |tx| end(tx, KEY, true)).await.unwrap();
    type Is = fn(&Outcome) -> bool;
    let rows: [(u16, &str, Is); 6] = [
        (200, "", |outcome| *outcome == Outcome::Reached),
        (204, "", |outcome| *outcome == Outcome::Reached),
        (
            400,
            r#"{"error": "invalid_request"}"#,
            |outcome| matches!(outcome, Outcome::Refused(text) if text.ends_with(": invalid_request")),
        ),
        (404, "<html>", |outcome| matches!(outcome, Outcome::Refused(_))),
        (429, "", |outcome| matches!(outcome, Outcome::Again(_))),
        (503, "", |outcome| matches!(outcome, Outcome::Again(_))),
    ];
    for (status, body, expected) in rows {
        let status = status.try_into().unwrap();
        let outcome =
            ended(&world, |provider, ended| provider.read(ended, status, body.as_bytes())).await;
        assert!(expected(&outcome), "{status} {outcome:?}");
    }
}

#[tokio::test]
async fn the_browser_brings_issuer_and_session_beside_what_the_address_has() {
    let world = world(LogoutMethod::Frontchannel).await;
    write(&world, |tx| end(tx, KEY, true)).await.unwrap();
    let carried = ended(&world, FrontChannel::message).await;
    let expected =
        format!("{URI}&iss=https%3A%2F%2Fid.example.test%2Fapplication%2Fo%2Fimpl%2F&sid={SID}");
    assert_eq!(carried, Ok(Carried::Address(expected)));
    assert_eq!(tasks(&world).await, 0);
}

/// Whichever statement ends a session, its applications are seen to.
#[tokio::test]
async fn every_end_of_a_session_is_noticed() {
    let states = |rows: &[Participant]| rows.iter().map(Participant::state).collect::<Vec<_>>();
    // With a browser the page has something to say of each; without, only messages are left.
    let browser = world(LogoutMethod::Backchannel).await;
    let session = write(&browser, |tx| end(tx, KEY, true)).await;
    assert_eq!(session, Some(Uuid::from_u128(7)));
    assert_eq!(states(&rows(&browser).await), [State::Waiting, State::Unaware]);
    assert_eq!(tasks(&browser).await, 1);
    assert_eq!(write(&browser, |tx| end(tx, KEY, true)).await, None, "once");

    let ended: [&'static str; 3] = [
        "DELETE FROM session WHERE user_id = 1",
        "DELETE FROM users WHERE id = 1",
        "DELETE FROM session",
    ];
    for statement in ended {
        let world = world(LogoutMethod::Backchannel).await;
        world.run(statement).await;
        // What the service does every second.
        countersign_catalogue::sign_out::sweep(&world.cx).await.unwrap();
        assert_eq!(states(&rows(&world).await), [State::Waiting], "{statement}");
        assert_eq!(tasks(&world).await, 1, "{statement}");
    }
}

/// The session goes on under another key: what it gave, and who takes part in it.
#[tokio::test]
async fn a_session_that_goes_on_takes_along_what_belongs_to_it() {
    let world = world(LogoutMethod::Backchannel).await;
    let moved = write(&world, |tx| {
        session(tx, Uuid::from_u128(8), FRESH)?;
        tx.execute(
            "INSERT INTO access_token (hash, provider_id, user_id, session, scope, created, expires, revoked, family, data) VALUES ($1, 1, 1, $2, '', 0, 0, 0, $3, '{}')",
            params![[1_u8; 32], KEY.to_vec(), Uuid::nil()],
        )?;
        countersign_catalogue::sign_out::continued(tx, KEY, FRESH, 2)?;
        crate::CONTINUED(tx, 2, KEY, FRESH)?;
        let none = session_of(tx, 1, SID)?;
        countersign_catalogue::sign_out::continued(tx, KEY, FRESH, 1)?;
        crate::CONTINUED(tx, 1, KEY, FRESH)?;
        let row = tx.query_one("SELECT session FROM access_token", &[])?;
        Ok((none, session_of(tx, 1, SID)?, row.map(|row| row.get::<Vec<u8>>(0)).transpose()?))
    });
    assert_eq!(moved.await, (Some(KEY), Some(FRESH), Some(FRESH.to_vec())));
    // The former key ends without anybody being notified.
    assert_eq!(write(&world, |tx| end(tx, KEY, true)).await, Some(Uuid::from_u128(7)));
    assert_eq!(tasks(&world).await, 0);
    assert_eq!(write(&world, |tx| end(tx, FRESH, true)).await, Some(Uuid::from_u128(8)));
    assert_eq!(tasks(&world).await, 1);
}
