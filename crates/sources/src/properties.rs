//! What a source says of somebody, as its property mappings put it.

use countersign_core::merge_attributes;
use countersign_model::{Ref, Snapshot};
use countersign_policy::expression::ExpressionError;
use countersign_policy::mapping::Mapping;
use countersign_policy::{Occasion, PolicyRequest};
use countersign_store::StoreError;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::session::Upstream;
use crate::source::Source;

/// The most groups that one identity may be in: each is looked up when somebody signs in.
const MOST_GROUPS: usize = 500;

/// Whom the other side has named: what a protocol hands over.
#[derive(Debug, Clone, Default)]
pub struct Identity {
    /// What the source calls the person, for good: the same person never gets another one, and
    /// nobody gets theirs.
    pub identifier: String,
    /// What it says of the person under the names of an account (`username`, `email`, `name`) and
    /// others; `groups` is a list of its names of groups.
    pub properties: Map<String, Value>,
    /// The names that mappings know, as `name_id` and `root`.
    pub given: Map<String, Value>,
    /// What policies find in their context beside the usual, as `saml_response`.
    pub for_policies: Map<String, Value>,
    /// The source says that nobody has shown to own the address: no account is found by it.
    pub email_is_unverified: bool,
    /// The identifier is good for one session: whoever is new gets an account without an enrolment
    /// flow, which is there for so many seconds at most.
    pub temporary: Option<i64>,
    /// The session there, where signing out is said to the other side.
    pub upstream: Option<Upstream>,
}

/// What becomes of an account and of groups by it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Properties {
    /// For the account: `prompt_data` of the flow.
    pub user: Map<String, Value>,
    pub groups: Vec<NamedGroup>,
}

/// A group that a source names, and what it says of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedGroup {
    pub identifier: String,
    pub properties: Map<String, Value>,
    /// A mapping has said the name: the group here gets it, too.
    #[serde(default)]
    pub is_renamed: bool,
}

/// Why there are no properties.
#[derive(Debug, thiserror::Error)]
pub enum PropertiesError {
    /// A mapping of the source failed; nobody signs in by half of what they are.
    #[error("Failed to evaluate property mapping: {mapping}: {error}")]
    Mapping { mapping: String, error: ExpressionError },
    #[error("The source names more than {MOST_GROUPS} groups.")]
    Groups,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What the other side says by itself decides neither how an account works here nor what stands in
/// its attributes, by which providers and outposts give rights elsewhere. A mapping, which an
/// administrator has written, may.
fn is_reserved(name: &str) -> bool {
    const FIELDS: [&str; 6] = ["password", "is_active", "type", "path", "component", "uuid"];
    // `.` and `_` both split names of attributes.
    let attribute = name.strip_prefix("attributes");
    FIELDS.contains(&name)
        || attribute.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '_']))
}

/// Evaluates the mappings of a source for one identity. `asking` is a request without occasion and
/// target.
///
/// # Errors
/// [`PropertiesError`].
pub async fn evaluate(
    asking: &PolicyRequest<'_>,
    (reference, source): (Ref<dyn Source>, &dyn Source),
    identity: &Identity,
) -> Result<Properties, PropertiesError> {
    let shared = source.shared();
    let mut user = identity.properties.clone();
    user.retain(|name, _| !is_reserved(name));
    let asking = PolicyRequest { target: reference.key().uuid(), ..*asking };
    let mappings = of(asking.snapshot, shared.user_property_mappings);
    apply(&asking, &mappings, &identity.given, &mut user).await?;
    let named = names(user.remove("groups"));
    if named.len() > MOST_GROUPS {
        return Err(PropertiesError::Groups);
    }
    user.retain(|_, value| !value.is_null());
    user.entry("path").or_insert_with(|| shared.user_path().into());
    let mappings = of(asking.snapshot, shared.group_property_mappings);
    let mut groups = Vec::with_capacity(named.len());
    for identifier in named {
        let mut properties = source.group_properties(&identifier);
        let mut given = identity.given.clone();
        given.insert("group_id".to_owned(), identifier.as_str().into());
        let own = properties.remove("name");
        apply(&asking, &mappings, &given, &mut properties).await?;
        let is_renamed = properties.contains_key("name");
        if let Some(own) = own.filter(|_| !is_renamed) {
            properties.insert("name".to_owned(), own);
        }
        properties.retain(|_, value| !value.is_null());
        groups.push(NamedGroup { identifier, properties, is_renamed });
    }
    Ok(Properties { user, groups })
}

