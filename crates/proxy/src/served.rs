//! All that a program answers that is a proxy and nothing else.

use axum::extract::Request;
use axum::response::Response;
use http::StatusCode;

use crate::asked::{ENVOY, Front};
use crate::home::Home;
use crate::pass::pass;
use crate::routes::{auth, callback, plain, sign_out, start};

const PREFIX: &str = "/outpost.goauthentik.io/";

/// Answers a request that came to a proxy, whichever host it names. Its headers say where it came
/// from only where they are true (`countersign_core::straighten`).
pub async fn served<H: Home>(home: &H, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    if home.sites().passed_on(&parts.uri, &parts.headers).is_some() {
        return pass(home, parts, body).await;
    }
    let path = parts.uri.path();
    match path.strip_prefix(PREFIX).unwrap_or_default() {
        "ping" => plain(StatusCode::NO_CONTENT, ""),
        "auth/nginx" => auth(home, Front::Nginx, &parts).await,
        "auth/traefik" | "auth/caddy" => auth(home, Front::Forwarded, &parts).await,
        "start" => start(home, &parts).await,
        "callback" => callback(home, &parts).await,
        "sign_out" => sign_out(home, &parts).await,
        _ if path == ENVOY || path.starts_with(&format!("{ENVOY}/")) => {
            auth(home, Front::Envoy, &parts).await
        }
        _ => plain(StatusCode::NOT_FOUND, "There is nothing here."),
    }
}
