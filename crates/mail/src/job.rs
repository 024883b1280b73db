//! The job that sends.

use std::sync::Arc;

use countersign_core::{Context, JobError, NoteLevel, Run, Work};
use countersign_events::Event;
use countersign_store::Actor;
use serde_json::json;

use crate::Mailer;
use crate::letter::Letter;
use crate::server::MailError;

pub(crate) struct SendMail(pub(crate) Arc<Mailer>);

impl Work for SendMail {
    const NAME: &'static str = "send_mail";
    const DESCRIPTION: &'static str = "Hand a mail to the mail server.";
    /// With waits that double from a second, a server that is away for a quarter of an hour loses
    /// nothing.
    const ATTEMPTS: u32 = 11;
    type Args = Letter;

    async fn run(&self, cx: Context, run: Run, letter: Letter) -> Result<(), JobError> {
        let answer = self.0.send(&cx, &letter, &run.task.to_string()).await?;
        run.note(NoteLevel::Info, cx.clock.now(), Self::NAME, answer);
        Ok(())
    }
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
        let server = letter.server.as_ref().unwrap_or(&self.server);
        let sender = server.from.clone();
        let answer = server.send(letter.message(&sender, id)?).await?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mails_that_earlier_versions_stored_are_read() {
        let stored = json!({"to": ["a@example.org"], "subject": "Hello", "text": "Hello"});
        let letter: <SendMail as Work>::Args = serde_json::from_value(stored).unwrap();
        assert_eq!(letter.to, ["a@example.org"]);
    }
}
