//! `/application/o/userinfo/`: what the scopes of an access token reveal, as it is now.

use axum::body::Bytes;
use axum::http::header::WWW_AUTHENTICATE;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use countersign_core::RequestInfo;
use serde_json::{Map, Value, json};

use super::http::{self, Answer};
use crate::binding::Binding;
use crate::grants::{self, AccessData, Stored};
use crate::provider::Provider;
use crate::report::Cause;
use crate::service::{Internal, Person, Service};
use crate::wire::bearer::{self, Presented, Way};
use crate::wire::scope::OPENID;
use crate::wire::{BearerError, Params};

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
        Ok(sent) => {
            let sent = Sent { presented: sent, method, proofs: http::proofs(headers) };
            answer(service, request, &sent, &mut provider).await
        }
        Err(error) => Ok(Err(error)),
    };
    let mut answer = match outcome {
        Ok(Ok(claims)) => http::private_json(StatusCode::OK, &Value::Object(claims)),
        Ok(Err(error)) => refused(error),
        Err(error) => http::internal(&error),
    };
    http::give_nonce(&mut answer, service, headers, provider.as_ref());
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
) -> Result<Presented, BearerError> {
    let malformed = |_| BearerError::RequestMalformed;
    let form = http::form(headers, body).map_err(malformed)?;
    let query = Params::parse(request.query.as_bytes()).map_err(malformed)?;
    bearer::token(http::authorization(headers), &form, &query)
}

/// A token in a request, with the proofs beside it.
pub(super) struct Sent<'a> {
    pub(super) presented: Presented,
    pub(super) method: &'a Method,
    pub(super) proofs: Vec<&'a str>,
}

async fn answer(
    service: &Service,
    request: &RequestInfo,
    sent: &Sent<'_>,
    provider: &mut Option<Provider>,
) -> Result<Result<Map<String, Value>, BearerError>, Internal> {
    let (found, person) = match opened(service, request, sent, OPENID, provider).await? {
        Ok(opened) => opened,
        Err(error) => return Ok(Err(error)),
    };
    let Some(provider) = provider else { return Ok(Err(BearerError::Invalid)) };
    let mut actor = service.cx.actor(&countersign_core::Caller::nobody(), request);
    actor.user = Some(person.actor());
    let mut claims = Map::from_iter([("sub".to_owned(), Value::from(found.data.sub))]);
    claims.extend(service.scope_claims(provider, &person, &found.scopes, request, &actor).await?);
    let names: Vec<&str> = found.data.asked.iter().map(String::as_str).collect();
    claims.extend(service.claims_by_name(provider, &person, &names, request, &actor).await?);
    // What has no value is left out (OpenID Connect Core 5.3.2).
    claims.retain(|_, value| !value.is_null());
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
    sent: &Sent<'_>,
    scope: &str,
    provider: &mut Option<Provider>,
) -> Result<Result<(Stored<AccessData>, Person), BearerError>, Internal> {
    let (text, now) = (sent.presented.token.clone(), service.now());
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
    if let Err(error) = proven(service, request, provider, sent, &found.data).await? {
        return Ok(Err(error));
    }
    if !found.scopes.contains(scope) {
        return Ok(Err(BearerError::ScopeMissing));
    }
    Ok(person.map(|person| (found, person)).ok_or(BearerError::Invalid))
}

/// Whether a token came in a way that it may: one that is bound to a key with a proof, which is
/// used up (RFC 9449 7.1), one that is bound to a certificate with that (RFC 8705 3), and another
/// one without.
async fn proven(
    service: &Service,
    request: &RequestInfo,
    provider: &Provider,
    sent: &Sent<'_>,
    token: &AccessData,
) -> Result<Result<(), BearerError>, Internal> {
    let profile = provider.client.profile;
    let jkt = match (&token.binding, sent.presented.by) {
        (Some(Binding::Key(jkt)), Way::Dpop) => jkt,
        (Some(Binding::Key(_)), _) | (_, Way::Dpop) => {
            return Ok(Err(BearerError::DpopMissing));
        }
        // Addresses are kept by browsers and logs (RFC 9700 4.3.2).
        (_, Way::Query) if profile.is_strict() => return Ok(Err(BearerError::Invalid)),
        (Some(bound @ Binding::Certificate(_)), _) => {
            let proved = bound.is_proved(None, request);
            return Ok(if proved { Ok(()) } else { Err(BearerError::CertificateOther) });
        }
        (None, _) => return Ok(Ok(())),
    };
    let read = service.dpop(&sent.proofs, sent.method.as_str(), request, profile);
    let proof = match read {
        Ok(Some(proof)) => proof,
        Ok(None) => return Ok(Err(BearerError::DpopMissing)),
        Err(fault) => return Ok(Err(BearerError::Dpop(fault))),
    };
    if proof.thumbprint != *jkt {
        return Ok(Err(BearerError::DpopMissing));
    }
    if let Err(fault) = proof.is_for(&sent.presented.token) {
        return Ok(Err(BearerError::Dpop(fault)));
    }
    Ok(service.spend_proof(&proof).await?.map_err(BearerError::Dpop))
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
