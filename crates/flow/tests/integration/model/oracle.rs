//! What must hold, said a second time: from bindings and answers alone, without a look at the
//! program. A session of somebody may begin only if this browser has answered, in the order of the
//! flow and since it was last edited, every stage that no policy skips, each by an answer of its
//! own.

use std::collections::BTreeSet;

/// What a stage wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Identification,
    /// With the password on the same page.
    IdentificationWithPassword,
    Password,
    Prompt,
    Dummy,
    Consent,
    /// Whoever has no device goes on.
    Validate,
    /// Whoever has no device is refused.
    ValidateOrDeny,
    Deny,
    Login,
}

/// Which bindings of a stage let it out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Policy {
    None,
    /// A policy that always answers the same.
    Always(bool),
    /// Members of the group pass.
    Members,
}

/// A stage in a flow.
#[derive(Debug, Clone)]
pub(super) struct Bound {
    pub(super) kind: Kind,
    pub(super) policy: Policy,
    /// The policy's answer is turned round.
    pub(super) negate: bool,
    pub(super) binding: String,
    pub(super) order: i64,
}

impl Bound {
    /// Asked when the stage is reached: nobody is a member before it is known who it is.
    fn applies(&self, known: Option<&Person>) -> bool {
        match self.policy {
            Policy::None => true,
            Policy::Always(result) => result != self.negate,
            Policy::Members => known.is_some_and(|person| person.is_member) != self.negate,
        }
    }
}

/// An account.
#[derive(Debug, Clone)]
pub(super) struct Person {
    pub(super) username: String,
    pub(super) pk: i64,
    pub(super) password: String,
    pub(super) is_member: bool,
    pub(super) is_active: bool,
    /// The secret of the account's app.
    pub(super) app: Option<String>,
}

/// What a browser sent to a flow.
#[derive(Debug, Clone, Default)]
pub(super) struct Sent {
    pub(super) flow: usize,
    /// By the page, which shows name and password together.
    pub(super) is_form: bool,
    pub(super) uid_field: Option<String>,
    pub(super) password: Option<String>,
    pub(super) pin: Option<String>,
    pub(super) token: Option<String>,
    /// A code that somebody's app showed when it was sent: whose, and for which time.
    pub(super) code: Option<(String, u64)>,
}

impl Sent {
    /// What somebody else who shares the plan gets from it: nothing that was proved.
    pub(super) fn without_proofs(&self) -> Sent {
        Sent { password: None, code: None, ..self.clone() }
    }
}

/// What these answers satisfied, if they are enough for a session of that person. Codes that did
/// are `spent`.
pub(super) fn may_begin(
    flow: &[Bound],
    person: &Person,
    answers: &[Sent],
    spent: &mut BTreeSet<(String, u64)>,
) -> Result<Vec<Kind>, String> {
    if !person.is_active {
        return Err(format!("{} is deactivated", person.username));
    }
    let mut answers = answers.iter();
    let (mut codes, mut satisfied) = (Vec::new(), Vec::new());
    let mut is_identified = false;
    // The answer that was just used, if it may be to the next stage, too.
    let mut page: Option<&Sent> = None;
    for stage in flow {
        if !stage.applies(is_identified.then_some(person)) {
            continue;
        }
        let name_of = |sent: &Sent| sent.uid_field.as_deref() == Some(&*person.username);
        let password_of = |sent: &Sent| sent.password.as_deref() == Some(&*person.password);
        let wants: Box<dyn Fn(&Sent) -> bool> = match stage.kind {
            Kind::Login if is_identified => {
                spent.extend(codes);
                satisfied.push(Kind::Login);
                return Ok(satisfied);
            }
            Kind::Login => return Err("nobody was named".to_owned()),
            Kind::Deny => return Err("the flow denies".to_owned()),
            Kind::Identification => Box::new(name_of),
            Kind::IdentificationWithPassword => {
                Box::new(move |sent| name_of(sent) && password_of(sent))
            }
            Kind::Password if !is_identified => return Err("a password of nobody".to_owned()),
            Kind::Password => Box::new(password_of),
            Kind::Prompt => Box::new(|sent| sent.pin.as_deref().is_some_and(|pin| !pin.is_empty())),
            Kind::Dummy => Box::new(|_| true),
            Kind::Consent => {
                Box::new(|sent| sent.token.as_deref().is_some_and(|token| !token.is_empty()))
            }
            Kind::Validate | Kind::ValidateOrDeny if is_identified && person.app.is_some() => {
                Box::new(|sent| {
                    let fresh =
                        |code: &(String, u64)| code.0 == person.username && !spent.contains(code);
                    sent.code.as_ref().is_some_and(fresh)
                })
            }
            Kind::Validate => continue,
            Kind::ValidateOrDeny => return Err("no device, and none may be missing".to_owned()),
        };
        let same = page.take().filter(|sent| stage.kind == Kind::Password && wants(sent));
        let Some(sent) = same.or_else(|| answers.find(|sent| wants(sent))) else {
            return Err(format!("{:?} was not answered", stage.kind));
        };
        if matches!(stage.kind, Kind::Validate | Kind::ValidateOrDeny) {
            codes.extend(sent.code.clone());
        }
        satisfied.push(stage.kind);
        is_identified |=
            matches!(stage.kind, Kind::Identification | Kind::IdentificationWithPassword);
        page = Some(sent).filter(|sent| sent.is_form && stage.kind == Kind::Identification);
    }
    Err("the flow signs nobody in".to_owned())
}
