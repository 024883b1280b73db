//! What a handler works with: one value, no globals.

use std::collections::HashMap;
use std::net::IpAddr;
use std::ops::Deref;
use std::sync::Arc;

use aws_lc_rs::digest;
use countersign_model::{
    BasePath, Cidr, Clock, Entropy, KindMeta, ObjectId, Registry, Secret, Snapshot, Space,
    TableMeta,
};
use countersign_store::{Actor, Agent, Store, StoreError};
use serde_json::{Map, Value, json};

use crate::identity::Caller;
use crate::media::Media;
use crate::module::Module;
use crate::request::RequestInfo;
use crate::resource::{FamilyResource, KindResource};
use crate::service::{Health, Tasks};
use crate::session::SessionLimits;
use crate::session_binding::SessionGuard;
use crate::table::RowRenderer;
use crate::visitor::TokenResolver;

/// The settings handlers need; the program reads them from flags, environment and files.
#[derive(Debug, Clone)]
pub struct Settings {
    pub version: &'static str,
    pub secret_key: Secret,
    /// The public address, as `https://id.example.org`; without it links follow the request's host.
    pub base_url: Option<String>,
    pub base_path: BasePath,
    pub cookie_domain: Option<String>,
    /// Networks whose forwarding headers count.
    pub trusted_proxies: Vec<Cidr>,
    /// The header in which those proxies name the certificate of a client; none: in no header.
    pub client_certificate_header: Option<String>,
    /// Where clients with certificates reach this server, as `https://mtls.example.org`.
    pub mtls_url: Option<String>,
    pub data_dir: std::path::PathBuf,
    /// Where uploaded pictures are kept.
    pub media: Media,
    pub bootstrap_password: Option<Secret>,
    pub bootstrap_token: Option<Secret>,
    pub bootstrap_email: Option<String>,
    pub debug: bool,
    pub sessions: SessionLimits,
}

impl Settings {
    pub fn trusts(&self, peer: IpAddr) -> bool {
        self.trusted_proxies.iter().any(|network| network.contains(peer))
    }
}

/// The fact that names where an administrator signed in last.
pub const ADDRESS: &str = "address of this server";

/// What the program puts a context together from.
pub struct ContextParts {
    pub store: Store,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    pub settings: Settings,
    /// Names this installation in subject identifiers; kept with the data.
    pub install_id: String,
    pub modules: Vec<Module>,
}

/// What a permission's model is declared as.
#[derive(Debug, Clone, Copy)]
pub enum Declared {
    /// A kind, or a family of kinds.
    Kind(&'static KindMeta),
    Table(&'static TableMeta, &'static KindMeta),
}

impl Declared {
    pub const fn meta(self) -> &'static KindMeta {
        match self {
            Declared::Kind(meta) | Declared::Table(_, meta) => meta,
        }
    }
}

/// Cheap to clone; handed to every handler.
#[derive(Clone)]
pub struct Context(Arc<Inner>);

pub struct Inner {
    pub store: Store,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    pub settings: Settings,
    pub install_id: String,
    /// For work that outlives its request.
    pub tasks: Tasks,
    /// The services of this process that are down.
    pub health: Health,
    /// HMAC key of the session cookie: the hex SHA-512 of the secret key, as the original's.
    pub(crate) cookie_key: Secret,
    pub(crate) modules: Vec<Module>,
    /// By model.
    kinds: HashMap<&'static str, KindResource>,
    families: HashMap<Space, FamilyResource>,
    rows: HashMap<Space, RowRenderer>,
    /// By model.
    declared: HashMap<&'static str, Declared>,
}

impl Deref for Context {
    type Target = Inner;
    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl Context {
    pub fn new(parts: ContextParts) -> Context {
        let digest = digest::digest(&digest::SHA512, parts.settings.secret_key.expose().as_bytes());
        let modules = || parts.modules.iter();
        let kinds = modules().flat_map(|module| &module.kinds);
        let families = modules().flat_map(|module| &module.families);
        let tables = modules().flat_map(|module| &module.tables);
        let tables = tables.filter_map(|table| Some((table.meta, table.meta.kind?)));
        let metas = kinds.clone().map(KindResource::meta);
        let metas = metas.chain(families.clone().map(|family| family.meta));
        let declared = metas
            .map(|meta| (meta.model, Declared::Kind(meta)))
            .chain(tables.map(|(table, meta)| (meta.model, Declared::Table(table, meta))));
        Context(Arc::new(Inner {
            declared: declared.collect(),
            kinds: kinds.map(|kind| (kind.def.meta.model, kind.clone())).collect(),
            families: families.map(|family| (family.meta.space, family.clone())).collect(),
            rows: modules()
                .flat_map(|module| &module.tables)
                .filter_map(|table| Some((table.meta.kind?.space, table.embedded?)))
                .collect(),
            store: parts.store,
            clock: parts.clock,
            entropy: parts.entropy,
            settings: parts.settings,
            install_id: parts.install_id,
            tasks: Tasks::default(),
            health: Health::default(),
            cookie_key: Secret::new(hex::encode(digest.as_ref())),
            modules: parts.modules,
        }))
    }

    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.store.snapshot()
    }

    pub fn registry(&self) -> &Registry {
        self.store.registry()
    }

    pub fn modules(&self) -> &[Module] {
        &self.modules
    }

    /// The part of the API that a kind has.
    pub fn resource(&self, meta: &KindMeta) -> Option<&KindResource> {
        self.kinds.get(meta.model)
    }

