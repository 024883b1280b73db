//! Who may open an application.

use std::sync::Arc;

use countersign_catalogue::{Application, ApplicationAccess, Decision as Access};
use countersign_core::{ApiError, BoxFuture, Caller, Context, Identity, RequestInfo};
use countersign_directory::Passwords;
use countersign_events::Places;
use countersign_model::{Ref, Target as _};
use countersign_outbound::Outbound;
use countersign_python::Interpreter;
use countersign_store::{Actor, Sql, StoreError, params};
use uuid::Uuid;

use crate::binding::PolicyEngineMode;
use crate::engine::{self, Decision};
use crate::host::Host;
use crate::recording::Recorder;
use crate::request::{Occasion, PolicyRequest, ProtocolRequest};
use crate::subject::Subject;
use crate::told::tell;
use crate::verdict::Step;

/// Decides, with what policies may need: the places that requests come from, the way to other
/// servers, the interpreter of expressions, the place where passwords are hashed. One per program.
#[derive(Clone)]
pub struct Engine {
    pub(crate) places: Arc<Places>,
    pub(crate) outbound: Arc<Outbound>,
    pub(crate) interpreter: Interpreter,
    pub(crate) passwords: Arc<Passwords>,
    pub(crate) reputation_seconds: i64,
}

/// How long a score of reputation is kept where the program does not say.
const REPUTATION_SECONDS: i64 = 86_400;

impl Engine {
    #[must_use]
    pub const fn new(
        places: Arc<Places>,
        outbound: Arc<Outbound>,
        interpreter: Interpreter,
        passwords: Arc<Passwords>,
    ) -> Engine {
        let reputation_seconds = REPUTATION_SECONDS;
        Engine { places, outbound, interpreter, passwords, reputation_seconds }
    }

    /// Scores of reputation are forgotten after so many seconds.
    #[must_use]
    pub fn forgetting_reputation_after(self, reputation_seconds: i64) -> Engine {
        Engine { reputation_seconds, ..self }
    }

    /// Where expressions are run.
    #[must_use]
    pub const fn interpreter(&self) -> &Interpreter {
        &self.interpreter
    }

    /// For tests: it reaches no private address, and runs expressions in threads.
    #[must_use]
    pub fn for_tests(places: Arc<Places>, passwords: Arc<Passwords>) -> Engine {
        let outbound = Outbound::new(countersign_outbound::Rules::default());
        Engine::new(places, Arc::new(outbound), Interpreter::in_this_process(), passwords)
    }

    /// May this person open this application? `protocol` is what its protocol knows of the request.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn application(
        &self,
        cx: &Context,
        request: &RequestInfo,
        user: &Arc<Identity>,
        application: Ref<Application>,
        protocol: Option<&ProtocolRequest<'_>>,
    ) -> Result<Decision, StoreError> {
        let host = Recorder::new(self.host(cx, Some(request)));
        let decision = decided(cx, &host, user, application, protocol).await?;
        tell(cx, || acting(cx, user, request), &decision).await;
        Ok(decision)
    }

    /// The same while nobody opens it, of somebody who has: nothing is written, and nothing sent.
    pub(crate) async fn aside(
        &self,
        cx: &Context,
        request: &RequestInfo,
        user: &Identity,
        application: Ref<Application>,
    ) -> Result<Decision, StoreError> {
        let subject = Subject::of(user, cx.uid(user.pk));
        let asked = PolicyRequest {
            snapshot: &cx.snapshot(),
            clock: &*cx.clock,
            host: &Recorder::new(self.host(cx, Some(request)).trial()),
            user: Some(&subject),
            occasion: Occasion::Application(None),
            target: None,
            name: "",
        };
        one(&asked, application).await
    }
}

async fn decided(
    cx: &Context,
    host: &dyn Host,
    user: &Identity,
    application: Ref<Application>,
    protocol: Option<&ProtocolRequest<'_>>,
) -> Result<Decision, StoreError> {
    let subject = Subject::of(user, cx.uid(user.pk));
    let request = PolicyRequest {
        snapshot: &cx.snapshot(),
        clock: &*cx.clock,
        host,
        user: Some(&subject),
        occasion: Occasion::Application(protocol),
        target: None,
        name: "",
    };
    let mut decision = one(&request, application).await?;
    if !decision.passing {
        name_steps(cx, &subject.username, &mut decision.trace.steps).await?;
    }
    Ok(decision)
}

