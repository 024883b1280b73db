//! The end of an authorization flow: the person is signed in, may use the application and has
//! consented, so the application gets its response.

use countersign_accounts::renew_session;
use countersign_catalogue::sign_out::Joined;
use countersign_core::SessionData;
use countersign_events::{Event, emit};
use countersign_flow::{FlowError, Run, Stage, Step};
use countersign_model::{Ref, Timestamp};
use countersign_pages::{AutosubmitChallenge, PageDef};
use countersign_saml::binding::{Which, to_address, to_form};
use countersign_saml::names::{Status, name_id};
use countersign_saml::request::AuthnRequest;
use countersign_saml::response::{self, Assertion, Envelope, Protection};
use countersign_store::{StoreError, Tx};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::assertion;
use crate::found::Found;
use crate::page::Delivery;
use crate::provider::{Keys, SpBinding};
use crate::service::{Internal, Person, Saml, Service};

/// Name of the stage in plans.
pub(crate) const RESPOND: &str = "saml.respond";

/// What is answered.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Asked {
    pub(crate) provider: i64,
    /// `None` where the sign-in began here.
    pub(crate) request: Option<AuthnRequest>,
}

/// Makes the response.
pub(crate) struct Respond {
    pub(crate) saml: Saml,
    pub(crate) asked: Asked,
}

pub(crate) fn title(found: &Found) -> String {
    format!("Redirecting to {}...", found.name())
}

impl Stage for Respond {
    type State = ();
    const PAGES: &'static [PageDef] = &[PageDef::of::<AutosubmitChallenge>()];

    async fn show(&self, run: &mut Run, (): &mut ()) -> Result<Step, FlowError> {
        let service = self.saml.over(run.cx().clone());
        let snapshot = service.cx.snapshot();
        // The flow may have taken an hour: what was true when it began is asked again.
        let found = Found::by_reference(&snapshot, Ref::new(self.asked.provider.into()));
        let Some(found) = found.filter(|found| found.application.is_some()) else {
            return Ok(Step::deny("The application was changed in the meantime."));
        };
        let person = service.person_of(run.user()?.clone());
        let decision = service.policies(&found, &person, run.request()).await?;
        if !person.identity.is_active || !decision.is_some_and(|decision| decision.passing) {
            return Ok(Step::deny("Request has been denied."));
        }
        match respond(&service, run, &found, &person, self.asked.request.as_ref()).await {
            Ok(Delivery::Redirect(to)) => Ok(Step::Redirect(to)),
            Ok(Delivery::Form { url, fields }) => {
                Ok(Step::show(AutosubmitChallenge::new(url, fields, title(&found))))
            }
            Err(Internal::Store(error)) => Err(error.into()),
            Err(Internal::Flow(error)) => Err(error),
            Err(error) => {
                let actor = service.cx.actor(&run.visitor().caller(), run.request());
                service.report(&found, "saml.setup", &error.to_string(), actor).await;
                Ok(Step::deny("The sign-in to this application is not set up rightly."))
            }
        }
    }

    fn may_run_silently(&self) -> bool {
        true
    }
}

