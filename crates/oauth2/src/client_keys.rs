//! The public keys of clients: those in their settings, and those that they publish.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use countersign_model::Timestamp;
use countersign_outbound::{Outbound, Request};
use serde_json::{Map, Value};

use crate::jose::PublicKeys;

/// Published keys are asked for again after this time, or earlier for a key that is not among them.
const FRESH_SECONDS: i64 = 300;
/// No more often than this, whatever is signed with.
const PAUSE_SECONDS: i64 = 30;
/// For how long they are good while their server does not answer.
const STALE_SECONDS: i64 = 3_600;
/// Addresses that are remembered.
const KEPT: usize = 1_024;

/// Keys as they were fetched.
#[derive(Default)]
struct Fetched {
    asked: Option<Timestamp>,
    keys: Option<(Arc<PublicKeys>, Timestamp)>,
}

impl Fetched {
    fn current(&self, now: Timestamp, seconds: i64) -> Option<&Arc<PublicKeys>> {
        let (keys, at) = self.keys.as_ref()?;
        (at.plus_seconds(seconds) > now).then_some(keys)
    }
}

/// The keys that clients publish, by their address.
#[derive(Default)]
pub(crate) struct ClientKeys(Mutex<HashMap<String, Arc<tokio::sync::Mutex<Fetched>>>>);

impl ClientKeys {
    /// The keys at an address, asked for again where those that are known have not what `knows`
    /// looks for; `None` where there are none for the moment.
    pub(crate) async fn at(
        &self,
        outbound: &Outbound,
        uri: &str,
        knows: impl Fn(&PublicKeys) -> bool,
        now: Timestamp,
    ) -> Option<Arc<PublicKeys>> {
        let place = self.place(uri);
        // Whoever asks at the same time waits for the one that fetches.
        let mut fetched = place.lock().await;
        if let Some(keys) = fetched.current(now, FRESH_SECONDS).filter(|keys| knows(keys)) {
            return Some(keys.clone());
        }
        if fetched.asked.is_none_or(|asked| asked.plus_seconds(PAUSE_SECONDS) <= now) {
            fetched.asked = Some(now);
            match fetch(outbound, uri).await {
                Ok(keys) => fetched.keys = Some((Arc::new(keys), now)),
                Err(problem) => {
                    tracing::warn!(uri, problem, "the keys of a client cannot be fetched");
                }
            }
        }
        fetched.current(now, STALE_SECONDS).cloned()
    }

    fn place(&self, uri: &str) -> Arc<tokio::sync::Mutex<Fetched>> {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if places.len() >= KEPT && !places.contains_key(uri) {
            places.clear();
        }
        places.entry(uri.to_owned()).or_default().clone()
    }
}

async fn fetch(outbound: &Outbound, uri: &str) -> Result<PublicKeys, String> {
    let answer = outbound.send(Request::get(uri)).await.map_err(|error| error.to_string())?;
    if !answer.status.is_success() {
        return Err(format!("the server answered {}", answer.status.as_u16()));
    }
    let set: Map<String, Value> =
        serde_json::from_slice(&answer.body).map_err(|_| "no JSON".to_owned())?;
    PublicKeys::parse(&set).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use countersign_model::Cidr;
    use countersign_outbound::Rules;
    use serde_json::json;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;
    use crate::jose::{ClientAlgorithm, Signed};
    use crate::wire::dpop::tests::Holder;

    /// A server that publishes what is in `set`, as often as it is asked; how often it was.
    #[expect(clippy::disallowed_methods, reason = "ends with the test")]
    async fn publishing(set: Arc<Mutex<Value>>) -> (String, Arc<AtomicUsize>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri = format!("http://{}/jwks", listener.local_addr().unwrap());
        let asked = Arc::new(AtomicUsize::new(0));
        let count = asked.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                let mut seen = [0u8; 4096];
                let _ = stream.read(&mut seen).await;
                let body = set.lock().unwrap().to_string();
                let head = format!(
                    "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                    body.len()
                );
                let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
            }
        });
        (uri, asked)
    }

    #[tokio::test]
    async fn published_keys_are_asked_for_when_they_are_needed_and_no_more_often() {
        let (first, second) = (Holder::new(), Holder::new());
        let named = |holder: &Holder, kid: &str| {
            let mut jwk = holder.jwk();
            jwk["kid"] = kid.into();
            jwk
        };
        let set = Arc::new(Mutex::new(json!({"keys": [named(&first, "1")]})));
        let (uri, asked) = publishing(set.clone()).await;
        let allow = vec![Cidr::parse("127.0.0.0/8").unwrap()];
        let outbound = Outbound::new(Rules { allow, ..Rules::default() });
        let keys = ClientKeys::default();
        let holds = async |holder: &Holder, kid: &str, second: i64| {
            let token = holder.sign(&json!({"alg": "ES256", "kid": kid}), &json!({"a": 1}));
            let signed = Signed::parse(&token).unwrap();
            let at = Timestamp::from_seconds(1_000 + second);
            let found = keys.at(&outbound, &uri, |keys| keys.may_know(&signed), at).await;
            found.is_some_and(|keys| keys.verify(&signed, &ClientAlgorithm::ALL).is_ok())
        };
        let count = || asked.load(Ordering::SeqCst);
        assert!(holds(&first, "1", 0).await);
        assert!(holds(&first, "1", 299).await);
        assert_eq!(count(), 1);
        assert!(!holds(&second, "2", 299).await, "not published yet");
        assert_eq!(count(), 2, "a key that is not known is asked for");
        *set.lock().unwrap() = json!({"keys": [named(&second, "2")]});
        assert!(!holds(&second, "2", 300).await, "but not again at once");
        assert_eq!(count(), 2);
        assert!(holds(&second, "2", 330).await);
        assert!(!holds(&first, "1", 331).await, "what is no longer published is not taken");
        assert_eq!(count(), 3);
        *set.lock().unwrap() = json!("nonsense");
        assert!(holds(&second, "2", 700).await, "the known ones are good for a while");
        assert!(!holds(&second, "2", 330 + STALE_SECONDS).await);
    }

    #[tokio::test]
    async fn keys_are_not_fetched_from_inside() {
        let (uri, asked) = publishing(Arc::new(Mutex::new(json!({"keys": []})))).await;
        let token = Holder::new().sign(&json!({"alg": "ES256"}), &json!({}));
        let signed = Signed::parse(&token).unwrap();
        let outbound = Outbound::new(Rules::default());
        let knows = |keys: &PublicKeys| keys.may_know(&signed);
        let found = ClientKeys::default().at(&outbound, &uri, knows, Timestamp(0)).await;
        assert!(found.is_none());
        assert_eq!(asked.load(Ordering::SeqCst), 0);
    }
}
