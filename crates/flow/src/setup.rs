//! Set-up: open until the first administrator has a password, closed for good afterwards.

use countersign_core::Context;
use countersign_policy::setup_done;
use countersign_store::StoreError;

/// The flow of the set-up, by the name the original gave it.
pub const SETUP_SLUG: &str = "initial-setup";
/// Its address.
pub const SETUP_URL: &str = "/if/flow/initial-setup/";

/// The password policy that a change of password goes by.
pub(crate) const PASSWORD_RULE: &str = "default-password-change-password-policy";

#[must_use]
pub(crate) fn is_setup(slug: &str) -> bool {
    slug == SETUP_SLUG
}

/// Whether visitors are led to the set-up: its flow is there and not closed, and no administrator
/// ever had a password.
///
/// # Errors
/// When the engine fails.
pub async fn is_open(cx: &Context) -> Result<bool, StoreError> {
    use crate::kinds::{Authentication, Flow};
    let snapshot = cx.snapshot();
    // The graph answers for every request after set-up; the tables are asked only before.
    if snapshot
        .find::<Flow>("slug", SETUP_SLUG)
        .is_none_or(|(_, flow)| flow.authentication == Authentication::RequireSuperuser)
    {
        return Ok(false);
    }
    Ok(setup_done(cx).await? == Some(false))
}
