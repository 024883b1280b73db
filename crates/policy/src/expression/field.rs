//! Expressions as fields of kinds.

use std::ops::Deref;
use std::sync::OnceLock;

use countersign_model::{Code, ErrorNode, FieldMeta, FieldValue, Shape};
use serde_json::Value;

use super::{ExpressionError, Program, parse};

/// Source text, and the program it is: parsed at its first use, once for each revision of its
/// object.
#[derive(Debug, Clone)]
pub struct Expression {
    source: Code,
    program: OnceLock<Result<Program, ExpressionError>>,
}

impl Expression {
    /// # Errors
    /// As [`parse`].
    pub fn program(&self) -> Result<&Program, ExpressionError> {
        self.program.get_or_init(|| parse(&self.source)).as_ref().map_err(Clone::clone)
    }
}

impl Deref for Expression {
    type Target = str;
    fn deref(&self) -> &str {
        &self.source
    }
}

impl From<Code> for Expression {
    fn from(source: Code) -> Expression {
        Expression { source, program: OnceLock::new() }
    }
}

/// For constants in declarations; outside input goes through `parse`.
impl From<&str> for Expression {
    fn from(source: &str) -> Expression {
        Code::from(source).into()
    }
}

impl FieldValue for Expression {
    fn shape() -> Shape {
        Shape::Code
    }
    fn parse(value: &Value, meta: &FieldMeta) -> Result<Self, ErrorNode> {
        Code::parse(value, meta).map(Expression::from)
    }
    fn to_json(&self) -> Value {
        self.source.to_json()
    }
}
