//! Rows of the directory, as blueprints see them.

use countersign_model::{FieldErrors, Key, KeyType};
use countersign_store::{Sql, StoreError, Tx};
use serde_json::{Map, Value as Json};

/// One row with the values its fields can be compared by.
#[derive(Debug, Clone)]
pub struct Row {
    /// Its key.
    pub key: Key,
    /// Its fields; those that are secret or derived may be missing.
    pub values: Map<String, Json>,
}

/// Why a row was not written.
#[derive(Debug)]
pub enum TableFault {
    /// The values are not valid.
    Fields(FieldErrors),
    /// The store refused.
    Store(StoreError),
}

impl From<StoreError> for TableFault {
    fn from(error: StoreError) -> TableFault {
        TableFault::Store(error)
    }
}

impl From<FieldErrors> for TableFault {
    fn from(errors: FieldErrors) -> TableFault {
        TableFault::Fields(errors)
    }
}

/// A table whose rows blueprints may make, change and delete. Validation is that of the API, except
/// for the fields that exist only in blueprints (a user's `password`, a token's `key`).
pub trait Table: Send + Sync {
    /// `app_label.model`.
    fn model(&self) -> &'static str;
    /// The form of its keys.
    fn key(&self) -> KeyType;
    /// The fields rows can be found by.
    fn fields(&self) -> &'static [&'static str];
    /// Rows among which those with these values are; may answer more than asked for, never less.
    ///
    /// # Errors
    /// When the store refuses.
    fn candidates(
        &self,
        sql: &mut Sql<'_>,
        conditions: &[(String, Json)],
    ) -> Result<Vec<Row>, StoreError>;
    /// Makes a row, with that key if one is given.
    ///
    /// # Errors
    /// When the values are not valid, or the store refuses.
    fn create(
        &self,
        tx: &mut Tx<'_>,
        key: Option<Key>,
        values: &Map<String, Json>,
    ) -> Result<Key, TableFault>;
    /// Sets values of a row; answers which fields changed.
    ///
    /// # Errors
    /// When the values are not valid, or the store refuses.
    fn update(
        &self,
        tx: &mut Tx<'_>,
        row: &Row,
        values: &Map<String, Json>,
    ) -> Result<Vec<String>, TableFault>;
    /// Deletes a row and what hangs on it.
    ///
    /// # Errors
    /// When something forbids it, or the store refuses.
    fn delete(&self, tx: &mut Tx<'_>, key: Key) -> Result<(), TableFault>;
}
