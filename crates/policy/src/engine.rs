//! Combines the rules bound to an object into one answer, and says how it came about.
//!
//! Pure: the snapshot, the user, the context and the facts go in, the verdict and its trace come
//! out. No result is kept for the next request, and nobody passes by being a superuser.

use countersign_model::{Clock, Entry, Key, ObjectId, Snapshot, Target, family};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::binding::{PolicyBinding, PolicyEngineMode};
use crate::expression::MayChange;
use crate::measure;
use crate::policies::Policy;
use crate::subject::Subject;
use crate::told::Told;
use crate::verdict::{Step, Trace};

/// What a decision is about.
#[derive(Clone)]
pub struct Question<'a> {
    pub snapshot: &'a Snapshot,
    pub clock: &'a dyn Clock,
    /// Nobody for anonymous visitors.
    pub user: Option<&'a Subject>,
    pub context: &'a Map<String, Value>,
    pub facts: &'a Facts,
    /// A plan is running: its context is `context`.
    pub in_plan: bool,
}

/// Facts from outside the configuration that policies may need.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Whether the installation was set up; `None` where it was not and has no first
    /// administrator's account.
    pub setup_done: Option<bool>,
    pub may_change: MayChange,
    pub brand_attributes: Map<String, Value>,
    pub brand_title: String,
    /// Where the request comes from, for the context: `geoip` and `asn`.
    pub places: Map<String, Value>,
}

/// The answer to a [`Question`].
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
    /// Policies that failed to run or whose executions are logged.
    pub told: Vec<Told>,
}

/// Asks everything bound to `target`. Without bindings the answer is yes.
#[must_use]
pub fn decide(question: &Question<'_>, target: Uuid, mode: PolicyEngineMode) -> Decision {
    decide_or(question, target, mode, true)
}

/// As [`decide`], with another answer for objects without bindings.
#[must_use]
pub fn decide_or(
    question: &Question<'_>,
    target: Uuid,
    mode: PolicyEngineMode,
    empty: bool,
) -> Decision {
    let mut bindings = bindings_of(question.snapshot, target);
    bindings.retain(|(_, binding)| binding.enabled);
    let _span = (!bindings.is_empty()).then(|| measure::span(question.snapshot, target).entered());
    let begun = question.clock.now();
    let steps = bindings.iter().map(|(key, binding)| ask(question, *key, binding));
    let decision = combine(steps.collect(), mode, empty);
    measure::told(
        question.snapshot,
        target,
        &decision.trace,
        question.clock.now().0.saturating_sub(begun.0),
    );
    decision
}

/// Asks a list of policies that are not bound but named, as a prompt stage does: all must pass.
#[must_use]
pub fn decide_all(
    question: &Question<'_>,
    policies: impl IntoIterator<Item = ObjectId>,
) -> Decision {
    let asked = policies.into_iter().map(|id| {
        let mut asked = Asked::new(String::new(), 0);
        match question.snapshot.entry(id) {
            Some(entry) => asked.policy(question, entry, false),
            None => asked.gone(id),
        }
        asked.finish(question)
    });
    combine(asked.collect(), PolicyEngineMode::All, true)
}

