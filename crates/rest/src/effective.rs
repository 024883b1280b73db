//! `?effective=true`: what the caller may do with each object of an answer, so that an interface
//! shows what can be used. The rights are asked again when it is.

use std::collections::BTreeSet;

use countersign_core::{Call, Permission, Query, Rights, permissions};
use countersign_model::{Entry, KindMeta, TableMeta};
use countersign_store::{Sql, SqlValue, StoreError, one_of};
use serde_json::Value;

use crate::table::Conditions;

pub(crate) fn is_asked(query: &Query) -> bool {
    query.flag("effective") == Some(true)
}

/// The permissions that there are on objects of a model.
fn of_model(meta: &KindMeta) -> impl Iterator<Item = Permission> {
    let all = permissions().iter().map(|listed| listed.permission);
    all.filter(|permission| permission.model() == meta.model && permission.verb() != "add")
}

pub(crate) fn on_object(rights: Rights<'_>, entry: &Entry) -> Value {
    let held = of_model(entry.meta()).filter(|permission| rights.on(*permission, entry.id));
    held.map(Permission::verb).collect()
}

/// Adds it to the answers of rows, in the order of their keys: one statement for a permission that
/// is not held on all.
///
/// # Errors
/// When the engine fails.
pub(crate) fn add_to_rows(
    sql: &mut Sql<'_>,
    call: &Call,
    (table, meta): (&'static TableMeta, &'static KindMeta),
    keys: &[SqlValue],
    answers: &mut [Value],
) -> Result<(), StoreError> {
    let Some(key) = table.key().filter(|_| is_asked(&call.query)) else { return Ok(()) };
    let mut held: Vec<Vec<Value>> = vec![Vec::new(); answers.len()];
    for permission in of_model(meta) {
        let reach = call.rights().reach(permission, Some(table));
        let reached = match reach.condition(table) {
            None => None,
            Some((text, values)) => {
                let (among, of) = one_of(&format!("t.{}", key.sql), 0, keys);
                let mut conditions = Conditions::after(of.len());
                conditions.push(&text, values);
                let statement = format!(
                    "SELECT t.{} FROM {} t WHERE {among}{}",
                    key.sql,
                    table.name,
                    conditions.and()
                );
                let values = [of, conditions.into_values()].concat();
                let rows = sql.query(&statement, &values)?;
                Some(rows.iter().filter_map(|row| row.first().map(|key| text_of(&key))).collect())
            }
        };
        for (key, held) in keys.iter().zip(&mut held) {
            let is_held = |reached: &BTreeSet<String>| reached.contains(&text_of(key));
            if reached.as_ref().is_none_or(is_held) {
                held.push(permission.verb().into());
            }
        }
    }
    for (answer, held) in answers.iter_mut().zip(held) {
        if let Value::Object(map) = answer {
            map.insert("effective".to_owned(), Value::Array(held));
        }
    }
    Ok(())
}

/// Keys as they can be compared, whichever engine they come from.
fn text_of(key: &SqlValue) -> String {
    match key {
        SqlValue::Int(number) => number.to_string(),
        SqlValue::Bytes(bytes) => hex::encode(bytes),
        SqlValue::Text(text) => text.clone(),
        SqlValue::Null => String::new(),
    }
}
