//! `/application/o/device/`: a device asks for its codes (RFC 8628 3.1).

use axum::http::StatusCode;
use countersign_core::{Caller, RequestInfo};
use countersign_directory::TooMany;
use countersign_store::StoreError;
use serde_json::{Value, json};

use super::{INTERVAL, LEAST_VALIDITY, UserCode, store};
use crate::client::{Client, ClientType};
use crate::exchange::Failed;
use crate::provider::Provider;
use crate::routes::attempts::{Asked, too_many};
use crate::routes::http::{self, Answer};
use crate::service::{Internal, Service};
use crate::wire::params::ParamsError;
use crate::wire::scope::{API, OFFLINE_ACCESS};
use crate::wire::{GrantType, Scopes, TokenError};

/// Codes that all addresses together get in so many seconds: each is kept for a while.
const MOST: i64 = 20_000;
const WINDOW: i64 = 300;
/// As long as the original's.
const LENGTH: usize = 128;

pub(crate) async fn authorize(
    service: &Service,
    request: &RequestInfo,
    asked: &Result<Asked, ParamsError>,
) -> Answer {
    let basic = asked.as_ref().is_ok_and(|asked| asked.credentials.basic);
    match codes(service, request, asked).await {
        Ok(Ok(codes)) => http::private_json(StatusCode::OK, &codes),
        Ok(Err(wait)) => too_many(wait),
        Err(Failed::Refused(error)) => http::token_error(error, basic),
        Err(Failed::Internal(error)) => http::internal(&error),
    }
}

async fn codes(
    service: &Service,
    request: &RequestInfo,
    asked: &Result<Asked, ParamsError>,
) -> Result<Result<Value, TooMany>, Failed> {
    let Ok(Asked { params, credentials, provider }) = asked else {
        return Err(TokenError::RequestMalformed.into());
    };
    let known = provider.as_ref().filter(|provider| provider.application.is_some());
    let provider = known.ok_or(TokenError::ClientUnknown)?;
    let scope = params.one("scope").map_err(|_| TokenError::RequestMalformed)?;
    let client = &provider.client;
    if !client.allows(GrantType::DeviceCode) {
        return Err(TokenError::GrantTypeForbidden.into());
    }
    // Clients of the original send no secret here; a wrong one is refused. Tokens need it.
    let presented =
        credentials.assertion.is_some() || credentials.secrets().any(|secret| !secret.is_empty());
    let must = presented || client.profile.is_strict();
    if client.kind == ClientType::Confidential
        && must
        && !service.prove(provider, credentials, request).await?
    {
        return Err(TokenError::ClientSecretWrong.into());
    }
    let begun = service.cx.store.ephemeral().add("oauth2.devices", "all", 1, WINDOW).await;
    if begun > MOST {
        return Ok(Err(TooMany { seconds: WINDOW }));
    }
    let scopes = granted(client, &Scopes::parse(scope));
    Ok(Ok(begin(service, request, provider, scopes).await?))
}

/// Whoever asks for nothing gets what is attached, but for what outlives the device's use or opens
/// this server itself.
fn granted(client: &Client, asked: &Scopes) -> Scopes {
    if asked.is_empty() {
        return client.scopes.without(OFFLINE_ACCESS).without(API);
    }
    asked.granted_from(&client.scopes)
}

async fn begin(
    service: &Service,
    request: &RequestInfo,
    provider: &Provider,
    scopes: Scopes,
) -> Result<Value, Internal> {
    let device_code = service.cx.entropy.token(LENGTH);
    let seconds = provider.settings.access_code_validity.seconds().max(LEAST_VALIDITY);
    let (id, kept) = (provider.id(), device_code.clone());
    let actor = service.cx.actor(&Caller::nobody(), request);
    let code: UserCode = service
        .cx
        .store
        .write(actor, "codes for a device", move |tx| {
            let expires = tx.now().plus_seconds(seconds);
            store::insert(tx, &kept, id, &scopes, expires)
        })
        .await
        .map_err(|error: StoreError| error)?;
    let address = format!("{}/device", service.origin(request));
    Ok(json!({
        "device_code": device_code,
        "verification_uri": address,
        "verification_uri_complete": format!("{address}?code={code}"),
        "user_code": code.to_string(),
        "expires_in": seconds,
        "interval": INTERVAL,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::tests::client;

    #[test]
    fn a_device_gets_no_scope_that_is_not_attached_nor_more_than_it_asks_for() {
        let client = Client {
            scopes: Scopes::parse("openid email offline_access goauthentik.io/api"),
            ..client()
        };
        for (asked, given) in [
            ("", "openid email"),
            ("openid", "openid"),
            ("openid offline_access zzz", "openid offline_access"),
            ("goauthentik.io/api", "goauthentik.io/api"),
            ("zzz", ""),
        ] {
            assert_eq!(granted(&client, &Scopes::parse(asked)).to_string(), given, "{asked}");
        }
    }
}
