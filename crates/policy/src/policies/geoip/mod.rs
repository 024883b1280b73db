//! Where a request comes from, and whether whoever was elsewhere before can be there by now.

mod distance;

use std::sync::LazyLock;

use countersign_core::{Access, Call, Operation, RenderContext, json};
use countersign_model::{ChoiceMeta, Entry, Kind, Listed, Names};
use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::Policy;
use crate::host::{BoxFuture, HostError};
use crate::request::{Occasion, PolicyRequest};
use crate::verdict::{PolicyError, Verdict};

/// Ensure the user satisfies requirements of geography or network topology, based on IP address.
#[derive(Debug, Clone, Kind)]
#[kind(
    family = dyn Policy,
    path = "policies/geoip",
    model = "authentik_policies_geoip.geoippolicy",
    title = "GeoIP Policy",
    plural = "GeoIP Policies",
    component = "ak-policy-geoip-form",
    schema = "GeoIPPolicy"
)]
pub struct GeoIpPolicy {
    #[field(unique, search, filter)]
    pub name: String,
    #[field(label = "Execution logging", default = false)]
    pub execution_logging: bool,
    #[field(
        label = "ASNs",
        help = "Autonomous systems that requests may come from, by their numbers.",
        group = "Static rules",
        default
    )]
    pub asns: Vec<i32>,
    #[field(
        label = "Countries",
        help = "Countries that requests may come from. Where both are given, one of them is enough.",
        group = "Static rules"
    )]
    pub countries: Vec<Listed<Countries>>,
    #[field(
        label = "Check historical distance of logins",
        help = "Refuses who is further from where they signed in before than the maximum distance.",
        group = "Distance settings",
        default = false
    )]
    pub check_history_distance: bool,
    #[field(
        label = "Maximum distance",
        help = "In kilometres.",
        group = "Distance settings",
        default = 100,
        min = 0
    )]
    pub history_max_distance_km: i64,
    #[field(
        label = "Distance tolerance",
        help = "Kilometres by which places in the database may be wrong.",
        group = "Distance settings",
        default = 50,
        min = 0
    )]
    pub distance_tolerance_km: i32,
    #[field(
        label = "Historical Login Count",
        help = "How many sign-ins are looked at.",
        group = "Distance settings",
        default = 5,
        min = 0
    )]
    pub history_login_count: i32,
    #[field(
        label = "Check impossible travel",
        help = "Refuses who cannot be here by now, at a thousand kilometres an hour.",
        group = "Impossible travel settings",
        default = false
    )]
    pub check_impossible_travel: bool,
    #[field(
        label = "Impossible travel tolerance",
        help = "In kilometres.",
        group = "Impossible travel settings",
        default = 100,
        min = 0
    )]
    pub impossible_tolerance_km: i32,
}

/// As fast as anybody travels.
const KM_AN_HOUR: f64 = 1000.0;

/// The countries of ISO 3166-1, each with its name.
pub struct Countries;

impl Names for Countries {
    fn choices() -> &'static [ChoiceMeta] {
        static CHOICES: LazyLock<Vec<ChoiceMeta>> = LazyLock::new(|| {
            let lines = include_str!("countries.txt").lines();
            let pairs = lines.filter_map(|line| line.split_once(' '));
            pairs.map(|(code, name)| ChoiceMeta::new(code, name)).collect()
        });
        &CHOICES
    }
}

/// Their codes, for the document.
pub(crate) fn codes() -> Value {
    let codes: Vec<&str> = Countries::choices().iter().map(|choice| choice.value).collect();
    json!({"type": "string", "enum": codes})
}

fn country(choice: &ChoiceMeta) -> Value {
    json!({"code": choice.value, "name": choice.label})
}

/// `countries_obj`: the countries with their names.
pub(super) fn with_names(entry: &Entry, _: &RenderContext<'_>, map: &mut Map<String, Value>) {
    let Some(policy) = entry.cast::<GeoIpPolicy>() else { return };
    let named = policy.countries.iter().map(|code| {
        Countries::choices()
            .iter()
            .find(|choice| choice.value == &**code)
            .map_or_else(|| json!({"code": &**code, "name": &**code}), country)
    });
    map.insert("countries_obj".to_owned(), named.collect());
}

/// The list that the form chooses from, for everybody.
pub(super) fn operation() -> Operation {
    let list = json!({"type": "array", "items": {"$ref": "#/components/schemas/DetailedCountry"}});
    Operation::new(
        Method::GET,
        "policies/geoip_iso3166/",
        "policies_geoip_iso3166_list",
        Access::public(),
        |_: Call| async {
            let all: Value = Countries::choices().iter().map(country).collect();
            Ok(json(StatusCode::OK, &all))
        },
    )
    .summary("Get all countries in ISO-3166-1")
    .response(list)
}

