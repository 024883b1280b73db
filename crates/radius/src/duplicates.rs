//! Requests that come again. Clients send a request anew when they hear nothing; the answer is the
//! same one, without a second look at the password (RFC 5080 section 2.2.2).

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;

use countersign_model::Timestamp;

/// Seconds for which a client may ask again.
const SECONDS: i64 = 30;
/// Bytes of all that is kept, with what each entry takes beside its answer.
const MOST_BYTES: usize = 8 * 1024 * 1024;
const ENTRY_BYTES: usize = 256;

/// A request: who sent it, for which provider, and its octets. Number and authenticator alone do not
/// tell: who repeats those of another with another name would be answered as that one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Asked {
    pub(crate) peer: SocketAddr,
    pub(crate) provider: i64,
    /// Of the whole packet.
    pub(crate) hash: [u8; 32],
}

/// What is known of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Known {
    New,
    /// It is being answered: nothing is said to this one.
    Running,
    Answered(Vec<u8>),
}

/// The requests of the last seconds, as many as fit: the oldest are forgotten first.
#[derive(Debug, Default)]
pub(crate) struct Duplicates {
    known: HashMap<Asked, Entry>,
    /// In the order in which they came; those that were forgotten since stay in it for a while.
    order: VecDeque<(Asked, Timestamp)>,
    bytes: usize,
}

#[derive(Debug)]
struct Entry {
    came: Timestamp,
    answer: Option<Vec<u8>>,
}

impl Entry {
    fn bytes(&self) -> usize {
        ENTRY_BYTES + self.answer.as_ref().map_or(0, Vec::len)
    }
}

impl Duplicates {
    /// Notes that a request came, and says what is known of it.
    pub(crate) fn enter(&mut self, asked: Asked, now: Timestamp) -> Known {
        self.forget(now);
        if let Some(entry) = self.known.get(&asked) {
            return entry.answer.clone().map_or(Known::Running, Known::Answered);
        }
        self.put(asked, Entry { came: now, answer: None });
        self.order.push_back((asked, now));
        Known::New
    }

    /// Notes the answer.
    pub(crate) fn answered(&mut self, asked: Asked, answer: &[u8]) {
        let came = self.known.get(&asked).map(|entry| entry.came);
        if let Some(came) = came {
            self.put(asked, Entry { came, answer: Some(answer.to_vec()) });
        }
    }

    /// There was no answer, and there may be one the next time.
    pub(crate) fn unanswered(&mut self, asked: &Asked) {
        if let Some(gone) = self.known.remove(asked) {
            self.bytes = self.bytes.saturating_sub(gone.bytes());
        }
    }

    fn put(&mut self, asked: Asked, entry: Entry) {
        self.bytes += entry.bytes();
        if let Some(gone) = self.known.insert(asked, entry) {
            self.bytes = self.bytes.saturating_sub(gone.bytes());
        }
    }

    fn forget(&mut self, now: Timestamp) {
        while let Some((asked, came)) = self.order.front().copied() {
            let room = self.bytes < MOST_BYTES && self.order.len() < MOST_BYTES / ENTRY_BYTES;
            if room && now < came.plus_seconds(SECONDS) {
                return;
            }
            self.order.pop_front();
            // One that came anew after it was not answered is further behind.
            if self.known.get(&asked).is_some_and(|entry| entry.came == came) {
                self.unanswered(&asked);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(port: u16, id: u8) -> Asked {
        Asked { peer: ([192, 0, 2, 7], port).into(), provider: 1, hash: [id; 32] }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(1_000 + seconds)
    }

    #[test]
    fn what_comes_again_is_answered_alike_for_a_while() {
        let mut all = Duplicates::default();
        assert_eq!(all.enter(asked(1, 1), at(0)), Known::New);
        assert_eq!(all.enter(asked(1, 1), at(1)), Known::Running);
        all.answered(asked(1, 1), b"yes");
        assert_eq!(all.enter(asked(1, 1), at(29)), Known::Answered(b"yes".to_vec()));
        // Another port, another request; another packet, or another provider, too.
        assert_eq!(all.enter(asked(2, 1), at(29)), Known::New);
        let other = Asked { hash: [9; 32], ..asked(1, 1) };
        assert_eq!(all.enter(other, at(29)), Known::New);
        let elsewhere = Asked { provider: 2, ..asked(1, 1) };
        assert_eq!(all.enter(elsewhere, at(29)), Known::New);
        assert_eq!(all.enter(asked(1, 1), at(30)), Known::New, "forgotten");
        all.unanswered(&asked(1, 1));
        assert_eq!(all.enter(asked(1, 1), at(31)), Known::New, "it may be tried again");
        all.answered(asked(1, 1), b"no");
        assert_eq!(all.enter(asked(1, 1), at(60)), Known::Answered(b"no".to_vec()));
        assert_eq!(all.enter(asked(3, 3), at(200)), Known::New);
        assert_eq!((all.known.len(), all.order.len()), (1, 1));
        assert_eq!(all.bytes, ENTRY_BYTES);
    }

    #[test]
    fn what_is_kept_is_bounded_whoever_asks() {
        let mut all = Duplicates::default();
        for port in 1..60_000 {
            let one = asked(port, 1);
            assert_eq!(all.enter(one, at(0)), Known::New);
            match port % 3 {
                0 => all.answered(one, &[7; 4096]),
                1 => all.unanswered(&one),
                _ => {}
            }
            assert!(all.bytes <= MOST_BYTES + ENTRY_BYTES + 4096);
            assert!(all.order.len() <= MOST_BYTES / ENTRY_BYTES);
        }
        let held: usize = all.known.values().map(Entry::bytes).sum();
        assert_eq!(held, all.bytes);
        all.enter(asked(1, 2), at(1_000));
        assert_eq!((all.known.len(), all.order.len()), (1, 1));
    }
}
