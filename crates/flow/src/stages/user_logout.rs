//! Ends the session. Any site can have a browser fetch an address: what another one may have asked
//! for, the person confirms.

use countersign_model::Kind;
use serde_json::Value;

use countersign_pages::{Page, PageDef, Scene};
use serde::Serialize;

use crate::error::FlowError;
use crate::plan::key;
use crate::run::Run;
use crate::stage::{AnyStage, Sentence, Stage, Step};

/// Logs the user out.
#[derive(Debug, Clone, Kind)]
#[kind(
    family = dyn AnyStage,
    path = "stages/user_logout",
    model = "authentik_stages_user_logout.userlogoutstage",
    title = "User Logout Stage",
    component = "ak-stage-user-logout-form"
)]
pub struct UserLogoutStage {
    #[field(unique, search, filter)]
    pub name: String,
}

impl Stage for UserLogoutStage {
    type State = ();
    const PAGES: &'static [PageDef] = &[PageDef::of::<SignOutChallenge>()];

    async fn show(&self, run: &mut Run, (): &mut ()) -> Result<Step, FlowError> {
        let confirmed = run.context().get(key::SIGN_OUT_CONFIRMED) == Some(&Value::Bool(true));
        if run.browser.unasked && !confirmed && run.browser.user_pk().is_some() {
            return Ok(Step::show(SignOutChallenge {}));
        }
        run.sign_out().await?;
        Ok(Step::Done)
    }

    fn sentence(&self) -> Sentence {
        Sentence::new("Sign out")
    }
}

/// Asked on pages only.
#[derive(Debug, Serialize)]
struct SignOutChallenge {}

impl Page for SignOutChallenge {
    const COMPONENT: &'static str = "countersign-stage-sign-out";
    const TEMPLATE: &'static str = include_str!("user_logout.html");

    fn view(&self, scene: &Scene) -> Value {
        serde_json::json!({"title": scene.t("sign-out-question")})
    }

    fn samples() -> Vec<Self> {
        vec![Self {}]
    }
}
