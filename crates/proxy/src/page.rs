//! Pages at the hosts of applications, which serve no style and no script of ours: each is whole in
//! itself.

use axum::body::Body;
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;display:grid;place-items:center;min-height:90vh;margin:0;\
padding:0 16px;background:#f6f7f9;color:#1c2330}main{max-width:460px;background:#fff;border:1px solid #dfe3ea;\
border-radius:12px;padding:28px 32px}h1{font-size:20px;margin:0 0 8px}p{margin:0 0 16px}a{color:#2457d6}\
@media(prefers-color-scheme:dark){body{background:#12161d;color:#e6e9ef}main{background:#1a202a;border-color:#2c3442}\
a{color:#8db0ff}}";

/// A page that says what happened, with a link to go on by.
pub(crate) fn page(
    status: StatusCode,
    title: &str,
    text: &str,
    to: Option<(&str, &str)>,
) -> Response {
    let link = to.map_or_else(String::new, |(label, address)| {
        format!("<p><a href=\"{}\">{}</a></p>", escaped(address), escaped(label))
    });
    let (title, text) = (escaped(title), escaped(text));
    let html = format!(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content=\"width=device-width\">\
         <title>{title}</title><style>{STYLE}</style><main><h1>{title}</h1><p>{text}</p>{link}</main></html>"
    );
    let mut response = Response::new(Body::from(html));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    let mut put = |name, value| headers.insert(name, HeaderValue::from_static(value));
    put(header::CONTENT_TYPE, "text/html; charset=utf-8");
    put(header::CACHE_CONTROL, "no-store");
    put(header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'");
    response
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}
