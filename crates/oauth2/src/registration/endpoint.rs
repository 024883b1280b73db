//! `/application/o/register/` and, below it, each client's own registration.

use axum::body::Bytes;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, Method, StatusCode, request::Parts};
use countersign_accounts::caller;
use countersign_catalogue::Application;
use countersign_core::{Caller, Permission, RequestInfo};
use countersign_model::{Fields as _, subscriber};
use countersign_store::{StoreError, Tx, log_failure, sha256};
use serde_json::{Map, Value, json};
use subtle::ConstantTimeEq as _;

use super::Registrants;
use super::metadata::{self, Allowed, MetadataError};
use super::store::{self, Failed, Known};
use crate::client::{AuthMethod, ClientType};
use crate::kinds::OAuth2Provider;
use crate::provider::Provider;
use crate::routes::http::{self, Answer};
use crate::service::{Internal, Service};
use crate::wire::client_auth::after_scheme;

/// Clients that one address, and all, may register within an hour without a token.
const MOST_OF_ADDRESS: i64 = 10;
const MOST: i64 = 200;
const HOUR: i64 = 3_600;
/// As much as metadata may be.
const LARGEST: usize = 64 << 10;
/// Letters of a token that manages a registration.
const TOKEN: usize = 64;

/// How a request ends without a registration.
enum Refused {
    Metadata(MetadataError),
    /// 401 (RFC 6750 3.1); the same for a wrong token and an unknown client.
    Token,
    /// 403: the account may not.
    Scope,
    TooMany,
    /// 403: there are as many as may be.
    Full,
    Internal(Internal),
    /// An administrator's setting names nothing.
    Broken(String),
}

