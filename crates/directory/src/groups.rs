//! `core/groups`: groups of users, in a tree. A member of a child is a member of all its ancestors.

use std::collections::HashMap;

use axum::response::Response;
use countersign_core::{
    Access, ApiError, BoxFuture, Call, Context, Membership, Operation, no_content,
};
use countersign_events::model_reference;
use countersign_model::{
    FieldErrors, Fields, Input, JsonMap, Key, KindMeta, Mode, ObjectId, Problem, Ref, Target,
    Timestamp, directory, family,
};
use countersign_rest::{Column, ColumnKind, Rows, TableMeta};
use countersign_store::{Sql, SqlValue, StoreError, Tx, params};
use http::Method;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::users::attribute_conditions;
use crate::{administrators, audit, used_by};

/// A group of users; groups can stand in groups.
#[derive(Debug, Clone, Fields)]
#[kind(
    path = "core/groups",
    model = "authentik_core.group",
    schema = "Group",
    title = "Group",
    space = "group",
    lookup = "group_uuid",
    ordering = "name"
)]
pub struct GroupFields {
    #[field(label = "Name", unique)]
    pub name: String,
    /// Users added to this group will be superusers.
    #[field(label = "Is superuser", default)]
    pub is_superuser: bool,
    #[field(label = "Parent")]
    pub parent: Option<Ref<directory::Group>>,
    #[field(label = "Members", default)]
    pub users: Vec<Ref<directory::User>>,
    #[field(label = "Roles", default)]
    pub roles: Vec<Ref<family::Role>>,
    /// Set custom attributes.
    #[field(label = "Attributes", default)]
    pub attributes: JsonMap,
}

pub struct Groups;

impl Rows for Groups {
    const META: &'static KindMeta = GroupFields::META;
    const OPERATIONS: &'static [&'static str] =
        &["list", "create", "retrieve", "update", "partial_update", "destroy", "used_by"];
    const PARAMETERS: &'static [(&'static str, &'static str)] = &[
        ("attributes", "string"),
        ("include_users", "boolean"),
        ("members_by_pk", "[integer]"),
        ("members_by_username", "[string]"),
    ];
    const TABLE: &'static TableMeta = &TableMeta {
        from: "user_group g",
        key: "g.uuid",
        lookup: "g.uuid",
        lookup_kind: ColumnKind::Uuid,
        order: "name",
        searched: None,
        index: None,
        columns: &[
            Column::new("name", "g.name", ColumnKind::Text).searched(),
            Column::new("is_superuser", "g.is_superuser", ColumnKind::Bool),
            Column::new("parent", "g.parent", ColumnKind::Uuid).unfiltered(),
        ],
    };

    fn conditions(call: &Call) -> Result<Vec<(String, Vec<SqlValue>)>, ApiError> {
        let mut all: Vec<(String, Vec<SqlValue>)> = Vec::new();
        let members: Vec<&str> =
            call.query.all("members_by_username").filter(|n| !n.is_empty()).collect();
        if !members.is_empty() {
            let marks = vec!["?"; members.len()].join(", ");
            let text = format!(
                "g.uuid IN (SELECT m.group_uuid FROM membership m JOIN users u ON u.id = m.user_id WHERE u.username IN ({marks}))"
            );
            all.push((text, members.into_iter().map(SqlValue::from).collect()));
        }
        let keys: Vec<&str> = call.query.all("members_by_pk").filter(|n| !n.is_empty()).collect();
        if !keys.is_empty() {
            let mut pks = Vec::new();
            for key in &keys {
                let pk: i64 = key.parse().map_err(|_| {
                    ApiError::field(
                        "members_by_pk",
                        Problem::new("invalid", format!("“{key}” is not a valid value.")),
                    )
                })?;
                pks.push(SqlValue::from(pk));
            }
            let marks = vec!["?"; pks.len()].join(", ");
            all.push((
                format!("g.uuid IN (SELECT group_uuid FROM membership WHERE user_id IN ({marks}))"),
                pks,
            ));
        }
        if let Some(text) = call.query.get("attributes").filter(|a| !a.is_empty()) {
            all.extend(attribute_conditions("g.attributes", text)?);
        }
        Ok(all)
    }

    fn render(sql: &mut Sql<'_>, keys: &[SqlValue], call: &Call) -> Result<Vec<Value>, StoreError> {
        let with_users = call.query.flag("include_users") != Some(false);
        let mut rows = Vec::with_capacity(keys.len());
        for key in keys {
            rows.extend(load(sql, &call.cx, key, with_users)?);
        }
        Ok(rows)
    }

    fn create(call: Call) -> BoxFuture<Result<SqlValue, ApiError>> {
        Box::pin(async move {
            let body = call.object()?;
            let fields = GroupFields::parse(&call.input(&body, Mode::Create), None)?;
            call.cx
                .store
                .write(call.actor(), "group created", move |tx| {
                    create(tx, &fields, None).map(SqlValue::from)
                })
                .await
        })
    }

    fn update(call: Call, key: SqlValue, mode: Mode) -> BoxFuture<Result<(), ApiError>> {
        Box::pin(async move {
            let body = call.object()?;
            let moved = call.clone();
            let write = move |tx: &mut Tx<'_>| {
                let uuid = uuid_of(&key)?;
                let base = fields_of(tx, uuid)?.ok_or_else(|| ApiError::not_found("Group"))?;
                let fields = GroupFields::parse(&moved.input(&body, mode), Some(&base))?;
                update(tx, uuid, &base, &fields)
            };
            call.cx.store.write(call.actor(), "group changed", write).await
        })
    }

    fn destroy(call: Call, key: SqlValue) -> BoxFuture<Result<(), ApiError>> {
        Box::pin(async move {
            call.cx
                .store
                .write(call.actor(), "group deleted", move |tx| delete(tx, uuid_of(&key)?))
                .await
        })
    }

    fn used_by(call: Call, key: SqlValue) -> BoxFuture<Result<Value, ApiError>> {
        Box::pin(async move { Ok(used_by::of_group(&call, uuid_of(&key)?).await?) })
    }
}

