//! What ties a policy, a group or a user to something that can be refused.

use countersign_model::{
    Draft, FieldErrors, Kind, ObjectId, Problem, Ref, Vanished, directory, family,
};

use crate::policies::Policy;

pub use countersign_catalogue::application::PolicyEngineMode;

/// One rule on a flow, a stage of a flow, an application or a source: a policy, or membership in a
/// group, or being a user.
#[derive(Debug, Clone, Kind)]
#[kind(
    path = "policies/bindings", model = "authentik_policies.policybinding", schema = "PolicyBinding",
    title = "Policy Binding", plural = "Policy Bindings", space = "policy_binding", lookup = "policy_binding_uuid",
    ordering = "order", unique_together = "policy,target,order", check = Self::check,
    form = "policy group user order enabled negate timeout"
)]
pub struct PolicyBinding {
    #[field(label = "Policy", guard = "subject", filter, filter_null)]
    pub policy: Option<Ref<dyn Policy>>,
    #[field(label = "Group", guard = "subject")]
    pub group: Option<Ref<directory::Group>>,
    #[field(label = "User", guard = "subject")]
    pub user: Option<Ref<directory::User>>,
    #[field(label = "Target", hide, on_delete = Cascade, filter)]
    pub target: Ref<family::Bindable>,
    #[field(
        label = "Negate result",
        help = "Turns the answer round: who matches is refused.",
        default = false
    )]
    pub negate: bool,
    #[field(label = "Enabled", default = true, filter)]
    pub enabled: bool,
    #[field(label = "Order", start = 0, filter)]
    pub order: i32,
    #[field(
        label = "Timeout",
        help = "Seconds the policy may take.",
        default = 30,
        min = 0,
        filter
    )]
    pub timeout: i32,
    #[field(
        label = "Failure result",
        help = "Counts as passed when the policy itself fails.",
        default = false
    )]
    pub failure_result: bool,
    /// Names the policy, group or user that was deleted. Such a binding lets nobody pass until it
    /// names something else or is removed: what was only for some is then for nobody, not for
    /// everybody.
    #[field(label = "Vanished", read_only, default)]
    pub vanished: Vanished,
}

impl PolicyBinding {
    fn check(&self, _draft: &Draft, _id: ObjectId, errors: &mut FieldErrors) {
        let named = [self.policy.is_some(), self.group.is_some(), self.user.is_some()];
        match named.iter().filter(|set| **set).count() {
            1 => {}
            0 if !self.vanished.is_empty() => {}
            0 => errors.add_object(Problem::new(
                "invalid",
                "One of 'group', 'policy', 'user' must be set.",
            )),
            _ => errors.add_object(Problem::new(
                "invalid",
                "Only one of 'group', 'policy', 'user' can be set.",
            )),
        }
    }
}
