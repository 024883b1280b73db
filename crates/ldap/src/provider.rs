//! The provider of what looks people up, and signs them in, over LDAP: its settings.

use std::sync::Arc;

use countersign_catalogue::application::{of_backchannel, of_provider};
use countersign_catalogue::outposts::{answered_by, is_elsewhere, outpost_set};
use countersign_catalogue::{
    Application, CertificateKeyPair, Copied, Fact, Line, Provider, Sheet, Snippet,
};
use countersign_core::RenderContext;
use countersign_flow::Flow;
use countersign_model::{
    Choice, Draft, Entry, FieldErrors, Kind, Needed, ObjectId, Problem, Ref, Snapshot,
};
use countersign_policy::Mapping;
use serde_json::{Map, Value};

use crate::dn::Dn;
use crate::posix::Starts;
use crate::settings;
use crate::tree::Tree;

/// Whether answers are remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum AccessMode {
    #[choice(value = "direct", label = "Direct")]
    Direct,
    #[choice(value = "cached", label = "Cached")]
    Cached,
}

/// Lets applications look people up, and check their passwords, over LDAP.
#[derive(Debug, Clone, Kind)]
#[kind(
    family = dyn Provider,
    path = "providers/ldap",
    model = "authentik_providers_ldap.ldapprovider",
    schema = "LDAPProvider",
    title = "LDAP Provider",
    component = "ak-provider-ldap-form",
    form = "name bind_mode search_mode mfa_support",
    fold("Flow settings", "How people sign in and out"),
    fold("Protocol settings", "Base DN, certificate, numbers of accounts and groups"),
    aside(
        "What happens next",
        "You make an application that uses the provider and bind who may sign in by it. This server then listens for LDAP. Give the account that the application searches with the permission to search the full directory, on the provider’s page; everybody else finds only themselves."
    ),
    check = LdapProvider::check
)]
pub struct LdapProvider {
    #[field(unique, search, filter)]
    pub name: String,
    #[field(label = "Authentication flow", hide, choose(query = "designation=authentication"))]
    pub authentication_flow: Option<Ref<Flow>>,
    #[field(
        label = "Bind flow",
        help = "Checks name and password of whoever binds. It may ask for these and for a code, and nothing else.",
        choose(
            query = "designation=authentication",
            prefer("slug", "default-authentication-flow")
        ),
        group = "Flow settings",
        on_delete = Cascade,
        filter
    )]
    pub authorization_flow: Ref<Flow>,
    #[field(
        label = "Unbind flow",
        help = "Kept for outposts; this server ends a connection without it.",
        choose(
            query = "designation=invalidation",
            prefer("slug", "default-provider-invalidation-flow")
        ),
        group = "Flow settings"
    )]
    pub invalidation_flow: Needed<Ref<Flow>>,
    #[field(label = "Property mappings", hide, default)]
    pub property_mappings: Vec<Ref<dyn Mapping>>,
    #[field(
        label = "Base DN",
        help = "Below this name are ou=users, ou=groups and ou=virtual-groups.",
        group = "Protocol settings",
        default = "DC=ldap,DC=goauthentik,DC=io",
        filter,
        search
    )]
    pub base_dn: String,
    #[field(
        label = "Certificate",
        help = "What this server shows on the encrypted port, and when a connection is encrypted later (StartTLS). Empty: the server’s own.",
        choose(query = "has_key=true"),
        needs = "key_data",
        group = "Protocol settings",
        filter
    )]
    pub certificate: Option<Ref<CertificateKeyPair>>,
    #[field(
        label = "TLS Server name",
        help = "The name that clients connect to, where several providers have different certificates.",
        group = "Protocol settings",
        default,
        filter
    )]
    pub tls_server_name: String,
    #[field(
        label = "UID start number",
        help = "The number of an account on Unix machines is this one and the account’s own together.",
        group = "Protocol settings",
        default = 2000,
        filter
    )]
    pub uid_start_number: i32,
    #[field(
        label = "GID start number",
        help = "The number of a group on Unix machines is this one and the group’s own together.",
        group = "Protocol settings",
        default = 4000,
        filter
    )]
    pub gid_start_number: i32,
    #[field(
        label = "Search mode",
        help = "Concerns outposts: with Cached they answer from a copy. This server always answers from memory, and what is changed is found at once.",
        default = AccessMode::Direct
    )]
    pub search_mode: AccessMode,
    #[field(
        label = "Bind mode",
        help = "Direct: the flow runs with each bind. Cached: the same name and password get the same answer as long as the session lasts that the flow began.",
        default = AccessMode::Direct
    )]
    pub bind_mode: AccessMode,
    #[field(
        label = "Code-based MFA Support",
        help = "A code of an authenticator app, or a recovery code, may follow the password behind a semicolon.",
        default = true
    )]
    pub mfa_support: bool,
}

impl LdapProvider {
    fn check(&self, _: &Draft, _: ObjectId, errors: &mut FieldErrors) {
        if Dn::parse(&self.base_dn).is_none_or(|dn| dn.is_empty()) {
            let text = "Enter a distinguished name, as DC=ldap,DC=example,DC=com.";
            errors.add("base_dn", Problem::new("invalid", text));
        }
    }

    pub(crate) fn starts(&self) -> Starts {
        Starts { uid: self.uid_start_number.into(), gid: self.gid_start_number.into() }
    }

