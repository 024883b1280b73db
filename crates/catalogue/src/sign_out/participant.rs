//! Who takes part in a session: a row for each application that people signed in to in it.

use countersign_accounts::end_session;
use countersign_core::enqueue;
use countersign_model::{Ref, Table, Timestamp, directory};
use countersign_store::{Row, Sql, StoreError, Tx, params, sha256};
use uuid::Uuid;

use super::notify::Notify;
use super::{SignOut, way};
use crate::provider::Provider;

/// How long the row of a session that has ended is there for the page that shows what became of it.
const SHOWN_SECONDS: i64 = 1_800;
/// A session that has ended by its time is found before its rows are.
const SLACK_SECONDS: i64 = 86_400;
/// As many are looked at in one transaction.
const AT_ONCE: usize = 200;

/// An application that people signed in to in a session. The sessions of a restored copy are over.
#[derive(Debug, Clone, Table)]
#[table(name = "session_participant", volatile)]
pub struct Participant {
    /// Of all that identifies it.
    #[column(key)]
    pub hash: [u8; 32],
    /// Which stays the same when the session's key changes.
    pub session: Uuid,
    #[column(sql = "provider_id")]
    pub provider: Ref<dyn Provider>,
    /// Empty once the account is deleted: the application still has to be notified.
    #[column(sql = "user_id", belongs_to = "users.id", on_delete = SetNull, owner)]
    pub user: Option<Ref<directory::User>>,
    /// What the application knows the person by.
    pub subject: String,
    #[column(sql = "subject_format")]
    pub format: String,
    /// What it knows the session by.
    #[column(sql = "session_index", hidden)]
    pub index: String,
    /// What this server called itself to it.
    pub issuer: String,
    #[column(sql = "state")]
    state_text: String,
    /// Why it was not reached.
    pub note: String,
    #[column(expires)]
    pub expires: Timestamp,
}

/// How far the end of a session has come at an application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// The session lives.
    Live,
    /// It has ended, and nobody has seen to it yet. Triggers write this.
    Ended,
    /// The application has no address for it.
    Unaware,
    /// The application asks at each request, and knows.
    Asks,
    /// A message is on its way.
    Waiting,
    /// It did not get there, and is tried again.
    Failing,
    Reached,
    /// Given up.
    Failed,
    /// The browser has a message to bring, in a frame.
    Frame,
    /// The browser has to be sent there.
    Visit,
    /// The browser was given the message.
    Asked,
}

impl State {
    const ALL: [(State, &'static str); 11] = [
        (State::Live, "live"),
        (State::Ended, "ended"),
        (State::Unaware, "unaware"),
        (State::Asks, "asks"),
        (State::Waiting, "waiting"),
        (State::Failing, "failing"),
        (State::Reached, "reached"),
        (State::Failed, "failed"),
        (State::Frame, "frame"),
        (State::Visit, "visit"),
        (State::Asked, "asked"),
    ];

    pub fn as_str(self) -> &'static str {
        State::ALL.iter().find(|(state, _)| *state == self).map_or("live", |(_, text)| text)
    }

    fn parse(text: &str) -> State {
        let found = State::ALL.iter().find(|(_, own)| *own == text);
        found.map_or(State::Live, |(state, _)| *state)
    }
}

const COLUMNS: &str = "hash, session, provider_id, user_id, subject, subject_format, session_index, issuer, state, note, expires";

impl Participant {
    pub fn state(&self) -> State {
        State::parse(&self.state_text)
    }

    fn read(row: &Row) -> Result<Participant, StoreError> {
        let hash: Vec<u8> = row.get(0)?;
        let user: Option<i64> = row.get(3)?;
        Ok(Participant {
            hash: hash.try_into().map_err(|_| StoreError::Column { column: 0 })?,
            session: row.get(1)?,
            provider: Ref::new(row.get::<i64>(2)?.into()),
            user: user.map(|user| Ref::new(user.into())),
            subject: row.get(4)?,
            format: row.get(5)?,
            index: row.get(6)?,
            issuer: row.get(7)?,
            state_text: row.get(8)?,
            note: row.get(9)?,
            expires: row.get(10)?,
        })
    }
}

/// What an application learns of a person and a session when somebody signs in to it.
#[derive(Debug, Clone)]
pub struct Joined {
    pub provider: i64,
    pub user: i64,
    pub subject: String,
    pub format: String,
    pub index: String,
    pub issuer: String,
}

