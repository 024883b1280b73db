//! The last usable administrator. Whichever way something is written, somebody must be left who can
//! sign in and mend it.

use countersign_model::{FieldErrors, Problem};
use countersign_store::{StoreError, Tx, params};

const RULE: &str = "last administrator";

/// Active internal people with a password or a passkey, which signs in without one, in a group of
/// superusers, or in a group below one: external ones do not get into the interface. Accounts of
/// services and machines do not count.
const USABLE: &str = "WITH RECURSIVE down (uuid) AS (SELECT uuid FROM user_group WHERE is_superuser = 1 \
     UNION SELECT g.uuid FROM user_group g JOIN down d ON g.parent = d.uuid) \
     SELECT 1 FROM down d JOIN membership m ON m.group_uuid = d.uuid JOIN users u ON u.id = m.user_id \
     WHERE u.is_active = 1 AND u.type = 'internal' \
     AND (u.password <> '' AND SUBSTR(u.password, 1, 1) <> '!' \
          OR EXISTS (SELECT 1 FROM webauthn_device p WHERE p.user_id = u.id AND p.confirmed = 1)) LIMIT 1";

/// Asked before anything that may take rights away: when there is a usable administrator now, the
/// transaction must leave one.
///
/// # Errors
/// When the engine fails.
pub(crate) fn keep_one(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    if !tx.is_checked(RULE) && is_there(tx)? {
        tx.finally(RULE, |tx| if is_there(tx)? { Ok(()) } else { Err(refusal()) });
    }
    Ok(())
}

fn is_there(tx: &mut Tx<'_>) -> Result<bool, StoreError> {
    Ok(tx.query_one(USABLE, params![])?.is_some())
}

fn refusal() -> StoreError {
    let text = "This would leave no administrator who can sign in. First make another active account with a password or a passkey \
                a member of a group whose members are superusers.";
    StoreError::Refused(FieldErrors::object(Problem::new("last_administrator", text)))
}
