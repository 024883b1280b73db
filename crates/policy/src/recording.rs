//! Decisions that can be made again: about whom, on what occasion, what was asked of the host and
//! what it answered. No secret is in a record: see [`Secrets`].

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use countersign_model::{Clock, Entry, Key, ObjectId, Snapshot, Target as _, Timestamp};
use countersign_python::Interpreter;
use countersign_store::{StoreError, sha256};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::binding::PolicyEngineMode;
use crate::engine::{self, Decision};
use crate::host::{Answer, BoxFuture, Host, HostError, HttpRequest, Question};
use crate::policies::Policy;
use crate::request::{Occasion, PolicyRequest};
use crate::secrets::Secrets;
use crate::subject::Subject;

/// A record is no larger, in bytes.
pub const LARGEST_RECORD: usize = 16 * 1024;

/// One question and what was answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recorded {
    pub question: Question,
    /// None where it was too large, is never written down, or nobody was asked.
    pub answer: Option<Result<Answer, HostError>>,
}

/// A host that writes down what another one answers.
pub struct Recorder<H> {
    host: H,
    heard: Mutex<Vec<Recorded>>,
}

impl<H: Host> Recorder<H> {
    pub const fn new(host: H) -> Recorder<H> {
        Recorder { host, heard: Mutex::new(Vec::new()) }
    }
}

impl<H: Host> Host for Recorder<H> {
    fn ask(&self, question: Question) -> BoxFuture<'_, Result<Answer, HostError>> {
        Box::pin(async move {
            let written = written(question.clone());
            let answer = self.host.ask(question).await;
            note(&self.heard, Recorded { question: written, answer: Some(answer.clone()) });
            answer
        })
    }

    fn interpreter(&self) -> Option<&Interpreter> {
        self.host.interpreter()
    }

    fn depth(&self) -> usize {
        self.host.depth()
    }

    fn heard(&self) -> Option<Vec<Recorded>> {
        Some(taken(&self.heard))
    }
}

pub(crate) fn note(heard: &Mutex<Vec<Recorded>>, recorded: Recorded) {
    heard.lock().unwrap_or_else(PoisonError::into_inner).push(recorded);
}

pub(crate) fn taken(heard: &Mutex<Vec<Recorded>>) -> Vec<Recorded> {
    std::mem::take(&mut *heard.lock().unwrap_or_else(PoisonError::into_inner))
}

/// A question as it is written down. What is sent to other servers may be secret: only what tells
/// one request from another is.
fn written(question: Question) -> Question {
    let digest = |text: &str| hex::encode(sha256(text));
    match question {
        Question::Http(HttpRequest { method, url, headers, body }) => {
            let (address, query) = match url.split_once('?') {
                Some((address, query)) => (address.to_owned(), query),
                None => (url.clone(), ""),
            };
            let sent = format!("{query}\n{headers:?}\n{body}");
            let headers = Vec::new();
            Question::Http(HttpRequest { method, url: address, headers, body: digest(&sent) })
        }
        // Five digits of a password's hash.
        Question::LeakedPasswords { .. } => Question::LeakedPasswords { prefix: String::new() },
        other => other,
    }
}

/// Whether an answer is never written down, since what was asked or answered is about a password.
fn is_about_password(question: &Question) -> bool {
    matches!(
        question,
        Question::LeakedPasswords { .. }
            | Question::CheckPassword { .. }
            | Question::HadPassword { .. }
    )
}

/// Which policies were asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rules {
    /// What is bound to an object.
    Bound { target: Uuid, all: bool },
    /// These, all of them.
    Named(Vec<Uuid>),
}

/// Why policies were asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Application,
    Flow,
    Stage,
    PromptAnswers,
}

/// A decision with everything it was made from but the configuration.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DecisionRecord {
    pub passing: bool,
    /// Microseconds.
    at: i64,
    rules: Rules,
    kind: Kind,
    context: Map<String, Value>,
    /// Names of what was left out of all this.
    masked: BTreeSet<String>,
    user: Option<Subject>,
    steps: Vec<StepRecord>,
}

