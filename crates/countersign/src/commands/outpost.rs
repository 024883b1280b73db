//! Runs an outpost: this program at the edge, with a server elsewhere.

use std::time::Duration;

use countersign_core::Shutdown;
use countersign_edge::{Kind, Settings as Edge};
use countersign_model::Clock as _;
use countersign_store::SystemClock;

use crate::cli::Outpost;
use crate::commands::{healthcheck, in_runtime};
use crate::settings::{Loaded, Settings};
use crate::{logging, program, serve};

const PING: &str = "/outpost.goauthentik.io/ping";
/// How often memory is given back that numbers nobody asks for take.
const UPKEEP: Duration = Duration::from_secs(10);

/// # Errors
/// A setting that is missing, an address that is taken, or an outpost that does not answer.
pub fn run(loaded: Loaded, kind: Outpost) -> Result<(), String> {
    let kind = match kind {
        Outpost::Healthcheck => {
            return healthcheck::ask(loaded.settings.listen.metrics, PING);
        }
        Outpost::Proxy => Kind::Proxy,
        Outpost::Radius => Kind::Radius,
        Outpost::Ldap => Kind::Ldap,
    };
    in_runtime(answer(loaded, kind))
}

async fn answer(loaded: Loaded, kind: Kind) -> Result<(), String> {
    let Loaded { settings, notes, .. } = loaded;
    logging::start(settings.general.log_level);
    serve::panics::log_panics();
    tracing::info!(
        version = program::VERSION,
        kind = kind.name(),
        "Countersign starts as an outpost"
    );
    for note in notes {
        tracing::warn!("{note}");
    }
    let numbers = serve::measure::start()?;
    let ended = serve::ending()?;
    let edge = edge(&settings)?;
    let (stop, stops) = Shutdown::channel();
    let render = numbers.clone();
    let stopping = async {
        ended.await;
        tracing::info!("stopping: open requests may finish");
        let _ = stop.send(true);
        std::future::pending::<()>().await;
    };
    let upkeep = async {
        loop {
            tokio::time::sleep(UPKEEP).await;
            numbers.run_upkeep();
        }
    };
    tokio::select! {
        ended = countersign_edge::run(kind, edge, move || render.render(), stops) => ended,
        () = stopping => Ok(()),
        () = upkeep => Ok(()),
    }
}

fn edge(settings: &Settings) -> Result<Edge, String> {
    let needed = |name: &str, what: &str| {
        format!("{name} is not set: give {what}, which the page of the outpost shows")
    };
    let own = &settings.outpost;
    let folder = &settings.general.data_dir;
    std::fs::create_dir_all(folder)
        .map_err(|error| format!("the data folder {} cannot be made: {error}", folder.display()))?;
    Ok(Edge {
        host: own.host.clone().ok_or_else(|| needed("AUTHENTIK_HOST", "the server’s address"))?,
        token: own.token.clone().ok_or_else(|| needed("AUTHENTIK_TOKEN", "its token"))?,
        insecure: own.insecure,
        host_browser: own.host_browser.clone(),
        folder: folder.join("outpost-sessions"),
        http: settings.listen.http,
        https: settings.listen.https,
        radius: settings.listen.radius,
        ldap: settings.listen.ldap,
        ldaps: settings.listen.ldaps,
        metrics: settings.listen.metrics,
        bounds: serve::bounds(settings),
        patience: program::patience(settings),
        certificate: serve::kept_certificate(folder, SystemClock.now())?,
        user_agent: format!("countersign/{}", program::VERSION),
    })
}
