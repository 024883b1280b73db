//! `core/users`: accounts of people and of services.

use std::collections::HashMap;

use countersign_accounts::end_sessions_of;
use countersign_core::{Access, ApiError, BoxFuture, Call, Context, Identity};
use countersign_events::{Event, emit, model_reference};
use countersign_model::{
    Choice, ChoiceValue, EmailAddress, FieldErrors, Fields, Input, JsonMap, Key, KindMeta, Mode,
    ObjectId, Problem, Ref, Target, Timestamp, directory,
};
use countersign_rest::{Column, ColumnKind, Rows, Scope, TableMeta};
use countersign_store::{ActorUser, Sql, SqlValue, StoreError, Tx, params};
use http::StatusCode;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::passwords::unusable;
use crate::search;
use crate::settings::SystemSettings;
use crate::{administrators, audit, groups, setup, used_by, username};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum UserType {
    Internal,
    External,
    ServiceAccount,
    InternalServiceAccount,
}

/// An account of a person or of a service.
#[derive(Debug, Clone, Fields)]
#[kind(path = "core/users", model = "authentik_core.user", schema = "User", title = "User", space = "user", key = Int, lookup = "id", label = "username", ordering = "username")]
pub struct UserFields {
    /// The user's primary identifier. 150 characters or fewer.
    #[field(label = "Username", unique, max_length = 150)]
    pub username: String,
    /// User's display name.
    #[field(label = "Name", blank)]
    pub name: String,
    /// Internal users might be users such as company employees, external users are those who sign
    /// up or are invited.
    #[field(label = "User type", default = UserType::Internal)]
    pub r#type: UserType,
    #[field(label = "Email", default, max_length = 254)]
    pub email: EmailAddress,
    /// Whether this user may sign in. Deactivating ends the user's sessions.
    #[field(label = "Is active", default = true)]
    pub is_active: bool,
    /// Where the user stands in the tree of users, as `users/sales`.
    #[field(label = "Path", default = "users")]
    pub path: String,
    #[field(label = "Groups", default)]
    pub groups: Vec<Ref<directory::Group>>,
    /// Set custom attributes.
    #[field(label = "Attributes", default)]
    pub attributes: JsonMap,
    /// Set at each sign-in; to be set by whoever moves accounts here.
    #[field(label = "Last login")]
    pub last_login: Option<Timestamp>,
}

pub struct Users;

