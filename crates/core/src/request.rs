//! What is known of a request before anyone looks at its body: id, address, host, scheme.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};

use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use countersign_model::{Cidr, ObjectId, node_address};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header, request::Parts};
use serde_json::{Value, json};

use crate::client_certificate::ClientCertificate;
use crate::context::Context;
use crate::identity::Caller;
use crate::route::HandedOn;

/// Headers by which proxies tell who the client is, what it asked them for, and of which trace its
/// request is part.
pub(crate) const FORWARDED: [&str; 11] = [
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-forwarded-host",
    "x-forwarded-uri",
    "x-forwarded-scheme",
    "x-original-url",
    "x-original-uri",
    "x-real-ip",
    "forwarded",
    "traceparent",
    "tracestate",
];

/// Set once per request by [`request_layer`]; found in the request's extensions.
#[derive(Debug, Clone)]
pub struct RequestInfo(Arc<Inner>);

#[derive(Debug)]
pub struct Inner {
    /// 32 hex digits, new for each request; answered as `X-authentik-id`.
    pub id: String,
    pub method: Method,
    pub path: String,
    pub query: String,
    /// The host with port as the browser sees it.
    pub host: String,
    /// `http` or `https` as the browser sees it.
    pub scheme: &'static str,
    pub client_ip: IpAddr,
    pub user_agent: String,
    /// `Accept-Language`, as it came.
    pub accept_language: String,
    /// The outpost that asks for a client of its own, whose address `client_ip` then is.
    pub outpost: Option<ObjectId>,
    /// The certificate that the client has shown that it has the key of.
    pub client_certificate: Option<ClientCertificate>,
    /// Who asked, once that is known; for the log.
    seen: Arc<OnceLock<Seen>>,
}

/// Who asked, in the words of the log.
#[derive(Debug, Clone)]
pub struct Seen {
    pub user: String,
    pub auth_via: &'static str,
}

