//! New passwords that are none of the former ones.

use countersign_model::{Kind, Secret};

use super::{Policy, asked_password};
use crate::host::BoxFuture;
use crate::request::PolicyRequest;
use crate::verdict::{PolicyError, Verdict};

/// Refuses a new password that the account has, or had before.
#[derive(Debug, Clone, Kind)]
#[kind(
    family = dyn Policy,
    path = "policies/unique_password",
    model = "authentik_policies_unique_password.uniquepasswordpolicy",
    title = "Password Uniqueness Policy",
    plural = "Password Uniqueness Policies",
    component = "ak-policy-password-uniqueness-form"
)]
pub struct UniquePasswordPolicy {
    #[field(unique, search, filter)]
    pub name: String,
    #[field(label = "Execution logging", default = false, filter)]
    pub execution_logging: bool,
    #[field(
        label = "Password field",
        help = "Field key to check, field keys defined in Prompt stages are available.",
        default = "password",
        filter
    )]
    pub password_field: String,
    #[field(
        label = "Number of previous passwords to check",
        help = "Number of passwords to check against. While a policy with this is in use, the hashes of so many former passwords of each account are kept.",
        default = 1,
        min = 0,
        filter
    )]
    pub num_historical_passwords: i32,
}

impl UniquePasswordPolicy {
    async fn evaluate(&self, request: &PolicyRequest<'_>) -> Result<Verdict, PolicyError> {
        let Some(password) = asked_password(request, &self.password_field) else {
            return Ok(Verdict::failing(vec!["Password not set in context".to_owned()]));
        };
        let user = request.user.filter(|user| user.pk != 0);
        let (Some(user), 1..) = (user, self.num_historical_passwords) else {
            return Ok(Verdict::passing());
        };
        let among = i64::from(self.num_historical_passwords);
        if !request.host.had_password(user.pk, Secret::new(password), among).await? {
            return Ok(Verdict::passing());
        }
        let text = "This password has been used previously. Please choose a different one.";
        Ok(Verdict::failing(vec![text.to_owned()]))
    }
}

impl Policy for UniquePasswordPolicy {
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
    use serde_json::{Value, json};

    fn policy(num_historical_passwords: i32) -> UniquePasswordPolicy {
        UniquePasswordPolicy {
            name: "p".to_owned(),
            execution_logging: false,
            password_field: "new".to_owned(),
            num_historical_passwords,
        }
    }

    /// Says of "old" that it was a password.
    fn history() -> Scripted {
        Scripted::new(|question| match question {
            Question::HadPassword { password, .. } => {
                Ok(Answer::Value((password.expose() == "old").into()))
            }
            _ => panic!("{question:?}"),
        })
    }

    async fn ask(policy: &UniquePasswordPolicy, answers: Value) -> Verdict {
        let user = Subject { pk: 7, ..Subject::default() };
        let data = answers.as_object().unwrap();
        let occasion = Occasion::PromptAnswers(data);
        judge(policy, &history(), Some(&user), occasion).await.unwrap()
    }

    #[tokio::test]
    async fn a_former_password_is_refused() {
        let refused = ask(&policy(3), json!({"new": "old"})).await;
        let text = "This password has been used previously. Please choose a different one.";
        assert_eq!((refused.passing, refused.messages), (false, vec![text.to_owned()]));
        assert!(ask(&policy(3), json!({"new": "another"})).await.passing);
        assert!(ask(&policy(0), json!({"new": "old"})).await.passing);
        let missing = ask(&policy(3), json!({"password": "another"})).await;
        assert_eq!(missing.messages, ["Password not set in context"]);
    }

    #[test]
    fn the_directory_finds_how_many_are_kept() {
        use countersign_directory::password_history::{FIELD, POLICY};
        use countersign_model::Fields as _;
        assert_eq!(UniquePasswordPolicy::META.model, POLICY);
        assert!(UniquePasswordPolicy::META.field(FIELD).is_some());
    }

    #[tokio::test]
    async fn an_account_that_is_being_made_had_none() {
        let data = json!({"new": "old"});
        let occasion = Occasion::PromptAnswers(data.as_object().unwrap());
        let nobody = Subject::default();
        for user in [None, Some(&nobody)] {
            assert!(judge(&policy(3), &history(), user, occasion).await.unwrap().passing);
        }
    }
}
