//! Listeners: plain and TLS, any number of connections up to a bound, and an orderly end.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, body::Body, extract::ConnectInfo};
use countersign_rest::Tls;
use http::Request;
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{
        conn::auto,
        graceful::{GracefulShutdown, Watcher},
    },
};
use rustls::ServerConfig;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt as _;

/// Connections a listener holds at once; more wait to be accepted.
const CONNECTIONS: usize = 4096;
/// Time for the headers of a request, and for a TLS handshake.
const GREETING: Duration = Duration::from_secs(15);
/// Bytes of the headers of a request.
const HEADERS: usize = 64 * 1024;

/// A listener that is bound and waits to serve.
pub struct Bound {
    listener: TcpListener,
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
    Ok(Bound { listener, tls: tls.map(TlsAcceptor::from), address })
}

impl Bound {
    /// Serves until `stop` becomes true, then lets open requests finish for at most `patience`.
    pub async fn serve(self, router: Router, mut stop: watch::Receiver<bool>, patience: Duration) {
        let graceful = GracefulShutdown::new();
        let room = Arc::new(Semaphore::new(CONNECTIONS));
        loop {
            let Ok(place) = room.clone().acquire_owned().await else { break };
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                _ = stop.wait_for(|stop| *stop) => break,
            };
            let (stream, peer) = match accepted {
                Ok(connection) => connection,
                Err(error) => {
                    // Out of file descriptors, mostly: there is nothing to do but wait for some to be closed.
                    tracing::warn!(%error, "a connection could not be accepted");
                    sleep(Duration::from_millis(100)).await;
                    continue;
                }
            };
            let connection = connection(stream, peer, self.tls.clone(), router.clone(), graceful.watcher());
            tokio::spawn(async move {
                connection.await;
                drop(place);
            });
        }
        drop(self.listener);
        if timeout(patience, graceful.shutdown()).await.is_err() {
            tracing::warn!(address = %self.address, "some requests did not finish in time and were cut off");
        }
    }
}

async fn connection(stream: TcpStream, peer: SocketAddr, tls: Option<TlsAcceptor>, router: Router, watcher: Watcher) {
    let _ = stream.set_nodelay(true);
    let secure = tls.is_some();
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        if secure {
            request.extensions_mut().insert(Tls);
        }
        router.clone().oneshot(request)
    });
    let builder = builder();
    // How a connection ends (reset, broken request) is the client's affair.
    match tls {
        None => {
            let _ = watcher.watch(builder.serve_connection(TokioIo::new(stream), service).into_owned()).await;
        }
        Some(tls) => {
            if let Ok(Ok(stream)) = timeout(GREETING, tls.accept(stream)).await {
                let _ = watcher.watch(builder.serve_connection(TokioIo::new(stream), service).into_owned()).await;
            }
        }
    }
}

fn builder() -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(GREETING).max_buf_size(HEADERS).max_headers(100);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(128)
        .max_header_list_size(u32::try_from(HEADERS).unwrap_or(u32::MAX))
        .keep_alive_interval(Some(Duration::from_secs(60)))
        .keep_alive_timeout(GREETING);
    builder
}
