//! Codes: what the authorization endpoint issued becomes tokens (RFC 6749 4.1.3).

use countersign_store::{StoreError, Tx};
use serde_json::{Value, json};

use super::{Exchange, Failed, Form, Grant};
use crate::decide::token::{CodeFacts, redeem_code, resources};
use crate::grants::{self, AccessData, CodeData, NewGrant, Stored};
use crate::report::Cause;
use crate::service::{Issue, Origin, Person};
use crate::wire::scope::OFFLINE_ACCESS;
use crate::wire::{GrantType, TokenError};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Code {
    pub(crate) code: String,
    pub(crate) redirect_uri: String,
    pub(crate) verifier: Option<String>,
    pub(crate) resources: Vec<String>,
}

/// A code that is good, and whose sign-in it is.
pub(crate) struct Good {
    code: Stored<CodeData>,
    person: Person,
    resources: Vec<String>,
}

/// What a code was exchanged for.
pub(crate) struct Redeemed {
    pub(crate) access: NewGrant<AccessData>,
    id_token: String,
    refresh: Option<String>,
    expires_in: i64,
    token_type: &'static str,
}

impl Grant for Code {
    const PARAMETERS: &'static [&'static str] = &["scope", "code", "redirect_uri", "code_verifier"];
    type Granted = Good;

    fn parse(form: &Form<'_>) -> Result<Code, TokenError> {
        Ok(Code {
            code: form.text("code").to_owned(),
            redirect_uri: form.text("redirect_uri").to_owned(),
            verifier: form.some("code_verifier"),
            resources: form.resources(),
        })
    }

    async fn decide(&self, exchange: &Exchange<'_>) -> Result<Good, Failed> {
        if self.code.is_empty() {
            return Err(TokenError::CodeMissing.into());
        }
        let (text, now) = (self.code.clone(), exchange.service.now());
        let found = exchange.service.issued(move |sql| grants::find_code(sql, &text, now)).await?;
        // With its session a code is gone.
        let found = found.filter(|(c, _)| c.session_alive);
        let facts = found.as_ref().map(|(c, _)| CodeFacts {
            provider: c.provider,
            redirect_uri: c.data.redirect_uri.clone(),
            challenge: c.data.challenge.clone(),
            expires: c.expires,
            used: c.used.is_some() || c.revoked,
            user_active: c.user_active,
        });
        let decision = redeem_code(
            &exchange.provider.client,
            &self.redirect_uri,
            self.verifier.as_deref(),
            facts.as_ref(),
            exchange.service.now(),
        );
        if let Err(error) = decision {
            let family = found.as_ref().map(|(c, _)| c.family);
            exchange.report_code(error, &self.redirect_uri, family).await?;
            return Err(error.into());
        }
        let Some((code, person)) = found else { return Err(TokenError::CodeUnknown.into()) };
        // RFC 9449 10: a code that is bound to a key comes with a proof of it.
        let key = exchange.dpop.as_ref().map(|proof| proof.thumbprint.as_str());
        if code.data.jkt.is_some() && code.data.jkt.as_deref() != key {
            return Err(TokenError::DpopKeyOther.into());
        }
        let resources =
            resources(&exchange.provider.client, &self.resources, &code.data.resources)?;
        Ok(Good { code, person: person.ok_or(TokenError::UserInactive)?, resources })
    }

    async fn fulfil(exchange: &Exchange<'_>, good: Good) -> Result<Value, Failed> {
        let tokens = Code::redeem(exchange, good, |_, _| Ok(())).await?;
        let mut answer = json!({
            "access_token": tokens.access.value,
            "token_type": tokens.token_type,
            "scope": tokens.access.scopes.to_string(),
            "expires_in": tokens.expires_in,
            "id_token": tokens.id_token,
        });
        if let (Some(token), Some(members)) = (tokens.refresh, answer.as_object_mut()) {
            members.insert("refresh_token".into(), token.into());
        }
        Ok(answer)
    }
}

impl Code {
    /// Takes a code; `also` is what is stored with its access token, in one transaction.
    pub(crate) async fn redeem(
        exchange: &Exchange<'_>,
        Good { code, person, resources }: Good,
        also: impl Fn(&mut Tx<'_>, &NewGrant<AccessData>) -> Result<(), StoreError> + Send + 'static,
    ) -> Result<Redeemed, Failed> {
        let (service, provider) = (exchange.service, exchange.provider);
        let origin = Origin {
            scopes: code.scopes,
            sign_in: code.data.sign_in,
            session: code.session,
            family: code.family,
            resources,
            binding: exchange.binding(),
        };
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
        let id_token = mint.id_token(Some(&access))?;
        let lasting = origin.scopes.contains(OFFLINE_ACCESS)
            && provider.client.allows(GrantType::RefreshToken);
        let refresh = lasting.then(|| {
            let mut token = service.refresh_token(provider, &access, &origin.scopes, &origin);
            token.data.resources = code.data.resources;
            token
        });

        let (stored, kept) = (access.clone(), refresh.clone());
        let taken = service.cx.store.write(exchange.actor.clone(), "code exchanged", move |tx| {
            let now = tx.now();
            if !grants::take_code(tx, code.id, now)? {
                return Ok(false);
            }
            grants::insert_access_token(tx, &stored)?;
            kept.as_ref().map(|token| grants::insert_refresh_token(tx, token, 0)).transpose()?;
            also(tx, &stored)?;
            Ok::<bool, StoreError>(true)
        });
        if !taken.await? {
            // Another request was faster by a moment: a client that sent the code twice, not a
            // thief with an old one.
            return Err(TokenError::CodeUsed.into());
        }
        let refresh = refresh.map(|token| token.value);
        let (expires_in, token_type) = (mint.expires_in, mint.token_type());
        Ok(Redeemed { access, id_token, refresh, expires_in, token_type })
    }
}

impl Exchange<'_> {
    /// What a refused code has for a consequence.
    async fn report_code(
        &self,
        error: TokenError,
        redirect_uri: &str,
        family: Option<uuid::Uuid>,
    ) -> Result<(), StoreError> {
        match (error, family) {
            // RFC 6749 4.1.2: what was issued for a code that is used twice is revoked.
            (TokenError::CodeUsed, Some(family)) => {
                let revoke =
                    move |tx: &mut countersign_store::Tx<'_>| grants::revoke_family(tx, family);
                self.service
                    .cx
                    .store
                    .write(self.actor.clone(), "a code was used twice", revoke)
                    .await
            }
            (TokenError::RedirectUnregistered, _) => {
                let expected: Vec<&str> =
                    self.provider.client.redirect_uris.iter().map(|r| r.url.as_str()).collect();
                let context = json!({
                    "message": "Invalid redirect URI used by provider",
                    "provider": self.provider.reference_json(),
                    "redirect_uri": redirect_uri,
                    "expected": expected,
                });
                self.service
                    .report(
                        Cause::new(Some(self.provider), error.code()),
                        "configuration_error",
                        context,
                        self.actor.clone(),
                    )
                    .await;
                Ok(())
            }
            _ => Ok(()),
        }
    }
}
