//! What a session remembers of the sign-in that made it.

use countersign_model::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::session_binding::SessionBinding;

/// What a session remembers of the sign-in that made it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct SessionData {
    /// `password`, `token`, ...: how the person proved who they are.
    #[serde(default)]
    pub auth_method: String,
    #[serde(default)]
    pub auth_method_args: Value,
    /// Seconds since 1970 of the sign-in, for `auth_time`.
    #[serde(default)]
    pub auth_time: i64,
    /// The same to the microsecond; unknown of sessions from before it was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_in: Option<Timestamp>,
    /// Slugs of the applications this session signed in to.
    #[serde(default)]
    pub applications: Vec<String>,
    /// The cookie ends with the browser.
    #[serde(default)]
    pub browser_only: bool,
    /// The account that the session's own acts as, for a while.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub impersonating: Option<i64>,
    /// The network or place that it may be used from, where it is tied to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binding: Option<SessionBinding>,
}

/// How long sessions last whatever the stage that begins them says. All in seconds; 0 sets no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SessionLimits {
    /// A session ends when it was not used for so long.
    pub idle: i64,
    /// A session ends so long after the sign-in, however much it is used.
    pub absolute: i64,
    /// A sign-in that somebody began is forgotten after so long.
    pub unauthenticated: i64,
}

impl SessionLimits {
    /// Seconds after which the next use of a session is noted. What lies between costs no write.
    pub const GRAIN: i64 = 60;

    /// How long the state of a sign-in that was begun is kept, where `most` is the usual.
    pub fn unauthenticated(self, most: i64) -> i64 {
        if self.unauthenticated > 0 { most.min(self.unauthenticated) } else { most }
    }

    /// When a session ends that was used just now, for the last time. `ends` is what the sign-in
    /// gave it. A use is noted up to a minute late, so an idle session gets that minute, too.
    pub fn end(self, ends: Timestamp, created: Timestamp, used: Timestamp) -> Timestamp {
        let within = |seconds: i64, from: Timestamp| {
            if seconds > 0 { from.plus_seconds(seconds) } else { ends }
        };
        let idle = if self.idle > 0 { self.idle.saturating_add(Self::GRAIN) } else { 0 };
        ends.min(within(idle, used)).min(within(self.absolute, created))
    }
}

impl SessionData {
    /// When the person proved who they are.
    pub fn signed_in_at(&self) -> Timestamp {
        self.signed_in.unwrap_or(Timestamp::from_seconds(self.auth_time))
    }

    /// A sign-in so many seconds ago counts as one of just now.
    pub const RECENT: i64 = 300;

    /// Whether that was a moment ago: within five minutes.
    pub fn is_recent(&self, now: Timestamp) -> bool {
        self.is_within(Self::RECENT, now)
    }

    /// Whether that was less than so many seconds ago.
    pub fn is_within(&self, seconds: i64, now: Timestamp) -> bool {
        now < self.signed_in_at().plus_seconds(seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_ends_at_the_first_of_its_ends() {
        let at = Timestamp::from_seconds;
        let end = |idle, absolute, ends, used| {
            let limits = SessionLimits { idle, absolute, unauthenticated: 0 };
            limits.end(at(ends), at(1000), at(used)).seconds()
        };
        assert_eq!(end(0, 0, 90_000, 5000), 90_000);
        assert_eq!(end(600, 0, 90_000, 5000), 5660);
        assert_eq!(end(600, 0, 5100, 5000), 5100);
        assert_eq!(end(0, 7200, 90_000, 5000), 8200);
        assert_eq!(end(600, 4100, 90_000, 5000), 5100);
        assert_eq!(end(i64::MAX, 0, 90_000, 5000), 90_000);
    }
}
