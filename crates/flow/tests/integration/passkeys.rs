//! Passkeys: set up, asked for as second factor, in place of name and password, and counted once.

use crate::world::{Browser, PASSWORD, World, executor};
use countersign_testing::SoftPasskey;
use http::{Method, StatusCode};
use serde_json::{Value, json};

const SETUP: &str = "default-authenticator-webauthn-setup";
const LOGIN: &str = "default-authentication-flow";
const ORIGIN: &str = "http://id.example.test";
const YUBIKEY: &str = "cb69481e-8ff7-4039-93ec-0a2729a154a8";

fn error(challenge: &Value, field: &str) -> String {
    let text = challenge["response_errors"][field][0]["string"].as_str();
    text.unwrap_or_else(|| panic!("no error of {field}: {challenge}")).to_owned()
}

/// Sets up a passkey of the person signed in.
async fn set_up(browser: &mut Browser<'_>, mut passkey: SoftPasskey) -> SoftPasskey {
    let shown = browser.challenge(&executor(SETUP)).await;
    let made = passkey.create(&shown["registration"]);
    let end = browser.answer(&executor(SETUP), json!({"response": made})).await;
    assert_eq!(end["component"], "xak-flow-redirect", "{end}");
    passkey
}

/// What the browser asks the passkey for.
fn options(shown: &Value) -> Value {
    let device = shown["device_challenges"].as_array().into_iter().flatten();
    let device = device.into_iter().find(|device| device["device_class"] == "webauthn");
    device.unwrap_or_else(|| panic!("no passkey is asked for: {shown}"))["challenge"].clone()
}

async fn name_field(browser: &mut Browser<'_>) -> Value {
    let path = format!("/api/v3/countersign/flows/{LOGIN}/passkey/");
    let answer = browser.post_json(&path, json!({})).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    answer.json()
}

async fn is_in(browser: &mut Browser<'_>) -> bool {
    browser.get("/api/v3/core/users/me/").await.status == StatusCode::OK
}

async fn validate_stage(admin: &mut Browser<'_>) -> String {
    let name = "default-authentication-mfa-validation";
    let found =
        admin.get(&format!("/api/v3/stages/authenticator/validate/?name={name}")).await.json();
    format!("stages/authenticator/validate/{}", found["results"][0]["pk"].as_str().unwrap())
}

