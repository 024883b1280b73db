//! `core/groups`: groups of users, in a tree. A member of a child is a member of all its ancestors.

use std::collections::HashMap;

use axum::response::Response;
use countersign_accounts::{bounds, denied, held_by_group, held_by_roles, may_give, may_name};
use countersign_core::{
    Access, ApiError, Call, Context, Held, Membership, Operation, Permission, Record, find_all,
    no_content,
};
use countersign_events::model_reference;
use countersign_model::{
    Entry, FieldErrors, Fields, JsonMap, Key, ObjectId, Problem, Ref, Table, Target, Timestamp,
    directory, family,
};
use countersign_rest::{Condition, Resource, plain};
use countersign_store::{Sql, SqlValue, StoreError, Tx, one_of, params};
use http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::users::{account_of, attribute_conditions};
use crate::{administrators, audit};

/// A group of users; groups can stand in groups.
#[derive(Debug, Clone, Default, Table)]
#[kind(
    path = "core/groups",
    model = "authentik_core.group",
    schema = "Group",
    title = "Group",
    space = "group",
    lookup = "group_uuid",
    ordering = "name",
    fold("More", "Superusers, parent, roles, attributes"),
    columns = "name, parent, users, is_superuser: Superuser privileges?"
)]
#[table(
    name = "user_group",
    operations = "list create retrieve update partial_update destroy used_by",
    display = "Group {name}",
    export = All
)]
pub struct Group {
    #[column(key)]
    pub uuid: Uuid,
    #[field(label = "Name", unique)]
    #[column(filter, search)]
    pub name: String,
    /// Members may do everything on this server.
    #[field(label = "Is superuser", default, group = "More")]
    #[column(filter)]
    pub is_superuser: bool,
    /// Members of this group also count as members of the parent.
    #[field(label = "Parent", group = "More")]
    #[column(order, belongs_to = "user_group.uuid", on_delete = SetNull)]
    pub parent: Option<Ref<directory::Group>>,
    #[field(label = "Members", default, hide)]
    // Membership stands with the members.
    #[column(computed, local)]
    pub users: Vec<Ref<directory::User>>,
    #[field(label = "Roles", default, group = "More")]
    #[column(computed)]
    pub roles: Vec<Ref<family::Role>>,
    /// Free values that members inherit.
    #[field(label = "Attributes", default, group = "More")]
    pub attributes: JsonMap,
}

/// Which roles a group has.
#[derive(Debug, Clone, Table)]
#[table(name = "group_role", link)]
pub struct GroupRole {
    #[column(key, sql = "group_uuid", belongs_to = "user_group.uuid", on_delete = Cascade)]
    pub group: Ref<directory::Group>,
    #[column(key)]
    pub role: Ref<family::Role>,
}

impl Resource for Group {
    const PARAMETERS: &'static [(&'static str, &'static str)] = &[
        ("attributes", "string"),
        ("include_users", "boolean"),
        ("members_by_pk", "[integer]"),
        ("members_by_username", "[string]"),
        ("roles", "uuid"),
    ];

    fn conditions(call: &Call) -> Result<Vec<Condition>, ApiError> {
        let mut all: Vec<Condition> = Vec::new();
        let members: Vec<&str> =
            call.query.all("members_by_username").filter(|n| !n.is_empty()).collect();
        if !members.is_empty() {
            let marks = vec!["?"; members.len()].join(", ");
            let text = format!(
                "t.uuid IN (SELECT m.group_uuid FROM membership m JOIN users u ON u.id = m.user_id WHERE u.username IN ({marks}))"
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
                format!("t.uuid IN (SELECT group_uuid FROM membership WHERE user_id IN ({marks}))"),
                pks,
            ));
        }
        if let Some(text) = call.query.get("roles").filter(|role| !role.is_empty()) {
            let role = Uuid::parse_str(text).map_err(|_| {
                ApiError::field("roles", Problem::new("invalid", "Enter a valid UUID."))
            })?;
            let text = "t.uuid IN (SELECT group_uuid FROM group_role WHERE role = ?)".to_owned();
            all.push((text, vec![role.into()]));
        }
        if let Some(text) = call.query.get("attributes").filter(|a| !a.is_empty()) {
            all.extend(attribute_conditions("t.attributes", text)?);
        }
        Ok(all)
    }

    fn answers(sql: &mut Sql<'_>, rows: &[Self], call: &Call) -> Result<Vec<Value>, StoreError> {
        answers(sql, &call.cx, rows, call.query.flag("include_users") != Some(false))
    }
}

