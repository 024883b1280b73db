//! `events/notifications/`: what somebody was told; and trying a transport out.

use axum::response::Response;
use countersign_core::{Access, ApiError, BoxFuture, Call, Operation, json, no_content, with};
use countersign_events::{Event, emit, find};
use countersign_model::{
    Fields, Key, KeyType, KindMeta, Mode as InputMode, ObjectId, Space, Timestamp,
};
use countersign_policy::Subject;
use countersign_rest::{Column, ColumnKind, Rows, Scope, TableMeta, table_operations};
use countersign_store::{Sql, SqlValue, StoreError, params};
use http::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::deliver::{Mailing, Ways, deliver};
use crate::kinds::NotificationTransport;
use crate::message::Notification;

/// Something a person was told.
#[derive(Debug, Clone, Fields)]
#[kind(
    path = "events/notifications",
    model = "authentik_events.notification",
    schema = "Notification",
    title = "Notification",
    lookup = "uuid",
    hidden
)]
pub(crate) struct NotificationFields {
    #[field(read_only, default)]
    severity: String,
    #[field(read_only, default)]
    body: String,
    #[field(read_only, default = Timestamp(0))]
    created: Timestamp,
    #[field(default = false)]
    seen: bool,
}

struct Notifications;

impl Rows for Notifications {
    const META: &'static KindMeta = NotificationFields::META;
    const OPERATIONS: &'static [&'static str] =
        &["list", "retrieve", "update", "partial_update", "destroy", "used_by"];
    const TABLE: &'static TableMeta = &TableMeta {
        from: "notification n",
        key: "n.uuid",
        lookup: "n.uuid",
        lookup_kind: ColumnKind::Uuid,
        order: "-created",
        searched: None,
        index: None,
        columns: &[
            Column::new("created", "n.created", ColumnKind::Time),
            Column::new("body", "n.body", ColumnKind::Text).searched(),
            Column::new("severity", "n.severity", ColumnKind::Text).searched(),
            Column::new("seen", "n.seen", ColumnKind::Bool),
            Column::new("user", "n.user_id", ColumnKind::Int),
            Column::new("event", "n.event", ColumnKind::Uuid),
        ],
    };

    fn access(_operation: &str) -> Access {
        Access::Authenticated
    }

    fn scope(call: &Call) -> Result<Scope, ApiError> {
        match call.caller.pk() {
            Some(pk) if !call.caller.is_superuser() => Ok(Scope::Owned("n.user_id", pk)),
            _ => Ok(Scope::All),
        }
    }

    fn render(
        sql: &mut Sql<'_>,
        keys: &[SqlValue],
        _call: &Call,
    ) -> Result<Vec<Value>, StoreError> {
        let mut rows = Vec::with_capacity(keys.len());
        for key in keys {
            let statement = "SELECT uuid, severity, body, created, event, seen FROM notification WHERE uuid = $1";
            let Some(row) = sql.query_one(statement, std::slice::from_ref(key))? else { continue };
            let event = match row.get::<Option<Uuid>>(4)? {
                Some(uuid) => find(sql, uuid)?.map(|event| event.json),
                None => None,
            };
            rows.push(json!({
                "pk": row.get::<Uuid>(0)?.to_string(),
                "severity": row.get::<String>(1)?,
                "body": row.get::<String>(2)?,
                "created": row.get::<Timestamp>(3)?.iso(),
                "event": event,
                "seen": row.get::<bool>(5)?,
            }));
        }
        Ok(rows)
    }

    fn update(call: Call, key: SqlValue, mode: InputMode) -> BoxFuture<Result<(), ApiError>> {
        Box::pin(async move {
            let body = call.object()?;
            if mode == InputMode::Patch && !body.contains_key("seen") {
                return Ok(());
            }
            let seen = NotificationFields::parse(&call.input(&body, InputMode::Create), None)?.seen;
            let write = move |tx: &mut countersign_store::Tx<'_>| {
                tx.execute(
                    "UPDATE notification SET seen = $1 WHERE uuid = $2",
                    &[seen.into(), key.clone()],
                )
                .map(|_| ())
            };
            call.cx
                .store
                .write(call.actor(), "notification seen", write)
                .await
                .map_err(ApiError::from)
        })
    }

    fn destroy(call: Call, key: SqlValue) -> BoxFuture<Result<(), ApiError>> {
        Box::pin(async move {
            let write = move |tx: &mut countersign_store::Tx<'_>| {
                tx.execute("DELETE FROM notification WHERE uuid = $1", std::slice::from_ref(&key))
                    .map(|_| ())
            };
            call.cx
                .store
                .write(call.actor(), "notification removed", write)
                .await
                .map_err(ApiError::from)
        })
    }
}

pub(crate) fn operations(ways: &Ways) -> Vec<Operation> {
    let mut all = table_operations::<Notifications>();
    all.push(Operation::new(
        Method::POST,
        "events/notifications/mark_all_seen/",
        "events_notifications_mark_all_seen_create",
        Access::Authenticated,
        mark_all_seen,
    ));
    let change = Access::permission("authentik_events", "change", "notificationtransport");
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
    let key = Key::parse(call.param("uuid"), KeyType::Uuid).ok_or_else(not_found)?;
    let entry = call
        .snapshot
        .entry(ObjectId::new(Space("transport"), key))
        .cloned()
        .ok_or_else(not_found)?;
    let transport = entry.cast::<NotificationTransport>().ok_or_else(not_found)?;
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
        severity_label: "Notice",
        body: format!("Test Notification from transport {}", transport.name),
        event,
        user: Subject::of(&user, call.cx.uid(user.pk)),
    };
    match deliver(&call.cx, &ways, transport, &notification, Mailing::Now).await {
        Ok(messages) => Ok(json(StatusCode::OK, &json!({"messages": messages}))),
        Err(error) => Ok(json(StatusCode::INTERNAL_SERVER_ERROR, &Value::from(error.to_string()))),
    }
}
