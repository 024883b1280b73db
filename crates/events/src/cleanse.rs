//! Masking of what must not be kept, by key name.

use serde_json::Value;

const MASK: &str = "********************";
const WORDS: [&str; 8] = ["api", "token", "key", "secret", "pass", "signature", "http_cookie", "code_verifier"];

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

/// Whether values under a key of that name are masked.
pub fn sounds_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    let harmless = key.contains("passing") || key.contains("password_change_date");
    !harmless && (WORDS.iter().any(|w| key.contains(w)) || key == "code")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn secrets_are_masked_by_the_name_of_their_key_at_any_depth() {
        let dirty = json!({"user": "a", "new_password": "x", "nested": [{"access_token": "y", "passing": true}], "keys": {"a": 1}});
        assert_eq!(cleanse(&dirty), json!({"user": "a", "new_password": MASK, "nested": [{"access_token": MASK, "passing": true}], "keys": {"a": 1}}));
    }
}
