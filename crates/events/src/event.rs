//! Making and storing events.

use countersign_model::{Entropy, Timestamp};
use countersign_rest::Context;
use countersign_store::{Actor, ActorUser, Sql, StoreError, Tx, params};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::cleanse::cleanse;

/// How long an event is kept is decided when it is sealed, a second later.
const RETENTION: i64 = 365 * 86_400;

/// Something that happened.
#[derive(Debug, Clone)]
pub struct Event {
    /// Of the original's list, as `login` or `model_created`; `custom_` begins those of expressions.
    pub action: String,
    /// Where it comes from, as `authentik.events.signals`.
    pub app: String,
    pub context: Value,
    /// The account it is about, where that is not the actor.
    pub user: Option<ActorUser>,
}

impl Event {
    pub fn new(action: impl Into<String>, app: impl Into<String>, context: Value) -> Event {
        Event { action: action.into(), app: app.into(), context, user: None }
    }

    #[must_use]
    pub fn user(mut self, user: Option<ActorUser>) -> Event {
        self.user = user;
        self
    }
}

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
    let (entropy, now, actor) = (tx.entropy(), tx.now(), tx.actor());
    record(tx, entropy, now, actor, event)
}

/// As [`emit`], where there is no [`Tx`].
///
/// # Errors
/// When the engine fails.
pub fn record(sql: &mut Sql<'_>, entropy: &dyn Entropy, now: Timestamp, actor: &Actor, event: Event) -> Result<Uuid, StoreError> {
    let uuid = entropy.uuid_at(now);
    let mut context = cleanse(&event.context);
    if let (Value::Object(map), Some(request)) = (&mut context, &actor.http_request) {
        map.insert("http_request".to_owned(), cleanse(request));
    }
    let user = event.user.as_ref().or(actor.user.as_ref());
    let named = |u: &ActorUser| json!({"pk": u.pk, "email": u.email, "username": u.username});
    let mut user_json = user.map_or_else(|| json!({"pk": 1, "email": "", "username": "AnonymousUser"}), named);
    // An event of its own account is about that account alone.
    if let (None, Some(other), Value::Object(map)) = (&event.user, &actor.on_behalf_of, &mut user_json) {
        map.insert("on_behalf_of".to_owned(), named(other));
    }
    let username = user.map_or("AnonymousUser", |u| u.username.as_str()).to_owned();
    let application = context.pointer("/authorized_application/pk").and_then(Value::as_str).map(str::to_owned);
    let brand = actor.brand.clone().unwrap_or_else(|| model_reference("authentik_brands", "brand", "", "Brand fallback"));
    sql.execute(
        "INSERT INTO event (uuid, action, app, username, user_json, context, authorized_application, client_ip, created, expires, brand) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        params![uuid, &event.action, &event.app, username, user_json, context, application, actor.client_ip.clone(), now, now.plus_seconds(RETENTION), brand],
    )?;
    log(&event, user.map_or("-", |u| u.username.as_str()), actor.client_ip.as_deref().unwrap_or("-"));
    Ok(uuid)
}

/// One line for each event. That of a failed sign-in is documented: others count them and close doors.
fn log(event: &Event, user: &str, client_ip: &str) {
    let (action, app) = (event.action.as_str(), event.app.as_str());
    if action != "login_failed" {
        return tracing::info!(action, app, user, client_ip, "event");
    }
    let text = |name: &str| event.context.get(name).and_then(Value::as_str).unwrap_or("-");
    tracing::warn!(client_ip, user = text("username"), application = text("application_slug"), reason = text("reason"), "login failed");
}

impl Event {
    /// Writes the event in a transaction of its own. What it tells of is done already, so a failure is only logged.
    pub async fn write(self, cx: &Context, actor: Actor) {
        let action = self.action.clone();
        let written = cx.store.write(actor, "event", move |tx| emit(tx, self.clone()).map(|_| ())).await;
        if let Err(error) = written {
            tracing::error!(%error, action, "an event could not be written");
        }
    }
}
