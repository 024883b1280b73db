//! Where plans wait between two requests, one per browser.

use countersign_core::Permission;
use countersign_store::{Ephemeral, Owner};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::{Mutex, MutexGuard};

use crate::browser::Browser;
use crate::context::FlowContext;
use crate::error::FlowError;
use crate::plan::Plan;
use crate::recorder::inspected;
use crate::run::Run;

/// As long as somebody who is signed in may think about a page, in seconds.
const PLAN_TTL: i64 = 12 * 3600;
/// As long as anybody else may.
const VISITOR_PLAN_TTL: i64 = 3600;
/// As long as one run may take, however often it is answered: what was proved at its beginning is
/// worth less and less.
const LONGEST_RUN: i64 = 24 * 3600;
const PLANS: &str = "flow_plan";
const HISTORY: &str = "flow_history";
const MOST_HISTORY: usize = 30;
/// Requests of one browser take locks; browsers share a lock only by chance.
const LOCKS: usize = 1024;

/// One request of a browser at a time: a double click finds the plan as the first click left it.
pub(crate) struct BrowserLocks(Vec<Mutex<()>>);

impl BrowserLocks {
    pub(crate) fn new() -> Self {
        Self((0..LOCKS).map(|_| Mutex::new(())).collect())
    }

    pub(crate) async fn wait<'a>(cx: &'a FlowContext, key: &str) -> Option<MutexGuard<'a, ()>> {
        let turns = &cx.shared().locks;
        let sum = key
            .bytes()
            .fold(0usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(byte)));
        Some(turns.0.get(sum % LOCKS)?.lock().await)
    }
}

/// A plan as it was read, with what a later write must still find.
pub(crate) struct Kept {
    pub(crate) plan: Plan,
    pub(crate) version: u64,
}

fn name(browser: &Browser) -> String {
    hex::encode(browser.visitor.key_hash())
}

/// Removes everything kept under a key that no browser has any more.
pub(crate) async fn forget(cx: &FlowContext, key_hash: [u8; 32]) {
    for space in [PLANS, HISTORY] {
        cx.store.ephemeral().remove(space, &hex::encode(key_hash)).await;
    }
}

/// How long a plan is kept, and on whose account.
pub(crate) fn lease(browser: &Browser, plan: &Plan) -> (i64, Owner) {
    let unproved = browser.cx.settings.sessions.unauthenticated(VISITOR_PLAN_TTL);
    let (seconds, owner) = match (browser.user_pk(), plan.proved_account()) {
        (Some(pk), _) => (PLAN_TTL, Owner::Account(pk)),
        (None, Some(pk)) => (unproved, Owner::Account(pk)),
        (None, None) => (unproved, Owner::client(browser.request.client_ip)),
    };
    (seconds.min(left(browser, plan)).max(1), owner)
}

/// Seconds until the run is over for good.
fn left(browser: &Browser, plan: &Plan) -> i64 {
    plan.begun.plus_seconds(LONGEST_RUN).seconds() - browser.cx.clock.now().seconds()
}

/// A plan as it waits: for whoever was signed in with the browser then. When that session ends,
/// what it began ends, too.
#[derive(Serialize, Deserialize)]
struct Waiting<P> {
    account: Option<i64>,
    plan: P,
}

/// Between two stages a plan may hold a password that was just chosen, and what waits is written to
/// disk.
fn seal(browser: &Browser, plan: &Plan) -> Result<Vec<u8>, FlowError> {
    let waiting = serde_json::to_string(&Waiting { account: browser.user_pk(), plan })?;
    let sealed = browser.cx.store.sealer().seal(&waiting).into_bytes();
    if sealed.len() > Ephemeral::LARGEST { Err(FlowError::TooMuch) } else { Ok(sealed) }
}

