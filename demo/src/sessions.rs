//! What is remembered about browsers, on the server only: sign-ins under way and people signed in.
//!
//! A cookie holds a random id and a signature over it, nothing else. Both stores are bounded: when
//! one is full, its oldest record makes room.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use aws_lc_rs::hmac;
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::roles::Group;

const CAPACITY: usize = 10_000;

/// How long a sign-in may take, from leaving for the identity provider to coming back.
pub(crate) const SIGN_IN_TIME: Duration = Duration::from_mins(10);
const IDLE_TIME: Duration = Duration::from_hours(1);
const LONGEST_TIME: Duration = Duration::from_hours(12);

/// A person signed in.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    /// The verified claims of the ID token.
    pub(crate) claims: Value,
    pub(crate) groups: Vec<Group>,
    /// Kept for `id_token_hint` at sign-out.
    pub(crate) id_token: String,
}

impl Session {
    pub(crate) fn claim(&self, name: &str) -> &str {
        self.claims.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// What to call the person.
    pub(crate) fn label(&self) -> &str {
        ["name", "preferred_username", "email", "sub"]
            .into_iter()
            .map(|name| self.claim(name))
            .find(|text| !text.is_empty())
            .unwrap_or("someone")
    }
}

/// Records that end by themselves, keyed by an unguessable id.
pub(crate) struct Records<T> {
    idle: Duration,
    longest: Duration,
    records: Mutex<HashMap<String, Record<T>>>,
}

struct Record<T> {
    value: T,
    made: Instant,
    seen: Instant,
}

impl<T> Record<T> {
    fn alive(&self, idle: Duration, longest: Duration, now: Instant) -> bool {
        now.duration_since(self.seen) < idle && now.duration_since(self.made) < longest
    }
}

impl<T: Clone> Records<T> {
    /// Records that live as long as a session: an hour unused, half a day in all.
    pub(crate) fn of_sessions() -> Self {
        Self::new(IDLE_TIME, LONGEST_TIME)
    }

    pub(crate) fn new(idle: Duration, longest: Duration) -> Self {
        Self { idle, longest, records: Mutex::new(HashMap::new()) }
    }

    pub(crate) fn put(&self, id: String, value: T, now: Instant) {
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        if records.len() >= CAPACITY {
            records.retain(|_, record| record.alive(self.idle, self.longest, now));
            let oldest =
                records.iter().min_by_key(|(_, record)| record.seen).map(|(id, _)| id.clone());
            if let Some(oldest) = oldest.filter(|_| records.len() >= CAPACITY) {
                records.remove(&oldest);
            }
        }
        records.insert(id, Record { value, made: now, seen: now });
    }

    /// The record, now seen.
    pub(crate) fn get(&self, id: &str, now: Instant) -> Option<T> {
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        let record = records.get_mut(id)?;
        if !record.alive(self.idle, self.longest, now) {
            records.remove(id);
            return None;
        }
        record.seen = now;
        Some(record.value.clone())
    }

    /// The record, which is gone afterwards: of two callers one gets it.
    pub(crate) fn take(&self, id: &str, now: Instant) -> Option<T> {
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        records
            .remove(id)
            .filter(|record| record.alive(self.idle, self.longest, now))
            .map(|record| record.value)
    }
}

/// Signs the ids that travel in cookies.
pub(crate) struct CookieKey(hmac::Key);

impl CookieKey {
    /// The key of the setting, or a random one that lasts until the program ends.
    pub(crate) fn new(secret: Option<&str>) -> Result<Self, aws_lc_rs::error::Unspecified> {
        let key = match secret {
            Some(secret) => hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()),
            None => hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new())?,
        };
        Ok(Self(key))
    }

    pub(crate) fn seal(&self, id: &str) -> String {
        let tag = hmac::sign(&self.0, id.as_bytes());
        format!("{id}.{}", URL_SAFE_NO_PAD.encode(tag.as_ref()))
    }

    pub(crate) fn open<'a>(&self, cookie: &'a str) -> Option<&'a str> {
        let (id, tag) = cookie.split_once('.')?;
        let tag = URL_SAFE_NO_PAD.decode(tag).ok()?;
        hmac::verify(&self.0, id.as_bytes(), &tag).ok()?;
        Some(id)
    }
}

/// 256 random bits, as text.
pub(crate) fn random_id() -> Result<String, aws_lc_rs::error::Unspecified> {
    let mut bytes = [0; 32];
    SystemRandom::new().fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_ends_when_idle_and_at_its_longest() {
        let records = Records::new(IDLE_TIME, LONGEST_TIME);
        let start = Instant::now();
        records.put("a".to_owned(), 1, start);
        assert_eq!(records.get("a", start + IDLE_TIME), None, "idle for an hour");

        records.put("b".to_owned(), 2, start);
        let mut now = start;
        while now < (start + LONGEST_TIME).checked_sub(Duration::from_mins(30)).unwrap() {
            now += Duration::from_mins(30);
            assert_eq!(records.get("b", now), (now < start + LONGEST_TIME).then_some(2));
        }
        assert_eq!(records.get("b", start + LONGEST_TIME), None, "used all day");
    }

    #[test]
    fn a_record_is_taken_once() {
        let records = Records::new(SIGN_IN_TIME, SIGN_IN_TIME);
        let now = Instant::now();
        records.put("state".to_owned(), (), now);
        assert_eq!(records.take("state", now), Some(()));
        assert_eq!(records.take("state", now), None);
        records.put("late".to_owned(), (), now);
        assert_eq!(records.take("late", now + SIGN_IN_TIME), None);
    }

    #[test]
    fn the_store_is_bounded() {
        let records = Records::new(IDLE_TIME, LONGEST_TIME);
        let start = Instant::now();
        for i in 0..=CAPACITY {
            records.put(i.to_string(), i, start + Duration::from_micros(u64::try_from(i).unwrap()));
        }
        assert_eq!(records.records.lock().unwrap().len(), CAPACITY);
        assert_eq!(records.get("0", start), None, "the oldest made room");
    }

    #[test]
    fn only_cookies_of_this_key_open() {
        let key = CookieKey::new(Some("a secret of the application")).unwrap();
        let sealed = key.seal("some-id");
        assert_eq!(key.open(&sealed), Some("some-id"));
        assert_eq!(key.open("some-id"), None);
        assert_eq!(key.open(&sealed.replace("some", "same")), None);
        assert_eq!(CookieKey::new(None).unwrap().open(&sealed), None);
    }
}
