//! A user as policies and mappings see one: everything loaded beforehand, so that decisions need no
//! I/O.

use countersign_core::merge_attributes;
use countersign_model::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// A group of the user, direct or inherited.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct GroupView {
    pub pk: Uuid,
    pub name: String,
    /// The user is a member of this very group, not only of one below it.
    pub direct: bool,
    pub is_superuser: bool,
    pub attributes: Map<String, Value>,
}

/// The user a decision is about.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Subject {
    pub pk: i64,
    pub uuid: Uuid,
    pub uid: String,
    pub username: String,
    pub name: String,
    pub email: String,
    pub is_active: bool,
    pub kind: String,
    pub path: String,
    pub usable_password: bool,
    pub password_changed: Timestamp,
    pub attributes: Map<String, Value>,
    /// Direct and inherited, by name.
    pub groups: Vec<GroupView>,
}

impl Subject {
    #[must_use]
    pub fn is_superuser(&self) -> bool {
        self.groups.iter().any(|group| group.is_superuser)
    }

    /// Member of the group itself or of one below it.
    #[must_use]
    pub fn is_member(&self, group: Uuid) -> bool {
        self.groups.iter().any(|member| member.pk == group)
    }

    /// The brand's attributes, those of the groups by name, then the user's own, each over the ones
    /// before.
    #[must_use]
    pub fn merged_attributes(&self, brand: &Map<String, Value>) -> Map<String, Value> {
        let mut merged = brand.clone();
        for group in &self.groups {
            merge_attributes(&mut merged, &group.attributes);
        }
        merge_attributes(&mut merged, &self.attributes);
        merged
    }

    /// Names of the groups the user was put into, as `ak_groups` lists them.
    #[must_use]
    pub fn direct_groups(&self) -> Vec<&str> {
        self.groups.iter().filter(|group| group.direct).map(|group| group.name.as_str()).collect()
    }

    /// The fields an expression may read.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "pk": self.pk, "id": self.pk, "uuid": self.uuid.to_string(), "uid": self.uid, "username": self.username,
            "name": self.name, "email": self.email, "is_active": self.is_active, "is_superuser": self.is_superuser(),
            "is_authenticated": true, "is_anonymous": false, "type": self.kind, "path": self.path, "attributes": self.attributes,
        })
    }
}

impl Subject {
    /// The view of an account that was read for a request; `uid` as
    /// [`countersign_core::Context::uid`] makes it.
    #[must_use]
    pub fn of(user: &countersign_core::Identity, uid: String) -> Self {
        let map = |value: &Value| value.as_object().cloned().unwrap_or_default();
        Self {
            pk: user.pk,
            uuid: user.uuid,
            uid,
            username: user.username.clone(),
            name: user.name.clone(),
            email: user.email.clone(),
            is_active: user.is_active,
            kind: user.user_type.clone(),
            path: user.path.clone(),
            usable_password: user.has_usable_password,
            password_changed: user.password_change_date,
            attributes: map(&user.attributes),
            groups: user
                .groups
                .iter()
                .map(|group| GroupView {
                    pk: group.uuid,
                    name: group.name.clone(),
                    direct: group.direct,
                    is_superuser: group.is_superuser,
                    attributes: map(&group.attributes),
                })
                .collect(),
        }
    }
}
