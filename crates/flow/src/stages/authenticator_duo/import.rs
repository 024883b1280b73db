//! Accounts that people have at Duo already become devices of theirs.

use axum::response::Response;
use countersign_accounts::{may_change, require_recent_sign_in};
use countersign_authenticators::DuoDevice;
use countersign_core::{ApiError, Call, json as answered, no_content};
use countersign_model::{Problem, Secret};
use countersign_store::{Tx, params};
use http::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use super::AuthenticatorDuoStage;
use super::client::{DuoError, Keys};
use crate::context::{FlowContext, Flows};

const NAME: &str = "Imported Duo Authenticator";
/// Accounts that Duo tells at once (its most), and pages that are asked for.
const PAGE: usize = 300;
const MOST_PAGES: usize = 100;

fn account(tx: &mut Tx<'_>, username: &str) -> Result<Option<i64>, ApiError> {
    let statement = "SELECT id FROM users WHERE username = $1";
    let row = tx.query_one(statement, params![username])?;
    Ok(row.map(|row| row.get(0)).transpose()?)
}

/// Keeps an account at Duo as a device. `false`: it is one already.
fn keep(tx: &mut Tx<'_>, user: i64, duo: &str, stage: Uuid) -> Result<bool, ApiError> {
    if DuoDevice::is_taken(tx, duo)? {
        return Ok(false);
    }
    // Who may not change an account gives it no second factor either.
    may_change(tx, user)?;
    DuoDevice::enrol(tx, user, (duo, stage), NAME)?;
    Ok(true)
}

/// One, by the id that Duo has for it.
pub(super) async fn one(call: Call) -> Result<Response, ApiError> {
    let stage = call.entry()?.id.key.uuid().unwrap_or_default();
    let body = call.object()?;
    let text = |name: &str| {
        let given = body.get(name).and_then(Value::as_str).map(str::trim);
        let given = given.filter(|text| !text.is_empty()).map(str::to_owned);
        given.ok_or_else(|| ApiError::field(name, Problem::required()))
    };
    let (duo, username) = (text("duo_user_id")?, text("username")?);
    let moved = call.clone();
    let work = move |tx: &mut Tx<'_>| {
        require_recent_sign_in(tx, &moved)?;
        let refused =
            |text: &str| ApiError::Body(StatusCode::BAD_REQUEST, json!({"message": text}));
        let user = account(tx, &username)?.ok_or_else(|| refused("User does not exist."))?;
        if keep(tx, user, &duo, stage)? { Ok(()) } else { Err(refused("Device exists already.")) }
    };
    call.cx.store.write(call.actor(), "Duo device imported", work).await?;
    Ok(no_content())
}

/// Every one whose name at Duo is that of an account here.
pub(super) async fn all(flows: Flows, call: Call) -> Result<Response, ApiError> {
    let entry = call.entry()?.clone();
    let (stage, key) = (entry.share::<AuthenticatorDuoStage>(), entry.id.key.uuid());
    let (Some(stage), Some(key)) = (stage, key) else { return Err(ApiError::not_found("Stage")) };
    let (mut count, mut error) = (0, String::new());
    if stage.admin_integration_key.is_empty() {
        error = "The stage has no keys of Duo's Admin API.".to_owned();
    } else {
        match known(&flows.over(&call.cx), &stage).await {
            Ok(known) => {
                let moved = call.clone();
                let work = move |tx: &mut Tx<'_>| {
                    require_recent_sign_in(tx, &moved)?;
                    let mut count = 0;
                    for (username, duo) in &known {
                        if let Some(user) = account(tx, username)?
                            && keep(tx, user, duo, key)?
                        {
                            count += 1;
                        }
                    }
                    Ok::<_, ApiError>(count)
                };
                count = call.cx.store.write(call.actor(), "Duo devices imported", work).await?;
            }
            Err(failed) => error = failed.to_string(),
        }
    }
    Ok(answered(StatusCode::OK, &json!({"count": count, "error": error})))
}

/// Names and ids of all accounts at Duo.
async fn known(
    cx: &FlowContext,
    stage: &AuthenticatorDuoStage,
) -> Result<Vec<(String, String)>, DuoError> {
    let secret: &Secret = &stage.admin_secret_key;
    let keys = Keys {
        host: &stage.api_hostname,
        integration: &stage.admin_integration_key,
        secret: secret.expose(),
    };
    let mut known = Vec::new();
    for page in 0..MOST_PAGES {
        let (limit, offset) = (PAGE.to_string(), (page * PAGE).to_string());
        let parameters = [("limit", limit.as_str()), ("offset", offset.as_str())];
        let path = "/admin/v1/users";
        let found = keys.ask(cx.outbound(), cx.clock.now(), Method::GET, path, &parameters).await?;
        let found = found.as_array().ok_or(DuoError::Answer)?;
        let text = |user: &Value, name| user.get(name).and_then(Value::as_str).map(str::to_owned);
        known.extend(
            found.iter().filter_map(|user| Some((text(user, "username")?, text(user, "user_id")?))),
        );
        if found.len() < PAGE {
            break;
        }
    }
    Ok(known)
}
