//! What people see, and how messages leave.

use axum::body::Body;
use axum::response::Response;
use countersign_core::{RequestInfo, redirect};
use countersign_flow::{Onward, error_page};
use countersign_pages::{AutosubmitChallenge, Frame, Scene, response};
use countersign_saml::Refusal;
use countersign_store::log_failure;
use http::{HeaderValue, StatusCode, header};

use crate::found::Found;
use crate::service::{Internal, Service};

/// A message on its way through the browser.
pub(crate) enum Delivery {
    Redirect(String),
    Form { url: String, fields: Vec<(String, String)> },
}

impl Delivery {
    pub(crate) fn form(url: &str, fields: Vec<(&'static str, String)>) -> Delivery {
        let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Delivery::Form { url: url.to_owned(), fields }
    }

    /// What comes after signing out.
    pub(crate) fn onward(self, title: String) -> Onward {
        match self {
            Delivery::Redirect(to) => Onward::Address(to),
            Delivery::Form { url, fields } => Onward::Form { url, fields, title },
        }
    }

    pub(crate) fn of(onward: Onward, service: &Service) -> Delivery {
        match onward {
            Onward::Start => Delivery::Redirect(service.cx.url("/")),
            Onward::Address(to) => Delivery::Redirect(to),
            Onward::Form { url, fields, .. } => Delivery::Form { url, fields },
        }
    }

    /// As an answer of its own, without a flow.
    pub(crate) fn answer(self, service: &Service, title: String) -> Response {
        match self {
            Delivery::Redirect(to) => redirect(&to),
            Delivery::Form { url, fields } => {
                let page = AutosubmitChallenge::new(url, fields, title);
                let frame = Frame::new("Countersign").below(&service.cx.settings.base_path);
                response(StatusCode::OK, &frame, &Scene::default(), &page)
            }
        }
    }
}

/// `name` is what people call the application.
pub(crate) fn refused(
    service: &Service,
    request: &RequestInfo,
    name: &str,
    refusal: &Refusal,
) -> Response {
    let (text, details) = refusal.told(name);
    error_page(&service.cx, request, StatusCode::BAD_REQUEST, "Request Error", &text, &details)
}

pub(crate) fn not_found(service: &Service, request: &RequestInfo) -> Response {
    let text = "There is no application here that signs in with SAML. Is the address right?";
    error_page(&service.cx, request, StatusCode::NOT_FOUND, "Not found", text, &[])
}

/// What was kept of a request is no longer there.
pub(crate) fn expired(service: &Service, request: &RequestInfo, found: &Found) -> Response {
    let text = format!(
        "The sign-in to {} took too long, or was finished already. Open the application again.",
        found.name()
    );
    error_page(&service.cx, request, StatusCode::BAD_REQUEST, "Begin again", &text, &[])
}

/// With status 200, as every refusal a person sees in the original.
pub(crate) fn without_application(service: &Service, request: &RequestInfo) -> Response {
    let text = "Failed to resolve application: this provider is not assigned to one yet.";
    error_page(&service.cx, request, StatusCode::OK, "Permission denied", text, &[])
}

pub(crate) fn internal(error: &Internal) -> Response {
    log_failure(error, error.is_passing(), "");
    let (status, title, text) = if error.is_passing() {
        (
            StatusCode::SERVICE_UNAVAILABLE,
            "Not available for the moment",
            "The server cannot reach its database. Wait a few seconds and try again.",
        )
    } else {
        (
            StatusCode::INTERNAL_SERVER_ERROR,
            "Server error",
            "The sign-in to this application is not set up rightly. An administrator finds the reason in the events.",
        )
    };
    let body = format!("<!doctype html><title>{title}</title><p>{text}</p>");
    let mut answer = Response::new(Body::from(body));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    if error.is_passing() {
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
    }
    answer
}

pub(crate) fn xml(status: StatusCode, kind: &'static str, xml: String) -> Response {
    let mut answer = Response::new(Body::from(xml));
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    answer
}
