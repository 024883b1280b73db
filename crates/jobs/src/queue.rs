//! The rows of the queue and every way they change. Who may change a row is decided by the
//! condition of the statement.

use std::time::Duration;

use countersign_core::{Job, JobError, Run};
use countersign_events::{Event, emit};
use countersign_model::Timestamp;
use countersign_store::{SqlValue, StoreError, Tx, params};
use serde_json::{Value, json};
use uuid::Uuid;

/// As long a run may be silent before another process takes it.
pub(crate) const LEASE: i64 = 15;
/// How often the lease is renewed.
pub(crate) const RENEWAL: Duration = Duration::from_secs(3);
/// Rows of finished runs are kept this long.
const KEPT_SUCCESS: i64 = 6 * 3600;
const KEPT_FAILURE: i64 = 9 * 3600;
/// The longest wait between two tries.
const LONGEST_WAIT: i64 = 3600;
/// A run may be taken over this often beyond its own tries: what ends every process that runs it
/// must not go on.
const TAKEOVERS: i64 = 3;

/// A row that this process holds.
#[derive(Debug, Clone)]
pub(crate) struct Claim {
    pub(crate) task: Uuid,
    pub(crate) name: String,
    pub(crate) uid: String,
    pub(crate) arguments: Value,
    pub(crate) attempt: u32,
    /// Names this holding of the row; a later one has another.
    pub(crate) lease: String,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    Done,
    Failed(JobError),
    Cancelled,
    /// The process stops: the next one begins anew.
    Released,
}

