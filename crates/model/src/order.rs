//! The order of objects in lists.

use std::cmp::Ordering;

use serde_json::Value;

use crate::key::ObjectId;
use crate::kind::Object;

/// What a value is ordered by. What is nothing comes last.
#[derive(Debug, Clone, PartialEq)]
pub enum SortKey {
    /// True comes after false.
    Bool(bool),
    /// Numbers by size.
    Number(f64),
    /// Texts by their letters.
    Text(String),
    /// No value.
    Nothing,
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
            Some(Value::String(text)) => SortKey::Text(text),
            Some(Value::Number(number)) => {
                number.as_f64().map_or(SortKey::Nothing, SortKey::Number)
            }
            Some(other) => SortKey::Text(other.to_string()),
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
        let mut values = [json!(null), json!("b"), json!("B"), json!("a")]
            .map(|value| SortKey::from(Some(value)));
        values.sort();
        assert_eq!(
            values,
            [
                SortKey::Text("B".into()),
                SortKey::Text("a".into()),
                SortKey::Text("b".into()),
                SortKey::Nothing
            ]
        );
        assert!(SortKey::from(Some(json!(9))) < SortKey::from(Some(json!(10))));
        assert!(SortKey::from(Some(json!(false))) < SortKey::from(Some(json!(true))));
        assert!(SortKey::from(Some(json!(-0.5))) < SortKey::from(Some(json!(0))));
    }
}
