//! Events in the order they were sealed in: what followers of the log read.

use countersign_store::{Sql, SqlValue, StoreError, Table, load_all, params};
use serde_json::Value;
use uuid::Uuid;

use crate::api::{EventRow, answered};

/// An event as followers see it.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// Its place; 0 while it waits to be sealed.
    pub seq: i64,
    pub uuid: Uuid,
    /// As the API answers it.
    pub json: Value,
}

impl Recorded {
    pub fn action(&self) -> &str {
        self.json.get("action").and_then(Value::as_str).unwrap_or_default()
    }

    pub fn context(&self) -> &Value {
        self.json.get("context").unwrap_or(&Value::Null)
    }

    /// The account it is about.
    pub fn user_pk(&self) -> Option<i64> {
        self.json.pointer("/user/pk").and_then(Value::as_i64)
    }
}

fn recorded(row: &EventRow) -> Recorded {
    Recorded { seq: row.seq.unwrap_or_default(), uuid: row.uuid, json: answered(row) }
}

/// The sealed events behind a place, in order.
///
/// # Errors
/// When the engine fails.
pub fn sealed_after(sql: &mut Sql<'_>, seq: i64, most: i64) -> Result<Vec<Recorded>, StoreError> {
    let columns = EventRow::TABLE.select("");
    let rows = sql.query(
        &format!("SELECT {columns} FROM event WHERE seq > $1 ORDER BY seq LIMIT $2"),
        params![seq, most],
    )?;
    rows.iter().map(|row| EventRow::read(row).map(|row| recorded(&row))).collect()
}

/// One event.
///
/// # Errors
/// When the engine fails.
pub fn find(sql: &mut Sql<'_>, uuid: Uuid) -> Result<Option<Recorded>, StoreError> {
    Ok(find_all(sql, &[uuid.into()])?.pop())
}

/// The events of these keys, in this order.
///
/// # Errors
/// When the engine fails.
pub fn find_all(sql: &mut Sql<'_>, keys: &[SqlValue]) -> Result<Vec<Recorded>, StoreError> {
    Ok(load_all(sql, keys)?.iter().map(recorded).collect())
}
