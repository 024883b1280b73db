//! Keys: what signs, whose signatures count, and whom an assertion is encrypted to.

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::signature as aws;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bergshamra::keys::loader;
use bergshamra::{Key, KeysManager, SoftwareKey};
use countersign_model::{Choice, ChoiceValue as _};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::refusal::Fault;

/// A signature's algorithm: its value is the name that documents have for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum SignatureAlgorithm {
    #[choice(value = "http://www.w3.org/2000/09/xmldsig#rsa-sha1", label = "RSA-SHA1")]
    RsaSha1,
    #[choice(value = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", label = "RSA-SHA256")]
    RsaSha256,
    #[choice(value = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384", label = "RSA-SHA384")]
    RsaSha384,
    #[choice(value = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512", label = "RSA-SHA512")]
    RsaSha512,
    #[choice(value = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1", label = "ECDSA-SHA1")]
    EcdsaSha1,
    #[choice(value = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256", label = "ECDSA-SHA256")]
    EcdsaSha256,
    #[choice(value = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384", label = "ECDSA-SHA384")]
    EcdsaSha384,
    #[choice(value = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512", label = "ECDSA-SHA512")]
    EcdsaSha512,
    #[choice(value = "http://www.w3.org/2000/09/xmldsig#dsa-sha1", label = "DSA-SHA1")]
    DsaSha1,
}

impl SignatureAlgorithm {
    pub fn uri(self) -> &'static str {
        self.value()
    }

    pub fn of(uri: &str) -> Option<SignatureAlgorithm> {
        SignatureAlgorithm::from_value(uri)
    }

    pub const fn is_sha1(self) -> bool {
        use SignatureAlgorithm::{DsaSha1, EcdsaSha1, RsaSha1};
        matches!(self, RsaSha1 | EcdsaSha1 | DsaSha1)
    }

    const fn kind(self) -> Kind {
        use SignatureAlgorithm::{DsaSha1, RsaSha1, RsaSha256, RsaSha384, RsaSha512};
        match self {
            RsaSha1 | RsaSha256 | RsaSha384 | RsaSha512 => Kind::Rsa,
            DsaSha1 => Kind::Dsa,
            _ => Kind::Ec,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Rsa,
    Ec,
    Dsa,
}

/// A digest's algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum DigestAlgorithm {
    #[choice(value = "http://www.w3.org/2000/09/xmldsig#sha1", label = "SHA1")]
    Sha1,
    #[choice(value = "http://www.w3.org/2001/04/xmlenc#sha256", label = "SHA256")]
    Sha256,
    #[choice(value = "http://www.w3.org/2001/04/xmldsig-more#sha384", label = "SHA384")]
    Sha384,
    #[choice(value = "http://www.w3.org/2001/04/xmlenc#sha512", label = "SHA512")]
    Sha512,
}

impl DigestAlgorithm {
    pub fn uri(self) -> &'static str {
        self.value()
    }

    pub fn of(uri: &str) -> Option<DigestAlgorithm> {
        DigestAlgorithm::from_value(uri)
    }
}

/// A certificate: its bytes, and the key in it.
#[derive(Clone)]
pub struct Certificate {
    der: Vec<u8>,
    key: Key,
}

impl Certificate {
    /// # Errors
    /// It is none, or its key is of a kind that SAML has no use for.
    pub fn from_pem(pem: &str) -> Result<Certificate, Fault> {
        let der = CertificateDer::from_pem_slice(pem.as_bytes());
        Certificate::from_der(&der.map_err(|_| Fault::Certificate)?)
    }

    /// # Errors
    /// See [`Certificate::from_pem`].
    pub fn from_der(der: &[u8]) -> Result<Certificate, Fault> {
        let key = loader::load_x509_cert_der(der).map_err(|_| Fault::Certificate)?;
        Ok(Certificate { der: der.to_vec(), key })
    }

    /// Without header and line breaks, as documents hold it.
    pub fn base64(&self) -> String {
        STANDARD.encode(&self.der)
    }

    /// As it is stored.
    pub fn pem(&self) -> String {
        pem("CERTIFICATE", &self.der)
    }

    fn kind(&self) -> Option<Kind> {
        match self.key.algorithm_name() {
            "RSA" => Some(Kind::Rsa),
            name if name.starts_with("EC") => Some(Kind::Ec),
            _ => None,
        }
    }
}

fn pem(label: &str, der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    let lines = body.as_bytes().chunks(64).filter_map(|line| str::from_utf8(line).ok());
    let body = lines.collect::<Vec<_>>().join("\n");
    format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
}

/// What signs: a private key with its certificate, and the algorithms it signs with.
#[derive(Clone)]
pub struct Signer {
    key: Key,
    pub(crate) certificate: Certificate,
    pub(crate) signature: SignatureAlgorithm,
    pub(crate) digest: DigestAlgorithm,
}

