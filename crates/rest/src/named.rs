//! The object that a path names, found before its handler runs: what a caller may not see is not
//! there, and what it may see but not touch is refused.

use std::sync::Arc;

use countersign_core::{ApiError, Call, Declared, Named, Operation, Permission, Reach};
use countersign_model::{Entry, Key, KindMeta, ObjectId, TableMeta};
use http::StatusCode;

use crate::table;

/// Finds what the operation's path names and how far its permission reaches.
pub(crate) async fn resolve(operation: &Operation, call: &mut Call) -> Result<(), ApiError> {
    let access = &operation.access;
    let Some(permission) = access.object else { return Ok(()) };
    let declared = call.cx.declared(permission.model());
    let table = match declared {
        Some(Declared::Table(table, _)) => Some(table),
        _ => None,
    };
    let reach_of = |permission: Permission| match call.caller.pk() {
        Some(user) if access.own => Reach::of_own(user),
        _ => of_family(call, declared, permission, call.rights().reach(permission, table)),
    };
    let (reach, meta) = (reach_of(permission), declared.map(Declared::meta));
    let one = meta.filter(|meta| call.params.iter().any(|(name, _)| name == meta.lookup));
    let view = one.map(|meta| reach_of(Permission::view(meta)));
    let seen = view.as_ref().unwrap_or(&reach);
    let nothing = match table {
        Some(table) => !table::reaches_some(call, table, seen).await?,
        None => seen.is_nothing(),
    };
    // Outposts ask for lists of what they may have none of, and are answered with none.
    let lists = operation.paged && operation.meta.is_some() && one.is_none();
    let asks = call.caller.user.as_ref().is_some_and(|user| user.principal.is_some());
    if nothing && !(lists && asks) {
        return Err(ApiError::no_permission());
    }
    call.reach = reach;
    let (Some(meta), Some(view)) = (one, view) else { return Ok(()) };
    call.named = Some(match table {
        Some(table) => Named::Row(row(call, table, meta, &view).await?),
        None => Named::Object(object(call, meta, &view)?),
    });
    Ok(())
}

/// With what is held on members of a family as objects of their own model.
fn of_family(
    call: &Call,
    declared: Option<Declared>,
    permission: Permission,
    reach: Reach,
) -> Reach {
    let Some(Declared::Kind(family)) = declared else { return reach };
    let members = call.cx.registry().family(family.space).map(|member| member.meta);
    let members = members.filter(|member| member.family.is_some_and(|of| of.model == family.model));
    members.fold(reach, |reach, member| {
        reach.and_members(member.model, call.rights().reach(permission.of(member), None))
    })
}

/// An object that may be seen, and on which the permission is held.
fn object(call: &Call, meta: &'static KindMeta, view: &Reach) -> Result<Arc<Entry>, ApiError> {
    let entry = find(call, meta)?;
    if !view.has(&entry) {
        return Err(ApiError::not_found(meta.schema));
    }
    if !call.reach.has(&entry) {
        return Err(ApiError::no_permission());
    }
    Ok(entry)
}

/// The object a path names, by the key or the slug that a kind or a family is looked up by.
pub(crate) fn find(call: &Call, meta: &'static KindMeta) -> Result<Arc<Entry>, ApiError> {
    let text = call.param(meta.lookup);
    let entry = if meta.lookup == "slug" {
        call.snapshot.lookup(meta.space, "slug", text)
    } else {
        let key = Key::parse(text, meta.key)
            .ok_or_else(|| ApiError::detail(StatusCode::NOT_FOUND, "Not found."))?;
        call.snapshot.entry(ObjectId::new(meta.space, key))
    };
    let is_one = |entry: &&Arc<Entry>| {
        let own = entry.meta();
        own.model == meta.model || own.family.is_some_and(|family| family.model == meta.model)
    };
    entry.filter(is_one).cloned().ok_or_else(|| ApiError::not_found(meta.schema))
}

/// A row that may be seen, and on which the permission is held.
async fn row(
    call: &Call,
    table: &'static TableMeta,
    meta: &'static KindMeta,
    view: &Reach,
) -> Result<Key, ApiError> {
    let found = table::find(call, table, meta, view).await?;
    let key = found.ok_or_else(|| ApiError::not_found(table.class))?;
    if call.reach.is_all() || table::find(call, table, meta, &call.reach).await?.is_some() {
        return Ok(key);
    }
    Err(ApiError::no_permission())
}
