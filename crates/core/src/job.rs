//! Work done beside requests: what a module declares, and how one asks for it. The `jobs` crate
//! does the work.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use countersign_model::Timestamp;
use countersign_store::{StoreError, Tx, params};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::BoxFuture;
use crate::context::Context;

/// Something that can be done beside requests.
#[derive(Clone)]
pub struct Job {
    /// The original's task name where it has one, as `clean_expired_models`.
    pub name: &'static str,
    /// For the list of tasks: one sentence.
    pub description: &'static str,
    /// Seconds between the begin of two runs, over all processes; `None` runs only when asked for.
    pub every: Option<u64>,
    /// How often one request is tried before it counts as failed; waits grow from 1 s, doubled each
    /// time, to an hour.
    pub attempts: u32,
    pub lane: Lane,
    /// Whether a finished run stays in the list of tasks. Failed ones always do.
    pub keep: bool,
    pub run: Work,
}

/// Jobs of one lane never wait for those of another: each has room of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// Over in seconds, and somebody waits for it, as for a mail.
    Quick,
    /// May take as long as there is data, as a clean-up does.
    Bulk,
}

impl Lane {
    pub const ALL: [Lane; 2] = [Lane::Quick, Lane::Bulk];
}

/// What a job does in one run.
pub(crate) type Work = Arc<dyn Fn(Context, Run) -> BoxFuture<Result<(), JobError>> + Send + Sync>;

impl Job {
    /// A job that runs every so many seconds, in the lane of bulk.
    pub fn every<F, R>(name: &'static str, seconds: u64, description: &'static str, run: F) -> Job
    where
        F: Fn(Context, Run) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), JobError>> + Send + 'static,
    {
        let run: Work = Arc::new(move |cx, of| Box::pin(run(cx, of)));
        let (every, lane) = (Some(seconds), Lane::Bulk);
        Job { name, description, every, attempts: 1, lane, keep: true, run }
    }

    /// A job that runs when it is asked for, tried so many times; quick unless it says otherwise.
    pub fn on_request<F, R>(
        name: &'static str,
        attempts: u32,
        description: &'static str,
        run: F,
    ) -> Job
    where
        F: Fn(Context, Run) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), JobError>> + Send + 'static,
    {
        let run: Work = Arc::new(move |cx, of| Box::pin(run(cx, of)));
        let lane = Lane::Quick;
        Job { name, description, every: None, attempts, lane, keep: false, run }
    }

    /// It may take long.
    #[must_use]
    pub fn bulk(self) -> Job {
        Job { lane: Lane::Bulk, ..self }
    }
}

/// Why a run did not do its work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JobError {
    /// Worth another try: the other side was away or busy.
    #[error("{0}")]
    Again(String),
    /// Another try would end the same way.
    #[error("{0}")]
    Failed(String),
}

impl From<StoreError> for JobError {
    fn from(error: StoreError) -> JobError {
        JobError::Again(error.to_string())
    }
}

/// One run of a job, as the job sees it. A run may be repeated after a crash, so a job must bear
/// being run twice.
#[derive(Clone)]
pub struct Run {
    pub task: Uuid,
    /// What the run is about, as a blueprint's path; empty where there is one of the job only.
    pub uid: String,
    pub arguments: Value,
    /// 1 for the first try.
    pub attempt: u32,
    notes: Arc<Notes>,
}

#[derive(Default)]
struct Notes {
    lines: Mutex<Vec<Value>>,
    progress: Mutex<Option<(u64, u64)>>,
    cancelled: AtomicBool,
}

/// As many lines are kept of one run.
const MOST_LINES: usize = 200;

impl Run {
    pub fn new(task: Uuid, uid: String, arguments: Value, attempt: u32) -> Run {
        Run { task, uid, arguments, attempt, notes: Arc::default() }
    }

    /// Keeps a line with the run, in the original's form of a log event.
    pub fn note(&self, level: NoteLevel, now: Timestamp, job: &str, text: impl Into<String>) {
        let mut lines = self.notes.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() < MOST_LINES {
            let level = match level {
                NoteLevel::Info => "info",
                NoteLevel::Warning => "warning",
                NoteLevel::Error => "error",
            };
            lines.push(json!({"timestamp": now.iso(), "log_level": level, "logger": job, "event": text.into(), "attributes": {}}));
        }
    }

    pub fn notes(&self) -> Vec<Value> {
        self.notes.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Tells how far a long run has come.
    pub fn progress(&self, done: u64, of: u64) {
        *self.notes.progress.lock().unwrap_or_else(PoisonError::into_inner) = Some((done, of));
    }

    pub fn progressed(&self) -> Option<(u64, u64)> {
        *self.notes.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks the run to stop at its next good place.
    pub fn cancel(&self) {
        self.notes.cancelled.store(true, Ordering::Relaxed);
    }

    pub fn is_cancelled(&self) -> bool {
        self.notes.cancelled.load(Ordering::Relaxed)
    }
}

/// How much a note matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoteLevel {
    Info,
    Warning,
    Error,
}

/// Rows that end at a time of their own, removed by the job `clean_expired_models`.
#[derive(Debug, Clone, Copy)]
pub struct Expiring {
    /// As people call them, as `Tokens`.
    pub plural: &'static str,
    /// Removes those that have ended and tells how many.
    pub remove: fn(&mut Tx<'_>) -> Result<usize, StoreError>,
}

/// Asks for a run of a job in the running transaction: it is done if and only if this commits. A
/// request with the job and `uid` of one that still waits takes its place.
///
/// # Errors
/// When the engine fails.
pub fn enqueue(
    tx: &mut Tx<'_>,
    job: &str,
    uid: &str,
    arguments: &Value,
) -> Result<Uuid, StoreError> {
    enqueue_at(tx, job, uid, arguments, tx.now())
}

/// As [`enqueue`], not before a time.
///
/// # Errors
/// When the engine fails.
pub fn enqueue_at(
    tx: &mut Tx<'_>,
    job: &str,
    uid: &str,
    arguments: &Value,
    due: Timestamp,
) -> Result<Uuid, StoreError> {
    let (task, now) = (tx.entropy().uuid(), tx.now());
    // Arguments carry links that sign people in, as those of mails do.
    let sealed = tx.sealer().seal(&arguments.to_string());
    tx.execute(
        "DELETE FROM task WHERE name = $1 AND uid = $2 AND state = 'queued'",
        params![job, uid],
    )?;
    tx.execute(
        "INSERT INTO task (uuid, name, uid, state, arguments, attempts, queued, due, messages) VALUES ($1, $2, $3, 'queued', $4, 0, $5, $6, '[]')",
        params![task, job, uid, sealed, now, due],
    )?;
    Ok(task)
}
