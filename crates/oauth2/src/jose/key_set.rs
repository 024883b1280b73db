//! JSON Web Keys (RFC 7517) of certificates.

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use serde_json::{Value, json};

use super::key::{PublicParts, SigningKey};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Use {
    Encryption,
    Signature,
}

/// The public description of a certificate's key, with the certificate. `None` when there is no
/// usable key.
pub fn jwk(private_pem: &str, certificate_pem: &str, purpose: Use) -> Option<Value> {
    let key = SigningKey::from_pem(private_pem).ok()?;
    let parts = key.public_parts()?;
    let mut jwk = match purpose {
        Use::Signature => json!({"alg": key.algorithm().as_str(), "kid": key.kid()}),
        Use::Encryption => json!({"alg": "RSA-OAEP-256", "kid": key.kid()}),
    };
    let url = |bytes: &[u8]| Value::from(URL_SAFE_NO_PAD.encode(bytes));
    let members = jwk.as_object_mut()?;
    let kty = if matches!(parts, PublicParts::Rsa { .. }) { "RSA" } else { "EC" };
    members.insert("kty".into(), kty.into());
    members.insert("use".into(), if purpose == Use::Signature { "sig" } else { "enc" }.into());
    if purpose == Use::Encryption {
        members.insert("enc".into(), "A256CBC-HS512".into());
    }
    match parts {
        PublicParts::Rsa { n, e } => {
            members.insert("n".into(), url(&n));
            members.insert("e".into(), url(&e));
        }
        PublicParts::Ec { curve, x, y } => {
            members.insert("x".into(), url(x));
            members.insert("y".into(), url(y));
            members.insert("crv".into(), curve.into());
        }
    }
    if let Ok(certificate) = CertificateDer::from_pem_slice(certificate_pem.as_bytes()) {
        let thumbprint = |algorithm| url(digest::digest(algorithm, &certificate).as_ref());
        members.insert("x5c".into(), json!([STANDARD.encode(&certificate)]));
        members.insert("x5t".into(), thumbprint(&digest::SHA1_FOR_LEGACY_USE_ONLY));
        members.insert("x5t#S256".into(), thumbprint(&digest::SHA256));
    }
    Some(jwk)
}
