//! Sets up codes by e-mail.

use countersign_authenticators::{DeviceClass, EmailDevice};
use countersign_core::{ApiError, BoxFuture, Call};
use countersign_mail::{Letter, TemplateError};
use countersign_model::{Duration, EmailAddress, Kind, Problem, Ref, Secret};
use countersign_pages::{Page, PageDef, Scene};
use countersign_store::{StoreError, Tx};
use countersign_words::Language;
use serde::Serialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::email::own_server;
use super::enrol;
use super::prompt::is_email;
use super::sent_code::{self, Sending, SendsCodes, SentCode, SetsUpCodes};
use crate::answer::Answer;
use crate::context::Flows;
use crate::error::FlowError;
use crate::kinds::Flow;
use crate::run::Run;
use crate::stage::{AnyStage, Sentence, Stage, Step};

/// Sets up one-time codes by e-mail.
#[derive(Debug, Clone, Kind)]
#[kind(
    family = dyn AnyStage,
    path = "stages/authenticator/email",
    model = "authentik_stages_authenticator_email.authenticatoremailstage",
    title = "Email Authenticator Setup Stage",
    component = "ak-stage-authenticator-email-form"
)]
pub struct AuthenticatorEmailStage {
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
    #[field(
        label = "Use global settings",
        help = "Send by the mail server of the settings.",
        default = false,
        filter
    )]
    pub use_global_settings: bool,
    #[field(
        show_if = "use_global_settings=false",
        label = "SMTP Host",
        default = "localhost",
        filter
    )]
    pub host: String,
    #[field(show_if = "use_global_settings=false", label = "SMTP Port", default = 25, filter)]
    pub port: i32,
    #[field(show_if = "use_global_settings=false", label = "SMTP Username", default = "", filter)]
    pub username: String,
    #[field(show_if = "use_global_settings=false", label = "SMTP Password", widget = Password, default)]
    pub password: Secret,
    #[field(show_if = "use_global_settings=false", label = "Use TLS", default = false, filter)]
    pub use_tls: bool,
    #[field(show_if = "use_global_settings=false", label = "Use SSL", default = false, filter)]
    pub use_ssl: bool,
    #[field(show_if = "use_global_settings=false", label = "Timeout", default = 10, filter)]
    pub timeout: i32,
    #[field(
        show_if = "use_global_settings=false",
        label = "From address",
        default = "system@authentik.local",
        max_length = 254,
        filter
    )]
    pub from_address: EmailAddress,
    #[field(label = "Subject", default = "authentik Sign-in code", filter)]
    pub subject: String,
    #[field(
        label = "Token expiration",
        help = "How long a code can be used.",
        default = "minutes=30",
        filter
    )]
    pub token_expiry: Duration,
    #[field(label = "Template", default = "email/email_otp.html", filter)]
    pub template: String,
}

impl AuthenticatorEmailStage {
    /// The subject of its mails. What nobody changed says what the mail is about.
    fn subject(&self, language: Language) -> String {
        if self.subject == "authentik Sign-in code" {
            language.t("mail-code-subject")
        } else {
            self.subject.clone()
        }
    }

    /// The mail with a code.
    fn letter(&self, run: &Run, to: &str, code: &str) -> Result<Letter, TemplateError> {
        let person = run.pending_or_session_user().map(|user| user.to_json());
        let variables =
            json!({"user": person, "token": code, "expires": self.token_expiry.seconds()});
        let language = run.browser.language();
        let templates = &run.cx().mailer().templates;
        let now = run.cx().clock.now();
        let rendered = templates.render(language, now, &self.template, &variables)?;
        Ok(Letter {
            server: own_server!(self),
            hidden: vec![code.to_owned()],
            ..Letter::of(rendered, self.subject(language), [to.to_owned()])
        })
    }
}

impl SendsCodes for AuthenticatorEmailStage {
    fn class(&self) -> DeviceClass {
        DeviceClass::Email
    }

    fn lasts(&self) -> i64 {
        self.token_expiry.seconds()
    }

    fn send<'a>(&'a self, run: &'a Run, to: &'a str, code: &'a str) -> Sending<'a> {
        Box::pin(async move {
            let letter = match self.letter(run, to, code) {
                Ok(letter) => letter,
                Err(error) => {
                    let why = error.to_string();
                    return Ok(Some(sent_code::configuration_error(run, &self.name, &why).await));
                }
            };
            let work = move |tx: &mut Tx<'_>| letter.post(tx).map(|_| ());
            run.cx().store.write(run.browser.actor(), "code by e-mail", work).await?;
            Ok(None)
        })
    }

