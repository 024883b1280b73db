//! `countersign/runs/{run}/replay/`, `countersign/simulations/` and `countersign/simulations/impact/`.

use std::net::IpAddr;

use axum::response::Response;
use countersign_core::{
    Access, ApiError, Call, Job, Module, Operation, Permission, TableResource, Work as _, enqueue,
    json, with,
};
use countersign_directory::users::User;
use countersign_model::{Fields as _, Problem, Timestamp};
use countersign_policy::Policy;
use countersign_rest::object_schema;
use countersign_store::{Sql, StoreError, Tx, params};
use http::{Method, StatusCode};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::changes::ExplainError;
use crate::impact::{self, ImpactRow, Measure};
use crate::simulate::{Asked, Who};
use crate::{Deps, replay, simulate};

/// The explanations' part of the program.
#[must_use]
pub fn module(deps: &Deps) -> Module {
    let view = Permission::view(<dyn Policy as countersign_model::Family>::META);
    Module {
        name: "explain",
        operations: vec![
            Operation::new(
                Method::POST,
                "countersign/runs/{run}/replay/",
                "countersign_runs_replay_create",
                Access::all([Permission::INSPECT_FLOW, Permission::view(User::META)]),
                with(deps, again),
            )
            .summary("Make the decisions of a recorded run again, without effects.")
            .request("ReplayRequest")
            .response("Replay"),
            Operation::new(
                Method::POST,
                "countersign/simulations/",
                "countersign_simulations_create",
                Access::all([Permission::VIEW_USER_APPLICATIONS, view]),
                with(deps, simulation),
            )
            .summary("Whether somebody would get into an application, without effects.")
            .request("SimulationRequest")
            .response("Simulation"),
            // It may hold code, and it names whom it touches.
            Operation::new(
                Method::POST,
                "countersign/simulations/impact/",
                "countersign_simulations_impact_create",
                Access::everything(),
                with(deps, measure),
            )
            .summary("Begin to find who would gain or lose access by an edit.")
            .request("ImpactRequest")
            .response("Impact"),
            Operation::new(
                Method::GET,
                "countersign/simulations/impact/{task}/",
                "countersign_simulations_impact_retrieve",
                Access::everything(),
                measured,
            )
            .summary("How far it has come, and the answer.")
            .response("Impact"),
        ],
        tables: vec![TableResource::plain::<ImpactRow>()],
        jobs: vec![Job { keep: true, ..Job::of(Measure(deps.clone())) }],
        schemas: schemas(),
        ..Module::default()
    }
}

