//! Applications behind a proxy, by their hosts.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::Arc;

use countersign_model::Secret;
use countersign_outbound::{Place, Trust, Upstream, UpstreamError, Upstreams};
use http::{HeaderMap, Uri};

use crate::address::{Address, Host, Scheme};
use crate::asked::named_hosts;
use crate::provider::{ProxyMode, callback};
use crate::skip::SkipPaths;

/// What a proxy is told of an application and its provider, wherever from.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Of the provider.
    pub name: String,
    /// Of the application.
    pub slug: String,
    /// What the outpost is called that answers.
    pub outpost: String,
    pub mode: ProxyMode,
    pub external_host: String,
    pub internal_host: String,
    pub client_id: String,
    pub cookie_secret: Secret,
    pub cookie_domain: String,
    pub skip_path_regex: SkipPaths,
    pub basic_auth_enabled: bool,
    pub basic_auth_user_attribute: String,
    pub basic_auth_password_attribute: String,
    pub intercept_header_auth: bool,
    /// The scopes to ask for, one blank between each.
    pub scopes: String,
    /// Whose certificates are believed of the server of the application.
    pub trust: Trust,
}

/// An application behind a proxy, with what is known of it before anybody asks.
#[derive(Debug)]
pub struct Site {
    pub settings: Settings,
    pub external: Address,
    /// Where codes are sent to.
    pub callback: String,
    /// The cookie that says who somebody is; as the original calls it.
    pub cookie: String,
    /// Where requests are passed on to.
    pub upstream: Result<Arc<Upstream>, UpstreamError>,
}

impl Site {
    /// `None` where the provider does not know its own host or secret.
    pub fn new(settings: Settings, upstreams: Option<&Upstreams>) -> Option<Site> {
        let external = Address::read(&settings.external_host)?;
        // Without one anybody could seal.
        if settings.cookie_secret.is_empty() || settings.client_id.is_empty() {
            return None;
        }
        let place = Place::read(&settings.internal_host);
        let upstream = match (place, upstreams) {
            (Some(place), Some(upstreams)) if settings.mode == ProxyMode::Proxy => {
                upstreams.at(&place, &settings.trust)
            }
            _ => Err(UpstreamError::Unknown("it has no internal host".to_owned())),
        };
        let begins: String = settings.client_id.chars().take(8).collect();
        Some(Site {
            callback: callback(&external),
            cookie: format!("authentik_proxy_{begins}"),
            external,
            upstream,
            settings,
        })
    }

    pub(crate) fn secure(&self) -> bool {
        self.external.scheme == Scheme::Https
    }

    /// Whether an address is of this application: nobody is sent anywhere else.
    pub(crate) fn has(&self, host: &Host) -> bool {
        match self.settings.mode {
            ProxyMode::ForwardDomain => host.is_within(&self.settings.cookie_domain),
            ProxyMode::Proxy | ProxyMode::ForwardSingle => *host == self.external.host,
        }
    }
}

/// The applications behind proxies, by their hosts.
#[derive(Debug)]
pub struct Sites<S> {
    hosts: HashMap<Host, Arc<S>>,
    domains: Vec<Arc<S>>,
    /// Whether requests of any are passed on.
    passes: bool,
}

impl<S> Default for Sites<S> {
    fn default() -> Sites<S> {
        Sites { hosts: HashMap::new(), domains: Vec::new(), passes: false }
    }
}

impl<S: Deref<Target = Site>> Sites<S> {
    /// The application at a host whose requests are passed on.
    pub(crate) fn own(&self, host: &Host) -> Option<&Arc<S>> {
        self.hosts.get(host).filter(|site| site.settings.mode == ProxyMode::Proxy)
    }

    /// The host of such an application, where a request names one.
    pub(crate) fn passed_on(&self, uri: &Uri, headers: &HeaderMap) -> Option<Host> {
        if !self.passes {
            return None;
        }
        named_hosts(uri, headers).find(|host| self.own(host).is_some())
    }

    /// The application at a host: its own, else the one of the narrowest domain.
    pub(crate) fn at(&self, host: &Host) -> Option<&Arc<S>> {
        self.hosts.get(host).or_else(|| {
            let within = self.domains.iter().filter(|site| site.has(host));
            within.max_by_key(|site| site.settings.cookie_domain.trim_start_matches('.').len())
        })
    }
}

impl<S: Deref<Target = Site>> FromIterator<S> for Sites<S> {
    fn from_iter<I: IntoIterator<Item = S>>(all: I) -> Sites<S> {
        let mut sites = Sites::default();
        for site in all.into_iter().map(Arc::new) {
            match site.settings.mode {
                ProxyMode::ForwardDomain => sites.domains.push(site.clone()),
                ProxyMode::Proxy => sites.passes = true,
                ProxyMode::ForwardSingle => {}
            }
            sites.hosts.entry(site.external.host.clone()).or_insert(site);
        }
        sites
    }
}
