//! The one way out: requests to the identity provider, bounded in time and size, redirects not
//! followed.

use std::pin::Pin;
use std::time::Duration;

use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};
use serde::de::DeserializeOwned;
use url::Url;

const LARGEST_ANSWER: usize = 1024 * 1024;

#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
    #[error("no answer from the identity provider")]
    Unreachable(#[source] reqwest::Error),
    #[error("the identity provider answered with status {0}")]
    Status(u16),
    #[error("the identity provider's answer is too large")]
    TooLarge,
    #[error("the identity provider's answer is not the JSON expected")]
    Shape(#[source] serde_json::Error),
    #[error("the answer could not be put together")]
    Assembly(#[from] openidconnect::http::Error),
}

/// A client for the identity provider. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Http(reqwest::Client);

impl Http {
    pub(crate) fn new() -> Result<Self, FetchError> {
        reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(3))
            .timeout(Duration::from_secs(15))
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("countersign-demo/", env!("CARGO_PKG_VERSION")))
            .build()
            .map(Self)
            .map_err(FetchError::Unreachable)
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, FetchError> {
        let request = reqwest::Request::try_from(request).map_err(FetchError::Unreachable)?;
        let response = self.0.execute(request).await.map_err(FetchError::Unreachable)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = body(response).await?;
        let mut answer = openidconnect::http::Response::builder().status(status).body(body)?;
        *answer.headers_mut() = headers;
        Ok(answer)
    }

    pub(crate) async fn json<T: DeserializeOwned>(
        &self,
        url: Url,
        bearer: Option<&str>,
    ) -> Result<T, FetchError> {
        let mut request = self.0.get(url).header("Accept", "application/json");
        if let Some(token) = bearer {
            request = request.bearer_auth(token);
        }
        let response = request.send().await.map_err(FetchError::Unreachable)?;
        if !response.status().is_success() {
            return Err(FetchError::Status(response.status().as_u16()));
        }
        serde_json::from_slice(&body(response).await?).map_err(FetchError::Shape)
    }
}

/// The OpenID library speaks through this client.
impl<'c> AsyncHttpClient<'c> for Http {
    type Error = FetchError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, FetchError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

async fn body(mut response: reqwest::Response) -> Result<Vec<u8>, FetchError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(FetchError::Unreachable)? {
        if body.len() + chunk.len() > LARGEST_ANSWER {
            return Err(FetchError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
