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

use crate::binds::{self, Attempt, Bound, Ended, Refused, Remembered};
use crate::connection::Answering;
use crate::index::Index;
use crate::provider::{Served, served};
use crate::tree::Sight;

/// What this server calls itself where outposts have a name.
pub(crate) const OURSELVES: &str = "countersign";
/// The version of the original whose directory this is.
pub(crate) const VERSION: &str = "2025.4.0";
/// Bytes of large messages that are read, or answered, at one time.
const ROOM: usize = 16 * 1024 * 1024;
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
    flows: Flows,
    pub(crate) index: Index,
    /// Bytes of the large messages of all connections.
    pub(crate) room: Arc<Semaphore>,
    remembered: Remembered,
    /// Made from the configuration of that revision.
    served: Mutex<Option<(Revision, Arc<[Served]>)>>,
    make_tls: MakeTls,
    tls: Mutex<Option<Arc<ServerConfig>>>,
    pub(crate) version: &'static str,
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
            version: VERSION,
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

    /// Signs somebody in.
    ///
    /// # Errors
    /// When it is not known for the moment.
    pub(crate) async fn bind(
        &self,
        cx: &Context,
        attempt: Attempt<'_>,
    ) -> Result<Result<Arc<Bound>, Refused>, FlowError> {
        binds::bind((&self.flows, cx), &self.index, &self.remembered, attempt).await
    }

    /// What somebody may still see, in the directory as it is now.
    ///
    /// # Errors
    /// When it is not known for the moment.
    pub(crate) async fn still(
        &self,
        cx: &Context,
        bound: &Bound,
    ) -> Result<Result<(Served, Sight), Ended>, FlowError> {
        let all = self.served(cx);
        self.catch_up(cx).await?;
        bound.still((&self.flows, cx), &self.index, &all).await
    }

    /// Takes over what was changed.
    ///
    /// # Errors
    /// When the engine fails.
    async fn catch_up(&self, cx: &Context) -> Result<(), StoreError> {
        self.index.catch_up(cx, &self.served(cx)).await
    }
}

/// Both addresses, open as long as there is a provider to answer for. One that is taken is said
/// and asked for again, as every service that fails is.
pub(crate) fn services(flows: &Flows, doors: &Doors) -> Vec<Service> {
    let ldap = Arc::new(Ldap::new(flows, doors.tls.clone()));
    let clear = ("ldap", "listen.ldap", doors.ldap, false);
    let encrypted = ("ldaps", "listen.ldaps", doors.ldaps, true);
    [clear, encrypted].map(|door| service(&ldap, door, &doors.bounds)).to_vec()
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
            let answering = Answering { ldap: ldap.clone(), cx: cx.clone() };
            let outcome = (bound.serve(answering, bounds, GRACE).run)(cx.clone(), stop).await;
            if ldap.served(&cx).is_empty() {
                ldap.index.clear();
            }
            outcome
        }
    };
    Service::new(name, run).on_servers().while_wanted(|snapshot| !served(snapshot).is_empty())
}
