//! Where addresses are: from MaxMind's files, where the operator has some.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{PoisonError, RwLock};
use std::time::SystemTime;

use maxminddb::Reader;
use serde_json::{Map, Value, json};

/// The files in use, none of them open before the first [`refresh`](Places::refresh). One per
/// program, made by [`crate::module`].
#[derive(Default)]
pub struct Places {
    city: Database,
    network: Database,
}

#[derive(Default)]
struct Database {
    path: Option<PathBuf>,
    open: RwLock<Option<(SystemTime, Reader<Vec<u8>>)>>,
}

impl Places {
    pub fn new(city: Option<PathBuf>, network: Option<PathBuf>) -> Places {
        Places {
            city: Database { path: city, ..Database::default() },
            network: Database { path: network, ..Database::default() },
        }
    }

    /// Opens files that came or changed.
    pub fn refresh(&self) {
        self.city.refresh();
        self.network.refresh();
    }

    pub fn knows_cities(&self) -> bool {
        self.city.is_open()
    }

    pub fn knows_networks(&self) -> bool {
        self.network.is_open()
    }

    /// `geoip` and `asn` of an address, as policies find them in their context: nothing where there
    /// is no file, null where the file does not know the address.
    pub fn for_policies(&self, address: IpAddr) -> Map<String, Value> {
        let mut found = self.of_address(address);
        let mut known = Map::new();
        for (name, of_events, has_file) in
            [("geoip", "geo", self.knows_cities()), ("asn", "asn", self.knows_networks())]
        {
            if has_file {
                known.insert(name.to_owned(), found.remove(of_events).unwrap_or_default());
            }
        }
        known
    }

    /// `geo` and `asn` of an address, as events carry them; without what is not known.
    pub fn of_address(&self, address: IpAddr) -> Map<String, Value> {
        let mut found = Map::new();
        if let Some((record, _)) = self.city.look_up(address) {
            let field = |path: &str| record.pointer(path).cloned().unwrap_or_default();
            let city = record.pointer("/city/names/en").cloned().unwrap_or_else(|| "".into());
            let place = json!({
                "continent": field("/continent/code"), "country": field("/country/iso_code"),
                "lat": field("/location/latitude"), "long": field("/location/longitude"), "city": city,
            });
            found.insert("geo".to_owned(), place);
        }
        if let Some((record, network)) = self.network.look_up(address) {
            let field = |name: &str| record.get(name).cloned().unwrap_or_default();
            let asn = json!({"asn": field("autonomous_system_number"), "as_org": field("autonomous_system_organization"), "network": network});
            found.insert("asn".to_owned(), asn);
        }
        found
    }
}

impl Database {
    fn is_open(&self) -> bool {
        self.open.read().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    fn refresh(&self) {
        let Some(path) = &self.path else { return };
        let Ok(changed) = std::fs::metadata(path).and_then(|file| file.modified()) else { return };
        let current = self
            .open
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .as_ref()
            .is_some_and(|(known, _)| *known == changed);
        if current {
            return;
        }
        match Reader::open_readfile(path) {
            Ok(reader) => {
                *self.open.write().unwrap_or_else(PoisonError::into_inner) =
                    Some((changed, reader));
            }
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "a file of places cannot be read");
            }
        }
    }

    /// The record of an address, and the network it is of. Read without a form of its own: files of
    /// other makers write numbers otherwise.
    fn look_up(&self, address: IpAddr) -> Option<(Value, String)> {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        let found = open.as_ref()?.1.lookup(address).ok()?;
        Some((found.decode::<Value>().ok()??, found.network().ok()?.to_string()))
    }
}
