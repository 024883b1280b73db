//! What a datagram is: a request of a client that has the secret of a provider, something to be
//! answered at once, or nothing to be answered at all.

use std::net::{IpAddr, SocketAddr};

use countersign_model::Secret;
use thiserror::Error;

use crate::networks::Networks;
use crate::wire::{Code, Malformed, Packet, Reply, Unreadable, kind};

/// A provider as the protocol knows it. `P` names it.
#[derive(Debug, Clone)]
pub struct Client<P> {
    pub provider: P,
    pub networks: Networks,
    pub secret: Secret,
    pub requires_authenticator: bool,
}

/// What is to be done.
#[derive(Debug)]
pub(crate) enum Received<'c, P> {
    /// Nothing is said.
    Dropped { why: Dropped, of: Option<&'c P> },
    /// This is said at once.
    Answered(Vec<u8>),
    /// Somebody wants to get in.
    Asked(Box<Request<'c, P>>),
}

/// Somebody wants to get in.
#[derive(Debug)]
pub(crate) struct Request<'c, P> {
    pub(crate) client: &'c Client<P>,
    pub(crate) packet: Packet,
    pub(crate) username: String,
    pub(crate) password: Result<Secret, NoPassword>,
}

/// Why nothing is said to a datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum Dropped {
    #[error("It is no RADIUS packet: {0}.")]
    Malformed(#[from] Malformed),
    #[error("No provider has this client's address in its client networks.")]
    UnknownClient,
    #[error(
        "Its Message-Authenticator was made with another secret: give client and provider the same shared secret."
    )]
    WrongSecret,
    #[error(
        "It has no Message-Authenticator, which the provider requires: have the client send it, or turn the setting off in the provider."
    )]
    NoAuthenticator,
    #[error(
        "Only sign-ins are answered (Access-Request) and Status-Server, not accounting or anything else."
    )]
    Code,
    /// Nothing in it proves that its sender knows the secret.
    #[error("Nothing proves that it comes from the client, which gets no answer. {0}")]
    Unproved(NoPassword),
}

impl Dropped {
    /// For metrics.
    pub(crate) const fn reason(self) -> &'static str {
        match self {
            Dropped::Malformed(_) => "malformed",
            Dropped::UnknownClient => "unknown_client",
            Dropped::WrongSecret => "wrong_secret",
            Dropped::NoAuthenticator => "no_message_authenticator",
            Dropped::Code => "code",
            Dropped::Unproved(why) => why.reason(),
        }
    }
}

/// Why there is no password to be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum NoPassword {
    #[error(
        "The request carries no password that can be read (PAP): CHAP, MS-CHAP and EAP need more than a hash of it."
    )]
    Method,
    #[error(
        "The password cannot be read: {0}. Most often client and provider have different shared secrets."
    )]
    Unreadable(#[from] Unreadable),
}

impl NoPassword {
    /// For metrics.
    pub(crate) const fn reason(self) -> &'static str {
        match self {
            NoPassword::Method => "no_pap",
            NoPassword::Unreadable(_) => "unreadable_password",
        }
    }
}

impl<P> Request<'_, P> {
    pub(crate) fn reply(
        &self,
        code: Code,
        attributes: &[crate::wire::Attribute],
    ) -> Option<Vec<u8>> {
        Reply { code, to: &self.packet, attributes }.sealed(&self.client.secret)
    }
}

/// The clients that an address may be, the one of the smallest network first; as they are given
/// where networks are alike.
fn near<P>(clients: &[Client<P>], address: IpAddr) -> Vec<&Client<P>> {
    let bits = |client| Client::<P>::bits(client, address);
    let mut near: Vec<_> = clients.iter().filter(|client| bits(client).is_some()).collect();
    near.sort_by_key(|client| std::cmp::Reverse(bits(client)));
    near
}

impl<P> Client<P> {
    fn bits(&self, address: IpAddr) -> Option<u8> {
        self.networks.nearest(address)
    }
}

