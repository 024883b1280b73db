//! What a provider says about itself: discovery documents and key sets.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use axum::http::header::ACCESS_CONTROL_ALLOW_ORIGIN;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use countersign_core::RequestInfo;
use countersign_model::{Snapshot, Timestamp};
use countersign_store::StoreError;
use serde_json::{Value, json};

use super::http::{self, Answer};
use super::pages;
use crate::documents::{Document, Name, Ready};
use crate::jose::{Algorithm, Use, jwk};
use crate::kinds::{IssuerMode, OAuth2Provider, ScopeMapping};
use crate::provider::Provider;
use crate::registration::Registrants;
use crate::scope_claims;
use crate::service::{Internal, Service};
use crate::wire::discovery::{Clients, Facts, document};

/// As long a request waits for another that makes what it asks for.
const PATIENCE: Duration = Duration::from_secs(5);

pub(crate) async fn discovery(
    service: &Service,
    request: &RequestInfo,
    method: &Method,
    headers: &HeaderMap,
    slug: &str,
) -> Answer {
    match ready(service, Document::Discovery, Some(slug), service.cx.origin(request)).await {
        Ok(Some(ready)) => described(service, method, headers, ready),
        Ok(None) => unknown(service, request, slug),
        Err(error) => http::internal(&error),
    }
}

/// The document of the issuer that providers share (OpenID Connect Discovery 4.1): found by its
/// address alone.
pub(crate) async fn shared(
    service: &Service,
    request: &RequestInfo,
    method: &Method,
    headers: &HeaderMap,
) -> Answer {
    match ready(service, Document::Discovery, None, service.cx.origin(request)).await {
        Ok(Some(ready)) => described(service, method, headers, ready),
        Ok(None) => pages::not_found(service, request),
        Err(error) => http::internal(&error),
    }
}

fn described(service: &Service, method: &Method, headers: &HeaderMap, ready: Ready) -> Answer {
    let mut answer = if method == Method::OPTIONS {
        http::empty(StatusCode::OK)
    } else {
        http::answer(StatusCode::OK, "application/json", ready.body)
    };
    http::of_this_host(&mut answer, &service.cx);
    http::share(&mut answer, method, headers, Some(&ready.shared_with));
    answer
}

/// A document of an application, or of the issuer that providers share; `None` where there is no
/// provider.
async fn ready(
    service: &Service,
    document: Document,
    slug: Option<&str>,
    origin: String,
) -> Result<Option<Ready>, Internal> {
    let snapshot = service.cx.snapshot();
    let revision = snapshot.revision();
    let name = Name { document, slug: slug.map(str::to_owned), origin };
    let found = || service.documents.get(&name, revision, service.now());
    if let Some(ready) = found() {
        return Ok(Some(ready));
    }
    let providers: Vec<Provider> = match slug {
        Some(slug) => Provider::by_application(&snapshot, slug).into_iter().collect(),
        None => sharing(&snapshot),
    };
    let Some(first) = providers.first() else { return Ok(None) };
    // What takes as long as there are providers is not made by everybody who asks at the same time.
    let turn = if slug.is_none() {
        Some(
            tokio::time::timeout(PATIENCE, service.documents.turn.lock())
                .await
                .map_err(|_| away())?,
        )
    } else {
        None
    };
    if let Some(ready) = turn.as_ref().and_then(|_| found()) {
        return Ok(Some(ready));
    }
    let ready = match document {
        Document::Discovery => {
            let issuer = first.issuer(&name.origin).unwrap_or_default();
            let text = serde_json::to_string_pretty(
                &describe(service, &name.origin, &issuer, slug, &providers).await?,
            )
            .unwrap_or_default();
            let shared_with =
                providers.iter().flat_map(|p| p.client.redirect_uris.iter().cloned()).collect();
            Ready { until: None, body: text.into(), shared_with }
        }
        Document::KeySet => {
            let (keys, until) = key_set(service, &providers).await?;
            Ready {
                until,
                body: json!({"keys": keys}).to_string().into(),
                shared_with: Arc::default(),
            }
        }
    };
    service.documents.put(name, revision, &ready);
    Ok(Some(ready))
}

/// What the provider of an application says about itself to whoever comes by that address; `None`
/// where there is none.
pub(crate) async fn of_application(
    service: &Service,
    slug: &str,
    origin: String,
) -> Result<Option<Value>, Internal> {
    let ready = ready(service, Document::Discovery, Some(slug), origin).await?;
    Ok(ready.and_then(|ready| serde_json::from_slice(&ready.body).ok()))
}

fn away() -> Internal {
    StoreError::Away("what providers publish together is still being read".to_owned()).into()
}

/// The providers whose issuer is the server itself.
fn sharing(snapshot: &Arc<Snapshot>) -> Vec<Provider> {
    let global = snapshot
        .list::<OAuth2Provider>()
        .filter(|(_, provider)| provider.issuer_mode == IssuerMode::Global);
    global
        .filter_map(|(reference, _)| Provider::by_reference(snapshot, reference.cast()))
        .filter(|p| p.application.is_some())
        .collect()
}

