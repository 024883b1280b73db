//! Combines the rules bound to an object into one answer, and says how it came about.
//!
//! The request goes in with its host, the verdict and its trace come out. No result is kept for the
//! next request, and nobody passes by being a superuser.

use std::time::Duration;

use countersign_model::{Entry, Key, ObjectId, Snapshot, Target, family};
use countersign_store::StoreError;
use serde_json::Value;
use tokio::time::timeout;
use tracing::Instrument as _;
use uuid::Uuid;

use crate::binding::{PolicyBinding, PolicyEngineMode};
use crate::measure;
use crate::policies::Policy;
use crate::recording::{DecisionRecord, Rules};
use crate::request::PolicyRequest;
use crate::told::Told;
use crate::verdict::{PolicyError, Step, Trace, Verdict};

/// The answer to a [`PolicyRequest`].
#[derive(Debug, Clone)]
pub struct Decision {
    pub passing: bool,
    /// It is no only because something that decides was deleted or failed. Where a no takes a step
    /// away, as with the stages of a flow, such a no has to end the whole instead (CVE-2024-47070).
    pub undecided: bool,
    pub messages: Vec<String>,
    pub trace: Trace,
    /// A policy put this account into the plan.
    pub pending_username: Option<String>,
    /// What policies changed in the context, the last last.
    pub changes: Vec<(String, Option<Value>)>,
    /// Policies that failed to run or whose executions are logged.
    pub told: Vec<Told>,
    /// What it can be made again from, where the host writes down what it is asked.
    pub record: Option<Box<DecisionRecord>>,
}

/// Asks everything bound to `target`, one after the other. Without bindings the answer is yes.
///
/// # Errors
/// When the database is away and was needed to decide.
pub async fn decide(
    request: &PolicyRequest<'_>,
    target: Uuid,
    mode: PolicyEngineMode,
) -> Result<Decision, StoreError> {
    decide_or(request, target, mode, true).await
}

/// As [`decide`], with another answer for objects without bindings.
///
/// # Errors
/// As [`decide`].
pub async fn decide_or(
    request: &PolicyRequest<'_>,
    target: Uuid,
    mode: PolicyEngineMode,
    empty: bool,
) -> Result<Decision, StoreError> {
    let mut bindings = bindings_of(request.snapshot, target);
    bindings.retain(|(_, binding)| binding.enabled);
    if bindings.is_empty() {
        return Ok(combine(Vec::new(), mode, empty));
    }
    let begun = request.clock.now();
    let request = &PolicyRequest { target: Some(target), ..*request };
    let ask_all = async {
        let mut asked = Vec::with_capacity(bindings.len());
        for (key, binding) in &bindings {
            asked.push(ask(request, *key, binding).await?);
        }
        Ok::<_, StoreError>(asked)
    };
    let asked = ask_all.instrument(measure::span(request.snapshot, target)).await?;
    let mut decision = combine(asked, mode, empty);
    let rules = Rules::Bound { target, all: mode == PolicyEngineMode::All };
    decision.record = DecisionRecord::of(request, rules, begun, &decision);
    let spent = request.clock.now().0.saturating_sub(begun.0);
    measure::told(request.snapshot, target, &decision.trace, spent);
    Ok(decision)
}

/// Asks a list of policies that are not bound but named, as a prompt stage does: all must pass.
///
/// # Errors
/// As [`decide`].
pub async fn decide_all(
    request: &PolicyRequest<'_>,
    policies: impl IntoIterator<Item = ObjectId>,
) -> Result<Decision, StoreError> {
    let begun = request.clock.now();
    let (mut all, mut named) = (Vec::new(), Vec::new());
    for id in policies {
        named.extend(id.key.uuid());
        let mut asked = Asked::new(request, String::new(), 0);
        match request.snapshot.entry(id) {
            Some(entry) => asked.policy(request, entry, NO_BINDING).await?,
            None => asked.gone(id),
        }
        all.push(asked.finish(request));
    }
    let mut decision = combine(all, PolicyEngineMode::All, true);
    decision.record = DecisionRecord::of(request, Rules::Named(named), begun, &decision);
    Ok(decision)
}

