//! `rbac/`: roles, permissions, who holds them, and giving and taking them.

use std::collections::BTreeMap;

use axum::response::Response;
use countersign_accounts::{grant_object, grant_row, may_change, may_give};
use countersign_core::{
    Access, ApiError, Call, Declared, Grant, Held, InitialPermissions, KindResource,
    ListedPermission, Operation, Page, Permission, RenderContext, Role, envelope, json, no_content,
    permissions,
};
use countersign_model::{
    AnyRef, Entry, FieldErrors, Fields, Key, KindMeta, ObjectId, Problem, Ref, Table, TableMeta,
    Target as _, Timestamp, directory, family,
};
use countersign_rest::object_schema;
use countersign_store::{Row, Sql, SqlValue, StoreError, Tx, one_of, params};
use http::{Method, StatusCode};
use serde_json::{Map, Value, json as value};
use uuid::Uuid;

use crate::users::User;

/// A permission on a single row. Those on objects of the configuration are configuration.
#[derive(Debug, Clone, Table)]
#[table(name = "role_grant")]
pub(crate) struct RoleGrant {
    #[column(key)]
    id: i64,
    role: Option<Ref<family::Role>>,
    #[column(sql = "user_id", belongs_to = "users.id", on_delete = Cascade, owner)]
    user: Option<Ref<directory::User>>,
    permission: String,
    object_id: Option<i64>,
    object_uuid: Option<Uuid>,
}

/// Roles and what is given when something is made, as kinds.
pub(crate) fn kinds() -> Vec<KindResource> {
    vec![
        KindResource::of::<Role>().computed(without_permissions),
        KindResource::of::<InitialPermissions>().computed(with_permissions),
        KindResource::of::<Grant>().unserved(),
    ]
}

/// They are listed apart.
fn without_permissions(_: &Entry, _: &RenderContext<'_>, map: &mut Map<String, Value>) {
    map.remove("permissions");
}

fn with_permissions(entry: &Entry, _: &RenderContext<'_>, map: &mut Map<String, Value>) {
    let initial = entry.cast::<InitialPermissions>();
    let listed = initial.into_iter().flat_map(|initial| initial.permissions.listed());
    map.insert("permissions_obj".to_owned(), listed.map(permission_json).collect());
}

/// Who holds permissions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holder {
    Role(Uuid),
    User(i64),
}

impl Holder {
    const fn role(self) -> Option<Uuid> {
        match self {
            Holder::Role(uuid) => Some(uuid),
            Holder::User(_) => None,
        }
    }

    const fn user(self) -> Option<i64> {
        match self {
            Holder::User(pk) => Some(pk),
            Holder::Role(_) => None,
        }
    }

    fn id(self) -> ObjectId {
        match self {
            Holder::Role(uuid) => Ref::<Role>::new(uuid.into()).id(),
            Holder::User(pk) => Ref::<directory::User>::new(pk.into()).id(),
        }
    }

    fn of(grant: &Grant) -> Option<Holder> {
        let role = grant.role.and_then(|role| role.key().uuid()).map(Holder::Role);
        role.or_else(|| grant.user.and_then(|user| user.key().int()).map(Holder::User))
    }
}

/// Of the two sorts of holders, the one that a part of the API is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    Roles,
    Users,
}

impl Sort {
    const fn name(self) -> &'static str {
        match self {
            Sort::Roles => "roles",
            Sort::Users => "users",
        }
    }

    const fn parameter(self) -> (&'static str, &'static str) {
        match self {
            Sort::Roles => ("uuid", "uuid"),
            Sort::Users => ("user_id", "integer"),
        }
    }

    const fn key(self) -> &'static str {
        match self {
            Sort::Roles => "uuid",
            Sort::Users => "id",
        }
    }

    fn view(self) -> Permission {
        match self {
            Sort::Roles => Permission::view(Role::META),
            Sort::Users => Permission::view(User::META),
        }
    }

    const fn assign(self) -> Permission {
        match self {
            Sort::Roles => Permission::ASSIGN_ROLE_PERMISSIONS,
            Sort::Users => Permission::ASSIGN_USER_PERMISSIONS,
        }
    }

    const fn unassign(self) -> Permission {
        match self {
            Sort::Roles => Permission::UNASSIGN_ROLE_PERMISSIONS,
            Sort::Users => Permission::UNASSIGN_USER_PERMISSIONS,
        }
    }

    const fn schema(self) -> &'static str {
        match self {
            Sort::Roles => "Role",
            Sort::Users => "User",
        }
    }

    /// The holder that the path names.
    fn named(self, call: &Call) -> Result<Holder, ApiError> {
        match self {
            Sort::Roles => {
                let uuid = call.entry()?.id.key.uuid();
                uuid.map(Holder::Role).ok_or_else(|| ApiError::not_found("Role"))
            }
            Sort::Users => call.row_number().map(Holder::User),
        }
    }
}

