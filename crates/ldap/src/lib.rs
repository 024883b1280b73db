//! The directory over LDAP (RFC 4511): for what knows neither OpenID Connect nor SAML.
//!
//! `wire`, `client`, `dn`, `matching`, `filter`, `schema`, `directory`, `tree`, `search` and `posix` are
//! pure: from messages and what is known of people they make answers. `index` reads people and
//! groups once and then what changes; `binds` has a flow say who somebody is
//! (`countersign_flow::headless`); `connection` carries out, one request after the other, over a
//! [`Home`]: `ldap` has this server's own, a program at the edge one that reads `people` as its server's
//! API shows them. `api` is what that asks. `tried` is a bind and a search that an administrator
//! tries out, over a connection within the program.
// The futures of operations that go through policies are deeper than the default.
#![recursion_limit = "256"]

mod api;
mod binds;
pub mod client;
mod connection;
mod directory;
mod dn;
mod filter;
mod home;
mod index;
mod ldap;
mod matching;
mod numbers;
mod people;
mod posix;
mod provider;
mod schema;
mod search;
mod settings;
#[cfg(test)]
mod tests;
mod tree;
mod tried;
mod wire;

use std::sync::Arc;

use countersign_core::{Job, KindResource, Module, TableResource};
use countersign_flow::Flows;

pub use binds::{Ended, Refused};
pub use connection::Answering;
pub use directory::Directory;
pub use dn::Dn;
pub use home::{Attempt, Bound, Home, Look, Provided, ROOM, Trouble};
pub use ldap::{Doors, MakeTls, VERSION};
pub use ldap3_proto::proto::LdapResultCode as ResultCode;
pub use people::{directory, named};
pub use posix::{Numbers, Starts};
pub use provider::{AccessMode, LdapProvider, certificate};
pub use search::Query;
pub use tree::{Sight, Tree, View};

/// LDAP's part of the program. `doors`: where it listens as long as there is a provider to answer
/// for.
#[must_use]
pub fn module(flows: &Flows, doors: &Doors) -> Module {
    let ldap = Arc::new(ldap::Ldap::new(flows, doors.tls.clone()));
    Module {
        name: "ldap",
        kinds: vec![KindResource::of::<LdapProvider>().computed(provider::compute)],
        tables: vec![TableResource::plain::<numbers::GivenNumber>()],
        operations: api::operations(flows).into_iter().chain([tried::operation(&ldap)]).collect(),
        services: ldap::services(&ldap, doors),
        jobs: vec![Job::every(
            "forget_changes_of_people",
            3600,
            "Forgets which people and groups changed long ago, which directories in memory have read",
            index::forget_changes,
        )],
        schemas: api::schemas().into_iter().chain(tried::schemas()).collect(),
        ..Module::default()
    }
}
