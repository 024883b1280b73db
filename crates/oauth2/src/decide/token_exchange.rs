//! Whether a token may be exchanged for another (RFC 8693), and for which scopes.

use countersign_model::Timestamp;

use crate::client::{Client, ClientType};
use crate::wire::scope::OFFLINE_ACCESS;
use crate::wire::{Scopes, TokenError};

/// A token that was sent: of the person, or of who acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenFacts {
    /// The provider that issued it.
    pub provider: i64,
    pub scopes: Scopes,
    pub expires: Timestamp,
    /// Neither revoked nor of a session that has ended.
    pub alive: bool,
    pub user_active: bool,
}

impl TokenFacts {
    fn is_good(&self, now: Timestamp) -> bool {
        self.alive && self.user_active && self.expires > now
    }
}

/// Whom the new token is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetFacts {
    pub provider: i64,
    /// The providers whose tokens it takes.
    pub trusted: Vec<i64>,
    /// What is attached to it.
    pub scopes: Scopes,
}

#[derive(Debug, Clone)]
pub struct ExchangeFacts<'a> {
    /// Who asks, and the providers whose tokens it may bring.
    pub client: &'a Client,
    pub trusted: &'a [i64],
    pub subject: Option<&'a TokenFacts>,
    /// Of the actor, where the request names one.
    pub actor: Option<Option<&'a TokenFacts>>,
    pub target: Option<&'a TargetFacts>,
}

/// The scopes of the new token: none that the one before lacks, none that is not attached to its
/// target, and never one for refreshes, since it ends with the one before.
///
/// # Errors
/// The first thing wrong.
pub fn exchange(
    facts: &ExchangeFacts<'_>,
    asked: &Scopes,
    now: Timestamp,
) -> Result<Scopes, TokenError> {
    let client = facts.client;
    // Who cannot prove who it is would be anybody with somebody's token.
    if client.kind != ClientType::Confidential {
        return Err(TokenError::ExchangeClientPublic);
    }
    let is_of = |token: &TokenFacts| {
        token.provider == client.provider || facts.trusted.contains(&token.provider)
    };
    // A token of others is as good as unknown: nobody learns that it exists.
    let subject = facts.subject.filter(|token| is_of(token) && token.is_good(now));
    let subject = subject.ok_or(TokenError::ExchangeSubject)?;
    if let Some(actor) = facts.actor {
        // The client acts, nobody else: its own token says so.
        let own = actor.filter(|actor| actor.provider == client.provider && actor.is_good(now));
        own.ok_or(TokenError::ExchangeActor)?;
    }
    let takes = |target: &&TargetFacts| {
        target.provider == client.provider || target.trusted.contains(&client.provider)
    };
    let target = facts.target.filter(takes).ok_or(TokenError::ExchangeTarget)?;
    if !asked.is_subset(&subject.scopes) {
        return Err(TokenError::ExchangeScope);
    }
    let wanted = if asked.is_empty() { &subject.scopes } else { asked };
    Ok(wanted.granted_from(&target.scopes).without(OFFLINE_ACCESS))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::tests::client;

    fn token(provider: i64) -> TokenFacts {
        TokenFacts {
            provider,
            scopes: Scopes::parse("openid email offline_access goauthentik.io/api"),
            expires: Timestamp::from_seconds(100),
            alive: true,
            user_active: true,
        }
    }

    fn target(provider: i64, trusted: &[i64]) -> TargetFacts {
        let scopes = Scopes::parse("openid email profile offline_access");
        TargetFacts { provider, trusted: trusted.to_vec(), scopes }
    }

    #[test]
    fn what_may_be_exchanged_for_what() {
        use TokenError::*;
        let now = Timestamp::from_seconds(50);
        let good = || Some(token(1));
        let of = |change: fn(&mut TokenFacts)| {
            let mut token = token(1);
            change(&mut token);
            Some(token)
        };
        let own = || Some(target(1, &[]));
        /// Scopes, subject, actor, target; what is granted.
        type Row<'a> = (
            &'a str,
            Option<TokenFacts>,
            Option<Option<TokenFacts>>,
            Option<TargetFacts>,
            Result<&'a str, TokenError>,
        );
        let rows: Vec<Row<'_>> = vec![
            ("", good(), None, own(), Ok("openid email")),
            ("openid", good(), None, own(), Ok("openid")),
            ("openid offline_access", good(), None, own(), Ok("openid")),
            ("goauthentik.io/api", good(), None, own(), Ok("")),
            // Attached to the target, but not in the token.
            ("profile", good(), None, own(), Err(ExchangeScope)),
            ("openid zzz", good(), None, own(), Err(ExchangeScope)),
            // Whose tokens are taken: the client's own, and those it names.
            ("", None, None, own(), Err(ExchangeSubject)),
            ("", Some(token(2)), None, own(), Ok("openid email")),
            ("", Some(token(3)), None, own(), Err(ExchangeSubject)),
            ("", of(|t| t.alive = false), None, own(), Err(ExchangeSubject)),
            ("", of(|t| t.user_active = false), None, own(), Err(ExchangeSubject)),
            (
                "",
                of(|t| t.expires = Timestamp::from_seconds(50)),
                None,
                own(),
                Err(ExchangeSubject),
            ),
            // Which targets: the client itself, and those that name it.
            ("", good(), None, None, Err(ExchangeTarget)),
            ("", good(), None, Some(target(4, &[])), Err(ExchangeTarget)),
            ("", good(), None, Some(target(4, &[2])), Err(ExchangeTarget)),
            ("", good(), None, Some(target(4, &[2, 1])), Ok("openid email")),
            // Who acts.
            ("", good(), Some(Some(token(1))), own(), Ok("openid email")),
            ("", good(), Some(None), own(), Err(ExchangeActor)),
            ("", good(), Some(Some(token(2))), own(), Err(ExchangeActor)),
            ("", good(), Some(of(|t| t.alive = false)), own(), Err(ExchangeActor)),
        ];
        let client = client();
        for (asked, subject, actor, target, expected) in rows {
            let facts = ExchangeFacts {
                client: &client,
                trusted: &[2],
                subject: subject.as_ref(),
                actor: actor.as_ref().map(Option::as_ref),
                target: target.as_ref(),
            };
            let found = exchange(&facts, &Scopes::parse(asked), now);
            assert_eq!(found, expected.map(Scopes::parse), "{asked} {facts:?}");
        }
        let public = Client { kind: ClientType::Public, ..client };
        let (subject, target) = (token(1), target(1, &[]));
        let facts = ExchangeFacts {
            client: &public,
            trusted: &[],
            subject: Some(&subject),
            actor: None,
            target: Some(&target),
        };
        assert_eq!(exchange(&facts, &Scopes::default(), now), Err(ExchangeClientPublic));
    }
}
