//! OpenTelemetry traces: what a request did and how long each part took, sent to a collector where
//! one is set.
//!
//! Whoever wants to be seen in them opens a span of the target [`TARGET`]. Without a collector
//! nothing listens to that target: a span is then one comparison. Spans carry names, numbers and
//! templates of paths; never a query, a value of a form or what is logged.

use std::{
    collections::HashMap,
    fmt,
    pin::Pin,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use bytes::Bytes;
use countersign_model::Secret;
use http::{HeaderMap, Request, Response};
use opentelemetry::{
    Context, KeyValue,
    propagation::TextMapPropagator as _,
    trace::{Link, SpanKind, TraceId, TraceState, TracerProvider as _},
};
use opentelemetry_http::{HeaderExtractor, HttpClient, HttpError};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::{
    Resource,
    propagation::TraceContextPropagator,
    trace::{Sampler, SamplingDecision, SamplingResult, SdkTracerProvider, ShouldSample},
};
use tokio::runtime::Handle;
use tracing::{Span, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::{Layer, filter::filter_fn, registry::LookupSpan};

use crate::{program, settings::Tracing};

/// The target of all spans that are sent.
pub const TARGET: &str = "spans";

/// A collector that does not take a batch within this time has lost it.
const PATIENCE: Duration = Duration::from_secs(5);

/// The way to the collector.
#[derive(Debug, Clone)]
pub struct Traces(SdkTracerProvider);

impl Traces {
    /// Sends to the collector of the settings, if they name one.
    ///
    /// # Errors
    /// A sentence when the settings cannot be meant.
    pub fn open(settings: &Tracing) -> Result<Option<Traces>, String> {
        let Some(endpoint) = &settings.otlp_endpoint else { return Ok(None) };
        let wrong = |error: &dyn fmt::Display| {
            format!("tracing.otlp_endpoint: traces cannot be sent: {error}")
        };
        let client = reqwest::Client::builder()
            .user_agent(concat!("countersign/", env!("CARGO_PKG_VERSION")))
            .timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| wrong(&error))?;
        let exporter = SpanExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(endpoint.of_traces())
            .with_headers(headers(settings.otlp_headers.as_ref()))
            .with_http_client(Courier {
                client,
                runtime: Handle::current(),
                failing: AtomicBool::new(false),
            })
            .build()
            .map_err(|error| wrong(&error))?;
        let resource = Resource::builder()
            .with_service_name(settings.service_name.clone())
            .with_attribute(KeyValue::new("service.version", program::VERSION))
            .build();
        let root = Box::new(Roots(Sampler::TraceIdRatioBased(settings.sample_rate.0)));
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_resource(resource)
            .with_sampler(Sampler::ParentBased(root))
            .build();
        Ok(Some(Traces(provider)))
    }

    /// Listens to the spans of [`TARGET`], and to nothing that is logged.
    pub fn layer<S: Subscriber + for<'a> LookupSpan<'a>>(&self) -> impl Layer<S> + use<S> {
        tracing_opentelemetry::layer()
            .with_tracer(self.0.tracer("countersign"))
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_level(false)
            .with_target(false)
            .with_filter(filter_fn(|metadata| metadata.is_span() && metadata.target() == TARGET))
    }

    /// Sends what is left.
    pub async fn close(self) {
        let _ = tokio::task::spawn_blocking(move || self.0.shutdown_with_timeout(PATIENCE)).await;
    }
}

/// Continues the trace a request belongs to (W3C Trace Context). Headers of strangers were removed
/// before.
pub fn continued(span: &Span, headers: &HeaderMap) {
    if !span.is_disabled() && headers.contains_key("traceparent") {
        let parent = TraceContextPropagator::new()
            .extract_with_context(&Context::new(), &HeaderExtractor(headers));
        // Without a listener there is nothing to continue.
        let _ = span.set_parent(parent);
    }
}

/// `name=value` separated by commas, values percent-encoded, as the standard variable has them.
fn headers(given: Option<&Secret>) -> HashMap<String, String> {
    let pairs = given
        .map(Secret::expose)
        .unwrap_or_default()
        .split(',')
        .filter_map(|pair| pair.split_once('='));
    let decoded = |value: &str| {
        percent_encoding::percent_decode_str(value.trim()).decode_utf8_lossy().into_owned()
    };
    pairs.map(|(name, value)| (name.trim().to_owned(), decoded(value))).collect()
}

/// A trace begins with a request or a job. What the server does by itself every second would drown
/// them.
#[derive(Debug, Clone)]
struct Roots(Sampler);

impl ShouldSample for Roots {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        trace: TraceId,
        name: &str,
        kind: &SpanKind,
        attributes: &[KeyValue],
        links: &[Link],
    ) -> SamplingResult {
        match kind {
            SpanKind::Server | SpanKind::Consumer => {
                self.0.should_sample(parent, trace, name, kind, attributes, links)
            }
            _ => SamplingResult {
                decision: SamplingDecision::Drop,
                attributes: Vec::new(),
                trace_state: TraceState::default(),
            },
        }
    }
}

