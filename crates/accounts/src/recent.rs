//! What a stolen session must not do: add or remove a proof of who somebody is.

use countersign_core::{ApiError, Call, Via};
use countersign_store::Sql;
use http::StatusCode;
use serde_json::json;

use crate::session;

/// Refuses a session whose owner proved long ago who they are. The answer says where they do it
/// again; the page that asked goes there and comes back. Tokens have no such moment and pass.
///
/// # Errors
/// 403 with the code `reauthentication_required`, or when the engine fails.
pub fn require_recent_sign_in(sql: &mut Sql<'_>, call: &Call) -> Result<(), ApiError> {
    let Via::Session { key_hash } = call.caller.via else { return Ok(()) };
    let now = call.cx.clock.now();
    let found = session::find(sql, key_hash, now)?;
    if found.is_some_and(|live| live.data.is_recent(now)) {
        return Ok(());
    }
    Err(ApiError::Body(
        StatusCode::FORBIDDEN,
        json!({
            "detail": "Sign in again to show that it is you.",
            "code": "reauthentication_required",
            "url": call.cx.url("/flows/-/default/authentication/"),
        }),
    ))
}
