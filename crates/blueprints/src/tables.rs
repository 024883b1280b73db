//! Users, groups and tokens, as blueprints fill them: the rules of the directory, plus the fields
//! only blueprints have (a user's `password`, a token's `key`).

use std::sync::Arc;

use countersign_core::ApiError;
use countersign_directory::{groups, tokens, username, users};
use countersign_model::{FieldErrors, Fields, Key, KeyType, Problem, Secret};
use countersign_store::{Row as SqlRow, Sql, SqlValue, StoreError, Tx, params, sha256};
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use crate::apply::{Row, Table, TableFault};

/// Letters and digits of a token's key that nobody chose.
const KEY_LENGTH: usize = 60;

/// All tables blueprints can fill.
pub fn all(passwords: Arc<dyn Passwords>) -> Vec<Box<dyn Table>> {
    vec![Box::new(Users { passwords }), Box::new(Groups), Box::new(Tokens)]
}

/// How passwords are kept. Called inside a write, once per password in a blueprint.
pub trait Passwords: Send + Sync {
    /// The stored form.
    ///
    /// # Errors
    /// A sentence when there is none.
    fn hash(&self, password: &str) -> Result<String, String>;
    /// Whether the stored form is that of this password.
    fn matches(&self, password: &str, stored: &str) -> bool;
}

/// People and service accounts.
struct Users {
    passwords: Arc<dyn Passwords>,
}

impl Table for Users {
    fn model(&self) -> &'static str {
        "authentik_core.user"
    }

    fn key(&self) -> KeyType {
        KeyType::Int
    }

    fn fields(&self) -> &'static [&'static str] {
        &["username", "name", "email", "is_active", "path", "type", "attributes", "groups", "uuid"]
    }

    fn candidates(
        &self,
        sql: &mut Sql<'_>,
        conditions: &[(String, Json)],
    ) -> Result<Vec<Row>, StoreError> {
        let given = |name: &str| given(conditions, name);
        let rows = if let Some(pk) = given("pk").or_else(|| given("id")) {
            let pk = Key::from_json(pk, KeyType::Int).and_then(Key::int).unwrap_or(-1);
            sql.query("SELECT id, uuid FROM users WHERE id = $1", params![pk])?
        } else if let Some(username) = given("username").and_then(Json::as_str) {
            let pk = username::find(sql, username)?;
            sql.query("SELECT id, uuid FROM users WHERE id = $1", params![pk])?
        } else {
            sql.query("SELECT id, uuid FROM users", params![])?
        };
        let row = |sql: &mut Sql<'_>, row: SqlRow| -> Result<Option<Row>, StoreError> {
            let (pk, uuid) = (row.get::<i64>(0)?, row.get::<Uuid>(1)?);
            Ok(users::fields_of(sql, pk)?.map(|fields| {
                let mut values = fields.to_map();
                values.insert("uuid".to_owned(), uuid.to_string().into());
                Row { key: Key::Int(pk), values }
            }))
        };
        rows.into_iter().filter_map(|found| row(sql, found).transpose()).collect()
    }

    fn create(
        &self,
        tx: &mut Tx<'_>,
        _key: Option<Key>,
        values: &Map<String, Json>,
    ) -> Result<Key, TableFault> {
        let fields = users::parse(tx, values, None)?;
        let password =
            given_text(values, "password").map(|password| self.hash(password)).transpose()?;
        Ok(Key::Int(users::create(tx, &fields, password).map_err(fault)?))
    }

    fn update(
        &self,
        tx: &mut Tx<'_>,
        row: &Row,
        values: &Map<String, Json>,
    ) -> Result<Vec<String>, TableFault> {
        let Key::Int(pk) = row.key else { return Ok(Vec::new()) };
        let Some(mut before) = users::fields_of(tx, pk)? else { return Ok(Vec::new()) };
        let mut after = users::parse(tx, values, Some(&before))?;
        // Membership has no order: the same groups in another one are no change.
        for fields in [&mut before, &mut after] {
            fields.groups.sort_unstable();
            fields.groups.dedup();
        }
        users::update(tx, pk, &before, &after).map_err(fault)?;
        let mut changed = differences(&before.to_map(), &after.to_map());
        if let Some(password) = given_text(values, "password") {
            let stored = tx
                .query_one("SELECT password FROM users WHERE id = $1", params![pk])?
                .map_or(Ok(String::new()), |row| row.get(0))?;
            if !self.passwords.matches(password, &stored) {
                let hash = self.hash(password)?;
                users::set_password_hash(tx, pk, &hash, None)?;
                changed.push("password".to_owned());
            }
        }
        Ok(changed)
    }

    fn delete(&self, tx: &mut Tx<'_>, key: Key) -> Result<(), TableFault> {
        users::delete(tx, key.int().unwrap_or(-1)).map_err(fault)
    }
}

