//! Addresses of the Internet: one form of each, however it was written, and the networks they lie
//! in.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// A network, as `10.0.0.0/8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cidr {
    network: IpAddr,
    bits: u8,
}

impl Cidr {
    /// A network, or a single address, which is a network of one.
    pub fn parse(text: &str) -> Option<Cidr> {
        let (address, bits) = text
            .trim()
            .split_once('/')
            .map_or((text.trim(), None), |(address, bits)| (address, Some(bits)));
        let network: IpAddr = address.parse().ok()?;
        let most = if network.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Some(most), |bits| bits.parse().ok())?;
        (bits <= most).then_some(Cidr { network, bits })
    }

    /// How many bits all of its addresses have in common.
    pub fn bits(&self) -> u8 {
        self.bits
    }

    /// Whether it is that network, or a part of it.
    pub fn is_within(&self, other: &Cidr) -> bool {
        self.bits >= other.bits && other.contains(self.network)
    }

    /// Whether an address lies in the network; an IPv4 address written as IPv6 counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.network, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let mask = u32::MAX.checked_shl(u32::from(32 - self.bits)).unwrap_or(0);
                network.to_bits() & mask == address.to_bits() & mask
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let mask = u128::MAX.checked_shl(u32::from(128 - self.bits)).unwrap_or(0);
                network.to_bits() & mask == address.to_bits() & mask
            }
            _ => false,
        }
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.network, self.bits)
    }
}

/// The address of a node as proxies name it (RFC 7239, section 6): with or without a port, an IPv6
/// address with or without brackets and quotes. `unknown`, names and everything else are no
/// address. An IPv4 address written as IPv6 is IPv4.
pub fn node_address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    let (address, rest) = if let Some(rest) = text.strip_prefix('[') {
        let (address, rest) = rest.split_once(']')?;
        // A zone names an interface of the proxy (RFC 4007, section 11).
        let address = address.split_once('%').map_or(address, |(address, _)| address);
        (IpAddr::V6(address.parse::<Ipv6Addr>().ok()?), rest)
    } else if text.matches(':').count() == 1 {
        let (address, _) = text.split_once(':')?;
        (address.parse().ok()?, text.get(address.len()..)?)
    } else {
        let address = text.split_once('%').map_or(text, |(address, _)| address);
        (address.parse().ok()?, "")
    };
    let port = |port: &str| match port.strip_prefix('_') {
        Some(hidden) => {
            !hidden.is_empty()
                && hidden.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
        }
        None => (1..=5).contains(&port.len()) && port.bytes().all(|b| b.is_ascii_digit()),
    };
    (rest.is_empty() || rest.strip_prefix(':').is_some_and(port)).then(|| address.to_canonical())
}

/// What one subscriber has: an IPv4 address, or a /64 of IPv6 (RFC 6177). Who counts by address
/// counts by this.
pub fn subscriber(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_hold_their_addresses_only() {
        let holds = |network: &str, address: &str| {
            Cidr::parse(network).unwrap().contains(address.parse().unwrap())
        };
        assert!(holds("10.0.0.0/8", "10.255.1.2") && !holds("10.0.0.0/8", "11.0.0.1"));
        assert!(holds("172.16.0.0/12", "172.31.0.1") && !holds("172.16.0.0/12", "172.32.0.1"));
        assert!(holds("10.0.0.0/8", "::ffff:10.1.1.1") && !holds("::/0", "10.1.1.1"));
        assert!(
            holds("0.0.0.0/0", "8.8.8.8")
                && holds("fd12::/16", "fd12::1")
                && !holds("fd12::/16", "fd13::1")
        );
        assert!(holds("192.0.2.7", "192.0.2.7") && !holds("192.0.2.7", "192.0.2.8"));
        for wrong in ["ten", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/x"] {
            assert_eq!(Cidr::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_node_is_an_address_with_or_without_a_port() {
        let one: IpAddr = "203.0.113.8".parse().unwrap();
        for text in [
            "203.0.113.8",
            "203.0.113.8:51234",
            " 203.0.113.8:1 ",
            "\"203.0.113.8:80\"",
            "203.0.113.8:_hidden",
            "::ffff:203.0.113.8",
            "[::ffff:203.0.113.8]:80",
        ] {
            assert_eq!(node_address(text), Some(one), "{text}");
        }
        let six: IpAddr = "2001:db8::8".parse().unwrap();
        for text in [
            "2001:db8::8",
            "[2001:db8::8]",
            "[2001:db8::8]:51234",
            "\"[2001:db8::8]:51234\"",
            "[2001:DB8:0::8]:_x",
            "[2001:db8::8%eth0]:1",
            "2001:db8::8%3",
        ] {
            assert_eq!(node_address(text), Some(six), "{text}");
        }
        let wrong = [
            "",
            "unknown",
            "_hidden",
            "nonsense",
            "203.0.113.8:",
            "203.0.113.8:x",
            "203.0.113.8:123456",
            "[203.0.113.8]",
            "[2001:db8::8",
            "[2001:db8::8]80",
        ];
        for text in
            wrong.into_iter().chain(["203.0.113.8 6.6.6.6", "[2001:db8::8]:", "203.0.113.8:_"])
        {
            assert_eq!(node_address(text), None, "{text}");
        }
    }

    #[test]
    fn a_network_of_ipv6_counts_as_one() {
        let one = |text: &str| subscriber(text.parse().unwrap());
        assert_eq!(one("2001:db8:1:2:3:4:5:6"), one("2001:db8:1:2:ffff::1"));
        assert_ne!(one("2001:db8:1:2::1"), one("2001:db8:1:3::1"));
        assert_ne!(one("192.0.2.1"), one("192.0.2.2"));
        assert_eq!(one("::ffff:192.0.2.1"), one("192.0.2.1"));
    }
}
