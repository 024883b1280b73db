//! Addresses that are nearly the same.

use countersign_catalogue::doctor::is_harmless_variation;
use url::Url;

use crate::wire::MatchingMode;
use crate::wire::redirect::Registered;

/// In what an address differs from the registered one that is most like it.
pub(super) fn difference(sent: &str, registered: &[Registered]) -> String {
    let strict = registered.iter().filter(|known| known.matching_mode == MatchingMode::Strict);
    let nearest = strict.max_by_key(|known| alike(sent, &known.url));
    let Some(known) = nearest.map(|known| known.url.as_str()) else {
        return if registered.is_empty() {
            "The application asks to return to an address, and none is registered.".to_owned()
        } else {
            "The address that the application asks to return to fits none of the patterns."
                .to_owned()
        };
    };
    let what = match (Url::parse(sent), Url::parse(known)) {
        (Ok(sent_url), Ok(known_url)) => parts(sent, known, &sent_url, &known_url),
        (Err(_), _) => "is no complete address: it needs https:// and a host".to_owned(),
        (_, Err(_)) => "is not registered".to_owned(),
    };
    format!("The address that the application asks to return to {what}.")
}

/// How many letters two texts begin with together.
fn alike(one: &str, other: &str) -> usize {
    one.chars().zip(other.chars()).take_while(|(one, other)| one == other).count()
}

fn parts(sent: &str, known: &str, sent_url: &Url, known_url: &Url) -> String {
    let host = |url: &Url| url.host_str().unwrap_or("none").to_owned();
    let port = |url: &Url| url.port_or_known_default().map_or("none".into(), |p| p.to_string());
    let after = |url: &Url| (url.query().map(str::to_owned), url.fragment().map(str::to_owned));
    if sent.trim_end_matches('/') == known.trim_end_matches('/') {
        "differs in the slash at its end".to_owned()
    } else if sent.eq_ignore_ascii_case(known) {
        "differs in capital letters".to_owned()
    } else if host(sent_url) != host(known_url) {
        format!("has the host {}, and {} is registered", host(sent_url), host(known_url))
    } else if sent_url.scheme() != known_url.scheme() {
        let (sent, known) = (sent_url.scheme(), known_url.scheme());
        let hint = if (sent, known) == ("http", "https") {
            ": the application may not know that it is behind a proxy that speaks https"
        } else {
            ""
        };
        format!("begins with {sent}, and {known} is registered{hint}")
    } else if port(sent_url) != port(known_url) {
        format!("has the port {}, and {} is registered", port(sent_url), port(known_url))
    } else if sent_url.path() != known_url.path() {
        format!("has the path {}, and {} is registered", sent_url.path(), known_url.path())
    } else if after(sent_url) != after(known_url) {
        "differs in what comes after its path".to_owned()
    } else {
        "is written differently: both are compared letter by letter".to_owned()
    }
}

/// Whether an address differs from a registered one in nothing that could lead elsewhere.
pub(super) fn is_nearly_registered(sent: &str, registered: &[Registered]) -> bool {
    registered
        .iter()
        .filter(|known| known.matching_mode == MatchingMode::Strict)
        .any(|known| is_harmless_variation(sent, &known.url))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_difference_to_the_nearest_address_is_named() {
        let known = |urls: &[&str]| -> Vec<Registered> {
            let strict = |url: &&str| Registered {
                matching_mode: MatchingMode::Strict,
                url: (*url).to_owned(),
            };
            urls.iter().map(strict).collect()
        };
        let own = known(&["https://other.company/", "https://app.company/callback"]);
        for (sent, told) in [
            ("https://app.company/callback/", "differs in the slash at its end"),
            ("https://app.company/Callback", "differs in capital letters"),
            (
                "http://app.company/callback",
                "begins with http, and https is registered: the application may not know that it is behind a proxy that speaks https",
            ),
            ("https://app.company:8443/callback", "has the port 8443, and 443 is registered"),
            (
                "https://app.company/oauth2/callback",
                "has the path /oauth2/callback, and /callback is registered",
            ),
            ("https://app.company/callback?next=1", "differs in what comes after its path"),
            (
                "https://app.company.example/callback",
                "has the host app.company.example, and app.company is registered",
            ),
            (
                "https://app.company:443/callback",
                "is written differently: both are compared letter by letter",
            ),
            ("/callback", "is no complete address: it needs https:// and a host"),
        ] {
            let whole = format!("The address that the application asks to return to {told}.");
            assert_eq!(difference(sent, &own), whole, "{sent}");
        }
        assert!(difference("https://app.company/", &[]).contains("none is registered"));
        let pattern = [Registered { matching_mode: MatchingMode::Regex, url: ".*".to_owned() }];
        assert!(difference("https://app.company/", &pattern).contains("none of the patterns"));
    }
}
