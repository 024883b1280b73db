//! One request against a plan: which stage, what it says, what follows.

use countersign_model::{ChoiceValue, FieldErrors, Problem, Ref};
use serde_json::{Map, Value, json};
use tracing::Instrument as _;

use crate::answer::Answer;
use crate::browser::Browser;
use crate::challenge::{Challenge, FlowError as Failure, Shown};
use crate::destination::{self, ApplicationHint};
use crate::error::FlowError;
use crate::keep;
use crate::kinds::{DeniedAction, Flow, FlowStageBinding, InvalidResponseAction};
use crate::measure::Measured;
use crate::plan::{Origin, Plan, Planned, key};
use crate::planner::{self, Planning};
use crate::record;
use crate::recovery::{self, FLOW_TOKEN};
use crate::run::Run;
use crate::stages::{Stage, Step, in_plan};

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
    /// The version of the plan that was kept; `None` while none is.
    version: Option<u64>,
    /// Slug of the flow that was asked for.
    entered: String,
    /// What had been proved before this request.
    proofs: String,
}

/// Stages passed without a page in one request; more is a loop.
const MOST_TURNS: usize = 30;
/// Name in the query: the flow that led to this one before anything was answered, and so before
/// anything was kept.
const VIA: &str = "via";

/// Where a plan has got to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reached {
    /// A stage is to be performed.
    Stage,
    /// None is left.
    End,
    /// The plan is not what planning it now would give.
    Outdated,
    /// The account the plan is about was deleted.
    AccountGone,
    /// What decides about the next stage was deleted or fails: whether it is needed is not known.
    Undecided,
}

/// What a person reads when [`Reached::Undecided`]; which rule it was stands in the recording.
pub(crate) const UNDECIDED: &str = "A rule that decides about this step failed or was deleted. Ask an administrator to look at it.";

/// What entering a flow gives: the plan, or the end of it.
pub(crate) enum Entered {
    Going(Box<Executor>),
    Over(Box<Ended>),
}

/// Finds the browser's plan for a flow or makes one.
pub(crate) async fn enter(
    mut browser: Browser,
    slug: &str,
    mut query: Vec<(String, String)>,
) -> Result<Entered, FlowError> {
    let flow =
        planner::by_slug(&browser, slug).ok_or_else(|| FlowError::NoFlow(slug.to_owned()))?;
    // Clients of the API spend a link by coming with it; pages have a button for it. One that is
    // not good says nothing.
    if let Some(at) = query.iter().position(|(name, _)| name == FLOW_TOKEN) {
        let (_, link) = query.remove(at);
        if browser.request.method != http::Method::HEAD {
            recovery::restore(&mut browser, flow, &link).await?;
        }
    }
    let hint = destination::application(&browser.cx, &query);
    if let Some(kept) = keep::load(&browser).await? {
        if kept.plan.flow == flow {
            let mut run = Run::new(browser, kept.plan, hint);
            run.plan.query = query;
            let mut executor = Executor::fresh(run);
            executor.version = Some(kept.version);
            return Ok(Entered::Going(Box::new(executor)));
        }
        keep::drop_plan(&browser).await;
    }
    if browser.is_superuser() {
        keep::drop_history(&browser).await;
    }
    let browser = match led_here(browser, flow, &query, hint.clone()).await? {
        Ok(executor) => return Ok(Entered::Going(Box::new(executor))),
        Err(browser) => browser,
    };
    match planner::plan(&browser, flow, Map::new(), false).await? {
        Planning::Ready(plan) => Ok(Entered::Going(Box::new(visited(browser, *plan, query, hint)))),
        Planning::NotApplicable { messages, mut plan } => {
            plan.query = query;
            let run = Run::new(browser, *plan, hint);
            Ok(Entered::Over(Box::new(not_applicable(run, &messages).await)))
        }
    }
}

fn visited(
    browser: Browser,
    plan: Plan,
    query: Vec<(String, String)>,
    hint: Option<ApplicationHint>,
) -> Executor {
    Executor::fresh(Run::new(browser, Plan { origin: Origin::Visit, query, ..plan }, hint))
}

