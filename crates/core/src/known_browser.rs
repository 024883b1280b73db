//! Browsers that people signed in with before. What strangers try elsewhere does not slow down an
//! owner who comes with one: it has a count of failed sign-ins of its own.

use cookie::{Cookie, SameSite};
use countersign_model::Entropy;
use http::{HeaderMap, HeaderValue};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

use crate::context::Context;
use crate::cookies;
use crate::request::RequestInfo;

const COOKIE: &str = "countersign_browser";
const ISSUER: &str = "countersign-browser";
const DAYS: i64 = 90;
/// People who share one browser; the one who has not signed in for longest is forgotten first.
const MOST_OWNERS: usize = 8;

/// A random name of the browser and the accounts that signed in with it. It proves nothing about
/// who sits before it.
#[derive(Debug, Clone, Default)]
pub struct KnownBrowser {
    name: String,
    owners: Vec<i64>,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    name: String,
    owners: Vec<i64>,
    /// Seconds since 1970.
    exp: i64,
}

impl KnownBrowser {
    /// What a browser says of itself in a cookie that we signed; nothing known otherwise.
    pub fn read(cx: &Context, headers: &HeaderMap) -> KnownBrowser {
        let Some(token) = cookies::value(headers, COOKIE) else { return KnownBrowser::default() };
        let mut rules = Validation::new(Algorithm::HS256);
        rules.required_spec_claims.clear();
        // By our own clock, below.
        rules.validate_exp = false;
        rules.validate_aud = false;
        let key = DecodingKey::from_secret(cx.cookie_key.expose().as_bytes());
        let Ok(read) = jsonwebtoken::decode::<Claims>(&token, &key, &rules) else {
            return KnownBrowser::default();
        };
        let Claims { iss, name, owners, exp } = read.claims;
        let holds = iss == ISSUER && exp > cx.clock.now().seconds() && !name.is_empty();
        if holds { KnownBrowser { name, owners } } else { KnownBrowser::default() }
    }

    /// The name of the browser, where that account signed in with it before.
    #[must_use]
    pub fn name_for(&self, account: i64) -> Option<&str> {
        self.owners.contains(&account).then_some(self.name.as_str())
    }

    /// Remembers an account that signed in.
    pub fn remember(&mut self, account: i64, entropy: &dyn Entropy) {
        if self.name.is_empty() {
            self.name = entropy.token(16);
        }
        self.owners.retain(|owner| *owner != account);
        self.owners.insert(0, account);
        self.owners.truncate(MOST_OWNERS);
    }

    /// The cookie that tells it to us again, for 90 days.
    pub fn cookie(&self, cx: &Context, request: &RequestInfo) -> Option<HeaderValue> {
        let exp = cx.clock.now().plus_seconds(DAYS * 86_400).seconds();
        let claims = Claims {
            iss: ISSUER.to_owned(),
            name: self.name.clone(),
            owners: self.owners.clone(),
            exp,
        };
        let key = EncodingKey::from_secret(cx.cookie_key.expose().as_bytes());
        let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key).ok()?;
        let cookie = Cookie::build((COOKIE, token))
            .path(cx.url("/"))
            .http_only(true)
            .same_site(SameSite::Lax)
            .secure(request.secure());
        HeaderValue::from_str(
            &cookie.max_age(cookie::time::Duration::days(DAYS)).build().to_string(),
        )
        .ok()
    }
}
