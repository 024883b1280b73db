//! `countersign/changes/`: every edit of the configuration, what it changed, and the way back.

pub(crate) mod dated;
mod pending;
mod snapshots;

use axum::response::Response;
use countersign_core::{
    Access, ApiError, Call, Context, Operation, Page, Permission, envelope, json,
};
use countersign_model::{
    Change, FieldMeta, Key, KindMeta, ObjectId, Registry, Sealer, Secret, Timestamp,
};
use countersign_store::{Actor, Row, SqlValue, StoreError, Tx, params};
use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

pub use pending::undo_job;

pub(crate) fn operations() -> Vec<Operation> {
    let free = || json!({"type": "object", "additionalProperties": {}});
    let mut all = snapshots::operations();
    all.extend(pending::operations());
    all.extend([
        Operation::new(
            Method::GET,
            "countersign/changes/",
            "countersign_changes_list",
            Access::authenticated(),
            list,
        )
        .summary("Edits of the configuration, newest first.")
        .response(free()),
        Operation::new(
            Method::GET,
            "countersign/changes/{revision}/",
            "countersign_changes_retrieve",
            Access::authenticated(),
            retrieve,
        )
        .summary("What one edit changed.")
        .response(free()),
        Operation::new(
            Method::POST,
            "countersign/changes/{revision}/rollback/",
            "countersign_changes_rollback_create",
            Access::authenticated(),
            roll_back,
        )
        .summary("Undoes one edit by a new one.")
        .response(free()),
    ]);
    all
}

const COLUMNS: &str = "revision, at, actor, reason, edits";

async fn list(call: Call) -> Result<Response, ApiError> {
    let page = Page::read(&call.query, 200)?;
    let needle = format!(
        "%{}%",
        call.query.get("search").unwrap_or_default().to_lowercase().replace(['%', '_'], " ")
    );
    let (visible, known) = visible(&call)?;
    let (size, offset) =
        (i64::try_from(page.size).unwrap_or(100), i64::try_from(page.offset()).unwrap_or(0));
    let (count, rows) = call
        .cx
        .store
        .browse(move |sql| {
            let filter =
                format!("WHERE (LOWER(reason) LIKE $1 OR LOWER(actor) LIKE $1){visible}");
            let mut values = vec![SqlValue::from(needle.as_str())];
            values.extend(known.iter().cloned());
            let count: i64 =
                match sql.query_one(&format!("SELECT COUNT(*) FROM change {filter}"), &values)? {
                    Some(row) => row.get(0)?,
                    None => 0,
                };
            let statement = format!(
                "SELECT {COLUMNS} FROM change {filter} ORDER BY revision DESC LIMIT {size} OFFSET {offset}"
            );
            Ok::<_, StoreError>((count, sql.query(&statement, &values)?))
        })
        .await?;
    let count = usize::try_from(count).unwrap_or(0);
    page.check(count)?;
    let results =
        rows.iter().map(|row| summary(row, &call, false)).collect::<Result<Vec<_>, _>>()?;
    Ok(json(StatusCode::OK, &envelope(page, count, results)))
}

async fn retrieve(call: Call) -> Result<Response, ApiError> {
    let row = find(&call).await?;
    Ok(json(StatusCode::OK, &summary(&row, &call, true)?))
}

/// The edits with an object that the caller may view, as a condition of SQL after the first
/// parameter. What it lets through by chance is left out when it is shown.
///
/// # Errors
/// 403 for who may view nothing.
fn visible(call: &Call) -> Result<(String, Vec<SqlValue>), ApiError> {
    let rights = call.rights();
    if rights.hold_everything() {
        return Ok((String::new(), Vec::new()));
    }
    let kinds = call.cx.registry().kinds().map(|kind| kind.meta);
    let kinds = kinds.filter(|meta| rights.see_all(meta));
    let texts: Vec<String> = kinds
        .map(|meta| format!("\"model\":\"{}\"", meta.model))
        .chain(rights.objects().map(|id| format!("\"key\":{}", id.key.to_json())))
        .collect();
    if texts.is_empty() {
        return Err(ApiError::no_permission());
    }
    let any: Vec<String> =
        (2..texts.len() + 2).map(|number| format!("INSTR(edits, ${number}) > 0")).collect();
    Ok((format!(" AND ({})", any.join(" OR ")), texts.into_iter().map(SqlValue::from).collect()))
}

