//! `events/events/`: the log, and counts over it.

use std::sync::LazyLock;

use axum::response::Response;
use countersign_core::{Access, ApiError, Call, Operation, Permission, Record, json};
use countersign_model::{ChoiceMeta, Fields, JsonMap, Mode, Names, Problem, Table, Timestamp};
use countersign_rest::{
    AskedSecret, Condition, Resource, answer_row, object_schema, plain, property,
};
use countersign_store::{Sql, SqlValue, StoreError, Tx, numbered, params};
use http::{HeaderValue, Method, StatusCode, header};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::audit;
use crate::chart::Chart;
use crate::event::{Event, WHO, emit};

/// Something that happened.
#[derive(Debug, Clone, Table)]
#[kind(
    path = "events/events",
    model = "authentik_events.event",
    schema = "Event",
    title = "Event",
    lookup = "event_uuid",
    ordering = "-created",
    hidden
)]
#[table(name = "event", operations = "list retrieve", display = "{action}")]
pub(crate) struct EventRow {
    #[column(key)]
    pub(crate) uuid: Uuid,
    #[column(order, search)]
    action: String,
    #[column(order, search)]
    app: String,
    #[column(hidden, listed = "username user", filter, search)]
    username: String,
    #[field(default)]
    #[column(sql = "user_json")]
    user: JsonMap,
    #[field(default)]
    #[column(order, search)]
    context: JsonMap,
    #[column(hidden)]
    authorized_application: Option<String>,
    #[column(filter, search)]
    client_ip: Option<String>,
    #[field(read_only, default = Timestamp(0))]
    #[column(order)]
    pub(crate) created: Timestamp,
    #[field(default = Timestamp(0))]
    #[column(order)]
    expires: Timestamp,
    #[field(default)]
    brand: JsonMap,
    /// Its place in the chain, and the code over it and the one before; empty until it is sealed.
    #[column(hidden)]
    pub(crate) seq: Option<i64>,
    #[column(hidden)]
    chain: Option<Vec<u8>>,
    /// The code it was written with; empty once the chain has it.
    #[column(hidden)]
    code: Option<Vec<u8>>,
}

/// What the log, and the volume of it, can be narrowed by beyond columns.
const NARROWED: [(&str, &str); 11] = [
    ("action", "string"),
    ("actions", "[string]"),
    ("actor", "integer"),
    ("brand_name", "string"),
    ("context_authorized_app", "string"),
    ("context_model_app", "string"),
    ("context_model_name", "string"),
    ("context_model_pk", "string"),
    ("since", "time"),
    ("subject", "integer"),
    ("until", "time"),
];

