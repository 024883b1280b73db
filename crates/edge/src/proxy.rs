//! An outpost that is a proxy: the same front ends, rules and headers as inside of the server. Who
//! somebody is says an access token that the server gave, which is asked about anew when something
//! may have been missed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use axum::extract::Request;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_core::{RequestInfo, Shutdown};
use countersign_listener::Listener;
use countersign_model::{Clock, Entropy, Secret, Timestamp};
use countersign_oauth2::jose::{self, SigningKey};
use countersign_outbound::{Outbound, Rules, Upstreams};
use countersign_proxy::{
    Begun, Failed, Granted, Home, NotBegun, SignedOut, Sites, cookies, served,
};
use countersign_store::{SystemClock, SystemEntropy, sha256};
use http::{HeaderMap, StatusCode, header};
use serde_json::{Map, Value, json};

use crate::Settings;
use crate::api::{Api, ApiError, text};
use crate::certificates::Certificates;
use crate::doors::{Door, router};
use crate::link::{Answers, Link};
use crate::sessions::{Sessions, Tokens};
use crate::site::EdgeSite;

/// The letters of a cookie.
const LENGTH: usize = 48;
/// How long a program that sends an app password with each request gets by with one token.
const REMEMBERED_SECONDS: i64 = 60;
const MOST_REMEMBERED: usize = 4_096;
/// A user name that says that the password is a token.
const TOKEN_USER: &str = "goauthentik.io/token";
const EVENTS: &str = "authentik.providers.proxy";
/// One event about the same thing in so long.
const HOUR: i64 = 3_600;
const MOST_TOLD: usize = 1_024;

/// All that requests share; cheap to clone.
#[derive(Clone)]
pub(crate) struct Proxy(Arc<Shared>);

struct Shared {
    api: Arc<Api>,
    link: Arc<Link>,
    upstreams: Upstreams,
    certificates: Arc<Certificates>,
    sessions: Sessions,
    sites: RwLock<Arc<Sites<EdgeSite>>>,
    /// The tokens that passwords gave, by the hash of what was sent. Each use asks about them.
    remembered: Mutex<HashMap<[u8; 32], (Timestamp, Secret)>>,
    told: Mutex<HashMap<String, Timestamp>>,
}

/// Where a proxy listens.
pub(crate) struct Listeners {
    http: Door,
    https: Door,
}

impl Listeners {
    pub(crate) async fn serve(self, stop: Shutdown) {
        tokio::join!(self.http.serve(stop.clone()), self.https.serve(stop));
    }
}

impl Proxy {
    /// # Errors
    /// The folder of sessions cannot be used.
    pub(crate) fn new(
        api: Arc<Api>,
        link: Arc<Link>,
        settings: &Settings,
    ) -> Result<Proxy, String> {
        let rules = Rules { user_agent: settings.user_agent.clone(), ..Rules::default() };
        let sessions = Sessions::open(&settings.folder, SystemClock.now())?;
        Ok(Proxy(Arc::new(Shared {
            api,
            link,
            upstreams: Outbound::new(rules).upstreams(settings.patience),
            certificates: Arc::new(Certificates::new(settings.certificate.clone())),
            sessions,
            sites: RwLock::default(),
            remembered: Mutex::default(),
            told: Mutex::default(),
        })))
    }

    /// # Errors
    /// An address cannot be used.
    pub(crate) async fn bind(&self, settings: &Settings) -> Result<Listeners, String> {
        let proxy = self.clone();
        let router = router(settings.bounds.trusted.clone(), move |request: Request| {
            let proxy = proxy.clone();
            async move { served(&proxy, request).await }
        });
        let tls = self.0.certificates.encryption(&[b"h2", b"http/1.1"])?;
        let door = |name, setting, address, tls| {
            let listener = Listener { name, setting, address, tls };
            Door::bind(listener, router.clone(), &settings.bounds)
        };
        Ok(Listeners {
            http: door("http", "listen.http", settings.http, None).await?,
            https: door("https", "listen.https", settings.https, Some(tls)).await?,
        })
    }

    /// What the server says of a token; `None` where it is not good.
    async fn introspect(
        &self,
        site: &EdgeSite,
        token: &str,
    ) -> Result<Option<Map<String, Value>>, ApiError> {
        let form = [
            ("client_id", site.settings.client_id.as_str()),
            ("client_secret", site.client_secret.expose()),
            ("token", token),
        ];
        let (status, answer) = self.0.api.form(&site.endpoints.introspection, &form).await?;
        Ok(match answer {
            Value::Object(claims)
                if status == StatusCode::OK && claims.get("active") == Some(&Value::Bool(true)) =>
            {
                Some(claims)
            }
            _ => None,
        })
    }

