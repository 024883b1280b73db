//! Flows as JSON: the executor, its inspector, and starting a flow from the administration.

use axum::response::Response;
use countersign_accounts::visitor;
use countersign_core::{ApiError, Call, Permission, Via, Visitor, json};
use countersign_model::{Entry, FieldErrors, Ref};
use countersign_pages::AnyPage;
use http::{HeaderValue, Method, StatusCode, header};
use serde_json::{Map, Value, json};

use super::computed;
use crate::answer::Answer;
use crate::browser::Browser;
use crate::context::{FlowContext, Flows};
use crate::error::FlowError;
use crate::executor::{self, Entrance, Finished, Reply, Shown};
use crate::kinds::{Flow, FlowStageBinding};
use crate::pages::{AccessDeniedChallenge, RedirectChallenge};
use crate::plan::{Planned, key};
use crate::plan_store::{self, BrowserLocks};
use crate::planner::{self, Planning};
use crate::recorder::inspected;
use crate::run::Run;
use crate::site::Site;
use crate::stages::passkey::options_in_name_field;
use crate::{html, web};

pub(super) async fn get(flows: Flows, call: Call) -> Result<Response, ApiError> {
    serve(flows.over(&call.cx), call, false).await
}

pub(super) async fn post(flows: Flows, call: Call) -> Result<Response, ApiError> {
    serve(flows.over(&call.cx), call, true).await
}

pub(crate) async fn browser(cx: &FlowContext, call: &Call) -> Result<Browser, ApiError> {
    Ok(Browser::new(cx, &call.request, &visitor_of(call).await?).with_headers(&call.headers))
}

pub(super) async fn visitor_of(call: &Call) -> Result<Visitor, ApiError> {
    let (mut parts, ()) = http::Request::new(()).into_parts();
    parts.headers = call.headers.clone();
    Ok(visitor(&call.cx, &parts).await?)
}

