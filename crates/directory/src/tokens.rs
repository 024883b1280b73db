//! `core/tokens`: keys for the API and app passwords. Looked up by hash; kept sealed to be shown
//! again.

use axum::response::Response;
use countersign_core::{Access, ApiError, BoxFuture, Call, Operation, Via, json, no_content};
use countersign_events::{Event, emit, model_reference};
use countersign_model::{
    Choice, ChoiceValue, Duration, FieldErrors, Fields, Input, Key, KindMeta, Mode, Problem, Ref,
    Secret, Slug, Timestamp, directory,
};
use countersign_rest::{Column, ColumnKind, Rows, Scope, TableMeta};
use countersign_store::{Sql, SqlValue, StoreError, Tx, params, sha256};
use http::{Method, StatusCode};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::settings::SystemSettings;
use crate::{audit, users};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum Intent {
    #[choice(value = "verification", label = "Intent Verification")]
    Verification,
    #[choice(value = "api", label = "Intent Api")]
    Api,
    #[choice(value = "recovery", label = "Intent Recovery")]
    Recovery,
    #[choice(value = "app_password", label = "Intent App Password")]
    AppPassword,
}

/// A key for the API, or an app password.
#[derive(Debug, Clone, Fields)]
#[kind(
    path = "core/tokens",
    model = "authentik_core.token",
    schema = "Token",
    title = "Token",
    space = "token",
    lookup = "identifier",
    label = "identifier",
    ordering = "identifier"
)]
pub struct TokenFields {
    /// A name that a tool finds its own tokens by.
    #[field(label = "Managed", unique)]
    pub managed: Option<String>,
    /// Unique identifier the token is referenced by.
    #[field(label = "Identifier", unique, max_length = 255)]
    pub identifier: Slug,
    #[field(label = "Intent", default = Intent::Api)]
    pub intent: Intent,
    #[field(label = "User")]
    pub user: Option<Ref<directory::User>>,
    #[field(label = "Description", default)]
    pub description: String,
    /// Whether the token ends.
    #[field(label = "Expiring", default = true)]
    pub expiring: bool,
    #[field(label = "Expires on")]
    pub expires: Option<Timestamp>,
}

pub struct Tokens;

