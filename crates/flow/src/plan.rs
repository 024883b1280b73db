//! The plan of one browser through one flow: serialisable, kept under the session until the flow
//! ends.

use std::collections::BTreeMap;

use countersign_core::Identity;
use countersign_model::{Key, Ref, Revision, Timestamp};
use countersign_sources::Arrival;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::executor::is_local;
use crate::in_plan::InPlan;
use crate::kinds::{Flow, FlowStageBinding};
use crate::recorder::Recording;
use crate::stage::AnyStage;

/// Keys of the plan's context, as in the original; expressions and providers use them.
pub mod key {
    pub const APPLICATION: &str = "application";
    pub const AUTH_METHOD: &str = "auth_method";
    pub const AUTH_METHOD_ARGS: &str = "auth_method_args";
    /// What the certificate says that the browser has shown, as in the original's later versions.
    pub const CERTIFICATE: &str = "certificate";
    /// Ours: the account that it is of.
    pub const CERTIFIED: &str = "countersign/certified";
    /// `{"response", "stage"}`: what a captcha service answered.
    pub const CAPTCHA: &str = "captcha";
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
    /// Where the e-mail stage writes to, instead of the account's own address.
    pub const EMAIL: &str = "email";
    /// Ours: the sessions that were ended, whose applications are notified at the end.
    pub const ENDED_SESSIONS: &str = "countersign/ended_sessions";
    pub const EMAIL_SENT: &str = "email_sent";
    pub const DENY_MESSAGE: &str = "deny_message";
    pub const IS_REDIRECTED: &str = "is_redirected";
    pub const IS_RESTORED: &str = "is_restored";
    pub const IS_SSO: &str = "is_sso";
    pub const OUTPOST: &str = "outpost";
    /// Ours: `{"user", "device"}`, the passkey that has said who this is and verified its owner.
    pub const PASSKEY: &str = "countersign/passkey";
    pub const PENDING_USER: &str = "pending_user";
    pub const PENDING_USER_IDENTIFIER: &str = "pending_user_identifier";
    pub const PROMPT_DATA: &str = "prompt_data";
    pub const REDIRECT: &str = "redirect";
    pub const REDIRECT_STAGE_TARGET: &str = "redirect_stage_target";
    /// Ours: the person, or an application with proof, has asked to sign out; nobody is asked
    /// again.
    pub const SIGN_OUT_CONFIRMED: &str = "countersign/sign_out_confirmed";
    pub const SOURCE: &str = "source";
    pub const SOURCE_CONNECTION: &str = "goauthentik.io/sources/connection";
    pub const SOURCE_GROUPS: &str = "source_groups";
    pub const USER_BACKEND: &str = "user_backend";
    pub const USER_PATH: &str = "user_path";
    pub const USER_TYPE: &str = "user_type";
}

/// One step of a plan: a stage, with what is kept of it until it is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PlannedStep {
    /// Unique in the run.
    pub id: u32,
    pub stage: Planned,
    /// What the stage remembers, in its own type; null before it was reached.
    #[serde(default)]
    pub state: Value,
    /// The answers that its page shows again.
    #[serde(default)]
    pub typed: BTreeMap<String, String>,
}

/// Which stage a step performs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Planned {
    /// A stage of the flow. With `re_evaluate` its policies are asked when it is reached.
    Bound { binding: Ref<FlowStageBinding>, stage: Ref<dyn AnyStage>, re_evaluate: bool },
    /// A stage that exists only in this plan.
    InPlan(InPlan),
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
    /// When the run was begun, after which it ends for good, see [`crate::plan_store`].
    #[serde(default)]
    pub begun: Timestamp,
    pub flow: Ref<Flow>,
    pub origin: Origin,
    /// Revision of the configuration it was made with.
    pub revision: Revision,
    /// What of the configuration it was made from, see [`crate::planner::made_from`].
    pub made_from: String,
    pub steps: Vec<PlannedStep>,
    /// Steps that this run has had.
    pub planned: u32,
    pub context: Map<String, Value>,
    /// The query of this request, `next` among them. Each request brings its own, so none is kept.
    #[serde(skip)]
    pub query: Vec<(String, String)>,
    /// Where the program was asked for what this plan ends in.
    #[serde(default)]
    pub asked_at: Option<String>,
    /// An invitation that lets the browser go on, until what it is for is done.
    #[serde(default)]
    pub invitation: Option<Invited>,
    /// The account that this run has made.
    #[serde(default)]
    pub made_account: Option<i64>,
    /// The one-time link that the browser came by.
    #[serde(default)]
    pub restored: Option<Restored>,
    /// The account that was proved or named by a link, as it was then: what is proved of it is
    /// worth nothing once it got another password or address, or was deactivated.
    #[serde(default)]
    pub proved_of: Option<Proved>,
    /// The identity by which the browser came from a source.
    #[serde(default)]
    pub arrival: Option<Arrival>,
    #[serde(default)]
    pub recording: Recording,
}

