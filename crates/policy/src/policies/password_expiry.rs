//! Passwords that have to be changed from time to time.

use countersign_model::Kind;

use super::Policy;
use crate::host::BoxFuture;
use crate::request::PolicyRequest;
use crate::verdict::{PolicyError, Verdict};

/// Refuses people whose password is older than a number of days.
#[derive(Debug, Clone, Kind)]
#[kind(
    family = dyn Policy,
    path = "policies/password_expiry",
    model = "authentik_policies_expiry.passwordexpirypolicy",
    title = "Password Expiry Policy",
    plural = "Password Expiry Policies",
    component = "ak-policy-password-expiry-form",
    form = "name execution_logging days deny_only"
)]
pub struct PasswordExpiryPolicy {
    #[field(unique, search, filter)]
    pub name: String,
    #[field(label = "Execution logging", default = false, filter)]
    pub execution_logging: bool,
    #[field(
        label = "Only fail the policy, don't invalidate user's password",
        help = "Otherwise the expired password is removed, and signs nobody in any more.",
        default = false,
        filter
    )]
    pub deny_only: bool,
    #[field(
        label = "Maximum age (in days)",
        help = "A password that was set this many days ago, or earlier, is refused.",
        filter
    )]
    pub days: i32,
}

const DAY: i64 = 86_400;

impl PasswordExpiryPolicy {
    async fn evaluate(&self, request: &PolicyRequest<'_>) -> Result<Verdict, PolicyError> {
        // An account that nobody has, or that is only being made, has no old password.
        let Some(user) = request.user.filter(|user| user.pk != 0) else {
            return Ok(Verdict::passing());
        };
        let age = request.clock.now().seconds() - user.password_changed.seconds();
        let overdue = age.div_euclid(DAY) - i64::from(self.days);
        if overdue < 0 {
            return Ok(Verdict::passing());
        }
        if self.deny_only {
            return Ok(Verdict::failing(vec!["Password has expired.".to_owned()]));
        }
        request.host.expire_password(user.pk, request.name).await?;
        let text = format!("Password expired {overdue} days ago. Please update your password.");
        Ok(Verdict::failing(vec![text]))
    }
}

impl Policy for PasswordExpiryPolicy {
    fn judge<'a>(
        &'a self,
        request: &'a PolicyRequest<'a>,
    ) -> BoxFuture<'a, Result<Verdict, PolicyError>> {
        Box::pin(self.evaluate(request))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::{Answer, Question};
    use crate::request::Occasion;
    use crate::subject::Subject;
    use crate::testing::{Scripted, judge};
    use countersign_model::Timestamp;

    fn policy(days: i32, deny_only: bool) -> PasswordExpiryPolicy {
        PasswordExpiryPolicy { name: "p".to_owned(), execution_logging: false, deny_only, days }
    }

    /// Whose password was set so many seconds before the tests' clock.
    fn user(seconds: i64) -> Subject {
        let password_changed = Timestamp::from_seconds(-seconds);
        Subject { pk: 7, password_changed, ..Subject::default() }
    }

    #[tokio::test]
    async fn a_password_is_refused_from_the_day_on_and_taken_away() {
        for (days, age, said) in [
            (30, 30 * DAY - 1, None),
            (30, 30 * DAY, Some("Password expired 0 days ago. Please update your password.")),
            (30, 33 * DAY + 5, Some("Password expired 3 days ago. Please update your password.")),
            (0, 0, Some("Password expired 0 days ago. Please update your password.")),
        ] {
            let host = Scripted::new(|_| Ok(Answer::Done));
            let occasion = Occasion::Application(None);
            let verdict = judge(&policy(days, false), &host, Some(&user(age)), occasion).await;
            let verdict = verdict.unwrap();
            assert_eq!(verdict.messages.first().map(String::as_str), said, "{days} {age}");
            assert_eq!(verdict.passing, said.is_none());
            let expired = Question::ExpirePassword { user: 7, name: "p".to_owned() };
            let expected = if said.is_some() { vec![expired] } else { Vec::new() };
            assert_eq!(host.asked(), expected);
        }
    }

    #[tokio::test]
    async fn who_only_refuses_leaves_the_password() {
        let host = Scripted::new(|_| Ok(Answer::Done));
        let occasion = Occasion::Application(None);
        let verdict = judge(&policy(1, true), &host, Some(&user(DAY)), occasion).await.unwrap();
        assert_eq!(verdict.messages, ["Password has expired."]);
        assert!(!verdict.passing && host.asked().is_empty());
        assert!(judge(&policy(1, true), &host, None, occasion).await.unwrap().passing);
    }
}
