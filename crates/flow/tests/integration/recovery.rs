//! Links for people who cannot sign in (reports 41, L12): into the brand's recovery flow, spent by
//! a button only.

use crate::world::{Browser, World, executor};
use http::{Method, StatusCode};
use serde_json::{Value, json};

const FRESH: &str = "A-Fresh-Password-1";

/// A brand whose recovery flow asks for a password, writes it and signs in. Gives the number of
/// akadmin's colleague.
async fn prepare(admin: &mut Browser<'_>) -> Value {
    let user = admin.create("core/users", json!({"username": "nina", "name": "Nina"})).await;
    let set = admin
        .post_json(
            &format!("/api/v3/core/users/{user}/set_password/"),
            json!({"password": "An-Old-Password-1"}),
        )
        .await;
    assert_eq!(set.status, StatusCode::NO_CONTENT);
    let refused = admin.post_json(&format!("/api/v3/core/users/{user}/recovery/"), json!({})).await;
    assert_eq!(
        (refused.status, refused.json()),
        (StatusCode::BAD_REQUEST, json!({"non_field_errors": "No recovery flow set."}))
    );
    let mut fields = Vec::new();
    for (order, key) in ["password", "password_repeat"].into_iter().enumerate() {
        let body = json!({"name": format!("rec {key}"), "field_key": key, "label": key, "type": "password", "required": true, "order": order});
        fields.push(admin.create("stages/prompt/prompts", body).await);
    }
    let prompt =
        admin.create("stages/prompt/stages", json!({"name": "rec prompt", "fields": fields})).await;
    let write = admin
        .create(
            "stages/user_write",
            json!({"name": "rec write", "user_creation_mode": "never_create"}),
        )
        .await;
    let login = admin.create("stages/user_login", json!({"name": "rec login"})).await;
    let (flow, _) =
        admin.flow("rec", json!({"designation": "recovery"}), &[&prompt, &write, &login]).await;
    let brand = admin.get("/api/v3/core/brands/?domain=authentik-default").await.json()["results"]
        [0]["brand_uuid"]
        .as_str()
        .unwrap()
        .to_owned();
    admin.change(&format!("core/brands/{brand}"), json!({"flow_recovery": flow})).await;
    user
}

async fn link(admin: &mut Browser<'_>, user: &Value) -> String {
    let answer = admin.post_json(&format!("/api/v3/core/users/{user}/recovery/"), json!({})).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let link = answer.json()["link"].as_str().unwrap().to_owned();
    assert!(link.starts_with("http://id.example.test/if/flow/rec/?flow_token="), "{link}");
    link.trim_start_matches("http://id.example.test").to_owned()
}

async fn press(browser: &mut Browser<'_>, link: &str) -> crate::world::Answer {
    browser.get(link).await;
    browser.post_form(link, &[("use_link", "1")]).await
}