impl Rows for Users {
    const META: &'static KindMeta = UserFields::META;
    const OPERATIONS: &'static [&'static str] =
        &["list", "create", "retrieve", "update", "partial_update", "destroy", "used_by"];
    const PARAMETERS: &'static [(&'static str, &'static str)] = &[
        ("attributes", "string"),
        ("groups_by_name", "[string]"),
        ("groups_by_pk", "[uuid]"),
        ("include_groups", "boolean"),
        ("is_superuser", "boolean"),
        ("path_startswith", "string"),
        ("type", "[string]"),
    ];
    const TABLE: &'static TableMeta = &TableMeta {
        from: "users u",
        key: "u.id",
        lookup: "u.id",
        lookup_kind: ColumnKind::Int,
        order: "username",
        searched: Some("u.searched"),
        index: Some(search::INDEX),
        columns: &[
            Column::new("username", "u.username", ColumnKind::Text).searched(),
            Column::new("name", "u.name", ColumnKind::Text).searched(),
            Column::new("email", "u.email", ColumnKind::Text).searched(),
            Column::new("uuid", "u.uuid", ColumnKind::Uuid),
            Column::new("path", "u.path", ColumnKind::Text),
            Column::new("is_active", "u.is_active", ColumnKind::Bool),
            Column::new("type", "u.type", ColumnKind::Text).unfiltered(),
            Column::new("last_login", "u.last_login", ColumnKind::Time).unfiltered(),
            Column::new("date_joined", "u.joined", ColumnKind::Time).unfiltered(),
        ],
    };

    fn scope(call: &Call) -> Result<Scope, ApiError> {
        // A user without further rights sees the own account.
        match call.caller.pk() {
            Some(pk) if !call.caller.may("authentik_core.view_user") => {
                Ok(Scope::Owned("u.id", pk))
            }
            _ => Ok(Scope::All),
        }
    }

    fn conditions(call: &Call) -> Result<Vec<(String, Vec<SqlValue>)>, ApiError> {
        conditions(call)
    }

    fn render(sql: &mut Sql<'_>, keys: &[SqlValue], call: &Call) -> Result<Vec<Value>, StoreError> {
        let with_groups = call.query.flag("include_groups") != Some(false);
        let pks: Vec<i64> = keys
            .iter()
            .filter_map(|key| if let SqlValue::Int(pk) = key { Some(*pk) } else { None })
            .collect();
        let users = countersign_accounts::identities(sql, &pks)?;
        Ok(users.iter().map(|user| to_json(user, &call.cx, with_groups)).collect())
    }

    fn create(call: Call) -> BoxFuture<Result<SqlValue, ApiError>> {
        Box::pin(async move {
            let body = call.object()?;
            let fields = UserFields::parse(&call.input(&body, Mode::Create), None)?;
            call.cx
                .store
                .write(call.actor(), "user created", move |tx| {
                    create(tx, &fields, None).map(SqlValue::from)
                })
                .await
        })
    }

    fn update(call: Call, key: SqlValue, mode: Mode) -> BoxFuture<Result<(), ApiError>> {
        Box::pin(async move {
            let SqlValue::Int(pk) = key else { return Err(ApiError::not_found("User")) };
            let body = call.object()?;
            let moved = call.clone();
            call.cx
                .store
                .write(call.actor(), "user changed", move |tx| {
                    let base = fields_of(tx, pk)?.ok_or_else(|| ApiError::not_found("User"))?;
                    let fields = UserFields::parse(&moved.input(&body, mode), Some(&base))?;
                    update(tx, pk, &base, &fields)
                })
                .await
        })
    }

    fn destroy(call: Call, key: SqlValue) -> BoxFuture<Result<(), ApiError>> {
        Box::pin(async move {
            let SqlValue::Int(pk) = key else { return Err(ApiError::not_found("User")) };
            call.cx.store.write(call.actor(), "user deleted", move |tx| delete(tx, pk)).await
        })
    }

    fn used_by(call: Call, key: SqlValue) -> BoxFuture<Result<Value, ApiError>> {
        Box::pin(async move {
            let SqlValue::Int(pk) = key else { return Err(ApiError::not_found("User")) };
            Ok(used_by::of_user(&call, pk).await?)
        })
    }

    fn access(operation: &str) -> Access {
        match operation {
            "create" => Access::permission("authentik_core", "add", "user"),
            "update" | "partial_update" => Access::permission("authentik_core", "change", "user"),
            "destroy" => Access::permission("authentik_core", "delete", "user"),
            _ => Access::permission("authentik_core", "view", "user"),
        }
    }
}

/// Members of groups of superusers, or of their children.
const SUPERUSERS: &str = "SELECT m.user_id FROM membership m WHERE m.group_uuid IN (\
    WITH RECURSIVE down (uuid) AS (SELECT uuid FROM user_group WHERE is_superuser = 1 \
    UNION SELECT g.uuid FROM user_group g JOIN down d ON g.parent = d.uuid) SELECT uuid FROM down)";

