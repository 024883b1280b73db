//! `countersign/users/{id}/export/`: all that is stored about a person, for that person and for who
//! may view the account (General Data Protection Regulation, articles 15 and 20). No secrets.

use axum::response::Response;
use countersign_core::{Access, ApiError, Call, Context, Operation, json};
use countersign_model::{
    ColumnKind, ColumnMeta, Key, ObjectId, Ref, TableMeta, Timestamp, directory,
};
use countersign_rest::sees_account;
use countersign_store::{Row, Sql, StoreError, params};
use http::{HeaderValue, Method, StatusCode, header};
use serde_json::{Map, Value, json as value};
use uuid::Uuid;

use crate::users::to_json;

pub(crate) fn operations() -> Vec<Operation> {
    vec![
        Operation::new(
            Method::GET,
            "countersign/users/{id}/export/",
            "countersign_users_export_retrieve",
            Access::authenticated(),
            export,
        )
        .summary("All that is stored about a person, without secrets.")
        .response(value!({"type": "object", "additionalProperties": {}})),
    ]
}

async fn export(call: Call) -> Result<Response, ApiError> {
    let missing = || ApiError::not_found("User");
    let pk: i64 = call.param("id").parse().map_err(|_| missing())?;
    if !sees_account(&call, pk).await? {
        return Err(missing());
    }
    let cx = call.cx.clone();
    let found = call.cx.store.read(move |sql| everything(sql, &cx, pk)).await?;
    let mut answer = found.ok_or_else(missing)?;
    answer.insert("configuration".to_owned(), named(&call, pk));
    let mut response = json(StatusCode::OK, &Value::Object(answer));
    let name = format!("attachment; filename=\"account-{pk}.json\"");
    if let Ok(name) = HeaderValue::from_str(&name) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}

fn everything(
    sql: &mut Sql<'_>,
    cx: &Context,
    pk: i64,
) -> Result<Option<Map<String, Value>>, StoreError> {
    let Some(user) = countersign_accounts::identity(sql, pk)? else { return Ok(None) };
    let mut tables = Map::new();
    for table in cx.tables().map(|table| table.meta) {
        let Some(owner) = table.owner().filter(|_| table.name != "users") else { continue };
        tables.insert(table.name.to_owned(), rows(sql, table, owner, pk)?);
    }
    let mut answer = Map::new();
    answer.insert("user".to_owned(), to_json(&user, cx, true));
    answer.insert("tables".to_owned(), Value::Object(tables));
    answer.insert("events".to_owned(), countersign_events::of_person(sql, pk)?.into());
    Ok(Some(answer))
}

/// The rows of a table that are a person's.
fn rows(
    sql: &mut Sql<'_>,
    table: &'static TableMeta,
    owner: &ColumnMeta,
    pk: i64,
) -> Result<Value, StoreError> {
    let shown: Vec<&ColumnMeta> = table.columns.iter().filter(|c| is_shown(table, c)).collect();
    let columns: Vec<&str> = shown.iter().map(|column| column.sql).collect();
    let statement =
        format!("SELECT {} FROM {} WHERE {} = $1", columns.join(", "), table.name, owner.sql);
    let rows = sql.query(&statement, params![pk])?;
    let row = |row: &Row| {
        let parts = shown.iter().enumerate();
        let parts = parts.map(|(at, c)| Ok((c.name.to_owned(), of_column(row, at, c.kind)?)));
        parts.collect::<Result<Map<_, _>, StoreError>>().map(Value::Object)
    };
    rows.iter().map(row).collect()
}

/// Columns that people see in lists or forms, and numbers, times and references. Of texts that the
/// API never shows, and of hidden ones, some are secrets.
fn is_shown(table: &TableMeta, column: &ColumnMeta) -> bool {
    let field = table.kind.and_then(|kind| kind.field(column.name));
    let is_text = matches!(column.kind, ColumnKind::Text | ColumnKind::Json);
    match (field, column.kind) {
        (Some(field), _) => !field.is_hidden(),
        (None, ColumnKind::Bytes) => false,
        _ if is_text => !column.hidden && (table.kind.is_none() || !column.listed.is_empty()),
        _ => true,
    }
}

fn of_column(row: &Row, at: usize, kind: ColumnKind) -> Result<Value, StoreError> {
    Ok(match kind {
        ColumnKind::Bool => row.get::<Option<bool>>(at)?.into(),
        ColumnKind::Int => row.get::<Option<i64>>(at)?.into(),
        ColumnKind::Text => row.get::<Option<String>>(at)?.into(),
        ColumnKind::Time => row.get::<Option<Timestamp>>(at)?.map(Timestamp::iso).into(),
        ColumnKind::Uuid => row.get::<Option<Uuid>>(at)?.map(|uuid| uuid.to_string()).into(),
        ColumnKind::Json => row.get::<Option<Value>>(at)?.unwrap_or_default(),
        ColumnKind::Bytes => Value::Null,
    })
}

/// What the configuration says of a person by name: rules, and what it is permitted.
fn named(call: &Call, pk: i64) -> Value {
    let person: ObjectId = Ref::<directory::User>::new(Key::Int(pk)).id();
    let by = call.snapshot.referrers(person);
    let entry = |(by, field): (ObjectId, &str)| {
        let entry = call.snapshot.entry(by)?;
        let name = call.cx.display(entry);
        Some(
            value!({"model": entry.meta().model, "pk": by.key.to_json(), "name": name, "as": field}),
        )
    };
    by.filter_map(entry).collect()
}