pub(crate) fn operations() -> Vec<Operation> {
    let names = ["codename", "content_type__app_label", "content_type__model"];
    let list = Operation::new(
        Method::GET,
        "rbac/permissions/",
        "rbac_permissions_list",
        Access::authenticated(),
        list,
    )
    .pages_of("Permission")
    .parameter("role", value!({"type": "string"}))
    .parameter("user", value!({"type": "integer"}));
    let list = names
        .iter()
        .fold(list, |operation, name| operation.parameter(name, value!({"type": "string"})));
    let one = Operation::new(
        Method::GET,
        "rbac/permissions/{id}/",
        "rbac_permissions_retrieve",
        Access::authenticated(),
        retrieve,
    )
    .response("Permission");
    let both = [Sort::Roles, Sort::Users].into_iter().flat_map(of_holders);
    [list, one].into_iter().chain(both).collect()
}

fn of_holders(sort: Sort) -> Vec<Operation> {
    let (name, key, schema) = (sort.name(), sort.key(), sort.schema());
    let assigned = format!("rbac/permissions/assigned_by_{name}/");
    let extra = format!("rbac/permissions/{name}/");
    let item = format!("{extra}{{id}}/");
    let result =
        value!({"type": "array", "items": {"$ref": "#/components/schemas/PermissionAssignResult"}});
    let (parameter, kind) = sort.parameter();
    let id = |what: &str| format!("rbac_permissions_{what}");
    let request = |prefix: &str| format!("{prefix}Extra{schema}ObjectPermissionRequest");
    let one = format!("Extra{schema}ObjectPermission");
    vec![
        Operation::new(
            Method::GET,
            &assigned,
            id(&format!("assigned_by_{name}_list")),
            Access::on(sort.view()),
            move |call| list_holders(call, sort),
        )
        .pages_of(&format!("{schema}AssignedObjectPermission"))
        .parameter("model", value!({"type": "string"}))
        .parameter("object_pk", value!({"type": "string"})),
        Operation::new(
            Method::POST,
            format!("{assigned}{{{key}}}/assign/"),
            id(&format!("assigned_by_{name}_assign")),
            Access::on(sort.assign()),
            move |call| assign(call, sort),
        )
        .request("PermissionAssignRequest")
        .response(result),
        Operation::new(
            Method::PATCH,
            format!("{assigned}{{{key}}}/unassign/"),
            id(&format!("assigned_by_{name}_unassign_partial_update")),
            Access::on(sort.unassign()),
            move |call| unassign(call, sort),
        )
        .request("PatchedPermissionAssignRequest")
        .no_answer(),
        Operation::new(
            Method::GET,
            &extra,
            id(&format!("{name}_list")),
            Access::on(sort.view()),
            move |call| list_grants(call, sort),
        )
        .pages_of(&one)
        .parameter(
            parameter,
            value!({"type": if kind == "integer" { "integer" } else { "string" }}),
        ),
        Operation::new(
            Method::GET,
            &item,
            id(&format!("{name}_retrieve")),
            Access::global(sort.view()),
            move |call| one_grant(call, sort),
        )
        .response(one.clone()),
        Operation::new(
            Method::PUT,
            &item,
            id(&format!("{name}_update")),
            Access::global(sort.assign()).and(sort.unassign()),
            move |call| move_grant(call, sort),
        )
        .request(request(""))
        .response(one.clone()),
        Operation::new(
            Method::PATCH,
            &item,
            id(&format!("{name}_partial_update")),
            Access::global(sort.assign()).and(sort.unassign()),
            move |call| move_grant(call, sort),
        )
        .request(request("Patched"))
        .response(one),
        Operation::new(
            Method::DELETE,
            &item,
            id(&format!("{name}_destroy")),
            Access::global(sort.unassign()),
            move |call| take_grant(call, sort),
        ),
    ]
}

// Permissions.

