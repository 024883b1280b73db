//! The bound on processor time. The interpreter's own bound counts the time on the wall, which on a
//! busy machine passes while nothing is computed, and it is not looked at everywhere.

use std::io;
use std::process::exit;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, Thread};
use std::time::Duration;

use rustix::process::{Resource, Rlimit, setrlimit};
use rustix::time::{ClockId, clock_gettime};

/// The exit status of a process that used up its time.
pub(crate) const OUT_OF_TIME: i32 = 75;
/// No evaluation is running.
const IDLE: u64 = u64::MAX;
/// The thread that watches needs little.
const STACK: usize = 64 << 10;

/// Ends this process when an evaluation has used its processor time.
pub(crate) struct Watch {
    /// What the clock of the process must not reach, in nanoseconds.
    end: Arc<AtomicU64>,
    watcher: Thread,
}

impl Watch {
    /// Begins to watch.
    ///
    /// # Errors
    /// When there can be no thread.
    pub(crate) fn start() -> io::Result<Watch> {
        let end = Arc::new(AtomicU64::new(IDLE));
        let watched = Arc::clone(&end);
        let name = thread::Builder::new().name("watch".to_owned());
        let watcher = name.stack_size(STACK).spawn(move || watch(&watched))?;
        Ok(Watch { end, watcher: watcher.thread().clone() })
    }

    /// An evaluation begins.
    ///
    /// # Errors
    /// When the system does not take the bound.
    pub(crate) fn begin(&self, time: Duration) -> io::Result<()> {
        let time = u64::try_from(time.as_nanos()).unwrap_or(IDLE);
        let end = used().saturating_add(time);
        // The system's bound counts whole seconds; it holds where this thread does not get to run.
        let seconds = Some((end / 1_000_000_000).saturating_add(2));
        setrlimit(Resource::Cpu, Rlimit { current: seconds, maximum: None })?;
        self.end.store(end, Ordering::Relaxed);
        self.watcher.unpark();
        Ok(())
    }

    /// It has ended.
    pub(crate) fn end(&self) {
        self.end.store(IDLE, Ordering::Relaxed);
    }
}

/// Processor time of this process, in nanoseconds.
fn used() -> u64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    seconds.saturating_mul(1_000_000_000).saturating_add(u64::try_from(time.tv_nsec).unwrap_or(0))
}

fn watch(end: &AtomicU64) {
    loop {
        let end = end.load(Ordering::Relaxed);
        if end == IDLE {
            thread::park();
            continue;
        }
        match end.checked_sub(used()) {
            // Only one thread computes, so the clock cannot be faster than the one on the wall.
            Some(left) if left > 0 => thread::sleep(Duration::from_nanos(left)),
            _ => exit(OUT_OF_TIME),
        }
    }
}
