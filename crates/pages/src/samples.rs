//! One of each page, filled in: for tests, for looking at, for the documentation.

use crate::page::{
    Autosubmit, Choice, Confirm, Consent, Denied, Field, FieldNote, Form, Frame, Leaving, Link,
    Login, Message, Page, Pair, Password, Person, Prompt, SessionEnd, Source, Stay, Value,
};

#[must_use]
pub fn frame() -> Frame {
    let link = |name: &str, href: &str| Link { name: name.to_owned(), href: href.to_owned() };
    Frame {
        links: vec![link("Example GmbH", ""), link("Help", "https://example.org/help")],
        ..Frame::new("Countersign")
    }
}

/// Every page with a name for its file.
#[must_use]
pub fn all() -> Vec<(&'static str, Page)> {
    vec![
        ("login", login()),
        ("login-error", login_error()),
        ("login-sources", login_sources()),
        ("password", password()),
        ("consent", consent()),
        ("setup", setup()),
        ("prompt", prompt()),
        ("denied", denied()),
        ("not-found", not_found()),
        ("error", error()),
        ("session-end", session_end()),
        ("stay", stay()),
        ("confirm", confirm()),
        ("autosubmit", autosubmit()),
        ("leaving", leaving()),
    ]
}

fn text(value: &str) -> String {
    value.to_owned()
}

fn form() -> Form {
    Form {
        action: text("/if/flow/default-authentication-flow/?next=%2F"),
        csrf: text("proof"),
        multipart: false,
    }
}

fn person() -> Person {
    Person {
        name: text("Uma Martin"),
        detail: text("uma@example.org"),
        avatar: Some(text("/static/dist/assets/images/user_default.png")),
    }
}

#[must_use]
pub fn login() -> Page {
    Page::Login(Login {
        title: text("Sign in"),
        subtitle: text("to continue to Flask SSO App"),
        form: form(),
        user_label: text("Email or Username"),
        user_type: text("text"),
        user_autocomplete: text("username"),
        user_field: FieldNote { id: text("uid"), ..FieldNote::default() },
        password: true,
        password_field: FieldNote { id: text("password"), ..FieldNote::default() },
        action: text("Log in"),
        recovery_url: Some(text("/if/flow/recovery/")),
        ..Login::default()
    })
}

fn login_error() -> Page {
    let Page::Login(page) = login() else { return login() };
    Page::Login(Login {
        user: text("uma"),
        errors: vec![text("That name and password do not match. Try again.")],
        password_field: FieldNote {
            id: text("password"),
            help: String::new(),
            errors: vec![text("This field may not be blank.")],
        },
        ..page
    })
}

fn login_sources() -> Page {
    let Page::Login(page) = login() else { return login() };
    Page::Login(Login {
        password: false,
        remember_me: true,
        enroll_url: Some(text("/if/flow/enroll/")),
        passwordless_url: Some(text("/if/flow/passwordless/")),
        sources: vec![Source {
            name: text("Example ID"),
            url: text("/source/oauth/login/example/"),
            icon: None,
        }],
        ..page
    })
}

fn password() -> Page {
    Page::Password(Password {
        title: text("Enter your password"),
        form: form(),
        person: Some(person()),
        cancel_url: text("/flows/-/cancel/"),
        password_field: FieldNote {
            id: text("password"),
            help: String::new(),
            errors: vec![text("Invalid password")],
        },
        action: text("Continue"),
        ..Password::default()
    })
}

fn consent() -> Page {
    let value =
        |title: &str, value: &str, new| Value { title: text(title), value: text(value), new };
    Page::Consent(Consent {
        title: text("Flask SSO App"),
        subtitle: text("wants to know who you are"),
        form: form(),
        person: Some(person()),
        cancel_url: text("/flows/-/cancel/"),
        deny_url: text("/flows/-/cancel/"),
        values: vec![
            value("Your name and username", "Uma Martin, uma", false),
            value("Your email address", "uma@example.org", false),
            value("Your groups", "Users", true),
        ],
        target: text("localhost:5000"),
        token: text("token"),
        ..Consent::default()
    })
}