    /// What a token says that the server just gave.
    async fn claims_of(
        &self,
        site: &EdgeSite,
        token: &str,
    ) -> Result<Option<Map<String, Value>>, ApiError> {
        if !site.by_secret {
            return self.introspect(site, token).await;
        }
        let Ok(key) = SigningKey::from_secret(site.client_secret.expose()) else { return Ok(None) };
        let claims = jose::verify(token, &key).ok();
        Ok(claims.filter(|claims| {
            let own = site.settings.client_id.as_str();
            let text = |name: &str| claims.get(name).and_then(Value::as_str);
            let is_audience = match claims.get("aud") {
                Some(Value::String(one)) => one == own,
                Some(Value::Array(all)) => all.iter().any(|one| one == own),
                _ => false,
            };
            let issuer = &site.endpoints.issuer;
            let known = [issuer.clone(), self.0.api.for_browsers(issuer)];
            let is_issuer = text("iss").is_some_and(|iss| known.iter().any(|known| known == iss));
            is_audience && is_issuer && expiry(claims) > SystemClock.now().seconds()
        }))
    }

    async fn by_cookie(&self, site: &EdgeSite, headers: &HeaderMap) -> Option<Granted> {
        let (sessions, link) = (&self.0.sessions, &self.0.link);
        let sent: Vec<String> = cookies(headers, &site.cookie).map(str::to_owned).collect();
        for cookie in sent {
            let now = SystemClock.now();
            let found = sessions.find(&cookie, &site.settings.client_id, now);
            let Some((session, tokens)) = found else { continue };
            // What ended while nothing could be heard of it has ended all the same. While the
            // server is away, who was signed in stays so.
            let turn = link.turn();
            if session.turn != turn && link.is_connected() {
                match self.introspect(site, &tokens.access).await {
                    Ok(Some(_)) => sessions.confirm(&cookie, turn),
                    Ok(None) => {
                        sessions.end(&cookie);
                        continue;
                    }
                    Err(error) => tracing::debug!(%error, "a session could not be asked about"),
                }
            }
            return Some(granted(tokens.claims, tokens.access, false));
        }
        None
    }

    async fn by_authorization(
        &self,
        site: &EdgeSite,
        headers: &HeaderMap,
    ) -> Result<Option<Granted>, ApiError> {
        let Some(sent) = headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok()) else {
            return Ok(None);
        };
        let Some((scheme, rest)) = sent.split_once(' ') else { return Ok(None) };
        let rest = rest.trim();
        if scheme.eq_ignore_ascii_case("bearer") {
            return self.of_token(site, rest).await;
        }
        if !scheme.eq_ignore_ascii_case("basic") {
            return Ok(None);
        }
        let decoded = STANDARD.decode(rest).ok().and_then(|b| String::from_utf8(b).ok());
        let Some((user, password)) = decoded.as_deref().and_then(|text| text.split_once(':'))
        else {
            return Ok(None);
        };
        if user == TOKEN_USER
            && let Some(found) = self.of_token(site, password).await?
        {
            return Ok(Some(found));
        }
        let key = sha256(&format!("{} {sent}", site.settings.client_id));
        if let Some(token) = self.remembered(&key)
            && let Some(found) = self.of_token(site, token.expose()).await?
        {
            return Ok(Some(found));
        }
        let Some(token) = self.of_password(site, (user, password)).await? else {
            return Ok(None);
        };
        let found = self.of_token(site, token.expose()).await?;
        if found.is_some() {
            self.remember(key, token);
        }
        Ok(found)
    }

    fn remembered(&self, key: &[u8; 32]) -> Option<Secret> {
        let remembered = self.0.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        let (until, token) = remembered.get(key)?;
        (*until > SystemClock.now()).then(|| token.clone())
    }

    fn remember(&self, key: [u8; 32], token: Secret) {
        let until = SystemClock.now().plus_seconds(REMEMBERED_SECONDS);
        let mut remembered = self.0.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.len() >= MOST_REMEMBERED {
            remembered.clear();
        }
        remembered.insert(key, (until, token));
    }

    /// Asked about at each request: tokens are revoked and accounts deactivated, and nothing tells
    /// of those that no session stands behind.
    async fn of_token(&self, site: &EdgeSite, token: &str) -> Result<Option<Granted>, ApiError> {
        if !is_access_token(token) {
            return Ok(None);
        }
        let claims = self.introspect(site, token).await?;
        let client = site.settings.client_id.as_str();
        let claims = claims.filter(|claims| opens_alone(claims, client));
        Ok(claims.map(|claims| granted(claims, token.to_owned(), true)))
    }

    /// The token for somebody who sends an app password.
    async fn of_password(
        &self,
        site: &EdgeSite,
        (user, password): (&str, &str),
    ) -> Result<Option<Secret>, ApiError> {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", site.settings.client_id.as_str()),
            ("username", user),
            ("password", password),
            ("scope", site.settings.scopes.as_str()),
        ];
        let (status, answer) = self.0.api.form(&site.endpoints.token, &form).await?;
        let token = text(&answer, "access_token");
        Ok((status == StatusCode::OK && !token.is_empty()).then(|| Secret::new(token)))
    }
}

