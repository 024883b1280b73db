//! Servers behind this one: applications that requests are passed on to.
//!
//! Unlike every other address that somebody configures, theirs are private by nature, and an
//! administrator of applications names them: the networks that [`Guard`] closes to other requests
//! are open to these, but for those where no application is ([`Guard::permits_upstream`]). The
//! address is checked after the name was resolved, for each connection. No proxy is in between.

use std::collections::HashMap;
use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use countersign_core::keep_alive;
use countersign_store::{Checks, encryption};
use http::{Extensions, HeaderValue, Method, Request, Response, StatusCode, Uri, header};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::{Body as _, Incoming};
use hyper::rt::ReadBufCursor;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::client::legacy::{self, Client};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::ClientConfig;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{sleep_until, timeout};
use tokio_rustls::TlsConnector;
use url::{Host, Url};

use crate::paced::{Body, Paced, Progress};
use crate::{Guard, Resolved};

/// A connection that nobody used for so long is closed: sooner than most servers close theirs, so
/// that no request meets one that is just being closed.
const UNUSED: Duration = Duration::from_secs(4);
/// Connections to one server that wait for their next request.
const MOST_UNUSED: usize = 32;
/// Bytes of the head of an answer, and of what is read of its body at once.
const HEAD: usize = 64 * 1024;
/// What a server may send over HTTP/2 before its client takes it: of one answer, and of all of a
/// connection, so that some who take nothing do not hold up the others.
const STREAM_WINDOW: u32 = 256 * 1024;
const CONNECTION_WINDOW: u32 = 16 * 1024 * 1024;
/// As many servers are remembered.
const MOST: usize = 1024;

/// How long is waited for a server behind this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// For a connection, with its encryption.
    pub connect: Duration,
    /// For an answer to begin, after the request was sent.
    pub answer: Duration,
    /// Between two pieces of a body, in either direction.
    pub idle: Duration,
    /// After which silence TCP asks whether the other side is still there.
    pub keep_alive: Duration,
}

impl Default for Patience {
    fn default() -> Patience {
        Patience {
            connect: Duration::from_secs(5),
            answer: Duration::from_mins(1),
            idle: Duration::from_mins(1),
            keep_alive: Duration::from_secs(30),
        }
    }
}

/// Where a server is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Place {
    secure: bool,
    /// Without the brackets of an address of IPv6.
    host: String,
    port: u16,
}

impl Place {
    /// The scheme and host of an address; its path is not looked at.
    pub fn read(address: &str) -> Option<Place> {
        let url = Url::parse(address).ok()?;
        let secure = match url.scheme() {
            "http" => false,
            "https" => true,
            _ => return None,
        };
        let host = match url.host()? {
            Host::Domain(name) => name.to_ascii_lowercase(),
            Host::Ipv4(v4) => v4.to_string(),
            Host::Ipv6(v6) => v6.to_string(),
        };
        Some(Place { secure, host, port: url.port_or_known_default()? })
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Place { secure, host, port } = self;
        let scheme = if *secure { "https" } else { "http" };
        let (open, close) = if host.contains(':') { ("[", "]") } else { ("", "") };
        write!(f, "{scheme}://{open}{host}{close}:{port}")
    }
}

/// Whose certificates are believed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Trust {
    /// Those of authorities that this machine trusts, and of this one, in DER.
    Machine(Option<Vec<u8>>),
    /// Anybody's.
    Anybody,
}

