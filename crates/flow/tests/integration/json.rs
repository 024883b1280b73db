//! The executor as API clients of the original use it.

use crate::world::{World, executor};
use http::{Method, StatusCode};
use serde_json::json;

const LOGIN: &str = "/api/v3/flows/executor/default-authentication-flow/?query=";

#[tokio::test(flavor = "multi_thread")]
async fn signing_in_takes_the_two_challenges_of_the_original() {
    let world = World::set_up().await;
    let mut browser = world.browser();
    let first = browser.get(LOGIN).await;
    assert_eq!(first.status, StatusCode::OK);
    assert_eq!(first.headers["x-frame-options"], "SAMEORIGIN");
    let challenge = first.json();
    assert_eq!(challenge["component"], "ak-stage-identification");
    assert_eq!(challenge["user_fields"], json!(["email", "username"]));
    assert_eq!(challenge["primary_action"], "Log in");
    assert_eq!(challenge["flow_info"]["cancel_url"], "/flows/-/cancel/");
    assert_eq!(challenge["captcha_stage"], json!(null));

    let posted = browser
        .post_json(LOGIN, json!({"component": "ak-stage-identification", "uid_field": "akadmin"}))
        .await;
    assert_eq!((posted.status, posted.location()), (StatusCode::FOUND, LOGIN));
    let password = browser.get(LOGIN).await.json();
    assert_eq!(password["component"], "ak-stage-password");
    assert_eq!(password["pending_user"], "akadmin");

    let wrong = browser.post_json(LOGIN, json!({"password": "nope"})).await;
    assert_eq!(wrong.status, StatusCode::OK);
    assert_eq!(
        wrong.json()["response_errors"],
        json!({"password": [{"string": "Invalid password", "code": "invalid"}]})
    );

    let right = browser.post_json(LOGIN, json!({"password": "Throwaway-Pw-1"})).await;
    assert_eq!(right.status, StatusCode::FOUND);
    assert_eq!(
        browser.challenge(LOGIN).await,
        json!({"component": "xak-flow-redirect", "to": "/"})
    );
    assert_eq!(browser.get("/api/v3/core/users/me/").await.json()["user"]["username"], "akadmin");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_passwords_end_in_a_denial_and_a_fresh_start() {
    let world = World::set_up().await;
    let mut browser = world.browser();
    browser.challenge(LOGIN).await;
    browser.answer(LOGIN, json!({"uid_field": "akadmin"})).await;
    for (body, code) in [
        (json!({"password": "x"}), "invalid"),
        (json!({"password": ""}), "blank"),
        (json!({}), "required"),
        (json!({"password": null}), "null"),
    ] {
        let shown = browser.post_json(LOGIN, body).await.json();
        assert_eq!(shown["response_errors"]["password"][0]["code"], code);
    }
    let denied = browser.post_json(LOGIN, json!({"password": "y"})).await.json();
    assert_eq!(denied["component"], "ak-stage-access-denied");
    assert_eq!(denied["error_message"], "Invalid password");
    assert_eq!(browser.challenge(LOGIN).await["component"], "ak-stage-identification");
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_names_look_like_known_ones() {
    let world = World::set_up().await;
    let mut browser = world.browser();
    browser.challenge(LOGIN).await;
    let shown = browser.answer(LOGIN, json!({"uid_field": "nobody"})).await;
    assert_eq!(shown["component"], "ak-stage-password");
    assert_eq!(shown["pending_user"], "nobody");
    let wrong = browser.post_json(LOGIN, json!({"password": "Throwaway-Pw-1"})).await.json();
    assert_eq!(wrong["response_errors"]["password"][0]["string"], "Invalid password");
}

#[tokio::test(flavor = "multi_thread")]
async fn next_leads_on_only_within_this_server() {
    let world = World::set_up().await;
    for (next, ok) in [
        ("%2Fif%2Fadmin%2F", Some("/if/admin/")),
        ("https%3A%2F%2Fevil.example%2F", None),
        ("%2F%2Fevil.example", None),
        ("", None),
        ("%2F%5Cevil.example", None),
    ] {
        let mut browser = world.browser();
        let executor = format!(
            "/api/v3/flows/executor/default-authentication-flow/?query=next%3D{}",
            next.replace('%', "%25")
        );
        browser.challenge(&executor).await;
        browser.answer(&executor, json!({"uid_field": "akadmin"})).await;
        let end = browser.answer(&executor, json!({"password": "Throwaway-Pw-1"})).await;
        match ok {
            Some(to) => assert_eq!(end["to"], to, "{end}"),
            None => assert_eq!(end["error_message"], "Invalid next URL", "{end}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn set_up_works_once() {
    let world = World::new().await;
    let (mut one, mut two) = (world.browser(), world.browser());
    let executor = "/api/v3/flows/executor/initial-setup/?query=";
    for path in ["/", "/if/user/", "/if/admin/", "/flows/-/default/authentication/"] {
        assert_eq!(one.get(path).await.location(), "/if/flow/initial-setup/", "{path}");
    }
    let shown = one.challenge(executor).await;
    assert_eq!(shown["component"], "ak-stage-prompt", "{shown}");
    let keys: Vec<_> = shown["fields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|field| field["field_key"].as_str().unwrap())
        .collect();
    assert_eq!(keys, ["oobe-header-text", "email", "password", "password_repeat"]);
    two.challenge(executor).await;

    let empty = one.post_json(executor, json!({})).await.json();
    for key in ["email", "password", "password_repeat"] {
        assert_eq!(empty["response_errors"][key][0]["code"], "required");
    }
    let other = one.post_json(executor, json!({"email": "a@example.test", "password": "Setup-Pw-1-long", "password_repeat": "other"})).await.json();
    assert_eq!(other["response_errors"]["non_field_errors"][0]["string"], "Passwords don't match.");
    let end = one.answer(executor, json!({"email": "a@example.test", "password": "Setup-Pw-1-long", "password_repeat": "Setup-Pw-1-long"})).await;
    assert_eq!(end, json!({"component": "xak-flow-redirect", "to": "/"}));
    let me = one.get("/api/v3/core/users/me/").await.json();
    assert_eq!(
        (&me["user"]["username"], &me["user"]["email"]),
        (&json!("akadmin"), &json!("a@example.test"))
    );

    let late = two.answer(executor, json!({"email": "b@example.test", "password": "Other-Pw-1-long", "password_repeat": "Other-Pw-1-long"})).await;
    assert_eq!(late["component"], "ak-stage-access-denied", "{late}");
    assert_eq!(
        world.browser().challenge(executor).await["error_message"],
        "Flow does not apply to current user."
    );
    assert_eq!(
        world.browser().get("/").await.location(),
        "/flows/-/default/authentication/?next=/"
    );
    world.browser().sign_in("akadmin", "Setup-Pw-1-long").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_at_once_make_one_administrator() {
    let world = World::new().await;
    let executor = "/api/v3/flows/executor/initial-setup/?query=";
    let mut browsers = [world.browser(), world.browser(), world.browser(), world.browser()];
    for browser in &mut browsers {
        browser.challenge(executor).await;
    }
    let body = |n: usize| json!({"email": "a@example.test", "password": format!("Setup-Pw-{n}-long"), "password_repeat": format!("Setup-Pw-{n}-long")});
    let [a, b, c, d] = &mut browsers;
    let ends = tokio::join!(
        a.answer(executor, body(1)),
        b.answer(executor, body(2)),
        c.answer(executor, body(3)),
        d.answer(executor, body(4))
    );
    let ends = [ends.0, ends.1, ends.2, ends.3];
    let won = ends.iter().filter(|end| end["component"] == "xak-flow-redirect").count();
    assert_eq!(won, 1, "{ends:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_password_counts_and_keeps_this_session() {
    let world = World::set_up().await;
    let mut browser = world.browser();
    browser.sign_in("akadmin", "Throwaway-Pw-1").await;
    let mut elsewhere = world.browser();
    elsewhere.sign_in("akadmin", "Throwaway-Pw-1").await;
    let executor = "/api/v3/flows/executor/default-password-change/?query=";
    assert_eq!(
        world.browser().challenge(executor).await["error_message"],
        "Flow does not apply to current user."
    );
    browser.challenge(executor).await;
    let weak = browser
        .post_json(executor, json!({"password": "password123", "password_repeat": "password123"}))
        .await
        .json();
    assert_eq!(weak["response_errors"]["non_field_errors"][0]["string"], "Password is too weak.");
    let short = browser
        .post_json(executor, json!({"password": "short", "password_repeat": "short"}))
        .await
        .json();
    assert_eq!(short["response_errors"]["non_field_errors"][0]["code"], "invalid");
    let end = browser
        .answer(
            executor,
            json!({"password": "New-User-Pw-2-long", "password_repeat": "New-User-Pw-2-long"}),
        )
        .await;
    assert_eq!(end["component"], "xak-flow-redirect", "{end}");
    assert_eq!(browser.get("/api/v3/core/users/me/").await.status, StatusCode::OK);
    assert_eq!(elsewhere.get("/api/v3/core/users/me/").await.status, StatusCode::FORBIDDEN);
    world.browser().sign_in("akadmin", "New-User-Pw-2-long").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn own_details_can_be_changed_within_the_rules() {
    let world = World::set_up().await;
    let mut browser = world.browser();
    browser.sign_in("akadmin", "Throwaway-Pw-1").await;
    let executor = "/api/v3/flows/executor/default-user-settings-flow/?query=";
    let shown = browser.challenge(executor).await;
    assert_eq!(shown["fields"][0]["initial_value"], "akadmin");
    let mail = shown["fields"][2]["initial_value"].as_str().unwrap().to_owned();
    let refused = browser.post_json(executor, json!({"username": "root", "name": "N", "email": mail, "attributes.settings.locale": ""})).await.json();
    assert_eq!(
        refused["response_errors"]["non_field_errors"][0]["string"],
        "Not allowed to change username."
    );
    let email = if mail.is_empty() { json!("x@example.test") } else { json!(mail) };
    let answer = browser.answer(executor, json!({"username": "akadmin", "name": "The Boss", "email": email, "attributes.settings.locale": "de"})).await;
    if mail.is_empty() {
        assert_eq!(
            answer["response_errors"]["non_field_errors"][0]["string"],
            "Not allowed to change email address."
        );
        return;
    }
    assert_eq!(answer["component"], "xak-flow-redirect", "{answer}");
    let me = browser.get("/api/v3/core/users/me/").await.json();
    assert_eq!(
        (&me["user"]["name"], &me["user"]["settings"]["locale"]),
        (&json!("The Boss"), &json!("de"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn logging_out_ends_the_session() {
    let world = World::set_up().await;
    let mut browser = world.browser();
    browser.sign_in("akadmin", "Throwaway-Pw-1").await;
    assert_eq!(
        browser.get("/flows/-/default/invalidation/").await.location(),
        "/if/flow/default-invalidation-flow/"
    );
    let end = browser.get("/api/v3/flows/executor/default-invalidation-flow/?query=").await;
    assert_eq!(end.json(), json!({"component": "xak-flow-redirect", "to": "/"}));
    assert!(!browser.cookies.contains_key("authentik_session"));
    assert_eq!(browser.get("/api/v3/core/users/me/").await.status, StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_bodies_are_errors_of_the_flow_not_of_the_server() {
    let world = World::set_up().await;
    let mut browser = world.browser();
    browser.challenge(LOGIN).await;
    let form = browser
        .send(
            Method::POST,
            LOGIN,
            "application/x-www-form-urlencoded",
            "uid_field=akadmin".to_owned(),
        )
        .await;
    assert_eq!(form.json()["component"], "ak-stage-flow-error");
    assert_eq!(form.json()["request_id"], form.headers["x-authentik-id"].to_str().unwrap());
    let broken = browser.send(Method::POST, LOGIN, "application/json", "{".to_owned()).await;
    assert_eq!(broken.json()["component"], "ak-stage-flow-error");
    let list = browser.send(Method::POST, LOGIN, "application/json", "[]".to_owned()).await.json();
    assert_eq!(list["response_errors"]["non_field_errors"][0]["code"], "invalid");
    assert_eq!(browser.challenge(LOGIN).await["component"], "ak-stage-identification");
    assert_eq!(
        browser.get("/api/v3/flows/executor/nothing/?query=").await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_are_recorded_without_secrets() {
    let world = World::set_up().await;
    let mut browser = world.browser();
    browser.sign_in("akadmin", "Throwaway-Pw-1").await;
    for _ in 0..500 {
        let runs = browser.get("/api/v3/countersign/runs/?outcome=done").await;
        let all = runs.json()["results"].as_array().cloned().unwrap_or_default();
        // The run of the set-up is there before.
        if let Some(run) = all.iter().find(|run| run["flow"] == "default-authentication-flow") {
            assert!(!runs.text.contains("Throwaway-Pw-1"));
            let stages: Vec<_> = run["steps"]
                .as_array()
                .unwrap()
                .iter()
                .filter_map(|step| step["outcome"].as_str())
                .collect();
            assert!(stages.contains(&"passed") && stages.contains(&"shown"), "{run}");
            assert!(
                run["steps"].to_string().contains("default-authentication-flow-password-stage"),
                "{run}"
            );
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the run was not recorded");
}

/// A run ends a day after its beginning, however often it is answered in between.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_has_an_end_however_often_it_is_answered() {
    let world = World::set_up().await;
    let mut admin = world.administrator().await;
    let button = admin.create("stages/dummy", json!({"name": "button"})).await;
    let city = json!({"name": "city", "field_key": "city", "label": "City", "type": "text", "required": true});
    let city = admin.create("stages/prompt/prompts", city).await;
    let ask = admin.create("stages/prompt/stages", json!({"name": "ask", "fields": [city]})).await;
    admin.flow("ask", json!({}), &[&button, &ask]).await;
    let path = executor("ask");
    let mut browser = world.browser();
    browser.challenge(&path).await;
    assert_eq!(browser.answer(&path, json!({})).await["component"], "ak-stage-prompt");
    for _ in 0..47 {
        world.clock.advance(1800);
        let shown = browser.answer(&path, json!({})).await;
        assert_eq!(shown["component"], "ak-stage-prompt");
    }
    world.clock.advance(1800);
    let over = browser.challenge(&path).await;
    assert_eq!(over["component"], "ak-stage-dummy", "{over}");
}
