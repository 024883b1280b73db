//! Why somebody may, or may not, open an application: the account, every rule with its answer, and
//! what was recorded.

use countersign_catalogue::Application;
use countersign_core::{Context, RequestInfo};
use countersign_directory::username;
use countersign_model::{Ref, Snapshot};
use countersign_store::{Sql, StoreError, params};
use serde_json::{Value, json};

use crate::simulate::{Differs, Doors, World};
use crate::{Engine, Subject};

/// As many recorded runs and events are told.
const RECORDED: i64 = 5;

/// Why no explanation can be given.
#[derive(Debug, thiserror::Error)]
pub enum ExplainError {
    #[error("there is no account \"{0}\"")]
    User(String),
    #[error("there is no application \"{0}\"; name it by its slug or name")]
    Application(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// An application by its slug, its name or its key.
///
/// # Errors
/// When there is none.
pub fn application(snapshot: &Snapshot, name: &str) -> Result<Ref<Application>, ExplainError> {
    let mut all = snapshot.list::<Application>();
    let named = |(reference, found): &(Ref<Application>, &Application)| {
        found.slug.to_string() == name
            || found.name == name
            || reference.key().to_string() == name.to_ascii_lowercase()
    };
    let found = all.find(named).map(|(reference, _)| reference);
    found.ok_or_else(|| ExplainError::Application(name.to_owned()))
}

/// Explains. `passing` is the outcome, `reasons` has a sentence for each thing that stands in the
/// way.
///
/// # Errors
/// An account or application that does not exist, or when the engine fails.
pub async fn explain(
    policies: &Engine,
    cx: &Context,
    request: &RequestInfo,
    name: &str,
    named: &str,
) -> Result<Value, ExplainError> {
    let fold = name.to_lowercase();
    let load = move |sql: &mut Sql<'_>| {
        let Some(pk) = username::find(sql, &fold)? else { return Ok(None) };
        Ok::<_, StoreError>(Some((
            countersign_accounts::identity(sql, pk)?,
            runs(sql, pk)?,
            events(sql, &fold)?,
        )))
    };
    let unknown = || ExplainError::User(name.to_owned());
    let (user, runs, events) = cx.store.read(load).await?.ok_or_else(unknown)?;
    let user = user.ok_or_else(unknown)?;
    let snapshot = cx.snapshot();
    let reference = application(&snapshot, named)?;
    let missing = || ExplainError::Application(named.to_owned());
    let definition = snapshot.get(reference).ok_or_else(missing)?;
    let doors = Doors::of(&snapshot, reference).ok_or_else(missing)?;
    let world = World {
        snapshot: snapshot.clone(),
        differs: Differs::Nowhere,
        clock: &*cx.clock,
        request: Some(request.clone()),
    };
    // As a sign-in would be decided: policies ask other servers, but change nothing.
    let host = policies.host(cx, Some(request)).trial().asking_others();
    let subject = Subject::of(&user, cx.uid(user.pk));
    let judged = doors.ask(&host, &world, &subject).await?;
    let mut told = doors.told(cx, &user.username, judged).await?;
    let groups: Vec<&str> = user.groups.iter().map(|group| group.name.as_str()).collect();
    let about = json!({
        "user": {
            "pk": user.pk, "username": user.username, "is_active": user.is_active, "is_superuser": user.is_superuser(),
            "has_password": user.has_usable_password, "groups": groups,
        },
        "application": {"pk": reference.key().to_json(), "slug": definition.slug.to_string(), "name": definition.name},
        "runs": runs,
        "events": events,
    });
    if let Value::Object(about) = about {
        told.extend(about);
    }
    Ok(Value::Object(told))
}

/// The last runs of flows by an account that did not end well.
fn runs(sql: &mut Sql<'_>, pk: i64) -> Result<Vec<Value>, StoreError> {
    let rows = sql.query(
        "SELECT uuid, flow, started, outcome, steps FROM flow_run WHERE user_id = $1 AND outcome <> 'done' ORDER BY started DESC LIMIT $2",
        params![pk, RECORDED],
    )?;
    rows.iter()
        .map(|row| {
            let steps: Value = row.get(4)?;
            let refused = |step: &&Value| {
                let outcome = step.get("outcome").and_then(Value::as_str);
                outcome == Some("denied") || outcome == Some("invalid") || step.pointer("/policies/passing") == Some(&Value::Bool(false))
            };
            let steps: Vec<&Value> = steps.as_array().into_iter().flatten().filter(refused).collect();
            Ok(json!({
                "pk": row.get::<uuid::Uuid>(0)?.to_string(), "flow": row.get::<String>(1)?,
                "started": row.get::<countersign_model::Timestamp>(2)?.iso(), "outcome": row.get::<String>(3)?, "steps": steps,
            }))
        })
        .collect()
}

/// The last events that tell of a refusal.
fn events(sql: &mut Sql<'_>, username: &str) -> Result<Vec<Value>, StoreError> {
    let rows = sql.query(
        "SELECT action, created, client_ip, context FROM event WHERE LOWER(username) = $1 AND action IN \
         ('login_failed', 'suspicious_request', 'policy_exception', 'authorize_application') ORDER BY created DESC LIMIT $2",
        params![username, RECORDED],
    )?;
    rows.iter()
        .map(|row| {
            Ok(json!({
                "action": row.get::<String>(0)?, "created": row.get::<countersign_model::Timestamp>(1)?.iso(),
                "client_ip": row.get::<Option<String>>(2)?, "context": row.get::<Value>(3)?,
            }))
        })
        .collect()
}
