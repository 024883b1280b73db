//! Who may set up a second factor: somebody who has just shown who they are.

use countersign_core::ApiError;
use countersign_model::{FieldErrors, Problem};

use crate::error::FlowError;
use crate::plan::key;
use crate::run::Run;
use crate::stage::Step;
use crate::web;

/// The account that sets up a second factor now, or what happens instead.
///
/// - Nobody, or a name that no account has: the stage is left out, as in the original.
/// - Somebody who has proved who they are in this run may, as while signing in or enrolling.
/// - Somebody signed in may for five minutes after that; later they sign in once more and come back.
/// - Others have only been named. Whoever acts as somebody else is not that person.
pub(super) fn account(run: &Run) -> Result<i64, Step> {
    let user = run.pending_or_session_user();
    let Some(pk) = user.map(|user| user.pk).filter(|pk| *pk > 0) else { return Err(Step::Done) };
    let visitor = run.visitor();
    if visitor.original.is_some() {
        return Err(Step::deny(
            "You are acting as somebody else. Only they can set up a second factor of theirs.",
        ));
    }
    let proved_here = [key::AUTH_METHOD, key::USER_BACKEND]
        .iter()
        .any(|name| run.context().get(*name).is_some_and(|value| !value.is_null()));
    if proved_here && run.plan.proved_account() == Some(pk) {
        return Ok(pk);
    }
    let signed_in = visitor.user.as_ref().is_some_and(|user| user.pk == pk);
    match visitor.session.as_ref().filter(|_| signed_in) {
        Some(session) if session.is_recent(run.cx().clock.now()) => Ok(pk),
        Some(_) => Err(Step::Redirect(sign_in_again(run))),
        None => Err(Step::deny("Sign in before you set up a second factor.")),
    }
}

/// Where the person signs in and comes back to this flow.
fn sign_in_again(run: &Run) -> String {
    let here = web::flow_url(&run.slug(), &run.plan.query);
    web::with_next("/flows/-/default/authentication/", &here)
}

/// What a refused row of a device is in a flow: a word on the page.
pub(super) enum Refused {
    Fields(FieldErrors),
    Failed(FlowError),
}

impl From<ApiError> for Refused {
    fn from(error: ApiError) -> Refused {
        match error {
            ApiError::Fields(errors) => Refused::Fields(errors),
            ApiError::Store(error) => Refused::Failed(FlowError::Store(error)),
            other => {
                Refused::Fields(FieldErrors::object(Problem::new("invalid", other.to_string())))
            }
        }
    }
}

impl From<countersign_store::StoreError> for Refused {
    fn from(error: countersign_store::StoreError) -> Refused {
        ApiError::from(error).into()
    }
}

impl Refused {
    pub(super) fn step(self) -> Result<Step, FlowError> {
        match self {
            Refused::Fields(errors) => Ok(Step::Invalid(errors)),
            Refused::Failed(error) => Err(error),
        }
    }
}

/// Where "Cancel" leads: back to the settings, or out of the sign-in.
pub(super) fn cancel_url(scene: &countersign_pages::Scene) -> &str {
    if scene.designation == "stage_configuration" {
        "/if/user/#/settings"
    } else {
        &scene.cancel_url
    }
}
