//! Codes of devices at rest: the statements over `device_code`.

use countersign_catalogue::Provider;
use countersign_model::{Ref, Table, Timestamp, directory};
use countersign_store::{Row, Sql, StoreError, Tx, params, sha256};
use serde_json::Value;

use super::{INTERVAL, UserCode};
use crate::decide::device::{DeviceFacts, Progress};
use crate::grants::SignIn;
use crate::wire::Scopes;

/// A code that a device polls with. It is of minutes: a restored copy knows none.
#[derive(Debug, Clone, Table)]
#[table(name = "device_code", volatile)]
pub(crate) struct DeviceCode {
    /// SHA-256 of the device's code.
    #[column(key, hidden)]
    hash: [u8; 32],
    /// Keyed hash of the person's code.
    #[column(hidden)]
    user_code: [u8; 32],
    #[column(sql = "provider_id")]
    provider: Ref<dyn Provider>,
    scope: Vec<String>,
    expires: Timestamp,
    /// When the row goes: later than it expires, so that a device is told what happened.
    #[column(hidden, expires)]
    removed: Timestamp,
    state: String,
    /// When the device asked last; 0 before.
    #[column(hidden)]
    polled: Timestamp,
    /// Seconds that it has to wait until it asks again.
    #[column(hidden)]
    pause: i64,
    /// Who approved or refused.
    #[column(sql = "user_id", belongs_to = "users.id", on_delete = Cascade, owner)]
    user: Option<Ref<directory::User>>,
    /// Hash of the session in which that was.
    #[column(hidden)]
    session: Option<Vec<u8>>,
    #[column(hidden)]
    sign_in: Value,
}

/// Rows stay so many seconds after their code has expired.
const REMEMBERED: i64 = 3_600;
/// New codes that may be one that is in use until something is wrong with chance.
const TRIES: usize = 8;

/// Keeps a new code of a device; gives the one that the person types.
///
/// # Errors
/// The store fails.
pub(crate) fn insert(
    tx: &mut Tx<'_>,
    device_code: &str,
    provider: i64,
    scopes: &Scopes,
    expires: Timestamp,
) -> Result<UserCode, StoreError> {
    let insert = "INSERT INTO device_code (hash, user_code, provider_id, scope, expires, removed, state, polled, pause, sign_in) \
         VALUES ($1, $2, $3, $4, $5, $6, 'pending', 0, $7, 'null') ON CONFLICT (user_code) DO NOTHING";
    for _ in 0..TRIES {
        let code = UserCode::new(tx.entropy());
        let sealed = code.sealed(tx.sealer());
        let removed = expires.plus_seconds(REMEMBERED);
        let row = params![
            sha256(device_code),
            sealed,
            provider,
            scopes.to_string(),
            expires,
            removed,
            INTERVAL
        ];
        if tx.execute(insert, row)? == 1 {
            return Ok(code);
        }
    }
    Err(StoreError::Database("no user code is free".to_owned()))
}

/// A code as it was found, with what is decided from.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) hash: [u8; 32],
    pub(crate) scopes: Scopes,
    pub(crate) user: Option<i64>,
    pub(crate) sign_in: Option<SignIn>,
    pub(crate) facts: DeviceFacts,
}

const FOUND: &str = "SELECT d.hash, d.scope, d.user_id, d.sign_in, d.provider_id, d.expires, d.state, d.polled, d.pause, \
     EXISTS (SELECT 1 FROM session s WHERE s.key_hash = d.session AND s.expires > $2), COALESCE(u.is_active, 0) \
     FROM device_code d LEFT JOIN users u ON u.id = d.user_id WHERE ";

fn found(row: &Row) -> Result<Found, StoreError> {
    let (state, polled): (String, Timestamp) = (row.get(6)?, row.get(7)?);
    let sign_in: String = row.get(3)?;
    Ok(Found {
        hash: row.get::<Vec<u8>>(0)?.try_into().map_err(|_| StoreError::Column { column: 0 })?,
        scopes: Scopes::parse(&row.get::<String>(1)?),
        user: row.get(2)?,
        sign_in: serde_json::from_str(&sign_in).map_err(|_| StoreError::Column { column: 3 })?,
        facts: DeviceFacts {
            provider: row.get(4)?,
            expires: row.get(5)?,
            progress: Progress::parse(&state),
            polled: (polled.0 != 0).then_some(polled),
            pause: row.get(8)?,
            session_alive: row.get(9)?,
            user_active: row.get(10)?,
        },
    })
}

/// By the code that the device has.
///
/// # Errors
/// The store fails.
pub(crate) fn by_device_code(
    sql: &mut Sql<'_>,
    code: &str,
    now: Timestamp,
) -> Result<Option<Found>, StoreError> {
    by_hash(sql, sha256(code), now)
}

/// # Errors
/// The store fails.
pub(crate) fn by_hash(
    sql: &mut Sql<'_>,
    hash: [u8; 32],
    now: Timestamp,
) -> Result<Option<Found>, StoreError> {
    let row = sql.query_one(&format!("{FOUND} d.hash = $1"), params![hash, now])?;
    row.as_ref().map(found).transpose()
}

/// By the code that a person typed, sealed.
///
/// # Errors
/// The store fails.
pub(crate) fn by_user_code(
    sql: &mut Sql<'_>,
    sealed: [u8; 32],
    now: Timestamp,
) -> Result<Option<Found>, StoreError> {
    let row = sql.query_one(&format!("{FOUND} d.user_code = $1"), params![sealed, now])?;
    row.as_ref().map(found).transpose()
}

/// The device has asked while nobody has answered; it waits so long until it asks again.
///
/// # Errors
/// The store fails.
pub(crate) fn note_poll(
    sql: &mut Sql<'_>,
    hash: [u8; 32],
    now: Timestamp,
    pause: i64,
) -> Result<(), StoreError> {
    let polled = "UPDATE device_code SET polled = $2, pause = $3 WHERE hash = $1";
    sql.execute(polled, params![hash, now, pause]).map(|_| ())
}

/// What a person answered.
#[derive(Debug, Clone)]
pub(crate) struct Verdict {
    pub(crate) allowed: bool,
    pub(crate) user: i64,
    pub(crate) session: [u8; 32],
    pub(crate) sign_in: SignIn,
}

/// Keeps what a person answered. `false`: somebody has answered before, or it has expired.
///
/// # Errors
/// The store fails.
pub(crate) fn settle(
    sql: &mut Sql<'_>,
    hash: [u8; 32],
    verdict: &Verdict,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let state = if verdict.allowed { "approved" } else { "denied" };
    let sign_in = serde_json::to_string(&verdict.sign_in)
        .map_err(|error| StoreError::Database(error.to_string()))?;
    let settled = "UPDATE device_code SET state = $2, user_id = $3, session = $4, sign_in = $5 \
         WHERE hash = $1 AND state = 'pending' AND expires > $6";
    let row = params![hash, state, verdict.user, verdict.session.to_vec(), sign_in, now];
    Ok(sql.execute(settled, row)? == 1)
}

/// Takes an approved code. `false`: another request has, in the meantime.
///
/// # Errors
/// The store fails.
pub(crate) fn take(sql: &mut Sql<'_>, hash: [u8; 32], now: Timestamp) -> Result<bool, StoreError> {
    let taken = "UPDATE device_code SET state = 'used' \
         WHERE hash = $1 AND state = 'approved' AND expires > $2";
    Ok(sql.execute(taken, params![hash, now])? == 1)
}
