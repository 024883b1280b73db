//! Applications without a sign-in of their own: a reverse proxy in front of them asks this server
//! about every request (`auth_request` of nginx, forward auth of Traefik and Caddy, `ext_authz` of
//! Envoy), and hands on who it is. Or this server is the reverse proxy.
//!
//! `address`, `asked`, `answer`, `identity`, `forward`, `login` and `site` are pure: from a request's
//! head, what a provider is set to and what is known of the browser they make the answer. `routes`
//! carries out what front ends ask, and `pass` passes requests on, both over a [`Home`], which says
//! whom a request stands for. `local` is this server's own, where `session` finds somebody by the
//! functions that the rest of the program decides with; a program at the edge has one of its own,
//! and answers by [`served`]. `selftest` looks at the reverse proxies in front of applications from
//! outside, and `guides` has their settings.
// The futures of routes that go through a flow are deeper than the default.
#![recursion_limit = "256"]

mod address;
mod answer;
mod asked;
mod forward;
mod guides;
mod home;
mod identity;
mod local;
mod login;
mod outposts;
mod page;
mod pass;
mod provider;
mod routes;
mod selftest;
mod served;
mod session;
mod site;
mod skip;
#[cfg(test)]
mod tests;

use countersign_core::{KindResource, Module, TableResource};
use countersign_flow::Flows;
use countersign_oauth2::OAuth2;
use countersign_outbound::Upstreams;
use countersign_rest::object_schema;

pub use home::{Begun, Failed, Home, NotBegun, SignedOut};
pub use identity::Granted;
pub use local::certificate;
pub use login::cookies;
pub use provider::{ProxyMode, ProxyProvider};
pub use selftest::{Check, Grade, Report, Seen, SelfTest};
pub use served::served;
pub use site::{Settings, Site, Sites};
pub use skip::SkipPaths;

/// Where browsers come back to from signing in.
const CALLBACK_PATH: &str = "/outpost.goauthentik.io/callback";
/// Parameters that say so of any path.
const CALLBACK_MARK: &str = "X-authentik-auth-callback";
const LOGOUT_MARK: &str = "X-authentik-logout";

/// The proxy's part of the program. `test` looks at what is in front of applications; `embedded`: this server itself answers for the providers.
#[must_use]
pub fn module(
    oauth: &OAuth2,
    flows: &Flows,
    upstreams: Upstreams,
    test: &SelfTest,
    embedded: bool,
) -> Module {
    let proxy = local::Proxy {
        oauth: oauth.clone(),
        flows: flows.clone(),
        known: std::sync::Arc::new(local::Known::new(upstreams, embedded)),
        remembered: session::Remembered::default(),
    };
    Module {
        name: "proxy",
        kinds: vec![KindResource::of::<ProxyProvider>().computed(provider::compute)],
        tables: vec![TableResource::plain::<session::ProxySession>()],
        routes: local::routes(&proxy),
        hosts: Some(local::hosts(&proxy)),
        operations: vec![outposts::operation(oauth, flows), selftest::operation(test)],
        schemas: [(
            "ProxyProvider",
            object_schema(&[
                ("property_mappings", "[uuid]"),
                ("redirect_uris", "[map]"),
                ("outpost_set", "[string]"),
            ]),
        )]
        .into_iter()
        .chain(outposts::schemas())
        .chain(selftest::schemas())
        .collect(),
        ..Module::default()
    }
}
