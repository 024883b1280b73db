//! Nobody gets past.

use countersign_model::Kind;

use super::{Stage, StageFuture, Step};
use crate::plan::key;
use crate::run::Run;

/// Refuses, with a text. Bind policies to it to refuse some people only.
#[derive(Debug, Clone, Kind)]
#[kind(
    path = "stages/deny",
    model = "authentik_stages_deny.denystage",
    schema = "DenyStage",
    title = "Deny Stage",
    plural = "Deny Stages",
    component = "ak-stage-deny-form",
    space = "stage",
    lookup = "stage_uuid",
    ordering = "name"
)]
pub struct DenyStage {
    #[field(label = "Name", unique = "stage with this name already exists.", search, filter)]
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
