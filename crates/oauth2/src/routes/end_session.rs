//! `/application/o/<slug>/end-session/`: an application asks to sign the person out.

use axum::body::Bytes;
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, Method, StatusCode, request::Parts};
use countersign_accounts::visitor;
use countersign_catalogue::sign_out::session_of;
use countersign_catalogue::{Application, Brand};
use countersign_core::{
    RequestInfo, Visitor, brand_for, cookies::csrf_matches, cookies::session_cookie,
};
use countersign_flow::{
    Begin, Flow, InPlan, Interaction, Onward, SESSION_END, Started, begin, confirm_page, key,
    leave, message_page,
};
use countersign_model::Ref;
use countersign_pages::{Confirm, Message, Pair};
use countersign_store::params;
use serde_json::{Map, Value, json};
use url::Url;

use super::http::{self, Answer};
use super::pages;
use crate::claims::is_access_token;
use crate::decide::logout::{Decision, Facts, Hint, HintFault, Target, decide};
use crate::doctor::Refused;
use crate::jose::{self, TokenFault};
use crate::logout_token::is_logout_token;
use crate::provider::Provider;
use crate::report::Cause;
use crate::service::{Internal, Service};
use crate::sign_out::{SIGN_OUT, SigningOut, hash};
use crate::wire::logout::{LogoutRequest, is_allowed_target, target_with_state};
use crate::wire::{PageError, Params};

/// Field of the confirmation that says the button was pressed.
const CONFIRMED: &str = "countersign_confirmed";
/// Says at the page afterwards that the request named an address which is not registered. Nothing of
/// the address goes along.
const UNREGISTERED: &str = "countersign_unregistered";
/// As the pages name it.
const CSRF: &str = "csrf";

pub(crate) async fn end_session(
    service: &Service,
    parts: &Parts,
    body: &Bytes,
    slug: &str,
) -> Answer {
    let request = RequestInfo::of(parts);
    let Some(provider) = Provider::by_application(&service.cx.snapshot(), slug) else {
        return pages::not_found(service, &request);
    };
    answer(service, parts, body, &provider).await
}

/// At the address that all providers share: the client is named by the request, or by its token.
pub(crate) async fn end_any_session(service: &Service, parts: &Parts, body: &Bytes) -> Answer {
    let request = RequestInfo::of(parts);
    let parsed = read(parts, body, &request).and_then(|params| LogoutRequest::parse(&params));
    let Ok(parsed) = parsed else {
        return pages::refused(service, &request, &PageError::Oversized);
    };
    // Only to find the provider, which then checks the token.
    let audience = parsed.id_token_hint.as_deref().and_then(jose::unverified_audience);
    let ids = parsed.client_id.as_deref().into_iter().chain(audience.as_deref());
    match Provider::by_client_id(&service.cx.snapshot(), ids).filter(|p| p.application.is_some()) {
        Some(provider) => answer(service, parts, body, &provider).await,
        None => of_nobody(service, &request, &parsed),
    }
}

/// A request that no application can be told from. Without a hint and an address to go to it is the
/// person's own, and the brand's flow decides; otherwise nothing ends by it.
fn of_nobody(service: &Service, request: &RequestInfo, parsed: &LogoutRequest) -> Answer {
    const OWN: &str = "/flows/-/default/invalidation/";
    let wrong = if parsed.id_token_hint.is_some() {
        "the token it sent with the request was not issued to an application here"
    } else if parsed.client_id.is_some() {
        "the application that it names by client_id does not exist here"
    } else if parsed.post_logout_redirect_uri.is_some() {
        "it did not say which one it is, by id_token_hint or client_id"
    } else {
        let query = parsed.ui_locales.as_deref().map(|tags| format!("?{}", languages(tags)));
        return service.cx.redirect(&format!("{OWN}{}", query.unwrap_or_default()));
    };
    let text = format!("An application asked to sign you out, but {wrong}. Nothing was ended.");
    let message = Message::new("Sign-out request not understood").text(&text);
    let message = message.action("Sign out here all the same", OWN).action("Sign in", "/");
    message_page(&service.cx, request, StatusCode::BAD_REQUEST, message)
}

