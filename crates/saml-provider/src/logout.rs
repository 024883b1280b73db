//! An application asks to have somebody signed out. A signed request ends the sessions that it
//! names; without a certificate to verify it with, the person is asked.

use std::collections::BTreeSet;

use axum::response::Response;
use countersign_accounts::visitor;
use countersign_catalogue::Brand;
use countersign_catalogue::sign_out::{self, State};
use countersign_core::cookies::{csrf_matches, session_cookie};
use countersign_core::{Caller, RequestInfo, Visitor, brand_for};
use countersign_events::{Event, emit};
use countersign_flow::{
    Begin, Flow, FlowError, InPlan, Interaction, Run, Stage, Started, Step, after_visit, begin,
    confirm_page, key, leave, message_page,
};
use countersign_model::{Ref, Timestamp};
use countersign_pages::{AutosubmitChallenge, Confirm, Message, PageDef, Pair};
use countersign_saml::Refusal;
use countersign_saml::binding::{self, Received, Which, to_address, to_form, to_soap};
use countersign_saml::logout::{self, LogoutRequest};
use countersign_saml::names::Status;
use countersign_saml::request::{Peer, REQUEST_SECONDS};
use countersign_saml::response::Envelope;
use countersign_store::{Actor, ActorUser, Owner, StoreError, Tx, params};
use http::{Method, StatusCode, header, request::Parts};
use serde::{Deserialize, Serialize};
use serde_json::{Map, json};
use uuid::Uuid;

use crate::arrival::{Arrival, Raw};
use crate::found::Found;
use crate::page::{self, Delivery};
use crate::provider::{Keys, SpBinding};
use crate::respond::title;
use crate::service::{Internal, Saml, Service};

/// Name of the stage in plans.
pub(crate) const SIGN_OUT: &str = "saml.sign_out";

/// Requests that were carried out.
const DONE: &str = "saml.logout";
/// Field of the confirmation that says the button was pressed.
const CONFIRMED: &str = "countersign_confirmed";
/// Says at the address that the sign-out is over.
const OVER: &str = "countersign_over";

/// A browser at one of the addresses.
struct Entry<'a> {
    service: &'a Service,
    parts: &'a Parts,
    request: &'a RequestInfo,
    found: Found,
}

pub(crate) async fn slo(
    service: &Service,
    parts: &Parts,
    request: &RequestInfo,
    slug: &str,
    (raw, form): (Raw, &str),
) -> Response {
    let Some(found) = Found::by_application(&service.cx.snapshot(), slug) else {
        return page::not_found(service, request);
    };
    let entry = Entry { service, parts, request, found };
    let answer = entry.answer(raw, form).await;
    answer.unwrap_or_else(|error| page::internal(&error))
}

