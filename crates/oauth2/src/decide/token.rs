//! Whether a token request is granted, and what exactly.

use countersign_model::Timestamp;

use crate::client::{AuthMethod, Client, ClientType};
use crate::wire::pkce::{self, Challenge};
use crate::wire::redirect::{self, RedirectRefusal};
use crate::wire::scope::OFFLINE_ACCESS;
use crate::wire::{Scopes, TokenError};

/// Whether a confidential client has to prove itself before its grant is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    Client,
    /// The grant is the proof, and is judged as such.
    Own,
}

/// The demand of the grants that begin with a person. Machines prove themselves in their own way,
/// but not where more than a secret is asked for.
///
/// # Errors
/// A confidential client did not prove itself.
pub fn authenticate(client: &Client, proven: bool, proof: Proof) -> Result<(), TokenError> {
    let needed = proof == Proof::Client
        || client.profile.is_strict()
        || client.auth_method.is_some_and(AuthMethod::is_strong);
    let needs_secret = client.kind == ClientType::Confidential && needed;
    if !needs_secret || proven { Ok(()) } else { Err(TokenError::ClientSecretWrong) }
}

/// The servers that an access token is for: those asked for, or all that were granted (RFC 8707
/// 2.2). Without any in the settings of the client the parameter is not looked at.
///
/// # Errors
/// One asked for is not among those granted.
pub fn resources(
    client: &Client,
    asked: &[String],
    granted: &[String],
) -> Result<Vec<String>, TokenError> {
    if client.resources.is_empty() || asked.is_empty() {
        return Ok(granted.to_vec());
    }
    // What was not asked for before may be asked for now.
    let possible = if granted.is_empty() { &client.resources } else { granted };
    let still = |resource| possible.contains(resource) && client.resources.contains(resource);
    if asked.iter().all(still) { Ok(asked.to_vec()) } else { Err(TokenError::ResourceUnknown) }
}

/// A code as it was issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeFacts {
    pub provider: i64,
    pub redirect_uri: String,
    pub challenge: Option<Challenge>,
    pub expires: Timestamp,
    pub used: bool,
    pub user_active: bool,
}

/// # Errors
/// The first thing wrong, in the original's order.
pub fn redeem_code(
    client: &Client,
    redirect_uri: &str,
    verifier: Option<&str>,
    code: Option<&CodeFacts>,
    now: Timestamp,
) -> Result<(), TokenError> {
    redirect::check(redirect_uri, &client.redirect_uris).map_err(|reason| match reason {
        RedirectRefusal::ForbiddenScheme => TokenError::RedirectForbidden,
        RedirectRefusal::Missing | RedirectRefusal::Unregistered | RedirectRefusal::Malformed => {
            TokenError::RedirectUnregistered
        }
    })?;
    let code = code.ok_or(TokenError::CodeUnknown)?;
    if code.provider != client.provider {
        return Err(TokenError::CodeOfAnotherClient);
    }
    if code.used {
        return Err(TokenError::CodeUsed);
    }
    if code.expires < now {
        return Err(TokenError::CodeExpired);
    }
    // RFC 6749 4.1.3: not just any registered address, the one the code was sent to.
    if code.redirect_uri != redirect_uri {
        return Err(TokenError::CodeRedirectMismatch);
    }
    pkce::verify(code.challenge.as_ref(), verifier).map_err(TokenError::Pkce)?;
    if code.user_active { Ok(()) } else { Err(TokenError::UserInactive) }
}

/// A refresh token as it was issued, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshFacts {
    pub provider: i64,
    pub scopes: Scopes,
    pub expires: Timestamp,
    pub revoked: bool,
    pub used: Option<Use>,
    pub user_active: bool,
}

/// The first use of a refresh token, seen from the present one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Use {
    /// So short ago that a client that asked twice at once, or lost the answer, may ask again.
    pub within_grace: bool,
    /// By the same client: it proved who it is, or it has the address it had.
    pub same_client: bool,
    /// It gave tokens as often as a token does.
    pub exhausted: bool,
}

/// A refusal, and whether somebody is using a stolen token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefreshRefusal {
    pub error: TokenError,
    /// Worth an event: a dead token was presented.
    pub suspicious: bool,
    /// All tokens that descend from the same sign-in die (RFC 9700 4.14).
    pub revoke_family: bool,
}

impl From<TokenError> for RefreshRefusal {
    fn from(error: TokenError) -> RefreshRefusal {
        RefreshRefusal { error, suspicious: false, revoke_family: false }
    }
}

