//! Device authorization (RFC 8628): a device without a keyboard shows a short code, a person types
//! it at `/device` in a browser where they are signed in, and the device, which asks for it all the
//! while at the token endpoint, gets tokens.
//!
//! Looking at a page approves nothing: the person sees which application and which code it is, and
//! answers. The first answer counts.

mod code;
mod endpoint;
mod page;
mod stages;
pub(crate) mod store;

pub(crate) use code::UserCode;
pub(crate) use endpoint::authorize;
pub(crate) use page::{PATH, page};
pub(crate) use stages::{CONFIRM, Confirm, ENTER, EnterCode};
pub(crate) use store::DeviceCode;

/// Seconds for which a code is good, at least: reading, typing and signing in take a while. A longer
/// `access_code_validity` of the provider counts.
const LEAST_VALIDITY: i64 = 600;
/// Seconds between two polls of a device, at first.
const INTERVAL: i64 = 5;
