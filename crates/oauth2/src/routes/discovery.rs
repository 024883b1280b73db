//! What a provider says about itself: discovery documents and key sets.

use std::collections::HashSet;

use axum::http::header::ACCESS_CONTROL_ALLOW_ORIGIN;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use countersign_rest::RequestInfo;
use serde_json::{Value, json};

use super::http::{self, Answer};
use super::pages;
use crate::jose::{Algorithm, Use, jwk};
use crate::kinds::{IssuerMode, OAuth2Provider, ScopeMapping};
use crate::provider::Provider;
use crate::scope_claims;
use crate::service::Service;
use crate::wire::discovery::{Facts, document};

pub(crate) async fn discovery(service: &Service, request: &RequestInfo, method: &Method, headers: &HeaderMap, slug: &str) -> Answer {
    let Some(provider) = Provider::by_application(&service.cx.snapshot(), slug) else { return unknown(service, request, slug) };
    let issuer = provider.issuer(&service.cx.origin(request)).unwrap_or_default();
    let mut answer = present(service, request, method, &issuer, Some(slug), std::slice::from_ref(&provider)).await;
    http::share(&mut answer, method, headers, Some(&provider.client.redirect_uris));
    answer
}

/// The document of the issuer that providers share (OpenID Connect Discovery 4.1): found by its address alone.
pub(crate) async fn shared(service: &Service, request: &RequestInfo, method: &Method, headers: &HeaderMap) -> Answer {
    let providers = sharing(service);
    let Some(first) = providers.first() else { return pages::not_found(service, request) };
    let issuer = first.issuer(&service.cx.origin(request)).unwrap_or_default();
    let mut answer = present(service, request, method, &issuer, None, &providers).await;
    let registered: Vec<_> = providers.iter().flat_map(|p| p.client.redirect_uris.iter().cloned()).collect();
    http::share(&mut answer, method, headers, Some(&registered));
    answer
}

/// The providers whose issuer is the server itself.
fn sharing(service: &Service) -> Vec<Provider> {
    let snapshot = service.cx.snapshot();
    let global = snapshot.list::<OAuth2Provider>().filter(|(_, provider)| provider.issuer_mode == IssuerMode::Global);
    global.filter_map(|(reference, _)| Provider::by_reference(&snapshot, reference)).filter(|p| p.application.is_some()).collect()
}

async fn present(service: &Service, request: &RequestInfo, method: &Method, issuer: &str, slug: Option<&str>, providers: &[Provider]) -> Answer {
    let mut answer = if method == Method::OPTIONS {
        http::empty(StatusCode::OK)
    } else {
        let text = serde_json::to_string_pretty(&describe(service, request, issuer, slug, providers).await).unwrap_or_default();
        http::answer(StatusCode::OK, "application/json", text)
    };
    http::of_this_host(&mut answer, &service.cx);
    answer
}

async fn describe(service: &Service, request: &RequestInfo, issuer: &str, slug: Option<&str>, providers: &[Provider]) -> Value {
    let host = service.cx.origin(request);
    let mut algorithms = Vec::new();
    for provider in providers {
        // A key that cannot be used is told by the endpoints that need it; the document stays readable.
        let algorithm = service.keys(provider).await.map_or(Algorithm::Hs256, |keys| keys.signing.algorithm());
        if !algorithms.contains(&algorithm) {
            algorithms.push(algorithm);
        }
    }
    // Of several providers each mapping counts once.
    let mut seen = HashSet::new();
    let attached = providers.iter().flat_map(|p| p.settings.property_mappings.iter().map(move |mapping| (p, mapping.id())));
    let mappings: Vec<&ScopeMapping> =
        attached.filter(|(_, id)| slug.is_some() || seen.insert(*id)).filter_map(|(p, id)| p.snapshot.entry(id)?.cast::<ScopeMapping>()).collect();
    document(&Facts {
        host: &host,
        application: slug,
        issuer,
        algorithms,
        encrypted: providers.iter().any(|p| p.settings.encryption_key.is_some()),
        scopes: mappings.iter().map(|m| m.scope_name.as_str()).collect(),
        claims: scope_claims::names(mappings.into_iter()),
    })
}

/// Whoever takes a provider's name for its application's slug is told which it is.
fn unknown(service: &Service, request: &RequestInfo, name: &str) -> Answer {
    let snapshot = service.cx.snapshot();
    let named = snapshot.find::<OAuth2Provider>("name", name).and_then(|(reference, _)| Provider::by_reference(&snapshot, reference));
    let Some(slug) = named.as_ref().and_then(Provider::slug) else { return pages::not_found(service, request) };
    let origin = service.cx.origin(request);
    told(&format!("{name} is the name of a provider. These addresses have the slug of its application instead: {origin}/application/o/{slug}/"))
}

fn told(text: &str) -> Answer {
    http::answer(StatusCode::NOT_FOUND, "text/plain; charset=utf-8", format!("{text}\n"))
}

/// An issuer is compared letter by letter, so that one without its last slash would be refused by clients later on.
pub(crate) fn without_slash(service: &Service, request: &RequestInfo, slug: &str) -> Answer {
    match Provider::by_application(&service.cx.snapshot(), slug).and_then(|p| p.issuer(&service.cx.origin(request))) {
        Some(issuer) => told(&format!("The issuer of this application is {issuer} (with the slash at its end).")),
        None => unknown(service, request, slug),
    }
}

/// The keys of all providers that share the issuer.
pub(crate) async fn shared_jwks(service: &Service, request: &RequestInfo) -> Answer {
    let providers = sharing(service);
    if providers.is_empty() {
        return pages::not_found(service, request);
    }
    let mut keys: Vec<Value> = Vec::new();
    for provider in &providers {
        for key in key_set(service, provider).await {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
    }
    published(keys)
}

/// The public keys; a provider that signs with its client secret has none, and says so with an empty list.
pub(crate) async fn jwks(service: &Service, request: &RequestInfo, slug: &str) -> Answer {
    match Provider::by_application(&service.cx.snapshot(), slug) {
        Some(provider) => published(key_set(service, &provider).await),
        None => unknown(service, request, slug),
    }
}

fn published(keys: Vec<Value>) -> Answer {
    let mut answer = http::json(StatusCode::OK, &json!({"keys": keys}));
    answer.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    answer
}

async fn key_set(service: &Service, provider: &Provider) -> Vec<Value> {
    let wanted = [(provider.settings.signing_key, Use::Signature), (provider.settings.encryption_key, Use::Encryption)];
    if let Err(error) = service.keys(provider).await {
        tracing::warn!(%error, provider = provider.id(), "a provider cannot sign");
    }
    let mut keys: Vec<Value> = wanted
        .into_iter()
        .filter_map(|(reference, purpose)| {
            let pair = provider.pair(reference)?;
            jwk(pair.key_data.expose(), &pair.certificate_data, purpose)
        })
        .collect();
    keys.extend(service.former_keys(provider).await);
    keys
}

/// The foot of an application's addresses leads to its document.
pub(crate) fn root(slug: &str) -> Answer {
    let slug: String = percent_encoding::utf8_percent_encode(slug, percent_encoding::NON_ALPHANUMERIC).to_string();
    http::redirect(&format!("/application/o/{}/.well-known/openid-configuration", slug.replace("%2D", "-").replace("%5F", "_")))
}
