//! The job that sends.

use std::sync::Arc;

use countersign_core::{Context, Job, JobError, NoteLevel, Run};
use countersign_events::Event;
use countersign_store::Actor;
use serde_json::json;

use crate::Mailer;
use crate::letter::Letter;
use crate::server::MailError;

pub(crate) const SEND_MAIL: &str = "send_mail";
/// With waits that double from a second, a server that is away for a quarter of an hour loses
/// nothing.
const TRIES: u32 = 11;

pub(crate) fn send_mail(mailer: Arc<Mailer>) -> Job {
    Job::on_request(SEND_MAIL, TRIES, "Hand a mail to the mail server.", move |cx, run| {
        send(cx, mailer.clone(), run)
    })
}

async fn send(cx: Context, mailer: Arc<Mailer>, run: Run) -> Result<(), JobError> {
    let letter: Letter = serde_json::from_value(run.arguments.clone())
        .map_err(|error| JobError::Failed(format!("not a mail: {error}")))?;
    let answer = mailer.send(&cx, &letter, &run.task.to_string()).await?;
    run.note(NoteLevel::Info, cx.clock.now(), SEND_MAIL, answer);
    Ok(())
}

impl From<MailError> for JobError {
    fn from(error: MailError) -> JobError {
        match error {
            MailError::Unavailable { .. } => JobError::Again(error.to_string()),
            other => JobError::Failed(other.to_string()),
        }
    }
}

impl Mailer {
    /// Sends a mail now and records it; what the server said. `id` names the mail for whoever it
    /// arrives at.
    ///
    /// # Errors
    /// When the server does not take it.
    pub async fn send(&self, cx: &Context, letter: &Letter, id: &str) -> Result<String, MailError> {
        let sender = self.server.from.clone();
        let answer = self.server.send(letter.message(&sender, id)?).await?;
        let mut context = json!({
            "message": format!("Email to {} sent", letter.to.join(", ")),
            "subject": letter.subject,
            "body": letter.shown(self.show_links),
            "from_email": letter.from.as_ref().unwrap_or(&sender),
            "to_email": letter.to,
        });
        if let (true, Some(map)) = (letter.notifies, context.as_object_mut()) {
            map.insert("notification".to_owned(), true.into());
        }
        // The mail is out: it must not go out again because its event could not be written.
        Event::new("email_sent", "authentik.stages.email.tasks", context)
            .write(cx, Actor::system())
            .await;
        Ok(answer)
    }
}
