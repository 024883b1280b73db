//! A browser sets out: the identity provider is asked to sign somebody in.

use axum::body::Bytes;
use axum::response::Response;
use countersign_accounts::visitor;
use countersign_core::RequestInfo;
use countersign_flow::source::{SetOut, set_out};
use countersign_flow::{
    Begin, FlowError, InPlan, Interaction, Run, Stage, Started, Step, begin, key,
};
use countersign_pages::{AutosubmitChallenge, PageDef};
use countersign_saml::binding::{Which, to_address, to_form};
use countersign_saml::request;
use http::{header, request::Parts};
use serde::{Deserialize, Serialize};
use serde_json::{Map, json};

use crate::found::Found;
use crate::page;
use crate::service::{Internal, Service};
use crate::source::BindingType;
use crate::state::{Sent, State};

/// Name of the stage in plans.
pub(crate) const CARRY: &str = "saml_source.carry";

/// A form that the browser carries to the identity provider.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Carry {
    url: String,
    fields: Vec<(String, String)>,
    title: String,
}

impl Stage for Carry {
    type State = ();
    const PAGES: &'static [PageDef] = &[PageDef::of::<AutosubmitChallenge>()];

    async fn show(&self, _: &mut Run, (): &mut ()) -> Result<Step, FlowError> {
        let Carry { url, fields, title } = self.clone();
        Ok(Step::show(AutosubmitChallenge::new(url, fields, title)))
    }

    fn may_run_silently(&self) -> bool {
        true
    }
}

pub(crate) async fn ask(
    service: &Service,
    parts: &Parts,
    info: &RequestInfo,
    slug: &str,
    body: &Bytes,
) -> Result<Response, Internal> {
    let visitor = visitor(&service.cx, parts).await?;
    let errand = match set_out(&service.cx, parts, &visitor, slug, Some(body)).await? {
        SetOut::Go(errand) => errand,
        SetOut::Answer(answer) => return Ok(answer),
    };
    let found = Found::by_slug(&service.cx.snapshot(), slug);
    let Some(found) = found.filter(|found| found.source() == errand.source()) else {
        return Ok(page::not_found(service, info));
    };
    let keys = service.keys(&found)?;
    // Nobody goes to the identity provider for nothing.
    if keys.trust.is_none() {
        return Err(Internal::NoTrust);
    }
    let addresses = service.addresses(&found, info).await?;
    let to = found.settings.sso_url.to_string();
    let envelope = service.envelope(&found, &addresses, &to, None);
    let state = State::new(service, (&found, &addresses), &envelope.id, Sent::SignIn(errand));
    let inside = found.settings.binding_type != BindingType::Redirect;
    let (acs, format) = (addresses.acs(), found.settings.name_id_policy.uri());
    let xml = request::write(&envelope, &acs, format, keys.signer.as_ref().filter(|_| inside))?;
    let mut answer = if inside {
        let begin_with = Begin {
            flow: found.settings.pre_authentication_flow.0.ok_or_else(no_flow)?,
            context: context(&found),
            last: InPlan::new(CARRY, &carry(&found, to, &xml)),
            interaction: Interaction::Allowed,
            always_consent: found.settings.binding_type == BindingType::Post,
        };
        match begin(&service.cx, info, &visitor, begin_with).await? {
            Started::Answer(answer) => answer,
            Started::InteractionRequired => return Err(no_flow()),
        }
    } else {
        let signer = keys.signer.as_ref();
        let to = to_address(&to, Which::Request, &xml, None, signer)?;
        let mut answer = service.cx.redirect(&to);
        let fresh = visitor.cookie(&service.cx, info);
        answer.headers_mut().extend(fresh.map(|cookie| (header::SET_COOKIE, cookie)));
        answer
    };
    if let Some(cookie) = state.cookie(service, &found, info) {
        answer.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(answer)
}

fn no_flow() -> Internal {
    Internal::Flow(FlowError::broken("The pre-authentication flow of the source is gone."))
}

fn carry(found: &Found, url: String, xml: &str) -> Carry {
    let fields = to_form(Which::Request, xml, None).into_iter();
    let fields = fields.map(|(name, value)| (name.to_owned(), value)).collect();
    Carry { url, fields, title: format!("Redirecting to {}...", found.name()) }
}

/// What the flow and the page that asks are told.
fn context(found: &Found) -> Map<String, serde_json::Value> {
    Map::from_iter([
        (key::IS_SSO.to_owned(), json!(true)),
        (key::SOURCE.to_owned(), found.reference_json()),
        (key::CONSENT_HEADER.to_owned(), json!(format!("Continue to {}", found.name()))),
        (key::CONSENT_PERMISSIONS.to_owned(), json!([])),
    ])
}
