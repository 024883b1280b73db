//! `countersign why-denied`, `replay` and `simulate`: explanations in words.

use std::path::Path;

use countersign_core::{Context, RequestInfo};
use countersign_explain::{Again, Asked, Counts, Deps, Impact, replay, simulate};
use countersign_flow::{FlowContext, find_runs, for_people};
use countersign_model::Timestamp;
use countersign_policy::Engine;
use countersign_policy::explain::explain;
use http::Request;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::{settings::Loaded, start};

/// A time on the command line.
///
/// # Errors
/// For what is no time.
pub fn moment(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text).ok_or_else(|| "write a time as 2026-01-31T12:00:00Z".to_owned())
}

/// The text of an edit; null without one.
///
/// # Errors
/// A file that cannot be read.
pub fn edit(file: Option<&Path>) -> Result<Value, String> {
    let Some(file) = file else { return Ok(Value::Null) };
    let text = std::fs::read_to_string(file)
        .map_err(|error| format!("{} cannot be read: {error}", file.display()))?;
    Ok(Value::String(text))
}

/// What is looked at, also while the server runs.
struct Looking {
    cx: Context,
    policies: Engine,
    deps: Deps,
}

impl Looking {
    async fn at(loaded: &Loaded) -> Result<Looking, String> {
        start::must_have_data(&loaded.settings)?;
        let (cx, policies, deps) = start::look(&loaded.settings).await?;
        Ok(Looking { cx, policies, deps })
    }

    fn flows(&self) -> FlowContext {
        self.deps.flows.over(&self.cx)
    }

    async fn done<T>(self, told: Result<T, String>) -> Result<T, String> {
        self.cx.store.close().await;
        told
    }

    async fn run(&self, name: &str) -> Result<Uuid, String> {
        let found = find_runs(&self.flows(), name).await.map_err(|error| error.to_string())?;
        match found.as_slice() {
            [run] => Ok(*run),
            [] => Err(format!(
                "there is no run \"{name}\". Name it by the number on the page, as 7F3K-92QD, or name a user and an application"
            )),
            many => Err(format!(
                "\"{name}\" begins the numbers of {} runs: write more of it",
                many.len()
            )),
        }
    }
}

fn print(as_json: bool, told: &Value, in_words: impl FnOnce(&Value) -> String) {
    if as_json {
        println!("{}", serde_json::to_string_pretty(told).unwrap_or_default());
    } else {
        print!("{}", in_words(told));
    }
}

fn no_request() -> RequestInfo {
    let (parts, ()) = Request::new(()).into_parts();
    RequestInfo::of(&parts)
}

/// Why a user may or may not open an application.
///
/// # Errors
/// A sentence when there is no such account or application.
pub async fn denied(
    loaded: &Loaded,
    user: &str,
    application: &str,
    as_json: bool,
) -> Result<(), String> {
    let at = Looking::at(loaded).await?;
    let told = explain(&at.policies, &at.cx, &no_request(), user, application).await;
    let told = at.done(told.map_err(|error| error.to_string())).await?;
    print(as_json, &told, in_words);
    Ok(())
}

/// What happened in a recorded run.
///
/// # Errors
/// A sentence when there is no such run.
pub async fn recorded(loaded: &Loaded, name: &str, as_json: bool) -> Result<(), String> {
    let at = Looking::at(loaded).await?;
    let told = look_at(&at, name).await;
    let told = Value::Object(at.done(told).await?);
    print(as_json, &told, run_in_words);
    Ok(())
}

async fn look_at(at: &Looking, name: &str) -> Result<Map<String, Value>, String> {
    let run = at.run(name).await?;
    let found = for_people(&at.flows(), run, true).await.map_err(|error| error.to_string())?;
    found.ok_or_else(|| format!("there is no run \"{name}\""))
}

