//! `rbac/`: roles, permissions, who holds them, and giving and taking them.

mod giving;
mod grants;
mod holders;
mod schemas;

use axum::response::Response;
use countersign_core::{
    Access, ApiError, BoxFuture, Call, Grant, InitialPermissions, KindResource, ListedPermission,
    Operation, Page, Permission, RenderContext, Role, envelope, json, permissions,
};
use countersign_model::{Entry, Fields, ObjectId, Ref, Table, Target as _, directory, family};
use countersign_store::{Row, StoreError, Table as _, numbered};
use http::{Method, StatusCode};
use serde_json::{Map, Value, json as value};
use uuid::Uuid;

use giving::{assign, unassign};
use grants::{list_grants, move_grant, one_grant, take_grant};
use holders::list_holders;
pub(crate) use schemas::schemas;

use crate::groups::Group;
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
        KindResource::of::<Role>()
            .computed(without_permissions)
            .hides(&["permissions"])
            .among(&[("group__name", "string")], of_group),
        KindResource::of::<InitialPermissions>().computed(with_permissions),
        KindResource::of::<Grant>().unserved(),
    ]
}

/// `group__name`: the roles of the groups of that name that may be viewed.
fn of_group(call: Call) -> BoxFuture<Result<Option<Vec<ObjectId>>, ApiError>> {
    Box::pin(async move {
        let name = call.query.get("group__name").filter(|name| !name.is_empty());
        let Some(name) = name.map(str::to_owned) else { return Ok(None) };
        let reach = call.rights().reach(Permission::view(Group::META), Some(Group::TABLE));
        let (condition, mut values) =
            reach.condition(Group::TABLE).unwrap_or_else(|| ("1 = 1".to_owned(), Vec::new()));
        values.push(name.into());
        let statement = numbered(
            &format!(
                "SELECT r.role FROM group_role r JOIN user_group t ON t.uuid = r.group_uuid \
             WHERE {condition} AND t.name = ?"
            ),
            0,
        );
        let rows = call.cx.store.browse(move |sql| sql.query(&statement, &values)).await?;
        let role = |row: &Row| Ok(Ref::<Role>::new(row.get::<Uuid>(0)?.into()).id());
        Ok(Some(rows.iter().map(role).collect::<Result<_, StoreError>>()?))
    })
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
