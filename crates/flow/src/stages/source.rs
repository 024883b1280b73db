//! Sends people to a source and goes on when they come back.

use countersign_model::{Draft, Duration, FieldErrors, Kind, ObjectId, Problem, Ref};
use countersign_sources::{Source, of, usable};

use crate::error::FlowError;
use crate::run::Run;
use crate::source;
use crate::stage::{AnyStage, Sentence, Stage, Step};

/// Asks another place who somebody is, in the middle of a flow.
#[derive(Debug, Clone, Kind)]
#[kind(
    family = dyn AnyStage,
    path = "stages/source",
    model = "authentik_stages_source.sourcestage",
    title = "Source Stage",
    component = "ak-stage-source-form",
    check = Self::check
)]
pub struct SourceStage {
    #[field(unique, search, filter)]
    pub name: String,
    #[field(
        label = "Source",
        help = "Where people show who they are before this flow goes on.",
        on_delete = Cascade,
        filter
    )]
    pub source: Ref<dyn Source>,
    /// Amount of time a user can take to return from the source to continue the flow.
    #[field(label = "Resume timeout", default = "minutes=10", filter)]
    pub resume_timeout: Duration,
}

impl SourceStage {
    fn check(&self, draft: &Draft, _id: ObjectId, errors: &mut FieldErrors) {
        let found = draft.entry(self.source.id()).and_then(|entry| of(entry));
        if found.is_some_and(|source| source.login_path().is_none()) {
            errors.add(
                "source",
                Problem::new(
                    "invalid",
                    "Invalid source selected, only web-based sources are supported.",
                ),
            );
        }
    }
}

impl Stage for SourceStage {
    type State = ();

    /// The step is done by coming back: what waits is the rest of the flow.
    async fn show(&self, run: &mut Run, (): &mut ()) -> Result<Step, FlowError> {
        if run.browser.headless.is_some() {
            return Ok(Step::Deny("This sign-in needs a browser.".to_owned()));
        }
        let source = usable(&run.browser.snapshot, self.source);
        let Some(path) = source.and_then(Source::login_path) else {
            return Ok(Step::deny("Source does not exist"));
        };
        let ticket = source::put_aside(run, self.resume_timeout.seconds()).await?;
        Ok(Step::Redirect(run.browser.cx.url(&ticket.address(&path))))
    }

    fn sentence(&self) -> Sentence {
        Sentence::new("Ask a source who it is")
            .note(format!("waits {}", self.resume_timeout.words()))
    }
}
