//! Packets (RFC 2865 section 3) and the attributes in them (section 5).

use countersign_model::Secret;
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use super::secret;

/// Octets before the attributes.
const HEAD: usize = 20;
/// A packet is no longer (RFC 2865 section 3).
pub(crate) const LARGEST: usize = 4096;
/// What an attribute holds at most.
const LARGEST_VALUE: usize = 253;

/// Attributes that the protocol itself reads or writes.
pub(crate) mod kind {
    pub(crate) const USER_NAME: u8 = 1;
    pub(crate) const USER_PASSWORD: u8 = 2;
    pub(crate) const CALLING_STATION_ID: u8 = 31;
    pub(crate) const PROXY_STATE: u8 = 33;
    pub(crate) const EAP_MESSAGE: u8 = 79;
    pub(crate) const MESSAGE_AUTHENTICATOR: u8 = 80;
}

/// What a packet is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    AccessRequest,
    AccessAccept,
    AccessReject,
    /// RFC 5997.
    StatusServer,
    Other(u8),
}

impl Code {
    fn of(number: u8) -> Code {
        match number {
            1 => Code::AccessRequest,
            2 => Code::AccessAccept,
            3 => Code::AccessReject,
            12 => Code::StatusServer,
            other => Code::Other(other),
        }
    }

    pub(crate) fn number(self) -> u8 {
        match self {
            Code::AccessRequest => 1,
            Code::AccessAccept => 2,
            Code::AccessReject => 3,
            Code::StatusServer => 12,
            Code::Other(other) => other,
        }
    }
}

/// One attribute as it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    pub(crate) kind: u8,
    value: Vec<u8>,
}

impl Attribute {
    /// `None`: the value does not fit.
    pub(crate) fn new(kind: u8, value: impl Into<Vec<u8>>) -> Option<Attribute> {
        let value = value.into();
        (value.len() <= LARGEST_VALUE).then_some(Attribute { kind, value })
    }

    pub(crate) fn value(&self) -> &[u8] {
        &self.value
    }

    fn write(&self, into: &mut Vec<u8>) {
        let length = u8::try_from(self.value.len() + 2).unwrap_or(u8::MAX);
        into.extend([self.kind, length]);
        into.extend(&self.value);
    }
}

/// Why a datagram is no packet. It is dropped (RFC 2865 section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum Malformed {
    #[error("it is shorter than a packet")]
    Short,
    #[error("its length is not the one that it says")]
    Length,
    #[error("it is longer than 4096 octets")]
    Long,
    #[error("its attributes are cut off")]
    Attributes,
    #[error("it has more than one Message-Authenticator")]
    Authenticators,
}

/// A request as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Packet {
    pub(crate) code: Code,
    pub(crate) id: u8,
    pub(crate) authenticator: [u8; 16],
    attributes: Vec<Attribute>,
    /// Without padding behind it.
    bytes: Vec<u8>,
    /// Where the value of the Message-Authenticator begins.
    pub(super) authenticated: Option<usize>,
}

impl Packet {
    /// # Errors
    /// Why it is none.
    pub(crate) fn read(datagram: &[u8]) -> Result<Packet, Malformed> {
        let &[code, id, high, low, ..] = datagram else { return Err(Malformed::Short) };
        let length = usize::from(u16::from_be_bytes([high, low]));
        if length > LARGEST {
            return Err(Malformed::Long);
        }
        // What is behind the length is padding.
        let bytes = datagram.get(..length).filter(|bytes| bytes.len() >= HEAD);
        let bytes = bytes.ok_or(Malformed::Length)?;
        let (Some(authenticator), Some(mut rest)) =
            (bytes.get(4..HEAD).and_then(|bytes| bytes.try_into().ok()), bytes.get(HEAD..))
        else {
            return Err(Malformed::Length);
        };
        let (mut attributes, mut authenticated) = (Vec::new(), None);
        while let [kind, length, ..] = rest {
            let value = rest.get(2..usize::from(*length)).ok_or(Malformed::Attributes)?;
            if *kind == kind::MESSAGE_AUTHENTICATOR {
                if value.len() != 16 {
                    return Err(Malformed::Attributes);
                }
                if authenticated.replace(bytes.len() - rest.len() + 2).is_some() {
                    return Err(Malformed::Authenticators);
                }
            }
            attributes.push(Attribute { kind: *kind, value: value.to_vec() });
            rest = rest.get(usize::from(*length)..).unwrap_or_default();
        }
        if !rest.is_empty() {
            return Err(Malformed::Attributes);
        }
        let (code, bytes) = (Code::of(code), bytes.to_vec());
        Ok(Packet { code, id, authenticator, attributes, bytes, authenticated })
    }