/// Whether it has the shape of an access token. Introspection answers for refresh tokens, too, and
/// in the same words; but access tokens are signed (RFC 7515 7.1) or encrypted (RFC 7516 7.1) ones,
/// and refresh tokens are not.
fn is_access_token(token: &str) -> bool {
    matches!(token.split('.').count(), 3 | 5)
}

/// Whether a token that is good opens the application to whoever brings it. One that is bound to a
/// key or a certificate opens nothing without its proof (RFC 9449 7.1, RFC 8705 3), which a request
/// that was asked about elsewhere cannot give.
fn opens_alone(claims: &Map<String, Value>, client: &str) -> bool {
    let is_bearer = match claims.get("token_type") {
        None => true,
        Some(Value::String(kind)) => kind.eq_ignore_ascii_case("bearer"),
        Some(_) => false,
    };
    let is_own = claims.get("client_id").and_then(Value::as_str) == Some(client);
    is_bearer && is_own && !claims.contains_key("cnf")
}

fn expiry(claims: &Map<String, Value>) -> i64 {
    claims.get("exp").and_then(Value::as_i64).unwrap_or_default()
}

fn granted(claims: Map<String, Value>, token: String, by_header: bool) -> Granted {
    let username = claims.get("preferred_username").and_then(Value::as_str);
    let username = username.unwrap_or_default().to_owned();
    Granted { claims, token, username, by_header }
}

fn failed(error: &ApiError) -> Failed {
    tracing::warn!("The server could not be asked: {error}");
    match error {
        ApiError::Away(_) => Failed::Away,
        _ => Failed::Broken,
    }
}

impl Home for Proxy {
    type Site = EdgeSite;

    fn sites(&self) -> Arc<Sites<EdgeSite>> {
        self.0.sites.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn name(&self) -> String {
        self.0.link.name()
    }

    fn clock(&self) -> &dyn Clock {
        &SystemClock
    }

    fn entropy(&self) -> &dyn Entropy {
        &SystemEntropy
    }

    fn upstreams(&self) -> &Upstreams {
        &self.0.upstreams
    }

    async fn granted(
        &self,
        site: &EdgeSite,
        headers: &HeaderMap,
        _: &RequestInfo,
    ) -> Result<Option<Granted>, Failed> {
        if let Some(granted) = self.by_cookie(site, headers).await {
            return Ok(Some(granted));
        }
        self.by_authorization(site, headers).await.map_err(|error| failed(&error))
    }

    /// Nobody is sent to a server that does not answer.
    async fn sign_in_at(&self, site: &EdgeSite) -> Result<String, Failed> {
        let Shared { api, link, .. } = &*self.0;
        if !link.is_connected() && !api.is_there().await {
            return Err(Failed::Away);
        }
        Ok(api.for_browsers(&site.endpoints.authorization))
    }

    async fn begin(
        &self,
        site: &EdgeSite,
        code: &str,
        verifier: &str,
        _: &RequestInfo,
    ) -> Result<Begun, NotBegun> {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", site.callback.as_str()),
            ("client_id", site.settings.client_id.as_str()),
            ("client_secret", site.client_secret.expose()),
            ("code_verifier", verifier),
        ];
        // Of what ends from here on it is heard, or asked.
        let turn = self.0.link.turn();
        let asked = self.0.api.form(&site.endpoints.token, &form).await;
        let (status, answer) = asked.map_err(|error| failed(&error))?;
        let refused = |text: &str| NotBegun::Refused(text.to_owned());
        if status != StatusCode::OK {
            let code = text(&answer, "error").to_owned();
            tracing::info!(code, "the server refused a code");
            return Err(refused(match text(&answer, "error_description") {
                "" => "The server did not accept the sign-in.",
                told => told,
            }));
        }
        let (access, id) = (text(&answer, "access_token"), text(&answer, "id_token"));
        let claims = self.claims_of(site, access).await.map_err(|error| failed(&error))?;
        let Some(claims) = claims else {
            tracing::warn!("a token of the server is not good for this application");
            return Err(refused("The server’s answer is not good for this application."));
        };
        let (cookie, ends) = (Secret::new(SystemEntropy.token(LENGTH)), expiry(&claims));
        let seconds = ends - SystemClock.now().seconds();
        let (access, id) = (access.to_owned(), id.to_owned());
        let tokens = Tokens { access, id, claims };
        let client = site.settings.client_id.as_str();
        self.0.sessions.begin(&cookie, (client, turn), &tokens, ends).map_err(|problem| {
            tracing::error!("A session cannot be kept: {problem}");
            NotBegun::Failed(Failed::Broken)
        })?;
        Ok(Begun { cookie, seconds })
    }

