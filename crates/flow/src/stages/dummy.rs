//! A stage with nothing but a button, for trying out flows.

use countersign_model::Kind;

use super::{Stage, StageFuture, Step};
use crate::answer::Answer;
use crate::challenge::Challenge;
use crate::error::FlowError;
use crate::run::Run;

/// Shows its name and a button.
#[derive(Debug, Clone, Kind)]
#[kind(
    family = dyn Stage,
    path = "stages/dummy",
    model = "authentik_stages_dummy.dummystage",
    title = "Dummy Stage",
    component = "ak-stage-dummy-form",
    hidden
)]
pub struct DummyStage {
    #[field(unique, search, filter)]
    pub name: String,
    #[field(label = "Throw error?", default = false, filter)]
    pub throw_error: bool,
}

impl Stage for DummyStage {
    fn challenge<'a>(&'a self, _run: &'a mut Run) -> StageFuture<'a> {
        Box::pin(async {
            if self.throw_error {
                return Err(FlowError::broken("This stage fails on purpose."));
            }
            Ok(Step::show(Challenge::Dummy { name: self.name.clone() }))
        })
    }

    fn respond<'a>(&'a self, _run: &'a mut Run, _answer: &'a Answer) -> StageFuture<'a> {
        Box::pin(async { Ok(Step::Done) })
    }
}
