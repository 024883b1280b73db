//! Tokens for machines: the client itself, an account with an app password, or whoever holds a
//! trusted token.
//!
//! The account is checked before anything is made: active, and let in by the application's
//! policies. The password of a person is never accepted here.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use countersign_core::Identity;
use countersign_directory::audit_account;
use countersign_events::{Event, emit};
use countersign_store::{ActorUser, Sql, StoreError, Tx, params, sha256};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::token::{Exchange, Failed};
use crate::access;
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

/// The account through which a client acts for itself. It is the provider's by the provider's
/// number: two clients never share one, and nobody gets one by taking its name.
#[derive(Debug, Clone)]
struct Account {
    provider: i64,
    username: String,
    name: String,
    path: String,
}

/// Where such accounts are kept, one folder for each application.
const PATH: &str = "goauthentik.io/apps/";

impl Account {
    fn of(provider: &Provider) -> Option<Account> {
        let (_, application) = provider.application.as_ref()?;
        let name: String = provider.settings.name.chars().take(128).collect();
        Some(Account {
            provider: provider.id(),
            username: format!("ak-{name}-client_credentials"),
            name: format!(
                "Autogenerated user from application {} (client credentials)",
                application.name
            ),
            path: format!("{PATH}{}", &*application.slug),
        })
    }

    fn attributes() -> Value {
        json!({"goauthentik.io/user/generated": true})
    }

    /// As policies see it before it is there.
    fn future(&self, now: countersign_model::Timestamp) -> Identity {
        Identity {
            pk: 0,
            uuid: Uuid::nil(),
            username: self.username.clone(),
            name: self.name.clone(),
            email: String::new(),
            is_active: true,
            user_type: "service_account".to_owned(),
            path: self.path.clone(),
            attributes: Account::attributes(),
            date_joined: now,
            last_login: None,
            password_change_date: now,
            has_usable_password: false,
            groups: Vec::new(),
        }
    }

    /// The provider's account; else one of before accounts were linked to providers, made under
    /// this name by a server and not yet another provider's.
    fn find(&self, sql: &mut Sql<'_>) -> Result<Option<Identity>, StoreError> {
        if let Some(row) = sql.query_one(
            "SELECT user_id FROM client_account WHERE provider_id = $1",
            params![self.provider],
        )? {
            return countersign_accounts::identity(sql, row.get(0)?);
        }
        let unlinked = "SELECT id FROM users WHERE username_fold = $1 AND id NOT IN (SELECT user_id FROM client_account)";
        let Some(row) = sql.query_one(unlinked, params![self.username.to_lowercase()])? else {
            return Ok(None);
        };
        let found = countersign_accounts::identity(sql, row.get(0)?)?;
        let generated = |user: &Identity| {
            user.attributes.get("goauthentik.io/user/generated") == Some(&Value::Bool(true))
        };
        Ok(found.filter(|user| {
            user.user_type == "service_account" && user.path.starts_with(PATH) && generated(user)
        }))
    }

    /// Notes a sign-in of the account; makes it, or brings its names up to date, where that is
    /// needed. Gives its key.
    fn save(&self, tx: &mut Tx<'_>) -> Result<i64, StoreError> {
        let now = tx.now();
        let unchanged = "UPDATE users SET last_login = $4 WHERE id = (SELECT user_id FROM client_account WHERE provider_id = $1) AND name = $2 AND path = $3 RETURNING id";
        if let Some(row) =
            tx.query_one(unchanged, params![self.provider, &self.name, &self.path, now])?
        {
            return row.get(0);
        }
        let user = match self.find(tx)? {
            Some(user) => {
                let update = "UPDATE users SET name = $2, path = $3, last_login = $4 WHERE id = $1";
                tx.execute(update, params![user.pk, &self.name, &self.path, now])?;
                let diff: Map<String, Value> =
                    [("name", &user.name, &self.name), ("path", &user.path, &self.path)]
                        .into_iter()
                        .filter(|(_, was, is)| was != is)
                        .map(|(field, was, is)| {
                            (field.to_owned(), json!({"previous_value": was, "new_value": is}))
                        })
                        .collect();
                if !diff.is_empty() {
                    let account = user.as_actor();
                    audit_account(tx, "model_updated", &account, Some(Value::Object(diff)))?;
                }
                user.pk
            }
            None => self.make(tx)?,
        };
        let link = "INSERT INTO client_account (provider_id, user_id) VALUES ($1, $2) ON CONFLICT (provider_id) DO NOTHING";
        tx.execute(link, params![self.provider, user])?;
        Ok(user)
    }

    fn make(&self, tx: &mut Tx<'_>) -> Result<i64, StoreError> {
        let (now, uuid, unusable) =
            (tx.now(), tx.entropy().uuid(), format!("!{}", tx.entropy().token(40)));
        let username = self.free_name(tx)?;
        let row = tx.query_one(
            "INSERT INTO users (uuid, username, username_fold, name, email, email_fold, password, password_changed, is_active, last_login, joined, path, type, attributes) \
             VALUES ($1, $2, $3, $4, '', '', $5, $6, 1, $6, $6, $7, 'service_account', $8) RETURNING id",
            params![uuid, &username, username.to_lowercase(), &self.name, unusable, now, &self.path, Account::attributes()],
        )?;
        let row = row.ok_or_else(|| StoreError::Database("an account was not made".to_owned()))?;
        let pk = row.get(0)?;
        audit_account(
            tx,
            "model_created",
            &ActorUser { pk, username, email: String::new() },
            None,
        )?;
        Ok(pk)
    }

    /// The account's name, with the provider's number where somebody else bears it.
    fn free_name(&self, tx: &mut Tx<'_>) -> Result<String, StoreError> {
        let mut name = self.username.clone();
        let mut number = self.provider.to_string();
        while tx
            .query_one(
                "SELECT 1 FROM users WHERE username_fold = $1",
                params![name.to_lowercase()],
            )?
            .is_some()
        {
            name = format!("{}-{number}", self.username);
            number = format!("{}-{}", self.provider, tx.entropy().token(6));
        }
        Ok(name)
    }
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
