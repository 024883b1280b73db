//! What a visit of a self-test says about the reverse proxy in front of an application: pure, from
//! what came here and what came back.

use http::{HeaderMap, StatusCode, header};
use serde::{Deserialize, Serialize};

use crate::address::{Address, Host};
use crate::identity::NAMES;
use crate::provider::ProxyMode;
use crate::selftest::mark::{Door, HEADER, Seen, forged, ours};

/// How bad something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    Well,
    Look,
    Broken,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    pub grade: Grade,
    /// Its stable name.
    pub code: String,
    /// The path that was visited.
    pub path: String,
    /// What was found, in plain words.
    pub text: String,
    /// What to change; empty where all is well.
    pub remedy: String,
    /// What the reverse proxy answered.
    pub status: Option<u16>,
}

/// A request of the test, and what became of it.
#[derive(Debug, Clone)]
pub(crate) struct Visit {
    pub(crate) path: String,
    /// The address that was visited.
    pub(crate) address: Address,
    pub(crate) word: String,
    pub(crate) seen: Option<Seen>,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Visit {
    fn check(&self, grade: Grade, code: &str, text: impl Into<String>, remedy: &str) -> Check {
        Check {
            grade,
            code: format!("proxy.test.{code}"),
            path: self.path.clone(),
            text: text.into(),
            remedy: remedy.to_owned(),
            status: Some(self.status.as_u16()),
        }
    }

    fn well(&self, code: &str, text: impl Into<String>) -> Check {
        self.check(Grade::Well, code, text, "")
    }

    fn location(&self) -> &str {
        self.headers.get(header::LOCATION).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Whether the answer leads to where people sign in.
    fn signs_in(&self) -> bool {
        let location = self.location();
        let path = Address::read(location).map(|address| address.target.path);
        let path = path.as_deref().unwrap_or(location);
        self.status.is_redirection()
            && (path.contains("/application/o/authorize/")
                || path.starts_with("/outpost.goauthentik.io/start"))
    }

    /// Whether the answer has a text, in a header or in its body.
    fn says(&self, text: &str) -> bool {
        let in_body = self.body.windows(text.len()).any(|window| window == text.as_bytes());
        in_body || self.headers.values().any(|v| v.to_str().is_ok_and(|value| value.contains(text)))
    }
}

/// Somebody unknown opens a path. `open`: the provider lets everybody in there.
pub(crate) fn entrance(visit: &Visit, mode: ProxyMode, open: bool) -> Vec<Check> {
    let status = visit.status;
    let Some(seen) = &visit.seen else { return vec![unasked(visit, mode)] };
    let mut checks = question(visit, seen, mode);
    if checks.iter().any(|check| check.grade == Grade::Broken) {
        return checks;
    }
    checks.push(if open {
        visit.well("open", "The provider lets everybody in here (Unauthenticated paths).")
    } else if visit.signs_in() && mode == ProxyMode::Proxy {
        visit.well("asked", "The request comes here, and whoever is unknown is led to sign in.")
    } else if visit.signs_in() {
        visit.well("asked", "The reverse proxy asks, and leads whoever is unknown to sign in.")
    } else if status == StatusCode::UNAUTHORIZED {
        visit.check(
            Grade::Broken,
            "no_sign_in",
            "The reverse proxy asks, but answers 401 instead of leading to sign in.",
            "nginx: add \"error_page 401 = @sign_in;\" to the location, and the location @sign_in.",
        )
    } else if status.is_success() {
        visit.check(
            Grade::Broken,
            "not_enforced",
            "The reverse proxy asks, and lets in whoever is unknown all the same.",
            "Let through only what this server answers 2xx for: with nginx, see that no \"satisfy any\" or error_page leads on to the application.",
        )
    } else {
        visit.check(
            Grade::Broken,
            "odd_answer",
            format!("The reverse proxy asks, and answers {status} instead of leading to sign in."),
            "Compare its settings with those on this page, and look into its log.",
        )
    });
    checks
}

/// Nobody asked this server.
fn unasked(visit: &Visit, mode: ProxyMode) -> Check {
    let status = visit.status;
    if visit.signs_in() {
        return visit.check(
            Grade::Look,
            "elsewhere",
            "Whoever is unknown is led to sign in, but this server was not asked.",
            "An outpost or another server answers for this host: only what comes back was looked at.",
        );
    }
    if status.is_redirection() {
        let location = Address::read(visit.location());
        let to = location.map_or_else(|| visit.location().to_owned(), |to| to.origin());
        return visit.check(
            Grade::Broken,
            "redirected",
            format!("This server was not asked: the reverse proxy leads on to {to}."),
            "Set the external host of the provider to the address at which the application opens at last, with its scheme and port.",
        );
    }
    if mode == ProxyMode::Proxy {
        return visit.check(
            Grade::Broken,
            "not_here",
            format!("The request did not come to this server as one for this host; {status} was answered."),
            "Let the address of the application lead to this server. What is in front has to leave Host as it is, or to name it in X-Forwarded-Host, from a network in listen.trusted_proxy_cidrs.",
        );
    }
    if status.is_server_error() {
        return visit.check(
            Grade::Broken,
            "cannot_ask",
            format!("The reverse proxy answers {status}, and no question came to this server."),
            "See in its log whether it can reach the address of this server that its settings name, and under /outpost.goauthentik.io/auth/.",
        );
    }
    visit.check(
        Grade::Broken,
        "not_asked",
        format!("This location lacks the auth request: {status} was answered without asking this server."),
        "Add the auth request to the location that serves this path (nginx: auth_request, Caddy: forward_auth, Traefik: the middleware on the router), as in the settings on this page.",
    )
}

/// Whether a question says what it has to.
fn question(visit: &Visit, seen: &Seen, mode: ProxyMode) -> Vec<Check> {
    let broken = |code: &str, text: String, remedy: &str| {
        vec![visit.check(Grade::Broken, code, text, remedy)]
    };
    if let Some(misread) = &seen.misread {
        return broken(
            "header",
            format!("The reverse proxy asks, but {misread}."),
            "Set this header in the auth request, and see that the reverse proxy is in listen.trusted_proxy_cidrs.",
        );
    }
    let asked = seen.address.split_once("://");
    let (scheme, rest) = asked.unwrap_or(("", seen.address.as_str()));
    let own = &visit.address;
    if seen.door != Door::Start {
        let at = rest.find(['/', '?']).unwrap_or(rest.len());
        let (host, target) = rest.split_at(at);
        if host != own.host.as_str() {
            return wrong_host(visit, host);
        }
        if target != own.target.to_string() {
            return broken(
                "path",
                "The reverse proxy asks about another path than the one that was opened."
                    .to_owned(),
                "Hand on the path and query of the request as they came: with nginx $request_uri, not $uri.",
            );
        }
        if !scheme.is_empty() && scheme != own.scheme.as_str() {
            return broken(
                "scheme",
                format!(
                    "The reverse proxy says that people come by {scheme}, and they come by {}.",
                    own.scheme.as_str()
                ),
                "Set X-Forwarded-Proto (nginx: the scheme in X-Original-URL) to the scheme of the browser. Behind another proxy, let it be believed.",
            );
        }
    } else if Host::read(rest).is_none_or(|host| host != own.host) {
        return wrong_host(visit, rest);
    }
    let mut checks = Vec::new();
    if !seen.by_cookie {
        checks.push(visit.check(
            Grade::Broken,
            "cookie",
            "The reverse proxy does not hand on the header Cookie: nobody would stay signed in.",
            "Let it hand on Cookie (Envoy: allowed_headers; Traefik: no authRequestHeaders without it).",
        ));
    }
    // Where this server itself is the reverse proxy, nobody need be in front of it.
    if !seen.names_client && mode != ProxyMode::Proxy {
        checks.push(visit.check(
            Grade::Look,
            "client",
            "X-Forwarded-For does not come, or is not believed: all people seem to come from the reverse proxy.",
            "Set X-Forwarded-For to the address of the client, and see that the reverse proxy is in listen.trusted_proxy_cidrs.",
        ));
    }
    checks
}

fn wrong_host(visit: &Visit, host: &str) -> Vec<Check> {
    vec![visit.check(
        Grade::Broken,
        "host",
        format!("The request comes here as one for {host}, not for {}.", visit.address.host.as_str()),
        "Hand on the header Host as the browser sent it (nginx: proxy_set_header Host $http_host), or set X-Forwarded-Host.",
    )]
}

/// Somebody begins to sign in.
pub(crate) fn sign_in(visit: &Visit, mode: ProxyMode) -> Vec<Check> {
    let missing = |text: &str| {
        visit.check(
            Grade::Broken,
            "no_start",
            text,
            "Hand everything below /outpost.goauthentik.io/ to this server, without the auth request.",
        )
    };
    let Some(seen) = &visit.seen else {
        return vec![if visit.signs_in() {
            unasked(visit, ProxyMode::ForwardSingle)
        } else {
            missing(
                "Nobody can sign in: what is below /outpost.goauthentik.io/ does not come to this server.",
            )
        }];
    };
    if seen.door != Door::Start {
        return vec![missing(
            "Nobody can sign in: the reverse proxy asks who it is before it hands on what is below /outpost.goauthentik.io/.",
        )];
    }
    let mut checks = question(visit, seen, mode);
    if checks.iter().any(|check| check.grade == Grade::Broken) {
        return checks;
    }
    if !visit.signs_in() {
        checks.push(visit.check(
            Grade::Broken,
            "start_answer",
            format!("What this server answers does not come back: it was {}.", visit.status),
            "The reverse proxy must not change answers below /outpost.goauthentik.io/. If it does not, open that address in a browser: the page says what is missing here.",
        ));
    } else if !visit.headers.contains_key(header::SET_COOKIE) {
        checks.push(visit.check(
            Grade::Broken,
            "set_cookie",
            "The reverse proxy takes Set-Cookie out of answers below /outpost.goauthentik.io/: nobody would stay signed in.",
            "Take out what hides Set-Cookie there (nginx: proxy_hide_header, a cache).",
        ));
    } else {
        checks.push(visit.well("start", "Signing in begins, and its cookie comes back."));
    }
    checks
}

/// A visit that this server let through, with words about who it is that a client wrote.
pub(crate) fn identity(visit: &Visit) -> Vec<Check> {
    let Some(seen) = &visit.seen else { return vec![unasked(visit, ProxyMode::ForwardSingle)] };
    // Another question than that of the visit before: it was not let through.
    let mut other = question(visit, seen, ProxyMode::ForwardSingle);
    other.retain(|check| check.grade == Grade::Broken);
    if !other.is_empty() {
        return other;
    }
    if visit.signs_in() || visit.status == StatusCode::UNAUTHORIZED {
        return vec![visit.check(
            Grade::Broken,
            "not_let_in",
            "This server let the request through, and the reverse proxy did not.",
            "Look for a second check in its settings, or for an answer that it keeps (a cache).",
        )];
    }
    let named = |value: fn(&str) -> String| {
        NAMES.into_iter().filter(|name| visit.says(&value(name))).collect::<Vec<_>>()
    };
    let (survived, told) = (named(forged), named(ours));
    let list = |names: &[&str]| names.join(", ");
    let mut checks = Vec::new();
    if !survived.is_empty() {
        checks.push(visit.check(
            Grade::Broken,
            "forged",
            format!("What a client writes reaches the application: {}. Anybody can be anybody there.", list(&survived)),
            "Set or remove each identity header that the application reads, whatever the client sent, as in the settings on this page.",
        ));
    }
    // An application that repeats what it is sent repeats the mark, too.
    let repeats = visit.says(&visit.word);
    let absent: Vec<_> =
        NAMES.into_iter().filter(|name| !told.contains(name) && !survived.contains(name)).collect();
    if repeats && told.is_empty() {
        checks.push(visit.check(
            Grade::Broken,
            "nothing_told",
            "The application gets no identity header: it does not learn who somebody is.",
            "Hand on the identity headers of the answer (nginx: auth_request_set and proxy_set_header, Caddy: copy_headers, Traefik: authResponseHeaders, Envoy: allowed_upstream_headers).",
        ));
    } else if repeats && !absent.is_empty() {
        checks.push(visit.check(
            Grade::Well,
            "told",
            format!("The application gets {}; it does not get {}.", list(&told), list(&absent)),
            "",
        ));
    } else if !told.is_empty() {
        checks.push(visit.well("told", format!("The application gets {}.", list(&told))));
    }
    if visit.status.is_server_error() {
        checks.push(visit.check(
            Grade::Look,
            "application",
            format!("The request was let through, and {} came back.", visit.status),
            "See whether the application answers; nothing is wrong with the sign-in.",
        ));
    } else if !repeats && told.is_empty() && survived.is_empty() {
        checks.push(visit.check(
            Grade::Look,
            "untold",
            "The application shows nothing of what it is sent, so it cannot be seen whether identity headers arrive, and whether a client's copies of them do.",
            "To see it, let an application that repeats requests answer there for a moment, as traefik/whoami, and test again.",
        ));
    } else if survived.is_empty() {
        checks.push(visit.well(
            "not_forged",
            "What a client writes into identity headers does not reach the application.",
        ));
    }
    checks
}

/// The same, by a client that calls an identity header one of its connection; `before` is the visit
/// without that. `None` where nothing can be said.
pub(crate) fn taken_out(visit: &Visit, before: &Visit) -> Option<Check> {
    let name = NAMES.into_iter().find(|name| before.says(&ours(name)))?;
    if visit.seen.is_some() && visit.status.is_success() && !visit.says(&ours(name)) {
        return Some(visit.check(
            Grade::Broken,
            "connection",
            format!("A client can have {name} taken out by naming it in the header Connection."),
            "Refuse requests whose header Connection names an identity header, as in the settings on this page.",
        ));
    }
    Some(visit.well("not_taken_out", "A client cannot have identity headers taken out."))
}

/// The headers that a client forges.
pub(crate) fn forgery() -> impl Iterator<Item = (&'static str, String)> {
    NAMES.into_iter().map(|name| (name, forged(name)))
}

/// Beside those of the test itself.
pub(crate) const MARK: &str = HEADER;
