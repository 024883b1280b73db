//! The store on a real database file: one transaction for both kinds of state, durability,
//! concurrency.

use countersign_model::{Key, KeyType, Kind, KindDef, ObjectId, Secret, Target as _};
use countersign_store::{Actor, Options, Owner, Store, StoreError, Tx, params};
use uuid::Uuid;

#[derive(Debug, Clone, Kind)]
#[kind(path = "notes", model = "test.note", title = "Note")]
struct Note {
    #[field(unique)]
    name: String,
    #[field(default)]
    secret: Option<Secret>,
}

#[derive(Debug, Clone, Kind)]
#[kind(path = "numbers", model = "test.number", title = "Number", space = "number", key = Int)]
struct Number {
    #[field(default)]
    name: String,
}

fn open_with(folder: &std::path::Path, key: &str) -> Result<Store, StoreError> {
    Store::open(Options {
        secret_key: Secret::new(key).into(),
        ..countersign_testing::options(
            countersign_testing::database(folder),
            [KindDef::of::<Note>(), KindDef::of::<Number>()],
        )
    })
}

fn open(folder: &std::path::Path) -> Store {
    open_with(folder, "a key").unwrap()
}

fn note(name: &str) -> Note {
    Note { name: name.to_owned(), secret: Some(Secret::new("hush")) }
}

fn add_fact(tx: &mut Tx<'_>, name: &str) -> Result<usize, StoreError> {
    tx.execute("INSERT INTO fact (name, value) VALUES ($1, 'x')", params![name])
}

#[tokio::test]
async fn configuration_and_rows_commit_together_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let both = |tx: &mut Tx<'_>| {
        let key = tx.entropy().uuid();
        tx.draft().put(key, note("one"));
        add_fact(tx, "a")
    };
    store.write(Actor::system(), "first", both).await.unwrap();
    // The same again: the name is taken, so the row must not appear either.
    let refused = store.write(Actor::system(), "second", |tx| {
        let key = tx.entropy().uuid();
        tx.draft().put(key, note("one"));
        add_fact(tx, "b")
    });
    assert!(matches!(refused.await, Err(StoreError::Edit(_))));
    let facts = store
        .read(|sql| sql.query("SELECT name FROM fact WHERE value = 'x'", params![]))
        .await
        .unwrap();
    assert_eq!(facts.len(), 1);
    assert_eq!(store.snapshot().revision(), 1);
    assert_eq!(
        store.snapshot().find::<Note>("name", "one").unwrap().1.secret.as_ref().unwrap().expose(),
        "hush"
    );
}

