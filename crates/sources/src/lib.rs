//! Sources: other places that know who people are. What all kinds share: the family and its fields,
//! which identity is whose, what becomes of somebody who comes by one, and the API over all of it.
//! Each protocol is a crate of its own; what a browser does on the way is `countersign_flow::source`.
//!
//! # A kind
//!
//! A struct with the shared fields and its own, one `impl Source` and one line in its crate's
//! `module()`:
//!
//! ```text
//! #[derive(Debug, Clone, Kind)]
//! #[kind(family = dyn Source, path = "sources/saml", model = "authentik_sources_saml.samlsource", ..)]
//! pub struct SAMLSource { pub name: String, pub slug: Slug, .., pub sso_url: WebUrl }
//!
//! impl Source for SAMLSource {
//!     countersign_sources::shared!();
//!     fn login_path(&self) -> Option<String> { Some(format!("/source/saml/{}/", self.slug)) }
//!     fn settings_component(&self) -> &'static str { "ak-user-settings-source-saml" }
//! }
//!
//! // kinds:      KindResource::of::<SAMLSource>()
//! // operations: countersign_sources::connections::<SAMLSource>("sources/user_connections/saml", "sources/group_connections/saml")
//! ```

mod api;
mod arrival;
mod connection;
pub mod matching;
mod properties;
pub mod session;
mod source;
mod temporary;

use countersign_core::{Module, TableResource};
use countersign_policy::Engine;
use countersign_rest::table;

pub use api::connections;
pub use arrival::{Arrival, Refusal, SOURCES_ATTRIBUTE, Unsettled};
pub use connection::{
    GroupSourceConnection, LONGEST_IDENTIFIER, UserSourceConnection, candidates, connected, has_any,
};
pub use properties::{Identity, NamedGroup, Properties, PropertiesError, evaluate, evaluate_group};
pub use session::{SourceSession, Upstream, continued};
pub use source::{
    GroupMatchingMode, Shared, Source, USER_PATH, UserMatchingMode, by_slug, icon, of, usable,
};
pub use temporary::make as make_temporary;

/// What all sources have in common, as a part of the program.
#[must_use]
pub fn module(policies: &Engine) -> Module {
    Module {
        name: "sources",
        families: vec![api::family()],
        tables: vec![
            table::<UserSourceConnection>(),
            table::<GroupSourceConnection>(),
            TableResource::plain::<SourceSession>(),
        ],
        operations: api::operations(policies),
        consequences: vec![connection::follow_sources],
        schemas: api::schemas(),
        ..Module::default()
    }
}
