//! What a page is, and the pages that belong to no flow.

use std::collections::BTreeMap;

use countersign_model::BasePath;
use countersign_words::{Arg, Language};
use serde::Serialize;
use serde_json::{Map, Value};

/// One page. The value itself is what API clients of a flow get as JSON (a *challenge*); the
/// template says it to people. Whoever shows a page declares it: a struct, this trait, and the
/// template beside it.
pub trait Page: Serialize + Send + Sync + 'static {
    /// `component` of the JSON, by which clients know what they are asked.
    const COMPONENT: &'static str;
    /// The template's text. It extends `layout.html`, and reads `page` (see [`Page::view`]),
    /// `scene` ([`Scene`]) and `frame` ([`Frame`]); `parts.html` has the pieces that pages share.
    const TEMPLATE: &'static str;
    /// Part of a flow: the JSON carries the flow's title and background.
    const FRAMED: bool = true;
    /// Waits for a person. One that does not is the end of what was asked for, so it may come
    /// where nothing may be asked.
    const ASKS: bool = true;

    /// The answers that are shown again when the page is, by name. Everything else that was typed
    /// is forgotten with the request.
    fn remembers(&self) -> Vec<&str> {
        Vec::new()
    }

    /// Whether the JSON names the account that the flow is about.
    fn names_user(&self) -> bool {
        false
    }

    /// Whether the form carries files.
    fn takes_files(&self) -> bool {
        false
    }

    /// Origins of others whose scripts the page loads.
    fn scripts_from(&self) -> Vec<String> {
        Vec::new()
    }

    /// Origins of others whose pages this one loads in frames.
    fn frames_from(&self) -> Vec<String> {
        Vec::new()
    }

    /// What the template reads as `page`: the JSON, unless people are told more than clients.
    /// `title` and `subtitle` replace those of the scene.
    fn view(&self, _scene: &Scene) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    /// The page with everything it can say, and with as little as it can: what tests draw and the
    /// API's documentation is made from.
    fn samples() -> Vec<Self>
    where
        Self: Sized;
}

/// Any page.
pub trait AnyPage: Send + Sync {
    fn component(&self) -> &'static str;
    fn template(&self) -> &'static str;
    fn framed(&self) -> bool;
    fn asks(&self) -> bool;
    fn remembers(&self) -> Vec<&str>;
    fn names_user(&self) -> bool;
    fn takes_files(&self) -> bool;
    fn scripts_from(&self) -> Vec<String>;
    fn frames_from(&self) -> Vec<String>;
    fn view(&self, scene: &Scene) -> Value;
    /// The challenge: `component`, and the fields.
    fn json(&self) -> Map<String, Value>;
}

impl<P: Page> AnyPage for P {
    fn component(&self) -> &'static str {
        P::COMPONENT
    }

    fn template(&self) -> &'static str {
        P::TEMPLATE
    }

    fn framed(&self) -> bool {
        P::FRAMED
    }

    fn asks(&self) -> bool {
        P::ASKS
    }

    fn remembers(&self) -> Vec<&str> {
        Page::remembers(self)
    }

    fn names_user(&self) -> bool {
        Page::names_user(self)
    }

    fn takes_files(&self) -> bool {
        Page::takes_files(self)
    }

    fn scripts_from(&self) -> Vec<String> {
        Page::scripts_from(self)
    }

    fn frames_from(&self) -> Vec<String> {
        Page::frames_from(self)
    }

    fn view(&self, scene: &Scene) -> Value {
        Page::view(self, scene)
    }

    fn json(&self) -> Map<String, Value> {
        let mut map = Map::from_iter([("component".to_owned(), P::COMPONENT.into())]);
        if let Ok(Value::Object(fields)) = serde_json::to_value(self) {
            map.extend(fields);
        }
        map
    }
}

impl std::fmt::Debug for dyn AnyPage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.component())
    }
}

/// A page that may be shown, declared where it is.
#[derive(Clone, Copy)]
pub struct PageDef {
    pub component: &'static str,
    /// The name of its type, which is that of its schema.
    pub name: fn() -> &'static str,
    pub samples: fn() -> Vec<Box<dyn AnyPage>>,
}

impl PageDef {
    #[must_use]
    pub const fn of<P: Page>() -> Self {
        Self {
            component: P::COMPONENT,
            name: || std::any::type_name::<P>().rsplit("::").next().unwrap_or_default(),
            samples: || {
                P::samples().into_iter().map(|page| Box::new(page) as Box<dyn AnyPage>).collect()
            },
        }
    }
}

