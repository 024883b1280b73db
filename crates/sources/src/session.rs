//! The session at the other side by which somebody signed in: either side can end the other's.

use countersign_model::{Ref, Table, directory};
use countersign_store::{Sql, StoreError, Tx, params};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::source::Source;

/// What the other side calls a person and their session in what is said about signing out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upstream {
    pub subject: String,
    /// Empty where the session has no name.
    pub index: String,
    /// What the protocol needs beside these to name both.
    pub said: Value,
}

/// A session here that began by a source. The row goes with it, by a trigger.
#[derive(Debug, Clone, Table)]
#[table(name = "source_session", volatile)]
pub struct SourceSession {
    #[column(key)]
    pub session: Uuid,
    pub source: Ref<dyn Source>,
    #[column(sql = "user_id", belongs_to = "users.id", on_delete = Cascade, owner)]
    pub user: Ref<directory::User>,
    pub subject: String,
    #[column(sql = "session_index", hidden)]
    pub index: String,
    /// JSON.
    #[column(hidden)]
    pub said: String,
}

/// A session here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Session {
    pub key_hash: [u8; 32],
    pub user: i64,
}

impl Upstream {
    /// Notes it with the session of this key.
    ///
    /// # Errors
    /// The store fails.
    pub fn note(
        &self,
        tx: &mut Tx<'_>,
        source: Ref<dyn Source>,
        user: i64,
        key_hash: [u8; 32],
    ) -> Result<(), StoreError> {
        let find = "SELECT uuid FROM session WHERE key_hash = $1";
        let Some(row) = tx.query_one(find, params![key_hash])? else { return Ok(()) };
        let session: Uuid = row.get(0)?;
        tx.execute(
            "INSERT INTO source_session (session, source, user_id, subject, session_index, said) VALUES ($1, $2, $3, $4, $5, $6) \
             ON CONFLICT (session) DO UPDATE SET source = EXCLUDED.source, subject = EXCLUDED.subject, \
             session_index = EXCLUDED.session_index, said = EXCLUDED.said",
            params![
                session,
                source.key(),
                user,
                self.subject.as_str(),
                self.index.as_str(),
                self.said.to_string()
            ],
        )?;
        Ok(())
    }

    /// Of the session of this key, if it began by this source.
    ///
    /// # Errors
    /// The store fails.
    pub fn of(
        sql: &mut Sql<'_>,
        source: Ref<dyn Source>,
        key_hash: [u8; 32],
    ) -> Result<Option<Upstream>, StoreError> {
        let row = sql.query_one(
            "SELECT x.subject, x.session_index, x.said FROM source_session x JOIN session s ON s.uuid = x.session \
             WHERE s.key_hash = $1 AND x.source = $2",
            params![key_hash, source.key()],
        )?;
        row.map(|row| {
            let said: String = row.get(2)?;
            let said = serde_json::from_str(&said).unwrap_or_default();
            Ok(Upstream { subject: row.get(0)?, index: row.get(1)?, said })
        })
        .transpose()
    }
}

/// The sessions here that began by a source as this subject, in these sessions there; in any where
/// none is named.
///
/// # Errors
/// The store fails.
pub fn sessions(
    sql: &mut Sql<'_>,
    source: Ref<dyn Source>,
    subject: &str,
    indexes: &[String],
) -> Result<Vec<Session>, StoreError> {
    let rows = sql.query(
        "SELECT s.key_hash, s.user_id, x.session_index FROM source_session x JOIN session s ON s.uuid = x.session \
         WHERE x.source = $1 AND x.subject = $2",
        params![source.key(), subject],
    )?;
    let mut found = Vec::new();
    for row in &rows {
        let (hash, index): (Vec<u8>, String) = (row.get(0)?, row.get(2)?);
        let key_hash = hash.try_into().map_err(|_| StoreError::Column { column: 0 })?;
        if indexes.is_empty() || indexes.contains(&index) {
            found.push(Session { key_hash, user: row.get(1)? });
        }
    }
    Ok(found)
}

/// Somebody has signed in anew in the browser of a session, which goes on under another key.
///
/// # Errors
/// The store fails.
pub fn continued(
    tx: &mut Tx<'_>,
    user: i64,
    former: [u8; 32],
    fresh: [u8; 32],
) -> Result<(), StoreError> {
    let update = "UPDATE source_session SET session = (SELECT uuid FROM session WHERE key_hash = $2) \
                  WHERE user_id = $3 AND session = (SELECT uuid FROM session WHERE key_hash = $1 AND user_id = $3) \
                  AND EXISTS (SELECT 1 FROM session WHERE key_hash = $2) \
                  AND NOT EXISTS (SELECT 1 FROM source_session other JOIN session s ON s.uuid = other.session WHERE s.key_hash = $2)";
    tx.execute(update, params![former, fresh, user]).map(|_| ())
}