/// A recorded run, made again.
///
/// # Errors
/// A sentence when there is no such run, or the edit cannot be made.
pub async fn replayed(
    loaded: &Loaded,
    name: &str,
    changes: Option<&Path>,
    as_json: bool,
) -> Result<(), String> {
    let changes = edit(changes)?;
    let at = Looking::at(loaded).await?;
    let again = make_again(&at, name, &changes).await;
    let again = at.done(again).await?;
    let told = serde_json::to_value(&again).unwrap_or_default();
    print(as_json, &told, |_| again_in_words(&again));
    Ok(())
}

async fn make_again(at: &Looking, name: &str, changes: &Value) -> Result<Again, String> {
    let run = at.run(name).await?;
    replay(&at.deps, &at.flows(), run, changes).await.map_err(|error| error.to_string())
}

/// A sign-in that nobody made.
///
/// # Errors
/// A sentence when there is no such account or application, or the edit cannot be made.
pub async fn simulated(loaded: &Loaded, asked: &Asked, as_json: bool) -> Result<(), String> {
    let at = Looking::at(loaded).await?;
    let told = simulate(&at.deps, &at.flows(), &no_request(), asked).await;
    let told = Value::Object(at.done(told.map_err(|error| error.to_string())).await?);
    print(as_json, &told, in_words);
    Ok(())
}

/// Who would gain or lose access if an edit were made.
///
/// # Errors
/// A sentence when the edit cannot be made.
pub async fn impact(loaded: &Loaded, file: &Path, as_json: bool) -> Result<(), String> {
    let changes = edit(Some(file))?;
    let at = Looking::at(loaded).await?;
    let found = countersign_explain::impact(&at.deps, &at.flows(), &changes, |_, _| true).await;
    let found = at.done(found.map_err(|error| error.to_string())).await?;
    let told = serde_json::to_value(&found).unwrap_or_default();
    print(as_json, &told, |_| impact_in_words(&found));
    Ok(())
}

fn impact_in_words(found: &Impact) -> String {
    let mut lines: Vec<String> =
        found.changes.iter().map(|change| format!("With: {change}")).collect();
    lines.push(match found.applications.as_slice() {
        [] => "The edit touches the access to no application.".to_owned(),
        some => format!("{} people at {} were looked at.", found.people, some.join(", ")),
    });
    for (word, count, named) in [
        ("would gain access", found.counts.gained, &found.gained),
        ("would lose access", found.counts.lost, &found.lost),
        ("may gain or lose access, which is not known", found.counts.unknown, &found.unknown),
    ] {
        if count > 0 {
            lines.push(format!("{count} {word}:"));
            lines.extend(
                named.iter().map(|one| format!("  {} at {}", one.username, one.application)),
            );
        }
    }
    if !found.applications.is_empty() && found.counts == Counts::default() {
        lines.push("Nobody would gain or lose access.".to_owned());
    }
    lines.push("Nothing was changed, sent or recorded.\n".to_owned());
    lines.join("\n")
}

fn again_in_words(again: &Again) -> String {
    let mut lines = vec![format!("Run {}, which ended \"{}\":", again.trace, again.outcome)];
    lines.extend(again.changes.iter().map(|change| format!("  with: {change}")));
    lines.push(
        match again.same {
            Some(true) => "Every decision comes out as it did.",
            Some(false) => "Not every decision comes out as it did:",
            None => "Whether every decision comes out as it did is not known:",
        }
        .to_owned(),
    );
    lines.extend(again.reasons.iter().map(|reason| format!("  - {reason}")));
    lines.push("Nothing was changed, sent or recorded.\n".to_owned());
    lines.join("\n")
}

