//! `/application/o/bc-authorize/`: an application asks to sign somebody in (CIBA Core 7).

use axum::http::StatusCode;
use countersign_core::{Caller, RequestInfo};
use countersign_directory::TooMany;
use countersign_model::Secret;
use countersign_store::Sql;
use serde_json::{Value, json};

use super::INTERVAL;
use super::store::{self, New};
use crate::access;
use crate::claims::{SubMode, hashed_user_id, is_access_token};
use crate::client::ClientType;
use crate::exchange::Failed;
use crate::logout_token::is_logout_token;
use crate::provider::Provider;
use crate::report::Cause;
use crate::routes::attempts::{Asked, too_many};
use crate::routes::http::{self, Answer};
use crate::service::{Internal, Person, Service};
use crate::wire::backchannel::{self as wire, BackchannelError, Hint};
use crate::wire::params::ParamsError;
use crate::wire::{GrantType, Scopes, TokenError};

const LENGTH: usize = 64;
/// Requests of one client in an hour, answered or not.
const MOST: i64 = 2_000;
const WINDOW: i64 = 3_600;
/// Hints of one client in an hour by which nobody may be asked: it is told so, and must not find out
/// by that who is here.
const MOST_UNKNOWN: i64 = 200;

/// Why nobody is asked.
enum Refused {
    Failed(Failed),
    Request(BackchannelError),
    TooMany(TooMany),
}

impl<E: Into<Failed>> From<E> for Refused {
    fn from(error: E) -> Refused {
        Refused::Failed(error.into())
    }
}

impl From<BackchannelError> for Refused {
    fn from(error: BackchannelError) -> Refused {
        Refused::Request(error)
    }
}

pub(crate) async fn authorize(
    service: &Service,
    request: &RequestInfo,
    asked: &Result<Asked, ParamsError>,
) -> Answer {
    let basic = asked.as_ref().is_ok_and(|asked| asked.credentials.basic);
    match begin(service, request, asked).await {
        Ok(begun) => http::private_json(StatusCode::OK, &begun),
        Err(Refused::TooMany(wait)) => too_many(wait),
        Err(Refused::Failed(Failed::Refused(error))) => http::token_error(error, basic),
        Err(Refused::Failed(Failed::Internal(error))) => http::internal(&error),
        Err(Refused::Request(error)) => {
            let client = asked.as_ref().ok().and_then(|asked| asked.provider.as_ref());
            let client = client.map(|provider| provider.client.id.as_str());
            tracing::info!(code = error.code(), client, "a backchannel request was refused");
            let body = json!({"error": error.error(), "error_description": error.text()});
            http::private_json(StatusCode::BAD_REQUEST, &body)
        }
    }
}

async fn begin(
    service: &Service,
    request: &RequestInfo,
    asked: &Result<Asked, ParamsError>,
) -> Result<Value, Refused> {
    let Ok(Asked { params, credentials, provider }) = asked else {
        return Err(TokenError::RequestMalformed.into());
    };
    let known = provider.as_ref().filter(|provider| provider.application.is_some());
    let provider = known.ok_or(TokenError::ClientUnknown)?;
    let client = &provider.client;
    if client.kind == ClientType::Public || !client.allows(GrantType::Backchannel) {
        return Err(TokenError::GrantTypeForbidden.into());
    }
    if !service.prove(provider, credentials, request).await? {
        return Err(TokenError::ClientSecretWrong.into());
    }
    let notified = !provider.settings.backchannel_client_notification_endpoint.is_empty();
    let wanted = wire::parse(params, notified)?;
    let key = provider.id().to_string();
    let begun = service.cx.store.ephemeral().add("oauth2.backchannel", &key, 1, WINDOW).await;
    if begun > MOST {
        return Err(Refused::TooMany(TooMany { seconds: WINDOW }));
    }
    let unknown =
        |more| service.cx.store.ephemeral().add("oauth2.backchannel.unknown", &key, more, WINDOW);
    if unknown(0).await >= MOST_UNKNOWN {
        return Err(Refused::TooMany(TooMany { seconds: WINDOW }));
    }
    let person = match &wanted.hint {
        Hint::Login(name) => by_name(service, name).await?,
        Hint::IdToken(token) => by_token(service, provider, request, token).await?,
    };
    let scopes = wanted.scopes.granted_from(&client.scopes);
    let person = match person {
        Some(person) if may_be_asked(service, provider, &person, request, &scopes).await? => person,
        _ => {
            unknown(1).await;
            return Err(BackchannelError::UserUnknown.into());
        }
    };
    let new = New {
        auth_req_id: service.cx.entropy.token(LENGTH),
        provider: provider.id(),
        user: person.identity.pk,
        scopes,
        message: wanted.message,
        seconds: wanted.seconds,
        notification_token: wanted.notification_token.map(|token| Secret::new(token.expose())),
    };
    let actor = service.cx.actor(&Caller::nobody(), request);
    let kept = new.clone();
    let stored = service
        .cx
        .store
        .write(actor.clone(), "somebody is asked by an application", move |tx| {
            store::insert(tx, &kept)
        })
        .await?;
    if let Err(seconds) = stored {
        let text = "An application asks one person to sign in more often than it may.";
        let context = json!({
            "message": text,
            "provider": provider.reference_json(),
            "rule": "oauth2.backchannel.too_many",
        });
        let cause = Cause::new(Some(provider), "oauth2.backchannel.too_many").of_account(new.user);
        service.report(cause, "suspicious_request", context, actor).await;
        return Err(Refused::TooMany(TooMany { seconds }));
    }
    Ok(json!({
        "auth_req_id": new.auth_req_id,
        "expires_in": new.seconds,
        "interval": INTERVAL,
    }))
}

