//! Ends the session. Any site can have a browser fetch an address: what another one may have asked
//! for, the person confirms.

use countersign_model::Kind;
use serde_json::Value;

use super::{Stage, StageFuture, Step};
use crate::challenge::Challenge;
use crate::plan::key;
use crate::run::Run;

/// Logs the user out.
#[derive(Debug, Clone, Kind)]
#[kind(
    family = dyn Stage,
    path = "stages/user_logout",
    model = "authentik_stages_user_logout.userlogoutstage",
    title = "User Logout Stage",
    component = "ak-stage-user-logout-form"
)]
pub struct UserLogoutStage {
    #[field(unique, search, filter)]
    pub name: String,
}

impl Stage for UserLogoutStage {
    fn challenge<'a>(&'a self, run: &'a mut Run) -> StageFuture<'a> {
        Box::pin(async {
            let confirmed =
                run.plan.context.get(key::SIGN_OUT_CONFIRMED) == Some(&Value::Bool(true));
            if run.browser.unasked && !confirmed && run.browser.user_pk().is_some() {
                return Ok(Step::show(Challenge::SignOut {}));
            }
            run.browser.log_out().await?;
            Ok(Step::Done)
        })
    }
}
