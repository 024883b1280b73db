//! Before somebody sets up a second factor by a link that an administrator made: their password,
//! asked for as when they sign in, and a second factor that they have already.

use countersign_pages::PageDef;

use super::password::{Backend, PasswordStage, Tries};
use super::{AuthenticatorValidateStage, IdentificationStage, enrol};
use crate::answer::Answer;
use crate::error::FlowError;
use crate::planner;
use crate::run::Run;
use crate::stage::{Stage, Step};

pub(crate) struct ProveOwner;

impl ProveOwner {
    /// The password stage of the brand's sign-in, without app passwords: those are for programs.
    fn password(run: &Run) -> Option<PasswordStage> {
        let snapshot = &run.browser.snapshot;
        let stages = planner::stages(snapshot, run.browser.brand_flow("flow_authentication")?);
        let mut found = stages.iter().find_map(|stage| {
            let asked_with_name = || {
                let names = stage.cast::<IdentificationStage>()?;
                snapshot.entry(names.password_stage?.id())?.cast::<PasswordStage>()
            };
            stage.cast::<PasswordStage>().or_else(asked_with_name).cloned()
        })?;
        found.backends.retain(|backend| *backend != Backend::Token);
        (!found.backends.is_empty()).then_some(found)
    }
}

impl Stage for ProveOwner {
    type State = Tries;
    const PAGES: &'static [PageDef] = PasswordStage::PAGES;

    async fn show(&self, run: &mut Run, state: &mut Tries) -> Result<Step, FlowError> {
        match Self::password(run) {
            Some(stage) => stage.show(run, state).await,
            None => Ok(Step::deny(enrol::SIGN_IN_FIRST)),
        }
    }

    async fn answer(
        &self,
        run: &mut Run,
        state: &mut Tries,
        answer: &Answer,
    ) -> Result<Step, FlowError> {
        match Self::password(run) {
            Some(stage) => stage.answer(run, state, answer).await,
            None => Ok(Step::deny(enrol::SIGN_IN_FIRST)),
        }
    }
}

/// Another administrator may have chosen the password: what it alone must not do is add a factor to
/// an account that has one. Whoever has none goes on.
pub(crate) struct ProveFactor;

impl Stage for ProveFactor {
    type State = <AuthenticatorValidateStage as Stage>::State;
    const PAGES: &'static [PageDef] = AuthenticatorValidateStage::PAGES;

    async fn show(&self, run: &mut Run, state: &mut Self::State) -> Result<Step, FlowError> {
        AuthenticatorValidateStage::of_any_device().show(run, state).await
    }

    async fn answer(
        &self,
        run: &mut Run,
        state: &mut Self::State,
        answer: &Answer,
    ) -> Result<Step, FlowError> {
        AuthenticatorValidateStage::of_any_device().answer(run, state, answer).await
    }
}
