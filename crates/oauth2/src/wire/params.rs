//! The parameters of a request, from the query or a form body, before anyone has said what they
//! mean.

use thiserror::Error;

/// More than any client sends; the rest of a longer request is refused, not cut.
const MAX_PARAMETERS: usize = 100;
/// A JWE of the largest tokens we issue fits several times.
const MAX_VALUE_BYTES: usize = 64 * 1024;

/// Name and value pairs in the order they came, decoded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Params(Vec<(String, String)>);

#[derive(Debug, Error, PartialEq, Eq)]
pub enum ParamsError {
    #[error("The parameter {0} is given more than once.")]
    Repeated(&'static str),
    #[error("The request has too many parameters.")]
    TooMany,
    #[error("The parameter {0} is too long.")]
    TooLong(String),
    /// Nothing that a client means has one, and not every engine can be asked for it.
    #[error("A parameter contains a null character.")]
    Characters,
}

impl Params {
    /// Reads `application/x-www-form-urlencoded` text; bytes that are not UTF-8 are replaced.
    ///
    /// # Errors
    /// More parameters, or longer ones, than any honest request has; a null character.
    pub fn parse(text: &[u8]) -> Result<Params, ParamsError> {
        let mut list = Vec::new();
        for (name, value) in form_urlencoded::parse(text) {
            if list.len() == MAX_PARAMETERS {
                return Err(ParamsError::TooMany);
            }
            if value.len() > MAX_VALUE_BYTES || name.len() > MAX_VALUE_BYTES {
                return Err(ParamsError::TooLong(name.chars().take(40).collect()));
            }
            if name.contains('\0') || value.contains('\0') {
                return Err(ParamsError::Characters);
            }
            list.push((name.into_owned(), value.into_owned()));
        }
        Ok(Params(list))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value of a parameter; empty when it is absent.
    ///
    /// # Errors
    /// The parameter is there twice (RFC 6749 3.1 and 3.2: it must not be). Two readers of such a
    /// request could each believe another value, so none is taken.
    pub fn one(&self, name: &'static str) -> Result<&str, ParamsError> {
        let mut values = self.0.iter().filter(|(n, _)| n == name).map(|(_, v)| v.as_str());
        let first = values.next().unwrap_or_default();
        if values.next().is_some() { Err(ParamsError::Repeated(name)) } else { Ok(first) }
    }

    /// As [`Params::one`], with an empty value as `None`.
    ///
    /// # Errors
    /// The parameter is there twice.
    pub fn some(&self, name: &'static str) -> Result<Option<&str>, ParamsError> {
        self.one(name).map(|v| (!v.is_empty()).then_some(v))
    }

    /// All values of a parameter that may be there several times.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(n, v)| n == name && !v.is_empty()).map(|(_, v)| v.as_str())
    }

    #[must_use]
    pub fn without(&self, names: &[&str]) -> Params {
        Params(self.0.iter().filter(|(n, _)| !names.contains(&n.as_str())).cloned().collect())
    }

    /// Puts a value in the place of all of this name.
    pub fn set(&mut self, name: &str, value: String) {
        self.0.retain(|(n, _)| n != name);
        self.0.push((name.to_owned(), value));
    }

    /// Written back as a query string.
    pub fn to_query(&self) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.0).finish()
    }
}

impl<const N: usize> From<[(&str, &str); N]> for Params {
    fn from(pairs: [(&str, &str); N]) -> Params {
        Params(pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect())
    }
}

impl From<Vec<(String, String)>> for Params {
    fn from(pairs: Vec<(String, String)>) -> Params {
        Params(pairs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_decoded_and_repeated_ones_refused() {
        let params =
            Params::parse(b"scope=openid+profile&state=a%26b&empty=&state2=x&a=1&a=2").unwrap();
        assert_eq!(params.one("scope"), Ok("openid profile"));
        assert_eq!(params.one("state"), Ok("a&b"));
        assert_eq!(params.some("empty"), Ok(None));
        assert_eq!(params.one("absent"), Ok(""));
        assert_eq!(params.one("a"), Err(ParamsError::Repeated("a")));
        assert_eq!(params.to_query(), "scope=openid+profile&state=a%26b&empty=&state2=x&a=1&a=2");
    }

    #[test]
    fn null_characters_are_refused_in_names_and_values() {
        for text in ["a=b&x=%00", "a=b&x%00", "state=a%00b", "a\0b=c"] {
            assert_eq!(Params::parse(text.as_bytes()), Err(ParamsError::Characters), "{text}");
        }
        assert!(Params::parse(b"a=%2500").is_ok());
    }

    #[test]
    fn endless_requests_are_refused() {
        assert_eq!(Params::parse("a=1&".repeat(101).as_bytes()), Err(ParamsError::TooMany));
        let long = format!("state={}", "x".repeat(MAX_VALUE_BYTES + 1));
        assert_eq!(Params::parse(long.as_bytes()), Err(ParamsError::TooLong("state".into())));
    }
}
