//! Rows as values: how `#[derive(Table)]` reads and writes them, with one statement for many.

use std::collections::HashMap;

use countersign_model::{
    ChoiceValue, ColumnKind, EmailAddress, JsonMap, Key, KeyType, Ref, Secret, Slug, TableMeta,
    Target, Timestamp,
};
use serde_json::Value;
use uuid::Uuid;

use crate::error::StoreError;
use crate::sql::{FromSql, Row, Sql, SqlValue};

/// A row of a declared table. Implemented by `#[derive(Table)]`.
pub trait Table: Sized {
    /// What was declared.
    const TABLE: &'static TableMeta;

    /// Reads a row that holds the columns in their declared order.
    ///
    /// # Errors
    /// When a column holds another type.
    fn read(row: &Row) -> Result<Self, StoreError>;

    /// The columns in their declared order.
    fn values(&self) -> Vec<SqlValue>;

    /// Gives the row its key.
    fn set_key(&mut self, key: &SqlValue);

    /// The value of the column that is the key.
    fn key(&self) -> SqlValue {
        let at = Self::TABLE.columns.iter().position(|column| column.key);
        at.and_then(|at| self.values().into_iter().nth(at)).unwrap_or(SqlValue::Null)
    }
}

/// What a column can hold.
pub trait Stored: Sized {
    /// The form of its values.
    const KIND: ColumnKind;
    /// Whether there may be none.
    const NULLABLE: bool = false;
    /// The value that a row holds; `None` when it is of another type.
    fn read(value: &SqlValue) -> Option<Self>;
    /// The value as a row holds it.
    fn write(&self) -> SqlValue;
}

macro_rules! stored {
    ($($ty:ty, $kind:ident;)*) => {$(
        impl Stored for $ty {
            const KIND: ColumnKind = ColumnKind::$kind;
            fn read(value: &SqlValue) -> Option<Self> {
                FromSql::from_sql(value)
            }
            fn write(&self) -> SqlValue {
                SqlValue::from(self.clone())
            }
        }
    )*};
}

stored! {
    i64, Int;
    bool, Bool;
    String, Text;
    Vec<u8>, Bytes;
    Uuid, Uuid;
    Timestamp, Time;
    Value, Json;
}

impl Stored for [u8; 32] {
    const KIND: ColumnKind = ColumnKind::Bytes;
    fn read(value: &SqlValue) -> Option<Self> {
        Vec::<u8>::from_sql(value)?.try_into().ok()
    }
    fn write(&self) -> SqlValue {
        SqlValue::from(*self)
    }
}

/// What is kept as it is given: a hash, or sealed already.
impl Stored for Secret {
    const KIND: ColumnKind = ColumnKind::Text;
    fn read(value: &SqlValue) -> Option<Self> {
        String::from_sql(value).map(Secret::new)
    }
    fn write(&self) -> SqlValue {
        SqlValue::from(self.expose())
    }
}

/// Anything but an object counts as an empty one.
impl Stored for JsonMap {
    const KIND: ColumnKind = ColumnKind::Json;
    fn read(value: &SqlValue) -> Option<Self> {
        match Value::from_sql(value)? {
            Value::Object(map) => Some(JsonMap(map)),
            _ => Some(JsonMap::default()),
        }
    }
    fn write(&self) -> SqlValue {
        SqlValue::from(Value::Object(self.0.clone()))
    }
}

/// Words between blanks, as OAuth writes scopes (RFC 6749, section 3.3).
impl Stored for Vec<String> {
    const KIND: ColumnKind = ColumnKind::Text;
    fn read(value: &SqlValue) -> Option<Self> {
        Some(String::from_sql(value)?.split_whitespace().map(str::to_owned).collect())
    }
    fn write(&self) -> SqlValue {
        SqlValue::from(self.join(" "))
    }
}

macro_rules! stored_text {
    ($($ty:ty),*) => {$(
        impl Stored for $ty {
            const KIND: ColumnKind = ColumnKind::Text;
            fn read(value: &SqlValue) -> Option<Self> {
                String::from_sql(value).map(|text| <$ty>::from(text.as_str()))
            }
            fn write(&self) -> SqlValue {
                SqlValue::from(&**self)
            }
        }
    )*};
}

stored_text!(EmailAddress, Slug);

