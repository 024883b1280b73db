//! An OAuth2 client as the protocol sees it: the facts of a provider that requests are compared
//! with.

use countersign_model::{Choice, Secret};
use subtle::ConstantTimeEq;

use crate::wire::{Registered, Scopes};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum ClientType {
    Confidential,
    Public,
}

#[derive(Debug, Clone)]
pub struct Client {
    /// The provider's key.
    pub provider: i64,
    pub id: String,
    pub kind: ClientType,
    pub secret: Secret,
    pub redirect_uris: Vec<Registered>,
    /// No code without a challenge.
    pub pkce_required: bool,
    /// The names of the scope mappings attached.
    pub scopes: Scopes,
}

impl Client {
    /// Whether one of the presented secrets is the client's. A blank secret opens nothing.
    pub fn secret_matches<'a>(&self, presented: impl IntoIterator<Item = &'a str>) -> bool {
        let own = self.secret.expose().as_bytes();
        let mut equal = false;
        for secret in presented {
            equal |= bool::from(own.ct_eq(secret.as_bytes()));
        }
        equal && !own.is_empty()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::wire::MatchingMode;

    pub(crate) fn client() -> Client {
        Client {
            provider: 1,
            id: "cid".into(),
            kind: ClientType::Confidential,
            secret: Secret::new("s3cret"),
            redirect_uris: vec![Registered {
                matching_mode: MatchingMode::Strict,
                url: "https://app.example.test/callback".into(),
            }],
            pkce_required: false,
            scopes: Scopes::parse("openid profile email offline_access"),
        }
    }

    #[test]
    fn a_blank_secret_matches_nothing() {
        let mut client = client();
        assert!(client.secret_matches(["wrong", "s3cret"]));
        assert!(!client.secret_matches(["wrong"]));
        client.secret = Secret::new("");
        assert!(!client.secret_matches([""]));
        assert!(!client.secret_matches([]));
    }
}