fn setup() -> Page {
    let field = |id: &str, key: &str, label: &str, kind: &str| Field {
        id: text(id),
        key: text(key),
        label: text(label),
        kind: text(kind),
        required: true,
        ..Field::default()
    };
    Page::Prompt(Prompt {
        title: text("Welcome to Countersign"),
        subtitle: text("Create the first administrator. This page closes for good afterwards."),
        form: form(),
        fields: vec![
            Field {
                help: text("Your user name is akadmin. You can change it later."),
                autocomplete: text("email"),
                focus: true,
                ..field("field-1", "email", "Email", "email")
            },
            Field {
                strength: true,
                autocomplete: text("new-password"),
                ..field("field-2", "password", "Password", "password")
            },
            Field {
                autocomplete: text("new-password"),
                ..field("field-3", "password_repeat", "Password (repeat)", "password")
            },
        ],
        action: text("Continue"),
        errors: Vec::new(),
    })
}

fn prompt() -> Page {
    let field = |id: &str, label: &str, kind: &str| Field {
        id: text(id),
        key: text(id),
        label: text(label),
        kind: text(kind),
        ..Field::default()
    };
    Page::Prompt(Prompt {
        title: text("Update your info"),
        form: form(),
        fields: vec![
            Field {
                value: text("These details are shown to your colleagues."),
                ..field("a", "Note", "static")
            },
            Field {
                value: text("uma"),
                required: true,
                errors: vec![text("Username is already taken.")],
                ..field("b", "Username", "text")
            },
            Field {
                value: text("Uma Martin"),
                help: text("As you want to be called."),
                ..field("c", "Name", "text")
            },
            field("d", "More", "separator"),
            Field {
                choices: vec![Choice::same("English"), Choice::same("Deutsch")],
                value: text("Deutsch"),
                ..field("e", "Locale", "select")
            },
            Field {
                choices: vec![Choice::same("Day"), Choice::same("Night")],
                value: text("Day"),
                ..field("f", "Shift", "radio")
            },
            Field { placeholder: text("A few words"), ..field("g", "About you", "textarea") },
            Field { value: text("true"), ..field("h", "Send me news", "checkbox") },
            Field { value: text("E-1042"), read_only: true, ..field("i", "Staff number", "text") },
            field("j", "Born on", "date"),
            Field { value: text("x"), ..field("k", "k", "hidden") },
        ],
        action: text("Continue"),
        errors: vec![text("Not allowed to change username.")],
        ..Prompt::default()
    })
}

fn denied() -> Page {
    Page::Denied(Denied {
        title: text("You can’t open Payroll"),
        subtitle: text("Your account is fine; this application is for the group Finance."),
        person: Some(person()),
        application: text("Payroll"),
        again_url: Some(text("/")),
        again_label: text("Try again"),
        home_url: Some(text("/if/user/")),
        trace: text("7F3K-92QD"),
        why_url: Some(text("/if/admin/")),
        ..Denied::default()
    })
}

fn not_found() -> Page {
    Page::Message(
        Message::new("Page not found")
            .text("There is nothing at this address.")
            .action("Go to the start page", "/"),
    )
}

fn error() -> Page {
    let mut page = Message::new("Redirect URI Error")
        .text("The application asked to return to an address it has not registered. Tell the people who run it.")
        .detail("Address received", "http://127.0.0.1:5000/callback")
        .action("Go to the start page", "/");
    page.trace = text("5d0d125d4bae4b9daa175c6811605677");
    Page::Message(page)
}

fn session_end() -> Page {
    Page::SessionEnd(SessionEnd {
        title: text("You’ve logged out of Flask SSO App"),
        subtitle: text("You are still signed in to Countersign."),
        person: Some(person()),
        application: text("Flask SSO App"),
        application_url: Some(text("http://localhost:5000")),
        logout_url: Some(text("/if/flow/default-invalidation-flow/")),
    })
}

fn stay() -> Page {
    Page::Stay(Stay {
        title: text("Stay signed in?"),
        form: form(),
        person: Some(person()),
        cancel_url: text("/flows/-/cancel/"),
        ..Stay::default()
    })
}

fn confirm() -> Page {
    Page::Confirm(Confirm {
        title: text("Log out of Countersign?"),
        form: form(),
        text: text("Flask SSO App asks to end your session."),
        hidden: vec![Pair::new("state", "1")],
        action: text("Log out"),
        cancel_url: Some(text("/")),
        ..Confirm::default()
    })
}

fn autosubmit() -> Page {
    Page::Autosubmit(Autosubmit {
        title: text("Redirecting to Wiki"),
        subtitle: text("If nothing happens, press the button."),
        url: text("https://wiki.example.org/acs"),
        fields: vec![Pair::new("SAMLResponse", "PHNhbWw+")],
    })
}

fn leaving() -> Page {
    Page::Leaving(Leaving {
        title: text("One moment"),
        subtitle: text("You are being sent on."),
        url: text("https://wiki.example.org/"),
    })
}
