//! Edits on probation: one that is not confirmed in time is undone by the server. Whoever locks
//! everybody out by a mistake gets back in by waiting. What waits is kept with the edit itself, so
//! that no restart forgets it.

use axum::response::Response;
use countersign_core::{
    Access, ApiError, Call, Context, Job, JobError, Operation, Permission, Run, json, no_content,
};
use countersign_model::Timestamp;
use countersign_store::{Actor, StoreError, Tx, params};
use http::{Method, StatusCode};
use serde_json::{Value, json};

const PREFIX: &str = "pending change ";
/// How late an edit is undone at most, in seconds.
const EVERY: u64 = 2;

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new(
            Method::GET,
            "countersign/changes/pending/",
            "countersign_changes_pending_list",
            Access::global(Permission::VIEW_SYSTEM_SETTINGS),
            list,
        )
        .summary("Edits that are undone unless somebody confirms them.")
        .response(json!({"type": "object", "additionalProperties": {}})),
        Operation::new(
            Method::POST,
            "countersign/changes/{revision}/confirm/",
            "countersign_changes_confirm_create",
            Access::authenticated(),
            confirm,
        )
        .summary("Confirms an edit made with `X-Countersign-Confirm-Within`: it stays."),
    ]
}

/// The job that undoes what nobody confirmed.
pub fn undo_job() -> Job {
    let run = |cx: Context, _: Run| async move { Ok::<_, JobError>(undo(cx).await?) };
    Job {
        keep: false,
        ..Job::every(
            "undo_unconfirmed_changes",
            EVERY,
            "Undo edits that were not confirmed in time.",
            run,
        )
    }
}

/// One edit that waits.
struct Pending {
    revision: i64,
    until: Timestamp,
    /// Why it could not be undone when its time came.
    problem: Option<String>,
}

async fn all(cx: &Context) -> Result<Vec<Pending>, StoreError> {
    let rows = cx
        .store
        .read(|sql| {
            sql.query("SELECT name, value FROM fact WHERE name LIKE 'pending change %'", params![])
        })
        .await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        let (name, value): (String, Value) = (row.get(0)?, row.get(1)?);
        let Some(revision) = name.strip_prefix(PREFIX).and_then(|number| number.parse().ok())
        else {
            continue;
        };
        let until = Timestamp(value.get("until").and_then(Value::as_i64).unwrap_or(0));
        found.push(Pending {
            revision,
            until,
            problem: value.get("problem").and_then(Value::as_str).map(str::to_owned),
        });
    }
    // The newest first, which is the order in which edits can be undone.
    found.sort_by_key(|pending| std::cmp::Reverse(pending.revision));
    Ok(found)
}

async fn list(call: Call) -> Result<Response, ApiError> {
    let now = call.cx.clock.now();
    let one = |pending: Pending| {
        let left = ((pending.until.0 - now.0) / 1_000_000).max(0);
        json!({"revision": pending.revision, "until": pending.until.iso(), "seconds_left": left, "problem": pending.problem})
    };
    Ok(json(
        StatusCode::OK,
        &json!({"results": all(&call.cx).await?.into_iter().map(one).collect::<Value>()}),
    ))
}

/// Who made an edit, or may undo it, may let it stay.
async fn confirm(call: Call) -> Result<Response, ApiError> {
    let row = super::find(&call).await?;
    let maker = row.get::<Value>(2)?.pointer("/user/pk").and_then(Value::as_i64);
    if maker.is_none_or(|maker| !call.actor().is(maker)) && !super::may_undo(&call, &row.get(4)?) {
        return Err(ApiError::no_permission());
    }
    let name = format!("{PREFIX}{}", call.param("revision"));
    // Not an edit itself, whatever the headers say.
    let actor = Actor { confirm_within: None, ..call.actor() };
    let gone: Result<usize, StoreError> = call
        .cx
        .store
        .write(actor, "change confirmed", move |tx| {
            tx.execute("DELETE FROM fact WHERE name = $1", params![&name])
        })
        .await;
    if gone? == 0 {
        return Err(ApiError::detail(
            StatusCode::NOT_FOUND,
            "No edit of that revision waits to be confirmed; it may have been undone already.",
        ));
    }
    Ok(no_content())
}

async fn undo(cx: Context) -> Result<(), StoreError> {
    let now = cx.clock.now();
    for pending in all(&cx)
        .await?
        .into_iter()
        .filter(|pending| pending.until <= now && pending.problem.is_none())
    {
        let revision = pending.revision;
        let name = format!("{PREFIX}{revision}");
        let work = move |tx: &mut Tx<'_>| {
            // Confirmed at the last moment, or undone by another process.
            if tx.execute("DELETE FROM fact WHERE name = $1", params![&name])? > 0 {
                tx.undo(revision)?;
            }
            Ok::<_, StoreError>(())
        };
        let undone = cx
            .store
            .write(
                Actor::system(),
                format!("undone: change {revision} was not confirmed in time"),
                work,
            )
            .await;
        match undone {
            Ok(()) => tracing::warn!(revision, "a change was not confirmed in time and is undone"),
            Err(error @ (StoreError::Edit(_) | StoreError::Load(_))) => {
                tracing::error!(revision, %error, "a change was not confirmed in time and cannot be undone");
                let value =
                    json!({"until": pending.until.0, "problem": error.to_string()}).to_string();
                let name = format!("{PREFIX}{revision}");
                cx.store
                    .write(Actor::system(), "a change that cannot be undone", move |tx| {
                        tx.execute(
                            "UPDATE fact SET value = $1 WHERE name = $2",
                            params![&value, &name],
                        )?;
                        Ok::<_, StoreError>(())
                    })
                    .await?;
            }
            Err(other) => return Err(other),
        }
    }
    Ok(())
}
