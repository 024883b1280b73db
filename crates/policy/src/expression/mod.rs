//! Expressions of policies and property mappings.
//!
//! Until the interpreter arrives an expression may be saved when it is *recognised*: its text,
//! without comments and blank lines, is one the program ships natively (or the original ships, so
//! that its blueprints load), or it is written in the small part of the language that [`simple`]
//! understands. Anything else is refused with a text that says so.
//!
//! ```text
//! use countersign_policy::expression::{self, MappingContext};
//! let claims = mapping.expression.program()?.map(&MappingContext { user: Some(&subject), ..MappingContext::default() })?;
//! ```

mod field;
mod native;
pub mod simple;
mod text;

use serde_json::{Map, Value};
use thiserror::Error;

use crate::subject::Subject;
use crate::verdict::Verdict;

pub use field::Expression;
pub use native::Native;
pub use text::{fingerprint, normalise};

/// An expression that can be run.
#[derive(Debug, Clone)]
pub enum Program {
    Native(Native),
    Simple(simple::Program),
}

/// Why an expression cannot be saved or gave no value.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ExpressionError {
    /// Nothing to run.
    #[error("This field may not be blank.")]
    Empty,
    /// Neither shipped nor simple.
    #[error(
        "This version runs the shipped expressions and simple ones (return with values, user fields, group membership), \
         not yet the whole language: {0}"
    )]
    Unrecognised(String),
    /// A policy where a mapping is expected, or the reverse.
    #[error("This expression can't be used here.")]
    Misplaced,
    /// It ran and failed.
    #[error("{0}")]
    Failed(String),
}

/// What an expression may look at. Everything is loaded before, so that running it needs no I/O.
#[derive(Debug, Clone, Default)]
pub struct MappingContext<'a> {
    /// `request.user` and `user`; without one the caller is anonymous.
    pub user: Option<&'a Subject>,
    /// Names of the user's entitlements at the application.
    pub entitlements: &'a [String],
    /// Attributes of the brand, the base of `group_attributes`.
    pub brand_attributes: Option<&'a Map<String, Value>>,
    /// `request.context` and `context`; for prompts this is `prompt_context`.
    pub context: Option<&'a Map<String, Value>>,
    /// Fields of the provider, for expressions that read them.
    pub provider: Option<&'a Value>,
}

/// More that policies may need to know.
#[derive(Debug, Clone, Default)]
pub struct PolicyFacts<'a> {
    pub mapping: MappingContext<'a>,
    /// Whether the flow is running in a plan, and whether its pending user has signed in already.
    pub in_plan: bool,
    pub pending_user_has_backend: bool,
    /// Whether the installation was set up; `None` where it was not and has no first
    /// administrator's account.
    pub setup_done: Option<bool>,
    /// Whether users may change these themselves, by system setting.
    pub may_change: MayChange,
}

#[derive(Debug, Clone, Copy, Default)]
pub struct MayChange {
    pub email: bool,
    pub name: bool,
    pub username: bool,
}

/// # Errors
/// [`ExpressionError::Unrecognised`] for what this version cannot run.
pub fn parse(source: &str) -> Result<Program, ExpressionError> {
    let normal = normalise(source);
    if normal.is_empty() {
        return Err(ExpressionError::Empty);
    }
    if let Some(native) = native::recognise(&normal) {
        return Ok(Program::Native(native));
    }
    simple::parse(&normal)
        .map(Program::Simple)
        .map_err(|error| ExpressionError::Unrecognised(error.to_string()))
}

impl Program {
    /// The keys that a mapping's value may have, as far as the text says them. Nothing is run for
    /// this.
    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        match self {
            Program::Native(native) => native.keys().iter().map(|key| (*key).to_owned()).collect(),
            Program::Simple(program) => program.keys(),
        }
    }

    /// The value of a mapping or of a prompt's initial value.
    ///
    /// # Errors
    /// A policy's program, or a failure while running.
    pub fn map(&self, context: &MappingContext<'_>) -> Result<Value, ExpressionError> {
        match self {
            Program::Native(native) => native.map(context),
            Program::Simple(program) => program
                .run(context)
                .map(|(value, _)| value)
                .map_err(|e| ExpressionError::Failed(e.to_string())),
        }
    }

    /// The answer of a policy.
    ///
    /// # Errors
    /// A mapping's program, or a failure while running.
    pub fn decide(&self, facts: &PolicyFacts<'_>) -> Result<Verdict, ExpressionError> {
        match self {
            Program::Native(native) => native.decide(facts),
            Program::Simple(program) => {
                let (value, messages) = program
                    .run(&facts.mapping)
                    .map_err(|e| ExpressionError::Failed(e.to_string()))?;
                Ok(Verdict { passing: simple::truth(&value), messages, pending_username: None })
            }
        }
    }
}

/// The value of a text that is no [`Expression`] of its own, as a prompt's.
///
/// # Errors
/// Text that is not recognised, and as [`Program::map`].
pub fn evaluate_mapping(
    source: &str,
    context: &MappingContext<'_>,
) -> Result<Value, ExpressionError> {
    parse(source)?.map(context)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

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

    #[test]
    fn comments_and_blank_lines_do_not_matter() {
        let user = uma();
        let context = MappingContext { user: Some(&user), ..Default::default() };
        let source = "# what the application learns\n\nreturn {\n    \"email\": request.user.email,\n    \"email_verified\": True\n}\n";
        assert_eq!(
            evaluate_mapping(source, &context),
            Ok(json!({"email": "uma@example.org", "email_verified": true}))
        );
    }

    #[test]
    fn what_is_not_known_is_refused_by_name() {
        let error = parse("import os\nreturn os.environ").unwrap_err();
        assert!(matches!(error, ExpressionError::Unrecognised(_)), "{error}");
        assert_eq!(parse("  \n# nothing").unwrap_err(), ExpressionError::Empty);
    }

    #[test]
    fn groups_are_those_the_user_was_put_into() {
        let user = uma();
        let context = MappingContext { user: Some(&user), ..Default::default() };
        let value = Native::ScopeProfile.map(&context).unwrap();
        assert_eq!(value.get("groups"), Some(&json!(["Users"])));
    }
}
