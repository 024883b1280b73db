//! One-time links. Mail scanners, previews and a second look open links: what opens one, by GET or
//! HEAD, gets a page with a button, and only the button spends it.

use axum::body::Bytes;
use axum::response::Response;
use countersign_accounts::start_session;
use countersign_core::{Identity, SessionData, cookies::csrf_matches, cookies::session_cookie};
use countersign_directory::{FlowLink, flow_link, spend_flow_link, spend_recovery_link};
use countersign_events::{Event, emit};
use countersign_model::Ref;
use countersign_pages::{Confirm, Form, Message, Pair, Scene, response as page_response};
use countersign_store::{Actor, Agent, Sql, StoreError, Tx};
use http::{StatusCode, header};
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::browser::Browser;
use crate::error::FlowError;
use crate::in_plan::{InPlan, PROVE_FACTOR, PROVE_OWNER};
use crate::kinds::Flow;
use crate::plan::{Mailed, PendingUser, Plan, Planned, Proved, Restored, key};
use crate::plan_store;
use crate::planner::{self, Approach, Planning};
use crate::web::{self, Visit};

/// Name in the query of a flow's address.
pub(crate) const FLOW_TOKEN: &str = "flow_token";
/// Field of the page that says its button was pressed.
const USED: &str = "use_link";
/// As long as the session of a recovery link lives on the server, in seconds.
const SESSION: i64 = 86_400;

/// What the page says of a link.
struct Words {
    title: String,
    text: &'static str,
    action: &'static str,
}

fn button(visit: &Visit, action: String, words: Words) -> Response {
    let mut browser = visit.browser();
    let csrf = browser.csrf(&visit.parts.headers);
    let page = Confirm {
        title: words.title,
        text: words.text.to_owned(),
        hidden: vec![Pair::new(USED, "1")],
        action: words.action.to_owned(),
        ..Confirm::default()
    };
    let scene = Scene { form: Form { action, csrf, multipart: false }, ..Scene::default() };
    let response = page_response(StatusCode::OK, &browser.frame(), &scene, &page);
    browser.with_cookies(response, true)
}

fn link_expired(visit: &Visit) -> Response {
    let page = Message::new("This link is not valid any more")
        .text("It was used already, its time is over, or it is not for the account you are signed in with. Ask for a new one.")
        .action("Go to the start page", "/");
    visit.browser().page(StatusCode::NOT_FOUND, &page)
}

fn pressed(visit: &Visit, body: Option<&Bytes>) -> bool {
    let Some(answer) = body.map(|body| Answer::of_form(body)) else { return false };
    answer.str(USED).is_some()
        && csrf_matches(&visit.parts.headers, &visit.request, answer.str("csrf")).is_ok()
}

