//! What this server remembers of a browser that it has sent to the identity provider: in a cookie
//! that is sealed, so that no other browser has it, and nothing is kept here. And what it keeps of an
//! answer that came without that cookie, for the moment in which the browser comes back with it.

use cookie::{Cookie, SameSite};
use countersign_core::RequestInfo;
use countersign_core::cookies;
use countersign_flow::source::Errand;
use countersign_model::Timestamp;
use countersign_store::{Owner, StoreError};
use http::{HeaderMap, HeaderValue};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::found::{Addresses, Found};
use crate::service::Service;

const NAME: &str = "countersign_saml_source";
/// As long as somebody may be at the identity provider.
pub(crate) const SECONDS: i64 = 600;

const SPACE: &str = "saml_source.kept";
const KEPT: &str = "kept";
const KEPT_SECONDS: i64 = 60;
const NAME_LENGTH: usize = 32;

/// Why a browser is at the identity provider.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Sent {
    SignIn(Errand),
    SignOut,
}

/// What a browser was sent away with.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct State {
    source: Uuid,
    /// Of our message.
    pub(crate) request: String,
    at: Timestamp,
    /// Where the answer was to be brought, and what this server called itself.
    acs: String,
    entity_id: String,
    pub(crate) sent: Sent,
}

impl State {
    pub(crate) fn new(
        service: &Service,
        (found, addresses): (&Found, &Addresses),
        request: &str,
        sent: Sent,
    ) -> State {
        State {
            source: found.id(),
            request: request.to_owned(),
            at: service.now(),
            acs: addresses.acs(),
            entity_id: found.entity_id(addresses),
            sent,
        }
    }

    /// Whether this server still is who it was, where it was, when the browser was sent away.
    pub(crate) fn is_of(&self, found: &Found, addresses: &Addresses) -> bool {
        self.acs == addresses.acs() && self.entity_id == found.entity_id(addresses)
    }

    /// The cookie, for the addresses of the source alone. The form of another site has to come with
    /// it, which browsers allow over TLS only.
    pub(crate) fn cookie(
        &self,
        service: &Service,
        found: &Found,
        request: &RequestInfo,
    ) -> Option<HeaderValue> {
        let text = serde_json::to_string(self).ok()?;
        let sealed = service.cx.store.sealer().seal(&text);
        let sealed = hex::encode(sealed);
        cookie(service, found, request, sealed, SECONDS)
    }

    /// What the browser was sent away with, if it was not too long ago.
    pub(crate) fn read(service: &Service, found: &Found, headers: &HeaderMap) -> Option<State> {
        let sealed = hex::decode(cookies::value(headers, NAME)?).ok()?;
        let opened = service.cx.store.sealer().open(&String::from_utf8(sealed).ok()?).ok()?;
        let state: State = serde_json::from_str(opened.expose()).ok()?;
        let end = state.at.plus_seconds(SECONDS);
        Some(state).filter(|state| state.source == found.id() && service.now() < end)
    }
}

/// The cookie that takes it away: what it was for has come.
pub(crate) fn over(service: &Service, found: &Found, request: &RequestInfo) -> Option<HeaderValue> {
    cookie(service, found, request, String::new(), 0)
}

fn cookie(
    service: &Service,
    found: &Found,
    request: &RequestInfo,
    value: String,
    seconds: i64,
) -> Option<HeaderValue> {
    let path = service.cx.url(&format!("/source/saml/{}/", &*found.settings.slug));
    let cookie = Cookie::build((NAME, value))
        .path(path)
        .http_only(true)
        .max_age(cookie::time::Duration::seconds(seconds));
    let cookie = if request.secure() {
        cookie.secure(true).same_site(SameSite::None)
    } else {
        cookie.same_site(SameSite::Lax)
    };
    HeaderValue::from_str(&cookie.build().to_string()).ok()
}

#[derive(Serialize, Deserialize)]
struct Kept {
    source: Uuid,
    form: String,
}

/// Keeps a form for the browser that brought it, for a minute; the query it comes back with.
///
/// # Errors
/// The store fails.
pub(crate) async fn keep(
    service: &Service,
    found: &Found,
    request: &RequestInfo,
    form: &str,
) -> Result<String, StoreError> {
    let name = service.cx.entropy.token(NAME_LENGTH);
    let kept = Kept { source: found.id(), form: form.to_owned() };
    let bytes = serde_json::to_vec(&kept).unwrap_or_default();
    let owner = Owner::client(request.client_ip);
    service.cx.store.ephemeral().put(SPACE, &name, bytes, KEPT_SECONDS, owner).await?;
    Ok(format!("{KEPT}={name}"))
}

/// The form that was kept under the name in a query: once.
pub(crate) async fn take(service: &Service, found: &Found, query: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    let (_, name) = pairs.find(|(name, _)| name == KEPT)?;
    let bytes = service.cx.store.ephemeral().take(SPACE, &name).await?;
    let kept: Kept = serde_json::from_slice(&bytes).ok()?;
    (kept.source == found.id()).then_some(kept.form)
}
