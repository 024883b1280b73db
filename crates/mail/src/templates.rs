//! Templates of mails: four of the program's own, and those of the operator's folder.
//!
//! The operator's are files `**/*.html`, each with an optional `.txt` beside it, written as for the
//! original: variables, `if`, `for`, `block`, `extends`, `trans`. One that has the name of a
//! built-in one takes its place.

use std::path::{Component, Path, PathBuf};
use std::sync::LazyLock;

use countersign_words::{Language, template};
use minijinja::{Environment, ErrorKind, UndefinedBehavior, Value};
use regex::{Captures, Regex};
use serde::Serialize;
use thiserror::Error;

/// Larger files are no mail templates.
const LARGEST: u64 = 1 << 20;
/// As many files and folders are looked at.
const MOST_FILES: usize = 2000;

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
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the mail template {name} cannot be used: {problem}")]
pub struct TemplateError {
    /// The template.
    pub name: String,
    /// What is wrong, and in which line.
    pub problem: String,
}

/// Finds and fills templates.
#[derive(Debug, Clone, Default)]
pub struct Templates {
    folder: Option<PathBuf>,
}

impl Templates {
    /// The built-in templates, and those in `folder`, which come first.
    pub const fn new(folder: Option<PathBuf>) -> Templates {
        Templates { folder }
    }

    /// What stages may choose: built-in ones first, then the operator's by name.
    pub fn choices(&self) -> Vec<Template> {
        let mut all: Vec<Template> = CHOICES
            .iter()
            .map(|(name, label)| Template { name: (*name).to_owned(), label: (*label).to_owned() })
            .collect();
        for name in self.own() {
            if !all.iter().any(|known| known.name == name) {
                all.push(Template { label: format!("Custom Template: {name}"), name });
            }
        }
        all
    }

    /// Fills a template; `name` is that of the HTML form. Those of the operator are in the language
    /// that they are written in.
    ///
    /// # Errors
    /// A template that is not there or does not work.
    pub fn render(
        &self,
        language: Language,
        name: &str,
        context: &impl Serialize,
    ) -> Result<Rendered, TemplateError> {
        let failed = |error: minijinja::Error| TemplateError {
            name: name.to_owned(),
            problem: told(&error),
        };
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Chainable);
        environment.add_global("product", "Countersign");
        environment.add_global("lang", language.tag());
        environment.add_filter("naturaltime", natural_time);
        environment.add_filter("lasting", move |seconds: i64| language.duration(seconds));
        template::add_to(&mut environment, language);
        environment.add_filter("date", |value: Value, _format: Option<String>| value);
        let folder = self.folder.clone();
        environment.set_loader(move |name| Ok(find(folder.as_deref(), name)));
        let fill =
            |name: &str| environment.get_template(name)?.render(minijinja::value::Serde(context));
        let html = fill(name).map_err(failed)?;
        let text = match fill(&format!("{}.txt", name.trim_end_matches(".html"))) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::TemplateNotFound => text_of(&html),
            Err(error) => return Err(failed(error)),
        };
        Ok(Rendered { text: text.trim().to_owned() + "\n", html: Some(html) })
    }

    fn own(&self) -> Vec<String> {
        let Some(folder) = &self.folder else { return Vec::new() };
        let (mut names, mut waiting, mut seen) = (Vec::new(), vec![folder.clone()], 0);
        while let Some(place) = waiting.pop() {
            for entry in std::fs::read_dir(&place).into_iter().flatten().flatten() {
                seen += 1;
                let path = entry.path();
                if seen > MOST_FILES {
                    break;
                }
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    waiting.push(path);
                } else if path.extension().is_some_and(|ending| ending == "html")
                    && let Some(name) = path.strip_prefix(folder).ok().and_then(Path::to_str)
                {
                    names.push(name.to_owned());
                }
            }
        }
        names.sort();
        names
    }
}

/// The operator's template of a name, else the built-in one.
fn find(folder: Option<&Path>, name: &str) -> Option<String> {
    let inside = Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
    let own = folder.filter(|_| inside).map(|folder| folder.join(name));
    if let Some(path) = own.filter(|path| {
        std::fs::metadata(path).is_ok_and(|file| file.is_file() && file.len() <= LARGEST)
    }) {
        match std::fs::read_to_string(&path) {
            Ok(text) => return Some(in_our_words(&text)),
            Err(error) => tracing::warn!(template = name, %error, "a mail template cannot be read"),
        }
    }
    BUILT_IN.iter().find(|(known, _)| *known == name).map(|(_, text)| (*text).to_owned())
}

fn told(error: &minijinja::Error) -> String {
    let place = error.line().map(|line| format!(" (line {line})")).unwrap_or_default();
    format!("{}{place}", error.detail().map_or_else(|| error.kind().to_string(), str::to_owned))
}