fn uuid_of(key: &SqlValue) -> Result<Uuid, ApiError> {
    match key {
        SqlValue::Bytes(bytes) => Uuid::from_slice(bytes).map_err(|_| ApiError::not_found("Group")),
        _ => Err(ApiError::not_found("Group")),
    }
}

/// The original's number of a group: the first five digits of its uuid as an integer.
pub fn num_pk(uuid: Uuid) -> i64 {
    uuid.as_u128().to_string().chars().take(5).collect::<String>().parse().unwrap_or(0)
}

/// A group inside a user: `groups_obj`. `names` are those of the parents known.
pub(crate) fn membership_json(group: &Membership, names: &HashMap<Uuid, &str>) -> Value {
    json!({
        "pk": group.uuid.to_string(),
        "num_pk": num_pk(group.uuid),
        "name": group.name,
        "is_superuser": group.is_superuser,
        "parent": group.parent.map(|p| p.to_string()),
        "parent_name": group.parent.and_then(|p| names.get(&p)),
        "attributes": group.attributes,
    })
}

fn load(
    sql: &mut Sql<'_>,
    cx: &Context,
    key: &SqlValue,
    with_users: bool,
) -> Result<Option<Value>, StoreError> {
    let row = sql.query_one(
        "SELECT g.uuid, g.name, g.is_superuser, g.parent, p.name, g.attributes FROM user_group g LEFT JOIN user_group p ON p.uuid = g.parent WHERE g.uuid = $1",
        std::slice::from_ref(key),
    )?;
    let Some(row) = row else { return Ok(None) };
    let uuid: Uuid = row.get(0)?;
    let members = sql.query(
        "SELECT u.id, u.username, u.name, u.is_active, u.last_login, u.email, u.attributes FROM membership m JOIN users u ON u.id = m.user_id \
         WHERE m.group_uuid = $1 ORDER BY u.id",
        params![uuid],
    )?;
    let (mut users, mut users_obj) = (Vec::with_capacity(members.len()), Vec::new());
    for member in members {
        let pk: i64 = member.get(0)?;
        users.push(Value::from(pk));
        if with_users {
            users_obj.push(json!({
                "pk": pk,
                "username": member.get::<String>(1)?,
                "name": member.get::<String>(2)?,
                "is_active": member.get::<bool>(3)?,
                "last_login": member.get::<Option<Timestamp>>(4)?.map(Timestamp::iso),
                "email": member.get::<String>(5)?,
                "attributes": member.get::<Value>(6)?,
                "uid": cx.uid(pk),
            }));
        }
    }
    Ok(Some(json!({
        "pk": uuid.to_string(),
        "num_pk": num_pk(uuid),
        "name": row.get::<String>(1)?,
        "is_superuser": row.get::<bool>(2)?,
        "parent": row.get::<Option<Uuid>>(3)?.map(|p| p.to_string()),
        "parent_name": row.get::<Option<String>>(4)?,
        "users": users,
        "users_obj": if with_users { Value::Array(users_obj) } else { Value::Null },
        "attributes": row.get::<Value>(5)?,
        "roles": [],
        "roles_obj": [],
    })))
}

/// Groups inside other objects: `group_obj`.
pub(crate) fn embedded(
    sql: &mut Sql<'_>,
    cx: &Context,
    ids: &[ObjectId],
) -> Result<Vec<(ObjectId, Value)>, StoreError> {
    let mut rows = Vec::new();
    for id in ids {
        if let Some(group) = load(sql, cx, &SqlValue::from(id.key), true)? {
            rows.push((*id, group));
        }
    }
    Ok(rows)
}

