//! Sessions: rows that end when they are deleted, found by the hash of the key in the cookie.

use countersign_model::Timestamp;
use countersign_store::{Sql, StoreError, Tx, params, sha256};
use serde_json::Value;
use uuid::Uuid;

use countersign_core::{RequestInfo, SessionData};

/// Makes a session for a user under a fresh key. `seconds` is its life on the server. `None`: there
/// is no such account, or it is deactivated, and there is no session, whatever led here.
///
/// # Errors
/// When the engine fails.
pub fn start_session(
    tx: &mut Tx<'_>,
    user: i64,
    key: &str,
    seconds: i64,
    request: &RequestInfo,
    data: &SessionData,
) -> Result<Option<Uuid>, StoreError> {
    let (now, uuid) = (tx.now(), tx.entropy().uuid());
    // First, so that of a sign-in and a deactivation at once each engine puts one after the other.
    if tx.execute(
        "UPDATE users SET last_login = $1 WHERE id = $2 AND is_active = 1",
        params![now, user],
    )? == 0
    {
        return Ok(None);
    }
    let data = serde_json::to_value(SessionData { signed_in: Some(now), ..data.clone() })
        .unwrap_or_default();
    tx.execute(
        "INSERT INTO session (uuid, key_hash, user_id, created, expires, last_used, last_ip, user_agent, data) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        params![uuid, sha256(key), user, now, now.plus_seconds(seconds), now, request.client_ip.to_string(), &request.user_agent, &data],
    )?;
    Ok(Some(uuid))
}

/// # Errors
/// When the engine fails.
pub fn end_session(tx: &mut Tx<'_>, key_hash: [u8; 32]) -> Result<(), StoreError> {
    tx.execute("DELETE FROM session WHERE key_hash = $1", params![key_hash])?;
    Ok(())
}

/// Ends a user's sessions, all but the one given.
///
/// # Errors
/// When the engine fails.
pub fn end_sessions_of(
    tx: &mut Tx<'_>,
    user: i64,
    except: Option<[u8; 32]>,
) -> Result<(), StoreError> {
    let keep: Vec<u8> = except.map(|k| k.to_vec()).unwrap_or_default();
    tx.execute("DELETE FROM session WHERE user_id = $1 AND key_hash <> $2", params![user, keep])?;
    Ok(())
}

/// Changes what a session remembers.
///
/// # Errors
/// When the engine fails.
pub fn renew_session(
    tx: &mut Tx<'_>,
    key_hash: [u8; 32],
    data: &SessionData,
) -> Result<(), StoreError> {
    let data = serde_json::to_value(data).unwrap_or_default();
    tx.execute("UPDATE session SET data = $1 WHERE key_hash = $2", params![&data, key_hash])?;
    Ok(())
}

/// Gives a session another key, as whenever what it may do changes.
///
/// # Errors
/// When the engine fails.
pub fn rekey_session(
    tx: &mut Tx<'_>,
    key_hash: [u8; 32],
    fresh: &str,
    data: &SessionData,
) -> Result<(), StoreError> {
    renew_session(tx, key_hash, data)?;
    tx.execute(
        "UPDATE session SET key_hash = $1 WHERE key_hash = $2",
        params![sha256(fresh), key_hash],
    )?;
    Ok(())
}

/// The user and memory of a live session.
pub(crate) fn find(
    sql: &mut Sql<'_>,
    key_hash: [u8; 32],
    now: Timestamp,
) -> Result<Option<(i64, SessionData)>, StoreError> {
    let row = sql.query_one(
        "SELECT user_id, data FROM session WHERE key_hash = $1 AND expires > $2",
        params![key_hash, now],
    )?;
    let Some(row) = row else { return Ok(None) };
    let data = serde_json::from_value(row.get::<Value>(1)?).unwrap_or_default();
    Ok(Some((row.get(0)?, data)))
}
