//! What lives only for a while: flow plans of browsers in mid-login, rate-limit counters, one-time marks.
//!
//! Entries are kept in memory and written behind to a table, so that a restart does not break a login in
//! progress. What must not be lost or used twice across a crash (codes, tokens, sessions) is in tables instead.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use countersign_model::{Clock, Timestamp};

use crate::error::StoreError;
use crate::params;
use crate::redis::{RedisOptions, Shared};
use crate::sql::Sql;
use crate::tx::Tx;

/// Memory is bounded: past this many entries those nearest their end go first.
const MOST_ENTRIES: usize = 100_000;
/// And each is bounded too, in bytes.
const LARGEST_VALUE: usize = 256 * 1024;

/// A value with the version that a compare-and-swap must name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versioned {
    pub version: u64,
    pub bytes: Vec<u8>,
}

#[derive(Debug, Clone)]
struct Held {
    value: Versioned,
    expires: Timestamp,
}

#[derive(Default)]
struct State {
    entries: BTreeMap<String, Held>,
    changed: BTreeSet<String>,
    by_end: BTreeSet<(Timestamp, String)>,
    versions: u64,
}

/// The ephemeral store. Cheap to clone.
#[derive(Clone)]
pub struct Ephemeral {
    shared: Arc<OnceLock<Shared>>,
    state: Arc<Mutex<State>>,
    clock: Arc<dyn Clock>,
}

/// A changed entry on its way to the table; `None` was removed.
pub(crate) type Changed = Vec<(String, Option<(Vec<u8>, Timestamp)>)>;

impl Ephemeral {
    pub(crate) fn load(sql: &mut Sql<'_>, clock: Arc<dyn Clock>) -> Result<Ephemeral, StoreError> {
        let mut state = State::default();
        for row in sql.query("SELECT name, value, expires FROM ephemeral WHERE expires > $1", params![clock.now()])? {
            let (name, bytes, expires): (String, Vec<u8>, Timestamp) = (row.get(0)?, row.get(1)?, row.get(2)?);
            state.set(name, bytes, expires);
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
    pub async fn get(&self, space: &str, key: &str) -> Option<Versioned> {
        if let Some(shared) = self.shared.get() {
            return logged(shared.get(&name(space, key)).await).flatten();
        }
        let now = self.clock.now();
        self.with(|state| state.live(&name(space, key), now).map(|held| held.value.clone()))
    }

    /// Sets a value for `seconds`.
    ///
    /// # Errors
    /// A value larger than 256 KiB.
    pub async fn put(&self, space: &str, key: &str, bytes: Vec<u8>, seconds: i64) -> Result<(), StoreError> {
        bounded(&bytes)?;
        if let Some(shared) = self.shared.get() {
            return shared.set(&name(space, key), None, &bytes, seconds).await.map(|_| ());
        }
        let expires = self.clock.now().plus_seconds(seconds);
        self.with(|state| state.set(name(space, key), bytes, expires));
        Ok(())
    }

    /// Takes a value away: of many callers at once, one gets it.
    pub async fn take(&self, space: &str, key: &str) -> Option<Vec<u8>> {
        let (name, now) = (name(space, key), self.clock.now());
        if let Some(shared) = self.shared.get() {
            return logged(shared.take(&name).await).flatten();
        }
        self.with(|state| {
            let bytes = state.live(&name, now).map(|held| held.value.bytes.clone());
            state.remove(&name);
            bytes
        })
    }

    /// Adds to a counter that ends `seconds` after its first use, and gives the sum; the largest number when nobody
    /// can count, so that limits hold.
    pub async fn add(&self, space: &str, key: &str, amount: i64, seconds: i64) -> i64 {
        let (name, now) = (name(space, key), self.clock.now());
        if let Some(shared) = self.shared.get() {
            return logged(shared.add(&name, amount, seconds).await).unwrap_or(i64::MAX);
        }
        self.with(|state| {
            let held = state.live(&name, now).map(|held| (decode(&held.value.bytes), held.expires));
            let (sum, expires) = held.map_or((amount, now.plus_seconds(seconds)), |(n, expires)| (n.saturating_add(amount), expires));
            state.set(name, sum.to_le_bytes().to_vec(), expires);
            sum
        })
    }

    /// Sets a value only if it still has the version the caller saw (`None`: only if there is none), and tells
    /// whether it did.
    ///
    /// # Errors
    /// A value larger than 256 KiB.
    pub async fn compare_and_swap(&self, space: &str, key: &str, seen: Option<u64>, bytes: Vec<u8>, seconds: i64) -> Result<bool, StoreError> {
        bounded(&bytes)?;
        let (name, now) = (name(space, key), self.clock.now());
        if let Some(shared) = self.shared.get() {
            return shared.set(&name, Some(seen.unwrap_or(0)), &bytes, seconds).await;
        }
        Ok(self.with(|state| {
            let fits = state.live(&name, now).map(|held| held.value.version) == seen;
            if fits {
                state.set(name, bytes, now.plus_seconds(seconds));
            }
            fits
        }))
    }

    pub async fn remove(&self, space: &str, key: &str) {
        if let Some(shared) = self.shared.get() {
            logged(shared.remove(&name(space, key)).await);
            return;
        }
        self.with(|state| state.remove(&name(space, key)));
    }

    pub(crate) fn take_changed(&self) -> Option<Changed> {
        self.with(|state| {
            if state.changed.is_empty() {
                return None;
            }
            let names = std::mem::take(&mut state.changed);
            let value = |name: &String| state.entries.get(name).map(|held| (held.value.bytes.clone(), held.expires));
            Some(names.into_iter().map(|name| (name.clone(), value(&name))).collect())
        })
    }

    /// Marks entries as changed again, after they could not be written.
    pub(crate) fn mark(&self, names: Vec<String>) {
        self.with(|state| state.changed.extend(names));
    }

    pub(crate) fn save(tx: &mut Tx<'_>, changed: &Changed) -> Result<(), StoreError> {
        for (name, value) in changed {
            match value {
                Some((bytes, expires)) => tx.execute(
                    "INSERT INTO ephemeral (name, value, expires) VALUES ($1, $2, $3) \
                     ON CONFLICT (name) DO UPDATE SET value = excluded.value, expires = excluded.expires",
                    params![name, bytes.clone(), *expires],
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

    fn set(&mut self, name: String, bytes: Vec<u8>, expires: Timestamp) {
        self.versions += 1;
        let held = Held { value: Versioned { version: self.versions, bytes }, expires };
        if let Some(old) = self.entries.insert(name.clone(), held) {
            self.by_end.remove(&(old.expires, name.clone()));
        }
        self.by_end.insert((expires, name.clone()));
        self.changed.insert(name);
        while self.entries.len() > MOST_ENTRIES
            && let Some((_, first)) = self.by_end.first().cloned()
        {
            self.remove(&first);
        }
    }

    fn remove(&mut self, name: &str) {
        if let Some(old) = self.entries.remove(name) {
            self.by_end.remove(&(old.expires, name.to_owned()));
            self.changed.insert(name.to_owned());
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
    if bytes.len() > LARGEST_VALUE { Err(StoreError::Database("an ephemeral value is larger than 256 KiB".to_owned())) } else { Ok(()) }
}
