//! Set-up: open while no administrator can sign in, closed by its first use.

use countersign_policy::facts;
use countersign_rest::Context;
use countersign_store::{StoreError, params};

/// The flow of the set-up, by the name the original gave it.
pub const SETUP_SLUG: &str = "initial-setup";
/// Its address.
pub const SETUP_URL: &str = "/if/flow/initial-setup/";

#[must_use]
pub(crate) fn is_setup(slug: &str) -> bool {
    slug == SETUP_SLUG
}

/// Whether visitors are led to the set-up: its flow is there and not closed, the first administrator has no
/// password, and no other active administrator has one either.
///
/// # Errors
/// When the engine fails.
pub async fn is_open(cx: &Context) -> Result<bool, StoreError> {
    use crate::kinds::{Authentication, Flow};
    let snapshot = cx.snapshot();
    // The graph answers for every request after set-up; the tables are asked only before.
    if snapshot.find::<Flow>("slug", SETUP_SLUG).is_none_or(|(_, flow)| flow.authentication == Authentication::RequireSuperuser) {
        return Ok(false);
    }
    if facts::admin_has_password(cx).await? != Some(false) {
        return Ok(false);
    }
    let rows = cx.store.read(|sql| {
        sql.query(
            "WITH RECURSIVE down (uuid, depth) AS (\
               SELECT uuid, 0 FROM user_group WHERE is_superuser = 1 \
               UNION SELECT g.uuid, down.depth + 1 FROM user_group g JOIN down ON g.parent = down.uuid WHERE down.depth < 20) \
             SELECT u.id FROM users u JOIN membership m ON m.user_id = u.id JOIN down ON m.group_uuid = down.uuid \
             WHERE u.is_active = 1 AND u.password NOT LIKE '!%' LIMIT 1",
            params![],
        )
    });
    Ok(rows.await?.is_empty())
}
