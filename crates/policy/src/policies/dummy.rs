//! Always the same answer, for trying out flows.

use countersign_model::Kind;

use super::Policy;
use crate::engine::Question;
use crate::verdict::Verdict;

/// Answers as told.
#[derive(Debug, Clone, Kind)]
#[kind(
    family = dyn Policy,
    path = "policies/dummy",
    model = "authentik_policies_dummy.dummypolicy",
    title = "Dummy Policy",
    plural = "Dummy Policies",
    component = "ak-policy-dummy-form",
    hidden
)]
pub struct DummyPolicy {
    #[field(unique, search, filter)]
    pub name: String,
    #[field(label = "Execution logging", default = false, filter)]
    pub execution_logging: bool,
    #[field(label = "Pass policy?", default = false, filter)]
    pub result: bool,
    #[field(label = "Wait (min)", default = 5, filter)]
    pub wait_min: i32,
    #[field(label = "Wait (max)", default = 30, filter)]
    pub wait_max: i32,
}

impl Policy for DummyPolicy {
    fn judge(&self, _question: &Question<'_>) -> Result<Verdict, String> {
        Ok(Verdict { messages: vec!["dummy".to_owned()], ..Verdict::of(self.result) })
    }
}
