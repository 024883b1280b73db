//! What sources have seen in their directories, as rows.

use std::collections::HashMap;

use countersign_model::{Ref, Table, Timestamp};
use countersign_sources::Source;
use countersign_store::{Sql, SqlValue, StoreError, Tx, one_of, params};

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
    pub(crate) made: bool,
    pub(crate) closed: bool,
    pub(crate) seen: Timestamp,
    pub(crate) vanished: Option<Timestamp>,
    #[column(hidden)]
    pub(crate) password_copy: Option<String>,
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
        "SELECT id, dn_key, closed, seen FROM ldap_entry WHERE source = $1 AND is_group = $2 AND identifier = $3",
        params![source.key(), sort.is_group(), identifier],
    )?;
    row.map(|row| {
        let (id, dn_key, closed, seen) = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
        Ok(Known { id, dn_key, closed, seen })
    })
    .transpose()
}

/// What a run writes of an entry that it has seen.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sight<'a> {
    pub(crate) source: Ref<dyn Source>,
    pub(crate) sort: Sort,
    pub(crate) named: &'a Named,
    pub(crate) made: bool,
    pub(crate) closed: bool,
    pub(crate) seen: Timestamp,
}

/// # Errors
/// When the engine fails.
pub(crate) fn note(tx: &mut Tx<'_>, sight: Sight<'_>) -> Result<(), StoreError> {
    let Sight { source, sort, named, made, closed, seen } = sight;
    tx.execute(
        "INSERT INTO ldap_entry (source, is_group, identifier, dn, dn_key, made, closed, seen) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
         ON CONFLICT (source, is_group, identifier) DO UPDATE SET dn = EXCLUDED.dn, dn_key = EXCLUDED.dn_key, closed = EXCLUDED.closed, \
         seen = EXCLUDED.seen, vanished = NULL, made = CASE WHEN EXCLUDED.made = 1 THEN 1 ELSE ldap_entry.made END",
        params![
            source.key(),
            sort.is_group(),
            named.identifier.as_str(),
            named.dn.as_str(),
            named.dn_key.as_str(),
            made,
            closed,
            seen
        ],
    )?;
    Ok(())
}

/// Entries by a column.
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
            "SELECT {column}, id FROM ldap_entry WHERE source = $1 AND {condition}{people}"
        );
        for row in sql.query(&statement, &all)? {
            found.insert(row.get(0)?, row.get(1)?);
        }
    }
    Ok(found)
}

/// The entry of an account at a source, if the directory has it still: its name there.
///
/// # Errors
/// When the engine fails.
pub(crate) fn name_of(
    sql: &mut Sql<'_>,
    source: Ref<dyn Source>,
    account: i64,
) -> Result<Option<(i64, String)>, StoreError> {
    let row = sql.query_one(
        "SELECT e.id, e.dn FROM user_source_connection c JOIN ldap_entry e ON e.source = c.source AND e.identifier = c.identifier AND e.is_group = 0 \
         WHERE c.source = $1 AND c.user_id = $2 AND e.vanished IS NULL",
        params![source.key(), account],
    )?;
    row.map(|row| Ok((row.get(0)?, row.get(1)?))).transpose()
}
