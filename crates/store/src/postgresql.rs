//! PostgreSQL, and engines that speak its wire: the same statements in serializable transactions,
//! tried again when the engine says that another one came first.
//!
//! Used of the engine: plain tables, `RETURNING`, `ON CONFLICT`, recursive queries, serializable
//! isolation. No advisory locks, no notifications, no session state but prepared statements, which
//! can be switched off for poolers that give each transaction another session.

use std::collections::HashMap;
use std::error::Error as _;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use bytes::BytesMut;
use countersign_model::Secret;
use postgres::error::SqlState;
use postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use postgres::{Client, Config, Statement};

use crate::error::StoreError;
use crate::params;
use crate::sql::{Row, Sql, SqlValue};
use crate::tls::{PostgresTls, Refusal};

/// How the engine is reached; the original's `postgresql.*` settings.
#[derive(Debug, Clone)]
pub struct PostgresOptions {
    /// Its name, its address, or the folder of its socket.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The database.
    pub name: String,
    /// The role that connects.
    pub user: String,
    /// The password of the role.
    pub password: Secret,
    /// How the connection is secured.
    pub tls: PostgresTls,
    /// The schema that holds the tables.
    pub schema: String,
    /// Nothing is prepared and nothing set for a session, for a pooler in transaction mode.
    pub pooled: bool,
    /// As many connections as there are at most.
    pub connections: usize,
}

/// Connections to one database, made when first needed; whoever finds all of them in use waits.
pub(crate) struct Pool {
    options: PostgresOptions,
    connections: Mutex<Connections>,
    freed: Condvar,
}

#[derive(Default)]
struct Connections {
    idle: Vec<Connection>,
    lent: usize,
}

/// A connection in use; it goes back by itself.
pub(crate) struct Lent<'p> {
    pool: &'p Pool,
    connection: Option<Connection>,
}

/// As long as a thread waits for a connection: less than who asked it waits, so that nothing is
/// done that was given up.
const TURN: Duration = Duration::from_secs(8);

/// One connection with its prepared statements.
pub(crate) struct Connection {
    client: Client,
    prepared: HashMap<String, Statement>,
    keep_prepared: bool,
    /// The engine asked for the transaction to be tried again.
    pub(crate) try_again: bool,
}

impl Pool {
    pub(crate) fn new(options: PostgresOptions) -> Result<Pool, StoreError> {
        if options.pooled && options.schema != "public" {
            return Err(StoreError::Database(format!(
                "a pooler cannot carry postgresql.default_schema: remove the setting, and give the role the schema by ALTER ROLE {} SET search_path TO {}",
                options.user, options.schema
            )));
        }
        Ok(Pool { options, connections: Mutex::default(), freed: Condvar::new() })
    }

    /// Runs something on a connection.
    pub(crate) fn run<T>(&self, work: impl FnOnce(&mut Connection) -> T) -> Result<T, StoreError> {
        let mut lent = self.take()?;
        Ok(work(lent.get()?))
    }

    /// A connection for the caller alone, as soon as there is one.
    pub(crate) fn take(&self) -> Result<Lent<'_>, StoreError> {
        let most = self.options.connections.max(1);
        let connections = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self
            .freed
            .wait_timeout_while(connections, TURN, |connections| connections.lent >= most);
        let (mut connections, outcome) = waited.unwrap_or_else(PoisonError::into_inner);
        if outcome.timed_out() {
            return Err(StoreError::Away(format!(
                "all {most} connections to the database are in use: postgresql.connections allows more"
            )));
        }
        connections.lent += 1;
        let mut lent = Lent {
            pool: self,
            connection: connections.idle.pop().filter(|c| !c.client.is_closed()),
        };
        drop(connections);
        if lent.connection.is_none() {
            lent.connection = Some(self.connect()?);
        }
        lent.get()?.try_again = false;
        Ok(lent)
    }

    fn connect(&self) -> Result<Connection, StoreError> {
        let options = &self.options;
        let mut config = Config::new();
        config
            .host(&options.host)
            .port(options.port)
            .dbname(&options.name)
            .user(&options.user)
            .password(options.password.expose())
            .application_name("countersign")
            .connect_timeout(Duration::from_secs(5))
            // A machine that lost its power sends no farewell; without these its connections would
            // be waited on for hours.
            .keepalives_idle(Duration::from_secs(15))
            .keepalives_interval(Duration::from_secs(5))
            .keepalives_retries(3)
            .tcp_user_timeout(Duration::from_secs(30));
        if !options.pooled {
            config.options(&format!("-c search_path={} -c timezone=UTC", options.schema));
        }
        let host = || format!("{}:{}", options.host, options.port);
        let client = options.tls.connect(&mut config).map_err(|refusal| match refusal {
            Refusal::Untrusted(problem) => StoreError::Untrusted { host: host(), problem },
            Refusal::Failed(e) => StoreError::Unavailable {
                host: host(),
                user: options.user.clone(),
                problem: e.as_db_error().map_or_else(
                    || e.source().map_or_else(|| e.to_string(), ToString::to_string),
                    |e| e.message().to_owned(),
                ),
            },
        })?;
        Ok(Connection {
            client,
            prepared: HashMap::new(),
            keep_prepared: !options.pooled,
            try_again: false,
        })
    }
}

