//! Tests that are kept beside a policy or a mapping: who asks, what is known, and what is to come of
//! it. They are run by `policies/all/{id}/test/` and `propertymappings/all/{id}/test/`.

use countersign_model::{
    Draft, FieldErrors, JsonMap, Kind, ObjectId, Problem, Ref, directory,
};
use serde_json::Value;

use crate::mapping::Mapping;
use crate::policies::Policy;

/// What a policy or a mapping is to answer.
#[derive(Debug, Clone, Kind)]
#[kind(
    path = "countersign/expressions/tests",
    model = "countersign.expressiontest",
    schema = "ExpressionTest",
    title = "Expression Test",
    plural = "Expression Tests",
    space = "expression_test",
    lookup = "uuid",
    ordering = "name",
    check = Self::check
)]
pub struct ExpressionTest {
    #[field(label = "Name", search, filter)]
    pub name: String,
    #[field(label = "Policy", on_delete = Cascade, filter)]
    pub policy: Option<Ref<dyn Policy>>,
    #[field(label = "Property mapping", on_delete = Cascade, filter)]
    pub mapping: Option<Ref<dyn Mapping>>,
    #[field(label = "User", help = "Who asks. Policies are always asked by somebody.", on_delete = Cascade)]
    pub user: Option<Ref<directory::User>>,
    #[field(label = "Context", help = "What is known beside the user.", default)]
    pub context: JsonMap,
    #[field(
        label = "Expected result",
        help = "Whether the policy passes, or what the mapping returns."
    )]
    pub expected: Value,
}

impl ExpressionTest {
    fn check(&self, _draft: &Draft, _id: ObjectId, errors: &mut FieldErrors) {
        if self.policy.is_some() == self.mapping.is_some() {
            errors.add_object(Problem::new("invalid", "Name a policy or a property mapping."));
        }
        if self.policy.is_some() && !self.expected.is_boolean() {
            errors.add("expected", Problem::new("invalid", "A policy passes (true) or not (false)."));
        }
        if self.policy.is_some() && self.user.is_none() {
            errors.add("user", Problem::required());
        }
    }
}
