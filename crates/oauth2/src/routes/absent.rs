//! Addresses of the original that are not built yet: whoever comes is told so, instead of finding
//! nothing.

use axum::extract::State;
use axum::http::StatusCode;
use countersign_core::{RequestInfo, Route, Routes};
use countersign_flow::error_page;
use serde_json::json;

use super::http::{self, Answer};
use crate::service::Service;

pub(super) fn routes(over: &Routes<Service>) -> Vec<Route> {
    // The dialect of GitHub, and the code that a device without a keyboard shows.
    let programs = ["/login/oauth/access_token", "/user", "/user/teams", "/application/o/device/"];
    let people = ["/login/oauth/authorize", "/device"];
    let programs = programs.into_iter().map(|path| over.at([], path, program));
    programs.chain(people.into_iter().map(|path| over.at([], path, person))).collect()
}

fn text(path: &str) -> String {
    let what = if path.contains("device") {
        "The device code flow"
    } else {
        "Signing in by the addresses of GitHub"
    };
    format!("{what} is not available in this version.")
}

async fn program(request: axum::extract::Request) -> Answer {
    let description = text(request.uri().path());
    http::private_json(
        StatusCode::NOT_IMPLEMENTED,
        &json!({"error": "temporarily_unavailable", "error_description": description}),
    )
}

async fn person(State(service): State<Service>, request: axum::extract::Request) -> Answer {
    let request = RequestInfo::of(&request.into_parts().0);
    error_page(
        &service.cx,
        &request,
        StatusCode::NOT_IMPLEMENTED,
        "Not available",
        &text(&request.path),
        &[],
    )
}
