//! What the browser sent: JSON from API clients, a form from a page. Both are a map of values.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_model::{FieldErrors, Problem};
use serde_json::{Map, Value};

/// An answer to a challenge.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answer(pub Map<String, Value>);

impl Answer {
    /// Every field of a form is text; a name that stands twice keeps its last value.
    #[must_use]
    pub(crate) fn of_form(body: &[u8]) -> Self {
        Self(form_urlencoded::parse(body).map(|(name, value)| (name.into_owned(), Value::String(value.into_owned()))).collect())
    }

    /// A form with files; each file becomes a data URI, as clients of the API send it.
    #[must_use]
    pub(crate) fn of_multipart(boundary: &str, body: &[u8]) -> Self {
        let mark = format!("--{boundary}");
        let mut all = Map::new();
        for part in split(body, mark.as_bytes()).skip(1) {
            let Some(head_end) = find(part, b"\r\n\r\n") else { continue };
            let (head, rest) = part.split_at(head_end);
            let content = rest.get(4..).unwrap_or_default();
            let content = content.strip_suffix(b"\r\n").unwrap_or(content);
            let head = String::from_utf8_lossy(head);
            let Some(name) = parameter(&head, "name") else { continue };
            let value = match parameter(&head, "filename") {
                Some(file) if file.is_empty() && content.is_empty() => continue,
                Some(_) => {
                    let media = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-type:").map(|media| media.trim().to_owned()));
                    let media = media.filter(|media| media.bytes().all(|b| b.is_ascii_alphanumeric() || b"/.+-".contains(&b)));
                    format!("data:{};base64,{}", media.unwrap_or_else(|| "application/octet-stream".to_owned()), STANDARD.encode(content))
                }
                None => String::from_utf8_lossy(content).into_owned(),
            };
            all.insert(name, value.into());
        }
        Self(all)
    }

    #[must_use]
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    #[must_use]
    pub(crate) fn str(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }

    /// A text that must be there, without space around it.
    ///
    /// # Errors
    /// The problem as clients of the original know it.
    pub(crate) fn text(&self, name: &str) -> Result<String, Problem> {
        self.raw_text(name).and_then(|text| {
            let trimmed = text.trim();
            if trimmed.is_empty() { Err(Problem::blank()) } else { Ok(trimmed.to_owned()) }
        })
    }

    /// A text that must be there, to the letter.
    ///
    /// # Errors
    /// The problem as clients of the original know it.
    pub(crate) fn raw_text(&self, name: &str) -> Result<String, Problem> {
        match self.get(name) {
            None => Err(Problem::required()),
            Some(Value::Null) => Err(Problem::null()),
            Some(Value::String(text)) if text.is_empty() => Err(Problem::blank()),
            Some(Value::String(text)) => Ok(text.clone()),
            Some(Value::Number(number)) => Ok(number.to_string()),
            Some(_) => Err(Problem::new("invalid", "Not a valid string.")),
        }
    }

    /// A yes or no that must be there.
    ///
    /// # Errors
    /// The problem as clients of the original know it.
    pub(crate) fn flag(&self, name: &str) -> Result<bool, Problem> {
        match self.get(name) {
            None => Err(Problem::required()),
            Some(Value::Null) => Err(Problem::null()),
            Some(value) => as_flag(value).ok_or_else(|| Problem::new("invalid", "Must be a valid boolean.")),
        }
    }
}

/// `name="x"` of a part's `Content-Disposition`.
fn parameter(head: &str, name: &str) -> Option<String> {
    let line = head.lines().find(|line| line.to_ascii_lowercase().starts_with("content-disposition:"))?;
    line.split(';').skip(1).find_map(|piece| {
        let (key, value) = piece.trim().split_once('=')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"').replace("%22", "\""))
    })
}

fn find(body: &[u8], what: &[u8]) -> Option<usize> {
    body.windows(what.len().max(1)).position(|window| window == what)
}

fn split<'a>(body: &'a [u8], mark: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
    let mut rest = Some(body);
    std::iter::from_fn(move || {
        let body = rest?;
        match find(body, mark) {
            Some(at) => {
                rest = body.get(at + mark.len()..);
                body.get(..at)
            }
            None => {
                rest = None;
                Some(body)
            }
        }
    })
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

/// One field's problem as a whole set of errors.
#[must_use]
pub(crate) fn wrong(field: &str, problem: Problem) -> FieldErrors {
    FieldErrors::one(field, problem)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn files_of_a_form_become_data_uris() {
        let body = b"--b\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\ntoken\r\n--b\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"a.png\"\r\n\
            Content-Type: image/png\r\n\r\n\x00\x01\r\n--b\r\nContent-Disposition: form-data; name=\"none\"; filename=\"\"\r\n\r\n\r\n--b--\r\n";
        let answer = Answer::of_multipart("b", body);
        assert_eq!(Value::Object(answer.0), json!({"csrf": "token", "photo": "data:image/png;base64,AAE="}));
    }

    proptest::proptest! {
        #[test]
        fn no_form_brings_it_down(body in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300), boundary in "[a-z]{0,5}") {
            let _ = Answer::of_multipart(&boundary, &body);
            let _ = Answer::of_form(&body);
        }
    }
}
