//! Rules for new passwords.

use aws_lc_rs::digest;
use countersign_model::Kind;

use super::{Policy, asked_password};
use crate::host::BoxFuture;
use crate::request::PolicyRequest;
use crate::verdict::{PolicyError, Verdict};

/// Checks a password that is being set: length, sorts of characters, how easily it is guessed.
#[derive(Debug, Clone, Kind)]
#[kind(
    family = dyn Policy,
    path = "policies/password",
    model = "authentik_policies_password.passwordpolicy",
    title = "Password Policy",
    plural = "Password Policies",
    component = "ak-policy-password-form"
)]
pub struct PasswordPolicy {
    #[field(unique, search, filter)]
    pub name: String,
    #[field(label = "Execution logging", default = false, filter)]
    pub execution_logging: bool,
    #[field(
        label = "Password field",
        help = "Key of the prompt field that holds the password.",
        default = "password",
        filter
    )]
    pub password_field: String,
    #[field(
        label = "Minimum amount of digits",
        group = "Static rules",
        default = 0,
        min = 0,
        filter
    )]
    pub amount_digits: i32,
    #[field(
        label = "Minimum amount of uppercase characters",
        group = "Static rules",
        default = 0,
        min = 0,
        filter
    )]
    pub amount_uppercase: i32,
    #[field(
        label = "Minimum amount of lowercase characters",
        group = "Static rules",
        default = 0,
        min = 0,
        filter
    )]
    pub amount_lowercase: i32,
    #[field(
        label = "Minimum amount of symbols characters",
        group = "Static rules",
        default = 0,
        min = 0,
        filter
    )]
    pub amount_symbols: i32,
    #[field(label = "Minimum length", group = "Static rules", default = 0, min = 0, filter)]
    pub length_min: i32,
    #[field(label = "Symbol charset", help = "What counts as a symbol.", group = "Static rules", default = SYMBOLS, filter)]
    pub symbol_charset: String,
    #[field(label = "Error message", group = "Static rules", default = "", filter)]
    pub error_message: String,
    #[field(label = "Check static rules", default = true, filter)]
    pub check_static_rules: bool,
    #[field(
        label = "Check haveibeenpwned.com",
        help = "Needs a connection to that service; the password itself never leaves.",
        default = false,
        filter
    )]
    pub check_have_i_been_pwned: bool,
    #[field(
        label = "Check zxcvbn",
        help = "Guess how easily the password is guessed.",
        default = false,
        filter
    )]
    pub check_zxcvbn: bool,
    #[field(
        label = "Allowed count",
        help = "How often a password may be on public lists.",
        group = "HaveIBeenPwned settings",
        default = 0,
        min = 0,
        filter
    )]
    pub hibp_allowed_count: i32,
    #[field(
        label = "Score threshold",
        help = "Passwords with this score or less are refused.",
        group = "zxcvbn settings",
        default = 2,
        min = 0,
        filter
    )]
    pub zxcvbn_score_threshold: i32,
}

const SYMBOLS: &str = "!\\\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ ";
const LONGEST_GUESSED: usize = 72;

impl PasswordPolicy {
    /// Static rules, then the list of leaked passwords, then guessing; the first refusal ends it.
    async fn evaluate(&self, request: &PolicyRequest<'_>) -> Result<Verdict, PolicyError> {
        let Some(password) = &asked_password(request, &self.password_field) else {
            return Ok(Verdict::failing(vec!["Password not set in context".to_owned()]));
        };
        if self.check_static_rules && !self.meets_static_rules(password) {
            let text = if self.error_message.is_empty() {
                "Invalid password."
            } else {
                &self.error_message
            };
            return Ok(Verdict::failing(vec![text.to_owned()]));
        }
        if self.check_have_i_been_pwned {
            let seen = times_leaked(request, password).await?;
            if seen > u64::try_from(self.hibp_allowed_count).unwrap_or(0) {
                let text = format!("Password exists on {seen} online lists.");
                return Ok(Verdict::failing(vec![text]));
            }
        }
        if !self.check_zxcvbn {
            return Ok(Verdict::passing());
        }
        let title = request.host.brand().await?.title;
        // Those that an attacker would try first.
        let user = request.user.map(|user| [&user.username, &user.name, &user.email]);
        let words = user.into_iter().flatten().chain([&title]);
        let words: Vec<&str> = words.map(String::as_str).filter(|word| !word.is_empty()).collect();
        Ok(self.guess(password, &words))
    }

    fn meets_static_rules(&self, password: &str) -> bool {
        let count = |test: &dyn Fn(char) -> bool| password.chars().filter(|c| test(*c)).count();
        let at_least = |found: usize, wanted: i32| {
            usize::try_from(wanted).is_ok_and(|wanted| found >= wanted) || wanted <= 0
        };
        at_least(password.chars().count(), self.length_min)
            && at_least(count(&|c| c.is_ascii_digit()), self.amount_digits)
            && at_least(count(&|c| c.is_ascii_uppercase()), self.amount_uppercase)
            && at_least(count(&|c| c.is_ascii_lowercase()), self.amount_lowercase)
            && at_least(count(&|c| self.symbol_charset.contains(c)), self.amount_symbols)
    }

