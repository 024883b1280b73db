//! Encrypted tokens: the signed token inside a compact JWE (RFC 7516) for the client's certificate.
//!
//! One algorithm pair, the original's: RSA-OAEP-256 for the content key, A256CBC-HS512 (RFC 7518
//! 5.2.5) for the content.

use aws_lc_rs::cipher::{AES_256, EncryptionContext, PaddedBlockEncryptingKey, UnboundCipherKey};
use aws_lc_rs::hmac;
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::rsa::{OAEP_SHA256_MGF1SHA256, OaepPublicEncryptingKey, PublicEncryptingKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_model::Entropy;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use serde_json::json;
use thiserror::Error;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::key::key_id;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum EncryptionError {
    #[error("the certificate cannot be read")]
    Certificate,
    #[error("the certificate has no RSA key")]
    NotRsa,
    #[error("the token cannot be encrypted")]
    Failed,
}

/// The public key of the certificate that tokens are encrypted to.
pub struct EncryptionKey {
    key: OaepPublicEncryptingKey,
    kid: String,
}

impl EncryptionKey {
    /// # Errors
    /// The certificate is damaged or holds another kind of key.
    pub fn from_pem(
        certificate_pem: &str,
        private_pem: &str,
    ) -> Result<EncryptionKey, EncryptionError> {
        let der = CertificateDer::from_pem_slice(certificate_pem.as_bytes())
            .map_err(|_| EncryptionError::Certificate)?;
        let (_, certificate) =
            X509Certificate::from_der(&der).map_err(|_| EncryptionError::Certificate)?;
        let public = PublicEncryptingKey::from_der(certificate.public_key().raw)
            .map_err(|_| EncryptionError::NotRsa)?;
        let key = OaepPublicEncryptingKey::new(public).map_err(|_| EncryptionError::NotRsa)?;
        Ok(EncryptionKey { key, kid: key_id(private_pem) })
    }

    /// # Errors
    /// The library refuses; it gives no reason.
    pub fn encrypt(&self, token: &str, entropy: &dyn Entropy) -> Result<String, EncryptionError> {
        self.seal(token, entropy).ok_or(EncryptionError::Failed)
    }

    fn seal(&self, token: &str, entropy: &dyn Entropy) -> Option<String> {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let header =
            json!({"alg": "RSA-OAEP-256", "enc": "A256CBC-HS512", "kid": self.kid, "typ": "JWE"});
        let header = encode(header.to_string().as_bytes());
        let mut content_key = [0u8; 64];
        entropy.fill(&mut content_key);
        let mut iv = [0u8; 16];
        entropy.fill(&mut iv);
        let (mac_key, cipher_key) = content_key.split_at(32);
        let mut wrapped = vec![0u8; self.key.ciphertext_size()];
        let wrapped =
            self.key.encrypt(&OAEP_SHA256_MGF1SHA256, &content_key, &mut wrapped, None).ok()?;

        let cipher =
            PaddedBlockEncryptingKey::cbc_pkcs7(UnboundCipherKey::new(&AES_256, cipher_key).ok()?)
                .ok()?;
        let mut text = token.as_bytes().to_vec();
        cipher
            .less_safe_encrypt(&mut text, EncryptionContext::Iv128(FixedLength::from(iv)))
            .ok()?;

        let mut authenticated =
            hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA512, mac_key));
        authenticated.update(header.as_bytes());
        authenticated.update(&iv);
        authenticated.update(&text);
        authenticated.update(&(header.len() as u64 * 8).to_be_bytes());
        let tag = authenticated.sign();
        let tag = tag.as_ref().get(..32)?;
        Some(format!(
            "{header}.{}.{}.{}.{}",
            encode(wrapped),
            encode(&iv),
            encode(&text),
            encode(tag)
        ))
    }
}

impl std::fmt::Debug for EncryptionKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "EncryptionKey({})", self.kid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::cipher::{DecryptionContext, PaddedBlockDecryptingKey};
    use aws_lc_rs::rsa::{OaepPrivateDecryptingKey, PrivateDecryptingKey};

    struct Fixed;
    impl Entropy for Fixed {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(7);
        }
    }

    #[test]
    fn the_holder_of_the_key_reads_the_token() {
        let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
        let certificate = rcgen::CertificateParams::new(["a.test".to_owned()])
            .unwrap()
            .self_signed(&key)
            .unwrap();
        let encryption = EncryptionKey::from_pem(&certificate.pem(), &key.serialize_pem()).unwrap();
        let jwe = encryption.encrypt("a.signed.token", &Fixed).unwrap();
        let parts: Vec<Vec<u8>> =
            jwe.split('.').map(|p| URL_SAFE_NO_PAD.decode(p).unwrap()).collect();
        let private = PrivateDecryptingKey::from_pkcs8(&key.serialize_der()).unwrap();
        let private = OaepPrivateDecryptingKey::new(private).unwrap();
        let mut content_key = vec![0; private.min_output_size()];
        let content_key =
            private.decrypt(&OAEP_SHA256_MGF1SHA256, &parts[1], &mut content_key, None).unwrap();
        assert_eq!(content_key, [7; 64]);
        let cipher = PaddedBlockDecryptingKey::cbc_pkcs7(
            UnboundCipherKey::new(&AES_256, &content_key[32..]).unwrap(),
        );
        let mut text = parts[3].clone();
        let iv: [u8; 16] = parts[2].clone().try_into().unwrap();
        let text = cipher
            .unwrap()
            .decrypt(&mut text, DecryptionContext::Iv128(FixedLength::from(iv)))
            .unwrap();
        assert_eq!(text, b"a.signed.token");
        assert_eq!(parts[4].len(), 32);
    }

    #[test]
    fn other_certificates_are_refused() {
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = rcgen::CertificateParams::new(["a.test".to_owned()])
            .unwrap()
            .self_signed(&key)
            .unwrap();
        let error = |pem: &str| EncryptionKey::from_pem(pem, "").unwrap_err();
        assert_eq!(error(&certificate.pem()), EncryptionError::NotRsa);
        assert_eq!(error("x"), EncryptionError::Certificate);
    }
}
