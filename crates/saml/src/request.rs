//! `AuthnRequest`: an application asks to have somebody signed in (core 3.4.1). Read by the identity
//! provider, written by the service provider.

use countersign_model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::binding::{Received, Which};
use crate::key::{Signer, Trust};
use crate::names::{ASSERTION, BINDING_POST, PROTOCOL, name_id};
use crate::refusal::{Fault, Refusal};
use crate::response::{Envelope, instant, issuer};
use crate::signature::authenticate;
use crate::write::Element;
use crate::xml::Node;

/// How far clocks may be apart.
pub const SKEW_SECONDS: i64 = 180;
/// How long a signed request is good: somebody may have to sign in, or sign up, before it is
/// looked at again.
pub const REQUEST_SECONDS: i64 = 86_400;

/// What this side knows of the other one.
#[derive(Clone, Copy)]
pub struct Peer<'a> {
    /// Its entity ID; empty where it is not known.
    pub entity_id: &'a str,
    /// Whose signature its messages have to bear; `None` where none is asked for.
    pub trust: Option<&'a Trust>,
    /// The addresses of ours that its messages may name.
    pub addresses: &'a [String],
    pub now: Timestamp,
}

/// A request as far as it is listened to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthnRequest {
    pub id: String,
    /// The format that the person is to be named in.
    pub name_id_format: String,
    pub force_authn: bool,
    pub is_passive: bool,
    /// The ways of signing in that are asked for, the first preferred.
    pub contexts: Vec<String>,
    pub relay_state: Option<String>,
}

/// # Errors
/// The rule it breaks.
pub fn read(received: &Received, acs_url: &str, peer: &Peer<'_>) -> Result<AuthnRequest, Refusal> {
    if received.which != Which::Request {
        return Err(Refusal::WrongMessage("AuthnRequest"));
    }
    let tree = received.parse()?;
    let message = received.message(&tree)?;
    let header = Header::read(message, received, "AuthnRequest", peer)?;
    if let Some(asked) = message.attribute("AssertionConsumerServiceURL")
        && !asked.eq_ignore_ascii_case(acs_url)
    {
        let asked = asked.chars().take(500).collect();
        return Err(Refusal::AcsUrl { asked, configured: acs_url.to_owned() });
    }
    let format = message
        .child(PROTOCOL, "NameIDPolicy")?
        .and_then(|policy| policy.attribute("Format"))
        .filter(|format| !format.is_empty())
        .unwrap_or(name_id::UNSPECIFIED);
    let mut contexts = Vec::new();
    if let Some(asked) = message.child(PROTOCOL, "RequestedAuthnContext")? {
        for class in asked.all(ASSERTION, "AuthnContextClassRef") {
            contexts.push(class.text().ok_or(Refusal::BadValue("AuthnContextClassRef"))?);
        }
    }
    Ok(AuthnRequest {
        id: header.id,
        name_id_format: supported(format)?.to_owned(),
        force_authn: flag(message, "ForceAuthn")?,
        is_passive: flag(message, "IsPassive")?,
        contexts,
        relay_state: received.relay_state.clone(),
    })
}

/// Our own request. The answer comes to `acs` as a form, which is what any browser can carry there.
/// `signer` where its binding puts the signature inside.
///
/// # Errors
/// The key cannot sign.
pub fn write(
    envelope: &Envelope,
    acs: &str,
    name_id_format: &str,
    signer: Option<&Signer>,
) -> Result<String, Fault> {
    // A transient name is made anew each time; any other may be made the first time.
    let create = (name_id_format != name_id::TRANSIENT).then_some("true");
    let policy = Element::new("samlp:NameIDPolicy")
        .attribute("Format", name_id_format)
        .optional("AllowCreate", create);
    let xml = Element::new("samlp:AuthnRequest")
        .attribute("xmlns:samlp", PROTOCOL)
        .attribute("xmlns:saml", ASSERTION)
        .attribute("ID", &envelope.id)
        .attribute("Version", "2.0")
        .attribute("IssueInstant", instant(envelope.now))
        .attribute("Destination", &envelope.destination)
        .attribute("AssertionConsumerServiceURL", acs)
        .attribute("ProtocolBinding", BINDING_POST)
        .child(issuer(&envelope.issuer))
        .children(signer.map(|signer| signer.template(&envelope.id)))
        .child(policy)
        .xml();
    match signer {
        Some(signer) => signer.sign(xml),
        None => Ok(xml),
    }
}