/// Why a server behind this one did not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UpstreamError {
    /// Its name leads nowhere.
    #[error("its name cannot be resolved: {0}")]
    Unknown(String),
    /// No application is at such an address.
    #[error(
        "{0} is an address at which no application may be. If one is, add its network to the setting outbound.allow"
    )]
    Forbidden(IpAddr),
    /// This program itself is there, for other programs than browsers.
    #[error(
        "at {0} this server itself answers, and no application: name the port of the application"
    )]
    Own(SocketAddr),
    /// There is no connection.
    #[error("it cannot be connected to: {0}")]
    Refused(String),
    /// It does not prove who it is, or does not encrypt.
    #[error("its TLS cannot be trusted: {0}")]
    Tls(String),
    /// There was no connection in time.
    #[error("it took more than {} seconds to connect", .0.as_secs_f32())]
    Unreachable(Duration),
    /// There was no answer in time.
    #[error("it did not answer in time")]
    Slow,
    /// It closed the connection instead.
    #[error("it closed the connection before it had answered")]
    Closed,
    /// It answered what is not HTTP, or not what was asked.
    #[error("its answer cannot be read: {0}")]
    Nonsense(String),
    /// The client itself stopped sending the request.
    #[error("the client did not send the whole request")]
    Client,
}

impl UpstreamError {
    /// A stable name, for counting.
    pub const fn code(&self) -> &'static str {
        match self {
            UpstreamError::Unknown(_) => "upstream.unknown",
            UpstreamError::Forbidden(_) => "upstream.forbidden",
            UpstreamError::Own(_) => "upstream.own",
            UpstreamError::Refused(_) => "upstream.refused",
            UpstreamError::Tls(_) => "upstream.tls",
            UpstreamError::Unreachable(_) => "upstream.unreachable",
            UpstreamError::Slow => "upstream.slow",
            UpstreamError::Closed => "upstream.closed",
            UpstreamError::Nonsense(_) => "upstream.nonsense",
            UpstreamError::Client => "upstream.client",
        }
    }

    /// What the client is answered (RFC 9110, section 15.6).
    pub const fn status(&self) -> StatusCode {
        match self {
            UpstreamError::Unreachable(_) | UpstreamError::Slow => StatusCode::GATEWAY_TIMEOUT,
            UpstreamError::Client => StatusCode::REQUEST_TIMEOUT,
            _ => StatusCode::BAD_GATEWAY,
        }
    }
}

/// The servers behind this one, each with its connections.
pub struct Upstreams {
    guard: Guard,
    resolve: Arc<[Resolved]>,
    own: Arc<[SocketAddr]>,
    patience: Patience,
    known: Mutex<HashMap<(Place, Trust), Arc<Upstream>>>,
}

impl Upstreams {
    pub(crate) fn new(
        guard: Guard,
        resolve: &[Resolved],
        own: &[SocketAddr],
        patience: Patience,
    ) -> Upstreams {
        let (resolve, own) = (resolve.into(), own.into());
        Upstreams { guard, resolve, own, patience, known: Mutex::default() }
    }

    /// The server there; the same as long as it is asked for in the same way.
    ///
    /// # Errors
    /// Encryption cannot be set up, as with a certificate that is none.
    pub fn at(&self, place: &Place, trust: &Trust) -> Result<Arc<Upstream>, UpstreamError> {
        let key = (place.clone(), trust.clone());
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(upstream) = known.get(&key) {
            return Ok(upstream.clone());
        }
        let upstream = Arc::new(self.open(place, trust)?);
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(key, upstream.clone());
        Ok(upstream)
    }

    /// A connection to a server that speaks something else than HTTP, as a directory does: it is as
    /// private by nature, and the same addresses are closed.
    ///
    /// # Errors
    /// There is no connection.
    pub async fn connect(&self, host: &str, port: u16) -> Result<TcpStream, UpstreamError> {
        let place = Place { secure: false, host: host.to_ascii_lowercase(), port };
        let (way, patience) = (self.way(&place), self.patience.connect);
        timeout(patience, way.reach()).await.unwrap_or(Err(UpstreamError::Unreachable(patience)))
    }

    fn way(&self, place: &Place) -> Way {
        Way {
            guard: self.guard.clone(),
            resolve: self.resolve.clone(),
            own: self.own.clone(),
            place: place.clone(),
            patience: self.patience,
        }
    }