    /// `None` where an older version let a base through that is none.
    pub(crate) fn tree(&self) -> Option<Tree> {
        Tree::new(&self.base_dn, self.starts())
    }
}

impl Provider for LdapProvider {
    fn launch_url(&self) -> Option<String> {
        None
    }

    /// Of several below whose base a name lies, the nearest answers; by the name of the server its
    /// certificate is chosen.
    fn displaces(&self, other: &Entry) -> Vec<&'static str> {
        let Some(other) = other.cast::<LdapProvider>() else { return Vec::new() };
        let bases = Dn::parse(&self.base_dn).zip(Dn::parse(&other.base_dn));
        let base = bases.is_some_and(|(own, other)| own.is_within(&other)).then_some("base_dn");
        let name = &self.tls_server_name;
        let named = !name.is_empty() && name.eq_ignore_ascii_case(&other.tls_server_name);
        base.into_iter().chain(named.then_some("tls_server_name")).collect()
    }

    fn sheet(&self, id: Ref<dyn Provider>, snapshot: &Arc<Snapshot>, origin: &str) -> Sheet {
        let host = origin.split("://").nth(1).unwrap_or(origin);
        let host = host.split(['/', ':']).next().unwrap_or(host);
        let host = if self.tls_server_name.is_empty() { host } else { &self.tls_server_name };
        let at = settings::Place { host, base: &self.base_dn };
        let value = |label, value: String| Line { label, value: Copied::Value(value) };
        let opens = id.key().int().and_then(|number| application(snapshot, number));
        let mut facts = vec![
            answered_by(snapshot, id.id(), opens.is_some()),
            Fact::new("Codes behind the password", if self.mfa_support { "yes" } else { "no" }),
            Fact::new(
                "Binds",
                match self.bind_mode {
                    AccessMode::Direct => "run the flow each time",
                    AccessMode::Cached => "are remembered as long as the session lasts",
                },
            ),
        ];
        let same = |other: &LdapProvider| other.base_dn.eq_ignore_ascii_case(&self.base_dn);
        let others = snapshot.list::<LdapProvider>().filter(|(other, _)| other.key() != id.key());
        if let Some((_, other)) = others.into_iter().find(|(_, other)| same(other)) {
            let text = format!(
                "{} has it, too: of the two, the older one answers. Give each a base DN of its own.",
                other.name
            );
            facts.push(Fact::new("Base DN", text));
        }
        Sheet {
            connect: vec![
                value("Server", at.uri()),
                value("Encrypted", at.encrypted_uri()),
                value("Base DN", self.base_dn.clone()),
                value("Bind DN", at.bind_dn()),
                value("People", at.users()),
                value("Groups", at.groups()),
            ],
            snippets: at.snippets().map(|(label, text)| Snippet { label, text }).into(),
            facts,
            ..Sheet::default()
        }
    }
}

/// The application that people sign in to by a provider: one beside which it works, else its own.
pub(crate) fn application(
    snapshot: &Snapshot,
    provider: i64,
) -> Option<(Ref<Application>, &Application)> {
    of_backchannel(snapshot, provider).or_else(|| of_provider(snapshot, provider))
}

/// A provider that this server answers for.
#[derive(Debug, Clone)]
pub(crate) struct Served {
    pub(crate) provider: Ref<LdapProvider>,
    pub(crate) number: i64,
    pub(crate) name: String,
    pub(crate) application: Ref<Application>,
    pub(crate) slug: String,
    pub(crate) tree: Tree,
}

impl Served {
    /// `None` where no application uses it.
    pub(crate) fn of(
        snapshot: &Snapshot,
        reference: Ref<LdapProvider>,
        provider: &LdapProvider,
    ) -> Option<Served> {
        let number = reference.key().int()?;
        let (application, definition) = application(snapshot, number)?;
        Some(Served {
            provider: reference,
            number,
            name: provider.name.clone(),
            application,
            slug: definition.slug.to_string(),
            tree: provider.tree()?,
        })
    }
}

/// All of them, the oldest first: those with an application that no outpost answers for.
pub(crate) fn served(snapshot: &Snapshot) -> Vec<Served> {
    let one = |(reference, provider): (Ref<LdapProvider>, &LdapProvider)| {
        let own = !is_elsewhere(snapshot, reference.id());
        own.then(|| Served::of(snapshot, reference, provider)).flatten()
    };
    let mut all: Vec<_> = snapshot.list::<LdapProvider>().filter_map(one).collect();
    all.sort_by_key(|served| served.number);
    all
}

/// The certificate for the name that a client connects to: the one of the provider with that name,
/// else the only one there is. Otherwise the server's own.
pub fn certificate(snapshot: &Snapshot, name: Option<&str>) -> Option<Ref<CertificateKeyPair>> {
    let all = served(snapshot);
    let providers = || all.iter().filter_map(|served| snapshot.get(served.provider));
    let named = name.and_then(|name| {
        providers().find(|provider| provider.tls_server_name.eq_ignore_ascii_case(name))
    });
    if let Some(provider) = named {
        return provider.certificate;
    }
    let mut certificates = providers().map(|provider| provider.certificate);
    let first = certificates.next()??;
    certificates.all(|other| other == Some(first)).then_some(first)
}

/// What answers say beyond the declared fields.
pub(crate) fn compute(entry: &Entry, render: &RenderContext<'_>, map: &mut Map<String, Value>) {
    map.insert("outpost_set".to_owned(), outpost_set(entry, render));
}