/// One policy by itself, for `policies/all/<uuid>/test/`.
///
/// # Errors
/// As [`decide`].
pub async fn decide_one(
    request: &PolicyRequest<'_>,
    policy: &Entry,
) -> Result<Decision, StoreError> {
    decide_all(request, [policy.id]).await
}

/// The bindings of an object by order.
#[must_use]
pub fn bindings_of(snapshot: &Snapshot, target: Uuid) -> Vec<(Key, &PolicyBinding)> {
    let id = ObjectId::new(family::Bindable::SPACE, Key::Uuid(target));
    let mut found: Vec<_> = snapshot
        .referrers_in(id, PolicyBinding::SPACE)
        .filter(|(_, field)| *field == "target")
        .filter_map(|(by, _)| Some((by.key, snapshot.entry(by)?.cast::<PolicyBinding>()?)))
        .collect();
    found.sort_by_key(|(key, binding)| (binding.order, *key));
    found
}

/// Whether anything bound to an object may ask who somebody is, so that the account has to be read.
#[must_use]
pub fn is_about_somebody(snapshot: &Snapshot, target: Uuid) -> bool {
    bindings_of(snapshot, target).iter().filter(|(_, binding)| binding.enabled).any(
        |(_, binding)| {
            let policy = binding.policy.and_then(|policy| snapshot.member(policy));
            let policy = policy.and_then(|entry| entry.facet::<dyn Policy>());
            policy.is_none_or(Policy::is_about_somebody)
        },
    )
}

/// What a binding says of a policy that fails.
#[derive(Clone, Copy)]
struct OnFailure {
    /// Seconds it may take; 0: as long as its requests may.
    timeout: i32,
    passing: bool,
}

const NO_BINDING: OnFailure = OnFailure { timeout: 30, passing: false };

/// The one place where policies are run, and cut off.
pub(crate) async fn judge(
    request: &PolicyRequest<'_>,
    entry: &Entry,
    seconds: i32,
) -> Result<Verdict, PolicyError> {
    let policy = entry.facet::<dyn Policy>().ok_or(PolicyError::NotAPolicy(entry.meta().title))?;
    let name = entry.object.value("name");
    let name = name.as_ref().and_then(Value::as_str).unwrap_or_default();
    let request = &PolicyRequest { name, ..*request };
    match u64::try_from(seconds) {
        // Whoever answers at once is asked before the time is looked at.
        Ok(seconds @ 1..) => timeout(Duration::from_secs(seconds), policy.judge(request))
            .await
            .unwrap_or(Err(PolicyError::TimedOut { seconds })),
        _ => policy.judge(request).await,
    }
}

/// One binding being asked.
struct Asked {
    step: Step,
    /// What decides here was deleted, or failed and counts as not passed.
    broken: bool,
    started: i64,
    pending_username: Option<String>,
    changes: Vec<(String, Option<Value>)>,
    told: Option<Told>,
}

impl Asked {
    fn new(request: &PolicyRequest<'_>, binding: String, order: i32) -> Self {
        let step = Step {
            binding,
            kind: "policy",
            name: String::new(),
            model: "",
            order,
            negate: false,
            passing: false,
            messages: Vec::new(),
            error: None,
            microseconds: 0,
            heard: Vec::new(),
        };
        let started = request.clock.now().0;
        Self {
            step,
            broken: false,
            started,
            pending_username: None,
            changes: Vec::new(),
            told: None,
        }
    }

