//! A model of signing in: flows of random stages, visitors who are honest, confused or hostile, and
//! an administrator who edits while they are on their way. Whatever happens, a session begins only
//! where the oracle allows it; and whoever does all that is asked gets in.

mod edits;
mod oracle;
mod planted;

use std::collections::{BTreeMap, BTreeSet};

use http::StatusCode;
use serde_json::{Map, Value, json};
use tokio::time::Instant;
use totp_rs::{Builder, Secret};

use self::edits::EDITS;
use self::oracle::{Bound, Kind, Person, Sent, may_begin};
use self::planted::{FAULTS, Fault};
use crate::world::{Browser, World, executor};

/// Requests of visitors. `MODEL_STEPS` and `MODEL_SEED` make it longer, or another one.
const STEPS: u64 = 6_000;
const SEED: u64 = 2_025;
/// In which a planted fault is found, or the model is blind to it.
const LONGEST: u64 = 20_000;
/// Requests of a scene.
const SCENE: usize = 120;

/// `SplitMix64`: the same numbers for the same seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % below as u64).unwrap()
    }

    fn in_a_hundred(&mut self, chance: usize) -> bool {
        self.roll(100) < chance
    }

    fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.roll(of.len())]
    }
}

/// A flow under test.
struct Tested {
    slug: String,
    pk: Value,
    stages: Vec<Bound>,
}

/// A browser of somebody, and what it sent so far.
struct Visitor<'a> {
    browser: Browser<'a>,
    answers: Vec<Sent>,
    /// Who it means to be.
    person: usize,
    /// Browsers with the same number share a plan.
    shares: usize,
    /// The challenge it saw last, by flow.
    shown: BTreeMap<usize, Value>,
}

struct Model<'a> {
    world: &'a World,
    admin: Browser<'a>,
    dice: Dice,
    /// One object of each kind of stage.
    stages: BTreeMap<Kind, Value>,
    /// The policies that always say yes and no.
    always: [Value; 2],
    members: Value,
    persons: Vec<Person>,
    flows: Vec<Tested>,
    spent: BTreeSet<(String, u64)>,
    sessions: i64,
    made: usize,
    steps: u64,
    seen: BTreeMap<String, u64>,
    /// What happened in this scene.
    journal: Vec<String>,
    /// What was sent in it, by anybody.
    sent: Vec<Value>,
    /// One that is planted, and what was found of it.
    fault: Option<Fault>,
    found: Option<String>,
}

const KINDS: [Kind; 10] = [
    Kind::Identification,
    Kind::IdentificationWithPassword,
    Kind::Password,
    Kind::Prompt,
    Kind::Dummy,
    Kind::Consent,
    Kind::Validate,
    Kind::ValidateOrDeny,
    Kind::Deny,
    Kind::Login,
];

const MOVES: [&str; 13] = [
    "honest",
    "reload",
    "empty answer",
    "wrong answer",
    "wrong proof",
    "earlier answer again",
    "another page's answer",
    "everything at once",
    "by the page",
    "start again",
    "another flow",
    "copied cookies",
    "somebody else's name",
];

