//! A stage with nothing but a button, for trying out flows.

use countersign_model::Kind;

use countersign_pages::{Page, PageDef};
use serde::Serialize;

use crate::answer::Answer;
use crate::error::FlowError;
use crate::run::Run;
use crate::stage::{AnyStage, Sentence, Stage, Step};

/// Shows its name and a button.
#[derive(Debug, Clone, Kind)]
#[kind(
    family = dyn AnyStage,
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
    type State = ();
    const PAGES: &'static [PageDef] = &[PageDef::of::<DummyChallenge>()];
    const ONLY_ASKS: bool = true;

    async fn show(&self, _run: &mut Run, (): &mut ()) -> Result<Step, FlowError> {
        if self.throw_error {
            return Err(FlowError::broken("This stage fails on purpose."));
        }
        Ok(Step::show(DummyChallenge { name: self.name.clone() }))
    }

    async fn answer(
        &self,
        _run: &mut Run,
        (): &mut (),
        _answer: &Answer,
    ) -> Result<Step, FlowError> {
        Ok(Step::Done)
    }

    fn sentence(&self) -> Sentence {
        Sentence::new("Do nothing, for tests")
    }
}

#[derive(Debug, Serialize)]
struct DummyChallenge {
    name: String,
}

impl Page for DummyChallenge {
    const COMPONENT: &'static str = "ak-stage-dummy";
    const TEMPLATE: &'static str = include_str!("dummy.html");

    fn samples() -> Vec<Self> {
        vec![Self { name: "dummy".to_owned() }]
    }
}
