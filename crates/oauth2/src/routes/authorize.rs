//! `/application/o/authorize/`: an application sends a browser here to have somebody signed in.

use axum::body::Bytes;
use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, Method, request::Parts};
use countersign_accounts::visitor;
use countersign_core::{Caller, Context, RequestInfo, Visitor};
use countersign_flow::{
    ApplicationHint, Begin, Destination, FlowStageBinding, InPlan, Interaction, Started, begin,
    denied_page, key, require_login,
};
use countersign_model::{Target as _, Timestamp};
use countersign_store::{Owner, sha256};
use serde_json::{Map, Value, json};

use super::http::{self, Answer};
use super::pages;
use crate::access;
use crate::claims::{asks_for_second_factor, contexts};
use crate::consent;
use crate::decide::authorize::{Decision, Facts, SessionFacts, decide};
use crate::doctor::Refused;
use crate::fulfil::AUTHORIZE;
use crate::jose;
use crate::provider::Provider;
use crate::pushed;
use crate::report::Cause;
use crate::service::{Internal, Person, Service};
use crate::wire::authorize::{self as wire, Arrival, AuthorizeRequest, Endpoint, Refusal};
use crate::wire::respond::Delivery;
use crate::wire::{AuthorizeError, PageError, Params};

/// How long a request that was held back for a fresh sign-in is remembered.
const HELD_SECONDS: i64 = 3_600;
const HELD: &str = "oauth2.held";
const PATH: &str = "/application/o/authorize/";
pub(super) const GITHUB_PATH: &str = "/login/oauth/authorize";
const MARK: &str = "countersign_authorize";
const MARK_LENGTH: usize = 32;

pub(crate) async fn authorize(service: &Service, parts: &Parts, body: &Bytes) -> Answer {
    let request = RequestInfo::of(parts);
    let from_body = parts.method == Method::POST && !body.is_empty();
    let params = if from_body {
        http::form(&parts.headers, body)
    } else {
        Params::parse(request.query.as_bytes())
    };
    let Ok(params) = params else {
        let none = Params::default();
        return refuse(service, &request, None, &none, &PageError::Oversized).await;
    };
    let snapshot = service.cx.snapshot();
    let provider = match wire::client_id(&params) {
        Ok(id) => Provider::by_client_id(&snapshot, [id]).ok_or(PageError::ClientId),
        Err(error) => Err(error),
    };
    let provider = match provider {
        Ok(provider) => provider,
        Err(error) => return refuse(service, &request, None, &params, &error).await,
    };
    let arrived = match arrive(service, &request, &provider, &params).await {
        Ok(Ok(arrived)) => arrived,
        Ok(Err(error)) => {
            return refuse(service, &request, Some(&provider), &params, &error).await;
        }
        Err(error) => return http::internal_page(&error),
    };
    let issuer = provider.issuer(&service.cx.origin(&request));
    let mut client = provider.client.clone();
    if place(&request) == GITHUB_PATH {
        client.scopes = client.scopes.with_github();
    }
    let parsed = match wire::parse(&arrived.params, &client, issuer, &arrived.how) {
        Ok(parsed) => parsed,
        Err(refused) => match refused.how {
            Refusal::Page(error) => {
                let params = &arrived.params;
                return refuse(service, &request, Some(&provider), params, &error).await;
            }
            Refusal::Client { to, error } => {
                tracing::info!(
                    code = error.code(),
                    step = refused.step,
                    client = provider.client.id,
                    "an authorization request was refused"
                );
                let refused = Refused::Authorize(&error);
                let client = request.client_ip;
                service.diagnose(&provider, refused, &arrived.params, client).await;
                return match service.failure(&provider, &to, &error).await {
                    Ok(delivery) => pages::deliver(service, delivery),
                    Err(error) => http::internal_page(&error),
                };
            }
        },
    };
    if parts.method == Method::POST {
        // A form of another site comes without our cookie; the same request by GET comes with it.
        return service.cx.see_other(&format!("{}?{}", place(&request), params.to_query()));
    }
    if arrived.is_from_object {
        // It ends sooner than a sign-in may take, so it waits here under a name.
        let (seconds, owner) = (pushed::OBJECT_SECONDS, Owner::client(request.client_ip));
        return match service.push(&provider, &arrived.params, seconds, owner).await {
            Ok(name) => service.cx.see_other(&named(&request, &provider, &name)),
            Err(error) => http::internal_page(&error.into()),
        };
    }
    let asked = Asked {
        service,
        request: &request,
        provider: &provider,
        params: &params,
        name: arrived.name,
        headers: &parts.headers,
    };
    asked.answer(parts, &parsed).await.unwrap_or_else(|error| http::internal_page(&error))
}

