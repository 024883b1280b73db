//! Makes plans: may this browser run this flow, and which stages are on its way.

use countersign_model::{Ref, Target as _};
use countersign_policy::{Decision, Question, Subject, engine};
use countersign_rest::Identity;
use countersign_store::params;
use serde_json::{Map, Value, json};

use crate::browser::Browser;
use crate::error::FlowError;
use crate::kinds::{Authentication, Flow, FlowStageBinding};
use crate::plan::{PendingUser, Plan, Planned, key};

/// The outcome of planning.
pub(crate) enum Planning {
    Ready(Box<Plan>),
    /// The flow is not for this browser; the messages say why, as far as policies did.
    NotApplicable {
        messages: Vec<String>,
        plan: Box<Plan>,
    },
}

/// Plans a flow. `redirected`: the browser comes from another flow.
pub(crate) async fn plan(browser: &Browser, flow: Ref<Flow>, context: Map<String, Value>, redirected: bool) -> Result<Planning, FlowError> {
    let begun = tokio::time::Instant::now();
    let planned = make(browser, flow, context, redirected).await;
    if let Some(definition) = browser.snapshot.get(flow) {
        metrics::histogram!("authentik_flows_plan_time", "flow_slug" => definition.slug.to_string()).record(begun.elapsed().as_secs_f64());
    }
    planned
}

async fn make(browser: &Browser, flow: Ref<Flow>, context: Map<String, Value>, redirected: bool) -> Result<Planning, FlowError> {
    let snapshot = browser.snapshot.clone();
    let definition = snapshot.get(flow).ok_or_else(|| FlowError::NoFlow(flow.to_string()))?;
    let run = browser.cx.entropy.uuid();
    let mut plan = Plan::new(run, flow, snapshot.revision(), context);
    plan.recording.started = browser.cx.clock.now().0;
    plan.recording.user = browser.user_pk();
    if !meets(browser, definition.authentication, redirected || plan.context.contains_key(key::IS_REDIRECTED)).await? {
        plan.recording.stage(browser.cx.clock.now().0, "", "", "denied", json!({"requires": countersign_model::ChoiceValue::value(definition.authentication)}));
        return Ok(Planning::NotApplicable { messages: Vec::new(), plan: Box::new(plan) });
    }
    let user = planning_user(browser, &plan).await?;
    let own = flow.key().uuid().unwrap_or_default();
    let decision = ask(browser, user.as_ref(), &plan, own, definition.policy_engine_mode, false).await?;
    note(browser, &mut plan, &format!("flow {}", definition.slug), &decision);
    if !decision.passing {
        return Ok(Planning::NotApplicable { messages: decision.messages, plan: Box::new(plan) });
    }
    adopt(browser, &mut plan, &decision).await?;
    for (reference, binding) in bindings(browser, flow) {
        if binding.evaluate_on_plan {
            let own = reference.key().uuid().unwrap_or_default();
            let decision = ask(browser, user.as_ref(), &plan, own, binding.policy_engine_mode, true).await?;
            note(browser, &mut plan, &format!("stage {}", binding.stage), &decision);
            adopt(browser, &mut plan, &decision).await?;
            if !decision.passing {
                continue;
            }
        }
        plan.stages.push(Planned::Bound { binding: reference, stage: binding.stage, again: binding.re_evaluate_policies });
    }
    Ok(Planning::Ready(Box::new(plan)))
}

/// The stage bindings of a flow in their order.
pub(crate) fn bindings(browser: &Browser, flow: Ref<Flow>) -> Vec<(Ref<FlowStageBinding>, FlowStageBinding)> {
    let mut found: Vec<_> = browser
        .snapshot
        .referrers(flow.id())
        .filter(|(by, field)| by.space == FlowStageBinding::SPACE && *field == "target")
        .filter_map(|(by, _)| Some((Ref::new(by.key), browser.snapshot.entry(by)?.cast::<FlowStageBinding>()?.clone())))
        .collect();
    found.sort_by_key(|(reference, binding)| (binding.order, *reference));
    found
}

