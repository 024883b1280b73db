//! Makes plans: may this browser run this flow, and which stages are on its way.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

use countersign_events::model_reference;
use countersign_model::{Entry, ObjectId, Ref, Snapshot, Target as _};
use countersign_policy::{Decision, Occasion, PolicyBinding, Subject, engine};
use countersign_store::{params, sha256};
use serde_json::{Map, Value, json};

use crate::browser::Browser;
use crate::error::FlowError;
use crate::executor::UNDECIDED;
use crate::kinds::{Authentication, Flow, FlowStageBinding};
use crate::plan::{PendingUser, Plan, Planned, key};
use crate::stages::{PromptStage, PromptType};

/// The outcome of planning.
pub(crate) enum Planning {
    Ready(Box<Plan>),
    /// The flow is not for this browser; the messages say why, as far as policies did.
    NotApplicable {
        messages: Vec<String>,
        plan: Box<Plan>,
    },
}

/// How a browser comes to a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Approach {
    Direct,
    /// From another flow.
    Redirected,
    /// By a link whose plan begins with the account's owner proving who they are, as by signing in.
    Proving,
}

/// Plans a flow.
pub(crate) async fn plan(
    browser: &Browser,
    flow: Ref<Flow>,
    context: Map<String, Value>,
    approach: Approach,
) -> Result<Planning, FlowError> {
    let begun = tokio::time::Instant::now();
    let planned = make(browser, flow, context, approach).await;
    if let Some(definition) = browser.snapshot.get(flow) {
        metrics::histogram!("authentik_flows_plan_time", "flow_slug" => definition.slug.to_string()).record(begun.elapsed().as_secs_f64());
    }
    planned
}

async fn make(
    browser: &Browser,
    flow: Ref<Flow>,
    context: Map<String, Value>,
    approach: Approach,
) -> Result<Planning, FlowError> {
    let snapshot = browser.snapshot.clone();
    let definition = snapshot.get(flow).ok_or_else(|| FlowError::NoFlow(flow.to_string()))?;
    let run = browser.cx.entropy.uuid();
    let mut plan = Plan::new(run, flow, snapshot.revision(), context);
    plan.begun = browser.cx.clock.now();
    plan.made_from = made_from(&snapshot, flow);
    plan.recording.started = browser.cx.clock.now().0;
    plan.recording.user = browser.user_pk();
    plan.recording.known = browser.user_pk().is_some();
    if let Some(outpost) = browser.request.outpost.and_then(|id| snapshot.entry(id)) {
        let (meta, key) = (outpost.meta(), outpost.id.key.to_string());
        let name = outpost.label().unwrap_or_default();
        let reference = model_reference(meta.app(), meta.model_name(), &key, &name);
        plan.context.insert(key::OUTPOST.to_owned(), json!({"instance": reference}));
    }
    if !meets(browser, definition.authentication, approach, &plan) {
        plan.recording.stage(
            browser.cx.clock.now().0,
            "",
            "",
            "denied",
            json!({"requires": countersign_model::ChoiceValue::value(definition.authentication)}),
        );
        return Ok(Planning::NotApplicable { messages: Vec::new(), plan: Box::new(plan) });
    }
    let user = planning_user(browser, &plan).await?;
    let own = flow.key().uuid().unwrap_or_default();
    let decision =
        ask(browser, user.as_ref(), &plan, own, definition.policy_engine_mode, false).await?;
    note(browser, &mut plan, &format!("flow {}", definition.slug), &decision);
    if !decision.passing {
        return Ok(Planning::NotApplicable { messages: decision.messages, plan: Box::new(plan) });
    }
    adopt(browser, &mut plan, &decision).await?;
    for (reference, binding) in bindings(&snapshot, flow) {
        if binding.evaluate_on_plan {
            let own = reference.key().uuid().unwrap_or_default();
            let decision =
                ask(browser, user.as_ref(), &plan, own, binding.policy_engine_mode, true).await?;
            let stage = snapshot.member(binding.stage).and_then(|stage| stage.handle());
            let stage = stage.unwrap_or_else(|| binding.stage.to_string());
            note(browser, &mut plan, &format!("stage {stage}"), &decision);
            adopt(browser, &mut plan, &decision).await?;
            if decision.undecided {
                return Ok(Planning::NotApplicable {
                    messages: vec![UNDECIDED.to_owned()],
                    plan: Box::new(plan),
                });
            }
            if !decision.passing {
                continue;
            }
        }
        plan.append(Planned::Bound {
            binding: reference,
            stage: binding.stage,
            re_evaluate: binding.re_evaluate_policies,
        });
    }
    Ok(Planning::Ready(Box::new(plan)))
}

