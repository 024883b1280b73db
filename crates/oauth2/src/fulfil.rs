//! The end of an authorization flow: the person is signed in, may use the application and has
//! consented, so the client gets what it asked for.

use countersign_accounts::renew_session;
use countersign_catalogue::sign_out::Joined;
use countersign_events::{Event, emit};
use countersign_flow::{FlowError, Run, Stage, Step};
use countersign_pages::{AutosubmitChallenge, PageDef};
use countersign_store::{StoreError, Tx};
use serde_json::{Value, json};

use crate::access;
use crate::claims::{self, Reached};
use crate::grants::{self, AccessData, CodeData, NewGrant};
use crate::provider::Provider;
use crate::registration;
use crate::report::Cause;
use crate::service::{self, Internal, Issue, OAuth2, Origin, Person, Service};
use crate::session_state;
use crate::wire::authorize::{AuthorizeRequest, ResponseType};
use crate::wire::redirect;
use crate::wire::respond::Delivery;
use crate::wire::scope::{OFFLINE_ACCESS, OPENID};
use crate::wire::{AuthorizeError, Scopes};

/// Name of the stage in plans.
pub(crate) const AUTHORIZE: &str = "oauth2.authorize";

/// Issues codes and tokens.
pub(crate) struct Fulfil {
    pub(crate) oauth: OAuth2,
    pub(crate) request: AuthorizeRequest,
}

impl Stage for Fulfil {
    type State = ();
    const PAGES: &'static [PageDef] = &[PageDef::of::<AutosubmitChallenge>()];

    async fn show(&self, run: &mut Run, (): &mut ()) -> Result<Step, FlowError> {
        let (service, request) = (self.oauth.over(run.cx().clone()), &self.request);
        let snapshot = service.cx.snapshot();
        // The flow may have taken an hour: what was true when it began is asked again.
        let provider = Provider::by_client_id(&snapshot, [request.client_id.as_str()]);
        let provider = provider.filter(|p| {
            p.application.is_some()
                && redirect::check(&request.to.uri, &p.client.redirect_uris).is_ok()
        });
        let Some(provider) = provider else {
            return Ok(Step::deny("The application was changed in the meantime."));
        };
        let person = service.person_of(run.user()?.clone());
        let protocol = access::authorizing(request);
        if !access::is_allowed(&service, &provider, &person, run.request(), &protocol).await? {
            return Ok(Step::deny("Request has been denied."));
        }
        let session = run.visitor().session.clone().unwrap_or_default();
        let reached = claims::reached(&request.acr, claims::contexts(&session));
        let meant = request.claims.subject.as_ref();
        let other = meant.is_some_and(|meant| *meant != service.sub(&provider, &person));
        // The flow may have signed somebody in.
        if other || matches!(reached, Reached::NotYet | Reached::Unknown) {
            let error = if other {
                AuthorizeError::LoginRequired
            } else {
                AuthorizeError::UnmetAuthentication
            };
            return Ok(leaving(&provider, request.to.error(&error)));
        }
        if let Err(error) = service.subject(&provider, &person).await {
            let Internal::Subject(error) = error else {
                return Err(FlowError::broken(error.to_string()));
            };
            let mut actor = service.cx.actor(&run.visitor().caller(), run.request());
            actor.user = actor.user.or_else(|| Some(person.actor()));
            let context =
                json!({"message": error.to_string(), "provider": provider.reference_json()});
            let cause =
                Cause::new(Some(&provider), "oauth2.subject").of_account(person.identity.pk);
            service.report(cause, "configuration_error", context, actor).await;
            return Ok(Step::deny(error.to_string()));
        }
        let answer = issue(&service, run, &provider, &person, request)
            .await
            .map_err(|e| FlowError::broken(e.to_string()))?;
        Ok(leaving(&provider, answer))
    }

    fn may_run_silently(&self) -> bool {
        true
    }
}

/// The answer on its way through the browser.
fn leaving(provider: &Provider, answer: Delivery) -> Step {
    let name = provider.application.as_ref().map_or("", |(_, a)| a.name.as_str());
    match answer {
        Delivery::Redirect(to) => Step::Redirect(to),
        Delivery::Form { url, fields } => {
            let title = format!("Redirecting to {name}...");
            Step::show(AutosubmitChallenge::new(url, fields, title))
        }
    }
}

