//! How a client says who it is: HTTP Basic or fields of the form (RFC 6749 2.3.1).

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use percent_encoding::percent_decode_str;

use super::params::{Params, ParamsError};
use crate::jose::unverified_subject;

/// An assertion that is a JWT (RFC 7523 2.2).
pub const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The parameters by which a client proves itself.
pub const CREDENTIALS: [&str; 3] = ["client_secret", "client_assertion_type", "client_assertion"];

/// What the client presented; empty texts where it presented nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Credentials {
    /// Possible readings of the client id: as sent, and decoded as the standard asks.
    ids: Vec<String>,
    secrets: Vec<String>,
    /// They came in the `Authorization` header.
    pub basic: bool,
    /// What the client signed in place of a secret (RFC 7521 4.2).
    pub assertion: Option<String>,
}

impl Credentials {
    /// Reads the header if it is there, else the form. With a header the form's fields count for
    /// nothing.
    ///
    /// # Errors
    /// A field of the form is there twice.
    pub fn read(authorization: Option<&str>, params: &Params) -> Result<Credentials, ParamsError> {
        if let Some(encoded) = authorization.and_then(|h| after_scheme(h, "basic")) {
            return Ok(Credentials::basic(encoded));
        }
        let form = |name| params.one(name).map(|v| vec![v.to_owned()]);
        let (mut ids, secrets) = (form("client_id")?, form("client_secret")?);
        let assertion = match params.one("client_assertion_type")? {
            JWT_BEARER => params.some("client_assertion")?.map(str::to_owned),
            _ => None,
        };
        // RFC 7521 4.2: the subject names the client where the form does not.
        if params.some("client_id")?.is_none() {
            ids.extend(assertion.as_deref().and_then(unverified_subject));
        }
        Ok(Credentials { ids, secrets, basic: false, assertion })
    }

    fn basic(encoded: &str) -> Credentials {
        let bytes = STANDARD.decode(encoded).or_else(|_| STANDARD_NO_PAD.decode(encoded)).ok();
        let text = bytes.and_then(|b| String::from_utf8(b).ok());
        let Some((id, secret)) = text.as_deref().and_then(|t| t.split_once(':')) else {
            return Credentials { basic: true, ..Credentials::default() };
        };
        // The standard wants both halves form-encoded, the original takes them raw: clients exist
        // for either.
        let (ids, secrets) = (readings(id), readings(secret));
        Credentials { ids, secrets, basic: true, assertion: None }
    }

    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.ids.iter().map(String::as_str)
    }

    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        self.secrets.iter().map(String::as_str)
    }

    /// The secret as it was sent.
    pub fn secret(&self) -> &str {
        self.secrets.first().map_or("", String::as_str)
    }
}

/// What follows the scheme of an `Authorization` header, whatever its case (RFC 9110 11.1).
pub fn after_scheme<'h>(header: &'h str, scheme: &str) -> Option<&'h str> {
    let (name, rest) = header.split_once(' ')?;
    let rest = rest.trim();
    (name.eq_ignore_ascii_case(scheme) && !rest.is_empty()).then_some(rest)
}

fn readings(raw: &str) -> Vec<String> {
    let mut list = vec![raw.to_owned()];
    let spaced = raw.replace('+', " ");
    if let Ok(decoded) = percent_decode_str(&spaced).decode_utf8()
        && decoded != raw
    {
        list.push(decoded.into_owned());
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(id: &str, secret: &str) -> String {
        format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
    }

    #[test]
    fn the_header_wins_over_the_form() {
        let form = Params::from([("client_id", "form"), ("client_secret", "x")]);
        let read = |h: Option<&str>| Credentials::read(h, &form).unwrap();
        let basic = read(Some(&header("cid", "a:b%3Ac+d")));
        assert_eq!(basic.ids().collect::<Vec<_>>(), ["cid"]);
        assert_eq!(basic.secrets().collect::<Vec<_>>(), ["a:b%3Ac+d", "a:b:c d"]);
        assert!(basic.basic);
        for malformed in ["Basic !!!", "Basic bm9jb2xvbg==", "Basic /w=="] {
            assert_eq!(read(Some(malformed)).ids().count(), 0, "{malformed}");
        }
        assert_eq!(read(Some("basic Y2lkOng=")).ids().collect::<Vec<_>>(), ["cid"]);
        for other in [None, Some("Bearer x"), Some("Basicx Y2lkOng="), Some("Basic ")] {
            assert_eq!(read(other).ids().collect::<Vec<_>>(), ["form"], "{other:?}");
            assert_eq!(read(other).secret(), "x");
        }
        let twice = Params::from([("client_id", "a"), ("client_id", "b")]);
        assert_eq!(Credentials::read(None, &twice), Err(ParamsError::Repeated("client_id")));
    }
}
