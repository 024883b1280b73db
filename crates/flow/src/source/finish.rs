//! The last stage of a source's flow.

use countersign_sources::Unsettled;
use countersign_store::Tx;
use serde::{Deserialize, Serialize};

use super::resume::Ticket;
use crate::error::FlowError;
use crate::run::Run;
use crate::stage::{Stage, Step};

pub(crate) const FINISH: &str = "source";

const NO_ACCOUNT: &str = "The flow has found no account for this identity.";

/// Connects the identity with the account that the flow has found or made, and goes on with the
/// flow that waits for it, if one does.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Finish {
    pub(crate) resume: Option<Ticket>,
}

impl Stage for Finish {
    type State = ();

    async fn show(&self, run: &mut Run, (): &mut ()) -> Result<Step, FlowError> {
        let Some(arrival) = run.plan.arrival.clone() else {
            return Ok(Step::deny(NO_ACCOUNT));
        };
        let account = run.plan.pending_user().and_then(|user| user.pk);
        let Some(account) = account.or(run.browser.user_pk()) else {
            return Ok(Step::deny(NO_ACCOUNT));
        };
        // Whoever was signed in on the way has been settled with that; this is the same again.
        let work = move |tx: &mut Tx<'_>| arrival.settle(tx, account);
        match run.commit(run.browser.actor(), "signed in by a source", work).await {
            Ok(()) => {}
            Err(Unsettled::Refused(why)) => return Ok(Step::deny(why.to_string())),
            Err(Unsettled::Store(error)) => return Err(error.into()),
        }
        Ok(self.resume.clone().map_or(Step::Done, Step::Resume))
    }
}
