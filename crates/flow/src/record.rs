//! Runs in their table: recorded from their first answer, refusals of known people in any case.
//! What nobody known did has a budget of its own, so that it never pushes out what somebody did.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use countersign_core::Context;
use countersign_model::{Key, Ref, Table, Timestamp};
use countersign_store::{Owner, Row, StoreError, Tx, params};
use serde_json::Value;
use uuid::Uuid;

use crate::browser::Browser;
use crate::plan::Plan;
use crate::recorder::Recording;

/// Runs of known people are kept this long, and this many of each.
const SECONDS: i64 = 30 * 86_400;
const MOST_OF_ONE: i64 = 200;
/// Runs without a known person, in bytes, and of one network in an hour.
const MOST_OF_STRANGERS: i64 = 16 * 1024 * 1024;
const STRANGERS_AN_HOUR: i64 = 100;
/// Bytes that may be written before it is looked again whether strangers have too much.
const BETWEEN_SWEEPS: usize = 256 * 1024;

/// Bytes of strangers' runs that this process wrote since it last looked.
#[derive(Default)]
pub(crate) struct Strangers(AtomicUsize);

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

/// Writes the run into its table, after the answer: nobody waits for it.
pub(crate) async fn write(browser: &Browser, plan: &Plan, slug: &str, outcome: &'static str) {
    let known = is_known(browser, plan);
    if !(plan.recording.admitted || known && (plan.recording.answered || outcome == "denied")) {
        return;
    }
    let (cx, plan, slug) = (browser.cx.clone(), Arc::new(plan.clone()), slug.to_owned());
    let work = async move {
        let finished = (outcome != "running").then(|| cx.clock.now());
        let steps = Value::Array(plan.recording.steps.clone());
        let size = steps.to_string().len();
        let strangers = &cx.shared().strangers.0;
        let sweeps = !known && strangers.fetch_add(size, Ordering::Relaxed) + size > BETWEEN_SWEEPS;
        let row = (plan.run, plan.recording.user, plan.recording.started, plan.revision);
        let written = cx.store.write(countersign_store::Actor::system(), "flow run", move |tx| {
            let (run, user, started, revision) = row;
            tx.execute(
                "INSERT INTO flow_run (uuid, flow, user_id, started, finished, outcome, revision, steps, known, size) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
                 ON CONFLICT (uuid) DO UPDATE SET user_id = excluded.user_id, finished = excluded.finished, outcome = excluded.outcome, \
                 steps = excluded.steps, known = excluded.known, size = excluded.size",
                params![run, slug.clone(), user, started, finished, outcome, revision, steps.clone(), known, i64::try_from(size).unwrap_or(i64::MAX)],
            )?;
            if sweeps { sweep(tx) } else { Ok(()) }
        });
        match written.await {
            Ok(()) if sweeps => strangers.store(0, Ordering::Relaxed),
            Ok(()) => {}
            Err(error) => tracing::warn!(%error, "a run of a flow could not be recorded"),
        }
    };
    browser.cx.tasks.spawn("flow run", work).await;
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
    started: Timestamp,
    finished: Option<Timestamp>,
    outcome: String,
    revision: i64,
    steps: Value,
    known: bool,
    size: i64,
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
    write(browser, &plan, about, "denied").await;
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
pub(crate) async fn retention(cx: Context) -> Result<(), StoreError> {
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
    cx.store.write(countersign_store::Actor::system(), "retention of flow runs", work).await
}
