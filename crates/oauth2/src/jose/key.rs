//! Keys that sign, read from the PEM of a certificate pair or made from a client secret.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED,
    ECDSA_P384_SHA384_FIXED_SIGNING, ECDSA_P521_SHA512_FIXED, ECDSA_P521_SHA512_FIXED_SIGNING,
    EcdsaKeyPair, EcdsaSigningAlgorithm, KeyPair, RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
    RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey, VerificationAlgorithm,
};
use aws_lc_rs::{digest, hmac};
use md5::{Digest, Md5};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;
use thiserror::Error;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    Es256,
    Es384,
    Es512,
    Hs256,
    Rs256,
}

impl Algorithm {
    pub const fn as_str(self) -> &'static str {
        match self {
            Algorithm::Es256 => "ES256",
            Algorithm::Es384 => "ES384",
            Algorithm::Es512 => "ES512",
            Algorithm::Hs256 => "HS256",
            Algorithm::Rs256 => "RS256",
        }
    }

    /// The hash that `at_hash` and `c_hash` are made with (OpenID Connect Core 3.1.3.6).
    pub(super) fn digest(self) -> &'static digest::Algorithm {
        match self {
            Algorithm::Es256 | Algorithm::Hs256 | Algorithm::Rs256 => &digest::SHA256,
            Algorithm::Es384 => &digest::SHA384,
            Algorithm::Es512 => &digest::SHA512,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum KeyError {
    #[error("the certificate has no private key")]
    Missing,
    #[error("the private key is not PEM in a form we read")]
    Unreadable,
    #[error("the private key is neither RSA nor on the curves P-256, P-384, P-521")]
    Unsupported,
    #[error("the client secret is blank")]
    BlankSecret,
}

/// A key with its algorithm and name.
pub struct SigningKey {
    material: Material,
    algorithm: Algorithm,
    kid: Option<String>,
}

enum Material {
    Ec(EcdsaKeyPair),
    Rsa(Box<RsaKeyPair>),
    Shared(Box<hmac::Key>),
}

/// The public half, as numbers.
pub(super) enum PublicParts<'a> {
    Ec { curve: &'static str, x: &'a [u8], y: &'a [u8] },
    Rsa { n: Vec<u8>, e: Vec<u8> },
}

/// How a certificate's key is called in headers and key sets: the MD5 of its PEM text exactly as
/// stored. It is a name, not a proof; clients cache by it, so a key moved here from the original
/// keeps its name.
pub fn key_id(private_pem: &str) -> String {
    if private_pem.is_empty() {
        String::new()
    } else {
        hex::encode(Md5::digest(private_pem.as_bytes()))
    }
}

impl SigningKey {
    /// # Errors
    /// There is no key, or one we cannot sign with.
    pub fn from_pem(private_pem: &str) -> Result<SigningKey, KeyError> {
        if private_pem.trim().is_empty() {
            return Err(KeyError::Missing);
        }
        let der = PrivateKeyDer::from_pem_slice(private_pem.as_bytes())
            .map_err(|_| KeyError::Unreadable)?;
        let rsa = |pair: RsaKeyPair| (Material::Rsa(Box::new(pair)), Algorithm::Rs256);
        let found = match &der {
            PrivateKeyDer::Pkcs1(key) => RsaKeyPair::from_der(key.secret_pkcs1_der()).ok().map(rsa),
            PrivateKeyDer::Sec1(key) => ec(|algorithm| {
                EcdsaKeyPair::from_private_key_der(algorithm, key.secret_sec1_der()).ok()
            }),
            PrivateKeyDer::Pkcs8(key) => {
                let bytes = key.secret_pkcs8_der();
                let pair = RsaKeyPair::from_pkcs8(bytes).ok().map(rsa);
                pair.or_else(|| ec(|algorithm| EcdsaKeyPair::from_pkcs8(algorithm, bytes).ok()))
            }
            _ => None,
        };
        let (material, algorithm) = found.ok_or(KeyError::Unsupported)?;
        Ok(SigningKey { material, algorithm, kid: Some(key_id(private_pem)) })
    }

    /// The key of a provider without certificate: the client's own secret.
    ///
    /// # Errors
    /// A blank secret: anybody could sign.
    pub fn from_secret(secret: &str) -> Result<SigningKey, KeyError> {
        if secret.is_empty() {
            return Err(KeyError::BlankSecret);
        }
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        Ok(SigningKey {
            material: Material::Shared(Box::new(key)),
            algorithm: Algorithm::Hs256,
            kid: None,
        })
    }

    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    pub(super) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        match &self.material {
            Material::Ec(pair) => {
                pair.sign(&SystemRandom::new(), message).ok().map(|s| s.as_ref().to_vec())
            }
            Material::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).ok()?;
                Some(signature)
            }
            Material::Shared(key) => Some(hmac::sign(key, message).as_ref().to_vec()),
        }
    }

    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        let with = |algorithm: &'static dyn VerificationAlgorithm, public: &[u8]| {
            UnparsedPublicKey::new(algorithm, public).verify(message, signature).is_ok()
        };
        match &self.material {
            Material::Ec(pair) => {
                let algorithm: &'static dyn VerificationAlgorithm = match self.algorithm {
                    Algorithm::Es384 => &ECDSA_P384_SHA384_FIXED,
                    Algorithm::Es512 => &ECDSA_P521_SHA512_FIXED,
                    Algorithm::Es256 | Algorithm::Hs256 | Algorithm::Rs256 => {
                        &ECDSA_P256_SHA256_FIXED
                    }
                };
                with(algorithm, pair.public_key().as_ref())
            }
            // Our own old signatures, made with whatever key size the administrator brought.
            Material::Rsa(pair) => {
                with(&RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, pair.public_key().as_ref())
            }
            Material::Shared(key) => hmac::verify(key, message, signature).is_ok(),
        }
    }

    /// `None` for a shared secret.
    pub(super) fn public_parts(&self) -> Option<PublicParts<'_>> {
        match &self.material {
            Material::Ec(pair) => {
                // Uncompressed point: 04, then both coordinates padded to the length of the field.
                let point = pair.public_key().as_ref().get(1..)?;
                let (x, y) = point.split_at_checked(point.len() / 2)?;
                let curve = match self.algorithm {
                    Algorithm::Es384 => "P-384",
                    Algorithm::Es512 => "P-521",
                    Algorithm::Es256 | Algorithm::Hs256 | Algorithm::Rs256 => "P-256",
                };
                Some(PublicParts::Ec { curve, x, y })
            }
            Material::Rsa(pair) => {
                let public = pair.public_key();
                let n = public.modulus().big_endian_without_leading_zero().to_vec();
                let e = public.exponent().big_endian_without_leading_zero().to_vec();
                Some(PublicParts::Rsa { n, e })
            }
            Material::Shared(_) => None,
        }
    }
}

