//! Texts that must not be printed, and how they rest on disk.

use std::fmt;

use subtle::ConstantTimeEq;
use thiserror::Error;
use zeroize::Zeroizing;

/// A secret text: no `Display`, a masked `Debug`, compared in constant time, wiped when dropped.
#[derive(Clone, Default)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// What answers show in place of a secret. It comes back with whatever else of the object is
    /// sent: then the secret stays.
    pub const MASK: &str = "*****";

    /// Takes a text that is not shown from now on.
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(Zeroizing::new(text.into()))
    }

    /// The text itself. Every use is a place to look at in a review.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Secret) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}
impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Secret {
        Secret::new(text)
    }
}

/// Encrypts what rests on disk. Implemented by the store with a key derived from the secret key.
pub trait Sealer: Send + Sync {
    /// The text sealed, as it rests on disk.
    fn seal(&self, plain: &str) -> String;
    /// # Errors
    /// When the text was sealed with another key or was changed.
    fn open(&self, sealed: &str) -> Result<Secret, SealError>;
    /// A code that only holders of the secret key can make, for one purpose.
    fn mac(&self, purpose: &str, data: &[u8]) -> [u8; 32];
}

#[derive(Debug, Error)]
#[error(
    "a stored secret cannot be opened: it was sealed with another secret key, or changed on disk"
)]
/// What was sealed cannot be opened: it was changed, or sealed with another key.
pub struct SealError;
