//! Expressions as policies.

use countersign_model::{Draft, FieldErrors, Kind, ObjectId, Problem};

use super::Policy;
use crate::expression::Expression;
use crate::host::BoxFuture;
use crate::request::PolicyRequest;
use crate::verdict::{PolicyError, Verdict};

/// Passes when its expression answers something true.
#[derive(Debug, Clone, Kind)]
#[kind(
    family = dyn Policy,
    path = "policies/expression",
    model = "authentik_policies_expression.expressionpolicy",
    title = "Expression Policy",
    plural = "Expression Policies",
    component = "ak-policy-expression-form",
    check = Self::check
)]
pub struct ExpressionPolicy {
    #[field(unique, search, filter)]
    pub name: String,
    #[field(
        label = "Execution logging",
        help = "Log every execution of this policy; errors are logged in any case.",
        default = false,
        filter
    )]
    pub execution_logging: bool,
    #[field(label = "Expression", widget = Expression, filter)]
    pub expression: Expression,
}

impl ExpressionPolicy {
    fn check(&self, _draft: &Draft, _id: ObjectId, errors: &mut FieldErrors) {
        if let Err(error) = self.expression.program() {
            errors.add("expression", Problem::new("invalid", error.to_string()));
        }
    }
}

impl Policy for ExpressionPolicy {
    fn judge<'a>(
        &'a self,
        request: &'a PolicyRequest<'a>,
    ) -> BoxFuture<'a, Result<Verdict, PolicyError>> {
        Box::pin(async { Ok(self.expression.program()?.decide(request).await?) })
    }
}
