//! A write in progress: SQL over the tables and a draft over the graph, one transaction.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};

use countersign_model::{Draft, Entropy, Registry, Revision, Sealer, Snapshot, Timestamp};

use crate::actor::Actor;
use crate::error::StoreError;
use crate::graph;
use crate::sql::Sql;
use crate::store::{Auditor, RowEdit};

/// A rule that is asked when everything is written; what it refuses is rolled back.
pub type Check = fn(&mut Tx<'_>) -> Result<(), StoreError>;

/// What the closure of [`Store::write`](crate::Store::write) works with. Dereferences to [`Sql`].
pub struct Tx<'c> {
    pub(crate) sql: Sql<'c>,
    pub(crate) draft: Draft,
    pub(crate) before: &'c Snapshot,
    pub(crate) now: Timestamp,
    pub(crate) actor: &'c Actor,
    pub(crate) entropy: &'c dyn Entropy,
    pub(crate) sealer: &'c dyn Sealer,
    pub(crate) registry: &'c Registry,
    pub(crate) auditor: &'c dyn Auditor,
    pub(crate) checks: BTreeMap<&'static str, Check>,
}

impl<'c> Deref for Tx<'c> {
    type Target = Sql<'c>;
    fn deref(&self) -> &Sql<'c> {
        &self.sql
    }
}

impl<'c> DerefMut for Tx<'c> {
    fn deref_mut(&mut self) -> &mut Sql<'c> {
        &mut self.sql
    }
}

impl<'c> Tx<'c> {
    /// The configuration as this transaction sees it, for reading.
    pub const fn graph(&self) -> &Draft {
        &self.draft
    }

    /// The configuration as it was before this transaction.
    pub const fn before(&self) -> &'c Snapshot {
        self.before
    }

    /// The configuration, for changing.
    pub const fn draft(&mut self) -> &mut Draft {
        &mut self.draft
    }

    /// Undoes a committed edit by its inverse, which this transaction then checks and commits like
    /// any other. `false` when there is no such edit.
    ///
    /// # Errors
    /// A change of a kind this version does not know, or what a field of another object forbids.
    pub fn roll_back(&mut self, revision: Revision) -> Result<bool, StoreError> {
        graph::roll_back(self, revision)
    }

    /// Puts back what is left of what a committed edit changed: what was deleted since stays
    /// deleted. `false` when there is no such edit.
    ///
    /// # Errors
    /// A change of a kind this version does not know, or what a field of another object forbids.
    pub fn undo(&mut self, revision: Revision) -> Result<bool, StoreError> {
        graph::undo(self, revision)
    }

    /// Puts the whole configuration back as it was at a revision, undoing every later edit. `false`
    /// when that revision never was, or not all edits since are recorded.
    ///
    /// # Errors
    /// A change of a kind this version does not know.
    pub fn restore(&mut self, revision: Revision) -> Result<bool, StoreError> {
        graph::restore(self, revision)
    }

    /// Has a rule asked at the end of the transaction, once however often it is named: so that a
    /// transaction that first breaks and then mends something is judged by what it leaves.
    pub fn finally(&mut self, name: &'static str, check: Check) {
        self.checks.insert(name, check);
    }

    /// Whether a rule will be asked already.
    pub fn is_checked(&self, name: &'static str) -> bool {
        self.checks.contains_key(name)
    }

    /// Asks what [`finally`](Self::finally) named.
    pub(crate) fn judge(&mut self) -> Result<(), StoreError> {
        while let Some((_, check)) = self.checks.pop_first() {
            check(self)?;
        }
        Ok(())
    }

    /// The time of this transaction: every row it writes has the same.
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// Who writes.
    pub const fn actor(&self) -> &'c Actor {
        self.actor
    }

    /// Randomness for keys and generated values.
    pub const fn entropy(&self) -> &'c dyn Entropy {
        self.entropy
    }

    /// Seals and opens secrets.
    pub const fn sealer(&self) -> &'c dyn Sealer {
        self.sealer
    }

    /// Has an edit of a row recorded, for crates that know no events.
    ///
    /// # Errors
    /// What cannot be recorded does not happen.
    pub fn audit(&mut self, edit: RowEdit) -> Result<(), StoreError> {
        self.auditor.record_row(self, edit)
    }

    /// The kinds and tables that the store holds.
    pub const fn registry(&self) -> &'c Registry {
        self.registry
    }
}