    /// Whether it holds every octet of what came, but for padding, and nothing else.
    #[cfg(test)]
    pub(crate) fn is_as_it_came(&self, datagram: &[u8]) -> bool {
        let Some((head, padded)) = datagram.split_at_checked(HEAD) else { return false };
        let mut written = Vec::new();
        self.attributes.iter().for_each(|attribute| attribute.write(&mut written));
        self.bytes.get(..HEAD) == Some(head)
            && self.bytes.get(HEAD..) == Some(&written)
            && padded.starts_with(&written)
    }

    /// SHA-256 of its octets.
    pub(crate) fn hash(&self) -> [u8; 32] {
        Sha256::digest(&self.bytes).into()
    }

    /// What it says, beside what signs it.
    pub(crate) fn own(&self) -> impl Iterator<Item = &Attribute> {
        self.attributes.iter().filter(|one| one.kind != kind::MESSAGE_AUTHENTICATOR)
    }

    pub(crate) fn all(&self, kind: u8) -> impl Iterator<Item = &Attribute> {
        self.attributes.iter().filter(move |attribute| attribute.kind == kind)
    }

    pub(crate) fn first(&self, kind: u8) -> Option<&[u8]> {
        self.all(kind).next().map(Attribute::value)
    }

    pub(crate) fn text(&self, kind: u8) -> Option<&str> {
        self.first(kind).and_then(|value| std::str::from_utf8(value).ok())
    }

    /// Whether somebody with the secret has sent it (RFC 3579 section 3.2); `None` where it does
    /// not say.
    pub(crate) fn is_authentic(&self, secret: &Secret) -> Option<bool> {
        let at = self.authenticated?;
        let mut bytes = self.bytes.clone();
        let given = bytes.get(at..at + 16)?.to_vec();
        bytes.get_mut(at..at + 16)?.fill(0);
        Some(secret::is_mac(secret, &bytes, &given))
    }

    /// What was typed as a password (RFC 2865 section 5.2).
    pub(crate) fn password(&self, secret: &Secret) -> Option<Result<Secret, secret::Unreadable>> {
        let hidden = self.first(kind::USER_PASSWORD)?;
        Some(secret::reveal(secret, &self.authenticator, hidden))
    }
}

/// The answer to a request.
#[derive(Debug)]
pub(crate) struct Reply<'a> {
    pub(crate) code: Code,
    pub(crate) to: &'a Packet,
    pub(crate) attributes: &'a [Attribute],
}

