//! Grants on objects. Those on objects of the configuration and those on rows have numbers of their
//! own; the API's are made of both, even ones for the former.

use std::collections::BTreeMap;

use axum::response::Response;
use countersign_accounts::{may_change, may_give, take_row};
use countersign_core::{
    ApiError, Call, Declared, Grant, Held, ListedPermission, Page, Permission, envelope, json,
    no_content,
};
use countersign_model::{Key, ObjectId, Problem, TableMeta, Target as _};
use countersign_store::{Row, Sql, StoreError, Tx, numbered, params};
use http::{Method, StatusCode};
use serde_json::{Value, json as value};
use uuid::Uuid;

use super::giving::{give, resolve};
use super::{Holder, Sort, grants};
use crate::users::User;

#[derive(Debug, Clone)]
pub(super) struct OnObject {
    id: i64,
    pub(super) holder: Holder,
    pub(super) permission: Permission,
    pub(super) key: Key,
    object: Option<ObjectId>,
}

pub(super) const fn number_of_object(key: i64) -> i64 {
    key * 2
}

pub(super) const fn number_of_row(id: i64) -> i64 {
    id * 2 + 1
}

/// Every grant on an object, of holders or of all.
pub(super) async fn on_objects(
    call: &Call,
    sort: Sort,
    of: Option<Holder>,
) -> Result<Vec<OnObject>, ApiError> {
    let mut found: Vec<OnObject> = match of {
        Some(holder) => {
            grants(call, holder).filter_map(|(key, grant)| of_graph(key, grant)).collect()
        }
        None => {
            let all = call.snapshot.list::<Grant>();
            all.filter_map(|(key, grant)| of_graph(key.key().int()?, grant)).collect()
        }
    };
    found.extend(call.cx.store.read(move |sql| rows(sql, of)).await?);
    found.retain(|grant| grant.holder.role().is_some() == (sort == Sort::Roles));
    found.sort_by_key(|grant| grant.id);
    Ok(found)
}

fn of_graph(key: i64, grant: &Grant) -> Option<OnObject> {
    let object = grant.object?.0;
    let (holder, permission) = (Holder::of(grant)?, grant.permission);
    let id = number_of_object(key);
    Some(OnObject { id, holder, permission, key: object.key, object: Some(object) })
}

const COLUMNS: &str =
    "SELECT id, role, user_id, permission, object_id, object_uuid FROM role_grant";

fn rows(sql: &mut Sql<'_>, of: Option<Holder>) -> Result<Vec<OnObject>, StoreError> {
    let found = match of {
        None => sql.query(COLUMNS, params![])?,
        Some(Holder::Role(uuid)) => {
            sql.query(&format!("{COLUMNS} WHERE role = $1"), params![uuid])?
        }
        Some(Holder::User(pk)) => {
            sql.query(&format!("{COLUMNS} WHERE user_id = $1"), params![pk])?
        }
    };
    found.iter().filter_map(|row| on_row(row).transpose()).collect()
}

fn on_row(row: &Row) -> Result<Option<OnObject>, StoreError> {
    let role: Option<Uuid> = row.get(1)?;
    let user: Option<i64> = row.get(2)?;
    let holder = role.map(Holder::Role).or_else(|| user.map(Holder::User));
    let number: Option<i64> = row.get(4)?;
    let uuid: Option<Uuid> = row.get(5)?;
    let key = number.map(Key::Int).or_else(|| uuid.map(Key::Uuid));
    let id = number_of_row(row.get(0)?);
    let permission = Permission::parse(&row.get::<String>(3)?);
    let found = holder.zip(key).zip(permission);
    Ok(found.map(|((holder, key), permission)| OnObject {
        id,
        holder,
        permission,
        key,
        object: None,
    }))
}

pub(super) fn grant_json(grant: &OnObject) -> Value {
    let (app, model) = grant.permission.model().split_once('.').unwrap_or_default();
    let name = ListedPermission::of(grant.permission).map_or("", |listed| &listed.name);
    value!({
        "id": grant.id, "codename": grant.permission.codename(), "model": model, "app_label": app,
        "object_pk": grant.key.to_string(), "name": name,
    })
}

