//! Invitations, and leaving.

use crate::world::{Browser, World, executor};
use http::{Method, StatusCode};
use serde_json::{Value, json};

const FRESH: &str = "Korrekt-Pferd-Batterie-1";

/// An enrolment for invited people: name and password are asked, then the account is made and
/// signed in.
async fn enrolment(admin: &mut Browser<'_>, slug: &str, invited_only: bool) -> Value {
    let mut fields = Vec::new();
    for (order, (key, kind)) in
        [("username", "username"), ("password", "password"), ("password_repeat", "password")]
            .into_iter()
            .enumerate()
    {
        let body = json!({"name": format!("{slug} {key}"), "field_key": key, "label": key, "type": kind, "required": true, "order": order});
        fields.push(admin.create("stages/prompt/prompts", body).await);
    }
    let invited = json!({"name": format!("{slug} invited"), "continue_flow_without_invitation": !invited_only});
    let invited = admin.create("stages/invitation/stages", invited).await;
    let ask = json!({"name": format!("{slug} ask"), "fields": fields});
    let ask = admin.create("stages/prompt/stages", ask).await;
    let write = json!({"name": format!("{slug} write"), "user_creation_mode": "always_create"});
    let write = admin.create("stages/user_write", write).await;
    let login = admin.create("stages/user_login", json!({"name": format!("{slug} login")})).await;
    let stages = [&invited, &ask, &write, &login];
    admin.flow(slug, json!({"designation": "enrollment"}), &stages).await.0
}

async fn invite(admin: &mut Browser<'_>, body: Value) -> String {
    let made = admin.create("stages/invitation/invitations", body).await;
    made.as_str().unwrap().to_owned()
}

fn with(slug: &str, token: &str) -> String {
    format!("{}itoken%3D{token}", executor(slug))
}

/// Enrols by JSON; the last challenge.
async fn enrol(browser: &mut Browser<'_>, path: &str, name: &str) -> Value {
    browser.challenge(path).await;
    let answers = json!({"username": name, "password": FRESH, "password_repeat": FRESH});
    browser.answer(path, answers).await
}

#[tokio::test(flavor = "multi_thread")]
async fn only_invited_people_get_in_and_a_single_use_is_one() {
    let world = World::set_up().await;
    let mut admin = world.administrator().await;
    let flow = enrolment(&mut admin, "join", true).await;
    let fixed = json!({"email": "otto@example.test", "attributes": {"team": "blue"}});
    let token = invite(
        &mut admin,
        json!({"name": "otto", "single_use": true, "fixed_data": fixed, "flow": flow}),
    )
    .await;
    for path in [executor("join"), with("join", "nonsense"), with("join", flow.as_str().unwrap())] {
        let shown = world.browser().challenge(&path).await;
        let denied = (&shown["component"], &shown["error_message"]);
        let text = "Invalid invite/invite not found";
        assert_eq!(denied, (&json!("ak-stage-access-denied"), &json!(text)), "{path}");
    }
    // Looking uses nothing up: a mail scanner, a second device, a form that is given up.
    for method in [Method::GET, Method::HEAD] {
        let page = format!("/if/flow/join/?itoken={token}");
        assert_eq!(
            world.browser().send(method, &page, "", String::new()).await.status,
            StatusCode::OK
        );
    }
    let (mut first, mut second) = (world.browser(), world.browser());
    let path = with("join", &token);
    let wrong = json!({"username": "otto", "password": FRESH, "password_repeat": "other"});
    first.challenge(&path).await;
    assert!(first.answer(&path, wrong).await["response_errors"].is_object());
    second.challenge(&path).await;
    let end = enrol(&mut first, &path, "otto").await;
    assert_eq!(end["component"], "xak-flow-redirect", "{end}");
    let me = first.get("/api/v3/core/users/me/").await.json()["user"].clone();
    assert_eq!((&me["username"], &me["email"]), (&json!("otto"), &json!("otto@example.test")));
    let late = enrol(&mut second, &path, "olga").await;
    assert_eq!(late["error_message"], "Invalid invite/invite not found", "{late}");
    let olga = admin.get("/api/v3/core/users/?username=olga").await.json();
    assert_eq!(olga["pagination"]["count"], 0);
    let found = admin.get("/api/v3/core/users/?username=otto").await.json();
    assert_eq!(found["results"][0]["attributes"]["team"], "blue");
    let gone = admin.get(&format!("/api/v3/stages/invitation/invitations/{token}/")).await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND);
    let used = admin.get("/api/v3/events/events/?action=invitation_used").await.json();
    assert_eq!(used["pagination"]["count"], 1);
}

