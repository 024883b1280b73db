//! One-time links for people who cannot sign in: one made on the console signs in, one made by an
//! administrator leads into the recovery flow. Only the hash of a link's key is stored, and of two
//! uses at once one finds the row.

use countersign_accounts::may_change;
use countersign_core::{ApiError, Identity};
use countersign_events::model_reference;
use countersign_model::{Secret, Timestamp};
use countersign_store::{Sql, StoreError, Tx, params, sha256};
use uuid::Uuid;

use crate::{audit, users};

/// Makes a one-time key for a user, which ends after `seconds`; the link is
/// `/recovery/use-token/<key>/`.
///
/// # Errors
/// When the engine fails.
pub fn create_recovery_link(
    tx: &mut Tx<'_>,
    user: i64,
    seconds: i64,
) -> Result<Secret, StoreError> {
    let identifier = format!("recovery-{}", tx.entropy().uuid());
    insert(tx, &identifier, "recovery", user, None, seconds)
}

/// Makes a one-time key with which a user gets into a flow without a sign-in; the link is
/// `/if/flow/<slug>/?flow_token=<key>`. One made before for the same user ends.
///
/// # Errors
/// 403 for an account that holds more than who acts, or when the engine fails.
pub fn create_flow_link(
    tx: &mut Tx<'_>,
    user: i64,
    flow: Uuid,
    seconds: i64,
) -> Result<Secret, ApiError> {
    may_change(tx, user)?;
    let identifier = format!("password-reset-{}", tx.entropy().uuid());
    tx.execute(
        "DELETE FROM token WHERE user_id = $1 AND intent = 'verification' AND flow IS NOT NULL",
        params![user],
    )?;
    Ok(insert(tx, &identifier, "verification", user, Some(flow), seconds)?)
}

fn insert(
    tx: &mut Tx<'_>,
    identifier: &str,
    intent: &str,
    user: i64,
    flow: Option<Uuid>,
    seconds: i64,
) -> Result<Secret, StoreError> {
    let (uuid, key) = (tx.entropy().uuid(), Secret::new(tx.entropy().token(60)));
    let expires: Timestamp = tx.now().plus_seconds(seconds);
    tx.execute(
        "INSERT INTO token (uuid, identifier, managed, intent, user_id, description, expires, expiring, key_hash, key_sealed, flow) \
         VALUES ($1, $2, NULL, $3, $4, 'Recovery link', $5, 1, $6, '', $7)",
        params![uuid, identifier, intent, user, expires, sha256(key.expose()), flow],
    )?;
    let account = users::account_of(tx, user)?;
    audit::record(
        tx,
        "model_created",
        model_reference("authentik_core", "token", identifier, identifier),
        None,
        account,
    )?;
    Ok(key)
}

/// Spends the key of a link that signs in; gives whom, if it was good.
///
/// # Errors
/// When the engine fails.
pub fn spend_recovery_link(tx: &mut Tx<'_>, key: &str) -> Result<Option<Identity>, StoreError> {
    let now = tx.now();
    let row = tx.query_one("DELETE FROM token WHERE key_hash = $1 AND intent = 'recovery' AND expires > $2 RETURNING user_id", params![sha256(key), now])?;
    let Some(row) = row else { return Ok(None) };
    active(tx, row.get(0)?)
}

/// Whom a link into a flow is for, if it is good and for this flow; spends nothing.
///
/// # Errors
/// When the engine fails.
pub fn flow_link(
    sql: &mut Sql<'_>,
    key: &str,
    flow: Uuid,
    now: Timestamp,
) -> Result<Option<Identity>, StoreError> {
    let find = "SELECT user_id FROM token WHERE key_hash = $1 AND intent = 'verification' AND flow = $2 AND expires > $3";
    let row = sql.query_one(find, params![sha256(key), flow, now])?;
    let Some(row) = row else { return Ok(None) };
    active(sql, row.get(0)?)
}

/// Spends the key of a link into a flow; gives the number of whom it was for, if it was good.
///
/// # Errors
/// When the engine fails.
pub fn spend_flow_link(tx: &mut Tx<'_>, key: &str, flow: Uuid) -> Result<Option<i64>, StoreError> {
    let now = tx.now();
    let spend = "DELETE FROM token WHERE key_hash = $1 AND intent = 'verification' AND flow = $2 AND expires > $3 RETURNING user_id";
    tx.query_one(spend, params![sha256(key), flow, now])?.map(|row| row.get(0)).transpose()
}

fn active(sql: &mut Sql<'_>, user: i64) -> Result<Option<Identity>, StoreError> {
    Ok(countersign_accounts::identity(sql, user)?.filter(|user| user.is_active))
}
