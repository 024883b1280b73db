//! Who holds something on a model or an object.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::response::Response;
use countersign_core::{ApiError, Call, Grant, Identity, Permission, Role, permissions};
use countersign_model::{Entry, FieldErrors, Fields as _, ObjectId, Problem, Timestamp};
use countersign_store::{Sql, SqlValue, StoreError, one_of};
use serde_json::{Value, json as value};

use super::grants::{OnObject, grant_json, on_objects, reached};
use super::{Holder, Sort, global, paged};

/// What a list of holders is asked for.
struct About {
    model: String,
    key: Option<String>,
}

fn about(call: &Call) -> Result<About, ApiError> {
    let asked = |name: &str| call.query.get(name).filter(|text| !text.is_empty());
    let model = asked("model").ok_or_else(|| ApiError::field("model", Problem::required()))?;
    let model = model.to_ascii_lowercase();
    if !permissions().iter().any(|listed| listed.permission.model() == model) {
        let text = format!("Select a valid choice. {model} is not one of the available choices.");
        return Err(FieldErrors::one("model", Problem::new("invalid_choice", text)).into());
    }
    Ok(About { model, key: asked("object_pk").map(str::to_owned) })
}

pub(super) async fn list_holders(call: Call, sort: Sort) -> Result<Response, ApiError> {
    let about = about(&call)?;
    let mut of: BTreeMap<ObjectId, Vec<OnObject>> = BTreeMap::new();
    for grant in on_objects(&call, sort, None).await? {
        of.entry(grant.holder.id()).or_default().push(grant);
    }
    let of_model = |permission: Permission| permission.model() == about.model;
    let holds = |holder: Holder| {
        let on = of.get(&holder.id()).into_iter().flatten();
        let mut on = on.filter(|grant| of_model(grant.permission));
        match &about.key {
            Some(key) => on.any(|grant| grant.key.to_string() == *key),
            None => on.next().is_some() || global(&call, holder).into_iter().any(of_model),
        }
    };
    let listed =
        |id: ObjectId| -> Value { of.get(&id).into_iter().flatten().map(grant_json).collect() };
    if sort == Sort::Roles {
        let roles = call.snapshot.in_order(Role::META).filter(|entry| call.reach.has(entry));
        let roles: Vec<_> = roles
            .filter(|entry| entry.id.key.uuid().is_some_and(|uuid| holds(Holder::Role(uuid))))
            .collect();
        return paged(&call, &roles, |part| {
            let one = |entry: &&Arc<Entry>| value!({"role_pk": entry.id.key.to_string(), "name": entry.label(), "permissions": listed(entry.id)});
            Ok(part.iter().map(one).collect())
        });
    }
    // Everybody who holds something is a holder of grants or a superuser: nobody else is read.
    let holders = of.keys().filter_map(|id| id.key.int());
    let holders =
        holders.chain(call.snapshot.list::<Grant>().filter_map(|(_, g)| g.user?.key().int()));
    let candidates: Vec<SqlValue> = holders
        .filter(|pk| holds(Holder::User(*pk)))
        .collect::<BTreeSet<i64>>()
        .into_iter()
        .map(SqlValue::from)
        .collect();
    let visible = if call.reach.is_all() { None } else { Some(reached(&call, None).await?) };
    let find = move |sql: &mut Sql<'_>| {
        let (condition, values) = one_of("id", 0, &candidates);
        let statement = format!(
            "SELECT id FROM users WHERE {condition} OR id IN ({}) ORDER BY id",
            crate::users::SUPERUSERS
        );
        let rows = sql.query(&statement, &values)?;
        let pks = rows.iter().map(|row| row.get(0)).collect::<Result<Vec<i64>, StoreError>>()?;
        countersign_accounts::identities(sql, &pks)
    };
    let mut people = call.cx.store.read(find).await?;
    people.retain(|user| visible.as_ref().is_none_or(|visible| visible.contains(&user.pk)));
    paged(&call, &people, |part| {
        let one = |user: &Identity| {
            value!({
                "pk": user.pk, "username": user.username, "name": user.name, "is_active": user.is_active,
                "last_login": user.last_login.map(Timestamp::iso), "email": user.email, "attributes": user.attributes,
                "uid": call.cx.uid(user.pk), "permissions": listed(Holder::User(user.pk).id()),
                "is_superuser": user.is_superuser(),
            })
        };
        Ok(part.iter().map(one).collect())
    })
}
