//! The Redis of tests that share ephemeral entries.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::sync::LazyLock;

use countersign_model::{BelongsTo, ColumnKind, ColumnMeta, Export, TableMeta};
use countersign_store::{RedisOptions, Store, Topology};

/// The tables as the migrations make them: the store knows none of the modules that declare them.
pub(crate) fn tables() -> Vec<&'static TableMeta> {
    static TABLES: LazyLock<Vec<&'static TableMeta>> = LazyLock::new(|| {
        let folder = tempfile::tempdir().unwrap();
        drop(
            Store::open(countersign_testing::options(folder.path().to_owned().into(), [])).unwrap(),
        );
        let found = rusqlite::Connection::open(folder.path().join("countersign.db")).unwrap();
        let names = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT IN \
            ('object', 'change', 'graph', 'fact', 'ephemeral', 'flow_step', 'task', 'schedule', 'sqlite_sequence') \
            AND name NOT LIKE 'people!_%' ESCAPE '!' ORDER BY rowid";
        let mut names = found.prepare(names).unwrap();
        let names = names.query_map([], |row| row.get::<_, String>(0)).unwrap();
        names.map(|name| table(&found, name.unwrap())).collect()
    });
    TABLES.clone()
}

fn table(found: &rusqlite::Connection, name: String) -> &'static TableMeta {
    let name: &'static str = name.leak();
    let columns = "SELECT c.name, c.type, c.pk, f.\"table\" FROM pragma_table_info(?1) c \
                   LEFT JOIN pragma_foreign_key_list(?1) f ON f.\"from\" = c.name";
    let mut columns = found.prepare(columns).unwrap();
    let columns = columns.query_map([name], |row| {
        let column: &'static str = row.get::<_, String>(0)?.leak();
        let parent = row.get::<_, Option<String>>(3)?.map(|parent| &*parent.leak());
        Ok(ColumnMeta {
            name: column,
            sql: column,
            kind: match row.get::<_, String>(1)?.as_str() {
                "BLOB" => ColumnKind::Bytes,
                "TEXT" => ColumnKind::Text,
                _ => ColumnKind::Int,
            },
            nullable: true,
            // As the embedded engine has it: others are keys that name something.
            number: row.get::<_, String>(1)? == "INTEGER",
            key: row.get::<_, i64>(2)? > 0,
            owner: false,
            belongs_to: parent.map(|table| BelongsTo { table, column: "", on_delete: None }),
            listed: &[],
            filter: false,
            search: false,
            hidden: false,
            expires: false,
            expiring: false,
            through: None,
        })
    });
    let columns: Vec<ColumnMeta> = columns.unwrap().map(Result::unwrap).collect();
    Box::leak(Box::new(TableMeta {
        name,
        kind: None,
        columns: columns.leak(),
        pk: "pk",
        class: "",
        operations: &[],
        everybody: false,
        own: None,
        own_operations: &[],
        display: "",
        only_if: None,
        ends_if: None,
        link: false,
        export: Export::Never,
        local: &[],
        backup: true,
        a_second: if name.ends_with("_token") || name.ends_with("_code") { 1000 } else { 1 },
    }))
}

/// Shares the ephemeral entries through the Redis that `COUNTERSIGN_TEST_REDIS` (`host:port`)
/// names, if it does.
#[expect(
    clippy::disallowed_methods,
    reason = "tests are told by the environment where the server is"
)]
pub(crate) async fn share(store: &Store) {
    let Some(text) = std::env::var("COUNTERSIGN_TEST_REDIS").ok().filter(|t| !t.is_empty()) else {
        return;
    };
    let (host, port) = text.split_once(':').unwrap();
    let options = RedisOptions {
        topology: Topology::Single(host.to_owned(), port.parse().unwrap()),
        db: 0,
        username: None,
        password: None,
        tls: None,
    };
    store.ephemeral().share(&options).await.unwrap();
}

/// Whether the tests run with a Redis.
#[expect(
    clippy::disallowed_methods,
    reason = "tests are told by the environment where the server is"
)]
pub(crate) fn shared() -> bool {
    std::env::var("COUNTERSIGN_TEST_REDIS").is_ok_and(|text| !text.is_empty())
}

/// Removes a key behind the store's back, as Redis does that has no room for it.
#[expect(
    clippy::disallowed_methods,
    reason = "tests are told by the environment where the server is"
)]
pub(crate) async fn lose(key: &str) {
    let address = std::env::var("COUNTERSIGN_TEST_REDIS").unwrap();
    let mut connection = redis::Client::open(format!("redis://{address}"))
        .unwrap()
        .get_multiplexed_async_connection()
        .await
        .unwrap();
    let gone: i64 = redis::cmd("DEL").arg(key).query_async(&mut connection).await.unwrap();
    assert_eq!(gone, 1, "{key}");
}
