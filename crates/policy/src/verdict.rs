//! What a policy answers, and how the answer came about.

use serde::Serialize;
use serde_json::Value;

use crate::expression::ExpressionError;
use crate::host::HostError;
use crate::recording::Recorded;

/// The answer of one policy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    pub passing: bool,
    /// Sentences for the person.
    pub messages: Vec<String>,
    /// The policy puts this account into the flow as its pending user.
    pub pending_username: Option<String>,
    /// What it changed in the context: the new value of a key, none where it is gone.
    pub changes: Vec<(String, Option<Value>)>,
    /// What an expression gave, before only its truth counted.
    pub raw: Value,
}

impl Verdict {
    #[must_use]
    pub fn passing() -> Self {
        Self::of(true)
    }

    /// A yes or a no without a word.
    #[must_use]
    pub fn of(passing: bool) -> Self {
        Self { passing, ..Self::default() }
    }

    #[must_use]
    pub fn failing(messages: Vec<String>) -> Self {
        Self { messages, ..Self::default() }
    }
}

/// Why a policy gave no answer. Its binding says what that counts as.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    #[error(transparent)]
    Expression(#[from] ExpressionError),
    #[error(transparent)]
    Host(#[from] HostError),
    #[error("The policy took longer than {seconds} seconds.")]
    TimedOut { seconds: u64 },
    #[error("{0} is no policy.")]
    NotAPolicy(&'static str),
}

impl PolicyError {
    /// The database is away, so that nothing was decided: what the log is told of it.
    #[must_use]
    pub fn away(&self) -> Option<&str> {
        match self {
            PolicyError::Host(error) | PolicyError::Expression(ExpressionError::Host(error)) => {
                error.away()
            }
            _ => None,
        }
    }
}

/// The outcome of one binding, kept in recordings: why a decision was taken.
#[derive(Debug, Clone, Serialize)]
pub struct Step {
    /// The binding's key.
    pub binding: String,
    /// What is bound: `policy`, `group` or `user`.
    pub kind: &'static str,
    /// Name of the policy or group, or the user's name.
    pub name: String,
    pub model: &'static str,
    pub order: i32,
    pub negate: bool,
    pub passing: bool,
    pub messages: Vec<String>,
    /// The policy failed to run; the binding's `failure_result` counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    pub microseconds: u64,
    /// What it asked the host, where that is recorded.
    #[serde(skip)]
    pub heard: Vec<Recorded>,
}

/// The outcome of all bindings of one object.
#[derive(Debug, Clone, Serialize)]
pub struct Trace {
    pub mode: &'static str,
    pub passing: bool,
    pub messages: Vec<String>,
    pub steps: Vec<Step>,
}
