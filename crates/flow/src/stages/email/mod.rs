//! Sends a link by e-mail, which leads on in the flow, in whichever browser it is opened.

mod link;
mod server;

use countersign_accounts::identity;
use countersign_core::{ApiError, BoxFuture, Call, Job, Module, find, save};
use countersign_directory::users::User;
use countersign_events::Event;
use countersign_model::{Duration, EmailAddress, FieldErrors, Kind, Problem, Secret, Timestamp};
use countersign_pages::{Page, PageDef, Scene};
use countersign_store::Tx;
use countersign_words::Language;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

pub(crate) use link::mail_with_link;
pub(super) use server::own_server;

use self::link::{Order, SendLink};
use crate::answer::Answer;
use crate::context::Flows;
use crate::error::FlowError;
use crate::kinds::Designation;
use crate::plan::key;
use crate::recovery::awaits_confirmation;
use crate::run::Run;
use crate::stage::{AnyStage, Sentence, Stage, Step};
use crate::{origin, web};

/// Sends a link that leads on.
#[derive(Debug, Clone, Kind)]
#[kind(
    family = dyn AnyStage,
    path = "stages/email",
    model = "authentik_stages_email.emailstage",
    title = "Email Stage",
    component = "ak-stage-email-form",
    form = "name use_global_settings host port username password use_tls use_ssl timeout from_address subject token_expiry template activate_user_on_success"
)]
pub struct EmailStage {
    #[field(unique, search, filter)]
    pub name: String,
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
    #[field(show_if = "use_global_settings=false", label = "SMTP Password", widget = Password, default, write_only)]
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
    #[field(
        label = "Token expiration",
        help = "How long the link can be used.",
        default = "minutes=30",
        filter
    )]
    pub token_expiry: Duration,
    #[field(label = "Subject", default = "authentik", filter)]
    pub subject: String,
    #[field(
        label = "Template",
        help = "email/password_reset.html, email/account_confirmation.html, or a file of the folder for templates.",
        default = "email/password_reset.html",
        filter
    )]
    pub template: String,
    #[field(
        label = "Activate user on success",
        help = "Activates the account that was made in the same flow. Accounts that somebody deactivated stay that.",
        default = false,
        filter
    )]
    pub activate_user_on_success: bool,
}

/// As often one page sends, and seconds between two times.
const MOST_SENT: u32 = 5;
const PAUSE: i64 = 30;
/// As many bytes of the page's query go into the link.
const LONGEST_QUERY: usize = 2000;

/// What was sent from this page.
#[derive(Default, Serialize, Deserialize)]
pub struct Sent {
    times: u32,
    last: Option<Timestamp>,
}

impl EmailStage {
    /// The subject of its mails. What nobody changed says what the mail is about.
    fn subject(&self, language: Language) -> String {
        match (self.subject.as_str(), self.template.as_str()) {
            ("authentik", "email/password_reset.html") => language.t("mail-reset-subject"),
            ("authentik", "email/account_confirmation.html") => language.t("mail-confirm-subject"),
            ("authentik", _) => "Countersign".to_owned(),
            (subject, _) => subject.to_owned(),
        }
    }

    /// The link that this step sent has come back, or an administrator's.
    async fn confirmed(&self, run: &mut Run) -> Result<Option<Step>, FlowError> {
        let (link, step) = (run.plan.restored.as_ref(), run.plan.current().map(|step| step.id));
        let mine = |link: &crate::plan::Restored| {
            link.mailed.as_ref().is_none_or(|mailed| Some(mailed.step) == step)
        };
        let Some(user) = link.filter(|link| mine(link)).map(|link| link.user) else {
            return Ok(None);
        };
        if !run.plan.link_names_account() {
            return Ok(Some(Step::deny("This link was made for another account.")));
        }
        if self.activate_user_on_success && run.plan.made_account == Some(user) {
            let made = run.plan.made_account;
            let work = move |tx: &mut Tx<'_>| match identity(tx, user)? {
                Some(account) if awaits_confirmation(made, &account) => activate(tx, user),
                // It was confirmed before, and perhaps deactivated since.
                _ => Ok(()),
            };
            run.commit(run.browser.actor(), "address confirmed", work).await.map_err(failed)?;
            run.account_written();
        }
        Ok(Some(Step::Done))
    }

    /// Asks for the mail. Whether there is somebody to write to is found out by the job: until
    /// then a name that nobody has costs as much as one that somebody has.
    async fn send(&self, run: &mut Run, sent: &mut Sent) -> Result<Option<Step>, FlowError> {
        let cx = run.cx().clone();
        if let Err(error) = cx.mailer().templates.check(&self.template) {
            return Ok(Some(self.broken(run, &error.to_string()).await));
        }
        let Some(origin) = origin::for_mail(&cx, run.request()).await? else {
            let text = "No mail is sent, since nobody has said what its link begins with. Set base_url to the public address of this server, or sign in there as an administrator.";
            return Ok(Some(self.broken(run, text).await));
        };
        let Some(stage) = run.current_stage() else {
            return Ok(Some(Step::deny("This stage was deleted while the flow was running.")));
        };
        let query: Vec<_> = run.plan.query.clone();
        let page = web::flow_url(&run.slug(), &query);
        let page = if page.len() > LONGEST_QUERY { web::flow_url(&run.slug(), &[]) } else { page };
        let order = Order {
            stage: countersign_model::Ref::new(stage.id.key),
            user: run.plan.pending_user().and_then(|user| user.pk),
            to: run.plan.text(key::EMAIL).map(str::to_owned),
            page: format!("{origin}{page}"),
            plan: run.plan.clone(),
            language: run.browser.language().tag().to_owned(),
        };
        let (actor, reason) = (run.browser.actor(), "mail with a link asked for");
        let ask = move |tx: &mut Tx<'_>| order.ask(tx);
        // Once for a page that is reached; each time that somebody asks for another.
        if sent.times == 0 {
            run.commit(actor, reason, ask).await?;
        } else {
            cx.store.write(actor, reason, ask).await?;
        }
        (sent.times, sent.last) = (sent.times.saturating_add(1), Some(cx.clock.now()));
        run.plan.context.insert(key::EMAIL_SENT.to_owned(), true.into());
        Ok(None)
    }

    /// Something an administrator has to mend.
    async fn broken(&self, run: &Run, message: &str) -> Step {
        let context = json!({"message": message, "stage": self.name});
        let event = Event::new("configuration_error", "authentik.stages.email", context);
        event.write(run.cx(), run.browser.actor()).await;
        Step::deny("The mail cannot be sent. Ask an administrator to look at it.")
    }

    fn page(&self, run: &Run) -> Step {
        let designation = run.flow().map(|flow| flow.designation);
        Step::show(EmailChallenge {
            lasts: self.token_expiry.seconds(),
            enrols: designation == Some(Designation::Enrollment),
        })
    }
}