/// Seconds from now in words, for templates of the operator; texts stay as they are.
fn natural_time(value: Value) -> Value {
    let Ok(seconds) = i64::try_from(value.clone()) else { return value };
    let words = Language::En.duration(seconds);
    Value::from(if seconds < 0 { format!("{words} ago") } else { format!("in {words}") })
}

/// A template of the original's language in that of our engine.
fn in_our_words(source: &str) -> String {
    static TAG: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"(?s)\{%-?\s*(\w+)(.*?)-?%\}|\{\{.*?\}\}").ok());
    static ARGUMENT: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r#"\|\s*(\w+):("[^"]*"|'[^']*'|[\w.]+)"#).ok());
    let (Some(tag), Some(argument)) = (TAG.as_ref(), ARGUMENT.as_ref()) else {
        return source.to_owned();
    };
    let translated = tag.replace_all(source, |found: &Captures<'_>| {
        let whole = found.get(0).map_or("", |all| all.as_str());
        let rest = found.get(2).map_or("", |rest| rest.as_str()).trim();
        match found.get(1).map(|name| name.as_str()) {
            Some("load" | "now" | "spaceless" | "endspaceless") => String::new(),
            Some("comment") => "{#".to_owned(),
            Some("endcomment") => "#}".to_owned(),
            Some("empty") => "{% else %}".to_owned(),
            Some("trans" | "translate") => rest.trim_matches(['"', '\'']).to_owned(),
            Some("blocktrans" | "blocktranslate") => format!("{{% with {} %}}", assignments(rest)),
            Some("endblocktrans" | "endblocktranslate") => "{% endwith %}".to_owned(),
            _ => whole.replace(".items %}", "|items %}").replace("forloop.counter", "loop.index"),
        }
    });
    argument.replace_all(&translated, "|$1($2)").into_owned()
}

/// `with a=b c=d trimmed` as `a=b, c=d`; without any, one that nothing reads.
fn assignments(rest: &str) -> String {
    let pairs: Vec<&str> = rest.split_whitespace().filter(|part| part.contains('=')).collect();
    if pairs.is_empty() { "nothing=1".to_owned() } else { pairs.join(", ") }
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
mod tests {
    use super::*;
    use serde_json::json;

    fn context() -> serde_json::Value {
        json!({"user": {"username": "uma", "name": "Uma <b>"}, "url": "https://id.example.org/?a=1&b=2", "expires": 1800,
               "token": "123456", "title": "Login failed", "body": "uma <script>", "key_value": {"User": "uma"}, "source": {"from": "mail"}})
    }

    #[test]
    fn built_in_templates_escape_and_have_both_forms() {
        for (name, _) in
            BUILT_IN.iter().filter(|(name, _)| name.ends_with("html") && !name.contains("base"))
        {
            let rendered = Templates::default().render(Language::En, name, &context()).unwrap();
            let html = rendered.html.unwrap();
            assert!(
                html.contains("<html") && !html.contains("Uma <b>") && !html.contains("<script>"),
                "{name}: {html}"
            );
            assert!(
                !rendered.text.contains("&#") && !rendered.text.contains("{{"),
                "{name}: {}",
                rendered.text
            );
        }
        let reset = Templates::default()
            .render(Language::En, "email/password_reset.html", &context())
            .unwrap();
        assert!(
            reset.text.contains("https://id.example.org/?a=1&b=2")
                && reset.text.contains("for 30 minutes"),
            "{}",
            reset.text
        );
    }

    #[test]
    fn templates_of_the_original_work_and_stay_in_their_folder() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("acme")).unwrap();
        let source = "{% extends \"email/base.html\" %}{% load i18n %}{% block content %}{% comment %}x{% endcomment %}\
            <p>{% blocktrans with username=user.username %}Hi {{ username }},{% endblocktrans %}</p>\
            <a href=\"{{ url }}\">{% trans 'Reset' %}</a>{{ missing.deep|default:\"-\" }}\
            {% for key, value in key_value.items %}{{ forloop.counter }}{{ key }}={{ value }}{% empty %}none{% endfor %}{% endblock content %}";
        std::fs::write(folder.path().join("acme/reset.html"), source).unwrap();
        let templates = Templates::new(Some(folder.path().to_owned()));
        assert_eq!(templates.choices().last().unwrap().label, "Custom Template: acme/reset.html");
        let rendered = templates.render(Language::En, "acme/reset.html", &context()).unwrap();
        assert!(
            rendered.text.contains("Hi uma,")
                && rendered.text.contains("Reset https://id.example.org/?a=1&b=2"),
            "{}",
            rendered.text
        );
        assert!(
            rendered.text.contains("1User=uma") && rendered.text.contains('-'),
            "{}",
            rendered.text
        );
        assert!(templates.render(Language::En, "../../etc/passwd", &context()).is_err());
        std::fs::write(folder.path().join("acme/bad.html"), "{% if %}").unwrap();
        assert!(
            templates
                .render(Language::En, "acme/bad.html", &context())
                .unwrap_err()
                .to_string()
                .contains("line 1")
        );
    }
}
