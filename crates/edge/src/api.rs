//! Asks the server, as an outpost of the original does: by its token, in its words.

use std::time::Duration;

use countersign_model::{Cidr, Secret};
use countersign_outbound::{Answer, Outbound, OutboundError, Request, Rules};
use http::{Method, StatusCode};
use serde_json::Value;
use url::Url;

use crate::Settings;

/// What an outpost of the original says of itself: servers give those of another version less.
pub(crate) const VERSION: &str = "2025.4.0";
pub(crate) const AGENT: &str = "goauthentik.io/outpost/2025.4.0";
/// Objects of one page.
const PAGE: &str = "100";
/// Pages of one list, should a server never come to its end.
const MOST_PAGES: usize = 100_000;

/// Why the server does not say what it is asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ApiError {
    /// It may say so in a moment.
    #[error("{0}")]
    Away(String),
    #[error("the server does not accept the token ({0})")]
    Refused(StatusCode),
    #[error("there is nothing at {0}")]
    Missing(String),
    #[error("the answer of the server is not understood: {0}")]
    Nonsense(String),
}

impl From<OutboundError> for ApiError {
    fn from(error: OutboundError) -> ApiError {
        ApiError::Away(error.to_string())
    }
}

/// The server.
pub(crate) struct Api {
    outbound: Outbound,
    /// With a slash at the end.
    base: Url,
    token: Secret,
    pub(crate) insecure: bool,
    /// Scheme and host by which browsers know it, if others.
    browser: Option<Url>,
}

impl Api {
    /// # Errors
    /// An address that is none.
    pub(crate) fn new(settings: &Settings) -> Result<Api, String> {
        let read = |name: &str, text: &str| {
            let mut url = Url::parse(text)
                .ok()
                .filter(|url| matches!(url.scheme(), "http" | "https") && url.host_str().is_some());
            if let Some(url) = &mut url
                && !url.path().ends_with('/')
            {
                let path = format!("{}/", url.path());
                url.set_path(&path);
            }
            url.ok_or(format!("{name}: {text:?} is no address. Write https://id.example.org"))
        };
        let base = read("AUTHENTIK_HOST", &settings.host)?;
        let browser = settings.host_browser.as_deref();
        let browser = browser.map(|text| read("AUTHENTIK_HOST_BROWSER", text)).transpose()?;
        // Whoever starts the program says where its server is, and nobody else does.
        let everywhere = ["0.0.0.0/0", "::/0"].into_iter().filter_map(Cidr::parse).collect();
        let rules = Rules {
            allow: everywhere,
            user_agent: AGENT.to_owned(),
            insecure: settings.insecure,
            ..Rules::default()
        };
        Ok(Api {
            outbound: Outbound::new(rules),
            base,
            token: settings.token.clone(),
            insecure: settings.insecure,
            browser,
        })
    }

    pub(crate) const fn token(&self) -> &Secret {
        &self.token
    }