impl<T: Target + ?Sized> Stored for Ref<T> {
    const KIND: ColumnKind = match T::KEY {
        KeyType::Int => ColumnKind::Int,
        KeyType::Uuid => ColumnKind::Uuid,
    };
    fn read(value: &SqlValue) -> Option<Self> {
        match T::KEY {
            KeyType::Int => i64::from_sql(value).map(Key::Int),
            KeyType::Uuid => Uuid::from_sql(value).map(Key::Uuid),
        }
        .map(Ref::new)
    }
    fn write(&self) -> SqlValue {
        SqlValue::from(self.key())
    }
}

impl<T: Stored> Stored for Option<T> {
    const KIND: ColumnKind = T::KIND;
    const NULLABLE: bool = true;
    fn read(value: &SqlValue) -> Option<Self> {
        if *value == SqlValue::Null { Some(None) } else { T::read(value).map(Some) }
    }
    fn write(&self) -> SqlValue {
        self.as_ref().map_or(SqlValue::Null, Stored::write)
    }
}

impl Row {
    /// The first column as it is.
    pub fn first(&self) -> Option<SqlValue> {
        self.value(0).cloned()
    }

    /// # Errors
    /// [`StoreError::Column`] when the column is not there or holds another type.
    pub fn read<T: Stored>(&self, column: usize) -> Result<T, StoreError> {
        self.value(column).and_then(T::read).ok_or(StoreError::Column { column })
    }

    /// A column that holds one of the values of an enumeration.
    ///
    /// # Errors
    /// [`StoreError::Column`] when it holds anything else.
    pub fn get_choice<T: ChoiceValue>(&self, column: usize) -> Result<T, StoreError> {
        T::from_value(&self.get::<String>(column)?).ok_or(StoreError::Column { column })
    }
}

/// A condition with `?` in place of its parameters, which get the numbers after the `before` that
/// there are already.
#[must_use]
pub fn numbered(condition: &str, before: usize) -> String {
    let mut parts = condition.split('?');
    let first = parts.next().unwrap_or_default().to_owned();
    let next = before.saturating_add(1);
    parts.zip(next..).fold(first, |text, (part, number)| format!("{text}${number}{part}"))
}

/// `column IN (..)` with parameters after the `before` that there are already, and their values.
/// The last value fills up to the next size: few texts of many lengths, for engines keep what they
/// have prepared.
pub fn one_of(column: &str, before: usize, values: &[SqlValue]) -> (String, Vec<SqlValue>) {
    let Some(last) = values.last() else { return ("1 = 0".to_owned(), Vec::new()) };
    let size = if values.len() == 1 { 1 } else { values.len().next_power_of_two().max(16) };
    let marks: Vec<String> = (before + 1..=before + size).map(|n| format!("${n}")).collect();
    let values = values.iter().chain(std::iter::repeat(last)).take(size).cloned().collect();
    (format!("{column} IN ({})", marks.join(", ")), values)
}

/// The row of a key.
///
/// # Errors
/// When the engine fails.
pub fn load<T: Table>(
    sql: &mut Sql<'_>,
    key: impl Into<SqlValue>,
) -> Result<Option<T>, StoreError> {
    Ok(load_all(sql, &[key.into()])?.pop())
}

/// The rows of these keys in this order, read by one statement.
///
/// # Errors
/// When the engine fails.
pub fn load_all<T: Table>(sql: &mut Sql<'_>, keys: &[SqlValue]) -> Result<Vec<T>, StoreError> {
    let table = T::TABLE;
    let (Some(key), false) = (table.key(), keys.is_empty()) else { return Ok(Vec::new()) };
    let (condition, values) = one_of(key.sql, 0, keys);
    let statement = format!("SELECT {} FROM {} WHERE {condition}", table.select(""), table.name);
    let mut found: HashMap<Vec<u8>, T> = HashMap::new();
    for row in sql.query(&statement, &values)? {
        let row = T::read(&row)?;
        found.insert(bytes(&row.key()), row);
    }
    Ok(keys.iter().filter_map(|key| found.remove(&bytes(key))).collect())
}

