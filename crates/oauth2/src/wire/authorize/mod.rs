//! The authorization request (RFC 6749 4.1.1, OpenID Connect Core 3.1.2.1).

mod steps;

use serde::{Deserialize, Serialize};

use super::claims_request::{self, AcrRequest, ClaimsRequest};
use super::errors::PageError;
use super::grant::GrantType;
use super::params::Params;
use super::pkce::Challenge;
use super::respond::ReturnAddress;
use super::scope::Scopes;
use crate::claims::asks_for_second_factor;

pub use steps::{Arrival, Endpoint, Refusal, Refused, parse};

/// What is asked for: a set of words (OAuth 2.0 Multiple Response Type Encoding Practices 3), named
/// in one order here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ResponseType {
    #[serde(rename = "code")]
    Code,
    #[serde(rename = "id_token")]
    IdToken,
    #[serde(rename = "id_token token")]
    IdTokenToken,
    #[serde(rename = "code token")]
    CodeToken,
    #[serde(rename = "code id_token")]
    CodeIdToken,
    #[serde(rename = "code id_token token")]
    CodeIdTokenToken,
}

impl ResponseType {
    pub const ALL: [ResponseType; 6] = [
        ResponseType::Code,
        ResponseType::IdToken,
        ResponseType::IdTokenToken,
        ResponseType::CodeToken,
        ResponseType::CodeIdToken,
        ResponseType::CodeIdTokenToken,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            ResponseType::Code => "code",
            ResponseType::IdToken => "id_token",
            ResponseType::IdTokenToken => "id_token token",
            ResponseType::CodeToken => "code token",
            ResponseType::CodeIdToken => "code id_token",
            ResponseType::CodeIdTokenToken => "code id_token token",
        }
    }

    pub fn parse(text: &str) -> Option<ResponseType> {
        let sorted = |text: &str| {
            let mut words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
            words.sort_unstable();
            words
        };
        let asked = sorted(text);
        ResponseType::ALL.into_iter().find(|r| sorted(r.as_str()) == asked)
    }

    pub const fn grant_type(self) -> GrantType {
        match self {
            ResponseType::Code => GrantType::AuthorizationCode,
            ResponseType::IdToken | ResponseType::IdTokenToken => GrantType::Implicit,
            ResponseType::CodeToken
            | ResponseType::CodeIdToken
            | ResponseType::CodeIdTokenToken => GrantType::Hybrid,
        }
    }

    pub const fn has_code(self) -> bool {
        !matches!(self, ResponseType::IdToken | ResponseType::IdTokenToken)
    }

    /// `id_token` alone brings no access token (OpenID Connect Core 3.2.2.5).
    pub const fn has_access_token(self) -> bool {
        matches!(
            self,
            ResponseType::IdTokenToken | ResponseType::CodeToken | ResponseType::CodeIdTokenToken
        )
    }

    pub const fn has_id_token(self) -> bool {
        !matches!(self, ResponseType::Code | ResponseType::CodeToken)
    }

    const fn needs_openid(self) -> bool {
        !matches!(self, ResponseType::Code)
    }

    const fn needs_nonce(self) -> bool {
        !matches!(self, ResponseType::Code | ResponseType::CodeToken)
    }
}

/// What the client wants the person to be asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a word of the parameter")]
pub struct Prompt {
    pub none: bool,
    pub login: bool,
    pub consent: bool,
    #[serde(default)]
    pub select_account: bool,
    /// Initiating User Registration 1.0.
    #[serde(default)]
    pub create: bool,
}

impl Prompt {
    /// All values that mean something.
    pub const VALUES: [&str; 5] = ["none", "login", "consent", "select_account", "create"];

    /// Values that are not known are no demand, as in the original; beside `none` none is allowed.
    fn parse(text: &str) -> Option<Prompt> {
        let has = |word| text.split_whitespace().any(|w| w == word);
        let prompt = Prompt {
            none: has("none"),
            login: has("login"),
            consent: has("consent"),
            select_account: has("select_account"),
            create: has("create"),
        };
        let alone = text.split_whitespace().all(|word| word == "none");
        (!prompt.none || alone).then_some(prompt)
    }

    /// Whether somebody who is signed in has to sign in again, or as somebody else.
    pub const fn asks_to_sign_in(self) -> bool {
        self.login || self.select_account || self.create
    }
}

/// A request that is in order in itself. It is kept in the flow's plan while the person signs in
/// and consents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorizeRequest {
    pub client_id: String,
    pub response_type: ResponseType,
    pub to: ReturnAddress,
    pub scopes: Scopes,
    pub nonce: Option<String>,
    pub challenge: Option<Challenge>,
    pub prompt: Prompt,
    pub max_age: Option<i64>,
    pub id_token_hint: Option<String>,
    /// The servers that the tokens are for (RFC 8707).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<String>,
    /// The key that the code is bound to (RFC 9449 10).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dpop_jkt: Option<String>,
    #[serde(default)]
    pub claims: ClaimsRequest,
    #[serde(default)]
    pub acr: AcrRequest,
}

/// Whether a request asks for more than a password; nothing is said of one that is not understood.
pub fn second_factor(params: &Params) -> bool {
    let one = |name| params.some(name).ok().flatten();
    let read = claims_request::read(one("claims"), one("acr_values"));
    read.is_ok_and(|(_, acr)| asks_for_second_factor(&acr))
}

/// Whether a request asks for a new account.
pub fn registers(params: &Params) -> bool {
    let asked = params.some("prompt").ok().flatten().and_then(Prompt::parse);
    asked.is_some_and(|prompt| prompt.create)
}

/// The client named by the request. It is looked up before anything else is read.
///
/// # Errors
/// There is no request, or no single client in it.
pub fn client_id(params: &Params) -> Result<&str, PageError> {
    if params.is_empty() {
        return Err(PageError::Empty);
    }
    params.some("client_id").ok().flatten().ok_or(PageError::ClientId)
}