impl Users {
    fn hash(&self, password: &str) -> Result<String, TableFault> {
        self.passwords.hash(password).map_err(|problem| {
            FieldErrors::one("password", Problem::new("invalid", problem)).into()
        })
    }
}

/// Groups of users.
struct Groups;

impl Table for Groups {
    fn model(&self) -> &'static str {
        "authentik_core.group"
    }

    fn key(&self) -> KeyType {
        KeyType::Uuid
    }

    fn fields(&self) -> &'static [&'static str] {
        &["name", "is_superuser", "parent", "attributes", "users", "group_uuid"]
    }

    fn candidates(
        &self,
        sql: &mut Sql<'_>,
        conditions: &[(String, Json)],
    ) -> Result<Vec<Row>, StoreError> {
        let rows = match (
            key_condition(conditions, "group_uuid"),
            given(conditions, "name").and_then(Json::as_str),
        ) {
            (Some(uuid), _) => {
                sql.query("SELECT uuid FROM user_group WHERE uuid = $1", params![uuid])?
            }
            (None, Some(name)) => {
                sql.query("SELECT uuid FROM user_group WHERE name = $1", params![name])?
            }
            (None, None) => sql.query("SELECT uuid FROM user_group", params![])?,
        };
        let row = |sql: &mut Sql<'_>, row: SqlRow| -> Result<Option<Row>, StoreError> {
            let uuid = row.get::<Uuid>(0)?;
            Ok(groups::fields_of(sql, uuid)?
                .map(|fields| named_row("group_uuid", uuid, fields.to_map())))
        };
        rows.into_iter().filter_map(|found| row(sql, found).transpose()).collect()
    }

    fn create(
        &self,
        tx: &mut Tx<'_>,
        key: Option<Key>,
        values: &Map<String, Json>,
    ) -> Result<Key, TableFault> {
        let fields = groups::parse(tx, values, None)?;
        Ok(Key::Uuid(groups::create(tx, &fields, key.and_then(Key::uuid)).map_err(fault)?))
    }

    fn update(
        &self,
        tx: &mut Tx<'_>,
        row: &Row,
        values: &Map<String, Json>,
    ) -> Result<Vec<String>, TableFault> {
        let Key::Uuid(uuid) = row.key else { return Ok(Vec::new()) };
        let Some(mut before) = groups::fields_of(tx, uuid)? else { return Ok(Vec::new()) };
        let mut after = groups::parse(tx, values, Some(&before))?;
        for fields in [&mut before, &mut after] {
            fields.users.sort_unstable();
            fields.users.dedup();
        }
        groups::update(tx, uuid, &before, &after).map_err(fault)?;
        Ok(differences(&before.to_map(), &after.to_map()))
    }

    fn delete(&self, tx: &mut Tx<'_>, key: Key) -> Result<(), TableFault> {
        groups::delete(tx, key.uuid().unwrap_or_default()).map_err(fault)
    }
}

/// Keys of users for the API and for applications.
struct Tokens;

