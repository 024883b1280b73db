//! What accounts and groups hold, also on rows: asked before something is given or somebody is
//! changed, since nobody gives what he does not hold, and nobody changes who holds more.

use countersign_core::{ApiError, Held, Identity, InitialMode, InitialPermissions, Permission};
use countersign_core::{Grant, Rights, Role};
use countersign_model::{
    AnyRef, Fields as _, Key, KindMeta, ObjectId, Ref, Snapshot, TableMeta, Target as _,
};
use countersign_store::{Named, Row, RowEdit, Sql, SqlValue, StoreError, Tx, one_of, params};
use uuid::Uuid;

use crate::identity::identity;

/// All that an account holds.
///
/// # Errors
/// When the engine fails.
pub fn held(sql: &mut Sql<'_>, user: &Identity, snapshot: &Snapshot) -> Result<Held, StoreError> {
    let mut held = Rights::of(user, snapshot).held();
    let rows = sql.query(
        "SELECT permission, object_id, object_uuid FROM role_grant WHERE user_id = $1",
        params![user.pk],
    )?;
    add(&mut held, &rows)?;
    let roles: Vec<SqlValue> = user.roles().map(SqlValue::from).collect();
    of_roles(sql, &mut held, &roles)?;
    Ok(held)
}

/// All that members of a group hold by it: what it and the groups above it give.
///
/// # Errors
/// When the engine fails.
pub fn held_by_group(
    sql: &mut Sql<'_>,
    group: Uuid,
    snapshot: &Snapshot,
) -> Result<Held, StoreError> {
    let rows = sql.query(
        "WITH RECURSIVE up (uuid) AS (SELECT uuid FROM user_group WHERE uuid = $1 \
           UNION SELECT g.parent FROM user_group g JOIN up ON g.uuid = up.uuid WHERE g.parent IS NOT NULL) \
         SELECT g.is_superuser, r.role FROM up JOIN user_group g ON g.uuid = up.uuid \
         LEFT JOIN group_role r ON r.group_uuid = g.uuid",
        params![group],
    )?;
    let mut held = Held::default();
    let mut roles = Vec::new();
    for row in rows {
        held.everything |= row.get::<bool>(0)?;
        roles.extend(row.get::<Option<Uuid>>(1)?);
    }
    held_by_roles(sql, held, &roles, snapshot)
}

/// The same of roles.
///
/// # Errors
/// When the engine fails.
pub fn held_by_roles(
    sql: &mut Sql<'_>,
    mut held: Held,
    roles: &[Uuid],
    snapshot: &Snapshot,
) -> Result<Held, StoreError> {
    for uuid in roles {
        let role = Ref::<Role>::new((*uuid).into());
        let global = snapshot.get(role).into_iter().flat_map(|role| role.permissions.0.iter());
        held.global.extend(global.copied());
        let naming = snapshot.referrers(role.id());
        let grants = naming.filter_map(|(by, _)| snapshot.entry(by)?.cast::<Grant>());
        let grants = grants.filter(|grant| grant.role == Some(role));
        held.objects.extend(grants.filter_map(|grant| Some((grant.permission, grant.object?.0))));
    }
    let roles: Vec<SqlValue> = roles.iter().map(|role| SqlValue::from(*role)).collect();
    of_roles(sql, &mut held, &roles)?;
    Ok(held)
}

fn of_roles(sql: &mut Sql<'_>, held: &mut Held, roles: &[SqlValue]) -> Result<(), StoreError> {
    if roles.is_empty() {
        return Ok(());
    }
    let (condition, values) = one_of("role", 0, roles);
    let statement =
        format!("SELECT permission, object_id, object_uuid FROM role_grant WHERE {condition}");
    let rows = sql.query(&statement, &values)?;
    add(held, &rows)
}

fn add(held: &mut Held, rows: &[Row]) -> Result<(), StoreError> {
    for row in rows {
        let key = match (row.get::<Option<i64>>(1)?, row.get::<Option<Uuid>>(2)?) {
            (Some(number), _) => Key::Int(number),
            (None, Some(uuid)) => Key::Uuid(uuid),
            (None, None) => continue,
        };
        if let Some(permission) = Permission::parse(&row.get::<String>(0)?) {
            held.rows.insert((permission, key));
        }
    }
    Ok(())
}

