//! Proof Key for Code Exchange (RFC 7636).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// How a verifier becomes a challenge. `plain`, which leaves it as it is, is not taken (RFC 9700
/// 2.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Method {
    S256,
}

impl Method {
    pub fn parse(text: &str) -> Option<Method> {
        (text == Method::S256.as_str()).then_some(Method::S256)
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Method::S256 => "S256",
        }
    }
}

/// What the client promised to be able to prove.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Challenge {
    pub value: String,
    pub method: Method,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PkceError {
    /// The code was asked for with a challenge, the token request has no verifier.
    VerifierMissing,
    /// The code was asked for without a challenge: someone may have removed it (CVE-2024-23647).
    VerifierUnexpected,
    /// Not 43 to 128 unreserved characters (RFC 7636 4.1).
    VerifierMalformed,
    VerifierMismatch,
}

/// Compares what was promised with what was sent.
///
/// # Errors
/// They do not belong together.
pub fn verify(challenge: Option<&Challenge>, verifier: Option<&str>) -> Result<(), PkceError> {
    let (challenge, verifier) = match (challenge, verifier) {
        (None, None) => return Ok(()),
        (Some(_), None) => return Err(PkceError::VerifierMissing),
        (None, Some(_)) => return Err(PkceError::VerifierUnexpected),
        (Some(challenge), Some(verifier)) => (challenge, verifier),
    };
    let unreserved = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
    if !(43..=128).contains(&verifier.len()) || !verifier.bytes().all(unreserved) {
        return Err(PkceError::VerifierMalformed);
    }
    let computed = match challenge.method {
        Method::S256 => URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes())),
    };
    let equal: bool = computed.as_bytes().ct_eq(challenge.value.as_bytes()).into();
    if equal { Ok(()) } else { Err(PkceError::VerifierMismatch) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pair of RFC 7636 appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn every_way_a_proof_can_fail_has_its_name() {
        let s256 = Challenge { value: CHALLENGE.into(), method: Method::S256 };
        let long = "v".repeat(129);
        let other = "x".repeat(43);
        let rows = [
            (None, None, Ok(())),
            (Some(&s256), Some(VERIFIER), Ok(())),
            (Some(&s256), None, Err(PkceError::VerifierMissing)),
            (None, Some(VERIFIER), Err(PkceError::VerifierUnexpected)),
            (Some(&s256), Some(other.as_str()), Err(PkceError::VerifierMismatch)),
            (Some(&s256), Some(CHALLENGE), Err(PkceError::VerifierMismatch)),
            (Some(&s256), Some("short"), Err(PkceError::VerifierMalformed)),
            (Some(&s256), Some(long.as_str()), Err(PkceError::VerifierMalformed)),
            (
                Some(&s256),
                Some("ünïcödé-ünïcödé-ünïcödé-ünïcödé-ünïcödé-ü"),
                Err(PkceError::VerifierMalformed),
            ),
        ];
        for (challenge, verifier, expected) in rows {
            assert_eq!(verify(challenge, verifier), expected, "{challenge:?} {verifier:?}");
        }
    }

    #[test]
    fn methods() {
        assert_eq!(Method::parse("S256"), Some(Method::S256));
        for other in ["", "plain", "s256", "S512"] {
            assert_eq!(Method::parse(other), None, "{other}");
        }
    }
}
