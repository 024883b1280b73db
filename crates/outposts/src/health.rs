//! Which programs of an outpost are there: what each said last, and when. Kept in the ephemeral
//! store, where all processes see it.

use std::collections::BTreeMap;

use countersign_core::Context;
use countersign_model::Timestamp;
use countersign_store::{Owner, StoreError};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::wire::Hello;

const SPACE: &str = "outpost";
/// An outpost says that it is there every ten seconds; one that is this late is gone.
const LIVE_SECONDS: i64 = 15;
/// How long it is known when a program was last seen.
const KEPT_SECONDS: i64 = 30 * 86_400;
/// Programs of one outpost that are remembered; those seen last.
const MOST: usize = 50;
/// Letters of what a program says of itself.
const LONGEST: usize = 200;
const TRIES: usize = 10;

/// A program as it said last that it is there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Instance {
    pub(crate) last_seen: i64,
    pub(crate) hello: Hello,
}

impl Instance {
    pub(crate) fn seen(&self) -> Timestamp {
        Timestamp::from_seconds(self.last_seen)
    }

    pub(crate) fn is_live(&self, now: Timestamp) -> bool {
        self.seen().plus_seconds(LIVE_SECONDS) > now
    }
}

pub(crate) type Instances = BTreeMap<String, Instance>;

/// Notes that a program of an outpost is there.
///
/// # Errors
/// The store fails.
pub(crate) async fn note(
    cx: &Context,
    outpost: Uuid,
    instance: &str,
    hello: Hello,
) -> Result<(), StoreError> {
    let (key, now) = (outpost.to_string(), cx.clock.now());
    let note = Instance { last_seen: now.seconds(), hello: bounded(hello) };
    // Several programs say so at once, perhaps to several processes.
    for _ in 0..TRIES {
        let kept = cx.store.ephemeral().get(SPACE, &key).await?;
        let (version, mut instances) = match &kept {
            Some(kept) => (Some(kept.version), read(&kept.bytes)),
            None => (None, Instances::new()),
        };
        instances.insert(cut(instance), note.clone());
        while instances.len() > MOST {
            let oldest = instances.iter().min_by_key(|(_, instance)| instance.last_seen);
            let Some(oldest) = oldest.map(|(name, _)| name.clone()) else { break };
            instances.remove(&oldest);
        }
        let bytes = serde_json::to_vec(&instances).unwrap_or_default();
        let written = cx.store.ephemeral().compare_and_swap(
            SPACE,
            &key,
            version,
            bytes,
            KEPT_SECONDS,
            Owner::Program,
        );
        if written.await? {
            return Ok(());
        }
    }
    tracing::debug!(%outpost, "too many programs of an outpost said at once that they are there");
    Ok(())
}

/// The programs of an outpost that were seen of late, by what they call themselves.
///
/// # Errors
/// The store fails.
pub(crate) async fn instances(cx: &Context, outpost: Uuid) -> Result<Instances, StoreError> {
    let kept = cx.store.ephemeral().get(SPACE, &outpost.to_string()).await?;
    let oldest = cx.clock.now().plus_seconds(-KEPT_SECONDS);
    let mut all = kept.map(|kept| read(&kept.bytes)).unwrap_or_default();
    all.retain(|_, instance| instance.seen() > oldest);
    Ok(all)
}

fn read(bytes: &[u8]) -> Instances {
    serde_json::from_slice(bytes).unwrap_or_default()
}

fn cut(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}

fn bounded(hello: Hello) -> Hello {
    Hello {
        version: cut(&hello.version),
        build_hash: cut(&hello.build_hash),
        uuid: cut(&hello.uuid),
        golang_version: cut(&hello.golang_version),
        openssl_version: cut(&hello.openssl_version),
        hostname: cut(&hello.hostname),
        ..hello
    }
}
