//! References of a body that cannot be parsed as a whole: what they name is looked for all the
//! same, so that one answer tells everything that is wrong.

use countersign_model::{FieldErrors, Key, KindMeta, ObjectId, Problem, Shape, Snapshot};
use serde_json::{Map, Value};

/// Adds what the other fields of `map` name in vain to the problems found already.
pub(crate) fn with_missing(
    mut errors: FieldErrors,
    meta: &KindMeta,
    map: &Map<String, Value>,
    snapshot: &Snapshot,
) -> FieldErrors {
    for field in meta.fields.iter().filter(|f| !f.read_only) {
        let Some(value) =
            map.get(field.name).filter(|_| !errors.iter().any(|(name, _)| name == field.name))
        else {
            continue;
        };
        for id in named(value, &(field.shape)()) {
            // Rows of the directory are not in the configuration: whether they exist is asked when
            // everything else is right.
            let elsewhere = ["user", "group"].contains(&id.space.0);
            let bindable = id.space.0 == "bindable"
                && id.key.uuid().is_some_and(|uuid| snapshot.bindable(uuid).is_some());
            if !elsewhere && !bindable && snapshot.entry(id).is_none() {
                errors.add(field.name, Problem::missing_reference(id.key));
            }
        }
    }
    errors
}

fn named(value: &Value, shape: &Shape) -> Vec<ObjectId> {
    match (shape, value) {
        (Shape::Nullable(inner), value) => named(value, inner),
        (Shape::List(inner), Value::Array(items)) => {
            items.iter().flat_map(|item| named(item, inner)).collect()
        }
        (Shape::Reference { space, key, .. }, value) => {
            Key::from_json(value, *key).map(|key| ObjectId::new(*space, key)).into_iter().collect()
        }
        _ => Vec::new(),
    }
}