    fn guess(&self, password: &str, words: &[&str]) -> Verdict {
        let start: String = password.chars().take(LONGEST_GUESSED).collect();
        let guess = zxcvbn::zxcvbn(&start, words);
        if i32::from(u8::from(guess.score())) > self.zxcvbn_score_threshold {
            return Verdict::passing();
        }
        let mut messages = vec!["Password is too weak.".to_owned()];
        if let Some(feedback) = guess.feedback() {
            messages.extend(feedback.suggestions().iter().map(ToString::to_string));
        }
        Verdict::failing(messages)
    }
}

impl Policy for PasswordPolicy {
    fn judge<'a>(
        &'a self,
        request: &'a PolicyRequest<'a>,
    ) -> BoxFuture<'a, Result<Verdict, PolicyError>> {
        Box::pin(self.evaluate(request))
    }
}

/// How often a password is on public lists. The host is told five hexadecimal digits of its SHA-1,
/// which a million passwords share.
async fn times_leaked(request: &PolicyRequest<'_>, password: &str) -> Result<u64, PolicyError> {
    let hash = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes());
    let hash = hex::encode_upper(hash.as_ref());
    let (prefix, end) = hash.split_at_checked(5).unwrap_or((&hash, ""));
    let list = request.host.leaked_passwords(prefix.to_owned()).await?;
    let found = list.lines().find_map(|line| line.trim().strip_prefix(end)?.strip_prefix(':'));
    Ok(found.and_then(|times| times.trim().parse().ok()).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::{Answer, Host, HostError, NoHost, Question};
    use crate::request::Occasion;
    use countersign_model::{Clock, Snapshot, Timestamp};
    use countersign_python::Interpreter;
    use serde_json::{Value, json};
    use std::sync::Mutex;

    fn policy() -> PasswordPolicy {
        PasswordPolicy {
            name: "p".to_owned(),
            execution_logging: false,
            password_field: "password".to_owned(),
            amount_digits: 1,
            amount_uppercase: 1,
            amount_lowercase: 0,
            amount_symbols: 1,
            length_min: 8,
            symbol_charset: SYMBOLS.to_owned(),
            error_message: String::new(),
            check_static_rules: true,
            check_have_i_been_pwned: false,
            check_zxcvbn: true,
            hibp_allowed_count: 0,
            zxcvbn_score_threshold: 2,
        }
    }

    #[test]
    fn each_static_rule_counts() {
        for (password, passing) in [
            ("Tr0ub4dor-and-mice", true),
            ("Tr0ub4dor and mice", true),
            ("tr0ub4dor-and-mice", false),
            ("Troubador-and-mice", false),
            ("Tr0ub4dorandmice", false),
            ("Tr0-b4d", false),
        ] {
            assert_eq!(policy().meets_static_rules(password), passing, "{password}");
        }
    }

    struct Still;
    impl Clock for Still {
        fn now(&self) -> Timestamp {
            Timestamp(0)
        }
    }

    /// Knows one leaked password, "password", and counts what it is asked.
    #[derive(Default)]
    struct Lists(Mutex<Vec<String>>);
    impl Host for Lists {
        fn ask(&self, question: Question) -> BoxFuture<'_, Result<Answer, HostError>> {
            if let Question::LeakedPasswords { prefix } = &question {
                self.0.lock().unwrap().push(prefix.clone());
                let list = "0018A45C4D1DEF81644B54AB7F969B88D65:0\r\n\
                            1E4C9B93F3F0682250B6CF8331B7EE68FD8:7\r\n";
                return Box::pin(async { Ok(Answer::Text(list.to_owned())) });
            }
            NoHost.ask(question)
        }
        fn interpreter(&self) -> Option<&Interpreter> {
            None
        }
    }

    async fn ask(policy: &PasswordPolicy, host: &dyn Host, password: Value) -> Verdict {
        let (snapshot, data) = (Snapshot::default(), password.as_object().unwrap().clone());
        let request = PolicyRequest {
            snapshot: &snapshot,
            clock: &Still,
            host,
            user: None,
            occasion: Occasion::PromptAnswers(&data),
            target: None,
            name: "",
        };
        policy.judge(&request).await.unwrap()
    }

    #[tokio::test]
    async fn weak_passwords_are_refused_with_advice() {
        let verdict = ask(&policy(), &NoHost, json!({"password": "Password-123"})).await;
        assert!(!verdict.passing);
        assert_eq!(verdict.messages.first().map(String::as_str), Some("Password is too weak."));
        assert!(verdict.messages.len() > 1);
    }

    #[tokio::test]
    async fn a_missing_password_is_named() {
        let verdict = ask(&policy(), &NoHost, json!({})).await;
        assert_eq!(verdict.messages, ["Password not set in context"]);
    }

    /// The check could be saved and always failed.
    #[tokio::test]
    async fn leaked_passwords_are_refused_and_never_sent() {
        let mut policy = policy();
        (policy.check_static_rules, policy.check_zxcvbn) = (false, false);
        policy.check_have_i_been_pwned = true;
        let lists = Lists::default();
        let leaked = ask(&policy, &lists, json!({"password": "password"})).await;
        assert_eq!(leaked.messages, ["Password exists on 7 online lists."]);
        assert!(ask(&policy, &lists, json!({"password": "another"})).await.passing);
        policy.hibp_allowed_count = 7;
        assert!(ask(&policy, &lists, json!({"password": "password"})).await.passing);
        assert_eq!(lists.0.lock().unwrap().first().map(String::as_str), Some("5BAA6"));
    }
}