fn conditions(call: &Call) -> Result<Vec<(String, Vec<SqlValue>)>, ApiError> {
    let mut all: Vec<(String, Vec<SqlValue>)> = Vec::new();
    let types: Vec<&str> = call.query.all("type").filter(|t| !t.is_empty()).collect();
    for wanted in &types {
        if UserType::from_value(wanted).is_none() {
            let text =
                format!("Select a valid choice. {wanted} is not one of the available choices.");
            return Err(ApiError::field("type", Problem::new("invalid_choice", text)));
        }
    }
    if !types.is_empty() {
        let marks = vec!["?"; types.len()].join(", ");
        all.push((format!("u.type IN ({marks})"), types.into_iter().map(SqlValue::from).collect()));
    }
    if let Some(start) = call.query.get("path_startswith").filter(|p| !p.is_empty()) {
        all.push((
            "SUBSTR(u.path, 1, ?) = ?".to_owned(),
            vec![i64::try_from(start.chars().count()).unwrap_or(0).into(), start.into()],
        ));
    }
    if let Some(wanted) = call.query.flag("is_superuser") {
        all.push((
            format!("u.id {} ({SUPERUSERS})", if wanted { "IN" } else { "NOT IN" }),
            Vec::new(),
        ));
    }
    let names: Vec<&str> = call.query.all("groups_by_name").filter(|n| !n.is_empty()).collect();
    if !names.is_empty() {
        let marks = vec!["?"; names.len()].join(", ");
        let text = format!(
            "u.id IN (SELECT m.user_id FROM membership m JOIN user_group g ON g.uuid = m.group_uuid WHERE g.name IN ({marks}))"
        );
        all.push((text, names.into_iter().map(SqlValue::from).collect()));
    }
    let keys: Vec<&str> = call.query.all("groups_by_pk").filter(|n| !n.is_empty()).collect();
    if !keys.is_empty() {
        let mut uuids = Vec::new();
        for key in &keys {
            let uuid = Uuid::parse_str(key).map_err(|_| {
                ApiError::field(
                    "groups_by_pk",
                    Problem::new("invalid", format!("“{key}” is not a valid UUID.")),
                )
            })?;
            uuids.push(SqlValue::from(uuid));
        }
        let marks = vec!["?"; uuids.len()].join(", ");
        all.push((
            format!("u.id IN (SELECT user_id FROM membership WHERE group_uuid IN ({marks}))"),
            uuids,
        ));
    }
    if let Some(text) = call.query.get("attributes").filter(|a| !a.is_empty()) {
        all.extend(attribute_conditions("u.attributes", text)?);
    }
    Ok(all)
}

/// `{"a__b": 1}` or `{"a": {"b": 1}}`: the value at `a.b` of an attributes column equals.
pub(crate) fn attribute_conditions(
    column: &str,
    text: &str,
) -> Result<Vec<(String, Vec<SqlValue>)>, ApiError> {
    let Ok(Value::Object(wanted)) = serde_json::from_str::<Value>(text) else {
        return Err(ApiError::Body(
            StatusCode::BAD_REQUEST,
            json!(["filter: failed to parse JSON"]),
        ));
    };
    let mut all = Vec::new();
    for (key, value) in wanted {
        let path = key.split("__").fold("$".to_owned(), |path, part| step(&path, part));
        // No engine can be asked for such a key, and no attributes have one.
        if path.contains("\\u0000") {
            all.push(("1 = 0".to_owned(), Vec::new()));
            continue;
        }
        leaves(&path, &value, &mut |path, value| {
            all.push((format!("json_extract({column}, ?) = ?"), vec![path.into(), value]));
        });
    }
    Ok(all)
}

/// A key in a path is written as in JSON, for both engines.
fn step(path: &str, part: &str) -> String {
    format!("{path}.{}", Value::from(part))
}

/// Every leaf of a JSON value with its path; lists count as leaves, compared as text.
fn leaves(path: &str, value: &Value, visit: &mut dyn FnMut(&str, SqlValue)) {
    match value {
        Value::Object(map) => {
            map.iter().for_each(|(key, inner)| leaves(&step(path, key), inner, visit));
        }
        Value::Bool(b) => visit(path, (*b).into()),
        Value::Number(n) => visit(path, n.as_i64().map_or(SqlValue::Null, SqlValue::from)),
        Value::String(s) => visit(path, s.into()),
        other => visit(path, other.to_string().into()),
    }
}

