//! What lives only for a while: flow plans of browsers in mid-login, rate-limit counters, one-time
//! marks.
//!
//! Entries are kept in memory and written behind to a table, so that a restart does not break a
//! login in progress. What must not be lost or used twice across a crash (codes, tokens, sessions)
//! is in tables instead.
//!
//! Each entry has an [`Owner`], which bounds how many bytes there may be. Counters have no owner
//! and are apart.

mod counters;
mod ledger;

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use countersign_model::{Clock, Timestamp};

use crate::error::StoreError;
use crate::params;
use crate::redis::{RedisOptions, Shared};
use crate::sql::Sql;
use crate::tx::Tx;

use counters::{Counters, Id};
use ledger::Ledger;
pub use ledger::Owner;

/// What the table names as the owner of a counter.
const COUNTER: &str = "counter";

/// A value with the version that a compare-and-swap must name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versioned {
    /// Changes with each write, for writes that must not lose another.
    pub version: u64,
    /// What was kept.
    pub bytes: Vec<u8>,
}

#[derive(Debug, Clone)]
struct Held {
    value: Versioned,
    expires: Timestamp,
    owner: Owner,
}

#[derive(Default)]
struct State {
    entries: HashMap<String, Held>,
    /// With Redis too: what this process has put there.
    ledger: Ledger,
    /// With Redis: what was last read there, for the case that it is lost.
    counters: Counters,
    changed: BTreeSet<Name>,
    versions: u64,
}

/// What the table has a row of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Name {
    Entry(String),
    Counter(Id),
}

/// The ephemeral store. Cheap to clone.
#[derive(Clone)]
pub struct Ephemeral {
    shared: Arc<OnceLock<Shared>>,
    state: Arc<Mutex<State>>,
    clock: Arc<dyn Clock>,
}

/// A row of the table.
pub(crate) struct Row {
    owner: String,
    bytes: Vec<u8>,
    expires: Timestamp,
}

/// What changed on its way to the table; `None` was removed.
pub(crate) type Changed = Vec<(Name, Option<Row>)>;

impl Ephemeral {
    /// An entry may be as large, in bytes.
    pub const LARGEST: usize = 256 * 1024;

    pub(crate) fn load(sql: &mut Sql<'_>, clock: Arc<dyn Clock>) -> Result<Ephemeral, StoreError> {
        let (mut state, now) = (State::default(), clock.now());
        for row in sql.query(
            "SELECT name, owner, value, expires FROM ephemeral WHERE expires > $1",
            params![now],
        )? {
            let (name, owner, bytes, expires): (String, String, Vec<u8>, Timestamp) =
                (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
            if owner == COUNTER {
                state.counters.set(
                    Id::read(&name).unwrap_or(Id::of(&name)),
                    decode(&bytes),
                    expires,
                    now,
                );
            } else if let Some(owner) = Owner::read(&owner) {
                state.set(&name, bytes, owner, expires, now);
            }
        }
        state.changed.clear();
        Ok(Ephemeral { shared: Arc::default(), state: Arc::new(Mutex::new(state)), clock })
    }

    /// Keeps entries in Redis from now on, for several processes to share.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn share(&self, options: &RedisOptions) -> Result<(), StoreError> {
        let shared = Shared::connect(options).await?;
        // A second call changes nothing: the first connection mends itself.
        let _ = self.shared.set(shared);
        Ok(())
    }

