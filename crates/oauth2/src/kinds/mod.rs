//! The configuration objects of this crate.

mod provider;
mod scope_mapping;

pub use provider::{IssuerMode, OAuth2Provider};
pub(crate) use provider::{fill as fill_provider, launch_url};
pub use scope_mapping::ScopeMapping;
