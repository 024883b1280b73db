//! Named snapshots: a name for a revision, and the whole configuration put back to it.

use axum::response::Response;
use countersign_core::{Access, ApiError, Call, Operation, Permission, json, no_content};
use countersign_model::{Problem, Timestamp};
use countersign_store::{StoreError, Tx, params};
use http::{Method, StatusCode};
use serde_json::{Value, json};

const PREFIX: &str = "snapshot ";
const LONGEST: usize = 100;

pub(super) fn operations() -> Vec<Operation> {
    let free = || json!({"type": "object", "additionalProperties": {}});
    let one = "countersign/changes/snapshots/{name}/";
    vec![
        Operation::new(
            Method::GET,
            "countersign/changes/snapshots/",
            "countersign_changes_snapshots_list",
            Access::global(Permission::VIEW_SYSTEM_SETTINGS),
            list,
        )
        .summary("Named states of the configuration, newest first.")
        .response(free()),
        Operation::new(
            Method::POST,
            "countersign/changes/snapshots/",
            "countersign_changes_snapshots_create",
            Access::global(Permission::EDIT_SYSTEM_SETTINGS),
            create,
        )
        .summary("Names the state of the configuration, as it is now or was at a revision.")
        .request(free())
        .response(free())
        .creates(),
        Operation::new(
            Method::DELETE,
            one,
            "countersign_changes_snapshots_destroy",
            Access::global(Permission::EDIT_SYSTEM_SETTINGS),
            forget,
        )
        .summary("Forgets a name; no state is lost."),
        Operation::new(
            Method::POST,
            format!("{one}restore/"),
            "countersign_changes_snapshots_restore_create",
            Access::everything(),
            restore,
        )
        .summary("Puts the whole configuration back to a named state, by one new edit.")
        .response(free()),
    ]
}

fn fact(name: &str) -> String {
    format!("{PREFIX}{name}")
}

async fn list(call: Call) -> Result<Response, ApiError> {
    let rows = call
        .cx
        .store
        .read(|sql| {
            sql.query("SELECT name, value FROM fact WHERE name LIKE 'snapshot %'", params![])
        })
        .await?;
    let now = call.snapshot.revision();
    let mut found: Vec<(i64, Value)> = Vec::with_capacity(rows.len());
    for row in rows {
        let (name, value): (String, Value) = (row.get(0)?, row.get(1)?);
        let number = |key: &str| value.get(key).and_then(Value::as_i64).unwrap_or(0);
        let part = |key: &str| value.get(key).cloned().unwrap_or_default();
        let revision = number("revision");
        found.push((
            number("at"),
            json!({
                "name": name.strip_prefix(PREFIX).unwrap_or(&name), "revision": revision, "at": Timestamp(number("at")).iso(), "user": part("user"),
                "note": part("note"), "later_changes": now - revision,
            }),
        ));
    }
    found.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    Ok(json(
        StatusCode::OK,
        &json!({"revision": now, "results": found.into_iter().map(|(_, one)| one).collect::<Value>()}),
    ))
}

async fn create(call: Call) -> Result<Response, ApiError> {
    let body = call.object()?;
    let text =
        |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default().trim().to_owned();
    let (name, note) = (text("name"), text("note"));
    if name.is_empty() {
        return Err(ApiError::field("name", Problem::required()));
    }
    if name.chars().count() > LONGEST || name.contains('/') || name.contains(char::is_control) {
        return Err(ApiError::field(
            "name",
            Problem::new("invalid", format!("A name has at most {LONGEST} letters and no slash.")),
        ));
    }
    let asked = match body.get("revision") {
        None | Some(Value::Null) => None,
        Some(value) => Some(value.as_i64().ok_or_else(|| {
            ApiError::field("revision", Problem::new("invalid", "A valid integer is required."))
        })?),
    };
    let user = call.user()?.username.clone();
    let answer = call
        .cx
        .store
        .write(call.actor(), "snapshot named", move |tx: &mut Tx<'_>| {
            let now = tx.graph().revision();
            let revision = asked.unwrap_or(now);
            if !(0..=now).contains(&revision) {
                return Err(ApiError::field("revision", Problem::new("invalid", format!("There is no revision {revision}; the newest is {now}."))));
            }
            let value = json!({"revision": revision, "at": tx.now().0, "user": user, "note": note});
            let statement = "INSERT INTO fact (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
            if tx.execute(statement, params![fact(&name), value.to_string()])? == 0 {
                return Err(ApiError::field("name", Problem::unique()));
            }
            Ok(json!({"name": name, "revision": revision, "at": tx.now().iso(), "user": user, "note": note, "later_changes": now - revision}))
        })
        .await?;
    Ok(json(StatusCode::CREATED, &answer))
}

async fn forget(call: Call) -> Result<Response, ApiError> {
    let name = fact(call.param("name"));
    let gone = call
        .cx
        .store
        .write(call.actor(), "snapshot forgotten", move |tx| {
            tx.execute("DELETE FROM fact WHERE name = $1", params![&name])
        })
        .await;
    if gone.map_err(|error: StoreError| error)? == 0 {
        Err(ApiError::not_found("Snapshot"))
    } else {
        Ok(no_content())
    }
}

async fn restore(call: Call) -> Result<Response, ApiError> {
    let name = call.param("name").to_owned();
    let reason = format!("put back to \"{name}\"");
    let outcome = call
        .cx
        .store
        .write(call.actor(), reason, move |tx: &mut Tx<'_>| {
            let text = tx.fact(&fact(&name))?.ok_or_else(|| ApiError::not_found("Snapshot"))?;
            let value: Value = serde_json::from_str(&text).unwrap_or_default();
            let revision = value.get("revision").and_then(Value::as_i64).unwrap_or(-1);
            if !tx.restore(revision)? {
                let text = format!("Not all edits since revision {revision} are recorded here, so they cannot be undone. Restore a backup instead.");
                return Err(ApiError::detail(StatusCode::CONFLICT, text));
            }
            Ok(revision)
        })
        .await;
    match outcome {
        Ok(revision) => Ok(json(
            StatusCode::OK,
            &json!({"revision": call.cx.snapshot().revision(), "restored": revision}),
        )),
        // The state names something that only the tables had, as a group that is gone.
        Err(ApiError::Fields(errors)) => {
            let text = format!(
                "The configuration cannot be put back, since something it names is gone: {}. Nothing was changed.",
                errors.to_json()
            );
            Err(ApiError::detail(StatusCode::CONFLICT, text))
        }
        Err(other) => Err(other),
    }
}
