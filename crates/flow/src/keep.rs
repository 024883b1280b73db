//! Where plans wait between two requests, one per browser, and how runs reach their table.

use std::sync::Arc;

use countersign_rest::Context;
use countersign_store::{Actor, StoreError, params};
use serde_json::Value;
use tokio::sync::{Mutex, MutexGuard};

use crate::browser::Browser;
use crate::plan::Plan;
use crate::recorder::masked_map;
use crate::run::{ApplicationHint, Run};

/// As long as somebody may think about a page, in seconds.
const PATIENCE: i64 = 12 * 3600;
const PLANS: &str = "flow_plan";
const HISTORY: &str = "flow_history";
const HINTS: &str = "flow_application";
const MOST_HISTORY: usize = 30;
/// Requests of one browser take turns; browsers share a lock only by chance.
const LOCKS: usize = 1024;

/// One request of a browser at a time: a double click finds the plan as the first click left it.
pub(crate) struct Turns(Vec<Mutex<()>>);

impl Turns {
    pub(crate) fn new() -> Self {
        Self((0..LOCKS).map(|_| Mutex::new(())).collect())
    }

    pub(crate) async fn wait<'a>(cx: &'a Context, key: &str) -> Option<MutexGuard<'a, ()>> {
        let turns = cx.extensions::<Turns>().next()?;
        let sum = key.bytes().fold(0usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(byte)));
        Some(turns.0.get(sum % LOCKS)?.lock().await)
    }
}

/// A plan as it was read, with what a later write must still find.
pub(crate) struct Kept {
    pub(crate) plan: Plan,
    pub(crate) version: u64,
}

fn name(browser: &Browser) -> String {
    hex(browser.visitor.key_hash())
}

fn hex(hash: [u8; 32]) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Removes everything kept under a key that no browser has any more.
pub(crate) async fn forget(cx: &Context, key_hash: [u8; 32]) {
    for space in [PLANS, HISTORY, HINTS] {
        cx.store.ephemeral().remove(space, &hex(key_hash)).await;
    }
}

/// Between two stages a plan may hold a password that was just chosen, and what waits is written to disk.
fn seal(browser: &Browser, plan: &Plan) -> Vec<u8> {
    let text = serde_json::to_string(plan).unwrap_or_default();
    browser.cx.store.sealer().seal(&text).into_bytes()
}

pub(crate) async fn load(browser: &Browser) -> Option<Kept> {
    if browser.visitor.fresh {
        return None;
    }
    let found = browser.cx.store.ephemeral().get(PLANS, &name(browser)).await?;
    // A plan that cannot be read, of an older version or another key, starts over.
    let sealed = String::from_utf8(found.bytes).ok()?;
    let opened = browser.cx.store.sealer().open(&sealed).ok()?;
    let plan = serde_json::from_str(opened.expose()).ok()?;
    Some(Kept { plan, version: found.version })
}

/// Keeps the plan, if nobody changed it since it was read. `false`: somebody did.
pub(crate) async fn save(browser: &Browser, plan: &Plan, seen: Option<u64>) -> Result<bool, StoreError> {
    let bytes = seal(browser, plan);
    browser.cx.store.ephemeral().compare_and_swap(PLANS, &name(browser), seen, bytes, PATIENCE).await
}

/// Keeps a new plan, whatever was there.
pub(crate) async fn put(browser: &Browser, plan: &Plan) -> Result<(), StoreError> {
    let bytes = seal(browser, plan);
    browser.cx.store.ephemeral().put(PLANS, &name(browser), bytes, PATIENCE).await
}

pub(crate) async fn drop_plan(browser: &Browser) {
    browser.cx.store.ephemeral().remove(PLANS, &name(browser)).await;
}

/// The application wanted before the sign-in.
pub(crate) async fn hint(browser: &Browser) -> Option<ApplicationHint> {
    let found = browser.cx.store.ephemeral().get(HINTS, &name(browser)).await?;
    serde_json::from_slice(&found.bytes).ok()
}

pub(crate) async fn set_hint(browser: &Browser, hint: &ApplicationHint) -> Result<(), StoreError> {
    let bytes = serde_json::to_vec(hint).unwrap_or_default();
    browser.cx.store.ephemeral().put(HINTS, &name(browser), bytes, PATIENCE).await
}

pub(crate) async fn drop_hint(browser: &Browser) {
    browser.cx.store.ephemeral().remove(HINTS, &name(browser)).await;
}

/// What the inspector shows; kept for those who may use it.
pub(crate) async fn remember(run: &Run) -> Result<(), StoreError> {
    if !run.browser.is_superuser() {
        return Ok(());
    }
    let mut all = history(&run.browser).await;
    all.push(serde_json::json!({
        "flow": run.plan.flow.key().to_json(), "stages": run.plan.stages, "context": masked_map(&run.plan.context),
    }));
    let skip = all.len().saturating_sub(MOST_HISTORY);
    let kept: Vec<Value> = all.into_iter().skip(skip).collect();
    let bytes = serde_json::to_vec(&kept).unwrap_or_default();
    run.browser.cx.store.ephemeral().put(HISTORY, &name(&run.browser), bytes, PATIENCE).await
}

pub(crate) async fn history(browser: &Browser) -> Vec<Value> {
    let found = browser.cx.store.ephemeral().get(HISTORY, &name(browser)).await;
    found.and_then(|found| serde_json::from_slice(&found.bytes).ok()).unwrap_or_default()
}

pub(crate) async fn drop_history(browser: &Browser) {
    browser.cx.store.ephemeral().remove(HISTORY, &name(browser)).await;
}

/// Writes the run into its table, after the answer: nobody waits for it.
pub(crate) fn write_run(cx: &Context, plan: &Plan, slug: &str, outcome: &'static str) {
    let (cx, plan, slug) = (cx.clone(), Arc::new(plan.clone()), slug.to_owned());
    tokio::spawn(async move {
        let finished = (outcome != "running").then(|| cx.clock.now());
        let steps = Value::Array(plan.recording.steps.clone());
        let (run, user, started, revision) = (plan.run, plan.recording.user, plan.recording.started, plan.revision);
        let written = cx.store.write(Actor::system(), "flow run", move |tx| {
            tx.execute(
                "INSERT INTO flow_run (uuid, flow, user_id, started, finished, outcome, revision, steps) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
                 ON CONFLICT (uuid) DO UPDATE SET user_id = excluded.user_id, finished = excluded.finished, outcome = excluded.outcome, steps = excluded.steps",
                params![run, slug.clone(), user, started, finished, outcome, revision, steps.clone()],
            )
        });
        if let Err(error) = written.await {
            tracing::warn!(%error, "a run of a flow could not be recorded");
        }
    });
}

/// Writes a decision that belongs to no flow.
pub(crate) fn write_decision(cx: &Context, run: uuid::Uuid, about: String, recording: crate::recorder::Recording) {
    use countersign_model::{Key, Ref};
    let mut plan = Plan::new(run, Ref::new(Key::Uuid(run)), cx.snapshot().revision(), serde_json::Map::new());
    plan.recording = recording;
    write_run(cx, &plan, &about, "denied");
}
