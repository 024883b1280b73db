//! Why a browser is on its way to the other side.

use axum::body::Bytes;
use axum::response::Response;
use countersign_core::{RequestInfo, Visitor, cookies::csrf_matches};
use countersign_model::{Ref, Timestamp};
use countersign_pages::{Confirm, Form, Pair, Scene, response as page_response};
use countersign_sources::{Source, by_slug};
use countersign_store::sha256;
use http::{Method, StatusCode, request::Parts};
use serde::{Deserialize, Serialize};

use super::resume::{self, Ticket};
use super::{arrive, refusal};
use crate::answer::Answer;
use crate::begin::require_login;
use crate::browser::Browser;
use crate::context::FlowContext;
use crate::error::FlowError;
use crate::executor::is_local;
use crate::web;

/// What a browser set out for. The protocol keeps it with its own request, sealed, so that the
/// browser brings it back unchanged and no other one has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Errand {
    pub(super) source: Ref<dyn Source>,
    pub(super) begun: Timestamp,
    pub(super) wish: Wish,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Wish {
    /// Nobody is signed in and wants to be.
    SignIn { next: Option<String> },
    /// Whoever is signed in has pressed the button that connects the identity with their account.
    Connect { user: i64, browser: String },
    /// A flow waits for it, see [`super::resume`].
    Resume { ticket: Ticket },
}

impl Errand {
    /// The source it is to. A protocol compares it with the one whose address was opened.
    #[must_use]
    pub const fn source(&self) -> Ref<dyn Source> {
        self.source
    }
}

/// What becomes of a browser at the address where signing in by a source begins.
pub enum SetOut {
    Go(Errand),
    Answer(Response),
}

/// Field of the page that asks whether to connect: its button was pressed.
const CONNECT: &str = "connect";
/// Names in the query of the address.
const NEXT: &str = "next";
pub(super) const RESUME: &str = "resume";

/// A browser wants to sign in by the source of this slug, or to connect it. `body` is that of a POST.
///
/// # Errors
/// When the engine fails.
pub async fn set_out(
    cx: &FlowContext,
    parts: &Parts,
    visitor: &Visitor,
    slug: &str,
    body: Option<&Bytes>,
) -> Result<SetOut, FlowError> {
    let request = RequestInfo::of(parts);
    let browser = Browser::new(cx, &request, visitor);
    let snapshot = browser.snapshot.clone();
    let Some((reference, source)) = by_slug(&snapshot, slug) else {
        let text = "There is no such source, or it is disabled.";
        return Ok(SetOut::Answer(refusal(&browser, slug, StatusCode::NOT_FOUND, text, &[])));
    };
    let go = |wish| SetOut::Go(Errand { source: reference, begun: browser.cx.clock.now(), wish });
    let query = web::parse_query(&request.query);
    let value =
        |name: &str| query.iter().rev().find(|(key, _)| key == name).map(|(_, v)| v.clone());
    if let Some(ticket) = value(RESUME) {
        let ticket = Ticket::read(ticket);
        return Ok(if resume::waits(&browser, &ticket).await? {
            go(Wish::Resume { ticket })
        } else {
            SetOut::Answer(arrive::over(&browser, source))
        });
    }
    let Some(user) = visitor.user.clone() else {
        return Ok(go(Wish::SignIn { next: value(NEXT).filter(|next| is_local(next)) }));
    };
    if visitor.original.is_some() {
        let text = "You are acting as somebody else. Only they can connect an identity of theirs.";
        let name = source.shared().name;
        return Ok(SetOut::Answer(refusal(&browser, name, StatusCode::FORBIDDEN, text, &[])));
    }
    let pressed = body.filter(|_| parts.method == Method::POST).is_some_and(|body| {
        let answer = Answer::of_form(body);
        answer.str(CONNECT).is_some()
            && csrf_matches(&parts.headers, &request, answer.str("csrf")).is_ok()
    });
    if !pressed {
        return Ok(SetOut::Answer(ask(browser, parts, source)));
    }
    // As with any other way to sign in that is added to an account.
    let recent = visitor.session.as_ref().is_some_and(|session| session.is_recent(cx.clock.now()));
    if !recent {
        return Ok(SetOut::Answer(require_login(cx, &request, visitor, &request.path)));
    }
    Ok(go(Wish::Connect { user: user.pk, browser: key_of(visitor) }))
}

/// The session of a browser, as errands name it.
pub(super) fn key_of(visitor: &Visitor) -> String {
    hex::encode(sha256(&hex::encode(visitor.key_hash())))
}

/// "Connect?" Another site may have sent the browser here, signed in at the other side as somebody
/// who would get into this account for good: it takes a button on a page of ours.
fn ask(mut browser: Browser, parts: &Parts, source: &dyn Source) -> Response {
    let csrf = browser.csrf(&parts.headers);
    let (language, name) = (browser.language(), source.shared().name);
    let username =
        browser.visitor.user.as_ref().map(|user| user.username.clone()).unwrap_or_default();
    let page = Confirm {
        title: language.say("source-connect", &[("source", name.into())]),
        text: language.say(
            "source-connect-text",
            &[("source", name.into()), ("user", username.as_str().into())],
        ),
        hidden: vec![Pair::new(CONNECT, "1")],
        action: language.t("source-connect-action"),
        cancel_url: Some("/if/user/#/settings".to_owned()),
        ..Confirm::default()
    };
    let form = Form { action: browser.request.path.clone(), csrf, multipart: false };
    let scene = Scene { form, language, ..Scene::default() };
    browser.with_cookies(page_response(StatusCode::OK, &browser.frame(), &scene, &page), true)
}
