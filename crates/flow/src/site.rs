//! Whether a request was made by our own pages, or by the person at the address bar, or on behalf
//! of another site.

use countersign_core::RequestInfo;
use http::{HeaderMap, header};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Site {
    /// Ours, or nobody's: an address that was typed, a bookmark.
    Own,
    Other,
    /// The browser does not say, or it is no browser.
    Unknown,
}

impl Site {
    /// Fetch Metadata says it, over all redirects (W3C, section 2.3); browsers leave it out over
    /// plain HTTP, where the referring page says it. Another host of the same domain is another
    /// site: applications live there.
    pub(crate) fn of(headers: &HeaderMap, request: &RequestInfo) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        if let Some(site) = text("sec-fetch-site") {
            return if matches!(site, "same-origin" | "none") { Site::Own } else { Site::Other };
        }
        let Some(page) = text(header::ORIGIN.as_str()).or_else(|| text(header::REFERER.as_str()))
        else {
            return Site::Unknown;
        };
        let host = page.split_once("://").and_then(|(_, rest)| rest.split(['/', '?', '#']).next());
        if host.is_some_and(|host| host.eq_ignore_ascii_case(&request.host)) {
            Site::Own
        } else {
            Site::Other
        }
    }
}
