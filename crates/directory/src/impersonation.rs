//! Acting as another user: `core/users/{id}/impersonate/` and back. The session keeps whose it is.

use axum::response::Response;
use countersign_accounts::{may_act_as, rekey_session};
use countersign_core::{
    Access, ApiError, Call, Identity, Operation, SessionData, Via, cookies::session_cookie,
    no_content,
};
use countersign_events::{Event, emit};
use countersign_store::{Sql, Tx, params};
use http::{Method, StatusCode, header};
use serde_json::{Value, json};

use crate::settings::SystemSettings;

pub(crate) fn operations() -> Vec<Operation> {
    let (start, end) = ("core/users/{id}/impersonate/", "core/users/impersonate_end/");
    vec![
        // Every refusal is a 401 without a body, also that of a right that is missing.
        Operation::new(
            Method::POST,
            start,
            "core_users_impersonate_create",
            Access::authenticated(),
            impersonate,
        )
        .summary("Act as another user, in the session of the caller.")
        .request("ImpersonationRequest")
        .refuses_empty(&["401"]),
        Operation::new(
            Method::GET,
            end,
            "core_users_impersonate_end_retrieve",
            Access::authenticated(),
            stop,
        )
        .acts()
        .summary("Act as oneself again.")
        .no_answer(),
        Operation::new(
            Method::POST,
            end,
            "core_users_impersonate_end_create",
            Access::authenticated(),
            stop,
        )
        .summary("Act as oneself again.")
        .no_answer(),
    ]
}

async fn impersonate(call: Call) -> Result<Response, ApiError> {
    let pk: i64 = call
        .param("id")
        .parse()
        .map_err(|_| ApiError::detail(StatusCode::NOT_FOUND, "Not found."))?;
    let body = call.object()?;
    let reason = body.get("reason").and_then(Value::as_str).unwrap_or_default().trim().to_owned();
    let target = call
        .cx
        .store
        .read(move |sql| countersign_accounts::identity(sql, pk))
        .await?
        .ok_or_else(|| ApiError::not_found("User"))?;
    if !allowed(&call, &target, &reason).await? {
        return Err(ApiError::Empty(StatusCode::UNAUTHORIZED));
    }
    let mut created = no_content();
    *created.status_mut() = StatusCode::CREATED;
    // Somebody with a token has no session that could act as another.
    let Via::Session { key_hash } = call.caller.via else { return Ok(created) };
    let event =
        Event::new("impersonation_started", "authentik.core.api.users", json!({"reason": reason}));
    switch(&call, key_hash, Some(pk), event, created).await
}

async fn allowed(call: &Call, target: &Identity, reason: &str) -> Result<bool, ApiError> {
    let settings = SystemSettings::of(&call.snapshot);
    let caller = &call.caller;
    let permitted = settings.impersonation
        && caller.pk() != Some(target.pk)
        && caller.original.is_none()
        && target.is_active
        && (!settings.impersonation_require_reason || !reason.is_empty());
    if !permitted {
        return Ok(false);
    }
    let (own, target, snapshot) = (call.user()?.clone(), target.clone(), call.snapshot.clone());
    let read = move |sql: &mut Sql<'_>| may_act_as(sql, &own, &target, &snapshot);
    Ok(call.cx.store.read(read).await?)
}

/// Also by GET, which clients of the original use; not for pages of others.
async fn stop(call: Call) -> Result<Response, ApiError> {
    if call.headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site") {
        return Err(ApiError::forbidden("This address may not be opened from another site."));
    }
    let (Via::Session { key_hash }, Some(_)) = (&call.caller.via, &call.caller.original) else {
        return Ok(no_content());
    };
    let event = Event::new("impersonation_ended", "authentik.core.api.users", json!({}));
    switch(&call, *key_hash, None, event, no_content()).await
}

/// Lets the session act as `pk`, or as its own account, under a fresh key.
async fn switch(
    call: &Call,
    key_hash: [u8; 32],
    pk: Option<i64>,
    event: Event,
    mut response: Response,
) -> Result<Response, ApiError> {
    let key = call.cx.entropy.token(32);
    let fresh = key.clone();
    let changed = move |tx: &mut Tx<'_>| {
        let row = tx.query_one(
            "SELECT user_id, data FROM session WHERE key_hash = $1",
            params![key_hash],
        )?;
        let row = row.ok_or_else(ApiError::no_credentials)?;
        let (own, data): (i64, Value) = (row.get(0)?, row.get(1)?);
        let data =
            SessionData { impersonating: pk, ..serde_json::from_value(data).unwrap_or_default() };
        rekey_session(tx, key_hash, &fresh, &data)?;
        // What the own account was given goes on; what was given to the other account ends with the
        // old key.
        for table in ["access_token", "refresh_token", "authorization_code"] {
            let statement =
                format!("UPDATE {table} SET session = $1 WHERE session = $2 AND user_id = $3");
            tx.execute(&statement, params![countersign_store::sha256(&fresh), key_hash, own])?;
        }
        emit(tx, event.clone())?;
        Ok::<_, ApiError>(own)
    };
    let own = call.cx.store.write(call.actor(), "impersonation", changed).await?;
    let uid = call.cx.uid(pk.unwrap_or(own));
    if let Some(cookie) = session_cookie(&call.cx, &call.request, &key, Some(&uid), None) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}
