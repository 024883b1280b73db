//! Which addresses may be connected to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use countersign_model::Cidr;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Public addresses, and the networks an operator allows besides.
#[derive(Debug, Clone, Default)]
pub struct Guard {
    allow: Arc<[Cidr]>,
    /// The proxy is chosen by the operator, wherever it is.
    proxy_host: Option<String>,
}

/// A name or address that may not be connected to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not a public address")]
pub struct Refused(pub String);

impl Guard {
    /// Allows public addresses, these networks, and the proxy wherever it is.
    pub fn new(allow: &[Cidr], proxy_host: Option<String>) -> Guard {
        Guard { allow: allow.into(), proxy_host }
    }

    /// Whether a connection to the address may be opened.
    pub fn permits(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        is_public(address) || self.allow.iter().any(|network| network.contains(address))
    }
}

impl Guard {
    /// Whether an application may be there that requests are passed on to. Such a server is
    /// private by nature; nothing is one at addresses of a link alone, where clouds hand out their
    /// credentials, nor at those that stand for many or for none.
    pub fn permits_upstream(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        let closed = match address {
            IpAddr::V4(v4) => {
                v4.is_link_local() || v4.is_multicast() || v4.is_broadcast() || v4.is_unspecified()
            }
            IpAddr::V6(v6) => {
                v6.is_unicast_link_local() || v6.is_multicast() || v6.is_unspecified()
            }
        };
        let closed = closed || METADATA.contains(&address);
        !closed || self.allow.iter().any(|network| network.contains(address))
    }
}

/// Where clouds hand out credentials, beside the addresses of a link: Amazon (machines and pods),
/// Google, Oracle, Azure, Alibaba, and the link's own address behind NAT64 (RFC 6052).
const METADATA: [IpAddr; 8] = [
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23)),
    IpAddr::V6(Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xc1, 0, 0, 0, 0, 0xa9fe, 0xa9fe)),
    IpAddr::V6(Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0xa9fe, 0xa9fe)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
    IpAddr::V4(Ipv4Addr::new(192, 0, 0, 192)),
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
];

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            let host = name.as_str().to_owned();
            let found: Vec<SocketAddr> =
                tokio::net::lookup_host((host.as_str(), 0)).await?.collect();
            if guard.proxy_host.as_deref() == Some(host.as_str()) {
                return Ok(Box::new(found.into_iter()) as Addrs);
            }
            let refused = found.first().map(|first| Refused(format!("{host} ({})", first.ip())));
            let permitted: Vec<SocketAddr> =
                found.into_iter().filter(|address| guard.permits(address.ip())).collect();
            match refused {
                Some(refused) if permitted.is_empty() => Err(refused.into()),
                _ => Ok(Box::new(permitted.into_iter()) as Addrs),
            }
        })
    }
}

/// Whether an address is one that anybody on the Internet can reach. IPv6 addresses that carry one
/// of IPv4 (mapped, NAT64, 6to4) are not taken as a way around the question.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => public_v4(v4),
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or_else(|| public_v6(v6), public_v4),
    }
}

fn public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_documentation()
        || matches!(
            (a, b, c),
            (0 | 224..=255, ..)
                | (100, 64..=127, _)
                | (192, 0, 0)
                | (192, 88, 99)
                | (198, 18..=19, _)
        );
    !special
}

fn public_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    // Of global unicast (2000::/3), without protocol assignments, documentation and 6to4.
    (0x2000..=0x3fff).contains(&a)
        && !matches!((a, b), (0x2001, 0..=0x01ff | 0x0db8) | (0x2002 | 0x3fff, _))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn applications_are_private_and_credentials_of_clouds_are_none() {
        let guard = Guard::default();
        for open in ["127.0.0.1", "10.1.2.3", "192.168.0.9", "fd12::1", "::1", "203.0.113.7"] {
            assert!(guard.permits_upstream(open.parse().unwrap()), "{open}");
        }
        for closed in [
            "169.254.169.254",
            "::ffff:169.254.169.254",
            "fe80::1",
            "fd00:ec2::254",
            "168.63.129.16",
            "100.100.100.200",
            "0.0.0.0",
            "::",
            "224.0.0.1",
            "255.255.255.255",
        ] {
            assert!(!guard.permits_upstream(closed.parse().unwrap()), "{closed}");
        }
        let allowed = Guard::new(&[Cidr::parse("169.254.0.0/16").unwrap()], None);
        assert!(allowed.permits_upstream("169.254.7.7".parse().unwrap()));
    }

    #[test]
    fn only_what_the_internet_reaches_is_public() {
        let public = [
            "1.1.1.1",
            "172.32.0.1",
            "100.128.0.1",
            "192.0.1.1",
            "2606:4700::1111",
            "2001:4860:4860::8888",
            "::ffff:9.9.9.9",
        ];
        let not = [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ];
        for address in public {
            assert!(Guard::default().permits(address.parse().unwrap()), "{address}");
        }
        for address in not {
            assert!(!Guard::default().permits(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn an_allowed_network_is_open_and_nothing_beside_it() {
        let guard = Guard::new(
            &["10.1.0.0/16", "fd00::/8", "::1"].map(|network| Cidr::parse(network).unwrap()),
            None,
        );
        for (address, permitted) in [
            ("10.1.9.9", true),
            ("::ffff:10.1.9.9", true),
            ("10.2.0.1", false),
            ("fd12::1", true),
            ("fc00::1", false),
            ("::1", true),
            ("127.0.0.1", false),
        ] {
            assert_eq!(guard.permits(address.parse().unwrap()), permitted, "{address}");
        }
    }
}
