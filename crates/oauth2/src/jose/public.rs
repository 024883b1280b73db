//! Public keys of clients (RFC 7517), and what was signed with their private halves.

use aws_lc_rs::digest;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, ED25519,
    RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, RsaPublicKeyComponents,
    UnparsedPublicKey, VerificationAlgorithm,
};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use countersign_model::{Choice, ChoiceValue as _};
use serde_json::{Map, Value};
use thiserror::Error;

use super::token::{Signed, TokenFault};

/// What clients may sign with. Secrets are not among them: those prove nothing to others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum ClientAlgorithm {
    #[choice(value = "PS256", label = "PS256")]
    Ps256,
    #[choice(value = "ES256", label = "ES256")]
    Es256,
    #[choice(value = "ES384", label = "ES384")]
    Es384,
    #[choice(value = "ES512", label = "ES512")]
    Es512,
    #[choice(value = "EdDSA", label = "EdDSA")]
    EdDsa,
    #[choice(value = "RS256", label = "RS256")]
    Rs256,
}

impl ClientAlgorithm {
    pub const ALL: [ClientAlgorithm; 6] = [
        ClientAlgorithm::Ps256,
        ClientAlgorithm::Es256,
        ClientAlgorithm::Es384,
        ClientAlgorithm::Es512,
        ClientAlgorithm::EdDsa,
        ClientAlgorithm::Rs256,
    ];

    /// What FAPI 2.0 allows (5.4.1), with the stronger curves.
    pub const FAPI2: [ClientAlgorithm; 5] = [
        ClientAlgorithm::Ps256,
        ClientAlgorithm::Es256,
        ClientAlgorithm::Es384,
        ClientAlgorithm::Es512,
        ClientAlgorithm::EdDsa,
    ];

    pub fn as_str(self) -> &'static str {
        self.value()
    }

    fn parse(text: &str) -> Option<ClientAlgorithm> {
        ClientAlgorithm::ALL.into_iter().find(|algorithm| algorithm.as_str() == text)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PublicKeyError {
    #[error("this is not a set of keys: an object with a list \"keys\" (RFC 7517)")]
    NotASet,
    #[error("a set may have at most 32 keys")]
    TooMany,
    #[error(
        "no key of the set can be used: RSA of at least 2048 bits, EC on P-256, P-384 or P-521, or Ed25519"
    )]
    NoneUsable,
    #[error("a key of the set is private or a secret; give public keys only")]
    Private,
}

