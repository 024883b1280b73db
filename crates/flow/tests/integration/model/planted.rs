//! Faults that a sign-in must not have, planted between the visitors and the program: what they do
//! reaches it as if it had the fault, while the oracle knows what was really sent and set. A model
//! that does not find them would not find them in the program either.

use serde_json::{Value, json};

use super::{Model, Visitor};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// An answer without content passes any stage.
    EmptyAnswerPasses,
    /// To look at a page again passes it.
    LookingPasses,
    WrongPasswordPasses,
    /// The name alone passes a page that asks for name and password.
    NameAlonePasses,
    WrongCodePasses,
    CodeCountsTwice,
    /// Starting again keeps what was proved.
    RestartKeepsProofs,
    /// What somebody proves counts in whichever browser has copied the cookies.
    ProofsAreShared,
    /// A stage that is added to a flow is not asked.
    AddedStageIsSkipped,
    /// Stages are asked of whom their policies spare, and not of others.
    PoliciesAreTurnedRound,
    DeactivatedGetIn,
    FormerPasswordCounts,
}

pub(super) const FAULTS: [Fault; 12] = [
    Fault::EmptyAnswerPasses,
    Fault::LookingPasses,
    Fault::WrongPasswordPasses,
    Fault::NameAlonePasses,
    Fault::WrongCodePasses,
    Fault::CodeCountsTwice,
    Fault::RestartKeepsProofs,
    Fault::ProofsAreShared,
    Fault::AddedStageIsSkipped,
    Fault::PoliciesAreTurnedRound,
    Fault::DeactivatedGetIn,
    Fault::FormerPasswordCounts,
];

impl Model<'_> {
    pub(super) fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    /// What reaches the program in place of an answer.
    pub(super) fn reaches(&mut self, person: usize, shown: &Value, body: &Value) -> Value {
        let Some(fault) = self.fault else { return body.clone() };
        let component = shown["component"].as_str().unwrap_or_default();
        let named = if component == "ak-stage-password" {
            &shown["pending_user"]
        } else {
            &body["uid_field"]
        };
        let owner = self.persons.iter().find(|person| *named == json!(person.username));
        let asks_password = component == "ak-stage-password"
            || component == "ak-stage-identification" && shown["password_fields"] == json!(true);
        let mut changed = body.clone();
        match (fault, owner) {
            (Fault::EmptyAnswerPasses, _) if *body == json!({}) => {
                return self.right_answer(person, shown).unwrap_or_else(|| body.clone());
            }
            (Fault::WrongPasswordPasses, Some(owner))
                if asks_password && body["password"].is_string() =>
            {
                changed["password"] = owner.password.clone().into();
            }
            (Fault::NameAlonePasses, Some(owner))
                if component == "ak-stage-identification"
                    && asks_password
                    && body.get("password").is_none() =>
            {
                changed["password"] = owner.password.clone().into();
            }
            (Fault::WrongCodePasses | Fault::CodeCountsTwice, _)
                if component == "ak-stage-authenticator-validate"
                    && body["code"].is_string()
                    && (body["code"] == json!("000000")) == (fault == Fault::WrongCodePasses) =>
            {
                return self.right_answer(person, shown).unwrap_or_else(|| body.clone());
            }
            _ => {}
        }
        changed
    }

    /// After an answer: others who share the plan have what it proved.
    pub(super) fn share(&self, sender: &Visitor<'_>, others: &mut [Visitor<'_>]) {
        if self.has(Fault::ProofsAreShared) {
            for other in others.iter_mut().filter(|other| other.shares == sender.shares) {
                other.browser.cookies.clone_from(&sender.browser.cookies);
            }
        }
    }

    /// What must not have happened. Without a planted fault it is one of the program's.
    pub(super) fn violation(&mut self, what: String) {
        assert!(self.fault.is_some(), "{what}");
        self.found.get_or_insert(what);
    }
}
