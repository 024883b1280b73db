//! What administrators hear of policies beyond their answer: those that failed, and those they
//! asked to follow.

use countersign_core::Context;
use countersign_events::{Event, may_report, model_reference};
use countersign_model::Fields as _;
use countersign_store::Actor;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::binding::PolicyBinding;
use crate::engine::Decision;
use crate::verdict::{PolicyError, Verdict};

/// One policy that was asked: it failed to run, or its executions are logged.
#[derive(Debug, Clone)]
pub struct Told {
    pub policy: Uuid,
    pub name: String,
    /// The key of the binding by which it was asked; empty without one.
    pub binding: String,
    /// What it answered, or why it could not.
    pub outcome: Result<Verdict, PolicyError>,
}

/// Writes the events of a decision. What was asked of the policy is not in them: requests hold
/// secrets. Most decisions have none: `actor` is asked for only then. Of those that visitors bring
/// about by looking at a page, so many an hour and policy are events.
pub async fn tell(cx: &Context, actor: impl FnOnce() -> Actor, decision: &Decision) {
    if decision.told.is_empty() {
        return;
    }
    let actor = actor();
    for told in &decision.told {
        let event = told.event(&actor);
        let policy = told.policy.to_string();
        if actor.user.is_some() || may_report(cx, &event.action, &policy).await {
            event.write(cx, actor.clone()).await;
        }
    }
}

impl Told {
    fn event(&self, actor: &Actor) -> Event {
        let meta = PolicyBinding::META;
        let binding = (!self.binding.is_empty())
            .then(|| model_reference(meta.app(), meta.model_name(), &self.binding, &self.name));
        let user = actor
            .user
            .as_ref()
            .map(|user| json!({"pk": user.pk, "username": user.username, "email": user.email}));
        let (action, message, result) = match &self.outcome {
            Ok(verdict) => (
                "policy_execution",
                "Policy Execution".to_owned(),
                json!({"passing": verdict.passing, "messages": verdict.messages}),
            ),
            Err(error) => ("policy_exception", error.to_string(), Value::Null),
        };
        let context = json!({
            "message": message,
            "policy_uuid": self.policy.simple().to_string(),
            "policy_name": self.name,
            "binding": binding,
            "request": {"user": user, "debug": false},
            "result": result,
        });
        Event::new(action, "authentik.policies.engine", context)
    }
}