impl<'a> Model<'a> {
    async fn new(world: &'a World, seed: u64) -> Model<'a> {
        let mut admin = world.administrator().await;
        let mut stages = BTreeMap::new();
        let password = json!({"name": "m password", "backends": ["authentik.core.auth.InbuiltBackend"], "failed_attempts_before_cancel": 5});
        let password = admin.create("stages/password", password).await;
        let field = json!({"name": "m pin", "field_key": "pin", "label": "PIN", "type": "text", "required": true, "order": 0});
        let field = admin.create("stages/prompt/prompts", field).await;
        for kind in KINDS {
            let (path, fields) = match kind {
                Kind::Identification => ("identification", json!({"user_fields": ["username"]})),
                Kind::IdentificationWithPassword => (
                    "identification",
                    json!({"user_fields": ["username"], "password_stage": password}),
                ),
                Kind::Password => ("password", Value::Null),
                Kind::Prompt => ("prompt/stages", json!({"fields": [field]})),
                Kind::Dummy => ("dummy", json!({})),
                Kind::Consent => ("consent", json!({"mode": "always_require"})),
                Kind::Validate => {
                    ("authenticator/validate", json!({"not_configured_action": "skip"}))
                }
                Kind::ValidateOrDeny => {
                    ("authenticator/validate", json!({"not_configured_action": "deny"}))
                }
                Kind::Deny => ("deny", json!({})),
                Kind::Login => ("user_login", json!({})),
            };
            let stage = if let Value::Object(mut fields) = fields {
                fields.insert("name".into(), format!("m {kind:?}").into());
                admin.create(&format!("stages/{path}"), fields.into()).await
            } else {
                password.clone()
            };
            stages.insert(kind, stage);
        }
        let mut always = [Value::Null, Value::Null];
        for (result, slot) in [false, true].into_iter().zip(&mut always) {
            let body = json!({"name": format!("m {result}"), "result": result, "wait_min": 0, "wait_max": 0});
            *slot = admin.create("policies/dummy", body).await;
        }
        let members = admin.create("core/groups", json!({"name": "m members"})).await;
        let mut persons = Vec::new();
        for n in 0..4 {
            let username = format!("person-{n}");
            let is_member = n % 2 == 0;
            let groups = if is_member { json!([members]) } else { json!([]) };
            let body = json!({"username": username, "name": "P", "groups": groups});
            let pk = admin.create("core/users", body).await.as_i64().unwrap();
            let password = format!("first-Password-{n}");
            world.set_cheap_password(&username, &password).await;
            let mut app = None;
            if n >= 2 {
                let mut own = world.browser();
                own.sign_in(&username, &password).await;
                let setup = executor("default-authenticator-totp-setup");
                let url = own.challenge(&setup).await["config_url"].as_str().unwrap().to_owned();
                let secret = url.split("secret=").nth(1).unwrap().split('&').next().unwrap();
                let code = code(secret, world).0;
                let end = own.answer(&setup, json!({"code": code})).await;
                assert_eq!(end["component"], "xak-flow-redirect", "{end}");
                app = Some(secret.to_owned());
            }
            persons.push(Person { username, pk, password, is_member, is_active: true, app });
        }
        Model {
            world,
            admin,
            dice: Dice(seed),
            stages,
            always,
            members,
            persons,
            flows: Vec::new(),
            spent: BTreeSet::new(),
            sessions: 0,
            made: 0,
            steps: 0,
            seen: BTreeMap::new(),
            journal: Vec::new(),
            sent: Vec::new(),
            fault: None,
            found: None,
        }
    }

    fn note(&mut self, what: impl Into<String>) {
        *self.seen.entry(what.into()).or_default() += 1;
    }

    /// One flow, a second one beside it, and some visitors.
    async fn scene(&mut self) {
        // Wrong answers of the last one are forgotten.
        self.world.clock.advance(90_000);
        self.journal.clear();
        self.sent.clear();
        self.admin = self.world.administrator().await;
        self.flows = vec![self.make_flow().await, self.make_flow().await];
        for person in 0..self.persons.len() {
            if !self.persons[person].is_active {
                self.set_active(person, true).await;
            }
        }
        self.sessions = self.world.count("SELECT COUNT(*) FROM session").await;
        for person in [self.dice.roll(4), self.dice.roll(4)] {
            self.honest_way(person).await;
        }
        let mut visitors = vec![self.visitor(0), self.visitor(1)];
        for _ in 0..SCENE {
            if self.found.is_some() {
                return;
            }
            if self.dice.in_a_hundred(6) {
                self.edit(&mut visitors).await;
            }
            let at = self.dice.roll(visitors.len());
            self.act(&mut visitors, at).await;
        }
    }

    fn visitor(&mut self, shares: usize) -> Visitor<'a> {
        let mut browser = self.world.browser();
        // So many of one address are slowed down, and these are not about that.
        let (a, b) = (self.dice.roll(250), self.dice.roll(250));
        browser.address = Some(format!("10.{a}.{b}.7"));
        let person = self.dice.roll(self.persons.len());
        Visitor { browser, answers: Vec::new(), person, shares, shown: BTreeMap::new() }
    }

