//! Random edits, restarts and roll-backs against a simple model: a list of maps, one per revision.

use std::collections::BTreeMap;
use std::path::Path;

use countersign_model::{Fields as _, Key, Kind, KindDef, ObjectId, Ref, Secret, Snapshot};
use countersign_store::{Actor, Options, Refreshed, Store, StoreError, Tx, params};
use proptest::prelude::*;
use uuid::Uuid;

#[derive(Debug, Clone, Kind)]
#[kind(path = "notes", model = "test.note", title = "Note")]
struct Note {
    #[field(unique)]
    name: String,
    #[field(default)]
    secret: Option<Secret>,
    next: Option<Ref<Note>>,
}

fn open(folder: &Path) -> Store {
    Store::open(Options {
        secret_key: Secret::new("a key").into(),
        ..countersign_testing::options(
            countersign_testing::database(folder),
            [KindDef::of::<Note>()],
        )
    })
    .unwrap()
}

/// Name and reference of each note, by its key.
type Model = BTreeMap<u128, (String, Option<u128>)>;

#[derive(Debug, Clone)]
enum Step {
    Put {
        at: u128,
        name: u8,
        next: Option<u128>,
    },
    Delete {
        at: u128,
    },
    /// Undo one of the edits so far, counted from the newest.
    RollBack {
        back: usize,
    },
    /// Put everything back to what it was so many edits ago.
    Restore {
        back: usize,
    },
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (1..6u128, 0..6u8, proptest::option::of(1..6u128)).prop_map(|(at, name, next)| Step::Put { at, name, next }),
        2 => (1..6u128).prop_map(|at| Step::Delete { at }),
        3 => (0..4usize).prop_map(|back| Step::RollBack { back }),
        2 => (0..6usize).prop_map(|back| Step::Restore { back }),
        1 => Just(Step::Restart),
    ]
}

fn id(at: u128) -> ObjectId {
    Ref::<Note>::new(Key::Uuid(Uuid::from_u128(at))).id()
}

fn legal(model: &Model) -> bool {
    let names: std::collections::BTreeSet<&String> = model.values().map(|(name, _)| name).collect();
    names.len() == model.len()
        && model.values().all(|(_, next)| next.is_none_or(|next| model.contains_key(&next)))
}

fn remove(model: &mut Model, at: u128) {
    if model.remove(&at).is_some() {
        model.values_mut().filter(|(_, next)| *next == Some(at)).for_each(|(_, next)| *next = None);
    }
}

/// What undoing the step from `before` to `after` makes of `now`.
fn undone(now: &Model, before: &Model, after: &Model) -> Model {
    let mut result = now.clone();
    for at in before.keys().chain(after.keys()) {
        match (before.get(at), after.get(at)) {
            (old, new) if old == new => {}
            (None, _) => remove(&mut result, *at),
            (Some(old), _) => {
                result.insert(*at, old.clone());
            }
        }
    }
    result
}

fn stands(store: &Store) -> Model {
    let key = |reference: Ref<Note>| reference.key().uuid().unwrap().as_u128();
    store
        .snapshot()
        .list::<Note>()
        .map(|(at, note)| (key(at), (note.name.clone(), note.next.map(key))))
        .collect()
}

/// Objects and every index over them.
fn assert_same(one: &Snapshot, other: &Snapshot) {
    let objects = |snapshot: &Snapshot| -> Vec<_> {
        snapshot.all().map(|e| (e.id, e.revision, e.object.values())).collect()
    };
    assert_eq!(objects(one), objects(other));
    assert_eq!(one.revision(), other.revision());
    let order =
        |snapshot: &Snapshot| -> Vec<_> { snapshot.in_order(Note::META).map(|e| e.id).collect() };
    assert_eq!(order(one), order(other));
    for at in 0..7 {
        let referrers = |snapshot: &Snapshot| -> Vec<_> { snapshot.referrers(id(at)).collect() };
        assert_eq!(referrers(one), referrers(other));
        let name = format!("note {at}");
        let found = |snapshot: &Snapshot| snapshot.find::<Note>("name", &name).map(|(at, _)| at);
        assert_eq!(found(one), found(other));
    }
}