async fn meets(browser: &Browser, requirement: Authentication, redirected: bool) -> Result<bool, FlowError> {
    Ok(match requirement {
        Authentication::None => true,
        Authentication::RequireAuthenticated => browser.visitor.user.is_some(),
        Authentication::RequireUnauthenticated => browser.visitor.user.is_none(),
        Authentication::RequireSuperuser => browser.is_superuser(),
        Authentication::RequireRedirect => redirected,
        // Outposts arrive later; until then nobody is one.
        Authentication::RequireOutpost => false,
    })
}

async fn planning_user(browser: &Browser, plan: &Plan) -> Result<Option<Subject>, FlowError> {
    match plan.pending_user().and_then(|user| user.pk) {
        Some(pk) if browser.user_pk() != Some(pk) => {
            let read = browser.cx.store.read(move |sql| Identity::load(sql, pk)).await?;
            Ok(read.map(|identity| Subject::of(&identity, browser.cx.uid(pk))))
        }
        _ => Ok(browser.subject.clone()),
    }
}

/// Asks what is bound to a flow or to a stage of a flow.
pub(crate) async fn ask(
    browser: &Browser,
    user: Option<&Subject>,
    plan: &Plan,
    target: uuid::Uuid,
    mode: countersign_policy::PolicyEngineMode,
    in_plan: bool,
) -> Result<Decision, FlowError> {
    let facts = browser.facts(engine::asks_for_admin(&browser.snapshot, target)).await?;
    let question = Question { snapshot: &browser.snapshot, clock: &*browser.cx.clock, user, context: &plan.context, facts: &facts, in_plan };
    let decision = engine::decide(&question, target, mode);
    countersign_policy::tell(&browser.cx, || browser.actor(), &decision).await;
    Ok(decision)
}

fn note(browser: &Browser, plan: &mut Plan, about: &str, decision: &Decision) {
    plan.recording.policies(browser.cx.clock.now().0, about, &decision.trace);
}

/// Puts the account a policy chose into the plan.
pub(crate) async fn adopt(browser: &Browser, plan: &mut Plan, decision: &Decision) -> Result<(), FlowError> {
    let Some(name) = decision.pending_username.clone() else { return Ok(()) };
    let row = browser.cx.store.read(move |sql| sql.query_one("SELECT id, username, name, email FROM users WHERE username_fold = $1", params![name]));
    if let Some(row) = row.await? {
        plan.set_pending_user(&PendingUser { pk: Some(row.get(0)?), username: row.get(1)?, name: row.get(2)?, email: row.get(3)?, backend: None });
    }
    Ok(())
}

/// The id of a flow, where its slug is known.
pub(crate) fn by_slug(browser: &Browser, slug: &str) -> Option<Ref<Flow>> {
    browser.snapshot.find::<Flow>("slug", slug).map(|(reference, _)| reference)
}

/// The flow for a designation: the first, by slug, whose policies let the browser in.
pub(crate) async fn by_designation(browser: &Browser, designation: crate::kinds::Designation) -> Result<Option<Ref<Flow>>, FlowError> {
    let snapshot = browser.snapshot.clone();
    let mut flows: Vec<_> = snapshot.list::<Flow>().filter(|(_, flow)| flow.designation == designation).collect();
    flows.sort_by(|(_, a), (_, b)| a.slug.cmp(&b.slug));
    for (reference, flow) in flows {
        let empty = Plan::new(uuid::Uuid::nil(), reference, 0, Map::new());
        let own = reference.key().uuid().unwrap_or_default();
        if ask(browser, browser.subject.as_ref(), &empty, own, flow.policy_engine_mode, false).await?.passing {
            return Ok(Some(reference));
        }
    }
    Ok(None)
}
