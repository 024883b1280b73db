//! The worker as a process of its own: jobs, and a listener for those who watch over it.

use countersign_core::Nodes;

use super::{
    health::Monitoring,
    measure,
    supervisor::{Backoff, Supervisor},
};
use crate::{logging, program, services, settings::Loaded, start, traces::Traces};

/// Does jobs until a signal ends it.
///
/// # Errors
/// A sentence that says what stopped the start.
pub async fn run(loaded: Loaded) -> Result<(), String> {
    let Loaded { settings, notes, .. } = loaded;
    if settings.postgresql.host.is_none() {
        return Err(format!(
            "without postgresql.host the server of the data folder {} does the jobs itself, and nobody else can. Start `countersign server` alone, or use PostgreSQL",
            settings.general.data_dir.display()
        ));
    }
    let traces = Traces::open(&settings.tracing)?;
    logging::start_with(settings.general.log_level, traces.as_ref());
    super::panics::log_panics();
    tracing::info!(version = program::VERSION, "Countersign starts as worker");
    for note in notes {
        tracing::warn!("{note}");
    }
    let metrics = measure::start()?;
    let mut ended = std::pin::pin!(super::ending()?);
    let hold = start::Hold::take(&settings)?;
    let (context, _) = tokio::select! {
        context = start::open(&settings, &hold) => context?,
        () = &mut ended => return Ok(()),
    };
    let mut supervisor = Supervisor::new(&context, Backoff::DEFAULT);
    supervisor.start(services::services(&context, &[Nodes::Workers]));
    supervisor.start([measure::upkeep(&metrics)]);
    // Beside a server on the same machine that is not worth an end: jobs matter more than numbers.
    match super::numbers_of(&settings).bind().await {
        Ok(numbers) => {
            tracing::info!(metrics = %numbers.address, "numbers and health of this worker can be asked for");
            let monitoring = Monitoring::new(&context, &settings, metrics, supervisor.health());
            supervisor.start([super::serve_numbers(numbers, monitoring, &settings)]);
        }
        Err(problem) => tracing::warn!("the numbers of this worker cannot be asked for: {problem}"),
    }
    supervisor.start([services::worker(&settings)]);
    tracing::info!(concurrency = settings.worker.concurrency, "Ready: jobs are done here");
    ended.await;
    tracing::info!("stopping: running jobs may end");
    supervisor.stop(super::stop_grace(&settings)).await;
    context.store.close().await;
    if let Some(traces) = traces {
        traces.close().await;
    }
    tracing::info!("stopped");
    Ok(())
}
