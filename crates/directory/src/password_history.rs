//! The hashes of former passwords, while a policy asks that new ones differ from them.

use countersign_core::{Context, JobError, Run};
use countersign_model::{Ref, Secret, Snapshot, Space, Table, Timestamp, directory};
use countersign_store::{Actor, Sql, StoreError, Tx, params};
use uuid::Uuid;

/// The kind of policy that says how many are kept, and its field that does. It is in a room above
/// this one.
pub const POLICY: &str = "authentik_policies_unique_password.uniquepasswordpolicy";
pub const FIELD: &str = "num_historical_passwords";
const POLICIES: Space = Space("policy");

/// A password that an account had.
#[derive(Debug, Clone, Table)]
#[table(name = "password_history")]
pub(crate) struct PasswordHistory {
    #[column(key)]
    uuid: Uuid,
    #[column(sql = "user_id", belongs_to = "users.id", on_delete = Cascade, owner)]
    user: Ref<directory::User>,
    /// The hash.
    #[column(sql = "password", hidden)]
    hash: Secret,
    /// When it was replaced.
    created: Timestamp,
}

/// How many are kept of each account: as many as the policy that asks for most, of those that
/// something uses.
fn wanted(snapshot: &Snapshot) -> i64 {
    snapshot
        .entries(POLICIES)
        .filter(|entry| entry.meta().model == POLICY && snapshot.referrers(entry.id).count() > 0)
        .filter_map(|entry| entry.object.value(FIELD)?.as_i64())
        .fold(0, i64::max)
}

/// Keeps the hash that an account had, as far as a policy wants that.
///
/// # Errors
/// When the engine fails.
pub(crate) fn keep(tx: &mut Tx<'_>, user: i64, former: &str) -> Result<(), StoreError> {
    let most = wanted(tx.graph());
    if most > 0 && !former.is_empty() && !former.starts_with('!') {
        let (uuid, now) = (tx.entropy().uuid(), tx.now());
        tx.execute(
            "INSERT INTO password_history (uuid, user_id, password, created) VALUES ($1, $2, $3, $4)",
            params![uuid, user, former, now],
        )?;
    }
    tx.execute(
        "DELETE FROM password_history WHERE user_id = $1 AND uuid NOT IN ( \
           SELECT uuid FROM password_history WHERE user_id = $1 ORDER BY created DESC, uuid LIMIT $2)",
        params![user, most],
    )?;
    Ok(())
}

/// The hash an account has and as many of those it had, the latest first.
///
/// # Errors
/// When the engine fails.
pub fn hashes(sql: &mut Sql<'_>, user: i64, most: i64) -> Result<Vec<String>, StoreError> {
    let current = sql.query("SELECT password FROM users WHERE id = $1", params![user])?;
    let former = sql.query(
        "SELECT password FROM password_history WHERE user_id = $1 \
         ORDER BY created DESC, uuid LIMIT $2",
        params![user, most],
    )?;
    let hashes = current.iter().chain(&former).map(|row| row.get(0));
    let usable = |hash: &Result<String, StoreError>| {
        hash.as_ref().map_or(true, |hash| !hash.is_empty() && !hash.starts_with('!'))
    };
    hashes.filter(usable).collect()
}

/// Removes what no policy asks for any more.
///
/// # Errors
/// When the engine fails.
pub(crate) async fn trim(cx: Context, _: Run) -> Result<(), JobError> {
    let work = |tx: &mut Tx<'_>| {
        let most = wanted(tx.graph());
        tx.execute(
            "DELETE FROM password_history WHERE uuid IN (SELECT uuid FROM ( \
               SELECT uuid, ROW_NUMBER() OVER (PARTITION BY user_id ORDER BY created DESC, uuid) AS nth \
               FROM password_history) AS former WHERE nth > $1)",
            params![most],
        )
    };
    cx.store.write(Actor::system(), "former passwords", work).await?;
    Ok(())
}
