//! Read replicas: copies of the database that answer lists and reports.
//!
//! A replica is asked only once it has everything the database had when the question came, so
//! whoever wrote something finds it, through whichever process it was written. That costs the
//! database one word (how far its log is on disk) instead of the whole read. A replica that is
//! down, silent or behind rests for a while, and the database answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use countersign_model::{Clock, Timestamp};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::error::StoreError;
use crate::params;
use crate::postgresql::{Connection, Pool, PostgresOptions};

/// Reads that a replica does at once.
const READERS: usize = 8;
/// As long as a replica may take to catch up with what the database had a moment ago.
const CATCHING_UP: Duration = Duration::from_millis(100);
/// As long as a replica may take to say how far it is, a new connection included.
const ANSWERING: Duration = Duration::from_secs(1);
/// As long as a read may take there, before the database is asked instead.
const READING: Duration = Duration::from_secs(8);
/// As long as one that failed is left alone.
const REST_SECONDS: i64 = 5;

/// All replicas; they take turns.
pub(crate) struct Replicas {
    all: Vec<Arc<Replica>>,
    turn: AtomicUsize,
    clock: Arc<dyn Clock>,
}

struct Replica {
    name: String,
    pool: Pool,
    turns: Arc<Semaphore>,
    rests_until: AtomicI64,
    /// Whether the log has been told that it is not used.
    told: AtomicBool,
}

impl Replicas {
    pub(crate) fn new(
        options: Vec<PostgresOptions>,
        clock: Arc<dyn Clock>,
    ) -> Result<Replicas, StoreError> {
        let replica = |options: PostgresOptions| {
            let name = format!("{}:{}", options.host, options.port);
            let turns = Arc::new(Semaphore::new(READERS.min(options.connections.max(1))));
            let pool = Pool::new(options)?;
            Ok(Arc::new(Replica {
                name,
                pool,
                turns,
                rests_until: AtomicI64::new(0),
                told: AtomicBool::new(false),
            }))
        };
        Ok(Replicas {
            all: options.into_iter().map(replica).collect::<Result<_, StoreError>>()?,
            turn: AtomicUsize::new(0),
            clock,
        })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// What a replica answers that has everything up to a position in the database's log. Nothing
    /// where none has, or the read failed there: then the database says what is true.
    pub(crate) async fn read<T, W>(&self, position: &str, work: &Arc<W>) -> Option<T>
    where
        T: Send + 'static,
        W: Fn(&mut Connection) -> Option<T> + Send + Sync + 'static,
    {
        let first = self.turn.fetch_add(1, Ordering::Relaxed);
        let in_turn = (0..self.all.len())
            .filter_map(|next| self.all.get(first.wrapping_add(next) % self.all.len()));
        for replica in in_turn.filter(|replica| {
            self.clock.now() >= Timestamp(replica.rests_until.load(Ordering::Relaxed))
        }) {
            let Ok(turn) = replica.turns.clone().try_acquire_owned() else { continue };
            match replica.read(turn, position.to_owned(), work.clone()).await {
                Ok(answer) => {
                    self.is_well(replica);
                    return answer;
                }
                Err(problem) => self.rest(replica, &problem),
            }
        }
        None
    }

    /// Which replicas there are, and what keeps each from being asked.
    pub(crate) async fn look(&self, position: &str) -> Vec<(String, Result<(), String>)> {
        let mut found = Vec::new();
        for replica in &self.all {
            let Ok(turn) = replica.turns.clone().acquire_owned().await else { continue };
            let nothing = Arc::new(|_: &mut Connection| None::<()>);
            found.push((
                replica.name.clone(),
                replica.read(turn, position.to_owned(), nothing).await.map(drop),
            ));
        }
        found
    }

    fn is_well(&self, replica: &Replica) {
        if replica.told.swap(false, Ordering::Relaxed) {
            tracing::info!(replica = replica.name, "the read replica is used again");
        }
    }

    fn rest(&self, replica: &Replica, problem: &str) {
        replica.rests_until.store(self.clock.now().plus_seconds(REST_SECONDS).0, Ordering::Relaxed);
        if !replica.told.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                replica = replica.name,
                "the database itself answers, since the read replica cannot: {problem}"
            );
        }
    }
}

impl Replica {
    /// What the work answered; an error when this replica is of no use for the moment.
    async fn read<T, W>(
        self: &Arc<Self>,
        turn: OwnedSemaphorePermit,
        position: String,
        work: Arc<W>,
    ) -> Result<Option<T>, String>
    where
        T: Send + 'static,
        W: Fn(&mut Connection) -> Option<T> + Send + Sync + 'static,
    {
        const SILENT: &str = "it does not answer";
        let (caught_up, hears) = oneshot::channel::<Result<(), String>>();
        let replica = self.clone();
        let reading = tokio::task::spawn_blocking(move || {
            // Held by the thread: one that waits for a server that says nothing keeps its place.
            let _turn = turn;
            let mut lent = match replica.pool.take() {
                Ok(lent) => lent,
                Err(error) => {
                    let _ = caught_up.send(Err(error.to_string()));
                    return None;
                }
            };
            let connection = lent.get().ok()?;
            let said = connection.catch_up(&position);
            let is_ready = said.is_ok();
            // Nobody listens any more when this took too long.
            if caught_up.send(said).is_ok() && is_ready { work(connection) } else { None }
        });
        let said = tokio::time::timeout(ANSWERING, hears).await.map_err(|_| SILENT)?;
        said.map_err(|_| SILENT)??;
        let answer = tokio::time::timeout(READING, reading).await.map_err(|_| SILENT)?;
        answer.map_err(|error| error.to_string())
    }
}

impl Connection {
    /// How far the log of the database is on disk: everything that was answered for lies before.
    pub(crate) fn position(&mut self) -> Result<String, StoreError> {
        let rows = self.query("SELECT CAST(pg_current_wal_flush_lsn() AS TEXT)", params![])?;
        rows.first().ok_or(StoreError::Column { column: 0 })?.get(0)
    }

    /// Waits until this copy has everything up to a position.
    fn catch_up(&mut self, position: &str) -> Result<(), String> {
        const PAUSE: Duration = Duration::from_millis(5);
        let mut waited = Duration::ZERO;
        loop {
            let asked = "SELECT pg_is_in_recovery(), COALESCE(pg_last_wal_replay_lsn() >= CAST(CAST($1 AS TEXT) AS pg_lsn), FALSE)";
            let rows = self.query(asked, params![position]).map_err(|error| error.to_string())?;
            let said = |column: usize| {
                rows.first().is_some_and(|row| row.get::<bool>(column).unwrap_or(false))
            };
            match (said(0), said(1)) {
                (false, _) => return Err("it is no replica, or none any more".to_owned()),
                (true, true) => return Ok(()),
                (true, false) if waited >= CATCHING_UP => return Err("it is behind".to_owned()),
                (true, false) => {
                    std::thread::sleep(PAUSE);
                    waited += PAUSE;
                }
            }
        }
    }
}
