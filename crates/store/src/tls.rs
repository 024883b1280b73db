//! Encrypted connections: how much of a server's certificate is checked, and by what. To PostgreSQL
//! in the modes of its own library.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use postgres::config::SslMode as Negotiation;
use postgres::error::SqlState;
use postgres::{Client, Config};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{
    WantsClientCert, verify_server_cert_signed_by_trust_anchor, verify_server_name,
};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, ConfigBuilder, DigitallySignedStruct, RootCertStore,
    SignatureScheme,
};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use tokio_postgres_rustls::MakeRustlsConnect;

/// How a connection is encrypted and the server checked; the names are libpq's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SslMode {
    /// Never encrypted.
    Disable,
    /// Encrypted where the server insists.
    Allow,
    /// Encrypted where the server can.
    #[default]
    Prefer,
    /// Encrypted; the certificate is checked only if there is a root certificate.
    Require,
    /// Encrypted, with a certificate of a known authority.
    VerifyCa,
    /// Encrypted, with a certificate of a known authority for this very name.
    VerifyFull,
}

/// Encryption of the connections to one server. The files are read for each new connection, so that
/// they can be renewed while the program runs.
#[derive(Debug, Clone, Default)]
pub struct PostgresTls {
    /// How much is asked of the server, as in libpq.
    pub mode: SslMode,
    /// Certificates to check the server by; `system` stands for those the machine trusts.
    pub root_certificate: Option<PathBuf>,
    /// Certificate and key to sign in with.
    pub client: Option<(PathBuf, PathBuf)>,
}

/// Why there is no connection.
pub(crate) enum Refusal {
    /// A file cannot be used, or the server does not prove who it is.
    Untrusted(String),
    Failed(postgres::Error),
}

impl PostgresTls {
    /// Connects as the mode says, once more the other way where it leaves that open.
    pub(crate) fn connect(&self, config: &mut Config) -> Result<Client, Refusal> {
        let tls = MakeRustlsConnect::new(self.client_config().map_err(Refusal::Untrusted)?);
        let (first, second) = match self.mode {
            SslMode::Disable => (Negotiation::Disable, None),
            SslMode::Allow => (Negotiation::Disable, Some(Negotiation::Require)),
            SslMode::Prefer => (Negotiation::Prefer, Some(Negotiation::Disable)),
            SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => {
                (Negotiation::Require, None)
            }
        };
        let mut outcome = config.ssl_mode(first).connect(tls.clone());
        if let (Err(error), Some(second)) = (&outcome, second)
            && (is_untrusted(error)
                || error.code() == Some(&SqlState::INVALID_AUTHORIZATION_SPECIFICATION))
        {
            outcome = config.ssl_mode(second).connect(tls);
        }
        outcome.map_err(|error| {
            if is_untrusted(&error) {
                Refusal::Untrusted(cause(&error))
            } else {
                Refusal::Failed(error)
            }
        })
    }

    fn client_config(&self) -> Result<ClientConfig, String> {
        let config = encryption(self.checks()?)?;
        match &self.client {
            Some((certificate, key)) if self.mode != SslMode::Disable => {
                let unusable = |e: &dyn std::fmt::Display| {
                    format!("the key {} cannot be used: {e}", key.display())
                };
                let private = PrivateKeyDer::from_pem_file(key).map_err(|e| unusable(&e))?;
                config
                    .with_client_auth_cert(certificates(certificate)?, private)
                    .map_err(|e| unusable(&e))
            }
            _ => Ok(config.with_no_client_auth()),
        }
    }

    fn checks(&self) -> Result<Option<Checks>, String> {
        let name = match self.mode {
            SslMode::Disable | SslMode::Allow | SslMode::Prefer => return Ok(None),
            // As libpq has it: whoever names an authority wants it to be asked.
            SslMode::Require if self.root_certificate.is_none() => return Ok(None),
            SslMode::Require | SslMode::VerifyCa => false,
            SslMode::VerifyFull => true,
        };
        let path = self
            .root_certificate
            .as_deref()
            .ok_or("there is no certificate to check the server by")?;
        let given = if path == Path::new("system") {
            rustls_native_certs::load_native_certs().certs
        } else {
            certificates(path)?
        };
        let (roots, usable) = roots(&given);
        if usable == 0 {
            return Err(format!("there is no usable certificate in {}", path.display()));
        }
        Ok(Some(Checks { roots, given, name }))
    }
}

fn roots(certificates: &[CertificateDer<'static>]) -> (RootCertStore, usize) {
    let mut roots = RootCertStore::empty();
    let (usable, _) = roots.add_parsable_certificates(certificates.iter().cloned());
    (roots, usable)
}

/// How connections to a server are encrypted. Without checks whatever certificate it shows is
/// taken.
///
/// # Errors
/// The library that encrypts cannot be set up.
pub fn encryption(
    checks: Option<Checks>,
) -> Result<ConfigBuilder<ClientConfig, WantsClientCert>, String> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = Arc::new(Verifier { provider: provider.clone(), checks });
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| e.to_string())?;
    Ok(config.dangerous().with_custom_certificate_verifier(verifier))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match read {
        Ok(found) if found.is_empty() => {
            Err(format!("there is no certificate in {}", path.display()))
        }
        Ok(found) => Ok(found),
        Err(error) => Err(format!("the certificate {} cannot be used: {error}", path.display())),
    }
}

/// The client tells its kinds of failure only by their text.
fn is_untrusted(error: &postgres::Error) -> bool {
    error.to_string().starts_with("error performing TLS handshake")
}

fn cause(error: &postgres::Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}

/// What a server's certificate must be.
#[derive(Debug)]
pub struct Checks {
    roots: RootCertStore,
    given: Vec<CertificateDer<'static>>,
    /// Whether it must bear the name of the host.
    name: bool,
}

impl Checks {
    /// It bears the name of the host and is signed by an authority that this machine trusts, or by
    /// one of these, or is one of these.
    pub fn by_this_machine_and(given: &[CertificateDer<'static>]) -> Checks {
        let mut all = rustls_native_certs::load_native_certs().certs;
        all.extend_from_slice(given);
        Checks { roots: roots(&all).0, given: given.to_vec(), name: true }
    }

    /// It bears the name of the host, and is signed by one of these or is one of these, whoever
    /// else this machine trusts.
    pub fn by(given: &[CertificateDer<'static>]) -> Checks {
        Checks { roots: roots(given).0, given: given.to_vec(), name: true }
    }
}

/// Checks as much as the mode asks for; that the server has the certificate's key is always
/// checked.
#[derive(Debug)]
struct Verifier {
    provider: Arc<CryptoProvider>,
    checks: Option<Checks>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        host: &ServerName<'_>,
        _ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Some(checks) = &self.checks else { return Ok(ServerCertVerified::assertion()) };
        let parsed = ParsedCertificate::try_from(certificate)?;
        let algorithms = self.provider.signature_verification_algorithms.all;
        match verify_server_cert_signed_by_trust_anchor(
            &parsed,
            &checks.roots,
            intermediates,
            now,
            algorithms,
        ) {
            // A certificate that the server made for itself says that it is an authority, which is
            // the one complaint left when its time is right; naming that very certificate is
            // enough.
            Err(rustls::Error::InvalidCertificate(CertificateError::Other(_)))
                if checks.given.contains(certificate) => {}
            other => other?,
        }
        if checks.name {
            verify_server_name(&parsed, host)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(
            message,
            certificate,
            signed,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(
            message,
            certificate,
            signed,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
