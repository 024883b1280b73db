//! Whether a person may use the application of a provider.

use countersign_catalogue::application::{Entitlement, PolicyEngineMode as ApplicationMode};
use countersign_policy::engine::{decide, decide_or};
use countersign_policy::{Decision, Facts, PolicyEngineMode, Question, facts};
use countersign_rest::RequestInfo;
use serde_json::{Map, Value, json};

use crate::provider::Provider;
use crate::service::{Person, Service};
use crate::wire::authorize::AuthorizeRequest;

/// The answer of the application's policies. A provider without application lets nobody in.
pub(crate) fn decide_access(service: &Service, provider: &Provider, person: &Person, request: &RequestInfo, context: &Map<String, Value>) -> Option<Decision> {
    let (reference, application) = provider.application.as_ref()?;
    let facts = Facts { places: facts::places(&service.cx, request), ..Facts::default() };
    let question = Question { snapshot: &provider.snapshot, clock: &*service.cx.clock, user: Some(&person.subject), context, facts: &facts, in_plan: false };
    let mode = match application.policy_engine_mode {
        ApplicationMode::All => PolicyEngineMode::All,
        ApplicationMode::Any => PolicyEngineMode::Any,
    };
    Some(decide(&question, reference.key().uuid().unwrap_or_default(), mode))
}

/// Names of the entitlements a person has at the provider's application, sorted.
pub(crate) fn entitlements(service: &Service, provider: &Provider, person: &Person) -> Vec<String> {
    let Some((application, _)) = &provider.application else { return Vec::new() };
    let (context, facts) = (Map::new(), Facts::default());
    let question =
        Question { snapshot: &provider.snapshot, clock: &*service.cx.clock, user: Some(&person.subject), context: &context, facts: &facts, in_plan: false };
    let own = provider.snapshot.referrers(application.id()).filter_map(|(by, _)| provider.snapshot.entry(by));
    let held = own.filter_map(|entry| {
        let entitlement = entry.cast::<Entitlement>()?;
        // Nobody has an entitlement that is bound to nobody.
        decide_or(&question, entry.id.key.uuid()?, PolicyEngineMode::Any, false).passing.then(|| entitlement.name.clone())
    });
    let mut names: Vec<String> = held.collect();
    names.sort();
    names
}

/// Whether an active person may use the application now: asked whenever tokens are issued without a browser.
pub(crate) fn is_allowed(service: &Service, provider: &Provider, person: &Person, request: &RequestInfo, context: &Map<String, Value>) -> bool {
    person.identity.is_active && decide_access(service, provider, person, request, context).is_some_and(|d| d.passing)
}

/// What policies may look at of an authorization request.
pub(crate) fn authorize_context(request: &AuthorizeRequest) -> Map<String, Value> {
    let scopes: Vec<&str> = request.scopes.iter().collect();
    let challenge = request.challenge.as_ref();
    Map::from_iter([
        ("oauth_scopes".to_owned(), json!(scopes)),
        ("oauth_grant_type".to_owned(), json!(request.response_type.grant_type())),
        ("oauth_code_challenge".to_owned(), json!(challenge.map(|c| &c.value))),
        ("oauth_code_challenge_method".to_owned(), json!(challenge.map(|c| c.method.as_str()))),
        ("oauth_max_age".to_owned(), json!(request.max_age)),
        ("oauth_redirect_uri".to_owned(), json!(request.to.uri)),
        ("oauth_response_type".to_owned(), json!(request.response_type.as_str())),
    ])
}

/// What policies may look at of a token request.
pub(crate) fn token_context(grant_type: &str, scopes: &crate::wire::Scopes) -> Map<String, Value> {
    let scopes: Vec<&str> = scopes.iter().collect();
    Map::from_iter([("oauth_scopes".to_owned(), json!(scopes)), ("oauth_grant_type".to_owned(), json!(grant_type))])
}