    async fn policy(
        &mut self,
        request: &PolicyRequest<'_>,
        entry: &Entry,
        failure: OnFailure,
    ) -> Result<(), StoreError> {
        self.step.model = entry.meta().model;
        let name = entry
            .object
            .value("name")
            .and_then(|name| name.as_str().map(str::to_owned))
            .unwrap_or_default();
        self.step.name = name;
        let outcome = judge(request, entry, failure.timeout).await;
        if let Some(why) = outcome.as_ref().err().and_then(PolicyError::away) {
            return Err(StoreError::Away(why.to_owned()));
        }
        if outcome.is_err() || entry.object.value("execution_logging") == Some(Value::Bool(true)) {
            self.told = Some(Told {
                policy: entry.id.key.uuid().unwrap_or_default(),
                name: self.step.name.clone(),
                binding: self.step.binding.clone(),
                outcome: outcome.clone(),
            });
        }
        match outcome {
            Ok(verdict) => {
                self.step.passing = verdict.passing != self.step.negate;
                self.step.messages = verdict.messages;
                self.pending_username = verdict.pending_username;
                self.changes = verdict.changes;
            }
            Err(error) => {
                // A failure counts as told and is not turned round.
                self.step.passing = failure.passing;
                self.broken = !failure.passing;
                self.step.messages = vec![error.to_string()];
                self.step.error = Some(error.to_string());
            }
        }
        Ok(())
    }

    /// A policy that does not exist lets nobody pass, whatever the binding says of failures and
    /// negation.
    fn gone(&mut self, id: ObjectId) {
        self.step.name = id.key.to_string();
        self.step.passing = false;
        self.broken = true;
        self.step.error = Some("This policy was deleted.".to_owned());
    }

    fn finish(mut self, request: &PolicyRequest<'_>) -> Self {
        let spent = request.clock.now().0.saturating_sub(self.started);
        self.step.microseconds = u64::try_from(spent).unwrap_or(0);
        self.step.heard = request.host.heard().unwrap_or_default();
        self
    }
}

async fn ask(
    request: &PolicyRequest<'_>,
    key: Key,
    binding: &PolicyBinding,
) -> Result<Asked, StoreError> {
    let mut asked = Asked::new(request, key.to_string(), binding.order);
    asked.step.negate = binding.negate;
    if let Some(policy) = binding.policy {
        match request.snapshot.member(policy) {
            Some(entry) => {
                let failure =
                    OnFailure { timeout: binding.timeout, passing: binding.failure_result };
                asked.policy(request, entry, failure).await?;
            }
            None => asked.gone(policy.id()),
        }
    } else if let Some(group) = binding.group {
        asked.step.kind = "group";
        let uuid = group.key().uuid().unwrap_or_default();
        let member = request.user.is_some_and(|user| user.is_member(uuid));
        let named = request
            .user
            .and_then(|user| user.groups.iter().find(|g| g.pk == uuid))
            .map(|g| g.name.clone());
        asked.step.name = named.unwrap_or_else(|| uuid.to_string());
        asked.step.passing = member != binding.negate;
    } else if let Some(user) = binding.user {
        asked.step.kind = "user";
        let same = request.user.is_some_and(|subject| Some(subject.pk) == user.key().int());
        asked.step.name = if same {
            request.user.map(|u| u.username.clone()).unwrap_or_default()
        } else {
            user.key().to_string()
        };
        asked.step.passing = same != binding.negate;
    } else {
        // What it named was deleted: nobody passes, negated or not.
        let named = binding.vanished.fields().next().unwrap_or("object");
        asked.step.kind = "binding";
        asked.step.name = format!("deleted {named}");
        asked.broken = true;
        asked.step.messages = vec![format!("The {named} that decided this was deleted.")];
    }
    Ok(asked.finish(request))
}