fn check(tx: &mut Tx<'_>, uuid: Uuid, fields: &GroupFields) -> Result<(), ApiError> {
    let mut errors = FieldErrors::new();
    if let Some(parent) = fields.parent {
        if parent.key() == Key::Uuid(uuid) {
            errors.add("parent", Problem::new("invalid", "Cannot set group as parent of itself."));
        } else if tx
            .query_one("SELECT 1 FROM user_group WHERE uuid = $1", params![parent.key()])?
            .is_none()
        {
            errors.add("parent", Problem::missing_reference(parent.key()));
        } else if is_ancestor(tx, uuid, parent.key())? {
            errors.add(
                "parent",
                Problem::new("invalid", "Cannot set a group below this one as its parent."),
            );
        }
    }
    for user in &fields.users {
        if tx.query_one("SELECT 1 FROM users WHERE id = $1", params![user.key()])?.is_none() {
            errors.add("users", Problem::missing_reference(user.key()));
        }
    }
    for role in &fields.roles {
        errors.add("roles", Problem::missing_reference(role.key()));
    }
    if errors.is_empty() { Ok(()) } else { Err(errors.into()) }
}

/// Whether `uuid` stands above `below` in the tree.
fn is_ancestor(tx: &mut Tx<'_>, uuid: Uuid, below: Key) -> Result<bool, StoreError> {
    let row = tx.query_one(
        "WITH RECURSIVE up (uuid) AS (SELECT parent FROM user_group WHERE uuid = $1 UNION SELECT g.parent FROM user_group g JOIN up ON g.uuid = up.uuid) \
         SELECT 1 FROM up WHERE uuid = $2",
        params![below, uuid],
    )?;
    Ok(row.is_some())
}

/// # Errors
/// Field errors, as a taken name.
pub fn create(tx: &mut Tx<'_>, fields: &GroupFields, uuid: Option<Uuid>) -> Result<Uuid, ApiError> {
    let uuid = uuid.unwrap_or_else(|| tx.entropy().uuid());
    check(tx, uuid, fields)?;
    tx.execute(
        "INSERT INTO user_group (uuid, name, is_superuser, parent, attributes) VALUES ($1, $2, $3, $4, $5)",
        params![uuid, &fields.name, fields.is_superuser, fields.parent.map(|p| p.key()), Value::Object(fields.attributes.0.clone())],
    )?;
    set_users(tx, uuid, &fields.users)?;
    crate::setup::note(tx)?;
    audit(tx, "model_created", uuid, &fields.name, None)?;
    Ok(uuid)
}

/// # Errors
/// Field errors, as a cycle of parents.
pub fn update(
    tx: &mut Tx<'_>,
    uuid: Uuid,
    before: &GroupFields,
    fields: &GroupFields,
) -> Result<(), ApiError> {
    if before.to_map() == fields.to_map() {
        return Ok(());
    }
    check(tx, uuid, fields)?;
    if before.is_superuser != fields.is_superuser
        || before.parent != fields.parent
        || before.users != fields.users
    {
        administrators::keep_one(tx)?;
    }
    tx.execute(
        "UPDATE user_group SET name = $1, is_superuser = $2, parent = $3, attributes = $4 WHERE uuid = $5",
        params![&fields.name, fields.is_superuser, fields.parent.map(|p| p.key()), Value::Object(fields.attributes.0.clone()), uuid],
    )?;
    if before.users != fields.users {
        set_users(tx, uuid, &fields.users)?;
    }
    crate::setup::note(tx)?;
    let diff = audit::diff(tx.graph(), &before.to_map(), &fields.to_map());
    audit(tx, "model_updated", uuid, &fields.name, Some(diff))?;
    Ok(())
}

/// Deletes a group, with what in the configuration names it.
///
/// # Errors
/// When an object of the configuration forbids it.
pub fn delete(tx: &mut Tx<'_>, uuid: Uuid) -> Result<(), ApiError> {
    let Some(row) = tx.query_one("SELECT name FROM user_group WHERE uuid = $1", params![uuid])?
    else {
        return Err(ApiError::not_found("Group"));
    };
    let name: String = row.get(0)?;
    administrators::keep_one(tx)?;
    tx.draft().detach(ObjectId::new(directory::Group::SPACE, Key::Uuid(uuid)))?;
    tx.execute("DELETE FROM user_group WHERE uuid = $1", params![uuid])?;
    audit(tx, "model_deleted", uuid, &name, None)?;
    Ok(())
}

