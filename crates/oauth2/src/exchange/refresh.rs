//! Refresh tokens: each gives new tokens and the next refresh token (RFC 6749 6, RFC 9700 4.14).

use countersign_model::Timestamp;
use countersign_store::StoreError;
use serde_json::{Value, json};

use super::{Exchange, Failed, Form, Grant};
use crate::access;
use crate::client::ClientType;
use crate::decide::token::{RefreshFacts, Use, refresh, resources};
use crate::grants::{self, Grace, RefreshData, Stored};
use crate::report::Cause;
use crate::service::{Issue, Origin, Person};
use crate::wire::{Scopes, TokenError};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refresh {
    pub(crate) token: String,
    pub(crate) scopes: Scopes,
    pub(crate) resources: Vec<String>,
}

/// A refresh token that is good, and the scopes of the next access token.
pub(crate) struct Good {
    token: Stored<RefreshData>,
    person: Person,
    scopes: Scopes,
    resources: Vec<String>,
    from: String,
    grace: Option<Grace>,
}

impl Grant for Refresh {
    const PARAMETERS: &'static [&'static str] = &["scope", "refresh_token"];
    type Granted = Good;

    fn parse(form: &Form<'_>) -> Result<Refresh, TokenError> {
        Ok(Refresh {
            token: form.text("refresh_token").to_owned(),
            scopes: Scopes::parse(form.text("scope")),
            resources: form.resources(),
        })
    }

    async fn decide(&self, exchange: &Exchange<'_>) -> Result<Good, Failed> {
        if self.token.is_empty() {
            return Err(TokenError::RefreshMissing.into());
        }
        let Exchange { service, provider, request, .. } = *exchange;
        let (text, now) = (self.token.clone(), service.now());
        let found = service.issued(move |sql| grants::find_refresh_token(sql, &text, now)).await?;
        let bound = found.as_ref().and_then(|(token, _)| token.data.binding.as_ref());
        // Before anything is said about a token that is bound: whoever has another key is not the
        // client, and does not end its sign-in either (RFC 9449 5).
        if !exchange.proves(bound) {
            return Err(TokenError::DpopKeyOther.into());
        }
        // Who it is that may ask again: a key proves more than an address.
        let from =
            bound.map_or_else(|| request.client_ip.to_string(), |bound| bound.text().to_owned());
        let grace = exchange.grace(now, &from);
        let facts = found.as_ref().map(|(t, _)| RefreshFacts {
            provider: t.provider,
            scopes: t.scopes.clone(),
            expires: t.expires,
            revoked: t.revoked,
            used: t.used.map(|at| Use {
                within_grace: grace.as_ref().is_some_and(|grace| grace.covers(at)),
                same_client: grace.as_ref().is_none_or(|grace| {
                    grace.only_from.as_ref().is_none_or(|only| *only == t.used_from)
                }),
                exhausted: t.uses >= grants::MOST_USES,
            }),
            user_active: t.user_active,
        });
        let scopes = match refresh(&provider.client, &self.scopes, facts.as_ref(), now) {
            Ok(scopes) => scopes,
            Err(refusal) => {
                if let Some((token, _)) = found.filter(|_| refusal.suspicious) {
                    exchange.report_reuse(token.user, token.family, refusal.revoke_family).await?;
                }
                return Err(refusal.error.into());
            }
        };
        let Some((token, person)) = found else {
            return Err(TokenError::RefreshUnknown.into());
        };
        let resources = resources(&provider.client, &self.resources, &token.data.resources)?;
        let person = person.ok_or(TokenError::UserInactive)?;
        let protocol = access::exchanging("refresh_token", &scopes);
        if !access::is_allowed(service, provider, &person, request, &protocol).await? {
            return Err(TokenError::PolicyDenied.into());
        }
        Ok(Good { token, person, scopes, resources, from, grace })
    }

    async fn fulfil(exchange: &Exchange<'_>, good: Good) -> Result<Value, Failed> {
        let (service, provider) = (exchange.service, exchange.provider);
        let Good { token, person, scopes, resources, from, grace } = good;
        let session = token.session.filter(|_| token.session_alive);
        let sign_in = grants::SignIn { nonce: None, ..token.data.sign_in.clone() };
        let (family, binding) = (token.family, exchange.binding());
        let origin = Origin { scopes, sign_in, session, family, resources, binding };
        let issue = Issue {
            provider,
            person: &person,
            origin: &origin,
            code: None,
            alone: false,
            request: exchange.request,
            actor: &exchange.actor,
        };
        let mint = service.mint(issue).await?;
        let access = mint.access_token()?;
        let (access_token, id_token) = (access.value.clone(), mint.id_token(Some(&access))?);
        let mut next = service.refresh_token(provider, &access, &token.scopes, &origin);
        next.data.sign_in = token.data.sign_in;
        next.data.resources = token.data.resources;

        let kept = next.clone();
        let actor = exchange.actor.clone();
        let rotated = service.cx.store.write(actor, "refresh token rotated", move |tx| {
            let now = tx.now();
            if !grants::take_refresh_token(tx, token.id, now, &from, grace.as_ref())? {
                return Ok(false);
            }
            grants::insert_access_token(tx, &access)?;
            grants::insert_refresh_token(tx, &kept, token.generation + 1)?;
            Ok::<bool, StoreError>(true)
        });
        if !rotated.await? {
            return Err(TokenError::RefreshUsed.into());
        }
        Ok(json!({
            "access_token": access_token,
            "refresh_token": next.value,
            "token_type": mint.token_type(),
            "scope": origin.scopes.to_string(),
            "expires_in": mint.expires_in,
            "id_token": id_token,
        }))
    }
}

impl Exchange<'_> {
    /// What a client that asks twice may count on (RFC 9700 4.14.2 asks for none; clients lose
    /// answers).
    fn grace(&self, now: Timestamp, from: &str) -> Option<Grace> {
        let seconds = self.provider.settings.grace_seconds();
        let proven = self.provider.client.kind == ClientType::Confidential;
        let only_from = (!proven).then(|| from.to_owned());
        (seconds > 0).then(|| Grace {
            since: now.plus_seconds(-seconds),
            until: now.plus_seconds(seconds),
            only_from,
        })
    }

    async fn report_reuse(
        &self,
        user: i64,
        family: uuid::Uuid,
        revoke: bool,
    ) -> Result<(), StoreError> {
        if revoke {
            let revoke =
                move |tx: &mut countersign_store::Tx<'_>| grants::revoke_family(tx, family);
            self.service
                .cx
                .store
                .write(self.actor.clone(), "a refresh token was used twice", revoke)
                .await?;
        }
        let mut actor = self.actor.clone();
        actor.user = self.service.person(user).await?.map(|p| p.actor());
        let context = json!({"message": "Revoked refresh token was used", "provider": self.provider.reference_json()});
        let cause =
            Cause::new(Some(self.provider), TokenError::RefreshUsed.code()).of_account(user);
        self.service.report(cause, "suspicious_request", context, actor).await;
        Ok(())
    }
}