fn combine(asked: Vec<Asked>, mode: PolicyEngineMode, empty: bool) -> Decision {
    let mut decision = Decision {
        passing: empty,
        undecided: false,
        messages: Vec::new(),
        trace: Trace {
            mode: countersign_model::ChoiceValue::value(mode),
            passing: empty,
            messages: Vec::new(),
            steps: Vec::new(),
        },
        pending_username: None,
        changes: Vec::new(),
        told: Vec::new(),
        record: None,
    };
    if !asked.is_empty() {
        let combined = |passes: fn(&Asked) -> bool| match mode {
            PolicyEngineMode::All => asked.iter().all(passes),
            PolicyEngineMode::Any => asked.iter().any(passes),
        };
        decision.passing = combined(|asked| asked.step.passing);
        decision.undecided =
            !decision.passing && combined(|asked| asked.step.passing || asked.broken);
    }
    for asked in asked {
        decision.messages.extend(asked.step.messages.iter().cloned());
        decision.told.extend(asked.told);
        decision.changes.extend(asked.changes);
        decision.pending_username = asked.pending_username.or(decision.pending_username);
        decision.trace.steps.push(asked.step);
    }
    decision.trace.passing = decision.passing;
    decision.trace.messages.clone_from(&decision.messages);
    decision
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::{Answer, BoxFuture, Host, HostError, NoHost, Question};
    use crate::policies::ExpressionPolicy;
    use crate::request::Occasion;
    use crate::subject::Subject;
    use countersign_model::{Clock, Draft, Ref, Timestamp, directory};
    use countersign_python::Interpreter;

    struct Still;
    impl Clock for Still {
        fn now(&self) -> Timestamp {
            Timestamp(0)
        }
    }

    fn policy(draft: &mut Draft, n: u128, source: &str) -> Ref<dyn Policy> {
        let policy = ExpressionPolicy {
            name: format!("p{n}"),
            execution_logging: false,
            expression: source.into(),
        };
        draft.put(Uuid::from_u128(n), policy).cast()
    }

    fn bind(draft: &mut Draft, n: u128, order: i32, make: impl FnOnce(&mut PolicyBinding)) {
        let mut binding = PolicyBinding {
            policy: None,
            group: None,
            user: None,
            target: Ref::new(Key::Uuid(TARGET)),
            negate: false,
            enabled: true,
            order,
            timeout: 30,
            failure_result: false,
            vanished: countersign_model::Vanished::default(),
        };
        make(&mut binding);
        draft.put(Uuid::from_u128(n), binding);
    }

    const TARGET: Uuid = Uuid::from_u128(99);

    fn request<'a>(draft: &'a Draft, user: Option<&'a Subject>) -> PolicyRequest<'a> {
        let occasion = Occasion::Application(None);
        PolicyRequest {
            snapshot: draft,
            clock: &Still,
            host: &NoHost,
            user,
            occasion,
            target: None,
            name: "",
        }
    }

    async fn answer(draft: &Draft, user: Option<&Subject>, mode: PolicyEngineMode) -> Decision {
        decide(&request(draft, user), TARGET, mode).await.unwrap()
    }

    #[tokio::test]
    async fn nothing_bound_passes() {
        assert!(
            answer(&Draft::new(&Snapshot::default()), None, PolicyEngineMode::All).await.passing
        );
    }

    #[tokio::test]
    async fn modes_combine_and_messages_add_up_in_order() {
        let mut draft = Draft::new(&Snapshot::default());
        let no = policy(&mut draft, 1, "ak_message('first')\nreturn False");
        let yes = policy(&mut draft, 2, "ak_message('second')\nreturn True");
        bind(&mut draft, 11, 5, |b| b.policy = Some(yes));
        bind(&mut draft, 12, 1, |b| b.policy = Some(no));
        let any = answer(&draft, None, PolicyEngineMode::Any).await;
        assert!(any.passing);
        assert_eq!(any.messages, ["first", "second"]);
        assert!(!answer(&draft, None, PolicyEngineMode::All).await.passing);
    }

    /// A failing or deleted policy on a stage took the stage away.
    #[tokio::test]
    async fn what_is_broken_decides_nothing_unless_the_answer_is_no_without_it() {
        let broken = |draft: &mut Draft, n| {
            let policy = policy(draft, 100 + n, "return request.context['nope']['x']");
            bind(draft, n, 0, |binding| binding.policy = Some(policy));
        };
        let fixed = |draft: &mut Draft, n, source| {
            let policy = policy(draft, 100 + n, source);
            bind(draft, n, 1, |binding| binding.policy = Some(policy));
        };
        for (other, mode, undecided) in [
            (None, PolicyEngineMode::All, true),
            (None, PolicyEngineMode::Any, true),
            (Some("return True"), PolicyEngineMode::All, true),
            (Some("return False"), PolicyEngineMode::All, false),
            (Some("return False"), PolicyEngineMode::Any, true),
            (Some("return True"), PolicyEngineMode::Any, false),
        ] {
            let mut draft = Draft::new(&Snapshot::default());
            broken(&mut draft, 1);
            if let Some(source) = other {
                fixed(&mut draft, 2, source);
            }
            assert_eq!(answer(&draft, None, mode).await.undecided, undecided, "{other:?}");
        }
        let mut draft = Draft::new(&Snapshot::default());
        // What a binding named is gone.
        bind(&mut draft, 1, 0, |_| {});
        assert!(answer(&draft, None, PolicyEngineMode::All).await.undecided);
    }

    /// H2: what vanished counted as not asked.
    #[tokio::test]
    async fn a_policy_that_is_gone_lets_nobody_pass() {
        let draft = Draft::new(&Snapshot::default());
        let gone = ObjectId::new(<dyn Policy>::SPACE, Key::Uuid(Uuid::from_u128(5)));
        assert!(!decide_all(&request(&draft, None), [gone]).await.unwrap().passing);
        for negate in [false, true] {
            let mut draft = Draft::new(&Snapshot::default());
            bind(&mut draft, 11, 0, |b| {
                b.policy = Some(Ref::new(gone.key));
                (b.negate, b.failure_result) = (negate, true);
            });
            assert!(!answer(&draft, None, PolicyEngineMode::Any).await.passing, "negate {negate}");
        }
    }

    #[tokio::test]
    async fn a_failure_counts_as_told_and_is_not_negated() {
        let mut draft = Draft::new(&Snapshot::default());
        let broken = policy(&mut draft, 1, "return context['nothing']");
        bind(&mut draft, 11, 0, |b| {
            b.policy = Some(broken);
            b.negate = true;
            b.failure_result = true;
        });
        let decision = answer(&draft, None, PolicyEngineMode::Any).await;
        assert!(decision.passing);
        assert!(matches!(decision.told.as_slice(), [told] if told.outcome.is_err()));
    }

    #[tokio::test]
    async fn groups_count_with_what_is_above_and_can_be_negated() {
        let mut draft = Draft::new(&Snapshot::default());
        let group = Uuid::from_u128(7);
        bind(&mut draft, 11, 0, |b| b.group = Some(Ref::<directory::Group>::new(Key::Uuid(group))));
        let mut uma = Subject { pk: 3, ..Subject::default() };
        assert!(!answer(&draft, Some(&uma), PolicyEngineMode::Any).await.passing);
        uma.groups.push(crate::GroupView { pk: group, ..Default::default() });
        assert!(answer(&draft, Some(&uma), PolicyEngineMode::Any).await.passing);
        bind(&mut draft, 11, 0, |b| {
            b.group = Some(Ref::<directory::Group>::new(Key::Uuid(group)));
            b.negate = true;
        });
        assert!(!answer(&draft, Some(&uma), PolicyEngineMode::Any).await.passing);
    }

    #[tokio::test]
    async fn the_only_policy_of_an_application_is_deleted_and_nobody_passes() {
        let decide = async |negate: bool, mode| {
            let mut draft = Draft::new(&Snapshot::default());
            let yes = policy(&mut draft, 1, "return True");
            bind(&mut draft, 11, 0, |b| {
                b.policy = Some(yes);
                b.negate = negate;
            });
            draft.delete(yes.id()).unwrap();
            answer(&draft, None, mode).await
        };
        for (negate, mode) in [
            (false, PolicyEngineMode::Any),
            (false, PolicyEngineMode::All),
            (true, PolicyEngineMode::Any),
            (true, PolicyEngineMode::All),
        ] {
            let decision = decide(negate, mode).await;
            assert!(!decision.passing, "{negate} {mode:?}");
            assert_eq!(decision.messages, ["The policy that decided this was deleted."]);
        }
    }

    #[tokio::test]
    async fn disabled_bindings_are_not_asked() {
        let mut draft = Draft::new(&Snapshot::default());
        let no = policy(&mut draft, 1, "return False");
        bind(&mut draft, 11, 0, |b| {
            b.policy = Some(no);
            b.enabled = false;
        });
        assert!(answer(&draft, None, PolicyEngineMode::All).await.passing);
    }

    /// 3a-5: `timeout` was stored, shown and never read.
    #[tokio::test]
    async fn a_policy_that_is_too_slow_gives_the_failure_result_of_its_binding() {
        struct Silent;
        impl Host for Silent {
            fn ask(&self, _: Question) -> BoxFuture<'_, Result<Answer, HostError>> {
                Box::pin(std::future::pending())
            }
            fn interpreter(&self) -> Option<&Interpreter> {
                NoHost.interpreter()
            }
        }
        let mut cases = tokio::task::JoinSet::new();
        for case in [(false, false), (false, true), (true, false), (true, true)] {
            cases.spawn(async move {
                let (failure_result, negate) = case;
                let mut draft = Draft::new(&Snapshot::default());
                let slow = policy(&mut draft, 1, "return True");
                bind(&mut draft, 11, 0, |b| {
                    b.policy = Some(slow);
                    (b.timeout, b.failure_result, b.negate) = (1, failure_result, negate);
                });
                let request = PolicyRequest { host: &Silent, ..request(&draft, None) };
                let decision = decide(&request, TARGET, PolicyEngineMode::Any).await.unwrap();
                assert_eq!(decision.passing, failure_result, "{case:?}");
                assert_eq!(decision.undecided, !failure_result, "{case:?}");
                assert_eq!(decision.messages, ["The policy took longer than 1 seconds."]);
            });
        }
        while let Some(case) = cases.join_next().await {
            case.unwrap();
        }
    }

    /// A question that the database could not answer was a policy that failed, and so a no.
    #[tokio::test]
    async fn what_the_database_could_not_answer_is_no_failed_policy() {
        struct Away;
        impl Host for Away {
            fn ask(&self, question: Question) -> BoxFuture<'_, Result<Answer, HostError>> {
                match question {
                    Question::Query(_) | Question::SetupDone => {
                        let away = StoreError::Away("the database restarts".to_owned());
                        Box::pin(std::future::ready(Err(away.into())))
                    }
                    other => NoHost.ask(other),
                }
            }
            fn interpreter(&self) -> Option<&Interpreter> {
                NoHost.interpreter()
            }
        }
        let uma = Subject { pk: 3, ..Subject::default() };
        for source in [
            "return ak_is_group_member(user, name='x')",
            "try:\n    return user.ak_groups.exists()\nexcept:\n    return True",
            "return not ak_call_policy('p2').passing",
        ] {
            let mut draft = Draft::new(&Snapshot::default());
            let asks = policy(&mut draft, 1, source);
            policy(&mut draft, 2, "return user.ak_groups.exists()");
            bind(&mut draft, 11, 0, |b| {
                (b.policy, b.failure_result) = (Some(asks), true);
            });
            let request = PolicyRequest { host: &Away, ..request(&draft, Some(&uma)) };
            let decision = decide(&request, TARGET, PolicyEngineMode::Any).await;
            assert!(
                matches!(&decision, Err(StoreError::Away(why)) if why == "the database restarts"),
                "{source}: {decision:?}"
            );
        }
    }
}
