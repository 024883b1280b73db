//! The configuration graph at one revision: immutable, shared, indexed.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use rpds::{HashTrieMapSync, RedBlackTreeMapSync};
use serde_json::Value;
use uuid::Uuid;

use crate::key::{Key, ObjectId, Space};
use crate::kind::{Cast, Fields, Kind, KindMeta, Object};
use crate::order::Place;
use crate::reference::{Ref, Target};

/// Counts committed edits; 0 is the empty graph.
pub type Revision = i64;

/// One object with its place in the graph.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Where it is.
    pub id: ObjectId,
    /// The revision that last changed it; the ETag of the API.
    pub revision: Revision,
    /// What it is.
    pub object: Arc<dyn Object>,
}

impl Entry {
    /// The declaration of its kind.
    pub fn meta(&self) -> &'static KindMeta {
        self.object.meta()
    }

    /// The typed value, when it is of that kind.
    pub fn cast<T: Kind>(&self) -> Option<&T> {
        (&*self.object as &dyn Any).downcast_ref()
    }

    /// What people call it.
    pub fn label(&self) -> Option<String> {
        self.text(self.meta().label?)
    }

    /// What paths and files name it by.
    pub fn handle(&self) -> Option<String> {
        self.text(self.meta().handle()?)
    }

    fn text(&self, field: &str) -> Option<String> {
        Some(self.object.value(field)?.as_str()?.to_owned())
    }

    /// What it does as a member of that family, or as what else its kind says it is; `None` for
    /// objects of other kinds.
    pub fn facet<F: ?Sized + 'static>(&self) -> Option<&F> {
        let mut casts = self.meta().casts.iter();
        let cast: &Cast<F> = casts.find_map(|cast| cast.downcast_ref())?;
        (cast.0)(&*self.object)
    }

    /// As [`cast`](Self::cast), for who keeps the value longer than the entry.
    pub fn share<T: Kind>(&self) -> Option<Arc<T>> {
        let object: Arc<dyn Any + Send + Sync> = self.object.clone();
        object.downcast().ok()
    }
}

