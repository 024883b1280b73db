//! A draft: the next snapshot in the making, and the checks it must pass.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;
use std::sync::Arc;

use thiserror::Error;
use uuid::Uuid;

use crate::errors::{FieldErrors, Problem};
use crate::key::{Key, KeyType, ObjectId};
use crate::kind::{Detached, Kind, Object};
use crate::reference::{Ref, Target, family};
use crate::snapshot::{Entry, Revision, Snapshot};

/// An edit in progress over a snapshot; reads see what was written to it.
#[derive(Debug, Clone)]
pub struct Draft {
    snapshot: Snapshot,
    /// What each touched object was before.
    before: BTreeMap<ObjectId, Option<Arc<Entry>>>,
    /// The objects that whoever edits set, whose rules hold for what they set. From others only a
    /// reference was taken away.
    written: BTreeSet<ObjectId>,
}

/// What an edit did to one object.
#[derive(Debug, Clone)]
pub struct Change {
    /// The object that differs.
    pub id: ObjectId,
    /// What it was; `None` for a new one.
    pub before: Option<Arc<Entry>>,
    /// What it is; `None` for a deleted one.
    pub after: Option<Arc<Entry>>,
}

/// Why a draft cannot become the configuration.
#[derive(Debug, Error)]
pub enum EditError {
    /// An object does not keep to the rules.
    #[error("{model} {id}: {}", .errors.to_json())]
    Invalid {
        /// Its kind.
        model: &'static str,
        /// The object.
        id: ObjectId,
        /// What is wrong, by field.
        errors: FieldErrors,
    },
    /// Something forbids a deletion.
    #[error("{id} cannot be deleted: {field} of {by} needs it")]
    Protected {
        /// What was to be deleted.
        id: ObjectId,
        /// What needs it.
        by: ObjectId,
        /// The field that names it.
        field: &'static str,
    },
    /// A change that waits to be confirmed could not be undone without it.
    #[error(
        "{id} cannot be deleted yet: change {revision} waits to be confirmed, and undoing it needs this. \
         Confirm that change, or wait until it is undone"
    )]
    Awaited {
        /// What was to be deleted.
        id: ObjectId,
        /// The change that waits.
        revision: Revision,
    },
}

/// The field errors of an edit error, where it has any; what API answers are made of.
pub type Refusal = FieldErrors;

impl Deref for Draft {
    type Target = Snapshot;
    fn deref(&self) -> &Snapshot {
        &self.snapshot
    }
}

impl Draft {
    /// A draft that differs in nothing yet.
    pub fn new(base: &Snapshot) -> Draft {
        Draft { snapshot: base.clone(), before: BTreeMap::new(), written: BTreeSet::new() }
    }

    /// The configuration as it is with this edit.
    pub const fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// Makes an object or puts another value in its place.
    pub fn put<T: Kind>(&mut self, key: impl Into<Key>, value: T) -> Ref<T> {
        let reference = Ref::new(key.into());
        self.put_object(reference.id(), Arc::new(value));
        reference
    }

    /// Sets an object; whether it may stand so is decided by [`finish`](Self::finish).
    pub fn put_object(&mut self, id: ObjectId, object: Arc<dyn Object>) {
        self.written.insert(id);
        self.set(id, object);
    }

    /// Sets an object as it once was, or as a deletion leaves it: its own rules are not asked
    /// again.
    pub fn put_back(&mut self, id: ObjectId, object: Arc<dyn Object>) {
        self.written.remove(&id);
        self.set(id, object);
    }

    fn set(&mut self, id: ObjectId, object: Arc<dyn Object>) {
        self.remember(id);
        self.snapshot.insert(Entry { id, revision: self.snapshot.revision() + 1, object });
    }

    /// The next free integer of a space with integer keys.
    pub fn next_key(&self, kind: KeyType, space: crate::Space, fresh: Uuid) -> Key {
        match kind {
            KeyType::Uuid => Key::Uuid(fresh),
            KeyType::Int => Key::Int(self.snapshot.highest_key(space) + 1),
        }
    }

    /// Deletes an object, and changes or deletes what names it by the rules of the naming fields.
    ///
    /// # Errors
    /// [`EditError::Protected`] when a field forbids it.
    pub fn delete(&mut self, id: ObjectId) -> Result<(), EditError> {
        if self.snapshot.entry(id).is_none() {
            return Ok(());
        }
        self.remember(id);
        self.snapshot.remove(id);
        self.detach(id)?;
        // Policy bindings name whatever they are bound to by its uuid alone.
        self.detach(ObjectId::new(family::Bindable::SPACE, id.key))
    }

    /// Takes an object out as if it had never been, whatever names it: for going back to a state in
    /// which nothing did.
    pub fn take_out(&mut self, id: ObjectId) {
        self.remember(id);
        self.snapshot.remove(id);
    }

    /// Removes every reference to `target`, which is going: an object just deleted, or a user or
    /// group. What loses a reference so is not asked whether its form would take it: what then
    /// cannot work refuses when it is reached.
    ///
    /// # Errors
    /// [`EditError::Protected`] when a field forbids it.
    pub fn detach(&mut self, target: ObjectId) -> Result<(), EditError> {
        let naming: Vec<_> = self.snapshot.referrers(target).collect();
        for (by, _) in naming {
            let Some(entry) = self.snapshot.entry(by).cloned() else { continue };
            match entry.object.detached(target) {
                Detached::Changed(object) => self.set(by, object),
                Detached::Gone => self.delete(by)?,
                Detached::Protected(field) => {
                    return Err(EditError::Protected { id: target, by, field });
                }
            }
        }
        Ok(())
    }

