//! Which identity of a source is whose: rows of people and of groups.

use countersign_accounts::{bounds, may_move, may_name, require_recent_sign_in};
use countersign_core::{ApiError, Call, Caller, Permission, Query, Record, RenderContext};
use countersign_directory::username;
use countersign_events::{Event, created, deleted, emit, model_reference};
use countersign_model::{
    Entry, FieldErrors, Fields as _, Key, Problem, Ref, Table, Target as _, Timestamp, directory,
};
use countersign_rest::{Condition, Resource, plain, rendered_member};
use countersign_store::{Row, Sql, StoreError, Tx, params};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::matching::Candidate;
use crate::source::{self, Source, UserMatchingMode};

/// Longer than what any protocol calls somebody: a `NameID` of SAML has 256 signs at most.
pub const LONGEST_IDENTIFIER: usize = 1024;

/// The identity of an account at a source.
#[derive(Debug, Clone, Table)]
#[kind(
    path = "sources/user_connections/all",
    model = "authentik_core.usersourceconnection",
    schema = "UserSourceConnection",
    title = "user source connection",
    key = Int,
    lookup = "id",
    ordering = "pk",
    label = "identifier",
    hidden
)]
#[table(
    name = "user_source_connection",
    operations = "list retrieve update partial_update destroy used_by",
    everybody,
    display = "User source connection {identifier}"
)]
pub struct UserSourceConnection {
    #[column(key)]
    pub id: i64,
    #[field(label = "User")]
    #[column(
        sql = "user_id",
        filter,
        belongs_to = "users.id",
        on_delete = Cascade,
        owner
    )]
    pub user: Ref<directory::User>,
    #[field(label = "Source")]
    pub source: Ref<dyn Source>,
    /// What the source calls the person.
    #[field(label = "Identifier", max_length = 1024)]
    #[column(search)]
    pub identifier: String,
    #[field(read_only, default = Timestamp::default())]
    #[column(order)]
    pub created: Timestamp,
    #[field(read_only, default = Timestamp::default())]
    #[column(order)]
    pub last_updated: Timestamp,
}

/// The group of a source that a group here is.
#[derive(Debug, Clone, Table)]
#[kind(
    path = "sources/group_connections/all",
    model = "authentik_core.groupsourceconnection",
    schema = "GroupSourceConnection",
    title = "Group Source Connection",
    key = Int,
    lookup = "id",
    ordering = "pk",
    label = "identifier",
    hidden
)]
#[table(
    name = "group_source_connection",
    operations = "list retrieve update partial_update destroy used_by",
    display = "Group source connection {identifier}"
)]
pub struct GroupSourceConnection {
    #[column(key)]
    pub id: i64,
    #[field(label = "Group")]
    #[column(sql = "group_uuid", filter, belongs_to = "user_group.uuid", on_delete = Cascade)]
    pub group: Ref<directory::Group>,
    #[field(label = "Source")]
    pub source: Ref<dyn Source>,
    /// What the source calls the group.
    #[field(label = "Identifier", max_length = 1024)]
    #[column(search)]
    pub identifier: String,
    #[field(read_only, default = Timestamp::default())]
    #[column(order)]
    pub created: Timestamp,
    #[field(read_only, default = Timestamp::default())]
    #[column(order)]
    pub last_updated: Timestamp,
}

/// What the rows of both tables keep to.
fn known_source(
    tx: &Tx<'_>,
    source: Ref<dyn Source>,
    before: Option<Ref<dyn Source>>,
    errors: &mut FieldErrors,
) {
    let is_there = tx.graph().entry(source.id()).is_some_and(|entry| source::of(entry).is_some());
    if before != Some(source) && !is_there {
        errors.add("source", Problem::missing_reference(source.key()));
    }
}

/// What is said of a row whose like there is already.
fn taken(error: StoreError, whose: &str) -> ApiError {
    match error {
        StoreError::Conflict { .. } => ApiError::object(format!(
            "This identity is connected already, or the {whose} has another one of the source."
        )),
        other => other.into(),
    }
}

