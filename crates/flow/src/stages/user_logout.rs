//! Ends the session.

use countersign_model::Kind;

use super::{Stage, StageFuture, Step};
use crate::run::Run;

/// Logs the user out.
#[derive(Debug, Clone, Kind)]
#[kind(
    path = "stages/user_logout",
    model = "authentik_stages_user_logout.userlogoutstage",
    schema = "UserLogoutStage",
    title = "User Logout Stage",
    plural = "User Logout Stages",
    component = "ak-stage-user-logout-form",
    space = "stage",
    lookup = "stage_uuid",
    ordering = "name"
)]
pub struct UserLogoutStage {
    #[field(label = "Name", unique = "stage with this name already exists.", search, filter)]
    pub name: String,
}

impl Stage for UserLogoutStage {
    fn challenge<'a>(&'a self, run: &'a mut Run) -> StageFuture<'a> {
        Box::pin(async {
            run.browser.log_out().await?;
            Ok(Step::Done)
        })
    }
}
