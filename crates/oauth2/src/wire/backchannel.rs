//! A request to sign somebody in who is not there (OpenID Connect Client-Initiated Backchannel
//! Authentication Core 1.0, 7.1, 13).

use countersign_model::Secret;

use super::params::Params;
use super::scope::{OPENID, Scopes};

/// What a page shows in one line, on a phone as well.
pub const LONGEST_MESSAGE: usize = 64;
/// 7.1: of at most so many characters.
const LONGEST_TOKEN: usize = 1_024;
const LONGEST_HINT: usize = 8_192;

/// How long a request waits for its answer: where the client does not say, and at most.
pub const USUAL_SECONDS: i64 = 300;
pub const MOST_SECONDS: i64 = 600;

/// Whom it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hint {
    /// A username, or an e-mail address.
    Login(String),
    /// An ID token that the client was given before.
    IdToken(String),
}

#[derive(Debug, Clone)]
pub struct BackchannelRequest {
    pub scopes: Scopes,
    pub hint: Hint,
    /// What the person sees here and at the application.
    pub message: String,
    pub seconds: i64,
    /// What the application knows a notification by.
    pub notification_token: Option<Secret>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BackchannelError {
    Malformed,
    ScopeWithoutOpenid,
    HintMissing,
    HintSeveral,
    HintTokenUnsupported,
    SignedUnsupported,
    MessageUnusable,
    ExpiryUnreadable,
    NotificationTokenMissing,
    NotificationTokenUnusable,
    /// The ID token is none that this client was given.
    HintInvalid,
    UserUnknown,
}

impl BackchannelError {
    pub const fn error(self) -> &'static str {
        match self {
            BackchannelError::Malformed
            | BackchannelError::HintMissing
            | BackchannelError::HintSeveral
            | BackchannelError::HintTokenUnsupported
            | BackchannelError::HintInvalid
            | BackchannelError::SignedUnsupported
            | BackchannelError::ExpiryUnreadable
            | BackchannelError::NotificationTokenMissing
            | BackchannelError::NotificationTokenUnusable => "invalid_request",
            BackchannelError::ScopeWithoutOpenid => "invalid_scope",
            BackchannelError::MessageUnusable => "invalid_binding_message",
            BackchannelError::UserUnknown => "unknown_user_id",
        }
    }

    pub const fn code(self) -> &'static str {
        match self {
            BackchannelError::Malformed => "oauth2.backchannel.malformed",
            BackchannelError::ScopeWithoutOpenid => "oauth2.backchannel.scope_without_openid",
            BackchannelError::HintMissing => "oauth2.backchannel.hint_missing",
            BackchannelError::HintSeveral => "oauth2.backchannel.hint_several",
            BackchannelError::HintTokenUnsupported => "oauth2.backchannel.hint_token_unsupported",
            BackchannelError::SignedUnsupported => "oauth2.backchannel.signed_unsupported",
            BackchannelError::MessageUnusable => "oauth2.backchannel.message_unusable",
            BackchannelError::ExpiryUnreadable => "oauth2.backchannel.expiry_unreadable",
            BackchannelError::NotificationTokenMissing => {
                "oauth2.backchannel.notification_token_missing"
            }
            BackchannelError::NotificationTokenUnusable => {
                "oauth2.backchannel.notification_token_unusable"
            }
            BackchannelError::HintInvalid => "oauth2.backchannel.hint_invalid",
            BackchannelError::UserUnknown => "oauth2.backchannel.user_unknown",
        }
    }

    /// What the client's developer does about it.
    pub const fn text(self) -> &'static str {
        match self {
            BackchannelError::Malformed => "A parameter is given twice, or too long.",
            BackchannelError::ScopeWithoutOpenid => "scope has to contain openid.",
            BackchannelError::HintMissing => {
                "Say whom to ask: login_hint (a username or an e-mail address) or id_token_hint."
            }
            BackchannelError::HintSeveral => "Send one hint only.",
            BackchannelError::HintTokenUnsupported => {
                "login_hint_token is not taken here: send login_hint or id_token_hint."
            }
            BackchannelError::SignedUnsupported => {
                "Signed requests are not taken here: send the parameters themselves."
            }
            BackchannelError::MessageUnusable => {
                "binding_message is one line of at most 64 characters, without control characters."
            }
            BackchannelError::ExpiryUnreadable => "requested_expiry is a positive whole number.",
            BackchannelError::NotificationTokenMissing => {
                "The client is notified, so it has to send client_notification_token."
            }
            BackchannelError::NotificationTokenUnusable => {
                "client_notification_token is a bearer token of at most 1024 characters (RFC 6750 2.1)."
            }
            BackchannelError::HintInvalid => {
                "id_token_hint is no ID token that was issued to this client."
            }
            BackchannelError::UserUnknown => "Nobody is known by this hint.",
        }
    }
}

