//! `countersign/tasks/`: the queue as it is: what waits, what runs and how far, what ended.

use axum::response::Response;
use countersign_core::{ApiError, Call, Operation, no_content};
use countersign_model::{Fields, KindMeta, Timestamp};
use countersign_rest::{Column, ColumnKind, Rows, TableMeta, table_operations};
use countersign_store::{Row, Sql, SqlValue, StoreError, Tx};
use http::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::queue;

/// A run that was asked for.
#[derive(Debug, Clone, Fields)]
#[kind(
    path = "countersign/tasks",
    model = "authentik_events.systemtask",
    schema = "Task",
    title = "Task",
    lookup = "uuid",
    hidden
)]
pub(crate) struct TaskRow {
    name: String,
    uid: String,
    #[field(read_only, default = String::new())]
    description: String,
    state: String,
    attempts: i64,
    #[field(read_only, default = Timestamp(0))]
    queued: Timestamp,
    #[field(read_only, default = Timestamp(0))]
    due: Timestamp,
    started: Option<Timestamp>,
    finished: Option<Timestamp>,
    expires: Option<Timestamp>,
}

struct Tasks;

impl Rows for Tasks {
    const META: &'static KindMeta = <TaskRow as Fields>::META;
    const OPERATIONS: &'static [&'static str] = &["list", "retrieve"];
    const TABLE: &'static TableMeta = &TableMeta {
        from: "task t",
        key: "t.uuid",
        lookup: "t.uuid",
        lookup_kind: ColumnKind::Uuid,
        order: "-queued",
        searched: None,
        index: None,
        columns: &[
            Column::new("name", "t.name", ColumnKind::Text).searched(),
            Column::new("uid", "t.uid", ColumnKind::Text).searched(),
            Column::new("state", "t.state", ColumnKind::Text),
            Column::new("attempts", "t.attempts", ColumnKind::Int).unfiltered(),
            Column::new("queued", "t.queued", ColumnKind::Time).unfiltered(),
            Column::new("due", "t.due", ColumnKind::Time).unfiltered(),
            Column::new("started", "t.started", ColumnKind::Time).unfiltered(),
            Column::new("finished", "t.finished", ColumnKind::Time).unfiltered(),
        ],
    };

    fn conditions(call: &Call) -> Result<Vec<(String, Vec<SqlValue>)>, ApiError> {
        let done = call.query.flag("done").map(|done| {
            (format!("t.state {} 'successful'", if done { "=" } else { "<>" }), Vec::new())
        });
        Ok(done.into_iter().collect())
    }

    fn render(sql: &mut Sql<'_>, keys: &[SqlValue], call: &Call) -> Result<Vec<Value>, StoreError> {
        let statement = "SELECT uuid, name, uid, state, attempts, queued, due, started, finished, done_parts, all_parts, cancel, messages, expires \
                         FROM task WHERE uuid = $1";
        let mut rows = Vec::with_capacity(keys.len());
        for key in keys {
            if let Some(row) = sql.query_one(statement, std::slice::from_ref(key))? {
                rows.push(render(&row, call)?);
            }
        }
        Ok(rows)
    }
}

fn render(row: &Row, call: &Call) -> Result<Value, StoreError> {
    let name: String = row.get(1)?;
    let time = |column| row.get::<Option<Timestamp>>(column).map(|time| time.map(Timestamp::iso));
    let (done, all) = (row.get::<Option<i64>>(9)?, row.get::<Option<i64>>(10)?);
    let job = crate::job(&call.cx, &name);
    Ok(json!({
        "uuid": row.get::<Uuid>(0)?.to_string(),
        "uid": row.get::<String>(2)?,
        "description": job.map_or("", |job| job.description),
        "state": row.get::<String>(3)?,
        "attempts": row.get::<i64>(4)?,
        "most_attempts": job.map(|job| job.attempts),
        "queued": time(5)?,
        "due": time(6)?,
        "started": time(7)?,
        "finished": time(8)?,
        "progress": done.zip(all).map(|(done, of)| json!({"done": done, "of": of})),
        "cancelling": row.get::<bool>(11)?,
        "messages": row.get::<Value>(12)?,
        "expires": time(13)?,
        "name": name,
    }))
}

pub(super) fn operations() -> Vec<Operation> {
    let mut all = table_operations::<Tasks>();
    all.push(
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
    );
    all.push(
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
    );
    all
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
