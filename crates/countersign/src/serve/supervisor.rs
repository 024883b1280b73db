//! Holds everything that runs as long as the program does: starts it again when it fails, shows
//! what is down, and stops it in reverse order.

use std::time::Duration;

use countersign_core::{Context, Health, Service, Shutdown};
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{Instant, timeout_at},
};

use super::panics::{CatchPanic, Panicked};

/// How long a service that failed waits for its next start.
#[derive(Debug, Clone, Copy)]
pub struct Backoff {
    /// After the first failure; doubled with each further one.
    pub first: Duration,
    pub most: Duration,
    /// A run that lasted as long makes the next failure a first one.
    pub forgiven_after: Duration,
}

impl Backoff {
    pub const DEFAULT: Backoff = Backoff {
        first: Duration::from_secs(1),
        most: Duration::from_mins(1),
        forgiven_after: Duration::from_mins(1),
    };
}

/// The services of this process, in groups that start and stop together.
pub struct Supervisor {
    cx: Context,
    backoff: Backoff,
    health: Health,
    groups: Vec<Group>,
}

struct Group {
    stop: watch::Sender<bool>,
    running: Vec<(&'static str, JoinHandle<()>)>,
}

impl Supervisor {
    pub fn new(cx: &Context, backoff: Backoff) -> Supervisor {
        Supervisor { cx: cx.clone(), backoff, health: cx.health.clone(), groups: Vec::new() }
    }

    /// What is down at the moment, for those who watch over the process.
    pub fn health(&self) -> Health {
        self.health.clone()
    }

    /// Starts services that can rely on those started before.
    #[expect(clippy::disallowed_methods, reason = "one of the two places that may")]
    pub fn start(&mut self, services: impl IntoIterator<Item = Service>) {
        let (stop, shutdown) = Shutdown::channel();
        let running = services.into_iter().map(|service| {
            let kept_up = keep_up(
                service.clone(),
                self.cx.clone(),
                self.backoff,
                self.health.clone(),
                shutdown.clone(),
            );
            (service.name, tokio::spawn(kept_up))
        });
        let running = running.collect();
        self.groups.push(Group { stop, running });
    }

    /// Stops the groups in reverse order, then waits for what requests left behind; all of it in
    /// `grace`. What does not stop is cut off and named, in the log and to the caller.
    pub async fn stop(self, grace: Duration) -> Vec<&'static str> {
        let deadline = Instant::now() + grace;
        let mut unfinished = Vec::new();
        for Group { stop, running } in self.groups.into_iter().rev() {
            let _ = stop.send(true);
            for (name, mut handle) in running {
                if timeout_at(deadline, &mut handle).await.is_err() {
                    handle.abort();
                    unfinished.push(name);
                }
            }
        }
        unfinished.extend(self.cx.tasks.close(deadline).await);
        if !unfinished.is_empty() {
            tracing::warn!("cut off, since they did not stop in time: {}", unfinished.join(", "));
        }
        unfinished
    }
}

/// Runs a service again and again until the program stops.
async fn keep_up(
    service: Service,
    cx: Context,
    backoff: Backoff,
    health: Health,
    mut shutdown: Shutdown,
) {
    let mut pause = backoff.first;
    loop {
        up(&health, &service);
        let begun = Instant::now();
        let (run, once) = (service.run.clone(), (cx.clone(), shutdown.clone()));
        let outcome = CatchPanic::new(async move { run(once.0, once.1).await }).await;
        if shutdown.is_requested() {
            return;
        }
        let problem = match outcome {
            Ok(Ok(())) => "it ended".to_owned(),
            Ok(Err(problem)) => problem,
            Err(Panicked) => "a fault of this program; the log has its place".to_owned(),
        };
        if begun.elapsed() >= backoff.forgiven_after {
            pause = backoff.first;
        }
        tracing::error!(service = service.name, pause = ?pause, "a service failed and is started again: {problem}");
        down(&health, &service, problem);
        if !shutdown.sleep(pause).await {
            return;
        }
        pause = pause.saturating_mul(2).min(backoff.most);
    }
}

fn up(health: &Health, service: &Service) {
    metrics::gauge!("countersign_service_up", "name" => service.name).set(1.0);
    health.up(service);
}

fn down(health: &Health, service: &Service, problem: String) {
    metrics::gauge!("countersign_service_up", "name" => service.name).set(0.0);
    metrics::counter!("countersign_service_failures_total", "name" => service.name).increment(1);
    health.down(service, problem);
}

#[cfg(test)]
pub(super) mod tests {
    use std::{
        collections::BTreeSet,
        net::SocketAddr,
        sync::{
            Arc, Mutex,
            atomic::{AtomicBool, Ordering},
        },
    };

    use axum::{Router, body::Body, extract::ConnectInfo, middleware};
    use countersign_core::{Nodes, request_layer};
    use http::{Request, StatusCode};
    use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
    use serde_json::Value;
    use tower::ServiceExt as _;

    use super::*;
    use crate::{
        serve::{health, measure, tls},
        services,
        settings::{self, Settings},
        start,
    };

    const SOON: Duration = Duration::from_millis(400);
    const QUICK: Backoff = Backoff { first: SOON, most: SOON, forgiven_after: SOON };

    /// A program that is open and serves nothing yet.
    pub(in crate::serve) struct World {
        pub(in crate::serve) cx: Context,
        pub(in crate::serve) settings: Settings,
        _hold: start::Hold,
        pub(in crate::serve) folder: tempfile::TempDir,
    }

    impl World {
        async fn new() -> World {
            World::with(&[]).await
        }

