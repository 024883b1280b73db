//! RADIUS (RFC 2865): sign-ins of Wi-Fi, VPNs and other ways into a network.
//!
//! `wire`, `networks`, `receive` and `duplicates` are pure: from a datagram and the providers' clients
//! they make what is asked, or what is answered without asking anybody. `serve` has the flow say
//! who gets in (`countersign_flow::headless`), and `mapping` what the answer carries. `api` is what
//! the original's outposts ask.
// The futures of operations that go through policies are deeper than the default.
#![recursion_limit = "256"]

mod api;
mod duplicates;
mod mapping;
mod networks;
mod provider;
mod receive;
mod serve;
mod wire;

use std::sync::Arc;

use countersign_core::{KindResource, Module, Service};
use countersign_flow::Flows;
use countersign_listener::Listener;

pub use mapping::RadiusProviderPropertyMapping;
pub use networks::Networks;
pub use provider::RadiusProvider;

/// RADIUS's part of the program. `listener`: where it listens as long as there is a provider to
/// answer for.
#[must_use]
pub fn module(flows: &Flows, listener: Listener) -> Module {
    let radius = Arc::new(serve::Radius::new(flows));
    let run = move |cx: countersign_core::Context, stop| {
        let (listener, radius) = (listener.clone(), radius.clone());
        async move {
            let bound = listener.bind_udp().await?;
            tracing::info!(radius = %bound.address, "RADIUS is answered");
            let answering = bound.serve(serve::Answering { radius, cx: cx.clone() });
            (answering.run)(cx, stop).await
        }
    };
    let service = Service::new("radius", run)
        .on_servers()
        .while_wanted(|snapshot| !serve::clients(snapshot).is_empty());
    Module {
        name: "radius",
        kinds: vec![
            KindResource::of::<RadiusProvider>().computed(provider::compute),
            KindResource::of::<RadiusProviderPropertyMapping>(),
        ],
        operations: api::operations(flows),
        services: vec![service],
        schemas: api::schemas(),
        ..Module::default()
    }
}
