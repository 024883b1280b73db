//! Kinds of stages whose behaviour is not there yet: they load, show and save, and a flow that
//! reaches one is denied with a clear text. They are `hidden`: nobody is offered to make one.

use countersign_model::{Duration, EmailAddress, Kind, Ref, Secret};

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
    component = "ak-stage-authenticator-email-form",
    hidden
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
    #[field(label = "Use global settings", default = false, filter)]
    pub use_global_settings: bool,
    #[field(label = "SMTP Host", default = "localhost", filter)]
    pub host: String,
    #[field(label = "SMTP Port", default = 25, filter)]
    pub port: i32,
    #[field(label = "SMTP Username", default = "", filter)]
    pub username: String,
    #[field(label = "SMTP Password", widget = Password, default)]
    pub password: Secret,
    #[field(label = "Use TLS", default = false, filter)]
    pub use_tls: bool,
    #[field(label = "Use SSL", default = false, filter)]
    pub use_ssl: bool,
    #[field(label = "Timeout", default = 10, filter)]
    pub timeout: i32,
    #[field(label = "From address", default = "system@authentik.local", max_length = 254, filter)]
    pub from_address: EmailAddress,
    #[field(label = "Subject", default = "authentik Sign-in code", filter)]
    pub subject: String,
    #[field(label = "Token expiration", default = "minutes=30", filter)]
    pub token_expiry: Duration,
    #[field(label = "Template", default = "email/email_otp.html", filter)]
    pub template: String,
}

/// Asks a captcha service whether the visitor is a person.
#[derive(Debug, Clone, Kind)]
#[kind(
    family = dyn AnyStage,
    path = "stages/captcha",
    model = "authentik_stages_captcha.captchastage",
    title = "Captcha Stage",
    component = "ak-stage-captcha-form",
    hidden
)]
pub struct CaptchaStage {
    #[field(unique, search, filter)]
    pub name: String,
    #[field(label = "Public Key", filter)]
    pub public_key: String,
    #[field(label = "Private Key", write_only)]
    pub private_key: Secret,
    #[field(label = "JS URL", default = "https://www.recaptcha.net/recaptcha/api.js")]
    pub js_url: String,
    #[field(label = "API URL", default = "https://www.recaptcha.net/recaptcha/api/siteverify")]
    pub api_url: String,
    #[field(label = "Interactive", default = false)]
    pub interactive: bool,
    #[field(label = "Score minimum threshold", default = 0.5)]
    pub score_min_threshold: f64,
    #[field(label = "Score maximum threshold", default = 1.0)]
    pub score_max_threshold: f64,
    #[field(label = "Error on invalid score", default = true)]
    pub error_on_invalid_score: bool,
}

macro_rules! not_yet {
    ($($kind:ty => $what:literal => $sentence:expr;)*) => {$(
        impl Stage for $kind {
            type State = ();

            async fn show(&self, _run: &mut Run, (): &mut ()) -> Result<Step, FlowError> {
                Ok(Step::deny(concat!($what, " is not available in this version.")))
            }

            fn sentence(&self) -> Sentence {
                $sentence(self)
            }
        }
    )*};
}

not_yet! {
    AuthenticatorEmailStage => "Setting up codes by e-mail"
        => |_: &Self| Sentence::new("Set up codes by e-mail");
    CaptchaStage => "Asking a captcha service"
        => |_: &Self| Sentence::new("Check that it is a person");
}
