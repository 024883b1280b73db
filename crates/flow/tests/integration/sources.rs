//! People who come by a source: whose account they get into, and whose they do not.

use crate::world::{Answer, Browser, OTHER_SIDE, World, executor};
use http::{Method, StatusCode};
use serde_json::{Value, json};

const BEGIN: &str = "/source/test/acme/";
const BACK: &str = "/source/test/acme/back/";
const SETTINGS: &str = "/if/user/#/settings";

/// A source with the shipped flows. Gives its key.
async fn source(admin: &mut Browser<'_>, fields: Value) -> Value {
    let flow = async |admin: &mut Browser<'_>, slug: &str| {
        admin.get(&format!("/api/v3/flows/instances/{slug}/")).await.json()["pk"].clone()
    };
    let mut body = json!({
        "name": "Acme", "slug": "acme",
        "authentication_flow": flow(admin, "default-source-authentication").await,
        "enrollment_flow": flow(admin, "default-source-enrollment").await,
    });
    body.as_object_mut().unwrap().extend(fields.as_object().cloned().unwrap_or_default());
    admin.create("sources/test", body).await
}

fn bob() -> Value {
    json!({"identifier": "id-bob", "properties": {"username": "bob", "name": "Bob", "email": "bob@acme.example"}})
}

/// The other side names somebody to this browser, which has set out before or not.
async fn back(browser: &mut Browser<'_>, said: &Value) -> Answer {
    browser.send(Method::POST, BACK, "text/plain", said.to_string()).await
}

/// Sets out, comes back, and goes through what the flow does by itself; the last answer.
async fn comes(browser: &mut Browser<'_>, said: &Value) -> Answer {
    let out = browser.get(BEGIN).await;
    assert_eq!((out.status, out.location()), (StatusCode::FOUND, OTHER_SIDE), "{}", out.text);
    let answer = back(browser, said).await;
    follow(browser, answer).await
}

async fn follow(browser: &mut Browser<'_>, mut answer: Answer) -> Answer {
    for _ in 0..10 {
        let to = answer.location().to_owned();
        if !to.starts_with("/if/flow/") {
            return answer;
        }
        answer = browser.get(&to).await;
    }
    panic!("in a circle")
}

async fn me(browser: &mut Browser<'_>) -> Value {
    browser.get("/api/v3/core/users/me/").await.json()["user"].clone()
}

async fn refused(world: &World, said: &Value, words: &str) {
    let mut browser = world.browser();
    let answer = comes(&mut browser, said).await;
    assert!(answer.text.contains(words), "{} {}", answer.status, answer.text);
    assert!(me(&mut browser).await.is_null(), "{words}");
}

