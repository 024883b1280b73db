//! The names of grants, as requests and settings have them.

use countersign_model::{Choice, ChoiceValue as _};

/// How a client comes by tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum GrantType {
    #[choice(value = "authorization_code", label = "Authorization code")]
    AuthorizationCode,
    #[choice(value = "refresh_token", label = "Refresh token")]
    RefreshToken,
    #[choice(value = "implicit", label = "Implicit, for old applications")]
    Implicit,
    #[choice(value = "hybrid", label = "Hybrid, for old applications")]
    Hybrid,
    #[choice(value = "client_credentials", label = "Client credentials")]
    ClientCredentials,
    #[choice(value = "password", label = "Password, which is an app password")]
    Password,
    #[choice(value = "urn:ietf:params:oauth:grant-type:device_code", label = "Device code")]
    DeviceCode,
    #[choice(value = "urn:ietf:params:oauth:grant-type:token-exchange", label = "Token exchange")]
    TokenExchange,
    #[choice(
        value = "urn:openid:params:grant-type:ciba",
        label = "Backchannel authentication (CIBA)"
    )]
    Backchannel,
}

impl GrantType {
    /// In the order in which discovery names them.
    pub const ALL: [GrantType; 9] = [
        GrantType::AuthorizationCode,
        GrantType::RefreshToken,
        GrantType::Implicit,
        GrantType::Hybrid,
        GrantType::ClientCredentials,
        GrantType::Password,
        GrantType::DeviceCode,
        GrantType::TokenExchange,
        GrantType::Backchannel,
    ];

    /// Those of a provider that does not say: as the original has them.
    pub const USUAL: [GrantType; 7] = [
        GrantType::AuthorizationCode,
        GrantType::RefreshToken,
        GrantType::Implicit,
        GrantType::Hybrid,
        GrantType::ClientCredentials,
        GrantType::Password,
        GrantType::DeviceCode,
    ];

    pub fn as_str(self) -> &'static str {
        self.value()
    }

    pub fn parse(text: &str) -> Option<GrantType> {
        GrantType::ALL.into_iter().find(|grant| grant.as_str() == text)
    }

    /// Answered where people authorize, not by the token endpoint.
    pub const fn is_direct(self) -> bool {
        matches!(self, GrantType::Implicit | GrantType::Hybrid)
    }

    /// What RFC 9700 (2.1.2, 2.4) no longer allows.
    pub const fn is_outdated(self) -> bool {
        matches!(self, GrantType::Implicit | GrantType::Hybrid | GrantType::Password)
    }
}
