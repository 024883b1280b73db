//! `/application/o/userinfo/`: what the scopes of an access token reveal, as it is now.

use axum::body::Bytes;
use axum::http::header::WWW_AUTHENTICATE;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use countersign_core::RequestInfo;
use serde_json::{Map, Value, json};

use super::http::{self, Answer};
use crate::grants::{self, AccessData, Stored};
use crate::provider::Provider;
use crate::report::Cause;
use crate::service::{Internal, Person, Service};
use crate::wire::scope::OPENID;
use crate::wire::{BearerError, Params, bearer};

pub(crate) async fn userinfo(
    service: &Service,
    request: &RequestInfo,
    method: &Method,
    headers: &HeaderMap,
    body: &Bytes,
) -> Answer {
    if method == Method::OPTIONS {
        let mut answer = http::private_json(StatusCode::OK, &json!({}));
        http::share(&mut answer, method, headers, None);
        return answer;
    }
    let mut provider = None;
    let outcome = match presented(request, headers, body) {
        Ok(token) => answer(service, request, &token, &mut provider).await,
        Err(error) => Ok(Err(error)),
    };
    let mut answer = match outcome {
        Ok(Ok(claims)) => http::private_json(StatusCode::OK, &Value::Object(claims)),
        Ok(Err(error)) => refused(error),
        Err(error) => http::internal(&error),
    };
    http::share(
        &mut answer,
        method,
        headers,
        provider.as_ref().map(|p| p.client.redirect_uris.as_slice()),
    );
    answer
}

pub(super) fn presented(
    request: &RequestInfo,
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<String, BearerError> {
    let malformed = |_| BearerError::RequestMalformed;
    let form = http::form(headers, body).map_err(malformed)?;
    let query = Params::parse(request.query.as_bytes()).map_err(malformed)?;
    bearer::token(http::authorization(headers), &form, &query)
}

async fn answer(
    service: &Service,
    request: &RequestInfo,
    token: &str,
    provider: &mut Option<Provider>,
) -> Result<Result<Map<String, Value>, BearerError>, Internal> {
    let (found, person) = match opened(service, request, token, OPENID, provider).await? {
        Ok(opened) => opened,
        Err(error) => return Ok(Err(error)),
    };
    let Some(provider) = provider else { return Ok(Err(BearerError::Invalid)) };
    let mut actor = service.cx.actor(&countersign_core::Caller::nobody(), request);
    actor.user = Some(person.actor());
    let mut claims = Map::from_iter([("sub".to_owned(), Value::from(found.data.sub))]);
    claims.extend(service.scope_claims(provider, &person, &found.scopes, request, &actor).await?);
    if let Some(nonce) = found.data.nonce {
        claims.insert("nonce".to_owned(), nonce.into());
    }
    Ok(Ok(claims))
}

/// Whose access token it is, if it has the scope; `provider` is set where one issued it, whether
/// the token is good or not.
pub(super) async fn opened(
    service: &Service,
    request: &RequestInfo,
    token: &str,
    scope: &str,
    provider: &mut Option<Provider>,
) -> Result<Result<(Stored<AccessData>, Person), BearerError>, Internal> {
    let (text, now) = (token.to_owned(), service.now());
    let Some((found, person)) =
        service.issued(move |sql| grants::find_access_token(sql, &text, now)).await?
    else {
        return Ok(Err(BearerError::Invalid));
    };
    let reference = countersign_model::Ref::new(countersign_model::Key::Int(found.provider));
    *provider = Provider::by_reference(&service.cx.snapshot(), reference);
    let Some(provider) = provider else { return Ok(Err(BearerError::Invalid)) };
    if found.revoked {
        report(service, request, provider, found.user).await?;
        return Ok(Err(BearerError::Invalid));
    }
    if !found.is_good(service.now()) {
        return Ok(Err(BearerError::Invalid));
    }
    if !found.scopes.contains(scope) {
        return Ok(Err(BearerError::ScopeMissing));
    }
    Ok(person.map(|person| (found, person)).ok_or(BearerError::Invalid))
}

async fn report(
    service: &Service,
    request: &RequestInfo,
    provider: &Provider,
    user: i64,
) -> Result<(), Internal> {
    let mut actor = service.cx.actor(&countersign_core::Caller::nobody(), request);
    actor.user = service.person(user).await?.map(|p| p.actor());
    let context =
        json!({"message": "Revoked access token was used", "provider": provider.reference_json()});
    let cause = Cause::new(Some(provider), "oauth2.access_token.revoked").of_account(user);
    service.report(cause, "suspicious_request", context, actor).await;
    Ok(())
}

pub(super) fn refused(error: BearerError) -> Answer {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::UNAUTHORIZED);
    let mut answer = http::empty(status);
    if let Ok(challenge) = HeaderValue::from_str(&error.challenge()) {
        answer.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    }
    answer
}
