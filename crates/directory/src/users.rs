//! `core/users`: accounts of people and of services.

use std::collections::HashMap;

use countersign_accounts::{end_sessions_of, held_by_group, may_change, may_give, may_move};
use countersign_core::{
    ApiError, Call, Context, Identity, PasswordHash, Permission, Record, find, save,
};
use countersign_events::{Event, emit, model_reference};
use countersign_model::{
    Choice, ChoiceValue, EmailAddress, FieldErrors, Fields, JsonMap, Key, ObjectId, Problem, Ref,
    Secret, Table, Target, Timestamp, directory,
};
use countersign_rest::{Condition, Index, Resource, no_choice};
use countersign_store::{ActorUser, Sql, SqlValue, StoreError, Tx, one_of, params};
use http::StatusCode;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::passwords::unusable;
use crate::search;
use crate::settings::SystemSettings;
use crate::{administrators, audit, groups, password_history, recovery, setup, username};

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Choice)]
pub enum UserType {
    #[default]
    Internal,
    External,
    #[choice(label = "Service account")]
    ServiceAccount,
    #[choice(label = "Internal Service account", internal)]
    InternalServiceAccount,
}

/// An account of a person or of a service.
#[derive(Debug, Clone, Default, Table)]
#[kind(
    path = "core/users",
    model = "authentik_core.user",
    schema = "User",
    title = "User",
    space = "user",
    key = Int,
    lookup = "id",
    label = "username",
    named = "username name",
    ordering = "username",
    form = "username name type email is_active path",
    fold("More", "Groups and attributes"),
    aside("What happens next", "You set a password, or send the person a link to do so."),
    columns = "username: Name, is_active: Active, last_login, type: Type"
)]
#[table(
    name = "users",
    operations = "list create retrieve update partial_update destroy used_by",
    display = "{username}",
    export = Named
)]
pub struct User {
    #[column(key, owner)]
    pub id: i64,
    #[column(hidden, filter)]
    pub uuid: Uuid,
    /// What the person signs in with.
    #[field(label = "Username", unique, max_length = 150)]
    #[column(filter, search)]
    pub username: String,
    /// Names are one when they fold to the same.
    #[column(hidden)]
    pub username_fold: String,
    /// User's display name.
    #[field(label = "Name", blank)]
    #[column(filter, search)]
    pub name: String,
    #[field(label = "Email", default, max_length = 254)]
    #[column(filter, search)]
    pub email: EmailAddress,
    #[column(hidden)]
    pub email_fold: String,
    /// A hash. One that begins with an exclamation mark is no password, as the original marks it;
    /// an empty one becomes such when the account is made.
    #[column(hidden)]
    pub password: Secret,
    #[column(hidden)]
    pub password_changed: Timestamp,
    /// Inactive accounts cannot sign in.
    #[field(label = "Is active", default = true)]
    #[column(filter)]
    pub is_active: bool,
    /// Set at each sign-in; to be set by whoever moves accounts here.
    #[field(label = "Last login", hide)]
    #[column(order, local)]
    pub last_login: Option<Timestamp>,
    #[column(hidden, listed = "date_joined")]
    pub joined: Timestamp,
    /// Folder the account is kept in.
    #[field(label = "Path", default = "users")]
    #[column(filter)]
    pub path: String,
    /// Internal users might be users such as company employees, external users are those who sign
    /// up or are invited.
    #[field(label = "User type", default = UserType::Internal)]
    #[column(choice, order)]
    pub r#type: UserType,
    #[field(label = "Groups", default, group = "More")]
    #[column(computed)]
    pub groups: Vec<Ref<directory::Group>>,
    /// Set custom attributes.
    #[field(label = "Attributes", default, group = "More")]
    pub attributes: JsonMap,
}

/// Who is in which group.
#[derive(Debug, Clone, Table)]
#[table(name = "membership", link)]
pub struct Membership {
    #[column(key, sql = "user_id", belongs_to = "users.id", on_delete = Cascade, owner)]
    pub user: Ref<directory::User>,
    #[column(key, sql = "group_uuid", belongs_to = "user_group.uuid", on_delete = Cascade)]
    pub group: Ref<directory::Group>,
}

