//! Signing out, on either side. A signed request of the identity provider ends the sessions here that
//! began by the one it names; it needs no session, as it comes by whatever browser. Without a message
//! it is the person who wants to sign out here and there, and is asked, since another site may have
//! sent the browser.

use axum::response::Response;
use countersign_accounts::visitor;
use countersign_catalogue::sign_out;
use countersign_core::cookies::{csrf_matches, session_cookie};
use countersign_core::{Caller, RequestInfo, Visitor};
use countersign_events::{Event, emit};
use countersign_flow::{Onward, confirm_page, leave, message_page};
use countersign_pages::{Confirm, Message, Pair};
use countersign_saml::Refusal;
use countersign_saml::binding::{self, Received, Which};
use countersign_saml::logout::{self, LogoutRequest};
use countersign_saml::names::Status;
use countersign_saml::request::{Peer, REQUEST_SECONDS};
use countersign_saml::response::NameId;
use countersign_sources::{Upstream, session};
use countersign_store::{Actor, ActorUser, Owner, StoreError, Tx};
use http::{Method, StatusCode, header, request::Parts};
use serde_json::json;
use uuid::Uuid;

use crate::found::{Addresses, Found};
use crate::page;
use crate::service::{Internal, Service};
use crate::source::Keys;
use crate::state::{self, Sent, State};

/// Requests that were carried out.
const DONE: &str = "saml_source.logout";
/// Field of the confirmation that says the button was pressed.
const CONFIRMED: &str = "countersign_confirmed";
/// How long a request of ours is good.
const SECONDS: i64 = 300;

struct Entry<'a> {
    service: &'a Service,
    parts: &'a Parts,
    request: &'a RequestInfo,
    found: Found,
    addresses: Addresses,
}

pub(crate) async fn slo(
    service: &Service,
    parts: &Parts,
    request: &RequestInfo,
    slug: &str,
    form: &str,
) -> Result<Response, Internal> {
    let found = Found::by_slug(&service.cx.snapshot(), slug);
    let Some(found) = found.filter(|found| found.settings.enabled) else {
        return Ok(page::not_found(service, request));
    };
    let addresses = service.addresses(&found, request).await?;
    let posted = parts.method == Method::POST;
    let received = if posted && form.contains("SAML") {
        binding::from_form(form)
    } else {
        binding::from_query(&request.query)
    };
    let entry = Entry { service, parts, request, found, addresses };
    let visitor = visitor(&service.cx, parts).await?;
    match received {
        Ok(received) if received.which == Which::Request => entry.asked(&visitor, &received).await,
        Ok(received) => entry.answered(&visitor, &received).await,
        Err(Refusal::Missing) => entry.leave(&visitor, form).await,
        Err(refusal) => Ok(entry.refuse(&visitor, &refusal).await),
    }
}

