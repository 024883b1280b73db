//! Leads elsewhere: to an address or into another flow.

use crate::error::FlowError;
use crate::kinds::Flow;
use crate::plan::key;
use crate::run::Run;
use crate::stage::{AnyStage, Sentence, Stage, Step};
use countersign_model::{Choice, Draft, FieldErrors, Kind, ObjectId, Problem, Ref};

/// Where a redirect stage leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum RedirectMode {
    Static,
    Flow,
}

/// Leads to an address, or on into another flow.
#[derive(Debug, Clone, Kind)]
#[kind(
    family = dyn AnyStage,
    path = "stages/redirect",
    model = "authentik_stages_redirect.redirectstage",
    title = "Redirect Stage",
    component = "ak-stage-redirect-form",
    check = Self::check
)]
pub struct RedirectStage {
    #[field(unique, search, filter)]
    pub name: String,
    #[field(
        label = "Keep flow context",
        help = "The next flow knows what this one found out.",
        default = true
    )]
    pub keep_context: bool,
    #[field(label = "Mode")]
    pub mode: RedirectMode,
    #[field(label = "Target URL", default = "", show_if = "mode=static")]
    pub target_static: String,
    #[field(label = "Target Flow", on_delete = SetNull, show_if = "mode=flow")]
    pub target_flow: Option<Ref<Flow>>,
}

impl RedirectStage {
    fn check(&self, _draft: &Draft, _id: ObjectId, errors: &mut FieldErrors) {
        match self.mode {
            RedirectMode::Static if self.target_static.is_empty() => {
                errors.add(
                    "target_static",
                    Problem::new("invalid", "Target URL should be present when mode is Static."),
                );
            }
            RedirectMode::Flow if self.target_flow.is_none() => {
                errors.add(
                    "target_flow",
                    Problem::new("invalid", "Target Flow should be present when mode is Flow."),
                );
            }
            RedirectMode::Static | RedirectMode::Flow => {}
        }
    }

    fn target(&self, run: &Run) -> Target {
        if let Some(wanted) = run.plan.text(key::REDIRECT_STAGE_TARGET) {
            match wanted.strip_prefix("ak-flow://") {
                None => return Target::Address(wanted.to_owned()),
                Some(slug) => {
                    if let Some((flow, _)) =
                        run.browser.snapshot.find::<Flow>("slug", slug.trim_end_matches('/'))
                    {
                        return Target::Flow(flow);
                    }
                }
            }
        }
        match (self.mode, self.target_flow) {
            (RedirectMode::Flow, Some(flow)) => Target::Flow(flow),
            // The flow was deleted: the address of the other mode is no substitute.
            (RedirectMode::Flow, None) => Target::Address(String::new()),
            (RedirectMode::Static, _) => Target::Address(self.target_static.clone()),
        }
    }

    fn go(&self, run: &Run) -> Step {
        let flow = match self.target(run) {
            Target::Address(url) if url.is_empty() => {
                return Step::deny("The redirect leads nowhere.");
            }
            Target::Address(url) => return Step::Redirect(url),
            Target::Flow(flow) => flow,
        };
        Step::SwitchFlow { flow, keeps_context: self.keep_context }
    }
}

enum Target {
    Address(String),
    Flow(Ref<Flow>),
}

impl Stage for RedirectStage {
    type State = ();

    async fn show(&self, run: &mut Run, (): &mut ()) -> Result<Step, FlowError> {
        Ok(self.go(run))
    }

    fn sentence(&self) -> Sentence {
        Sentence::new("Send on to another place").note(self.target_static.as_str())
    }
}