impl Resource for User {
    const PARAMETERS: &'static [(&'static str, &'static str)] = &[
        ("attributes", "string"),
        ("groups_by_name", "[string]"),
        ("groups_by_pk", "[uuid]"),
        ("include_groups", "boolean"),
        ("is_superuser", "boolean"),
        ("path_startswith", "string"),
        ("type", "[string]"),
    ];
    const INDEX: Option<Index> = Some(search::INDEX);

    fn conditions(call: &Call) -> Result<Vec<Condition>, ApiError> {
        conditions(call)
    }

    fn answers(sql: &mut Sql<'_>, rows: &[Self], call: &Call) -> Result<Vec<Value>, StoreError> {
        let with_groups = call.query.flag("include_groups") != Some(false);
        let pks: Vec<i64> = rows.iter().map(|row| row.id).collect();
        let accounts = countersign_accounts::identities(sql, &pks)?;
        Ok(accounts.iter().map(|account| to_json(account, &call.cx, with_groups)).collect())
    }
}

impl Record for User {
    const IMPORTED: &'static [&'static str] = &["password", "permissions"];

    fn import(
        &mut self,
        _tx: &mut Tx<'_>,
        values: &Map<String, Value>,
        before: Option<&Self>,
        passwords: &dyn PasswordHash,
    ) -> Result<Vec<&'static str>, ApiError> {
        let given = values.get("password").and_then(Value::as_str).filter(|text| !text.is_empty());
        let Some(password) = given else { return Ok(Vec::new()) };
        if before.is_some_and(|user| passwords.matches(password, user.password.expose())) {
            return Ok(Vec::new());
        }
        let hash = passwords.hash(password);
        let hash = hash.map_err(|why| ApiError::field("password", Problem::new("invalid", why)))?;
        self.password = Secret::new(hash);
        Ok(vec!["password"])
    }

    fn tidy(&mut self) {
        self.groups.sort_unstable();
        self.groups.dedup();
    }

    fn check(&mut self, tx: &mut Tx<'_>, before: Option<&Self>) -> Result<(), ApiError> {
        self.username = check(tx, self, before)?;
        self.username_fold = username::fold(&self.username);
        self.email_fold = self.email.to_lowercase();
        let was: &[_] = before.map_or(&[], |before| &before.groups);
        let differing = |of: &[Ref<directory::Group>], from: &[Ref<directory::Group>]| {
            let only = of.iter().filter(|group| !from.contains(group));
            only.filter_map(|group| group.key().uuid()).collect::<Vec<Uuid>>()
        };
        for group in differing(&self.groups, was) {
            may_move(tx, group, Permission::ADD_USER_TO_GROUP)?;
            let now = tx.graph().snapshot().clone();
            let held = held_by_group(tx, group, &now)?;
            may_give(tx, &held)?;
        }
        for group in differing(was, &self.groups) {
            may_move(tx, group, Permission::REMOVE_USER_FROM_GROUP)?;
        }
        let Some(before) = before else {
            let now = tx.now();
            (self.uuid, self.joined, self.password_changed) = (tx.entropy().uuid(), now, now);
            if self.password.is_empty() {
                self.password = Secret::new(unusable(tx.entropy()));
            }
            return Ok(());
        };
        if before.password != self.password {
            self.password_changed = tx.now();
        }
        may_change(tx, self.id)?;
        if before.is_active && !self.is_active && tx.actor().is(self.id) {
            return Err(ApiError::field(
                "is_active",
                Problem::new(
                    "own_account",
                    "You cannot deactivate the account you are signed in with.",
                ),
            ));
        }
        if (before.is_active && !self.is_active)
            || before.groups != self.groups
            || before.r#type != self.r#type
        {
            administrators::keep_one(tx)?;
        }
        Ok(())
    }

    /// Deactivating ends sessions and OAuth tokens.
    fn saved(&self, tx: &mut Tx<'_>, before: Option<&Self>) -> Result<(), ApiError> {
        let account = self.as_actor();
        let Some(before) = before else {
            set_groups(tx, self.id, &self.groups)?;
            setup::note(tx)?;
            audit(tx, "model_created", &account, None)?;
            if !self.password.expose().starts_with('!') {
                password_set(tx, account)?;
            }
            return Ok(());
        };
        if before.groups != self.groups {
            set_groups(tx, self.id, &self.groups)?;
            setup::note(tx)?;
        }
        let deactivated = before.is_active && !self.is_active;
        let new_password = before.password != self.password;
        if deactivated {
            end_everything(tx, self.id)?;
        }
        // Links that were sent are for the account as it was.
        if deactivated || before.email != self.email {
            recovery::end_flow_links(tx, self.id)?;
        }
        if new_password {
            recovery::end_links_of_former_password(tx, self.id)?;
            password_history::keep(tx, self.id, before.password.expose())?;
            end_sessions_of(tx, self.id, None)?;
            setup::note(tx)?;
            password_set(tx, account.clone())?;
        }
        if before.to_map() == self.to_map() {
            return Ok(());
        }
        let diff = audit::diff(tx.graph(), &before.to_map(), &self.to_map());
        Ok(audit(tx, "model_updated", &account, Some(diff))?)
    }

    fn removing(&self, tx: &mut Tx<'_>) -> Result<(), ApiError> {
        // A flow deletes the account of whoever goes through it; what it does, the configuration
        // decides.
        if tx.actor().bounded && tx.actor().is(self.id) {
            return Err(ApiError::detail(
                StatusCode::BAD_REQUEST,
                "You cannot delete the account you are signed in with.",
            ));
        }
        may_change(tx, self.id)?;
        administrators::keep_one(tx)?;
        Ok(tx.draft().detach(ObjectId::new(directory::User::SPACE, Key::Int(self.id)))?)
    }

    fn removed(&self, tx: &mut Tx<'_>) -> Result<(), ApiError> {
        audit(tx, "model_deleted", &self.as_actor(), None)?;
        if SystemSettings::of(tx.graph()).gdpr_compliance {
            countersign_events::forget_user(tx, self.id)?;
            forget(tx, self.id)?;
        }
        Ok(())
    }

    fn complete(sql: &mut Sql<'_>, rows: &mut [Self]) -> Result<(), StoreError> {
        let keys: Vec<SqlValue> = rows.iter().map(|row| row.id.into()).collect();
        let (condition, values) = one_of("user_id", 0, &keys);
        let statement = format!("SELECT user_id, group_uuid FROM membership WHERE {condition}");
        let mut groups: HashMap<i64, Vec<Ref<directory::Group>>> = HashMap::new();
        for row in sql.query(&statement, &values)? {
            groups.entry(row.get(0)?).or_default().push(row.read(1)?);
        }
        for row in rows {
            row.groups = groups.remove(&row.id).unwrap_or_default();
            row.tidy();
        }
        Ok(())
    }
}