impl Record for UserSourceConnection {
    fn check(&mut self, tx: &mut Tx<'_>, before: Option<&Self>) -> Result<(), ApiError> {
        let mut errors = FieldErrors::new();
        known_source(tx, self.source, before.map(|before| before.source), &mut errors);
        let pk = self.user.key().int().unwrap_or_default();
        let is_there = tx.query_one("SELECT 1 FROM users WHERE id = $1", params![pk])?.is_some();
        if !is_there || before.is_none_or(|before| before.user != self.user) && !may_name(tx, pk)? {
            errors.add("user", Problem::missing_reference(self.user.key()));
        }
        if !errors.is_empty() {
            return Err(errors.into());
        }
        self.last_updated = tx.now();
        if before.is_none() {
            self.created = self.last_updated;
        }
        Ok(())
    }

    fn saved(&self, tx: &mut Tx<'_>, before: Option<&Self>) -> Result<(), ApiError> {
        let Some(before) = before else { return Ok(created(tx, self)?) };
        if (before.user, before.source) == (self.user, self.source)
            && before.identifier == self.identifier
        {
            return Ok(());
        }
        let user = self.user.key().int().unwrap_or_default();
        let subject = countersign_accounts::identity(tx, user)?.map(|user| user.as_actor());
        Ok(changed::<Self>(tx, self.id, &before.to_map(), &self.to_map(), subject)?)
    }

    fn removed(&self, tx: &mut Tx<'_>) -> Result<(), ApiError> {
        Ok(deleted(tx, self)?)
    }

    fn taken(error: StoreError) -> ApiError {
        taken(error, "user")
    }
}

impl GroupSourceConnection {
    /// Whether it connects the same two as another.
    fn is_like(&self, other: &Self) -> bool {
        (other.group, other.source) == (self.group, self.source)
            && other.identifier == self.identifier
    }
}

/// Whether who acts may view a group: what may not be viewed is not there to be named.
fn may_view(tx: &mut Tx<'_>, group: Uuid) -> Result<bool, StoreError> {
    const VIEW: Permission = Permission::on("authentik_core.group", "view");
    Ok(bounds(tx)?.is_none_or(|(_, held)| held.has_row(VIEW, group.into())))
}

impl Record for GroupSourceConnection {
    fn check(&mut self, tx: &mut Tx<'_>, before: Option<&Self>) -> Result<(), ApiError> {
        let mut errors = FieldErrors::new();
        known_source(tx, self.source, before.map(|before| before.source), &mut errors);
        let group = self.group.key().uuid().unwrap_or_default();
        let found = tx.query_one("SELECT 1 FROM user_group WHERE uuid = $1", params![group])?;
        let is_same = before.is_some_and(|before| self.is_like(before));
        if found.is_none() || !is_same && !may_view(tx, group)? {
            errors.add("group", Problem::missing_reference(self.group.key()));
        }
        if !errors.is_empty() {
            return Err(errors.into());
        }
        // Whom the source names becomes a member, and whom it does not name is none any more. Of the
        // group that it led to, too.
        if !is_same {
            let was = before.and_then(|before| before.group.key().uuid());
            for group in was.into_iter().chain([group]) {
                may_move(tx, group, Permission::ADD_USER_TO_GROUP)?;
                may_move(tx, group, Permission::REMOVE_USER_FROM_GROUP)?;
            }
        }
        // Membership gives what the group gives.
        let now = tx.graph().snapshot().clone();
        let held = countersign_accounts::held_by_group(tx, group, &now)?;
        countersign_accounts::may_give(tx, &held)?;
        self.last_updated = tx.now();
        if before.is_none() {
            self.created = self.last_updated;
        }
        Ok(())
    }

    fn saved(&self, tx: &mut Tx<'_>, before: Option<&Self>) -> Result<(), ApiError> {
        let Some(before) = before else { return Ok(created(tx, self)?) };
        if self.is_like(before) {
            return Ok(());
        }
        Ok(changed::<Self>(tx, self.id, &before.to_map(), &self.to_map(), None)?)
    }

    fn removed(&self, tx: &mut Tx<'_>) -> Result<(), ApiError> {
        Ok(deleted(tx, self)?)
    }