impl GeoIpPolicy {
    async fn evaluate(&self, request: &PolicyRequest<'_>) -> Result<Verdict, PolicyError> {
        let known = Known::of(request).await?;
        let mut messages = Vec::new();
        let mut rules = Vec::new();
        if !self.asns.is_empty() {
            let number = known.field("asn", "asn").and_then(Value::as_i64).filter(|asn| *asn != 0);
            let number = number.ok_or_else(|| known.missing("asn", "ASN", "asn"))?;
            let fits = self.asns.iter().any(|asn| i64::from(*asn) == number);
            let text = "Client IP is not part of an allowed autonomous system.";
            messages.extend((!fits).then(|| text.to_owned()));
            rules.push(fits);
        }
        if !self.countries.is_empty() {
            let code = known.field("geoip", "country").and_then(Value::as_str);
            let code = code.filter(|code| !code.is_empty());
            let code = code.ok_or_else(|| known.missing("geoip", "City", "geoip"))?;
            let fits = self.countries.iter().any(|country| &**country == code);
            let text = "Client IP is not in an allowed country.";
            messages.extend((!fits).then(|| text.to_owned()));
            rules.push(fits);
        }
        let mut passing = rules.is_empty() || rules.contains(&true);
        if self.check_history_distance || self.check_impossible_travel {
            let travelled = self.travelled(request, &known).await?;
            passing &= travelled.passing;
            messages.extend(travelled.messages);
        }
        Ok(Verdict { messages, ..Verdict::of(passing) })
    }

    /// Whether somebody can have come here from where they signed in before.
    async fn travelled(
        &self,
        request: &PolicyRequest<'_>,
        known: &Known,
    ) -> Result<Verdict, PolicyError> {
        let Some(here) = known.0.get("geoip").map(position) else {
            return Err(known.missing("geoip", "City", "geoip"));
        };
        let Some(here) = here else { return Ok(Verdict::of(false)) };
        let Some(user) = request.user.filter(|user| user.pk != 0) else {
            return Ok(Verdict::passing());
        };
        let most = i64::from(self.history_login_count);
        let logins = request.host.previous_logins(user.pk, most).await?;
        if logins.is_empty() {
            return Ok(Verdict::passing());
        }
        let no = |text: &str| Ok(Verdict::failing(vec![text.to_owned()]));
        let (mut placed, tolerance) = (false, f64::from(self.distance_tolerance_km));
        for login in &logins {
            let Some(there) = login.get("geo").and_then(position) else { continue };
            placed = true;
            let distance = distance::kilometres(here, there);
            if self.check_history_distance
                && distance >= wide(self.history_max_distance_km) + tolerance
            {
                return no("Distance from previous authentication is larger than threshold.");
            }
            let since = login.get("seconds_ago").and_then(Value::as_i64).unwrap_or(0);
            let hours = wide((since / 3600).max(1));
            let reach = KM_AN_HOUR.mul_add(hours, f64::from(self.impossible_tolerance_km));
            if self.check_impossible_travel && distance >= reach {
                return no("Distance is further than possible.");
            }
        }
        Ok(Verdict::of(placed))
    }
}

#[expect(clippy::cast_precision_loss, reason = "kilometres and hours are far below 2^52")]
const fn wide(number: i64) -> f64 {
    number as f64
}

fn position(place: &Value) -> Option<(f64, f64)> {
    Some((place.get("lat")?.as_f64()?, place.get("long")?.as_f64()?))
}

/// `geoip` and `asn` of the request: a key is there if there is a file, and null where the file
/// does not know the address.
struct Known(Map<String, Value>);

impl Known {
    async fn of(request: &PolicyRequest<'_>) -> Result<Known, HostError> {
        let mut place = request.host.place().await?;
        // Who tries the policy out says where it is to be.
        if let Occasion::Test(context) = request.occasion {
            let given = ["geoip", "asn"].into_iter();
            place.extend(
                given.filter_map(|name| Some((name.to_owned(), context.get(name)?.clone()))),
            );
        }
        Ok(Known(place))
    }

    fn field(&self, of: &str, name: &str) -> Option<&Value> {
        self.0.get(of)?.get(name)
    }

    /// Why it is not known where the request comes from.
    fn missing(&self, of: &str, file: &str, setting: &str) -> PolicyError {
        let text = if self.0.contains_key(of) {
            format!("GeoIP: client IP not found in {file} database.")
        } else {
            let variable = setting.to_uppercase();
            format!(
                "GeoIP: there is no {file} database. Put MaxMind's GeoLite2-{file}.mmdb where the \
                 setting events.context_processors.{setting} \
                 (AUTHENTIK_EVENTS__CONTEXT_PROCESSORS__{variable}) says."
            )
        };
        PolicyError::Host(HostError::Failed(text))
    }
}

impl Policy for GeoIpPolicy {
    fn judge<'a>(
        &'a self,
        request: &'a PolicyRequest<'a>,
    ) -> BoxFuture<'a, Result<Verdict, PolicyError>> {
        Box::pin(self.evaluate(request))
    }
}

#[cfg(test)]
mod tests;
