//! Sessions: rows that end when they are deleted, found by the hash of the key in the cookie.

use countersign_model::Timestamp;
use countersign_store::{Actor, Sql, StoreError, Tx, params, sha256};
use serde_json::Value;
use uuid::Uuid;

use countersign_core::{
    BoxFuture, Context, RequestInfo, SessionBinding, SessionData, SessionLimits,
};

/// Makes a session for a user under a fresh key, for so many seconds and within the limits.
/// `None`: there is no such account, or it is deactivated, and there is no session, whatever led
/// here.
///
/// # Errors
/// When the engine fails.
pub fn start_session(
    tx: &mut Tx<'_>,
    user: i64,
    key: &str,
    (seconds, limits): (i64, SessionLimits),
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
    let ends = now.plus_seconds(seconds);
    tx.execute(
        "INSERT INTO session (uuid, key_hash, user_id, created, expires, ends, last_used, last_ip, user_agent, data) VALUES ($1, $2, $3, $4, $5, $6, $4, $7, $8, $9)",
        params![uuid, sha256(key), user, now, limits.end(ends, now, now), ends, request.client_ip.to_string(), &request.user_agent, &data],
    )?;
    Ok(Some(uuid))
}

/// Whether there was one to end.
///
/// # Errors
/// When the engine fails.
pub fn end_session(tx: &mut Tx<'_>, key_hash: [u8; 32]) -> Result<bool, StoreError> {
    Ok(tx.execute("DELETE FROM session WHERE key_hash = $1", params![key_hash])? > 0)
}

/// Ends a user's sessions, all but the one given. Gives their number.
///
/// # Errors
/// When the engine fails.
pub fn end_sessions_of(
    tx: &mut Tx<'_>,
    user: i64,
    except: Option<[u8; 32]>,
) -> Result<usize, StoreError> {
    let keep: Vec<u8> = except.map(|k| k.to_vec()).unwrap_or_default();
    tx.execute("DELETE FROM session WHERE user_id = $1 AND key_hash <> $2", params![user, keep])
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

/// A live session.
pub(crate) struct Live {
    pub(crate) user: i64,
    pub(crate) data: SessionData,
    created: Timestamp,
    ends: Timestamp,
    last_used: Timestamp,
}

/// The live session of a key.
pub(crate) fn find(
    sql: &mut Sql<'_>,
    key_hash: [u8; 32],
    now: Timestamp,
) -> Result<Option<Live>, StoreError> {
    let row = sql.query_one(
        "SELECT user_id, data, created, COALESCE(ends, expires), last_used FROM session WHERE key_hash = $1 AND expires > $2",
        params![key_hash, now],
    )?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Live {
        user: row.get(0)?,
        data: serde_json::from_value(row.get::<Value>(1)?).unwrap_or_default(),
        created: row.get(2)?,
        ends: row.get(3)?,
        last_used: row.get(4)?,
    }))
}

/// What a live session is tied to.
///
/// # Errors
/// When the engine fails.
pub fn binding_of(
    sql: &mut Sql<'_>,
    key_hash: [u8; 32],
    now: Timestamp,
) -> Result<Option<SessionBinding>, StoreError> {
    Ok(find(sql, key_hash, now)?.and_then(|live| live.data.binding))
}

/// Notes that a session was used just now, from where and with what, at most once a minute. The
/// request does not wait for it.
pub(crate) async fn note_use(cx: &Context, key_hash: [u8; 32], live: &Live, request: &RequestInfo) {
    let now = cx.clock.now();
    let again = live.last_used.plus_seconds(SessionLimits::GRAIN);
    if now < again {
        return;
    }
    let expires = cx.settings.sessions.end(live.ends, live.created, now);
    let (ip, agent, over) = (request.client_ip.to_string(), request.user_agent.clone(), cx.clone());
    let noting: BoxFuture<()> = Box::pin(async move {
        let work = move |tx: &mut Tx<'_>| {
            // Of several requests at once the first one is enough.
            tx.execute(
                "UPDATE session SET last_used = $1, expires = $2, last_ip = $3, user_agent = $4 \
                 WHERE key_hash = $5 AND last_used < $1 AND expires > $1",
                params![now, expires, &ip, &agent, key_hash],
            )
            .map(|_| ())
        };
        if let Err(error) = over.store.write(Actor::system(), "use of a session", work).await {
            tracing::debug!(%error, "a use of a session was not noted");
        }
    });
    cx.tasks.spawn("use of a session", noting).await;
}

/// The limits that the sessions there are were brought under last.
const LIMITED: &str = "limits of sessions";

/// Brings the sessions there are under the limits of the settings, when these have changed.
///
/// # Errors
/// When the engine fails.
pub async fn limit_sessions(cx: &Context) -> Result<(), StoreError> {
    let limits = cx.settings.sessions;
    let wanted = format!("{} {}", limits.idle, limits.absolute);
    if cx.store.read(|sql| sql.fact(LIMITED)).await?.as_deref() == Some(&*wanted) {
        return Ok(());
    }
    let now = cx.clock.now();
    let never = now.plus_seconds(100 * 365 * 86_400);
    // What the limits leave of a session that was begun and used just now.
    let only = |limits| SessionLimits::end(limits, never, now, now).0.saturating_sub(now.0);
    let idle = only(SessionLimits { absolute: 0, ..limits });
    let absolute = only(SessionLimits { idle: 0, ..limits });
    let end = "CASE WHEN last_used + $1 < created + $2 AND last_used + $1 < COALESCE(ends, expires) THEN last_used + $1 \
               WHEN created + $2 < COALESCE(ends, expires) THEN created + $2 ELSE COALESCE(ends, expires) END";
    let sql = format!("UPDATE session SET expires = {end} WHERE expires > $3 AND expires <> {end}");
    let work = move |tx: &mut Tx<'_>| {
        tx.execute(&sql, params![idle, absolute, now])?;
        tx.put_fact(LIMITED, &wanted)
    };
    cx.store.write(Actor::system(), LIMITED, work).await
}
