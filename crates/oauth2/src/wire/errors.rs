//! Everything that can be wrong with a request, by name, and the one mapping of each name to the
//! protocol's words.
//!
//! Names are for tests, logs and the health page; the code and the sentence are what the standards
//! (RFC 6749 4.1.2.1 and 5.2, OpenID Connect Core 3.1.2.6, RFC 6750 3.1) let a client see.

use super::assertion::AssertionFault;
use super::dpop::DpopFault;
use super::redirect::RedirectRefusal;
use crate::jose::ClientAlgorithm;

/// Wrong in a way that leaves no address to answer to: a person sees a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PageError {
    /// No parameters at all.
    Empty,
    Oversized,
    ClientId,
    /// A pushed request that is not there, not this client's, or was used.
    Pushed,
    Redirect {
        reason: RedirectRefusal,
        received: String,
    },
}

impl PageError {
    pub const fn code(&self) -> &'static str {
        match self {
            PageError::Empty => "oauth2.authorize.empty",
            PageError::Oversized => "oauth2.authorize.oversized",
            PageError::ClientId => "oauth2.client_id.unknown",
            PageError::Pushed => "oauth2.request_uri.unknown",
            PageError::Redirect { reason, .. } => match reason {
                RedirectRefusal::Missing => "oauth2.redirect_uri.missing",
                RedirectRefusal::Unregistered => "oauth2.redirect_uri.unregistered",
                RedirectRefusal::ForbiddenScheme => "oauth2.redirect_uri.forbidden_scheme",
                RedirectRefusal::Malformed => "oauth2.redirect_uri.malformed",
            },
        }
    }

    pub const fn status(&self) -> u16 {
        match self {
            PageError::Empty => 404,
            PageError::Oversized
            | PageError::ClientId
            | PageError::Pushed
            | PageError::Redirect { .. } => 400,
        }
    }

    pub const fn title(&self) -> &'static str {
        match self {
            PageError::Empty => "Not Found",
            PageError::Oversized | PageError::Pushed => "Request Error",
            PageError::ClientId => "Client ID Error",
            PageError::Redirect { .. } => "Redirect URI Error",
        }
    }

    /// For the person in front of the page: what happened, and who can mend it where.
    pub const fn sentence(&self) -> &'static str {
        match self {
            PageError::ClientId => {
                "This server does not know the application that sent you here. Whoever runs it compares its Client ID with the one on the provider's page."
            }
            PageError::Redirect { reason: RedirectRefusal::Missing, .. } => {
                "The application did not say where to return to. Whoever runs it sets its redirect address (redirect_uri)."
            }
            PageError::Redirect { .. } => {
                "The application asked to return to an address it has not registered. Whoever runs it adds this one to the provider's Redirect URIs, letter by letter."
            }
            PageError::Empty | PageError::Oversized | PageError::Pushed => self.text(),
        }
    }

    /// For the log, in the original's words.
    pub const fn text(&self) -> &'static str {
        match self {
            PageError::Empty => "The page you asked for does not exist.",
            PageError::Oversized => {
                "The request has too many or too long parameters, or one with a null character."
            }
            PageError::Pushed => {
                "This sign-in was already used or took too long. Go back to the application and begin again."
            }
            PageError::ClientId => "The client identifier (client_id) is missing or invalid.",
            PageError::Redirect { .. } => {
                "The request fails due to a missing, invalid, or mismatching redirection URI (redirect_uri)."
            }
        }
    }
}

