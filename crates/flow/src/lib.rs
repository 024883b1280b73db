//! Flows: what happens in a browser between the first click and being signed in, having consented,
//! or being told why not. Planner, executor, stages, the recording of every run, and the addresses
//! below `/if/flow/`, `/flows/-/` and `/api/v3/flows/`.
//!
//! # For protocols
//!
//! A protocol makes a flow end in a stage of its own, an [`InPlanStage`]. The program
//! gives the stage to [`Flows`] as one of its [`Deps`], and the flows to the protocol, which begins
//! them from its endpoints:
//!
//! ```text
//! struct Authorize;
//! impl InPlanStage for Authorize {
//!     fn name(&self) -> &'static str { "oauth2.authorize" }
//!     fn run(&self, turn: Turn) -> BoxFuture<Result<Outcome, FlowError>> {
//!         Box::pin(async move {
//!             let params: Params = turn.data()?;                     // what was given to `Begin::last`
//!             let user = turn.user()?;                               // the person who is signed in now
//!             let url = issue_code(&turn.cx, user, params).await?;
//!             Ok(Outcome::Redirect(url))                             // anywhere, also other origins
//!         })
//!     }
//! }
//!
//! // not signed in (also prompt=login, max_age): the sign-in flow, which comes back to `next`
//! // and names the application that a `Destination` of the protocol knows behind that address
//! return Ok(countersign_flow::require_login(&cx, &request, &visitor, "/application/o/authorize/?.."));
//!
//! // signed in: the authorization flow of the provider
//! let begin = Begin {
//!     flow: provider.authorization_flow,
//!     context: Map::from_iter([(key::APPLICATION.into(), json!({"pk": uuid, "name": "Flask SSO App", "slug": "flask-app"})), ..]),
//!     last: InPlan { handler: "oauth2.authorize".into(), data: serde_json::to_value(&params)? },
//!     interaction: Interaction::Allowed,                            // Forbidden for prompt=none
//!     always_consent: false,                                        // true for prompt=consent: asks before `last`
//! };
//! match countersign_flow::begin(&cx, &request, &visitor, begin).await? {
//!     Begun::Answer(response) => Ok(response),                       // done silently, a redirect to the flow, or its denial page
//!     Begun::InteractionRequired => /* interaction_required */,
//! }
//! ```
//!
//! Context keys are in [`key`]. For consent set `consent_header` (text), `consent_permissions`
//! (`[{"id", "name"}]`) and, for the page, [`key::CONSENT_VALUES`] (`[{"title", "value"}]`: what
//! will be sent) [`key::CONSENT_TARGET`] (host the person goes to) and [`key::CONSENT_DENY_URL`]
//! (where "Cancel" leads). Errors a person sees are pages: [`error_page`] for protocol errors,
//! [`denied_page`] for "you may not open this application". Session end: [`Begin`] with the
//! provider's invalidation flow and `last = InPlan { handler: in_plan::SESSION_END, data: {} }`, or
//! `in_plan::REDIRECT` with `{"to": url}`.

mod answer;
mod api;
mod begin;
mod browser;
mod challenge;
mod context;
mod destination;
mod error;
mod executor;
mod interface;
mod keep;
mod kinds;
mod launch;
mod measure;
mod module;
mod plan;
mod planner;
mod record;
mod recorder;
mod recovery;
mod render;
mod run;
mod setup;
mod sign_in;
mod site;
pub mod stages;
mod web;

pub use begin::{
    Begin, Begun, Interaction, begin, confirm_page, denied_page, error_page, message_page,
    require_login,
};
pub use challenge::{Challenge, Permission};
pub use context::{Deps, FlowContext, Flows};
pub use countersign_pages as pages;
pub use destination::{ApplicationHint, Destination};
pub use error::FlowError;
pub use kinds::{
    Authentication, DeniedAction, Designation, Flow, FlowStageBinding, InvalidResponseAction,
    Layout,
};
pub use module::module;
pub use plan::{InPlan, PendingUser, in_plan, key};
pub use recorder::trace_number;
pub use setup::{SETUP_SLUG, SETUP_URL, is_open as setup_is_open};
pub use stages::in_plan::{InPlanStage, Outcome, Turn};
