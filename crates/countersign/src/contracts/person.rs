//! What is stored about a person is handed out from every table that holds such.

use countersign_core::ApiError;
use countersign_store::{Actor, Tx, params};
use uuid::Uuid;

use super::tables::World;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_stored_about_a_person_is_handed_out_from_every_table_and_without_secrets() {
    let world = World::new().await;
    let root = world.person("root").await;
    let insert = move |tx: &mut Tx<'_>| {
        tx.execute(
            "INSERT INTO test_device (uuid, user_id, name, secret) VALUES ($1, $2, 'a key', 'never shown')",
            params![Uuid::from_u128(7), root],
        )?;
        Ok::<_, ApiError>(())
    };
    world.cx.store.write(Actor::system(), "device", insert).await.unwrap();
    let answer = world.get("root", &format!("countersign/users/{root}/export/")).await;
    for table in world.cx.tables().map(|table| table.meta) {
        if table.owner().is_some() && table.name != "users" {
            assert!(answer["tables"][table.name].is_array(), "{} is missing", table.name);
        }
    }
    assert_eq!(answer["tables"]["test_device"][0]["name"], "a key");
    assert_eq!(answer["tables"]["token"][0]["identifier"], "root-api");
    let text = answer.to_string();
    for secret in ["never shown", "root-token", "key_hash", "key_sealed"] {
        assert!(!text.contains(secret), "{secret}");
    }
}