impl Rows for Tokens {
    const META: &'static KindMeta = TokenFields::META;
    const OPERATIONS: &'static [&'static str] =
        &["list", "create", "retrieve", "update", "partial_update", "destroy", "used_by"];
    const TABLE: &'static TableMeta = &TableMeta {
        from: "token t JOIN users u ON u.id = t.user_id",
        key: "t.uuid",
        lookup: "t.identifier",
        lookup_kind: ColumnKind::Text,
        order: "identifier",
        searched: None,
        index: None,
        columns: &[
            Column::new("identifier", "t.identifier", ColumnKind::Text).searched(),
            Column::new("intent", "t.intent", ColumnKind::Text).searched(),
            Column::new("user__username", "u.username", ColumnKind::Text).searched(),
            Column::new("description", "t.description", ColumnKind::Text).searched(),
            Column::new("expires", "t.expires", ColumnKind::Time),
            Column::new("expiring", "t.expiring", ColumnKind::Bool),
            Column::new("managed", "t.managed", ColumnKind::Text),
        ],
    };

    fn access(_operation: &str) -> Access {
        // Everybody has tokens of one's own.
        Access::Authenticated
    }

    fn scope(call: &Call) -> Result<Scope, ApiError> {
        match call.caller.pk() {
            Some(pk) if !call.caller.is_superuser() => Ok(Scope::Owned("t.user_id", pk)),
            _ => Ok(Scope::All),
        }
    }

    fn conditions(call: &Call) -> Result<Vec<(String, Vec<SqlValue>)>, ApiError> {
        match call.query.get("intent").filter(|i| !i.is_empty()) {
            Some(intent) if Intent::from_value(intent).is_none() => Err(ApiError::field(
                "intent",
                Problem::new(
                    "invalid_choice",
                    format!("Select a valid choice. {intent} is not one of the available choices."),
                ),
            )),
            _ => Ok(Vec::new()),
        }
    }

    fn render(sql: &mut Sql<'_>, keys: &[SqlValue], call: &Call) -> Result<Vec<Value>, StoreError> {
        let statement = "SELECT uuid, managed, identifier, intent, user_id, description, expires, expiring FROM token WHERE uuid = $1";
        let mut rows = Vec::with_capacity(keys.len());
        for key in keys {
            let Some(row) = sql.query_one(statement, std::slice::from_ref(key))? else { continue };
            let user: i64 = row.get(4)?;
            let user_obj = countersign_accounts::identity(sql, user)?
                .map(|u| users::to_json(&u, &call.cx, true));
            rows.push(json!({
                "pk": row.get::<Uuid>(0)?.to_string(),
                "managed": row.get::<Option<String>>(1)?,
                "identifier": row.get::<String>(2)?,
                "intent": row.get::<String>(3)?,
                "user": user,
                "user_obj": user_obj,
                "description": row.get::<String>(5)?,
                "expires": row.get::<Option<Timestamp>>(6)?.map(Timestamp::iso),
                "expiring": row.get::<bool>(7)?,
            }));
        }
        Ok(rows)
    }

    fn create(call: Call) -> BoxFuture<Result<SqlValue, ApiError>> {
        Box::pin(async move {
            as_oneself(&call)?;
            let body = call.object()?;
            let mut fields = TokenFields::parse(&call.input(&body, Mode::Create), None)?;
            let own = Ref::new(Key::Int(call.user()?.pk));
            if !call.caller.is_superuser() {
                // Others' tokens are not theirs to make.
                fields.user = Some(own);
            }
            fields.user.get_or_insert(own);
            let moved = call.clone();
            call.cx
                .store
                .write(call.actor(), "token created", move |tx| {
                    let mut fields = fields.clone();
                    limit(tx, &moved, &mut fields, None)?;
                    let key = Secret::new(
                        tx.entropy().token(SystemSettings::of(tx.graph()).key_length()),
                    );
                    create(tx, &fields, &key).map(SqlValue::from)
                })
                .await
        })
    }

    fn update(call: Call, key: SqlValue, mode: Mode) -> BoxFuture<Result<(), ApiError>> {
        Box::pin(async move {
            as_oneself(&call)?;
            let body = call.object()?;
            let moved = call.clone();
            let write = move |tx: &mut Tx<'_>| {
                let base = fields_of(tx, &key)?.ok_or_else(|| ApiError::not_found("Token"))?;
                let mut fields = TokenFields::parse(&moved.input(&body, mode), Some(&base))?;
                limit(tx, &moved, &mut fields, Some(&base))?;
                update(tx, &key, &fields)
            };
            call.cx.store.write(call.actor(), "token changed", write).await
        })
    }

    fn destroy(call: Call, key: SqlValue) -> BoxFuture<Result<(), ApiError>> {
        Box::pin(async move {
            Ok(call
                .cx
                .store
                .write(call.actor(), "token deleted", move |tx| delete(tx, &key))
                .await?)
        })
    }
}

/// Verification and recovery tokens are the server's own: nobody makes one, changes one, or turns
/// one into something else.
fn not_the_servers(intent: Intent) -> Result<(), ApiError> {
    match intent {
        Intent::Api | Intent::AppPassword => Ok(()),
        Intent::Verification | Intent::Recovery => {
            let text = format!("Invalid intent {}", intent.value());
            Err(ApiError::field("intent", Problem::new("invalid", text)))
        }
    }
}

/// Keys that are made or read while acting as somebody would outlive the acting.
fn as_oneself(call: &Call) -> Result<(), ApiError> {
    match call.caller.original {
        None => Ok(()),
        Some(_) => Err(ApiError::forbidden(
            "Tokens cannot be made, changed or read while you act as another user.",
        )),
    }
}