/// One policy by itself, for `policies/all/<uuid>/test/`.
#[must_use]
pub fn decide_one(question: &Question<'_>, policy: &Entry) -> Decision {
    decide_all(question, [policy.id])
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

/// Whether deciding about an object needs [`Facts::setup_done`].
#[must_use]
pub fn asks_for_admin(snapshot: &Snapshot, target: Uuid) -> bool {
    bindings_of(snapshot, target).iter().filter_map(|(_, binding)| binding.policy).any(|policy| {
        let policy = snapshot.member(policy).and_then(|entry| entry.facet::<dyn Policy>());
        policy.is_some_and(Policy::asks_for_admin)
    })
}

/// One binding being asked.
struct Asked {
    step: Step,
    /// What decides here was deleted, or failed and counts as not passed.
    broken: bool,
    started: i64,
    pending_username: Option<String>,
    told: Option<Told>,
}

impl Asked {
    fn new(binding: String, order: i32) -> Self {
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
        };
        Self { step, broken: false, started: 0, pending_username: None, told: None }
    }

    fn policy(&mut self, question: &Question<'_>, entry: &Entry, failure_result: bool) {
        self.started = question.clock.now().0;
        self.step.model = entry.meta().model;
        let name = entry
            .object
            .value("name")
            .and_then(|name| name.as_str().map(str::to_owned))
            .unwrap_or_default();
        self.step.name = name;
        let outcome = match entry.facet::<dyn Policy>() {
            Some(policy) => policy.judge(question),
            None => Err(format!("{} is no policy.", entry.meta().title)),
        };
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
            }
            Err(text) => {
                // A failure counts as told and is not turned round.
                self.step.passing = failure_result;
                self.broken = !failure_result;
                self.step.messages = vec![text.clone()];
                self.step.error = Some(text);
            }
        }
    }

    /// A policy that does not exist lets nobody pass, whatever the binding says of failures and
    /// negation.
    fn gone(&mut self, id: ObjectId) {
        self.step.name = id.key.to_string();
        self.step.passing = false;
        self.broken = true;
        self.step.error = Some("This policy was deleted.".to_owned());
    }

    fn finish(mut self, question: &Question<'_>) -> Self {
        let spent = question.clock.now().0.saturating_sub(self.started);
        self.step.microseconds = u64::try_from(spent).unwrap_or(0);
        self
    }
}

