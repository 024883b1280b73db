//! What a front end asks: which request it has at hand. Each reads its own headers and no others,
//! since those of another are whatever the client wrote (GHSA-5wcc-hf24-rf5h).

use http::{HeaderMap, Uri};
use thiserror::Error;

use crate::address::{Address, Host, Scheme, Target};
use crate::site::Site;

pub(crate) const ORIGINAL_URL: &str = "x-original-url";
pub(crate) const ORIGINAL_URI: &str = "x-original-uri";
pub(crate) const FORWARDED_PROTO: &str = "x-forwarded-proto";
pub(crate) const FORWARDED_HOST: &str = "x-forwarded-host";
pub(crate) const FORWARDED_URI: &str = "x-forwarded-uri";

/// The programs in front of applications, by how they ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Front {
    /// `auth_request`: takes 2xx and 401 and follows nothing.
    Nginx,
    /// Traefik and Caddy: what is answered goes to the browser unless it is 2xx.
    Forwarded,
    /// `ext_authz` over HTTP: the original path comes behind this one.
    Envoy,
}

/// Where Envoy's path begins.
pub(crate) const ENVOY: &str = "/outpost.goauthentik.io/auth/envoy";

/// Why nothing can be said about a request: its front end is set up wrongly, or somebody else asks.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum Misread {
    #[error(
        "the header {0} is missing; it counts only from the networks in listen.trusted_proxy_cidrs"
    )]
    Missing(&'static str),
    #[error("the header {0} came twice, or with several values")]
    Several(&'static str),
    #[error("the header {0} is no address")]
    Unreadable(&'static str),
    #[error("the request has no host")]
    NoHost,
}

impl Misread {
    /// A stable name, for counting.
    pub(crate) const fn code(&self) -> &'static str {
        match self {
            Misread::Missing(_) => "proxy.missing",
            Misread::Several(_) => "proxy.several",
            Misread::Unreadable(_) => "proxy.unreadable",
            Misread::NoHost => "proxy.no_host",
        }
    }
}

/// The request that a front end has at hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) front: Front,
    /// By which its application is found.
    pub(crate) host: Host,
    scheme: Option<Scheme>,
    target: Target,
    /// Two headers name two paths: what one of them would open to everybody is not open.
    ambiguous: bool,
}

impl Asked {
    /// # Errors
    /// What is wrong with its headers.
    pub(crate) fn read(front: Front, uri: &Uri, headers: &HeaderMap) -> Result<Asked, Misread> {
        match front {
            Front::Nginx => Asked::of_nginx(uri, headers),
            Front::Forwarded => Asked::of_forwarded(headers),
            Front::Envoy => Asked::of_envoy(uri, headers),
        }
    }

    fn of_nginx(uri: &Uri, headers: &HeaderMap) -> Result<Asked, Misread> {
        let front = Front::Nginx;
        let unreadable = Misread::Unreadable;
        let url = one(headers, ORIGINAL_URL)?
            .map(|text| Address::read(text).ok_or(unreadable(ORIGINAL_URL)));
        let path = one(headers, ORIGINAL_URI)?
            .map(|text| Target::read(text).ok_or(unreadable(ORIGINAL_URI)));
        match (url.transpose()?, path.transpose()?) {
            (Some(Address { scheme, host, target }), path) => {
                let ambiguous = path.is_some_and(|path| path.path != target.path);
                Ok(Asked { front, host, scheme: Some(scheme), target, ambiguous })
            }
            (None, Some(target)) => {
                let host = own_host(uri, headers)?;
                Ok(Asked { front, host, scheme: None, target, ambiguous: false })
            }
            (None, None) => Err(Misread::Missing("X-Original-URL")),
        }
    }

    fn of_forwarded(headers: &HeaderMap) -> Result<Asked, Misread> {
        let needed = |name| one(headers, name)?.ok_or(Misread::Missing(name));
        let scheme = needed(FORWARDED_PROTO)?;
        let host = needed(FORWARDED_HOST)?;
        let target = needed(FORWARDED_URI)?;
        // A path may hold commas; these may not, but where proxies make lists of them.
        for (name, text) in [(FORWARDED_PROTO, scheme), (FORWARDED_HOST, host)] {
            if text.contains(',') {
                return Err(Misread::Several(name));
            }
        }
        Ok(Asked {
            front: Front::Forwarded,
            scheme: Some(Scheme::read(scheme).ok_or(Misread::Unreadable(FORWARDED_PROTO))?),
            host: Host::read(host).ok_or(Misread::Unreadable(FORWARDED_HOST))?,
            target: Target::read(target).ok_or(Misread::Unreadable(FORWARDED_URI))?,
            ambiguous: false,
        })
    }

    fn of_envoy(uri: &Uri, headers: &HeaderMap) -> Result<Asked, Misread> {
        let whole = uri.path_and_query().map_or("", |path| path.as_str());
        let rest = whole.strip_prefix(ENVOY).unwrap_or_default();
        let target = if rest.is_empty() || rest.starts_with('?') {
            Target::read(&format!("/{rest}"))
        } else {
            Target::read(rest)
        };
        Ok(Asked {
            front: Front::Envoy,
            scheme: None,
            host: own_host(uri, headers)?,
            target: target.ok_or(Misread::Unreadable("path"))?,
            ambiguous: false,
        })
    }

    /// Where the request goes, as the browser knows it. A front end that does not say by which
    /// scheme it came is the one of the application's own address.
    pub(crate) fn address(&self, site: &Site) -> Address {
        let scheme = self.scheme.unwrap_or(site.external.scheme);
        Address { scheme, host: self.host.clone(), target: self.target.clone() }
    }

    /// Whether anybody may open it. The query is never looked at: the client writes into it what it
    /// likes.
    pub(crate) fn is_open(&self, site: &Site) -> bool {
        let Some(path) = self.target.plain_path().filter(|_| !self.ambiguous) else { return false };
        let skip = &site.settings.skip_path_regex;
        match site.settings.mode {
            crate::ProxyMode::ForwardDomain => {
                let address = self.address(site);
                skip.is_match(&format!("{}{path}", address.origin()))
            }
            crate::ProxyMode::Proxy | crate::ProxyMode::ForwardSingle => skip.is_match(&path),
        }
    }

    /// A parameter of the original query by which the answer to a sign-in, or the wish to sign out,
    /// comes where the front end passes on what is answered.
    pub(crate) fn marked(&self, name: &str) -> bool {
        self.front == Front::Forwarded
            && self.target.parameter(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    pub(crate) fn target(&self) -> &Target {
        &self.target
    }
}

/// The host by which a request came.
///
/// # Errors
/// It names none, or several.
pub(crate) fn own_host(uri: &Uri, headers: &HeaderMap) -> Result<Host, Misread> {
    let named = one(headers, "host")?;
    let text = named.or_else(|| uri.authority().map(http::uri::Authority::as_str));
    text.and_then(Host::read).ok_or(Misread::NoHost)
}

/// A header that comes at most once. An empty one counts as none.
fn one<'h>(headers: &'h HeaderMap, name: &'static str) -> Result<Option<&'h str>, Misread> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Misread::Several(name));
    }
    let text = std::str::from_utf8(value.as_bytes()).map_err(|_| Misread::Unreadable(name))?;
    Ok(Some(text).filter(|text| !text.is_empty()))
}
