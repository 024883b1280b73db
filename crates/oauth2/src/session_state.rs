//! What applications watch a session by (OpenID Connect Session Management 1.0): a value that only
//! a page of this server and the application's own know to compare, made from a cookie that changes
//! when somebody signs in or out.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use url::Url;

use crate::wire::{MatchingMode, Registered};

/// What the page runs that applications show in a frame.
const SCRIPT: &str = include_str!("check_session.js");

/// That page, and its content security policy: nothing but its own script, in the frames of these
/// origins.
pub(crate) fn page(origins: &[String]) -> (String, String) {
    let html = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Session</title></head><body><script>{SCRIPT}</script></body></html>\n"
    );
    let script = STANDARD.encode(Sha256::digest(SCRIPT));
    let ancestors = if origins.is_empty() { "'none'".to_owned() } else { origins.join(" ") };
    let policy = format!(
        "default-src 'none'; script-src 'sha256-{script}'; base-uri 'none'; form-action 'none'; frame-ancestors {ancestors}"
    );
    (html, policy)
}

/// The origins of an application's pages: those of its strict redirect URIs.
pub(crate) fn origins(registered: &[Registered]) -> Vec<String> {
    let mut origins: Vec<String> = registered
        .iter()
        .filter(|uri| uri.matching_mode == MatchingMode::Strict)
        .filter_map(|uri| Url::parse(&uri.url).ok())
        .filter(|url| matches!(url.scheme(), "http" | "https") && is_plain(url))
        .map(|url| url.origin().ascii_serialization())
        .collect();
    origins.sort_unstable();
    origins.dedup();
    origins
}

/// Whether a policy reads the host as this one host: a star or a semicolon mean something there.
fn is_plain(url: &Url) -> bool {
    let plain = |sign: char| sign.is_ascii_alphanumeric() || ".-:[]".contains(sign);
    url.host_str().is_some_and(|host| host.chars().all(plain))
}

/// What the browser says of the session with this key. It says nothing of the key.
pub(crate) fn of_browser(key_hash: [u8; 32]) -> String {
    let digest = Sha256::digest([b"session_state/".as_slice(), &key_hash].concat());
    hex::encode(digest.get(..16).unwrap_or_default())
}

/// 4.2: over client, origin, browser and salt. `None` for an address without an origin, as an
/// app's on a phone.
pub(crate) fn of_answer(
    client: &str,
    redirect_uri: &str,
    browser: &str,
    salt: &str,
) -> Option<String> {
    let origin = Url::parse(redirect_uri).ok()?.origin();
    if !origin.is_tuple() {
        return None;
    }
    let text = format!("{client} {} {browser} {salt}", origin.ascii_serialization());
    Some(format!("{}.{salt}", hex::encode(Sha256::digest(text))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_shown_by_the_application_alone() {
        let uri = |matching_mode, url: &str| Registered { matching_mode, url: url.to_owned() };
        let registered = [
            uri(MatchingMode::Strict, "https://app.test/cb"),
            uri(MatchingMode::Strict, "https://app.test/silent"),
            uri(MatchingMode::Strict, "com.example.app:/cb"),
            uri(MatchingMode::Regex, "https://.*"),
        ];
        assert_eq!(origins(&registered), ["https://app.test"]);
        let (html, policy) = page(&origins(&registered));
        assert!(policy.ends_with("frame-ancestors https://app.test"), "{policy}");
        assert!(html.contains(SCRIPT) && !SCRIPT.contains("</"));
        assert!(page(&[]).1.ends_with("frame-ancestors 'none'"));
    }

    #[test]
    fn the_value_is_that_of_the_specification() {
        let state = of_answer("cid", "https://app.test:8443/cb?x=1", "browser", "salt").unwrap();
        let expected = hex::encode(Sha256::digest("cid https://app.test:8443 browser salt"));
        assert_eq!(state, format!("{expected}.salt"));
        assert_eq!(of_answer("cid", "com.example.app:/cb", "browser", "salt"), None);
        assert_ne!(of_browser([1; 32]), of_browser([2; 32]));
        assert!(!of_browser([1; 32]).contains(&hex::encode([1; 32])[..16]));
    }
}
