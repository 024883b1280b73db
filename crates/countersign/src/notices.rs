//! What administrators should know about the installation, as long as it is so.

use axum::response::Response;
use countersign_core::{Access, ApiError, Call, Context, Module, Operation, Permission, json};
use http::{Method, StatusCode};
use serde_json::{Value, json};

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

/// Something about the installation.
pub struct Notice {
    code: String,
    pub title: String,
    pub text: String,
}

/// What there is to say now.
pub fn current(cx: &Context) -> Vec<Notice> {
    let stand_in = cx.store.has_stand_in_key().then(|| Notice {
        code: "example_secret_key".to_owned(),
        title: "The secret key is a published example".to_owned(),
        text: "It is not used: a random key takes its place. Set AUTHENTIK_SECRET_KEY to the output of `countersign generate secret` \
               and start the server again; everything stored stays readable."
            .to_owned(),
    });
    let down = cx.health.all_down().into_iter().map(|(name, down)| Notice {
        code: format!("service_down_{name}"),
        title: format!("The service \"{name}\" does not run"),
        text: format!("It is tried again every minute. {}", down.problem),
    });
    stand_in.into_iter().chain(down).collect()
}

async fn notices(call: Call) -> Result<Response, ApiError> {
    let notices: Value = current(&call.cx)
        .into_iter()
        .map(|notice| json!({"code": notice.code, "title": notice.title, "text": notice.text}))
        .collect();
    Ok(json(StatusCode::OK, &json!({ "notices": notices })))
}
