//! Carries one notification to one person.

use std::sync::Arc;

use countersign_core::{Context, Identity, JobError, NoteLevel, Run, Work};
use countersign_events::{Recorded, find};
use countersign_mail::{Letter, MailError, Mailer, TemplateError};
use countersign_model::{ChoiceValue, Ref};
use countersign_outbound::{Outbound, OutboundError, Request};
use countersign_policy::access::Engine;
use countersign_policy::expression::ExpressionError;
use countersign_policy::{Mapping as _, Occasion, PolicyRequest, Subject};
use countersign_store::{Actor, StoreError, params};
use countersign_words::{Language, Wishes};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;
use uuid::Uuid;

use crate::kinds::{
    Mode, NotificationRule, NotificationTransport, NotificationWebhookMapping, Severity,
};
use crate::message::{Notification, body_of};

/// The ways out of the program.
#[derive(Clone)]
pub(crate) struct Ways {
    pub(crate) mailer: Arc<Mailer>,
    pub(crate) outbound: Arc<Outbound>,
    pub(crate) policies: Engine,
}

pub(crate) struct Deliver(pub(crate) Ways);

/// What is told to whom, by which rule and in which way.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Delivery {
    pub(crate) event: Uuid,
    pub(crate) rule: Uuid,
    pub(crate) transport: Uuid,
    pub(crate) user: i64,
}

impl Delivery {
    pub(crate) fn uid(&self) -> String {
        format!(
            "{}:{}:{}:{}",
            self.event.simple(),
            self.rule.simple(),
            self.transport.simple(),
            self.user
        )
    }
}

impl Work for Deliver {
    const NAME: &'static str = "notification_transport";
    const DESCRIPTION: &'static str = "Carry a notification to a person.";
    /// With waits that double from a second: a quarter of an hour.
    const ATTEMPTS: u32 = 11;
    type Args = Delivery;

    async fn run(&self, cx: Context, run: Run, what: Delivery) -> Result<(), JobError> {
        let snapshot = cx.snapshot();
        let rule = snapshot.get::<NotificationRule>(Ref::new(what.rule.into()));
        let transport = snapshot.get::<NotificationTransport>(Ref::new(what.transport.into()));
        let (Some(rule), Some(transport)) = (rule, transport) else { return Ok(()) };
        let read = cx.store.read(move |sql| {
            let user = countersign_accounts::identity(sql, what.user)?;
            Ok::<_, StoreError>((find(sql, what.event)?, user))
        });
        // Gone meanwhile: there is nothing to tell, or nobody.
        let (Some(found), Some(identity)) = read.await? else { return Ok(()) };
        // The same for each run of the task: what was told once is told once.
        let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, run.uid.as_bytes());
        let notification = notify(&cx, id, rule.severity, found, &identity);
        let sent = deliver(&cx, &self.0, transport, &notification, Mailing::Queued).await?;
        for message in sent {
            run.note(NoteLevel::Info, cx.clock.now(), Self::NAME, message);
        }
        Ok(())
    }
}

