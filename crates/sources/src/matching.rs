//! Whose account an identity is: decided from facts alone.

use serde::{Deserialize, Serialize};

use crate::source::{GroupMatchingMode, UserMatchingMode};

/// Who the browser is while the other side names an identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Browser {
    /// Nobody is signed in.
    Nobody,
    /// Somebody is signed in and has asked, in this session, to connect this identity.
    Connecting(i64),
    /// Somebody is signed in and has asked for nothing of the kind: another site may have sent
    /// them, with an identity of its own.
    SignedIn(i64),
}

/// An account that has what the source matches by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    pub account: i64,
    /// Letter by letter. Others only look alike, as in other letter case.
    pub exact: bool,
    /// It is a person's, not that of a service or an outpost.
    pub is_person: bool,
    /// It is connected with another identity of the same source.
    pub has_other: bool,
}

/// What is known when the other side has named an identity.
#[derive(Debug, Clone)]
pub struct Facts<'a> {
    pub browser: Browser,
    /// The account that is connected with this very identity.
    pub connected: Option<i64>,
    /// The person who is signed in is connected with another identity of this source.
    pub person_has_other: bool,
    pub mode: UserMatchingMode,
    /// The accounts that have the address or name of the identity; `None` where it has none that
    /// may be matched by.
    pub named: Option<&'a [Candidate]>,
}

/// What becomes of an identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Action {
    /// It is connected with this account, which signs in.
    Authenticate(i64),
    /// It is this account's by address or name, signs in, and is connected then.
    Link(i64),
    /// The person who is signed in connects it.
    Connect(i64),
    /// It is connected with the person who is signed in already.
    Known(i64),
    /// It is nobody's: an account is made.
    Enroll,
    Deny(Denied),
}

/// Why an identity leads to no account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum Denied {
    /// The mode needs an address or a name, and the source has said none that counts.
    #[error("the source said no value to match by")]
    Unnamed,
    /// The mode forbids a second account with that address or name.
    #[error("an account has that address or name")]
    Taken,
    /// More than one account has it, or one that only looks alike.
    #[error("more than one account could be meant")]
    Ambiguous,
    /// The account is connected with another identity of this source: this one may be somebody
    /// else who got that address or name.
    #[error("the account is connected with another identity of the source")]
    OtherIdentity,
    /// Services sign in by no source.
    #[error("the account is that of a service")]
    Service,
    /// Whoever is signed in has not asked to connect anything, or the identity is somebody else's.
    #[error("somebody is signed in who is not connected with this identity")]
    SomebodyElse,
}

/// Decides whose account an identity is. Differs from the original where that would let one person
/// into another's account; see `docs/sources.md`.
#[must_use]
pub fn user(facts: &Facts<'_>) -> Action {
    match (facts.browser, facts.connected) {
        (Browser::Nobody, Some(account)) => Action::Authenticate(account),
        (Browser::Nobody, None) => stranger(facts),
        (Browser::Connecting(me) | Browser::SignedIn(me), Some(account)) if account == me => {
            Action::Known(me)
        }
        (Browser::Connecting(_) | Browser::SignedIn(_), Some(_)) | (Browser::SignedIn(_), None) => {
            Action::Deny(Denied::SomebodyElse)
        }
        (Browser::Connecting(_), None) if facts.person_has_other => {
            Action::Deny(Denied::OtherIdentity)
        }
        (Browser::Connecting(me), None) => Action::Connect(me),
    }
}

fn stranger(facts: &Facts<'_>) -> Action {
    let links = match facts.mode {
        UserMatchingMode::Identifier => return Action::Enroll,
        UserMatchingMode::EmailLink | UserMatchingMode::UsernameLink => true,
        UserMatchingMode::EmailDeny | UserMatchingMode::UsernameDeny => false,
    };
    match facts.named {
        None => Action::Deny(Denied::Unnamed),
        Some([]) => Action::Enroll,
        Some(_) if !links => Action::Deny(Denied::Taken),
        Some([one]) if one.exact => match one {
            Candidate { is_person: false, .. } => Action::Deny(Denied::Service),
            Candidate { has_other: true, .. } => Action::Deny(Denied::OtherIdentity),
            one => Action::Link(one.account),
        },
        Some(_) => Action::Deny(Denied::Ambiguous),
    }
}

/// A group here that has the name of one of the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupCandidate<G> {
    pub group: G,
    /// Its members do everything on this server, or hold permissions by it.
    pub gives_rights: bool,
    /// It is connected with another group of the same source.
    pub has_other: bool,
}

/// What becomes of a group that the source names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupAction<G> {
    /// It is connected with this group.
    Known(G),
    Link(G),
    Create,
    Deny,
}