/// What rows are called that grants are on, by model and key.
type Called = BTreeMap<(&'static str, Key), String>;

/// With what they are about, in words that the caller may see.
async fn extras(call: &Call, grants: &[OnObject]) -> Result<Vec<Value>, ApiError> {
    let mut by_model: BTreeMap<&'static str, Vec<Key>> = BTreeMap::new();
    for grant in grants.iter().filter(|grant| grant.object.is_none()) {
        by_model.entry(grant.permission.model()).or_default().push(grant.key);
    }
    let mut called = Called::new();
    for (model, keys) in by_model {
        if let Some(Declared::Table(table, meta)) = call.cx.declared(model) {
            let found = countersign_rest::called(call, table, meta, &keys).await?;
            let titled = |text: String| titled(meta.title, text);
            called.extend(found.into_iter().map(|(key, text)| ((model, key), titled(text))));
        }
    }
    Ok(grants.iter().map(|grant| extra_json(call, grant, &called)).collect())
}

async fn extra(call: &Call, grant: &OnObject) -> Result<Value, ApiError> {
    let all = extras(call, std::slice::from_ref(grant)).await?;
    Ok(all.into_iter().next().unwrap_or_default())
}

fn titled(title: &str, shown: String) -> String {
    if shown.starts_with(title) { shown } else { format!("{title} {shown}") }
}

fn extra_json(call: &Call, grant: &OnObject, called: &Called) -> Value {
    let mut answer = grant_json(grant);
    let listed = ListedPermission::of(grant.permission);
    let entry = grant.object.and_then(|object| call.snapshot.entry(object));
    let visible = entry.filter(|entry| call.rights().see(entry.meta(), entry.id));
    if let Value::Object(map) = &mut answer {
        map.insert("app_label_verbose".to_owned(), listed.map_or("", |l| l.app_label).into());
        map.insert("model_verbose".to_owned(), listed.map_or("", |l| l.model_label).into());
        let of_row = || called.get(&(grant.permission.model(), grant.key)).cloned();
        let description =
            visible.map(|entry| titled(entry.meta().title, call.cx.display(entry))).or_else(of_row);
        map.insert("object_description".to_owned(), description.into());
    }
    answer
}

pub(super) async fn list_grants(call: Call, sort: Sort) -> Result<Response, ApiError> {
    let (name, _) = sort.parameter();
    let text = call.query.get(name).filter(|text| !text.is_empty());
    let text = text.ok_or_else(|| ApiError::field(name, Problem::required()))?;
    let holder = match sort {
        Sort::Roles => Uuid::parse_str(text).ok().map(Holder::Role),
        Sort::Users => text.parse().ok().map(Holder::User),
    };
    let holder = holder.ok_or_else(|| ApiError::field(name, Problem::missing_reference(text)))?;
    let mut all = if visible(&call, holder).await? {
        on_objects(&call, sort, Some(holder)).await?
    } else {
        Vec::new()
    };
    all.reverse();
    let page = Page::read(&call.query, 1000)?;
    page.check(all.len())?;
    let part: Vec<OnObject> = all.iter().skip(page.offset()).take(page.size).cloned().collect();
    Ok(json(StatusCode::OK, &envelope(page, all.len(), extras(&call, &part).await?)))
}

/// Whether a holder is among those that the caller may view.
async fn visible(call: &Call, holder: Holder) -> Result<bool, ApiError> {
    if call.reach.is_all() {
        return Ok(true);
    }
    match holder {
        Holder::Role(_) => Ok(call.snapshot.entry(holder.id()).is_some_and(|e| call.reach.has(e))),
        Holder::User(pk) => Ok(reached(call, Some(pk)).await?.contains(&pk)),
    }
}

/// The accounts that the caller may view, or whether one is.
pub(super) async fn reached(call: &Call, one: Option<i64>) -> Result<Vec<i64>, ApiError> {
    let table: &'static TableMeta = <User as countersign_store::Table>::TABLE;
    let (text, values) = call.reach.condition(table).unwrap_or(("1 = 1".to_owned(), Vec::new()));
    let one = one.map(|pk| format!(" AND t.id = {pk}")).unwrap_or_default();
    let statement = format!("SELECT t.id FROM users t WHERE {}{one}", numbered(&text, 0));
    let rows = call.cx.store.read(move |sql| sql.query(&statement, &values)).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect::<Result<_, StoreError>>()?)
}