async fn setup_stage(admin: &mut Browser<'_>) -> String {
    let found =
        admin.get(&format!("/api/v3/stages/authenticator/webauthn/?name={SETUP}")).await.json();
    format!("stages/authenticator/webauthn/{}", found["results"][0]["pk"].as_str().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passkey_is_set_up_and_asked_for_at_the_next_sign_in() {
    let world = World::set_up().await;
    let mut admin = world.administrator().await;
    let setup = executor(SETUP);
    let shown = admin.challenge(&setup).await;
    assert_eq!(shown["component"], "ak-stage-authenticator-webauthn");
    assert_eq!(shown["registration"]["rp"], json!({"name": "authentik", "id": "id.example.test"}));
    assert_eq!(shown["registration"]["user"]["name"], "akadmin");
    assert_eq!(
        error(&admin.answer(&setup, json!({})).await, "response"),
        "This field is required."
    );
    let bad = json!({"id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": {"clientDataJSON": "e30", "attestationObject": "o2NmbXRkbm9uZQ"}});
    for wrong in [json!({}), bad] {
        let told = error(&admin.answer(&setup, json!({"response": wrong})).await, "response");
        assert!(told.starts_with("Registration failed. Error: "), "{told}");
    }
    let mut evil = SoftPasskey::new("https://evil.test");
    let made = evil.create(&shown["registration"]);
    let refused = admin.answer(&setup, json!({"response": made})).await;
    assert!(error(&refused, "response").starts_with("Registration failed. Error: "));
    assert_ne!(refused["registration"]["challenge"], shown["registration"]["challenge"]);
    let mut passkey = SoftPasskey::new(ORIGIN);
    let made = passkey.create(&shown["registration"]);
    let end = admin.answer(&setup, json!({"response": made})).await;
    assert_eq!(end, json!({"component": "xak-flow-redirect", "to": "/"}));

    // Once, and for one account only.
    let shown = admin.challenge(&setup).await;
    let own = admin.get("/api/v3/authenticators/webauthn/").await.json();
    let known = &shown["registration"]["excludeCredentials"];
    assert_eq!(known[0]["type"], "public-key", "{shown}");
    let again = admin.answer(&setup, json!({"response": made})).await;
    assert!(error(&again, "response").contains("it was used before"), "{again}");
    let again = passkey.create(&again["registration"]);
    let again = admin.answer(&setup, json!({"response": again})).await;
    assert_eq!(error(&again, "response"), "Credential ID already exists.");

    assert_eq!(own["results"][0]["name"], "WebAuthn Device");
    assert_eq!(own["results"][0]["user"]["username"], "akadmin");
    assert_eq!(own["results"][0]["aaguid"], "00000000-0000-0000-0000-000000000000");
    assert_eq!(own["results"][0]["device_type"], Value::Null);
    assert!(own["results"][0]["created_on"].is_string());
    assert!(!own.to_string().contains("public_key") && !own.to_string().contains("credential"));
    let all = admin.get("/api/v3/authenticators/admin/all/").await.json();
    assert_eq!(all[0]["type"], "authentik_stages_authenticator_webauthn.WebAuthnDevice");

    let login = executor(LOGIN);
    let mut browser = world.browser();
    let shown = browser.with_password().await;
    assert_eq!(shown["device_challenges"][0]["device_uid"], "1");
    assert_eq!(options(&shown)["allowCredentials"][0], known[0]);
    let empty = browser.answer(&login, json!({"webauthn": null})).await;
    assert_eq!(error(&empty, "non_field_errors"), "Empty response");
    for wrong in [json!({}), json!("x"), SoftPasskey::new(ORIGIN).get(&options(&shown))] {
        let refused = browser.answer(&login, json!({"webauthn": wrong})).await;
        assert_eq!(error(&refused, "webauthn"), "Invalid device", "{wrong}");
    }
    assert!(!is_in(&mut browser).await);
    world.clock.advance(120);
    let end = browser.answer(&login, json!({"webauthn": passkey.get(&options(&shown))})).await;
    assert_eq!(end["component"], "xak-flow-redirect", "{end}");
    assert!(is_in(&mut browser).await);
    let session = "SELECT COUNT(*) FROM session WHERE data LIKE '%\"mfa_devices\":[{\"app\":\"authentik_stages_authenticator_webauthn\",\"model_name\":\"webauthndevice\",\"pk\":\"1\",%'";
    assert_eq!(world.count(session).await, 1);
    let used = browser.get("/api/v3/authenticators/all/").await.json();
    assert!(used[0]["last_used"].is_string(), "{used}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_counts_for_this_question_and_this_passkey_only() {
    let world = World::set_up().await;
    let mut admin = world.administrator().await;
    let mut passkey = set_up(&mut admin, SoftPasskey::new(ORIGIN)).await;
    let login = executor(LOGIN);
    let mut browser = world.browser();
    // Somebody who signed in before has tries of their own; each is forgotten with the day.
    let shown = browser.with_password().await;
    let mut other = world.browser();
    let elsewhere = other.with_password().await;
    let mut wrong = vec![
        ("of another browser", passkey.get(&options(&elsewhere))),
        (
            "set up, not shown",
            passkey.get(
                &admin.challenge(&executor(SETUP)).await["registration"]
                    .as_object()
                    .map(|o| json!({"rpId": "id.example.test", "challenge": o["challenge"]}))
                    .unwrap(),
            ),
        ),
        ("of nobody", passkey.get(&json!({"rpId": "id.example.test", "challenge": "AAAA"}))),
    ];
    passkey.origin = "https://id.example.test.evil.test".to_owned();
    wrong.push(("of another page", passkey.get(&options(&shown))));
    ORIGIN.clone_into(&mut passkey.origin);
    passkey.rp_id = Some("evil.test".to_owned());
    wrong.push(("of another address", passkey.get(&options(&shown))));
    passkey.rp_id = None;
    for (what, answer) in wrong {
        let refused = browser.answer(&login, json!({"webauthn": answer})).await;
        let told = error(&refused, "webauthn");
        assert_eq!(told, "Assertion failed", "{what}");
        world.clock.advance(61);
    }
    let failed = "SELECT COUNT(*) FROM event WHERE action = 'login_failed' AND context LIKE '%\"device_class\":\"webauthn\"%'";
    assert_eq!(world.count(failed).await, 5);

    // Too late.
    let shown = browser.challenge(&login).await;
    let late = passkey.get(&options(&shown));
    world.clock.advance(301);
    let refused = browser.answer(&login, json!({"webauthn": late})).await;
    assert_eq!(error(&refused, "webauthn"), "Assertion failed");

    // A copy that was used meanwhile: the counter of this one went back.
    world.clock.advance(90_000);
    let counter = passkey.counter.take();
    let mut browser = world.browser();
    let shown = browser.with_password().await;
    let refused = browser.answer(&login, json!({"webauthn": passkey.get(&options(&shown))})).await;
    assert_eq!(error(&refused, "webauthn"), "Assertion failed");
    let copied = "SELECT COUNT(*) FROM event WHERE action = 'login_failed' AND context LIKE '%somebody may have a copy%'";
    assert_eq!(world.count(copied).await, 1);
    passkey.counter = counter;

    // Removed while it is asked for; another is left, so that something is.
    set_up(&mut administrator_with(&world, &passkey).await, SoftPasskey::new(ORIGIN)).await;
    let mut late = administrator_with(&world, &passkey).await;
    let removed = late
        .send(
            Method::DELETE,
            "/api/v3/authenticators/webauthn/1/",
            "application/json",
            String::new(),
        )
        .await;
    assert_eq!(removed.status, StatusCode::NO_CONTENT, "{}", removed.text);
    let refused = browser.answer(&login, json!({"webauthn": passkey.get(&options(&shown))})).await;
    assert_eq!(error(&refused, "webauthn"), "Invalid device");
    assert!(!is_in(&mut browser).await);
}

async fn administrator_with<'a>(world: &'a World, passkey: &SoftPasskey) -> Browser<'a> {
    let mut browser = world.browser();
    let shown = browser.with_password().await;
    let end =
        browser.answer(&executor(LOGIN), json!({"webauthn": passkey.get(&options(&shown))})).await;
    assert_eq!(end["component"], "xak-flow-redirect", "{end}");
    browser
}

#[tokio::test(flavor = "multi_thread")]
async fn one_answer_counts_once_however_many_send_it_at_once() {
    let world = World::set_up().await;
    let mut admin = world.administrator().await;
    let mut passkey = set_up(&mut admin, SoftPasskey::new(ORIGIN)).await;
    let path = format!("/if/flow/{LOGIN}/");
    for counts in [true, false] {
        if !counts {
            // One that does not count, as those of password managers.
            passkey = set_up(&mut admin, SoftPasskey::new(ORIGIN).uncounted()).await;
        }
        let asked = name_field(&mut world.browser()).await;
        assert_eq!(asked["allowCredentials"], json!([]));
        // The same browser, as often as it likes: a page that was opened in many tabs, or its
        // cookie in other hands.
        let mut first = world.browser();
        first.get(&path).await;
        let asked = name_field(&mut first).await;
        let answer = passkey.get(&asked).to_string();
        let before = world.count("SELECT COUNT(*) FROM session").await;
        let mut browsers: Vec<_> = (0..8)
            .map(
                |number| if number % 2 == 0 { world.browser() } else { world.at_another_process() },
            )
            .collect();
        for browser in &mut browsers {
            browser.cookies.clone_from(&first.cookies);
        }
        let mut work = Vec::new();
        for browser in &mut browsers {
            let (path, answer) = (path.clone(), answer.clone());
            work.push(async move {
                browser.post_form(&path, &[("uid_field", ""), ("passkey", &answer)]).await.status
            });
        }
        crate::world::all(work).await;
        for browser in &mut browsers {
            browser.get(&path).await;
        }
        let after = world.count("SELECT COUNT(*) FROM session").await;
        assert_eq!(after, before + 1, "counts: {counts}");
        world.clock.advance(90_000);
        admin = administrator_with(&world, &passkey).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passkey_in_the_name_field_takes_the_place_of_name_and_password() {
    let world = World::set_up().await;
    let mut admin = world.administrator().await;
    let mut passkey = set_up(&mut admin, SoftPasskey::new(ORIGIN)).await;
    let path = format!("/if/flow/{LOGIN}/");
    let mut browser = world.browser();
    let page = browser.get(&path).await;
    assert!(page.text.contains("autocomplete=\"username webauthn\""), "{}", page.text);
    let json = browser.challenge(&executor(LOGIN)).await;
    assert!(!json.to_string().contains("passkey"), "{json}");
    let asked = name_field(&mut browser).await;
    assert_eq!(
        (&asked["userVerification"], &asked["rpId"]),
        (&json!("required"), &json!("id.example.test"))
    );
    passkey.verifies = false;
    let careless = passkey.get(&asked).to_string();
    let refused = browser.post_form(&path, &[("passkey", &careless)]).await;
    assert_eq!(refused.status, StatusCode::OK, "without verification it is no password");
    assert!(refused.text.contains("This passkey was not accepted. Try again."), "{}", refused.text);
    passkey.verifies = true;
    let answer = passkey.get(&asked).to_string();
    let mut thief = world.browser();
    thief.get(&path).await;
    let refused = thief.post_form(&path, &[("passkey", &answer)]).await;
    assert_eq!(refused.status, StatusCode::OK, "another browser's answer");
    let next = browser.post_form(&path, &[("uid_field", ""), ("passkey", &answer)]).await;
    assert_eq!(next.status, StatusCode::SEE_OTHER, "{}", next.text);
    browser.get(&path).await;
    assert!(is_in(&mut browser).await, "neither password nor second factor is asked for");
    let session =
        "SELECT COUNT(*) FROM session WHERE data LIKE '%\"auth_method\":\"auth_webauthn_pwl\"%'";
    assert_eq!(world.count(session).await, 1);

    // A stage that does not take this make asks for a second factor all the same.
    let stage = validate_stage(&mut browser).await;
    browser
        .change(
            &stage,
            json!({"webauthn_allowed_device_types": [YUBIKEY], "not_configured_action": "skip"}),
        )
        .await;
    let mut strict = world.browser();
    strict.get(&path).await;
    let answer = passkey.get(&name_field(&mut strict).await).to_string();
    strict.post_form(&path, &[("uid_field", ""), ("passkey", &answer)]).await;
    let denied = strict.get(&path).await;
    assert!(denied.text.contains("No (allowed) MFA authenticator configured."), "{}", denied.text);
    assert!(!is_in(&mut strict).await);

    // Who is deactivated gets no session by it.
    browser.change(&stage, json!({"webauthn_allowed_device_types": [], "device_classes": ["totp"], "not_configured_action": "skip"})).await;
    let nobody = world
        .browser()
        .post_json(&format!("/api/v3/countersign/flows/{LOGIN}/passkey/"), json!({}))
        .await;
    assert_eq!(nobody.status, StatusCode::NOT_FOUND, "no stage takes one: {}", nobody.text);
    let page = world.browser().get(&path).await;
    assert!(!page.text.contains("webauthn"), "{}", page.text);
    let mut plain = world.browser();
    plain.get(&path).await;
    let shown = plain.post_form(&path, &[("uid_field", "akadmin"), ("passkey", &answer)]).await;
    assert_ne!(shown.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(!is_in(&mut plain).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flow_without_names_knows_people_by_their_passkey() {
    let world = World::set_up().await;
    let mut admin = world.administrator().await;
    let passkey = set_up(&mut admin, SoftPasskey::new(ORIGIN)).await;
    let validate = admin
        .create(
            "stages/authenticator/validate",
            json!({"name": "passwordless", "device_classes": ["webauthn"], "not_configured_action": "deny"}),
        )
        .await;
    let found = admin.get("/api/v3/stages/user_login/?name=default-authentication-login").await;
    let login = found.json()["results"][0]["pk"].clone();
    admin
        .flow(
            "passwordless",
            json!({"designation": "authentication", "authentication": "none"}),
            &[&validate, &login],
        )
        .await;
    let flow = executor("passwordless");
    let mut browser = world.browser();
    let shown = browser.challenge(&flow).await;
    let device = &shown["device_challenges"][0];
    assert_eq!((&device["device_uid"], &device["last_used"]), (&json!("-1"), &Value::Null));
    assert_eq!(device["challenge"]["allowCredentials"], json!([]));
    assert_eq!(shown["pending_user"], "");
    let empty = browser.answer(&flow, json!({})).await;
    assert_eq!(error(&empty, "non_field_errors"), "Empty response");
    let stranger = SoftPasskey::new(ORIGIN).get(&options(&shown));
    let refused = browser.answer(&flow, json!({"webauthn": stranger})).await;
    assert_eq!(error(&refused, "webauthn"), "Invalid device");
    let end = browser.answer(&flow, json!({"webauthn": passkey.get(&options(&refused))})).await;
    assert_eq!(end["component"], "xak-flow-redirect", "{end}");
    assert!(is_in(&mut browser).await);

    let other =
        admin.create("core/users", json!({"username": "uma", "name": "Uma", "groups": []})).await;
    world.set_password("uma", PASSWORD).await;
    let mut uma = world.browser();
    uma.sign_in("uma", PASSWORD).await;
    let hers = set_up(&mut uma, SoftPasskey::new(ORIGIN)).await;
    admin.change(&format!("core/users/{other}"), json!({"is_active": false})).await;
    let mut browser = world.browser();
    let shown = browser.challenge(&flow).await;
    let refused = browser.answer(&flow, json!({"webauthn": hers.get(&options(&shown))})).await;
    assert_eq!(error(&refused, "webauthn"), "Assertion failed", "she was deactivated");
    assert!(!is_in(&mut browser).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_makes_that_a_stage_names_are_set_up_and_count() {
    let world = World::set_up().await;
    let mut admin = world.administrator().await;
    let stage = setup_stage(&mut admin).await;
    for (wrong, told) in [
        (json!(["x"]), "Must be a valid UUID."),
        (json!(["00000000-0000-0000-0000-000000000007"]), "Invalid pk"),
    ] {
        let body = json!({"device_type_restrictions": wrong}).to_string();
        let path = format!("/api/v3/{stage}/");
        let refused = admin.send(Method::PATCH, &path, "application/json", body).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST);
        assert!(refused.text.contains(told), "{}", refused.text);
    }
    admin.change(&stage, json!({"device_type_restrictions": [YUBIKEY]})).await;
    let kept = admin.get(&format!("/api/v3/{stage}/")).await.json();
    let make = json!({"aaguid": YUBIKEY, "description": "YubiKey 5 Series"});
    assert_eq!(kept["device_type_restrictions_obj"], json!([make]));
    let setup = executor(SETUP);
    let shown = admin.challenge(&setup).await;
    let made = SoftPasskey::new(ORIGIN).create(&shown["registration"]);
    let refused = admin.answer(&setup, json!({"response": made})).await;
    assert_eq!(
        error(&refused, "response"),
        "Invalid device type. Contact your authentik administrator for help."
    );
    let aaguid = YUBIKEY.parse::<uuid::Uuid>().unwrap().into_bytes();
    let yubikey = set_up(&mut admin, SoftPasskey::new(ORIGIN).of_make(aaguid)).await;
    let own = admin.get("/api/v3/authenticators/webauthn/").await.json();
    assert_eq!(own["results"][0]["name"], "YubiKey 5 Series");
    assert_eq!(own["results"][0]["device_type"], make);
    let all = admin.get("/api/v3/authenticators/all/").await.json();
    assert_eq!(all[0]["extra_description"], "YubiKey 5 Series");

    // A second one, of another make, does not count where only that one does.
    admin.change(&stage, json!({"device_type_restrictions": []})).await;
    let other = set_up(&mut admin, SoftPasskey::new(ORIGIN)).await;
    let validate = validate_stage(&mut admin).await;
    admin.change(&validate, json!({"webauthn_allowed_device_types": [YUBIKEY]})).await;
    let login = executor(LOGIN);
    let mut browser = world.browser();
    let shown = browser.with_password().await;
    assert_eq!(options(&shown)["allowCredentials"].as_array().unwrap().len(), 1);
    let refused = browser.answer(&login, json!({"webauthn": other.get(&options(&shown))})).await;
    assert_eq!(
        error(&refused, "webauthn"),
        "Invalid device type. Contact your authentik administrator for help."
    );
    let end = browser.answer(&login, json!({"webauthn": yubikey.get(&options(&shown))})).await;
    assert_eq!(end["component"], "xak-flow-redirect", "{end}");
    admin
        .change(
            &validate,
            json!({"webauthn_allowed_device_types": ["00000000-0000-0000-0000-000000000000"]}),
        )
        .await;
    let mut browser = world.browser();
    let shown = browser.with_password().await;
    let end = browser.answer(&login, json!({"webauthn": other.get(&options(&shown))})).await;
    assert_eq!(end["component"], "xak-flow-redirect", "of a make that nobody knows: {end}");

    let types =
        admin.get("/api/v3/stages/authenticator/webauthn_device_types/?search=yubikey").await;
    let types = types.json();
    assert!(types["pagination"]["count"].as_i64().unwrap() > 20, "{types}");
    let path = format!("/api/v3/stages/authenticator/webauthn_device_types/{YUBIKEY}/");
    assert_eq!(admin.get(&path).await.json(), make);
    let gone =
        "/api/v3/stages/authenticator/webauthn_device_types/00000000-0000-0000-0000-000000000007/";
    assert_eq!(admin.get(gone).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passkey_shown_lately_counts_again_until_it_is_removed() {
    let world = World::set_up().await;
    let mut admin = world.administrator().await;
    let passkey = set_up(&mut admin, SoftPasskey::new(ORIGIN)).await;
    set_up(&mut admin, SoftPasskey::new(ORIGIN)).await;
    let validate = validate_stage(&mut admin).await;
    admin.change(&validate, json!({"last_auth_threshold": "hours=1"})).await;
    let known = administrator_with(&world, &passkey).await.cookies["authentik_mfa"].clone();
    let asked = async || {
        let mut browser = world.browser();
        browser.cookies.insert("authentik_mfa".to_owned(), known.clone());
        browser.with_password().await["component"] == "ak-stage-authenticator-validate"
    };
    assert!(!asked().await);
    let path = "/api/v3/authenticators/webauthn/1/";
    let gone = admin.send(Method::DELETE, path, "application/json", String::new()).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT, "{}", gone.text);
    assert!(asked().await, "the other one was not shown");
}
