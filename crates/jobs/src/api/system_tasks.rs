//! `events/system_tasks/`: the last run of each job on each thing, as the original tells it.
//!
//! Its rows are named by job and thing and keep their key from run to run, while rows of the queue
//! are one per request: the key is computed from the name.

use axum::response::Response;
use countersign_core::{ApiError, Call, Operation, Page, envelope, json, no_content};
use countersign_model::Timestamp;
use countersign_store::{Sql, StoreError, params};
use http::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::queue;

/// Names of tasks become keys inside of this.
const NAMES: Uuid = Uuid::from_u128(0x6f2c_b7b1_4c1e_4d0a_9d35_6c3b_1f0e_8a57);
/// As many runs are looked at; each failure of what was asked for leaves one for nine hours.
const MOST: i64 = 10_000;

/// The last run of a job on a thing.
struct Last {
    name: String,
    uid: String,
    description: &'static str,
    status: &'static str,
    started: Timestamp,
    finished: Timestamp,
    messages: Value,
    expires: Option<Timestamp>,
}

impl Last {
    fn full_name(&self) -> String {
        if self.uid.is_empty() { self.name.clone() } else { format!("{}:{}", self.name, self.uid) }
    }

    fn uuid(&self) -> Uuid {
        Uuid::new_v5(&NAMES, self.full_name().as_bytes())
    }

    fn seconds(&self) -> f64 {
        #[expect(
            clippy::cast_precision_loss,
            reason = "a duration in microseconds is far below 2^52"
        )]
        let micros = (self.finished.0 - self.started.0).max(0) as f64;
        micros / 1e6
    }

    fn render(&self) -> Value {
        json!({
            "uuid": self.uuid().to_string(),
            "name": self.name,
            "full_name": self.full_name(),
            "uid": if self.uid.is_empty() { Value::Null } else { self.uid.clone().into() },
            "description": self.description,
            "start_timestamp": self.started.iso(),
            "finish_timestamp": self.finished.iso(),
            "duration": self.seconds(),
            "status": self.status,
            "messages": self.messages,
            "expires": self.expires.map(Timestamp::iso),
            "expiring": self.expires.is_some(),
        })
    }
}

/// What ran, and what runs by itself and has not yet.
fn all(sql: &mut Sql<'_>, call: &Call) -> Result<Vec<Last>, StoreError> {
    let rows = sql.query(
        "SELECT name, uid, state, started, finished, messages, expires, queued FROM task WHERE state NOT IN ('queued', 'running') \
         ORDER BY finished DESC LIMIT $1",
        params![MOST],
    )?;
    let mut found: Vec<Last> = Vec::new();
    for row in rows {
        let name: String = row.get(0)?;
        let status = match row.get::<String>(2)?.as_str() {
            "successful" => "successful",
            "error" => "error",
            // The original knows no cancelling.
            _ => "warning",
        };
        let begun = row.get::<Option<Timestamp>>(3)?.map_or_else(|| row.get(7), Ok)?;
        found.push(Last {
            description: crate::job(&call.cx, &name).map_or("", |job| job.description),
            name,
            uid: row.get(1)?,
            status,
            started: begun,
            finished: row.get::<Option<Timestamp>>(4)?.unwrap_or(begun),
            messages: row.get(5)?,
            expires: row.get(6)?,
        });
    }
    let now = call.cx.clock.now();
    for job in crate::jobs(&call.cx).filter(|job| job.period().is_some()) {
        if !found.iter().any(|last| last.name == job.name && last.uid.is_empty()) {
            // Successes of frequent jobs leave no row.
            let text = if job.keep {
                "Task has not been run yet."
            } else {
                "Only failures of this task are kept."
            };
            found.push(Last {
                name: job.name.to_owned(),
                uid: String::new(),
                description: job.description,
                status: "unknown",
                started: now,
                finished: now,
                messages: json!([queue::line(now, "info", job.name, text)]),
                expires: None,
            });
        }
    }
    Ok(found)
}

