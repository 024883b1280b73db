//! Which web origins may read an answer: those of the client's own redirect URIs.

use url::{Origin, Url};

use super::redirect::Registered;

/// Whether a page of `origin` is part of the client. Only http and https have origins; `null` is
/// nobody's.
pub fn allowed(origin: &str, registered: &[Registered]) -> bool {
    let Some(asking) = web_origin(origin) else { return false };
    registered.iter().filter_map(|r| web_origin(&r.url)).any(|own| own == asking)
}

/// Whether this is the origin of a web page at all.
pub fn is_web_origin(origin: &str) -> bool {
    web_origin(origin).is_some()
}

/// A pattern is parsed like a URL too, as in the original; one with a wild host has no origin that
/// a browser sends.
fn web_origin(text: &str) -> Option<Origin> {
    let url = Url::parse(text).ok()?;
    matches!(url.scheme(), "http" | "https").then(|| url.origin())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::MatchingMode;

    #[test]
    fn only_the_clients_own_origins() {
        let uris = [
            "https://app.example.test/callback",
            "http://localhost:5000/cb",
            "com.example.app:/cb",
            ".*",
        ];
        let uris: Vec<Registered> = uris
            .iter()
            .map(|u| Registered { matching_mode: MatchingMode::Strict, url: (*u).into() })
            .collect();
        for (origin, expected) in [
            ("https://app.example.test", true),
            ("https://app.example.test:443", true),
            ("http://app.example.test", false),
            ("https://other.example", false),
            ("http://localhost:5000", true),
            ("http://localhost:5001", false),
            ("com.example.app:", false),
            ("null", false),
            ("", false),
        ] {
            assert_eq!(allowed(origin, &uris), expected, "{origin}");
        }
    }
}
