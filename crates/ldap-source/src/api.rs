//! The API beside the generic resources: what the last run came to, what the directory answers,
//! and runs that are asked for.

use axum::response::Response;
use countersign_core::{
    Access, ApiError, Call, Operation, Permission, Work as _, enqueue, json, with,
};
use countersign_ldap::client::{Filter, Scope, Search};
use countersign_model::{Fields as _, Ref, Timestamp};
use countersign_rest::object_schema;
use countersign_store::{Row, Sql, StoreError, Tx, params};
use http::{Method, StatusCode};
use serde_json::{Value, json as value};
use uuid::Uuid;

use crate::Deps;
use crate::entry::attributes;
use crate::line::{Line, Trouble, Way};
use crate::schema::{Schema, first};
use crate::source::LDAPSource;
use crate::sync::{Confirmed, Regular};

/// Objects of each sort that are shown.
const SHOWN: u32 = 10;
const MOST_SHOWN: usize = 10;

pub(crate) fn operations(deps: &Deps) -> Vec<Operation> {
    let on = |permission| Access::on(permission);
    vec![
        Operation::new(
            Method::GET,
            "sources/ldap/{slug}/sync/status/",
            "sources_ldap_sync_status_retrieve",
            on(Permission::view(LDAPSource::META)),
            status,
        )
        .summary("Get source's sync status")
        .response("SyncStatus"),
        Operation::new(
            Method::GET,
            "sources/ldap/{slug}/debug/",
            "sources_ldap_debug_retrieve",
            // Entries of the directory, with whatever the bind may see.
            on(Permission::change(LDAPSource::META)),
            with(deps, debug),
        )
        .summary("Get raw LDAP data to debug")
        .response("LDAPDebug"),
        Operation::new(
            Method::POST,
            "countersign/sources/ldap/{slug}/sync/",
            "countersign_sources_ldap_sync_create",
            on(Permission::change(LDAPSource::META)),
            run,
        )
        .summary(
            "Copy the directory now; with `confirmed` what is gone is deleted however much it is",
        )
        .request("LDAPSyncRequest"),
        Operation::new(
            Method::POST,
            "countersign/sources/ldap/{slug}/test/",
            "countersign_sources_ldap_test_create",
            on(Permission::change(LDAPSource::META)),
            with(deps, test),
        )
        .summary("Connect with each server of the directory, bind, and count what the filters find")
        .response("LDAPTested"),
    ]
}

/// Components the operations name.
pub(crate) fn schemas() -> Vec<(&'static str, Value)> {
    let objects =
        || value!({"type": "array", "items": {"type": "object", "additionalProperties": {}}});
    let place = value!({"type": "object", "properties": {
        "server": {"type": "string"}, "status": {"type": "string"}, "vendor": {"type": "string"},
        "version": {"type": "string"}, "encrypted": {"type": "boolean"},
        "users": {"type": "integer", "nullable": true}, "groups": {"type": "integer", "nullable": true},
    }});
    let task = value!({"$ref": "#/components/schemas/SystemTask"});
    let texts = value!({"type": "object", "additionalProperties": {"type": "string"}});
    let connectivity = value!({"type": "object", "nullable": true, "readOnly": true, "additionalProperties": texts});
    vec![
        (
            "LDAPSource",
            value!({"type": "object", "properties": {"connectivity": connectivity}, "required": ["connectivity"]}),
        ),
        (
            "LDAPDebug",
            value!({"type": "object", "properties": {"user": objects(), "group": objects(), "membership": objects()}, "required": ["group", "membership", "user"]}),
        ),
        (
            "SyncStatus",
            value!({"type": "object", "properties": {"is_running": {"type": "boolean", "readOnly": true}, "tasks": {"type": "array", "readOnly": true, "items": task}}, "required": ["is_running", "tasks"]}),
        ),
        ("LDAPSyncRequest", object_schema(&[("confirmed", "boolean")])),
        (
            "LDAPTested",
            value!({"type": "object", "properties": {"servers": {"type": "array", "items": place}}}),
        ),
    ]
}

fn named(call: &Call) -> Result<(Ref<LDAPSource>, LDAPSource), ApiError> {
    let missing = || ApiError::not_found("LDAPSource");
    let source = Ref::<LDAPSource>::new(call.entry()?.id.key);
    let settings = call.snapshot.get(source).cloned().ok_or_else(missing)?;
    Ok((source, settings))
}

