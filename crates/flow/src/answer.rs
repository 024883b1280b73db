//! What the browser sent: JSON from API clients, a form from a page. Both are a map of values.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_core::form::Part;
use countersign_model::Problem;
use serde_json::{Map, Value};

/// An answer to a challenge.
#[derive(Debug, Clone, Default)]
pub struct Answer(pub(crate) Map<String, Value>);

impl Answer {
    /// Every field of a form is text; a name that stands twice keeps its last value.
    #[must_use]
    pub(crate) fn of_form(body: &[u8]) -> Self {
        Self(
            form_urlencoded::parse(body)
                .map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())))
                .collect(),
        )
    }

    /// A form with files; each file becomes a data URI, as clients of the API send it.
    #[must_use]
    pub(crate) fn of_parts(parts: Vec<Part>) -> Self {
        let value = |part: Part| match &part.file_name {
            Some(name) if name.is_empty() && part.content.is_empty() => None,
            Some(_) => {
                let media = part.content_type.as_deref().unwrap_or("application/octet-stream");
                Some((
                    part.name,
                    format!("data:{media};base64,{}", STANDARD.encode(&part.content)).into(),
                ))
            }
            None => Some((part.name, String::from_utf8_lossy(&part.content).into_owned().into())),
        };
        Self(parts.into_iter().filter_map(value).collect())
    }

    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    #[must_use]
    pub fn str(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }

    /// A text that must be there, without space around it.
    ///
    /// # Errors
    /// The problem as clients of the original know it.
    pub fn text(&self, name: &str) -> Result<String, Problem> {
        self.raw_text(name).and_then(|text| {
            let trimmed = text.trim();
            if trimmed.is_empty() { Err(Problem::blank()) } else { Ok(trimmed.to_owned()) }
        })
    }

    /// A text that must be there, to the letter.
    ///
    /// # Errors
    /// The problem as clients of the original know it.
    pub fn raw_text(&self, name: &str) -> Result<String, Problem> {
        match self.get(name) {
            None => Err(Problem::required()),
            Some(Value::Null) => Err(Problem::null()),
            Some(Value::String(text)) if text.is_empty() => Err(Problem::blank()),
            Some(Value::String(text)) if text.contains('\0') => {
                Err(Problem::new("null_characters_not_allowed", "Null characters are not allowed."))
            }
            Some(Value::String(text)) => Ok(text.clone()),
            Some(Value::Number(number)) => Ok(number.to_string()),
            Some(_) => Err(Problem::new("invalid", "Not a valid string.")),
        }
    }

    /// A yes or no that must be there.
    ///
    /// # Errors
    /// The problem as clients of the original know it.
    pub fn flag(&self, name: &str) -> Result<bool, Problem> {
        match self.get(name) {
            None => Err(Problem::required()),
            Some(Value::Null) => Err(Problem::null()),
            Some(value) => {
                as_flag(value).ok_or_else(|| Problem::new("invalid", "Must be a valid boolean."))
            }
        }
    }
}

/// Yes or no in the forms that clients and browsers send.
#[must_use]
pub(crate) fn as_flag(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::Number(number) => match number.as_i64() {
            Some(1) => Some(true),
            Some(0) => Some(false),
            _ => None,
        },
        Value::String(text) => match text.to_ascii_lowercase().as_str() {
            "true" | "t" | "yes" | "y" | "on" | "1" => Some(true),
            "false" | "f" | "no" | "n" | "off" | "0" | "" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn files_of_a_form_become_data_uris() {
        let part = |name: &str,
                    file_name: Option<&str>,
                    media: Option<&str>,
                    content: &'static [u8]| Part {
            name: name.to_owned(),
            file_name: file_name.map(str::to_owned),
            content_type: media.map(str::to_owned),
            content: content.into(),
        };
        let answer = Answer::of_parts(vec![
            part("csrf", None, None, b"token"),
            part("photo", Some("a.png"), Some("image/png"), b"\x00\x01"),
            part("none", Some(""), None, b""),
        ]);
        assert_eq!(
            Value::Object(answer.0),
            json!({"csrf": "token", "photo": "data:image/png;base64,AAE="})
        );
    }
}
