//! Finding the access token of a request (RFC 6750 2).

use super::client_auth::after_scheme;
use super::errors::BearerError;
use super::params::Params;

/// The token in the header, in the form, or in the query; the last is kept for clients of the
/// original. Two at once are refused: they could be of two people (RFC 6750 2).
///
/// # Errors
/// There is none or more than one, or a parameter is there twice.
pub fn token(
    authorization: Option<&str>,
    form: &Params,
    query: &Params,
) -> Result<String, BearerError> {
    let parameter = |place: &Params| {
        place
            .some("access_token")
            .map(|token| token.map(str::to_owned))
            .map_err(|_| BearerError::RequestMalformed)
    };
    let header = authorization.and_then(|h| after_scheme(h, "bearer")).map(str::to_owned);
    let mut found = [header, parameter(form)?, parameter(query)?].into_iter().flatten();
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
        assert_eq!(token(Some("Bearer h"), &none, &none).as_deref(), Ok("h"));
        assert_eq!(token(Some("bearer h"), &none, &none).as_deref(), Ok("h"));
        assert_eq!(token(Some("Basic h"), &some, &none).as_deref(), Ok("f"));
        assert_eq!(token(None, &none, &some).as_deref(), Ok("f"));
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
