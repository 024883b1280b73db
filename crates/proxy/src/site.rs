//! The hosts that are answered for, at one revision of the configuration.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use countersign_catalogue::{Application, Brand, CertificateKeyPair, Provider, application};
use countersign_model::{Entry, Fields as _, Ref, Revision, Snapshot};
use countersign_oauth2::AsClient;
use countersign_outbound::{Place, Trust, Upstream, UpstreamError, Upstreams};
use http::{HeaderMap, Uri};

use crate::address::{Address, Host, Scheme};
use crate::asked::named_hosts;
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
    /// Whose certificates are believed of the server of the application.
    pub(crate) trust: Trust,
    /// Where requests are passed on to.
    pub(crate) upstream: Result<Arc<Upstream>, UpstreamError>,
}

impl Site {
    /// `None` where the provider has no application, or does not know its own host or secret.
    fn of(
        snapshot: &Snapshot,
        provider: Ref<ProxyProvider>,
        settings: Arc<ProxyProvider>,
        upstreams: &Upstreams,
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
        let trust = settings.trust(snapshot);
        let upstream = match Place::read(&settings.internal_host) {
            Some(place) if settings.mode == ProxyMode::Proxy => upstreams.at(&place, &trust),
            _ => Err(UpstreamError::Unknown("it has no internal host".to_owned())),
        };
        Some(Site {
            trust,
            upstream,
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
    /// Whether requests of any are passed on.
    passes: bool,
}

impl Sites {
    pub(crate) fn of(snapshot: &Snapshot, upstreams: &Upstreams) -> Sites {
        let all = snapshot.in_order(ProxyProvider::META);
        let site =
            |entry: &Entry| Site::of(snapshot, Ref::new(entry.id.key), entry.share()?, upstreams);
        all.filter_map(|entry| site(entry)).collect()
    }

    /// The application at a host whose requests are passed on.
    pub(crate) fn own(&self, host: &Host) -> Option<&Arc<Site>> {
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

/// The certificate of the application at a host, as a browser names it. Where people sign in, the
/// brand's is shown, whichever port an application may have there.
pub fn certificate(snapshot: &Snapshot, name: &str) -> Option<Ref<CertificateKeyPair>> {
    if snapshot.list::<Brand>().any(|(_, brand)| brand.domain.eq_ignore_ascii_case(name)) {
        return None;
    }
    let with = snapshot.list::<ProxyProvider>().filter(|(_, own)| own.certificate.is_some());
    let mut own = with.filter(|(_, own)| {
        own.external().is_some_and(|external| external.host.name().eq_ignore_ascii_case(name))
    });
    own.next().and_then(|(_, own)| own.certificate)
}

/// The sites of the configuration, made anew when that changes.
pub(crate) struct Known {
    pub(crate) upstreams: Upstreams,
    /// Outposts answer for all of them.
    none: bool,
    made: Mutex<Option<(Revision, Arc<Sites>)>>,
}

impl Known {
    pub(crate) fn new(upstreams: Upstreams, embedded: bool) -> Known {
        Known { upstreams, none: !embedded, made: Mutex::default() }
    }

    pub(crate) fn sites(&self, snapshot: &Snapshot) -> Arc<Sites> {
        if self.none {
            return Arc::default();
        }
        let mut known = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        match &*known {
            Some((revision, sites)) if *revision == snapshot.revision() => sites.clone(),
            _ => {
                let sites = Arc::new(Sites::of(snapshot, &self.upstreams));
                *known = Some((snapshot.revision(), sites.clone()));
                sites
            }
        }
    }
}
