//! Signing in by another SAML 2.0 identity provider: the kind of source, its addresses below
//! `/source/saml/`, and what follows from what the identity provider says.
//!
//! What messages say is `countersign_saml`'s; whose account somebody is, `countersign_sources`' and
//! `countersign_flow::source`'s. Here are the facts that both are given.
// The futures of routes that go through a flow are deeper than the default.
#![recursion_limit = "256"]

mod acs;
mod api;
mod ask;
mod doctor;
mod found;
mod import;
mod logout;
mod mapping;
mod page;
mod routes;
mod service;
mod source;
mod state;

use countersign_core::{KindResource, Module};
use countersign_flow::Flows;
use countersign_sources::connections;

pub use mapping::SAMLSourcePropertyMapping;
pub use service::SamlSource;
pub use source::{BindingType, NameIdPolicy, SAMLSource};

/// The protocol's part of the program, over flows that have its stage.
#[must_use]
pub fn module(saml: &SamlSource, flows: &Flows) -> Module {
    let shared = (saml.clone(), flows.clone());
    let mut operations = api::operations(&shared);
    operations.extend(connections::<SAMLSource>(
        "sources/user_connections/saml",
        "sources/group_connections/saml",
    ));
    Module {
        name: "saml_source",
        kinds: vec![
            KindResource::of::<SAMLSource>(),
            KindResource::of::<SAMLSourcePropertyMapping>()
                .narrowed(&[("managed__isnull", "boolean")], |_, _| true),
        ],
        operations,
        routes: routes::routes(&shared),
        schemas: api::schemas(),
        ..Module::default()
    }
}
