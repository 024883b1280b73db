//! What all providers have in common: the application they serve, and where it opens.

use std::sync::Arc;

use countersign_core::{
    Access, ApiError, Call, FamilyResource, Operation, Permission, RenderContext, json,
};
use countersign_model::{Entry, Family, Fields, Key, Ref, Snapshot, Target as _, family};
use countersign_rest::{object_schema, rendered_member};
use http::{Method, StatusCode};
use serde::Serialize;
use serde_json::{Map, Value};
use url::Url;
use uuid::Uuid;

use crate::application::Application;
use crate::sign_out::SignOut;

/// The original's kinds of providers; those that are not here are refused.
pub(crate) const MODELS: [&str; 10] = [
    "authentik_providers_google_workspace.googleworkspaceprovider",
    "authentik_providers_ldap.ldapprovider",
    "authentik_providers_microsoft_entra.microsoftentraprovider",
    "authentik_providers_oauth2.oauth2provider",
    "authentik_providers_proxy.proxyprovider",
    "authentik_providers_rac.racprovider",
    "authentik_providers_radius.radiusprovider",
    "authentik_providers_saml.samlprovider",
    "authentik_providers_scim.scimprovider",
    "authentik_providers_ssf.ssfprovider",
];

/// What all providers have: the fields of `providers/all/`.
#[derive(Debug, Clone, Fields)]
#[kind(
    members = dyn Provider,
    path = "providers/all",
    model = "authentik_core.provider",
    schema = "Provider",
    title = "Provider",
    space = "provider",
    key = Int,
    lookup = "id",
    ordering = "name"
)]
struct Common {
    #[field(unique = "provider with this name already exists.", search)]
    name: String,
    authentication_flow: Option<Ref<family::Flow>>,
    authorization_flow: Ref<family::Flow>,
    invalidation_flow: Ref<family::Flow>,
    /// Of mappings, which are above this crate.
    #[field(default)]
    property_mappings: Vec<Uuid>,
}

/// A protocol's side of one application.
pub trait Provider: Send + Sync {
    /// The address its application opens at when that names none.
    fn launch_url(&self) -> Option<String>;

    /// The path of this server at which its application, of this slug, opens, where it has no
    /// address of its own.
    fn launch_path(&self, _slug: &str) -> Option<String> {
        None
    }

    /// The fields by which it would answer in the place of another provider: what leads people, or
    /// programs, to the application of that one would lead to its own.
    fn displaces(&self, _other: &Entry) -> Vec<&'static str> {
        Vec::new()
    }

    /// The addresses of its application.
    fn addresses(&self) -> Vec<String> {
        self.launch_url().into_iter().collect()
    }

    /// Whether its application is at a host, in small letters, by a pattern instead of an address.
    fn is_at_by_pattern(&self, _host: &str) -> bool {
        false
    }

    /// The fields that say where it sends what signs somebody in, where the application has nothing
    /// but the address to tell by that it is meant.
    fn delivers_to(&self) -> Vec<(&'static str, &str)> {
        Vec::new()
    }

    /// How its application learns that somebody's session has ended.
    fn sign_out(&self) -> SignOut<'_> {
        SignOut::Unaware
    }

    /// What its page shows to administrators. `id` is this provider, `origin` the address of this
    /// server.
    fn sheet(&self, id: Ref<dyn Provider>, snapshot: &Arc<Snapshot>, origin: &str) -> Sheet;
}