fn schemas() -> Vec<(&'static str, Value)> {
    let changes = json!({
        "description": "Entries of a blueprint, or the text of one.",
        "nullable": true,
        "oneOf": [
            {"type": "array", "items": {"type": "object", "additionalProperties": {}}},
            {"type": "string"},
        ],
    });
    let with_changes = |mut schema: Value| {
        if let Some(Value::Object(properties)) = schema.get_mut("properties") {
            properties.insert("changes".to_owned(), changes.clone());
        }
        schema
    };
    vec![
        ("ReplayRequest", with_changes(json!({"type": "object", "properties": {}}))),
        (
            "Replay",
            object_schema(&[
                ("run", "uuid"),
                ("trace", "string"),
                ("revision", "integer"),
                ("revision_now", "integer"),
                ("outcome", "string"),
                ("same", "boolean?"),
                ("reasons", "[string]"),
                ("changes", "[string]"),
                ("decisions", "[#ReplayDecision]"),
            ]),
        ),
        (
            "ReplayDecision",
            object_schema(&[
                ("about", "string"),
                ("number", "integer"),
                ("was", "boolean"),
                ("passing", "boolean?"),
                ("gone?", "boolean"),
                ("messages?", "[string]"),
                ("steps?", "[#ReplayStep]"),
            ]),
        ),
        (
            "ReplayStep",
            object_schema(&[
                ("binding", "string"),
                ("kind", "string"),
                ("name", "string"),
                ("was", "boolean?"),
                ("passing", "boolean?"),
                ("messages", "[string]"),
                ("unknown?", "string"),
            ]),
        ),
        (
            "ImpactRequest",
            with_changes(json!({"type": "object", "required": ["changes"], "properties": {}})),
        ),
        (
            "Impact",
            object_schema(&[
                ("task", "uuid"),
                ("state", "string"),
                ("progress", "map?"),
                ("error?", "string"),
                ("gained?", "[#ImpactOn]"),
                ("lost?", "[#ImpactOn]"),
                ("unknown?", "[#ImpactOn]"),
                ("counts?", "map"),
                ("applications?", "[string]"),
                ("people?", "integer"),
                ("changes?", "[string]"),
            ]),
        ),
        (
            "ImpactOn",
            object_schema(&[
                ("user", "integer"),
                ("username", "string"),
                ("application", "string"),
            ]),
        ),
        (
            "SimulationRequest",
            with_changes(json!({
                "type": "object",
                "required": ["user", "application"],
                "properties": {
                    "user": {"oneOf": [{"type": "integer"}, {"type": "string"}]},
                    "application": {"type": "string"},
                    "client_ip": {"type": "string", "nullable": true},
                    "at": {"type": "string", "format": "date-time", "nullable": true},
                },
            })),
        ),
        (
            "Simulation",
            object_schema(&[
                ("outcome", "string"),
                ("passing", "boolean?"),
                ("reasons", "[string]"),
                ("trace", "map"),
                ("flows", "[map]"),
                ("user", "map"),
                ("application", "map"),
                ("client_ip", "string"),
                ("at", "time"),
                ("changes", "[string]"),
            ]),
        ),
    ]
}

/// The edit that is to be looked at. It may hold code and name anything: it is for who may make it.
fn changes(call: &Call, body: &Map<String, Value>) -> Result<Value, ApiError> {
    let changes = body.get("changes").cloned().unwrap_or_default();
    if changes.is_null() || call.rights().hold_everything() {
        return Ok(changes);
    }
    let text = "Only who holds every permission may try out changes.";
    Err(ApiError::detail(StatusCode::FORBIDDEN, text))
}

fn refused(error: ExplainError) -> ApiError {
    match error {
        ExplainError::Store(error) => error.into(),
        ExplainError::Changes(text) => ApiError::field("changes", Problem::new("invalid", text)),
        ExplainError::Run(_) => ApiError::detail(StatusCode::NOT_FOUND, "There is no such run."),
        missing @ (ExplainError::User(_) | ExplainError::Application(_)) => {
            ApiError::detail(StatusCode::NOT_FOUND, missing.to_string())
        }
    }
}

async fn again(deps: Deps, call: Call) -> Result<Response, ApiError> {
    let body = call.object()?;
    let changes = changes(&call, &body)?;
    let missing = || refused(ExplainError::Run(String::new()));
    let run = Uuid::parse_str(call.param("run")).map_err(|_| missing())?;
    let cx = deps.flows.over(&call.cx);
    let again = replay(&deps, &cx, run, &changes).await.map_err(refused)?;
    Ok(json(StatusCode::OK, &serde_json::to_value(again).unwrap_or_default()))
}

