//! The store: the one door to everything kept.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use countersign_model::{Change, Clock, Draft, Entropy, Registry, Sealer, Secret, Snapshot};
use rusqlite::Connection;
use tokio::sync::{Semaphore, oneshot, watch};

use crate::actor::{Actor, ActorUser};
use crate::ephemeral::Ephemeral;
use crate::error::StoreError;
use crate::graph::{self, CommittedEdit};
use crate::keys::{self, SecretKey};
use crate::migrate;
use crate::postgresql::{self, Pool, PostgresOptions};
use crate::replicas::Replicas;
use crate::seal::Seal;
use crate::sql::Sql;
use crate::sqlite::{self, Ack, Readers, Writer};
use crate::tx::{Check, Tx};

/// As many reads as run at once on a database server; more wait their turn.
const READERS: usize = 8;

/// On the embedded engine reads are work for this machine's processors: with more of them none is
/// done earlier, and each has a connection with its memory.
fn embedded_readers() -> usize {
    std::thread::available_parallelism().map_or(2, std::num::NonZero::get).clamp(2, READERS)
}
/// As long as a request waits for a database server.
const PATIENCE: Duration = Duration::from_secs(10);

/// Records edits in the transaction that makes them.
pub trait Auditor: Send + Sync {
    /// # Errors
    /// A failure undoes the edit: what cannot be recorded does not happen.
    fn record(
        &self,
        sql: &mut Sql<'_>,
        entropy: &dyn Entropy,
        edit: &CommittedEdit<'_>,
    ) -> Result<(), StoreError>;

    /// Records an edit of a row that a crate made which knows no events.
    ///
    /// # Errors
    /// A failure undoes the edit.
    fn record_row(&self, _tx: &mut Tx<'_>, _edit: RowEdit) -> Result<(), StoreError> {
        Ok(())
    }
}

/// What something is called in an edit.
#[derive(Debug, Clone)]
pub struct Named {
    /// As `authentik_core.user`.
    pub model: String,
    /// Its key as text.
    pub key: String,
    /// What people call it.
    pub name: String,
}

/// A row that was made or taken away.
#[derive(Debug, Clone)]
pub struct RowEdit {
    /// Else taken away.
    pub made: bool,
    /// The row.
    pub row: Named,
    /// What else it is about, under the name that the event says it by.
    pub about: Vec<(&'static str, Named)>,
    /// The account that it concerns.
    pub subject: Option<ActorUser>,
}

/// Where tables and graph are kept.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "there is one of it")]
pub enum Database {
    /// The file `countersign.db` in this folder, which is made when missing.
    Embedded {
        /// The data folder.
        folder: PathBuf,
    },
    /// A database server, and copies of it that answer lists and reports.
    Postgres {
        /// The one that is written to.
        primary: PostgresOptions,
        /// Copies that follow it.
        replicas: Vec<PostgresOptions>,
    },
}

impl From<PathBuf> for Database {
    fn from(folder: PathBuf) -> Database {
        Database::Embedded { folder }
    }
}

/// What a store needs to open.
pub struct Options {
    /// Where everything is kept.
    pub database: Database,
    /// Seals secrets, and signs what must not be changed.
    pub secret_key: SecretKey,
    /// The kinds and tables that the store holds.
    pub registry: Registry,
    /// The time of writes and of ends.
    pub clock: Arc<dyn Clock>,
    /// Randomness for keys and generated values.
    pub entropy: Arc<dyn Entropy>,
    /// Records each edit in the edit's own transaction.
    pub auditor: Arc<dyn Auditor>,
    /// What an edit of the configuration brings with it in tables, such as the account of what it
    /// makes. Each is run at the end of every transaction that has touched the configuration.
    pub consequences: Vec<Check>,
}

/// Cheap to clone; all clones are the same store. Beside it, how long a request waits for a
/// database server.
#[derive(Clone)]
pub struct Store(Arc<Inner>, Option<Duration>);

struct Inner {
    engine: Engine,
    reading: Arc<Semaphore>,
    statements: AtomicU64,
    published: Arc<ArcSwap<Snapshot>>,
    revisions: watch::Receiver<i64>,
    ephemeral: Ephemeral,
    seal: Arc<Seal>,
    secret_key: Secret,
    stands_in: bool,
    registry: Arc<Registry>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    auditor: Arc<dyn Auditor>,
    consequences: Vec<Check>,
}

/// The engine behind the store.
#[expect(clippy::large_enum_variant, reason = "there is one of it")]
enum Engine {
    Embedded {
        writer: Writer,
        readers: Readers,
    },
    Postgres {
        pool: Pool,
        replicas: Replicas,
        announce: watch::Sender<i64>,
        publishing: Mutex<()>,
        contended: Mutex<()>,
    },
}

/// A transaction that others came before is tried this often, a little later each time.
const TRIES: u32 = 30;

/// How a write ends when nothing failed.
#[derive(Clone, Copy, PartialEq)]
enum Ending {
    Commit,
    RollBack,
}

/// What [`Store::refresh`] had to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refreshed {
    /// Nothing: there is no newer revision.
    Unchanged,
    /// So many objects that newer edits changed, created or deleted.
    Differences(usize),
    /// Every object: the edits between were too many, or not all there.
    Whole,
}

