//! What surrounds every request: panics, log line, metrics, who the client is.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use axum::{
    Router,
    extract::{ConnectInfo, Request, State},
    middleware::Next,
    response::{IntoResponse as _, Redirect, Response},
};
use countersign_core::{Context, Elsewhere, Hosts, RequestInfo, straighten};
use countersign_model::{BasePath, Cidr, node_address};
use http::{StatusCode, header};
use serde_json::json;
use tower::ServiceExt as _;
use tracing::Instrument as _;

use super::{
    health,
    measure::Measured,
    panics::{CatchPanic, Panicked},
};

/// What reverse proxies ask about the requests to their applications.
const OUTPOST: &str = "/outpost.goauthentik.io/";

/// Where requests come in.
#[derive(Clone)]
pub struct Entrance {
    pub context: Context,
    /// Proxies that may speak for their clients.
    pub trusted: Arc<[Cidr]>,
    /// Hosts of others, with what answers for them.
    pub hosts: Option<(Router, Hosts)>,
}

/// Outermost: makes forwarding headers true, and leads requests to the hosts of others past all
/// addresses of this server but those that probes ask, by whatever address of the machine.
pub async fn entrance(
    State(entrance): State<Entrance>,
    mut request: Request,
    next: Next,
) -> Response {
    let peer = peer(&request);
    straighten(request.headers_mut(), peer, &entrance.trusted);
    if let Some((router, hosts)) = &entrance.hosts
        && !health::PATHS.contains(&request.uri().path())
        && hosts.has(&entrance.context, request.uri(), request.headers()).await
    {
        request.extensions_mut().insert(Elsewhere);
        return router.clone().oneshot(request).await.into_response();
    }
    next.run(request).await
}

fn peer(request: &Request) -> Option<SocketAddr> {
    request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0)
}

/// Writes the log line and counts.
pub async fn outer(request: Request, next: Next) -> Response {
    let begun = tokio::time::Instant::now();
    let peer = peer(&request);
    let (line, measured) = (Line::of(&request, peer), Measured::begin(&request));
    let response = next.run(request).instrument(measured.span.clone()).await;
    let taken = begun.elapsed();
    measured.end(&response, taken);
    line.write(&response, taken);
    response
}

/// Who asks, when forwarding headers are true; nobody where a proxy does not say who.
pub fn client(request: &Request, trusted: &[Cidr]) -> Option<IpAddr> {
    let peer = peer(request).map(|peer| peer.ip());
    let named = request
        .headers()
        .get("x-forwarded-for")
        .and_then(|value| node_address(value.to_str().ok()?));
    named.or_else(|| peer.filter(|peer| !trusts(trusted, *peer)))
}

/// Innermost of what is around all routes: a request that panics gets an answer all the same.
pub async fn panics(request: Request, next: Next) -> Response {
    CatchPanic::new(next.run(request)).await.unwrap_or_else(|Panicked| {
        let text = "The server could not answer because of a fault of its own. It has been logged.";
        failure(StatusCode::INTERNAL_SERVER_ERROR, text)
    })
}

/// Takes off the path that everything is served below.
pub async fn below(State(base): State<BasePath>, mut request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let start = format!("{}/", base.as_str());
    let Some(inside) = base.inside(&path) else {
        return match path.as_str() {
            // Probes look where they always do, and applications behind proxies are at hosts of
            // their own.
            path if path.starts_with("/-/") || path.starts_with(OUTPOST) => next.run(request).await,
            "/" => (StatusCode::FOUND, [(header::LOCATION, start)]).into_response(),
            path if path == base.as_str() => Redirect::permanent(&start).into_response(),
            _ => (StatusCode::NOT_FOUND, format!("This server is at {start}.")).into_response(),
        };
    };
    let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
    let Ok(uri) = format!("{inside}{query}").parse() else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    *request.uri_mut() = uri;
    next.run(request).await
}

/// An answer in the API's shape that says nothing about the inside.
pub fn failure(status: StatusCode, text: &str) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], json!({ "detail": text }).to_string())
        .into_response()
}

fn trusts(proxies: &[Cidr], address: IpAddr) -> bool {
    proxies.iter().any(|network| network.contains(address))
}

/// The line of one request.
struct Line {
    event: String,
    method: String,
    remote: String,
    user_agent: String,
    quiet: bool,
}

