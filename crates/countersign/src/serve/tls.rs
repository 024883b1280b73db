//! The certificate of the HTTPS listener: one of yours in the data folder, else one made on first
//! start and kept, so that its fingerprint stays the same over restarts.

use std::{
    collections::HashMap,
    fmt, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock, PoisonError, RwLock},
    time::Duration,
};

use countersign_catalogue::{Brand, CertificateKeyPair};
use countersign_core::{Context, Service};
use countersign_model::{Clock as _, ObjectId, Ref, Snapshot, Timestamp};
use countersign_store::{Store, SystemClock};
use rustls::{
    DigitallySignedStruct, DistinguishedName, ServerConfig, SignatureScheme,
    client::danger::HandshakeSignatureValid,
    crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature},
    server::{
        ClientHello, ResolvesServerCert,
        danger::{ClientCertVerified, ClientCertVerifier},
    },
    sign::CertifiedKey,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, UnixTime, pem::PemObject};

/// Why there is no HTTPS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file that cannot be read or written.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file that holds no certificate or key.
    #[error("{path} holds no {wanted} in PEM form")]
    Pem {
        /// Which.
        path: PathBuf,
        /// What it should hold.
        wanted: &'static str,
    },
    /// Certificate and key that do not belong together, or of a sort that cannot be used.
    #[error("the certificate of {path} cannot be used: {source}")]
    Pair {
        /// Which.
        path: PathBuf,
        /// Why.
        source: rustls::Error,
    },
    /// No certificate could be made.
    #[error("making a certificate failed: {0}")]
    Made(#[from] rcgen::Error),
}

/// Days a made certificate is valid.
const VALID_DAYS: i64 = 365;
/// Days before its end when it is replaced.
const RENEW_DAYS: i64 = 30;
/// How often it is looked whether the files changed.
const LOOK_EVERY: Duration = Duration::from_secs(3);
const LOOKS_A_DAY: u64 = 86_400 / 3;

/// The listener's configuration, from `tls.pem` and `tls.key` where they are, else from the kept
/// certificate.
///
/// # Errors
/// Files that cannot be used.
pub fn configuration(
    folder: &Path,
    now: Timestamp,
    store: StoreSlot,
) -> Result<(Configurations, Watched), TlsError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let seen = stamps(folder);
    let default = Arc::new(RwLock::new(own_or_kept(folder, now)?));
    let watched = Watched { folder: folder.to_path_buf(), current: default.clone(), seen };
    let certificates =
        Certificates { default, watched: None, choose: of_browser, store, made: Mutex::default() };
    let certificates = Arc::new(certificates);
    let of = |asking| {
        let mut config = with_certificates(provider.clone(), certificates.clone(), folder, asking)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok::<_, TlsError>(Arc::new(config))
    };
    Ok((Configurations { plain: of(false)?, asking: of(true)? }, watched))
}

/// How the listeners for HTTPS greet their clients.
pub struct Configurations {
    pub plain: Arc<ServerConfig>,
    /// With a question for the client's certificate.
    pub asking: Arc<ServerConfig>,
}

fn with_certificates(
    provider: Arc<CryptoProvider>,
    certificates: Arc<Certificates>,
    folder: &Path,
    asking: bool,
) -> Result<ServerConfig, TlsError> {
    let pair = |source| TlsError::Pair { path: folder.join("tls.pem"), source };
    let versions = [&rustls::version::TLS13, &rustls::version::TLS12];
    let verifier = Arc::new(AnyClient(provider.clone()));
    let builder = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&versions)
        .map_err(pair)?;
    let builder = if asking {
        builder.with_client_cert_verifier(verifier)
    } else {
        builder.with_no_client_auth()
    };
    Ok(builder.with_cert_resolver(certificates))
}

/// Takes any certificate that a client shows that it has the key of, and clients without one. Who
/// vouches for it is asked by what reads it.
#[derive(Debug)]
struct AnyClient(Arc<CryptoProvider>);

