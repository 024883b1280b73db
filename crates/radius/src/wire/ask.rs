//! A request as a client makes it that signs what it sends.

use countersign_model::Secret;

use super::{kind, secret};

/// What attribute has no room for more.
const LONGEST: usize = 253;
/// A hidden password is no longer (RFC 2865 section 5.2).
const LONGEST_PASSWORD: usize = 128;
/// Where the value of the Message-Authenticator begins, which comes first.
const MAC: std::ops::Range<usize> = 22..38;

/// An Access-Request (RFC 2865 section 4.1) with a Message-Authenticator (RFC 3579 section 3.2).
/// `None`: name or password is longer than the protocol has room for.
pub(crate) fn access_request(
    shared: &Secret,
    (id, authenticator): (u8, [u8; 16]),
    username: &str,
    password: &Secret,
) -> Option<Vec<u8>> {
    let password = password.expose();
    if username.len() > LONGEST || password.len() > LONGEST_PASSWORD {
        return None;
    }
    let mut bytes = vec![1, id, 0, 0];
    bytes.extend(authenticator);
    for (kind, value) in [
        (kind::MESSAGE_AUTHENTICATOR, vec![0; 16]),
        (kind::USER_NAME, username.as_bytes().to_vec()),
        (kind::USER_PASSWORD, secret::hide(shared, &authenticator, password)),
    ] {
        bytes.extend([kind, u8::try_from(value.len() + 2).ok()?]);
        bytes.extend(value);
    }
    let length = u16::try_from(bytes.len()).ok()?;
    bytes.get_mut(2..4)?.copy_from_slice(&length.to_be_bytes());
    let mac = secret::mac(shared, &bytes);
    bytes.get_mut(MAC)?.copy_from_slice(&mac);
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Code, Packet};

    #[test]
    fn a_request_is_read_as_it_was_made() {
        let shared = Secret::new("shared");
        let asked = access_request(&shared, (7, [5; 16]), "uma", &Secret::new("pässwörd;123456"));
        let packet = Packet::read(&asked.unwrap()).unwrap();
        assert_eq!((packet.code, packet.id), (Code::AccessRequest, 7));
        assert_eq!(packet.text(kind::USER_NAME), Some("uma"));
        assert_eq!(packet.password(&shared).unwrap().unwrap(), Secret::new("pässwörd;123456"));
        assert_eq!(packet.is_authentic(&shared), Some(true));
        let long = |name: usize, password: usize| {
            let password = Secret::new("p".repeat(password));
            access_request(&shared, (7, [5; 16]), &"n".repeat(name), &password)
        };
        assert!(long(253, 128).is_some() && long(254, 1).is_none() && long(1, 129).is_none());
    }
}
