//! Who is asking: an account with its groups, and by what right.

use std::sync::Arc;

use countersign_model::{ObjectId, Timestamp};
use countersign_store::ActorUser;
use serde_json::{Map, Value};
use uuid::Uuid;

/// An account as read for one request.
#[derive(Debug, Clone)]
pub struct Identity {
    pub pk: i64,
    pub uuid: Uuid,
    pub username: String,
    pub name: String,
    pub email: String,
    pub is_active: bool,
    /// `internal`, `external`, `service_account`, `internal_service_account`.
    pub user_type: String,
    pub path: String,
    pub attributes: Value,
    pub date_joined: Timestamp,
    pub last_login: Option<Timestamp>,
    pub password_change_date: Timestamp,
    pub has_usable_password: bool,
    /// The object of the configuration whose own account it is.
    pub principal: Option<ObjectId>,
    /// Direct and inherited, by name.
    pub groups: Vec<Membership>,
}

/// One group of an account.
#[derive(Debug, Clone)]
pub struct Membership {
    pub uuid: Uuid,
    pub name: String,
    pub is_superuser: bool,
    pub parent: Option<Uuid>,
    pub attributes: Value,
    pub roles: Vec<Uuid>,
    /// Member itself, not only through a child group.
    pub direct: bool,
}

impl Identity {
    /// As edits and events name it.
    pub fn as_actor(&self) -> ActorUser {
        ActorUser { pk: self.pk, username: self.username.clone(), email: self.email.clone() }
    }

    /// Member, directly or through a child group, of a group of superusers.
    pub fn is_superuser(&self) -> bool {
        self.groups.iter().any(|g| g.is_superuser)
    }

    pub fn is_member(&self, group: Uuid) -> bool {
        self.groups.iter().any(|g| g.uuid == group)
    }

    /// The roles of the groups.
    pub fn roles(&self) -> impl Iterator<Item = Uuid> + '_ {
        self.groups.iter().flat_map(|group| group.roles.iter().copied())
    }

    pub fn direct_groups(&self) -> impl Iterator<Item = &Membership> {
        self.groups.iter().filter(|g| g.direct)
    }

    /// The brand's attributes, those of the groups by name, then the account's own, each over the
    /// ones before: as the original takes them for everything that a group or a brand may decide
    /// for its people.
    #[must_use]
    pub fn merged_attributes(&self, brand: &Map<String, Value>) -> Map<String, Value> {
        let mut merged = brand.clone();
        for attributes in
            self.groups.iter().map(|group| &group.attributes).chain([&self.attributes])
        {
            merge_attributes(&mut merged, attributes.as_object().unwrap_or(&Map::new()));
        }
        merged
    }

    /// The language that is set for the person, of the own attributes or those of a group.
    #[must_use]
    pub fn locale(&self) -> Option<String> {
        let merged = self.merged_attributes(&Map::new());
        merged.get("settings")?.get("locale")?.as_str().map(str::to_owned)
    }
}

/// Deep merge of attributes: maps are joined, lists are joined, anything else is replaced.
pub fn merge_attributes(into: &mut Map<String, Value>, from: &Map<String, Value>) {
    for (key, value) in from {
        match (into.get_mut(key), value) {
            (Some(Value::Object(old)), Value::Object(more)) => merge_attributes(old, more),
            (Some(Value::Array(list)), Value::Array(more)) => list.extend(more.iter().cloned()),
            _ => {
                into.insert(key.clone(), value.clone());
            }
        }
    }
}

/// By what a caller proved who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Via {
    /// Nobody.
    None,
    /// The session with that key hash.
    Session { key_hash: [u8; 32] },
    /// The API token with that identifier.
    Token { identifier: String },
    /// An OAuth access token with these scopes.
    OAuth { scopes: Vec<String> },
}

/// Who asks, as handlers see it.
#[derive(Debug, Clone)]
pub struct Caller {
    pub user: Option<Arc<Identity>>,
    /// Who acts as `user`, while impersonating.
    pub original: Option<Arc<Identity>>,
    pub via: Via,
}

impl Caller {
    pub const fn nobody() -> Caller {
        Caller { user: None, original: None, via: Via::None }
    }

    pub fn pk(&self) -> Option<i64> {
        self.user.as_ref().map(|u| u.pk)
    }

    /// The word events and logs use.
    pub const fn auth_via(&self) -> &'static str {
        match self.via {
            Via::None => "unauthenticated",
            Via::Session { .. } => "session",
            Via::Token { .. } => "api_token",
            Via::OAuth { .. } => "jwt",
        }
    }
}
