//! Expressions of policies and property mappings.
//!
//! Until the interpreter arrives an expression may be saved when it is *recognised*: its text,
//! without comments and blank lines, is one the program ships natively (or the original ships, so
//! that its blueprints load), or it is written in the small part of the language that [`simple`]
//! understands. Anything else is refused with a text that says so.
//!
//! ```text
//! let claims = mapping.expression.program()?.map(&request).await?;
//! ```

mod field;
mod native;
pub mod simple;
mod text;

use std::borrow::Cow;

use serde_json::Value;
use thiserror::Error;

use crate::access;
use crate::host::HostError;
use crate::request::{Occasion, PolicyRequest};
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
    #[error(transparent)]
    Host(#[from] HostError),
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
    pub async fn map(&self, request: &PolicyRequest<'_>) -> Result<Value, ExpressionError> {
        match self {
            Program::Native(native) => native.map(request).await,
            Program::Simple(program) => Ok(program.run(&facts(request).await?)?.0),
        }
    }

    /// The answer of a policy.
    ///
    /// # Errors
    /// A mapping's program, or a failure while running.
    pub async fn decide(&self, request: &PolicyRequest<'_>) -> Result<Verdict, ExpressionError> {
        match self {
            Program::Native(native) => native.decide(request).await,
            Program::Simple(program) => {
                let (value, messages) = program.run(&facts(request).await?)?;
                Ok(Verdict { passing: simple::truth(&value), messages, pending_username: None })
            }
        }
    }
}

async fn facts(request: &PolicyRequest<'_>) -> Result<simple::Facts, ExpressionError> {
    let context = match request.occasion {
        Occasion::Prompt(data) => Cow::Borrowed(data),
        _ => request.context().await?,
    };
    Ok(simple::Facts {
        user: request.user.cloned(),
        entitlements: access::entitlements(request).await,
        brand_attributes: request.host.brand().await?.attributes,
        context: context.into_owned(),
    })
}

/// The value of a text that is no [`Expression`] of its own, as a prompt's.
///
/// # Errors
/// Text that is not recognised, and as [`Program::map`].
pub async fn evaluate(source: &str, request: &PolicyRequest<'_>) -> Result<Value, ExpressionError> {
    parse(source)?.map(request).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Subject;
    use crate::host::NoHost;
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
        PolicyRequest { snapshot, clock: &Still, host: &NoHost, user: Some(user), occasion }
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

    #[test]
    fn what_is_not_known_is_refused_by_name() {
        let error = parse("import os\nreturn os.environ").unwrap_err();
        assert!(matches!(error, ExpressionError::Unrecognised(_)), "{error}");
        assert_eq!(parse("  \n# nothing").unwrap_err(), ExpressionError::Empty);
    }

    #[tokio::test]
    async fn groups_are_those_the_user_was_put_into() {
        let (user, snapshot) = (uma(), Snapshot::default());
        let value = Native::ScopeProfile.map(&request(&snapshot, &user)).await.unwrap();
        assert_eq!(value.get("groups"), Some(&json!(["Users"])));
    }
}
