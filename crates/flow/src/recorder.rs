//! What is kept of every run of a flow: which stages, which policies answered what and why, what of
//! the context changed. Secrets never get in: values under names that sound like one are masked,
//! long texts cut.

use countersign_policy::Trace;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// More steps than a person takes; a loop stops being recorded, not being run.
const MOST_STEPS: usize = 200;
const LONGEST_TEXT: usize = 200;
const MASK: &str = "********************";

/// The steps so far; travels with the plan until the run is written.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Recording {
    pub started: i64,
    pub steps: Vec<Value>,
    /// The account it is about, proved or only named.
    #[serde(default)]
    pub user: Option<i64>,
    /// Somebody was signed in or has proved to be that account.
    #[serde(default)]
    pub known: bool,
    /// The browser has sent an answer.
    #[serde(default)]
    pub answered: bool,
    /// And there was room for what strangers do.
    #[serde(default)]
    pub admitted: bool,
}

impl Recording {
    fn push(&mut self, step: Value) {
        if self.steps.len() < MOST_STEPS {
            self.steps.push(step);
        }
    }

    /// Something happened at a stage: `shown`, `passed`, `invalid`, `skipped`, `denied`,
    /// `restarted`, `redirected`.
    pub(crate) fn stage(
        &mut self,
        at: i64,
        stage: &str,
        model: &str,
        outcome: &str,
        detail: Value,
    ) {
        // The same page shown again (a reload) is no news.
        let again = self.steps.last().is_some_and(|last| {
            outcome == "shown"
                && last.get("stage").and_then(Value::as_str) == Some(stage)
                && last.get("outcome").and_then(Value::as_str) == Some("shown")
        });
        if !again {
            self.push(json!({"at": at, "stage": stage, "model": model, "outcome": outcome, "detail": masked(&detail)}));
        }
    }

    /// Policies were asked about the flow or one of its stages.
    pub(crate) fn policies(&mut self, at: i64, about: &str, trace: &Trace) {
        if !trace.steps.is_empty() {
            let trace = serde_json::to_value(trace).unwrap_or(Value::Null);
            self.push(json!({"at": at, "about": about, "policies": trace}));
        }
    }
}

/// The number a person can read out: eight letters and digits of the run's id, without ones that
/// look alike.
#[must_use]
pub fn trace_number(run: Uuid) -> String {
    const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    // The last forty bits, which are random in every version of uuid in use here.
    let bits = run.as_u128() & 0xff_ffff_ffff;
    let letter = |at: u32| {
        let index = usize::try_from((bits >> (35 - 5 * at)) & 31).unwrap_or(0);
        LETTERS.get(index).copied().map_or('0', char::from)
    };
    let mut text: String = (0..8).map(letter).collect();
    text.insert(4, '-');
    text
}

/// A context as it may be shown: no secrets, nothing long.
#[must_use]
pub(crate) fn masked(value: &Value) -> Value {
    match value {
        Value::Object(map) => Value::Object(masked_map(map)),
        Value::Array(list) => list.iter().map(masked).collect(),
        Value::String(text) if text.chars().count() > LONGEST_TEXT => {
            let cut: String = text.chars().take(LONGEST_TEXT).collect();
            format!("{cut}…").into()
        }
        other => other.clone(),
    }
}

/// As [`masked`], for a whole context.
#[must_use]
pub(crate) fn masked_map(map: &Map<String, Value>) -> Map<String, Value> {
    map.iter()
        .map(|(key, value)| {
            (key.clone(), if sounds_secret(key) { MASK.into() } else { masked(value) })
        })
        .collect()
}

pub(crate) fn sounds_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
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
    .any(|word| key.contains(word))
        || matches!(key.as_str(), "code" | "otp" | "pin" | "key" | "assertion")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked_wherever_they_stand() {
        let value = json!({"prompt_data": {"password": "x", "password_repeat": "x", "email": "a@b.c"}, "list": [{"client_secret": "y"}], "code": "1"});
        let text = masked(&value).to_string();
        assert!(
            !text.contains("\"x\"")
                && !text.contains("\"y\"")
                && !text.contains("\"1\"")
                && text.contains("a@b.c"),
            "{text}"
        );
    }

    #[test]
    fn trace_numbers_can_be_read_out() {
        let number = trace_number(Uuid::from_u128(0x1234_5678_9abc_def0));
        assert_eq!(number.len(), 9);
        assert_eq!(number.as_bytes()[4], b'-');
        assert_ne!(trace_number(Uuid::from_u128(1)), trace_number(Uuid::from_u128(2)));
    }

    #[test]
    fn a_reload_is_recorded_once() {
        let mut recording = Recording::default();
        for _ in 0..5 {
            recording.stage(1, "s", "m", "shown", Value::Null);
        }
        recording.stage(2, "s", "m", "passed", Value::Null);
        assert_eq!(recording.steps.len(), 2);
    }
}
