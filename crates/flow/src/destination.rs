//! Where a sign-in leads. Protocols know their own addresses: from the `next` of a sign-in they
//! tell the application that is wanted, so that nothing has to be kept of a visitor who has not
//! answered anything yet.

use countersign_core::Context;
use countersign_model::Ref;

use crate::context::FlowContext;
use crate::kinds::Flow;

/// The application somebody wants to open and is asked to sign in for.
#[derive(Debug, Clone, Default)]
pub struct ApplicationHint {
    pub name: String,
    pub slug: String,
    /// Signs in with this flow instead of the brand's.
    pub authentication_flow: Option<Ref<Flow>>,
    /// Who is expected: the name that the page offers.
    pub login_hint: Option<String>,
    /// It wants a second factor to be shown now, not one of before.
    pub second_factor: bool,
    /// It wants a new account to be made, where people may make one.
    pub registers: bool,
}

/// Knows the applications behind some addresses of this server. A dependency of flows, see
/// [`Deps`](crate::Deps).
pub trait Destination: Send + Sync {
    /// The application that asked by this address, if it is one of this protocol.
    fn application(&self, cx: &Context, path: &str, query: &str) -> Option<ApplicationHint>;
}

/// The application that `next` leads to.
pub(crate) fn application(cx: &FlowContext, query: &[(String, String)]) -> Option<ApplicationHint> {
    let (_, next) = query.iter().rev().find(|(name, _)| name == "next")?;
    let (path, query) = next.split_once('?').unwrap_or((next, ""));
    let path = cx.settings.base_path.inside(path).unwrap_or(path);
    let known = &cx.shared().deps.destinations;
    known.iter().find_map(|destination| destination.application(cx, path, query))
}
