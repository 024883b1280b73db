//! `core/tokens`: keys for the API and app passwords. Looked up by hash; kept sealed to be shown
//! again.

use axum::response::Response;
use countersign_accounts::{may_change, require_recent_sign_in};
use countersign_core::{
    Access, ApiError, Call, Operation, PasswordHash, Permission, Record, Via, find, json,
    no_content, save,
};
use countersign_events::{Event, emit, model_reference};
use countersign_model::{
    Choice, ChoiceValue, Duration, Fields, Key, Problem, Ref, Secret, Slug, Table, Timestamp,
    directory,
};
use countersign_rest::{Resource, plain};
use countersign_store::{Sql, StoreError, Tx, params, sha256};
use http::{Method, StatusCode};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::settings::SystemSettings;
use crate::{audit, users};

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Choice)]
pub enum Intent {
    #[choice(label = "Verification", internal)]
    Verification,
    #[default]
    #[choice(label = "API Token")]
    Api,
    #[choice(label = "Recovery", internal)]
    Recovery,
    #[choice(label = "App password")]
    AppPassword,
}

/// A key for the API, or an app password.
#[derive(Debug, Clone, Default, Table)]
#[kind(
    path = "core/tokens",
    model = "authentik_core.token",
    schema = "Token",
    title = "Token",
    space = "token",
    lookup = "identifier",
    label = "identifier",
    ordering = "identifier",
    form = "identifier user intent description expiring expires",
    aside(
        "What happens next",
        "The key is made by the server. You copy it from the list; asking for it is logged."
    ),
    columns = "identifier, user, expiring: Expires?, expires: Expiry date, intent"
)]
#[table(
    name = "token",
    operations = "list create retrieve update partial_update destroy used_by",
    everybody,
    ends_if = "intent <> 'api'",
    display = "Token {identifier}"
)]
pub struct Token {
    #[column(key)]
    pub uuid: Uuid,
    /// Unique identifier the token is referenced by.
    #[field(label = "Identifier", unique, max_length = 255)]
    #[column(filter, search)]
    pub identifier: Slug,
    /// A name that a tool finds its own tokens by.
    #[field(label = "Managed", hide, unique)]
    #[column(filter)]
    pub managed: Option<String>,
    #[field(label = "Intent", default = Intent::Api)]
    #[column(choice, filter, search)]
    pub intent: Intent,
    #[field(label = "User")]
    #[column(
        sql = "user_id",
        required,
        belongs_to = "users.id",
        on_delete = Cascade,
        owner,
        through = "username"
    )]
    pub user: Option<Ref<directory::User>>,
    #[field(label = "Description", default)]
    #[column(filter, search)]
    pub description: String,
    #[field(label = "Expires on", show_if = "expiring=true")]
    #[column(filter, expires)]
    pub expires: Option<Timestamp>,
    /// Whether the token ends.
    #[field(label = "Expiring", default = true)]
    #[column(filter, expiring)]
    pub expiring: bool,
    /// SHA-256 of the key, by which it is found.
    #[column(hidden)]
    pub key_hash: [u8; 32],
    /// The key, sealed, to be shown again.
    #[column(hidden)]
    pub key_sealed: String,
    /// The flow that a one-time link leads into.
    #[column(hidden)]
    pub flow: Option<Uuid>,
    /// Where in that flow it leads, sealed; empty for its beginning.
    #[column(hidden)]
    pub plan: String,
    /// Whether it leads to setting up a second factor, for whoever proves first to be its owner.
    #[column(hidden)]
    pub set_up: bool,
}

impl Resource for Token {
    fn answers(sql: &mut Sql<'_>, rows: &[Self], call: &Call) -> Result<Vec<Value>, StoreError> {
        let owners = users::named(sql, &call.cx, rows.iter().map(|row| row.user))?;
        let answer = |row: &Token| {
            let mut answer = plain(row);
            let owner = row.user.and_then(|user| owners.get(&user).cloned());
            answer.insert("user_obj".to_owned(), owner.unwrap_or_default());
            Value::Object(answer)
        };
        Ok(rows.iter().map(answer).collect())
    }

    fn admit(
        &mut self,
        tx: &mut Tx<'_>,
        call: &Call,
        before: Option<&Self>,
    ) -> Result<(), ApiError> {
        call.as_oneself(ACTING)?;
        if call.user()?.principal.is_some() {
            // What a leaked token makes would outlive its replacement.
            return Err(ApiError::forbidden(
                "The account of an outpost has the token it was given.",
            ));
        }
        if self.opens_more_than(before) {
            require_recent_sign_in(tx, call)?;
        }
        if before.is_none() {
            let own = Ref::new(Key::Int(call.user()?.pk));
            if !call.rights().hold(Permission::add(Token::META)) {
                // Others' tokens are not theirs to make.
                self.user = Some(own);
            }
            self.user.get_or_insert(own);
        }
        if self.opens_more_than(before) {
            self.for_programs(call)?;
        }
        limit(tx, call, self, before)?;
        if before.is_none() {
            let length = SystemSettings::of(tx.graph()).key_length();
            let key = Secret::new(tx.entropy().token(length));
            self.set_secret(tx, &key);
        }
        Ok(())
    }

