//! RADIUS (RFC 2865): sign-ins of Wi-Fi, VPNs and other ways into a network.
//!
//! `wire`, `networks`, `receive` and `duplicates` are pure: from a datagram and the providers' clients
//! they make what is asked, or what is answered without asking anybody. `serve` answers in the name of
//! a [`Gate`], which says who gets in: `local` has the flow say so (`countersign_flow::headless`), and
//! `mapping` what the answer carries; a program at the edge asks its server. `api` is what that asks.
//! `tried` is a request that an administrator tries out.
// The futures of operations that go through policies are deeper than the default.
#![recursion_limit = "256"]

mod api;
mod duplicates;
#[cfg(test)]
mod fuzz;
mod gate;
mod local;
mod mapping;
mod networks;
mod provider;
mod receive;
mod serve;
mod tried;
mod wire;

use std::sync::Arc;

use countersign_core::{KindResource, Module, Service};
use countersign_flow::Flows;
use countersign_listener::Listener;

pub use gate::{Clients, Gate, Known, SignIn, Verdict};
pub use mapping::RadiusProviderPropertyMapping;
pub use networks::Networks;
pub use provider::RadiusProvider;
pub use receive::Client;
pub use serve::Answering;
pub use wire::{Attribute, from_server};

/// RADIUS's part of the program. `listener`: where it listens as long as there is a provider to
/// answer for.
#[must_use]
pub fn module(flows: &Flows, listener: Listener) -> Module {
    let (flows_of, kept) = (flows.clone(), Arc::<local::Kept>::default());
    let before = Arc::<serve::Before>::default();
    let run = move |cx: countersign_core::Context, stop| {
        let listener = listener.clone();
        let gate = local::Local { flows: flows_of.clone(), cx: cx.clone(), kept: kept.clone() };
        let answering = Answering::after(gate, before.clone());
        async move {
            let bound = listener.bind_udp().await?;
            tracing::info!(radius = %bound.address, "RADIUS is answered");
            (bound.serve(answering).run)(cx, stop).await
        }
    };
    let service = Service::new("radius", run)
        .on_servers()
        .while_wanted(|snapshot| !local::clients(snapshot).is_empty());
    Module {
        name: "radius",
        kinds: vec![
            KindResource::of::<RadiusProvider>().computed(provider::compute),
            KindResource::of::<RadiusProviderPropertyMapping>(),
        ],
        operations: api::operations(flows).into_iter().chain([tried::operation(flows)]).collect(),
        services: vec![service],
        schemas: api::schemas().into_iter().chain(tried::schemas()).collect(),
        ..Module::default()
    }
}