impl Entry<'_> {
    async fn answer(&self, raw: Raw, form: &str) -> Result<Response, Internal> {
        let (service, request, found) = (self.service, self.request, &self.found);
        if request.query == OVER {
            return Ok(self.over());
        }
        let Some(arrival) = Arrival::read(service, found.id(), raw, request).await? else {
            return Ok(page::expired(service, request, found));
        };
        let keys = service.keys(found)?;
        let visitor = visitor(&service.cx, self.parts).await?;
        let received = arrival.raw.received();
        if let Ok(Some(answer)) = &received
            && answer.which == Which::Response
        {
            return self.answered(&visitor, &keys, answer).await;
        }
        let asked = match read(service, request, found, &keys, received) {
            Ok(asked) => asked,
            Err(refusal) => return Ok(self.refuse(&visitor, &refusal).await),
        };
        if asked.signed {
            let sessions = sessions(service, found, &asked).await?;
            if !first(service, found, &asked).await? {
                return Ok(self.refuse(&visitor, &Refusal::Replayed).await);
            }
            return self.end(&visitor, asked, sessions).await;
        }
        if visitor.user.is_none() {
            // There is nothing that could end.
            let ending = Ending::new(found, asked, BTreeSet::new());
            return Ok(ending.deliver(service, found, &keys)?.answer(service, title(found)));
        }
        let pressed = self.parts.method == Method::POST && field(form, CONFIRMED).is_some();
        let csrf = field(form, "csrf");
        if pressed && csrf_matches(&self.parts.headers, request, csrf.as_deref()).is_ok() {
            arrival.forget(service).await;
            let own = BTreeSet::from([hex::encode(visitor.key_hash())]);
            return self.end(&visitor, asked, own).await;
        }
        match arrival.keep(service, found.id(), request).await? {
            Ok(kept) => Ok(self.ask(&visitor, &kept)),
            Err(refusal) => Ok(self.refuse(&visitor, &refusal).await),
        }
    }

    /// The application answers what the browser brought it.
    async fn answered(
        &self,
        visitor: &Visitor,
        keys: &Keys,
        received: &Received,
    ) -> Result<Response, Internal> {
        let (service, found) = (self.service, &self.found);
        let peer = Peered::of(service, self.request, found);
        let said = match logout::read_response(received, &peer.over(found, keys)) {
            Ok(said) => said,
            Err(refusal) => return Ok(self.refuse(visitor, &refusal).await),
        };
        let (provider, id) = (found.id(), said.in_response_to.clone());
        let look = service.cx.store.read(move |sql| sign_out::by_message(sql, provider, &id));
        let Some(participant) = look.await? else {
            // Nothing was asked that this could answer.
            return Ok(self.refuse(visitor, &Refusal::InResponseTo(said.in_response_to)).await);
        };
        let (state, note) = if said.succeeded {
            (State::Reached, "")
        } else {
            (State::Failed, "the application did not sign the person out")
        };
        let settle =
            move |tx: &mut Tx<'_>| sign_out::settle(tx, participant.hash, state, note).map(|_| ());
        let actor = service.cx.actor(&visitor.caller(), self.request);
        service.cx.store.write(actor, "end of a session at an application", settle).await?;
        match said.relay_state.as_deref().and_then(after_visit) {
            Some(page) => Ok(service.cx.redirect(&page)),
            None => Ok(self.over()),
        }
    }

    async fn refuse(&self, visitor: &Visitor, refusal: &Refusal) -> Response {
        let (service, request) = (self.service, self.request);
        let actor = service.cx.actor(&visitor.caller(), request);
        service.refused(&self.found, refusal, actor, request.client_ip).await;
        page::refused(service, request, self.found.name(), refusal)
    }

    /// Nobody vouches for the request: one button.
    fn ask(&self, visitor: &Visitor, kept: &str) -> Response {
        let name = self.found.name();
        let page = Confirm {
            title: "Sign out?".to_owned(),
            subtitle: name.to_owned(),
            text: format!("{name} asks to sign you out here too."),
            hidden: vec![Pair::new(CONFIRMED, "1")],
            action: "Sign out".to_owned(),
            cancel_url: Some("/if/user/".to_owned()),
        };
        let action = format!("{}?{kept}", self.request.path);
        let (cx, headers) = (&self.service.cx, &self.parts.headers);
        confirm_page(cx, self.request, visitor, headers, (action, page), None)
    }

    fn over(&self) -> Response {
        let mut message = Message::new("Signed out").text("You are signed out.");
        let application = self.found.application.as_ref().map(|(_, application)| application);
        let address = application.map(|application| application.meta_launch_url.to_string());
        if let Some(address) = address.filter(|address| address.starts_with("http")) {
            message = message.action(&format!("Go to {}", self.found.name()), address);
        }
        let message = message.action("Sign in", "/");
        message_page(&self.service.cx, self.request, StatusCode::OK, message)
    }

    /// Runs the invalidation flow, which ends in the end of these sessions.
    async fn end(
        &self,
        visitor: &Visitor,
        asked: LogoutRequest,
        sessions: BTreeSet<String>,
    ) -> Result<Response, Internal> {
        let (service, request, found) = (self.service, self.request, &self.found);
        let own = sessions.contains(&hex::encode(visitor.key_hash()));
        let ending = Ending::new(found, asked, sessions);
        // A flow is for the person at this browser; others are not there to run one.
        if let Some(flow) = self.flow().filter(|_| own) {
            let described = found.application.as_ref().map(|(reference, application)| {
                json!({
                    "pk": reference.key().to_string(),
                    "name": application.name,
                    "slug": &*application.slug,
                })
            });
            let context = Map::from_iter([
                (key::APPLICATION.to_owned(), json!(described)),
                (key::SIGN_OUT_CONFIRMED.to_owned(), json!(true)),
            ]);
            let begin_with = Begin {
                flow,
                context,
                last: InPlan::new(SIGN_OUT, &ending),
                interaction: Interaction::Allowed,
                always_consent: false,
            };
            if let Started::Answer(answer) =
                begin(&service.cx, request, visitor, begin_with).await?
            {
                return Ok(answer);
            }
        }
        let actor = service.cx.actor(&visitor.caller(), request);
        // A browser that sends no cookie may be theirs; one of somebody else is not.
        let browser = own || visitor.user.is_none();
        let ended = ending.perform(service, actor, None, browser).await?;
        let keys = service.keys(found)?;
        let onward = ending.deliver(service, found, &keys)?.onward(title(found));
        let left = leave(&service.cx, request, &ended, onward).await?;
        let mut answer = Delivery::of(left.onward, service).answer(service, title(found));
        answer.headers_mut().extend(left.cookie.map(|cookie| (header::SET_COOKIE, cookie)));
        if own {
            // The key of a session that is over is not used again, not even for plans.
            let key = service.cx.entropy.token(32);
            let cookie = session_cookie(&service.cx, request, &key, None, None);
            answer.headers_mut().extend(cookie.map(|cookie| (header::SET_COOKIE, cookie)));
        }
        Ok(answer)
    }

    fn flow(&self) -> Option<Ref<Flow>> {
        let snapshot = &self.found.snapshot;
        let brand = || {
            brand_for(snapshot, &self.request.host)
                .and_then(|id| snapshot.entry(id)?.cast::<Brand>()?.flow_invalidation)
        };
        self.found.settings.invalidation_flow.0.or_else(|| brand().map(|flow| flow.cast()))
    }
}

