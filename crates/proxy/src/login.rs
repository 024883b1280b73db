//! A sign-in that is under way. Nothing is stored of it: what has to be known when the browser comes
//! back is in the state that travels with it, signed, and in a cookie, sealed, by which that browser
//! is known again. Both end after ten minutes; any process can finish it.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_model::{Entropy, Sealer as _, Timestamp};
use countersign_oauth2::jose::{self, SigningKey};
use countersign_store::{Seal, sha256};
use http::{HeaderMap, header};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::address::Address;
use crate::site::Site;

/// How long somebody may take to sign in.
pub(crate) const SECONDS: i64 = 600;
/// Browsers send several cookies of one name where they were set for several domains.
const MOST_COOKIES: usize = 4;
/// A longer address would not come through as a part of another.
const LONGEST: usize = 2_048;

/// The state, as the original's (and when it ends).
#[derive(Debug, Serialize, Deserialize)]
struct State {
    iss: String,
    sid: String,
    state: String,
    redirect: String,
    exp: i64,
}

/// What the cookie holds.
#[derive(Debug, Serialize, Deserialize)]
struct Cookie {
    sid: String,
    exp: i64,
}

/// A browser that is on its way to sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Login {
    sid: String,
}

/// A browser that came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Returned {
    /// Where it wanted to go; `None` for the application's own address.
    pub(crate) redirect: Option<String>,
    /// Proves that whoever brings the code asked for it (RFC 7636).
    pub(crate) verifier: String,
}

/// Why a browser that comes back is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Stranger {
    #[error("the sign-in was not begun here, or took longer than ten minutes")]
    State,
    #[error("the sign-in was begun in another browser, or this one keeps no cookies")]
    Cookie,
}

/// The values of a cookie of that name, as many as are looked at.
pub fn cookies<'h>(headers: &'h HeaderMap, name: &'h str) -> impl Iterator<Item = &'h str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = all.flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(move |(own, _)| *own == name).map(|(_, value)| value).take(MOST_COOKIES)
}

/// The name of the cookie of a sign-in under way: another one than that of who is signed in, so
/// that nobody is signed out by one who begins anew in the same browser.
pub(crate) fn cookie_name(site: &Site) -> String {
    format!("{}_login", site.cookie)
}

impl Login {
    /// The one that is under way in this browser, since a second tab must not end the sign-in in the
    /// first; else a new one. `cookies`: the values of the cookie.
    pub(crate) fn begin<'c>(
        site: &Site,
        mut cookies: impl Iterator<Item = &'c str>,
        (now, entropy): (Timestamp, &dyn Entropy),
    ) -> Login {
        let under_way = cookies.find_map(|cookie| open(site, cookie, now));
        Login { sid: under_way.unwrap_or_else(|| entropy.token(48)) }
    }

    /// The value of the cookie.
    pub(crate) fn cookie(&self, site: &Site, now: Timestamp) -> String {
        let cookie = Cookie { sid: self.sid.clone(), exp: now.plus_seconds(SECONDS).seconds() };
        let text = serde_json::to_string(&cookie).unwrap_or_default();
        Seal::new(&site.settings.cookie_secret).map(|seal| seal.seal(&text)).unwrap_or_default()
    }

    /// The address at which the person signs in, at an authorization endpoint.
    pub(crate) fn authorize(
        &self,
        site: &Site,
        endpoint: &str,
        redirect: Option<&Address>,
        (now, entropy): (Timestamp, &dyn Entropy),
    ) -> Option<String> {
        let redirect = redirect.map(ToString::to_string).filter(|text| text.len() <= LONGEST);
        let state = State {
            iss: issuer(site),
            sid: self.sid.clone(),
            state: entropy.token(43),
            redirect: redirect.unwrap_or_default(),
            exp: now.plus_seconds(SECONDS).seconds(),
        };
        let Ok(Value::Object(claims)) = serde_json::to_value(&state) else { return None };
        let state = jose::sign(&claims, &key(site)?).ok()?;
        let challenge = URL_SAFE_NO_PAD.encode(sha256(&self.verifier(site)));
        let mut query = form_urlencoded::Serializer::new(String::new());
        query
            .append_pair("client_id", &site.settings.client_id)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256")
            .append_pair("redirect_uri", &site.callback)
            .append_pair("response_type", "code");
        if !site.settings.scopes.is_empty() {
            query.append_pair("scope", &site.settings.scopes);
        }
        query.append_pair("state", &state);
        Some(format!("{endpoint}?{}", query.finish()))
    }

    fn verifier(&self, site: &Site) -> String {
        let secret = site.settings.cookie_secret.expose().as_bytes();
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        URL_SAFE_NO_PAD.encode(hmac::sign(&key, format!("verifier {}", self.sid).as_bytes()))
    }
}

/// Whether a browser that brings `state` is the one that was sent away with it.
///
/// # Errors
/// What is wrong with the state, or the cookie.
pub(crate) fn returned<'c>(
    site: &Site,
    state: &str,
    mut cookies: impl Iterator<Item = &'c str>,
    now: Timestamp,
) -> Result<Returned, Stranger> {
    let key = key(site).ok_or(Stranger::State)?;
    let claims = jose::verify(state, &key).map_err(|_| Stranger::State)?;
    let state: State =
        serde_json::from_value(Value::Object(claims)).map_err(|_| Stranger::State)?;
    if state.iss != issuer(site) || state.exp <= now.seconds() {
        return Err(Stranger::State);
    }
    if !cookies.any(|cookie| open(site, cookie, now).is_some_and(|sid| sid == state.sid)) {
        return Err(Stranger::Cookie);
    }
    let verifier = Login { sid: state.sid }.verifier(site);
    Ok(Returned { redirect: Some(state.redirect).filter(|to| !to.is_empty()), verifier })
}

/// The browser that a cookie names, while it is good.
fn open(site: &Site, cookie: &str, now: Timestamp) -> Option<String> {
    let opened = Seal::new(&site.settings.cookie_secret).ok()?.open(cookie).ok()?;
    let cookie: Cookie = serde_json::from_str(opened.expose()).ok()?;
    (cookie.exp > now.seconds()).then_some(cookie.sid)
}

fn issuer(site: &Site) -> String {
    format!("goauthentik.io/outpost/{}", site.settings.client_id)
}

fn key(site: &Site) -> Option<SigningKey> {
    SigningKey::from_secret(site.settings.cookie_secret.expose()).ok()
}