/// Carries batches. The exporter has a thread of its own, without a runtime.
#[derive(Debug)]
struct Courier {
    client: reqwest::Client,
    runtime: Handle,
    failing: AtomicBool,
}

impl HttpClient for Courier {
    fn send_bytes<'a, 'b>(
        &'a self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'b>>
    where
        'a: 'b,
        Self: 'b,
    {
        Box::pin(async move {
            let client = self.client.clone();
            #[expect(clippy::disallowed_methods, reason = "awaited on a thread without a runtime")]
            let sent = self.runtime.spawn(async move {
                let answer = client.execute(request.try_into()?).await?;
                let mut response = Response::new(Bytes::new());
                *response.status_mut() = answer.status();
                *response.headers_mut() = answer.headers().clone();
                *response.body_mut() = answer.bytes().await?;
                Ok::<_, reqwest::Error>(response)
            });
            let answer = sent
                .await
                .map_err(HttpError::from)
                .and_then(|answer| answer.map_err(|error| HttpError::from(error.without_url())));
            self.tell(&answer);
            answer
        })
    }
}

impl Courier {
    /// An outage is one line at its begin and one at its end, not one for each batch.
    fn tell(&self, answer: &Result<Response<Bytes>, HttpError>) {
        let problem = match answer {
            Ok(response) if response.status().is_success() => None,
            Ok(response) => Some(format!("it answered with status {}", response.status())),
            Err(error) => Some(deepest(&**error)),
        };
        let was = self.failing.swap(problem.is_some(), Ordering::Relaxed);
        match problem {
            Some(problem) if !was => tracing::warn!(
                "the collector of traces (tracing.otlp_endpoint) does not take them: {problem}"
            ),
            None if was => tracing::info!("the collector takes traces again"),
            _ => {}
        }
    }
}

/// The deepest cause says most.
fn deepest(error: &(dyn std::error::Error + 'static)) -> String {
    std::iter::successors(Some(error), |error| error.source())
        .last()
        .map(ToString::to_string)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_as_the_standard_variable_has_them() {
        let read = headers(Some(&Secret::new("Authorization=Bearer%20abc, x-tenant = one")));
        assert_eq!(read.get("Authorization").map(String::as_str), Some("Bearer abc"));
        assert_eq!(read.get("x-tenant").map(String::as_str), Some("one"));
        assert!(headers(None).is_empty());
    }

    #[test]
    fn only_requests_and_jobs_begin_a_trace() {
        let begins = |kind: SpanKind| {
            Roots(Sampler::AlwaysOn)
                .should_sample(None, TraceId::from(1u128), "x", &kind, &[], &[])
                .decision
                == SamplingDecision::RecordAndSample
        };
        assert!(begins(SpanKind::Server) && begins(SpanKind::Consumer));
        assert!(!begins(SpanKind::Internal) && !begins(SpanKind::Client));
    }
}
