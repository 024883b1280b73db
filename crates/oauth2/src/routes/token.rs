//! `/application/o/token/`: codes, refresh tokens and the credentials of machines become tokens.

use axum::http::{HeaderMap, Method, StatusCode};
use countersign_core::RequestInfo;
use countersign_events::beginning;
use countersign_store::{Actor, StoreError, Tx};
use serde_json::{Value, json};

use super::attempts::Asked;
use super::http::{self, Answer};
use super::machine;
use crate::access;
use crate::client::ClientType;
use crate::decide::token::{CodeFacts, RefreshFacts, Use, authenticate, redeem_code, refresh};
use crate::grants::{self, AccessData, NewGrant};
use crate::provider::Provider;
use crate::report::Cause;
use crate::service::{Internal, Origin, Service};
use crate::wire::client_auth::Credentials;
use crate::wire::params::ParamsError;
use crate::wire::scope::OFFLINE_ACCESS;
use crate::wire::token::Grant;
use crate::wire::{Params, Scopes, TokenError};

/// How a token request ends without tokens.
#[derive(Debug)]
pub(crate) enum Failed {
    Refused(TokenError),
    Internal(Internal),
}

impl From<TokenError> for Failed {
    fn from(error: TokenError) -> Failed {
        Failed::Refused(error)
    }
}

impl<E: Into<Internal>> From<E> for Failed {
    fn from(error: E) -> Failed {
        match error.into() {
            Internal::Subject(_) => Failed::Refused(TokenError::SubjectUnclear),
            error => Failed::Internal(error),
        }
    }
}

/// What a code was exchanged for.
pub(crate) struct Redeemed {
    pub(crate) access: NewGrant<AccessData>,
    id_token: String,
    refresh: Option<String>,
    expires_in: i64,
}

/// One request at the token endpoint.
pub(crate) struct Exchange<'a> {
    pub(crate) service: &'a Service,
    pub(crate) provider: &'a Provider,
    pub(crate) request: &'a RequestInfo,
    pub(crate) credentials: &'a Credentials,
    /// The client, before anybody is known to act through it.
    pub(crate) actor: Actor,
}

pub(crate) async fn token(
    service: &Service,
    request: &RequestInfo,
    method: &Method,
    headers: &HeaderMap,
    asked: &Result<Asked, ParamsError>,
) -> Answer {
    if method == Method::OPTIONS {
        let mut answer = http::private_json(StatusCode::OK, &json!({}));
        http::share(&mut answer, method, headers, None);
        return answer;
    }
    let Ok(Asked { params, credentials, provider }) = asked else {
        let mut answer = http::token_error(TokenError::RequestMalformed, false);
        http::share(&mut answer, method, headers, None);
        return answer;
    };
    let outcome = match provider {
        Some(provider) => {
            let actor = service.cx.actor(&countersign_core::Caller::nobody(), request);
            exchange(&Exchange { service, provider, request, credentials, actor }, params).await
        }
        None => Err(TokenError::ClientUnknown.into()),
    };
    let mut answer = match outcome {
        Ok(tokens) => http::private_json(StatusCode::OK, &tokens),
        Err(Failed::Refused(error)) => {
            tracing::info!(
                code = error.code(),
                client = credentials.ids().next().map(beginning),
                "a token request was refused"
            );
            http::token_error(error, credentials.basic)
        }
        Err(Failed::Internal(error)) => http::internal(&error),
    };
    http::share(
        &mut answer,
        method,
        headers,
        provider.as_ref().map(|p| p.client.redirect_uris.as_slice()),
    );
    answer
}

async fn exchange(exchange: &Exchange<'_>, params: &Params) -> Result<Value, Failed> {
    let grant = Grant::parse(params)?;
    authenticate(&exchange.provider.client, exchange.credentials, &grant)?;
    match grant {
        Grant::AuthorizationCode { code, redirect_uri, verifier } => {
            exchange.code(&code, &redirect_uri, verifier.as_deref()).await
        }
        Grant::RefreshToken { token, scopes } => exchange.refresh(&token, &scopes).await,
        Grant::Machine { credential, scopes } => {
            machine::exchange(exchange, params, credential, &scopes).await
        }
    }
}

