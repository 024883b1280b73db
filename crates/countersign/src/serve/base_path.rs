//! Serving below a path (`web.path`): the one place that knows of it, together with the origin that
//! links begin with.
//!
//! Inside, everything is at `/`. On the way in the path is taken off; on the way out it is put
//! before what leads to this server: redirects, cookies, addresses in pages, scripts and style
//! sheets. Issuers and links in mails are absolute and have it already.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use http::{HeaderValue, StatusCode, Uri, header};

/// Answers up to this size are looked through.
const LARGEST: usize = 8 * 1024 * 1024;

/// The path without its final slash, as `/auth`.
pub type Prefix = Arc<str>;

/// Takes the path off and puts it on.
pub async fn layer(State(prefix): State<Prefix>, mut request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let Some(inner) = inside(&prefix, &path) else {
        return match path.as_str() {
            // Probes look where they always do.
            path if path.starts_with("/-/") => next.run(request).await,
            "/" => (StatusCode::FOUND, [(header::LOCATION, format!("{prefix}/"))]).into_response(),
            path if path == &*prefix => {
                (StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, format!("{prefix}/"))])
                    .into_response()
            }
            _ => (StatusCode::NOT_FOUND, format!("This server is at {prefix}/.")).into_response(),
        };
    };
    let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
    let Ok(uri) = format!("{inner}{query}").parse::<Uri>() else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    *request.uri_mut() = uri;
    // What is packed cannot be looked through.
    request.headers_mut().remove(header::ACCEPT_ENCODING);
    let executor = inner.starts_with("/api/v3/flows/executor/");
    let mut response = next.run(request).await;
    headers(&prefix, &mut response);
    body(&prefix, response, executor).await
}

fn inside<'p>(prefix: &str, path: &'p str) -> Option<&'p str> {
    path.strip_prefix(prefix).filter(|rest| rest.starts_with('/'))
}

/// An address on this server, as a browser must ask for it.
fn outside(prefix: &str, address: &str) -> Option<String> {
    let own =
        address.starts_with('/') && !address.starts_with("//") && inside(prefix, address).is_none();
    own.then(|| format!("{prefix}{address}"))
}

fn headers(prefix: &str, response: &mut Response) {
    let headers = response.headers_mut();
    let location = headers
        .get(header::LOCATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|address| outside(prefix, address));
    if let Some(value) = location.and_then(|address| HeaderValue::from_str(&address).ok()) {
        headers.insert(header::LOCATION, value);
    }
    let cookies: Vec<HeaderValue> =
        headers.get_all(header::SET_COOKIE).iter().map(|cookie| placed(prefix, cookie)).collect();
    headers.remove(header::SET_COOKIE);
    for cookie in cookies {
        headers.append(header::SET_COOKIE, cookie);
    }
}

/// A cookie for the same place below the path.
fn placed(prefix: &str, cookie: &HeaderValue) -> HeaderValue {
    let Ok(text) = cookie.to_str() else { return cookie.clone() };
    let parts: Vec<String> = text
        .split("; ")
        .map(|part| {
            part.strip_prefix("Path=/")
                .map_or_else(|| part.to_owned(), |rest| format!("Path={prefix}/{rest}"))
        })
        .collect();
    HeaderValue::from_str(&parts.join("; ")).unwrap_or_else(|_| cookie.clone())
}

/// What to look for in a body: text before an address, for each form an address can have there.
fn marks(kind: &str, executor: bool) -> &'static [&'static str] {
    match kind {
        // Templates write the slash as a character reference.
        "text/html" => &["href=\"", "src=\"", "action=\"", "data-url=\"", "url="],
        "text/css" => &["url(", "url(\"", "url('"],
        "text/javascript" | "application/javascript" => &["\"", "'", "`"],
        "application/json" if executor => &["\"to\":\"", "\"url\":\""],
        _ => &[],
    }
}

