//! Matches events, for notification rules.

use countersign_directory::{Apps, Models};
use countersign_events::Actions;
use countersign_model::{Draft, FieldErrors, IpText, Kind, Listed, ObjectId, Problem};
use serde_json::Value;

use super::Policy;
use crate::host::BoxFuture;
use crate::request::{Occasion, PolicyRequest};
use crate::verdict::{PolicyError, Verdict};

/// Passes for events that meet every criterion that is set.
#[derive(Debug, Clone, Kind)]
#[kind(
    family = dyn Policy,
    path = "policies/event_matcher",
    model = "authentik_policies_event_matcher.eventmatcherpolicy",
    title = "Event Matcher Policy",
    plural = "Event Matcher Policies",
    component = "ak-policy-event-matcher-form",
    check = Self::check
)]
pub struct EventMatcherPolicy {
    #[field(unique, search, filter)]
    pub name: String,
    #[field(label = "Execution logging", default = false, filter)]
    pub execution_logging: bool,
    #[field(label = "Action", help = "Matches events with this action.", blank, filter)]
    pub action: Option<Listed<Actions>>,
    #[field(
        label = "Client IP",
        help = "Matches the address the event came from, exactly.",
        blank,
        filter
    )]
    pub client_ip: Option<IpText>,
    #[field(
        label = "App",
        help = "Matches events made by this application of the server.",
        blank,
        filter
    )]
    pub app: Option<Listed<Apps>>,
    #[field(label = "Model", help = "Matches events about this kind of object.", blank, filter)]
    pub model: Option<Listed<Models>>,
}

impl EventMatcherPolicy {
    fn check(&self, _draft: &Draft, _id: ObjectId, errors: &mut FieldErrors) {
        if self.criteria().iter().all(|value| *value == Some("")) {
            errors.add_object(Problem::new("invalid", "At least one criteria must be set."));
        }
    }

    /// Action, address, app and model.
    fn criteria(&self) -> [Option<&str>; 4] {
        [
            self.action.as_deref(),
            self.client_ip.as_deref(),
            self.app.as_deref(),
            self.model.as_deref(),
        ]
    }

    /// The messages are added whether or not the criterion matches, as in the original.
    fn evaluate(&self, event: Option<&Value>) -> Verdict {
        let Some(event) = event else { return Verdict::failing(Vec::new()) };
        let text =
            |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
        let model = event.get("context").and_then(|c| c.get("model"));
        let model = format!(
            "{}.{}",
            text(model.and_then(|m| m.get("app"))),
            text(model.and_then(|m| m.get("model_name")))
        );
        let mut verdict = Verdict::passing();
        let found = [
            (text(event.get("action")), "Action matched."),
            (text(event.get("client_ip")), "Client IP matched."),
            (text(event.get("app")), "App matched."),
            (model, "Model matched."),
        ];
        for (wanted, (found, message)) in self.criteria().into_iter().zip(found) {
            if let Some(wanted) = wanted.filter(|wanted| !wanted.is_empty()) {
                verdict.messages.push(message.to_owned());
                verdict.passing &= wanted == found;
            }
        }
        verdict
    }
}

impl Policy for EventMatcherPolicy {
    fn judge<'a>(
        &'a self,
        request: &'a PolicyRequest<'a>,
    ) -> BoxFuture<'a, Result<Verdict, PolicyError>> {
        Box::pin(async {
            Ok(match request.occasion {
                Occasion::Event(event) => self.evaluate(Some(event)),
                other => self.evaluate(other.to_context().get("event")),
            })
        })
    }

    fn is_about_somebody(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_model::{FieldValue, Fields};
    use serde_json::json;

    type Action = Option<Listed<Actions>>;

    /// O13: "not-ip" was taken, and matched nothing.
    #[test]
    fn an_address_is_one_and_stored_ones_stay() {
        let field = EventMatcherPolicy::META.field("client_ip").unwrap();
        let parse = |text: &str| IpText::parse(&json!(text), field).map(|ip| ip.to_string());
        for (given, kept) in [
            ("203.0.113.7", "203.0.113.7"),
            ("::ffff:203.0.113.7", "203.0.113.7"),
            ("2001:DB8:0::1", "2001:db8::1"),
            ("", ""),
        ] {
            assert_eq!(parse(given).unwrap(), kept, "{given}");
        }
        for wrong in ["not-ip", "203.0.113.0/24", "203.0.113", "203.0.113.7:80"] {
            let error = IpText::parse(&json!(wrong), field).unwrap_err();
            assert!(format!("{error:?}").contains("valid IPv4 or IPv6"), "{wrong}: {error:?}");
            assert!(IpText::parse_stored(&json!(wrong), field).is_err(), "{wrong}: blueprints");
        }
        assert_eq!(&*IpText::load(&json!("not-ip"), field).unwrap(), "not-ip");
    }

    #[test]
    fn actions_come_from_the_list_and_stored_ones_stay() {
        let field = EventMatcherPolicy::META.field("action").unwrap();
        assert_eq!(Action::parse(&json!("login"), field).unwrap().as_deref(), Some("login"));
        assert_eq!(Action::parse(&json!(""), field).unwrap().as_deref(), Some(""));
        assert!(Action::parse(&json!(null), field).unwrap().is_none());
        for wrong in [json!("nonsense"), json!("Login"), json!(7), json!(["login"])] {
            assert!(Action::parse(&wrong, field).is_err(), "{wrong}");
            assert!(
                Action::parse_stored(&wrong, field).is_err(),
                "{wrong}: what blueprints bring is checked as well"
            );
        }
        // What an older version let through: were it dropped, the policy would match every event.
        let stored = Action::load(&json!("nonsense"), field).unwrap();
        assert_eq!(stored.as_deref(), Some("nonsense"));
        let policy = EventMatcherPolicy {
            name: "old".into(),
            execution_logging: false,
            action: stored,
            client_ip: None,
            app: None,
            model: None,
        };
        assert!(!policy.evaluate(Some(&json!({"action": "login"}))).passing);
    }
}
