//! A second factor on behalf of somebody: an administrator makes a link, and who comes by it proves
//! first to be that person. And what a session that was left open must not do.

use crate::world::{Answer, Browser, PASSWORD, World, executor};
use http::{Method, StatusCode};
use serde_json::{Value, json};

const SETUP: &str = "default-authenticator-static-setup";
const NINAS: &str = "An-Old-Password-1";
const DEVICES: &str = "SELECT COUNT(*) FROM static_device WHERE confirmed = 1";

async fn person(admin: &mut Browser<'_>) -> Value {
    let user = admin.create("core/users", json!({"username": "nina", "name": "Nina"})).await;
    let path = format!("/api/v3/core/users/{user}/set_password/");
    let set = admin.post_json(&path, json!({"password": NINAS})).await;
    assert_eq!(set.status, StatusCode::NO_CONTENT, "{}", set.text);
    user
}

async fn link(admin: &mut Browser<'_>, user: &Value) -> String {
    let path = format!("/api/v3/countersign/users/{user}/set_up_link/");
    let offers = admin.get(&path).await.json();
    let offers = offers.as_array().unwrap().clone();
    assert_eq!(offers.len(), 3, "{offers:?}");
    let codes = offers.iter().find(|offer| offer["title"] == "Static tokens").unwrap();
    let made = admin.post_json(&path, json!({"stage": codes["stage"]})).await;
    assert_eq!(made.status, StatusCode::OK, "{}", made.text);
    let link = made.json()["link"].as_str().unwrap().to_owned();
    let start = format!("http://id.example.test/if/flow/{SETUP}/?flow_token=");
    assert!(link.starts_with(&start), "{link}");
    link.trim_start_matches("http://id.example.test").to_owned()
}

async fn press(browser: &mut Browser<'_>, link: &str) -> Answer {
    browser.get(link).await;
    browser.post_form(link, &[("use_link", "1")]).await
}

