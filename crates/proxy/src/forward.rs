//! What an application behind this server is sent of a request, and what is handed back of its
//! answer. Everything that says who somebody is, where the request came from or which page is meant
//! is ours; the client's own words about that reach nobody.

use std::net::IpAddr;

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Version, request::Parts};

use crate::address::Scheme;
use crate::identity::{PREFIX, folded};
use crate::site::Site;

/// Of a connection and not of what goes over it (RFC 9110, section 7.6.1), or made anew for the next
/// one.
const OF_CONNECTION: [&str; 13] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];
/// By which servers believe that another address, or another client, is meant. `Proxy` becomes a
/// setting of programs behind CGI (CVE-2016-5385).
const MISLEADING: [&str; 11] = [
    "forwarded",
    "front-end-https",
    "proxy",
    "remote-user",
    "true-client-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-host",
    "x-real-ip",
    "x-remote-user",
    "x-url-scheme",
];
const MISLEADING_PREFIXES: [&str; 4] = ["x-forwarded-", "x-original-", "x-rewrite-", PREFIX];
/// Cookies of this server that are nobody else's affair.
const COOKIE_PREFIX: &str = "authentik_proxy_";
const COOKIES: [&str; 2] = ["authentik_session", "authentik_csrf"];
/// Ways to sign in that belong to a connection: on one that is used again, the next request would
/// be somebody else's (RFC 4559, section 6).
const OF_CONNECTIONS: [&str; 2] = ["ntlm", "negotiate"];
const LOOP: HeaderName = HeaderName::from_static("cdn-loop");

/// Who asks, as far as it is known of the connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Client {
    pub(crate) ip: IpAddr,
    pub(crate) scheme: Scheme,
}

/// What a request becomes on its way.
#[derive(Debug)]
pub(crate) struct Passing<'a> {
    pub(crate) site: &'a Site,
    /// Of whoever asks, as [`crate::answer`] gave them.
    pub(crate) identity: &'a HeaderMap,
    /// `Authorization` signed somebody in here, and is not the application's.
    pub(crate) used_authorization: bool,
    pub(crate) client: Client,
    /// What the connection is to become.
    pub(crate) upgrade: Option<&'a HeaderValue>,
    /// `None` where it has none and the client said nothing about it.
    pub(crate) length: Option<u64>,
    pub(crate) has_body: bool,
    pub(crate) method: &'a Method,
}

impl Passing<'_> {
    /// The headers that the application gets.
    pub(crate) fn headers(&self, sent: &HeaderMap) -> HeaderMap {
        let dropped = of_connection(sent);
        let ours: Vec<String> = self.identity.keys().map(|name| folded(name.as_str())).collect();
        let mut headers = HeaderMap::with_capacity(sent.len() + self.identity.len() + 8);
        for (name, value) in sent {
            let spelled = folded(name.as_str());
            if spelled == header::COOKIE.as_str()
                || dropped.contains(&spelled)
                || is_misleading(&spelled)
                || spelled == header::AUTHORIZATION.as_str() && self.used_authorization
                || ours.contains(&spelled)
            {
                continue;
            }
            headers.append(name, value.clone());
        }
        if let Some(cookies) = cookies(sent) {
            headers.insert(header::COOKIE, cookies);
        }
        // Only this one is of any use beyond a connection (RFC 9110, section 10.1.4).
        if tokens(sent, &header::TE).any(|token| token == "trailers") {
            headers.insert(header::TE, HeaderValue::from_static("trailers"));
        }
        for (name, value) in self.identity {
            // Nobody is in between who would let a client's copy through in place of an empty one.
            if *name != header::AUTHORIZATION || !value.is_empty() {
                headers.insert(name, value.clone());
            }
        }
        let text = |text: &str| HeaderValue::from_str(text).ok();
        let host = self.site.external.host.as_str();
        let looped = headers.get(&LOOP).and_then(|value| value.to_str().ok());
        let looped = looped.map_or_else(String::new, |before| format!("{before}, "));
        let connection = if self.upgrade.is_some() {
            Some(HeaderValue::from_static("upgrade"))
        } else {
            self.must_close(sent).then(|| HeaderValue::from_static("close"))
        };
        let values = [
            (header::HOST, text(host)),
            (HeaderName::from_static("x-forwarded-host"), text(host)),
            (HeaderName::from_static("x-forwarded-for"), text(&self.client.ip.to_string())),
            (HeaderName::from_static("x-forwarded-proto"), text(self.client.scheme.as_str())),
            (LOOP, text(&format!("{looped}{}", mark(self.site)))),
            (header::CONNECTION, connection),
            (header::UPGRADE, self.upgrade.cloned()),
            (header::CONTENT_LENGTH, self.length.map(HeaderValue::from)),
        ];
        for (name, value) in values {
            if let Some(value) = value {
                headers.insert(name, value);
            }
        }
        headers
    }

    /// Whether the next request must not come on the same connection: some servers leave a body
    /// that they do not expect to be read as the next request, and some take whoever signed in on a
    /// connection for all that comes on it.
    fn must_close(&self, sent: &HeaderMap) -> bool {
        let expects_none =
            matches!(*self.method, Method::GET | Method::HEAD | Method::OPTIONS | Method::DELETE);
        let scheme = sent.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let scheme = scheme.and_then(|text| text.split(' ').next()).unwrap_or_default();
        expects_none && self.has_body
            || OF_CONNECTIONS.iter().any(|other| scheme.eq_ignore_ascii_case(other))
    }
}

