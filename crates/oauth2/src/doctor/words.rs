//! Each refusal in plain words: what the application did, and what to change where. `None` for what
//! is part of an exchange that goes well, or is explained elsewhere.

use crate::wire::assertion::AssertionFault;
use crate::wire::dpop::DpopFault;
use crate::wire::pkce::PkceError;
use crate::wire::redirect::RedirectRefusal;
use crate::wire::{AuthorizeError, PageError, TokenError};

/// Reason and remedy.
type Words = (&'static str, &'static str);

pub(super) const fn of_page(error: &PageError) -> Option<Words> {
    Some(match error {
        // Without a client there is nobody's page to show it on.
        PageError::Empty | PageError::Oversized | PageError::ClientId => return None,
        PageError::Pushed => (
            "The browser came with a pushed request that is not there: it was used before, took too long, or is another client's.",
            "Have the application push a new request for each sign-in, and send the browser on at once.",
        ),
        PageError::Redirect { reason, .. } => match reason {
            RedirectRefusal::Missing => (
                "The application does not say where to return to.",
                "Set the redirect address (redirect_uri, callback URL) in the application's settings.",
            ),
            RedirectRefusal::Unregistered => (
                "The application asks to return to an address that is not registered.",
                "Set the registered address in the application, or add the one that it sends to the provider's Redirect URIs, if it is the application's.",
            ),
            RedirectRefusal::ForbiddenScheme => (
                "The application asks to return to an address that a browser would run or read instead of open.",
                "Set an address that begins with https:// in the application and here.",
            ),
            RedirectRefusal::Malformed => (
                "The application asks to return to an address that cannot be read without doubt.",
                "Set a complete address without control characters, user name or backslash in the application.",
            ),
        },
    })
}

pub(super) fn of_authorize(error: &AuthorizeError) -> Option<Words> {
    Some(match error {
        AuthorizeError::AccessDenied
        | AuthorizeError::ConsentRequired
        | AuthorizeError::InteractionRequired
        | AuthorizeError::LoginRequired
        | AuthorizeError::ServerError => return None,
        AuthorizeError::ChallengeMalformed => (
            "The code challenge (PKCE) is not one: it has another length or other characters than the method makes.",
            "Let the application's library make it, and switch its PKCE setting to S256.",
        ),
        AuthorizeError::ChallengeMethodUnknown(_) => (
            "The application names a method for its code challenge (PKCE) that is not accepted.",
            "Switch the application's PKCE setting to S256.",
        ),
        AuthorizeError::ChallengeMissing => (
            "The application sends no code challenge (PKCE), and this provider asks for one.",
            "Switch PKCE with S256 on in the application. If it cannot do that, switch PKCE required off in the provider, for a confidential client only.",
        ),
        AuthorizeError::ClaimsMalformed => (
            "The parameter claims is no JSON of the form that OpenID Connect Core 5.5 describes.",
            "Mend or remove the claims setting of the application.",
        ),
        AuthorizeError::DpopKeyMalformed => (
            "The parameter dpop_jkt is no thumbprint of a key.",
            "It is the SHA-256 thumbprint of RFC 7638 in base64url, 43 characters: let the application's library make it.",
        ),
        AuthorizeError::GrantForbidden => (
            "The application asks for a response type whose grant this provider does not allow.",
            "Set the application to the authorization code flow (response_type=code), or allow the grant in the provider's Grant types.",
        ),
        AuthorizeError::MaxAgeMalformed => (
            "The parameter max_age is no number of seconds.",
            "Mend or remove the max_age setting of the application.",
        ),
        AuthorizeError::NonceMissing => (
            "The application asks for an ID token directly from this address and sends no nonce.",
            "Switch the nonce on in the application, or set it to the authorization code flow (response_type=code).",
        ),
        AuthorizeError::OpenidScopeMissing => (
            "The application asks for an ID token without the scope openid.",
            "Add openid to the scopes in the application's settings.",
        ),
        AuthorizeError::ParameterRepeated(_) => (
            "A parameter is in the request twice, so that two readers could believe different ones.",
            "Look for it in the application's authorization address: settings often add what stands there already.",
        ),
        AuthorizeError::PromptContradictory => (
            "The parameter prompt asks for no page (none) and for one at once.",
            "Send none alone, or leave it out.",
        ),
        AuthorizeError::PushRequired => (
            "The application sent its request with the browser, and this provider wants it pushed first.",
            "Switch pushed authorization requests (PAR) on in the application, or PAR required off in the provider.",
        ),
        AuthorizeError::Registration => (
            "The application sent the parameter registration, which is not supported.",
            "Remove it: clients are registered here, or at the registration endpoint.",
        ),
        AuthorizeError::RequestObject => (
            "The application sends its request as a signed object, and this provider takes none.",
            "Choose the algorithm in the provider's Request object signing, or switch request objects (JAR) off in the application.",
        ),
        AuthorizeError::RequestObjectInvalid(fault) => return Some(of_assertion(*fault)),
        AuthorizeError::RequestUri => (
            "The application names an address of its own where its request would be found.",
            "Only pushed requests are read by name: switch the application to PAR, or request_uri off.",
        ),
        AuthorizeError::RequestUriPushed => {
            ("A pushed request names another pushed request.", "Push the parameters themselves.")
        }
        AuthorizeError::ResourceUnknown => (
            "The application asks for a token for a server (resource) that it may not have tokens for.",
            "Compare the address with the provider's Resources, letter by letter, and add it there if it is meant.",
        ),
        AuthorizeError::ResponseModeUnsafe => (
            "The application wants tokens in the query of an address, where logs would keep them.",
            "Leave response_mode out, or set it to form_post.",
        ),
        AuthorizeError::ResponseTypeUnknown => {
            ("The application asks for a response type that does not exist.", "Set it to code.")
        }
        AuthorizeError::UnmetAuthentication => (
            "The application asks for a second factor (acr_values, claims), and the sign-in ended without one.",
            "See that the authentication flow validates an authenticator and does not skip those who have none, or stop asking in the application.",
        ),
    })
}

