//! What the endpoints share: who a token is about, whether they may use the application, and the
//! tokens themselves.

use std::sync::Arc;

use countersign_catalogue as catalogue;
use countersign_catalogue::KeyRing;
use countersign_core::{Context, Identity, RequestInfo, SessionData, Shutdown};
use countersign_directory::Machines;
use countersign_events::Event;
use countersign_flow::{FlowContext, InPlanDef};
use countersign_model::{Space, Target, Timestamp};
use countersign_policy::{Occasion, PolicyRequest, Subject};
use countersign_store::{Actor, ActorUser, Owner, Sql, StoreError, Tx, params};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::backchannel;
use crate::binding::Binding;
use crate::claims::{self, Reached, SubMode};
use crate::client::ClientType;
use crate::client_keys::ClientKeys;
use crate::device;
use crate::documents::Documents;
use crate::fulfil::{AUTHORIZE, Fulfil};
use crate::grants::{self, AccessData, NewGrant, RefreshData, SignIn, Stored};
use crate::issue::{self, Exchanged, IssueError, Keys};
use crate::jose::{self, TokenFault, Use, half_hash, jwk};
use crate::provider::{KeysError, Provider};
use crate::published::{self, Published};
use crate::registration::Registration;
use crate::report::Cause;
use crate::scope_claims;
use crate::sign_out::{SIGN_OUT, SignOut};
use crate::wire::Scopes;
use crate::wire::authorize::AuthorizeRequest;

/// What all requests to the protocol share. One per program; cheap to clone.
#[derive(Clone, Default)]
pub struct OAuth2 {
    ring: Arc<KeyRing<Keys, 2>>,
    documents: Arc<Documents>,
    machines: Machines,
    registration: Registration,
    client_keys: Arc<ClientKeys>,
}

impl OAuth2 {
    /// With clients that register themselves.
    #[must_use]
    pub fn registering(self, registration: Registration) -> OAuth2 {
        OAuth2 { registration, ..self }
    }

    /// The stages its flows end in.
    #[must_use]
    pub fn stages(&self) -> Vec<InPlanDef> {
        let (issuing, ending, confirming) = (self.clone(), self.clone(), self.clone());
        let approving = self.clone();
        vec![
            InPlanDef::new(AUTHORIZE, move |request| Fulfil { oauth: issuing.clone(), request }),
            InPlanDef::new(SIGN_OUT, move |signing_out| SignOut {
                oauth: ending.clone(),
                signing_out,
            }),
            InPlanDef::new(device::ENTER, |entered| device::EnterCode { entered }),
            InPlanDef::new(device::CONFIRM, move |approval| device::Confirm {
                oauth: confirming.clone(),
                approval,
            }),
            InPlanDef::new(backchannel::CONFIRM, move |approval| backchannel::Confirm {
                oauth: approving.clone(),
                approval,
            }),
        ]
    }

    pub(crate) fn over(&self, cx: FlowContext) -> Service {
        Service {
            cx,
            ring: self.ring.clone(),
            documents: self.documents.clone(),
            machines: self.machines.clone(),
            registration: self.registration.clone(),
            client_keys: self.client_keys.clone(),
            address: None,
        }
    }
}

/// The context of the program with what this crate keeps beside it.
#[derive(Clone)]
pub(crate) struct Service {
    pub(crate) cx: FlowContext,
    ring: Arc<KeyRing<Keys, 2>>,
    pub(crate) documents: Arc<Documents>,
    /// The address of this server, where requests come by another one.
    address: Option<String>,
    pub(crate) machines: Machines,
    pub(crate) registration: Registration,
    pub(crate) client_keys: Arc<ClientKeys>,
}

/// Where events of this crate come from.
pub(crate) const EVENTS: &str = "authentik.providers.oauth2";

/// Where the keys of clients are: those of all providers, of which grants are.
const SPACE: Space = <dyn catalogue::Provider>::SPACE;

/// Keys that providers have signed with, by provider.
const PUBLISHED: &str = "oauth2.keys";
const PUBLISHED_SECONDS: i64 = 90 * 86_400;