    /// What is declared under a model's name.
    pub fn declared(&self, model: &str) -> Option<Declared> {
        self.declared.get(model).copied()
    }

    /// The part of the API that a kind's family has.
    pub fn family(&self, meta: &KindMeta) -> Option<&FamilyResource> {
        self.families.get(&meta.family?.space)
    }

    /// How objects of a space of the directory look inside other objects.
    pub fn row_renderer(&self, space: Space) -> Option<RowRenderer> {
        self.rows.get(&space).copied()
    }

    /// Those who know bearer tokens that are not API tokens.
    pub fn token_resolvers(&self) -> impl Iterator<Item = &Arc<dyn TokenResolver>> {
        self.modules.iter().filter_map(|m| m.token_resolver.as_ref())
    }

    /// Who decides about sessions that moved.
    pub fn session_guard(&self) -> Option<&Arc<dyn SessionGuard>> {
        self.modules.iter().find_map(|module| module.session_guard.as_ref())
    }

    /// What links begin with: the base URL where one is set, else the origin of the request, and
    /// the path everything is served below. Without final slash.
    pub fn origin(&self, request: &RequestInfo) -> String {
        let host = match &self.settings.base_url {
            Some(base) => base.trim_end_matches('/').to_owned(),
            None => request.origin(),
        };
        host + self.settings.base_path.as_str()
    }

    /// The address of this server where a request says nothing of it, as one that came by the host
    /// of an application: the setting `base_url`, else where an administrator signed in last.
    ///
    /// # Errors
    /// When the engine fails.
    pub async fn known_address(&self) -> Result<Option<String>, StoreError> {
        if let Some(base) = &self.settings.base_url {
            let base = base.trim_end_matches('/').to_owned();
            return Ok(Some(base + self.settings.base_path.as_str()));
        }
        self.store.look_up(|sql| sql.fact(ADDRESS)).await
    }

    /// An address of this server, as `/if/user/`, as browsers have to ask for it.
    pub fn url(&self, address: &str) -> String {
        self.settings.base_path.url(address)
    }

    /// The original's `uid` of a user: stable, and the same for every client.
    pub fn uid(&self, user_pk: i64) -> String {
        uid(&self.install_id, user_pk)
    }

    /// Who acts in a request, for edits and events.
    pub fn actor(&self, caller: &Caller, request: &RequestInfo) -> Actor {
        let user = caller.user.as_ref().map(|user| user.as_actor());
        let original = caller.original.as_ref().map(|user| user.as_actor());
        let (user, on_behalf_of) = if original.is_some() { (original, user) } else { (user, None) };
        Actor {
            user,
            agent: Agent::Anonymous,
            through: None,
            on_behalf_of,
            bounded: false,
            client_ip: Some(request.client_ip.to_string()),
            http_request: Some(request.to_event()),
            brand: self.brand_reference(request),
            confirm_within: None,
        }
    }

    /// The attributes of the brand a request belongs to.
    pub fn brand_attributes(&self, request: &RequestInfo) -> Map<String, Value> {
        self.brand_attributes_at(&request.host)
    }

    /// The language of the default brand, for what is written without a request.
    pub fn default_locale(&self) -> Option<String> {
        let attributes = self.brand_attributes_at("");
        attributes.get("settings")?.get("locale")?.as_str().map(str::to_owned)
    }

    fn brand_attributes_at(&self, host: &str) -> Map<String, Value> {
        let snapshot = self.snapshot();
        let attributes = brand_for(&snapshot, host)
            .and_then(|id| snapshot.entry(id)?.object.value("attributes"));
        match attributes {
            Some(Value::Object(map)) => map,
            _ => Map::new(),
        }
    }

    /// Model reference of the brand a request belongs to: longest matching domain, else the default
    /// one.
    pub fn brand_reference(&self, request: &RequestInfo) -> Option<serde_json::Value> {
        let snapshot = self.snapshot();
        let id = brand_for(&snapshot, &request.host)?;
        let name = self.display(snapshot.entry(id)?);
        let pk = id.key.uuid().map(|u| u.simple().to_string()).unwrap_or_default();
        Some(json!({"app": "authentik_brands", "model_name": "brand", "pk": pk, "name": name}))
    }
}

/// The id of the brand for a host: the longest domain that the host ends with, else the default
/// brand.
pub fn brand_for(snapshot: &Snapshot, host: &str) -> Option<ObjectId> {
    let host = host.to_ascii_lowercase();
    let bare = host
        .rsplit_once(':')
        .filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()))
        .map_or(host.as_str(), |(name, _)| name);
    let mut best: Option<(bool, usize, ObjectId)> = None;
    for entry in snapshot.entries(Space("brand")) {
        let domain = entry
            .object
            .value("domain")
            .and_then(|d| d.as_str().map(str::to_ascii_lowercase))
            .unwrap_or_default();
        // Whole labels only: evil-example.org is not of example.org. A domain may name a port, too.
        let of = |host: &str| {
            host.strip_suffix(domain.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        let matches = !domain.is_empty() && (of(&host) || of(bare));
        let default = entry.object.value("default").and_then(|d| d.as_bool()).unwrap_or(false);
        let rank = (matches, if matches { domain.len() } else { 0 });
        if (matches || default) && best.is_none_or(|(m, l, _)| rank > (m, l)) {
            best = Some((rank.0, rank.1, entry.id));
        }
    }
    best.map(|(_, _, id)| id)
}

pub(crate) fn uid(install_id: &str, user_pk: i64) -> String {
    hex::encode(countersign_store::sha256(&format!("{user_pk}-{install_id}")))
}
