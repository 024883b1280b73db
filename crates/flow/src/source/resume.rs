//! A flow that waits while its browser is at a source: put aside under a ticket, taken up once, by
//! the same browser, before its time is over.

use countersign_store::{Ephemeral, sha256};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::errand::{RESUME, key_of};
use crate::browser::Browser;
use crate::error::FlowError;
use crate::plan::{PendingUser, Plan, key};
use crate::plan_store;
use crate::recorder::Recording;
use crate::run::Run;

const SPACE: &str = "source_resume";

/// The name of a flow that waits. Who has it and the browser's cookie goes on with it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ticket(String);

impl std::fmt::Debug for Ticket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ticket(..)")
    }
}

impl Ticket {
    pub(super) fn read(text: String) -> Ticket {
        Ticket(text)
    }

    /// Where the browser sets out for what waits.
    pub(crate) fn address(&self, path: &str) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        format!("{path}?{}", query.append_pair(RESUME, &self.0).finish())
    }

    /// What it is kept under: not by what it is, as everything that lets somebody on.
    fn name(&self) -> String {
        hex::encode(sha256(&self.0))
    }
}

/// A plan that was put aside.
#[derive(Serialize, Deserialize)]
pub(super) struct Waiting {
    /// Which browser, see [`key_of`].
    browser: String,
    /// Who was signed in with it.
    account: Option<i64>,
    plan: Plan,
}

/// Puts the plan aside, without its current step: what that asks is answered by coming back.
pub(crate) async fn put_aside(run: &Run, seconds: i64) -> Result<Ticket, FlowError> {
    let browser = &run.browser;
    let ticket = Ticket(browser.cx.entropy.token(32));
    let mut plan = run.plan.clone();
    plan.pop();
    let waiting = Waiting { browser: key_of(&browser.visitor), account: browser.user_pk(), plan };
    let text = serde_json::to_string(&waiting)?;
    let sealed = browser.cx.store.sealer().seal(&text).into_bytes();
    if sealed.len() > Ephemeral::LARGEST {
        return Err(FlowError::TooMuch);
    }
    let (lease, owner) = plan_store::lease(browser, &run.plan);
    let seconds = seconds.clamp(1, lease);
    let (store, name) = (browser.cx.store.ephemeral(), ticket.name());
    store.put(SPACE, &name, sealed, seconds, owner).await?;
    Ok(ticket)
}

fn open(browser: &Browser, sealed: Vec<u8>) -> Option<Waiting> {
    let opened = browser.cx.store.sealer().open(&String::from_utf8(sealed).ok()?).ok()?;
    serde_json::from_str(opened.expose()).ok()
}

/// Whether a plan of this browser waits under a ticket.
pub(super) async fn waits(browser: &Browser, ticket: &Ticket) -> Result<bool, FlowError> {
    let found = browser.cx.store.ephemeral().get(SPACE, &ticket.name()).await?;
    let waiting = found.and_then(|found| open(browser, found.bytes));
    Ok(waiting.is_some_and(|waiting| waiting.browser == key_of(&browser.visitor)))
}

/// Takes a plan up: once, however many ask. `None`: its time is over, it was taken up already, or
/// whoever came by the source is not who it is about.
pub(crate) async fn take_up(
    browser: &Browser,
    ticket: &Ticket,
    who: &PendingUser,
    earlier: &Plan,
) -> Option<Plan> {
    let sealed = browser.cx.store.ephemeral().take(SPACE, &ticket.name()).await?;
    let Waiting { account, mut plan, .. } = open(browser, sealed)?;
    // Named by a page or proved by a password: it is not about somebody else from now on.
    let named = plan.pending_user().and_then(|user| user.pk);
    let is_same = |pk: &i64| Some(*pk) == who.pk;
    if who.pk.is_none() || ![account, named].iter().flatten().all(is_same) {
        return None;
    }
    plan.run = browser.cx.entropy.uuid();
    plan.recording = Recording {
        started: browser.cx.clock.now().0,
        user: who.pk,
        known: true,
        application: plan.recording.application,
        ..Recording::default()
    };
    for name in SAID {
        if let Some(value) = earlier.context.get(name) {
            plan.context.insert(name.to_owned(), value.clone());
        }
    }
    if let Some(Value::Object(data)) = earlier.context.get(key::PROMPT_DATA) {
        plan.add_prompt_data(data.clone());
    }
    plan.context.insert(key::IS_RESTORED.to_owned(), Value::Bool(true));
    plan.set_pending_user(who);
    plan.made_account = earlier.made_account.or(plan.made_account);
    plan.arrival.clone_from(&earlier.arrival);
    Some(plan)
}

/// What a source says of a run, which goes where the run goes.
const SAID: [&str; 6] = [
    key::IS_SSO,
    key::SOURCE,
    key::SOURCE_CONNECTION,
    key::SOURCE_GROUPS,
    key::USER_BACKEND,
    key::USER_PATH,
];
