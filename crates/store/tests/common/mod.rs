//! The Redis of tests that share ephemeral entries.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "tests"
)]

use countersign_store::{RedisOptions, Store, Topology};

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
