//! Who has which second factor: the accounts of people with the classes of what they have.

use axum::response::Response;
use countersign_core::{Access, ApiError, Call, Operation, Page, Permission, envelope, json};
use countersign_directory::{username, users::User};
use countersign_model::{ChoiceValue as _, Fields as _, Problem, Timestamp};
use countersign_rest::object_schema;
use countersign_store::{Row, Sql, SqlValue, StoreError, numbered, one_of};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::device::{DEVICES, DeviceClass, DeviceDef};

/// What `without` takes beside the classes: no second factor at all.
const ANY: &str = "any";

pub(crate) fn operation() -> Operation {
    let classes: Vec<&str> = DEVICES.iter().map(|def| def.class.value()).collect();
    let lacking: Vec<&str> = classes.iter().copied().chain([ANY]).collect();
    Operation::new(
        Method::GET,
        "countersign/authenticators/",
        "countersign_authenticators_list",
        Access::global(Permission::view(User::META)),
        list_people,
    )
    .summary("People who can sign in, with the classes of the second factors that count for them.")
    .parameter("class", json!({"type": "string", "enum": classes}))
    .parameter("without", json!({"type": "string", "enum": lacking}))
    .parameter("search", json!({"type": "string", "description": "Of the username."}))
    .parameter("page", json!({"type": "integer"}))
    .parameter("page_size", json!({"type": "integer"}))
    .response("PaginatedFactorsOfPersonList")
}

pub(crate) fn schemas() -> [(&'static str, Value); 2] {
    let person = object_schema(&[
        ("pk", "integer"),
        ("username", "string"),
        ("name", "string"),
        ("email", "string"),
        ("classes", "[string]"),
        ("last_used", "time?"),
        ("last_login", "time?"),
    ]);
    let people = object_schema(&[("pagination", "#Pagination"), ("results", "[#FactorsOfPerson]")]);
    [("FactorsOfPerson", person), ("PaginatedFactorsOfPersonList", people)]
}

/// A class that a parameter names; none where it is not given.
fn class(call: &Call, name: &'static str) -> Result<Option<&'static DeviceDef>, ApiError> {
    let Some(text) = call.query.get(name).filter(|text| !text.is_empty()) else { return Ok(None) };
    let known = DEVICES.iter().find(|def| def.class.value() == text);
    let wrong = || {
        let text = format!("Select a valid choice. {text} is not one of the available choices.");
        ApiError::field(name, Problem::new("invalid_choice", text))
    };
    known.map(Some).ok_or_else(wrong)
}

/// That an account has one of that class that counts.
fn has(def: &DeviceDef) -> String {
    format!("EXISTS (SELECT 1 FROM {} AS d WHERE d.user_id = u.id AND d.confirmed = 1)", def.table)
}

async fn list_people(call: Call) -> Result<Response, ApiError> {
    let page = Page::read(&call.query, 1000)?;
    let mut wanted = vec!["u.is_active = 1 AND u.type IN ('internal', 'external')".to_owned()];
    let mut values = Vec::<SqlValue>::new();
    let sought = username::fold(call.query.get("search").unwrap_or_default().trim());
    if !sought.is_empty() {
        wanted.push("u.username_fold LIKE ? ESCAPE '\\'".to_owned());
        let sought = sought.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        values.push(format!("%{sought}%").into());
    }
    if let Some(def) = class(&call, "class")? {
        wanted.push(has(def));
    }
    if call.query.get("without") == Some(ANY) {
        wanted.extend(DEVICES.iter().map(|def| format!("NOT {}", has(def))));
    } else if let Some(def) = class(&call, "without")? {
        wanted.push(format!("NOT {}", has(def)));
    }
    let wanted = numbered(&wanted.join(" AND "), 0);
    let (skip, size) = (page.offset(), page.size);
    let read = call.cx.store.browse(move |sql| {
        let count = format!("SELECT COUNT(*) FROM users AS u WHERE {wanted}");
        let count = sql.query_one(&count, &values)?.map_or(Ok(0), |row| row.get::<i64>(0))?;
        let people = sql.query(
            &format!(
                "SELECT u.id, u.username, u.name, u.email, u.last_login FROM users AS u \
                 WHERE {wanted} ORDER BY u.username_fold, u.id LIMIT {size} OFFSET {skip}"
            ),
            &values,
        )?;
        let keys = people.iter().map(|row| row.get::<i64>(0).map(SqlValue::from));
        let keys = keys.collect::<Result<Vec<_>, _>>()?;
        Ok::<_, StoreError>((
            usize::try_from(count).unwrap_or(0),
            people,
            held_by_each(sql, &keys)?,
        ))
    });
    let (count, people, held) = read.await?;
    page.check(count)?;
    let answers = people.iter().map(|row| answer(row, &held)).collect::<Result<Vec<_>, _>>()?;
    Ok(json(StatusCode::OK, &envelope(page, count, answers)))
}

/// What counts of some accounts: whose, the class, and when it was used last.
type Counts = Vec<(i64, DeviceClass, Option<Timestamp>)>;

fn held_by_each(sql: &mut Sql<'_>, keys: &[SqlValue]) -> Result<Counts, StoreError> {
    let mut held = Vec::new();
    for def in DEVICES {
        let (condition, values) = one_of("user_id", 0, keys);
        let statement = format!(
            "SELECT user_id, MAX(last_used) FROM {} WHERE confirmed = 1 AND {condition} GROUP BY user_id",
            def.table
        );
        for row in sql.query(&statement, &values)? {
            held.push((row.get(0)?, def.class, row.get(1)?));
        }
    }
    Ok(held)
}

fn answer(row: &Row, held: &Counts) -> Result<Value, StoreError> {
    let pk: i64 = row.get(0)?;
    let own = || held.iter().filter(|(user, ..)| *user == pk);
    let classes: Vec<&str> = own().map(|(_, class, _)| class.value()).collect();
    let last_used = own().filter_map(|(.., used)| *used).max();
    Ok(json!({
        "pk": pk,
        "username": row.get::<String>(1)?,
        "name": row.get::<String>(2)?,
        "email": row.get::<String>(3)?,
        "classes": classes,
        "last_used": last_used.map(Timestamp::iso),
        "last_login": row.get::<Option<Timestamp>>(4)?.map(Timestamp::iso),
    }))
}
