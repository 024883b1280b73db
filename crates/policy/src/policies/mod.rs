//! The kinds of policies. Each file holds one: its fields and its rule. A new one is a file, its
//! `mod` and its line in [`kinds`].

mod dummy;
mod event_matcher;
mod expression;
mod password;

use countersign_core::KindResource;
use countersign_model::Fields;

use crate::host::BoxFuture;
use crate::request::PolicyRequest;
use crate::verdict::{PolicyError, Verdict};

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
    fn judge<'a>(
        &'a self,
        request: &'a PolicyRequest<'a>,
    ) -> BoxFuture<'a, Result<Verdict, PolicyError>>;
}

/// Every kind of policy.
pub(crate) fn kinds() -> Vec<KindResource> {
    let kinds = [
        KindResource::of::<DummyPolicy>(),
        KindResource::of::<EventMatcherPolicy>(),
        KindResource::of::<ExpressionPolicy>(),
        KindResource::of::<PasswordPolicy>(),
    ];
    kinds.map(KindResource::dated).into()
}
