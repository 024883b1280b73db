//! One request against a plan: which stage, what it says, what follows.

use std::collections::BTreeMap;

use countersign_core::Permission;
use countersign_model::{ChoiceValue, FieldErrors, Problem, Ref};
use countersign_pages::AnyPage;
use serde_json::{Map, Value, json};
use tracing::Instrument as _;

use crate::answer::Answer;
use crate::browser::Browser;
use crate::destination::{self, ApplicationHint};
use crate::error::FlowError;
use crate::in_plan;
use crate::kinds::{DeniedAction, Flow, FlowStageBinding, InvalidResponseAction};
use crate::measure::StageTimer;
use crate::pages::{FlowErrorChallenge, NOT_APPLICABLE};
use crate::plan::{Origin, Plan, Planned, PlannedStep, key};
use crate::plan_store;
use crate::planner::{self, Approach, Planning};
use crate::record;
use crate::recovery::{self, FLOW_TOKEN};
use crate::run::Run;
use crate::signed_out::Onward;
use crate::source::{self, Ticket};
use crate::stage::{AnyStage, Step};

/// What one request led to.
pub(crate) enum Reply {
    /// Show this; the plan waits.
    Show(Shown),
    /// A stage is done and another waits: come again.
    Next,
    /// Another flow took over: go there.
    SwitchFlow { slug: String },
    /// The flow is over: go to this address.
    Redirect(String),
    /// The flow is over, with the reason for the person.
    Denied(String),
}

/// A page, with what was wrong with the answer before.
pub(crate) struct Shown {
    pub(crate) page: Box<dyn AnyPage>,
    pub(crate) errors: FieldErrors,
}