/// One binding, or one named policy.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct StepRecord {
    /// Of the binding, or the policy's name where there is none.
    key: String,
    passing: bool,
    heard: Vec<Recorded>,
}

/// A decision that was made again.
#[derive(Debug, Clone, Serialize)]
pub struct Replayed {
    /// What was decided then.
    pub was: bool,
    /// What would be decided now; none where that depends on something that was not recorded.
    pub passing: Option<bool>,
    /// What was decided about is not there any more.
    pub gone: bool,
    pub messages: Vec<String>,
    pub steps: Vec<ReplayedStep>,
}

#[derive(Debug, Clone, Serialize)]
pub struct ReplayedStep {
    pub binding: String,
    pub kind: &'static str,
    pub name: String,
    /// None where it was not asked then.
    pub was: Option<bool>,
    pub passing: Option<bool>,
    pub messages: Vec<String>,
    /// Why it is not known whether it passes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown: Option<String>,
}

impl DecisionRecord {
    /// The record of a decision; none for occasions that are not recorded, and where the host does
    /// not write down what it is asked.
    pub(crate) fn of(
        request: &PolicyRequest<'_>,
        rules: Rules,
        at: Timestamp,
        decision: &Decision,
    ) -> Option<Box<DecisionRecord>> {
        request.host.heard()?;
        let kind = match request.occasion {
            Occasion::Application(_) => Kind::Application,
            Occasion::Flow(_) => Kind::Flow,
            Occasion::Stage(_) => Kind::Stage,
            Occasion::PromptAnswers(_) => Kind::PromptAnswers,
            _ => return None,
        };
        if decision.trace.steps.is_empty() {
            return None;
        }
        let (secrets, mut masked) = (Secrets::of(request.snapshot), BTreeSet::new());
        let context = match request.occasion {
            Occasion::PromptAnswers(data) => secrets.mask_map(data, &mut masked),
            other => secrets.mask_map(&other.to_context(), &mut masked),
        };
        let user = request.user.map(|user| Subject {
            attributes: secrets.mask_map(&user.attributes, &mut masked),
            groups: user
                .groups
                .iter()
                .map(|group| crate::GroupView {
                    attributes: secrets.mask_map(&group.attributes, &mut masked),
                    ..group.clone()
                })
                .collect(),
            ..user.clone()
        });
        let mut steps = Vec::new();
        for step in &decision.trace.steps {
            let heard = step.heard.iter().map(|one| without_secrets(one, &secrets, &mut masked));
            steps.push(StepRecord {
                key: key(&step.binding, &step.name).to_owned(),
                passing: step.passing,
                heard: heard.collect(),
            });
        }
        let mut record = DecisionRecord {
            passing: decision.passing,
            at: at.0,
            rules,
            kind,
            context,
            masked,
            user,
            steps,
        };
        record.fit().then(|| Box::new(record))
    }

    /// Bytes it takes.
    #[must_use]
    pub fn size(&self) -> usize {
        size(self)
    }

    /// Cuts the largest answers until the rest is small enough. `false`: it is too large without
    /// any.
    fn fit(&mut self) -> bool {
        while self.size() > LARGEST_RECORD {
            let kept = self.steps.iter_mut().flat_map(|step| &mut step.heard);
            let largest = kept.filter(|one| one.answer.is_some()).max_by_key(size);
            match largest {
                Some(largest) => largest.answer = None,
                None => return false,
            }
        }
        true
    }

    /// What the policies were given, for people: the account, the context, and for each step, in
    /// their order, what was asked and answered.
    #[must_use]
    pub fn inputs(&self) -> Value {
        let user = self.user.as_ref().map(|user| {
            let groups: Vec<&str> = user.groups.iter().map(|group| group.name.as_str()).collect();
            json!({
                "pk": user.pk, "username": user.username, "is_active": user.is_active,
                "groups": groups, "attributes": user.attributes,
            })
        });
        let steps: Value = self
            .steps
            .iter()
            .map(|step| Value::Array(step.heard.iter().map(Recorded::for_people).collect()))
            .collect();
        json!({"user": user, "context": self.context, "answers": steps})
    }

