//! Runs in their tables: recorded from their first answer, refusals of known people in any case.
//! What nobody known did has a budget of its own, so that it never pushes out what somebody did.
//!
//! Nobody waits for it: what has happened in a third of a second is written in one transaction, and
//! a run that was over by then is written once.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use countersign_model::{Key, Ref, Table, Timestamp};
use countersign_store::{Actor, Owner, Row, Sql, StoreError, Tx, params};
use serde_json::Value;
use uuid::Uuid;

use crate::browser::Browser;
use crate::context::FlowContext;
use crate::plan::Plan;
use crate::recorder::{Numbered, Recording};

/// Runs of known people are kept this long, and this many of each.
const SECONDS: i64 = 30 * 86_400;
const MOST_OF_ONE: i64 = 200;
/// Runs without a known person, in bytes, and of one network in an hour.
const MOST_OF_STRANGERS: i64 = 16 * 1024 * 1024;
const STRANGERS_AN_HOUR: i64 = 100;
/// Bytes that may be written before it is looked again whether strangers have too much.
const BETWEEN_SWEEPS: usize = 256 * 1024;
/// How long what happened waits for more.
const DELAY: Duration = Duration::from_millis(300);
/// As many runs wait; more are written at once.
const MOST_WAITING: usize = 256;

/// What of runs is not written yet, and how much strangers' runs have taken since it was last looked.
#[derive(Default)]
pub(crate) struct Runs {
    waiting: Mutex<HashMap<Uuid, Noted>>,
    strangers: AtomicUsize,
}

/// A run as it is to be written.
pub(crate) struct Noted {
    uuid: Uuid,
    flow: String,
    user: Option<i64>,
    application: Option<Uuid>,
    client_ip: String,
    started: i64,
    finished: Option<Timestamp>,
    outcome: &'static str,
    reason: String,
    revision: i64,
    steps: Vec<Value>,
    known: bool,
    /// Of what its decisions were made from.
    bytes: usize,
    parts: Vec<Part>,
}

/// What one request added to a run.
struct Part {
    request: String,
    decisions: Vec<Numbered>,
}

/// Whether a run that is answered for the first time is recorded.
pub(crate) async fn admits(browser: &Browser, plan: &Plan) -> bool {
    let Owner::Client(network) = Owner::client(browser.request.client_ip) else { return false };
    is_known(browser, plan)
        || browser.cx.store.ephemeral().add("flow_runs", &network.to_string(), 1, 3600).await
            <= STRANGERS_AN_HOUR
}

/// Somebody who is signed in or has proved to be the account that the run is about.
fn is_known(browser: &Browser, plan: &Plan) -> bool {
    plan.recording.known || browser.user_pk().is_some() || plan.proved_account().is_some()
}

/// Whether the run is found under its number.
pub(crate) fn is_recorded(browser: &Browser, plan: &Plan) -> bool {
    plan.recording.admitted || is_known(browser, plan)
}

/// The run as it is now, if it is recorded. What it takes from the plan the plan loses: to be called
/// before the plan is kept.
pub(crate) fn note(
    browser: &Browser,
    plan: &mut Plan,
    slug: &str,
    outcome: &'static str,
) -> Option<Noted> {
    let known = is_known(browser, plan);
    let recording = &plan.recording;
    if !(recording.admitted || known && (recording.answered || outcome == "denied")) {
        plan.recording.wait();
        return None;
    }
    let decisions = plan.recording.take_decisions();
    let recording = &plan.recording;
    Some(Noted {
        uuid: plan.run,
        flow: slug.to_owned(),
        user: recording.user,
        application: recording.application,
        client_ip: browser.request.client_ip.to_string(),
        started: recording.started,
        finished: (outcome != "running").then(|| browser.cx.clock.now()),
        outcome,
        reason: if outcome == "done" { String::new() } else { recording.reason.clone() },
        revision: plan.revision,
        steps: recording.steps.clone(),
        known,
        bytes: recording.written,
        parts: vec![Part { request: browser.request.id.clone(), decisions }],
    })
}