/// An account as `core/users/` answers it.
pub fn to_json(user: &Identity, cx: &Context, with_groups: bool) -> Value {
    let direct: Vec<_> = user.direct_groups().collect();
    let groups: Value = direct.iter().map(|g| Value::from(g.uuid.to_string())).collect();
    let parents: HashMap<Uuid, &str> =
        user.groups.iter().map(|g| (g.uuid, g.name.as_str())).collect();
    let groups_obj: Value = direct.iter().map(|g| groups::membership_json(g, &parents)).collect();
    json!({
        "pk": user.pk,
        "username": user.username,
        "name": user.name,
        "is_active": user.is_active,
        "last_login": user.last_login.map(Timestamp::iso),
        "date_joined": user.date_joined.iso(),
        "is_superuser": user.is_superuser(),
        "groups": groups,
        "groups_obj": if with_groups { groups_obj } else { Value::Null },
        "email": user.email,
        "avatar": crate::avatar(&user.name, &user.username),
        "attributes": user.attributes,
        "uid": cx.uid(user.pk),
        "path": user.path,
        "type": user.user_type,
        "uuid": user.uuid.to_string(),
        "password_change_date": user.password_change_date.iso(),
        // Ours: the date above is that of the account where nobody set a password.
        "has_usable_password": user.has_usable_password,
    })
}

/// Users inside other objects: `user_obj`.
pub(crate) fn embedded(
    sql: &mut Sql<'_>,
    cx: &Context,
    ids: &[ObjectId],
) -> Result<Vec<(ObjectId, Value)>, StoreError> {
    let mut rows = Vec::new();
    for id in ids {
        if let Some(pk) = id.key.int()
            && let Some(user) = countersign_accounts::identity(sql, pk)?
        {
            rows.push((*id, to_json(&user, cx, true)));
        }
    }
    Ok(rows)
}

/// The rules of an account below all doors; gives the username as it is stored.
fn check(
    tx: &mut Tx<'_>,
    fields: &UserFields,
    before: Option<&UserFields>,
) -> Result<String, ApiError> {
    let mut errors = FieldErrors::new();
    // A name that was stored before there were rules stays as it is.
    let unchanged = before.is_some_and(|before| before.username == fields.username);
    let username =
        if unchanged { Ok(fields.username.clone()) } else { username::prepare(&fields.username) };
    if let Err(problem) = &username {
        errors.add("username", problem.clone());
    }
    if fields.path.starts_with('/') || fields.path.ends_with('/') {
        errors.add("path", Problem::new("invalid", "No leading or trailing slashes allowed."));
    } else if fields.path.split('/').any(str::is_empty) {
        errors.add("path", Problem::new("invalid", "No empty segments in user path allowed."));
    }
    let internal = UserType::InternalServiceAccount;
    match before.map(|b| b.r#type) {
        Some(was) if was == internal && fields.r#type != internal => {
            errors.add(
                "type",
                Problem::new(
                    "invalid",
                    "Can't change internal service account to other user type.",
                ),
            );
        }
        Some(was) if was == internal => {}
        _ if fields.r#type == internal && tx.actor().user.is_some() => {
            errors.add(
                "type",
                Problem::new(
                    "invalid",
                    "Setting a user to internal service account is not allowed.",
                ),
            );
        }
        _ => {}
    }
    for group in &fields.groups {
        if tx.query_one("SELECT 1 FROM user_group WHERE uuid = $1", params![group.key()])?.is_none()
        {
            errors.add("groups", Problem::missing_reference(group.key()));
        }
    }
    match username {
        Ok(username) if errors.is_empty() => Ok(username),
        _ => Err(errors.into()),
    }
}

/// Makes an account. `password` is a stored hash; without one the account has no usable password.
///
/// # Errors
/// Field errors, as a taken name.
pub fn create(
    tx: &mut Tx<'_>,
    fields: &UserFields,
    password: Option<String>,
) -> Result<i64, ApiError> {
    let username = check(tx, fields, None)?;
    let (now, uuid) = (tx.now(), tx.entropy().uuid());
    let with_password = password.is_some();
    let password = password.unwrap_or_else(|| unusable(tx.entropy()));
    let attributes = Value::Object(fields.attributes.0.clone());
    let row = tx.query_one(
        "INSERT INTO users (uuid, username, username_fold, name, email, email_fold, password, password_changed, is_active, last_login, joined, path, type, attributes) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $13, $8, $10, $11, $12) RETURNING id",
        params![
            uuid,
            &username,
            username::fold(&username),
            &fields.name,
            &*fields.email,
            fields.email.to_lowercase(),
            password,
            now,
            fields.is_active,
            &fields.path,
            fields.r#type.value(),
            attributes,
            fields.last_login
        ],
    )?;
    let pk: i64 = row.ok_or_else(|| ApiError::object("The user was not created."))?.get(0)?;
    set_groups(tx, pk, &fields.groups)?;
    setup::note(tx)?;
    let account = ActorUser { pk, username, email: fields.email.to_string() };
    audit(tx, "model_created", &account, None)?;
    if with_password {
        password_set(tx, account)?;
    }
    Ok(pk)
}

