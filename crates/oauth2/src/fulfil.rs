//! The end of an authorization flow: the person is signed in, may use the application and has consented, so the
//! client gets what it asked for.

use countersign_events::{Event, emit};
use countersign_flow::{FlowError, InPlanStage, Outcome, Turn};
use countersign_rest::{BoxFuture, renew_session};
use countersign_store::{StoreError, Tx};
use serde_json::{Value, json};

use crate::access;
use crate::grants::{self, CodeData, NewGrant};
use crate::issue::Hashes;
use crate::provider::{Provider, model_reference};
use crate::service::{self, Internal, Minted, Origin, Person, Service};
use crate::wire::authorize::{AuthorizeRequest, ResponseType};
use crate::wire::redirect;
use crate::wire::respond::Delivery;
use crate::wire::scope::OFFLINE_ACCESS;

/// Name of the stage in plans.
pub(crate) const AUTHORIZE: &str = "oauth2.authorize";

/// Issues codes and tokens.
pub(crate) struct Fulfil;

impl InPlanStage for Fulfil {
    fn name(&self) -> &'static str {
        AUTHORIZE
    }

    fn run(&self, turn: Turn) -> BoxFuture<Result<Outcome, FlowError>> {
        Box::pin(async move {
            let request: AuthorizeRequest = turn.data()?;
            let service = Service::of(&turn.cx);
            let snapshot = service.cx.snapshot();
            // The flow may have taken an hour: what was true when it began is asked again.
            let provider = Provider::by_client_id(&snapshot, [request.client_id.as_str()]);
            let provider = provider.filter(|p| p.application.is_some() && redirect::check(&request.to.uri, &p.client.redirect_uris).is_ok());
            let Some(provider) = provider else { return Ok(Outcome::Deny("The application was changed in the meantime.".to_owned())) };
            let person = service.person_of(turn.user()?.clone());
            let context = access::authorize_context(&request);
            if !access::is_allowed(&service, &provider, &person, &turn.request, &context).await? {
                return Ok(Outcome::Deny("Request has been denied.".to_owned()));
            }
            if let Err(error) = service.subject(&provider, &person).await {
                let Internal::Subject(error) = error else { return Err(FlowError::broken(error.to_string())) };
                let mut actor = service.cx.actor(&turn.visitor.caller(), &turn.request);
                actor.user = actor.user.or_else(|| Some(person.actor()));
                let context = json!({"message": error.to_string(), "provider": provider.reference_json()});
                service.event("configuration_error", context, actor).await;
                return Ok(Outcome::Deny(error.to_string()));
            }
            let answer = issue(&service, &turn, &provider, &person, &request).await.map_err(|e| FlowError::broken(e.to_string()))?;
            let name = provider.application.as_ref().map_or("", |(_, a)| a.name.as_str());
            Ok(match answer {
                Delivery::Redirect(to) => Outcome::Redirect(to),
                Delivery::Form { url, fields } => Outcome::Autosubmit { url, title: format!("Redirecting to {name}..."), fields },
            })
        })
    }
}

