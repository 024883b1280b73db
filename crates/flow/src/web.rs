//! The addresses of flows that people open: flows as pages, the default flows, cancel, links.

use axum::body::Bytes;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use countersign_accounts::visitor;
use countersign_core::{
    Context, RequestInfo, Route, Routes, Stack, ThrottleClass, Visitor, cookies::csrf_matches, form,
};
use countersign_model::{ChoiceValue as _, FieldErrors, Problem, Ref};
use countersign_pages::{Message, Scene, response as page_response};
use countersign_store::log_failure;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts};
use http_body_util::{BodyExt as _, Limited};
use serde_json::{Map, Value};

use crate::answer::Answer;
use crate::browser::Browser;
use crate::context::{FlowContext, Flows};
use crate::error::FlowError;
use crate::executor::{self, Entrance, Executor, Reply, Shown};
use crate::kinds::{Authentication, Designation, Flow};
use crate::plan::PendingUser;
use crate::plan_store::{self, BrowserLocks};
use crate::planner::{self, Approach, Planning};
use crate::recovery::{self, FLOW_TOKEN};
use crate::site::Site;
use crate::{destination, html, record, setup, stages};

/// A form, in bytes; and one that carries files.
const LARGEST_FORM: usize = 64 * 1024;
const LARGEST_WITH_FILES: usize = 4 * 1024 * 1024;
const CANCEL: &str = "/flows/-/cancel/";

pub(crate) fn routes(flows: &Flows) -> Vec<Route> {
    let flows = flows.clone();
    let over = Routes::over(move |cx| flows.over(cx));
    let mut pages = vec![
        over.at([Method::GET, Method::POST], "/if/flow/{slug}/", flow)
            .stack(Stack::Upload(LARGEST_WITH_FILES))
            .throttle(ThrottleClass::Login),
        over.at([Method::GET], "/flows/-/default/authentication/", default_authentication),
        over.at([Method::GET], "/flows/-/default/invalidation/", default_invalidation),
        over.at([Method::GET], CANCEL, cancel),
        over.at([Method::GET], "/flows/-/signed-out/{ticket}/", crate::signed_out::signed_out),
        over.at([Method::GET], "/flows/-/configure/{stage}/", configure),
        over.at([Method::GET], "/application/launch/{slug}/", crate::launch::launch),
        over.at([Method::GET, Method::HEAD], "/if/help/", crate::help::help),
        over.at([Method::GET, Method::POST], "/recovery/use-token/{key}/", use_token),
    ];
    pages.extend(crate::interface::pages(&over));
    let mut routes: Vec<Route> = pages.into_iter().flat_map(Route::with_slash).collect();
    routes.push(over.at([Method::GET, Method::HEAD], "/help", crate::help::moved));
    routes.extend(crate::interface::files_of(&over));
    routes
}

/// The address of a flow's page with a query.
pub(crate) fn flow_url(slug: &str, query: &[(String, String)]) -> String {
    let text: String = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
    if text.is_empty() { format!("/if/flow/{slug}/") } else { format!("/if/flow/{slug}/?{text}") }
}

pub(crate) fn parse_query(text: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(text.as_bytes())
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect()
}

/// One request of a person.
pub(crate) struct Visit {
    pub(crate) cx: FlowContext,
    pub(crate) parts: Parts,
    pub(crate) request: RequestInfo,
    pub(crate) visitor: Visitor,
}

impl Visit {
    pub(crate) async fn of(cx: FlowContext, parts: Parts) -> Result<Self, Response> {
        let request = RequestInfo::of(&parts);
        match visitor(&cx, &parts).await {
            Ok(visitor) => Ok(Self { cx, parts, request, visitor }),
            Err(error) => Err(failure_page(&cx, &request, &FlowError::Store(error))),
        }
    }

    pub(crate) fn browser(&self) -> Browser {
        let mut browser =
            Browser::new(&self.cx, &self.request, &self.visitor).with_headers(&self.parts.headers);
        browser.unasked = Site::of(&self.parts.headers, &self.request) != Site::Own;
        browser.is_page = true;
        browser.remembered_name = Browser::remembered_name(&self.parts.headers);
        browser
    }

    pub(crate) fn failure(&self, error: &FlowError) -> Response {
        failure_page(&self.cx, &self.request, error)
    }
}

pub(crate) fn nobody() -> Visitor {
    Visitor::nobody(String::new())
}

