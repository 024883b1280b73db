//! The interpreter's processes: started when they are needed, used again, ended when they are not
//! used or do not come back in time. What happens to one costs one evaluation.

use std::collections::VecDeque;
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::pin::Pin;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::process::{Child, Command};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};

use crate::protocol::{Failure, Job, LONGEST, Order, Outcome, Report, frame};
use crate::watch::OUT_OF_TIME;
use crate::worker::patience;

/// A future of a trait object.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Expressions that run others, within each other.
pub(crate) const DEEPEST: usize = 4;

/// What the interpreter may take.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Processes at once.
    pub processes: usize,
    /// Of processor time, for one policy.
    pub time: Duration,
    /// The same for one mapping.
    pub mapping_time: Duration,
    /// Questions to the server in one evaluation.
    pub questions: usize,
    /// Bytes that a process may have.
    pub memory: u64,
    /// A process without work ends after this.
    pub idle: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            processes: 4,
            time: Duration::from_secs(1),
            mapping_time: Duration::from_millis(50),
            questions: 200,
            memory: 64 << 20,
            idle: Duration::from_mins(1),
        }
    }
}

/// Who answers what an expression asks.
pub trait Questions: Send + Sync {
    /// # Errors
    /// What is raised in the expression.
    fn answer(&self, about: String, with: Value) -> BoxFuture<'_, Result<Value, Failure>>;
}

/// Runs expressions. Cheap to clone; one per program.
#[derive(Clone)]
pub struct Interpreter(Arc<Inner>);

struct Inner {
    start: Start,
    limits: Limits,
    /// For each depth, so that who waits for a process never has one that is waited for.
    places: Vec<Semaphore>,
    idle: Mutex<VecDeque<(Instant, Worker)>>,
}

enum Start {
    /// This program, as its own child, with this argument.
    Process(PathBuf, &'static str),
    /// A thread of this one.
    Thread,
}

impl Interpreter {
    /// Runs expressions in processes of `program`, which calls [`crate::serve_stdio`] when its
    /// first argument is `argument`; the second is how many bytes it may have.
    #[must_use]
    pub fn new(program: PathBuf, argument: &'static str, limits: Limits) -> Interpreter {
        Interpreter::with(Start::Process(program, argument), limits)
    }

    /// For tests: in threads of this process, without a bound on memory.
    #[must_use]
    pub fn in_this_process() -> Interpreter {
        let time = Duration::from_mins(1);
        let limits = Limits { time, mapping_time: time, ..Limits::default() };
        Interpreter::with(Start::Thread, limits)
    }

    fn with(start: Start, limits: Limits) -> Interpreter {
        let places = (0..DEEPEST).map(|_| Semaphore::new(limits.processes.max(1))).collect();
        Interpreter(Arc::new(Inner { start, limits, places, idle: Mutex::default() }))
    }

    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// Runs a job; `depth` counts the expressions that wait for it.
    ///
    /// # Errors
    /// What the expression raised, or that it did not come back.
    pub async fn run(
        &self,
        job: Job,
        depth: usize,
        questions: &dyn Questions,
    ) -> Result<Outcome, Failure> {
        let place = self.0.places.get(depth).ok_or_else(|| {
            Failure::new("RecursionError", "policies call each other without end")
        })?;
        let gone = |_| Failure::new("RuntimeError", "the server is stopping");
        let _place = place.acquire().await.map_err(gone)?;
        let unusable = |error: io::Error| {
            Failure::new("RuntimeError", format!("the interpreter can't be started: {error}"))
        };
        let mut worker = match self.waiting() {
            Some(worker) => worker,
            None => self.start().map_err(unusable)?,
        };
        let too_slow = Failure::new(
            "TimeoutError",
            format!("the expression took more than {} ms of processor time", job.milliseconds),
        );
        // The interpreter stops by itself where it looks at the clock; where it does not, its
        // process is ended. Whatever ends this early drops the worker, which ends it.
        let outcome = worker.talk(job, questions).await;
        match outcome {
            Ok(outcome) => {
                // A thread belongs to the test that began it.
                if worker.child.is_some() {
                    self.idle().push_back((Instant::now(), worker));
                }
                outcome
            }
            Err(Lost::TooSlow) => Err(too_slow),
            Err(Lost::TooLarge) => {
                Err(Failure::new("MemoryError", "what the expression is given is too large"))
            }
            Err(Lost::Ended) => Err(match worker.ended().await {
                Some(End::OutOfTime) => too_slow,
                Some(End::Aborted) => Failure::new(
                    "MemoryError",
                    "the expression needed more memory or depth than it may have",
                ),
                _ => Failure::new("RuntimeError", "the interpreter's process was ended"),
            }),
        }
    }

    /// Ends processes that had no work for long.
    pub fn end_idle(&self) {
        let oldest = Instant::now().checked_sub(self.0.limits.idle);
        self.idle().retain(|(since, _)| oldest.is_none_or(|oldest| *since > oldest));
    }

