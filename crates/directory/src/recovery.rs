//! One-time links: one made on the console signs in, one made by an administrator leads into the
//! recovery flow or to setting up a second factor, one that a flow sends by e-mail leads on in that flow. Only the hash of a link's
//! key is stored, and of two uses at once one finds the row.

use countersign_accounts::may_change;
use countersign_core::{ApiError, Identity};
use countersign_events::model_reference;
use countersign_model::{Sealer, Secret, Timestamp};
use countersign_store::{Sql, StoreError, Tx, params, sha256};
use uuid::Uuid;

use crate::sending::may_send;
use crate::{audit, users};

/// Makes a one-time key for a user, which ends after `seconds`; the link is
/// `/recovery/use-token/<key>/`.
///
/// # Errors
/// When the engine fails.
pub fn create_recovery_link(
    tx: &mut Tx<'_>,
    user: i64,
    seconds: i64,
) -> Result<Secret, StoreError> {
    let identifier = format!("recovery-{}", tx.entropy().uuid());
    insert(tx, user, &New { identifier, intent: "recovery", ends: seconds, ..New::default() })
}

/// Makes a one-time key with which a user gets into a flow without a sign-in; the link is
/// `/if/flow/<slug>/?flow_token=<key>`. One made before for the same user ends.
///
/// # Errors
/// 403 for an account that holds more than who acts, or when the engine fails.
pub fn create_flow_link(
    tx: &mut Tx<'_>,
    user: i64,
    flow: Uuid,
    seconds: i64,
) -> Result<Secret, ApiError> {
    may_change(tx, user)?;
    let identifier = format!("password-reset-{}", tx.entropy().uuid());
    end_flow_links(tx, user)?;
    let new =
        New { identifier, intent: FLOW_LINK, ends: seconds, flow: Some(flow), ..New::default() };
    Ok(insert(tx, user, &new)?)
}

/// Makes a one-time key with which a user sets up a second factor in a flow, after proving who they
/// are; the link is as that of [`create_flow_link`]. One made before for the same flow ends.
///
/// # Errors
/// 403 for an account that holds more than who acts, 400 for one that is deactivated, or when the
/// engine fails.
pub fn create_set_up_link(
    tx: &mut Tx<'_>,
    user: i64,
    flow: Uuid,
    seconds: i64,
) -> Result<Secret, ApiError> {
    may_change(tx, user)?;
    if active(tx, user)?.is_none() {
        return Err(ApiError::object("The account is deactivated.".to_owned()));
    }
    tx.execute(
        "DELETE FROM token WHERE user_id = $1 AND intent = 'verification' AND flow = $2 AND set_up = 1",
        params![user, flow],
    )?;
    let identifier = format!("set-up-{}", tx.entropy().uuid());
    let new = New {
        identifier,
        intent: FLOW_LINK,
        ends: seconds,
        flow: Some(flow),
        set_up: true,
        plan: "",
    };
    Ok(insert(tx, user, &new)?)
}

/// As many links by e-mail may wait for one account, and go to one address within an hour, so that
/// nobody floods a mailbox.
const MOST_MAILED: i64 = 5;

/// Makes a one-time key, to be sent to this address, that leads on in a flow where `plan` is.
/// `None`: account or address have as many as they may have, or the one of this name was made
/// before.
///
/// # Errors
/// When the engine fails.
pub fn create_mailed_link(
    tx: &mut Tx<'_>,
    (user, to): (i64, &str),
    identifier: String,
    flow: Uuid,
    plan: &str,
    seconds: i64,
) -> Result<Option<Secret>, StoreError> {
    let now = tx.now();
    let known =
        tx.query_one("SELECT 1 FROM token WHERE identifier = $1", params![identifier.as_str()])?;
    let waiting = tx.query_one(
        "SELECT COUNT(*) FROM token WHERE user_id = $1 AND intent = 'verification' AND plan <> '' AND expires > $2",
        params![user, now],
    )?;
    let waiting = waiting.map_or(Ok(0), |row| row.get::<i64>(0))?;
    if known.is_some() || waiting >= MOST_MAILED || !may_send(tx, to, MOST_MAILED)? {
        return Ok(None);
    }
    let sealed = tx.sealer().seal(plan);
    let new = New {
        identifier,
        intent: FLOW_LINK,
        ends: seconds,
        flow: Some(flow),
        plan: &sealed,
        set_up: false,
    };
    insert(tx, user, &new).map(Some)
}

/// Intent of the keys that lead into a flow.
const FLOW_LINK: &str = "verification";

/// A key to be made.
#[derive(Default)]
struct New<'a> {
    identifier: String,
    intent: &'a str,
    /// Seconds from now.
    ends: i64,
    flow: Option<Uuid>,
    /// Where in the flow it leads, sealed.
    plan: &'a str,
    /// It leads to setting up a second factor.
    set_up: bool,
}

