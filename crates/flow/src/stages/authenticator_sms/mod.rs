//! Sets up codes by text message.

mod provider;

use countersign_authenticators::{DeviceClass, SmsDevice};
use countersign_core::ApiError;
use countersign_model::{Choice, Draft, FieldErrors, Kind, ObjectId, Problem, Ref, Secret};
use countersign_pages::{Page, PageDef, Scene};
use countersign_policy::Mapping;
use countersign_store::{StoreError, Tx};
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::enrol;
use super::sent_code::{self, Sending, SendsCodes, SentCode, SetsUpCodes};
use crate::answer::Answer;
use crate::error::FlowError;
use crate::kinds::Flow;
use crate::run::Run;
use crate::stage::{AnyStage, Sentence, Stage, Step};

/// Who sends the messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum SmsProvider {
    Twilio,
    Generic,
}

/// How a request to another provider says who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum SmsAuth {
    Basic,
    Bearer,
}

/// Sets up one-time codes by text message.
#[derive(Debug, Clone, Kind)]
#[kind(
    family = dyn AnyStage,
    path = "stages/authenticator/sms",
    model = "authentik_stages_authenticator_sms.authenticatorsmsstage",
    schema = "AuthenticatorSMSStage",
    title = "SMS Authenticator Setup Stage",
    component = "ak-stage-authenticator-sms-form",
    check = Self::check
)]
pub struct AuthenticatorSmsStage {
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
    #[field(label = "Provider", filter)]
    pub provider: SmsProvider,
    #[field(label = "From number", help = "The number the messages come from.", filter)]
    pub from_number: String,
    #[field(
        label = "Account SID or API URL",
        help = "Of Twilio the account's SID; of another provider the address that requests go to. Networks of your own must be allowed by the setting outbound.allow.",
        filter
    )]
    pub account_sid: String,
    #[field(
        label = "Auth token or user name",
        help = "Of Twilio the auth token; of another provider the user name, or the token for Bearer.",
        widget = Password
    )]
    pub auth: Secret,
    #[field(label = "API Auth password", show_if = "provider=generic", widget = Password, default)]
    pub auth_password: Secret,
    #[field(label = "Authentication Type", show_if = "provider=generic", default = SmsAuth::Basic, filter)]
    pub auth_type: SmsAuth,
    #[field(
        label = "Hash phone number",
        help = "The number is only checked while it is set up, and a hash of it kept, so that nobody uses it again. It is no second factor.",
        default = false,
        filter
    )]
    pub verify_only: bool,
    #[field(
        label = "Mapping",
        help = "Returns what is sent to another provider. Knows device, token and stage.",
        show_if = "provider=generic",
        choose(path = "propertymappings/notification"),
        on_delete = SetNull,
        filter
    )]
    pub mapping: Option<Ref<dyn Mapping>>,
}

/// Seconds that a code can be used.
const LASTS: i64 = 300;
/// Digits of a number with its country's (ITU-T E.164), and of the shortest there are.
const DIGITS: std::ops::RangeInclusive<usize> = 4..=15;
/// The only mappings that know what is sent.
const MAPPING: &str = "authentik_events.notificationwebhookmapping";

impl AuthenticatorSmsStage {
    fn check(&self, draft: &Draft, _id: ObjectId, errors: &mut FieldErrors) {
        if let Some(mapping) = self.mapping
            && draft.member(mapping).is_none_or(|entry| entry.meta().model != MAPPING)
        {
            errors.add("mapping", Problem::missing_reference(mapping.key()));
        }
        let is_address = |text: &str| text.starts_with("https://") || text.starts_with("http://");
        if self.provider == SmsProvider::Generic && !is_address(&self.account_sid) {
            errors.add("account_sid", Problem::new("invalid", "Enter a valid URL."));
        }
    }
}

impl SendsCodes for AuthenticatorSmsStage {
    fn class(&self) -> DeviceClass {
        DeviceClass::Sms
    }

    fn lasts(&self) -> i64 {
        LASTS
    }

    fn send<'a>(&'a self, run: &'a Run, to: &'a str, code: &'a str) -> Sending<'a> {
        Box::pin(provider::send(self, run, to, code))
    }