    /// Does all that is asked. Who can get in does, and nobody else.
    async fn honest_way(&mut self, person: usize) {
        let mut visitor = self.visitor(usize::MAX);
        visitor.person = person;
        let path = executor(&self.flows[0].slug);
        let mut shown = visitor.browser.challenge(&path).await;
        for _ in 0..12 {
            self.steps += 1;
            let component = shown["component"].as_str().unwrap().to_owned();
            let Some(body) = self.right_answer(person, &shown) else { break };
            self.remember(&mut visitor, 0, false, &body);
            shown = visitor.browser.answer(&path, body).await;
            self.note(format!("answered {component}"));
        }
        let flow = self.flows[0].stages.clone();
        let mut spent = self.spent.clone();
        let allowed = may_begin(&flow, &self.persons[person], &visitor.answers, &mut spent);
        let got_in = self.look(&mut [visitor], 0, 0).await;
        self.note(if got_in { "honest: signed in" } else { "honest: refused" });
        if allowed.is_ok() != got_in {
            let person = &self.persons[person];
            self.violation(format!("{allowed:?} {person:?} {flow:#?} {shown}"));
        }
    }

    /// What somebody honest answers; nothing where the flow has ended.
    fn right_answer(&mut self, person: usize, shown: &Value) -> Option<Value> {
        let person = &self.persons[person];
        Some(match shown["component"].as_str().unwrap_or_default() {
            "ak-stage-identification" if shown["password_fields"] == json!(true) => {
                json!({"uid_field": person.username, "password": person.password})
            }
            "ak-stage-identification" => json!({"uid_field": person.username}),
            "ak-stage-password" => json!({"password": person.password}),
            "ak-stage-prompt" => json!({"pin": "1"}),
            "ak-stage-dummy" => json!({}),
            "ak-stage-consent" => json!({"token": shown["token"]}),
            "ak-stage-authenticator-validate" => {
                self.world.clock.advance(30);
                json!({"code": code(person.app.as_ref()?, self.world).0})
            }
            _ => return None,
        })
    }

    /// Notes what a browser sends, before it does.
    fn remember(&mut self, visitor: &mut Visitor<'_>, flow: usize, is_form: bool, body: &Value) {
        let text = |name: &str| body[name].as_str().map(str::to_owned);
        let now = u64::try_from(self.world.cx.clock.now().seconds()).unwrap();
        let of = |sent: &str| {
            let apps = self.persons.iter().filter_map(|p| Some((p, p.app.as_ref()?)));
            apps.flat_map(|(person, app)| {
                [now - 30, now, now + 30].map(move |at| (person, at / 30, code_at(app, at)))
            })
            .find(|(_, _, code)| code == sent)
            .map(|(person, step, _)| (person.username.clone(), step))
        };
        visitor.answers.push(Sent {
            flow,
            is_form,
            uid_field: text("uid_field"),
            password: text("password"),
            pin: text("pin"),
            token: text("token"),
            code: text("code").and_then(|sent| of(&sent)),
        });
        self.sent.push(body.clone());
    }

