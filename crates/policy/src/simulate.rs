//! What would be decided: asked of the configuration in effect or of another, without effects.
//!
//! Nothing is written, sent or asked of other servers. What depends on such an answer is not known,
//! and said to be.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use countersign_catalogue::Application;
use countersign_core::{Context, RequestInfo};
use countersign_model::{Clock, Entry, ObjectId, Ref, Snapshot, Space};
use countersign_python::Interpreter;
use countersign_store::StoreError;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::PolicyEngineMode;
use crate::access::{Engine, name_steps};
use crate::engine::{self, Decision};
use crate::host::{Answer, BoxFuture, Host, HostError, Question};
use crate::live::LiveHost;
use crate::query::{Model, Query};
use crate::recording::{Recorded, missing, note, reads, taken, together};
use crate::request::{Occasion, PolicyRequest};
use crate::subject::Subject;
use crate::verdict::{Step, Trace};
use crate::write::Write;

/// How far the world that is asked about is not the one there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Differs {
    Nowhere,
    /// Objects of the configuration.
    Configuration,
    /// Rows, too: accounts, groups.
    Rows,
}

/// The world that is asked about.
#[derive(Clone)]
pub struct World<'a> {
    pub snapshot: Arc<Snapshot>,
    pub differs: Differs,
    pub clock: &'a dyn Clock,
    /// None where nobody asks from anywhere: what depends on the address is not known then.
    pub request: Option<RequestInfo>,
}

/// Answers as things are, and does nothing.
pub struct Simulated {
    live: LiveHost,
    differs: Differs,
    has_request: bool,
    heard: Mutex<Vec<Recorded>>,
}

impl Engine {
    /// A host that has no effects.
    #[must_use]
    pub fn simulated(&self, cx: &Context, world: &World<'_>) -> Simulated {
        let live = self.host(cx, world.request.as_ref()).trial().over(world.snapshot.clone());
        Simulated {
            live,
            differs: world.differs,
            has_request: world.request.is_some(),
            heard: Mutex::default(),
        }
    }
}

impl Simulated {
    /// Whether an answer would say how things are and not how they would be, or is nobody's to
    /// get.
    fn is_out_of_reach(&self, question: &Question) -> bool {
        match question {
            Question::Http(_)
            | Question::Resolve { .. }
            | Question::LeakedPasswords { .. }
            | Question::CheckPassword { .. }
            | Question::HadPassword { .. }
            // It gives the group that it made.
            | Question::Write { change: Write::Group { .. }, .. } => true,
            Question::WebRequest | Question::Brand => !self.has_request,
            Question::Reputation { address, .. } => *address && !self.has_request,
            Question::Query(Query { model: Model::Flow, .. })
            | Question::Count(Query { model: Model::Flow, .. }) => {
                self.differs != Differs::Nowhere
            }
            other => self.differs == Differs::Rows && other.is_about_rows(),
        }
    }
}

impl Host for Simulated {
    fn ask(&self, question: Question) -> BoxFuture<'_, Result<Answer, HostError>> {
        Box::pin(async move {
            if self.is_out_of_reach(&question) {
                note(&self.heard, Recorded { question, answer: None });
                return Err(HostError::NotRecorded);
            }
            match question {
                Question::Event { .. } | Question::ExpirePassword { .. } => Ok(Answer::Done),
                // As if it had been made.
                Question::Write { .. } => Ok(Answer::Value(Value::Null)),
                other => self.live.ask(other).await,
            }
        })
    }

    fn interpreter(&self) -> Option<&Interpreter> {
        self.live.interpreter()
    }

    fn heard(&self) -> Option<Vec<Recorded>> {
        Some(taken(&self.heard))
    }
}

/// An application with everything that stands between a person and it.
pub struct Doors {
    application: Ref<Application>,
    has_provider: bool,
    flows: Vec<Door>,
    /// Bindings whose policies look at the place of the address, where that is not known.
    located: BTreeSet<String>,
}

/// A flow that leads to the application.
struct Door {
    slug: String,
    name: String,
    target: Uuid,
    mode: PolicyEngineMode,
}

impl Doors {
    /// None where there is no such application.
    #[must_use]
    pub fn of(snapshot: &Snapshot, application: Ref<Application>) -> Option<Doors> {
        let found = snapshot.get(application)?;
        let provider = found.provider.and_then(|provider| snapshot.member(provider));
        let mut named: Vec<ObjectId> = Vec::new();
        if let Some(provider) = provider {
            provider.object.visit_refs(&mut |field, target| {
                if target.space == Space("flow")
                    && ["authentication_flow", "authorization_flow"].contains(&field.name)
                {
                    named.push(target);
                }
            });
        }
        let door = |id: &ObjectId| {
            let values = snapshot.entry(*id)?.object.values();
            let text = |name: &str| {
                values.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
            };
            let all = text("policy_engine_mode") == "all";
            Some(Door {
                slug: text("slug"),
                name: text("name"),
                target: id.key.uuid().unwrap_or_default(),
                mode: if all { PolicyEngineMode::All } else { PolicyEngineMode::Any },
            })
        };
        let flows = named.iter().filter_map(door).collect();
        let located = BTreeSet::new();
        Some(Doors { application, has_provider: provider.is_some(), flows, located })
    }

    /// For a world without an address.
    #[must_use]
    pub fn without_address(mut self, snapshot: &Snapshot) -> Doors {
        for target in self.targets().collect::<Vec<_>>() {
            for (key, binding) in engine::bindings_of(snapshot, target) {
                let policy = binding.policy.and_then(|policy| snapshot.member(policy));
                let looks = |policy: &Arc<Entry>| {
                    policy.meta().model.contains("geoip")
                        || ["geoip", "asn"].iter().any(|name| reads(policy, name))
                };
                if policy.is_some_and(looks) {
                    self.located.insert(key.to_string());
                }
            }
        }
        self
    }