    fn admit_removal(&self, tx: &mut Tx<'_>, call: &Call) -> Result<(), ApiError> {
        match self.intent {
            Intent::AppPassword => require_recent_sign_in(tx, call),
            _ => Ok(()),
        }
    }
}

impl Record for Token {
    const IMPORTED: &'static [&'static str] = &["key"];

    fn import(
        &mut self,
        tx: &mut Tx<'_>,
        values: &Map<String, Value>,
        before: Option<&Self>,
        _passwords: &dyn PasswordHash,
    ) -> Result<Vec<&'static str>, ApiError> {
        let given = values.get("key").and_then(Value::as_str).filter(|key| !key.is_empty());
        let key = match (given, before) {
            (None, Some(_)) => return Ok(Vec::new()),
            (None, None) => tx.entropy().token(KEY_LENGTH),
            (Some(key), _) => key.to_owned(),
        };
        if before.is_some_and(|token| token.key_hash == sha256(&key)) {
            return Ok(Vec::new());
        }
        self.set_secret(tx, &Secret::new(key));
        Ok(vec!["key"])
    }

    fn check(&mut self, tx: &mut Tx<'_>, before: Option<&Self>) -> Result<(), ApiError> {
        match before {
            None if self.managed.is_none() => not_the_servers(self.intent)?,
            None => {}
            Some(before) => {
                if before.user != self.user {
                    return Err(ApiError::field(
                        "user",
                        Problem::new("invalid", "User cannot be changed"),
                    ));
                }
                if before.managed.is_none() {
                    not_the_servers(before.intent)?;
                }
                if before.managed.is_none() || before.intent != self.intent {
                    not_the_servers(self.intent)?;
                }
            }
        }
        let user = self.user.ok_or_else(|| ApiError::field("user", Problem::required()))?;
        // A token does what its owner may.
        may_change(tx, user.key().int().unwrap_or_default())?;
        if tx.query_one("SELECT 1 FROM users WHERE id = $1", params![user.key()])?.is_none() {
            return Err(ApiError::field("user", Problem::missing_reference(user.key())));
        }
        self.expires.get_or_insert(default_end(tx));
        Ok(())
    }

    fn saved(&self, tx: &mut Tx<'_>, before: Option<&Self>) -> Result<(), ApiError> {
        let action = if before.is_none() { "model_created" } else { "model_updated" };
        Ok(audit(tx, action, self)?)
    }

    fn removed(&self, tx: &mut Tx<'_>) -> Result<(), ApiError> {
        Ok(audit(tx, "model_deleted", self)?)
    }

    /// A taken identifier, in the original's words.
    fn taken(error: StoreError) -> ApiError {
        match error {
            StoreError::Conflict { index } if index.ends_with(".identifier") => ApiError::field(
                "identifier",
                Problem::new("unique", "Token with this identifier already exists."),
            ),
            StoreError::Conflict { index } if index.ends_with(".key_hash") => {
                ApiError::field("key", Problem::unique())
            }
            other => other.into(),
        }
    }
}

impl Token {
    /// Whether it is new, of another sort than before, or there for longer: a token outlives the
    /// session, so nobody adds one with a session that was left open.
    fn opens_more_than(&self, before: Option<&Token>) -> bool {
        let same = |was: &Token| {
            (was.intent, was.expiring, was.expires) == (self.intent, self.expiring, self.expires)
        };
        !before.is_some_and(same)
    }

    /// Refuses an app password of a person to an API token of theirs: a password signs in, which
    /// takes who they are and not what they once made. Who holds everything may do so otherwise,
    /// too, and services have nobody to sign in.
    fn for_programs(&self, call: &Call) -> Result<(), ApiError> {
        let caller = call.user()?;
        let own = self.user.is_some_and(|user| user.key() == Key::Int(caller.pk));
        let is_person = !caller.user_type.ends_with("service_account");
        let by_token = matches!(call.caller.via, Via::Token { .. });
        let is_bounded = own && is_person && by_token && !call.rights().hold_everything();
        if is_bounded && self.intent == Intent::AppPassword {
            return Err(ApiError::forbidden(
                "An API token makes and reads no app password of its own account. Sign in for that.",
            ));
        }
        Ok(())
    }

