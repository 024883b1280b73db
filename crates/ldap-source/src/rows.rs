//! What sources have seen in their directories, as rows.

use std::collections::HashMap;

use countersign_core::ApiError;
use countersign_model::{Ref, Table, Timestamp};
use countersign_sources::Source;
use countersign_store::{Sql, SqlValue, StoreError, Tx, one_of, params};
use uuid::Uuid;

use crate::entry::Named;

/// An entry of a directory. What it is here says the connection with the same identifier.
#[derive(Debug, Clone, Table)]
#[table(name = "ldap_entry")]
pub(crate) struct LdapEntry {
    #[column(key)]
    pub(crate) id: i64,
    pub(crate) source: Ref<dyn Source>,
    pub(crate) is_group: bool,
    pub(crate) identifier: String,
    pub(crate) dn: String,
    #[column(hidden)]
    pub(crate) dn_key: String,
    pub(crate) made: Option<Uuid>,
    pub(crate) closed: bool,
    pub(crate) password_set: Option<Timestamp>,
    pub(crate) seen: Timestamp,
    pub(crate) vanished: Option<Timestamp>,
}

/// A group of a directory names an entry as its member.
#[derive(Debug, Clone, Table)]
#[table(name = "ldap_member", link)]
pub(crate) struct LdapMember {
    #[column(key, belongs_to = "ldap_entry.id", on_delete = Cascade)]
    pub(crate) parent: i64,
    #[column(key, belongs_to = "ldap_entry.id", on_delete = Cascade)]
    pub(crate) member: i64,
}

/// What is copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sort {
    User,
    Group,
}

impl Sort {
    pub(crate) const fn is_group(self) -> bool {
        matches!(self, Sort::Group)
    }

    pub(crate) const fn one(self) -> &'static str {
        match self {
            Sort::User => "user",
            Sort::Group => "group",
        }
    }

    pub(crate) const fn all(self) -> &'static str {
        match self {
            Sort::User => "users",
            Sort::Group => "groups",
        }
    }
}

/// What was seen of an entry before.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub(crate) id: i64,
    pub(crate) dn_key: String,
    pub(crate) closed: bool,
    pub(crate) password_set: Option<Timestamp>,
    pub(crate) seen: Timestamp,
}

/// # Errors
/// When the engine fails.
pub(crate) fn known(
    sql: &mut Sql<'_>,
    source: Ref<dyn Source>,
    sort: Sort,
    identifier: &str,
) -> Result<Option<Known>, StoreError> {
    let row = sql.query_one(
        "SELECT id, dn_key, closed, password_set, seen FROM ldap_entry WHERE source = $1 AND is_group = $2 AND identifier = $3",
        params![source.key(), sort.is_group(), identifier],
    )?;
    row.map(|row| {
        let (id, dn_key, closed) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok(Known { id, dn_key, closed, password_set: row.get(3)?, seen: row.get(4)? })
    })
    .transpose()
}

/// Writes where the run that began then has seen an entry. Who was there before is there no more,
/// wherever else they turn up.
///
/// # Errors
/// Another entry that this run has seen has the same identifier, or the engine fails.
pub(crate) fn place(
    tx: &mut Tx<'_>,
    (source, sort, began): (Ref<dyn Source>, Sort, Timestamp),
    named: &Named,
) -> Result<(), ApiError> {
    let known = known(tx, source, sort, &named.identifier)?;
    let is_seen = |known: &Known| known.seen == began && !known.dn_key.is_empty();
    if known.is_some_and(|known| is_seen(&known) && known.dn_key != named.dn_key) {
        return Err(ApiError::object(format!(
            "another entry has the same value of the uniqueness field ({})",
            named.identifier
        )));
    }
    tx.execute(
        "UPDATE ldap_entry SET dn_key = '' WHERE source = $1 AND dn_key = $2 AND is_group = $3 AND identifier <> $4",
        params![source.key(), named.dn_key.as_str(), sort.is_group(), named.identifier.as_str()],
    )?;
    tx.execute(
        "INSERT INTO ldap_entry (source, is_group, identifier, dn, dn_key, closed, seen) VALUES ($1, $2, $3, $4, $5, 0, $6) \
         ON CONFLICT (source, is_group, identifier) DO UPDATE SET dn = EXCLUDED.dn, dn_key = EXCLUDED.dn_key, seen = EXCLUDED.seen, vanished = NULL",
        params![
            source.key(),
            sort.is_group(),
            named.identifier.as_str(),
            named.dn.as_str(),
            named.dn_key.as_str(),
            began
        ],
    )?;
    Ok(())
}

