//! Why what an identity provider says was refused, for whoever sets the source up.

use countersign_catalogue::doctor::Failure;
use countersign_model::Timestamp;
use countersign_saml::Refusal;

use crate::found::{Addresses, Found};

/// A refusal with what to change. Its reason is the refusal's own text. Nothing that the identity
/// provider says of itself is offered to be taken over by a click: anybody can send a response.
pub(crate) fn failure(
    found: &Found,
    addresses: &Addresses,
    refusal: &Refusal,
    now: Timestamp,
) -> Failure {
    let failure = Failure::new(refusal.code(), refusal.to_string(), remedy(refusal));
    match refusal {
        Refusal::Issuer(issuer) => {
            failure.sent("Issuer", issuer).expected("Issuer", &found.settings.idp_issuer)
        }
        Refusal::Audience(audience) => {
            failure.sent("Audience", audience).expected("Entity ID", &found.entity_id(addresses))
        }
        Refusal::Destination(to) => {
            failure.sent("Destination", to).expected("ACS URL", &addresses.acs())
        }
        Refusal::Recipient(to) => {
            failure.sent("Recipient", to).expected("ACS URL", &addresses.acs())
        }
        Refusal::Future(at) | Refusal::Expired(at) => {
            failure.sent("IssueInstant", at).expected("The clock here", &now.iso())
        }
        Refusal::NotYet(at) => failure.sent("NotBefore", at).expected("The clock here", &now.iso()),
        Refusal::SessionEnded(at) => {
            failure.sent("SessionNotOnOrAfter", at).expected("The clock here", &now.iso())
        }
        Refusal::SignatureAlgorithm(algorithm) | Refusal::EncryptionAlgorithm(algorithm) => {
            failure.sent("Algorithm", algorithm)
        }
        Refusal::Status { code, text } => {
            failure.sent("StatusCode", code).sent("StatusMessage", text)
        }
        Refusal::InResponseTo(id) => failure.sent("InResponseTo", id),
        Refusal::Condition(name) => failure.sent("Condition", name),
        _ => failure,
    }
}

fn remedy(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::Issuer(_) => {
            "Set the Issuer of the identity provider in this source to the entity ID in its metadata, or import that metadata anew."
        }
        Refusal::Audience(_) => {
            "Set the entity ID (audience) of this service at the identity provider to the one below, or load this source's metadata there again."
        }
        Refusal::Destination(_) | Refusal::NoDestination | Refusal::Recipient(_) => {
            "Load this source's metadata at the identity provider again: it has the address that is expected. A proxy between must not change scheme or host."
        }
        Refusal::Unsigned => "Have the identity provider sign its responses or its assertions.",
        Refusal::Signature => {
            "Choose the present signing certificate of the identity provider as the Verification Certificate: it may have a new one."
        }
        Refusal::SignatureAlgorithm(_) => {
            "Set the identity provider to RSA-SHA256 or ECDSA-SHA256."
        }
        Refusal::SignedTwice
        | Refusal::SignaturePlace
        | Refusal::SignatureReference
        | Refusal::SignatureTransforms => {
            "Update the identity provider: it signs in a way that can be misread. A proxy that rewrites messages does that, too."
        }
        Refusal::Future(_) | Refusal::Expired(_) | Refusal::NotYet(_) => {
            "Set the clocks of both machines by NTP. Somebody may also have taken long, or gone back in the browser."
        }
        Refusal::SessionEnded(_) => "Have people sign in at the identity provider anew.",
        Refusal::Replayed => {
            "The same response came twice, as after a reload. Begin anew at the sign-in page."
        }
        Refusal::Unsolicited => {
            "Begin at this server's sign-in page, or allow IdP-initiated logins in this source."
        }
        Refusal::RequestId | Refusal::InResponseTo(_) => {
            "The browser came back without what it left with: it took longer than ten minutes, keeps no cookies, or has a second sign-in open."
        }
        Refusal::Moved => {
            "Nothing, if the source was renamed a moment ago; else see that this server has one address (base_url)."
        }
        Refusal::NotEncrypted => {
            "Have the identity provider encrypt assertions to this source's certificate, or take the Encryption Keypair away here."
        }
        Refusal::Encrypted | Refusal::Decryption => {
            "Load this source's metadata at the identity provider again: it has the certificate to encrypt to."
        }
        Refusal::EncryptionAlgorithm(_) => "Set the identity provider to AES-GCM with RSA-OAEP.",
        Refusal::EncryptedName | Refusal::EncryptedAttribute => {
            "Have the identity provider encrypt the whole assertion, and no part of it on its own."
        }
        Refusal::NameIdFormat(_) | Refusal::NoName => {
            "Have the identity provider send a NameID of the format that is chosen as NameID Policy here."
        }
        Refusal::Status { .. } => {
            "The identity provider itself refused: its log says why. Its text is below."
        }
        Refusal::NoResponse | Refusal::Missing | Refusal::Undecodable => {
            "Set the identity provider to the POST binding for responses."
        }
        Refusal::Doctype
        | Refusal::Comment
        | Refusal::TooDeep
        | Refusal::TooMany
        | Refusal::TooLarge
        | Refusal::DuplicateId
        | Refusal::Repeated(_)
        | Refusal::RepeatedElement(_) => {
            "No identity provider makes such a message by itself: see who sends it. The address is below."
        }
        _ => "Update the identity provider, or import its metadata into this source again.",
    }
}