/// For an address that another flow led to: goes through that one again, if it still leads here.
async fn led_here(
    browser: Browser,
    flow: Ref<Flow>,
    query: &[(String, String)],
    hint: Option<ApplicationHint>,
) -> Result<Result<Executor, Browser>, FlowError> {
    let via = query
        .iter()
        .rev()
        .find(|(name, _)| name == VIA)
        .and_then(|(_, slug)| planner::by_slug(&browser, slug));
    let Some(via) = via.filter(|via| *via != flow) else { return Ok(Err(browser)) };
    let Planning::Ready(plan) = planner::plan(&browser, via, Map::new(), false).await? else {
        return Ok(Err(browser));
    };
    let mut executor = visited(browser, *plan, query.to_vec(), hint);
    for _ in 0..MOST_TURNS {
        match executor.turn(None).await? {
            Turned::Elsewhere { slug } if executor.run.plan.flow == flow => {
                executor.entered = slug;
                return Ok(Ok(executor));
            }
            Turned::Next | Turned::Elsewhere { .. } => {}
            Turned::Show(_) | Turned::End(_) => break,
        }
    }
    Ok(Err(executor.run.browser))
}

/// The flow is not for this browser.
pub(crate) async fn not_applicable(mut run: Run, messages: &[String]) -> Ended {
    let action = run.flow().map_or(DeniedAction::Message, |flow: &Flow| flow.denied_action);
    // Only for people signed in: a visitor sent on would be sent back here to sign in, for ever.
    let next = run
        .plan
        .query_value("next")
        .filter(|next| is_local(next))
        .map(str::to_owned)
        .filter(|_| run.browser.visitor.user.is_some());
    let to = match action {
        DeniedAction::Message => None,
        DeniedAction::MessageContinue => next,
        DeniedAction::Continue => Some(next.unwrap_or_else(|| "/".to_owned())),
    };
    if let Some(to) = to {
        return Ended { run, turned: Turned::End(Challenge::Redirect { to }), continues: false };
    }
    let text = if messages.is_empty() {
        "Flow does not apply to current user.".to_owned()
    } else {
        messages.join("\n")
    };
    run.note("denied", json!({"message": text}));
    record::write(&run.browser, &run.plan, &run.slug(), "denied").await;
    Ended {
        run,
        turned: Turned::End(Challenge::AccessDenied { error_message: text }),
        continues: false,
    }
}

/// An address on this very server.
pub(crate) fn is_local(url: &str) -> bool {
    url.starts_with('/')
        && !url.starts_with("//")
        && !url.contains('\\')
        && !url.chars().any(char::is_control)
}

impl Executor {
    /// For a plan that was just made by the program, not read.
    pub(crate) fn fresh(run: Run) -> Self {
        let (entered, proofs) = (run.slug(), run.plan.proofs());
        Self { run, version: None, entered, proofs }
    }

    /// Whether the plan is kept when this request is over. A visitor who has not answered anything
    /// leaves nothing behind: the next request plans anew.
    pub(crate) fn keeps(&self, answered: bool) -> bool {
        answered
            || self.version.is_some()
            || self.run.browser.user_pk().is_some()
            || self.run.browser.key_changed()
    }

    /// Goes on through stages that ask nothing, until something is to be shown or the flow is over.
    pub(crate) async fn settle(&mut self, mut turned: Turned) -> Result<Turned, FlowError> {
        for _ in 0..MOST_TURNS {
            if !matches!(turned, Turned::Next) {
                return Ok(turned);
            }
            turned = self.turn(None).await?;
        }
        Ok(match turned {
            Turned::Next => self.refuse("This flow goes round in a circle."),
            other => other,
        })
    }

    /// Brings a plan that was made just now to its first question, which is the one the browser
    /// answers. Whatever else it comes to is what this request ends in.
    pub(crate) async fn arrive(&mut self) -> Result<Option<Turned>, FlowError> {
        if self.version.is_some() {
            return Ok(None);
        }
        let turned = self.turn(None).await?;
        Ok(match self.settle(turned).await? {
            Turned::Show(_) => None,
            other => Some(other),
        })
    }

