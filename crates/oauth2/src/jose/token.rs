//! Compact JSON Web Signatures (RFC 7515) of claims.

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{DecodingKey, Validation};
use serde_json::{Map, Value, json};
use thiserror::Error;

use super::key::{Algorithm, SigningKey};

/// Longer ones are nobody's: a token we issue has a few kilobytes.
const MAX_TOKEN_BYTES: usize = 64 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TokenFault {
    #[error("not a compact signed token")]
    Malformed,
    #[error("signed with another algorithm than the key's")]
    AlgorithmMismatch,
    #[error("the signature does not belong to the key")]
    SignatureWrong,
    /// The key could not sign; the library gives no reason.
    #[error("the key cannot sign")]
    Unsignable,
}

/// Signs claims.
///
/// # Errors
/// The key does not sign.
pub fn sign(claims: &Map<String, Value>, key: &SigningKey) -> Result<String, TokenFault> {
    sign_as("JWT", claims, key)
}

/// Signs claims that are another thing than a plain token, as its header says (RFC 8725 3.11).
///
/// # Errors
/// The key does not sign.
pub fn sign_as(
    typ: &str,
    claims: &Map<String, Value>,
    key: &SigningKey,
) -> Result<String, TokenFault> {
    let header = match key.kid() {
        Some(kid) => json!({"alg": key.algorithm().as_str(), "kid": kid, "typ": typ}),
        None => json!({"alg": key.algorithm().as_str(), "typ": typ}),
    };
    let payload = serde_json::to_string(claims).map_err(|_| TokenFault::Unsignable)?;
    let message = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header.to_string()),
        URL_SAFE_NO_PAD.encode(payload)
    );
    let signature = key.sign(message.as_bytes()).ok_or(TokenFault::Unsignable)?;
    Ok(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

/// A token taken apart, of which nothing is verified yet.
pub struct Signed<'t> {
    pub header: Map<String, Value>,
    pub(super) message: &'t str,
    pub(super) signature: Vec<u8>,
    payload: &'t str,
}

impl<'t> Signed<'t> {
    /// # Errors
    /// It is not the compact form of a signed token.
    pub fn parse(token: &'t str) -> Result<Signed<'t>, TokenFault> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(TokenFault::Malformed);
        }
        let (message, signature) = token.rsplit_once('.').ok_or(TokenFault::Malformed)?;
        let (header, payload) = message.split_once('.').ok_or(TokenFault::Malformed)?;
        let header = object(header)?;
        // RFC 7515 4.1.11: an extension that must be understood, and none is.
        if header.contains_key("crit") {
            return Err(TokenFault::Malformed);
        }
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| TokenFault::Malformed)?;
        Ok(Signed { header, message, signature, payload })
    }

    /// What it says. Nothing vouches for that before the signature is verified.
    ///
    /// # Errors
    /// It says nothing that can be read.
    pub fn claims(&self) -> Result<Map<String, Value>, TokenFault> {
        object(self.payload)
    }
}

/// The claims of a token signed with `key`. Times, issuer and audience are the caller's to judge.
///
/// # Errors
/// It is not such a token.
pub fn verify(token: &str, key: &SigningKey) -> Result<Map<String, Value>, TokenFault> {
    let signed = Signed::parse(token)?;
    if signed.header.get("alg").and_then(Value::as_str) != Some(key.algorithm().as_str()) {
        return Err(TokenFault::AlgorithmMismatch);
    }
    if !key.verify(signed.message.as_bytes(), &signed.signature) {
        return Err(TokenFault::SignatureWrong);
    }
    signed.claims()
}

/// The claims of a token signed with the private half of a key as it was published (RFC 7517). Times,
/// issuer and audience are the caller's to judge.
///
/// # Errors
/// It is not such a token.
pub fn verify_published(token: &str, key: &Value) -> Result<Map<String, Value>, TokenFault> {
    if token.len() > MAX_TOKEN_BYTES {
        return Err(TokenFault::Malformed);
    }
    let header = object(token.split('.').next().unwrap_or_default())?;
    if header.get("alg").is_none() || header.get("alg") != key.get("alg") {
        return Err(TokenFault::AlgorithmMismatch);
    }
    if header.contains_key("crit") {
        return Err(TokenFault::Malformed);
    }
    let algorithm = header.get("alg").and_then(Value::as_str).and_then(|name| name.parse().ok());
    let mut rules = Validation::new(algorithm.ok_or(TokenFault::AlgorithmMismatch)?);
    rules.required_spec_claims.clear();
    rules.validate_exp = false;
    rules.validate_aud = false;
    let key: Jwk = serde_json::from_value(key.clone()).map_err(|_| TokenFault::SignatureWrong)?;
    let key = DecodingKey::from_jwk(&key).map_err(|_| TokenFault::SignatureWrong)?;
    let read = jsonwebtoken::decode(token, &key, &rules);
    read.map(|read| read.claims).map_err(|_| TokenFault::SignatureWrong)
}

/// Whom a token says it is for. Nothing vouches for that: good for looking somebody up who then
/// verifies it.
pub fn unverified_audience(token: &str) -> Option<String> {
    let payload = token.get(..MAX_TOKEN_BYTES.min(token.len()))?.split('.').nth(1)?;
    let claims = object(payload).ok()?;
    let audience = claims.get("aud")?;
    audience.as_str().or_else(|| audience.as_array()?.first()?.as_str()).map(str::to_owned)
}

/// Who signed a token, as it says itself: good for looking up the keys that it is verified with.
pub fn unverified_subject(token: &str) -> Option<String> {
    let claims = Signed::parse(token).ok()?.claims().ok()?;
    claims.get("sub")?.as_str().map(str::to_owned)
}

