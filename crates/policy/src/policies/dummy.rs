//! Always the same answer after a while, for trying out flows.

use std::time::Duration;

use countersign_model::Kind;

use super::Policy;
use crate::host::BoxFuture;
use crate::request::PolicyRequest;
use crate::verdict::{PolicyError, Verdict};

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
    fn judge<'a>(
        &'a self,
        request: &'a PolicyRequest<'a>,
    ) -> BoxFuture<'a, Result<Verdict, PolicyError>> {
        let least = i64::from(self.wait_min.max(0));
        let more = i64::from(self.wait_max).saturating_sub(least).max(0) + 1;
        // Nobody guards anything by it: the clock is random enough.
        let seconds = least + request.clock.now().0.rem_euclid(more);
        Box::pin(async move {
            tokio::time::sleep(Duration::from_secs(seconds.unsigned_abs())).await;
            Ok(Verdict { messages: vec!["dummy".to_owned()], ..Verdict::of(self.result) })
        })
    }
}
