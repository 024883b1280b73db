//! Nobody gets past.

use countersign_model::Kind;

use crate::error::FlowError;
use crate::plan::key;
use crate::run::Run;
use crate::stage::{AnyStage, Sentence, Stage, Step};

/// Refuses, with a text. Bind policies to it to refuse some people only.
#[derive(Debug, Clone, Kind)]
#[kind(
    family = dyn AnyStage,
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
    type State = ();

    async fn show(&self, run: &mut Run, (): &mut ()) -> Result<Step, FlowError> {
        Ok(Step::deny(run.plan.text(key::DENY_MESSAGE).unwrap_or(&self.deny_message)))
    }

    fn sentence(&self) -> Sentence {
        Sentence::new("Refuse").note(self.deny_message.as_str())
    }
}
