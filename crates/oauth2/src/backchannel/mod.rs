//! Sign-ins that an application asks for without a browser (OpenID Connect Client-Initiated
//! Backchannel Authentication Core 1.0): it says whom it means, the person finds the request in the
//! library or at `/approve`, and answers; the application, which asks for it all the while at the token
//! endpoint or is notified (poll and ping), gets tokens.
//!
//! As with devices, looking at a page approves nothing, and the first answer counts.

mod api;
mod endpoint;
mod page;
mod ping;
mod stages;
pub(crate) mod store;

pub(crate) use api::waiting;
pub(crate) use endpoint::authorize;
pub(crate) use page::{PATH, page};
pub(crate) use ping::Ping;
pub(crate) use stages::{CONFIRM, Confirm};
pub(crate) use store::BackchannelRequest;

/// Seconds between two polls of a client, at first.
const INTERVAL: i64 = 5;
