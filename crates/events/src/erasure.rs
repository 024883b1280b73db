//! What the law may ask when an account is deleted: its events are removed, and what those of others
//! say of it is emptied. Places of removed events stay, signed; an emptied one keeps the code that
//! it was sealed with, which is keyed, so that nobody finds out by it what was there.

use countersign_store::{Row, Sql, SqlValue, StoreError, Tx, params};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::chain::{COVERED, EMPTIED, ERASURE, row_values, sign, written};
use crate::event::WHO;

/// Events of an account, by whatever name it had.
///
/// # Errors
/// When the engine fails.
pub(crate) fn of_user(sql: &mut Sql<'_>, user: i64) -> Result<Vec<Uuid>, StoreError> {
    let rows = sql.query(
        "SELECT uuid, user_json FROM event WHERE INSTR(user_json, $1) > 0",
        params![format!("\"pk\":{user}")],
    )?;
    let mut found = Vec::new();
    for row in rows {
        if is_account(&row.get(1)?, user) {
            found.push(row.get(0)?);
        }
    }
    Ok(found)
}

/// Events that others made and that name the account.
///
/// # Errors
/// When the engine fails.
pub(crate) fn naming(sql: &mut Sql<'_>, user: i64) -> Result<Vec<Uuid>, StoreError> {
    let rows = sql.query(
        "SELECT uuid, user_json, context FROM event WHERE INSTR(user_json, $1) > 0 OR INSTR(context, $1) > 0 OR INSTR(context, $2) > 0",
        params![format!("\"pk\":{user}"), format!("\"pk\":\"{user}\"")],
    )?;
    let mut found = Vec::new();
    for row in rows {
        if names(&row.get(1)?, user) || names(&row.get(2)?, user) {
            found.push(row.get(0)?);
        }
    }
    Ok(found)
}

/// Removes events. Their places stay, signed and empty.
///
/// # Errors
/// When the engine fails.
pub(crate) fn erase(tx: &mut Tx<'_>, events: &[Uuid]) -> Result<usize, StoreError> {
    let mut erased = 0;
    for uuid in events {
        let Some(row) =
            tx.query_one("SELECT uuid, seq, chain FROM event WHERE uuid = $1", params![*uuid])?
        else {
            continue;
        };
        if let (Some(seq), Some(chain)) =
            (row.get::<Option<i64>>(1)?, row.get::<Option<Vec<u8>>>(2)?)
        {
            // A place has one mark: what was emptied is removed now.
            tx.execute(
                "DELETE FROM event_checkpoint WHERE reason = $1 AND seq = $2",
                params![EMPTIED, seq],
            )?;
            sign(tx, ERASURE, seq, &chain)?;
        }
        erased += tx.execute("DELETE FROM event WHERE uuid = $1", params![*uuid])?;
    }
    Ok(erased)
}

/// Empties events of what they say of the account: that they happened, when, and who did it stays.
///
/// # Errors
/// When the engine fails.
pub(crate) fn empty(tx: &mut Tx<'_>, events: &[Uuid], user: i64) -> Result<(), StoreError> {
    for uuid in events {
        let find = format!("SELECT {COVERED}, seq, chain FROM event WHERE uuid = $1");
        let Some(row) = tx.query_one(&find, params![*uuid])? else { continue };
        let (by, context): (Value, Value) = (row.get(4)?, row.get(5)?);
        let (by, context) = (without(&by, user), emptied(&context, user));
        let mut covered = row_values(&row)?;
        let left =
            [(4, by.to_string().into()), (5, context.to_string().into()), (7, SqlValue::Null)];
        for (column, value) in left {
            covered.splice(column..=column, [value]);
        }
        let code = written(tx.sealer(), &covered);
        tx.execute(
            "UPDATE event SET user_json = $1, context = $2, client_ip = NULL, code = $3 WHERE uuid = $4",
            params![by.to_string(), context.to_string(), code, *uuid],
        )?;
        mark(tx, &row)?;
    }
    Ok(())
}

