//! Templates to HTML, HTML to an answer.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{LazyLock, PoisonError, RwLock};

use axum::response::{IntoResponse, Response};
use countersign_model::BasePath;
use countersign_words::{Language, template};
use http::{HeaderValue, StatusCode, header};
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, ErrorKind, State, context};
use serde::Serialize;

use crate::files::{Files, hash};
use crate::page::{AnyPage, Frame, Scene};

/// Nothing but this server's own style sheets and scripts; pictures may come from elsewhere (logos,
/// avatars). `form-action` is absent on purpose: browsers apply it to the whole chain of redirects
/// after a form, and signing in ends at the application's address.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; \
     img-src 'self' data: https: http:; connect-src 'self'; font-src 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The templates and files of this program: constants, read once.
static PAGES: LazyLock<Option<Pages>> = LazyLock::new(|| Pages::new().ok());

/// A page as an answer that is never stored by a cache.
#[must_use]
pub fn response(status: StatusCode, frame: &Frame, scene: &Scene, page: &dyn AnyPage) -> Response {
    let html = PAGES.as_ref().map(|pages| pages.render(frame, scene, page));
    match html {
        Some(Ok(html)) => {
            with_headers(status, html, &policy(&page.scripts_from(), &page.frames_from()))
        }
        Some(Err(_)) | None => undrawable(),
    }
}

/// A page as text.
#[must_use]
pub fn html(frame: &Frame, scene: &Scene, page: &dyn AnyPage) -> Option<String> {
    PAGES.as_ref()?.render(frame, scene, page).ok()
}

/// The static files, own and of the web interface.
#[must_use]
pub fn files() -> Option<&'static Files> {
    PAGES.as_ref().map(Pages::files)
}

/// A template that cannot be read or filled in: a defect of whoever declares the page, found by the
/// tests over its samples.
#[derive(Debug, thiserror::Error)]
#[error("page template: {0}")]
pub struct RenderError(#[from] minijinja::Error);

/// The shared templates, those of pages since they were first shown, and the files they name.
#[derive(Debug)]
pub struct Pages {
    /// By language, since macros do not see whom they write for. Bounded: the templates are
    /// constants of the program, each under its own text.
    templates: RwLock<HashMap<Language, Environment<'static>>>,
    files: Files,
    css: String,
    js: String,
    passkeys: String,
    captcha: String,
    inspector: Asset,
}

/// A script with its own sheet.
#[derive(Debug, Clone, Serialize)]
struct Asset {
    js: String,
    css: String,
}

impl Pages {
    /// # Errors
    /// A shared template with a syntax error.
    pub fn new() -> Result<Self, RenderError> {
        let english = HashMap::from([(Language::En, environment(Language::En)?)]);
        let css = format!("/static/pages/pages.{}.css", hash(CSS.as_bytes()));
        let js = format!("/static/pages/pages.{}.js", hash(JS.as_bytes()));
        let passkeys = format!("/static/pages/passkeys.{}.js", hash(PASSKEYS.as_bytes()));
        let captcha = format!("/static/pages/captcha.{}.js", hash(CAPTCHA.as_bytes()));
        let inspector = Asset {
            js: format!("/static/pages/inspector.{}.js", hash(INSPECTOR_JS.as_bytes())),
            css: format!("/static/pages/inspector.{}.css", hash(INSPECTOR_CSS.as_bytes())),
        };
        let files = Files::new(&[
            (css.as_str(), CSS.as_bytes()),
            (js.as_str(), JS.as_bytes()),
            (passkeys.as_str(), PASSKEYS.as_bytes()),
            (captcha.as_str(), CAPTCHA.as_bytes()),
            (inspector.js.as_str(), INSPECTOR_JS.as_bytes()),
            (inspector.css.as_str(), INSPECTOR_CSS.as_bytes()),
        ]);
        Ok(Self { templates: RwLock::new(english), files, css, js, passkeys, captcha, inspector })
    }

    /// The static files, own and of the web interface.
    #[must_use]
    pub fn files(&self) -> &Files {
        &self.files
    }

    /// # Errors
    /// A template that does not fit its page; see [`RenderError`].
    pub fn render(
        &self,
        frame: &Frame,
        scene: &Scene,
        page: &dyn AnyPage,
    ) -> Result<String, RenderError> {
        let (scene, language) = (&scene.within(frame), frame.language);
        let view = page.view(scene);
        let values = context! {
            frame => Serde(frame), scene => Serde(scene), page => Serde(&view),
            css => self.css.as_str(), js => self.js.as_str(), passkeys => self.passkeys.as_str(),
            captcha => self.captcha.as_str(), inspector => Serde(&self.inspector)
        };
        let text = page.template();
        {
            let templates = self.templates.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(Ok(template)) = templates.get(&language).map(|own| own.get_template(text)) {
                return Ok(template.render(&values)?);
            }
        }
        let mut templates = self.templates.write().unwrap_or_else(PoisonError::into_inner);
        let own = match templates.entry(language) {
            Entry::Occupied(own) => own.into_mut(),
            Entry::Vacant(none) => none.insert(environment(language)?),
        };
        own.add_template(text, text)?;
        Ok(own.get_template(text)?.render(&values)?)
    }
}

/// What templates of a language share.
fn environment(language: Language) -> Result<Environment<'static>, RenderError> {
    let mut templates = Environment::new();
    templates.set_auto_escape_callback(|_| AutoEscape::Html);
    // What a page does not have is not shown: minijinja would write "none".
    templates.set_formatter(|out, state, value| {
        if value.is_none() { Ok(()) } else { minijinja::escape_formatter(out, state, value) }
    });
    templates.add_filter("url", url);
    templates.add_template("layout.html", include_str!("../templates/layout.html"))?;
    templates.add_template("parts.html", include_str!("../templates/parts.html"))?;
    template::add_to(&mut templates, language);
    Ok(templates)
}

