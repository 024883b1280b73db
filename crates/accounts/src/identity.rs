//! An account with its groups, read for one request.

use countersign_core::{Identity, Membership};
use countersign_store::{Sql, StoreError, params};

/// As deep as a tree of groups is followed.
const GROUP_DEPTH: i64 = 20;

/// The account of that number, active or not, with its groups.
///
/// # Errors
/// When the engine fails.
pub fn identity(sql: &mut Sql<'_>, pk: i64) -> Result<Option<Identity>, StoreError> {
    let row = sql.query_one(
        "SELECT id, uuid, username, name, email, is_active, type, path, attributes, joined, last_login, password_changed, password FROM users WHERE id = $1",
        params![pk],
    )?;
    // Asked also for an account that is not there, so that both take as many statements.
    let groups = memberships(sql, pk)?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Identity {
        pk: row.get(0)?,
        uuid: row.get(1)?,
        username: row.get(2)?,
        name: row.get(3)?,
        email: row.get(4)?,
        is_active: row.get(5)?,
        user_type: row.get(6)?,
        path: row.get(7)?,
        attributes: row.get(8)?,
        date_joined: row.get(9)?,
        last_login: row.get(10)?,
        password_change_date: row.get(11)?,
        // As the original marks unusable ones: no hash begins with an exclamation mark.
        has_usable_password: !row.get::<String>(12)?.starts_with('!'),
        groups,
    }))
}

fn memberships(sql: &mut Sql<'_>, pk: i64) -> Result<Vec<Membership>, StoreError> {
    let rows = sql.query(
        "WITH RECURSIVE up (uuid, depth) AS (\
           SELECT group_uuid, 0 FROM membership WHERE user_id = $1 \
           UNION SELECT g.parent, up.depth + 1 FROM user_group g JOIN up ON g.uuid = up.uuid WHERE g.parent IS NOT NULL AND up.depth < $2) \
         SELECT g.uuid, g.name, g.is_superuser, g.parent, g.attributes, MIN(up.depth) FROM up JOIN user_group g ON g.uuid = up.uuid \
         GROUP BY g.uuid, g.name, g.is_superuser, g.parent, g.attributes ORDER BY g.name",
        params![pk, GROUP_DEPTH],
    )?;
    rows.into_iter()
        .map(|row| {
            Ok(Membership {
                uuid: row.get(0)?,
                name: row.get(1)?,
                is_superuser: row.get(2)?,
                parent: row.get(3)?,
                attributes: row.get(4)?,
                direct: row.get::<i64>(5)? == 0,
            })
        })
        .collect()
}