/// An invitation, and the flow that has let the browser in by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Invited {
    pub invitation: Uuid,
    pub flow: Ref<Flow>,
}

/// What an account was like when somebody proved to be its owner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Proved {
    user: i64,
    password_changed: Timestamp,
    email: String,
    is_active: bool,
}

impl Proved {
    pub(crate) fn of(account: &Identity) -> Self {
        Proved {
            user: account.pk,
            password_changed: account.password_change_date,
            email: account.email.clone(),
            is_active: account.is_active,
        }
    }

    /// Whether what was proved of the account as it was still counts for it as it is. One that was
    /// activated since is the same.
    fn holds_for(&self, now: &Proved) -> bool {
        self.user != now.user
            || self.password_changed == now.password_changed
                && self.email == now.email
                && (now.is_active || !self.is_active)
    }
}

/// A one-time link that was spent for a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Restored {
    /// Whom it was made for.
    pub user: i64,
    /// How it was sent, by one that a stage sent.
    pub mailed: Option<Mailed>,
}

/// A link that a stage has sent by e-mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mailed {
    /// The step that did.
    pub step: u32,
    /// The account's own address that it went to; a policy may have named another.
    pub to: Option<String>,
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
            begun: Timestamp::default(),
            flow,
            origin: Origin::Program,
            revision,
            made_from: String::new(),
            steps: Vec::new(),
            planned: 0,
            context,
            query: Vec::new(),
            asked_at: None,
            invitation: None,
            made_account: None,
            restored: None,
            proved_of: None,
            arrival: None,
            recording: Recording::default(),
        }
    }

    /// The sessions that this plan has ended.
    pub(crate) fn ended_sessions(&self) -> Vec<Uuid> {
        let ended = self.context.get(key::ENDED_SESSIONS);
        ended.and_then(|ended| serde_json::from_value(ended.clone()).ok()).unwrap_or_default()
    }

    pub(crate) fn note_ended(&mut self, session: Uuid) {
        let mut ended = self.ended_sessions();
        if !ended.contains(&session) {
            ended.push(session);
            let ended = serde_json::to_value(ended).unwrap_or_default();
            self.context.insert(key::ENDED_SESSIONS.to_owned(), ended);
        }
    }

    /// What the context of an earlier plan is worth goes where that context goes: by which
    /// invitation or identity the browser came, which account was made, what the proved one was
    /// like.
    pub(crate) fn vouched_for_by(&mut self, earlier: &Plan) {
        (self.invitation, self.made_account) = (earlier.invitation, earlier.made_account);
        self.proved_of.clone_from(&earlier.proved_of);
        self.arrival.clone_from(&earlier.arrival);
    }

    /// Goes on as the run of an earlier plan that this one replaces.
    pub(crate) fn follow(&mut self, earlier: Plan) {
        for step in &mut self.steps {
            step.id = step.id.saturating_add(earlier.planned);
        }
        self.planned = self.planned.saturating_add(earlier.planned);
        (self.run, self.begun) = (earlier.run, earlier.begun);
        (self.origin, self.query) = (earlier.origin, earlier.query);
        (self.asked_at, self.recording) = (earlier.asked_at, earlier.recording);
    }

    /// The step whose turn it is.
    #[must_use]
    pub(crate) fn current(&self) -> Option<&PlannedStep> {
        self.steps.first()
    }

    pub(crate) fn step_mut(&mut self, id: u32) -> Option<&mut PlannedStep> {
        self.steps.iter_mut().find(|step| step.id == id)
    }

    /// Takes the current step off.
    pub(crate) fn pop(&mut self) -> Option<PlannedStep> {
        if self.steps.is_empty() { None } else { Some(self.steps.remove(0)) }
    }

    /// Puts a stage right after the current one.
    pub(crate) fn insert_next(&mut self, stage: Planned) {
        let step = self.step(stage);
        self.steps.insert(1.min(self.steps.len()), step);
    }

    /// Puts a stage before all others.
    pub(crate) fn prepend(&mut self, stage: Planned) {
        let step = self.step(stage);
        self.steps.insert(0, step);
    }

    pub(crate) fn append(&mut self, stage: Planned) {
        let step = self.step(stage);
        self.steps.push(step);
    }

    fn step(&mut self, stage: Planned) -> PlannedStep {
        self.planned = self.planned.saturating_add(1);
        PlannedStep { id: self.planned, stage, state: Value::Null, typed: BTreeMap::new() }
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
        let certified = self.certified_account();
        let proved = |user: &PendingUser| user.backend.is_some() || user.pk == certified;
        self.pending_user().filter(proved).and_then(|user| user.pk)
    }

    /// The account whose certificate the browser has shown in this plan, while that is the one it
    /// is about.
    #[must_use]
    pub(crate) fn certified_account(&self) -> Option<i64> {
        let certified = self.context.get(key::CERTIFIED)?.as_i64()?;
        self.pending_user().and_then(|user| user.pk).filter(|pk| *pk == certified)
    }

    /// Compares the account that this plan knows by a proof or a link with what it was then.
    /// `false`: it has changed since, and not by this plan.
    pub(crate) fn still_proved(&mut self, now: &Proved) -> bool {
        let by_link = self.restored.as_ref().is_some_and(|link| link.user == now.user);
        let before = self.proved_of.as_ref().is_some_and(|then| then.user == now.user);
        if !by_link && !before && self.proved_account() != Some(now.user) {
            return true;
        }
        let holds = self.proved_of.as_ref().is_none_or(|then| then.holds_for(now));
        if holds {
            self.proved_of = Some(now.clone());
        }
        holds
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

    /// The current step has nothing to ask that the link has not said: it was made for the account
    /// that the plan is about.
    #[must_use]
    pub(crate) fn link_names_account(&self) -> bool {
        let pending = self.pending_user().and_then(|user| user.pk);
        self.restored.as_ref().is_some_and(|link| Some(link.user) == pending)
    }

    /// Adds to what prompts have collected.
    pub(crate) fn add_prompt_data(&mut self, values: Map<String, Value>) {
        match self.context.entry(key::PROMPT_DATA).or_insert(Value::Null) {
            Value::Object(data) => data.extend(values),
            other => *other = Value::Object(values),
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

    fn last(handler: &str) -> Planned {
        Planned::InPlan(InPlan::new(handler, &json!({"a": 1})))
    }

    #[test]
    fn inserted_stages_come_right_after_the_current_one() {
        let mut plan = plan();
        plan.append(last("a"));
        plan.append(last("c"));
        plan.insert_next(last("b"));
        let steps: Vec<_> = std::iter::from_fn(|| plan.pop()).collect();
        assert_eq!(
            steps.iter().map(|step| &step.stage).collect::<Vec<_>>(),
            [&last("a"), &last("b"), &last("c")]
        );
        assert_eq!(steps.iter().map(|step| step.id).collect::<Vec<_>>(), [1, 3, 2]);
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
        plan.add_prompt_data(Map::from_iter([("email".to_owned(), json!("x"))]));
        let read: Plan = serde_json::from_str(&serde_json::to_string(&plan).unwrap()).unwrap();
        assert_eq!(read.steps, plan.steps);
        assert_eq!(read.pending_user(), plan.pending_user());
        assert_eq!(read.context, plan.context);
    }
}