async fn rows(world: &World) -> i64 {
    world.count("SELECT COUNT(*) FROM user_source_connection").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_enrols_and_is_the_same_person_next_time() {
    let world = World::set_up().await;
    let mut admin = world.administrator().await;
    let pk = source(&mut admin, json!({})).await;
    let mut browser = world.browser();
    let end = comes(&mut browser, &bob()).await;
    assert_eq!(end.location(), "/if/user/", "{}", end.text);
    let account = me(&mut browser).await;
    assert_eq!(account["username"], "bob");
    let stored = admin.get(&format!("/api/v3/core/users/{}/", account["pk"])).await.json();
    assert_eq!(stored["path"], "goauthentik.io/sources/acme");
    assert_eq!(stored["email"], "bob@acme.example");
    assert_eq!(stored["attributes"]["goauthentik.io/user/sources"], json!(["Acme"]));
    let linked = admin.get("/api/v3/events/events/?action=source_linked").await.json();
    assert_eq!(linked["results"][0]["context"]["source"]["name"], "Acme", "{linked}");
    let login = admin.get("/api/v3/events/events/?action=login&username=bob").await.json();
    assert_eq!(login["results"][0]["context"]["source"]["name"], "Acme", "{login}");

    let mut again = world.browser();
    let mut renamed = bob();
    renamed["properties"] = json!({"username": "somebody-else", "email": "x@acme.example"});
    comes(&mut again, &renamed).await;
    let same = me(&mut again).await;
    assert_eq!((&same["pk"], &same["username"]), (&account["pk"], &json!("bob")));
    assert_eq!(rows(&world).await, 1);
    let listed = admin.get("/api/v3/sources/user_connections/all/").await.json();
    let row = &listed["results"][0];
    assert_eq!((&row["source"], &row["identifier"]), (&pk, &json!("id-bob")));
    assert_eq!(row["source_obj"]["slug"], "acme");
    assert_eq!(row["source_obj"]["icon"], "/static/authentik/sources/test.svg");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_wanted_to_get_somewhere_gets_there() {
    let world = World::set_up().await;
    let mut admin = world.administrator().await;
    source(&mut admin, json!({})).await;
    let mut browser = world.browser();
    let out = browser.get(&format!("{BEGIN}?next=/if/admin/%23/core")).await;
    assert_eq!(out.location(), OTHER_SIDE);
    let answer = back(&mut browser, &bob()).await;
    let end = follow(&mut browser, answer).await;
    assert_eq!(end.location(), "/if/admin/#/core");
    let mut away = world.browser();
    away.get(&format!("{BEGIN}?next=https://evil.example/")).await;
    let answer = back(&mut away, &bob()).await;
    assert_eq!(follow(&mut away, answer).await.location(), "/if/user/");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_without_a_name_is_asked_for_one() {
    let world = World::set_up().await;
    let mut admin = world.administrator().await;
    source(&mut admin, json!({})).await;
    let mut browser = world.browser();
    let page = comes(&mut browser, &json!({"identifier": "id-carol", "properties": {}})).await;
    assert!(page.text.contains("name=\"username\""), "{}", page.text);
    assert_eq!(rows(&world).await, 0);
    let url = "/if/flow/default-source-enrollment/";
    // Somebody else's name is no way into their account.
    browser.post_form(url, &[("username", "akadmin")]).await;
    let answer = browser.get(url).await;
    assert!(me(&mut browser).await.is_null(), "{}", answer.text);
    let mut browser = world.browser();
    comes(&mut browser, &json!({"identifier": "id-carol", "properties": {}})).await;
    browser.post_form(url, &[("username", "carol")]).await;
    browser.get(url).await;
    assert_eq!(me(&mut browser).await["username"], "carol");
    assert_eq!(rows(&world).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_without_flows_lets_nobody_in() {
    let world = World::set_up().await;
    let mut admin = world.administrator().await;
    source(&mut admin, json!({"enrollment_flow": null})).await;
    refused(&world, &bob(), "Source is not configured for enrollment.").await;
    admin.change("sources/test/acme", json!({"enrollment_flow": admin_flow(&world).await})).await;
    comes(&mut world.browser(), &bob()).await;
    assert_eq!(rows(&world).await, 1);
    admin.change("sources/test/acme", json!({"authentication_flow": null})).await;
    refused(&world, &bob(), "Configured flow does not exist.").await;
    for wrong in [json!({"identifier": ""}), json!({"identifier": "x".repeat(2000)})] {
        refused(&world, &wrong, "has not said who you are").await;
    }
}

async fn admin_flow(world: &World) -> Value {
    let mut admin = world.administrator().await;
    admin.get("/api/v3/flows/instances/default-source-enrollment/").await.json()["pk"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_a_way_in_only_where_it_names_one_account_and_counts() {
    let world = World::set_up().await;
    let mut admin = world.administrator().await;
    source(&mut admin, json!({"user_matching_mode": "email_link"})).await;
    let nina = json!({"username": "nina", "name": "Nina", "email": "nina@acme.example"});
    let nina = admin.create("core/users", nina).await;
    let denied = "has been denied";
    let said = |identifier: &str, email: &str| json!({"identifier": identifier, "properties": {"username": "other", "email": email}});
    refused(&world, &said("a", ""), denied).await;
    let mut unverified = said("a", "nina@acme.example");
    unverified["email_is_unverified"] = json!(true);
    refused(&world, &unverified, denied).await;
    // It looks alike, and may be another mailbox.
    refused(&world, &said("a", "Nina@acme.example"), denied).await;
    let service = json!({"username": "robot", "name": "Robot", "email": "robot@acme.example", "type": "service_account"});
    admin.create("core/users", service).await;
    refused(&world, &said("a", "robot@acme.example"), denied).await;
    for name in ["twin1", "twin2"] {
        let twin = json!({"username": name, "name": name, "email": "twin@acme.example"});
        admin.create("core/users", twin).await;
    }
    refused(&world, &said("a", "twin@acme.example"), denied).await;
    assert_eq!(rows(&world).await, 0);

    let mut browser = world.browser();
    comes(&mut browser, &said("a", "nina@acme.example")).await;
    assert_eq!(me(&mut browser).await["pk"], nina);
    assert_eq!(me(&mut browser).await["username"], "nina", "nothing is written on the way");
    // Whoever has the address now is somebody else at the source.
    refused(&world, &said("b", "nina@acme.example"), denied).await;
    assert_eq!(rows(&world).await, 1);
    let failed = admin.get("/api/v3/events/events/?action=login_failed").await.json();
    assert!(failed["results"][0]["context"]["reason"].is_string(), "{failed}");

    admin.change("sources/test/acme", json!({"user_matching_mode": "username_deny"})).await;
    let taken = json!({"identifier": "c", "properties": {"username": "Nina"}});
    refused(&world, &taken, denied).await;
    let free = json!({"identifier": "c", "properties": {"username": "oscar"}});
    let mut browser = world.browser();
    comes(&mut browser, &free).await;
    assert_eq!(me(&mut browser).await["username"], "oscar");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_identity_is_connected_only_by_who_asks_for_it_here_and_now() {
    let world = World::set_up().await;
    let mut admin = world.administrator().await;
    source(&mut admin, json!({})).await;
    let mut nina = world.browser();
    admin.create("core/users", json!({"username": "nina", "name": "Nina"})).await;
    world.set_password("nina", "Throwaway-Pw-2").await;
    nina.sign_in("nina", "Throwaway-Pw-2").await;
    // Another site brings an answer that it got for itself, with an errand or without.
    let forged = back(&mut nina, &bob()).await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN, "{}", forged.text);
    let mut stranger = world.browser();
    stranger.get(BEGIN).await;
    let errand = stranger.cookies["test_errand"].clone();
    nina.cookies.insert("test_errand".to_owned(), errand);
    assert_eq!(back(&mut nina, &bob()).await.status, StatusCode::FORBIDDEN);
    nina.cookies.remove("test_errand");
    // It takes a button of ours.
    let page = nina.get(BEGIN).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text.contains("Connect Acme?") && page.text.contains("nina"), "{}", page.text);
    let media = "application/x-www-form-urlencoded";
    let forged = nina.send(Method::POST, BEGIN, media, "connect=1&csrf=x".to_owned()).await;
    assert_eq!(forged.status, StatusCode::OK);
    assert_eq!(rows(&world).await, 0);
    world.clock.advance(400);
    let old = nina.post_form(BEGIN, &[("connect", "1")]).await;
    assert!(old.location().starts_with("/flows/-/default/authentication/?next="), "{}", old.text);
    nina.sign_in("nina", "Throwaway-Pw-2").await;
    nina.get(BEGIN).await;
    let out = nina.post_form(BEGIN, &[("connect", "1")]).await;
    assert_eq!(out.location(), OTHER_SIDE, "{}", out.text);
    // In another browser the errand is worth nothing.
    let mut thief = world.browser();
    thief.cookies.insert("test_errand".to_owned(), nina.cookies["test_errand"].clone());
    assert_eq!(back(&mut thief, &bob()).await.status, StatusCode::BAD_REQUEST);
    let done = back(&mut nina, &bob()).await;
    assert_eq!((done.status, done.location()), (StatusCode::SEE_OTHER, SETTINGS), "{}", done.text);
    assert_eq!(rows(&world).await, 1);
    let mut browser = world.browser();
    comes(&mut browser, &bob()).await;
    assert_eq!(me(&mut browser).await["username"], "nina");
    // Neither a second identity, nor one that is somebody else's.
    let second = json!({"identifier": "id-2", "properties": {}});
    for (said, account) in [(&second, "nina"), (&bob(), "akadmin")] {
        let mut browser = world.browser();
        let password = if account == "nina" { "Throwaway-Pw-2" } else { crate::world::PASSWORD };
        browser.sign_in(account, password).await;
        browser.get(BEGIN).await;
        browser.post_form(BEGIN, &[("connect", "1")]).await;
        let answer = back(&mut browser, said).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{account}: {}", answer.text);
        assert_eq!(me(&mut browser).await["username"], account);
    }
    assert_eq!(rows(&world).await, 1);
    // An errand that lies about is over after a while.
    nina.get(BEGIN).await;
    nina.post_form(BEGIN, &[("connect", "1")]).await;
    world.clock.advance(1000);
    assert_eq!(back(&mut nina, &bob()).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test(flavor = "multi_thread")]
async fn people_see_and_remove_their_own_connections_and_say_nothing_about_them() {
    let world = World::set_up().await;
    let mut admin = world.administrator().await;
    let acme = source(&mut admin, json!({})).await;
    let (mut one, mut other) = (world.browser(), world.browser());
    comes(&mut one, &bob()).await;
    let said = json!({"identifier": "id-eve", "properties": {"username": "eve"}});
    comes(&mut other, &said).await;
    let listed = other.get("/api/v3/sources/user_connections/all/").await.json();
    assert_eq!(listed["results"].as_array().unwrap().len(), 1, "{listed}");
    let row = listed["results"][0]["pk"].clone();
    let own = format!("/api/v3/sources/user_connections/all/{row}/");
    let change = json!({"identifier": "id-of-somebody-else"}).to_string();
    let refused = other.send(Method::PATCH, &own, "application/json", change.clone()).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}", refused.text);
    let make = json!({"user": me(&mut other).await["pk"], "source": acme, "identifier": "id-x"});
    let made = other.post_json("/api/v3/sources/user_connections/test/", make).await;
    assert_eq!(made.status, StatusCode::FORBIDDEN, "{}", made.text);
    let not_theirs = one.send(Method::DELETE, &own, "application/json", String::new()).await;
    assert_eq!(not_theirs.status, StatusCode::NOT_FOUND);
    world.clock.advance(400);
    let old = other.send(Method::DELETE, &own, "application/json", String::new()).await;
    assert_eq!(old.json()["code"], "reauthentication_required", "{}", old.text);
    let mut other = world.browser();
    comes(&mut other, &said).await;
    let gone = other.send(Method::DELETE, &own, "application/json", String::new()).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT, "{}", gone.text);
    // The name is taken by the account that was left behind: nobody gets into that.
    let answer = comes(&mut world.browser(), &said).await;
    assert!(answer.text.contains("Failed to update user"), "{}", answer.text);
    // An administrator says whose an identity is.
    let mut admin = world.administrator().await;
    let eve = me(&mut other).await["pk"].clone();
    let body = json!({"user": eve, "source": acme, "identifier": "id-eve"});
    let pk = admin.create("sources/user_connections/test", body.clone()).await;
    let twice = admin.post_json("/api/v3/sources/user_connections/test/", body).await;
    assert_eq!(twice.status, StatusCode::BAD_REQUEST);
    let path = format!("sources/user_connections/test/{pk}");
    admin.change(&path, json!({"identifier": "id-eve-2"})).await;
    let mut browser = world.browser();
    comes(&mut browser, &json!({"identifier": "id-eve-2"})).await;
    assert_eq!(me(&mut browser).await["username"], "eve");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ends_meanwhile_ends_the_sign_in() {
    let world = World::set_up().await;
    let mut admin = world.administrator().await;
    source(&mut admin, json!({})).await;
    let mut known = world.browser();
    comes(&mut known, &bob()).await;
    let login = "/if/flow/default-source-authentication/";
    // Disabled while somebody is at the other side, and while the flow waits.
    let mut browser = world.browser();
    browser.get(BEGIN).await;
    admin.change("sources/test/acme", json!({"enabled": false})).await;
    let answer = back(&mut browser, &bob()).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert_eq!(world.browser().get(BEGIN).await.status, StatusCode::NOT_FOUND);
    admin.change("sources/test/acme", json!({"enabled": true})).await;
    for end in ["disabled", "moved", "disconnected"] {
        let mut browser = world.browser();
        browser.get(BEGIN).await;
        let answer = back(&mut browser, &bob()).await;
        assert_eq!(answer.location(), login, "{}", answer.text);
        let of = |name: &str| {
            format!(
                "UPDATE user_source_connection SET user_id = (SELECT id FROM users WHERE username = '{name}')"
            )
        };
        match end {
            "disabled" => admin.change("sources/test/acme", json!({"enabled": false})).await,
            "moved" => world.execute(&of("akadmin")).await,
            _ => world.execute("DELETE FROM user_source_connection").await,
        }
        let answer = browser.get(login).await;
        assert!(me(&mut browser).await.is_null(), "{end}: {}", answer.text);
        admin.change("sources/test/acme", json!({"enabled": true})).await;
        world.execute(&of("bob")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_source_takes_its_connections_along() {
    let world = World::set_up().await;
    let mut admin = world.administrator().await;
    source(&mut admin, json!({"group_matching_mode": "identifier"})).await;
    let mut said = bob();
    said["properties"]["groups"] = json!(["staff"]);
    comes(&mut world.browser(), &said).await;
    assert_eq!(rows(&world).await, 1);
    let gone = admin
        .send(Method::DELETE, "/api/v3/sources/all/acme/", "application/json", String::new())
        .await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT, "{}", gone.text);
    assert_eq!(rows(&world).await, 0);
    assert_eq!(world.count("SELECT COUNT(*) FROM group_source_connection").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_are_those_that_the_source_names_now() {
    let world = World::set_up().await;
    let mut admin = world.administrator().await;
    source(&mut admin, json!({"group_matching_mode": "name_link"})).await;
    let own = admin.create("core/groups", json!({"name": "choir"})).await;
    let own = own.as_str().unwrap();
    let said = |groups: &[&str]| {
        let mut said = bob();
        said["properties"]["groups"] = json!(groups);
        said
    };
    let mut browser = world.browser();
    comes(&mut browser, &said(&["staff", "choir"])).await;
    let pk = me(&mut browser).await["pk"].clone();
    let names = async |admin: &mut Browser<'_>| {
        let user = admin.get(&format!("/api/v3/core/users/{pk}/")).await.json();
        let groups = user["groups_obj"].as_array().unwrap().clone();
        let mut names: Vec<String> =
            groups.iter().map(|group| group["name"].as_str().unwrap().to_owned()).collect();
        names.sort();
        names
    };
    assert_eq!(names(&mut admin).await, ["choir", "staff"]);
    let linked = admin.get(&format!("/api/v3/core/groups/{own}/")).await.json();
    assert_eq!(linked["users"], json!([pk]));
    // A group that is not the source's stays.
    let other = admin.create("core/groups", json!({"name": "chess"})).await;
    let other = other.as_str().unwrap();
    let added =
        admin.post_json(&format!("/api/v3/core/groups/{other}/add_user/"), json!({"pk": pk})).await;
    assert_eq!(added.status, StatusCode::NO_CONTENT, "{}", added.text);
    comes(&mut world.browser(), &said(&["staff"])).await;
    assert_eq!(names(&mut admin).await, ["chess", "staff"]);
    // Whoever names groups at the other side gives no rights here.
    let mut browser = world.browser();
    let answer = comes(&mut browser, &said(&["authentik Admins"])).await;
    assert!(answer.text.contains("Failed to update groups"), "{}", answer.text);
    assert!(me(&mut browser).await.is_null());
    assert_eq!(names(&mut admin).await, ["chess", "staff"]);
    admin.change("sources/test/acme", json!({"group_matching_mode": "name_deny"})).await;
    let answer = comes(&mut world.browser(), &said(&["chess"])).await;
    assert!(answer.text.contains("Failed to update groups"), "{}", answer.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn mappings_say_what_an_account_and_a_group_is() {
    let world = World::set_up().await;
    let mut admin = world.administrator().await;
    let mapping = async |admin: &mut Browser<'_>, name: &str, expression: &str| {
        let body = json!({"name": name, "expression": expression});
        admin.create("propertymappings/source/test", body).await
    };
    let user = mapping(&mut admin, "user", "return {\"username\": info[\"login\"], \"groups\": [\"g1\"], \"attributes\": {\"team\": source.slug}}").await;
    let group = mapping(
        &mut admin,
        "group",
        "return {\"name\": \"Team \" + group_id, \"attributes\": {\"x\": 1}}",
    )
    .await;
    let broken = mapping(&mut admin, "broken", "return 1 / 0").await;
    source(
        &mut admin,
        json!({"user_property_mappings": [user], "group_property_mappings": [group]}),
    )
    .await;
    let said = json!({
        "identifier": "id-1", "given": {"info": {"login": "dora"}},
        "properties": {"username": "raw", "password": "set-by-the-source", "is_active": false, "attributes.goauthentik.io/user/debug": true},
    });
    let mut browser = world.browser();
    comes(&mut browser, &said).await;
    let account = me(&mut browser).await;
    assert_eq!(account["username"], "dora");
    let stored = admin.get(&format!("/api/v3/core/users/{}/", account["pk"])).await.json();
    assert_eq!(stored["attributes"]["team"], "acme");
    assert!(stored["attributes"].get("goauthentik.io/user/debug").is_none(), "{stored}");
    assert_eq!(stored["groups_obj"][0]["name"], "Team g1");
    assert_eq!(stored["groups_obj"][0]["attributes"], json!({"x": 1}));
    let passwords = "SELECT COUNT(*) FROM users WHERE username = 'dora' AND password NOT LIKE '!%'";
    assert_eq!(world.count(passwords).await, 0);
    admin.change("sources/test/acme", json!({"user_property_mappings": [broken]})).await;
    refused(&world, &said, "could not read what the source said").await;
    let events = admin.get("/api/v3/events/events/?action=configuration_error").await.json();
    assert!(events["results"][0]["context"]["message"].as_str().unwrap().contains("broken"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_policies_of_a_source_are_asked() {
    let world = World::set_up().await;
    let mut admin = world.administrator().await;
    let acme = source(&mut admin, json!({})).await;
    comes(&mut world.browser(), &bob()).await;
    admin
        .policy(
            "mail",
            "return context[\"prompt_data\"][\"email\"].endswith(\"@acme.example\")",
            &acme,
        )
        .await;
    let mut browser = world.browser();
    comes(&mut browser, &bob()).await;
    assert_eq!(me(&mut browser).await["username"], "bob");
    let mut elsewhere = bob();
    elsewhere["properties"]["email"] = json!("bob@evil.example");
    refused(&world, &elsewhere, "The rules of this source do not let you in").await;
    elsewhere["identifier"] = json!("id-new");
    refused(&world, &elsewhere, "The rules of this source do not let you in").await;
    assert_eq!(rows(&world).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_and_the_challenge_offer_sources() {
    let world = World::set_up().await;
    let mut admin = world.administrator().await;
    let acme = source(&mut admin, json!({})).await;
    let beta = json!({"name": "Beta", "slug": "beta"});
    let beta = admin.create("sources/test", beta).await;
    let copied = json!({"name": "Copied", "slug": "copied", "has_button": false});
    let copied = admin.create("sources/test", copied).await;
    let stages = admin.get("/api/v3/stages/identification/").await.json();
    let stage = format!("stages/identification/{}", stages["results"][0]["pk"].as_str().unwrap());
    admin.change(&stage, json!({"sources": [beta, copied, acme]})).await;
    let challenge = world.browser().challenge(&executor("default-authentication-flow")).await;
    assert_eq!(
        challenge["sources"],
        json!([
            {"name": "Acme", "icon_url": "/static/authentik/sources/test.svg",
             "challenge": {"component": "xak-flow-redirect", "to": "/source/test/acme/"}},
            {"name": "Beta", "icon_url": "/static/authentik/sources/test.svg",
             "challenge": {"component": "xak-flow-redirect", "to": "/source/test/beta/"}},
        ])
    );
    let drawn = async |page: &str| world.browser().get(page).await.text.replace("&#x2f;", "/");
    let page = "/if/flow/default-authentication-flow/";
    let text = drawn(page).await;
    assert!(
        text.contains("href=\"/source/test/acme/\"") && text.contains("alt=\"Continue with Acme\"")
    );
    admin.change(&stage, json!({"show_source_labels": true})).await;
    let text = drawn(&format!("{page}?next=/if/admin/")).await;
    assert!(text.contains("Continue with Acme</a>"), "{text}");
    assert!(text.contains("/source/test/acme/?next=%2Fif%2Fadmin%2F"), "{text}");
    admin.change("sources/test/beta", json!({"enabled": false})).await;
    let text = drawn(page).await;
    assert!(!text.contains("Beta"));
    // One way only: nobody is asked to press it. Clients of the API do so by themselves.
    let only = admin
        .create(
            "stages/identification",
            json!({"name": "only", "user_fields": [], "sources": [acme]}),
        )
        .await;
    admin.flow("only", json!({"designation": "authentication"}), &[&only]).await;
    let answer = world.browser().get("/if/flow/only/?next=/if/admin/").await;
    assert_eq!(answer.location(), "/source/test/acme/?next=%2Fif%2Fadmin%2F", "{}", answer.text);
    let challenge = world.browser().challenge(&executor("only")).await;
    assert_eq!(challenge["component"], "ak-stage-identification");
    let none = json!({"name": "none", "user_fields": [], "sources": []});
    let refused = admin.post_json("/api/v3/stages/identification/", none).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    let settings = admin.get("/api/v3/sources/all/user_settings/").await.json();
    assert_eq!(
        settings,
        json!([{"object_uid": "acme", "component": "ak-user-settings-source-test", "title": "Acme",
                "configure_url": "/source/test/acme/", "icon_url": "/static/authentik/sources/test.svg"}])
    );
    let icon = admin
        .post_json(
            "/api/v3/sources/all/acme/set_icon_url/",
            json!({"url": "https://acme.example/i.svg"}),
        )
        .await;
    assert_eq!(icon.status, StatusCode::OK, "{}", icon.text);
    let shown = admin.get("/api/v3/sources/all/acme/").await.json();
    assert_eq!(shown["icon"], "https://acme.example/i.svg");
    assert!(shown.get("group_matching_mode").is_none() && shown.get("has_button").is_none());
}

/// A flow that asks the source and signs in; the browser at the source with its ticket.
async fn waiting<'w>(world: &'w World, admin: &mut Browser<'_>, stages: &[&Value]) -> Browser<'w> {
    let acme = admin.get("/api/v3/sources/all/acme/").await.json()["pk"].clone();
    let ask = admin.create("stages/source", json!({"name": "ask", "source": acme})).await;
    let login = admin.create("stages/user_login", json!({"name": "via login"})).await;
    let mut all = stages.to_vec();
    all.extend([&ask, &login]);
    admin.flow("via", json!({"designation": "authentication"}), &all).await;
    world.browser()
}

async fn sets_out(browser: &mut Browser<'_>, mut answer: Answer) -> String {
    if answer.location().starts_with("/if/flow/") {
        answer = browser.get("/if/flow/via/").await;
    }
    let to = answer.location().to_owned();
    assert!(to.starts_with("/source/test/acme/?resume="), "{to} {}", answer.text);
    let out = browser.get(&to).await;
    assert_eq!(out.location(), OTHER_SIDE, "{}", out.text);
    to
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flow_asks_a_source_and_goes_on() {
    let world = World::set_up().await;
    let mut admin = world.administrator().await;
    source(&mut admin, json!({})).await;
    comes(&mut world.browser(), &bob()).await;
    let mut browser = waiting(&world, &mut admin, &[]).await;
    // Without a flow of the source, the one that waits goes on by itself; with one, after that.
    for flow in [None, Some("default-source-authentication")] {
        let key = match flow {
            None => Value::Null,
            Some(slug) => {
                admin.get(&format!("/api/v3/flows/instances/{slug}/")).await.json()["pk"].clone()
            }
        };
        admin.change("sources/test/acme", json!({"authentication_flow": key})).await;
        let first = browser.get("/if/flow/via/").await;
        let ticket = sets_out(&mut browser, first).await;
        let errand = browser.cookies["test_errand"].clone();
        let mut thief = world.browser();
        assert_eq!(thief.get(&ticket).await.status, StatusCode::BAD_REQUEST);
        thief.cookies.insert("test_errand".to_owned(), errand.clone());
        assert_eq!(back(&mut thief, &bob()).await.status, StatusCode::BAD_REQUEST);
        let answer = back(&mut browser, &bob()).await;
        let end = follow(&mut browser, answer).await;
        assert_eq!(me(&mut browser).await["username"], "bob", "{}", end.text);
        // A second time the ticket is worth nothing.
        assert_eq!(browser.get(&ticket).await.status, StatusCode::BAD_REQUEST);
        browser = world.browser();
    }
    let first = browser.get("/if/flow/via/").await;
    let ticket = sets_out(&mut browser, first).await;
    world.clock.advance(700);
    assert_eq!(browser.get(&ticket).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(back(&mut browser, &bob()).await.status, StatusCode::BAD_REQUEST);
    let directory = json!({"name": "Copied", "slug": "copied", "has_button": false});
    let directory = admin.create("sources/test", directory).await;
    let body = json!({"name": "wrong", "source": directory});
    let refused = admin.post_json("/api/v3/stages/source/", body).await;
    assert_eq!(
        refused.json(),
        json!({"source": ["Invalid source selected, only web-based sources are supported."]})
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_named_before_is_who_the_source_has_to_name() {
    let world = World::set_up().await;
    let mut admin = world.administrator().await;
    source(&mut admin, json!({"authentication_flow": null})).await;
    comes(&mut world.browser(), &bob()).await;
    let eve = json!({"identifier": "id-eve", "properties": {"username": "eve"}});
    comes(&mut world.browser(), &eve).await;
    let names = admin
        .create("stages/identification", json!({"name": "names", "user_fields": ["username"]}))
        .await;
    let mut browser = waiting(&world, &mut admin, &[&names]).await;
    let (url, back_to) = ("/if/flow/via/", "is about another");
    browser.get(url).await;
    let answer = browser.post_form(url, &[("uid_field", "bob")]).await;
    sets_out(&mut browser, answer).await;
    let answer = back(&mut browser, &eve).await;
    assert!(answer.status.is_client_error(), "{back_to}: {}", answer.text);
    assert!(me(&mut browser).await.is_null());
    let mut browser = world.browser();
    browser.get(url).await;
    let answer = browser.post_form(url, &[("uid_field", "bob")]).await;
    sets_out(&mut browser, answer).await;
    let answer = back(&mut browser, &bob()).await;
    follow(&mut browser, answer).await;
    assert_eq!(me(&mut browser).await["username"], "bob");
    // Nobody has the typed name: whoever the source names is who it is.
    let mut browser = world.browser();
    browser.get(url).await;
    let answer = browser.post_form(url, &[("uid_field", "eve@acme.example")]).await;
    sets_out(&mut browser, answer).await;
    let answer = back(&mut browser, &eve).await;
    follow(&mut browser, answer).await;
    assert_eq!(me(&mut browser).await["username"], "eve");
}
