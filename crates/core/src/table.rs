//! Rows with rules: what a declared table says beyond its columns, and the one way to write a row,
//! whoever does it: the API, a blueprint, the console, a flow.

use std::marker::PhantomData;
use std::sync::Arc;

use countersign_model::{
    ColumnKind, ColumnMeta, FieldErrors, Fields, Input, Key, KindMeta, Mode, ObjectId, TableMeta,
};
use countersign_store::{self as store, Sql, SqlValue, StoreError, Table, Tx};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::access::permissions;
use crate::context::Context;
use crate::error::ApiError;
use crate::module::Operation;

/// A row and the rules it keeps to. Written by [`save`] and [`remove`] alone, so that no door has
/// rules of its own.
pub trait Record: Table + Fields + Send + Sync + 'static {
    /// Brings what has no order into one, so that only real differences are an edit.
    fn tidy(&mut self) {}

    /// The rules, and what is made of what was given, as a folded name.
    ///
    /// # Errors
    /// The problems of all fields, or what forbids the edit.
    fn check(&mut self, _tx: &mut Tx<'_>, _before: Option<&Self>) -> Result<(), ApiError> {
        Ok(())
    }

    /// What follows in the same transaction: rows of linked tables, the audit.
    ///
    /// # Errors
    /// When the engine fails.
    fn saved(&self, _tx: &mut Tx<'_>, _before: Option<&Self>) -> Result<(), ApiError> {
        Ok(())
    }

    /// What a deletion must keep to, and does before the row goes.
    ///
    /// # Errors
    /// What forbids it.
    fn removing(&self, _tx: &mut Tx<'_>) -> Result<(), ApiError> {
        Ok(())
    }

    /// What follows from a deletion, as its audit.
    ///
    /// # Errors
    /// When the engine fails.
    fn removed(&self, _tx: &mut Tx<'_>) -> Result<(), ApiError> {
        Ok(())
    }

    /// Reads the fields that are not columns, for all rows at once.
    ///
    /// # Errors
    /// When the engine fails.
    fn complete(_sql: &mut Sql<'_>, _rows: &mut [Self]) -> Result<(), StoreError> {
        Ok(())
    }

    /// What blueprints may give beyond the form, as a password.
    const IMPORTED: &'static [&'static str] = &[];

    /// Takes over what a blueprint gives beyond the form; answers which of it is new.
    ///
    /// # Errors
    /// The problems of all fields.
    fn import(
        &mut self,
        _tx: &mut Tx<'_>,
        _values: &Map<String, Value>,
        _before: Option<&Self>,
        _passwords: &dyn PasswordHash,
    ) -> Result<Vec<&'static str>, ApiError> {
        Ok(Vec::new())
    }

    /// What is said of a value that the engine refuses because it is taken.
    fn taken(error: StoreError) -> ApiError {
        error.into()
    }
}

/// A whole row, with the fields that are not columns.
///
/// # Errors
/// When the engine fails.
pub fn find<T: Record>(
    sql: &mut Sql<'_>,
    key: impl Into<SqlValue>,
) -> Result<Option<T>, StoreError> {
    Ok(find_all(sql, &[key.into()])?.pop())
}

/// Whole rows, in the order of their keys here.
///
/// # Errors
/// When the engine fails.
pub fn find_all<T: Record>(sql: &mut Sql<'_>, keys: &[SqlValue]) -> Result<Vec<T>, StoreError> {
    let mut rows = store::load_all(sql, keys)?;
    T::complete(sql, &mut rows)?;
    Ok(rows)
}

