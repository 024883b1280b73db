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

    use super::{kind, secret};

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
}
