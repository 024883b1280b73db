//! The order of entries: what is named before what names it.

use std::collections::{BTreeMap, BTreeSet};

use countersign_model::ObjectId;
use serde_json::Value as Json;

use super::{Everything, Item, identity::proposal, references};

/// One entry to write.
pub(super) struct Step {
    pub(super) id: ObjectId,
    /// A second entry, for this field only.
    pub(super) only: Option<&'static str>,
}

pub(super) struct Plan {
    pub(super) steps: Vec<Step>,
    /// Fields that a second entry sets, since they close a circle.
    pub(super) later: BTreeSet<(ObjectId, &'static str)>,
}

#[derive(Clone, Copy, PartialEq)]
enum Mark {
    Open,
    Done,
}

/// Puts the chosen objects in order.
pub(super) fn plan(everything: &Everything, chosen: &[&Item]) -> Plan {
    let inside: BTreeSet<ObjectId> = chosen.iter().map(|item| item.id).collect();
    let mut plan = Plan { steps: Vec::new(), later: BTreeSet::new() };
    let mut marks = BTreeMap::new();
    for item in chosen {
        visit(everything, &inside, item, &mut marks, &mut plan);
    }
    let again: Vec<Step> =
        plan.later.iter().map(|(id, field)| Step { id: *id, only: Some(field) }).collect();
    plan.steps.extend(again);
    plan
}

/// What orders objects of one kind: what they hang on, their place in its list, their name.
pub(super) fn place(everything: &Everything, item: &Item) -> (String, i64, String) {
    let mut targets = Vec::new();
    if let (Some(field), Some(value)) = (item.meta.field("target"), item.values.get("target")) {
        references(value, &(field.shape)(), &mut targets);
    }
    let target = targets
        .first()
        .and_then(|id| everything.target(*id))
        .map(|target| proposal(everything, target));
    let order = item.values.get("order").and_then(Json::as_i64).unwrap_or(0);
    (target.unwrap_or_default(), order, proposal(everything, item))
}

/// Depth first. The stack is as deep as the longest chain of references, which configuration keeps
/// short.
fn visit(
    everything: &Everything,
    inside: &BTreeSet<ObjectId>,
    item: &Item,
    marks: &mut BTreeMap<ObjectId, Mark>,
    plan: &mut Plan,
) {
    if marks.contains_key(&item.id) {
        return;
    }
    marks.insert(item.id, Mark::Open);
    for field in item.meta.fields {
        let mut named = Vec::new();
        references(
            item.values.get(field.name).unwrap_or(&Json::Null),
            &(field.shape)(),
            &mut named,
        );
        for target in named
            .into_iter()
            .filter_map(|id| everything.target(id))
            .filter(|target| inside.contains(&target.id))
        {
            if marks.get(&target.id) == Some(&Mark::Open) {
                plan.later.insert((item.id, field.name));
            } else {
                visit(everything, inside, target, marks, plan);
            }
        }
    }
    marks.insert(item.id, Mark::Done);
    plan.steps.push(Step { id: item.id, only: None });
}
