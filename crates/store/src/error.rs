//! What can go wrong in the store.

use countersign_model::{EditError, FieldErrors, LoadError};
use thiserror::Error;

/// Why something is not read or written.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The engine refused or failed; the text is for the log, never for a client.
    #[error("database: {0}")]
    Database(String),
    /// A unique index refused a row.
    #[error("database: a row with the same {index} exists already")]
    Conflict {
        /// As `table.column`.
        index: String,
    },
    /// The database server cannot be reached, or does not let us in.
    #[error("database: {host} as user {user}: {problem}")]
    Unavailable {
        /// The server.
        host: String,
        /// The role that wanted to connect.
        user: String,
        /// What it or the system said.
        problem: String,
    },
    /// There is no connection that is encrypted and proven as the settings demand.
    #[error("database: no connection to {host} as postgresql.sslmode demands it: {problem}")]
    Untrusted {
        /// The server.
        host: String,
        /// What is missing.
        problem: String,
    },
    /// A text the engine cannot keep, as one with a null character.
    #[error("database: {0}")]
    Characters(String),
    /// The database or Redis does not answer, or takes no writes for the moment; the text is for
    /// the log.
    #[error("away for the moment: {0}")]
    Away(String),
    /// The configuration has moved on since this transaction began; it is tried again.
    #[error("database: the configuration changed meanwhile; try again")]
    Stale,
    /// Nothing more can be written until there is room.
    #[error("database: the disk is full")]
    Full,
    /// A column did not hold what the code expects.
    #[error("database: column {column} holds another type than expected")]
    Column {
        /// Its place in the row, from 0.
        column: usize,
    },
    /// A stored object cannot be read.
    #[error("{0}")]
    Load(#[from] LoadError),
    /// An edit the graph refuses, from a writer that has no field errors to answer with.
    #[error("{0}")]
    Edit(#[from] EditError),
    /// A rule that holds for every way to write refused the transaction.
    #[error("{}", .0.sentences())]
    Refused(FieldErrors),
    /// Who acts may not make this edit; the sentence says why.
    #[error("{0}")]
    Denied(&'static str),
    /// A newer version of the program made the tables.
    #[error(
        "the data was written by a newer version (schema {found}, this program knows {known}): start that version again, or restore a backup"
    )]
    Newer {
        /// The number of the tables.
        found: i64,
        /// The last number that this program knows.
        known: i64,
    },
    /// What is sealed was sealed with another key.
    #[error(
        "the secret key is not the one this data was made with: set AUTHENTIK_SECRET_KEY (or COUNTERSIGN_SECRET_KEY) to the former value, \
         or restore the file secret-key in the data folder"
    )]
    WrongSecretKey,
    /// The folder of the database cannot be used.
    #[error(
        "the data folder {path} cannot be used: {problem}. Create it, or make it writable for the user that runs this program"
    )]
    DataFolder {
        /// The folder.
        path: String,
        /// What the system said.
        problem: String,
    },
    /// The program is stopping.
    #[error("the store is shutting down")]
    Closed,
}

impl StoreError {
    /// Whether the engine is away, full or busy, so that the same request may work in a moment.
    pub const fn is_passing(&self) -> bool {
        matches!(
            self,
            StoreError::Unavailable { .. }
                | StoreError::Untrusted { .. }
                | StoreError::Away(_)
                | StoreError::Full
                | StoreError::Stale
                | StoreError::Closed
        )
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> StoreError {
        if let rusqlite::Error::SqliteFailure(code, text) = &error {
            match code.code {
                rusqlite::ErrorCode::ConstraintViolation => {
                    if let Some(index) =
                        text.as_deref().and_then(|t| t.strip_prefix("UNIQUE constraint failed: "))
                    {
                        return StoreError::Conflict { index: index.to_owned() };
                    }
                }
                rusqlite::ErrorCode::DiskFull => return StoreError::Full,
                _ => {}
            }
        }
        StoreError::Database(error.to_string())
    }
}
