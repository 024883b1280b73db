//! Flows for people: what a request led to, as a page or a redirect.

use axum::response::Response;
use countersign_core::{Context, Permission};
use countersign_model::{ChoiceValue as _, ErrorNode, FieldErrors, Problem};
use countersign_pages::{AnyPage, Errors, Form, Frame, Person, Scene, response as page_response};
use countersign_words::Language;
use http::{HeaderMap, StatusCode};
use serde_json::Value;

use crate::browser::Browser;
use crate::executor::{Finished, Reply, Shown};
use crate::pages::AccessDeniedChallenge;
use crate::plan::key;
use crate::record;
use crate::recorder::trace_number;
use crate::run::Run;
use crate::web::{cancel_url, flow_url, with_retry_after};
use crate::{setup, shipped};

/// The answer to a browser. `headers`: those of a request whose page is answered by a form;
/// `redirect` makes the sort of redirect that the request needs.
pub(crate) fn present(
    finished: Finished,
    headers: Option<&HeaderMap>,
    redirect: fn(&Context, &str) -> Response,
) -> Response {
    let Finished { mut run, reply, continues } = finished;
    let slug = run.slug();
    let redirect = |to: &str| redirect(&run.browser.cx, to);
    let response = match reply {
        Reply::Next => redirect(&flow_url(&slug, &run.plan.query)),
        Reply::SwitchFlow { slug } => redirect(&flow_url(&slug, &run.plan.query)),
        // The set-up ends where the next steps are.
        Reply::Redirect(to) if to == "/" && setup::is_setup(&slug) => redirect("/if/admin/"),
        Reply::Redirect(to) => redirect(&to),
        Reply::Denied(error_message) => {
            let errors = FieldErrors::new();
            draw(&run, &AccessDeniedChallenge { error_message }, &errors, String::new())
        }
        Reply::Show(Shown { page, errors }) => {
            let csrf = headers.map(|headers| run.browser.csrf(headers)).unwrap_or_default();
            draw(&run, &*page, &errors, csrf)
        }
    };
    with_retry_after(run.browser.with_cookies(response, continues), run.retry_after)
}

fn draw(run: &Run, page: &dyn AnyPage, errors: &FieldErrors, csrf: String) -> Response {
    let frame = run.browser.frame();
    let mut scene = scene(run, errors, &frame);
    (scene.form.csrf, scene.form.multipart) = (csrf, page.takes_files());
    page_response(StatusCode::OK, &frame, &scene, page)
}

/// The page as text, for a frame in which nothing runs and no link leads anywhere.
pub(crate) fn preview(run: &Run, page: &dyn AnyPage, theme: Option<&str>) -> Option<String> {
    let mut frame = run.browser.frame();
    frame.theme = theme.map(str::to_owned);
    let scene = Scene {
        trace: String::new(),
        why_url: None,
        inspector: None,
        ..scene(run, &FieldErrors::new(), &frame)
    };
    let html = countersign_pages::html(&frame, &scene, page)?;
    Some(html.replacen("<head>", "<head>\n<base target=\"_blank\">", 1))
}

fn scene(run: &Run, errors: &FieldErrors, frame: &Frame) -> Scene {
    let language = frame.language;
    let (flow, slug) = (run.flow(), run.slug());
    let hint = run.application_hint.as_ref().map(|hint| hint.name.clone());
    let application = hint.unwrap_or_else(|| application_name(run));
    let user = run.shown_user();
    Scene {
        title: shown_title(run, frame),
        purpose: if application.is_empty() {
            String::new()
        } else {
            language.say("to-continue-to", &[("app", application.as_str().into())])
        },
        brand: frame.brand.clone(),
        designation: flow.map(|flow| flow.designation.value().to_owned()).unwrap_or_default(),
        form: Form { action: flow_url(&slug, &run.plan.query), ..Form::default() },
        errors: sentences(errors, language),
        typed: run.plan.current().map(|step| step.typed.clone()).unwrap_or_default(),
        person: (!user.is_empty()).then(|| Person {
            name: user,
            detail: String::new(),
            avatar: Some(run.shown_avatar()),
        }),
        signed_in: person_of(&run.browser),
        background: flow.and_then(|flow| run.browser.chosen_background(flow)).unwrap_or_default(),
        cancel_url: cancel_url(run.plan.wanted()),
        trace: if record::is_recorded(&run.browser, &run.plan) {
            trace_number(run.plan.run)
        } else {
            String::new()
        },
        why_url: run
            .browser
            .may(Permission::INSPECT_FLOW)
            .then(|| format!("/if/admin/#/flow/runs/{}", run.plan.run)),
        inspector: inspector(run, &slug),
        flow: slug,
        application,
        language,
    }
}

