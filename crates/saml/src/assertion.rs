//! A `Response` of an identity provider, read by the service provider (core 2, 3.3.3; profiles
//! 4.1.4.3, 4.1.5).
//!
//! An assertion counts when its own signature holds, or that of the response it came in. What is
//! read is read below that element of the tree the signature was verified on. An encrypted one is
//! opened into a tree of its own; before something was verified in it, or around it, everything that
//! may be wrong with it is one refusal, so that nobody learns by trying what it hides.

use countersign_model::Timestamp;

use crate::binding::{Received, Which};
use crate::key::{Opener, Trust};
use crate::names::{ASSERTION, BEARER, PROTOCOL, SUCCESS};
use crate::open::open;
use crate::refusal::Refusal;
use crate::request::{SKEW_SECONDS, checked, same_address};
use crate::response::{Attribute, NameId};
use crate::signature::signed;
use crate::xml::{MESSAGE, Node, Tree};

/// More is in no name of a person.
const MOST_NAME: usize = 1_024;
/// How long an assertion is remembered that says nothing of its end but in its confirmation.
const MOST_SECONDS: i64 = 86_400;

/// What this side knows of the answer it waits for.
#[derive(Clone, Copy)]
pub struct Expected<'a> {
    pub trust: &'a Trust,
    /// Where there is one, assertions have to be encrypted.
    pub opener: Option<&'a Opener>,
    /// The identity provider's entity ID; empty where it is not known.
    pub issuer: &'a str,
    /// Our own entity ID.
    pub audience: &'a str,
    /// The addresses at which answers are taken.
    pub addresses: &'a [String],
    /// The request that this browser was sent away with.
    pub request: Option<&'a str>,
    /// Answers that nobody has asked for are taken.
    pub unsolicited: bool,
    pub now: Timestamp,
}

/// Who came, as the identity provider vouches for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// Of the assertion, which is good once.
    pub id: String,
    /// Until when it would be good, and has to be remembered.
    pub until: Timestamp,
    pub issuer: String,
    pub name_id: NameId,
    /// What the identity provider calls its session.
    pub session: Option<String>,
    /// When the session ends there.
    pub session_ends: Option<Timestamp>,
    /// In the order in which they are first named, each with all of its values.
    pub attributes: Vec<Attribute>,
    pub relay_state: Option<String>,
    /// It answers a request of ours.
    pub solicited: bool,
}

/// # Errors
/// The rule it breaks.
pub fn read(received: &Received, expected: &Expected<'_>) -> Result<SignedIn, Refusal> {
    if received.which != Which::Response {
        return Err(Refusal::NoResponse);
    }
    let tree = received.parse()?;
    let response = received.message(&tree)?;
    if !response.is(PROTOCOL, "Response") {
        return Err(Refusal::WrongMessage("Response"));
    }
    version(response)?;
    checked(response.attribute("ID").ok_or(Refusal::NoId)?)?;
    let held = Held::of(&tree, response)?;
    let mut places = vec![response];
    places.extend(held.as_ref().and_then(Held::plain));
    let vouched = signed(&tree, &places, expected.trust)?;
    let whole = vouched.contains(&response.id);
    let answered = envelope(response, whole, expected)?;
    let mut read = match held {
        None => return Err(Refusal::MissingElement("Assertion")),
        Some(Held::Plain(_)) if expected.opener.is_some() => return Err(Refusal::NotEncrypted),
        Some(Held::Plain(assertion)) => {
            if !whole && !vouched.contains(&assertion.id) {
                return Err(Refusal::Unsigned);
            }
            says(assertion, answered, expected)?
        }
        Some(Held::Sealed(sealed)) => {
            let opener = expected.opener.ok_or(Refusal::Encrypted)?;
            let text = open(sealed, opener)?;
            let tree = Tree::parse(text.as_bytes(), MESSAGE);
            let inside = tree.as_ref().map_err(Clone::clone).and_then(|tree| {
                let assertion = hidden(tree)?;
                let own = !signed(tree, &[assertion], expected.trust)?.is_empty();
                if own || whole { Ok(assertion) } else { Err(Refusal::Unsigned) }
            });
            let assertion =
                inside.map_err(|refusal| if whole { refusal } else { Refusal::Decryption })?;
            says(assertion, answered, expected)?
        }
    };
    if let Some(issuer) = response.child(ASSERTION, "Issuer")? {
        let issuer = issuer.text().ok_or(Refusal::BadValue("Issuer"))?;
        if issuer != read.issuer {
            return Err(Refusal::Issuer(short(&issuer)));
        }
    }
    read.relay_state.clone_from(&received.relay_state);
    Ok(read)
}