    /// An address of the API.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("{}api/v3/{path}", self.base)
    }

    /// An address that the server sent on to: one of its own, or none.
    pub(crate) fn resolved(&self, to: &str) -> Result<String, ApiError> {
        let url = self.base.join(to).ok().filter(|url| url.origin() == self.base.origin());
        url.map(String::from).ok_or_else(|| ApiError::Nonsense("it leads elsewhere".to_owned()))
    }

    /// The address of the socket.
    pub(crate) fn socket(&self, path: &str) -> Result<Url, ApiError> {
        let text = format!("{}{path}", self.base).replacen("http", "ws", 1);
        Url::parse(&text).map_err(|error| ApiError::Nonsense(error.to_string()))
    }

    /// An address of the server as browsers know it.
    pub(crate) fn for_browsers(&self, address: &str) -> String {
        let (Some(browser), Ok(mut url)) = (&self.browser, Url::parse(address)) else {
            return address.to_owned();
        };
        let moved = url.set_scheme(browser.scheme()).is_ok()
            && url.set_host(browser.host_str()).is_ok()
            && url.set_port(browser.port()).is_ok();
        if moved { url.to_string() } else { address.to_owned() }
    }

    /// What a server says of itself follows from the host that it is asked by: of one that browsers
    /// know by another, that is said.
    fn as_browser(&self, request: Request) -> Result<Request, OutboundError> {
        match &self.browser {
            Some(browser) if browser.origin() != self.base.origin() => {
                let host = browser.host_str().unwrap_or_default();
                let host =
                    browser.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
                request.header("host", &host)?.header("x-forwarded-proto", browser.scheme())
            }
            _ => Ok(request),
        }
    }

    pub(crate) async fn send(&self, request: Request) -> Result<Answer, ApiError> {
        let answer = self.outbound.send(request).await?;
        if answer.status.is_server_error() || answer.status == StatusCode::TOO_MANY_REQUESTS {
            return Err(ApiError::Away(format!("the server answers with {}", answer.status)));
        }
        Ok(answer)
    }

    fn with_token(&self, request: Request) -> Result<Request, ApiError> {
        Ok(request.header("authorization", &format!("Bearer {}", self.token.expose()))?)
    }

    /// # Errors
    /// Why it says nothing.
    pub(crate) async fn get(&self, path: &str) -> Result<Value, ApiError> {
        let request = self.with_token(Request::get(self.at(path)))?;
        let answer = self.send(request).await?;
        match answer.status {
            StatusCode::OK => json(&answer),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                Err(ApiError::Refused(answer.status))
            }
            StatusCode::NOT_FOUND => Err(ApiError::Missing(path.to_owned())),
            status => Err(ApiError::Nonsense(format!("{status} at {path}"))),
        }
    }

    /// All objects of a list; `query` begins with `&` or is empty.
    ///
    /// # Errors
    /// Why it says nothing.
    pub(crate) async fn list(&self, path: &str, query: &str) -> Result<Vec<Value>, ApiError> {
        let (mut all, mut page) = (Vec::new(), 1);
        for _ in 0..MOST_PAGES {
            let answer = self.get(&format!("{path}?page={page}&page_size={PAGE}{query}")).await?;
            let Some(results) = answer.get("results").and_then(Value::as_array) else {
                return Err(ApiError::Nonsense(format!("no list at {path}")));
            };
            all.extend(results.iter().cloned());
            let next = answer.pointer("/pagination/next").and_then(Value::as_u64).unwrap_or(0);
            if next <= page {
                break;
            }
            page = next;
        }
        Ok(all)
    }

    /// # Errors
    /// Why it is not taken.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<(), ApiError> {
        let request = Request::post_json(self.at(path), body.to_string().into_bytes());
        let answer = self.send(self.with_token(request)?).await?;
        if answer.status.is_success() { Ok(()) } else { Err(ApiError::Refused(answer.status)) }
    }

    /// Asks an endpoint of OAuth 2.0; its status with what it answers.
    ///
    /// # Errors
    /// Why it says nothing.
    pub(crate) async fn form(
        &self,
        endpoint: &str,
        form: &[(&str, &str)],
    ) -> Result<(StatusCode, Value), ApiError> {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = Request::new(Method::POST, endpoint, body.into_bytes());
        let request = request
            .header("content-type", "application/x-www-form-urlencoded")
            .and_then(|request| request.header("accept", "application/json"))
            .and_then(|request| self.as_browser(request))?;
        let answer = self.send(request).await?;
        Ok((answer.status, json(&answer)?))
    }

    /// Whether the server answers at all.
    pub(crate) async fn is_there(&self) -> bool {
        let asked = self.send(Request::get(self.at("root/config/")));
        let answer = tokio::time::timeout(Duration::from_secs(2), asked).await;
        answer.is_ok_and(|answer| answer.is_ok())
    }
}

pub(crate) fn json(answer: &Answer) -> Result<Value, ApiError> {
    serde_json::from_slice(&answer.body).map_err(|error| ApiError::Nonsense(error.to_string()))
}

/// A text in an object; empty where there is none.
pub(crate) fn text<'v>(object: &'v Value, name: &str) -> &'v str {
    object.get(name).and_then(Value::as_str).unwrap_or_default()
}

pub(crate) fn truth(object: &Value, name: &str) -> bool {
    object.get(name).and_then(Value::as_bool).unwrap_or_default()
}