/// A server asks, without the person's browser.
pub(crate) async fn soap(
    service: &Service,
    request: &RequestInfo,
    slug: &str,
    body: &[u8],
) -> Response {
    const KIND: &str = "text/xml; charset=utf-8";
    let Some(found) = Found::by_application(&service.cx.snapshot(), slug) else {
        return page::not_found(service, request);
    };
    let answer = async {
        let keys = service.keys(&found)?;
        let received = binding::from_soap(Which::Request, body).map(Some);
        let asked = read(service, request, &found, &keys, received);
        // Nobody is here who could be asked.
        let asked =
            asked.and_then(|asked| if asked.signed { Ok(asked) } else { Err(Refusal::Unsigned) });
        let actor = service.cx.actor(&Caller::nobody(), request);
        let asked = match asked {
            Ok(asked) if first(service, &found, &asked).await? => Ok(asked),
            Ok(_) => Err(Refusal::Replayed),
            Err(refusal) => Err(refusal),
        };
        let asked = match asked {
            Ok(asked) => asked,
            Err(refusal) => {
                service.refused(&found, &refusal, actor, request.client_ip).await;
                let text = format!("{}: {refusal}", refusal.code());
                let text = text.replace('&', "&amp;").replace('<', "&lt;");
                let fault = format!(
                    "<soap:Fault xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\"><faultcode>soap:Client</faultcode><faultstring>{text}</faultstring></soap:Fault>"
                );
                // SOAP 1.1, 6.2.
                return Ok(page::xml(StatusCode::INTERNAL_SERVER_ERROR, KIND, to_soap(&fault)));
            }
        };
        let sessions = sessions(service, &found, &asked).await?;
        let ending = Ending::new(&found, asked, sessions);
        ending.perform(service, actor, None, false).await?;
        let envelope = ending.envelope(service, &found, String::new());
        let xml = logout::response(&envelope, Status::Success, keys.signer.as_ref())?;
        Ok::<_, Internal>(page::xml(StatusCode::OK, KIND, to_soap(&xml)))
    };
    answer.await.unwrap_or_else(|error| page::internal(&error))
}

