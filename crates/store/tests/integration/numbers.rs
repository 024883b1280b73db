//! A number is given once: after a deletion, a restart, a backup and a restore, on both engines.

use countersign_model::{
    Key, KeyType, Kind, KindDef, ObjectId, Registry, Secret, Target as _, Timestamp,
};
use countersign_store::{
    Actor, BackupError, Database, Options, Sql, Store, StoreError, SystemEntropy, Tx, params,
    restore_backup, write_backup,
};
use uuid::Uuid;

#[derive(Debug, Clone, Kind)]
#[kind(path = "numbers", model = "test.number", title = "Number", space = "provider", key = Int)]
struct Number {
    #[field(unique)]
    name: String,
}

fn open(database: &Database) -> Store {
    Store::open(Options {
        secret_key: Secret::new("a key").into(),
        registry: Registry::new([KindDef::of::<Number>()]).with_tables(crate::common::tables()),
        ..countersign_testing::options(database.clone(), [])
    })
    .unwrap()
}

/// One row in every table with numbers of its own; the numbers they got.
fn add(tx: &mut Tx<'_>) -> Result<Vec<i64>, StoreError> {
    let bytes = || Uuid::new_v4().as_bytes().to_vec();
    let name = tx.entropy().uuid().to_string();
    let user = "INSERT INTO users (uuid, username, username_fold, name, email, email_fold, password, password_changed, is_active, joined, path, type, attributes) \
                VALUES ($1, $2, $2, '', '', '', '!', 0, 1, 0, 'users', 'internal', '{}') RETURNING id";
    let user: i64 = tx.query_one(user, params![bytes(), name.as_str()])?.unwrap().get(0)?;
    let consent = "INSERT INTO consent (user_id, application, permissions, expiring) VALUES ($1, $2, '', 0) RETURNING id";
    let mut numbers = vec![user, tx.query_one(consent, params![user, bytes()])?.unwrap().get(0)?];
    for (table, used) in
        [("authorization_code", true), ("access_token", false), ("refresh_token", true)]
    {
        let (column, value) = if used { ("used, ", "0, ") } else { ("", "") };
        let statement = format!(
            "INSERT INTO {table} (hash, provider_id, user_id, scope, created, expires, {column}revoked, family, data) \
             VALUES ($1, 1, $2, '', 0, 0, {value}0, $1, '') RETURNING id"
        );
        numbers.push(tx.query_one(&statement, params![bytes(), user])?.unwrap().get(0)?);
    }
    let key = tx.graph().next_key(KeyType::Int, Number::SPACE, Uuid::nil());
    tx.draft().put(key, Number { name });
    let Key::Int(key) = key else { panic!("{key:?}") };
    numbers.push(key);
    Ok(numbers)
}

/// Removes the account with all that is its own, and the object.
fn remove(tx: &mut Tx<'_>, numbers: &[i64]) -> Result<(), StoreError> {
    tx.execute("DELETE FROM users WHERE id = $1", params![numbers[0]])?;
    tx.draft().delete(ObjectId::new(Number::SPACE, Key::Int(numbers[5])))?;
    Ok(())
}

async fn added(store: &Store) -> Vec<i64> {
    store.write(Actor::system(), "added", add).await.unwrap()
}

async fn removed(store: &Store, numbers: &[i64]) {
    let numbers = numbers.to_vec();
    store.write(Actor::system(), "removed", move |tx| remove(tx, &numbers)).await.unwrap();
}

fn above(later: &[i64], earlier: &[i64]) {
    assert!(
        later.iter().zip(earlier).all(|(later, earlier)| later > earlier),
        "{later:?} after {earlier:?}"
    );
}

async fn backed_up(store: &Store) -> Vec<u8> {
    let work = |sql: &mut Sql<'_>| {
        let mut file = Vec::new();
        write_backup(
            sql,
            &Registry::default().with_tables(crate::common::tables()),
            &mut file,
            &Secret::new("open sesame"),
            &Secret::new("a key"),
            ("1", Timestamp::from_seconds(4_000_000_000), None),
            &SystemEntropy,
        )?;
        Ok::<_, BackupError>(file)
    };
    store.read(work).await.unwrap()
}

async fn restored(store: &Store, file: &[u8]) -> Result<u64, BackupError> {
    let file = file.to_vec();
    store
        .write(Actor::system(), "restored", move |tx: &mut Tx<'_>| {
            restore_backup(tx, file.as_slice(), &Secret::new("open sesame"))
        })
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_number_of_a_deleted_row_is_not_given_again() {
    let folder = tempfile::tempdir().unwrap();
    let database = countersign_testing::database(folder.path());
    let store = open(&database);
    let first = added(&store).await;
    removed(&store, &first).await;
    let second = added(&store).await;
    above(&second, &first);
    removed(&store, &second).await;
    store.close().await;
    drop(store);
    let store = open(&database);
    above(&added(&store).await, &second);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_carries_the_numbers_and_a_restore_leaves_out_those_given_since() {
    let folders: Vec<_> = (0..4).map(|_| tempfile::tempdir().unwrap()).collect();
    let (one, other) = (
        countersign_testing::database(folders[0].path()),
        Database::from(folders[1].path().to_owned()),
    );
    // From whichever engine the tests run on into the embedded one, and back.
    for (from, to) in [
        (&one, countersign_testing::database(folders[2].path())),
        (&other, countersign_testing::database(folders[3].path())),
        (&one, other.clone()),
    ] {
        let store = open(from);
        let first = added(&store).await;
        removed(&store, &first).await;
        let file = backed_up(&store).await;
        let since = added(&store).await;
        removed(&store, &since).await;
        store.close().await;
        drop(store);
        let target = open(&to);
        match restored(&target, &file).await {
            Ok(_) => {}
            // The third is a database that has something in it: nothing of it changes.
            Err(BackupError::NotEmpty) => continue,
            Err(error) => panic!("{error}"),
        }
        target.close().await;
        drop(target);
        above(&added(&open(&to)).await, &since);
    }
}
