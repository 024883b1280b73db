//! Policies: who may pass. Kinds of policies and their bindings, the engine that combines them and
//! says why, and the expressions that policies, mappings and prompts are written in.
//!
//! A decision is a function of the snapshot, the occasion and what the host answers; its trace is
//! kept with every recorded run.

pub mod access;
mod binding;
pub mod engine;
pub mod explain;
pub mod expression;
pub mod host;
mod live;
mod lost;
pub mod mapping;
mod mapping_test;
mod measure;
mod module;
mod policies;
mod query;
pub mod recording;
mod request;
pub mod rescue;
mod secrets;
pub mod simulate;
mod subject;
#[cfg(test)]
mod testing;
mod told;
mod verdict;
mod write;

pub use access::Engine;
pub use binding::{PolicyBinding, PolicyEngineMode};
pub use engine::Decision;
pub use host::{Host, NoHost};
pub use live::{LiveHost, setup_done};
pub use mapping::Mapping;
pub use module::module;
pub use policies::{
    DummyPolicy, EventMatcherPolicy, ExpressionPolicy, GeoIpPolicy, PasswordExpiryPolicy,
    PasswordPolicy, Policy, ReputationChange, ReputationPolicy, UniquePasswordPolicy,
};
pub use request::{Occasion, PolicyRequest, ProtocolRequest};
pub use secrets::{MASK, Secrets, sounds_secret};
pub use subject::{GroupView, Subject};
pub use told::{Told, tell};
pub use verdict::{PolicyError, Step, Trace, Verdict};
