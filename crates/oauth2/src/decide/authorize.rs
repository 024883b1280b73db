//! May this browser be asked, must it sign in (again), or does the client get its answer at once?

use countersign_model::Timestamp;

use crate::claims::{Reached, reached};
use crate::wire::AuthorizeError;
use crate::wire::authorize::AuthorizeRequest;

/// What is known about the browser and the application when a request arrives.
#[derive(Debug, Clone, Copy)]
pub struct Facts {
    pub now: Timestamp,
    /// When this very request was first seen, if it was held back for a fresh sign-in before.
    pub first_seen: Option<Timestamp>,
    pub session: Option<SessionFacts>,
}

#[derive(Debug, Clone, Copy)]
pub struct SessionFacts {
    pub signed_in_at: Timestamp,
    /// The application's policies let this person in.
    pub allowed: bool,
    /// The `id_token_hint` names somebody else.
    pub hint_mismatch: bool,
    /// Only somebody else will do.
    pub subject_mismatch: bool,
    /// How strong the sign-in was.
    pub contexts: &'static [&'static str],
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Send the error to the client.
    Answer(AuthorizeError),
    /// Show the person that they may not.
    DenyPage,
    /// Run the authorization flow, silently when the client forbade to show anything.
    Proceed,
    /// Send the person to the sign-in flow; `fresh`: although they are signed in.
    SignIn { fresh: bool },
}

