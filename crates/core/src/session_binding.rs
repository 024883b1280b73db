//! What a session is tied to besides its cookie: the network it was begun from, and the place.

use std::net::IpAddr;
use std::sync::Arc;

use countersign_model::Choice;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::BoxFuture;
use crate::context::Context;
use crate::identity::Identity;
use crate::request::RequestInfo;

/// How far the network that a session is used from may differ.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Choice, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NetworkBinding {
    #[default]
    #[choice(label = "No binding")]
    NoBinding,
    #[choice(label = "Bind ASN")]
    BindAsn,
    #[choice(label = "Bind ASN and Network")]
    BindAsnNetwork,
    #[choice(label = "Bind ASN, Network and IP")]
    BindAsnNetworkIp,
}

/// Where on earth a session may move.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Choice, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GeoipBinding {
    #[default]
    #[choice(label = "No binding")]
    NoBinding,
    #[choice(label = "Bind Continent")]
    BindContinent,
    #[choice(label = "Bind Continent and Country")]
    BindContinentCountry,
    #[choice(label = "Bind Continent, Country, and City")]
    BindContinentCountryCity,
}

/// What a session is tied to, and the address it was begun from. All that is compared is equal for
/// the whole life of a session that goes on, so the first address is as good as the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionBinding {
    network: NetworkBinding,
    place: GeoipBinding,
    address: IpAddr,
}

/// What differed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// As `network.asn`; `network.missing` and `geoip.missing` where the files do not know one of
    /// the addresses.
    pub reason: &'static str,
    pub previous: Value,
    pub new: Value,
}

impl SessionBinding {
    /// None where nothing is tied.
    #[must_use]
    pub fn new(network: NetworkBinding, place: GeoipBinding, address: IpAddr) -> Option<Self> {
        let is_bound = network != NetworkBinding::NoBinding || place != GeoipBinding::NoBinding;
        is_bound.then_some(Self { network, place, address })
    }

    /// The address the session was begun from.
    #[must_use]
    pub fn address(&self) -> IpAddr {
        self.address
    }

    /// Compares an address with the first one. `known` gives what is known of an address: `asn`
    /// with number and network, `geo` with continent, country and city.
    #[must_use]
    pub fn broken_at(
        &self,
        address: IpAddr,
        known: impl Fn(IpAddr) -> Map<String, Value>,
    ) -> Option<Broken> {
        if address == self.address {
            return None;
        }
        let (then, now) = (known(self.address), known(address));
        let addresses = || [json!(self.address.to_string()), json!(address.to_string())];
        let differs = |section: &str, missing, fields: &[(&'static str, &str)]| {
            let both = then.get(section).zip(now.get(section));
            let Some((then, now)) = both else {
                let [previous, new] = addresses();
                return Some(Broken { reason: missing, previous, new });
            };
            fields.iter().find_map(|(reason, field)| {
                let (previous, new) = (then.get(field)?.clone(), now.get(field)?.clone());
                // What is not known of a place is not the same place.
                let same = previous == new && !previous.is_null() && previous != "";
                (!same).then_some(Broken { reason, previous, new })
            })
        };
        let networks = [("network.asn", "asn"), ("network.asn_network", "network")];
        let places = [
            ("geoip.continent", "continent"),
            ("geoip.country", "country"),
            ("geoip.city", "city"),
        ];
        let (compared, strictly) = match self.network {
            NetworkBinding::NoBinding => (0, false),
            NetworkBinding::BindAsn => (1, false),
            NetworkBinding::BindAsnNetwork => (2, false),
            NetworkBinding::BindAsnNetworkIp => (2, true),
        };
        if compared > 0
            && let Some(broken) =
                differs("asn", "network.missing", networks.get(..compared).unwrap_or_default())
        {
            return Some(broken);
        }
        if strictly {
            let [previous, new] = addresses();
            return Some(Broken { reason: "network.ip", previous, new });
        }
        let compared = match self.place {
            GeoipBinding::NoBinding => return None,
            GeoipBinding::BindContinent => 1,
            GeoipBinding::BindContinentCountry => 2,
            GeoipBinding::BindContinentCountryCity => 3,
        };
        differs("geo", "geoip.missing", places.get(..compared).unwrap_or_default())
    }
}

/// A session that is used from another address than the one it is tied to.
#[derive(Debug, Clone)]
pub struct Moved {
    pub key_hash: [u8; 32],
    pub binding: SessionBinding,
    pub user: Arc<Identity>,
}

/// Ends sessions that left what they are tied to; offered by the module that knows places.
pub trait SessionGuard: Send + Sync {
    /// Whether the session goes on; one that does not is ended.
    fn stays(&self, cx: Context, session: Moved, request: RequestInfo) -> BoxFuture<bool>;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(address: IpAddr) -> Map<String, Value> {
        let asn = |asn: i64, network: &str| json!({"asn": asn, "network": network});
        let geo = |continent: &str, country: &str, city: &str| json!({"continent": continent, "country": country, "city": city});
        let (asn, geo) = match address.to_string().as_str() {
            "10.0.0.1" | "10.0.0.2" => (asn(1, "10.0.0.0/24"), geo("EU", "DE", "Bonn")),
            "10.0.1.1" => (asn(1, "10.0.1.0/24"), geo("EU", "DE", "Kiel")),
            "10.1.0.1" => (asn(2, "10.1.0.0/24"), geo("EU", "FR", "Lyon")),
            "10.2.0.1" => (asn(2, "10.2.0.0/24"), geo("NA", "US", "")),
            "10.2.0.2" => (asn(2, "10.2.0.0/24"), geo("NA", "US", "")),
            _ => return Map::new(),
        };
        Map::from_iter([("asn".to_owned(), asn), ("geo".to_owned(), geo)])
    }