/// A process that missed one edit among many objects reads one object, and one whose edits are not
/// all there reads everything.
#[tokio::test(flavor = "multi_thread")]
async fn one_foreign_edit_among_ten_thousand_objects_reads_one() {
    if countersign_testing::is_embedded() {
        eprintln!("not run: the embedded engine serves one process; set COUNTERSIGN_TEST_POSTGRES");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (open(folder.path()), open(folder.path()));
    let put = |store: Store, from: u128, to: u128| async move {
        let many = move |tx: &mut Tx<'_>| {
            for at in from..to {
                let secret = Some(Secret::new("sealed"));
                let note = Note { name: format!("note {at}"), secret, next: None };
                tx.draft().put(Uuid::from_u128(at), note);
            }
            Ok::<_, StoreError>(())
        };
        store.write(Actor::system(), "many", many).await.unwrap();
    };
    put(one.clone(), 1, 10_001).await;
    assert_eq!(two.refresh().await.unwrap(), Refreshed::Differences(10_000));
    put(one.clone(), 10_001, 10_002).await;
    assert_eq!(two.refresh().await.unwrap(), Refreshed::Differences(1));
    assert_eq!(two.refresh().await.unwrap(), Refreshed::Unchanged);
    assert_same(&one.snapshot(), &two.snapshot());

    put(one.clone(), 10_002, 10_003).await;
    put(one.clone(), 10_003, 10_004).await;
    let lose = |tx: &mut Tx<'_>| {
        let revision = tx.graph().revision() - 1;
        tx.execute("DELETE FROM change WHERE revision = $1", params![revision])
    };
    one.write(Actor::system(), "lose", lose).await.unwrap();
    assert_eq!(two.refresh().await.unwrap(), Refreshed::Whole);
    assert_same(&one.snapshot(), &two.snapshot());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn edits_restarts_and_roll_backs_agree_with_a_simple_model(steps in proptest::collection::vec(step(), 1..16)) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(async move {
            let folder = tempfile::tempdir().unwrap();
            let mut store = open(folder.path());
            // Another process, which learns of edits by their differences.
            let follower = (!countersign_testing::is_embedded()).then(|| open(folder.path()));
            // One map per revision, the empty one first.
            let mut history: Vec<Model> = vec![Model::new()];
            for step in steps {
                let now = history.last().unwrap().clone();
                let mut wanted = now.clone();
                match step.clone() {
                    Step::Put { at, name, next } => {
                        wanted.insert(at, (format!("note {name}"), next));
                    }
                    Step::Delete { at } => remove(&mut wanted, at),
                    Step::RollBack { back } if back + 1 < history.len() => {
                        let (before, after) = (&history[history.len() - back - 2], &history[history.len() - back - 1]);
                        wanted = undone(&now, before, after);
                    }
                    Step::Restore { back } if back < history.len() => wanted = history[history.len() - back - 1].clone(),
                    Step::RollBack { .. } | Step::Restore { .. } => continue,
                    Step::Restart => {
                        store.close().await;
                        store = open(folder.path());
                        assert_eq!(stands(&store), now, "what was answered is there after a restart");
                        continue;
                    }
                }
                let (revision, told) = (store.snapshot().revision(), format!("{step:?}"));
                let done = store
                    .write(Actor::system(), "step", move |tx: &mut Tx<'_>| {
                        match step {
                            Step::Put { at, name, next } => {
                                let next = next.map(|n| Ref::new(Key::Uuid(Uuid::from_u128(n))));
                                tx.draft().put(Uuid::from_u128(at), Note { name: format!("note {name}"), secret: None, next });
                            }
                            Step::Delete { at } => tx.draft().delete(id(at))?,
                            Step::RollBack { back } => assert!(tx.roll_back(revision - i64::try_from(back).unwrap())?),
                            Step::Restore { back } => assert!(tx.restore(revision - i64::try_from(back).unwrap())?),
                            Step::Restart => {}
                        }
                        Ok::<_, StoreError>(())
                    })
                    .await;
                assert_eq!(done.is_ok(), legal(&wanted), "{told} on {now:?}: {done:?}");
                if done.is_ok() && wanted != now {
                    history.push(wanted.clone());
                }
                assert_eq!(&stands(&store), history.last().unwrap());
                assert_eq!(store.snapshot().revision(), i64::try_from(history.len()).unwrap() - 1, "a revision per edit, none for nothing");
                // After some edits, not after each, so that one refresh takes over several.
                if let Some(follower) = &follower
                    && history.len().is_multiple_of(3)
                {
                    assert_ne!(follower.refresh().await.unwrap(), Refreshed::Whole);
                    assert_same(&follower.snapshot(), &store.snapshot());
                }
            }
            if let Some(follower) = &follower {
                assert_ne!(follower.refresh().await.unwrap(), Refreshed::Whole);
                assert_same(&follower.snapshot(), &open(folder.path()).snapshot());
            }
        });
    }
}