/// The parameters that count, and how they came.
struct Arrived {
    params: Params,
    how: Arrival,
    /// Of one that waited here.
    name: Option<pushed::Name>,
    is_from_object: bool,
}

/// Parameters come with the browser, in a signed object, or wait here under the name that the
/// browser brings; nothing beside an object or a name counts (RFC 9101 6.3, RFC 9126 4).
async fn arrive(
    service: &Service,
    request: &RequestInfo,
    provider: &Provider,
    params: &Params,
) -> Result<Result<Arrived, PageError>, Internal> {
    let name = params.one("request_uri").ok().and_then(pushed::Name::parse);
    if let Some(name) = name {
        let how = Arrival { endpoint: Endpoint::Named, object: None };
        let waiting = service.pushed(provider, &name).await?.ok_or(PageError::Pushed);
        let arrived =
            waiting.map(|params| Arrived { params, how, name: Some(name), is_from_object: false });
        return Ok(arrived);
    }
    let had_object = params.some("request").is_ok_and(|object| object.is_some());
    let (params, object) = service.request_object(provider, params.clone(), request).await;
    let how = Arrival { endpoint: Endpoint::Browser, object };
    let is_from_object =
        had_object && object.is_none() && provider.client.request_objects.is_some();
    Ok(Ok(Arrived { params, how, name: None, is_from_object }))
}

/// The address of a request that waits here.
fn named(request: &RequestInfo, provider: &Provider, name: &pushed::Name) -> String {
    let uri = name.uri();
    let query =
        Params::from([("client_id", provider.client.id.as_str()), ("request_uri", uri.as_str())]);
    format!("{}?{}", place(request), query.to_query())
}

/// The address that was asked, as it is written where the browser comes back to it.
fn place(request: &RequestInfo) -> &'static str {
    if request.path == GITHUB_PATH { GITHUB_PATH } else { PATH }
}

/// Tells the sign-in which application it is for.
pub(crate) struct SignInFor;

impl Destination for SignInFor {
    fn application(&self, cx: &Context, path: &str, query: &str) -> Option<ApplicationHint> {
        if path != PATH && path != GITHUB_PATH {
            return None;
        }
        let params = Params::parse(query.as_bytes()).ok()?;
        let snapshot = cx.snapshot();
        let provider = Provider::by_client_id(&snapshot, [wire::client_id(&params).ok()?])?;
        let (_, application) = provider.application.as_ref()?;
        Some(ApplicationHint {
            name: application.name.clone(),
            slug: application.slug.to_string(),
            authentication_flow: provider.settings.authentication_flow,
            login_hint: params.some("login_hint").ok().flatten().map(str::to_owned),
            second_factor: wire::second_factor(&params),
            registers: wire::registers(&params),
        })
    }
}

