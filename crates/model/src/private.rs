//! What the derive macros call; not for use by hand.

use std::any::Any;

pub use serde_json::{Map, Value};

use crate::environment::Entropy;
use crate::errors::{ErrorNode, FieldErrors, Problem};
use crate::field::{Choice, FieldMeta, FieldValue, python_type};
use crate::key::ObjectId;
pub use crate::kind::Cast;
use crate::kind::{Detached, Input, Object};
use crate::registry::LoadError;
use crate::secret::{Sealer, Secret};
use crate::vanished::Vanished;

/// An object as a value of its kind, for its [`Cast`].
pub fn downcast<T: Object>(object: &dyn Object) -> Option<&T> {
    (object as &dyn Any).downcast_ref()
}

pub fn parse_field<T: FieldValue>(
    meta: &'static FieldMeta,
    input: &Input<'_>,
    base: Option<T>,
    default: impl FnOnce(&dyn Entropy) -> Option<T>,
    errors: &mut FieldErrors,
) -> Option<T> {
    if let Some(value) = input.value(meta) {
        if is_mask(meta, value) {
            return base.or_else(|| {
                errors.add(meta.name, Problem::mask());
                None
            });
        }
        let parsed =
            if input.privileged { T::parse_stored(value, meta) } else { T::parse(value, meta) };
        return parsed.map_err(|node| errors.set(meta.name, node)).ok();
    }
    if !input.must_have(meta)
        && let Some(value) = base.or_else(|| default(input.entropy))
    {
        return Some(value);
    }
    errors.add(meta.name, Problem::required());
    None
}

pub fn parse_part<T: FieldValue>(
    meta: &'static FieldMeta,
    map: &Map<String, Value>,
    default: impl FnOnce() -> Option<T>,
    errors: &mut FieldErrors,
) -> Option<T> {
    let parsed = match map.get(meta.name) {
        // Parts of lists have no identity by which the secret before could be found.
        Some(value) if is_mask(meta, value) => Err(Problem::mask().into()),
        Some(value) => T::parse(value, meta),
        None => default().ok_or_else(|| Problem::required().into()),
    };
    parsed.map_err(|node| errors.set(meta.name, node)).ok()
}

/// A secret as answers mask it, sent back by whoever never saw it.
fn is_mask(meta: &FieldMeta, value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.trim() == Secret::MASK) && meta.is_secret()
}

pub fn load_field<T: FieldValue>(
    model: &'static str,
    meta: &'static FieldMeta,
    stored: &Map<String, Value>,
    sealer: &dyn Sealer,
    default: impl FnOnce() -> Option<T>,
) -> Result<T, LoadError> {
    let damaged = || LoadError::Damaged { model, field: meta.name };
    let Some(value) = stored.get(meta.name) else { return default().ok_or_else(damaged) };
    let opened = T::unseal(value, sealer)?;
    T::load(&opened, meta).or_else(|_| default().ok_or_else(damaged))
}

/// `Ok(None)`: the field does not name the target. `Err`: the object cannot stay.
pub fn detach_field<T: FieldValue>(
    meta: &'static FieldMeta,
    value: &T,
    target: ObjectId,
) -> Result<Option<T>, Detached> {
    let mut named = false;
    value.visit_refs(&mut |id| named |= id == target);
    if !named {
        return Ok(None);
    }
    match Detached::rule(meta) {
        Some(outcome) => Err(outcome),
        None => value.without(target).map(Some).ok_or(Detached::Gone),
    }
}

/// Notes that a guarding field lost what it named.
pub fn note_vanished(vanished: &mut Vanished, meta: &'static FieldMeta) {
    if meta.guard.is_some() {
        vanished.note(meta.name);
    }
}

/// What a guarding field is set to guards from then on. To set it to nothing says nothing new: that
/// is what a client sends that sends back what it read. `vanished: []` says that nothing has to
/// guard any more; files that were written by an export say what had vanished.
pub fn settle_vanished(vanished: &mut Vanished, fields: &[FieldMeta], input: &Input<'_>) {
    if input.map.get("vanished").and_then(Value::as_array).is_some_and(Vec::is_empty) {
        *vanished = Vanished::default();
    }
    let recorded = input.privileged && input.map.contains_key("vanished");
    let is_set = |field: &FieldMeta| match input.map.get(field.name) {
        None | Some(Value::Null) => false,
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Array(items)) => !items.is_empty(),
        Some(_) => true,
    };
    for set in fields.iter().filter(|field| field.guard.is_some() && !recorded && is_set(field)) {
        for field in fields.iter().filter(|field| field.guard == set.guard) {
            vanished.forget(field.name);
        }
    }
}

pub fn object(value: &Value) -> Result<&Map<String, Value>, ErrorNode> {
    value.as_object().ok_or_else(|| {
        let text = format!("Invalid data. Expected a dictionary, but got {}.", python_type(value));
        ErrorNode::Nested(FieldErrors::object(Problem::new("invalid", text)))
    })
}

pub fn parse_choice<T: Choice>(value: &Value) -> Result<T, ErrorNode> {
    let text = match value {
        Value::Null => return Err(Problem::null().into()),
        Value::String(s) => s.clone(),
        other => other.to_string(),
    };
    T::from_value(&text).ok_or_else(|| Problem::choice(&text).into())
}