impl ApplicationAccess for Engine {
    fn decide(
        &self,
        cx: Context,
        user: Arc<Identity>,
        request: RequestInfo,
        applications: Vec<Ref<Application>>,
    ) -> BoxFuture<Result<Vec<Access>, ApiError>> {
        let engine = self.clone();
        Box::pin(async move {
            let subject = Subject::of(&user, cx.uid(user.pk));
            let asked = PolicyRequest {
                snapshot: &cx.snapshot(),
                clock: &*cx.clock,
                host: &engine.host(&cx, Some(&request)),
                user: Some(&subject),
                occasion: Occasion::Application(None),
                target: None,
                name: "",
            };
            let mut decisions = Vec::with_capacity(applications.len());
            for application in applications {
                let decision = one(&asked, application).await?;
                tell(&cx, || acting(&cx, &user, &request), &decision).await;
                decisions.push(Access { passing: decision.passing, messages: decision.messages });
            }
            Ok(decisions)
        })
    }
}

fn acting(cx: &Context, user: &Arc<Identity>, request: &RequestInfo) -> Actor {
    cx.actor(&Caller { user: Some(user.clone()), ..Caller::nobody() }, request)
}

/// The engine knows people and groups it did not load by key only; who reads of a refusal needs
/// their names. `username` is whom the steps are about.
///
/// # Errors
/// When the engine fails.
pub async fn name_steps(
    cx: &Context,
    username: &str,
    steps: &mut [Step],
) -> Result<(), StoreError> {
    for step in steps.iter_mut().filter(|step| step.name != username) {
        let group = (step.kind == "group").then(|| Uuid::parse_str(&step.name).ok()).flatten();
        let user = (step.kind == "user").then(|| step.name.parse::<i64>().ok()).flatten();
        let read = move |sql: &mut Sql<'_>| match (group, user) {
            (Some(group), _) => {
                sql.query_one("SELECT name FROM user_group WHERE uuid = $1", params![group])
            }
            (_, Some(user)) => {
                sql.query_one("SELECT username FROM users WHERE id = $1", params![user])
            }
            (None, None) => Ok(None),
        };
        if let Some(row) = cx.store.read(read).await? {
            step.name = row.get(0)?;
        }
    }
    Ok(())
}

/// Names of the entitlements that the request's user has at the application it is about, by name.
///
/// # Errors
/// When the database is away.
pub(crate) async fn entitlements(request: &PolicyRequest<'_>) -> Result<Vec<String>, StoreError> {
    use countersign_catalogue::Entitlement;
    let Occasion::Claims(Some(application)) = request.occasion else { return Ok(Vec::new()) };
    let own = request
        .snapshot
        .referrers_in(application.id(), Entitlement::SPACE)
        .filter_map(|(by, _)| request.snapshot.entry(by));
    let mut names = Vec::new();
    for entry in own {
        let (Some(entitlement), Some(uuid)) = (entry.cast::<Entitlement>(), entry.id.key.uuid())
        else {
            continue;
        };
        // An entitlement nobody was given is nobody's.
        let held = engine::decide_or(request, uuid, PolicyEngineMode::Any, false);
        if held.await?.passing {
            names.push(entitlement.name.clone());
        }
    }
    names.sort();
    Ok(names)
}

pub(crate) async fn one(
    request: &PolicyRequest<'_>,
    application: Ref<Application>,
) -> Result<Decision, StoreError> {
    // An application that is not there has no rules, and nobody may open it.
    let found = request.snapshot.get(application);
    let mode = found.map_or(PolicyEngineMode::All, |application| application.policy_engine_mode);
    engine::decide_or(request, key(application), mode, found.is_some()).await
}

fn key<T: countersign_model::Target>(reference: Ref<T>) -> Uuid {
    reference.key().uuid().unwrap_or_default()
}
