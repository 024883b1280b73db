//! An OAuth2 client as the protocol sees it: the facts of a provider that requests are compared
//! with.

use countersign_model::{Choice, Secret};
use subtle::ConstantTimeEq;

use crate::jose::ClientAlgorithm;
use crate::wire::{GrantType, Registered, Scopes};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum ClientType {
    Confidential,
    Public,
}

/// How a confidential client proves itself where it may not choose (OpenID Connect Core 9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum AuthMethod {
    #[choice(value = "client_secret_basic", label = "Secret in the Authorization header")]
    ClientSecretBasic,
    #[choice(value = "client_secret_post", label = "Secret in the form")]
    ClientSecretPost,
    #[choice(value = "client_secret_jwt", label = "JWT signed with the secret")]
    ClientSecretJwt,
    #[choice(value = "private_key_jwt", label = "JWT signed with a private key")]
    PrivateKeyJwt,
    #[choice(
        value = "tls_client_auth",
        label = "TLS client certificate that an authority vouches for"
    )]
    TlsClientAuth,
    #[choice(
        value = "self_signed_tls_client_auth",
        label = "TLS client certificate of the application’s own keys"
    )]
    SelfSignedTlsClientAuth,
}

impl AuthMethod {
    /// What the FAPI profile allows (FAPI 2.0 5.3.2.1).
    pub const fn is_fapi2(self) -> bool {
        matches!(
            self,
            AuthMethod::PrivateKeyJwt
                | AuthMethod::TlsClientAuth
                | AuthMethod::SelfSignedTlsClientAuth
        )
    }

    /// By more than a secret that is sent.
    pub const fn is_strong(self) -> bool {
        !matches!(self, AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretPost)
    }

    /// By an assertion (RFC 7523), and not by the secret itself.
    pub const fn is_assertion(self) -> bool {
        matches!(self, AuthMethod::ClientSecretJwt | AuthMethod::PrivateKeyJwt)
    }
}

/// What is demanded of a client altogether; each profile has the rules of the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Choice)]
pub enum SecurityProfile {
    #[choice(value = "compat", label = "Compatible: as the settings say")]
    Compat,
    #[choice(value = "strict", label = "Strict: OAuth 2.0 as it is recommended today (RFC 9700)")]
    Strict,
    #[choice(value = "fapi2", label = "FAPI 2.0 Security Profile: for banking and the like")]
    Fapi2,
}

impl SecurityProfile {
    pub fn is_strict(self) -> bool {
        self >= SecurityProfile::Strict
    }

    pub fn is_fapi2(self) -> bool {
        self >= SecurityProfile::Fapi2
    }

    /// What clients may sign requests and proofs with.
    pub fn algorithms(self) -> &'static [ClientAlgorithm] {
        if self.is_fapi2() { &ClientAlgorithm::FAPI2 } else { &ClientAlgorithm::ALL }
    }
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
    pub grant_types: Vec<GrantType>,
    /// `None`: by its secret, in the header or in the form.
    pub auth_method: Option<AuthMethod>,
    pub profile: SecurityProfile,
    /// Requests are pushed first (RFC 9126).
    pub par_required: bool,
    /// Tokens are bound to a key of the client (RFC 9449).
    pub dpop_required: bool,
    /// Tokens are bound to its certificate (RFC 8705 3).
    pub certificate_bound: bool,
    /// What it signs its request objects with; `None`: it sends none (RFC 9101).
    pub request_objects: Option<ClientAlgorithm>,
    /// What its tokens may be made for (RFC 8707).
    pub resources: Vec<String>,
    /// The names of the scope mappings attached.
    pub scopes: Scopes,
}

impl Client {
    pub fn allows(&self, grant: GrantType) -> bool {
        self.grant_types.contains(&grant)
    }

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
            grant_types: GrantType::ALL.to_vec(),
            auth_method: None,
            profile: SecurityProfile::Compat,
            par_required: false,
            dpop_required: false,
            certificate_bound: false,
            request_objects: None,
            resources: Vec::new(),
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