fn activate(tx: &mut Tx<'_>, user: i64) -> Result<(), ApiError> {
    match find::<User>(tx, user)? {
        Some(before) if !before.is_active => {
            save(tx, User { is_active: true, ..before.clone() }, Some(&before)).map(|_| ())
        }
        _ => Ok(()),
    }
}

fn failed(error: ApiError) -> FlowError {
    match error {
        ApiError::Store(error) => error.into(),
        other => FlowError::broken(other.to_string()),
    }
}

/// The template must be one that can be chosen, and work.
pub(super) fn admit(
    flows: Flows,
    call: Call,
    body: Map<String, Value>,
) -> BoxFuture<Result<(), ApiError>> {
    Box::pin(async move {
        let Some(template) = body.get("template").and_then(Value::as_str) else { return Ok(()) };
        let cx = flows.over(&call.cx);
        let templates = &cx.mailer().templates;
        let problem = if templates.knows(template) {
            templates.check(template).err().map(|error| error.to_string())
        } else {
            Some(format!("Invalid template '{template}' specified."))
        };
        problem
            .map_or(Ok(()), |text| Err(ApiError::field("template", Problem::new("invalid", text))))
    })
}

pub(super) fn brings(flows: &Flows) -> Module {
    Module { jobs: vec![Job::of(SendLink(flows.clone()))], ..Module::default() }
}

impl Stage for EmailStage {
    type State = Sent;
    const PAGES: &'static [PageDef] = &[PageDef::of::<EmailChallenge>()];

    async fn show(&self, run: &mut Run, sent: &mut Sent) -> Result<Step, FlowError> {
        if let Some(step) = self.confirmed(run).await? {
            return Ok(step);
        }
        if run.plan.pending_user().is_none() {
            return Ok(Step::deny("No pending user."));
        }
        // Looking at a page that keeps nothing sends nothing, or each look would.
        if sent.times == 0
            && run.is_kept
            && let Some(refused) = self.send(run, sent).await?
        {
            return Ok(refused);
        }
        Ok(self.page(run))
    }

    async fn answer(
        &self,
        run: &mut Run,
        sent: &mut Sent,
        _answer: &Answer,
    ) -> Result<Step, FlowError> {
        if let Some(step) = self.confirmed(run).await? {
            return Ok(step);
        }
        if run.plan.pending_user().is_none() {
            return Ok(Step::deny("No pending user."));
        }
        let wait = sent
            .last
            .map_or(0, |last| last.plus_seconds(PAUSE).seconds() - run.cx().clock.now().seconds());
        let problem = if sent.times >= MOST_SENT {
            Problem::new("throttled", "It was sent as often as it is. Begin again later.")
        } else if wait > 0 {
            run.retry_after = Some(wait);
            Problem::new("throttled", format!("Too many attempts. Try again in {wait} seconds."))
        } else {
            if let Some(refused) = self.send(run, sent).await? {
                return Ok(refused);
            }
            Problem::new(SENT, SENT)
        };
        Ok(Step::Invalid(FieldErrors::object(problem)))
    }

    fn sentence(&self) -> Sentence {
        Sentence::new("Send a link by e-mail")
            .note(format!("works for {}", self.token_expiry.words()))
            .note_if(self.activate_user_on_success, "activates the account made before")
    }
}

/// What the original says of a mail that was asked for again.
const SENT: &str = "email-sent";

/// Says that a mail is on its way; whether somebody gets one it does not say.
#[derive(Debug, Clone, Serialize)]
struct EmailChallenge {
    #[serde(skip)]
    lasts: i64,
    #[serde(skip)]
    enrols: bool,
}

impl Page for EmailChallenge {
    const COMPONENT: &'static str = "ak-stage-email";
    const TEMPLATE: &'static str = include_str!("email.html");

    fn view(&self, scene: &Scene) -> Value {
        let again = scene.errors.form.iter().any(|text| text == SENT);
        let errors: Vec<_> = scene.errors.form.iter().filter(|text| *text != SENT).collect();
        let text = if self.enrols {
            scene.t("check-mail-confirm")
        } else {
            scene.t("check-mail-recovery")
        };
        json!({
            "title": scene.t("check-mail"),
            "subtitle": "",
            "text": text,
            "note": scene.say("check-mail-note", &[("duration", scene.language.duration(self.lasts).into())]),
            "again": again,
            "errors": errors,
        })
    }

    fn samples() -> Vec<Self> {
        vec![Self { lasts: 1800, enrols: false }, Self { lasts: 1800, enrols: true }]
    }
}