/// What surrounds every page: brand, language, links below the card.
#[derive(Debug, Clone, Serialize)]
pub struct Frame {
    /// What this server is served below. Templates write addresses with the filter `url`.
    pub base: BasePath,
    /// The brand's name, shown in the title and to screen readers.
    pub brand: String,
    pub language: Language,
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
            base: BasePath::default(),
            brand: brand.to_owned(),
            language: Language::default(),
            theme: None,
            logo: None,
            favicon: "/static/dist/assets/icons/icon.svg".to_owned(),
            custom_css: None,
            links: Vec::new(),
        }
    }

    #[must_use]
    pub fn in_language(self, language: Language) -> Self {
        Self { language, ..self }
    }

    /// The frame of a server that is not at the root.
    #[must_use]
    pub fn below(self, base: &BasePath) -> Self {
        Self { base: base.clone(), ..self }
    }
}

/// Where in a flow a page is shown; outside of flows little of it is set. Optional parts are left
/// out when empty.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Scene {
    /// The flow's title.
    pub title: String,
    /// "to continue to Wiki".
    pub purpose: String,
    /// The application that all this is for.
    pub application: String,
    pub brand: String,
    /// Slug and designation of the flow.
    pub flow: String,
    pub designation: String,
    pub form: Form,
    /// What was wrong with the answer before.
    pub errors: Errors,
    /// The answers that are shown again, see [`Page::remembers`].
    pub typed: BTreeMap<String, String>,
    /// The account the flow is about.
    pub person: Option<Person>,
    /// The person who is signed in, with name and address.
    pub signed_in: Option<Person>,
    /// A picture behind the page; empty for none.
    pub background: String,
    /// Leaves the flow; what it was for goes on after a new sign-in.
    pub cancel_url: String,
    /// The number under which administrators find this run; empty while it is not recorded.
    pub trace: String,
    /// Where they see it; for administrators only.
    pub why_url: Option<String>,
    /// Where a page that is inspected asks what is going on; for those who may.
    pub inspector: Option<String>,
    /// The reader's; that of the frame.
    #[serde(skip)]
    pub language: Language,
}

/// Titles of flows that say no more than the page's own.
const PLAIN_TITLES: [&str; 3] = ["", "Welcome to authentik!", "Welcome to Countersign"];

impl Scene {
    /// With addresses as a browser has to ask for them, in the reader's language.
    #[must_use]
    pub(crate) fn within(&self, frame: &Frame) -> Self {
        let base = &frame.base;
        let person = |person: &Option<Person>| {
            let person = person.clone()?;
            let avatar = person.avatar.map(|avatar| base.url(&avatar));
            Some(Person { avatar, ..person })
        };
        Self {
            form: Form { action: base.url(&self.form.action), ..self.form.clone() },
            person: person(&self.person),
            signed_in: person(&self.signed_in),
            background: base.url(&self.background),
            cancel_url: base.url(&self.cancel_url),
            why_url: self.why_url.as_deref().map(|url| base.url(url)),
            language: frame.language,
            ..self.clone()
        }
    }

    /// The flow's title, where somebody has given it one.
    #[must_use]
    pub fn title_unless_plain(&self) -> Option<&str> {
        let welcome = self.say("welcome-to", &[("brand", self.brand.as_str().into())]);
        let says_more = |title: &&str| !PLAIN_TITLES.contains(title) && **title != welcome;
        Some(self.title.as_str()).filter(says_more)
    }

    /// A text without places, in the reader's language.
    #[must_use]
    pub fn t(&self, key: &str) -> String {
        self.language.t(key)
    }

    /// A text, in the reader's language.
    #[must_use]
    pub fn say(&self, key: &str, args: &[(&str, Arg)]) -> String {
        self.language.say(key, args)
    }
}

/// Sentences about a refused answer.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Errors {
    /// About the answer as a whole.
    pub form: Vec<String>,
    pub fields: BTreeMap<String, Vec<String>>,
    /// All of them, in their order.
    pub all: Vec<String>,
}

impl Errors {
    /// A sentence about the whole page.
    #[must_use]
    pub fn one(text: impl Into<String>) -> Self {
        let text = vec![text.into()];
        Self { form: text.clone(), all: text, fields: BTreeMap::new() }
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

/// Texts that came in English, in the reader's language where they are ours.
fn told(scene: &Scene, texts: &mut [&mut String]) {
    for text in texts {
        **text = scene.language.of(text);
    }
}

fn told_of(scene: &Scene, details: &mut [Pair]) {
    for detail in details {
        told(scene, &mut [&mut detail.title, &mut detail.value]);
    }
}

/// A refusal with its reason and the number an administrator can look up.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Denied {
    pub title: String,
    pub subtitle: String,
    pub person: Option<Person>,
    /// What was to be opened.
    pub application: String,
    /// Which rules refused, for those who may know.
    pub details: Vec<Pair>,
    pub again_url: Option<String>,
    pub again_label: String,
    pub home_url: Option<String>,
    pub trace: String,
    pub why_url: Option<String>,
}

impl Page for Denied {
    const COMPONENT: &'static str = "countersign-denied";
    const TEMPLATE: &'static str = include_str!("../templates/denied.html");

