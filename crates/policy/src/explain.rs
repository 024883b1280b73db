//! Why somebody may, or may not, open an application: the account, every rule with its answer, and
//! what was recorded.

use countersign_catalogue::Application;
use countersign_core::{Context, RequestInfo};
use countersign_directory::username;
use countersign_model::{ObjectId, Space};
use countersign_store::{Sql, StoreError, params};
use serde_json::{Value, json};

use crate::engine;
use crate::request::{Occasion, PolicyRequest};
use crate::subject::Subject;
use crate::{Engine, PolicyEngineMode};

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
    application: &str,
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
    let named =
        |found: &Application| found.slug.to_string() == application || found.name == application;
    let found = snapshot.list::<Application>().find(|(_, found)| named(found));
    let (reference, definition) =
        found.ok_or_else(|| ExplainError::Application(application.to_owned()))?;

    let mut reasons = Vec::new();
    if !user.is_active {
        reasons.push("the account is not active".to_owned());
    }
    let decision = policies.tried(cx, request, &user, reference).await?;
    reasons.extend(
        decision.trace.steps.iter().filter(|_| !decision.passing).filter(|step| !step.passing).map(
            |step| {
                let negated = if step.negate { ", negated" } else { "" };
                let said = step
                    .error
                    .as_ref()
                    .map(|error| format!(" It failed to run: {error}"))
                    .unwrap_or_default();
                format!(
                    "the {} \"{}\" (binding {}, order {}{negated}) does not pass.{said}",
                    step.kind, step.name, step.binding, step.order
                )
            },
        ),
    );
    let subject = Subject::of(&user, cx.uid(user.pk));
    let asked = PolicyRequest {
        snapshot: &snapshot,
        clock: &*cx.clock,
        host: &policies.host(cx, Some(request)).trial(),
        user: Some(&subject),
        occasion: Occasion::Application(None),
        target: None,
        name: "",
    };
    let flows = flows(&asked, definition).await?;
    for flow in flows.iter().filter(|flow| flow.get("passing") == Some(&Value::Bool(false))) {
        let slug = flow.get("slug").and_then(Value::as_str).unwrap_or_default();
        reasons.push(format!(
            "the policies of the flow \"{slug}\", which leads to the application, do not pass"
        ));
    }
    if definition.provider.is_none() {
        reasons.push("the application has no provider: there is nothing to sign in to".to_owned());
    }
    let groups: Vec<&str> = user.groups.iter().map(|group| group.name.as_str()).collect();
    Ok(json!({
        "user": {
            "pk": user.pk, "username": user.username, "is_active": user.is_active, "is_superuser": user.is_superuser(),
            "has_password": user.has_usable_password, "groups": groups,
        },
        "application": {"pk": reference.key().to_json(), "slug": definition.slug.to_string(), "name": definition.name},
        "passing": reasons.is_empty(),
        "reasons": reasons,
        "trace": decision.trace,
        "flows": flows,
        "runs": runs,
        "events": events,
    }))
}

/// The flows a provider sends people through, each with what its policies say.
async fn flows(
    request: &PolicyRequest<'_>,
    application: &Application,
) -> Result<Vec<Value>, StoreError> {
    let snapshot = request.snapshot;
    let Some(provider) = application.provider.and_then(|provider| snapshot.member(provider)) else {
        return Ok(Vec::new());
    };
    let mut named: Vec<ObjectId> = Vec::new();
    provider.object.visit_refs(&mut |field, target| {
        if target.space == Space("flow")
            && ["authentication_flow", "authorization_flow"].contains(&field.name)
        {
            named.push(target);
        }
    });
    let mut found = Vec::new();
    for entry in named.iter().filter_map(|id| snapshot.entry(*id)) {
        let values = entry.object.values();
        let text =
            |name: &str| values.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let mode = if text("policy_engine_mode") == "all" {
            PolicyEngineMode::All
        } else {
            PolicyEngineMode::Any
        };
        let target = entry.id.key.uuid().unwrap_or_default();
        let decision = engine::decide(request, target, mode).await?;
        found.push(json!({"slug": text("slug"), "name": text("name"), "passing": decision.passing, "trace": decision.trace}));
    }
    Ok(found)
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
