//! What the shared secret does: it hides passwords and signs packets. MD5 is the protocol's, not a
//! choice (RFC 2865 section 3, RFC 3579 section 3.2).

use countersign_model::Secret;
use hmac::digest::Key;
use hmac::{Hmac, KeyInit as _, Mac as _};
use md5::{Digest as _, Md5};
use thiserror::Error;

/// Octets that are hidden together.
const BLOCK: usize = 16;
/// A hidden password is no longer (RFC 2865 section 5.2).
const LONGEST: usize = 128;

/// Why a password cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum Unreadable {
    #[error("the attribute has not the length of a hidden password")]
    Length,
    /// Most often another secret hid it.
    #[error("what is in it is no text")]
    NoText,
}

/// HMAC-MD5 of a packet whose Message-Authenticator is zeros.
pub(crate) fn mac(secret: &Secret, bytes: &[u8]) -> [u8; 16] {
    keyed(secret).chain_update(bytes).finalize().into_bytes().into()
}

pub(crate) fn is_mac(secret: &Secret, bytes: &[u8], given: &[u8]) -> bool {
    keyed(secret).chain_update(bytes).verify_slice(given).is_ok()
}

fn keyed(secret: &Secret) -> Hmac<Md5> {
    // HMAC takes keys of any length (RFC 2104).
    Hmac::new_from_slice(secret.expose().as_bytes())
        .unwrap_or_else(|_| Hmac::new(&Key::<Hmac<Md5>>::default()))
}

/// Of a reply that has the request's authenticator in the place of its own.
pub(crate) fn response_authenticator(secret: &Secret, bytes: &[u8]) -> [u8; 16] {
    Md5::new().chain_update(bytes).chain_update(secret.expose()).finalize().into()
}

/// Takes apart what [`hide`] put together.
///
/// # Errors
/// When it is no password of somebody with that secret.
pub(crate) fn reveal(
    secret: &Secret,
    authenticator: &[u8; BLOCK],
    hidden: &[u8],
) -> Result<Secret, Unreadable> {
    if hidden.is_empty() || hidden.len() > LONGEST || !hidden.len().is_multiple_of(BLOCK) {
        return Err(Unreadable::Length);
    }
    let (mut plain, mut last) = (Vec::with_capacity(hidden.len()), authenticator.as_slice());
    for block in hidden.chunks(BLOCK) {
        plain.extend(block.iter().zip(pad(secret, last)).map(|(octet, pad)| octet ^ pad));
        last = block;
    }
    let end = plain.iter().rposition(|octet| *octet != 0).map_or(0, |last| last + 1);
    plain.truncate(end);
    match String::from_utf8(plain) {
        Ok(text) if !text.chars().any(char::is_control) => Ok(Secret::new(text)),
        Ok(text) => {
            drop(Secret::new(text));
            Err(Unreadable::NoText)
        }
        Err(_) => Err(Unreadable::NoText),
    }
}

fn pad(secret: &Secret, last: &[u8]) -> [u8; BLOCK] {
    Md5::new().chain_update(secret.expose()).chain_update(last).finalize().into()
}

/// Hides a password as clients do.
pub(crate) fn hide(secret: &Secret, authenticator: &[u8; BLOCK], password: &str) -> Vec<u8> {
    let mut plain = password.as_bytes().to_vec();
    plain.resize(plain.len().max(1).next_multiple_of(BLOCK), 0);
    let mut hidden: Vec<u8> = Vec::new();
    let mut last = authenticator.to_vec();
    for block in plain.chunks(BLOCK) {
        last = block.iter().zip(pad(secret, &last)).map(|(octet, pad)| octet ^ pad).collect();
        hidden.extend(&last);
    }
    hidden
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_another_secret_hid_is_not_taken_for_a_password() {
        let (right, wrong, authenticator) = (Secret::new("right"), Secret::new("wrong"), [3; 16]);
        for password in ["", "a", "0123456789abcdef", "0123456789abcdef0", "pässwörd;123456"] {
            let hidden = hide(&right, &authenticator, password);
            assert_eq!(reveal(&right, &authenticator, &hidden), Ok(Secret::new(password)));
            assert_eq!(reveal(&wrong, &authenticator, &hidden), Err(Unreadable::NoText));
        }
        for length in [0, 1, 15, 17, 144] {
            let hidden = vec![1; length];
            assert_eq!(reveal(&right, &authenticator, &hidden), Err(Unreadable::Length));
        }
    }

    proptest! {
        #[test]
        fn every_password_comes_back(password in "[^\\x00-\\x1f\\x7f-\\u{9f}]{0,30}", authenticator in any::<[u8; 16]>()) {
            let secret = Secret::new("shared");
            let hidden = hide(&secret, &authenticator, &password);
            prop_assert_eq!(reveal(&secret, &authenticator, &hidden), Ok(Secret::new(password)));
        }
    }
}
