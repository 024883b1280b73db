//! The audit of rows: an event for each that was made, changed or deleted, in its transaction,
//! whoever does it.

use countersign_events::{Event, emit, sounds_secret};
use countersign_model::{Snapshot, Space};
use countersign_store::{ActorUser, StoreError, Tx};
use serde_json::{Map, Value, json};

const MASK: &str = "********************";

/// Writes the event of an edit of a row; `model` is its reference, `subject` the account it
/// concerns.
///
/// # Errors
/// When the engine fails.
pub(crate) fn record(
    tx: &mut Tx<'_>,
    action: &str,
    model: Value,
    diff: Option<Value>,
    subject: Option<ActorUser>,
) -> Result<(), StoreError> {
    let mut context = json!({"model": model});
    if let (Value::Object(map), Some(diff)) = (&mut context, diff) {
        map.insert("diff".to_owned(), diff);
    }
    emit(tx, Event::new(action, "authentik.events.middleware", context).concerning(subject))
        .map(|_| ())
}

/// `{field: {previous_value, new_value}}`. Of maps, as attributes are, only what differs is shown,
/// and what was asked for as a password not even then.
pub(crate) fn diff(graph: &Snapshot, was: &Map<String, Value>, is: &Map<String, Value>) -> Value {
    let secrets: Vec<Vec<String>> = secret_answers(graph).map(|name| path(&name)).collect();
    let mut fields = Map::new();
    for (name, new) in is {
        let old = was.get(name).cloned().unwrap_or_default();
        if old != *new {
            let (previous, new) = match (&old, new) {
                (Value::Object(old), Value::Object(new)) => {
                    (differing(old, new, &[], &secrets), differing(new, old, &[], &secrets))
                }
                (old, new) => (old.clone(), new.clone()),
            };
            fields.insert(name.clone(), json!({"previous_value": previous, "new_value": new}));
        }
    }
    Value::Object(fields)
}

/// The parts of `of` that are not the same in `other`.
fn differing(
    of: &Map<String, Value>,
    other: &Map<String, Value>,
    above: &[&str],
    secrets: &[Vec<String>],
) -> Value {
    let parts = of.iter().filter(|(key, value)| other.get(*key) != Some(value));
    let shown = parts.map(|(key, value)| {
        let here: Vec<&str> = above.iter().copied().chain([key.as_str()]).collect();
        let value = match (value, other.get(key)) {
            (Value::Object(inner), Some(Value::Object(theirs))) => {
                differing(inner, theirs, &here, secrets)
            }
            (Value::Object(inner), _) => differing(inner, &Map::new(), &here, secrets),
            _ if sounds_secret(key) || secrets.iter().any(|secret| *secret == here) => MASK.into(),
            (value, _) => value.clone(),
        };
        (key.clone(), value)
    });
    Value::Object(shown.collect())
}

/// Names of answers that prompts ask for as passwords, as `attributes.pin`.
pub fn secret_answers(graph: &Snapshot) -> impl Iterator<Item = String> {
    let prompts = graph
        .entries(Space("prompt"))
        .filter(|entry| entry.object.value("type").is_some_and(|kind| kind == "password"));
    prompts.filter_map(|entry| entry.object.value("field_key")?.as_str().map(str::to_owned))
}

/// Where an answer is written in the attributes; both signs split, as where it is written.
fn path(name: &str) -> Vec<String> {
    let rest = name.strip_prefix("attributes").unwrap_or(name);
    rest.split(['.', '_']).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}
