//! The session cookie and the CSRF pair.

use cookie::{Cookie, SameSite};
use http::{HeaderMap, HeaderValue, header};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use crate::context::Context;
use crate::request::RequestInfo;

const SESSION: &str = "authentik_session";
const CSRF: &str = "authentik_csrf";
const CSRF_HEADER: &str = "x-authentik-csrf";

/// Claims of the session cookie, as the original's.
#[derive(Serialize, Deserialize)]
struct Claims {
    sid: String,
    iss: String,
    sub: String,
    authenticated: bool,
    acr: String,
}

/// The value of a cookie.
pub fn value(headers: &HeaderMap, name: &str) -> Option<String> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|h| h.to_str().ok());
    let mut pairs =
        all.flat_map(|text| Cookie::split_parse(text.to_owned()).filter_map(Result::ok));
    pairs.find(|c| c.name() == name).map(|c| c.value().to_owned())
}

/// The session key in a cookie that we signed.
pub fn session_key(cx: &Context, headers: &HeaderMap) -> Option<String> {
    let token = value(headers, SESSION)?;
    let mut rules = Validation::new(Algorithm::HS256);
    rules.required_spec_claims.clear();
    rules.validate_exp = false;
    rules.validate_aud = false;
    let key = DecodingKey::from_secret(cx.cookie_key.expose().as_bytes());
    let claims = jsonwebtoken::decode::<Claims>(&token, &key, &rules).ok()?.claims;
    (claims.iss == "authentik").then_some(claims.sid)
}

/// The cookie that carries a session key. `uid` names the user; `max_age` in seconds, `None` lives
/// as long as the browser.
pub fn session_cookie(
    cx: &Context,
    request: &RequestInfo,
    key: &str,
    uid: Option<&str>,
    max_age: Option<i64>,
) -> Option<HeaderValue> {
    let claims = Claims {
        sid: key.to_owned(),
        iss: "authentik".to_owned(),
        sub: uid.unwrap_or("anonymous").to_owned(),
        authenticated: uid.is_some(),
        acr: "goauthentik.io/core/default".to_owned(),
    };
    let signing = EncodingKey::from_secret(cx.cookie_key.expose().as_bytes());
    let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &signing).ok()?;
    let mut cookie = Cookie::build((SESSION, token)).path(cx.url("/")).http_only(true);
    if let Some(domain) = &cx.settings.cookie_domain {
        cookie = cookie.domain(domain.clone());
    }
    if let Some(seconds) = max_age {
        cookie = cookie.max_age(cookie::time::Duration::seconds(seconds));
        // Outposts read this one alone, and keep what has none for ever.
        let end = cx.clock.now().plus_seconds(seconds).seconds();
        if let Ok(end) = cookie::time::OffsetDateTime::from_unix_timestamp(end) {
            cookie = cookie.expires(end);
        }
    }
    // Other sites' frames and form posts (SAML, form_post) must find the session, which browsers
    // allow over TLS only.
    cookie = if request.secure() {
        cookie.secure(true).same_site(SameSite::None)
    } else {
        cookie.same_site(SameSite::Lax)
    };
    HeaderValue::from_str(&cookie.build().to_string()).ok()
}

/// The CSRF token of a browser, if it has one.
pub fn csrf_token(headers: &HeaderMap) -> Option<String> {
    value(headers, CSRF).filter(|t| t.len() >= 32)
}

/// A new CSRF token and the cookie that carries it, for a year.
pub fn csrf_cookie(cx: &Context, request: &RequestInfo) -> (String, Option<HeaderValue>) {
    let token = cx.entropy.token(32);
    let cookie = Cookie::build((CSRF, token.clone()))
        .path(cx.url("/"))
        .same_site(SameSite::Lax)
        .secure(request.secure())
        .max_age(cookie::time::Duration::days(364));
    (token, HeaderValue::from_str(&cookie.build().to_string()).ok())
}

/// Whether an unsafe request made with a session is the page's own: the token comes twice (cookie,
/// and header or form field), and an `Origin`, where the browser sends one, is ours.
///
/// # Errors
/// The original's sentence for what is wrong.
pub fn csrf_matches(
    headers: &HeaderMap,
    request: &RequestInfo,
    field: Option<&str>,
) -> Result<(), String> {
    let header = |name: header::HeaderName| headers.get(name).and_then(|v| v.to_str().ok());
    let ours = |address: &str| {
        let host = address
            .split_once("://")
            .map(|(_, rest)| rest.split(['/', '?', '#']).next().unwrap_or_default());
        host.is_some_and(|host| host.eq_ignore_ascii_case(&request.host))
    };
    // Over TLS a browser that hides its origin tells the referring page; one that tells neither is
    // not trusted.
    match (header(header::ORIGIN), header(header::REFERER)) {
        (Some(origin), _) if !ours(origin) => {
            return Err(format!(
                "Origin checking failed - {origin} does not match any trusted origins."
            ));
        }
        (None, Some(referer)) if request.secure() && !ours(referer) => {
            return Err(format!(
                "Referer checking failed - {referer} does not match any trusted origins."
            ));
        }
        (None, None) if request.secure() => {
            return Err("Referer checking failed - no Referer.".to_owned());
        }
        _ => {}
    }
    let Some(cookie) = csrf_token(headers) else { return Err("CSRF cookie not set.".to_owned()) };
    let sent = field.or_else(|| headers.get(CSRF_HEADER).and_then(|v| v.to_str().ok()));
    let Some(sent) = sent.filter(|t| !t.is_empty()) else {
        return Err("CSRF token missing.".to_owned());
    };
    if !bool::from(cookie.as_bytes().ct_eq(sent.as_bytes())) {
        return Err("CSRF token from the 'X-Authentik-Csrf' HTTP header incorrect.".to_owned());
    }
    Ok(())
}