    /// Gives the token a key.
    pub fn set_secret(&mut self, tx: &Tx<'_>, key: &Secret) {
        self.key_hash = sha256(key.expose());
        self.key_sealed = tx.sealer().seal(key.expose());
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
const ACTING: &str = "Tokens cannot be made, changed or read while you act as another user.";

/// Letters and digits of a token's key that nobody chose.
const KEY_LENGTH: usize = 60;

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
    fields: &mut Token,
    before: Option<&Token>,
) -> Result<(), ApiError> {
    let caller = call.user()?;
    // What an application may do with an access token, which ends soon, gives no more than that to
    // keep.
    let lent = matches!(call.caller.via, Via::OAuth { .. });
    let own = fields.user.is_some_and(|user| user.key() == Key::Int(caller.pk));
    let administers = call.rights().hold(Permission::add(Token::META));
    if administers && !own && !lent {
        return Ok(());
    }
    let attributes = caller.merged_attributes(&call.cx.brand_attributes(&call.request));
    if !administers || lent {
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

/// When a token ends that nobody gave a time.
fn default_end(tx: &Tx<'_>) -> Timestamp {
    tx.now().plus_seconds(SystemSettings::of(tx.graph()).default_token_duration.seconds())
}

/// API tokens whose time has passed get a new key and a new end instead of going: what names them
/// stays, and their owner reads the new key. How many there were.
///
/// # Errors
/// When the engine fails.
pub(crate) fn rotate_ended(tx: &mut Tx<'_>) -> Result<usize, StoreError> {
    let (now, length) = (tx.now(), SystemSettings::of(tx.graph()).key_length());
    let ended = tx.query(
        "SELECT uuid FROM token WHERE intent = 'api' AND expiring = 1 AND expires <= $1",
        params![now],
    )?;
    for row in &ended {
        let Some(mut token) = find::<Token>(tx, row.get::<Uuid>(0)?)? else { continue };
        let key = Secret::new(tx.entropy().token(length));
        token.set_secret(tx, &key);
        let (expires, uuid) = (default_end(tx), token.uuid);
        tx.execute(
            "UPDATE token SET key_hash = $1, key_sealed = $2, expires = $3 WHERE uuid = $4",
            params![token.key_hash, token.key_sealed.clone(), expires, uuid],
        )?;
        let owner = match token.user.and_then(|owner| owner.key().int()) {
            Some(pk) => users::account_of(tx, pk)?,
            None => None,
        };
        let name = &token.identifier;
        let context = json!({
            "message": format!("Token {}'s secret was rotated.", &**name),
            "token": model_reference("authentik_core", "token", name, name),
        });
        let event = Event::new("secret_rotate", "authentik.core.models", context);
        emit(tx, event.concerning(owner))?;
    }
    Ok(ended.len())
}

pub(crate) fn actions() -> Vec<Operation> {
    vec![
        Operation::new(
            Method::GET,
            "core/tokens/{identifier}/view_key/",
            "core_tokens_view_key_retrieve",
            Access::on(Permission::VIEW_TOKEN_KEY),
            view_key,
        )
        .response("TokenView"),
        Operation::new(
            Method::POST,
            "core/tokens/{identifier}/set_key/",
            "core_tokens_set_key_create",
            Access::on(Permission::SET_TOKEN_KEY),
            set_key_action,
        )
        .request("TokenSetKeyRequest")
        .refuses_empty(&["400"]),
    ]
}

/// The row an action names.
fn named(tx: &mut Tx<'_>, call: &Call) -> Result<Token, ApiError> {
    let token: Token = find(tx, call.row()?)?.ok_or_else(|| ApiError::not_found("Token"))?;
    if let Some(owner) = token.user.and_then(|owner| owner.key().int()) {
        may_change(tx, owner)?;
    }
    Ok(token)
}

async fn view_key(call: Call) -> Result<Response, ApiError> {
    call.as_oneself(ACTING)?;
    let moved = call.clone();
    let key = call
        .cx
        .store
        .write(call.actor(), "token key viewed", move |tx| {
            let token = named(tx, &moved)?;
            if token.intent == Intent::AppPassword {
                require_recent_sign_in(tx, &moved)?;
                token.for_programs(&moved)?;
            }
            let key =
                tx.sealer().open(&token.key_sealed).map_err(|e| ApiError::object(e.to_string()))?;
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
    call.as_oneself(ACTING)?;
    let body = call.object()?;
    let Some(key) = body.get("key").and_then(Value::as_str).filter(|k| !k.is_empty()) else {
        return Err(ApiError::Empty(StatusCode::BAD_REQUEST));
    };
    let (key, moved) = (Secret::new(key), call.clone());
    call.cx
        .store
        .write(call.actor(), "token key set", move |tx| {
            let before = named(tx, &moved)?;
            // A key that one chooses is as one that is made.
            require_recent_sign_in(tx, &moved)?;
            before.for_programs(&moved)?;
            let mut token = before.clone();
            token.set_secret(tx, &key);
            save(tx, token, Some(&before)).map(|_| ())
        })
        .await?;
    Ok(no_content())
}

pub(crate) fn audit(tx: &mut Tx<'_>, action: &str, token: &Token) -> Result<(), StoreError> {
    let owner = match token.user.and_then(|owner| owner.key().int()) {
        Some(pk) => users::account_of(tx, pk)?,
        None => None,
    };
    let model = model_reference("authentik_core", "token", &token.identifier, &token.identifier);
    audit::record(tx, action, model, None, owner)
}
