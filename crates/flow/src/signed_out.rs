//! Where a browser goes after signing out: applications that took part in the session are notified,
//! some of them by this browser, and the page says which were reached. It waits for a few seconds
//! at most, works without script, and goes on by itself where there is nothing to say. Its address
//! alone shows nothing: a cookie, which only the browser that signed out was given, opens it.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::response::Response;
use cookie::{Cookie, SameSite};
use countersign_catalogue::application::of_provider;
use countersign_catalogue::sign_out::{
    Carried, Ended, Participant, SignOut, State as At, frames, message_id, next_visit, of_sessions,
    settle, way,
};
use countersign_core::{RequestInfo, cookies};
use countersign_model::{Ref, Snapshot, Timestamp};
use countersign_pages::{
    AutosubmitChallenge, Link, Message, Page, Scene, response as page_response,
};
use countersign_store::{Actor, Owner, StoreError, Tx, sha256};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use subtle::ConstantTimeEq as _;
use url::Url;
use uuid::Uuid;

use crate::begin::message_page;
use crate::browser::Browser;
use crate::context::FlowContext;
use crate::error::FlowError;
use crate::run::Run;
use crate::stage::Step;
use crate::web;

/// The page's address, before its ticket.
const PATH: &str = "/flows/-/signed-out/";
/// What one browser's sign-out is about, by the ticket in its page's address.
const TICKETS: &str = "flow.signed_out";
const TICKET_SECONDS: i64 = 900;
/// Shows that a browser is the one that signed out. It is sent to its own ticket's page only.
const BROWSER_COOKIE: &str = "authentik_signed_out";
/// So long the page waits for answers.
const PATIENCE_SECONDS: i64 = 4;
/// Where no script says that all frames are loaded.
const FRAME_SECONDS: u32 = 3;
/// In the address, when the person wants to go on.
const GO_ON: &str = "go-on";

/// What comes after signing out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Onward {
    /// Nothing in particular.
    Start,
    Address(String),
    /// A form that this browser carries to an application.
    Form {
        url: String,
        fields: Vec<(String, String)>,
        title: String,
    },
}

#[derive(Debug, Serialize, Deserialize)]
struct Ticket {
    sessions: Vec<Uuid>,
    onward: Onward,
    begun: Timestamp,
    /// SHA-256 of the value of the browser's cookie.
    browser: [u8; 32],
}

impl Ticket {
    /// The ticket of this name, for the browser that it was made for and for no other.
    async fn find(
        cx: &FlowContext,
        headers: &HeaderMap,
        name: &str,
    ) -> Result<Option<Ticket>, StoreError> {
        let Some(shown) = cookies::value(headers, BROWSER_COOKIE) else { return Ok(None) };
        let known = cx.store.ephemeral().get(TICKETS, name).await?;
        let ticket = known.and_then(|known| serde_json::from_slice::<Ticket>(&known.bytes).ok());
        Ok(ticket.filter(|ticket| bool::from(ticket.browser.ct_eq(&sha256(&shown)))))
    }
}

/// Where a browser goes on, and the cookie that its answer has to carry for that.
#[derive(Debug)]
pub struct Left {
    pub onward: Onward,
    pub cookie: Option<HeaderValue>,
}

impl Run {
    /// Goes on after sessions were ended: by the page, where applications have to be notified.
    ///
    /// # Errors
    /// When the engine fails.
    pub async fn leave(&mut self, onward: Onward) -> Result<Step, FlowError> {
        let sessions = self.plan.ended_sessions();
        let left = leave(&self.browser.cx, self.request(), &sessions, onward).await?;
        self.browser.give(left.cookie);
        Ok(match left.onward {
            Onward::Start => Step::Redirect("/".to_owned()),
            Onward::Address(to) => Step::Redirect(to),
            Onward::Form { url, fields, title } => {
                Step::show(AutosubmitChallenge::new(url, fields, title))
            }
        })
    }
}

