//! Each page with everything it says. Optional parts are left out when empty.

use serde::Serialize;

/// What surrounds every page: brand, language, links below the card.
#[derive(Debug, Clone, Serialize)]
pub struct Frame {
    /// The brand's name, shown in the title and to screen readers.
    pub brand: String,
    pub lang: String,
    /// `light` or `dark`; without it the system's choice counts.
    pub theme: Option<String>,
    /// The brand's own logo; without it the mark is drawn.
    pub logo: Option<String>,
    pub favicon: String,
    /// Address of the brand's own style sheet.
    pub custom_css: Option<String>,
    pub links: Vec<Link>,
}

impl Frame {
    #[must_use]
    pub fn new(brand: &str) -> Self {
        Self {
            brand: brand.to_owned(),
            lang: "en".to_owned(),
            theme: None,
            logo: None,
            favicon: "/static/dist/assets/icons/icon.svg".to_owned(),
            custom_css: None,
            links: Vec::new(),
        }
    }
}

#[derive(Debug, Clone, Serialize)]
pub struct Link {
    pub name: String,
    /// Empty for a plain word.
    pub href: String,
}

/// Where a form goes, and the proof that it was this server's page that sent it.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Form {
    pub action: String,
    pub csrf: String,
    pub multipart: bool,
}

/// The account a page is about.
#[derive(Debug, Clone, Serialize)]
pub struct Person {
    pub name: String,
    /// Usually the e-mail address.
    pub detail: String,
    pub avatar: Option<String>,
}

/// Help or errors of a field that is not part of a list.
#[derive(Debug, Clone, Default, Serialize)]
pub struct FieldNote {
    pub id: String,
    pub help: String,
    pub errors: Vec<String>,
}

#[derive(Debug, Clone, Serialize)]
pub struct Pair {
    pub title: String,
    pub value: String,
}

impl Pair {
    #[must_use]
    pub fn new(title: impl Into<String>, value: impl Into<String>) -> Self {
        Self { title: title.into(), value: value.into() }
    }
}

/// A way to sign in with another service.
#[derive(Debug, Clone, Serialize)]
pub struct Source {
    pub name: String,
    pub url: String,
    pub icon: Option<String>,
}

/// User name, and the password where the next stage asks for it.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Login {
    pub title: String,
    pub subtitle: String,
    pub form: Form,
    /// "Email or Username"; empty when only sources may be used.
    pub user_label: String,
    pub user_type: String,
    pub user_autocomplete: String,
    pub user: String,
    pub user_field: FieldNote,
    pub password: bool,
    pub password_field: FieldNote,
    pub remember_me: bool,
    /// The name shown was kept on the device.
    pub remembered: bool,
    pub action: String,
    pub errors: Vec<String>,
    pub recovery_url: Option<String>,
    pub enroll_url: Option<String>,
    pub passwordless_url: Option<String>,
    pub sources: Vec<Source>,
}

/// The password alone, after the account has been named.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Password {
    pub title: String,
    pub subtitle: String,
    pub form: Form,
    pub person: Option<Person>,
    pub cancel_url: String,
    pub password_field: FieldNote,
    pub recovery_url: Option<String>,
    pub action: String,
    pub errors: Vec<String>,
}

/// One thing an application will learn.
#[derive(Debug, Clone, Serialize)]
pub struct Value {
    pub title: String,
    pub value: String,
    pub new: bool,
}

/// Asks whether an application may have what it wants.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Consent {
    pub title: String,
    pub subtitle: String,
    pub form: Form,
    pub person: Option<Person>,
    pub cancel_url: String,
    pub deny_url: String,
    pub values: Vec<Value>,
    /// Host the person goes to afterwards.
    pub target: String,
    pub token: String,
    pub errors: Vec<String>,
}