impl Exchange<'_> {
    async fn code(
        &self,
        code: &str,
        redirect_uri: &str,
        verifier: Option<&str>,
    ) -> Result<Value, Failed> {
        let tokens = self.redeem(code, redirect_uri, verifier, |_, _| Ok(())).await?;
        let mut answer = json!({
            "access_token": tokens.access.value,
            "token_type": "Bearer",
            "scope": tokens.access.scopes.to_string(),
            "expires_in": tokens.expires_in,
            "id_token": tokens.id_token,
        });
        if let (Some(token), Some(members)) = (tokens.refresh, answer.as_object_mut()) {
            members.insert("refresh_token".into(), token.into());
        }
        Ok(answer)
    }

    /// Takes a code; `also` is what is stored with its access token, in one transaction.
    pub(crate) async fn redeem(
        &self,
        code: &str,
        redirect_uri: &str,
        verifier: Option<&str>,
        also: impl Fn(&mut Tx<'_>, &NewGrant<AccessData>) -> Result<(), StoreError> + Send + 'static,
    ) -> Result<Redeemed, Failed> {
        if code.is_empty() {
            return Err(TokenError::CodeMissing.into());
        }
        let (text, now) = (code.to_owned(), self.service.now());
        let found = self.service.issued(move |sql| grants::find_code(sql, &text, now)).await?;
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
            &self.provider.client,
            redirect_uri,
            verifier,
            facts.as_ref(),
            self.service.now(),
        );
        if let Err(error) = decision {
            self.report_code(error, redirect_uri, found.as_ref().map(|(c, _)| c.family)).await?;
            return Err(error.into());
        }
        let Some((code, person)) = found else { return Err(TokenError::CodeUnknown.into()) };
        let person = person.ok_or(TokenError::UserInactive)?;
        let origin = Origin {
            scopes: code.scopes,
            sign_in: code.data.sign_in,
            session: code.session,
            family: code.family,
        };
        let mint = self
            .service
            .mint(self.provider, &person, &origin, None, self.request, &self.actor)
            .await?;
        let access = mint.access_token()?;
        let id_token = mint.id_token(Some(&access))?;
        let refresh = origin
            .scopes
            .contains(OFFLINE_ACCESS)
            .then(|| self.service.refresh_token(self.provider, &access, &origin.scopes, &origin));

        let (stored, kept) = (access.clone(), refresh.clone());
        let taken = self.service.cx.store.write(self.actor.clone(), "code exchanged", move |tx| {
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
        Ok(Redeemed { access, id_token, refresh, expires_in: mint.expires_in })
    }

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

    async fn refresh(&self, token: &str, asked: &Scopes) -> Result<Value, Failed> {
        if token.is_empty() {
            return Err(TokenError::RefreshMissing.into());
        }
        let (text, now) = (token.to_owned(), self.service.now());
        let found =
            self.service.issued(move |sql| grants::find_refresh_token(sql, &text, now)).await?;
        let (from, grace) = (self.request.client_ip.to_string(), self.grace(now));
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
        let scopes = match refresh(&self.provider.client, asked, facts.as_ref(), now) {
            Ok(scopes) => scopes,
            Err(refusal) => {
                if let Some((token, _)) = found.filter(|_| refusal.suspicious) {
                    self.report_reuse(token.user, token.family, refusal.revoke_family).await?;
                }
                return Err(refusal.error.into());
            }
        };
        let Some((token, person)) = found else {
            return Err(TokenError::RefreshUnknown.into());
        };
        let person = person.ok_or(TokenError::UserInactive)?;
        let protocol = access::exchanging("refresh_token", &scopes);
        if !access::is_allowed(self.service, self.provider, &person, self.request, &protocol)
            .await?
        {
            return Err(TokenError::PolicyDenied.into());
        }
        let session = token.session.filter(|_| token.session_alive);
        let sign_in = grants::SignIn { nonce: None, ..token.data.sign_in.clone() };
        let origin = Origin { scopes, sign_in, session, family: token.family };
        let mint = self
            .service
            .mint(self.provider, &person, &origin, None, self.request, &self.actor)
            .await?;
        let access = mint.access_token()?;
        let (access_token, id_token) = (access.value.clone(), mint.id_token(Some(&access))?);
        let mut next = self.service.refresh_token(self.provider, &access, &token.scopes, &origin);
        next.data.sign_in = token.data.sign_in;

        let kept = next.clone();
        let rotated =
            self.service.cx.store.write(self.actor.clone(), "refresh token rotated", move |tx| {
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
            "token_type": "Bearer",
            "scope": origin.scopes.to_string(),
            "expires_in": mint.expires_in,
            "id_token": id_token,
        }))
    }

    /// What a client that asks twice may count on (RFC 9700 4.14.2 asks for none; clients lose
    /// answers).
    fn grace(&self, now: countersign_model::Timestamp) -> Option<grants::Grace> {
        let seconds = self.provider.settings.refresh_token_grace.seconds();
        let proven = self.provider.client.kind == ClientType::Confidential;
        let only_from = (!proven).then(|| self.request.client_ip.to_string());
        (seconds > 0).then(|| grants::Grace {
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
