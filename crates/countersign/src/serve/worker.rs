//! The worker as a process of its own: jobs, and no listeners.

use crate::{logging, settings::Loaded, start, traces::Traces};

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
    tracing::info!(version = start::VERSION, "Countersign starts as worker");
    for note in notes {
        tracing::warn!("{note}");
    }
    let mut ended = std::pin::pin!(super::ending()?);
    let hold = start::Hold::take(&settings)?;
    let context = tokio::select! {
        context = start::open(&settings, &hold) => context?,
        () = &mut ended => return Ok(()),
    };
    start::keep_current(&context);
    let worker = start::start_worker(&context, &settings);
    tracing::info!(concurrency = settings.worker.concurrency, "Ready: jobs are done here");
    ended.await;
    tracing::info!("stopping: running jobs may end");
    worker.stop().await;
    context.store.close().await;
    if let Some(traces) = traces {
        traces.close().await;
    }
    tracing::info!("stopped");
    Ok(())
}
