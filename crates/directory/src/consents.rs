//! `core/user_consent`: what people allowed applications to learn. Deleting one asks them again.

use countersign_core::{Access, ApiError, BoxFuture, Call, Caller, Query, RenderContext};
use countersign_model::{Fields, Key, KindMeta, ObjectId, Space, Timestamp};
use countersign_rest::{Column, ColumnKind, Rows, Scope, TableMeta};
use countersign_store::{Sql, SqlValue, StoreError};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::users;

/// What a person allowed an application to learn.
#[derive(Debug, Clone, Fields)]
#[kind(path = "core/user_consent", model = "authentik_core.userconsent", schema = "UserConsent", title = "User Consent", key = Int, lookup = "id", hidden)]
pub(crate) struct ConsentFields {
    #[field(read_only, default = 0)]
    user: i64,
    #[field(read_only)]
    expires: Option<Timestamp>,
    #[field(read_only, default)]
    expiring: bool,
    #[field(read_only, default)]
    permissions: String,
}

pub(crate) struct Consents;

impl Rows for Consents {
    const META: &'static KindMeta = ConsentFields::META;
    const OPERATIONS: &'static [&'static str] = &["list", "retrieve", "destroy", "used_by"];
    const TABLE: &'static TableMeta = &TableMeta {
        from: "consent c",
        key: "c.id",
        lookup: "c.id",
        lookup_kind: ColumnKind::Int,
        order: "expires",
        searched: None,
        index: None,
        columns: &[
            Column::new("user", "c.user_id", ColumnKind::Int),
            Column::new("application", "c.application", ColumnKind::Uuid),
            Column::new("expires", "c.expires", ColumnKind::Time).unfiltered(),
        ],
    };

    fn access(_operation: &str) -> Access {
        Access::Authenticated
    }

    fn scope(call: &Call) -> Result<Scope, ApiError> {
        match call.caller.pk() {
            Some(pk) if !call.caller.is_superuser() => Ok(Scope::Owned("c.user_id", pk)),
            _ => Ok(Scope::All),
        }
    }

    fn render(sql: &mut Sql<'_>, keys: &[SqlValue], call: &Call) -> Result<Vec<Value>, StoreError> {
        let mut rows = Vec::with_capacity(keys.len());
        for key in keys {
            let statement = "SELECT id, user_id, application, permissions, expires, expiring FROM consent WHERE id = $1";
            let Some(row) = sql.query_one(statement, std::slice::from_ref(key))? else { continue };
            let user = countersign_accounts::identity(sql, row.get(1)?)?
                .map(|u| users::to_json(&u, &call.cx, true));
            rows.push(json!({
                "pk": row.get::<i64>(0)?,
                "expires": row.get::<Option<Timestamp>>(4)?.map(Timestamp::iso),
                "expiring": row.get::<bool>(5)?,
                "user": user,
                "application": application(call, row.get(2)?),
                "permissions": row.get::<String>(3)?,
            }));
        }
        Ok(rows)
    }

    fn destroy(call: Call, key: SqlValue) -> BoxFuture<Result<(), ApiError>> {
        Box::pin(async move {
            let write = move |tx: &mut countersign_store::Tx<'_>| {
                let gone = tx.query_one(
                    "DELETE FROM consent WHERE id = $1 RETURNING user_id",
                    std::slice::from_ref(&key),
                )?;
                gone.map_or(Ok(()), |row| {
                    countersign_events::deleted_of(
                        tx,
                        ("authentik_stages_consent", "userconsent"),
                        &key,
                        row.get(0)?,
                    )
                })
            };
            call.cx
                .store
                .write(call.actor(), "consent revoked", write)
                .await
                .map_err(ApiError::from)
        })
    }
}

fn application(call: &Call, uuid: Uuid) -> Value {
    let Some(entry) = call.snapshot.entry(ObjectId::new(Space("application"), Key::Uuid(uuid)))
    else {
        return Value::Null;
    };
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