    #[test]
    fn a_session_may_move_as_far_as_it_is_tied() {
        use GeoipBinding::{BindContinent, BindContinentCountry, BindContinentCountryCity};
        use NetworkBinding::{BindAsn, BindAsnNetwork, BindAsnNetworkIp};
        let (none, nowhere) = (NetworkBinding::NoBinding, GeoipBinding::NoBinding);
        for (network, place, from, to, reason) in [
            (BindAsn, nowhere, "10.0.0.1", "10.0.0.1", None),
            (BindAsn, nowhere, "10.0.0.1", "10.0.1.1", None),
            (BindAsn, nowhere, "10.0.0.1", "10.1.0.1", Some("network.asn")),
            (BindAsnNetwork, nowhere, "10.0.0.1", "10.0.0.2", None),
            (BindAsnNetwork, nowhere, "10.0.0.1", "10.0.1.1", Some("network.asn_network")),
            (BindAsnNetworkIp, nowhere, "10.0.0.1", "10.0.0.2", Some("network.ip")),
            (BindAsn, nowhere, "10.0.0.1", "192.0.2.1", Some("network.missing")),
            (BindAsn, nowhere, "192.0.2.1", "192.0.2.2", Some("network.missing")),
            (BindAsn, nowhere, "192.0.2.1", "192.0.2.1", None),
            (none, BindContinent, "10.0.0.1", "10.1.0.1", None),
            (none, BindContinent, "10.0.0.1", "10.2.0.1", Some("geoip.continent")),
            (none, BindContinentCountry, "10.0.0.1", "10.0.1.1", None),
            (none, BindContinentCountry, "10.0.0.1", "10.1.0.1", Some("geoip.country")),
            (none, BindContinentCountryCity, "10.0.0.1", "10.0.0.2", None),
            (none, BindContinentCountryCity, "10.0.0.1", "10.0.1.1", Some("geoip.city")),
            (none, BindContinentCountryCity, "10.2.0.1", "10.2.0.2", Some("geoip.city")),
            (none, BindContinent, "10.0.0.1", "192.0.2.1", Some("geoip.missing")),
            (BindAsn, BindContinentCountry, "10.1.0.1", "10.2.0.1", Some("geoip.continent")),
        ] {
            let at = |text: &str| text.parse::<IpAddr>().unwrap();
            let binding = SessionBinding::new(network, place, at(from)).unwrap();
            let broken = binding.broken_at(at(to), known);
            assert_eq!(broken.map(|it| it.reason), reason, "{network:?} {place:?} {from} {to}");
        }
        assert_eq!(SessionBinding::new(none, nowhere, IpAddr::from([10, 0, 0, 1])), None);
    }
}
