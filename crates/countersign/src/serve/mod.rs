//! The running server: listeners over one router, until it is told to stop.

mod bodies;
mod faults;
mod health;
mod layers;
pub mod measure;
pub mod memory;
pub mod panics;
#[cfg(test)]
mod routes_test;
#[cfg(test)]
mod sockets_test;
mod stack;
mod supervisor;
mod throttle;
mod tls;
pub mod worker;

use std::{net::SocketAddr, time::Duration};

use axum::{Router, middleware};
use countersign_core::{Context, Nodes, Route, Service, request_layer, router};
use countersign_listener::{Bound, Bounds, Http, Listener, Waiting};
use countersign_model::{BasePath, Clock as _};
use countersign_rest::api_routes;
use countersign_store::SystemClock;

pub use self::tls::{ends as certificate_end, kept_certificate, of_ldap as ldap_tls};
use self::{
    bodies::Bodies,
    faults::Faults,
    health::Monitoring,
    supervisor::{Backoff, Supervisor},
    throttle::Throttle,
};
use crate::{
    files, logging, program, services,
    settings::{Loaded, Settings},
    start,
    traces::Traces,
};

/// Runs the server until a signal ends it.
///
/// # Errors
/// A sentence that says what stopped the start.
pub async fn run(loaded: Loaded) -> Result<(), String> {
    let Loaded { settings, notes, .. } = loaded;
    let traces = Traces::open(&settings.tracing)?;
    logging::start_with(settings.general.log_level, traces.as_ref());
    panics::log_panics();
    tracing::info!(version = program::VERSION, data_dir = %settings.general.data_dir.display(), "Countersign starts");
    for note in notes {
        tracing::warn!("{note}");
    }
    let metrics = measure::start()?;
    let mut ended = std::pin::pin!(ending()?);
    let hold = start::Hold::take(&settings)?;
    // Taken addresses are told before the data is touched.
    let slot = tls::StoreSlot::default();
    let (tls, certificate) =
        tls::configuration(&settings.general.data_dir, SystemClock.now(), slot.clone())
            .map_err(|error| format!("HTTPS: {error}"))?;
    let listen = &settings.listen;
    let http = Listener { name: "http", setting: "listen.http", address: listen.http, tls: None };
    let tls::Configurations { plain, asking } = tls;
    let https = Listener {
        name: "https",
        setting: "listen.https",
        address: listen.https,
        tls: Some(plain),
    };
    let (http, https) = (http.bind().await?, https.bind().await?);
    let mtls = match listen.mtls {
        Some(address) => {
            let tls = Some(asking);
            Some(Listener { name: "mtls", setting: "listen.mtls", address, tls }.bind().await?)
        }
        None => None,
    };
    let numbers = numbers_of(&settings).bind().await?;

    // The start may wait for a database; whoever ends the program must not wait with it.
    let (context, _) = tokio::select! {
        context = start::open(&settings, &hold) => context?,
        () = &mut ended => return Ok(()),
    };
    let _ = slot.set(context.store.clone());
    let mut supervisor = Supervisor::new(&context, Backoff::DEFAULT);
    let monitoring = Monitoring::new(&context, &settings, metrics, supervisor.health());
    // Of several processes on one folder each has the same key: it is made of theirs.
    files::write_private(&settings.general.data_dir.join("metrics-key"), &monitoring.key)
        .map_err(|error| format!("the data folder cannot be written: {error}"))?;
    let bounds = bounds(&settings);
    let router = surrounded(&routes(&context, monitoring.clone()), &context, &settings, &bounds);
    if countersign_flow::setup_is_open(&context).await.unwrap_or(false) {
        tracing::info!(
            "Nobody administers this installation yet: the address below leads to the set-up page"
        );
    }
    tracing::info!(http = %http.address, https = %https.address, metrics = %numbers.address, "Ready: open {}", address_to_open(&settings, http.address));
    let jobs = settings.worker.in_process.then_some(Nodes::Workers);
    let nodes: Vec<Nodes> = jobs.into_iter().chain([Nodes::Servers]).collect();
    supervisor.start(services::services(&context, &nodes));
    supervisor.start([measure::upkeep(&monitoring.metrics), certificate.reload()]);
    let grace = Duration::from_secs(settings.web.stop_timeout);
    let mtls =
        mtls.map(|mtls| mtls.serve(Http::new(router.clone(), &bounds), bounds.clone(), grace));
    let listeners = [
        http.serve(Http::new(router.clone(), &bounds), bounds.clone(), grace),
        https.serve(Http::new(router, &bounds), bounds, grace),
        serve_numbers(numbers, monitoring, &settings),
    ];
    let worker = settings.worker.in_process.then(|| services::worker(&settings));
    supervisor.start(listeners.into_iter().chain(mtls).chain(worker));
    ended.await;
    tracing::info!("stopping: open requests may finish");
    supervisor.stop(stop_grace(&settings)).await;
    context.store.close().await;
    if let Some(traces) = traces {
        traces.close().await;
    }
    tracing::info!("stopped");
    Ok(())
}

