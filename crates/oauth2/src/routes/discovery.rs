//! What a provider says about itself: discovery documents and key sets.

use axum::http::header::ACCESS_CONTROL_ALLOW_ORIGIN;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use countersign_rest::RequestInfo;
use serde_json::{Value, json};

use super::http::{self, Answer};
use super::pages;
use crate::jose::{Algorithm, Use, jwk};
use crate::provider::Provider;
use crate::scope_claims;
use crate::service::Service;
use crate::wire::discovery::{Facts, document};

pub(crate) async fn discovery(service: &Service, request: &RequestInfo, method: &Method, headers: &HeaderMap, slug: &str) -> Answer {
    let Some(provider) = Provider::by_application(&service.cx.snapshot(), slug) else { return pages::not_found(service, request) };
    let mut answer = if method == Method::OPTIONS {
        http::empty(StatusCode::OK)
    } else {
        let text = serde_json::to_string_pretty(&describe(service, request, &provider, slug).await).unwrap_or_default();
        http::answer(StatusCode::OK, "application/json", text)
    };
    http::share(&mut answer, method, headers, Some(&provider.client.redirect_uris));
    answer
}

async fn describe(service: &Service, request: &RequestInfo, provider: &Provider, slug: &str) -> Value {
    let host = service.cx.origin(request);
    let issuer = provider.issuer(&host).unwrap_or_default();
    // A key that cannot be used is told by the endpoints that need it; the document stays readable.
    let algorithm = service.keys(provider).await.map_or(Algorithm::Hs256, |keys| keys.signing.algorithm());
    document(&Facts {
        host: &host,
        application: slug,
        issuer: &issuer,
        algorithm,
        encrypted: provider.settings.encryption_key.is_some(),
        scopes: provider.settings.mappings(&provider.snapshot).map(|m| m.scope_name.as_str()).collect(),
        claims: scope_claims::names(provider.settings.mappings(&provider.snapshot)),
    })
}

/// The public keys; a provider that signs with its client secret has none, and says so with an empty list.
pub(crate) async fn jwks(service: &Service, request: &RequestInfo, slug: &str) -> Answer {
    let snapshot = service.cx.snapshot();
    let Some(provider) = Provider::by_application(&snapshot, slug) else { return pages::not_found(service, request) };
    let wanted = [(provider.settings.signing_key, Use::Signature), (provider.settings.encryption_key, Use::Encryption)];
    if let Err(error) = service.keys(&provider).await {
        tracing::warn!(%error, provider = provider.id(), "a provider cannot sign");
    }
    let mut keys: Vec<Value> = wanted
        .into_iter()
        .filter_map(|(reference, purpose)| {
            let pair = provider.pair(reference)?;
            jwk(pair.key_data.expose(), &pair.certificate_data, purpose)
        })
        .collect();
    keys.extend(service.former_keys(&provider).await);
    let mut answer = http::json(StatusCode::OK, &json!({"keys": keys}));
    answer.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    answer
}

/// The foot of an application's addresses leads to its document.
pub(crate) fn root(slug: &str) -> Answer {
    let slug: String = percent_encoding::utf8_percent_encode(slug, percent_encoding::NON_ALPHANUMERIC).to_string();
    http::redirect(&format!("/application/o/{}/.well-known/openid-configuration", slug.replace("%2D", "-").replace("%5F", "_")))
}