/// Why a notification did not arrive.
#[derive(Debug, Error)]
pub(crate) enum DeliveryError {
    #[error(transparent)]
    Mail(#[from] MailError),
    #[error(transparent)]
    Template(#[from] TemplateError),
    #[error(transparent)]
    Outbound(#[from] OutboundError),
    #[error("the transport {name} has no webhook URL: set it before it can carry anything")]
    NoAddress { name: String },
    #[error("the webhook answered with status {status}: {text}")]
    Status { status: u16, text: String },
    #[error("the mapping {name} failed: {error}")]
    Mapping { name: String, error: ExpressionError },
    #[error("the mapping {name} did not return a dictionary of headers")]
    Headers { name: String },
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<DeliveryError> for JobError {
    fn from(error: DeliveryError) -> JobError {
        let later = match &error {
            DeliveryError::Mail(error) => matches!(error, MailError::Unavailable { .. }),
            DeliveryError::Outbound(error) => error.may_pass(),
            // Also what a webhook calls wrong: it may be mended on the other side.
            DeliveryError::Status { .. } | DeliveryError::Store(_) => true,
            DeliveryError::NoAddress { .. }
            | DeliveryError::Template(_)
            | DeliveryError::Mapping { .. }
            | DeliveryError::Headers { .. } => false,
        };
        if later { JobError::Again(error.to_string()) } else { JobError::Failed(error.to_string()) }
    }
}

fn notify(
    cx: &Context,
    uuid: Uuid,
    severity: Severity,
    event: Recorded,
    to: &Identity,
) -> Notification {
    Notification {
        uuid,
        severity: severity.value(),
        body: body_of(&event),
        event: Some(event),
        user: Subject::of(to, cx.uid(to.pk)),
        language: language_of(cx, to),
    }
}

/// The language that somebody is written to in.
pub(crate) fn language_of(cx: &Context, to: &Identity) -> Language {
    let (own, brand) = (to.locale(), cx.default_locale());
    Wishes { person: own.as_deref(), brand: brand.as_deref(), ..Wishes::default() }.language()
}

/// When a mail goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mailing {
    /// At once, for somebody who waits for what the server says.
    Now,
    /// By its own job.
    Queued,
}

/// Carries a notification over a transport; what the other side said.
///
/// # Errors
/// When it was not taken.
pub(crate) async fn deliver(
    cx: &Context,
    ways: &Ways,
    transport: &NotificationTransport,
    notification: &Notification,
    mailing: Mailing,
) -> Result<Vec<String>, DeliveryError> {
    match transport.mode {
        Mode::Local => keep(cx, notification).await.map(|()| Vec::new()),
        Mode::Email => mail(cx, &ways.mailer, transport, notification, mailing).await,
        Mode::Webhook | Mode::WebhookSlack => post(cx, ways, transport, notification).await,
    }
}

async fn keep(cx: &Context, notification: &Notification) -> Result<(), DeliveryError> {
    let (uuid, user, event) = (
        notification.uuid,
        notification.user.pk,
        notification.event.as_ref().map(|event| event.uuid),
    );
    let (severity, body) = (notification.severity, notification.body.clone());
    let write = move |tx: &mut countersign_store::Tx<'_>| {
        let now = tx.now();
        tx.execute(
            "INSERT INTO notification (uuid, user_id, event, severity, body, created, seen) VALUES ($1, $2, $3, $4, $5, $6, 0) ON CONFLICT (uuid) DO NOTHING",
            params![uuid, user, event, severity, &body, now],
        )
        .map(|_| ())
    };
    Ok(cx.store.write(Actor::system(), "notification", write).await?)
}

async fn mail(
    cx: &Context,
    mailer: &Mailer,
    transport: &NotificationTransport,
    notification: &Notification,
    mailing: Mailing,
) -> Result<Vec<String>, DeliveryError> {
    if notification.user.email.is_empty() {
        return Ok(vec![format!("{} has no e-mail address", notification.user.username)]);
    }
    let variables = notification.mail(&transport.name);
    // What it tells of is an event, whose words are English; those around it are the reader's.
    let template = "email/event_notification.html";
    let rendered =
        mailer.templates.render(notification.language, cx.clock.now(), template, &variables)?;
    let mut letter =
        Letter::of(rendered, notification.subject(), [notification.user.email.clone()]);
    letter.notifies = true;
    let id = notification.uuid;
    match mailing {
        Mailing::Now => Ok(vec![mailer.send(cx, &letter, &id.to_string()).await?]),
        Mailing::Queued => {
            cx.store
                .write(Actor::system(), "notification by mail", move |tx| letter.post_as(tx, id))
                .await?;
            Ok(Vec::new())
        }
    }
}

async fn post(
    cx: &Context,
    ways: &Ways,
    transport: &NotificationTransport,
    notification: &Notification,
) -> Result<Vec<String>, DeliveryError> {
    if transport.webhook_url.is_empty() {
        return Err(DeliveryError::NoAddress { name: transport.name.clone() });
    }
    let mapped = async |reference| map(cx, &ways.policies, reference, notification).await;
    let body = match mapped(transport.webhook_mapping_body).await? {
        Some((_, body)) => body,
        None if transport.mode == Mode::WebhookSlack => {
            notification.slack(cx.settings.version, cx.settings.base_url.as_deref())
        }
        None => notification.webhook(),
    };
    let mut request = Request::post_json(
        transport.webhook_url.expose().to_owned(),
        body.to_string().into_bytes(),
    );
    if let Some((name, headers)) = mapped(transport.webhook_mapping_headers).await? {
        let Value::Object(headers) = headers else { return Err(DeliveryError::Headers { name }) };
        for (header, value) in headers {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            request = request.header(&header, &value)?;
        }
    }
    let answer = ways.outbound.send(request).await?;
    let text: String = String::from_utf8_lossy(&answer.body).chars().take(500).collect();
    if !answer.status.is_success() {
        return Err(DeliveryError::Status { status: answer.status.as_u16(), text });
    }
    Ok(vec![answer.status.as_u16().to_string(), text])
}

async fn map(
    cx: &Context,
    policies: &Engine,
    mapping: Option<Ref<NotificationWebhookMapping>>,
    notification: &Notification,
) -> Result<Option<(String, Value)>, DeliveryError> {
    let snapshot = cx.snapshot();
    let Some(mapping) = mapping.and_then(|reference| snapshot.get(reference)) else {
        return Ok(None);
    };
    let told = notification.to_json();
    let request = PolicyRequest {
        snapshot: &snapshot,
        clock: &*cx.clock,
        host: &policies.host(cx, None),
        user: Some(&notification.user),
        occasion: Occasion::Notification(&told),
        target: None,
        name: "",
    };
    let name = mapping.name.clone();
    let value = mapping.evaluate(&request).await.map_err(|error| match error.settled() {
        Ok(error) => DeliveryError::Mapping { name: name.clone(), error },
        Err(away) => away.into(),
    })?;
    Ok(Some((name, value)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn deliveries_that_earlier_versions_stored_are_read() {
        let uuid = Uuid::from_u128(7);
        let stored = json!({"event": uuid, "rule": uuid, "transport": uuid, "user": 3});
        let delivery: <Deliver as Work>::Args = serde_json::from_value(stored).unwrap();
        assert_eq!((delivery.event, delivery.user), (uuid, 3));
    }
}