/// The one assertion of a response.
enum Held<'t, 'a> {
    Plain(Node<'t, 'a>),
    Sealed(Node<'t, 'a>),
}

impl<'t, 'a> Held<'t, 'a> {
    /// There is one at most in all of the document, wherever it may be, and it is directly in the
    /// response.
    fn of(tree: &'t Tree<'a>, response: Node<'t, 'a>) -> Result<Option<Self>, Refusal> {
        let plain = tree.everywhere(ASSERTION, "Assertion");
        let sealed = tree.everywhere(ASSERTION, "EncryptedAssertion");
        let held = match (plain.as_slice(), sealed.as_slice()) {
            ([], []) => return Ok(None),
            ([one], []) => Held::Plain(*one),
            ([], [one]) => Held::Sealed(*one),
            _ => return Err(Refusal::RepeatedElement("Assertion")),
        };
        let (Held::Plain(node) | Held::Sealed(node)) = &held;
        if node.parent() == Some(response.id) {
            Ok(Some(held))
        } else {
            Err(Refusal::MissingElement("Assertion"))
        }
    }

    fn plain(&self) -> Option<Node<'t, 'a>> {
        match self {
            Held::Plain(node) => Some(*node),
            Held::Sealed(_) => None,
        }
    }
}

/// The assertion in what was opened: nothing else may have been hidden.
fn hidden<'t, 'a>(tree: &'t Tree<'a>) -> Result<Node<'t, 'a>, Refusal> {
    let mut inside = tree.root().children();
    let (Some(assertion), None) = (inside.next(), inside.next()) else {
        return Err(Refusal::MissingElement("Assertion"));
    };
    let alone = tree.everywhere(ASSERTION, "Assertion").len() == 1;
    match assertion.is(ASSERTION, "Assertion") {
        true if alone => Ok(assertion),
        true => Err(Refusal::RepeatedElement("Assertion")),
        false => Err(Refusal::MissingElement("Assertion")),
    }
}

fn version(of: Node<'_, '_>) -> Result<(), Refusal> {
    if of.attribute("Version") == Some("2.0") { Ok(()) } else { Err(Refusal::Version) }
}

fn short(text: &str) -> String {
    text.chars().take(500).collect()
}

fn time(of: Node<'_, '_>, name: &'static str) -> Result<Option<Timestamp>, Refusal> {
    let read = |text| Timestamp::parse(text).ok_or(Refusal::BadValue(name));
    of.attribute(name).map(read).transpose()
}

/// What is said of the response itself. Whether it answers the request this browser was sent away
/// with.
fn envelope(response: Node<'_, '_>, whole: bool, expected: &Expected<'_>) -> Result<bool, Refusal> {
    let is_own = |address| expected.addresses.iter().any(|own| same_address(own, address));
    match response.attribute("Destination").filter(|address| !address.is_empty()) {
        Some(address) if !is_own(address) => return Err(Refusal::Destination(short(address))),
        // Bindings 3.5.5.2: a message that is signed says where it goes.
        None if whole => return Err(Refusal::NoDestination),
        Some(_) | None => {}
    }
    issued(response, expected.now)?;
    let answered = answers(response.attribute("InResponseTo"), expected)?;
    let status = response.needed(PROTOCOL, "Status")?;
    let code = status.needed(PROTOCOL, "StatusCode")?;
    let value = code.attribute("Value").unwrap_or_default();
    if value != SUCCESS {
        return Err(refused(status, code, answered || whole));
    }
    Ok(answered)
}