    fn open(&self, place: &Place, trust: &Trust) -> Result<Upstream, UpstreamError> {
        let way = Arc::new(self.way(place));
        let client = |protocols: &[&[u8]]| {
            let tls = place.secure.then(|| tls(place, trust, protocols)).transpose()?;
            Ok::<_, UpstreamError>(client(Connector { way: way.clone(), tls }))
        };
        Ok(Upstream {
            place: place.clone(),
            patience: self.patience,
            any: client(&[b"h2", b"http/1.1"])?,
            one: client(&[b"http/1.1"])?,
        })
    }
}

fn tls(place: &Place, trust: &Trust, protocols: &[&[u8]]) -> Result<Tls, UpstreamError> {
    let unusable = |error: String| UpstreamError::Tls(error);
    let checks = match trust {
        Trust::Anybody => None,
        Trust::Machine(also) => {
            let also: Vec<_> = also.iter().cloned().map(CertificateDer::from).collect();
            Some(Checks::by_this_machine_and(&also))
        }
    };
    let mut config: ClientConfig = encryption(checks).map_err(unusable)?.with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    let name = ServerName::try_from(place.host.clone());
    let name = name.map_err(|error| unusable(error.to_string()))?;
    Ok(Tls { connector: TlsConnector::from(Arc::new(config)), name })
}

fn client(connector: Connector) -> Client<Connector, Body> {
    Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .timer(TokioTimer::new())
        .pool_idle_timeout(UNUSED)
        .pool_max_idle_per_host(MOST_UNUSED)
        // As the original writes them, which old applications look for.
        .http1_title_case_headers(true)
        .http1_max_buf_size(HEAD)
        .http2_max_header_list_size(u32::try_from(HEAD).unwrap_or(u32::MAX))
        .http2_initial_stream_window_size(STREAM_WINDOW)
        .http2_initial_connection_window_size(CONNECTION_WINDOW)
        .set_host(false)
        .build(connector)
}

/// A server behind this one.
pub struct Upstream {
    place: Place,
    patience: Patience,
    any: Client<Connector, Body>,
    /// For requests that want to go on as something else, which HTTP/2 does not know so.
    one: Client<Connector, Body>,
}

impl std::fmt::Debug for Upstream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Upstream").field(&self.place).finish()
    }
}

impl Upstream {
    /// Where it is.
    pub const fn place(&self) -> &Place {
        &self.place
    }

    /// Passes a request on. Its headers are those that the server gets; its address is the one by
    /// which clients know it, of which only path and query are sent over HTTP/1. The body goes as
    /// it comes. A body that is a stream of events may be silent for as long as it likes.
    ///
    /// # Errors
    /// Why there is no answer.
    pub async fn send(
        &self,
        mut request: Request<Body>,
    ) -> Result<Response<Paced<Incoming>>, UpstreamError> {
        let uri = request.uri().clone();
        let scheme = if self.place.secure { "https" } else { "http" };
        let path = uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
        let authority = uri.authority().map_or("localhost", http::uri::Authority::as_str);
        *request.uri_mut() = format!("{scheme}://{authority}{path}")
            .parse()
            .map_err(|_| UpstreamError::Nonsense("no such address".to_owned()))?;
        let response = match self.once(repeated(&request), request).await {
            Err((error, Some(again))) => {
                tracing::debug!(place = %self.place, %error, "a connection was closed; once more");
                self.once(None, again).await
            }
            other => other,
        };
        let response = response.map_err(|(error, _)| error)?;
        let kind = response.headers().get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
        let events =
            kind.is_some_and(|kind| kind.to_ascii_lowercase().starts_with(b"text/event-stream"));
        let idle = (!events).then_some(self.patience.idle);
        Ok(response.map(|body| Paced::answer(body, idle)))
    }

