//! What monitoring learns of each request: numbers by route, and the outermost span of its trace.

use std::time::Duration;

use axum::{
    extract::{MatchedPath, Request},
    response::Response,
};
use countersign_core::{Elsewhere, RequestInfo, Service};
use http::Method;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tracing::{Span, field::Empty, info_span};

use crate::{program::VERSION, traces};

/// Starts counting; what was counted is read from the handle. Once in a process.
///
/// # Errors
/// A sentence when this process counts already.
pub fn start() -> Result<PrometheusHandle, String> {
    let numbers = PrometheusBuilder::new()
        .set_buckets(&[
            0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
        ])
        .and_then(PrometheusBuilder::install_recorder)
        .map_err(|error| format!("metrics do not start: {error}"))?;
    metrics::gauge!("authentik_version_info", "version" => VERSION, "latest" => VERSION, "build_hash" => "").set(1.0);
    metrics::gauge!("authentik_admin_workers", "version" => VERSION, "version_matched" => "true")
        .set(1.0);
    // Nothing is cached from one request to the next, which dashboards of the original may ask
    // about.
    for cached in ["authentik_flows_cached", "authentik_policies_cached"] {
        metrics::gauge!(cached, "tenant" => "public").set(0.0);
    }
    Ok(numbers)
}

/// Bounds the memory of what nobody asks for.
pub fn upkeep(numbers: &PrometheusHandle) -> Service {
    let numbers = numbers.clone();
    Service::new("metrics_upkeep", move |_, mut stop| {
        let numbers = numbers.clone();
        async move {
            while stop.sleep(Duration::from_secs(10)).await {
                numbers.run_upkeep();
            }
            Ok(())
        }
    })
}

/// A request while it runs. Labels are of the route table: whatever clients ask for, there are no
/// more of them.
pub struct Measured {
    view: String,
    /// Who answers it, in the words of the original.
    dest: &'static str,
    method: &'static str,
    pub span: Span,
}

impl Measured {
    /// Begins when a request comes in whose headers are true.
    pub fn begin(request: &Request) -> Measured {
        let route = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
        let method = known(request.method());
        let path = request.uri().path();
        // Probes and static files come often and tell little.
        let span = if path.starts_with("/-/") || path.starts_with("/static/") {
            Span::none()
        } else {
            info_span!(
                target: "spans",
                "request",
                otel.name = name(method, route),
                otel.kind = "server",
                otel.status_code = Empty,
                http.request.method = method,
                http.route = route,
                http.response.status_code = Empty,
                url.scheme = Empty,
                request.id = Empty,
            )
        };
        traces::continued(&span, request.headers());
        // The name that the original's framework has for what no route is.
        let view = route.unwrap_or("<unnamed view>").to_owned();
        let is_elsewhere = request.extensions().get::<Elsewhere>().is_some();
        let dest = if is_elsewhere { "embedded_outpost" } else { "core" };
        Measured { view, dest, method, span }
    }

    /// Ends with the answer.
    pub fn end(self, response: &Response, taken: Duration) {
        let Measured { view, dest, method, span } = self;
        let status = response.status();
        if let Some(info) = response.extensions().get::<RequestInfo>() {
            span.record("request.id", info.id.as_str());
            span.record("url.scheme", info.scheme);
        }
        span.record("http.response.status_code", i64::from(status.as_u16()));
        if status.is_server_error() {
            span.record("otel.status_code", "ERROR");
        }
        let seconds = taken.as_secs_f64();
        metrics::histogram!("authentik_main_request_duration_seconds", "dest" => dest)
            .record(seconds);
        metrics::histogram!("django_http_requests_latency_seconds_by_view_method", "view" => view.clone(), "method" => method).record(seconds);
        metrics::counter!("django_http_requests_total_by_method_total", "method" => method)
            .increment(1);
        metrics::counter!("django_http_responses_total_by_status_total", "status" => status.as_str().to_owned()).increment(1);
        metrics::counter!("django_http_responses_total_by_status_view_method_total", "status" => status.as_str().to_owned(), "view" => view, "method" => method)
            .increment(1);
    }
}

fn name(method: &str, route: Option<&str>) -> String {
    route.map_or_else(|| method.to_owned(), |route| format!("{method} {route}"))
}

/// Methods of our own making are one.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "_OTHER",
    }
}