async fn respond(
    service: &Service,
    run: &Run,
    found: &Found,
    person: &Person,
    asked: Option<&AuthnRequest>,
) -> Result<Delivery, Internal> {
    let (keys, settings, request) = (service.keys(found)?, &found.settings, run.request());
    let session = run.visitor().session.clone().unwrap_or_default();
    let key_hash = run.visitor().key_hash();
    let index = hex::encode(key_hash);
    let mut actor = service.cx.actor(&run.visitor().caller(), request);
    if actor.on_behalf_of.is_none() {
        actor.user = Some(person.actor());
    }
    let format = asked.map_or(name_id::UNSPECIFIED, |asked| asked.name_id_format.as_str());
    let now = service.now();
    let name =
        assertion::name_id(service, found, person, request, &actor, (format, &index)).await?;
    let class =
        assertion::context_class(service, found, person, request, &actor, (&session, asked));
    let ends = now.plus_seconds(settings.session_valid_not_on_or_after.seconds());
    let statement = Assertion {
        id: service.document_id(),
        name_id: name.clone(),
        audience: settings.audience.clone(),
        not_before: now.plus_seconds(settings.assertion_valid_not_before.seconds()),
        not_on_or_after: now.plus_seconds(settings.assertion_valid_not_on_or_after.seconds()),
        authenticated: authenticated(&session, now),
        session_index: index,
        session_not_on_or_after: ends,
        context: class.await?,
        attributes: assertion::attributes(service, found, person, request, &actor).await?,
    };
    let envelope = envelope(service, found, asked);
    let xml = response::success(&envelope, &statement, &protection(found, &keys))?;
    let delivery = deliver(found, &xml, relay_state(found, asked))?;

    let event = Event::new(
        "authorize_application",
        "authentik.providers.saml.views.flows",
        json!({
            "authorized_application": found.application_json(),
            "flow": settings.authorization_flow.key().uuid().map(|u| u.simple().to_string()),
        }),
    );
    let slug = found.slug().unwrap_or_default().to_owned();
    let joined = Joined {
        provider: found.id(),
        user: person.identity.pk,
        subject: name.value,
        format: name.format,
        index: hex::encode(key_hash),
        issuer: settings.issuer.clone(),
    };
    let store = move |tx: &mut Tx<'_>| -> Result<(), StoreError> {
        if !session.applications.contains(&slug) {
            let mut session = session.clone();
            session.applications.push(slug.clone());
            renew_session(tx, key_hash, &session)?;
        }
        joined.note(tx, key_hash)?;
        emit(tx, event.clone()).map(|_| ())
    };
    service.cx.store.write(actor, "application authorized", store).await?;
    Ok(delivery)
}

fn authenticated(session: &SessionData, now: Timestamp) -> Timestamp {
    if session.auth_time > 0 { session.signed_in_at() } else { now }
}

fn relay_state<'a>(found: &'a Found, asked: Option<&'a AuthnRequest>) -> Option<&'a str> {
    match asked {
        Some(asked) => asked.relay_state.as_deref(),
        None => Some(found.settings.default_relay_state.as_str()).filter(|state| !state.is_empty()),
    }
}

fn envelope(service: &Service, found: &Found, asked: Option<&AuthnRequest>) -> Envelope {
    Envelope {
        id: service.document_id(),
        now: service.now(),
        issuer: found.settings.issuer.clone(),
        destination: found.settings.acs_url.to_string(),
        in_response_to: asked.map(|asked| asked.id.clone()),
    }
}

fn protection(found: &Found, keys: &Keys) -> Protection {
    let signer = |wanted: bool| keys.signer.clone().filter(|_| wanted);
    Protection {
        assertion: signer(found.settings.sign_assertion),
        response: signer(found.settings.sign_response),
        recipient: keys.recipient.clone(),
    }
}

fn deliver(found: &Found, xml: &str, relay_state: Option<&str>) -> Result<Delivery, Internal> {
    let address = &found.settings.acs_url;
    Ok(match found.settings.sp_binding {
        SpBinding::Post => Delivery::form(address, to_form(Which::Response, xml, relay_state)),
        SpBinding::Redirect => {
            Delivery::Redirect(to_address(address, Which::Response, xml, relay_state, None)?)
        }
    })
}

/// An answer that brings nobody.
///
/// # Errors
/// The key cannot sign.
pub(crate) fn refuse(
    service: &Service,
    found: &Found,
    keys: &Keys,
    asked: Option<&AuthnRequest>,
    status: Status,
) -> Result<Delivery, Internal> {
    let envelope = envelope(service, found, asked);
    let xml = response::refusal(&envelope, status, &protection(found, keys))?;
    deliver(found, &xml, relay_state(found, asked))
}
