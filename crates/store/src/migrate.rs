//! Numbered, transactional, forward-only migrations of the tables.

use rusqlite::Connection;

use crate::error::StoreError;
use crate::sql::Sql;
use crate::{numbers, params, postgresql};

/// What brings the tables from one number to the next; never edited once released.
enum Migration {
    Statements(&'static str),
    /// What one statement text cannot say for both engines.
    Work(fn(&mut Sql<'_>) -> Result<(), StoreError>),
}

use Migration::{Statements, Work};

const MIGRATIONS: &[Migration] = &[
    Statements(include_str!("../migrations/0001_initial.sql")),
    Statements(include_str!("../migrations/0002_tasks.sql")),
    Statements(include_str!("../migrations/0003_event_chain.sql")),
    Statements(include_str!("../migrations/0004_user_lookups.sql")),
    Work(numbers::begin),
    Statements(include_str!("../migrations/0006_oauth_clients.sql")),
    Statements(include_str!("../migrations/0007_ephemeral_owner.sql")),
    Statements(include_str!("../migrations/0008_known_runs.sql")),
    Statements(include_str!("../migrations/0009_people_index.sql")),
    Statements(include_str!("../migrations/0010_event_count.sql")),
    Statements(include_str!("../migrations/0011_flow_links.sql")),
    Statements(include_str!("../migrations/0012_refresh_token_generation.sql")),
    Statements(include_str!("../migrations/0013_event_indexes.sql")),
    Statements(include_str!("../migrations/0014_flow_steps.sql")),
    Statements(include_str!("../migrations/0015_accounts_and_sessions.sql")),
    Statements(include_str!("../migrations/0016_second_factors.sql")),
    Statements(include_str!("../migrations/0017_roles.sql")),
    Statements(include_str!("../migrations/0018_mailed_links.sql")),
    Statements(include_str!("../migrations/0019_session_ends.sql")),
    Statements(include_str!("../migrations/0020_passkeys.sql")),
    Statements(include_str!("../migrations/0021_invitations.sql")),
    Statements(include_str!("../migrations/0022_proxy_sessions.sql")),
    Statements(include_str!("../migrations/0023_sent_codes.sql")),
    Statements(include_str!("../migrations/0024_text_messages.sql")),
    Statements(include_str!("../migrations/0025_duo.sql")),
    Statements(include_str!("../migrations/0026_policies.sql")),
    Statements(include_str!("../migrations/0027_repeatable_requests.sql")),
    Statements(include_str!("../migrations/0028_runs.sql")),
    Statements(include_str!("../migrations/0029_impact.sql")),
    Statements(include_str!("../migrations/0030_ldap.sql")),
    Statements(include_str!("../migrations/0031_outposts.sql")),
    Statements(include_str!("../migrations/0032_saml_sessions.sql")),
    Statements(include_str!("../migrations/0034_device_codes.sql")),
    Statements(include_str!("../migrations/0035_session_participants.sql")),
    Statements(include_str!("../migrations/0036_source_connections.sql")),
    Statements(include_str!("../migrations/0037_source_sessions.sql")),
    Statements(include_str!("../migrations/0038_clients.sql")),
    Statements(include_str!("../migrations/0041_set_up_links.sql")),
    Statements(include_str!("../migrations/0042_ldap_source.sql")),
    Statements(include_str!("../migrations/0043_backchannel_authentication.sql")),
];

/// The schema since which events are counted: older backups have no count.
pub(crate) const EVENTS_COUNTED: i64 = 10;

/// Brings a PostgreSQL database up to date and runs `first` on it in one transaction, under the
/// lock of the row that counts the schema: processes that start at once do so one after the other.
pub(crate) fn run_postgres<T>(
    connection: &mut postgresql::Connection,
    first: impl FnOnce(&mut postgresql::Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let create = "CREATE TABLE IF NOT EXISTS schema_version (id BIGINT PRIMARY KEY, version BIGINT NOT NULL)";
    // Of two processes that create it at once, PostgreSQL refuses the slower even so; it then finds
    // the table.
    if connection.batch(create).is_err() {
        connection.batch(create)?;
    }
    connection.batch(
        "INSERT INTO schema_version (id, version) VALUES (1, 0) ON CONFLICT (id) DO NOTHING",
    )?;
    connection.batch("BEGIN")?;
    let outcome = step_postgres(connection).and_then(|()| first(connection));
    connection.batch(if outcome.is_ok() { "COMMIT" } else { "ROLLBACK" })?;
    outcome
}

fn step_postgres(connection: &mut postgresql::Connection) -> Result<(), StoreError> {
    let rows =
        connection.query("SELECT version FROM schema_version WHERE id = 1 FOR UPDATE", &[])?;
    let found: i64 = rows.first().ok_or(StoreError::Column { column: 0 })?.get(0)?;
    if found > known() {
        return Err(StoreError::Newer { found, known: known() });
    }
    if found < known() {
        // Before the tables: columns are computed with them.
        connection.batch(postgresql::FUNCTIONS)?;
        for migration in MIGRATIONS.iter().skip(usize::try_from(found).unwrap_or(0)) {
            match migration {
                Statements(text) => connection.batch(&postgresql::dialect(text))?,
                Work(work) => work(&mut Sql::postgres(connection))?,
            }
        }
        connection
            .execute("UPDATE schema_version SET version = $1 WHERE id = 1", params![known()])?;
    }
    Ok(())
}

/// The text of a step without what is for the other engine: lines from `-- embedded {` or `--
/// server {` to `-- }`.
pub(crate) fn of_engine(statements: &str, engine: &str) -> String {
    let mut skipped = false;
    let mine = statements.lines().filter(|line| {
        if let Some(begun) = line.strip_prefix("-- ").and_then(|line| line.strip_suffix(" {")) {
            skipped = begun != engine;
        }
        let taken = !skipped;
        skipped &= *line != "-- }";
        taken
    });
    mine.collect::<Vec<_>>().join("\n")
}

pub(crate) fn known() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

/// The schema number of a database; 0 is an empty one.
pub(crate) fn found(connection: &Connection) -> Result<i64, StoreError> {
    Ok(connection.query_row("PRAGMA user_version", [], |row| row.get(0))?)
}

/// Brings the tables up to date, each step in a transaction of its own.
pub(crate) fn run(connection: &mut Connection) -> Result<(), StoreError> {
    run_to(connection, MIGRATIONS.len())
}

/// Stops at a number of the schema, for tests of what comes after it.
pub(crate) fn run_to(connection: &mut Connection, number: usize) -> Result<(), StoreError> {
    let found = found(connection)?;
    if found > known() {
        return Err(StoreError::Newer { found, known: known() });
    }
    for (index, migration) in
        MIGRATIONS.iter().enumerate().take(number).skip(usize::try_from(found).unwrap_or(0))
    {
        let step = connection.transaction()?;
        match migration {
            Statements(text) => step.execute_batch(&of_engine(text, "embedded"))?,
            Work(work) => work(&mut Sql::embedded(&step))?,
        }
        step.pragma_update(None, "user_version", i64::try_from(index).unwrap_or(0) + 1)?;
        step.commit()?;
    }
    Ok(())
}