/// A person's attribute that bounds how long app passwords may live, as `hours=1`; groups and brand
/// may set it.
const LONGEST: &str = "goauthentik.io/user/token-maximum-lifetime";
/// A person's attribute: whether tokens they make for themselves end.
const EXPIRING: &str = "goauthentik.io/user/token-expires";

/// Bounds the life of a token that somebody writes for themselves. Administrators who write one for
/// somebody else are not bound. The end of API tokens is the server's; changing one does not
/// prolong it.
fn limit(
    tx: &mut Tx<'_>,
    call: &Call,
    fields: &mut TokenFields,
    before: Option<&TokenFields>,
) -> Result<(), ApiError> {
    let caller = call.user()?;
    // What an application may do with an access token, which ends soon, gives no more than that to
    // keep.
    let lent = matches!(call.caller.via, Via::OAuth { .. });
    let own = fields.user.is_some_and(|user| user.key() == Key::Int(caller.pk));
    if call.caller.is_superuser() && !own && !lent {
        return Ok(());
    }
    let attributes = caller.merged_attributes(&call.cx.brand_attributes(&call.request));
    if !call.caller.is_superuser() || lent {
        fields.expiring = match before {
            Some(before) => before.expiring || fields.expiring,
            None => lent || attributes.get(EXPIRING).is_none_or(|value| value != false),
        };
    }
    let default = default_end(tx);
    match (fields.intent, before) {
        (Intent::AppPassword, before) => {
            let given = fields.expires.filter(|given| {
                before.is_none_or(|before| {
                    before.intent != Intent::AppPassword || before.expires != Some(*given)
                })
            });
            let longest = attributes
                .get(LONGEST)
                .and_then(Value::as_str)
                .and_then(|text| Duration::parse(text).ok());
            let end = longest.map_or(default, |longest| tx.now().plus_seconds(longest.seconds()));
            if given.is_some_and(|given| given > end) {
                let text = format!("Token expires exceeds maximum lifetime ({} UTC).", end.iso());
                return Err(ApiError::field("expires", Problem::new("invalid", text)));
            }
            fields.expires.get_or_insert(end);
        }
        (_, None) => fields.expires = Some(default),
        (_, Some(before)) if before.intent == fields.intent => fields.expires = before.expires,
        (_, Some(before)) => {
            fields.expires = Some(before.expires.map_or(default, |end| end.min(default)));
        }
    }
    Ok(())
}

/// The account a token is for, which must be there.
fn owner(tx: &mut Tx<'_>, fields: &TokenFields) -> Result<Ref<directory::User>, ApiError> {
    let user = fields.user.ok_or_else(|| ApiError::field("user", Problem::required()))?;
    match tx.query_one("SELECT 1 FROM users WHERE id = $1", params![user.key()])? {
        Some(_) => Ok(user),
        None => Err(ApiError::field("user", Problem::missing_reference(user.key()))),
    }
}

/// When a token ends that nobody gave a time.
fn default_end(tx: &Tx<'_>) -> Timestamp {
    tx.now().plus_seconds(SystemSettings::of(tx.graph()).default_token_duration.seconds())
}

/// A taken identifier, in the original's words.
fn taken(error: StoreError) -> ApiError {
    match error {
        StoreError::Conflict { index } if index.ends_with(".identifier") => ApiError::field(
            "identifier",
            Problem::new("unique", "Token with this identifier already exists."),
        ),
        StoreError::Conflict { index } if index.ends_with(".managed") => {
            ApiError::field("managed", Problem::unique())
        }
        other => other.into(),
    }
}

