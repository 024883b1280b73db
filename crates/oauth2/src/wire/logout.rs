//! The logout request (OpenID Connect RP-Initiated Logout 1.0) and the addresses a browser may be
//! sent to after it.

use url::{Origin, Url};

use super::params::{Params, ParamsError};
use super::redirect::{MatchingMode, Registered, is_forbidden_scheme};
use super::respond::header_safe;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogoutRequest {
    pub id_token_hint: Option<String>,
    pub client_id: Option<String>,
    pub post_logout_redirect_uri: Option<String>,
    pub state: Option<String>,
    /// The languages that the person is shown pages in, the best first.
    pub ui_locales: Option<String>,
}

impl LogoutRequest {
    /// # Errors
    /// A parameter is there twice.
    pub fn parse(params: &Params) -> Result<LogoutRequest, ParamsError> {
        let some = |name| params.some(name).map(|v| v.map(str::to_owned));
        Ok(LogoutRequest {
            id_token_hint: some("id_token_hint")?,
            client_id: some("client_id")?,
            post_logout_redirect_uri: some("post_logout_redirect_uri")?,
            state: some("state")?,
            ui_locales: some("ui_locales")?,
        })
    }
}

/// Whether a browser may be sent to `uri` after signing out: an address registered for this, or a
/// strict redirect URI. Where none is registered for this, also the start page of the server of
/// one, or the application's launch address. Patterns never count.
pub fn is_allowed_target(
    uri: &str,
    own: &[String],
    registered: &[Registered],
    launch_url: Option<&str>,
) -> bool {
    if is_forbidden_scheme(uri) || uri.bytes().any(|b| b.is_ascii_control()) || uri.contains('\\') {
        return false;
    }
    let mut strict = registered.iter().filter(|r| r.matching_mode == MatchingMode::Strict);
    if own.iter().any(|own| own == uri) || strict.clone().any(|r| r.url == uri) {
        return true;
    }
    let launch = || {
        launch_url
            .filter(|l| !l.is_empty())
            .is_some_and(|l| l.trim_end_matches('/') == uri.trim_end_matches('/'))
    };
    let start = |r: &Registered| {
        start_page(&r.url)
            .is_some_and(|own| start_page(uri).is_some_and(|asked| own.0 == asked.0 && asked.1))
    };
    own.is_empty() && (launch() || strict.any(start))
}

/// The origin of a web address, and whether the address is nothing more than that origin's `/`.
fn start_page(uri: &str) -> Option<(Origin, bool)> {
    let url = Url::parse(uri).ok()?;
    let web = matches!(url.scheme(), "http" | "https")
        && url.username().is_empty()
        && url.password().is_none();
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    web.then(|| (url.origin(), bare))
}

/// The address with the client's state.
pub fn target_with_state(uri: &str, state: Option<&str>) -> String {
    let Some(state) = state else { return header_safe(uri) };
    let separator = if uri.contains('?') { '&' } else { '?' };
    let encoded: String = form_urlencoded::byte_serialize(state.as_bytes()).collect();
    header_safe(&format!("{uri}{separator}state={encoded}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_after_logout() {
        let uris = [
            Registered {
                matching_mode: MatchingMode::Strict,
                url: "http://localhost:5000/callback".into(),
            },
            Registered { matching_mode: MatchingMode::Strict, url: "com.example.app:/cb".into() },
            Registered { matching_mode: MatchingMode::Strict, url: "javascript:alert(1)".into() },
            Registered { matching_mode: MatchingMode::Regex, url: ".*".into() },
        ];
        for (uri, allowed) in [
            ("http://localhost:5000/callback", true),
            ("http://localhost:5000/", true),
            ("http://localhost:5000", true),
            ("https://start.example.test/", true),
            ("https://start.example.test", true),
            ("com.example.app:/cb", true),
            ("http://localhost:5000/other", false),
            ("http://localhost:5000/?x=1", false),
            ("http://localhost:5001/", false),
            ("https://localhost:5000/", false),
            ("http://user@localhost:5000/", false),
            (r"http://localhost:5000\@evil.test/", false),
            ("http://localhost:5000/\n", false),
            ("https://evil.example/", false),
            ("https://start.example.test.evil/", false),
            ("javascript:alert(1)", false),
            ("//evil.example/", false),
            ("", false),
        ] {
            assert_eq!(
                is_allowed_target(uri, &[], &uris, Some("https://start.example.test")),
                allowed,
                "{uri}"
            );
        }
        assert!(!is_allowed_target("", &[], &uris, Some("")));
        assert!(!is_allowed_target("/", &[], &uris, Some("/x")));
    }

    #[test]
    fn with_a_list_of_their_own_targets_are_compared_exactly() {
        let own = ["https://app.test/bye".to_owned()];
        let uris = [
            Registered { matching_mode: MatchingMode::Strict, url: "https://app.test/cb".into() },
            Registered { matching_mode: MatchingMode::Regex, url: "https://.*".into() },
        ];
        for (uri, allowed) in [
            ("https://app.test/bye", true),
            ("https://app.test/cb", true),
            ("https://app.test/bye/", false),
            ("https://app.test/", false),
            ("https://start.test", false),
            ("https://other.test/", false),
        ] {
            assert_eq!(
                is_allowed_target(uri, &own, &uris, Some("https://start.test")),
                allowed,
                "{uri}"
            );
        }
    }

    #[test]
    fn the_state_comes_back() {
        assert_eq!(target_with_state("https://a/", None), "https://a/");
        assert_eq!(
            target_with_state("https://a/?b=1", Some("x y&z")),
            "https://a/?b=1&state=x+y%26z"
        );
    }
}
