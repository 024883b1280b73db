//! Stages that exist only inside a plan: those the engine brings, and those protocols register.

use std::sync::Arc;

use countersign_core::{BoxFuture, Identity, RequestInfo, Visitor};
use countersign_model::Snapshot;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::consent::AlwaysConsent;
use super::{Stage, Step};
use crate::answer::Answer;
use crate::challenge::{Challenge, SessionEnd};
use crate::context::FlowContext;
use crate::error::FlowError;
use crate::kinds::Flow;
use crate::plan::{InPlan, in_plan, key};
use crate::run::Run;

/// A stage that a protocol puts at the end of a plan. A dependency of flows, see
/// [`Deps`](crate::Deps).
pub trait InPlanStage: Send + Sync {
    /// As `oauth2.authorize`; kept in plans.
    fn name(&self) -> &'static str;

    /// Does its work and says how the browser goes on.
    fn run(&self, turn: Turn) -> BoxFuture<Result<Outcome, FlowError>>;
}

/// What a registered stage works with.
pub struct Turn {
    pub cx: FlowContext,
    pub request: RequestInfo,
    /// The browser as it is now: signed in, if the flow signed somebody in.
    pub visitor: Visitor,
    pub snapshot: Arc<Snapshot>,
    /// The plan's context.
    pub context: Map<String, Value>,
    /// What the stage was given when it was put into the plan.
    pub data: Value,
    pub flow_slug: String,
}

impl Turn {
    /// The stage's data as its own type.
    ///
    /// # Errors
    /// Data of another shape, as an older version may have put into a plan.
    pub fn data<T: DeserializeOwned>(&self) -> Result<T, FlowError> {
        Ok(serde_json::from_value(self.data.clone())?)
    }

    /// The person who is signed in.
    ///
    /// # Errors
    /// When nobody is.
    pub fn user(&self) -> Result<&Arc<Identity>, FlowError> {
        self.visitor.user.as_ref().ok_or_else(|| FlowError::broken("Nobody is signed in."))
    }
}

/// How the browser goes on.
#[derive(Debug)]
pub enum Outcome {
    /// To an address anywhere; the flow is over.
    Redirect(String),
    /// To another server with a form (`response_mode=form_post`, SAML POST).
    Autosubmit { url: String, fields: Vec<(String, String)>, title: String },
    /// As `Redirect`, and whoever is signed in in this browser is so no longer.
    SignedOut(String),
    /// Refused, with the reason for the person.
    Deny(String),
    /// Nothing to show: the flow goes on.
    Done,
}

/// Runs one in-plan stage.
pub(crate) async fn step(
    run: &mut Run,
    stage: &InPlan,
    answer: Option<&Answer>,
) -> Result<Step, FlowError> {
    match stage.handler.as_str() {
        in_plan::CONSENT => match answer {
            Some(answer) => AlwaysConsent.respond(run, answer).await,
            None => AlwaysConsent.challenge(run).await,
        },
        in_plan::REDIRECT => Ok(match stage.data.get("to").and_then(Value::as_str) {
            Some(url) => Step::Leave(url.to_owned()),
            None => Step::Deny("The redirect leads nowhere.".to_owned()),
        }),
        in_plan::SESSION_END => Ok(session_end(run)),
        name => {
            let known = &run.browser.cx.shared().deps.stages;
            let found = known.iter().find(|stage| stage.name() == name).cloned();
            let handler =
                found.ok_or_else(|| FlowError::broken(format!("There is no stage {name}.")))?;
            perform(run, &*handler, stage.data.clone()).await
        }
    }
}

pub(crate) async fn perform(
    run: &mut Run,
    handler: &dyn InPlanStage,
    data: Value,
) -> Result<Step, FlowError> {
    let turn = Turn {
        cx: run.browser.cx.clone(),
        request: run.browser.request.clone(),
        visitor: run.browser.visitor.clone(),
        snapshot: run.browser.snapshot.clone(),
        context: run.plan.context.clone(),
        data,
        flow_slug: run.slug(),
    };
    Ok(match handler.run(turn).await? {
        Outcome::Redirect(url) => Step::Leave(url),
        Outcome::SignedOut(url) => {
            run.browser.log_out().await?;
            Step::Leave(url)
        }
        Outcome::Autosubmit { url, fields, title } => {
            let attrs = fields.into_iter().map(|(name, value)| (name, value.into())).collect();
            Step::show(Challenge::Autosubmit { url, attrs, title })
        }
        Outcome::Deny(message) => Step::Deny(message),
        Outcome::Done => Step::Done,
    })
}

fn session_end(run: &Run) -> Step {
    let application = run.plan.context.get(key::APPLICATION);
    let text = |name: &str| {
        application.and_then(|a| a.get(name)).and_then(Value::as_str).map(str::to_owned)
    };
    let logout = run
        .browser
        .brand_flow("flow_invalidation")
        .and_then(|flow| run.browser.snapshot.get::<Flow>(flow));
    Step::show(Challenge::SessionEnd(SessionEnd {
        brand_name: run.browser.brand_title(),
        application_name: text("name"),
        application_launch_url: text("launch_url"),
        invalidation_flow_url: logout.map(|flow| format!("/if/flow/{}/", flow.slug)),
    }))
}
