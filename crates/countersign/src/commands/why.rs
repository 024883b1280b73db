//! `countersign why-denied`: the explanation in words.

use countersign_core::RequestInfo;
use countersign_policy::explain::explain;
use http::Request;
use serde_json::Value;

use crate::{settings::Loaded, start};

/// Explains, also while the server runs.
///
/// # Errors
/// A sentence when there is no such account or application.
pub async fn run(
    loaded: &Loaded,
    user: &str,
    application: &str,
    as_json: bool,
) -> Result<(), String> {
    start::must_have_data(&loaded.settings)?;
    let (cx, policies) = start::look(&loaded.settings).await?;
    let (parts, ()) = Request::new(()).into_parts();
    let told = explain(&policies, &cx, &RequestInfo::of(&parts), user, application).await;
    cx.store.close().await;
    let told = told.map_err(|error| error.to_string())?;
    if as_json {
        println!("{}", serde_json::to_string_pretty(&told).unwrap_or_default());
    } else {
        print!("{}", in_words(&told));
    }
    Ok(())
}

fn in_words(told: &Value) -> String {
    let text = |pointer: &str| {
        told.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let list = |pointer: &str| {
        told.pointer(pointer).and_then(Value::as_array).cloned().unwrap_or_default()
    };
    let passing = told.get("passing") == Some(&Value::Bool(true));
    let mut lines = vec![format!(
        "{} {} open \"{}\" ({}).",
        text("/user/username"),
        if passing { "may" } else { "may not" },
        text("/application/name"),
        text("/application/slug")
    )];
    lines.extend(
        list("/reasons").iter().filter_map(Value::as_str).map(|reason| format!("  - {reason}")),
    );
    let groups: Vec<String> =
        list("/user/groups").iter().filter_map(Value::as_str).map(str::to_owned).collect();
    lines.push(format!(
        "Groups: {}.",
        if groups.is_empty() { "none".to_owned() } else { groups.join(", ") }
    ));
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
        let outcome = if step.get("passing") == Some(&Value::Bool(true)) {
            "passes"
        } else {
            "does not pass"
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