    /// The last two digits.
    fn masked(&self, to: &str) -> String {
        let shown = to.chars().count().saturating_sub(2);
        to.chars().enumerate().map(|(at, digit)| if at < shown { '*' } else { digit }).collect()
    }
}

impl SetsUpCodes for AuthenticatorSmsStage {
    const PLACE: &'static str = "phone_number";
    const PROMPT: &'static str = "phone";
    const REQUIRED: &'static str = "phone_number required";
    const TAKEN: &'static str = "Invalid phone number";

    fn parse(text: &str) -> Result<String, Problem> {
        let number: String =
            text.chars().filter(|letter| !" -().\u{a0}".contains(*letter)).collect();
        let digits = number.strip_prefix('+').unwrap_or(&number);
        if DIGITS.contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(number);
        }
        let text = "Enter a valid phone number, with the number of its country: +49 30 123456.";
        Err(Problem::new("invalid", text))
    }

    fn own(_: &Run) -> Option<String> {
        None
    }

    fn page(&self, to: Option<&str>) -> Step {
        Step::show(AuthenticatorSMSChallenge {
            phone_number_required: to.is_none(),
            to: to.map(|to| self.masked(to)),
        })
    }

    fn is_taken(tx: &mut Tx<'_>, to: &str, stage: Uuid) -> Result<bool, StoreError> {
        SmsDevice::is_taken(tx, to, stage)
    }

    fn enrol(&self, tx: &mut Tx<'_>, user: i64, to: &str, stage: Uuid) -> Result<(), ApiError> {
        SmsDevice::enrol(tx, user, to, stage, self.verify_only)
    }
}

impl Stage for AuthenticatorSmsStage {
    type State = SentCode;
    const PAGES: &'static [PageDef] = &[PageDef::of::<AuthenticatorSMSChallenge>()];
    const SETTINGS: Option<&'static str> = Some("ak-user-settings-authenticator-sms");

    async fn show(&self, run: &mut Run, state: &mut SentCode) -> Result<Step, FlowError> {
        sent_code::show(self, run, state).await
    }

    async fn answer(
        &self,
        run: &mut Run,
        state: &mut SentCode,
        answer: &Answer,
    ) -> Result<Step, FlowError> {
        sent_code::answer(self, run, state, answer).await
    }

    fn sends_codes(&self) -> Option<&dyn SendsCodes> {
        Some(self)
    }

    fn sentence(&self) -> Sentence {
        Sentence::new(if self.verify_only {
            "Check a phone number by a code"
        } else {
            "Set up codes by text message"
        })
        .note(match self.provider {
            SmsProvider::Twilio => "sent by Twilio",
            SmsProvider::Generic => "sent by another provider",
        })
    }
}

/// The number, or the code that was sent there.
#[derive(Debug, Clone, Serialize)]
struct AuthenticatorSMSChallenge {
    phone_number_required: bool,
    /// Where the code went, as far as it may be seen.
    #[serde(skip)]
    to: Option<String>,
}

impl Page for AuthenticatorSMSChallenge {
    const COMPONENT: &'static str = "ak-stage-authenticator-sms";
    const TEMPLATE: &'static str = include_str!("page.html");

    fn remembers(&self) -> Vec<&str> {
        vec!["phone_number"]
    }

    fn names_user(&self) -> bool {
        true
    }

    fn view(&self, scene: &Scene) -> Value {
        json!({
            "title": scene.t("text-codes-set-up"),
            "subtitle": scene.t("text-codes-set-up-hint"),
            "to": self.to,
            "typed": scene.typed.get("phone_number"),
            "cancel_url": enrol::cancel_url(scene),
        })
    }

    fn samples() -> Vec<Self> {
        vec![
            Self { phone_number_required: true, to: None },
            Self { phone_number_required: false, to: Some("*********42".to_owned()) },
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_kept_in_one_form() {
        for (typed, number) in [
            ("+49 30 123456", Some("+4930123456")),
            ("(030) 123-456", Some("030123456")),
            ("+1", None),
            ("", None),
            ("+49a30123456", None),
            ("+1234567890123456", None),
            ("++4930123456", None),
        ] {
            assert_eq!(AuthenticatorSmsStage::parse(typed).ok().as_deref(), number, "{typed}");
        }
    }
}
