//! `core/user_consent`: what people allowed applications to learn. Deleting one asks them again.

use countersign_core::{ApiError, Call, Caller, Query, Record, RenderContext};
use countersign_model::{Ref, Table, Timestamp, directory, family};
use countersign_rest::{Resource, plain};
use countersign_store::{Sql, StoreError, Tx};
use serde_json::Value;

use crate::users;

/// What a person allowed an application to learn.
#[derive(Debug, Clone, Table)]
#[kind(path = "core/user_consent", model = "authentik_stages_consent.userconsent", schema = "UserConsent", title = "User Consent", key = Int, lookup = "id", ordering = "expires", hidden)]
#[table(
    name = "consent",
    operations = "list retrieve destroy used_by",
    everybody,
    display = "User Consent by {user_id}"
)]
pub(crate) struct Consent {
    #[column(key)]
    id: i64,
    #[field(read_only)]
    #[column(
        sql = "user_id",
        filter,
        belongs_to = "users.id",
        on_delete = Cascade,
        owner
    )]
    user: Ref<directory::User>,
    #[field(read_only)]
    #[column(filter)]
    application: Ref<family::Application>,
    #[field(read_only)]
    permissions: String,
    #[field(read_only)]
    #[column(order, expires)]
    expires: Option<Timestamp>,
    #[field(read_only)]
    #[column(expiring)]
    expiring: bool,
}

impl Record for Consent {
    fn removed(&self, tx: &mut Tx<'_>) -> Result<(), ApiError> {
        Ok(countersign_events::deleted(tx, self)?)
    }
}

impl Resource for Consent {
    fn answers(sql: &mut Sql<'_>, rows: &[Self], call: &Call) -> Result<Vec<Value>, StoreError> {
        let users = users::named(sql, &call.cx, rows.iter().map(|row| Some(row.user)))?;
        let answer = |row: &Consent| {
            let mut answer = plain(row);
            let user = users.get(&row.user).cloned().unwrap_or_default();
            answer.insert("user".to_owned(), user);
            answer.insert("application".to_owned(), application(call, row.application));
            Value::Object(answer)
        };
        Ok(rows.iter().map(answer).collect())
    }
}

fn application(call: &Call, application: Ref<family::Application>) -> Value {
    let Some(entry) = call.snapshot.entry(application.id()) else { return Value::Null };
    // Embedded as anybody would see it: nothing in it depends on who asks.
    let (caller, query, rows) =
        (Caller::nobody(), Query::default(), std::collections::HashMap::new());
    let render = RenderContext {
        cx: &call.cx,
        snapshot: &call.snapshot,
        caller: &caller,
        request: &call.request,
        query: &query,
        rows: &rows,
    };
    countersign_rest::rendered(&render, entry)
}
