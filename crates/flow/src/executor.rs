//! One request against a plan: which stage, what it says, what follows.

use countersign_model::{ChoiceValue, FieldErrors};
use serde_json::{Map, Value, json};
use tracing::Instrument as _;

use crate::answer::Answer;
use crate::browser::Browser;
use crate::challenge::{Challenge, FlowError as Failure, Shown};
use crate::error::FlowError;
use crate::keep;
use crate::kinds::{DeniedAction, Flow, FlowStageBinding, InvalidResponseAction};
use crate::measure::Measured;
use crate::plan::{Plan, Planned, key};
use crate::planner::{self, Planning};
use crate::run::Run;
use crate::stages::{self, Step, in_plan};

/// What one request led to.
pub(crate) enum Turned {
    /// Show this; the plan waits.
    Show(Shown),
    /// A stage is done and another waits: come again.
    Next,
    /// Another flow took over: go there.
    Elsewhere { slug: String },
    /// The flow is over: a redirect or a denial.
    End(Challenge),
}

/// The end of a request: what to show, and with what state of browser and plan.
pub(crate) struct Ended {
    pub(crate) run: Run,
    pub(crate) turned: Turned,
    /// The plan waits for another request.
    pub(crate) continues: bool,
}

/// A request to a flow, with the browser's turn taken.
pub(crate) struct Executor {
    pub(crate) run: Run,
    version: Option<u64>,
}

/// What entering a flow gives: the plan, or the end of it.
pub(crate) enum Entered {
    Going(Box<Executor>),
    Over(Box<Ended>),
}

/// Finds the browser's plan for a flow or makes one.
pub(crate) async fn enter(browser: Browser, slug: &str, query: Vec<(String, String)>) -> Result<Entered, FlowError> {
    let flow = planner::by_slug(&browser, slug).ok_or_else(|| FlowError::NoFlow(slug.to_owned()))?;
    let mut hint = keep::hint(&browser).await;
    if let Some(kept) = keep::load(&browser).await {
        if kept.plan.flow == flow {
            let mut run = Run::new(browser, kept.plan, hint);
            run.plan.query = query;
            return Ok(Entered::Going(Box::new(Executor { run, version: Some(kept.version) })));
        }
        // The hint belongs to a sign-in that has not begun: it outlives another flow's plan only then.
        if browser.visitor.user.is_some() {
            keep::drop_hint(&browser).await;
            hint = None;
        }
        keep::drop_plan(&browser).await;
    }
    keep::drop_history(&browser).await;
    match planner::plan(&browser, flow, Map::new(), false).await? {
        Planning::Ready(mut plan) => {
            plan.query = query;
            Ok(Entered::Going(Box::new(Executor { run: Run::new(browser, *plan, hint), version: None })))
        }
        Planning::NotApplicable { messages, mut plan } => {
            plan.query = query;
            Ok(Entered::Over(Box::new(not_applicable(Run::new(browser, *plan, hint), &messages))))
        }
    }
}

/// The flow is not for this browser.
pub(crate) fn not_applicable(mut run: Run, messages: &[String]) -> Ended {
    let action = run.flow().map_or(DeniedAction::Message, |flow: &Flow| flow.denied_action);
    // Only for people signed in: a visitor sent on would be sent back here to sign in, for ever.
    let next = run.plan.query_value("next").filter(|next| is_local(next)).map(str::to_owned).filter(|_| run.browser.visitor.user.is_some());
    let to = match action {
        DeniedAction::Message => None,
        DeniedAction::MessageContinue => next,
        DeniedAction::Continue => Some(next.unwrap_or_else(|| "/".to_owned())),
    };
    if let Some(to) = to {
        return Ended { run, turned: Turned::End(Challenge::Redirect { to }), continues: false };
    }
    let text = if messages.is_empty() { "Flow does not apply to current user.".to_owned() } else { messages.join("\n") };
    run.note("denied", json!({"message": text}));
    keep::write_run(&run.browser.cx, &run.plan, &run.slug(), "denied");
    Ended { run, turned: Turned::End(Challenge::AccessDenied { error_message: text }), continues: false }
}

/// An address on this very server.
pub(crate) fn is_local(url: &str) -> bool {
    url.starts_with('/') && !url.starts_with("//") && !url.contains('\\') && !url.chars().any(char::is_control)
}

impl Executor {
    /// For a plan that was just made by the program, not read.
    pub(crate) fn fresh(run: Run) -> Self {
        Self { run, version: None }
    }

