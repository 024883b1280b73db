//! Why an application's message was refused, for whoever sets the application up.

use countersign_catalogue::doctor::{Change, Failure, Mend, is_harmless_variation};
use countersign_saml::Refusal;

use crate::provider::SAMLProvider;

/// A refusal with what to change. Its reason is the refusal's own text.
pub(crate) fn failure(settings: &SAMLProvider, refusal: &Refusal) -> Failure {
    let failure = Failure::new(refusal.code(), refusal.to_string(), remedy(refusal));
    let configured: &str = &settings.acs_url;
    match refusal {
        Refusal::AcsUrl { asked, .. } => {
            let failure = failure.sent("ACS URL", asked).expected("ACS URL", configured);
            // Whoever knows the address of a provider can send any. One that could lead elsewhere is
            // not offered to be let in with a click.
            let mend = is_harmless_variation(asked, configured).then(|| Mend {
                field: "acs_url".to_owned(),
                change: Change::Set(asked.as_str().into()),
            });
            Failure { mend, ..failure }
        }
        Refusal::Issuer(issuer) => {
            failure.sent("Issuer", issuer).expected("Audience", &settings.audience)
        }
        Refusal::Destination(destination) => failure.sent("Destination", destination),
        Refusal::NameIdFormat(format) => failure.sent("NameID format", format),
        Refusal::SignatureAlgorithm(algorithm) => failure.sent("Algorithm", algorithm),
        Refusal::Future(at) | Refusal::Expired(at) => failure.sent("IssueInstant", at),
        _ => failure,
    }
}

fn remedy(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::AcsUrl { .. } => {
            "Set the ACS URL of this provider to the one in the application's metadata, letter by letter, or the other way round."
        }
        Refusal::Issuer(_) => {
            "Set the Audience of this provider to the application's entity ID, or the other way round."
        }
        Refusal::Destination(_) | Refusal::NoDestination => {
            "Load this provider's metadata into the application again: it has the addresses that are expected. A proxy between must not change scheme or host."
        }
        Refusal::Unsigned => {
            "Switch signed requests on in the application, or take the Verification Certificate away here."
        }
        Refusal::Signature => {
            "Choose the application's present signing certificate as the Verification Certificate: it may have a new one."
        }
        Refusal::SignatureAlgorithm(_) => "Set the application to RSA-SHA256 or ECDSA-SHA256.",
        Refusal::SignedTwice
        | Refusal::SignaturePlace
        | Refusal::SignatureReference
        | Refusal::SignatureTransforms => {
            "Update the application's SAML library: it signs in a way that can be misread. A proxy that rewrites messages does that, too."
        }
        Refusal::Future(_) | Refusal::Expired(_) => "Set the clocks of both machines by NTP.",
        Refusal::NameIdFormat(_) => {
            "Set the application to a NameID format that this provider's metadata lists, or to unspecified."
        }
        Refusal::Replayed => {
            "Look for a message that is sent twice: a reload, a second worker. Each request needs an ID of its own."
        }
        Refusal::InResponseTo(_) => {
            "The application answers something that was not asked, or answers late. See that it answers the message that it got."
        }
        Refusal::EncryptedName => "Switch encryption of the NameID off in the application.",
        Refusal::RelayState => {
            "Shorten the RelayState in the application: most have a setting to keep it at their side."
        }
        Refusal::Missing | Refusal::Undecodable => {
            "Compare the binding: GET carries a deflated SAMLRequest, POST one that is not."
        }
        Refusal::Doctype
        | Refusal::Comment
        | Refusal::TooDeep
        | Refusal::TooMany
        | Refusal::TooLarge
        | Refusal::DuplicateId
        | Refusal::Repeated(_)
        | Refusal::RepeatedElement(_) => {
            "No SAML library makes such a message by itself: see who sends it. The address is below."
        }
        _ => {
            "Update the application's SAML library, or load this provider's metadata into it again."
        }
    }
}
