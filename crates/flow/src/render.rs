//! Challenges as pages for people.

use countersign_model::{ErrorNode, FieldErrors};
use countersign_pages::{
    Autosubmit, Choice, Confirm, Consent, Denied, Field, FieldNote, Form, Login, Message, Page,
    Pair, Password, Person, Prompt, SessionEnd, Stay, Value as Said,
};
use serde::Deserialize;
use serde_json::Value;

use crate::challenge::{self, Challenge, PromptField, Shown};
use crate::plan::key;
use crate::record;
use crate::recorder::trace_number;
use crate::run::Run;
use crate::setup;
use crate::web::COMBINED;

/// Leaves the plan; what it was for goes on after a new sign-in.
fn cancel(run: &Run) -> String {
    crate::web::cancel_url(run.plan.wanted())
}

/// Titles that say no more than the page's own.
const PLAIN_TITLES: [&str; 2] = ["Welcome to authentik!", "Welcome to Countersign"];

/// The page of a challenge, with its status.
pub(crate) fn page(run: &Run, shown: &Shown, form: Form) -> Page {
    let errors = Errors::of(&shown.errors);
    let title = title(run);
    match &shown.challenge {
        Challenge::Identification(ask) => {
            Page::Login(login(run, ask, form, &errors, false, &title))
        }
        Challenge::Password(ask) => match combined_user(run) {
            Some(user) => Page::Login(Login { user, ..combined(run, ask, form, &errors, &title) }),
            None => Page::Password(password(run, ask, form, &errors, title)),
        },
        Challenge::Consent(ask) => Page::Consent(consent(run, ask, form, &errors, title)),
        Challenge::Prompt { fields } => Page::Prompt(prompt(run, fields, form, &errors, title)),
        Challenge::UserLogin {} => Page::Stay(Stay {
            title: "Stay signed in?".to_owned(),
            subtitle: String::new(),
            form,
            person: person(run),
            cancel_url: cancel(run),
            errors: errors.all(),
        }),
        Challenge::SignOut {} => Page::Confirm(Confirm {
            title: "Sign out?".to_owned(),
            form,
            text: "You are asked to sign out here.".to_owned(),
            action: "Sign out".to_owned(),
            cancel_url: Some("/if/user/".to_owned()),
            errors: errors.all(),
            ..Confirm::default()
        }),
        Challenge::Dummy { name } => Page::Confirm(Confirm {
            title,
            form,
            text: format!("Stage name: {name}"),
            action: "Continue".to_owned(),
            cancel_url: Some(cancel(run)),
            errors: errors.all(),
            ..Confirm::default()
        }),
        Challenge::AuthenticatorValidate { .. } => Page::Message(
            Message::new("A second proof is needed")
                .text("This version can't check it yet.")
                .action("Back to the start", cancel(run)),
        ),
        Challenge::AccessDenied { error_message } => Page::Denied(denied(run, error_message)),
        Challenge::SessionEnd(end) => Page::SessionEnd(session_end(run, end)),
        Challenge::Autosubmit { url, attrs, title } => Page::Autosubmit(Autosubmit {
            title: if title.is_empty() { "One moment".to_owned() } else { title.clone() },
            subtitle: "If nothing happens, press the button.".to_owned(),
            url: url.clone(),
            fields: attrs
                .iter()
                .map(|(name, value)| Pair::new(name, value.as_str().unwrap_or_default()))
                .collect(),
        }),
        Challenge::Redirect { to } => Page::Leaving(countersign_pages::Leaving {
            title: "One moment".to_owned(),
            subtitle: "You are being sent on.".to_owned(),
            url: to.clone(),
        }),
        Challenge::FlowError(failure) => {
            let mut page = Message::new("Something went wrong here")
                .text("It is not your fault. Try again; if it happens again, tell the people who run this the number below.")
                .action("Try again", cancel(run));
            page.trace.clone_from(&failure.request_id);
            page.traceback = failure.error.clone().unwrap_or_default();
            Page::Message(page)
        }
    }
}

/// The flow's title with the names filled in; a title that does not work out stays as it is.
pub(crate) fn title(run: &Run) -> String {
    let raw = run.flow().map(|flow| flow.title.clone()).unwrap_or_default();
    let app = application_name(run);
    format_title(&raw, &app, &run.shown_user())
}

