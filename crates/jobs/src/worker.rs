//! The worker: takes what is due and carries it out, until the program stops.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use countersign_core::{Context, Job, JobError, Lane, NoteLevel, Run, Service, Shutdown};
use countersign_store::{Actor, StoreError};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tracing::Instrument as _;

use crate::queue::{self, Claim, End};
use crate::schedule;

/// How often the queue is looked at. A look is two reads by index; what was asked for by a click
/// begins within this time.
const LOOK: Duration = Duration::from_millis(500);
/// How often the heartbeat is written.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// Running jobs get as long to end when the worker stops, or when somebody cancels them.
pub const STOP_GRACE: Duration = Duration::from_secs(8);

/// How a worker works.
#[derive(Debug, Clone)]
pub struct Options {
    /// Jobs of each lane that run at once.
    pub concurrency: usize,
    /// A file whose time says that the worker lives.
    pub heartbeat: Option<PathBuf>,
}

/// Does jobs. When the program stops it takes nothing more, gives what runs a few seconds to end,
/// and leaves the rest to others.
#[must_use]
pub fn worker(options: Options) -> Service {
    let run = move |cx: Context, stopping| {
        let work = Work {
            lanes: Lane::ALL.map(|lane| LaneOfJobs {
                jobs: crate::jobs(&cx)
                    .filter(|job| job.lane == lane)
                    .map(|job| (job.name, job.attempts))
                    .collect(),
                free: Arc::new(Semaphore::new(options.concurrency.max(1))),
            }),
            cx,
            freed: Arc::new(Notify::new()),
            stopping,
        };
        work.run(options.heartbeat.clone())
    };
    Service::new("jobs", run).on_workers()
}

struct Work {
    cx: Context,
    lanes: [LaneOfJobs; 2],
    freed: Arc<Notify>,
    stopping: Shutdown,
}

/// Jobs by name, with how often they are tried, and room for those that run.
struct LaneOfJobs {
    jobs: Vec<(&'static str, u32)>,
    free: Arc<Semaphore>,
}

impl Work {
    async fn run(mut self, heartbeat: Option<PathBuf>) -> Result<(), String> {
        // Without this, what a crash interrupted waits for its lease to end.
        if self.cx.store.is_embedded()
            && let Err(error) = self.cx.store.write(Actor::system(), "queue", queue::let_go).await
        {
            tracing::warn!(%error, "what ran before the restart waits for its leases to end");
        }
        let mut running = JoinSet::new();
        let mut beaten: Option<Instant> = None;
        while !self.stopping.is_requested() {
            if let Some(path) =
                heartbeat.as_ref().filter(|_| beaten.is_none_or(|at| at.elapsed() >= HEARTBEAT))
            {
                beat(path);
                beaten = Some(Instant::now());
            }
            match self.turn(&mut running).await {
                Ok(()) => {}
                // An outage is told by the probes; the next turn tries again.
                Err(error) => tracing::debug!(%error, "the queue could not be looked at"),
            }
            while running.try_join_next().is_some() {}
            tokio::select! {
                () = sleep(LOOK) => {}
                () = self.freed.notified() => {}
                () = self.stopping.requested() => {}
            }
        }
        while running.join_next().await.is_some() {}
        if let Some(path) = heartbeat {
            let _ = std::fs::remove_file(path);
        }
        Ok(())
    }

    /// Asks for what the schedule says, and begins as much as there is room for.
    async fn turn(&self, running: &mut JoinSet<()>) -> Result<(), StoreError> {
        let scheduled = schedule::of(&self.cx);
        if schedule::look(&self.cx, &scheduled).await? {
            schedule::run(&self.cx, scheduled).await?;
        }
        for lane in &self.lanes {
            self.fill(lane, running).await?;
        }
        Ok(())
    }