/// The program's fault, not the client's: told in the log, answered with 500 and nothing else.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Internal {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Keys(#[from] KeysError),
    #[error(transparent)]
    Issue(#[from] IssueError),
    #[error(transparent)]
    Flow(#[from] countersign_flow::FlowError),
    #[error(transparent)]
    Subject(#[from] SubjectError),
}

/// Why a client could not tell somebody from others (OpenID Connect Core 2: a subject is unique and
/// never empty).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SubjectError {
    #[error("This application knows people by their e-mail address, and this account has none.")]
    NoEmail,
    #[error(
        "This application knows people by their e-mail address, and another account has the same."
    )]
    SharedEmail,
    #[error("This application knows people by their UPN, and that of this account is empty.")]
    NoUpn,
    #[error("This application knows people by their UPN, and another account has the same.")]
    SharedUpn,
}

impl Internal {
    /// Whether the request has a text in it that the engine does not keep.
    pub(crate) const fn is_of_characters(&self) -> bool {
        matches!(
            self,
            Internal::Store(StoreError::Characters(_))
                | Internal::Flow(countersign_flow::FlowError::Store(StoreError::Characters(_)))
        )
    }

    /// Whether the database is away, and the same request may work in a moment.
    pub(crate) const fn is_passing(&self) -> bool {
        match self {
            Internal::Store(error) => error.is_passing(),
            Internal::Flow(error) => error.is_passing(),
            Internal::Keys(_) | Internal::Issue(_) | Internal::Subject(_) => false,
        }
    }
}

/// A person as tokens and policies see one.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) identity: Arc<Identity>,
    pub(crate) subject: Subject,
}

impl Person {
    pub(crate) fn actor(&self) -> ActorUser {
        let user = &self.identity;
        ActorUser { pk: user.pk, username: user.username.clone(), email: user.email.clone() }
    }
}

/// Where a token comes from: everything but the person.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    pub(crate) scopes: Scopes,
    pub(crate) sign_in: SignIn,
    pub(crate) session: Option<Vec<u8>>,
    pub(crate) family: Uuid,
    /// The servers that access tokens are for (RFC 8707).
    pub(crate) resources: Vec<String>,
    /// What access tokens are bound to.
    pub(crate) binding: Option<Binding>,
}

/// What tokens are made from.
#[derive(Clone, Copy)]
pub(crate) struct Issue<'a> {
    pub(crate) provider: &'a Provider,
    pub(crate) person: &'a Person,
    pub(crate) origin: &'a Origin,
    /// The code that an id token comes together with.
    pub(crate) code: Option<&'a str>,
    /// It is an id token that no access token comes with, now or for the code.
    pub(crate) alone: bool,
    pub(crate) request: &'a RequestInfo,
    pub(crate) actor: &'a Actor,
}

/// The tokens of one answer, each signed when it is asked for.
pub(crate) struct Mint<'a> {
    service: &'a Service,
    provider: &'a Provider,
    origin: &'a Origin,
    user: i64,
    keys: Arc<Keys>,
    common: issue::Common,
    pub(crate) expires_in: i64,
}