pub(super) const fn of_token(error: TokenError) -> Option<Words> {
    Some(match error {
        TokenError::DeviceDenied
        | TokenError::DevicePending
        | TokenError::DeviceSessionEnded
        | TokenError::DeviceTooFast
        | TokenError::PolicyDenied
        | TokenError::UserInactive => return None,
        TokenError::AppPasswordWrong => (
            "The user name and app password that the program sent do not go together.",
            "Make a new app password for the account, and copy it into the program.",
        ),
        TokenError::ApplicationMissing => (
            "The provider belongs to no application, so nobody can be let in.",
            "Make an application that uses this provider.",
        ),
        TokenError::AssertionInvalid => (
            "The JWT that the program proves itself with is not good: unknown issuer or key, ended, or not for this server.",
            "Compare its issuer, audience and end with the sources and providers that this provider federates.",
        ),
        TokenError::CertificateMissing => (
            "The application showed no certificate, or another one than this provider knows or its token is bound to.",
            "Configure its client certificate for the token address (mTLS); a proxy in front has to pass it on in the header that the settings name.",
        ),
        TokenError::ClientAssertion(fault) => return Some(of_assertion(fault)),
        TokenError::ClientSecretWrong => (
            "The application's client secret is wrong, or missing.",
            "Copy the secret from this page into the application again, without spaces, and restart it.",
        ),
        TokenError::ClientUnknown => (
            "The application did not say which client it is.",
            "Set the client ID in the application.",
        ),
        TokenError::CodeExpired => (
            "The code was older than the provider allows when the application brought it.",
            "See that the application brings codes at once and both clocks are right, or raise the Access code validity.",
        ),
        TokenError::CodeMissing => (
            "The application asks for tokens without a code.",
            "Its callback did not read the parameter code: look into the application's log.",
        ),
        TokenError::CodeOfAnotherClient => (
            "The application brought a code that was made for another client.",
            "Two applications share a callback, or their client IDs are mixed up.",
        ),
        TokenError::CodeRedirectMismatch => (
            "The application names another redirect address with the code than it named when it sent the browser.",
            "Both are made of the same setting in most applications: set its public address (base URL), and see that its proxy passes host and scheme on.",
        ),
        TokenError::CodeUnknown => (
            "The application brought a code that was never made here, or was made long ago.",
            "See that its token address is of this server and of the same environment as its authorization address.",
        ),
        TokenError::CodeUsed => (
            "The application brought the same code twice; the tokens of the first time were taken back.",
            "Look for a callback that runs twice: a reload, a second worker, a prefetching proxy.",
        ),
        TokenError::DeviceCodeExpired => (
            "The device still asks with a code that has ended.",
            "Begin anew at the device. Whoever has to type the code may need longer than it is good for.",
        ),
        TokenError::DeviceCodeUnknown => (
            "The device brought a code that was never made here.",
            "See that its addresses are all of this server.",
        ),
        TokenError::DeviceCodeUsed => (
            "The device brought the same code twice.",
            "It has its tokens already: look for a second request in its program.",
        ),
        TokenError::Dpop(fault) => return Some(of_dpop(fault)),
        TokenError::DpopKeyOther => (
            "The application proves another key (DPoP) than the one its grant is bound to.",
            "See that all its processes keep one key for as long as a sign-in lasts.",
        ),
        TokenError::DpopMissing => (
            "The application sends no DPoP proof, and this provider asks for one.",
            "Switch DPoP on in the application, or DPoP required off in the provider.",
        ),
        TokenError::ExchangeActor => (
            "The actor token of the exchange is not good.",
            "See that it is an access token of this server that has not ended, and that its type is named.",
        ),
        TokenError::ExchangeClientPublic => (
            "A public client asks to exchange tokens.",
            "Make the client confidential: an exchange needs a client that proves itself.",
        ),
        TokenError::ExchangeScope => (
            "The exchange asks for more scopes than the token it brings has.",
            "Ask for fewer, or have the first application ask for them.",
        ),
        TokenError::ExchangeSubject => (
            "The token that is to be exchanged is not good: unknown, ended, or bound to a key that was not proved.",
            "See that it is an access token of this server and is sent as it was received.",
        ),
        TokenError::ExchangeTarget => (
            "The exchange asks for a token for an application that this client may not act at.",
            "Compare audience and resource with what the provider's settings allow.",
        ),
        TokenError::ExchangeTypeUnknown => (
            "The exchange names a type of token that is not known here.",
            "Use urn:ietf:params:oauth:token-type:access_token.",
        ),
        TokenError::GrantTypeForbidden => (
            "The application uses a grant that this provider does not allow.",
            "Allow it in the provider's Grant types, if it is meant.",
        ),
        TokenError::GrantTypeUnknown => (
            "The application names a grant that does not exist.",
            "Set it to authorization_code, refresh_token or client_credentials, as it needs.",
        ),
        TokenError::Pkce(PkceError::VerifierMissing) => (
            "The application sent a code challenge (PKCE) at first, and no verifier with the code.",
            "See that its callback finds what it kept before: sessions and cookies must survive the way to this server and back.",
        ),
        TokenError::Pkce(PkceError::VerifierUnexpected) => (
            "The application sends a verifier (PKCE) with a code that was asked for without a challenge.",
            "Switch PKCE on for both steps. Somebody between may also have removed the challenge.",
        ),
        TokenError::Pkce(PkceError::VerifierMalformed) => (
            "The verifier (PKCE) is not 43 to 128 letters, digits or - . _ ~.",
            "Let the application's library make it.",
        ),
        TokenError::Pkce(PkceError::VerifierMismatch) => (
            "The verifier (PKCE) does not belong to the challenge of this code.",
            "See that each sign-in keeps its own: two tabs or workers may overwrite each other's.",
        ),
        TokenError::RedirectForbidden => (
            "The redirect address that came with the code may not be used.",
            "Set an address that begins with https:// in the application and here.",
        ),
        TokenError::RedirectUnregistered => (
            "The redirect address that came with the code is not registered.",
            "Set the registered address in the application, or register its own.",
        ),
        TokenError::RefreshExpired => (
            "The application brought a refresh token that has ended.",
            "Have it send the person to sign in again, or raise the Refresh token validity.",
        ),
        TokenError::RefreshMissing => (
            "The application asks to refresh without a refresh token.",
            "Have it ask for the scope offline_access, and attach that scope to the provider.",
        ),
        TokenError::RefreshScopeExceeded => (
            "The application asks for more scopes at a refresh than were granted.",
            "Have it ask for the same ones, or send the person to sign in again.",
        ),
        TokenError::RefreshUnknown => (
            "The application brought a refresh token that is not known: it was revoked, or was made elsewhere.",
            "Have it send the person to sign in again.",
        ),
        TokenError::RefreshUsed => (
            "The application brought a refresh token that it had used before; all of that sign-in were taken back.",
            "See that it keeps the new one of each answer, also with several workers. Refresh token grace lets a few late ones pass.",
        ),
        TokenError::RequestMalformed => (
            "The request for tokens cannot be read: a parameter twice, or no form.",
            "It is a POST with application/x-www-form-urlencoded in its body.",
        ),
        TokenError::ResourceUnknown => (
            "The application asks for a token for a server (resource) that it may not have tokens for.",
            "Compare the address with the provider's Resources, letter by letter, and add it there if it is meant.",
        ),
        TokenError::SubjectUnclear => (
            "Two people would look the same to the application: they share what the Subject mode names them by.",
            "Choose another Subject mode, or make the value differ.",
        ),
    })
}