/// Looks at a datagram.
pub(crate) fn receive<'c, P>(
    clients: &'c [Client<P>],
    peer: SocketAddr,
    datagram: &[u8],
) -> Received<'c, P> {
    let dropped = |why, of| Received::Dropped { why, of };
    // Before anything else: it costs the least, and whoever is unknown gets nothing more.
    let near = near(clients, peer.ip());
    let Some(nearest) = near.first().copied() else { return dropped(Dropped::UnknownClient, None) };
    let packet = match Packet::read(datagram) {
        Ok(packet) => packet,
        Err(error) => return dropped(error.into(), Some(&nearest.provider)),
    };
    if !matches!(packet.code, Code::AccessRequest | Code::StatusServer) {
        return dropped(Dropped::Code, Some(&nearest.provider));
    }
    // Several providers may share a network. Who has signed the request says whose it is.
    let client = if packet.is_authentic(&nearest.secret).is_some() {
        let signed = |client: &&Client<P>| packet.is_authentic(&client.secret) == Some(true);
        match near.iter().copied().find(|client| signed(client)) {
            Some(client) => client,
            None => return dropped(Dropped::WrongSecret, Some(&nearest.provider)),
        }
    } else {
        // RFC 5997 section 3, RFC 3579 section 3.1.
        let must = packet.code == Code::StatusServer || packet.first(kind::EAP_MESSAGE).is_some();
        if must || nearest.requires_authenticator {
            return dropped(Dropped::NoAuthenticator, Some(&nearest.provider));
        }
        nearest
    };
    if packet.code == Code::StatusServer {
        let alive = Reply { code: Code::AccessAccept, to: &packet, attributes: &[] };
        return match alive.sealed(&client.secret) {
            Some(answer) => Received::Answered(answer),
            None => dropped(Dropped::Malformed(Malformed::Long), Some(&client.provider)),
        };
    }
    let username = packet.text(kind::USER_NAME).unwrap_or_default().to_owned();
    let password = match packet.password(&client.secret) {
        Some(password) => password.map_err(NoPassword::from),
        None => Err(NoPassword::Method),
    };
    // An answer is sealed with the secret: whoever gets one can try out secrets on it. A client that
    // does not sign proves itself by the password that it hides (RFC 2865 section 3).
    if let (Err(why), None) = (&password, packet.is_authentic(&client.secret)) {
        return dropped(Dropped::Unproved(*why), Some(&client.provider));
    }
    Received::Asked(Box::new(Request { client, packet, username, password }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::testing::request;

    fn client(name: &'static str, networks: &str, secret: &str) -> Client<&'static str> {
        Client {
            provider: name,
            networks: networks.into(),
            secret: Secret::new(secret),
            requires_authenticator: false,
        }
    }

    const HERE: ([u8; 4], u16) = ([192, 0, 2, 7], 50_000);

    fn seen(clients: &[Client<&'static str>], datagram: &[u8]) -> String {
        match receive(clients, HERE.into(), datagram) {
            Received::Dropped { why, of } => format!("{} {}", why.reason(), of.unwrap_or(&"-")),
            Received::Answered(answer) => format!("answered {}", answer[0]),
            Received::Asked(request) => {
                let password = match &request.password {
                    Ok(password) => password.expose().to_owned(),
                    Err(error) => format!("({error})"),
                };
                format!("{}: {} {password}", request.client.provider, request.username)
            }
        }
    }

    #[test]
    fn who_is_meant_follows_from_the_network_and_from_who_signed() {
        let all = [
            client("everywhere", "0.0.0.0/0, ::/0", "one"),
            client("here", "192.0.2.0/24", "two"),
            client("also here", "192.0.2.0/24", "three"),
            client("elsewhere", "198.51.100.0/24", "four"),
        ];
        let plain = |secret| request(1, secret, false, "uma", Some("pw"));
        let signed = |secret| request(1, secret, true, "uma", Some("pw"));
        assert_eq!(seen(&all, &plain("two")), "here: uma pw");
        assert_eq!(seen(&all, &signed("two")), "here: uma pw");
        assert_eq!(seen(&all, &signed("three")), "also here: uma pw");
        assert_eq!(seen(&all, &signed("one")), "everywhere: uma pw");
        assert_eq!(seen(&all, &signed("four")), "wrong_secret here");
        assert_eq!(seen(&all[3..], &plain("four")), "unknown_client -");
        assert_eq!(seen(&all, &plain("another")), "unreadable_password here", "no sealed answer");
    }

    #[test]
    fn what_cannot_be_trusted_or_is_for_others_is_dropped() {
        let all = [client("here", "192.0.2.0/24", "s")];
        assert_eq!(seen(&all, &request(12, "s", true, "", None)), "answered 2");
        assert_eq!(seen(&all, &request(12, "s", false, "", None)), "no_message_authenticator here");
        assert_eq!(seen(&all, &request(12, "other", true, "", None)), "wrong_secret here");
        for code in [0, 2, 3, 4, 5, 11, 13, 40, 43, 255] {
            assert_eq!(seen(&all, &request(code, "s", true, "uma", Some("pw"))), "code here");
        }
        assert_eq!(seen(&all, b""), "malformed here");
        let no_password = seen(&all, &request(1, "s", true, "uma", None));
        assert!(no_password.contains("PAP"), "{no_password}");
        assert_eq!(seen(&all, &request(1, "s", false, "uma", None)), "no_pap here");
        let strict = [Client { requires_authenticator: true, ..all[0].clone() }];
        let plain = request(1, "s", false, "uma", Some("pw"));
        assert_eq!(seen(&strict, &plain), "no_message_authenticator here");
        assert_eq!(seen(&strict, &request(1, "s", true, "uma", Some("pw"))), "here: uma pw");
    }
}
