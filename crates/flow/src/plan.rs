//! The plan of one browser through one flow: serialisable, kept under the session until the flow
//! ends.

use countersign_model::{Key, Ref, Revision};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::executor::is_local;
use crate::kinds::{Flow, FlowStageBinding};
use crate::recorder::Recording;
use crate::stages::Stage;

/// Keys of the plan's context, as in the original; expressions and providers use them.
pub mod key {
    pub const APPLICATION: &str = "application";
    pub const AUTH_METHOD: &str = "auth_method";
    pub const AUTH_METHOD_ARGS: &str = "auth_method_args";
    pub const CONSENT_ADDITIONAL: &str = "consent_additional_permissions";
    pub const CONSENT_HEADER: &str = "consent_header";
    pub const CONSENT_PERMISSIONS: &str = "consent_permissions";
    /// Ours: `[{"title", "value"}]`, the very values that will be sent.
    pub const CONSENT_VALUES: &str = "countersign/consent_values";
    /// Ours: host the person goes to after consent.
    pub const CONSENT_TARGET: &str = "countersign/consent_target";
    /// Ours: address that "Cancel" on the consent page leads to, as the application's with
    /// `error=access_denied`.
    pub const CONSENT_DENY_URL: &str = "countersign/consent_deny_url";
    pub const DENY_MESSAGE: &str = "deny_message";
    pub const IS_REDIRECTED: &str = "is_redirected";
    pub const IS_RESTORED: &str = "is_restored";
    pub const IS_SSO: &str = "is_sso";
    pub const OUTPOST: &str = "outpost";
    pub const PENDING_USER: &str = "pending_user";
    pub const PENDING_USER_IDENTIFIER: &str = "pending_user_identifier";
    pub const PROMPT_DATA: &str = "prompt_data";
    pub const REDIRECT: &str = "redirect";
    pub const REDIRECT_STAGE_TARGET: &str = "redirect_stage_target";
    /// Ours: the person, or an application with proof, has asked to sign out; nobody is asked
    /// again.
    pub const SIGN_OUT_CONFIRMED: &str = "countersign/sign_out_confirmed";
    pub const SOURCE: &str = "source";
    pub const USER_BACKEND: &str = "user_backend";
    pub const USER_PATH: &str = "user_path";
    pub const USER_TYPE: &str = "user_type";
}

/// One stage of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Planned {
    /// A stage of the flow. With `again` its policies are asked when it is reached.
    Bound { binding: Ref<FlowStageBinding>, stage: Ref<dyn Stage>, again: bool },
    /// A stage that exists only in this plan.
    InPlan(InPlan),
}

/// A stage made by a provider or a source: the name of a registered handler and what it needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InPlan {
    pub handler: String,
    #[serde(default)]
    pub data: Value,
}

/// Reserved names of in-plan stages that the engine brings itself.
pub mod in_plan {
    /// Asks for consent every time; needs `consent_permissions` in the context.
    pub const CONSENT: &str = "consent";
    /// Sends the browser to `data.to`.
    pub const REDIRECT: &str = "redirect";
    /// Says that the session at one application has ended.
    pub const SESSION_END: &str = "session_end";
}

/// How a plan came about, which says what happens when it cannot be gone on with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Origin {
    /// The browser opened the flow's address: it is planned anew.
    Visit,
    /// A protocol, another flow or an administrator made it, with what only they know: it is
    /// refused.
    Program,
}

/// A browser's way through a flow.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Plan {
    pub run: Uuid,
    pub flow: Ref<Flow>,
    pub origin: Origin,
    /// Revision of the configuration it was made with.
    pub revision: Revision,
    /// What of the configuration it was made from, see [`crate::planner::made_from`].
    pub made_from: String,
    pub stages: Vec<Planned>,
    pub context: Map<String, Value>,
    /// The query of this request, `next` among them. Each request brings its own, so none is kept.
    #[serde(skip)]
    pub query: Vec<(String, String)>,
    /// Small things stages remember between two requests: tries, one-time tokens.
    #[serde(default)]
    pub scratch: Map<String, Value>,
    /// Where the program was asked for what this plan ends in.
    #[serde(default)]
    pub asked_at: Option<String>,
    #[serde(default)]
    pub recording: Recording,
}

impl Plan {
    #[must_use]
    pub(crate) fn new(
        run: Uuid,
        flow: Ref<Flow>,
        revision: Revision,
        context: Map<String, Value>,
    ) -> Self {
        Self {
            run,
            flow,
            origin: Origin::Program,
            revision,
            made_from: String::new(),
            stages: Vec::new(),
            context,
            query: Vec::new(),
            scratch: Map::new(),
            asked_at: None,
            recording: Recording::default(),
        }
    }

    /// The stage whose turn it is.
    #[must_use]
    pub(crate) fn current(&self) -> Option<&Planned> {
        self.stages.first()
    }

