//! The pages: server-rendered, without script, everything that came from outside escaped.

use std::path::Path;

use axum::response::Html;
use minijinja::{AutoEscape, Environment, Error, Value, context};

use crate::roles::Page;
use crate::sessions::Session;
use crate::settings::Settings;

pub(crate) const STYLE: &str = include_str!("../templates/style.css");
pub(crate) const STYLE_PATH: &str = "/style.css";

const TEMPLATES: [(&str, &str); 6] = [
    ("layout", include_str!("../templates/layout.html")),
    ("welcome", include_str!("../templates/welcome.html")),
    ("home", include_str!("../templates/home.html")),
    ("protected", include_str!("../templates/protected.html")),
    ("unconfigured", include_str!("../templates/unconfigured.html")),
    ("message", include_str!("../templates/message.html")),
];

pub(crate) struct Pages(Environment<'static>);

impl Pages {
    pub(crate) fn new() -> Result<Self, Error> {
        let mut environment = Environment::new();
        environment.set_auto_escape_callback(|_| AutoEscape::Html);
        for (name, source) in TEMPLATES {
            environment.add_template(name, source)?;
        }
        Ok(Self(environment))
    }

    pub(crate) fn welcome(&self) -> Result<Html<String>, Error> {
        self.render("welcome", context! { title => "Demo application" })
    }

    pub(crate) fn home(&self, session: &Session) -> Result<Html<String>, Error> {
        let pages: Vec<Value> = Page::ALL
            .iter()
            .map(|page| {
                context! {
                    path => page.path(), title => page.title(), about => page.about(),
                    open => page.opens_for(&session.groups),
                }
            })
            .collect();
        self.render(
            "home",
            context! {
                title => "Signed in", person => session.label(), email => session.claim("email"),
                username => session.claim("preferred_username"), groups => names(session), pages,
            },
        )
    }

    pub(crate) fn protected(&self, page: Page, session: &Session) -> Result<Html<String>, Error> {
        self.render(
            "protected",
            context! {
                title => page.title(), about => page.about(), person => session.label(), groups => names(session),
            },
        )
    }

    pub(crate) fn unconfigured(
        &self,
        settings: &Settings,
        file: Option<&Path>,
    ) -> Result<Html<String>, Error> {
        let file = file.map(|file| std::path::absolute(file).unwrap_or_else(|_| file.to_owned()));
        self.render(
            "unconfigured",
            context! {
                title => "Not connected yet",
                provider => settings.provider_public.as_str().trim_end_matches('/').to_owned(),
                callback => settings.redirect_uri().to_string(), own => settings.own.as_str().trim_end_matches('/').to_owned(),
                slug => settings.slug.clone(), file => file.map(|file| file.display().to_string()),
            },
        )
    }

    pub(crate) fn message(
        &self,
        title: &str,
        sentence: &str,
        link: Option<(&str, &str)>,
    ) -> Result<Html<String>, Error> {
        let (target, label) = link.unwrap_or(("/", "Back to the start page"));
        self.render("message", context! { title, sentence, target, label })
    }

    fn render(&self, name: &str, values: Value) -> Result<Html<String>, Error> {
        self.0.get_template(name)?.render(values).map(Html)
    }
}

fn names(session: &Session) -> Vec<String> {
    session.groups.iter().map(|group| group.name.clone()).collect()
}