    fn taken(error: StoreError) -> ApiError {
        taken(error, "group")
    }
}

/// The event of a connection that leads elsewhere now.
fn changed<T: Record>(
    tx: &mut Tx<'_>,
    id: i64,
    before: &serde_json::Map<String, Value>,
    after: &serde_json::Map<String, Value>,
    subject: Option<countersign_store::ActorUser>,
) -> Result<(), StoreError> {
    let name = after.get("identifier").and_then(Value::as_str).unwrap_or_default();
    let model = model_reference(T::META.app(), T::META.model_name(), &id.to_string(), name);
    let differing = after.iter().filter(|(name, value)| before.get(*name) != Some(value));
    let diff: serde_json::Map<String, Value> = differing
        .filter(|(name, _)| *name != "last_updated")
        .map(|(name, value)| {
            let was = before.get(name).cloned().unwrap_or_default();
            (name.clone(), json!({"previous_value": was, "new_value": value}))
        })
        .collect();
    let context = json!({"model": model, "diff": diff});
    let event = Event::new("model_updated", "authentik.audit.middleware", context);
    emit(tx, event.concerning(subject)).map(|_| ())
}

impl Resource for UserSourceConnection {
    const PARAMETERS: &'static [(&'static str, &'static str)] = &[("source__slug", "string")];

    fn conditions(call: &Call) -> Result<Vec<Condition>, ApiError> {
        Ok(by_slug(call))
    }

    fn answers(_: &mut Sql<'_>, rows: &[Self], call: &Call) -> Result<Vec<Value>, StoreError> {
        let answer = |row: &Self| {
            let mut answer = plain(row);
            let entry = call.snapshot.member(row.source);
            let by_directory = entry.is_some_and(|entry| is_directory(entry));
            answer.insert("from_directory".to_owned(), by_directory.into());
            with_source(answer, row.source, call)
        };
        Ok(rows.iter().map(answer).collect())
    }

    fn admit(
        &mut self,
        _: &mut Tx<'_>,
        call: &Call,
        before: Option<&Self>,
    ) -> Result<(), ApiError> {
        // Everybody reaches the own rows, to see and to remove them. Nobody says of an identity
        // that it is theirs: whoever has it would get into this account instead of their own.
        let own = before.is_some_and(|before| {
            let same = (before.user, before.source) == (self.user, self.source)
                && before.identifier == self.identifier;
            !same && before.user.key().int() == call.caller.pk()
        });
        if own && !call.rights().hold(Permission::change(Self::META)) {
            return Err(ApiError::no_permission());
        }
        Ok(())
    }

    fn admit_removal(&self, tx: &mut Tx<'_>, call: &Call) -> Result<(), ApiError> {
        call.as_oneself(ACTING)?;
        let entry = tx.graph().entry(self.source.id());
        if entry.is_some_and(|entry| is_directory(entry)) {
            let delete = Permission::delete(Self::META);
            if bounds(tx)?.is_some_and(|(_, held)| !held.has_row(delete, self.id.into())) {
                return Err(ApiError::forbidden(OF_DIRECTORY));
            }
        }
        require_recent_sign_in(tx, call)
    }
}

/// Whether a source says by itself whose its identities are, as one by which nobody signs in:
/// what it closes out and what it has no more reaches an account by the connection alone, so that
/// is not the person's to end.
fn is_directory(entry: &Entry) -> bool {
    source::of(entry).is_some_and(|source| source.login_path().is_none())
}

const OF_DIRECTORY: &str =
    "A directory keeps this account. Only an administrator can disconnect it.";

const ACTING: &str =
    "You are acting as somebody else. Only they can disconnect an identity of theirs.";

impl Resource for GroupSourceConnection {
    const PARAMETERS: &'static [(&'static str, &'static str)] = &[("source__slug", "string")];

    fn conditions(call: &Call) -> Result<Vec<Condition>, ApiError> {
        Ok(by_slug(call))
    }

    fn answers(_: &mut Sql<'_>, rows: &[Self], call: &Call) -> Result<Vec<Value>, StoreError> {
        Ok(rows.iter().map(|row| with_source(plain(row), row.source, call)).collect())
    }
}

