//! The queue on a real store, with a clock that moves when told.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use countersign_core::{Context, Job, JobError, KindResource, Lane, Module, Run, Shutdown, Work};
use countersign_events::Audit;
use countersign_model::{Kind, Ref};
use countersign_store::{Sql, StoreError, Tx, params};
use countersign_testing::{TestClock, embedded};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::queue::{self, Claim, End};
use crate::schedule;
use crate::{Options, worker};

static RUNS: AtomicUsize = AtomicUsize::new(0);

const JOBS: &[(&str, u32)] = &[("mail", 3), ("sync", 1), ("panics", 3), ("waits", 1), ("copy", 1)];

struct Mail;

impl Work for Mail {
    const NAME: &'static str = "mail";
    const DESCRIPTION: &'static str = "Sends a mail";
    const ATTEMPTS: u32 = 3;
    type Args = Value;

    async fn run(&self, _: Context, _: Run, arguments: Value) -> Result<(), JobError> {
        RUNS.fetch_add(1, Ordering::SeqCst);
        if arguments == json!({"to": "a"}) {
            Ok(())
        } else {
            Err(JobError::Failed("no address".to_owned()))
        }
    }
}

struct Panics;

impl Work for Panics {
    const NAME: &'static str = "panics";
    const DESCRIPTION: &'static str = "Panics";
    const ATTEMPTS: u32 = 3;
    type Args = Value;

    async fn run(&self, _: Context, _: Run, _: Value) -> Result<(), JobError> {
        panic!("on purpose")
    }
}

struct Waits;

impl Work for Waits {
    const NAME: &'static str = "waits";
    const DESCRIPTION: &'static str = "Waits";
    const ATTEMPTS: u32 = 1;
    const LANE: Lane = Lane::Bulk;
    type Args = Value;

    async fn run(&self, _: Context, run: Run, _: Value) -> Result<(), JobError> {
        while !run.is_cancelled() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        Ok(())
    }
}

/// Something that is copied from again and again.
#[derive(Debug, Clone, Kind)]
#[kind(path = "testing/directories", model = "test.directory", title = "Directory")]
struct Directory {
    #[field(unique)]
    name: String,
    seconds: i64,
}

struct Copy;

impl Work for Copy {
    const NAME: &'static str = "copy";
    const DESCRIPTION: &'static str = "Copies a directory";
    const ATTEMPTS: u32 = 1;
    type Args = Ref<Directory>;

    async fn run(&self, _: Context, _: Run, _: Ref<Directory>) -> Result<(), JobError> {
        Ok(())
    }
}

fn declared() -> Vec<Job> {
    vec![
        Job::of(Mail),
        Job::every("sync", 3600, "Copies", |_, _| async { Ok(()) }),
        Job::of(Panics),
        Job::of(Waits),
        Job::for_each(Copy, |directory: &Directory| directory.seconds.unsigned_abs()),
    ]
}

struct World(countersign_testing::World);

impl std::ops::Deref for World {
    type Target = countersign_testing::World;
    fn deref(&self) -> &countersign_testing::World {
        &self.0
    }
}

impl World {
    fn new() -> World {
        let kinds = vec![KindResource::of::<Directory>()];
        let modules = vec![Module { name: "test", kinds, jobs: declared(), ..Module::default() }];
        let clock = TestClock::at(1_800_000_000);
        World(countersign_testing::World::new(modules, clock, Arc::new(Audit), embedded))
    }

    async fn ask(&self, job: &'static str, uid: &'static str) -> Uuid {
        let job = crate::job(&self.cx, job).unwrap().clone();
        self.write(move |tx| job.ask(tx, uid, &json!({"to": uid}))).await
    }

    async fn claim(&self) -> Vec<Claim> {
        self.write(|tx| queue::claim(tx, JOBS, 10)).await
    }

    async fn end(&self, claim: &Claim, end: End) {
        let job = crate::job(&self.cx, &claim.name).unwrap().clone();
        let run = Run::new(claim.task, claim.uid.clone(), claim.attempt);
        let claim = claim.clone();
        self.write(move |tx| queue::finish(tx, &job, &claim, &run, &end)).await;
    }

