//! `/.well-known/webfinger` (RFC 7033): from an address of mail to the issuer that signs its owner
//! in, which is that of the brand's default application.

use axum::http::header::ACCESS_CONTROL_ALLOW_ORIGIN;
use axum::http::{HeaderValue, StatusCode};
use countersign_catalogue::{Application, Brand};
use countersign_core::RequestInfo;
use serde_json::{Value, json};

use super::http::{self, Answer};
use crate::provider::Provider;
use crate::service::Service;
use crate::wire::Params;

const ISSUER: &str = "http://openid.net/specs/connect/1.0/issuer";

pub(super) fn webfinger(service: &Service, request: &RequestInfo) -> Answer {
    let document = describe(service, request).unwrap_or_else(|| json!({}));
    let mut answer = http::answer(StatusCode::OK, "application/jrd+json", document.to_string());
    answer.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    http::of_this_host(&mut answer, &service.cx);
    answer
}

fn describe(service: &Service, request: &RequestInfo) -> Option<Value> {
    let snapshot = service.cx.snapshot();
    let default = Brand::for_host(&snapshot, &request.host)?.default_application?;
    let slug = snapshot.get::<Application>(default)?.slug.to_string();
    let issuer = Provider::by_application(&snapshot, &slug)?.issuer(&service.cx.origin(request))?;
    let params = Params::parse(request.query.as_bytes()).ok()?;
    let subject = params.some("resource").ok()?;
    // RFC 7033 4.3: only the relations that are asked for.
    let wanted = params.some("rel").ok().flatten().is_none_or(|rel| rel == ISSUER);
    let links: Vec<Value> =
        wanted.then(|| json!({"rel": ISSUER, "href": issuer})).into_iter().collect();
    Some(json!({"subject": subject, "links": links}))
}
