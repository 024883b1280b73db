//! The protocol: what goes over the wire, without doing anything.

mod ask;
pub(crate) mod dictionary;
mod packet;
mod secret;

pub(crate) use ask::access_request;

pub use packet::{Attribute, from_server};
pub(crate) use packet::{Code, Malformed, Packet, Reply, for_outpost, kind};
pub(crate) use secret::Unreadable;

/// Requests as clients make them.
#[cfg(test)]
pub(crate) mod testing {
    use countersign_model::Secret;

    use super::{Packet, kind, secret};

    pub(crate) fn request(
        code: u8,
        shared: &str,
        signed: bool,
        username: &str,
        password: Option<&str>,
    ) -> Vec<u8> {
        let (shared, authenticator) = (Secret::new(shared), [5; 16]);
        let mut bytes = vec![code, 1, 0, 0];
        bytes.extend(authenticator);
        let mut put = |kind: u8, value: &[u8]| {
            bytes.extend([kind, u8::try_from(value.len() + 2).unwrap()]);
            bytes.extend(value);
        };
        if signed {
            put(kind::MESSAGE_AUTHENTICATOR, &[0; 16]);
        }
        put(kind::USER_NAME, username.as_bytes());
        if let Some(password) = password {
            put(kind::USER_PASSWORD, &secret::hide(&shared, &authenticator, password));
        }
        let length = u16::try_from(bytes.len()).unwrap();
        bytes[2..4].copy_from_slice(&length.to_be_bytes());
        if signed {
            let mac = secret::mac(&shared, &bytes);
            bytes[22..38].copy_from_slice(&mac);
        }
        bytes
    }

    /// With lengths that are right: of each attribute what is left at most, and of all.
    pub(crate) fn whole(bytes: &[u8]) -> Vec<u8> {
        let mut out: Vec<u8> = bytes.iter().copied().chain([0; 20]).take(20).collect();
        let mut rest = bytes.get(20..).unwrap_or_default();
        while let [kind, length, after @ ..] = rest {
            let (value, after) =
                after.split_at(usize::from(*length).saturating_sub(2).min(after.len()));
            let value = &value[..value.len().min(super::packet::LARGEST - 2 - out.len())];
            out.extend([*kind, u8::try_from(value.len() + 2).unwrap()]);
            out.extend(value);
            rest = if out.len() + 2 > super::packet::LARGEST { &[] } else { after };
        }
        let length = u16::try_from(out.len()).unwrap();
        out[2..4].copy_from_slice(&length.to_be_bytes());
        out
    }

    /// With the Message-Authenticator of somebody who has the secret, where there is one.
    pub(crate) fn resigned(bytes: &[u8], shared: &str) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        if let Some(at) = Packet::read(&bytes).ok().and_then(|packet| packet.authenticated) {
            bytes[at..at + 16].fill(0);
            let mac = secret::mac(&Secret::new(shared), &bytes);
            bytes[at..at + 16].copy_from_slice(&mac);
        }
        bytes
    }

    /// Whether it is an answer as a client of one of these checks it: the response's authenticator,
    /// then the Message-Authenticator, which comes first, and every Proxy-State as it came.
    pub(crate) fn is_answer<P>(answer: &[u8], to: &Packet, clients: &[crate::Client<P>]) -> bool {
        let mut check = answer.to_vec();
        check[4..20].copy_from_slice(&to.authenticator);
        let read = Packet::read(&check).unwrap();
        let states = |packet: &Packet| packet.all(kind::PROXY_STATE).cloned().collect::<Vec<_>>();
        let sealed = |secret: &Secret| {
            secret::response_authenticator(secret, &check) == answer[4..20]
                && read.is_authentic(secret) == Some(true)
        };
        read.id == to.id
            && read.authenticated == Some(22)
            && answer.len() <= super::packet::LARGEST
            && states(&read) == states(to)
            && clients.iter().any(|client| sealed(&client.secret))
    }
}