/// `/recovery/use-token/<key>/`: signs in.
pub(crate) async fn use_token(
    visit: &Visit,
    key: &str,
    body: Option<&Bytes>,
) -> Result<Response, FlowError> {
    if !pressed(visit, body) {
        let words = Words {
            title: "Sign in".to_owned(),
            text: "This link signs you in, once.",
            action: "Sign in",
        };
        return Ok(button(visit, visit.request.path.clone(), words));
    }
    let cx = &visit.cx;
    let (session_key, limits) = (cx.entropy.token(32), cx.settings.sessions);
    let actor = Actor {
        client_ip: Some(visit.request.client_ip.to_string()),
        agent: Agent::Anonymous,
        ..Actor::default()
    };
    let (key, request, fresh) = (key.to_owned(), visit.request.clone(), session_key.clone());
    let work = move |tx: &mut Tx<'_>| {
        let Some(user) = spend_recovery_link(tx, &key)? else { return Ok::<_, StoreError>(None) };
        let data = SessionData {
            auth_method: "recovery".to_owned(),
            auth_time: tx.now().seconds(),
            ..SessionData::default()
        };
        if start_session(tx, user.pk, &fresh, (SESSION, limits), &request, &data)?.is_none() {
            return Ok(None);
        }
        emit(
            tx,
            Event::new("login", "authentik.recovery", json!({"auth_method": "recovery"}))
                .by_self(user.as_actor()),
        )?;
        Ok(Some(user.pk))
    };
    let Some(pk) = cx.store.write(actor, "recovery link used", work).await? else {
        return Ok(link_expired(visit));
    };
    let mut response = visit.cx.see_other("/if/user/#/settings");
    if let Some(cookie) = session_cookie(cx, &visit.request, &session_key, Some(&cx.uid(pk)), None)
    {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// A flow's page with a link's key in its query: the flow begins for whom the link was made.
pub(crate) async fn use_flow_token(
    visit: &Visit,
    slug: &str,
    query: &[(String, String)],
    body: Option<&Bytes>,
) -> Result<Response, FlowError> {
    let mut browser = visit.browser();
    let flow =
        planner::by_slug(&browser, slug).ok_or_else(|| FlowError::NoFlow(slug.to_owned()))?;
    if !pressed(visit, body) {
        let title = browser.snapshot.get(flow).map(|flow| flow.title.clone()).unwrap_or_default();
        let words = Words {
            title,
            text: "This link works once. Go on when you are ready.",
            action: "Continue",
        };
        return Ok(button(visit, web::flow_url(slug, query), words));
    }
    let key = query
        .iter()
        .rev()
        .find(|(name, _)| name == FLOW_TOKEN)
        .map(|(_, key)| key.as_str())
        .unwrap_or_default();
    let rest: Vec<_> = query.iter().filter(|(name, _)| name != FLOW_TOKEN).cloned().collect();
    if !restore(&mut browser, flow, key).await? {
        return Ok(link_expired(visit));
    }
    Ok(browser.with_cookies(visit.cx.see_other(&web::flow_url(slug, &rest)), true))
}

/// Whether a link that a stage sent is still for this account: it went to the address that is the
/// account's now, and the account is active or was made in the same run. A deactivated one stays
/// that, whoever reads its mail.
fn is_good_for(plan: &Plan, user: &Identity) -> bool {
    let mailed = plan.restored.as_ref().filter(|link| link.user == user.pk);
    let to_own = |mailed: &Mailed| mailed.to.as_ref().is_none_or(|to| *to == user.email);
    mailed.and_then(|link| link.mailed.as_ref()).is_some_and(to_own)
        && (user.is_active || awaits_confirmation(plan.made_account, user))
}

/// Whether an inactive account is the one that a run has made and not confirmed the address of yet.
/// Who has ever signed in was deactivated.
pub(crate) fn awaits_confirmation(made: Option<i64>, user: &Identity) -> bool {
    made == Some(user.pk) && user.last_login.is_none()
}

/// Spends a link's key and keeps the plan of its flow, about whom it was made for. `false`: it was
/// not good, or the flow is not for them.
pub(crate) async fn restore(
    browser: &mut Browser,
    flow: Ref<Flow>,
    link: &str,
) -> Result<bool, FlowError> {
    let (link, uuid) = (link.to_owned(), flow.key().uuid().unwrap_or_default());
    let (asked, now) = (link.clone(), browser.cx.clock.now());
    let store = browser.cx.store.clone();
    let look = move |sql: &mut Sql<'_>| flow_link(sql, store.sealer(), &asked, uuid, now);
    let Some(FlowLink { user, plan, set_up }) = browser.cx.store.read(look).await? else {
        return Ok(false);
    };
    // Nobody sets up a factor of somebody else with the session of their own.
    if set_up && browser.user_pk().is_some_and(|pk| pk != user.pk) {
        return Ok(false);
    }
    // A plan of an older version of the program leads nowhere any more.
    let sent = match plan.map(|plan| serde_json::from_str::<Plan>(plan.expose())) {
        None => None,
        Some(Ok(plan)) if is_good_for(&plan, &user) => Some(plan),
        Some(_) => return Ok(false),
    };
    let pending = PendingUser {
        pk: Some(user.pk),
        username: user.username.clone(),
        name: user.name.clone(),
        email: user.email.clone(),
        backend: sent.as_ref().and_then(|plan| plan.pending_user()?.backend),
    };
    let mut context = sent.as_ref().map(|plan| plan.context.clone()).unwrap_or_default();
    context.insert(key::PENDING_USER.to_owned(), serde_json::to_value(pending)?);
    if !set_up {
        context.insert(key::IS_RESTORED.to_owned(), Value::Bool(true));
    }
    // Planned in either case: this is where the flow says for whom it is.
    let approach = if set_up { Approach::Proving } else { Approach::Direct };
    let Planning::Ready(mut plan) = planner::plan(browser, flow, context, approach).await? else {
        return Ok(false);
    };
    // Who is signed in proves it by having done so of late, which the stages ask.
    if set_up && browser.user_pk().is_none() {
        plan.prepend(Planned::InPlan(InPlan::new(PROVE_FACTOR, &())));
        plan.prepend(Planned::InPlan(InPlan::new(PROVE_OWNER, &())));
    }
    match sent {
        // As a run of its own: the browser that asked for the link may go on, too.
        Some(sent) => {
            *plan = Plan { run: plan.run, begun: plan.begun, context: plan.context, ..sent };
        }
        None => plan.restored = Some(Restored { user: user.pk, mailed: None }),
    }
    plan.proved_of = Some(Proved::of(&user));
    // Of two uses at once, one finds the link.
    if browser
        .cx
        .store
        .write(browser.actor(), "link into a flow used", move |tx| spend_flow_link(tx, &link, uuid))
        .await?
        != Some(user.pk)
    {
        return Ok(false);
    }
    (plan.recording.user, plan.recording.known) = (Some(user.pk), true);
    // Whoever knew this browser's key before must not share in what the link gives.
    if browser.user_pk().is_none() {
        browser.renew_key();
    }
    plan_store::put(browser, &plan).await?;
    if let Some(old) = browser.former_key() {
        plan_store::forget(&browser.cx, old).await;
    }
    Ok(true)
}