/// Where a browser goes whose sessions were ended: on, or to the page first.
///
/// # Errors
/// The store fails.
pub async fn leave(
    cx: &FlowContext,
    request: &RequestInfo,
    sessions: &[Uuid],
    onward: Onward,
) -> Result<Left, StoreError> {
    if sessions.is_empty() {
        return Ok(Left { onward, cookie: None });
    }
    let asked = sessions.to_vec();
    let rows = cx.store.read(move |sql| of_sessions(sql, &asked)).await?;
    let says_something = |row: &Participant| match row.state() {
        At::Asks => false,
        At::Unaware => onward == Onward::Start,
        _ => true,
    };
    if !rows.iter().any(says_something) {
        return Ok(Left { onward, cookie: None });
    }
    let (name, secret) = (cx.entropy.token(32), cx.entropy.token(32));
    let (sessions, begun, browser) = (sessions.to_vec(), cx.clock.now(), sha256(&secret));
    let ticket = Ticket { sessions, onward, begun, browser };
    let bytes = serde_json::to_vec(&ticket).unwrap_or_default();
    let owner = Owner::client(request.client_ip);
    cx.store.ephemeral().put(TICKETS, &name, bytes, TICKET_SECONDS, owner).await?;
    let to = cx.url(&format!("{PATH}{name}/"));
    let cookie = Cookie::build((BROWSER_COOKIE, secret))
        .path(to.clone())
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(request.secure())
        .max_age(cookie::time::Duration::seconds(TICKET_SECONDS));
    let cookie = HeaderValue::from_str(&cookie.build().to_string()).ok();
    Ok(Left { onward: Onward::Address(to), cookie })
}

pub(crate) async fn signed_out(
    State(cx): State<FlowContext>,
    Path(name): Path<String>,
    request: Request,
) -> Response {
    let parts = request.into_parts().0;
    let request = RequestInfo::of(&parts);
    match answer(&cx, &request, &parts.headers, &name).await {
        Ok(response) => response,
        Err(error) => web::failure_page(&cx, &request, &FlowError::Store(error)),
    }
}

async fn answer(
    cx: &FlowContext,
    request: &RequestInfo,
    headers: &HeaderMap,
    name: &str,
) -> Result<Response, StoreError> {
    let Some(ticket) = Ticket::find(cx, headers, name).await? else {
        let page = Message::new("Signed out").text("You are signed out.").action("Sign in", "/");
        return Ok(message_page(cx, request, StatusCode::OK, page));
    };
    if request.query == GO_ON {
        return Ok(go_on(cx, request, &ticket.onward));
    }
    let (snapshot, sessions) = (cx.snapshot(), ticket.sessions.clone());
    let rows = cx.store.read(move |sql| of_sessions(sql, &sessions)).await?;
    let now = cx.clock.now();
    let in_time = now < ticket.begun.plus_seconds(PATIENCE_SECONDS);
    let mut brought = Vec::new();
    if rows.iter().any(|row| row.state() == At::Frame) {
        let sessions = ticket.sessions.clone();
        let take = move |tx: &mut Tx<'_>| frames(tx, &sessions);
        for row in cx.store.write(Actor::system(), "sign-out by the browser", take).await? {
            match carried(&snapshot, &row, now, None) {
                Ok(Carried::Address(address)) => {
                    brought.push((address, answers(&snapshot, &row)));
                }
                Ok(Carried::Form { .. }) => {}
                Err(problem) => failed(cx, row.hash, problem).await?,
            }
        }
    }
    let waits = in_time && rows.iter().any(|row| matches!(row.state(), At::Waiting | At::Failing));
    if brought.is_empty() && !waits && rows.iter().any(|row| row.state() == At::Visit) {
        let sessions = ticket.sessions.clone();
        let take = move |tx: &mut Tx<'_>| next_visit(tx, &sessions);
        if let Some(row) = cx.store.write(Actor::system(), "sign-out by the browser", take).await? {
            match carried(&snapshot, &row, now, Some(name)) {
                Ok(carried) => return Ok(visit(cx, request, carried)),
                Err(problem) => failed(cx, row.hash, problem).await?,
            }
            return Ok(cx.redirect(&format!("{PATH}{name}/")));
        }
    }
    let waits = waits || !brought.is_empty();
    let lines = lines(&snapshot, &rows, waits);
    let quiet = lines.iter().all(|line| !line.is_problem(&ticket.onward));
    if !waits && quiet && ticket.onward != Onward::Start {
        return Ok(go_on(cx, request, &ticket.onward));
    }
    let page = SignedOut::new(name, &ticket.onward, lines, brought, waits);
    Ok(Browser::new(cx, request, &web::nobody()).page(StatusCode::OK, &page))
}