    /// The objects whose bindings decide: the application, and the flows that lead to it.
    pub fn targets(&self) -> impl Iterator<Item = Uuid> {
        let own = self.application.key().uuid();
        own.into_iter().chain(self.flows.iter().map(|flow| flow.target))
    }

    /// Asks at each of them.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn ask(
        &self,
        host: &dyn Host,
        world: &World<'_>,
        user: &Subject,
    ) -> Result<Judged, StoreError> {
        let request = PolicyRequest {
            snapshot: &world.snapshot,
            clock: world.clock,
            host,
            user: Some(user),
            occasion: Occasion::Application(None),
            target: None,
            name: "",
        };
        let application = crate::access::one(&request, self.application).await?;
        let mut flows = Vec::with_capacity(self.flows.len());
        for flow in &self.flows {
            flows.push(engine::decide(&request, flow.target, flow.mode).await?);
        }
        Ok(Judged { is_active: user.is_active, application, flows })
    }

    /// A sentence for each thing that stands in the way, or may.
    #[must_use]
    pub fn reasons(&self, judged: &Judged) -> Vec<String> {
        let mut reasons = Vec::new();
        if !judged.is_active {
            reasons.push("the account is not active".to_owned());
        }
        if self.known(&judged.application) != Some(true) {
            let steps = judged.application.trace.steps.iter();
            reasons.extend(steps.filter_map(|step| self.stands_in_the_way(step)));
        }
        for (flow, decision) in self.flows.iter().zip(&judged.flows) {
            let slug = &flow.slug;
            match self.known(decision) {
                Some(true) => {}
                Some(false) => reasons.push(format!(
                    "the policies of the flow \"{slug}\", which leads to the application, do not pass"
                )),
                None => reasons.push(format!(
                    "it is not known whether the policies of the flow \"{slug}\", which leads to the application, pass"
                )),
            }
        }
        if !self.has_provider {
            reasons
                .push("the application has no provider: there is nothing to sign in to".to_owned());
        }
        reasons
    }

    /// Whether the person gets in; none where that is not known.
    #[must_use]
    pub fn passing(&self, judged: &Judged) -> Option<bool> {
        let flows = judged.flows.iter().map(|flow| self.known(flow));
        let all =
            [Some(judged.is_active), Some(self.has_provider), self.known(&judged.application)];
        together(all.into_iter().chain(flows), true)
    }

    /// For people and programs: the decision with its reasons and rules.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn told(
        &self,
        cx: &Context,
        username: &str,
        mut judged: Judged,
    ) -> Result<serde_json::Map<String, Value>, StoreError> {
        name_steps(cx, username, &mut judged.application.trace.steps).await?;
        let flows: Value = self
            .flows
            .iter()
            .zip(&judged.flows)
            .map(|(flow, decision)| {
                json!({
                    "slug": flow.slug, "name": flow.name, "passing": self.known(decision),
                    "trace": self.trace(&decision.trace),
                })
            })
            .collect();
        let told = json!({
            "passing": self.passing(&judged),
            "reasons": self.reasons(&judged),
            "trace": self.trace(&judged.application.trace),
            "flows": flows,
        });
        match told {
            Value::Object(told) => Ok(told),
            _ => Ok(serde_json::Map::new()),
        }
    }

    /// The outcome, if it does not depend on what nobody answered.
    fn known(&self, decision: &Decision) -> Option<bool> {
        let steps = &decision.trace.steps;
        if steps.is_empty() {
            return Some(decision.passing);
        }
        together(steps.iter().map(|step| self.step_known(step)), decision.trace.mode == "all")
    }

    fn step_known(&self, step: &Step) -> Option<bool> {
        self.unknown(step).is_none().then_some(step.passing)
    }

    fn stands_in_the_way(&self, step: &Step) -> Option<String> {
        let negated = if step.negate { ", negated" } else { "" };
        let (said, what) = match (self.unknown(step), &step.error) {
            (Some(unknown), _) => (format!(" {unknown}"), "may not pass"),
            (None, _) if step.passing => return None,
            (None, Some(error)) => (format!(" It failed to run: {error}"), "does not pass"),
            (None, None) => (String::new(), "does not pass"),
        };
        Some(format!(
            "the {} \"{}\" (binding {}, order {}{negated}) {what}.{said}",
            step.kind, step.name, step.binding, step.order
        ))
    }

    /// A trace in which what is not known is neither yes nor no.
    fn trace(&self, trace: &Trace) -> Value {
        let steps: Value = trace
            .steps
            .iter()
            .map(|step| {
                let mut told = serde_json::to_value(step).unwrap_or_default();
                if let (Some(unknown), Value::Object(told)) = (self.unknown(step), &mut told) {
                    told.insert("passing".to_owned(), Value::Null);
                    told.insert("unknown".to_owned(), unknown.into());
                    told.remove("error");
                    told.insert("messages".to_owned(), json!([]));
                }
                told
            })
            .collect();
        let passing = if trace.steps.is_empty() {
            Some(trace.passing)
        } else {
            together(trace.steps.iter().map(|step| self.step_known(step)), trace.mode == "all")
        };
        json!({"mode": trace.mode, "passing": passing, "messages": trace.messages, "steps": steps})
    }

    /// Why it is not known whether a step passes.
    fn unknown(&self, step: &Step) -> Option<String> {
        let located = || {
            let text = "It depends on the place of an address, which is not known.";
            self.located.contains(&step.binding).then(|| text.to_owned())
        };
        missing(&step.heard).or_else(located)
    }
}

/// What was answered at each of an application's doors.
pub struct Judged {
    is_active: bool,
    application: Decision,
    flows: Vec<Decision>,
}
