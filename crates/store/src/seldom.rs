//! What would fill the log is written once in a while, with how often it was.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// As long as the same is not written again.
const PAUSE: Duration = Duration::from_mins(1);

/// A line that may be due often.
#[derive(Debug, Default)]
pub struct Seldom(Mutex<(Option<Instant>, u64)>);

/// An outage of the database or of Redis, for the whole process: it meets every request.
static OUTAGE: Seldom = Seldom::new();

/// Logs that something failed below a request: an outage once in a while, what is a fault each
/// time.
pub fn log_failure(error: &dyn std::fmt::Display, passing: bool, request: &str) {
    if !passing {
        return tracing::error!(%error, request, "a request failed");
    }
    if let Some(times) = OUTAGE.now() {
        tracing::error!(%error, times, "the database or Redis is away for the moment: requests are answered with status 503");
    }
}

impl Seldom {
    /// Nothing was said yet.
    pub const fn new() -> Seldom {
        Seldom(Mutex::new((None, 0)))
    }

    /// Counts one; how many there were since the last line, if it is time for another.
    pub fn now(&self) -> Option<u64> {
        self.at(Instant::now())
    }

    fn at(&self, now: Instant) -> Option<u64> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (last, times) = &mut *state;
        *times += 1;
        if last.is_some_and(|last| now.duration_since(last) < PAUSE) {
            return None;
        }
        *last = Some(now);
        Some(std::mem::take(times))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_comes_once_in_a_while_and_counts() {
        let (seldom, begin) = (Seldom::default(), Instant::now());
        assert_eq!(seldom.at(begin), Some(1));
        assert_eq!((seldom.at(begin), seldom.at(begin + PAUSE / 2)), (None, None));
        assert_eq!(seldom.at(begin + PAUSE), Some(3));
    }
}