pub fn decide(request: &AuthorizeRequest, facts: &Facts) -> Decision {
    let silent = request.prompt.none;
    let Some(session) = facts.session else {
        return if silent {
            Decision::Answer(AuthorizeError::LoginRequired)
        } else {
            Decision::SignIn { fresh: false }
        };
    };
    if !session.allowed {
        return if silent {
            Decision::Answer(AuthorizeError::AccessDenied)
        } else {
            Decision::DenyPage
        };
    }
    if silent && session.hint_mismatch {
        return Decision::Answer(AuthorizeError::LoginRequired);
    }
    // A sign-in after the request arrived is as fresh as the client can ask for.
    let renewed = facts.first_seen.is_some_and(|seen| session.signed_in_at > seen);
    let age = facts.now.seconds().saturating_sub(session.signed_in_at.seconds());
    let too_old = request.max_age.is_some_and(|max| max == 0 || age > max);
    let context = reached(&request.acr, session.contexts);
    if context == Reached::Unknown {
        return Decision::Answer(AuthorizeError::UnmetAuthentication);
    }
    let weak = context == Reached::NotYet;
    let again = request.prompt.asks_to_sign_in() || too_old || session.subject_mismatch || weak;
    if !again {
        return Decision::Proceed;
    }
    match (silent, renewed) {
        (true, _) => Decision::Answer(AuthorizeError::LoginRequired),
        (false, false) => Decision::SignIn { fresh: true },
        // Signing in did not help.
        (false, true) if weak => Decision::Answer(AuthorizeError::UnmetAuthentication),
        (false, true) if session.subject_mismatch => {
            Decision::Answer(AuthorizeError::LoginRequired)
        }
        (false, true) => Decision::Proceed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::{ACR, CONTEXTS};
    use crate::client::tests::client;
    use crate::wire::{Params, authorize};

    fn session() -> SessionFacts {
        SessionFacts {
            signed_in_at: Timestamp(0),
            allowed: true,
            hint_mismatch: false,
            subject_mismatch: false,
            contexts: &[ACR],
        }
    }

    fn request(extra: &str) -> AuthorizeRequest {
        let query = format!(
            "client_id=cid&response_type=code&redirect_uri=https://app.example.test/callback{extra}"
        );
        let params = Params::parse(query.as_bytes()).unwrap();
        authorize::parse(&params, &client(), None, &authorize::Arrival::default()).unwrap()
    }

    #[test]
    fn every_case() {
        use AuthorizeError::{AccessDenied, LoginRequired};
        use Decision::{Answer, DenyPage, Proceed, SignIn};
        // Signed in at 100; `first` is when a held-back request came first.
        let rows = [
            ("", None, None, 200, SignIn { fresh: false }),
            ("&prompt=none", None, None, 200, Answer(LoginRequired)),
            ("&prompt=login", None, None, 200, SignIn { fresh: false }),
            ("", Some(true), None, 200, Proceed),
            ("&prompt=none", Some(true), None, 200, Proceed),
            ("&prompt=consent", Some(true), None, 200, Proceed),
            ("", Some(false), None, 200, DenyPage),
            ("&prompt=none", Some(false), None, 200, Answer(AccessDenied)),
            ("&prompt=login", Some(true), None, 200, SignIn { fresh: true }),
            ("&prompt=login", Some(true), Some(99), 200, Proceed),
            ("&prompt=login", Some(true), Some(101), 200, SignIn { fresh: true }),
            ("&prompt=select_account", Some(true), None, 200, SignIn { fresh: true }),
            ("&prompt=select_account", Some(true), Some(99), 200, Proceed),
            ("&prompt=create", Some(true), None, 200, SignIn { fresh: true }),
            ("&max_age=100", Some(true), None, 200, Proceed),
            ("&max_age=99", Some(true), None, 200, SignIn { fresh: true }),
            ("&max_age=99&prompt=none", Some(true), None, 200, Answer(LoginRequired)),
            ("&max_age=0", Some(true), None, 100, SignIn { fresh: true }),
            ("&max_age=0", Some(true), Some(99), 100, Proceed),
            ("&max_age=0", Some(true), Some(100), 100, SignIn { fresh: true }),
        ];
        for (extra, allowed, first, now, expected) in rows {
            let signed_in_at = Timestamp::from_seconds(100);
            let facts = Facts {
                now: Timestamp::from_seconds(now),
                first_seen: first.map(Timestamp::from_seconds),
                session: allowed.map(|allowed| SessionFacts {
                    signed_in_at,
                    allowed,
                    hint_mismatch: false,
                    subject_mismatch: false,
                    contexts: &[ACR],
                }),
            };
            assert_eq!(decide(&request(extra), &facts), expected, "{extra} {allowed:?} {first:?}");
        }
    }

    #[test]
    fn a_sign_in_of_the_same_second_is_fresh_only_if_it_came_later() {
        let at = |micros: i64| Timestamp(100_000_000 + micros);
        for (signed_in, expected) in
            [(400_000, Decision::SignIn { fresh: true }), (600_000, Decision::Proceed)]
        {
            let session = SessionFacts { signed_in_at: at(signed_in), ..session() };
            let facts =
                Facts { now: at(900_000), first_seen: Some(at(500_000)), session: Some(session) };
            assert_eq!(decide(&request("&prompt=login"), &facts), expected);
        }
    }

    #[test]
    fn a_silent_request_for_somebody_else_needs_a_login() {
        let session = SessionFacts { hint_mismatch: true, ..session() };
        let facts = Facts { now: Timestamp(0), first_seen: None, session: Some(session) };
        assert_eq!(
            decide(&request("&prompt=none"), &facts),
            Decision::Answer(AuthorizeError::LoginRequired)
        );
        assert_eq!(decide(&request(""), &facts), Decision::Proceed);
    }

    #[test]
    fn a_context_that_is_asked_for_leads_through_a_stronger_sign_in_once() {
        use AuthorizeError::{LoginRequired, UnmetAuthentication};
        use Decision::{Answer, Proceed, SignIn};
        let essential =
            r#"&scope=openid&claims={"id_token":{"acr":{"essential":true,"value":"x"}}}"#;
        let rows: [(&str, &'static [&'static str], Option<i64>, Decision); 8] = [
            ("&acr_values=phr", &[ACR], None, SignIn { fresh: true }),
            ("&acr_values=phr", &CONTEXTS, None, Proceed),
            ("&acr_values=phr", &[ACR], Some(1), Answer(UnmetAuthentication)),
            ("&acr_values=phr", &CONTEXTS, Some(1), Proceed),
            ("&acr_values=phr&prompt=none", &[ACR], None, Answer(LoginRequired)),
            ("&acr_values=x", &[ACR], None, Proceed),
            (essential, &CONTEXTS, None, Answer(UnmetAuthentication)),
            ("&acr_values=goauthentik.io/providers/oauth2/default", &[ACR], None, Proceed),
        ];
        for (extra, contexts, first, expected) in rows {
            let signed_in_at = Timestamp::from_seconds(5);
            let session = SessionFacts { signed_in_at, contexts, ..session() };
            let first_seen = first.map(Timestamp::from_seconds);
            let facts = Facts { now: signed_in_at, first_seen, session: Some(session) };
            assert_eq!(decide(&request(extra), &facts), expected, "{extra} {contexts:?} {first:?}");
        }
    }

    #[test]
    fn a_request_for_somebody_else_is_answered_for_nobody_else() {
        let session = SessionFacts { subject_mismatch: true, ..session() };
        let facts = |first_seen| Facts { now: Timestamp(0), first_seen, session: Some(session) };
        assert_eq!(decide(&request(""), &facts(None)), Decision::SignIn { fresh: true });
        let later = facts(Some(Timestamp(-1)));
        assert_eq!(decide(&request(""), &later), Decision::Answer(AuthorizeError::LoginRequired));
    }
}
