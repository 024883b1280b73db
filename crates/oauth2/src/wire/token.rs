//! The token request (RFC 6749 4.1.3, 4.4.2, 6).

use super::errors::TokenError;
use super::params::{Params, ParamsError};
use super::scope::Scopes;

/// What the client wants tokens for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grant {
    AuthorizationCode {
        code: String,
        redirect_uri: String,
        verifier: Option<String>,
    },
    RefreshToken {
        token: String,
        scopes: Scopes,
    },
    /// Also under the name `password`: it never takes the password of an account.
    Machine {
        credential: Machine,
        scopes: Scopes,
    },
}

/// How a machine proves who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Machine {
    /// A token signed by somebody the provider trusts.
    Assertion {
        kind: String,
        assertion: Option<String>,
    },
    AppPassword {
        username: String,
        password: String,
    },
    /// The client's secret, or a user name and an app password in its place.
    Secret,
}

pub const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

impl Grant {
    /// # Errors
    /// An unknown grant type, or a parameter given twice.
    pub fn parse(params: &Params) -> Result<Grant, TokenError> {
        let one = |name| params.one(name).map_err(|_: ParamsError| TokenError::RequestMalformed);
        let text = |name| one(name).map(str::to_owned);
        let some = |name| one(name).map(|v| (!v.is_empty()).then(|| v.to_owned()));
        let scopes = Scopes::parse(one("scope")?);
        match one("grant_type")? {
            "authorization_code" => Ok(Grant::AuthorizationCode {
                code: text("code")?,
                redirect_uri: text("redirect_uri")?,
                verifier: some("code_verifier")?,
            }),
            "refresh_token" => Ok(Grant::RefreshToken { token: text("refresh_token")?, scopes }),
            "client_credentials" | "password" => {
                let credential = match (some("client_assertion_type")?, some("username")?) {
                    (Some(kind), _) => {
                        Machine::Assertion { kind, assertion: some("client_assertion")? }
                    }
                    (None, Some(username)) => {
                        Machine::AppPassword { username, password: text("password")? }
                    }
                    (None, None) => Machine::Secret,
                };
                Ok(Grant::Machine { credential, scopes })
            }
            _ => Err(TokenError::GrantTypeUnknown),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grants() {
        let code = Params::from([
            ("grant_type", "authorization_code"),
            ("code", "c"),
            ("redirect_uri", "u"),
        ]);
        let expected =
            Grant::AuthorizationCode { code: "c".into(), redirect_uri: "u".into(), verifier: None };
        assert_eq!(Grant::parse(&code), Ok(expected));
        let machine = Params::from([
            ("grant_type", "password"),
            ("username", "u"),
            ("password", "p"),
            ("scope", "a b"),
        ]);
        let credential = Machine::AppPassword { username: "u".into(), password: "p".into() };
        assert_eq!(
            Grant::parse(&machine),
            Ok(Grant::Machine { credential, scopes: Scopes::parse("a b") })
        );
        for unknown in [Params::default(), Params::from([("grant_type", "zzz")])] {
            assert_eq!(Grant::parse(&unknown), Err(TokenError::GrantTypeUnknown));
        }
        let twice = Params::from([
            ("grant_type", "refresh_token"),
            ("refresh_token", "a"),
            ("refresh_token", "b"),
        ]);
        assert_eq!(Grant::parse(&twice), Err(TokenError::RequestMalformed));
    }
}