fn read(
    parts: &Parts,
    body: &Bytes,
    request: &RequestInfo,
) -> Result<Params, crate::wire::params::ParamsError> {
    let from_body = parts.method == Method::POST && !body.is_empty();
    if from_body {
        http::form(&parts.headers, body)
    } else {
        Params::parse(request.query.as_bytes())
    }
}

async fn answer(service: &Service, parts: &Parts, body: &Bytes, provider: &Provider) -> Answer {
    let request = RequestInfo::of(parts);
    let parsed = read(parts, body, &request)
        .and_then(|params| LogoutRequest::parse(&params).map(|parsed| (params, parsed)));
    let Ok((params, parsed)) = parsed else {
        return pages::refused(service, &request, &PageError::Oversized);
    };
    let visitor = match visitor(&service.cx, parts).await {
        Ok(visitor) => visitor,
        Err(error) => return http::internal_page(&error.into()),
    };
    // Pages look for their language in the address, and so does the flow that this leads to.
    let request = match &parsed.ui_locales {
        Some(tags) if parts.method == Method::POST => request.asking(languages(tags)),
        _ => request,
    };
    let asked = Asked {
        service,
        provider,
        request: &request,
        headers: &parts.headers,
        visitor: &visitor,
        params: &params,
        parsed: &parsed,
    };
    asked.answer(&parts.method).await.unwrap_or_else(|error| http::internal_page(&error))
}

