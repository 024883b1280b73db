//! What a session remembers of the sign-in that made it.

use countersign_model::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

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
}

impl SessionData {
    /// When the person proved who they are.
    pub fn signed_in_at(&self) -> Timestamp {
        self.signed_in.unwrap_or(Timestamp::from_seconds(self.auth_time))
    }

    /// Whether that was a moment ago: within five minutes.
    pub fn is_recent(&self, now: Timestamp) -> bool {
        now < self.signed_in_at().plus_seconds(300)
    }
}