/// Why the identity provider signs nobody in. It lets nobody in, so nobody has to have signed it; but
/// its words are shown only where it is signed, or answers a request that this browser alone knows.
fn refused(status: Node<'_, '_>, code: Node<'_, '_>, shown: bool) -> Refusal {
    let inner = code.all(PROTOCOL, "StatusCode").next().unwrap_or(code);
    let last = |text: &str| text.rsplit(':').next().unwrap_or_default().chars().take(80).collect();
    let code = last(inner.attribute("Value").unwrap_or_default());
    let text = status.all(PROTOCOL, "StatusMessage").next().and_then(Node::text);
    let text = text.filter(|text| shown && !text.is_empty());
    let text = text.map(|text| format!(" ({})", text.chars().take(300).collect::<String>()));
    Refusal::Status { code, text: text.unwrap_or_default() }
}

fn issued(of: Node<'_, '_>, now: Timestamp) -> Result<(), Refusal> {
    let at = time(of, "IssueInstant")?.ok_or(Refusal::BadValue("IssueInstant"))?;
    if at > now.plus_seconds(SKEW_SECONDS) { Err(Refusal::Future(at.iso())) } else { Ok(()) }
}

/// Profiles 4.1.4.3, 4.1.5: an answer names its request, and what nobody has asked for names none.
fn answers(named: Option<&str>, expected: &Expected<'_>) -> Result<bool, Refusal> {
    match (named, expected.request) {
        (Some(named), Some(request)) if named == request => Ok(true),
        (Some(_), _) => Err(Refusal::RequestId),
        (None, _) if expected.unsolicited => Ok(false),
        (None, _) => Err(Refusal::Unsolicited),
    }
}

/// Reads an assertion that is vouched for.
fn says(
    assertion: Node<'_, '_>,
    answered: bool,
    expected: &Expected<'_>,
) -> Result<SignedIn, Refusal> {
    version(assertion)?;
    let id = checked(assertion.attribute("ID").ok_or(Refusal::NoId)?)?;
    issued(assertion, expected.now)?;
    let issuer = assertion.needed(ASSERTION, "Issuer")?;
    let issuer = issuer.text().ok_or(Refusal::BadValue("Issuer"))?;
    if issuer.is_empty() || (!expected.issuer.is_empty() && issuer != expected.issuer) {
        return Err(Refusal::Issuer(short(&issuer)));
    }
    let subject = assertion.needed(ASSERTION, "Subject")?;
    let name_id = NameId::read(subject)?;
    if name_id.value.len() > MOST_NAME {
        return Err(Refusal::BadValue("NameID"));
    }
    let until = confirmed(subject, answered, expected)?;
    conditions(assertion, expected)?;
    let statement = assertion.all(ASSERTION, "AuthnStatement").next();
    let statement = statement.ok_or(Refusal::MissingElement("AuthnStatement"))?;
    let session_ends = time(statement, "SessionNotOnOrAfter")?;
    if let Some(end) = session_ends
        && expected.now >= end.plus_seconds(SKEW_SECONDS)
    {
        return Err(Refusal::SessionEnded(end.iso()));
    }
    let session = statement.attribute("SessionIndex").filter(|index| !index.is_empty());
    Ok(SignedIn {
        id,
        until,
        issuer,
        name_id,
        session: session.map(str::to_owned),
        session_ends,
        attributes: attributes(assertion)?,
        relay_state: None,
        solicited: answered,
    })
}

/// Whoever brings the assertion is meant by it: at this address, now, and for this request
/// (profiles 4.1.4.2). Of several confirmations one is enough. When it has to be forgotten.
fn confirmed(
    subject: Node<'_, '_>,
    answered: bool,
    expected: &Expected<'_>,
) -> Result<Timestamp, Refusal> {
    let mut refusal = Refusal::NoConfirmation;
    let mut first = true;
    for confirmation in subject.all(ASSERTION, "SubjectConfirmation") {
        if confirmation.attribute("Method") != Some(BEARER) {
            continue;
        }
        match bearer(confirmation, answered, expected) {
            Ok(until) => return Ok(until),
            Err(wrong) if first => (refusal, first) = (wrong, false),
            Err(_) => {}
        }
    }
    Err(refusal)
}

