//! Numbers that are given once. Others know a row by its number (`sub` of OpenID Connect is made of
//! an account's, and is "never reassigned": OpenID Connect Core 1.0, section 2), so the number of a
//! deleted row is not given to another one.
//!
//! Each engine has a counter per table that never goes back: `sqlite_sequence`, and PostgreSQL's
//! sequences. A backup carries them. It cannot carry what was given after it was made, so a restore
//! leaves a gap.

use std::collections::HashMap;

use countersign_model::{KeyType, Registry, Timestamp};
use serde_json::Value;

use crate::error::StoreError;
use crate::graph;
use crate::params;
use crate::postgresql;
use crate::sql::{Engine, Sql};

/// A table whose rows had numbers when the step of the migration begun it, and in backups from
/// before. Later tables are counted from their first row, as their declarations say.
struct Numbered {
    table: &'static str,
    /// What events call its rows.
    model_name: &'static str,
}

const NUMBERED: [Numbered; 5] = [
    Numbered { table: "users", model_name: "user" },
    Numbered { table: "consent", model_name: "userconsent" },
    Numbered { table: "authorization_code", model_name: "authorizationcode" },
    Numbered { table: "access_token", model_name: "accesstoken" },
    Numbered { table: "refresh_token", model_name: "refreshtoken" },
];

/// The space of the graph whose objects have numbers that rows name.
const PROVIDERS: &str = "provider";

/// Documents read at once.
const AT_ONCE: i64 = 500;

/// Numbers that a restore leaves out at least.
const GAP: i64 = 10_000;

/// The step of the migration that begins it: the embedded engine's tables count from now on, and
/// all counters begin above every number that anything still names.
pub(crate) fn begin(sql: &mut Sql<'_>) -> Result<(), StoreError> {
    if let Engine::Sqlite(connection) = &sql.engine {
        // AUTOINCREMENT changes how numbers are chosen and nothing of the rows, so the definition
        // is changed where it is kept (www.sqlite.org/lang_altertable.html, section 7): a copy of
        // the table would take every row along that names it.
        let version: i64 = connection.query_row("PRAGMA schema_version", [], |row| row.get(0))?;
        let tables = NUMBERED.map(|of| format!("'{}'", of.table)).join(", ");
        connection.execute_batch(&format!(
            "CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT);
             DROP TABLE counted;
             PRAGMA writable_schema = ON;
             UPDATE sqlite_schema SET sql = replace(sql, 'id INTEGER PRIMARY KEY,', 'id INTEGER PRIMARY KEY AUTOINCREMENT,')
               WHERE type = 'table' AND name IN ({tables});
             PRAGMA schema_version = {};
             PRAGMA writable_schema = RESET;",
            version + 2
        ))?;
    }
    begin_above_all_seen(sql)
}

/// Puts every counter above the numbers of rows, and of what is named by events, grants and
/// recorded edits. Documents are read here and not by the engine: PostgreSQL refuses some that hold
/// what a visitor typed.
pub(crate) fn begin_above_all_seen(sql: &mut Sql<'_>) -> Result<(), StoreError> {
    let mut highest: HashMap<&str, i64> = HashMap::new();
    let mut see = |table: &'static str, number: Option<i64>| {
        let known = highest.entry(table).or_default();
        *known = (*known).max(number.unwrap_or(0));
    };
    for of in &NUMBERED {
        see(of.table, Some(highest_of(sql, &format!("SELECT MAX(id) FROM {}", of.table))?));
    }
    see("users", Some(highest_of(sql, "SELECT MAX(user_id) FROM flow_run")?));
    for row in sql.query("SELECT DISTINCT user_json FROM event", params![])? {
        users_of(&row.get(0)?).for_each(|user| see("users", Some(user)));
    }
    let mut after = Vec::new();
    loop {
        let statement = "SELECT uuid, context FROM event WHERE uuid > $1 AND context LIKE '%\"model_name\"%' ORDER BY uuid LIMIT $2";
        let rows = sql.query(statement, params![after.as_slice(), AT_ONCE])?;
        let Some(last) = rows.last() else { break };
        after = last.get(0)?;
        for row in &rows {
            let context: Value = row.get(1)?;
            let name = context.pointer("/model/model_name").and_then(Value::as_str);
            let number =
                context.pointer("/model/pk").and_then(Value::as_str).and_then(|pk| pk.parse().ok());
            NUMBERED
                .iter()
                .filter(|of| name == Some(of.model_name))
                .for_each(|of| see(of.table, number));
        }
    }
    let mut after = -1;
    loop {
        let rows = sql.query("SELECT revision, actor, edits FROM change WHERE revision > $1 ORDER BY revision LIMIT $2", params![after, AT_ONCE])?;
        let Some(last) = rows.last() else { break };
        after = last.get(0)?;
        for row in &rows {
            let (actor, edits): (Value, Value) = (row.get(1)?, row.get(2)?);
            users_of(actor.get("user").unwrap_or(&Value::Null))
                .chain(users_of(&actor))
                .for_each(|user| see("users", Some(user)));
            // What was bound to an account.
            let sides = edits.as_array().into_iter().flatten().flat_map(|edit| {
                ["/before/data/user", "/after/data/user"].map(|at| edit.pointer(at))
            });
            sides.flatten().for_each(|user| see("users", user.as_i64()));
        }
    }
    for of in &NUMBERED {
        raise(sql, of.table, highest.get(of.table).copied().unwrap_or(0))?;
    }
    let mut provider = 0;
    for grants in ["authorization_code", "access_token", "refresh_token"] {
        provider =
            provider.max(highest_of(sql, &format!("SELECT MAX(provider_id) FROM {grants}"))?);
    }
    graph::note_highest_key(sql, PROVIDERS, provider)
}