    /// A request on a connection that was used before, and was closed before anything of the answer
    /// came, comes back to be sent once more where that is safe (RFC 9110, section 9.2.2).
    async fn once(
        &self,
        again: Option<Request<Body>>,
        request: Request<Body>,
    ) -> Result<Response<Incoming>, (UpstreamError, Option<Request<Body>>)> {
        let client =
            if request.headers().contains_key(header::UPGRADE) { &self.one } else { &self.any };
        let progress = Progress::begin(request.body().is_end_stream());
        let (idle, answer) = (self.patience.idle, self.patience.answer);
        let (parts, body) = request.into_parts();
        let body = if body.is_end_stream() {
            body
        } else {
            Paced::request(body, idle, progress.clone()).boxed_unsync()
        };
        let mut asked = std::pin::pin!(client.request(Request::from_parts(parts, body)));
        loop {
            // What moves in the meantime moves the end of patience, too.
            let look = progress.deadline(idle, answer);
            let look = look.unwrap_or_else(|| tokio::time::Instant::now() + idle);
            tokio::select! {
                answered = asked.as_mut() => return match answered {
                    Ok(response) => {
                        note_use(response.extensions());
                        Ok(response)
                    }
                    Err(_) if progress.stalled() => Err((UpstreamError::Client, None)),
                    Err(error) => {
                        let again = again.filter(|_| was_closed(&error) && was_used(&error));
                        Err((told(&error), again))
                    }
                },
                () = sleep_until(look) => {
                    let now = tokio::time::Instant::now();
                    if progress.deadline(idle, answer).is_some_and(|end| end <= now) {
                        return Err((UpstreamError::Slow, None));
                    }
                }
            }
        }
    }
}

/// The same request, where it does nothing and has no body.
fn repeated(request: &Request<Body>) -> Option<Request<Body>> {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if !safe || !request.body().is_end_stream() || request.headers().contains_key(header::UPGRADE) {
        return None;
    }
    let mut again = Request::new(Empty::new().map_err(|never| match never {}).boxed_unsync());
    *again.method_mut() = request.method().clone();
    *again.uri_mut() = request.uri().clone();
    *again.headers_mut() = request.headers().clone();
    Some(again)
}

/// How many answers came over a connection.
#[derive(Debug, Clone, Default)]
struct Uses(Arc<AtomicUsize>);

fn note_use(extensions: &Extensions) {
    if let Some(Uses(uses)) = extensions.get() {
        uses.fetch_add(1, Ordering::Relaxed);
    }
}

fn was_used(error: &legacy::Error) -> bool {
    let mut extensions = Extensions::new();
    if let Some(connected) = error.connect_info() {
        connected.get_extras(&mut extensions);
    }
    extensions.get().is_some_and(|Uses(uses)| uses.load(Ordering::Relaxed) > 0)
}

fn causes<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'e (dyn Error + 'static)| (*error).source())
}

/// Whether the server ended the connection before its answer had begun.
fn was_closed(error: &legacy::Error) -> bool {
    causes(error).any(|cause| {
        let gone = |kind| {
            use std::io::ErrorKind::{
                BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof,
            };
            matches!(kind, BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof)
        };
        let hyper = cause.downcast_ref::<hyper::Error>();
        hyper.is_some_and(|e| e.is_incomplete_message() || e.is_canceled() || e.is_closed())
            || cause.downcast_ref::<std::io::Error>().is_some_and(|e| gone(e.kind()))
    })
}

fn told(error: &legacy::Error) -> UpstreamError {
    if let Some(own) = causes(error).find_map(|cause| cause.downcast_ref::<UpstreamError>()) {
        return own.clone();
    }
    if was_closed(error) {
        return UpstreamError::Closed;
    }
    let deepest = causes(error).last().map_or_else(String::new, ToString::to_string);
    UpstreamError::Nonsense(deepest)
}

#[derive(Clone)]
struct Tls {
    connector: TlsConnector,
    name: ServerName<'static>,
}

/// How a server is reached.
struct Way {
    guard: Guard,
    resolve: Arc<[Resolved]>,
    own: Arc<[SocketAddr]>,
    place: Place,
    patience: Patience,
}

