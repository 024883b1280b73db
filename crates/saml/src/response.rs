//! `Response`: what an application learns (core 3.3.3, profiles 4.1.4).

use countersign_model::Timestamp;

use crate::key::{Recipient, Signer};
use crate::names::{ASSERTION, BEARER, PROTOCOL, Status, name_id};
use crate::refusal::{Fault, Refusal};
use crate::signature::encrypt;
use crate::write::Element;
use crate::xml::Node;

/// Who somebody is to an application.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NameId {
    pub format: String,
    pub value: String,
    /// Where the name is one of several with the same value (core 2.2.2): the identity provider's
    /// realm, and the application's.
    pub qualifiers: [Option<String>; 2],
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    pub name: String,
    pub friendly_name: Option<String>,
    pub values: Vec<String>,
}

/// What is said of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assertion {
    pub id: String,
    pub name_id: NameId,
    /// Empty for any audience.
    pub audience: String,
    pub not_before: Timestamp,
    pub not_on_or_after: Timestamp,
    pub authenticated: Timestamp,
    pub session_index: String,
    pub session_not_on_or_after: Timestamp,
    pub context: String,
    pub attributes: Vec<Attribute>,
}

/// What every answer has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    pub id: String,
    pub now: Timestamp,
    pub issuer: String,
    pub destination: String,
    /// The request that is answered.
    pub in_response_to: Option<String>,
}

/// Who signs what, and whom the assertion is encrypted to.
#[derive(Clone, Default)]
pub struct Protection {
    pub assertion: Option<Signer>,
    pub response: Option<Signer>,
    pub recipient: Option<Recipient>,
}

/// Times without fractions: not every application reads them.
pub(crate) fn instant(time: Timestamp) -> String {
    Timestamp::from_seconds(time.seconds()).iso()
}

pub(crate) fn issuer(name: &str) -> Element {
    Element::new("saml:Issuer").text(name)
}

impl NameId {
    /// Who the subject of a message is.
    pub(crate) fn read(parent: Node<'_, '_>) -> Result<NameId, Refusal> {
        if parent.child(ASSERTION, "EncryptedID")?.is_some() {
            return Err(Refusal::EncryptedName);
        }
        let name = parent.child(ASSERTION, "NameID")?.ok_or(Refusal::NoName)?;
        let value = name.text().filter(|value| !value.is_empty()).ok_or(Refusal::NoName)?;
        let format = name.attribute("Format").unwrap_or(name_id::UNSPECIFIED).to_owned();
        let qualifier = |of| name.attribute(of).map(str::to_owned);
        let qualifiers = [qualifier("NameQualifier"), qualifier("SPNameQualifier")];
        Ok(NameId { format, value, qualifiers })
    }

    pub(crate) fn element(&self) -> Element {
        let [own, application] = &self.qualifiers;
        Element::new("saml:NameID")
            .attribute("Format", &self.format)
            .optional("NameQualifier", own.as_ref())
            .optional("SPNameQualifier", application.as_ref())
            .text(&self.value)
    }
}

/// The response that brings an assertion.
///
/// The assertion is signed, then encrypted, and the response signed last: each signature covers
/// what is sent.
///
/// # Errors
/// A key cannot do its part.
pub fn success(
    envelope: &Envelope,
    assertion: &Assertion,
    protection: &Protection,
) -> Result<String, Fault> {
    let mut xml = assertion.element(envelope, protection.assertion.as_ref()).xml();
    if let Some(signer) = &protection.assertion {
        xml = signer.sign(xml)?;
    }
    if let Some(recipient) = &protection.recipient {
        xml = Element::new("saml:EncryptedAssertion")
            .attribute("xmlns:saml", ASSERTION)
            .ready(Some(encrypt(&xml, recipient)?))
            .xml();
    }
    respond("samlp:Response", envelope, Status::Success, Some(xml), protection.response.as_ref())
}