/// Changes an account; deactivating ends its sessions and OAuth tokens.
///
/// # Errors
/// Field errors, as a taken name.
pub fn update(
    tx: &mut Tx<'_>,
    pk: i64,
    before: &UserFields,
    fields: &UserFields,
) -> Result<(), ApiError> {
    if before.to_map() == fields.to_map() {
        return Ok(());
    }
    let username = check(tx, fields, Some(before))?;
    if before.is_active && !fields.is_active && tx.actor().is(pk) {
        return Err(ApiError::field(
            "is_active",
            Problem::new(
                "own_account",
                "You cannot deactivate the account you are signed in with.",
            ),
        ));
    }
    if (before.is_active && !fields.is_active)
        || before.groups != fields.groups
        || before.r#type != fields.r#type
    {
        administrators::keep_one(tx)?;
    }
    let attributes = Value::Object(fields.attributes.0.clone());
    tx.execute(
        "UPDATE users SET username = $1, username_fold = $2, name = $3, email = $4, email_fold = $5, is_active = $6, path = $7, type = $8, attributes = $9, last_login = $11 WHERE id = $10",
        params![
            &username,
            username::fold(&username),
            &fields.name,
            &*fields.email,
            fields.email.to_lowercase(),
            fields.is_active,
            &fields.path,
            fields.r#type.value(),
            attributes,
            pk,
            fields.last_login
        ],
    )?;
    if before.groups != fields.groups {
        set_groups(tx, pk, &fields.groups)?;
        setup::note(tx)?;
    }
    if before.is_active && !fields.is_active {
        end_everything(tx, pk)?;
    }
    let diff = audit::diff(tx.graph(), &before.to_map(), &fields.to_map());
    audit(
        tx,
        "model_updated",
        &ActorUser { pk, username, email: fields.email.to_string() },
        Some(diff),
    )?;
    Ok(())
}

/// Sessions and OAuth grants of an account that may no longer be used.
fn end_everything(tx: &mut Tx<'_>, pk: i64) -> Result<(), StoreError> {
    end_sessions_of(tx, pk, None)?;
    revoke_grants(tx, pk)
}

/// What applications were given for an account: access and refresh tokens, and codes.
pub(crate) fn revoke_grants(tx: &mut Tx<'_>, pk: i64) -> Result<(), StoreError> {
    for table in ["access_token", "refresh_token", "authorization_code"] {
        tx.execute(&format!("UPDATE {table} SET revoked = 1 WHERE user_id = $1"), params![pk])?;
    }
    Ok(())
}

/// Makes a deactivated account active again; whether it was not.
///
/// # Errors
/// When the engine fails.
pub fn activate(tx: &mut Tx<'_>, pk: i64) -> Result<bool, ApiError> {
    let before = fields_of(tx, pk)?.ok_or_else(|| ApiError::not_found("User"))?;
    if before.is_active {
        return Ok(false);
    }
    update(tx, pk, &before, &UserFields { is_active: true, ..before.clone() })?;
    Ok(true)
}

