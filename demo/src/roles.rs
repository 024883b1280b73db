//! Which groups open which page.
//!
//! Group names arrive as plain names or as objects with a `name`; both mean the same. The names are
//! compared exactly. Administrators may do what managers may, managers what users may.

use serde::Serialize;
use serde_json::{Value, json};

/// A group as the identity provider names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Group {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pk: Option<String>,
    pub(crate) name: String,
}

impl Group {
    /// Reads a list of group names, of group objects, or of both. Anything else in it is ignored.
    pub(crate) fn list(value: &Value) -> Vec<Self> {
        let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
        items.iter().filter_map(Self::read).collect()
    }

    fn read(value: &Value) -> Option<Self> {
        let (pk, name) = match value {
            Value::String(name) => (None, name.as_str()),
            Value::Object(fields) => {
                let pk = match fields.get("pk") {
                    Some(Value::String(text)) => Some(text.clone()),
                    Some(Value::Number(number)) => Some(number.to_string()),
                    _ => None,
                };
                (pk, fields.get("name")?.as_str()?)
            }
            _ => return None,
        };
        (!name.is_empty()).then(|| Self { pk, name: name.to_owned() })
    }
}

/// A protected page and who may open it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Page {
    Admin,
    Manager,
    User,
}

impl Page {
    pub(crate) const ALL: [Self; 3] = [Self::Admin, Self::Manager, Self::User];

    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Admin => "/admin",
            Self::Manager => "/manager",
            Self::User => "/user",
        }
    }

    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Admin => "Administration",
            Self::Manager => "Team",
            Self::User => "My page",
        }
    }

    pub(crate) fn about(self) -> &'static str {
        match self {
            Self::Admin => "Open to the group Administrators.",
            Self::Manager => "Open to Managers and Administrators.",
            Self::User => "Open to Users, Managers and Administrators.",
        }
    }

    /// The names a refusal states, in the order of the guide.
    pub(crate) fn required_roles(self) -> &'static [&'static str] {
        match self {
            Self::Admin => &["Admin", "Administrators"],
            Self::Manager => &["Manager", "Managers", "Admin", "Administrators"],
            Self::User => &["User", "Users", "Admin", "Administrators"],
        }
    }

    pub(crate) fn opens_for(self, groups: &[Group]) -> bool {
        let by_hierarchy: &[&str] = match self {
            Self::Admin | Self::Manager => &[],
            Self::User => &["Manager", "Managers"],
        };
        groups.iter().any(|group| {
            let name = group.name.as_str();
            self.required_roles().contains(&name) || by_hierarchy.contains(&name)
        })
    }

    /// The body of a 403: exactly these three members.
    pub(crate) fn refusal(self, groups: &[Group]) -> Value {
        let names: Vec<&str> = groups.iter().map(|group| group.name.as_str()).collect();
        json!({
            "error": "Insufficient permissions",
            "required_roles": self.required_roles(),
            "user_roles": names,
        })
    }
}

/// The groups of a person: from the answer of `users/me` where it has any list of them, else from
/// the ID token.
pub(crate) fn groups_of(users_me: Option<&Value>, claims: &Value) -> Vec<Group> {
    let listed = users_me.and_then(|me| {
        [me.get("groups_obj"), me.get("user").and_then(|user| user.get("groups"))]
            .into_iter()
            .flatten()
            .find(|list| list.is_array())
    });
    Group::list(listed.or_else(|| claims.get("groups")).unwrap_or(&Value::Null))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(names: &[&str]) -> Vec<Group> {
        names.iter().map(|name| Group { pk: None, name: (*name).to_owned() }).collect()
    }

    #[test]
    fn pages_open_by_group_and_hierarchy() {
        let rows: &[(&[&str], bool, bool, bool)] = &[
            (&["Administrators"], true, true, true),
            (&["Admin"], true, true, true),
            (&["Managers"], false, true, true),
            (&["Manager"], false, true, true),
            (&["Users"], false, false, true),
            (&["User"], false, false, true),
            (&["Users", "Administrators"], true, true, true),
            (&[], false, false, false),
            (&["administrators"], false, false, false),
            (&["Administrators "], false, false, false),
            (&["authentik Admins"], false, false, false),
        ];
        for (names, admin, manager, user) in rows {
            let groups = named(names);
            let got = Page::ALL.map(|page| page.opens_for(&groups));
            assert_eq!(got, [*admin, *manager, *user], "{names:?}");
        }
    }

    #[test]
    fn refusal_has_the_three_members_of_the_guide() {
        assert_eq!(
            Page::Admin.refusal(&named(&["Users"])).to_string(),
            r#"{"error":"Insufficient permissions","required_roles":["Admin","Administrators"],"user_roles":["Users"]}"#
        );
        assert_eq!(
            Page::User.refusal(&[]).to_string(),
            r#"{"error":"Insufficient permissions","required_roles":["User","Users","Admin","Administrators"],"user_roles":[]}"#
        );
    }

    #[test]
    fn groups_are_read_as_names_and_as_objects() {
        let list = json!(["Users", {"pk": "7e", "name": "Managers"}, {"pk": 3, "name": "Administrators"}, {"pk": 4}, 5, null, ""]);
        let groups = Group::list(&list);
        let names: Vec<&str> = groups.iter().map(|group| group.name.as_str()).collect();
        assert_eq!(names, ["Users", "Managers", "Administrators"]);
        assert_eq!(
            groups.iter().map(|group| group.pk.as_deref()).collect::<Vec<_>>(),
            [None, Some("7e"), Some("3")]
        );
        assert!(Group::list(&json!("Users")).is_empty());
    }

    #[test]
    fn users_me_wins_over_the_id_token() {
        let claims = json!({"groups": ["Users"]});
        let ours = json!({"user": {"groups": [{"name": "Managers"}]}, "groups_obj": [{"name": "Administrators"}]});
        let original = json!({"user": {"groups": [{"name": "Managers", "pk": "1"}]}});
        assert_eq!(groups_of(Some(&ours), &claims), named(&["Administrators"]));
        assert_eq!(groups_of(Some(&original), &claims)[0].name, "Managers");
        assert_eq!(groups_of(None, &claims), named(&["Users"]));
        assert_eq!(groups_of(Some(&json!({"user": {}})), &claims), named(&["Users"]));
        assert_eq!(groups_of(Some(&json!({"groups_obj": []})), &claims), []);
        assert_eq!(groups_of(None, &json!({})), []);
    }
}
