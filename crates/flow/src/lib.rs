//! Flows: what happens in a browser between the first click and being signed in, having consented,
//! or being told why not. Planner, executor, stages, the recording of every run, and the addresses
//! below `/if/flow/`, `/flows/-/` and `/api/v3/flows/`.
//!
//! # For protocols
//!
//! A protocol makes a flow end in a [`Stage`] of its own. It gives flows the stage's [`InPlanDef`] as
//! a dependency (see [`Deps`]), and begins flows from its endpoints:
//!
//! ```text
//! struct Authorize { protocol: Protocol, request: Params }
//! impl Stage for Authorize {
//!     type State = ();
//!     async fn show(&self, run: &mut Run, (): &mut ()) -> Result<Step, FlowError> {
//!         let user = run.user()?;                                // the person who is signed in now
//!         let url = issue_code(&self.protocol, user, &self.request).await?;
//!         Ok(Step::Redirect(url))                                // anywhere, also other origins
//!     }
//! }
//! InPlanDef::new("oauth2.authorize", move |request: Params| Authorize { protocol: protocol.clone(), request })
//!
//! // not signed in (also prompt=login, max_age): the sign-in flow, which comes back to `next`
//! // and names the application that a `Destination` of the protocol knows behind that address
//! return Ok(countersign_flow::require_login(&cx, &request, &visitor, "/application/o/authorize/?.."));
//!
//! // signed in: the authorization flow of the provider
//! let begin = Begin {
//!     flow: provider.authorization_flow,
//!     context: Map::from_iter([(key::APPLICATION.into(), json!({"pk": uuid, "name": "Flask SSO App", "slug": "flask-app"})), ..]),
//!     last: InPlan::new("oauth2.authorize", &params),
//!     interaction: Interaction::Allowed,                            // Forbidden for prompt=none
//!     always_consent: false,                                        // true for prompt=consent: asks before `last`
//! };
//! match countersign_flow::begin(&cx, &request, &visitor, begin).await? {
//!     Started::Answer(response) => Ok(response),                       // done silently, a redirect to the flow, or its denial page
//!     Started::InteractionRequired => /* interaction_required */,
//! }
//! ```
//!
//! Context keys are in [`key`]. For consent set `consent_header` (text), `consent_permissions`
//! (`[{"id", "name"}]`) and, for the page, [`key::CONSENT_VALUES`] (`[{"title", "value"}]`: what
//! will be sent) [`key::CONSENT_TARGET`] (host the person goes to) and [`key::CONSENT_DENY_URL`]
//! (where "Cancel" leads). Errors a person sees are pages: [`error_page`] for protocol errors,
//! [`denied_page`] for "you may not open this application". Session end: [`Begin`] with the
//! provider's invalidation flow and `last: InPlan::new(SESSION_END, &())`.
// The futures of routes that go through a flow are deeper than the default.
#![recursion_limit = "256"]

mod answer;
mod api;
mod begin;
mod browser;
mod context;
mod destination;
mod error;
mod executor;
pub mod headless;
mod help;
mod html;
mod in_plan;
mod interface;
mod kinds;
mod launch;
mod measure;
mod module;
mod once;
mod origin;
mod pages;
mod plan;
mod plan_store;
mod planner;
mod record;
mod recorded;
mod recorder;
mod recovery;
mod run;
mod setup;
mod shipped;
mod sign_in;
mod signed_out;
mod site;
pub mod source;
mod stage;
pub mod stages;
mod web;

pub use answer::Answer;
pub use begin::{
    Begin, Interaction, Started, begin, confirm_page, denied_page, error_page, message_page,
    require_login,
};
pub use context::{Continued, Deps, FlowContext, Flows};
pub use destination::{ApplicationHint, Destination};
pub use error::FlowError;
pub use in_plan::{InPlan, InPlanDef, SESSION_END};
pub use kinds::{
    Authentication, DeniedAction, Designation, Flow, FlowStageBinding, InvalidResponseAction,
    Layout,
};
pub use module::module;
pub use pages::all as pages;
pub use plan::{PendingUser, key};
pub use recorded::{RecordedDecision, RecordedRun, find_runs, for_people, recorded};
pub use recorder::trace_number;
pub use run::Run;
pub use setup::{SETUP_SLUG, SETUP_URL, is_open as setup_is_open};
pub use signed_out::{Onward, after_visit, leave};
pub use stage::{AnyStage, Stage, Step};
pub use stages::{Permission, Sending, SendsCodes};
