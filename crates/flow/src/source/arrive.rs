//! A browser comes back, and the other side has named somebody.

use axum::response::Response;
use countersign_core::{Identity as Account, RequestInfo, Visitor};
use countersign_events::{Event, may_report};
use countersign_model::{ChoiceValue as _, Ref};
use countersign_policy::{Occasion, PolicyRequest, Subject, engine};
use countersign_sources::matching::{self, Action, Denied, Facts};
use countersign_sources::{
    Arrival, Identity, LONGEST_IDENTIFIER, Properties, PropertiesError, Source, Unsettled,
    UserMatchingMode, candidates, connected, evaluate, has_any, make_temporary, usable,
};
use countersign_store::{Sql, StoreError, Tx};
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::errand::{Errand, Wish, key_of};
use super::finish::{FINISH, Finish};
use super::resume::{Ticket, take_up, waits};
use super::{reference, refusal};
use crate::begin::conclude;
use crate::browser::Browser;
use crate::context::FlowContext;
use crate::error::FlowError;
use crate::executor;
use crate::in_plan::InPlan;
use crate::kinds::Flow;
use crate::plan::{PendingUser, Plan, Planned, key};
use crate::plan_store;
use crate::planner::{self, Approach, Planning};
use crate::run::Run;
use crate::stages::Backend;
use crate::web;

/// As long as somebody may be at the other side, in seconds.
const LONGEST: i64 = 900;
const SETTINGS: &str = "/if/user/#/settings";
const HOME: &str = "/if/user/";

/// What arrives at one source.
struct At<'a> {
    reference: Ref<dyn Source>,
    source: &'a dyn Source,
}

/// The other side has named somebody to this browser. `errand`: what it set out for, as
/// [`set_out`](super::set_out) said and the protocol kept; `None` for an answer that nobody has
/// asked for, which signs in and does nothing else.
///
/// # Errors
/// When the engine fails.
pub async fn arrive(
    cx: &FlowContext,
    request: &RequestInfo,
    visitor: &Visitor,
    (source, errand): (Ref<dyn Source>, Option<Errand>),
    identity: Identity,
) -> Result<Response, FlowError> {
    let browser = Browser::new(cx, request, visitor);
    let snapshot = browser.snapshot.clone();
    let Some(found) = usable(&snapshot, source) else {
        let text = "This source was disabled or deleted while you were signing in.";
        return Ok(refusal(&browser, "", StatusCode::NOT_FOUND, text, &[]));
    };
    let at = At { reference: source, source: found };
    let now = cx.clock.now();
    let is_for_this =
        |errand: &Errand| errand.source == source && now < errand.begun.plus_seconds(LONGEST);
    if errand.as_ref().is_some_and(|errand| !is_for_this(errand)) {
        return Ok(over(&browser, found));
    }
    if identity.identifier.is_empty() || identity.identifier.len() > LONGEST_IDENTIFIER {
        let text = "The source has not said who you are.";
        return Ok(at.refuse(&browser, StatusCode::BAD_REQUEST, text));
    }
    let wish = errand.map_or(Wish::SignIn { next: None }, |errand| errand.wish);
    let Some(who) = who(&browser, &wish).await? else { return Ok(over(&browser, found)) };
    let properties = match at.properties(&browser, &identity).await {
        Ok(properties) => properties,
        Err(PropertiesError::Store(error)) => return Err(error.into()),
        Err(error) => return Ok(at.unreadable(&browser, &error).await),
    };
    let (action, known) = at.decide(&browser, who, &identity, &properties).await?;
    let arrival = Arrival {
        source,
        identifier: identity.identifier.clone(),
        connected: known,
        groups: properties.groups.clone(),
        upstream: identity.upstream.clone(),
    };
    at.act(browser, action, wish, arrival, identity, properties).await
}