fn insert(tx: &mut Tx<'_>, user: i64, new: &New<'_>) -> Result<Secret, StoreError> {
    let (uuid, key) = (tx.entropy().uuid(), Secret::new(tx.entropy().token(60)));
    let expires: Timestamp = tx.now().plus_seconds(new.ends);
    let identifier = new.identifier.as_str();
    let description = match (new.set_up, new.plan.is_empty()) {
        (true, _) => "Set-up link",
        (false, true) => "Recovery link",
        (false, false) => "Link by e-mail",
    };
    tx.execute(
        "INSERT INTO token (uuid, identifier, managed, intent, user_id, description, expires, expiring, key_hash, key_sealed, flow, plan, set_up) \
         VALUES ($1, $2, NULL, $3, $4, $5, $6, 1, $7, '', $8, $9, $10)",
        params![uuid, identifier, new.intent, user, description, expires, sha256(key.expose()), new.flow, new.plan, new.set_up],
    )?;
    let account = users::account_of(tx, user)?;
    audit::record(
        tx,
        "model_created",
        model_reference("authentik_core", "token", identifier, identifier),
        None,
        account,
    )?;
    Ok(key)
}

/// A good link into a flow.
#[derive(Debug)]
pub struct FlowLink {
    /// Whom it is for.
    pub user: Identity,
    /// Where in the flow it leads, for one that the flow itself sent.
    pub plan: Option<Secret>,
    /// It names the account and proves nothing: its owner does, before the flow begins.
    pub set_up: bool,
}

/// Spends the key of a link that signs in; gives whom, if it was good.
///
/// # Errors
/// When the engine fails.
pub fn spend_recovery_link(tx: &mut Tx<'_>, key: &str) -> Result<Option<Identity>, StoreError> {
    let now = tx.now();
    let row = tx.query_one("DELETE FROM token WHERE key_hash = $1 AND intent = 'recovery' AND expires > $2 RETURNING user_id", params![sha256(key), now])?;
    let Some(row) = row else { return Ok(None) };
    active(tx, row.get(0)?)
}

/// A link into a flow, if it is good and for this flow; spends nothing. One that an administrator
/// made is good for active accounts; for which accounts one is that the flow sent, its plan says.
///
/// # Errors
/// When the engine fails.
pub fn flow_link(
    sql: &mut Sql<'_>,
    sealer: &dyn Sealer,
    key: &str,
    flow: Uuid,
    now: Timestamp,
) -> Result<Option<FlowLink>, StoreError> {
    let find = "SELECT user_id, plan, set_up FROM token WHERE key_hash = $1 AND intent = 'verification' AND flow = $2 AND expires > $3";
    let Some(row) = sql.query_one(find, params![sha256(key), flow, now])? else {
        return Ok(None);
    };
    let (user, sealed, set_up): (i64, String, bool) = (row.get(0)?, row.get(1)?, row.get(2)?);
    let Some(user) = countersign_accounts::identity(sql, user)? else { return Ok(None) };
    if sealed.is_empty() {
        return Ok(Some(FlowLink { user, plan: None, set_up }).filter(|link| link.user.is_active));
    }
    // Sealed by another key than today's: it leads nowhere any more.
    let plan = sealer.open(&sealed).ok();
    Ok(plan.map(|plan| FlowLink { user, plan: Some(plan), set_up }))
}

/// Spends the key of a link into a flow, and with it all others that lead the same account into the
/// same flow; gives the number of whom it was for, if it was good.
///
/// # Errors
/// When the engine fails.
pub fn spend_flow_link(tx: &mut Tx<'_>, key: &str, flow: Uuid) -> Result<Option<i64>, StoreError> {
    let now = tx.now();
    let spend = "DELETE FROM token WHERE key_hash = $1 AND intent = 'verification' AND flow = $2 AND expires > $3 RETURNING user_id";
    let Some(row) = tx.query_one(spend, params![sha256(key), flow, now])? else { return Ok(None) };
    let user: i64 = row.get(0)?;
    tx.execute(
        "DELETE FROM token WHERE user_id = $1 AND intent = 'verification' AND flow = $2",
        params![user, flow],
    )?;
    Ok(Some(user))
}

/// Ends every link into a flow that leads an account there: what it was asked for has been done
/// otherwise. Those by which its owner sets up a second factor ask for the password that is then
/// theirs, see [`end_links_of_former_password`].
///
/// # Errors
/// When the engine fails.
pub(crate) fn end_flow_links(tx: &mut Tx<'_>, user: i64) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM token WHERE user_id = $1 AND intent = 'verification' AND flow IS NOT NULL AND set_up = 0",
        params![user],
    )
    .map(|_| ())
}

/// An account has a new password: ends what [`end_flow_links`] does, and, where another account chose
/// it, the links that ask for it, too. Whoever came by a recovery link has shown who they are.
///
/// # Errors
/// When the engine fails.
pub(crate) fn end_links_of_former_password(tx: &mut Tx<'_>, user: i64) -> Result<(), StoreError> {
    end_flow_links(tx, user)?;
    let by_another = tx.actor().user.as_ref().is_some_and(|by| by.pk != user);
    if by_another {
        tx.execute("DELETE FROM token WHERE user_id = $1 AND set_up = 1", params![user])?;
    }
    Ok(())
}

fn active(sql: &mut Sql<'_>, user: i64) -> Result<Option<Identity>, StoreError> {
    Ok(countersign_accounts::identity(sql, user)?.filter(|user| user.is_active))
}
