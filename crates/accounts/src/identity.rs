//! Accounts with their groups, read for one request.

use std::collections::BTreeMap;

use countersign_core::{Identity, Membership};
use countersign_model::{Key, ObjectId, Space};
use countersign_store::{Sql, SqlValue, StoreError};
use uuid::Uuid;

/// Outposts, which have accounts of their own.
const OUTPOST: Space = Space("outpost");
/// As deep as a tree of groups is followed.
const GROUP_DEPTH: i64 = 20;

/// The account of that number, active or not, with its groups.
///
/// # Errors
/// When the engine fails.
pub fn identity(sql: &mut Sql<'_>, pk: i64) -> Result<Option<Identity>, StoreError> {
    Ok(read(sql, "= $1", &pk.into())?.into_values().next())
}

/// The accounts of those numbers, in this order: as many statements as for one.
///
/// # Errors
/// When the engine fails.
pub fn identities(sql: &mut Sql<'_>, pks: &[i64]) -> Result<Vec<Identity>, StoreError> {
    let among = "IN (SELECT value FROM json_each(CAST($1 AS TEXT)))";
    let mut found = read(sql, among, &serde_json::json!(pks).into())?;
    Ok(pks.iter().filter_map(|pk| found.remove(pk)).collect())
}

fn read(
    sql: &mut Sql<'_>,
    condition: &str,
    value: &SqlValue,
) -> Result<BTreeMap<i64, Identity>, StoreError> {
    let rows = sql.query(
        &format!("SELECT id, uuid, username, name, email, is_active, type, path, attributes, joined, last_login, password_changed, password, (SELECT o.outpost FROM outpost_account o WHERE o.user_id = users.id) FROM users WHERE id {condition}"),
        std::slice::from_ref(value),
    )?;
    // Asked also for an account that is not there, so that both take as many statements.
    let mut groups = memberships(sql, condition, value)?;
    rows.into_iter()
        .map(|row| {
            let pk = row.get(0)?;
            let identity = Identity {
                pk,
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
                principal: row
                    .get::<Option<Uuid>>(13)?
                    .map(|outpost| ObjectId::new(OUTPOST, Key::Uuid(outpost))),
                groups: groups.remove(&pk).unwrap_or_default(),
            };
            Ok((pk, identity))
        })
        .collect()
}

/// The groups of accounts, by account, each by name.
fn memberships(
    sql: &mut Sql<'_>,
    condition: &str,
    value: &SqlValue,
) -> Result<BTreeMap<i64, Vec<Membership>>, StoreError> {
    let statement = format!(
        "WITH RECURSIVE up (user_id, uuid, depth) AS (\
           SELECT user_id, group_uuid, 0 FROM membership WHERE user_id {condition} \
           UNION SELECT up.user_id, g.parent, up.depth + 1 FROM user_group g JOIN up ON g.uuid = up.uuid WHERE g.parent IS NOT NULL AND up.depth < $2) \
         SELECT up.user_id, g.uuid, g.name, g.is_superuser, g.parent, g.attributes, MIN(up.depth), r.role FROM up JOIN user_group g ON g.uuid = up.uuid \
         LEFT JOIN group_role r ON r.group_uuid = g.uuid \
         GROUP BY up.user_id, g.uuid, g.name, g.is_superuser, g.parent, g.attributes, r.role ORDER BY g.name, r.role"
    );
    let mut found: BTreeMap<i64, Vec<Membership>> = BTreeMap::new();
    for row in sql.query(&statement, &[value.clone(), GROUP_DEPTH.into()])? {
        let (groups, uuid) = (found.entry(row.get(0)?).or_default(), row.get(1)?);
        let role: Option<Uuid> = row.get(7)?;
        // A group comes once for each of its roles.
        if let Some(known) = groups.last_mut().filter(|known: &&mut Membership| known.uuid == uuid)
        {
            known.roles.extend(role);
            continue;
        }
        groups.push(Membership {
            uuid,
            name: row.get(2)?,
            is_superuser: row.get(3)?,
            parent: row.get(4)?,
            attributes: row.get(5)?,
            roles: role.into_iter().collect(),
            direct: row.get::<i64>(6)? == 0,
        });
    }
    Ok(found)
}
