//! `/application/o/par/`: a client hands its authorization request over itself, before it sends
//! the browser (RFC 9126). What is wrong with the request it learns here.

use axum::http::{HeaderMap, Method, StatusCode};
use countersign_core::RequestInfo;
use countersign_store::Owner;
use serde_json::{Value, json};

use super::attempts::Asked;
use super::http::{self, Answer};
use crate::client::ClientType;
use crate::doctor;
use crate::exchange::Failed;
use crate::provider::Provider;
use crate::pushed;
use crate::service::Service;
use crate::wire::authorize::{self as wire, Arrival, Endpoint, Refusal};
use crate::wire::client_auth::{CREDENTIALS, Credentials};
use crate::wire::params::ParamsError;
use crate::wire::{PageError, Params, TokenError};

/// Why a request is not taken: as the token endpoint says it, or as the browser would be told.
enum Refused {
    Failed(Failed),
    Request(&'static str, String),
}

impl<E: Into<Failed>> From<E> for Refused {
    fn from(error: E) -> Refused {
        Refused::Failed(error.into())
    }
}

pub(crate) async fn par(
    service: &Service,
    request: &RequestInfo,
    method: &Method,
    headers: &HeaderMap,
    asked: &Result<Asked, ParamsError>,
) -> Answer {
    let registered = asked.as_ref().ok().and_then(|asked| asked.provider.as_ref());
    let registered = registered.map(|provider| provider.client.redirect_uris.as_slice());
    let mut answer = match (method == Method::OPTIONS, asked) {
        (true, _) => http::private_json(StatusCode::OK, &json!({})),
        (false, Err(_)) => http::token_error(TokenError::RequestMalformed, false),
        (false, Ok(Asked { provider: None, credentials, .. })) => {
            http::token_error(TokenError::ClientUnknown, credentials.basic)
        }
        (false, Ok(Asked { params, credentials, provider: Some(provider) })) => {
            match push(service, request, headers, provider, params, credentials).await {
                Ok(pushed) => http::private_json(StatusCode::CREATED, &pushed),
                Err(Refused::Failed(Failed::Refused(error))) => {
                    let client = &provider.client.id;
                    tracing::info!(code = error.code(), client, "a pushed request was refused");
                    let refused = doctor::Refused::Token(error);
                    service.diagnose(provider, refused, params, request.client_ip).await;
                    http::token_error(error, credentials.basic)
                }
                Err(Refused::Failed(Failed::Internal(error))) => http::internal(&error),
                Err(Refused::Request(error, text)) => {
                    let body = json!({"error": error, "error_description": text});
                    http::private_json(StatusCode::BAD_REQUEST, &body)
                }
            }
        }
    };
    let provider = asked.as_ref().ok().and_then(|asked| asked.provider.as_ref());
    http::give_nonce(&mut answer, service, headers, provider);
    http::share(&mut answer, method, headers, registered);
    answer
}

async fn push(
    service: &Service,
    request: &RequestInfo,
    headers: &HeaderMap,
    provider: &Provider,
    params: &Params,
    credentials: &Credentials,
) -> Result<Value, Refused> {
    let client = &provider.client;
    let proven = service.prove(provider, credentials, request).await?;
    if !proven && client.kind == ClientType::Confidential {
        return Err(TokenError::ClientSecretWrong.into());
    }
    if params
        .some("client_id")
        .map_err(|_| TokenError::RequestMalformed)?
        .is_some_and(|id| id != client.id)
    {
        return Err(TokenError::RequestMalformed.into());
    }
    let (mut params, object) =
        service.request_object(provider, params.without(&CREDENTIALS), request).await;
    bind(service, request, headers, provider, &mut params)?;
    let issuer = provider.issuer(&service.origin(request));
    let arrival = Arrival { endpoint: Endpoint::Pushed, object };
    if let Err(refused) = wire::parse(&params, client, issuer, &arrival) {
        let (error, text, code) = match &refused.how {
            Refusal::Page(page @ PageError::Redirect { .. }) => {
                ("invalid_request", page.text().to_owned(), page.code())
            }
            Refusal::Page(page) => ("invalid_request", page.text().to_owned(), page.code()),
            Refusal::Client { error, .. } => (error.error(), error.description(), error.code()),
        };
        tracing::info!(
            code,
            step = refused.step,
            client = client.id,
            "a pushed request was refused"
        );
        let why = match &refused.how {
            Refusal::Page(error) => doctor::Refused::Page(error),
            Refusal::Client { error, .. } => doctor::Refused::Authorize(error),
        };
        service.diagnose(provider, why, &params, request.client_ip).await;
        return Err(Refused::Request(error, text));
    }
    let (seconds, owner) = (pushed::SECONDS, Owner::client(request.client_ip));
    let name = service.push(provider, &params, seconds, owner).await?;
    Ok(json!({"request_uri": name.uri(), "expires_in": seconds}))
}

/// A proof beside a pushed request binds its code to the key (RFC 9449 10.1). It is not spent:
/// whoever repeats it binds a request of theirs to a key that they do not have, and a public client
/// has proved nothing here that what is remembered could be booked to.
fn bind(
    service: &Service,
    request: &RequestInfo,
    headers: &HeaderMap,
    provider: &Provider,
    params: &mut Params,
) -> Result<(), Refused> {
    let profile = provider.client.profile;
    let proof = service.dpop(&http::proofs(headers), "POST", request, profile);
    let Some(proof) = proof.map_err(TokenError::Dpop)? else { return Ok(()) };
    let named = params.some("dpop_jkt").map_err(|_| TokenError::RequestMalformed)?;
    if named.is_some_and(|named| named != proof.thumbprint) {
        // Not the token endpoint's invalid_grant: nothing was granted yet.
        let text = "dpop_jkt is not the key of the proof beside it.";
        return Err(Refused::Request("invalid_request", text.to_owned()));
    }
    params.set("dpop_jkt", proof.thumbprint);
    Ok(())
}