/// Whose place a provider takes, each with the field by which it does. Whoever sends sign-ins to an
/// address is at the application of that host: one that opens there, whatever signs people in to it
/// and before anything does, or one that another provider names.
#[must_use]
pub fn displaces<'s>(snapshot: &'s Snapshot, own: &Entry) -> Vec<(&'s Entry, &'static str)> {
    let Some(provider) = own.facet::<dyn Provider>() else { return Vec::new() };
    let delivers: Vec<(&'static str, String)> = provider
        .delivers_to()
        .into_iter()
        .filter_map(|(field, address)| Some((field, host(address)?)))
        .collect();
    let at = |addresses: &[String]| {
        let hosts: Vec<String> = addresses.iter().filter_map(|address| host(address)).collect();
        let is_there =
            |(field, host): &(&'static str, String)| hosts.contains(host).then_some(*field);
        delivers.iter().filter_map(is_there).collect::<Vec<_>>()
    };
    let mut found = Vec::new();
    for other in snapshot.entries(own.id.space).filter(|other| other.id != own.id) {
        let theirs = other.facet::<dyn Provider>();
        let addresses = theirs.map(Provider::addresses).unwrap_or_default();
        let fits = |host: &String| theirs.is_some_and(|provider| provider.is_at_by_pattern(host));
        let by_pattern = delivers.iter().filter(|(_, host)| fits(host)).map(|(field, _)| *field);
        let fields = provider.displaces(other).into_iter().chain(at(&addresses)).chain(by_pattern);
        found.extend(fields.map(|field| (&**other, field)));
    }
    if delivers.is_empty() {
        return found;
    }
    for entry in snapshot.entries(Application::SPACE) {
        let Some(other) = entry.cast::<Application>() else { continue };
        if other.provider.is_none_or(|provider| provider.id() != own.id) {
            let opens = other.meta_launch_url.to_string();
            found.extend(at(&[opens]).into_iter().map(|field| (&**entry, field)));
        }
    }
    found
}

/// The name of an address's host. Not its port: what is told apart by ports is one machine's.
fn host(address: &str) -> Option<String> {
    let url = Url::parse(address.trim()).ok()?;
    Some(url.host_str()?.trim_end_matches('.').to_ascii_lowercase())
}

/// What the page of a provider shows.
#[derive(Debug, Default, Serialize)]
pub struct Sheet {
    /// What the application's settings ask for.
    pub connect: Vec<Line>,
    /// The same as variables of an environment.
    pub environment: Vec<Variable>,
    /// The settings of programs that use it, each as it is written there.
    pub snippets: Vec<Snippet>,
    /// Where the protocol's parts are.
    pub addresses: Vec<Line>,
    /// How it is set up.
    pub facts: Vec<Fact>,
    /// The path below the API, with `for_user`, that answers what the application would learn of
    /// somebody.
    pub preview: Option<String>,
}

/// A value to copy.
#[derive(Debug, Serialize)]
pub struct Line {
    pub label: &'static str,
    #[serde(flatten)]
    pub value: Copied,
}

/// The settings of a program, in one or more lines.
#[derive(Debug, Serialize)]
pub struct Snippet {
    pub label: &'static str,
    pub text: String,
}

/// A variable of an environment.
#[derive(Debug, Serialize)]
pub struct Variable {
    pub name: &'static str,
    #[serde(flatten)]
    pub value: Copied,
    /// What it is for an application beside this server in one compose file.
    pub beside: Option<&'static str>,
}

/// What is copied: a value, or a field of the provider that is fetched when somebody asks for it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Copied {
    Value(String),
    Secret(&'static str),
}

/// One thing about a provider, in one or more lines.
#[derive(Debug, Serialize)]
pub struct Fact {
    pub label: &'static str,
    pub lines: Vec<FactLine>,
}

/// A line of a fact.
#[derive(Debug, Default, Serialize)]
pub struct FactLine {
    pub text: String,
    /// An address, or another text that is compared letter by letter.
    pub mono: bool,
    /// A word that goes with it, such as `Regex`.
    pub note: Option<&'static str>,
    /// The certificate it names.
    pub certificate: Option<Uuid>,
}

impl Fact {
    /// A fact of one line.
    pub fn new(label: &'static str, text: impl Into<String>) -> Fact {
        Fact { label, lines: vec![FactLine { text: text.into(), ..FactLine::default() }] }
    }
}

pub(crate) fn operation() -> Operation {
    let view = Access::on(Permission::view(<dyn Provider as Family>::META));
    Operation::new(
        Method::GET,
        "countersign/providers/{id}/",
        "countersign_providers_retrieve",
        view,
        |call: Call| async move {
            let entry = named(&call)?;
            let id = Ref::new(entry.id.key);
            let sheet = entry
                .facet::<dyn Provider>()
                .map(|provider| provider.sheet(id, &call.snapshot, &call.cx.origin(&call.request)))
                .unwrap_or_default();
            let sheet = serde_json::to_value(sheet).unwrap_or_default();
            Ok(json(StatusCode::OK, &sheet))
        },
    )
    .summary("What the page of a provider shows")
    .response("ProviderSheet")
}

/// The provider that a request names.
///
/// # Errors
/// There is none of this number.
pub(crate) fn named(call: &Call) -> Result<&Arc<Entry>, ApiError> {
    let id = call.param("id").parse::<i64>().ok();
    id.and_then(|id| call.snapshot.member(Ref::<dyn Provider>::new(Key::Int(id))))
        .ok_or_else(|| ApiError::not_found("Provider"))
}

/// The schemas of [`operation`].
pub(crate) fn schemas() -> Vec<(&'static str, Value)> {
    let line = [("label", "string"), ("value?", "string"), ("secret?", "string")];
    vec![
        (
            "ProviderSheet",
            object_schema(&[
                ("connect", "[#ProviderLine]"),
                ("environment", "[#ProviderVariable]"),
                ("snippets", "[#ProviderSnippet]"),
                ("addresses", "[#ProviderLine]"),
                ("facts", "[#ProviderFact]"),
                ("preview", "string?"),
            ]),
        ),
        ("ProviderLine", object_schema(&line)),
        ("ProviderSnippet", object_schema(&[("label", "string"), ("text", "string")])),
        (
            "ProviderVariable",
            object_schema(&[
                ("name", "string"),
                ("value?", "string"),
                ("secret?", "string"),
                ("beside", "string?"),
            ]),
        ),
        ("ProviderFact", object_schema(&[("label", "string"), ("lines", "[#ProviderFactLine]")])),
        (
            "ProviderFactLine",
            object_schema(&[
                ("text", "string"),
                ("mono", "boolean"),
                ("note", "string?"),
                ("certificate", "uuid?"),
            ]),
        ),
    ]
}

pub(crate) fn family() -> FamilyResource {
    FamilyResource::of::<dyn Provider>()
        .computed(assigned)
        .narrowed(&[("application__isnull", "boolean"), ("backchannel", "boolean")], filter)
}

/// `application__isnull`: attached to no application; `backchannel`: attached as one of its
/// backchannel providers, or to none.
fn filter(call: &Call, entry: &Entry) -> bool {
    let used = |wanted: &str| call.snapshot.referrers(entry.id).any(|(_, field)| field == wanted);
    let free = call.query.flag("application__isnull").is_none_or(|null| null != used("provider"));
    free && call
        .query
        .flag("backchannel")
        .is_none_or(|wanted| wanted == used("backchannel_providers"))
}

/// Slug and name of the application a provider is attached to; empty texts where there is none, as
/// clients made from the original's document expect texts.
fn assigned(entry: &Entry, render: &RenderContext<'_>, map: &mut Map<String, Value>) {
    let mut found: [Option<&Application>; 2] = [None, None];
    for (by, field) in render.snapshot.referrers(entry.id) {
        let application = render.snapshot.entry(by).and_then(|e| e.cast::<Application>());
        match field {
            "provider" => found[0] = application,
            "backchannel_providers" => found[1] = application,
            _ => {}
        }
    }
    let [front, back] = found;
    for (prefix, application) in
        [("assigned_application", front), ("assigned_backchannel_application", back)]
    {
        map.insert(format!("{prefix}_slug"), application.map_or("", |a| &a.slug).into());
        map.insert(format!("{prefix}_name"), application.map_or("", |a| a.name.as_str()).into());
    }
}

/// A provider inside an application: the fields all providers share.
pub(crate) fn embedded(provider: Ref<dyn Provider>, render: &RenderContext<'_>) -> Value {
    let entry = render.snapshot.member(provider);
    entry.map(|entry| rendered_member(render, entry)).unwrap_or_default()
}
