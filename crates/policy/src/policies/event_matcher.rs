//! Matches events, for notification rules.

use countersign_model::{Draft, FieldErrors, Kind, ObjectId, Problem};
use serde_json::{Map, Value};

use crate::verdict::Verdict;

/// Passes for events that meet every criterion that is set.
#[derive(Debug, Clone, Kind)]
#[kind(
    path = "policies/event_matcher", model = "authentik_policies_event_matcher.eventmatcherpolicy", schema = "EventMatcherPolicy",
    title = "Event Matcher Policy", plural = "Event Matcher Policies", component = "ak-policy-event-matcher-form", space = "policy",
    lookup = "policy_uuid", ordering = "name", check = Self::check
)]
pub struct EventMatcherPolicy {
    #[field(label = "Name", unique = "Policy with this name already exists.", search, filter)]
    pub name: String,
    #[field(label = "Execution logging", default = false)]
    pub execution_logging: bool,
    #[field(label = "Action", help = "Matches events with this action.", blank, filter)]
    pub action: Option<String>,
    #[field(label = "Client IP", help = "Matches the address the event came from, exactly.", blank, filter)]
    pub client_ip: Option<String>,
    #[field(label = "App", help = "Matches events made by this application of the server.", blank, filter)]
    pub app: Option<String>,
    #[field(label = "Model", help = "Matches events about this kind of object.", blank, filter)]
    pub model: Option<String>,
}

impl EventMatcherPolicy {
    fn check(&self, _draft: &Draft, _id: ObjectId, errors: &mut FieldErrors) {
        let criteria = [&self.action, &self.client_ip, &self.app, &self.model];
        if criteria.iter().all(|value| value.as_deref() == Some("")) {
            errors.add_object(Problem::new("invalid", "At least one criteria must be set."));
        }
    }

    /// The messages are added whether or not the criterion matches, as in the original.
    pub(crate) fn evaluate(&self, context: &Map<String, Value>) -> Verdict {
        let Some(event) = context.get("event") else { return Verdict::failing(Vec::new()) };
        let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
        let model = event.get("context").and_then(|c| c.get("model"));
        let model = format!("{}.{}", text(model.and_then(|m| m.get("app"))), text(model.and_then(|m| m.get("model_name"))));
        let mut verdict = Verdict::passing();
        for (wanted, found, message) in [
            (&self.action, text(event.get("action")), "Action matched."),
            (&self.client_ip, text(event.get("client_ip")), "Client IP matched."),
            (&self.app, text(event.get("app")), "App matched."),
            (&self.model, model, "Model matched."),
        ] {
            if let Some(wanted) = wanted.as_deref().filter(|wanted| !wanted.is_empty()) {
                verdict.messages.push(message.to_owned());
                verdict.passing &= *wanted == *found;
            }
        }
        verdict
    }
}