impl From<Failed> for Refused {
    fn from(failed: Failed) -> Refused {
        match failed {
            Failed::Refused(error) => Refused::Metadata(error),
            broken @ Failed::NoFlow(_) => Refused::Broken(broken.to_string()),
            Failed::Full => Refused::Full,
            Failed::Store(error) => Refused::Internal(error.into()),
        }
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Refused {
        Refused::Internal(error.into())
    }
}

impl From<MetadataError> for Refused {
    fn from(error: MetadataError) -> Refused {
        Refused::Metadata(error)
    }
}

fn refusal(refused: Refused) -> Answer {
    let body = |error: &str, text: &str| json!({"error": error, "error_description": text});
    match refused {
        Refused::Metadata(error) => {
            http::private_json(StatusCode::BAD_REQUEST, &body(error.error(), &error.to_string()))
        }
        Refused::Token => {
            let text = "A token that may do this is missing, unknown or has ended.";
            let body = body("invalid_token", text);
            let mut answer = http::private_json(StatusCode::UNAUTHORIZED, &body);
            let challenge = HeaderValue::from_static(r#"Bearer error="invalid_token""#);
            answer.headers_mut().insert(WWW_AUTHENTICATE, challenge);
            answer
        }
        Refused::Scope => {
            let text = "The account of this token may not add providers and applications.";
            http::private_json(StatusCode::FORBIDDEN, &body("insufficient_scope", text))
        }
        Refused::TooMany => {
            let text = "Too many clients were registered without a token; try again in an hour.";
            let body = body("temporarily_unavailable", text);
            let mut answer = http::private_json(StatusCode::TOO_MANY_REQUESTS, &body);
            answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(HOUR));
            answer
        }
        Refused::Full => {
            let text = "No more clients can be registered without a token. An administrator can delete some that nobody needs, or raise oauth2.registration_limit.";
            http::private_json(StatusCode::FORBIDDEN, &body("access_denied", text))
        }
        Refused::Internal(error) => http::internal(&error),
        Refused::Broken(text) => {
            log_failure(&text, false, "");
            let told = "The server is not set up for this; its log says what is missing.";
            let body = body("server_error", told);
            http::private_json(StatusCode::INTERNAL_SERVER_ERROR, &body)
        }
    }
}

/// Where nobody may register there is nothing.
fn absent() -> Answer {
    let text =
        "Clients do not register themselves here. The setting oauth2.registration allows it.";
    let body = json!({"error": "access_denied", "error_description": text});
    http::private_json(StatusCode::NOT_FOUND, &body)
}

pub(crate) async fn register(service: &Service, parts: &Parts, body: &Bytes) -> Answer {
    if service.registration.who == Registrants::Nobody {
        return absent();
    }
    let request = RequestInfo::of(parts);
    make(service, &request, parts, body).await.unwrap_or_else(refusal)
}

async fn make(
    service: &Service,
    request: &RequestInfo,
    parts: &Parts,
    body: &Bytes,
) -> Result<Answer, Refused> {
    let caller = registrant(service, request, parts).await?;
    let vouched = caller.user.is_some();
    let metadata = read(service, parts, body, vouched)?;
    let token = service.cx.entropy.token(TOKEN);
    let (rules, kept, wanted) = (service.registration.clone(), token.clone(), metadata.clone());
    let (actor, user) = (service.cx.actor(&caller, request), caller.pk());
    let work = move |tx: &mut Tx<'_>| store::make(tx, &wanted, &rules, &kept, user);
    let made = service.cx.store.write(actor, "a client registered itself", work).await?;
    let known = Known {
        provider: made.provider,
        application: uuid::Uuid::nil(),
        created: made.created,
        token_hash: sha256(&token),
        told: metadata.told,
        user,
    };
    let told = described(service, request, &known, &token)?;
    Ok(http::private_json(StatusCode::CREATED, &told))
}

/// Who registers a client.
async fn registrant(
    service: &Service,
    request: &RequestInfo,
    parts: &Parts,
) -> Result<Caller, Refused> {
    // A browser's session counts for nothing here: another site could make it register.
    if bearer(parts).is_none() {
        if service.registration.who != Registrants::Anybody {
            return Err(Refused::Token);
        }
        let ephemeral = service.cx.store.ephemeral();
        let address = subscriber(request.client_ip).to_string();
        let of_address = ephemeral.add("oauth2.registrations", &address, 1, HOUR).await;
        if of_address > MOST_OF_ADDRESS
            || ephemeral.add("oauth2.registrations", "all", 1, HOUR).await > MOST
        {
            return Err(Refused::TooMany);
        }
        return Ok(Caller::nobody());
    }
    let caller = caller(&service.cx, &parts.headers, request, false).await;
    let caller = caller.map_err(|_| Refused::Token)?;
    if may_register(service, &caller) { Ok(caller) } else { Err(Refused::Scope) }
}

/// Whether somebody who may set up clients stands for one that registered itself, still.
async fn vouches(service: &Service, user: Option<i64>) -> Result<bool, Refused> {
    let Some(user) = user else { return Ok(false) };
    let Some(person) = service.person(user).await? else { return Ok(false) };
    let caller = Caller { user: Some(person.identity.clone()), ..Caller::nobody() };
    Ok(person.identity.is_active && may_register(service, &caller))
}

fn may_register(service: &Service, caller: &Caller) -> bool {
    let snapshot = service.cx.snapshot();
    let needed = [Permission::add(OAuth2Provider::META), Permission::add(Application::META)];
    needed.into_iter().all(|one| caller.rights(&snapshot).hold(one))
}

fn bearer(parts: &Parts) -> Option<&str> {
    http::authorization(&parts.headers).and_then(|header| after_scheme(header, "bearer"))
}

fn read(
    service: &Service,
    parts: &Parts,
    body: &Bytes,
    vouched: bool,
) -> Result<metadata::Metadata, Refused> {
    let kind = http::text(&parts.headers, CONTENT_TYPE).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") || body.len() > LARGEST {
        let text = "Metadata are sent as application/json, at most 64 KiB.".to_owned();
        return Err(MetadataError::Metadata(text).into());
    }
    let allowed = Allowed { hosts: &service.registration.hosts, vouched };
    Ok(metadata::read(body, allowed)?)
}

/// A client looks at, changes or ends its own registration (RFC 7592 2).
pub(crate) async fn manage(
    service: &Service,
    parts: &Parts,
    body: &Bytes,
    client_id: &str,
) -> Answer {
    if service.registration.who == Registrants::Nobody {
        return absent();
    }
    let request = RequestInfo::of(parts);
    managed(service, &request, parts, body, client_id).await.unwrap_or_else(refusal)
}

