//! Whether a person may use the application of a provider.

use countersign_core::RequestInfo;
use countersign_policy::Decision;
use countersign_store::StoreError;
use serde_json::{Map, Value, json};

use crate::provider::Provider;
use crate::service::{Person, Service};
use crate::wire::authorize::AuthorizeRequest;

/// The answer of the application's policies. A provider without application lets nobody in.
///
/// # Errors
/// When the engine fails.
pub(crate) async fn decide(
    service: &Service,
    provider: &Provider,
    person: &Person,
    request: &RequestInfo,
    context: &Map<String, Value>,
) -> Result<Option<Decision>, StoreError> {
    let Some((application, _)) = &provider.application else { return Ok(None) };
    let policies = service.cx.policies();
    let decision =
        policies.application(&service.cx, request, &person.identity, *application, context);
    decision.await.map(Some)
}

/// Whether an active person may use the application now: asked whenever tokens are issued without a
/// browser.
///
/// # Errors
/// When the engine fails.
pub(crate) async fn is_allowed(
    service: &Service,
    provider: &Provider,
    person: &Person,
    request: &RequestInfo,
    context: &Map<String, Value>,
) -> Result<bool, StoreError> {
    Ok(person.identity.is_active
        && decide(service, provider, person, request, context)
            .await?
            .is_some_and(|decision| decision.passing))
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
    Map::from_iter([
        ("oauth_scopes".to_owned(), json!(scopes)),
        ("oauth_grant_type".to_owned(), json!(grant_type)),
    ])
}
