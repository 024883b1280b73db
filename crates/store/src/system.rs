//! The real clock and the real source of randomness.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::rand;
use countersign_model::{Clock, Entropy, Timestamp};

/// The clock of the machine.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that asks the system for the time"
    )]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}

/// The random numbers of the system.
#[derive(Debug, Clone, Copy)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        // Without randomness nothing this program does is safe: better no answer than a guessable
        // one.
        if rand::fill(bytes).is_err() {
            std::process::abort();
        }
    }
}
