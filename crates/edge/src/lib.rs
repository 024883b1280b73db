//! Programs at the edge: outposts that answer for applications where these are, with a server
//! elsewhere, be it this program or the original. They keep no database.
//!
//! `api` asks the server, `link` keeps the socket open by which it says what is new (the other end
//! of both is `crates/outposts`), and `login` answers a flow in somebody's name. What each kind
//! answers is in a file of its own, over the code by which the server itself answers: `proxy` is a
//! `Home` of `countersign_proxy`, `ldap` one of `countersign_ldap`, `radius` a `Gate` of
//! `countersign_radius`.
// The futures of requests that are passed on are deeper than the default.
#![recursion_limit = "256"]

mod api;
mod certificates;
mod doors;
mod ldap;
mod link;
mod login;
mod proxy;
mod radius;
mod sessions;
mod site;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use countersign_core::Shutdown;
use countersign_listener::Bounds;
use countersign_model::Secret;
use countersign_outbound::Patience;
use rustls::sign::CertifiedKey;
use tokio::task::JoinSet;

use crate::api::{Api, ApiError};
use crate::link::Link;

/// What an outpost answers for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Proxy,
    Radius,
    Ldap,
}

impl Kind {
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Proxy => "proxy",
            Kind::Radius => "radius",
            Kind::Ldap => "ldap",
        }
    }
}

/// What an outpost is told when it starts.
#[derive(Clone)]
pub struct Settings {
    /// Where the server is, with the path that it is below.
    pub host: String,
    pub token: Secret,
    /// Whatever certificate the server shows is taken.
    pub insecure: bool,
    /// Where browsers find the server, if not at `host`.
    pub host_browser: Option<String>,
    /// Where sessions are kept.
    pub folder: PathBuf,
    pub http: SocketAddr,
    pub https: SocketAddr,
    pub radius: SocketAddr,
    pub ldap: SocketAddr,
    pub ldaps: SocketAddr,
    pub metrics: SocketAddr,
    pub bounds: Bounds,
    pub patience: Patience,
    /// Shown where no other fits.
    pub certificate: Arc<CertifiedKey>,
    pub user_agent: String,
}

/// How long open requests may take to end.
const GRACE: Duration = Duration::from_secs(10);
/// How long a server that does not answer at the start is left alone.
const AGAIN: Duration = Duration::from_secs(3);

/// Runs an outpost until it is stopped. `numbers` prints the metrics.
///
/// # Errors
/// An address that cannot be used, or a setting.
pub async fn run(
    kind: Kind,
    settings: Settings,
    numbers: impl Fn() -> String + Clone + Send + Sync + 'static,
    mut stop: Shutdown,
) -> Result<(), String> {
    let api = Arc::new(Api::new(&settings)?);
    let link = Arc::new(Link::new(kind));
    let mut running = JoinSet::new();
    let (end, ends) = Shutdown::channel();
    let watched = doors::metrics(&settings, &link, numbers).await?;
    running.spawn(watched.serve(ends.clone()));
    match kind {
        Kind::Proxy => {
            let proxy = proxy::Proxy::new(api.clone(), link.clone(), &settings)?;
            let listeners = proxy.bind(&settings).await?;
            if first(&api, &link, &proxy, &mut stop).await {
                tracing::info!(http = %settings.http, https = %settings.https, "Applications are answered for");
                running.spawn(listeners.serve(ends.clone()));
                running.spawn(link::keep(link, api, proxy, ends));
            }
        }
        Kind::Radius => {
            let radius = Arc::new(radius::edge(api.clone(), link.clone()));
            let bound = radius::bind(&settings).await?;
            if first(&api, &link, &radius, &mut stop).await {
                tracing::info!(radius = %bound.address, "RADIUS is answered");
                running.spawn(bound.run(radius.clone(), ends.clone()));
                running.spawn(link::keep(link, api, radius, ends));
            }
        }
        Kind::Ldap => {
            let ldap = ldap::Elsewhere::new(api.clone(), link.clone(), &settings)?;
            let listeners = ldap.bind_to(&settings).await?;
            if first(&api, &link, &ldap, &mut stop).await {
                tracing::info!(ldap = %settings.ldap, ldaps = %settings.ldaps, "LDAP is answered");
                running.spawn(listeners.serve(ends.clone()));
                running.spawn(link::keep(link, api, ldap, ends));
            }
        }
    }
    // All of them run until they are told to end.
    tokio::select! {
        () = stop.requested() => {}
        _ = running.join_next() => {}
    }
    let _ = end.send(true);
    let ended = async { while running.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(GRACE, ended).await;
    Ok(())
}

/// What is answered for is read before anything is; false when the program stops before.
async fn first(api: &Api, link: &Link, answers: &impl link::Answers, stop: &mut Shutdown) -> bool {
    loop {
        let error = tokio::select! {
            read = link::refresh(api, link, answers) => match read {
                Ok(()) => return true,
                Err(error) => error,
            },
            () = stop.requested() => return false,
        };
        match &error {
            ApiError::Refused(_) => {
                tracing::error!("{error}. Give the token of this outpost as AUTHENTIK_TOKEN");
            }
            _ => tracing::warn!("The server cannot be asked yet: {error}"),
        }
        if !stop.sleep(AGAIN).await {
            return false;
        }
    }
}
