//! The configuration objects of this crate.

mod provider;
mod scope_mapping;
mod standards;

pub(crate) use provider::UPGRADES as PROVIDER_UPGRADES;
pub use provider::{AccessTokenFormat, IssuerMode, OAuth2Provider};
pub use scope_mapping::ScopeMapping;