/// Deletes an account, with what belongs to it and what names it.
///
/// # Errors
/// When an object of the configuration forbids it.
pub fn delete(tx: &mut Tx<'_>, pk: i64) -> Result<(), ApiError> {
    let account = account_of(tx, pk)?.ok_or_else(|| ApiError::not_found("User"))?;
    if tx.actor().is(pk) {
        return Err(ApiError::detail(
            StatusCode::BAD_REQUEST,
            "You cannot delete the account you are signed in with.",
        ));
    }
    administrators::keep_one(tx)?;
    tx.draft().detach(ObjectId::new(directory::User::SPACE, Key::Int(pk)))?;
    tx.execute("DELETE FROM users WHERE id = $1", params![pk])?;
    audit(tx, "model_deleted", &account, None)?;
    if SystemSettings::of(tx.graph()).gdpr_compliance {
        countersign_events::forget_user(tx, pk)?;
    }
    Ok(())
}

/// Stores a new password hash, and ends the account's other sessions.
///
/// # Errors
/// When the engine fails.
pub fn set_password_hash(
    tx: &mut Tx<'_>,
    pk: i64,
    hash: &str,
    keep: Option<[u8; 32]>,
) -> Result<(), StoreError> {
    let now = tx.now();
    tx.execute(
        "UPDATE users SET password = $1, password_changed = $2 WHERE id = $3",
        params![hash, now, pk],
    )?;
    end_sessions_of(tx, pk, keep)?;
    setup::note(tx)?;
    account_of(tx, pk)?.map_or(Ok(()), |account| password_set(tx, account))
}

fn password_set(tx: &mut Tx<'_>, account: ActorUser) -> Result<(), StoreError> {
    emit(tx, Event::new("password_set", "authentik.events.signals", json!({})).about(Some(account)))
        .map(|_| ())
}

fn set_groups(
    tx: &mut Tx<'_>,
    pk: i64,
    groups: &[Ref<directory::Group>],
) -> Result<(), StoreError> {
    tx.execute("DELETE FROM membership WHERE user_id = $1", params![pk])?;
    for group in groups {
        tx.execute("INSERT INTO membership (user_id, group_uuid) VALUES ($1, $2) ON CONFLICT (user_id, group_uuid) DO NOTHING", params![pk, group.key()])?;
    }
    Ok(())
}

/// The changeable fields of an account as they stand.
///
/// # Errors
/// When the engine fails.
pub fn fields_of(sql: &mut Sql<'_>, pk: i64) -> Result<Option<UserFields>, StoreError> {
    let Some(user) = countersign_accounts::identity(sql, pk)? else { return Ok(None) };
    let groups = user.direct_groups().map(|g| Ref::new(Key::Uuid(g.uuid))).collect();
    let attributes = match user.attributes {
        Value::Object(map) => JsonMap(map),
        _ => JsonMap::default(),
    };
    Ok(Some(UserFields {
        username: user.username,
        name: user.name,
        r#type: UserType::from_value(&user.user_type).unwrap_or(UserType::Internal),
        email: EmailAddress::from(user.email.as_str()),
        is_active: user.is_active,
        path: user.path,
        groups,
        attributes,
        last_login: user.last_login,
    }))
}

/// Parses fields that come from somewhere trusted, as a blueprint.
///
/// # Errors
/// Field errors.
pub fn parse(
    tx: &Tx<'_>,
    map: &Map<String, Value>,
    base: Option<&UserFields>,
) -> Result<UserFields, FieldErrors> {
    let mode = if base.is_some() { Mode::Patch } else { Mode::Create };
    UserFields::parse(&Input { map, mode, entropy: tx.entropy(), privileged: true }, base)
}

/// An account as events name it.
pub(crate) fn account_of(sql: &mut Sql<'_>, pk: i64) -> Result<Option<ActorUser>, StoreError> {
    let row = sql.query_one("SELECT username, email FROM users WHERE id = $1", params![pk])?;
    row.map(|row| Ok(ActorUser { pk, username: row.get(0)?, email: row.get(1)? })).transpose()
}

/// Writes the event of an edit of an account.
///
/// # Errors
/// The store fails.
pub fn audit(
    tx: &mut Tx<'_>,
    action: &str,
    account: &ActorUser,
    diff: Option<Value>,
) -> Result<(), StoreError> {
    let model =
        model_reference("authentik_core", "user", &account.pk.to_string(), &account.username);
    audit::record(tx, action, model, diff, Some(account.clone()))
}