/// A key that somebody's signatures are checked with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    kid: Option<String>,
    /// The one algorithm it is for, where it says so.
    algorithm: Option<ClientAlgorithm>,
    material: Material,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Material {
    Ec { curve: Curve, x: Vec<u8>, y: Vec<u8> },
    Ed25519(Vec<u8>),
    Rsa { n: Vec<u8>, e: Vec<u8> },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Curve {
    P256,
    P384,
    P521,
}

impl Curve {
    fn parse(text: &str) -> Option<Curve> {
        match text {
            "P-256" => Some(Curve::P256),
            "P-384" => Some(Curve::P384),
            "P-521" => Some(Curve::P521),
            _ => None,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Curve::P256 => "P-256",
            Curve::P384 => "P-384",
            Curve::P521 => "P-521",
        }
    }

    /// Bytes of a coordinate (RFC 7518 6.2.1.2).
    const fn length(self) -> usize {
        match self {
            Curve::P256 => 32,
            Curve::P384 => 48,
            Curve::P521 => 66,
        }
    }
}

/// More keys than any client has.
const MOST_KEYS: usize = 32;
/// Bytes of an RSA modulus: 2048 to 8192 bits.
const MODULUS: std::ops::RangeInclusive<usize> = 256..=1024;

impl PublicKey {
    /// A key by its description; `None` for a kind that is not used here.
    ///
    /// # Errors
    /// It is a private key, or a secret.
    pub fn parse(jwk: &Value) -> Result<Option<PublicKey>, PublicKeyError> {
        let text = |name: &str| jwk.get(name).and_then(Value::as_str);
        if jwk.get("d").is_some() || jwk.get("k").is_some() {
            return Err(PublicKeyError::Private);
        }
        let signs = text("use").is_none_or(|purpose| purpose == "sig");
        let algorithm = text("alg").map(ClientAlgorithm::parse);
        if !signs || algorithm == Some(None) {
            return Ok(None);
        }
        let bytes = |name: &str| URL_SAFE_NO_PAD.decode(text(name)?).ok();
        let material = match (text("kty"), text("crv")) {
            (Some("RSA"), _) => bytes("n").zip(bytes("e")).and_then(|(n, e)| {
                let n: Vec<u8> = n.into_iter().skip_while(|byte| *byte == 0).collect();
                MODULUS.contains(&n.len()).then_some(Material::Rsa { n, e })
            }),
            (Some("EC"), Some(curve)) => Curve::parse(curve).and_then(|curve| {
                let fits = |part: &Vec<u8>| part.len() == curve.length();
                let (x, y) = (bytes("x").filter(fits)?, bytes("y").filter(fits)?);
                Some(Material::Ec { curve, x, y })
            }),
            (Some("OKP"), Some("Ed25519")) => {
                bytes("x").filter(|x| x.len() == 32).map(Material::Ed25519)
            }
            _ => None,
        };
        Ok(material.map(|material| PublicKey {
            kid: text("kid").map(str::to_owned),
            algorithm: algorithm.flatten(),
            material,
        }))
    }

    /// Its name by its content (RFC 7638), which `cnf.jkt` carries.
    pub fn thumbprint(&self) -> String {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        // The members that make the key, in the order of their names, without blanks.
        let members = match &self.material {
            Material::Ec { curve, x, y } => format!(
                r#"{{"crv":"{}","kty":"EC","x":"{}","y":"{}"}}"#,
                curve.name(),
                encode(x),
                encode(y)
            ),
            Material::Ed25519(x) => {
                format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, encode(x))
            }
            Material::Rsa { n, e } => {
                format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, encode(e), encode(n))
            }
        };
        encode(digest::digest(&digest::SHA256, members.as_bytes()).as_ref())
    }

    fn fits(&self, algorithm: ClientAlgorithm) -> bool {
        let by_kind = match (&self.material, algorithm) {
            (Material::Rsa { .. }, ClientAlgorithm::Rs256 | ClientAlgorithm::Ps256)
            | (Material::Ed25519(_), ClientAlgorithm::EdDsa) => true,
            (Material::Ec { curve, .. }, algorithm) => matches!(
                (curve, algorithm),
                (Curve::P256, ClientAlgorithm::Es256)
                    | (Curve::P384, ClientAlgorithm::Es384)
                    | (Curve::P521, ClientAlgorithm::Es512)
            ),
            _ => false,
        };
        by_kind && self.algorithm.is_none_or(|own| own == algorithm)
    }

    fn verifies(&self, algorithm: ClientAlgorithm, message: &[u8], signature: &[u8]) -> bool {
        let with = |algorithm: &'static dyn VerificationAlgorithm, key: &[u8]| {
            UnparsedPublicKey::new(algorithm, key).verify(message, signature).is_ok()
        };
        match &self.material {
            Material::Ec { curve, x, y } => {
                let point = [&[4], x.as_slice(), y.as_slice()].concat();
                match curve {
                    Curve::P256 => with(&ECDSA_P256_SHA256_FIXED, &point),
                    Curve::P384 => with(&ECDSA_P384_SHA384_FIXED, &point),
                    Curve::P521 => with(&ECDSA_P521_SHA512_FIXED, &point),
                }
            }
            Material::Ed25519(x) => with(&ED25519, x),
            Material::Rsa { n, e } => {
                let key = RsaPublicKeyComponents { n, e };
                let scheme = if algorithm == ClientAlgorithm::Ps256 {
                    &RSA_PSS_2048_8192_SHA256
                } else {
                    &RSA_PKCS1_2048_8192_SHA256
                };
                key.verify(scheme, message, signature).is_ok()
            }
        }
    }

    /// The claims of what was signed with this key.
    ///
    /// # Errors
    /// It was not, or with an algorithm that is not allowed.
    pub fn verify(
        &self,
        signed: &Signed<'_>,
        allowed: &[ClientAlgorithm],
    ) -> Result<Map<String, Value>, TokenFault> {
        let algorithm = algorithm_of(signed, allowed)?;
        if !self.fits(algorithm) {
            return Err(TokenFault::AlgorithmMismatch);
        }
        if self.verifies(algorithm, signed.message.as_bytes(), &signed.signature) {
            signed.claims()
        } else {
            Err(TokenFault::SignatureWrong)
        }
    }
}

fn algorithm_of(
    signed: &Signed<'_>,
    allowed: &[ClientAlgorithm],
) -> Result<ClientAlgorithm, TokenFault> {
    let named = signed.header.get("alg").and_then(Value::as_str).and_then(ClientAlgorithm::parse);
    named.filter(|algorithm| allowed.contains(algorithm)).ok_or(TokenFault::AlgorithmMismatch)
}

/// The keys of a client (RFC 7517 5).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PublicKeys {
    keys: Vec<PublicKey>,
    /// The certificates of keys that name theirs (`x5c`, RFC 7517 4.7), in DER form.
    certificates: Vec<Vec<u8>>,
}