async fn serve(cx: FlowContext, call: Call, answering: bool) -> Result<Response, ApiError> {
    let browser = browser(&cx, &call).await?;
    if Site::of(&call.headers, &call.request) == Site::Other {
        return Err(ApiError::detail(
            StatusCode::FORBIDDEN,
            "Another site asked for this. Flows are opened by their own address.",
        ));
    }
    let key = browser.visitor.key.clone();
    let _turn = BrowserLocks::wait(&cx, &key).await;
    let query = web::parse_query(call.query.get("query").unwrap_or_default());
    let mut response = match turn(&call, browser, query, answering).await {
        Ok(finished) => answer(&call, finished),
        // A page, as the original answers.
        Err(FlowError::NoFlow(_)) => {
            return Ok(crate::interface::not_found_page(&cx, &call.request));
        }
        Err(FlowError::Busy) => {
            let mut response = json(
                StatusCode::SERVICE_UNAVAILABLE,
                &serde_json::json!({"detail": FlowError::Busy.to_string()}),
            );
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
            return Ok(response);
        }
        // What a person was asked is kept; the same answer works when the database is back.
        Err(FlowError::Store(error)) if error.is_passing() => return Err(error.into()),
        Err(error @ FlowError::TooMuch) => {
            return Err(ApiError::detail(StatusCode::PAYLOAD_TOO_LARGE, error.to_string()));
        }
        Err(error) => {
            let browser = self::browser(&cx, &call).await?;
            let challenge = executor::failure(&browser, &error).await;
            browser.with_cookies(json(StatusCode::OK, &challenge.json().into()), true)
        }
    };
    response.headers_mut().insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN"));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

async fn turn(
    call: &Call,
    browser: Browser,
    query: Vec<(String, String)>,
    answering: bool,
) -> Result<Finished, FlowError> {
    if call.bytes.len() > web::largest_form(&browser.cx, call.param("flow_slug")) {
        return Err(FlowError::TooMuch);
    }
    let mut executor = match executor::enter(browser, call.param("flow_slug"), query).await? {
        Entrance::Finished(finished) => return Ok(*finished),
        Entrance::Running(executor) => *executor,
    };
    let reply = if answering {
        match body(call) {
            Ok(answer) => match executor.arrive().await? {
                Some(reply) => reply,
                None => executor.turn(Some(&answer)).await?,
            },
            Err(Wrong::Body(text)) => return Err(FlowError::Request(text)),
            Err(Wrong::Shape(errors)) => match executor.turn(None).await? {
                Reply::Show(shown) => Reply::Show(Shown { errors, ..shown }),
                other => other,
            },
        }
    } else {
        executor.turn(None).await?
    };
    // The client comes again for the next stage, which has to be kept for that.
    let reply = if executor.keeps(answering) { reply } else { executor.settle(reply).await? };
    executor.finish(reply, answering).await
}

enum Wrong {
    /// Not JSON at all.
    Body(String),
    /// JSON, but not an object.
    Shape(FieldErrors),
}

fn body(call: &Call) -> Result<Answer, Wrong> {
    match call.object() {
        Ok(map) => Ok(Answer(map)),
        Err(ApiError::Fields(errors)) => Err(Wrong::Shape(errors)),
        Err(other) => Err(Wrong::Body(other.to_string())),
    }
}

fn answer(call: &Call, finished: Finished) -> Response {
    let Finished { run, reply, continues } = finished;
    let none = FieldErrors::new();
    let challenge =
        |page: &dyn AnyPage, errors| json(StatusCode::OK, &challenge_json(&run, page, errors));
    let response = match reply {
        // The next stage is at the same address.
        Reply::Next => call.cx.redirect(&web::address(&call.request)),
        Reply::SwitchFlow { slug } => {
            let to = call.cx.url(&web::flow_url(&slug, &run.plan.query));
            challenge(&RedirectChallenge { to }, &none)
        }
        Reply::Redirect(to) => challenge(&RedirectChallenge { to: call.cx.url(&to) }, &none),
        Reply::Denied(error_message) => challenge(&AccessDeniedChallenge { error_message }, &none),
        Reply::Show(Shown { page, errors }) => challenge(&*page, &errors),
    };
    web::with_retry_after(run.browser.with_cookies(response, continues), run.retry_after)
}

/// A challenge as clients of the original know it.
fn challenge_json(run: &Run, page: &dyn AnyPage, errors: &FieldErrors) -> Value {
    let mut map = Map::new();
    if page.framed()
        && let Some(flow) = run.flow()
    {
        // A plan that was never made has nothing to put into the title.
        let title = if run.plan.steps.is_empty()
            && !run.plan.context.contains_key(key::APPLICATION)
            && flow.title.contains('%')
        {
            flow.title.clone()
        } else {
            html::title(run)
        };
        map.insert(
            "flow_info".to_owned(),
            json!({
                "title": title, "background": run.browser.background(flow), "cancel_url": run.browser.cx.url("/flows/-/cancel/"),
                "layout": countersign_model::ChoiceValue::value(flow.layout),
            }),
        );
    }
    map.extend(page.json());
    if !errors.is_empty() {
        map.insert("response_errors".to_owned(), non_empty(errors.to_coded_json()));
    }
    if page.names_user() {
        map.insert("pending_user".to_owned(), run.shown_user().into());
        map.insert("pending_user_avatar".to_owned(), run.shown_avatar().into());
    }
    Value::Object(map)
}

/// A refusal without a word has no key.
fn non_empty(errors: Value) -> Value {
    match errors {
        Value::Object(map) => map
            .into_iter()
            .filter(|(_, list)| list.as_array().is_none_or(|list| !list.is_empty()))
            .collect::<Map<_, _>>()
            .into(),
        other => other,
    }
}

/// What a passkey in the field of the user name has to sign. Nothing is kept of it, and it names
/// nobody: the same for whoever asks.
pub(super) async fn passkey(flows: Flows, call: Call) -> Result<Response, ApiError> {
    let browser = browser(&flows.over(&call.cx), &call).await?;
    let not_found = || ApiError::not_found("Flow");
    let flow = planner::by_slug(&browser, call.param("slug")).ok_or_else(not_found)?;
    let asked = options_in_name_field(&browser, flow).map_err(api_error)?.ok_or_else(not_found)?;
    let mut response = browser.with_cookies(json(StatusCode::OK, &asked), true);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// Plans a flow for the administrator who wants to try it.
pub(super) async fn execute(flows: Flows, call: Call) -> Result<Response, ApiError> {
    let mut visitor = visitor_of(&call).await?;
    // Whoever comes with a token tries the flow out as its account, in a browser of its own.
    if visitor.user.is_none() {
        visitor.user.clone_from(&call.caller.user);
    }
    let browser = Browser::new(&flows.over(&call.cx), &call.request, &visitor);
    let flow = planner::by_slug(&browser, call.param("slug"))
        .ok_or_else(|| ApiError::not_found("Flow"))?;
    let mut context = Map::new();
    if let Some(user) = browser.pending() {
        context
            .insert(key::PENDING_USER.to_owned(), serde_json::to_value(user).unwrap_or_default());
    }
    match planner::plan(&browser, flow, context, false).await.map_err(api_error)? {
        Planning::Ready(plan) => {
            plan_store::drop_history(&browser).await;
            plan_store::put(&browser, &plan).await.map_err(api_error)?;
            let slug = browser
                .snapshot
                .get::<Flow>(flow)
                .map(|flow| flow.slug.to_string())
                .unwrap_or_default();
            let link = format!("{}{}", call.cx.origin(&call.request), web::flow_url(&slug, &[]));
            Ok(browser.with_cookies(json(StatusCode::OK, &json!({"link": link})), true))
        }
        Planning::NotApplicable { .. } => Err(ApiError::Body(
            StatusCode::BAD_REQUEST,
            json!({"non_field_errors": ["Flow does not apply to current user."]}),
        )),
    }
}

pub(super) fn api_error(error: FlowError) -> ApiError {
    match error {
        FlowError::Store(error) => error.into(),
        FlowError::NoFlow(_) => ApiError::not_found("Flow"),
        other => ApiError::detail(StatusCode::INTERNAL_SERVER_ERROR, other.to_string()),
    }
}

/// The plan of the caller's own browser and what it went through, for who may inspect the flow.
pub(super) async fn inspect(flows: Flows, call: Call) -> Result<Response, ApiError> {
    // Whoever comes with a token has no browser to look into.
    let own_browser = matches!(call.caller.via, Via::Session { .. });
    let permitted = |flow: Ref<Flow>| call.rights().on(Permission::INSPECT_FLOW, flow.id());
    let named = call.snapshot.find::<Flow>("slug", call.param("flow_slug"));
    let permitted = match named {
        Some((flow, _)) => permitted(flow),
        None => call.rights().hold(Permission::INSPECT_FLOW),
    };
    if call.request.method != Method::GET || !permitted || !own_browser {
        return Err(ApiError::detail(StatusCode::NOT_FOUND, "Not found."));
    }
    let browser = browser(&flows.over(&call.cx), &call).await?;
    let flow = planner::by_slug(&browser, call.param("flow_slug"))
        .ok_or_else(|| ApiError::not_found("Flow"))?;
    let session = hex::encode(browser.visitor.key_hash());
    let show = |stages: &[Planned], context: Value| {
        let current = stages.first().map(|stage| planned(&browser, stage)).unwrap_or_default();
        let next = stages.get(1).map_or_else(|| json!({}), |stage| planned(&browser, stage));
        json!({"current_stage": current, "next_planned_stage": next, "plan_context": context, "session_id": session})
    };
    let history: Vec<Value> = plan_store::history(&browser)
        .await
        .map_err(api_error)?
        .into_iter()
        .filter(|entry| entry.get("flow") == Some(&flow.key().to_json()))
        .map(|entry| {
            let stages: Vec<Planned> = entry
                .get("stages")
                .cloned()
                .and_then(|stages| serde_json::from_value(stages).ok())
                .unwrap_or_default();
            show(&stages, entry.get("context").cloned().unwrap_or_default())
        })
        .collect();
    let live =
        plan_store::load(&browser).await.map_err(api_error)?.filter(|kept| kept.plan.flow == flow);
    let (current, completed) = match (live, history.last()) {
        (Some(kept), _) => (
            show(
                &kept.plan.steps.iter().map(|step| step.stage.clone()).collect::<Vec<_>>(),
                Value::Object(inspected(&browser.snapshot, &kept.plan.context)),
            ),
            false,
        ),
        (None, Some(last)) => (last.clone(), true),
        (None, None) => return Err(ApiError::Body(StatusCode::BAD_REQUEST, Value::Null)),
    };
    let mut response = json(
        StatusCode::OK,
        &json!({"plans": history, "current_plan": current, "is_completed": completed}),
    );
    response.headers_mut().insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN"));
    Ok(response)
}

fn planned(browser: &Browser, stage: &Planned) -> Value {
    match stage {
        Planned::InPlan(stage) => {
            json!({"stage_obj": {"name": stage.handler, "component": "", "verbose_name": "In-plan stage"}})
        }
        Planned::Bound { binding, stage, .. } => {
            let entry = browser.snapshot.entry(binding.id());
            let mut map = entry
                .map(|entry: &std::sync::Arc<Entry>| entry.object.values())
                .unwrap_or_default();
            map.insert("pk".to_owned(), binding.key().to_json());
            map.insert("policybindingmodel_ptr_id".to_owned(), binding.key().to_json());
            let object = browser
                .snapshot
                .member(*stage)
                .map(|entry| computed::short_stage(&browser.cx, &browser.snapshot, entry));
            map.insert("stage_obj".to_owned(), object.unwrap_or_default());
            debug_assert!(entry.is_none_or(|entry| entry.cast::<FlowStageBinding>().is_some()));
            Value::Object(map)
        }
    }
}