/// Time to stop what requests and jobs rely on, after these.
pub const STOP_MARGIN: Duration = Duration::from_secs(5);

/// All services stop within this time: requests and jobs first, then what they rely on.
fn stop_grace(settings: &Settings) -> Duration {
    let work = Duration::from_secs(settings.web.stop_timeout).max(countersign_jobs::STOP_GRACE);
    work + STOP_MARGIN
}

fn serve_numbers(numbers: Bound, monitoring: Monitoring, settings: &Settings) -> Service {
    let bounds = metrics_bounds(settings);
    let protocol = Http::new(health::metrics_router(monitoring), &bounds);
    numbers.serve(protocol, bounds, Duration::from_secs(1))
}

/// Connections for metrics, which one program asks for now and then.
const METRICS_CONNECTIONS: usize = 64;
/// Files that are open besides connections, with those of a database and of others' servers.
const OTHER_FILES: usize = 256;

/// What bounds the connections of a listener.
pub fn bounds(settings: &Settings) -> Bounds {
    let given = &settings.listen;
    // As the system allows it, of which both listeners have their part.
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let files = limits.lines().find_map(|line| {
        line.strip_prefix("Max open files")?.split_whitespace().next()?.parse::<usize>().ok()
    });
    let allowed = files
        .map_or(usize::MAX, |files| files.saturating_sub(OTHER_FILES + METRICS_CONNECTIONS) / 2)
        .max(16);
    Bounds {
        connections: usize::from(given.connections).min(allowed),
        patience: Duration::from_secs(given.patience.clamp(1, 24 * 3600)),
        keep_alive: program::patience(settings).keep_alive,
        waiting: Waiting::new(usize::from(given.waiting_per_address)),
        trusted: given.trusted_proxies.clone().into(),
    }
}

fn metrics_bounds(settings: &Settings) -> Bounds {
    Bounds { connections: METRICS_CONNECTIONS, ..bounds(settings) }
}

/// Everything there is to ask for.
fn routes(context: &Context, monitoring: Monitoring) -> Vec<Route> {
    let mut routes = api_routes(context);
    routes.extend(context.modules().iter().flat_map(|module| module.routes.iter().cloned()));
    routes.extend(health::routes(monitoring));
    routes
}

/// Routes with what surrounds each, and every request.
fn surrounded(routes: &[Route], context: &Context, settings: &Settings, bounds: &Bounds) -> Router {
    let bodies = usize::from(settings.web.bodies).saturating_mul(1024 * 1024);
    let shared = stack::Shared {
        context: context.clone(),
        trusted: bounds.trusted.clone(),
        timeout: Duration::from_secs(settings.web.request_timeout.max(1)),
        bodies: Bodies::new(bodies, bounds.waiting.clone()),
        throttle: Throttle::new(settings),
    };
    let surround = |route: &Route, handler| stack::surround(&shared, route, handler);
    let faults = Faults::new(context);
    let around = |router: Router| {
        router
            .layer(middleware::from_fn(layers::panics))
            .layer(middleware::from_fn_with_state(faults.clone(), faults::layer))
            .layer(middleware::from_fn_with_state(context.clone(), request_layer))
            .layer(middleware::from_fn(layers::outer))
    };
    let mut own = around(router(context, routes, surround));
    let base = context.settings.base_path.clone();
    if base != BasePath::default() {
        // Around the router as a whole: routes are looked up by what is left of the path.
        own = Router::new()
            .fallback_service(own)
            .layer(middleware::from_fn_with_state(base, layers::below));
    }
    let hosts = context.modules().iter().find_map(|module| module.hosts.clone());
    let hosts = hosts.map(|hosts| (around(hosts.router(context, surround)), hosts));
    let entrance =
        layers::Entrance { context: context.clone(), trusted: bounds.trusted.clone(), hosts };
    Router::new()
        .fallback_service(own)
        .layer(middleware::from_fn_with_state(entrance, layers::entrance))
}

/// The metrics listener, which serves nobody's data and encrypts nothing.
fn numbers_of(settings: &Settings) -> Listener {
    let address = settings.listen.metrics;
    Listener { name: "metrics", setting: "listen.metrics", address, tls: None }
}

fn address_to_open(settings: &Settings, http: SocketAddr) -> String {
    match &settings.general.base_url {
        Some(origin) => format!("{}/", origin.0),
        None if http.ip().is_unspecified() || http.ip().is_loopback() => {
            format!("http://localhost:{}/", http.port())
        }
        None => format!("http://{http}/"),
    }
}

/// Listens for the signals that end the program, from the moment it is called; the future waits for
/// one.
pub fn ending() -> Result<impl Future<Output = ()>, String> {
    let failed = |error: std::io::Error| format!("signals cannot be received: {error}");
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let (mut terminate, mut interrupt) = (
            signal(SignalKind::terminate()).map_err(failed)?,
            signal(SignalKind::interrupt()).map_err(failed)?,
        );
        Ok(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        })
    }
    #[cfg(not(unix))]
    Ok(async {
        let _ = tokio::signal::ctrl_c().await.map_err(failed);
    })
}