/// The accounts that somebody acted as: `{pk, on_behalf_of: {pk}}`.
fn users_of(named: &Value) -> impl Iterator<Item = i64> {
    [named.get("pk"), named.pointer("/on_behalf_of/pk")]
        .into_iter()
        .flatten()
        .filter_map(Value::as_i64)
}

fn highest_of(sql: &mut Sql<'_>, statement: &str) -> Result<i64, StoreError> {
    Ok(sql
        .query_one(statement, params![])?
        .map_or(Ok(None), |row| row.get::<Option<i64>>(0))?
        .unwrap_or(0))
}

/// The highest number ever given in each numbered table, by name.
pub(crate) fn given(
    sql: &mut Sql<'_>,
    registry: &Registry,
) -> Result<Vec<(&'static str, i64)>, StoreError> {
    let numbered = registry.tables().filter(|table| table.is_numbered());
    numbered.map(|table| Ok((table.name, highest_given(sql, table.name)?))).collect()
}

/// Takes over what a backup says of the numbers given before it, and leaves out those that may have
/// been given since.
pub(crate) fn continue_after(
    sql: &mut Sql<'_>,
    registry: &Registry,
    given: &[(String, i64)],
    made: Timestamp,
    now: Timestamp,
) -> Result<(), StoreError> {
    if given.is_empty() {
        begin_above_all_seen(sql)?;
    }
    let since = (now.seconds() - made.seconds()).max(0);
    for of in registry.tables().filter(|table| table.is_numbered()) {
        let before =
            given.iter().find(|(table, _)| table == of.name).map_or(0, |(_, number)| *number);
        let before = before.max(highest_given(sql, of.name)?);
        raise(sql, of.name, before + GAP + since * of.a_second)?;
    }
    let mut spaces: Vec<&str> = registry
        .kinds()
        .filter(|kind| kind.meta.key == KeyType::Int)
        .map(|kind| kind.meta.space.0)
        .collect();
    spaces.sort_unstable();
    spaces.dedup();
    for space in spaces {
        let statement =
            format!("SELECT MAX(CAST(key AS BIGINT)) FROM object WHERE space = '{space}'");
        let before = graph::noted_highest_key(sql, space)?.max(highest_of(sql, &statement)?);
        graph::note_highest_key(sql, space, before + GAP + since)?;
    }
    Ok(())
}

fn highest_given(sql: &mut Sql<'_>, table: &str) -> Result<i64, StoreError> {
    if sql.shared().is_none() {
        let row =
            sql.query_one("SELECT seq FROM sqlite_sequence WHERE name = $1", params![table])?;
        return row.map_or(Ok(0), |row| row.get(0));
    }
    let sequence = postgresql::sequence(sql, table)?;
    highest_of(
        sql,
        &format!(
            "SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END FROM {sequence}"
        ),
    )
}

