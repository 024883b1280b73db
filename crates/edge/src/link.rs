//! The socket to the server: it says that this outpost is there, and hears what is new.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use countersign_core::Shutdown;
use countersign_model::{Clock as _, Entropy as _};
use countersign_outposts::wire::{Hello, Said};
use countersign_store::{SystemClock, SystemEntropy, encryption};
use futures_util::{SinkExt as _, StreamExt as _};
use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_rustls::TlsConnector;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::Kind;
use crate::api::{AGENT, Api, ApiError, VERSION, text};

/// How often an outpost says that it is there.
const HELLO: Duration = Duration::from_secs(10);
/// The server answers each of them; one that is silent for so long is gone.
const SILENCE: Duration = Duration::from_secs(30);
/// A server begins to look for ended sessions up to so long after a socket was opened: what ended before
/// that is not told, and is asked for.
const SETTLE: Duration = Duration::from_secs(1);
const CONNECT: Duration = Duration::from_secs(10);
/// How long is waited for the next connection: twice as long with each that fails.
const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_mins(5);
/// How often everything is read again, unless the outpost is set to another time.
const REFRESH: Duration = Duration::from_mins(5);
const LEAST_REFRESH: Duration = Duration::from_secs(30);

/// What a kind of outpost does with what is new.
pub(crate) trait Answers: Send + Sync + 'static {
    /// Reads what it answers for.
    ///
    /// # Errors
    /// The server does not say.
    fn refresh(&self, api: &Api) -> impl Future<Output = Result<(), ApiError>> + Send;

    /// The server does not take the token any more: nothing is answered for.
    fn forget(&self);

    /// A session of the server has ended.
    fn ended(&self, session: &str);
}

impl<T: Answers> Answers for Arc<T> {
    fn refresh(&self, api: &Api) -> impl Future<Output = Result<(), ApiError>> + Send {
        T::refresh(self, api)
    }

    fn forget(&self) {
        T::forget(self);
    }

    fn ended(&self, session: &str) {
        T::ended(self, session);
    }
}

/// What is known of the server and of the outpost that this is.
pub(crate) struct Link {
    kind: Kind,
    own: Mutex<Own>,
    connected: AtomicBool,
    /// Rises with each connection and whatever is read anew: what was known before may have ended.
    turn: AtomicU64,
    /// Whether anything was read yet.
    ready: AtomicBool,
}

#[derive(Debug, Clone, Default)]
struct Own {
    uuid: String,
    name: String,
    refresh: Duration,
}

impl Link {
    pub(crate) fn new(kind: Kind) -> Link {
        Link {
            kind,
            own: Mutex::default(),
            connected: AtomicBool::new(false),
            turn: AtomicU64::new(0),
            ready: AtomicBool::new(false),
        }
    }

    fn own(&self) -> Own {
        self.own.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What the outpost is called.
    pub(crate) fn name(&self) -> String {
        self.own().name
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.connected.load(Ordering::Relaxed)
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Relaxed)
    }

    pub(crate) fn turn(&self) -> u64 {
        self.turn.load(Ordering::Relaxed)
    }

    fn set_connected(&self, connected: bool) {
        self.connected.store(connected, Ordering::Relaxed);
        let Own { name, uuid, .. } = self.own();
        metrics::gauge!(
            "authentik_outpost_connection",
            "outpost_name" => name, "outpost_type" => self.kind.name(), "uuid" => uuid,
        )
        .set(if connected { 1.0 } else { 0.0 });
    }
}

/// Reads which outpost this is, and what it answers for.
///
/// # Errors
/// The server does not say.
pub(crate) async fn refresh(
    api: &Api,
    link: &Link,
    answers: &impl Answers,
) -> Result<(), ApiError> {
    let all = api.list("outposts/instances/", "").await?;
    // A token that sees none is of no outpost, or of one that is gone.
    let Some(own) = all.first() else { return Err(ApiError::Refused(http::StatusCode::FORBIDDEN)) };
    if text(own, "type") != link.kind.name() {
        return Err(ApiError::Nonsense(format!(
            "the token is of the outpost {:?}, which is of the type {}, not {}",
            text(own, "name"),
            text(own, "type"),
            link.kind.name()
        )));
    }
    let seconds = own.get("refresh_interval_s").and_then(serde_json::Value::as_u64).unwrap_or(0);
    let refresh = match seconds {
        0 => REFRESH,
        seconds => Duration::from_secs(seconds).max(LEAST_REFRESH),
    };
    *link.own.lock().unwrap_or_else(PoisonError::into_inner) =
        Own { uuid: text(own, "pk").to_owned(), name: text(own, "name").to_owned(), refresh };
    answers.refresh(api).await?;
    link.ready.store(true, Ordering::Relaxed);
    link.turn.fetch_add(1, Ordering::Relaxed);
    let Own { name, uuid, .. } = link.own();
    metrics::gauge!(
        "authentik_outpost_last_update",
        "outpost_name" => name.clone(), "outpost_type" => link.kind.name(), "uuid" => uuid.clone(),
        "version" => VERSION, "build" => "",
    )
    .set(seconds_of(SystemClock.now().seconds()));
    metrics::gauge!(
        "authentik_outpost_info",
        "outpost_name" => name, "outpost_type" => link.kind.name(), "uuid" => uuid,
        "version" => VERSION, "build" => "",
    )
    .set(1.0);
    Ok(())
}

const fn seconds_of(seconds: i64) -> f64 {
    seconds as f64
}

