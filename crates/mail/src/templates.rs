//! Templates of mails: the program's own, and those of the operator's folder, which come first.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::LazyLock;

use countersign_model::Timestamp;
use countersign_words::{Language, template};
use minijinja::value::{Serde, merge_maps};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior, Value};
use regex::Regex;
use serde::Serialize;
use serde_json::json;
use thiserror::Error as ThisError;

use crate::django::{self, Moment, Refusal};
use crate::folder::Folder;

/// A mail is made in so many steps, and of at most 64 bytes for each.
const MOST_STEPS: u64 = 100_000;
/// Bytes of the HTML of a mail.
const LARGEST_MAIL: usize = 1 << 20;
/// What a file that takes the place of one of the program's extends, when it names itself.
const ORIGINAL: &str = "original:";

macro_rules! built_in {
    ($($name:literal),* $(,)?) => {
        &[$((concat!("email/", $name), include_str!(concat!("../templates/email/", $name))),)*]
    };
}

const BUILT_IN: &[(&str, &str)] = built_in![
    "base.html",
    "base.txt",
    "password_reset.html",
    "password_reset.txt",
    "account_confirmation.html",
    "account_confirmation.txt",
    "email_otp.html",
    "email_otp.txt",
    "second_factor.html",
    "second_factor.txt",
    "event_notification.html",
    "event_notification.txt",
    "setup.html",
    "setup.txt",
];

/// Those of the built-in ones that stages may choose.
const CHOICES: [(&str, &str); 2] = [
    ("email/password_reset.html", "Password Reset"),
    ("email/account_confirmation.html", "Account Confirmation"),
];

/// A template that can be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// Its file, as stages store it.
    pub name: String,
    /// What people choose it by.
    pub label: String,
}

/// Both forms of a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// As plain text.
    pub text: String,
    /// As HTML, where the template has that.
    pub html: Option<String>,
}

/// A template that cannot be used, and where it is wrong.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
#[error("the mail template {name} cannot be used: {problem}")]
pub struct TemplateError {
    /// The template.
    pub name: String,
    /// What is wrong, in which file and line.
    pub problem: String,
}

/// Finds and fills templates.
#[derive(Debug, Clone, Default)]
pub struct Templates {
    folder: Folder,
}

impl Templates {
    /// The built-in templates, and those in `folder`, which come first.
    pub const fn new(folder: Option<PathBuf>) -> Templates {
        Templates { folder: Folder(folder) }
    }

    /// What stages may choose: built-in ones first, then the operator's by name, as far as they can
    /// be read.
    pub fn choices(&self) -> Vec<Template> {
        let mut all: Vec<Template> = CHOICES
            .iter()
            .map(|(name, label)| Template { name: (*name).to_owned(), label: (*label).to_owned() })
            .collect();
        for name in self.own() {
            if !all.iter().any(|known| known.name == name) && find(&self.folder, &name).is_ok() {
                all.push(Template { label: format!("Custom Template: {name}"), name });
            }
        }
        all
    }

    /// Whether a stage may name it, be it right or not.
    pub fn knows(&self, name: &str) -> bool {
        CHOICES.iter().any(|(known, _)| *known == name) || self.own().iter().any(|own| own == name)
    }

    /// The operator's templates by name.
    pub fn own(&self) -> Vec<String> {
        self.folder.names()
    }

    /// Tries a template out on somebody who is nobody.
    ///
    /// # Errors
    /// A template that is not there or does not work.
    pub fn check(&self, name: &str) -> Result<(), TemplateError> {
        let now = Timestamp::from_seconds(0);
        let user = json!({"pk": 1, "username": "uma", "name": "Uma Berg", "email": "uma@example.org", "is_active": true, "attributes": {}});
        let sample = json!({"url": "https://example.org/?flow_token=0", "user": user, "expires": 1800, "token": "000000"});
        self.render(Language::En, now, name, &sample).map(drop)
    }

