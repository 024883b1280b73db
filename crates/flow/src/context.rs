//! What flows work with beside the program's context.

use std::ops::Deref;
use std::sync::Arc;

use countersign_core::Context;
use countersign_directory::Passwords;
use countersign_mail::Mailer;
use countersign_outbound::Outbound;
use countersign_pages::PageDef;
use countersign_policy::Engine;
use countersign_store::{StoreError, Tx};

use crate::destination::Destination;
use crate::in_plan::{self, InPlanDef};
use crate::launch::Launch;
use crate::pages;
use crate::plan_store::BrowserLocks;
use crate::record::Runs;

/// What flows need of others.
pub struct Deps {
    pub policies: Engine,
    pub passwords: Arc<Passwords>,
    pub mailer: Arc<Mailer>,
    pub outbound: Arc<Outbound>,
    /// The stages of protocols.
    pub stages: Vec<InPlanDef>,
    /// Where protocols know the applications behind addresses.
    pub destinations: Vec<Arc<dyn Destination>>,
    /// What protocols tie to the key of a session goes on with it.
    pub continued: Vec<Continued>,
}

/// Somebody (an account) has signed in anew in the browser of a session, which goes on under another
/// key: the hashes of the former key and of the new one.
pub type Continued = fn(&mut Tx<'_>, i64, [u8; 32], [u8; 32]) -> Result<(), StoreError>;

/// The flows of a program: what they need, and what all requests share. Cheap to clone.
#[derive(Clone)]
pub struct Flows(Arc<Shared>);

pub(crate) struct Shared {
    pub(crate) deps: Deps,
    pub(crate) locks: BrowserLocks,
    pub(crate) runs: Runs,
}

impl Flows {
    #[must_use]
    pub fn new(mut deps: Deps) -> Flows {
        deps.destinations.insert(0, Arc::new(Launch));
        deps.stages.extend(in_plan::own());
        Flows(Arc::new(Shared { deps, locks: BrowserLocks::new(), runs: Runs::default() }))
    }

    /// Every page that flows show, those of protocols among them; each once.
    #[must_use]
    pub fn pages(&self) -> Vec<PageDef> {
        let of_protocols = self.0.deps.stages.iter().flat_map(|stage| stage.pages).copied();
        let mut pages: Vec<PageDef> = Vec::new();
        for page in pages::all().into_iter().chain(of_protocols) {
            if pages.iter().all(|known| known.component != page.component) {
                pages.push(page);
            }
        }
        pages
    }

    pub(crate) fn deps(&self) -> &Deps {
        &self.0.deps
    }

    /// Over the context of a request.
    #[must_use]
    pub fn over(&self, cx: &Context) -> FlowContext {
        FlowContext { cx: cx.clone(), flows: self.clone() }
    }
}

/// A context with the flows of the program. Cheap to clone.
#[derive(Clone)]
pub struct FlowContext {
    cx: Context,
    flows: Flows,
}

impl FlowContext {
    /// Decides who may open an application.
    #[must_use]
    pub fn policies(&self) -> &Engine {
        &self.shared().deps.policies
    }

    /// Writes to people.
    pub(crate) fn mailer(&self) -> &Arc<Mailer> {
        &self.shared().deps.mailer
    }

    /// Asks other servers.
    #[must_use]
    pub fn outbound(&self) -> &Outbound {
        &self.shared().deps.outbound
    }

    pub(crate) fn flows(&self) -> Flows {
        self.flows.clone()
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.flows.0
    }
}

impl Deref for FlowContext {
    type Target = Context;
    fn deref(&self) -> &Context {
        &self.cx
    }
}