    /// The value, unless it has ended.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn get(&self, space: &str, key: &str) -> Result<Option<Versioned>, StoreError> {
        if let Some(shared) = self.shared.get() {
            return shared.get(&name(space, key)).await;
        }
        let now = self.clock.now();
        Ok(self.with(|state| state.live(&name(space, key), now).map(|held| held.value.clone())))
    }

    /// Sets a value for `seconds`.
    ///
    /// # Errors
    /// A value larger than [`Ephemeral::LARGEST`]; when Redis does not answer.
    pub async fn put(
        &self,
        space: &str,
        key: &str,
        bytes: Vec<u8>,
        seconds: i64,
        owner: Owner,
    ) -> Result<(), StoreError> {
        bounded(&bytes)?;
        let (name, now) = (name(space, key), self.clock.now());
        let expires = now.plus_seconds(seconds);
        if let Some(shared) = self.shared.get() {
            shared.set(&name, None, &bytes, seconds).await?;
            self.book(shared, &name, bytes.len(), owner, expires, now).await;
            return Ok(());
        }
        self.with(|state| state.set(&name, bytes, owner, expires, now));
        Ok(())
    }

    /// Takes a value away: of many callers at once, one gets it.
    pub async fn take(&self, space: &str, key: &str) -> Option<Vec<u8>> {
        let (name, now) = (name(space, key), self.clock.now());
        if let Some(shared) = self.shared.get() {
            self.with(|state| state.ledger.leave(&name));
            return logged(shared.take(&name).await).flatten();
        }
        self.with(|state| {
            let bytes = state.live(&name, now).map(|held| held.value.bytes.clone());
            state.remove(&name);
            bytes
        })
    }

    /// Adds to a counter that ends `seconds` after its first use, and gives the sum; the largest
    /// number when nobody can count, so that limits hold.
    pub async fn add(&self, space: &str, key: &str, amount: i64, seconds: i64) -> i64 {
        let (name, now) = (name(space, key), self.clock.now());
        let id = Id::of(&name);
        let Some(shared) = self.shared.get() else {
            return self.with(|state| {
                let (sum, gone) = state.counters.add(id, amount, seconds, now);
                state.changed.extend([id].into_iter().chain(gone).map(Name::Counter));
                sum
            });
        };
        let Some(mut counted) = logged(shared.add(&name, amount, seconds).await) else {
            return i64::MAX;
        };
        let known = self.with(|state| state.counters.get(id, now));
        // Redis forgot what it had counted: it was emptied, or had no room. What this process knows
        // goes on.
        if let (false, Some((known, _))) = (counted.existed, known) {
            let Some(restored) = logged(shared.add(&name, known, seconds).await) else {
                return i64::MAX;
            };
            counted = restored;
        }
        let end = Timestamp(now.0.saturating_add(counted.left.saturating_mul(1000)));
        self.with(|state| state.counters.set(id, counted.sum, end, now));
        counted.sum
    }

    /// Sets a value only if it still has the version the caller saw (`None`: only if there is
    /// none), and tells whether it did.
    ///
    /// # Errors
    /// A value larger than [`Ephemeral::LARGEST`]; when Redis does not answer.
    pub async fn compare_and_swap(
        &self,
        space: &str,
        key: &str,
        seen: Option<u64>,
        bytes: Vec<u8>,
        seconds: i64,
        owner: Owner,
    ) -> Result<bool, StoreError> {
        bounded(&bytes)?;
        let (name, now) = (name(space, key), self.clock.now());
        let expires = now.plus_seconds(seconds);
        if let Some(shared) = self.shared.get() {
            let done = shared.set(&name, Some(seen.unwrap_or(0)), &bytes, seconds).await?;
            if done {
                self.book(shared, &name, bytes.len(), owner, expires, now).await;
            }
            return Ok(done);
        }
        Ok(self.with(|state| {
            let fits = state.live(&name, now).map(|held| held.value.version) == seen;
            if fits {
                state.set(&name, bytes, owner, expires, now);
            }
            fits
        }))
    }

    /// Removes a value, and begins a counter of that name anew.
    pub async fn remove(&self, space: &str, key: &str) {
        let name = name(space, key);
        let id = Id::of(&name);
        self.with(|state| {
            state.remove(&name);
            if state.counters.get(id, self.clock.now()).is_some() {
                state.counters.remove(id);
                state.changed.insert(Name::Counter(id));
            }
        });
        if let Some(shared) = self.shared.get() {
            logged(shared.remove(&name).await);
        }
    }

    /// Books what was put into Redis, and removes there what is too much.
    async fn book(
        &self,
        shared: &Shared,
        name: &str,
        bytes: usize,
        owner: Owner,
        expires: Timestamp,
        now: Timestamp,
    ) {
        let gone = self.with(|state| state.ledger.enter(name, owner, bytes, expires, now));
        for name in gone {
            logged(shared.remove(&name).await);
        }
    }

    pub(crate) fn take_changed(&self) -> Option<Changed> {
        let shared = self.shared.get().is_some();
        self.with(|state| {
            let names = std::mem::take(&mut state.changed);
            // What is shared is not written by each process.
            if names.is_empty() || shared {
                return None;
            }
            let now = self.clock.now();
            let row = |name: &Name| match name {
                Name::Entry(name) => {
                    let held = state.entries.get(name)?;
                    Some(Row {
                        owner: held.owner.text(),
                        bytes: held.value.bytes.clone(),
                        expires: held.expires,
                    })
                }
                Name::Counter(id) => {
                    let (count, expires) = state.counters.get(*id, now)?;
                    Some(Row {
                        owner: COUNTER.to_owned(),
                        bytes: count.to_le_bytes().to_vec(),
                        expires,
                    })
                }
            };
            Some(names.into_iter().map(|name| (name.clone(), row(&name))).collect())
        })
    }

    /// Marks entries as changed again, after they could not be written.
    pub(crate) fn mark(&self, names: Vec<Name>) {
        self.with(|state| state.changed.extend(names));
    }

    pub(crate) fn save(tx: &mut Tx<'_>, changed: &Changed) -> Result<(), StoreError> {
        for (name, row) in changed {
            let name = match name {
                Name::Entry(name) => name.clone(),
                Name::Counter(id) => id.text(),
            };
            match row {
                Some(row) => tx.execute(
                    "INSERT INTO ephemeral (name, owner, value, expires) VALUES ($1, $2, $3, $4) \
                     ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, value = excluded.value, expires = excluded.expires",
                    params![name, row.owner.clone(), row.bytes.clone(), row.expires],
                )?,
                None => tx.execute("DELETE FROM ephemeral WHERE name = $1", params![name])?,
            };
        }
        let now = tx.now();
        tx.execute("DELETE FROM ephemeral WHERE expires <= $1", params![now])?;
        Ok(())
    }

    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl State {
    fn live(&mut self, name: &str, now: Timestamp) -> Option<&Held> {
        if self.entries.get(name).is_some_and(|held| held.expires <= now) {
            self.remove(name);
        }
        self.entries.get(name)
    }

    fn set(
        &mut self,
        name: &str,
        bytes: Vec<u8>,
        owner: Owner,
        expires: Timestamp,
        now: Timestamp,
    ) {
        self.versions += 1;
        let gone = self.ledger.enter(name, owner, bytes.len(), expires, now);
        self.entries.insert(
            name.to_owned(),
            Held { value: Versioned { version: self.versions, bytes }, expires, owner },
        );
        self.changed.insert(Name::Entry(name.to_owned()));
        for name in gone {
            self.entries.remove(&*name);
            self.changed.insert(Name::Entry(name.to_string()));
        }
    }

    fn remove(&mut self, name: &str) {
        self.ledger.leave(name);
        if self.entries.remove(name).is_some() {
            self.changed.insert(Name::Entry(name.to_owned()));
        }
    }
}

/// What Redis could not do is logged, and counts as not there.
fn logged<T>(outcome: Result<T, StoreError>) -> Option<T> {
    outcome.map_err(|error| crate::log_failure(&error, error.is_passing(), "")).ok()
}

fn name(space: &str, key: &str) -> String {
    format!("{space}/{key}")
}

fn decode(bytes: &[u8]) -> i64 {
    bytes.try_into().map_or(0, i64::from_le_bytes)
}

fn bounded(bytes: &[u8]) -> Result<(), StoreError> {
    if bytes.len() > Ephemeral::LARGEST {
        Err(StoreError::Database("an ephemeral value is larger than 256 KiB".to_owned()))
    } else {
        Ok(())
    }
}
