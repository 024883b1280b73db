//! Requests and answers.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use reqwest::redirect::Policy;
use reqwest::{Client, NoProxy, Proxy};
use url::{Host, Url};

use crate::guard::{Guard, Refused};
use crate::{Patience, Resolved, Rules, Upstreams};

/// An answer takes no longer, from looking the name up to its last byte.
const PATIENCE: Duration = Duration::from_secs(10);
const CONNECT: Duration = Duration::from_secs(5);
/// Nor is it larger: 1 MiB.
const LARGEST: usize = 1 << 20;

/// Makes requests. One per program, made by [`crate::module`].
pub struct Outbound {
    client: LazyLock<Result<Client, String>, Build>,
    guard: Guard,
    resolve: Vec<Resolved>,
    own: Vec<SocketAddr>,
}

/// Makes the client when it is first needed: most commands of the console do not.
type Build = Box<dyn FnOnce() -> Result<Client, String> + Send>;

/// What is asked of another server.
#[derive(Debug, Clone)]
pub struct Request {
    method: Method,
    url: String,
    headers: HeaderMap,
    body: Vec<u8>,
}

/// What it answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// What the server said of the request.
    pub status: StatusCode,
    /// The headers of the answer.
    pub headers: HeaderMap,
    /// The whole body, which is bounded.
    pub body: Bytes,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutboundError {
    /// The address is not one of HTTP or HTTPS.
    #[error("{0} is no address of the web: write https://host/path")]
    Address(String),
    /// A header holds what HTTP does not allow.
    #[error("the header {0} cannot be sent")]
    Header(String),
    #[error(
        "{0}, and this server connects to public ones only. If it is meant, add its network to the setting outbound.allow"
    )]
    /// The address is not public, and no setting allows it.
    Refused(Refused),
    /// The client cannot be set up, as with a proxy that is no address.
    #[error("{0}")]
    Unusable(String),
    /// The server did not answer in time.
    #[error("{host} took longer than {} seconds", PATIENCE.as_secs())]
    TimedOut {
        /// The host of the address.
        host: String,
    },
    /// There was no connection, or it broke.
    #[error("{host} cannot be reached: {problem}")]
    Unreachable {
        /// The host of the address.
        host: String,
        /// What the connection came to.
        problem: String,
    },
    /// It answered, and not with what was asked for.
    #[error("{host} answered {status}. Name the address at which the document itself is")]
    Status {
        /// The host of the address.
        host: String,
        /// What it answered.
        status: StatusCode,
    },
    /// The answer is longer than is read.
    #[error("the answer of {host} is larger than {} KiB", LARGEST / 1024)]
    TooLarge {
        /// The host of the address.
        host: String,
    },
}

impl OutboundError {
    /// Whether the same request may be answered later.
    pub const fn may_pass(&self) -> bool {
        matches!(self, OutboundError::TimedOut { .. } | OutboundError::Unreachable { .. })
    }
}

impl Request {
    /// A request with a body, which may be empty.
    pub fn new(method: Method, url: impl Into<String>, body: Vec<u8>) -> Request {
        Request { method, url: url.into(), headers: HeaderMap::new(), body }
    }

    /// A request without a body.
    pub fn get(url: impl Into<String>) -> Request {
        Request::new(Method::GET, url, Vec::new())
    }

    /// A request with a body of JSON.
    pub fn post_json(url: impl Into<String>, body: Vec<u8>) -> Request {
        let headers = HeaderMap::from_iter([(
            http::header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        )]);
        Request { method: Method::POST, url: url.into(), headers, body }
    }

    /// The same request with a header, in place of an earlier one of that name.
    ///
    /// # Errors
    /// A name or value that HTTP does not allow.
    pub fn header(mut self, name: &str, value: &str) -> Result<Request, OutboundError> {
        let wrong = || OutboundError::Header(name.to_owned());
        let name: HeaderName = name.parse().map_err(|_| wrong())?;
        self.headers.insert(name, HeaderValue::from_str(value).map_err(|_| wrong())?);
        Ok(self)
    }
}

