//! Comparing, filtering and searching JSON values the way the original's lists do.

use countersign_core::{ApiError, plain};
use countersign_model::{Entry, FieldErrors, FieldMeta, KeyType, Problem, Shape, letters};
use serde_json::Value;

/// One object that uses another, as `used_by` answers.
#[derive(Debug, Clone)]
pub(crate) struct UsedBy {
    pub(crate) app: String,
    pub(crate) model_name: String,
    pub(crate) pk: String,
    pub(crate) name: String,
    pub(crate) action: &'static str,
}

impl UsedBy {
    pub(crate) fn to_json(&self) -> Value {
        serde_json::json!({"app": self.app, "model_name": self.model_name, "pk": self.pk, "name": self.name, "action": self.action})
    }
}

/// Every word (split by blanks and commas) must be in one of the texts, whatever the case and the
/// accents.
pub(crate) fn search(query: &str, texts: &[String]) -> bool {
    let texts: Vec<String> = texts.iter().map(|text| letters(text)).collect();
    words(query).all(|word| texts.iter().any(|text| text.contains(&letters(&word))))
}

pub(crate) fn words(query: &str) -> impl Iterator<Item = String> + '_ {
    query.split([' ', ',', '\t']).filter(|w| !w.is_empty()).map(str::to_lowercase)
}

/// One filter of a query on one field: the values asked for, of which any may match, or whether it
/// is to have one at all.
pub(crate) struct Filter<'a> {
    pub(crate) field: &'static FieldMeta,
    pub(crate) null: bool,
    pub(crate) wanted: Vec<&'a str>,
}

impl Filter<'_> {
    /// # Errors
    /// A value that the field cannot have.
    pub(crate) fn check(&self) -> Result<(), ApiError> {
        if self.null {
            return Ok(());
        }
        let mut shape = (self.field.shape)();
        while let Shape::Nullable(inner) | Shape::List(inner) = shape {
            shape = *inner;
        }
        for wanted in &self.wanted {
            let problem = match &shape {
                Shape::Choice(choices) if !choices.iter().any(|c| c.value == *wanted) => {
                    Problem::new(
                        "invalid_choice",
                        format!(
                            "Select a valid choice. {wanted} is not one of the available choices."
                        ),
                    )
                }
                Shape::Reference { key: KeyType::Uuid, .. } | Shape::Uuid
                    if uuid::Uuid::parse_str(wanted).is_err() =>
                {
                    Problem::new("invalid", format!("“{wanted}” is not a valid UUID."))
                }
                Shape::Integer | Shape::Reference { key: KeyType::Int, .. }
                    if wanted.parse::<i64>().is_err() =>
                {
                    Problem::new("invalid", "Enter a number.")
                }
                _ => continue,
            };
            return Err(FieldErrors::one(self.field.name, problem).into());
        }
        Ok(())
    }

    /// Whether an object is one of those asked for.
    pub(crate) fn fits(&self, entry: &Entry) -> bool {
        let value = entry.object.value(self.field.name).unwrap_or_default();
        let null = |wanted: &&str| wanted.eq_ignore_ascii_case("true") == value.is_null();
        if self.null {
            return self.wanted.first().is_none_or(null);
        }
        let found: Vec<String> = match &value {
            Value::Array(items) => items.iter().map(plain).collect(),
            Value::Null => Vec::new(),
            other => vec![plain(other)],
        };
        let same =
            |a: &str, b: &str| if value.is_boolean() { a.eq_ignore_ascii_case(b) } else { a == b };
        self.wanted.iter().any(|wanted| found.iter().any(|value| same(value, wanted)))
    }
}
