//! The page of a stage as a visitor finds it, for those who arrange the flow.

use axum::response::Response;
use countersign_core::{ApiError, Call, json};
use countersign_model::{Key, KeyType, Ref};
use countersign_pages::AnyPage;
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::actions::find;
use super::executor::{api_error, visitor_of};
use crate::browser::Browser;
use crate::context::Flows;
use crate::html;
use crate::kinds::{Authentication, Flow, FlowStageBinding};
use crate::pages::AccessDeniedChallenge;
use crate::plan::{Plan, Planned, key};
use crate::planner;
use crate::run::Run;
use crate::stage::{AnyStage, Step};
use crate::stages::IdentificationStage;
use crate::web::nobody;

/// Draws the page of a stage, the first where none is named; nothing is kept, sent or written.
/// `example`: the page shows values of its sample, as it does where the caller may not view the
/// stage, or the flow is not for the caller: its expressions answer whom the flow is for.
pub(super) async fn preview(flows: Flows, call: Call) -> Result<Response, ApiError> {
    let (flow, definition) = find(&call)?;
    let missing = || ApiError::not_found("FlowStageBinding");
    let named = match call.query.get("binding") {
        Some(key) => Some(Ref::new(Key::parse(key, KeyType::Uuid).ok_or_else(missing)?)),
        None => planner::bindings(&call.snapshot, flow).first().map(|(first, _)| *first),
    };
    let Some(binding) = named else {
        return Ok(json(StatusCode::OK, &json!({"example": false, "html": null})));
    };
    let cx = flows.over(&call.cx);
    let mut browser = Browser::new(&cx, &call.request, &nobody());
    if is_for_people_signed_in(&definition) {
        let mut visitor = visitor_of(&call).await?;
        visitor.user.clone_from(&call.caller.user);
        browser = Browser::new(&cx, &call.request, &visitor);
    }
    (browser.is_page, browser.is_trial) = (true, true);
    let mut run = Run::new(browser, plan(&call, &cx, flow, binding).ok_or_else(missing)?, None);
    run.refresh().await?;
    let entry = run.current_stage().ok_or_else(missing)?;
    let is_seen = call.rights().see(entry.meta(), entry.id);
    let stage = entry.facet::<dyn AnyStage>().ok_or_else(missing)?;

    let is_for_caller =
        is_seen && planner::admits(&run.browser, &run.plan).await.map_err(api_error)?;
    let shown = if is_for_caller && stage.only_asks() {
        match stage.perform(&mut run, &mut Value::Null, None).await.map_err(api_error)? {
            Step::Show(page) => Some(page),
            Step::Deny(error_message) => {
                Some(Box::new(AccessDeniedChallenge { error_message }) as Box<dyn AnyPage>)
            }
            Step::Invalid(_)
            | Step::Done
            | Step::Redirect(_)
            | Step::Resume(_)
            | Step::SwitchFlow { .. } => None,
        }
    } else {
        None
    };
    let example = shown.is_none();
    let sample = || stage.pages().first().and_then(|def| (def.samples)().into_iter().next());
    let theme = call.query.get("theme").filter(|theme| ["light", "dark"].contains(theme));
    let html = shown.or_else(sample).and_then(|page| html::preview(&run, &*page, theme));
    Ok(json(StatusCode::OK, &json!({"example": example && html.is_some(), "html": html})))
}

const fn is_for_people_signed_in(flow: &Flow) -> bool {
    matches!(
        flow.authentication,
        Authentication::RequireAuthenticated | Authentication::RequireSuperuser
    )
}

/// The flow from that stage on. Behind the question who it is, the caller has answered it.
fn plan(
    call: &Call,
    cx: &crate::context::FlowContext,
    flow: Ref<Flow>,
    first: Ref<FlowStageBinding>,
) -> Option<Plan> {
    let bindings = planner::bindings(&call.snapshot, flow);
    let at = bindings.iter().position(|(reference, _)| *reference == first)?;
    let mut context = Map::new();
    let asks_who = bindings.iter().take(at).any(|(_, before)| {
        let stage = call.snapshot.member(before.stage);
        stage.is_some_and(|stage| stage.cast::<IdentificationStage>().is_some())
    });
    if let Some(user) = call.caller.user.as_ref().filter(|_| asks_who) {
        let user =
            json!({"pk": null, "username": user.username, "name": user.name, "email": user.email});
        context.insert(key::PENDING_USER.to_owned(), user);
    }
    let mut plan = Plan::new(cx.entropy.uuid(), flow, call.snapshot.revision(), context);
    for (binding, bound) in bindings.into_iter().skip(at) {
        plan.append(Planned::Bound { binding, stage: bound.stage, re_evaluate: false });
    }
    Some(plan)
}