/// Wrong in a way the client is told about, at its redirect URI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthorizeError {
    /// The application's policies say no, and nobody is there to see a page (`prompt=none`).
    AccessDenied,
    ChallengeMalformed,
    ChallengeMethodUnknown(String),
    /// The client has to prove itself by PKCE.
    ChallengeMissing,
    /// The parameter `claims`.
    ClaimsMalformed,
    ConsentRequired,
    /// `dpop_jkt` is no thumbprint of a key.
    DpopKeyMalformed,
    /// The client may not come by tokens in this way.
    GrantForbidden,
    InteractionRequired,
    LoginRequired,
    MaxAgeMalformed,
    NonceMissing,
    OpenidScopeMissing,
    ParameterRepeated(&'static str),
    /// `prompt=none` together with a prompt.
    PromptContradictory,
    /// The client has to push its requests (RFC 9126).
    PushRequired,
    Registration,
    RequestObject,
    /// The object of a client that sends signed ones is not good.
    RequestObjectInvalid(AssertionFault),
    RequestUri,
    /// A pushed request that names another.
    RequestUriPushed,
    /// None of the servers that the client's tokens may be made for (RFC 8707).
    ResourceUnknown,
    /// Tokens in the query would end in logs.
    ResponseModeUnsafe,
    ResponseTypeUnknown,
    ServerError,
    /// The person cannot sign in the way that is asked for (RFC 9470, OpenID Connect Core Unmet
    /// Authentication Requirements 1.0).
    UnmetAuthentication,
}

impl AuthorizeError {
    /// The protocol's error code.
    pub const fn error(&self) -> &'static str {
        match self {
            AuthorizeError::AccessDenied => "access_denied",
            AuthorizeError::ConsentRequired => "consent_required",
            AuthorizeError::GrantForbidden => "unauthorized_client",
            AuthorizeError::ResourceUnknown => "invalid_target",
            AuthorizeError::RequestObjectInvalid(_) => "invalid_request_object",
            AuthorizeError::InteractionRequired => "interaction_required",
            AuthorizeError::LoginRequired => "login_required",
            AuthorizeError::ChallengeMalformed
            | AuthorizeError::ChallengeMethodUnknown(_)
            | AuthorizeError::ChallengeMissing
            | AuthorizeError::DpopKeyMalformed
            | AuthorizeError::ClaimsMalformed
            | AuthorizeError::MaxAgeMalformed
            | AuthorizeError::NonceMissing
            | AuthorizeError::ParameterRepeated(_)
            | AuthorizeError::PromptContradictory
            | AuthorizeError::PushRequired
            | AuthorizeError::RequestUriPushed
            | AuthorizeError::ResponseModeUnsafe => "invalid_request",
            AuthorizeError::OpenidScopeMissing => "invalid_scope",
            AuthorizeError::Registration => "registration_not_supported",
            AuthorizeError::RequestObject => "request_not_supported",
            AuthorizeError::RequestUri => "request_uri_not_supported",
            AuthorizeError::ResponseTypeUnknown => "unsupported_response_type",
            AuthorizeError::ServerError => "server_error",
            AuthorizeError::UnmetAuthentication => "unmet_authentication_requirements",
        }
    }

    /// The sentence for the client's developer.
    pub fn description(&self) -> String {
        let text = match self {
            AuthorizeError::AccessDenied => {
                "The resource owner or authorization server denied the request"
            }
            AuthorizeError::ChallengeMethodUnknown(method) => {
                return format!("Unsupported challenge method {method}");
            }
            AuthorizeError::ChallengeMissing => {
                "This client has to send a code challenge (PKCE) with the method S256"
            }
            AuthorizeError::ConsentRequired => "The Authorization Server requires End-User consent",
            AuthorizeError::GrantForbidden => {
                "The client is not authorized to request an authorization code using this method"
            }
            AuthorizeError::PushRequired => {
                "This client has to push its requests to the pushed authorization request endpoint"
            }
            AuthorizeError::RequestObjectInvalid(_) => {
                "The request object is not signed as agreed, not for this server, or has ended"
            }
            AuthorizeError::ResourceUnknown => {
                "The requested resource is invalid, missing, unknown, or malformed"
            }
            AuthorizeError::InteractionRequired => {
                "The Authorization Server requires End-User interaction of some form to proceed"
            }
            AuthorizeError::LoginRequired => {
                "The Authorization Server requires End-User authentication"
            }
            AuthorizeError::ChallengeMalformed
            | AuthorizeError::DpopKeyMalformed
            | AuthorizeError::MaxAgeMalformed
            | AuthorizeError::NonceMissing
            | AuthorizeError::ParameterRepeated(_)
            | AuthorizeError::PromptContradictory
            | AuthorizeError::RequestUriPushed
            | AuthorizeError::ResponseModeUnsafe => "The request is otherwise malformed",
            AuthorizeError::OpenidScopeMissing => {
                "The requested scope is invalid, unknown, or malformed"
            }
            AuthorizeError::Registration => {
                "The provider does not support use of the registration parameter"
            }
            AuthorizeError::RequestObject => {
                "The provider does not support use of the request parameter"
            }
            AuthorizeError::RequestUri => {
                "The provider does not support use of the request_uri parameter"
            }
            AuthorizeError::ResponseTypeUnknown => {
                "The authorization server does not support obtaining an authorization code using this method"
            }
            AuthorizeError::ServerError => "The authorization server encountered an error",
            AuthorizeError::ClaimsMalformed => "The parameter claims is not understood",
            AuthorizeError::UnmetAuthentication => {
                "The End-User cannot sign in the way that acr_values or claims ask for"
            }
        };
        text.to_owned()
    }

    pub const fn code(&self) -> &'static str {
        match self {
            AuthorizeError::AccessDenied => "oauth2.authorize.access_denied",
            AuthorizeError::ChallengeMalformed => "oauth2.authorize.challenge_malformed",
            AuthorizeError::ChallengeMethodUnknown(_) => {
                "oauth2.authorize.challenge_method_unknown"
            }
            AuthorizeError::ChallengeMissing => "oauth2.authorize.challenge_missing",
            AuthorizeError::ClaimsMalformed => "oauth2.authorize.claims_malformed",
            AuthorizeError::ConsentRequired => "oauth2.authorize.consent_required",
            AuthorizeError::DpopKeyMalformed => "oauth2.authorize.dpop_key_malformed",
            AuthorizeError::GrantForbidden => "oauth2.authorize.grant_forbidden",
            AuthorizeError::InteractionRequired => "oauth2.authorize.interaction_required",
            AuthorizeError::LoginRequired => "oauth2.authorize.login_required",
            AuthorizeError::MaxAgeMalformed => "oauth2.authorize.max_age_malformed",
            AuthorizeError::NonceMissing => "oauth2.authorize.nonce_missing",
            AuthorizeError::OpenidScopeMissing => "oauth2.authorize.openid_scope_missing",
            AuthorizeError::ParameterRepeated(_) => "oauth2.authorize.parameter_repeated",
            AuthorizeError::PromptContradictory => "oauth2.authorize.prompt_contradictory",
            AuthorizeError::PushRequired => "oauth2.authorize.push_required",
            AuthorizeError::Registration => "oauth2.authorize.registration",
            AuthorizeError::RequestObject => "oauth2.authorize.request_object",
            AuthorizeError::RequestObjectInvalid(fault) => fault.code(),
            AuthorizeError::RequestUriPushed => "oauth2.authorize.request_uri_pushed",
            AuthorizeError::ResourceUnknown => "oauth2.authorize.resource_unknown",
            AuthorizeError::RequestUri => "oauth2.authorize.request_uri",
            AuthorizeError::ResponseModeUnsafe => "oauth2.authorize.response_mode_unsafe",
            AuthorizeError::ResponseTypeUnknown => "oauth2.authorize.response_type_unknown",
            AuthorizeError::ServerError => "oauth2.authorize.server_error",
            AuthorizeError::UnmetAuthentication => "oauth2.authorize.unmet_authentication",
        }
    }
}

