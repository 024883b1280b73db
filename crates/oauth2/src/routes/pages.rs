//! What people see when a client cannot be answered, and answers that need a page to travel.

use axum::http::StatusCode;
use countersign_core::{RequestInfo, redirect};
use countersign_flow::error_page;
use countersign_pages::{AutosubmitChallenge, Frame, Scene, response};

use super::http::Answer;
use crate::service::Service;
use crate::wire::PageError;
use crate::wire::respond::Delivery;

/// Sends an answer to the client, by redirect or by a form that submits itself.
pub(crate) fn deliver(service: &Service, delivery: Delivery) -> Answer {
    match delivery {
        Delivery::Redirect(to) => redirect(&to),
        Delivery::Form { url, fields } => {
            let page = AutosubmitChallenge::new(url, fields, "Redirecting...".to_owned());
            let frame = Frame::new("Countersign").below(&service.cx.settings.base_path);
            response(StatusCode::OK, &frame, &Scene::default(), &page)
        }
    }
}

pub(crate) fn refused(service: &Service, request: &RequestInfo, error: &PageError) -> Answer {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::BAD_REQUEST);
    let details: Vec<(&str, String)> = match error {
        PageError::Redirect { received, .. } if !received.is_empty() => {
            vec![("Address received", received.chars().take(500).collect())]
        }
        _ => Vec::new(),
    };
    error_page(&service.cx, request, status, error.title(), error.sentence(), &details)
}

pub(crate) fn not_found(service: &Service, request: &RequestInfo) -> Answer {
    refused(service, request, &PageError::Empty)
}

/// A provider nobody can use yet. With status 200, as every refusal a person sees in the original.
pub(crate) fn without_application(service: &Service, request: &RequestInfo) -> Answer {
    let text = "Failed to resolve application: this provider is not assigned to one yet.";
    error_page(&service.cx, request, StatusCode::OK, "Permission denied", text, &[])
}