impl Joined {
    /// Notes it in the session of this key.
    ///
    /// # Errors
    /// The store fails.
    pub fn note(&self, tx: &mut Tx<'_>, key_hash: [u8; 32]) -> Result<(), StoreError> {
        let find = "SELECT uuid, COALESCE(ends, expires) FROM session WHERE key_hash = $1";
        let Some(row) = tx.query_one(find, params![key_hash])? else { return Ok(()) };
        let (session, ends): (Uuid, Timestamp) = (row.get(0)?, row.get(1)?);
        let Joined { provider, user, subject, format, index, issuer } = self;
        let hash = sha256(&format!("{session}/{provider}/{index}/{format}/{subject}"));
        tx.execute(
            &format!(
                "INSERT INTO session_participant ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'live', '', $9) \
                 ON CONFLICT (hash) DO UPDATE SET issuer = EXCLUDED.issuer, state = EXCLUDED.state"
            ),
            params![
                hash,
                session,
                *provider,
                *user,
                subject.clone(),
                format.clone(),
                index.clone(),
                issuer.clone(),
                ends.plus_seconds(SLACK_SECONDS)
            ],
        )?;
        Ok(())
    }
}

/// Somebody has signed in anew in the browser of a session, which goes on under another key: what
/// takes part in it does so further on.
///
/// # Errors
/// The store fails.
pub fn continued(
    tx: &mut Tx<'_>,
    former: [u8; 32],
    fresh: [u8; 32],
    user: i64,
) -> Result<(), StoreError> {
    let update = "UPDATE session_participant SET session = (SELECT uuid FROM session WHERE key_hash = $2) \
                  WHERE user_id = $3 AND session = (SELECT uuid FROM session WHERE key_hash = $1 AND user_id = $3) \
                  AND EXISTS (SELECT 1 FROM session WHERE key_hash = $2)";
    tx.execute(update, params![former, fresh, user]).map(|_| ())
}

/// Ends the session of a key, and sees to the applications that took part in it. `browser`: the
/// person's browser is here, and takes messages along. Gives the session; `None` where there was
/// none.
///
/// # Errors
/// The store fails.
pub fn end(tx: &mut Tx<'_>, key_hash: [u8; 32], browser: bool) -> Result<Option<Uuid>, StoreError> {
    let find = "SELECT uuid FROM session WHERE key_hash = $1";
    let Some(row) = tx.query_one(find, params![key_hash])? else { return Ok(None) };
    let session: Uuid = row.get(0)?;
    end_session(tx, key_hash)?;
    ended(tx, Some(session), browser)?;
    Ok(Some(session))
}

/// The session goes on, and has ended at one application, which is notified as if it were over.
/// `false` where it was not signed in to any more.
///
/// # Errors
/// The store fails.
pub fn ended_at(tx: &mut Tx<'_>, participant: [u8; 32]) -> Result<bool, StoreError> {
    let update =
        "UPDATE session_participant SET state = 'ended' WHERE hash = $1 AND state = 'live'";
    Ok(tx.execute(update, params![participant])? > 0)
}

/// Sees to applications of sessions that have ended: of this one, or, where none is named, of as many
/// as fit in one transaction.
///
/// # Errors
/// The store fails.
pub(super) fn ended(
    tx: &mut Tx<'_>,
    session: Option<Uuid>,
    browser: bool,
) -> Result<(), StoreError> {
    let shown_until = tx.now().plus_seconds(SHOWN_SECONDS);
    let find = |rule: &str| {
        format!(
            "SELECT {COLUMNS} FROM session_participant WHERE state = 'ended' {rule} ORDER BY hash LIMIT {AT_ONCE}"
        )
    };
    let rows = match session {
        Some(session) => tx.query(&find("AND session = $1"), params![session])?,
        None => tx.query(&find(""), params![])?,
    };
    for row in &rows {
        let participant = Participant::read(row)?;
        let state = match way(tx.graph(), participant.provider) {
            None => None,
            Some(SignOut::Server(_)) => {
                let name = hex::encode(participant.hash);
                enqueue::<Notify>(tx, &name, &name)?;
                Some(State::Waiting)
            }
            // What has nobody to show it is not worth a row.
            Some(_) if !browser => None,
            Some(SignOut::Unaware) => Some(State::Unaware),
            Some(SignOut::Asks) => Some(State::Asks),
            Some(SignOut::Frame(_)) => Some(State::Frame),
            Some(SignOut::Visit(_)) => Some(State::Visit),
        };
        match state {
            Some(state) => tx.execute(
                "UPDATE session_participant SET state = $2, expires = $3 WHERE hash = $1",
                params![participant.hash, state.as_str(), shown_until],
            )?,
            None => tx.execute(
                "DELETE FROM session_participant WHERE hash = $1",
                params![participant.hash],
            )?,
        };
    }
    Ok(())
}

/// Notes what became of a message, unless that is settled already. Gives whether it was not.
///
/// # Errors
/// The store fails.
pub fn settle(
    tx: &mut Tx<'_>,
    hash: [u8; 32],
    state: State,
    note: &str,
) -> Result<bool, StoreError> {
    let update = "UPDATE session_participant SET state = $2, note = $3 \
                  WHERE hash = $1 AND state NOT IN ('live', 'ended', 'reached', 'failed')";
    Ok(tx.execute(update, params![hash, state.as_str(), note.to_owned()])? > 0)
}

