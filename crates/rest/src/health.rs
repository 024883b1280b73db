//! What in the configuration cannot work as it is, for the overview.

use countersign_core::{Access, ApiError, Call, Operation, Permission, json as answer};
use countersign_model::unsound;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::openapi::object_schema;

/// More than somebody mends in one sitting is not listed.
const MOST: usize = 100;

pub(crate) fn operations() -> Vec<Operation> {
    let finding = object_schema(&[
        ("model", "string"),
        ("verbose_name", "string"),
        ("pk", "string"),
        ("name", "string"),
        ("errors", "map"),
    ]);
    vec![
        Operation::new(Method::GET, "countersign/health/", "countersign_health_retrieve", Access::global(Permission::VIEW_SYSTEM_INFO), health)
            .summary("Objects that cannot work as they are: what they named was deleted, or rules have changed since they were saved.")
            .response(json!({"type": "object", "properties": {"count": {"type": "integer"}, "results": {"type": "array", "items": finding}}, "required": ["count", "results"]})),
    ]
}

async fn health(call: Call) -> Result<axum::response::Response, ApiError> {
    let snapshot = call.snapshot.clone();
    // Keys and expressions are looked at: not for the async threads.
    let found = tokio::task::spawn_blocking(move || unsound(&snapshot))
        .await
        .map_err(|error| ApiError::object(error.to_string()))?;
    let results: Value = found
        .iter()
        .take(MOST)
        .map(|(entry, errors)| {
            let meta = entry.meta();
            json!({
                "model": meta.model, "verbose_name": meta.title, "pk": entry.id.key.to_string(), "name": call.cx.display(entry),
                "errors": errors.to_json(),
            })
        })
        .collect();
    Ok(answer(StatusCode::OK, &json!({"count": found.len(), "results": results})))
}