/// What an address has beside its path for pages in these languages.
fn languages(tags: &str) -> String {
    Params::from([("ui_locales", tags)]).to_query()
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
        let claims = self.claims().await?;
        let hint = match &claims {
            None => Hint::Absent,
            Some(Ok(_)) => Hint::Holds,
            Some(Err(fault)) => Hint::Wrong(*fault),
        };
        let pressed = method == Method::POST && self.params.one(CONFIRMED) == Ok("1");
        let csrf = self.params.some(CSRF).ok().flatten();
        let confirmed = pressed && csrf_matches(self.headers, self.request, csrf).is_ok();
        match decide(Facts {
            hint,
            signed_in: self.visitor.user.is_some(),
            confirmed,
            target: self.target(),
        }) {
            Decision::Confirm => Ok(self.confirm(None)),
            Decision::Faulty(fault) => Ok(self.faulty(fault)),
            Decision::Notice { on } => Ok(self.notice(on)),
            Decision::Flow => self.run_flow().await,
            Decision::End { then, unregistered } => {
                if unregistered {
                    self.report().await;
                }
                let mut sessions = Vec::new();
                if let Some(Ok(claims)) = &claims {
                    sessions = self.sessions_of(claims).await?;
                } else if self.visitor.user.is_some() {
                    sessions.push(hex::encode(self.visitor.key_hash()));
                }
                let to = then.unwrap_or_else(|| self.own_page(unregistered));
                self.end(SigningOut { sessions, to }).await
            }
        }
    }

    fn target(&self) -> Target {
        let Some(uri) = self.parsed.post_logout_redirect_uri.as_deref() else {
            return Target::Absent;
        };
        let launch = self
            .application()
            .map(|a| &a.meta_launch_url)
            .filter(|launch| launch.is_web())
            .map(|launch| &**launch);
        let (own, registered) = (
            &self.provider.settings.post_logout_redirect_uris,
            &self.provider.client.redirect_uris,
        );
        if is_allowed_target(uri, own, registered, launch) {
            Target::Allowed(target_with_state(uri, self.parsed.state.as_deref()))
        } else {
            Target::Unregistered
        }
    }

    fn application(&self) -> Option<&Application> {
        self.provider.application.as_ref().map(|(_, application)| &**application)
    }

    /// Where the person finds the application again.
    fn way_back(&self) -> Option<String> {
        let user = self.visitor.user.as_deref();
        let address = self.application()?.launch_url(&self.provider.snapshot, user)?;
        let web = ["http://", "https://"].iter().any(|scheme| {
            address.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
        });
        web.then_some(address)
    }

    /// The page that is shown where nobody is sent on.
    fn own_address(&self) -> String {
        format!("/application/o/{}/end-session/", self.provider.slug().unwrap_or_default())
    }

    /// Its language, and that an address was asked for that is none of the application's.
    fn own_query(&self, unregistered: bool) -> String {
        let tags = self.parsed.ui_locales.as_deref().map(languages);
        let mark = unregistered.then(|| format!("{UNREGISTERED}=1"));
        let all: Vec<String> = mark.into_iter().chain(tags).collect();
        if all.is_empty() { String::new() } else { format!("?{}", all.join("&")) }
    }

    fn own_page(&self, unregistered: bool) -> String {
        format!("{}{}", self.own_address(), self.own_query(unregistered))
    }

    /// What the hint says, if it is an ID token this provider signed for its client. It may have
    /// expired: applications keep them for exactly this.
    async fn claims(&self) -> Result<Option<Result<Map<String, Value>, HintFault>>, Internal> {
        let Some(hint) = &self.parsed.id_token_hint else {
            let foreign =
                self.parsed.client_id.as_ref().is_some_and(|id| *id != self.provider.client.id);
            return Ok(foreign.then_some(Err(HintFault::Client)));
        };
        let verified = self.service.own_token(self.provider, hint).await?;
        Ok(Some(verified.map_err(HintFault::from).and_then(|claims| {
            let text = |name: &str| claims.get(name).and_then(Value::as_str);
            let own = |value: &Value| value.as_str() == Some(self.provider.client.id.as_str());
            if !text("iss").is_some_and(|iss| self.is_own_issuer(iss)) {
                Err(HintFault::Issuer)
            } else if is_access_token(&claims) {
                Err(HintFault::AccessToken)
            } else if is_logout_token(&claims) {
                Err(HintFault::LogoutToken)
            } else if !claims.get("aud").is_some_and(|aud| {
                own(aud) || aud.as_array().is_some_and(|list| list.iter().any(own))
            }) {
                Err(HintFault::Audience)
            } else if self
                .parsed
                .client_id
                .as_ref()
                .is_some_and(|id| *id != self.provider.client.id)
            {
                Err(HintFault::Client)
            } else {
                Ok(claims)
            }
        })))
    }

    /// Without a fixed address of the server, the issuer bears the host by which the application
    /// reached it, which may be another than the browser's.
    fn is_own_issuer(&self, iss: &str) -> bool {
        let Some(own) = self.provider.issuer(&self.service.cx.origin(self.request)) else {
            return false;
        };
        let path = |issuer: &str| Url::parse(issuer).ok().map(|url| url.path().to_owned());
        iss == own
            || self.service.cx.settings.base_url.is_none()
                && path(iss).is_some()
                && path(iss) == path(&own)
    }

    /// The sessions a token is about: the one it names, whether the browser sent its cookie or not,
    /// and this browser's if it is the same person's.
    async fn sessions_of(&self, claims: &Map<String, Value>) -> Result<Vec<String>, Internal> {
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        let mut sessions = Vec::new();
        if let Some(sid) = text("sid").map(str::to_owned) {
            let provider = self.provider.id();
            let alive = self.service.cx.store.read(move |sql| {
                // It may have got another key since.
                let known = session_of(sql, provider, &sid)?.or_else(|| hash(&sid));
                let Some(named) = known else { return Ok(None) };
                let find = "SELECT 1 FROM session WHERE key_hash = $1";
                let found = sql.query_one(find, params![named])?;
                Ok::<_, countersign_store::StoreError>(found.map(|_| named))
            });
            sessions.extend(alive.await?.map(hex::encode));
        }
        if let Some(user) = &self.visitor.user {
            let own = hex::encode(self.visitor.key_hash());
            let sub = self.service.sub(self.provider, &self.service.person_of(user.clone()));
            if text("sub") == Some(sub.as_str()) && !sessions.contains(&own) {
                sessions.push(own);
            }
        }
        Ok(sessions)
    }

    /// Runs the invalidation flow, and ends the sessions if it lets that happen.
    async fn end(&self, signing_out: SigningOut) -> Result<Answer, Internal> {
        let Some(flow) = self.flow() else {
            let actor = self.service.cx.actor(&self.visitor.caller(), self.request);
            // A browser that sends no cookie is nobody's; the hint says that it is this person's.
            let own = signing_out.sessions.contains(&hex::encode(self.visitor.key_hash()));
            let browser = own || self.visitor.user.is_none();
            let ended = signing_out.perform(self.service, actor, None, browser).await?;
            let onward = Onward::Address(signing_out.to.clone());
            let left = leave(&self.service.cx, self.request, &ended, onward).await?;
            let to = match left.onward {
                Onward::Address(to) => to,
                _ => signing_out.to.clone(),
            };
            let mut answer = self.service.cx.redirect(&to);
            answer.headers_mut().extend(left.cookie.map(|cookie| (SET_COOKIE, cookie)));
            if own {
                // The key of a session that is over is not used again, not even for plans.
                let key = self.service.cx.entropy.token(32);
                answer.headers_mut().extend(
                    session_cookie(&self.service.cx, self.request, &key, None, None)
                        .map(|cookie| (SET_COOKIE, cookie)),
                );
            }
            return Ok(answer);
        };
        let mut context = self.context();
        context.insert(key::SIGN_OUT_CONFIRMED.to_owned(), json!(true));
        let last = InPlan::new(SIGN_OUT, &signing_out);
        self.begin(flow, context, last).await
    }

    /// Nobody asks to end anything: the provider's own flow, or the brand's, which ends in a page
    /// that says where to go on.
    async fn run_flow(&self) -> Result<Answer, Internal> {
        let Some(flow) = self.flow() else { return Ok(self.confirm(None)) };
        let last = InPlan::new(SESSION_END, &());
        self.begin(flow, self.context(), last).await
    }

    fn flow(&self) -> Option<Ref<Flow>> {
        let snapshot = &self.provider.snapshot;
        let brand = || {
            brand_for(snapshot, &self.request.host)
                .and_then(|id| snapshot.entry(id)?.cast::<Brand>()?.flow_invalidation)
        };
        self.provider.settings.invalidation_flow.0.or_else(|| brand().map(|flow| flow.cast()))
    }

    /// What the flow and its pages are told.
    fn context(&self) -> Map<String, Value> {
        let described = self
            .provider
            .application
            .as_ref()
            .map(|(reference, a)| json!({"pk": reference.key().to_string(), "name": a.name, "slug": &*a.slug, "launch_url": self.way_back()}));
        Map::from_iter([(key::APPLICATION.to_owned(), json!(described))])
    }

    async fn begin(
        &self,
        flow: Ref<Flow>,
        context: Map<String, Value>,
        last: InPlan,
    ) -> Result<Answer, Internal> {
        let begin_with =
            Begin { flow, context, last, interaction: Interaction::Allowed, always_consent: false };
        match begin(&self.service.cx, self.request, self.visitor, begin_with).await? {
            Started::Answer(answer) => Ok(answer),
            Started::InteractionRequired => Ok(self.confirm(None)),
        }
    }

    /// An address that is not registered, asked for by the application or the person: an
    /// administrator can mend it.
    async fn report(&self) {
        let service = self.service;
        let strict = self
            .provider
            .client
            .redirect_uris
            .iter()
            .filter(|r| r.matching_mode == crate::wire::MatchingMode::Strict)
            .map(|r| &r.url);
        let expected: Vec<&String> =
            self.provider.settings.post_logout_redirect_uris.iter().chain(strict).collect();
        let context = json!({
            "message": "The address to return to after signing out is not registered",
            "provider": self.provider.reference_json(),
            "post_logout_redirect_uri": self.parsed.post_logout_redirect_uri,
            "expected": expected,
        });
        let (cause, actor) = (
            Cause::new(Some(self.provider), "oauth2.logout.unregistered"),
            service.cx.actor(&self.visitor.caller(), self.request),
        );
        service.report(cause, "configuration_error", context, actor).await;
        let client = self.request.client_ip;
        service.diagnose(self.provider, Refused::Logout, self.params, client).await;
    }

    fn with_ways_on(&self, mut message: Message) -> Message {
        if let (Some(url), Some(application)) = (self.way_back(), self.application()) {
            message = message.action(&format!("Go to {}", application.name), url);
        }
        message.action("Sign in", "/")
    }

    fn notice(&self, on: Option<String>) -> Answer {
        let unregistered = self.target() == Target::Unregistered
            || self.params.some(UNREGISTERED).is_ok_and(|mark| mark.is_some());
        let text = if unregistered {
            "You are signed out. The request was to send you on to an address that the application has not registered."
        } else {
            "You are signed out."
        };
        let mut message = Message::new("Signed out").text(text);
        match (on, self.application()) {
            (Some(url), Some(application)) => {
                message = message
                    .action(&format!("Go on to {}", application.name), url)
                    .action("Sign in", "/");
            }
            _ => message = self.with_ways_on(message),
        }
        message_page(&self.service.cx, self.request, StatusCode::OK, message)
    }

    fn faulty(&self, fault: HintFault) -> Answer {
        tracing::info!(
            code = fault.code(),
            client = self.provider.client.id,
            "a logout request was refused"
        );
        let name = self.application().map_or("The application", |a| a.name.as_str());
        let text = format!(
            "{name} asked to sign you out, but the token it sent with the request {fault}. Nothing was ended."
        );
        if self.visitor.user.is_some() {
            let mut answer = self.confirm(Some(text));
            *answer.status_mut() = StatusCode::BAD_REQUEST;
            return answer;
        }
        let message =
            self.with_ways_on(Message::new("Sign-out request not understood").text(&text));
        message_page(&self.service.cx, self.request, StatusCode::BAD_REQUEST, message)
    }

    /// Asks with one button. Of a faulty request nothing is repeated but its language.
    fn confirm(&self, fault: Option<String>) -> Answer {
        let name = self.application().map_or("", |a| a.name.as_str());
        const KEPT: [&str; 4] = ["ui_locales", "client_id", "post_logout_redirect_uri", "state"];
        let keep = if fault.is_some() { 1 } else { KEPT.len() };
        let kept = KEPT.into_iter().take(keep);
        let hidden = kept.filter_map(|name| Some(Pair::new(name, self.params.some(name).ok()??)));
        let page = Confirm {
            title: "Sign out?".to_owned(),
            subtitle: name.to_owned(),
            text: if fault.is_some() {
                "You can sign out here all the same.".to_owned()
            } else {
                format!("{name} asks to sign you out here too.")
            },
            hidden: hidden.chain([Pair::new(CONFIRMED, "1")]).collect(),
            action: "Sign out".to_owned(),
            cancel_url: Some("/if/user/".to_owned()),
        };
        let asked = (self.own_address(), page);
        confirm_page(&self.service.cx, self.request, self.visitor, self.headers, asked, fault)
    }
}

impl From<TokenFault> for HintFault {
    fn from(fault: TokenFault) -> HintFault {
        match fault {
            TokenFault::AlgorithmMismatch => HintFault::Algorithm,
            TokenFault::SignatureWrong => HintFault::Signature,
            TokenFault::Malformed | TokenFault::Unsignable => HintFault::Unreadable,
        }
    }
}
