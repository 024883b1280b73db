//! Why exchanges with an application failed, for whoever sets it up: what was sent, what was
//! expected, and what to change.
//!
//! Anybody can make an exchange fail, so what is kept is bounded for each object and each reason,
//! and holds nothing that opens anything: who records a failure names the parameters that are shown.

use std::net::IpAddr;

use countersign_core::{Access, Call, Context, Operation, Permission, json};
use countersign_model::{Family, ObjectId, Timestamp};
use countersign_rest::object_schema;
use countersign_store::{Owner, StoreError, sha256};
use http::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;

use crate::provider::{Provider, named};

/// Failures of an object, and of them those for one reason: what somebody repeats with other values
/// does not push out everything else.
const MOST: usize = 20;
const MOST_FOR_ONE_REASON: usize = 5;
/// Of each, in seconds.
const KEPT: i64 = 7 * 86_400;
/// Failures of one client's network that are looked at in an hour: whoever fails on purpose blinds
/// the page for nobody else.
const LOOKED_AT_PER_HOUR: i64 = 600;
/// Bytes of one failure, and of each value in it.
const LARGEST: usize = 8 * 1024;
const LONGEST: usize = 1024;
const SPACE: &str = "doctor";
const COUNTER: &str = "doctor.looked_at";
/// Two processes that keep a failure at the same moment try again.
const TRIES: usize = 4;

/// An exchange that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The stable name of the refusal.
    pub code: String,
    /// What went wrong, in plain words.
    pub reason: String,
    /// What to change, and where.
    pub remedy: String,
    /// What the application sent. Never a code, a secret, a token or what is known of a person.
    pub sent: Vec<Said>,
    pub expected: Vec<Said>,
    /// The change of the settings that would let the same exchange succeed, where it is safe to
    /// offer.
    pub mend: Option<Mend>,
}

/// A parameter, or a part of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    pub name: String,
    pub value: String,
}

/// A change of one field of the object's settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mend {
    pub field: String,
    pub change: Change,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Change {
    /// An item more in a list.
    Add(Value),
    /// Another value.
    Set(Value),
}

impl Failure {
    #[must_use]
    pub fn new(code: &str, reason: impl Into<String>, remedy: impl Into<String>) -> Failure {
        Failure {
            code: code.to_owned(),
            reason: reason.into(),
            remedy: remedy.into(),
            sent: Vec::new(),
            expected: Vec::new(),
            mend: None,
        }
    }

    #[must_use]
    pub fn sent(mut self, name: &str, value: &str) -> Failure {
        self.sent.push(Said::new(name, value));
        self
    }

    #[must_use]
    pub fn expected(mut self, name: &str, value: &str) -> Failure {
        self.expected.push(Said::new(name, value));
        self
    }

    /// Without what makes it larger than it may be. A value that is not shown whole is not offered.
    fn bounded(mut self) -> Failure {
        self.reason = shortened(&self.reason);
        let whole = |mend: &Mend| serde_json::to_vec(mend).is_ok_and(|all| all.len() <= LONGEST);
        self.mend = self.mend.filter(whole);
        let size = |failure: &Failure| serde_json::to_vec(failure).map_or(0, |bytes| bytes.len());
        while size(&self) > LARGEST {
            let longer = if self.sent.len() > self.expected.len() {
                &mut self.sent
            } else {
                &mut self.expected
            };
            if longer.pop().is_none() {
                self.mend = None;
                break;
            }
        }
        self
    }
}

impl Said {
    #[must_use]
    pub fn new(name: &str, value: &str) -> Said {
        Said { name: shortened(name), value: shortened(value) }
    }
}

/// A text of at most [`LONGEST`] bytes.
fn shortened(text: &str) -> String {
    match text.char_indices().find(|(at, found)| at + found.len_utf8() > LONGEST) {
        None => text.to_owned(),
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
    }
}

/// A failure as it is kept: equal ones once.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Kept {
    failure: Failure,
    count: u64,
    first: Timestamp,
    last: Timestamp,
    client: IpAddr,
}

/// Keeps why an exchange with this object failed. A failure to keep it is only logged: the exchange
/// is answered all the same.
pub async fn record(cx: &Context, about: ObjectId, failure: Failure, client: IpAddr) {
    let ephemeral = cx.store.ephemeral();
    let network = format!("{:?}", Owner::client(client));
    if ephemeral.add(COUNTER, &network, 1, 3_600).await > LOOKED_AT_PER_HOUR {
        return;
    }
    let failure = failure.bounded();
    for _ in 0..TRIES {
        match keep(cx, about, &failure, client).await {
            Ok(true) => return,
            Ok(false) => {}
            Err(error) => {
                tracing::warn!(%error, %about, "a failed exchange was not kept for its page");
                return;
            }
        }
    }
}

