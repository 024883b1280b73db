//! Token exchange (RFC 8693): a client that was given a person's access token gets another one for
//! the same person, with fewer scopes or for an application that it calls in turn.

use countersign_events::{Event, emit};
use countersign_model::Timestamp;
use countersign_store::{StoreError, Tx};
use serde_json::{Map, Value, json};

use super::{Exchange, Failed, Form, Grant};
use crate::access;
use crate::decide::token::resources;
use crate::decide::token_exchange::{ExchangeFacts, TargetFacts, TokenFacts, exchange};
use crate::grants::{self, AccessData, SignIn, Stored};
use crate::issue::Exchanged;
use crate::kinds::OAuth2Provider;
use crate::provider::{Provider, numbered};
use crate::registration;
use crate::service::{EVENTS, Issue, Origin, Person};
use crate::wire::{GrantType, Scopes, TokenError};

const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
/// Access tokens are JWTs; as such they are taken and given, too.
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TokenExchange {
    subject: String,
    actor: Option<String>,
    /// The client id of whom the new token is for; the client itself without.
    audience: Option<String>,
    /// Servers that it is for (RFC 8707).
    resources: Vec<String>,
    scopes: Scopes,
    /// What the new token is called.
    issued: String,
}

/// Tokens that are good, and what becomes of them.
pub(crate) struct Good {
    token: String,
    subject: Stored<AccessData>,
    person: Person,
    target: Provider,
    scopes: Scopes,
    resources: Vec<String>,
    issued: String,
    /// Who acts for the person, and for whom they act in turn (RFC 8693 4.1).
    act: Option<Value>,
}

impl Grant for TokenExchange {
    const PARAMETERS: &'static [&'static str] = &[
        "subject_token",
        "subject_token_type",
        "actor_token",
        "actor_token_type",
        "requested_token_type",
        "audience",
        "scope",
    ];
    type Granted = Good;

    fn parse(form: &Form<'_>) -> Result<TokenExchange, TokenError> {
        let known = |name: &str| name == ACCESS_TOKEN || name == JWT;
        let requested = form.some("requested_token_type").unwrap_or_else(|| ACCESS_TOKEN.into());
        let actor = form.some("actor_token");
        let actor_type = form.some("actor_token_type");
        if !known(form.text("subject_token_type"))
            || !known(&requested)
            || actor_type.as_deref().is_some_and(|name| !known(name))
        {
            return Err(TokenError::ExchangeTypeUnknown);
        }
        // RFC 8693 2.1: the one is there with the other.
        if actor.is_some() != actor_type.is_some() {
            return Err(TokenError::RequestMalformed);
        }
        Ok(TokenExchange {
            subject: form.text("subject_token").to_owned(),
            actor,
            audience: form.some("audience"),
            resources: form.resources(),
            scopes: Scopes::parse(form.text("scope")),
            issued: requested,
        })
    }

    async fn decide(&self, exchanging: &Exchange<'_>) -> Result<Good, Failed> {
        let Exchange { service, provider, request, .. } = *exchanging;
        let now = service.now();
        let subject = found(exchanging, &self.subject).await?;
        let actor = match &self.actor {
            Some(token) => Some(found(exchanging, token).await?),
            None => None,
        };
        let target = self.target(provider).filter(|target| target.application.is_some());
        // One that is bound is nobody's who does not prove that he has the key; what is given for it
        // is bound to the same.
        let is_held = |token: &AccessData| exchanging.proves(token.binding.as_ref());
        let facts = |found: &Option<(Stored<AccessData>, Option<Person>)>| {
            found.as_ref().map(|(token, _)| TokenFacts {
                provider: token.provider,
                scopes: token.scopes.clone(),
                expires: token.expires,
                alive: !token.revoked && token.session_alive && is_held(&token.data),
                user_active: token.user_active,
            })
        };
        let (subject_facts, actor_facts) = (facts(&subject), actor.as_ref().map(facts));
        let target_facts = target.as_ref().map(|target| TargetFacts {
            provider: target.id(),
            trusted: trusted(target),
            scopes: target.client.scopes.clone(),
        });
        let judged = ExchangeFacts {
            client: &provider.client,
            trusted: &trusted(provider),
            subject: subject_facts.as_ref(),
            actor: actor_facts.as_ref().map(Option::as_ref),
            target: target_facts.as_ref(),
        };
        let scopes = exchange(&judged, &self.scopes, now)?;
        let (Some((subject, Some(person))), Some(target)) = (subject, target) else {
            return Err(TokenError::ExchangeSubject.into());
        };
        let resources = resources(&target.client, &self.resources, &[])?;
        // What the target asks of its own tokens, it asks of these.
        exchanging.bound_as(&target.client)?;
        let protocol = access::exchanging(GrantType::TokenExchange.as_str(), &scopes);
        // The person has to be let in wherever the token has been, too.
        let issuer = Provider::by_reference(&provider.snapshot, numbered(subject.provider));
        let issuer = issuer.ok_or(TokenError::ExchangeSubject)?;
        for (asked, refusal) in [
            (&issuer, TokenError::ExchangeSubject),
            (provider, TokenError::ExchangeSubject),
            (&target, TokenError::ExchangeTarget),
        ] {
            if !access::is_allowed(service, asked, &person, request, &protocol).await? {
                return Err(refusal.into());
            }
        }
        let before = subject.data.claims.get("act").cloned();
        let act = match actor.flatten() {
            Some((actor, _)) => Some(acting(&provider.client.id, &actor.data.sub, before)),
            None => before,
        };
        let (token, issued) = (self.subject.clone(), self.issued.clone());
        Ok(Good { token, subject, person, target, scopes, resources, issued, act })
    }

    async fn fulfil(exchanging: &Exchange<'_>, good: Good) -> Result<Value, Failed> {
        let (service, client) = (exchanging.service, exchanging.provider);
        let Good { token, subject, person, target, scopes, resources, issued, act } = good;
        let origin = Origin {
            scopes,
            sign_in: sign_in(&subject.data.claims, service.now()),
            // It ends with what the token before came from.
            session: subject.session.clone(),
            family: subject.family,
            resources,
            binding: exchanging.binding_for(&target.client).or(subject.data.binding),
        };
        let mut actor = exchanging.actor.clone();
        actor.user = Some(person.actor());
        let issue = Issue {
            provider: &target,
            person: &person,
            origin: &origin,
            code: None,
            alone: false,
            request: exchanging.request,
            actor: &actor,
        };
        let event = Event::new(
            "authorize_application",
            EVENTS,
            json!({
                "authorized_application": target.application_json(),
                "scopes": origin.scopes.to_string(),
                "auth_method": "token_exchange",
                "provider": client.reference_json(),
                "act": act,
            }),
        );
        let exchanged = Exchanged { client: client.client.id.clone(), act };
        let mint = service.mint(issue).await?.exchanged(subject.expires, exchanged);
        let access = mint.access_token()?;
        let answer = json!({
            "access_token": access.value,
            "issued_token_type": issued,
            "token_type": mint.token_type(),
            "expires_in": mint.expires_in,
            "scope": origin.scopes.to_string(),
        });
        let asking = client.id();
        let stored =
            service.cx.store.write(actor.clone(), "token exchanged", move |tx: &mut Tx<'_>| {
                let now = tx.now();
                // What ended in the meantime gives nothing.
                let still = grants::find_access_token(tx, &token, now)?;
                if !still.is_some_and(|token| token.is_good(now)) {
                    return Ok(false);
                }
                grants::insert_access_token(tx, &access)?;
                registration::note_used(tx, asking, now)?;
                emit(tx, event.clone())?;
                Ok::<bool, StoreError>(true)
            });
        if stored.await? { Ok(answer) } else { Err(TokenError::ExchangeSubject.into()) }
    }
}

