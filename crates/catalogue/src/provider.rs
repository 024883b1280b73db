//! What all providers have in common: the application they serve, and where it opens.

use countersign_core::{Call, FamilyResource, RenderContext};
use countersign_model::{Entry, Fields, Ref, family};
use countersign_rest::rendered_member;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::application::Application;

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
