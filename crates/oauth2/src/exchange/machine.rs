//! Tokens for machines: the client itself, an account with an app password, or whoever holds a
//! trusted token.
//!
//! The account is checked before anything is made: active, and let in by the application's
//! policies. The password of a person is never accepted here.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use countersign_events::{Event, emit};
use countersign_policy::ProtocolRequest;
use countersign_store::{StoreError, Tx, params, sha256};
use serde_json::{Value, json};

use super::{Exchange, Failed, Form, Grant};
use crate::access;
use crate::client::AuthMethod;
use crate::client_account::Account;
use crate::decide::token::{Proof, resources};
use crate::grants::{self, SignIn};
use crate::jose;
use crate::provider::Provider;
use crate::service::{EVENTS, Issue, Origin, Person};
use crate::wire::client_auth::JWT_BEARER;
use crate::wire::{GrantType, Scopes, TokenError};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Machine {
    pub(crate) grant_type: GrantType,
    pub(crate) credential: Credential,
    pub(crate) scopes: Scopes,
    pub(crate) resources: Vec<String>,
}

/// How a machine proves who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Credential {
    /// A token signed by somebody the provider trusts.
    Assertion {
        kind: String,
        assertion: Option<String>,
    },
    AppPassword {
        username: String,
        password: String,
    },
    /// The client's secret, or a user name and an app password in its place.
    Secret,
}

/// Who acts, and how they proved it (for the event).
struct Authenticated {
    person: Person,
    method: &'static str,
    args: Value,
}

/// What a machine gets tokens for.
pub(crate) struct Good {
    found: Authenticated,
    /// The client's own account, which is brought up to date, or made at its first use.
    account: Option<Account>,
    scopes: Scopes,
    resources: Vec<String>,
}

impl Grant for Machine {
    const PARAMETERS: &'static [&'static str] =
        &["scope", "client_assertion_type", "client_assertion", "username", "password"];
    const PROOF: Proof = Proof::Own;
    type Granted = Good;

    fn parse(form: &Form<'_>) -> Result<Machine, TokenError> {
        let credential = match (form.some("client_assertion_type"), form.some("username")) {
            (Some(kind), _) => {
                Credential::Assertion { kind, assertion: form.some("client_assertion") }
            }
            (None, Some(username)) => {
                Credential::AppPassword { username, password: form.text("password").to_owned() }
            }
            (None, None) => Credential::Secret,
        };
        let scopes = Scopes::parse(form.text("scope"));
        let resources = form.resources();
        Ok(Machine { grant_type: form.grant_type, credential, scopes, resources })
    }

    async fn decide(&self, exchange: &Exchange<'_>) -> Result<Good, Failed> {
        let scopes = self.scopes.granted_from(&exchange.provider.client.scopes);
        let account = Account::of(exchange.provider).ok_or(TokenError::ApplicationMissing)?;
        let client = &exchange.provider.client;
        let resources = resources(client, &self.resources, &[])?;
        let own_assertion = client.auth_method.is_some_and(AuthMethod::is_assertion);
        let found = match &self.credential {
            Credential::Assertion { kind, assertion } if !own_assertion => {
                let protocol = access::exchanging(self.grant_type.as_str(), &scopes);
                by_assertion(exchange, kind, assertion.clone(), &protocol).await?
            }
            Credential::AppPassword { username, password } => {
                by_app_password(exchange, username, password).await?
            }
            Credential::Secret | Credential::Assertion { .. } if exchange.proven => {
                let person = own(exchange, &account).await?;
                check(exchange, &person, self.grant_type, &scopes).await?;
                let found =
                    Authenticated { person, method: "oauth_client_secret", args: json!({}) };
                return Ok(Good { found, account: Some(account), scopes, resources });
            }
            Credential::Assertion { .. } => return Err(TokenError::ClientSecretWrong.into()),
            Credential::Secret => {
                let found = exchange.credentials.secrets().find_map(app_password_in);
                let (username, password) = found.ok_or(TokenError::AppPasswordWrong)?;
                by_app_password(exchange, &username, &password).await?
            }
        };
        check(exchange, &found.person, self.grant_type, &scopes).await?;
        Ok(Good { found, account: None, scopes, resources })
    }

    async fn fulfil(exchange: &Exchange<'_>, good: Good) -> Result<Value, Failed> {
        let Good { mut found, account, scopes, resources } = good;
        // Tokens are for an account that is there.
        if let Some(fresh) = account.clone().filter(|_| found.person.identity.pk == 0) {
            let service = exchange.service;
            let (actor, why) = (exchange.actor.clone(), "account of a client");
            let user = service.cx.store.write(actor, why, move |tx| fresh.save(tx)).await?;
            found.person = service.person(user).await?.ok_or(TokenError::UserInactive)?;
        }
        issue(exchange, found, account, scopes, resources).await
    }
}

