//! When jobs are due, over all processes: one row for each, or for each object of one.

use std::collections::{HashMap, HashSet};

use countersign_core::{Context, Job, When};
use countersign_model::{Key, Snapshot, Timestamp};
use countersign_store::{Actor, StoreError, Tx, params};
use serde_json::Value;

/// What runs again and again: a job, for one object or as a whole.
#[derive(Clone)]
pub(crate) struct Scheduled {
    job: Job,
    /// The object; none for the job as a whole.
    of: Option<Key>,
    /// Seconds.
    every: i64,
}

impl Scheduled {
    /// The name of its row.
    fn row(&self) -> String {
        let name = self.job.name;
        self.of.map_or_else(|| name.to_owned(), |key| format!("{name}:{key}"))
    }

    fn uid(&self) -> String {
        self.of.map(|key| key.to_string()).unwrap_or_default()
    }
}

pub(crate) fn of(cx: &Context) -> Vec<Scheduled> {
    let snapshot = cx.snapshot();
    crate::jobs(cx).flat_map(|job| of_job(job, &snapshot)).collect()
}

fn of_job(job: &Job, snapshot: &Snapshot) -> Vec<Scheduled> {
    let one = |of: Option<Key>, seconds: u64| {
        let every = i64::try_from(seconds.max(1)).unwrap_or(i64::MAX);
        Scheduled { job: job.clone(), of, every }
    };
    match &job.when {
        When::Asked => Vec::new(),
        When::Every(seconds) => vec![one(None, *seconds)],
        When::ForEach(objects) => {
            objects(snapshot).into_iter().map(|(key, every)| one(Some(key), every)).collect()
        }
    }
}

/// Gives everything its row, as far as it has none; what never ran is due at once. Asks for a run
/// of everything whose time has come, if this transaction is the one that moves its time on: a
/// time that passed while nothing ran counts once. Rows of objects that are gone go.
pub(crate) fn due(tx: &mut Tx<'_>, all: &[Scheduled]) -> Result<usize, StoreError> {
    let now = tx.now();
    let mut asked = 0;
    for one in all {
        let (row, next) = (one.row(), now.plus_seconds(one.every));
        tx.execute(
            "INSERT INTO schedule (name, next) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
            params![&row, now],
        )?;
        // What was slowed down and is quickened does not wait for the old time.
        let moved = tx.execute(
            "UPDATE schedule SET next = $1 WHERE name = $2 AND (next <= $3 OR next > $1)",
            params![next, &row, now],
        )?;
        if moved == 1 && !is_waiting(tx, one)? {
            one.job.ask(tx, &one.uid(), &one.of.map_or(Value::Null, Key::to_json))?;
            asked += 1;
        }
    }
    let known: HashSet<String> = all.iter().map(Scheduled::row).collect();
    for row in tx.query("SELECT name FROM schedule WHERE name LIKE '%:%'", params![])? {
        let name: String = row.get(0)?;
        if !known.contains(&name) {
            tx.execute("DELETE FROM schedule WHERE name = $1", params![name])?;
        }
    }
    Ok(asked)
}

/// Whether a run was asked for or goes on: a job slower than its schedule is not piled up.
fn is_waiting(tx: &mut Tx<'_>, one: &Scheduled) -> Result<bool, StoreError> {
    let row = tx.query_one(
        "SELECT COUNT(*) FROM task WHERE name = $1 AND uid = $2 AND state IN ('queued', 'running')",
        params![one.job.name, one.uid()],
    )?;
    Ok(row.map_or(Ok(0), |row| row.get::<i64>(0))? > 0)
}

/// Whether anything may be due, or a row is missing or left over; asked of a read, so that an idle
/// process writes nothing.
pub(crate) async fn look(cx: &Context, all: &[Scheduled]) -> Result<bool, StoreError> {
    let now = cx.clock.now();
    let rows = cx.store.read(|sql| sql.query("SELECT name, next FROM schedule", params![])).await?;
    let mut times = HashMap::new();
    for row in rows {
        times.insert(row.get::<String>(0)?, row.get::<Timestamp>(1)?);
    }
    let due = |one: &Scheduled| {
        let next = times.remove(&one.row());
        next.is_none_or(|next| next <= now || next > now.plus_seconds(one.every))
    };
    let any = all.iter().map(due).fold(false, |any, one| any | one);
    Ok(any || times.into_keys().any(|name| name.contains(':')))
}

pub(crate) async fn run(cx: &Context, all: Vec<Scheduled>) -> Result<(), StoreError> {
    cx.store.write(Actor::system(), "schedule", move |tx| due(tx, &all).map(|_| ())).await
}