/// Makes a row, or changes the one that was `before`; an edit that changes nothing writes nothing.
///
/// # Errors
/// What the rules say, or a value that is taken.
pub fn save<T: Record>(tx: &mut Tx<'_>, mut row: T, before: Option<&T>) -> Result<T, ApiError> {
    row.tidy();
    let Some(before) = before else {
        let is_free = T::TABLE.key().is_some_and(|key| key.kind == ColumnKind::Uuid)
            && row.key() == SqlValue::from(Uuid::nil());
        if is_free {
            row.set_key(&SqlValue::from(tx.entropy().uuid()));
        }
        row.check(tx, None)?;
        let key = store::insert(tx, &row).map_err(T::taken)?;
        row.set_key(&key);
        row.saved(tx, None)?;
        return Ok(row);
    };
    // Who may not change a row is told so, also when what is left of the edit is nothing.
    row.check(tx, Some(before))?;
    if before.to_map() == row.to_map() && before.values() == row.values() {
        return Ok(row);
    }
    store::update(tx, &row, before).map_err(T::taken)?;
    row.saved(tx, Some(before))?;
    Ok(row)
}

/// Deletes a row.
///
/// # Errors
/// What the rules say.
pub fn remove<T: Record>(tx: &mut Tx<'_>, row: &T) -> Result<(), ApiError> {
    row.removing(tx)?;
    let key = row.key();
    store::delete(tx, T::TABLE, &key)?;
    end_grants(tx, T::META, &key)?;
    row.removed(tx)
}

/// What was held on a row ends with it.
fn end_grants(tx: &mut Tx<'_>, meta: &KindMeta, key: &SqlValue) -> Result<(), StoreError> {
    let column = if matches!(key, SqlValue::Int(_)) { "object_id" } else { "object_uuid" };
    let of_model = permissions().iter().filter(|listed| listed.permission.model() == meta.model);
    let names: Vec<SqlValue> =
        of_model.map(|listed| SqlValue::from(listed.permission.to_string())).collect();
    let (among, mut values) = store::one_of("permission", 1, &names);
    values.insert(0, key.clone());
    let statement = format!("DELETE FROM role_grant WHERE {column} = $1 AND {among}");
    tx.execute(&statement, &values).map(|_| ())
}

/// How passwords are kept. Called inside a write, once per password in a blueprint.
pub trait PasswordHash: Send + Sync {
    /// The stored form.
    ///
    /// # Errors
    /// A sentence when there is none.
    fn hash(&self, password: &str) -> Result<String, String>;
    /// Whether the stored form is that of this password.
    fn matches(&self, password: &str, stored: &str) -> bool;
}

/// One row with the values its fields can be compared by.
#[derive(Debug, Clone)]
pub struct RowValues {
    pub key: Key,
    pub values: Map<String, Value>,
}

