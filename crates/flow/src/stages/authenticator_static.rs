//! Sets up recovery codes.

use countersign_authenticators::{enrol_codes, new_codes};
use countersign_model::{Draft, FieldErrors, Kind, ObjectId, Problem, Ref};
use countersign_pages::{Page, PageDef, Scene};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::enrol::{self, Refused};
use crate::answer::Answer;
use crate::error::FlowError;
use crate::kinds::Flow;
use crate::run::Run;
use crate::stage::{AnyStage, Sentence, Stage, Step};

/// Sets up one-time recovery codes.
#[derive(Debug, Clone, Kind)]
#[kind(
    family = dyn AnyStage,
    path = "stages/authenticator/static",
    model = "authentik_stages_authenticator_static.authenticatorstaticstage",
    title = "Static Authenticator Setup Stage",
    component = "ak-stage-authenticator-static-form",
    check = Self::check
)]
pub struct AuthenticatorStaticStage {
    #[field(unique, search, filter)]
    pub name: String,
    #[field(
        label = "Configuration flow",
        help = "Lets users set this up by themselves.",
        choose(query = "designation=stage_configuration"),
        on_delete = SetNull,
        filter
    )]
    pub configure_flow: Option<Ref<Flow>>,
    #[field(label = "Authenticator type name", help = "How users see this.", blank, filter)]
    pub friendly_name: Option<String>,
    #[field(label = "Token count", default = 6, min = 0, filter)]
    pub token_count: i32,
    #[field(label = "Token length", default = 12, min = 0, filter)]
    pub token_length: i32,
}

/// The codes that the person is shown; none before.
#[derive(Default, Serialize, Deserialize)]
pub struct Enrolment {
    codes: Vec<String>,
}

impl AuthenticatorStaticStage {
    /// Bounds that the original lacks: a code must not be guessed, and a list be printed.
    fn check(&self, _draft: &Draft, _id: ObjectId, errors: &mut FieldErrors) {
        if !(1..=100).contains(&self.token_count) {
            errors.add("token_count", Problem::new("invalid", "Give 1 to 100 codes."));
        }
        if !(6..=100).contains(&self.token_length) {
            errors.add("token_length", Problem::new("invalid", "Codes have 6 to 100 letters."));
        }
    }
}

impl Stage for AuthenticatorStaticStage {
    type State = Enrolment;
    const PAGES: &'static [PageDef] = &[PageDef::of::<AuthenticatorStaticChallenge>()];
    const SETTINGS: Option<&'static str> = Some("ak-user-settings-authenticator-static");

    async fn show(&self, run: &mut Run, state: &mut Enrolment) -> Result<Step, FlowError> {
        if let Err(step) = enrol::account(run, enrol::SHOWN) {
            return Ok(step);
        }
        if state.codes.is_empty() {
            let number = |number: i32, least, most| {
                usize::try_from(number).unwrap_or_default().clamp(least, most)
            };
            let (count, length) =
                (number(self.token_count, 1, 100), number(self.token_length, 6, 100));
            state.codes = new_codes(&*run.cx().entropy, count, length);
        }
        Ok(Step::show(AuthenticatorStaticChallenge { codes: state.codes.clone() }))
    }

    async fn answer(
        &self,
        run: &mut Run,
        state: &mut Enrolment,
        _answer: &Answer,
    ) -> Result<Step, FlowError> {
        // Nobody has seen any.
        if state.codes.is_empty() {
            return self.show(run, state).await;
        }
        let user = match enrol::account(run, enrol::ANSWERED) {
            Ok(user) => user,
            Err(step) => return Ok(step),
        };
        let codes = state.codes.clone();
        let kept = run
            .commit(enrol::actor(run), "recovery codes set up", move |tx| {
                enrol_codes(tx, user, &codes).map_err(Refused::from)
            })
            .await;
        kept.map_or_else(Refused::step, |()| Ok(Step::Done))
    }

    fn sentence(&self) -> Sentence {
        Sentence::new("Make recovery codes").note(format!("{} codes", self.token_count))
    }
}

/// The codes, shown once.
#[derive(Debug, Clone, Serialize)]
struct AuthenticatorStaticChallenge {
    codes: Vec<String>,
}

impl Page for AuthenticatorStaticChallenge {
    const COMPONENT: &'static str = "ak-stage-authenticator-static";
    const TEMPLATE: &'static str = include_str!("authenticator_static.html");

    fn names_user(&self) -> bool {
        true
    }

    fn view(&self, scene: &Scene) -> Value {
        json!({
            "title": scene.t("recovery-codes-keep"),
            "subtitle": scene.t("recovery-codes-keep-hint"),
            "codes": self.codes,
            "cancel_url": enrol::cancel_url(scene),
        })
    }

    fn samples() -> Vec<Self> {
        let codes = ["7kKJnMarAeHc", "oCkAgCY8bVWT", "DWEomQpMuWdr", "0GaBgW6RpKJA"];
        vec![
            Self { codes: codes.map(str::to_owned).to_vec() },
            Self { codes: vec!["2v9lHE".to_owned()] },
        ]
    }
}
