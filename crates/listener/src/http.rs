//! HTTP over a listener: each request asks a router, and counts as work of its connection.

use std::{
    pin::{Pin, pin},
    task::{Context, Poll},
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::ConnectInfo,
};
use countersign_core::{Shutdown, Tls};
use http::{Request, StatusCode};
use hyper::{
    body::{Body as HttpBody, Frame, Incoming, SizeHint},
    service::service_fn,
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
};
use tower::ServiceExt as _;

use crate::{Bounds, Conn, Protocol, places::Work};

/// Bytes of the headers of a request.
const HEADERS: usize = 64 * 1024;
/// Bytes of an answer that are handed over at once, and have to be taken before the next.
const PART: usize = 16 * 1024;

/// HTTP/1.1 and HTTP/2, with upgrades.
#[derive(Clone)]
pub struct Http {
    router: Router,
    bounds: Bounds,
}

impl Http {
    pub fn new(router: Router, bounds: &Bounds) -> Http {
        Http { router, bounds: bounds.clone() }
    }
}

impl Protocol for Http {
    async fn serve(&self, conn: Conn, mut stop: Shutdown) {
        let Conn { stream, peer, secure, certificate, sockets, place } = conn;
        let router = self.router.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let work = place.work();
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo(peer));
            request.extensions_mut().insert(sockets.clone());
            if secure {
                request.extensions_mut().insert(Tls);
            }
            if let Some(certificate) = &certificate {
                request.extensions_mut().insert(certificate.clone());
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
        let builder = builder(&self.bounds);
        let serving = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
        let mut serving = pin!(serving);
        // How a connection ends (reset, broken request) is the client's affair.
        tokio::select! {
            _ = serving.as_mut() => {}
            () = stop.requested() => {
                serving.as_mut().graceful_shutdown();
                let _ = serving.await;
            }
        }
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