/// Removes what belongs to a deleted account and the database does not tie to it.
fn forget(tx: &mut Tx<'_>, pk: i64) -> Result<(), StoreError> {
    let owned = tx.registry().tables().filter_map(|table| Some((table.name, table.owner()?)));
    let loose: Vec<String> = owned
        .filter(|(_, owner)| owner.belongs_to.is_none() && !owner.key)
        .map(|(name, owner)| format!("DELETE FROM {name} WHERE {} = $1", owner.sql))
        .collect();
    loose.iter().try_for_each(|statement| tx.execute(statement, params![pk]).map(|_| ()))
}

impl User {
    /// As events name the account.
    fn as_actor(&self) -> ActorUser {
        let (username, email) = (self.username.clone(), self.email.to_string());
        ActorUser { pk: self.id, username, email }
    }
}

/// Members of groups of superusers, or of their children.
pub(crate) const SUPERUSERS: &str = "SELECT m.user_id FROM membership m WHERE m.group_uuid IN (\
    WITH RECURSIVE down (uuid) AS (SELECT uuid FROM user_group WHERE is_superuser = 1 \
    UNION SELECT g.uuid FROM user_group g JOIN down d ON g.parent = d.uuid) SELECT uuid FROM down)";

fn conditions(call: &Call) -> Result<Vec<(String, Vec<SqlValue>)>, ApiError> {
    let mut all: Vec<(String, Vec<SqlValue>)> = Vec::new();
    let types: Vec<&str> = call.query.all("type").filter(|t| !t.is_empty()).collect();
    for wanted in &types {
        if UserType::from_value(wanted).is_none() {
            return Err(ApiError::field("type", no_choice(wanted)));
        }
    }
    if !types.is_empty() {
        let marks = vec!["?"; types.len()].join(", ");
        all.push((format!("t.type IN ({marks})"), types.into_iter().map(SqlValue::from).collect()));
    }
    if let Some(start) = call.query.get("path_startswith").filter(|p| !p.is_empty()) {
        all.push((
            "SUBSTR(t.path, 1, ?) = ?".to_owned(),
            vec![i64::try_from(start.chars().count()).unwrap_or(0).into(), start.into()],
        ));
    }
    if let Some(wanted) = call.query.flag("is_superuser") {
        all.push((
            format!("t.id {} ({SUPERUSERS})", if wanted { "IN" } else { "NOT IN" }),
            Vec::new(),
        ));
    }
    let names: Vec<&str> = call.query.all("groups_by_name").filter(|n| !n.is_empty()).collect();
    if !names.is_empty() {
        let marks = vec!["?"; names.len()].join(", ");
        let text = format!(
            "t.id IN (SELECT m.user_id FROM membership m JOIN user_group g ON g.uuid = m.group_uuid WHERE g.name IN ({marks}))"
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
            format!("t.id IN (SELECT user_id FROM membership WHERE group_uuid IN ({marks}))"),
            uuids,
        ));
    }
    if let Some(text) = call.query.get("attributes").filter(|a| !a.is_empty()) {
        all.extend(attribute_conditions("t.attributes", text)?);
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
        "avatar": crate::avatar(cx, user),
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
    let found = named(sql, cx, ids.iter().map(|id| Some(Ref::new(id.key))))?;
    Ok(found.into_iter().map(|(user, answer)| (user.id(), answer)).collect())
}

