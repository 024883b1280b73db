//! Listeners: plain and TLS, any number of connections up to a bound, and an orderly end.
//!
//! What a client has not finished asking for is bounded before its first byte. A connection that
//! goes on as something else than HTTP keeps its place and ends with its listener. What is served
//! is not known here.

mod places;

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::ConnectInfo,
};
use countersign_core::{Service, Shutdown, Sockets, Tls};
use countersign_model::Cidr;
use countersign_store::Seldom;
use http::{Request, StatusCode};
use hyper::{
    body::{Body as HttpBody, Frame, Incoming, SizeHint},
    service::service_fn,
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{
        conn::auto,
        graceful::{GracefulShutdown, Watcher},
    },
};
use rustls::ServerConfig;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::{Sleep, sleep, timeout},
};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt as _;

pub use places::{Turn, Waiting};

use crate::places::{Place, Room, Work};

/// Bytes of the headers of a request.
const HEADERS: usize = 64 * 1024;
/// Bytes of an answer that are handed over at once, and have to be taken before the next.
const PART: usize = 16 * 1024;

/// What bounds the connections of a listener.
#[derive(Debug, Clone)]
pub struct Bounds {
    /// Connections at once; more wait to be accepted.
    pub connections: usize,
    /// Time for the TLS handshake, for the headers of a request, and for the next request.
    pub patience: Duration,
    pub waiting: Arc<Waiting>,
    /// Proxies, behind which many clients are.
    pub trusted: Arc<[Cidr]>,
}

impl Bounds {
    /// Time in which a client has to take something of its answer.
    fn stall(&self) -> Duration {
        self.patience.saturating_mul(4)
    }
}

/// A listener that is bound and waits to serve.
#[derive(Clone)]
pub struct Bound {
    listener: Arc<TcpListener>,
    tls: Option<TlsAcceptor>,
    /// The address it really has (a port 0 becomes one).
    pub address: SocketAddr,
}

/// Takes an address.
///
/// # Errors
/// When it is taken or not ours.
pub async fn bind(address: SocketAddr, tls: Option<Arc<ServerConfig>>) -> io::Result<Bound> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    Ok(Bound { listener: Arc::new(listener), tls: tls.map(TlsAcceptor::from), address })
}

impl Bound {
    /// Serves until the program stops, then lets open requests finish for at most `grace`. The
    /// address stays taken in between when the service has to be started again.
    pub fn serve(
        self,
        name: &'static str,
        router: Router,
        bounds: Bounds,
        grace: Duration,
    ) -> Service {
        let run = move |_, stop| {
            let accepting = self.clone().accept(router.clone(), bounds.clone(), stop, grace);
            async move {
                accepting.await;
                Ok(())
            }
        };
        Service::new(name, run).essential()
    }

    async fn accept(self, router: Router, bounds: Bounds, mut stop: Shutdown, grace: Duration) {
        let (mut connections, sockets) = (JoinSet::new(), Sockets::new(stop.clone()));
        let graceful = GracefulShutdown::new();
        let room = Room::new(bounds.connections, bounds.patience, bounds.stall());
        let (refusals, failures) = (Seldom::default(), Seldom::default());
        loop {
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                Some(_) = connections.join_next() => continue,
                () = stop.requested() => break,
            };
            let (stream, peer) = match accepted {
                Ok(connection) => connection,
                Err(error) => {
                    // Out of file descriptors, mostly: somebody has to close some.
                    if let Some(times) = failures.now() {
                        tracing::warn!(%error, times, "connections could not be accepted");
                    }
                    room.shrink();
                    sleep(Duration::from_millis(100)).await;
                    continue;
                }
            };
            let proxy = bounds.trusted.iter().any(|network| network.contains(peer.ip()));
            let Some(turn) = bounds.waiting.enter((!proxy).then(|| peer.ip())) else {
                if let Some(times) = refusals.now() {
                    tracing::warn!(client_ip = %peer.ip(), times, "connections were closed: too many of their address ask for nothing");
                }
                continue;
            };
            // Nobody has to leave before somebody comes who needs the place.
            tokio::select! {
                () = room.make() => {}
                () = stop.requested() => break,
            }
            let connection = connection(
                (stream, peer),
                room.enter(turn),
                self.tls.clone(),
                router.clone(),
                bounds.clone(),
                graceful.watcher(),
                sockets.clone(),
            );
            connections.spawn(connection);
        }
        drop(self.listener);
        let ended = async {
            graceful.shutdown().await;
            sockets.ended().await;
        };
        if timeout(grace, ended).await.is_err() {
            tracing::warn!(address = %self.address, "some connections did not end in time and were cut off");
        }
    }
}