fn read(
    service: &Service,
    request: &RequestInfo,
    found: &Found,
    keys: &Keys,
    received: Result<Option<Received>, Refusal>,
) -> Result<LogoutRequest, Refusal> {
    let received = received?.ok_or(Refusal::Missing)?;
    logout::read_request(&received, &Peered::of(service, request, found).over(found, keys))
}

/// What messages of an application are compared with.
struct Peered {
    addresses: [String; 3],
    now: Timestamp,
}

impl Peered {
    fn of(service: &Service, request: &RequestInfo, found: &Found) -> Peered {
        let addresses = found.addresses(&service.cx.origin(request));
        let addresses = addresses.map(|addresses| addresses.of_slo()).unwrap_or_default();
        Peered { addresses, now: service.now() }
    }

    fn over<'a>(&'a self, found: &'a Found, keys: &'a Keys) -> Peer<'a> {
        Peer {
            entity_id: &found.settings.audience,
            trust: keys.trust.as_ref(),
            addresses: &self.addresses,
            now: self.now,
        }
    }
}

/// Whether this request comes for the first time: a copy of it ends nothing again.
async fn first(
    service: &Service,
    found: &Found,
    asked: &LogoutRequest,
) -> Result<bool, StoreError> {
    let name = format!("{}/{}", found.id(), asked.id);
    let ephemeral = service.cx.store.ephemeral();
    let seconds = REQUEST_SECONDS * 2;
    ephemeral.compare_and_swap(DONE, &name, None, vec![1], seconds, Owner::Program).await
}

/// The sessions that a request names: of this name, at this application.
async fn sessions(
    service: &Service,
    found: &Found,
    asked: &LogoutRequest,
) -> Result<BTreeSet<String>, StoreError> {
    let (provider, name) = (found.id(), asked.name_id.value.clone());
    let look = service.cx.store.read(move |sql| sign_out::named(sql, provider, &name));
    let meant = |index: &String| asked.sessions.is_empty() || asked.sessions.contains(index);
    let known = look.await?.into_iter().filter(|(_, index)| meant(index));
    Ok(known.map(|(key_hash, _)| hex::encode(key_hash)).collect())
}

fn field(form: &str, name: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(form.as_bytes());
    pairs.find(|(own, _)| own == name).map(|(_, value)| value.into_owned())
}

/// What ends, and what the application is answered.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Ending {
    provider: i64,
    /// Hashes of the sessions' keys, in hexadecimal.
    sessions: BTreeSet<String>,
    in_response_to: String,
    relay_state: Option<String>,
}

impl Ending {
    fn new(found: &Found, asked: LogoutRequest, sessions: BTreeSet<String>) -> Ending {
        Ending {
            provider: found.id(),
            sessions,
            in_response_to: asked.id,
            relay_state: asked.relay_state,
        }
    }

    fn hashes(&self) -> Vec<[u8; 32]> {
        let hash = |text: &String| hex::decode(text).ok()?.try_into().ok();
        self.sessions.iter().filter_map(hash).collect()
    }

    fn envelope(&self, service: &Service, found: &Found, destination: String) -> Envelope {
        Envelope {
            id: service.document_id(),
            now: service.now(),
            issuer: found.settings.issuer.clone(),
            destination,
            in_response_to: Some(self.in_response_to.clone()),
        }
    }

