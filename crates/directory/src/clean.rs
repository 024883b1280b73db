//! Accounts that a source made for one sign-in end by themselves.

use countersign_core::{ApiError, Context, JobError, NoteLevel, Run, find, remove};
use countersign_model::Timestamp;
use countersign_store::{Actor, Tx, params};
use serde_json::Value;

use crate::users::User;

/// Attributes of accounts that a source made for one sign-in; the second is a time in seconds since
/// 1970.
const GENERATED: &str = "goauthentik.io/user/generated";
const EXPIRES: &str = "goauthentik.io/user/expires";
/// It ends with the last of its sessions.
const ON_LOGOUT: &str = "goauthentik.io/user/delete-on-logout";

/// Deletes temporary accounts whose time has passed.
///
/// # Errors
/// When the engine fails.
pub(crate) async fn temporary_users(cx: Context, run: Run) -> Result<(), JobError> {
    let deleted = cx
        .store
        .write(Actor::system(), "clean-up of temporary users", delete_ended)
        .await
        .map_err(|error| JobError::Again(error.to_string()))?;
    run.note(
        NoteLevel::Info,
        cx.clock.now(),
        "clean_temporary_users",
        format!("Successfully deleted {deleted} users."),
    );
    Ok(())
}

fn delete_ended(tx: &mut Tx<'_>) -> Result<usize, ApiError> {
    let now = tx.now();
    let rows = tx.query(
        "SELECT id, attributes, last_login, EXISTS (SELECT 1 FROM session WHERE user_id = users.id) FROM users WHERE attributes LIKE $1",
        params![format!("%{GENERATED}%")],
    )?;
    let mut deleted = 0;
    for row in rows {
        let (attributes, last_login) = (row.get::<Value>(1)?, row.get::<Option<Timestamp>>(2)?);
        let signed_out = last_login.is_some() && !row.get::<bool>(3)?;
        if (has_ended(&attributes, now) || signed_out && goes_on_logout(&attributes))
            && let Some(user) = find::<User>(tx, row.get::<i64>(0)?)?
        {
            remove(tx, &user)?;
            deleted += 1;
        }
    }
    Ok(deleted)
}

fn goes_on_logout(attributes: &Value) -> bool {
    let set = |name: &str| attributes.get(name) == Some(&Value::Bool(true));
    set(GENERATED) && set(ON_LOGOUT)
}

fn has_ended(attributes: &Value, now: Timestamp) -> bool {
    let generated = attributes.get(GENERATED).is_some_and(|value| *value == Value::Bool(true));
    let ends = attributes
        .get(EXPIRES)
        .and_then(|value| value.as_f64().or_else(|| value.as_str()?.parse().ok()));
    #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 are far below 2^52")]
    let now = now.seconds() as f64;
    generated && ends.is_some_and(|ends| ends <= now)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_accounts_made_for_a_time_end() {
        let now = Timestamp::from_seconds(1000);
        assert!(has_ended(&json!({GENERATED: true, EXPIRES: 999.5}), now));
        assert!(has_ended(&json!({GENERATED: true, EXPIRES: "1000"}), now));
        assert!(!has_ended(&json!({GENERATED: true, EXPIRES: 1001}), now));
        assert!(!has_ended(&json!({GENERATED: true}), now));
        assert!(!has_ended(&json!({GENERATED: false, EXPIRES: 1}), now));
        assert!(!has_ended(&json!({EXPIRES: 1, "note": GENERATED}), now));
        assert!(goes_on_logout(&json!({GENERATED: true, ON_LOGOUT: true})));
        assert!(!goes_on_logout(&json!({ON_LOGOUT: true})));
        assert!(!goes_on_logout(&json!({GENERATED: true})));
    }
}
