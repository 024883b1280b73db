//! `/application/o/<slug>/end-session/`: an application asks to sign the person out.

use axum::body::Bytes;
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, Method, StatusCode, request::Parts};
use countersign_catalogue::{Application, Brand};
use countersign_events::{Event, emit};
use countersign_flow::{Begin, Begun, InPlan, Interaction, begin, confirm_page, in_plan, key, message_page};
use countersign_pages::{Confirm, Form, Message, Pair};
use countersign_rest::{RequestInfo, Visitor, brand_for, csrf_matches, end_session as end, session_cookie, visitor};
use countersign_store::{StoreError, Tx};
use serde_json::{Map, Value, json};

use super::http::{self, Answer};
use super::pages;
use crate::decide::logout::{Decision, Facts, SessionFacts, Target, decide};
use crate::grants;
use crate::jose;
use crate::provider::Provider;
use crate::service::{Internal, Service};
use crate::wire::logout::{LogoutRequest, is_allowed_target, target_with_state};
use crate::wire::{PageError, Params, redirect};

/// Field of the confirmation that says the button was pressed.
const CONFIRMED: &str = "countersign_confirmed";
/// As the pages name it.
const CSRF: &str = "csrf";

pub(crate) async fn end_session(service: &Service, parts: &Parts, body: &Bytes, slug: &str) -> Answer {
    let request = RequestInfo::of(parts);
    let Some(provider) = Provider::by_application(&service.cx.snapshot(), slug) else { return pages::not_found(service, &request) };
    let from_body = parts.method == Method::POST && !body.is_empty();
    let params = if from_body { http::form(&parts.headers, body) } else { Params::parse(request.query.as_bytes()) };
    let parsed = params.and_then(|params| LogoutRequest::parse(&params).map(|parsed| (params, parsed)));
    let Ok((params, parsed)) = parsed else { return pages::refused(service, &request, &PageError::Oversized) };
    let visitor = match visitor(&service.cx, parts).await {
        Ok(visitor) => visitor,
        Err(error) => return http::internal_page(&error.into()),
    };
    let asked = Asked { service, provider: &provider, request: &request, headers: &parts.headers, visitor: &visitor, params: &params, parsed: &parsed };
    asked.answer(&parts.method).await.unwrap_or_else(|error| http::internal_page(&error))
}

struct Asked<'a> {
    service: &'a Service,
    provider: &'a Provider,
    request: &'a RequestInfo,
    headers: &'a HeaderMap,
    visitor: &'a Visitor,
    params: &'a Params,
    parsed: &'a LogoutRequest,
}