const fn of_assertion(fault: AssertionFault) -> Words {
    match fault {
        AssertionFault::Malformed => (
            "What the application signed is no JWT of the form that is expected.",
            "Let its library make it: three parts, signed, with exp, iat and jti as numbers and texts.",
        ),
        AssertionFault::KeysMissing => (
            "The keys of the application cannot be had.",
            "Paste its public keys into the provider's JWKS, or see that its JWKS URI answers to this server.",
        ),
        AssertionFault::Signature => (
            "What the application signed was signed with another key, or another algorithm, than is known of it.",
            "Compare its public key with the provider's JWKS; after a change of keys both need the new one.",
        ),
        AssertionFault::OtherClient => (
            "What the application signed names another client as iss or sub.",
            "Set both to the client ID.",
        ),
        AssertionFault::OtherAudience => (
            "What the application signed is meant for somebody else (aud).",
            "Set its audience to this provider's issuer, as the discovery document writes it.",
        ),
        AssertionFault::Expired => (
            "What the application signed had ended when it came.",
            "Compare the clocks of both machines; a JWT is made anew for each request.",
        ),
        AssertionFault::NotYet => (
            "What the application signed is good only later: its clock is ahead.",
            "Set the clocks of both machines by NTP.",
        ),
        AssertionFault::TooLong => (
            "What the application signed is good for longer than an hour, or for ever.",
            "Let it end (exp) a few minutes after it is made.",
        ),
        AssertionFault::NoId => (
            "What the application signed has no name (jti).",
            "Let its library add a jti that is new each time.",
        ),
        AssertionFault::Repeated => (
            "The application sent the same signed JWT twice.",
            "Let it make a new one, with a new jti, for each request.",
        ),
    }
}

