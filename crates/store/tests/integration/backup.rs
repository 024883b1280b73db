//! Backups on a real database: what is backed up is what is restored, on the same engine and on the
//! other.

use countersign_model::{Kind, KindDef, Registry, Secret, Timestamp};
use countersign_store::{
    Actor, BackupError, Database, Options, Sql, Store, StoreError, SystemEntropy, Tx, params,
    read_header, restore_backup, write_backup,
};
use uuid::Uuid;

#[derive(Debug, Clone, Kind)]
#[kind(path = "notes", model = "test.note", title = "Note")]
struct Note {
    #[field(unique)]
    name: String,
    #[field(default)]
    secret: Option<Secret>,
}

fn open(database: Database, key: &str) -> Store {
    Store::open(Options {
        secret_key: Secret::new(key).into(),
        registry: Registry::new([KindDef::of::<Note>()]).with_tables(crate::common::tables()),
        ..countersign_testing::options(database, [])
    })
    .unwrap()
}

async fn fill(store: &Store) {
    let write = |tx: &mut Tx<'_>| {
        for n in 0..50u128 {
            tx.draft().put(
                Uuid::from_u128(n + 1),
                Note { name: format!("note {n}"), secret: Some(Secret::new("hush")) },
            );
        }
        let now = tx.now();
        for n in 0..7000_i64 {
            tx.execute(
                "INSERT INTO users (uuid, username, username_fold, name, email, email_fold, password, password_changed, is_active, last_login, joined, path, type, attributes) \
                 VALUES ($1, $2, $2, $3, '', '', '!', $4, 1, NULL, $4, 'users', 'internal', '{}')",
                params![Uuid::from_u128(u128::from(n.unsigned_abs())), format!("user {n}"), "Ü \u{1f}\n\"x\"", now],
            )?;
        }
        Ok::<_, StoreError>(())
    };
    store.write(Actor::system(), "filled", write).await.unwrap();
}

/// What the file engine let in of null characters, and the other does not take.
async fn fill_with_null_characters(store: &Store) {
    let write = |tx: &mut Tx<'_>| {
        tx.execute(
            r#"UPDATE users SET attributes = '{"upn":"a\u0000b","\\u0000":1}', path = $1 WHERE username = 'user 7'"#,
            params!["a\0b"],
        )
    };
    store.write(Actor::system(), "null characters", write).await.unwrap();
}

async fn back_up(store: &Store) -> Vec<u8> {
    let work = |sql: &mut Sql<'_>| {
        let mut file = Vec::new();
        write_backup(
            sql,
            &Registry::default().with_tables(crate::common::tables()),
            &mut file,
            &Secret::new("open sesame"),
            &Secret::new("a key"),
            ("1.2.3", Timestamp(5), None),
            &SystemEntropy,
        )?;
        Ok::<_, BackupError>(file)
    };
    store.read(work).await.unwrap()
}

async fn restore(store: &Store, file: &[u8], passphrase: &'static str) -> Result<u64, BackupError> {
    let file = file.to_vec();
    store
        .unhurried()
        .write(Actor::system(), "restored", move |tx: &mut Tx<'_>| {
            restore_backup(tx, file.as_slice(), &Secret::new(passphrase))
        })
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_restores_into_an_empty_database_of_either_engine() {
    let (folder, embedded, again) =
        (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = open(embedded.path().to_owned().into(), "a key");
    fill(&store).await;
    fill_with_null_characters(&store).await;
    let file = back_up(&store).await;
    assert!(!file.windows(4).any(|w| w == b"note"), "nothing of it is readable");
    let header = read_header(file.as_slice(), &Secret::new("open sesame")).unwrap();
    assert_eq!(
        (header.version.as_str(), header.secret_key.as_str(), header.at),
        ("1.2.3", "a key", 5)
    );

    // From the file engine into whichever the tests run on, and back.
    for database in [countersign_testing::database(folder.path()), again.path().to_owned().into()] {
        let target = open(database.clone(), "a key");
        assert!(restore(&target, &file, "open sesame").await.unwrap() > 7000);
        assert!(matches!(restore(&target, &file, "open sesame").await, Err(BackupError::NotEmpty)));
        target.close().await;
        drop(target);
        let target = open(database, "a key");
        assert_eq!((target.snapshot().len(), target.snapshot().revision()), (50, 1));
        assert_eq!(
            target
                .snapshot()
                .find::<Note>("name", "note 7")
                .unwrap()
                .1
                .secret
                .as_ref()
                .unwrap()
                .expose(),
            "hush"
        );
        let rows = target
            .read(|sql| sql.query("SELECT COUNT(*), MAX(name) FROM users", params![]))
            .await
            .unwrap();
        assert_eq!(
            (rows[0].get::<i64>(0).unwrap(), rows[0].get::<String>(1).unwrap().as_str()),
            (7000, "Ü \u{1f}\n\"x\"")
        );
        let cleaned = "SELECT attributes, path, upn_fold FROM users WHERE username = 'user 7'";
        let cleaned = target.read(|sql| sql.query(cleaned, params![])).await.unwrap();
        let clean = ["{\"upn\":\"a\u{fffd}b\",\"\\\\u0000\":1}", "a\u{fffd}b", "a\u{fffd}b"];
        for (column, text) in clean.iter().enumerate() {
            assert_eq!(cleaned[0].get::<String>(column).unwrap(), *text);
        }
        let add = |tx: &mut Tx<'_>| {
            let row = tx.query_one(
                "INSERT INTO users (uuid, username, username_fold, name, email, email_fold, password, password_changed, is_active, joined, path, type, attributes) \
                 VALUES ($1, 'new', 'new', '', '', '', '!', 0, 1, 0, 'users', 'internal', '{}') RETURNING id",
                params![Uuid::from_u128(1 << 100)],
            )?;
            row.unwrap().get::<i64>(0)
        };
        assert!(
            target.write(Actor::system(), "new", add).await.unwrap() > 7000,
            "new rows come after the restored ones"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_cut_or_foreign_file_restores_nothing() {
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = open(from.path().to_owned().into(), "a key");
    fill(&store).await;
    let file = back_up(&store).await;
    let target = open(to.path().to_owned().into(), "a key");
    assert!(matches!(restore(&target, &file, "open barley").await, Err(BackupError::Sealed)));
    assert!(matches!(
        restore(&target, b"hello\n", "open sesame").await,
        Err(BackupError::NotABackup)
    ));
    assert!(matches!(
        restore(&target, &file[..file.len() - 1], "open sesame").await,
        Err(BackupError::Sealed)
    ));
    for more in [b"\0".as_slice(), b"more", &file] {
        assert!(
            matches!(
                restore(&target, &[&file, more].concat(), "open sesame").await,
                Err(BackupError::Sealed)
            ),
            "{} bytes added",
            more.len()
        );
    }
    let mut changed = file.clone();
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    assert!(matches!(restore(&target, &changed, "open sesame").await, Err(BackupError::Sealed)));
    let users = target.read(|sql| sql.query("SELECT 1 FROM users", params![])).await.unwrap();
    assert!(users.is_empty());
    assert!(restore(&target, &file, "open sesame").await.is_ok());
}