async fn numbered_grant(call: &Call, id: i64) -> Result<Option<OnObject>, ApiError> {
    let key = id.div_euclid(2);
    if id == number_of_object(key) {
        let entry = call.snapshot.entry(ObjectId::new(Grant::SPACE, Key::Int(key)));
        return Ok(entry.and_then(|entry| of_graph(key, entry.cast()?)));
    }
    let statement = format!("{COLUMNS} WHERE id = $1");
    let row = call.cx.store.read(move |sql| sql.query_one(&statement, params![key])).await?;
    Ok(row.map(|row| on_row(&row)).transpose()?.flatten())
}

/// A grant by the API's number.
async fn find(call: &Call, sort: Sort) -> Result<OnObject, ApiError> {
    let missing = || {
        ApiError::not_found(match sort {
            Sort::Roles => "GroupObjectPermission",
            Sort::Users => "UserObjectPermission",
        })
    };
    let id: i64 = call.param("id").parse().map_err(|_| missing())?;
    let found = numbered_grant(call, id).await?;
    let is_sort = |grant: &OnObject| grant.holder.role().is_some() == (sort == Sort::Roles);
    let found = found.filter(is_sort).ok_or_else(missing)?;
    if call.reach.is_nothing() || visible(call, found.holder).await? {
        Ok(found)
    } else {
        Err(missing())
    }
}

pub(super) async fn one_grant(call: Call, sort: Sort) -> Result<Response, ApiError> {
    let found = find(&call, sort).await?;
    Ok(json(StatusCode::OK, &extra(&call, &found).await?))
}

pub(super) async fn take_grant(call: Call, sort: Sort) -> Result<Response, ApiError> {
    let found = find(&call, sort).await?;
    let work = move |tx: &mut Tx<'_>| take(tx, &found);
    call.cx.store.write(call.actor(), "permission taken back", work).await?;
    Ok(no_content())
}

/// The same permission on another object.
pub(super) async fn move_grant(call: Call, sort: Sort) -> Result<Response, ApiError> {
    let found = find(&call, sort).await?;
    let body = call.object()?;
    let key = match body.get("object_pk") {
        None if call.request.method == Method::PATCH => None,
        None => return Err(ApiError::field("object_pk", Problem::required())),
        Some(Value::String(text)) if text.is_empty() => {
            return Err(ApiError::field("object_pk", Problem::blank()));
        }
        Some(text) => Some(text.as_str().map_or_else(|| text.to_string(), str::to_owned)),
    };
    let Some(key) = key else { return Ok(json(StatusCode::OK, &extra(&call, &found).await?)) };
    let target = resolve(&call, found.permission.model(), &key).await?;
    let (holder, permission) = (found.holder, found.permission);
    let work = move |tx: &mut Tx<'_>| {
        take(tx, &found)?;
        give(tx, holder, permission, Some(&target))
    };
    let id = call.cx.store.write(call.actor(), "permission given on another object", work).await?;
    let snapshot = call.cx.snapshot();
    let call = Call { snapshot, ..call };
    let all = on_objects(&call, sort, Some(holder)).await?;
    let found = all.iter().find(|grant| grant.id == id);
    let found = found.ok_or_else(|| ApiError::not_found("Permission"))?;
    Ok(json(StatusCode::OK, &extra(&call, found).await?))
}

fn take(tx: &mut Tx<'_>, grant: &OnObject) -> Result<(), ApiError> {
    may_change_holder(tx, grant.holder)?;
    if grant.object.is_some() {
        let id = ObjectId::new(Grant::SPACE, Key::Int(grant.id / 2));
        return Ok(tx.draft().delete(id)?);
    }
    let (role, user) = (grant.holder.role(), grant.holder.user());
    Ok(take_row(tx, role, user, grant.permission, grant.key)?)
}

/// Who holds more than who acts keeps what he has.
pub(super) fn may_change_holder(tx: &mut Tx<'_>, holder: Holder) -> Result<(), ApiError> {
    match holder {
        Holder::User(pk) => may_change(tx, pk),
        Holder::Role(uuid) => {
            let before = tx.before().clone();
            let held = countersign_accounts::held_by_roles(tx, Held::default(), &[uuid], &before)?;
            may_give(tx, &held)
        }
    }
}