/// The errand is not this browser's, or its time is over.
pub(super) fn over(browser: &Browser, source: &dyn Source) -> Response {
    let text =
        "This took too long, was done already, or was begun in another browser. Begin again.";
    refusal(browser, source.shared().name, StatusCode::BAD_REQUEST, text, &[])
}

/// Who the browser is to the matching, by what it set out for; `None` where it is not the browser
/// any more that did.
async fn who(browser: &Browser, wish: &Wish) -> Result<Option<matching::Browser>, FlowError> {
    let visitor = &browser.visitor;
    let signed_in = match browser.user_pk() {
        Some(pk) => matching::Browser::SignedIn(pk),
        None => matching::Browser::Nobody,
    };
    Ok(match wish {
        Wish::SignIn { .. } => Some(signed_in),
        Wish::Resume { ticket } => waits(browser, ticket).await?.then_some(signed_in),
        Wish::Connect { user, browser: key } => {
            let same = browser.user_pk() == Some(*user) && *key == key_of(visitor);
            (same && visitor.original.is_none()).then_some(matching::Browser::Connecting(*user))
        }
    })
}

/// Whether the policies of a source let somebody in: `None`, or the page that refuses.
async fn admits(
    browser: &Browser,
    reference: Ref<dyn Source>,
    source: &dyn Source,
    user: Option<&Subject>,
    context: &Map<String, Value>,
) -> Result<Option<Response>, FlowError> {
    let host = browser.host();
    let asked = browser.asking(&host, user, Occasion::Flow(context));
    let own = reference.key().uuid().unwrap_or_default();
    let shared = source.shared();
    let decision = engine::decide(&asked, own, shared.policy_engine_mode).await?;
    countersign_policy::tell(&browser.cx, || browser.actor(), &decision).await;
    if decision.passing {
        return Ok(None);
    }
    let text = if decision.messages.is_empty() {
        "The rules of this source do not let you in.".to_owned()
    } else {
        decision.messages.join(" ")
    };
    Ok(Some(refusal(browser, shared.name, StatusCode::FORBIDDEN, &text, &[])))
}

