//! How often each name failed from each address. What anybody can make the server write here is
//! bounded by the network it comes from, and forgotten after a while (`reputation.expiry`).

use std::net::IpAddr;

use countersign_core::{ApiError, Call, Record, TableResource};
use countersign_directory::SystemSettings;
use countersign_model::{Table, Timestamp, subscriber};
use countersign_rest::{Condition, Resource};
use countersign_store::{Sql, SqlValue, StoreError, Tx, params};
use serde_json::Value;
use uuid::Uuid;

use crate::access::Engine;

/// As many scores are kept of one network.
const MOST_OF_NETWORK: i64 = 1000;
/// No account has a longer name.
const LONGEST_NAME: usize = 150;

/// The score of a name at an address.
#[derive(Debug, Clone, Table)]
#[kind(
    path = "policies/reputation/scores",
    model = "authentik_policies_reputation.reputation",
    schema = "Reputation",
    title = "Reputation Score",
    lookup = "reputation_uuid",
    ordering = "ip",
    columns = "identifier: Identifier, ip: IP, score: Score, updated: Updated"
)]
#[table(
    name = "reputation",
    operations = "list retrieve destroy used_by",
    display = "Reputation {identifier}/{ip} @ {score}"
)]
pub(crate) struct Score {
    #[column(key)]
    uuid: Uuid,
    #[field(read_only)]
    #[column(order, filter, search)]
    identifier: String,
    #[field(read_only)]
    #[column(order, filter, search)]
    ip: String,
    /// The address, or the /64 of IPv6 it is in.
    #[column(hidden)]
    network: String,
    #[field(read_only)]
    #[column(sql = "geo")]
    ip_geo_data: Option<Value>,
    #[field(read_only)]
    #[column(sql = "asn")]
    ip_asn_data: Option<Value>,
    #[field(read_only)]
    #[column(order, filter, search)]
    score: i64,
    #[field(read_only)]
    #[column(order)]
    updated: Timestamp,
    #[column(hidden, expires)]
    expires: Timestamp,
}

impl Record for Score {
    fn removed(&self, tx: &mut Tx<'_>) -> Result<(), ApiError> {
        Ok(countersign_events::deleted(tx, self)?)
    }
}

impl Resource for Score {
    const PARAMETERS: &'static [(&'static str, &'static str)] = &[("identifier_in", "[string]")];

    fn conditions(call: &Call) -> Result<Vec<Condition>, ApiError> {
        let wanted: Vec<SqlValue> = call
            .query
            .all("identifier_in")
            .flat_map(|list| list.split(','))
            .filter(|name| !name.is_empty())
            .map(SqlValue::from)
            .collect();
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let marks = vec!["?"; wanted.len()].join(", ");
        Ok(vec![(format!("t.identifier IN ({marks})"), wanted)])
    }
}

pub(crate) fn table() -> TableResource {
    countersign_rest::table::<Score>()
}

/// Something that a name did from an address, good or bad.
#[derive(Debug, Clone)]
pub struct Change {
    identifier: String,
    address: IpAddr,
    amount: i64,
    geo: Option<Value>,
    asn: Option<Value>,
    seconds: i64,
}

impl Engine {
    /// Somebody signed in.
    #[must_use]
    pub fn signed_in(&self, identifier: &str, address: IpAddr) -> Change {
        self.change(identifier, address, 1)
    }

    /// Somebody failed to.
    #[must_use]
    pub fn failed_to_sign_in(&self, identifier: &str, address: IpAddr) -> Change {
        self.change(identifier, address, -1)
    }

    fn change(&self, identifier: &str, address: IpAddr, amount: i64) -> Change {
        let mut place = self.places.of_address(address);
        Change {
            identifier: identifier.chars().take(LONGEST_NAME).collect(),
            address,
            amount,
            geo: place.remove("geo"),
            asn: place.remove("asn"),
            seconds: self.reputation_seconds,
        }
    }
}

impl Change {
    /// Counts it.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn apply(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let settings = SystemSettings::of(tx.graph());
        let (least, most) = (settings.reputation_lower_limit, settings.reputation_upper_limit);
        let (now, address) = (tx.now(), self.address.to_string());
        let name = self.identifier.as_str();
        tx.execute(
            "DELETE FROM reputation WHERE identifier = $1 AND ip = $2 AND expires <= $3",
            params![name, address.as_str(), now],
        )?;
        let counted = tx.execute(
            "UPDATE reputation SET updated = $1, score = CASE WHEN score + $2 < $3 THEN $3 \
             WHEN score + $2 > $4 THEN $4 ELSE score + $2 END WHERE identifier = $5 AND ip = $6",
            params![now, self.amount, least, most, name, address.as_str()],
        )?;
        if counted > 0 {
            return Ok(());
        }
        let network = subscriber(self.address).to_string();
        let row = tx.query_one(
            "SELECT COUNT(*) FROM reputation WHERE network = $1",
            params![network.as_str()],
        )?;
        let held: i64 = row.map_or(Ok(0), |row| row.get(0))?;
        if held >= MOST_OF_NETWORK {
            return Ok(());
        }
        let uuid = tx.entropy().uuid();
        let (score, expires) = (self.amount.clamp(least, most), now.plus_seconds(self.seconds));
        tx.execute(
            "INSERT INTO reputation (uuid, identifier, ip, network, geo, asn, score, updated, expires) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            params![uuid, name, address, network, self.geo.clone(), self.asn.clone(), score, now, expires],
        )?;
        Ok(())
    }
}

/// The sum of all scores of a name or an address.
///
/// # Errors
/// When the engine fails.
pub(crate) fn sum(
    sql: &mut Sql<'_>,
    username: Option<&str>,
    address: Option<IpAddr>,
    now: Timestamp,
) -> Result<i64, StoreError> {
    let row = sql.query_one(
        "SELECT CAST(COALESCE(SUM(score), 0) AS BIGINT) FROM reputation \
         WHERE (identifier = $1 OR ip = $2) AND expires > $3",
        params![username, address.map(|address| address.to_string()), now],
    )?;
    row.map_or(Ok(0), |row| row.get(0))
}