fn set_users(
    tx: &mut Tx<'_>,
    uuid: Uuid,
    users: &[Ref<directory::User>],
) -> Result<(), StoreError> {
    tx.execute("DELETE FROM membership WHERE group_uuid = $1", params![uuid])?;
    for user in users {
        tx.execute("INSERT INTO membership (user_id, group_uuid) VALUES ($1, $2) ON CONFLICT (user_id, group_uuid) DO NOTHING", params![user.key(), uuid])?;
    }
    Ok(())
}

/// The changeable fields of a group as they stand.
///
/// # Errors
/// When the engine fails.
pub fn fields_of(sql: &mut Sql<'_>, uuid: Uuid) -> Result<Option<GroupFields>, StoreError> {
    let row = sql.query_one(
        "SELECT name, is_superuser, parent, attributes FROM user_group WHERE uuid = $1",
        params![uuid],
    )?;
    let Some(row) = row else { return Ok(None) };
    let users = sql.query(
        "SELECT user_id FROM membership WHERE group_uuid = $1 ORDER BY user_id",
        params![uuid],
    )?;
    let attributes = match row.get::<Value>(3)? {
        Value::Object(map) => JsonMap(map),
        _ => JsonMap::default(),
    };
    Ok(Some(GroupFields {
        name: row.get(0)?,
        is_superuser: row.get(1)?,
        parent: row.get::<Option<Uuid>>(2)?.map(|p| Ref::new(Key::Uuid(p))),
        users: users
            .iter()
            .map(|u| u.get::<i64>(0).map(|pk| Ref::new(Key::Int(pk))))
            .collect::<Result<_, _>>()?,
        roles: Vec::new(),
        attributes,
    }))
}

/// Parses fields that come from somewhere trusted, as a blueprint.
///
/// # Errors
/// Field errors.
pub fn parse(
    tx: &Tx<'_>,
    map: &Map<String, Value>,
    base: Option<&GroupFields>,
) -> Result<GroupFields, FieldErrors> {
    let mode = if base.is_some() { Mode::Patch } else { Mode::Create };
    GroupFields::parse(&Input { map, mode, entropy: tx.entropy(), privileged: true }, base)
}

pub(crate) fn actions() -> Vec<Operation> {
    let add = || Access::permission("authentik_core", "add_user_to", "group");
    let remove = || Access::permission("authentik_core", "remove_user_from", "group");
    vec![
        Operation::new(
            Method::POST,
            "core/groups/{group_uuid}/add_user/",
            "core_groups_add_user_create",
            add(),
            |call: Call| change_member(call, true),
        )
        .request("UserAccountRequest"),
        Operation::new(
            Method::POST,
            "core/groups/{group_uuid}/remove_user/",
            "core_groups_remove_user_create",
            remove(),
            |call: Call| change_member(call, false),
        )
        .request("UserAccountRequest"),
    ]
}

async fn change_member(call: Call, add: bool) -> Result<Response, ApiError> {
    let uuid = Uuid::parse_str(call.param("group_uuid"))
        .map_err(|_| ApiError::detail(http::StatusCode::NOT_FOUND, "Not found."))?;
    let body = call.object()?;
    let no_such_user = || ApiError::detail(http::StatusCode::NOT_FOUND, "Not found.");
    let pk = body
        .get("pk")
        .and_then(|pk| pk.as_i64().or_else(|| pk.as_str().and_then(|s| s.parse().ok())))
        .ok_or_else(no_such_user)?;
    call.cx
        .store
        .write(call.actor(), "group members changed", move |tx| {
            let Some(row) = tx.query_one("SELECT name FROM user_group WHERE uuid = $1", params![uuid])? else { return Err(ApiError::not_found("Group")) };
            if tx.query_one("SELECT 1 FROM users WHERE id = $1", params![pk])?.is_none() {
                return Err(no_such_user());
            }
            if !add {
                administrators::keep_one(tx)?;
            }
            let changed = if add {
                tx.execute("INSERT INTO membership (user_id, group_uuid) VALUES ($1, $2) ON CONFLICT (user_id, group_uuid) DO NOTHING", params![pk, uuid])?
            } else {
                tx.execute("DELETE FROM membership WHERE user_id = $1 AND group_uuid = $2", params![pk, uuid])?
            };
            if changed > 0 {
                crate::setup::note(tx)?;
                let diff = json!({"users": if add { json!({"add": [pk]}) } else { json!({"remove": [pk]}) }});
                audit(tx, "model_updated", uuid, &row.get::<String>(0)?, Some(diff))?;
            }
            Ok(())
        })
        .await?;
    Ok(no_content())
}

fn audit(
    tx: &mut Tx<'_>,
    action: &str,
    uuid: Uuid,
    name: &str,
    diff: Option<Value>,
) -> Result<(), StoreError> {
    audit::record(
        tx,
        action,
        model_reference("authentik_core", "group", &uuid.to_string(), name),
        diff,
        None,
    )
}
