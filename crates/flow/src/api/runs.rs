//! Recorded runs, for administrators: what happened and why.

use axum::response::Response;
use countersign_catalogue::Application;
use countersign_core::{ApiError, Call, Page, Permission, envelope, json};
use countersign_model::{Fields as _, Problem, Timestamp};
use countersign_store::{Row, Sql, SqlValue, StoreError, numbered, params};
use http::StatusCode;
use serde_json::Value;
use uuid::Uuid;

use crate::context::Flows;
use crate::record;
use crate::recorded::{self, COLUMNS, FROM, render};
use crate::recorder::numbers_from;

/// Names of people are for those who may view them.
fn sees_people(call: &Call) -> bool {
    call.rights().hold(Permission::view(countersign_directory::users::User::META))
}

fn invalid(name: &'static str, text: &str) -> ApiError {
    ApiError::field(name, Problem::new("invalid", text))
}

pub(super) async fn list(flows: Flows, call: Call) -> Result<Response, ApiError> {
    let page = Page::read(&call.query, 1000)?;
    record::flush(&flows.over(&call.cx)).await;
    let (wanted, values) = conditions(&call).await?;
    let (skip, size) = (page.offset(), page.size);
    let counted = wanted.clone();
    let read = call.cx.store.read(move |sql| {
        let count = format!("SELECT COUNT(*) FROM flow_run AS r WHERE {counted}");
        let count = sql.query_one(&count, &values)?.map_or(Ok(0), |row| row.get::<i64>(0))?;
        let text = format!(
            "SELECT {COLUMNS} {FROM} WHERE {wanted} ORDER BY r.started DESC, r.uuid LIMIT {size} OFFSET {skip}"
        );
        Ok::<_, StoreError>((usize::try_from(count).unwrap_or(0), sql.query(&text, &values)?))
    });
    let (count, rows) = read.await?;
    page.check(count)?;
    let names = sees_people(&call);
    let render = |row: &Row| render(row, &call.snapshot, names).map(Value::Object);
    let runs = rows.iter().map(render).collect::<Result<Vec<_>, _>>()?;
    Ok(json(StatusCode::OK, &envelope(page, count, runs)))
}

/// The conditions of a list, with the values of their parameters.
async fn conditions(call: &Call) -> Result<(String, Vec<SqlValue>), ApiError> {
    let given = |name: &str| call.query.get(name).map(str::trim).filter(|text| !text.is_empty());
    let (mut wanted, mut values) = (vec!["1 = 1"], Vec::<SqlValue>::new());
    for (name, condition) in [("flow", "r.flow = ?"), ("outcome", "r.outcome = ?")] {
        if let Some(text) = given(name) {
            wanted.push(condition);
            values.push(text.into());
        }
    }
    if let Some(user) = given("user") {
        let user: i64 = user.parse().map_err(|_| invalid("user", "Enter a number."))?;
        wanted.push("r.user_id = ?");
        values.push(user.into());
    }
    if let Some(name) = given("application") {
        // One that was deleted is still found by its key.
        let found = call.snapshot.find::<Application>("slug", name);
        let key = found.and_then(|(found, _)| found.key().uuid());
        let key = key.or_else(|| Uuid::parse_str(name).ok());
        wanted.push("r.application = ?");
        values.push(key.unwrap_or_default().into());
    }
    if let Some(since) = given("since") {
        let text = "Enter a time, as 2026-01-31T12:00:00Z.";
        let since = Timestamp::parse(since).ok_or_else(|| invalid("since", text))?;
        wanted.push("r.started >= ?");
        values.push(since.into());
    }
    if let Some(trace) = given("trace") {
        match numbers_from(trace) {
            Some((from, to)) => {
                wanted.push("SUBSTR(r.uuid, 12) >= ? AND SUBSTR(r.uuid, 12) <= ?");
                values.extend([from.into(), to.into()]);
            }
            None => wanted.push("1 = 0"),
        }
    }
    if let Some(event) = given("event") {
        let request = request_of(call, event).await?;
        wanted.push("r.uuid IN (SELECT run FROM flow_part WHERE request = ?)");
        values.push(request.into());
    }
    Ok((numbered(&wanted.join(" AND "), 0), values))
}

/// The request that an event bears; empty where it bears none.
async fn request_of(call: &Call, event: &str) -> Result<String, ApiError> {
    let event = Uuid::parse_str(event).map_err(|_| invalid("event", "Enter a UUID."))?;
    let read = move |sql: &mut Sql<'_>| {
        let row = sql.query_one("SELECT context FROM event WHERE uuid = $1", params![event])?;
        row.map(|row| row.get::<Value>(0)).transpose()
    };
    let context = call.cx.store.read(read).await?.unwrap_or_default();
    let request = context.pointer("/http_request/request_id").and_then(Value::as_str);
    Ok(request.unwrap_or_default().to_owned())
}

pub(super) async fn one(flows: Flows, call: Call) -> Result<Response, ApiError> {
    let cx = flows.over(&call.cx);
    record::flush(&cx).await;
    let not_found = || ApiError::detail(StatusCode::NOT_FOUND, "There is no such run.");
    let uuid = Uuid::parse_str(call.param("run")).map_err(|_| not_found())?;
    let run = recorded::for_people(&cx, uuid, sees_people(&call)).await?;
    Ok(json(StatusCode::OK, &Value::Object(run.ok_or_else(not_found)?)))
}