impl std::ops::Deref for RequestInfo {
    type Target = Inner;
    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl RequestInfo {
    /// The info of a request that passed the layer; an unknown one (a test without the layer) gets
    /// neutral values.
    pub fn of(parts: &Parts) -> RequestInfo {
        parts
            .extensions
            .get::<RequestInfo>()
            .cloned()
            .unwrap_or_else(|| RequestInfo::read(parts, String::new(), None, false, None))
    }

    /// As if somebody had asked at that address of this server over HTTP, for what comes by another
    /// protocol.
    pub fn inside(uri: &Uri, user_agent: &str, client: IpAddr, id: String) -> RequestInfo {
        let (mut parts, ()) = http::Request::new(()).into_parts();
        parts.uri = uri.clone();
        if uri.scheme_str() == Some("https") {
            parts.extensions.insert(Tls);
        }
        if let Ok(agent) = HeaderValue::from_str(user_agent) {
            parts.headers.insert(header::USER_AGENT, agent);
        }
        RequestInfo::read(&parts, id, Some(SocketAddr::new(client, 0)), false, None)
    }

    /// Remembers who asks, for the log.
    pub fn saw(&self, caller: &Caller) {
        let user = caller.user.as_ref().map(|user| user.username.clone()).unwrap_or_default();
        let _ = self.0.seen.set(Seen { user, auth_via: caller.auth_via() });
    }

    /// Who asked, where anybody looked.
    pub fn seen(&self) -> Option<&Seen> {
        self.0.seen.get()
    }

    pub fn secure(&self) -> bool {
        self.scheme == "https"
    }

    /// `scheme://host`, without a final slash.
    pub fn origin(&self) -> String {
        format!("{}://{}", self.scheme, self.host)
    }

    /// As if it came from another address.
    #[must_use]
    pub fn from_address(&self, client_ip: IpAddr) -> RequestInfo {
        self.by(client_ip, self.outpost)
    }

    /// The same request, of a client of an outpost.
    #[must_use]
    pub fn through(&self, outpost: ObjectId, client: Option<IpAddr>) -> RequestInfo {
        self.by(client.unwrap_or(self.client_ip), Some(outpost))
    }

    /// The same request, as if it had asked for this beside its path.
    #[must_use]
    pub fn asking(&self, query: String) -> RequestInfo {
        let mut other = self.by(self.client_ip, self.outpost);
        if let Some(inner) = Arc::get_mut(&mut other.0) {
            inner.query = query;
        }
        other
    }

    fn by(&self, client_ip: IpAddr, outpost: Option<ObjectId>) -> RequestInfo {
        RequestInfo(Arc::new(Inner {
            id: self.id.clone(),
            method: self.method.clone(),
            path: self.path.clone(),
            query: self.query.clone(),
            host: self.host.clone(),
            scheme: self.scheme,
            client_ip: client_ip.to_canonical(),
            user_agent: self.user_agent.clone(),
            accept_language: self.accept_language.clone(),
            outpost,
            // What an outpost shows in its own handshake is not its client's.
            client_certificate: self.client_certificate.clone().filter(|_| outpost.is_none()),
            seen: self.seen.clone(),
        }))
    }

    /// As events carry it; values of parameters that carry secrets are masked by the events crate.
    pub fn to_event(&self) -> Value {
        // `secrets=masked` is about the answer alone, and would look here as if a secret had been
        // sent.
        let parts = form_urlencoded::parse(self.query.as_bytes())
            .filter(|(name, value)| !(name == "secrets" && value == "masked"));
        let args: serde_json::Map<String, Value> =
            parts.map(|(k, v)| (k.into_owned(), Value::from(v.into_owned()))).collect();
        json!({"path": self.path, "method": self.method.as_str(), "args": args, "user_agent": self.user_agent, "request_id": self.id})
    }

    /// The info of a request that comes from `peer`, whose words about its client count if it is
    /// `trusted`.
    pub fn read(
        parts: &Parts,
        id: String,
        peer: Option<SocketAddr>,
        trusted: bool,
        client_certificate: Option<ClientCertificate>,
    ) -> RequestInfo {
        let header = |name: &str| parts.headers.get(name).and_then(|v| v.to_str().ok());
        let forwarded = |name: &str| {
            trusted
                .then(|| header(name))
                .flatten()
                .and_then(|v| v.split(',').next())
                .map(str::trim)
                .filter(|v| !v.is_empty())
        };
        let host = forwarded("x-forwarded-host")
            .or_else(|| header("host"))
            .or_else(|| parts.uri.authority().map(http::uri::Authority::as_str));
        let https = match forwarded("x-forwarded-proto") {
            Some(proto) => proto.eq_ignore_ascii_case("https"),
            None => parts.extensions.get::<Tls>().is_some(),
        };
        let peer_ip = peer.map_or(IpAddr::from([127, 0, 0, 1]), |p| p.ip());
        // An IPv4 address has one form, also where it comes as IPv6 (RFC 4291 2.5.5.2): what
        // counts, logs or compares addresses gets this one.
        let client_ip =
            forwarded("x-forwarded-for").and_then(node_address).unwrap_or(peer_ip).to_canonical();
        let legal = |h: &str| {
            h.len() <= 300 && h.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._:[]".contains(&b))
        };
        RequestInfo(Arc::new(Inner {
            id,
            method: parts.method.clone(),
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            host: host.filter(|h| legal(h)).unwrap_or("localhost").to_owned(),
            scheme: if https { "https" } else { "http" },
            client_ip,
            user_agent: header("user-agent").unwrap_or_default().chars().take(512).collect(),
            accept_language: header("accept-language")
                .unwrap_or_default()
                .chars()
                .take(256)
                .collect(),
            outpost: None,
            client_certificate,
            seen: Arc::default(),
        }))
    }
}

/// Leaves forwarding headers only where a trusted proxy set them, and of the chain of addresses
/// only the client's: the first, from the right, that is not a trusted proxy itself. Whatever a
/// client wrote stands left of it.
pub fn straighten(headers: &mut HeaderMap, peer: Option<SocketAddr>, trusted: &[Cidr]) {
    let trusts = |address| trusted.iter().any(|network: &Cidr| network.contains(address));
    if !peer.is_some_and(|peer| trusts(peer.ip())) {
        for name in FORWARDED {
            headers.remove(name);
        }
        return;
    }
    if !headers.contains_key("x-forwarded-proto")
        && let Some(scheme) = headers.get("x-forwarded-scheme").cloned()
    {
        headers.insert(HeaderName::from_static("x-forwarded-proto"), scheme);
    }
    let chain: Vec<String> = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|part| part.trim().to_owned())
        .collect();
    let mut addresses = chain.iter().rev().map_while(|part| node_address(part)).peekable();
    let mut client = addresses.peek().copied();
    for address in addresses {
        client = Some(address);
        if !trusts(address) {
            break;
        }
    }
    let client = client
        .or_else(|| headers.get("x-real-ip").and_then(|value| node_address(value.to_str().ok()?)));
    headers.remove("x-forwarded-for");
    if let Some(value) = client.and_then(|client| HeaderValue::from_str(&client.to_string()).ok()) {
        headers.insert(HeaderName::from_static("x-forwarded-for"), value);
    }
}

/// How much an address may ask for without being anybody.
pub trait Limit: Send + Sync {
    /// # Errors
    /// The seconds to wait when there is none left.
    fn take(&self, request: &RequestInfo) -> Result<(), u64>;
}

/// Put into the extensions of requests: asked once it is known that nobody is signed in, whatever
/// headers were sent.
#[derive(Clone)]
pub struct AnonymousLimit(pub Arc<dyn Limit>);

/// Put into the extensions of requests that came over TLS.
#[derive(Debug, Clone, Copy)]
pub struct Tls;

/// Gives every request its id and [`RequestInfo`]; forwarding headers count only from trusted
/// proxies.
pub async fn request_layer(State(cx): State<Context>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|c| c.0);
    let trusted = peer.is_some_and(|p| cx.settings.trusts(p.ip()));
    let id = cx.entropy.uuid().simple().to_string();
    // A proxy's own certificate is not its client's.
    let certificate = match cx.settings.client_certificate_header.as_deref() {
        Some(name) if trusted => ClientCertificate::of_header(&parts.headers, name),
        _ => parts.extensions.get::<ClientCertificate>().cloned(),
    };
    let info = RequestInfo::read(&parts, id.clone(), peer, trusted, certificate);
    parts.extensions.insert(info.clone());
    let mut response = next.run(Request::from_parts(parts, body)).await;
    response.extensions_mut().insert(info);
    // Another server says itself how its pages may be used.
    if response.extensions().get::<HandedOn>().is_none() {
        common_headers(response.headers_mut(), &id);
    }
    response
}

fn common_headers(headers: &mut HeaderMap, id: &str) {
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(HeaderName::from_static("x-authentik-id"), id);
    }
    let mut default = |name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    default(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    default(header::REFERRER_POLICY, "same-origin");
    default(header::X_FRAME_OPTIONS, "DENY");
    default(header::VARY, "Cookie");
}
