//! What has happened lately, for the first page of administrators.

use countersign_model::Timestamp;
use countersign_store::{Row, Sql, SqlValue, StoreError, params};
use serde_json::{Value, json};

use crate::api::{EventRow, answered};

/// Events that somebody should look at.
pub const TROUBLES: [&str; 7] = [
    "configuration_error",
    "login_failed",
    "policy_exception",
    "property_mapping_exception",
    "suspicious_request",
    "system_exception",
    "system_task_exception",
];

/// So many of the latest are looked through.
const LOOKED_AT: i64 = 200;

const DAY: i64 = 86_400 * 1_000_000;

/// Events that say the same: the latest of them, how many they are, and when the first was.
#[derive(Debug)]
struct Alike {
    said: Value,
    latest: Value,
    first: Value,
    count: usize,
}

/// The latest troubles since a time, those that say the same together.
///
/// # Errors
/// When the engine fails.
pub fn troubles(sql: &mut Sql<'_>, since: Timestamp) -> Result<Vec<Value>, StoreError> {
    let marks: Vec<String> = (3..).take(TROUBLES.len()).map(|at| format!("${at}")).collect();
    let statement = format!(
        "SELECT uuid FROM event WHERE created >= $1 AND action IN ({}) ORDER BY created DESC LIMIT $2",
        marks.join(", ")
    );
    let values: Vec<SqlValue> =
        [since.into(), LOOKED_AT.into()].into_iter().chain(TROUBLES.map(SqlValue::from)).collect();
    let mut groups: Vec<Alike> = Vec::new();
    for event in read(sql, &statement, &values)? {
        let part = |name: &str| event.get(name).cloned().unwrap_or_default();
        let context = part("context");
        let told = ["username", "message", "reason", "application"]
            .map(|name| context.get(name).cloned().unwrap_or_default());
        let said = json!([part("action"), part("actor"), part("subject"), told]);
        let created = part("created");
        match groups.iter_mut().find(|group| group.said == said) {
            Some(group) => {
                group.count += 1;
                group.first = created;
            }
            None => groups.push(Alike { said, latest: event, first: created, count: 1 }),
        }
    }
    let told =
        |group: Alike| json!({"event": group.latest, "count": group.count, "first": group.first});
    Ok(groups.into_iter().map(told).collect())
}

/// The latest events of any kind, as [`troubles`] gives them.
///
/// # Errors
/// When the engine fails.
pub fn recent(sql: &mut Sql<'_>, most: i64) -> Result<Vec<Value>, StoreError> {
    let statement = "SELECT uuid FROM event ORDER BY created DESC LIMIT $1";
    let events = read(sql, statement, params![most])?;
    let told = |event: Value| {
        let first = event.get("created").cloned().unwrap_or_default();
        json!({"event": event, "count": 1, "first": first})
    };
    Ok(events.into_iter().map(told).collect())
}

/// Events without the request they came with, which nobody reads in a line.
fn read(sql: &mut Sql<'_>, statement: &str, values: &[SqlValue]) -> Result<Vec<Value>, StoreError> {
    let keys: Vec<SqlValue> = sql.query(statement, values)?.iter().filter_map(Row::first).collect();
    let mut events: Vec<EventRow> = countersign_core::find_all(sql, &keys)?;
    events.sort_by_key(|event| std::cmp::Reverse((event.created, event.uuid)));
    let brief = |event: &EventRow| {
        let mut event = answered(event);
        if let Some(context) = event.get_mut("context").and_then(Value::as_object_mut) {
            context.remove("http_request");
        }
        event
    };
    Ok(events.iter().map(brief).collect())
}

/// Sign-ins of one day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SignIns {
    pub succeeded: i64,
    pub refused: i64,
}

/// Sign-ins of so many days, the present one last, where clocks are `east` seconds before UTC's.
///
/// # Errors
/// When the engine fails.
pub fn sign_ins(
    sql: &mut Sql<'_>,
    now: Timestamp,
    east: i64,
    days: usize,
) -> Result<Vec<(Timestamp, SignIns)>, StoreError> {
    let shift = east * 1_000_000;
    let today = (now.0 + shift).div_euclid(DAY);
    let begin = |back: i64| Timestamp((today - back) * DAY - shift);
    let last = i64::try_from(days).unwrap_or(1) - 1;
    let mut found: Vec<(Timestamp, SignIns)> =
        (0..=last).rev().map(|back| (begin(back), SignIns::default())).collect();
    let rows = sql.query(
        "SELECT (created - $1) / $2, action, COUNT(*) FROM event WHERE created >= $1 AND action IN ('login', 'login_failed') GROUP BY 1, 2",
        params![begin(last), DAY],
    )?;
    for row in rows {
        let at = usize::try_from(row.get::<i64>(0)?).unwrap_or_default();
        let Some((_, day)) = found.get_mut(at) else { continue };
        match row.get::<String>(1)?.as_str() {
            "login" => day.succeeded = row.get(2)?,
            _ => day.refused = row.get(2)?,
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use countersign_store::{Actor, Tx};

    use super::*;
    use crate::event::{Event, emit};

    #[tokio::test]
    async fn troubles_that_say_the_same_are_one_and_days_begin_where_the_reader_is() {
        let folder = tempfile::tempdir().unwrap();
        let store = countersign_testing::store(&folder, []);
        let write = |tx: &mut Tx<'_>| {
            for name in ["nina", "nina", "uma"] {
                emit(tx, Event::new("login_failed", "test", json!({ "username": name })))?;
            }
            emit(tx, Event::new("login", "test", json!({})))?;
            Ok::<_, StoreError>(tx.now())
        };
        let now = store.write(Actor::system(), "test", write).await.unwrap();
        let found = store.read(move |sql| troubles(sql, Timestamp(0))).await.unwrap();
        let mut counts: Vec<(&str, u64)> = found
            .iter()
            .map(|group| {
                let name = group["event"]["context"]["username"].as_str().unwrap();
                (name, group["count"].as_u64().unwrap())
            })
            .collect();
        counts.sort_unstable();
        assert_eq!(counts, [("nina", 2), ("uma", 1)]);

        for east in [0, 9 * 3600, -8 * 3600] {
            let days = store.read(move |sql| sign_ins(sql, now, east, 14)).await.unwrap();
            let (start, today) = days.last().unwrap();
            assert_eq!((days.len(), *today), (14, SignIns { succeeded: 1, refused: 3 }));
            assert!(start.0 <= now.0 && now.0 < start.0 + DAY);
            assert_eq!((start.0 + east * 1_000_000).rem_euclid(DAY), 0);
        }
        store.close().await;
    }
}
