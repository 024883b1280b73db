//! The one way out: every request the program makes to an address that somebody configured goes
//! through here.
//!
//! An administrator of one application must not reach what only this server reaches: other machines
//! of its network, the metadata service of its cloud, the database beside it. Addresses are
//! therefore checked when the connection is made, after the name was resolved, so that a name
//! cannot be public when it is checked and private when it is used. Redirects are not followed,
//! answers are bounded in size and time. Applications that requests are passed on to are the one
//! exception, in one place (`upstream`).
#![warn(missing_docs)]

mod client;
mod guard;
mod paced;
#[cfg(test)]
mod tests;
mod upstream;

use std::future::ready;
use std::net::SocketAddr;
use std::sync::Arc;

use countersign_core::{Module, Start};

pub use client::{Answer, Outbound, OutboundError, Request};
pub use guard::{Guard, is_public};
pub use paced::{Body, BodyError, Paced, Until};
pub use upstream::{Patience, Place, Trust, Upstream, UpstreamError, Upstreams};

/// What settings say of outbound requests.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// Networks that may be reached although they are not public.
    pub allow: Vec<countersign_model::Cidr>,
    /// Hosts that are where the operator says, instead of where their name leads.
    pub resolve: Vec<Resolved>,
    /// Proxy that everything goes through, as `http://proxy.example.org:3128`.
    pub proxy: Option<String>,
    /// Hosts that are reached without it, separated by commas.
    pub no_proxy: Option<String>,
    /// What the program calls itself.
    pub user_agent: String,
    /// Whatever certificates servers show are taken.
    pub insecure: bool,
    /// Where this program itself answers other programs than browsers: no application is there.
    pub own: Vec<SocketAddr>,
}

/// Where a host is, whatever its name leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// The host as addresses name it.
    pub host: String,
    /// Where it is; port 0 stands for that of the address that is asked.
    pub address: SocketAddr,
}

impl Resolved {
    /// Reads `api.example.org=10.1.2.3:8443`.
    pub fn parse(text: &str) -> Option<Resolved> {
        let (host, address) = text.split_once('=')?;
        let host = host.trim().to_ascii_lowercase();
        let address = address.trim().parse().ok()?;
        (!host.is_empty()).then_some(Resolved { host, address })
    }
}

/// The way out, and its part of the program: rules that cannot be used refuse the start.
pub fn module(rules: Rules) -> (Module, Arc<Outbound>) {
    let outbound = Arc::new(Outbound::new(rules));
    let checked = outbound.clone();
    let check = move |_| ready(checked.client().map(|_| ()));
    let module = Module {
        name: "outbound",
        start: vec![Start::new("outbound", check)],
        ..Module::default()
    };
    (module, outbound)
}
