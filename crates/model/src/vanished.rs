//! What an object lost that restricted somebody.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::errors::{ErrorNode, Problem};
use crate::field::{FieldMeta, FieldValue, Shape};

/// The guarding fields (`#[field(guard)]`) whose target was deleted and that nobody has set since.
/// A deletion takes such a reference away like any other, and remembers here that there was one: as
/// long as a field is named, what it guarded stays closed, so that deleting a group or a policy
/// never opens to everybody what was only for some.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Vanished(BTreeSet<String>);

impl Vanished {
    /// Whether nothing vanished.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether what the field named vanished.
    pub fn contains(&self, field: &str) -> bool {
        self.0.contains(field)
    }

    /// The names of the fields.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    pub(crate) fn note(&mut self, field: &str) {
        self.0.insert(field.to_owned());
    }

    pub(crate) fn forget(&mut self, field: &str) {
        self.0.remove(field);
    }
}

impl FieldValue for Vanished {
    fn shape() -> Shape {
        Shape::List(Box::new(Shape::Text))
    }
    fn parse(value: &Value, meta: &FieldMeta) -> Result<Self, ErrorNode> {
        if value.is_null() {
            return Err(Problem::null().into());
        }
        Vec::<String>::parse(value, meta).map(|fields| Vanished(fields.into_iter().collect()))
    }
    fn to_json(&self) -> Value {
        self.fields().collect()
    }
}