impl At<'_> {
    fn refuse(&self, browser: &Browser, status: StatusCode, text: &str) -> Response {
        refusal(browser, self.source.shared().name, status, text, &[])
    }

    async fn properties(
        &self,
        browser: &Browser,
        identity: &Identity,
    ) -> Result<Properties, PropertiesError> {
        let host = browser.host();
        let asking: PolicyRequest<'_> = browser.asking(&host, None, Occasion::Application(None));
        evaluate(&asking, (self.reference, self.source), identity).await
    }

    /// A mapping failed: half of what somebody is would be somebody else.
    async fn unreadable(&self, browser: &Browser, error: &PropertiesError) -> Response {
        let slug = self.source.shared().slug;
        if may_report(&browser.cx, "source.mappings", slug).await {
            let source = reference(&browser.snapshot, self.reference);
            let context = json!({"message": error.to_string(), "source": source});
            let event = Event::new("configuration_error", "authentik.core.sources", context);
            event.write(&browser.cx, browser.actor()).await;
        }
        let text = "A rule of this server could not read what the source said about you. Ask an administrator to look at it.";
        let details: Vec<(&str, String)> =
            if browser.sees_errors() { vec![("Error", error.to_string())] } else { Vec::new() };
        refusal(browser, self.source.shared().name, StatusCode::BAD_REQUEST, text, &details)
    }

    /// Whose account the identity is, and whose it was so far.
    async fn decide(
        &self,
        browser: &Browser,
        who: matching::Browser,
        identity: &Identity,
        properties: &Properties,
    ) -> Result<(Action, Option<i64>), FlowError> {
        // Whom the source names anew each time is nobody's account yet.
        let mode = match identity.temporary {
            Some(_) => UserMatchingMode::Identifier,
            None => self.source.shared().user_matching_mode,
        };
        let source = self.reference;
        let text = |field: &str| {
            let text = properties.user.get(field).and_then(Value::as_str).map(str::trim);
            text.filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let named = match mode {
            UserMatchingMode::Identifier => None,
            UserMatchingMode::EmailLink | UserMatchingMode::EmailDeny => {
                text("email").filter(|_| !identity.email_is_unverified)
            }
            UserMatchingMode::UsernameLink | UserMatchingMode::UsernameDeny => text("username"),
        };
        let identifier = identity.identifier.clone();
        let read = move |sql: &mut Sql<'_>| {
            let known = connected(sql, source, &identifier)?.map(|(_, account)| account);
            let person_has_other = match who {
                matching::Browser::Connecting(me) => has_any(sql, source, me)?,
                matching::Browser::Nobody | matching::Browser::SignedIn(_) => false,
            };
            let found = match &named {
                Some(value) => Some(candidates(sql, source, mode, value)?),
                None => None,
            };
            let named = found.as_deref();
            let facts = Facts { browser: who, connected: known, person_has_other, mode, named };
            Ok::<_, StoreError>((matching::user(&facts), known))
        };
        Ok(browser.cx.store.read(read).await?)
    }

    async fn act(
        &self,
        browser: Browser,
        action: Action,
        wish: Wish,
        mut arrival: Arrival,
        identity: Identity,
        properties: Properties,
    ) -> Result<Response, FlowError> {
        let shared = self.source.shared();
        let account = match action {
            Action::Authenticate(pk)
            | Action::Link(pk)
            | Action::Connect(pk)
            | Action::Known(pk) => Some(pk),
            Action::Enroll => None,
            Action::Deny(why) => return Ok(self.denied(&browser, why, &wish).await),
        };
        let mut who = match account {
            Some(pk) => {
                browser.cx.store.read(move |sql| countersign_accounts::identity(sql, pk)).await?
            }
            None => None,
        };
        let subject = who.as_ref().map(|user| Subject::of(user, browser.cx.uid(user.pk)));
        let mut context = self.context(&browser, &arrival, identity.for_policies, &properties);
        let refused =
            admits(&browser, self.reference, self.source, subject.as_ref(), &context).await?;
        if let Some(refused) = refused {
            return Ok(refused);
        }
        let temporary = identity.temporary.filter(|_| action == Action::Enroll);
        if let Some(seconds) = temporary
            && self.goes_on(&browser, &wish)
        {
            let made = match self.temporary(&browser, &arrival, seconds).await {
                Ok(made) => made,
                Err(Unsettled::Refused(why)) => {
                    return Ok(self.refuse(&browser, StatusCode::FORBIDDEN, &why.to_string()));
                }
                Err(Unsettled::Store(error)) => return Err(error.into()),
            };
            arrival.connected = made.as_ref().map(|user| user.pk);
            if let Some(Value::Object(connection)) = context.get_mut(key::SOURCE_CONNECTION) {
                connection.insert("user".to_owned(), json!(arrival.connected));
            }
            who = made;
        }
        let pending = who.map(|user| PendingUser {
            pk: Some(user.pk),
            username: user.username,
            name: user.name,
            email: user.email,
            backend: Some(Backend::Inbuilt.value().to_owned()),
        });
        let ticket = match &wish {
            Wish::Resume { ticket } => Some(ticket.clone()),
            Wish::SignIn { .. } | Wish::Connect { .. } => None,
        };
        let (flow, missing) = match action {
            Action::Connect(pk) => return self.connect(&browser, &arrival, pk).await,
            Action::Known(_) => match (ticket, pending) {
                (Some(ticket), Some(who)) => {
                    return self.resume(browser, &ticket, context, arrival, &who).await;
                }
                _ => return Ok(browser.cx.see_other(&destination(&wish))),
            },
            Action::Enroll if temporary.is_none() => {
                (shared.enrollment_flow, "Source is not configured for enrollment.")
            }
            _ => (shared.authentication_flow, "Configured flow does not exist."),
        };
        let flow = flow.map(|flow| flow.cast::<Flow>());
        let flow = flow.filter(|flow| browser.snapshot.get(*flow).is_some());
        match (flow, ticket, pending) {
            (Some(flow), ticket, pending) => {
                let begin = Beginning { flow, ticket, pending, to: destination(&wish) };
                self.begin(browser, begin, context, arrival).await
            }
            // What waits goes on by itself where the source has no flow of its own.
            (None, Some(ticket), Some(who)) => {
                self.resume(browser, &ticket, context, arrival, &who).await
            }
            (None, ..) => Ok(self.refuse(&browser, StatusCode::BAD_REQUEST, missing)),
        }
    }

    /// Whether there is something by which a new temporary account is signed in.
    fn goes_on(&self, browser: &Browser, wish: &Wish) -> bool {
        let flow = self.source.shared().authentication_flow.map(|flow| flow.cast::<Flow>());
        matches!(wish, Wish::Resume { .. })
            || flow.is_some_and(|flow| browser.snapshot.get(flow).is_some())
    }

    /// Makes an account for this one session. Only once the policies have let its owner in.
    async fn temporary(
        &self,
        browser: &Browser,
        arrival: &Arrival,
        seconds: i64,
    ) -> Result<Option<Account>, Unsettled> {
        let arrival = arrival.clone();
        let work = move |tx: &mut Tx<'_>| {
            let pk = make_temporary(tx, &arrival, seconds)?;
            Ok::<_, Unsettled>(countersign_accounts::identity(tx, pk)?)
        };
        browser.cx.store.write(browser.actor(), "temporary account of a source", work).await
    }

    /// What the flow, its policies and events are told.
    fn context(
        &self,
        browser: &Browser,
        arrival: &Arrival,
        for_policies: Map<String, Value>,
        properties: &Properties,
    ) -> Map<String, Value> {
        let source = reference(&browser.snapshot, self.reference);
        let groups: Map<String, Value> = properties
            .groups
            .iter()
            .map(|group| (group.identifier.clone(), group.properties.clone().into()))
            .collect();
        let connection = json!({
            "identifier": arrival.identifier, "source": source, "user": arrival.connected,
        });
        let mut context = for_policies;
        context.extend([
            (key::IS_SSO.to_owned(), json!(true)),
            (key::SOURCE.to_owned(), source),
            (key::SOURCE_CONNECTION.to_owned(), connection),
            (key::SOURCE_GROUPS.to_owned(), groups.into()),
            (key::USER_BACKEND.to_owned(), Backend::Inbuilt.value().into()),
            (key::PROMPT_DATA.to_owned(), properties.user.clone().into()),
            (key::USER_PATH.to_owned(), self.source.shared().user_path().into()),
        ]);
        context
    }

    /// The flow of the source, which ends in [`Finish`].
    async fn begin(
        &self,
        mut browser: Browser,
        begin: Beginning,
        mut context: Map<String, Value>,
        arrival: Arrival,
    ) -> Result<Response, FlowError> {
        let Beginning { flow, ticket, pending, to } = begin;
        context.insert(key::REDIRECT.to_owned(), to.as_str().into());
        if let Some(pending) = &pending {
            context.insert(key::PENDING_USER.to_owned(), serde_json::to_value(pending)?);
        }
        let approach = if ticket.is_some() { Approach::Redirected } else { Approach::Direct };
        let mut plan = match planner::plan(&browser, flow, context, approach).await? {
            Planning::Ready(plan) => *plan,
            Planning::NotApplicable { messages, plan } => {
                let run = Run::new(browser, *plan, None);
                return Ok(conclude(executor::not_applicable(run, &messages).await));
            }
        };
        plan.arrival = Some(arrival);
        let account = plan.pending_user().and_then(|user| user.pk);
        (plan.recording.user, plan.recording.known) = (account, account.is_some());
        plan.asked_at = Some(to).filter(|to| executor::is_local(to));
        plan.append(Planned::InPlan(InPlan::new(FINISH, &Finish { resume: ticket })));
        go_on(&mut browser, &plan).await
    }

    /// The flow that waits, by somebody whom the source has named.
    async fn resume(
        &self,
        mut browser: Browser,
        ticket: &Ticket,
        context: Map<String, Value>,
        arrival: Arrival,
        who: &PendingUser,
    ) -> Result<Response, FlowError> {
        let said = Plan {
            arrival: Some(arrival),
            ..Plan::new(
                browser.cx.entropy.uuid(),
                Ref::new(countersign_model::Key::Uuid(uuid::Uuid::nil())),
                0,
                context,
            )
        };
        match take_up(&browser, ticket, who, &said).await {
            Some(plan) => go_on(&mut browser, &plan).await,
            None => Ok(over(&browser, self.source)),
        }
    }

    /// Whoever is signed in has asked for it.
    async fn connect(
        &self,
        browser: &Browser,
        arrival: &Arrival,
        user: i64,
    ) -> Result<Response, FlowError> {
        let arrival = arrival.clone();
        let work = move |tx: &mut Tx<'_>| arrival.connect(tx, user);
        match browser.cx.store.write(browser.actor(), "source connected", work).await {
            Ok(()) => Ok(browser.cx.see_other(SETTINGS)),
            Err(Unsettled::Refused(why)) => {
                Ok(self.refuse(browser, StatusCode::FORBIDDEN, &why.to_string()))
            }
            Err(Unsettled::Store(error)) => Err(error.into()),
        }
    }

    async fn denied(&self, browser: &Browser, why: Denied, wish: &Wish) -> Response {
        let shared = self.source.shared();
        if may_report(&browser.cx, "source.denied", shared.slug).await {
            let source = reference(&browser.snapshot, self.reference);
            let context = json!({"source": source, "reason": why.to_string()});
            let event = Event::new("login_failed", "authentik.core.sources", context);
            event.write(&browser.cx, browser.actor()).await;
        }
        let language = browser.language();
        let source = |key: &str| language.say(key, &[("source", shared.name.into())]);
        let text = match (why, wish) {
            (Denied::SomebodyElse | Denied::OtherIdentity, Wish::Connect { .. }) => {
                source("source-connected-elsewhere")
            }
            (Denied::SomebodyElse, _) => source("source-somebody-else"),
            _ => source("source-denied"),
        };
        self.refuse(browser, StatusCode::FORBIDDEN, &text)
    }
}

/// What [`At::begin`] begins.
struct Beginning {
    flow: Ref<Flow>,
    ticket: Option<Ticket>,
    pending: Option<PendingUser>,
    to: String,
}

/// Where somebody wanted to get.
fn destination(wish: &Wish) -> String {
    match wish {
        Wish::SignIn { next: Some(next) } if executor::is_local(next) => next.clone(),
        Wish::Connect { .. } => SETTINGS.to_owned(),
        Wish::SignIn { .. } | Wish::Resume { .. } => HOME.to_owned(),
    }
}

/// Keeps the plan and sends the browser to its flow.
async fn go_on(browser: &mut Browser, plan: &Plan) -> Result<Response, FlowError> {
    // Whoever knew this browser's key before must not share in what the source has said.
    if browser.user_pk().is_none() {
        browser.renew_key();
    }
    plan_store::put(browser, plan).await?;
    if let Some(old) = browser.former_key() {
        plan_store::forget(&browser.cx, old).await;
    }
    let slug = browser.snapshot.get(plan.flow).map(|flow| flow.slug.to_string());
    let to = web::flow_url(&slug.unwrap_or_default(), &[]);
    Ok(browser.with_cookies(browser.cx.see_other(&to), true))
}
