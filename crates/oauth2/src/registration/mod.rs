//! Dynamic client registration and its management (RFC 7591, RFC 7592): a client makes its provider
//! and application itself. Off unless the setting `oauth2.registration` says who may; what a client
//! gets is what the settings allow: one flow, some hosts, and the scopes that tell who somebody is.

mod endpoint;
mod metadata;
mod store;

use std::sync::Arc;

pub(crate) use endpoint::{manage, register};
pub(crate) use store::{ClientRegistration, UNUSED, note_used};

/// Who may register clients.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Registrants {
    /// Nobody: the addresses do not exist.
    #[default]
    Nobody,
    /// Who brings an API token of an account that may add providers and applications.
    Token,
    /// Anybody, some an hour from one address.
    Anybody,
}

/// What clients that register themselves are held to.
#[derive(Debug, Clone, Default)]
pub struct Registration {
    pub who: Registrants,
    /// Hosts that people may be sent back to; empty for any.
    pub hosts: Arc<[String]>,
    /// Slug of the flow in which people let such a client in.
    pub flow: String,
    /// As many clients that nobody vouched for may be there at once.
    pub most: u32,
}
