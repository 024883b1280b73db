//! Expressions as policies.

use std::borrow::Cow;

use countersign_model::{Draft, FieldErrors, Kind, ObjectId, Problem};

use super::Policy;
use crate::engine::Question;
use crate::expression::{Expression, MappingContext, PolicyFacts, Program};
use crate::verdict::Verdict;

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
    #[field(label = "Expression", filter)]
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
    fn judge(&self, question: &Question<'_>) -> Result<Verdict, String> {
        let facts = question.facts;
        let mut context = Cow::Borrowed(question.context);
        if !facts.places.is_empty() {
            context.to_mut().extend(facts.places.clone());
        }
        let pending = question.context.get("pending_user").and_then(|user| user.get("backend"));
        let facts = PolicyFacts {
            mapping: MappingContext {
                user: question.user,
                entitlements: &[],
                brand_attributes: Some(&facts.brand_attributes),
                context: Some(&context),
                provider: None,
            },
            in_plan: question.in_plan,
            pending_user_has_backend: pending.is_some_and(|backend| !backend.is_null()),
            setup_done: facts.setup_done,
            may_change: facts.may_change,
        };
        let verdict = self.expression.program().and_then(|program| program.decide(&facts));
        verdict.map_err(|error| error.to_string())
    }

    fn asks_for_admin(&self) -> bool {
        self.expression.program().is_ok_and(
            |program| matches!(program, Program::Native(native) if native.asks_for_admin()),
        )
    }
}