    /// Performs the current stage once: draws it, or takes the answer to it.
    pub(crate) async fn turn(&mut self, answer: Option<&Answer>) -> Result<Turned, FlowError> {
        match self.reach().await? {
            Reached::Stage => {}
            Reached::End => return Ok(self.done()),
            Reached::Outdated => return self.begin_anew(answer.is_some()).await,
            Reached::AccountGone => return Ok(self.refuse("This account does not exist any more.")),
            Reached::Undecided => return Ok(self.refuse(UNDECIDED)),
        }
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
        let Some(stage) = entry.facet::<dyn Stage>() else {
            return Ok(Step::Deny(format!(
                "{} is not available in this version.",
                entry.meta().title
            )));
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

    /// Runs a stage other than the current one on an answer, for a page that asks two stages at
    /// once.
    pub(crate) async fn answer_earlier(
        &mut self,
        stage: Ref<dyn Stage>,
        answer: &Answer,
    ) -> Result<Step, FlowError> {
        let entry = self.run.browser.snapshot.member(stage).cloned();
        match entry.as_ref().and_then(|entry| entry.facet::<dyn Stage>()) {
            Some(stage) => stage.respond(&mut self.run, answer).await,
            None => Ok(Step::Deny(String::new())),
        }
    }

    /// Takes stages off whose policies do not want them, and only those: what is gone or has
    /// changed ends the plan.
    pub(crate) async fn reach(&mut self) -> Result<Reached, FlowError> {
        loop {
            if !planner::still_holds(&self.run.browser.snapshot, &self.run.plan) {
                return Ok(Reached::Outdated);
            }
            self.run.refresh().await?;
            if self.run.pending_is_gone() {
                return Ok(Reached::AccountGone);
            }
            let binding = match self.run.plan.current() {
                None => return Ok(Reached::End),
                Some(Planned::Bound { binding, again: true, .. }) => *binding,
                Some(_) => return Ok(Reached::Stage),
            };
            let Some(definition) = self.run.browser.snapshot.get(binding).cloned() else {
                return Ok(Reached::Outdated);
            };
            let user = self.run.pending_or_session_user();
            let own = binding.key().uuid().unwrap_or_default();
            let decision = planner::ask(
                &self.run.browser,
                user.as_ref(),
                &self.run.plan,
                own,
                definition.policy_engine_mode,
                true,
            )
            .await?;
            if !decision.trace.steps.is_empty() {
                let (name, _) = self.run.current_name();
                self.run.note_policies(&format!("stage {name}"), &decision);
            }
            planner::adopt(&self.run.browser, &mut self.run.plan, &decision).await?;
            if decision.passing {
                self.run.refresh().await?;
                return Ok(if self.run.pending_is_gone() {
                    Reached::AccountGone
                } else {
                    Reached::Stage
                });
            }
            if decision.undecided {
                return Ok(Reached::Undecided);
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
        let binding: &FlowStageBinding =
            self.run.browser.snapshot.get(self.run.current_binding()?)?;
        (binding.invalid_response_action != InvalidResponseAction::Retry)
            .then_some(binding.invalid_response_action)
    }

    async fn restart(&mut self, how: InvalidResponseAction) -> Result<Turned, FlowError> {
        self.run.note("restarted", json!({"how": how.value()}));
        let context = if how == InvalidResponseAction::RestartWithContext {
            self.run.plan.context.clone()
        } else {
            Map::new()
        };
        let steps = std::mem::take(&mut self.run.plan.recording);
        let (run, origin, query, asked_at) = (
            self.run.plan.run,
            self.run.plan.origin,
            self.run.plan.query.clone(),
            self.run.plan.asked_at.clone(),
        );
        match planner::plan(&self.run.browser, self.run.plan.flow, context, false).await? {
            Planning::Ready(plan) => {
                self.run.plan = Plan { run, origin, query, asked_at, recording: steps, ..*plan };
                Ok(Turned::Next)
            }
            Planning::NotApplicable { messages, .. } => {
                self.run.plan.stages.clear();
                let text = if messages.is_empty() {
                    "Flow does not apply to current user.".to_owned()
                } else {
                    messages.join("\n")
                };
                Ok(Turned::End(Challenge::AccessDenied { error_message: text }))
            }
        }
    }

    /// The flow, a binding, a stage or a policy is gone or has changed since the plan was made:
    /// nothing that was reached in it counts.
    async fn begin_anew(&mut self, answering: bool) -> Result<Turned, FlowError> {
        self.run.note("outdated", Value::Null);
        if self.run.plan.origin == Origin::Program {
            return Ok(self.refuse("This was changed by an administrator while you were in it. Go back to where you came from and begin again."));
        }
        let turned = self.restart(InvalidResponseAction::Restart).await?;
        if !answering || !matches!(turned, Turned::Next) {
            return Ok(turned);
        }
        // The answer was to another question.
        Ok(match Box::pin(self.turn(None)).await? {
            Turned::Show(shown) => {
                let text = "This was changed by an administrator while you were in it. Please begin again.";
                Turned::Show(Shown {
                    errors: FieldErrors::object(Problem::new("outdated", text)),
                    ..shown
                })
            }
            other => other,
        })
    }

    /// Ends the plan with a refusal.
    fn refuse(&mut self, message: &str) -> Turned {
        self.run.note("denied", json!({"message": message}));
        self.run.plan.stages.clear();
        Turned::End(Challenge::AccessDenied { error_message: message.to_owned() })
    }

    pub(crate) async fn deny(&mut self, message: String) -> Result<Turned, FlowError> {
        let text = if message.is_empty() { "Unknown error".to_owned() } else { message };
        if let Some(how) = self.restarts() {
            return self.restart(how).await;
        }
        Ok(self.refuse(&text))
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
        self.refuse("Invalid next URL")
    }

    /// Keeps what has to be kept and hands everything over.
    pub(crate) async fn finish(self, turned: Turned, answered: bool) -> Result<Ended, FlowError> {
        let keeps = self.keeps(answered);
        let Executor { mut run, version, entered, proofs } = self;
        if answered && !run.plan.recording.answered {
            run.plan.recording.answered = true;
            run.plan.recording.admitted = record::admits(&run.browser, &run.plan).await;
        }
        let (continues, slug) = (!matches!(turned, Turned::End(_)), run.slug());
        if !continues {
            if version.is_some() {
                keep::drop_plan(&run.browser).await;
            }
            let outcome = if matches!(turned, Turned::End(Challenge::AccessDenied { .. })) {
                "denied"
            } else {
                "done"
            };
            record::write(&run.browser, &run.plan, &slug, outcome).await;
        } else if !keeps {
            if matches!(turned, Turned::Elsewhere { .. }) && run.plan.query_value(VIA).is_none() {
                run.plan.query.push((VIA.to_owned(), entered));
            }
        } else {
            let moved = run.browser.key_changed();
            // Whoever knew the browser's key before something was proved must not share in it.
            let renews = !moved
                && run.browser.user_pk().is_none()
                && !run.plan.proofs().is_empty()
                && run.plan.proofs() != proofs;
            if let Some(seen) = version.filter(|_| !moved) {
                let first = if renews {
                    keep::retire(&run.browser, seen).await?
                } else {
                    keep::save(&run.browser, &run.plan, seen).await?
                };
                if !first {
                    // Another request was faster: what it left is shown next.
                    return Ok(Ended { run, turned: Turned::Next, continues: true });
                }
            }
            if renews {
                run.browser.renew_key();
            }
            // Under another key nothing was before.
            if version.is_none() || run.browser.key_changed() {
                keep::put(&run.browser, &run.plan).await?;
            }
            if answered {
                record::write(&run.browser, &run.plan, &slug, "running").await;
            }
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
    let challenge = Challenge::FlowError(Failure {
        request_id: browser.request.id.clone(),
        error: shown.clone(),
        traceback: shown,
    });
    if matches!(error, FlowError::Request(_)) {
        return challenge;
    }
    tracing::error!(%error, request = browser.request.id, "a flow failed");
    let event = countersign_events::Event::new(
        "system_exception",
        "authentik.flows",
        json!({"message": error.to_string()}),
    );
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
        for url in [
            "",
            "//evil.example",
            "https://evil.example",
            "/\\evil.example",
            "javascript:alert(1)",
            "/a\n",
            "if/user",
        ] {
            assert!(!is_local(url), "{url}");
        }
    }
}