async fn issue(service: &Service, turn: &Turn, provider: &Provider, person: &Person, request: &AuthorizeRequest) -> Result<Delivery, Internal> {
    let kind = request.response_type;
    let session = turn.visitor.session.clone().unwrap_or_default();
    let key_hash = turn.visitor.key_hash();
    let mut actor = service.cx.actor(&turn.visitor.caller(), &turn.request);
    // Whoever acts as another gets no token that outlives it.
    let scopes = if turn.visitor.original.is_some() { request.scopes.without(OFFLINE_ACCESS) } else { request.scopes.clone() };
    if actor.on_behalf_of.is_none() {
        actor.user = Some(person.actor());
    }
    let origin = Origin {
        scopes,
        sign_in: service::sign_in(&session, request.nonce.clone()),
        session: Some(key_hash.to_vec()),
        family: service.cx.entropy.uuid_at(service.now()),
    };
    let code = kind.has_code().then(|| code(service, provider, person, request, &origin));
    let minted = if kind == ResponseType::Code { None } else { Some(mint(service, turn, provider, person, &origin, kind, code.as_ref(), &actor).await?) };
    let fields = fields(kind, code.as_ref().map(|c| &c.value), minted.as_ref());

    let access = minted.as_ref().filter(|_| kind.has_access_token()).map(|m| m.access.clone());
    let event = authorized(provider, request);
    let slug = provider.slug().unwrap_or_default().to_owned();
    let store = move |tx: &mut Tx<'_>| -> Result<(), StoreError> {
        code.as_ref().map(|code| grants::insert_code(tx, code)).transpose()?;
        access.as_ref().map(|token| grants::insert_access_token(tx, token)).transpose()?;
        if !session.applications.contains(&slug) {
            let mut session = session.clone();
            session.applications.push(slug.clone());
            renew_session(tx, key_hash, &session)?;
        }
        emit(tx, event.clone()).map(|_| ())
    };
    service.cx.store.write(actor, "application authorized", store).await?;
    Ok(request.to.success(&fields))
}

fn code(service: &Service, provider: &Provider, person: &Person, request: &AuthorizeRequest, origin: &Origin) -> NewGrant<CodeData> {
    let now = service.now();
    NewGrant {
        value: service.cx.entropy.uuid().simple().to_string(),
        provider: provider.id(),
        user: person.identity.pk,
        session: origin.session.clone(),
        scopes: origin.scopes.clone(),
        created: now,
        expires: now.plus_seconds(provider.settings.access_code_validity.seconds()),
        family: origin.family,
        data: CodeData { redirect_uri: request.to.uri.clone(), challenge: request.challenge.clone(), sign_in: origin.sign_in.clone() },
    }
}

#[expect(clippy::too_many_arguments, reason = "all of one moment, used once")]
async fn mint(
    service: &Service,
    turn: &Turn,
    provider: &Provider,
    person: &Person,
    origin: &Origin,
    kind: ResponseType,
    code: Option<&NewGrant<CodeData>>,
    actor: &countersign_store::Actor,
) -> Result<Minted, Internal> {
    // OpenID Connect Core 3.3.2.11: an id token that comes together with a code names it.
    let named = matches!(kind, ResponseType::CodeIdToken | ResponseType::CodeIdTokenToken);
    let hashes = Hashes { code: code.map(|c| c.value.as_str()).filter(|_| named), without_access_token: !kind.has_access_token() };
    service.mint(provider, person, origin, hashes, &turn.request, actor).await
}

/// What the client gets, in the original's order.
fn fields(kind: ResponseType, code: Option<&String>, minted: Option<&Minted>) -> Vec<(&'static str, String)> {
    let mut fields = Vec::new();
    if let Some(minted) = minted {
        if kind.has_access_token() {
            fields.push(("access_token", minted.pair.access_token.clone()));
        }
        if kind.has_id_token() {
            fields.push(("id_token", minted.pair.id_token.clone()));
        }
    }
    fields.extend(code.map(|code| ("code", code.clone())));
    if let Some(minted) = minted {
        // They are about an access token; beside a code the original sends them too.
        if kind != ResponseType::IdToken {
            fields.push(("token_type", "Bearer".to_owned()));
            fields.push(("expires_in", minted.expires_in.to_string()));
        }
    }
    fields
}

fn authorized(provider: &Provider, request: &AuthorizeRequest) -> Event {
    let application = provider.application.as_ref().map(|(reference, a)| model_reference(*reference, &a.name));
    let flow = provider.settings.authorization_flow.key().uuid().map(|u| u.simple().to_string());
    let context: Value = json!({"authorized_application": application, "flow": flow, "scopes": request.scopes.to_string()});
    Event::new("authorize_application", "authentik.providers.oauth2.views.authorize", context)
}