/// Whether it is kept; another process may have been faster.
async fn keep(
    cx: &Context,
    about: ObjectId,
    failure: &Failure,
    client: IpAddr,
) -> Result<bool, StoreError> {
    let (key, now) = (name(about), cx.clock.now());
    let ephemeral = cx.store.ephemeral();
    let found = ephemeral.get(SPACE, &key).await?;
    let version = found.as_ref().map(|found| found.version);
    let mut kept = found.map(|found| read(&found.bytes, now)).unwrap_or_default();
    enter(&mut kept, failure, now, client);
    let bytes = serde_json::to_vec(&kept).unwrap_or_default();
    ephemeral.compare_and_swap(SPACE, &key, version, bytes, KEPT, Owner::Program).await
}

/// Those that have not ended, the latest first.
fn read(bytes: &[u8], now: Timestamp) -> Vec<Kept> {
    // What an older version has kept in another shape is nothing that anybody misses.
    let mut kept: Vec<Kept> = serde_json::from_slice(bytes).unwrap_or_default();
    kept.retain(|kept| kept.last.plus_seconds(KEPT) > now);
    kept
}

fn enter(kept: &mut Vec<Kept>, failure: &Failure, now: Timestamp, client: IpAddr) {
    let known = kept.iter().position(|kept| kept.failure == *failure);
    let (count, first) = known
        .map(|at| kept.remove(at))
        .map_or((1, now), |known| (known.count.saturating_add(1), known.first));
    kept.insert(0, Kept { failure: failure.clone(), count, first, last: now, client });
    let mut alike = 0;
    kept.retain(|kept| {
        alike += usize::from(kept.failure.code == failure.code);
        kept.failure.code != failure.code || alike <= MOST_FOR_ONE_REASON
    });
    kept.truncate(MOST);
}

/// Whether an address that somebody sent differs from a registered one in nothing that could lead
/// elsewhere: the slash at its end, capital letters of its path, `https` in the place of `http`.
/// Anybody can send addresses, and an administrator who is offered one lets it in with a click.
#[must_use]
pub fn is_harmless_variation(sent: &str, registered: &str) -> bool {
    let (Ok(sent), Ok(registered)) = (Url::parse(sent), Url::parse(registered)) else {
        return false;
    };
    let plain = |url: &Url| {
        matches!(url.scheme(), "http" | "https")
            && url.username().is_empty()
            && url.password().is_none()
            && url.fragment().is_none()
    };
    let path = |url: &Url| url.path().trim_end_matches('/').to_ascii_lowercase();
    let same_door = sent.scheme() == registered.scheme() && sent.port() == registered.port();
    let encrypted = (sent.scheme(), registered.scheme()) == ("https", "http")
        && sent.port().is_none()
        && registered.port().is_none();
    plain(&sent)
        && plain(&registered)
        && sent.host_str() == registered.host_str()
        && (same_door || encrypted)
        && path(&sent) == path(&registered)
        && sent.query() == registered.query()
}

/// A key of one length, whatever keys objects have.
fn name(about: ObjectId) -> String {
    hex::encode(sha256(&about.to_string()))
}

/// What [`record`] has kept of an object, as the API answers it, the latest first. `path` is where
/// the object is below the API.
///
/// # Errors
/// When Redis does not answer.
pub async fn failures(cx: &Context, about: ObjectId, path: &str) -> Result<Value, StoreError> {
    let found = cx.store.ephemeral().get(SPACE, &name(about)).await?;
    let kept = found.map(|found| read(&found.bytes, cx.clock.now())).unwrap_or_default();
    let told = kept.into_iter().map(|kept| {
        let Failure { code, reason, remedy, sent, expected, mend } = kept.failure;
        let mend = mend.map(|Mend { field, change }| match change {
            Change::Add(value) => json!({"path": path, "field": field, "add": value}),
            Change::Set(value) => json!({"path": path, "field": field, "set": value}),
        });
        json!({
            "code": code,
            "reason": reason,
            "remedy": remedy,
            "sent": sent,
            "expected": expected,
            "mend": mend,
            "count": kept.count,
            "first": kept.first.iso(),
            "last": kept.last.iso(),
            "client_ip": kept.client,
        })
    });
    Ok(told.collect())
}