/// Lets a table's next number be above `number`; a counter that is there already stays.
fn raise(sql: &mut Sql<'_>, table: &str, number: i64) -> Result<(), StoreError> {
    if number <= highest_given(sql, table)? {
        return Ok(());
    }
    if sql.shared().is_none() {
        sql.execute("DELETE FROM sqlite_sequence WHERE name = $1", params![table])?;
        sql.execute(
            "INSERT INTO sqlite_sequence (name, seq) VALUES ($1, $2)",
            params![table, number],
        )?;
    } else {
        let sequence = postgresql::sequence(sql, table)?;
        sql.query("SELECT setval($1::text::regclass, $2)", params![sequence, number])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use countersign_model::Entropy as _;
    use rusqlite::Connection;

    use super::*;
    use crate::{SystemEntropy, migrate};

    /// A database of a former schema knows only what is written somewhere.
    #[test]
    fn a_former_database_begins_above_all_that_is_named() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate::run_to(&mut connection, 4).unwrap();
        let mut sql = Sql::embedded(&connection);
        let event = "INSERT INTO event (uuid, action, app, username, user_json, context, created, expires, brand) VALUES ($1, 'a', 'b', 'c', $2, $3, 0, 0, '{}')";
        let nobody = r#"{"pk":1}"#;
        let events = [
            (r#"{"pk":101,"on_behalf_of":{"pk":102}}"#, "{}"),
            (nobody, r#"{"typed":"\u0000","model":{"model_name":"user","pk":"103"}}"#),
            (nobody, r#"{"model":{"model_name":"accesstoken","pk":"900"}}"#),
            (nobody, r#"{"model":{"model_name":"group","pk":"ffffffffffffffffffffffffffffffff"}}"#),
        ];
        let mut highest = 0;
        let mut grows = |sql: &mut Sql<'_>| {
            begin_above_all_seen(sql).unwrap();
            let next = highest_given(sql, "users").unwrap();
            assert!(next > highest, "{next} after {highest}");
            highest = next;
        };
        begin(&mut sql).unwrap();
        assert_eq!(highest_given(&mut sql, "users").unwrap(), 0);
        for (number, (user, context)) in events.into_iter().enumerate() {
            sql.execute(event, params![SystemEntropy.uuid(), user, context]).unwrap();
            if number < 2 {
                grows(&mut sql);
            }
        }
        let run = "INSERT INTO flow_run (uuid, flow, user_id, started, outcome, revision, steps) VALUES ($1, '', 104, 0, '', 0, '[]')";
        sql.execute(run, params![SystemEntropy.uuid()]).unwrap();
        grows(&mut sql);
        let change =
            "INSERT INTO change (revision, at, actor, reason, edits) VALUES ($1, 0, $2, '', $3)";
        let recorded = [
            (r#"{"user":{"pk":105}}"#, "[]"),
            (r#"{"user":{"pk":1},"on_behalf_of":{"pk":106}}"#, "[]"),
            (
                "{}",
                r#"[{"before":{"data":{"user":107}},"after":null},{"before":null,"after":{"data":{"user":108}}}]"#,
            ),
        ];
        for (revision, (actor, edits)) in (1_i64..).zip(recorded) {
            sql.execute(change, params![revision, actor, edits]).unwrap();
            grows(&mut sql);
        }
        assert_eq!(highest_given(&mut sql, "users").unwrap(), 108);
        assert_eq!(highest_given(&mut sql, "access_token").unwrap(), 900);
        let insert = "INSERT INTO users (uuid, username, username_fold, name, email, email_fold, password, password_changed, is_active, joined, path, type, attributes) \
                      VALUES ($1, $2, $2, '', '', '', '!', 0, 1, 0, 'users', 'internal', '{}') RETURNING id";
        let made: i64 = sql
            .query_one(insert, params![SystemEntropy.uuid(), "new"])
            .unwrap()
            .unwrap()
            .get(0)
            .unwrap();
        assert_eq!(made, 109);
    }

    #[test]
    fn the_definition_of_every_counted_table_is_changed_and_whole() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate::run(&mut connection).unwrap();
        for of in &NUMBERED {
            let sql: String = connection
                .query_row("SELECT sql FROM sqlite_schema WHERE name = ?1", [of.table], |row| {
                    row.get(0)
                })
                .unwrap();
            assert_eq!(sql.matches("id INTEGER PRIMARY KEY AUTOINCREMENT,").count(), 1, "{sql}");
        }
        // A table whose numbers are not counted gives them again.
        let others = "SELECT COUNT(*) FROM sqlite_schema WHERE type = 'table' AND sql LIKE '%INTEGER PRIMARY KEY%' AND sql NOT LIKE '%AUTOINCREMENT%'";
        assert_eq!(connection.query_row(others, [], |row| row.get::<_, i64>(0)).unwrap(), 0);
        assert_eq!(
            connection
                .query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0))
                .unwrap(),
            "ok"
        );
    }
}