    /// The account it was about.
    #[must_use]
    pub fn user(&self) -> Option<i64> {
        self.user.as_ref().map(|user| user.pk)
    }

    /// The account as it would be; what tables were asked is no longer known then.
    pub fn with_rows_changed(&mut self, user: Option<Subject>) {
        self.user = user;
        for one in self.steps.iter_mut().flat_map(|step| &mut step.heard) {
            if one.question.is_about_rows() {
                one.answer = None;
            }
        }
    }

    /// Makes the decision again, on this configuration, from what was answered then and at the time
    /// it was made: nobody else is asked, and nothing is written.
    ///
    /// # Errors
    /// None that a replay could cause; the type is that of decisions.
    pub async fn replay(
        &self,
        snapshot: &Snapshot,
        interpreter: Option<&Interpreter>,
    ) -> Result<Replayed, StoreError> {
        let answers = self.steps.iter().flat_map(|step| step.heard.clone()).collect();
        let host = Replay { interpreter, answers: Mutex::new(answers), heard: Mutex::default() };
        let occasion = match self.kind {
            Kind::Application => Occasion::Test(&self.context),
            Kind::Flow => Occasion::Flow(&self.context),
            Kind::Stage => Occasion::Stage(&self.context),
            Kind::PromptAnswers => Occasion::PromptAnswers(&self.context),
        };
        let request = PolicyRequest {
            snapshot,
            clock: &At(Timestamp(self.at)),
            host: &host,
            user: self.user.as_ref(),
            occasion,
            target: None,
            name: "",
        };
        let mut gone = false;
        let decision = match &self.rules {
            Rules::Bound { target, all } => {
                let found = snapshot.bindable(*target);
                gone = found.is_none();
                let mode = found.and_then(|entry| entry.object.value("policy_engine_mode"));
                let all = mode.map_or(*all, |mode| mode == "all");
                let mode = if all { PolicyEngineMode::All } else { PolicyEngineMode::Any };
                engine::decide(&request, *target, mode).await?
            }
            Rules::Named(policies) => {
                let id = |uuid: &Uuid| ObjectId::new(<dyn Policy>::SPACE, Key::Uuid(*uuid));
                engine::decide_all(&request, policies.iter().map(id)).await?
            }
        };
        let all = decision.trace.mode == "all";
        let mut steps = Vec::new();
        for step in decision.trace.steps {
            let key = key(&step.binding, &step.name);
            let was = self.steps.iter().find(|then| then.key == key).map(|then| then.passing);
            let unknown = missing(&step.heard).or_else(|| {
                // Bindings of groups and accounts read nothing.
                let policy = policy_of(snapshot, &step.binding, &step.name)
                    .filter(|_| step.kind == "policy")?;
                let secret = self.masked.iter().find(|name| reads(policy, name))?;
                Some(format!("It may depend on \"{secret}\", which is not recorded."))
            });
            let passing = if unknown.is_some() { None } else { Some(step.passing) };
            steps.push(ReplayedStep {
                binding: step.binding,
                kind: step.kind,
                name: step.name,
                was,
                passing,
                messages: step.messages,
                unknown,
            });
        }
        let passing = if steps.is_empty() {
            Some(decision.passing && !gone)
        } else {
            together(steps.iter().map(|step| step.passing), all)
        };
        Ok(Replayed { was: self.passing, passing, gone, messages: decision.messages, steps })
    }
}

/// One answer of many, each of which may not be known.
#[must_use]
pub fn together(all_of: impl Iterator<Item = Option<bool>>, all: bool) -> Option<bool> {
    // With `all`, one no decides; else one yes does.
    let mut undecided = Some(all);
    for one in all_of {
        match one {
            Some(passing) if passing != all => return Some(passing),
            Some(_) => {}
            None => undecided = None,
        }
    }
    undecided
}