/// Keeps what was noted. It is written in a moment.
pub(crate) async fn keep(browser: &Browser, mut noted: Noted) {
    let cx = browser.cx.clone();
    let wakes = {
        let mut waiting = waiting(&cx);
        if let Some(earlier) = waiting.remove(&noted.uuid) {
            let later = std::mem::replace(&mut noted.parts, earlier.parts);
            noted.parts.extend(later);
        }
        waiting.insert(noted.uuid, noted);
        match waiting.len() {
            1 => Some(DELAY),
            MOST_WAITING => Some(Duration::ZERO),
            _ => None,
        }
    };
    if let Some(delay) = wakes {
        let work = async move {
            tokio::time::sleep(delay).await;
            flush(&cx).await;
        };
        browser.cx.tasks.spawn("flow runs", work).await;
    }
}

fn waiting(cx: &FlowContext) -> std::sync::MutexGuard<'_, HashMap<Uuid, Noted>> {
    cx.shared().runs.waiting.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes what waits.
pub(crate) async fn flush(cx: &FlowContext) {
    let noted: Vec<Noted> = std::mem::take(&mut *waiting(cx)).into_values().collect();
    if noted.is_empty() {
        return;
    }
    let sealer = cx.store.sealer();
    let (mut rows, mut of_strangers) = (Vec::with_capacity(noted.len()), 0);
    for run in noted {
        let parts: Vec<(String, String)> = run
            .parts
            .iter()
            .map(|part| {
                let text = serde_json::to_string(&part.decisions).unwrap_or_default();
                let sealed =
                    if part.decisions.is_empty() { String::new() } else { sealer.seal(&text) };
                (part.request.clone(), sealed)
            })
            .collect();
        let steps = Value::Array(run.steps.clone());
        // Sealed, four bytes take the room of three.
        let size = steps.to_string().len() + run.bytes / 3 * 4;
        of_strangers += if run.known { 0 } else { size };
        rows.push((run, steps, i64::try_from(size).unwrap_or(i64::MAX), parts));
    }
    let strangers = &cx.shared().runs.strangers;
    let sweeps =
        strangers.fetch_add(of_strangers, Ordering::Relaxed) + of_strangers > BETWEEN_SWEEPS;
    let rows = Arc::new(rows);
    let work = move |tx: &mut Tx<'_>| {
        for (run, steps, size, parts) in rows.iter() {
            put(tx, run, steps, *size, parts)?;
        }
        if sweeps { sweep(tx) } else { Ok(()) }
    };
    match cx.store.write(Actor::system(), "flow runs", work).await {
        Ok(()) if sweeps => strangers.store(0, Ordering::Relaxed),
        Ok(()) => {}
        Err(error) => tracing::warn!(%error, "runs of flows could not be recorded"),
    }
}

fn put(
    tx: &mut Tx<'_>,
    run: &Noted,
    steps: &Value,
    size: i64,
    parts: &[(String, String)],
) -> Result<(), StoreError> {
    // Processes write by turns: what is over stays so, and what is further on stays that.
    tx.execute(
        "INSERT INTO flow_run (uuid, flow, user_id, application, client_ip, started, finished, outcome, reason, revision, steps, known, size) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) \
         ON CONFLICT (uuid) DO UPDATE SET user_id = excluded.user_id, application = excluded.application, \
         client_ip = excluded.client_ip, finished = excluded.finished, outcome = excluded.outcome, reason = excluded.reason, \
         steps = excluded.steps, known = excluded.known, size = excluded.size \
         WHERE flow_run.finished IS NULL AND (excluded.finished IS NOT NULL OR excluded.size >= flow_run.size)",
        params![
            run.uuid,
            run.flow.clone(),
            run.user,
            run.application,
            run.client_ip.clone(),
            run.started,
            run.finished,
            run.outcome,
            run.reason.clone(),
            run.revision,
            steps.clone(),
            run.known,
            size
        ],
    )?;
    for (request, sealed) in parts {
        tx.execute(
            "INSERT INTO flow_part (run, request, decisions) VALUES ($1, $2, $3) ON CONFLICT (run, request) DO NOTHING",
            params![run.uuid, request.clone(), sealed.clone()],
        )?;
    }
    Ok(())
}

