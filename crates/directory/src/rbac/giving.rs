//! Giving and taking permissions.

use std::collections::BTreeSet;

use axum::response::Response;
use countersign_accounts::{grant_object, grant_row, may_give, take_row};
use countersign_core::{
    ApiError, Call, Declared, Grant, Held, ListedPermission, Permission, Role, json, no_content,
};
use countersign_model::{AnyRef, Key, KindMeta, ObjectId, Problem, Ref, Target as _};
use countersign_store::{SqlValue, Tx};
use http::StatusCode;
use serde_json::{Value, json as value};
use uuid::Uuid;

use super::grants::{may_change_holder, number_of_object, number_of_row};
use super::{Holder, Sort};

/// What a permission is given on.
#[derive(Debug, Clone, Copy)]
pub(super) enum On {
    Object(ObjectId),
    Row(Key),
}

struct Wanted {
    permissions: Vec<Permission>,
    on: Option<On>,
}

async fn wanted(call: &Call) -> Result<Wanted, ApiError> {
    let body = call.object()?;
    let text = |name: &str| {
        body.get(name)
            .filter(|value| !value.is_null())
            .map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    };
    let names = match body.get("permissions") {
        None => return Err(ApiError::field("permissions", Problem::required())),
        Some(Value::Array(items)) => items.clone(),
        Some(other) => {
            let kind = countersign_model::python_type(other);
            let text = format!("Expected a list of items but got type \"{kind}\".");
            return Err(ApiError::field("permissions", Problem::new("not_a_list", text)));
        }
    };
    let (model, key) = (text("model"), text("object_pk"));
    let on = match (&model, key) {
        (Some(model), Some(key)) => Some(resolve(call, &model.to_ascii_lowercase(), &key).await?),
        (None, None) => None,
        _ => return Err(ApiError::object("Give model and object_pk together, or neither.")),
    };
    let mut permissions = Vec::new();
    for name in names {
        let name = name.as_str().unwrap_or_default().to_owned();
        let wrong = |text: &str| ApiError::field("permissions", Problem::new("invalid", text));
        let full = match (&model, name.contains('.')) {
            (_, true) => name.clone(),
            (Some(model), false) => {
                format!("{}.{name}", model.split_once('.').map_or("", |(app, _)| app))
            }
            (None, false) => {
                return Err(wrong(
                    "When assigning global permissions, codename must be given as app_label.codename",
                ));
            }
        };
        let found = Permission::parse(&full).filter(|permission| {
            model.as_ref().is_none_or(|model| permission.model().eq_ignore_ascii_case(model))
        });
        permissions.push(found.ok_or_else(|| wrong(&format!("There is no permission {full}.")))?);
    }
    Ok(Wanted { permissions, on })
}

/// The object of a model with a key, which has to be there.
pub(super) async fn resolve(call: &Call, model: &str, key: &str) -> Result<On, ApiError> {
    let missing = || ApiError::field("object_pk", Problem::missing_reference(key));
    match call.cx.declared(model) {
        None => {
            let text = format!("\"{model}\" is not a valid choice.");
            Err(ApiError::field("model", Problem::new("invalid_choice", text)))
        }
        Some(Declared::Kind(meta)) => {
            let id = ObjectId::new(meta.space, Key::parse(key, meta.key).ok_or_else(missing)?);
            let is_one = |entry: &KindMeta| {
                entry.model == meta.model || entry.family.is_some_and(|f| f.model == meta.model)
            };
            let entry = call.snapshot.entry(id).filter(|entry| is_one(entry.meta()));
            entry.map(|_| On::Object(id)).ok_or_else(missing)
        }
        Some(Declared::Table(table, meta)) => {
            let key = Key::parse(key, meta.key).ok_or_else(missing)?;
            let column = table.key().ok_or_else(missing)?.sql;
            let statement = format!("SELECT 1 FROM {} WHERE {column} = $1", table.name);
            let value = [SqlValue::from(key)];
            let found = call.cx.store.read(move |sql| sql.query_one(&statement, &value)).await?;
            found.map(|_| On::Row(key)).ok_or_else(missing)
        }
    }
}