impl Asked<'_> {
    async fn answer(&self, method: &Method) -> Result<Answer, Internal> {
        let hint_matches = self.hint_matches().await;
        let session = self.visitor.user.as_ref().zip(self.visitor.session.as_ref()).map(|(_, session)| SessionFacts {
            hint_matches,
            used_application: self.provider.slug().is_some_and(|slug| session.applications.iter().any(|a| a == slug)),
        });
        let pressed = method == Method::POST && self.params.one(CONFIRMED) == Ok("1");
        let csrf = self.params.some(CSRF).ok().flatten();
        let facts = Facts {
            session,
            same_site_navigation: method == Method::GET && self.is_same_site_navigation(),
            confirmed: pressed && csrf_matches(self.headers, self.request, csrf).is_ok(),
            target: self.target(),
        };
        match decide(facts) {
            Decision::TargetUnregistered => Ok(self.unregistered()),
            Decision::Leave { to: Some(to) } => Ok(http::redirect(&to)),
            Decision::Leave { to: None } => Ok(self.notice("You are signed out.")),
            Decision::Confirm if self.parsed.post_logout_redirect_uri.is_none() => self.run_flow().await,
            Decision::Confirm => Ok(self.confirm()),
            Decision::End { then } => self.end(then).await,
        }
    }

    fn target(&self) -> Target {
        let Some(uri) = self.parsed.post_logout_redirect_uri.as_deref() else { return Target::Absent };
        let launch = self.application().map(|a| &a.meta_launch_url).filter(|launch| launch.is_web()).map(|launch| &**launch);
        if is_allowed_target(uri, &self.provider.client.redirect_uris, launch) {
            Target::Allowed(target_with_state(uri, self.parsed.state.as_deref()))
        } else {
            Target::Unregistered
        }
    }

    fn application(&self) -> Option<&Application> {
        self.provider.application.as_ref().map(|(_, application)| application)
    }

    /// A token this provider signed, for its client, about the person signed in. It may have expired: applications
    /// keep them for exactly this.
    async fn hint_matches(&self) -> bool {
        let (Some(hint), Some(user)) = (&self.parsed.id_token_hint, &self.visitor.user) else { return false };
        if self.parsed.client_id.as_ref().is_some_and(|id| *id != self.provider.client.id) {
            return false;
        }
        let Ok(keys) = self.service.keys(self.provider).await else { return false };
        let Ok(claims) = jose::verify(hint, &keys.signing) else { return false };
        let own = |value: &Value| value.as_str() == Some(self.provider.client.id.as_str());
        let audience = claims.get("aud").is_some_and(|aud| own(aud) || aud.as_array().is_some_and(|list| list.iter().any(own)));
        let sub = self.service.sub(self.provider, &self.service.person_of(user.clone()));
        audience && claims.get("sub").and_then(Value::as_str) == Some(sub.as_str())
    }

    /// Browsers say where a navigation comes from; one that does not say is asked.
    fn is_same_site_navigation(&self) -> bool {
        let header = |name: &str| self.headers.get(name).and_then(|v| v.to_str().ok());
        let site = matches!(header("sec-fetch-site"), Some("same-origin" | "same-site" | "none"));
        site && header("sec-fetch-dest") == Some("document")
    }

    async fn end(&self, then: Option<String>) -> Result<Answer, Internal> {
        let (key_hash, actor) = (self.visitor.key_hash(), self.service.cx.actor(&self.visitor.caller(), self.request));
        let store = move |tx: &mut Tx<'_>| -> Result<(), StoreError> {
            grants::end_session(tx, &key_hash)?;
            end(tx, key_hash)?;
            emit(tx, Event::new("logout", "authentik.providers.oauth2.views.end_session", json!({}))).map(|_| ())
        };
        self.service.cx.store.write(actor, "signed out by an application", store).await?;
        let mut answer = match &then {
            Some(to) => http::redirect(to),
            None => self.notice("You are signed out."),
        };
        // The key of a session that is over is not used again, not even for plans.
        let key = self.service.cx.entropy.token(32);
        if let Some(cookie) = session_cookie(&self.service.cx, self.request, &key, None, None) {
            answer.headers_mut().append(SET_COOKIE, cookie);
        }
        Ok(answer)
    }

    fn notice(&self, text: &str) -> Answer {
        let mut message = Message::new("Signed out").text(text);
        let launch = self.application().map(|a| &a.meta_launch_url).filter(|launch| launch.is_web());
        if let (Some(url), Some(application)) = (launch, self.application()) {
            message = message.action(&format!("Go to {}", application.name), &**url);
        }
        let message = message.action("Sign in", "/");
        message_page(&self.service.cx, self.request, StatusCode::OK, message)
    }

    fn unregistered(&self) -> Answer {
        let received = self.parsed.post_logout_redirect_uri.clone().unwrap_or_default();
        let error = PageError::Redirect { reason: redirect::RedirectRefusal::Unregistered, received };
        pages::refused(self.service, self.request, &error)
    }

    fn confirm(&self) -> Answer {
        let name = self.application().map_or("", |a| a.name.as_str());
        let keep = ["id_token_hint", "client_id", "post_logout_redirect_uri", "state"];
        let hidden = keep.iter().filter_map(|name| Some(Pair::new(*name, self.params.some(name).ok()??)));
        let page = Confirm {
            title: "Sign out?".to_owned(),
            subtitle: name.to_owned(),
            form: Form { action: self.request.path.clone(), ..Form::default() },
            text: format!("{name} asks to sign you out here too."),
            hidden: hidden.chain([Pair::new(CONFIRMED, "1")]).collect(),
            action: "Sign out".to_owned(),
            cancel_url: Some("/if/user/".to_owned()),
            errors: Vec::new(),
        };
        confirm_page(&self.service.cx, self.request, self.visitor, self.headers, page)
    }

    /// Nobody asks to be sent anywhere: the provider's own flow, or the brand's, which ends in a page that says where to go on.
    async fn run_flow(&self) -> Result<Answer, Internal> {
        let snapshot = &self.provider.snapshot;
        let brand = || brand_for(snapshot, &self.request.host).and_then(|id| snapshot.entry(id)?.cast::<Brand>()?.flow_invalidation);
        let own = self.provider.settings.invalidation_flow.0;
        let Some(flow) = own.or_else(|| brand().map(|flow| flow.cast())) else { return Ok(self.confirm()) };
        let application = self.provider.application.as_ref();
        let described = application.map(|(reference, a)| {
            let launch = a.meta_launch_url.is_web().then(|| a.meta_launch_url.to_string());
            json!({"pk": reference.key().to_string(), "name": a.name, "slug": &*a.slug, "launch_url": launch})
        });
        let begin_with = Begin {
            flow,
            context: Map::from_iter([(key::APPLICATION.to_owned(), json!(described))]),
            last: InPlan { handler: in_plan::SESSION_END.to_owned(), data: json!({}) },
            interaction: Interaction::Allowed,
            always_consent: false,
        };
        match begin(&self.service.cx, self.request, self.visitor, begin_with).await? {
            Begun::Answer(answer) => Ok(answer),
            Begun::InteractionRequired => Ok(self.confirm()),
        }
    }
}
