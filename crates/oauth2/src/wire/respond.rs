//! Writing the answer of the authorization endpoint to the client's address.

use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};

use super::errors::AuthorizeError;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponseMode {
    Query,
    Fragment,
    FormPost,
}

/// Where an answer goes and how: the checked redirect URI with what has to be echoed to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnAddress {
    pub uri: String,
    pub mode: ResponseMode,
    /// It travels as one signed token (JWT Secured Authorization Response Mode).
    #[serde(default)]
    pub signed: bool,
    pub state: Option<String>,
    /// RFC 9207: lets a client of several servers notice an answer from the wrong one.
    pub issuer: Option<String>,
}

/// An answer ready to be sent by the browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    Redirect(String),
    /// A form that sends itself: address and fields.
    Form {
        url: String,
        fields: Vec<(String, String)>,
    },
}

impl ReturnAddress {
    /// The answer to a request that succeeded: `fields`, then `state` and `iss`.
    pub fn success(&self, fields: &[(&str, String)]) -> Delivery {
        self.deliver(self.success_fields(fields), &form_encode)
    }

    /// What the answer to a request that succeeded says.
    pub fn success_fields(&self, fields: &[(&str, String)]) -> Vec<(String, String)> {
        let mut all: Vec<(String, String)> =
            fields.iter().map(|(n, v)| ((*n).to_owned(), v.clone())).collect();
        // The original always names the state, empty when none was sent; a form leaves empty values
        // out.
        let state = self.state.clone().unwrap_or_default();
        if self.mode != ResponseMode::FormPost || !state.is_empty() {
            all.push(("state".to_owned(), state));
        }
        self.with_issuer(all)
    }

    /// The answer to a request that failed.
    pub fn error(&self, error: &AuthorizeError) -> Delivery {
        self.deliver(self.error_fields(error), &percent_encode)
    }

    /// What the answer to a request that failed says.
    pub fn error_fields(&self, error: &AuthorizeError) -> Vec<(String, String)> {
        let mut all = vec![
            ("error".to_owned(), error.error().to_owned()),
            ("error_description".to_owned(), error.description()),
        ];
        if let Some(state) = self.state.as_ref().filter(|s| !s.is_empty()) {
            all.push(("state".to_owned(), state.clone()));
        }
        self.with_issuer(all)
    }

    /// An answer in a signed token, which says the rest.
    pub fn token(&self, token: String) -> Delivery {
        self.deliver(vec![("response".to_owned(), token)], &percent_encode)
    }

    fn with_issuer(&self, mut fields: Vec<(String, String)>) -> Vec<(String, String)> {
        fields.extend(self.issuer.iter().map(|issuer| ("iss".to_owned(), issuer.clone())));
        fields
    }

    fn deliver(&self, fields: Vec<(String, String)>, encode: &dyn Fn(&str) -> String) -> Delivery {
        if self.mode == ResponseMode::FormPost {
            return Delivery::Form { url: self.uri.clone(), fields };
        }
        let text =
            fields.iter().map(|(n, v)| format!("{n}={}", encode(v))).collect::<Vec<_>>().join("&");
        let (base, fragment) = match self.uri.split_once('#') {
            Some((base, fragment)) => (base, Some(fragment)),
            None => (self.uri.as_str(), None),
        };
        let joined = match (self.mode, fragment) {
            (ResponseMode::Fragment, Some(fragment)) if !fragment.is_empty() => {
                format!("{base}#{fragment}&{text}")
            }
            (ResponseMode::Fragment, _) => format!("{base}#{text}"),
            (_, fragment) => {
                let separator = match base.split_once('?') {
                    None => "?",
                    Some((_, query)) if query.is_empty() || query.ends_with('&') => "",
                    Some(_) => "&",
                };
                let fragment = fragment.map(|f| format!("#{f}")).unwrap_or_default();
                format!("{base}{separator}{text}{fragment}")
            }
        };
        Delivery::Redirect(header_safe(&joined))
    }
}

