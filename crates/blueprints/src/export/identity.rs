//! How objects are told apart without their keys.

use std::collections::{BTreeMap, BTreeSet};

use countersign_model::{KindMeta, ObjectId, Shape};
use serde_json::Value as Json;

use super::{Everything, Item, references, rendered, write::Out};

/// Names for everything, in a file that holds some of it.
pub(super) struct Identities<'a> {
    everything: &'a Everything,
    /// Of what the file holds: its entry's id.
    ids: BTreeMap<ObjectId, String>,
    /// Nothing tells these from others but their key.
    alike: BTreeSet<ObjectId>,
}

impl<'a> Identities<'a> {
    /// `chosen` in the order in which equal names are numbered.
    pub(super) fn of(everything: &'a Everything, chosen: &[&Item]) -> Identities<'a> {
        let mut identities =
            Identities { everything, ids: BTreeMap::new(), alike: BTreeSet::new() };
        let mut seen = BTreeSet::new();
        for item in everything.items.values() {
            let own: Vec<String> = natural(item)
                .iter()
                .map(|name| format!("{name}={}", item.values.get(*name).unwrap_or(&Json::Null)))
                .collect();
            if own.is_empty() || !seen.insert((item.meta.model, own)) {
                identities.alike.insert(item.id);
            }
        }
        let mut taken = BTreeSet::new();
        for item in chosen {
            let base = proposal(everything, item);
            let id = (1..=usize::MAX)
                .map(|n| if n == 1 { base.clone() } else { format!("{base}-{n}") })
                .find(|id| taken.insert(id.clone()))
                .unwrap_or_default();
            identities.ids.insert(item.id, id);
        }
        identities
    }

    /// The id of an item's entry.
    pub(super) fn entry_id(&self, item: &Item) -> String {
        self.ids.get(&item.id).cloned().unwrap_or_default()
    }

    /// What people call an item.
    pub(super) fn label(&self, item: &Item) -> String {
        label(self.everything, item)
    }

    /// The fields an item is found by; none when only its key tells it from others.
    pub(super) fn fields(&self, item: &Item) -> Vec<&'static str> {
        if self.alike.contains(&item.id) { Vec::new() } else { natural(item) }
    }

    pub(super) fn of_item(&self, item: &Item) -> Vec<(String, Out)> {
        let fields = self.fields(item);
        if fields.is_empty() {
            return vec![("pk".to_owned(), Out::of(&item.id.key.to_json()))];
        }
        let value = |name: &&'static str| {
            let value = item.values.get(*name).cloned().unwrap_or_default();
            let shape = item.meta.field(name).map_or(Shape::Json, |field| (field.shape)());
            ((*name).to_owned(), rendered(self.everything, self, &value, &shape))
        };
        fields.iter().map(value).collect()
    }

    /// How others name an item.
    pub(super) fn reference(&self, item: &Item) -> Out {
        match self.ids.get(&item.id) {
            Some(id) => Out::KeyOf(id.clone()),
            None if self.alike.contains(&item.id) => Out::of(&item.id.key.to_json()),
            None => Out::Find(item.meta.model.to_owned(), self.of_item(item)),
        }
    }
}

/// The name people gave an item, if it has one.
fn name(item: &Item) -> Option<&str> {
    let name = item.values.get(item.meta.handle()?)?.as_str()?;
    (!name.is_empty()).then_some(name)
}

/// What people call an item: its name, or the names of what it ties together.
fn label(everything: &Everything, item: &Item) -> String {
    if let Some(name) = name(item) {
        return name.to_owned();
    }
    let mut targets = Vec::new();
    for name in natural(item) {
        if let (Some(field), Some(value)) = (item.meta.field(name), item.values.get(name)) {
            references(value, &(field.shape)(), &mut targets);
        }
    }
    let parts = targets
        .iter()
        .filter_map(|id| everything.target(*id))
        .filter(|target| target.id != item.id);
    // A binding can tie a policy to another binding; nothing goes deeper.
    let names = parts.map(|part| match name(part) {
        Some(name) => name.to_owned(),
        None if natural(part).iter().all(|field| *field != "target") => part.id.key.to_string(),
        None => label(everything, part),
    });
    names.collect::<Vec<_>>().join(" ")
}

/// The id an entry should have.
pub(super) fn proposal(everything: &Everything, item: &Item) -> String {
    let text = format!("{} {}", item.meta.model_name(), label(everything, item));
    let clean: String = text
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { ' ' })
        .collect();
    clean.split_whitespace().collect::<Vec<_>>().join("-")
}

/// The fields by which an object is known: one that is unique, a set that is unique, or else its
/// name.
fn natural(item: &Item) -> Vec<&'static str> {
    let meta: &'static KindMeta = item.meta;
    let filled = |name: &str| {
        item.values.get(name).is_some_and(|value| !value.is_null() && value.as_str() != Some(""))
    };
    let secret = |name: &str| meta.field(name).is_some_and(countersign_model::FieldMeta::is_hidden);
    let unique = || {
        meta.fields
            .iter()
            .filter(|field| field.unique && filled(field.name) && !secret(field.name))
            .map(|field| field.name)
    };
    let best = unique().find(|name| Some(*name) == meta.handle()).or_else(|| unique().next());
    if let Some(name) = best {
        return vec![name];
    }
    let set: Vec<&'static str> = meta
        .unique_together
        .iter()
        .filter_map(|name| meta.field(name))
        .map(|field| field.name)
        .collect();
    if !set.is_empty() {
        if set.iter().all(|name| filled(name)) {
            return set;
        }
        // A set with nothing in one place is like no other in SQL; what else the object names tells
        // it apart.
        let naming = |shape: Shape| matches!(&shape, Shape::Nullable(inner) if matches!(**inner, Shape::Reference { .. }));
        let more = meta
            .fields
            .iter()
            .filter(|field| !set.contains(&field.name) && naming((field.shape)()))
            .map(|field| field.name);
        return set.iter().copied().chain(more).collect();
    }
    meta.label.filter(|name| filled(name)).into_iter().collect()
}