impl Record for Group {
    fn tidy(&mut self) {
        self.users.sort_unstable();
        self.users.dedup();
        self.roles.sort_unstable();
        self.roles.dedup();
    }

    fn check(&mut self, tx: &mut Tx<'_>, before: Option<&Self>) -> Result<(), ApiError> {
        self.within_bounds(tx, before)?;
        let mut errors = FieldErrors::new();
        if let Some(parent) = self.parent {
            if parent.key() == Key::Uuid(self.uuid) {
                errors.add(
                    "parent",
                    Problem::new("invalid", "Cannot set group as parent of itself."),
                );
            } else if tx
                .query_one("SELECT 1 FROM user_group WHERE uuid = $1", params![parent.key()])?
                .is_none()
            {
                errors.add("parent", Problem::missing_reference(parent.key()));
            } else if is_ancestor(tx, self.uuid, parent.key())? {
                errors.add(
                    "parent",
                    Problem::new("invalid", "Cannot set a group below this one as its parent."),
                );
            }
        }
        for user in &self.users {
            let is_known = before.is_some_and(|before| before.users.contains(user));
            let pk = user.key().int().unwrap_or_default();
            let is_there =
                tx.query_one("SELECT 1 FROM users WHERE id = $1", params![pk])?.is_some();
            if !is_there || !is_known && !may_name(tx, pk)? {
                errors.add("users", Problem::missing_reference(user.key()));
            }
        }
        for role in &self.roles {
            if tx.graph().entry(role.id()).is_none() {
                errors.add("roles", Problem::missing_reference(role.key()));
            }
        }
        if !errors.is_empty() {
            return Err(errors.into());
        }
        if before.is_some_and(|before| {
            before.is_superuser != self.is_superuser
                || before.parent != self.parent
                || before.users != self.users
        }) {
            administrators::keep_one(tx)?;
        }
        Ok(())
    }

    fn saved(&self, tx: &mut Tx<'_>, before: Option<&Self>) -> Result<(), ApiError> {
        if before.is_none_or(|before| before.users != self.users) {
            set_users(tx, self.uuid, &self.users)?;
        }
        if before.map_or(!self.roles.is_empty(), |before| before.roles != self.roles) {
            set_roles(tx, self.uuid, &self.roles)?;
        }
        crate::setup::note(tx)?;
        let (action, diff) = match before {
            None => ("model_created", None),
            Some(before) => {
                // Whom an edit concerns is one account: each member has an event of its own.
                let mut was = before.to_map();
                was.insert("users".to_owned(), self.to_map().remove("users").unwrap_or_default());
                ("model_updated", Some(audit::diff(tx.graph(), &was, &self.to_map())))
            }
        };
        let is_members_alone = diff.as_ref().is_some_and(|diff| *diff == json!({}));
        if !is_members_alone {
            audit(tx, action, self.uuid, &self.name, diff)?;
        }
        let before = before.map(|before| before.users.as_slice()).unwrap_or_default();
        let added = self
            .users
            .iter()
            .filter(|user| before.binary_search(user).is_err())
            .map(|user| (user, true));
        let gone = before
            .iter()
            .filter(|user| self.users.binary_search(user).is_err())
            .map(|user| (user, false));
        for (user, add) in added.chain(gone) {
            let pk = user.key().int().unwrap_or_default();
            audit_member(tx, self.uuid, &self.name, pk, add)?;
        }
        Ok(())
    }

    fn removing(&self, tx: &mut Tx<'_>) -> Result<(), ApiError> {
        let held = held_of(tx, self.uuid)?;
        may_give(tx, &held)?;
        administrators::keep_one(tx)?;
        Ok(tx.draft().detach(ObjectId::new(directory::Group::SPACE, Key::Uuid(self.uuid)))?)
    }

    fn removed(&self, tx: &mut Tx<'_>) -> Result<(), ApiError> {
        Ok(audit(tx, "model_deleted", self.uuid, &self.name, None)?)
    }

    fn complete(sql: &mut Sql<'_>, rows: &mut [Self]) -> Result<(), StoreError> {
        let keys: Vec<SqlValue> = rows.iter().map(|row| row.uuid.into()).collect();
        let (condition, values) = one_of("group_uuid", 0, &keys);
        let statement = format!("SELECT group_uuid, user_id FROM membership WHERE {condition}");
        let mut users: HashMap<Uuid, Vec<Ref<directory::User>>> = HashMap::new();
        for row in sql.query(&statement, &values)? {
            users.entry(row.get(0)?).or_default().push(row.read(1)?);
        }
        let (condition, values) = one_of("group_uuid", 0, &keys);
        let statement = format!("SELECT group_uuid, role FROM group_role WHERE {condition}");
        let mut roles: HashMap<Uuid, Vec<Ref<family::Role>>> = HashMap::new();
        for row in sql.query(&statement, &values)? {
            roles.entry(row.get(0)?).or_default().push(row.read(1)?);
        }
        for row in rows {
            row.roles = roles.remove(&row.uuid).unwrap_or_default();
            row.users = users.remove(&row.uuid).unwrap_or_default();
            row.tidy();
        }
        Ok(())
    }
}