/// The number of the account that did it, and of the one it concerns. The indexes `event_actor` and
/// `event_subject` are over these very words; a name between dots would be taken for the table's.
const ACCOUNTS: [(&str, &str); 2] = [
    ("actor", r#"json_extract(t.context, '$."countersign.who"."actor"."pk"')"#),
    ("subject", r#"json_extract(t.context, '$."countersign.who"."subject"."pk"')"#),
];

impl Record for EventRow {}

// Others may add to the log; nobody may change what it says.
impl Resource for EventRow {
    const PARAMETERS: &'static [(&'static str, &'static str)] = &NARROWED;

    fn conditions(call: &Call) -> Result<Vec<Condition>, ApiError> {
        let mut all = Vec::new();
        if let Some(action) = call.query.get("action").filter(|a| !a.is_empty()) {
            all.push(("INSTR(t.action, ?) > 0".to_owned(), vec![action.into()]));
        }
        let actions: Vec<SqlValue> = call.query.all("actions").map(SqlValue::from).collect();
        if !actions.is_empty() {
            let marks = vec!["?"; actions.len()].join(", ");
            all.push((format!("t.action IN ({marks})"), actions));
        }
        for (name, compare) in [("since", ">="), ("until", "<")] {
            if let Some(asked) = call.query.get(name).filter(|asked| !asked.is_empty()) {
                let time = Timestamp::parse(asked).ok_or_else(|| {
                    ApiError::field(
                        name,
                        Problem::new("invalid", "Enter a time as 2026-01-31T08:00:00Z."),
                    )
                })?;
                all.push((format!("t.created {compare} ?"), vec![time.into()]));
            }
        }
        for (name, path) in [
            ("context_model_name", "$.model.model_name"),
            ("context_model_app", "$.model.app"),
            ("brand_name", "$.name"),
        ] {
            if let Some(value) = call.query.get(name).filter(|v| !v.is_empty()) {
                let column = if name == "brand_name" { "t.brand" } else { "t.context" };
                all.push((format!("json_extract({column}, '{path}') = ?"), vec![value.into()]));
            }
        }
        if let Some(pk) = call.query.get("context_model_pk").filter(|v| !v.is_empty()) {
            all.push((
                "json_extract(t.context, '$.model.pk') = ?".to_owned(),
                vec![pk.replace('-', "").into()],
            ));
        }
        for (name, number) in ACCOUNTS {
            if let Some(asked) = call.query.get(name).filter(|asked| !asked.is_empty()) {
                let asked: i64 = asked.parse().map_err(|_| {
                    ApiError::field(name, Problem::new("invalid", "Enter a number."))
                })?;
                all.push((format!("{number} = ?"), vec![asked.into()]));
            }
        }
        if let Some(pk) = call.query.get("context_authorized_app").filter(|v| !v.is_empty()) {
            all.push(("t.authorized_application = ?".to_owned(), vec![pk.replace('-', "").into()]));
        }
        Ok(all)
    }

    fn answers(_: &mut Sql<'_>, rows: &[Self], _: &Call) -> Result<Vec<Value>, StoreError> {
        Ok(rows.iter().map(answered).collect())
    }
}

async fn report(call: Call) -> Result<Response, ApiError> {
    let body = call.object()?;
    let fields = EventRow::parse(&call.input(&body, Mode::Create), None)?;
    let known = ACTIONS.iter().any(|(action, _)| *action == fields.action)
        || fields.action.starts_with("custom_");
    if !known {
        return Err(ApiError::field("action", Problem::choice(&fields.action)));
    }
    let event = Event::new(fields.action, fields.app, Value::Object(fields.context.0));
    let mut actor = call.actor();
    if let Some(address) = fields.client_ip {
        actor.client_ip = Some(address);
    }
    let write = move |tx: &mut Tx<'_>| emit(tx, event.clone());
    let uuid = call.cx.store.write(actor, "event reported", write).await?;
    answer_row::<EventRow>(call, StatusCode::CREATED, uuid.into()).await
}

/// More events of one person than anybody reads through.
const MOST: i64 = 10_000;

/// What an account did, and what was done to it, newest first.
///
/// # Errors
/// When the engine fails.
pub fn of_person(sql: &mut Sql<'_>, pk: i64) -> Result<Vec<Value>, StoreError> {
    let [actor, subject] = ACCOUNTS.map(|(_, number)| number);
    let statement = format!(
        "SELECT t.uuid FROM event t WHERE {actor} = $1 OR {subject} = $1 ORDER BY t.created DESC LIMIT {MOST}"
    );
    let rows = sql.query(&statement, params![pk])?;
    let keys: Vec<SqlValue> = rows.iter().filter_map(countersign_store::Row::first).collect();
    let events: Vec<EventRow> = countersign_core::find_all(sql, &keys)?;
    Ok(events.iter().map(answered).collect())
}

/// An event as the API answers it.
pub(crate) fn answered(row: &EventRow) -> Value {
    let mut answer = plain(row);
    let context = answer.get_mut("context").and_then(Value::as_object_mut);
    // Events of older versions do not say it: there `user` is all that is known.
    let who = context.and_then(|context| context.remove(WHO)).unwrap_or_default();
    for part in ["actor", "subject"] {
        answer.insert(part.to_owned(), who.get(part).cloned().unwrap_or_default());
    }
    Value::Object(answer)
}

/// Every action, in the original's order.
const ACTIONS: [(&str, &str); 27] = [
    ("login", "Login"),
    ("login_failed", "Login Failed"),
    ("logout", "Logout"),
    ("user_write", "User Write"),
    ("suspicious_request", "Suspicious Request"),
    ("password_set", "Password Set"),
    ("secret_view", "Secret View"),
    ("secret_rotate", "Secret Rotate"),
    ("invitation_used", "Invite Used"),
    ("authorize_application", "Authorize Application"),
    ("source_linked", "Source Linked"),
    ("impersonation_started", "Impersonation Started"),
    ("impersonation_ended", "Impersonation Ended"),
    ("flow_execution", "Flow Execution"),
    ("policy_execution", "Policy Execution"),
    ("policy_exception", "Policy Exception"),
    ("property_mapping_exception", "Property Mapping Exception"),
    ("system_task_execution", "System Task Execution"),
    ("system_task_exception", "System Task Exception"),
    ("system_exception", "System Exception"),
    ("configuration_error", "Configuration Error"),
    ("model_created", "Model Created"),
    ("model_updated", "Model Updated"),
    ("model_deleted", "Model Deleted"),
    ("email_sent", "Email Sent"),
    ("update_available", "Update Available"),
    ("custom_", "Custom Prefix"),
];

/// The actions that events can have, as choices.
pub struct Actions;

impl Names for Actions {
    fn choices() -> &'static [ChoiceMeta] {
        static CHOICES: LazyLock<Vec<ChoiceMeta>> = LazyLock::new(|| {
            ACTIONS.iter().map(|(value, label)| ChoiceMeta::new(value, label)).collect()
        });
        &CHOICES
    }
}

pub(crate) fn schemas() -> Vec<(&'static str, Value)> {
    let actions: Vec<&str> = ACTIONS.iter().map(|(action, _)| *action).collect();
    let action = object_schema(&[("action", "#EventActions")]);
    vec![
        ("EventActions", json!({"type": "string", "enum": actions})),
        (
            "Event",
            object_schema(&[("action", "#EventActions"), ("actor", "map?"), ("subject", "map?")]),
        ),
        ("EventRequest", action),
        ("SeverityEnum", json!({"type": "string", "enum": ["notice", "warning", "alert"]})),
    ]
}

pub(crate) fn operations() -> Vec<Operation> {
    let view = || Access::global(Permission::view(EventRow::META));
    let text = || json!({"type": "string"});
    let coordinates =
        json!({"type": "array", "items": {"$ref": "#/components/schemas/Coordinate"}});
    let narrowed = |operation: Operation| {
        let texts = ["client_ip", "username", "ordering", "search"].map(|name| (name, "string"));
        let all = NARROWED.into_iter().chain(texts);
        all.fold(operation, |operation, (name, kind)| operation.parameter(name, property(kind)))
    };
    vec![
        Operation::new(
            Method::POST,
            "events/events/",
            "events_events_create",
            Access::global(Permission::add(EventRow::META)),
            report,
        )
        .request("EventRequest")
        .response("Event")
        .of(EventRow::META),
        Operation::new(Method::GET, "events/events/actions/", "events_events_actions_list", view(), |_call: Call| async move {
            let list: Value = ACTIONS
                .iter()
                .map(|(value, label)| json!({"name": label, "description": "", "component": value, "model_name": "", "requires_enterprise": false}))
                .collect();
            Ok(json(StatusCode::OK, &list))
        })
        .response(json!({"type": "array", "items": {"$ref": "#/components/schemas/TypeCreate"}})),
        Operation::new(Method::GET, "events/events/per_month/", "events_events_per_month_list", view(), per_month)
            .parameter("action", text())
            .parameter("query", text())
            .response(coordinates.clone()),
        narrowed(Operation::new(Method::GET, "events/events/volume/", "events_events_volume_list", view(), volume)).response(coordinates),
        Operation::new(Method::GET, "events/events/top_per_user/", "events_events_top_per_user_list", view(), top_per_user)
            .parameter("action", text())
            .parameter("top_n", json!({"type": "integer"}))
            .response(json!({"type": "array", "items": {"$ref": "#/components/schemas/EventTopPerUser"}})),
        Operation::new(Method::POST, "countersign/secrets/", "countersign_secrets_create", Access::authenticated(), view_secret)
            .summary("One secret that answers mask, for callers who may change its object. Each time is recorded.")
            .request(object_schema(&[("model", "string"), ("pk", "string"), ("field", "string")]))
            .response(object_schema(&[("value", "string")])),
    ]
}

/// What is answered and what is recorded come from one transaction.
async fn view_secret(call: Call) -> Result<Response, ApiError> {
    let asked = AskedSecret::read(&call)?;
    let write = move |tx: &mut Tx<'_>| {
        let (entry, secret) = asked.find(tx.graph())?;
        let context = json!({"secret": audit::reference(&entry), "field": asked.field.name});
        emit(tx, Event::new("secret_view", "authentik.events.api", context))?;
        Ok::<_, ApiError>(secret)
    };
    let secret = call.cx.store.write(call.actor(), "secret viewed", write).await?;
    let mut answer = json(StatusCode::OK, &json!({"value": secret.expose()}));
    answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(answer)
}