/// Comes by a link and answers with this password; what is shown then.
async fn arrive(browser: &mut Browser<'_>, link: &str, password: &str) -> Value {
    let begun = press(browser, link).await;
    assert_eq!(begun.status, StatusCode::SEE_OTHER, "{}", begun.text);
    let asked = browser.challenge(&executor(SETUP)).await;
    assert_eq!(asked["component"], "ak-stage-password", "{asked}");
    assert_eq!(asked["pending_user"], "nina");
    browser.answer(&executor(SETUP), json!({"password": password})).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_up_link_is_for_its_owner_who_proves_it_first() {
    let world = World::set_up().await;
    let mut admin = world.administrator().await;
    let user = person(&mut admin).await;
    let first = link(&mut admin, &user).await;
    let wrong = arrive(&mut world.browser(), &first, "Not-Her-Password-1").await;
    assert_eq!(wrong["response_errors"]["password"][0]["string"], "Invalid password", "{wrong}");
    assert_eq!(press(&mut world.browser(), &first).await.status, StatusCode::NOT_FOUND, "once");

    // The administrator who made it is somebody else.
    let second = link(&mut admin, &user).await;
    assert_eq!(press(&mut admin, &second).await.status, StatusCode::NOT_FOUND);
    let mut nina = world.browser();
    let shown = arrive(&mut nina, &second, NINAS).await;
    assert_eq!(shown["component"], "ak-stage-authenticator-static", "{shown}");
    assert_eq!(world.count(DEVICES).await, 0);
    let end = nina.answer(&executor(SETUP), json!({})).await;
    assert_eq!(end["component"], "xak-flow-redirect", "{end}");
    assert_eq!(world.count(DEVICES).await, 1);
    let hers = "SELECT COUNT(*) FROM event WHERE action = 'model_created' AND username = 'nina' AND context LIKE '%staticdevice%'";
    assert_eq!(world.count(hers).await, 1);
    assert_eq!(nina.get("/api/v3/core/users/me/").await.status, StatusCode::FORBIDDEN);
    // Who has a factor shows it, too: whoever chose the password may be somebody else.
    let third = link(&mut admin, &user).await;
    let asked = arrive(&mut world.browser(), &third, NINAS).await;
    assert_eq!(asked["component"], "ak-stage-authenticator-validate", "{asked}");
    assert_eq!(world.count(DEVICES).await, 1);
    let again = press(&mut world.browser(), &second).await;
    assert_eq!(again.status, StatusCode::NOT_FOUND);
}

/// The name that an administrator gave before is the one that the device gets; who is signed in is
/// not asked again.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_signed_in_takes_the_device_that_was_named_for_them() {
    let world = World::set_up().await;
    let mut admin = world.administrator().await;
    let user = person(&mut admin).await;
    let named = json!({"name": "From the desk", "user": user});
    let named = admin.post_json("/api/v3/authenticators/admin/static/", named).await;
    assert_eq!(named.status, StatusCode::CREATED, "{}", named.text);
    let link = link(&mut admin, &user).await;
    let mut nina = world.browser();
    nina.sign_in("nina", NINAS).await;
    assert_eq!(press(&mut nina, &link).await.status, StatusCode::SEE_OTHER);
    let shown = nina.challenge(&executor(SETUP)).await;
    assert_eq!(shown["component"], "ak-stage-authenticator-static", "{shown}");
    nina.answer(&executor(SETUP), json!({})).await;
    let held = nina.get("/api/v3/authenticators/all/").await.json();
    assert_eq!(held[0]["name"], "From the desk", "{held}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_up_link_outlives_a_password_of_its_owners_own_and_nothing_else() {
    let world = World::set_up().await;
    let mut admin = world.administrator().await;
    let user = person(&mut admin).await;
    let first = link(&mut admin, &user).await;
    let second = link(&mut admin, &user).await;
    let ended = press(&mut world.browser(), &first).await;
    assert_eq!(ended.status, StatusCode::NOT_FOUND, "a newer one ends it");
    let path = format!("/api/v3/core/users/{user}/set_password/");
    admin.post_json(&path, json!({"password": "A-Fresh-Password-1"})).await;
    let ended = press(&mut world.browser(), &second).await;
    assert_eq!(ended.status, StatusCode::NOT_FOUND, "somebody else chose the password");
    let kept = link(&mut admin, &user).await;
    let mut nina = world.browser();
    nina.sign_in("nina", "A-Fresh-Password-1").await;
    let change = executor("default-password-change");
    nina.challenge(&change).await;
    let own = "One-Of-Her-Own-1";
    nina.answer(&change, json!({"password": own, "password_repeat": own})).await;
    let shown = arrive(&mut world.browser(), &kept, "One-Of-Her-Own-1").await;
    assert_eq!(shown["component"], "ak-stage-authenticator-static", "{shown}");

    let third = link(&mut admin, &user).await;
    admin.change(&format!("core/users/{user}"), json!({"is_active": false})).await;
    assert_eq!(press(&mut world.browser(), &third).await.status, StatusCode::NOT_FOUND);
    let refused = admin.get(&format!("/api/v3/countersign/users/{user}/set_up_link/")).await.json();
    let stage = json!({"stage": refused[0]["stage"]});
    let path = format!("/api/v3/countersign/users/{user}/set_up_link/");
    assert_eq!(admin.post_json(&path, stage).await.status, StatusCode::BAD_REQUEST);
    for wrong in [json!({}), json!({"stage": "x"}), json!({"stage": uuid::Uuid::nil()})] {
        let refused = admin.post_json(&path, wrong).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{}", refused.text);
    }
    admin.change(&format!("core/users/{user}"), json!({"is_active": true})).await;
    world.clock.advance(86_401);
    assert_eq!(press(&mut world.browser(), &third).await.status, StatusCode::NOT_FOUND, "a day");
}

#[tokio::test(flavor = "multi_thread")]
async fn passwords_of_people_and_programs_change_only_right_after_a_sign_in() {
    let world = World::set_up().await;
    let mut admin = world.administrator().await;
    let tokens = "/api/v3/core/tokens/";
    let one = json!({"identifier": "mail", "intent": "app_password"});
    let made = admin.post_json(tokens, one.clone()).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let key = json!({"identifier": "machine", "intent": "api"});
    assert_eq!(admin.post_json(tokens, key).await.status, StatusCode::CREATED);
    let me = admin.get("/api/v3/core/users/me/").await.json()["user"]["pk"].clone();
    let bearer = admin.get("/api/v3/core/tokens/machine/view_key/").await.json()["key"].clone();

    world.clock.advance(301);
    let password = format!("/api/v3/core/users/{me}/set_password/");
    let calls = [
        (Method::POST, tokens, json!({"identifier": "more", "intent": "app_password"})),
        (Method::PATCH, "/api/v3/core/tokens/machine/", json!({"intent": "app_password"})),
        (Method::PATCH, "/api/v3/core/tokens/mail/", json!({"expiring": false})),
        (Method::GET, "/api/v3/core/tokens/mail/view_key/", json!({})),
        (Method::POST, tokens, json!({"identifier": "another", "intent": "api"})),
        (Method::PATCH, "/api/v3/core/tokens/machine/", json!({"expiring": false})),
        (Method::POST, "/api/v3/core/tokens/machine/set_key/", json!({"key": "a-key-of-mine"})),
        (Method::POST, "/api/v3/core/tokens/mail/set_key/", json!({"key": "a-key-of-mine"})),
        (Method::DELETE, "/api/v3/core/tokens/mail/", json!({})),
        (Method::POST, &password, json!({"password": "A-Fresh-Password-1"})),
    ];
    for (method, path, body) in calls {
        let refused = admin.send(method, path, "application/json", body.to_string()).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{path}: {}", refused.text);
        assert_eq!(refused.json()["code"], "reauthentication_required", "{path}");
    }
    let change = executor("default-password-change");
    let away = admin.challenge(&change).await;
    assert_eq!(away["component"], "xak-flow-redirect", "{away}");
    assert!(away["to"].as_str().unwrap().starts_with("/flows/-/default/authentication/?next="));
    // What opens nothing more needs no proof.
    for (method, path, body) in [
        (Method::PATCH, "/api/v3/core/tokens/mail/", json!({"description": "Mail"})),
        (Method::GET, "/api/v3/core/tokens/machine/view_key/", json!({})),
    ] {
        let done = admin.send(method, path, "application/json", body.to_string()).await;
        assert!(done.status.is_success(), "{path}: {}", done.text);
    }
    let mut machine = world.browser();
    let bearer = format!("Bearer {}", bearer.as_str().unwrap());
    machine.headers.push(("authorization", Box::leak(bearer.into_boxed_str())));
    let done = machine.send(Method::DELETE, "/api/v3/core/tokens/mail/", "", String::new()).await;
    assert_eq!(done.status, StatusCode::NO_CONTENT, "{}", done.text);

    admin.sign_in("akadmin", PASSWORD).await;
    assert_eq!(admin.post_json(tokens, one).await.status, StatusCode::CREATED);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_token_of_a_person_makes_and_reads_no_app_password_of_theirs() {
    let world = World::set_up().await;
    let mut admin = world.administrator().await;
    person(&mut admin).await;
    let mut nina = world.browser();
    nina.sign_in("nina", NINAS).await;
    let tokens = "/api/v3/core/tokens/";
    for (name, intent) in [("machine", "api"), ("mail", "app_password")] {
        let made = nina.post_json(tokens, json!({"identifier": name, "intent": intent})).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    }
    let bearer = nina.get("/api/v3/core/tokens/machine/view_key/").await.json()["key"].clone();
    assert_eq!(nina.get("/api/v3/core/tokens/mail/view_key/").await.status, StatusCode::OK);
    let mut machine = world.browser();
    let bearer = format!("Bearer {}", bearer.as_str().unwrap());
    machine.headers.push(("authorization", Box::leak(bearer.into_boxed_str())));
    for (method, path, body) in [
        (Method::POST, tokens, json!({"identifier": "more", "intent": "app_password"})),
        (Method::PATCH, "/api/v3/core/tokens/machine/", json!({"intent": "app_password"})),
        (Method::GET, "/api/v3/core/tokens/mail/view_key/", json!({})),
    ] {
        let refused = machine.send(method, path, "application/json", body.to_string()).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{path}: {}", refused.text);
    }
    let made = machine.post_json(tokens, json!({"identifier": "other", "intent": "api"})).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
}