impl Store {
    /// Opens the database in the data folder, migrates it and loads the graph.
    ///
    /// # Errors
    /// A folder that cannot be used, data of a newer version, or another secret key than the data
    /// was made with.
    pub fn open(options: Options) -> Result<Store, StoreError> {
        let begin = |sql: &mut Sql<'_>| {
            let opened = keys::open(sql, &options.secret_key, &*options.entropy)?;
            let graph = graph::load(sql, &options.registry, &opened.seal, &*options.entropy)?;
            Ok::<_, StoreError>((opened, graph, Ephemeral::load(sql, options.clock.clone())?))
        };
        let (announce, revisions) = watch::channel(0);
        let readers_at_once = match &options.database {
            Database::Embedded { .. } => embedded_readers(),
            Database::Postgres { .. } => READERS,
        };
        let (engine, published, opened, ephemeral) = match &options.database {
            Database::Embedded { folder } => {
                prepare_folder(folder)?;
                let path = folder.join("countersign.db");
                let connection = sqlite::open(&path)?;
                let (opened, graph, ephemeral) = begin(&mut Sql::embedded(&connection))?;
                announce.send_replace(graph.revision());
                let published = Arc::new(ArcSwap::from_pointee(graph.clone()));
                let writer = Writer::start(connection, graph, published.clone(), announce)?;
                (
                    Engine::Embedded { writer, readers: Readers::new(&path) },
                    published,
                    opened,
                    ephemeral,
                )
            }
            Database::Postgres { primary, replicas } => {
                let pool = Pool::new(primary.clone())?;
                let replicas = Replicas::new(replicas.clone(), options.clock.clone())?;
                let first = || {
                    pool.run(|connection| {
                        migrate::run_postgres(connection, |connection| {
                            begin(&mut Sql::postgres(connection))
                        })
                    })
                };
                // The client blocks its thread, which one of the asynchronous runtime's must not.
                let worked = std::thread::scope(|scope| scope.spawn(first).join());
                let (opened, graph, ephemeral) = worked.map_err(|_| StoreError::Closed)???;
                announce.send_replace(graph.revision());
                let published = Arc::new(ArcSwap::from_pointee(graph));
                (
                    Engine::Postgres {
                        pool,
                        replicas,
                        announce,
                        publishing: Mutex::new(()),
                        contended: Mutex::new(()),
                    },
                    published,
                    opened,
                    ephemeral,
                )
            }
        };
        Ok(Store(
            Arc::new(Inner {
                engine,
                reading: Arc::new(Semaphore::new(readers_at_once)),
                statements: AtomicU64::default(),
                published,
                revisions,
                ephemeral,
                seal: Arc::new(opened.seal),
                secret_key: opened.key,
                stands_in: opened.stands_in,
                registry: Arc::new(options.registry),
                clock: options.clock,
                entropy: options.entropy,
                auditor: options.auditor,
                consequences: options.consequences,
            }),
            Some(PATIENCE),
        ))
    }

    /// The same store for work that takes as long as there is data, as a backup: nobody waits for
    /// it as for an answer.
    #[must_use]
    pub fn unhurried(&self) -> Store {
        Store(self.0.clone(), None)
    }

    /// Whether this process alone works on the database, as it does on an embedded one.
    #[must_use]
    pub fn is_embedded(&self) -> bool {
        matches!(self.0.engine, Engine::Embedded { .. })
    }

    /// The configuration as last committed. A request takes it once and uses it to its end.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.0.published.load_full()
    }

    /// Announces each new revision of the configuration.
    pub fn revisions(&self) -> watch::Receiver<i64> {
        self.0.revisions.clone()
    }

    /// The kinds and tables that the store holds.
    pub fn registry(&self) -> &Registry {
        &self.0.registry
    }

    /// What lives for minutes.
    pub fn ephemeral(&self) -> &Ephemeral {
        &self.0.ephemeral
    }

    /// The key that the data has.
    pub fn secret_key(&self) -> &Secret {
        &self.0.secret_key
    }

    /// Whether that key is a random one in place of a published example, until the administrator
    /// gives one.
    pub fn has_stand_in_key(&self) -> bool {
        self.0.stands_in
    }

    /// Seals and opens secrets with the key of this installation.
    pub fn sealer(&self) -> &dyn Sealer {
        &*self.0.seal
    }

    /// Reads tables; everything one closure reads is of one moment.
    ///
    /// # Errors
    /// What the closure answers, or that the engine failed.
    pub async fn read<T, E>(
        &self,
        work: impl FnOnce(&mut Sql<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let inner = self.0.clone();
        let reading = async {
            let turn = inner
                .reading
                .clone()
                .acquire_owned()
                .await
                .map_err(|_| E::from(StoreError::Closed))?;
            let inner = inner.clone();
            let task = tokio::task::spawn_blocking(move || {
                // Held by the thread: one that waits for a server that says nothing keeps its
                // place.
                let _turn = turn;
                match &inner.engine {
                    Engine::Embedded { readers, .. } => readers.run(|connection| {
                        work(&mut Sql::embedded(connection).counted(&inner.statements))
                    }),
                    Engine::Postgres { pool, .. } => {
                        pool.run(|connection| read_postgres(connection, &inner.statements, work))
                    }
                }
            });
            task.await.map_err(|_| E::from(StoreError::Closed))?.map_err(E::from)?
        };
        // Not entered: what happens inside is on other threads.
        let _span =
            tracing::info_span!(target: "spans", "store.read", db.system.name = self.engine_name());
        self.patiently(reading).await
    }

    /// As [`read`](Self::read), for a few rows by their keys. The embedded engine has these at
    /// hand: they are read on the thread that asks, since waking another one costs more than they
    /// do.
    ///
    /// # Errors
    /// As `read`.
    pub async fn look_up<T, E>(
        &self,
        work: impl FnOnce(&mut Sql<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let Engine::Embedded { readers, .. } = &self.0.engine else { return self.read(work).await };
        let _turn = self.0.reading.acquire().await.map_err(|_| E::from(StoreError::Closed))?;
        let _span =
            tracing::info_span!(target: "spans", "store.read", db.system.name = self.engine_name())
                .entered();
        readers
            .run(|connection| work(&mut Sql::embedded(connection).counted(&self.0.statements)))
            .map_err(E::from)?
    }

    /// Reads much, for lists and reports: on a read replica where one has all that was written
    /// before, else as [`read`](Self::read) does. Decisions (sessions, one-time things) are not for
    /// this.
    ///
    /// # Errors
    /// As `read`.
    pub async fn browse<T, E>(
        &self,
        work: impl Fn(&mut Sql<'_>) -> Result<T, E> + Send + Sync + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let work = Arc::new(work);
        if let Engine::Postgres { replicas, .. } = &self.0.engine
            && !replicas.is_empty()
        {
            let (theirs, inner) = (work.clone(), self.0.clone());
            let theirs = Arc::new(move |connection: &mut postgresql::Connection| {
                read_postgres(connection, &inner.statements, |sql| theirs(sql)).ok()
            });
            match self.position().await {
                Ok(position) => {
                    if let Some(answer) = replicas.read(&position, &theirs).await {
                        return Ok(answer);
                    }
                }
                Err(error) => tracing::debug!(%error, "read replicas are left out"),
            }
        }
        self.read(move |sql| work(sql)).await
    }

    /// How many statements were run through this store since it was opened, for tests that compare
    /// what two answers cost.
    pub fn statements(&self) -> u64 {
        self.0.statements.load(Ordering::Relaxed)
    }

    /// The read replicas by address, and what keeps each from being asked at this moment.
    ///
    /// # Errors
    /// When the database itself does not say how far it is.
    pub async fn read_replicas(&self) -> Result<Vec<(String, Result<(), String>)>, StoreError> {
        match &self.0.engine {
            Engine::Postgres { replicas, .. } if !replicas.is_empty() => {
                Ok(replicas.look(&self.position().await?).await)
            }
            _ => Ok(Vec::new()),
        }
    }

    async fn position(&self) -> Result<String, StoreError> {
        let inner = self.0.clone();
        self.patiently(async {
            tokio::task::spawn_blocking(move || inner.position())
                .await
                .map_err(|_| StoreError::Closed)?
        })
        .await
    }

    /// Changes tables and configuration in one transaction; answers when it is on disk. The closure
    /// may be run again on a newer state, so it must decide everything from what it reads inside.
    ///
    /// # Errors
    /// What the closure answers, an edit the graph refuses, or that the engine failed. Then nothing
    /// was written.
    pub async fn write<T, E>(
        &self,
        actor: Actor,
        reason: impl Into<String>,
        work: impl Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let reason = reason.into();
        let _span = tracing::info_span!(target: "spans", "store.write", db.system.name = self.engine_name(), reason);
        self.run(actor, reason, work, Ending::Commit).await.map(|(value, _)| value)
    }

    /// Does everything [`write`](Self::write) would, tells what would change, and leaves nothing
    /// behind.
    ///
    /// # Errors
    /// As `write`.
    pub async fn plan<T, E>(
        &self,
        actor: Actor,
        work: impl Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<(T, Vec<Change>), E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.run(actor, String::new(), work, Ending::RollBack).await
    }

    async fn run<T, E>(
        &self,
        actor: Actor,
        reason: String,
        work: impl Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        ending: Ending,
    ) -> Result<(T, Vec<Change>), E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let inner = self.0.clone();
        let Engine::Embedded { writer, .. } = &self.0.engine else {
            let writing = async move {
                let task = tokio::task::spawn_blocking(move || {
                    inner.write_postgres(&actor, &reason, &work, ending)
                });
                task.await.map_err(|_| E::from(StoreError::Closed))?
            };
            return self.patiently(writing).await;
        };
        let (sender, receiver) = oneshot::channel::<Result<(T, Vec<Change>), E>>();
        let job = Box::new(move |connection: &Connection, graph: &mut Snapshot| -> Ack {
            let result = inner.attempt(connection, graph, &actor, &reason, &work, ending);
            Box::new(move |committed: Result<(), StoreError>| {
                let answer = match committed {
                    Ok(()) => result,
                    Err(problem) => result.and_then(|_| Err(E::from(problem))),
                };
                // The caller may have gone away; the write stands all the same.
                let _ = sender.send(answer);
            })
        });
        writer.submit(job).map_err(E::from)?;
        receiver.await.map_err(|_| E::from(StoreError::Closed))?
    }

    /// As traces call it.
    fn engine_name(&self) -> &'static str {
        match self.0.engine {
            Engine::Embedded { .. } => "sqlite",
            Engine::Postgres { .. } => "postgresql",
        }
    }

    /// Waits for a database server as long as a person would; a stopped process keeps its
    /// connections open and is silent.
    async fn patiently<T, E: From<StoreError>>(
        &self,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let (Engine::Postgres { .. }, Some(patience)) = (&self.0.engine, self.1) else {
            return work.await;
        };
        match tokio::time::timeout(patience, work).await {
            Ok(answer) => answer,
            Err(_) => {
                Err(StoreError::Away("the database server does not answer".to_owned()).into())
            }
        }
    }

    /// Writes the ephemeral entries that changed, for a restart to find. Called every second and at
    /// the end.
    ///
    /// # Errors
    /// When the engine fails; the entries stay marked.
    pub async fn flush_ephemeral(&self) -> Result<(), StoreError> {
        let Some(changed) = self.0.ephemeral.take_changed() else { return Ok(()) };
        let names = changed.iter().map(|(name, _)| name.clone()).collect();
        let written =
            self.write(Actor::system(), "ephemeral", move |tx| Ephemeral::save(tx, &changed)).await;
        if written.is_err() {
            self.0.ephemeral.mark(names);
        }
        written
    }

    /// Ends the writer after what is waiting; later calls answer [`StoreError::Closed`].
    pub async fn close(&self) {
        if let Err(error) = self.flush_ephemeral().await {
            tracing::warn!(%error, "sign-ins in progress will have to start again");
        }
        let inner = self.0.clone();
        let close = move || {
            if let Engine::Embedded { writer, .. } = &inner.engine {
                writer.close();
            }
        };
        let _ = tokio::task::spawn_blocking(close).await;
    }

    /// Takes over the configuration of a newer revision that another process committed. Costs one
    /// small read on an engine that several processes can share, nothing on the embedded one.
    ///
    /// # Errors
    /// When the engine fails; the configuration stays as it is.
    pub async fn refresh(&self) -> Result<Refreshed, StoreError> {
        if let Engine::Embedded { .. } = self.0.engine {
            return Ok(Refreshed::Unchanged);
        }
        let inner = self.0.clone();
        tokio::task::spawn_blocking(move || inner.refresh())
            .await
            .map_err(|_| StoreError::Closed)?
    }
}