fn ec(
    read: impl Fn(&'static EcdsaSigningAlgorithm) -> Option<EcdsaKeyPair>,
) -> Option<(Material, Algorithm)> {
    let curves = [
        (&ECDSA_P256_SHA256_FIXED_SIGNING, Algorithm::Es256),
        (&ECDSA_P384_SHA384_FIXED_SIGNING, Algorithm::Es384),
        (&ECDSA_P521_SHA512_FIXED_SIGNING, Algorithm::Es512),
    ];
    curves.into_iter().find_map(|(curve, algorithm)| Some((Material::Ec(read(curve)?), algorithm)))
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SigningKey({}, {:?})", self.algorithm.as_str(), self.kid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unusable_keys_are_named() {
        let error = |pem: &str| SigningKey::from_pem(pem).map(|k| k.algorithm()).unwrap_err();
        assert_eq!(error(" \n"), KeyError::Missing);
        assert_eq!(error("key"), KeyError::Unreadable);
        assert_eq!(
            error("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
            KeyError::Unsupported
        );
        assert_eq!(SigningKey::from_secret("").map(|k| k.algorithm()), Err(KeyError::BlankSecret));
    }

    #[test]
    fn the_name_of_a_key_is_the_md5_of_its_text() {
        assert_eq!(key_id(""), "");
        assert_eq!(key_id("abc"), "900150983cd24fb0d6963f7d28e17f72");
        assert_ne!(key_id("abc\n"), key_id("abc"));
    }
}