/// The filter of addresses in templates. Macros do not see the frame: they are given addresses
/// that went through it, or are the scene's.
fn url(state: &State, address: &str) -> Result<String, minijinja::Error> {
    let missing = || minijinja::Error::new(ErrorKind::UndefinedError, "there is no frame here");
    let base = state.lookup("frame").ok_or_else(missing)?.get_attr("base")?;
    Ok(BasePath::new(base.as_str().unwrap_or_default()).url(address))
}

fn undrawable() -> Response {
    let html = "<!doctype html><title>Error</title><p>This page could not be drawn.</p>".to_owned();
    with_headers(StatusCode::INTERNAL_SERVER_ERROR, html, CONTENT_SECURITY_POLICY)
}

/// The policy of a page that loads scripts of others, which run, ask, and show frames of their own,
/// or frames alone.
fn policy(scripts: &[String], frames: &[String]) -> Cow<'static, str> {
    if scripts.is_empty() && frames.is_empty() {
        return CONTENT_SECURITY_POLICY.into();
    }
    let mut policy = String::new();
    for directive in CONTENT_SECURITY_POLICY.split(';').map(str::trim) {
        let named = ["script-src ", "connect-src ", "style-src "];
        let more = !scripts.is_empty() && named.iter().any(|name| directive.starts_with(name));
        policy += directive;
        policy += &if more { format!(" {}; ", scripts.join(" ")) } else { "; ".to_owned() };
    }
    let framed: Vec<&str> = scripts.iter().chain(frames).map(String::as_str).collect();
    format!("{policy}frame-src {}", framed.join(" ")).into()
}

fn with_headers(status: StatusCode, html: String, policy: &str) -> Response {
    let mut response = (status, html).into_response();
    let headers = response.headers_mut();
    let own = HeaderValue::from_static(CONTENT_SECURITY_POLICY);
    let policy = HeaderValue::from_str(policy).unwrap_or(own);
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
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
/// Only the pages that ask for a passkey load it.
const PASSKEYS: &str = include_str!("../assets/passkeys.js");
/// Only the pages that ask a captcha service load it.
const CAPTCHA: &str = include_str!("../assets/captcha.js");

/// Only the pages that are inspected load them.
const INSPECTOR_JS: &str = include_str!("../assets/inspector.js");
const INSPECTOR_CSS: &str = include_str!("../assets/inspector.css");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::Message;
    use crate::sample;

    #[test]
    fn every_sample_is_drawn_alike_without_inline_code_and_with_proofs() {
        sample::check(sample::PAGES).unwrap();
        sample::distinct(sample::PAGES).unwrap();
    }

    #[test]
    fn values_are_escaped() {
        let pages = Pages::new().unwrap();
        let page = Message::new("<script>alert(1)</script>").text("a \"b\" <c>");
        let html = pages.render(&Frame::new("x\"><b>"), &Scene::default(), &page).unwrap();
        assert!(!html.contains("<script>alert") && !html.contains("<c>") && !html.contains("<b>"));
    }

    #[test]
    fn scripts_of_others_are_allowed_on_the_page_that_names_them() {
        assert_eq!(policy(&[], &[]), CONTENT_SECURITY_POLICY);
        let framed = policy(&[], &["https://a.example".to_owned()]);
        assert_eq!(framed, format!("{CONTENT_SECURITY_POLICY}; frame-src https://a.example"));
        let others = ["https://a.example".to_owned(), "https://b.example".to_owned()];
        let policy = policy(&others, &[]);
        for part in [
            "default-src 'none';",
            "script-src 'self' https://a.example https://b.example;",
            "connect-src 'self' https://a.example https://b.example;",
            "frame-src https://a.example https://b.example",
            "frame-ancestors 'none';",
        ] {
            assert!(policy.contains(part), "{part} in {policy}");
        }
    }

    #[test]
    fn style_and_script_stay_small() {
        use std::io::Write as _;
        let packed = |bytes: &[u8]| {
            let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
            out.write_all(bytes).unwrap();
            out.finish().unwrap().len()
        };
        let (css, js) = (packed(CSS.as_bytes()), packed(JS.as_bytes()));
        assert!(css < 6 * 1024 && css + js < 28 * 1024, "{css} {js}");
    }
}
