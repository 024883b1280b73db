//! What events do not keep: values whose key sounds secret, and the rest of what is long.

use serde_json::Value;

const MASK: &str = "********************";
const WORDS: [&str; 8] =
    ["api", "token", "key", "secret", "pass", "signature", "http_cookie", "code_verifier"];

/// Replaces values whose key sounds secret; maps and lists are walked.
pub fn cleanse(value: &Value) -> Value {
    match value {
        Value::Object(map) => map
            .iter()
            .map(|(key, inner)| {
                let cleansed = match inner {
                    Value::Object(_) | Value::Array(_) => cleanse(inner),
                    _ if sounds_secret(key) => Value::from(MASK),
                    _ => inner.clone(),
                };
                (key.clone(), cleansed)
            })
            .collect(),
        Value::Array(items) => items.iter().map(cleanse).collect(),
        other => other.clone(),
    }
}

/// So many characters of what a request said are stored.
const LONGEST: usize = 1_000;

/// The beginning of a long text.
pub fn beginning(text: &str) -> &str {
    text.char_indices().nth(LONGEST).and_then(|(end, _)| text.get(..end)).unwrap_or(text)
}

/// Cuts long texts of what anybody may send; maps and lists are walked.
pub fn shortened(value: Value) -> Value {
    let cut = |text: String| {
        if beginning(&text).len() < text.len() { format!("{}...", beginning(&text)) } else { text }
    };
    match value {
        Value::String(text) => Value::from(cut(text)),
        Value::Array(items) => items.into_iter().map(shortened).collect(),
        Value::Object(map) => {
            map.into_iter().map(|(name, value)| (cut(name), shortened(value))).collect()
        }
        other => other,
    }
}

/// Whether values under a key of that name are masked.
pub fn sounds_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    let harmless = key.contains("passing") || key.contains("password_change_date");
    !harmless && (WORDS.iter().any(|w| key.contains(w)) || key == "code")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_wherever_they_are() {
        let long = "ä".repeat(LONGEST + 1);
        let cut = format!("{}...", "ä".repeat(LONGEST));
        let whole = "x".repeat(LONGEST);
        let value = serde_json::json!({"a": long, "b": [long, whole, 1], (long): null});
        assert_eq!(
            shortened(value),
            serde_json::json!({"a": cut, "b": [cut, whole, 1], (cut): null})
        );
    }

    use serde_json::json;

    #[test]
    fn secrets_are_masked_by_the_name_of_their_key_at_any_depth() {
        let dirty = json!({"user": "a", "new_password": "x", "nested": [{"access_token": "y", "passing": true}], "keys": {"a": 1}});
        assert_eq!(
            cleanse(&dirty),
            json!({"user": "a", "new_password": MASK, "nested": [{"access_token": MASK, "passing": true}], "keys": {"a": 1}})
        );
    }
}
