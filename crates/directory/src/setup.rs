//! Whether the installation was ever set up: a mark that stays, whatever becomes of the account it
//! was set for.
//!
//! An account can be renamed, deactivated, deleted or made anew; if "set up" were derived from it,
//! any of these would let the next visitor make himself the administrator (CVE-2023-46249).

use countersign_core::Context;
use countersign_store::{Actor, Sql, StoreError, Tx, params};

const MARK: &str = "set-up is done";

/// Whether somebody had the right of an administrator and a password, now or at any time before.
///
/// # Errors
/// When the engine fails.
pub fn is_done(sql: &mut Sql<'_>) -> Result<bool, StoreError> {
    Ok(sql.fact(MARK)?.is_some())
}

/// Sets the mark if some superuser has a password. Called by everything that gives passwords or
/// rights.
///
/// # Errors
/// When the engine fails.
pub fn note(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    if is_done(tx)? || administrator_with_password(tx)?.is_none() {
        return Ok(());
    }
    let now = tx.now();
    tx.execute(
        "INSERT INTO fact (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
        params![MARK, now.iso()],
    )
    .map(|_| ())
}

/// For installations, and backups, that are older than the mark.
pub(crate) async fn note_at_start(cx: &Context) -> Result<(), StoreError> {
    let wanted = cx
        .store
        .read(|sql| {
            Ok::<_, StoreError>(!is_done(sql)? && administrator_with_password(sql)?.is_some())
        })
        .await?;
    if wanted { cx.store.write(Actor::system(), "set-up is done", note).await } else { Ok(()) }
}

fn administrator_with_password(sql: &mut Sql<'_>) -> Result<Option<i64>, StoreError> {
    let row = sql.query_one(
        "WITH RECURSIVE down (uuid, depth) AS (\
           SELECT uuid, 0 FROM user_group WHERE is_superuser = 1 \
           UNION SELECT g.uuid, down.depth + 1 FROM user_group g JOIN down ON g.parent = down.uuid WHERE down.depth < 20) \
         SELECT u.id FROM users u JOIN membership m ON m.user_id = u.id JOIN down ON m.group_uuid = down.uuid \
         WHERE u.password NOT LIKE '!%' LIMIT 1",
        params![],
    )?;
    row.map(|row| row.get(0)).transpose()
}