impl Lent<'_> {
    pub(crate) fn get(&mut self) -> Result<&mut Connection, StoreError> {
        self.connection.as_mut().ok_or(StoreError::Closed)
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        // A broken one is not used again, nor one whose transaction a panic left open.
        let well = self
            .connection
            .take()
            .filter(|connection| !connection.client.is_closed() && !std::thread::panicking());
        let mut connections = self.pool.connections.lock().unwrap_or_else(PoisonError::into_inner);
        connections.lent -= 1;
        connections.idle.extend(well);
        drop(connections);
        self.pool.freed.notify_one();
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        // Closing a connection blocks too, and the last owner may be a task of the asynchronous
        // runtime.
        let idle = std::mem::take(
            &mut self.connections.lock().unwrap_or_else(PoisonError::into_inner).idle,
        );
        let _ = std::thread::spawn(move || drop(idle)).join();
    }
}

impl Connection {
    pub(crate) fn batch(&mut self, text: &str) -> Result<(), StoreError> {
        let outcome = self.client.batch_execute(text);
        outcome.map_err(|e| self.failed(&e))
    }

    pub(crate) fn query(
        &mut self,
        text: &str,
        params: &[SqlValue],
    ) -> Result<Vec<Row>, StoreError> {
        let outcome = if self.keep_prepared {
            let statement = self.prepare(text)?;
            self.client.query(&statement, &borrowed(params))
        } else {
            self.client.query_typed(text, &typed(params))
        };
        let rows = outcome.map_err(|e| self.failed(&e))?;
        rows.iter().map(read).collect()
    }

    pub(crate) fn execute(&mut self, text: &str, params: &[SqlValue]) -> Result<usize, StoreError> {
        let outcome = if self.keep_prepared {
            let statement = self.prepare(text)?;
            self.client.execute(&statement, &borrowed(params))
        } else {
            self.client.execute_typed(text, &typed(params))
        };
        let changed = outcome.map_err(|e| self.failed(&e))?;
        Ok(usize::try_from(changed).unwrap_or(usize::MAX))
    }

    fn prepare(&mut self, text: &str) -> Result<Statement, StoreError> {
        if let Some(statement) = self.prepared.get(text) {
            return Ok(statement.clone());
        }
        let outcome = self.client.prepare(text);
        let statement = outcome.map_err(|e| self.failed(&e))?;
        // Bounded: lists with filters make texts of their own.
        if self.prepared.len() < 512 {
            self.prepared.insert(text.to_owned(), statement.clone());
        }
        Ok(statement)
    }

    fn failed(&mut self, error: &postgres::Error) -> StoreError {
        let Some(told) = error.as_db_error() else {
            let text = error.source().map_or_else(|| error.to_string(), ToString::to_string);
            return if self.client.is_closed() {
                StoreError::Away(text)
            } else {
                StoreError::Database(text)
            };
        };
        let code = told.code();
        self.try_again |= *code == SqlState::T_R_SERIALIZATION_FAILURE
            || *code == SqlState::T_R_DEADLOCK_DETECTED;
        if *code == SqlState::UNIQUE_VIOLATION {
            // A constraint is named `table_column_key`.
            let (table, name) =
                (told.table().unwrap_or_default(), told.constraint().unwrap_or_default());
            let column = name
                .strip_prefix(table)
                .unwrap_or(name)
                .trim_matches('_')
                .trim_end_matches("_key")
                .trim_end_matches("_pkey");
            return StoreError::Conflict { index: format!("{table}.{column}") };
        }
        if *code == SqlState::DISK_FULL {
            return StoreError::Full;
        }
        if *code == SqlState::CHARACTER_NOT_IN_REPERTOIRE
            || *code == SqlState::UNTRANSLATABLE_CHARACTER
        {
            return StoreError::Characters(told.message().to_owned());
        }
        // Connection lost, out of resources, shutting down or starting; and a server that takes no
        // writes for now.
        let passing = ["08", "53", "57P"].iter().any(|class| code.code().starts_with(class))
            || *code == SqlState::READ_ONLY_SQL_TRANSACTION;
        if passing {
            StoreError::Away(told.message().to_owned())
        } else {
            StoreError::Database(told.message().to_owned())
        }
    }
}