/// The stage bindings of a flow in their order.
pub(crate) fn bindings(
    snapshot: &Snapshot,
    flow: Ref<Flow>,
) -> Vec<(Ref<FlowStageBinding>, FlowStageBinding)> {
    let mut found: Vec<_> = snapshot
        .referrers_in(flow.id(), FlowStageBinding::SPACE)
        .filter(|(_, field)| *field == "target")
        .filter_map(|(by, _)| {
            Some((Ref::new(by.key), snapshot.entry(by)?.cast::<FlowStageBinding>()?.clone()))
        })
        .collect();
    found.sort_by_key(|(reference, binding)| (binding.order, *reference));
    found
}

/// A fingerprint of everything that decides which stages a plan of this flow has and what they ask:
/// the flow, its bindings, their stages and what these name, the policies bound to any of them,
/// each by the revision that last changed it. Two plans with the same fingerprint ask the same; one
/// whose fingerprint is no longer this is not gone on with.
pub(crate) fn made_from(snapshot: &Snapshot, flow: Ref<Flow>) -> String {
    let mut parts = BTreeSet::from([flow.id()]);
    let mut bound = vec![flow.id()];
    for (reference, binding) in bindings(snapshot, flow) {
        bound.push(reference.id());
        parts.extend([reference.id(), binding.stage.id()]);
        if let Some(stage) = snapshot.member(binding.stage) {
            stage.object.visit_refs(&mut |_, id| {
                parts.insert(id);
            });
        }
    }
    for target in bound {
        for (key, policy) in engine::bindings_of(snapshot, target.key.uuid().unwrap_or_default()) {
            parts.insert(ObjectId::new(PolicyBinding::SPACE, key));
            parts.extend(policy.policy.map(|policy| policy.id()));
        }
    }
    let text = parts.iter().fold(String::new(), |mut text, id| {
        let revision = snapshot.entry(*id).map_or(0, |entry| entry.revision);
        let _ = writeln!(text, "{} {} {revision}", id.space.0, id.key);
        text
    });
    hex::encode(sha256(&text))
}