pub(crate) fn failure_page(cx: &FlowContext, request: &RequestInfo, error: &FlowError) -> Response {
    let (status, title, text) = match error {
        FlowError::NoFlow(_) => {
            (StatusCode::NOT_FOUND, "Page not found", "There is no flow at this address.")
        }
        FlowError::TooMuch => (
            StatusCode::PAYLOAD_TOO_LARGE,
            "That is too much",
            "Go back and enter less, or smaller files.",
        ),
        FlowError::Busy => (
            StatusCode::SERVICE_UNAVAILABLE,
            "Too many sign-ins at once",
            "Wait a few seconds and try again.",
        ),
        error if error.is_passing() => (
            StatusCode::SERVICE_UNAVAILABLE,
            "Not available for the moment",
            "The server cannot reach its database. Wait a few seconds and try again.",
        ),
        FlowError::Store(_)
        | FlowError::Broken(_)
        | FlowError::Request(_)
        | FlowError::Unreadable => (
            StatusCode::INTERNAL_SERVER_ERROR,
            "Something went wrong here",
            "It is not your fault. Try again in a moment.",
        ),
    };
    if status == StatusCode::INTERNAL_SERVER_ERROR || matches!(error, FlowError::Store(_)) {
        log_failure(error, error.is_passing(), &request.id);
    }
    let mut page = Message::new(title).text(text).action("Go to the start page", "/");
    if !matches!(status, StatusCode::NOT_FOUND | StatusCode::PAYLOAD_TOO_LARGE) {
        page.trace.clone_from(&request.id);
    }
    let mut response = Browser::new(cx, request, &nobody()).page(status, &page);
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
    }
    response
}

async fn flow(
    State(cx): State<FlowContext>,
    Path(slug): Path<String>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let body = if parts.method == Method::POST {
        match Limited::new(body, largest_form(&cx, &slug)).collect().await {
            Ok(body) => Some(body.to_bytes()),
            Err(_) => return failure_page(&cx, &RequestInfo::of(&parts), &FlowError::TooMuch),
        }
    } else {
        None
    };
    let visit = match Visit::of(cx, parts).await {
        Ok(visit) => visit,
        Err(response) => return response,
    };
    match run_flow(&visit, &slug, body).await {
        Ok(response) => response,
        // What a person was asked is kept; the same answer works when the database is back.
        Err(error)
            if error.is_passing() || matches!(error, FlowError::NoFlow(_) | FlowError::TooMuch) =>
        {
            visit.failure(&error)
        }
        Err(error) => {
            let browser = visit.browser();
            let page = executor::failure(&browser, &error).await;
            let scene = Scene { cancel_url: CANCEL.to_owned(), ..Scene::default() };
            page_response(StatusCode::INTERNAL_SERVER_ERROR, &browser.frame(), &scene, &page)
        }
    }
}

/// As much may be sent to a flow: more where one of its pages asks for files.
pub(crate) fn largest_form(cx: &FlowContext, slug: &str) -> usize {
    let snapshot = cx.snapshot();
    let asks_files = snapshot
        .find::<Flow>("slug", slug)
        .is_some_and(|(flow, _)| planner::asks_files(&snapshot, flow));
    if asks_files { LARGEST_WITH_FILES } else { LARGEST_FORM }
}

async fn run_flow(visit: &Visit, slug: &str, body: Option<Bytes>) -> Result<Response, FlowError> {
    let _turn = BrowserLocks::wait(&visit.cx, &visit.visitor.key).await;
    let present =
        |finished| html::present(finished, Some(&visit.parts.headers), Context::see_other);
    let query = parse_query(&visit.request.query);
    if query.iter().any(|(name, _)| name == FLOW_TOKEN) {
        return recovery::use_flow_token(visit, slug, &query, body.as_ref()).await;
    }
    let answer = match body {
        Some(body) => Some(read_form(&visit.parts.headers, &body).await),
        None => None,
    };
    let forged = answer.as_ref().and_then(|answer| {
        csrf_matches(&visit.parts.headers, &visit.request, answer.str("csrf")).err()
    });
    let mut browser = visit.browser();
    browser.unasked &= answer.is_none() || forged.is_some();
    let mut executor = match executor::enter(browser, slug, query.clone()).await? {
        Entrance::Running(executor) => *executor,
        // A link to one's own settings, opened before signing in.
        Entrance::Finished(finished)
            if finished.run.flow().is_some_and(|flow| {
                flow.authentication == Authentication::RequireAuthenticated
            }) && visit.visitor.user.is_none() =>
        {
            return Ok(visit.cx.redirect(&login_url(&visit.request)));
        }
        Entrance::Finished(finished) => return Ok(present(*finished)),
    };
    let answered = answer.is_some() && forged.is_none();
    let reply = match answer {
        Some(_) if forged.is_some() => again(&mut executor).await?,
        Some(mut answer) => {
            answer.0.remove("csrf");
            match executor.arrive().await? {
                Some(reply) => reply,
                None => executor.turn(Some(&answer)).await?,
            }
        }
        None => executor.turn(None).await?,
    };
    // The next page is fetched, not answered to a form: reloading it sends nothing twice.
    let reply = if answered { reply } else { executor.settle(reply).await? };
    Ok(present(executor.finish(reply, answered).await?))
}