async fn check(
    exchange: &Exchange<'_>,
    person: &Person,
    grant_type: GrantType,
    scopes: &Scopes,
) -> Result<(), Failed> {
    if !person.identity.is_active {
        return Err(TokenError::UserInactive.into());
    }
    let protocol = access::exchanging(grant_type.as_str(), scopes);
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
    resources: Vec<String>,
) -> Result<Value, Failed> {
    let service = exchange.service;
    let origin = Origin {
        scopes,
        sign_in: SignIn::at(service.now()),
        session: None,
        family: service.cx.entropy.uuid_at(service.now()),
        resources,
        binding: exchange.binding(),
    };
    let mut actor = exchange.actor.clone();
    actor.user = Some(found.person.actor());
    let mint = service
        .mint(Issue {
            provider: exchange.provider,
            person: &found.person,
            origin: &origin,
            code: None,
            alone: false,
            request: exchange.request,
            actor: &actor,
        })
        .await?;
    let access = mint.access_token()?;
    let (access_token, id_token) = (access.value.clone(), mint.id_token(Some(&access))?);
    let (expires_in, token_type) = (mint.expires_in, mint.token_type());
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
        "token_type": token_type,
        "scope": origin.scopes.to_string(),
        "expires_in": expires_in,
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
    protocol: &ProtocolRequest<'_>,
) -> Result<Authenticated, Failed> {
    let assertion = assertion.unwrap_or_else(|| exchange.credentials.secret().to_owned());
    if kind != JWT_BEARER || assertion.is_empty() {
        return Err(TokenError::AssertionInvalid.into());
    }
    let (text, now) = (assertion.clone(), exchange.service.now());
    let found =
        exchange.service.issued(move |sql| grants::find_access_token(sql, &text, now)).await?;
    // One that is bound opens nothing without its proof, and an assertion has none
    // (RFC 9449 7.1, RFC 8705 3).
    let alive = found.filter(|(t, _)| {
        !t.revoked
            && t.session_alive
            && t.expires > exchange.service.now()
            && t.data.binding.is_none()
    });
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
    // The token was for the application of its issuer: who may no longer open that opens nothing
    // with it here.
    let Exchange { service, request, .. } = *exchange;
    if !access::is_allowed(service, &issuer, &person, request, protocol).await? {
        return Err(TokenError::AssertionInvalid.into());
    }
    Ok(Authenticated {
        person,
        method: "jwt",
        args: json!({"jwt": claims, "provider": issuer.reference_json()}),
    })
}

/// The client itself: its account, or as it will be from its first use on.
async fn own(exchange: &Exchange<'_>, account: &Account) -> Result<Person, Failed> {
    let service = exchange.service;
    let known = account.clone();
    let existing = service.cx.store.look_up(move |sql| known.find(sql)).await?;
    let identity = existing.unwrap_or_else(|| account.future(service.now()));
    Ok(service.person_of(Arc::new(identity)))
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
