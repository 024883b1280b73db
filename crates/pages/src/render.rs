//! Templates to HTML, HTML to an answer.

use std::sync::LazyLock;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, context};
use serde::Serialize;

use crate::files::{Files, hash};
use crate::page::{Frame, Page};

/// Nothing but this server's own style sheets and scripts; pictures may come from elsewhere (logos,
/// avatars). `form-action` is absent on purpose: browsers apply it to the whole chain of redirects
/// after a form, and signing in ends at the application's address.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; \
     img-src 'self' data: https: http:; connect-src 'self'; font-src 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The templates and files of this program: constants, read once.
static PAGES: LazyLock<Option<Pages>> = LazyLock::new(|| Pages::new().ok());

/// A page as an answer that is never stored by a cache.
#[must_use]
pub fn response(status: StatusCode, frame: &Frame, page: &Page) -> Response {
    match PAGES.as_ref() {
        Some(pages) => pages.response(status, frame, page),
        None => broken(),
    }
}

/// The static files, own and of the web interface.
#[must_use]
pub fn files() -> Option<&'static Files> {
    PAGES.as_ref().map(Pages::files)
}

/// A template that cannot be read or filled in: a defect of this crate, found by its tests.
#[derive(Debug, thiserror::Error)]
#[error("page template: {0}")]
pub struct RenderError(#[from] minijinja::Error);

/// All templates, read once.
#[derive(Debug)]
pub struct Pages {
    templates: Environment<'static>,
    files: Files,
    css: String,
    js: String,
}

impl Pages {
    /// # Errors
    /// A template with a syntax error.
    pub fn new() -> Result<Self, RenderError> {
        let mut templates = Environment::new();
        templates.set_auto_escape_callback(|_| AutoEscape::Html);
        for (name, text) in TEMPLATES {
            templates.add_template(name, text)?;
        }
        let css = format!("/static/pages/pages.{}.css", hash(CSS.as_bytes()));
        let js = format!("/static/pages/pages.{}.js", hash(JS.as_bytes()));
        let files = Files::new(&[(css.as_str(), CSS.as_bytes()), (js.as_str(), JS.as_bytes())]);
        Ok(Self { templates, files, css, js })
    }

    /// The static files, own and of the web interface.
    #[must_use]
    pub fn files(&self) -> &Files {
        &self.files
    }

    /// # Errors
    /// A template that does not fit its page; see [`RenderError`].
    pub fn render(&self, frame: &Frame, page: &Page) -> Result<String, RenderError> {
        match page {
            Page::Autosubmit(page) => self.fill("autosubmit.html", frame, page),
            Page::Confirm(page) => self.fill("confirm.html", frame, page),
            Page::Consent(page) => self.fill("consent.html", frame, page),
            Page::Denied(page) => self.fill("denied.html", frame, page),
            Page::Leaving(page) => self.fill("leaving.html", frame, page),
            Page::Login(page) => self.fill("login.html", frame, page),
            Page::Message(page) => self.fill("message.html", frame, page),
            Page::Password(page) => self.fill("password.html", frame, page),
            Page::Prompt(page) => self.fill("prompt.html", frame, page),
            Page::SessionEnd(page) => self.fill("session_end.html", frame, page),
            Page::Stay(page) => self.fill("stay.html", frame, page),
        }
    }

    /// The page as an answer that is never stored by a cache.
    #[must_use]
    pub fn response(&self, status: StatusCode, frame: &Frame, page: &Page) -> Response {
        match self.render(frame, page) {
            Ok(html) => with_headers(status, html),
            Err(_) => broken(),
        }
    }

    fn fill<T: Serialize>(
        &self,
        template: &str,
        frame: &Frame,
        page: &T,
    ) -> Result<String, RenderError> {
        let values = context! { frame => Serde(frame), page => Serde(page), css => self.css.as_str(), js => self.js.as_str() };
        Ok(self.templates.get_template(template)?.render(values)?)
    }
}

fn broken() -> Response {
    let html = "<!doctype html><title>Error</title><p>This page could not be drawn.</p>".to_owned();
    with_headers(StatusCode::INTERNAL_SERVER_ERROR, html)
}

fn with_headers(status: StatusCode, html: String) -> Response {
    let mut response = (status, html).into_response();
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

const CSS: &str = include_str!("../assets/pages.css");
const JS: &str = include_str!("../assets/pages.js");

const TEMPLATES: &[(&str, &str)] = &[
    ("autosubmit.html", include_str!("../templates/autosubmit.html")),
    ("confirm.html", include_str!("../templates/confirm.html")),
    ("consent.html", include_str!("../templates/consent.html")),
    ("denied.html", include_str!("../templates/denied.html")),
    ("layout.html", include_str!("../templates/layout.html")),
    ("leaving.html", include_str!("../templates/leaving.html")),
    ("login.html", include_str!("../templates/login.html")),
    ("message.html", include_str!("../templates/message.html")),
    ("parts.html", include_str!("../templates/parts.html")),
    ("password.html", include_str!("../templates/password.html")),
    ("prompt.html", include_str!("../templates/prompt.html")),
    ("session_end.html", include_str!("../templates/session_end.html")),
    ("stay.html", include_str!("../templates/stay.html")),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::Message;
    use crate::samples;

    #[test]
    fn every_sample_is_drawn_twice_alike_and_without_inline_code() {
        let pages = Pages::new().unwrap();
        for (name, page) in samples::all() {
            let html = pages
                .render(&samples::frame(), &page)
                .unwrap_or_else(|error| panic!("{name}: {error:?}"));
            assert_eq!(html, pages.render(&samples::frame(), &page).unwrap(), "{name}");
            assert!(
                !html.contains(" style=") && !html.contains(" onclick"),
                "{name} has inline code"
            );
            assert!(html.contains("<h1>") && html.contains("lang=\"en\""), "{name}");
            assert_eq!(html.matches("<script").count(), 1, "{name}");
        }
    }

    #[test]
    fn values_are_escaped() {
        let pages = Pages::new().unwrap();
        let page = Message::new("<script>alert(1)</script>").text("a \"b\" <c>");
        let html = pages.render(&Frame::new("x\"><b>"), &Page::Message(page)).unwrap();
        assert!(!html.contains("<script>alert") && !html.contains("<c>") && !html.contains("<b>"));
    }

    #[test]
    fn every_form_carries_its_proof() {
        let pages = Pages::new().unwrap();
        for (name, page) in samples::all() {
            let html = pages.render(&samples::frame(), &page).unwrap();
            if name != "autosubmit" {
                assert_eq!(
                    html.matches("<form").count(),
                    html.matches("name=\"csrf\"").count(),
                    "{name}"
                );
            }
        }
    }

    #[test]
    fn the_login_page_stays_small() {
        use std::io::Write as _;
        let packed = |bytes: &[u8]| {
            let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
            out.write_all(bytes).unwrap();
            out.finish().unwrap().len()
        };
        assert!(packed(CSS.as_bytes()) < 6 * 1024);
        let pages = Pages::new().unwrap();
        let html = pages.render(&samples::frame(), &samples::login()).unwrap();
        let all = packed(CSS.as_bytes()) + packed(JS.as_bytes()) + packed(html.as_bytes());
        assert!(all < 30 * 1024, "{all}");
    }
}