/// Reads anew, and gives up what is answered for where the server says that it is not ours.
async fn update(api: &Api, link: &Link, answers: &impl Answers) {
    match refresh(api, link, answers).await {
        Ok(()) => {}
        Err(error @ ApiError::Refused(_)) => {
            tracing::error!("{error}: nothing is answered for any more");
            answers.forget();
        }
        Err(error) => tracing::warn!("What is answered for could not be read anew: {error}"),
    }
}

type Socket = WebSocketStream<Box<dyn countersign_listener::Bytes>>;

/// Keeps the socket open until the program stops.
pub(crate) async fn keep(
    link: Arc<Link>,
    api: Arc<Api>,
    answers: impl Answers,
    mut stop: Shutdown,
) {
    // For as long as the program runs.
    let instance = SystemEntropy.uuid().to_string();
    let (mut attempt, mut pause) = (0_u32, FIRST);
    while !stop.is_requested() {
        let opened = tokio::select! {
            opened = timeout(CONNECT, open(&api, &link, &instance, attempt)) => opened,
            () = stop.requested() => return,
        };
        match opened {
            Ok(Ok(socket)) => {
                tracing::info!("The server is connected");
                (attempt, pause) = (0, FIRST);
                link.set_connected(true);
                // What was said in between was not heard.
                update(&api, &link, &answers).await;
                talk(socket, &api, &link, &answers, &mut stop, &instance).await;
                link.set_connected(false);
                if stop.is_requested() {
                    return;
                }
                tracing::warn!("The connection to the server ended");
            }
            Ok(Err(Error::Http(response))) if matches!(response.status().as_u16(), 401 | 403) => {
                tracing::warn!("The server refuses the connection: {}", response.status());
                update(&api, &link, &answers).await;
            }
            Ok(Err(error)) => tracing::warn!("The server cannot be connected to: {error}"),
            Err(_) => tracing::warn!("The server cannot be connected to: it does not answer"),
        }
        attempt = attempt.saturating_add(1);
        if !stop.sleep(pause).await {
            return;
        }
        pause = (pause * 2).min(LONGEST);
    }
}

async fn open(api: &Api, link: &Link, instance: &str, attempt: u32) -> Result<Socket, Error> {
    let failed = |text: String| Error::Io(std::io::Error::other(text));
    let mut path = format!("ws/outpost/{}/?instance_uuid={instance}", link.own().uuid);
    if attempt > 0 {
        path.push_str(&format!("&attempt={attempt}"));
    }
    let url = api.socket(&path).map_err(|error| failed(error.to_string()))?;
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let port = url.port_or_known_default().unwrap_or(443);
    let stream = TcpStream::connect((host.as_str(), port)).await?;
    let _ = stream.set_nodelay(true);
    let stream: Box<dyn countersign_listener::Bytes> = if url.scheme() == "wss" {
        let checks = (!api.insecure).then(|| countersign_store::Checks::by_this_machine_and(&[]));
        let mut config = encryption(checks).map_err(failed)?.with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let name = ServerName::try_from(host).map_err(|error| failed(error.to_string()))?;
        Box::new(TlsConnector::from(Arc::new(config)).connect(name, stream).await?)
    } else {
        Box::new(stream)
    };
    let mut request = url.as_str().into_client_request()?;
    let mut bearer = HeaderValue::from_str(&format!("Bearer {}", api.token().expose()))?;
    bearer.set_sensitive(true);
    request.headers_mut().insert("authorization", bearer);
    request.headers_mut().insert("user-agent", HeaderValue::from_static(AGENT));
    Ok(client_async(request, stream).await?.0)
}

async fn talk(
    mut socket: Socket,
    api: &Api,
    link: &Link,
    answers: &impl Answers,
    stop: &mut Shutdown,
    instance: &str,
) {
    let hello = hello(instance).text();
    let (mut next_hello, mut heard) = (Instant::now(), Instant::now());
    let mut next_refresh = Instant::now() + link.own().refresh;
    let (settles, mut is_settled) = (Instant::now() + SETTLE, false);
    loop {
        tokio::select! {
            () = sleep_until(settles), if !is_settled => {
                is_settled = true;
                link.turn.fetch_add(1, Ordering::Relaxed);
            }
            () = stop.requested() => {
                let _ = socket.close(None).await;
                return;
            }
            () = sleep_until(next_hello) => {
                if heard.elapsed() > SILENCE
                    || socket.send(Message::Text(hello.clone().into())).await.is_err()
                {
                    return;
                }
                next_hello = Instant::now() + HELLO;
            }
            () = sleep_until(next_refresh) => {
                update(api, link, answers).await;
                next_refresh = Instant::now() + link.own().refresh;
            }
            message = socket.next() => {
                let Some(Ok(message)) = message else { return };
                heard = Instant::now();
                let Message::Text(text) = message else { continue };
                match Said::read(text.as_str()) {
                    Some(Said::TriggerUpdate) => {
                        update(api, link, answers).await;
                        next_refresh = Instant::now() + link.own().refresh;
                    }
                    Some(Said::Logout(session)) => answers.ended(&hex::encode(session)),
                    Some(Said::Ack) | None => {}
                }
            }
        }
    }
}

/// What an outpost says of itself. The server counts those among its own that name a version of Go.
fn hello(instance: &str) -> Hello {
    Hello {
        version: VERSION.to_owned(),
        uuid: instance.to_owned(),
        golang_version: format!("go (Countersign {})", env!("CARGO_PKG_VERSION")),
        openssl_enabled: false,
        hostname: hostname(),
        ..Hello::default()
    }
}

fn hostname() -> String {
    let read = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = read.trim();
    if name.is_empty() { "edge".to_owned() } else { name.to_owned() }
}