    /// Ends all that have no work.
    pub fn end_all(&self) {
        self.idle().clear();
    }

    /// Processes that wait for work.
    #[must_use]
    pub fn count_idle(&self) -> usize {
        self.idle().len()
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, VecDeque<(Instant, Worker)>> {
        self.0.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The one used last: those that are not needed get old. One that somebody ended is no use.
    fn waiting(&self) -> Option<Worker> {
        let mut idle = self.idle();
        while let Some((_, mut worker)) = idle.pop_back() {
            let ended = worker.child.as_mut().map(Child::try_wait);
            if ended.is_none_or(|ended| matches!(ended, Ok(None))) {
                return Some(worker);
            }
        }
        None
    }

    fn start(&self) -> io::Result<Worker> {
        match &self.0.start {
            Start::Process(program, argument) => {
                let mut child = Command::new(program)
                    .arg(argument)
                    .arg(self.0.limits.memory.to_string())
                    .env_clear()
                    // Memory that its allocator only keeps in reserve would count as used.
                    .env("MIMALLOC_ARENA_EAGER_COMMIT", "0")
                    .stdin(Stdio::piped())
                    .stdout(Stdio::piped())
                    .stderr(Stdio::null())
                    .kill_on_drop(true)
                    .spawn()?;
                let missing = || io::Error::from(io::ErrorKind::BrokenPipe);
                let output = Box::new(child.stdin.take().ok_or_else(missing)?);
                let input = Box::new(child.stdout.take().ok_or_else(missing)?);
                Ok(Worker { input, output, child: Some(child) })
            }
            Start::Thread => {
                let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
                let output = theirs.try_clone()?;
                ours.set_nonblocking(true)?;
                std::thread::Builder::new()
                    .name("interpreter".to_owned())
                    .stack_size(64 << 20)
                    .spawn(move || crate::worker::serve(theirs, output, None))?;
                let (input, output) = tokio::net::UnixStream::from_std(ours)?.into_split();
                Ok(Worker { input: Box::new(input), output: Box::new(output), child: None })
            }
        }
    }
}

struct Worker {
    input: Box<dyn AsyncRead + Send + Sync + Unpin>,
    output: Box<dyn AsyncWrite + Send + Sync + Unpin>,
    child: Option<Child>,
}

/// How a process ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    OutOfTime,
    /// It had no more memory or stack.
    Aborted,
    Other,
}

/// A worker that cannot be used again.
enum Lost {
    TooSlow,
    /// What it should be given, or what it asked for, is longer than a frame.
    TooLarge,
    Ended,
}

impl From<io::Error> for Lost {
    fn from(_: io::Error) -> Lost {
        Lost::Ended
    }
}

impl Worker {
    /// How its process ended, where it ends by itself.
    async fn ended(&mut self) -> Option<End> {
        let child = self.child.as_mut()?;
        let status = timeout(Duration::from_secs(1), child.wait()).await.ok()?.ok()?;
        let signal = |signal: Signal| status.signal() == Some(signal.as_raw());
        Some(if status.code() == Some(OUT_OF_TIME) || signal(Signal::XCPU) {
            End::OutOfTime
        } else if [Signal::ABORT, Signal::SEGV, Signal::BUS, Signal::ILL].into_iter().any(signal) {
            End::Aborted
        } else {
            End::Other
        })
    }

    async fn talk(
        &mut self,
        job: Job,
        questions: &dyn Questions,
    ) -> Result<Result<Outcome, Failure>, Lost> {
        let (mut left, mut questions_left) = (patience(job.milliseconds), job.questions);
        let mut order = Order::Run(job);
        loop {
            let asked = Instant::now();
            let bytes = frame(&order).map_err(|_| Lost::TooLarge)?;
            let said = async {
                self.output.write_all(&bytes).await?;
                self.read().await
            };
            let report = timeout(left, said).await.map_err(|_| Lost::TooSlow)??;
            // The time of answers is not the expression's.
            left = left.saturating_sub(asked.elapsed());
            order = match report {
                Report::Done(outcome) => return Ok(Ok(outcome)),
                Report::Failed(failure) => return Ok(Err(failure)),
                Report::Ask { about, with } => {
                    // The process counts as well, and ends the evaluation.
                    questions_left = questions_left.checked_sub(1).ok_or(Lost::Ended)?;
                    match questions.answer(about, with).await {
                        Ok(value) => Order::Reply(value),
                        Err(Failure { kind, text, .. }) => Order::Raise { kind, text },
                    }
                }
            };
        }
    }

    async fn read(&mut self) -> io::Result<Report> {
        let mut length = [0; 4];
        self.input.read_exact(&mut length).await?;
        let length = u32::from_be_bytes(length);
        if length > LONGEST {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut bytes = vec![0; length as usize];
        self.input.read_exact(&mut bytes).await?;
        serde_json::from_slice(&bytes).map_err(|_| io::ErrorKind::InvalidData.into())
    }
}