    async fn states(&self) -> Vec<(String, String, i64)> {
        let read = self
            .cx
            .store
            .read(|sql| {
                sql.query("SELECT name, state, attempts FROM task ORDER BY name, queued", params![])
            })
            .await;
        read.unwrap()
            .iter()
            .map(|row| (row.get(0).unwrap(), row.get(1).unwrap(), row.get(2).unwrap()))
            .collect()
    }

    async fn exceptions(&self) -> usize {
        let count = |sql: &mut countersign_store::Sql<'_>| {
            sql.query("SELECT uuid FROM event WHERE action = 'system_task_exception'", params![])
        };
        self.cx.store.read(count).await.unwrap().len()
    }
}

#[tokio::test]
async fn a_row_is_taken_once_and_its_arguments_are_opened() {
    let world = World::new();
    world.ask("mail", "a").await;
    let first = world.claim().await;
    assert_eq!(first.len(), 1);
    assert_eq!((first[0].arguments.clone(), first[0].attempt), (json!({"to": "a"}), 1));
    assert!(world.claim().await.is_empty(), "it is taken");
    let kept = world
        .cx
        .store
        .read(|sql| sql.query_one("SELECT arguments FROM task", params![]))
        .await
        .unwrap()
        .unwrap();
    assert!(!kept.get::<String>(0).unwrap().contains("{\"to\""), "arguments are sealed");
    world.end(&first[0], End::Done).await;
    assert!(world.states().await.is_empty(), "what succeeds leaves no row");
}

#[tokio::test]
async fn a_lost_lease_is_taken_over_and_the_old_holder_writes_nothing() {
    let world = World::new();
    world.ask("mail", "a").await;
    let old = world.claim().await.remove(0);
    world.clock.advance(queue::LEASE + 1);
    let new = world.claim().await.remove(0);
    assert_eq!((new.task, new.attempt), (old.task, 2));
    let run = Run::new(old.task, String::new(), 1);
    let stale = old.clone();
    assert_eq!(world.write(move |tx| queue::renew(tx, &stale, &run)).await, None);
    world.end(&old, End::Done).await;
    assert_eq!(world.states().await, [("mail".to_owned(), "running".to_owned(), 2)]);
    world.end(&new, End::Done).await;
    assert!(world.states().await.is_empty());
}

#[tokio::test]
async fn what_a_crash_interrupted_is_taken_up_at_the_start() {
    let world = World::new();
    let task = world.ask("mail", "a").await;
    assert_eq!(world.claim().await[0].task, task);
    assert!(world.claim().await.is_empty(), "its lease holds");
    assert!(world.cx.store.is_embedded());
    world.write(queue::let_go).await;
    let again = world.claim().await;
    assert_eq!((again[0].task, again[0].attempt), (task, 2));
}

#[tokio::test]
async fn a_renewed_lease_is_not_taken_over() {
    let world = World::new();
    world.ask("mail", "a").await;
    let claim = world.claim().await.remove(0);
    for _ in 0..4 {
        world.clock.advance(queue::LEASE - 1);
        let (claim, run) = (claim.clone(), Run::new(claim.task, String::new(), 1));
        assert_eq!(world.write(move |tx| queue::renew(tx, &claim, &run)).await, Some(false));
        assert!(world.claim().await.is_empty());
    }
}

#[tokio::test]
async fn tries_wait_longer_each_time_and_the_last_one_counts_as_failed() {
    let world = World::new();
    world.ask("mail", "a").await;
    for wait in [1, 2] {
        let claim = world.claim().await.remove(0);
        world.end(&claim, End::Failed(JobError::Again("away".to_owned()))).await;
        world.clock.advance(wait - 1);
        assert!(world.claim().await.is_empty(), "not before {wait} s");
        world.clock.advance(1);
    }
    let last = world.claim().await.remove(0);
    assert_eq!(last.attempt, 3);
    assert_eq!(world.exceptions().await, 0);
    world.end(&last, End::Failed(JobError::Again("away".to_owned()))).await;
    assert_eq!(world.states().await, [("mail".to_owned(), "error".to_owned(), 3)]);
    assert_eq!(world.exceptions().await, 1);
}

