//! Finding the access token of a request (RFC 6750 2).

use super::client_auth::after_scheme;
use super::errors::BearerError;
use super::params::Params;

/// The token in the header, else in the form, else in the query; the last is kept for clients of the original.
///
/// # Errors
/// There is none, or a parameter is there twice.
pub fn token(authorization: Option<&str>, form: &Params, query: &Params) -> Result<String, BearerError> {
    if let Some(token) = authorization.and_then(|h| after_scheme(h, "bearer")) {
        return Ok(token.to_owned());
    }
    for place in [form, query] {
        if let Some(token) = place.some("access_token").map_err(|_| BearerError::RequestMalformed)? {
            return Ok(token.to_owned());
        }
    }
    Err(BearerError::Invalid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_a_token() {
        let none = Params::default();
        let some = Params::from([("access_token", "f")]);
        assert_eq!(token(Some("Bearer h"), &some, &some).as_deref(), Ok("h"));
        assert_eq!(token(Some("bearer h"), &none, &none).as_deref(), Ok("h"));
        assert_eq!(token(Some("Basic h"), &some, &none).as_deref(), Ok("f"));
        assert_eq!(token(None, &none, &some).as_deref(), Ok("f"));
        assert_eq!(token(Some("Bearer "), &none, &none), Err(BearerError::Invalid));
        let twice = Params::from([("access_token", "f"), ("access_token", "g")]);
        assert_eq!(token(None, &twice, &none), Err(BearerError::RequestMalformed));
    }
}
