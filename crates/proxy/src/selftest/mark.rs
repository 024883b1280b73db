//! The mark by which a request of a self-test is known when it comes here through somebody's reverse
//! proxy: a random word that is good once, for a minute, for one address of one provider. Nobody
//! else's request can pass as it, and it opens nothing: what is let through with it stands for nobody.

use countersign_core::{Context, RequestInfo};
use countersign_model::Entropy;
use countersign_store::{Owner, StoreError, sha256};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::asked::{Asked, Front, Misread};
use crate::identity::NAMES;
use crate::login::cookies;

/// It travels twice: as a cookie, since without cookies nobody stays signed in, and as a header, to
/// tell a front end that asks without cookies from one that does not ask.
pub(crate) const COOKIE: &str = "authentik_proxy_test";
pub(crate) const HEADER: &str = "x-countersign-test";
const LETTERS: usize = 48;
const SPACE: &str = "proxy.test";
const SECONDS: i64 = 60;

/// What a marked request was when it came here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    pub(crate) door: Door,
    /// The address that was asked about, or the host by which a browser's request came.
    pub(crate) address: String,
    /// What kept the question from being read.
    pub(crate) misread: Option<String>,
    pub(crate) by_cookie: bool,
    /// Somebody who is believed said whom the request came from.
    pub(crate) names_client: bool,
}

/// Where it came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Door {
    /// A front end asks about it.
    Asked,
    /// It is to be passed on.
    Passing,
    /// A browser is sent to sign in.
    Start,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Mark {
    /// Of the provider that is tested.
    client_id: String,
    /// What is visited with it.
    address: String,
    lets_through: bool,
    seen: Option<Seen>,
}

impl Seen {
    /// Whether a front end asks about this very address, as far as it says it: those that do not
    /// know the scheme leave it out.
    pub(crate) fn asks_about(&self, address: &str) -> bool {
        let said = match self.address.strip_prefix("://") {
            Some(rest) => address.split_once("://").is_some_and(|(_, own)| own == rest),
            None => self.address == address,
        };
        said && self.door == Door::Asked && self.misread.is_none()
    }
}

/// A mark as it came.
pub(crate) struct Brought<'h> {
    word: &'h str,
    by_cookie: bool,
}

impl Brought<'_> {
    /// Of nearly all requests there is none.
    pub(crate) fn by(headers: &HeaderMap) -> Option<Brought<'_>> {
        let header = headers.get(HEADER).and_then(|value| value.to_str().ok());
        let cookie = cookies(headers, COOKIE).next();
        let word = cookie.or(header)?;
        let sound = word.len() == LETTERS && word.bytes().all(|b| b.is_ascii_alphanumeric());
        sound.then_some(Brought { word, by_cookie: cookie.is_some() })
    }

    pub(crate) fn word(&self) -> &str {
        self.word
    }

    /// A question of a front end, or a request that is to be passed on.
    pub(crate) fn asked(
        &self,
        front: Front,
        asked: &Result<Asked, Misread>,
        request: &RequestInfo,
        headers: &HeaderMap,
    ) -> Seen {
        let door = if front == Front::Own { Door::Passing } else { Door::Asked };
        let address = match asked {
            Ok(asked) => asked.said(),
            Err(_) => request.host.clone(),
        };
        let misread = asked.as_ref().err().map(ToString::to_string);
        self.seen(door, address, misread, headers)
    }

    /// A browser's request.
    pub(crate) fn start(&self, request: &RequestInfo, headers: &HeaderMap) -> Seen {
        self.seen(Door::Start, request.host.clone(), None, headers)
    }

    fn seen(
        &self,
        door: Door,
        address: String,
        misread: Option<String>,
        headers: &HeaderMap,
    ) -> Seen {
        let names_client = headers.contains_key("x-forwarded-for");
        Seen { door, address, misread, by_cookie: self.by_cookie, names_client }
    }
}

/// Makes a mark for one visit of an address.
pub(crate) async fn make(
    cx: &Context,
    client_id: &str,
    address: &Address,
    lets_through: bool,
) -> Result<String, StoreError> {
    let entropy: &dyn Entropy = &*cx.entropy;
    let word = entropy.token(LETTERS);
    let (client_id, address) = (client_id.to_owned(), address.to_string());
    let mark = Mark { client_id, address, lets_through, seen: None };
    let bytes = serde_json::to_vec(&mark).unwrap_or_default();
    let ephemeral = cx.store.ephemeral();
    ephemeral.put(SPACE, &key(&word), bytes, SECONDS, Owner::Program).await?;
    Ok(word)
}

/// Notes where a marked request came to. The provider for which it is to be let through, where that
/// is wanted, the question is about what is visited, and nobody brought the mark before: whoever is
/// visited has the mark, too, and may hand it on to any host of the provider.
pub(crate) async fn note(cx: &Context, word: &str, seen: Seen) -> Option<String> {
    let (ephemeral, key) = (cx.store.ephemeral(), key(word));
    let found = ephemeral.get(SPACE, &key).await.ok()??;
    let mark: Mark = serde_json::from_slice(&found.bytes).ok()?;
    if mark.seen.is_some() {
        return None;
    }
    let passes = mark.lets_through && seen.asks_about(&mark.address);
    let client_id = mark.client_id.clone();
    let bytes = serde_json::to_vec(&Mark { seen: Some(seen), ..mark }).unwrap_or_default();
    let version = Some(found.version);
    let first =
        ephemeral.compare_and_swap(SPACE, &key, version, bytes, SECONDS, Owner::Program).await;
    (first.is_ok_and(|first| first) && passes).then_some(client_id)
}

/// Ends a mark; where its request came to, if it came here.
pub(crate) async fn end(cx: &Context, word: &str) -> Option<Seen> {
    let bytes = cx.store.ephemeral().take(SPACE, &key(word)).await?;
    serde_json::from_slice::<Mark>(&bytes).ok()?.seen
}

fn key(word: &str) -> String {
    hex::encode(sha256(word))
}

/// What comes of a header in a test, by its name.
pub(crate) fn ours(name: &str) -> String {
    format!("countersign-test-{}", short(name))
}

/// What a client writes there.
pub(crate) fn forged(name: &str) -> String {
    format!("countersign-forged-{}", short(name))
}

fn short(name: &str) -> &str {
    name.strip_prefix(crate::identity::PREFIX).unwrap_or(name)
}

/// The identity of a request that is let through: everything says that it is a test, and nothing
/// who anybody is.
pub(crate) fn identity() -> HeaderMap {
    let header = |name: &'static str| {
        let value = HeaderValue::from_str(&ours(name)).ok()?;
        Some((HeaderName::from_static(name), value))
    };
    NAMES.into_iter().filter_map(header).collect()
}