/// What a policy asked and nobody answered, in a sentence.
pub(crate) fn missing(heard: &[Recorded]) -> Option<String> {
    let asked = heard.iter().find(|one| one.answer.is_none())?;
    Some(format!("It asks for {}, which is not recorded.", asked.question.for_people()))
}

fn key<'a>(binding: &'a str, name: &'a str) -> &'a str {
    if binding.is_empty() { name } else { binding }
}

/// The policy of a step.
pub(crate) fn policy_of<'a>(
    snapshot: &'a Snapshot,
    binding: &str,
    name: &str,
) -> Option<&'a Entry> {
    let bound = Uuid::parse_str(binding).ok().and_then(|uuid| {
        let binding =
            snapshot.get::<crate::PolicyBinding>(countersign_model::Ref::new(Key::Uuid(uuid)))?;
        snapshot.member(binding.policy?)
    });
    let named = || {
        let mut all = snapshot.entries(<dyn Policy>::SPACE);
        all.find(|entry| entry.object.value("name").is_some_and(|value| value == name))
    };
    bound.or_else(named).map(|entry| &**entry)
}

/// Whether a policy may read something of that name: its fields say it, or it asks other policies.
pub(crate) fn reads(policy: &Entry, name: &str) -> bool {
    let texts = policy.object.values();
    let mut texts = texts.values().filter_map(Value::as_str);
    texts.any(|text| text.contains(name) || text.contains("ak_call_policy"))
}

fn size(of: &impl Serialize) -> usize {
    serde_json::to_string(of).map_or(usize::MAX, |text| text.len())
}

fn without_secrets(one: &Recorded, secrets: &Secrets, masked: &mut BTreeSet<String>) -> Recorded {
    let answer = match &one.answer {
        _ if is_about_password(&one.question) => None,
        Some(Ok(answer)) => {
            let mut plain = serde_json::to_value(answer).unwrap_or_default();
            // The address of the answer is the one that was asked for.
            if let (Question::Http(asked), Some(url)) =
                (&one.question, plain.pointer_mut("/value/url"))
            {
                *url = asked.url.clone().into();
            }
            let shown = secrets.mask(&plain, masked);
            serde_json::from_value(shown).ok().map(Ok)
        }
        other => other.clone(),
    };
    // What is asked may name what is secret, too, as the context of an event does.
    let plain = serde_json::to_value(&one.question).unwrap_or_default();
    let question = serde_json::from_value(secrets.mask(&plain, &mut BTreeSet::new()));
    Recorded { question: question.unwrap_or_else(|_| one.question.clone()), answer }
}

impl Recorded {
    fn for_people(&self) -> Value {
        let answer = match &self.answer {
            Some(Ok(answer)) => serde_json::to_value(answer).unwrap_or_default(),
            Some(Err(error)) => error.to_string().into(),
            None => Value::Null,
        };
        // {"rows": [..]}: what sort of answer it is says the question.
        let answer = match answer {
            Value::Object(map) if map.len() == 1 => {
                map.into_iter().next().map(|(_, value)| value).unwrap_or_default()
            }
            other => other,
        };
        json!({"asked": self.question.for_people(), "answer": answer, "known": self.answer.is_some()})
    }
}

/// A moment that does not pass.
pub struct At(pub Timestamp);

impl Clock for At {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// Answers what was answered before.
struct Replay<'a> {
    interpreter: Option<&'a Interpreter>,
    answers: Mutex<Vec<Recorded>>,
    heard: Mutex<Vec<Recorded>>,
}