/// A table whose rows are found and written by their JSON, as blueprints do; by the same rules as
/// everywhere.
pub trait Rows: Send + Sync {
    fn meta(&self) -> &'static TableMeta;
    fn kind(&self) -> &'static KindMeta;
    /// The fields rows can be found by, of which all are written but the key.
    fn fields(&self) -> Vec<String>;
    /// Fields that are written and not to be found by.
    fn imported(&self) -> &'static [&'static str];
    /// The rows of these keys, or all.
    ///
    /// # Errors
    /// When the engine fails.
    fn read(&self, sql: &mut Sql<'_>, keys: Option<&[Key]>) -> Result<Vec<RowValues>, StoreError>;
    /// Rows among which those with these values are; may answer more than asked for, never less.
    ///
    /// # Errors
    /// When the engine fails.
    fn candidates(
        &self,
        sql: &mut Sql<'_>,
        conditions: &[(String, Value)],
    ) -> Result<Vec<RowValues>, StoreError>;
    /// Makes a row, with that key if one is given and its table does not number rows.
    ///
    /// # Errors
    /// When the values are not valid, or the store refuses.
    fn create(
        &self,
        tx: &mut Tx<'_>,
        key: Option<Key>,
        values: &Map<String, Value>,
        passwords: &dyn PasswordHash,
    ) -> Result<Key, ApiError>;
    /// Sets values of a row; answers which fields changed.
    ///
    /// # Errors
    /// When the values are not valid, or the store refuses.
    fn update(
        &self,
        tx: &mut Tx<'_>,
        key: Key,
        values: &Map<String, Value>,
        passwords: &dyn PasswordHash,
    ) -> Result<Vec<String>, ApiError>;
    /// Deletes a row and what hangs on it.
    ///
    /// # Errors
    /// When something forbids it, or the store refuses.
    fn delete(&self, tx: &mut Tx<'_>, key: Key) -> Result<(), ApiError>;
}

/// The rows of one declared table.
struct RowsOf<T>(PhantomData<fn() -> T>);

impl<T: Record> RowsOf<T> {
    fn values(row: &T) -> RowValues {
        let mut values = row.to_map();
        for (column, value) in T::TABLE.columns.iter().zip(row.values()) {
            if let (Some(name), SqlValue::Bytes(bytes)) = (Self::key_name(column), value) {
                let uuid = Uuid::from_slice(&bytes).unwrap_or_default();
                values.insert(name, uuid.to_string().into());
            }
        }
        RowValues { key: Self::key(&row.key()), values }
    }

    /// What files call a uuid of a row, as `group_uuid`, or `uuid` beside a number.
    fn key_name(column: &ColumnMeta) -> Option<String> {
        match column.kind {
            ColumnKind::Uuid if column.key => Some(format!("{}_uuid", T::META.model_name())),
            ColumnKind::Uuid if column.name == "uuid" => Some("uuid".to_owned()),
            _ => None,
        }
    }

    fn key(value: &SqlValue) -> Key {
        match value {
            SqlValue::Int(number) => Key::Int(*number),
            SqlValue::Bytes(bytes) => Key::Uuid(Uuid::from_slice(bytes).unwrap_or_default()),
            SqlValue::Text(_) | SqlValue::Null => Key::Uuid(Uuid::nil()),
        }
    }

    fn parse(tx: &Tx<'_>, map: &Map<String, Value>, base: Option<&T>) -> Result<T, FieldErrors> {
        let mode = if base.is_some() { Mode::Patch } else { Mode::Create };
        T::parse(&Input { map, mode, entropy: tx.entropy(), privileged: true }, base)
    }
}

impl<T: Record> Rows for RowsOf<T> {
    fn meta(&self) -> &'static TableMeta {
        T::TABLE
    }

    fn kind(&self) -> &'static KindMeta {
        T::META
    }

    fn fields(&self) -> Vec<String> {
        let keys = T::TABLE.columns.iter().filter_map(Self::key_name);
        T::META.fields.iter().map(|field| field.name.to_owned()).chain(keys).collect()
    }

    fn imported(&self) -> &'static [&'static str] {
        T::IMPORTED
    }

    fn read(&self, sql: &mut Sql<'_>, keys: Option<&[Key]>) -> Result<Vec<RowValues>, StoreError> {
        let keys = keys.map(|keys| keys.iter().map(|key| (*key).into()).collect::<Vec<_>>());
        let mut rows: Vec<T> = match keys {
            Some(keys) => store::load_all(sql, &keys)?,
            None => store::load_table(sql)?,
        };
        T::complete(sql, &mut rows)?;
        Ok(rows.iter().map(Self::values).collect())
    }

    fn candidates(
        &self,
        sql: &mut Sql<'_>,
        conditions: &[(String, Value)],
    ) -> Result<Vec<RowValues>, StoreError> {
        let Some(key) = T::TABLE.key() else { return Ok(Vec::new()) };
        let own = Self::key_name(key);
        let keys: Vec<SqlValue> = conditions
            .iter()
            .filter(|(name, _)| ["pk", "id"].contains(&name.as_str()) || own.as_ref() == Some(name))
            .filter_map(|(_, value)| Key::from_json(value, T::META.key))
            .map(SqlValue::from)
            .collect();
        if !keys.is_empty() {
            return Ok(find_all(sql, &keys)?.iter().map(Self::values).collect());
        }
        let unique = conditions.iter().find_map(|(name, value)| {
            let text = value.as_str()?;
            T::META.field(name).filter(|field| field.unique)?;
            Some((T::TABLE.column(name)?, text))
        });
        let Some((column, text)) = unique else { return self.read(sql, None) };
        let statement =
            format!("SELECT {} FROM {} WHERE {} = $1", key.sql, T::TABLE.name, column.sql);
        let found = sql.query(&statement, &[text.into()])?;
        let keys: Vec<SqlValue> = found.iter().filter_map(store::Row::first).collect();
        Ok(find_all(sql, &keys)?.iter().map(Self::values).collect())
    }

    fn create(
        &self,
        tx: &mut Tx<'_>,
        key: Option<Key>,
        values: &Map<String, Value>,
        passwords: &dyn PasswordHash,
    ) -> Result<Key, ApiError> {
        let mut row = Self::parse(tx, values, None)?;
        if let Some(key @ Key::Uuid(_)) = key {
            row.set_key(&key.into());
        }
        row.import(tx, values, None, passwords)?;
        Ok(Self::key(&save(tx, row, None)?.key()))
    }

    fn update(
        &self,
        tx: &mut Tx<'_>,
        key: Key,
        values: &Map<String, Value>,
        passwords: &dyn PasswordHash,
    ) -> Result<Vec<String>, ApiError> {
        let Some(before) = find::<T>(tx, key)? else { return Ok(Vec::new()) };
        let mut row = Self::parse(tx, values, Some(&before))?;
        let imported = row.import(tx, values, Some(&before), passwords)?;
        let (was, is) = (before.to_map(), save(tx, row, Some(&before))?.to_map());
        let differing = is.into_iter().filter(|(name, value)| was.get(name) != Some(value));
        let imported = imported.into_iter().map(str::to_owned);
        Ok(differing.map(|(name, _)| name).chain(imported).collect())
    }

    fn delete(&self, tx: &mut Tx<'_>, key: Key) -> Result<(), ApiError> {
        let row = find::<T>(tx, key)?.ok_or_else(|| ApiError::not_found(T::TABLE.class))?;
        remove(tx, &row)
    }
}

