//! Deletes the own account.

use countersign_core::{ApiError, find, remove};
use countersign_directory::users::User;
use countersign_model::Kind;
use countersign_pages::{Page, PageDef, Scene};
use countersign_store::Tx;
use serde::Serialize;
use serde_json::{Value, json};

use super::enrol::{self, Unproved};
use crate::answer::Answer;
use crate::error::FlowError;
use crate::plan::key;
use crate::run::Run;
use crate::stage::{AnyStage, Sentence, Stage, Step};

/// Deletes the account.
#[derive(Debug, Clone, Kind)]
#[kind(
    family = dyn AnyStage,
    path = "stages/user_delete",
    model = "authentik_stages_user_delete.userdeletestage",
    title = "User Delete Stage",
    component = "ak-stage-user-delete-form"
)]
pub struct UserDeleteStage {
    #[field(unique, search, filter)]
    pub name: String,
}

impl UserDeleteStage {
    async fn delete(&self, run: &mut Run) -> Result<Step, FlowError> {
        let pk = match enrol::proved(run, enrol::SHOWN) {
            Ok(pk) => pk,
            Err(unproved) => return Ok(refused(unproved)),
        };
        let work = move |tx: &mut Tx<'_>| {
            let Some(user) = find::<User>(tx, pk)? else { return Ok(()) };
            remove(tx, &user)
        };
        match run.commit(run.browser.actor(), "deleted by its owner", work).await {
            Ok(()) => {}
            Err(ApiError::Store(error)) => return Err(error.into()),
            Err(refused) => return Ok(Step::Deny(refused.to_string())),
        }
        run.plan.context.remove(key::PENDING_USER);
        run.account_written();
        run.browser.signed_out();
        Ok(Step::Done)
    }
}

/// What happens to somebody whose account is not deleted now.
fn refused(unproved: Unproved) -> Step {
    match unproved {
        Unproved::Again(address) => Step::Redirect(address),
        Unproved::Acting => {
            Step::deny("You are acting as somebody else. Only they can delete their account.")
        }
        Unproved::Nobody | Unproved::Named => Step::deny("Sign in before you delete your account."),
    }
}

impl Stage for UserDeleteStage {
    type State = ();
    const PAGES: &'static [PageDef] = &[PageDef::of::<DeleteAccountChallenge>()];

    /// Looking deletes nothing: an address may be opened by anybody's page.
    async fn show(&self, run: &mut Run, (): &mut ()) -> Result<Step, FlowError> {
        Ok(enrol::proved(run, enrol::SHOWN)
            .map_or_else(refused, |_| Step::show(DeleteAccountChallenge {})))
    }

    async fn answer(
        &self,
        run: &mut Run,
        (): &mut (),
        _answer: &Answer,
    ) -> Result<Step, FlowError> {
        self.delete(run).await
    }

    fn sentence(&self) -> Sentence {
        Sentence::new("Delete the account").note("asks once more first")
    }
}

/// "Delete your account?"
#[derive(Debug, Serialize)]
struct DeleteAccountChallenge {}

impl Page for DeleteAccountChallenge {
    const COMPONENT: &'static str = "countersign-stage-user-delete";
    const TEMPLATE: &'static str = include_str!("user_delete.html");

    fn names_user(&self) -> bool {
        true
    }

    fn view(&self, scene: &Scene) -> Value {
        json!({"title": scene.t("delete-account")})
    }

    fn samples() -> Vec<Self> {
        vec![Self {}]
    }
}