impl ClientCertVerifier for AnyClient {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// For LDAP: the certificates of its providers, else the one of HTTPS.
///
/// # Errors
/// Files that cannot be used.
pub fn of_ldap(folder: &Path, cx: &Context) -> Result<Arc<ServerConfig>, String> {
    let failed = |error: TlsError| format!("LDAPS: {error}");
    let seen = stamps(folder);
    let default = Arc::new(RwLock::new(own_or_kept(folder, cx.clock.now()).map_err(failed)?));
    let store = StoreSlot::default();
    let _ = store.set(cx.store.clone());
    let watched = Watched { folder: folder.to_path_buf(), current: default.clone(), seen };
    let certificates = Certificates {
        default,
        watched: Some(Mutex::new(watched)),
        choose: countersign_ldap::certificate,
        store,
        made: Mutex::default(),
    };
    let provider = Arc::new(aws_lc_rs::default_provider());
    let certificates = Arc::new(certificates);
    Ok(Arc::new(with_certificates(provider, certificates, folder, false).map_err(failed)?))
}

/// The listener's own certificate in use, and the files it came from.
#[derive(Clone)]
pub struct Watched {
    folder: PathBuf,
    current: Arc<RwLock<Arc<CertifiedKey>>>,
    seen: Stamps,
}

/// When the files that may hold the certificate were last written.
type Stamps = [Option<std::time::SystemTime>; 4];

fn stamps(folder: &Path) -> Stamps {
    ["tls.pem", "tls.key", "self-signed.pem", "self-signed.key"]
        .map(|name| std::fs::metadata(folder.join(name)).and_then(|meta| meta.modified()).ok())
}

impl Watched {
    /// Takes over new files without a restart, and makes the server's own certificate anew in time.
    /// While files do not fit together, as in the middle of being replaced, the former certificate
    /// stays.
    pub fn reload(self) -> Service {
        Service::new("certificate_reload", move |_, mut stop| {
            let mut watched = self.clone();
            async move {
                let mut looks = 0_u64;
                while stop.sleep(LOOK_EVERY).await {
                    looks += 1;
                    watched.look(looks.is_multiple_of(LOOKS_A_DAY));
                }
                Ok(())
            }
        })
    }

    fn look(&mut self, daily: bool) {
        let now = stamps(&self.folder);
        if now == self.seen && !daily {
            return;
        }
        match own_or_kept(&self.folder, SystemClock.now()) {
            Ok(certificate) => {
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = certificate;
                if now != self.seen {
                    tracing::info!("the certificate of the HTTPS listener was taken over anew");
                }
            }
            Err(error) => tracing::error!("the former certificate stays in use: {error}"),
        }
        // A kept certificate may have been made just now.
        self.seen = if self.folder.join("tls.pem").exists() { now } else { stamps(&self.folder) };
    }
}

fn own_or_kept(folder: &Path, now: Timestamp) -> Result<Arc<CertifiedKey>, TlsError> {
    let own = folder.join("tls.pem");
    let (path, certificate, key) = if own.exists() {
        let key = folder.join("tls.key");
        (own.clone(), read(&own)?, read(&key)?)
    } else {
        let (certificate, key) = kept(folder, now)?;
        (folder.join("self-signed.pem"), certificate, key)
    };
    let chain: Vec<CertificateDer<'static>> =
        CertificateDer::pem_slice_iter(certificate.as_bytes()).filter_map(Result::ok).collect();
    if chain.is_empty() {
        return Err(TlsError::Pem { path, wanted: "certificate" });
    }
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes())
        .map_err(|_| TlsError::Pem { path: path.with_extension("key"), wanted: "private key" })?;
    let pair = |source| TlsError::Pair { path: path.clone(), source };
    Ok(Arc::new(CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider()).map_err(pair)?))
}

/// The store, once it is open: listeners are bound before.
pub type StoreSlot = Arc<OnceLock<Store>>;

/// The certificate of the application behind this server at that host, or of the host's brand.
fn of_browser(snapshot: &Snapshot, host: Option<&str>) -> Option<Ref<CertificateKeyPair>> {
    countersign_proxy::certificate(snapshot, host?)
        .or_else(|| Brand::for_host(snapshot, host?)?.web_certificate)
}

/// Chooses by the name the client asks for, else the listener's own.
struct Certificates {
    default: Arc<RwLock<Arc<CertifiedKey>>>,
    /// Looked at with each client, where nothing else does.
    watched: Option<Mutex<Watched>>,
    choose: fn(&Snapshot, Option<&str>) -> Option<Ref<CertificateKeyPair>>,
    store: StoreSlot,
    /// Parsed ones, by key of the pair and revision of the object.
    made: Mutex<HashMap<(ObjectId, i64), Arc<CertifiedKey>>>,
}

impl fmt::Debug for Certificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Certificates")
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        if let Some(watched) = &self.watched {
            watched.lock().unwrap_or_else(PoisonError::into_inner).look(false);
        }
        Some(
            self.chosen(hello.server_name()).unwrap_or_else(|| {
                self.default.read().unwrap_or_else(PoisonError::into_inner).clone()
            }),
        )
    }
}

