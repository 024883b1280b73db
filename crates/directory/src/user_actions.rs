//! What can be done with an account beyond changing its fields.

use std::sync::Arc;

use axum::response::Response;
use countersign_accounts::{may_change, require_recent_sign_in};
use countersign_core::{
    Access, ApiError, Call, Operation, Permission, Via, brand_for, json, no_content, save, with,
};
use countersign_events::Chart;
use countersign_model::{
    FieldErrors, Fields, JsonMap, Key, ObjectId, Problem, Ref, Secret, Space, Timestamp,
};
use countersign_rest::object_schema;
use countersign_store::{Tx, params};
use http::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::groups::Group;
use crate::passwords::Passwords;
use crate::recovery;
use crate::tokens::{Intent, Token};
use crate::users::{self, User, UserType};

/// An account of a service comes with a token, and with a group where one is asked for.
const SERVICE_ACCOUNT: [Permission; 2] =
    [Permission::add(User::META), Permission::add(Token::META)];

pub(crate) fn operations(passwords: &Arc<Passwords>) -> Vec<Operation> {
    let reset = || Access::on(Permission::RESET_USER_PASSWORD);
    let view = || Access::on(Permission::view(User::META));
    vec![
        Operation::new(
            Method::POST,
            "core/users/{id}/set_password/",
            "core_users_set_password_create",
            reset(),
            with(passwords, set_password),
        )
        .request("UserPasswordSetRequest"),
        Operation::new(
            Method::POST,
            "core/users/{id}/recovery/",
            "core_users_recovery_create",
            reset(),
            recovery_link,
        )
        .response("Link"),
        Operation::new(
            Method::GET,
            "core/users/{id}/metrics/",
            "core_users_metrics_retrieve",
            view(),
            metrics,
        )
        .response("UserMetrics"),
        Operation::new(
            Method::GET,
            "core/users/paths/",
            "core_users_paths_retrieve",
            Access::global(Permission::view(User::META)),
            paths,
        )
        .parameter("search", json!({"type": "string"}))
        .response("UserPath"),
        Operation::new(
            Method::POST,
            "core/users/service_account/",
            "core_users_service_account_create",
            Access::all(SERVICE_ACCOUNT),
            service_account,
        )
        .request("UserServiceAccountRequest")
        .response("UserServiceAccountResponse"),
        Operation::new(
            Method::POST,
            "countersign/users/{id}/lockdown/",
            "countersign_users_lockdown_create",
            Access::on(Permission::change(User::META)),
            lockdown,
        )
        .summary("Deactivates an account and ends all that acts in its name.")
        .request(object_schema(&[("reason", "string")])),
        Operation::new(
            Method::POST,
            "countersign/users/{id}/unlock/",
            "countersign_users_unlock_create",
            Access::on(Permission::change(User::META)),
            unlock,
        )
        .summary("Gives a locked account back to its owner, who signs in anew."),
    ]
}

async fn lockdown(call: Call) -> Result<Response, ApiError> {
    let pk = call.row_number()?;
    let body = call.object()?;
    let reason = body.get("reason").and_then(Value::as_str).unwrap_or_default().trim().to_owned();
    if reason.is_empty() {
        return Err(ApiError::field("reason", Problem::required()));
    }
    let write = move |tx: &mut Tx<'_>| users::lock(tx, pk, &reason);
    call.cx.store.write(call.actor(), "account locked", write).await?;
    Ok(no_content())
}

async fn unlock(call: Call) -> Result<Response, ApiError> {
    let pk = call.row_number()?;
    let write = move |tx: &mut Tx<'_>| {
        may_change(tx, pk)?;
        users::activate(tx, pk).map(|_| ())
    };
    call.cx.store.write(call.actor(), "account unlocked", write).await?;
    Ok(no_content())
}