pub(crate) fn format_title(raw: &str, app: &str, user: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('%') {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let known = [("%(app)s", app), ("%(user)s", user), ("%%", "%")];
        match known.iter().find(|(mark, _)| from.starts_with(mark)) {
            Some((mark, value)) => {
                out.push_str(value);
                rest = from.get(mark.len()..).unwrap_or_default();
            }
            None => return raw.to_owned(),
        }
    }
    out.push_str(rest);
    // Nothing to name leaves a blank at the end.
    out.trim().to_owned()
}

pub(crate) fn application_name(run: &Run) -> String {
    let named = run
        .plan
        .context
        .get(key::APPLICATION)
        .and_then(|app| app.get("name"))
        .and_then(Value::as_str);
    named.unwrap_or_default().to_owned()
}

/// The name typed on a page that asks for name and password at once.
fn combined_user(run: &Run) -> Option<String> {
    run.plan.scratch.get(COMBINED)?.get("user")?.as_str().map(str::to_owned)
}

fn subtitle(run: &Run) -> String {
    match (&run.application_hint, application_name(run)) {
        (Some(hint), _) => format!("to continue to {}", hint.name),
        (None, name) if !name.is_empty() => format!("to continue to {name}"),
        _ => String::new(),
    }
}

fn login(
    run: &Run,
    ask: &challenge::Identification,
    form: Form,
    errors: &Errors,
    with_password: bool,
    title: &str,
) -> Login {
    let authentication = ask.flow_designation == "authentication";
    let plain = title.is_empty() || PLAIN_TITLES.contains(&title);
    let labels: Vec<&str> = ask
        .user_fields
        .iter()
        .map(|field| match *field {
            "email" => "Email",
            "username" => "Username",
            _ => "UPN",
        })
        .collect();
    let only_mail = ask.user_fields == ["email"];
    Login {
        title: if authentication && plain { "Sign in".to_owned() } else { title.to_owned() },
        subtitle: subtitle(run),
        form,
        user_label: labels.join(" or "),
        user_type: if only_mail { "email" } else { "text" }.to_owned(),
        user_autocomplete: if only_mail { "email" } else { "username" }.to_owned(),
        user: String::new(),
        user_field: errors.note("uid", "uid_field"),
        password: ask.password_fields || with_password,
        password_field: errors.note("password", "password"),
        remember_me: false,
        remembered: false,
        action: ask.primary_action.to_owned(),
        errors: errors.form(),
        recovery_url: ask.recovery_url.clone(),
        enroll_url: ask.enroll_url.clone(),
        passwordless_url: ask.passwordless_url.clone(),
        sources: Vec::new(),
    }
}

/// Name and password on one page, although two stages ask for them.
pub(crate) fn login_at_once(
    run: &Run,
    ask: &challenge::Identification,
    form: Form,
    shown: &FieldErrors,
) -> Page {
    let mut page = login(run, ask, form, &Errors::of(shown), true, &title(run));
    if page.recovery_url.is_none() {
        page.recovery_url = run.browser.brand_flow("flow_recovery").and_then(|flow| {
            run.browser
                .snapshot
                .get::<crate::kinds::Flow>(flow)
                .map(|flow| crate::web::flow_url(&flow.slug, &[]))
        });
    }
    Page::Login(page)
}

fn combined(
    run: &Run,
    ask: &challenge::Password,
    form: Form,
    errors: &Errors,
    title: &str,
) -> Login {
    let known = run.plan.scratch.get(COMBINED);
    let label = known
        .and_then(|known| known.get("label"))
        .and_then(Value::as_str)
        .unwrap_or("Email or Username");
    let plain = title.is_empty() || PLAIN_TITLES.contains(&title);
    let mut page = Login {
        title: if plain { "Sign in".to_owned() } else { title.to_owned() },
        subtitle: subtitle(run),
        form,
        user_label: label.to_owned(),
        user_type: "text".to_owned(),
        user_autocomplete: "username".to_owned(),
        user_field: FieldNote { id: "uid".to_owned(), ..FieldNote::default() },
        password: true,
        password_field: errors.note("password", "password"),
        action: "Log in".to_owned(),
        errors: errors.form(),
        recovery_url: ask.recovery_url.clone(),
        ..Login::default()
    };
    // Whether the name or the password was wrong is not told.
    if page.password_field.errors.iter().any(|text| text == "Invalid password") {
        page.password_field.errors.clear();
        page.errors = vec!["That name and password do not match. Try again.".to_owned()];
    }
    page
}

