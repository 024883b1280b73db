//! Who may set up a second factor: somebody who has just shown who they are.

use countersign_core::{ApiError, SessionData};
use countersign_model::{FieldErrors, Problem};
use countersign_store::{Actor, ActorUser};

use crate::error::FlowError;
use crate::plan::key;
use crate::run::Run;
use crate::stage::Step;
use crate::web;

/// Why somebody may not change what only the owner of an account changes.
pub(super) enum Unproved {
    /// Nobody, or a name that no account has.
    Nobody,
    /// Whoever acts as somebody else is not that person.
    Acting,
    /// Signed in too long ago: where they sign in once more and come back.
    Again(String),
    /// Only named so far.
    Named,
}

pub(super) const SIGN_IN_FIRST: &str = "Sign in before you set up a second factor.";

/// How old a sign-in may be, in seconds, when a page is shown that wants a recent one.
pub(super) const SHOWN: i64 = SessionData::RECENT;
/// The same when the page is answered: setting up takes its time.
pub(super) const ANSWERED: i64 = 3 * SessionData::RECENT;

/// The account that sets up a second factor now, or what happens instead: a stage with nobody to
/// ask is left out, as in the original.
pub(super) fn account(run: &Run, within: i64) -> Result<i64, Step> {
    proved(run, within).map_err(|unproved| match unproved {
        Unproved::Nobody => Step::Done,
        Unproved::Acting => Step::deny(
            "You are acting as somebody else. Only they can set up a second factor of theirs.",
        ),
        Unproved::Again(address) => Step::Redirect(address),
        Unproved::Named => Step::deny(SIGN_IN_FIRST),
    })
}

/// Who sets it up: the account, also where its owner has shown who they are and is not signed in.
pub(super) fn actor(run: &Run) -> Actor {
    let actor = run.browser.actor();
    let proved = run.pending_or_session_user().filter(|_| actor.user.is_none());
    match proved {
        Some(user) => {
            let user = ActorUser { pk: user.pk, username: user.username, email: user.email };
            Actor { user: Some(user), ..actor }
        }
        None => actor,
    }
}

/// The account whose owner has shown who they are: in this run, as while signing in or enrolling,
/// or by signing in at most so many seconds ago.
pub(super) fn proved(run: &Run, within: i64) -> Result<i64, Unproved> {
    let user = run.pending_or_session_user();
    let pk = user.map(|user| user.pk).filter(|pk| *pk > 0).ok_or(Unproved::Nobody)?;
    let visitor = run.visitor();
    if visitor.original.is_some() {
        return Err(Unproved::Acting);
    }
    let proved_here = [key::AUTH_METHOD, key::USER_BACKEND]
        .iter()
        .any(|name| run.context().get(*name).is_some_and(|value| !value.is_null()));
    if proved_here && run.plan.proved_account() == Some(pk) {
        return Ok(pk);
    }
    let signed_in = visitor.user.as_ref().is_some_and(|user| user.pk == pk);
    match visitor.session.as_ref().filter(|_| signed_in) {
        Some(session) if session.is_within(within, run.cx().clock.now()) => Ok(pk),
        Some(_) => Err(Unproved::Again(sign_in_again(run))),
        None => Err(Unproved::Named),
    }
}

/// What happens before a password is chosen by somebody whose session is not recent. A run that
/// began with a link or a proof of its own needs none.
pub(super) fn before_a_password(run: &Run, within: i64) -> Option<Step> {
    let own = run.visitor().user.as_ref().map(|user| user.pk);
    if own.is_none() || run.plan.restored.is_some() {
        return None;
    }
    match proved(run, within) {
        Err(Unproved::Again(address)) => Some(Step::Redirect(address)),
        _ => None,
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
