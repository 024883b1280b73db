//! Lists over all classes.

use axum::response::Response;
use countersign_core::{Access, ApiError, Call, Operation, Permission, json};
use countersign_model::{FieldErrors, Problem, Timestamp};
use countersign_rest::object_schema;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::device::{DEVICES, DeviceDef, Held, held_by};

pub(crate) fn operations() -> Vec<Operation> {
    let list = json!({"type": "array", "items": {"$ref": "#/components/schemas/Device"}});
    vec![
        Operation::new(
            Method::GET,
            "authenticators/all/",
            "authenticators_all_list",
            Access::authenticated(),
            own,
        )
        .response(list.clone()),
        // Of each class those that the caller may view.
        Operation::new(
            Method::GET,
            "authenticators/admin/all/",
            "authenticators_admin_all_list",
            Access::authenticated(),
            all,
        )
        .parameter("user", json!({"type": "integer"}))
        .response(list),
    ]
}

/// The devices that count for the caller.
async fn own(call: Call) -> Result<Response, ApiError> {
    let user = call.user()?.pk;
    let mut held = call.cx.store.read(move |sql| held_by(sql, Some(user))).await?;
    held.retain(|held| held.confirmed);
    Ok(json(StatusCode::OK, &held.iter().map(answer).collect()))
}

async fn all(call: Call) -> Result<Response, ApiError> {
    let wrong =
        || FieldErrors::one("user", Problem::new("invalid", "A valid integer is required."));
    let user = match call.query.get("user").filter(|user| !user.is_empty()) {
        Some(text) => Some(text.parse().map_err(|_| wrong())?),
        None => None,
    };
    let mut held = call.cx.store.read(move |sql| held_by(sql, user)).await?;
    held.retain(|held| call.rights().hold(Permission::view(held.def.kind)));
    Ok(json(StatusCode::OK, &held.iter().map(answer).collect()))
}

fn answer(held: &Held) -> Value {
    let kind = held.def.kind;
    json!({
        "verbose_name": kind.title,
        "verbose_name_plural": kind.plural,
        "meta_model_name": kind.model,
        "pk": held.id.to_string(),
        "name": held.name,
        "type": format!("{}.{}", kind.app(), kind.schema),
        "confirmed": held.confirmed,
        "created": held.created.iso(),
        "last_updated": held.last_updated.iso(),
        "last_used": held.last_used.map(Timestamp::iso),
        "extra_description": held.remark,
    })
}

pub(crate) fn schemas() -> Vec<(&'static str, Value)> {
    let device = object_schema(&[
        ("verbose_name", "string"),
        ("verbose_name_plural", "string"),
        ("meta_model_name", "string"),
        ("pk", "string"),
        ("name", "string"),
        ("type", "string"),
        ("confirmed", "boolean"),
        ("created", "time"),
        ("last_updated", "time"),
        ("last_used", "time?"),
        ("extra_description", "string"),
    ]);
    let token = object_schema(&[("token", "string")]);
    let make = object_schema(&[("aaguid", "uuid"), ("description", "string")]);
    let makes =
        object_schema(&[("pagination", "#Pagination"), ("results", "[#WebAuthnDeviceType]")]);
    let own = [
        ("Device", device),
        ("StaticDeviceToken", token),
        ("WebAuthnDeviceType", make),
        ("PaginatedWebAuthnDeviceTypeList", makes),
    ];
    DEVICES.iter().map(DeviceDef::schema).chain(own).collect()
}
