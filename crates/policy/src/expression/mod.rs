//! Expressions of policies and property mappings.
//!
//! What the program ships, and the original ships, runs natively: it is recognised by its exact
//! text, without comments and blank lines ([`native`]). Everything else is Python and runs in the
//! interpreter ([`python`]).
//!
//! ```text
//! let claims = mapping.expression.program()?.map(&request).await?;
//! ```

mod asking;
mod field;
mod kept;
pub(crate) mod names;
mod native;
mod python;
mod text;
mod truth;

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use serde_json::Value;
use thiserror::Error;

use countersign_python::{Failure, SyntaxError};
use countersign_store::StoreError;

use crate::host::HostError;
use crate::request::PolicyRequest;
use crate::verdict::Verdict;

pub use field::Expression;
pub use kept::ExpressionTest;
pub use native::Native;
pub use text::{fingerprint, normalise};

/// An expression that can be run.
#[derive(Debug, Clone)]
pub enum Program {
    Native(Native),
    Python(python::Python),
}

/// Why an expression cannot be saved or gave no value.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ExpressionError {
    /// Nothing to run.
    #[error("This field may not be blank.")]
    Empty,
    #[error(transparent)]
    Syntax(#[from] SyntaxError),
    /// A policy where a mapping is expected, or the reverse.
    #[error("This expression can't be used here.")]
    Misplaced,
    /// It ran and failed.
    #[error("{0}")]
    Failed(String),
    /// It ran and raised.
    #[error("{0}")]
    Raised(Failure),
    #[error(transparent)]
    Host(#[from] HostError),
}

impl ExpressionError {
    /// The error, unless the database was away: then nothing is known of the expression, and who
    /// asked it has failed.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub fn settled(self) -> Result<ExpressionError, StoreError> {
        match self {
            ExpressionError::Host(HostError::Away(why)) => Err(StoreError::Away(why)),
            other => Ok(other),
        }
    }
}

/// # Errors
/// [`ExpressionError::Syntax`] for what is no expression.
pub fn parse(source: &str) -> Result<Program, ExpressionError> {
    let normal = normalise(source);
    if normal.is_empty() {
        return Err(ExpressionError::Empty);
    }
    match native::recognise(&normal) {
        Some(native) => Ok(Program::Native(native)),
        None => python::Python::read(source).map(Program::Python),
    }
}

impl Program {
    /// The keys that a mapping's value may have, as far as the text says them. Nothing is run for
    /// this.
    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        match self {
            Program::Native(native) => native.keys().iter().map(|key| (*key).to_owned()).collect(),
            Program::Python(program) => program.keys(),
        }
    }

    /// The value of a mapping or of a prompt's initial value.
    ///
    /// # Errors
    /// A policy's program, or a failure while running.
    pub async fn map(&self, request: &PolicyRequest<'_>) -> Result<Value, ExpressionError> {
        match self {
            Program::Native(native) => native.map(request).await,
            Program::Python(program) => program.map(request).await,
        }
    }

    /// The answer of a policy.
    ///
    /// # Errors
    /// A mapping's program, or a failure while running.
    pub async fn decide(&self, request: &PolicyRequest<'_>) -> Result<Verdict, ExpressionError> {
        match self {
            Program::Native(native) => native.decide(request).await,
            Program::Python(program) => program.decide(request).await,
        }
    }
}

/// Texts that were read by [`evaluate`]; all are forgotten when there are more.
const READ: usize = 100;

/// The value of a text that is no [`Expression`] of its own, as a prompt's. Reading costs more than
/// running, so that what was read is used again.
///
/// # Errors
/// As [`parse`] and [`Program::map`].
pub async fn evaluate(source: &str, request: &PolicyRequest<'_>) -> Result<Value, ExpressionError> {
    static KNOWN: LazyLock<Mutex<HashMap<String, Program>>> = LazyLock::new(Mutex::default);
    let known = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let read = known().get(source).cloned();
    let program = match read {
        Some(program) => program,
        None => {
            let program = parse(source)?;
            let mut known = known();
            if known.len() >= READ {
                known.clear();
            }
            known.insert(source.to_owned(), program.clone());
            program
        }
    };
    program.map(request).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Subject;
    use crate::host::NoHost;
    use crate::request::Occasion;
    use countersign_model::{Clock, Snapshot, Timestamp};
    use serde_json::json;

    struct Still;
    impl Clock for Still {
        fn now(&self) -> Timestamp {
            Timestamp(0)
        }
    }

    fn request<'a>(snapshot: &'a Snapshot, user: &'a Subject) -> PolicyRequest<'a> {
        let occasion = Occasion::Claims(None);
        PolicyRequest {
            snapshot,
            clock: &Still,
            host: &NoHost,
            user: Some(user),
            occasion,
            target: None,
            name: "",
        }
    }

    fn uma() -> Subject {
        Subject {
            pk: 7,
            username: "uma".into(),
            name: "Uma Martin".into(),
            email: "uma@example.org".into(),
            groups: vec![
                crate::GroupView { name: "Staff".into(), ..Default::default() },
                crate::GroupView { name: "Users".into(), direct: true, ..Default::default() },
            ],
            ..Subject::default()
        }
    }

    #[tokio::test]
    async fn comments_and_blank_lines_do_not_matter() {
        let (user, snapshot) = (uma(), Snapshot::default());
        let source = "# what the application learns\n\nreturn {\n    \"email\": request.user.email,\n    \"email_verified\": True\n}\n";
        assert_eq!(
            evaluate(source, &request(&snapshot, &user)).await,
            Ok(json!({"email": "uma@example.org", "email_verified": true}))
        );
    }

    #[tokio::test]
    async fn a_packet_holds_what_expressions_set() {
        let (user, snapshot) = (uma(), Snapshot::default());
        let packet = json!({"items": {"Class": "a", "State": "b"}, "defined": []});
        let occasion = Occasion::Packet(&packet);
        let request = PolicyRequest { occasion, ..request(&snapshot, &user) };
        let source = "define_attribute(9, 'Own', 'Pair', 1, 'string')\n\
                      define_attribute(9, 'Own', 2, 'Other', 'integer')\n\
                      packet['Own-Pair'] = [user.username, b'\\xff']\n\
                      packet['State'] = packet['Class'] + 'b'\nreturn 5";
        let after = json!({
            "items": {"Class": "a", "State": "ab", "Own-Pair": ["uma", "0xff"]},
            "defined": [[9, "Own", "Pair", 1, "string"], [9, "Own", "Other", 2, "integer"]],
        });
        assert_eq!(evaluate(source, &request).await, Ok(after));
    }

    #[test]
    fn what_is_not_known_is_refused_by_name() {
        let error = parse("import os\nreturn os.environ").unwrap_err();
        assert_eq!(error.to_string().split(':').next(), Some("No module named 'os'"), "{error}");
        assert_eq!(parse("  \n# nothing").unwrap_err(), ExpressionError::Empty);
    }

    #[tokio::test]
    async fn groups_are_those_the_user_was_put_into() {
        let (user, snapshot) = (uma(), Snapshot::default());
        let value = Native::ScopeProfile.map(&request(&snapshot, &user)).await.unwrap();
        assert_eq!(value.get("groups"), Some(&json!(["Users"])));
    }
}