/// The users that some rows name, as `core/users/` answers them.
///
/// # Errors
/// When the engine fails.
pub fn named(
    sql: &mut Sql<'_>,
    cx: &Context,
    users: impl Iterator<Item = Option<Ref<directory::User>>>,
) -> Result<HashMap<Ref<directory::User>, Value>, StoreError> {
    let pks: Vec<i64> = users.filter_map(|user| user?.key().int()).collect();
    let accounts = countersign_accounts::identities(sql, &pks)?;
    let answer = |account: &Identity| (Ref::new(Key::Int(account.pk)), to_json(account, cx, true));
    Ok(accounts.iter().map(answer).collect())
}

/// The rules of an account below all doors; gives the username as it is stored.
fn check(tx: &mut Tx<'_>, fields: &User, before: Option<&User>) -> Result<String, ApiError> {
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

/// Sessions and OAuth grants of an account that may no longer be used.
fn end_everything(tx: &mut Tx<'_>, pk: i64) -> Result<(), StoreError> {
    end_sessions_of(tx, pk, None)?;
    revoke_grants(tx, pk)
}

/// Deactivates an account and ends all that acts in its name: sessions, tokens, app passwords, links
/// and what applications were given. One event says so.
///
/// # Errors
/// 400 for the own account or the last administrator, 403 for one that holds more than who acts.
pub(crate) fn lock(tx: &mut Tx<'_>, pk: i64, reason: &str) -> Result<(), ApiError> {
    may_change(tx, pk)?;
    if tx.actor().is(pk) {
        let text = "You cannot lock the account you are signed in with.";
        return Err(ApiError::detail(StatusCode::BAD_REQUEST, text));
    }
    administrators::keep_one(tx)?;
    let account = account_of(tx, pk)?.ok_or_else(|| ApiError::not_found("User"))?;
    tx.execute("UPDATE users SET is_active = 0 WHERE id = $1", params![pk])?;
    end_everything(tx, pk)?;
    let tokens = tx.execute("DELETE FROM token WHERE user_id = $1", params![pk])?;
    let context = json!({"reason": reason, "tokens": tokens});
    let event = Event::new("custom_account_locked", "countersign.users", context);
    emit(tx, event.about(Some(account)))?;
    Ok(())
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
    let before = find::<User>(tx, pk)?.ok_or_else(|| ApiError::not_found("User"))?;
    if before.is_active {
        return Ok(false);
    }
    save(tx, User { is_active: true, ..before.clone() }, Some(&before))?;
    Ok(true)
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
) -> Result<(), ApiError> {
    may_change(tx, pk)?;
    let now = tx.now();
    let former = tx.query_one("SELECT password FROM users WHERE id = $1", params![pk])?;
    let former: String = former.map_or(Ok(String::new()), |row| row.get(0))?;
    password_history::keep(tx, pk, &former)?;
    tx.execute(
        "UPDATE users SET password = $1, password_changed = $2 WHERE id = $3",
        params![hash, now, pk],
    )?;
    end_sessions_of(tx, pk, keep)?;
    recovery::end_links_of_former_password(tx, pk)?;
    setup::note(tx)?;
    Ok(account_of(tx, pk)?.map_or(Ok(()), |account| password_set(tx, account))?)
}

/// Takes away a password that is too old to sign in with, and ends the account's sessions. When it
/// was set stays: it is still too old.
///
/// # Errors
/// It is that of the last administrator, or the engine fails.
pub fn expire_password(tx: &mut Tx<'_>, pk: i64) -> Result<(), ApiError> {
    let Some(before) = find::<User>(tx, pk)? else { return Ok(()) };
    if before.password.expose().starts_with('!') {
        return Ok(());
    }
    administrators::keep_one(tx)?;
    password_history::keep(tx, pk, before.password.expose())?;
    let unusable = unusable(tx.entropy());
    tx.execute("UPDATE users SET password = $1 WHERE id = $2", params![unusable, pk])?;
    end_sessions_of(tx, pk, None)?;
    let masked = json!({"previous_value": Secret::MASK, "new_value": Secret::MASK});
    Ok(audit(tx, "model_updated", &before.as_actor(), Some(json!({"password": masked})))?)
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
