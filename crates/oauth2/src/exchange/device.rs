//! Codes of devices: a device asks for tokens until its person has answered (RFC 8628 3.4).

use countersign_store::{StoreError, Tx};
use serde_json::Value;

use super::approved::{Approved, pause};
use super::{Exchange, Failed, Form, Grant};
use crate::decide::device::redeem_device;
use crate::device::store::{self, Found};
use crate::wire::{GrantType, TokenError};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Device {
    pub(crate) code: String,
    pub(crate) resources: Vec<String>,
}

/// A code that its person has allowed.
pub(crate) struct Allowed {
    hash: [u8; 32],
    approved: Approved,
}

impl Grant for Device {
    const PARAMETERS: &'static [&'static str] = &["device_code"];
    type Granted = Allowed;

    fn parse(form: &Form<'_>) -> Result<Device, TokenError> {
        Ok(Device { code: form.text("device_code").to_owned(), resources: form.resources() })
    }

    async fn decide(&self, exchange: &Exchange<'_>) -> Result<Allowed, Failed> {
        let Exchange { service, provider, .. } = *exchange;
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
        let approved = Approved::decide(
            exchange,
            GrantType::DeviceCode,
            (user, sign_in),
            &found.scopes,
            &self.resources,
        );
        Ok(Allowed { hash: found.hash, approved: approved.await? })
    }

    async fn fulfil(exchange: &Exchange<'_>, allowed: Allowed) -> Result<Value, Failed> {
        let Allowed { hash, approved } = allowed;
        let taken = move |tx: &mut Tx<'_>, now| store::take(tx, hash, now);
        approved.issue(exchange, "tokens for a device", taken).await
    }
}

/// Whoever waits has to keep a pause, which grows with each poll that comes too early.
async fn note_poll(
    exchange: &Exchange<'_>,
    error: TokenError,
    found: Option<Found>,
) -> Result<(), StoreError> {
    let Some(found) = found else { return Ok(()) };
    let Some(pause) = pause(error, found.facts.pause) else { return Ok(()) };
    let work = move |tx: &mut Tx<'_>| {
        let now = tx.now();
        store::note_poll(tx, found.hash, now, pause)
    };
    exchange.service.cx.store.write(exchange.actor.clone(), "a device asked", work).await
}