fn by_slug(call: &Call) -> Vec<Condition> {
    let Some(slug) = call.query.get("source__slug").filter(|slug| !slug.is_empty()) else {
        return Vec::new();
    };
    let found = call.snapshot.lookup(<dyn Source>::SPACE, "slug", slug);
    let key = found.map_or(Key::Uuid(Uuid::nil()), |entry| entry.id.key);
    vec![("t.source = ?".to_owned(), vec![key.into()])]
}

/// A row with its source, as anybody would see that: nothing in it depends on who asks.
fn with_source(
    mut answer: serde_json::Map<String, Value>,
    source: Ref<dyn Source>,
    call: &Call,
) -> Value {
    let (caller, query, rows) =
        (Caller::nobody(), Query::default(), std::collections::HashMap::new());
    let render = RenderContext {
        cx: &call.cx,
        snapshot: &call.snapshot,
        caller: &caller,
        request: &call.request,
        query: &query,
        rows: &rows,
    };
    let entry = call.snapshot.member(source);
    let shown = entry.map(|entry| rendered_member(&render, entry)).unwrap_or_default();
    answer.insert("source_obj".to_owned(), shown);
    Value::Object(answer)
}

/// The account that an identity is connected with, and the row.
///
/// # Errors
/// When the engine fails.
pub fn connected(
    sql: &mut Sql<'_>,
    source: Ref<dyn Source>,
    identifier: &str,
) -> Result<Option<(i64, i64)>, StoreError> {
    let row = sql.query_one(
        "SELECT id, user_id FROM user_source_connection WHERE source = $1 AND identifier = $2",
        params![source.key(), identifier],
    )?;
    row.map(|row| Ok((row.get(0)?, row.get(1)?))).transpose()
}

/// Whether an account is connected with any identity of a source.
///
/// # Errors
/// When the engine fails.
pub fn has_any(sql: &mut Sql<'_>, source: Ref<dyn Source>, user: i64) -> Result<bool, StoreError> {
    let statement = "SELECT 1 FROM user_source_connection WHERE source = $1 AND user_id = $2";
    Ok(sql.query_one(statement, params![source.key(), user])?.is_some())
}

/// As many accounts are looked at that could be meant: more than one is not decided anyway.
const MOST_CANDIDATES: i64 = 3;

/// The accounts that have the address or name which a source matches by, by it and by what looks
/// like it.
///
/// # Errors
/// When the engine fails.
pub fn candidates(
    sql: &mut Sql<'_>,
    source: Ref<dyn Source>,
    mode: UserMatchingMode,
    value: &str,
) -> Result<Vec<Candidate>, StoreError> {
    let by_mail = matches!(mode, UserMatchingMode::EmailLink | UserMatchingMode::EmailDeny);
    let (column, fold) =
        if by_mail { ("email", value.to_lowercase()) } else { ("username", username::fold(value)) };
    let statement = format!(
        "SELECT id, {column}, type, EXISTS (SELECT 1 FROM user_source_connection c WHERE c.user_id = users.id AND c.source = $2) \
         FROM users WHERE {column}_fold = $1 ORDER BY id LIMIT {MOST_CANDIDATES}"
    );
    let read = |row: &Row| {
        let (named, kind): (String, String) = (row.get(1)?, row.get(2)?);
        Ok(Candidate {
            account: row.get(0)?,
            exact: named == value,
            is_person: !kind.ends_with("service_account"),
            has_other: row.get(3)?,
        })
    };
    sql.query(&statement, params![fold, source.key()])?.iter().map(read).collect()
}

/// The connections of a source that was deleted go with it, whichever door deleted it.
///
/// # Errors
/// When the engine fails.
pub(crate) fn follow_sources(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let all = tx.before().entries(<dyn Source>::SPACE).map(|entry| entry.id);
    let gone: Vec<_> = all.filter(|id| tx.graph().entry(*id).is_none()).collect();
    for source in gone.into_iter().map(|id| id.key) {
        for table in ["user_source_connection", "group_source_connection"] {
            tx.execute(&format!("DELETE FROM {table} WHERE source = $1"), params![source])?;
        }
    }
    Ok(())
}
