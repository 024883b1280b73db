//! Tokens for machines: the client itself, an account with an app password, or whoever holds a
//! trusted token.
//!
//! The account is checked before anything is made: active, and let in by the application's
//! policies. The password of a person is never accepted here.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use countersign_events::{Event, emit};
use countersign_store::{StoreError, Tx, params, sha256};
use serde_json::{Value, json};

use super::token::{Exchange, Failed};
use crate::access;
use crate::client_account::Account;
use crate::grants::{self, SignIn};
use crate::jose;
use crate::provider::Provider;
use crate::service::{EVENTS, Origin, Person};
use crate::wire::token::{JWT_BEARER, Machine};
use crate::wire::{Params, Scopes, TokenError};

/// Who acts, and how they proved it (for the event).
struct Authenticated {
    person: Person,
    method: &'static str,
    args: Value,
}

pub(crate) async fn exchange(
    exchange: &Exchange<'_>,
    params: &Params,
    credential: Machine,
    asked: &Scopes,
) -> Result<Value, Failed> {
    let grant_type = params.one("grant_type").unwrap_or_default();
    let scopes = asked.granted_from(&exchange.provider.client.scopes);
    if exchange.provider.application.is_none() {
        return Err(TokenError::ApplicationMissing.into());
    }
    let found = match credential {
        Machine::Assertion { kind, assertion } => by_assertion(exchange, &kind, assertion).await?,
        Machine::AppPassword { username, password } => {
            by_app_password(exchange, &username, &password).await?
        }
        Machine::Secret
            if exchange.provider.client.secret_matches(exchange.credentials.secrets()) =>
        {
            return by_secret(exchange, grant_type, &scopes).await;
        }
        Machine::Secret => {
            let found = exchange.credentials.secrets().find_map(app_password_in);
            let (username, password) = found.ok_or(TokenError::AppPasswordWrong)?;
            by_app_password(exchange, &username, &password).await?
        }
    };
    check(exchange, &found.person, grant_type, &scopes).await?;
    issue(exchange, found, None, scopes).await
}

async fn check(
    exchange: &Exchange<'_>,
    person: &Person,
    grant_type: &str,
    scopes: &Scopes,
) -> Result<(), Failed> {
    if !person.identity.is_active {
        return Err(TokenError::UserInactive.into());
    }
    let protocol = access::exchanging(grant_type, scopes);
    let allowed = access::is_allowed(
        exchange.service,
        exchange.provider,
        person,
        exchange.request,
        &protocol,
    )
    .await?;
    if allowed { Ok(()) } else { Err(TokenError::PolicyDenied.into()) }
}

/// Signs the tokens, then stores them with the account they are for and the event that tells of
/// them, in one transaction.
async fn issue(
    exchange: &Exchange<'_>,
    found: Authenticated,
    account: Option<Account>,
    scopes: Scopes,
) -> Result<Value, Failed> {
    let service = exchange.service;
    let origin = Origin {
        scopes,
        sign_in: SignIn { auth_time: service.now(), amr: Vec::new(), nonce: None },
        session: None,
        family: service.cx.entropy.uuid_at(service.now()),
    };
    let mut actor = exchange.actor.clone();
    actor.user = Some(found.person.actor());
    let mint = service
        .mint(exchange.provider, &found.person, &origin, None, exchange.request, &actor)
        .await?;
    let access = mint.access_token()?;
    let (access_token, id_token) = (access.value.clone(), mint.id_token(Some(&access))?);
    let application = exchange.provider.application_json();
    let context = json!({"auth_method": found.method, "auth_method_args": found.args, "application": application});
    let event = Event::new("login", EVENTS, context);
    let store = move |tx: &mut Tx<'_>| {
        if let Some(account) = &account {
            account.save(tx)?;
        }
        grants::insert_access_token(tx, &access)?;
        emit(tx, event.clone()).map(|_| ())
    };
    service.cx.store.write(actor, "tokens for a machine", store).await?;
    Ok(json!({
        "access_token": access_token,
        "token_type": "Bearer",
        "scope": origin.scopes.to_string(),
        "expires_in": mint.expires_in,
        "id_token": id_token,
    }))
}

/// `username:token` in base64, sent in place of the client's secret.
fn app_password_in(secret: &str) -> Option<(String, String)> {
    let bytes = STANDARD.decode(secret).or_else(|_| STANDARD_NO_PAD.decode(secret)).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (username, password) = text.split_once(':')?;
    (!username.is_empty() && !password.is_empty())
        .then(|| (username.to_owned(), password.to_owned()))
}