fn form_encode(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn percent_encode(text: &str) -> String {
    const KEPT: &AsciiSet =
        &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');
    utf8_percent_encode(text, KEPT).to_string()
}

/// A registered URI may hold letters that no header can; the rest stays byte for byte.
pub fn header_safe(uri: &str) -> String {
    const UNSAFE: &AsciiSet = &CONTROLS.add(b' ');
    utf8_percent_encode(uri, UNSAFE).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(uri: &str, mode: ResponseMode) -> ReturnAddress {
        let state = Some("a b&c=d/é".into());
        ReturnAddress { uri: uri.into(), mode, signed: false, state, issuer: None }
    }

    #[test]
    fn answers_keep_the_registered_address_and_encode_what_is_added() {
        let rows = [
            (
                "foo://localhost",
                ResponseMode::Query,
                "foo://localhost?code=1&state=a+b%26c%3Dd%2F%C3%A9",
            ),
            (
                "http://localhost",
                ResponseMode::Fragment,
                "http://localhost#code=1&state=a+b%26c%3Dd%2F%C3%A9",
            ),
            (
                "https://a/cb?x=1&y=",
                ResponseMode::Query,
                "https://a/cb?x=1&y=&code=1&state=a+b%26c%3Dd%2F%C3%A9",
            ),
            (
                "https://a/cb?",
                ResponseMode::Query,
                "https://a/cb?code=1&state=a+b%26c%3Dd%2F%C3%A9",
            ),
            (
                "https://a/cb#top",
                ResponseMode::Query,
                "https://a/cb?code=1&state=a+b%26c%3Dd%2F%C3%A9#top",
            ),
            (
                "https://ä/cb",
                ResponseMode::Query,
                "https://%C3%A4/cb?code=1&state=a+b%26c%3Dd%2F%C3%A9",
            ),
        ];
        for (uri, mode, expected) in rows {
            assert_eq!(
                address(uri, mode).success(&[("code", "1".into())]),
                Delivery::Redirect(expected.into())
            );
        }
    }

    #[test]
    fn errors_follow_the_response_mode_and_cannot_be_injected_into() {
        let error = AuthorizeError::RequestObject;
        let text = "error=request_not_supported&error_description=The%20provider%20does%20not%20support%20use%20of%20the%20request%20parameter";
        let mut to = address("https://a/cb", ResponseMode::Query);
        to.state = Some("x&code=stolen".into());
        assert_eq!(
            to.error(&error),
            Delivery::Redirect(format!("https://a/cb?{text}&state=x%26code%3Dstolen"))
        );
        to.mode = ResponseMode::Fragment;
        to.state = None;
        assert_eq!(to.error(&error), Delivery::Redirect(format!("https://a/cb#{text}")));
        to.mode = ResponseMode::FormPost;
        let Delivery::Form { url, fields } = to.error(&error) else { panic!("a form") };
        assert_eq!(url, "https://a/cb");
        assert_eq!(fields[0], ("error".to_owned(), "request_not_supported".to_owned()));
    }

    #[test]
    fn a_form_leaves_an_empty_state_out_and_an_url_does_not() {
        let mut to = ReturnAddress {
            uri: "https://a".into(),
            mode: ResponseMode::FormPost,
            signed: false,
            state: None,
            issuer: Some("https://id/".into()),
        };
        let Delivery::Form { fields, .. } = to.success(&[("code", "1".into())]) else {
            panic!("a form")
        };
        assert_eq!(fields, [("code".into(), "1".into()), ("iss".into(), "https://id/".into())]);
        to.mode = ResponseMode::Query;
        assert_eq!(
            to.success(&[("code", "1".into())]),
            Delivery::Redirect("https://a?code=1&state=&iss=https%3A%2F%2Fid%2F".into())
        );
    }
}