    fn masked(&self, to: &str) -> String {
        masked(to)
    }
}

impl SetsUpCodes for AuthenticatorEmailStage {
    const PLACE: &'static str = "email";
    const PROMPT: &'static str = "email";
    const REQUIRED: &'static str = "email required";
    const TAKEN: &'static str = "Invalid email";

    fn parse(text: &str) -> Result<String, Problem> {
        let problem = || Problem::new("invalid", "Enter a valid email address.");
        if is_email(text) { Ok(text.to_owned()) } else { Err(problem()) }
    }

    fn own(run: &Run) -> Option<String> {
        run.pending_or_session_user().map(|user| user.email).filter(|own| !own.is_empty())
    }

    fn page(&self, to: Option<&str>) -> Step {
        Step::show(AuthenticatorEmailChallenge {
            email: to.map(masked),
            email_required: to.is_none(),
        })
    }

    fn is_taken(tx: &mut Tx<'_>, to: &str, stage: Uuid) -> Result<bool, StoreError> {
        EmailDevice::is_taken(tx, to, stage)
    }

    fn enrol(&self, tx: &mut Tx<'_>, user: i64, to: &str, stage: Uuid) -> Result<(), ApiError> {
        EmailDevice::enrol(tx, user, to, stage)
    }
}

/// A template that does not work is refused when it is chosen.
pub(super) fn admit(
    flows: Flows,
    call: Call,
    body: Map<String, Value>,
) -> BoxFuture<Result<(), ApiError>> {
    Box::pin(async move {
        let Some(template) = body.get("template").and_then(Value::as_str) else { return Ok(()) };
        match flows.over(&call.cx).mailer().templates.check(template) {
            Ok(()) => Ok(()),
            Err(error) => {
                Err(ApiError::field("template", Problem::new("invalid", error.to_string())))
            }
        }
    })
}

/// An address as far as it may be shown: the first letter of each part but the last.
fn masked(address: &str) -> String {
    let part = |text: &str| {
        let (mut letters, length) = (text.chars(), text.chars().count());
        match letters.next().filter(|_| length > 2) {
            Some(first) => format!("{first}{}", "*".repeat(length - 1)),
            None => "*".repeat(length),
        }
    };
    let (local, domain) = address.rsplit_once('@').unwrap_or((address, ""));
    let (labels, last) = domain.rsplit_once('.').unwrap_or(("", domain));
    let labels = labels.split('.').filter(|label| !label.is_empty());
    let domain: String = labels.map(|label| part(label) + ".").collect();
    format!("{}@{domain}{last}", part(local))
}

impl Stage for AuthenticatorEmailStage {
    type State = SentCode;
    const PAGES: &'static [PageDef] = &[PageDef::of::<AuthenticatorEmailChallenge>()];
    const SETTINGS: Option<&'static str> = Some("ak-user-settings-authenticator-email");

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
        Sentence::new("Set up codes by e-mail")
            .note(format!("a code works for {}", self.token_expiry.words()))
    }
}

/// The address, or the code that was sent there.
#[derive(Debug, Clone, Serialize)]
struct AuthenticatorEmailChallenge {
    email: Option<String>,
    email_required: bool,
}

impl Page for AuthenticatorEmailChallenge {
    const COMPONENT: &'static str = "ak-stage-authenticator-email";
    const TEMPLATE: &'static str = include_str!("page.html");

    fn remembers(&self) -> Vec<&str> {
        vec!["email"]
    }

    fn names_user(&self) -> bool {
        true
    }

    fn view(&self, scene: &Scene) -> Value {
        json!({
            "title": scene.t("mail-codes-set-up"),
            "subtitle": scene.t("mail-codes-set-up-hint"),
            "email": self.email,
            "typed": scene.typed.get("email"),
            "cancel_url": enrol::cancel_url(scene),
        })
    }

    fn samples() -> Vec<Self> {
        vec![
            Self { email: Some("u**@e******.org".to_owned()), email_required: false },
            Self { email: None, email_required: true },
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_masked_as_by_the_original() {
        for (address, shown) in [
            ("uma@example.org", "u**@e******.org"),
            ("me@example.co.uk", "**@e******.**.uk"),
            ("a@localhost", "*@localhost"),
        ] {
            assert_eq!(masked(address), shown);
        }
    }
}
