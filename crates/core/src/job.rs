//! Work done beside requests: what a module declares, and how one asks for it. The `jobs` crate
//! does the work.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use countersign_model::{Key, Kind, Ref, Snapshot, Timestamp};
use countersign_store::{StoreError, Tx, params};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::BoxFuture;
use crate::context::Context;

/// Work that is asked for with arguments, in the transaction of what it is for: see [`enqueue`].
pub trait Work: Send + Sync + 'static {
    /// The original's task name where it has one, as `clean_expired_models`. Rows of the queue
    /// bear it.
    const NAME: &'static str;
    /// For the list of tasks: one sentence.
    const DESCRIPTION: &'static str;
    /// How often one request is tried before it counts as failed; waits grow from 1 s, doubled each
    /// time, to an hour.
    const ATTEMPTS: u32;
    const LANE: Lane = Lane::Quick;
    /// What one run is about. It is stored: what earlier versions stored has to be read.
    type Args: Serialize + DeserializeOwned + Send + 'static;

    /// Does it. A run may be repeated after a crash, so it must bear being run twice.
    fn run(
        &self,
        cx: Context,
        run: Run,
        args: Self::Args,
    ) -> impl Future<Output = Result<(), JobError>> + Send + '_;
}

/// Something that is done beside requests, as a module declares it.
#[derive(Clone)]
pub struct Job {
    pub name: &'static str,
    pub description: &'static str,
    pub when: When,
    pub attempts: u32,
    pub lane: Lane,
    /// Whether a finished run stays in the list of tasks. Failed ones always do.
    pub keep: bool,
    pub run: Runner,
}

/// When a job is asked for by itself.
#[derive(Clone)]
pub enum When {
    Asked,
    /// Seconds between the begin of two runs, over all processes.
    Every(u64),
    /// For each object of a kind, with seconds of its own.
    ForEach(Objects),
}

/// Objects with the seconds between two runs for each.
pub type Objects = Arc<dyn Fn(&Snapshot) -> Vec<(Key, u64)> + Send + Sync>;

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

/// What a job does in one run, with the arguments that were stored.
pub(crate) type Runner =
    Arc<dyn Fn(Context, Run, Value) -> BoxFuture<Result<(), JobError>> + Send + Sync>;

impl Job {
    /// A job that runs when it is asked for.
    pub fn of<W: Work>(work: W) -> Job {
        let work = Arc::new(work);
        let run: Runner = Arc::new(move |cx, run, stored| {
            let work = work.clone();
            Box::pin(async move {
                let args = serde_json::from_value(stored).map_err(|error| {
                    JobError::Failed(format!("its arguments cannot be read: {error}"))
                })?;
                work.run(cx, run, args).await
            })
        });
        Job {
            name: W::NAME,
            description: W::DESCRIPTION,
            when: When::Asked,
            attempts: W::ATTEMPTS,
            lane: W::LANE,
            keep: false,
            run,
        }
    }

    /// A job that runs every so many seconds, in the lane of bulk.
    pub fn every<F, R>(name: &'static str, seconds: u64, description: &'static str, run: F) -> Job
    where
        F: Fn(Context, Run) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), JobError>> + Send + 'static,
    {
        let run: Runner = Arc::new(move |cx, of, _| Box::pin(run(cx, of)));
        let (when, lane) = (When::Every(seconds), Lane::Bulk);
        Job { name, description, when, attempts: 1, lane, keep: true, run }
    }

    /// Asked for every so many seconds, too, beside being asked for; successes are kept.
    #[must_use]
    pub fn also_every(self, seconds: u64) -> Job {
        Job { when: When::Every(seconds), keep: true, ..self }
    }

    /// Asked for again and again for each object of a kind, whose reference is the argument, as
    /// often as the object says. The schedule of an object is made and removed with it.
    pub fn for_each<K: Kind, W: Work<Args = Ref<K>>>(
        work: W,
        seconds: impl Fn(&K) -> u64 + Send + Sync + 'static,
    ) -> Job {
        let objects = move |snapshot: &Snapshot| {
            snapshot.list::<K>().map(|(of, object)| (of.key(), seconds(object))).collect()
        };
        Job { when: When::ForEach(Arc::new(objects)), keep: true, ..Job::of(work) }
    }

    /// Seconds between two runs, of jobs that run by themselves as a whole.
    pub fn period(&self) -> Option<u64> {
        match self.when {
            When::Every(seconds) => Some(seconds),
            When::Asked | When::ForEach(_) => None,
        }
    }

    /// As [`enqueue`], for whoever keeps the queue: with arguments as they are stored.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn ask(&self, tx: &mut Tx<'_>, uid: &str, stored: &Value) -> Result<Uuid, StoreError> {
        put(tx, self.name, uid, stored)
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
    pub fn new(task: Uuid, uid: String, attempt: u32) -> Run {
        Run { task, uid, attempt, notes: Arc::default() }
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

/// Asks for a run in the running transaction: it is done if and only if this commits. A request
/// with the `uid` of one that still waits takes its place.
///
/// # Errors
/// When the engine fails.
pub fn enqueue<W: Work>(tx: &mut Tx<'_>, uid: &str, args: &W::Args) -> Result<Uuid, StoreError> {
    // Strings, numbers and maps with names: nothing that could not be written.
    put(tx, W::NAME, uid, &serde_json::to_value(args).unwrap_or_default())
}

fn put(tx: &mut Tx<'_>, job: &str, uid: &str, stored: &Value) -> Result<Uuid, StoreError> {
    let (task, now) = (tx.entropy().uuid(), tx.now());
    // Arguments carry links that sign people in, as those of mails do.
    let sealed = tx.sealer().seal(&stored.to_string());
    tx.execute(
        "DELETE FROM task WHERE name = $1 AND uid = $2 AND state = 'queued'",
        params![job, uid],
    )?;
    tx.execute(
        "INSERT INTO task (uuid, name, uid, state, arguments, attempts, queued, due, messages) VALUES ($1, $2, $3, 'queued', $4, 0, $5, $5, '[]')",
        params![task, job, uid, sealed, now],
    )?;
    Ok(task)
}