/// What the decisions of a run were made from, by their number.
///
/// # Errors
/// When the engine fails.
pub(crate) async fn decisions(cx: &FlowContext, run: Uuid) -> Result<Vec<Numbered>, StoreError> {
    let read = move |sql: &mut Sql<'_>| {
        let rows = sql.query("SELECT decisions FROM flow_part WHERE run = $1", params![run])?;
        rows.iter().map(|row| row.get::<String>(0)).collect::<Result<Vec<_>, StoreError>>()
    };
    let mut all: Vec<Numbered> = Vec::new();
    for sealed in cx.store.read(read).await? {
        // What was sealed with another key, or by another version, cannot be made again.
        let Ok(opened) = cx.store.sealer().open(&sealed) else { continue };
        all.extend(serde_json::from_str::<Vec<Numbered>>(opened.expose()).unwrap_or_default());
    }
    all.sort_by_key(|one| one.number);
    Ok(all)
}

/// A run of a flow, with its steps and the policies asked; secrets never enter it.
#[derive(Debug, Clone, Table)]
#[table(name = "flow_run")]
pub(crate) struct FlowRun {
    #[column(key)]
    uuid: Uuid,
    flow: String,
    /// Who was known in it. The row outlives the account, unless people are to be forgotten.
    #[column(sql = "user_id", owner)]
    user: Option<i64>,
    /// What it was to lead to. The row outlives the application.
    application: Option<Uuid>,
    client_ip: Option<String>,
    started: Timestamp,
    finished: Option<Timestamp>,
    outcome: String,
    /// Why it did not go on, in the words that the person read.
    reason: String,
    revision: i64,
    steps: Value,
    known: bool,
    size: i64,
}

/// What one request added to a run: its id, which its events bear, too, and what the decisions in it
/// were made from, sealed, since only showing them and making them again opens it.
#[derive(Debug, Clone, Table)]
#[table(name = "flow_part", volatile)]
pub(crate) struct FlowPart {
    #[column(key, belongs_to = "flow_run.uuid", on_delete = Cascade)]
    run: Uuid,
    #[column(key)]
    request: String,
    decisions: String,
}

/// Writes a decision about somebody who is signed in, that belongs to no flow.
pub(crate) async fn write_decision(
    browser: &Browser,
    run: Uuid,
    about: &str,
    recording: Recording,
) {
    let mut plan = Plan::new(
        run,
        Ref::new(Key::Uuid(run)),
        browser.cx.snapshot().revision(),
        serde_json::Map::new(),
    );
    plan.recording = recording;
    if let Some(noted) = note(browser, &mut plan, about, "denied") {
        keep(browser, noted).await;
    }
}

/// Removes the oldest runs without a known person until they are within their budget.
fn sweep(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let rows = tx.query(
        "SELECT started, size FROM flow_run WHERE known = 0 ORDER BY started DESC",
        params![],
    )?;
    let sizes = rows
        .iter()
        .map(|row: &Row| Ok((row.get::<Timestamp>(0)?, row.get::<i64>(1)?)))
        .collect::<Result<Vec<_>, StoreError>>()?;
    let mut left = MOST_OF_STRANGERS - i64::try_from(BETWEEN_SWEEPS).unwrap_or(0);
    let cut = sizes.into_iter().find(|(_, size)| {
        left -= size;
        left < 0
    });
    if let Some((started, _)) = cut {
        tx.execute("DELETE FROM flow_run WHERE known = 0 AND started <= $1", params![started])?;
    }
    Ok(())
}

/// What the hourly job does.
pub(crate) async fn retention(cx: countersign_core::Context) -> Result<(), StoreError> {
    let work = |tx: &mut Tx<'_>| {
        let oldest = tx.now().plus_seconds(-SECONDS);
        tx.execute("DELETE FROM flow_run WHERE started < $1", params![oldest])?;
        tx.execute(
            "DELETE FROM flow_run WHERE uuid IN (SELECT uuid FROM ( \
               SELECT uuid, ROW_NUMBER() OVER (PARTITION BY user_id ORDER BY started DESC) AS nth FROM flow_run WHERE known = 1) AS run WHERE nth > $1)",
            params![MOST_OF_ONE],
        )?;
        sweep(tx)
    };
    cx.store.write(Actor::system(), "retention of flow runs", work).await
}
