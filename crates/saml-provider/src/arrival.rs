//! How a message of an application arrives, and what is kept of one while somebody signs in.
//!
//! A message in an address is in the address that the browser comes back to. One in a form is not,
//! and neither is the time at which a fresh sign-in was asked for: both are kept for ten minutes,
//! under a name that only this browser's address has.

use axum::body::Bytes;
use countersign_core::RequestInfo;
use countersign_model::Timestamp;
use countersign_saml::Refusal;
use countersign_saml::binding::{self, Received};
use countersign_store::{Owner, StoreError};
use http::{Method, request::Parts};
use serde::{Deserialize, Serialize};

use crate::service::Service;

const SPACE: &str = "saml.kept";
const SECONDS: i64 = 600;
/// The parameter that names what is kept.
const KEPT: &str = "kept";
const NAME_LENGTH: usize = 32;
/// More is in no message.
const MOST: usize = 65_536;

/// What came, as it came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Raw {
    Query(String),
    Form(String),
    /// Nothing: the sign-in begins here.
    Unasked,
}

/// A message at one application's address.
pub(crate) struct Arrival {
    pub(crate) raw: Raw,
    /// When it came first, and the name it is kept under.
    pub(crate) kept: Option<(Timestamp, String)>,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    provider: i64,
    at: Timestamp,
    raw: Raw,
}

impl Raw {
    pub(crate) fn of(parts: &Parts, body: &Bytes, request: &RequestInfo) -> Raw {
        let form = str::from_utf8(body).unwrap_or_default();
        if parts.method == Method::POST && form.contains("SAML") {
            Raw::Form(form.to_owned())
        } else {
            Raw::Query(request.query.clone())
        }
    }

    /// The message; `None` where nobody sent one.
    ///
    /// # Errors
    /// It cannot be decoded.
    pub(crate) fn received(&self) -> Result<Option<Received>, Refusal> {
        match self {
            Raw::Query(query) => binding::from_query(query).map(Some),
            Raw::Form(body) => binding::from_form(body).map(Some),
            Raw::Unasked => Ok(None),
        }
    }
}

impl Arrival {
    /// What comes, or was kept; `None` when what is named is no longer kept.
    ///
    /// # Errors
    /// The store fails.
    pub(crate) async fn read(
        service: &Service,
        provider: i64,
        raw: Raw,
        request: &RequestInfo,
    ) -> Result<Option<Arrival>, StoreError> {
        let mut pairs = form_urlencoded::parse(request.query.as_bytes());
        let Some((_, name)) = pairs.find(|(name, _)| name == KEPT) else {
            return Ok(Some(Arrival { raw, kept: None }));
        };
        let found = service.cx.store.ephemeral().get(SPACE, &name).await?;
        let kept = found.and_then(|found| serde_json::from_slice::<Kept>(&found.bytes).ok());
        Ok(kept
            .filter(|kept| kept.provider == provider)
            .map(|kept| Arrival { raw: kept.raw, kept: Some((kept.at, name.into_owned())) }))
    }

    /// Keeps it; the query by which the browser comes back to it.
    ///
    /// # Errors
    /// It is larger than messages are; the store fails.
    pub(crate) async fn keep(
        &self,
        service: &Service,
        provider: i64,
        request: &RequestInfo,
    ) -> Result<Result<String, Refusal>, StoreError> {
        if let Some((_, name)) = &self.kept {
            return Ok(Ok(format!("{KEPT}={name}")));
        }
        let size = match &self.raw {
            Raw::Query(text) | Raw::Form(text) => text.len(),
            Raw::Unasked => 0,
        };
        if size > MOST {
            return Ok(Err(Refusal::TooLarge));
        }
        let name = service.cx.entropy.token(NAME_LENGTH);
        let kept = Kept { provider, at: service.now(), raw: self.raw.clone() };
        let bytes = serde_json::to_vec(&kept).unwrap_or_default();
        let owner = Owner::client(request.client_ip);
        service.cx.store.ephemeral().put(SPACE, &name, bytes, SECONDS, owner).await?;
        Ok(Ok(format!("{KEPT}={name}")))
    }

    pub(crate) async fn forget(&self, service: &Service) {
        if let Some((_, name)) = &self.kept {
            service.cx.store.ephemeral().remove(SPACE, name).await;
        }
    }
}