/// Why the token endpoint (or introspection, revocation) refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenError {
    AppPasswordWrong,
    ApplicationMissing,
    AssertionInvalid,
    /// The client's tokens have to be bound to its certificate, and it has shown none (RFC 8705 3).
    CertificateMissing,
    /// What the client signed to prove itself is not good.
    ClientAssertion(AssertionFault),
    ClientSecretWrong,
    ClientUnknown,
    CodeExpired,
    CodeMissing,
    CodeOfAnotherClient,
    CodeRedirectMismatch,
    CodeUnknown,
    CodeUsed,
    DeviceCodeExpired,
    DeviceCodeUnknown,
    DeviceCodeUsed,
    DeviceDenied,
    DevicePending,
    /// The session in which a person allowed the device has ended before it came.
    DeviceSessionEnded,
    DeviceTooFast,
    ExchangeActor,
    ExchangeClientPublic,
    ExchangeScope,
    ExchangeSubject,
    ExchangeTarget,
    /// Of the token that is sent or wanted.
    ExchangeTypeUnknown,
    Dpop(DpopFault),
    /// The proof is by another key than the grant is bound to.
    DpopKeyOther,
    /// The client's tokens have to be bound to a key.
    DpopMissing,
    /// The client may not come by tokens in this way.
    GrantTypeForbidden,
    GrantTypeUnknown,
    Pkce(super::pkce::PkceError),
    PolicyDenied,
    RedirectForbidden,
    RedirectUnregistered,
    RefreshExpired,
    RefreshMissing,
    RefreshScopeExceeded,
    RefreshUnknown,
    RefreshUsed,
    RequestMalformed,
    /// None of the servers that these tokens may be made for (RFC 8707).
    ResourceUnknown,
    /// The client could not tell the person from others.
    SubjectUnclear,
    UserInactive,
}

