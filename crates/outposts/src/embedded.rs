//! The outpost that runs inside this server. It answers for every proxy provider that has an
//! application, whether it is listed or not.

use countersign_core::Context;
use countersign_store::{Actor, StoreError, Tx};
use serde_json::Value;

use crate::config::{Config, defaults};
use crate::outpost::{EMBEDDED, EMBEDDED_NAME, Outpost, OutpostType};

/// Makes it where it is not there, or removes it where the settings want none. One of its name that
/// nobody marked is it.
///
/// # Errors
/// The store fails.
pub(crate) async fn ensure(cx: Context, wanted: bool) -> Result<(), String> {
    let snapshot = cx.snapshot();
    let mut there = snapshot.list::<Outpost>().filter(|(_, outpost)| outpost.is_embedded());
    let there = there.next().map(|(reference, _)| reference.id());
    match there {
        Some(id) if !wanted => {
            let remove = move |tx: &mut Tx<'_>| Ok::<_, StoreError>(tx.draft().delete(id)?);
            let removed = cx.store.write(Actor::system(), "embedded outpost disabled", remove);
            return removed.await.map_err(|error| error.to_string());
        }
        None if wanted => {}
        _ => return Ok(()),
    }
    let make = |tx: &mut Tx<'_>| {
        let named = tx.graph().find::<Outpost>("name", EMBEDDED_NAME);
        let (key, outpost) = match named {
            Some((reference, outpost)) => (reference.key(), outpost.clone()),
            None => {
                let config = match defaults("") {
                    Value::Object(map) => Config::new(map),
                    _ => Config::default(),
                };
                let outpost = Outpost {
                    name: EMBEDDED_NAME.to_owned(),
                    r#type: OutpostType::Proxy,
                    providers: Vec::new(),
                    service_connection: None,
                    config,
                    managed: None,
                };
                (tx.entropy().uuid().into(), outpost)
            }
        };
        tx.draft().put(key, Outpost { managed: Some(EMBEDDED.to_owned()), ..outpost });
        Ok::<_, StoreError>(())
    };
    let made = cx.store.write(Actor::system(), "embedded outpost made", make).await;
    made.map_err(|error| error.to_string())
}
