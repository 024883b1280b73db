//! Sealing of secrets at rest, and the hash under which tokens are looked up.

use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use aws_lc_rs::{digest, hkdf, hmac};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign_model::{SealError, Sealer, Secret};

use crate::error::StoreError;

/// AES-256-GCM under a key derived from the secret key; the text form is base64 of nonce and
/// ciphertext.
pub struct Seal {
    key: RandomizedNonceKey,
    root: hkdf::Prk,
}

const PREFIX: &str = "v1:";
const NONCE: usize = 12;

struct KeyLength;
impl hkdf::KeyType for KeyLength {
    fn len(&self) -> usize {
        32
    }
}

impl Seal {
    /// # Errors
    /// When the crypto library refuses to work at all.
    pub fn new(secret_key: &Secret) -> Result<Seal, StoreError> {
        let failed = |_| {
            StoreError::Database("the crypto library refused to derive the sealing key".to_owned())
        };
        let extracted = hkdf::Salt::new(hkdf::HKDF_SHA256, b"countersign")
            .extract(secret_key.expose().as_bytes());
        let mut key = [0u8; 32];
        extracted
            .expand(&[b"sealed fields"], KeyLength)
            .and_then(|okm| okm.fill(&mut key))
            .map_err(failed)?;
        Ok(Seal {
            key: RandomizedNonceKey::new(&AES_256_GCM, &key).map_err(failed)?,
            root: extracted,
        })
    }
}

impl Sealer for Seal {
    fn seal(&self, plain: &str) -> String {
        let mut data = plain.as_bytes().to_vec();
        match self.key.seal_in_place_append_tag(Aad::empty(), &mut data) {
            Ok(nonce) => {
                let mut sealed = nonce.as_ref().to_vec();
                sealed.append(&mut data);
                format!("{PREFIX}{}", STANDARD.encode(sealed))
            }
            // The library fails only past 64 GiB: an empty text opens as an error and reveals
            // nothing.
            Err(_) => String::new(),
        }
    }

    fn open(&self, sealed: &str) -> Result<Secret, SealError> {
        let bytes =
            sealed.strip_prefix(PREFIX).and_then(|s| STANDARD.decode(s).ok()).ok_or(SealError)?;
        let (nonce, data) = bytes.split_at_checked(NONCE).ok_or(SealError)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealError)?;
        let mut data = data.to_vec();
        let plain =
            self.key.open_in_place(nonce, Aad::empty(), &mut data).map_err(|_| SealError)?;
        String::from_utf8(plain.to_vec()).map(Secret::new).map_err(|_| SealError)
    }

    fn mac(&self, purpose: &str, data: &[u8]) -> [u8; 32] {
        let (mut key, mut code) = ([0u8; 32], [0u8; 32]);
        // The library fails only for keys longer than 8 KiB.
        let _ = self
            .root
            .expand(&[b"mac", purpose.as_bytes()], KeyLength)
            .and_then(|okm| okm.fill(&mut key));
        code.copy_from_slice(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), data).as_ref());
        code
    }
}

/// The hash tokens, codes and session keys are stored under.
pub fn sha256(text: &str) -> [u8; 32] {
    let mut hash = [0u8; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, text.as_bytes()).as_ref());
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_only_with_its_key_and_unchanged() {
        let seal = Seal::new(&Secret::new("first")).unwrap();
        let sealed = seal.seal("geheim");
        assert_eq!(seal.open(&sealed).unwrap().expose(), "geheim");
        assert_ne!(sealed, seal.seal("geheim"), "a fresh nonce each time");
        assert!(Seal::new(&Secret::new("second")).unwrap().open(&sealed).is_err());
        let mut changed = sealed.clone();
        changed.replace_range(10..11, if &sealed[10..11] == "A" { "B" } else { "A" });
        assert!(seal.open(&changed).is_err());
        assert!(seal.open("").is_err());
    }

    #[test]
    fn codes_differ_by_key_purpose_and_data() {
        let seal = Seal::new(&Secret::new("first")).unwrap();
        let code = seal.mac("chain", b"event");
        assert_eq!(code, Seal::new(&Secret::new("first")).unwrap().mac("chain", b"event"));
        let others = [
            seal.mac("chain", b"other"),
            seal.mac("checkpoint", b"event"),
            Seal::new(&Secret::new("second")).unwrap().mac("chain", b"event"),
        ];
        assert!(!others.contains(&code));
    }
}
