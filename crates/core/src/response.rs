//! Small answers.

use axum::body::Body;
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use serde_json::Value;

use crate::context::Context;

/// A JSON answer.
pub fn json(status: StatusCode, value: &Value) -> Response {
    let mut response = Response::new(Body::from(value.to_string()));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// Sends a browser elsewhere (302), for this once: what the address carries is nobody else's.
pub fn redirect(to: &str) -> Response {
    let mut response = Response::new(Body::empty());
    match HeaderValue::from_str(to) {
        Ok(location) => {
            *response.status_mut() = StatusCode::FOUND;
            let headers = response.headers_mut();
            headers.insert(header::LOCATION, location);
            let html = HeaderValue::from_static("text/html; charset=utf-8");
            headers.insert(header::CONTENT_TYPE, html);
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
        // An address that cannot be in a header leads nowhere.
        Err(_) => *response.status_mut() = StatusCode::BAD_REQUEST,
    }
    response
}

impl Context {
    /// Sends a browser to an address of this server, or of another.
    pub fn redirect(&self, to: &str) -> Response {
        redirect(&self.url(to))
    }

    /// As [`Context::redirect`], after a form (303).
    pub fn see_other(&self, to: &str) -> Response {
        let mut response = self.redirect(to);
        if response.status() == StatusCode::FOUND {
            *response.status_mut() = StatusCode::SEE_OTHER;
        }
        response
    }
}

/// 204.
pub fn no_content() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}