impl Group {
    /// Members hold what the group gives: nobody gives what he does not hold, or takes it from
    /// those who hold more.
    fn within_bounds(&self, tx: &mut Tx<'_>, before: Option<&Self>) -> Result<(), ApiError> {
        let Some((_, bounds)) = bounds(tx)? else { return Ok(()) };
        if self.is_superuser && !before.is_some_and(|before| before.is_superuser) {
            let text = "User does not have permission to set superuser status to True.";
            return Err(ApiError::field("is_superuser", Problem::new("invalid", text)));
        }
        let mut given = Held { everything: self.is_superuser, ..Held::default() };
        if let Some(before) = before {
            given = given.and(held_of(tx, before.uuid)?);
        }
        if let Some(parent) = self.parent.and_then(|parent| parent.key().uuid()) {
            given = given.and(held_of(tx, parent)?);
        }
        let roles: Vec<Uuid> = self.roles.iter().filter_map(|role| role.key().uuid()).collect();
        let now = tx.graph().snapshot().clone();
        given = held_by_roles(tx, given, &roles, &now)?;
        if bounds.covers(&given) { Ok(()) } else { Err(denied()) }
    }
}

/// All that members hold by a group.
fn held_of(tx: &mut Tx<'_>, group: Uuid) -> Result<Held, StoreError> {
    let now = tx.graph().snapshot().clone();
    held_by_group(tx, group, &now)
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

fn answers(
    sql: &mut Sql<'_>,
    cx: &Context,
    rows: &[Group],
    with_users: bool,
) -> Result<Vec<Value>, StoreError> {
    let parents: Vec<SqlValue> =
        rows.iter().filter_map(|row| row.parent).map(|p| p.key().into()).collect();
    let (condition, values) = one_of("uuid", 0, &parents);
    let statement = format!("SELECT uuid, name FROM user_group WHERE {condition}");
    let mut names: HashMap<Uuid, String> = HashMap::new();
    for row in sql.query(&statement, &values)? {
        names.insert(row.get(0)?, row.get(1)?);
    }
    let mut members: HashMap<Uuid, Vec<Value>> = HashMap::new();
    if with_users {
        let keys: Vec<SqlValue> = rows.iter().map(|row| row.uuid.into()).collect();
        let (condition, values) = one_of("m.group_uuid", 0, &keys);
        let statement = format!(
            "SELECT m.group_uuid, u.id, u.username, u.name, u.is_active, u.last_login, u.email, u.attributes \
             FROM membership m JOIN users u ON u.id = m.user_id WHERE {condition} ORDER BY u.id"
        );
        for member in sql.query(&statement, &values)? {
            let pk: i64 = member.get(1)?;
            members.entry(member.get(0)?).or_default().push(json!({
                "pk": pk,
                "username": member.get::<String>(2)?,
                "name": member.get::<String>(3)?,
                "is_active": member.get::<bool>(4)?,
                "last_login": member.get::<Option<Timestamp>>(5)?.map(Timestamp::iso),
                "email": member.get::<String>(6)?,
                "attributes": member.get::<Value>(7)?,
                "uid": cx.uid(pk),
            }));
        }
    }
    let answer = |row: &Group| {
        let mut answer = plain(row);
        let parent = row.parent.and_then(|parent| names.get(&parent.key().uuid()?));
        let users = members.remove(&row.uuid).unwrap_or_default();
        answer.insert("num_pk".to_owned(), num_pk(row.uuid).into());
        answer.insert("parent_name".to_owned(), parent.cloned().into());
        answer.insert("users_obj".to_owned(), if with_users { users.into() } else { Value::Null });
        let snapshot = cx.snapshot();
        // A role that is gone gives nothing.
        let roles: Vec<_> = row.roles.iter().filter_map(|role| snapshot.entry(role.id())).collect();
        let keys = roles.iter().map(|role| role.id.key.to_json()).collect::<Value>();
        let named = |role: &&std::sync::Arc<Entry>| json!({"pk": role.id.key.to_json(), "name": role.label()});
        answer.insert("roles_obj".to_owned(), roles.iter().map(named).collect());
        answer.insert("roles".to_owned(), keys);
        Value::Object(answer)
    };
    Ok(rows.iter().map(answer).collect())
}

/// Groups inside other objects: `group_obj`.
pub(crate) fn embedded(
    sql: &mut Sql<'_>,
    cx: &Context,
    ids: &[ObjectId],
) -> Result<Vec<(ObjectId, Value)>, StoreError> {
    let keys: Vec<SqlValue> = ids.iter().map(|id| id.key.into()).collect();
    let rows: Vec<Group> = find_all(sql, &keys)?;
    let found: Vec<ObjectId> = rows
        .iter()
        .map(|row| ObjectId::new(directory::Group::SPACE, Key::Uuid(row.uuid)))
        .collect();
    Ok(found.into_iter().zip(answers(sql, cx, &rows, true)?).collect())
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

fn set_roles(tx: &mut Tx<'_>, uuid: Uuid, roles: &[Ref<family::Role>]) -> Result<(), StoreError> {
    tx.execute("DELETE FROM group_role WHERE group_uuid = $1", params![uuid])?;
    for role in roles {
        tx.execute(
            "INSERT INTO group_role (group_uuid, role) VALUES ($1, $2)",
            params![uuid, role.key()],
        )?;
    }
    Ok(())
}

pub(crate) fn actions() -> Vec<Operation> {
    vec![
        Operation::new(
            Method::POST,
            "core/groups/{group_uuid}/add_user/",
            "core_groups_add_user_create",
            Access::on(Permission::ADD_USER_TO_GROUP),
            |call: Call| change_member(call, true),
        )
        .request("UserAccountRequest"),
        Operation::new(
            Method::POST,
            "core/groups/{group_uuid}/remove_user/",
            "core_groups_remove_user_create",
            Access::on(Permission::REMOVE_USER_FROM_GROUP),
            |call: Call| change_member(call, false),
        )
        .request("UserAccountRequest"),
    ]
}

async fn change_member(call: Call, add: bool) -> Result<Response, ApiError> {
    let uuid = call.row()?;
    let body = call.object()?;
    let no_such_user = || ApiError::detail(http::StatusCode::NOT_FOUND, "Not found.");
    let pk = body
        .get("pk")
        .and_then(|pk| pk.as_i64().or_else(|| pk.as_str().and_then(|s| s.parse().ok())))
        .ok_or_else(no_such_user)?;
    call.cx
        .store
        .write(call.actor(), "group members changed", move |tx| {
            let Some(row) =
                tx.query_one("SELECT name FROM user_group WHERE uuid = $1", params![uuid])?
            else {
                return Err(ApiError::not_found("Group"));
            };
            let is_there =
                tx.query_one("SELECT 1 FROM users WHERE id = $1", params![pk])?.is_some();
            if !is_there || add && !may_name(tx, pk)? {
                return Err(no_such_user());
            }
            let uuid = uuid.uuid().unwrap_or_default();
            move_members(tx, (uuid, &row.get::<String>(0)?), &[(pk, add)])
        })
        .await?;
    Ok(no_content())
}

/// Puts accounts into a group (`true`), or takes them out.
///
/// # Errors
/// Who acts may not, or it is the last administrator.
pub fn move_members(
    tx: &mut Tx<'_>,
    (group, name): (Uuid, &str),
    accounts: &[(i64, bool)],
) -> Result<(), ApiError> {
    let held = held_of(tx, group)?;
    may_give(tx, &held)?;
    if accounts.iter().any(|(_, add)| !add) {
        administrators::keep_one(tx)?;
    }
    for (account, add) in accounts.iter().copied() {
        let changed = if add {
            tx.execute("INSERT INTO membership (user_id, group_uuid) VALUES ($1, $2) ON CONFLICT (user_id, group_uuid) DO NOTHING", params![account, group])?
        } else {
            tx.execute(
                "DELETE FROM membership WHERE user_id = $1 AND group_uuid = $2",
                params![account, group],
            )?
        };
        if changed > 0 {
            crate::setup::note(tx)?;
            audit_member(tx, group, name, account, add)?;
        }
    }
    Ok(())
}

/// The event of somebody put into a group, or taken out, about that account.
fn audit_member(
    tx: &mut Tx<'_>,
    uuid: Uuid,
    name: &str,
    pk: i64,
    add: bool,
) -> Result<(), StoreError> {
    let diff = json!({"users": {if add { "add" } else { "remove" }: [pk]}});
    let group = model_reference("authentik_core", "group", &uuid.to_string(), name);
    let account = account_of(tx, pk)?;
    audit::record(tx, "model_updated", group, Some(diff), account)
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
