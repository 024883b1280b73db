//! What the granted scopes reveal: the provider's mappings, evaluated for one person.

use countersign_policy::Mapping as _;
use countersign_policy::expression::{ExpressionError, MappingContext};
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
pub(crate) fn evaluate<'m>(
    mappings: impl Iterator<Item = &'m ScopeMapping>,
    scopes: &Scopes,
    context: &MappingContext<'_>,
) -> (Map<String, Value>, Vec<Failure>) {
    let mut granted: Vec<&ScopeMapping> =
        mappings.filter(|m| scopes.contains(&m.scope_name)).collect();
    granted.sort_by(|a, b| (&a.scope_name, &a.name).cmp(&(&b.scope_name, &b.name)));
    let (mut all, mut failures) = (Map::new(), Vec::new());
    for mapping in &granted {
        match mapping.evaluate(context) {
            Ok(Value::Object(found)) => claims::merge(&mut all, found),
            // Not an object: as the original, nothing to say.
            Ok(_) | Err(ExpressionError::Empty) => {}
            Err(error) => failures.push(Failure {
                mapping: mapping.name.clone(),
                expression: mapping.expression.to_string(),
                error,
            }),
        }
    }
    if groups_alone(scopes, &granted)
        && let Some(user) = context.user
    {
        all.insert(GROUPS.to_owned(), json!(user.direct_groups()));
    }
    (all, failures)
}

/// The scope `groups` without a mapping of that name: the one claim out of `profile`.
fn groups_alone(scopes: &Scopes, granted: &[&ScopeMapping]) -> bool {
    scopes.contains(GROUPS)
        && !scopes.contains(PROFILE)
        && !granted.iter().any(|m| m.scope_name == GROUPS)
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
    use countersign_policy::{GroupView, Subject};

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

    fn claims_of(mappings: &[ScopeMapping], scopes: &str) -> Value {
        let user = uma();
        let context = MappingContext { user: Some(&user), ..MappingContext::default() };
        Value::Object(evaluate(mappings.iter(), &Scopes::parse(scopes), &context).0)
    }

    #[test]
    fn only_granted_scopes_speak() {
        let all = [
            mapping("openid", "return {}"),
            mapping("email", EMAIL),
            mapping("profile", PROFILE_CLAIMS),
        ];
        assert_eq!(claims_of(&all, "openid"), json!({}));
        assert_eq!(
            claims_of(&all, "openid email"),
            json!({"email": "uma@example.org", "email_verified": true})
        );
        assert_eq!(claims_of(&all, "profile")["groups"], json!(["Users"]));
        assert_eq!(claims_of(&all, "profile groups")["groups"], json!(["Users"]));
        assert_eq!(
            claims_of(&all, "groups"),
            json!({"groups": ["Users"]}),
            "the alias gives this claim alone"
        );
    }

    #[test]
    fn a_broken_mapping_is_reported_and_left_out() {
        let all = [mapping("email", EMAIL), mapping("email", "import os")];
        let user = uma();
        let context = MappingContext { user: Some(&user), ..MappingContext::default() };
        let (claims, failures) = evaluate(all.iter(), &Scopes::parse("email"), &context);
        assert_eq!(claims["email"], "uma@example.org");
        assert_eq!(failures.len(), 1);
        assert_eq!(names(all.iter()), ["email", "email_verified"]);
    }
}