impl Line {
    fn of(request: &Request, peer: Option<SocketAddr>) -> Line {
        let text = |name: &str| {
            request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
        };
        let path = request.uri().path();
        let forwarded = text("x-forwarded-for");
        Line {
            event: crate::logging::masked(path, request.uri().query().unwrap_or_default()),
            method: request.method().to_string(),
            remote: if forwarded.is_empty() {
                peer.map(|peer| peer.ip().to_string()).unwrap_or_default()
            } else {
                forwarded.to_owned()
            },
            user_agent: text("user-agent").chars().take(300).collect(),
            quiet: ["/-/", "/static/", "/outpost.goauthentik.io/auth/"]
                .iter()
                .any(|often| path.starts_with(often)),
        }
    }

    fn write(self, response: &Response, taken: Duration) {
        let info = response.extensions().get::<RequestInfo>();
        let (id, host, scheme) =
            info.map_or(("", "", ""), |info| (info.id.as_str(), info.host.as_str(), info.scheme));
        let (user, auth_via) = info
            .and_then(|info| info.seen())
            .map_or(("", "unauthenticated"), |seen| (seen.user.as_str(), seen.auth_via));
        let status = response.status().as_u16();
        let runtime = u64::try_from(taken.as_millis()).unwrap_or(u64::MAX);
        let Line { event, method, remote, user_agent, quiet } = self;
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    logger = "countersign.request",
                    request_id = id,
                    host,
                    remote,
                    method,
                    scheme,
                    status,
                    runtime,
                    user_agent,
                    user,
                    auth_via,
                    "{event}"
                )
            };
        }
        // Probes, static files and the questions of reverse proxies come often and tell little.
        if quiet { line!(debug) } else { line!(info) }
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use http::HeaderValue;

    use super::*;
    use crate::settings::Place as _;

    fn client(peer: &str, headers: &[(&'static str, &'static str)]) -> Vec<(String, String)> {
        let mut request = Request::new(Body::empty());
        for (name, value) in headers {
            request.headers_mut().append(*name, HeaderValue::from_static(value));
        }
        let trusted = <Vec<Cidr>>::read("10.0.0.0/8").unwrap();
        straighten(
            request.headers_mut(),
            Some(SocketAddr::new(peer.parse().unwrap(), 1)),
            &trusted,
        );
        request
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect()
    }

    #[test]
    fn strangers_cannot_speak_for_others() {
        assert!(
            client(
                "192.0.2.1",
                &[
                    ("x-forwarded-for", "1.1.1.1"),
                    ("x-forwarded-proto", "https"),
                    ("forwarded", "for=1.1.1.1"),
                    ("x-real-ip", "1.1.1.1")
                ]
            )
            .is_empty()
        );
    }

    #[test]
    fn the_client_is_the_last_one_that_is_no_proxy() {
        let of = |chain: &'static str| {
            client("10.0.0.1", &[("x-forwarded-for", chain)])
                .first()
                .map(|(_, value)| value.clone())
                .unwrap_or_default()
        };
        assert_eq!(of("203.0.113.9"), "203.0.113.9");
        assert_eq!(of("6.6.6.6, 203.0.113.9, 10.0.0.2"), "203.0.113.9");
        assert_eq!(of("10.0.0.3, 10.0.0.2"), "10.0.0.3");
        assert_eq!(of("nonsense, 203.0.113.9"), "203.0.113.9");
        assert_eq!(of("203.0.113.9, nonsense"), "");
    }

    /// `forwarded`: front ends write the port, too (RFC 7239, section 6).
    #[test]
    fn forwarded_with_a_port_is_the_address_without_it() {
        let of = |chain: &'static str| {
            client("10.0.0.1", &[("x-forwarded-for", chain)])
                .first()
                .map(|(_, value)| value.clone())
                .unwrap_or_default()
        };
        assert_eq!(of("203.0.113.8:51234"), "203.0.113.8");
        assert_eq!(of("[2001:db8::8]:51234"), "2001:db8::8");
        assert_eq!(of("203.0.113.8:51234, 10.0.0.1"), "203.0.113.8");
        assert_eq!(of("203.0.113.8, 10.0.0.1:443"), "203.0.113.8");
        assert_eq!(of("6.6.6.6, [::ffff:203.0.113.8]:1, 10.0.0.1:443"), "203.0.113.8");
        assert_eq!(
            client("10.0.0.1", &[("x-real-ip", "203.0.113.8:51234")]).last().unwrap().1,
            "203.0.113.8"
        );
    }
}