async fn set_password(passwords: Arc<Passwords>, call: Call) -> Result<Response, ApiError> {
    let pk = call.row_number()?;
    // Before the hash, which is dear.
    let asked = call.clone();
    call.cx.store.look_up(move |sql| require_recent_sign_in(sql, &asked)).await?;
    let body = call.object()?;
    let password = match body.get("password") {
        None => return Err(ApiError::field("password", Problem::required())),
        Some(Value::String(s)) if s.is_empty() => {
            return Err(ApiError::field("password", Problem::blank()));
        }
        Some(Value::String(s)) => Secret::new(s.clone()),
        Some(_) => {
            return Err(ApiError::field(
                "password",
                Problem::new("invalid", "Not a valid string."),
            ));
        }
    };
    let hash = passwords.hash(&password, &*call.cx.entropy).await?;
    // Who may not set it here sets it nowhere.
    let may = move |tx: &mut Tx<'_>| may_change(tx, pk);
    call.cx.store.write(call.actor(), "password to be set", may).await?;
    if let Err(why) = call.cx.set_password_elsewhere(pk, &password).await {
        let text = format!("Failed to set password: {why}");
        return Err(ApiError::field("password", Problem::new("invalid", text)));
    }
    // The own session goes on; whoever else is signed in as this user is not.
    let keep = match &call.caller.via {
        Via::Session { key_hash } if call.caller.pk() == Some(pk) => Some(*key_hash),
        _ => None,
    };
    // RFC 9700 4.14: what applications hold goes on, as in the original, unless whoever sets the
    // password says otherwise.
    let revoke = body.get("revoke_tokens") == Some(&Value::Bool(true));
    let write = move |tx: &mut Tx<'_>| {
        users::set_password_hash(tx, pk, &hash, keep)?;
        if revoke {
            users::revoke_grants(tx, pk)?;
        }
        Ok::<_, ApiError>(())
    };
    call.cx.store.write(call.actor(), "password set", write).await?;
    Ok(no_content())
}

/// As long as a link into the recovery flow can be used, in seconds.
pub const RECOVERY_LINK: i64 = 3600;

/// The brand's recovery flow, with its slug.
///
/// # Errors
/// That there is none.
pub fn recovery_flow(call: &Call) -> Result<(Uuid, String), ApiError> {
    let brand =
        brand_for(&call.snapshot, &call.request.host).and_then(|brand| call.snapshot.entry(brand));
    let flow = brand.and_then(|brand| {
        brand.object.value("flow_recovery")?.as_str().and_then(|flow| Uuid::parse_str(flow).ok())
    });
    let entry =
        flow.and_then(|flow| call.snapshot.entry(ObjectId::new(Space("flow"), Key::Uuid(flow))));
    let slug = entry.and_then(|entry| entry.object.value("slug")?.as_str().map(str::to_owned));
    flow.zip(slug).ok_or_else(|| {
        ApiError::Body(
            StatusCode::BAD_REQUEST,
            json!({"non_field_errors": "No recovery flow set."}),
        )
    })
}

/// A link into the brand's recovery flow, once, as this user.
async fn recovery_link(call: Call) -> Result<Response, ApiError> {
    let pk = call.row_number()?;
    let (flow, slug) = recovery_flow(&call)?;
    let work = move |tx: &mut Tx<'_>| recovery::create_flow_link(tx, pk, flow, RECOVERY_LINK);
    let key = call.cx.store.write(call.actor(), "recovery link", work).await?;
    let link =
        format!("{}/if/flow/{slug}/?flow_token={}", call.cx.origin(&call.request), key.expose());
    Ok(json(StatusCode::OK, &json!({"link": link})))
}

async fn metrics(call: Call) -> Result<Response, ApiError> {
    let pk = call.row_number()?;
    let user = call
        .cx
        .store
        .read(move |sql| countersign_accounts::identity(sql, pk))
        .await?
        .ok_or_else(|| ApiError::not_found("User"))?;
    Ok(json(StatusCode::OK, &login_metrics(&call, Some(user.username.clone())).await?))
}

/// Sign-ins of a user, or of everybody.
pub(crate) async fn login_metrics(
    call: &Call,
    username: Option<String>,
) -> Result<Value, ApiError> {
    let mut answer = serde_json::Map::new();
    for (name, action) in [
        ("logins", "login"),
        ("logins_failed", "login_failed"),
        ("authorizations", "authorize_application"),
    ] {
        let (conditions, values) = match &username {
            Some(username) => {
                (" AND action = $3 AND username = $4", vec![action.into(), username.into()])
            }
            None => (" AND action = $3", vec![action.into()]),
        };
        answer.insert(name.to_owned(), Chart::WEEK.count(&call.cx, conditions, values).await?);
    }
    Ok(Value::Object(answer))
}

