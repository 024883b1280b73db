//! Wrong secrets of clients and wrong app passwords are counted, and refused unseen when there were
//! too many from one place (RFC 6749 2.3.1, 10.10).

use axum::body::Bytes;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use countersign_core::RequestInfo;
use countersign_directory::{MachineAttempts, TooMany};
use serde_json::json;

use super::http::{self, Answer};
use crate::provider::Provider;
use crate::service::Service;
use crate::wire::client_auth::Credentials;

/// Put into an answer by whoever found that a secret was wrong.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WrongSecret;

/// The answer of an endpoint where clients prove themselves, unless they were wrong too often.
pub(crate) async fn limited(
    service: &Service,
    request: &RequestInfo,
    headers: &HeaderMap,
    body: &Bytes,
    serve: impl Future<Output = Answer>,
) -> Answer {
    let params = http::form(headers, body).ok();
    let credentials = params
        .as_ref()
        .and_then(|params| Credentials::read(http::authorization(headers), params).ok());
    // One client has many spellings (RFC 6749 2.3.1 has the id encoded); it is counted under the id
    // it has here.
    let found = credentials
        .as_ref()
        .and_then(|credentials| Provider::by_client_id(&service.cx.snapshot(), credentials.ids()));
    let sent = || credentials.as_ref().and_then(|credentials| credentials.ids().last());
    let Some(client) = found.as_ref().map(|provider| provider.client.id.as_str()).or_else(sent)
    else {
        return serve.await;
    };
    let attempts = MachineAttempts::of(client, request.client_ip);
    if let Err(wait) = attempts.admit(&service.cx).await {
        return too_many(wait);
    }
    let answer = serve.await;
    if answer.extensions().get::<WrongSecret>().is_some()
        && let Err(wait) = attempts.failed(&service.cx).await
    {
        return too_many(wait);
    }
    answer
}

fn too_many(wait: TooMany) -> Answer {
    let body = json!({"error": "temporarily_unavailable", "error_description": wait.to_string()});
    let mut answer = http::private_json(StatusCode::TOO_MANY_REQUESTS, &body);
    answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(wait.seconds));
    answer
}