/// Makes a token with a given key.
///
/// # Errors
/// Field errors, as a taken identifier or key.
pub fn create(tx: &mut Tx<'_>, fields: &TokenFields, key: &Secret) -> Result<Uuid, ApiError> {
    if fields.managed.is_none() {
        not_the_servers(fields.intent)?;
    }
    let user = owner(tx, fields)?;
    let (uuid, sealed) = (tx.entropy().uuid(), tx.sealer().seal(key.expose()));
    let expires = fields.expires.unwrap_or_else(|| default_end(tx));
    tx.execute(
        "INSERT INTO token (uuid, identifier, managed, intent, user_id, description, expires, expiring, key_hash, key_sealed) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        params![
            uuid,
            &*fields.identifier,
            fields.managed.clone(),
            fields.intent.value(),
            user.key(),
            &fields.description,
            expires,
            fields.expiring,
            sha256(key.expose()),
            sealed
        ],
    )
    .map_err(taken)?;
    audit(tx, "model_created", &fields.identifier, Some(user))?;
    Ok(uuid)
}

/// # Errors
/// Field errors, as a taken identifier or another owner.
pub fn update(tx: &mut Tx<'_>, key: &SqlValue, fields: &TokenFields) -> Result<(), ApiError> {
    let before = fields_of(tx, key)?.ok_or_else(|| ApiError::not_found("Token"))?;
    if before.user != fields.user {
        return Err(ApiError::field("user", Problem::new("invalid", "User cannot be changed")));
    }
    if before.managed.is_none() {
        not_the_servers(before.intent)?;
    }
    if before.managed.is_none() || before.intent != fields.intent {
        not_the_servers(fields.intent)?;
    }
    let user = owner(tx, fields)?;
    let expires = fields.expires.unwrap_or_else(|| default_end(tx));
    tx.execute(
        "UPDATE token SET identifier = $1, intent = $2, user_id = $3, description = $4, expires = $5, expiring = $6, managed = $7 WHERE uuid = $8",
        &[
            (&*fields.identifier).into(),
            fields.intent.value().into(),
            user.key().into(),
            (&fields.description).into(),
            expires.into(),
            fields.expiring.into(),
            fields.managed.clone().into(),
            key.clone(),
        ],
    )
    .map_err(taken)?;
    audit(tx, "model_updated", &fields.identifier, Some(user)).map_err(ApiError::from)
}

/// Deletes a token.
///
/// # Errors
/// When the engine fails.
pub fn delete(tx: &mut Tx<'_>, key: &SqlValue) -> Result<(), StoreError> {
    let fields = fields_of(tx, key)?;
    tx.execute("DELETE FROM token WHERE uuid = $1", std::slice::from_ref(key))?;
    fields.map_or(Ok(()), |fields| audit(tx, "model_deleted", &fields.identifier, fields.user))
}

/// The changeable fields of a token as they stand.
///
/// # Errors
/// When the engine fails.
pub fn fields_of(sql: &mut Sql<'_>, key: &SqlValue) -> Result<Option<TokenFields>, StoreError> {
    let statement = "SELECT managed, identifier, intent, user_id, description, expiring, expires FROM token WHERE uuid = $1";
    let Some(row) = sql.query_one(statement, std::slice::from_ref(key))? else { return Ok(None) };
    Ok(Some(TokenFields {
        managed: row.get(0)?,
        identifier: Slug::from(row.get::<String>(1)?.as_str()),
        intent: Intent::from_value(&row.get::<String>(2)?).unwrap_or(Intent::Api),
        user: Some(Ref::new(Key::Int(row.get(3)?))),
        description: row.get(4)?,
        expiring: row.get(5)?,
        expires: row.get(6)?,
    }))
}

/// Parses fields that come from somewhere trusted, as a blueprint.
///
/// # Errors
/// Field errors.
pub fn parse(
    tx: &Tx<'_>,
    map: &Map<String, Value>,
    base: Option<&TokenFields>,
) -> Result<TokenFields, FieldErrors> {
    let mode = if base.is_some() { Mode::Patch } else { Mode::Create };
    TokenFields::parse(&Input { map, mode, entropy: tx.entropy(), privileged: true }, base)
}