pub(crate) async fn load(browser: &Browser) -> Result<Option<Kept>, FlowError> {
    if browser.visitor.fresh && !browser.key_changed() {
        return Ok(None);
    }
    let Some(found) = browser.cx.store.ephemeral().get(PLANS, &name(browser)).await? else {
        return Ok(None);
    };
    // A plan that cannot be read, of an older version or another key, starts over.
    let read = |sealed: Vec<u8>| {
        let opened = browser.cx.store.sealer().open(&String::from_utf8(sealed).ok()?).ok()?;
        serde_json::from_str::<Waiting<Plan>>(opened.expose()).ok()
    };
    let waiting = read(found.bytes)
        .filter(|waiting| waiting.account == browser.user_pk() && left(browser, &waiting.plan) > 0);
    Ok(waiting.map(|Waiting { plan, .. }| Kept { plan, version: found.version }))
}

/// Keeps the plan, if nobody changed it since it was read. `false`: somebody did.
pub(crate) async fn save(browser: &Browser, plan: &Plan, seen: u64) -> Result<bool, FlowError> {
    let (bytes, (seconds, owner)) = (seal(browser, plan)?, lease(browser, plan));
    Ok(browser
        .cx
        .store
        .ephemeral()
        .compare_and_swap(PLANS, &name(browser), Some(seen), bytes, seconds, owner)
        .await?)
}

/// Ends what is kept under the browser's key, which it will not have any more. `false`: somebody
/// changed it since it was read.
pub(crate) async fn retire(browser: &Browser, seen: u64) -> Result<bool, FlowError> {
    let owner = Owner::client(browser.request.client_ip);
    Ok(browser
        .cx
        .store
        .ephemeral()
        .compare_and_swap(PLANS, &name(browser), Some(seen), Vec::new(), 1, owner)
        .await?)
}

/// Keeps a new plan, whatever was there.
pub(crate) async fn put(browser: &Browser, plan: &Plan) -> Result<(), FlowError> {
    let (bytes, (seconds, owner)) = (seal(browser, plan)?, lease(browser, plan));
    Ok(browser.cx.store.ephemeral().put(PLANS, &name(browser), bytes, seconds, owner).await?)
}

pub(crate) async fn drop_plan(browser: &Browser) {
    browser.cx.store.ephemeral().remove(PLANS, &name(browser)).await;
}

/// What the inspector shows; kept for those who may use it.
pub(crate) async fn remember(run: &Run) -> Result<(), FlowError> {
    let inspects = run.browser.headless.is_none() && run.browser.may(Permission::INSPECT_FLOW);
    let Some(pk) = run.browser.user_pk().filter(|_| inspects) else { return Ok(()) };
    let mut all = history(&run.browser).await?;
    // Without what the stages remember: this is kept unsealed.
    let stages: Vec<_> = run.plan.steps.iter().map(|step| &step.stage).collect();
    all.push(serde_json::json!({
        "flow": run.plan.flow.key().to_json(), "stages": stages, "context": inspected(&run.browser.snapshot, &run.plan.context),
    }));
    let skip = all.len().saturating_sub(MOST_HISTORY);
    let kept: Vec<Value> = all.into_iter().skip(skip).collect();
    let bytes = serde_json::to_vec(&kept)?;
    if bytes.len() <= Ephemeral::LARGEST {
        run.browser
            .cx
            .store
            .ephemeral()
            .put(HISTORY, &name(&run.browser), bytes, PLAN_TTL, Owner::Account(pk))
            .await?;
    }
    Ok(())
}

pub(crate) async fn history(browser: &Browser) -> Result<Vec<Value>, FlowError> {
    let found = browser.cx.store.ephemeral().get(HISTORY, &name(browser)).await?;
    Ok(found.and_then(|found| serde_json::from_slice(&found.bytes).ok()).unwrap_or_default())
}

pub(crate) async fn drop_history(browser: &Browser) {
    browser.cx.store.ephemeral().remove(HISTORY, &name(browser)).await;
}
