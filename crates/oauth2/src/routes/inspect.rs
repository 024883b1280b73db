//! `/application/o/introspect/` and `/application/o/revoke/` (RFC 7662, RFC 7009): a client asks
//! about its own tokens, or ends them. About those of others it learns nothing.

use axum::http::{HeaderMap, Method, StatusCode};
use countersign_core::RequestInfo;
use countersign_store::StoreError;
use serde_json::{Map, Value, json};

use super::attempts::{Asked, WrongSecret};
use super::http::{self, Answer};
use crate::binding::Binding;
use crate::client::ClientType;
use crate::exchange::Failed;
use crate::grants;
use crate::provider::Provider;
use crate::service::{Internal, Service};
use crate::wire::TokenError;
use crate::wire::client_auth::Credentials;
use crate::wire::params::ParamsError;

/// Who asks, and about which token.
fn read(
    asked: &Result<Asked, ParamsError>,
) -> Result<(Option<&Provider>, &Credentials, String), TokenError> {
    let Ok(Asked { params, credentials, provider }) = asked else {
        return Err(TokenError::RequestMalformed);
    };
    let token = params.one("token").map_err(|_| TokenError::RequestMalformed)?.to_owned();
    Ok((provider.as_ref(), credentials, token))
}

pub(crate) async fn introspect(
    service: &Service,
    request: &RequestInfo,
    method: &Method,
    asked: &Result<Asked, ParamsError>,
) -> Answer {
    if method == Method::OPTIONS {
        return http::private_json(StatusCode::OK, &json!({}));
    }
    let inactive = json!({"active": false});
    // Every kind of client must prove itself; one that cannot is told the same as about an unknown
    // token.
    let (provider, credentials, token) = match read(asked) {
        Ok((Some(provider), credentials, token)) => (provider, credentials, token),
        Ok((None, ..)) => return http::private_json(StatusCode::OK, &inactive),
        Err(error) => return http::token_error(error, false),
    };
    match service.prove(provider, credentials, request).await {
        Ok(true) => {}
        Ok(false) | Err(Failed::Refused(_)) => {
            let mut answer = http::private_json(StatusCode::OK, &inactive);
            answer.extensions_mut().insert(WrongSecret);
            return answer;
        }
        Err(Failed::Internal(error)) => return http::internal(&error),
    }
    match facts(service, provider, token).await {
        Ok(Some(claims)) => http::private_json(StatusCode::OK, &Value::Object(claims)),
        Ok(None) => http::private_json(StatusCode::OK, &inactive),
        Err(error) => http::internal(&error),
    }
}

/// What is known of a token that is good and the client's own.
async fn facts(
    service: &Service,
    provider: &Provider,
    token: String,
) -> Result<Option<Map<String, Value>>, Internal> {
    let now = service.now();
    let found = service.cx.store.look_up(move |sql| {
        let access = grants::find_access_token(sql, &token, now)?;
        let refresh =
            if access.is_some() { None } else { grants::find_refresh_token(sql, &token, now)? };
        Ok::<_, StoreError>((access, refresh))
    });
    let (claims, scopes) = match found.await? {
        (Some(token), _) if token.provider == provider.id() && token.is_good(now) => {
            let mut claims = token.data.claims;
            if token.data.binding.as_ref().is_some_and(Binding::is_key) {
                claims.insert("token_type".into(), "DPoP".into());
            }
            (claims, token.scopes)
        }
        (_, Some(token)) => {
            let good = token.provider == provider.id()
                && !token.revoked
                && token.used.is_none()
                && token.user_active;
            if !good || token.expires <= service.now() {
                return Ok(None);
            }
            (token.data.claims, token.scopes)
        }
        _ => return Ok(None),
    };
    let mut answer = claims;
    answer.insert("active".into(), true.into());
    answer.insert("scope".into(), scopes.to_string().into());
    answer.insert("client_id".into(), provider.client.id.clone().into());
    Ok(Some(answer))
}

pub(crate) async fn revoke(
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
    let refused = |error: TokenError, provider: Option<&Provider>| {
        let body = json!({"error": error.error(), "error_description": error.description()});
        let mut answer = http::private_json(StatusCode::UNAUTHORIZED, &body);
        answer.extensions_mut().insert(WrongSecret);
        http::share(
            &mut answer,
            method,
            headers,
            provider.map(|p| p.client.redirect_uris.as_slice()),
        );
        answer
    };
    let (provider, token) = match read(asked) {
        Ok((Some(provider), credentials, token)) => {
            if provider.client.kind == ClientType::Confidential {
                match service.prove(provider, credentials, request).await {
                    Ok(true) => {}
                    Ok(false) => return refused(TokenError::ClientSecretWrong, Some(provider)),
                    Err(Failed::Refused(error)) => return refused(error, Some(provider)),
                    Err(Failed::Internal(error)) => return http::internal(&error),
                }
            }
            (provider, token)
        }
        Ok((None, ..)) => return refused(TokenError::ClientUnknown, None),
        Err(error) => return http::token_error(error, false),
    };
    let (id, now) = (provider.id(), service.now());
    let ended = service.cx.store.write(
        countersign_store::Actor::system(),
        "a client revoked a token",
        move |tx| {
            if !grants::delete_access_token(tx, id, &token)?
                && let Some(refresh) =
                    grants::find_refresh_token(tx, &token, now)?.filter(|t| t.provider == id)
            {
                // What it was refreshed from and into goes with it (RFC 7009 2.1).
                grants::delete_family(tx, refresh.family)?;
            }
            Ok::<_, StoreError>(())
        },
    );
    let mut answer = match ended.await {
        Ok(()) => http::private_json(StatusCode::OK, &json!({})),
        Err(error) => http::internal(&error.into()),
    };
    http::share(&mut answer, method, headers, Some(&provider.client.redirect_uris));
    answer
}