pub(super) fn operations() -> Vec<Operation> {
    let filters =
        ["name", "uid", "search", "ordering"].map(|name| (name, json!({"type": "string"})));
    let mut list = Operation::new(
        Method::GET,
        "events/system_tasks/",
        "events_system_tasks_list",
        super::view(),
        list,
    )
    .summary("What was done beside requests")
    .pages_of("SystemTask")
    .parameter(
        "status",
        json!({"type": "string", "enum": ["error", "successful", "unknown", "warning"]}),
    );
    for (name, schema) in filters {
        list = list.parameter(name, schema);
    }
    vec![
        list,
        Operation::new(
            Method::GET,
            "events/system_tasks/{uuid}/",
            "events_system_tasks_retrieve",
            super::view(),
            |call: Call| async move { Ok(json(StatusCode::OK, &find(&call).await?.render())) },
        )
        .response("SystemTask"),
        Operation::new(
            Method::POST,
            "events/system_tasks/{uuid}/run/",
            "events_system_tasks_run_create",
            super::run(),
            run,
        )
        .summary("Run task"),
    ]
}

async fn list(call: Call) -> Result<Response, ApiError> {
    let moved = call.clone();
    let mut found = call.cx.store.read(move |sql| all(sql, &moved)).await?;
    let given =
        |name: &str| call.query.get(name).filter(|value| !value.is_empty()).map(str::to_owned);
    let (name, uid, status, search) =
        (given("name"), given("uid"), given("status"), given("search"));
    if let Some(status) = status
        .as_ref()
        .filter(|status| !["unknown", "successful", "warning", "error"].contains(&status.as_str()))
    {
        let text = format!("Select a valid choice. {status} is not one of the available choices.");
        return Err(ApiError::field(
            "status",
            countersign_model::Problem::new("invalid_choice", text),
        ));
    }
    let words: Vec<String> =
        search.unwrap_or_default().to_lowercase().split_whitespace().map(str::to_owned).collect();
    found.retain(|last| {
        let text = format!("{} {} {}", last.name, last.uid, last.description).to_lowercase();
        name.as_ref().is_none_or(|name| *name == last.name)
            && uid.as_ref().is_none_or(|uid| *uid == last.uid)
            && status.as_ref().is_none_or(|status| status == last.status)
            && words.iter().all(|word| text.contains(word))
    });
    let ordering = given("ordering").unwrap_or_default();
    let (key, down) =
        ordering.strip_prefix('-').map_or((ordering.as_str(), false), |key| (key, true));
    found.sort_by(|a, b| {
        let order = match key {
            "status" => a.status.cmp(b.status),
            "start_timestamp" => a.started.cmp(&b.started),
            "finish_timestamp" => a.finished.cmp(&b.finished),
            "duration" => a.seconds().total_cmp(&b.seconds()),
            _ => std::cmp::Ordering::Equal,
        };
        let order = order.then_with(|| (&a.name, &a.uid).cmp(&(&b.name, &b.uid)));
        if down { order.reverse() } else { order }
    });
    let page = Page::read(&call.query, usize::MAX)?;
    page.check(found.len())?;
    let part = found.iter().skip(page.offset()).take(page.size).map(Last::render).collect();
    Ok(json(StatusCode::OK, &envelope(page, found.len(), part)))
}

async fn find(call: &Call) -> Result<Last, ApiError> {
    let moved = call.clone();
    let uuid = Uuid::parse_str(call.param("uuid"))
        .map_err(|_| ApiError::detail(StatusCode::NOT_FOUND, "Not found."))?;
    let found = call.cx.store.read(move |sql| all(sql, &moved)).await?;
    found
        .into_iter()
        .find(|last| last.uuid() == uuid)
        .ok_or_else(|| ApiError::not_found("SystemTask"))
}

/// Asks for a run with the arguments of the last one.
async fn run(call: Call) -> Result<Response, ApiError> {
    let last = find(&call).await?;
    let job = crate::job(&call.cx, &last.name).cloned();
    let job = job.ok_or(ApiError::Empty(StatusCode::INTERNAL_SERVER_ERROR))?;
    let write = move |tx: &mut countersign_store::Tx<'_>| {
        let statement = "SELECT arguments FROM task WHERE name = $1 AND uid = $2 AND state NOT IN ('queued', 'running')";
        let sealed = tx
            .query_one(statement, params![&last.name, &last.uid])?
            .map(|row| row.get::<String>(0))
            .transpose()?;
        let arguments = sealed.map_or(Value::Null, |sealed| queue::open(tx, &sealed));
        job.ask(tx, &last.uid, &arguments).map(|_| ())
    };
    call.cx.store.write(call.actor(), "task asked for", write).await?;
    Ok(no_content())
}