fn run_in_words(run: &Value) -> String {
    let text = |name: &str| run.get(name).and_then(Value::as_str).unwrap_or_default();
    let application = run.pointer("/application/name").and_then(Value::as_str);
    let mut lines = vec![format!(
        "{} ({}) of {} from {}, begun at {}: {}",
        text("flow"),
        text("trace"),
        run.get("username").and_then(Value::as_str).unwrap_or("somebody"),
        run.get("client_ip").and_then(Value::as_str).unwrap_or("an unknown address"),
        text("started"),
        text("outcome"),
    )];
    if !text("reason").is_empty() {
        lines.push(format!("Why: {}", text("reason")));
    }
    lines.extend(application.map(|name| format!("For the application {name}.")));
    for step in run.get("steps").and_then(Value::as_array).into_iter().flatten() {
        let text = |name: &str| step.get(name).and_then(Value::as_str).unwrap_or_default();
        if step.get("policies").is_none() {
            lines.push(format!("- {} ({}): {}", text("stage"), text("model"), text("outcome")));
            continue;
        }
        let passing = step.pointer("/policies/passing") == Some(&Value::Bool(true));
        lines.push(format!(
            "- policies of {}: {}",
            text("about"),
            if passing { "yes" } else { "no" }
        ));
        lines.extend(steps(step.pointer("/policies/steps")));
    }
    lines.push(String::new());
    lines.join("\n")
}

fn in_words(told: &Value) -> String {
    let text = |pointer: &str| {
        told.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let list = |pointer: &str| {
        told.pointer(pointer).and_then(Value::as_array).cloned().unwrap_or_default()
    };
    let verb = match told.get("passing").and_then(Value::as_bool) {
        Some(true) => "may",
        Some(false) => "may not",
        None => "may or may not",
    };
    let mut lines = vec![format!(
        "{} {verb} open \"{}\" ({}).",
        text("/user/username"),
        text("/application/name"),
        text("/application/slug")
    )];
    lines.extend(
        list("/reasons").iter().filter_map(Value::as_str).map(|reason| format!("  - {reason}")),
    );
    let groups: Vec<String> =
        list("/user/groups").iter().filter_map(Value::as_str).map(str::to_owned).collect();
    if told.pointer("/user/groups").is_some() {
        let named = if groups.is_empty() { "none".to_owned() } else { groups.join(", ") };
        lines.push(format!("Groups: {named}."));
    }
    lines.extend(
        list("/changes").iter().filter_map(Value::as_str).map(|change| format!("With: {change}")),
    );
    lines.push(format!("Rules of the application (mode: {}):", text("/trace/mode")));
    lines.extend(steps(told.pointer("/trace/steps")));
    for flow in list("/flows") {
        let slug = flow.get("slug").and_then(Value::as_str).unwrap_or_default();
        let inner = steps(flow.pointer("/trace/steps"));
        if !inner.is_empty() {
            lines.push(format!("Rules of the flow {slug}:"));
            lines.extend(inner);
        }
    }
    if lines.last().is_some_and(|line| line.ends_with("):")) {
        lines.push("  none: everybody may".to_owned());
    }
    for run in list("/runs") {
        let part =
            |name: &str| run.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        lines.push(format!(
            "Recorded: the flow {} ended \"{}\" at {}",
            part("flow"),
            part("outcome"),
            part("started")
        ));
    }
    for event in list("/events") {
        let part =
            |name: &str| event.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        lines.push(format!(
            "Event: {} at {} from {}",
            part("action"),
            part("created"),
            part("client_ip")
        ));
    }
    lines.push(String::new());
    lines.join("\n")
}

fn steps(steps: Option<&Value>) -> Vec<String> {
    let step = |step: &Value| {
        let part =
            |name: &str| step.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let outcome = match step.get("passing").and_then(Value::as_bool) {
            Some(true) => "passes",
            Some(false) => "does not pass",
            None => "may or may not pass",
        };
        let messages: Vec<&str> = step
            .get("messages")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let said =
            if messages.is_empty() { String::new() } else { format!(": {}", messages.join(" ")) };
        format!(
            "  {} \"{}\" {outcome}{said}   [binding {}]",
            part("kind"),
            part("name"),
            part("binding")
        )
    };
    steps.and_then(Value::as_array).into_iter().flatten().map(step).collect()
}
