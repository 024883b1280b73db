//! Where a proxy gets from what it does not know of itself. This server is at home in its own store
//! (`local`); a program at the edge has a server elsewhere. What is decided from it is decided here,
//! by the same functions.

use std::ops::Deref;
use std::sync::Arc;

use countersign_core::RequestInfo;
use countersign_model::{Clock, Entropy, Secret};
use countersign_outbound::Upstreams;
use http::HeaderMap;
use serde_json::Value;

use crate::identity::Granted;
use crate::selftest::Seen;
use crate::site::{Site, Sites};

/// What a proxy stands on.
pub trait Home: Clone + Send + Sync + 'static {
    /// An application with what this home knows it by.
    type Site: Deref<Target = Site> + Send + Sync + 'static;

    /// The applications that are answered for now.
    fn sites(&self) -> Arc<Sites<Self::Site>>;

    /// What the outpost is called that answers.
    fn name(&self) -> String;

    fn clock(&self) -> &dyn Clock;

    fn entropy(&self) -> &dyn Entropy;

    fn upstreams(&self) -> &Upstreams;

    /// Who sends a request and may open the application now.
    fn granted(
        &self,
        site: &Self::Site,
        headers: &HeaderMap,
        request: &RequestInfo,
    ) -> impl Future<Output = Result<Option<Granted>, Failed>> + Send;

    /// The address at which people sign in (RFC 6749, section 3.1).
    fn sign_in_at(&self, site: &Self::Site) -> impl Future<Output = Result<String, Failed>> + Send;

    /// Takes in a code that a browser brought, and begins a session of it.
    fn begin(
        &self,
        site: &Self::Site,
        code: &str,
        verifier: &str,
        request: &RequestInfo,
    ) -> impl Future<Output = Result<Begun, NotBegun>> + Send;

    /// Ends all sessions of whoever sends a request, unless it is only `asked` where to go.
    fn sign_out(
        &self,
        site: &Self::Site,
        headers: &HeaderMap,
        request: &RequestInfo,
        asked: bool,
    ) -> impl Future<Output = Result<SignedOut, Failed>> + Send;

    /// Notes a request that bears the mark of a self-test. The client of the provider for which it is
    /// to be let through; nobody's where this program knows of no tests.
    fn tested(&self, word: &str, seen: Seen) -> impl Future<Output = Option<String>> + Send {
        let _ = (word, seen);
        std::future::ready(None)
    }

    /// Tells administrators of a setting that is wrong, seldom about the same one.
    fn report(
        &self,
        place: &'static str,
        about: &str,
        context: Value,
        request: &RequestInfo,
    ) -> impl Future<Output = ()> + Send;
}

/// A session that has just begun: the value of its cookie, and its seconds.
#[derive(Debug)]
pub struct Begun {
    pub cookie: Secret,
    pub seconds: i64,
}

/// Why a code began none.
#[derive(Debug)]
pub enum NotBegun {
    /// In words for whoever brought it.
    Refused(String),
    Failed(Failed),
}

/// Where a browser goes on that signs out, and whether it had a session.
#[derive(Debug)]
pub struct SignedOut {
    pub to: String,
    pub ended: bool,
}

/// Why nothing can be said of a request.
#[derive(Debug)]
pub enum Failed {
    /// It may be said in a moment.
    Away,
    /// This server does not know where browsers find it.
    NoAddress,
    /// It was logged.
    Broken,
}

impl From<Failed> for NotBegun {
    fn from(failed: Failed) -> NotBegun {
        NotBegun::Failed(failed)
    }
}
