//! A reference to an object of any kind.

use std::collections::BTreeSet;
use std::sync::{PoisonError, RwLock};

use serde_json::{Value, json};
use uuid::Uuid;

use crate::errors::{ErrorNode, Problem};
use crate::field::{FieldMeta, FieldValue, Shape};
use crate::key::{Key, ObjectId, Space};

/// Names one object of the configuration, whatever its kind; checked to exist like a
/// [`Ref`](crate::Ref).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AnyRef(pub ObjectId);

/// The names of spaces that were read. There are as many as kinds, so they stay in memory.
static SPACES: RwLock<BTreeSet<&'static str>> = RwLock::new(BTreeSet::new());

fn space(name: &str) -> Space {
    let known = SPACES.read().unwrap_or_else(PoisonError::into_inner).get(name).copied();
    Space(known.unwrap_or_else(|| {
        let mut all = SPACES.write().unwrap_or_else(PoisonError::into_inner);
        all.get(name).copied().unwrap_or_else(|| {
            let name: &'static str = Box::leak(name.to_owned().into_boxed_str());
            all.insert(name);
            name
        })
    }))
}

impl FieldValue for AnyRef {
    fn shape() -> Shape {
        Shape::Json
    }
    /// Only the program writes these: a request names a model and a key, which it resolves.
    fn parse(_: &Value, _: &FieldMeta) -> Result<Self, ErrorNode> {
        Err(Problem::new("invalid", "An object is named by its model and key.").into())
    }
    fn parse_stored(value: &Value, _: &FieldMeta) -> Result<Self, ErrorNode> {
        let part = |name: &str| value.get(name).cloned().unwrap_or_default();
        let key = match part("pk") {
            Value::Number(number) => number.as_i64().map(Key::Int),
            Value::String(text) => Uuid::parse_str(&text).ok().map(Key::Uuid),
            _ => None,
        };
        match (part("space").as_str(), key) {
            (Some(name), Some(key)) => Ok(AnyRef(ObjectId::new(space(name), key))),
            _ => Err(Problem::new("invalid", "This names no object.").into()),
        }
    }
    fn to_json(&self) -> Value {
        json!({"space": self.0.space.0, "pk": self.0.key.to_json()})
    }
    fn visit_refs(&self, visit: &mut dyn FnMut(ObjectId)) {
        visit(self.0);
    }
    fn without(&self, target: ObjectId) -> Option<Self> {
        (self.0 != target).then_some(*self)
    }
}