type UniqueKey = (Space, &'static str, String);
type Referrers = RedBlackTreeMapSync<(ObjectId, &'static str), ()>;
/// The objects of one kind in their order.
type Ordered = RedBlackTreeMapSync<Place, Arc<Entry>>;

/// All objects at one revision. Cloning costs nothing: the maps share their parts.
#[derive(Clone)]
pub struct Snapshot {
    pub(crate) revision: Revision,
    objects: RedBlackTreeMapSync<ObjectId, Arc<Entry>>,
    /// Who holds a unique value. More than one only inside a draft, whose `finish` refuses that.
    unique: HashTrieMapSync<UniqueKey, Vec<ObjectId>>,
    referrers: HashTrieMapSync<ObjectId, Referrers>,
    /// By model.
    ordered: HashTrieMapSync<&'static str, Ordered>,
    /// Spaces in which objects are, or were, that policies can be bound to.
    bindable: RedBlackTreeMapSync<Space, ()>,
    /// The highest integer key each space ever had: keys of deleted objects are not given again.
    highest: HashTrieMapSync<Space, i64>,
}

impl Default for Snapshot {
    fn default() -> Snapshot {
        Snapshot {
            revision: 0,
            objects: RedBlackTreeMapSync::new_sync(),
            unique: HashTrieMapSync::new_sync(),
            referrers: HashTrieMapSync::new_sync(),
            ordered: HashTrieMapSync::new_sync(),
            bindable: RedBlackTreeMapSync::new_sync(),
            highest: HashTrieMapSync::new_sync(),
        }
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot")
            .field("revision", &self.revision)
            .field("objects", &self.objects.size())
            .finish_non_exhaustive()
    }
}

impl Snapshot {
    /// The state of the configuration that this is.
    pub const fn revision(&self) -> Revision {
        self.revision
    }

    /// How many objects there are.
    pub fn len(&self) -> usize {
        self.objects.size()
    }

    /// Whether there is no object.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }

    /// The object a reference names, as a value of its kind.
    pub fn get<T: Kind>(&self, reference: Ref<T>) -> Option<&T> {
        self.entry(reference.id())?.cast()
    }

    /// The object of an identity.
    pub fn entry(&self, id: ObjectId) -> Option<&Arc<Entry>> {
        self.objects.get(&id)
    }

    /// The entry of a family member, whatever its kind.
    pub fn member<T: Target + ?Sized>(&self, reference: Ref<T>) -> Option<&Arc<Entry>> {
        self.entry(reference.id())
    }

    /// All objects of a space, by key.
    pub fn entries(&self, space: Space) -> impl Iterator<Item = &Arc<Entry>> {
        // The least possible key is the least integer: integers sort before uuids.
        let from = ObjectId::new(space, Key::Int(i64::MIN));
        self.objects.range(from..).map(|(_, e)| e).take_while(move |e| e.id.space == space)
    }

    /// All objects of one kind, in the order its lists have when none is asked for.
    pub fn in_order(&self, meta: &KindMeta) -> impl Iterator<Item = &Arc<Entry>> {
        self.ordered.get(meta.model).into_iter().flat_map(|of_kind| of_kind.values())
    }

    /// All objects of all kinds, by space and key.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Entry>> {
        self.objects.values()
    }

    /// All objects of one kind, by key.
    pub fn list<T: Kind>(&self) -> impl Iterator<Item = (Ref<T>, &T)> {
        self.entries(T::SPACE).filter_map(|e| Some((Ref::new(e.id.key), e.cast::<T>()?)))
    }

    /// The object whose unique field has that value: slug, name, identifier.
    pub fn find<T: Kind>(&self, field: &'static str, value: &str) -> Option<(Ref<T>, &T)> {
        let entry = self.lookup(T::SPACE, field, value)?;
        Some((Ref::new(entry.id.key), entry.cast::<T>()?))
    }

    /// As [`find`](Self::find), in a whole space.
    pub fn lookup(&self, space: Space, field: &'static str, value: &str) -> Option<&Arc<Entry>> {
        self.entry(*self.unique.get(&(space, field, value.to_owned()))?.first()?)
    }

    /// Which objects name `target`, and by which field.
    pub fn referrers(&self, target: ObjectId) -> impl Iterator<Item = (ObjectId, &'static str)> {
        self.referrers.get(&target).into_iter().flat_map(|set| set.keys().copied())
    }

    /// As [`referrers`](Self::referrers), those of one space alone: thousands of another one are
    /// not gone over.
    pub fn referrers_in(
        &self,
        target: ObjectId,
        space: Space,
    ) -> impl Iterator<Item = (ObjectId, &'static str)> {
        let from = (ObjectId::new(space, Key::Int(i64::MIN)), "");
        let of_space = self
            .referrers
            .get(&target)
            .into_iter()
            .flat_map(move |set| set.range(from..).map(|(by, ())| *by));
        of_space.take_while(move |(by, _)| by.space == space)
    }

    /// The object with that uuid that policies can be bound to.
    pub fn bindable(&self, uuid: Uuid) -> Option<&Arc<Entry>> {
        self.bindable.keys().find_map(|space| self.entry(ObjectId::new(*space, Key::Uuid(uuid))))
    }

    /// The highest integer key a space ever had.
    pub fn highest_key(&self, space: Space) -> i64 {
        self.highest.get(&space).copied().unwrap_or(0)
    }

    /// Tells of a key that was given once, when loading.
    pub fn note_key(&mut self, space: Space, key: i64) {
        if key > self.highest_key(space) {
            self.highest.insert_mut(space, key);
        }
    }

    pub(crate) fn insert(&mut self, entry: Entry) {
        self.remove(entry.id);
        if let Key::Int(key) = entry.id.key {
            self.note_key(entry.id.space, key);
        }
        for key in unique_keys(&*entry.object) {
            let mut holders = self.unique.get(&key).cloned().unwrap_or_default();
            holders.push(entry.id);
            self.unique.insert_mut(key, holders);
        }
        entry.object.visit_refs(&mut |field, target| {
            let mut set = self.referrers.get(&target).cloned().unwrap_or_else(Referrers::new_sync);
            set.insert_mut((entry.id, field.name), ());
            self.referrers.insert_mut(target, set);
        });
        if entry.meta().bindable && !self.bindable.contains_key(&entry.id.space) {
            self.bindable.insert_mut(entry.id.space, ());
        }
        let entry = Arc::new(entry);
        let model = entry.meta().model;
        let mut of_kind = self.ordered.get(model).cloned().unwrap_or_else(Ordered::new_sync);
        of_kind.insert_mut(Place::of(entry.id, &*entry.object), entry.clone());
        self.ordered.insert_mut(model, of_kind);
        self.objects.insert_mut(entry.id, entry);
    }

    /// The field in which an object is not unique, or its model for a set of fields.
    pub(crate) fn not_unique(&self, entry: &Entry) -> Option<&'static str> {
        let keys = unique_keys(&*entry.object);
        keys.into_iter()
            .find(|k| self.unique.get(k).is_some_and(|holders| holders.len() > 1))
            .map(|(_, field, _)| field)
    }

    pub(crate) fn remove(&mut self, id: ObjectId) {
        let Some(entry) = self.objects.get(&id).cloned() else { return };
        for key in unique_keys(&*entry.object) {
            let others: Vec<ObjectId> = self
                .unique
                .get(&key)
                .into_iter()
                .flatten()
                .copied()
                .filter(|holder| *holder != id)
                .collect();
            if others.is_empty() {
                self.unique.remove_mut(&key);
            } else {
                self.unique.insert_mut(key, others);
            }
        }
        entry.object.visit_refs(&mut |field, target| {
            if let Some(mut set) = self.referrers.get(&target).cloned() {
                set.remove_mut(&(id, field.name));
                if set.is_empty() {
                    self.referrers.remove_mut(&target);
                } else {
                    self.referrers.insert_mut(target, set);
                }
            }
        });
        let model = entry.meta().model;
        if let Some(mut of_kind) = self.ordered.get(model).cloned() {
            of_kind.remove_mut(&Place::of(id, &*entry.object));
            self.ordered.insert_mut(model, of_kind);
        }
        self.objects.remove_mut(&id);
    }

    /// Puts a loaded object in without checks: what is on disk was checked when it was written.
    pub fn load(&mut self, entry: Entry) {
        self.revision = self.revision.max(entry.revision);
        self.insert(entry);
    }

    /// Takes out an object that is gone on disk, without checks.
    pub fn unload(&mut self, id: ObjectId) {
        self.remove(id);
    }

    /// The revision the store has counted to, which may be past every object's.
    pub fn set_revision(&mut self, revision: Revision) {
        self.revision = revision;
    }
}

