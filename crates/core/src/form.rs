//! Bodies that are forms with files (RFC 7578).

use axum::body::{Body, Bytes};
use multer::Multipart;

/// A field of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    pub name: String,
    /// What a file is called; `None` for text.
    pub file_name: Option<String>,
    /// Type and subtype, without parameters.
    pub content_type: Option<String>,
    pub content: Bytes,
}

/// As many fields are read.
const MOST: usize = 256;

/// The fields of a form in their order, up to one that is broken; `None` when the media type is no
/// such form.
pub async fn parts(media: &str, body: Bytes) -> Option<Vec<Part>> {
    let boundary = multer::parse_boundary(media).ok()?;
    let mut form = Multipart::new(Body::from(body).into_data_stream(), boundary);
    let mut parts = Vec::new();
    while parts.len() < MOST
        && let Ok(Some(field)) = form.next_field().await
    {
        let Some(name) = field.name().map(str::to_owned) else { continue };
        let file_name = field.file_name().map(str::to_owned);
        let content_type = field.content_type().map(|media| media.essence_str().to_owned());
        let Ok(content) = field.bytes().await else { break };
        parts.push(Part { name, file_name, content_type, content });
    }
    Some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn fields_come_in_their_order_up_to_a_broken_one() {
        let kind = "multipart/form-data; boundary=xyz";
        let body = b"--xyz\r\nContent-Disposition: form-data; name=\"clear\"\r\n\r\ntrue\r\n--xyz\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.yaml\"\r\nContent-Type: text/yaml\r\n\r\na: --xyz\n\r\n--xyz\r\nContent-Disposition: form-data; name=\"cut\"\r\n\r\nto";
        let found = parts(kind, Bytes::from_static(body)).await.unwrap();
        let text = Part {
            name: "clear".into(),
            file_name: None,
            content_type: None,
            content: Bytes::from_static(b"true"),
        };
        let file = Part {
            name: "file".into(),
            file_name: Some("a.yaml".into()),
            content_type: Some("text/yaml".into()),
            content: Bytes::from_static(b"a: --xyz\n"),
        };
        assert_eq!(found, [text, file]);
        assert_eq!(parts("application/json", Bytes::from_static(body)).await, None);
        assert_eq!(parts(kind, Bytes::new()).await, Some(Vec::new()));
    }
}
