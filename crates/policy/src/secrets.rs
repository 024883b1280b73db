//! What is secret in what decisions are made from: told by its name, wherever it is. Whatever is
//! recorded of a decision goes through here.

use std::collections::BTreeSet;

use countersign_directory::secret_answers;
use countersign_model::Snapshot;
use serde_json::{Map, Value};

pub const MASK: &str = "********************";

/// Names whose values are secret.
#[derive(Debug, Clone, Default)]
pub struct Secrets(BTreeSet<String>);

impl Secrets {
    /// Those that sound secret, and those that a prompt asks for as a password, whatever they are
    /// called.
    #[must_use]
    pub fn of(snapshot: &Snapshot) -> Secrets {
        let mut names = BTreeSet::new();
        for name in secret_answers(snapshot) {
            // An answer is found under its name, and where it is written in the attributes.
            let last = name.rsplit(['.', '_']).next().unwrap_or_default();
            if name.starts_with("attributes") && !last.is_empty() {
                names.insert(last.to_owned());
            }
            names.insert(name);
        }
        Secrets(names)
    }

    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        sounds_secret(name) || self.0.contains(name)
    }

    /// The value without secrets; the names of what was masked are added to `masked`.
    #[must_use]
    pub fn mask(&self, value: &Value, masked: &mut BTreeSet<String>) -> Value {
        match value {
            Value::Object(map) => Value::Object(self.mask_map(map, masked)),
            Value::Array(list) => list.iter().map(|value| self.mask(value, masked)).collect(),
            Value::String(text) => Value::String(self.mask_text(text, masked)),
            other => other.clone(),
        }
    }

    /// As [`mask`](Self::mask), for a whole map.
    #[must_use]
    pub fn mask_map(
        &self,
        map: &Map<String, Value>,
        masked: &mut BTreeSet<String>,
    ) -> Map<String, Value> {
        map.iter()
            .map(|(name, value)| {
                let empty = match value {
                    Value::Null | Value::Bool(_) => true,
                    Value::String(text) => text.is_empty(),
                    Value::Array(list) => list.is_empty(),
                    Value::Object(map) => map.is_empty(),
                    Value::Number(_) => false,
                };
                let value = if self.has(name) && !empty {
                    masked.insert(name.clone());
                    MASK.into()
                } else {
                    self.mask(value, masked)
                };
                (name.clone(), value)
            })
            .collect()
    }

    /// Texts may be queries or JSON with secrets in them, also encoded ones.
    pub(crate) fn mask_text(&self, text: &str, masked: &mut BTreeSet<String>) -> String {
        if text.starts_with(['{', '['])
            && let Ok(value) = serde_json::from_str::<Value>(text)
        {
            let mut found = BTreeSet::new();
            let shown = self.mask(&value, &mut found);
            if found.is_empty() {
                return text.to_owned();
            }
            masked.append(&mut found);
            return shown.to_string();
        }
        if !text.contains('=') && !text.contains("%3D") && !text.contains("%3d") {
            return text.to_owned();
        }
        // Nested queries are encoded again and again.
        let mut plain = text.to_owned();
        for _ in 0..4 {
            plain = plain
                .replace("%3D", "=")
                .replace("%3d", "=")
                .replace("%26", "&")
                .replace("%3F", "?")
                .replace("%3f", "?")
                .replace("%25", "%");
        }
        let parts = plain.split(['&', '?', '#', ' ', ';']);
        let names = parts.flat_map(|part| {
            let pieces: Vec<&str> = part.split('=').collect();
            pieces.split_last().map(|(_, names)| names.to_vec()).unwrap_or_default()
        });
        let found: Vec<&str> = names.filter(|name| self.has(name)).collect();
        if found.is_empty() {
            return text.to_owned();
        }
        masked.extend(found.into_iter().map(str::to_owned));
        MASK.to_owned()
    }
}

/// Whether values under that name are secret in any case.
#[must_use]
pub fn sounds_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [
        "password",
        "secret",
        "token",
        "key_",
        "_key",
        "credential",
        "code_verifier",
        "signature",
        "authorization",
        "cookie",
        "captcha",
    ]
    .iter()
    .any(|word| name.contains(word))
        && name != "password_change_date"
        || matches!(name.as_str(), "code" | "otp" | "pin" | "key" | "assertion")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn secrets_are_masked_wherever_they_stand() {
        let secrets = Secrets(BTreeSet::from(["attributes.badge".into(), "badge".into()]));
        let value = json!({
            "prompt_data": {"password": "x1", "password_repeat": "x2", "email": "a@b.c"},
            "list": [{"client_secret": "x3"}], "code": "x4", "attributes.badge": "x5",
            "user": {"attributes": {"badge": "x6", "floor": "third"}},
            "_query": "query=next%3D%252Fapp%253Fa%253Db%2526flow_token%253Dx7&other=1",
            "text": "{\"access_token\": \"x8\"}", "url": "https://x.test/?token=x9",
            "usable_password": true, "token": null,
        });
        let mut masked = BTreeSet::new();
        let shown = secrets.mask(&value, &mut masked).to_string();
        for n in 1..=9 {
            assert!(!shown.contains(&format!("x{n}")), "x{n}: {shown}");
        }
        for seen in ["a@b.c", "third", "\"usable_password\":true", "\"token\":null"] {
            assert!(shown.contains(seen), "{seen}: {shown}");
        }
        assert!(masked.contains("flow_token") && masked.contains("badge"), "{masked:?}");
        let harmless = json!({"next": "/app?client_id=a&state=b", "note": "1 + 1 = 2"});
        assert_eq!(secrets.mask(&harmless, &mut BTreeSet::new()), harmless);
    }
}
