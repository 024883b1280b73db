//! What monitoring learns of tasks: how many stand how, under the original's name.

use std::collections::{BTreeMap, HashSet};

use countersign_core::Context;
use countersign_store::{StoreError, params};

/// As many are counted.
const MOST: i64 = 10_000;
const STATES: [&str; 5] = ["successful", "warning", "error", "queued", "running"];

/// Counts tasks by job and state: what waits, what runs, and the last run of each job on each
/// thing. What a job is about is no label, since there is no end of things.
///
/// # Errors
/// When the engine fails; the numbers stay as they were.
pub async fn measure(cx: &Context) -> Result<(), StoreError> {
    let rows = cx.store.browse(|sql| {
        let rows = sql.query(
            "SELECT name, uid, state FROM task ORDER BY COALESCE(finished, due) DESC LIMIT $1",
            params![MOST],
        )?;
        rows.iter()
            .map(|row| {
                Ok::<(String, String, String), StoreError>((row.get(0)?, row.get(1)?, row.get(2)?))
            })
            .collect::<Result<Vec<_>, _>>()
    });
    let mut counts: BTreeMap<(String, &str), u32> = BTreeMap::new();
    let mut seen = HashSet::new();
    for (name, uid, state) in rows.await? {
        // The original knows no cancelling.
        let state = STATES.into_iter().find(|known| *known == state).unwrap_or("warning");
        let open = state == "queued" || state == "running";
        if open || seen.insert((name.clone(), uid)) {
            *counts.entry((name, state)).or_default() += 1;
        }
    }
    for job in crate::jobs(cx) {
        for state in STATES {
            let count = counts.get(&(job.name.to_owned(), state)).copied().unwrap_or(0);
            metrics::gauge!("authentik_system_tasks", "tenant" => "public", "task_name" => job.name, "task_uid" => "", "status" => state).set(f64::from(count));
        }
    }
    Ok(())
}