/// The response that says why there is no assertion.
///
/// # Errors
/// The key cannot sign.
pub fn refusal(
    envelope: &Envelope,
    status: Status,
    protection: &Protection,
) -> Result<String, Fault> {
    // Without an assertion there is nothing else that could be signed.
    let signer = protection.response.as_ref().or(protection.assertion.as_ref());
    respond("samlp:Response", envelope, status, None, signer)
}

pub(crate) fn respond(
    name: &'static str,
    envelope: &Envelope,
    status: Status,
    content: Option<String>,
    signer: Option<&Signer>,
) -> Result<String, Fault> {
    let code = |value| Element::new("samlp:StatusCode").attribute("Value", value);
    let (outer, inner) = status.codes();
    let outer = code(outer).children(inner.map(code));
    let element = Element::new(name)
        .attribute("xmlns:samlp", PROTOCOL)
        .attribute("xmlns:saml", ASSERTION)
        .attribute("ID", &envelope.id)
        .attribute("Version", "2.0")
        .attribute("IssueInstant", instant(envelope.now))
        .attribute("Destination", &envelope.destination)
        .optional("InResponseTo", envelope.in_response_to.as_ref())
        .child(issuer(&envelope.issuer))
        .children(signer.map(|signer| signer.template(&envelope.id)))
        .child(Element::new("samlp:Status").child(outer))
        .ready(content);
    let xml = element.xml();
    match signer {
        Some(signer) => signer.sign(xml),
        None => Ok(xml),
    }
}

impl Assertion {
    fn element(&self, envelope: &Envelope, signer: Option<&Signer>) -> Element {
        let confirmation = Element::new("saml:SubjectConfirmationData")
            .optional("InResponseTo", envelope.in_response_to.as_ref())
            .attribute("NotOnOrAfter", instant(self.not_on_or_after))
            .attribute("Recipient", &envelope.destination);
        let subject = Element::new("saml:Subject").child(self.name_id.element()).child(
            Element::new("saml:SubjectConfirmation")
                .attribute("Method", BEARER)
                .child(confirmation),
        );
        let audience = (!self.audience.is_empty()).then(|| {
            Element::new("saml:AudienceRestriction")
                .child(Element::new("saml:Audience").text(&self.audience))
        });
        let conditions = Element::new("saml:Conditions")
            .attribute("NotBefore", instant(self.not_before))
            .attribute("NotOnOrAfter", instant(self.not_on_or_after))
            .children(audience);
        let context = Element::new("saml:AuthnContext")
            .child(Element::new("saml:AuthnContextClassRef").text(&self.context));
        let statement = Element::new("saml:AuthnStatement")
            .attribute("AuthnInstant", instant(self.authenticated))
            .attribute("SessionIndex", &self.session_index)
            .attribute("SessionNotOnOrAfter", instant(self.session_not_on_or_after))
            .child(context);
        // The schema wants one attribute at least; the original sends an empty statement.
        let attributes = (!self.attributes.is_empty()).then(|| {
            Element::new("saml:AttributeStatement")
                .children(self.attributes.iter().map(Attribute::element))
        });
        Element::new("saml:Assertion")
            .attribute("xmlns:saml", ASSERTION)
            .attribute("Version", "2.0")
            .attribute("ID", &self.id)
            .attribute("IssueInstant", instant(envelope.now))
            .child(issuer(&envelope.issuer))
            .children(signer.map(|signer| signer.template(&self.id)))
            .child(subject)
            .child(conditions)
            .child(statement)
            .children(attributes)
    }
}

impl Attribute {
    fn element(&self) -> Element {
        let value = |text: &String| Element::new("saml:AttributeValue").text(text);
        Element::new("saml:Attribute")
            .attribute("Name", &self.name)
            .optional("FriendlyName", self.friendly_name.as_ref().filter(|name| !name.is_empty()))
            .children(self.values.iter().map(value))
    }
}
