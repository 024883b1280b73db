//! `/application/o/token/`: codes, refresh tokens and the credentials of machines become tokens.

use axum::http::{HeaderMap, Method, StatusCode};
use countersign_core::RequestInfo;
use countersign_events::beginning;
use serde_json::json;

use super::attempts::Asked;
use super::http::{self, Answer};
use crate::doctor::Refused;
use crate::exchange::{Exchange, Failed, exchange};
use crate::service::Service;
use crate::wire::TokenError;
use crate::wire::params::ParamsError;

pub(crate) async fn token(
    service: &Service,
    request: &RequestInfo,
    method: &Method,
    headers: &HeaderMap,
    asked: &Result<Asked, ParamsError>,
) -> Answer {
    if method == Method::OPTIONS {
        let mut answer = http::private_json(StatusCode::OK, &json!({}));
        http::share(&mut answer, method, headers, None);
        return answer;
    }
    let Ok(Asked { params, credentials, provider }) = asked else {
        let mut answer = http::token_error(TokenError::RequestMalformed, false);
        http::share(&mut answer, method, headers, None);
        return answer;
    };
    let outcome = match provider {
        Some(provider) => {
            let actor = service.cx.actor(&countersign_core::Caller::nobody(), request);
            let read = async {
                let profile = provider.client.profile;
                let dpop = service
                    .dpop(&http::proofs(headers), method.as_str(), request, profile)
                    .map_err(TokenError::Dpop)?;
                let proven = service.prove(provider, credentials, request).await?;
                Ok::<_, Failed>((proven, dpop))
            };
            match read.await {
                Ok((proven, dpop)) => {
                    let asked =
                        Exchange { service, provider, request, credentials, proven, dpop, actor };
                    exchange(&asked, params).await
                }
                Err(failed) => Err(failed),
            }
        }
        None => Err(TokenError::ClientUnknown.into()),
    };
    let mut answer = match outcome {
        Ok(tokens) => http::private_json(StatusCode::OK, &tokens),
        Err(Failed::Refused(error)) => {
            tracing::info!(
                code = error.code(),
                client = credentials.ids().next().map(beginning),
                "a token request was refused"
            );
            if let Some(provider) = provider {
                let refused = Refused::Token(error);
                service.diagnose(provider, refused, params, request.client_ip).await;
            }
            http::token_error(error, credentials.basic)
        }
        Err(Failed::Internal(error)) => http::internal(&error),
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
