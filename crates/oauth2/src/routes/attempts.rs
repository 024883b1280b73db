//! Who asks where clients prove themselves. Wrong secrets of clients and wrong app passwords are
//! counted, and refused unseen when there were too many from one place (RFC 6749 2.3.1, 10.10).

use axum::body::Bytes;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use countersign_core::RequestInfo;
use countersign_directory::TooMany;
use serde_json::json;

use super::http::{self, Answer};
use crate::provider::Provider;
use crate::service::Service;
use crate::wire::Params;
use crate::wire::client_auth::Credentials;
use crate::wire::params::ParamsError;

/// Put into an answer by whoever found that a secret was wrong.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WrongSecret;

/// A request of a client: what it says of itself, and the provider that has this client.
pub(crate) struct Asked {
    pub(crate) params: Params,
    pub(crate) credentials: Credentials,
    pub(crate) provider: Option<Provider>,
}

impl Asked {
    /// # Errors
    /// The form cannot be read.
    pub(crate) fn read(
        service: &Service,
        headers: &HeaderMap,
        body: &Bytes,
    ) -> Result<Asked, ParamsError> {
        let params = http::form(headers, body)?;
        let credentials = Credentials::read(http::authorization(headers), &params)?;
        let provider = Provider::by_client_id(&service.cx.snapshot(), credentials.ids());
        Ok(Asked { params, credentials, provider })
    }

    /// What it is counted under. One client has many spellings (RFC 6749 2.3.1 has the id
    /// encoded); it is counted under the id it has here.
    fn client(&self) -> Option<&str> {
        let known = self.provider.as_ref().map(|provider| provider.client.id.as_str());
        known.or_else(|| self.credentials.ids().last())
    }
}

/// The answer of an endpoint where clients prove themselves, unless they were wrong too often.
pub(crate) async fn limited(
    service: &Service,
    request: &RequestInfo,
    asked: &Result<Asked, ParamsError>,
    serve: impl Future<Output = Answer>,
) -> Answer {
    let Some(client) = asked.as_ref().ok().and_then(Asked::client) else { return serve.await };
    let looking = match service.machines.admit(&service.cx, client, request.client_ip).await {
        Ok(looking) => looking,
        Err(wait) => return too_many(wait),
    };
    let answer = serve.await;
    if answer.extensions().get::<WrongSecret>().is_some()
        && let Err(wait) = looking.failed(&service.cx).await
    {
        return too_many(wait);
    }
    answer
}

pub(crate) fn too_many(wait: TooMany) -> Answer {
    let body = json!({"error": "temporarily_unavailable", "error_description": wait.to_string()});
    let mut answer = http::private_json(StatusCode::TOO_MANY_REQUESTS, &body);
    answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(wait.seconds));
    answer
}
