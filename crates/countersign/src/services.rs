//! What runs beside requests, as long as the program does.

use std::{path::PathBuf, time::Duration};

use countersign_core::{Context, Nodes, Service, Shutdown};
use countersign_store::Seldom;

use crate::{serve::memory, settings::Settings};

/// What runs beside requests and jobs, in a process that does the one, the other, or both.
pub fn services(context: &Context, of: &[Nodes]) -> Vec<Service> {
    let own = [
        Service::new("ephemeral_flush", keep_on_disk),
        Service::new("configuration_refresh", keep_current).essential(),
        Service::new("memory", memory::keep_small),
    ];
    let declared = context.modules().iter().flat_map(|module| module.services.iter().cloned());
    own.into_iter()
        .chain(declared)
        .filter(|service| service.nodes == Nodes::Every || of.contains(&service.nodes))
        .collect()
}

/// What does jobs.
pub fn worker(settings: &Settings) -> Service {
    countersign_jobs::worker(countersign_jobs::Options {
        concurrency: usize::from(settings.worker.concurrency),
        heartbeat: Some(heartbeat(settings)),
    })
}

/// Writes what is in memory for a while to disk, where a restart finds it.
async fn keep_on_disk(cx: Context, mut stop: Shutdown) -> Result<(), String> {
    let seldom = Seldom::new();
    while stop.sleep(Duration::from_secs(1)).await {
        if let Err(error) = cx.store.flush_ephemeral().await
            && let Some(times) = seldom.now()
        {
            tracing::warn!(%error, times, "sign-ins in progress are not kept");
        }
    }
    Ok(())
}

/// What another process changed is seen here within a second; an outage is told by the probes.
async fn keep_current(cx: Context, mut stop: Shutdown) -> Result<(), String> {
    while stop.sleep(Duration::from_secs(1)).await {
        if let Err(error) = cx.store.refresh().await {
            if !error.is_passing() {
                return Err(error.to_string());
            }
            tracing::debug!(%error, "the configuration could not be compared");
        }
    }
    Ok(())
}

/// The file whose time is that of the worker's last sign of life. Containers may share the data
/// folder: each machine has its own.
pub fn heartbeat(settings: &Settings) -> PathBuf {
    let machine = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let machine: String = machine
        .trim()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' })
        .collect();
    settings.general.data_dir.join(format!("worker-heartbeat-{machine}"))
}