impl Reply<'_> {
    /// The packet: Message-Authenticator first, so that nothing can be put before it (CVE-2024-3596),
    /// and every Proxy-State as it came, in its order, last (RFC 2865 section 5.33). `None`: it
    /// would be larger than a packet may be.
    pub(crate) fn sealed(&self, secret: &Secret) -> Option<Vec<u8>> {
        let mut bytes = vec![self.code.number(), self.to.id, 0, 0];
        bytes.extend(self.to.authenticator);
        let mac = Attribute { kind: kind::MESSAGE_AUTHENTICATOR, value: vec![0; 16] };
        mac.write(&mut bytes);
        let own = self.attributes.iter().filter(|attribute| {
            ![kind::MESSAGE_AUTHENTICATOR, kind::PROXY_STATE].contains(&attribute.kind)
        });
        for attribute in own.chain(self.to.all(kind::PROXY_STATE)) {
            attribute.write(&mut bytes);
        }
        let length = u16::try_from(bytes.len()).ok().filter(|_| bytes.len() <= LARGEST)?;
        bytes.get_mut(2..4)?.copy_from_slice(&length.to_be_bytes());
        let mac = secret::mac(secret, &bytes);
        bytes.get_mut(HEAD + 2..HEAD + 18)?.copy_from_slice(&mac);
        let authenticator = secret::response_authenticator(secret, &bytes);
        bytes.get_mut(4..HEAD)?.copy_from_slice(&authenticator);
        Some(bytes)
    }
}

/// Attributes as the original hands them to its outposts, which take them out again: in an
/// Access-Request that nobody sends. `random`: 16 octets.
pub(crate) fn for_outpost(attributes: &[Attribute], random: &str) -> Vec<u8> {
    let mut bytes = vec![Code::AccessRequest.number(), 0, 0, 0];
    bytes.extend(random.bytes().chain([0; 16]).take(16));
    for attribute in attributes {
        attribute.write(&mut bytes);
    }
    let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    if let Some(place) = bytes.get_mut(2..4) {
        place.copy_from_slice(&length.to_be_bytes());
    }
    bytes
}

