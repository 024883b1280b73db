//! The configuration objects of this crate.

mod provider;
mod scope_mapping;

pub use provider::{IssuerMode, OAuth2Provider};
pub(crate) use provider::{UPGRADES as PROVIDER_UPGRADES, launch_url};
pub use scope_mapping::ScopeMapping;
