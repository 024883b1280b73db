//! Whoever failed to sign in too often of late.

mod scores;

use countersign_core::{ApiError, BoxFuture as Boxed, Call};
use countersign_model::{Draft, FieldErrors, Kind, ObjectId, Problem};
use http::Method;
use serde_json::{Map, Value};

use super::Policy;
use crate::host::BoxFuture;
use crate::request::PolicyRequest;
use crate::verdict::{PolicyError, Verdict};

pub use scores::Change;
pub(crate) use scores::{sum, table};

/// Passes for addresses and usernames whose score is at the threshold or below: those that failed
/// to sign in too often. Bind it to what only they have to do, such as a captcha.
#[derive(Debug, Clone, Kind)]
#[kind(
    family = dyn Policy,
    path = "policies/reputation",
    model = "authentik_policies_reputation.reputationpolicy",
    title = "Reputation Policy",
    plural = "Reputation Policies",
    component = "ak-policy-reputation-form",
    check = Self::check
)]
pub struct ReputationPolicy {
    #[field(unique, search, filter)]
    pub name: String,
    #[field(label = "Execution logging", default = false, filter)]
    pub execution_logging: bool,
    #[field(
        label = "Check IP",
        help = "Counts what was done from the address, whatever the username.",
        default = true,
        filter
    )]
    pub check_ip: bool,
    #[field(
        label = "Check Username",
        help = "Counts what was done with the username, from whatever address.",
        default = true,
        filter
    )]
    pub check_username: bool,
    #[field(
        label = "Threshold",
        help = "A failed sign-in takes one from the score, a sign-in adds one; it stays between the limits of the system settings.",
        default = -5,
        filter
    )]
    pub threshold: i32,
}

const NOTHING: &str = "Either IP or Username must be checked";

impl ReputationPolicy {
    fn check(&self, _draft: &Draft, _id: ObjectId, errors: &mut FieldErrors) {
        if !self.check_ip && !self.check_username {
            errors.add_object(Problem::new("invalid", NOTHING));
        }
    }

    async fn evaluate(&self, request: &PolicyRequest<'_>) -> Result<Verdict, PolicyError> {
        // Also of names that nobody has: else the policy would tell which names are known.
        let username = request.user.map(|user| user.username.clone());
        let username = username.filter(|_| self.check_username);
        let score = request.host.reputation(username, self.check_ip).await?;
        Ok(Verdict::of(score <= i64::from(self.threshold)))
    }
}

/// Who makes one says what it checks, as at the original, although both are on by default.
pub(super) fn admit(call: Call, body: Map<String, Value>) -> Boxed<Result<(), ApiError>> {
    let says = |field: &str| body.get(field).is_some_and(|value| *value != Value::Bool(false));
    let silent =
        call.request.method == Method::POST && !says("check_ip") && !says("check_username");
    let answer = if silent {
        Err(ApiError::from(FieldErrors::object(Problem::new("invalid", NOTHING))))
    } else {
        Ok(())
    };
    Box::pin(std::future::ready(answer))
}

impl Policy for ReputationPolicy {
    fn judge<'a>(
        &'a self,
        request: &'a PolicyRequest<'a>,
    ) -> BoxFuture<'a, Result<Verdict, PolicyError>> {
        Box::pin(self.evaluate(request))
    }
}

#[cfg(test)]
mod tests;