fn password(
    run: &Run,
    ask: &challenge::Password,
    form: Form,
    errors: &Errors,
    title: String,
) -> Password {
    let plain = title.is_empty() || PLAIN_TITLES.contains(&title.as_str());
    Password {
        title: if plain { "Enter your password".to_owned() } else { title },
        subtitle: subtitle(run),
        form,
        person: person(run),
        cancel_url: cancel(run),
        password_field: errors.note("password", "password"),
        recovery_url: ask.recovery_url.clone(),
        action: "Continue".to_owned(),
        errors: errors.form(),
    }
}

/// One thing that will be sent, as providers put it into the context.
#[derive(Deserialize)]
struct Sent {
    title: String,
    #[serde(default)]
    value: String,
}

fn consent(
    run: &Run,
    ask: &challenge::Consent,
    form: Form,
    errors: &Errors,
    title: String,
) -> Consent {
    let sent = run
        .plan
        .context
        .get(key::CONSENT_VALUES)
        .cloned()
        .and_then(|value| serde_json::from_value::<Vec<Sent>>(value).ok());
    let values = match sent.filter(|sent| !sent.is_empty()) {
        Some(sent) => sent
            .into_iter()
            .map(|sent| Said { title: sent.title, value: sent.value, new: false })
            .collect(),
        None => {
            let known = ask.permissions.iter().map(|permission| (permission, false));
            let all = known.chain(
                ask.additional_permissions
                    .iter()
                    .map(|permission| (permission, !ask.permissions.is_empty())),
            );
            all.filter(|(permission, _)| !permission.name.is_empty())
                .map(|(permission, new)| Said {
                    title: permission.name.clone(),
                    value: String::new(),
                    new,
                })
                .collect()
        }
    };
    let app = application_name(run);
    Consent {
        subtitle: if app.is_empty() {
            String::new()
        } else {
            "wants to know who you are".to_owned()
        },
        title: if app.is_empty() { title } else { app },
        form,
        person: signed_in(run),
        cancel_url: cancel(run),
        deny_url: run.plan.text(key::CONSENT_DENY_URL).unwrap_or("/if/user/").to_owned(),
        values,
        target: run.plan.text(key::CONSENT_TARGET).unwrap_or_default().to_owned(),
        token: ask.token.clone(),
        errors: errors.all(),
    }
}

fn prompt(run: &Run, fields: &[PromptField], form: Form, errors: &Errors, title: String) -> Prompt {
    let set_up = setup::is_setup(&run.slug());
    let mut rows: Vec<Field> =
        fields.iter().enumerate().map(|(at, field)| row(at, field, errors)).collect();
    let typed = run.plan.scratch.get(crate::web::TYPED).and_then(Value::as_object);
    for row in &mut rows {
        if let Some(value) = typed.and_then(|typed| typed.get(&row.key)).and_then(Value::as_str)
            && !matches!(row.kind.as_str(), "password" | "static" | "hidden" | "file" | "separator")
        {
            value.clone_into(&mut row.value);
        }
    }
    let mut page = Prompt {
        title,
        subtitle: String::new(),
        form,
        fields: rows,
        action: "Continue".to_owned(),
        errors: errors.form(),
    };
    let mut passwords = page.fields.iter_mut().filter(|field| field.kind == "password");
    if let Some(first) = passwords.next() {
        first.strength = true;
    }
    if set_up {
        page.title = format!("Welcome to {}", run.browser.frame().brand);
        page.subtitle =
            "Create the first administrator. This page closes for good afterwards.".to_owned();
        page.fields.retain(|field| field.kind != "static");
        if let Some(mail) = page.fields.iter_mut().find(|field| field.key == "email") {
            mail.help = "Your user name is akadmin. You can change it later.".to_owned();
        }
    }
    let first = page.fields.iter_mut().find(|field| {
        !matches!(field.kind.as_str(), "static" | "hidden" | "separator") && field.value.is_empty()
    });
    if let Some(first) = first {
        first.focus = true;
    }
    page
}

