//! What providers publish about themselves, as bytes that are ready to be sent: discovery documents
//! and key sets are asked for far more often than they change.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Bytes;
use countersign_model::{Revision, Timestamp};

use crate::wire::Registered;

/// All documents together are no larger. The host in a request may be anything, so beyond it all
/// are made anew.
const LARGEST: usize = 4 * 1024 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Document {
    Discovery,
    KeySet,
}

/// Which document: of which application (`None`: of the issuer that providers share), and as seen
/// from which origin.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Name {
    pub(crate) document: Document,
    pub(crate) slug: Option<String>,
    pub(crate) origin: String,
}

#[derive(Debug, Clone)]
pub(crate) struct Ready {
    /// When it is no longer true, whatever the configuration.
    pub(crate) until: Option<Timestamp>,
    pub(crate) body: Bytes,
    /// Whose pages may read it.
    pub(crate) shared_with: Arc<[Registered]>,
}

impl Ready {
    fn size(&self, name: &Name) -> usize {
        let addresses: usize =
            self.shared_with.iter().map(|uri| size_of::<Registered>() + uri.url.len()).sum();
        size_of::<(Name, Ready)>()
            + name.slug.as_ref().map_or(0, String::len)
            + name.origin.len()
            + self.body.len()
            + addresses
    }
}

/// The documents of one revision of the configuration.
#[derive(Default)]
pub(crate) struct Documents {
    made: Mutex<Made>,
    /// Held by the request that makes a document of many providers.
    pub(crate) turn: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Made {
    revision: Revision,
    size: usize,
    documents: HashMap<Name, Ready>,
}

impl Documents {
    /// The document as it was made from this revision, while it is true.
    pub(crate) fn get(&self, name: &Name, revision: Revision, now: Timestamp) -> Option<Ready> {
        let made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let ready = made.documents.get(name).filter(|_| made.revision == revision)?;
        ready.until.is_none_or(|until| until > now).then(|| ready.clone())
    }

    pub(crate) fn put(&self, name: Name, revision: Revision, ready: &Ready) {
        let size = ready.size(&name);
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        // A slow request does not bring back what was true before.
        if revision < made.revision || size > LARGEST {
            return;
        }
        if revision > made.revision || made.size + size > LARGEST {
            *made = Made { revision, ..Made::default() };
        }
        made.size += size;
        if let Some(former) = made.documents.insert(name.clone(), ready.clone()) {
            made.size -= former.size(&name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(document: Document, origin: &str) -> Name {
        Name { document, slug: Some("app".to_owned()), origin: origin.to_owned() }
    }

    fn ready(until: Option<i64>, size: usize) -> Ready {
        Ready {
            until: until.map(Timestamp),
            body: vec![b'x'; size].into(),
            shared_with: Arc::default(),
        }
    }

    #[test]
    fn documents_are_of_one_revision_one_origin_and_their_time() {
        let documents = Documents::default();
        documents.put(name(Document::KeySet, ""), 3, &ready(Some(10), 1));
        documents.put(name(Document::Discovery, "https://a"), 3, &ready(None, 1));
        let found = |document, origin, revision, now| {
            documents.get(&name(document, origin), revision, Timestamp(now)).is_some()
        };
        assert!(found(Document::KeySet, "", 3, 9));
        assert!(!found(Document::KeySet, "", 3, 10), "a former key is no longer needed");
        assert!(!found(Document::KeySet, "", 4, 9));
        assert!(found(Document::Discovery, "https://a", 3, i64::MAX));
        assert!(!found(Document::Discovery, "https://b", 3, 0));
        let shared = Name { slug: None, ..name(Document::KeySet, "") };
        assert!(documents.get(&shared, 3, Timestamp(0)).is_none(), "the shared issuer has its own");
        documents.put(name(Document::Discovery, "https://b"), 4, &ready(None, 1));
        documents.put(name(Document::Discovery, "https://a"), 3, &ready(None, 1));
        assert!(
            found(Document::Discovery, "https://b", 4, 0)
                && !found(Document::Discovery, "https://a", 4, 0)
        );
        assert!(!found(Document::Discovery, "https://a", 3, 0), "what a slow request made is over");
    }

    /// Hosts and their lengths are chosen by anybody who asks.
    #[test]
    fn documents_for_any_number_of_hosts_take_bounded_memory() {
        let documents = Documents::default();
        for host in 0..2_000 {
            let origin = format!("https://{host}.{}", "long".repeat(1_000));
            documents.put(name(Document::Discovery, &origin), 1, &ready(None, 3_000));
            assert!(documents.get(&name(Document::Discovery, &origin), 1, Timestamp(0)).is_some());
            let made = documents.made.lock().unwrap();
            let sum: usize = made.documents.iter().map(|(name, ready)| ready.size(name)).sum();
            assert!(made.size <= LARGEST && made.size == sum);
        }
        documents.put(name(Document::KeySet, ""), 1, &ready(None, 1));
        let before = documents.made.lock().unwrap().size;
        documents.put(name(Document::KeySet, ""), 1, &ready(None, 1));
        documents.put(name(Document::KeySet, "large"), 1, &ready(None, LARGEST));
        assert_eq!(documents.made.lock().unwrap().size, before);
    }
}