#[tokio::test]
async fn what_ends_every_process_is_given_up() {
    let world = World::new();
    world.ask("sync", "").await;
    for _ in 0..4 {
        assert_eq!(world.claim().await.len(), 1);
        world.clock.advance(queue::LEASE + 1);
    }
    assert!(world.claim().await.is_empty());
    assert_eq!(world.states().await, [("sync".to_owned(), "error".to_owned(), 4)]);
    assert_eq!(world.exceptions().await, 1);
}

#[tokio::test]
async fn two_runs_on_one_thing_do_not_overlap() {
    let world = World::new();
    world.ask("mail", "a").await;
    let first = world.claim().await.remove(0);
    world.ask("mail", "a").await;
    world.ask("mail", "a").await;
    world.ask("mail", "b").await;
    let second = world.claim().await;
    assert_eq!(second.len(), 1, "only the one on another thing");
    assert_eq!(second[0].uid, "b");
    world.end(&first, End::Done).await;
    assert_eq!(world.claim().await.len(), 1, "two requests that wait are one");
}

#[tokio::test]
async fn a_due_time_counts_once_however_late() {
    let world = World::new();
    let jobs = schedule::of(&world.cx);
    let due = || {
        let jobs = jobs.clone();
        world.write(move |tx| schedule::due(tx, &jobs))
    };
    assert!(schedule::look(&world.cx, &jobs).await.unwrap());
    assert_eq!(due().await, 1, "what never ran is due");
    assert_eq!(due().await, 0);
    let claim = world.claim().await.remove(0);
    world.clock.advance(3 * 3600);
    assert_eq!(due().await, 0, "the last run still goes on");
    world.end(&claim, End::Done).await;
    world.clock.advance(5 * 3600);
    assert!(schedule::look(&world.cx, &jobs).await.unwrap());
    assert_eq!(due().await, 1, "five missed times are one");
    assert!(!schedule::look(&world.cx, &jobs).await.unwrap());
}

#[tokio::test]
async fn each_object_has_a_schedule_of_its_own_as_long_as_there_is_one() {
    let world = World::new();
    let put = |number: u128, name: &'static str, seconds| {
        world.write(move |tx| {
            tx.draft().put(Uuid::from_u128(number), Directory { name: name.to_owned(), seconds });
            Ok::<_, StoreError>(())
        })
    };
    let turn = async || {
        let jobs = schedule::of(&world.cx);
        if !schedule::look(&world.cx, &jobs).await.unwrap() {
            return Vec::new();
        }
        schedule::run(&world.cx, jobs).await.unwrap();
        let claims = world.claim().await;
        for claim in &claims {
            world.end(claim, End::Done).await;
        }
        let copied = claims.iter().filter(|claim| claim.name == "copy");
        let mut copied: Vec<String> = copied.map(|claim| claim.uid.clone()).collect();
        copied.sort();
        copied
    };
    let (often, seldom) = (Uuid::from_u128(1).to_string(), Uuid::from_u128(2).to_string());
    put(1, "often", 60).await;
    put(2, "seldom", 600).await;
    assert_eq!(turn().await, [often.as_str(), seldom.as_str()], "what never ran is due");
    assert!(turn().await.is_empty());
    world.clock.advance(60);
    assert_eq!(turn().await, [often.as_str()]);
    put(2, "seldom", 30).await;
    assert_eq!(turn().await, [seldom.as_str()], "it is quickened");
    let remove = |tx: &mut Tx<'_>| {
        tx.draft().delete(Ref::<Directory>::new(Uuid::from_u128(1).into()).id()).unwrap();
        Ok::<_, StoreError>(())
    };
    world.write(remove).await;
    world.clock.advance(60);
    assert_eq!(turn().await, [seldom.as_str()]);
    let rows = |sql: &mut Sql<'_>| {
        sql.query("SELECT name FROM schedule WHERE name LIKE 'copy:%'", params![])
    };
    assert_eq!(world.cx.store.read(rows).await.unwrap().len(), 1, "its row went with it");
}

