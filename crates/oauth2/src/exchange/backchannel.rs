//! Requests to sign somebody in without a browser: an application asks for tokens until the person
//! has answered (CIBA Core 10.1, 11).

use countersign_store::{StoreError, Tx};
use serde_json::Value;

use super::approved::{Approved, pause};
use super::{Exchange, Failed, Form, Grant};
use crate::backchannel::store::{self, Found};
use crate::decide::device::redeem_device;
use crate::wire::{GrantType, TokenError};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Backchannel {
    pub(crate) auth_req_id: String,
    pub(crate) resources: Vec<String>,
}

/// A request that its person has allowed.
pub(crate) struct Allowed {
    hash: [u8; 32],
    approved: Approved,
}

impl Grant for Backchannel {
    const PARAMETERS: &'static [&'static str] = &["auth_req_id"];
    type Granted = Allowed;

    fn parse(form: &Form<'_>) -> Result<Backchannel, TokenError> {
        let auth_req_id = form.text("auth_req_id").to_owned();
        Ok(Backchannel { auth_req_id, resources: form.resources() })
    }

    async fn decide(&self, exchange: &Exchange<'_>) -> Result<Allowed, Failed> {
        let Exchange { service, provider, .. } = *exchange;
        let (text, now) = (self.auth_req_id.clone(), service.now());
        let found =
            service.cx.store.look_up(move |sql| store::by_auth_req_id(sql, &text, now)).await?;
        let facts = found.as_ref().map(|found| &found.facts);
        if let Err(error) = redeem_device(&provider.client, facts, now) {
            note_poll(exchange, error, found).await?;
            return Err(error.into());
        }
        let found = found.ok_or(TokenError::DeviceCodeUnknown)?;
        let sign_in = found.sign_in.ok_or(TokenError::DeviceCodeUnknown)?;
        let approved = Approved::decide(
            exchange,
            GrantType::Backchannel,
            (found.user, sign_in),
            &found.scopes,
            &self.resources,
        );
        Ok(Allowed { hash: found.hash, approved: approved.await? })
    }

    async fn fulfil(exchange: &Exchange<'_>, allowed: Allowed) -> Result<Value, Failed> {
        let Allowed { hash, approved } = allowed;
        let taken = move |tx: &mut Tx<'_>, now| store::take(tx, hash, now);
        approved.issue(exchange, "tokens for a request without a browser", taken).await
    }
}

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
    exchange.service.cx.store.write(exchange.actor.clone(), "an application asked", work).await
}