fn object(encoded: &str) -> Result<Map<String, Value>, TokenFault> {
    let bytes = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| TokenFault::Malformed)?;
    serde_json::from_slice(&bytes).map_err(|_| TokenFault::Malformed)
}

/// `at_hash` and `c_hash`: the left half of the hash that belongs to the signature's algorithm.
pub fn half_hash(text: &str, algorithm: Algorithm) -> String {
    let hash = digest::digest(algorithm.digest(), text.as_bytes());
    let half = hash.as_ref().split_at(hash.as_ref().len() / 2).0;
    URL_SAFE_NO_PAD.encode(half)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jose::key_set::{Use, jwk};

    fn pair(algorithm: &'static rcgen::SignatureAlgorithm) -> (String, String) {
        let key = rcgen::KeyPair::generate_for(algorithm).unwrap();
        let certificate = rcgen::CertificateParams::new(["a.test".to_owned()])
            .unwrap()
            .self_signed(&key)
            .unwrap();
        (key.serialize_pem(), certificate.pem())
    }

    fn claims() -> Map<String, Value> {
        let Value::Object(claims) = json!({"sub": "ü", "aud": "cid", "exp": 4_000_000_000_i64})
        else {
            panic!("object")
        };
        claims
    }

    /// An independent implementation accepts what we sign, with the key set we publish.
    #[test]
    fn tokens_verify_with_the_published_key() {
        for (algorithm, name) in [
            (&rcgen::PKCS_RSA_SHA256, "RS256"),
            (&rcgen::PKCS_ECDSA_P256_SHA256, "ES256"),
            (&rcgen::PKCS_ECDSA_P384_SHA384, "ES384"),
        ] {
            let (private, certificate) = pair(algorithm);
            let key = SigningKey::from_pem(&private).unwrap();
            let token = sign(&claims(), &key).unwrap();
            let published = jwk(&private, &certificate, Use::Signature).unwrap();
            assert_eq!(published["alg"], name);
            assert_eq!(published["kid"], json!(key.kid()));
            let published: jsonwebtoken::jwk::Jwk = serde_json::from_value(published).unwrap();
            let mut validation = Validation::new(name.parse().unwrap());
            validation.set_audience(&["cid"]);
            let read = jsonwebtoken::decode::<Value>(
                &token,
                &DecodingKey::from_jwk(&published).unwrap(),
                &validation,
            );
            assert_eq!(read.unwrap().claims["sub"], "ü", "{name}");
            assert_eq!(verify(&token, &key).unwrap(), claims(), "{name}");
            let published = jwk(&private, &certificate, Use::Signature).unwrap();
            assert_eq!(verify_published(&token, &published).unwrap(), claims(), "{name}");
            let (other, certificate) = pair(algorithm);
            let other = jwk(&other, &certificate, Use::Signature).unwrap();
            assert_eq!(verify_published(&token, &other), Err(TokenFault::SignatureWrong), "{name}");
        }
    }

    #[test]
    fn es512_verifies_with_itself() {
        let (private, certificate) = pair(&rcgen::PKCS_ECDSA_P521_SHA512);
        let key = SigningKey::from_pem(&private).unwrap();
        assert_eq!(verify(&sign(&claims(), &key).unwrap(), &key), Ok(claims()));
        let published = jwk(&private, &certificate, Use::Signature).unwrap();
        for coordinate in ["x", "y"] {
            assert_eq!(
                URL_SAFE_NO_PAD.decode(published[coordinate].as_str().unwrap()).unwrap().len(),
                66
            );
        }
    }

    #[test]
    fn forged_tokens_are_refused_by_name() {
        let key = SigningKey::from_secret("s3cret").unwrap();
        let token = sign(&claims(), &key).unwrap();
        let parts: Vec<&str> = token.split('.').collect();
        let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#);
        let critical = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","crit":["x"]}"#);
        let other = SigningKey::from_secret("other").unwrap();
        for (text, expected) in [
            (token.clone(), TokenFault::SignatureWrong),
            (format!("{none}.{}.", parts[1]), TokenFault::AlgorithmMismatch),
            (format!("{critical}.{}.{}", parts[1], parts[2]), TokenFault::Malformed),
            ("x.y.z".into(), TokenFault::Malformed),
            ("x".into(), TokenFault::Malformed),
            (String::new(), TokenFault::Malformed),
            ("a.".repeat(MAX_TOKEN_BYTES), TokenFault::Malformed),
        ] {
            assert_eq!(verify(&text, &other), Err(expected), "{text:.20}");
        }
        // The public key of an RSA client is no HMAC secret.
        let (private, _) = pair(&rcgen::PKCS_RSA_SHA256);
        assert_eq!(
            verify(&token, &SigningKey::from_pem(&private).unwrap()),
            Err(TokenFault::AlgorithmMismatch)
        );
        assert_eq!(verify(&token, &key), Ok(claims()));
    }

    #[test]
    fn half_hashes_follow_the_standards_example() {
        // OpenID Connect Core A.3 and A.4.
        let at = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
        let code = "Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk";
        assert_eq!(half_hash(at, Algorithm::Rs256), "77QmUPtjPfzWtF2AnpK9RQ");
        assert_eq!(half_hash(code, Algorithm::Rs256), "LDktKdoQak3Pk0cnXxCltA");
        assert_eq!(URL_SAFE_NO_PAD.decode(half_hash("x", Algorithm::Es512)).unwrap().len(), 32);
    }
}
