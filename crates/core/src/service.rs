//! What runs beside requests: services, which run as long as the program does, and tasks, which a
//! request leaves behind. Nothing else may be spawned: what nobody holds fails unseen.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use socket2::{SockRef, TcpKeepalive};
use tokio::{
    net::TcpStream,
    sync::{Semaphore, watch},
    task::JoinSet,
    time::Instant,
};

use countersign_model::Snapshot;

use crate::{BoxFuture, context::Context};

/// Something that runs as long as the program does. The supervisor starts it, starts it again when
/// it ends or panics, and stops it.
#[derive(Clone)]
pub struct Service {
    /// Unique; the label of its metrics.
    pub name: &'static str,
    pub nodes: Nodes,
    /// Without it, answers of this process would be wrong: while it is down, the process is not
    /// ready.
    pub essential: bool,
    /// Runs until `Shutdown`; an earlier end is a failure, with the error as its reason.
    pub run: Run,
}

type Run = Arc<dyn Fn(Context, Shutdown) -> BoxFuture<Result<(), String>> + Send + Sync>;

/// The processes that a service runs in. One that must run in a single process takes turns through
/// the database, as the schedule of jobs does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nodes {
    Every,
    /// Those that do jobs.
    Workers,
    /// Those that serve requests.
    Servers,
}

impl Service {
    /// A service of every process.
    pub fn new<F, R>(name: &'static str, run: F) -> Service
    where
        F: Fn(Context, Shutdown) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), String>> + Send + 'static,
    {
        let run = Arc::new(move |cx, stop| Box::pin(run(cx, stop)) as BoxFuture<_>);
        Service { name, nodes: Nodes::Every, essential: false, run }
    }

    /// It runs only where jobs are done.
    #[must_use]
    pub fn on_workers(self) -> Service {
        Service { nodes: Nodes::Workers, ..self }
    }

    /// It runs only where requests are served.
    #[must_use]
    pub fn on_servers(self) -> Service {
        Service { nodes: Nodes::Servers, ..self }
    }

    /// It runs only as long as the configuration wants it, which is asked twice a second.
    #[must_use]
    pub fn while_wanted(
        self,
        wanted: impl Fn(&Snapshot) -> bool + Send + Sync + 'static,
    ) -> Service {
        let (wanted, inner) = (Arc::new(wanted), self.run);
        let run = move |cx: Context, stop| {
            Box::pin(while_wanted(cx, stop, wanted.clone(), inner.clone())) as BoxFuture<_>
        };
        Service { run: Arc::new(run), ..self }
    }

    /// The process is not ready while it is down.
    #[must_use]
    pub fn essential(self) -> Service {
        Service { essential: true, ..self }
    }
}

async fn while_wanted(
    cx: Context,
    mut stop: Shutdown,
    wanted: Arc<dyn Fn(&Snapshot) -> bool + Send + Sync>,
    inner: Run,
) -> Result<(), String> {
    const PAUSE: Duration = Duration::from_millis(500);
    let mut asked = None;
    let mut is_wanted = || {
        let snapshot = cx.snapshot();
        let known = asked.filter(|(revision, _)| *revision == snapshot.revision());
        let (_, answer) =
            *asked.insert(known.unwrap_or_else(|| (snapshot.revision(), wanted(&snapshot))));
        answer
    };
    loop {
        while !is_wanted() {
            if !stop.sleep(PAUSE).await {
                return Ok(());
            }
        }
        let (end, ends) = Shutdown::channel();
        let mut running = inner(cx.clone(), ends);
        loop {
            tokio::select! {
                ended = &mut running => return ended,
                goes_on = stop.sleep(PAUSE) => {
                    if goes_on && is_wanted() {
                        continue;
                    }
                    let _ = end.send(true);
                    running.await?;
                    if !goes_on {
                        return Ok(());
                    }
                    break;
                }
            }
        }
    }
}

/// The services that are down, with the reason.
#[derive(Debug, Clone, Default)]
pub struct Health(Arc<Mutex<BTreeMap<&'static str, Down>>>);

#[derive(Debug, Clone)]
pub struct Down {
    pub problem: String,
    /// The process must not be sent requests.
    pub essential: bool,
}

impl Health {
    /// The services that wait for their next start.
    pub fn all_down(&self) -> BTreeMap<&'static str, Down> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn up(&self, service: &Service) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(service.name);
    }

    pub fn down(&self, service: &Service, problem: String) {
        let down = Down { problem, essential: service.essential };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(service.name, down);
    }
}

/// Whether the program stops. When the one who says so is gone, it does.
#[derive(Debug, Clone)]
pub struct Shutdown(watch::Receiver<bool>);

impl Shutdown {
    /// One end asks by sending `true`, the other sees it.
    pub fn channel() -> (watch::Sender<bool>, Shutdown) {
        let (sender, receiver) = watch::channel(false);
        (sender, Shutdown(receiver))
    }

    /// Waits until the program stops.
    pub async fn requested(&mut self) {
        let _ = self.0.wait_for(|stop| *stop).await;
    }

    pub fn is_requested(&self) -> bool {
        *self.0.borrow() || self.0.has_changed().is_err()
    }

    /// Sleeps; `false` as soon as the program stops. For the head of a loop.
    pub async fn sleep(&mut self, time: Duration) -> bool {
        tokio::time::timeout(time, self.requested()).await.is_err()
    }
}

