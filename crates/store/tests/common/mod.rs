//! Where the tests keep their data: a file each, or a schema each of the PostgreSQL server that
//! `COUNTERSIGN_TEST_POSTGRES` names (`host:port:database:user:password`).
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::path::Path;

use countersign_model::Secret;
use countersign_store::{Database, PostgresOptions, PostgresTls, RedisOptions, Store, Topology};

/// The database of one test; the same folder names the same database again.
pub(crate) fn database(folder: &Path) -> Database {
    let Some(reach) = server() else { return folder.to_owned().into() };
    let schema = format!(
        "test_{}",
        folder.file_name().unwrap().to_string_lossy().trim_start_matches('.').to_lowercase()
    );
    let mut config = postgres::Config::new();
    config
        .host(&reach[0])
        .port(reach[1].parse().unwrap())
        .dbname(&reach[2])
        .user(&reach[3])
        .password(&reach[4]);
    // On a thread of its own: the client brings its runtime, and tests run inside one.
    let statement = format!("CREATE SCHEMA IF NOT EXISTS {schema}");
    std::thread::spawn(move || {
        config.connect(postgres::NoTls).unwrap().batch_execute(&statement).unwrap();
    })
    .join()
    .unwrap();
    let primary = PostgresOptions {
        host: reach[0].clone(),
        port: reach[1].parse().unwrap(),
        name: reach[2].clone(),
        user: reach[3].clone(),
        password: Secret::new(reach[4].clone()),
        tls: PostgresTls::default(),
        schema,
        pooled: false,
        connections: 10,
    };
    Database::Postgres { primary, replicas: Vec::new() }
}

/// Whether the tests run on the embedded engine.
pub(crate) fn embedded() -> bool {
    server().is_none()
}

#[expect(
    clippy::disallowed_methods,
    reason = "tests are told by the environment where the server is"
)]
fn server() -> Option<Vec<String>> {
    let text = std::env::var("COUNTERSIGN_TEST_POSTGRES").ok().filter(|t| !t.is_empty())?;
    Some(text.split(':').map(str::to_owned).collect())
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
