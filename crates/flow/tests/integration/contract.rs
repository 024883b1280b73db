//! What every stage and every page has to keep to, so that the next one does.

use std::collections::BTreeSet;

use crate::world::{World, executor};
use countersign_pages::sample;
use http::StatusCode;
use serde_json::{Map, Value, json};

#[test]
fn pages_are_drawn_with_and_without_a_flow() {
    let pages = countersign_flow::pages();
    sample::check(&pages).unwrap();
    sample::distinct(&pages).unwrap();
}

/// Whatever a page says of itself is in the catalogues; only its data is not.
#[test]
fn pages_say_nothing_in_english_alone() {
    let shown = sample::data(&countersign_flow::pages()).unwrap();
    let data: BTreeSet<String> = DATA.iter().map(|&text| text.to_owned()).collect();
    let forgotten: Vec<_> = shown.difference(&data).collect();
    assert!(forgotten.is_empty(), "texts without a name in locales/en.ftl: {forgotten:#?}");
}

/// What the samples of pages are filled with.
const DATA: &[&str] = &[
    "0GaBgW6RpKJA",
    "2v9lHE",
    "5d0d125d4bae4b9daa175c6811605677",
    "7kKJnMarAeHc",
    "A few words",
    "As you want to be called.",
    "Authenticator app",
    "Countersign",
    "DWEomQpMuWdr",
    "Deutsch",
    "English",
    "Example GmbH",
    "Flask SSO App",
    "Help",
    "Invalid password",
    "Italiano",
    "Nederlands",
    "Nobody gets past.",
    "Polski",
    "Recovery codes",
    "S7TO 6HWI WTN7 MVZ3 FIYY Y3BQ FLSS SABA",
    "Stage name: dummy",
    "These answers are not accepted.",
    "This stage fails on purpose.",
    "Uma Martin",
    "Welcome to authentik!",
    "Your email address",
    "ak-locale",
    "checkbox",
    "date",
    "date-time",
    "dropdown",
    "email",
    "file",
    "localhost:5000",
    "number",
    "oCkAgCY8bVWT",
    "password",
    "radio-button-group",
    "separator",
    "text",
    "text_area",
    "text_read_only",
    "to continue to Flask SSO App",
    "uma@example.org",
    "uma@example.org ·",
    "username",
];

#[tokio::test(flavor = "multi_thread")]
async fn the_api_documents_every_page() {
    let world = World::set_up().await;
    let document = world.browser().get("/api/v3/schema/?format=json").await.json();
    let schemas = &document["components"]["schemas"];
    let mapping = &schemas["ChallengeTypes"]["discriminator"]["mapping"];
    for page in countersign_flow::pages() {
        let reference =
            mapping[page.component].as_str().unwrap_or_else(|| panic!("{}", page.component));
        let schema = &schemas[reference.rsplit('/').next().unwrap()];
        for sample in (page.samples)() {
            let challenge = sample.json();
            for name in schema["required"].as_array().unwrap() {
                let name = name.as_str().unwrap();
                assert!(
                    challenge.contains_key(name) || name.starts_with("pending_user"),
                    "{reference} {name}"
                );
            }
            for name in challenge.keys() {
                assert!(schema["properties"].get(name).is_some(), "{reference} {name}");
            }
        }
    }
}

/// What a kind needs beside its name.
fn fields(path: &str) -> Value {
    match path {
        "stages/authenticator/totp" => json!({"digits": "6"}),
        "stages/authenticator/validate" => json!({"not_configured_action": "deny"}),
        "stages/authenticator/duo" => {
            json!({"api_hostname": "127.0.0.1:1", "client_id": "a", "client_secret": "b"})
        }
        "stages/authenticator/sms" => {
            json!({"provider": "generic", "from_number": "1", "account_sid": "http://127.0.0.1:1/", "auth": "a"})
        }
        "stages/captcha" => {
            json!({"public_key": "a", "private_key": "b", "api_url": "http://127.0.0.1:1/"})
        }
        "stages/identification" => json!({"user_fields": ["username"]}),
        "stages/mtls" => {
            json!({"mode": "required", "cert_attribute": "email", "user_attribute": "email"})
        }
        "stages/password" => json!({"backends": ["authentik.core.auth.InbuiltBackend"]}),
        "stages/prompt/stages" => json!({"fields": []}),
        "stages/redirect" => json!({"mode": "static", "target_static": "/x/"}),
        "stages/user_login" => json!({"remember_me_offset": "days=1"}),
        _ => json!({}),
    }
}

