//! What a job would change, field by field, without secrets.

use countersign_model::{Change, Entry};
use serde_json::{Map, Value as Json};

/// One object before and after.
#[derive(Debug, Clone)]
pub struct Difference {
    /// Its model.
    pub model: &'static str,
    /// Its key.
    pub key: String,
    /// What people call it: slug, name or identifier.
    pub label: String,
    /// Whether it exists before and after.
    pub kind: DifferenceKind,
    /// Fields that differ, with both values; a missing side is null.
    pub fields: Vec<(String, Json, Json)>,
}

/// Whether an object appears, stays or goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DifferenceKind {
    /// It would be made.
    Created,
    /// It would change.
    Changed,
    /// It would go.
    Deleted,
}

/// The differences of an edit.
pub fn differences(changes: &[Change]) -> Vec<Difference> {
    changes
        .iter()
        .filter_map(|change| difference(change.before.as_deref(), change.after.as_deref()))
        .collect()
}

fn difference(before: Option<&Entry>, after: Option<&Entry>) -> Option<Difference> {
    let entry = after.or(before)?;
    let meta = entry.meta();
    let values =
        |entry: Option<&Entry>| entry.map(|entry| entry.object.values()).unwrap_or_default();
    let (old, new) = (values(before), values(after));
    let mut fields = Vec::new();
    for field in meta.fields {
        let (was, is) = (part(&old, field.name), part(&new, field.name));
        if was != is {
            let show = |value: Json| {
                if field.is_hidden() && !value.is_null() { Json::from("********") } else { value }
            };
            fields.push((field.name.to_owned(), show(was), show(is)));
        }
    }
    let kind = match (before, after) {
        (None, _) => DifferenceKind::Created,
        (Some(_), Some(_)) => DifferenceKind::Changed,
        (Some(_), None) => DifferenceKind::Deleted,
    };
    Some(Difference {
        model: meta.model,
        key: entry.id.key.to_string(),
        label: entry.handle().unwrap_or_default(),
        kind,
        fields,
    })
}

fn part(values: &Map<String, Json>, name: &str) -> Json {
    values.get(name).cloned().unwrap_or(Json::Null)
}