const fn of_dpop(fault: DpopFault) -> Words {
    match fault {
        DpopFault::Several => (
            "There is more than one DPoP proof in the request.",
            "Look for a proxy or library that adds a second header DPoP.",
        ),
        DpopFault::Malformed => (
            "The DPoP proof is no JWT of the form of RFC 9449 4.2.",
            "Let the application's library make it.",
        ),
        DpopFault::Key => (
            "The key in the DPoP proof is none that is used here.",
            "Use ES256, or another algorithm that the discovery document lists.",
        ),
        DpopFault::Signature => (
            "The DPoP proof is not signed with the key that it carries.",
            "Let the application's library make it.",
        ),
        DpopFault::OtherRequest => (
            "The DPoP proof is for another method or address (htm, htu).",
            "A proxy may change scheme or host between: htu is the address that this server is reached at.",
        ),
        DpopFault::Time => (
            "The DPoP proof is older or newer than a minute.",
            "Set the clocks of both machines by NTP.",
        ),
        DpopFault::NoId => (
            "The DPoP proof has no name (jti).",
            "Let the application's library add one that is new each time.",
        ),
        DpopFault::Repeated => (
            "The same DPoP proof came twice.",
            "Let the application make a new one for each request, also when it tries again.",
        ),
        DpopFault::Nonce => (
            "The DPoP proof does not have the nonce that this server gave.",
            "Once in a while that is part of every exchange: the answer has a new one in the header DPoP-Nonce. If it never gets further, update the application's library.",
        ),
        DpopFault::OtherToken => (
            "The DPoP proof is for another access token (ath).",
            "See that proof and token of one request go together.",
        ),
    }
}
