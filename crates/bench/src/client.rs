//! One connection that is kept, with the cookies of one browser.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, HOST, LOCATION, SET_COOKIE};
use http::{Method, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

use crate::BenchError;

pub(crate) struct Client {
    connection: SendRequest<Full<Bytes>>,
    address: String,
    cookies: BTreeMap<String, String>,
    /// The value of the `Authorization` header.
    pub(crate) authorization: Option<String>,
    /// The host that is asked for, where it is another than the server's address.
    pub(crate) host: Option<String>,
    /// What is sent besides.
    pub(crate) headers: Vec<(&'static str, String)>,
}

/// An answer, read to its end.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) location: Option<String>,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The answer if it has the status, else a report with its beginning.
    pub(crate) fn expect(self, operation: &'static str, status: u16) -> Result<Answer, BenchError> {
        if self.status == status {
            return Ok(self);
        }
        let text = String::from_utf8_lossy(&self.body).chars().take(300).collect::<String>();
        Err(BenchError::Answer { operation, problem: format!("{} {text}", self.status) })
    }
}

impl Client {
    pub(crate) async fn connect(address: &str) -> Result<Client, BenchError> {
        let failed = |error: &dyn std::error::Error| BenchError::Answer {
            operation: "connect",
            problem: error.to_string(),
        };
        let stream = TcpStream::connect(address).await.map_err(|e| failed(&e))?;
        stream.set_nodelay(true).map_err(|e| failed(&e))?;
        let (connection, driver) = handshake(TokioIo::new(stream)).await.map_err(|e| failed(&e))?;
        tokio::task::spawn_local(driver);
        Ok(Client {
            connection,
            address: address.to_owned(),
            cookies: BTreeMap::new(),
            authorization: None,
            host: None,
            headers: Vec::new(),
        })
    }

    pub(crate) fn bearer(mut self, token: &str) -> Client {
        self.authorization = Some(format!("Bearer {token}"));
        self
    }

    pub(crate) fn basic(mut self, id: &str, secret: &str) -> Client {
        self.authorization = Some(format!("Basic {}", STANDARD.encode(format!("{id}:{secret}"))));
        self
    }

    pub(crate) fn forget(&mut self) {
        self.cookies.clear();
    }

    pub(crate) fn adopt(&mut self, other: &Client) {
        self.cookies.clone_from(&other.cookies);
    }

    pub(crate) async fn get(&mut self, path: &str) -> Result<Answer, BenchError> {
        self.send(Method::GET, path, None, Bytes::new()).await
    }

    /// Follows redirects, to whichever host of the same server they lead: the path that answers
    /// otherwise, with its answer.
    pub(crate) async fn follow(&mut self, path: &str) -> Result<(String, Answer), BenchError> {
        let mut path = path.to_owned();
        for _ in 0..12 {
            let answer = self.get(&path).await?;
            let Some(to) = answer.location.as_deref() else { return Ok((path, answer)) };
            path = match to.split_once("://") {
                Some((_, rest)) => {
                    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
                    self.host = Some(host.to_owned());
                    if path.is_empty() { "/".to_owned() } else { path.to_owned() }
                }
                None => to.to_owned(),
            };
        }
        Err(BenchError::Answer { operation: "redirects", problem: path })
    }

    pub(crate) async fn form(
        &mut self,
        path: &str,
        fields: &[(&str, &str)],
    ) -> Result<Answer, BenchError> {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.send(Method::POST, path, Some("application/x-www-form-urlencoded"), body.into()).await
    }

    pub(crate) async fn post(&mut self, path: &str, body: &Value) -> Result<Answer, BenchError> {
        self.send(Method::POST, path, Some("application/json"), body.to_string().into()).await
    }

    pub(crate) async fn patch(&mut self, path: &str, body: &Value) -> Result<Answer, BenchError> {
        self.send(Method::PATCH, path, Some("application/json"), body.to_string().into()).await
    }

    async fn send(
        &mut self,
        method: Method,
        path: &str,
        kind: Option<&str>,
        body: Bytes,
    ) -> Result<Answer, BenchError> {
        let failed = |problem: String| BenchError::Answer { operation: "request", problem };
        let host = self.host.as_ref().unwrap_or(&self.address);
        let mut request = Request::builder().method(method).uri(path).header(HOST, host);
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        if let Some(kind) = kind {
            request = request.header(CONTENT_TYPE, kind);
        }
        if let Some(value) = &self.authorization {
            request = request.header(AUTHORIZATION, value);
        }
        if !self.cookies.is_empty() {
            let cookies: Vec<String> =
                self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request =
                request.header(COOKIE, cookies.join("; ")).header("Sec-Fetch-Site", "same-origin");
            if let Some(proof) = self.cookies.get("authentik_csrf") {
                request = request.header("X-authentik-CSRF", proof);
            }
        }
        let request = request.body(Full::new(body)).map_err(|e| failed(e.to_string()))?;
        self.connection.ready().await.map_err(|e| failed(e.to_string()))?;
        let answer =
            self.connection.send_request(request).await.map_err(|e| failed(e.to_string()))?;
        self.keep_cookies(&answer);
        let (status, location) = (
            answer.status().as_u16(),
            answer.headers().get(LOCATION).and_then(|v| v.to_str().ok()).map(str::to_owned),
        );
        let body =
            answer.into_body().collect().await.map_err(|e| failed(e.to_string()))?.to_bytes();
        Ok(Answer { status, location, body })
    }

    fn keep_cookies<B>(&mut self, answer: &Response<B>) {
        for cookie in
            answer.headers().get_all(SET_COOKIE).iter().filter_map(|value| value.to_str().ok())
        {
            let pair = cookie.split(';').next().unwrap_or_default();
            if let Some((name, value)) = pair.split_once('=') {
                self.cookies
                    .insert(name.trim().to_owned(), value.trim().trim_matches('"').to_owned());
            }
        }
    }
}
