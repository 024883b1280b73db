//! The audit of configuration: an event for each object an edit made, changed or deleted, in its transaction.

use countersign_model::{Change, Entropy, Entry, Secret};
use countersign_store::{Auditor, CommittedEdit, Sql, StoreError};
use serde_json::{Map, Value, json};

use crate::event::{Event, model_reference, record};

/// Records every edit made by somebody; start-up and blueprints of the program itself leave the change table only.
#[derive(Debug, Clone, Copy)]
pub struct Audit;

impl Auditor for Audit {
    fn record(&self, sql: &mut Sql<'_>, entropy: &dyn Entropy, edit: &CommittedEdit<'_>) -> Result<(), StoreError> {
        if edit.actor.user.is_none() {
            return Ok(());
        }
        for change in edit.changes {
            let action = match (&change.before, &change.after) {
                (None, _) => "model_created",
                (_, None) => "model_deleted",
                _ => "model_updated",
            };
            let Some(entry) = change.after.as_ref().or(change.before.as_ref()) else { continue };
            let mut context = json!({"model": reference(entry), "revision": edit.revision});
            if let (Value::Object(map), Some(diff)) = (&mut context, diff(change)) {
                map.insert("diff".to_owned(), diff);
            }
            record(sql, entropy, edit.at, edit.actor, Event::new(action, "authentik.events.middleware", context))?;
        }
        Ok(())
    }
}

pub(crate) fn reference(entry: &Entry) -> Value {
    let values = entry.object.values();
    let name = ["name", "slug", "identifier", "domain"].iter().find_map(|n| values.get(*n).and_then(Value::as_str));
    let meta = entry.meta();
    model_reference(meta.app(), meta.model_name(), &entry.id.key.to_string(), name.unwrap_or(meta.title))
}

/// `{field: {previous_value, new_value}}` of a change; secrets only tell that they changed.
fn diff(change: &Change) -> Option<Value> {
    let (before, after) = (change.before.as_ref()?, change.after.as_ref()?);
    let (old, new) = (before.object.values(), after.object.values());
    let mut fields = Map::new();
    for field in after.meta().fields {
        let (was, is) = (old.get(field.name).cloned().unwrap_or_default(), new.get(field.name).cloned().unwrap_or_default());
        if was == is {
            continue;
        }
        let show = |v: Value| if field.is_hidden() { Value::from(Secret::MASK) } else { v };
        fields.insert(field.name.to_owned(), json!({"previous_value": show(was), "new_value": show(is)}));
    }
    Some(Value::Object(fields))
}
