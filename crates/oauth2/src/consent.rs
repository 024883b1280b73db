//! What the consent page shows: the very values an application will learn, in words a person
//! understands.

use countersign_core::{RequestInfo, Visitor};
use countersign_flow::key;
use countersign_store::StoreError;
use serde_json::{Map, Value, json};

use crate::provider::Provider;
use crate::scope_claims::gives;
use crate::service::{Person, Service};
use crate::wire::Scopes;
use crate::wire::scope::{API, EMAIL, GITHUB, GROUPS, OFFLINE_ACCESS, OPENID, PROFILE};

/// What a flow and its pages are told in which somebody allows an application something that it asked
/// for elsewhere.
///
/// # Errors
/// The store fails.
pub(crate) async fn context(
    service: &Service,
    request: &RequestInfo,
    visitor: &Visitor,
    provider: &Provider,
    person: &Person,
    scopes: &Scopes,
) -> Result<Map<String, Value>, StoreError> {
    let actor = service.cx.actor(&visitor.caller(), request);
    let claims = service.scope_claims(provider, person, scopes, request, &actor).await?;
    let application = provider.application.as_ref();
    let name = application.map_or("", |(_, application)| application.name.as_str());
    let described = application.map(|(reference, application)| json!({"pk": reference.key().to_string(), "name": application.name, "slug": &*application.slug}));
    Ok(Map::from_iter([
        (key::IS_SSO.to_owned(), json!(true)),
        (key::APPLICATION.to_owned(), json!(described)),
        (key::CONSENT_HEADER.to_owned(), json!(format!("You're about to sign into {name}."))),
        (key::CONSENT_PERMISSIONS.to_owned(), permissions(provider, scopes, std::iter::empty())),
        (key::CONSENT_VALUES.to_owned(), values(&claims, scopes)),
    ]))
}

/// `[{"id", "name"}]`: the granted scopes with their descriptions, by name of the scope.
pub(crate) fn permissions<'a>(
    provider: &Provider,
    scopes: &Scopes,
    claims: impl Iterator<Item = &'a str> + Clone,
) -> Value {
    let mappings = provider.settings.mappings(&provider.snapshot);
    let mut list: Vec<(&str, &str)> = mappings
        .filter(|m| scopes.contains(&m.scope_name) || gives(m, claims.clone()))
        .map(|m| (m.scope_name.as_str(), m.description.as_str()))
        .collect();
    if scopes.contains(GROUPS) && !list.iter().any(|(scope, _)| *scope == GROUPS) {
        list.push((GROUPS, "Group memberships"));
    }
    list.sort_unstable();
    list.dedup();
    let github = GITHUB.iter().filter(|(scope, _, _)| scopes.contains(scope));
    list.extend(github.map(|(scope, told, _)| (*scope, *told)));
    list.into_iter().map(|(id, name)| json!({"id": id, "name": name})).collect()
}

/// What an application is given beside who somebody is, a line for each scope.
pub(crate) fn beyond(provider: &Provider, scopes: &Scopes) -> Vec<String> {
    let mappings = || provider.settings.mappings(&provider.snapshot);
    let described = |scope: &str| {
        let mut own = mappings().filter(|mapping| mapping.scope_name == scope);
        own.find(|mapping| !mapping.description.is_empty()).map(|found| found.description.clone())
    };
    let beyond = scopes.iter().filter(|scope| ![OPENID, PROFILE, EMAIL].contains(scope));
    beyond
        .map(|scope| match scope {
            OFFLINE_ACCESS => "Access while you are away, until you withdraw it".to_owned(),
            API => {
                "Acting in your name here: whatever your account may do in this system".to_owned()
            }
            other => described(other).unwrap_or_else(|| other.to_owned()),
        })
        .collect()
}

/// Claims that say the same once more, or nothing a person could judge.
const SILENT: [&str; 4] = ["given_name", "nickname", "email_verified", "sub"];

/// As many values of a list as a person reads.
const MOST: usize = 8;

/// `[{"title", "value"}]`, most important first.
pub(crate) fn values(claims: &Map<String, Value>, scopes: &Scopes) -> Value {
    let mut rows: Vec<(String, String)> = Vec::new();
    let text = |name: &str| claims.get(name).and_then(Value::as_str).filter(|t| !t.is_empty());
    let names: Vec<&str> =
        [text("name"), text("preferred_username")].into_iter().flatten().collect();
    if !names.is_empty() {
        rows.push(("Your name and username".to_owned(), names.join(", ")));
    }
    if let Some(email) = text("email") {
        rows.push(("Your email address".to_owned(), email.to_owned()));
    }
    if let Some(groups) = claims.get("groups") {
        rows.push(("Your groups".to_owned(), said(groups)));
    }
    if let Some(roles) = claims.get("entitlements").or_else(|| claims.get("roles")) {
        rows.push(("What you may do there".to_owned(), said(roles)));
    }
    const NAMED: [&str; 6] =
        ["name", "preferred_username", "email", "groups", "entitlements", "roles"];
    for (name, value) in claims {
        if !NAMED.contains(&name.as_str()) && !SILENT.contains(&name.as_str()) && !value.is_null() {
            rows.push((name.clone(), said(value)));
        }
    }
    if scopes.contains(OFFLINE_ACCESS) {
        rows.push((
            "Access while you are away".to_owned(),
            "Without asking you again, until you withdraw it".to_owned(),
        ));
    }
    if scopes.contains(API) {
        rows.push((
            "Acting in your name here".to_owned(),
            "Whatever your account may do in this system".to_owned(),
        ));
    }
    if rows.is_empty() {
        rows.push((
            "That you have an account".to_owned(),
            "A number that stands for you, nothing else".to_owned(),
        ));
    }
    rows.into_iter().map(|(title, value)| json!({"title": title, "value": value})).collect()
}

fn said(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(list) if list.is_empty() => "None".to_owned(),
        Value::Array(list) => {
            let mut parts: Vec<String> = list.iter().take(MOST).map(said).collect();
            if list.len() > MOST {
                parts.push(format!("and {} more", list.len() - MOST));
            }
            parts.join(", ")
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_not_scopes() {
        let claims = json!({
            "name": "Uma Martin", "given_name": "Uma Martin", "preferred_username": "uma", "nickname": "uma", "email": "uma@example.org",
            "email_verified": true, "groups": ["Users"], "shoe_size": 38
        });
        let Value::Object(claims) = claims else { panic!("object") };
        assert_eq!(
            values(&claims, &Scopes::parse("openid offline_access")),
            json!([
                {"title": "Your name and username", "value": "Uma Martin, uma"},
                {"title": "Your email address", "value": "uma@example.org"},
                {"title": "Your groups", "value": "Users"},
                {"title": "shoe_size", "value": "38"},
                {"title": "Access while you are away", "value": "Without asking you again, until you withdraw it"},
            ])
        );
        assert_eq!(values(&Map::new(), &Scopes::parse("openid")).as_array().unwrap().len(), 1);
        assert_eq!(said(&json!([])), "None");
        assert!(said(&Value::from(vec!["g"; 10])).ends_with("and 2 more"));
    }
}
