//! The doors for protocols: begin a flow, send somebody to sign in, show an error or a refusal.

use axum::response::Response;
use countersign_catalogue::Application;
use countersign_core::{Context, Permission, RequestInfo, Visitor};
use countersign_model::Ref;
use countersign_pages::{
    Confirm, Denied, Errors, Form, Message, Pair, Scene, response as page_response,
};
use countersign_policy::{Decision, access};
use countersign_store::StoreError;
use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::browser::Browser;
use crate::context::FlowContext;
use crate::error::FlowError;
use crate::executor::{self, Executor, Finished, Reached, Reply};
use crate::html;
use crate::in_plan::{self, InPlan};
use crate::kinds::Flow;
use crate::plan::{Planned, PlannedStep};
use crate::plan_store;
use crate::planner::{self, Approach, Planning};
use crate::record;
use crate::recorder::{Recording, trace_number};
use crate::run::Run;
use crate::stage::AnyStage;
use crate::web;

/// Whether anything may be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interaction {
    Allowed,
    /// `prompt=none`: only what needs no page.
    Forbidden,
}

/// A flow to be run, and what it ends in.
#[derive(Debug, Clone)]
pub struct Begin {
    pub flow: Ref<Flow>,
    /// The plan's context, see [`crate::key`].
    pub context: Map<String, Value>,
    pub last: InPlan,
    pub interaction: Interaction,
    /// Ask for consent right before the end, whatever was given before (`prompt=consent`).
    pub always_consent: bool,
}

/// How a flow began.
pub enum Started {
    /// It ran to its end without a page, or the browser is sent to it, or it was refused.
    Answer(Response),
    /// A page would be needed but is forbidden.
    InteractionRequired,
}

/// Begins a flow for a browser. A plan of another flow that waits is dropped.
///
/// # Errors
/// When the engine fails or a stage breaks.
pub async fn begin(
    cx: &FlowContext,
    request: &RequestInfo,
    visitor: &Visitor,
    begin: Begin,
) -> Result<Started, FlowError> {
    let browser = Browser::new(cx, request, visitor);
    let mut plan = match planner::plan(&browser, begin.flow, begin.context, Approach::Direct)
        .await?
    {
        Planning::Ready(plan) => *plan,
        Planning::NotApplicable { messages, plan } => {
            let mut plan = *plan;
            plan.query = web::parse_query(&request.query);
            let finished = executor::not_applicable(Run::new(browser, plan, None), &messages).await;
            return Ok(Started::Answer(conclude(finished)));
        }
    };
    if begin.always_consent {
        plan.append(Planned::InPlan(InPlan::new(in_plan::CONSENT, &())));
    }
    plan.append(Planned::InPlan(begin.last));
    plan.asked_at = address(request);
    let run = Run::new(browser, plan, None);
    let only_in_plan = run.plan.steps.iter().all(|step| matches!(step.stage, Planned::InPlan(_)));
    let silent = only_in_plan && run.plan.steps.iter().all(|step| may_run_silently(&run, step));
    if silent {
        return finish_silently(run).await;
    }
    if begin.interaction == Interaction::Forbidden {
        return quietly(run).await;
    }
    plan_store::put(&run.browser, &run.plan).await?;
    let slug = run.slug();
    Ok(Started::Answer(
        run.browser.with_cookies(
            cx.redirect(&web::flow_url(&slug, &web::parse_query(&request.query))),
            true,
        ),
    ))
}

/// Whether a step may be performed where nothing may be shown.
fn may_run_silently(run: &Run, step: &PlannedStep) -> bool {
    match &step.stage {
        Planned::InPlan(planned) => {
            in_plan::stage(run, planned).is_ok_and(|stage| stage.may_run_silently())
        }
        Planned::Bound { stage, .. } => {
            let entry = run.browser.snapshot.member(*stage);
            let stage = entry.and_then(|entry| entry.facet::<dyn AnyStage>());
            stage.is_some_and(AnyStage::may_run_silently)
        }
    }
}

/// Where this request can be made again.
fn address(request: &RequestInfo) -> Option<String> {
    (request.method == http::Method::GET).then(|| web::address(request))
}

/// Nothing but in-plan stages that show nothing: they run at once.
async fn finish_silently(run: Run) -> Result<Started, FlowError> {
    let mut executor = Executor::fresh(run);
    let mut reply = executor.turn(None).await?;
    while matches!(reply, Reply::Next) {
        reply = executor.turn(None).await?;
    }
    let finished = executor.finish(reply, false).await?;
    Ok(Started::Answer(conclude(finished)))
}

/// Runs what can be run without a page; the first stage that wants one, or that would change
/// something, ends it.
async fn quietly(run: Run) -> Result<Started, FlowError> {
    let mut executor = Executor::fresh(run);
    loop {
        if executor.reach().await? != Reached::Stage {
            break;
        }
        let step = executor.run.plan.current();
        if !step.is_some_and(|step| may_run_silently(&executor.run, step)) {
            return Ok(Started::InteractionRequired);
        }
        match executor.turn(None).await? {
            Reply::Next => {}
            // A form to another server is the answer itself, not a question.
            Reply::Show(shown) if shown.page.asks() => {
                return Ok(Started::InteractionRequired);
            }
            reply => {
                let finished = executor.finish(reply, false).await?;
                return Ok(Started::Answer(conclude(finished)));
            }
        }
    }
    Ok(Started::InteractionRequired)
}

/// The end of a flow as an answer to a plain request.
pub(crate) fn conclude(finished: Finished) -> Response {
    html::present(Finished { continues: false, ..finished }, None, Context::redirect)
}

