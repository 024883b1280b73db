//! The kinds of policies. Each file holds one: its fields and its rule. A new one is a file, its
//! `mod` and its line in [`kinds`].

mod dummy;
mod event_matcher;
mod expression;
mod password;

use countersign_core::KindResource;
use countersign_model::Fields;

use crate::engine::Question;
use crate::verdict::Verdict;

pub use dummy::DummyPolicy;
pub use event_matcher::EventMatcherPolicy;
pub use expression::ExpressionPolicy;
pub use password::PasswordPolicy;

/// What all policies have: the fields of `policies/all/`.
#[derive(Debug, Clone, Fields)]
#[kind(
    members = dyn Policy,
    path = "policies/all",
    model = "authentik_policies.policy",
    schema = "Policy",
    title = "Policy",
    plural = "Policies",
    space = "policy",
    lookup = "policy_uuid",
    ordering = "name"
)]
struct Common {
    #[field(unique = "Policy with this name already exists.", search)]
    name: String,
    #[field(default = false)]
    execution_logging: bool,
}

/// A rule by which somebody passes or does not.
pub trait Policy: Send + Sync {
    /// Its answer.
    ///
    /// # Errors
    /// Why there is none, as a sentence; the binding says what that counts as.
    fn judge(&self, question: &Question<'_>) -> Result<Verdict, String>;

    /// Its answer depends on [`Facts::setup_done`](crate::Facts::setup_done).
    fn asks_for_admin(&self) -> bool {
        false
    }
}

/// Every kind of policy.
pub(crate) fn kinds() -> [KindResource; 4] {
    [
        KindResource::of::<DummyPolicy>(),
        KindResource::of::<EventMatcherPolicy>(),
        KindResource::of::<ExpressionPolicy>(),
        KindResource::of::<PasswordPolicy>(),
    ]
    .map(KindResource::dated)
}
