//! Who may open an application.

use std::sync::Arc;

use countersign_catalogue::{Application, ApplicationAccess, Decision as Access};
use countersign_core::{ApiError, BoxFuture, Caller, Context, Identity, RequestInfo};
use countersign_events::Places;
use countersign_model::{Ref, Snapshot, Target as _};
use countersign_store::{Actor, Sql, StoreError, params};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::binding::PolicyEngineMode;
use crate::engine::{self, Decision, Facts, Question};
use crate::subject::Subject;
use crate::told::tell;
use crate::verdict::Step;

/// Decides, with what is known of the places that requests come from. One per program.
#[derive(Clone)]
pub struct Engine {
    pub(crate) places: Arc<Places>,
}

impl Engine {
    #[must_use]
    pub const fn new(places: Arc<Places>) -> Engine {
        Engine { places }
    }

    /// May this person open this application? `context` is what the protocol knows
    /// (`oauth_scopes`, ...).
    ///
    /// # Errors
    /// When the database fails.
    pub async fn application(
        &self,
        cx: &Context,
        request: &RequestInfo,
        user: &Arc<Identity>,
        application: Ref<Application>,
        context: &Map<String, Value>,
    ) -> Result<Decision, StoreError> {
        let decision = self.tried(cx, request, user, application, context).await?;
        tell(cx, || acting(cx, user, request), &decision).await;
        Ok(decision)
    }

    /// As [`application`](Self::application), for whoever wants to know and opens nothing: no event
    /// tells of it.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn tried(
        &self,
        cx: &Context,
        request: &RequestInfo,
        user: &Identity,
        application: Ref<Application>,
        context: &Map<String, Value>,
    ) -> Result<Decision, StoreError> {
        let facts = self.facts(cx, request, false).await?;
        let subject = Subject::of(user, cx.uid(user.pk));
        let mut decision = one(cx, &cx.snapshot(), &subject, context, &facts, application);
        if !decision.passing {
            name_steps(cx, &subject.username, &mut decision.trace.steps).await?;
        }
        Ok(decision)
    }
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
            let facts = engine.facts(&cx, &request, false).await?;
            let (snapshot, context) = (cx.snapshot(), Map::new());
            let mut decisions = Vec::with_capacity(applications.len());
            for application in applications {
                let decision = one(&cx, &snapshot, &subject, &context, &facts, application);
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

/// Names of the entitlements a user has at an application, by name.
#[must_use]
pub fn entitlements(
    cx: &Context,
    snapshot: &Snapshot,
    subject: &Subject,
    application: Ref<Application>,
) -> Vec<String> {
    use countersign_catalogue::Entitlement;
    let (context, facts) = (Map::new(), Facts::default());
    let question = Question {
        snapshot,
        clock: &*cx.clock,
        user: Some(subject),
        context: &context,
        facts: &facts,
        in_plan: false,
    };
    let own = snapshot
        .referrers_in(application.id(), Entitlement::SPACE)
        .filter_map(|(by, _)| snapshot.entry(by));
    let held = own.filter_map(|entry| {
        let entitlement = entry.cast::<Entitlement>()?;
        // An entitlement nobody was given is nobody's.
        engine::decide_or(&question, entry.id.key.uuid()?, PolicyEngineMode::Any, false)
            .passing
            .then(|| entitlement.name.clone())
    });
    let mut names: Vec<String> = held.collect();
    names.sort();
    names
}

fn one(
    cx: &Context,
    snapshot: &Snapshot,
    subject: &Subject,
    context: &Map<String, Value>,
    facts: &Facts,
    application: Ref<Application>,
) -> Decision {
    // An application that is not there has no rules, and nobody may open it.
    let found = snapshot.get(application);
    let mode = found.map_or(PolicyEngineMode::All, |application| application.policy_engine_mode);
    let question = Question {
        snapshot,
        clock: &*cx.clock,
        user: Some(subject),
        context,
        facts,
        in_plan: false,
    };
    engine::decide_or(&question, key(application), mode, found.is_some())
}

fn key<T: countersign_model::Target>(reference: Ref<T>) -> Uuid {
    reference.key().uuid().unwrap_or_default()
}