#[tokio::test]
async fn a_plan_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let (_, changes) = store
        .plan(Actor::system(), |tx| {
            tx.draft().put(Uuid::from_u128(1), note("one"));
            add_fact(tx, "a")
        })
        .await
        .unwrap();
    assert_eq!(changes.len(), 1);
    assert_eq!(store.snapshot().len(), 0);
    assert!(
        store
            .read(|sql| sql.query_one("SELECT 1 FROM fact WHERE name = 'a'", params![]))
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_writers_each_get_their_own_revision_and_survive_a_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let writers = (0..200u128).map(|n| {
        let store = store.clone();
        tokio::spawn(async move {
            store
                .write(Actor::system(), "note", move |tx| {
                    tx.draft().put(Uuid::from_u128(n + 1), note(&format!("note {n}")));
                    Ok::<_, StoreError>(())
                })
                .await
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap().unwrap();
    }
    assert_eq!((store.snapshot().revision(), store.snapshot().len()), (200, 200));
    store.close().await;
    drop(store);
    let again = open(folder.path());
    assert_eq!((again.snapshot().revision(), again.snapshot().len()), (200, 200));
    let rows = again.read(|sql| sql.query("SELECT data FROM object", params![])).await.unwrap();
    assert!(
        !rows.iter().any(|row| row.get::<String>(0).unwrap().contains("hush")),
        "secrets do not rest in clear"
    );
    if countersign_testing::is_embedded() {
        let raw = std::fs::read(folder.path().join("countersign.db")).unwrap();
        assert!(!raw.windows(4).any(|w| w == b"hush"), "nor in the file");
    }
}

#[tokio::test]
async fn another_secret_key_refuses_the_start() {
    let folder = tempfile::tempdir().unwrap();
    open(folder.path()).close().await;
    assert!(matches!(open_with(folder.path(), "another key"), Err(StoreError::WrongSecretKey)));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_takers_one_takes_and_a_restart_keeps_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    // A name of its own: a shared store outlives the test.
    let space = folder.path().file_name().unwrap().to_string_lossy().into_owned();
    let store = open(folder.path());
    crate::common::share(&store).await;
    let entries = store.ephemeral();
    entries.put(&space, "a", b"one".to_vec(), 60, Owner::Program).await.unwrap();
    entries.put(&space, "b", b"two".to_vec(), 60, Owner::Program).await.unwrap();
    let takers = (0..100).map(|_| {
        let (store, space) = (store.clone(), space.clone());
        tokio::spawn(async move { store.ephemeral().take(&space, "a").await.is_some() })
    });
    let mut taken = 0;
    for taker in takers.collect::<Vec<_>>() {
        taken += usize::from(taker.await.unwrap());
    }
    assert_eq!(taken, 1);
    let seen = entries.get(&space, "b").await.unwrap().unwrap().version;
    assert!(
        entries
            .compare_and_swap(&space, "b", Some(seen), b"three".to_vec(), 60, Owner::Program)
            .await
            .unwrap()
    );
    assert!(
        !entries
            .compare_and_swap(&space, "b", Some(seen), b"four".to_vec(), 60, Owner::Program)
            .await
            .unwrap(),
        "a stale version loses"
    );
    assert!(
        !entries
            .compare_and_swap(&space, "b", None, b"five".to_vec(), 60, Owner::Program)
            .await
            .unwrap(),
        "there is one already"
    );
    assert!(
        entries
            .compare_and_swap(&space, "new", None, b"six".to_vec(), 60, Owner::Program)
            .await
            .unwrap()
    );
    assert_eq!(
        (entries.add(&space, "c", 2, 60).await, entries.add(&space, "c", 3, 60).await),
        (2, 5)
    );
    entries.remove(&space, "new").await;
    assert!(entries.get(&space, "new").await.unwrap().is_none());
    store.close().await;
    drop(store);
    let again = open(folder.path());
    crate::common::share(&again).await;
    assert_eq!(again.ephemeral().get(&space, "b").await.unwrap().unwrap().bytes, b"three");
    assert!(again.ephemeral().get(&space, "a").await.unwrap().is_none());
}

/// Two stores on one database are two processes: each sees what the other committed, and edits are
/// serial.
#[tokio::test(flavor = "multi_thread")]
async fn two_processes_share_one_configuration() {
    if countersign_testing::is_embedded() {
        eprintln!("not run: the embedded engine serves one process; set COUNTERSIGN_TEST_POSTGRES");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (open(folder.path()), open(folder.path()));
    let writers = (0..40u128).map(|n| {
        let store = if n % 2 == 0 { one.clone() } else { two.clone() };
        tokio::spawn(async move {
            let put = move |tx: &mut Tx<'_>| {
                tx.draft().put(Uuid::from_u128(n + 1), note(&format!("note {n}")));
                Ok::<_, StoreError>(())
            };
            store.write(Actor::system(), "note", put).await
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap().unwrap();
    }
    for store in [&one, &two] {
        store.refresh().await.unwrap();
        assert_eq!((store.snapshot().revision(), store.snapshot().len()), (40, 40));
    }
    let taken = one.write(Actor::system(), "taken", |tx: &mut Tx<'_>| {
        tx.draft().put(Uuid::from_u128(99), note("note 1"));
        Ok::<_, StoreError>(())
    });
    assert!(matches!(taken.await, Err(StoreError::Edit(_))), "a name the other process took");
}

/// One row, many takers: the engine gives it to one of them.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_hundred_takers_of_a_row_one_gets_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    store.write(Actor::system(), "fact", |tx: &mut Tx<'_>| add_fact(tx, "once")).await.unwrap();
    let takers = (0..200).map(|_| {
        let store = store.clone();
        tokio::spawn(async move {
            let take = |tx: &mut Tx<'_>| {
                tx.query_one("DELETE FROM fact WHERE name = 'once' RETURNING name", params![])
                    .map(|row| row.is_some())
            };
            store.write(Actor::system(), "take", take).await
        })
    });
    let mut taken = 0;
    for taker in takers.collect::<Vec<_>>() {
        taken += usize::from(taker.await.unwrap().unwrap());
    }
    assert_eq!(taken, 1);
}

#[tokio::test]
async fn a_number_is_never_given_twice() {
    async fn add(store: &Store) -> i64 {
        let put = |tx: &mut Tx<'_>| {
            let key = tx.graph().next_key(KeyType::Int, Number::SPACE, Uuid::nil());
            Ok::<_, StoreError>(
                tx.draft()
                    .put(key.int().unwrap(), Number { name: String::new() })
                    .key()
                    .int()
                    .unwrap(),
            )
        };
        store.write(Actor::system(), "number", put).await.unwrap()
    }
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    // Another process knows nothing of what is made and deleted between two of its looks.
    let other = (!countersign_testing::is_embedded()).then(|| open(folder.path()));
    assert_eq!((add(&store).await, add(&store).await), (1, 2));
    let delete = |tx: &mut Tx<'_>| {
        tx.draft().delete(ObjectId::new(Number::SPACE, Key::Int(2))).map_err(StoreError::from)
    };
    store.write(Actor::system(), "deleted", delete).await.unwrap();
    assert_eq!(add(&store).await, 3);
    let delete = |tx: &mut Tx<'_>| {
        tx.draft().delete(ObjectId::new(Number::SPACE, Key::Int(3))).map_err(StoreError::from)
    };
    store.write(Actor::system(), "deleted", delete).await.unwrap();
    if let Some(other) = other {
        other.refresh().await.unwrap();
        assert_eq!(other.snapshot().highest_key(Number::SPACE), 3, "nor by another process");
    }
    store.close().await;
    drop(store);
    assert_eq!(add(&open(folder.path())).await, 4, "nor after a restart");
}