async fn connection(
    (stream, peer): (TcpStream, SocketAddr),
    place: Arc<Place>,
    tls: Option<TlsAcceptor>,
    router: Router,
    bounds: Bounds,
    watcher: Watcher,
    sockets: Sockets,
) {
    let _ = stream.set_nodelay(true);
    let stream = Flowing { stream, place: place.clone(), stall: bounds.stall(), stalled: None };
    let secure = tls.is_some();
    let at = place.clone();
    let service = service_fn(move |request: Request<Incoming>| {
        let work = at.work();
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        request.extensions_mut().insert(sockets.clone());
        if secure {
            request.extensions_mut().insert(Tls);
        }
        let answer = router.clone().oneshot(request);
        async move {
            answer.await.map(|response| {
                if response.status() == StatusCode::SWITCHING_PROTOCOLS {
                    work.upgraded();
                }
                response.map(|body| Answer { body, rest: Bytes::new(), work })
            })
        }
    });
    let builder = builder(&bounds);
    let serving = async {
        // How a connection ends (reset, broken request) is the client's affair.
        match tls {
            None => {
                let _ = watcher
                    .watch(
                        builder
                            .serve_connection_with_upgrades(TokioIo::new(stream), service)
                            .into_owned(),
                    )
                    .await;
            }
            Some(tls) => {
                if let Ok(stream) = tls.accept(stream).await {
                    place.greeted();
                    let _ = watcher
                        .watch(
                            builder
                                .serve_connection_with_upgrades(TokioIo::new(stream), service)
                                .into_owned(),
                        )
                        .await;
                }
            }
        }
    };
    tokio::select! {
        () = serving => {}
        () = place.over() => {}
    }
}

fn builder(bounds: &Bounds) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(bounds.patience)
        .max_buf_size(HEADERS)
        .max_headers(100);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(128)
        .max_header_list_size(u32::try_from(HEADERS).unwrap_or(u32::MAX))
        .keep_alive_interval(Some(bounds.stall()))
        .keep_alive_timeout(bounds.patience);
    builder
}

/// An answer on its way; its request is in work until it was handed over. It goes in parts, each
/// asked for when the one before was taken: by the socket in HTTP/1, by the window of its stream in
/// HTTP/2 (RFC 9113, section 5.2), which can stay shut while the connection itself is alive.
struct Answer {
    body: Body,
    /// What was produced and not handed over.
    rest: Bytes,
    work: Work,
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let Answer { body, rest, work } = &mut *self;
        if rest.is_empty() {
            let frame = match Pin::new(body).poll_frame(context) {
                Poll::Ready(Some(Ok(frame))) => frame,
                outcome => {
                    work.offered(false);
                    return outcome;
                }
            };
            match frame.into_data() {
                Ok(data) => *rest = data,
                Err(trailers) => {
                    work.offered(true);
                    return Poll::Ready(Some(Ok(trailers)));
                }
            }
        }
        work.offered(true);
        let part = rest.split_to(rest.len().min(PART));
        Poll::Ready(Some(Ok(Frame::data(part))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (rest, body) =
            (u64::try_from(self.rest.len()).unwrap_or(u64::MAX), self.body.size_hint());
        let mut hint = SizeHint::new();
        hint.set_lower(body.lower().saturating_add(rest));
        if let Some(upper) = body.upper() {
            hint.set_upper(upper.saturating_add(rest));
        }
        hint
    }
}

/// A stream whose other end has to take what it asked for, or is closed. It holds the place of its
/// connection, also when that has become something else than HTTP.
struct Flowing {
    stream: TcpStream,
    place: Arc<Place>,
    stall: Duration,
    stalled: Option<Pin<Box<Sleep>>>,
}

impl Flowing {
    fn watch<T>(
        &mut self,
        context: &mut Context<'_>,
        outcome: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if outcome.is_ready() {
            if self.stalled.take().is_some() {
                self.place.blocked(false);
            }
            return outcome;
        }
        if self.stalled.is_none() {
            self.place.blocked(true);
        }
        let stall = self.stall;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(stall)));
        stalled.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Flowing {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Flowing {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.watch(context, outcome)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write_vectored(context, bytes);
        self.watch(context, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