async fn signs_in(world: &World, password: &str) -> bool {
    let mut browser = world.browser();
    let path = executor("default-authentication-flow");
    browser.challenge(&path).await;
    browser.answer(&path, json!({"uid_field": "nina"})).await;
    browser.answer(&path, json!({"password": password})).await["component"] == "xak-flow-redirect"
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_41_a_recovery_link_lets_a_new_password_be_chosen() {
    let world = World::set_up().await;
    let mut admin = world.browser();
    admin.sign_in("akadmin", "Throwaway-Pw-1").await;
    let user = prepare(&mut admin).await;
    let unknown = admin.post_json("/api/v3/core/users/999999/recovery/", json!({})).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    let link = link(&mut admin, &user).await;

    // Looking spends nothing, and nobody's form but ours does.
    for method in [Method::HEAD, Method::GET, Method::GET] {
        let mut looking = world.browser();
        assert_eq!(looking.send(method, &link, "", String::new()).await.status, StatusCode::OK);
        assert_eq!(looking.get("/api/v3/core/users/me/").await.status, StatusCode::FORBIDDEN);
        let forged = looking
            .send(Method::POST, &link, "application/x-www-form-urlencoded", "use_link=1".to_owned())
            .await;
        assert!(
            forged.status == StatusCode::OK && forged.text.contains("Continue"),
            "{}",
            forged.text
        );
    }
    let mut nina = world.browser();
    let begun = press(&mut nina, &link).await;
    assert_eq!((begun.status, begun.location()), (StatusCode::SEE_OTHER, "/if/flow/rec/"));
    assert!(nina.get("/if/flow/rec/").await.text.contains("name=\"password_repeat\""));
    assert_eq!(
        nina.get("/api/v3/core/users/me/").await.status,
        StatusCode::FORBIDDEN,
        "not signed in before the flow is over"
    );
    nina.post_form("/if/flow/rec/", &[("password", FRESH), ("password_repeat", FRESH)]).await;
    nina.get("/if/flow/rec/").await;
    assert_eq!(nina.get("/api/v3/core/users/me/").await.json()["user"]["username"], "nina");
    assert!(!signs_in(&world, "An-Old-Password-1").await, "the old password is over");
    assert!(signs_in(&world, FRESH).await);
    let again = press(&mut world.browser(), &link).await;
    assert_eq!(again.status, StatusCode::NOT_FOUND);
    assert!(again.text.contains("This link is not valid any more"));
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_of_the_api_spend_a_link_by_coming_with_it() {
    let world = World::set_up().await;
    let mut admin = world.browser();
    admin.sign_in("akadmin", "Throwaway-Pw-1").await;
    let user = prepare(&mut admin).await;
    let link = link(&mut admin, &user).await;
    let path = format!("{}flow_token%3D{}", executor("rec"), link.split_once('=').unwrap().1);
    let mut nina = world.browser();
    nina.send(Method::HEAD, &path, "", String::new()).await;
    let shown = nina.challenge(&path).await;
    assert_eq!(shown["component"], "ak-stage-prompt", "{shown}");
    let end = nina.answer(&path, json!({"password": FRESH, "password_repeat": FRESH})).await;
    assert_eq!(end["component"], "xak-flow-redirect", "{end}");
    assert_eq!(nina.get("/api/v3/core/users/me/").await.json()["user"]["username"], "nina");
    assert!(signs_in(&world, FRESH).await);
    // A spent one gives nobody's plan.
    let mut other = world.browser();
    other.challenge(&path).await;
    other
        .answer(&path, json!({"password": "Another-One-12", "password_repeat": "Another-One-12"}))
        .await;
    assert_eq!(other.get("/api/v3/core/users/me/").await.status, StatusCode::FORBIDDEN);
    assert!(signs_in(&world, FRESH).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recovery_link_has_one_winner_ends_and_is_for_active_accounts() {
    let world = World::set_up().await;
    let mut admin = world.browser();
    admin.sign_in("akadmin", "Throwaway-Pw-1").await;
    let user = prepare(&mut admin).await;
    let first = link(&mut admin, &user).await;
    let second = link(&mut admin, &user).await;
    assert_eq!(
        press(&mut world.browser(), &first).await.status,
        StatusCode::NOT_FOUND,
        "a newer one ends it"
    );
    let (mut one, mut two) = (world.browser(), world.browser());
    one.get(&second).await;
    two.get(&second).await;
    let (a, b) = tokio::join!(
        one.post_form(&second, &[("use_link", "1")]),
        two.post_form(&second, &[("use_link", "1")])
    );
    let mut both = [a.status, b.status];
    both.sort();
    assert_eq!(both, [StatusCode::SEE_OTHER, StatusCode::NOT_FOUND]);

    let inactive = link(&mut admin, &user).await;
    admin.change(&format!("core/users/{user}"), json!({"is_active": false})).await;
    assert_eq!(press(&mut world.browser(), &inactive).await.status, StatusCode::NOT_FOUND);
    admin.change(&format!("core/users/{user}"), json!({"is_active": true})).await;
    let wrong_flow = inactive.replace("/if/flow/rec/", "/if/flow/default-authentication-flow/");
    assert_eq!(press(&mut world.browser(), &wrong_flow).await.status, StatusCode::NOT_FOUND);
    world.clock.advance(3601);
    assert_eq!(
        press(&mut world.browser(), &inactive).await.status,
        StatusCode::NOT_FOUND,
        "its time is over"
    );
}
