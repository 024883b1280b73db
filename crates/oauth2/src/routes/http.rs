//! What the endpoints share of HTTP: reading parameters, and answers in the protocol's shape.

use axum::body::Body;
use axum::body::Bytes;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_REQUEST_HEADERS,
    AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, ORIGIN, PRAGMA, RETRY_AFTER, VARY,
    WWW_AUTHENTICATE,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode};
use countersign_store::log_failure;
use serde_json::{Value, json};

use super::attempts::WrongSecret;
use crate::provider::Provider;
use crate::service::{Internal, Service};
use crate::wire::params::ParamsError;
use crate::wire::{Params, Registered, TokenError, cors};

pub(crate) type Answer = Response<Body>;

const DPOP_NONCE: HeaderName = HeaderName::from_static("dpop-nonce");

/// The parameters of a form body; any other body has none.
///
/// # Errors
/// An unreasonable number or length of parameters.
pub(crate) fn form(headers: &HeaderMap, body: &Bytes) -> Result<Params, ParamsError> {
    let kind = text(headers, CONTENT_TYPE).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        Params::parse(body)
    } else {
        Ok(Params::default())
    }
}

pub(crate) fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).and_then(|v| v.to_str().ok())
}

pub(crate) fn authorization(headers: &HeaderMap) -> Option<&str> {
    text(headers, AUTHORIZATION)
}

/// The proofs in the headers of a request (RFC 9449 4.1).
pub(crate) fn proofs(headers: &HeaderMap) -> Vec<&str> {
    headers.get_all("dpop").iter().map(|proof| proof.to_str().unwrap_or_default()).collect()
}

/// Whoever sends a proof where proofs need a nonce learns the present one (RFC 9449 8.2).
pub(crate) fn give_nonce(
    answer: &mut Answer,
    service: &Service,
    headers: &HeaderMap,
    provider: Option<&Provider>,
) {
    let Some(provider) = provider.filter(|_| headers.contains_key("dpop")) else { return };
    let newest = service.nonces(provider.client.profile).into_iter().next();
    let newest = newest.and_then(|nonce| HeaderValue::from_str(&nonce).ok());
    answer.headers_mut().extend(newest.map(|nonce| (DPOP_NONCE, nonce)));
}

pub(crate) fn answer(
    status: StatusCode,
    content_type: &'static str,
    body: impl Into<Body>,
) -> Answer {
    let mut answer = Response::new(body.into());
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    answer
}

pub(crate) fn empty(status: StatusCode) -> Answer {
    answer(status, "text/html; charset=utf-8", Body::empty())
}

/// A JSON answer that nobody may keep.
pub(crate) fn private_json(status: StatusCode, body: &Value) -> Answer {
    let mut answer = json(status, body);
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer.headers_mut().insert(PRAGMA, HeaderValue::from_static("no-cache"));
    answer
}

pub(crate) fn json(status: StatusCode, body: &Value) -> Answer {
    answer(status, "application/json", body.to_string())
}

/// The error of the token endpoint and its siblings. `basic`: the client used the header, so it is
/// told how (RFC 6749 5.2).
pub(crate) fn token_error(error: TokenError, basic: bool) -> Answer {
    let mut answer = refusal(error, basic);
    if error.is_guess() {
        answer.extensions_mut().insert(WrongSecret);
    }
    answer
}

fn refusal(error: TokenError, basic: bool) -> Answer {
    let body = json!({"error": error.error(), "error_description": error.description()});
    if error.is_unauthenticated() && basic {
        let mut answer = private_json(StatusCode::UNAUTHORIZED, &body);
        // Some clients show nothing of a 401 but its challenge.
        let challenge = format!(
            r#"Basic realm="OAuth2", error="{}", error_description="{}""#,
            error.error(),
            error.description()
        );
        answer.headers_mut().extend(
            HeaderValue::from_str(&challenge).map(|challenge| (WWW_AUTHENTICATE, challenge)),
        );
        return answer;
    }
    private_json(StatusCode::BAD_REQUEST, &body)
}

/// Of a document with addresses made of the request's own host: without a fixed one, nobody may
/// keep it for others.
pub(crate) fn of_this_host(answer: &mut Answer, cx: &countersign_core::Context) {
    if cx.settings.base_url.is_none() {
        answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}

/// A body beyond every bound.
pub(crate) fn too_large() -> Answer {
    private_json(
        StatusCode::PAYLOAD_TOO_LARGE,
        &json!({"error": "invalid_request", "error_description": "The body is too large."}),
    )
}

/// The program's fault: the log says what, the client only that.
pub(crate) fn internal(error: &Internal) -> Answer {
    if error.is_of_characters() {
        return token_error(TokenError::RequestMalformed, false);
    }
    log_failure(error, error.is_passing(), "");
    if error.is_passing() {
        let text = "The database does not answer for the moment. Try again in a few seconds.";
        let mut answer = private_json(
            StatusCode::SERVICE_UNAVAILABLE,
            &json!({"error": "temporarily_unavailable", "error_description": text}),
        );
        answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
        return answer;
    }
    private_json(
        StatusCode::INTERNAL_SERVER_ERROR,
        &json!({"error": "server_error", "error_description": "An internal error occurred; nothing was changed."}),
    )
}

/// As [`internal`], for a person.
pub(crate) fn internal_page(error: &Internal) -> Answer {
    log_failure(error, error.is_passing(), "");
    let (status, title, text) = if error.is_of_characters() {
        (StatusCode::BAD_REQUEST, "Request Error", "Null characters are not allowed.")
    } else if error.is_passing() {
        (
            StatusCode::SERVICE_UNAVAILABLE,
            "Not available for the moment",
            "The server cannot reach its database. Wait a few seconds and try again.",
        )
    } else {
        (
            StatusCode::INTERNAL_SERVER_ERROR,
            "Server error",
            "Something went wrong here. Please try again.",
        )
    };
    let mut answer = answer(
        status,
        "text/html; charset=utf-8",
        format!("<!doctype html><title>{title}</title><p>{text}</p>"),
    );
    if error.is_passing() {
        answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
    }
    answer
}

/// Lets the pages of the client read the answer. Where no client is known (a preflight, a token
/// that is nobody's) the pages of any web origin may, without credentials of their own: such an
/// answer tells nothing.
pub(crate) fn share(
    answer: &mut Answer,
    method: &Method,
    headers: &HeaderMap,
    registered: Option<&[Registered]>,
) {
    let Some(origin) = text(headers, ORIGIN) else { return };
    let known = registered.is_some_and(|uris| cors::allowed(origin, uris));
    let preflight = method == Method::OPTIONS;
    let shared = known || (preflight || registered.is_none()) && cors::is_web_origin(origin);
    if !shared {
        return;
    }
    let Ok(origin) = HeaderValue::from_str(origin) else { return };
    let own = answer.headers_mut();
    own.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    own.append(VARY, HeaderValue::from_static("Origin"));
    for (name, shown) in [(WWW_AUTHENTICATE, "WWW-Authenticate"), (DPOP_NONCE, "DPoP-Nonce")] {
        if own.contains_key(name) {
            own.append(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(shown));
        }
    }
    if known {
        own.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    }
    if preflight {
        own.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST, OPTIONS"));
        if let Some(asked) = headers.get(ACCESS_CONTROL_REQUEST_HEADERS) {
            own.insert(ACCESS_CONTROL_ALLOW_HEADERS, asked.clone());
        }
    }
}