#[tokio::test]
async fn what_an_earlier_version_stored_is_read_or_refused_in_words() {
    let world = World::new();
    let job = crate::job(&world.cx, "copy").unwrap().clone();
    let run = async |stored: Value| {
        (job.run)(world.cx.clone(), Run::new(Uuid::nil(), String::new(), 1), stored).await
    };
    assert_eq!(run(json!(Uuid::from_u128(1))).await, Ok(()));
    let refused = run(json!({"pk": 1})).await.unwrap_err().to_string();
    assert!(refused.starts_with("its arguments cannot be read: "), "{refused}");
}

#[tokio::test]
async fn ended_rows_can_be_asked_for_again_and_waiting_ones_cancelled() {
    let world = World::new();
    let task = world.ask("mail", "a").await;
    assert!(!world.write(move |tx| queue::retry(tx, task)).await, "it waits already");
    assert!(world.write(move |tx| queue::cancel(tx, task)).await);
    assert!(world.claim().await.is_empty());
    assert!(!world.write(move |tx| queue::cancel(tx, task)).await);
    assert!(world.write(move |tx| queue::retry(tx, task)).await);
    assert_eq!(world.claim().await[0].arguments, json!({"to": "a"}));
}

#[tokio::test]
async fn a_worker_does_what_is_asked_and_survives_panics() {
    let world = World::new();
    let heartbeat = Some(world.cx.settings.data_dir.join("beat"));
    let (stop, shutdown) = Shutdown::channel();
    let worker = worker(Options { concurrency: 2, heartbeat });
    let mut working = JoinSet::new();
    working.spawn((worker.run)(world.cx.clone(), shutdown));
    world.ask("panics", "").await;
    world.ask("mail", "a").await;
    world.ask("mail", "b").await;
    for _ in 0..100 {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        let states = world.states().await;
        if states.iter().all(|(_, state, _)| state != "queued" && state != "running") {
            break;
        }
    }
    let mut ended: Vec<(String, String)> =
        world.states().await.into_iter().map(|(name, state, _)| (name, state)).collect();
    ended.sort();
    let expected = [("mail", "error"), ("panics", "error"), ("sync", "successful")]
        .map(|(name, state)| (name.to_owned(), state.to_owned()));
    assert_eq!(ended, expected);
    assert!(RUNS.load(Ordering::SeqCst) >= 2);
    assert!(world.cx.settings.data_dir.join("beat").exists());
    let waiting = world.ask("waits", "").await;
    tokio::time::sleep(std::time::Duration::from_millis(1200)).await;
    assert!(world.write(move |tx| queue::cancel(tx, waiting)).await);
    for _ in 0..120 {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        if world.states().await.contains(&("waits".to_owned(), "cancelled".to_owned(), 1)) {
            break;
        }
    }
    assert!(world.states().await.contains(&("waits".to_owned(), "cancelled".to_owned(), 1)));
    stop.send(true).unwrap();
    assert_eq!(working.join_next().await.unwrap().unwrap(), Ok(()));
    assert!(!world.cx.settings.data_dir.join("beat").exists());
}

/// A directory of 100,000 people that is read must not keep mails waiting.
#[tokio::test]
async fn a_long_job_does_not_keep_quick_ones_waiting() {
    let world = World::new();
    let (stop, shutdown) = Shutdown::channel();
    let mut working = JoinSet::new();
    let worker = worker(Options { concurrency: 1, heartbeat: None });
    let long = world.ask("waits", "").await;
    working.spawn((worker.run)(world.cx.clone(), shutdown));
    let reaches = async |name: &str, state: &str| {
        for _ in 0..400 {
            let states = world.states().await;
            if states.iter().any(|(of, is, _)| (of.as_str(), is.as_str()) == (name, state)) {
                return true;
            }
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        }
        false
    };
    assert!(reaches("waits", "running").await);
    world.ask("mail", "b").await;
    assert!(reaches("mail", "error").await, "it ran to its end");
    assert!(reaches("waits", "running").await);
    assert!(world.write(move |tx| queue::cancel(tx, long)).await);
    assert!(reaches("waits", "cancelled").await);
    stop.send(true).unwrap();
    assert_eq!(working.join_next().await.unwrap().unwrap(), Ok(()));
}
