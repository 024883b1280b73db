//! What would be decided, without doing it: recorded runs made again, sign-ins that nobody made, edits
//! that nobody has saved.
//!
//! Nothing here has an effect. An edit is carried out in a transaction that is rolled back
//! ([`Changed`]); policies are asked with a host that writes nothing, sends nothing and asks no other
//! server, and what depends on such an answer is said to be unknown.

mod api;
mod changes;
mod impact;
mod replay;
mod simulate;

pub use api::module;
pub use changes::{Changed, ExplainError};
pub use impact::{Counts, Impact, Named, impact};
pub use replay::{Again, replay};
pub use simulate::{Asked, Who, simulate};

use std::sync::Arc;

use countersign_blueprints::instances::Surroundings;
use countersign_flow::Flows;

/// What explanations need of others.
#[derive(Clone)]
pub struct Deps {
    pub flows: Flows,
    pub blueprints: Arc<Surroundings>,
}