async fn paths(call: Call) -> Result<Response, ApiError> {
    let needle = call.query.get("search").unwrap_or_default().to_lowercase();
    let rows = call
        .cx
        .store
        .read(|sql| {
            sql.query("SELECT DISTINCT path FROM users ORDER BY path LIMIT 10000", params![])
        })
        .await?;
    let mut paths = Vec::new();
    for row in rows {
        let path: String = row.get(0)?;
        if path.to_lowercase().contains(&needle) {
            paths.push(path);
        }
    }
    Ok(json(StatusCode::OK, &json!({"paths": paths})))
}

async fn service_account(call: Call) -> Result<Response, ApiError> {
    let body = call.object()?;
    let Some(name) = body
        .get("name")
        .and_then(Value::as_str)
        .map(str::trim)
        .filter(|n| !n.is_empty())
        .map(str::to_owned)
    else {
        return Err(ApiError::field("name", Problem::required()));
    };
    if name.contains('\0') {
        return Err(ApiError::field(
            "name",
            Problem::new("null_characters_not_allowed", "Null characters are not allowed."),
        ));
    }
    let create_group = body.get("create_group").and_then(Value::as_bool).unwrap_or(false);
    if create_group && !call.rights().hold(Permission::add(Group::META)) {
        return Err(ApiError::no_permission());
    }
    let expiring = body.get("expiring").and_then(Value::as_bool).unwrap_or(true);
    let expires = match body.get("expires").and_then(Value::as_str) {
        None => call.cx.clock.now().plus_seconds(360 * 86_400),
        Some(text) => Timestamp::parse(text).ok_or_else(|| {
            ApiError::field("expires", Problem::new("invalid", "Datetime has wrong format."))
        })?,
    };
    let cx = call.cx.clone();
    let answer = call
        .cx
        .store
        .write(call.actor(), "service account created", move |tx| {
            let mut attributes = serde_json::Map::new();
            attributes.insert("goauthentik.io/user/token-expires".to_owned(), expiring.into());
            let account = User {
                username: name.clone(),
                name: name.clone(),
                r#type: UserType::ServiceAccount,
                is_active: true,
                path: "goauthentik.io/service-accounts".to_owned(),
                attributes: JsonMap(attributes),
                ..User::default()
            };
            let user = save(tx, account, None).map_err(|e| taken(e, &name))?.id;
            let mut answer = json!({"username": name, "user_uid": cx.uid(user), "user_pk": user});
            if create_group {
                let users = vec![Ref::new(Key::Int(user))];
                let group = Group { name: name.clone(), users, ..Group::default() };
                let group = save(tx, group, None).map_err(|e| taken(e, &name))?;
                insert(&mut answer, "group_pk", group.uuid.to_string().into());
            }
            let key = Secret::new(tx.entropy().token(60));
            let mut token = Token {
                identifier: format!("service-account-{name}-password").as_str().into(),
                intent: Intent::AppPassword,
                user: Some(Ref::new(Key::Int(user))),
                expiring,
                expires: Some(expires),
                ..Token::default()
            };
            token.set_secret(tx, &key);
            save(tx, token, None)?;
            insert(&mut answer, "token", key.expose().into());
            Ok::<_, ApiError>(answer)
        })
        .await?;
    Ok(json(StatusCode::OK, &answer))
}

fn insert(answer: &mut Value, name: &str, value: Value) {
    if let Value::Object(map) = answer {
        map.insert(name.to_owned(), value);
    }
}

/// A taken name is said in words, not in the database's.
fn taken(error: ApiError, name: &str) -> ApiError {
    match error {
        ApiError::Fields(errors)
            if errors.iter().any(|(field, _)| ["username", "name"].contains(&field)) =>
        {
            ApiError::Fields(FieldErrors::object(Problem::new(
                "unique",
                format!("A user or group with the name {name} exists already."),
            )))
        }
        other => other,
    }
}