/// Decides which group here a group of the source is.
pub fn group<G: Copy>(
    connected: Option<G>,
    mode: GroupMatchingMode,
    named: Option<Option<GroupCandidate<G>>>,
) -> GroupAction<G> {
    if let Some(group) = connected {
        return GroupAction::Known(group);
    }
    match (mode, named) {
        (_, Some(None)) | (GroupMatchingMode::Identifier, Some(_)) => GroupAction::Create,
        // Whoever names groups at the other side does not give rights here by that.
        (GroupMatchingMode::NameLink, Some(Some(found)))
            if !found.gives_rights && !found.has_other =>
        {
            GroupAction::Link(found.group)
        }
        (GroupMatchingMode::NameLink | GroupMatchingMode::NameDeny, Some(Some(_))) | (_, None) => {
            GroupAction::Deny
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Candidate =
        Candidate { account: 7, exact: true, is_person: true, has_other: false };
    const MODES: [UserMatchingMode; 5] = [
        UserMatchingMode::Identifier,
        UserMatchingMode::EmailLink,
        UserMatchingMode::EmailDeny,
        UserMatchingMode::UsernameLink,
        UserMatchingMode::UsernameDeny,
    ];

    fn facts(mode: UserMatchingMode, named: Option<&[Candidate]>) -> Facts<'_> {
        Facts { browser: Browser::Nobody, connected: None, person_has_other: false, mode, named }
    }

    #[test]
    fn a_stranger_is_matched_as_the_mode_says() {
        use Action::{Deny, Enroll, Link};
        use Denied::{Ambiguous, OtherIdentity, Service, Taken, Unnamed};
        let two = [PLAIN, Candidate { account: 8, ..PLAIN }];
        let alike = [Candidate { exact: false, ..PLAIN }];
        let service = [Candidate { is_person: false, ..PLAIN }];
        let other = [Candidate { has_other: true, ..PLAIN }];
        // By identifier, link, deny.
        let table: [(Option<&[Candidate]>, [Action; 3]); 7] = [
            (None, [Enroll, Deny(Unnamed), Deny(Unnamed)]),
            (Some(&[]), [Enroll, Enroll, Enroll]),
            (Some(&[PLAIN]), [Enroll, Link(7), Deny(Taken)]),
            (Some(&two), [Enroll, Deny(Ambiguous), Deny(Taken)]),
            (Some(&alike), [Enroll, Deny(Ambiguous), Deny(Taken)]),
            (Some(&service), [Enroll, Deny(Service), Deny(Taken)]),
            (Some(&other), [Enroll, Deny(OtherIdentity), Deny(Taken)]),
        ];
        for (named, [by_identifier, link, deny]) in table {
            for mode in MODES {
                let expected = match mode {
                    UserMatchingMode::Identifier => by_identifier,
                    UserMatchingMode::EmailLink | UserMatchingMode::UsernameLink => link,
                    UserMatchingMode::EmailDeny | UserMatchingMode::UsernameDeny => deny,
                };
                assert_eq!(user(&facts(mode, named)), expected, "{mode:?} {named:?}");
            }
        }
    }

    #[test]
    fn a_connected_identity_is_its_account_s_whatever_the_mode_says() {
        for mode in MODES {
            let facts = Facts { connected: Some(3), ..facts(mode, Some(&[PLAIN])) };
            assert_eq!(user(&facts), Action::Authenticate(3));
        }
    }

    #[test]
    fn who_is_signed_in_gets_only_what_is_theirs() {
        use Action::{Connect, Deny, Known};
        use Denied::{OtherIdentity, SomebodyElse};
        let (asked, not) = (Browser::Connecting(1), Browser::SignedIn(1));
        for (browser, connected, person_has_other, expected) in [
            (asked, None, false, Connect(1)),
            (asked, None, true, Deny(OtherIdentity)),
            (asked, Some(1), false, Known(1)),
            (asked, Some(2), false, Deny(SomebodyElse)),
            (not, None, false, Deny(SomebodyElse)),
            (not, Some(1), false, Known(1)),
            (not, Some(2), false, Deny(SomebodyElse)),
        ] {
            for mode in MODES {
                let facts =
                    Facts { browser, connected, person_has_other, ..facts(mode, Some(&[PLAIN])) };
                assert_eq!(user(&facts), expected, "{browser:?} {connected:?} {mode:?}");
            }
        }
    }

    #[test]
    fn a_group_is_matched_as_the_mode_says() {
        use GroupAction::{Create, Deny, Known, Link};
        use GroupMatchingMode::{Identifier, NameDeny, NameLink};
        let plain = GroupCandidate { group: 4, gives_rights: false, has_other: false };
        let rights = GroupCandidate { gives_rights: true, ..plain };
        let other = GroupCandidate { has_other: true, ..plain };
        for (named, expected) in [
            (Some(None), [Create, Create, Create]),
            (Some(Some(plain)), [Create, Link(4), Deny]),
            (Some(Some(rights)), [Create, Deny, Deny]),
            (Some(Some(other)), [Create, Deny, Deny]),
            (None, [Deny, Deny, Deny]),
        ] {
            for (mode, expected) in [Identifier, NameLink, NameDeny].into_iter().zip(expected) {
                assert_eq!(group(None, mode, named), expected, "{mode:?} {named:?}");
                assert_eq!(group(Some(9), mode, named), Known(9));
            }
        }
    }
}
