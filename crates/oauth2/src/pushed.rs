//! Requests that wait here for the browser that brings their name (RFC 9126): pushed ones, and
//! those from signed objects, which end sooner than a sign-in may take.

use countersign_store::{Owner, StoreError};
use serde::{Deserialize, Serialize};

use crate::provider::Provider;
use crate::service::Service;
use crate::wire::Params;

const SPACE: &str = "oauth2.pushed";
const PREFIX: &str = "urn:ietf:params:oauth:request_uri:";
/// From when a request was pushed until the person has signed in, however often the browser comes
/// with it: less than 600 (FAPI 2.0 Security Profile 5.3.2.2).
pub(crate) const SECONDS: i64 = 590;
/// The same for one from a signed object, whose name only this browser has.
pub(crate) const OBJECT_SECONDS: i64 = 3_600;

/// A request that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pushed {
    provider: i64,
    query: String,
}

/// The name of a request that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name(String);

impl Name {
    /// `None` for an address that is no such name.
    pub(crate) fn parse(request_uri: &str) -> Option<Name> {
        request_uri.strip_prefix(PREFIX).map(|name| Name(name.to_owned()))
    }

    pub(crate) fn uri(&self) -> String {
        format!("{PREFIX}{}", self.0)
    }
}

impl Service {
    /// # Errors
    /// The request is beyond every bound, or nothing can be stored.
    pub(crate) async fn push(
        &self,
        provider: &Provider,
        params: &Params,
        seconds: i64,
        owner: Owner,
    ) -> Result<Name, StoreError> {
        let name = Name(self.cx.entropy.token(43));
        let pushed = Pushed { provider: provider.id(), query: params.to_query() };
        let bytes = serde_json::to_vec(&pushed).unwrap_or_default();
        self.cx.store.ephemeral().put(SPACE, &name.0, bytes, seconds, owner).await?;
        Ok(name)
    }

    /// The request of this name, if it is the client's and was not used.
    ///
    /// # Errors
    /// The store does not answer.
    pub(crate) async fn pushed(
        &self,
        provider: &Provider,
        name: &Name,
    ) -> Result<Option<Params>, StoreError> {
        let found = self.cx.store.ephemeral().get(SPACE, &name.0).await?;
        let pushed = found.and_then(|found| serde_json::from_slice::<Pushed>(&found.bytes).ok());
        let own = pushed.filter(|pushed| pushed.provider == provider.id());
        Ok(own.and_then(|pushed| Params::parse(pushed.query.as_bytes()).ok()))
    }

    /// Uses a request up; `false` where it was used before.
    pub(crate) async fn take_pushed(&self, name: &Name) -> bool {
        self.cx.store.ephemeral().take(SPACE, &name.0).await.is_some()
    }
}