/// The index entries of an object: its unique fields, and under the name of its model its
/// `unique_together` set as one text.
fn unique_keys(object: &dyn Object) -> Vec<UniqueKey> {
    let meta = object.meta();
    if meta.unique_together.is_empty() && !meta.fields.iter().any(|f| f.unique) {
        return Vec::new();
    }
    let values = object.values();
    let plain = |v: &Value| match v {
        Value::Null => None,
        Value::String(s) if s.is_empty() => None,
        Value::String(s) => Some(s.clone()),
        other => Some(other.to_string()),
    };
    let mut keys: Vec<UniqueKey> = Vec::new();
    for field in meta.fields.iter().filter(|f| f.unique) {
        if let Some(text) = values.get(field.name).and_then(plain) {
            keys.push((meta.space, field.name, text));
        }
    }
    if !meta.unique_together.is_empty() {
        // As in SQL: a null in the set makes it unlike every other.
        let parts: Option<Vec<String>> =
            meta.unique_together.iter().map(|f| values.get(*f).and_then(plain)).collect();
        if let Some(parts) = parts {
            keys.push((meta.space, meta.model, parts.join("\u{1f}")));
        }
    }
    keys
}

/// The typed declaration of a kind, for callers that have only the type.
impl Snapshot {
    /// How many objects of a kind there are.
    pub fn count<T: Kind>(&self) -> usize {
        self.count_of(<T as Fields>::META)
    }

    /// The number of objects of a kind.
    pub fn count_of(&self, meta: &KindMeta) -> usize {
        self.ordered.get(meta.model).map_or(0, RedBlackTreeMapSync::size)
    }
}