impl TokenError {
    /// The protocol's error code.
    pub const fn error(self) -> &'static str {
        match self {
            TokenError::ClientAssertion(_)
            | TokenError::ClientSecretWrong
            | TokenError::ClientUnknown
            | TokenError::RedirectUnregistered => "invalid_client",
            TokenError::DeviceCodeExpired => "expired_token",
            TokenError::DeviceDenied => "access_denied",
            TokenError::DevicePending => "authorization_pending",
            TokenError::DeviceTooFast => "slow_down",
            TokenError::Dpop(DpopFault::Nonce) => "use_dpop_nonce",
            TokenError::Dpop(_) | TokenError::DpopMissing => "invalid_dpop_proof",
            TokenError::GrantTypeForbidden => "unauthorized_client",
            TokenError::ResourceUnknown => "invalid_target",
            TokenError::GrantTypeUnknown => "unsupported_grant_type",
            // RFC 8693 2.2.2
            TokenError::CertificateMissing
            | TokenError::ExchangeActor
            | TokenError::ExchangeSubject
            | TokenError::ExchangeTypeUnknown
            | TokenError::RedirectForbidden
            | TokenError::RequestMalformed => "invalid_request",
            TokenError::ExchangeTarget => "invalid_target",
            TokenError::ExchangeClientPublic => "unauthorized_client",
            TokenError::ExchangeScope | TokenError::RefreshScopeExceeded => "invalid_scope",
            TokenError::AppPasswordWrong
            | TokenError::ApplicationMissing
            | TokenError::AssertionInvalid
            | TokenError::CodeExpired
            | TokenError::CodeMissing
            | TokenError::CodeOfAnotherClient
            | TokenError::CodeRedirectMismatch
            | TokenError::CodeUnknown
            | TokenError::CodeUsed
            | TokenError::DeviceCodeUnknown
            | TokenError::DeviceCodeUsed
            | TokenError::DeviceSessionEnded
            | TokenError::DpopKeyOther
            | TokenError::Pkce(_)
            | TokenError::PolicyDenied
            | TokenError::RefreshExpired
            | TokenError::RefreshMissing
            | TokenError::RefreshUnknown
            | TokenError::RefreshUsed
            | TokenError::SubjectUnclear
            | TokenError::UserInactive => "invalid_grant",
        }
    }

    /// The sentence for the client's developer; one for each protocol code, so that it tells an
    /// attacker no more.
    pub fn description(self) -> &'static str {
        match self.error() {
            "invalid_client" => {
                "Client authentication failed (e.g., unknown client, no client authentication included, or unsupported authentication method)"
            }
            "use_dpop_nonce" => NONCE_WANTED,
            "invalid_dpop_proof" => {
                "The DPoP proof is missing, repeated, or does not fit the request"
            }
            "invalid_target" => "The requested resource is invalid, missing, unknown, or malformed",
            "unauthorized_client" => {
                "The authenticated client is not authorized to use this authorization grant type"
            }
            "unsupported_grant_type" => {
                "The authorization grant type is not supported by the authorization server"
            }
            "authorization_pending" => {
                "The authorization request is still pending as the end user hasn't yet completed the user-interaction steps"
            }
            "slow_down" => {
                "The authorization request is still pending; five more seconds have to pass between two requests from now on"
            }
            "access_denied" => "The authorization request was denied.",
            "expired_token" => {
                "The \"device_code\" has expired, and the device authorization session has concluded.  The client MAY commence a new device authorization request but SHOULD wait for user interaction before restarting to avoid unnecessary polling."
            }
            "invalid_request" => "The request is otherwise malformed",
            "invalid_scope" => {
                "The requested scope is invalid, unknown, malformed, or exceeds the scope granted by the resource owner"
            }
            _ => {
                "The provided authorization grant or refresh token is invalid, expired, revoked, does not match the redirection URI used in the authorization request, or was issued to another client"
            }
        }
    }

    pub const fn code(self) -> &'static str {
        use super::pkce::PkceError;
        match self {
            TokenError::AppPasswordWrong => "oauth2.token.app_password_wrong",
            TokenError::ApplicationMissing => "oauth2.token.application_missing",
            TokenError::AssertionInvalid => "oauth2.token.assertion_invalid",
            TokenError::CertificateMissing => "oauth2.token.certificate_missing",
            TokenError::ClientAssertion(fault) => fault.code(),
            TokenError::ClientSecretWrong => "oauth2.token.client_secret_wrong",
            TokenError::ClientUnknown => "oauth2.token.client_unknown",
            TokenError::CodeExpired => "oauth2.token.code_expired",
            TokenError::CodeMissing => "oauth2.token.code_missing",
            TokenError::CodeOfAnotherClient => "oauth2.token.code_of_another_client",
            TokenError::CodeRedirectMismatch => "oauth2.token.code_redirect_mismatch",
            TokenError::CodeUnknown => "oauth2.token.code_unknown",
            TokenError::CodeUsed => "oauth2.token.code_used",
            TokenError::DeviceCodeExpired => "oauth2.token.device_code_expired",
            TokenError::DeviceCodeUnknown => "oauth2.token.device_code_unknown",
            TokenError::DeviceCodeUsed => "oauth2.token.device_code_used",
            TokenError::DeviceDenied => "oauth2.token.device_denied",
            TokenError::DevicePending => "oauth2.token.device_pending",
            TokenError::DeviceSessionEnded => "oauth2.token.device_session_ended",
            TokenError::DeviceTooFast => "oauth2.token.device_too_fast",
            TokenError::ExchangeActor => "oauth2.token.exchange_actor",
            TokenError::ExchangeClientPublic => "oauth2.token.exchange_client_public",
            TokenError::ExchangeScope => "oauth2.token.exchange_scope",
            TokenError::ExchangeSubject => "oauth2.token.exchange_subject",
            TokenError::ExchangeTarget => "oauth2.token.exchange_target",
            TokenError::ExchangeTypeUnknown => "oauth2.token.exchange_type_unknown",
            TokenError::Dpop(fault) => fault.code(),
            TokenError::DpopKeyOther => "oauth2.token.dpop_key_other",
            TokenError::DpopMissing => "oauth2.token.dpop_missing",
            TokenError::GrantTypeForbidden => "oauth2.token.grant_type_forbidden",
            TokenError::GrantTypeUnknown => "oauth2.token.grant_type_unknown",
            TokenError::Pkce(PkceError::VerifierMissing) => "oauth2.token.verifier_missing",
            TokenError::Pkce(PkceError::VerifierUnexpected) => "oauth2.token.verifier_unexpected",
            TokenError::Pkce(PkceError::VerifierMalformed) => "oauth2.token.verifier_malformed",
            TokenError::Pkce(PkceError::VerifierMismatch) => "oauth2.token.verifier_mismatch",
            TokenError::PolicyDenied => "oauth2.token.policy_denied",
            TokenError::RedirectForbidden => "oauth2.token.redirect_forbidden",
            TokenError::RedirectUnregistered => "oauth2.token.redirect_unregistered",
            TokenError::RefreshExpired => "oauth2.token.refresh_expired",
            TokenError::RefreshMissing => "oauth2.token.refresh_missing",
            TokenError::RefreshScopeExceeded => "oauth2.token.refresh_scope_exceeded",
            TokenError::RefreshUnknown => "oauth2.token.refresh_unknown",
            TokenError::RefreshUsed => "oauth2.token.refresh_used",
            TokenError::RequestMalformed => "oauth2.token.request_malformed",
            TokenError::ResourceUnknown => "oauth2.token.resource_unknown",
            TokenError::SubjectUnclear => "oauth2.token.subject_unclear",
            TokenError::UserInactive => "oauth2.token.user_inactive",
        }
    }
}