    /// Fills a template; `name` is that of the HTML form. Those of the operator are in the language
    /// that they are written in. Of `expires`, seconds from now, they read the time.
    ///
    /// # Errors
    /// A template that is not there or does not work.
    pub fn render(
        &self,
        language: Language,
        now: Timestamp,
        name: &str,
        context: &impl Serialize,
    ) -> Result<Rendered, TemplateError> {
        let failed = |problem: String| TemplateError { name: name.to_owned(), problem };
        let context = timed(Value::from(Serde(context)), now);
        let fill = |template: minijinja::Template<'_, '_>| template.render(&context);
        let html = self.environment(language, now, AutoEscape::Html);
        let html = html.get_template(name).and_then(fill);
        let html = html.map_err(|error| failed(told(&error)))?;
        let text = self.environment(language, now, AutoEscape::None);
        let text = match text.get_template(&format!("{}.txt", name.trim_end_matches(".html"))) {
            Err(error) if error.kind() == ErrorKind::TemplateNotFound => Ok(text_of(&html)),
            found => found.and_then(fill),
        };
        let text = text.map_err(|error| failed(told(&error)))?;
        if html.len().max(text.len()) > LARGEST_MAIL {
            return Err(failed(format!("the mail is larger than {} KiB", LARGEST_MAIL / 1024)));
        }
        Ok(Rendered { text: text.trim().to_owned() + "\n", html: Some(html) })
    }

    /// What one form of a mail is made in. How it escapes is up to the form, whatever the files that
    /// it takes in are called.
    fn environment(
        &self,
        language: Language,
        now: Timestamp,
        escape: AutoEscape,
    ) -> Environment<'static> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Chainable);
        environment.set_fuel(Some(MOST_STEPS));
        environment.set_auto_escape_callback(move |_| escape.clone());
        environment.add_global("product", "Countersign");
        environment.add_global("lang", language.tag());
        template::add_to(&mut environment, language);
        django::add_to(&mut environment, language, now);
        let folder = self.folder.clone();
        environment.set_loader(move |name| {
            find(&folder, name).map_err(|refusal| {
                Error::new(ErrorKind::SyntaxError, "a template cannot be read").with_source(refusal)
            })
        });
        environment
    }
}

/// The operator's template of a name, else the built-in one, in the engine's words.
fn find(folder: &Folder, name: &str) -> Result<Option<String>, Refusal> {
    let built_in = |name: &str| {
        BUILT_IN.iter().find(|(known, _)| *known == name).map(|(_, text)| (*text).to_owned())
    };
    if let Some(name) = name.strip_prefix(ORIGINAL) {
        return Ok(built_in(name));
    }
    match folder.read(name)? {
        Some(text) => django::translate(name, &text, &format!("{ORIGINAL}{name}")).map(Some),
        None => Ok(built_in(name)),
    }
}

/// With the time at which it ends in place of the seconds until then.
fn timed(context: Value, now: Timestamp) -> Value {
    let left = context.get_attr("expires").ok().and_then(|left| i64::try_from(left).ok());
    match left.filter(|left| *left > 0) {
        Some(left) => {
            let ends = Value::from_object(Moment(now.plus_seconds(left)));
            merge_maps([context, Value::from(BTreeMap::from([("expires", ends)]))])
        }
        None => context,
    }
}

/// What is wrong and where, from the innermost of the errors.
fn told(error: &Error) -> String {
    let mut place = String::new();
    let mut said = String::new();
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = next {
        if let Some(refusal) = error.downcast_ref::<Refusal>() {
            return refusal.to_string();
        }
        if let Some(error) = error.downcast_ref::<Error>() {
            if let (Some(name), Some(line)) = (error.name(), error.line()) {
                place = format!("{}, line {line}: ", name.trim_start_matches(ORIGINAL));
            }
            said = match error.kind() {
                ErrorKind::OutOfFuel => "it does too much: a mail is made in few steps".to_owned(),
                kind => error.detail().map_or_else(|| kind.to_string(), str::to_owned),
            };
        }
        next = error.source();
    }
    place + &said
}

/// The text of a mail that has no text form of its own. Addresses of links are kept.
fn text_of(html: &str) -> String {
    static HIDDEN: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"(?is)<(style|script|head|title)\b.*?</(style|script|head|title)>|<!--.*?-->")
            .ok()
    });
    static LINK: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r#"(?is)<a\b[^>]*\bhref="([^"]*)"[^>]*>(.*?)</a>"#).ok());
    static TAG: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?s)<[^>]*>").ok());
    let mut text = html.to_owned();
    for (pattern, with) in [(&HIDDEN, ""), (&LINK, "$2 $1"), (&TAG, " ")] {
        if let Some(pattern) = pattern.as_ref() {
            text = pattern.replace_all(&text, with).into_owned();
        }
    }
    for (entity, letter) in [
        ("&nbsp;", " "),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#x27;", "'"),
        ("&#x2f;", "/"),
        ("&#39;", "'"),
        ("&amp;", "&"),
    ] {
        text = text.replace(entity, letter);
    }
    let lines = text
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests;