/// An entry where this run has placed it; `None` where it could not, which was said then.
///
/// # Errors
/// Another entry has its name by now, or the engine fails.
pub(crate) fn placed(
    tx: &mut Tx<'_>,
    (source, sort, began): (Ref<dyn Source>, Sort, Timestamp),
    named: &Named,
) -> Result<Option<Known>, ApiError> {
    match known(tx, source, sort, &named.identifier)? {
        Some(known) if known.seen == began && known.dn_key.is_empty() => {
            Err(ApiError::object("another entry has its name by now"))
        }
        known => Ok(known.filter(|known| known.seen == began && known.dn_key == named.dn_key)),
    }
}

/// Which account or group a run has made of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Made {
    /// This one, now.
    Now(Uuid),
    /// None: it is one that was there.
    Nothing,
    /// What an earlier run has, if any.
    AsBefore,
}

/// # Errors
/// When the engine fails.
pub(crate) fn note_made(tx: &mut Tx<'_>, entry: i64, made: Made) -> Result<(), StoreError> {
    let uuid = match made {
        Made::Now(uuid) => Some(uuid),
        Made::Nothing => None,
        Made::AsBefore => return Ok(()),
    };
    tx.execute("UPDATE ldap_entry SET made = $2 WHERE id = $1", params![entry, uuid])?;
    Ok(())
}

/// What the directory says of the account of an entry.
///
/// # Errors
/// When the engine fails.
pub(crate) fn note(
    tx: &mut Tx<'_>,
    entry: i64,
    (closed, password_set): (bool, Option<Timestamp>),
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE ldap_entry SET closed = $2, password_set = $3 WHERE id = $1",
        params![entry, closed, password_set],
    )?;
    Ok(())
}

/// Entries that have not vanished, by a column.
///
/// # Errors
/// When the engine fails.
pub(crate) fn ids_by(
    sql: &mut Sql<'_>,
    source: Ref<dyn Source>,
    column: &'static str,
    values: &[String],
) -> Result<HashMap<String, i64>, StoreError> {
    let mut found = HashMap::new();
    for part in values.chunks(500) {
        let keys: Vec<SqlValue> = part.iter().map(|value| value.as_str().into()).collect();
        let (condition, mut all) = one_of(column, 1, &keys);
        all.insert(0, source.key().into());
        // People have identifiers of their own, groups others.
        let people = if column == "identifier" { " AND is_group = 0" } else { "" };
        let statement = format!(
            "SELECT {column}, id FROM ldap_entry WHERE source = $1 AND vanished IS NULL AND {condition}{people}"
        );
        for row in sql.query(&statement, &all)? {
            found.insert(row.get(0)?, row.get(1)?);
        }
    }
    Ok(found)
}

/// The entry of an account at a source.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) identifier: String,
    pub(crate) dn: String,
}

/// The entry of an account at a source, if the directory has it still and nobody else has its name:
/// where it was seen last.
///
/// # Errors
/// When the engine fails.
pub(crate) fn place_of(
    sql: &mut Sql<'_>,
    source: Ref<dyn Source>,
    account: i64,
) -> Result<Option<Place>, StoreError> {
    let row = sql.query_one(
        "SELECT e.identifier, e.dn FROM user_source_connection c JOIN ldap_entry e ON e.source = c.source AND e.identifier = c.identifier AND e.is_group = 0 \
         WHERE c.source = $1 AND c.user_id = $2 AND e.vanished IS NULL AND e.dn_key <> ''",
        params![source.key(), account],
    )?;
    row.map(|row| Ok(Place { identifier: row.get(0)?, dn: row.get(1)? })).transpose()
}
