//! `events/notifications/`: what somebody was told; and trying a transport out.

use std::collections::HashMap;

use axum::response::Response;
use countersign_core::{
    Access, ApiError, Call, Operation, Permission, Record, json, no_content, with,
};
use countersign_events::{Event, emit, find, find_all};
use countersign_model::{Fields, Ref, Table, Timestamp, directory};
use countersign_policy::Subject;
use countersign_rest::{Resource, plain};
use countersign_store::{Sql, SqlValue, StoreError, params};
use http::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::deliver::{Mailing, Ways, deliver, language_of};
use crate::kinds::NotificationTransport;
use crate::message::Notification;

/// Something a person was told.
#[derive(Debug, Clone, Table)]
#[kind(
    path = "events/notifications",
    model = "authentik_events.notification",
    schema = "Notification",
    title = "Notification",
    lookup = "uuid",
    ordering = "-created",
    hidden
)]
#[table(
    name = "notification",
    operations = "list retrieve update partial_update destroy used_by",
    everybody,
    display = "{body}"
)]
pub(crate) struct NotificationRow {
    #[column(key)]
    pub(crate) uuid: Uuid,
    #[column(
        hidden,
        sql = "user_id",
        filter,
        required,
        belongs_to = "users.id",
        on_delete = Cascade,
        owner
    )]
    pub(crate) user: Option<Ref<directory::User>>,
    /// The event may end before it was read.
    #[column(hidden, filter)]
    pub(crate) event: Option<Uuid>,
    #[field(read_only, default)]
    #[column(filter, search)]
    pub(crate) severity: String,
    #[field(read_only, default)]
    #[column(filter, search)]
    pub(crate) body: String,
    #[field(read_only, default = Timestamp(0))]
    #[column(filter)]
    pub(crate) created: Timestamp,
    #[field(default = false)]
    #[column(filter)]
    pub(crate) seen: bool,
}

impl Record for NotificationRow {}

impl Resource for NotificationRow {
    fn answers(sql: &mut Sql<'_>, rows: &[Self], _: &Call) -> Result<Vec<Value>, StoreError> {
        let named: Vec<SqlValue> =
            rows.iter().filter_map(|row| row.event).map(SqlValue::from).collect();
        let mut events: HashMap<Uuid, Value> = HashMap::new();
        for event in find_all(sql, &named)? {
            events.insert(event.uuid, event.json);
        }
        let answer = |row: &NotificationRow| {
            let mut answer = plain(row);
            let event = row.event.and_then(|event| events.get(&event).cloned());
            answer.insert("event".to_owned(), event.unwrap_or_default());
            Value::Object(answer)
        };
        Ok(rows.iter().map(answer).collect())
    }
}

pub(crate) fn operations(ways: &Ways) -> Vec<Operation> {
    let mut all = vec![Operation::new(
        Method::POST,
        "events/notifications/mark_all_seen/",
        "events_notifications_mark_all_seen_create",
        Access::authenticated(),
        mark_all_seen,
    )];
    let change = Access::on(Permission::change(NotificationTransport::META));
    all.push(
        Operation::new(
            Method::POST,
            "events/transports/{uuid}/test/",
            "events_transports_test_create",
            change,
            with(ways, test),
        )
        .response("NotificationTransportTest"),
    );
    all
}

async fn mark_all_seen(call: Call) -> Result<Response, ApiError> {
    let pk = call.user()?.pk;
    let write = move |tx: &mut countersign_store::Tx<'_>| {
        tx.execute("UPDATE notification SET seen = 1 WHERE user_id = $1 AND seen = 0", params![pk])
            .map(|_| ())
    };
    call.cx.store.write(call.actor(), "notifications seen", write).await.map_err(ApiError::from)?;
    Ok(no_content())
}

/// Tells the caller something over a transport.
async fn test(ways: Ways, call: Call) -> Result<Response, ApiError> {
    let not_found = || ApiError::not_found("NotificationTransport");
    let transport = call.entry()?.cast::<NotificationTransport>().ok_or_else(not_found)?;
    let user = call.user()?.clone();
    let context = json!({"user": {"pk": user.pk, "username": user.username, "email": user.email}, "context": {"foo": "bar"}, "notification": true});
    let event = Event::new("custom_notification_test", "authentik.events.models", context);
    let write = move |tx: &mut countersign_store::Tx<'_>| {
        let uuid = emit(tx, event.clone())?;
        find(tx, uuid)
    };
    let event = call
        .cx
        .store
        .write(call.actor(), "notification transport tried out", write)
        .await
        .map_err(ApiError::from)?;
    let notification = Notification {
        uuid: call.cx.entropy.uuid(),
        severity: "notice",
        body: format!("Test Notification from transport {}", transport.name),
        event,
        user: Subject::of(&user, call.cx.uid(user.pk)),
        language: language_of(&call.cx, &user),
    };
    match deliver(&call.cx, &ways, transport, &notification, Mailing::Now).await {
        Ok(messages) => Ok(json(StatusCode::OK, &json!({"messages": messages}))),
        Err(error) => Ok(json(StatusCode::INTERNAL_SERVER_ERROR, &Value::from(error.to_string()))),
    }
}
