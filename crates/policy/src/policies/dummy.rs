//! Always the same answer, for trying out flows.

use countersign_model::Kind;

/// Answers as told.
#[derive(Debug, Clone, Kind)]
#[kind(
    path = "policies/dummy",
    model = "authentik_policies_dummy.dummypolicy",
    schema = "DummyPolicy",
    title = "Dummy Policy",
    plural = "Dummy Policies",
    component = "ak-policy-dummy-form",
    space = "policy",
    lookup = "policy_uuid",
    ordering = "name",
    hidden
)]
pub struct DummyPolicy {
    #[field(label = "Name", unique = "Policy with this name already exists.", search, filter)]
    pub name: String,
    #[field(label = "Execution logging", default = false)]
    pub execution_logging: bool,
    #[field(label = "Pass policy?", default = false)]
    pub result: bool,
    #[field(label = "Wait (min)", default = 5)]
    pub wait_min: i32,
    #[field(label = "Wait (max)", default = 30)]
    pub wait_max: i32,
}
