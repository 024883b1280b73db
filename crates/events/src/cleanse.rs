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

/// Places in addresses after which a key follows that lets somebody in.
const BEFORE_KEYS: [&str; 2] = ["/stages/invitation/invitations/", "/recovery/use-token/"];
/// An address in the query of an address in a query, and so on: what is deeper is masked whole.
const DEEPEST: u8 = 4;

/// As [`cleanse`], for what is stored of a request: keys in its path are masked, too, and those in
/// addresses and queries that its own query carries, as `next`, and `query` of the executor.
pub(crate) fn cleanse_request(request: &Value) -> Value {
    let mut request = cleanse(request);
    if let Some(Value::String(path)) = request.get_mut("path") {
        *path = without_key(path);
    }
    if let Some(Value::Object(args)) = request.get_mut("args") {
        for value in args.values_mut() {
            if let Value::String(text) = value {
                *text = carried(text, DEEPEST);
            }
        }
    }
    request
}

/// A value that may be an address or a query.
fn carried(text: &str, depth: u8) -> String {
    let Some(first) = text.find('=') else { return without_key(text) };
    if depth == 0 {
        return MASK.to_owned();
    }
    match text.split_once('?') {
        Some((path, query)) if path.len() < first => {
            format!("{}?{}", without_key(path), queried(query, depth))
        }
        _ => queried(text, depth),
    }
}

fn queried(query: &str, depth: u8) -> String {
    let pairs = || form_urlencoded::parse(query.as_bytes());
    let clean = |(name, value): (std::borrow::Cow<'_, str>, std::borrow::Cow<'_, str>)| {
        let value = if sounds_secret(&name) { MASK.to_owned() } else { carried(&value, depth - 1) };
        (name.into_owned(), value)
    };
    // What has nothing to hide is kept to the letter.
    if pairs().all(|(name, value)| clean((name.clone(), value.clone())).1 == value) {
        return query.to_owned();
    }
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs().map(clean)).finish()
}

fn without_key(path: &str) -> String {
    for before in BEFORE_KEYS {
        if let Some((head, rest)) = path.split_once(before) {
            let tail = rest.find('/').and_then(|end| rest.get(end..)).unwrap_or_default();
            let key = if rest.is_empty() { "" } else { MASK };
            return format!("{head}{before}{key}{tail}");
        }
    }
    path.to_owned()
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

/// As JSON that both engines keep and find things in: of U+0000 in texts and names U+FFFD is left.
/// Maps and lists are walked.
pub(crate) fn storable(value: Value) -> Value {
    match value {
        Value::String(text) => Value::from(storable_text(text)),
        Value::Array(items) => items.into_iter().map(storable).collect(),
        Value::Object(map) => {
            map.into_iter().map(|(name, value)| (storable_text(name), storable(value))).collect()
        }
        other => other,
    }
}

pub(crate) fn storable_text(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text }
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

    #[test]
    fn null_characters_are_replaced_wherever_they_are() {
        let value = serde_json::json!({"a\0": "\0", "b": [{"c": "d\0e"}, "f", 1, null]});
        assert_eq!(
            storable(value),
            serde_json::json!({"a\u{fffd}": "\u{fffd}", "b": [{"c": "d\u{fffd}e"}, "f", 1, null]})
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

    #[test]
    fn keys_in_paths_and_in_queries_that_a_query_carries_are_masked() {
        for (path, kept) in [
            ("/api/v3/flows/executor/a/", "/api/v3/flows/executor/a/"),
            ("/api/v3/stages/invitation/invitations/", "/api/v3/stages/invitation/invitations/"),
            (
                "/api/v3/stages/invitation/invitations/1-2/",
                "/api/v3/stages/invitation/invitations/********************/",
            ),
            ("/id/recovery/use-token/abc", "/id/recovery/use-token/********************"),
        ] {
            assert_eq!(cleanse_request(&json!({"path": path}))["path"], kept);
        }
        for (value, kept) in [
            ("42", "42"),
            ("/if/user/", "/if/user/"),
            ("next=%2Fif%2Fuser%2F", "next=%2Fif%2Fuser%2F"),
            ("next=/a/?b=c", "next=/a/?b=c"),
            ("flow_token=k&next=/a/?b=c", "flow_token=********************&next=%2Fa%2F%3Fb%3Dc"),
            ("itoken=k", "itoken=********************"),
            ("/if/flow/join/?itoken=k", "/if/flow/join/?itoken=********************"),
            ("https://x/?a=1&itoken=k#b", "https://x/?a=1&itoken=********************"),
            (
                "next=%2Fif%2Fflow%2Fjoin%2F%3Fitoken%3Dk",
                "next=%2Fif%2Fflow%2Fjoin%2F%3Fitoken%3D********************",
            ),
            ("a=b%3Dc%253Dd%25253De%2525253Df", "a=b%3Dc%253Dd%25253D********************"),
        ] {
            let request = json!({"args": {"query": value, "token": "k"}});
            let args = json!({"query": kept, "token": MASK});
            assert_eq!(cleanse_request(&request)["args"], args, "{value}");
        }
    }
}