    /// Takes the current stage off.
    pub(crate) fn pop(&mut self) -> Option<Planned> {
        if self.stages.is_empty() { None } else { Some(self.stages.remove(0)) }
    }

    /// Puts a stage right after the current one.
    pub(crate) fn insert_next(&mut self, stage: Planned) {
        self.stages.insert(1.min(self.stages.len()), stage);
    }

    pub(crate) fn append(&mut self, stage: InPlan) {
        self.stages.push(Planned::InPlan(stage));
    }

    #[must_use]
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        self.context.get(key).and_then(Value::as_str)
    }

    /// The account the flow is about, once a stage has named it.
    #[must_use]
    pub(crate) fn pending_user(&self) -> Option<PendingUser> {
        let value = self.context.get(key::PENDING_USER)?;
        if value.is_null() { None } else { serde_json::from_value(value.clone()).ok() }
    }

    /// The account that somebody has proved to be, in this plan.
    #[must_use]
    pub(crate) fn proved_account(&self) -> Option<i64> {
        self.pending_user().filter(|user| user.backend.is_some()).and_then(|user| user.pk)
    }

    /// What was proved so far; empty while nothing is.
    #[must_use]
    pub(crate) fn proofs(&self) -> String {
        let method = self.context.get(key::AUTH_METHOD).filter(|method| !method.is_null());
        match (self.proved_account(), method) {
            (None, None) => String::new(),
            (account, method) => {
                serde_json::json!([account, method, self.context.get(key::AUTH_METHOD_ARGS)])
                    .to_string()
            }
        }
    }

    pub(crate) fn set_pending_user(&mut self, user: &PendingUser) {
        let value = serde_json::to_value(user).unwrap_or(Value::Null);
        self.context.insert(key::PENDING_USER.to_owned(), value);
    }

    /// What prompts have collected.
    pub(crate) fn prompt_data(&mut self) -> &mut Map<String, Value> {
        let slot =
            self.context.entry(key::PROMPT_DATA).or_insert_with(|| Value::Object(Map::new()));
        if !slot.is_object() {
            *slot = Value::Object(Map::new());
        }
        match slot {
            Value::Object(map) => map,
            // Just made one.
            _ => &mut self.scratch,
        }
    }

    /// A value of the request's query, the last one where a name stands twice.
    #[must_use]
    pub(crate) fn query_value(&self, name: &str) -> Option<&str> {
        self.query.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The address on this server that the person wants to get to.
    #[must_use]
    pub(crate) fn wanted(&self) -> Option<&str> {
        self.asked_at.as_deref().or_else(|| self.query_value("next").filter(|next| is_local(next)))
    }

    /// Counts up and gives the new value.
    pub(crate) fn count(&mut self, name: &str) -> i64 {
        let count = self.scratch.get(name).and_then(Value::as_i64).unwrap_or(0).saturating_add(1);
        self.scratch.insert(name.to_owned(), count.into());
        count
    }
}

/// The account in a plan, by key; `pk` is empty for one that does not exist (a name nobody has, or
/// a new account).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingUser {
    pub pk: Option<i64>,
    #[serde(default)]
    pub username: String,
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub email: String,
    /// How the account proved itself; its presence tells policies that it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backend: Option<String>,
}

impl PendingUser {
    #[must_use]
    pub fn key(&self) -> Option<Key> {
        self.pk.map(Key::Int)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn plan() -> Plan {
        Plan::new(Uuid::nil(), Ref::new(Key::Uuid(Uuid::nil())), 1, Map::new())
    }

    fn last(handler: &str) -> InPlan {
        InPlan { handler: handler.to_owned(), data: json!({"a": 1}) }
    }

    #[test]
    fn inserted_stages_come_right_after_the_current_one() {
        let mut plan = plan();
        plan.append(last("a"));
        plan.append(last("c"));
        plan.insert_next(Planned::InPlan(last("b")));
        let names = std::iter::from_fn(|| plan.pop()).map(|stage| match stage {
            Planned::InPlan(stage) => stage.handler,
            Planned::Bound { .. } => String::new(),
        });
        let names = names.collect::<Vec<_>>();
        assert_eq!(names, ["a", "b", "c"]);
    }

    #[test]
    fn a_plan_survives_a_restart() {
        let mut plan = plan();
        plan.append(last("a"));
        plan.set_pending_user(&PendingUser {
            pk: Some(4),
            username: "uma".into(),
            ..PendingUser::default()
        });
        plan.prompt_data().insert("email".into(), json!("x"));
        let read: Plan = serde_json::from_str(&serde_json::to_string(&plan).unwrap()).unwrap();
        assert_eq!(read.stages, plan.stages);
        assert_eq!(read.pending_user(), plan.pending_user());
        assert_eq!(read.context, plan.context);
    }
}
