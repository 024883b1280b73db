//! Signing out at the wish of an application (OpenID Connect RP-Initiated Logout 1.0).
//!
//! Anybody can make a browser open the logout address, and nothing a browser says of a request
//! proves that the application made it. So a session ends at once only for an ID token that the
//! provider issued to this client; otherwise the person is asked first, and nobody is sent on
//! unasked.

/// What is known when a logout request arrives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    pub hint: Hint,
    /// Somebody is signed in in this browser.
    pub signed_in: bool,
    /// The person pressed the button of the confirmation.
    pub confirmed: bool,
    pub target: Target,
}

/// The `id_token_hint`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hint {
    Absent,
    Holds,
    Wrong(HintFault),
}

/// What is wrong with a hint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HintFault {
    #[error("is not a signed token of this server")]
    Unreadable,
    #[error("is signed with another algorithm than this application's tokens")]
    Algorithm,
    #[error("has a signature that is not this server's")]
    Signature,
    #[error("was issued by somebody else")]
    Issuer,
    /// APIs and proxies get to see access tokens; an ID token stays with its application.
    #[error("is an access token and not an ID token")]
    AccessToken,
    /// It says that a session has ended, and asks for nothing.
    #[error("is a logout token and not an ID token")]
    LogoutToken,
    #[error("was issued to another application")]
    Audience,
    #[error("was issued to another application than the one named by client_id")]
    Client,
}

impl HintFault {
    /// A stable name for logs.
    pub const fn code(self) -> &'static str {
        match self {
            HintFault::Unreadable => "oauth2.logout.hint_unreadable",
            HintFault::Algorithm => "oauth2.logout.hint_algorithm",
            HintFault::Signature => "oauth2.logout.hint_signature",
            HintFault::Issuer => "oauth2.logout.hint_issuer",
            HintFault::AccessToken => "oauth2.logout.hint_access_token",
            HintFault::LogoutToken => "oauth2.logout.hint_logout_token",
            HintFault::Audience => "oauth2.logout.hint_audience",
            HintFault::Client => "oauth2.logout.hint_client",
        }
    }
}

/// Where the application wants the browser afterwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    Allowed(String),
    Absent,
    Unregistered,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Ask with one button.
    Confirm,
    /// Nothing ends by this request: say what is wrong with it, and let the person sign out all the
    /// same.
    Faulty(HintFault),
    /// End the session; then to the address, or to the page that says so.
    End { then: Option<String>, unregistered: bool },
    /// Nothing is asked for but the provider's own flow, which ends in a page that says where to go
    /// on.
    Flow,
    /// Nobody is signed in, and nothing proves who asks: a page, with a link to the address.
    Notice { on: Option<String> },
}

pub fn decide(facts: Facts) -> Decision {
    let unregistered = facts.target == Target::Unregistered;
    let absent = facts.target == Target::Absent;
    let then = if let Target::Allowed(uri) = facts.target { Some(uri) } else { None };
    match facts.hint {
        Hint::Holds => Decision::End { then, unregistered },
        Hint::Wrong(_) if facts.confirmed => Decision::End { then: None, unregistered: false },
        Hint::Wrong(fault) => Decision::Faulty(fault),
        Hint::Absent if facts.confirmed => Decision::End { then, unregistered },
        Hint::Absent if !facts.signed_in => Decision::Notice { on: then },
        Hint::Absent if absent => Decision::Flow,
        Hint::Absent => Decision::Confirm,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_case() {
        let app = || Target::Allowed("https://app/".to_owned());
        let to_app = || Some("https://app/".to_owned());
        let wrong = HintFault::Signature;
        let end = |then, unregistered| Decision::End { then, unregistered };
        let rows = [
            // With a session and without: a hint that holds is proof enough.
            (Hint::Holds, true, false, app(), end(to_app(), false)),
            (Hint::Holds, false, false, app(), end(to_app(), false)),
            (Hint::Holds, true, false, Target::Absent, end(None, false)),
            (Hint::Holds, true, false, Target::Unregistered, end(None, true)),
            (Hint::Wrong(wrong), true, false, app(), Decision::Faulty(wrong)),
            (Hint::Wrong(wrong), false, false, app(), Decision::Faulty(wrong)),
            (Hint::Wrong(wrong), true, false, Target::Absent, Decision::Faulty(wrong)),
            (Hint::Wrong(wrong), true, true, app(), end(None, false)),
            (Hint::Absent, true, false, app(), Decision::Confirm),
            (Hint::Absent, true, false, Target::Unregistered, Decision::Confirm),
            (Hint::Absent, true, false, Target::Absent, Decision::Flow),
            (Hint::Absent, true, true, app(), end(to_app(), false)),
            (Hint::Absent, true, true, Target::Unregistered, end(None, true)),
            (Hint::Absent, false, false, app(), Decision::Notice { on: to_app() }),
            (Hint::Absent, false, false, Target::Unregistered, Decision::Notice { on: None }),
            (Hint::Absent, false, false, Target::Absent, Decision::Notice { on: None }),
        ];
        for (hint, signed_in, confirmed, target, expected) in rows {
            let facts = Facts { hint, signed_in, confirmed, target };
            assert_eq!(decide(facts.clone()), expected, "{facts:?}");
        }
    }
}
