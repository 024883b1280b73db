//! The way back in for whoever locked everybody out: rules switched off, and on again, by name.

use countersign_model::{Key, ObjectId, Target as _};
use countersign_store::{StoreError, Tx};
use serde_json::Value;
use uuid::Uuid;

use crate::binding::PolicyBinding;
use crate::policies::Policy;

/// A binding that was switched.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct Switched {
    pub binding: Uuid,
    /// What it binds to what, for people.
    pub says: String,
}

/// Switches the bindings that a name stands for: a binding by its uuid, or all bindings of a policy
/// by its uuid or name. Gives those that changed; `None` when nothing has that name.
///
/// # Errors
/// When the engine fails.
pub fn switch(
    tx: &mut Tx<'_>,
    name: &str,
    enabled: bool,
) -> Result<Option<Vec<Switched>>, StoreError> {
    let uuid = Uuid::parse_str(name).ok();
    let graph = tx.graph();
    let is_policy = |id: ObjectId| {
        let named = || {
            graph.entry(id).is_some_and(|entry| {
                entry.object.values().get("name").and_then(Value::as_str) == Some(name)
            })
        };
        uuid.is_some_and(|uuid| id.key == Key::Uuid(uuid)) || named()
    };
    let mut known = graph.entries(<dyn Policy>::SPACE).any(|entry| is_policy(entry.id));
    let mut found = Vec::new();
    for (reference, binding) in graph.list::<PolicyBinding>() {
        let itself = uuid.is_some_and(|uuid| reference.key() == Key::Uuid(uuid));
        if itself || binding.policy.is_some_and(|policy| is_policy(policy.id())) {
            known = true;
            found.push((reference.key(), binding.clone()));
        }
    }
    if !known {
        return Ok(None);
    }
    let mut switched = Vec::new();
    for (key, binding) in found.into_iter().filter(|(_, binding)| binding.enabled != enabled) {
        let says = says(tx, &binding);
        tx.draft().put(key, PolicyBinding { enabled, ..binding });
        switched.push(Switched { binding: key.uuid().unwrap_or_default(), says });
    }
    Ok(Some(switched))
}

fn says(tx: &Tx<'_>, binding: &PolicyBinding) -> String {
    let label = |entry: Option<&std::sync::Arc<countersign_model::Entry>>| entry?.handle();
    let graph = tx.graph();
    let target = binding.target.key().uuid().and_then(|uuid| graph.bindable(uuid));
    let kind = target.map_or("object", |entry| entry.meta().title);
    // A stage's binding has no name of its own.
    let stage = target.and_then(|entry| {
        let mut stage = None;
        entry.object.visit_refs(&mut |field, id| {
            if field.name == "stage" {
                stage = Some(id);
            }
        });
        label(graph.entry(stage?))
    });
    let target = label(target).or(stage).unwrap_or_else(|| binding.target.to_string());
    let rule = match (binding.policy, binding.group, binding.user) {
        (Some(policy), ..) => format!(
            "policy \"{}\"",
            label(graph.member(policy)).unwrap_or_else(|| policy.to_string())
        ),
        (_, Some(group), _) => format!("group {group}"),
        (_, _, Some(user)) => format!("user {user}"),
        _ => "nothing".to_owned(),
    };
    format!("{rule} on {kind} \"{target}\", order {}", binding.order)
}