impl Mint<'_> {
    /// How an access token is used (RFC 6749 7.1, RFC 9449 5).
    pub(crate) fn token_type(&self) -> &'static str {
        if self.common.access.binding.as_ref().is_some_and(Binding::is_key) {
            "DPoP"
        } else {
            "Bearer"
        }
    }

    /// For another token: it ends no later than that.
    pub(crate) fn exchanged(mut self, until: Timestamp, exchanged: Exchanged) -> Self {
        let protocol = &mut self.common.protocol;
        protocol.exp = protocol.exp.min(until);
        self.expires_in = protocol.exp.seconds() - protocol.iat.seconds();
        self.common.access.exchanged = Some(exchanged);
        self
    }

    /// An access token, not yet stored; its value is what the client gets.
    ///
    /// # Errors
    /// A key refuses its work.
    pub(crate) fn access_token(&self) -> Result<NewGrant<AccessData>, Internal> {
        let (value, data) =
            issue::access_token(&self.keys, &self.common, &*self.service.cx.entropy)?;
        Ok(NewGrant {
            value,
            provider: self.provider.id(),
            user: self.user,
            session: self.origin.session.clone(),
            scopes: self.origin.scopes.clone(),
            created: self.common.protocol.iat,
            expires: self.common.protocol.exp,
            family: self.origin.family,
            data,
        })
    }

    /// An id token, alone or beside an access token.
    ///
    /// # Errors
    /// A key refuses its work.
    pub(crate) fn id_token(
        &self,
        access: Option<&NewGrant<AccessData>>,
    ) -> Result<String, Internal> {
        Ok(issue::id_token(
            &self.keys,
            &self.common,
            access.map(|access| access.value.as_str()),
            &*self.service.cx.entropy,
        )?)
    }
}

impl Service {
    /// Where requests come by another address than this one, which is the server's.
    pub(crate) fn at(self, address: String) -> Service {
        Service { address: Some(address), ..self }
    }

    /// The provider's keys.
    ///
    /// # Errors
    /// The provider has no key that works.
    pub(crate) async fn keys(&self, provider: &Provider) -> Result<Arc<Keys>, Internal> {
        let settings = &provider.settings;
        let pairs = [settings.signing_key, settings.encryption_key];
        let id = provider.reference.id();
        let read = || provider.read_keys();
        let (keys, fresh) = self.ring.keys(&provider.snapshot, id, pairs, read)?;
        if fresh && let Err(error) = self.publish(provider, &keys).await {
            // Keys that sign must be in the list, or they would be missing from the former ones
            // later.
            self.ring.forget(id);
            return Err(error);
        }
        Ok(keys)
    }

    async fn publish(&self, provider: &Provider, keys: &Keys) -> Result<(), Internal> {
        let current = provider.pair(provider.settings.signing_key).and_then(|pair| {
            let jwk = jwk(pair.key_data.expose(), &pair.certificate_data, Use::Signature)?;
            Some((keys.signing.kid()?.to_owned(), jwk))
        });
        let validity = provider.settings.access_token_validity.seconds();
        let list =
            published::update(self.published(provider).await?, current, self.now(), validity);
        let bytes = serde_json::to_vec(&list).unwrap_or_default();
        Ok(self
            .cx
            .store
            .ephemeral()
            .put(PUBLISHED, &provider.id().to_string(), bytes, PUBLISHED_SECONDS, Owner::Program)
            .await?)
    }

    async fn published(&self, provider: &Provider) -> Result<Vec<Published>, StoreError> {
        let kept = self.cx.store.ephemeral().get(PUBLISHED, &provider.id().to_string()).await?;
        Ok(kept.and_then(|kept| serde_json::from_slice(&kept.bytes).ok()).unwrap_or_default())
    }

    /// Public keys the provider signed with before its present one, while tokens of theirs may be
    /// about.
    ///
    /// # Errors
    /// They cannot be read for the moment.
    pub(crate) async fn former_keys(
        &self,
        provider: &Provider,
    ) -> Result<Vec<(Value, Timestamp)>, StoreError> {
        Ok(published::former(self.published(provider).await?, self.now()))
    }

    /// The claims of a token that this provider signed, with its key or one that it signed with until
    /// shortly; it may have expired.
    ///
    /// # Errors
    /// The keys cannot be had for the moment.
    pub(crate) async fn own_token(
        &self,
        provider: &Provider,
        token: &str,
    ) -> Result<Result<Map<String, Value>, TokenFault>, Internal> {
        let keys = self.keys(provider).await?;
        let verified = jose::verify(token, &keys.signing);
        if verified.is_ok() {
            return Ok(verified);
        }
        let former = self.former_keys(provider).await?;
        let by_it = former.iter().find_map(|(key, _)| jose::verify_published(token, key).ok());
        Ok(by_it.map_or(verified, Ok))
    }

