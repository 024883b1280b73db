//! What uses an object, and what would happen to it.

use countersign_model::{ObjectId, OnDelete, Shape, Snapshot, Space};
use serde_json::Value;

use crate::values::{UsedBy, plain};

/// The `used_by` answer of an object of the graph.
pub(crate) fn of_object(snapshot: &Snapshot, id: ObjectId) -> Value {
    users_of(snapshot, id).iter().map(UsedBy::to_json).collect()
}

/// Objects that name `target`; bindings name whatever they are bound to by its uuid alone.
pub(crate) fn users_of(snapshot: &Snapshot, target: ObjectId) -> Vec<UsedBy> {
    let as_bindable = ObjectId::new(Space("bindable"), target.key);
    let naming = snapshot.referrers(target).chain(snapshot.referrers(as_bindable));
    naming
        .filter_map(|(by, field)| {
            let entry = snapshot.entry(by)?;
            let meta = entry.meta();
            let field = meta.field(field)?;
            let name = ["name", "slug", "identifier", "domain"].iter().find_map(|n| entry.object.value(n)).map(|name| plain(&name));
            let action = match (field.on_delete, (field.shape)()) {
                (_, Shape::List(_)) => "cascade_many",
                (OnDelete::SetNull, _) => "set_null",
                _ => "cascade",
            };
            Some(UsedBy {
                app: meta.app().to_owned(),
                model_name: meta.model_name().to_owned(),
                pk: by.key.to_string(),
                name: name.unwrap_or_else(|| format!("{} {}", meta.title, by.key)),
                action,
            })
        })
        .collect()
}