fn go_on(cx: &FlowContext, request: &RequestInfo, onward: &Onward) -> Response {
    match onward {
        Onward::Start => cx.redirect("/"),
        Onward::Address(to) => cx.redirect(to),
        Onward::Form { url, fields, title } => form(cx, request, url, fields.clone(), title),
    }
}

fn visit(cx: &FlowContext, request: &RequestInfo, carried: Carried) -> Response {
    match carried {
        Carried::Address(to) => cx.redirect(&to),
        Carried::Form { url, fields } => form(cx, request, &url, fields, "Signing out"),
    }
}

fn form(
    cx: &FlowContext,
    request: &RequestInfo,
    url: &str,
    fields: Vec<(String, String)>,
    title: &str,
) -> Response {
    let page = AutosubmitChallenge::new(url.to_owned(), fields, title.to_owned());
    let frame = Browser::new(cx, request, &web::nobody()).frame();
    page_response(StatusCode::OK, &frame, &Scene::default(), &page)
}

/// The page to return to from an application that was visited, by what it gives back.
#[must_use]
pub fn after_visit(ticket: &str) -> Option<String> {
    let is_ticket = ticket.len() == 32 && ticket.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_ticket.then(|| format!("{PATH}{ticket}/"))
}

async fn failed(cx: &FlowContext, hash: [u8; 32], problem: String) -> Result<(), StoreError> {
    tracing::warn!(problem, "a message about the end of a session could not be made");
    let work = move |tx: &mut Tx<'_>| settle(tx, hash, At::Failed, &problem).map(|_| ());
    cx.store.write(Actor::system(), "sign-out by the browser", work).await
}

fn carried(
    snapshot: &Arc<Snapshot>,
    participant: &Participant,
    now: Timestamp,
    relay: Option<&str>,
) -> Result<Carried, String> {
    let (id, provider) = (message_id(participant), participant.provider);
    let ended = Ended { id, relay, provider, snapshot, participant, now };
    match way(snapshot, provider) {
        Some(SignOut::Frame(channel) | SignOut::Visit(channel)) => channel.message(&ended),
        _ => Err("the application is notified in another way now".to_owned()),
    }
}

fn answers(snapshot: &Snapshot, participant: &Participant) -> bool {
    matches!(way(snapshot, participant.provider), Some(SignOut::Frame(channel)) if channel.answers())
}

/// What became of the session at one application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Line {
    name: String,
    /// `done`, `busy`, `open`.
    mark: &'static str,
    text: &'static str,
    /// Where people end it themselves.
    url: Option<String>,
    /// The application has no address for this: nothing went wrong.
    #[serde(skip)]
    unaware: bool,
}

impl Line {
    /// Whether people should read it before they go on.
    fn is_problem(&self, onward: &Onward) -> bool {
        self.mark == "open" && (!self.unaware || *onward == Onward::Start)
    }
}

/// One line for each application: what is worst counts.
fn lines(snapshot: &Snapshot, rows: &[Participant], waits: bool) -> Vec<Line> {
    const OPEN: &str = "You may still be signed in there.";
    let mut lines: Vec<(Ref<dyn countersign_catalogue::Provider>, u8, Line)> = Vec::new();
    for row in rows {
        let (rank, mark, text) = match row.state() {
            At::Reached | At::Asks | At::Live | At::Ended => (0, "done", "Signed out"),
            At::Asked => (1, "done", "Asked by your browser to sign you out"),
            At::Unaware => (2, "open", OPEN),
            At::Waiting | At::Failing | At::Frame | At::Visit if waits => {
                (3, "busy", "Signing out")
            }
            At::Waiting | At::Failing => {
                (4, "open", "Not reached yet. This server goes on trying for some minutes.")
            }
            At::Frame | At::Visit | At::Failed => {
                (5, "open", "Not reached. You may still be signed in there.")
            }
        };
        if let Some(other) = lines.iter_mut().find(|(provider, ..)| *provider == row.provider) {
            if rank > other.1 {
                (other.1, other.2.mark, other.2.text) = (rank, mark, text);
            }
            continue;
        }
        let number = row.provider.key().int().unwrap_or_default();
        let Some((_, application)) = of_provider(snapshot, number) else { continue };
        let url = application.launch_url(snapshot, None).filter(|url| url.starts_with("http"));
        let line = Line { name: application.name.clone(), mark, text, url, unaware: rank == 2 };
        lines.push((row.provider, rank, line));
    }
    let mut lines: Vec<Line> = lines
        .into_iter()
        .map(|(_, rank, line)| Line {
            unaware: rank == 2,
            url: line.url.filter(|_| line.mark == "open"),
            ..line
        })
        .collect();
    lines.sort_by(|a, b| a.name.cmp(&b.name));
    lines
}