impl TokenExchange {
    /// Whom the new token is for: named by its client id, or by a server that it has in its
    /// settings; the client itself where the request names nobody.
    fn target(&self, provider: &Provider) -> Option<Provider> {
        let snapshot = &provider.snapshot;
        let has = |settings: &OAuth2Provider| {
            self.resources.iter().all(|resource| settings.resources.contains(resource))
        };
        if let Some(id) = &self.audience {
            let named = Provider::by_client_id(snapshot, [id.as_str()]);
            return named.filter(|target| has(&target.settings));
        }
        if has(&provider.settings) {
            return Some(provider.clone());
        }
        let takes = |other: &OAuth2Provider| {
            let trusted = &other.jwt_federation_providers;
            trusted.iter().any(|trusted| trusted.key().int() == Some(provider.id()))
        };
        let mut others =
            snapshot.list::<OAuth2Provider>().filter(|(_, other)| has(other) && takes(other));
        let (reference, _) = others.next()?;
        // Of several nobody knows whose policies count.
        others.next().is_none().then(|| Provider::by_reference(snapshot, reference.cast()))?
    }
}

type Found = Option<(Stored<AccessData>, Option<Person>)>;

async fn found(exchanging: &Exchange<'_>, token: &str) -> Result<Found, StoreError> {
    let (text, now) = (token.to_owned(), exchanging.service.now());
    exchanging.service.issued(move |sql| grants::find_access_token(sql, &text, now)).await
}

/// The providers whose tokens a provider takes.
fn trusted(provider: &Provider) -> Vec<i64> {
    let trusted = &provider.settings.jwt_federation_providers;
    trusted.iter().filter_map(|provider| provider.key().int()).collect()
}

fn acting(client: &str, sub: &str, before: Option<Value>) -> Value {
    let mut act = Map::from_iter([
        ("sub".to_owned(), Value::from(sub)),
        ("client_id".to_owned(), Value::from(client)),
    ]);
    act.extend(before.map(|before| ("act".to_owned(), before)));
    Value::Object(act)
}

/// How the person signed in, as the token before says it.
fn sign_in(claims: &Map<String, Value>, now: Timestamp) -> SignIn {
    let auth_time = claims.get("auth_time").and_then(Value::as_i64);
    let amr = claims.get("amr").and_then(Value::as_array).into_iter().flatten();
    SignIn {
        amr: amr.filter_map(|way| way.as_str().map(str::to_owned)).collect(),
        ..SignIn::at(auth_time.map_or(now, Timestamp::from_seconds))
    }
}