/// A request nobody can be answered about: a page, and where it helps an administrator, an event.
async fn refuse(
    service: &Service,
    request: &RequestInfo,
    provider: Option<&Provider>,
    params: &Params,
    error: &PageError,
) -> Answer {
    tracing::info!(
        code = error.code(),
        client = provider.map(|p| p.client.id.as_str()),
        "an authorization request was refused"
    );
    if matches!(error, PageError::ClientId | PageError::Redirect { .. }) {
        let mut context = json!({"message": error.text()});
        if let (Some(provider), PageError::Redirect { received, .. }, Some(members)) =
            (provider, error, context.as_object_mut())
        {
            let expected: Vec<&str> =
                provider.client.redirect_uris.iter().map(|r| r.url.as_str()).collect();
            members.insert("provider".into(), provider.reference_json());
            members.insert("redirect_uri".into(), received.clone().into());
            members.insert("expected".into(), json!(expected));
        }
        let actor = service.cx.actor(&Caller::nobody(), request);
        service
            .report(Cause::new(provider, error.code()), "configuration_error", context, actor)
            .await;
    }
    if let Some(provider) = provider {
        service.diagnose(provider, Refused::Page(error), params, request.client_ip).await;
    }
    pages::refused(service, request, error)
}

/// A request in order, on its way to the person.
struct Asked<'a> {
    service: &'a Service,
    request: &'a RequestInfo,
    provider: &'a Provider,
    params: &'a Params,
    /// Of one that waits here.
    name: Option<pushed::Name>,
    headers: &'a HeaderMap,
}

