//! Counters of limits. They are apart from everything else that is kept, so that nothing a visitor
//! fills pushes them out; where there are more than can be kept, the smallest are forgotten, and
//! what was forgotten counts as had been counted at most.

use std::collections::{BTreeSet, HashMap};

use countersign_model::Timestamp;

use crate::seal::sha256;

/// About 25 MB.
const MOST: usize = 100_000;

/// A counter's name, shortened: names hold what somebody typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Id(u128);

impl Id {
    pub(super) fn of(name: &str) -> Id {
        let hash = sha256(name);
        Id(hash.iter().take(16).fold(0, |id, byte| (id << 8) | u128::from(*byte)))
    }

    /// As it is written into the table.
    pub(super) fn text(self) -> String {
        format!("{:032x}", self.0)
    }

    pub(super) fn read(text: &str) -> Option<Id> {
        u128::from_str_radix(text, 16).ok().map(Id)
    }
}

#[derive(Default)]
pub(super) struct Counters {
    counts: HashMap<Id, (i64, Timestamp)>,
    by_end: BTreeSet<(Timestamp, Id)>,
    smallest: BTreeSet<(i64, Timestamp, Id)>,
    /// The largest count that was forgotten, and until when it would have counted.
    forgotten: Option<(i64, Timestamp)>,
}

impl Counters {
    /// The count and its end.
    pub(super) fn get(&self, id: Id, now: Timestamp) -> Option<(i64, Timestamp)> {
        self.counts.get(&id).copied().filter(|(_, end)| *end > now)
    }

    /// Adds to a counter that ends `seconds` after its first use; gives the sum and the names that
    /// changed besides.
    pub(super) fn add(
        &mut self,
        id: Id,
        amount: i64,
        seconds: i64,
        now: Timestamp,
    ) -> (i64, Vec<Id>) {
        let (count, end) = self.get(id, now).unwrap_or_else(|| {
            let forgotten =
                self.forgotten.filter(|(_, until)| *until > now).map_or(0, |(count, _)| count);
            (forgotten, now.plus_seconds(seconds))
        });
        let sum = count.saturating_add(amount);
        (sum, self.set(id, sum, end, now))
    }

    /// Sets a counter; one of nothing goes. Gives the names of others that went for it.
    pub(super) fn set(&mut self, id: Id, count: i64, end: Timestamp, now: Timestamp) -> Vec<Id> {
        self.remove(id);
        if count <= 0 || end <= now {
            return Vec::new();
        }
        let mut gone = Vec::new();
        while let Some((_, ended)) = self.by_end.first().filter(|(end, _)| *end <= now).copied() {
            self.remove(ended);
            gone.push(ended);
        }
        self.counts.insert(id, (count, end));
        self.by_end.insert((end, id));
        self.smallest.insert((count, end, id));
        while self.counts.len() > MOST
            && let Some((count, end, smallest)) = self.smallest.first().copied()
        {
            let (most, until) =
                self.forgotten.filter(|(_, until)| *until > now).unwrap_or((0, now));
            self.forgotten = Some((most.max(count), if end > until { end } else { until }));
            self.remove(smallest);
            gone.push(smallest);
        }
        gone
    }

    pub(super) fn remove(&mut self, id: Id) {
        if let Some((count, end)) = self.counts.remove(&id) {
            self.by_end.remove(&(end, id));
            self.smallest.remove(&(count, end, id));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    #[test]
    fn a_counter_ends_after_its_first_use() {
        let mut counters = Counters::default();
        let id = Id::of("login/ada");
        assert_eq!(counters.add(id, 1, 300, at(0)).0, 1);
        assert_eq!(counters.add(id, 2, 300, at(299)).0, 3);
        assert_eq!(counters.add(id, 1, 300, at(300)).0, 1);
        counters.add(id, -1, 300, at(301));
        assert!(
            counters.counts.is_empty()
                && counters.by_end.is_empty()
                && counters.smallest.is_empty()
        );
    }

    #[test]
    fn of_too_many_the_smallest_go_and_are_not_counted_as_none() {
        let mut counters = Counters::default();
        let watched = Id::of("watched");
        for _ in 0..19 {
            counters.add(watched, 1, 300, at(0));
        }
        for n in 0..2 * MOST {
            counters.add(Id::of(&format!("flood {n}")), 1, 300, at(1));
        }
        assert!(counters.counts.len() <= MOST);
        assert_eq!(
            counters.add(watched, 1, 300, at(2)).0,
            20,
            "what was counted is not pushed out"
        );
        // One that was forgotten had been counted once at most: it goes on from there, never from
        // nothing.
        assert!(counters.add(Id::of("flood 0"), 1, 300, at(2)).0 >= 2);
        // When all that was forgotten has ended, so has this.
        assert_eq!(counters.add(Id::of("later"), 1, 300, at(400)).0, 1);
    }
}