fn permission_json(listed: &ListedPermission) -> Value {
    let (_, model) = listed.permission.model().split_once('.').unwrap_or_default();
    value!({
        "id": listed.id, "name": listed.name, "codename": listed.permission.codename(), "model": model,
        "app_label": listed.permission.app(), "app_label_verbose": listed.app_label, "model_verbose": listed.model_label,
    })
}

async fn list(call: Call) -> Result<Response, ApiError> {
    let asked = |name: &str| call.query.get(name).filter(|text| !text.is_empty());
    let holder = match (asked("role"), asked("user")) {
        (Some(text), _) => Uuid::parse_str(text).ok().map(Holder::Role),
        (None, Some(text)) => text.parse().ok().map(Holder::User),
        (None, None) => None,
    };
    let of_holder = (asked("role").is_some() || asked("user").is_some())
        .then(|| holder.filter(|holder| sees(&call, *holder)).map(|holder| global(&call, holder)))
        .map(Option::unwrap_or_default);
    let words: Vec<String> = asked("search")
        .unwrap_or_default()
        .to_lowercase()
        .split_whitespace()
        .map(str::to_owned)
        .collect();
    let mut found: Vec<&ListedPermission> = permissions()
        .iter()
        .filter(|listed| {
            let (app, model) = listed.permission.model().split_once('.').unwrap_or_default();
            let codename = listed.permission.codename();
            let text = format!("{codename} {model} {app}").to_lowercase();
            of_holder.as_ref().is_none_or(|held| held.contains(&listed.permission))
                && asked("codename").is_none_or(|wanted| wanted == codename)
                && asked("content_type__app_label").is_none_or(|wanted| wanted == app)
                && asked("content_type__model").is_none_or(|wanted| wanted == model)
                && words.iter().all(|word| text.contains(word))
        })
        .collect();
    let ordering = asked("ordering").unwrap_or_default();
    let (by, down) = ordering.strip_prefix('-').map_or((ordering, false), |by| (by, true));
    match by {
        "codename" => found.sort_by_key(|listed| listed.permission.codename()),
        "id" => found.sort_by_key(|listed| listed.id),
        _ => {}
    }
    if down {
        found.reverse();
    }
    paged(&call, &found, |part| Ok(part.iter().map(|listed| permission_json(listed)).collect()))
}

/// Whether the caller may learn what somebody holds.
fn sees(call: &Call, holder: Holder) -> bool {
    let view = match holder {
        Holder::Role(_) => Sort::Roles.view(),
        Holder::User(_) => Sort::Users.view(),
    };
    holder.user().is_some_and(|pk| call.caller.pk() == Some(pk))
        || call.rights().on(view, holder.id())
}

/// What is held globally.
fn global(call: &Call, holder: Holder) -> Vec<Permission> {
    let role = holder.role().and_then(|uuid| call.snapshot.get(Ref::<Role>::new(uuid.into())));
    let of_role = role.into_iter().flat_map(|role| role.permissions.0.iter().copied());
    let of_user = grants(call, holder).filter(|(_, grant)| grant.object.is_none());
    of_role.chain(of_user.map(|(_, grant)| grant.permission)).collect()
}

fn grants(call: &Call, holder: Holder) -> impl Iterator<Item = (i64, &Grant)> {
    let naming = call.snapshot.referrers_in(holder.id(), Grant::SPACE);
    naming
        .filter_map(|(by, _)| Some((by.key.int()?, call.snapshot.entry(by)?.cast::<Grant>()?)))
        .filter(move |(_, grant)| Holder::of(grant) == Some(holder))
}

async fn retrieve(call: Call) -> Result<Response, ApiError> {
    let found = call.param("id").parse().ok().and_then(ListedPermission::by_id);
    let found = found.ok_or_else(|| ApiError::not_found("Permission"))?;
    Ok(json(StatusCode::OK, &permission_json(found)))
}

fn paged<T>(
    call: &Call,
    all: &[T],
    render: impl FnOnce(&[T]) -> Result<Vec<Value>, ApiError>,
) -> Result<Response, ApiError> {
    let page = Page::read(&call.query, 1000)?;
    page.check(all.len())?;
    let part = all.get(page.offset()..).unwrap_or_default();
    let part = part.get(..page.size.min(part.len())).unwrap_or_default();
    Ok(json(StatusCode::OK, &envelope(page, all.len(), render(part)?)))
}

// Grants on objects. Those on objects of the configuration and those on rows have numbers of their
// own; the API's are made of both, even ones for the former.

