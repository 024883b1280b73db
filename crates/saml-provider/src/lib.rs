//! The SAML 2.0 identity provider: what applications are set up with, the addresses below
//! `/application/saml/`, and the stages in which a sign-in and a sign-out end.
//!
//! What messages say and how they are protected is `countersign_saml`'s; here are the facts that it
//! is given, and what follows from its decisions.
// The futures of routes that go through a flow are deeper than the default.
#![recursion_limit = "256"]

mod api;
mod arrival;
mod assertion;
mod doctor;
mod found;
mod import;
mod logout;
mod mapping;
mod notify;
mod page;
mod provider;
mod respond;
mod routes;
mod service;
mod sheet;
mod sso;

use std::sync::Arc;

use countersign_core::{KindResource, Module};
use countersign_flow::{Destination, Flows};

pub use mapping::SAMLPropertyMapping;
pub use notify::LogoutMethod;
pub use provider::{SAMLProvider, SpBinding};
pub use service::Saml;

/// The addresses of the protocol whose applications people sign in for.
#[must_use]
pub fn destination() -> Arc<dyn Destination> {
    Arc::new(sso::SignInFor)
}

/// The protocol's part of the program, over flows that have its stages and its destination.
#[must_use]
pub fn module(saml: &Saml, flows: &Flows) -> Module {
    let shared = (saml.clone(), flows.clone());
    Module {
        name: "saml",
        kinds: vec![
            KindResource::of::<SAMLProvider>().computed(api::compute),
            KindResource::of::<SAMLPropertyMapping>()
                .narrowed(&[("managed__isnull", "boolean")], |_, _| true),
        ],
        operations: api::operations(&shared),
        routes: routes::routes(&shared),
        schemas: api::schemas(),
        ..Module::default()
    }
}
