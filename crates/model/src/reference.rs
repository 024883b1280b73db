//! Typed references between objects.

use std::any::type_name;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::key::{Key, KeyType, ObjectId, Space};

/// What a [`Ref`] may point at: one kind, a family of kinds, or a table of the directory.
pub trait Target: 'static {
    /// Where its objects are.
    const SPACE: Space;
    /// What their keys are.
    const KEY: KeyType;
    /// The one model allowed, or `None` for any member of the space.
    const MODEL: Option<&'static str>;
}

/// The key of another object, checked to exist whenever an edit is committed.
pub struct Ref<T: Target + ?Sized> {
    key: Key,
    target: PhantomData<fn() -> T>,
}

impl<T: Target + ?Sized> Ref<T> {
    /// A reference to whatever has this key; that it exists is checked when an edit ends.
    pub const fn new(key: Key) -> Ref<T> {
        Ref { key, target: PhantomData }
    }

    /// The key of what it names.
    pub const fn key(&self) -> Key {
        self.key
    }

    /// What it names, whatever its type.
    pub const fn id(&self) -> ObjectId {
        ObjectId { space: T::SPACE, key: self.key }
    }

    /// The same object seen as a member of another set, for example a password stage as a stage.
    pub fn cast<U: Target + ?Sized>(&self) -> Ref<U> {
        Ref::new(self.key)
    }
}

impl<T: Target + ?Sized> Clone for Ref<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T: Target + ?Sized> Copy for Ref<T> {}
impl<T: Target + ?Sized> PartialEq for Ref<T> {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}
impl<T: Target + ?Sized> Eq for Ref<T> {}
impl<T: Target + ?Sized> PartialOrd for Ref<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<T: Target + ?Sized> Ord for Ref<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key.cmp(&other.key)
    }
}
impl<T: Target + ?Sized> Hash for Ref<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key.hash(state);
    }
}
impl<T: Target + ?Sized> fmt::Debug for Ref<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ref<{}>({})", type_name::<T>().rsplit("::").next().unwrap_or_default(), self.key)
    }
}
impl<T: Target + ?Sized> fmt::Display for Ref<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.key.fmt(f)
    }
}
impl<T: Target + ?Sized> Serialize for Ref<T> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        self.key.serialize(s)
    }
}
impl<'de, T: Target + ?Sized> Deserialize<'de> for Ref<T> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Key::deserialize(d).map(Ref::new)
    }
}

macro_rules! targets {
    ($($(#[$doc:meta])* $name:ident = $space:literal, $key:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub enum $name {}
        impl $crate::Target for $name {
            const SPACE: $crate::Space = $crate::Space($space);
            const KEY: $crate::KeyType = $crate::KeyType::$key;
            const MODEL: Option<&'static str> = None;
        }
    )*};
}

/// Sets of kinds that objects name in crates below the one that declares them, or that have no
/// behaviour in common. Others are traits; see [`Family`](crate::Family).
pub mod family {
    targets! {
        /// A flow, for crates that do not know the flow engine.
        Flow = "flow", Uuid;
        /// An application, for crates below the one that declares it.
        Application = "application", Uuid;
        /// Any source of identities.
        Source = "source", Uuid;
        /// A set of permissions, attached to groups.
        Role = "role", Uuid;
        /// Anything policies can be bound to; resolved over all spaces, see `Snapshot::bindable`.
        Bindable = "bindable", Uuid;
    }
}

/// Things kept in tables, not in the graph, that objects may name.
pub mod directory {
    targets! {
        /// A person or service account.
        User = "user", Int;
        /// A group of users.
        Group = "group", Uuid;
    }
}