impl Signer {
    /// # Errors
    /// The key cannot be read, belongs to another certificate, or cannot sign like this.
    pub fn new(
        certificate: &str,
        private_key: &str,
        signature: SignatureAlgorithm,
        digest: DigestAlgorithm,
    ) -> Result<Signer, Fault> {
        let certificate = Certificate::from_pem(certificate)?;
        let key = private(private_key)?;
        if key.to_spki_der().is_none() || key.to_spki_der() != certificate.key.to_spki_der() {
            return Err(Fault::KeyOfAnother);
        }
        let algorithm = || Fault::Algorithm { algorithm: signature.uri().to_owned() };
        if signature.is_sha1() || certificate.kind() != Some(signature.kind()) {
            return Err(algorithm());
        }
        let signer = Signer { key, certificate, signature, digest };
        // Not every curve goes with every digest.
        signer.sign_bytes(b"").map_err(|_| algorithm())?;
        Ok(signer)
    }

    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    pub(crate) fn keys(&self) -> KeysManager {
        let mut keys = KeysManager::new();
        keys.add_key(self.key.clone());
        keys
    }

    /// The signature of bytes, as addresses carry it.
    pub(crate) fn sign_bytes(&self, bytes: &[u8]) -> Result<Vec<u8>, Fault> {
        let library = |error: bergshamra::Error| Fault::Library(error.to_string());
        let algorithm = bergshamra::crypto::sign::from_uri_with_context(self.signature.uri(), None);
        let key = self.key.to_signing_key().map_err(library)?.ok_or(Fault::PrivateKey)?;
        algorithm.and_then(|algorithm| algorithm.sign(&key, bytes)).map_err(library)
    }
}

/// A private key in any of the forms that PEM files have. The library takes PKCS #8 only.
fn private(text: &str) -> Result<Key, Fault> {
    let wrong = || Fault::PrivateKey;
    let der = PrivateKeyDer::from_pem_slice(text.as_bytes()).map_err(|_| wrong())?;
    let pkcs8 = match &der {
        PrivateKeyDer::Pkcs8(der) => der.secret_pkcs8_der().to_vec(),
        PrivateKeyDer::Pkcs1(der) => {
            let pair = aws_lc_rs::rsa::KeyPair::from_der(der.secret_pkcs1_der());
            let pair: Pkcs8V1Der<'_> = pair.map_err(|_| wrong())?.as_der().map_err(|_| wrong())?;
            pair.as_ref().to_vec()
        }
        PrivateKeyDer::Sec1(der) => {
            let algorithms = [
                &aws::ECDSA_P256_SHA256_FIXED_SIGNING,
                &aws::ECDSA_P384_SHA384_FIXED_SIGNING,
                &aws::ECDSA_P521_SHA512_FIXED_SIGNING,
            ];
            let mut read = algorithms.into_iter().filter_map(|algorithm| {
                aws::EcdsaKeyPair::from_private_key_der(algorithm, der.secret_sec1_der()).ok()
            });
            let pair = read.next().ok_or_else(wrong)?;
            pair.to_pkcs8v1().map_err(|_| wrong())?.as_ref().to_vec()
        }
        _ => return Err(wrong()),
    };
    let pem = pem("PRIVATE KEY", &pkcs8);
    loader::load_pem_auto(pem.as_bytes(), None).map_err(|_| wrong())
}

/// Whose signatures count.
#[derive(Clone)]
pub struct Trust {
    certificate: Certificate,
}

impl Trust {
    pub fn new(certificate: Certificate) -> Trust {
        Trust { certificate }
    }

    pub(crate) fn keys(&self) -> KeysManager {
        let mut keys = KeysManager::new();
        keys.add_key(self.certificate.key.clone());
        keys
    }

    pub(crate) fn key(&self) -> Option<SoftwareKey> {
        self.certificate.key.to_signing_key().ok().flatten()
    }

    /// The algorithm of this name, if signatures of this certificate may use it.
    pub(crate) fn algorithm(&self, uri: &str) -> Option<SignatureAlgorithm> {
        let found = SignatureAlgorithm::of(uri).filter(|found| !found.is_sha1());
        found.filter(|found| self.certificate.kind() == Some(found.kind()))
    }
}

/// Whom assertions are encrypted to.
#[derive(Clone)]
pub struct Recipient {
    certificate: Certificate,
}

impl Recipient {
    /// # Errors
    /// It is no certificate, or one whose key cannot be encrypted to.
    pub fn from_pem(pem: &str) -> Result<Recipient, Fault> {
        let certificate = Certificate::from_pem(pem)?;
        if certificate.kind() != Some(Kind::Rsa) {
            return Err(Fault::Encryption);
        }
        Ok(Recipient { certificate })
    }

    pub(crate) fn keys(&self) -> KeysManager {
        let mut keys = KeysManager::new();
        keys.add_key(self.certificate.key.clone());
        keys
    }
}

/// What opens assertions that were encrypted to this side.
#[derive(Clone)]
pub struct Opener {
    key: Key,
}

impl Opener {
    /// # Errors
    /// It is no private key, or one that nothing can be encrypted to.
    pub fn from_pem(private_key: &str) -> Result<Opener, Fault> {
        let key = private(private_key)?;
        let rsa = key.algorithm_name() == "RSA" && key.has_private_key();
        if rsa { Ok(Opener { key }) } else { Err(Fault::Encryption) }
    }

    pub(crate) fn key(&self) -> Option<SoftwareKey> {
        self.key.to_signing_key().ok().flatten()
    }
}
