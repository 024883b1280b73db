//! The import of a flow: a file sent as a form is applied, all or nothing.

use std::sync::Arc;

use axum::response::Response;
use countersign_core::{ApiError, Call, json};
use http::StatusCode;
use serde_json::{Map, json};

use crate::{apply, format::Document, instances::Surroundings, shipped};

/// Answers as the original does: 200 with `success` and what was said, 400 without a file.
pub(super) async fn import(given: Arc<Surroundings>, call: Call) -> Result<Response, ApiError> {
    let Some(file) = call.form_file("file").await? else {
        return Ok(json(StatusCode::BAD_REQUEST, &json!({"logs": [], "success": false})));
    };
    let outcome = applied(&given, &call, &String::from_utf8_lossy(&file)).await;
    let now = call.cx.clock.now().iso();
    let log = |level: &str, text: &str| json!({"timestamp": now, "log_level": level, "logger": "blueprints", "event": text, "attributes": {}});
    let (success, logs) = match outcome {
        Ok(notes) => (true, notes.iter().map(|note| log("warning", note)).collect::<Vec<_>>()),
        Err(problem) => (false, vec![log("error", &problem)]),
    };
    Ok(json(StatusCode::OK, &json!({"logs": logs, "success": success})))
}

async fn applied(given: &Surroundings, call: &Call, text: &str) -> Result<Vec<String>, String> {
    let document = Document::parse("import", text).map_err(|error| error.to_string())?;
    // Entries may name the built-in files.
    let mut library = shipped::documents().map_err(|error| error.to_string())?;
    let chosen = vec![library.len()];
    library.push(document);
    let job = Arc::new(given.job(
        call.cx.modules(),
        &call.cx.settings.secret_key,
        library,
        chosen,
        Map::new(),
    ));
    let who = call.caller.user.as_ref().map(|user| user.username.clone()).unwrap_or_default();
    let outcome = apply::commit(
        &call.cx.store,
        job,
        call.actor().through("flow import"),
        &format!("import by {who}"),
    )
    .await;
    outcome.map(|outcome| outcome.notes).map_err(|error| error.to_string())
}
