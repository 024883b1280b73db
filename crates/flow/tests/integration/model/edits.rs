//! What the administrator makes, and changes while visitors are on their way.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::oracle::{Bound, Kind, Policy};
use super::planted::Fault;
use super::{Model, Tested, Visitor};

pub(super) const EDITS: [&str; 8] = [
    "stage added",
    "binding deleted",
    "binding to another stage",
    "policy bound",
    "order changed",
    "flow changed",
    "account deactivated",
    "password changed",
];

impl<'a> Model<'a> {
    /// Something of the flow, with or without sense.
    pub(super) async fn make_flow(&mut self) -> Tested {
        self.made += 1;
        let slug = format!("model-{}", self.made);
        let title =
            json!({"name": slug, "slug": slug, "title": slug, "designation": "authentication"});
        let pk = self.admin.create("flows/instances", title).await;
        let first = *self.dice.one(&[Kind::Identification, Kind::IdentificationWithPassword]);
        let mut kinds = vec![first];
        if first == Kind::Identification && self.dice.in_a_hundred(85) {
            kinds.push(Kind::Password);
        }
        for (kind, chance) in [
            (Kind::Prompt, 40),
            (Kind::Dummy, 40),
            (Kind::Consent, 30),
            (*self.dice.one(&[Kind::Validate, Kind::Validate, Kind::ValidateOrDeny]), 50),
            (Kind::Deny, 8),
        ] {
            if self.dice.in_a_hundred(chance) {
                let place = self.dice.roll(kinds.len() + 1);
                kinds.insert(place, kind);
            }
        }
        if self.dice.in_a_hundred(95) {
            kinds.push(Kind::Login);
        }
        if self.dice.in_a_hundred(10) {
            let (a, b) = (self.dice.roll(kinds.len()), self.dice.roll(kinds.len()));
            kinds.swap(a, b);
        }
        let mut stages = Vec::new();
        for (n, kind) in kinds.into_iter().enumerate() {
            let order = 10 * i64::try_from(n).unwrap();
            let binding = self.bind(&pk, kind, order).await;
            let mut bound = Bound { kind, policy: Policy::None, negate: false, binding, order };
            if kind != Kind::Login && self.dice.in_a_hundred(30) || kind == Kind::Deny {
                self.guard(&mut bound).await;
            }
            stages.push(bound);
        }
        Tested { slug, pk, stages }
    }

    async fn bind(&mut self, flow: &Value, kind: Kind, order: i64) -> String {
        let body = json!({"target": flow, "stage": self.stages[&kind], "order": order, "evaluate_on_plan": false, "re_evaluate_policies": true});
        self.admin.create("flows/bindings", body).await.as_str().unwrap().to_owned()
    }

    /// Binds a policy to a stage; constant ones are asked whenever the flow says so.
    async fn guard(&mut self, bound: &mut Bound) {
        bound.negate = self.dice.in_a_hundred(30);
        bound.policy =
            *self.dice.one(&[Policy::Always(true), Policy::Always(false), Policy::Members]);
        let mut body = json!({"target": bound.binding, "order": 0, "negate": bound.negate});
        match bound.policy {
            Policy::Always(result) => {
                body["policy"] = self.always[usize::from(result)].clone();
                let (early, late) = *self.dice.one(&[(true, true), (true, false), (false, true)]);
                let when = json!({"evaluate_on_plan": early, "re_evaluate_policies": late});
                self.admin.change(&format!("flows/bindings/{}", bound.binding), when).await;
            }
            _ => body["group"] = self.members.clone(),
        }
        if self.has(Fault::PoliciesAreTurnedRound) {
            body["negate"] = (!bound.negate).into();
        }
        self.admin.create("policies/bindings", body).await;
    }

    pub(super) async fn set_active(&mut self, person: usize, is_active: bool) {
        let path = format!("core/users/{}", self.persons[person].pk);
        if is_active || !self.has(Fault::DeactivatedGetIn) {
            self.admin.change(&path, json!({"is_active": is_active})).await;
        }
        self.persons[person].is_active = is_active;
    }