impl Outbound {
    /// A client that keeps to these rules.
    pub fn new(rules: Rules) -> Outbound {
        let proxy_host = rules
            .proxy
            .as_ref()
            .and_then(|proxy| Url::parse(proxy).ok())
            .and_then(|url| url.host_str().map(str::to_owned));
        let guard = Guard::new(&rules.allow, proxy_host);
        let (resolver, resolve) = (guard.clone(), rules.resolve.clone());
        let own = rules.own.clone();
        let build: Build = Box::new(move || client(&rules, resolver));
        Outbound { client: LazyLock::new(build), guard, resolve, own }
    }

    /// The servers behind this one, which requests are passed on to.
    pub fn upstreams(&self, patience: Patience) -> Upstreams {
        Upstreams::new(self.guard.clone(), &self.resolve, &self.own, patience)
    }

    /// # Errors
    /// A proxy address that cannot be used, or no certificates to check others by.
    pub(crate) fn client(&self) -> Result<&Client, String> {
        self.client.as_ref().map_err(Clone::clone)
    }

    /// # Errors
    /// When there is no answer; a status of any number is one.
    pub async fn send(&self, request: Request) -> Result<Answer, OutboundError> {
        let url = self.check(&request.url)?;
        let host = url.host_str().unwrap_or_default().to_owned();
        let told = |error: &reqwest::Error| tell(error, &host);
        // The host alone: the paths of webhooks are secrets.
        let span = tracing::info_span!(
            target: "spans",
            "outbound",
            otel.name = request.method.as_str(),
            otel.kind = "client",
            http.request.method = request.method.as_str(),
            server.address = host,
            http.response.status_code = tracing::field::Empty
        );
        let mut answer = self
            .client()
            .map_err(OutboundError::Unusable)?
            .request(request.method, url)
            .headers(request.headers)
            .body(request.body)
            .send()
            .await
            .map_err(|error| told(&error))?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        span.record("http.response.status_code", i64::from(status.as_u16()));
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| told(&error))? {
            if body.len() + chunk.len() > LARGEST {
                return Err(OutboundError::TooLarge { host });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status, headers, body: body.into() })
    }

    /// The document at an address.
    ///
    /// # Errors
    /// When there is none: what [`Outbound::send`] says, or another status than 200.
    pub async fn document(&self, url: &str) -> Result<Bytes, OutboundError> {
        let Answer { status, body, .. } = self.send(Request::get(url)).await?;
        if status == StatusCode::OK {
            return Ok(body);
        }
        let host = Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned));
        Err(OutboundError::Status { host: host.unwrap_or_default(), status })
    }

    /// Names are checked when they are resolved; addresses that stand in the URL are not resolved.
    fn check(&self, text: &str) -> Result<Url, OutboundError> {
        let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let url = url.ok_or_else(|| OutboundError::Address(text.to_owned()))?;
        let address = match url.host() {
            Some(Host::Ipv4(v4)) => v4.into(),
            Some(Host::Ipv6(v6)) => v6.into(),
            Some(Host::Domain(_)) => return Ok(url),
            None => return Err(OutboundError::Address(text.to_owned())),
        };
        if self.guard.permits(address) {
            Ok(url)
        } else {
            Err(OutboundError::Refused(Refused(address.to_string())))
        }
    }
}

/// The deepest cause says most. Addresses of webhooks are secrets, so the URL stays out.
fn tell(error: &reqwest::Error, host: &str) -> OutboundError {
    let host = host.to_owned();
    if error.is_timeout() {
        return OutboundError::TimedOut { host };
    }
    let mut deepest: &dyn Error = error;
    while let Some(cause) = deepest.source() {
        if let Some(refused) = cause.downcast_ref::<Refused>() {
            return OutboundError::Refused(refused.clone());
        }
        deepest = cause;
    }
    OutboundError::Unreachable { host, problem: deepest.to_string() }
}