pub(crate) fn operation() -> Operation {
    let list = json!({"type": "array", "items": {"$ref": "#/components/schemas/ExchangeFailure"}});
    Operation::new(
        Method::GET,
        "countersign/providers/{id}/failures/",
        "countersign_providers_failures_list",
        Access::on(Permission::view(<dyn Provider as Family>::META)),
        |call: Call| async move {
            let entry = named(&call)?;
            let path = format!("{}/{}", entry.meta().path, entry.id.key);
            Ok(json(StatusCode::OK, &failures(&call.cx, entry.id, &path).await?))
        },
    )
    .summary("Exchanges with a provider that failed in the last week: why, and what to change.")
    .response(list)
}

pub(crate) fn schemas() -> Vec<(&'static str, Value)> {
    let said = [("name", "string"), ("value", "string")];
    vec![
        (
            "ExchangeFailure",
            object_schema(&[
                ("code", "string"),
                ("reason", "string"),
                ("remedy", "string"),
                ("sent", "[#ExchangeSaid]"),
                ("expected", "[#ExchangeSaid]"),
                ("mend", "#ExchangeMend?"),
                ("count", "integer"),
                ("first", "time"),
                ("last", "time"),
                ("client_ip", "string"),
            ]),
        ),
        ("ExchangeSaid", object_schema(&said)),
        (
            "ExchangeMend",
            object_schema(&[
                ("path", "string"),
                ("field", "string"),
                ("add?", "any"),
                ("set?", "any"),
            ]),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIENT: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn failure(code: &str, value: &str) -> Failure {
        Failure::new(code, "It failed.", "Change it.").sent("redirect_uri", value)
    }

    #[test]
    fn equal_failures_are_counted_and_of_each_reason_the_latest_are_kept() {
        let mut kept = Vec::new();
        let at = |seconds: i64| Timestamp(0).plus_seconds(seconds);
        enter(&mut kept, &failure("rare", "once"), at(0), CLIENT);
        for turn in 0..100 {
            enter(&mut kept, &failure("often", &format!("value {turn}")), at(turn), CLIENT);
            enter(&mut kept, &failure("often", "the same"), at(turn), CLIENT);
        }
        let often: Vec<_> = kept.iter().filter(|kept| kept.failure.code == "often").collect();
        assert_eq!(often.len(), MOST_FOR_ONE_REASON);
        assert_eq!((often[0].count, often[0].first, often[0].last), (100, at(0), at(99)));
        assert_eq!(kept.last().map(|kept| kept.failure.code.as_str()), Some("rare"));
        for turn in 0..100 {
            enter(&mut kept, &failure(&format!("reason {turn}"), ""), at(turn), CLIENT);
        }
        assert_eq!(kept.len(), MOST);
        let bytes = serde_json::to_vec(&kept).unwrap();
        assert_eq!(read(&bytes, at(99 + KEPT - 1)).len(), 1);
        assert!(read(&bytes, at(99 + KEPT)).is_empty());
        assert!(read(b"of another version", at(0)).is_empty());
    }

    #[test]
    fn what_could_lead_elsewhere_is_no_harmless_variation() {
        let registered = "https://app.company/callback";
        for harmless in ["https://app.company/callback/", "https://app.company/Callback"] {
            assert!(is_harmless_variation(harmless, registered), "{harmless}");
        }
        assert!(is_harmless_variation("https://app.company/cb", "http://app.company/cb"));
        for other in [
            "http://app.company/callback",
            "https://app.company:8443/callback",
            "https://app.company/callback/more",
            "https://app.company/redirect?to=https://evil.example",
            "https://app.company/callback?next=1",
            "https://evil.example/callback",
            "https://app.company.evil.example/callback",
            "https://app.company@evil.example/callback",
            "https://user@app.company/callback",
            "javascript://app.company/%0aalert(1)",
            "com.company.app:/callback",
            "no address",
        ] {
            assert!(!is_harmless_variation(other, registered), "{other}");
        }
    }

    #[test]
    fn what_is_not_shown_whole_is_not_offered() {
        let long = format!("https://app.company/{}", "a".repeat(LONGEST));
        let mend = Mend { field: "acs_url".to_owned(), change: Change::Set(long.into()) };
        let failure = Failure { mend: Some(mend), ..failure("long", "") };
        assert_eq!(failure.bounded().mend, None);
    }

    #[test]
    fn a_failure_is_no_larger_than_it_may_be() {
        let mut large = failure("large", &"ä".repeat(10_000));
        for number in 0..50 {
            large = large.expected(&format!("address {number}"), &"x".repeat(5_000));
        }
        let bounded = large.bounded();
        assert!(serde_json::to_vec(&bounded).unwrap().len() <= LARGEST);
        assert!(bounded.sent[0].value.len() <= LONGEST + "…".len());
        assert!(!bounded.expected.is_empty());
        const { assert!(MOST * LARGEST < countersign_store::Ephemeral::LARGEST) };
    }
}