/// Who has the id of an invitation gets in, so that it is in no event: neither by name nor in the
/// address of a request.
#[tokio::test(flavor = "multi_thread")]
async fn events_show_no_invitation_that_is_still_good() {
    let world = World::set_up().await;
    let mut admin = world.administrator().await;
    enrolment(&mut admin, "join", true).await;
    let token = invite(&mut admin, json!({"name": "many", "expires": null})).await;
    let there = format!("stages/invitation/invitations/{token}");
    admin.change(&there, json!({"name": "more"})).await;
    let end = enrol(&mut world.browser(), &with("join", &token), "anna").await;
    assert_eq!(end["component"], "xak-flow-redirect", "{end}");
    let page = format!("/if/flow/join/?itoken={token}");
    let mut bela = world.browser();
    bela.get(&page).await;
    bela.post_form(&page, &[("username", "bela"), ("password", FRESH), ("password_repeat", FRESH)])
        .await;
    bela.get(&page).await;
    let there = format!("/api/v3/{there}/");
    let gone = admin.send(Method::DELETE, &there, "application/json", String::new()).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT, "{}", gone.text);
    for action in ["model_created", "model_updated", "model_deleted"] {
        let of = format!("action = '{action}' AND context LIKE '%\"model_name\":\"invitation\"%'");
        assert_eq!(world.count(&format!("SELECT COUNT(*) FROM event WHERE {of}")).await, 1);
    }
    let used = "SELECT COUNT(*) FROM event WHERE action = 'invitation_used'";
    assert_eq!(world.count(used).await, 2);
    for key in [token.clone(), token.replace('-', "")] {
        let shown = format!("SELECT COUNT(*) FROM event WHERE context LIKE '%{key}%'");
        assert_eq!(world.count(&shown).await, 0, "{key}");
        let runs = format!("SELECT COUNT(*) FROM flow_run WHERE steps LIKE '%{key}%'");
        assert_eq!(world.count(&runs).await, 0, "{key}");
    }
}

/// What a maker says of an account ends with the maker's own, and never makes it active.
#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_ends_with_its_maker_and_activates_nobody() {
    let world = World::set_up().await;
    let mut admin = world.administrator().await;
    enrolment(&mut admin, "join", true).await;
    let active = json!({"name": "active", "fixed_data": {"is_active": true}});
    let refused = admin.post_json("/api/v3/stages/invitation/invitations/", active).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert!(refused.json()["fixed_data"].is_array(), "{}", refused.text);
    let mara = admin.create("core/users", json!({"username": "mara", "name": "Mara"})).await;
    let token = invite(&mut admin, json!({"name": "by-mara", "expires": null})).await;
    let owned = format!("UPDATE invitation SET created_by = {mara}");
    world.execute(&owned).await;
    let path = with("join", &token);
    let mut early = world.browser();
    assert_eq!(early.challenge(&path).await["component"], "ak-stage-prompt");
    let wrong = json!({"username": "anna", "password": FRESH, "password_repeat": "other"});
    early.answer(&path, wrong).await;
    admin.change(&format!("core/users/{mara}"), json!({"is_active": false})).await;
    let denied = |shown: &Value| shown["component"] == "ak-stage-access-denied";
    assert!(denied(&world.browser().challenge(&path).await));
    // Nor for who came in time.
    assert!(denied(&enrol(&mut early, &path, "anna").await));
    assert_eq!(world.count("SELECT COUNT(*) FROM users WHERE username = 'anna'").await, 0);
}

