//! Accounts that come and go with their outposts, by whichever door.

use std::sync::Arc;

use countersign_core::{Context, Permission, Rights};
use countersign_events::Places;
use countersign_model::{Fields as _, ObjectId, Revision};
use countersign_store::{Sql, StoreError, Tx, params};
use countersign_testing::{NoAudit, TestClock, World, database};
use uuid::Uuid;

use crate::embedded;
use crate::outpost::{EMBEDDED_NAME, Outpost};

fn world() -> World {
    let (directory, _) = countersign_directory::module(&Arc::new(Places::default()));
    let modules = vec![directory, crate::module(true)];
    World::new(modules, TestClock::ticking(), Arc::new(NoAudit), database)
}

/// The accounts of outposts with their names and their tokens.
async fn accounts(cx: &Context) -> Vec<(i64, String, String)> {
    let read = |sql: &mut Sql<'_>| {
        let rows = sql.query(
            "SELECT u.id, u.name, t.identifier FROM outpost_account o JOIN users u ON u.id = o.user_id JOIN token t ON t.user_id = u.id \
             WHERE u.type = 'internal_service_account' AND t.expiring = 0",
            params![],
        )?;
        rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).collect()
    };
    cx.store.read::<_, StoreError>(read).await.unwrap()
}

fn embedded_outpost(cx: &Context) -> (Uuid, ObjectId) {
    let snapshot = cx.snapshot();
    let (reference, _) = snapshot.find::<Outpost>("name", EMBEDDED_NAME).unwrap();
    (reference.key().uuid().unwrap(), reference.id())
}

#[tokio::test]
async fn the_account_of_an_outpost_comes_goes_and_comes_back_with_it() {
    let world = world();
    let cx = &world.cx;
    embedded::ensure(cx.clone(), true).await.unwrap();
    embedded::ensure(cx.clone(), true).await.unwrap();
    let (uuid, id) = embedded_outpost(cx);
    let found = accounts(cx).await;
    let [(pk, name, token)] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(name, "Outpost authentik Embedded Outpost Service-Account");
    assert_eq!(*token, format!("ak-outpost-{uuid}-api"));

    let pk = *pk;
    let user = cx.store.read(move |sql| countersign_accounts::identity(sql, pk)).await;
    let user = user.unwrap().unwrap();
    let snapshot = cx.snapshot();
    let rights = Rights::of(&user, &snapshot);
    assert!(rights.on(Permission::view(Outpost::META), id));
    assert!(rights.hold(Permission::on("authentik_events.event", "add")));
    assert!(!rights.hold(Permission::on("authentik_core.user", "view")));
    assert!(!rights.on(Permission::change(Outpost::META), id));

    // Somebody removes the account: the next edit, of whatever, brings it back.
    world.write(|tx| tx.execute("DELETE FROM users", params![]).map(|_| ())).await;
    assert!(accounts(cx).await.is_empty());
    let touch = move |tx: &mut Tx<'_>| {
        let outpost = tx.graph().find::<Outpost>("name", EMBEDDED_NAME).map(|(_, o)| o.clone());
        tx.draft().put(uuid, outpost.unwrap());
        Ok(())
    };
    world.write(touch).await;
    assert_eq!(accounts(cx).await.len(), 1);

    embedded::ensure(cx.clone(), false).await.unwrap();
    assert!(accounts(cx).await.is_empty(), "the settings want none");
    let deletion: Revision = cx.snapshot().revision();
    world.write(move |tx| tx.undo(deletion).map(|_| ())).await;
    let again = accounts(cx).await;
    assert_eq!(again.len(), 1);
    assert_ne!(again[0].0, pk, "it is another account");
    assert_eq!(again[0].2, format!("ak-outpost-{uuid}-api"));
}

#[tokio::test]
async fn sessions_are_noted_when_they_end_whatever_ends_them() {
    let world = world();
    let ended = |sql: &mut Sql<'_>| {
        let rows = sql.query("SELECT key_hash FROM ended_session ORDER BY id", params![])?;
        rows.iter().map(|row| row.get::<Vec<u8>>(0)).collect::<Result<Vec<_>, _>>()
    };
    world
        .write(|tx| {
            let uuid = tx.entropy().uuid();
            tx.execute(
                "INSERT INTO users (uuid, username, username_fold, name, email, email_fold, password, password_changed, is_active, joined, path, type, attributes) \
                 VALUES ($1, 'uma', 'uma', 'Uma', '', '', '!', 0, 1, 0, 'users', 'internal', '{}')",
                params![uuid],
            )?;
            for number in 1..=3u8 {
                let uuid = tx.entropy().uuid();
                tx.execute(
                    "INSERT INTO session (uuid, key_hash, user_id, created, expires, last_used, last_ip, user_agent, data) \
                     SELECT $1, $2, id, 0, 0, 0, '', '', '{}' FROM users",
                    params![uuid, [number; 32]],
                )?;
            }
            tx.execute("DELETE FROM session WHERE key_hash = $1", params![[1u8; 32]])?;
            tx.execute("UPDATE session SET last_ip = 'x'", params![])?;
            tx.execute(
                "UPDATE session SET key_hash = $1 WHERE key_hash = $2",
                params![[9u8; 32], [2u8; 32]],
            )?;
            Ok(())
        })
        .await;
    world.write(|tx| tx.execute("DELETE FROM users", params![]).map(|_| ())).await;
    let mut ended = world.cx.store.read(ended).await.unwrap();
    ended.sort();
    assert_eq!(ended, [1u8, 2, 3, 9].map(|number| vec![number; 32]));
}
