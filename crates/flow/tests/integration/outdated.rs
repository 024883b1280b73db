//! What vanished or changed while somebody is in a flow never makes the way shorter.

use crate::world::{Browser, World, executor};
use http::{Method, StatusCode};
use serde_json::{Value, json};

const RIGHT: &str = "Throwaway-Pw-1";

/// A sign-in of three stages: who, password, and a second question.
struct Login {
    slug: String,
    flow: Value,
    bindings: Vec<Value>,
    stages: [Value; 4],
}

async fn login(admin: &mut Browser<'_>, slug: &str, again: bool) -> Login {
    let name = |what: &str| format!("{slug} {what}");
    let who = admin
        .create("stages/identification", json!({"name": name("who"), "user_fields": ["username"]}))
        .await;
    let password = admin
        .create(
            "stages/password",
            json!({"name": name("password"), "backends": ["authentik.core.auth.InbuiltBackend"]}),
        )
        .await;
    let field = admin.create("stages/prompt/prompts", json!({"name": name("field"), "field_key": "pin", "label": "PIN", "type": "text", "order": 0})).await;
    let second = admin
        .create("stages/prompt/stages", json!({"name": name("second"), "fields": [field]}))
        .await;
    let end = admin.create("stages/user_login", json!({"name": name("end")})).await;
    let stages = [who, password, second, end];
    let (flow, bindings) = admin
        .flow(slug, json!({"designation": "authentication"}), &stages.iter().collect::<Vec<_>>())
        .await;
    for binding in &bindings {
        let how = json!({"evaluate_on_plan": true, "re_evaluate_policies": again});
        admin.change(&format!("flows/bindings/{}", binding.as_str().unwrap()), how).await;
    }
    Login { slug: slug.to_owned(), flow, bindings, stages }
}

async fn delete(admin: &mut Browser<'_>, path: &str) {
    let answer = admin
        .send(Method::DELETE, &format!("/api/v3/{path}/"), "application/json", String::new())
        .await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{path}: {}", answer.text);
}

const EDITS: [&str; 11] = [
    "binding replaced",
    "binding deleted",
    "binding to another stage",
    "stage deleted",
    "stage changed",
    "order changed",
    "stage added",
    "policy bound to the stage",
    "policy bound to the flow",
    "question deleted",
    "flow changed",
];

/// Edits what comes at `place` of the flow: 1 is the password, 2 the second question.
async fn edit(admin: &mut Browser<'_>, login: &Login, place: usize, what: &str) {
    let key = |value: &Value| value.as_str().unwrap().to_owned();
    let (binding, stage) = (key(&login.bindings[place]), key(&login.stages[place]));
    let dummy =
        admin.create("stages/dummy", json!({"name": format!("{} {what} dummy", login.slug)})).await;
    let kind = if place == 1 { "password" } else { "prompt/stages" };
    match what {
        "binding replaced" => {
            admin.create("flows/bindings", json!({"target": login.flow, "stage": login.stages[place], "order": 70 + place})).await;
            delete(admin, &format!("flows/bindings/{binding}")).await;
        }
        "binding deleted" => delete(admin, &format!("flows/bindings/{binding}")).await,
        "binding to another stage" => {
            admin.change(&format!("flows/bindings/{binding}"), json!({"stage": dummy})).await;
        }
        "stage deleted" => delete(admin, &format!("stages/{kind}/{stage}")).await,
        "stage changed" => {
            admin
                .change(
                    &format!("stages/{kind}/{stage}"),
                    json!({"name": format!("{} renamed", login.slug)}),
                )
                .await;
        }
        "order changed" => {
            admin.change(&format!("flows/bindings/{binding}"), json!({"order": 50})).await;
        }
        "stage added" => drop(
            admin
                .create(
                    "flows/bindings",
                    json!({"target": login.flow, "stage": dummy, "order": 60}),
                )
                .await,
        ),
        "policy bound to the stage" => drop(
            admin
                .policy(&format!("{} p", login.slug), "return False", &login.bindings[place])
                .await,
        ),
        "policy bound to the flow" => {
            drop(admin.policy(&format!("{} p", login.slug), "return True", &login.flow).await);
        }
        "question deleted" => {
            let fields = admin
                .get(&format!("/api/v3/stages/prompt/stages/{}/", key(&login.stages[2])))
                .await
                .json()["fields"]
                .clone();
            delete(admin, &format!("stages/prompt/prompts/{}", key(&fields[0]))).await;
        }
        "flow changed" => {
            admin
                .change(&format!("flows/instances/{}", login.slug), json!({"title": "Another"}))
                .await;
        }
        other => panic!("{other}"),
    }
}

