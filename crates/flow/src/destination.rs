//! Where a sign-in leads. Protocols know their own addresses: from the `next` of a sign-in they
//! tell the application that is wanted, so that nothing has to be kept of a visitor who has not
//! answered anything yet.

use std::sync::Arc;

use countersign_core::Context;
use countersign_model::Ref;

use crate::kinds::Flow;

/// The application somebody wants to open and is asked to sign in for.
#[derive(Debug, Clone)]
pub struct ApplicationHint {
    pub name: String,
    pub slug: String,
    /// Signs in with this flow instead of the brand's.
    pub authentication_flow: Option<Ref<Flow>>,
}

/// Knows the applications behind some addresses of this server. Registered as an extension, see
/// [`Destinations`].
pub trait Destination: Send + Sync {
    /// The application that asked by this address, if it is one of this protocol.
    fn application(&self, cx: &Context, path: &str, query: &str) -> Option<ApplicationHint>;
}

/// The destinations of one module: `extensions:
/// vec![Arc::new(Destinations(vec![Arc::new(Authorize)]))]`.
pub struct Destinations(pub Vec<Arc<dyn Destination>>);

/// The application that `next` leads to.
pub(crate) fn application(cx: &Context, query: &[(String, String)]) -> Option<ApplicationHint> {
    let (_, next) = query.iter().rev().find(|(name, _)| name == "next")?;
    let (path, query) = next.split_once('?').unwrap_or((next, ""));
    cx.extensions::<Destinations>()
        .flat_map(|all| all.0.iter())
        .find_map(|destination| destination.application(cx, path, query))
}
