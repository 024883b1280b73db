//! The pages that no stage owns: what the engine itself has to say.

use countersign_pages::{AutosubmitChallenge, Denied, Message, Page, PageDef, Scene};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{in_plan, setup, stages};

/// The engine's pages, and the form that stages of protocols end in.
const PAGES: &[PageDef] = &[
    PageDef::of::<AccessDeniedChallenge>(),
    PageDef::of::<AutosubmitChallenge>(),
    PageDef::of::<FlowErrorChallenge>(),
    PageDef::of::<RedirectChallenge>(),
];

/// Every page that flows show.
#[must_use]
pub fn all() -> Vec<PageDef> {
    let of_stages = stages::all().into_iter().flat_map(|stage| stage.pages);
    PAGES.iter().chain(in_plan::PAGES).chain(of_stages).copied().collect()
}

/// What the original says of a flow whose conditions somebody does not meet.
pub(crate) const NOT_APPLICABLE: &str = "Flow does not apply to current user.";

/// The flow ended in a refusal.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct AccessDeniedChallenge {
    pub(crate) error_message: String,
}

impl Page for AccessDeniedChallenge {
    const COMPONENT: &'static str = "ak-stage-access-denied";
    const TEMPLATE: &'static str = Denied::TEMPLATE;

    fn names_user(&self) -> bool {
        true
    }

    fn view(&self, scene: &Scene) -> Value {
        let message = self.error_message.as_str();
        let person = scene.signed_in.clone();
        let closed = setup::is_setup(&scene.flow) && message == NOT_APPLICABLE;
        let title = match (&person, scene.application.as_str()) {
            _ if closed => scene.t("set-up-finished"),
            (Some(_), app) if !app.is_empty() => scene.say("open-denied", &[("app", app.into())]),
            _ if scene.designation == "authentication" => scene.t("sign-in-denied"),
            _ => scene.t("go-on-denied"),
        };
        // The original's own words, for people.
        let subtitle = match (message, &person) {
            _ if closed => scene.t("set-up-finished-why"),
            (NOT_APPLICABLE, Some(_)) => scene.t("denied-account"),
            (NOT_APPLICABLE, None) => scene.t("denied-nobody"),
            ("Invalid password", _) => scene.t("denied-passwords"),
            (other, _) => {
                let lines = other.lines().map(|line| scene.language.of(line));
                lines.collect::<Vec<_>>().join(" ")
            }
        };
        let (again_url, again_label) = match &person {
            Some(_) => (scene.cancel_url.as_str(), "switch-account"),
            None if closed => ("/", "sign-in"),
            None => (scene.form.action.as_str(), "try-again"),
        };
        let home_url = person.is_some().then(|| "/if/user/".to_owned());
        json!(Denied {
            title,
            subtitle,
            application: scene.application.clone(),
            details: Vec::new(),
            again_url: Some(again_url.to_owned()),
            again_label: scene.t(again_label),
            home_url,
            person,
            trace: scene.trace.clone(),
            why_url: scene.why_url.clone(),
        })
    }

    fn samples() -> Vec<Self> {
        [NOT_APPLICABLE, "Invalid password", "Nobody gets past."]
            .map(|text| Self { error_message: text.to_owned() })
            .into()
    }
}

/// Something broke.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct FlowErrorChallenge {
    pub(crate) request_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) traceback: Option<String>,
}

impl Page for FlowErrorChallenge {
    const COMPONENT: &'static str = "ak-stage-flow-error";
    const TEMPLATE: &'static str = Message::TEMPLATE;
    const FRAMED: bool = false;

    fn view(&self, scene: &Scene) -> Value {
        let mut page = Message::new(&scene.t("broken"))
            .text(scene.t("broken-text"))
            .action(&scene.t("try-again"), &scene.cancel_url);
        page.trace.clone_from(&self.request_id);
        page.traceback = self.error.clone().unwrap_or_default();
        json!(page)
    }

    fn samples() -> Vec<Self> {
        let request_id = "5d0d125d4bae4b9daa175c6811605677".to_owned();
        let text = Some("This stage fails on purpose.".to_owned());
        vec![
            Self { request_id: request_id.clone(), error: text.clone(), traceback: text },
            Self { request_id, error: None, traceback: None },
        ]
    }
}

/// Sends the browser on.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct RedirectChallenge {
    pub(crate) to: String,
}

impl Page for RedirectChallenge {
    const COMPONENT: &'static str = "xak-flow-redirect";
    const TEMPLATE: &'static str = include_str!("pages/redirect.html");
    const FRAMED: bool = false;
    const ASKS: bool = false;

    fn view(&self, scene: &Scene) -> Value {
        json!({"title": scene.t("one-moment"), "subtitle": scene.t("sent-on"), "url": self.to})
    }

    fn samples() -> Vec<Self> {
        vec![Self { to: "https://wiki.example.org/".to_owned() }]
    }
}