    /// What was answered before an edit counts for nothing after it.
    pub(super) async fn edit(&mut self, visitors: &mut [Visitor<'a>]) {
        let what = *self.dice.one(&EDITS);
        self.note(what);
        self.journal.push(format!("edit: {what}"));
        let last = self.flows[0].stages.len() - 1;
        let place = self.dice.roll(last.max(1));
        let before = format!("{:?}", self.flows[0].stages);
        match what {
            "stage added" => {
                let kind = *self.dice.one(&[Kind::Dummy, Kind::Prompt, Kind::Consent]);
                let order =
                    self.flows[0].stages[place].order + 1 + i64::try_from(self.made % 8).unwrap();
                let flow = self.flows[0].pk.clone();
                let taken = self.flows[0]
                    .stages
                    .iter()
                    .any(|stage| stage.order == order || stage.kind == kind);
                if !taken {
                    let binding = self.bind(&flow, kind, order).await;
                    if self.has(Fault::AddedStageIsSkipped) {
                        let skips =
                            json!({"target": binding, "order": 9, "policy": self.always[0]});
                        self.admin.create("policies/bindings", skips).await;
                    }
                    let added = Bound { kind, policy: Policy::None, negate: false, binding, order };
                    self.flows[0].stages.push(added);
                }
            }
            "binding deleted" if last > 1 => {
                let gone = self.flows[0].stages.remove(place);
                let path = format!("/api/v3/flows/bindings/{}/", gone.binding);
                let answer =
                    self.admin.send(Method::DELETE, &path, "application/json", String::new()).await;
                assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.text);
            }
            "binding to another stage" => {
                let kind = *self.dice.one(&[Kind::Dummy, Kind::Prompt, Kind::Password]);
                if !self.flows[0].stages.iter().any(|stage| stage.kind == kind) {
                    let path = format!("flows/bindings/{}", self.flows[0].stages[place].binding);
                    self.admin.change(&path, json!({"stage": self.stages[&kind]})).await;
                    self.flows[0].stages[place].kind = kind;
                }
            }
            "policy bound" if self.flows[0].stages[place].policy == Policy::None => {
                let mut bound = self.flows[0].stages[place].clone();
                self.guard(&mut bound).await;
                self.flows[0].stages[place] = bound;
            }
            "order changed" => {
                let order = 1_000 + i64::try_from(self.steps).unwrap();
                let path = format!("flows/bindings/{}", self.flows[0].stages[place].binding);
                self.admin.change(&path, json!({"order": order})).await;
                self.flows[0].stages[place].order = order;
            }
            "account deactivated" => {
                let person = self.dice.roll(self.persons.len());
                let is_active = !self.persons[person].is_active;
                self.set_active(person, is_active).await;
            }
            "password changed" => {
                let person = self.dice.roll(self.persons.len());
                let (pk, password) =
                    (self.persons[person].pk, format!("next-Password-{}", self.steps));
                let path = format!("/api/v3/core/users/{pk}/set_password/");
                if !self.has(Fault::FormerPasswordCounts) {
                    // A password is set soon after a sign-in.
                    self.admin = self.world.administrator().await;
                    let answer = self.admin.post_json(&path, json!({"password": password})).await;
                    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.text);
                    let username = self.persons[person].username.clone();
                    self.world.set_cheap_password(&username, &password).await;
                }
                self.persons[person].password = password;
            }
            "flow changed" => {
                let title = json!({"title": format!("Title {}", self.steps)});
                let path = format!("flows/instances/{}", self.flows[0].slug);
                self.admin.change(&path, title).await;
            }
            _ => {}
        }
        self.flows[0].stages.sort_by_key(|stage| stage.order);
        self.sessions = self.world.count("SELECT COUNT(*) FROM session").await;
        if what != "flow changed" && before == format!("{:?}", self.flows[0].stages) {
            return;
        }
        for visitor in visitors {
            match what {
                // These end what was proved of one account, or ask more of those who come; what
                // others have answered still counts.
                "account deactivated" | "password changed" | "policy bound" => {}
                _ => visitor.answers.retain(|sent| sent.flow != 0),
            }
        }
    }
}