        pub(in crate::serve) async fn with(settings: &[(&str, &str)]) -> World {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().to_string_lossy();
            let flags: Vec<(String, String)> = [("data_dir", &*path)]
                .iter()
                .chain(settings)
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect();
            let settings = settings::load(&flags, None, &settings::System).unwrap().settings;
            let hold = start::Hold::take(&settings).unwrap();
            let (cx, _) = start::open(&settings, &hold).await.unwrap();
            World { cx, settings, _hold: hold, folder }
        }

        /// Every service that a server has beside its listeners.
        fn services(&self, numbers: &PrometheusHandle) -> Vec<Service> {
            let now = self.cx.clock.now();
            let slot = tls::StoreSlot::default();
            let (_, certificate) = tls::configuration(self.folder.path(), now, slot).unwrap();
            let nodes = [Nodes::Workers, Nodes::Servers];
            let mut services = services::services(&self.cx, &nodes);
            services.extend([measure::upkeep(numbers), certificate.reload()]);
            services.push(services::worker(&self.settings));
            services
        }
    }

    /// Panics when it is first started.
    fn poisoned(service: Service) -> Service {
        let (run, poisoned) = (service.run, AtomicBool::new(true));
        let run = move |cx, stop| {
            assert!(!poisoned.swap(false, Ordering::Relaxed), "poisoned, as the test wants");
            run(cx, stop)
        };
        Service { run: Arc::new(run), ..service }
    }

    /// What a probe on this machine is answered.
    async fn readiness(cx: &Context, router: &Router) -> (StatusCode, Value) {
        let router = router
            .clone()
            .layer(middleware::from_fn_with_state(cx.clone(), request_layer))
            .layer(axum::Extension(ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 1)))));
        let request = Request::get("/-/health/ready/").body(Body::empty()).unwrap();
        let response = router.oneshot(request).await.unwrap();
        let status = response.status();
        let body = axum::body::to_bytes(response.into_body(), 65_536).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }

    #[tokio::test]
    async fn every_service_that_panics_is_started_again_and_seen_from_outside() {
        let recorder = PrometheusBuilder::new().build_recorder();
        let numbers = recorder.handle();
        let _guard = metrics::set_default_local_recorder(&recorder);
        let world = World::new().await;
        let services = world.services(&numbers);
        let names: BTreeSet<&str> = services.iter().map(|service| service.name).collect();
        assert_eq!(names.len(), services.len(), "names are unique");
        let all_are = |up: &str| {
            let text = numbers.render();
            names.iter().all(|name| {
                text.contains(&format!("countersign_service_up{{name=\"{name}\"}} {up}\n"))
            })
        };
        let mut supervisor = Supervisor::new(&world.cx, QUICK);
        let monitoring = health::Monitoring::new(
            &world.cx,
            &world.settings,
            numbers.clone(),
            supervisor.health(),
        );
        let router = health::metrics_router(monitoring);
        supervisor.start(services.into_iter().map(poisoned));
        while supervisor.health().all_down().len() < names.len() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert!(all_are("0"));
        let (status, body) = readiness(&world.cx, &router).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        let seen: BTreeSet<&str> =
            body["services"].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(seen, names);
        while !all_are("1") {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(readiness(&world.cx, &router).await, (StatusCode::OK, Value::Null));
        let nobody: [&str; 0] = [];
        assert_eq!(supervisor.stop(Duration::from_secs(20)).await, nobody);
        world.cx.store.close().await;
    }

    #[tokio::test]
    async fn groups_stop_in_reverse_order_and_what_does_not_stop_is_named() {
        let world = World::new().await;
        let mut supervisor = Supervisor::new(&world.cx, QUICK);
        let order = Arc::new(Mutex::new(Vec::new()));
        let notes = |name: &'static str| {
            let order = order.clone();
            Service::new(name, move |_, mut stop| {
                let order = order.clone();
                async move {
                    stop.requested().await;
                    order.lock().unwrap().push(name);
                    Ok(())
                }
            })
        };
        supervisor.start([Service::new("stubborn", |_, _| std::future::pending())]);
        supervisor.start([notes("first")]);
        supervisor.start([notes("second"), notes("also second")]);
        world.cx.tasks.spawn("endless", std::future::pending()).await;
        tokio::task::yield_now().await;
        assert_eq!(supervisor.stop(SOON).await, ["stubborn", "endless"]);
        assert_eq!(order.lock().unwrap().last(), Some(&"first"));
        assert_eq!(order.lock().unwrap().len(), 3);
        world.cx.store.close().await;
    }

    #[tokio::test]
    async fn a_service_that_ends_is_down_until_its_next_start_and_waits_longer_each_time() {
        let world = World::new().await;
        let backoff = Backoff { most: SOON * 2, forgiven_after: SOON * 9, ..QUICK };
        let mut supervisor = Supervisor::new(&world.cx, backoff);
        let starts = Arc::new(Mutex::new(Vec::new()));
        let noted = starts.clone();
        supervisor.start([Service::new("ends", move |_, _| {
            noted.lock().unwrap().push(Instant::now());
            std::future::ready(Err("no reason".to_owned()))
        })]);
        while starts.lock().unwrap().len() < 3 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let starts = starts.lock().unwrap().clone();
        assert!(starts[1] - starts[0] >= SOON && starts[2] - starts[1] >= SOON * 2);
        let down = supervisor.health().all_down();
        assert_eq!(down["ends"].problem, "no reason");
        assert!(!down["ends"].essential);
        supervisor.stop(SOON).await;
        world.cx.store.close().await;
    }
}
