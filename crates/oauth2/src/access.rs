//! Whether a person may use the application of a provider.

use countersign_core::RequestInfo;
use countersign_policy::{Decision, ProtocolRequest};
use countersign_store::StoreError;

use crate::provider::Provider;
use crate::service::{Person, Service};
use crate::wire::Scopes;
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
    protocol: &ProtocolRequest<'_>,
) -> Result<Option<Decision>, StoreError> {
    let Some((application, _)) = &provider.application else { return Ok(None) };
    let policies = service.cx.policies();
    let decision =
        policies.application(&service.cx, request, &person.identity, *application, Some(protocol));
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
    protocol: &ProtocolRequest<'_>,
) -> Result<bool, StoreError> {
    Ok(person.identity.is_active
        && decide(service, provider, person, request, protocol)
            .await?
            .is_some_and(|decision| decision.passing))
}

/// What policies may look at of an authorization request.
pub(crate) fn authorizing(request: &AuthorizeRequest) -> ProtocolRequest<'_> {
    let challenge = request.challenge.as_ref();
    ProtocolRequest::Authorize {
        oauth_scopes: request.scopes.iter().collect(),
        oauth_grant_type: request.response_type.grant_type().as_str(),
        oauth_code_challenge: challenge.map(|challenge| challenge.value.as_str()),
        oauth_code_challenge_method: challenge.map(|challenge| challenge.method.as_str()),
        oauth_max_age: request.max_age,
        oauth_redirect_uri: &request.to.uri,
        oauth_response_type: request.response_type.as_str(),
    }
}

/// What policies may look at of a token request.
pub(crate) fn exchanging<'a>(grant_type: &'a str, scopes: &'a Scopes) -> ProtocolRequest<'a> {
    ProtocolRequest::Token { oauth_scopes: scopes.iter().collect(), oauth_grant_type: grant_type }
}
