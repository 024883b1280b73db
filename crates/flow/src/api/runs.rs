//! Recorded runs, for administrators: what happened and why.

use axum::response::Response;
use countersign_core::{ApiError, Call, Page, envelope, json};
use countersign_store::{Row, StoreError, params};
use http::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::recorder::trace_number;

const COLUMNS: &str = "uuid, flow, user_id, started, finished, outcome, revision, steps";
/// Runs that are looked through for a trace number.
const LOOKED_THROUGH: i64 = 20_000;

pub(super) async fn list(call: Call) -> Result<Response, ApiError> {
    let page = Page::read(&call.query, usize::MAX)?;
    let text = |name: &str| call.query.get(name).unwrap_or_default().to_owned();
    let (flow, outcome, trace) =
        (text("flow"), text("outcome"), text("trace").trim().to_ascii_uppercase());
    let user: i64 = text("user").parse().unwrap_or(0);
    let (skip, size) = (page.offset(), page.size);
    let read = call.cx.store.read(move |sql| {
        // Numbers first: the steps of runs that are not shown are not read.
        let rows = sql.query(
            "SELECT uuid FROM flow_run WHERE ($1 = '' OR flow = $1) AND ($2 = '' OR outcome = $2) AND ($3 = 0 OR user_id = $3) ORDER BY started DESC LIMIT $4",
            params![flow, outcome, user, LOOKED_THROUGH],
        )?;
        let mut keys = rows.iter().map(|row| row.get::<Uuid>(0)).collect::<Result<Vec<_>, _>>()?;
        if !trace.is_empty() {
            keys.retain(|key| trace_number(*key).starts_with(&trace));
        }
        let mut runs = Vec::new();
        for key in keys.iter().skip(skip).take(size) {
            if let Some(row) = sql.query_one(&format!("SELECT {COLUMNS} FROM flow_run WHERE uuid = $1"), params![*key])? {
                runs.push(render(&row)?);
            }
        }
        Ok::<_, StoreError>((keys.len(), runs))
    });
    let (count, runs) = read.await?;
    page.check(count)?;
    Ok(json(StatusCode::OK, &envelope(page, count, runs)))
}

pub(super) async fn one(call: Call) -> Result<Response, ApiError> {
    let not_found = || ApiError::detail(StatusCode::NOT_FOUND, "There is no such run.");
    let uuid = Uuid::parse_str(call.param("run")).map_err(|_| not_found())?;
    let row = call
        .cx
        .store
        .read(move |sql| {
            sql.query_one(&format!("SELECT {COLUMNS} FROM flow_run WHERE uuid = $1"), params![uuid])
        })
        .await?;
    Ok(json(StatusCode::OK, &render(&row.ok_or_else(not_found)?)?))
}

fn render(row: &Row) -> Result<Value, StoreError> {
    use countersign_model::Timestamp;
    let uuid: Uuid = row.get(0)?;
    let finished: Option<Timestamp> = row.get(4)?;
    Ok(json!({
        "pk": uuid.to_string(), "trace": trace_number(uuid), "flow": row.get::<String>(1)?, "user": row.get::<Option<i64>>(2)?,
        "started": row.get::<Timestamp>(3)?.iso(), "finished": finished.map(Timestamp::iso), "outcome": row.get::<String>(5)?,
        "revision": row.get::<i64>(6)?, "steps": row.get::<Value>(7)?,
    }))
}
