//! Where an outpost listens: for browsers and front ends, and for those who watch over it.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{any, get};
use countersign_core::{RequestInfo, Shutdown, straighten};
use countersign_listener::{Bound, Bounds, Http, Listener};
use countersign_model::{Cidr, Entropy as _};
use countersign_store::SystemEntropy;
use http::{StatusCode, header};

use crate::link::Link;
use crate::{GRACE, Settings};

/// Connections of those who watch.
const WATCHERS: usize = 64;

/// A listener with what it serves.
pub(crate) struct Door {
    bound: Bound,
    router: Router,
    bounds: Bounds,
}

impl Door {
    pub(crate) async fn bind(
        listener: Listener,
        router: Router,
        bounds: &Bounds,
    ) -> Result<Door, String> {
        Ok(Door { bound: listener.bind().await?, router, bounds: bounds.clone() })
    }

    pub(crate) async fn serve(self, stop: Shutdown) {
        let Door { bound, router, bounds } = self;
        bound.run(Http::new(router, &bounds), bounds, stop, GRACE).await;
    }
}

/// The listener for metrics and probes.
///
/// # Errors
/// Its address cannot be used.
pub(crate) async fn metrics(
    settings: &Settings,
    link: &Arc<Link>,
    numbers: impl Fn() -> String + Clone + Send + Sync + 'static,
) -> Result<Door, String> {
    let link = link.clone();
    // Before anything was read, nothing is answered for.
    let ping = move || {
        let ready = link.is_ready();
        async move { if ready { StatusCode::NO_CONTENT } else { StatusCode::SERVICE_UNAVAILABLE } }
    };
    let exposition = move || {
        let text = numbers();
        async move { ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text) }
    };
    let router = Router::new()
        .route("/metrics", get(exposition))
        .route("/outpost.goauthentik.io/ping", any(ping));
    let (name, setting) = ("metrics", "listen.metrics");
    let listener = Listener { name, setting, address: settings.metrics, tls: None };
    let bounds = Bounds { connections: WATCHERS, ..settings.bounds.clone() };
    Door::bind(listener, router, &bounds).await
}

/// A router that answers every request, whose headers say where it came from only where they are
/// true.
pub(crate) fn router<F, R>(trusted: Arc<[Cidr]>, answer: F) -> Router
where
    F: Fn(Request) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Response> + Send + 'static,
{
    Router::new().fallback(move |mut request: Request| {
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0);
        straighten(request.headers_mut(), peer, &trusted);
        let is_trusted = peer.is_some_and(|peer| trusted.iter().any(|net| net.contains(peer.ip())));
        let (mut parts, body) = request.into_parts();
        let id = SystemEntropy.uuid().simple().to_string();
        let info = RequestInfo::read(&parts, id, peer, is_trusted, None);
        parts.extensions.insert(info);
        let answer = answer(Request::from_parts(parts, body));
        async move { answer.await.into_response() }
    })
}