/// The scopes of the new access token; the new refresh token keeps those of the old.
///
/// # Errors
/// The first thing wrong, in the original's order.
pub fn refresh(
    client: &Client,
    asked: &Scopes,
    token: Option<&RefreshFacts>,
    now: Timestamp,
) -> Result<Scopes, RefreshRefusal> {
    // A token of another client is as good as unknown: nobody learns that it exists.
    let token =
        token.filter(|t| t.provider == client.provider).ok_or(TokenError::RefreshUnknown)?;
    if token.expires < now {
        return Err(TokenError::RefreshExpired.into());
    }
    let refused = |suspicious, revoke_family| RefreshRefusal {
        error: TokenError::RefreshUsed,
        suspicious,
        revoke_family,
    };
    match token.used {
        // Its family died with it: a token that is repeated after that makes nobody write anything.
        _ if token.revoked => return Err(refused(true, false)),
        Some(Use { within_grace: false, .. }) => return Err(refused(true, true)),
        // RFC 9700 4.14.2: nobody knows which of the two is the client. The one that asked second
        // has to sign in again either way.
        Some(Use { same_client: false, .. }) => return Err(refused(true, true)),
        Some(Use { exhausted: true, .. }) => return Err(refused(false, false)),
        Some(_) | None => {}
    }
    let asked = asked.granted_from(&client.scopes);
    let scopes = if asked.is_empty() { token.scopes.clone() } else { asked };
    if !scopes.is_subset(&token.scopes) || !scopes.contains(OFFLINE_ACCESS) {
        return Err(TokenError::RefreshScopeExceeded.into());
    }
    if token.user_active { Ok(scopes) } else { Err(TokenError::UserInactive.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::tests::client;
    use crate::wire::pkce::{Method, PkceError};

    const CALLBACK: &str = "https://app.example.test/callback";
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn code() -> CodeFacts {
        CodeFacts {
            provider: 1,
            redirect_uri: CALLBACK.into(),
            challenge: None,
            expires: at(100),
            used: false,
            user_active: true,
        }
    }

    #[test]
    fn every_wrong_code_is_named() {
        use TokenError::*;
        let challenge = Challenge {
            value: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM".into(),
            method: Method::S256,
        };
        let with_challenge = CodeFacts { challenge: Some(challenge), ..code() };
        let other_address =
            CodeFacts { redirect_uri: "https://app.example.test/other".into(), ..code() };
        let rows = [
            (CALLBACK, None, Some(code()), 50, Ok(())),
            (CALLBACK, None, Some(code()), 100, Ok(())),
            (CALLBACK, None, Some(code()), 101, Err(CodeExpired)),
            ("https://evil.example/", None, Some(code()), 50, Err(RedirectUnregistered)),
            ("", None, Some(code()), 50, Err(RedirectUnregistered)),
            (CALLBACK, None, None, 50, Err(CodeUnknown)),
            (
                CALLBACK,
                None,
                Some(CodeFacts { provider: 2, ..code() }),
                50,
                Err(CodeOfAnotherClient),
            ),
            (
                CALLBACK,
                None,
                Some(CodeFacts { provider: 2, used: true, ..code() }),
                50,
                Err(CodeOfAnotherClient),
            ),
            (CALLBACK, None, Some(CodeFacts { used: true, ..code() }), 50, Err(CodeUsed)),
            (CALLBACK, None, Some(CodeFacts { used: true, ..code() }), 101, Err(CodeUsed)),
            (CALLBACK, None, Some(other_address), 50, Err(CodeRedirectMismatch)),
            (CALLBACK, Some(VERIFIER), Some(code()), 50, Err(Pkce(PkceError::VerifierUnexpected))),
            (CALLBACK, Some(VERIFIER), Some(with_challenge.clone()), 50, Ok(())),
            (CALLBACK, None, Some(with_challenge), 50, Err(Pkce(PkceError::VerifierMissing))),
            (
                CALLBACK,
                None,
                Some(CodeFacts { user_active: false, ..code() }),
                50,
                Err(UserInactive),
            ),
        ];
        for (uri, verifier, facts, now, expected) in rows {
            assert_eq!(
                redeem_code(&client(), uri, verifier, facts.as_ref(), at(now)),
                expected,
                "{uri} {facts:?}"
            );
        }
    }

    fn refresh_token() -> RefreshFacts {
        RefreshFacts {
            provider: 1,
            scopes: Scopes::parse("openid email offline_access"),
            expires: at(100),
            revoked: false,
            used: None,
            user_active: true,
        }
    }

    #[test]
    fn every_wrong_refresh_is_named() {
        use TokenError::*;
        let used = |within_grace, same_client, exhausted| {
            let used = Use { within_grace, same_client, exhausted };
            RefreshFacts { used: Some(used), ..refresh_token() }
        };
        let quiet = |error| Err(RefreshRefusal { error, suspicious: false, revoke_family: false });
        let loud = |revoke_family| {
            Err(RefreshRefusal { error: RefreshUsed, suspicious: true, revoke_family })
        };
        let granted = |scopes: &str| Ok(Scopes::parse(scopes));
        let rows = [
            ("", Some(refresh_token()), granted("openid email offline_access")),
            ("openid offline_access", Some(refresh_token()), granted("openid offline_access")),
            ("zzz", Some(refresh_token()), granted("openid email offline_access")),
            ("openid", Some(refresh_token()), quiet(RefreshScopeExceeded)),
            ("openid profile offline_access", Some(refresh_token()), quiet(RefreshScopeExceeded)),
            ("", None, quiet(RefreshUnknown)),
            ("", Some(RefreshFacts { provider: 2, ..refresh_token() }), quiet(RefreshUnknown)),
            (
                "",
                Some(RefreshFacts { provider: 2, ..used(false, true, false) }),
                quiet(RefreshUnknown),
            ),
            ("", Some(RefreshFacts { expires: at(49), ..refresh_token() }), quiet(RefreshExpired)),
            ("", Some(RefreshFacts { user_active: false, ..refresh_token() }), quiet(UserInactive)),
            ("", Some(RefreshFacts { revoked: true, ..refresh_token() }), loud(false)),
            ("", Some(RefreshFacts { revoked: true, ..used(true, true, false) }), loud(false)),
            ("", Some(used(true, true, false)), granted("openid email offline_access")),
            ("openid", Some(used(true, true, false)), quiet(RefreshScopeExceeded)),
            ("", Some(used(true, true, true)), quiet(RefreshUsed)),
            ("", Some(used(true, false, false)), loud(true)),
            ("", Some(used(false, true, false)), loud(true)),
            ("", Some(used(false, false, false)), loud(true)),
        ];
        for (asked, facts, expected) in rows {
            assert_eq!(
                refresh(&client(), &Scopes::parse(asked), facts.as_ref(), at(50)),
                expected,
                "{asked} {facts:?}"
            );
        }
    }

    #[test]
    fn confidential_clients_prove_themselves_public_ones_cannot() {
        let wrong = Err(TokenError::ClientSecretWrong);
        let mut client = client();
        assert_eq!(authenticate(&client, true, Proof::Client), Ok(()));
        assert_eq!(authenticate(&client, false, Proof::Client), wrong);
        assert_eq!(authenticate(&client, false, Proof::Own), Ok(()));
        client.auth_method = Some(AuthMethod::PrivateKeyJwt);
        assert_eq!(authenticate(&client, false, Proof::Own), wrong);
        client.auth_method = None;
        client.profile = crate::client::SecurityProfile::Strict;
        assert_eq!(authenticate(&client, false, Proof::Own), wrong);
        client.kind = ClientType::Public;
        assert_eq!(authenticate(&client, false, Proof::Client), Ok(()));
    }

    #[test]
    fn tokens_are_for_servers_that_were_granted() {
        let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let mut client = client();
        let read = |client: &Client, asked: &[&str], granted: &[&str]| {
            resources(client, &list(asked), &list(granted))
        };
        assert_eq!(read(&client, &["x"], &[]), Ok(vec![]), "not looked at");
        client.resources = list(&["a", "b"]);
        assert_eq!(read(&client, &[], &["a", "b"]), Ok(list(&["a", "b"])));
        assert_eq!(read(&client, &["b"], &["a", "b"]), Ok(list(&["b"])));
        assert_eq!(read(&client, &["b"], &[]), Ok(list(&["b"])));
        assert_eq!(read(&client, &[], &[]), Ok(vec![]));
        assert_eq!(read(&client, &["b"], &["a"]), Err(TokenError::ResourceUnknown));
        assert_eq!(read(&client, &["c"], &[]), Err(TokenError::ResourceUnknown));
        assert_eq!(read(&client, &["c"], &["c"]), Err(TokenError::ResourceUnknown), "no longer");
    }
}