fn client(rules: &Rules, guard: Guard) -> Result<Client, String> {
    let mut builder = Client::builder()
        .user_agent(&rules.user_agent)
        .timeout(PATIENCE)
        .connect_timeout(CONNECT)
        .redirect(Policy::none())
        .referer(false)
        .tls_danger_accept_invalid_certs(rules.insecure)
        .no_proxy()
        .dns_resolver(Arc::new(guard));
    for Resolved { host, address } in &rules.resolve {
        builder = builder.resolve(host, *address);
    }
    if let Some(address) = &rules.proxy {
        let proxy = Proxy::all(address)
            .map_err(|error| format!("the proxy {address} cannot be used: {error}"))?;
        builder =
            builder.proxy(proxy.no_proxy(rules.no_proxy.as_deref().and_then(NoProxy::from_string)));
    }
    builder.build().map_err(|error| format!("requests to other servers cannot be made: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_model::Cidr;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    #[expect(clippy::disallowed_methods, reason = "ends with the test")]
    async fn answering(answer: Vec<u8>) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut seen = [0u8; 4096];
                let _ = stream.read(&mut seen).await;
                let _ = stream.write_all(&answer).await;
            }
        });
        port
    }

    fn outbound(allow: &str) -> Outbound {
        let allow = if allow.is_empty() {
            Vec::new()
        } else {
            [allow, "::1"].map(|network| Cidr::parse(network).unwrap()).to_vec()
        };
        Outbound::new(Rules { allow, user_agent: "test".to_owned(), ..Rules::default() })
    }

    #[tokio::test]
    async fn private_addresses_are_refused_as_numbers_and_behind_names() {
        let port = answering(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec()).await;
        for host in [
            "127.0.0.1",
            "localhost",
            "[::1]",
            "2130706433",
            "0x7f.1",
            "127.1",
            "[::ffff:127.0.0.1]",
            "169.254.169.254",
        ] {
            let answer = outbound("").send(Request::get(format!("http://{host}:{port}/"))).await;
            assert!(matches!(answer, Err(OutboundError::Refused(_))), "{host}: {answer:?}");
        }
        let answer = outbound("127.0.0.0/8")
            .send(Request::get(format!("http://localhost:{port}/")))
            .await
            .unwrap();
        assert_eq!(answer.status, StatusCode::NO_CONTENT);
    }

    #[tokio::test]
    async fn a_host_is_where_the_operator_says() {
        let port = answering(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec()).await;
        let resolve = Resolved::parse(&format!("Api.Example.test=127.0.0.1:{port}")).unwrap();
        let rules = Rules { resolve: vec![resolve], ..Rules::default() };
        let outbound = Outbound::new(rules);
        let answer = outbound.send(Request::get("http://api.example.test/")).await.unwrap();
        assert_eq!(answer.status, StatusCode::NO_CONTENT);
        let other = outbound.send(Request::get(format!("http://127.0.0.1:{port}/"))).await;
        assert!(matches!(other, Err(OutboundError::Refused(_))), "{other:?}");
        for wrong in ["", "a", "=127.0.0.1:1", "a=b:1", "a=127.0.0.1"] {
            assert_eq!(Resolved::parse(wrong), None, "{wrong}");
        }
    }

    #[tokio::test]
    async fn redirects_are_answers_and_answers_have_an_end() {
        let port = answering(
            b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
                .to_vec(),
        )
        .await;
        let answer = outbound("127.0.0.0/8")
            .send(Request::get(format!("http://127.0.0.1:{port}/")))
            .await
            .unwrap();
        assert_eq!(answer.status, StatusCode::FOUND);
        let mut endless = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".to_vec();
        endless.resize(2 << 20, b'a');
        let port = answering(endless).await;
        let answer =
            outbound("127.0.0.0/8").send(Request::get(format!("http://127.0.0.1:{port}/"))).await;
        assert!(matches!(answer, Err(OutboundError::TooLarge { .. })), "{answer:?}");
    }

    #[tokio::test]
    async fn other_schemes_and_header_injection_are_refused() {
        for url in
            ["file:///etc/passwd", "gopher://example.org/", "javascript:1", "http://", "nonsense"]
        {
            assert!(
                matches!(
                    outbound("").send(Request::get(url)).await,
                    Err(OutboundError::Address(_))
                ),
                "{url}"
            );
        }
        assert!(Request::get("https://example.org").header("X-A", "b\r\nX-C: d").is_err());
    }
}