/// Whether a request went through here before: the application's address leads back to this server
/// (RFC 8586).
pub(crate) fn is_loop(sent: &HeaderMap, site: &Site) -> bool {
    let mark = mark(site);
    tokens(sent, &LOOP).any(|token| token == mark)
}

fn mark(site: &Site) -> String {
    format!("countersign-{}", site.cookie.to_ascii_lowercase().replace('_', "-"))
}

/// What a connection is to become, where it may. Not another version of HTTP: what follows then
/// would be requests that nobody looks at.
pub(crate) fn upgrade(parts: &Parts) -> Option<HeaderValue> {
    if parts.version != Version::HTTP_11
        || !tokens(&parts.headers, &header::CONNECTION).any(|token| token == "upgrade")
    {
        return None;
    }
    let mut wanted = tokens(&parts.headers, &header::UPGRADE);
    let token = wanted.next().filter(|_| wanted.next().is_none())?;
    let protocol = token.split('/').next().unwrap_or_default();
    let is_http = protocol.starts_with("h2") || matches!(protocol, "http" | "tls");
    (!is_http && !protocol.is_empty()).then(|| parts.headers.get(header::UPGRADE).cloned())?
}

/// Whether an answer switches to what was asked for.
pub(crate) fn agrees(answered: &HeaderMap, wanted: &HeaderValue) -> bool {
    let wanted = wanted.to_str().unwrap_or_default().trim().to_ascii_lowercase();
    let mut switched = tokens(answered, &header::UPGRADE);
    switched.next().is_some_and(|token| token == wanted) && switched.next().is_none()
}

/// The headers of an answer as the client gets them.
pub(crate) fn answered(mut headers: HeaderMap, upgrade: Option<&HeaderValue>) -> HeaderMap {
    // Where both are sent, the other one counts (RFC 9112, section 6.3).
    if headers.contains_key(header::TRANSFER_ENCODING) {
        headers.remove(header::CONTENT_LENGTH);
    }
    let dropped = of_connection(&headers);
    let names: Vec<HeaderName> = headers.keys().cloned().collect();
    for name in names {
        // These two are the client's to read: what length the answer has, and what follows it.
        let is_kept = name == header::CONTENT_LENGTH || name == header::TRAILER;
        if !is_kept && dropped.contains(&folded(name.as_str())) {
            headers.remove(name);
        }
    }
    if let Some(upgrade) = upgrade {
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(header::UPGRADE, upgrade.clone());
    }
    // As the original's.
    headers.insert(
        HeaderName::from_static("x-powered-by"),
        HeaderValue::from_static("goauthentik.io"),
    );
    headers
}

/// The names of what is not passed on, with those that the connection is said to have. Folded, since
/// servers take one spelling of a name for another.
fn of_connection(headers: &HeaderMap) -> Vec<String> {
    let named = tokens(headers, &header::CONNECTION).map(|name| folded(&name));
    OF_CONNECTION.iter().map(ToString::to_string).chain(named).collect()
}

/// By a name that is folded.
fn is_misleading(name: &str) -> bool {
    MISLEADING.contains(&name) || MISLEADING_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// The cookies of the application: all but ours. Several lines become one (RFC 9113, section
/// 8.2.3).
fn cookies(sent: &HeaderMap) -> Option<HeaderValue> {
    let lines = sent.get_all(header::COOKIE).iter();
    let pairs = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
    let is_ours = |pair: &[u8]| {
        let name = pair.split(|byte| *byte == b'=').next().unwrap_or_default().trim_ascii();
        name.starts_with(COOKIE_PREFIX.as_bytes())
            || COOKIES.iter().any(|ours| name == ours.as_bytes())
    };
    let pairs = pairs.map(<[u8]>::trim_ascii).filter(|pair| !pair.is_empty() && !is_ours(pair));
    let line = pairs.collect::<Vec<_>>().join(&b"; "[..]);
    Some(line).filter(|line| !line.is_empty()).and_then(|line| HeaderValue::from_bytes(&line).ok())
}

/// The members of a list, in small letters.
fn tokens(headers: &HeaderMap, name: &HeaderName) -> impl Iterator<Item = String> {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    let tokens = values.flat_map(|value| value.split(',')).map(|token| token.trim().to_lowercase());
    tokens.filter(|token| !token.is_empty())
}