fn ask(question: &Question<'_>, key: Key, binding: &PolicyBinding) -> Asked {
    let mut asked = Asked::new(key.to_string(), binding.order);
    asked.started = question.clock.now().0;
    asked.step.negate = binding.negate;
    if let Some(policy) = binding.policy {
        match question.snapshot.member(policy) {
            Some(entry) => asked.policy(question, entry, binding.failure_result),
            None => asked.gone(policy.id()),
        }
    } else if let Some(group) = binding.group {
        asked.step.kind = "group";
        let uuid = group.key().uuid().unwrap_or_default();
        let member = question.user.is_some_and(|user| user.is_member(uuid));
        let named = question
            .user
            .and_then(|user| user.groups.iter().find(|g| g.pk == uuid))
            .map(|g| g.name.clone());
        asked.step.name = named.unwrap_or_else(|| uuid.to_string());
        asked.step.passing = member != binding.negate;
    } else if let Some(user) = binding.user {
        asked.step.kind = "user";
        let same = question.user.is_some_and(|subject| Some(subject.pk) == user.key().int());
        asked.step.name = if same {
            question.user.map(|u| u.username.clone()).unwrap_or_default()
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
    asked.finish(question)
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
        told: Vec::new(),
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
    use crate::policies::ExpressionPolicy;
    use countersign_model::{Draft, Ref, Timestamp, directory};

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

    fn answer(draft: &Draft, user: Option<&Subject>, mode: PolicyEngineMode) -> Decision {
        let (context, facts) = (Map::new(), Facts::default());
        decide(
            &Question {
                snapshot: draft,
                clock: &Still,
                user,
                context: &context,
                facts: &facts,
                in_plan: false,
            },
            TARGET,
            mode,
        )
    }

    #[test]
    fn nothing_bound_passes() {
        assert!(answer(&Draft::new(&Snapshot::default()), None, PolicyEngineMode::All).passing);
    }

    #[test]
    fn modes_combine_and_messages_add_up_in_order() {
        let mut draft = Draft::new(&Snapshot::default());
        let no = policy(&mut draft, 1, "ak_message('first')\nreturn False");
        let yes = policy(&mut draft, 2, "ak_message('second')\nreturn True");
        bind(&mut draft, 11, 5, |b| b.policy = Some(yes));
        bind(&mut draft, 12, 1, |b| b.policy = Some(no));
        let any = answer(&draft, None, PolicyEngineMode::Any);
        assert!(any.passing);
        assert_eq!(any.messages, ["first", "second"]);
        assert!(!answer(&draft, None, PolicyEngineMode::All).passing);
    }

    /// A failing or deleted policy on a stage took the stage away.
    #[test]
    fn what_is_broken_decides_nothing_unless_the_answer_is_no_without_it() {
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
            assert_eq!(answer(&draft, None, mode).undecided, undecided, "{other:?}");
        }
        let mut draft = Draft::new(&Snapshot::default());
        // What a binding named is gone.
        bind(&mut draft, 1, 0, |_| {});
        assert!(answer(&draft, None, PolicyEngineMode::All).undecided);
    }

    /// H2: what vanished counted as not asked.
    #[test]
    fn a_policy_that_is_gone_lets_nobody_pass() {
        let draft = Draft::new(&Snapshot::default());
        let gone = ObjectId::new(<dyn Policy>::SPACE, Key::Uuid(Uuid::from_u128(5)));
        let (context, facts) = (Map::new(), Facts::default());
        let question = Question {
            snapshot: &draft,
            clock: &Still,
            user: None,
            context: &context,
            facts: &facts,
            in_plan: false,
        };
        assert!(!decide_all(&question, [gone]).passing);
        for negate in [false, true] {
            let mut draft = Draft::new(&Snapshot::default());
            bind(&mut draft, 11, 0, |b| {
                b.policy = Some(Ref::new(gone.key));
                (b.negate, b.failure_result) = (negate, true);
            });
            assert!(!answer(&draft, None, PolicyEngineMode::Any).passing, "negate {negate}");
        }
    }

    #[test]
    fn a_failure_counts_as_told_and_is_not_negated() {
        let mut draft = Draft::new(&Snapshot::default());
        let broken = policy(&mut draft, 1, "return context['nothing']");
        bind(&mut draft, 11, 0, |b| {
            b.policy = Some(broken);
            b.negate = true;
            b.failure_result = true;
        });
        let decision = answer(&draft, None, PolicyEngineMode::Any);
        assert!(decision.passing);
        assert!(matches!(decision.told.as_slice(), [told] if told.outcome.is_err()));
    }

    #[test]
    fn groups_count_with_what_is_above_and_can_be_negated() {
        let mut draft = Draft::new(&Snapshot::default());
        let group = Uuid::from_u128(7);
        bind(&mut draft, 11, 0, |b| b.group = Some(Ref::<directory::Group>::new(Key::Uuid(group))));
        let mut uma = Subject { pk: 3, ..Subject::default() };
        assert!(!answer(&draft, Some(&uma), PolicyEngineMode::Any).passing);
        uma.groups.push(crate::GroupView { pk: group, ..Default::default() });
        assert!(answer(&draft, Some(&uma), PolicyEngineMode::Any).passing);
        bind(&mut draft, 11, 0, |b| {
            b.group = Some(Ref::<directory::Group>::new(Key::Uuid(group)));
            b.negate = true;
        });
        assert!(!answer(&draft, Some(&uma), PolicyEngineMode::Any).passing);
    }

    #[test]
    fn the_only_policy_of_an_application_is_deleted_and_nobody_passes() {
        let decide = |negate: bool, mode| {
            let mut draft = Draft::new(&Snapshot::default());
            let yes = policy(&mut draft, 1, "return True");
            bind(&mut draft, 11, 0, |b| {
                b.policy = Some(yes);
                b.negate = negate;
            });
            draft.delete(yes.id()).unwrap();
            answer(&draft, None, mode)
        };
        for (negate, mode) in [
            (false, PolicyEngineMode::Any),
            (false, PolicyEngineMode::All),
            (true, PolicyEngineMode::Any),
            (true, PolicyEngineMode::All),
        ] {
            let decision = decide(negate, mode);
            assert!(!decision.passing, "{negate} {mode:?}");
            assert_eq!(decision.messages, ["The policy that decided this was deleted."]);
        }
    }

    #[test]
    fn disabled_bindings_are_not_asked() {
        let mut draft = Draft::new(&Snapshot::default());
        let no = policy(&mut draft, 1, "return False");
        bind(&mut draft, 11, 0, |b| {
            b.policy = Some(no);
            b.enabled = false;
        });
        assert!(answer(&draft, None, PolicyEngineMode::All).passing);
    }
}