    /// Performs the current stage once: draws it, or takes the answer to it.
    pub(crate) async fn turn(&mut self, answer: Option<&Answer>) -> Result<Turned, FlowError> {
        if !self.reach().await? {
            return Ok(self.done());
        }
        self.run.refresh().await?;
        match self.perform(answer).await? {
            Step::Show(challenge) => {
                self.run.note("shown", Value::Null);
                Ok(Turned::Show(Shown::from(*challenge)))
            }
            Step::Wrong(errors) => self.wrong(errors).await,
            Step::Done => {
                self.run.note("passed", Value::Null);
                keep::remember(&self.run).await?;
                self.run.plan.pop();
                self.run.browser.renew_snapshot();
                Ok(if self.run.plan.stages.is_empty() { self.done() } else { Turned::Next })
            }
            Step::Deny(message) => self.deny(message).await,
            Step::Leave(to) => {
                self.run.note("redirected", json!({"to": without_query(&to)}));
                self.run.plan.stages.clear();
                Ok(Turned::End(Challenge::Redirect { to }))
            }
            Step::Replaced { slug } => Ok(Turned::Elsewhere { slug }),
        }
    }

    /// Runs the stage's behaviour.
    async fn perform(&mut self, answer: Option<&Answer>) -> Result<Step, FlowError> {
        if let Some(Planned::InPlan(stage)) = self.run.plan.current().cloned() {
            return in_plan::step(&mut self.run, &stage, answer).await;
        }
        let Some(entry) = self.run.current_stage() else {
            return Ok(Step::Deny("This stage was deleted while the flow was running.".to_owned()));
        };
        let Some(stage) = stages::behaviour(&entry) else {
            return Ok(Step::Deny(format!("{} is not available in this version.", entry.meta().title)));
        };
        let measured = Measured::begin(entry.meta(), answer.is_some());
        let work = match answer {
            Some(answer) => stage.respond(&mut self.run, answer),
            None => stage.challenge(&mut self.run),
        };
        let step = work.instrument(measured.span.clone()).await;
        measured.end(&step);
        step
    }

    /// Runs a stage other than the current one on an answer, for a page that asks two stages at once.
    pub(crate) async fn answer_earlier(&mut self, stage: countersign_model::Ref<countersign_model::family::Stage>, answer: &Answer) -> Result<Step, FlowError> {
        let entry = self.run.browser.snapshot.member(stage).cloned();
        let behaviour = entry.as_deref().and_then(stages::behaviour);
        match behaviour {
            Some(stage) => stage.respond(&mut self.run, answer).await,
            None => Ok(Step::Deny(String::new())),
        }
    }

    /// Takes stages off whose policies do not want them. `false`: none is left.
    pub(crate) async fn reach(&mut self) -> Result<bool, FlowError> {
        loop {
            let binding = match self.run.plan.current() {
                None => return Ok(false),
                Some(Planned::Bound { binding, again: true, .. }) => *binding,
                Some(_) => return Ok(true),
            };
            let Some(definition) = self.run.browser.snapshot.get(binding).cloned() else {
                self.run.plan.pop();
                continue;
            };
            self.run.refresh().await?;
            let user = self.run.pending_or_session_user();
            let own = binding.key().uuid().unwrap_or_default();
            let decision = planner::ask(&self.run.browser, user.as_ref(), &self.run.plan, own, definition.policy_engine_mode, true).await?;
            if !decision.trace.steps.is_empty() {
                let (name, _) = self.run.current_name();
                self.run.note_policies(&format!("stage {name}"), &decision);
            }
            planner::adopt(&self.run.browser, &mut self.run.plan, &decision).await?;
            if decision.passing {
                return Ok(true);
            }
            self.run.note("skipped", Value::Null);
            self.run.plan.pop();
        }
    }

    async fn wrong(&mut self, errors: FieldErrors) -> Result<Turned, FlowError> {
        self.run.note("invalid", json!({"errors": errors.to_coded_json()}));
        if let Some(how) = self.restarts() {
            return self.restart(how).await;
        }
        match self.perform(None).await? {
            Step::Show(challenge) => Ok(Turned::Show(Shown { challenge: *challenge, errors })),
            Step::Deny(message) => self.deny(message).await,
            _ => Ok(Turned::Next),
        }
    }

    fn restarts(&self) -> Option<InvalidResponseAction> {
        let binding: &FlowStageBinding = self.run.browser.snapshot.get(self.run.current_binding()?)?;
        (binding.invalid_response_action != InvalidResponseAction::Retry).then_some(binding.invalid_response_action)
    }

