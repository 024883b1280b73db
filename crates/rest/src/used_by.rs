//! What uses an object, and what would happen to it.

use countersign_core::Context;
use countersign_model::{ObjectId, OnDelete, Shape, Snapshot, Space};
use serde_json::Value;

use crate::values::UsedBy;

/// The `used_by` answer of an object of the graph.
pub(crate) fn of_object(cx: &Context, snapshot: &Snapshot, id: ObjectId) -> Value {
    users_of(cx, snapshot, id).iter().map(UsedBy::to_json).collect()
}

/// Objects that name `target`; bindings name whatever they are bound to by its uuid alone.
pub fn users_of(cx: &Context, snapshot: &Snapshot, target: ObjectId) -> Vec<UsedBy> {
    let as_bindable = ObjectId::new(Space("bindable"), target.key);
    let naming = snapshot.referrers(target).chain(snapshot.referrers(as_bindable));
    naming
        .filter_map(|(by, field)| {
            let entry = snapshot.entry(by)?;
            let meta = entry.meta();
            let field = meta.field(field)?;
            let action = match (field.on_delete, (field.shape)()) {
                (_, Shape::List(_)) => "cascade_many",
                (OnDelete::SetNull, _) => "set_null",
                _ => "cascade",
            };
            // The original keeps the fields that a family shares in a table of the family's own.
            let owner = meta.family.filter(|family| family.field(field.name).is_some());
            let (app, model_name) = owner.map_or((meta.app(), meta.model_name()), |family| {
                (family.app(), family.model_name())
            });
            Some(UsedBy {
                app: app.to_owned(),
                model_name: model_name.to_owned(),
                pk: by.key.to_string(),
                name: cx.display(entry),
                action,
            })
        })
        .collect()
}
