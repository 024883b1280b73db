//! What surrounds the handler of each route, as its row says: who may call, how often, how much of
//! a body comes in, and in which time.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::{Request, State},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
    routing::MethodRouter,
};
use countersign_accounts::through_outpost;
use countersign_core::{Access, ApiError, Context, RequestInfo, Route, Stack};
use countersign_model::Cidr;
use countersign_rest::admit;
use http::{HeaderValue, StatusCode, header};

use super::{
    bodies::{Bodies, bounded},
    layers::{client, failure},
    throttle::Throttle,
};

/// What all routes share.
#[derive(Clone)]
pub struct Shared {
    pub context: Context,
    /// Proxies that may speak for their clients.
    pub trusted: Arc<[Cidr]>,
    /// How long a request may take where its stack bounds it.
    pub timeout: Duration,
    pub bodies: Arc<Bodies>,
    pub throttle: Arc<Throttle>,
}

/// Puts around a handler what its row says.
pub fn surround(shared: &Shared, route: &Route, handler: MethodRouter) -> MethodRouter {
    handler.layer(middleware::from_fn_with_state((shared.clone(), route.clone()), layer))
}

async fn layer(
    State((shared, route)): State<(Shared, Route)>,
    request: Request,
    next: Next,
) -> Response {
    if route.stack == Stack::Stream {
        return admitted(&shared, &route, request, next).await;
    }
    let client = client(&request, &shared.trusted);
    bounded(&shared.bodies, client, request, async |request| {
        match tokio::time::timeout(shared.timeout, admitted(&shared, &route, request, next)).await {
            Ok(response) => response,
            Err(_) => {
                let text = "The server took too long to answer. Try again.";
                let mut response = failure(StatusCode::SERVICE_UNAVAILABLE, text);
                response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
                response
            }
        }
    })
    .await
}

async fn admitted(shared: &Shared, route: &Route, mut request: Request, next: Next) -> Response {
    if let Some(info) = request.extensions().get::<RequestInfo>().cloned() {
        match through_outpost(&shared.context, request.headers(), &info).await {
            Ok(Some(info)) => drop(request.extensions_mut().insert(info)),
            Ok(None) => {}
            Err(error) => return ApiError::from(error).into_response(),
        }
    }
    if let Some(refusal) = shared.throttle.refusal(route.throttle, &mut request) {
        return refusal;
    }
    if route.access == Access::public() {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    match admit(&shared.context, &route.access, &parts).await {
        Ok(admitted) => {
            parts.extensions.insert(admitted);
            next.run(Request::from_parts(parts, body)).await
        }
        Err(refusal) => refusal,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use axum::body::Body;
    use countersign_core::Routes;
    use countersign_listener::{Http, Listener};
    use http::Method;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;

    use super::*;
    use crate::serve::{
        bounds,
        supervisor::{Backoff, Supervisor, tests::World},
        surrounded,
    };

    const GIGABYTE: u64 = 1024 * 1024 * 1024;
    /// More than the buffers of two connections, much less than what goes through them.
    const HELD: u64 = 64 * 1024 * 1024;
    const SETTINGS: [(&str, &str); 2] = [("web.request_timeout", "1"), ("web.bodies", "1")];

    /// Gives back what comes in, after longer than a request may take elsewhere.
    async fn echo(request: Request) -> Response {
        tokio::time::sleep(Duration::from_millis(1500)).await;
        Response::new(request.into_body())
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_gigabyte_streams_through_without_being_held() {
        let world = World::with(&SETTINGS).await;
        let row = Routes::over(|_| ()).at([Method::POST], "/test/", echo).stack(Stack::Stream);
        let bounds = bounds(&world.settings);
        let router = surrounded(&[row], &world.cx, &world.settings, &bounds);
        let address = ([127, 0, 0, 1], 0).into();
        let listener = Listener { name: "http", setting: "listen.http", address, tls: None };
        let bound = listener.bind().await.unwrap();
        let address = bound.address;
        let mut supervisor = Supervisor::new(&world.cx, Backoff::DEFAULT);
        let protocol = Http::new(router, &bounds);
        supervisor.start([bound.serve(protocol, bounds, Duration::from_secs(5))]);

        let (mut from, mut to) = TcpStream::connect(address).await.unwrap().into_split();
        let head = format!(
            "POST /test/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {GIGABYTE}\r\n\r\n"
        );
        let sent = Arc::new(AtomicU64::new(0));
        let sending = {
            let sent = sent.clone();
            async move {
                to.write_all(head.as_bytes()).await.unwrap();
                let part = vec![b'x'; 256 * 1024];
                while sent.load(Ordering::Relaxed) < GIGABYTE {
                    to.write_all(&part).await.unwrap();
                    sent.fetch_add(part.len() as u64, Ordering::Relaxed);
                }
                to
            }
        };
        let receiving = async {
            let (mut part, mut received, mut most) = (vec![0; 256 * 1024], 0, 0);
            while received < GIGABYTE {
                let read = from.read(&mut part).await.unwrap();
                assert!(read > 0, "the answer ended after {received} bytes");
                received += read as u64;
                most = most.max(sent.load(Ordering::Relaxed).saturating_sub(received));
            }
            most
        };
        let (_open, most) = tokio::join!(sending, receiving);
        assert!(most < HELD, "{most} bytes were held at once");
        assert_eq!(sent.load(Ordering::Relaxed), GIGABYTE);
        supervisor.stop(Duration::from_secs(20)).await;
        world.cx.store.close().await;
    }

    #[tokio::test]
    async fn elsewhere_a_request_that_takes_too_long_is_answered() {
        let world = World::with(&SETTINGS).await;
        let row = Routes::over(|_| ()).at([Method::POST], "/test/", echo);
        let router = surrounded(&[row], &world.cx, &world.settings, &bounds(&world.settings));
        let request = Request::post("/test/").body(Body::empty()).unwrap();
        let answer = tower::ServiceExt::oneshot(router, request).await.unwrap();
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        world.cx.store.close().await;
    }
}
