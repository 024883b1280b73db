//! Signing out at the wish of an application.
//!
//! Anybody can make a browser open the logout address. So the session ends at once only when the request proves it
//! comes from the application (a token issued to it for this very person) or when the browser says that no other
//! site sent it here; otherwise the person is asked with one button. An anonymous visitor is never asked to sign in
//! in order to sign out.

/// What is known when a logout request arrives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    pub session: Option<SessionFacts>,
    /// The browser says that this is a navigation of its window that no other site began.
    pub same_site_navigation: bool,
    /// The person pressed the button of the confirmation.
    pub confirmed: bool,
    pub target: Target,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionFacts {
    /// The hint is a token of this application for this session's person.
    pub hint_matches: bool,
    /// The session has signed in to this application.
    pub used_application: bool,
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
    /// End the session; then to the address, or to the page that says so.
    End { then: Option<String> },
    /// Nobody is signed in: straight to the address, or a notice.
    Leave { to: Option<String> },
    /// Nothing is ended for somebody who names an address that is not the application's.
    TargetUnregistered,
}

pub fn decide(facts: Facts) -> Decision {
    let target = match facts.target {
        Target::Allowed(uri) => Some(uri),
        Target::Absent => None,
        Target::Unregistered => return Decision::TargetUnregistered,
    };
    let Some(session) = facts.session else { return Decision::Leave { to: target } };
    let own_navigation = facts.same_site_navigation && session.used_application;
    if facts.confirmed || session.hint_matches || own_navigation { Decision::End { then: target } } else { Decision::Confirm }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_case() {
        let app = || Some("https://app/".to_owned());
        let session = |hint_matches, used_application| Some(SessionFacts { hint_matches, used_application });
        let rows = [
            (None, false, false, true, Decision::Leave { to: app() }),
            (None, false, false, false, Decision::Leave { to: None }),
            (session(true, false), false, false, true, Decision::End { then: app() }),
            (session(false, true), true, false, true, Decision::End { then: app() }),
            (session(false, true), true, false, false, Decision::End { then: None }),
            (session(false, false), true, false, true, Decision::Confirm),
            (session(false, true), false, false, true, Decision::Confirm),
            (session(false, false), false, true, true, Decision::End { then: app() }),
        ];
        for (session, same_site_navigation, confirmed, wants, expected) in rows {
            let target = app().filter(|_| wants).map_or(Target::Absent, Target::Allowed);
            let facts = Facts { session, same_site_navigation, confirmed, target };
            assert_eq!(decide(facts.clone()), expected, "{facts:?}");
        }
        for session in [None, session(true, true)] {
            let facts = Facts { session, same_site_navigation: true, confirmed: true, target: Target::Unregistered };
            assert_eq!(decide(facts), Decision::TargetUnregistered);
        }
    }
}