impl Way {
    async fn connect(&self, tls: Option<&Tls>) -> Result<Wire, UpstreamError> {
        let all = async {
            let stream = self.reach().await?;
            let Some(tls) = tls else {
                return Ok(Wire { io: TokioIo::new(Box::new(stream)), h2: false });
            };
            let stream = tls.connector.connect(tls.name.clone(), stream).await;
            let stream = stream.map_err(|error| UpstreamError::Tls(error.to_string()))?;
            let h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
            Ok(Wire { io: TokioIo::new(Box::new(stream)), h2 })
        };
        let patience = self.patience.connect;
        timeout(patience, all).await.unwrap_or(Err(UpstreamError::Unreachable(patience)))
    }

    async fn reach(&self) -> Result<TcpStream, UpstreamError> {
        let mut last = UpstreamError::Unknown("it has no address".to_owned());
        for address in self.addresses().await? {
            if !self.guard.permits_upstream(address.ip()) && !self.is_given(address) {
                last = UpstreamError::Forbidden(address.ip());
                continue;
            }
            match TcpStream::connect(address).await {
                // Before a byte of the request is sent.
                Ok(stream) if self.is_own(address, &stream) && !self.is_given(address) => {
                    last = UpstreamError::Own(address);
                }
                Ok(stream) => {
                    let _ = stream.set_nodelay(true);
                    keep_alive(&stream, self.patience.keep_alive);
                    return Ok(stream);
                }
                Err(error) => last = UpstreamError::Refused(error.to_string()),
            }
        }
        Err(last)
    }

    /// Whether a connection has led to this program itself. Who speaks to an address of this
    /// machine has that address, too.
    fn is_own(&self, address: SocketAddr, stream: &TcpStream) -> bool {
        let (at, port) = (address.ip().to_canonical(), address.port());
        let is_here = at.is_loopback()
            || stream.local_addr().is_ok_and(|local| local.ip().to_canonical() == at);
        self.own.iter().any(|own| {
            let ip = own.ip().to_canonical();
            own.port() == port && (ip == at || ip.is_unspecified() && is_here)
        })
    }

    fn given(&self) -> impl Iterator<Item = SocketAddr> {
        let Place { host, port, .. } = &self.place;
        let named = self.resolve.iter().filter(move |resolved| resolved.host == *host);
        named.map(|resolved| match resolved.address.port() {
            0 => SocketAddr::new(resolved.address.ip(), *port),
            _ => resolved.address,
        })
    }

    fn is_given(&self, address: SocketAddr) -> bool {
        self.given().any(|given| given == address)
    }

    async fn addresses(&self) -> Result<Vec<SocketAddr>, UpstreamError> {
        let given: Vec<_> = self.given().collect();
        if !given.is_empty() {
            return Ok(given);
        }
        let Place { host, port, .. } = &self.place;
        let found = tokio::net::lookup_host((host.as_str(), *port)).await;
        found.map(Iterator::collect).map_err(|error| UpstreamError::Unknown(error.to_string()))
    }
}

#[derive(Clone)]
struct Connector {
    way: Arc<Way>,
    tls: Option<Tls>,
}

impl tower::Service<Uri> for Connector {
    type Response = Wire;
    type Error = UpstreamError;
    type Future = Pin<Box<dyn Future<Output = Result<Wire, UpstreamError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), UpstreamError>> {
        Poll::Ready(Ok(()))
    }

    /// The address of a request is the one by which clients know the application; where it is, this
    /// knows.
    fn call(&mut self, _: Uri) -> Self::Future {
        let Connector { way, tls } = self.clone();
        Box::pin(async move { way.connect(tls.as_ref()).await })
    }
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A connection to a server.
struct Wire {
    io: TokioIo<Box<dyn Stream>>,
    h2: bool,
}

impl Connection for Wire {
    fn connected(&self) -> Connected {
        let connected = Connected::new().extra(Uses::default());
        if self.h2 { connected.negotiated_h2() } else { connected }
    }
}

impl hyper::rt::Read for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buffer)
    }
}

impl hyper::rt::Write for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[std::io::IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, slices)
    }
}
