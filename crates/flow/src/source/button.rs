//! What begins a sign-in by a source on a page.

use countersign_model::Ref;
use countersign_pages::Scene;
use countersign_sources::{Source, icon, usable};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use crate::run::Run;
use crate::web;

/// A source that people may sign in by.
#[derive(Debug, Clone)]
pub(crate) struct Button {
    pub(crate) name: String,
    pub(crate) icon: Option<String>,
    /// A path of this server; whoever signs in goes on to where they wanted to get.
    pub(crate) to: String,
}

impl Button {
    /// `None` where nobody may sign in by it now.
    pub(crate) fn of(run: &Run, reference: Ref<dyn Source>) -> Option<Button> {
        let (cx, snapshot) = (&run.browser.cx, &run.browser.snapshot);
        let source = usable(snapshot, reference)?;
        let path = source.login_path()?;
        let to = match run.plan.wanted() {
            Some(next) => web::with_next(&path, next),
            None => path,
        };
        Some(Button {
            name: source.shared().name.to_owned(),
            icon: icon(source).map(|at| cx.url(&at)),
            to: cx.url(&to),
        })
    }

    /// What the template reads. A button without a picture always says whose it is.
    pub(crate) fn view(&self, scene: &Scene, labelled: bool) -> Value {
        json!({
            "text": scene.say("continue-with", &[("source", self.name.as_str().into())]),
            "icon": self.icon, "to": self.to, "labelled": labelled || self.icon.is_none(),
        })
    }
}

/// As clients of the executor find it: the next challenge itself.
impl Serialize for Button {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let challenge = json!({"component": "xak-flow-redirect", "to": self.to});
        json!({"name": self.name, "icon_url": self.icon, "challenge": challenge})
            .serialize(serializer)
    }
}
