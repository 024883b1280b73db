//! Static files: the sign-in pages' own, small pictures at the paths of the original, and the built
//! web interface. Compressed on first use, answered with an entity tag; names that carry a hash are
//! cached for a year.

use std::collections::HashMap;
use std::io::Write as _;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::response::Response;
use countersign_model::BasePath;
use countersign_words::Language;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use rust_embed::{Embed, EmbeddedFile};
use sha2::{Digest as _, Sha256};

/// For names that change with their content.
pub const IMMUTABLE: &str = "public, max-age=31536000, immutable";
/// What `web/vite.config.ts` writes for the base path.
const BASE_MARK: &str = "__BASE__";
const REVALIDATE: &str = "public, max-age=300, must-revalidate";

#[derive(Embed)]
#[folder = "assets/dist"]
struct Own;

#[derive(Embed)]
#[folder = "../../web/dist"]
struct Web;

/// What is served below `/static/`.
#[derive(Debug)]
pub struct Files {
    fixed: HashMap<String, Arc<Ready>>,
    /// Compressed forms by path. Bounded: only embedded files get in.
    ready: Mutex<HashMap<String, Arc<Ready>>>,
}

#[derive(Debug)]
struct Ready {
    plain: Vec<u8>,
    packed: Option<Vec<u8>>,
    mime: String,
    tag: String,
    cache: &'static str,
}

impl Files {
    #[must_use]
    pub(crate) fn new(own: &[(&str, &[u8])]) -> Self {
        let fixed = own
            .iter()
            .map(|(path, bytes)| {
                ((*path).to_owned(), Arc::new(prepare(path, bytes.to_vec(), IMMUTABLE)))
            })
            .collect();
        Self { fixed, ready: Mutex::new(HashMap::new()) }
    }

    /// Answers `GET /static/...`; `None` for a file that does not exist.
    #[must_use]
    pub fn serve(&self, path: &str, request: &HeaderMap) -> Option<Response> {
        let file = self.find(path)?;
        Some(answer(&file, request))
    }

    /// The page of the web interface (`admin.html` or `user.html`), never cached by name. It is
    /// built with a mark where the path belongs that the server is below.
    #[must_use]
    pub fn interface(
        &self,
        name: &str,
        base: &BasePath,
        language: Language,
        request: &HeaderMap,
    ) -> Option<Response> {
        let file = Web::get(name)?;
        let html = String::from_utf8_lossy(&file.data).replace(BASE_MARK, base.as_str());
        let direction = if language.is_rtl() { "\" dir=\"rtl" } else { "" };
        let lang = format!("lang=\"{}{direction}\"", language.tag());
        let html = html.replacen("lang=\"en\"", &lang, 1);
        let html = html.replace(&Language::En.t("needs-script"), &language.t("needs-script"));
        let page = prepare(name, html.into_bytes(), "no-cache");
        Some(answer(&page, request))
    }

    fn find(&self, path: &str) -> Option<Arc<Ready>> {
        if let Some(file) = self.fixed.get(path) {
            return Some(Arc::clone(file));
        }
        let (file, cache) = embedded(path)?;
        // In a development build the files are read from disk, so the tag decides whether ours is
        // current.
        let tag = hex::encode(file.metadata.sha256_hash());
        let mut ready = self.ready.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(known) = ready.get(path).filter(|known| tag.starts_with(&known.tag)) {
            return Some(Arc::clone(known));
        }
        let made = Arc::new(prepare(path, file.data.into_owned(), cache));
        ready.insert(path.to_owned(), Arc::clone(&made));
        Some(made)
    }
}

fn embedded(path: &str) -> Option<(EmbeddedFile, &'static str)> {
    if let Some(name) = path.strip_prefix("/static/web/") {
        let cache = if carries_hash(name) { IMMUTABLE } else { REVALIDATE };
        return Web::get(name).map(|file| (file, cache));
    }
    let name = path.strip_prefix("/static/dist/")?;
    Own::get(name).map(|file| (file, REVALIDATE))
}

/// Files made by the bundler end in `-` and eight or more letters before the extension.
fn carries_hash(name: &str) -> bool {
    let stem = name.rsplit('/').next().and_then(|file| file.split('.').next()).unwrap_or_default();
    let hash = stem.rsplit('-').next().unwrap_or_default();
    stem.len() > hash.len()
        && hash.len() >= 8
        && hash.bytes().any(|b| b.is_ascii_digit() || b.is_ascii_uppercase())
}

