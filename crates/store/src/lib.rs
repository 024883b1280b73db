//! Where things are kept: the configuration graph, the directory's tables, and what lives only for
//! a while.
//!
//! One operation writes: [`Store::write`]. Its closure gets a [`Tx`], which is at once SQL over the
//! tables and a draft over the graph; both commit in one transaction, or neither. Nothing here
//! knows what a user or a flow is: statements live with the rules they serve.
#![warn(missing_docs)]

mod actor;
mod backup;
mod backup_files;
mod ephemeral;
mod error;
mod graph;
mod keys;
mod migrate;
mod numbers;
mod postgresql;
mod redis;
mod replicas;
mod seal;
mod seldom;
mod sql;
mod sqlite;
mod store;
mod system;
mod table;
mod tls;
mod tx;

pub use actor::{Actor, ActorUser, Agent};
pub use backup::{
    BackupError, BackupHeader, backed_up_columns, read_header, remove_if_empty, restore_backup,
    write_backup,
};
pub use backup_files::restore_files;
pub use ephemeral::{Ephemeral, Owner, Versioned};
pub use error::StoreError;
pub use graph::CommittedEdit;
pub use keys::{SecretKey, settle_restored_key};
pub use postgresql::PostgresOptions;
pub use redis::{RedisOptions, RedisTls, Topology};
pub use seal::{Seal, sha256};
pub use seldom::{Seldom, log_failure};
pub use sql::{FromSql, Row, Sql, SqlValue};
pub use store::{Auditor, Database, Named, Options, Refreshed, RowEdit, Store};
pub use system::{SystemClock, SystemEntropy};
pub use table::{
    Stored, Table, delete, insert, load, load_all, load_table, numbered, one_of, remove_ended,
    update,
};
pub use tls::{Checks, PostgresTls, SslMode, encryption};
pub use tx::{Check, Tx};