/// The object that an edit changed, and its kind.
fn edited(cx: &Context, edit: &Value) -> Option<(&'static KindMeta, ObjectId)> {
    let side = ["after", "before"].into_iter().find_map(|side| edit.get(side)?.get("model"));
    let meta = cx.registry().kind(side?.as_str()?)?.meta;
    Some((meta, ObjectId::new(meta.space, Key::from_json(edit.get("key")?, meta.key)?)))
}

fn sees(call: &Call, edit: &Value) -> bool {
    let of_known = |(meta, id)| call.rights().see(meta, id);
    edited(&call.cx, edit).map_or_else(|| call.rights().hold_everything(), of_known)
}

/// Whether the caller may do the inverse of every part of an edit.
fn may_undo(call: &Call, edits: &Value) -> bool {
    let missing = |edit: &Value, side: &str| edit.get(side).is_none_or(Value::is_null);
    edits.as_array().into_iter().flatten().all(|edit| {
        let Some((meta, id)) = edited(&call.cx, edit) else {
            return call.rights().hold_everything();
        };
        match (missing(edit, "before"), missing(edit, "after")) {
            (true, _) => call.rights().on(Permission::delete(meta), id),
            (_, true) => call.rights().hold(Permission::add(meta)),
            _ => call.rights().on(Permission::change(meta), id),
        }
    })
}

/// The edit that the path names, when it has a part that the caller may view.
async fn find(call: &Call) -> Result<Row, ApiError> {
    let revision: i64 = call
        .param("revision")
        .parse()
        .map_err(|_| ApiError::detail(StatusCode::NOT_FOUND, "Not found."))?;
    let statement = format!("SELECT {COLUMNS} FROM change WHERE revision = $1");
    let row = call.cx.store.read(move |sql| sql.query_one(&statement, params![revision])).await?;
    let row = row.ok_or_else(|| ApiError::not_found("Change"))?;
    let edits: Value = row.get(4)?;
    if edits.as_array().into_iter().flatten().any(|edit| sees(call, edit)) {
        return Ok(row);
    }
    visible(call)?;
    Err(ApiError::not_found("Change"))
}

/// An edit, with those of its parts that the caller may view.
fn summary(row: &Row, call: &Call, with_diff: bool) -> Result<Value, StoreError> {
    let actor: Value = row.get(2)?;
    let edits: Value = row.get(4)?;
    let (registry, sealer) = (call.cx.registry(), call.cx.store.sealer());
    let objects: Value = edits
        .as_array()
        .into_iter()
        .flatten()
        .filter(|edit| sees(call, edit))
        .map(|edit| object(edit, registry, sealer, with_diff))
        .collect();
    Ok(json!({
        "revision": row.get::<i64>(0)?,
        "at": row.get::<Timestamp>(1)?.iso(),
        "actor": serde_json::from_value::<Actor>(actor.clone()).unwrap_or_default().to_json(),
        "user": actor.get("user").cloned().unwrap_or_default(),
        "client_ip": actor.get("client_ip").cloned().unwrap_or_default(),
        "reason": row.get::<String>(3)?,
        "objects": objects,
    }))
}