    async fn restart(&mut self, how: InvalidResponseAction) -> Result<Turned, FlowError> {
        self.run.note("restarted", json!({"how": how.value()}));
        let context = if how == InvalidResponseAction::RestartWithContext { self.run.plan.context.clone() } else { Map::new() };
        let steps = std::mem::take(&mut self.run.plan.recording);
        let (run, query) = (self.run.plan.run, self.run.plan.query.clone());
        match planner::plan(&self.run.browser, self.run.plan.flow, context, false).await? {
            Planning::Ready(plan) => {
                self.run.plan = Plan { run, query, recording: steps, ..*plan };
                Ok(Turned::Next)
            }
            Planning::NotApplicable { messages, .. } => {
                self.run.plan.stages.clear();
                let text = if messages.is_empty() { "Flow does not apply to current user.".to_owned() } else { messages.join("\n") };
                Ok(Turned::End(Challenge::AccessDenied { error_message: text }))
            }
        }
    }

    pub(crate) async fn deny(&mut self, message: String) -> Result<Turned, FlowError> {
        let text = if message.is_empty() { "Unknown error".to_owned() } else { message };
        if let Some(how) = self.restarts() {
            return self.restart(how).await;
        }
        self.run.note("denied", json!({"message": text}));
        self.run.plan.stages.clear();
        Ok(Turned::End(Challenge::AccessDenied { error_message: text }))
    }

    fn done(&mut self) -> Turned {
        self.run.plan.stages.clear();
        if let Some(to) = self.run.plan.text(key::REDIRECT).map(str::to_owned) {
            return Turned::End(Challenge::Redirect { to });
        }
        let next = self.run.plan.query_value("next").unwrap_or("/");
        // Names of the original's own pages that its clients may send.
        let next = match next {
            "authentik_core:root-redirect" => "/",
            "authentik_core:if-user" => "/if/user/",
            "authentik_core:if-admin" => "/if/admin/",
            other => other,
        };
        if is_local(next) {
            return Turned::End(Challenge::Redirect { to: next.to_owned() });
        }
        self.run.note("denied", json!({"message": "Invalid next URL"}));
        Turned::End(Challenge::AccessDenied { error_message: "Invalid next URL".to_owned() })
    }

    /// Keeps what has to be kept and hands everything over.
    pub(crate) async fn finish(self, turned: Turned, answered: bool) -> Result<Ended, FlowError> {
        let Executor { run, version } = self;
        let continues = match &turned {
            Turned::Show(_) | Turned::Next | Turned::Elsewhere { .. } => true,
            Turned::End(_) => false,
        };
        let slug = run.slug();
        if continues {
            // After signing in or out the plan lives under another key, where nothing was before.
            let seen = version.filter(|_| !run.browser.key_changed());
            let kept =
                if seen.is_some() { keep::save(&run.browser, &run.plan, seen).await? } else { keep::put(&run.browser, &run.plan).await.map(|()| true)? };
            if !kept {
                // Another request was faster: what it left is shown next.
                return Ok(Ended { run, turned: Turned::Next, continues: true });
            }
            if answered {
                keep::write_run(&run.browser.cx, &run.plan, &slug, "running");
            }
        } else {
            keep::drop_plan(&run.browser).await;
            keep::drop_hint(&run.browser).await;
            let outcome = if matches!(turned, Turned::End(Challenge::AccessDenied { .. })) { "denied" } else { "done" };
            keep::write_run(&run.browser.cx, &run.plan, &slug, outcome);
        }
        if let Some(old) = run.browser.former_key() {
            keep::forget(&run.browser.cx, old).await;
        }
        Ok(Ended { run, turned, continues })
    }
}

/// Something broke: logged and recorded, shown in full only to those who may see it.
pub(crate) async fn failure(browser: &Browser, error: &FlowError) -> Challenge {
    let shown = browser.sees_errors().then(|| error.to_string());
    let challenge = Challenge::FlowError(Failure { request_id: browser.request.id.clone(), error: shown.clone(), traceback: shown });
    if matches!(error, FlowError::Request(_)) {
        return challenge;
    }
    tracing::error!(%error, request = browser.request.id, "a flow failed");
    let event = countersign_events::Event::new("system_exception", "authentik.flows", json!({"message": error.to_string()}));
    event.write(&browser.cx, browser.actor()).await;
    challenge
}

/// Addresses are recorded without what may be secret in them.
fn without_query(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_this_server_are_local() {
        for url in ["/", "/if/user/", "/application/o/authorize/?a=b&c=https://x"] {
            assert!(is_local(url), "{url}");
        }
        for url in ["", "//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "/a\n", "if/user"] {
            assert!(!is_local(url), "{url}");
        }
    }
}
