//! The job that makes the link and writes the mail.

use countersign_accounts::identity;
use countersign_core::{Context, Identity, JobError, Run, Work, enqueue};
use countersign_directory::create_mailed_link;
use countersign_events::Event;
use countersign_mail::{Letter, TemplateError};
use countersign_model::{Ref, Secret};
use countersign_policy::Subject;
use countersign_store::{Actor, StoreError, Tx};
use countersign_words::{Language, Wishes};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::{EmailStage, own_server};
use crate::context::{FlowContext, Flows};
use crate::plan::{Mailed, Plan, Restored};
use crate::recovery::{FLOW_TOKEN, awaits_confirmation};

/// A mail that a flow has asked for. It waits sealed, as all arguments of jobs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(super) stage: Ref<EmailStage>,
    /// Nobody: a name that no account has.
    pub(super) user: Option<i64>,
    /// An address that a policy named, instead of the account's.
    pub(super) to: Option<String>,
    /// The flow's address, with what its query says.
    pub(super) page: String,
    /// Where the link leads.
    pub(super) plan: Plan,
    /// What the pages were in, for who has chosen nothing.
    #[serde(default)]
    pub(super) language: String,
}

impl Order {
    pub(super) fn ask(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let uid = tx.entropy().uuid().simple().to_string();
        enqueue::<SendLink>(tx, &uid, self).map(|_| ())
    }

    /// Makes the link and posts the mail, both or none. `task`: names the link, so that a run that
    /// is repeated makes none.
    fn carry_out(&self, tx: &mut Tx<'_>, cx: &FlowContext, task: Uuid) -> Result<(), LinkError> {
        let user = self.user.map(|user| identity(tx, user)).transpose()?.flatten();
        let (Some(user), Some(stage)) = (user, tx.graph().get(self.stage).cloned()) else {
            return Ok(());
        };
        // Who was deactivated gets no link; an account that this run made is not active yet.
        let address = self.to.clone().unwrap_or_else(|| user.email.clone());
        if address.is_empty()
            || !user.is_active && !awaits_confirmation(self.plan.made_account, &user)
        {
            return Ok(());
        }
        let mailed = Mailed {
            step: self.plan.current().map(|step| step.id).unwrap_or_default(),
            to: self.to.is_none().then(|| address.clone()),
        };
        let restored = Some(Restored { user: user.pk, mailed: Some(mailed) });
        let plan = serde_json::to_string(&Plan { restored, ..self.plan.clone() })
            .map_err(|error| StoreError::Database(error.to_string()))?;
        let (flow, seconds) =
            (self.plan.flow.key().uuid().unwrap_or_default(), stage.token_expiry.seconds());
        let name = format!("ak-email-stage-{}", task.simple());
        let Some(key) = create_mailed_link(tx, (user.pk, &address), name, flow, &plan, seconds)?
        else {
            return Ok(());
        };
        let own = user.locale();
        let language = Wishes {
            person: own.as_deref(),
            brand: Some(&self.language),
            browser: "",
            request: None,
        };
        let language = language.language();
        mail_with_link(cx, &stage, language, &user, address, (&self.page, &key))?.post(tx)?;
        Ok(())
    }
}

/// The mail of a stage with a link into a flow. `page`: the flow's address; `key`: the link's.
///
/// # Errors
/// A template that does not work.
pub(crate) fn mail_with_link(
    cx: &FlowContext,
    stage: &EmailStage,
    language: Language,
    user: &Identity,
    to: String,
    (page, key): (&str, &Secret),
) -> Result<Letter, TemplateError> {
    let (sign, key) = (if page.contains('?') { '&' } else { '?' }, key.expose());
    let url = format!("{page}{sign}{FLOW_TOKEN}={key}");
    let user = Subject::of(user, cx.uid(user.pk)).to_json();
    let expires = stage.token_expiry.seconds();
    let variables = json!({"url": url, "user": user, "expires": expires, "token": key});
    let templates = &cx.mailer().templates;
    let rendered = templates.render(language, cx.clock.now(), &stage.template, &variables)?;
    Ok(Letter {
        server: own_server!(stage),
        hidden: vec![key.to_owned()],
        ..Letter::of(rendered, stage.subject(language), [to])
    })
}

/// Why no mail was written.
#[derive(Debug, thiserror::Error)]
enum LinkError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Template(#[from] TemplateError),
}

pub(crate) struct SendLink(pub(crate) Flows);

impl Work for SendLink {
    const NAME: &'static str = "send_link";
    const DESCRIPTION: &'static str = "Make a link into a flow and write the mail that carries it.";
    const ATTEMPTS: u32 = 5;
    type Args = Order;

    async fn run(&self, cx: Context, run: Run, order: Order) -> Result<(), JobError> {
        let (flows, task) = (self.0.over(&cx), run.task);
        let work = move |tx: &mut Tx<'_>| order.carry_out(tx, &flows, task);
        match cx.store.write(Actor::system(), "link by e-mail", work).await {
            Ok(()) => Ok(()),
            Err(LinkError::Store(error)) => Err(error.into()),
            Err(LinkError::Template(error)) => {
                let context = json!({"message": error.to_string()});
                let event = Event::new("configuration_error", "authentik.stages.email", context);
                event.write(&cx, Actor::system()).await;
                Err(JobError::Failed(error.to_string()))
            }
        }
    }
}
