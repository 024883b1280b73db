//! Prove it, with a password.

use countersign_model::{Choice, ChoiceValue, Draft, FieldErrors, Kind, ObjectId, Problem, Ref};
use countersign_pages::{Page, PageDef, Scene};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::authenticate::{self, Login};
use super::passkey;
use crate::answer::Answer;
use crate::error::FlowError;
use crate::kinds::Flow;
use crate::plan::{PendingUser, key};
use crate::run::Run;
use crate::stage::{AnyStage, Sentence, Stage, Step};

/// Where passwords are checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum Backend {
    #[choice(
        value = "authentik.core.auth.InbuiltBackend",
        label = "User database + standard password"
    )]
    Inbuilt,
    #[choice(value = "authentik.core.auth.TokenBackend", label = "User database + app passwords")]
    Token,
    #[choice(
        value = "authentik.sources.ldap.auth.LDAPBackend",
        label = "User database + LDAP password"
    )]
    Ldap,
    #[choice(
        value = "authentik.sources.kerberos.auth.KerberosBackend",
        label = "User database + Kerberos password"
    )]
    Kerberos,
}

/// Asks for the password of the account named before, and checks it against the chosen backends.
#[derive(Debug, Clone, Kind)]
#[kind(
    family = dyn AnyStage,
    path = "stages/password",
    model = "authentik_stages_password.passwordstage",
    title = "Password Stage",
    component = "ak-stage-password-form",
    check = Self::check
)]
pub struct PasswordStage {
    #[field(unique, search, filter)]
    pub name: String,
    #[field(label = "Backends", help = "Where passwords are checked, in this order.")]
    pub backends: Vec<Backend>,
    #[field(
        label = "Configuration flow",
        help = "Lets users change their password by themselves.",
        choose(query = "designation=stage_configuration"),
        on_delete = SetNull,
        filter
    )]
    pub configure_flow: Option<Ref<Flow>>,
    #[field(label = "Failed attempts before cancel", default = 5, filter)]
    pub failed_attempts_before_cancel: i32,
    #[field(
        label = "Allow Show Password",
        help = "Offer a button that shows what was typed.",
        default = false,
        filter
    )]
    pub allow_show_password: bool,
}

pub(super) const INVALID: &str = "Invalid password";

/// Wrong passwords so far.
#[derive(Default, Serialize, Deserialize)]
pub struct Tries {
    failed: i32,
}

impl PasswordStage {
    fn check(&self, _draft: &Draft, _id: ObjectId, errors: &mut FieldErrors) {
        if self.backends.is_empty() {
            errors.add(
                "backends",
                Problem::new(
                    "empty",
                    "Without a backend nobody gets past this stage: choose at least one.",
                ),
            );
        }
    }

    async fn prove(
        &self,
        run: &mut Run,
        state: &mut Tries,
        user: PendingUser,
        answer: &Answer,
    ) -> Result<Step, FlowError> {
        let tried = match answer.raw_text("password") {
            Ok(password) => match authenticate::check(run, &user, &self.backends, &password).await?
            {
                Login::Proved { backend } => Ok(backend),
                Login::Failed => Err(Problem::new("invalid", INVALID)),
                Login::Throttled(wait) => {
                    return Ok(authenticate::throttled(run, "password", wait));
                }
            },
            Err(problem) => Err(problem),
        };
        let problem = match tried {
            Ok(backend) => {
                run.plan.set_pending_user(&PendingUser {
                    backend: Some(backend.value().to_owned()),
                    ..user
                });
                run.plan.context.insert(key::USER_BACKEND.to_owned(), backend.value().into());
                return Ok(Step::Done);
            }
            Err(problem) => problem,
        };
        state.failed = state.failed.saturating_add(1);
        if state.failed >= self.failed_attempts_before_cancel {
            return Ok(Step::deny(INVALID));
        }
        Ok(Step::invalid("password", problem))
    }
}

impl Stage for PasswordStage {
    type State = Tries;
    const PAGES: &'static [PageDef] = &[PageDef::of::<PasswordChallenge>()];
    const ONLY_ASKS: bool = true;
    const SETTINGS: Option<&'static str> = Some("ak-user-settings-password");

    async fn show(&self, run: &mut Run, _state: &mut Tries) -> Result<Step, FlowError> {
        if passkey::identified_by(run).is_some() {
            return Ok(Step::Done);
        }
        if run.plan.pending_user().is_none() {
            return Ok(Step::deny(""));
        }
        let origin = run.browser.cx.origin(&run.browser.request);
        let recovery_url = run.recovery_path().map(|path| format!("{origin}{path}"));
        Ok(Step::show(PasswordChallenge {
            recovery_url,
            allow_show_password: self.allow_show_password,
        }))
    }

    async fn answer(
        &self,
        run: &mut Run,
        state: &mut Tries,
        answer: &Answer,
    ) -> Result<Step, FlowError> {
        match run.plan.pending_user() {
            Some(user) => self.prove(run, state, user, answer).await,
            None => Ok(Step::deny("")),
        }
    }

    fn sentence(&self) -> Sentence {
        let tries = self.failed_attempts_before_cancel;
        Sentence::new("Ask for the password").note_if(tries > 0, &format!("{tries} attempts"))
    }
}

/// The password alone, after the account has been named.
#[derive(Debug, Clone, Serialize)]
struct PasswordChallenge {
    #[serde(skip_serializing_if = "Option::is_none")]
    recovery_url: Option<String>,
    allow_show_password: bool,
}

impl Page for PasswordChallenge {
    const COMPONENT: &'static str = "ak-stage-password";
    const TEMPLATE: &'static str = include_str!("password.html");

    fn names_user(&self) -> bool {
        true
    }

    fn view(&self, scene: &Scene) -> Value {
        let title = scene.title_unless_plain();
        let title = title.map_or_else(|| scene.t("enter-password"), str::to_owned);
        json!({"title": title, "subtitle": scene.purpose, "recovery_url": self.recovery_url})
    }

    fn samples() -> Vec<Self> {
        let recovery_url = Some("https://id.example.org/if/flow/recovery/".to_owned());
        vec![
            Self { recovery_url, allow_show_password: true },
            Self { recovery_url: None, allow_show_password: false },
        ]
    }
}