impl Table for Tokens {
    fn model(&self) -> &'static str {
        "authentik_core.token"
    }

    fn key(&self) -> KeyType {
        KeyType::Uuid
    }

    fn fields(&self) -> &'static [&'static str] {
        &[
            "identifier",
            "managed",
            "intent",
            "user",
            "description",
            "expires",
            "expiring",
            "token_uuid",
        ]
    }

    fn candidates(
        &self,
        sql: &mut Sql<'_>,
        conditions: &[(String, Json)],
    ) -> Result<Vec<Row>, StoreError> {
        let rows = match (
            key_condition(conditions, "token_uuid"),
            given(conditions, "identifier").and_then(Json::as_str),
        ) {
            (Some(uuid), _) => {
                sql.query("SELECT uuid FROM token WHERE uuid = $1", params![uuid])?
            }
            (None, Some(identifier)) => {
                sql.query("SELECT uuid FROM token WHERE identifier = $1", params![identifier])?
            }
            (None, None) => sql.query("SELECT uuid FROM token", params![])?,
        };
        let row = |sql: &mut Sql<'_>, row: SqlRow| -> Result<Option<Row>, StoreError> {
            let uuid = row.get::<Uuid>(0)?;
            Ok(tokens::fields_of(sql, &uuid.into())?
                .map(|fields| named_row("token_uuid", uuid, fields.to_map())))
        };
        rows.into_iter().filter_map(|found| row(sql, found).transpose()).collect()
    }

    fn create(
        &self,
        tx: &mut Tx<'_>,
        _key: Option<Key>,
        values: &Map<String, Json>,
    ) -> Result<Key, TableFault> {
        let fields = tokens::parse(tx, values, None)?;
        let key =
            given_text(values, "key").map_or_else(|| tx.entropy().token(KEY_LENGTH), str::to_owned);
        key_free(tx, &key, None)?;
        Ok(Key::Uuid(tokens::create(tx, &fields, &Secret::new(key)).map_err(fault)?))
    }

    fn update(
        &self,
        tx: &mut Tx<'_>,
        row: &Row,
        values: &Map<String, Json>,
    ) -> Result<Vec<String>, TableFault> {
        let uuid: SqlValue = row.key.into();
        let Some(before) = tokens::fields_of(tx, &uuid)? else { return Ok(Vec::new()) };
        let after = tokens::parse(tx, values, Some(&before))?;
        let mut changed = differences(&before.to_map(), &after.to_map());
        if !changed.is_empty() {
            tokens::update(tx, &uuid, &after).map_err(fault)?;
        }
        if let Some(key) = given_text(values, "key")
            && key_free(tx, key, row.key.uuid())?
        {
            tokens::set_key(tx, &uuid, &Secret::new(key))?;
            changed.push("key".to_owned());
        }
        Ok(changed)
    }

    fn delete(&self, tx: &mut Tx<'_>, key: Key) -> Result<(), TableFault> {
        Ok(tokens::delete(tx, &key.into())?)
    }
}

/// Whether nobody has that key: true when it is free, false when the token itself has it already.
fn key_free(tx: &mut Tx<'_>, key: &str, own: Option<Uuid>) -> Result<bool, TableFault> {
    match tx.query_one("SELECT uuid FROM token WHERE key_hash = $1", params![sha256(key)])? {
        None => Ok(true),
        Some(row) if Some(row.get::<Uuid>(0)?) == own => Ok(false),
        Some(_) => Err(FieldErrors::one("key", Problem::unique()).into()),
    }
}

fn given<'c>(conditions: &'c [(String, Json)], name: &str) -> Option<&'c Json> {
    conditions.iter().find(|(field, _)| field == name).map(|(_, value)| value)
}

/// The uuid a row is asked for by; one that is no uuid finds nothing.
fn key_condition(conditions: &[(String, Json)], name: &str) -> Option<Uuid> {
    let key = given(conditions, "pk").or_else(|| given(conditions, name))?;
    Some(Key::from_json(key, KeyType::Uuid).and_then(Key::uuid).unwrap_or_default())
}

/// A text that is given and not empty.
fn given_text<'v>(values: &'v Map<String, Json>, name: &str) -> Option<&'v str> {
    values.get(name).and_then(Json::as_str).filter(|text| !text.is_empty())
}

fn named_row(key_name: &str, uuid: Uuid, mut values: Map<String, Json>) -> Row {
    values.insert(key_name.to_owned(), uuid.to_string().into());
    Row { key: Key::Uuid(uuid), values }
}

fn differences(before: &Map<String, Json>, after: &Map<String, Json>) -> Vec<String> {
    after
        .iter()
        .filter(|(name, value)| before.get(*name) != Some(value))
        .map(|(name, _)| name.clone())
        .collect()
}

fn fault(error: ApiError) -> TableFault {
    match error {
        ApiError::Fields(errors) => TableFault::Fields(errors),
        ApiError::Store(error) => TableFault::Store(error),
        other => {
            TableFault::Fields(FieldErrors::object(Problem::new("invalid", other.to_string())))
        }
    }
}

#[cfg(test)]
mod tests;
