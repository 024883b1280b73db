//! The hosts that are answered for, at one revision of the configuration.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use countersign_catalogue::{Application, CertificateKeyPair, Provider, application};
use countersign_model::{Fields as _, Ref, Revision, Snapshot};
use countersign_oauth2::AsClient;

use crate::address::{Address, Host, Scheme};
use crate::provider::{ProxyMode, ProxyProvider, callback};

/// An application behind a proxy, with what is known of it before anybody asks.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) provider: Ref<dyn Provider>,
    pub(crate) application: Ref<Application>,
    pub(crate) slug: String,
    pub(crate) settings: Arc<ProxyProvider>,
    pub(crate) external: Address,
    /// Where codes are sent to.
    pub(crate) callback: String,
    /// The cookie that says who somebody is; as the original calls it.
    pub(crate) cookie: String,
    /// The scopes to ask for, one blank between each.
    pub(crate) scopes: String,
}

impl Site {
    /// `None` where the provider has no application, or does not know its own host or secret.
    fn of(
        snapshot: &Snapshot,
        provider: Ref<ProxyProvider>,
        settings: Arc<ProxyProvider>,
    ) -> Option<Site> {
        let key = provider.key().int()?;
        let (application, found) = application::of_provider(snapshot, key)?;
        let external = settings.external()?;
        // Without one anybody could seal.
        if settings.cookie_secret.is_empty() || settings.client_id.is_empty() {
            return None;
        }
        let scopes: Vec<String> = {
            let client = settings.as_client(snapshot);
            client.mappings(snapshot).map(|mapping| mapping.scope_name.clone()).collect()
        };
        Some(Site {
            provider: provider.cast(),
            application,
            slug: found.slug.to_string(),
            callback: callback(&external),
            cookie: format!(
                "authentik_proxy_{}",
                settings.client_id.chars().take(8).collect::<String>()
            ),
            scopes: scopes.join(" "),
            external,
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
#[derive(Debug, Default)]
pub(crate) struct Sites {
    hosts: HashMap<Host, Arc<Site>>,
    domains: Vec<Arc<Site>>,
}

impl Sites {
    pub(crate) fn of(snapshot: &Snapshot) -> Sites {
        let all = snapshot.in_order(ProxyProvider::META);
        all.filter_map(|entry| Site::of(snapshot, Ref::new(entry.id.key), entry.share()?)).collect()
    }

    /// The application at a host: its own, else the one of the narrowest domain.
    pub(crate) fn at(&self, host: &Host) -> Option<&Arc<Site>> {
        self.hosts.get(host).or_else(|| {
            let within = self.domains.iter().filter(|site| site.has(host));
            within.max_by_key(|site| site.settings.cookie_domain.trim_start_matches('.').len())
        })
    }
}

impl FromIterator<Site> for Sites {
    fn from_iter<I: IntoIterator<Item = Site>>(all: I) -> Sites {
        let mut sites = Sites::default();
        for site in all.into_iter().map(Arc::new) {
            if site.settings.mode == ProxyMode::ForwardDomain {
                sites.domains.push(site.clone());
            }
            sites.hosts.entry(site.external.host.clone()).or_insert(site);
        }
        sites
    }
}

/// The certificate of the application at a host, as a browser names it.
pub fn certificate(snapshot: &Snapshot, name: &str) -> Option<Ref<CertificateKeyPair>> {
    let with = snapshot.list::<ProxyProvider>().filter(|(_, own)| own.certificate.is_some());
    let mut own = with.filter(|(_, own)| {
        own.external().is_some_and(|external| external.host.name().eq_ignore_ascii_case(name))
    });
    own.next().and_then(|(_, own)| own.certificate)
}

/// The sites of the configuration, made anew when that changes.
#[derive(Default)]
pub(crate) struct Known(Mutex<Option<(Revision, Arc<Sites>)>>);

impl Known {
    pub(crate) fn sites(&self, snapshot: &Snapshot) -> Arc<Sites> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*known {
            Some((revision, sites)) if *revision == snapshot.revision() => sites.clone(),
            _ => {
                let sites = Arc::new(Sites::of(snapshot));
                *known = Some((snapshot.revision(), sites.clone()));
                sites
            }
        }
    }
}