/// Finds rows that wait and takes as many as asked for. Two runs of one job on one thing never
/// overlap.
pub(crate) fn claim(
    tx: &mut Tx<'_>,
    jobs: &[(&'static str, u32)],
    most: usize,
) -> Result<Vec<Claim>, StoreError> {
    let (now, mut taken) = (tx.now(), Vec::new());
    let waiting =
        tx.query(&waiting(jobs.len(), "uuid, name, attempts"), &waiting_params(now, jobs))?;
    for row in waiting {
        if taken.len() >= most {
            break;
        }
        let (task, name, attempts) =
            (row.get::<Uuid>(0)?, row.get::<String>(1)?, row.get::<i64>(2)?);
        let tries =
            jobs.iter().find(|(job, _)| *job == name).map_or(1, |(_, tries)| i64::from(*tries));
        if attempts >= tries + TAKEOVERS {
            abandon(tx, task, &name)?;
            continue;
        }
        let lease = tx.entropy().uuid().to_string();
        let changed = tx.execute(
            "UPDATE task SET state = 'running', attempts = attempts + 1, started = $1, leased_by = $2, leased_until = $3, done_parts = NULL, all_parts = NULL \
             WHERE uuid = $4 AND attempts = $5 AND ((state = 'queued' AND due <= $1) OR (state = 'running' AND leased_until < $1)) \
             AND NOT EXISTS (SELECT 1 FROM task other WHERE other.name = task.name AND other.uid = task.uid AND other.state = 'running' AND other.uuid <> task.uuid)",
            params![now, &lease, now.plus_seconds(LEASE), task, attempts],
        )?;
        if changed == 1 {
            taken.extend(read(tx, task, lease)?);
        }
    }
    Ok(taken)
}

fn waiting(jobs: usize, columns: &str) -> String {
    let names: Vec<String> = (0..jobs).map(|index| format!("${}", index + 2)).collect();
    format!(
        "SELECT {columns} FROM task WHERE ((state = 'queued' AND due <= $1) OR (state = 'running' AND leased_until < $1)) AND name IN ({}) \
         ORDER BY due, queued LIMIT 50",
        names.join(", ")
    )
}

fn waiting_params(now: Timestamp, jobs: &[(&'static str, u32)]) -> Vec<SqlValue> {
    std::iter::once(now.into()).chain(jobs.iter().map(|(name, _)| (*name).into())).collect()
}

/// Whether anything waits; asked of a read, so that an idle process writes nothing.
pub(crate) async fn look(
    cx: &countersign_core::Context,
    jobs: &[(&'static str, u32)],
) -> Result<bool, StoreError> {
    let (statement, params) = (waiting(jobs.len(), "uuid"), waiting_params(cx.clock.now(), jobs));
    cx.store.read(move |sql| Ok(sql.query_one(&statement, &params)?.is_some())).await
}

fn read(tx: &mut Tx<'_>, task: Uuid, lease: String) -> Result<Option<Claim>, StoreError> {
    let Some(row) = tx.query_one(
        "SELECT name, uid, arguments, attempts FROM task WHERE uuid = $1",
        params![task],
    )?
    else {
        return Ok(None);
    };
    let arguments = open(tx, &row.get::<String>(2)?);
    let attempt = u32::try_from(row.get::<i64>(3)?).unwrap_or(u32::MAX);
    Ok(Some(Claim { task, name: row.get(0)?, uid: row.get(1)?, arguments, attempt, lease }))
}

/// The arguments in clear; what cannot be opened is nothing, which a job that needs arguments
/// refuses.
pub(crate) fn open(tx: &Tx<'_>, sealed: &str) -> Value {
    tx.sealer()
        .open(sealed)
        .ok()
        .and_then(|text| serde_json::from_str(text.expose()).ok())
        .unwrap_or_default()
}

/// Lets go of what the process before this one was running when it ended: where no other process
/// works on the database, nobody holds it.
pub(crate) fn let_go(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let ended = tx.now().plus_seconds(-1);
    tx.execute("UPDATE task SET leased_until = $1 WHERE state = 'running'", params![ended])?;
    Ok(())
}

/// Ends a row whose every run ended the process it ran in.
fn abandon(tx: &mut Tx<'_>, task: Uuid, name: &str) -> Result<(), StoreError> {
    let now = tx.now();
    let text = "every process that ran it ended before it did";
    let ended = tx.execute(
        "UPDATE task SET state = 'error', finished = $1, expires = $2, messages = $3, leased_by = NULL, leased_until = NULL \
         WHERE uuid = $4 AND (state = 'queued' OR (state = 'running' AND leased_until < $1))",
        params![now, now.plus_seconds(KEPT_FAILURE), json!([line(now, "error", name, text)]), task],
    )?;
    if ended == 1 { tell(tx, name, text) } else { Ok(()) }
}

/// Renews a lease and writes down how far the run has come. `None` when the row is not ours any
/// more, else whether somebody wants it to stop.
pub(crate) fn renew(tx: &mut Tx<'_>, claim: &Claim, run: &Run) -> Result<Option<bool>, StoreError> {
    let until = tx.now().plus_seconds(LEASE);
    let held = tx.execute(
        "UPDATE task SET leased_until = $1, done_parts = $2, all_parts = $3, messages = $4 WHERE uuid = $5 AND leased_by = $6 AND state = 'running'",
        params![until, parts(run).map(|(done, _)| done), parts(run).map(|(_, of)| of), Value::Array(run.notes()), claim.task, &claim.lease],
    )?;
    if held != 1 {
        return Ok(None);
    }
    let row = tx.query_one("SELECT cancel FROM task WHERE uuid = $1", params![claim.task])?;
    row.map(|row| row.get::<bool>(0)).transpose()
}

fn parts(run: &Run) -> Option<(i64, i64)> {
    let (done, of) = run.progressed()?;
    Some((i64::try_from(done).unwrap_or(i64::MAX), i64::try_from(of).unwrap_or(i64::MAX)))
}

/// Writes down how a run ended, if the row is still ours. The row then is gone, waits for its next
/// try, or is kept for the list of tasks.
pub(crate) fn finish(
    tx: &mut Tx<'_>,
    job: &Job,
    claim: &Claim,
    run: &Run,
    end: &End,
) -> Result<(), StoreError> {
    let now = tx.now();
    let mut notes = run.notes();
    if let End::Failed(error) = end {
        notes.push(line(now, "error", &claim.name, &error.to_string()));
    }
    let troubled = notes.iter().any(|note| {
        note.get("log_level").is_some_and(|level| level == "warning" || level == "error")
    });
    let put = |tx: &mut Tx<'_>,
               state: &str,
               due: Timestamp,
               finished: Option<Timestamp>,
               expires: Option<Timestamp>| {
        tx.execute(
            "UPDATE task SET state = $1, due = $2, finished = $3, expires = $4, messages = $5, done_parts = $6, all_parts = $7, leased_by = NULL, leased_until = NULL \
             WHERE uuid = $8 AND leased_by = $9 AND state = 'running'",
            params![
                state,
                due,
                finished,
                expires,
                Value::Array(notes.clone()),
                parts(run).map(|(done, _)| done),
                parts(run).map(|(_, of)| of),
                claim.task,
                &claim.lease
            ],
        )
    };
    // What runs rarely is told until it ran again.
    let kept = |seconds: i64| {
        now.plus_seconds(seconds.max(
            job.period().map_or(0, |every| i64::try_from(every).unwrap_or(0).saturating_mul(2)),
        ))
    };
    let ours = match end {
        End::Released => {
            // It was no try of its own.
            tx.execute(
                "UPDATE task SET state = 'queued', due = $1, attempts = attempts - 1, leased_by = NULL, leased_until = NULL WHERE uuid = $2 AND leased_by = $3",
                params![now, claim.task, &claim.lease],
            )?;
            return Ok(());
        }
        End::Failed(JobError::Again(_)) if claim.attempt < job.attempts => {
            put(tx, "queued", now.plus_seconds(wait(claim.attempt)), None, None)?;
            return Ok(());
        }
        End::Done if job.keep || troubled => put(
            tx,
            if troubled { "warning" } else { "successful" },
            now,
            Some(now),
            Some(kept(KEPT_SUCCESS)),
        )?,
        End::Done => tx.execute(
            "DELETE FROM task WHERE uuid = $1 AND leased_by = $2",
            params![claim.task, &claim.lease],
        )?,
        End::Cancelled => put(tx, "cancelled", now, Some(now), Some(kept(KEPT_SUCCESS)))?,
        End::Failed(_) => put(tx, "error", now, Some(now), Some(kept(KEPT_FAILURE)))?,
    };
    if ours != 1 {
        return Ok(());
    }
    // One row tells of the last run of a job on a thing.
    tx.execute(
        "DELETE FROM task WHERE name = $1 AND uid = $2 AND finished IS NOT NULL AND state NOT IN ('queued', 'running') AND uuid <> $3",
        params![&claim.name, &claim.uid, claim.task],
    )?;
    if let End::Failed(error) = end {
        tell(tx, &claim.name, &error.to_string())?;
    }
    Ok(())
}

/// Seconds before the next try after so many.
fn wait(attempt: u32) -> i64 {
    1_i64
        .checked_shl(attempt.saturating_sub(1))
        .filter(|seconds| *seconds > 0)
        .unwrap_or(LONGEST_WAIT)
        .min(LONGEST_WAIT)
}

fn tell(tx: &mut Tx<'_>, name: &str, problem: &str) -> Result<(), StoreError> {
    let context = json!({"message": format!("Task {name} encountered an error: {problem}")});
    emit(tx, Event::new("system_task_exception", "authentik.events.system_tasks", context))
        .map(|_| ())
}

pub(crate) fn line(now: Timestamp, level: &str, job: &str, text: &str) -> Value {
    json!({"timestamp": now.iso(), "log_level": level, "logger": job, "event": text, "attributes": {}})
}

/// Puts a finished row back, as if it had just been asked for. `false` when there is no such row,
/// or it is not finished.
pub(crate) fn retry(tx: &mut Tx<'_>, task: Uuid) -> Result<bool, StoreError> {
    let now = tx.now();
    let again = tx.execute(
        "UPDATE task SET state = 'queued', attempts = 0, due = $1, queued = $1, started = NULL, finished = NULL, expires = NULL, cancel = 0 \
         WHERE uuid = $2 AND state NOT IN ('queued', 'running')",
        params![now, task],
    )? == 1;
    if again {
        tx.execute(
            "DELETE FROM task WHERE state = 'queued' AND uuid <> $1 AND name = (SELECT name FROM task WHERE uuid = $1) AND uid = (SELECT uid FROM task WHERE uuid = $1)",
            params![task],
        )?;
    }
    Ok(again)
}

/// Ends a row that waits, or asks its run to stop. `false` when there is nothing to stop.
pub(crate) fn cancel(tx: &mut Tx<'_>, task: Uuid) -> Result<bool, StoreError> {
    let now = tx.now();
    let expires = now.plus_seconds(KEPT_SUCCESS);
    let ended =
        tx.execute("UPDATE task SET state = 'cancelled', finished = $1, expires = $2 WHERE uuid = $3 AND state = 'queued'", params![now, expires, task])?;
    let asked = tx.execute(
        "UPDATE task SET cancel = 1 WHERE uuid = $1 AND state = 'running'",
        params![task],
    )?;
    Ok(ended + asked > 0)
}

#[cfg(test)]
mod tests {
    use super::wait;

    #[test]
    fn waits_double_up_to_an_hour() {
        let waits: Vec<i64> = [1, 2, 3, 12, 13, 62, 63, 64, 500].map(wait).to_vec();
        assert_eq!(waits, [1, 2, 4, 2048, 3600, 3600, 3600, 3600, 3600]);
    }
}
