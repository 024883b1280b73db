//! Certificates that end soon: each leaves an event thirty days, a week and a day before.

use std::collections::BTreeMap;

use countersign_core::{Context, JobError, Run};
use countersign_events::{Event, emit, model_reference};
use countersign_model::{Fields as _, Timestamp};
use countersign_store::{Actor, StoreError, Tx};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::CertificateKeyPair;

const DAY: i64 = 86_400;
/// Days before the end, the last first.
const WARNINGS: [i64; 3] = [1, 7, 30];
/// What was warned of, by the keys of certificates.
const FACT: &str = "certificate warnings";

/// The last warning about a certificate. One that was replaced ends at another time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Warned {
    expires: Timestamp,
    days: i64,
}

/// The job `certificate_expiry`.
///
/// # Errors
/// When the store fails.
pub(crate) async fn run(cx: Context, _: Run) -> Result<(), JobError> {
    cx.store.write(Actor::system(), "certificates that end soon", warn).await?;
    Ok(())
}

fn warn(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let now = tx.now();
    let known = tx.fact(FACT)?.unwrap_or_default();
    let known: BTreeMap<String, Warned> = serde_json::from_str(&known).unwrap_or_default();
    let ending: Vec<(String, String, Warned)> = tx
        .graph()
        .list::<CertificateKeyPair>()
        .filter_map(|(reference, pair)| {
            let expires = pair.details()?.expires;
            let warned = Warned { expires, days: due(expires, now)? };
            Some((reference.key().to_string(), pair.name.clone(), warned))
        })
        .collect();
    for (key, name, warned) in &ending {
        if known.get(key) != Some(warned) {
            let (meta, when) = (CertificateKeyPair::META, warned.expires);
            let left = match warned.days {
                1 if when <= now => "has expired".to_owned(),
                1 => "expires within a day".to_owned(),
                _ => format!("expires in {} days", (when.seconds() - now.seconds()) / DAY),
            };
            let message = format!("The certificate {name} {left} ({}).", when.iso());
            let certificate = model_reference(meta.app(), meta.model_name(), key, name);
            let context =
                json!({"message": message, "certificate": certificate, "cert_expiry": when.iso()});
            emit(tx, Event::new("configuration_warning", "authentik.crypto", context))?;
        }
    }
    let noted: BTreeMap<String, Warned> =
        ending.into_iter().map(|(key, _, warned)| (key, warned)).collect();
    if noted == known {
        return Ok(());
    }
    tx.put_fact(FACT, &serde_json::to_string(&noted).unwrap_or_default())
}

/// Of which warning it is time.
fn due(expires: Timestamp, now: Timestamp) -> Option<i64> {
    let left = expires.seconds() - now.seconds();
    WARNINGS.into_iter().find(|days| left <= days * DAY)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use countersign_core::{KindResource, Module};
    use countersign_store::params;
    use countersign_testing::{NoAudit, TestClock, World, database};

    use super::*;
    use crate::certificate::{KeyAlgorithm, generate};

    const NOW: i64 = 1_800_000_000;

    async fn warnings(world: &World) -> Vec<String> {
        world.write(warn).await;
        let read = |tx: &mut Tx<'_>| {
            let rows = tx.query(
                "SELECT context FROM event WHERE action = 'configuration_warning' ORDER BY created",
                params![],
            )?;
            rows.iter().map(|row| row.get::<serde_json::Value>(0)).collect::<Result<Vec<_>, _>>()
        };
        let found = world.write(read).await;
        found.iter().map(|context| context["message"].as_str().unwrap().to_owned()).collect()
    }

    #[tokio::test]
    async fn a_certificate_is_warned_of_three_times() {
        let kinds = vec![KindResource::of::<CertificateKeyPair>()];
        let module = Module { name: "test", kinds, ..Module::default() };
        let world = World::new(vec![module], TestClock::at(NOW), Arc::new(NoAudit), database);
        let put = |days| {
            move |tx: &mut Tx<'_>| {
                let now = Timestamp::from_seconds(NOW);
                let made = generate("web", &[], days, KeyAlgorithm::Ecdsa, now).unwrap();
                tx.draft().put(uuid::Uuid::from_u128(1), made);
                Ok(())
            }
        };
        world.write(put(40)).await;
        for (days, count) in [(0, 0), (9, 0), (2, 1), (1, 1), (21, 2), (1, 2), (5, 3), (1, 3)] {
            world.clock.advance(days * DAY);
            let found = warnings(&world).await;
            assert_eq!(found.len(), count, "after {days} more days: {found:?}");
        }
        let said = warnings(&world).await;
        assert!(said[0].starts_with("The certificate web expires in 29 days"), "{said:?}");
        assert!(said[2].starts_with("The certificate web expires within a day"), "{said:?}");
        // One that was replaced is another.
        world.write(put(41)).await;
        assert_eq!(warnings(&world).await.len(), 4);
        world.write(put(400)).await;
        assert_eq!(warnings(&world).await.len(), 4);
    }
}