/// What a client asks for. `notified`: it is told when there is an answer.
///
/// # Errors
/// The first thing wrong.
pub fn parse(params: &Params, notified: bool) -> Result<BackchannelRequest, BackchannelError> {
    use BackchannelError as E;
    let some = |name: &'static str| params.some(name).map_err(|_| E::Malformed);
    if some("request")?.is_some() {
        return Err(E::SignedUnsupported);
    }
    let scopes = Scopes::parse(some("scope")?.unwrap_or_default());
    if !scopes.contains(OPENID) {
        return Err(E::ScopeWithoutOpenid);
    }
    let hint = match (some("login_hint")?, some("id_token_hint")?, some("login_hint_token")?) {
        (None, None, None) => return Err(E::HintMissing),
        (None, None, Some(_)) => return Err(E::HintTokenUnsupported),
        (Some(login), None, None) => Hint::Login(login.trim().to_owned()),
        (None, Some(token), None) => Hint::IdToken(token.to_owned()),
        _ => return Err(E::HintSeveral),
    };
    let (Hint::Login(text) | Hint::IdToken(text)) = &hint;
    if text.len() > LONGEST_HINT {
        return Err(E::Malformed);
    }
    let message = some("binding_message")?.unwrap_or_default().to_owned();
    // Signs that turn the direction of what follows make a page say something else.
    let odd = |sign: char| {
        sign.is_control()
            || matches!(sign, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    if message.chars().count() > LONGEST_MESSAGE || message.chars().any(odd) {
        return Err(E::MessageUnusable);
    }
    let seconds = match some("requested_expiry")? {
        None => USUAL_SECONDS,
        Some(text) if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) => {
            // More digits than a number holds is more than anybody waits.
            match text.parse::<i64>().unwrap_or(i64::MAX) {
                0 => return Err(E::ExpiryUnreadable),
                seconds => seconds.min(MOST_SECONDS),
            }
        }
        Some(_) => return Err(E::ExpiryUnreadable),
    };
    let notification_token = match some("client_notification_token")? {
        _ if !notified => None,
        None => return Err(E::NotificationTokenMissing),
        Some(token) if token.len() <= LONGEST_TOKEN && is_bearer_token(token) => {
            Some(Secret::new(token))
        }
        Some(_) => return Err(E::NotificationTokenUnusable),
    };
    Ok(BackchannelRequest { scopes, hint, message, seconds, notification_token })
}

/// `b64token` of RFC 6750 2.1.
fn is_bearer_token(token: &str) -> bool {
    let body = token.trim_end_matches('=');
    !body.is_empty() && body.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~+/".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_named() {
        use BackchannelError as E;
        let good = [("scope", "openid email"), ("login_hint", "ada")];
        let with = |more: &[(&str, &str)], notified| {
            let mut all = good.to_vec();
            all.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
            all.extend(more.iter().copied().filter(|(_, value)| *value != "-"));
            let pairs: Vec<(&str, &str)> = all;
            parse(&Params::parse(query(&pairs).as_bytes()).unwrap(), notified)
        };
        let request = with(&[("binding_message", "W4SCT"), ("requested_expiry", "120")], false);
        let request = request.unwrap();
        assert_eq!(
            (request.hint, request.seconds, request.message.as_str()),
            (Hint::Login("ada".into()), 120, "W4SCT")
        );
        assert_eq!(with(&[], false).unwrap().seconds, USUAL_SECONDS);
        assert_eq!(
            with(&[("requested_expiry", "99999999999999999999")], false).unwrap().seconds,
            MOST_SECONDS
        );
        let token = with(&[("client_notification_token", "8d67dc78-7faa_4d41~aabd==")], true);
        assert!(token.unwrap().notification_token.is_some());
        for (more, notified, error) in [
            (&[("scope", "email")][..], false, E::ScopeWithoutOpenid),
            (&[("scope", "-")], false, E::ScopeWithoutOpenid),
            (&[("login_hint", "-")], false, E::HintMissing),
            (&[("login_hint", "-"), ("login_hint_token", "t")], false, E::HintTokenUnsupported),
            (&[("id_token_hint", "t")], false, E::HintSeveral),
            (&[("login_hint_token", "t")], false, E::HintSeveral),
            (&[("request", "e30.e30.")], false, E::SignedUnsupported),
            (&[("requested_expiry", "0")], false, E::ExpiryUnreadable),
            (&[("requested_expiry", "-5")], false, E::ExpiryUnreadable),
            (&[("requested_expiry", "5.0")], false, E::ExpiryUnreadable),
            (&[("binding_message", "a\nb")], false, E::MessageUnusable),
            (&[("binding_message", "\u{202e}yap")], false, E::MessageUnusable),
            (
                &[(
                    "binding_message",
                    "12345678901234567890123456789012345678901234567890123456789012345",
                )],
                false,
                E::MessageUnusable,
            ),
            (&[], true, E::NotificationTokenMissing),
            (&[("client_notification_token", "a b")], true, E::NotificationTokenUnusable),
            (&[("client_notification_token", "=")], true, E::NotificationTokenUnusable),
            (&[("scope", "openid"), ("scope", "openid")], false, E::Malformed),
        ] {
            assert_eq!(with(more, notified).map(|_| ()).unwrap_err(), error, "{more:?}");
            assert!(error.code().starts_with("oauth2.backchannel.") && !error.text().is_empty());
        }
    }

    fn query(pairs: &[(&str, &str)]) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(pairs);
        query.finish()
    }
}