async fn issue(
    service: &Service,
    run: &mut Run,
    provider: &Provider,
    person: &Person,
    request: &AuthorizeRequest,
) -> Result<Delivery, Internal> {
    let kind = request.response_type;
    let session = run.visitor().session.clone().unwrap_or_default();
    let key_hash = run.visitor().key_hash();
    let mut actor = service.cx.actor(&run.visitor().caller(), run.request());
    // Whoever acts as another gets no token that outlives it.
    let scopes = if run.visitor().original.is_some() {
        request.scopes.without(OFFLINE_ACCESS)
    } else {
        request.scopes.clone()
    };
    if actor.on_behalf_of.is_none() {
        actor.user = Some(person.actor());
    }
    let origin = Origin {
        resources: request.resources.clone(),
        // A token in an address is bound to nothing.
        binding: None,
        scopes,
        sign_in: service::sign_in(&session, key_hash, request),
        session: Some(key_hash.to_vec()),
        family: service.cx.entropy.uuid_at(service.now()),
    };
    let code = kind.has_code().then(|| code(service, provider, person, request, &origin));
    let tokens = if kind == ResponseType::Code {
        Tokens::default()
    } else {
        // OpenID Connect Core 3.3.2.11: an id token that comes together with a code names it.
        let named = code.as_ref().filter(|_| kind.has_id_token()).map(|code| code.value.as_str());
        let mint = service
            .mint(Issue {
                provider,
                person,
                origin: &origin,
                code: named,
                alone: !kind.has_code() && !kind.has_access_token(),
                request: run.request(),
                actor: &actor,
            })
            .await?;
        let access = if kind.has_access_token() { Some(mint.access_token()?) } else { None };
        let id_token =
            if kind.has_id_token() { Some(mint.id_token(access.as_ref())?) } else { None };
        Tokens { access, id_token, expires_in: mint.expires_in }
    };
    let mut fields = fields(kind, code.as_ref().map(|c| &c.value), &tokens);
    if request.scopes.contains(OPENID) {
        let (browser, salt) = (session_state::of_browser(key_hash), service.cx.entropy.token(16));
        let state = session_state::of_answer(&request.client_id, &request.to.uri, &browser, &salt);
        fields.extend(state.map(|state| ("session_state", state)));
        run.set_session_state(&browser);
    }

    let access = tokens.access;
    let event = authorized(provider, &request.scopes, "authentik.providers.oauth2.views.authorize");
    let slug = provider.slug().unwrap_or_default().to_owned();
    let number = provider.id();
    let joined = Joined {
        provider: number,
        user: person.identity.pk,
        subject: service.sub(provider, person),
        format: String::new(),
        index: hex::encode(key_hash),
        issuer: provider.issuer(&service.origin(run.request())).unwrap_or_default(),
    };
    let store = move |tx: &mut Tx<'_>| -> Result<(), StoreError> {
        code.as_ref().map(|code| grants::insert_code(tx, code)).transpose()?;
        access.as_ref().map(|token| grants::insert_access_token(tx, token)).transpose()?;
        if !session.applications.contains(&slug) {
            let mut session = session.clone();
            session.applications.push(slug.clone());
            renew_session(tx, key_hash, &session)?;
        }
        joined.note(tx, key_hash)?;
        let now = tx.now();
        registration::note_used(tx, number, now)?;
        emit(tx, event.clone()).map(|_| ())
    };
    service.cx.store.write(actor, "application authorized", store).await?;
    service.success(provider, &request.to, &fields).await
}

fn code(
    service: &Service,
    provider: &Provider,
    person: &Person,
    request: &AuthorizeRequest,
    origin: &Origin,
) -> NewGrant<CodeData> {
    let now = service.now();
    NewGrant {
        value: service.cx.entropy.uuid().simple().to_string(),
        provider: provider.id(),
        user: person.identity.pk,
        session: origin.session.clone(),
        scopes: origin.scopes.clone(),
        created: now,
        expires: now.plus_seconds(provider.settings.code_seconds()),
        family: origin.family,
        data: CodeData {
            redirect_uri: request.to.uri.clone(),
            challenge: request.challenge.clone(),
            resources: request.resources.clone(),
            jkt: request.dpop_jkt.clone(),
            sign_in: origin.sign_in.clone(),
        },
    }
}

/// What an answer carries besides a code.
#[derive(Default)]
struct Tokens {
    access: Option<NewGrant<AccessData>>,
    id_token: Option<String>,
    expires_in: i64,
}

/// What the client gets, in the original's order.
fn fields(
    kind: ResponseType,
    code: Option<&String>,
    tokens: &Tokens,
) -> Vec<(&'static str, String)> {
    let mut fields = Vec::new();
    fields.extend(tokens.access.as_ref().map(|access| ("access_token", access.value.clone())));
    fields.extend(tokens.id_token.as_ref().map(|token| ("id_token", token.clone())));
    fields.extend(code.map(|code| ("code", code.clone())));
    // They are about an access token; beside a code the original sends them too.
    if !matches!(kind, ResponseType::Code | ResponseType::IdToken) {
        fields.push(("token_type", "Bearer".to_owned()));
        fields.push(("expires_in", tokens.expires_in.to_string()));
    }
    fields
}

/// A person has let an application in.
pub(crate) fn authorized(provider: &Provider, scopes: &Scopes, app: &'static str) -> Event {
    let application = provider.application_json();
    let flow = provider.settings.authorization_flow.key().uuid().map(|u| u.simple().to_string());
    let context: Value =
        json!({"authorized_application": application, "flow": flow, "scopes": scopes.to_string()});
    Event::new("authorize_application", app, context)
}