    /// Ends the sessions; that of this browser, `kept`, ends by the flow. `browser`: the one that
    /// asks is theirs. Gives those that were ended.
    async fn perform(
        &self,
        service: &Service,
        actor: Actor,
        kept: Option<[u8; 32]>,
        browser: bool,
    ) -> Result<Vec<Uuid>, StoreError> {
        let (sessions, provider) = (self.hashes(), self.provider);
        let store = move |tx: &mut Tx<'_>| -> Result<Vec<Uuid>, StoreError> {
            let mut ended = Vec::new();
            for key_hash in &sessions {
                let find = "SELECT user_id FROM session WHERE key_hash = $1";
                let row = tx.query_one(find, params![*key_hash])?;
                sign_out::forget(tx, provider, *key_hash)?;
                let Some(row) = row.filter(|_| kept != Some(*key_hash)) else { continue };
                let about = countersign_accounts::identity(tx, row.get(0)?)?.map(|user| {
                    ActorUser { pk: user.pk, username: user.username, email: user.email }
                });
                ended.extend(sign_out::end(tx, *key_hash, browser)?);
                let event = Event::new("logout", "authentik.providers.saml.views.slo", json!({}));
                emit(tx, event.about(about))?;
            }
            Ok(ended)
        };
        service.cx.store.write(actor, "signed out by an application", store).await
    }

    /// The answer to the application; where it takes none, a page that says what happened.
    fn deliver(&self, service: &Service, found: &Found, keys: &Keys) -> Result<Delivery, Internal> {
        let to = found.settings.sls_url.to_string();
        if to.is_empty() {
            let slug = found.slug().unwrap_or_default();
            let own = format!("/application/saml/{slug}/slo/binding/redirect/?{OVER}");
            return Ok(Delivery::Redirect(service.cx.url(&own)));
        }
        let envelope = self.envelope(service, found, to.clone());
        let (state, signer) = (self.relay_state.as_deref(), keys.signer.as_ref());
        Ok(match found.settings.sls_binding {
            SpBinding::Post => {
                let xml = logout::response(&envelope, Status::Success, signer)?;
                Delivery::form(&to, to_form(Which::Response, &xml, state))
            }
            SpBinding::Redirect => {
                let xml = logout::response(&envelope, Status::Success, None)?;
                Delivery::Redirect(to_address(&to, Which::Response, &xml, state, signer)?)
            }
        })
    }
}

/// Ends sessions, and answers the application.
pub(crate) struct SignOut {
    pub(crate) saml: Saml,
    pub(crate) ending: Ending,
}

impl Stage for SignOut {
    type State = ();
    const PAGES: &'static [PageDef] = &[PageDef::of::<AutosubmitChallenge>()];

    async fn show(&self, run: &mut Run, (): &mut ()) -> Result<Step, FlowError> {
        let (service, visitor) = (self.saml.over(run.cx().clone()), run.visitor());
        let snapshot = service.cx.snapshot();
        let found = Found::by_reference(&snapshot, Ref::new(self.ending.provider.into()));
        let own = visitor.key_hash();
        let signed_in = visitor.user.is_some() && self.ending.hashes().contains(&own);
        let actor = run.cx().actor(&visitor.caller(), run.request());
        let ended = self.ending.perform(&service, actor, signed_in.then_some(own), false).await?;
        run.note_ended(ended);
        if signed_in {
            run.sign_out().await?;
        }
        let Some(found) = found else { return Ok(Step::Redirect(service.cx.url("/"))) };
        let delivery = service
            .keys(&found)
            .and_then(|keys| self.ending.deliver(&service, &found, &keys))
            .map_err(|error| FlowError::broken(error.to_string()))?;
        run.leave(delivery.onward(title(&found))).await
    }

    fn may_run_silently(&self) -> bool {
        true
    }
}