    /// Begins as many jobs of a lane as there is room for.
    async fn fill(&self, lane: &LaneOfJobs, running: &mut JoinSet<()>) -> Result<(), StoreError> {
        let room = lane.free.available_permits();
        if room == 0 || lane.jobs.is_empty() || !queue::look(&self.cx, &lane.jobs).await? {
            return Ok(());
        }
        let jobs = lane.jobs.clone();
        for claim in self
            .cx
            .store
            .write(Actor::system(), "queue", move |tx| queue::claim(tx, &jobs, room))
            .await?
        {
            // Only this loop takes permits, so there is one for each claim.
            let (Some(job), Ok(permit)) =
                (crate::job(&self.cx, &claim.name).cloned(), lane.free.clone().try_acquire_owned())
            else {
                continue;
            };
            let one = One { cx: self.cx.clone(), job, claim, stopping: self.stopping.clone() };
            let freed = self.freed.clone();
            running.spawn(async move {
                one.run(permit).await;
                freed.notify_one();
            });
        }
        Ok(())
    }
}

/// One run of one job.
struct One {
    cx: Context,
    job: Job,
    claim: Claim,
    stopping: Shutdown,
}

impl One {
    async fn run(mut self, _room: OwnedSemaphorePermit) {
        let name = self.job.name;
        tracing::debug!(
            job = name,
            uid = self.claim.uid,
            attempt = self.claim.attempt,
            "a job begins"
        );
        let run = Run::new(self.claim.task, self.claim.uid.clone(), self.claim.attempt);
        let span = tracing::info_span!(
            target: "spans",
            "job",
            otel.name = format!("job {name}"),
            otel.kind = "consumer",
            otel.status_code = tracing::field::Empty,
            job = name,
            attempt = self.claim.attempt
        );
        let begun = Instant::now();
        // A task of its own: its lease is renewed while it computes, and a panic ends it alone.
        let mut work = JoinSet::new();
        let stored = self.claim.arguments.clone();
        work.spawn((self.job.run)(self.cx.clone(), run.clone(), stored).instrument(span.clone()));
        let mut give_up: Option<Instant> = None;
        let end = loop {
            let patience = give_up.map_or(queue::RENEWAL, |at| {
                at.saturating_duration_since(Instant::now()).min(queue::RENEWAL)
            });
            tokio::select! {
                Some(ended) = work.join_next() => break end_of(ended, &run),
                () = self.stopping.requested(), if give_up.is_none() => {
                    give_up = Some(Instant::now() + STOP_GRACE);
                }
                () = sleep(patience) => {
                    if give_up.is_some_and(|at| at <= Instant::now()) {
                        work.abort_all();
                        break if run.is_cancelled() { End::Cancelled } else { End::Released };
                    }
                    match self.renew(&run).await {
                        Ok(Some(true)) if !run.is_cancelled() => {
                            run.note(NoteLevel::Info, self.cx.clock.now(), name, "Asked to stop.");
                            run.cancel();
                            give_up = Some(Instant::now() + STOP_GRACE);
                        }
                        Ok(Some(_)) => {}
                        Ok(None) => {
                            tracing::warn!(job = name, task = %self.claim.task, "another process took this run over");
                            return;
                        }
                        Err(error) => tracing::warn!(job = name, %error, "the lease of a run could not be renewed"),
                    }
                }
            }
        };
        metrics::histogram!("authentik_system_tasks_time_seconds", "tenant" => "public", "task_name" => name, "task_uid" => "")
            .record(begun.elapsed().as_secs_f64());
        if let End::Failed(problem) = &end {
            span.record("otel.status_code", "ERROR");
            tracing::warn!(
                job = name,
                uid = self.claim.uid,
                attempt = self.claim.attempt,
                "a job failed: {problem}"
            );
        }
        self.finish(run, end).await;
    }

    async fn renew(&self, run: &Run) -> Result<Option<bool>, StoreError> {
        let (claim, run) = (self.claim.clone(), run.clone());
        let write =
            self.cx.store.write(Actor::system(), "queue", move |tx| queue::renew(tx, &claim, &run));
        timeout(Duration::from_secs(5), write).await.unwrap_or(Err(StoreError::Closed))
    }

    /// An end that cannot be written is tried again while the lease holds; then another process
    /// repeats the run.
    async fn finish(&self, run: Run, end: End) {
        for _ in 0..5 {
            let (job, claim, run, end) =
                (self.job.clone(), self.claim.clone(), run.clone(), end.clone());
            match self
                .cx
                .store
                .write(Actor::system(), "queue", move |tx| {
                    queue::finish(tx, &job, &claim, &run, &end)
                })
                .await
            {
                Ok(()) => return,
                Err(error) => {
                    tracing::warn!(job = self.job.name, %error, "the end of a run could not be written");
                }
            }
            sleep(Duration::from_secs(2)).await;
        }
    }
}

fn end_of(ended: Result<Result<(), JobError>, tokio::task::JoinError>, run: &Run) -> End {
    match ended {
        _ if run.is_cancelled() => End::Cancelled,
        Ok(Ok(())) => End::Done,
        Ok(Err(error)) => End::Failed(error),
        Err(_) => End::Failed(JobError::Failed(
            "a fault of this program; the log has its place".to_owned(),
        )),
    }
}

fn beat(path: &PathBuf) {
    if let Err(error) = std::fs::write(path, b"") {
        tracing::warn!("the heartbeat {} cannot be written: {error}", path.display());
    }
}