async fn by_app_password(
    exchange: &Exchange<'_>,
    username: &str,
    password: &str,
) -> Result<Authenticated, Failed> {
    let (name, hash, now) = (username.to_owned(), sha256(password), exchange.service.now());
    let found = exchange.service.cx.store.look_up(move |sql| {
        let row = sql.query_one(
            "SELECT u.id, t.identifier FROM token t JOIN users u ON u.id = t.user_id \
             WHERE t.key_hash = $1 AND t.intent = 'app_password' AND (t.expiring = 0 OR t.expires > $2) AND u.username = $3",
            params![hash, now, name],
        )?;
        row.map(|row| Ok::<(i64, String), StoreError>((row.get(0)?, row.get(1)?))).transpose()
    });
    let (user, identifier) = found.await?.ok_or(TokenError::AppPasswordWrong)?;
    let person = exchange.service.person(user).await?.ok_or(TokenError::AppPasswordWrong)?;
    Ok(Authenticated { person, method: "token", args: json!({"identifier": identifier}) })
}

/// An access token of a provider this one trusts stands for its user.
async fn by_assertion(
    exchange: &Exchange<'_>,
    kind: &str,
    assertion: Option<String>,
) -> Result<Authenticated, Failed> {
    let assertion = assertion.unwrap_or_else(|| exchange.credentials.secret().to_owned());
    if kind != JWT_BEARER || assertion.is_empty() {
        return Err(TokenError::AssertionInvalid.into());
    }
    let (text, now) = (assertion.clone(), exchange.service.now());
    let found =
        exchange.service.issued(move |sql| grants::find_access_token(sql, &text, now)).await?;
    let alive =
        found.filter(|(t, _)| !t.revoked && t.session_alive && t.expires > exchange.service.now());
    let (token, person) = alive.ok_or(TokenError::AssertionInvalid)?;
    let trusted = &exchange.provider.settings.jwt_federation_providers;
    let issuer = trusted
        .iter()
        .find(|p| p.key().int() == Some(token.provider))
        .ok_or(TokenError::AssertionInvalid)?;
    let issuer = Provider::by_reference(&exchange.provider.snapshot, issuer.cast())
        .ok_or(TokenError::AssertionInvalid)?;
    let keys = exchange.service.keys(&issuer).await?;
    // A shared secret proves nothing about who signed.
    let claims = match jose::verify(&assertion, &keys.signing) {
        Ok(claims) if keys.signing.algorithm() != jose::Algorithm::Hs256 => claims,
        _ => return Err(TokenError::AssertionInvalid.into()),
    };
    let person = person.ok_or(TokenError::AssertionInvalid)?;
    Ok(Authenticated {
        person,
        method: "jwt",
        args: json!({"jwt": claims, "provider": issuer.reference_json()}),
    })
}

/// The client itself: an account made for it, at its first use.
async fn by_secret(
    exchange: &Exchange<'_>,
    grant_type: &str,
    scopes: &Scopes,
) -> Result<Value, Failed> {
    let service = exchange.service;
    let account = Account::of(exchange.provider).ok_or(TokenError::ApplicationMissing)?;
    let known = account.clone();
    let existing = service.cx.store.look_up(move |sql| known.find(sql));
    let person = match existing.await?.map(|identity| service.person_of(Arc::new(identity))) {
        Some(person) => {
            check(exchange, &person, grant_type, scopes).await?;
            person
        }
        None => {
            check(
                exchange,
                &service.person_of(Arc::new(account.future(service.now()))),
                grant_type,
                scopes,
            )
            .await?;
            let fresh = account.clone();
            let user = service
                .cx
                .store
                .write(exchange.actor.clone(), "account of a client", move |tx| fresh.save(tx))
                .await?;
            service.person(user).await?.ok_or(TokenError::UserInactive)?
        }
    };
    let found = Authenticated { person, method: "oauth_client_secret", args: json!({}) };
    issue(exchange, found, Some(account), scopes.clone()).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn app_passwords_in_place_of_a_secret() {
        let encoded = STANDARD.encode("svc:to:ken");
        assert_eq!(app_password_in(&encoded), Some(("svc".into(), "to:ken".into())));
        for wrong in [
            "",
            "wrong",
            "!!!",
            &STANDARD.encode("nocolon"),
            &STANDARD.encode(":x"),
            &STANDARD.encode([0xff, 0xfe]),
        ] {
            assert_eq!(app_password_in(wrong), None, "{wrong}");
        }
    }
}