/// Gives a token another key.
///
/// # Errors
/// When another token has that key.
pub fn set_key(tx: &mut Tx<'_>, uuid: &SqlValue, key: &Secret) -> Result<(), StoreError> {
    let sealed = tx.sealer().seal(key.expose());
    tx.execute(
        "UPDATE token SET key_hash = $1, key_sealed = $2 WHERE uuid = $3",
        &[sha256(key.expose()).into(), sealed.into(), uuid.clone()],
    )?;
    let fields = fields_of(tx, uuid)?;
    fields.map_or(Ok(()), |fields| audit(tx, "model_updated", &fields.identifier, fields.user))
}

pub(crate) fn actions() -> Vec<Operation> {
    vec![
        Operation::new(
            Method::GET,
            "core/tokens/{identifier}/view_key/",
            "core_tokens_view_key_retrieve",
            Access::Authenticated,
            view_key,
        )
        .response("TokenView"),
        Operation::new(
            Method::POST,
            "core/tokens/{identifier}/set_key/",
            "core_tokens_set_key_create",
            Access::Superuser,
            set_key_action,
        )
        .request("TokenSetKeyRequest"),
    ]
}

/// The row an action names, when it is the caller's or the caller may see all.
fn find(tx: &mut Tx<'_>, call: &Call) -> Result<(SqlValue, String), ApiError> {
    let row = tx.query_one(
        "SELECT uuid, user_id, key_sealed FROM token WHERE identifier = $1",
        params![call.param("identifier")],
    )?;
    let row = row.ok_or_else(|| ApiError::not_found("Token"))?;
    if !call.caller.is_superuser() && call.caller.pk() != Some(row.get(1)?) {
        return Err(ApiError::not_found("Token"));
    }
    Ok((row.get::<Uuid>(0)?.into(), row.get(2)?))
}

async fn view_key(call: Call) -> Result<Response, ApiError> {
    as_oneself(&call)?;
    let moved = call.clone();
    let key = call
        .cx
        .store
        .write(call.actor(), "token key viewed", move |tx| {
            let (_, sealed) = find(tx, &moved)?;
            let key = tx.sealer().open(&sealed).map_err(|e| ApiError::object(e.to_string()))?;
            let secret = model_reference(
                "authentik_core",
                "token",
                moved.param("identifier"),
                moved.param("identifier"),
            );
            emit(
                tx,
                Event::new("secret_view", "authentik.core.api.tokens", json!({"secret": secret})),
            )?;
            Ok::<_, ApiError>(key)
        })
        .await?;
    Ok(json(StatusCode::OK, &json!({"key": key.expose()})))
}

async fn set_key_action(call: Call) -> Result<Response, ApiError> {
    as_oneself(&call)?;
    let body = call.object()?;
    let Some(key) = body.get("key").and_then(Value::as_str).filter(|k| !k.is_empty()) else {
        return Err(ApiError::Empty(StatusCode::BAD_REQUEST));
    };
    let (key, moved) = (Secret::new(key), call.clone());
    call.cx
        .store
        .write(call.actor(), "token key set", move |tx| {
            let (uuid, _) = find(tx, &moved)?;
            if let Some(fields) = fields_of(tx, &uuid)?.filter(|fields| fields.managed.is_none()) {
                not_the_servers(fields.intent)?;
            }
            set_key(tx, &uuid, &key).map_err(ApiError::from)
        })
        .await?;
    Ok(no_content())
}

fn audit(
    tx: &mut Tx<'_>,
    action: &str,
    identifier: &str,
    owner: Option<Ref<directory::User>>,
) -> Result<(), StoreError> {
    let owner = match owner.and_then(|owner| owner.key().int()) {
        Some(pk) => users::account_of(tx, pk)?,
        None => None,
    };
    audit::record(
        tx,
        action,
        model_reference("authentik_core", "token", identifier, identifier),
        None,
        owner,
    )
}