/// Every sort of stage stands between two buttons. Whatever is sent to it, twice, with another
/// page's fields or with nothing, it asks again, refuses, or is done: it never breaks, and never
/// is passed by the answer to another page.
#[tokio::test(flavor = "multi_thread")]
async fn every_stage_bears_any_answer() {
    let world = World::set_up().await;
    let mut admin = world.browser();
    admin.sign_in("akadmin", "Throwaway-Pw-1").await;
    let dummy = admin.create("stages/dummy", json!({"name": "button"})).await;
    let source = admin.create("sources/test", json!({"name": "Acme", "slug": "acme"})).await;
    let modules = world.cx.modules();
    let stages = modules.iter().flat_map(|module| &module.kinds).filter_map(|kind| {
        let meta = kind.meta();
        meta.family.is_some_and(|family| family.space.0 == "stage").then_some(meta)
    });
    let known: Vec<_> = countersign_flow::pages().iter().map(|page| page.component).collect();
    for (path, offered) in stages.map(|meta| (meta.path, meta.creatable)) {
        let slug = path.replace('/', "-");
        let mut body = Map::from_iter([("name".to_owned(), slug.clone().into())]);
        body.extend(fields(path).as_object().unwrap().clone());
        if path == "stages/source" {
            body.insert("source".to_owned(), source.clone());
        }
        let stage = admin.create(path, body.into()).await;
        admin.flow(&slug, json!({}), &[&dummy, &stage, &dummy]).await;
        let executor = executor(&slug);
        for answer in [
            json!({}),
            json!({"component": "ak-stage-dummy"}),
            json!({"component": "ak-stage-password", "password": "x", "uid_field": ""}),
            json!({"token": "x", "remember_me": null, "uid_field": {"a": 1}}),
        ] {
            let mut browser = world.browser();
            let mut shown = browser.challenge(&executor).await;
            assert_eq!(shown["component"], "ak-stage-dummy", "{path}");
            shown = browser.answer(&executor, json!({})).await;
            // The page again, as after a reload.
            if shown["component"] != "xak-flow-redirect"
                && shown["component"] != "ak-stage-access-denied"
            {
                let again = browser.challenge(&executor).await;
                assert_eq!(again["component"], shown["component"], "{path}");
                shown = browser.answer(&executor, answer.clone()).await;
            }
            let component = shown["component"].as_str().unwrap();
            assert!(known.contains(&component), "{path} shows {component}");
            let cannot_run = shown.to_string().contains("is not available in this version");
            assert!(!offered || !cannot_run, "{path} is offered and cannot run");
            assert_ne!(component, "ak-stage-flow-error", "{path} {answer} {shown}");
            let page = browser.get(&format!("/if/flow/{slug}/")).await;
            assert_ne!(page.status, StatusCode::INTERNAL_SERVER_ERROR, "{path}");
            let posted =
                browser.post_form(&format!("/if/flow/{slug}/"), &[("password", "x")]).await;
            assert_ne!(posted.status, StatusCode::INTERNAL_SERVER_ERROR, "{path}");
        }
    }
}

/// Whatever the browser's own page is asked for, is kept; everything else it sends is not.
#[tokio::test(flavor = "multi_thread")]
async fn a_plan_keeps_no_answers_that_its_page_does_not_declare() {
    let world = World::set_up().await;
    let mut admin = world.browser();
    admin.sign_in("akadmin", "Throwaway-Pw-1").await;
    let mut keys = Vec::new();
    for (key, kind) in
        [("city", "text"), ("otp", "text"), ("pin", "text"), ("code", "text"), ("must", "text")]
    {
        let prompt = json!({"name": key, "field_key": key, "label": key, "type": kind, "required": key == "must"});
        keys.push(admin.create("stages/prompt/prompts", prompt).await);
    }
    let stage = admin.create("stages/prompt/stages", json!({"name": "ask", "fields": keys})).await;
    admin.flow("ask", json!({}), &[&stage]).await;
    let mut browser = world.browser();
    browser.get("/if/flow/ask/").await;
    let sent = [
        ("city", "Ulm-typed"),
        ("otp", "otp-typed"),
        ("pin", "pin-typed"),
        ("code", "code-typed"),
        ("passcode_of_no_page", "other-typed"),
    ];
    let refused = browser.post_form("/if/flow/ask/", &sent).await;
    for page in [refused.text, browser.get("/if/flow/ask/").await.text] {
        assert!(page.contains("Ulm-typed"), "{page}");
        assert_eq!(page.matches("-typed").count(), 1, "{page}");
    }
}

