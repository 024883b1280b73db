//! `countersign/tasks/`: the queue as it is: what waits, what runs and how far, what ended.

use axum::response::Response;
use countersign_core::{ApiError, Call, Operation, Record, no_content};
use countersign_model::{Table, Timestamp};
use countersign_rest::{Condition, Resource, plain};
use countersign_store::{Sql, StoreError, Tx};
use http::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::queue;

/// A run that was asked for.
#[derive(Debug, Clone, Table)]
#[kind(
    path = "countersign/tasks",
    model = "authentik_events.systemtask",
    schema = "Task",
    title = "Task",
    plural = "System Tasks",
    lookup = "uuid",
    ordering = "-queued",
    hidden
)]
#[table(
    name = "task",
    pk = "uuid",
    operations = "list retrieve",
    display = "{name}",
    ends_if = "state NOT IN ('queued', 'running')",
    volatile
)]
pub(crate) struct Task {
    #[column(key)]
    uuid: Uuid,
    #[column(filter, search)]
    name: String,
    #[column(filter, search)]
    uid: String,
    #[field(read_only, default = String::new())]
    #[column(computed)]
    description: String,
    #[column(filter)]
    state: String,
    /// What the run is given, sealed: some hold links that sign people in.
    #[column(hidden)]
    arguments: String,
    #[column(order)]
    attempts: i64,
    #[field(read_only, default = Timestamp(0))]
    #[column(order)]
    queued: Timestamp,
    #[field(read_only, default = Timestamp(0))]
    #[column(order)]
    due: Timestamp,
    #[column(order)]
    started: Option<Timestamp>,
    #[column(order)]
    finished: Option<Timestamp>,
    #[column(hidden)]
    leased_by: Option<String>,
    #[column(hidden)]
    leased_until: Option<Timestamp>,
    #[column(hidden)]
    done_parts: Option<i64>,
    #[column(hidden)]
    all_parts: Option<i64>,
    #[column(hidden)]
    cancel: bool,
    #[column(hidden)]
    messages: Value,
    #[column(expires)]
    expires: Option<Timestamp>,
}

impl Record for Task {}

impl Resource for Task {
    fn conditions(call: &Call) -> Result<Vec<Condition>, ApiError> {
        let done = call.query.flag("done").map(|done| {
            (format!("t.state {} 'successful'", if done { "=" } else { "<>" }), Vec::new())
        });
        Ok(done.into_iter().collect())
    }

    fn answers(_: &mut Sql<'_>, rows: &[Self], call: &Call) -> Result<Vec<Value>, StoreError> {
        let answer = |row: &Task| {
            let job = crate::job(&call.cx, &row.name);
            let progress = row.done_parts.zip(row.all_parts);
            let mut answer = plain(row);
            answer.extend([
                ("description".to_owned(), job.map_or("", |job| job.description).into()),
                ("most_attempts".to_owned(), job.map(|job| job.attempts).into()),
                (
                    "progress".to_owned(),
                    progress.map(|(done, of)| json!({"done": done, "of": of})).into(),
                ),
                ("cancelling".to_owned(), row.cancel.into()),
                ("messages".to_owned(), row.messages.clone()),
            ]);
            Value::Object(answer)
        };
        Ok(rows.iter().map(answer).collect())
    }
}

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new(
            Method::POST,
            "countersign/tasks/{uuid}/retry/",
            "countersign_tasks_retry_create",
            super::run(),
            |call: Call| {
                change(
                    call,
                    "task asked for again",
                    queue::retry,
                    "This task waits or runs already.",
                )
            },
        )
        .summary("Run a task that ended once more"),
        Operation::new(
            Method::POST,
            "countersign/tasks/{uuid}/cancel/",
            "countersign_tasks_cancel_create",
            super::run(),
            |call: Call| {
                change(call, "task cancelled", queue::cancel, "This task has ended already.")
            },
        )
        .summary("Take a task out of the queue, or ask its run to stop"),
    ]
}

type Change = fn(&mut Tx<'_>, Uuid) -> Result<bool, StoreError>;

async fn change(
    call: Call,
    reason: &str,
    change: Change,
    refusal: &str,
) -> Result<Response, ApiError> {
    let missing = || ApiError::not_found("Task");
    let task = Uuid::parse_str(call.param("uuid")).map_err(|_| missing())?;
    let outcome = call
        .cx
        .store
        .write(call.actor(), reason, move |tx| {
            if change(tx, task)? {
                return Ok(Some(true));
            }
            let known = tx.query_one(
                "SELECT state FROM task WHERE uuid = $1",
                countersign_store::params![task],
            )?;
            Ok::<_, StoreError>(known.map(|_| false))
        })
        .await?;
    match outcome {
        Some(true) => Ok(no_content()),
        Some(false) => Err(ApiError::detail(StatusCode::CONFLICT, refusal)),
        None => Err(missing()),
    }
}