impl Asked<'_> {
    async fn answer(&self, parts: &Parts, parsed: &AuthorizeRequest) -> Result<Answer, Internal> {
        let service = self.service;
        if self.provider.application.is_none() {
            return Ok(pages::without_application(service, self.request));
        }
        let visitor = visitor(&service.cx, parts).await?;
        let person = visitor.user.clone().map(|user| service.person_of(user));
        let policies = match &person {
            Some(person) => {
                access::decide(
                    service,
                    self.provider,
                    person,
                    self.request,
                    &access::authorizing(parsed),
                )
                .await?
            }
            None => None,
        };
        let hint_mismatch = self.hint_mismatch(parsed, person.as_ref()).await;
        let session =
            person.as_ref().zip(visitor.session.as_ref()).map(|(person, session)| SessionFacts {
                signed_in_at: session.signed_in_at(),
                allowed: person.identity.is_active && policies.as_ref().is_some_and(|p| p.passing),
                hint_mismatch,
                subject_mismatch: parsed
                    .claims
                    .subject
                    .as_ref()
                    .is_some_and(|wanted| *wanted != service.sub(self.provider, person)),
                contexts: contexts(session),
            });
        let facts = Facts { now: service.now(), first_seen: self.first_seen().await?, session };
        match decide(parsed, &facts) {
            Decision::Answer(error) => {
                if let Some(name) = &self.name {
                    service.take_pushed(name).await;
                }
                self.refused(parsed, &error).await
            }
            Decision::DenyPage => match (policies, &self.provider.application) {
                (Some(policies), Some((reference, application))) => {
                    let about = (*reference, application.name.as_str());
                    Ok(denied_page(&service.cx, self.request, &visitor, about, policies).await?)
                }
                _ => Ok(pages::without_application(service, self.request)),
            },
            Decision::SignIn { fresh } => {
                let mut answer = self.sign_in(&visitor);
                // Whether they sign in now or again: it is asked for once.
                let wants = parsed.prompt.asks_to_sign_in()
                    || parsed.max_age.is_some()
                    || parsed.claims.subject.is_some()
                    || asks_for_second_factor(&parsed.acr);
                if fresh || wants {
                    self.hold(&mut answer).await?;
                }
                Ok(answer)
            }
            Decision::Proceed => {
                // A request that was pushed begins one sign-in (RFC 9126 7.3).
                if let Some(name) = &self.name
                    && !service.take_pushed(name).await
                {
                    let error = PageError::Pushed;
                    let (provider, params) = (Some(self.provider), self.params);
                    return Ok(refuse(service, self.request, provider, params, &error).await);
                }
                self.release().await;
                self.begin(&visitor, person.as_ref(), parsed).await
            }
        }
    }

    async fn refused(
        &self,
        parsed: &AuthorizeRequest,
        error: &AuthorizeError,
    ) -> Result<Answer, Internal> {
        let client = self.request.client_ip;
        let refused = Refused::Authorize(error);
        self.service.diagnose(self.provider, refused, self.params, client).await;
        let delivery = self.service.failure(self.provider, &parsed.to, error).await?;
        Ok(pages::deliver(self.service, delivery))
    }

    fn sign_in(&self, visitor: &Visitor) -> Answer {
        let next = format!("{}?{}", place(self.request), self.request.query);
        require_login(&self.service.cx, self.request, visitor, &next)
    }

    async fn begin(
        &self,
        visitor: &Visitor,
        person: Option<&Person>,
        parsed: &AuthorizeRequest,
    ) -> Result<Answer, Internal> {
        let mut context = self.context(parsed);
        if let Some(person) = person {
            let actor = self.service.cx.actor(&visitor.caller(), self.request);
            let claims = self
                .service
                .scope_claims(self.provider, person, &parsed.scopes, self.request, &actor)
                .await?;
            let names: Vec<&str> = parsed.claims.names().collect();
            let asked = self
                .service
                .claims_by_name(self.provider, person, &names, self.request, &actor)
                .await?;
            let claims = claims.into_iter().chain(asked).collect();
            context
                .insert(key::CONSENT_VALUES.to_owned(), consent::values(&claims, &parsed.scopes));
        }
        // Who does not consent goes back to the application, which is told so.
        let denied = AuthorizeError::AccessDenied;
        if let Delivery::Redirect(to) =
            self.service.failure(self.provider, &parsed.to, &denied).await?
        {
            context.insert(key::CONSENT_DENY_URL.to_owned(), to.into());
        }
        let begin_with = Begin {
            flow: self.provider.settings.authorization_flow,
            context,
            last: InPlan::new(AUTHORIZE, parsed),
            interaction: if parsed.prompt.none {
                Interaction::Forbidden
            } else {
                Interaction::Allowed
            },
            always_consent: parsed.prompt.consent,
        };
        match begin(&self.service.cx, self.request, visitor, begin_with).await? {
            Started::Answer(answer) => Ok(answer),
            Started::InteractionRequired => {
                let error = if self.asks_consent() {
                    AuthorizeError::ConsentRequired
                } else {
                    AuthorizeError::InteractionRequired
                };
                self.refused(parsed, &error).await
            }
        }
    }

    /// What the flow and its pages are told.
    fn context(&self, parsed: &AuthorizeRequest) -> Map<String, Value> {
        let application = self.provider.application.as_ref();
        let name = application.map_or("", |(_, a)| a.name.as_str());
        let described = application.map(|(reference, a)| json!({"pk": reference.key().to_string(), "name": a.name, "slug": &*a.slug}));
        let target = url::Url::parse(&parsed.to.uri).ok().and_then(|u| {
            let host = u.host_str()?.to_owned();
            Some(u.port().map_or_else(|| host.clone(), |port| format!("{host}:{port}")))
        });
        let challenge = parsed.challenge.as_ref();
        Map::from_iter([
            (key::IS_SSO.to_owned(), json!(true)),
            (key::APPLICATION.to_owned(), json!(described)),
            (key::CONSENT_HEADER.to_owned(), json!(format!("You're about to sign into {name}."))),
            (
                key::CONSENT_PERMISSIONS.to_owned(),
                consent::permissions(self.provider, &parsed.scopes, parsed.claims.names()),
            ),
            (
                key::CONSENT_TARGET.to_owned(),
                json!(target.unwrap_or_else(|| redirect_scheme(&parsed.to.uri))),
            ),
            (
                "goauthentik.io/providers/oauth2/params".to_owned(),
                json!({
                    "client_id": parsed.client_id, "redirect_uri": parsed.to.uri, "response_type": parsed.response_type.as_str(),
                    "scope": parsed.scopes.iter().collect::<Vec<_>>(), "state": parsed.to.state, "nonce": parsed.nonce,
                    "grant_type": parsed.response_type.grant_type().as_str(), "max_age": parsed.max_age,
                    "code_challenge": challenge.map(|c| &c.value), "code_challenge_method": challenge.map(|c| c.method.as_str()),
                }),
            ),
        ])
    }

    fn asks_consent(&self) -> bool {
        let snapshot = &self.provider.snapshot;
        let flow = self.provider.settings.authorization_flow.id();
        snapshot
            .referrers_in(flow, FlowStageBinding::SPACE)
            .filter_map(|(binding, _)| snapshot.entry(binding))
            .any(|binding| {
                let mut asks = false;
                binding.object.visit_refs(&mut |_, id| {
                    asks |= snapshot
                        .entry(id)
                        .is_some_and(|e| e.meta().model == "authentik_stages_consent.consentstage");
                });
                asks
            })
    }

    /// Whether the `id_token_hint` is of somebody else than the person signed in. One we did not
    /// sign says nothing.
    async fn hint_mismatch(&self, parsed: &AuthorizeRequest, person: Option<&Person>) -> bool {
        let (Some(hint), Some(person)) = (&parsed.id_token_hint, person) else { return false };
        let Ok(keys) = self.service.keys(self.provider).await else { return false };
        let claims = jose::verify(hint, &keys.signing).ok();
        let named = claims.as_ref().and_then(|c| c.get("sub")).and_then(Value::as_str);
        named.is_some_and(|sub| sub != self.service.sub(self.provider, person))
    }

    /// A mark of the browser that stays the same over a sign-in, which gives it another session.
    fn mark(&self) -> Option<&str> {
        let cookies = http::text(self.headers, COOKIE)?;
        let mark = cookies
            .split(';')
            .find_map(|pair| pair.trim().strip_prefix(MARK)?.strip_prefix('='))?;
        (mark.len() == MARK_LENGTH && mark.bytes().all(|b| b.is_ascii_alphanumeric()))
            .then_some(mark)
    }

    /// One request of one browser.
    fn name(&self, mark: &str) -> String {
        hex::encode(sha256(&format!("{mark}\n{}", self.params.to_query())))
    }

    async fn first_seen(&self) -> Result<Option<Timestamp>, Internal> {
        let Some(mark) = self.mark() else { return Ok(None) };
        let held = self.service.cx.store.ephemeral().get(HELD, &self.name(mark)).await?;
        Ok(held
            .and_then(|held| held.bytes.as_slice().try_into().ok())
            .map(|bytes| Timestamp(i64::from_le_bytes(bytes))))
    }

    /// Remembers when the request came first, so that the sign-in it asks for is asked for once.
    async fn hold(&self, answer: &mut Answer) -> Result<(), Internal> {
        let mark =
            self.mark().map_or_else(|| self.service.cx.entropy.token(MARK_LENGTH), str::to_owned);
        let now = self.service.now().0.to_le_bytes().to_vec();
        self.service
            .cx
            .store
            .ephemeral()
            .compare_and_swap(
                HELD,
                &self.name(&mark),
                None,
                now,
                HELD_SECONDS,
                Owner::client(self.request.client_ip),
            )
            .await?;
        let secure = if self.request.secure() { "; Secure" } else { "" };
        let path = self.service.cx.url(place(self.request).trim_end_matches('/'));
        let cookie = format!(
            "{MARK}={mark}; Path={path}; Max-Age={HELD_SECONDS}; HttpOnly; SameSite=Lax{secure}"
        );
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            answer.headers_mut().append(SET_COOKIE, cookie);
        }
        Ok(())
    }

    async fn release(&self) {
        if let Some(mark) = self.mark() {
            self.service.cx.store.ephemeral().remove(HELD, &self.name(mark)).await;
        }
    }
}

/// What a person is told about an application without a host: the scheme its device knows it by.
fn redirect_scheme(uri: &str) -> String {
    crate::wire::redirect::scheme(uri)
}