/// The person whose rights bound a transaction, with what that person holds. `None` when nobody
/// acts, or one who holds everything.
///
/// # Errors
/// When the engine fails.
pub fn bounds(tx: &mut Tx<'_>) -> Result<Option<(i64, Held)>, StoreError> {
    let Some(pk) = tx.actor().bounding() else { return Ok(None) };
    let Some(user) = identity(tx, pk)? else { return Ok(Some((pk, Held::default()))) };
    if user.is_superuser() {
        return Ok(None);
    }
    // By the configuration before this transaction, so that nothing it writes makes it permitted.
    let before = tx.before().clone();
    Ok(Some((pk, held(tx, &user, &before)?)))
}

/// Refuses to do something to an account that holds more than who acts.
///
/// # Errors
/// 403, or when the engine fails.
pub fn may_change(tx: &mut Tx<'_>, account: i64) -> Result<(), ApiError> {
    let Some((own, bounds)) = bounds(tx)?.filter(|(own, _)| *own != account) else {
        return Ok(());
    };
    debug_assert_ne!(own, account);
    let Some(user) = identity(tx, account)? else { return Ok(()) };
    let now = tx.graph().snapshot().clone();
    if bounds.covers(&held(tx, &user, &now)?) { Ok(()) } else { Err(denied()) }
}

/// Refuses to give, or to change, what who acts does not hold.
///
/// # Errors
/// 403, or when the engine fails.
pub fn may_give(tx: &mut Tx<'_>, given: &Held) -> Result<(), ApiError> {
    match bounds(tx)? {
        Some((_, bounds)) if !bounds.covers(given) => Err(denied()),
        _ => Ok(()),
    }
}

/// Refuses to put people in a group, or take them out, to who may do neither there.
///
/// # Errors
/// 403, or when the engine fails.
pub fn may_move(tx: &mut Tx<'_>, group: Uuid, permission: Permission) -> Result<(), ApiError> {
    const CHANGE: Permission = Permission::on("authentik_core.group", "change");
    let may = |held: &Held| [permission, CHANGE].iter().any(|p| held.has_row(*p, group.into()));
    match bounds(tx)? {
        Some((_, held)) if !may(&held) => {
            Err(ApiError::forbidden("You cannot change who is in this group."))
        }
        _ => Ok(()),
    }
}

/// Whether who acts may view an account: what may not be viewed is not there to be named.
///
/// # Errors
/// When the engine fails.
pub fn may_name(tx: &mut Tx<'_>, account: i64) -> Result<bool, StoreError> {
    const VIEW: Permission = Permission::on("authentik_core.user", "view");
    Ok(bounds(tx)?.is_none_or(|(own, held)| own == account || held.has_row(VIEW, account.into())))
}

/// What is said to somebody who would give or change more than he holds.
pub fn denied() -> ApiError {
    ApiError::forbidden("You cannot give or change what you do not hold yourself.")
}

/// Gives what initial permissions say on an object that a member of their roles has just made.
///
/// # Errors
/// When the engine fails.
pub fn give_initial(
    tx: &mut Tx<'_>,
    creator: &Identity,
    meta: &'static KindMeta,
    object: ObjectId,
    is_row: bool,
) -> Result<(), StoreError> {
    let mut given: Vec<(Option<Uuid>, Permission)> = Vec::new();
    for (_, initial) in tx.graph().list::<InitialPermissions>() {
        let role = initial.role.key().uuid();
        if !creator.roles().any(|own| Some(own) == role) {
            continue;
        }
        let holder = role.filter(|_| initial.mode == InitialMode::Role);
        let of_model = initial.permissions.0.iter().filter(|p| p.model() == meta.model);
        given.extend(of_model.map(|permission| (holder, *permission)));
    }
    for (role, permission) in given {
        let user = Some(creator.pk).filter(|_| role.is_none());
        if is_row {
            grant_row(tx, role, user, permission, object.key)?;
        } else {
            grant_object(tx, role, user, permission, Some(object));
        }
    }
    Ok(())
}

/// Gives a permission on an object of the configuration, or globally; its number among grants.
pub fn grant_object(
    tx: &mut Tx<'_>,
    role: Option<Uuid>,
    user: Option<i64>,
    permission: Permission,
    object: Option<ObjectId>,
) -> i64 {
    let (role, user) = (role.map(|role| Ref::new(role.into())), user.map(|pk| Ref::new(pk.into())));
    let object = object.map(AnyRef);
    let same = tx.graph().list::<Grant>().find(|(_, grant)| {
        (grant.role, grant.user, grant.permission, grant.object) == (role, user, permission, object)
    });
    if let Some(key) = same.and_then(|(reference, _)| reference.key().int()) {
        return key;
    }
    let key = tx.graph().highest_key(Grant::SPACE) + 1;
    tx.draft().put(key, Grant { role, user, permission, object });
    key
}