/// Evaluates the mappings of a source for one of its groups, whose members it says elsewhere.
/// `given` are the names that the mappings know.
///
/// # Errors
/// [`PropertiesError`].
pub async fn evaluate_group(
    asking: &PolicyRequest<'_>,
    (reference, source): (Ref<dyn Source>, &dyn Source),
    given: &Map<String, Value>,
) -> Result<Map<String, Value>, PropertiesError> {
    let asking = PolicyRequest { target: reference.key().uuid(), ..*asking };
    let mappings = of(asking.snapshot, source.shared().group_property_mappings);
    let mut properties = Map::new();
    apply(&asking, &mappings, given, &mut properties).await?;
    properties.retain(|_, value| !value.is_null());
    Ok(properties)
}

/// By name, as the original asks them.
fn of<'s>(snapshot: &'s Snapshot, mappings: &[Ref<dyn Mapping>]) -> Vec<&'s dyn Mapping> {
    let entries = mappings.iter().filter_map(|mapping| snapshot.member(*mapping));
    let mut all: Vec<_> = entries.filter_map(|entry| entry.facet::<dyn Mapping>()).collect();
    all.sort_by_key(|mapping| mapping.name().to_owned());
    all
}

async fn apply(
    asking: &PolicyRequest<'_>,
    mappings: &[&dyn Mapping],
    given: &Map<String, Value>,
    properties: &mut Map<String, Value>,
) -> Result<(), PropertiesError> {
    let request = PolicyRequest { occasion: Occasion::SourceIdentity(given), ..*asking };
    for mapping in mappings {
        match mapping.evaluate(&request).await {
            Ok(Value::Object(said)) => merge(properties, &said),
            // Not an object: as the original, nothing to say.
            Ok(_) | Err(ExpressionError::Empty) => {}
            Err(error) => {
                let (mapping, error) = (mapping.name().to_owned(), error.settled()?);
                return Err(PropertiesError::Mapping { mapping, error });
            }
        }
    }
    Ok(())
}

/// Maps are joined, lists without saying anything twice, anything else is replaced.
fn merge(into: &mut Map<String, Value>, said: &Map<String, Value>) {
    merge_attributes(into, said);
    into.values_mut().for_each(tidy);
}

fn tidy(value: &mut Value) {
    match value {
        Value::Array(list) => {
            let mut seen: Vec<Value> = Vec::with_capacity(list.len());
            for item in list.drain(..) {
                if !seen.contains(&item) {
                    seen.push(item);
                }
            }
            *list = seen;
        }
        Value::Object(map) => map.values_mut().for_each(tidy),
        _ => {}
    }
}

/// Names of groups, each once, in the order in which they came.
fn names(groups: Option<Value>) -> Vec<String> {
    let list = match groups {
        Some(Value::Array(list)) => list,
        Some(Value::String(one)) => vec![Value::String(one)],
        _ => Vec::new(),
    };
    let mut names: Vec<String> = Vec::new();
    for name in list.iter().filter_map(Value::as_str).map(str::trim) {
        if !name.is_empty() && !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_the_other_side_says_decides_nothing_here() {
        for name in [
            "password",
            "is_active",
            "path",
            "type",
            "attributes",
            "attributes.goauthentik.io/user/debug",
            "attributes_goauthentik.io/user/token-expires",
            "attributes..goauthentik.io/user/debug",
            "attributes.additionalHeaders.Remote-User",
            "attributes_uidNumber",
            "attributes.department",
        ] {
            assert!(is_reserved(name), "{name}");
        }
        for name in
            ["username", "email", "name", "groups", "department", "attributesX", "urn:oid:1"]
        {
            assert!(!is_reserved(name), "{name}");
        }
    }

    #[test]
    fn lists_say_nothing_twice_and_the_last_word_counts() {
        let mut all = json!({"groups": ["a", "b"], "attributes": {"x": [1]}, "name": "A"});
        let said = json!({"groups": ["b", "c"], "attributes": {"x": [1, 2], "y": 3}, "name": "B"});
        merge(all.as_object_mut().unwrap(), said.as_object().unwrap());
        let expected =
            json!({"groups": ["a", "b", "c"], "attributes": {"x": [1, 2], "y": 3}, "name": "B"});
        assert_eq!(all, expected);
    }

    #[test]
    fn groups_are_texts_and_each_counts_once() {
        assert_eq!(names(Some(json!(["a", " a ", "", 3, null, "b"]))), ["a", "b"]);
        assert_eq!(names(Some(json!("one"))), ["one"]);
        assert!(names(Some(json!({"a": 1}))).is_empty());
        assert!(names(None).is_empty());
    }
}
