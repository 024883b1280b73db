//! `/api/v3/`: a page to read the document and try requests. It takes nothing from elsewhere, and
//! asks what its reader may ask: with the session of the browser, or with a token that is typed in
//! and forgotten with the page.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use countersign_core::{Context, Route, Routes};
use http::{HeaderName, Method, header};

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub(crate) fn routes() -> Vec<Route> {
    let over = Routes::over(Context::clone);
    let files = [
        ("", "text/html; charset=utf-8", include_str!("page.html")),
        ("browser.css", "text/css; charset=utf-8", include_str!("page.css")),
        ("browser.js", "text/javascript; charset=utf-8", include_str!("page.js")),
    ];
    let served = files.map(|(name, kind, text)| {
        let serve = move |_: State<Context>| async move { file(kind, text) };
        over.at([Method::GET], format!("/api/v3/{name}"), serve)
    });
    served.into()
}

fn file(kind: &'static str, text: &'static str) -> Response {
    let headers: [(HeaderName, &'static str); 5] = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, text).into_response()
}
