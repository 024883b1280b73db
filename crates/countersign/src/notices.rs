//! What administrators should know about the installation, as long as it is so.

use axum::response::Response;
use countersign_core::{Access, ApiError, Call, Module, Operation, Permission, json};
use http::{Method, StatusCode};
use serde_json::json;

/// The notices in the API.
pub fn module() -> Module {
    let free = json!({"type": "object", "additionalProperties": {}});
    Module {
        name: "notices",
        operations: vec![
            Operation::new(
                Method::GET,
                "countersign/notices/",
                "countersign_notices_retrieve",
                Access::global(Permission::VIEW_SYSTEM_INFO),
                notices,
            )
            .summary("What an administrator should do about the installation itself.")
            .response(free),
        ],
        ..Module::default()
    }
}

async fn notices(call: Call) -> Result<Response, ApiError> {
    let mut notices = Vec::new();
    if call.cx.store.has_stand_in_key() {
        notices.push(json!({
            "code": "example_secret_key",
            "title": "The secret key is a published example",
            "text": "It is not used: a random key takes its place. Set AUTHENTIK_SECRET_KEY to the output of `countersign generate secret` \
                     and start the server again; everything stored stays readable.",
        }));
    }
    for (name, down) in call.cx.health.all_down() {
        notices.push(json!({
            "code": format!("service_down_{name}"),
            "title": format!("The service \"{name}\" does not run"),
            "text": format!("It is tried again every minute. {}", down.problem),
        }));
    }
    Ok(json(StatusCode::OK, &json!({"notices": notices})))
}
