//! Signed and encrypted tokens: which key a provider signs with, how a token is written and
//! checked, and the key set clients fetch.
//!
//! The type of the key decides the algorithm, never the header of a token: a token that claims
//! another one is refused before its signature is looked at.

mod encryption;
mod key;
mod key_set;
mod public;
mod token;

pub use encryption::{EncryptionError, EncryptionKey};
pub use key::{Algorithm, KeyError, SigningKey, key_id};
pub use key_set::{Use, jwk};
pub use public::{ClientAlgorithm, PublicKey, PublicKeyError, PublicKeys};
pub use token::{
    Signed, TokenFault, half_hash, sign, sign_as, unverified_audience, unverified_subject, verify,
    verify_published,
};
