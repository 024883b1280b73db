//! Runs that were recorded, as they are read: for people, and for making their decisions again.

use std::collections::BTreeMap;

use countersign_catalogue::Application;
use countersign_model::{Key, Ref, Snapshot, Timestamp};
use countersign_policy::recording::DecisionRecord;
use countersign_store::{Row, StoreError, params};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::context::FlowContext;
use crate::record;
use crate::recorder::{numbers_from, trace_number};

/// As many runs are found by one number.
const MOST_FOUND: i64 = 20;

pub(crate) const COLUMNS: &str = "r.uuid, r.flow, r.user_id, u.username, r.application, r.client_ip, r.started, r.finished, r.outcome, r.reason, r.revision, r.steps";
pub(crate) const FROM: &str = "FROM flow_run AS r LEFT JOIN users AS u ON u.id = r.user_id";

/// A run with the decisions that were made in it.
pub struct RecordedRun {
    pub user: Option<i64>,
    /// Of the configuration.
    pub revision: i64,
    pub outcome: String,
    pub decisions: Vec<RecordedDecision>,
}

pub struct RecordedDecision {
    pub about: String,
    /// In the run, from 1.
    pub number: u32,
    pub was: bool,
    /// What it can be made again from; none where that was too large.
    pub record: Option<Box<DecisionRecord>>,
}

/// A run, for making its decisions again.
///
/// # Errors
/// When the engine fails.
pub async fn recorded(cx: &FlowContext, run: Uuid) -> Result<Option<RecordedRun>, StoreError> {
    record::flush(cx).await;
    let text = "SELECT user_id, revision, outcome, steps FROM flow_run WHERE uuid = $1";
    let row = cx.store.read(move |sql| sql.query_one(text, params![run])).await?;
    let Some(row) = row else { return Ok(None) };
    let mut records: BTreeMap<u32, Box<DecisionRecord>> =
        record::decisions(cx, run).await?.into_iter().map(|one| (one.number, one.record)).collect();
    let steps: Value = row.get(3)?;
    let mut decisions = Vec::new();
    for step in steps.as_array().into_iter().flatten() {
        let number = step.get("decision").and_then(Value::as_u64);
        let Some(number) = number.and_then(|number| u32::try_from(number).ok()) else { continue };
        decisions.push(RecordedDecision {
            about: step.get("about").and_then(Value::as_str).unwrap_or_default().to_owned(),
            number,
            was: step.pointer("/policies/passing") == Some(&Value::Bool(true)),
            record: records.remove(&number),
        });
    }
    let (user, revision, outcome) = (row.get(0)?, row.get(1)?, row.get(2)?);
    Ok(Some(RecordedRun { user, revision, outcome, decisions }))
}

/// The runs that a number, its beginning or a key stands for, the latest first.
///
/// # Errors
/// When the engine fails.
pub async fn find_runs(cx: &FlowContext, name: &str) -> Result<Vec<Uuid>, StoreError> {
    record::flush(cx).await;
    if let Ok(run) = Uuid::parse_str(name) {
        return Ok(vec![run]);
    }
    let Some((from, to)) = numbers_from(name) else { return Ok(Vec::new()) };
    let text = "SELECT uuid FROM flow_run WHERE SUBSTR(uuid, 12) >= $1 AND SUBSTR(uuid, 12) <= $2 ORDER BY started DESC LIMIT $3";
    let read = cx.store.read(move |sql| sql.query(text, params![from, to, MOST_FOUND]));
    read.await?.iter().map(|row| row.get(0)).collect()
}

/// A run with its steps. `sees_people`: with their names and with what decisions were made from.
///
/// # Errors
/// When the engine fails.
pub async fn for_people(
    cx: &FlowContext,
    run: Uuid,
    sees_people: bool,
) -> Result<Option<Map<String, Value>>, StoreError> {
    record::flush(cx).await;
    let text = format!("SELECT {COLUMNS} {FROM} WHERE r.uuid = $1");
    let row = cx.store.read(move |sql| sql.query_one(&text, params![run])).await?;
    let Some(row) = row else { return Ok(None) };
    let mut told = render(&row, &cx.snapshot(), sees_people)?;
    if !sees_people {
        return Ok(Some(told));
    }
    let inputs: BTreeMap<u64, Value> = record::decisions(cx, run)
        .await?
        .iter()
        .map(|one| (one.number.into(), one.record.inputs()))
        .collect();
    if let Some(Value::Array(steps)) = told.get_mut("steps") {
        for step in steps.iter_mut().filter_map(Value::as_object_mut) {
            let number = step.get("decision").and_then(Value::as_u64);
            let given = number.and_then(|number| inputs.get(&number)).cloned();
            step.extend(given.map(|given| ("inputs".to_owned(), given)));
        }
    }
    Ok(Some(told))
}

/// A row of [`COLUMNS`].
pub(crate) fn render(
    row: &Row,
    snapshot: &Snapshot,
    names: bool,
) -> Result<Map<String, Value>, StoreError> {
    let uuid: Uuid = row.get(0)?;
    let application = row.get::<Option<Uuid>>(4)?.map(|key| {
        let found = snapshot.get(Ref::<Application>::new(Key::Uuid(key)));
        let slug = found.map(|found| found.slug.to_string());
        json!({"pk": key.to_string(), "slug": slug, "name": found.map(|found| &found.name)})
    });
    let username = row.get::<Option<String>>(3)?.filter(|_| names);
    let run = json!({
        "pk": uuid.to_string(), "trace": trace_number(uuid), "flow": row.get::<String>(1)?,
        "user": row.get::<Option<i64>>(2)?, "username": username, "application": application,
        "client_ip": row.get::<Option<String>>(5)?,
        "started": row.get::<Timestamp>(6)?.iso(), "finished": row.get::<Option<Timestamp>>(7)?.map(Timestamp::iso),
        "outcome": row.get::<String>(8)?, "reason": row.get::<String>(9)?, "revision": row.get::<i64>(10)?,
        "steps": row.get::<Value>(11)?,
    });
    match run {
        Value::Object(run) => Ok(run),
        _ => Ok(Map::new()),
    }
}