/// Where the page asks what is going on beneath it, if its address wants that and its reader may.
fn inspector(run: &Run, slug: &str) -> Option<String> {
    let wanted = run.plan.query.iter().any(|(name, _)| name == "inspector");
    let permitted = || run.browser.may_on(Permission::INSPECT_FLOW, run.plan.flow.id());
    (wanted && permitted()).then(|| format!("/api/v3/flows/inspector/{slug}/"))
}

/// The title as people see it.
fn shown_title(run: &Run, frame: &Frame) -> String {
    let stored = run.flow().map(|flow| flow.title.as_str()).unwrap_or_default();
    let names = (frame.brand.as_str(), &*application_name(run));
    shipped::title(frame.language, &run.slug(), stored, names).unwrap_or_else(|| title(run))
}

/// The flow's title with the names filled in; a title that does not work out stays as it is.
pub(crate) fn title(run: &Run) -> String {
    let raw = run.flow().map(|flow| flow.title.clone()).unwrap_or_default();
    format_title(&raw, &application_name(run), &run.shown_user())
}

fn format_title(raw: &str, app: &str, user: &str) -> String {
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

/// The application that the plan is for.
fn application_name(run: &Run) -> String {
    let application = run.plan.context.get(key::APPLICATION);
    let name = application.and_then(|app| app.get("name")).and_then(Value::as_str);
    name.unwrap_or_default().to_owned()
}

/// The person signed in, with name and address.
pub(crate) fn person_of(browser: &Browser) -> Option<Person> {
    browser.visitor.user.as_ref().map(|user| Person {
        name: if user.name.is_empty() { user.username.clone() } else { user.name.clone() },
        detail: if user.email.is_empty() { user.username.clone() } else { user.email.clone() },
        avatar: Some(countersign_directory::avatar(&browser.cx, user)),
    })
}

/// What is wrong, in the reader's words: those for this field and code, else those that say what the
/// API says. A policy's own message is shown as written.
fn sentences(errors: &FieldErrors, language: Language) -> Errors {
    let mut found = Errors::default();
    for (name, node) in errors.iter() {
        let texts: Vec<String> = match node {
            ErrorNode::Problems(problems) => {
                problems.iter().map(|problem| said(language, name, problem)).collect()
            }
            ErrorNode::Nested(_) | ErrorNode::Items(_) => vec![language.t("error-not-right")],
        };
        found.all.extend_from_slice(&texts);
        if name == "non_field_errors" {
            let silent = || vec![language.t("error-not-accepted")];
            found.form = if texts.is_empty() { silent() } else { texts };
        } else {
            found.fields.insert(name.to_owned(), texts);
        }
    }
    found
}

fn said(language: Language, field: &str, problem: &Problem) -> String {
    let key = OF_FIELDS.iter().find(|(of, codes, _)| *of == field && codes.contains(&problem.code));
    key.map_or_else(|| language.of(&problem.text), |(_, _, key)| language.t(key))
}

/// Fields of which an empty answer has words of its own.
const OF_FIELDS: [(&str, [&str; 2], &str); 3] = [
    ("uid_field", ["blank", "required"], "error-uid-empty"),
    ("password", ["blank", "required"], "error-password-empty"),
    ("code", ["blank", "required"], "error-code-empty"),
];

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
