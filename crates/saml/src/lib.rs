//! SAML 2.0 without input and output: bytes and configuration in, a decision and bytes out.
//!
//! `binding` takes messages out of requests and puts them into answers, `xml` parses within limits,
//! `signature` verifies and signs, `request`, `logout` and `metadata` read what others send,
//! `response`, `logout` and `metadata` write what they get. A message is parsed once: what is read
//! from it is read from the tree on which its signature was verified, below the node that the
//! signature names. XML signatures and encryption are bergshamra's.

pub mod binding;
pub mod key;
pub mod logout;
pub mod metadata;
pub mod names;
mod refusal;
pub mod request;
pub mod response;
pub mod signature;
mod write;
mod xml;

#[cfg(test)]
mod tests;

pub use refusal::{Fault, Refusal};
