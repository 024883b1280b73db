//! Who writes: recorded with every edit and every event.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The account behind a write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActorUser {
    /// Its key.
    pub pk: i64,
    /// Its name when it acted.
    pub username: String,
    /// Its address when it acted.
    pub email: String,
}

impl ActorUser {
    /// As events name accounts.
    pub fn to_json(&self) -> Value {
        json!({"pk": self.pk, "email": self.email, "username": self.username})
    }
}

/// What acts where no account does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Agent {
    /// The program itself: its start and its jobs.
    #[default]
    System,
    /// A visitor who is not signed in.
    Anonymous,
    /// The command line of the machine.
    Console,
    /// A blueprint that the server applies by itself.
    Blueprint,
}

/// Who writes, from where, by which request.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Actor {
    /// The account; `None` for the program itself and for people who are not signed in.
    pub user: Option<ActorUser>,
    /// Who acts while `user` is none.
    #[serde(default)]
    pub agent: Agent,
    /// What was used to make the edit, where it was not made one by one: `flow import`, `blueprint
    /// people.yaml`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub through: Option<String>,
    /// The account that `user` acts as, while impersonating.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_behalf_of: Option<ActorUser>,
    /// The account decides what is written, and only what it holds may come of it; of what a flow
    /// writes for somebody, the configuration decides.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub bounded: bool,
    /// Where the request came from.
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
    /// The program itself: its start and its jobs.
    pub fn system() -> Actor {
        Actor::default()
    }

    /// Whoever has the machine's command line, by which command.
    pub fn console(command: impl Into<String>) -> Actor {
        Actor { agent: Agent::Console, through: Some(command.into()), ..Actor::default() }
    }

    /// A blueprint that the server applies by itself.
    pub fn blueprint(name: &str) -> Actor {
        Actor { agent: Agent::Blueprint, ..Actor::default() }.through(format!("blueprint {name}"))
    }

    /// The same, with what was used to make the edit.
    #[must_use]
    pub fn through(mut self, means: impl Into<String>) -> Actor {
        self.through = Some(means.into());
        self
    }

    /// The account whose rights bound the write.
    pub fn bounding(&self) -> Option<i64> {
        let acting = self.on_behalf_of.as_ref().or(self.user.as_ref());
        acting.filter(|_| self.bounded).map(|user| user.pk)
    }

    /// Whether the account is the one that acts, also while impersonating.
    pub fn is(&self, pk: i64) -> bool {
        [&self.user, &self.on_behalf_of].into_iter().flatten().any(|user| user.pk == pk)
    }

    /// As events and the list of changes show who did it.
    pub fn to_json(&self) -> Value {
        let mut shown = match &self.user {
            Some(user) => {
                json!({"type": "user", "pk": user.pk, "username": user.username, "email": user.email})
            }
            None => json!({"type": self.agent, "username": ""}),
        };
        if let Value::Object(map) = &mut shown {
            map.extend(
                self.on_behalf_of
                    .as_ref()
                    .map(|other| ("on_behalf_of".to_owned(), other.to_json())),
            );
            map.extend(
                self.through.as_ref().map(|means| ("through".to_owned(), means.as_str().into())),
            );
        }
        shown
    }
}
