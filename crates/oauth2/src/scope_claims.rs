//! What the granted scopes reveal: the provider's mappings, evaluated for one person.

use countersign_policy::PolicyRequest;
use countersign_policy::expression::ExpressionError;
use countersign_policy::mapping::{Mapping, evaluate_all};
use countersign_store::StoreError;
use serde_json::{Map, Value, json};

use crate::claims;
use crate::kinds::ScopeMapping;
use crate::wire::Scopes;
use crate::wire::scope::{GROUPS, PROFILE};

/// A mapping that gave nothing because it failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) mapping: String,
    pub(crate) expression: String,
    pub(crate) error: ExpressionError,
}

/// The claims of the granted scopes. A mapping that fails is left out and reported; the answer
/// still succeeds.
pub(crate) async fn evaluate(
    mut granted: Vec<&ScopeMapping>,
    scopes: &Scopes,
    request: &PolicyRequest<'_>,
) -> Result<(Map<String, Value>, Vec<Failure>), StoreError> {
    granted.retain(|mapping| scopes.contains(&mapping.scope_name));
    granted.sort_by(|a, b| (&a.scope_name, &a.name).cmp(&(&b.scope_name, &b.name)));
    let (mut all, mut failures) = (Map::new(), Vec::new());
    let asked: Vec<&dyn Mapping> = granted.iter().map(|mapping| *mapping as _).collect();
    let values = evaluate_all(&asked, request).await;
    for (mapping, value) in granted.iter().zip(values) {
        match value {
            Ok(Value::Object(found)) => claims::merge(&mut all, found),
            // Not an object: as the original, nothing to say.
            Ok(_) | Err(ExpressionError::Empty) => {}
            Err(error) => failures.push(Failure {
                mapping: mapping.name.clone(),
                expression: mapping.expression.to_string(),
                error: error.settled()?,
            }),
        }
    }
    if groups_alone(scopes, &granted)
        && let Some(user) = request.user
    {
        all.insert(GROUPS.to_owned(), json!(user.direct_groups()));
    }
    Ok((all, failures))
}

/// The scope `groups` without a mapping of that name: the one claim out of `profile`.
fn groups_alone(scopes: &Scopes, granted: &[&ScopeMapping]) -> bool {
    scopes.contains(GROUPS)
        && !scopes.contains(PROFILE)
        && !granted.iter().any(|m| m.scope_name == GROUPS)
}

/// Whether a mapping gives one of these claims, as its text says.
pub(crate) fn gives<'n>(mapping: &ScopeMapping, mut names: impl Iterator<Item = &'n str>) -> bool {
    let keys = mapping.expression.program().map(countersign_policy::expression::Program::keys);
    keys.is_ok_and(|keys| names.any(|name| keys.iter().any(|key| key == name)))
}

/// The names of the claims the mappings give, for the discovery document: as their texts say, none
/// is run for a stranger.
pub(crate) fn names<'m>(mappings: impl Iterator<Item = &'m ScopeMapping>) -> Vec<String> {
    let mut mappings: Vec<&ScopeMapping> = mappings.collect();
    mappings.sort_by(|a, b| (&a.scope_name, &a.name).cmp(&(&b.scope_name, &b.name)));
    mappings
        .into_iter()
        .filter_map(|mapping| mapping.expression.program().ok())
        .flat_map(countersign_policy::expression::Program::keys)
        .collect()
}

#[cfg(test)]
mod tests {
    use countersign_model::{Clock, Snapshot, Timestamp};
    use countersign_policy::{GroupView, NoHost, Occasion, Subject};

    use super::*;

    const EMAIL: &str =
        "return {\n    \"email\": request.user.email,\n    \"email_verified\": True\n}\n";
    const PROFILE_CLAIMS: &str = "return {\n    \"name\": request.user.name,\n    \"given_name\": request.user.name,\n    \"preferred_username\": request.user.username,\n    \"nickname\": request.user.username,\n    \"groups\": [group.name for group in request.user.ak_groups.all()],\n}\n";

    fn mapping(scope: &str, expression: &str) -> ScopeMapping {
        ScopeMapping {
            managed: None,
            name: format!("test {scope}"),
            scope_name: scope.into(),
            description: String::new(),
            expression: expression.into(),
        }
    }

    fn uma() -> Subject {
        Subject {
            username: "uma".into(),
            name: "Uma Martin".into(),
            email: "uma@example.org".into(),
            groups: vec![
                GroupView { name: "Staff".into(), ..GroupView::default() },
                GroupView { name: "Users".into(), direct: true, ..GroupView::default() },
            ],
            ..Subject::default()
        }
    }

    struct Still;
    impl Clock for Still {
        fn now(&self) -> Timestamp {
            Timestamp(0)
        }
    }

    async fn evaluated(mappings: &[ScopeMapping], scopes: &str) -> (Value, Vec<Failure>) {
        let (user, snapshot) = (uma(), Snapshot::default());
        let request = PolicyRequest {
            snapshot: &snapshot,
            clock: &Still,
            host: &NoHost,
            user: Some(&user),
            occasion: Occasion::Claims(None),
            target: None,
            name: "",
        };
        let (claims, failures) =
            evaluate(mappings.iter().collect(), &Scopes::parse(scopes), &request).await.unwrap();
        (Value::Object(claims), failures)
    }

    async fn claims_of(mappings: &[ScopeMapping], scopes: &str) -> Value {
        evaluated(mappings, scopes).await.0
    }

    #[tokio::test]
    async fn only_granted_scopes_speak() {
        let all = [
            mapping("openid", "return {}"),
            mapping("email", EMAIL),
            mapping("profile", PROFILE_CLAIMS),
        ];
        assert_eq!(claims_of(&all, "openid").await, json!({}));
        assert_eq!(
            claims_of(&all, "openid email").await,
            json!({"email": "uma@example.org", "email_verified": true})
        );
        assert_eq!(claims_of(&all, "profile").await["groups"], json!(["Users"]));
        assert_eq!(claims_of(&all, "profile groups").await["groups"], json!(["Users"]));
        assert_eq!(
            claims_of(&all, "groups").await,
            json!({"groups": ["Users"]}),
            "the alias gives this claim alone"
        );
    }

    #[tokio::test]
    async fn a_broken_mapping_is_reported_and_left_out() {
        let all = [mapping("email", EMAIL), mapping("email", "import os")];
        let (claims, failures) = evaluated(&all, "email").await;
        assert_eq!(claims["email"], "uma@example.org");
        assert_eq!(failures.len(), 1);
        assert_eq!(names(all.iter()), ["email", "email_verified"]);
    }
}
