//! The provider of what signs people in by RADIUS: its settings.

use std::sync::Arc;

use countersign_catalogue::application::of_provider;
use countersign_catalogue::outposts::{answered_by, outpost_set};
use countersign_catalogue::{Copied, Fact, Line, Provider, Sheet};
use countersign_core::RenderContext;
use countersign_flow::Flow;
use countersign_model::{
    Draft, Entropy, Entry, FieldErrors, Kind, Needed, ObjectId, Problem, Ref, Secret, Snapshot,
};
use countersign_policy::Mapping;
use serde_json::{Map, Value};

use crate::mapping::RadiusProviderPropertyMapping;
use crate::networks::Networks;

/// A shorter secret can be guessed from what goes over the network.
const SHORT_SECRET: usize = 16;

/// Signs people in to Wi-Fi, VPNs, switches and whatever else speaks RADIUS.
#[derive(Debug, Clone, Kind)]
#[kind(
    family = dyn Provider,
    path = "providers/radius",
    model = "authentik_providers_radius.radiusprovider",
    title = "Radius Provider",
    component = "ak-provider-radius-form",
    form = "name authorization_flow mfa_support shared_secret client_networks require_message_authenticator property_mappings invalidation_flow",
    fold("Protocol settings", "Shared secret, networks of clients, attributes of answers"),
    fold("Advanced flow settings", "As the brand has it"),
    aside(
        "What happens next",
        "You make an application that uses the provider and bind who may use it. This server then listens on UDP port 1812; its address and the shared secret go into your access point, switch or VPN."
    ),
    check = RadiusProvider::check
)]
pub struct RadiusProvider {
    #[field(unique, search, filter)]
    pub name: String,
    #[field(label = "Authentication flow", hide, choose(query = "designation=authentication"))]
    pub authentication_flow: Option<Ref<Flow>>,
    #[field(
        label = "Authentication flow",
        help = "Checks name and password of whoever signs in. It may ask for these and for a code, and nothing else.",
        choose(
            query = "designation=authentication",
            prefer("slug", "default-authentication-flow")
        ),
        on_delete = Cascade,
        filter
    )]
    pub authorization_flow: Ref<Flow>,
    #[field(
        label = "Invalidation flow",
        help = "RADIUS has no signing out: it is not run.",
        choose(
            query = "designation=invalidation",
            prefer("slug", "default-provider-invalidation-flow")
        ),
        group = "Advanced flow settings"
    )]
    pub invalidation_flow: Needed<Ref<Flow>>,
    #[field(
        label = "Property mappings",
        help = "What the answer carries for whoever may enter, as a VLAN or a role.",
        choose(path = "propertymappings/provider/radius"),
        group = "Protocol settings",
        default
    )]
    pub property_mappings: Vec<Ref<dyn Mapping>>,
    #[field(
        label = "Client Networks",
        help = "Where clients may be, with commas between networks. Of several providers the one with the smaller network answers. Requests from elsewhere are dropped.",
        group = "Protocol settings",
        default = "0.0.0.0/0, ::/0",
        filter
    )]
    pub client_networks: Networks,
    #[field(
        label = "Shared secret",
        help = "Clients and this server prove themselves to each other by it. It hides passwords only from those who do not know it.",
        group = "Protocol settings",
        default_with = shared_secret
    )]
    pub shared_secret: Secret,
    #[field(
        label = "Code-based MFA Support",
        help = "A code of an authenticator app, or a recovery code, may follow the password behind a semicolon.",
        default = true
    )]
    pub mfa_support: bool,
    #[field(
        label = "Require Message-Authenticator",
        help = "Drop requests that do not prove where they come from (Blast-RADIUS, CVE-2024-3596). Clients with a firmware from before 2024 may not send it.",
        group = "Protocol settings",
        start = true,
        default = false
    )]
    pub require_message_authenticator: bool,
}

fn shared_secret(entropy: &dyn Entropy) -> Secret {
    Secret::new(entropy.token(40))
}

impl RadiusProvider {
    fn check(&self, draft: &Draft, _: ObjectId, errors: &mut FieldErrors) {
        for mapping in &self.property_mappings {
            let own = Ref::<RadiusProviderPropertyMapping>::new(mapping.key());
            if draft.get(own).is_none() {
                errors.add("property_mappings", Problem::missing_reference(mapping.key()));
            }
        }
    }
}

impl Provider for RadiusProvider {
    fn launch_url(&self) -> Option<String> {
        None
    }

    /// Of several in whose networks a client is, the one of the smallest network answers.
    fn displaces(&self, other: &Entry) -> Vec<&'static str> {
        let other = other.cast::<RadiusProvider>();
        let own = &self.client_networks;
        let nearer = other.filter(|other| own.is_nearer_than(&other.client_networks));
        nearer.map(|_| "client_networks").into_iter().collect()
    }

    fn sheet(&self, id: Ref<dyn Provider>, snapshot: &Arc<Snapshot>, origin: &str) -> Sheet {
        let value = |text: &str| Copied::Value(text.to_owned());
        let host = origin.split("://").nth(1).unwrap_or(origin);
        let host = host.split(['/', ':']).next().unwrap_or(host);
        let connect = vec![
            Line { label: "Server", value: value(host) },
            Line { label: "Port (UDP)", value: value("1812") },
            Line { label: "Shared secret", value: Copied::Secret("shared_secret") },
            Line { label: "Authentication", value: value("PAP") },
        ];
        let mut facts = vec![
            Fact::new("Client networks", self.client_networks.to_string()),
            Fact::new("Codes behind the password", yes(self.mfa_support)),
            Fact::new(
                "Message-Authenticator",
                if self.require_message_authenticator {
                    "required"
                } else {
                    "checked where it is sent; require it once all clients send it"
                },
            ),
        ];
        if self.shared_secret.expose().len() < SHORT_SECRET {
            let text = format!(
                "shorter than {SHORT_SECRET} characters: whoever records a request can guess it"
            );
            facts.push(Fact::new("Shared secret", text));
        }
        let opens = id.key().int().and_then(|number| of_provider(snapshot, number));
        facts.push(answered_by(snapshot, id.id(), opens.is_some()));
        Sheet { connect, facts, ..Sheet::default() }
    }
}

fn yes(is: bool) -> &'static str {
    if is { "yes" } else { "no" }
}

/// What answers say beyond the declared fields.
pub(crate) fn compute(entry: &Entry, render: &RenderContext<'_>, map: &mut Map<String, Value>) {
    map.insert("outpost_set".to_owned(), outpost_set(entry, render));
}