/// The page.
#[derive(Debug, Serialize)]
struct SignedOut {
    title: &'static str,
    subtitle: &'static str,
    applications: Vec<Line>,
    /// What the browser loads unseen.
    frames: Vec<String>,
    #[serde(skip)]
    origins: Vec<String>,
    /// Seconds after which the page is looked at again.
    refresh: Option<u32>,
    action: Option<Link>,
}

impl SignedOut {
    fn new(
        ticket: &str,
        onward: &Onward,
        applications: Vec<Line>,
        brought: Vec<(String, bool)>,
        waits: bool,
    ) -> SignedOut {
        let open = applications.iter().any(|line| line.mark == "open");
        let mut origins: Vec<String> = Vec::new();
        for (address, answers) in &brought {
            // A star or a semicolon would mean something to a policy; such a frame is not loaded.
            let is_plain = |origin: &String| {
                origin.chars().all(|sign| sign.is_ascii_alphanumeric() || ".-:[]/".contains(sign))
            };
            let origin = Url::parse(address)
                .ok()
                .map(|url| url.origin().ascii_serialization())
                .filter(is_plain);
            let own = answers.then(|| "'self'".to_owned());
            for origin in origin.into_iter().chain(own) {
                if !origins.contains(&origin) {
                    origins.push(origin);
                }
            }
        }
        let (title, subtitle) = match (waits, open) {
            (true, _) => ("Signing out", "Your applications are being signed out."),
            (false, false) => ("Signed out", "You are signed out here and at your applications."),
            (false, true) => ("Signed out here", "Not every application could be signed out."),
        };
        let href = format!("{PATH}{ticket}/?{GO_ON}");
        let name = if *onward == Onward::Start { "Sign in" } else { "Continue" };
        SignedOut {
            title,
            subtitle,
            applications,
            refresh: waits.then_some(if brought.is_empty() { 1 } else { FRAME_SECONDS }),
            frames: brought.into_iter().map(|(address, _)| address).collect(),
            origins,
            action: (!waits).then(|| Link { name: name.to_owned(), href }),
        }
    }
}

impl Page for SignedOut {
    const COMPONENT: &'static str = "countersign-signed-out";
    const TEMPLATE: &'static str = include_str!("pages/signed_out.html");

    fn view(&self, scene: &Scene) -> Value {
        let of = |text: &str| scene.language.of(text);
        let line = |line: &Line| json!({"name": line.name, "mark": line.mark, "text": of(line.text), "url": line.url});
        let link = |link: &Link| json!({"name": of(&link.name), "href": link.href});
        json!({
            "title": of(self.title),
            "subtitle": of(self.subtitle),
            "applications": self.applications.iter().map(line).collect::<Vec<_>>(),
            "frames": self.frames,
            "refresh": self.refresh,
            "action": self.action.as_ref().map(link),
        })
    }

    fn frames_from(&self) -> Vec<String> {
        self.origins.clone()
    }

    fn samples() -> Vec<Self> {
        let line = |name: &str, mark, text| Line {
            name: name.to_owned(),
            mark,
            text,
            url: (mark == "open").then(|| "https://wiki.example.org/".to_owned()),
            unaware: false,
        };
        let busy = || vec![line("Chat", "done", "Signed out"), line("Wiki", "busy", "Signing out")];
        let open = line("Wiki", "open", "Not reached. You may still be signed in there.");
        let frame = ("https://wiki.example.org/logout?sid=1".to_owned(), true);
        vec![
            SignedOut::new("t", &Onward::Start, busy(), vec![frame], true),
            SignedOut::new(
                "t",
                &Onward::Start,
                vec![line("Chat", "done", "Signed out"), open],
                Vec::new(),
                false,
            ),
            SignedOut::new(
                "t",
                &Onward::Start,
                vec![line("Chat", "done", "Signed out")],
                Vec::new(),
                false,
            ),
        ]
    }
}
