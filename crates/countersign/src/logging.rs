//! Logs: one JSON object a line on standard error, with the original's keys, sorted.

use std::{collections::BTreeMap, fmt, io::Write as _};

use countersign_model::Clock as _;
use countersign_store::SystemClock;
use serde_json::{Value as Json, json};
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    EnvFilter, Layer, Registry,
    layer::{Context, SubscriberExt as _},
};

use crate::{
    settings::Level,
    traces::{self, Traces},
};

/// Installs the log for the whole program.
pub fn start(level: Level) {
    start_with(level, None);
}

/// Installs log and traces for the whole program.
pub fn start_with(level: Level, traces: Option<&Traces>) {
    let filter = filter(level, traces.is_some());
    // A second call (tests) keeps the first log.
    let _ = match traces {
        None => {
            tracing::subscriber::set_global_default(Registry::default().with(filter).with(Lines))
        }
        Some(traces) => tracing::subscriber::set_global_default(
            Registry::default().with(filter).with(Lines).with(traces.layer()),
        ),
    };
}

/// What is heard. It is asked once for each place in the code: spans that nobody listens to cost
/// nothing there.
fn filter(level: Level, traced: bool) -> EnvFilter {
    let words = match level {
        Level::Trace => "trace",
        Level::Debug => "debug",
        Level::Info => "info",
        Level::Warning => "warn",
        Level::Error => "error",
    };
    // Libraries tell their own story only when something is wrong with them; not what calls every
    // answer of a passkey an error that anybody can send, and repeats it, nor what says so of LDAP
    // messages. Those are events.
    let quiet = if matches!(level, Level::Error) { "error" } else { "warn" };
    let quiet = format!("{quiet},webauthn_rs_core=off,ldap3_proto=off");
    let spans = if traced { format!(",{}=info", traces::TARGET) } else { String::new() };
    EnvFilter::new(format!("{quiet},countersign={words}{}{spans}", own_crates(words)))
}

fn own_crates(level: &str) -> String {
    [
        "model",
        "store",
        "rest",
        "directory",
        "events",
        "catalogue",
        "policy",
        "flow",
        "ldap",
        "blueprints",
        "oauth2",
        "pages",
    ]
    .iter()
    .map(|name| format!(",countersign_{name}={level}"))
    .collect()
}

/// Writes events as lines.
struct Lines;

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let mut line = Line(BTreeMap::new());
        event.record(&mut line);
        let level = match *event.metadata().level() {
            tracing::Level::WARN => "warning",
            tracing::Level::ERROR => "error",
            tracing::Level::INFO => "info",
            _ => "debug",
        };
        line.0.insert("level", json!(level));
        line.0
            .entry("logger")
            .or_insert_with(|| json!(event.metadata().target().replace("::", ".")));
        line.0.insert("pid", json!(std::process::id()));
        line.0.insert("timestamp", json!(SystemClock.now().iso()));
        line.0.entry("event").or_insert_with(|| json!(""));
        let text = serde_json::to_string(&line.0).unwrap_or_default();
        // Nobody is left to tell when standard error is gone.
        let _ = writeln!(std::io::stderr().lock(), "{text}");
    }
}

struct Line(BTreeMap<&'static str, Json>);

impl Line {
    fn put(&mut self, field: &Field, value: Json) {
        let name = if field.name() == "message" { "event" } else { field.name() };
        self.0.insert(name, value);
    }
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, json!(format!("{value:?}")));
    }
    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, json!(value));
    }
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, json!(value));
    }
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, json!(value));
    }
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, json!(value));
    }
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, json!(value));
    }
    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.put(field, json!(value.to_string()));
    }
}

/// A path and query fit for a log: values that could open a door are replaced.
pub fn masked(path: &str, query: &str) -> String {
    const HARMLESS: &[&str] = &[
        "page",
        "page_size",
        "ordering",
        "search",
        "response_type",
        "response_mode",
        "scope",
        "client_id",
        "designation",
        "slug",
        "name",
        "inspector",
        "prompt",
    ];
    let path = match path.strip_prefix("/recovery/use-token/") {
        Some(_) => "/recovery/use-token/***/",
        None => path,
    };
    if query.is_empty() {
        return path.to_owned();
    }
    let parts: Vec<String> = query
        .split('&')
        .map(|pair| match pair.split_once('=') {
            Some((name, _)) if !HARMLESS.contains(&name) => format!("{name}=***"),
            _ => pair.to_owned(),
        })
        .collect();
    // A log line is one line, whatever was asked for.
    format!("{path}?{}", parts.join("&")).chars().filter(|c| !c.is_control()).take(2000).collect()
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::{Registry, layer::SubscriberExt as _};

    use super::{filter, masked};
    use crate::settings::Level;

    #[test]
    fn spans_are_made_only_for_a_collector() {
        let made = |traced| {
            let subscriber = Registry::default().with(filter(Level::Debug, traced));
            tracing::subscriber::with_default(subscriber, || {
                !tracing::info_span!(target: "spans", "x", said = traced).is_disabled()
            })
        };
        assert!(!made(false));
        assert!(made(true));
        // Silence of the log is no silence of traces.
        let silent = Registry::default().with(filter(Level::Error, true));
        assert!(tracing::subscriber::with_default(silent, || {
            !tracing::info_span!(target: "spans", "y").is_disabled()
        }));
    }

    #[test]
    fn what_anybody_can_send_to_a_library_is_not_in_the_log() {
        let heard = |level| {
            let subscriber = Registry::default().with(filter(level, true));
            tracing::subscriber::with_default(subscriber, || {
                (
                    tracing::enabled!(target: "webauthn_rs_core::internals", tracing::Level::ERROR),
                    tracing::enabled!(target: "rustls::conn", tracing::Level::ERROR),
                )
            })
        };
        assert_eq!(heard(Level::Info), (false, true));
        assert_eq!(heard(Level::Trace), (false, true));
    }

    #[test]
    fn queries_lose_their_secrets() {
        assert_eq!(masked("/a/", ""), "/a/");
        assert_eq!(
            masked("/a/", "page=2&code=abc&flag&token=x"),
            "/a/?page=2&code=***&flag&token=***"
        );
        assert_eq!(masked("/recovery/use-token/abc/", ""), "/recovery/use-token/***/");
        assert_eq!(
            masked("/api/v3/flows/executor/x/", "query=next%3D%252Fauthorize%253Fcode%253D1"),
            "/api/v3/flows/executor/x/?query=***"
        );
    }
}