impl TokenError {
    /// Whether the client did not prove itself: asked to, it is told how (RFC 6749 5.2).
    pub const fn is_unauthenticated(self) -> bool {
        matches!(
            self,
            TokenError::ClientAssertion(_)
                | TokenError::ClientSecretWrong
                | TokenError::ClientUnknown
        )
    }

    /// Whether somebody may be guessing.
    pub const fn is_guess(self) -> bool {
        matches!(
            self,
            TokenError::AppPasswordWrong
                | TokenError::ClientAssertion(_)
                | TokenError::ClientSecretWrong
        )
    }
}

/// Why a bearer token opens nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BearerError {
    /// Missing, unknown, expired, revoked, or of a deactivated user.
    Invalid,
    /// The proof beside a token that is bound to a key is not good (RFC 9449 7.1).
    Dpop(DpopFault),
    /// A token that is bound to a key came without a proof, or the other way round.
    DpopMissing,
    /// A token that is bound to a certificate came with another or none (RFC 8705 3).
    CertificateOther,
    /// More than one way of sending a token (RFC 6750 2).
    SentTwice,
    ScopeMissing,
    RequestMalformed,
}

/// RFC 9449 8: the client tries again by itself.
const NONCE_WANTED: &str =
    "Authorization server requires nonce in DPoP proof: take it from the header DPoP-Nonce";