#[derive(Debug, Clone)]
struct OnObject {
    id: i64,
    holder: Holder,
    permission: Permission,
    key: Key,
    object: Option<ObjectId>,
}

const fn number_of_object(key: i64) -> i64 {
    key * 2
}

const fn number_of_row(id: i64) -> i64 {
    id * 2 + 1
}

/// Every grant on an object, of holders or of all.
async fn on_objects(
    call: &Call,
    sort: Sort,
    of: Option<Holder>,
) -> Result<Vec<OnObject>, ApiError> {
    let of_graph = |key: i64, grant: &Grant| {
        let object = grant.object?.0;
        let (holder, permission) = (Holder::of(grant)?, grant.permission);
        let id = number_of_object(key);
        Some(OnObject { id, holder, permission, key: object.key, object: Some(object) })
    };
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

fn rows(sql: &mut Sql<'_>, of: Option<Holder>) -> Result<Vec<OnObject>, StoreError> {
    const COLUMNS: &str =
        "SELECT id, role, user_id, permission, object_id, object_uuid FROM role_grant";
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

fn grant_json(grant: &OnObject) -> Value {
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

async fn list_grants(call: Call, sort: Sort) -> Result<Response, ApiError> {
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
async fn reached(call: &Call, one: Option<i64>) -> Result<Vec<i64>, ApiError> {
    let table: &'static TableMeta = <User as countersign_store::Table>::TABLE;
    let (text, values) = call.reach.condition(table).unwrap_or(("1 = 1".to_owned(), Vec::new()));
    let mut statement = String::from("SELECT t.id FROM users t WHERE ");
    let mut number = 0;
    for letter in text.chars() {
        if letter == '?' {
            number += 1;
            statement.push_str(&format!("${number}"));
        } else {
            statement.push(letter);
        }
    }
    if let Some(pk) = one {
        statement.push_str(&format!(" AND t.id = {pk}"));
    }
    let rows = call.cx.store.read(move |sql| sql.query(&statement, &values)).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect::<Result<_, StoreError>>()?)
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
    let all = on_objects(call, sort, None).await?;
    let found = all.into_iter().find(|grant| grant.id == id).ok_or_else(missing)?;
    if call.reach.is_nothing() || visible(call, found.holder).await? {
        Ok(found)
    } else {
        Err(missing())
    }
}

async fn one_grant(call: Call, sort: Sort) -> Result<Response, ApiError> {
    let found = find(&call, sort).await?;
    Ok(json(StatusCode::OK, &extra(&call, &found).await?))
}

async fn take_grant(call: Call, sort: Sort) -> Result<Response, ApiError> {
    let found = find(&call, sort).await?;
    let work = move |tx: &mut Tx<'_>| take(tx, &found);
    call.cx.store.write(call.actor(), "permission taken back", work).await?;
    Ok(no_content())
}

/// The same permission on another object.
async fn move_grant(call: Call, sort: Sort) -> Result<Response, ApiError> {
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
    tx.execute("DELETE FROM role_grant WHERE id = $1", params![grant.id / 2])?;
    Ok(())
}

/// Who holds more than who acts keeps what he has.
fn may_change_holder(tx: &mut Tx<'_>, holder: Holder) -> Result<(), ApiError> {
    match holder {
        Holder::User(pk) => may_change(tx, pk),
        Holder::Role(uuid) => {
            let before = tx.before().clone();
            let held = countersign_accounts::held_by_roles(tx, Held::default(), &[uuid], &before)?;
            may_give(tx, &held)
        }
    }
}

// Giving and taking.

/// What a permission is given on.
#[derive(Debug, Clone, Copy)]
enum On {
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
async fn resolve(call: &Call, model: &str, key: &str) -> Result<On, ApiError> {
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
fn give(
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
    change: impl FnOnce(&mut std::collections::BTreeSet<Permission>),
) -> Result<(), ApiError> {
    let reference = Ref::<Role>::new(uuid.into());
    let mut role = tx.graph().get(reference).cloned().ok_or_else(|| ApiError::not_found("Role"))?;
    change(&mut role.permissions.0);
    tx.draft().put(uuid, role);
    Ok(())
}

async fn assign(call: Call, sort: Sort) -> Result<Response, ApiError> {
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

async fn unassign(call: Call, sort: Sort) -> Result<Response, ApiError> {
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
            tx.execute(
                "DELETE FROM role_grant WHERE permission = $1 AND (role = $2 OR user_id = $3) AND (object_id = $4 OR object_uuid = $5)",
                params![permission.to_string(), holder.role(), holder.user(), key.int(), key.uuid()],
            )?;
            return Ok(());
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

// Who holds something on a model or an object.

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

async fn list_holders(call: Call, sort: Sort) -> Result<Response, ApiError> {
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
            let one = |entry: &&std::sync::Arc<Entry>| value!({"role_pk": entry.id.key.to_string(), "name": entry.label(), "permissions": listed(entry.id)});
            Ok(part.iter().map(one).collect())
        });
    }
    // Everybody who holds something is a holder of grants or a superuser: nobody else is read.
    let holders = of.keys().filter_map(|id| id.key.int());
    let holders =
        holders.chain(call.snapshot.list::<Grant>().filter_map(|(_, g)| g.user?.key().int()));
    let candidates: Vec<SqlValue> = holders
        .filter(|pk| holds(Holder::User(*pk)))
        .collect::<std::collections::BTreeSet<i64>>()
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
        let one = |user: &countersign_core::Identity| {
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

/// Components of the document.
pub(crate) fn schemas() -> Vec<(&'static str, Value)> {
    let on_object = [
        ("id", "integer"),
        ("codename", "string"),
        ("model", "string"),
        ("app_label", "string"),
        ("object_pk", "string"),
        ("name", "string"),
    ];
    let verbose = [
        ("app_label_verbose", "string"),
        ("model_verbose", "string"),
        ("object_description", "string?"),
    ];
    let extra = [on_object.as_slice(), &verbose].concat();
    let moved = || object_schema(&[("object_pk", "string")]);
    let patched = || object_schema(&[("object_pk?", "string")]);
    let page = |of: &str| object_schema(&[("pagination", "#Pagination"), ("results", of)]);
    let assigned_user = [
        ("pk", "integer"),
        ("username", "string"),
        ("name", "string"),
        ("is_active?", "boolean"),
        ("last_login?", "time?"),
        ("email?", "string"),
        ("attributes?", "map"),
        ("uid", "string"),
        ("permissions", "[#UserObjectPermission]"),
        ("is_superuser", "boolean"),
    ];
    vec![
        (
            "Permission",
            object_schema(&[
                ("id", "integer"),
                ("name", "string"),
                ("codename", "string"),
                ("model", "string"),
                ("app_label", "string"),
                ("app_label_verbose", "string"),
                ("model_verbose", "string"),
            ]),
        ),
        ("PaginatedPermissionList", page("[#Permission]")),
        (
            "PermissionAssignRequest",
            object_schema(&[
                ("permissions", "[string]"),
                ("model?", "#ModelEnum"),
                ("object_pk?", "string"),
            ]),
        ),
        (
            "PatchedPermissionAssignRequest",
            object_schema(&[
                ("permissions?", "[string]"),
                ("model?", "#ModelEnum"),
                ("object_pk?", "string"),
            ]),
        ),
        ("PermissionAssignResult", object_schema(&[("id", "string")])),
        ("RoleObjectPermission", object_schema(&on_object)),
        ("UserObjectPermission", object_schema(&on_object)),
        (
            "RoleAssignedObjectPermission",
            object_schema(&[
                ("role_pk", "string"),
                ("name", "string"),
                ("permissions", "[#RoleObjectPermission]"),
            ]),
        ),
        ("PaginatedRoleAssignedObjectPermissionList", page("[#RoleAssignedObjectPermission]")),
        ("UserAssignedObjectPermission", object_schema(&assigned_user)),
        ("PaginatedUserAssignedObjectPermissionList", page("[#UserAssignedObjectPermission]")),
        ("ExtraRoleObjectPermission", object_schema(&extra)),
        ("PaginatedExtraRoleObjectPermissionList", page("[#ExtraRoleObjectPermission]")),
        ("ExtraUserObjectPermission", object_schema(&extra)),
        ("PaginatedExtraUserObjectPermissionList", page("[#ExtraUserObjectPermission]")),
        ("ExtraRoleObjectPermissionRequest", moved()),
        ("ExtraUserObjectPermissionRequest", moved()),
        ("PatchedExtraRoleObjectPermissionRequest", patched()),
        ("PatchedExtraUserObjectPermissionRequest", patched()),
        ("InitialPermissions", object_schema(&[("permissions_obj", "[#Permission]")])),
    ]
}