async fn managed(
    service: &Service,
    request: &RequestInfo,
    parts: &Parts,
    body: &Bytes,
    client_id: &str,
) -> Result<Answer, Refused> {
    let token = bearer(parts).ok_or(Refused::Token)?;
    let provider = Provider::by_client_id(&service.cx.snapshot(), [client_id]);
    let number = provider.as_ref().map_or(0, Provider::id);
    let known = service.cx.store.look_up(move |sql| store::find(sql, number)).await?;
    let proven = |known: &Known| bool::from(known.token_hash.ct_eq(&sha256(token)));
    let known = known.filter(proven).ok_or(Refused::Token)?;
    let actor = service.cx.actor(&Caller::nobody(), request);
    match parts.method {
        Method::PUT => {
            let provider = provider.ok_or(Refused::Token)?;
            own_members(&provider, body)?;
            let vouched = vouches(service, known.user).await?;
            let metadata = read(service, parts, body, vouched)?;
            let allowed = Allowed { hosts: &[], vouched: true };
            let before = metadata::read(json!(known.told).to_string().as_bytes(), allowed)?;
            let (changed, told) = (known.clone(), metadata.told.clone());
            let work = move |tx: &mut Tx<'_>| store::change(tx, &changed, &before, &metadata);
            service.cx.store.write(actor, "a client changed its registration", work).await?;
            let known = Known { told, ..known };
            let told = described(service, request, &known, token)?;
            Ok(http::private_json(StatusCode::OK, &told))
        }
        Method::DELETE => {
            let work = move |tx: &mut Tx<'_>| store::remove(tx, &known);
            service.cx.store.write(actor, "a client ended its registration", work).await?;
            let mut answer = Answer::default();
            *answer.status_mut() = StatusCode::NO_CONTENT;
            Ok(answer)
        }
        _ => {
            let told = described(service, request, &known, token)?;
            Ok(http::private_json(StatusCode::OK, &told))
        }
    }
}

/// What a change must and must not name (RFC 7592 2.2): the client itself, its present secret at
/// most, and nothing that is the server's.
fn own_members(provider: &Provider, body: &Bytes) -> Result<(), MetadataError> {
    let wrong = |text: &str| Err(MetadataError::Metadata(text.to_owned()));
    let map: Map<String, Value> = serde_json::from_slice(body).unwrap_or_default();
    if map.get("client_id").and_then(Value::as_str) != Some(&provider.client.id) {
        return wrong("client_id has to be that of the client.");
    }
    let secret = map.get("client_secret").filter(|secret| !secret.is_null());
    if let Some(secret) = secret
        && !provider.client.secret_matches(secret.as_str())
    {
        return wrong("A client does not choose its secret.");
    }
    const SERVERS: [&str; 4] = [
        "registration_access_token",
        "registration_client_uri",
        "client_secret_expires_at",
        "client_id_issued_at",
    ];
    match SERVERS.iter().find(|name| map.contains_key(**name)) {
        Some(name) => wrong(&format!("{name} is the server's to say.")),
        None => Ok(()),
    }
}

/// A registration as it is in effect (RFC 7591 3.2.1): what the provider does, whoever set it. The
/// token is the one that was sent; only its hash is kept.
fn described(
    service: &Service,
    request: &RequestInfo,
    known: &Known,
    token: &str,
) -> Result<Value, Refused> {
    let reference = crate::provider::numbered(known.provider);
    let provider = Provider::by_reference(&service.cx.snapshot(), reference);
    let provider = provider.ok_or(Refused::Token)?;
    let (client, settings) = (&provider.client, &provider.settings);
    let mut told = known.told.clone();
    let addresses: Vec<&str> = client.redirect_uris.iter().map(|uri| uri.url.as_str()).collect();
    let origin = service.origin(request);
    let address = format!("{origin}/application/o/register/{}/", client.id);
    let public = client.kind == ClientType::Public;
    for (name, value) in [
        ("client_id", json!(client.id)),
        ("client_id_issued_at", json!(known.created.seconds())),
        ("registration_access_token", json!(token)),
        ("registration_client_uri", json!(address)),
        ("redirect_uris", json!(addresses)),
        ("scope", json!(client.scopes.to_string())),
        ("subject_type", json!("public")),
    ] {
        told.insert(name.to_owned(), value);
    }
    if let Some((_, application)) = &provider.application {
        told.insert("client_name".to_owned(), application.name.clone().into());
        if known.user.is_some() && !application.meta_launch_url.is_empty() {
            told.insert("client_uri".to_owned(), application.meta_launch_url.to_string().into());
        }
    }
    if !settings.post_logout_redirect_uris.is_empty() {
        let uris = json!(settings.post_logout_redirect_uris);
        told.insert("post_logout_redirect_uris".to_owned(), uris);
    }
    if !public && !settings.token_endpoint_auth_method.is_some_and(AuthMethod::is_fapi2) {
        told.insert("client_secret".to_owned(), client.secret.expose().into());
        told.insert("client_secret_expires_at".to_owned(), 0.into());
    }
    Ok(Value::Object(told))
}