/// Gives one permission; what the answer calls it.
pub(super) fn give(
    tx: &mut Tx<'_>,
    holder: Holder,
    permission: Permission,
    on: Option<&On>,
) -> Result<i64, ApiError> {
    let (role, user) = (holder.role(), holder.user());
    match on {
        Some(On::Object(id)) => {
            Ok(number_of_object(grant_object(tx, role, user, permission, Some(*id))))
        }
        Some(On::Row(key)) => {
            let mut given = Held::default();
            given.rows.insert((permission, *key));
            may_give(tx, &given)?;
            Ok(number_of_row(grant_row(tx, role, user, permission, *key)?))
        }
        None => {
            match role {
                Some(uuid) => change_role(tx, uuid, |all| {
                    all.insert(permission);
                })?,
                None => {
                    grant_object(tx, None, user, permission, None);
                }
            }
            Ok(ListedPermission::of(permission).map_or(0, |listed| listed.id))
        }
    }
}

fn change_role(
    tx: &mut Tx<'_>,
    uuid: Uuid,
    change: impl FnOnce(&mut BTreeSet<Permission>),
) -> Result<(), ApiError> {
    let reference = Ref::<Role>::new(uuid.into());
    let mut role = tx.graph().get(reference).cloned().ok_or_else(|| ApiError::not_found("Role"))?;
    change(&mut role.permissions.0);
    tx.draft().put(uuid, role);
    Ok(())
}

pub(super) async fn assign(call: Call, sort: Sort) -> Result<Response, ApiError> {
    let (holder, wanted) = (sort.named(&call)?, wanted(&call).await?);
    let work = move |tx: &mut Tx<'_>| {
        may_change_holder(tx, holder)?;
        let give = |permission: &Permission| give(tx, holder, *permission, wanted.on.as_ref());
        wanted.permissions.iter().map(give).collect::<Result<Vec<i64>, ApiError>>()
    };
    let ids = call.cx.store.write(call.actor(), "permissions given", work).await?;
    let answer: Value = ids.iter().map(|id| value!({"id": id.to_string()})).collect();
    Ok(json(StatusCode::OK, &answer))
}

pub(super) async fn unassign(call: Call, sort: Sort) -> Result<Response, ApiError> {
    let (holder, wanted) = (sort.named(&call)?, wanted(&call).await?);
    let work = move |tx: &mut Tx<'_>| {
        may_change_holder(tx, holder)?;
        for permission in &wanted.permissions {
            untie(tx, holder, *permission, wanted.on.as_ref())?;
        }
        Ok::<_, ApiError>(())
    };
    call.cx.store.write(call.actor(), "permissions taken back", work).await?;
    Ok(no_content())
}

/// Takes one permission; nothing when it was not held.
fn untie(
    tx: &mut Tx<'_>,
    holder: Holder,
    permission: Permission,
    on: Option<&On>,
) -> Result<(), ApiError> {
    let object = match on {
        Some(On::Row(key)) => {
            return Ok(take_row(tx, holder.role(), holder.user(), permission, *key)?);
        }
        Some(On::Object(id)) => Some(AnyRef(*id)),
        None => None,
    };
    if let (Holder::Role(uuid), None) = (holder, object) {
        return change_role(tx, uuid, |all| {
            all.remove(&permission);
        });
    }
    let naming: Vec<ObjectId> =
        tx.graph().referrers_in(holder.id(), Grant::SPACE).map(|(by, _)| by).collect();
    for id in naming {
        let is_one = tx.graph().entry(id).and_then(|entry| entry.cast::<Grant>());
        if is_one.is_some_and(|grant| {
            Holder::of(grant) == Some(holder)
                && grant.permission == permission
                && grant.object == object
        }) {
            tx.draft().delete(id)?;
        }
    }
    Ok(())
}
