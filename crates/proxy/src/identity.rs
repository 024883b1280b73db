//! What an application learns of who asks: the headers that a front end hands on.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use serde_json::{Map, Value};

use crate::site::Site;

/// Whom a request stands for: somebody who may open the application now. Made in one place, after
/// everything was asked.
#[derive(Debug, Clone)]
pub struct Granted {
    /// What the token says of them.
    pub claims: Map<String, Value>,
    pub token: String,
    pub username: String,
    /// By what the request says in `Authorization`, not by a cookie.
    pub by_header: bool,
}

pub(crate) const PREFIX: &str = "x-authentik-";
/// The headers that tell of somebody, in the original's order. All are sent, empty where there is
/// nothing to say: of one that is not there, a front end would let the client's copy through.
pub(crate) const NAMES: [&str; 12] = [
    "x-authentik-username",
    "x-authentik-groups",
    "x-authentik-entitlements",
    "x-authentik-email",
    "x-authentik-name",
    "x-authentik-uid",
    "x-authentik-jwt",
    "x-authentik-meta-jwks",
    "x-authentik-meta-outpost",
    "x-authentik-meta-provider",
    "x-authentik-meta-app",
    "x-authentik-meta-version",
];

pub(crate) const OUTPOST: &str = "authentik Embedded Outpost";
const VERSION: &str = "goauthentik.io/outpost/2025.4.0";

/// Headers that say something about the answer, or the connection, and not about a person.
const NOBODYS: [&str; 19] = [
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "date",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "location",
    "proxy",
    "proxy-authorization",
    "proxy-connection",
    "set-cookie",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "www-authenticate",
];

/// The headers of an answer that lets a request through: of somebody, or of nobody.
pub(crate) fn headers(site: &Site, granted: Option<&Granted>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for name in NAMES {
        headers.insert(name, HeaderValue::from_static(""));
    }
    let Some(granted) = granted else { return headers };
    let claims = &granted.claims;
    let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
    let attributes = claims.get("ak_proxy").and_then(|own| own.get("user_attributes"));
    let attributes = attributes.and_then(Value::as_object);
    // First, so that nothing of them can take the place of what follows.
    for (name, value) in additional(attributes) {
        headers.insert(name, value);
    }
    if let Some(value) =
        site.settings.basic_auth_enabled.then(|| basic(site, attributes, text("email")))
    {
        headers.insert(header::AUTHORIZATION, value);
    }
    let username = Some(text("preferred_username")).filter(|name| !name.is_empty());
    let values = [
        username.unwrap_or(&granted.username).to_owned(),
        list(claims.get("groups")),
        list(claims.get("entitlements")),
        text("email").to_owned(),
        text("name").to_owned(),
        text("sub").to_owned(),
        granted.token.clone(),
        format!("{}jwks/", text("iss")),
        site.settings.outpost.clone(),
        site.settings.name.clone(),
        site.settings.slug.clone(),
        VERSION.to_owned(),
    ];
    for (name, value) in NAMES.into_iter().zip(values) {
        headers.insert(name, header_value(&value));
    }
    headers
}

/// Names with bars between. One with a bar of its own would read as two, and is left out.
fn list(names: Option<&Value>) -> String {
    let names = names.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    names.filter(|name| !name.contains('|')).collect::<Vec<_>>().join("|")
}

/// The text without control characters: one of these would end the header.
fn header_value(text: &str) -> HeaderValue {
    let text: String = text.chars().filter(|c| !c.is_control()).collect();
    HeaderValue::from_bytes(text.as_bytes()).unwrap_or(HeaderValue::from_static(""))
}

/// `additionalHeaders` of the attributes. What would be read as one of ours, in whatever spelling,
/// is not among them: people may be able to write their own attributes.
fn additional(
    attributes: Option<&Map<String, Value>>,
) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
    let given = attributes.and_then(|own| own.get("additionalHeaders")).and_then(Value::as_object);
    given.into_iter().flatten().filter_map(|(name, value)| {
        let name: HeaderName = name.parse().ok()?;
        let folded = folded(name.as_str());
        if folded.starts_with(PREFIX) || NOBODYS.contains(&folded.as_str()) {
            return None;
        }
        let value = match value {
            Value::String(text) => header_value(text),
            Value::Number(number) if !number.is_f64() => header_value(&number.to_string()),
            _ => HeaderValue::from_static(""),
        };
        Some((name, value))
    })
}

/// A name as programs behind CGI and WSGI see it, which make one of several.
pub(crate) fn folded(name: &str) -> String {
    let fold = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    name.chars().map(fold).collect()
}

/// Credentials for the application; empty where the person has none.
fn basic(site: &Site, attributes: Option<&Map<String, Value>>, email: &str) -> HeaderValue {
    let text = |name: &str| attributes?.get(name)?.as_str();
    let user = text(&site.settings.basic_auth_user_attribute).unwrap_or(email);
    let password = text(&site.settings.basic_auth_password_attribute).unwrap_or_default();
    // RFC 7617, section 2: a user name with a colon cannot be sent.
    if user.is_empty() && password.is_empty() || user.contains(':') {
        return HeaderValue::from_static("");
    }
    let value = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
    let mut value = header_value(&value);
    value.set_sensitive(true);
    value
}
