//! Which applications a session has signed in to, and by which names they know the person.

use countersign_model::{Ref, Table, Timestamp, directory};
use countersign_saml::response::NameId;
use countersign_store::{Sql, StoreError, Tx, params, sha256};
use uuid::Uuid;

use crate::provider::SAMLProvider;

/// A person that an application was told of in a session. The sessions of a restored copy are over.
#[derive(Debug, Clone, Table)]
#[table(name = "saml_session", volatile)]
pub(crate) struct SamlSession {
    /// Of session, provider and name.
    #[column(key)]
    hash: [u8; 32],
    /// Which keeps its number when its key changes.
    session: Uuid,
    #[column(sql = "provider_id")]
    provider: Ref<SAMLProvider>,
    #[column(sql = "user_id", belongs_to = "users.id", on_delete = Cascade, owner)]
    user: Ref<directory::User>,
    name_id: String,
    name_id_format: String,
    /// What the application was told of the session.
    #[column(hidden)]
    session_index: String,
    #[column(expires)]
    expires: Timestamp,
}

/// What an application is told of somebody.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub(crate) provider: i64,
    pub(crate) user: i64,
    pub(crate) name: NameId,
    pub(crate) index: String,
    pub(crate) expires: Timestamp,
}

impl Known {
    /// Notes what an application is told in the session of this key.
    ///
    /// # Errors
    /// The store fails.
    pub(crate) fn note(&self, tx: &mut Tx<'_>, key_hash: [u8; 32]) -> Result<(), StoreError> {
        let find = "SELECT uuid FROM session WHERE key_hash = $1";
        let Some(row) = tx.query_one(find, params![key_hash])? else { return Ok(()) };
        let session: Uuid = row.get(0)?;
        let NameId { format, value } = &self.name;
        let hash = sha256(&format!("{session}/{}/{format}/{value}", self.provider));
        tx.execute("DELETE FROM saml_session WHERE hash = $1", params![hash])?;
        tx.execute(
            "INSERT INTO saml_session (hash, session, provider_id, user_id, name_id, name_id_format, session_index, expires) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            params![
                hash,
                session,
                self.provider,
                self.user,
                value.clone(),
                format.clone(),
                self.index.clone(),
                self.expires
            ],
        )?;
        Ok(())
    }
}

/// The keys of the sessions in which a provider's application knows somebody by this name, each with
/// what the application calls the session.
///
/// # Errors
/// The store fails.
pub(crate) fn named(
    sql: &mut Sql<'_>,
    provider: i64,
    name: &str,
) -> Result<Vec<([u8; 32], String)>, StoreError> {
    let rows = sql.query(
        "SELECT s.key_hash, k.session_index FROM saml_session k JOIN session s ON s.uuid = k.session WHERE k.provider_id = $1 AND k.name_id = $2",
        params![provider, name.to_owned()],
    )?;
    let mut sessions = Vec::with_capacity(rows.len());
    for row in &rows {
        let key_hash: Vec<u8> = row.get(0)?;
        sessions.extend(key_hash.try_into().ok().zip(row.get(1)?));
    }
    Ok(sessions)
}

/// Forgets that a provider's application was told of somebody in the session of this key: it has
/// asked for its end itself.
///
/// # Errors
/// The store fails.
pub(crate) fn forget(tx: &mut Tx<'_>, provider: i64, key_hash: [u8; 32]) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM saml_session WHERE provider_id = $1 AND session IN (SELECT uuid FROM session WHERE key_hash = $2)",
        params![provider, key_hash],
    )?;
    Ok(())
}
