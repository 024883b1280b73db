//! What a service provider takes from an identity provider: each row of the tables here is one step
//! away from a response that is accepted, so that the rule it names is the only reason.

mod plain;
mod said;
pub(super) mod sealed;
mod wrapped;

use std::sync::LazyLock;

use super::{Pair, Signer, escaped, now, pair};
use crate::assertion::{Expected, SignedIn, read};
use crate::binding::{self, Which};
use crate::key::{Opener, SignatureAlgorithm, Trust};
use crate::refusal::Refusal;

pub(super) const ACS: &str = "https://sp.example/source/saml/idp/acs/";
pub(super) const AUDIENCE: &str = "https://sp.example/source/saml/idp/metadata/";
pub(super) const IDP: &str = "https://idp.example/metadata";

/// The signatures are put in by [`World::signed`]; namespaces are known to the response alone, which
/// is where an encrypted assertion has them from.
pub(super) const RESPONSE: &str = r#"<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_p1" Version="2.0" IssueInstant="2026-11-27T10:00:00Z" Destination="https://sp.example/source/saml/idp/acs/" InResponseTo="_q1"><saml:Issuer>https://idp.example/metadata</saml:Issuer>{response}<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status><saml:Assertion ID="_a1" Version="2.0" IssueInstant="2026-11-27T09:59:59Z"><saml:Issuer>https://idp.example/metadata</saml:Issuer>{assertion}<saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">uma</saml:NameID><saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData InResponseTo="_q1" NotOnOrAfter="2026-11-27T10:04:00Z" Recipient="https://sp.example/source/saml/idp/acs/"/></saml:SubjectConfirmation></saml:Subject><saml:Conditions NotBefore="2026-11-27T09:55:00Z" NotOnOrAfter="2026-11-27T10:05:00Z"><saml:AudienceRestriction><saml:Audience>https://sp.example/source/saml/idp/metadata/</saml:Audience></saml:AudienceRestriction></saml:Conditions><saml:AuthnStatement AuthnInstant="2026-11-27T09:59:58Z" SessionIndex="s1" SessionNotOnOrAfter="2026-11-28T10:00:00Z"><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement><saml:AttributeStatement><saml:Attribute Name="email" FriendlyName="mail"><saml:AttributeValue>uma@example.org</saml:AttributeValue></saml:Attribute><saml:Attribute Name="http://schemas.xmlsoap.org/claims/Group"><saml:AttributeValue>staff</saml:AttributeValue><saml:AttributeValue>wiki</saml:AttributeValue></saml:Attribute></saml:AttributeStatement></saml:Assertion></samlp:Response>"#;

/// What is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    Assertion,
    Response,
    Both,
    Nothing,
}

pub(super) struct World {
    pub(super) provider: Pair,
    pub(super) stranger: Pair,
    pub(super) own: Pair,
    trust: Trust,
    opener: Opener,
    addresses: [String; 1],
}

/// Keys take long to make.
pub(super) static WORLD: LazyLock<World> = LazyLock::new(|| {
    let provider = pair(&rcgen::PKCS_RSA_SHA256);
    let own = pair(&rcgen::PKCS_RSA_SHA256);
    World {
        trust: provider.trust(),
        opener: Opener::from_pem(&own.key).unwrap(),
        stranger: pair(&rcgen::PKCS_RSA_SHA256),
        addresses: [ACS.to_owned()],
        provider,
        own,
    }
});

impl World {
    pub(super) fn signer(&self) -> Signer {
        self.provider.signer(SignatureAlgorithm::RsaSha256)
    }

    /// Signs the assertion, then the response.
    pub(super) fn signed_by(&self, template: &str, by: By, signer: &Signer) -> String {
        let inner = if matches!(by, By::Assertion | By::Both) {
            let id = id_after(template, "<saml:Assertion ");
            signer.sign(template.replace("{assertion}", &signer.template(&id).xml())).unwrap()
        } else {
            template.replace("{assertion}", "")
        };
        if matches!(by, By::Response | By::Both) {
            let id = id_after(template, "<samlp:Response ");
            signer.sign(inner.replace("{response}", &signer.template(&id).xml())).unwrap()
        } else {
            inner.replace("{response}", "")
        }
    }

    pub(super) fn signed(&self, template: &str, by: By) -> String {
        self.signed_by(template, by, &self.signer())
    }

    pub(super) fn expected(&self) -> Expected<'_> {
        Expected {
            trust: &self.trust,
            opener: None,
            issuer: IDP,
            audience: AUDIENCE,
            addresses: &self.addresses,
            request: Some("_q1"),
            unsolicited: false,
            now: now(),
        }
    }

    /// For who has a key that assertions are encrypted to.
    pub(super) fn sealed(&self) -> Expected<'_> {
        Expected { opener: Some(&self.opener), ..self.expected() }
    }
}

fn id_after(template: &str, element: &str) -> String {
    let rest = template.split(element).nth(1).unwrap_or_default();
    rest.split("ID=\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .unwrap_or_default()
        .to_owned()
}

pub(super) fn posted(xml: &str, expected: &Expected<'_>) -> Result<SignedIn, Refusal> {
    let fields = binding::to_form(Which::Response, xml, Some("/next"));
    let pairs = fields.iter().map(|(name, value)| format!("{name}={}", escaped(value)));
    let body = pairs.collect::<Vec<_>>().join("&");
    binding::from_form(&body).and_then(|received| read(&received, expected))
}

pub(super) fn code(xml: &str, expected: &Expected<'_>) -> &'static str {
    posted(xml, expected).map_or_else(|refusal| refusal.code(), |_| "accepted")
}

/// From one text to the other, both included.
pub(super) fn between(text: &str, from: &str, to: &str) -> String {
    let begin = text.find(from).unwrap_or_else(|| panic!("{from} in {text}"));
    let end = text[begin..].find(to).unwrap() + begin + to.len();
    text[begin..end].to_owned()
}

#[test]
fn a_response_says_who_came() {
    for by in [By::Assertion, By::Response, By::Both] {
        let read = posted(&WORLD.signed(RESPONSE, by), &WORLD.expected()).unwrap();
        assert_eq!((read.id.as_str(), read.issuer.as_str()), ("_a1", IDP));
        assert_eq!(read.name_id.value, "uma");
        assert_eq!(read.name_id.format, crate::names::name_id::PERSISTENT);
        assert_eq!(read.session.as_deref(), Some("s1"));
        assert_eq!(
            read.session_ends.map(countersign_model::Timestamp::iso).as_deref(),
            Some("2026-11-28T10:00:00Z")
        );
        assert_eq!(read.until.iso(), "2026-11-27T10:07:00Z");
        assert_eq!(read.relay_state.as_deref(), Some("/next"));
        assert!(read.solicited);
        let all: Vec<(&str, Vec<&str>)> = read
            .attributes
            .iter()
            .map(|one| (one.name.as_str(), one.values.iter().map(String::as_str).collect()))
            .collect();
        let group = "http://schemas.xmlsoap.org/claims/Group";
        assert_eq!(all, [("email", vec!["uma@example.org"]), (group, vec!["staff", "wiki"])]);
    }
    assert_eq!(code(&WORLD.signed(RESPONSE, By::Nothing), &WORLD.expected()), "saml.unsigned");
}
