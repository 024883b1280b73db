//! `core/authenticated_sessions`: who is signed in where. Deleting one ends it.

use countersign_core::{Access, ApiError, BoxFuture, Call, Via};
use countersign_model::{Fields, KindMeta, Timestamp};
use countersign_rest::{Column, ColumnKind, Rows, Scope, TableMeta};
use countersign_store::{Sql, SqlValue, StoreError};
use serde_json::{Value, json};
use uuid::Uuid;

/// A browser somebody is signed in with.
#[derive(Debug, Clone, Fields)]
#[kind(
    path = "core/authenticated_sessions",
    model = "authentik_core.authenticatedsession",
    schema = "AuthenticatedSession",
    title = "Authenticated Session",
    lookup = "uuid",
    hidden
)]
pub(crate) struct SessionFields {
    #[field(read_only, default)]
    current: bool,
    #[field(read_only, default = 0)]
    user: i64,
    #[field(read_only, default)]
    last_ip: String,
    #[field(read_only, default)]
    last_user_agent: String,
    #[field(read_only, default = Timestamp(0))]
    last_used: Timestamp,
    #[field(read_only)]
    expires: Option<Timestamp>,
}

pub(crate) struct Sessions;

impl Rows for Sessions {
    const META: &'static KindMeta = SessionFields::META;
    const OPERATIONS: &'static [&'static str] = &["list", "retrieve", "destroy", "used_by"];
    const TABLE: &'static TableMeta = &TableMeta {
        from: "session s JOIN users u ON u.id = s.user_id",
        key: "s.uuid",
        lookup: "s.uuid",
        lookup_kind: ColumnKind::Uuid,
        order: "user__username",
        searched: None,
        index: None,
        columns: &[
            Column::new("user__username", "u.username", ColumnKind::Text).searched(),
            Column::new("session__last_ip", "s.last_ip", ColumnKind::Text).searched(),
            Column::new("session__last_user_agent", "s.user_agent", ColumnKind::Text).searched(),
            Column::new("last_used", "s.last_used", ColumnKind::Time).unfiltered(),
            Column::new("expires", "s.expires", ColumnKind::Time).unfiltered(),
        ],
    };

    fn access(_operation: &str) -> Access {
        Access::Authenticated
    }

    fn scope(call: &Call) -> Result<Scope, ApiError> {
        match call.caller.pk() {
            Some(pk) if !call.caller.is_superuser() => Ok(Scope::Owned("s.user_id", pk)),
            _ => Ok(Scope::All),
        }
    }

    fn render(sql: &mut Sql<'_>, keys: &[SqlValue], call: &Call) -> Result<Vec<Value>, StoreError> {
        let current = match &call.caller.via {
            Via::Session { key_hash } => key_hash.to_vec(),
            _ => Vec::new(),
        };
        let statement = "SELECT uuid, key_hash, user_id, last_ip, user_agent, last_used, expires FROM session WHERE uuid = $1";
        let mut rows = Vec::with_capacity(keys.len());
        for key in keys {
            let Some(row) = sql.query_one(statement, std::slice::from_ref(key))? else { continue };
            let agent: String = row.get(4)?;
            rows.push(json!({
                "uuid": row.get::<Uuid>(0)?.to_string(),
                "current": row.get::<Vec<u8>>(1)? == current,
                "user_agent": parse_agent(&agent),
                "geo_ip": null,
                "asn": null,
                "user": row.get::<i64>(2)?,
                "last_ip": row.get::<String>(3)?,
                "last_user_agent": agent,
                "last_used": row.get::<Timestamp>(5)?.iso(),
                "expires": row.get::<Timestamp>(6)?.iso(),
            }));
        }
        Ok(rows)
    }

    fn destroy(call: Call, key: SqlValue) -> BoxFuture<Result<(), ApiError>> {
        Box::pin(async move {
            call.cx
                .store
                .write(call.actor(), "session ended", move |tx| {
                    let owner = tx.query_one("SELECT user_id FROM session WHERE uuid = $1", std::slice::from_ref(&key))?;
                    let statement = "UPDATE access_token SET revoked = 1 WHERE session = (SELECT key_hash FROM session WHERE uuid = $1)";
                    tx.execute(statement, std::slice::from_ref(&key))?;
                    tx.execute("DELETE FROM session WHERE uuid = $1", std::slice::from_ref(&key))?;
                    owner.map_or(Ok(()), |row| countersign_events::deleted_of(tx, ("authentik_core", "authenticatedsession"), &key, row.get(0)?))
                })
                .await
                .map_err(ApiError::from)
        })
    }
}

/// Family and system, by the words browsers put into their names.
fn parse_agent(agent: &str) -> Value {
    let first = |names: &[(&str, &str)]| {
        names
            .iter()
            .find(|(mark, _)| agent.contains(mark))
            .map_or("Other", |(_, name)| *name)
            .to_owned()
    };
    let browser = first(&[
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
        ("curl/", "curl"),
    ]);
    let system = first(&[
        ("Windows", "Windows"),
        ("Android", "Android"),
        ("iPhone", "iOS"),
        ("iPad", "iOS"),
        ("Mac OS X", "Mac OS X"),
        ("Linux", "Linux"),
    ]);
    let version = |family: &str| json!({"family": family, "major": "", "minor": "", "patch": ""});
    json!({
        "device": {"brand": "", "family": "Other", "model": ""},
        "os": {"family": system, "major": "", "minor": "", "patch": "", "patch_minor": ""},
        "user_agent": version(&browser),
        "string": agent,
    })
}