impl BearerError {
    pub const fn error(self) -> &'static str {
        match self {
            BearerError::Invalid | BearerError::CertificateOther | BearerError::DpopMissing => {
                "invalid_token"
            }
            BearerError::Dpop(DpopFault::Nonce) => "use_dpop_nonce",
            BearerError::Dpop(_) => "invalid_dpop_proof",
            BearerError::ScopeMissing => "insufficient_scope",
            BearerError::RequestMalformed | BearerError::SentTwice => "invalid_request",
        }
    }

    pub const fn status(self) -> u16 {
        match self {
            BearerError::Invalid
            | BearerError::CertificateOther
            | BearerError::Dpop(_)
            | BearerError::DpopMissing => 401,
            BearerError::ScopeMissing => 403,
            BearerError::RequestMalformed | BearerError::SentTwice => 400,
        }
    }

    pub const fn description(self) -> &'static str {
        match self {
            BearerError::Invalid => {
                "The access token provided is expired, revoked, malformed, or invalid for other reasons"
            }
            BearerError::Dpop(DpopFault::Nonce) => NONCE_WANTED,
            BearerError::Dpop(_) => {
                "The DPoP proof is missing, repeated, or does not fit the request"
            }
            BearerError::CertificateOther => {
                "The access token is bound to a certificate that the request did not come with"
            }
            BearerError::DpopMissing => {
                "The access token is bound to a key: send it with the scheme DPoP and a proof"
            }
            BearerError::ScopeMissing => {
                "The request requires higher privileges than provided by the access token"
            }
            BearerError::RequestMalformed => "The request is otherwise malformed",
            BearerError::SentTwice => {
                "The request uses more than one method for including an access token"
            }
        }
    }

    /// The value of `WWW-Authenticate` (RFC 6750 3).
    pub fn challenge(self) -> String {
        let (error, text) = (self.error(), self.description());
        match self {
            BearerError::Dpop(_) | BearerError::DpopMissing => {
                let all = ClientAlgorithm::ALL.map(ClientAlgorithm::as_str).join(" ");
                format!(r#"DPoP error="{error}", error_description="{text}", algs="{all}""#)
            }
            _ => format!(r#"Bearer error="{error}", error_description="{text}""#),
        }
    }
}
