//! What all connections share, and the addresses that are open as long as there is a provider to
//! answer for.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use countersign_core::{Context, Service};
use countersign_flow::{FlowError, Flows};
use countersign_listener::{Bounds, Listener};
use countersign_model::Revision;
use countersign_store::StoreError;
use rustls::ServerConfig;
use tokio::sync::Semaphore;

use crate::binds::{self, Bound, Ended, Refused, Remembered};
use crate::connection::Answering;
use crate::home::{Attempt, Home, Look, ROOM, Trouble};
use crate::index::Index;
use crate::provider::{Served, served};
use crate::search::Query;
use crate::tree::{Sight, View};

/// What this server calls itself where outposts have a name.
pub(crate) const OURSELVES: &str = "countersign";
/// The version of the original whose directory this is.
pub const VERSION: &str = "2025.4.0";
/// How long connections have to end by themselves.
const GRACE: Duration = Duration::from_secs(5);

/// Where LDAP is spoken.
#[derive(Clone)]
pub struct Doors {
    /// In clear, and encrypted once the client wants it (`StartTLS`).
    pub ldap: SocketAddr,
    /// Encrypted from the first byte.
    pub ldaps: SocketAddr,
    /// Made when an address is opened.
    pub tls: MakeTls,
    pub bounds: Bounds,
}

/// Makes what TLS needs; the text of an error says what to do.
pub type MakeTls = Arc<dyn Fn(&Context) -> Result<Arc<ServerConfig>, String> + Send + Sync>;

/// What all connections share.
pub(crate) struct Ldap {
    pub(crate) flows: Flows,
    pub(crate) index: Index,
    /// Bytes of the large messages of all connections.
    pub(crate) room: Arc<Semaphore>,
    remembered: Remembered,
    /// Made from the configuration of that revision.
    served: Mutex<Option<(Revision, Arc<[Served]>)>>,
    make_tls: MakeTls,
    tls: Mutex<Option<Arc<ServerConfig>>>,
}

impl Ldap {
    pub(crate) fn new(flows: &Flows, make_tls: MakeTls) -> Ldap {
        Ldap {
            flows: flows.clone(),
            index: Index::default(),
            room: Arc::new(Semaphore::new(ROOM)),
            remembered: Remembered::default(),
            served: Mutex::default(),
            make_tls,
            tls: Mutex::default(),
        }
    }

    /// The providers that this server answers for.
    pub(crate) fn served(&self, cx: &Context) -> Arc<[Served]> {
        let snapshot = cx.snapshot();
        let mut known = self.served.lock().unwrap_or_else(PoisonError::into_inner);
        match &*known {
            Some((revision, served)) if *revision == snapshot.revision() => served.clone(),
            _ => {
                let served: Arc<[_]> = served(&snapshot).into();
                *known = Some((snapshot.revision(), served.clone()));
                served
            }
        }
    }

    /// What TLS needs.
    ///
    /// # Errors
    /// What to do.
    pub(crate) fn tls(&self, cx: &Context) -> Result<Arc<ServerConfig>, String> {
        let mut known = self.tls.lock().unwrap_or_else(PoisonError::into_inner);
        match &*known {
            Some(tls) => Ok(tls.clone()),
            None => Ok(known.insert((self.make_tls)(cx)?).clone()),
        }
    }

    /// Takes over what was changed.
    ///
    /// # Errors
    /// When the engine fails.
    async fn catch_up(&self, cx: &Context) -> Result<(), StoreError> {
        self.index.catch_up(cx, &self.served(cx)).await
    }
}

/// With the context of a running server.
#[derive(Clone)]
pub(crate) struct Local {
    pub(crate) ldap: Arc<Ldap>,
    pub(crate) cx: Context,
}

impl From<FlowError> for Trouble {
    fn from(error: FlowError) -> Trouble {
        let text = error.to_string();
        if error.is_passing() { Trouble::Away(text) } else { Trouble::Broken(text) }
    }
}