/// Counts of the events asked for, over four weeks.
async fn per_month(call: Call) -> Result<Response, ApiError> {
    let (conditions, values) = asked_for(&call)?;
    Ok(json(
        StatusCode::OK,
        &Chart::of(28 * 86_400, 30).count(&call.cx, &conditions, values).await?,
    ))
}

/// Counts of the events that the log would list, over a week.
async fn volume(call: Call) -> Result<Response, ApiError> {
    let mut all = EventRow::conditions(&call)?;
    for column in ["username", "client_ip"] {
        if let Some(value) = call.query.get(column).filter(|value| !value.is_empty()) {
            all.push((format!("t.{column} = ?"), vec![value.into()]));
        }
    }
    // `$1` and `$2` are the chart's.
    let (mut text, mut values) = (String::new(), Vec::new());
    for (condition, more) in all {
        let condition = numbered(&condition.replace("t.", ""), values.len() + 2);
        text.push_str(&format!(" AND {condition}"));
        values.extend(more);
    }
    Ok(json(StatusCode::OK, &Chart::WEEK.count(&call.cx, &text, values).await?))
}

/// The fields a JSON `query` may name, as the original's filters call them.
const ASKED: [(&str, &str); 6] = [
    ("action", "action"),
    ("app", "app"),
    ("client_ip", "client_ip"),
    ("user__username", "username"),
    ("username", "username"),
    ("context__authorized_application__pk", "authorized_application"),
];