/// Connections of a listener that go on as something else than HTTP, found in the extensions of a
/// request. They keep their places in the limit of the listener and end with it.
#[derive(Clone)]
pub struct Sockets {
    running: Arc<Mutex<JoinSet<()>>>,
    shutdown: Shutdown,
}

impl Sockets {
    pub fn new(shutdown: Shutdown) -> Sockets {
        Sockets { running: Arc::default(), shutdown }
    }

    /// Serves a connection. What is served gets a moment to say goodbye when the program stops;
    /// then it is cut off.
    pub fn serve<F>(&self, serve: impl FnOnce(Shutdown) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        while running.try_join_next().is_some() {}
        running.spawn(serve(self.shutdown.clone()));
    }

    /// Waits until all have ended; cuts them off when it is dropped.
    pub async fn ended(&self) {
        let mut running =
            std::mem::take(&mut *self.running.lock().unwrap_or_else(PoisonError::into_inner));
        while running.join_next().await.is_some() {}
    }
}

/// Has TCP ask after a silence of so long whether the other side is still there: a connection that
/// may be silent for ever ends when it is not.
pub fn keep_alive(stream: &TcpStream, after: Duration) {
    let asked = TcpKeepalive::new().with_time(after).with_interval(after / 3).with_retries(3);
    // A system that cannot leaves it to whoever speaks on the connection.
    let _ = SockRef::from(stream).set_tcp_keepalive(&asked);
}

/// Work that requests leave behind, as many at once as fit.
#[derive(Clone)]
pub struct Tasks {
    room: Arc<Semaphore>,
    running: Arc<Mutex<BTreeMap<&'static str, usize>>>,
}

impl Tasks {
    /// Tasks at once. Each holds little; more than this wait where they come from.
    const MOST: u32 = 1024;

    /// Runs a future beside its request. It returns at once if there is room, else when there is
    /// some: callers slow down before tasks are lost or pile up.
    #[expect(clippy::disallowed_methods, reason = "one of the two places that may")]
    pub async fn spawn<F>(&self, name: &'static str, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        // Closed: nobody would wait for it.
        let Ok(room) = self.room.clone().acquire_owned().await else { return future.await };
        let counted = Counted::enter(self.running.clone(), name);
        tokio::spawn(async move {
            let _held = (room, counted);
            future.await;
        });
    }

    /// Waits for the tasks there are, and gives the names of those that do not end in time. Later
    /// ones run where they are spawned.
    pub async fn close(&self, deadline: Instant) -> Vec<&'static str> {
        let _ = tokio::time::timeout_at(deadline, self.room.acquire_many(Tasks::MOST)).await;
        self.room.close();
        self.running()
    }

    /// The names of those that run now.
    #[must_use]
    pub fn running(&self) -> Vec<&'static str> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).keys().copied().collect()
    }
}

impl Default for Tasks {
    fn default() -> Tasks {
        let room = usize::try_from(Tasks::MOST).unwrap_or(usize::MAX);
        Tasks { room: Arc::new(Semaphore::new(room)), running: Arc::default() }
    }
}

/// Counts a running task under its name until it is dropped, by its end or by a panic.
struct Counted {
    running: Arc<Mutex<BTreeMap<&'static str, usize>>>,
    name: &'static str,
}

impl Counted {
    fn enter(running: Arc<Mutex<BTreeMap<&'static str, usize>>>, name: &'static str) -> Counted {
        *running.lock().unwrap_or_else(PoisonError::into_inner).entry(name).or_default() += 1;
        Counted { running, name }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = running.get_mut(self.name) {
            *count -= 1;
            if *count == 0 {
                running.remove(self.name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn tasks_are_bounded_awaited_and_named_when_they_do_not_end() {
        let (tasks, (go, stop)) = (Tasks::default(), Shutdown::channel());
        for _ in 0..Tasks::MOST {
            let mut stop = stop.clone();
            tasks.spawn("waits", async move { stop.requested().await }).await;
        }
        let one_more = tasks.spawn("more", async {});
        let waits = tokio::time::timeout(Duration::from_millis(50), one_more).await;
        assert!(waits.is_err(), "there is no room");
        assert_eq!(tasks.close(Instant::now() + Duration::from_millis(50)).await, ["waits"]);
        drop(go);
        let (done, ran) = tokio::sync::oneshot::channel();
        tasks.spawn("late", async move { done.send(()).unwrap() }).await;
        assert_eq!(ran.await, Ok(()), "a late task runs where it is spawned");
    }

    #[tokio::test]
    async fn a_task_that_panics_leaves_its_place() {
        let tasks = Tasks::default();
        tasks.spawn("panics", async { panic!("as a test wants") }).await;
        let no_task: [&str; 0] = [];
        assert_eq!(tasks.close(Instant::now() + Duration::from_secs(10)).await, no_task);
    }

    #[tokio::test]
    async fn a_loop_sleeps_until_the_program_stops() {
        let (go, mut stop) = Shutdown::channel();
        assert!(stop.sleep(Duration::from_millis(1)).await && !stop.is_requested());
        let _ = go.send(true);
        assert!(!stop.sleep(Duration::from_mins(10)).await && stop.is_requested());
        let (gone, mut stop) = Shutdown::channel();
        drop(gone);
        assert!(!stop.sleep(Duration::from_mins(10)).await && stop.is_requested());
    }
}
