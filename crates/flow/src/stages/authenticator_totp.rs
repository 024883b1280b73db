//! Sets up an app that shows codes.

use countersign_authenticators::NewTotp;
use countersign_model::{Choice, Kind, Problem, Ref};
use countersign_pages::{Page, PageDef, Scene};
use fast_qr::QRBuilder;
use fast_qr::convert::{Builder as _, svg::SvgBuilder};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::enrol::{self, Refused};
use crate::answer::Answer;
use crate::error::FlowError;
use crate::kinds::Flow;
use crate::run::Run;
use crate::stage::{AnyStage, Sentence, Stage, Step};

/// Sets up codes from an authenticator app.
#[derive(Debug, Clone, Kind)]
#[kind(
    family = dyn AnyStage,
    path = "stages/authenticator/totp",
    model = "authentik_stages_authenticator_totp.authenticatortotpstage",
    schema = "AuthenticatorTOTPStage",
    title = "TOTP Authenticator Setup Stage",
    component = "ak-stage-authenticator-totp-form"
)]
pub struct AuthenticatorTotpStage {
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
    #[field(label = "Digits", filter)]
    pub digits: TotpDigits,
}

/// Length of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum TotpDigits {
    #[choice(value = "6", label = "6 digits, widely compatible")]
    Six,
    #[choice(value = "8", label = "8 digits, not compatible with apps like Google Authenticator")]
    Eight,
}

impl TotpDigits {
    fn number(self) -> u8 {
        match self {
            TotpDigits::Six => 6,
            TotpDigits::Eight => 8,
        }
    }
}

/// The secret that the app is shown; empty before.
#[derive(Default, Serialize, Deserialize)]
pub struct Enrolment {
    secret: String,
}

impl AuthenticatorTotpStage {
    fn challenge(&self, run: &Run, state: &Enrolment) -> Step {
        let (issuer, account) = (quoted(&run.browser.brand_title()), quoted(&run.shown_user()));
        let (secret, digits) = (&state.secret, self.digits.number());
        Step::show(AuthenticatorTOTPChallenge {
            config_url: format!(
                "otpauth://totp/{issuer}%3A{account}?secret={secret}&algorithm=SHA1&digits={digits}&period=30&issuer={issuer}"
            ),
        })
    }

    /// The code as it was typed: clients may send a number, which has lost its leading zeros.
    fn code(&self, answer: &Answer) -> Result<String, Problem> {
        let code = answer.raw_text("code")?.replace(' ', "");
        if code.is_empty() || !code.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Problem::new("invalid", "A valid integer is required."));
        }
        Ok(format!("{code:0>width$}", width = usize::from(self.digits.number())))
    }
}

impl Stage for AuthenticatorTotpStage {
    type State = Enrolment;
    const PAGES: &'static [PageDef] = &[PageDef::of::<AuthenticatorTOTPChallenge>()];
    const SETTINGS: Option<&'static str> = Some("ak-user-settings-authenticator-totp");

    async fn show(&self, run: &mut Run, state: &mut Enrolment) -> Result<Step, FlowError> {
        if let Err(step) = enrol::account(run, enrol::SHOWN) {
            return Ok(step);
        }
        if state.secret.is_empty() {
            state.secret = NewTotp::new(&*run.cx().entropy, self.digits.number()).secret;
        }
        Ok(self.challenge(run, state))
    }

    async fn answer(
        &self,
        run: &mut Run,
        state: &mut Enrolment,
        answer: &Answer,
    ) -> Result<Step, FlowError> {
        if state.secret.is_empty() {
            return self.show(run, state).await;
        }
        let user = match enrol::account(run, enrol::ANSWERED) {
            Ok(user) => user,
            Err(step) => return Ok(step),
        };
        let code = match self.code(answer) {
            Ok(code) => code,
            Err(problem) => return Ok(Step::invalid("code", problem)),
        };
        let fresh = NewTotp { secret: state.secret.clone(), digits: self.digits.number() };
        let Some(proved) = fresh.step_of(&code, run.cx().clock.now()) else {
            return Ok(Step::invalid("code", Problem::new("invalid", "Code does not match")));
        };
        let kept = run
            .commit(enrol::actor(run), "authenticator app set up", move |tx| {
                fresh.enrol(tx, user, proved).map_err(Refused::from)
            })
            .await;
        kept.map_or_else(Refused::step, |()| Ok(Step::Done))
    }

    fn sentence(&self) -> Sentence {
        Sentence::new("Set up an authenticator app")
            .note(format!("{} digits", self.digits.number()))
    }
}

/// As the original quotes the parts of the address.
fn quoted(text: &str) -> String {
    const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    utf8_percent_encode(text, KEPT).to_string()
}

/// The secret as an address that apps read from a picture.
#[derive(Debug, Clone, Serialize)]
struct AuthenticatorTOTPChallenge {
    config_url: String,
}

impl Page for AuthenticatorTOTPChallenge {
    const COMPONENT: &'static str = "ak-stage-authenticator-totp";
    const TEMPLATE: &'static str = include_str!("authenticator_totp.html");

    fn names_user(&self) -> bool {
        true
    }

    fn view(&self, scene: &Scene) -> Value {
        let secret = self.config_url.split("secret=").nth(1).unwrap_or_default();
        let secret = secret.split('&').next().unwrap_or_default();
        let groups: Vec<String> = secret
            .as_bytes()
            .chunks(4)
            .map(|group| String::from_utf8_lossy(group).into())
            .collect();
        let picture = QRBuilder::new(self.config_url.as_bytes()).build();
        json!({
            "title": scene.t("app-set-up"),
            "subtitle": scene.t("app-set-up-hint"),
            "config_url": self.config_url,
            "secret": groups.join(" "),
            "qr": picture.map(|qr| SvgBuilder::default().margin(2).to_str(&qr)).unwrap_or_default(),
            "cancel_url": enrol::cancel_url(scene),
        })
    }

    fn samples() -> Vec<Self> {
        vec![Self {
            config_url: "otpauth://totp/Countersign%3Auma?secret=S7TO6HWIWTN7MVZ3FIYYY3BQFLSSSABA&algorithm=SHA1&digits=6&period=30&issuer=Countersign".to_owned(),
        }]
    }
}