/// `action` and `query` as conditions from the third parameter on.
fn asked_for(call: &Call) -> Result<(String, Vec<SqlValue>), ApiError> {
    let mut found: Vec<(&str, String)> = Vec::new();
    if let Some(action) = call.query.get("action").filter(|action| !action.is_empty()) {
        found.push(("action", action.to_owned()));
    }
    if let Some(text) = call.query.get("query").filter(|text| !text.is_empty()) {
        let wrong =
            |what: &str| ApiError::detail(StatusCode::BAD_REQUEST, format!("query: {what}"));
        let Ok(Value::Object(map)) = serde_json::from_str(text) else {
            return Err(wrong("not a JSON object of fields and values"));
        };
        for (name, value) in map {
            let column = ASKED
                .iter()
                .find(|(known, _)| *known == name)
                .ok_or_else(|| wrong(&format!("events cannot be counted by {name}")))?
                .1;
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            found.push((
                column,
                if column == "authorized_application" { text.replace('-', "") } else { text },
            ));
        }
    }
    let conditions = found
        .iter()
        .zip(3..)
        .map(|((column, _), number)| format!(" AND {column} = ${number}"))
        .collect();
    Ok((conditions, found.into_iter().map(|(_, value)| value.into()).collect()))
}

async fn top_per_user(call: Call) -> Result<Response, ApiError> {
    let action = call.query.get("action").unwrap_or_default().to_owned();
    let top: i64 = call.query.get("top_n").and_then(|n| n.parse().ok()).unwrap_or(15).clamp(1, 100);
    let rows = call
        .cx
        .store
        .browse(move |sql| {
            sql.query(
                "SELECT MAX(context), COUNT(*), COUNT(DISTINCT username) FROM event WHERE authorized_application IS NOT NULL AND ($1 = '' OR action = $1) \
                 GROUP BY authorized_application ORDER BY 2 DESC LIMIT $2",
                params![&action, top],
            )
        })
        .await?;
    let mut answer = Vec::new();
    for row in rows {
        let context: Value = row.get(0)?;
        let application = context.get("authorized_application").cloned().unwrap_or_default();
        answer.push(json!({"application": application, "counted_events": row.get::<i64>(1)?, "unique_users": row.get::<i64>(2)?}));
    }
    Ok(json(StatusCode::OK, &Value::Array(answer)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn events_of_an_account_are_found_by_an_index() {
        let folder = tempfile::tempdir().unwrap();
        let store = countersign_testing::store(&folder, []);
        for (name, number) in ACCOUNTS {
            let explain = format!(
                "EXPLAIN QUERY PLAN SELECT t.uuid FROM event t WHERE {number} = $1 ORDER BY t.created DESC"
            );
            let plan = move |sql: &mut Sql<'_>| sql.query(&explain, params![1_i64]);
            let steps = store.read(plan).await.unwrap();
            let plan: Vec<String> = steps.iter().map(|step| step.get(3).unwrap()).collect();
            let index = format!("SEARCH t USING INDEX event_{name} (<expr>=?)");
            assert_eq!(plan, [index], "and no sorting");
        }
    }
}