async fn read_form(headers: &HeaderMap, body: &Bytes) -> Answer {
    let media =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match form::parts(media, body.clone()).await {
        Some(parts) => Answer::of_parts(parts),
        None => Answer::of_form(body),
    }
}

/// A form that is not ours, or too old: the page again, with a word about it.
async fn again(executor: &mut Executor) -> Result<Reply, FlowError> {
    let reply = executor.turn(None).await?;
    Ok(match executor.settle(reply).await? {
        Reply::Show(shown) => {
            let text = "This page was open for too long, or cookies are blocked. Please try again.";
            Reply::Show(Shown { errors: FieldErrors::object(Problem::new("csrf", text)), ..shown })
        }
        other => other,
    })
}

/// Says when it is worth asking again.
pub(crate) fn with_retry_after(mut response: Response, seconds: Option<i64>) -> Response {
    if let Some(seconds) = seconds {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

async fn default_authentication(State(cx): State<FlowContext>, request: Request) -> Response {
    default_flow(cx, request, Designation::Authentication).await
}

async fn default_invalidation(State(cx): State<FlowContext>, request: Request) -> Response {
    default_flow(cx, request, Designation::Invalidation).await
}

async fn default_flow(cx: FlowContext, request: Request, designation: Designation) -> Response {
    let visit = match Visit::of(cx, request.into_parts().0).await {
        Ok(visit) => visit,
        Err(response) => return response,
    };
    match choose(&visit, designation).await {
        Ok(to) => visit.cx.redirect(&to),
        Err(error) => visit.failure(&error),
    }
}

async fn choose(visit: &Visit, designation: Designation) -> Result<String, FlowError> {
    if designation == Designation::Authentication && setup::is_open(&visit.cx).await? {
        return Ok(setup::SETUP_URL.to_owned());
    }
    let browser = visit.browser();
    let query = parse_query(&visit.request.query);
    let field = if designation == Designation::Authentication {
        "flow_authentication"
    } else {
        "flow_invalidation"
    };
    let mut chosen = browser.brand_flow(field);
    if designation == Designation::Authentication {
        let hinted =
            destination::application(&visit.cx, &query).and_then(|hint| hint.authentication_flow);
        chosen = hinted.filter(|flow| browser.snapshot.get(*flow).is_some()).or(chosen);
    }
    if chosen.is_none() {
        chosen = planner::by_designation(&browser, designation).await?;
    }
    // Where people may make an account, whoever is sent here to do so begins with that.
    let registers = destination::application(&visit.cx, &query).is_some_and(|hint| hint.registers);
    if registers && designation == Designation::Authentication {
        chosen = chosen.and_then(|flow| stages::enrollment_of(&browser.snapshot, flow)).or(chosen);
    }
    let chosen = chosen.ok_or_else(|| FlowError::NoFlow(designation.value().to_owned()))?;
    // A plan of another flow must not wait for this one.
    if plan_store::load(&browser).await?.is_some_and(|kept| kept.plan.flow != chosen) {
        plan_store::drop_plan(&browser).await;
    }
    let slug =
        browser.snapshot.get::<Flow>(chosen).map(|flow| flow.slug.to_string()).unwrap_or_default();
    Ok(flow_url(&slug, &query))
}

async fn cancel(State(cx): State<FlowContext>, request: Request) -> Response {
    let visit = match Visit::of(cx, request.into_parts().0).await {
        Ok(visit) => visit,
        Err(response) => return response,
    };
    let browser = visit.browser();
    let query = parse_query(&visit.request.query);
    let mut next =
        query.iter().rev().find(|(name, _)| name == "next").map(|(_, next)| next.clone());
    match plan_store::load(&browser).await {
        Ok(Some(mut kept)) => {
            next = next.or_else(|| kept.plan.wanted().map(str::to_owned));
            let slug = browser
                .snapshot
                .get(kept.plan.flow)
                .map(|flow| flow.slug.to_string())
                .unwrap_or_default();
            if let Some(noted) = record::note(&browser, &mut kept.plan, &slug, "cancelled") {
                record::keep(&browser, noted).await;
            }
        }
        Ok(None) => {}
        Err(error) => return visit.failure(&error),
    }
    plan_store::drop_plan(&browser).await;
    // Who is not signed in has nothing to sign out of.
    match next.filter(|next| executor::is_local(next)) {
        Some(next) if browser.user_pk().is_none() => {
            visit.cx.redirect(&with_next("/flows/-/default/authentication/", &next))
        }
        Some(next) => visit.cx.redirect(&with_next("/flows/-/default/invalidation/", &next)),
        None => visit.cx.redirect("/flows/-/default/invalidation/"),
    }
}

async fn use_token(
    State(cx): State<FlowContext>,
    Path(key): Path<String>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let posted = parts.method == Method::POST;
    let body = match Limited::new(body, LARGEST_FORM).collect().await {
        Ok(body) => posted.then(|| body.to_bytes()),
        Err(_) => return failure_page(&cx, &RequestInfo::of(&parts), &FlowError::TooMuch),
    };
    let visit = match Visit::of(cx, parts).await {
        Ok(visit) => visit,
        Err(response) => return response,
    };
    recovery::use_token(&visit, &key, body.as_ref())
        .await
        .unwrap_or_else(|error| visit.failure(&error))
}

async fn configure(
    State(cx): State<FlowContext>,
    Path(stage): Path<String>,
    request: Request,
) -> Response {
    let visit = match Visit::of(cx, request.into_parts().0).await {
        Ok(visit) => visit,
        Err(response) => return response,
    };
    let browser = visit.browser();
    let Some(user) = browser.pending() else {
        return visit.cx.redirect(&login_url(&visit.request));
    };
    match begin_configuration(&browser, &stage, &user).await {
        Ok(Some(slug)) => visit.cx.redirect(&flow_url(&slug, &parse_query(&visit.request.query))),
        Ok(None) => visit.failure(&FlowError::NoFlow(stage)),
        Err(error) => visit.failure(&error),
    }
}

async fn begin_configuration(
    browser: &Browser,
    stage: &str,
    user: &PendingUser,
) -> Result<Option<String>, FlowError> {
    use countersign_model::{Key, ObjectId, Space};
    let Ok(uuid) = uuid::Uuid::parse_str(stage) else { return Ok(None) };
    let Some(entry) = browser.snapshot.entry(ObjectId::new(Space("stage"), Key::Uuid(uuid))) else {
        return Ok(None);
    };
    let flow = entry
        .object
        .values()
        .get("configure_flow")
        .and_then(Value::as_str)
        .and_then(|key| uuid::Uuid::parse_str(key).ok());
    let Some(flow) = flow.map(|key| Ref::<Flow>::new(Key::Uuid(key))) else { return Ok(None) };
    let context =
        Map::from_iter([(crate::plan::key::PENDING_USER.to_owned(), serde_json::to_value(user)?)]);
    match planner::plan(browser, flow, context, Approach::Direct).await? {
        Planning::Ready(plan) => {
            plan_store::put(browser, &plan).await?;
            Ok(browser.snapshot.get(flow).map(|flow| flow.slug.to_string()))
        }
        Planning::NotApplicable { .. } => Ok(None),
    }
}

/// The address of a request on this server.
pub(crate) fn address(request: &RequestInfo) -> String {
    if request.query.is_empty() {
        request.path.clone()
    } else {
        format!("{}?{}", request.path, request.query)
    }
}

pub(crate) fn with_next(path: &str, next: &str) -> String {
    let query: String =
        form_urlencoded::Serializer::new(String::new()).append_pair("next", next).finish();
    format!("{path}?{query}")
}

/// Where somebody signs in who wants this page.
fn login_url(request: &RequestInfo) -> String {
    with_next("/flows/-/default/authentication/", &address(request))
}

/// Leaves a plan. Whoever signs in afterwards gets to `next`.
pub(crate) fn cancel_url(next: Option<&str>) -> String {
    next.map_or_else(|| CANCEL.to_owned(), |next| with_next(CANCEL, next))
}
