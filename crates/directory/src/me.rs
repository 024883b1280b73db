//! `core/users/me/`: the caller's own account.

use std::collections::HashMap;

use axum::response::Response;
use countersign_accounts::end_sessions_of;
use countersign_core::{
    Access, ApiError, Call, Identity, Operation, Rights, Via, json, permissions,
};
use countersign_events::{Event, emit};
use countersign_store::Tx;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::groups;

pub(crate) fn operations() -> Vec<Operation> {
    vec![
        Operation::new(
            Method::GET,
            "core/users/me/",
            "core_users_me_retrieve",
            Access::self_read(),
            me,
        )
        .summary("The account of the caller.")
        .response("SessionUser"),
        Operation::new(
            Method::POST,
            "countersign/users/me/sign_out_elsewhere/",
            "countersign_users_me_sign_out_elsewhere",
            Access::authenticated(),
            sign_out_elsewhere,
        )
        .summary("End all sessions of the caller but the one that asks.")
        .response(json!({
            "type": "object",
            "properties": {"ended": {"type": "integer", "description": "Sessions that were ended."}},
            "required": ["ended"],
        })),
    ]
}

async fn sign_out_elsewhere(call: Call) -> Result<Response, ApiError> {
    let user = call.user()?.pk;
    let here = match call.caller.via {
        Via::Session { key_hash } => Some(key_hash),
        _ => None,
    };
    let work = move |tx: &mut Tx<'_>| {
        let ended = end_sessions_of(tx, user, here)?;
        if ended > 0 {
            emit(tx, Event::new("logout", "authentik.core.api.users", json!({"ended": ended})))?;
        }
        Ok::<_, ApiError>(ended)
    };
    let ended = call.cx.store.write(call.actor(), "signed out elsewhere", work).await?;
    Ok(json(StatusCode::OK, &json!({"ended": ended})))
}

async fn me(call: Call) -> Result<Response, ApiError> {
    let user = call.user()?;
    let scopes = match &call.caller.via {
        Via::OAuth { scopes } => Some(scopes.as_slice()),
        _ => None,
    };
    let parents: HashMap<Uuid, &str> =
        user.groups.iter().map(|g| (g.uuid, g.name.as_str())).collect();
    // Applications learn roles from this list: direct and inherited, by name; group attributes stay
    // here.
    let groups_obj: Value = user
        .groups
        .iter()
        .map(|g| {
            let mut group = groups::membership_json(g, &parents);
            if let (Some(_), Value::Object(map)) = (scopes, &mut group) {
                map.insert("attributes".to_owned(), json!({}));
            }
            group
        })
        .collect();
    let mut answer = json!({"user": account(&call, user, scopes), "groups_obj": groups_obj});
    if let (Some(original), Value::Object(map)) = (&call.caller.original, &mut answer) {
        map.insert("original".to_owned(), account(&call, original, None));
    }
    Ok(json(StatusCode::OK, &answer))
}

fn account(call: &Call, user: &Identity, scopes: Option<&[String]>) -> Value {
    let full = scopes.is_none_or(|s| s.iter().any(|s| s == "goauthentik.io/api"));
    let with_email = full || scopes.is_some_and(|s| s.iter().any(|s| s == "email"));
    let groups: Value =
        user.groups.iter().map(|g| json!({"name": g.name, "pk": g.uuid.to_string()})).collect();
    let settings = if full {
        user.merged_attributes(&call.cx.brand_attributes(&call.request)).remove("settings")
    } else {
        None
    };
    let settings = settings.unwrap_or_else(|| json!({}));
    let rights = Rights::of(user, &call.snapshot);
    // Those that are about the system itself.
    let of_system =
        permissions().iter().filter(|listed| listed.permission.app() == "authentik_rbac");
    let of_system = of_system.filter(|listed| full && rights.hold(listed.permission));
    let mut permissions: Vec<String> =
        of_system.map(|listed| listed.permission.codename()).collect();
    permissions.sort_unstable();
    json!({
        "pk": user.pk,
        "username": user.username,
        "name": user.name,
        "is_active": user.is_active,
        "is_superuser": user.is_superuser(),
        "groups": groups,
        "email": if with_email { user.email.as_str() } else { "" },
        "avatar": crate::avatar(&call.cx, user),
        "uid": call.cx.uid(user.pk),
        "settings": settings,
        "type": user.user_type,
        "system_permissions": permissions,
    })
}
