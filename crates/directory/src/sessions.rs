//! `core/authenticated_sessions`: who is signed in where. Deleting one ends it.

use countersign_core::{ApiError, Call, Record, Via};
use countersign_model::{Ref, Table, Timestamp, directory};
use countersign_rest::{Resource, plain};
use countersign_store::{Sql, StoreError, Tx, params};
use serde_json::{Value, json};
use uuid::Uuid;

/// A browser somebody is signed in with.
#[derive(Debug, Clone, Table)]
#[kind(
    path = "core/authenticated_sessions",
    model = "authentik_core.authenticatedsession",
    schema = "AuthenticatedSession",
    title = "Authenticated Session",
    plural = "Sessions",
    lookup = "uuid",
    ordering = "user__username",
    hidden
)]
#[table(
    name = "session",
    pk = "uuid",
    operations = "list retrieve destroy used_by",
    everybody,
    display = "Authenticated Session"
)]
pub(crate) struct Session {
    #[column(key)]
    uuid: Uuid,
    /// SHA-256 of the key in the cookie.
    #[column(hidden)]
    key_hash: [u8; 32],
    #[field(read_only)]
    #[column(
        sql = "user_id",
        belongs_to = "users.id",
        on_delete = Cascade,
        owner,
        through = "username"
    )]
    user: Ref<directory::User>,
    #[column(hidden)]
    created: Timestamp,
    #[field(read_only)]
    #[column(order, expires, required)]
    expires: Option<Timestamp>,
    /// When the sign-in said that it ends.
    #[column(hidden)]
    ends: Option<Timestamp>,
    #[field(read_only)]
    #[column(order)]
    last_used: Timestamp,
    #[field(read_only)]
    #[column(listed = "session__last_ip", filter, search)]
    last_ip: String,
    #[field(read_only)]
    #[column(sql = "user_agent", listed = "session__last_user_agent", filter, search)]
    last_user_agent: String,
    #[column(hidden)]
    data: Value,
}

impl Record for Session {
    fn removing(&self, tx: &mut Tx<'_>) -> Result<(), ApiError> {
        tx.execute(
            "UPDATE access_token SET revoked = 1 WHERE session = $1",
            params![self.key_hash],
        )?;
        Ok(())
    }

    fn removed(&self, tx: &mut Tx<'_>) -> Result<(), ApiError> {
        Ok(countersign_events::deleted(tx, self)?)
    }
}

impl Resource for Session {
    fn answers(_: &mut Sql<'_>, rows: &[Self], call: &Call) -> Result<Vec<Value>, StoreError> {
        let answer = |row: &Session| {
            let mut answer = plain(row);
            let current =
                matches!(&call.caller.via, Via::Session { key_hash } if *key_hash == row.key_hash);
            answer.insert("current".to_owned(), current.into());
            answer.insert("user_agent".to_owned(), parse_agent(&row.last_user_agent));
            answer.insert("geo_ip".to_owned(), Value::Null);
            answer.insert("asn".to_owned(), Value::Null);
            Value::Object(answer)
        };
        Ok(rows.iter().map(answer).collect())
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
