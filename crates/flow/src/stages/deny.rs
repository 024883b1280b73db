//! Nobody gets past.

use countersign_model::Kind;

use super::{Stage, StageFuture, Step};
use crate::plan::key;
use crate::run::Run;

/// Refuses, with a text. Bind policies to it to refuse some people only.
#[derive(Debug, Clone, Kind)]
#[kind(
    family = dyn Stage,
    path = "stages/deny",
    model = "authentik_stages_deny.denystage",
    title = "Deny Stage",
    component = "ak-stage-deny-form"
)]
pub struct DenyStage {
    #[field(unique, search, filter)]
    pub name: String,
    #[field(label = "Deny message", default = "", filter)]
    pub deny_message: String,
}

impl Stage for DenyStage {
    fn challenge<'a>(&'a self, run: &'a mut Run) -> StageFuture<'a> {
        let message = run.plan.text(key::DENY_MESSAGE).unwrap_or(&self.deny_message).to_owned();
        Box::pin(async { Ok(Step::Deny(message)) })
    }
}