    /// What the addresses in tokens begin with.
    pub(crate) fn origin(&self, request: &RequestInfo) -> String {
        self.address.clone().unwrap_or_else(|| self.cx.origin(request))
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.cx.clock.now()
    }

    /// The account with its groups; `None` when it is gone.
    pub(crate) async fn person(&self, user: i64) -> Result<Option<Person>, StoreError> {
        let look = move |sql: &mut Sql<'_>| countersign_accounts::identity(sql, user);
        let identity = self.cx.store.look_up(look).await?;
        Ok(identity.map(|identity| self.person_of(Arc::new(identity))))
    }

    /// What was issued, with the account it is for: read together, so that one cannot change
    /// between.
    pub(crate) async fn issued<T: Send + 'static>(
        &self,
        find: impl FnOnce(&mut Sql<'_>) -> Result<Option<Stored<T>>, StoreError> + Send + 'static,
    ) -> Result<Option<(Stored<T>, Option<Person>)>, StoreError> {
        let look = move |sql: &mut Sql<'_>| {
            let Some(found) = find(sql)? else { return Ok(None) };
            let identity = countersign_accounts::identity(sql, found.user)?;
            Ok::<_, StoreError>(Some((found, identity)))
        };
        let found = self.cx.store.look_up(look).await?;
        Ok(found.map(|(found, identity)| {
            (found, identity.map(|identity| self.person_of(Arc::new(identity))))
        }))
    }

    pub(crate) fn person_of(&self, identity: Arc<Identity>) -> Person {
        let subject = Subject::of(&identity, self.cx.uid(identity.pk));
        Person { identity, subject }
    }

    /// The subject by which the client knows a person.
    pub(crate) fn sub(&self, provider: &Provider, person: &Person) -> String {
        let subject = claims::Subject {
            id: person.identity.pk,
            uuid: person.identity.uuid.to_string(),
            username: person.identity.username.clone(),
            email: person.identity.email.clone(),
            upn: person.identity.attributes.get("upn").and_then(Value::as_str).map(str::to_owned),
            service: person.identity.user_type.ends_with("service_account"),
        };
        claims::sub(provider.settings.sub_mode, &subject, &self.cx.install_id)
    }

    /// As [`Service::sub`], for a token: only a subject that is one person's.
    ///
    /// # Errors
    /// The client could not tell the person from others.
    pub(crate) async fn subject(
        &self,
        provider: &Provider,
        person: &Person,
    ) -> Result<String, Internal> {
        let sub = self.sub(provider, person);
        let (mode, identity) = (provider.settings.sub_mode, &person.identity);
        if sub.is_empty() {
            let is_upn = mode == SubMode::UserUpn;
            return Err(if is_upn { SubjectError::NoUpn } else { SubjectError::NoEmail }.into());
        }
        let upn = identity.attributes.get("upn").and_then(Value::as_str);
        let (same, value, shared) = match (mode, upn) {
            (SubMode::UserEmail, _) if !identity.email.is_empty() => {
                ("email_fold = $1", identity.email.to_lowercase(), SubjectError::SharedEmail)
            }
            // Folded by the engine, as what it compares with: it may know fewer capitals.
            (SubMode::UserUpn, Some(upn)) => {
                ("upn_fold = LOWER($1)", upn.to_owned(), SubjectError::SharedUpn)
            }
            _ => return Ok(sub),
        };
        let others = format!("SELECT 1 FROM users WHERE {same} AND id <> $2");
        let own = identity.pk;
        let found = self.cx.store.read(move |sql| sql.query_one(&others, params![value, own]));
        if found.await?.is_some() { Err(shared.into()) } else { Ok(sub) }
    }

    /// The claims of the scopes, and an event for every mapping that failed.
    ///
    /// # Errors
    /// When the database is away.
    pub(crate) async fn scope_claims(
        &self,
        provider: &Provider,
        person: &Person,
        scopes: &Scopes,
        request: &RequestInfo,
        actor: &Actor,
    ) -> Result<Map<String, Value>, StoreError> {
        let application = provider.application.as_ref().map(|(application, _)| *application);
        let request = PolicyRequest {
            snapshot: &provider.snapshot,
            clock: &*self.cx.clock,
            host: &self.cx.policies().host(&self.cx, Some(request)),
            user: Some(&person.subject),
            occasion: Occasion::Claims(application),
            target: None,
            name: "",
        };
        let mappings = provider.settings.mappings(&provider.snapshot).collect();
        let (claims, failures) = scope_claims::evaluate(mappings, scopes, &request).await?;
        for failure in failures {
            tracing::warn!(mapping = failure.mapping, error = %failure.error, client = provider.client.id, "a scope mapping failed");
            if !self
                .may_report(&Cause::new(
                    Some(provider),
                    &format!("oauth2.mapping/{}", failure.mapping),
                ))
                .await
            {
                continue;
            }
            let raised =
                json!({"expression": failure.expression, "message": failure.error.to_string()});
            let raised = Event::new(
                "property_mapping_exception",
                "authentik.core.expression.evaluator",
                raised,
            )
            .about(Some(person.actor()));
            raised.write(&self.cx, actor.clone()).await;
            let context = json!({
                "message": format!("Failed to evaluate property-mapping: '{}'", failure.mapping),
                "error": failure.error.to_string(),
                "provider": provider.reference_json(),
            });
            self.event("configuration_error", context, actor.clone()).await;
        }
        Ok(claims)
    }

    /// Claims that are asked for by name, out of what the provider's mappings give.
    ///
    /// # Errors
    /// When the database is away.
    pub(crate) async fn claims_by_name(
        &self,
        provider: &Provider,
        person: &Person,
        names: &[&str],
        request: &RequestInfo,
        actor: &Actor,
    ) -> Result<Map<String, Value>, StoreError> {
        if names.is_empty() {
            return Ok(Map::new());
        }
        let mappings = provider.settings.mappings(&provider.snapshot);
        let giving = mappings.filter(|m| scope_claims::gives(m, names.iter().copied()));
        let scopes: Scopes = giving.map(|mapping| mapping.scope_name.as_str()).collect();
        let mut claims = self.scope_claims(provider, person, &scopes, request, actor).await?;
        claims.retain(|name, _| names.contains(&name.as_str()));
        Ok(claims)
    }

    /// The tokens of one answer.
    pub(crate) async fn mint<'a>(&'a self, issue: Issue<'a>) -> Result<Mint<'a>, Internal> {
        let Issue { provider, person, origin, code, alone, request, actor } = issue;
        let keys = self.keys(provider).await?;
        let now = self.now();
        let expires_in = provider.settings.access_token_validity.seconds();
        // Without an access token nobody can ask for them (OpenID Connect Core 5.4).
        let scope_claims = if alone || provider.settings.include_claims_in_id_token {
            self.scope_claims(provider, person, &origin.scopes, request, actor).await?
        } else {
            Map::new()
        };
        let asked = &origin.sign_in.claims_request;
        let names: Vec<&str> = asked.id_token.iter().map(String::as_str).collect();
        let asked_claims = self.claims_by_name(provider, person, &names, request, actor).await?;
        let protocol = claims::Protocol {
            iss: provider.issuer(&self.origin(request)),
            sub: self.subject(provider, person).await?,
            aud: provider.client.id.clone(),
            exp: now.plus_seconds(expires_in),
            iat: now,
            auth_time: origin.sign_in.auth_time,
            acr: origin.sign_in.acr.clone(),
            amr: origin.sign_in.amr.clone(),
            c_hash: code.map(|code| half_hash(code, keys.signing.algorithm())),
            nonce: origin.sign_in.nonce.clone(),
            at_hash: None,
            // Only as long as there is a session.
            sid: origin
                .session
                .as_ref()
                .map(|session| origin.sign_in.sid.clone().unwrap_or_else(|| hex::encode(session))),
        };
        let access = issue::Access {
            format: provider.settings.access_token_format,
            scopes: origin.scopes.clone(),
            resources: origin.resources.clone(),
            binding: origin.binding.clone(),
            exchanged: None,
        };
        let of_userinfo = asked.userinfo.clone();
        let common = issue::Common { protocol, scope_claims, asked_claims, of_userinfo, access };
        Ok(Mint {
            service: self,
            provider,
            origin,
            user: person.identity.pk,
            keys,
            common,
            expires_in,
        })
    }

    /// A refresh token for what an access token was made for.
    pub(crate) fn refresh_token(
        &self,
        provider: &Provider,
        access: &NewGrant<AccessData>,
        scopes: &Scopes,
        origin: &Origin,
    ) -> NewGrant<RefreshData> {
        let now = self.now();
        NewGrant {
            value: self.cx.entropy.token(128),
            provider: provider.id(),
            user: access.user,
            session: origin.session.clone(),
            scopes: scopes.clone(),
            created: now,
            expires: now.plus_seconds(provider.settings.refresh_token_validity.seconds()),
            family: origin.family,
            data: RefreshData {
                sign_in: origin.sign_in.clone(),
                resources: origin.resources.clone(),
                // A confidential client proves itself at each use (RFC 9449 5).
                binding: origin
                    .binding
                    .clone()
                    .filter(|_| provider.client.kind == ClientType::Public),
                claims: access.data.claims.clone(),
            },
        }
    }

    /// Writes an event; a failure to do so is logged and does not stop the answer.
    pub(crate) async fn event(&self, action: &'static str, context: Value, actor: Actor) {
        Event::new(action, EVENTS, context).write(&self.cx, actor).await;
    }
}

