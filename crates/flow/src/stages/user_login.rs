//! Makes the session.

use countersign_core::{GeoipBinding, NetworkBinding, SessionBinding, SessionData};
use countersign_model::{Duration, Kind};
use countersign_pages::{Page, PageDef, Scene};
use serde::Serialize;
use serde_json::Value;

use crate::answer::Answer;
use crate::browser::NewSession;
use crate::error::FlowError;
use crate::plan::key;
use crate::run::{NotIn, Run};
use crate::stage::{AnyStage, Sentence, Stage, Step};

/// Signs the account of the flow in.
#[derive(Debug, Clone, Kind)]
#[kind(
    family = dyn AnyStage,
    path = "stages/user_login",
    model = "authentik_stages_user_login.userloginstage",
    title = "User Login Stage",
    component = "ak-stage-user-login-form"
)]
pub struct UserLoginStage {
    #[field(unique, search, filter)]
    pub name: String,
    #[field(
        label = "Session duration",
        help = "Zero: until the browser closes.",
        default = "seconds=0",
        filter
    )]
    pub session_duration: Duration,
    #[field(
        label = "Terminate other sessions",
        help = "Ends the user's other sessions.",
        default = false,
        filter
    )]
    pub terminate_other_sessions: bool,
    #[field(
        label = "Stay signed in offset",
        help = "Above zero, people are asked whether to stay signed in, which adds this.",
        default = "seconds=0",
        filter
    )]
    pub remember_me_offset: Duration,
    #[field(
        label = "Network binding",
        help = "Ends a session that is used from another network than the one it was begun in. \
                An address that the file of networks does not know is another network.",
        default = NetworkBinding::NoBinding,
        filter
    )]
    pub network_binding: NetworkBinding,
    #[field(
        label = "GeoIP binding",
        help = "Ends a session that is used from another place than the one it was begun at. \
                An address that the file of cities does not know is another place.",
        default = GeoipBinding::NoBinding,
        filter
    )]
    pub geoip_binding: GeoipBinding,
}

impl UserLoginStage {
    async fn log_in(&self, run: &mut Run, remember: bool) -> Result<Step, FlowError> {
        let Some(pk) = run.plan.pending_user().and_then(|user| user.pk) else {
            return Ok(Step::deny(NotIn::Nobody.to_string()));
        };
        let seconds = self.session_duration.seconds()
            + if remember { self.remember_me_offset.seconds() } else { 0 };
        let data = SessionData {
            auth_method: run.plan.text(key::AUTH_METHOD).unwrap_or_default().to_owned(),
            auth_method_args: run
                .plan
                .context
                .get(key::AUTH_METHOD_ARGS)
                .cloned()
                .unwrap_or(Value::Null),
            auth_time: run.browser.cx.clock.now().seconds(),
            browser_only: seconds <= 0,
            binding: SessionBinding::new(
                self.network_binding,
                self.geoip_binding,
                run.browser.request.client_ip,
            ),
            ..SessionData::default()
        };
        let session = NewSession { seconds, terminate_others: self.terminate_other_sessions, data };
        match run.sign_in(pk, session).await {
            Ok(()) => Ok(Step::Done),
            Err(NotIn::Store(error)) => Err(error.into()),
            Err(why) => Ok(Step::deny(why.to_string())),
        }
    }
}

impl Stage for UserLoginStage {
    type State = ();
    const PAGES: &'static [PageDef] = &[PageDef::of::<UserLoginChallenge>()];

    async fn show(&self, run: &mut Run, (): &mut ()) -> Result<Step, FlowError> {
        if self.remember_me_offset.seconds() > 0 {
            return Ok(Step::show(UserLoginChallenge {}));
        }
        self.log_in(run, false).await
    }

    async fn answer(&self, run: &mut Run, (): &mut (), answer: &Answer) -> Result<Step, FlowError> {
        if self.remember_me_offset.seconds() <= 0 {
            return self.log_in(run, false).await;
        }
        match answer.flag("remember_me") {
            Ok(remember) => self.log_in(run, remember).await,
            Err(problem) => Ok(Step::invalid("remember_me", problem)),
        }
    }

    fn sentence(&self) -> Sentence {
        let duration = &self.session_duration;
        Sentence::new("Sign in").note(match duration.seconds() {
            0 => "stays until the browser closes".to_owned(),
            _ => format!("stays {}", duration.words()),
        })
    }
}

/// "Stay signed in?"
#[derive(Debug, Serialize)]
struct UserLoginChallenge {}

impl Page for UserLoginChallenge {
    const COMPONENT: &'static str = "ak-stage-user-login";
    const TEMPLATE: &'static str = include_str!("user_login.html");

    fn names_user(&self) -> bool {
        true
    }

    fn view(&self, scene: &Scene) -> Value {
        serde_json::json!({"title": scene.t("stay-signed-in")})
    }

    fn samples() -> Vec<Self> {
        vec![Self {}]
    }
}