impl Certificates {
    fn chosen(&self, host: Option<&str>) -> Option<Arc<CertifiedKey>> {
        let snapshot = self.store.get()?.snapshot();
        let reference = (self.choose)(&snapshot, host)?;
        let entry = snapshot.entry(reference.id())?;
        let name = (entry.id, entry.revision);
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = made.get(&name) {
            return Some(known.clone());
        }
        let pair = entry.cast::<CertificateKeyPair>()?;
        let chain: Vec<CertificateDer<'static>> =
            CertificateDer::pem_slice_iter(pair.certificate_data.as_bytes())
                .filter_map(Result::ok)
                .collect();
        let key = PrivateKeyDer::from_pem_slice(pair.key_data.expose().as_bytes()).ok()?;
        let certified = CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider()).ok()?;
        // Older revisions of the same pair are of no use any more.
        made.retain(|(id, _), _| *id != entry.id);
        Some(made.entry(name).or_insert(Arc::new(certified)).clone())
    }
}

/// The kept certificate; made when there is none, replaced when it ends soon.
fn kept(folder: &Path, now: Timestamp) -> Result<(String, String), TlsError> {
    let (certificate_path, key_path) =
        (folder.join("self-signed.pem"), folder.join("self-signed.key"));
    if certificate_path.exists() && key_path.exists() {
        let (certificate, key) = (read(&certificate_path)?, read(&key_path)?);
        if ends(&certificate).is_some_and(|end| end > now.seconds() + RENEW_DAYS * 86_400) {
            return Ok((certificate, key));
        }
    }
    let (certificate, key) = make(now)?;
    crate::files::write_private(&key_path, &key)
        .map_err(|source| TlsError::File { path: key_path, source })?;
    crate::files::write_private(&certificate_path, &certificate)
        .map_err(|source| TlsError::File { path: certificate_path, source })?;
    Ok((certificate, key))
}

/// When a certificate ends, in seconds since 1970.
pub fn ends(pem: &str) -> Option<i64> {
    let der = CertificateDer::from_pem_slice(pem.as_bytes()).ok()?;
    let (_, certificate) = x509_parser::parse_x509_certificate(&der).ok()?;
    Some(certificate.validity().not_after.timestamp())
}

fn make(now: Timestamp) -> Result<(String, String), TlsError> {
    let names = vec![
        "localhost".to_owned(),
        "*.localhost".to_owned(),
        "127.0.0.1".to_owned(),
        "::1".to_owned(),
    ];
    let mut params = rcgen::CertificateParams::new(names)?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(rcgen::DnType::CommonName, "Countersign default certificate");
    params.distinguished_name.push(rcgen::DnType::OrganizationName, "Countersign");
    let (begin, end) = (day(now.plus_seconds(-86_400)), day(now.plus_seconds(VALID_DAYS * 86_400)));
    params.not_before = rcgen::date_time_ymd(begin.0, begin.1, begin.2);
    params.not_after = rcgen::date_time_ymd(end.0, end.1, end.2);
    params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)?;
    let certificate = params.self_signed(&key)?;
    Ok((certificate.pem(), key.serialize_pem()))
}

/// Year, month and day of a time.
fn day(time: Timestamp) -> (i32, u8, u8) {
    let iso = time.iso();
    let mut parts = iso.split(['-', 'T']).map(|part| part.parse::<u16>().unwrap_or(1));
    let (year, month, day) =
        (parts.next().unwrap_or(2026), parts.next().unwrap_or(1), parts.next().unwrap_or(1));
    let small = |number: u16| u8::try_from(number).unwrap_or(1);
    (i32::from(year), small(month), small(day))
}

fn read(path: &Path) -> Result<String, TlsError> {
    std::fs::read_to_string(path)
        .map_err(|source| TlsError::File { path: path.to_path_buf(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_made_certificate_is_kept_until_it_ends() {
        let folder = tempfile::tempdir().unwrap();
        let now = Timestamp::parse("2026-11-23T12:00:00Z").unwrap();
        configuration(folder.path(), now, StoreSlot::default()).unwrap();
        let first = read(&folder.path().join("self-signed.pem")).unwrap();
        configuration(folder.path(), now.plus_seconds(200 * 86_400), StoreSlot::default()).unwrap();
        assert_eq!(read(&folder.path().join("self-signed.pem")).unwrap(), first);
        configuration(folder.path(), now.plus_seconds(340 * 86_400), StoreSlot::default()).unwrap();
        assert_ne!(read(&folder.path().join("self-signed.pem")).unwrap(), first);
    }

    #[test]
    fn broken_files_are_named() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("tls.pem"), "nothing").unwrap();
        let missing = configuration(folder.path(), Timestamp(0), StoreSlot::default())
            .map(|_| ())
            .unwrap_err();
        assert!(matches!(missing, TlsError::File { path, .. } if path.ends_with("tls.key")));
        std::fs::write(folder.path().join("tls.key"), "nothing").unwrap();
        assert!(matches!(
            configuration(folder.path(), Timestamp(0), StoreSlot::default())
                .map(|_| ())
                .unwrap_err(),
            TlsError::Pem { wanted: "certificate", .. }
        ));
    }
}