    /// One request of one visitor.
    async fn act(&mut self, visitors: &mut Vec<Visitor<'a>>, at: usize) {
        self.steps += 1;
        let what = if self.dice.in_a_hundred(50) { MOVES[0] } else { *self.dice.one(&MOVES) };
        self.note(what);
        let flow = usize::from(what == "another flow" || self.dice.in_a_hundred(5));
        let path = executor(&self.flows[flow].slug);
        let person = visitors[at].person;
        let shown = match visitors[at].shown.get(&flow) {
            Some(shown) => shown.clone(),
            None => {
                // A stage that asks nothing may sign in here.
                let shown = visitors[at].browser.challenge(&path).await;
                if self.look(visitors, at, flow).await {
                    return;
                }
                shown
            }
        };
        let right = self.right_answer(person, &shown);
        let mut is_form = false;
        let body = match what {
            "reload" => {
                if let Some(body) = right.filter(|_| self.has(Fault::LookingPasses)) {
                    visitors[at].browser.post_json(&path, body).await;
                }
                let shown = visitors[at].browser.challenge(&path).await;
                visitors[at].shown.insert(flow, shown);
                self.look(visitors, at, flow).await;
                return;
            }
            "start again" => {
                if !self.has(Fault::RestartKeepsProofs) {
                    let cancel = visitors[at].browser.get("/flows/-/cancel/").await;
                    assert!(cancel.status.is_redirection(), "{}", cancel.status);
                }
                visitors[at].answers.clear();
                visitors[at].shown.clear();
                self.look(visitors, at, flow).await;
                return;
            }
            "copied cookies" => {
                let (from, mut copy) = (self.dice.roll(visitors.len()), self.visitor(0));
                copy.browser.cookies = visitors[from].browser.cookies.clone();
                copy.answers.clone_from(&visitors[from].answers);
                copy.shares = visitors[from].shares;
                if visitors.len() > 4 {
                    let last = visitors.len() - 1;
                    visitors[last] = copy;
                } else {
                    visitors.push(copy);
                }
                return;
            }
            "empty answer" => json!({}),
            "wrong answer" => {
                json!({"uid_field": "person-0", "password": "wrong", "code": "000000", "token": "x"})
            }
            "wrong proof" => {
                let mut body = right.unwrap_or_else(|| json!({}));
                for (proof, wrong) in [("password", "wrong"), ("code", "000000")] {
                    if body.get(proof).is_some() {
                        body[proof] = wrong.into();
                    }
                }
                body
            }
            "earlier answer again" => {
                // One that would have been right here, if there is any.
                let fits =
                    |body: &&Value| right.as_ref().is_some_and(|right| same_fields(body, right));
                let fitting: Vec<Value> = self.sent.iter().filter(fits).cloned().collect();
                let earlier = if fitting.is_empty() { &self.sent } else { &fitting };
                if earlier.is_empty() { json!({}) } else { self.dice.one(earlier).clone() }
            }
            "another page's answer" => {
                let other = *self.dice.one(&[
                    "ak-stage-password",
                    "ak-stage-dummy",
                    "ak-stage-user-login",
                    "ak-stage-authenticator-validate",
                    "xak-flow-redirect",
                ]);
                let mut body = right.unwrap_or_else(|| json!({}));
                body["component"] = other.into();
                body
            }
            "everything at once" => {
                let person = &self.persons[person];
                let mut body = json!({"uid_field": person.username, "pin": "1", "remember_me": true, "next": "/if/user/", "user": person.pk, "pending_user": person.username});
                if self.dice.in_a_hundred(30) {
                    body["password"] = self.persons[visitors[at].person].password.clone().into();
                }
                body
            }
            "somebody else's name" => {
                let other = self.dice.roll(self.persons.len());
                json!({"uid_field": self.persons[other].username, "password": self.persons[person].password})
            }
            "by the page" => {
                is_form = true;
                let mut body = right.unwrap_or_else(|| json!({}));
                if body.get("uid_field").is_some() && self.dice.in_a_hundred(60) {
                    body["password"] = self.persons[person].password.clone().into();
                }
                body
            }
            _ => match right {
                Some(body) => body,
                None => {
                    visitors[at] = self.visitor(self.made * 100 + visitors.len());
                    return;
                }
            },
        };
        let mut sender = visitors.swap_remove(at);
        let (address, seen) = (&sender.browser.address, &shown["component"]);
        self.journal.push(format!("{address:?} at {flow} {seen}: {what} {body}"));
        self.remember(&mut sender, flow, is_form, &body);
        let sent = sender.answers.last().unwrap().clone();
        for other in visitors.iter_mut().filter(|other| other.shares == sender.shares) {
            other.answers.push(sent.without_proofs());
        }
        let body = self.reaches(person, &shown, &body);
        let status = if is_form {
            let page = format!("/if/flow/{}/", self.flows[flow].slug);
            sender.browser.get(&page).await;
            let fields: Map<String, Value> = body.as_object().unwrap().clone();
            let fields: Vec<(&str, &str)> =
                fields.iter().map(|(n, v)| (&**n, v.as_str().unwrap_or_default())).collect();
            sender.browser.post_form(&page, &fields).await.status
        } else {
            sender.browser.post_json(&path, body).await.status
        };
        assert!(status.as_u16() < 500, "{status}");
        self.share(&sender, visitors);
        let shown = sender.browser.get(&path).await;
        assert!(shown.status.as_u16() < 500, "{} {}", shown.status, shown.text);
        if shown.status == StatusCode::OK {
            sender.shown.insert(flow, shown.json());
        } else {
            sender.shown.remove(&flow);
        }
        visitors.push(sender);
        let last = visitors.len() - 1;
        self.look(visitors, last, flow).await;
    }