/// Gives a permission on a row; the number of the grant.
///
/// # Errors
/// When the engine fails.
pub fn grant_row(
    tx: &mut Tx<'_>,
    role: Option<Uuid>,
    user: Option<i64>,
    permission: Permission,
    key: Key,
) -> Result<i64, StoreError> {
    let name = permission.to_string();
    let found = tx.query_one(
        "SELECT id FROM role_grant WHERE permission = $1 AND (role = $2 OR user_id = $3) AND (object_id = $4 OR object_uuid = $5)",
        params![&name, role, user, key.int(), key.uuid()],
    )?;
    if let Some(row) = found {
        return row.get(0);
    }
    let made = tx.query_one(
        "INSERT INTO role_grant (role, user_id, permission, object_id, object_uuid) VALUES ($1, $2, $3, $4, $5) RETURNING id",
        params![role, user, &name, key.int(), key.uuid()],
    )?;
    let Some(row) = made else { return Ok(0) };
    let id = row.get(0)?;
    record_grant(tx, true, id, (role, user), permission, key)?;
    Ok(id)
}

/// Takes a permission on a row; nothing where it was not held.
///
/// # Errors
/// When the engine fails.
pub fn take_row(
    tx: &mut Tx<'_>,
    role: Option<Uuid>,
    user: Option<i64>,
    permission: Permission,
    key: Key,
) -> Result<(), StoreError> {
    let taken = tx.query_one(
        "DELETE FROM role_grant WHERE permission = $1 AND (role = $2 OR user_id = $3) AND (object_id = $4 OR object_uuid = $5) RETURNING id",
        params![permission.to_string(), role, user, key.int(), key.uuid()],
    )?;
    match taken {
        Some(row) => record_grant(tx, false, row.get(0)?, (role, user), permission, key),
        None => Ok(()),
    }
}

const ACCOUNT: &str = "authentik_core.user";

/// Who was given what on which row. It concerns the holder; where that is a role, the account that
/// the permission is on.
fn record_grant(
    tx: &mut Tx<'_>,
    made: bool,
    id: i64,
    (role, user): (Option<Uuid>, Option<i64>),
    permission: Permission,
    key: Key,
) -> Result<(), StoreError> {
    let on = named_row(tx, permission.model(), key)?;
    let holder = match (role, user) {
        (Some(uuid), _) => {
            let entry = tx.graph().entry(Ref::<Role>::new(uuid.into()).id());
            let name = entry.and_then(|entry| entry.label()).unwrap_or_default();
            Named { model: Role::META.model.to_owned(), key: uuid.to_string(), name }
        }
        (None, pk) => named_row(tx, ACCOUNT, Key::Int(pk.unwrap_or_default()))?,
    };
    let concerned = user.or_else(|| key.int().filter(|_| permission.model() == ACCOUNT));
    let subject = match concerned {
        Some(pk) => identity(tx, pk)?.map(|user| user.as_actor()),
        None => None,
    };
    let name = format!("{permission} on {} for {}", on.name, holder.name);
    let row = Named { model: Grant::META.model.to_owned(), key: id.to_string(), name };
    tx.audit(RowEdit { made, row, about: vec![("holder", holder), ("object", on)], subject })
}

/// A row by the words of its table; by its key where it has none.
fn named_row(tx: &mut Tx<'_>, model: &str, key: Key) -> Result<Named, StoreError> {
    let of_model = |table: &&TableMeta| table.kind.is_some_and(|kind| kind.model == model);
    let table = tx.registry().tables().find(of_model).filter(|table| !table.display.is_empty());
    let mut name = None;
    if let Some((table, column)) = table.and_then(|table| Some((table, table.key()?))) {
        let statement = format!(
            "SELECT {} FROM {} t WHERE t.{} = $1",
            table.display_sql(),
            table.name,
            column.sql
        );
        let found = tx.query_one(&statement, &[SqlValue::from(key)])?;
        name = found.map(|row| row.get(0)).transpose()?;
    }
    let key = key.to_string();
    Ok(Named { model: model.to_owned(), name: name.unwrap_or_else(|| key.clone()), key })
}
