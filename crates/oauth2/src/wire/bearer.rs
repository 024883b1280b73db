//! Finding the access token of a request (RFC 6750 2).

use super::client_auth::after_scheme;
use super::errors::BearerError;
use super::params::Params;

/// A token as it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presented {
    pub token: String,
    pub by: Way,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Header,
    /// In the header, with a proof beside it (RFC 9449 7.1).
    Dpop,
    Form,
    /// Kept for clients of the original.
    Query,
}

/// The token in the header, in the form, or in the query. Two at once are refused: they could be of
/// two people (RFC 6750 2).
///
/// # Errors
/// There is none or more than one, or a parameter is there twice.
pub fn token(
    authorization: Option<&str>,
    form: &Params,
    query: &Params,
) -> Result<Presented, BearerError> {
    let header = |scheme, by| {
        let token = authorization.and_then(|header| after_scheme(header, scheme));
        token.map(|token| Presented { token: token.to_owned(), by })
    };
    let parameter = |place: &Params, by| {
        let token = place.some("access_token").map_err(|_| BearerError::RequestMalformed)?;
        Ok(token.map(|token| Presented { token: token.to_owned(), by }))
    };
    let all = [
        header("bearer", Way::Header),
        header("dpop", Way::Dpop),
        parameter(form, Way::Form)?,
        parameter(query, Way::Query)?,
    ];
    let mut found = all.into_iter().flatten();
    let token = found.next().ok_or(BearerError::Invalid)?;
    if found.next().is_some() { Err(BearerError::SentTwice) } else { Ok(token) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_a_token() {
        let none = Params::default();
        let some = Params::from([("access_token", "f")]);
        let sent = |token: &str, by| Ok(Presented { token: token.to_owned(), by });
        assert_eq!(token(Some("Bearer h"), &none, &none), sent("h", Way::Header));
        assert_eq!(token(Some("bearer h"), &none, &none), sent("h", Way::Header));
        assert_eq!(token(Some("DPoP h"), &none, &none), sent("h", Way::Dpop));
        assert_eq!(token(Some("Basic h"), &some, &none), sent("f", Way::Form));
        assert_eq!(token(None, &none, &some), sent("f", Way::Query));
        assert_eq!(token(Some("Bearer "), &none, &none), Err(BearerError::Invalid));
        for (header, form, query) in [
            (Some("Bearer f"), &some, &none),
            (Some("Bearer h"), &none, &some),
            (None, &some, &some),
        ] {
            assert_eq!(token(header, form, query), Err(BearerError::SentTwice));
        }
        let twice = Params::from([("access_token", "f"), ("access_token", "g")]);
        assert_eq!(token(None, &twice, &none), Err(BearerError::RequestMalformed));
    }
}
