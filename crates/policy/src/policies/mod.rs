//! The kinds of policies. Each file holds one: its fields and its rule.

mod dummy;
mod event_matcher;
mod expression;
mod password;

pub use dummy::DummyPolicy;
pub use event_matcher::EventMatcherPolicy;
pub use expression::ExpressionPolicy;
pub use password::{PasswordPolicy, PasswordSubject};
