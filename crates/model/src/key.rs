//! Keys of objects: the original uses integers for providers and users, uuids elsewhere.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

/// The primary key of an object, unique within its [`Space`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Key {
    /// A number.
    Int(i64),
    /// A UUID.
    Uuid(Uuid),
}

/// Which of the two forms a space uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyType {
    /// Numbers.
    Int,
    /// UUIDs.
    Uuid,
}

impl Key {
    /// As the API writes it: a number, or a text.
    pub fn to_json(self) -> Value {
        match self {
            Key::Int(n) => Value::from(n),
            Key::Uuid(u) => Value::from(u.to_string()),
        }
    }

    /// Reads a key from a path or query; `None` when it is not of that type.
    pub fn parse(text: &str, kind: KeyType) -> Option<Key> {
        match kind {
            KeyType::Int => text.parse().ok().map(Key::Int),
            KeyType::Uuid => Uuid::parse_str(text).ok().map(Key::Uuid),
        }
    }

    /// Reads a key from JSON; integers may come as text, as forms and blueprints write them.
    pub fn from_json(value: &Value, kind: KeyType) -> Option<Key> {
        match value {
            Value::String(text) => Key::parse(text, kind),
            Value::Number(n) if kind == KeyType::Int => n.as_i64().map(Key::Int),
            _ => None,
        }
    }

    /// The key, where it is a UUID.
    pub fn uuid(self) -> Option<Uuid> {
        match self {
            Key::Uuid(u) => Some(u),
            Key::Int(_) => None,
        }
    }

    /// The key, where it is a number.
    pub fn int(self) -> Option<i64> {
        match self {
            Key::Int(n) => Some(n),
            Key::Uuid(_) => None,
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Key::Int(n) => write!(f, "{n}"),
            Key::Uuid(u) => write!(f, "{u}"),
        }
    }
}

impl From<Uuid> for Key {
    fn from(u: Uuid) -> Key {
        Key::Uuid(u)
    }
}

impl From<i64> for Key {
    fn from(n: i64) -> Key {
        Key::Int(n)
    }
}

/// A set of kinds that share keys and names, as `stage` or `provider`; a kind without family has a
/// space of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Space(pub &'static str);

impl fmt::Display for Space {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// Names one object in the whole system, in the graph or in the directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectId {
    /// The space in which the key is given once.
    pub space: Space,
    /// The key within the space.
    pub key: Key,
}

impl ObjectId {
    /// The object of this key in this space.
    pub const fn new(space: Space, key: Key) -> ObjectId {
        ObjectId { space, key }
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.space, self.key)
    }
}
