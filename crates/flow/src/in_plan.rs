//! Stages that exist only inside a plan: those the engine brings, and those protocols bring.

use countersign_pages::{Page, PageDef, Scene};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::FlowError;
use crate::kinds::Flow;
use crate::plan::key;
use crate::run::Run;
use crate::source;
use crate::stage::{AnyStage, Stage, Step};
use crate::stages::{AlwaysConsent, ProveFactor, ProveOwner};

/// A stage in a plan: the name of its [`InPlanDef`], and what it was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InPlan {
    pub(crate) handler: String,
    #[serde(default)]
    data: Value,
}

impl InPlan {
    /// A stage by its name, with its data.
    pub fn new(name: &str, data: &impl Serialize) -> Self {
        Self { handler: name.to_owned(), data: serde_json::to_value(data).unwrap_or_default() }
    }
}

type Make = dyn Fn(Value) -> Result<Box<dyn AnyStage>, serde_json::Error> + Send + Sync;

/// A sort of stages that plans may have. A dependency of flows, see [`Deps`](crate::Deps).
pub struct InPlanDef {
    /// As `oauth2.authorize`; kept in plans.
    name: &'static str,
    pub(crate) pages: &'static [PageDef],
    make: Box<Make>,
}

impl InPlanDef {
    /// `make` gives the stage that works with what [`InPlan::new`] was given.
    pub fn new<D: DeserializeOwned, S: Stage>(
        name: &'static str,
        make: impl Fn(D) -> S + Send + Sync + 'static,
    ) -> Self {
        let make = move |data| -> Result<Box<dyn AnyStage>, _> {
            Ok(Box::new(make(serde_json::from_value(data)?)))
        };
        Self { name, pages: S::PAGES, make: Box::new(make) }
    }
}

/// Asks for consent every time; needs `consent_permissions` in the context.
pub(crate) const CONSENT: &str = "consent";
/// Says that the session at one application has ended.
pub const SESSION_END: &str = "session_end";

/// Asks the account that a link names for its password.
pub(crate) const PROVE_OWNER: &str = "prove_owner";
/// Asks it for a second factor, where it has one.
pub(crate) const PROVE_FACTOR: &str = "prove_factor";

/// The stages that the engine brings.
pub(crate) fn own() -> Vec<InPlanDef> {
    vec![
        InPlanDef::new(CONSENT, |()| AlwaysConsent),
        InPlanDef::new(SESSION_END, |()| SessionEnd),
        InPlanDef::new(source::FINISH, |finish: source::Finish| finish),
        InPlanDef::new(PROVE_OWNER, |()| ProveOwner),
        InPlanDef::new(PROVE_FACTOR, |()| ProveFactor),
    ]
}

/// The stage in a plan, with what it was given.
///
/// # Errors
/// [`FlowError::Unreadable`] for data of another version of the program.
pub(crate) fn stage(run: &Run, planned: &InPlan) -> Result<Box<dyn AnyStage>, FlowError> {
    let mut known = run.browser.cx.shared().deps.stages.iter();
    let def = known.find(|def| def.name == planned.handler).ok_or(FlowError::Unreadable)?;
    (def.make)(planned.data.clone()).map_err(|_| FlowError::Unreadable)
}

/// What these stages show, beside what others show, too.
pub(crate) const PAGES: &[PageDef] = &[PageDef::of::<SessionEndChallenge>()];

struct SessionEnd;

impl Stage for SessionEnd {
    type State = ();
    const PAGES: &'static [PageDef] = PAGES;

    async fn show(&self, run: &mut Run, (): &mut ()) -> Result<Step, FlowError> {
        let application = run.context().get(key::APPLICATION);
        let text = |name: &str| {
            application.and_then(|a| a.get(name)).and_then(Value::as_str).map(str::to_owned)
        };
        let logout = run
            .browser
            .brand_flow("flow_invalidation")
            .and_then(|flow| run.browser.snapshot.get::<Flow>(flow));
        Ok(Step::show(SessionEndChallenge {
            brand_name: run.browser.brand_title(),
            application_name: text("name"),
            application_launch_url: text("launch_url"),
            invalidation_flow_url: logout
                .map(|flow| run.browser.cx.url(&format!("/if/flow/{}/", flow.slug))),
        }))
    }
}

/// After logging out of one application: log out everywhere, or go back.
#[derive(Debug, Clone, Serialize)]
struct SessionEndChallenge {
    brand_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    application_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    application_launch_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invalidation_flow_url: Option<String>,
}

impl Page for SessionEndChallenge {
    const COMPONENT: &'static str = "ak-stage-session-end";
    const TEMPLATE: &'static str = include_str!("pages/session_end.html");

    fn names_user(&self) -> bool {
        true
    }

    fn view(&self, scene: &Scene) -> Value {
        let app = self.application_name.as_deref().unwrap_or_default();
        let person = scene.signed_in.is_some();
        let web = |url: &&String| url.starts_with("http://") || url.starts_with("https://");
        serde_json::json!({
            "title": if app.is_empty() { scene.t("logged-out") } else { scene.say("logged-out-of", &[("app", app.into())]) },
            "subtitle": if person { scene.say("still-signed-in", &[("brand", scene.brand.as_str().into())]) } else { String::new() },
            "application": app,
            "application_url": self.application_launch_url.as_ref().filter(web),
            "logout_url": self.invalidation_flow_url.as_ref().filter(|_| person),
        })
    }

    fn samples() -> Vec<Self> {
        let full = Self {
            brand_name: "Countersign".to_owned(),
            application_name: Some("Flask SSO App".to_owned()),
            application_launch_url: Some("http://localhost:5000".to_owned()),
            invalidation_flow_url: Some("/if/flow/default-invalidation-flow/".to_owned()),
        };
        let bare = Self {
            application_name: None,
            application_launch_url: None,
            invalidation_flow_url: None,
            ..full.clone()
        };
        vec![full, bare]
    }
}
