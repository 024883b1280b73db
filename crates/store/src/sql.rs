//! SQL as the rest of the program sees it: one statement text with `$1` parameters for every
//! engine, values in and rows out. Nothing of an engine shows here.

use std::sync::atomic::{AtomicU64, Ordering};

use countersign_model::{Key, Timestamp};
use rusqlite::types::{ToSqlOutput, Value as Native, ValueRef};
use uuid::Uuid;

use crate::error::StoreError;
use crate::postgresql;

/// A value bound to a statement or read from a row.
#[derive(Debug, Clone, PartialEq)]
pub enum SqlValue {
    /// No value.
    Null,
    /// A whole number, a moment in microseconds, or 0 and 1 for false and true.
    Int(i64),
    /// A text.
    Text(String),
    /// Bytes, as of a UUID.
    Bytes(Vec<u8>),
}

macro_rules! into_value {
    ($($from:ty => |$v:ident| $make:expr;)*) => {$(
        impl From<$from> for SqlValue {
            fn from($v: $from) -> SqlValue { $make }
        }
    )*};
}

into_value! {
    i64 => |v| SqlValue::Int(v);
    i32 => |v| SqlValue::Int(v.into());
    bool => |v| SqlValue::Int(v.into());
    String => |v| SqlValue::Text(v);
    &String => |v| SqlValue::Text(v.clone());
    &str => |v| SqlValue::Text(v.to_owned());
    Vec<u8> => |v| SqlValue::Bytes(v);
    &[u8] => |v| SqlValue::Bytes(v.to_vec());
    [u8; 32] => |v| SqlValue::Bytes(v.to_vec());
    Uuid => |v| SqlValue::Bytes(v.as_bytes().to_vec());
    Timestamp => |v| SqlValue::Int(v.0);
    Key => |v| match v { Key::Int(n) => SqlValue::Int(n), Key::Uuid(u) => u.into() };
    serde_json::Value => |v| SqlValue::Text(v.to_string());
    &serde_json::Value => |v| SqlValue::Text(v.to_string());
}

impl<T: Into<SqlValue>> From<Option<T>> for SqlValue {
    fn from(v: Option<T>) -> SqlValue {
        v.map_or(SqlValue::Null, Into::into)
    }
}

/// What a column can be read as.
pub trait FromSql: Sized {
    /// The value; `None` when it is of another type.
    fn from_sql(value: &SqlValue) -> Option<Self>;
}

macro_rules! from_value {
    ($($to:ty, $pattern:pat => $make:expr;)*) => {$(
        impl FromSql for $to {
            fn from_sql(value: &SqlValue) -> Option<Self> {
                match value { $pattern => $make, _ => None }
            }
        }
    )*};
}

from_value! {
    i64, SqlValue::Int(n) => Some(*n);
    bool, SqlValue::Int(n) => Some(*n != 0);
    String, SqlValue::Text(t) => Some(t.clone());
    Vec<u8>, SqlValue::Bytes(b) => Some(b.clone());
    Uuid, SqlValue::Bytes(b) => Uuid::from_slice(b).ok();
    Timestamp, SqlValue::Int(n) => Some(Timestamp(*n));
    serde_json::Value, SqlValue::Text(t) => serde_json::from_str(t).ok();
}

impl<T: FromSql> FromSql for Option<T> {
    fn from_sql(value: &SqlValue) -> Option<Self> {
        if *value == SqlValue::Null { Some(None) } else { T::from_sql(value).map(Some) }
    }
}

/// One row of an answer.
#[derive(Debug, Clone)]
pub struct Row(Vec<SqlValue>);

impl Row {
    /// # Errors
    /// [`StoreError::Column`] when the column is not there or holds another type.
    pub fn get<T: FromSql>(&self, column: usize) -> Result<T, StoreError> {
        self.0.get(column).and_then(T::from_sql).ok_or(StoreError::Column { column })
    }
}

impl Row {
    pub(crate) fn value(&self, column: usize) -> Option<&SqlValue> {
        self.0.get(column)
    }

    pub(crate) fn new(values: Vec<SqlValue>) -> Row {
        Row(values)
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &SqlValue> {
        self.0.iter()
    }
}

/// Statements on one connection, inside one transaction.
pub struct Sql<'c> {
    pub(crate) engine: Engine<'c>,
    statements: Option<&'c AtomicU64>,
}

