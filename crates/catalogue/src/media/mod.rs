//! Pictures that administrators upload, as icons and backgrounds: files below the folder of the
//! setting `storage.media.file.path`, served to everybody at `/media/public/`, or in a bucket, which
//! that address leads on to.

mod bucket;
mod sigv4;

use std::ffi::OsStr;
use std::io::{ErrorKind, Write as _};
use std::path::{Component, Path, PathBuf};

use axum::extract::{self, State};
use axum::response::{IntoResponse as _, Response};
pub use bucket::{Addressing, BucketSettings, S3};
use countersign_core::{
    ApiError, Bucket, Call, Context, Media, RequestInfo, Route, Routes, Upload,
};
use countersign_model::{Picture, Problem, Timestamp};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::application::picture;

/// Bytes of one picture.
const LARGEST: usize = 3 * 1024 * 1024;

/// A picture may carry scripts (SVG): opened as a page of its own it is nobody's page.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

/// Where a picture is kept, in the original's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Folder {
    /// Of applications.
    ApplicationIcons,
    /// Of flows.
    FlowBackgrounds,
    /// Of sources.
    SourceIcons,
}

impl Folder {
    const fn name(self) -> &'static str {
        match self {
            Folder::ApplicationIcons => "application-icons",
            Folder::FlowBackgrounds => "flow-backgrounds",
            Folder::SourceIcons => "source-icons",
        }
    }
}

/// The kinds of pictures, by what their files begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Png,
    Jpeg,
    Gif,
    Webp,
    Avif,
    Icon,
    Svg,
}

impl Format {
    const ALL: [(Format, &'static [&'static str], &'static str); 7] = [
        (Format::Png, &["png"], "image/png"),
        (Format::Jpeg, &["jpg", "jpeg"], "image/jpeg"),
        (Format::Gif, &["gif"], "image/gif"),
        (Format::Webp, &["webp"], "image/webp"),
        (Format::Avif, &["avif"], "image/avif"),
        (Format::Icon, &["ico"], "image/x-icon"),
        (Format::Svg, &["svg"], "image/svg+xml"),
    ];

    /// What a file is, whatever it is called.
    fn of(content: &[u8]) -> Option<Format> {
        let begins = |with: &[u8]| content.starts_with(with);
        let at = |place: usize, text: &[u8]| {
            content.get(place..).is_some_and(|rest| rest.starts_with(text))
        };
        Some(match content {
            _ if begins(b"\x89PNG\r\n\x1a\n") => Format::Png,
            _ if begins(b"\xff\xd8\xff") => Format::Jpeg,
            _ if begins(b"GIF87a") || begins(b"GIF89a") => Format::Gif,
            _ if begins(b"RIFF") && at(8, b"WEBP") => Format::Webp,
            _ if at(4, b"ftypavif") || at(4, b"ftypavis") => Format::Avif,
            _ if begins(b"\0\0\x01\0") => Format::Icon,
            _ if is_svg(content) => Format::Svg,
            _ => return None,
        })
    }

    /// By the end of a name.
    fn named(path: &Path) -> Option<Format> {
        let end = path.extension().and_then(OsStr::to_str)?.to_ascii_lowercase();
        let mut all = Format::ALL.iter();
        all.find(|(_, ends, _)| ends.contains(&end.as_str())).map(|(format, ..)| *format)
    }

    fn end(self) -> &'static str {
        self.row().1
    }

    fn media_type(self) -> &'static str {
        self.row().2
    }

    fn row(self) -> (Format, &'static str, &'static str) {
        let found = Format::ALL.iter().find(|(format, ..)| *format == self);
        found.map_or((self, "", ""), |(format, ends, media_type)| {
            (*format, ends.first().copied().unwrap_or_default(), media_type)
        })
    }
}

/// Text whose first element is `svg`; comments, instructions and a type may come before.
fn is_svg(content: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(content) else { return false };
    let mut rest = text.trim_start_matches('\u{feff}').trim_start();
    loop {
        let skipped = if let Some(comment) = rest.strip_prefix("<!--") {
            comment.split_once("-->")
        } else if rest.starts_with("<?") {
            rest.split_once("?>")
        } else if rest.get(..9).is_some_and(|begin| begin.eq_ignore_ascii_case("<!doctype")) {
            rest.split_once('>')
        } else {
            break;
        };
        let Some((_, after)) = skipped else { return false };
        rest = after.trim_start();
    }
    rest.strip_prefix("<svg")
        .is_some_and(|after| after.starts_with([' ', '\n', '\t', '\r', '>', '/']))
}

