//! Who is behind a request: a browser with its session, or the bearer of a token.

use std::sync::Arc;

use countersign_store::sha256;
use http::HeaderValue;

use crate::BoxFuture;
use crate::context::Context;
use crate::cookies;
use crate::identity::{Caller, Identity, Via};
use crate::known_browser::KnownBrowser;
use crate::request::RequestInfo;
use crate::session::SessionData;

/// What an OAuth access token stands for.
#[derive(Debug, Clone)]
pub struct OAuthCaller {
    pub user: i64,
    pub scopes: Vec<String>,
}

/// Looks up bearer tokens that are not API tokens; offered by the module that issues them.
pub trait TokenResolver: Send + Sync {
    /// `None` for a token that is unknown, expired or revoked.
    fn resolve(&self, cx: Context, token: String) -> BoxFuture<Option<OAuthCaller>>;
}

/// An outpost remembers that somebody failed to sign in as long as the cookie of the try lasts. A
/// try has to fit in.
const OUTPOST_SECONDS: i64 = 300;

/// A browser: its session key, and who is signed in, if anybody. For pages and protocol endpoints.
#[derive(Debug, Clone)]
pub struct Visitor {
    /// The key flow plans are kept under; made up for a browser without cookie.
    pub key: String,
    /// The browser does not have the key yet: answer with [`Visitor::cookie`].
    pub fresh: bool,
    pub user: Option<Arc<Identity>>,
    /// Who acts as `user`, while impersonating.
    pub original: Option<Arc<Identity>>,
    /// Of the session row, when signed in.
    pub session: Option<SessionData>,
    /// Who signed in with this browser before.
    pub browser: KnownBrowser,
}

impl Visitor {
    /// A browser with a key, and nobody signed in.
    pub fn nobody(key: String) -> Visitor {
        Visitor {
            key,
            fresh: false,
            user: None,
            original: None,
            session: None,
            browser: KnownBrowser::default(),
        }
    }

    pub fn key_hash(&self) -> [u8; 32] {
        sha256(&self.key)
    }

    pub fn caller(&self) -> Caller {
        match &self.user {
            Some(user) => Caller {
                user: Some(user.clone()),
                original: self.original.clone(),
                via: Via::Session { key_hash: self.key_hash() },
            },
            None => Caller::nobody(),
        }
    }

    /// The cookie a fresh anonymous browser must be given.
    pub fn cookie(&self, cx: &Context, request: &RequestInfo) -> Option<HeaderValue> {
        let seconds = request.outpost.map(|_| OUTPOST_SECONDS);
        self.fresh.then(|| cookies::session_cookie(cx, request, &self.key, None, seconds)).flatten()
    }
}
