//! Rules for new passwords.

use countersign_model::Kind;
use serde_json::{Map, Value};

use super::Policy;
use crate::host::{BoxFuture, HostError};
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
    /// `words` are those an attacker would try first.
    ///
    /// # Errors
    /// A check that cannot be made here.
    fn evaluate(
        &self,
        context: &Map<String, Value>,
        words: &[&str],
    ) -> Result<Verdict, PolicyError> {
        let asked = context.get("prompt_data").and_then(|data| data.get(&self.password_field));
        let password = asked
            .or_else(|| context.get(&self.password_field))
            .and_then(Value::as_str)
            .unwrap_or_default();
        if password.is_empty() {
            return Ok(Verdict::failing(vec!["Password not set in context".to_owned()]));
        }
        if self.check_static_rules && !self.meets_static_rules(password) {
            let text = if self.error_message.is_empty() {
                "Invalid password."
            } else {
                &self.error_message
            };
            return Ok(Verdict::failing(vec![text.to_owned()]));
        }
        if self.check_have_i_been_pwned {
            let text = "The list of leaked passwords can't be asked by this version.";
            return Err(HostError::Failed(text.to_owned()).into());
        }
        Ok(if self.check_zxcvbn { self.guess(password, words) } else { Verdict::passing() })
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
        Box::pin(async {
            let title = request.host.brand().await?.title;
            let user = request.user.map(|user| [&user.username, &user.name, &user.email]);
            let words = user.into_iter().flatten().chain([&title]);
            let words: Vec<&str> =
                words.map(String::as_str).filter(|word| !word.is_empty()).collect();
            self.evaluate(&request.occasion.to_context(), &words)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

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

    #[test]
    fn weak_passwords_are_refused_with_advice() {
        let context = json!({"prompt_data": {"password": "Password-123"}});
        let verdict = policy().evaluate(context.as_object().unwrap(), &[]).unwrap();
        assert!(!verdict.passing);
        assert_eq!(verdict.messages.first().map(String::as_str), Some("Password is too weak."));
        assert!(verdict.messages.len() > 1);
    }

    #[test]
    fn a_missing_password_is_named() {
        let verdict = policy().evaluate(&Map::new(), &[]).unwrap();
        assert_eq!(verdict.messages, ["Password not set in context"]);
    }
}
