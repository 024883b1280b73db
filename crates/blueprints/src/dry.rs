//! `countersign/blueprints/`: what a file would do, and what is wrong with it, before it is kept or
//! applied.

use std::sync::Arc;

use axum::response::Response;
use countersign_core::{Access, ApiError, Call, Operation, Permission, json, with};
use countersign_model::{Fields as _, Problem};
use countersign_rest::object_schema;
use http::{Method, StatusCode};
use serde_json::{Value as Json, json};

use crate::apply::{self, Difference, DifferenceKind, Spot};
use crate::format::Document;
use crate::instances::{BlueprintInstance, Surroundings};
use crate::{check, shipped, tables};

pub(crate) fn operations(given: &Arc<Surroundings>) -> Vec<Operation> {
    vec![
        // It finds objects as the server itself does.
        Operation::new(
            Method::POST,
            "countersign/blueprints/plan/",
            "countersign_blueprints_plan_create",
            Access::everything(),
            with(given, plan),
        )
        .summary("What applying a blueprint would change; nothing is.")
        .request("BlueprintTextRequest")
        .response("BlueprintPlan"),
        Operation::new(
            Method::POST,
            "countersign/blueprints/validate/",
            "countersign_blueprints_validate_create",
            Access::global(Permission::add(BlueprintInstance::META)),
            validate,
        )
        .summary("What is wrong with a blueprint, as far as its text alone says.")
        .request("BlueprintTextRequest")
        .response("BlueprintFindings"),
    ]
}

pub(crate) fn schemas() -> Vec<(&'static str, Json)> {
    let text = object_schema(&[("content", "string"), ("context?", "map")]);
    let finding = object_schema(&[
        ("line", "integer"),
        ("column", "integer"),
        ("model", "string"),
        ("error", "boolean"),
        ("text", "string"),
    ]);
    let step = object_schema(&[
        ("line", "integer"),
        ("model", "string"),
        ("action", "string"),
        ("identifiers", "map"),
        ("fields", "[string]"),
    ]);
    let difference = object_schema(&[
        ("action", "string"),
        ("model", "string"),
        ("key", "string"),
        ("label", "string"),
        ("fields", "[#BlueprintPlanField]"),
    ]);
    vec![
        ("BlueprintTextRequest", text),
        ("BlueprintFinding", finding),
        (
            "BlueprintFindings",
            object_schema(&[("valid", "boolean"), ("findings", "[#BlueprintFinding]")]),
        ),
        ("BlueprintPlanStep", step),
        (
            "BlueprintPlanField",
            object_schema(&[("name", "string"), ("before", "any"), ("after", "any")]),
        ),
        ("BlueprintPlanDifference", difference),
        (
            "BlueprintPlan",
            object_schema(&[
                ("steps", "[#BlueprintPlanStep]"),
                ("differences", "[#BlueprintPlanDifference]"),
                ("notes", "[string]"),
            ]),
        ),
    ]
}

fn content(call: &Call) -> Result<String, ApiError> {
    match call.object()?.get("content") {
        Some(Json::String(text)) => Ok(text.clone()),
        Some(_) => Err(ApiError::field("content", Problem::new("invalid", "Not a valid string."))),
        None => Err(ApiError::field("content", Problem::required())),
    }
}

async fn validate(call: Call) -> Result<Response, ApiError> {
    let text = content(&call)?;
    let found = match Document::parse("content", &text) {
        Err(error) => vec![finding(&Spot::default(), true, &error.to_string())],
        Ok(document) => {
            let tables = tables::of(call.cx.modules());
            let found = check::findings(&document, call.cx.registry(), &tables);
            found.iter().map(|one| finding(&one.spot, one.error, &one.text)).collect()
        }
    };
    let valid = found.iter().all(|one| one.get("error") != Some(&Json::Bool(true)));
    Ok(json(StatusCode::OK, &json!({"valid": valid, "findings": found})))
}

fn finding(spot: &Spot, error: bool, text: &str) -> Json {
    json!({"line": spot.at.line, "column": spot.at.column, "model": spot.model, "error": error, "text": text})
}

async fn plan(given: Arc<Surroundings>, call: Call) -> Result<Response, ApiError> {
    let refused = |why: String| ApiError::field("content", Problem::new("invalid", why));
    let text = content(&call)?;
    let context = call.object()?.get("context").and_then(Json::as_object).cloned();
    let document = Document::parse("content", &text).map_err(|error| refused(error.to_string()))?;
    // Entries may name the built-in files.
    let mut library = shipped::documents().map_err(|error| refused(error.to_string()))?;
    let chosen = vec![library.len()];
    library.push(document);
    let key = &call.cx.settings.secret_key;
    let job = given.job(call.cx.modules(), key, library, chosen, context.unwrap_or_default());
    let planned = apply::plan(&call.cx.store, Arc::new(job)).await;
    let (outcome, differences) = planned.map_err(|error| refused(error.to_string()))?;
    let steps: Json = outcome
        .steps
        .iter()
        .map(|step| {
            json!({
                "line": step.spot.at.line, "model": step.spot.model, "action": step.action.word(),
                "identifiers": step.identifiers, "fields": step.fields,
            })
        })
        .collect();
    let differences: Json = differences.iter().map(difference).collect();
    let answer = json!({"steps": steps, "differences": differences, "notes": outcome.notes});
    Ok(json(StatusCode::OK, &answer))
}

fn difference(difference: &Difference) -> Json {
    let action = match difference.kind {
        DifferenceKind::Created => "create",
        DifferenceKind::Changed => "change",
        DifferenceKind::Deleted => "delete",
    };
    let fields: Json = difference
        .fields
        .iter()
        .map(|(name, before, after)| json!({"name": name, "before": before, "after": after}))
        .collect();
    json!({
        "action": action, "model": difference.model, "key": difference.key,
        "label": difference.label, "fields": fields,
    })
}
