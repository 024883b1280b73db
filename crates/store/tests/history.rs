//! Random edits, restarts and roll-backs against a simple model: a list of maps, one per revision.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod common;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use countersign_model::{Entropy, Key, Kind, KindDef, ObjectId, Ref, Registry, Secret};
use countersign_store::{
    Actor, Auditor, CommittedEdit, Options, Sql, Store, StoreError, SystemClock, SystemEntropy, Tx,
};
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

struct NoAudit;
impl Auditor for NoAudit {
    fn record(
        &self,
        _sql: &mut Sql<'_>,
        _entropy: &dyn Entropy,
        _edit: &CommittedEdit<'_>,
    ) -> Result<(), StoreError> {
        Ok(())
    }
}

fn open(folder: &Path) -> Store {
    Store::open(Options {
        database: common::database(folder),
        secret_key: Secret::new("a key").into(),
        registry: Registry::new([KindDef::of::<Note>()]),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
        auditor: Arc::new(NoAudit),
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

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn edits_restarts_and_roll_backs_agree_with_a_simple_model(steps in proptest::collection::vec(step(), 1..16)) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(async move {
            let folder = tempfile::tempdir().unwrap();
            let mut store = open(folder.path());
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
            }
        });
    }
}
