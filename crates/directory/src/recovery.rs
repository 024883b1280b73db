//! One-time links that sign somebody in: made on the console or by an administrator, used once.

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use countersign_events::{Event, emit, model_reference};
use countersign_model::{Secret, Timestamp};
use countersign_rest::{Context, Identity, RequestInfo, SessionData, session_cookie, start_session};
use countersign_store::{Actor, Agent, StoreError, Tx, params, sha256};
use http::{StatusCode, header};
use serde_json::json;

use crate::{audit, users};

/// As long as the session of a recovery link lives on the server, in seconds.
const SESSION: i64 = 86_400;

/// Makes a one-time key for a user, which ends after `seconds`; the link is `/recovery/use-token/<key>/`.
///
/// # Errors
/// When the engine fails.
pub fn create_recovery_link(tx: &mut Tx<'_>, user: i64, seconds: i64) -> Result<Secret, StoreError> {
    let (uuid, key) = (tx.entropy().uuid(), Secret::new(tx.entropy().token(60)));
    let identifier = format!("recovery-{uuid}");
    let expires: Timestamp = tx.now().plus_seconds(seconds);
    tx.execute(
        "INSERT INTO token (uuid, identifier, managed, intent, user_id, description, expires, expiring, key_hash, key_sealed) \
         VALUES ($1, $2, NULL, 'recovery', $3, 'Recovery link', $4, 1, $5, '')",
        params![uuid, &identifier, user, expires, sha256(key.expose())],
    )?;
    let account = users::account_of(tx, user)?;
    audit::record(tx, "model_created", model_reference("authentik_core", "token", &identifier, &identifier), None, account)?;
    Ok(key)
}

pub(crate) fn routes(cx: Context) -> Router {
    Router::new().route("/recovery/use-token/{key}/", get(use_token)).with_state(cx)
}

async fn use_token(State(cx): State<Context>, Path(key): Path<String>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let info = RequestInfo::of(&parts);
    let session_key = cx.entropy.token(32);
    let actor = Actor { client_ip: Some(info.client_ip.to_string()), agent: Agent::Anonymous, ..Actor::default() };
    let (moved, fresh) = (info.clone(), session_key.clone());
    let signed_in = cx
        .store
        .write(actor, "recovery link used", move |tx| {
            let now = tx.now();
            // Deleting and reading in one statement: of two uses at once, one finds the row.
            let row =
                tx.query_one("DELETE FROM token WHERE key_hash = $1 AND intent = 'recovery' AND expires > $2 RETURNING user_id", params![sha256(&key), now])?;
            let Some(row) = row else { return Ok::<_, StoreError>(None) };
            let Some(user) = Identity::load(tx, row.get(0)?)?.filter(|u| u.is_active) else { return Ok(None) };
            let data = SessionData { auth_method: "recovery".to_owned(), auth_time: now.seconds(), ..SessionData::default() };
            if start_session(tx, user.pk, &fresh, SESSION, &moved, &data)?.is_none() {
                return Ok(None);
            }
            emit(tx, Event::new("login", "authentik.recovery", json!({"auth_method": "recovery"})).by_self(user.as_actor()))?;
            Ok(Some(user.pk))
        })
        .await;
    match signed_in {
        Ok(Some(pk)) => {
            let mut response = Redirect::to("/if/user/#/settings").into_response();
            if let Some(cookie) = session_cookie(&cx, &info, &session_key, Some(&cx.uid(pk)), None) {
                response.headers_mut().append(header::SET_COOKIE, cookie);
            }
            response
        }
        Ok(None) => (StatusCode::NOT_FOUND, "This link is not valid: it was used already, or its time is over. Ask for a new one.").into_response(),
        Err(error) => {
            tracing::error!(%error, "a recovery link could not be used");
            (StatusCode::INTERNAL_SERVER_ERROR, "The link could not be used; try again.").into_response()
        }
    }
}