/// Runs as the original tells them.
async fn status(call: Call) -> Result<Response, ApiError> {
    let (source, settings) = named(&call)?;
    let uid = source.key().to_string();
    let slug = settings.slug.to_string();
    let found = call.cx.store.read(move |sql| runs(sql, &uid, &slug)).await?;
    Ok(json(StatusCode::OK, &found))
}

fn runs(sql: &mut Sql<'_>, uid: &str, slug: &str) -> Result<Value, StoreError> {
    let rows = sql.query(
        "SELECT uuid, name, state, queued, started, finished, messages, expires FROM task WHERE uid = $1 AND name IN ($2, $3) ORDER BY queued DESC",
        params![uid, Regular::NAME, Confirmed::NAME],
    )?;
    let (mut is_running, mut tasks) = (false, Vec::new());
    for row in rows {
        match row.get::<String>(2)?.as_str() {
            "queued" | "running" => is_running = true,
            state => tasks.push(ended(&row, state, slug)?),
        }
    }
    Ok(value!({"is_running": is_running, "tasks": tasks}))
}

fn ended(row: &Row, state: &str, slug: &str) -> Result<Value, StoreError> {
    let (uuid, name): (Uuid, String) = (row.get(0)?, row.get(1)?);
    let queued: Timestamp = row.get(3)?;
    let started = row.get::<Option<Timestamp>>(4)?.unwrap_or(queued);
    let finished = row.get::<Option<Timestamp>>(5)?.unwrap_or(started);
    let expires = row.get::<Option<Timestamp>>(7)?;
    #[expect(clippy::cast_precision_loss, reason = "a duration in microseconds is far below 2^52")]
    let seconds = (finished.0 - started.0).max(0) as f64 / 1e6;
    Ok(value!({
        "uuid": uuid.to_string(),
        "name": name,
        "full_name": format!("{name}:{slug}"),
        "uid": slug,
        "description": Regular::DESCRIPTION,
        "start_timestamp": started.iso(),
        "finish_timestamp": finished.iso(),
        "duration": seconds,
        "status": match state { "successful" | "error" => state, _ => "warning" },
        "messages": row.get::<Value>(6)?,
        "expires": expires.map(Timestamp::iso),
        "expiring": expires.is_some(),
    }))
}

/// The directory’s fault, in words.
fn refused(error: Trouble) -> ApiError {
    ApiError::Body(
        StatusCode::BAD_REQUEST,
        value!({"non_field_errors": [error.to_string()], "code": error.code()}),
    )
}

/// The first objects that the filters find.
async fn debug(deps: Deps, call: Call) -> Result<Response, ApiError> {
    let (_, settings) = named(&call)?;
    let shown = shown(&deps, &call, &settings).await.map_err(refused)?;
    Ok(json(StatusCode::OK, &shown))
}

async fn shown(deps: &Deps, call: &Call, settings: &LDAPSource) -> Result<Value, Trouble> {
    let way = Way::read(settings, &call.snapshot, &deps.upstreams)?;
    let mut line = way.bound(&*call.cx.entropy).await?;
    let schema = Schema::read(&mut line).await.unwrap_or_default();
    let (users, groups) = (settings.user_base(), settings.group_base());
    let all: &[&str] = &["*", "+"];
    let unique = settings.object_uniqueness_field.as_str();
    let membership = [unique, settings.group_membership_field.as_str()];
    let user_filter = &settings.user_object_filter;
    let group_filter = &settings.group_object_filter;
    let lookups: [(&str, &String, &String, &[&str]); 3] = [
        ("user", &users, user_filter, all),
        ("group", &groups, group_filter, all),
        ("membership", &groups, group_filter, &membership),
    ];
    let mut answer = serde_json::Map::new();
    for (sort, base, filter, attributes) in lookups {
        answer.insert(sort.to_owned(), look(&mut line, &schema, (base, filter), attributes).await?);
    }
    line.close().await;
    Ok(Value::Object(answer))
}

async fn look(
    line: &mut Line,
    schema: &Schema,
    (base, filter): (&str, &str),
    wanted: &[&str],
) -> Result<Value, Trouble> {
    let Ok(filter) = Filter::parse(filter) else { return Ok(value!([])) };
    let page = line.page(Search {
        base,
        scope: Scope::Subtree,
        filter: &filter,
        attributes: wanted,
        page: Some((SHOWN, &[])),
        most: 0,
    });
    let found = page.await?.entries;
    let found = found.iter().take(MOST_SHOWN).map(|entry| {
        let mut shown = attributes(entry, schema);
        shown.retain(|name, _| !is_secret(name));
        value!({"dn": entry.dn, "attributes": shown})
    });
    Ok(Value::Array(found.collect()))
}