impl Entry<'_> {
    fn peer<'p>(&'p self, keys: &'p Keys, own: &'p [String]) -> Result<Peer<'p>, Internal> {
        Ok(Peer {
            entity_id: &self.found.settings.idp_issuer,
            trust: Some(keys.trust.as_ref().ok_or(Internal::NoTrust)?),
            addresses: own,
            now: self.service.now(),
        })
    }

    async fn refuse(&self, visitor: &Visitor, refusal: &Refusal) -> Response {
        let (service, request) = (self.service, self.request);
        service.refused((&self.found, &self.addresses), refusal, request).await;
        page::refused(service, request, visitor, &self.found, refusal)
    }

    /// The identity provider asks to have somebody signed out.
    async fn asked(&self, visitor: &Visitor, received: &Received) -> Result<Response, Internal> {
        let service = self.service;
        let (keys, own) = (service.keys(&self.found)?, [self.addresses.slo()]);
        let asked = match logout::read_request(received, &self.peer(&keys, &own)?) {
            Ok(asked) => asked,
            Err(refusal) => return Ok(self.refuse(visitor, &refusal).await),
        };
        if !self.first(&asked).await? {
            return Ok(self.refuse(visitor, &Refusal::Replayed).await);
        }
        let (source, subject) = (self.found.source(), asked.name_id.value.clone());
        let indexes = asked.sessions.clone();
        let look = move |sql: &mut countersign_store::Sql<'_>| {
            session::sessions(sql, source, &subject, &indexes)
        };
        let meant = service.cx.store.read(look).await?;
        let hashes: Vec<[u8; 32]> = meant.iter().map(|session| session.key_hash).collect();
        let is_own = hashes.contains(&visitor.key_hash());
        // A browser that sends no cookie may be theirs; one of somebody else is not.
        let browser = is_own || visitor.user.is_none();
        let actor = service.cx.actor(&Caller::nobody(), self.request);
        let ended = self.end(actor, hashes, browser).await?;
        let Some(to) = self.slo_url() else { return Ok(self.over(None)) };
        let id = Some(asked.id.clone());
        let envelope = service.envelope(&self.found, &self.addresses, &to, id);
        let xml = logout::response(&envelope, Status::Success, None)?;
        let state = asked.relay_state.as_deref();
        let to = binding::to_address(&to, Which::Response, &xml, state, keys.signer.as_ref())?;
        self.onward(&ended, is_own, to).await
    }

    /// Whether this request comes for the first time: a copy of it ends nothing again.
    async fn first(&self, asked: &LogoutRequest) -> Result<bool, StoreError> {
        let name = format!("{}/{}", self.found.id(), asked.id);
        let ephemeral = self.service.cx.store.ephemeral();
        let seconds = REQUEST_SECONDS * 2;
        ephemeral.compare_and_swap(DONE, &name, None, vec![1], seconds, Owner::Program).await
    }

    /// The identity provider answers our request.
    async fn answered(&self, visitor: &Visitor, received: &Received) -> Result<Response, Internal> {
        let service = self.service;
        let (keys, own) = (service.keys(&self.found)?, [self.addresses.slo()]);
        let said = match logout::read_response(received, &self.peer(&keys, &own)?) {
            Ok(said) => said,
            Err(refusal) => return Ok(self.refuse(visitor, &refusal).await),
        };
        let sent = State::read(service, &self.found, &self.parts.headers);
        // Without its cookie, as in a form without TLS, there is nothing that could go wrong: the
        // session here has ended before the question was sent.
        if let Some(sent) = sent
            && (sent.request != said.in_response_to || !matches!(sent.sent, Sent::SignOut))
        {
            return Ok(self.refuse(visitor, &Refusal::InResponseTo(said.in_response_to)).await);
        }
        let mut answer = self.over(Some(said.succeeded));
        if let Some(cookie) = state::over(service, &self.found, self.request) {
            answer.headers_mut().append(header::SET_COOKIE, cookie);
        }
        Ok(answer)
    }

    /// The person wants to sign out, here and there.
    async fn leave(&self, visitor: &Visitor, form: &str) -> Result<Response, Internal> {
        let (service, request) = (self.service, self.request);
        if visitor.user.is_none() {
            return Ok(self.over(None));
        }
        let pressed = self.parts.method == Method::POST && field(form, CONFIRMED).is_some();
        let csrf = field(form, "csrf");
        if !pressed || csrf_matches(&self.parts.headers, request, csrf.as_deref()).is_err() {
            return Ok(self.ask(visitor));
        }
        let keys = service.keys(&self.found)?;
        let (source, key_hash) = (self.found.source(), visitor.key_hash());
        let look = service.cx.store.read(move |sql| Upstream::of(sql, source, key_hash));
        let upstream = look.await?;
        let actor = service.cx.actor(&visitor.caller(), request);
        let ended = self.end(actor, vec![key_hash], true).await?;
        let (to, state) = match (self.slo_url(), upstream) {
            (None, _) => (service.cx.url("/"), None),
            // As the original: somebody who came in another way is sent there all the same.
            (Some(to), None) => (to, None),
            (Some(to), Some(upstream)) => {
                let envelope = service.envelope(&self.found, &self.addresses, &to, None);
                let name = name_of(&upstream);
                let index = Some(upstream.index.as_str()).filter(|index| !index.is_empty());
                let until = service.now().plus_seconds(SECONDS);
                let xml = logout::request(&envelope, &name, index, until, None)?;
                let signer = keys.signer.as_ref();
                let at = (&self.found, &self.addresses);
                let state = State::new(service, at, &envelope.id, Sent::SignOut);
                (binding::to_address(&to, Which::Request, &xml, None, signer)?, Some(state))
            }
        };
        let mut answer = self.onward(&ended, true, to).await?;
        if let Some(cookie) = state.and_then(|state| state.cookie(service, &self.found, request)) {
            answer.headers_mut().append(header::SET_COOKIE, cookie);
        }
        Ok(answer)
    }

    fn slo_url(&self) -> Option<String> {
        let url = self.found.settings.slo_url.as_ref().map(ToString::to_string);
        url.filter(|url| !url.is_empty())
    }

    fn ask(&self, visitor: &Visitor) -> Response {
        let name = self.found.name();
        let page = Confirm {
            title: "Sign out?".to_owned(),
            subtitle: name.to_owned(),
            text: format!("You will be signed out here and at {name}."),
            hidden: vec![Pair::new(CONFIRMED, "1")],
            action: "Sign out".to_owned(),
            cancel_url: Some("/if/user/".to_owned()),
        };
        let (cx, headers) = (&self.service.cx, &self.parts.headers);
        let action = self.request.path.clone();
        confirm_page(cx, self.request, visitor, headers, (action, page), None)
    }

    /// `there`: whether the identity provider says that its session has ended, too.
    fn over(&self, there: Option<bool>) -> Response {
        let name = self.found.name();
        let text = match there {
            Some(false) => format!("You are signed out here. {name} did not sign you out."),
            _ => "You are signed out.".to_owned(),
        };
        let message = Message::new("Signed out").text(&text).action("Sign in", "/");
        message_page(&self.service.cx, self.request, StatusCode::OK, message)
    }

    /// Ends sessions here. Gives those that there were.
    async fn end(
        &self,
        actor: Actor,
        sessions: Vec<[u8; 32]>,
        browser: bool,
    ) -> Result<Vec<Uuid>, StoreError> {
        let store = move |tx: &mut Tx<'_>| -> Result<Vec<Uuid>, StoreError> {
            let mut ended = Vec::new();
            for key_hash in &sessions {
                let find = "SELECT user_id FROM session WHERE key_hash = $1";
                let row = tx.query_one(find, countersign_store::params![*key_hash])?;
                let Some(row) = row else { continue };
                let about = countersign_accounts::identity(tx, row.get(0)?)?.map(|user| {
                    ActorUser { pk: user.pk, username: user.username, email: user.email }
                });
                ended.extend(sign_out::end(tx, *key_hash, browser)?);
                let event = Event::new("logout", "authentik.sources.saml.views.slo", json!({}));
                emit(tx, event.about(about))?;
            }
            Ok(ended)
        };
        self.service.cx.store.write(actor, "signed out at a source", store).await
    }

    /// On to an address, by the page that tells applications where there are some.
    async fn onward(&self, ended: &[Uuid], own: bool, to: String) -> Result<Response, Internal> {
        let (service, request) = (self.service, self.request);
        let left = leave(&service.cx, request, ended, Onward::Address(to)).await?;
        let to = match left.onward {
            Onward::Address(to) => to,
            Onward::Start | Onward::Form { .. } => service.cx.url("/"),
        };
        let mut answer = countersign_core::redirect(&to);
        answer.headers_mut().extend(left.cookie.map(|cookie| (header::SET_COOKIE, cookie)));
        if own {
            // The key of a session that is over is not used again, not even for plans.
            let key = service.cx.entropy.token(32);
            let cookie = session_cookie(&service.cx, request, &key, None, None);
            answer.headers_mut().extend(cookie.map(|cookie| (header::SET_COOKIE, cookie)));
        }
        Ok(answer)
    }
}

fn name_of(upstream: &Upstream) -> NameId {
    let said = &upstream.said;
    let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
    let qualifier = |at: usize| said.get("qualifiers").and_then(|all| all.get(at)).and_then(text);
    NameId {
        format: said.get("format").and_then(text).unwrap_or_default(),
        value: upstream.subject.clone(),
        qualifiers: [qualifier(0), qualifier(1)],
    }
}

fn field(form: &str, name: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(form.as_bytes());
    pairs.find(|(own, _)| own == name).map(|(_, value)| value.into_owned())
}