/// Sends the browser to sign in and back to `next`, an address of this server. A
/// [`Destination`](crate::Destination) of the protocol tells the application that the page names
/// and that may choose the flow.
#[must_use]
pub fn require_login(
    cx: &FlowContext,
    request: &RequestInfo,
    visitor: &Visitor,
    next: &str,
) -> Response {
    let query: String =
        form_urlencoded::Serializer::new(String::new()).append_pair("next", next).finish();
    Browser::new(cx, request, visitor)
        .with_cookies(cx.redirect(&format!("/flows/-/default/authentication/?{query}")), true)
}

/// A page for an error of a protocol: a title people and guides know, a sentence, what was
/// received.
#[must_use]
pub fn error_page(
    cx: &FlowContext,
    request: &RequestInfo,
    status: StatusCode,
    title: &str,
    text: &str,
    details: &[(&str, String)],
) -> Response {
    let visitor = Visitor::nobody(String::new());
    let mut page = Message::new(title).text(text).action("Go to the start page", "/");
    page.details = details.iter().map(|(title, value)| Pair::new(*title, value.clone())).collect();
    page.trace.clone_from(&request.id);
    Browser::new(cx, request, &visitor).page(status, &page)
}

/// Any other page, as "you have been logged out".
#[must_use]
pub fn message_page(
    cx: &FlowContext,
    request: &RequestInfo,
    status: StatusCode,
    page: Message,
) -> Response {
    let visitor = Visitor::nobody(String::new());
    Browser::new(cx, request, &visitor).page(status, &page)
}

/// A page with one button that posts its hidden fields to `action` with a CSRF token (field `csrf`),
/// under what is wrong, if something is.
#[must_use]
pub fn confirm_page(
    cx: &FlowContext,
    request: &RequestInfo,
    visitor: &Visitor,
    headers: &http::HeaderMap,
    (action, page): (String, Confirm),
    wrong: Option<String>,
) -> Response {
    let mut browser = Browser::new(cx, request, visitor);
    let form = Form { action, csrf: browser.csrf(headers), multipart: false };
    let errors = wrong.map(Errors::one).unwrap_or_default();
    let scene = Scene { form, errors, ..Scene::default() };
    browser.with_cookies(page_response(StatusCode::OK, &browser.frame(), &scene, &page), true)
}

/// Whom an application is for, where no rule has words of its own. Names of groups are for
/// administrators.
fn intended_groups(decision: &Decision) -> String {
    let steps = &decision.trace.steps;
    // Only a list of groups, any of which would do, can be told as a whole.
    let plain = decision.trace.mode == "any" || steps.len() == 1;
    if steps.is_empty() || !plain || steps.iter().any(|step| step.kind != "group" || step.negate) {
        return "Your account is fine; this application is not for it.".to_owned();
    }
    let groups: Vec<&str> = steps.iter().map(|step| step.name.as_str()).collect();
    match groups.as_slice() {
        [one] => format!("Your account is fine; this application is for the group {one}."),
        many => {
            let many = many.join(", ");
            format!("Your account is fine; this application is for the groups {many}.")
        }
    }
}

/// The rules that say no, for administrators.
fn not_passing(decision: &Decision) -> String {
    let steps = decision.trace.steps.iter().filter(|step| !step.passing);
    let named: Vec<String> = steps.map(|step| format!("{} {}", step.kind, step.name)).collect();
    match named.as_slice() {
        [] => String::new(),
        [one] => format!("The {one} does not pass."),
        many => format!("These do not pass: {}.", many.join(", ")),
    }
}

/// "You may not open this application", with the reason and a number under which administrators
/// find the decision.
///
/// # Errors
/// When the engine fails.
pub async fn denied_page(
    cx: &FlowContext,
    request: &RequestInfo,
    visitor: &Visitor,
    (reference, application): (Ref<Application>, &str),
    mut decision: Decision,
) -> Result<Response, StoreError> {
    let browser = Browser::new(cx, request, visitor);
    let username = visitor.user.as_ref().map_or("", |user| user.username.as_str());
    access::name_steps(cx, username, &mut decision.trace.steps).await?;
    let run = cx.entropy.uuid();
    let now = cx.clock.now().0;
    let mut recording = Recording {
        started: now,
        user: browser.user_pk(),
        known: true,
        application: reference.key().uuid(),
        ..Recording::default()
    };
    recording.policies(now, &format!("application {application}"), &decision);
    recording.stage(
        now,
        application,
        "authentik_core.application",
        "denied",
        json!({"messages": decision.messages}),
    );
    if recording.reason.is_empty() {
        recording.reason = not_passing(&decision);
    }
    record::write_decision(&browser, run, &format!("application:{application}"), recording).await;
    let reason = match decision.messages.is_empty() {
        false => decision.messages.join(" "),
        true if browser.sees_errors() => intended_groups(&decision),
        true => "Your account is fine; this application is not for it.".to_owned(),
    };
    let details = if browser.sees_errors() {
        let outcome =
            |step: &countersign_policy::Step| format!("This {} does not pass.", step.kind);
        decision
            .trace
            .steps
            .iter()
            .filter(|step| !step.passing)
            .map(|step| Pair::new(step.name.clone(), outcome(step)))
            .collect()
    } else {
        Vec::new()
    };
    let person = html::person_of(&browser);
    let page = Denied {
        title: format!("You can’t open {application}"),
        subtitle: reason,
        person,
        application: application.to_owned(),
        details,
        again_url: Some(web::cancel_url(address(request).as_deref())),
        again_label: "Switch account".to_owned(),
        home_url: Some("/if/user/".to_owned()),
        trace: trace_number(run),
        why_url: browser
            .may(Permission::INSPECT_FLOW)
            .then(|| format!("/if/admin/#/flow/runs/{run}")),
    };
    Ok(browser.with_cookies(browser.page(StatusCode::OK, &page), true))
}