/// The formats that people can be named in.
fn supported(format: &str) -> Result<&str, Refusal> {
    const FORMATS: [&str; 7] = [
        name_id::UNSPECIFIED,
        name_id::EMAIL,
        name_id::PERSISTENT,
        name_id::TRANSIENT,
        name_id::X509,
        name_id::WINDOWS,
        name_id::WINDOWS_STANDARD,
    ];
    if FORMATS.contains(&format) {
        Ok(format)
    } else {
        Err(Refusal::NameIdFormat(format.chars().take(200).collect()))
    }
}

/// xs:boolean.
fn flag(message: Node<'_, '_>, name: &'static str) -> Result<bool, Refusal> {
    match message.attribute(name) {
        None | Some("false" | "0") => Ok(false),
        Some("true" | "1") => Ok(true),
        Some(_) => Err(Refusal::BadValue(name)),
    }
}

/// What all messages begin with (core 3.2.1, 3.2.2), checked.
pub(crate) struct Header {
    pub(crate) id: String,
    pub(crate) in_response_to: Option<String>,
    pub(crate) signed: bool,
}

impl Header {
    pub(crate) fn read(
        message: Node<'_, '_>,
        received: &Received,
        name: &'static str,
        peer: &Peer<'_>,
    ) -> Result<Header, Refusal> {
        if !message.is(PROTOCOL, name) {
            return Err(Refusal::WrongMessage(name));
        }
        if message.attribute("Version") != Some("2.0") {
            return Err(Refusal::Version);
        }
        let id = checked(message.attribute("ID").ok_or(Refusal::NoId)?)?;
        let signed = peer.trust.is_some();
        if let Some(trust) = peer.trust {
            authenticate(message, &received.signature, trust)?;
        }
        let issuer = match message.child(ASSERTION, "Issuer")? {
            Some(issuer) => Some(issuer.text().ok_or(Refusal::BadValue("Issuer"))?),
            None => None,
        };
        let issued = match message.attribute("IssueInstant") {
            Some(text) => Some(Timestamp::parse(text).ok_or(Refusal::BadValue("IssueInstant"))?),
            None => None,
        };
        // What comes back over our own connection has come to where it was meant to.
        let ours = received.enveloped && received.which == Which::Response;
        if let Some(destination) = message.attribute("Destination").filter(|d| !d.is_empty())
            && !ours
            && !peer.addresses.iter().any(|own| same_address(own, destination))
        {
            return Err(Refusal::Destination(destination.chars().take(500).collect()));
        }
        if signed {
            // What nobody vouches for proves nothing by what it says of itself.
            let issuer = issuer.as_deref().unwrap_or_default();
            if !peer.entity_id.is_empty() && issuer != peer.entity_id {
                return Err(Refusal::Issuer(issuer.chars().take(500).collect()));
            }
            if message.attribute("Destination").is_none_or(str::is_empty) && !received.enveloped {
                return Err(Refusal::NoDestination);
            }
            let issued = issued.ok_or(Refusal::BadValue("IssueInstant"))?;
            if issued > peer.now.plus_seconds(SKEW_SECONDS) {
                return Err(Refusal::Future(issued.iso()));
            }
            if issued < peer.now.plus_seconds(-REQUEST_SECONDS - SKEW_SECONDS) {
                return Err(Refusal::Expired(issued.iso()));
            }
        }
        let in_response_to = message.attribute("InResponseTo").map(checked).transpose()?;
        Ok(Header { id, in_response_to, signed })
    }
}

/// An ID goes back in `InResponseTo`. Applications begin theirs with digits, too, which xs:ID does
/// not allow.
pub(crate) fn checked(text: &str) -> Result<String, Refusal> {
    let plain = text.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ':'));
    match text.len() {
        0 => Err(Refusal::NoId),
        1..=256 if plain => Ok(text.to_owned()),
        _ => Err(Refusal::BadId(text.chars().take(100).collect())),
    }
}

/// Scheme and host are compared without regard to case, and without the port that goes without
/// saying.
pub(crate) fn same_address(own: &str, other: &str) -> bool {
    let normal = |address: &str| {
        let (scheme, rest) = address.split_once("://")?;
        let scheme = scheme.to_ascii_lowercase();
        let (host, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
        let host = host.to_ascii_lowercase();
        let port = if scheme == "https" { ":443" } else { ":80" };
        Some((scheme, host.strip_suffix(port).unwrap_or(&host).to_owned(), path.to_owned()))
    };
    normal(own).is_some_and(|own| Some(own) == normal(other))
}