/// The connection of the engine that is used.
pub(crate) enum Engine<'c> {
    Postgres(&'c mut postgresql::Connection),
    Sqlite(&'c rusqlite::Connection),
}

/// `params![a, b]` makes the values of `$1`, `$2`.
#[macro_export]
macro_rules! params {
    ($($value:expr),* $(,)?) => { &[$($crate::SqlValue::from($value)),*] };
}

impl<'c> Sql<'c> {
    pub(crate) const fn embedded(connection: &'c rusqlite::Connection) -> Sql<'c> {
        Sql { engine: Engine::Sqlite(connection), statements: None }
    }

    pub(crate) const fn postgres(connection: &'c mut postgresql::Connection) -> Sql<'c> {
        Sql { engine: Engine::Postgres(connection), statements: None }
    }

    /// Every statement raises this count by one.
    pub(crate) const fn counted(mut self, statements: &'c AtomicU64) -> Sql<'c> {
        self.statements = Some(statements);
        self
    }

    fn count(&self) {
        if let Some(statements) = self.statements {
            statements.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The connection of an engine that several processes share.
    pub(crate) const fn shared(&mut self) -> Option<&mut postgresql::Connection> {
        match &mut self.engine {
            Engine::Postgres(connection) => Some(connection),
            Engine::Sqlite(_) => None,
        }
    }
}

impl Sql<'_> {
    /// # Errors
    /// When the engine refuses the statement.
    pub fn query(&mut self, statement: &str, params: &[SqlValue]) -> Result<Vec<Row>, StoreError> {
        self.count();
        let connection = match &mut self.engine {
            Engine::Postgres(connection) => return connection.query(statement, params),
            Engine::Sqlite(connection) => connection,
        };
        let mut prepared = connection.prepare_cached(statement)?;
        bind(&mut prepared, params)?;
        let columns = prepared.column_count();
        let mut rows = prepared.raw_query();
        let mut answer = Vec::new();
        while let Some(row) = rows.next()? {
            let values =
                (0..columns).map(|i| row.get_ref(i).map(read)).collect::<Result<Vec<_>, _>>()?;
            answer.push(Row(values));
        }
        Ok(answer)
    }

    /// The first row, if there is one.
    ///
    /// # Errors
    /// When the engine refuses the statement.
    pub fn query_one(
        &mut self,
        statement: &str,
        params: &[SqlValue],
    ) -> Result<Option<Row>, StoreError> {
        Ok(self.query(statement, params)?.into_iter().next())
    }

    /// What is noted under a name in the table of facts, for what has no table of its own.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn fact(&mut self, name: &str) -> Result<Option<String>, StoreError> {
        let row = self.query_one("SELECT value FROM fact WHERE name = $1", params![name])?;
        row.map(|row| row.get(0)).transpose()
    }

    /// Notes a fact, in place of what was noted under its name.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn put_fact(&mut self, name: &str, value: &str) -> Result<(), StoreError> {
        let statement = "INSERT INTO fact (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
        self.execute(statement, params![name, value]).map(|_| ())
    }

    /// The number of rows changed.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when a unique index refuses, otherwise what the engine says.
    pub fn execute(&mut self, statement: &str, params: &[SqlValue]) -> Result<usize, StoreError> {
        self.count();
        let connection = match &mut self.engine {
            Engine::Postgres(connection) => return connection.execute(statement, params),
            Engine::Sqlite(connection) => connection,
        };
        let mut prepared = connection.prepare_cached(statement)?;
        bind(&mut prepared, params)?;
        Ok(prepared.raw_execute()?)
    }
}

/// SQLite numbers `$n` parameters by first appearance: bind each by the number in its name.
fn bind(prepared: &mut rusqlite::Statement<'_>, params: &[SqlValue]) -> Result<(), StoreError> {
    for index in 1..=prepared.parameter_count() {
        let number = prepared
            .parameter_name(index)
            .and_then(|n| n.trim_start_matches('$').parse::<usize>().ok());
        let value = number.and_then(|n| params.get(n.wrapping_sub(1)));
        let Some(value) = value else {
            return Err(StoreError::Database(format!(
                "parameter {index} of a statement has no value"
            )));
        };
        prepared.raw_bind_parameter(index, value)?;
    }
    Ok(())
}

impl rusqlite::ToSql for SqlValue {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            SqlValue::Null => ToSqlOutput::Owned(Native::Null),
            SqlValue::Int(n) => ToSqlOutput::Owned(Native::Integer(*n)),
            SqlValue::Text(t) => ToSqlOutput::Borrowed(ValueRef::Text(t.as_bytes())),
            SqlValue::Bytes(b) => ToSqlOutput::Borrowed(ValueRef::Blob(b)),
        })
    }
}

fn read(value: ValueRef<'_>) -> SqlValue {
    match value {
        ValueRef::Null => SqlValue::Null,
        ValueRef::Integer(n) => SqlValue::Int(n),
        #[expect(
            clippy::cast_possible_truncation,
            reason = "no column of ours holds fractions; aggregates of integers are whole"
        )]
        ValueRef::Real(f) => SqlValue::Int(f as i64),
        ValueRef::Text(t) => SqlValue::Text(String::from_utf8_lossy(t).into_owned()),
        ValueRef::Blob(b) => SqlValue::Bytes(b.to_vec()),
    }
}
