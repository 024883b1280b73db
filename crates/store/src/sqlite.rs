//! The embedded engine: one writer thread that commits many callers' closures in one transaction,
//! and a pool of readers that never wait for it.

use std::fs;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use arc_swap::ArcSwap;
use countersign_model::Snapshot;
use rusqlite::{Connection, OpenFlags};
use tokio::sync::watch;

use crate::error::StoreError;
use crate::migrate;

/// Called with the outcome of the commit its job was part of.
pub(crate) type Ack = Box<dyn FnOnce(Result<(), StoreError>) + Send>;
pub(crate) type Job = Box<dyn FnOnce(&Connection, &mut Snapshot) -> Ack + Send>;

/// As many callers as share one commit at most.
const BATCH: usize = 256;

pub(crate) fn open(path: &Path) -> Result<Connection, StoreError> {
    let mut connection = Connection::open(path)?;
    configure(&connection, WRITER_CACHE)?;
    let found = migrate::found(&connection)?;
    if found > 0 && found < migrate::known() {
        copy_before(
            &connection,
            &PathBuf::from(format!("{}.before-schema-{}", path.display(), migrate::known())),
        )?;
    }
    migrate::run(&mut connection)?;
    Ok(connection)
}

/// Keeps the database as it is in a file beside it, complete or not at all: what a stopped copy
/// leaves has another name.
fn copy_before(connection: &Connection, copy: &Path) -> Result<(), StoreError> {
    if copy.exists() {
        return Ok(());
    }
    let failed = |error: io::Error| StoreError::DataFolder {
        path: copy.display().to_string(),
        problem: error.to_string(),
    };
    let unfinished = copy.with_extension("unfinished");
    if unfinished.exists() {
        fs::remove_file(&unfinished).map_err(failed)?;
    }
    connection.execute("VACUUM INTO ?1", [unfinished.to_string_lossy()])?;
    // Before the name is given: what is migrated next cannot be taken back.
    fs::File::open(&unfinished).and_then(|file| file.sync_all()).map_err(failed)?;
    fs::rename(&unfinished, copy).map_err(failed)
}

/// Pages that a connection keeps, in KiB. Readers are several and find the same pages in the
/// system's cache.
const WRITER_CACHE: i64 = 4096;
const READER_CACHE: i64 = 1024;
/// Statements that a connection keeps prepared, some 5 KiB each: more than requests have, not all
/// that lists can make.
const PREPARED: usize = 96;

fn configure(connection: &Connection, cache: i64) -> Result<(), StoreError> {
    connection.busy_timeout(std::time::Duration::from_secs(10))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // FULL: an answered write survives power loss, not only a killed process.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "cache_size", -cache)?;
    // A container with a read-only root has no folder for temporary files.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.set_prepared_statement_cache_capacity(PREPARED);
    Ok(())
}

/// Runs a statement that every transaction has: kept prepared, as the others.
pub(crate) fn run(connection: &Connection, statement: &str) -> Result<(), StoreError> {
    connection.prepare_cached(statement)?.execute([])?;
    Ok(())
}

pub(crate) struct Writer {
    jobs: Mutex<Option<Sender<Job>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    pub(crate) fn start(
        connection: Connection,
        graph: Snapshot,
        published: Arc<ArcSwap<Snapshot>>,
        revisions: watch::Sender<i64>,
    ) -> Result<Writer, StoreError> {
        let (sender, receiver) = channel::<Job>();
        let work = move || write_loop(&connection, graph, &receiver, &published, &revisions);
        let thread = std::thread::Builder::new().name("store-writer".to_owned()).spawn(work);
        let thread = thread
            .map_err(|e| StoreError::Database(format!("cannot start the writer thread: {e}")))?;
        Ok(Writer { jobs: Mutex::new(Some(sender)), thread: Mutex::new(Some(thread)) })
    }

    pub(crate) fn submit(&self, job: Job) -> Result<(), StoreError> {
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        jobs.as_ref().and_then(|sender| sender.send(job).ok()).ok_or(StoreError::Closed)
    }

    /// Lets the waiting jobs finish, then ends the thread.
    pub(crate) fn close(&self) {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = thread.join();
        }
    }
}

fn write_loop(
    connection: &Connection,
    mut graph: Snapshot,
    jobs: &Receiver<Job>,
    published: &ArcSwap<Snapshot>,
    revisions: &watch::Sender<i64>,
) {
    while let Ok(first) = jobs.recv() {
        let mut batch = vec![first];
        while batch.len() < BATCH
            && let Ok(job) = jobs.try_recv()
        {
            batch.push(job);
        }
        let mut acks = Vec::with_capacity(batch.len());
        let mut outcome = run(connection, "BEGIN IMMEDIATE");
        if outcome.is_ok() {
            for job in batch {
                // A job that panics is rolled back to its savepoint; its caller sees a closed
                // channel.
                match catch_unwind(AssertUnwindSafe(|| job(connection, &mut graph))) {
                    Ok(ack) => acks.push(ack),
                    Err(_) => {
                        let _ = connection.execute_batch("ROLLBACK TO attempt; RELEASE attempt");
                    }
                }
                // A full disk or a failing one ends the whole transaction by itself: nothing may
                // follow outside of it.
                if connection.is_autocommit() {
                    break;
                }
            }
            outcome = if connection.is_autocommit() {
                Err(StoreError::Full)
            } else {
                run(connection, "COMMIT")
            };
        }
        match &outcome {
            Ok(()) => {
                if graph.revision() != published.load().revision() {
                    published.store(Arc::new(graph.clone()));
                    revisions.send_replace(graph.revision());
                }
            }
            Err(problem) => {
                tracing::error!(%problem, "a commit failed; its writes are answered as failed");
                let _ = connection.execute_batch("ROLLBACK");
                graph = published.load().as_ref().clone();
            }
        }
        for ack in acks {
            ack(match &outcome {
                Ok(()) => Ok(()),
                Err(StoreError::Full) => Err(StoreError::Full),
                Err(other) => Err(StoreError::Database(other.to_string())),
            });
        }
    }
    let _ = connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)");
}

/// Connections for reading, opened when first needed.
pub(crate) struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub(crate) fn new(path: &Path) -> Readers {
        Readers { path: path.to_owned(), idle: Mutex::new(Vec::new()) }
    }

    /// Runs a closure in one read transaction: everything it reads is of one moment.
    pub(crate) fn run<T>(&self, work: impl FnOnce(&Connection) -> T) -> Result<T, StoreError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => {
                let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
                    | OpenFlags::SQLITE_OPEN_NO_MUTEX
                    | OpenFlags::SQLITE_OPEN_URI;
                let connection = Connection::open_with_flags(&self.path, flags)?;
                configure(&connection, READER_CACHE)?;
                connection.pragma_update(None, "query_only", true)?;
                connection
            }
        };
        run(&connection, "BEGIN")?;
        let answer = work(&connection);
        run(&connection, "COMMIT")?;
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        Ok(answer)
    }
}
