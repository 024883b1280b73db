//! SAML 2.0 without input and output: bytes and configuration in, a decision and bytes out.
//!
//! `binding` takes messages out of requests and puts them into answers, `xml` parses within limits,
//! `signature` verifies and signs, `open` decrypts. An identity provider reads by `request` and
//! writes by `response`; a service provider asks by `request` and reads by `assertion`; `logout` and
//! `metadata` are both sides'. A message is parsed once: what is read from it is read from the tree
//! on which its signature was verified, below the node that the signature names. XML signatures and
//! encryption are bergshamra's.

pub mod assertion;
pub mod binding;
pub mod key;
pub mod logout;
pub mod metadata;
pub mod names;
mod open;
mod refusal;
pub mod request;
pub mod response;
pub mod signature;
mod write;
mod xml;

#[cfg(test)]
mod tests;

pub use refusal::{Fault, Refusal};