fn row(at: usize, field: &PromptField, errors: &Errors) -> Field {
    let (kind, autocomplete) = match field.kind {
        "text_area" | "text_area_read_only" => ("textarea", ""),
        "username" => ("text", "username"),
        "email" => ("email", "email"),
        "password" => ("password", "new-password"),
        "number" => ("number", ""),
        "checkbox" => ("checkbox", ""),
        "radio-button-group" => ("radio", ""),
        "dropdown" | "ak-locale" => ("select", ""),
        "date" => ("date", ""),
        "date-time" => ("datetime-local", ""),
        "separator" => ("separator", ""),
        "hidden" => ("hidden", ""),
        "static" => ("static", ""),
        "file" => ("file", ""),
        _ => ("text", ""),
    };
    let mut choices: Vec<Choice> =
        field.choices.iter().flatten().map(|choice| Choice::same(choice)).collect();
    if field.kind == "ak-locale" {
        choices = LOCALES
            .iter()
            .map(|(value, label)| Choice { value: (*value).to_owned(), label: (*label).to_owned() })
            .collect();
    }
    let checkbox_off = kind == "checkbox"
        && crate::answer::as_flag(&field.initial_value.as_str().into()) != Some(true);
    Field {
        id: format!("field-{at}"),
        key: field.field_key.clone(),
        label: field.label.clone(),
        kind: kind.to_owned(),
        required: field.required,
        read_only: field.kind.ends_with("read_only"),
        placeholder: field.placeholder.clone(),
        value: if checkbox_off { String::new() } else { field.initial_value.clone() },
        help: plain(&field.sub_text),
        autocomplete: if field.field_key == "name" { "name" } else { autocomplete }.to_owned(),
        choices,
        errors: errors.of_field(&field.field_key),
        strength: false,
        focus: false,
    }
}

const LOCALES: [(&str, &str); 13] = [
    ("", "Auto-detect (based on your browser)"),
    ("en", "English"),
    ("de", "Deutsch"),
    ("es", "Español"),
    ("fr", "Français"),
    ("it", "Italiano"),
    ("ko", "한국어"),
    ("nl", "Nederlands"),
    ("pl", "Polski"),
    ("ru", "Русский"),
    ("tr", "Türkçe"),
    ("zh-hans", "简体中文"),
    ("zh-hant", "繁體中文"),
];

/// Help texts may carry markup for the original's pages; ours shows the words.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut inside = false;
    for letter in text.chars() {
        match letter {
            '<' => inside = true,
            '>' if inside => inside = false,
            _ if !inside => out.push(letter),
            _ => {}
        }
    }
    out
}

fn denied(run: &Run, message: &str) -> Denied {
    let app = run
        .application_hint
        .as_ref()
        .map_or_else(|| application_name(run), |hint| hint.name.clone());
    let signed_in = signed_in(run);
    let authentication = run
        .flow()
        .is_some_and(|flow| flow.designation == crate::kinds::Designation::Authentication);
    let closed = setup::is_setup(&run.slug()) && message == "Flow does not apply to current user.";
    let home_url = signed_in.is_some().then(|| "/if/user/".to_owned());
    let title = match &signed_in {
        _ if closed => "The set-up is finished".to_owned(),
        Some(_) if !app.is_empty() => format!("You can’t open {app}"),
        _ if authentication => "You can’t sign in".to_owned(),
        _ => "You can’t go on here".to_owned(),
    };
    // The original's own words, for people.
    let subtitle = match (message, &signed_in) {
        _ if closed => "There is an administrator already; this page stays closed.".to_owned(),
        ("Flow does not apply to current user.", Some(_)) => {
            "This step is not meant for the account you are signed in with.".to_owned()
        }
        ("Flow does not apply to current user.", None) => {
            "This step is not open to you right now.".to_owned()
        }
        ("Invalid password", _) => {
            "Too many wrong passwords. Start again, or ask for a new one.".to_owned()
        }
        (other, _) => other.replace('\n', " "),
    };
    let (again_url, again_label) = match &signed_in {
        Some(_) => (cancel(run), "Switch account"),
        None if closed => ("/".to_owned(), "Sign in"),
        None => (crate::web::flow_url(&run.slug(), &run.plan.query), "Try again"),
    };
    Denied {
        title,
        subtitle,
        again_url: Some(again_url),
        again_label: again_label.to_owned(),
        person: signed_in,
        application: app,
        details: Vec::new(),
        home_url,
        trace: if record::is_recorded(&run.browser, &run.plan) {
            trace_number(run.plan.run)
        } else {
            String::new()
        },
        why_url: run
            .browser
            .is_superuser()
            .then(|| format!("/if/admin/#/flow/runs/{}", run.plan.run)),
    }
}

