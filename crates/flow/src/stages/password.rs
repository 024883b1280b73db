//! Prove it, with a password.

use countersign_model::{Choice, ChoiceValue, Draft, FieldErrors, Kind, ObjectId, Problem, Ref};

use super::authenticate::{self, Login};
use super::{Stage, StageFuture, Step};
use crate::answer::{Answer, wrong};
use crate::challenge::{Challenge, Password};
use crate::error::FlowError;
use crate::kinds::Flow;
use crate::plan::{PendingUser, key};
use crate::run::Run;

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
    family = dyn Stage,
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
    #[field(label = "Configuration flow", help = "Lets users change their password by themselves.", on_delete = SetNull, filter)]
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

const TRIES: &str = "password_tries";
const INVALID: &str = "Invalid password";

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

    fn ask(&self, run: &Run) -> Challenge {
        let recovery =
            run.browser.brand_flow("flow_recovery").and_then(|flow| run.browser.snapshot.get(flow));
        let recovery_url = recovery.map(|flow| {
            format!("{}/if/flow/{}/", run.browser.cx.origin(&run.browser.request), flow.slug)
        });
        Challenge::Password(Password {
            recovery_url,
            allow_show_password: self.allow_show_password,
        })
    }

    async fn prove(
        &self,
        run: &mut Run,
        user: PendingUser,
        answer: &Answer,
    ) -> Result<Step, FlowError> {
        let tried = match answer.raw_text("password") {
            Ok(password) => match authenticate::check(run, &user, &self.backends, &password).await?
            {
                Login::Proved { backend } => Ok(backend),
                Login::Failed => Err(Problem::new("invalid", INVALID)),
                Login::Throttled(wait) => return Ok(authenticate::throttled(run, wait)),
            },
            Err(problem) => Err(problem),
        };
        let problem = match tried {
            Ok(backend) => {
                run.plan.scratch.remove(TRIES);
                run.plan.set_pending_user(&PendingUser {
                    backend: Some(backend.value().to_owned()),
                    ..user
                });
                run.plan.context.insert(key::USER_BACKEND.to_owned(), backend.value().into());
                return Ok(Step::Done);
            }
            Err(problem) => problem,
        };
        if run.plan.count(TRIES) >= i64::from(self.failed_attempts_before_cancel) {
            return Ok(Step::Deny(INVALID.to_owned()));
        }
        Ok(Step::Wrong(wrong("password", problem)))
    }
}

impl Stage for PasswordStage {
    fn challenge<'a>(&'a self, run: &'a mut Run) -> StageFuture<'a> {
        Box::pin(async {
            Ok(if run.plan.pending_user().is_some() {
                Step::show(self.ask(run))
            } else {
                Step::Deny(String::new())
            })
        })
    }

    fn respond<'a>(&'a self, run: &'a mut Run, answer: &'a Answer) -> StageFuture<'a> {
        Box::pin(async {
            match run.plan.pending_user() {
                Some(user) => self.prove(run, user, answer).await,
                None => Ok(Step::Deny(String::new())),
            }
        })
    }
}