/// The directory in memory, through one provider.
pub(crate) struct LocalLook {
    pub(crate) index: Index,
    pub(crate) served: Served,
    pub(crate) sight: Sight,
}

impl Look for LocalLook {
    fn with<R>(&self, see: impl FnOnce(View<'_>) -> R) -> R {
        let state = self.index.read();
        see(state.view(&self.served, self.sight, VERSION))
    }
}

impl Home for Local {
    type Provided = Served;
    type Bound = Bound;
    type Look = LocalLook;

    fn served(&self) -> Arc<[Served]> {
        self.ldap.served(&self.cx)
    }

    fn outpost(&self) -> String {
        OURSELVES.to_owned()
    }

    fn mark(&self) -> Vec<u8> {
        self.cx.entropy.token(8).into_bytes()
    }

    fn room(&self) -> &Arc<Semaphore> {
        &self.ldap.room
    }

    fn tls(&self) -> Result<Arc<ServerConfig>, String> {
        self.ldap.tls(&self.cx)
    }

    async fn bind(
        &self,
        attempt: Attempt<'_, Served>,
    ) -> Result<Result<Arc<Bound>, Refused>, Trouble> {
        let Ldap { flows, index, remembered, .. } = &*self.ldap;
        Ok(binds::bind((flows, &self.cx), index, remembered, attempt).await?)
    }

    /// In the directory as it is now.
    async fn still(&self, bound: &Bound) -> Result<Result<(Served, Sight), Ended>, Trouble> {
        let all = self.served();
        self.ldap.catch_up(&self.cx).await.map_err(FlowError::from)?;
        Ok(bound.still((&self.ldap.flows, &self.cx), &self.ldap.index, &all).await?)
    }

    async fn look(
        &self,
        served: &Served,
        sight: Sight,
        _: Option<&Query>,
    ) -> Result<LocalLook, Trouble> {
        Ok(LocalLook { index: self.ldap.index.clone(), served: served.clone(), sight })
    }

    async fn leave(&self, bound: Arc<Bound>) {
        if let Err(error) = binds::leave(bound, &self.cx).await {
            tracing::debug!(%error, "the session of an LDAP bind was left to end by itself");
        }
    }
}

/// Both addresses, open as long as there is a provider to answer for. One that is taken is said
/// and asked for again, as every service that fails is.
pub(crate) fn services(ldap: &Arc<Ldap>, doors: &Doors) -> Vec<Service> {
    let clear = ("ldap", "listen.ldap", doors.ldap, false);
    let encrypted = ("ldaps", "listen.ldaps", doors.ldaps, true);
    [clear, encrypted].map(|door| service(ldap, door, &doors.bounds)).to_vec()
}

/// Name, setting and address of a door, and whether it is encrypted from the first byte.
type Door = (&'static str, &'static str, SocketAddr, bool);

fn service(ldap: &Arc<Ldap>, door: Door, bounds: &Bounds) -> Service {
    let (name, setting, address, encrypted) = door;
    let (ldap, bounds) = (ldap.clone(), bounds.clone());
    let run = move |cx: Context, stop| {
        let (ldap, bounds) = (ldap.clone(), bounds.clone());
        async move {
            let tls = if encrypted { Some(ldap.tls(&cx)?) } else { None };
            let bound = Listener { name, setting, address, tls }.bind().await?;
            tracing::info!(address = %bound.address, encrypted, "LDAP is answered");
            // The first search does not wait for everybody to be read.
            if let Err(error) = ldap.catch_up(&cx).await {
                tracing::warn!(%error, "the directory for LDAP could not be read yet");
            }
            let answering = Answering(Local { ldap: ldap.clone(), cx: cx.clone() });
            let outcome = (bound.serve(answering, bounds, GRACE).run)(cx.clone(), stop).await;
            if ldap.served(&cx).is_empty() {
                ldap.index.clear();
            }
            outcome
        }
    };
    Service::new(name, run).on_servers().while_wanted(|snapshot| !served(snapshot).is_empty())
}