/// The stage that asked for name and password shows the refusal of the next, which keeps counting.
#[tokio::test(flavor = "multi_thread")]
async fn name_and_password_on_one_page_are_two_stages() {
    const LOGIN: &str = "/if/flow/default-authentication-flow/";
    let world = World::set_up().await;
    let mut browser = world.browser();
    let page = browser.get(LOGIN).await.text;
    assert!(page.contains("name=\"uid_field\"") && page.contains("name=\"password\""), "{page}");
    assert!(page.contains("value=\"\" autocomplete=\"username"), "nobody is known: {page}");
    for (name, told) in
        [("akadmin", "do not match"), ("nobody", "do not match"), ("akadmin", "do not match")]
    {
        let wrong = browser.post_form(LOGIN, &[("uid_field", name), ("password", "nope")]).await;
        assert_eq!(wrong.status, StatusCode::OK);
        assert!(wrong.text.contains(told) && wrong.text.contains(&format!("value=\"{name}\"")));
        // A reload asks for both, without the password.
        let again = browser.get(LOGIN).await.text;
        assert!(again.contains("name=\"uid_field\"") && again.contains("name=\"password\""));
        assert!(again.contains(&format!("value=\"{name}\"")) && !again.contains("nope"));
    }
    let right = [("uid_field", "akadmin"), ("password", "Throwaway-Pw-1")];
    assert_eq!(browser.post_form(LOGIN, &right).await.status, StatusCode::SEE_OTHER);
    assert_eq!(browser.get(LOGIN).await.location(), "/");
    // Five wrong ones in all end the flow, although the name was asked for each time.
    let mut other = world.browser();
    other.get(LOGIN).await;
    let wrong = [("uid_field", "somebody"), ("password", "nope")];
    for _ in 0..4 {
        other.post_form(LOGIN, &wrong).await;
        world.clock.advance(120);
    }
    let last = other.post_form(LOGIN, &wrong).await.text;
    assert!(last.contains("Too many wrong passwords"), "{last}");
}

/// What an older version of the program remembered of a stage begins the flow anew.
#[tokio::test(flavor = "multi_thread")]
async fn a_plan_of_another_version_begins_anew() {
    use countersign_store::Owner;
    let world = World::set_up().await;
    let mut browser = world.browser();
    let login = executor("default-authentication-flow");
    browser.challenge(&login).await;
    let shown = browser.answer(&login, json!({"uid_field": "akadmin"})).await;
    assert_eq!(shown["component"], "ak-stage-password");
    let ephemeral = world.cx.store.ephemeral();
    let name = world.plan_of(&browser);
    let found = ephemeral.get("flow_plan", &name).await.unwrap().unwrap();
    let sealer = world.cx.store.sealer();
    let opened = sealer.open(&String::from_utf8(found.bytes).unwrap()).unwrap();
    let mut plan: Value = serde_json::from_str(opened.expose()).unwrap();
    assert_eq!(plan["plan"]["steps"][0]["state"], json!({"failed": 0}));
    plan["plan"]["steps"][0]["state"] = json!({"tries": "many"});
    let sealed = sealer.seal(&plan.to_string()).into_bytes();
    let owner = Owner::client("127.0.0.1".parse().unwrap());
    ephemeral.put("flow_plan", &name, sealed, 3600, owner).await.unwrap();
    let begun = browser.challenge(&login).await;
    assert_eq!(begun["component"], "ak-stage-identification", "{begun}");
}
