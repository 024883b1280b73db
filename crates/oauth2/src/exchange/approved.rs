//! What somebody allowed in a browser of their own while a device, or an application, was asking for
//! it.

use countersign_model::Timestamp;
use countersign_store::{StoreError, Tx};
use serde_json::{Value, json};

use super::{Exchange, Failed};
use crate::access;
use crate::decide::token::resources;
use crate::grants::{self, SignIn};
use crate::service::{Issue, Origin, Person};
use crate::wire::scope::OFFLINE_ACCESS;
use crate::wire::{GrantType, Scopes, TokenError};

/// What each poll that comes too early adds (RFC 8628 3.5), and how long the pause gets at most.
const SLOWER: i64 = 5;
const LONGEST_PAUSE: i64 = 60;

/// The pause until the next poll, after one that got this answer; `None` for one that ends it.
pub(super) fn pause(error: TokenError, before: i64) -> Option<i64> {
    match error {
        TokenError::DevicePending => Some(before),
        TokenError::DeviceTooFast => Some((before + SLOWER).min(LONGEST_PAUSE)),
        _ => None,
    }
}

/// Who allowed it, and what.
pub(crate) struct Approved {
    person: Person,
    scopes: Scopes,
    sign_in: SignIn,
    resources: Vec<String>,
}

impl Approved {
    /// Whether there will be tokens for it: asked again, for minutes may have passed.
    pub(super) async fn decide(
        exchange: &Exchange<'_>,
        grant: GrantType,
        (user, sign_in): (i64, SignIn),
        asked: &Scopes,
        wanted: &[String],
    ) -> Result<Approved, Failed> {
        let Exchange { service, provider, request, .. } = *exchange;
        let person = service.person(user).await?.ok_or(TokenError::UserInactive)?;
        // What is attached may have changed since it was asked for.
        let scopes = asked.granted_from(&provider.client.scopes);
        let protocol = access::exchanging(grant.as_str(), &scopes);
        if !access::is_allowed(service, provider, &person, request, &protocol).await? {
            return Err(TokenError::PolicyDenied.into());
        }
        let resources = resources(&provider.client, wanted, &[])?;
        Ok(Approved { person, scopes, sign_in, resources })
    }

    /// The tokens are of no session: what they are for outlives the browser in which it was allowed.
    /// `take` uses it up, unless another request has.
    pub(super) async fn issue(
        self,
        exchange: &Exchange<'_>,
        reason: &'static str,
        take: impl Fn(&mut Tx<'_>, Timestamp) -> Result<bool, StoreError> + Send + 'static,
    ) -> Result<Value, Failed> {
        let (service, provider) = (exchange.service, exchange.provider);
        let Approved { person, scopes, sign_in, resources } = self;
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
            alone: false,
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
        let taken = service.cx.store.write(actor.clone(), reason, move |tx| {
            let now = tx.now();
            if !take(tx, now)? {
                return Ok(false);
            }
            grants::insert_access_token(tx, &access)?;
            refresh.as_ref().map(|token| grants::insert_refresh_token(tx, token, 0)).transpose()?;
            Ok::<bool, StoreError>(true)
        });
        if taken.await? { Ok(answer) } else { Err(TokenError::DeviceCodeUsed.into()) }
    }
}