fn bytes(key: &SqlValue) -> Vec<u8> {
    match key {
        SqlValue::Null => Vec::new(),
        SqlValue::Int(number) => number.to_be_bytes().to_vec(),
        SqlValue::Text(text) => text.clone().into_bytes(),
        SqlValue::Bytes(bytes) => bytes.clone(),
    }
}

/// All rows, in the order of their keys.
///
/// # Errors
/// When the engine fails.
pub fn load_table<T: Table>(sql: &mut Sql<'_>) -> Result<Vec<T>, StoreError> {
    let table = T::TABLE;
    let keys: Vec<&str> = table.keys().map(|key| key.sql).collect();
    let statement =
        format!("SELECT {} FROM {} ORDER BY {}", table.select(""), table.name, keys.join(", "));
    sql.query(&statement, &[])?.iter().map(T::read).collect()
}

/// Writes a new row and gives its key: that of the row, or the next number where rows are
/// numbered.
///
/// # Errors
/// [`StoreError::Conflict`] when a unique index refuses, otherwise what the engine says.
pub fn insert<T: Table>(sql: &mut Sql<'_>, row: &T) -> Result<SqlValue, StoreError> {
    let table = T::TABLE;
    let numbered = table.is_numbered();
    let given = table.columns.iter().zip(row.values()).filter(|(c, _)| !(numbered && c.key));
    let (columns, values): (Vec<&str>, Vec<SqlValue>) = given.map(|(c, v)| (c.sql, v)).unzip();
    let marks: Vec<String> = (1..=columns.len()).map(|n| format!("${n}")).collect();
    let statement = format!(
        "INSERT INTO {} ({}) VALUES ({})",
        table.name,
        columns.join(", "),
        marks.join(", ")
    );
    if let (true, Some(key)) = (numbered, table.key()) {
        let made = sql.query_one(&format!("{statement} RETURNING {}", key.sql), &values)?;
        return made.ok_or(StoreError::Column { column: 0 })?.get::<i64>(0).map(SqlValue::from);
    }
    sql.execute(&statement, &values)?;
    Ok(row.key())
}

/// Writes the columns of a row that differ from what it was.
///
/// # Errors
/// [`StoreError::Conflict`] when a unique index refuses, otherwise what the engine says.
pub fn update<T: Table>(sql: &mut Sql<'_>, row: &T, before: &T) -> Result<(), StoreError> {
    let table = T::TABLE;
    let Some(key) = table.key() else { return Ok(()) };
    let sides = row.values().into_iter().zip(before.values());
    let differing = table.columns.iter().zip(sides).filter(|(_, (is, was))| is != was);
    let (columns, mut values): (Vec<&str>, Vec<SqlValue>) =
        differing.map(|(column, (is, _))| (column.sql, is)).unzip();
    if columns.is_empty() {
        return Ok(());
    }
    let set: Vec<String> =
        columns.iter().zip(1..).map(|(column, n)| format!("{column} = ${n}")).collect();
    values.push(row.key());
    let (name, set, n) = (table.name, set.join(", "), values.len());
    sql.execute(&format!("UPDATE {name} SET {set} WHERE {} = ${n}", key.sql), &values).map(|_| ())
}

/// Removes the row of a key.
///
/// # Errors
/// When the engine fails.
pub fn delete(sql: &mut Sql<'_>, table: &TableMeta, key: &SqlValue) -> Result<usize, StoreError> {
    let Some(column) = table.key() else { return Ok(0) };
    let statement = format!("DELETE FROM {} WHERE {} = $1", table.name, column.sql);
    sql.execute(&statement, std::slice::from_ref(key))
}

/// Removes the rows whose time has passed, of a table whose rows end; how many they were.
///
/// # Errors
/// When the engine fails.
pub fn remove_ended(
    sql: &mut Sql<'_>,
    table: &TableMeta,
    now: Timestamp,
) -> Result<usize, StoreError> {
    let Some(ends) = table.columns.iter().find(|column| column.expires) else { return Ok(0) };
    let mut statement = format!("DELETE FROM {} WHERE {} <= $1", table.name, ends.sql);
    if let Some(expiring) = table.columns.iter().find(|column| column.expiring) {
        statement.push_str(&format!(" AND {} = 1", expiring.sql));
    }
    if let Some(condition) = table.ends_if {
        statement.push_str(&format!(" AND {condition}"));
    }
    sql.execute(&statement, crate::params![now])
}
