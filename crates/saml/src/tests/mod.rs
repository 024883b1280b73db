//! What is accepted, what is refused and by which rule, and what others make of what is written.

mod assertions;
mod carried;
mod fuzz;
mod hostile;
mod metadata;
mod wrapped;
mod written;

use countersign_model::Timestamp;

use crate::binding::{self, Received, Which};
use crate::key::{Certificate, DigestAlgorithm, SignatureAlgorithm, Signer, Trust};
use crate::request::Peer;

pub(super) const NOW: &str = "2026-11-27T10:00:00Z";
pub(super) const SSO: &str = "https://idp.example/application/saml/app/sso/binding/post/";
pub(super) const SLO: &str = "https://idp.example/application/saml/app/slo/binding/post/";
pub(super) const ACS: &str = "https://app.example/acs";
pub(super) const APP: &str = "https://app.example/metadata";

pub(super) struct Pair {
    pub(super) certificate: String,
    pub(super) key: String,
}

pub(super) fn pair(algorithm: &'static rcgen::SignatureAlgorithm) -> Pair {
    let key = if algorithm == &rcgen::PKCS_RSA_SHA256 {
        rcgen::KeyPair::generate_rsa_for(algorithm, rcgen::RsaKeySize::_2048).unwrap()
    } else {
        rcgen::KeyPair::generate_for(algorithm).unwrap()
    };
    let certificate = rcgen::CertificateParams::new(vec![]).unwrap().self_signed(&key).unwrap();
    Pair { certificate: certificate.pem(), key: key.serialize_pem() }
}

impl Pair {
    pub(super) fn signer(&self, algorithm: SignatureAlgorithm) -> Signer {
        Signer::new(&self.certificate, &self.key, algorithm, DigestAlgorithm::Sha256).unwrap()
    }

    pub(super) fn trust(&self) -> Trust {
        Trust::new(Certificate::from_pem(&self.certificate).unwrap())
    }
}

pub(super) fn now() -> Timestamp {
    Timestamp::parse(NOW).unwrap()
}

pub(super) fn peer<'a>(trust: Option<&'a Trust>, addresses: &'a [String]) -> Peer<'a> {
    Peer { entity_id: APP, trust, addresses, now: now() }
}

pub(super) fn escaped(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// As a browser posts it.
pub(super) fn posted(xml: &str) -> String {
    let fields = binding::to_form(Which::Request, xml, Some("state"));
    let pairs = fields.iter().map(|(name, value)| format!("{name}={}", escaped(value)));
    pairs.collect::<Vec<_>>().join("&")
}

pub(super) fn received(xml: &str) -> Received {
    binding::from_form(&posted(xml)).unwrap()
}
