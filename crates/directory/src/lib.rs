//! People and what belongs to them: users, groups, tokens, sessions, consents, passwords. Their
//! rules, their statements and their part of the API. Nothing here knows a flow or a protocol.

mod administrators;
mod attempts;
mod audit;
mod avatar;
mod clean;
mod consents;
mod enterprise;
pub mod groups;
mod guard;
mod hash_memory;
mod impersonation;
mod me;
pub mod password_history;
mod passwords;
mod person;
mod principals;
mod rbac;
mod recovery;
mod rights;
mod schemas;
mod search;
mod sending;
mod sessions;
mod settings;
pub mod setup;
mod system;
pub mod tokens;
mod user_actions;
pub mod username;
pub mod users;

use std::sync::Arc;

use countersign_core::{Context, Expiring, Job, Module, Service, Start, TableResource};
use countersign_events::Places;
use countersign_rest::table;

pub use attempts::{Attempt, Looking, Machines, Owner, Place, TooMany};
pub use audit::secret_answers;
pub use avatar::{initials, of as avatar};
pub use guard::{Displaces, Guard};
pub use passwords::{HashError, Passwords, Verified, unusable};
pub use principals::{
    Called, ManagedToken, keep_token, make_principal, remove_principal, rename_principal,
};
pub use recovery::{
    FlowLink, create_flow_link, create_mailed_link, create_recovery_link, create_set_up_link,
    flow_link, spend_flow_link, spend_recovery_link,
};
pub use search::index_everybody;
pub use sending::may_send;
pub use settings::{FooterLinks, SystemSettings};
pub use system::{Apps, Models, WIRE_VERSION};
pub use user_actions::{RECOVERY_LINK, recovery_flow};
pub use users::audit as audit_account;

/// The directory's part of the program, and the one place that hashes passwords.
pub fn module(places: &Arc<Places>) -> (Module, Arc<Passwords>) {
    let passwords = Arc::new(Passwords::new());
    let hashing = passwords.clone();
    let mut operations = user_actions::operations(&passwords);
    operations.extend(impersonation::operations());
    operations.extend(me::operations());
    operations.extend(groups::actions());
    operations.extend(tokens::actions());
    operations.extend(rbac::operations());
    operations.extend(rights::operations());
    operations.extend(person::operations());
    operations.extend(enterprise::operations());
    operations.extend(system::operations(places));
    let module = Module {
        name: "directory",
        kinds: rbac::kinds().into_iter().chain([settings::resource()]).collect(),
        operations,
        tables: tables(),
        schemas: schemas::schemas()
            .into_iter()
            .chain(system::enumerations())
            .chain(rbac::schemas())
            .chain(rights::schemas())
            .chain(enterprise::schemas())
            .collect(),
        jobs: vec![
            Job::every(
                "clean_temporary_users",
                300,
                "Remove temporary users created by SAML Sources",
                clean::temporary_users,
            ),
            Job::every(
                "trim_password_histories",
                86_400,
                "Remove hashes of former passwords that no policy asks for",
                password_history::trim,
            ),
        ],
        start: vec![Start::new("accounts", at_start)],
        expiring: vec![Expiring { plural: "API Tokens", remove: tokens::rotate_ended }],
        services: vec![
            Service::new("index_of_names", search::keep_indexing),
            Service::new("password_memory", move |_, stop| hashing.clone().keep_small(stop)),
        ],
        ..Module::default()
    };
    (module, passwords)
}

/// The tables of people.
pub fn tables() -> Vec<TableResource> {
    vec![
        table::<users::User>().embedded(users::embedded),
        table::<groups::Group>().embedded(groups::embedded),
        TableResource::plain::<users::Membership>(),
        TableResource::plain::<groups::GroupRole>(),
        TableResource::plain::<rbac::RoleGrant>(),
        TableResource::plain::<password_history::PasswordHistory>(),
        table::<tokens::Token>(),
        table::<sessions::Session>(),
        table::<consents::Consent>(),
        TableResource::plain::<sending::SentMessage>(),
    ]
}

/// What accounts that an earlier version stored still need.
async fn at_start(cx: Context) -> Result<(), String> {
    let done = async {
        username::refold(&cx).await?;
        countersign_accounts::limit_sessions(&cx).await?;
        setup::note_at_start(&cx).await
    };
    done.await.map_err(|error| error.to_string())
}