fn borrowed(params: &[SqlValue]) -> Vec<&(dyn ToSql + Sync)> {
    params.iter().map(|p| p as &(dyn ToSql + Sync)).collect()
}

/// With types of their own, so that nothing is prepared: a pooler may give each transaction another
/// session.
fn typed(params: &[SqlValue]) -> Vec<(&(dyn ToSql + Sync), Type)> {
    let kind = |value: &SqlValue| match value {
        SqlValue::Null => Type::UNKNOWN,
        SqlValue::Int(_) => Type::INT8,
        SqlValue::Text(_) => Type::TEXT,
        SqlValue::Bytes(_) => Type::BYTEA,
    };
    params.iter().map(|p| (p as &(dyn ToSql + Sync), kind(p))).collect()
}

fn read(row: &postgres::Row) -> Result<Row, StoreError> {
    let value = |i: usize, kind: &Type| -> Option<SqlValue> {
        Some(match *kind {
            Type::INT8 => row.try_get::<_, Option<i64>>(i).ok()?.into(),
            Type::INT4 => row.try_get::<_, Option<i32>>(i).ok()?.into(),
            Type::BOOL => row.try_get::<_, Option<bool>>(i).ok()?.into(),
            Type::BYTEA => row.try_get::<_, Option<Vec<u8>>>(i).ok()?.into(),
            _ => row.try_get::<_, Option<String>>(i).ok()?.into(),
        })
    };
    let columns = row.columns().iter().enumerate();
    columns
        .map(|(i, c)| value(i, c.type_()).ok_or(StoreError::Column { column: i }))
        .collect::<Result<Vec<_>, _>>()
        .map(Row::new)
}

impl ToSql for SqlValue {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match (self, kind) {
            (SqlValue::Null, _) => Ok(IsNull::Yes),
            (SqlValue::Int(n), &Type::INT4) => i32::try_from(*n)?.to_sql(kind, out),
            (SqlValue::Int(n), &Type::INT8) => n.to_sql(kind, out),
            (SqlValue::Int(n), _) => n.to_string().to_sql(&Type::TEXT, out),
            (SqlValue::Text(t), _) => t.to_sql(kind, out),
            (SqlValue::Bytes(b), _) => b.to_sql(kind, out),
        }
    }

    fn accepts(kind: &Type) -> bool {
        [Type::INT4, Type::INT8, Type::TEXT, Type::VARCHAR, Type::BYTEA, Type::UNKNOWN]
            .contains(kind)
    }

    to_sql_checked!();
}

/// What gives a table's numbers, as statements name it.
pub(crate) fn sequence(sql: &mut Sql<'_>, table: &str) -> Result<String, StoreError> {
    let row = sql.query_one("SELECT pg_get_serial_sequence($1, 'id')", params![table])?;
    row.ok_or(StoreError::Column { column: 0 })?.get(0)
}

/// The tables' text in this engine's words.
pub(crate) fn dialect(migration: &str) -> String {
    crate::migrate::of_engine(migration, "server")
        .replace("INTEGER PRIMARY KEY AUTOINCREMENT", "INTEGER PRIMARY KEY")
        .replace("INTEGER PRIMARY KEY", "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY")
        .replace(" BLOB", " BYTEA")
        .replace(") VIRTUAL", ") STORED")
        .replace(") WITHOUT ROWID", ")")
}

/// Functions that the embedded engine has built in, so that one statement text serves both.
pub(crate) const FUNCTIONS: &str = "
CREATE OR REPLACE FUNCTION json_extract(document TEXT, path TEXT) RETURNS TEXT LANGUAGE SQL IMMUTABLE
  AS $$ SELECT jsonb_path_query_first(document::jsonb, path::jsonpath) #>> '{}' $$;
CREATE OR REPLACE FUNCTION json_each(document TEXT) RETURNS TABLE (value BIGINT) LANGUAGE SQL IMMUTABLE
  AS $$ SELECT element::BIGINT FROM json_array_elements_text(document::json) element $$;
CREATE OR REPLACE FUNCTION instr(text_in TEXT, part TEXT) RETURNS BIGINT LANGUAGE SQL IMMUTABLE
  AS $$ SELECT strpos(text_in, part)::BIGINT $$;
";
