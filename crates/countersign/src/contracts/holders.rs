//! Who holds what: each time it changes is recorded, with who did it and whom it concerns, and
//! somebody is always left who can sign in and mend it.

use std::collections::BTreeSet;

use countersign_store::{Actor, Sql, StoreError, Tx, params};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::tables::World;

/// The events of edits that came since it was asked last: what was done, to what, by whom, and
/// whom it concerns.
async fn fresh(world: &World, seen: &mut BTreeSet<String>) -> Vec<[String; 4]> {
    let all = |sql: &mut Sql<'_>| {
        let rows = sql.query("SELECT action, context FROM event", params![])?;
        rows.iter()
            .map(|row| Ok((row.get(0)?, row.get(1)?)))
            .collect::<Result<Vec<_>, StoreError>>()
    };
    let all: Vec<(String, Value)> = world.cx.store.read(all).await.unwrap();
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let mut found = Vec::new();
    let counted: Vec<String> = all.iter().map(|event| format!("{event:?}")).collect();
    for ((action, context), counted) in all.iter().zip(counted) {
        if seen.insert(counted) && action.starts_with("model_") {
            let who = &context["countersign.who"];
            found.push([
                action.trim_start_matches("model_").to_owned(),
                text(&context["model"]["name"]),
                text(&who["actor"]["username"]),
                text(&who["subject"]["username"]),
            ]);
        }
    }
    found.sort();
    found
}

/// O2: permissions on rows were given, moved and taken without a trace.
#[tokio::test(flavor = "multi_thread")]
async fn who_gave_what_to_whom_is_recorded_once_each_time() {
    let world = World::new().await;
    let ada = world.person("ada").await;
    let post = async |path: &str, body: Value| {
        let (status, answer) = world.call("root", Method::POST, path, body).await;
        assert!(status.is_success(), "{path}: {answer}");
        answer
    };
    let role = post("rbac/roles/", json!({"name": "Helpers"})).await["pk"].clone();
    let role = role.as_str().unwrap();
    let one = post("core/groups/", json!({"name": "One"})).await["pk"].clone();
    let two = post("core/groups/", json!({"name": "Two"})).await["pk"].clone();
    let mut seen = BTreeSet::new();
    fresh(&world, &mut seen).await;
    let event =
        |done: &str, name: &str, subject: &str| [done, name, "root", subject].map(str::to_owned);

    let of_role = format!("rbac/permissions/assigned_by_roles/{role}");
    let on_ada = json!({"permissions": ["change_user"], "model": "authentik_core.user", "object_pk": ada.to_string()});
    let name = "authentik_core.change_user on ada for Helpers";
    post(&format!("{of_role}/assign/"), on_ada.clone()).await;
    assert_eq!(fresh(&world, &mut seen).await, [event("created", name, "ada")]);
    post(&format!("{of_role}/assign/"), on_ada.clone()).await;
    assert_eq!(fresh(&world, &mut seen).await, Vec::<[String; 4]>::new(), "held already");
    for expected in [vec![event("deleted", name, "ada")], Vec::new()] {
        let path = format!("{of_role}/unassign/");
        let (status, _) = world.call("root", Method::PATCH, &path, on_ada.clone()).await;
        assert_eq!(status, StatusCode::NO_CONTENT);
        assert_eq!(fresh(&world, &mut seen).await, expected);
    }

    let on_one =
        json!({"permissions": ["view_group"], "model": "authentik_core.group", "object_pk": one});
    let given = post(&format!("rbac/permissions/assigned_by_users/{ada}/assign/"), on_one).await;
    let on = |group: &str| format!("authentik_core.view_group on Group {group} for ada");
    assert_eq!(fresh(&world, &mut seen).await, [event("created", &on("One"), "ada")]);
    let path = format!("rbac/permissions/users/{}/", given[0]["id"].as_str().unwrap());
    let moved = world.call("root", Method::PATCH, &path, json!({"object_pk": two})).await;
    assert_eq!(moved.0, StatusCode::OK, "{}", moved.1);
    let expected = [event("created", &on("Two"), "ada"), event("deleted", &on("One"), "ada")];
    assert_eq!(fresh(&world, &mut seen).await, expected);
    let path = format!("rbac/permissions/users/{}/", moved.1["id"]);
    let (status, answer) = world.call("root", Method::DELETE, &path, Value::Null).await;
    assert_eq!(status, StatusCode::NO_CONTENT, "{path} {answer}");
    assert_eq!(fresh(&world, &mut seen).await, [event("deleted", &on("Two"), "ada")]);

    // On objects of the configuration it is said in the same words.
    let on_role =
        json!({"permissions": ["view_role"], "model": "authentik_rbac.role", "object_pk": role});
    post(&format!("rbac/permissions/assigned_by_users/{ada}/assign/"), on_role).await;
    let name = "authentik_rbac.view_role on Helpers for ada";
    assert_eq!(fresh(&world, &mut seen).await, [event("created", name, "ada")]);

    // O8: whom a membership concerns.
    let path = format!("core/groups/{}/", one.as_str().unwrap());
    post(&format!("{path}add_user/"), json!({"pk": ada})).await;
    assert_eq!(fresh(&world, &mut seen).await, [event("updated", "One", "ada")]);
    let root = world.person("root").await;
    let body = json!({"users": [root], "is_superuser": true});
    let (status, answer) = world.call("root", Method::PATCH, &path, body).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let each = ["-", "ada", "root"].map(|subject| event("updated", "One", subject));
    assert_eq!(fresh(&world, &mut seen).await, each);
}

/// O10: an administrator with a passkey and no password can sign in.
#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_with_a_passkey_is_one_who_can_sign_in() {
    let world = World::new().await;
    let (root, ada) = (world.person("root").await, world.person("ada").await);
    let furnish = move |tx: &mut Tx<'_>| {
        tx.execute("UPDATE users SET password = 'x' WHERE id = $1", params![ada])?;
        tx.execute(
            "INSERT INTO webauthn_device (user_id, name, confirmed, created, last_updated, credential_id, public_key, sign_count, rp_id, aaguid, backup_eligible) \
             VALUES ($1, 'key', 1, 0, 0, 'c', 'k', 0, 'id', '', 0)",
            params![root],
        )
    };
    world.cx.store.write(Actor::system(), "test", furnish).await.unwrap();
    let admins = world.get("root", "core/groups/?name=Admins").await["results"][0]["pk"].clone();
    let path = format!("core/groups/{}/", admins.as_str().unwrap());
    let put = async |users: Value| {
        world.call("root", Method::PATCH, &path, json!({"users": users})).await
    };
    assert_eq!(put(json!([root, ada])).await.0, StatusCode::OK);
    let (status, answer) = put(json!([root])).await;
    assert_eq!(status, StatusCode::OK, "one with a passkey is left: {answer}");
    let (status, answer) = put(json!([])).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{answer}");
    assert!(answer.to_string().contains("no administrator who can sign in"), "{answer}");
}
