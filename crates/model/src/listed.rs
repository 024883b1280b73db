//! Choices from a list that is data rather than an enumeration.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use serde_json::Value;

use crate::errors::{ErrorNode, Problem};
use crate::field::{ChoiceMeta, FieldMeta, FieldValue, Shape};

/// A closed list of names.
pub trait Names: 'static {
    /// The choices.
    fn choices() -> &'static [ChoiceMeta];
}

/// A name of the list `L`, or an empty text where the field may be blank.
pub struct Listed<L>(String, PhantomData<fn() -> L>);

impl<L> Clone for Listed<L> {
    fn clone(&self) -> Self {
        Listed(self.0.clone(), PhantomData)
    }
}

impl<L> fmt::Debug for Listed<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<L> Deref for Listed<L> {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl<L: Names> FieldValue for Listed<L> {
    fn shape() -> Shape {
        Shape::Choice(L::choices())
    }
    fn parse(value: &Value, meta: &FieldMeta) -> Result<Self, ErrorNode> {
        let text = match value {
            Value::Null => return Err(Problem::null().into()),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let known =
            text.is_empty() && meta.blank || L::choices().iter().any(|choice| choice.value == text);
        if known { Ok(Listed(text, PhantomData)) } else { Err(Problem::choice(&text).into()) }
    }
    /// A name that the list does not have, or has no longer, stays: it is none of the others.
    fn load(value: &Value, meta: &FieldMeta) -> Result<Self, ErrorNode> {
        match value {
            Value::String(text) => Ok(Listed(text.clone(), PhantomData)),
            other => Self::parse(other, meta),
        }
    }
    fn to_json(&self) -> Value {
        Value::from(self.0.clone())
    }
}