fn bearer(
    confirmation: Node<'_, '_>,
    answered: bool,
    expected: &Expected<'_>,
) -> Result<Timestamp, Refusal> {
    let data = confirmation.needed(ASSERTION, "SubjectConfirmationData")?;
    let recipient = data.attribute("Recipient").unwrap_or_default();
    if !expected.addresses.iter().any(|own| same_address(own, recipient)) {
        return Err(Refusal::Recipient(short(recipient)));
    }
    within(data, expected.now)?;
    let end = time(data, "NotOnOrAfter")?.ok_or(Refusal::BadValue("NotOnOrAfter"))?;
    match (data.attribute("InResponseTo"), answered) {
        (Some(named), true) if Some(named) == expected.request => {}
        (None, false) => {}
        _ => return Err(Refusal::RequestId),
    }
    let most = expected.now.plus_seconds(MOST_SECONDS);
    if end > most {
        return Err(Refusal::BadValue("NotOnOrAfter"));
    }
    Ok(end.plus_seconds(SKEW_SECONDS))
}

fn within(of: Node<'_, '_>, now: Timestamp) -> Result<(), Refusal> {
    if let Some(begin) = time(of, "NotBefore")?
        && begin > now.plus_seconds(SKEW_SECONDS)
    {
        return Err(Refusal::NotYet(begin.iso()));
    }
    if let Some(end) = time(of, "NotOnOrAfter")?
        && now >= end.plus_seconds(SKEW_SECONDS)
    {
        return Err(Refusal::Expired(end.iso()));
    }
    Ok(())
}

/// Core 2.5.1: each restriction has to hold, and with a condition that is not known nothing is known
/// of the assertion.
fn conditions(assertion: Node<'_, '_>, expected: &Expected<'_>) -> Result<(), Refusal> {
    let conditions = assertion.needed(ASSERTION, "Conditions")?;
    within(conditions, expected.now)?;
    let mut meant = false;
    for condition in conditions.children() {
        if condition.is(ASSERTION, "AudienceRestriction") {
            let named = condition
                .all(ASSERTION, "Audience")
                .map(|one| one.text().ok_or(Refusal::BadValue("Audience")));
            let named: Vec<String> = named.collect::<Result<_, _>>()?;
            if !named.iter().any(|one| one == expected.audience) {
                return Err(Refusal::Audience(short(&named.join(", "))));
            }
            meant = true;
        } else if !condition.is(ASSERTION, "OneTimeUse")
            && !condition.is(ASSERTION, "ProxyRestriction")
        {
            let name = condition.name().unwrap_or_default();
            return Err(Refusal::Condition(name.chars().take(100).collect()));
        }
    }
    if meant { Ok(()) } else { Err(Refusal::Audience(String::new())) }
}

fn attributes(assertion: Node<'_, '_>) -> Result<Vec<Attribute>, Refusal> {
    let mut all: Vec<Attribute> = Vec::new();
    for statement in assertion.all(ASSERTION, "AttributeStatement") {
        if statement.all(ASSERTION, "EncryptedAttribute").next().is_some() {
            return Err(Refusal::EncryptedAttribute);
        }
        for attribute in statement.all(ASSERTION, "Attribute") {
            let name = attribute.attribute("Name").filter(|name| !name.is_empty());
            let name = name.ok_or(Refusal::BadValue("Attribute"))?;
            // A value may be an element of its own, such as a name (eduPersonTargetedID).
            let values = attribute.all(ASSERTION, "AttributeValue").map(Node::text_below);
            let values: Vec<String> = values.collect();
            if let Some(known) = all.iter_mut().find(|known| known.name == name) {
                known.values.extend(values);
                continue;
            }
            let friendly_name = attribute.attribute("FriendlyName").map(str::to_owned);
            all.push(Attribute { name: name.to_owned(), friendly_name, values });
        }
    }
    Ok(all)
}