/// A declared table, as a module offers it.
#[derive(Clone)]
pub struct TableResource {
    pub meta: &'static TableMeta,
    /// Its operations, where the API has it.
    pub operations: Vec<Operation>,
    /// How its rows look inside other objects (`user_obj`, `group_obj`).
    pub embedded: Option<RowRenderer>,
    /// Its rows as blueprints see them, where they may write some.
    pub rows: Option<Arc<dyn Rows>>,
}

/// Renders rows for embedding.
pub type RowRenderer =
    fn(&mut Sql<'_>, &Context, &[ObjectId]) -> Result<Vec<(ObjectId, Value)>, StoreError>;

impl TableResource {
    /// A table that the API does not serve.
    pub const fn plain<T: Table>() -> TableResource {
        TableResource { meta: T::TABLE, operations: Vec::new(), embedded: None, rows: None }
    }

    /// A table with these operations; blueprints may make what the API may.
    pub fn served<T: Record>(operations: Vec<Operation>) -> TableResource {
        let rows: Option<Arc<dyn Rows>> = T::TABLE
            .operations
            .contains(&"create")
            .then(|| Arc::new(RowsOf::<T>(PhantomData)) as _);
        TableResource { operations, rows, ..TableResource::plain::<T>() }
    }

    /// Rows are shown inside the objects that name them.
    #[must_use]
    pub const fn embedded(mut self, render: RowRenderer) -> TableResource {
        self.embedded = Some(render);
        self
    }
}

impl Context {
    /// Every table of every module.
    pub fn tables(&self) -> impl Iterator<Item = &TableResource> {
        self.modules().iter().flat_map(|module| &module.tables)
    }
}