/// Takes the messages that a browser is to bring: each is given to one request.
///
/// # Errors
/// The store fails.
pub fn frames(tx: &mut Tx<'_>, sessions: &[Uuid]) -> Result<Vec<Participant>, StoreError> {
    let mut taken = Vec::new();
    for session in sessions {
        let update = format!(
            "UPDATE session_participant SET state = 'asked' WHERE session = $1 AND state = 'frame' RETURNING {COLUMNS}"
        );
        for row in &tx.query(&update, params![*session])? {
            taken.push(Participant::read(row)?);
        }
    }
    Ok(taken)
}

/// Takes an application that a browser is to be sent to.
///
/// # Errors
/// The store fails.
pub fn next_visit(tx: &mut Tx<'_>, sessions: &[Uuid]) -> Result<Option<Participant>, StoreError> {
    for session in sessions {
        let update = format!(
            "UPDATE session_participant SET state = 'asked' WHERE hash IN (SELECT hash FROM session_participant WHERE session = $1 AND state = 'visit' ORDER BY hash LIMIT 1) RETURNING {COLUMNS}"
        );
        if let Some(row) = tx.query_one(&update, params![*session])? {
            return Participant::read(&row).map(Some);
        }
    }
    Ok(None)
}

/// The participant of a provider that a message was brought to by a browser.
///
/// # Errors
/// The store fails.
pub fn by_message(
    sql: &mut Sql<'_>,
    provider: i64,
    id: &str,
) -> Result<Option<Participant>, StoreError> {
    let hash = id.strip_prefix('_').and_then(|text| hex::decode(text).ok()?.try_into().ok());
    let Some(hash) = hash else { return Ok(None) };
    let found = find(sql, hash)?;
    Ok(found.filter(|found| {
        found.provider.key().int() == Some(provider) && found.state() == State::Asked
    }))
}

/// Whether there is an application of an ended session that nobody has seen to.
///
/// # Errors
/// The store fails.
pub(super) fn any_ended(sql: &mut Sql<'_>) -> Result<bool, StoreError> {
    let find = "SELECT 1 FROM session_participant WHERE state = 'ended' LIMIT 1";
    Ok(sql.query_one(find, params![])?.is_some())
}

/// # Errors
/// The store fails.
pub fn find(sql: &mut Sql<'_>, hash: [u8; 32]) -> Result<Option<Participant>, StoreError> {
    let find = format!("SELECT {COLUMNS} FROM session_participant WHERE hash = $1");
    sql.query_one(&find, params![hash])?.map(|row| Participant::read(&row)).transpose()
}

/// Those of sessions that have ended.
///
/// # Errors
/// The store fails.
pub fn of_sessions(sql: &mut Sql<'_>, sessions: &[Uuid]) -> Result<Vec<Participant>, StoreError> {
    let find = format!(
        "SELECT {COLUMNS} FROM session_participant WHERE session = $1 AND state NOT IN ('live', 'ended') ORDER BY provider_id, hash"
    );
    let mut all = Vec::new();
    for session in sessions {
        for row in &sql.query(&find, params![*session])? {
            all.push(Participant::read(row)?);
        }
    }
    Ok(all)
}

/// The keys of the sessions in which a provider's application knows somebody by this name, each with
/// what it calls the session.
///
/// # Errors
/// The store fails.
pub fn named(
    sql: &mut Sql<'_>,
    provider: i64,
    subject: &str,
) -> Result<Vec<([u8; 32], String)>, StoreError> {
    let rows = sql.query(
        "SELECT s.key_hash, p.session_index FROM session_participant p JOIN session s ON s.uuid = p.session WHERE p.provider_id = $1 AND p.subject = $2",
        params![provider, subject.to_owned()],
    )?;
    let mut sessions = Vec::with_capacity(rows.len());
    for row in &rows {
        let key_hash: Vec<u8> = row.get(0)?;
        sessions.extend(key_hash.try_into().ok().zip(row.get(1)?));
    }
    Ok(sessions)
}

/// The key of the session that a provider's application knows by this index.
///
/// # Errors
/// The store fails.
pub fn session_of(
    sql: &mut Sql<'_>,
    provider: i64,
    index: &str,
) -> Result<Option<[u8; 32]>, StoreError> {
    let row = sql.query_one(
        "SELECT s.key_hash FROM session_participant p JOIN session s ON s.uuid = p.session WHERE p.provider_id = $1 AND p.session_index = $2 LIMIT 1",
        params![provider, index.to_owned()],
    )?;
    let Some(row) = row else { return Ok(None) };
    let key_hash: Vec<u8> = row.get(0)?;
    Ok(key_hash.try_into().ok())
}

/// Forgets that an application takes part in the session of this key: it has asked for its end
/// itself, and is answered.
///
/// # Errors
/// The store fails.
pub fn forget(tx: &mut Tx<'_>, provider: i64, key_hash: [u8; 32]) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM session_participant WHERE provider_id = $1 AND session IN (SELECT uuid FROM session WHERE key_hash = $2)",
        params![provider, key_hash],
    )?;
    Ok(())
}