/// Another flow that goes on with the context goes on with the invitation, too: it is used there.
#[tokio::test(flavor = "multi_thread")]
async fn a_single_use_is_one_in_whichever_flow_the_account_is_made() {
    let world = World::set_up().await;
    let mut admin = world.administrator().await;
    enrolment(&mut admin, "target", false).await;
    admin.change("flows/instances/target", json!({"authentication": "require_redirect"})).await;
    let target = admin.get("/api/v3/flows/instances/target/").await.json()["pk"].clone();
    let invited = json!({"name": "gate invited", "continue_flow_without_invitation": false});
    let invited = admin.create("stages/invitation/stages", invited).await;
    let on = json!({"name": "on", "mode": "flow", "target_flow": target, "keep_context": true});
    let on = admin.create("stages/redirect", on).await;
    let gate = admin.flow("gate", json!({"designation": "enrollment"}), &[&invited, &on]).await.0;
    let token = invite(&mut admin, json!({"name": "once", "single_use": true, "flow": gate})).await;
    // By pages, which follow from one flow to the other; both come in before either is done.
    let page = format!("/if/flow/gate/?itoken={token}");
    let mut browsers = [world.browser(), world.browser()];
    let mut there = String::new();
    for browser in &mut browsers {
        let led = browser.get(&page).await;
        led.location().clone_into(&mut there);
        assert!(there.starts_with("/if/flow/target/"), "{} {}", led.status, led.text);
        browser.get(&there).await;
    }
    let mut ends = Vec::new();
    for (browser, name) in browsers.iter_mut().zip(["anna", "bela"]) {
        let fields = [("username", name), ("password", FRESH), ("password_repeat", FRESH)];
        browser.post_form(&there, &fields).await;
        ends.push(browser.get(&there).await.text);
    }
    let made = "SELECT COUNT(*) FROM users WHERE username IN ('anna', 'bela')";
    assert_eq!(world.count(made).await, 1, "{ends:?}");
    assert_eq!(world.count("SELECT COUNT(*) FROM invitation").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_at_once_one_is_invited() {
    let world = World::set_up().await;
    let mut admin = world.administrator().await;
    enrolment(&mut admin, "join", true).await;
    let token = invite(&mut admin, json!({"name": "one", "single_use": true})).await;
    let path = with("join", &token);
    let (mut a, mut b) = (world.browser(), world.browser());
    let both = tokio::join!(enrol(&mut a, &path, "anna"), enrol(&mut b, &path, "bela"));
    let in_ =
        [&both.0, &both.1].iter().filter(|end| end["component"] == "xak-flow-redirect").count();
    assert_eq!(in_, 1, "{both:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_is_for_its_flow_and_its_time() {
    let world = World::set_up().await;
    let mut admin = world.administrator().await;
    let join = enrolment(&mut admin, "join", true).await;
    enrolment(&mut admin, "other", true).await;
    enrolment(&mut admin, "open", false).await;
    let denied = |shown: &Value| shown["component"] == "ak-stage-access-denied";
    let bound = invite(&mut admin, json!({"name": "bound", "flow": join})).await;
    let free = invite(&mut admin, json!({"name": "free"})).await;
    assert!(denied(&world.browser().challenge(&with("other", &bound)).await));
    assert!(!denied(&world.browser().challenge(&with("other", &free)).await));
    assert!(!denied(&world.browser().challenge(&executor("open")).await), "goes on without one");
    // Not for one use: two people come by it.
    for name in ["anna", "bela"] {
        let end = enrol(&mut world.browser(), &with("join", &free), name).await;
        assert_eq!(end["component"], "xak-flow-redirect", "{end}");
    }
    // By default it ends when tokens do; somebody who came in time is too late to finish.
    let mut late = world.browser();
    late.challenge(&with("join", &free)).await;
    let answers = json!({"username": "cora", "password": FRESH, "password_repeat": "x"});
    late.answer(&with("join", &free), answers).await;
    world.clock.advance(1801);
    assert!(denied(&enrol(&mut late, &with("join", &free), "cora").await));
    assert!(denied(&world.browser().challenge(&with("join", &free)).await));
    let never = invite(&mut admin, json!({"name": "never", "expires": null})).await;
    assert!(!denied(&world.browser().challenge(&with("join", &never)).await));
    // Of a flow that is gone it opens none.
    let gone = admin.send(Method::DELETE, "/api/v3/flows/instances/join/", "", String::new()).await;
    assert!(gone.status.is_success() || gone.status == StatusCode::FORBIDDEN);
    let wrong = json!({"name": "x", "flow": "7d0c2a0a-0000-4000-8000-000000000000"});
    let refused = admin.post_json("/api/v3/stages/invitation/invitations/", wrong).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{}", refused.text);
    assert!(refused.json()["flow"].is_array(), "{}", refused.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_deleted_by_its_owner_who_just_signed_in_and_says_so() {
    let world = World::set_up().await;
    world.apply(&["example/flows-unenrollment.yaml"]).await;
    let mut admin = world.administrator().await;
    let user = admin.create("core/users", json!({"username": "nina", "name": "Nina"})).await;
    world.set_password("nina", FRESH).await;
    let mut nina = world.browser();
    nina.sign_in("nina", FRESH).await;
    let (page, path) =
        ("/if/flow/default-unenrollment-flow/", executor("default-unenrollment-flow"));
    let there = format!("/api/v3/core/users/{user}/");
    // Looking deletes nothing, whichever way.
    assert!(nina.get(page).await.text.contains("Delete your account?"));
    assert_eq!(nina.challenge(&path).await["component"], "countersign-stage-user-delete");
    assert_eq!(admin.get(&there).await.status, StatusCode::OK);
    // Nor does a form that is not ours, nor a session of long ago.
    let form = "application/x-www-form-urlencoded";
    nina.send(Method::POST, page, form, String::new()).await;
    world.clock.advance(301);
    let again = nina.get(page).await;
    assert!(again.location().contains("default/authentication"), "{}", again.location());
    nina.post_form(page, &[]).await;
    assert_eq!(admin.get(&there).await.status, StatusCode::OK);
    // Nobody by being named, nor in the place of somebody else.
    let mut visitor = world.browser();
    assert_eq!(visitor.challenge(&path).await["component"], "ak-stage-access-denied");
    let acting = admin.post_json(&format!("{there}impersonate/"), json!({"reason": "x"})).await;
    assert!(acting.status.is_success(), "{}", acting.text);
    assert_eq!(admin.challenge(&path).await["component"], "ak-stage-access-denied");
    admin.get("/api/v3/core/users/impersonate_end/").await;

    let mut nina = world.browser();
    nina.sign_in("nina", FRESH).await;
    nina.get(page).await;
    let left = nina.post_form(page, &[]).await;
    assert!(left.status.is_redirection(), "{}", left.text);
    assert_eq!(nina.get("/api/v3/core/users/me/").await.status, StatusCode::FORBIDDEN);
    let mut admin = world.administrator().await;
    assert_eq!(admin.get(&there).await.status, StatusCode::NOT_FOUND);
    // The last administrator stays.
    admin.get(page).await;
    let refused = admin.post_form(page, &[]).await;
    assert!(refused.status == StatusCode::OK, "{}", refused.status);
    assert_eq!(admin.get("/api/v3/core/users/me/").await.json()["user"]["username"], "akadmin");
}

/// An invitation, whose maker says what the account will be, writes nothing into one that is there.
#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_does_not_change_who_is_signed_in() {
    let world = World::set_up().await;
    let mut admin = world.administrator().await;
    let flow = enrolment(&mut admin, "trap", true).await;
    let stage = admin.get("/api/v3/stages/user_write/?name=trap%20write").await.json();
    let stage = format!("stages/user_write/{}", stage["results"][0]["pk"].as_str().unwrap());
    admin.change(&stage, json!({"user_creation_mode": "create_when_required"})).await;
    let fixed = json!({"email": "eve@example.test"});
    let token = invite(
        &mut admin,
        json!({"name": "trap", "flow": flow, "fixed_data": fixed, "single_use": true}),
    )
    .await;
    let mut root = world.administrator().await;
    let refused = enrol(&mut root, &with("trap", &token), "otto").await;
    assert_eq!(refused["component"], "ak-stage-access-denied", "{refused}");
    let me = admin.get("/api/v3/core/users/?username=akadmin").await.json();
    assert_ne!(me["results"][0]["email"], "eve@example.test");
}
