//! The kinds of policies. Each file holds one: its fields and its rule. A new one is a file, its
//! `mod` and its line in [`kinds`].

mod dummy;
mod event_matcher;
mod expression;
mod geoip;
mod password;
mod password_expiry;
mod reputation;
mod unique_password;

use countersign_core::{KindResource, Operation, TableResource};
use countersign_model::Fields;
use serde_json::Value;

use crate::host::BoxFuture;
use crate::request::PolicyRequest;
use crate::verdict::{PolicyError, Verdict};

pub use dummy::DummyPolicy;
pub use event_matcher::EventMatcherPolicy;
pub use expression::ExpressionPolicy;
pub use geoip::GeoIpPolicy;
pub(crate) use geoip::codes as country_codes;
pub use password::PasswordPolicy;
pub use password_expiry::PasswordExpiryPolicy;
pub(crate) use reputation::sum as reputation_sum;
pub use reputation::{Change as ReputationChange, ReputationPolicy};
pub use unique_password::UniquePasswordPolicy;

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

    /// Whether its answer may depend on the account that is asked about.
    fn is_about_somebody(&self) -> bool {
        true
    }
}

/// Every kind of policy.
pub(crate) fn kinds() -> Vec<KindResource> {
    let kinds = [
        KindResource::of::<DummyPolicy>(),
        KindResource::of::<EventMatcherPolicy>(),
        KindResource::of::<ExpressionPolicy>(),
        KindResource::of::<GeoIpPolicy>().computed(geoip::with_names),
        KindResource::of::<PasswordPolicy>(),
        KindResource::of::<PasswordExpiryPolicy>(),
        KindResource::of::<ReputationPolicy>().admit(reputation::admit),
        KindResource::of::<UniquePasswordPolicy>(),
    ];
    kinds.map(KindResource::dated).into()
}

/// The tables of those that count something.
pub(crate) fn tables() -> Vec<TableResource> {
    vec![reputation::table()]
}

/// What some of them offer beside their collections.
pub(crate) fn operations() -> Vec<Operation> {
    vec![geoip::operation()]
}

/// The password that is being set, of the prompt field of that name.
fn asked_password(request: &PolicyRequest<'_>, field: &str) -> Option<String> {
    let context = request.occasion.to_context();
    let asked = context.get("prompt_data").and_then(|data| data.get(field));
    let password = asked.or_else(|| context.get(field)).and_then(Value::as_str)?;
    (!password.is_empty()).then(|| password.to_owned())
}