/// The end of a request: what to show, and with what state of browser and plan.
pub(crate) struct Finished {
    pub(crate) run: Run,
    pub(crate) reply: Reply,
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
/// What a page shows again of an answer, in bytes.
const LARGEST_TYPED: usize = 8 * 1024;
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

/// A flow that waited for a source does so no more, or it is about somebody else.
const NOT_WAITING: &str =
    "What you were doing has ended meanwhile, or is about another account. Begin again.";

/// Why a plan is begun anew.
const CHANGED: &str = "This was changed by an administrator while you were in it.";
const UPDATED: &str = "The server was updated while you were in this.";

/// What entering a flow gives: the plan, or the end of it.
pub(crate) enum Entrance {
    Running(Box<Executor>),
    Finished(Box<Finished>),
}

/// Finds the browser's plan for a flow or makes one.
pub(crate) async fn enter(
    mut browser: Browser,
    slug: &str,
    mut query: Vec<(String, String)>,
) -> Result<Entrance, FlowError> {
    let flow =
        planner::by_slug(&browser, slug).ok_or_else(|| FlowError::NoFlow(slug.to_owned()))?;
    // Clients of the API spend a link by coming with it; pages have a button for it. One that is
    // not good says nothing.
    if let Some(at) = query.iter().position(|(name, _)| name == FLOW_TOKEN) {
        let (_, link) = query.remove(at);
        recovery::restore(&mut browser, flow, &link).await?;
    }
    let hint = destination::application(&browser.cx, &query);
    if let Some(kept) = plan_store::load(&browser).await? {
        if kept.plan.flow == flow {
            let mut run = Run::new(browser, kept.plan, hint);
            run.plan.query = query;
            run.is_kept = true;
            let mut executor = Executor::fresh(run);
            executor.version = Some(kept.version);
            return Ok(Entrance::Running(Box::new(executor)));
        }
        plan_store::drop_plan(&browser).await;
    }
    if browser.may(Permission::INSPECT_FLOW) {
        plan_store::drop_history(&browser).await;
    }
    let browser = match led_here(browser, flow, &query, hint.clone()).await? {
        Ok(executor) => return Ok(Entrance::Running(Box::new(executor))),
        Err(browser) => browser,
    };
    match planner::plan(&browser, flow, Map::new(), Approach::Direct).await? {
        Planning::Ready(plan) => {
            Ok(Entrance::Running(Box::new(visited(browser, *plan, query, hint))))
        }
        Planning::NotApplicable { messages, mut plan } => {
            plan.query = query;
            let run = Run::new(browser, *plan, hint);
            Ok(Entrance::Finished(Box::new(not_applicable(run, &messages).await)))
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
    let Planning::Ready(plan) = planner::plan(&browser, via, Map::new(), Approach::Direct).await?
    else {
        return Ok(Err(browser));
    };
    let mut executor = visited(browser, *plan, query.to_vec(), hint);
    for _ in 0..MOST_TURNS {
        match executor.turn(None).await? {
            Reply::SwitchFlow { slug } if executor.run.plan.flow == flow => {
                executor.entered = slug;
                return Ok(Ok(executor));
            }
            Reply::Next | Reply::SwitchFlow { .. } => {}
            Reply::Show(_) | Reply::Redirect(_) | Reply::Denied(_) => break,
        }
    }
    Ok(Err(executor.run.browser))
}

/// The flow is not for this browser.
pub(crate) async fn not_applicable(mut run: Run, messages: &[String]) -> Finished {
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
        return Finished { run, reply: Reply::Redirect(to), continues: false };
    }
    let text = reason(messages);
    run.note("denied", json!({"message": text}));
    let slug = run.slug();
    if let Some(noted) = record::note(&run.browser, &mut run.plan, &slug, "denied") {
        record::keep(&run.browser, noted).await;
    }
    Finished { run, reply: Reply::Denied(text), continues: false }
}

/// What policies said, or that the flow is for others.
fn reason(messages: &[String]) -> String {
    if messages.is_empty() { NOT_APPLICABLE.to_owned() } else { messages.join("\n") }
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
    pub(crate) async fn settle(&mut self, mut reply: Reply) -> Result<Reply, FlowError> {
        for _ in 0..MOST_TURNS {
            if !matches!(reply, Reply::Next) {
                return Ok(reply);
            }
            reply = self.turn(None).await?;
        }
        Ok(match reply {
            Reply::Next => self.refuse("This flow goes round in a circle."),
            other => other,
        })
    }

    /// Brings a plan that was made just now to its first question, which is the one the browser
    /// answers. Whatever else it comes to is what this request ends in.
    pub(crate) async fn arrive(&mut self) -> Result<Option<Reply>, FlowError> {
        if self.version.is_some() {
            return Ok(None);
        }
        let reply = self.turn(None).await?;
        Ok(match self.settle(reply).await? {
            Reply::Show(_) => None,
            other => Some(other),
        })
    }

    /// Performs the current stage once: draws it, or takes the answer to it.
    pub(crate) async fn turn(&mut self, answer: Option<&Answer>) -> Result<Reply, FlowError> {
        match self.reach().await? {
            Reached::Stage => self.act(answer, None).await,
            Reached::End => self.done().await,
            Reached::Outdated => self.begin_anew(answer.is_some(), CHANGED).await,
            Reached::AccountGone => Ok(self.refuse("This account does not exist any more.")),
            Reached::Undecided => Ok(self.refuse(UNDECIDED)),
        }
    }

    /// As [`Executor::turn`], at a stage that is known to be wanted. `asker`: the step whose page
    /// has asked for this answer, where it was not this one.
    async fn act(
        &mut self,
        answer: Option<&Answer>,
        asker: Option<PlannedStep>,
    ) -> Result<Reply, FlowError> {
        let before = answer.map(|_| self.run.plan.context.clone());
        let step = match self.perform(answer).await {
            Err(FlowError::Unreadable) => return self.begin_anew(answer.is_some(), UPDATED).await,
            step => step?,
        };
        // A refused answer leaves nothing behind but what the stage notes for itself: whom it names,
        // for one, is not known by it, and policies must not see it.
        if let (Step::Invalid(_), Some(before)) = (&step, before) {
            self.run.plan.context = before;
        }
        let handed_on = self.run.handed_on.take();
        match step {
            Step::Show(page) => {
                self.run.note("shown", Value::Null);
                Ok(Reply::Show(Shown { page, errors: FieldErrors::new() }))
            }
            Step::Invalid(errors) => self.invalid(errors, answer, asker).await,
            Step::Done => self.next(handed_on).await,
            Step::Deny(message) => self.deny(message).await,
            Step::Redirect(to) => {
                self.run.note("redirected", json!({"to": without_query(&to)}));
                self.run.plan.steps.clear();
                Ok(Reply::Redirect(to))
            }
            Step::SwitchFlow { flow, keeps_context } => self.switch(flow, keeps_context).await,
            Step::Resume(ticket) => self.resume(&ticket).await,
        }
    }

    /// Runs the stage's behaviour.
    async fn perform(&mut self, answer: Option<&Answer>) -> Result<Step, FlowError> {
        let Some(step) = self.run.plan.current() else { return Ok(Step::Done) };
        let (id, mut state) = (step.id, step.state.clone());
        let step = match step.stage.clone() {
            Planned::InPlan(planned) => {
                let stage = in_plan::stage(&self.run, &planned)?;
                let step = stage.perform(&mut self.run, &mut state, answer).await?;
                declared(&*stage, step)
            }
            Planned::Bound { .. } => {
                let Some(entry) = self.run.current_stage() else {
                    return Ok(Step::deny("This stage was deleted while the flow was running."));
                };
                let Some(stage) = entry.facet::<dyn AnyStage>() else {
                    return Ok(Step::deny(format!(
                        "{} is not available in this version.",
                        entry.meta().title
                    )));
                };
                let measured = StageTimer::begin(entry.meta(), answer.is_some());
                let work = stage.perform(&mut self.run, &mut state, answer);
                let step = work.instrument(measured.span.clone()).await;
                measured.end(&step);
                declared(stage, step?)
            }
        };
        if let Some(step) = self.run.plan.step_mut(id) {
            step.state = state;
        }
        Ok(step)
    }

    /// The current stage is done. An answer that it handed on is given to the next, if the policies
    /// want that one; otherwise it is dropped.
    async fn next(&mut self, handed_on: Option<Answer>) -> Result<Reply, FlowError> {
        self.run.note("passed", Value::Null);
        plan_store::remember(&self.run).await?;
        let asker = self.run.plan.pop();
        self.run.browser.renew_snapshot();
        let Some(next) = self.run.plan.current().map(|step| step.id) else {
            return self.done().await;
        };
        let Some(answer) = handed_on else { return Ok(Reply::Next) };
        if self.reach().await? != Reached::Stage
            || self.run.plan.current().map(|step| step.id) != Some(next)
        {
            return Ok(Reply::Next);
        }
        Box::pin(self.act(Some(&answer), asker)).await
    }

    /// Puts another flow in place of this one.
    async fn switch(&mut self, flow: Ref<Flow>, keeps_context: bool) -> Result<Reply, FlowError> {
        let earlier = &self.run.plan;
        let mut context = if keeps_context { earlier.context.clone() } else { Map::new() };
        let from = json!({"pk": earlier.flow.key().to_json(), "slug": self.run.slug()});
        context.insert(key::IS_REDIRECTED.to_owned(), from);
        context.remove(key::REDIRECT_STAGE_TARGET);
        match planner::plan(&self.run.browser, flow, context, Approach::Redirected).await? {
            Planning::Ready(plan) => {
                let mut plan = *plan;
                if keeps_context {
                    plan.vouched_for_by(&self.run.plan);
                }
                let (query, begun) =
                    (std::mem::take(&mut self.run.plan.query), self.run.plan.begun);
                self.run.plan = Plan { begun, query, ..plan };
                Ok(Reply::SwitchFlow { slug: self.run.slug() })
            }
            Planning::NotApplicable { .. } => self.deny(NOT_APPLICABLE.to_owned()).await,
        }
    }

    /// Goes on with the flow that waits, which is about whoever this one has found.
    async fn resume(&mut self, ticket: &Ticket) -> Result<Reply, FlowError> {
        let run = &self.run;
        let who = run.plan.pending_user().or_else(|| run.browser.pending()).unwrap_or_default();
        let Some(plan) = source::take_up(&run.browser, ticket, &who, &run.plan).await else {
            return Ok(self.refuse(NOT_WAITING));
        };
        self.run.note("passed", Value::Null);
        let slug = self.run.browser.snapshot.get(plan.flow).map(|flow| flow.slug.to_string());
        self.run.plan = plan;
        Ok(Reply::SwitchFlow { slug: slug.unwrap_or_default() })
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
            if !self.run.still_proved() {
                return Ok(Reached::Outdated);
            }
            let binding = match self.run.plan.current().map(|step| &step.stage) {
                None => return Ok(Reached::End),
                Some(Planned::Bound { binding, re_evaluate: true, .. }) => *binding,
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

    async fn invalid(
        &mut self,
        errors: FieldErrors,
        answer: Option<&Answer>,
        asker: Option<PlannedStep>,
    ) -> Result<Reply, FlowError> {
        self.run.note("invalid", json!({"errors": errors.to_coded_json()}));
        if let Some(how) = self.restarts() {
            return self.restart(how).await;
        }
        if let Some(asker) = asker {
            self.run.plan.steps.insert(0, asker);
        }
        match self.perform(None).await? {
            Step::Show(page) => {
                if let (Some(step), Some(answer)) = (self.run.plan.steps.first_mut(), answer) {
                    step.typed = typed(&*page, answer);
                }
                Ok(Reply::Show(Shown { page, errors }))
            }
            Step::Deny(message) => self.deny(message).await,
            _ => Ok(Reply::Next),
        }
    }

    fn restarts(&self) -> Option<InvalidResponseAction> {
        let binding: &FlowStageBinding =
            self.run.browser.snapshot.get(self.run.current_binding()?)?;
        (binding.invalid_response_action != InvalidResponseAction::Retry)
            .then_some(binding.invalid_response_action)
    }

    async fn restart(&mut self, how: InvalidResponseAction) -> Result<Reply, FlowError> {
        self.run.note("restarted", json!({"how": how.value()}));
        let keeps_context = how == InvalidResponseAction::RestartWithContext;
        let context = if keeps_context { self.run.plan.context.clone() } else { Map::new() };
        match planner::plan(&self.run.browser, self.run.plan.flow, context, Approach::Direct)
            .await?
        {
            Planning::Ready(plan) => {
                let earlier = std::mem::replace(&mut self.run.plan, *plan);
                if keeps_context {
                    self.run.plan.vouched_for_by(&earlier);
                }
                self.run.plan.follow(earlier);
                Ok(Reply::Next)
            }
            Planning::NotApplicable { messages, .. } => {
                self.run.plan.steps.clear();
                Ok(Reply::Denied(reason(&messages)))
            }
        }
    }

    /// The flow, a binding, a stage or a policy is gone or has changed since the plan was made:
    /// nothing that was reached in it counts.
    async fn begin_anew(&mut self, answering: bool, why: &str) -> Result<Reply, FlowError> {
        self.run.note("outdated", json!({"message": why}));
        if self.run.plan.origin == Origin::Program {
            return Ok(
                self.refuse(&format!("{why} Go back to where you came from and begin again."))
            );
        }
        let reply = self.restart(InvalidResponseAction::Restart).await?;
        if !answering || !matches!(reply, Reply::Next) {
            return Ok(reply);
        }
        // The answer was to another question.
        Ok(match Box::pin(self.turn(None)).await? {
            Reply::Show(shown) => {
                let problem = Problem::new("outdated", format!("{why} Please begin again."));
                Reply::Show(Shown { errors: FieldErrors::object(problem), ..shown })
            }
            other => other,
        })
    }

    /// Ends the plan with a refusal.
    pub(crate) fn refuse(&mut self, message: &str) -> Reply {
        self.run.note("denied", json!({"message": message}));
        self.run.plan.steps.clear();
        Reply::Denied(message.to_owned())
    }

    pub(crate) async fn deny(&mut self, message: String) -> Result<Reply, FlowError> {
        let text = if message.is_empty() { "Unknown error".to_owned() } else { message };
        if let Some(how) = self.restarts() {
            return self.restart(how).await;
        }
        Ok(self.refuse(&text))
    }

    /// The end: where the plan leads, by the page that notifies applications of ended sessions.
    async fn done(&mut self) -> Result<Reply, FlowError> {
        self.run.plan.steps.clear();
        let to = match self.destination() {
            Reply::Redirect(to) => to,
            other => return Ok(other),
        };
        let onward = if to == "/" { Onward::Start } else { Onward::Address(to) };
        match self.run.leave(onward).await? {
            Step::Redirect(to) => Ok(Reply::Redirect(to)),
            _ => Ok(Reply::Redirect("/".to_owned())),
        }
    }

    fn destination(&mut self) -> Reply {
        if let Some(to) = self.run.plan.text(key::REDIRECT).map(str::to_owned) {
            return Reply::Redirect(to);
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
            return Reply::Redirect(next.to_owned());
        }
        self.refuse("Invalid next URL")
    }

    /// Keeps what has to be kept and hands everything over.
    pub(crate) async fn finish(self, reply: Reply, answered: bool) -> Result<Finished, FlowError> {
        let keeps = self.keeps(answered);
        let Executor { mut run, version, entered, proofs } = self;
        if answered && !run.plan.recording.answered {
            run.plan.recording.answered = true;
            run.plan.recording.admitted = record::admits(&run.browser, &run.plan).await;
        }
        let (slug, outcome) = (run.slug(), outcome(&reply));
        let continues = outcome == RUNNING;
        // Before the plan is kept: it need not hold what is written.
        let noted = if answered || !continues {
            record::note(&run.browser, &mut run.plan, &slug, outcome)
        } else {
            run.plan.recording.wait();
            None
        };
        if !continues {
            if version.is_some() {
                plan_store::drop_plan(&run.browser).await;
            }
        } else if !keeps {
            if matches!(reply, Reply::SwitchFlow { .. }) && run.plan.query_value(VIA).is_none() {
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
                    plan_store::retire(&run.browser, seen).await?
                } else {
                    plan_store::save(&run.browser, &run.plan, seen).await?
                };
                if !first {
                    // Another request was faster: what it left is shown next.
                    return Ok(Finished { run, reply: Reply::Next, continues: true });
                }
            }
            if renews {
                run.browser.renew_key();
            }
            // Under another key nothing was before.
            if version.is_none() || run.browser.key_changed() {
                plan_store::put(&run.browser, &run.plan).await?;
            }
        }
        if let Some(noted) = noted.filter(|_| keeps || !continues) {
            record::keep(&run.browser, noted).await;
        }
        if let Some(old) = run.browser.former_key() {
            plan_store::forget(&run.browser.cx, old).await;
        }
        Ok(Finished { run, reply, continues })
    }
}

/// The outcome of a run whose plan waits for another request.
const RUNNING: &str = "running";

/// What a reply makes of its run.
fn outcome(reply: &Reply) -> &'static str {
    match reply {
        Reply::Denied(_) => "denied",
        Reply::Redirect(_) => "done",
        Reply::Show(_) | Reply::Next | Reply::SwitchFlow { .. } => RUNNING,
    }
}

/// Something broke: logged and recorded, shown in full only to those who may see it.
pub(crate) async fn failure(browser: &Browser, error: &FlowError) -> FlowErrorChallenge {
    let shown = browser.sees_errors().then(|| error.to_string());
    let challenge = FlowErrorChallenge {
        request_id: browser.request.id.clone(),
        error: shown.clone(),
        traceback: shown,
    };
    if matches!(error, FlowError::Request(_)) {
        return challenge;
    }
    tracing::error!(%error, request = browser.request.id, "a flow failed");
    let actor = browser.actor();
    // A page that fails does so at every look of anybody.
    if actor.user.is_some()
        || countersign_events::may_report(&browser.cx, "system_exception", "flow").await
    {
        let event = countersign_events::Event::new(
            "system_exception",
            "authentik.flows",
            json!({"message": error.to_string()}),
        );
        event.write(&browser.cx, actor).await;
    }
    challenge
}

/// A page that no test draws is not shown.
fn declared(stage: &dyn AnyStage, step: Step) -> Step {
    if let Step::Show(page) = &step {
        let named = |def: &countersign_pages::PageDef| def.component == page.component();
        debug_assert!(stage.pages().iter().any(named), "{page:?} is not among the stage's PAGES");
    }
    step
}

/// The answers that the page shows again, and only those.
fn typed(page: &dyn AnyPage, answer: &Answer) -> BTreeMap<String, String> {
    let mut room = LARGEST_TYPED;
    let mut kept = BTreeMap::new();
    for name in page.remembers() {
        let Some(text) = answer.str(name).filter(|text| text.len() < 2000) else { continue };
        room = room.saturating_sub(name.len() + text.len());
        if room > 0 {
            kept.insert(name.to_owned(), text.to_owned());
        }
    }
    kept
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