async fn describe(
    service: &Service,
    host: &str,
    issuer: &str,
    slug: Option<&str>,
    providers: &[Provider],
) -> Result<Value, Internal> {
    let mut algorithms = Vec::new();
    for provider in providers {
        let algorithm = match service.keys(provider).await {
            Ok(keys) => keys.signing.algorithm(),
            // A key that cannot be used is told by the endpoints that need it; the document stays
            // readable.
            Err(Internal::Keys(_)) => Algorithm::Hs256,
            Err(error) => return Err(error),
        };
        if !algorithms.contains(&algorithm) {
            algorithms.push(algorithm);
        }
    }
    // Of several providers each mapping counts once.
    let mut seen = HashSet::new();
    let attached = providers
        .iter()
        .flat_map(|p| p.settings.property_mappings.iter().map(move |mapping| (p, mapping.id())));
    let mappings: Vec<&ScopeMapping> = attached
        .filter(|(_, id)| slug.is_some() || seen.insert(*id))
        .filter_map(|(p, id)| p.snapshot.entry(id)?.cast::<ScopeMapping>())
        .collect();
    let mut document = document(&Facts {
        host,
        application: slug,
        issuer,
        algorithms,
        encrypted: providers.iter().any(|p| p.settings.encryption_key.is_some()),
        scopes: mappings.iter().map(|m| m.scope_name.as_str()).collect(),
        claims: scope_claims::names(mappings.into_iter()),
        clients: Clients::of(providers.iter().map(|provider| &provider.client)),
        mtls: service.cx.settings.mtls_url.as_deref(),
    });
    if service.registration.who != Registrants::Nobody
        && let Some(members) = document.as_object_mut()
    {
        let address = format!("{host}/application/o/register/");
        members.insert("registration_endpoint".to_owned(), address.into());
    }
    Ok(document)
}

/// Whoever takes a provider's name for its application's slug is told which it is.
fn unknown(service: &Service, request: &RequestInfo, name: &str) -> Answer {
    let snapshot = service.cx.snapshot();
    let named = snapshot
        .find::<OAuth2Provider>("name", name)
        .and_then(|(reference, _)| Provider::by_reference(&snapshot, reference.cast()));
    let Some(slug) = named.as_ref().and_then(Provider::slug) else {
        return pages::not_found(service, request);
    };
    let origin = service.cx.origin(request);
    told(&format!(
        "{name} is the name of a provider. These addresses have the slug of its application instead: {origin}/application/o/{slug}/"
    ))
}

fn told(text: &str) -> Answer {
    http::answer(StatusCode::NOT_FOUND, "text/plain; charset=utf-8", format!("{text}\n"))
}

/// An issuer is compared letter by letter, so that one without its last slash would be refused by
/// clients later on.
pub(crate) fn without_slash(service: &Service, request: &RequestInfo, slug: &str) -> Answer {
    match Provider::by_application(&service.cx.snapshot(), slug)
        .and_then(|p| p.issuer(&service.cx.origin(request)))
    {
        Some(issuer) => told(&format!(
            "The issuer of this application is {issuer} (with the slash at its end)."
        )),
        None => unknown(service, request, slug),
    }
}

/// The keys of all providers that share the issuer.
pub(crate) async fn shared_jwks(service: &Service, request: &RequestInfo) -> Answer {
    match ready(service, Document::KeySet, None, String::new()).await {
        Ok(Some(ready)) => published(ready),
        Ok(None) => pages::not_found(service, request),
        Err(error) => http::internal(&error),
    }
}

/// The public keys; a provider that signs with its client secret has none, and says so with an
/// empty list.
pub(crate) async fn jwks(service: &Service, request: &RequestInfo, slug: &str) -> Answer {
    match ready(service, Document::KeySet, Some(slug), String::new()).await {
        Ok(Some(ready)) => published(ready),
        Ok(None) => unknown(service, request, slug),
        Err(error) => http::internal(&error),
    }
}

fn published(ready: Ready) -> Answer {
    let mut answer = http::answer(StatusCode::OK, "application/json", ready.body);
    answer.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    answer
}

/// The keys in use, each once, those that are still needed, and when the first of these is needed
/// no more.
async fn key_set(
    service: &Service,
    providers: &[Provider],
) -> Result<(Vec<Value>, Option<Timestamp>), Internal> {
    let (mut keys, mut until) = (Vec::new(), None);
    let (mut seen_pairs, mut seen) = (HashSet::new(), HashSet::new());
    for provider in providers {
        match service.keys(provider).await {
            Ok(_) => {}
            Err(Internal::Keys(error)) => {
                tracing::warn!(%error, provider = provider.id(), "a provider cannot sign");
            }
            Err(error) => return Err(error),
        }
        let wanted = [
            (provider.settings.signing_key, Use::Signature),
            (provider.settings.encryption_key, Use::Encryption),
        ];
        for (reference, purpose) in wanted {
            let Some(pair) = provider
                .pair(reference)
                .filter(|_| seen_pairs.insert((reference.map(|key| key.id()), purpose)))
            else {
                continue;
            };
            keys.extend(
                jwk(pair.key_data.expose(), &pair.certificate_data, purpose)
                    .filter(|key| seen.insert(key.to_string())),
            );
        }
        for (key, end) in service.former_keys(provider).await? {
            until = until.map_or(Some(end), |first: Timestamp| Some(first.min(end)));
            if seen.insert(key.to_string()) {
                keys.push(key);
            }
        }
    }
    Ok((keys, until))
}

/// The foot of an application's addresses leads to its document.
pub(crate) fn root(service: &Service, slug: &str) -> Answer {
    let slug: String =
        percent_encoding::utf8_percent_encode(slug, percent_encoding::NON_ALPHANUMERIC).to_string();
    service.cx.redirect(&format!(
        "/application/o/{}/.well-known/openid-configuration",
        slug.replace("%2D", "-").replace("%5F", "_")
    ))
}
