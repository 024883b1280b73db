//! What entries give, and what who applies a file must hold for it. The server itself, as for its
//! own files and those of instances, may do anything; a person only what he may do one by one.

use countersign_accounts::{bounds, grant_object, grant_row, may_give};
use countersign_core::{ApiError, Grant, Held, Permission};
use countersign_model::{
    FieldErrors, Key, KindMeta, ObjectId, Problem, Ref, Target as _, directory,
};
use countersign_store::Tx;
use serde_json::Value as Json;
use uuid::Uuid;

use super::{ApplyErrorKind, Job};
use crate::format::State;

/// What a model is, and whether its objects are rows.
fn meta(tx: &Tx<'_>, job: &Job, model: &str) -> Option<(&'static KindMeta, bool)> {
    let table = job.tables.iter().find(|table| table.kind().model == model);
    let row = table.map(|table| (table.kind(), true));
    row.or_else(|| Some((tx.registry().kind(model)?.meta, false)))
}

/// Refuses what who applies the file could not do to that object by itself.
///
/// # Errors
/// What is missing.
pub(super) fn may(
    tx: &mut Tx<'_>,
    job: &Job,
    model: &str,
    state: State,
    found: Option<Key>,
) -> Result<(), ApplyErrorKind> {
    if tx.actor().bounding().is_none() {
        return Ok(());
    }
    let Some((meta, is_row)) = meta(tx, job, model) else { return Ok(()) };
    let needed = match (state, found) {
        (State::Absent, Some(_)) => Permission::delete(meta),
        (State::Present, Some(_)) => Permission::change(meta),
        (State::Present | State::Created | State::MustCreated, None) => Permission::add(meta),
        _ => return Ok(()),
    };
    let Some((_, held)) = bounds(tx)? else { return Ok(()) };
    let on = found.is_some_and(|key| {
        if is_row {
            held.has_row(needed, key)
        } else {
            held.has(needed, Some(ObjectId::new(meta.space, key)))
        }
    });
    if on || held.has(needed, None) { Ok(()) } else { Err(refused(&format!("{needed} is needed"))) }
}

fn refused(text: &str) -> ApplyErrorKind {
    ApplyErrorKind::Fields(FieldErrors::object(Problem::new("permission_denied", text)))
}

/// Gives the permissions of an entry on its object.
///
/// # Errors
/// What names no permission or nobody, or is not held by who gives it.
pub(super) fn give(
    tx: &mut Tx<'_>,
    job: &Job,
    model: &str,
    key: Key,
    permissions: &[Json],
) -> Result<(), ApplyErrorKind> {
    let Some((meta, is_row)) = meta(tx, job, model).filter(|_| !permissions.is_empty()) else {
        return Ok(());
    };
    for wanted in permissions {
        let name = wanted.get("permission").and_then(Json::as_str).unwrap_or_default();
        let permission = permission(name, meta)?;
        let user = match wanted.get("user").filter(|user| !user.is_null()) {
            Some(user) => Some(
                Key::from_json(user, directory::User::KEY)
                    .and_then(Key::int)
                    .ok_or_else(|| refused(&format!("permissions: {user} is no key of a user")))?,
            ),
            None => None,
        };
        let role = match wanted.get("role").filter(|role| !role.is_null()) {
            Some(role) => Some(
                role.as_str()
                    .and_then(|text| Uuid::parse_str(text).ok())
                    .ok_or_else(|| refused(&format!("permissions: {role} is no key of a role")))?,
            ),
            None => None,
        };
        if user.is_none() && role.is_none() {
            return Err(refused("permissions: name a user or a role"));
        }
        for (role, user) in [(role, None), (None, user)] {
            if role.is_none() && user.is_none() {
                continue;
            }
            if is_row {
                let mut given = Held::default();
                given.rows.insert((permission, key));
                may_give(tx, &given).map_err(denied)?;
                grant_row(tx, role, user, permission, key)?;
            } else {
                grant_object(tx, role, user, permission, Some(ObjectId::new(meta.space, key)));
            }
        }
    }
    Ok(())
}

fn denied(error: ApiError) -> ApplyErrorKind {
    match error {
        ApiError::Store(error) => ApplyErrorKind::Store(error),
        other => refused(&other.to_string()),
    }
}

/// A permission by its whole name, or by its codename for the entry's model.
fn permission(name: &str, meta: &KindMeta) -> Result<Permission, ApplyErrorKind> {
    let full = if name.contains('.') { name.to_owned() } else { format!("{}.{name}", meta.app()) };
    Permission::parse(&full)
        .ok_or_else(|| refused(&format!("permissions: there is no permission {full}")))
}

/// Sets what an account holds globally, which blueprints give as an attribute of the account.
///
/// # Errors
/// What names no permission.
pub(super) fn of_account(
    tx: &mut Tx<'_>,
    model: &str,
    key: Key,
    held: &Json,
) -> Result<(), ApplyErrorKind> {
    let (true, Some(pk)) = (model == "authentik_core.user", key.int()) else { return Ok(()) };
    let user = Ref::<directory::User>::new(key).id();
    let mut wanted = Vec::new();
    for name in held.as_array().into_iter().flatten() {
        let name = name.as_str().unwrap_or_default();
        wanted.push(
            Permission::parse(name)
                .ok_or_else(|| refused(&format!("permissions: there is no permission {name}")))?,
        );
    }
    let naming: Vec<ObjectId> =
        tx.graph().referrers_in(user, Grant::SPACE).map(|(by, _)| by).collect();
    for id in naming {
        let grant = tx.graph().entry(id).and_then(|entry| entry.cast::<Grant>());
        if grant.is_some_and(|g| g.object.is_none() && !wanted.contains(&g.permission)) {
            tx.draft().delete(id).map_err(ApplyErrorKind::Protected)?;
        }
    }
    for permission in wanted {
        grant_object(tx, None, Some(pk), permission, None);
    }
    Ok(())
}
