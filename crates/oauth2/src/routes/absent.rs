//! Addresses of the original that are not built yet: whoever comes is told so, instead of finding
//! nothing.

use axum::extract::State;
use axum::http::StatusCode;
use countersign_core::{RequestInfo, Route, Routes};
use countersign_flow::error_page;
use serde_json::json;

use super::http::{self, Answer};
use crate::service::Service;

/// The code that a device without a keyboard shows.
const TEXT: &str = "The device code flow is not available in this version.";

pub(super) fn routes(over: &Routes<Service>) -> Vec<Route> {
    vec![over.at([], "/application/o/device/", program), over.at([], "/device", person)]
}

async fn program() -> Answer {
    http::private_json(
        StatusCode::NOT_IMPLEMENTED,
        &json!({"error": "temporarily_unavailable", "error_description": TEXT}),
    )
}

async fn person(State(service): State<Service>, request: axum::extract::Request) -> Answer {
    let request = RequestInfo::of(&request.into_parts().0);
    let status = StatusCode::NOT_IMPLEMENTED;
    error_page(&service.cx, &request, status, "Not available", TEXT, &[])
}
