//! The certificates of the applications that are answered for, chosen by the name that a client asks
//! for.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::api::{Api, ApiError, text};

/// Certificates by the name of their host.
pub(crate) struct Certificates {
    default: Arc<CertifiedKey>,
    /// As they were read: a pair, with the fingerprint that it had.
    read: tokio::sync::Mutex<HashMap<String, (String, Arc<CertifiedKey>)>>,
    named: RwLock<Named>,
}

#[derive(Default)]
struct Named {
    of: HashMap<String, Arc<CertifiedKey>>,
    /// Of those who ask for none of these.
    others: Option<Arc<CertifiedKey>>,
}

impl fmt::Debug for Certificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Certificates")
    }
}

impl Certificates {
    pub(crate) fn new(default: Arc<CertifiedKey>) -> Certificates {
        Certificates { default, read: tokio::sync::Mutex::default(), named: RwLock::default() }
    }

    /// Takes over which pair each name has, and whoever asks for none of them.
    ///
    /// # Errors
    /// The server does not say.
    pub(crate) async fn refresh(
        &self,
        api: &Api,
        wanted: &[(String, String)],
        others: Option<&str>,
    ) -> Result<(), ApiError> {
        let mut read = self.read.lock().await;
        let mut named = Named::default();
        let others = others.map(|pair| (None, pair));
        let wanted = wanted.iter().map(|(name, pair)| (Some(name.as_str()), pair.as_str()));
        let all: Vec<(Option<&str>, &str)> = wanted.chain(others).collect();
        for (name, pair) in all {
            let path = format!("crypto/certificatekeypairs/{pair}/");
            let fingerprint = text(&api.get(&path).await?, "fingerprint_sha256").to_owned();
            let known = read.get(pair).filter(|(known, _)| *known == fingerprint);
            let key = match known {
                Some((_, key)) => key.clone(),
                None => {
                    let chain = api.get(&format!("{path}view_certificate/")).await?;
                    let key = api.get(&format!("{path}view_private_key/")).await?;
                    match certified(text(&chain, "data"), text(&key, "data")) {
                        Ok(key) => {
                            let key = Arc::new(key);
                            read.insert(pair.to_owned(), (fingerprint, key.clone()));
                            key
                        }
                        Err(problem) => {
                            tracing::warn!(host = name, "a certificate cannot be used: {problem}");
                            continue;
                        }
                    }
                }
            };
            match name {
                Some(name) => drop(named.of.insert(name.to_ascii_lowercase(), key)),
                None => named.others = Some(key),
            }
        }
        *self.named.write().unwrap_or_else(PoisonError::into_inner) = named;
        Ok(())
    }

    /// How connections are encrypted with them.
    ///
    /// # Errors
    /// The library cannot be set up.
    pub(crate) fn encryption(
        self: &Arc<Self>,
        alpn: &[&[u8]],
    ) -> Result<Arc<ServerConfig>, String> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let versions = [&rustls::version::TLS13, &rustls::version::TLS12];
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&versions)
            .map_err(|error| error.to_string())?
            .with_no_client_auth()
            .with_cert_resolver(self.clone());
        config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
        Ok(Arc::new(config))
    }
}

fn certified(chain: &str, key: &str) -> Result<CertifiedKey, String> {
    let chain: Vec<CertificateDer<'static>> =
        CertificateDer::pem_slice_iter(chain.as_bytes()).filter_map(Result::ok).collect();
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(|error| error.to_string())?;
    CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider())
        .map_err(|error| error.to_string())
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let name = hello.server_name().unwrap_or_default().to_ascii_lowercase();
        let named = self.named.read().unwrap_or_else(PoisonError::into_inner);
        let found = named.of.get(&name).or(named.others.as_ref());
        Some(found.unwrap_or(&self.default).clone())
    }
}