fn object(edit: &Value, registry: &Registry, sealer: &dyn Sealer, with_diff: bool) -> Value {
    let side = |name: &str| edit.get(name).filter(|s| !s.is_null());
    let (before, after) = (side("before"), side("after"));
    let data = |s: Option<&Value>| {
        s.and_then(|s| s.get("data")).and_then(Value::as_object).cloned().unwrap_or_default()
    };
    let (old, new) = (data(before), data(after));
    let model =
        after.or(before).and_then(|s| s.get("model")).and_then(Value::as_str).unwrap_or_default();
    let kind = registry.kind(model).map(|k| k.meta);
    let named = if after.is_some() { &new } else { &old };
    let label = kind.and_then(|kind| kind.label);
    let name = label.and_then(|label| named.get(label)).cloned().unwrap_or_default();
    let action = match (before, after) {
        (None, _) => "created",
        (_, None) => "deleted",
        _ => "changed",
    };
    let mut map = Map::new();
    map.insert("model".to_owned(), model.into());
    map.insert("title".to_owned(), kind.map_or(model, |k| k.title).into());
    map.insert("path".to_owned(), kind.map(|k| Value::from(k.path)).unwrap_or_default());
    map.insert("key".to_owned(), edit.get("key").cloned().unwrap_or_default());
    map.insert("name".to_owned(), name);
    map.insert("action".to_owned(), action.into());
    if with_diff {
        let names: Vec<&String> =
            new.keys().chain(old.keys().filter(|k| !new.contains_key(*k))).collect();
        let changed = names.into_iter().filter(|name| {
            let (was, is) = (old.get(*name), new.get(*name));
            let sealed =
                || kind.and_then(|kind| kind.field(name)).is_some_and(FieldMeta::is_hidden);
            // Each sealing of a secret gives another text.
            let opened = |value: Option<&Value>| {
                value.and_then(Value::as_str).and_then(|text| sealer.open(text).ok())
            };
            was != is && !(sealed() && opened(was).is_some_and(|was| opened(is) == Some(was)))
        });
        let fields: Map<String, Value> = changed
            .map(|name| {
                let field = kind.and_then(|k| k.field(name));
                let hidden = field.is_some_and(FieldMeta::is_hidden);
                let show = |v: Option<&Value>| v.map_or(Value::Null, |v| if hidden && !v.is_null() { Secret::MASK.into() } else { v.clone() });
                (name.clone(), json!({"label": field.map(|f| f.label), "before": show(old.get(name)), "after": show(new.get(name))}))
            })
            .collect();
        map.insert("fields".to_owned(), Value::Object(fields));
    }
    Value::Object(map)
}

/// Whether the caller may do what a draft does now, however it came to: what an edit is undone on
/// may be gone since, or be there again.
fn may_make(call: &Call, changes: &[Change]) -> bool {
    let rights = call.rights();
    changes.iter().all(|change| match (&change.before, &change.after) {
        (None, None) => true,
        (None, Some(after)) => rights.hold(Permission::add(after.meta())),
        (Some(before), None) => rights.on(Permission::delete(before.meta()), change.id),
        (Some(before), Some(after)) => [before, after]
            .iter()
            .all(|entry| rights.on(Permission::change(entry.meta()), change.id)),
    })
}

/// The inverse edit, checked like any other: what has come to depend on the change refuses it.
async fn roll_back(call: Call) -> Result<Response, ApiError> {
    let row = find(&call).await?;
    if !may_undo(&call, &row.get(4)?) {
        return Err(ApiError::no_permission());
    }
    let revision: i64 = row.get(0)?;
    let moved = call.clone();
    let undo = move |tx: &mut Tx<'_>| {
        let found = tx.roll_back(revision)?;
        if may_make(&moved, &tx.graph().changes()) {
            Ok(found)
        } else {
            Err(ApiError::no_permission())
        }
    };
    let found =
        call.cx.store.write(call.actor(), format!("undone: change {revision}"), undo).await?;
    if !found {
        return Err(ApiError::not_found("Change"));
    }
    Ok(json(StatusCode::OK, &json!({"revision": call.cx.snapshot().revision()})))
}
