//! Requests at rest: the statements over `backchannel_request`.

use countersign_catalogue::Provider;
use countersign_model::{Ref, Secret, Table, Timestamp, directory};
use countersign_store::{Row, Sql, StoreError, Tx, params, sha256};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::INTERVAL;
use crate::decide::device::{DeviceFacts, Progress};
use crate::grants::SignIn;
use crate::wire::Scopes;
use crate::wire::backchannel::USUAL_SECONDS;

/// A request that somebody is to answer. It is of minutes: a restored copy knows none.
#[derive(Debug, Clone, Table)]
#[table(name = "backchannel_request", volatile)]
pub(crate) struct BackchannelRequest {
    /// SHA-256 of the `auth_req_id`.
    #[column(key, hidden)]
    hash: [u8; 32],
    #[column(sql = "provider_id")]
    provider: Ref<dyn Provider>,
    /// Whom it is about.
    #[column(sql = "user_id", belongs_to = "users.id", on_delete = Cascade, owner)]
    user: Ref<directory::User>,
    scope: Vec<String>,
    message: String,
    /// What the application is notified by, sealed; empty where it asks by itself.
    #[column(hidden)]
    notify: String,
    created: Timestamp,
    expires: Timestamp,
    /// When the row goes: later than it expires, so that the application is told what happened, and
    /// that what was asked of somebody within an hour can be counted.
    #[column(hidden, expires)]
    removed: Timestamp,
    state: String,
    /// When the application asked last; 0 before.
    #[column(hidden)]
    polled: Timestamp,
    /// Seconds that it has to wait until it asks again.
    #[column(hidden)]
    pause: i64,
    /// Hash of the session in which the person approved.
    #[column(hidden)]
    session: Option<Vec<u8>>,
    #[column(hidden)]
    sign_in: Value,
}

/// Rows stay so many seconds after their request has expired.
const REMEMBERED: i64 = 3_600;
/// Requests of one application that wait for one person, of all of them for one person, and of one
/// application for all people.
const MOST_OF_BOTH: i64 = 3;
const MOST_OF_PERSON: i64 = 10;
const MOST_OF_CLIENT: i64 = 1_000;
/// How often one application asks one person in an hour: whoever is asked again and again says yes at
/// last.
const MOST_IN_AN_HOUR: i64 = 10;
const HOUR: i64 = 3_600;

/// What an application is notified with. Unsealed only where it is sent.
#[derive(Serialize, Deserialize)]
pub(crate) struct Notice {
    pub(crate) auth_req_id: String,
    pub(crate) token: String,
}

/// A request that begins.
#[derive(Debug, Clone)]
pub(crate) struct New {
    pub(crate) auth_req_id: String,
    pub(crate) provider: i64,
    pub(crate) user: i64,
    pub(crate) scopes: Scopes,
    pub(crate) message: String,
    pub(crate) seconds: i64,
    pub(crate) notification_token: Option<Secret>,
}

/// Keeps a new request; the seconds to wait where there are as many as may be.
///
/// # Errors
/// The store fails.
pub(crate) fn insert(tx: &mut Tx<'_>, new: &New) -> Result<Result<(), i64>, StoreError> {
    let now = tx.now();
    let (user, provider) = (new.user, new.provider);
    let waits = "state = 'pending' AND expires > $1";
    let bounds = [
        (
            format!("{waits} AND user_id = $2 AND provider_id = $3"),
            params![now, user, provider].to_vec(),
            MOST_OF_BOTH,
            USUAL_SECONDS,
        ),
        (
            format!("{waits} AND user_id = $2"),
            params![now, user].to_vec(),
            MOST_OF_PERSON,
            USUAL_SECONDS,
        ),
        (
            format!("{waits} AND provider_id = $2"),
            params![now, provider].to_vec(),
            MOST_OF_CLIENT,
            USUAL_SECONDS,
        ),
        (
            "created > $1 AND user_id = $2 AND provider_id = $3".to_owned(),
            params![now.plus_seconds(-HOUR), user, provider].to_vec(),
            MOST_IN_AN_HOUR,
            HOUR,
        ),
    ];
    for (which, of, most, wait) in bounds {
        let counted = format!("SELECT COUNT(*) FROM backchannel_request WHERE {which}");
        let there: i64 = tx.query_one(&counted, &of)?.map_or(Ok(0), |row| row.get(0))?;
        if there >= most {
            return Ok(Err(wait));
        }
    }
    let notify = match &new.notification_token {
        None => String::new(),
        Some(token) => {
            let auth_req_id = new.auth_req_id.clone();
            let notice = Notice { auth_req_id, token: token.expose().to_owned() };
            let text = serde_json::to_string(&notice)
                .map_err(|error| StoreError::Database(error.to_string()))?;
            tx.sealer().seal(&text)
        }
    };
    let expires = now.plus_seconds(new.seconds);
    let insert = "INSERT INTO backchannel_request (hash, provider_id, user_id, scope, message, notify, created, expires, removed, state, polled, pause, sign_in) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'pending', 0, $10, 'null')";
    let row = params![
        sha256(&new.auth_req_id),
        provider,
        user,
        new.scopes.to_string(),
        new.message.clone(),
        notify,
        now,
        expires,
        expires.plus_seconds(REMEMBERED),
        INTERVAL
    ];
    tx.execute(insert, row)?;
    Ok(Ok(()))
}

/// A request as it was found, with what is decided from.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) hash: [u8; 32],
    pub(crate) scopes: Scopes,
    pub(crate) user: i64,
    pub(crate) message: String,
    pub(crate) notify: String,
    pub(crate) created: Timestamp,
    pub(crate) sign_in: Option<SignIn>,
    pub(crate) facts: DeviceFacts,
}