async fn body(prefix: &str, response: Response, executor: bool) -> Response {
    let kind = response
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_owned();
    let marks = marks(&kind, executor);
    if marks.is_empty() {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = axum::body::to_bytes(body, LARGEST).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let Ok(text) = String::from_utf8(bytes.to_vec()) else {
        return Response::from_parts(parts, Body::from(bytes));
    };
    let mut text = if kind.ends_with("javascript") {
        scripts(prefix, text, marks)
    } else {
        addresses(prefix, &text, marks)
    };
    if kind == "text/html" {
        // Scripts of ours ask the page where it is.
        text = text.replacen("<html ", &format!("<html data-base=\"{prefix}\" "), 1);
    }
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(text))
}

/// In scripts only the paths of static files are addresses for certain.
fn scripts(prefix: &str, text: String, marks: &[&str]) -> String {
    marks.iter().fold(text, |text, mark| {
        text.replace(&format!("{mark}/static/"), &format!("{mark}{prefix}/static/"))
    })
}

fn addresses(prefix: &str, text: &str, marks: &[&str]) -> String {
    let slash = |rest: &str| ["/", "&#x2f;"].into_iter().find(|slash| rest.starts_with(slash));
    let mut out = String::with_capacity(text.len() + 256);
    let mut rest = text;
    loop {
        let found = marks.iter().filter_map(|mark| rest.find(mark).map(|at| at + mark.len())).min();
        let Some((before, after)) = found.and_then(|end| rest.split_at_checked(end)) else { break };
        out.push_str(before);
        if let Some(slash) = slash(after) {
            let second = after.strip_prefix(slash).unwrap_or_default();
            let already = after.replace("&#x2f;", "/").starts_with(&format!("{prefix}/"));
            // Two slashes lead to another server.
            if self::slash_free(second) && !already {
                out.push_str(prefix);
            }
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

fn slash_free(text: &str) -> bool {
    !text.starts_with('/') && !text.starts_with("&#x2f;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_ours_move_and_others_stay() {
        let page = "<a href=\"/if/user/\"><a href=\"&#x2f;if&#x2f;\"><a href=\"//x.org/\"><a href=\"https://x.org/\"><a href=\"#top\"><form action=\"/auth/x/\">";
        let wanted = "<a href=\"/auth/if/user/\"><a href=\"/auth&#x2f;if&#x2f;\"><a href=\"//x.org/\"><a href=\"https://x.org/\"><a href=\"#top\"><form action=\"/auth/x/\">";
        assert_eq!(addresses("/auth", page, marks("text/html", false)), wanted);
        assert_eq!(
            addresses("/auth", "a{b:url(/static/x)}", marks("text/css", false)),
            "a{b:url(/auth/static/x)}"
        );
        assert_eq!(
            addresses("/auth", "{\"to\":\"/if/\",\"b\":\"/if/\"}", marks("application/json", true)),
            "{\"to\":\"/auth/if/\",\"b\":\"/if/\"}"
        );
    }

    #[test]
    fn cookies_move() {
        let moved = |text: &'static str| {
            placed("/auth", &HeaderValue::from_static(text)).to_str().unwrap().to_owned()
        };
        assert_eq!(moved("a=b; HttpOnly; Path=/; Secure"), "a=b; HttpOnly; Path=/auth/; Secure");
        assert_eq!(moved("a=b; Path=/if/flow/; Max-Age=0"), "a=b; Path=/auth/if/flow/; Max-Age=0");
    }

    #[test]
    fn only_whole_segments_are_inside() {
        assert_eq!(inside("/auth", "/auth/x"), Some("/x"));
        assert_eq!(inside("/auth", "/authority/x"), None);
        assert_eq!(outside("/auth", "/if/"), Some("/auth/if/".to_owned()));
        assert_eq!(outside("/auth", "//x.org/"), None);
        assert_eq!(outside("/auth", "https://x.org/"), None);
    }
}
