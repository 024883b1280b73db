//! Accounts and groups that a directory has, and the passwords that it knows.
//!
//! `source` and `mapping` are the kinds; `place` reads where a directory is, `line` speaks to one
//! (`countersign_ldap::client` says how), `entry` and `schema` make of its entries what mappings
//! know. `sync` copies it, page by page, and remembers in `rows` what it has seen; `login` asks it
//! for passwords, and sets them there. Whose account an entry is, `countersign_sources` decides.

mod api;
mod entry;
mod extras;
mod line;
mod login;
mod mapping;
mod place;
mod rows;
mod schema;
mod source;
mod sync;

use std::future::ready;
use std::sync::Arc;

use countersign_core::{Job, KindResource, Module, TableResource};
use countersign_directory::Passwords;
use countersign_outbound::Upstreams;
use countersign_policy::Engine;
use countersign_sources::connections;

pub use line::PATIENCE;
pub use mapping::LDAPSourcePropertyMapping;
pub use source::LDAPSource;

/// What directories are asked with. Cheap to clone.
#[derive(Clone)]
pub struct Deps {
    pub policies: Engine,
    pub passwords: Arc<Passwords>,
    /// The way to directories, as patient as [`PATIENCE`] says.
    pub upstreams: Arc<Upstreams>,
}

/// The source's part of the program.
#[must_use]
pub fn module(deps: &Deps) -> Module {
    let mut operations = api::operations(deps);
    operations.extend(connections::<LDAPSource>(
        "sources/user_connections/ldap",
        "sources/group_connections/ldap",
    ));
    Module {
        name: "ldap_source",
        kinds: vec![
            KindResource::of::<LDAPSource>()
                .computed(source::compute)
                .admit(|call, body| ready(source::admit(&call, &body))),
            KindResource::of::<LDAPSourcePropertyMapping>()
                .narrowed(&[("managed__isnull", "boolean")], |_, _| true),
        ],
        tables: vec![
            TableResource::plain::<rows::LdapEntry>(),
            TableResource::plain::<rows::LdapMember>(),
        ],
        operations,
        consequences: vec![sync::follow],
        password_places: vec![Arc::new(login::Directories(deps.clone()))],
        jobs: vec![
            Job::for_each(sync::Regular(deps.clone()), |_: &LDAPSource| sync::EVERY),
            Job { keep: true, ..Job::of(sync::Confirmed(deps.clone())) },
        ],
        schemas: api::schemas(),
        ..Module::default()
    }
}