/// Signs the place of a sealed row that was emptied, once however many accounts it named.
fn mark(tx: &mut Tx<'_>, row: &Row) -> Result<(), StoreError> {
    let (Some(seq), Some(chain)) = (row.get::<Option<i64>>(11)?, row.get::<Option<Vec<u8>>>(12)?)
    else {
        return Ok(());
    };
    let find = "SELECT 1 FROM event_checkpoint WHERE reason = $1 AND seq = $2";
    if tx.query_one(find, params![EMPTIED, seq])?.is_none() {
        sign(tx, EMPTIED, seq, &chain)?;
    }
    Ok(())
}

fn is_account(value: &Value, user: i64) -> bool {
    value.get("pk").and_then(Value::as_i64) == Some(user)
}

/// Whether an object is the account as events name people, or as they name objects.
fn is_it(map: &Map<String, Value>, user: i64) -> bool {
    let text = |name: &str| map.get(name).and_then(Value::as_str).unwrap_or_default();
    match map.get("pk") {
        Some(Value::Number(pk)) => pk.as_i64() == Some(user) && map.contains_key("username"),
        Some(Value::String(pk)) => {
            *pk == user.to_string()
                && (text("app"), text("model_name")) == ("authentik_core", "user")
        }
        _ => false,
    }
}

fn names(value: &Value, user: i64) -> bool {
    match value {
        Value::Object(map) => is_it(map, user) || map.values().any(|inner| names(inner, user)),
        Value::Array(items) => items.iter().any(|inner| names(inner, user)),
        _ => false,
    }
}

/// Without the account, in whatever depth: its key stays, by which nobody is found any more.
fn without(value: &Value, user: i64) -> Value {
    match value {
        Value::Object(map) if is_it(map, user) => {
            let kept =
                map.iter().filter(|(name, _)| ["pk", "app", "model_name"].contains(&name.as_str()));
            Value::Object(kept.map(|(name, value)| (name.clone(), value.clone())).collect())
        }
        Value::Object(map) => {
            map.iter().map(|(name, inner)| (name.clone(), without(inner, user))).collect()
        }
        Value::Array(items) => items.iter().map(|inner| without(inner, user)).collect(),
        other => other.clone(),
    }
}

/// What is left of a context: who did it, and the object that it was about. All else, as the
/// fields that were changed or the name that was typed, may tell of the person.
fn emptied(context: &Value, user: i64) -> Value {
    let mut left = json!({"message": "What this said of a deleted account was removed."});
    if let Value::Object(map) = &mut left {
        for name in [WHO, "model"] {
            let kept = context.get(name).map(|value| (name.to_owned(), without(value, user)));
            map.extend(kept);
        }
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_known_by_its_number_in_whatever_depth() {
        let context = json!({
            "model": {"app": "authentik_core", "model_name": "user", "pk": "7", "name": "uma"},
            "diff": {"email": {"previous_value": "uma@example.org"}},
            WHO: {
                "actor": {"pk": 1, "username": "admin", "email": "admin@example.org"},
                "subject": {"pk": 7, "username": "uma", "email": "uma@example.org"},
            },
        });
        assert!(names(&context, 7) && names(&context, 1) && !names(&context, 70));
        let left = emptied(&context, 7);
        assert!(!left.to_string().contains("uma"), "{left}");
        assert_eq!(
            left["model"],
            json!({"app": "authentik_core", "model_name": "user", "pk": "7"})
        );
        assert_eq!(left[WHO]["actor"]["username"], "admin");
        assert_eq!(left[WHO]["subject"], json!({"pk": 7}));
        let other = json!({"model": {"app": "authentik_core", "model_name": "source", "pk": "7", "name": "x"}});
        assert!(!names(&other, 7), "another sort of object with that number");
    }
}
