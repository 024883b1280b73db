//! Keys that protocols parse of certificates.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use countersign_model::{ObjectId, Ref, Revision, Snapshot};

use crate::certificate::CertificateKeyPair;

/// Parsed keys are small; more objects than this would be a very large installation, and are parsed
/// again.
const MOST: usize = 4_096;

/// Keys of providers or sources, which name `N` certificates each: parsed once for each state of the
/// configuration that they come from.
pub struct KeyRing<K, const N: usize>(Mutex<HashMap<ObjectId, Parsed<K, N>>>);

struct Parsed<K, const N: usize> {
    /// The revisions of the object and of its certificates.
    of: (Option<Revision>, [Option<Revision>; N]),
    keys: Arc<K>,
}

impl<K, const N: usize> Default for KeyRing<K, N> {
    fn default() -> KeyRing<K, N> {
        KeyRing(Mutex::default())
    }
}

impl<K, const N: usize> KeyRing<K, N> {
    /// The keys of an object, and whether they were just read for the first time since something
    /// changed.
    ///
    /// # Errors
    /// Those of `read`.
    pub fn keys<E>(
        &self,
        snapshot: &Snapshot,
        id: ObjectId,
        pairs: [Option<Ref<CertificateKeyPair>>; N],
        read: impl FnOnce() -> Result<K, E>,
    ) -> Result<(Arc<K>, bool), E> {
        let revision = |id: ObjectId| snapshot.entry(id).map(|entry| entry.revision);
        let of = (revision(id), pairs.map(|pair| revision(pair?.id())));
        if let Some(known) = self.lock().get(&id).filter(|known| known.of == of) {
            return Ok((known.keys.clone(), false));
        }
        let keys = Arc::new(read()?);
        let mut ring = self.lock();
        if ring.len() >= MOST {
            ring.clear();
        }
        ring.insert(id, Parsed { of, keys: keys.clone() });
        Ok((keys, true))
    }

    /// Reads the keys of an object again at the next use, as for the first time.
    pub fn forget(&self, id: ObjectId) {
        self.lock().remove(&id);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<ObjectId, Parsed<K, N>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
