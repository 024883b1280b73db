//! A connection to a directory, and what is asked over it.

use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use countersign_catalogue::CertificateKeyPair;
use countersign_ldap::client::{
    self, Ask, Broken, Entry, Filter, MOST_BYTES, Outcome, Reply, Scope, Search,
};
use countersign_model::{Entropy, Ref, Secret, Snapshot};
use countersign_outbound::{Patience, UpstreamError, Upstreams};
use countersign_store::{Checks, encryption};
use rustls::ClientConfig;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::place::{NoPlace, Place};
use crate::source::LDAPSource;

/// How long is waited for a connection, and for the next piece of an answer.
const WAIT: Duration = Duration::from_secs(15);
/// Entries and bytes of one page: a directory may send more than was asked for, within bounds.
const MOST_ENTRIES: usize = 10_000;
const MOST_OF_PAGE: usize = 64 * 1024 * 1024;
/// Bytes that there is room for at each read.
const READ: usize = 16 * 1024;

/// How patient the way to directories is.
pub const PATIENCE: Patience =
    Patience { connect: WAIT, answer: WAIT, idle: WAIT, keep_alive: Duration::from_secs(30) };

/// Why a directory did not do what it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Trouble {
    #[error(transparent)]
    Address(#[from] NoPlace),
    #[error("{place}: {error}")]
    Away { place: String, error: UpstreamError },
    #[error("{place}: its TLS cannot be trusted: {error}")]
    Tls { place: String, error: String },
    #[error("{field}: this certificate cannot be used: {error}")]
    Certificate { field: &'static str, error: String },
    #[error("the source lost a certificate ({0}): choose one anew, or say that none is needed")]
    Vanished(String),
    #[error("the directory closed the connection before it had answered")]
    Closed,
    #[error("the directory did not answer within {} seconds", WAIT.as_secs())]
    Slow,
    #[error("the directory’s answer cannot be read: {0}")]
    Broken(#[from] Broken),
    #[error("the directory sent more for one page than is read")]
    TooMuch,
    #[error("the directory goes on with pages that have no end")]
    Endless,
    #[error("the directory refused {what}: {outcome}")]
    Refused { what: &'static str, outcome: Outcome },
}

impl Trouble {
    /// A stable name.
    pub(crate) const fn code(&self) -> &'static str {
        match self {
            Trouble::Address(_) => "ldap_source.address",
            Trouble::Away { error, .. } => error.code(),
            Trouble::Tls { .. } => "ldap_source.tls",
            Trouble::Certificate { .. } => "ldap_source.certificate",
            Trouble::Vanished(_) => "ldap_source.vanished",
            Trouble::Closed => "ldap_source.closed",
            Trouble::Slow => "ldap_source.slow",
            Trouble::Broken(_) => "ldap_source.broken",
            Trouble::TooMuch => "ldap_source.too_much",
            Trouble::Endless => "ldap_source.endless",
            Trouble::Refused { .. } => "ldap_source.refused",
        }
    }

    /// What a directory said by its result code, if it said anything.
    pub(crate) const fn outcome(&self) -> Option<&Outcome> {
        match self {
            Trouble::Refused { outcome, .. } => Some(outcome),
            _ => None,
        }
    }
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A connection.
pub(crate) struct Line {
    stream: Box<dyn Stream>,
    buffer: BytesMut,
    next: i64,
    pub(crate) place: Place,
    pub(crate) encrypted: bool,
}

/// A page of a search.
#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) entries: Vec<Entry>,
    /// Where the directory said that there was more, which is not followed.
    pub(crate) references: Vec<String>,
    /// Where the next one begins.
    pub(crate) cookie: Vec<u8>,
}

/// How a directory is reached, read from the configuration once.
pub(crate) struct Way {
    places: Vec<Place>,
    tls: Arc<ClientConfig>,
    start_tls: bool,
    upstreams: Arc<Upstreams>,
    bind_cn: String,
    bind_password: Secret,
}

impl Way {
    /// # Errors
    /// A certificate or an address that cannot be used.
    pub(crate) fn read(
        source: &LDAPSource,
        snapshot: &Snapshot,
        upstreams: &Arc<Upstreams>,
    ) -> Result<Way, Trouble> {
        if !source.vanished.is_empty() {
            let fields: Vec<&str> = source.vanished.fields().collect();
            return Err(Trouble::Vanished(fields.join(", ")));
        }
        Ok(Way {
            places: Place::all(&source.server_uri)?,
            tls: Arc::new(tls(source, snapshot)?),
            start_tls: source.start_tls,
            upstreams: upstreams.clone(),
            bind_cn: source.bind_cn.clone(),
            bind_password: source.bind_password.clone(),
        })
    }

    pub(crate) fn places(&self) -> &[Place] {
        &self.places
    }

    /// Connects with any of the servers and binds as the source says.
    ///
    /// # Errors
    /// What the last of them came to.
    pub(crate) async fn bound(&self, entropy: &dyn Entropy) -> Result<Line, Trouble> {
        let mut line = self.open(entropy).await?;
        self.bind(&mut line).await?;
        Ok(line)
    }

    /// Binds as the source says.
    pub(crate) async fn bind(&self, line: &mut Line) -> Result<(), Trouble> {
        if self.bind_cn.is_empty() {
            return Ok(());
        }
        line.bind(&self.bind_cn, &self.bind_password).await
    }

    /// Connects with any of the servers, the first by chance.
    ///
    /// # Errors
    /// What the last of them came to.
    pub(crate) async fn open(&self, entropy: &dyn Entropy) -> Result<Line, Trouble> {
        let mut chance = [0u8; 2];
        entropy.fill(&mut chance);
        let first = usize::from(u16::from_be_bytes(chance)) % self.places.len().max(1);
        let (before, from) = self.places.split_at_checked(first).unwrap_or_default();
        let mut last = Trouble::Closed;
        for place in from.iter().chain(before) {
            match self.connect(place).await {
                Ok(line) => return Ok(line),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Connects with one server.
    pub(crate) async fn connect(&self, place: &Place) -> Result<Line, Trouble> {
        let stream = self.upstreams.connect(&place.host, place.port).await;
        let stream = stream.map_err(|error| Trouble::Away { place: place.to_string(), error })?;
        let mut line = Line {
            stream: Box::new(stream),
            buffer: BytesMut::new(),
            next: 1,
            place: place.clone(),
            encrypted: false,
        };
        if place.secure {
            line.encrypt(&self.tls).await
        } else if self.start_tls {
            line.done(&Ask::StartTls, "StartTLS").await?;
            // What came before it was encrypted, anybody may have written (RFC 4513, 3.1.1).
            line.buffer.clear();
            line.encrypt(&self.tls).await
        } else {
            Ok(line)
        }
    }
}

fn tls(source: &LDAPSource, snapshot: &Snapshot) -> Result<ClientConfig, Trouble> {
    let unusable = |field| move |error: String| Trouble::Certificate { field, error };
    let pair = |reference: Option<Ref<CertificateKeyPair>>| {
        reference.and_then(|reference| snapshot.get(reference))
    };
    let chain = |field, pair: &CertificateKeyPair| {
        let all = CertificateDer::pem_slice_iter(pair.certificate_data.as_bytes());
        let all: Result<Vec<_>, _> = all.collect();
        all.map_err(|error| unusable(field)(error.to_string()))
    };
    let checks = match pair(source.peer_certificate) {
        Some(pair) => Checks::by(&chain("peer_certificate", pair)?),
        None => Checks::by_this_machine_and(&[]),
    };
    let config = encryption(Some(checks)).map_err(unusable("peer_certificate"))?;
    let mut config = match pair(source.client_certificate) {
        Some(pair) => {
            let wrong = unusable("client_certificate");
            let key = PrivateKeyDer::from_pem_slice(pair.key_data.expose().as_bytes());
            let key = key.map_err(|error| wrong(error.to_string()))?;
            config
                .with_client_auth_cert(chain("client_certificate", pair)?, key)
                .map_err(|error| wrong(error.to_string()))?
        }
        None => config.with_no_client_auth(),
    };
    config.enable_sni = source.sni;
    Ok(config)
}

impl Line {
    async fn encrypt(self, tls: &Arc<ClientConfig>) -> Result<Line, Trouble> {
        let Line { stream, next, place, .. } = self;
        let failed = |error: String| Trouble::Tls { place: place.to_string(), error };
        let name = ServerName::try_from(place.host.clone());
        let name = name.map_err(|error| failed(error.to_string()))?;
        let shake = TlsConnector::from(tls.clone()).connect(name, stream);
        let shaken = timeout(WAIT, shake).await.map_err(|_| Trouble::Slow)?;
        let stream = shaken.map_err(|error| failed(error.to_string()))?;
        Ok(Line { stream: Box::new(stream), buffer: BytesMut::new(), next, place, encrypted: true })
    }

    /// Signs in. Without a password nobody does: a directory would take it for nobody's sign-in,
    /// and say yes (RFC 4513, 5.1.2).
    pub(crate) async fn bind(&mut self, dn: &str, password: &Secret) -> Result<(), Trouble> {
        if dn.trim().is_empty() || password.is_empty() {
            let outcome = Outcome { code: 49, message: "name or password is empty".to_owned() };
            return Err(Trouble::Refused { what: "to bind", outcome });
        }
        let password = password.expose().as_bytes();
        self.done(&Ask::Bind { dn, password }, "to bind").await
    }

    /// Asks for something that ends with one answer.
    pub(crate) async fn done(&mut self, ask: &Ask<'_>, what: &'static str) -> Result<(), Trouble> {
        let id = self.send(ask).await?;
        let answer = self.answer().await?;
        match answer.reply {
            Reply::Done(outcome) if answer.id == id && outcome.is_success() => Ok(()),
            // Of its own accord a server sends a notice of disconnection (RFC 4511, 4.4.1).
            Reply::Done(outcome) if answer.id == id || answer.id == 0 => {
                Err(Trouble::Refused { what, outcome })
            }
            _ => Err(Trouble::Broken(Broken::Malformed)),
        }
    }

    /// One page of a search: all of it, or nothing.
    pub(crate) async fn page(&mut self, search: Search<'_>) -> Result<Page, Trouble> {
        let id = self.send(&Ask::Search(search)).await?;
        let (mut page, mut bytes) = (Page::default(), 0_usize);
        loop {
            let answer = self.answer().await?;
            if answer.id != id && answer.id != 0 {
                return Err(Trouble::Broken(Broken::Malformed));
            }
            match answer.reply {
                Reply::Entry(entry) => {
                    bytes = bytes.saturating_add(size(&entry));
                    if page.entries.len() >= MOST_ENTRIES || bytes > MOST_OF_PAGE {
                        return Err(Trouble::TooMuch);
                    }
                    page.entries.push(entry);
                }
                Reply::Reference(to) => {
                    if page.references.len() >= MOST_ENTRIES {
                        return Err(Trouble::TooMuch);
                    }
                    page.references.extend(to);
                }
                Reply::Done(outcome) if outcome.is_success() && answer.id == id => {
                    page.cookie = answer.cookie.unwrap_or_default();
                    return Ok(page);
                }
                Reply::Done(outcome) => {
                    return Err(Trouble::Refused { what: "a search", outcome });
                }
            }
        }
    }

    /// One entry, by its name.
    pub(crate) async fn entry(
        &mut self,
        dn: &str,
        attributes: &[&str],
    ) -> Result<Option<Entry>, Trouble> {
        let filter = Filter::any();
        let search = Search {
            base: dn,
            scope: Scope::Base,
            filter: &filter,
            attributes,
            page: None,
            most: 1,
        };
        Ok(self.page(search).await?.entries.into_iter().next())
    }

    /// Says good-bye; a directory that does not hear it closes the connection by itself.
    pub(crate) async fn close(mut self) {
        let _ = self.send(&Ask::Unbind).await;
        let _ = timeout(Duration::from_secs(1), self.stream.shutdown()).await;
    }

    async fn send(&mut self, ask: &Ask<'_>) -> Result<i64, Trouble> {
        let id = self.next;
        self.next = if id >= i64::from(i32::MAX) { 1 } else { id + 1 };
        let mut bytes = BytesMut::new();
        client::write(id, ask, &mut bytes);
        let sent = async {
            self.stream.write_all(&bytes).await?;
            self.stream.flush().await
        };
        let sent = timeout(WAIT, sent).await.map_err(|_| Trouble::Slow)?;
        sent.map_err(|_| Trouble::Closed).map(|()| id)
    }

    async fn answer(&mut self) -> Result<client::Answer, Trouble> {
        loop {
            if let Some(answer) = client::next(&mut self.buffer)? {
                return Ok(answer);
            }
            if self.buffer.len() > MOST_BYTES {
                return Err(Trouble::TooMuch);
            }
            self.buffer.reserve(READ);
            let read = timeout(WAIT, self.stream.read_buf(&mut self.buffer)).await;
            match read.map_err(|_| Trouble::Slow)? {
                Ok(0) | Err(_) => return Err(Trouble::Closed),
                Ok(_) => {}
            }
        }
    }
}

fn size(entry: &Entry) -> usize {
    let values = entry.attributes.iter().flat_map(|(_, values)| values);
    entry.dn.len() + values.map(|value| value.len() + 32).sum::<usize>()
}
