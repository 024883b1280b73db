//! An application sends a browser here to have somebody signed in, or somebody opens one from here.

use axum::response::Response;
use countersign_accounts::visitor;
use countersign_core::{Context, RequestInfo, Visitor};
use countersign_flow::{
    ApplicationHint, Begin, Destination, InPlan, Interaction, Started, begin, denied_page, key,
    require_login,
};
use countersign_saml::names::Status;
use countersign_saml::request::{self, AuthnRequest, Peer};
use http::{Method, request::Parts};
use serde_json::{Map, Value, json};

use crate::arrival::{Arrival, Raw};
use crate::assertion;
use crate::found::Found;
use crate::page;
use crate::provider::Keys;
use crate::respond::{self, Asked, RESPOND};
use crate::service::{Internal, Person, Service};

/// Tells the sign-in which application it is for.
pub(crate) struct SignInFor;

impl Destination for SignInFor {
    fn application(&self, cx: &Context, path: &str, _: &str) -> Option<ApplicationHint> {
        let slug = path.strip_prefix("/application/saml/")?.split('/').next()?;
        let found = Found::by_application(&cx.snapshot(), slug)?;
        Some(ApplicationHint {
            name: found.name().to_owned(),
            slug: slug.to_owned(),
            authentication_flow: found.settings.authentication_flow,
            ..ApplicationHint::default()
        })
    }
}

/// A browser at one of the addresses.
struct Entry<'a> {
    service: &'a Service,
    parts: &'a Parts,
    request: &'a RequestInfo,
    found: Found,
}

pub(crate) async fn sso(
    service: &Service,
    parts: &Parts,
    request: &RequestInfo,
    slug: &str,
    raw: Raw,
) -> Response {
    let Some(found) = Found::by_application(&service.cx.snapshot(), slug) else {
        return page::not_found(service, request);
    };
    let entry = Entry { service, parts, request, found };
    match entry.answer(raw).await {
        Ok(answer) => answer,
        Err(error) => {
            if !error.is_passing() {
                let actor = service.cx.actor(&countersign_core::Caller::nobody(), request);
                service.report(&entry.found, "saml.setup", &error.to_string(), actor).await;
            }
            page::internal(&error)
        }
    }
}

