//! A sign-in that nobody made: whether somebody would get into an application, from an address, at a
//! time, with an edit made.

use std::net::IpAddr;

use countersign_core::{Context, RequestInfo};
use countersign_directory::username;
use countersign_flow::FlowContext;
use countersign_model::{Clock, Timestamp};
use countersign_policy::Subject;
use countersign_policy::explain::application;
use countersign_policy::recording::At;
use countersign_policy::simulate::{Doors, World};
use countersign_store::Sql;
use serde_json::{Map, Value, json};

use crate::Deps;
use crate::changes::{Changed, ExplainError};

/// What is asked.
#[derive(Debug, Clone)]
pub struct Asked {
    pub user: Who,
    /// Slug, key or name of the application.
    pub application: String,
    pub client_ip: Option<IpAddr>,
    pub at: Option<Timestamp>,
    /// Blueprint entries; null without an edit.
    pub changes: Value,
}

/// The account that is asked about.
#[derive(Debug, Clone)]
pub enum Who {
    Number(i64),
    Name(String),
}

impl std::fmt::Display for Who {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Who::Number(pk) => write!(f, "{pk}"),
            Who::Name(name) => f.write_str(name),
        }
    }
}

/// Answers it.
///
/// # Errors
/// An account or application that is not there, changes that cannot be carried out, or when the
/// engine fails.
pub async fn simulate(
    deps: &Deps,
    cx: &FlowContext,
    request: &RequestInfo,
    asked: &Asked,
) -> Result<Map<String, Value>, ExplainError> {
    let unknown = || ExplainError::User(asked.user.to_string());
    let pk = account(cx, &asked.user).await?.ok_or_else(unknown)?;
    let changed = Changed::by(deps, cx, &asked.changes, Some(pk)).await?;
    let user = changed.user.as_ref().ok_or_else(unknown)?;
    let missing = |error: countersign_policy::explain::ExplainError| {
        ExplainError::Application(error.to_string())
    };
    let reference = application(&changed.snapshot, &asked.application).map_err(missing)?;
    let (found, doors) = changed
        .snapshot
        .get(reference)
        .zip(Doors::of(&changed.snapshot, reference))
        .ok_or_else(|| ExplainError::Application(asked.application.clone()))?;
    let at = asked.at.unwrap_or_else(|| cx.clock.now());
    let client_ip = asked.client_ip.unwrap_or(request.client_ip);
    let clock = At(at);
    let world = World {
        snapshot: changed.snapshot.clone(),
        differs: changed.differs,
        clock: &clock as &dyn Clock,
        request: Some(request.from_address(client_ip)),
    };
    let host = cx.policies().simulated(cx, &world);
    let subject = Subject::of(user, cx.uid(user.pk));
    let judged = doors.ask(&host, &world, &subject).await?;
    let mut told = doors.told(cx, &user.username, judged).await?;
    let outcome = match told.get("passing").and_then(Value::as_bool) {
        Some(true) => "allowed",
        Some(false) => "refused",
        None => "unknown",
    };
    let about = json!({
        "outcome": outcome,
        "user": {"pk": user.pk, "username": user.username},
        "application": {"pk": reference.key().to_json(), "slug": found.slug.to_string(), "name": found.name},
        "client_ip": client_ip.to_string(),
        "at": at.iso(),
        "changes": changed.lines(),
    });
    if let Value::Object(about) = about {
        told.extend(about);
    }
    Ok(told)
}

async fn account(cx: &Context, who: &Who) -> Result<Option<i64>, ExplainError> {
    match who.clone() {
        Who::Number(pk) => Ok(Some(pk)),
        Who::Name(name) => {
            Ok(cx.store.read(move |sql: &mut Sql<'_>| username::find(sql, &name)).await?)
        }
    }
}
