//! The import of a flow: a file sent as a form is applied, all or nothing.

use std::sync::Arc;

use axum::response::Response;
use countersign_rest::{ApiError, Call, json};
use http::StatusCode;
use serde_json::{Map, json};

use crate::{
    apply,
    format::{Document, Tag, Value, ValueKind},
    instances::Surroundings,
    shipped,
};

/// Answers as the original does: 200 with `success` and what was said, 400 without a file.
pub(super) async fn import(call: Call) -> Result<Response, ApiError> {
    let Some(file) = call.form_file("file").await? else {
        return Ok(json(StatusCode::BAD_REQUEST, &json!({"logs": [], "success": false})));
    };
    let outcome = applied(&call, &String::from_utf8_lossy(&file)).await;
    let now = call.cx.clock.now().iso();
    let log = |level: &str, text: &str| json!({"timestamp": now, "log_level": level, "logger": "blueprints", "event": text, "attributes": {}});
    let (success, logs) = match outcome {
        Ok(notes) => (true, notes.iter().map(|note| log("warning", note)).collect::<Vec<_>>()),
        Err(problem) => (false, vec![log("error", &problem)]),
    };
    Ok(json(StatusCode::OK, &json!({"logs": logs, "success": success})))
}

async fn applied(call: &Call, text: &str) -> Result<Vec<String>, String> {
    let document = Document::parse("import", text).map_err(|error| error.to_string())?;
    let parts = document.entries.iter().flat_map(|entry| {
        let named = entry.identifiers.iter().chain(&entry.attrs).map(|(_, value)| value);
        named.chain(&entry.conditions).chain(&entry.permissions).chain([&entry.model, &entry.state])
    });
    if parts.chain(document.context.iter().map(|(_, value)| value)).any(reaches_out) {
        return Err("!Env and !File read what belongs to the machine of the server: write the values themselves into a file that is sent".to_owned());
    }
    let surroundings = call.cx.extensions::<Surroundings>().next().ok_or("this program has no place for blueprints")?;
    // Entries may name the built-in files.
    let mut library = shipped::documents().map_err(|error| error.to_string())?;
    let chosen = vec![library.len()];
    library.push(document);
    let job = Arc::new(surroundings.job(library, chosen, Map::new()));
    let who = call.caller.user.as_ref().map(|user| user.username.clone()).unwrap_or_default();
    let outcome = apply::commit(&call.cx.store, job, &format!("import by {who}")).await;
    outcome.map(|outcome| outcome.notes).map_err(|error| error.to_string())
}

/// Whether a value asks for the environment or for files: an administrator of accounts is none of the machine.
fn reaches_out(value: &Value) -> bool {
    let tag = match &value.kind {
        ValueKind::Plain(_) => return false,
        ValueKind::List(items) => return items.iter().any(reaches_out),
        ValueKind::Map(members) => return members.iter().any(|(_, member)| reaches_out(member)),
        ValueKind::Tag(tag) => tag,
    };
    match &**tag {
        Tag::Env { .. } | Tag::File { .. } => true,
        Tag::KeyOf(_) | Tag::Index(_) | Tag::Item(_) => false,
        Tag::Find(search) | Tag::FindObject(search) => {
            reaches_out(&search.model) || search.conditions.iter().any(|(field, wanted)| reaches_out(field) || reaches_out(wanted))
        }
        Tag::Context { default, .. } => default.as_ref().is_some_and(reaches_out),
        Tag::Format { pattern, arguments } => reaches_out(pattern) || arguments.iter().any(reaches_out),
        Tag::If { condition, branches } => reaches_out(condition) || branches.as_ref().is_some_and(|(yes, no)| reaches_out(yes) || reaches_out(no)),
        Tag::Condition { values, .. } => values.iter().any(reaches_out),
        Tag::Enumerate { iterable, body, .. } => reaches_out(iterable) || reaches_out(body),
        Tag::AtIndex { object, index, default } => reaches_out(object) || reaches_out(index) || default.as_ref().is_some_and(reaches_out),
        Tag::ParseJson(inner) => reaches_out(inner),
    }
}

#[cfg(test)]
mod tests {
    use super::reaches_out;
    use crate::format::Document;

    #[test]
    fn files_sent_do_not_look_at_the_machine() {
        let asks = |attribute: &str| {
            let text = format!("version: 1\nentries:\n- {{model: a.b, identifiers: {{name: x}}, attrs: {{v: {attribute}}}}}\n");
            let document = Document::parse("t", &text).unwrap();
            document.entries.iter().flat_map(|entry| &entry.attrs).any(|(_, value)| reaches_out(value))
        };
        assert!(!asks("!Find [a.b, [name, y]]") && !asks("[1, {a: !Context x}]"));
        assert!(asks("!File /etc/passwd") && asks("!Env HOME") && asks("[{a: !Format ['%s', !If [true, !File /x, 1]]}]"));
        assert!(asks("!Find [a.b, [name, !Enumerate [[1], SEQ, !AtIndex [[!Env [A, b]], 0]]]]"));
    }
}
