//! What probes and monitoring ask for.

use std::time::Duration;

use axum::{
    Extension, Router,
    extract::State,
    response::{IntoResponse as _, Response},
    routing::{any, get},
};
use countersign_core::{Context, RequestInfo, Route, Routes};
use countersign_store::{Owner, StoreError, params};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use metrics_exporter_prometheus::PrometheusHandle;
use subtle::ConstantTimeEq as _;

use crate::settings::Settings;
use countersign_core::Health;

/// What the monitoring paths need.
#[derive(Clone)]
pub struct Monitoring {
    /// To ask whether the store answers.
    pub context: Context,
    /// The numbers.
    pub metrics: PrometheusHandle,
    pub services: Health,
    /// Whether Redis must answer too.
    pub redis: bool,
    /// The bearer key of `/-/metrics/`.
    pub key: String,
}

impl Monitoring {
    /// Of a process that is ready.
    pub fn new(
        context: &Context,
        settings: &Settings,
        metrics: PrometheusHandle,
        services: Health,
    ) -> Monitoring {
        let text = format!("metrics key\0{}", context.settings.secret_key.expose());
        let key =
            countersign_store::sha256(&text).iter().map(|byte| format!("{byte:02x}")).collect();
        let (context, redis) = (context.clone(), settings.redis.is_set());
        Monitoring { context, metrics, services, redis, key }
    }
}

const LIVE: &str = "/-/health/live/";
const READY: &str = "/-/health/ready/";
const METRICS: &str = "/-/metrics/";
/// What probes ask, whichever host they name.
pub const PATHS: [&str; 3] = [LIVE, READY, METRICS];

/// The paths of the main listeners.
pub fn routes(monitoring: Monitoring) -> Vec<Route> {
    let over = Routes::over(move |_| monitoring.clone());
    vec![
        over.at([], LIVE, || async { StatusCode::OK }),
        over.at([Method::GET, Method::HEAD], READY, ready),
        over.at([Method::GET, Method::HEAD], METRICS, guarded_metrics),
    ]
}

/// The paths of the metrics listener, where nobody is asked who they are.
pub fn metrics_router(monitoring: Monitoring) -> Router {
    Router::new()
        .route(
            "/metrics",
            get(
                |State(monitoring): State<Monitoring>| async move { exposition(&monitoring).await },
            ),
        )
        .route(LIVE, any(|| async { StatusCode::OK }))
        .route(READY, get(ready))
        .with_state(monitoring)
}

async fn ready(
    State(monitoring): State<Monitoring>,
    info: Option<Extension<RequestInfo>>,
) -> Response {
    let store = &monitoring.context.store;
    let asked =
        store.read(|sql| Ok::<_, StoreError>(sql.query_one("SELECT 1", params![])?.is_some()));
    // A probe waits less than people do.
    let tables = tokio::time::timeout(Duration::from_secs(2), asked)
        .await
        .unwrap_or_else(|_| Err(StoreError::Away("no answer within 2 s".to_owned())));
    let shared = if monitoring.redis {
        store.ephemeral().put("health", "ready", Vec::new(), 60, Owner::Program).await
    } else {
        Ok(())
    };
    let mut reasons = serde_json::Map::new();
    match tables {
        Ok(true) => {}
        Ok(false) => drop(reasons.insert("database".to_owned(), "it answers nothing".into())),
        Err(error) => drop(reasons.insert("database".to_owned(), error.to_string().into())),
    }
    if let Err(error) = shared {
        reasons.insert("redis".to_owned(), error.to_string().into());
    }
    let down = monitoring.services.all_down();
    let ready = reasons.is_empty() && !down.values().any(|down| down.essential);
    if !down.is_empty() {
        let down = down.into_iter().map(|(name, down)| (name.to_owned(), down.problem.into()));
        reasons.insert("services".to_owned(), serde_json::Value::Object(down.collect()));
    }
    // What is wrong inside is nobody's business outside.
    let seen = !reasons.is_empty() && info.is_some_and(|info| info.client_ip.is_loopback());
    let body = serde_json::Value::Object(reasons).to_string();
    let mut response = if seen {
        ([(header::CONTENT_TYPE, "application/json")], body).into_response()
    } else {
        ().into_response()
    };
    if !ready {
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
    }
    response
}

async fn guarded_metrics(State(monitoring): State<Monitoring>, headers: HeaderMap) -> Response {
    let given = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "))
        .unwrap_or_default();
    if bool::from(given.as_bytes().ct_eq(monitoring.key.as_bytes())) {
        exposition(&monitoring).await
    } else {
        StatusCode::UNAUTHORIZED.into_response()
    }
}

async fn exposition(monitoring: &Monitoring) -> Response {
    // Numbers are given also while the database is away.
    match tokio::time::timeout(
        Duration::from_secs(2),
        countersign_jobs::measure(&monitoring.context),
    )
    .await
    {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "tasks are not counted"),
        Err(_) => tracing::debug!("tasks are not counted: no answer within 2 s"),
    }
    let snapshot = monitoring.context.snapshot();
    metrics::gauge!("countersign_configuration_objects")
        .set(f64::from(u32::try_from(snapshot.len()).unwrap_or(u32::MAX)));
    metrics::gauge!("countersign_configuration_revision")
        .set(f64::from(i32::try_from(snapshot.revision()).unwrap_or(i32::MAX)));
    (
        [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")],
        monitoring.metrics.render(),
    )
        .into_response()
}