fn session_end(run: &Run, end: &challenge::SessionEnd) -> SessionEnd {
    let app = end.application_name.clone().unwrap_or_default();
    let person = signed_in(run);
    SessionEnd {
        title: if app.is_empty() {
            "You’ve logged out".to_owned()
        } else {
            format!("You’ve logged out of {app}")
        },
        subtitle: if person.is_some() {
            format!("You are still signed in to {}.", run.browser.frame().brand)
        } else {
            String::new()
        },
        logout_url: end.invalidation_flow_url.clone().filter(|_| person.is_some()),
        person,
        application: app,
        application_url: end
            .application_launch_url
            .clone()
            .filter(|url| url.starts_with("http://") || url.starts_with("https://")),
    }
}

/// The account the flow is about.
fn person(run: &Run) -> Option<Person> {
    let name = run.shown_user();
    (!name.is_empty()).then(|| Person {
        name,
        detail: String::new(),
        avatar: Some(run.shown_avatar()),
    })
}

/// The person signed in, with name and address.
fn signed_in(run: &Run) -> Option<Person> {
    person_of(&run.browser)
}

pub(crate) fn person_of(browser: &crate::browser::Browser) -> Option<Person> {
    browser.visitor.user.as_ref().map(|user| Person {
        name: if user.name.is_empty() { user.username.clone() } else { user.name.clone() },
        detail: if user.email.is_empty() { user.username.clone() } else { user.email.clone() },
        avatar: Some(countersign_directory::avatar(&user.name, &user.username)),
    })
}

/// Sentences by field.
struct Errors(Vec<(String, Vec<String>)>);

impl Errors {
    fn of(errors: &FieldErrors) -> Self {
        let list = errors.iter().map(|(name, node)| {
            let texts = match node {
                ErrorNode::Problems(problems) => {
                    problems.iter().map(|problem| problem.text.clone()).collect()
                }
                ErrorNode::Nested(_) | ErrorNode::Items(_) => vec!["This is not right.".to_owned()],
            };
            (name.to_owned(), texts)
        });
        Self(list.collect())
    }

    fn of_field(&self, name: &str) -> Vec<String> {
        self.0
            .iter()
            .filter(|(field, _)| field == name)
            .flat_map(|(_, texts)| texts.clone())
            .collect()
    }

    fn form(&self) -> Vec<String> {
        let texts = self.of_field("non_field_errors");
        let silent =
            texts.is_empty() && self.0.iter().any(|(field, _)| field == "non_field_errors");
        if silent { vec!["These answers are not accepted.".to_owned()] } else { texts }
    }

    fn all(&self) -> Vec<String> {
        self.0.iter().flat_map(|(_, texts)| texts.clone()).collect()
    }

    fn note(&self, id: &str, field: &str) -> FieldNote {
        FieldNote { id: id.to_owned(), help: String::new(), errors: self.of_field(field) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_filled_in_or_left_alone() {
        for (raw, expected) in [
            ("Redirecting to %(app)s", "Redirecting to Wiki"),
            ("Hello %(user)s, %(app)s", "Hello uma, Wiki"),
            ("100% sure", "100% sure"),
            ("100%% sure", "100% sure"),
            ("%(other)s", "%(other)s"),
            ("plain", "plain"),
        ] {
            assert_eq!(format_title(raw, "Wiki", "uma"), expected);
            assert_eq!(format_title("Redirecting to %(app)s", "", ""), "Redirecting to");
        }
    }

    #[test]
    fn markup_in_help_texts_is_left_out() {
        assert_eq!(plain("a <b>bold</b> word"), "a bold word");
    }

    proptest::proptest! {
        #[test]
        fn titles_never_fail(raw in "\\PC{0,60}", app in "\\PC{0,10}", user in "\\PC{0,10}") {
            let _ = format_title(&raw, &app, &user);
        }

        #[test]
        fn local_addresses_stay_on_this_server(path in "\\PC{0,40}") {
            if crate::executor::is_local(&path) {
                let joined = url::Url::parse("https://id.example.test/").unwrap().join(&path).unwrap();
                proptest::prop_assert_eq!(joined.host_str(), Some("id.example.test"));
            }
        }
    }
}
