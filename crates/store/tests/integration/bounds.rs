//! What is kept for a while is bounded by whom it is for, and counters of limits are apart from it.

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use countersign_store::{Owner, Store};

fn open(folder: &Path) -> Store {
    Store::open(countersign_testing::options(countersign_testing::database(folder), [])).unwrap()
}

fn client(n: u32) -> Owner {
    Owner::client(IpAddr::from(Ipv4Addr::from(n)))
}

/// A shared store outlives the test: a name of its own.
fn space(folder: &tempfile::TempDir) -> String {
    folder.path().file_name().unwrap().to_string_lossy().into_owned()
}

/// H5: past 100 000 younger entries of visitors, each new counter removed itself.
#[tokio::test(flavor = "multi_thread")]
async fn counters_are_not_pushed_out_by_what_visitors_leave() {
    let folder = tempfile::tempdir().unwrap();
    let space = space(&folder);
    let store = open(folder.path());
    crate::common::share(&store).await;
    let entries = store.ephemeral();
    for n in 1..=10 {
        assert_eq!(entries.add(&space, "before", 1, 300).await, n);
    }
    entries.put(&space, "limit", b"ten failures".to_vec(), 300, Owner::Limit).await.unwrap();
    let many = if crate::common::shared() { 2_000 } else { 120_000 };
    for n in 0..many {
        entries.put(&space, &format!("plan {n}"), vec![0; 40], 12 * 3600, client(n)).await.unwrap();
    }
    for n in 1..=60 {
        assert_eq!(entries.add(&space, "after", 1, 300).await, n);
    }
    assert_eq!(entries.add(&space, "before", 1, 300).await, 11);
    assert!(entries.get(&space, "limit").await.unwrap().is_some());
}

/// H4: each page view kept up to 69 KiB, and nothing but the number of entries bounded it.
#[tokio::test(flavor = "multi_thread")]
async fn what_one_client_leaves_is_bounded_in_bytes_and_pushes_out_only_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let space = space(&folder);
    let store = open(folder.path());
    crate::common::share(&store).await;
    let entries = store.ephemeral();
    entries.put(&space, "other", b"kept".to_vec(), 60, client(1)).await.unwrap();
    entries.put(&space, "person", b"kept".to_vec(), 60, Owner::Account(1)).await.unwrap();
    for n in 0..300 {
        entries.put(&space, &format!("flood {n}"), vec![0; 60_000], 3600, client(2)).await.unwrap();
    }
    let mut bytes = 0;
    for n in 0..300 {
        bytes += entries
            .get(&space, &format!("flood {n}"))
            .await
            .unwrap()
            .map_or(0, |held| held.bytes.len());
    }
    assert!((1_000_000..=4 * 1024 * 1024).contains(&bytes), "{bytes}");
    for name in ["other", "person", "flood 299"] {
        assert!(entries.get(&space, name).await.unwrap().is_some(), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn owners_and_counters_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let space = space(&folder);
    let store = open(folder.path());
    for n in 0..60 {
        store
            .ephemeral()
            .put(&space, &format!("first {n}"), vec![0; 60_000], 3600, client(7))
            .await
            .unwrap();
    }
    assert_eq!(store.ephemeral().add(&space, "tries", 7, 300).await, 7);
    store.close().await;
    drop(store);
    let again = open(folder.path());
    assert_eq!(again.ephemeral().add(&space, "tries", 1, 300).await, 8);
    for n in 0..60 {
        again
            .ephemeral()
            .put(&space, &format!("second {n}"), vec![0; 60_000], 7200, client(7))
            .await
            .unwrap();
    }
    assert!(
        again.ephemeral().get(&space, "first 0").await.unwrap().is_none(),
        "what it left before counts"
    );
    again.ephemeral().remove(&space, "tries").await;
    assert_eq!(
        again.ephemeral().add(&space, "tries", 1, 300).await,
        1,
        "a counter can be begun anew"
    );
}

/// Redis may drop what it has no room for. What a process has counted it goes on counting from.
#[tokio::test(flavor = "multi_thread")]
async fn a_counter_that_redis_lost_goes_on() {
    if !crate::common::shared() {
        eprintln!("not run: set COUNTERSIGN_TEST_REDIS");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let space = space(&folder);
    let store = open(folder.path());
    crate::common::share(&store).await;
    let entries = store.ephemeral();
    for n in 1..=19 {
        assert_eq!(entries.add(&space, "tries", 1, 300).await, n);
    }
    crate::common::lose(&format!("countersign/{space}/tries")).await;
    assert_eq!(entries.add(&space, "tries", 1, 300).await, 20);
    assert_eq!(entries.add(&space, "tries", 1, 300).await, 21);
    // One that was begun anew on purpose is not taken for a lost one, by another process neither.
    let other = open(folder.path());
    crate::common::share(&other).await;
    assert_eq!(other.ephemeral().add(&space, "tries", 1, 300).await, 22);
    entries.remove(&space, "tries").await;
    assert_eq!(other.ephemeral().add(&space, "tries", 1, 300).await, 1);
    assert_eq!(entries.add(&space, "tries", 1, 300).await, 2);
}
