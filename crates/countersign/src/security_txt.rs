//! `/.well-known/security.txt`: whom to tell of a hole in this installation (RFC 9116).

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use countersign_core::{Context, Module, RequestInfo, Routes};
use http::{Method, StatusCode, header};

use crate::settings::Settings;

const PATH: &str = "/.well-known/security.txt";
/// The file is read as true for so long (RFC 9116, 2.5.5: less than a year).
const GOOD_FOR: i64 = 180 * 86_400;

/// The file, as far as the settings name somebody.
pub fn module(settings: &Settings) -> Module {
    let contact = settings.general.security_contact.clone().map(|contact| contact.0);
    let over = Routes::over(move |cx: &Context| (cx.clone(), contact.clone()));
    Module {
        name: "security_txt",
        routes: vec![over.at([Method::GET, Method::HEAD], PATH, file)],
        ..Module::default()
    }
}

async fn file(
    State((cx, contact)): State<(Context, Option<String>)>,
    request: axum::extract::Request,
) -> Response {
    let request = RequestInfo::of(&request.into_parts().0);
    let Some(contact) = contact else { return cx.not_found(&request) };
    let expires = cx.clock.now().plus_seconds(GOOD_FOR).iso();
    let canonical = format!("{}{PATH}", cx.origin(&request));
    let text = format!("Contact: {contact}\nExpires: {expires}\nCanonical: {canonical}\n");
    (StatusCode::OK, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}
