//! `LogoutRequest` and `LogoutResponse` (core 3.7), in both directions and of both sides.

use countersign_model::Timestamp;

use crate::binding::{Received, Which};
use crate::key::Signer;
use crate::names::{ASSERTION, LOGOUT_REASON_USER, PROTOCOL, Status};
use crate::refusal::{Fault, Refusal};
use crate::request::{Header, Peer, SKEW_SECONDS};
use crate::response::{Envelope, NameId, instant, issuer, respond};
use crate::write::Element;

/// The other side asks to have somebody signed out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogoutRequest {
    pub id: String,
    pub name_id: NameId,
    /// The sessions that are meant; empty for all of the person's.
    pub sessions: Vec<String>,
    pub relay_state: Option<String>,
    /// Its signature was verified.
    pub signed: bool,
}

/// # Errors
/// The rule it breaks.
pub fn read_request(received: &Received, peer: &Peer<'_>) -> Result<LogoutRequest, Refusal> {
    if received.which != Which::Request {
        return Err(Refusal::WrongMessage("LogoutRequest"));
    }
    let tree = received.parse()?;
    let message = received.message(&tree)?;
    let header = Header::read(message, received, "LogoutRequest", peer)?;
    if let Some(text) = message.attribute("NotOnOrAfter") {
        let end = Timestamp::parse(text).ok_or(Refusal::BadValue("NotOnOrAfter"))?;
        if peer.now >= end.plus_seconds(SKEW_SECONDS) {
            return Err(Refusal::Expired(end.iso()));
        }
    }
    let name_id = NameId::read(message)?;
    let mut sessions = Vec::new();
    for index in message.all(PROTOCOL, "SessionIndex") {
        sessions.push(index.text().ok_or(Refusal::BadValue("SessionIndex"))?);
    }
    Ok(LogoutRequest {
        id: header.id,
        name_id,
        sessions,
        relay_state: received.relay_state.clone(),
        signed: header.signed,
    })
}

/// What the other side says of our request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogoutResponse {
    pub in_response_to: String,
    /// The person was signed out there.
    pub succeeded: bool,
    pub relay_state: Option<String>,
}

/// # Errors
/// The rule it breaks.
pub fn read_response(received: &Received, peer: &Peer<'_>) -> Result<LogoutResponse, Refusal> {
    if received.which != Which::Response {
        return Err(Refusal::WrongMessage("LogoutResponse"));
    }
    let tree = received.parse()?;
    let message = received.message(&tree)?;
    let header = Header::read(message, received, "LogoutResponse", peer)?;
    let code = message.needed(PROTOCOL, "Status")?.needed(PROTOCOL, "StatusCode")?;
    let in_response_to = header.in_response_to.ok_or(Refusal::BadValue("InResponseTo"))?;
    Ok(LogoutResponse {
        in_response_to,
        succeeded: code.attribute("Value") == Some(Status::Success.codes().0),
        relay_state: received.relay_state.clone(),
    })
}

/// Our own request to the other side.
///
/// # Errors
/// The key cannot sign.
pub fn request(
    envelope: &Envelope,
    name_id: &NameId,
    session: Option<&str>,
    until: Timestamp,
    signer: Option<&Signer>,
) -> Result<String, Fault> {
    let element = Element::new("samlp:LogoutRequest")
        .attribute("xmlns:samlp", PROTOCOL)
        .attribute("xmlns:saml", ASSERTION)
        .attribute("ID", &envelope.id)
        .attribute("Version", "2.0")
        .attribute("IssueInstant", instant(envelope.now))
        .attribute("Destination", &envelope.destination)
        .attribute("NotOnOrAfter", instant(until))
        .attribute("Reason", LOGOUT_REASON_USER)
        .child(issuer(&envelope.issuer))
        .children(signer.map(|signer| signer.template(&envelope.id)))
        .child(name_id.element())
        .children(session.map(|index| Element::new("samlp:SessionIndex").text(index)));
    let xml = element.xml();
    match signer {
        Some(signer) => signer.sign(xml),
        None => Ok(xml),
    }
}

/// Our answer to the other side. `signer` where its binding puts the signature inside.
///
/// # Errors
/// The key cannot sign.
pub fn response(
    envelope: &Envelope,
    status: Status,
    signer: Option<&Signer>,
) -> Result<String, Fault> {
    respond("samlp:LogoutResponse", envelope, status, None, signer)
}
