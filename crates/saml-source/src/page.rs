//! What people see, and how messages leave.

use axum::response::Response;
use countersign_core::{RequestInfo, Visitor};
use countersign_flow::source::refuse;
use countersign_saml::Refusal;
use countersign_store::log_failure;
use http::{HeaderValue, StatusCode, header};

use crate::found::Found;
use crate::service::{Internal, Service};

/// A refusal, with what is wrong for those who run the other side.
pub(crate) fn refused(
    service: &Service,
    request: &RequestInfo,
    visitor: &Visitor,
    found: &Found,
    refusal: &Refusal,
) -> Response {
    let (text, details) = refusal.told(found.name());
    let said = (StatusCode::BAD_REQUEST, text.as_str());
    refuse(&service.cx, request, visitor, found.name(), said, &details)
}

pub(crate) fn not_found(service: &Service, request: &RequestInfo) -> Response {
    let said = (StatusCode::NOT_FOUND, "There is no such source, or it is disabled.");
    refuse(&service.cx, request, &Visitor::nobody(String::new()), "", said, &[])
}

pub(crate) fn internal(service: &Service, request: &RequestInfo, error: &Internal) -> Response {
    log_failure(error, error.is_passing(), "");
    let said = if error.is_passing() {
        (
            StatusCode::SERVICE_UNAVAILABLE,
            "The server cannot reach its database. Wait a few seconds and try again.",
        )
    } else if matches!(error, Internal::NoAddress) {
        (
            StatusCode::BAD_REQUEST,
            "This server does not know its own address. An administrator has to set base_url (COUNTERSIGN_BASE_URL), or to sign in here by a password once.",
        )
    } else {
        (
            StatusCode::BAD_REQUEST,
            "This source is not set up rightly. An administrator finds the reason in the events.",
        )
    };
    let nobody = Visitor::nobody(String::new());
    let mut answer = refuse(&service.cx, request, &nobody, "", said, &[]);
    if error.is_passing() {
        answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
    }
    answer
}