/// Takes out again what [`for_outpost`] put in; `None` where it is no packet.
pub fn from_server(packet: &[u8]) -> Option<Vec<Attribute>> {
    Packet::read(packet).ok().map(|packet| packet.attributes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> Secret {
        Secret::new("xyzzy5461")
    }

    /// RFC 2865 section 7.1: a user telnets to a host, and the answer.
    #[test]
    fn the_example_of_the_standard() {
        let request = hex::decode("010000380f403f9473978057bd83d5cb98f4227a01066e656d6f02120dbe708d93d413ce3196e43f782a0aee0406c0a80110050600000003").unwrap();
        let packet = Packet::read(&request).unwrap();
        assert_eq!((packet.code, packet.id), (Code::AccessRequest, 0));
        assert_eq!(packet.text(kind::USER_NAME), Some("nemo"));
        assert_eq!(packet.password(&secret()).unwrap().unwrap(), Secret::new("arctangent"));
        assert_eq!(packet.is_authentic(&secret()), None);

        let answer = hex::decode(
            "0200002686fe220e7624ba2a1005f6bf9b55e0b20606000000010f06000000000e06c0a80103",
        )
        .unwrap();
        let mut signed = answer.clone();
        signed[4..20].copy_from_slice(&packet.authenticator);
        assert_eq!(secret::response_authenticator(&secret(), &signed), answer[4..20]);
    }

    fn request(attributes: &[Attribute]) -> Vec<u8> {
        let mut bytes = vec![1, 7, 0, 0];
        bytes.extend([9; 16]);
        for attribute in attributes {
            attribute.write(&mut bytes);
        }
        let length = u16::try_from(bytes.len()).unwrap();
        bytes[2..4].copy_from_slice(&length.to_be_bytes());
        bytes
    }

    fn attribute(kind: u8, value: &[u8]) -> Attribute {
        Attribute::new(kind, value).unwrap()
    }

    #[test]
    fn what_is_no_packet_is_refused() {
        let good = request(&[attribute(1, b"uma")]);
        assert!(Packet::read(&good).is_ok());
        for cut in 0..good.len() {
            assert!(Packet::read(&good[..cut]).is_err(), "{cut}");
        }
        let mut padded = good.clone();
        padded.extend([0; 9]);
        assert_eq!(Packet::read(&padded), Packet::read(&good), "padding is ignored");
        let with = |change: &dyn Fn(&mut Vec<u8>)| {
            let mut bytes = good.clone();
            change(&mut bytes);
            Packet::read(&bytes).unwrap_err()
        };
        assert_eq!(with(&|bytes| bytes[21] = 0), Malformed::Attributes);
        assert_eq!(with(&|bytes| bytes[21] = 1), Malformed::Attributes);
        assert_eq!(with(&|bytes| bytes[21] = 6), Malformed::Attributes);
        assert_eq!(with(&|bytes| bytes[3] = 19), Malformed::Length);
        assert_eq!(with(&|bytes| bytes[2] = 0xff), Malformed::Long);
        let twice = [attribute(80, &[0; 16]), attribute(80, &[0; 16])];
        assert_eq!(Packet::read(&request(&twice)), Err(Malformed::Authenticators));
        let short = [attribute(80, &[0; 15])];
        assert_eq!(Packet::read(&request(&short)), Err(Malformed::Attributes));
        let full: Vec<_> = (0..16).map(|_| attribute(18, &[65; 252])).collect();
        let mut largest = request(&full);
        assert!(Packet::read(&largest).is_ok() && largest.len() == 4084);
        largest[2..4].copy_from_slice(&4097u16.to_be_bytes());
        assert_eq!(Packet::read(&largest), Err(Malformed::Long));
    }

    /// The request with its Message-Authenticator made right.
    fn signed(attributes: &[Attribute]) -> Vec<u8> {
        let mut bytes = request(attributes);
        let at = Packet::read(&bytes).unwrap().authenticated.unwrap();
        let mac = secret::mac(&secret(), &bytes);
        bytes[at..at + 16].copy_from_slice(&mac);
        bytes
    }

    #[test]
    fn a_message_authenticator_says_who_has_sent_it() {
        for order in [0, 1] {
            let mut attributes = vec![attribute(1, b"uma")];
            attributes.insert(order, attribute(80, &[0; 16]));
            let bytes = signed(&attributes);
            let packet = Packet::read(&bytes).unwrap();
            assert_eq!(packet.is_authentic(&secret()), Some(true));
            assert_eq!(packet.is_authentic(&Secret::new("another")), Some(false));
            for at in 0..bytes.len() {
                let mut changed = bytes.clone();
                changed[at] ^= 1;
                if let Ok(packet) = Packet::read(&changed) {
                    assert_ne!(packet.is_authentic(&secret()), Some(true), "{at}");
                }
            }
        }
    }

    #[test]
    fn a_reply_begins_with_its_message_authenticator_and_gives_proxy_states_back() {
        let states = [attribute(33, b"one"), attribute(33, b"two")];
        let asked = [attribute(1, b"uma"), states[0].clone(), states[1].clone()];
        let packet = Packet::read(&request(&asked)).unwrap();
        // What mappings say of these two is not theirs to say.
        let own = [attribute(33, b"own"), attribute(18, b"Hello"), attribute(80, &[1; 16])];
        let reply = Reply { code: Code::AccessAccept, to: &packet, attributes: &own };
        let bytes = reply.sealed(&secret()).unwrap();
        assert_eq!((bytes[0], bytes[1], bytes[20], bytes[21]), (2, 7, 80, 18));
        // As a client checks it: first the response's authenticator, then the attribute.
        let mut check = bytes.clone();
        check[4..20].copy_from_slice(&packet.authenticator);
        assert_eq!(secret::response_authenticator(&secret(), &check), bytes[4..20]);
        let read = Packet::read(&check).unwrap();
        assert_eq!(read.is_authentic(&secret()), Some(true));
        let rest: Vec<_> = read.attributes[1..].to_vec();
        assert_eq!(rest, [attribute(18, b"Hello"), states[0].clone(), states[1].clone()]);

        let much: Vec<_> = (0..17).map(|_| attribute(18, &[65; 253])).collect();
        let reply = Reply { code: Code::AccessAccept, to: &packet, attributes: &much };
        assert_eq!(reply.sealed(&secret()), None, "larger than a packet may be");
    }
}
