//! A stage's place in a flow.

use countersign_model::{Choice, Draft, FieldErrors, Kind, ObjectId, Problem, Ref};
use countersign_policy::PolicyEngineMode;

use super::Flow;
use crate::stage::AnyStage;

/// What a wrong answer leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum InvalidResponseAction {
    #[choice(label = "Retry")]
    Retry,
    #[choice(label = "Restart")]
    Restart,
    #[choice(label = "Restart with context")]
    RestartWithContext,
}

/// One stage in a flow, with when it is asked whether it is needed.
#[derive(Debug, Clone, Kind)]
#[kind(
    path = "flows/bindings", model = "authentik_flows.flowstagebinding", schema = "FlowStageBinding",
    title = "Flow Stage Binding", plural = "Flow Stage Bindings", 
    space = "flow_stage_binding", lookup = "fsb_uuid", bindable, ordering = "target,order",
    form = "target stage order evaluate_on_plan re_evaluate_policies invalid_response_action", unique_together = "target,stage,order",
    check = Self::check
)]
pub struct FlowStageBinding {
    #[field(label = "Target", on_delete = Cascade, filter)]
    pub target: Ref<Flow>,
    #[field(label = "Stage", on_delete = Cascade, filter)]
    pub stage: Ref<dyn AnyStage>,
    #[field(
        label = "Evaluate when flow is planned",
        help = "Ask the policies when the flow begins.",
        default = false,
        filter
    )]
    pub evaluate_on_plan: bool,
    #[field(
        label = "Evaluate when stage is run",
        help = "Ask the policies when the stage is reached.",
        default = true,
        filter
    )]
    pub re_evaluate_policies: bool,
    #[field(label = "Order", filter)]
    pub order: i32,
    #[field(label = "Policy engine mode", default = PolicyEngineMode::Any, filter)]
    pub policy_engine_mode: PolicyEngineMode,
    #[field(label = "Invalid response behavior", help = "What a wrong answer leads to.", default = InvalidResponseAction::Retry, filter)]
    pub invalid_response_action: InvalidResponseAction,
}

impl FlowStageBinding {
    fn check(&self, _draft: &Draft, _id: ObjectId, errors: &mut FieldErrors) {
        if !self.evaluate_on_plan && !self.re_evaluate_policies {
            errors.add_object(Problem::new(
                "invalid",
                "Either evaluation on plan or evaluation on run must be enabled",
            ));
        }
    }
}
