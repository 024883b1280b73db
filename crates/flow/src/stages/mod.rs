//! Stages: one file per kind, with its fields and what it does. A new one is a file, its `mod` and
//! its line in [`kinds`].

pub(crate) mod authenticate;
mod authenticator_validate;
mod consent;
mod deny;
mod dummy;
mod identification;
pub mod in_plan;
mod password;
mod plain;
mod prompt;
mod redirect;
mod user_login;
mod user_logout;
mod user_write;

use std::pin::Pin;

use countersign_core::KindResource;
use countersign_model::{FieldErrors, Fields};

use crate::answer::Answer;
use crate::challenge::Challenge;
use crate::error::FlowError;
use crate::run::Run;

pub use authenticator_validate::AuthenticatorValidateStage;
pub use consent::{ConsentMode, ConsentStage};
pub use deny::DenyStage;
pub use dummy::DummyStage;
pub use identification::{IdentificationStage, UserField};
pub use password::{Backend, PasswordStage};
pub use plain::{
    AuthenticatorEmailStage, AuthenticatorStaticStage, AuthenticatorTotpStage,
    AuthenticatorWebauthnStage, CaptchaStage, EmailStage, InvitationStage, UserDeleteStage,
};
pub use prompt::{Prompt, PromptStage, PromptType};
pub(crate) use prompt::{preview as preview_prompt, stages_of as prompt_stages};
pub use redirect::RedirectStage;
pub use user_login::UserLoginStage;
pub use user_logout::UserLogoutStage;
pub use user_write::UserWriteStage;

/// What a stage wants to happen.
#[derive(Debug)]
pub enum Step {
    /// Ask.
    Show(Box<Challenge>),
    /// Ask again, saying what was wrong.
    Wrong(FieldErrors),
    /// Its work is done.
    Done,
    /// Nobody gets past.
    Deny(String),
    /// Send the browser away for good; the flow is over.
    Leave(String),
    /// The stage put another flow in place of this one.
    Replaced { slug: String },
}

impl Step {
    pub(crate) fn show(challenge: Challenge) -> Self {
        Step::Show(Box::new(challenge))
    }
}

pub type StageFuture<'a> = Pin<Box<dyn Future<Output = Result<Step, FlowError>> + Send + 'a>>;

/// What all stages have: the fields of `stages/all/`.
#[derive(Debug, Clone, Fields)]
#[kind(
    members = dyn Stage,
    path = "stages/all",
    model = "authentik_flows.stage",
    title = "Stage",
    space = "stage",
    lookup = "stage_uuid",
    ordering = "name"
)]
pub struct Common {
    #[field(unique = "stage with this name already exists.", search, filter)]
    name: String,
}

/// What a kind of stage does. `challenge` is asked when the stage is reached and whenever its page
/// is drawn again; `respond` gets the browser's answer.
pub trait Stage: Send + Sync {
    fn challenge<'a>(&'a self, run: &'a mut Run) -> StageFuture<'a>;

    /// Stages that act by themselves do the same for an answer.
    fn respond<'a>(&'a self, run: &'a mut Run, _answer: &'a Answer) -> StageFuture<'a> {
        self.challenge(run)
    }

    /// May run where nothing may be shown (`prompt=none`): has no effects beyond the plan unless it
    /// is answered.
    fn may_run_silently(&self) -> bool {
        false
    }
}

/// Every kind of this module.
pub(crate) fn kinds() -> Vec<KindResource> {
    vec![
        KindResource::of::<AuthenticatorEmailStage>(),
        KindResource::of::<AuthenticatorStaticStage>(),
        KindResource::of::<AuthenticatorTotpStage>(),
        KindResource::of::<AuthenticatorValidateStage>(),
        KindResource::of::<AuthenticatorWebauthnStage>(),
        KindResource::of::<CaptchaStage>(),
        KindResource::of::<ConsentStage>(),
        KindResource::of::<DenyStage>(),
        KindResource::of::<DummyStage>(),
        KindResource::of::<EmailStage>(),
        KindResource::of::<IdentificationStage>(),
        KindResource::of::<InvitationStage>()
            .narrowed(&[("no_flows", "boolean")], crate::api::narrow_unbound),
        KindResource::of::<PasswordStage>(),
        KindResource::of::<Prompt>().computed(crate::api::prompt),
        KindResource::of::<PromptStage>(),
        KindResource::of::<RedirectStage>(),
        KindResource::of::<UserDeleteStage>(),
        KindResource::of::<UserLoginStage>(),
        KindResource::of::<UserLogoutStage>(),
        KindResource::of::<UserWriteStage>(),
    ]
}
