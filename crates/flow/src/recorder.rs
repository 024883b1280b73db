//! What is kept of every run of a flow: which stages, which policies answered what and why, and what
//! their decisions were made from. No secret gets in ([`countersign_policy::Secrets`]).

use std::collections::BTreeSet;

use countersign_model::Snapshot;
use countersign_policy::recording::DecisionRecord;
use countersign_policy::{Decision, Secrets};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// More steps than a person takes; a loop stops being recorded, not being run.
const MOST_STEPS: usize = 200;
const LONGEST_TEXT: usize = 200;
/// Records of decisions that wait with the plan until the run is written, in bytes.
const MOST_WAITING: usize = 4 * 1024;
/// And all of one run.
const MOST_OF_RUN: usize = 64 * 1024;

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
    /// What it is to lead to.
    #[serde(default)]
    pub application: Option<Uuid>,
    /// Why it does not go on, in the words that the person reads; empty while it does.
    #[serde(default)]
    pub reason: String,
    /// Decisions so far; each has its number.
    #[serde(default)]
    pub decided: u32,
    /// Records of decisions until they are written.
    #[serde(default)]
    pub decisions: Vec<Numbered>,
    /// Bytes of those that were.
    #[serde(default)]
    pub written: usize,
}

/// A record with the number of its decision in the run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Numbered {
    pub number: u32,
    pub record: Box<DecisionRecord>,
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
        if again {
            return;
        }
        match outcome {
            "denied" | "invalid" | "outdated" => self.reason = said(&detail),
            "passed" | "redirected" => self.reason.clear(),
            _ => {}
        }
        let detail = shortened(&Secrets::default().mask(&detail, &mut BTreeSet::new()));
        self.push(
            json!({"at": at, "stage": stage, "model": model, "outcome": outcome, "detail": detail}),
        );
    }

    /// Policies were asked about the flow or one of its stages.
    pub(crate) fn policies(&mut self, at: i64, about: &str, decision: &Decision) {
        if decision.trace.steps.is_empty() {
            return;
        }
        self.decided += 1;
        let number = self.decided;
        let trace = serde_json::to_value(&decision.trace).unwrap_or(Value::Null);
        self.push(json!({"at": at, "about": about, "decision": number, "policies": trace}));
        if let Some(record) = decision.record.clone() {
            self.decisions.push(Numbered { number, record });
        }
    }

    /// The records that are to be written now, as far as the run has room for them.
    pub(crate) fn take_decisions(&mut self) -> Vec<Numbered> {
        let mut taken = std::mem::take(&mut self.decisions);
        taken.retain(|one| {
            let size = one.record.size();
            let fits = self.written.saturating_add(size) <= MOST_OF_RUN;
            self.written += if fits { size } else { 0 };
            fits
        });
        taken
    }

    /// Nothing is written yet: what waits with the plan is kept small.
    pub(crate) fn wait(&mut self) {
        let mut left = MOST_WAITING;
        self.decisions.retain(|one| {
            let size = one.record.size();
            let fits = size <= left;
            left -= if fits { size } else { 0 };
            fits
        });
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

/// The last five bytes of the ids of runs whose number begins so: from, to. None for what no number
/// begins with.
pub(crate) fn numbers_from(text: &str) -> Option<(Vec<u8>, Vec<u8>)> {
    const LETTERS: &str = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let (mut bits, mut left) = (0u64, 40u32);
    for letter in text.trim().to_ascii_uppercase().chars().filter(|letter| *letter != '-') {
        // Read out, they may have been taken for others.
        let letter = match letter {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        };
        left = left.checked_sub(5)?;
        bits |= u64::try_from(LETTERS.find(letter)?).ok()? << left;
    }
    let bytes = |number: u64| number.to_be_bytes().into_iter().skip(3).collect();
    Some((bytes(bits), bytes(bits | ((1u64 << left) - 1))))
}

/// A context as it may be shown: no secrets, nothing long.
pub(crate) fn inspected(snapshot: &Snapshot, context: &Map<String, Value>) -> Map<String, Value> {
    let context = Secrets::of(snapshot).mask_map(context, &mut BTreeSet::new());
    context.iter().map(|(name, value)| (name.clone(), shortened(value))).collect()
}

/// Texts of a step are cut.
fn shortened(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            map.iter().map(|(name, value)| (name.clone(), shortened(value))).collect()
        }
        Value::Array(list) => list.iter().map(shortened).collect(),
        Value::String(text) if text.chars().count() > LONGEST_TEXT => {
            let cut: String = text.chars().take(LONGEST_TEXT).collect();
            format!("{cut}…").into()
        }
        other => other.clone(),
    }
}

/// What a stage said of its outcome, in the words that a person reads.
fn said(detail: &Value) -> String {
    fn texts(of: &Value, found: &mut Vec<String>) {
        match of {
            Value::String(text) if !text.is_empty() => found.push(text.clone()),
            Value::Array(list) => list.iter().for_each(|one| texts(one, found)),
            Value::Object(map) => {
                // {"string": .., "code": ..}: one error.
                let parts = map.iter().filter(|(name, _)| *name != "code");
                parts.for_each(|(_, one)| texts(one, found));
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    if let Some(requires) = detail.get("requires").and_then(Value::as_str) {
        let words = requires.trim_start_matches("require_").replace('_', " ");
        found.push(format!("The flow is for others: it asks for {words}."));
    }
    for name in ["message", "messages", "errors"] {
        texts(detail.get(name).unwrap_or(&Value::Null), &mut found);
    }
    found.dedup();
    found.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_recorded_of_a_stage_is_masked_and_short() {
        let mut recording = Recording::default();
        let long = "x".repeat(1000);
        let detail = json!({"errors": {"password": [{"string": "No.", "code": "invalid"}]}, "list": [{"client_secret": "y"}], "text": long});
        recording.stage(1, "s", "m", "invalid", detail);
        let text = serde_json::to_string(&recording.steps).unwrap();
        assert!(!text.contains("\"y\"") && text.len() < 500, "{text}");
        assert_eq!(recording.reason, "No.");
        recording.stage(2, "s", "m", "passed", Value::Null);
        assert_eq!(recording.reason, "");
        recording.stage(3, "", "", "denied", json!({"requires": "require_superuser"}));
        assert_eq!(recording.reason, "The flow is for others: it asks for superuser.");
    }

    #[test]
    fn a_number_finds_its_run() {
        let run = Uuid::from_u128(0x1234_5678_9abc_def0_1122_3344_5566_7788);
        let number = trace_number(run);
        let last = run.as_bytes()[11..].to_vec();
        for typed in [number.clone(), number.to_lowercase(), number[..3].to_owned(), String::new()]
        {
            let (from, to) = numbers_from(&typed).unwrap();
            assert!(from <= last && last <= to, "{typed}");
        }
        let (from, to) = numbers_from(&number).unwrap();
        assert_eq!((from, to), (last.clone(), last));
        for none in ["U", "ABCD-EFGHJ", "ä"] {
            assert_eq!(numbers_from(none), None, "{none}");
        }
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