/// Whether one of the flow's own pages asks for a file.
pub(crate) fn asks_files(snapshot: &Snapshot, flow: Ref<Flow>) -> bool {
    let stages = bindings(snapshot, flow);
    let mut prompts = stages
        .iter()
        .filter_map(|(_, binding)| snapshot.member(binding.stage)?.cast::<PromptStage>())
        .flat_map(|stage| &stage.fields);
    prompts
        .any(|prompt| snapshot.get(*prompt).is_some_and(|prompt| prompt.r#type == PromptType::File))
}

/// The stages of a flow in their order.
pub(crate) fn stages(snapshot: &Snapshot, flow: Ref<Flow>) -> Vec<Arc<Entry>> {
    let found = bindings(snapshot, flow);
    found.iter().filter_map(|(_, binding)| snapshot.member(binding.stage)).cloned().collect()
}

/// Whether the plan is still what planning it now would be made from.
pub(crate) fn still_holds(snapshot: &Snapshot, plan: &Plan) -> bool {
    let source = plan.arrival.as_ref().map(|arrival| arrival.source);
    if source.is_some_and(|source| countersign_sources::usable(snapshot, source).is_none()) {
        return false;
    }
    snapshot.revision() == plan.revision || made_from(snapshot, plan.flow) == plan.made_from
}

fn meets(browser: &Browser, requirement: Authentication, approach: Approach, plan: &Plan) -> bool {
    match requirement {
        Authentication::None => true,
        Authentication::RequireAuthenticated => {
            approach == Approach::Proving || browser.visitor.user.is_some()
        }
        Authentication::RequireUnauthenticated => browser.visitor.user.is_none(),
        Authentication::RequireSuperuser => browser.is_superuser(),
        Authentication::RequireRedirect => {
            approach == Approach::Redirected || plan.context.contains_key(key::IS_REDIRECTED)
        }
        // A protocol that this server speaks itself does what outposts do.
        Authentication::RequireOutpost => {
            browser.headless.is_some() || browser.request.outpost.is_some()
        }
    }
}

/// Whether the flow of a plan is for this browser: by what it requires, and by the policies bound to
/// it. One that begins after a redirect can be come by in that way.
pub(crate) async fn admits(browser: &Browser, plan: &Plan) -> Result<bool, FlowError> {
    let Some(definition) = browser.snapshot.get(plan.flow) else { return Ok(false) };
    if !meets(browser, definition.authentication, Approach::Redirected, plan) {
        return Ok(false);
    }
    let user = planning_user(browser, plan).await?;
    let (own, mode) = (plan.flow.key().uuid().unwrap_or_default(), definition.policy_engine_mode);
    Ok(ask(browser, user.as_ref(), plan, own, mode, false).await?.passing)
}

async fn planning_user(browser: &Browser, plan: &Plan) -> Result<Option<Subject>, FlowError> {
    match plan.pending_user().and_then(|user| user.pk) {
        Some(pk) if browser.user_pk() != Some(pk) => {
            let read = browser
                .cx
                .store
                .look_up(move |sql| countersign_accounts::identity(sql, pk))
                .await?;
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
    let occasion =
        if in_plan { Occasion::Stage(&plan.context) } else { Occasion::Flow(&plan.context) };
    let host = browser.host();
    let decision = engine::decide(&browser.asking(&host, user, occasion), target, mode).await?;
    if !browser.is_trial {
        countersign_policy::tell(&browser.cx, || browser.actor(), &decision).await;
    }
    Ok(decision)
}

fn note(browser: &Browser, plan: &mut Plan, about: &str, decision: &Decision) {
    plan.recording.policies(browser.cx.clock.now().0, about, decision);
}

/// Puts into the plan what policies changed in its context, and the account they chose.
pub(crate) async fn adopt(
    browser: &Browser,
    plan: &mut Plan,
    decision: &Decision,
) -> Result<(), FlowError> {
    for (key, value) in &decision.changes {
        match value {
            Some(value) => plan.context.insert(key.clone(), value.clone()),
            None => plan.context.remove(key),
        };
    }
    let Some(name) = decision.pending_username.clone() else { return Ok(()) };
    let row = browser.cx.store.look_up(move |sql| {
        sql.query_one(
            "SELECT id, username, name, email FROM users WHERE username_fold = $1",
            params![name],
        )
    });
    if let Some(row) = row.await? {
        plan.set_pending_user(&PendingUser {
            pk: Some(row.get(0)?),
            username: row.get(1)?,
            name: row.get(2)?,
            email: row.get(3)?,
            backend: None,
        });
    }
    Ok(())
}

/// The id of a flow, where its slug is known.
pub(crate) fn by_slug(browser: &Browser, slug: &str) -> Option<Ref<Flow>> {
    browser.snapshot.find::<Flow>("slug", slug).map(|(reference, _)| reference)
}

/// The flow for a designation: the first, by slug, whose policies let the browser in.
pub(crate) async fn by_designation(
    browser: &Browser,
    designation: crate::kinds::Designation,
) -> Result<Option<Ref<Flow>>, FlowError> {
    let snapshot = browser.snapshot.clone();
    let mut flows: Vec<_> =
        snapshot.list::<Flow>().filter(|(_, flow)| flow.designation == designation).collect();
    flows.sort_by(|(_, a), (_, b)| a.slug.cmp(&b.slug));
    for (reference, flow) in flows {
        let empty = Plan::new(uuid::Uuid::nil(), reference, 0, Map::new());
        let own = reference.key().uuid().unwrap_or_default();
        if ask(browser, browser.subject.as_ref(), &empty, own, flow.policy_engine_mode, false)
            .await?
            .passing
        {
            return Ok(Some(reference));
        }
    }
    Ok(None)
}
