//! Who writes: recorded with every edit and every event.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The account behind a write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActorUser {
    pub pk: i64,
    pub username: String,
    pub email: String,
}

/// Who writes, from where, by which request.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Actor {
    /// `None` is the program itself, or a visitor who is nobody yet.
    pub user: Option<ActorUser>,
    /// The account that `user` acts as, while impersonating.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_behalf_of: Option<ActorUser>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_ip: Option<String>,
    /// `{path, method, args, user_agent, request_id}` as events carry it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_request: Option<Value>,
    /// Model reference of the request's brand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brand: Option<Value>,
    /// Seconds after which an edit is undone unless somebody confirms it.
    #[serde(skip)]
    pub confirm_within: Option<i64>,
}

impl Actor {
    /// The program itself: start-up, jobs, the console.
    pub fn system() -> Actor {
        Actor::default()
    }
}