/// H2: a waiting sign-in skipped the stage whose binding was replaced and signed in without a
/// password.
#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_sign_in_never_skips_what_was_replaced() {
    let world = World::set_up().await;
    let mut admin = world.browser();
    admin.sign_in("akadmin", RIGHT).await;
    for again in [true, false] {
        for place in [1, 2] {
            for (n, what) in EDITS.iter().enumerate() {
                let case = format!("{what}, place {place}, re_evaluate {again}");
                let login = login(&mut admin, &format!("login-{n}-{place}-{again}"), again).await;
                let path = executor(&login.slug);
                let mut visitor = world.browser();
                visitor.challenge(&path).await;
                let mut waiting = visitor.answer(&path, json!({"uid_field": "akadmin"})).await;
                assert_eq!(waiting["component"], "ak-stage-password", "{case}");
                if place == 2 {
                    waiting = visitor.answer(&path, json!({"password": RIGHT})).await;
                    assert_eq!(waiting["component"], "ak-stage-prompt", "{case}");
                }
                // The same browser twice: one asks again, one answers what it was asked.
                let mut answering = world.browser();
                answering.cookies = visitor.cookies.clone();
                edit(&mut admin, &login, place, what).await;
                let answered =
                    answering.post_json(&path, json!({"password": RIGHT, "pin": "1"})).await.json();
                assert_eq!(answered["component"], "ak-stage-identification", "{case}: {answered}");
                assert_eq!(
                    answered["response_errors"]["non_field_errors"][0]["code"], "outdated",
                    "{case}"
                );
                let asked = visitor.challenge(&path).await;
                assert_eq!(asked["component"], "ak-stage-identification", "{case}: {asked}");
                for browser in [&mut visitor, &mut answering] {
                    assert_eq!(
                        browser.get("/api/v3/core/users/me/").await.status,
                        StatusCode::FORBIDDEN,
                        "{case}"
                    );
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flow_that_was_deleted_is_gone_for_those_in_it() {
    let world = World::set_up().await;
    let mut admin = world.browser();
    admin.sign_in("akadmin", RIGHT).await;
    let first = login(&mut admin, "short-lived", true).await;
    let path = executor(&first.slug);
    let mut visitor = world.browser();
    visitor.challenge(&path).await;
    visitor.answer(&path, json!({"uid_field": "akadmin"})).await;
    delete(&mut admin, "flows/instances/short-lived").await;
    assert_eq!(visitor.get(&path).await.status, StatusCode::NOT_FOUND);
    // Another one under its address, without a password: what waited for the old one is not for it.
    let (who, end) = (&first.stages[0], &first.stages[3]);
    admin.flow("short-lived", json!({"designation": "authentication"}), &[who, end]).await;
    assert_eq!(visitor.challenge(&path).await["component"], "ak-stage-identification");
    assert_eq!(visitor.get("/api/v3/core/users/me/").await.status, StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_account_ends_its_sign_in() {
    let world = World::set_up().await;
    let mut admin = world.browser();
    admin.sign_in("akadmin", RIGHT).await;
    let made = admin
        .post_json("/api/v3/core/users/", json!({"username": "leaver", "name": "Leaver"}))
        .await
        .json();
    let path = executor("default-authentication-flow");
    let mut visitor = world.browser();
    visitor.challenge(&path).await;
    assert_eq!(
        visitor.answer(&path, json!({"uid_field": "leaver"})).await["component"],
        "ak-stage-password"
    );
    delete(&mut admin, &format!("core/users/{}", made["pk"])).await;
    assert_eq!(
        visitor.post_json(&path, json!({"password": RIGHT})).await.json()["error_message"],
        "This account does not exist any more."
    );
    assert_eq!(visitor.challenge(&path).await["component"], "ak-stage-identification");
}

/// A plan made by somebody else, here by the link to one's own settings, knows what a new one would
/// not: it is refused.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_program_began_is_refused_when_it_changes() {
    let world = World::set_up().await;
    let mut admin = world.browser();
    admin.sign_in("akadmin", RIGHT).await;
    let found = admin.get("/api/v3/stages/password/").await.json();
    let stage = found["results"]
        .as_array()
        .unwrap()
        .iter()
        .find(|stage| !stage["configure_flow"].is_null())
        .unwrap()["pk"]
        .clone();
    let to = admin.get(&format!("/flows/-/configure/{}/", stage.as_str().unwrap())).await;
    assert_eq!(to.location(), "/if/flow/default-password-change/");
    let path = executor("default-password-change");
    assert_eq!(admin.challenge(&path).await["component"], "ak-stage-prompt");
    admin.change("flows/instances/default-password-change", json!({"title": "Another"})).await;
    let refused = admin.challenge(&path).await;
    assert_eq!(refused["component"], "ak-stage-access-denied", "{refused}");
    assert_eq!(admin.challenge(&path).await["component"], "ak-stage-prompt", "the next one is new");
}
