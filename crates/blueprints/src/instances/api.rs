//! What the API does with instances beyond keeping them.

use std::sync::Arc;
use std::time::Duration;

use axum::response::Response;
use countersign_core::{Access, ApiError, Call, Operation, Permission, enqueue, json, with};
use countersign_model::{FieldErrors, Fields, Problem, Ref, Verbatim};
use countersign_store::{StoreError, Tx, params};
use http::{Method, StatusCode};
use serde_json::{Map, Value as Json, json};
use tokio::time::{Instant, sleep};

use super::apply::{self, Apply, Wanted};
use super::{BlueprintInstance, Surroundings};

/// A worker takes what is asked for in less than a second; a large blueprint takes some more.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a form cannot check: whether the file is at hand, and whether the text would do.
pub(super) async fn admit(
    given: Arc<Surroundings>,
    call: Call,
    body: Map<String, Json>,
) -> Result<(), ApiError> {
    let text = |name: &str| body.get(name).and_then(Json::as_str).filter(|text| !text.is_empty());
    // Planning a text finds objects as the server does: nobody else is shown what it says of them.
    if text("content").is_some() && !call.rights().hold_everything() {
        return Err(ApiError::forbidden("A blueprint is for who holds every permission."));
    }
    if let Some(path) = text("path").filter(|path| !path.starts_with("oci://")) {
        let (files, _) = given.files().await.map_err(ApiError::object)?;
        if !files.iter().any(|file| file.path == path) {
            return Err(ApiError::field(
                "path",
                Problem::new("invalid", "Blueprint file does not exist"),
            ));
        }
    }
    if let Some(content) = text("content") {
        let context = body.get("context").and_then(Json::as_object).cloned().unwrap_or_default();
        if let Err(faults) =
            apply::validate(&call.cx, &given, &Verbatim::from(content), &context).await
        {
            let mut errors = FieldErrors::one(
                "content",
                Problem::new("invalid", "Failed to validate blueprint"),
            );
            for fault in faults {
                errors.add("content", Problem::new("invalid", format!("- {fault}")));
            }
            return Err(errors.into());
        }
    }
    Ok(())
}

pub(super) fn operations(given: &Arc<Surroundings>) -> Vec<Operation> {
    let array = json!({"type": "array", "items": {"$ref": "#/components/schemas/BlueprintFile"}});
    vec![
        Operation::new(
            Method::GET,
            "managed/blueprints/available/",
            "managed_blueprints_available_list",
            Access::global(Permission::view(BlueprintInstance::META)),
            with(given, available),
        )
        .summary("Files at hand")
        .response(array),
        Operation::new(
            Method::POST,
            "managed/blueprints/{instance_uuid}/apply/",
            "managed_blueprints_apply_create",
            Access::on(Permission::change(BlueprintInstance::META)),
            apply_now,
        )
        .summary("Apply a blueprint")
        .response("BlueprintInstance"),
    ]
}

async fn available(given: Arc<Surroundings>, _: Call) -> Result<Response, ApiError> {
    let (files, _) = given.files().await.map_err(ApiError::object)?;
    let rows: Json = files
        .iter()
        .filter(|file| file.document.is_ok())
        .map(|file| json!({"path": file.path, "version": 1, "hash": file.hash, "last_m": file.modified, "meta": file.metadata()}))
        .collect();
    Ok(json(StatusCode::OK, &rows))
}

/// Asks for an application and waits for its end, so that the answer tells how it went.
async fn apply_now(call: Call) -> Result<Response, ApiError> {
    let key = call.entry()?.id.key;
    let name = call.entry()?.label().unwrap_or_default();
    let actor = call.actor();
    let ask = move |tx: &mut Tx<'_>| {
        enqueue::<Apply>(tx, &name, &Wanted { pk: Ref::new(key), actor: Some(actor.clone()) })
    };
    let task = call.cx.store.write(call.actor(), "blueprint applied over the API", ask).await?;
    let end = Instant::now() + PATIENCE;
    loop {
        let waiting = call.cx.store.read(move |sql| {
            let statement =
                "SELECT uuid FROM task WHERE uuid = $1 AND state IN ('queued', 'running')";
            Ok::<_, StoreError>(sql.query_one(statement, params![task])?.is_some())
        });
        if !waiting.await? {
            break;
        }
        if Instant::now() > end {
            let text = "The blueprint is not applied yet: no worker has done it within 30 seconds. See System Tasks.";
            return Err(ApiError::detail(StatusCode::SERVICE_UNAVAILABLE, text));
        }
        sleep(Duration::from_millis(50)).await;
    }
    call.cx.store.refresh().await?;
    countersign_rest::answer(&call, call.entry()?.id).await
}