fn digest(content: &[u8]) -> impl AsRef<[u8]> {
    Sha256::digest(content)
}

/// The name a picture is kept under: what it was called, as far as that is plain, and a part of its
/// hash, so that no upload replaces another.
fn name_of(given: &str, content: &[u8], format: Format) -> String {
    let stem = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let stem = stem.rsplit_once('.').map_or(stem, |(stem, _)| stem);
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter);
    let stem: String = stem.chars().filter(|letter| plain(*letter)).take(60).collect();
    let stem = if stem.is_empty() { "picture" } else { &stem };
    let hash = hex::encode(digest(content));
    format!("{stem}_{}.{}", hash.get(..12).unwrap_or_default(), format.end())
}

/// The picture that a form brings, kept; none where it takes the one there is away.
///
/// # Errors
/// 400 for what is no picture, 503 where it cannot be kept.
pub async fn uploaded(call: &Call, folder: Folder) -> Result<Option<Picture>, ApiError> {
    let (name, content) = match call.upload().await? {
        Upload::Clear => return Ok(None),
        Upload::File { name, content } => (name, content),
    };
    let wrong =
        |code: &'static str, text: String| ApiError::field("file", Problem::new(code, text));
    if content.len() > LARGEST {
        let text = format!("A picture has at most {} MiB.", LARGEST / 1024 / 1024);
        return Err(wrong("max_size", text));
    }
    let text = "Upload a picture: PNG, JPEG, GIF, WebP, AVIF, ICO or SVG.";
    let format = Format::of(&content).ok_or_else(|| wrong("invalid_image", text.to_owned()))?;
    let name = name_of(&name, &content, format);
    let address = format!("/media/public/{}/{name}", folder.name());
    let unavailable = |text: String| ApiError::detail(StatusCode::SERVICE_UNAVAILABLE, text);
    match &call.cx.settings.media {
        Media::Folder(root) => {
            let path = root.join("public").join(folder.name());
            let written = tokio::task::spawn_blocking(move || keep(&path, &name, &content)).await;
            if let Err(error) = written.map_err(std::io::Error::other).flatten() {
                tracing::error!(%error, folder = %root.display(), "an upload cannot be written");
                let text =
                    "The server cannot write to its folder for uploads (storage.media.file.path).";
                return Err(unavailable(text.to_owned()));
            }
        }
        Media::Bucket(bucket) => {
            let key = address.trim_start_matches('/').to_owned();
            let put = bucket.put(key, format.media_type(), content.to_vec(), call.cx.clock.now());
            if let Err(error) = put.await {
                tracing::error!(error, ?bucket, "an upload cannot be kept");
                let text = format!(
                    "The bucket for uploads did not take the file: {error}. Look at the settings storage.media.s3.*."
                );
                return Err(unavailable(text));
            }
        }
    }
    picture(&json!(address)).map(Some)
}

/// Writes a file as a whole or not at all.
fn keep(folder: &Path, name: &str, content: &[u8]) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let path = folder.join(name);
    if path.exists() {
        return Ok(());
    }
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// The pictures, for everybody.
pub(crate) fn route() -> Route {
    let over = Routes::over(Context::clone);
    over.at([Method::GET, Method::HEAD], "/media/public/{*path}", serve)
}

async fn serve(
    State(cx): State<Context>,
    extract::Path(path): extract::Path<String>,
    request: extract::Request,
) -> Response {
    let (parts, _) = request.into_parts();
    let found = match (&cx.settings.media, below(&path)) {
        (Media::Folder(root), Some(path)) => read(root.join("public"), path, &parts.headers).await,
        (Media::Bucket(bucket), Some(path)) => led_on(bucket.as_ref(), &path, cx.clock.now()),
        (_, None) => None,
    };
    found.unwrap_or_else(|| cx.not_found(&RequestInfo::of(&parts)))
}

