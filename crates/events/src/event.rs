//! Making and storing events.

use countersign_core::Context;
use countersign_model::{Entropy, Sealer, Timestamp};
use countersign_store::{Actor, ActorUser, Sql, StoreError, Tx, params};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::chain;
use crate::cleanse::{cleanse, cleanse_request, shortened, storable, storable_text};

/// How long an event is kept is decided when it is sealed, a second later.
const RETENTION: i64 = 365 * 86_400;

/// Something that happened.
#[derive(Debug, Clone)]
pub struct Event {
    /// Of the original's list, as `login` or `model_created`; `custom_` begins those of
    /// expressions.
    pub action: String,
    /// Where it comes from, as `authentik.events.signals`.
    pub app: String,
    pub context: Value,
    /// What the original's field `user` names, where that is not the actor.
    user: Option<ActorUser>,
    /// The account it concerns.
    subject: Option<ActorUser>,
    /// Who did it, where that is not the actor of the transaction.
    actor: Option<Actor>,
}

impl Event {
    pub fn new(action: impl Into<String>, app: impl Into<String>, context: Value) -> Event {
        Event {
            action: action.into(),
            app: app.into(),
            context,
            user: None,
            subject: None,
            actor: None,
        }
    }

    /// Names the account it concerns.
    #[must_use]
    pub fn concerning(mut self, subject: Option<ActorUser>) -> Event {
        self.subject = subject;
        self
    }

    /// As [`concerning`](Self::concerning), for events whose field `user` is that account in the
    /// original.
    #[must_use]
    pub fn about(mut self, subject: Option<ActorUser>) -> Event {
        self.user.clone_from(&subject);
        self.concerning(subject)
    }

    /// Something that an account did itself while nobody was signed in yet, as signing in.
    #[must_use]
    pub fn by_self(mut self, user: ActorUser) -> Event {
        self.actor = Some(Actor { user: Some(user.clone()), ..Actor::default() });
        self.about(Some(user))
    }

    /// The action, then who did it and whom it concerns, for the log.
    fn log(&self, actor: &Actor) {
        let client_ip = actor.client_ip.as_deref().unwrap_or("-");
        if self.action == "login_failed" {
            // Documented: others count these lines and close doors. A name that no account has may
            // be a password in the wrong field, so it is not said.
            let text = |name: &str| self.context.get(name).and_then(Value::as_str).unwrap_or("-");
            let user = self.subject.as_ref().map_or("-", |user| user.username.as_str());
            return tracing::warn!(
                client_ip,
                user,
                application = text("application_slug"),
                reason = text("reason"),
                "login failed"
            );
        }
        let who = self.actor.as_ref().unwrap_or(actor).to_json();
        let said =
            |name: &str| who.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let name = said("username").or_else(|| said("type")).unwrap_or("-");
        let subject = self.subject.as_ref().map_or("-", |user| user.username.as_str());
        tracing::info!(
            action = self.action,
            app = self.app,
            actor = name,
            through = said("through"),
            subject,
            client_ip,
            "event"
        );
    }
}

/// The key of a stored context under which `{actor, subject}` is kept; nothing else can be written
/// there.
pub(crate) const WHO: &str = "countersign.who";

/// `{app, model_name, pk, name}`: how events name objects. Uuids are written without dashes.
pub fn model_reference(app: &str, model_name: &str, pk: &str, name: &str) -> Value {
    let pk = Uuid::parse_str(pk).map_or_else(|_| pk.to_owned(), |u| u.simple().to_string());
    json!({"app": app, "model_name": model_name, "pk": pk, "name": name})
}

/// Writes an event in the running transaction.
///
/// # Errors
/// When the engine fails.
pub fn emit(tx: &mut Tx<'_>, event: Event) -> Result<Uuid, StoreError> {
    let around =
        Around { now: tx.now(), actor: tx.actor(), entropy: tx.entropy(), sealer: tx.sealer() };
    record(tx, &around, event)
}

/// What an event is written with.
pub(crate) struct Around<'a> {
    pub now: Timestamp,
    pub actor: &'a Actor,
    pub entropy: &'a dyn Entropy,
    pub sealer: &'a dyn Sealer,
}

/// As [`emit`], where there is no [`Tx`].
///
/// # Errors
/// When the engine fails.
pub(crate) fn record(
    sql: &mut Sql<'_>,
    around: &Around<'_>,
    event: Event,
) -> Result<Uuid, StoreError> {
    let (uuid, now, actor) = (around.entropy.uuid_at(around.now), around.now, around.actor);
    let mut context = cleanse(&event.context);
    if !context.is_object() {
        context = json!({});
    }
    if let Value::Object(map) = &mut context {
        map.extend(
            actor
                .http_request
                .as_ref()
                .map(|request| ("http_request".to_owned(), shortened(cleanse_request(request)))),
        );
        let who = event.actor.as_ref().unwrap_or(actor).to_json();
        map.insert(
            WHO.to_owned(),
            json!({"actor": who, "subject": event.subject.as_ref().map(ActorUser::to_json)}),
        );
    }
    let user = event.user.as_ref().or(actor.user.as_ref());
    let mut user_json = user.map_or_else(
        || json!({"pk": 1, "email": "", "username": "AnonymousUser"}),
        ActorUser::to_json,
    );
    // An event of its own account is about that account alone.
    if let (None, Some(other), Value::Object(map)) =
        (&event.user, &actor.on_behalf_of, &mut user_json)
    {
        map.insert("on_behalf_of".to_owned(), other.to_json());
    }
    let (context, user_json) = (storable(context), storable(user_json));
    let username = user.map_or("AnonymousUser", |u| u.username.as_str()).to_owned();
    let application =
        context.pointer("/authorized_application/pk").and_then(Value::as_str).map(str::to_owned);
    let brand = actor
        .brand
        .clone()
        .unwrap_or_else(|| model_reference("authentik_brands", "brand", "", "Brand fallback"));
    let row = params![
        uuid,
        storable_text(event.action.clone()),
        storable_text(event.app.clone()),
        storable_text(username),
        user_json,
        context,
        application,
        actor.client_ip.clone(),
        now,
        now.plus_seconds(RETENTION),
        storable(brand)
    ];
    let code = chain::written(around.sealer, row);
    let statement = format!(
        "INSERT INTO event ({}, code) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        chain::COVERED
    );
    sql.execute(&statement, &[row.as_slice(), &[code.into()]].concat())?;
    event.log(actor);
    Ok(uuid)
}

/// So many requests that failed for one reason become events in an hour.
pub const EVENTS_PER_HOUR: i64 = 10;

/// Counts a request that failed, by what `counter` counts; whether it becomes an event. Anybody can
/// repeat such a request.
pub async fn may_report(cx: &Context, counter: &str, cause: &str) -> bool {
    let counted = cx.store.ephemeral().add(counter, cause, 1, 3_600).await;
    if counted > EVENTS_PER_HOUR {
        tracing::info!(counter, cause, "there were enough events of this in the last hour");
    }
    counted <= EVENTS_PER_HOUR
}

impl Event {
    /// Writes the event in a transaction of its own. What it tells of is done already, so a failure
    /// is only logged.
    pub async fn write(self, cx: &Context, actor: Actor) {
        let action = self.action.clone();
        let written =
            cx.store.write(actor, "event", move |tx| emit(tx, self.clone()).map(|_| ())).await;
        if let Err(error) = written {
            tracing::error!(%error, action, "an event could not be written");
        }
    }
}
