//! Codes of devices: a device asks for tokens until its person has answered (RFC 8628 3.4).

use countersign_store::{StoreError, Tx};
use serde_json::{Value, json};

use super::{Exchange, Failed, Form, Grant};
use crate::access;
use crate::decide::device::redeem_device;
use crate::decide::token::resources;
use crate::device::store::{self, Found};
use crate::device::{LONGEST_PAUSE, SLOWER};
use crate::grants::{self, SignIn};
use crate::service::{Issue, Origin, Person};
use crate::wire::scope::OFFLINE_ACCESS;
use crate::wire::{GrantType, Scopes, TokenError};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Device {
    pub(crate) code: String,
    pub(crate) resources: Vec<String>,
}

/// A code that its person has allowed.
pub(crate) struct Allowed {
    hash: [u8; 32],
    person: Person,
    scopes: Scopes,
    sign_in: SignIn,
    resources: Vec<String>,
}

impl Grant for Device {
    const PARAMETERS: &'static [&'static str] = &["device_code"];
    type Granted = Allowed;

    fn parse(form: &Form<'_>) -> Result<Device, TokenError> {
        Ok(Device { code: form.text("device_code").to_owned(), resources: form.resources() })
    }

    async fn decide(&self, exchange: &Exchange<'_>) -> Result<Allowed, Failed> {
        let Exchange { service, provider, request, .. } = *exchange;
        let (text, now) = (self.code.clone(), service.now());
        let found =
            service.cx.store.look_up(move |sql| store::by_device_code(sql, &text, now)).await?;
        let facts = found.as_ref().map(|found| &found.facts);
        if let Err(error) = redeem_device(&provider.client, facts, now) {
            note_poll(exchange, error, found).await?;
            return Err(error.into());
        }
        let found = found.ok_or(TokenError::DeviceCodeUnknown)?;
        let (Some(user), Some(sign_in)) = (found.user, found.sign_in) else {
            return Err(TokenError::DeviceCodeUnknown.into());
        };
        let person = service.person(user).await?.ok_or(TokenError::UserInactive)?;
        // What is attached may have changed since the device asked.
        let scopes = found.scopes.granted_from(&provider.client.scopes);
        let protocol = access::exchanging(GrantType::DeviceCode.as_str(), &scopes);
        if !access::is_allowed(service, provider, &person, request, &protocol).await? {
            return Err(TokenError::PolicyDenied.into());
        }
        let resources = resources(&provider.client, &self.resources, &[])?;
        Ok(Allowed { hash: found.hash, person, scopes, sign_in, resources })
    }

    /// The tokens are of no session: what a device has outlives the browser it was allowed in.
    async fn fulfil(exchange: &Exchange<'_>, allowed: Allowed) -> Result<Value, Failed> {
        let (service, provider) = (exchange.service, exchange.provider);
        let Allowed { hash, person, scopes, sign_in, resources } = allowed;
        let family = service.cx.entropy.uuid_at(service.now());
        let binding = exchange.binding();
        let origin = Origin { scopes, sign_in, session: None, family, resources, binding };
        let mut actor = exchange.actor.clone();
        actor.user = Some(person.actor());
        let issue = Issue {
            provider,
            person: &person,
            origin: &origin,
            code: None,
            request: exchange.request,
            actor: &actor,
        };
        let mint = service.mint(issue).await?;
        let access = mint.access_token()?;
        let id_token = mint.id_token(Some(&access))?;
        let refresh = origin
            .scopes
            .contains(OFFLINE_ACCESS)
            .then(|| service.refresh_token(provider, &access, &origin.scopes, &origin));
        let mut answer = json!({
            "access_token": access.value,
            "token_type": mint.token_type(),
            "scope": origin.scopes.to_string(),
            "expires_in": mint.expires_in,
            "id_token": id_token,
        });
        if let (Some(token), Some(members)) = (&refresh, answer.as_object_mut()) {
            members.insert("refresh_token".into(), token.value.clone().into());
        }
        let taken = service.cx.store.write(actor.clone(), "tokens for a device", move |tx| {
            let now = tx.now();
            if !store::take(tx, hash, now)? {
                return Ok(false);
            }
            grants::insert_access_token(tx, &access)?;
            refresh.as_ref().map(|token| grants::insert_refresh_token(tx, token, 0)).transpose()?;
            Ok::<bool, StoreError>(true)
        });
        if taken.await? { Ok(answer) } else { Err(TokenError::DeviceCodeUsed.into()) }
    }
}

/// Whoever waits has to keep a pause, which grows with each poll that comes too early.
async fn note_poll(
    exchange: &Exchange<'_>,
    error: TokenError,
    found: Option<Found>,
) -> Result<(), StoreError> {
    let Some(found) = found else { return Ok(()) };
    let pause = match error {
        TokenError::DevicePending => found.facts.pause,
        TokenError::DeviceTooFast => (found.facts.pause + SLOWER).min(LONGEST_PAUSE),
        _ => return Ok(()),
    };
    let work = move |tx: &mut Tx<'_>| {
        let now = tx.now();
        store::note_poll(tx, found.hash, now, pause)
    };
    exchange.service.cx.store.write(exchange.actor.clone(), "a device asked", work).await
}
