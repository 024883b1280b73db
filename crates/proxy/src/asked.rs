//! What a front end asks: which request it has at hand. Each reads its own headers and no others,
//! since those of another are whatever the client wrote (GHSA-5wcc-hf24-rf5h).

use http::header::AUTHORIZATION;
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
    /// This server, which passes the request on itself.
    Own,
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
    /// It brings an `Authorization`.
    pub(crate) credentials: bool,
}

impl Asked {
    /// # Errors
    /// What is wrong with its headers.
    pub(crate) fn read(front: Front, uri: &Uri, headers: &HeaderMap) -> Result<Asked, Misread> {
        match front {
            Front::Nginx => Asked::of_nginx(uri, headers),
            Front::Forwarded => Asked::of_forwarded(headers),
            Front::Envoy => Asked::of_envoy(uri, headers),
            Front::Own => Asked::of_own(uri, headers),
        }
    }

    /// As a front end asks that says all of an address.
    pub(crate) fn of(address: &Address) -> Asked {
        Asked {
            front: Front::Nginx,
            host: address.host.clone(),
            scheme: Some(address.scheme),
            target: address.target.clone(),
            ambiguous: false,
            credentials: false,
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
                let scheme = Some(scheme);
                Ok(Asked { front, host, scheme, target, ambiguous, credentials: false })
            }
            (None, Some(target)) => {
                let host = own_host(uri, headers)?;
                let (scheme, ambiguous) = (None, false);
                Ok(Asked { front, host, scheme, target, ambiguous, credentials: false })
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
            credentials: false,
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
            credentials: false,
        })
    }

    /// The request is at hand itself: by the host that a trusted proxy names, else by its own.
    fn of_own(uri: &Uri, headers: &HeaderMap) -> Result<Asked, Misread> {
        let host = match one(headers, FORWARDED_HOST)? {
            Some(host) => Host::read(host).ok_or(Misread::Unreadable(FORWARDED_HOST))?,
            None => own_host(uri, headers)?,
        };
        let target = uri.path_and_query().and_then(|target| Target::read(target.as_str()));
        Ok(Asked {
            front: Front::Own,
            scheme: None,
            host,
            target: target.ok_or(Misread::Unreadable("path"))?,
            ambiguous: false,
            credentials: headers.contains_key(AUTHORIZATION),
        })
    }

    /// Where the request goes, as the browser knows it. A front end that does not say by which
    /// scheme it came is the one of the application's own address.
    pub(crate) fn address(&self, site: &Site) -> Address {
        let scheme = self.scheme.unwrap_or(site.external.scheme);
        Address { scheme, host: self.host.clone(), target: self.target.clone() }
    }

    /// The same as far as the front end says it.
    pub(crate) fn said(&self) -> String {
        let scheme = self.scheme.map_or("", Scheme::as_str);
        format!("{scheme}://{}{}", self.host.as_str(), self.target)
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
        matches!(self.front, Front::Forwarded | Front::Own)
            && self.target.parameter(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    pub(crate) fn target(&self) -> &Target {
        &self.target
    }
}

/// The host by which a request came.
///
/// # Errors
/// It names none, or several (RFC 9112, section 3.2; RFC 9113, section 8.3.1).
fn own_host(uri: &Uri, headers: &HeaderMap) -> Result<Host, Misread> {
    let read = |text| Host::read(text).ok_or(Misread::NoHost);
    let named = one(headers, "host")?.map(read).transpose()?;
    let address = uri.authority().map(|authority| read(authority.as_str())).transpose()?;
    match (named, address) {
        (Some(named), Some(address)) if named != address => Err(Misread::Several("host")),
        (Some(host), _) | (None, Some(host)) => Ok(host),
        (None, None) => Err(Misread::NoHost),
    }
}

/// All hosts that a request names: whoever looks at one of them only may look at another.
pub(crate) fn named_hosts<'h>(
    uri: &'h Uri,
    headers: &'h HeaderMap,
) -> impl Iterator<Item = Host> + 'h {
    let values = move |name: &'static str| {
        headers.get_all(name).iter().filter_map(|value| value.to_str().ok())
    };
    let forwarded = values(FORWARDED_HOST).flat_map(|value| value.split(',')).map(str::trim);
    let mut forwarded = forwarded.filter(|text| !text.is_empty()).peekable();
    let is_forwarded = forwarded.peek().is_some();
    let own = values("host").chain(uri.authority().map(http::uri::Authority::as_str));
    forwarded.chain(own.filter(move |_| !is_forwarded)).filter_map(Host::read)
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