/// A path of plain names and nothing else: no way out, nothing hidden.
fn below(path: &str) -> Option<PathBuf> {
    let path = PathBuf::from(path);
    let plain = |component: Component<'_>| match component {
        Component::Normal(name) => name
            .to_str()
            .is_some_and(|name| !name.starts_with('.') && !name.contains(['\\', ':', '\0'])),
        _ => false,
    };
    path.components().all(plain).then_some(path)
}

/// To where a bucket gives the file away.
fn led_on(bucket: &dyn Bucket, path: &Path, now: Timestamp) -> Option<Response> {
    Format::named(path)?;
    let address = bucket.address(&format!("media/public/{}", path.to_str()?), now);
    let kept = format!("public, max-age={}", bucket::STEADY);
    let headers = [
        (header::LOCATION, HeaderValue::try_from(address).ok()?),
        (header::CACHE_CONTROL, HeaderValue::try_from(kept).ok()?),
    ];
    Some((StatusCode::FOUND, headers).into_response())
}

async fn read(root: PathBuf, path: PathBuf, request: &HeaderMap) -> Option<Response> {
    let format = Format::named(&path)?;
    let open = move || {
        // A link in the folder leads nowhere else.
        let root = root.canonicalize()?;
        let path = root.join(path).canonicalize()?;
        if !path.starts_with(&root) || !path.is_file() {
            return Err(ErrorKind::NotFound.into());
        }
        std::fs::read(path)
    };
    let content = tokio::task::spawn_blocking(open).await.ok()?.ok()?;
    let tag = hex::encode(digest(&content));
    let tag = HeaderValue::try_from(format!("\"{}\"", tag.get(..16)?)).ok()?;
    let known = request.get(header::IF_NONE_MATCH) == Some(&tag);
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(format.media_type())),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600")),
        (header::ETAG, tag),
    ];
    if known {
        return Some((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    Some((headers, content).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_known_by_what_they_begin_with() {
        let webp = b"RIFF\0\0\0\0WEBPVP8 ";
        let avif = b"\0\0\0\x1cftypavif";
        for (content, format) in [
            (&b"\x89PNG\r\n\x1a\n0"[..], Some(Format::Png)),
            (b"\xff\xd8\xff\xe0", Some(Format::Jpeg)),
            (b"GIF89a", Some(Format::Gif)),
            (webp, Some(Format::Webp)),
            (avif, Some(Format::Avif)),
            (b"\0\0\x01\0\x01", Some(Format::Icon)),
            (b"<svg xmlns='x'/>", Some(Format::Svg)),
            (
                b"\xef\xbb\xbf <?xml version='1.0'?>\n<!-- a --><!DOCTYPE svg><svg>",
                Some(Format::Svg),
            ),
            (b"<svgx>", None),
            (b"<html><svg/></html>", None),
            (b"<!-- <svg>", None),
            (b"RIFF\0\0\0\0WAVE", None),
            (b"#!/bin/sh", None),
            (b"", None),
        ] {
            assert_eq!(Format::of(content), format, "{content:?}");
        }
    }

    #[test]
    fn a_file_is_kept_under_a_plain_name_of_its_own() {
        let name = |given: &str| name_of(given, b"content", Format::Png);
        assert_eq!(name("../../etc/logo.svg"), name("C:\\pictures\\logo.png"));
        assert!(name("logo.png").starts_with("logo_"));
        assert_eq!(Format::named(Path::new(&name("logo.PNG"))), Some(Format::Png));
        assert!(name("..").starts_with("picture_"));
        assert!(name("ünïcode name.PNG").starts_with("ncodename_"));
        assert_ne!(name("logo.png"), name_of("logo.png", b"other", Format::Png));
    }

    #[test]
    fn no_path_leads_out() {
        for (path, good) in [
            ("application-icons/a.png", true),
            ("a.png", true),
            ("../a.png", false),
            ("a/../../b.png", false),
            ("/etc/a.png", false),
            ("a/.hidden.png", false),
            ("a\\..\\b.png", false),
            ("c:/a.png", false),
        ] {
            assert_eq!(below(path).is_some(), good, "{path}");
        }
    }
}
