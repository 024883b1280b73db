//! The two things logic may not take from the system by itself: time and randomness.

use uuid::Uuid;

use crate::time::Timestamp;

/// Tells the time. Passed in, so that tests and simulations choose it.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;
}

/// Gives cryptographically secure random bytes.
pub trait Entropy: Send + Sync {
    /// Fills the bytes so that nobody can guess them.
    fn fill(&self, bytes: &mut [u8]);

    /// `length` letters and digits, each chosen uniformly.
    fn token(&self, length: usize) -> String {
        const ALPHABET: &[u8; 62] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        let mut text = String::with_capacity(length);
        let mut pool = [0u8; 64];
        while text.len() < length {
            self.fill(&mut pool);
            // Bytes of 248 and more would favour the first letters: 248 is the largest multiple of
            // 62 in a byte.
            let letters =
                pool.iter().filter(|b| **b < 248).filter_map(|b| ALPHABET.get(usize::from(b % 62)));
            text.extend(letters.take(length - text.len()).map(|b| char::from(*b)));
        }
        text
    }

    /// A random (version 4) uuid.
    fn uuid(&self) -> Uuid {
        let mut bytes = [0u8; 16];
        self.fill(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }

    /// A uuid that begins with its time (version 7): for rows that come by the thousand, whose keys
    /// then stand together in an index instead of on pages all over it. No secret: most of what
    /// tells two of them apart is the time.
    fn uuid_at(&self, now: Timestamp) -> Uuid {
        let mut bytes = [0u8; 10];
        self.fill(&mut bytes);
        let milliseconds = u64::try_from(now.0 / 1000).unwrap_or_default();
        uuid::Builder::from_unix_timestamp_millis(milliseconds, &bytes).into_uuid()
    }
}
