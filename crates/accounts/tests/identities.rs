//! Accounts are read with their groups, many as one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

use std::path::Path;
use std::sync::Arc;

use countersign_accounts::{identities, identity};
use countersign_model::{Entropy, Registry, Secret};
use countersign_store::{
    Actor, Auditor, CommittedEdit, Options, Sql, Store, StoreError, SystemClock, SystemEntropy, Tx,
    params,
};
use uuid::Uuid;

struct Quiet;

impl Auditor for Quiet {
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
        database: folder.to_owned().into(),
        secret_key: Secret::new("a key for tests that is long enough to be one, really").into(),
        registry: Registry::new([]),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
        auditor: Arc::new(Quiet),
        consequences: Vec::new(),
    })
    .unwrap()
}

/// Twenty people, each second one in a group that is in another.
fn people(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let (above, below) = (Uuid::from_u128(1), Uuid::from_u128(2));
    for (uuid, name, parent) in [(above, "above", None), (below, "below", Some(above))] {
        tx.execute(
            "INSERT INTO user_group (uuid, name, is_superuser, parent, attributes) VALUES ($1, $2, 0, $3, '{}')",
            params![uuid, name, parent],
        )?;
    }
    for id in 1..=20_i64 {
        let name = format!("person{id}");
        tx.execute(
            "INSERT INTO users (id, uuid, username, username_fold, name, email, email_fold, password, password_changed, is_active, joined, path, type, attributes) \
             VALUES ($1, $2, $3, $3, $3, '', '', '!', 0, 1, 0, 'users', 'internal', '{}')",
            params![id, Uuid::from_u64_pair(7, id.unsigned_abs()), name],
        )?;
        if id % 2 == 0 {
            tx.execute(
                "INSERT INTO membership (user_id, group_uuid) VALUES ($1, $2)",
                params![id, below],
            )?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_page_of_accounts_takes_as_many_statements_as_one_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    store.write(Actor::system(), "people", people).await.unwrap();
    let counter = store.clone();
    let read = move |sql: &mut Sql<'_>| {
        let before = counter.statements();
        let one = identity(sql, 4)?.unwrap();
        let of_one = counter.statements() - before;
        let all = identities(sql, &[9, 4, 99, 20, 1])?;
        let of_all = counter.statements() - before - of_one;
        Ok::<_, StoreError>((one, of_one, all, of_all))
    };
    let (one, of_one, all, of_all) = store.read(read).await.unwrap();
    assert_eq!(of_all, of_one);
    assert_eq!(all.iter().map(|user| user.pk).collect::<Vec<_>>(), [9, 4, 20, 1], "in this order");
    assert_eq!(format!("{:?}", all[1]), format!("{one:?}"));
    let groups = |user: &countersign_core::Identity| {
        user.groups.iter().map(|g| (g.name.clone(), g.direct)).collect::<Vec<_>>()
    };
    let expected = [("above".to_owned(), false), ("below".to_owned(), true)];
    assert_eq!((groups(&all[2]), groups(&all[3])), (expected.to_vec(), vec![]));
}
