//! `countersign/schedule/`: what runs by itself, when, and how it went.

use axum::response::Response;
use countersign_core::{ApiError, Call, Operation, json};
use countersign_model::Timestamp;
use countersign_store::{StoreError, params};
use http::{Method, StatusCode};
use serde_json::{Value, json};

pub(super) fn operations() -> Vec<Operation> {
    let array = json!({"type": "array", "items": {"$ref": "#/components/schemas/Schedule"}});
    vec![
        Operation::new(
            Method::GET,
            "countersign/schedule/",
            "countersign_schedule_list",
            super::view(),
            list,
        )
        .summary("The jobs that run by themselves")
        .response(array),
    ]
}

async fn list(call: Call) -> Result<Response, ApiError> {
    let (times, runs) = call
        .cx
        .store
        .read(|sql| {
            let times = sql.query("SELECT name, next FROM schedule", params![])?;
            let runs = sql.query(
                "SELECT name, state, started, finished FROM task WHERE uid = '' ORDER BY queued",
                params![],
            )?;
            Ok::<_, StoreError>((times, runs))
        })
        .await?;
    let mut answer = Vec::new();
    for job in crate::jobs(&call.cx) {
        let Some(every) = job.period() else { continue };
        let (mut next, mut running, mut last) = (None, false, Value::Null);
        for row in &times {
            if row.get::<String>(0)? == job.name {
                next = Some(row.get::<Timestamp>(1)?);
            }
        }
        for row in &runs {
            if row.get::<String>(0)? != job.name {
                continue;
            }
            let state: String = row.get(1)?;
            let time =
                |column| row.get::<Option<Timestamp>>(column).map(|time| time.map(Timestamp::iso));
            match state.as_str() {
                "queued" => {}
                "running" => running = true,
                _ => last = json!({"state": state, "started": time(2)?, "finished": time(3)?}),
            }
        }
        answer.push(json!({
            "name": job.name,
            "description": job.description,
            "every": every,
            "next": next.map(Timestamp::iso),
            "running": running,
            "last": last,
        }));
    }
    Ok(json(StatusCode::OK, &Value::Array(answer)))
}