/// Whether somebody is there who could say yes: no account of a program, and nobody whom the
/// application's policies shut out.
async fn may_be_asked(
    service: &Service,
    provider: &Provider,
    person: &Person,
    request: &RequestInfo,
    scopes: &Scopes,
) -> Result<bool, Internal> {
    if person.identity.user_type.ends_with("service_account") {
        return Ok(false);
    }
    let protocol = access::exchanging(GrantType::Backchannel.as_str(), scopes);
    Ok(access::is_allowed(service, provider, person, request, &protocol).await?)
}

async fn by_name(service: &Service, name: &str) -> Result<Option<Person>, Internal> {
    let name = name.to_owned();
    let found = service.cx.store.look_up(move |sql| store::named(sql, &name)).await?;
    match found {
        Some(user) => Ok(service.person(user).await?),
        None => Ok(None),
    }
}

/// The person of an ID token that this provider gave this client; it may have expired.
async fn by_token(
    service: &Service,
    provider: &Provider,
    request: &RequestInfo,
    token: &str,
) -> Result<Option<Person>, Refused> {
    let read = service.own_token(provider, token).await?;
    let claims = read.map_err(|_| BackchannelError::HintInvalid)?;
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let own = |value: &Value| value.as_str() == Some(provider.client.id.as_str());
    let aud = claims
        .get("aud")
        .is_some_and(|aud| own(aud) || aud.as_array().is_some_and(|list| list.iter().any(own)));
    let issuer = provider.issuer(&service.origin(request));
    if !aud
        || text("iss").map(str::to_owned) != issuer
        || is_access_token(&claims)
        || is_logout_token(&claims)
    {
        return Err(BackchannelError::HintInvalid.into());
    }
    let sub = text("sub").ok_or(BackchannelError::HintInvalid)?.to_owned();
    let (mode, installation) = (provider.settings.sub_mode, service.cx.install_id.clone());
    let wanted = sub.clone();
    let found =
        service.cx.store.look_up(move |sql| by_subject(sql, mode, &wanted, &installation)).await?;
    let Some(user) = found else { return Ok(None) };
    let person = service.person(user).await?;
    // What is found by a part of it is who it is by all of it.
    Ok(person.filter(|person| service.sub(provider, person) == sub))
}

/// The account that may have a subject.
fn by_subject(
    sql: &mut Sql<'_>,
    mode: SubMode,
    sub: &str,
    installation: &str,
) -> Result<Option<i64>, countersign_store::StoreError> {
    use countersign_store::params;
    let row = match mode {
        SubMode::UserId => return Ok(sub.parse().ok()),
        SubMode::UserUuid => {
            let Ok(uuid) = uuid::Uuid::parse_str(sub) else { return Ok(None) };
            sql.query_one("SELECT id FROM users WHERE uuid = $1", params![uuid])?
        }
        SubMode::UserUsername => {
            sql.query_one("SELECT id FROM users WHERE username = $1", params![sub])?
        }
        SubMode::UserEmail => {
            let by_email = "SELECT id FROM users WHERE email_fold = $1 ORDER BY id LIMIT 1";
            sql.query_one(by_email, params![sub.to_lowercase()])?
        }
        SubMode::UserUpn => {
            let by_upn = "SELECT id FROM users WHERE upn_fold = LOWER($1) ORDER BY id LIMIT 1";
            sql.query_one(by_upn, params![sub])?
        }
        SubMode::HashedUserId => None,
    };
    if let Some(row) = row {
        return row.get(0).map(Some);
    }
    // A hash tells whose it is to whoever makes that of each; an account without what the mode
    // wants has one as well.
    for row in sql.query("SELECT id FROM users WHERE is_active = 1", params![])? {
        let id = row.get::<i64>(0)?;
        if hashed_user_id(id, installation) == sub {
            return Ok(Some(id));
        }
    }
    Ok(None)
}