impl Host for Replay<'_> {
    fn ask(&self, question: Question) -> BoxFuture<'_, Result<Answer, HostError>> {
        let question = written(question);
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let mut places = (0..).zip(&*answers).filter(|(_, it)| it.question == question);
        let (first, again) = (places.next(), places.next().is_some());
        let found = first.map(|(at, recorded)| (at, recorded.answer.clone()));
        let answer = found.and_then(|(at, answer)| {
            // What was asked more than once is answered as it was, one after the other.
            if again {
                answers.remove(at);
            }
            answer
        });
        drop(answers);
        note(&self.heard, Recorded { question, answer: answer.clone() });
        Box::pin(std::future::ready(answer.unwrap_or(Err(HostError::NotRecorded))))
    }

    fn interpreter(&self) -> Option<&Interpreter> {
        self.interpreter
    }

    fn heard(&self) -> Option<Vec<Recorded>> {
        Some(taken(&self.heard))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NoHost;
    use crate::policies::{ExpressionPolicy, PasswordPolicy};
    use countersign_model::Draft;

    /// A world in which an account is a member of "staff", and another server answers.
    struct Online(usize);
    impl Host for Online {
        fn ask(&self, question: Question) -> BoxFuture<'_, Result<Answer, HostError>> {
            let answer = match question {
                Question::Http(_) => {
                    let text =
                        format!("{{\"ok\": true, \"access_token\": \"t{}\"}}", "x".repeat(self.0));
                    let answer = json!({"status": 200, "text": text, "headers": {}, "url": ""});
                    Ok(Answer::Value(answer))
                }
                Question::Query(_) => Ok(Answer::Rows(vec![Map::new()])),
                other => return NoHost.ask(other),
            };
            Box::pin(std::future::ready(answer))
        }
        fn interpreter(&self) -> Option<&Interpreter> {
            NoHost.interpreter()
        }
    }

    const FIRST: Uuid = Uuid::from_u128(1);
    const SECOND: Uuid = Uuid::from_u128(2);

    fn expression(name: &str, text: &str) -> ExpressionPolicy {
        ExpressionPolicy {
            name: name.to_owned(),
            execution_logging: false,
            expression: text.into(),
        }
    }

    fn drafted(first: &str, second: &str) -> Draft {
        let mut draft = Draft::new(&Snapshot::default());
        draft.put(FIRST, expression("first", first));
        draft.put(SECOND, expression("second", second));
        draft
    }

    async fn decided(draft: &Draft, context: Value, long: usize) -> DecisionRecord {
        let context = context.as_object().unwrap().clone();
        let user = Subject {
            pk: 7,
            username: "uma".to_owned(),
            attributes: Map::from_iter([("api_token".to_owned(), "hush-attribute".into())]),
            ..Subject::default()
        };
        let recorder = Recorder::new(Online(long));
        let request = PolicyRequest {
            snapshot: draft,
            clock: &At(Timestamp(1_900_000_000_000_000)),
            host: &recorder,
            user: Some(&user),
            occasion: Occasion::Stage(&context),
            target: None,
            name: "",
        };
        let ids = [FIRST, SECOND].map(|it| ObjectId::new(<dyn Policy>::SPACE, Key::Uuid(it)));
        let decision = engine::decide_all(&request, ids).await.unwrap();
        // As it is read from its row.
        let text = serde_json::to_string(&decision.record.unwrap()).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    async fn again(record: &DecisionRecord, draft: &Draft) -> Replayed {
        record.replay(draft, NoHost.interpreter()).await.unwrap()
    }

    const ASKS: &str = "answer = requests.get('https://other.test/a?token=hush-address', headers={'Authorization': 'hush-header'})\nreturn answer.json()['ok']";

    #[tokio::test]
    async fn a_recorded_decision_is_made_again_with_nobody_to_ask() {
        let draft = drafted(ASKS, "return request.user.ak_groups.filter(name='staff').exists()");
        let record = decided(&draft, json!({"x": 1, "password": "hush-password"}), 1).await;
        let text = serde_json::to_string(&record).unwrap();
        assert!(
            !text.contains("hush") && !text.contains("t1x") && !text.contains("\"tx\""),
            "{text}"
        );
        let replayed = again(&record, &draft).await;
        assert_eq!((replayed.was, replayed.passing), (true, Some(true)), "{replayed:?}");
        // The time is that of then.
        let year = "from datetime import datetime\nreturn datetime.now().year == 2030";
        let replayed = again(&record, &drafted(ASKS, year)).await;
        assert_eq!(replayed.passing, Some(true), "{replayed:?}");
        let replayed = again(&record, &drafted(ASKS, "return False")).await;
        assert_eq!(replayed.passing, Some(false), "{replayed:?}");
        assert_eq!(replayed.steps[1].was, Some(true));
    }

    #[tokio::test]
    async fn what_was_not_asked_then_makes_the_decision_unknown_and_one_no_decides_still() {
        let draft = drafted("return True", "return True");
        let record = decided(&draft, json!({}), 1).await;
        for caught in [
            ASKS,
            "try:\n    requests.get('https://x.test/')\nexcept Exception:\n    pass\nreturn True",
        ] {
            let replayed = again(&record, &drafted(caught, "return True")).await;
            assert_eq!(replayed.passing, None, "{replayed:?}");
            let why = replayed.steps[0].unknown.as_deref().unwrap();
            assert!(why.contains("GET https://") && why.contains("not recorded"), "{why}");
            let replayed = again(&record, &drafted(caught, "return False")).await;
            assert_eq!(replayed.passing, Some(false), "{replayed:?}");
        }
    }

    #[tokio::test]
    async fn a_large_answer_is_cut_and_its_policy_is_unknown_by_name() {
        let draft = drafted(ASKS, "return True");
        let record = decided(&draft, json!({}), 2 * LARGEST_RECORD).await;
        assert!(record.size() <= LARGEST_RECORD, "{}", record.size());
        let replayed = again(&record, &draft).await;
        // What is masked of an answer is short: the token was the large part of this one.
        assert_eq!(replayed.passing, Some(true), "{replayed:?}");
        let long = json!({"long": "x".repeat(2 * LARGEST_RECORD)});
        let context = long.as_object().unwrap().clone();
        let recorder = Recorder::new(NoHost);
        let request = PolicyRequest {
            snapshot: &draft,
            clock: &At(Timestamp(0)),
            host: &recorder,
            user: None,
            occasion: Occasion::Stage(&context),
            target: None,
            name: "",
        };
        let id = ObjectId::new(<dyn Policy>::SPACE, Key::Uuid(SECOND));
        let decision = engine::decide_all(&request, [id]).await.unwrap();
        assert!(decision.record.is_none(), "what does not fit is not kept");
    }

    #[tokio::test]
    async fn what_depends_on_a_secret_is_unknown() {
        let mut draft = drafted("return context['password'] == 'right'", "return True");
        let record = decided(&draft, json!({"password": "right"}), 1).await;
        let replayed = again(&record, &draft).await;
        assert_eq!((replayed.was, replayed.passing), (true, None), "{replayed:?}");
        assert!(replayed.steps[0].unknown.as_deref().unwrap().contains("password"));
        draft.put(
            FIRST,
            PasswordPolicy {
                name: "first".to_owned(),
                execution_logging: false,
                password_field: "password".to_owned(),
                amount_digits: 0,
                amount_uppercase: 0,
                amount_lowercase: 0,
                amount_symbols: 0,
                length_min: 3,
                symbol_charset: String::new(),
                error_message: "Too short.".to_owned(),
                check_static_rules: true,
                check_have_i_been_pwned: false,
                check_zxcvbn: false,
                hibp_allowed_count: 0,
                zxcvbn_score_threshold: 2,
            },
        );
        assert_eq!(again(&record, &draft).await.passing, None);
    }

    #[test]
    fn answers_of_which_some_are_unknown() {
        let of = |all: &[Option<bool>], mode| together(all.iter().copied(), mode);
        for (answers, all, any) in [
            (&[][..], Some(true), Some(false)),
            (&[Some(true)], Some(true), Some(true)),
            (&[Some(true), None], None, Some(true)),
            (&[None, Some(false)], Some(false), None),
            (&[Some(true), Some(false)], Some(false), Some(true)),
        ] {
            assert_eq!((of(answers, true), of(answers, false)), (all, any), "{answers:?}");
        }
    }
}
