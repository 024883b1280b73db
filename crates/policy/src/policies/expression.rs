//! Expressions as policies.

use countersign_model::{Draft, FieldErrors, Kind, ObjectId, Problem};

use crate::expression::Expression;

/// Passes when its expression answers something true.
#[derive(Debug, Clone, Kind)]
#[kind(
    path = "policies/expression", model = "authentik_policies_expression.expressionpolicy", schema = "ExpressionPolicy",
    title = "Expression Policy", plural = "Expression Policies", component = "ak-policy-expression-form", space = "policy",
    lookup = "policy_uuid", ordering = "name", check = Self::check
)]
pub struct ExpressionPolicy {
    #[field(label = "Name", unique = "Policy with this name already exists.", search, filter)]
    pub name: String,
    #[field(
        label = "Execution logging",
        help = "Log every execution of this policy; errors are logged in any case.",
        default = false,
        filter
    )]
    pub execution_logging: bool,
    #[field(label = "Expression")]
    pub expression: Expression,
}

impl ExpressionPolicy {
    fn check(&self, _draft: &Draft, _id: ObjectId, errors: &mut FieldErrors) {
        if let Err(error) = self.expression.program() {
            errors.add("expression", Problem::new("invalid", error.to_string()));
        }
    }
}