    /// Whether a session began, which only this visitor's can be; then it has to be allowed.
    async fn look(&mut self, visitors: &mut [Visitor<'a>], at: usize, flow: usize) -> bool {
        let sessions = self.world.count("SELECT COUNT(*) FROM session").await;
        let began = sessions > self.sessions;
        self.sessions = sessions;
        if !began {
            return false;
        }
        let me = visitors[at].browser.get("/api/v3/core/users/me/").await;
        let (journal, persons, stages) = (&self.journal, &self.persons, &self.flows[flow].stages);
        assert_eq!(
            me.status,
            StatusCode::OK,
            "a session that is good for nothing: {} {stages:#?} {persons:?} {journal:#?}",
            me.text
        );
        let pk = me.json()["user"]["pk"].as_i64().unwrap();
        let person = self.persons.iter().find(|person| person.pk == pk).unwrap();
        let answers: Vec<Sent> =
            visitors[at].answers.iter().filter(|sent| sent.flow == flow).cloned().collect();
        let stages = &self.flows[flow].stages;
        let satisfied = may_begin(stages, person, &answers, &mut self.spent);
        let satisfied = satisfied.map_err(|problem| {
            let journal = &self.journal;
            format!(
                "{problem}: {person:?} got in by {answers:?} through {stages:#?} after {journal:#?}"
            )
        });
        if let Err(problem) = &satisfied {
            self.violation(problem.clone());
        }
        for kind in satisfied.unwrap_or_default() {
            self.note(format!("satisfied {kind:?}"));
        }
        self.note("signed in");
        let person = self.dice.roll(self.persons.len());
        let address = visitors[at].browser.address.clone();
        visitors[at].browser = self.world.browser();
        visitors[at].browser.address = address;
        visitors[at].person = person;
        visitors[at].answers.clear();
        visitors[at].shown.clear();
        visitors[at].shares = self.made * 1_000 + usize::try_from(self.steps).unwrap();
        true
    }
}

fn same_fields(one: &Value, other: &Value) -> bool {
    let names =
        |body: &Value| body.as_object().map(|body| body.keys().cloned().collect::<Vec<_>>());
    names(one) == names(other)
}

pub(crate) fn code_at(secret: &str, seconds: u64) -> String {
    let secret = Secret::try_from_base32(secret).unwrap();
    Builder::new().with_secret(secret).build().unwrap().generate(seconds).to_string()
}

/// The code that an app shows now, and its time.
fn code(secret: &str, world: &World) -> (String, u64) {
    let now = u64::try_from(world.cx.clock.now().seconds()).unwrap();
    (code_at(secret, now), now / 30)
}

#[expect(clippy::disallowed_methods, reason = "how long a test runs is no setting")]
#[tokio::test(flavor = "multi_thread")]
async fn nobody_gets_in_without_what_the_flow_asks() {
    let given = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let (steps, seed) =
        (given("MODEL_STEPS").unwrap_or(STEPS), given("MODEL_SEED").unwrap_or(SEED));
    let world = World::set_up().await;
    let mut model = Model::new(&world, seed).await;
    let (begun, mut told) = (Instant::now(), Instant::now());
    while model.steps < steps {
        model.scene().await;
        if told.elapsed().as_secs() >= 5 {
            told = Instant::now();
            let rate = model.steps / begun.elapsed().as_secs().max(1);
            println!("{} of {steps} steps, {rate} a second", model.steps);
        }
    }
    println!("{} steps: {:#?}", model.steps, model.seen);
    // A model that gets nowhere proves nothing.
    let seen = |what: &str| model.seen.get(what).copied().unwrap_or_default();
    let least = steps / 2000;
    for what in MOVES.iter().chain(&EDITS).map(|what| (*what).to_owned()).chain(
        KINDS.iter().filter(|kind| **kind != Kind::Deny).map(|kind| format!("satisfied {kind:?}")),
    ) {
        assert!(seen(&what) >= least, "{what}: {}", seen(&what));
    }
    let honest = seen("honest: signed in");
    assert!(honest * 5 >= honest + seen("honest: refused"), "{honest} of the honest got in");
}

/// Each fault is found, and none where there is none.
#[tokio::test(flavor = "multi_thread")]
async fn every_planted_fault_is_found() {
    let world = World::set_up().await;
    let mut model = Model::new(&world, SEED).await;
    for fault in FAULTS {
        (model.fault, model.found) = (Some(fault), None);
        let begun = model.steps;
        while model.found.is_none() {
            assert!(model.steps - begun < LONGEST, "{fault:?} was not found");
            model.scene().await;
        }
        println!("{fault:?}: found after {} steps", model.steps - begun);
        // What the program was kept from hearing.
        for person in &model.persons {
            world.set_cheap_password(&person.username, &person.password).await;
        }
    }
    (model.fault, model.found) = (None, None);
    model.scene().await;
}
