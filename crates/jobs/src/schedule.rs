//! When jobs are due, over all processes: one row each.

use countersign_core::{Context, enqueue};
use countersign_store::{Actor, StoreError, Tx, params};
use serde_json::Value;

/// A job that runs again and again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scheduled {
    pub(crate) name: &'static str,
    /// Seconds.
    pub(crate) every: i64,
}

pub(crate) fn of(cx: &Context) -> Vec<Scheduled> {
    let every = |seconds: u64| i64::try_from(seconds.max(1)).unwrap_or(i64::MAX);
    crate::jobs(cx)
        .filter_map(|job| Some(Scheduled { name: job.name, every: every(job.every?) }))
        .collect()
}

/// Gives every job its row; one that never ran is due at once.
pub(crate) fn prepare(tx: &mut Tx<'_>, jobs: &[Scheduled]) -> Result<(), StoreError> {
    let now = tx.now();
    for job in jobs {
        tx.execute(
            "INSERT INTO schedule (name, next) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
            params![job.name, now],
        )?;
    }
    Ok(())
}

/// Asks for a run of every job whose time has come, if this transaction is the one that moves its
/// time on. A time that passed while nothing ran counts once.
pub(crate) fn due(tx: &mut Tx<'_>, jobs: &[Scheduled]) -> Result<usize, StoreError> {
    let now = tx.now();
    let mut asked = 0;
    for job in jobs {
        let next = now.plus_seconds(job.every);
        // A job that was slowed down and is quickened by a new version does not wait for the old
        // time.
        let moved = tx.execute(
            "UPDATE schedule SET next = $1 WHERE name = $2 AND (next <= $3 OR next > $1)",
            params![next, job.name, now],
        )?;
        if moved == 1 && !is_waiting(tx, job.name)? {
            enqueue(tx, job.name, "", &Value::Null)?;
            asked += 1;
        }
    }
    Ok(asked)
}

/// Whether a run was asked for or goes on: a job slower than its schedule is not piled up.
fn is_waiting(tx: &mut Tx<'_>, name: &str) -> Result<bool, StoreError> {
    let row = tx.query_one(
        "SELECT COUNT(*) FROM task WHERE name = $1 AND uid = '' AND state IN ('queued', 'running')",
        params![name],
    )?;
    Ok(row.map_or(Ok(0), |row| row.get::<i64>(0))? > 0)
}

/// Whether any job may be due; asked of a read, so that an idle process writes nothing.
pub(crate) async fn look(cx: &Context, jobs: &[Scheduled]) -> Result<bool, StoreError> {
    let now = cx.clock.now();
    let rows = cx.store.read(|sql| sql.query("SELECT name, next FROM schedule", params![])).await?;
    for row in rows {
        let (name, next) = (row.get::<String>(0)?, row.get::<countersign_model::Timestamp>(1)?);
        if jobs
            .iter()
            .any(|job| job.name == name && (next <= now || next > now.plus_seconds(job.every)))
        {
            return Ok(true);
        }
    }
    Ok(false)
}

pub(crate) async fn run(cx: &Context, jobs: &[Scheduled]) -> Result<(), StoreError> {
    let jobs = jobs.to_vec();
    cx.store.write(Actor::system(), "schedule", move |tx| due(tx, &jobs).map(|_| ())).await
}