/// One question of a prompt page.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Field {
    pub id: String,
    pub key: String,
    pub label: String,
    /// An input type of HTML, or `textarea select radio checkbox static separator hidden`.
    pub kind: String,
    pub required: bool,
    pub read_only: bool,
    pub placeholder: String,
    pub value: String,
    pub help: String,
    pub autocomplete: String,
    pub choices: Vec<Choice>,
    pub errors: Vec<String>,
    /// A new password: script adds the strength in words.
    pub strength: bool,
    pub focus: bool,
}

#[derive(Debug, Clone, Serialize)]
pub struct Choice {
    pub value: String,
    pub label: String,
}

/// Any list of questions: set-up, sign-up, settings.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Prompt {
    pub title: String,
    pub subtitle: String,
    pub form: Form,
    pub fields: Vec<Field>,
    pub action: String,
    pub errors: Vec<String>,
}

/// A refusal with its reason and the number an administrator can look up.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Denied {
    pub title: String,
    /// The reason.
    pub subtitle: String,
    pub person: Option<Person>,
    pub application: String,
    /// Results of single rules, for administrators.
    pub details: Vec<Pair>,
    pub again_url: Option<String>,
    pub again_label: String,
    pub home_url: Option<String>,
    pub trace: String,
    pub why_url: Option<String>,
}

/// Anything that needs a title and a sentence: not found, protocol errors, "logged out".
#[derive(Debug, Clone, Default, Serialize)]
pub struct Message {
    pub title: String,
    pub subtitle: String,
    pub details: Vec<Pair>,
    pub actions: Vec<Link>,
    pub traceback: String,
    pub trace_label: String,
    pub trace: String,
}

impl Message {
    #[must_use]
    pub fn new(title: &str) -> Self {
        Self { title: title.to_owned(), trace_label: "Request".to_owned(), ..Self::default() }
    }

    #[must_use]
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.subtitle = text.into();
        self
    }

    #[must_use]
    pub fn detail(mut self, title: &str, value: impl Into<String>) -> Self {
        self.details.push(Pair::new(title, value));
        self
    }

    #[must_use]
    pub fn action(mut self, name: &str, href: impl Into<String>) -> Self {
        self.actions.push(Link { name: name.to_owned(), href: href.into() });
        self
    }
}

/// After logging out of one application: log out everywhere, or go back.
#[derive(Debug, Clone, Default, Serialize)]
pub struct SessionEnd {
    pub title: String,
    pub subtitle: String,
    pub person: Option<Person>,
    pub application: String,
    pub application_url: Option<String>,
    pub logout_url: Option<String>,
}

/// "Stay signed in?"
#[derive(Debug, Clone, Default, Serialize)]
pub struct Stay {
    pub title: String,
    pub subtitle: String,
    pub form: Form,
    pub person: Option<Person>,
    pub cancel_url: String,
    pub errors: Vec<String>,
}

/// One button: stages without questions, and confirmations.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Confirm {
    pub title: String,
    pub subtitle: String,
    pub form: Form,
    pub text: String,
    pub hidden: Vec<Pair>,
    pub action: String,
    pub cancel_url: Option<String>,
    pub errors: Vec<String>,
}

/// Carries a form to another server; script presses the button.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Autosubmit {
    pub title: String,
    pub subtitle: String,
    pub url: String,
    pub fields: Vec<Pair>,
}

/// Sends the browser on where a plain redirect cannot be used.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Leaving {
    pub title: String,
    pub subtitle: String,
    pub url: String,
}

#[derive(Debug, Clone)]
pub enum Page {
    Autosubmit(Autosubmit),
    Confirm(Confirm),
    Consent(Consent),
    Denied(Denied),
    Leaving(Leaving),
    Login(Login),
    Message(Message),
    Password(Password),
    Prompt(Prompt),
    SessionEnd(SessionEnd),
    Stay(Stay),
}

impl Choice {
    #[must_use]
    pub fn same(value: &str) -> Self {
        Self { value: value.to_owned(), label: value.to_owned() }
    }
}