    /// Checks everything touched and gives the next snapshot with its changes; no changes, no new
    /// revision. `exists` answers for what is kept in tables (users, groups).
    ///
    /// # Errors
    /// The first object that may not stand as it is.
    pub fn finish(
        mut self,
        exists: &mut dyn FnMut(ObjectId) -> bool,
    ) -> Result<(Snapshot, Vec<Change>), EditError> {
        let changes = self.changes();
        for change in &changes {
            if let Some(after) = &change.after {
                self.check(after, exists)?;
            }
        }
        let changed: BTreeSet<ObjectId> = changes.iter().map(|change| change.id).collect();
        for (id, before) in self.before.iter().filter(|(id, _)| !changed.contains(id)) {
            // What was touched without being changed may name what this edit deletes.
            if let Some(entry) = self.snapshot.entry(*id) {
                self.references(entry, exists)?;
            }
            // Undo its revision mark.
            if let Some(entry) = before {
                self.snapshot.insert((**entry).clone());
            }
        }
        if !changes.is_empty() {
            self.snapshot.revision += 1;
        }
        Ok((self.snapshot, changes))
    }

    /// Whether anything was set or deleted, be it to what it was before.
    pub fn is_touched(&self) -> bool {
        !self.before.is_empty()
    }

    /// What differs from the start, so far.
    pub fn changes(&self) -> Vec<Change> {
        let all = self.before.iter().map(|(id, before)| Change {
            id: *id,
            before: before.clone(),
            after: self.snapshot.entry(*id).cloned(),
        });
        all.filter(|change| match (&change.before, &change.after) {
            (None, None) => false,
            (Some(a), Some(b)) => {
                a.meta().model != b.meta().model || a.object.values() != b.object.values()
            }
            _ => true,
        })
        .collect()
    }

    fn check(
        &self,
        entry: &Entry,
        exists: &mut dyn FnMut(ObjectId) -> bool,
    ) -> Result<(), EditError> {
        if let Some(field) = self.snapshot.not_unique(entry) {
            return Err(invalid(entry.id, &*entry.object, not_unique(entry.meta(), field)));
        }
        self.references(entry, exists)?;
        let mut errors = FieldErrors::new();
        if self.written.contains(&entry.id) {
            entry.object.check(self, entry.id, &mut errors);
            self.check_needed(entry, &mut errors);
        }
        if errors.is_empty() { Ok(()) } else { Err(invalid(entry.id, &*entry.object, errors)) }
    }

    /// Everything an object names has to be there.
    fn references(
        &self,
        entry: &Entry,
        exists: &mut dyn FnMut(ObjectId) -> bool,
    ) -> Result<(), EditError> {
        let mut errors = FieldErrors::new();
        entry.object.visit_refs(&mut |field, target| {
            if !self.resolves(field, target, exists) {
                errors.add(field.name, Problem::missing_reference(target.key));
            }
        });
        if errors.is_empty() { Ok(()) } else { Err(invalid(entry.id, &*entry.object, errors)) }
    }

    /// Whether others can go on using what they need of this object, as the key of a certificate.
    fn check_needed(&self, entry: &Entry, errors: &mut FieldErrors) {
        let Some(Some(before)) = self.before.get(&entry.id) else { return };
        let (was, is) = (|field| before.object.value(field), |field| entry.object.value(field));
        for (by, field) in self.snapshot.referrers(entry.id) {
            let Some(user) = self.snapshot.entry(by) else { continue };
            let Some(field) = user.meta().field(field) else { continue };
            let Some(needed) = field.needs.filter(|needed| was(needed) != is(needed)) else {
                continue;
            };
            let nothing =
                is(needed).is_none_or(|value| value.is_null() || value.as_str() == Some(""));
            let reason = if nothing {
                Some(format!("it needs one as its {}.", field.label))
            } else {
                let mut of_user = FieldErrors::new();
                user.object.check(self, by, &mut of_user);
                of_user.first_of(field.name)
            };
            if let Some(reason) = reason {
                let name = user.object.value("name").or_else(|| user.object.value("domain"));
                let name = name.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default();
                errors.add(
                    needed,
                    Problem::new(
                        "in_use",
                        format!("In use by {} \"{name}\": {reason}", user.meta().title),
                    ),
                );
            }
        }
    }

    fn resolves(
        &self,
        field: &'static crate::FieldMeta,
        target: ObjectId,
        exists: &mut dyn FnMut(ObjectId) -> bool,
    ) -> bool {
        match (target.space.0, target.key) {
            ("user" | "group", _) => exists(target),
            ("bindable", Key::Uuid(uuid)) => self.snapshot.bindable(uuid).is_some(),
            _ => self
                .snapshot
                .entry(target)
                .is_some_and(|e| model_of((field.shape)()).is_none_or(|m| m == e.meta().model)),
        }
    }

    fn remember(&mut self, id: ObjectId) {
        let snapshot = &self.snapshot;
        self.before.entry(id).or_insert_with(|| snapshot.entry(id).cloned());
    }
}

fn model_of(shape: crate::Shape) -> Option<&'static str> {
    match shape {
        crate::Shape::Reference { model, .. } => model,
        crate::Shape::Nullable(inner) | crate::Shape::List(inner) => model_of(*inner),
        _ => None,
    }
}

fn not_unique(meta: &crate::KindMeta, field: &'static str) -> FieldErrors {
    if field == meta.model {
        let names = meta.unique_together.join(", ");
        let text = format!("The fields {names} must make a unique set.");
        return FieldErrors::object(Problem::new("unique", text));
    }
    let text = meta.text_of_taken(field);
    FieldErrors::one(field, text.map_or_else(Problem::unique, |text| Problem::new("unique", text)))
}

fn invalid(id: ObjectId, object: &dyn Object, errors: FieldErrors) -> EditError {
    EditError::Invalid { model: object.meta().model, id, errors }
}