impl Entry<'_> {
    async fn answer(&self, raw: Raw) -> Result<Response, Internal> {
        let (service, request, found) = (self.service, self.request, &self.found);
        let Some(arrival) = Arrival::read(service, found.id(), raw, request).await? else {
            return Ok(page::expired(service, request, found));
        };
        let keys = service.keys(found)?;
        let visitor = visitor(&service.cx, self.parts).await?;
        let asked = match self.read(&arrival, &keys) {
            Ok(asked) => asked,
            Err(refusal) => {
                let actor = service.cx.actor(&visitor.caller(), request);
                service.refused(found, &refusal, actor, request.client_ip).await;
                return Ok(page::refused(service, request, found.name(), &refusal));
            }
        };
        let force = asked.as_ref().is_some_and(|asked| asked.force_authn);
        let passive = asked.as_ref().is_some_and(|asked| asked.is_passive);
        let person = visitor.user.clone().map(|user| service.person_of(user));
        let fresh = visitor.session.as_ref().is_some_and(|session| {
            arrival.kept.as_ref().is_some_and(|(at, _)| session.signed_in_at() >= *at)
        });
        let person = person.filter(|_| !force || fresh);
        let Some(person) = person else {
            if passive {
                return self.refuse(asked.as_ref(), Status::NoPassive, &keys);
            }
            return self.sign_in(&visitor, &arrival, force).await;
        };
        let decision = service.policies(found, &person, request).await?;
        match decision.zip(found.application.as_ref()) {
            Some((decision, _)) if decision.passing && person.identity.is_active => {}
            Some((decision, (application, _))) => {
                let asked = (*application, found.name());
                return Ok(denied_page(&service.cx, request, &visitor, asked, decision).await?);
            }
            None => return Ok(page::without_application(service, request)),
        }
        if force {
            arrival.forget(service).await;
        }
        self.begin(&visitor, &person, asked, passive, &keys).await
    }

    /// The request, checked; `None` where the sign-in begins here.
    fn read(
        &self,
        arrival: &Arrival,
        keys: &Keys,
    ) -> Result<Option<AuthnRequest>, countersign_saml::Refusal> {
        let Some(received) = arrival.raw.received()? else { return Ok(None) };
        let addresses = self.found.addresses(&self.service.cx.origin(self.request));
        let addresses = addresses.map(|addresses| addresses.of_sso()).unwrap_or_default();
        let settings = &self.found.settings;
        let peer = Peer {
            entity_id: &settings.audience,
            trust: keys.trust.as_ref(),
            addresses: &addresses,
            // A request that was kept is as old as it was then.
            now: arrival.kept.as_ref().map_or_else(|| self.service.now(), |(at, _)| *at),
        };
        request::read(&received, &settings.acs_url, &peer).map(Some)
    }

    /// To the sign-in, and back to this request.
    async fn sign_in(
        &self,
        visitor: &Visitor,
        arrival: &Arrival,
        force: bool,
    ) -> Result<Response, Internal> {
        let (service, request) = (self.service, self.request);
        let posted = self.parts.method == Method::POST;
        if !posted && !force {
            let query = if request.query.is_empty() {
                String::new()
            } else {
                format!("?{}", request.query)
            };
            let next = format!("{}{query}", request.path);
            return Ok(require_login(&service.cx, request, visitor, &next));
        }
        let kept = match arrival.keep(service, self.found.id(), request).await? {
            Ok(kept) => kept,
            Err(refusal) => {
                return Ok(page::refused(service, request, self.found.name(), &refusal));
            }
        };
        let next = format!("{}?{kept}", request.path);
        // A form of another site comes without our cookie where there is no TLS; the same request by
        // GET comes with it.
        Ok(if posted {
            service.cx.see_other(&next)
        } else {
            require_login(&service.cx, request, visitor, &next)
        })
    }

    /// An answer that brings nobody.
    fn refuse(
        &self,
        asked: Option<&AuthnRequest>,
        status: Status,
        keys: &Keys,
    ) -> Result<Response, Internal> {
        let delivery = respond::refuse(self.service, &self.found, keys, asked, status)?;
        Ok(delivery.answer(self.service, respond::title(&self.found)))
    }

    async fn begin(
        &self,
        visitor: &Visitor,
        person: &Person,
        asked: Option<AuthnRequest>,
        passive: bool,
        keys: &Keys,
    ) -> Result<Response, Internal> {
        let context = self.context(visitor, person).await?;
        let begin_with = Begin {
            flow: self.found.settings.authorization_flow,
            context,
            last: InPlan::new(
                RESPOND,
                &Asked { provider: self.found.id(), request: asked.clone() },
            ),
            interaction: if passive { Interaction::Forbidden } else { Interaction::Allowed },
            always_consent: false,
        };
        match begin(&self.service.cx, self.request, visitor, begin_with).await? {
            Started::Answer(answer) => Ok(answer),
            Started::InteractionRequired => self.refuse(asked.as_ref(), Status::NoPassive, keys),
        }
    }

    /// What the flow and its pages are told.
    async fn context(
        &self,
        visitor: &Visitor,
        person: &Person,
    ) -> Result<Map<String, Value>, Internal> {
        let (service, found) = (self.service, &self.found);
        let actor = service.cx.actor(&visitor.caller(), self.request);
        let attributes =
            assertion::attributes(service, found, person, self.request, &actor).await?;
        let shown: Vec<Value> = attributes
            .iter()
            .map(|attribute| {
                let name = attribute.friendly_name.as_ref().filter(|name| !name.is_empty());
                let title = name.map_or_else(|| last_part(&attribute.name), String::as_str);
                json!({"title": title, "value": attribute.values.join(", ")})
            })
            .collect();
        let described = found.application.as_ref().map(|(reference, application)| {
            json!({
                "pk": reference.key().to_string(),
                "name": application.name,
                "slug": &*application.slug,
            })
        });
        let host = url::Url::parse(&found.settings.acs_url).ok();
        let host = host.and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
        let header = format!("You're about to sign into {}.", found.name());
        Ok(Map::from_iter([
            (key::IS_SSO.to_owned(), json!(true)),
            (key::APPLICATION.to_owned(), json!(described)),
            (key::CONSENT_HEADER.to_owned(), json!(header)),
            (key::CONSENT_PERMISSIONS.to_owned(), json!([])),
            (key::CONSENT_TARGET.to_owned(), json!(host)),
            (key::CONSENT_VALUES.to_owned(), json!(shown)),
        ]))
    }
}

/// Names of attributes are addresses, whose end says what they are.
fn last_part(name: &str) -> &str {
    name.rsplit(['/', ':']).find(|part| !part.is_empty()).unwrap_or(name)
}
