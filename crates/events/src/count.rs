//! The signed count of events, kept apart from them and from the chain's marks: whoever empties
//! both leaves a number that says how many there were. It is signed once, at the first start; from
//! then on it has to be there.

use countersign_core::Context;
use countersign_model::Sealer;
use countersign_store::{Actor, Sql, StoreError, Tx};
use serde_json::{Value, json};

use crate::chain;
use crate::event::{Event, emit};

const PURPOSE: &str = "event count";
/// The fact; a migration makes it, once, as [`UNSIGNED`].
const FACT: &str = "event count";
const UNSIGNED: &str = "unsigned";

/// What the count says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Count {
    /// Events of an older version; the next start signs it.
    Unsigned,
    /// So many were sealed. `lost` is when the program found the count missing and had to begin
    /// anew.
    Signed { seq: i64, lost: Option<String> },
    /// It is not there, or somebody else wrote it.
    Missing,
}

pub(crate) fn read(sql: &mut Sql<'_>, sealer: &dyn Sealer) -> Result<Count, StoreError> {
    let Some(text) = sql.fact(FACT)? else { return Ok(Count::Missing) };
    if text == UNSIGNED {
        return Ok(Count::Unsigned);
    }
    let value: Value = serde_json::from_str(&text).unwrap_or_default();
    let lost = value.get("lost").and_then(Value::as_str).map(str::to_owned);
    let signed = value
        .get("seq")
        .and_then(Value::as_i64)
        .filter(|seq| value.get("signature") == Some(&signature(sealer, *seq, lost.as_deref())));
    Ok(signed.map_or(Count::Missing, |seq| Count::Signed { seq, lost }))
}

fn signature(sealer: &dyn Sealer, seq: i64, lost: Option<&str>) -> Value {
    hex::encode(sealer.mac(PURPOSE, format!("{seq}:{}", lost.unwrap_or_default()).as_bytes()))
        .into()
}

/// Signs how many events are sealed now.
pub(crate) fn write(tx: &mut Tx<'_>, seq: i64, lost: Option<&str>) -> Result<(), StoreError> {
    let value = json!({"seq": seq, "lost": lost, "signature": signature(tx.sealer(), seq, lost)});
    tx.put_fact(FACT, &value.to_string())
}

/// Signs the count at the first start, after what an older version left is sealed. A count that is
/// missing later was taken away: that is said in the log and in an event, and stays said by the
/// count that begins anew.
///
/// # Errors
/// When the engine fails.
pub(crate) async fn begin(cx: &Context) -> Result<(), StoreError> {
    cx.store
        .write(Actor::system(), "event count", |tx| {
            let sealer = tx.sealer();
            match read(tx, sealer)? {
                Count::Signed { .. } => {}
                Count::Unsigned => {
                    chain::adopt(tx)?;
                    let (seq, _) = chain::head(tx)?;
                    write(tx, seq, None)?;
                }
                Count::Missing => {
                    let (seq, _) = chain::head(tx)?;
                    let message = "The signed count of events was missing: somebody removed or changed it in the database, and perhaps events too.";
                    tracing::error!("{message}");
                    write(tx, seq, Some(&tx.now().iso()))?;
                    emit(tx, Event::new("suspicious_request", "countersign.events", json!({"message": message})))?;
                }
            }
            Ok(())
        })
        .await
}