impl Found {
    /// Nobody has answered yet, and somebody still may.
    pub(crate) fn waits(&self, now: Timestamp) -> bool {
        self.facts.progress == Progress::Pending && self.facts.expires > now
    }
}

const FOUND: &str = "SELECT b.hash, b.scope, b.user_id, b.message, b.notify, b.created, b.sign_in, b.provider_id, b.expires, b.state, b.polled, b.pause, \
     EXISTS (SELECT 1 FROM session s WHERE s.key_hash = b.session AND s.expires > $2), u.is_active \
     FROM backchannel_request b JOIN users u ON u.id = b.user_id WHERE ";

fn found(row: &Row) -> Result<Found, StoreError> {
    let (state, polled): (String, Timestamp) = (row.get(9)?, row.get(10)?);
    let sign_in: String = row.get(6)?;
    Ok(Found {
        hash: row.get::<Vec<u8>>(0)?.try_into().map_err(|_| StoreError::Column { column: 0 })?,
        scopes: Scopes::parse(&row.get::<String>(1)?),
        user: row.get(2)?,
        message: row.get(3)?,
        notify: row.get(4)?,
        created: row.get(5)?,
        sign_in: serde_json::from_str(&sign_in).map_err(|_| StoreError::Column { column: 6 })?,
        facts: DeviceFacts {
            provider: row.get(7)?,
            expires: row.get(8)?,
            progress: Progress::parse(&state),
            polled: (polled.0 != 0).then_some(polled),
            pause: row.get(11)?,
            session_alive: row.get(12)?,
            user_active: row.get(13)?,
        },
    })
}

/// # Errors
/// The store fails.
pub(crate) fn by_auth_req_id(
    sql: &mut Sql<'_>,
    id: &str,
    now: Timestamp,
) -> Result<Option<Found>, StoreError> {
    by_hash(sql, sha256(id), now)
}

/// # Errors
/// The store fails.
pub(crate) fn by_hash(
    sql: &mut Sql<'_>,
    hash: [u8; 32],
    now: Timestamp,
) -> Result<Option<Found>, StoreError> {
    let row = sql.query_one(&format!("{FOUND} b.hash = $1"), params![hash, now])?;
    row.as_ref().map(found).transpose()
}

/// What waits for somebody, the newest first.
///
/// # Errors
/// The store fails.
pub(crate) fn waiting_for(
    sql: &mut Sql<'_>,
    user: i64,
    now: Timestamp,
) -> Result<Vec<Found>, StoreError> {
    let waiting = format!(
        "{FOUND} b.user_id = $1 AND b.state = 'pending' AND b.expires > $2 ORDER BY b.created DESC"
    );
    sql.query(&waiting, params![user, now])?.iter().map(found).collect()
}

/// The application has asked while nobody has answered; it waits so long until it asks again.
///
/// # Errors
/// The store fails.
pub(crate) fn note_poll(
    sql: &mut Sql<'_>,
    hash: [u8; 32],
    now: Timestamp,
    pause: i64,
) -> Result<(), StoreError> {
    let polled = "UPDATE backchannel_request SET polled = $2, pause = $3 WHERE hash = $1";
    sql.execute(polled, params![hash, now, pause]).map(|_| ())
}

/// What the person answered.
#[derive(Debug, Clone)]
pub(crate) struct Verdict {
    pub(crate) allowed: bool,
    pub(crate) user: i64,
    pub(crate) session: [u8; 32],
    pub(crate) sign_in: SignIn,
}

/// Keeps what the person answered. `false`: it was answered before, has expired, or is about
/// somebody else.
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
    let settled = "UPDATE backchannel_request SET state = $2, session = $3, sign_in = $4 \
         WHERE hash = $1 AND user_id = $5 AND state = 'pending' AND expires > $6";
    let row = params![hash, state, verdict.session.to_vec(), sign_in, verdict.user, now];
    Ok(sql.execute(settled, row)? == 1)
}

/// Takes an approved request. `false`: another poll has, in the meantime.
///
/// # Errors
/// The store fails.
pub(crate) fn take(sql: &mut Sql<'_>, hash: [u8; 32], now: Timestamp) -> Result<bool, StoreError> {
    let taken = "UPDATE backchannel_request SET state = 'used', notify = '' \
         WHERE hash = $1 AND state = 'approved' AND expires > $2";
    Ok(sql.execute(taken, params![hash, now])? == 1)
}

/// The account that a hint names: by its username, or by an e-mail address that only one has. What
/// is one account's username and another's address names neither.
///
/// # Errors
/// The store fails.
pub(crate) fn named(sql: &mut Sql<'_>, hint: &str) -> Result<Option<i64>, StoreError> {
    let by_name = "SELECT id FROM users WHERE username = $1 AND is_active = 1";
    let named: Option<i64> =
        sql.query_one(by_name, params![hint])?.map(|row| row.get(0)).transpose()?;
    if !hint.contains('@') {
        return Ok(named);
    }
    let by_email = "SELECT id FROM users WHERE email_fold = $1 AND is_active = 1 LIMIT 2";
    let found = sql.query(by_email, params![hint.to_lowercase()])?;
    let addressed: Vec<i64> = found.iter().map(|row| row.get(0)).collect::<Result<_, _>>()?;
    Ok(match (named, addressed.as_slice()) {
        (Some(named), others) => others.iter().all(|other| *other == named).then_some(named),
        (None, [only]) => Some(*only),
        (None, _) => None,
    })
}