/// Parts of the names of attributes by which somebody could sign in, or guess how: passwords, their
/// hashes, keys, what makes codes.
const SECRETS: [&str; 14] = [
    "password",
    "passwd",
    "pwd",
    "hash",
    "secret",
    "credential",
    "key",
    "otp",
    "rootpw",
    "pkcs12",
    "trustauth",
    "initialauth",
    "syncrepl",
    "dbbind",
];

/// Whether an attribute is kept back from who looks at entries: hashes of passwords help nobody.
fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let open = ["publickey", "pubkey"].iter().any(|part| name.contains(part));
    !open && name != "pwdlastset" && SECRETS.iter().any(|part| name.contains(part))
}

const CONFIRMED: &str = "This deletes accounts and groups as the source is set up, which decides who may sign in: only a superuser can confirm it.";

/// Asks for a run. Who confirms what is gone deletes whomever the source has made, administrators
/// too, so it is for those who may change the source.
async fn run(call: Call) -> Result<Response, ApiError> {
    let (source, _) = named(&call)?;
    let confirmed = call.object()?.get("confirmed") == Some(&Value::Bool(true));
    if confirmed && !call.rights().hold_everything() {
        return Err(ApiError::forbidden(CONFIRMED));
    }
    let uid = source.key().to_string();
    let ask = move |tx: &mut Tx<'_>| {
        if confirmed {
            enqueue::<Confirmed>(tx, &uid, &source)
        } else {
            enqueue::<Regular>(tx, &uid, &source)
        }
    };
    let task = call.cx.store.write(call.actor(), "directory to be copied", ask).await?;
    Ok(json(StatusCode::OK, &value!({"task": task.to_string()})))
}

/// Connects with each server.
async fn test(deps: Deps, call: Call) -> Result<Response, ApiError> {
    let (_, settings) = named(&call)?;
    let way = Way::read(&settings, &call.snapshot, &deps.upstreams).map_err(refused)?;
    let mut servers = Vec::new();
    for place in way.places() {
        let found = match way.connect(place).await {
            Ok(line) => asked(&way, line, &settings).await,
            Err(error) => Err(error),
        };
        let mut shown = found.unwrap_or_else(|error| value!({"status": error.to_string()}));
        if let Value::Object(shown) = &mut shown {
            shown.insert("server".to_owned(), place.to_string().into());
        }
        servers.push(shown);
    }
    Ok(json(StatusCode::OK, &value!({"servers": servers})))
}

async fn asked(way: &Way, mut line: Line, settings: &LDAPSource) -> Result<Value, Trouble> {
    let encrypted = line.encrypted;
    way.bind(&mut line).await?;
    let root = line.entry("", &["vendorName", "vendorVersion", "forestFunctionality"]).await?;
    let said = |name| root.as_ref().and_then(|root| first(root, name));
    let windows = said("forestFunctionality").map(|_| "Active Directory".to_owned());
    let (users, groups) = (settings.user_base(), settings.group_base());
    let mut found = Vec::new();
    for (base, filter) in
        [(&users, &settings.user_object_filter), (&groups, &settings.group_object_filter)]
    {
        let Ok(filter) = Filter::parse(filter) else { continue };
        let page = line.page(Search {
            base,
            scope: Scope::Subtree,
            filter: &filter,
            attributes: &["1.1"],
            page: Some((SHOWN, &[])),
            most: 0,
        });
        found.push(page.await?.entries.len());
    }
    line.close().await;
    Ok(value!({
        "status": "ok",
        "encrypted": encrypted,
        "vendor": said("vendorName").or(windows).unwrap_or_default(),
        "version": said("vendorVersion").unwrap_or_default(),
        // As many of the first ten.
        "users": found.first(),
        "groups": found.get(1),
    }))
}

#[cfg(test)]
mod tests {
    use super::is_secret;

    #[test]
    fn what_lets_somebody_in_is_not_shown() {
        for secret in [
            "userPassword",
            "ipaNTHash",
            "ipatokenOTPkey",
            "olcRootPW",
            "nsslapd-rootpw",
            "sambaNTPassword",
            "unicodePwd",
            "krbPrincipalKey",
            "supplementalCredentials",
            "userPKCS12",
            "oathSecret",
            "msFVE-KeyPackage",
            "userPassword;lang-en",
        ] {
            assert!(is_secret(secret), "{secret}");
        }
        for open in [
            "uid",
            "mail",
            "sshPublicKey",
            "ipaSshPubKey",
            "pwdLastSet",
            "shippingAddress",
            "memberOf",
        ] {
            assert!(!is_secret(open), "{open}");
        }
    }
}