/// What tokens tell about the session's sign-in.
pub(crate) fn sign_in(
    session: &SessionData,
    key_hash: [u8; 32],
    request: &AuthorizeRequest,
) -> SignIn {
    let acr = match claims::reached(&request.acr, claims::contexts(session)) {
        Reached::Context(context) => context.map(str::to_owned),
        Reached::NotYet | Reached::Unknown => None,
    };
    SignIn {
        nonce: request.nonce.clone(),
        sid: Some(hex::encode(key_hash)),
        acr,
        claims_request: request.claims.clone(),
        ..signed_in(session)
    }
}

/// How somebody signed in, where no request of a client says what it wants to know of that.
pub(crate) fn signed_in(session: &SessionData) -> SignIn {
    SignIn {
        amr: claims::amr(session).into_iter().map(str::to_owned).collect(),
        ..SignIn::at(Timestamp::from_seconds(session.auth_time))
    }
}

/// Removes grants whose provider is gone.
pub(crate) async fn clean(cx: &Context) -> Result<(), StoreError> {
    let store = move |tx: &mut Tx<'_>| {
        let providers: Vec<i64> =
            tx.graph().entries(SPACE).filter_map(|entry| entry.id.key.int()).collect();
        grants::delete_of_others(tx, &providers)
    };
    cx.store.write(Actor::system(), "grants without a provider", store).await
}

/// Ends what a provider issued that was deleted, also while nobody looked. A failure is tried again
/// when the supervisor starts this anew.
pub(crate) async fn follow_deletions(cx: Context, mut stop: Shutdown) -> Result<(), String> {
    // Keys only rise: as many more providers as keys were given means that none is gone. Cheap, for
    // it is asked at each revision.
    let state = |cx: &Context| {
        let snapshot = cx.snapshot();
        let count: usize = cx.registry().family(SPACE).map(|k| snapshot.count_of(k.meta)).sum();
        snapshot.highest_key(SPACE) - i64::try_from(count).unwrap_or(i64::MAX)
    };
    let mut revisions = cx.store.revisions();
    let mut known = None;
    loop {
        let now = Some(state(&cx));
        if now != known {
            clean(&cx).await.map_err(|error| {
                format!("the tokens of a deleted provider could not be removed: {error}")
            })?;
        }
        known = now;
        tokio::select! {
            changed = revisions.changed() => changed.map_err(|error| error.to_string())?,
            () = stop.requested() => return Ok(()),
        }
    }
}