impl PublicKeys {
    /// Keys of kinds that are not used here are passed over (RFC 7517 5).
    ///
    /// # Errors
    /// It is no set of public keys, or none of them can be used.
    pub fn parse(set: &Map<String, Value>) -> Result<PublicKeys, PublicKeyError> {
        let list = set.get("keys").and_then(Value::as_array).ok_or(PublicKeyError::NotASet)?;
        if list.len() > MOST_KEYS {
            return Err(PublicKeyError::TooMany);
        }
        let (mut keys, mut certificates) = (Vec::new(), Vec::new());
        for jwk in list {
            keys.extend(PublicKey::parse(jwk)?);
            let named = jwk.get("x5c").and_then(|chain| chain.get(0)?.as_str());
            certificates.extend(named.and_then(|text| STANDARD.decode(text).ok()));
        }
        if keys.is_empty() {
            Err(PublicKeyError::NoneUsable)
        } else {
            Ok(PublicKeys { keys, certificates })
        }
    }

    /// Whether this is the certificate of one of the keys.
    pub fn has_certificate(&self, der: &[u8]) -> bool {
        self.certificates.iter().any(|own| own == der)
    }

    /// Whether a key is here under the name that the header has. A header without a name is tried
    /// with each.
    pub fn may_know(&self, signed: &Signed<'_>) -> bool {
        let kid = signed.header.get("kid").and_then(Value::as_str);
        kid.is_none_or(|kid| self.keys.iter().any(|key| key.kid.as_deref() == Some(kid)))
    }

    /// The claims of what was signed with one of these keys.
    ///
    /// # Errors
    /// It was signed with none of them, or with an algorithm that is not allowed.
    pub fn verify(
        &self,
        signed: &Signed<'_>,
        allowed: &[ClientAlgorithm],
    ) -> Result<Map<String, Value>, TokenFault> {
        let algorithm = algorithm_of(signed, allowed)?;
        let kid = signed.header.get("kid").and_then(Value::as_str);
        let named = |key: &&PublicKey| match (kid, &key.kid) {
            (Some(kid), Some(own)) => kid == own,
            _ => true,
        };
        let mut possible = self.keys.iter().filter(|key| key.fits(algorithm)).filter(named);
        let signs =
            |key: &PublicKey| key.verifies(algorithm, signed.message.as_bytes(), &signed.signature);
        if possible.any(signs) { signed.claims() } else { Err(TokenFault::SignatureWrong) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// RFC 7638 3.1.
    #[test]
    fn the_thumbprint_is_that_of_the_standards_example() {
        let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
        let key = json!({"kty": "RSA", "n": n, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"});
        let key = PublicKey::parse(&key).unwrap().unwrap();
        assert_eq!(key.thumbprint(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
        assert!(key.fits(ClientAlgorithm::Rs256) && !key.fits(ClientAlgorithm::Ps256));
    }

    #[test]
    fn only_public_keys_that_are_strong_enough_are_taken() {
        let x = URL_SAFE_NO_PAD.encode([1; 32]);
        let ec = json!({"kty": "EC", "crv": "P-256", "x": x, "y": x});
        let set = |keys: Value| {
            let set = Map::from_iter([("keys".to_owned(), keys)]);
            PublicKeys::parse(&set).map(|keys| keys.keys.len())
        };
        let with = |name: &str, value: &str| {
            let mut key = ec.clone();
            key[name] = value.into();
            key
        };
        assert_eq!(set(json!([ec, {"kty": "zzz"}])), Ok(1), "others are passed over");
        assert_eq!(set(json!([with("use", "sig")])), Ok(1));
        assert_eq!(set(json!([with("d", "AQ")])), Err(PublicKeyError::Private));
        assert_eq!(set(json!([{"kty": "oct", "k": "AQ"}])), Err(PublicKeyError::Private));
        for wrong in [
            with("use", "enc"),
            with("alg", "none"),
            with("alg", "HS256"),
            with("crv", "P-384"),
            with("x", "AQ"),
            with("x", "!"),
            json!({"kty": "RSA", "n": URL_SAFE_NO_PAD.encode([255; 128]), "e": "AQAB"}),
            json!("key"),
        ] {
            assert_eq!(set(json!([wrong])), Err(PublicKeyError::NoneUsable), "{wrong}");
        }
        assert_eq!(set(json!({})), Err(PublicKeyError::NotASet));
        assert_eq!(PublicKeys::parse(&Map::new()), Err(PublicKeyError::NotASet));
        let many: Vec<Value> = (0..33).map(|_| ec.clone()).collect();
        assert_eq!(set(json!(many)), Err(PublicKeyError::TooMany));
    }
}