    fn view(&self, scene: &Scene) -> Value {
        let mut page = self.clone();
        told(scene, &mut [&mut page.title, &mut page.subtitle, &mut page.again_label]);
        told_of(scene, &mut page.details);
        serde_json::to_value(page).unwrap_or_default()
    }

    fn samples() -> Vec<Self> {
        vec![Self {
            title: "You can’t open Payroll".to_owned(),
            subtitle: "Your account is fine; this application is for the group Finance.".to_owned(),
            person: crate::sample::scene().signed_in,
            application: "Payroll".to_owned(),
            details: vec![Pair::new("Finance", "This group does not pass.")],
            again_url: Some("/".to_owned()),
            again_label: "Switch account".to_owned(),
            home_url: Some("/if/user/".to_owned()),
            trace: "7F3K-92QD".to_owned(),
            why_url: Some("/if/admin/".to_owned()),
        }]
    }
}

/// Anything that needs a title and a sentence: not found, protocol errors, "logged out".
#[derive(Debug, Clone, Default, Serialize)]
pub struct Message {
    pub title: String,
    pub subtitle: String,
    pub details: Vec<Pair>,
    pub actions: Vec<Link>,
    pub traceback: String,
    pub trace: String,
}

impl Message {
    #[must_use]
    pub fn new(title: &str) -> Self {
        Self { title: title.to_owned(), ..Self::default() }
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

impl Page for Message {
    const COMPONENT: &'static str = "countersign-message";
    const TEMPLATE: &'static str = include_str!("../templates/message.html");

    fn view(&self, scene: &Scene) -> Value {
        let mut page = self.clone();
        told(scene, &mut [&mut page.title, &mut page.subtitle]);
        told_of(scene, &mut page.details);
        told(
            scene,
            &mut page.actions.iter_mut().map(|action| &mut action.name).collect::<Vec<_>>(),
        );
        serde_json::to_value(page).unwrap_or_default()
    }

    fn samples() -> Vec<Self> {
        let mut error = Self::new("Redirect URI Error")
            .text("The application asked to return to an address it has not registered. Tell the people who run it.")
            .detail("Address received", "http://127.0.0.1:5000/callback")
            .action("Go to the start page", "/");
        error.trace = "5d0d125d4bae4b9daa175c6811605677".to_owned();
        let not_found = Self::new("Page not found").text("There is nothing at this address.");
        vec![error, not_found]
    }
}

/// One button, outside of flows; the form and what is wrong are the scene's.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Confirm {
    pub title: String,
    pub subtitle: String,
    pub text: String,
    pub hidden: Vec<Pair>,
    pub action: String,
    pub cancel_url: Option<String>,
}

impl Page for Confirm {
    const COMPONENT: &'static str = "countersign-confirm";
    const TEMPLATE: &'static str = include_str!("../templates/confirm.html");

    fn view(&self, scene: &Scene) -> Value {
        let mut page = self.clone();
        told(scene, &mut [&mut page.title, &mut page.text, &mut page.action]);
        serde_json::to_value(page).unwrap_or_default()
    }

    fn samples() -> Vec<Self> {
        vec![Self {
            title: "Log out of Countersign?".to_owned(),
            subtitle: String::new(),
            text: "Flask SSO App asks to end your session.".to_owned(),
            hidden: vec![Pair::new("state", "1")],
            action: "Log out".to_owned(),
            cancel_url: Some("/".to_owned()),
        }]
    }
}

/// Carries a form to another server; script presses the button.
#[derive(Debug, Clone, Default, Serialize)]
pub struct AutosubmitChallenge {
    pub url: String,
    pub attrs: Map<String, Value>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub title: String,
}

impl AutosubmitChallenge {
    /// A form with these fields.
    #[must_use]
    pub fn new(url: String, fields: Vec<(String, String)>, title: String) -> Self {
        let attrs = fields.into_iter().map(|(name, value)| (name, value.into())).collect();
        Self { url, attrs, title }
    }
}

impl Page for AutosubmitChallenge {
    const COMPONENT: &'static str = "ak-stage-autosubmit";
    const TEMPLATE: &'static str = include_str!("../templates/autosubmit.html");
    const ASKS: bool = false;

    fn view(&self, scene: &Scene) -> Value {
        let title = if self.title.is_empty() {
            scene.t("one-moment")
        } else {
            scene.language.of(&self.title)
        };
        serde_json::json!({
            "title": title, "subtitle": scene.t("press-button"),
            "url": self.url, "attrs": self.attrs,
        })
    }

    fn samples() -> Vec<Self> {
        let fields = vec![("SAMLResponse".to_owned(), "PHNhbWw+".to_owned())];
        let url = "https://wiki.example.org/acs".to_owned();
        vec![
            Self::new(url.clone(), fields, "Redirecting to Wiki".to_owned()),
            Self::new(url, Vec::new(), String::new()),
        ]
    }
}