impl Inner {
    fn attempt<T, E: From<StoreError>>(
        &self,
        connection: &Connection,
        graph: &mut Snapshot,
        actor: &Actor,
        reason: &str,
        work: &dyn Fn(&mut Tx<'_>) -> Result<T, E>,
        ending: Ending,
    ) -> Result<(T, Vec<Change>), E> {
        sqlite::run(connection, "SAVEPOINT attempt")?;
        let outcome = self.try_work(
            Sql::embedded(connection).counted(&self.statements),
            graph,
            actor,
            reason,
            work,
        );
        match outcome {
            Ok((value, snapshot, changes)) if ending == Ending::Commit => {
                sqlite::run(connection, "RELEASE attempt")?;
                *graph = snapshot;
                Ok((value, changes))
            }
            other => {
                sqlite::run(connection, "ROLLBACK TO attempt")?;
                sqlite::run(connection, "RELEASE attempt")?;
                other.map(|(value, _, changes)| (value, changes))
            }
        }
    }

    /// A write on an engine that several processes share: the whole closure again when another came
    /// first.
    fn write_postgres<T, E: From<StoreError>>(
        &self,
        actor: &Actor,
        reason: &str,
        work: &dyn Fn(&mut Tx<'_>) -> Result<T, E>,
        ending: Ending,
    ) -> Result<(T, Vec<Change>), E> {
        let Engine::Postgres { pool, contended, .. } = &self.engine else {
            return Err(StoreError::Closed.into());
        };
        let mut turn = None;
        for attempt in 0..TRIES {
            let base = self.published.load_full();
            let outcome = pool.run(|connection| {
                connection.batch("BEGIN ISOLATION LEVEL SERIALIZABLE")?;
                let worked = self.try_work(
                    Sql::postgres(connection).counted(&self.statements),
                    &base,
                    actor,
                    reason,
                    work,
                );
                let end =
                    if worked.is_ok() && ending == Ending::Commit { "COMMIT" } else { "ROLLBACK" };
                let ended = connection.batch(end);
                let again = connection.try_again;
                Ok::<_, StoreError>((worked, ended, again))
            });
            let (worked, ended, again) = outcome.and_then(|inner| inner)?;
            if again {
                // Of this process only one at a time tries again, so that its own writers do not
                // drive each other out.
                turn.get_or_insert_with(|| {
                    contended.lock().unwrap_or_else(PoisonError::into_inner)
                });
                self.refresh()?;
                std::thread::sleep(Duration::from_millis(
                    u64::from(attempt.min(10)) * 2 + u64::from(self.jitter() % 4),
                ));
                continue;
            }
            let (value, snapshot, changes) = worked?;
            ended?;
            if ending == Ending::Commit && !changes.is_empty() {
                self.publish(snapshot);
            }
            return Ok((value, changes));
        }
        Err(StoreError::Stale.into())
    }

    fn position(&self) -> Result<String, StoreError> {
        let Engine::Postgres { pool, .. } = &self.engine else { return Err(StoreError::Closed) };
        pool.run(postgresql::Connection::position)?
    }

    fn jitter(&self) -> u8 {
        let mut byte = [0u8; 1];
        self.entropy.fill(&mut byte);
        byte[0]
    }

    fn refresh(&self) -> Result<Refreshed, StoreError> {
        let Engine::Postgres { pool, .. } = &self.engine else { return Ok(Refreshed::Unchanged) };
        let mine = self.published.load_full();
        let (registry, seal, entropy) = (&self.registry, &*self.seal, &*self.entropy);
        let newer = pool.run(|connection| {
            read_postgres(connection, &self.statements, |sql| {
                if graph::revision(sql)? <= mine.revision() {
                    return Ok::<_, StoreError>(None);
                }
                if let Some((snapshot, objects)) =
                    graph::catch_up(sql, &mine, registry, seal, entropy)?
                {
                    return Ok(Some((snapshot, Refreshed::Differences(objects))));
                }
                let snapshot = graph::load(sql, registry, seal, entropy)?;
                Ok(Some((snapshot, Refreshed::Whole)))
            })
        })??;
        let Some((snapshot, how)) = newer else { return Ok(Refreshed::Unchanged) };
        self.publish(snapshot);
        Ok(how)
    }

    /// Makes a snapshot the current one, unless a newer one is there already.
    fn publish(&self, snapshot: Snapshot) {
        let Engine::Postgres { announce, publishing, .. } = &self.engine else { return };
        let _one = publishing.lock().unwrap_or_else(PoisonError::into_inner);
        if snapshot.revision() > self.published.load().revision() {
            announce.send_replace(snapshot.revision());
            self.published.store(Arc::new(snapshot));
        }
    }

    fn try_work<T, E: From<StoreError>>(
        &self,
        sql: Sql<'_>,
        graph: &Snapshot,
        actor: &Actor,
        reason: &str,
        work: &dyn Fn(&mut Tx<'_>) -> Result<T, E>,
    ) -> Result<(T, Snapshot, Vec<Change>), E> {
        let mut tx = Tx {
            sql,
            draft: Draft::new(graph),
            before: graph,
            now: self.clock.now(),
            actor,
            entropy: &*self.entropy,
            sealer: &*self.seal,
            registry: &self.registry,
            auditor: &*self.auditor,
            checks: BTreeMap::new(),
        };
        let value = work(&mut tx)?;
        if tx.draft.is_touched() {
            self.consequences.iter().try_for_each(|consequence| consequence(&mut tx))?;
        }
        tx.judge()?;
        graph::keep_what_waits(&mut tx)?;
        let Tx { mut sql, draft, now, .. } = tx;
        let persisted = graph::persist(&mut sql, draft, now, actor, reason, &*self.seal);
        if let (Err(StoreError::Stale), Some(connection)) = (&persisted, sql.shared()) {
            connection.try_again = true;
        }
        let (snapshot, changes) = persisted?;
        if !changes.is_empty() {
            self.registry.judge(graph, &snapshot, &changes).map_err(StoreError::Refused)?;
            let edit = CommittedEdit {
                revision: snapshot.revision(),
                at: now,
                actor,
                reason,
                changes: &changes,
                before: graph,
                after: &snapshot,
                sealer: &*self.seal,
            };
            self.auditor.record(&mut sql, &*self.entropy, &edit)?;
        }
        Ok((value, snapshot, changes))
    }
}

/// A read transaction: everything it reads is of one moment.
fn read_postgres<T, E: From<StoreError>>(
    connection: &mut postgresql::Connection,
    statements: &AtomicU64,
    work: impl FnOnce(&mut Sql<'_>) -> Result<T, E>,
) -> Result<T, E> {
    connection.batch("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")?;
    let answer = work(&mut Sql::postgres(connection).counted(statements));
    connection.batch("COMMIT")?;
    answer
}

fn prepare_folder(path: &Path) -> Result<(), StoreError> {
    let failed = |e: std::io::Error| StoreError::DataFolder {
        path: path.display().to_string(),
        problem: e.to_string(),
    };
    if path.is_dir() {
        return Ok(());
    }
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o750);
    builder.create(path).map_err(failed)
}
