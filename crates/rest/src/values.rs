//! Comparing, filtering and searching JSON values the way the original's lists do.

use countersign_core::{ApiError, plain};
use countersign_model::{Entry, FieldErrors, FieldMeta, KeyType, Problem, Shape};
use serde_json::Value;

/// One object that uses another, as `used_by` answers.
#[derive(Debug, Clone)]
pub struct UsedBy {
    pub app: String,
    pub model_name: String,
    pub pk: String,
    pub name: String,
    pub action: &'static str,
}

impl UsedBy {
    pub fn to_json(&self) -> Value {
        serde_json::json!({"app": self.app, "model_name": self.model_name, "pk": self.pk, "name": self.name, "action": self.action})
    }
}

/// Every word (split by blanks and commas) must be in one of the texts, whatever the case.
pub(crate) fn search(query: &str, texts: &[String]) -> bool {
    let texts: Vec<String> = texts.iter().map(|t| t.to_lowercase()).collect();
    words(query).all(|word| texts.iter().any(|t| t.contains(&word)))
}

pub(crate) fn words(query: &str) -> impl Iterator<Item = String> + '_ {
    query.split([' ', ',', '\t']).filter(|w| !w.is_empty()).map(str::to_lowercase)
}

/// One filter of a query on one field: the lookup after `__`, and the values asked for (any may
/// match).
pub(crate) struct Filter<'a> {
    pub(crate) field: &'static FieldMeta,
    pub(crate) lookup: &'a str,
    pub(crate) wanted: Vec<&'a str>,
}

impl Filter<'_> {
    /// # Errors
    /// A value that the field cannot have.
    pub(crate) fn check(&self) -> Result<(), ApiError> {
        if !["", "exact"].contains(&self.lookup) {
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
        self.matches(&entry.object.value(self.field.name).unwrap_or_default())
    }

    pub(crate) fn matches(&self, value: &Value) -> bool {
        if self.lookup == "isnull" {
            return self
                .wanted
                .first()
                .is_none_or(|w| w.eq_ignore_ascii_case("true") == value.is_null());
        }
        let found: Vec<String> = match value {
            Value::Array(items) => items.iter().map(plain).collect(),
            Value::Null => Vec::new(),
            other => vec![plain(other)],
        };
        let boolean = value.is_boolean();
        let wanted: Vec<&str> = if self.lookup == "in" {
            self.wanted.iter().flat_map(|w| w.split(',')).collect()
        } else {
            self.wanted.clone()
        };
        wanted.iter().any(|wanted| {
            found.iter().any(|value| match self.lookup {
                "iexact" => value.eq_ignore_ascii_case(wanted),
                "contains" => value.contains(wanted),
                "icontains" => value.to_lowercase().contains(&wanted.to_lowercase()),
                "startswith" => value.starts_with(wanted),
                _ if boolean => value.eq_ignore_ascii_case(wanted),
                _ => value == wanted,
            })
        })
    }
}
