//! The order of objects in lists.

use std::cmp::Ordering;

use serde_json::Value;
use unicode_normalization::UnicodeNormalization as _;

use crate::key::ObjectId;
use crate::kind::Object;

/// What a value is ordered by. What is nothing comes last.
#[derive(Debug, Clone, PartialEq)]
pub enum SortKey {
    /// True comes after false.
    Bool(bool),
    /// Numbers by size.
    Number(f64),
    /// Texts as a dictionary has them: without regard to case and accents.
    Text(Collated),
    /// No value.
    Nothing,
}

/// A text with its letters as they are compared; of two that are the same but for case and accents,
/// the text itself decides.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Collated {
    letters: String,
    text: String,
}

impl Collated {
    fn of(text: String) -> Collated {
        Collated { letters: letters(&text), text }
    }
}

/// A text in small letters without accents, in which lists are ordered and searched.
#[must_use]
pub fn letters(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let is_accent = |letter: &char| ('\u{300}'..='\u{36f}').contains(letter);
    text.nfkd().filter(|letter| !is_accent(letter)).flat_map(char::to_lowercase).collect()
}

impl Eq for SortKey {}

impl Ord for SortKey {
    fn cmp(&self, other: &SortKey) -> Ordering {
        let rank = |key: &SortKey| match key {
            SortKey::Bool(_) => 0,
            SortKey::Number(_) => 1,
            SortKey::Text(_) => 2,
            SortKey::Nothing => 3,
        };
        match (self, other) {
            (SortKey::Bool(a), SortKey::Bool(b)) => a.cmp(b),
            (SortKey::Number(a), SortKey::Number(b)) => a.total_cmp(b),
            (SortKey::Text(a), SortKey::Text(b)) => a.cmp(b),
            _ => rank(self).cmp(&rank(other)),
        }
    }
}

impl PartialOrd for SortKey {
    fn partial_cmp(&self, other: &SortKey) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl From<Option<Value>> for SortKey {
    fn from(value: Option<Value>) -> SortKey {
        match value {
            None | Some(Value::Null) => SortKey::Nothing,
            Some(Value::Bool(b)) => SortKey::Bool(b),
            Some(Value::String(text)) => SortKey::Text(Collated::of(text)),
            Some(Value::Number(number)) => {
                number.as_f64().map_or(SortKey::Nothing, SortKey::Number)
            }
            Some(other) => SortKey::Text(Collated::of(other.to_string())),
        }
    }
}

/// Where an object stands among those of its kind: by the kind's own ordering, then by its key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place(Vec<SortKey>, ObjectId);

impl Place {
    pub(crate) fn of(id: ObjectId, object: &dyn Object) -> Place {
        Place(object.meta().ordering.iter().map(|field| object.value(field).into()).collect(), id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn nothing_comes_last_and_numbers_count() {
        let key = |value| SortKey::from(Some(value));
        let mut values = [json!(null), json!("b"), json!("B"), json!("a")].map(key);
        values.sort();
        assert_eq!(values, [json!("a"), json!("B"), json!("b"), json!(null)].map(key));
        let mut names = ["Zo\u{eb}", "Users", "\u{dc}bung", "authentik Admins", "Ultra", "zoe"];
        names.sort_by_key(|name| key(json!(name)));
        assert_eq!(names, ["authentik Admins", "\u{dc}bung", "Ultra", "Users", "Zo\u{eb}", "zoe"]);
        assert!(SortKey::from(Some(json!(9))) < SortKey::from(Some(json!(10))));
        assert!(SortKey::from(Some(json!(false))) < SortKey::from(Some(json!(true))));
        assert!(SortKey::from(Some(json!(-0.5))) < SortKey::from(Some(json!(0))));
    }
}
