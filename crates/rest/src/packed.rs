//! Answers that travel compressed.
//!
//! What is compressed tells by its length which parts of it repeat each other. Who can put a text
//! of their own into an answer with a secret, have a browser ask for it again and again, and see how
//! long it is, reads the secret letter by letter (BREACH). So an answer that may hold a secret in
//! clear is never compressed, and none is that another site had a browser ask for.

use std::io::Write as _;

use axum::body::Body;
use axum::response::Response;
use countersign_core::Operation;
use flate2::{Compression, write::GzEncoder};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use http_body_util::BodyExt as _;

/// Shorter answers fit into one packet as they are.
const LEAST: usize = 1024;
/// Longer ones are compressed outside of the threads that answer requests.
const LONG: usize = 128 * 1024;
/// Operations beyond declared collections whose answers hold no secret.
const OPEN: [&str; 3] = ["admin/", "countersign/", "rbac/"];

/// Whether the answer to a request may be compressed.
pub(crate) fn is_wanted(operation: &Operation, headers: &HeaderMap, masked: bool) -> bool {
    let without_secret = match operation.meta {
        Some(meta) => {
            // `view_key` and the like answer a secret alone.
            let of_collection = !operation.path.contains("/view_");
            let secret =
                |field: &countersign_model::FieldMeta| field.is_secret() && !field.write_only;
            of_collection && (masked || !meta.fields.iter().any(secret))
        }
        None => OPEN.iter().any(|start| operation.path.starts_with(start)),
    };
    // Browsers say so themselves; others who ask are not led by anybody (W3C Fetch Metadata).
    let own = headers
        .get("sec-fetch-site")
        .is_none_or(|site| [&b"same-origin"[..], b"none"].contains(&site.as_bytes()));
    operation.method == Method::GET && !operation.acts && without_secret && own && accepted(headers)
}

fn accepted(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::ACCEPT_ENCODING).iter();
    values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).any(|part| {
        let mut pieces = part.split(';').map(str::trim);
        let weight = |piece: &str| piece.strip_prefix("q=").and_then(|q| q.parse::<f32>().ok());
        pieces.next() == Some("gzip") && !pieces.filter_map(weight).any(|weight| weight <= 0.0)
    })
}

/// Compresses an answer if that is worth it. One that names its very bytes stays as it is.
pub(crate) async fn packed(response: Response) -> Response {
    let strong =
        response.headers().get(header::ETAG).is_some_and(|tag| !tag.as_bytes().starts_with(b"W/"));
    let json = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    if strong || !json || response.status() != StatusCode::OK {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = body.collect().await.map(http_body_util::Collected::to_bytes) else {
        return Response::from_parts(parts, Body::empty());
    };
    parts.headers.append(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    if bytes.len() < LEAST {
        return Response::from_parts(parts, Body::from(bytes));
    }
    let plain = bytes.clone();
    let smaller = if bytes.len() < LONG {
        gzip(&plain)
    } else {
        tokio::task::spawn_blocking(move || gzip(&plain)).await.ok().flatten()
    };
    let Some(smaller) = smaller else { return Response::from_parts(parts, Body::from(bytes)) };
    parts.headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(smaller))
}

fn gzip(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut out = GzEncoder::new(Vec::with_capacity(bytes.len() / 4), Compression::new(5));
    out.write_all(bytes).ok()?;
    out.finish().ok()
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use countersign_core::{Access, json};
    use serde_json::{Value, json};

    use super::*;

    fn operation(method: Method, path: &str) -> Operation {
        Operation::new(method, path, "test", Access::public(), |_| async {
            Ok(json(StatusCode::OK, &Value::Null))
        })
    }

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                (http::HeaderName::from_static(name), HeaderValue::from_static(value))
            })
            .collect()
    }

    #[test]
    fn an_answer_with_a_secret_or_for_another_site_is_not_compressed() {
        let gzip = ("accept-encoding", "br, gzip;q=0.8");
        let kinds = operation(Method::GET, "countersign/kinds/");
        for (wanted, operation, asked) in [
            (true, &kinds, vec![gzip]),
            (true, &kinds, vec![gzip, ("sec-fetch-site", "same-origin")]),
            (false, &kinds, vec![gzip, ("sec-fetch-site", "cross-site")]),
            (false, &kinds, vec![gzip, ("sec-fetch-site", "same-site")]),
            (false, &kinds, vec![]),
            (false, &kinds, vec![("accept-encoding", "gzip;q=0")]),
            (false, &operation(Method::POST, "countersign/secrets/"), vec![gzip]),
            (false, &operation(Method::GET, "flows/executor/{flow_slug}/"), vec![gzip]),
            (false, &operation(Method::GET, "countersign/x/").acts(), vec![gzip]),
        ] {
            let found = is_wanted(operation, &headers(&asked), true);
            assert_eq!(found, wanted, "{} {asked:?}", operation.path);
        }
    }

    #[tokio::test]
    async fn what_is_long_is_compressed_and_what_names_its_bytes_is_not() {
        let long = json!(vec!["the same again"; 500]);
        let answer = packed(json(StatusCode::OK, &long)).await;
        assert_eq!(answer.headers()[header::CONTENT_ENCODING], "gzip");
        let bytes = answer.into_body().collect().await.unwrap().to_bytes();
        let mut text = String::new();
        flate2::read::GzDecoder::new(&*bytes).read_to_string(&mut text).unwrap();
        assert_eq!(text, long.to_string());

        let tagged = crate::objects::tagged(json(StatusCode::OK, &long), "\"5\"");
        let short = json(StatusCode::OK, &json!({"a": 1}));
        let refused = json(StatusCode::BAD_REQUEST, &long);
        for answer in [tagged, short, refused] {
            assert!(packed(answer).await.headers().get(header::CONTENT_ENCODING).is_none());
        }
    }
}
