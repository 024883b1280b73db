//! OAuth2 and OpenID Connect: the provider that applications sign people in through.
//!
//! `wire` reads and writes messages, `decide` judges them, `jose` signs, `claims` says what tokens
//! tell; all four are pure. `kinds` declares the provider and its scope mappings; `grants` keeps
//! codes and tokens; `routes`, `exchange`, `fulfil` and `api` fetch facts, ask `decide` and carry out its
//! answer. Other kinds of providers are clients, too (`AsClient`); what runs in this program
//! redeems its codes without HTTP (`Inside`).
// The futures of routes that go through a flow are deeper than the default.
#![recursion_limit = "256"]

mod access;
mod answers;
mod api;
mod backchannel;
mod binding;
pub mod claims;
pub mod client;
mod client_account;
mod client_keys;
mod consent;
pub mod decide;
mod device;
mod doctor;
mod documents;
mod exchange;
mod former_secrets;
mod fulfil;
mod grants;
mod inside;
mod issue;
pub mod jose;
mod kinds;
mod logout_token;
mod prove;
mod provider;
mod published;
mod pushed;
mod registration;
mod report;
mod resolver;
mod routes;
mod scope_claims;
mod service;
mod session_state;
mod sheet;
mod sign_out;
mod tables;
#[cfg(test)]
mod tests;
pub mod wire;

use std::sync::Arc;

use countersign_core::{Call, Job, KindResource, Module, Service, Start};
use countersign_flow::{Destination, Flows};
use countersign_model::Entry;

pub use client::{ClientType, SecurityProfile};
pub use inside::{Brought, Inside, InsideError, Opened, Token, opened};
pub use kinds::{AccessTokenFormat, IssuerMode, OAuth2Provider, ScopeMapping};
pub use logout_token::LogoutMethod;
pub use provider::AsClient;
pub use registration::{Registrants, Registration};
pub use service::OAuth2;
pub use wire::GrantType;

/// What goes on with a session that somebody signs in to anew.
pub const CONTINUED: countersign_flow::Continued = grants::continued;

/// What ends with somebody's access to an application.
pub const LOST: countersign_catalogue::sign_out::Ends = grants::end_at;

/// The addresses of the protocol whose applications people sign in for.
#[must_use]
pub fn destination() -> Arc<dyn Destination> {
    Arc::new(routes::SignInFor)
}

/// The protocol's part of the program, over flows that have its stages and its destination.
#[must_use]
pub fn module(oauth: &OAuth2, flows: &Flows) -> Module {
    let shared = (oauth.clone(), flows.clone());
    Module {
        name: "oauth2",
        kinds: vec![
            KindResource::of::<OAuth2Provider>()
                .def(|def| def.with_upgrades(kinds::PROVIDER_UPGRADES))
                .narrowed(&[("application", "uuid")], of_application),
            KindResource::of::<ScopeMapping>()
                .narrowed(&[("managed__isnull", "boolean")], |_, _| true),
        ],
        operations: api::operations(&shared),
        tables: tables::tables(),
        schemas: api::schemas(),
        routes: routes::routes(oauth, flows),
        token_resolver: Some(Arc::new(resolver::AccessTokens { oauth: shared.0, flows: shared.1 })),
        start: vec![Start::new("client_accounts", client_account::link_former)],
        services: vec![Service::new("oauth2_deletions", service::follow_deletions)],
        jobs: vec![Job::of(backchannel::Ping(flows.clone()))],
        consequences: vec![former_secrets::keep],
        expiring: vec![registration::UNUSED],

        ..Module::default()
    }
}

/// `application`: the provider of that application.
fn of_application(call: &Call, entry: &Entry) -> bool {
    let Some(wanted) = call.query.get("application").filter(|wanted| !wanted.is_empty()) else {
        return true;
    };
    let wanted = uuid::Uuid::parse_str(wanted).ok();
    call.snapshot
        .referrers(entry.id)
        .any(|(by, field)| field == "provider" && wanted.is_some() && by.key.uuid() == wanted)
}
