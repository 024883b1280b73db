//! The audit of configuration: an event for each object an edit made, changed or deleted, in its
//! transaction.

use countersign_core::{Grant, Record};
use countersign_model::{Change, Entropy, Entry, Secret};
use countersign_store::{
    ActorUser, Agent, Auditor, CommittedEdit, Named, RowEdit, Sql, SqlValue, StoreError, Tx,
};
use serde_json::{Map, Value, json};

use crate::event::{Around, Event, emit, model_reference, record};

/// Records every edit. What somebody, the console or a blueprint does leaves an event for each
/// object; what the program does by itself, as making the default objects, one for the whole edit,
/// whose objects the change of that revision lists.
#[derive(Debug, Clone, Copy)]
pub struct Audit;

impl Auditor for Audit {
    fn record(
        &self,
        sql: &mut Sql<'_>,
        entropy: &dyn Entropy,
        edit: &CommittedEdit<'_>,
    ) -> Result<(), StoreError> {
        let around = Around { now: edit.at, actor: edit.actor, entropy, sealer: edit.sealer };
        if edit.actor.user.is_none() && edit.actor.agent == Agent::System {
            let message = format!("{}: {}", edit.reason, summary(edit.changes));
            let context = json!({"message": message, "revision": edit.revision});
            return record(sql, &around, Event::new("system_task_execution", MIDDLEWARE, context))
                .map(|_| ());
        }
        for change in edit.changes {
            let Some(entry) = change.after.as_ref().or(change.before.as_ref()) else { continue };
            let mut context = json!({"model": reference(entry), "revision": edit.revision});
            if let (Value::Object(map), Some(diff)) = (&mut context, diff(change)) {
                map.insert("diff".to_owned(), diff);
            }
            let mut subject = None;
            if let (Value::Object(map), Some(grant)) = (&mut context, entry.cast::<Grant>()) {
                subject = describe_grant(sql, edit, entry, grant, map)?;
            }
            let event = Event::new(action(change), MIDDLEWARE, context).concerning(subject);
            record(sql, &around, event)?;
        }
        Ok(())
    }

    fn record_row(&self, tx: &mut Tx<'_>, edit: RowEdit) -> Result<(), StoreError> {
        let action = if edit.made { "model_created" } else { "model_deleted" };
        let mut context = Map::new();
        context.insert("model".to_owned(), named(&edit.row));
        context.extend(edit.about.iter().map(|(name, what)| ((*name).to_owned(), named(what))));
        let event = Event::new(action, MIDDLEWARE, context.into());
        emit(tx, event.concerning(edit.subject)).map(|_| ())
    }
}

const MIDDLEWARE: &str = "authentik.events.middleware";

fn named(what: &Named) -> Value {
    let (app, name) = what.model.split_once('.').unwrap_or((&what.model, ""));
    model_reference(app, name, &what.key, &what.name)
}

/// Who was given what, as for grants on rows; gives the account that holds it.
fn describe_grant(
    sql: &mut Sql<'_>,
    edit: &CommittedEdit<'_>,
    entry: &Entry,
    grant: &Grant,
    context: &mut Map<String, Value>,
) -> Result<Option<ActorUser>, StoreError> {
    let find = |id| edit.after.entry(id).or_else(|| edit.before.entry(id));
    let account = match grant.user.and_then(|user| user.key().int()) {
        Some(pk) => countersign_accounts::identity(sql, pk)?.map(|user| user.as_actor()),
        None => None,
    };
    let holder = match (&account, grant.role) {
        (Some(user), _) => {
            model_reference("authentik_core", "user", &user.pk.to_string(), &user.username)
        }
        (None, role) => {
            role.and_then(|role| find(role.id())).map(|role| reference(role)).unwrap_or_default()
        }
    };
    let object = grant.object.and_then(|object| find(object.0)).map(|object| reference(object));
    let said =
        |what: &Value| what.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    let on = object.as_ref().map(|object| format!(" on {}", said(object))).unwrap_or_default();
    let name = format!("{}{on} for {}", grant.permission, said(&holder));
    let meta = entry.meta();
    let key = entry.id.key.to_string();
    context.insert("model".to_owned(), model_reference(meta.app(), meta.model_name(), &key, &name));
    context.insert("holder".to_owned(), holder);
    context.extend(object.map(|object| ("object".to_owned(), object)));
    Ok(account)
}

/// The event of a row that belonged to an account and was taken away, as a session.
///
/// # Errors
/// When the engine fails.
pub fn deleted<T: Record>(tx: &mut Tx<'_>, row: &T) -> Result<(), StoreError> {
    of_row(tx, "model_deleted", row)
}

/// The event of a row that an account was given, as a second factor.
///
/// # Errors
/// When the engine fails.
pub fn created<T: Record>(tx: &mut Tx<'_>, row: &T) -> Result<(), StoreError> {
    of_row(tx, "model_created", row)
}

fn of_row<T: Record>(tx: &mut Tx<'_>, action: &str, row: &T) -> Result<(), StoreError> {
    let key = match row.key() {
        SqlValue::Bytes(bytes) => hex::encode(bytes),
        SqlValue::Int(number) => number.to_string(),
        _ => String::new(),
    };
    let owner = T::TABLE.columns.iter().zip(row.values()).find(|(column, _)| column.owner);
    let subject = match owner {
        Some((_, SqlValue::Int(owner))) => {
            countersign_accounts::identity(tx, owner)?.map(|user| user.as_actor())
        }
        _ => None,
    };
    let name = subject.as_ref().map(|user| user.username.clone()).unwrap_or_default();
    let model = model_reference(T::META.app(), T::META.model_name(), &key, &name);
    let context = json!({"model": model});
    let event = Event::new(action, MIDDLEWARE, context);
    emit(tx, event.concerning(subject)).map(|_| ())
}

const fn action(change: &Change) -> &'static str {
    match (&change.before, &change.after) {
        (None, _) => "model_created",
        (_, None) => "model_deleted",
        _ => "model_updated",
    }
}

/// `3 created, 1 changed`.
fn summary(changes: &[Change]) -> String {
    let words =
        [("model_created", "created"), ("model_updated", "changed"), ("model_deleted", "deleted")];
    let counted = words.iter().map(|(wanted, word)| {
        (changes.iter().filter(|change| action(change) == *wanted).count(), word)
    });
    counted
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect::<Vec<_>>()
        .join(", ")
}

pub(crate) fn reference(entry: &Entry) -> Value {
    let meta = entry.meta();
    let name = entry.label();
    model_reference(
        meta.app(),
        meta.model_name(),
        &entry.id.key.to_string(),
        name.as_deref().unwrap_or(meta.title),
    )
}

/// `{field: {previous_value, new_value}}` of a change; secrets only tell that they changed.
fn diff(change: &Change) -> Option<Value> {
    let (before, after) = (change.before.as_ref()?, change.after.as_ref()?);
    let (old, new) = (before.object.values(), after.object.values());
    let mut fields = Map::new();
    for field in after.meta().fields {
        let (was, is) = (
            old.get(field.name).cloned().unwrap_or_default(),
            new.get(field.name).cloned().unwrap_or_default(),
        );
        if was == is {
            continue;
        }
        let show = |v: Value| if field.is_hidden() { Value::from(Secret::MASK) } else { v };
        fields.insert(
            field.name.to_owned(),
            json!({"previous_value": show(was), "new_value": show(is)}),
        );
    }
    Some(Value::Object(fields))
}