async fn simulation(deps: Deps, call: Call) -> Result<Response, ApiError> {
    let body = call.object()?;
    let invalid = |name, text: &str| ApiError::field(name, Problem::new("invalid", text));
    let user = match body.get("user") {
        Some(Value::String(name)) => Who::Name(name.clone()),
        Some(value) if value.is_i64() => Who::Number(value.as_i64().unwrap_or_default()),
        None => return Err(ApiError::field("user", Problem::required())),
        Some(_) => return Err(invalid("user", "Send the number or the name of an account.")),
    };
    let application = match body.get("application") {
        Some(Value::String(name)) => name.clone(),
        None => return Err(ApiError::field("application", Problem::required())),
        Some(_) => return Err(invalid("application", "Send its slug or key.")),
    };
    let text = |name| match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_str())),
        Some(_) => Err(invalid(name, "Not a valid string.")),
    };
    let client_ip = text("client_ip")?.map(|text| {
        text.parse::<IpAddr>()
            .map_err(|_| invalid("client_ip", "Enter a valid IPv4 or IPv6 address."))
    });
    let at = text("at")?.map(|text| {
        let wrong = "Enter a time, as 2026-01-31T12:00:00Z.";
        Timestamp::parse(text).ok_or_else(|| invalid("at", wrong))
    });
    let asked = Asked {
        user,
        application,
        client_ip: client_ip.transpose()?,
        at: at.transpose()?,
        changes: changes(&call, &body)?,
    };
    let cx = deps.flows.over(&call.cx);
    let told = simulate(&deps, &cx, &call.request, &asked).await.map_err(refused)?;
    Ok(json(StatusCode::OK, &Value::Object(told)))
}

async fn measure(deps: Deps, call: Call) -> Result<Response, ApiError> {
    let body = call.object()?;
    let Some(changes) = body.get("changes").filter(|changes| !changes.is_null()).cloned() else {
        return Err(ApiError::field("changes", Problem::required()));
    };
    // What cannot be carried out is said at once.
    let cx = deps.flows.over(&call.cx);
    impact::looked_at(&deps, &cx, &changes).await.map_err(refused)?;
    let asked = impact::Asked { changes };
    let work = move |tx: &mut Tx<'_>| {
        let uid = tx.entropy().uuid().to_string();
        enqueue::<Measure>(tx, &uid, &asked)
    };
    let task = call.cx.store.write(call.actor(), "impact of an edit", work).await?;
    let answer = json!({"task": task.to_string(), "state": "queued", "progress": null});
    Ok(json(StatusCode::ACCEPTED, &answer))
}

async fn measured(call: Call) -> Result<Response, ApiError> {
    let missing = || ApiError::detail(StatusCode::NOT_FOUND, "There is no such task.");
    let task = Uuid::parse_str(call.param("task")).map_err(|_| missing())?;
    let read = move |sql: &mut Sql<'_>| {
        let answer = sql.query_one("SELECT result FROM impact WHERE task = $1", params![task])?;
        let answer = answer.map(|row| row.get::<Value>(0)).transpose()?;
        let text =
            "SELECT state, done_parts, all_parts, messages FROM task WHERE uuid = $1 AND name = $2";
        let row = sql.query_one(text, params![task, Measure::NAME])?;
        Ok::<_, StoreError>((answer, row))
    };
    let (answer, row) = call.cx.store.read(read).await?;
    let mut told = Map::from_iter([
        ("task".to_owned(), task.to_string().into()),
        ("state".to_owned(), "done".into()),
        ("progress".to_owned(), Value::Null),
    ]);
    match (answer, row) {
        (Some(Value::Object(answer)), _) => told.extend(answer),
        (_, Some(row)) => {
            told.insert("state".to_owned(), row.get::<String>(0)?.into());
            let parts = row.get::<Option<i64>>(1)?.zip(row.get::<Option<i64>>(2)?);
            let parts = parts.map(|(done, of)| json!({"done": done, "of": of}));
            told.insert("progress".to_owned(), parts.into());
            let lines: Value = row.get(3)?;
            let mut errors = lines.as_array().into_iter().flatten().filter_map(|line| {
                let is_error = line.get("log_level").and_then(Value::as_str) == Some("error");
                line.get("event").filter(|_| is_error).cloned()
            });
            told.extend(errors.next_back().map(|error| ("error".to_owned(), error)));
        }
        (_, None) => return Err(missing()),
    }
    Ok(json(StatusCode::OK, &Value::Object(told)))
}