    async fn sign_out(
        &self,
        site: &EdgeSite,
        headers: &HeaderMap,
        _: &RequestInfo,
        asked: bool,
    ) -> Result<SignedOut, Failed> {
        let Shared { api, sessions, .. } = &*self.0;
        let end = api.for_browsers(&site.endpoints.end_session);
        let (client, now) = (&site.settings.client_id, SystemClock.now());
        let mut sent = cookies(headers, &site.cookie);
        let found = sent.find_map(|cookie| sessions.find(cookie, client, now));
        let Some((session, tokens)) = found.filter(|_| !asked) else {
            return Ok(SignedOut { to: end, ended: false });
        };
        sessions.end_all(&session.sub);
        sessions.end_of(&session.sid);
        let hint = if tokens.id.is_empty() { &tokens.access } else { &tokens.id };
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("id_token_hint", hint)
            .finish();
        Ok(SignedOut { to: format!("{end}?{query}"), ended: true })
    }

    async fn report(
        &self,
        place: &'static str,
        about: &str,
        context: Value,
        request: &RequestInfo,
    ) {
        let now = SystemClock.now();
        {
            let mut told = self.0.told.lock().unwrap_or_else(PoisonError::into_inner);
            told.retain(|_, last| now < last.plus_seconds(HOUR));
            let key = format!("{place} {about}");
            if told.contains_key(&key) || told.len() >= MOST_TOLD {
                return;
            }
            told.insert(key, now);
        }
        let event = json!({
            "action": "configuration_error", "app": EVENTS, "context": context,
            "client_ip": request.client_ip.to_string(),
        });
        if let Err(error) = self.0.api.post("events/events/", &event).await {
            tracing::debug!(%error, "an event could not be sent");
        }
    }
}

impl Answers for Proxy {
    async fn refresh(&self, api: &Api) -> Result<(), ApiError> {
        let Shared { link, upstreams, certificates, sessions, .. } = &*self.0;
        let name = link.name();
        let all = api.list("outposts/proxy/", "").await?;
        let sites: Vec<EdgeSite> = all
            .iter()
            .filter_map(|config| {
                let site = EdgeSite::read(config, &name, upstreams);
                if site.is_none() {
                    tracing::warn!(provider = text(config, "name"), "it cannot be answered for");
                }
                site
            })
            .collect();
        let named = sites.iter().filter_map(|site| {
            Some((site.external.host.name().to_owned(), site.certificate.clone()?))
        });
        certificates.refresh(api, &named.collect::<Vec<_>>(), None).await?;
        *self.0.sites.write().unwrap_or_else(PoisonError::into_inner) =
            Arc::new(sites.into_iter().collect());
        sessions.sweep(SystemClock.now());
        Ok(())
    }

    fn forget(&self) {
        *self.0.sites.write().unwrap_or_else(PoisonError::into_inner) = Arc::default();
    }

    fn ended(&self, session: &str) {
        self.0.sessions.end_of(session);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn access_tokens_alone_open_an_application_to_whoever_brings_them() {
        assert!(is_access_token("e30.e30.c2ln") && is_access_token("e30.a.b.c.d"));
        // A refresh token is letters alone.
        for other in ["", "KxwGg6tQzR1b", "a.b", "a.b.c.d", "a.b.c.d.e.f"] {
            assert!(!is_access_token(other), "{other}");
        }
        let opens = |claims: Value| claims.as_object().is_some_and(|own| opens_alone(own, "wiki"));
        assert!(opens(json!({"active": true, "scope": "openid", "client_id": "wiki"})));
        assert!(opens(json!({"client_id": "wiki", "token_type": "Bearer"})));
        for other in [
            json!({"client_id": "wiki", "token_type": "DPoP"}),
            json!({"client_id": "wiki", "token_type": "refresh_token"}),
            json!({"client_id": "wiki", "token_type": 1}),
            json!({"client_id": "wiki", "cnf": {"jkt": "x"}}),
            json!({"client_id": "wiki", "cnf": {"x5t#S256": "x"}}),
            json!({"client_id": "blog"}),
            json!({"scope": "openid"}),
        ] {
            assert!(!opens(other.clone()), "{other}");
        }
    }
}
