//! Outposts: programs beside this server that answer for applications where these are (as a reverse
//! proxy, by LDAP or by RADIUS), and the protocol between them and this server, which is the
//! original's, so that its outposts work.
//!
//! An [`Outpost`] is an object that says which providers it answers for. It has an account
//! (`account`), which may read just these; a program shows the token of that account at the API, and
//! keeps a socket open (`socket`) by which it says that it is there (`health`) and is told when
//! something of what it may see has changed, or a session has ended (`ended`). What goes over the
//! socket is in `wire`, which knows no connection.

mod account;
mod api;
mod config;
mod connection;
mod deployment;
mod embedded;
mod ended;
mod health;
mod outpost;
mod page;
mod socket;
#[cfg(test)]
mod tests;
pub mod wire;

use countersign_core::{FamilyResource, KindResource, Module, Service, Start, TableResource};

pub use connection::{DockerConnection, KubernetesConnection, ServiceConnection};
pub use outpost::{Outpost, OutpostType};

/// Outposts are told of somebody who may not open an application of theirs any more.
pub const LOST: countersign_catalogue::sign_out::Ends = ended::tell_of;

/// The outposts' part of the program. `embedded`: one of them runs inside this server.
#[must_use]
pub fn module(embedded: bool) -> Module {
    let told = ended::Told::default();
    let telling = told.clone();
    Module {
        name: "outposts",
        kinds: vec![
            KindResource::of::<Outpost>()
                .computed(outpost::compute)
                .display(outpost::print)
                .narrowed(&outpost::PARAMETERS, outpost::narrow)
                .admit(outpost::admit),
            KindResource::of::<DockerConnection>(),
            KindResource::of::<KubernetesConnection>(),
        ],
        families: vec![FamilyResource::of::<dyn ServiceConnection>()],
        tables: vec![
            TableResource::plain::<account::OutpostAccount>(),
            TableResource::plain::<ended::EndedSession>(),
        ],
        consequences: vec![account::keep],
        operations: api::operations().into_iter().chain(page::operations()).collect(),
        routes: socket::routes(&told),
        services: vec![Service::new("ended_sessions", move |cx, stop| {
            ended::tell(telling.clone(), cx, stop)
        })],
        start: vec![Start::new("embedded outpost", move |cx| embedded::ensure(cx, embedded))],
        schemas: [api::schemas(), page::schemas()].concat(),
        ..Module::default()
    }
}