fn prepare(path: &str, plain: Vec<u8>, cache: &'static str) -> Ready {
    let mime = mime(path);
    let text = mime.starts_with("text/")
        || mime.contains("json")
        || mime.contains("svg")
        || mime.contains("wasm");
    let packed = (text && plain.len() > 256)
        .then(|| gzip(&plain))
        .flatten()
        .filter(|packed| packed.len() < plain.len());
    Ready { tag: hash(&plain), packed, mime: mime.to_owned(), plain, cache }
}

fn gzip(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    out.write_all(bytes).ok()?;
    out.finish().ok()
}

fn answer(file: &Ready, request: &HeaderMap) -> Response {
    let packed = file.packed.as_ref().filter(|_| accepts_gzip(request));
    let tag = format!("\"{}{}\"", file.tag, if packed.is_some() { "-gz" } else { "" });
    let same = request
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|value| value.trim().trim_start_matches("W/") == tag || value.trim() == "*");
    let body = if same { Vec::new() } else { packed.unwrap_or(&file.plain).clone() };
    let mut response = Response::new(Body::from(body));
    if same {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let headers = response.headers_mut();
    let mut set = |name: header::HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    set(header::CONTENT_TYPE, &file.mime);
    set(header::ETAG, &tag);
    set(header::CACHE_CONTROL, file.cache);
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    if file.packed.is_some() {
        set(header::VARY, "Accept-Encoding");
    }
    if packed.is_some() && !same {
        set(header::CONTENT_ENCODING, "gzip");
    }
    // A picture opened by itself must not run script.
    if file.mime.contains("svg") {
        set(
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; sandbox",
        );
    }
    response
}

fn accepts_gzip(request: &HeaderMap) -> bool {
    request
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|part| {
            let mut pieces = part.split(';').map(str::trim);
            pieces.next() == Some("gzip")
                && !pieces.any(|piece| matches!(piece, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
        })
}

fn mime(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "css" => "text/css; charset=utf-8",
        "gif" => "image/gif",
        "html" => "text/html; charset=utf-8",
        "ico" => "image/x-icon",
        "jpg" | "jpeg" => "image/jpeg",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "json" | "map" => "application/json",
        "png" => "image/png",
        "svg" => "image/svg+xml",
        "txt" => "text/plain; charset=utf-8",
        "wasm" => "application/wasm",
        "webp" => "image/webp",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    }
}

pub(crate) fn hash(bytes: &[u8]) -> String {
    let mut text = hex::encode(Sha256::digest(bytes));
    text.truncate(16);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_of_the_original_exist() {
        let files = Files::new(&[]);
        for path in [
            "icons/icon.png",
            "icons/icon_left_brand.svg",
            "images/flow_background.jpg",
            "images/user_default.png",
        ] {
            assert!(
                files.serve(&format!("/static/dist/assets/{path}"), &HeaderMap::new()).is_some(),
                "{path}"
            );
        }
        assert!(files.serve("/static/dist/../lib.rs", &HeaderMap::new()).is_none());
        assert!(files.serve("/static/web/../Cargo.toml", &HeaderMap::new()).is_none());
    }

    #[test]
    fn a_known_tag_answers_not_modified() {
        let files = Files::new(&[("/static/pages/a.css", &[b'a'; 1000])]);
        let mut request = HeaderMap::new();
        request.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("br, gzip;q=0.8"));
        let first = files.serve("/static/pages/a.css", &request).unwrap();
        assert_eq!(first.headers()[header::CONTENT_ENCODING], "gzip");
        request.insert(header::IF_NONE_MATCH, first.headers()[header::ETAG].clone());
        let second = files.serve("/static/pages/a.css", &request).unwrap();
        assert_eq!(second.status(), StatusCode::NOT_MODIFIED);
    }

    #[test]
    fn only_names_with_a_hash_are_kept_for_ever() {
        assert!(carries_hash("assets/admin-Bx3k9QaZ.js"));
        assert!(!carries_hash("assets/theme.js"));
        assert!(!carries_hash("assets/user-default.svg"));
    }
}
