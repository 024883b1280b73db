//! Second factors: set up by whoever has just proved who they are, asked for at the next sign-in,
//! and counted once.

use crate::world::{Browser, PASSWORD, World, all, executor};
use countersign_store::params;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use totp_rs::{Builder, Secret};

const TOTP: &str = "default-authenticator-totp-setup";
const STATIC: &str = "default-authenticator-static-setup";
const PASSKEY: &str = "default-authenticator-webauthn-setup";
const LOGIN: &str = "default-authentication-flow";
const WRONG: &str =
    "Invalid Token. Please ensure the time on your device is accurate and try again.";

/// An app with the secret that a set-up page shows.
struct App {
    secret: String,
}

impl App {
    fn of(challenge: &Value) -> App {
        let url = challenge["config_url"].as_str().unwrap_or_else(|| panic!("{challenge}"));
        let secret = url.split("secret=").nth(1).unwrap().split('&').next().unwrap();
        App { secret: secret.to_owned() }
    }

    fn code(&self, world: &World) -> String {
        let secret = Secret::try_from_base32(&self.secret).unwrap();
        let totp = Builder::new().with_secret(secret).build().unwrap();
        totp.generate(u64::try_from(world.cx.clock.now().seconds()).unwrap()).to_string()
    }

    /// A code that none before was.
    fn next_code(&self, world: &World) -> String {
        world.clock.advance(30);
        self.code(world)
    }
}

fn error(challenge: &Value, field: &str) -> String {
    let text = challenge["response_errors"][field][0]["string"].as_str();
    text.unwrap_or_else(|| panic!("no error of {field}: {challenge}")).to_owned()
}

async fn set_up_app(browser: &mut Browser<'_>) -> App {
    let app = App::of(&browser.challenge(&executor(TOTP)).await);
    let code = app.code(browser.world);
    let end = browser.answer(&executor(TOTP), json!({"code": code})).await;
    assert_eq!(end["component"], "xak-flow-redirect", "{end}");
    app
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_is_set_up_and_asked_for_at_the_next_sign_in() {
    let world = World::set_up().await;
    let mut admin = world.administrator().await;
    let setup = executor(TOTP);
    let shown = admin.challenge(&setup).await;
    assert_eq!(shown["component"], "ak-stage-authenticator-totp");
    let app = App::of(&shown);
    assert_eq!(
        shown["config_url"],
        format!(
            "otpauth://totp/authentik%3Aakadmin?secret={}&algorithm=SHA1&digits=6&period=30&issuer=authentik",
            app.secret
        )
    );
    assert_eq!(error(&admin.answer(&setup, json!({})).await, "code"), "This field is required.");
    for wrong in [json!("abc"), json!(true), json!("12 x")] {
        let told = error(&admin.answer(&setup, json!({"code": wrong})).await, "code");
        assert!(told == "A valid integer is required." || told == "Not a valid string.", "{told}");
    }
    let wrong = admin.answer(&setup, json!({"code": 0})).await;
    assert_eq!(error(&wrong, "code"), "Code does not match");
    assert_eq!(App::of(&wrong).secret, app.secret, "the same secret after a mistake");
    let again = admin.challenge(&setup).await;
    assert_eq!(App::of(&again).secret, app.secret, "and after the browser's back button");
    // A number has lost its leading zeros; that is the client's way to send a code.
    let code: u32 = app.code(&world).parse().unwrap();
    let end = admin.answer(&setup, json!({"code": code})).await;
    assert_eq!(end, json!({"component": "xak-flow-redirect", "to": "/"}));

    let all = admin.get("/api/v3/authenticators/all/").await.json();
    assert_eq!(all.as_array().unwrap().len(), 1, "{all}");
    assert_eq!(all[0]["type"], "authentik_stages_authenticator_totp.TOTPDevice");
    assert_eq!((&all[0]["confirmed"], &all[0]["last_used"]), (&json!(true), &Value::Null));
    let own = admin.get("/api/v3/authenticators/totp/").await.json();
    assert_eq!(own["results"][0]["name"], "TOTP Authenticator");
    assert_eq!(own["results"][0]["user"]["username"], "akadmin");
    assert!(!own.to_string().contains(&app.secret) && !own.to_string().contains("secret"));
    assert_eq!(world.count("SELECT COUNT(*) FROM event WHERE action = 'model_created' AND context LIKE '%totpdevice%'").await, 1);

    let login = executor(LOGIN);
    let mut browser = world.browser();
    let shown = browser.with_password().await;
    assert_eq!(shown["component"], "ak-stage-authenticator-validate");
    let device =
        json!({"device_class": "totp", "device_uid": "1", "challenge": {}, "last_used": null});
    assert_eq!(shown["device_challenges"], json!([device]));
    assert_eq!(shown["configuration_stages"], json!([]));
    for nothing in [json!({}), json!({"password": PASSWORD}), json!({"selected_challenge": device})]
    {
        let refused = browser.answer(&login, nothing).await;
        assert_eq!(error(&refused, "non_field_errors"), "Empty response");
    }
    let unknown =
        json!({"device_class": "totp", "device_uid": "7", "challenge": {}, "last_used": null});
    for wrong in [unknown, json!({"device_class": "totp"}), json!("totp")] {
        let refused = browser.answer(&login, json!({"selected_challenge": wrong})).await;
        assert_eq!(error(&refused, "selected_challenge"), "invalid challenge selected");
    }
    for other in ["webauthn", "duo"] {
        let refused = browser.answer(&login, json!({(other): {"id": "x"}})).await;
        assert_eq!(error(&refused, other), "No compatible device class allowed");
    }
    // The code of the set-up was spent there.
    let refused = browser.answer(&login, json!({"code": app.code(&world)})).await;
    assert_eq!(error(&refused, "code"), WRONG);
    assert_eq!(browser.get("/api/v3/core/users/me/").await.status, StatusCode::FORBIDDEN);
    let end = browser.answer(&login, json!({"code": app.next_code(&world)})).await;
    assert_eq!(end["component"], "xak-flow-redirect", "{end}");
    assert_eq!(browser.get("/api/v3/core/users/me/").await.status, StatusCode::OK);
    let session = "SELECT COUNT(*) FROM session WHERE data LIKE '%\"mfa_devices\":[{\"app\":\"authentik_stages_authenticator_totp\",\"model_name\":\"totpdevice\",\"pk\":\"1\",\"name\":\"TOTP Authenticator\"}]%'";
    assert_eq!(world.count(session).await, 1);
    let used = browser.get("/api/v3/authenticators/all/").await.json();
    assert!(used[0]["last_used"].is_string(), "{used}");
    let failed = "SELECT COUNT(*) FROM event WHERE action = 'login_failed' AND context LIKE '%\"device_class\":\"totp\"%'";
    assert_eq!(world.count(failed).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_code_counts_once_however_many_send_it_at_once() {
    let world = World::set_up().await;
    let mut admin = world.administrator().await;
    let app = set_up_app(&mut admin).await;
    let path = format!("/if/flow/{LOGIN}/");
    for _ in 0..4 {
        let mut browsers = Vec::new();
        for number in 0..8 {
            let mut browser =
                if number % 2 == 0 { world.browser() } else { world.at_another_process() };
            // Somebody who signed in before has tries of their own, and is not slowed down.
            browser.cookies.extend(
                admin
                    .cookies
                    .get("countersign_browser")
                    .map(|known| ("countersign_browser".to_owned(), known.clone())),
            );
            browser.get(&path).await;
            let fields = [("uid_field", "akadmin"), ("password", PASSWORD)];
            assert_eq!(browser.post_form(&path, &fields).await.status, StatusCode::SEE_OTHER);
            browsers.push(browser);
        }
        let code = app.next_code(&world);
        let before = world.count("SELECT COUNT(*) FROM session").await;
        let mut tries = Vec::new();
        for browser in &mut browsers {
            let code = code.clone();
            let path = path.clone();
            tries.push(async move { browser.post_form(&path, &[("code", &code)]).await.status });
        }
        let answers = all(tries).await;
        let passed = answers.iter().filter(|status| **status == StatusCode::SEE_OTHER).count();
        assert_eq!(passed, 1, "{answers:?}");
        for browser in &mut browsers {
            browser.get(&path).await;
        }
        assert_eq!(world.count("SELECT COUNT(*) FROM session").await, before + 1);
        // Forgotten, so that the next round is not slowed down by this one.
        world.clock.advance(90_000);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recovery_code_works_once_and_is_kept_as_a_hash() {
    let world = World::set_up().await;
    let mut admin = world.administrator().await;
    let setup = executor(STATIC);
    let shown = admin.challenge(&setup).await;
    let codes: Vec<String> = serde_json::from_value(shown["codes"].clone()).unwrap();
    assert_eq!((codes.len(), codes[0].len()), (6, 12));
    assert_eq!(admin.challenge(&setup).await["codes"], shown["codes"], "the same after a reload");
    let end = admin.answer(&setup, json!({})).await;
    assert_eq!(end["component"], "xak-flow-redirect");
    let stored = world.cx.store.read(|sql| sql.query("SELECT hash FROM static_token", params![]));
    let stored = stored.await.unwrap();
    let plain: Vec<_> = codes.iter().map(|code| countersign_store::sha256(code).to_vec()).collect();
    assert_eq!(stored.len(), 6);
    assert!(stored.iter().all(|row| !plain.contains(&row.get::<Vec<u8>>(0).unwrap())));
    let listed = admin.get("/api/v3/authenticators/static/").await.json();
    assert_eq!(listed["results"][0]["token_set"].as_array().unwrap().len(), 6);
    assert!(codes.iter().all(|code| !listed.to_string().contains(code)));

    let login = executor(LOGIN);
    let mut browser = world.browser();
    let shown = browser.with_password().await;
    assert_eq!(shown["device_challenges"][0]["device_class"], "static");
    let end = browser.answer(&login, json!({"code": codes[2]})).await;
    assert_eq!(end["component"], "xak-flow-redirect", "{end}");
    let mut other = world.browser();
    other.with_password().await;
    let refused = other.answer(&login, json!({"code": codes[2]})).await;
    assert_eq!(error(&refused, "code"), WRONG);
    let listed = browser.get("/api/v3/authenticators/static/").await.json();
    assert_eq!(listed["results"][0]["token_set"].as_array().unwrap().len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_codes_wait_and_the_right_password_does_not_forget_them() {
    let world = World::set_up().await;
    let mut admin = world.administrator().await;
    let app = set_up_app(&mut admin).await;
    let login = executor(LOGIN);
    for _ in 0..4 {
        let mut browser = world.browser();
        browser.with_password().await;
        browser.post_json(&login, json!({"code": "000000"})).await;
    }
    let mut browser = world.browser();
    browser.with_password().await;
    let answer = browser.post_json(&login, json!({"code": app.code(&world)})).await;
    assert!(answer.headers.contains_key("retry-after"), "{}", answer.text);
    assert!(error(&answer.json(), "code").starts_with("Too many attempts. Try again in"));
    world.clock.advance(120);
    let end = browser.answer(&login, json!({"code": app.code(&world)})).await;
    assert_eq!(end["component"], "xak-flow-redirect", "{end}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stage_does_what_is_set_for_people_without_a_device() {
    let world = World::set_up().await;
    let mut admin = world.administrator().await;
    let stage = async |admin: &mut Browser<'_>, path: &str, name: &str| {
        let found = admin.get(&format!("/api/v3/stages/{path}/?name={name}")).await.json();
        found["results"][0]["pk"].as_str().unwrap().to_owned()
    };
    let validate =
        stage(&mut admin, "authenticator/validate", "default-authentication-mfa-validation").await;
    let (totp, codes) = (
        stage(&mut admin, "authenticator/totp", TOTP).await,
        stage(&mut admin, "authenticator/static", STATIC).await,
    );
    let path = format!("stages/authenticator/validate/{validate}");
    admin.change(&path, json!({"not_configured_action": "deny"})).await;
    let mut browser = world.browser();
    let shown = browser.with_password().await;
    assert_eq!(shown["component"], "ak-stage-access-denied");
    assert_eq!(shown["error_message"], "No (allowed) MFA authenticator configured.");

    let several =
        json!({"not_configured_action": "configure", "configuration_stages": [totp, codes]});
    admin.change(&path, several).await;
    let login = executor(LOGIN);
    let mut browser = world.browser();
    let shown = browser.with_password().await;
    assert_eq!(shown["device_challenges"], json!([]));
    assert_eq!(
        shown["configuration_stages"][0],
        json!({"pk": totp, "name": "TOTP Device", "verbose_name": "TOTP Authenticator", "meta_model_name": "authentik_stages_authenticator_totp.authenticatortotpstage"})
    );
    let refused = browser.answer(&login, json!({"code": "123456"})).await;
    assert_eq!(error(&refused, "non_field_errors"), "Empty response");
    for wrong in ["x", validate.as_str()] {
        let refused = browser.answer(&login, json!({"selected_stage": wrong})).await;
        assert_eq!(error(&refused, "selected_stage"), "Selected stage is invalid");
    }
    let shown = browser.answer(&login, json!({"selected_stage": codes})).await;
    assert_eq!(shown["component"], "ak-stage-authenticator-static", "{shown}");

    admin.change(&path, json!({"configuration_stages": [totp]})).await;
    let mut browser = world.browser();
    let shown = browser.with_password().await;
    let app = App::of(&shown);
    let end = browser.answer(&login, json!({"code": app.code(&world)})).await;
    assert_eq!(end["component"], "xak-flow-redirect", "nothing is asked for twice: {end}");
    let mut browser = world.browser();
    let shown = browser.with_password().await;
    assert_eq!(shown["component"], "ak-stage-authenticator-validate");

    // A class that does not count here is none, not even for a right code.
    admin
        .change(&path, json!({"device_classes": ["static"], "not_configured_action": "skip"}))
        .await;
    let mut browser = world.browser();
    assert_eq!(browser.with_password().await["component"], "xak-flow-redirect");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_shows_a_proof_again_as_long_as_the_stage_says() {
    let world = World::set_up().await;
    let mut admin = world.administrator().await;
    let app = set_up_app(&mut admin).await;
    let name = "default-authentication-mfa-validation";
    let found =
        admin.get(&format!("/api/v3/stages/authenticator/validate/?name={name}")).await.json();
    let path =
        format!("stages/authenticator/validate/{}", found["results"][0]["pk"].as_str().unwrap());
    admin.change(&path, json!({"last_auth_threshold": "hours=1"})).await;
    let login = executor(LOGIN);
    let mut browser = world.browser();
    browser.with_password().await;
    browser.answer(&login, json!({"code": app.next_code(&world)})).await;
    let known = browser.cookies["authentik_mfa"].clone();
    let asked = async |cookie: &str| {
        let mut browser = world.browser();
        browser.cookies.insert("authentik_mfa".to_owned(), cookie.to_owned());
        browser.with_password().await["component"] == "ak-stage-authenticator-validate"
    };
    assert!(!asked(&known).await);
    let mut forged = known.clone();
    forged.replace_range(40..41, if &known[40..41] == "a" { "b" } else { "a" });
    for other in ["", "x", &forged] {
        assert!(asked(other).await, "{other}");
    }
    admin.change(&path, json!({"last_auth_threshold": "minutes=1"})).await;
    assert!(asked(&known).await, "the threshold became shorter");
    admin.change(&path, json!({"last_auth_threshold": "hours=1"})).await;
    assert!(!asked(&known).await);
    world.clock.advance(3601);
    assert!(asked(&known).await, "its time has passed");
}

#[tokio::test(flavor = "multi_thread")]
async fn factors_change_only_right_after_a_sign_in() {
    let world = World::set_up().await;
    let mut admin = world.administrator().await;
    set_up_app(&mut admin).await;
    let device = "/api/v3/authenticators/totp/1/";
    let key = admin
        .post_json("/api/v3/core/tokens/", json!({"identifier": "machine", "intent": "api"}))
        .await;
    assert_eq!(key.status, StatusCode::CREATED, "{}", key.text);
    world.clock.advance(301);
    let renamed = admin
        .send(Method::PATCH, device, "application/json", json!({"name": "Phone"}).to_string())
        .await;
    assert_eq!((renamed.status, &renamed.json()["name"]), (StatusCode::OK, &json!("Phone")));
    for path in [device, "/api/v3/authenticators/admin/totp/1/"] {
        let refused = admin.send(Method::DELETE, path, "application/json", String::new()).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
        let refused = refused.json();
        assert_eq!(refused["code"], "reauthentication_required");
        assert_eq!(refused["url"], "/flows/-/default/authentication/");
    }
    for setup in [TOTP, STATIC] {
        let away = admin.challenge(&executor(setup)).await;
        assert_eq!(away["component"], "xak-flow-redirect");
        let to = away["to"].as_str().unwrap();
        assert!(to.starts_with("/flows/-/default/authentication/?next=%2Fif%2Fflow%2F"), "{to}");
    }
    // A token has no moment of signing in.
    let key = admin.get("/api/v3/core/tokens/machine/view_key/").await.json();
    let mut machine = world.browser();
    let bearer = format!("Bearer {}", key["key"].as_str().unwrap());
    machine.headers.push(("authorization", Box::leak(bearer.into_boxed_str())));
    let gone = machine.send(Method::DELETE, device, "application/json", String::new()).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT, "{}", gone.text);
    let deleted =
        "SELECT COUNT(*) FROM event WHERE action = 'model_deleted' AND context LIKE '%totpdevice%'";
    assert_eq!(world.count(deleted).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_no_proof_to_set_up_a_factor_with() {
    let world = World::set_up().await;
    let mut admin = world.administrator().await;
    let find = async |admin: &mut Browser<'_>, path: &str, name: &str| {
        let found = admin.get(&format!("/api/v3/stages/{path}/?name={name}")).await.json();
        found["results"][0]["pk"].clone()
    };
    let named = find(&mut admin, "identification", "default-authentication-identification").await;
    for (path, name) in [("authenticator/totp", TOTP), ("authenticator/static", STATIC)] {
        let stage = find(&mut admin, path, name).await;
        let slug = format!("named-{}", path.replace('/', "-"));
        admin.flow(&slug, json!({"authentication": "none"}), &[&named, &stage]).await;
        let mut browser = world.browser();
        browser.challenge(&executor(&slug)).await;
        let refused = browser.answer(&executor(&slug), json!({"uid_field": "akadmin"})).await;
        assert_eq!(refused["component"], "ak-stage-access-denied", "{refused}");
    }
    assert_eq!(world.count("SELECT COUNT(*) FROM totp_device").await, 0);
}

/// An administrator names a device for somebody; it counts nowhere until its owner sets it up.
#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_is_only_named_counts_nowhere() {
    let world = World::set_up().await;
    let mut admin = world.administrator().await;
    for path in ["totp", "static"] {
        let made = admin
            .post_json(&format!("/api/v3/authenticators/admin/{path}/"), json!({"name": "Desk"}))
            .await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    }
    let all = admin.get("/api/v3/authenticators/admin/all/").await.json();
    assert!(all.as_array().unwrap().iter().all(|device| device["confirmed"] == false), "{all}");
    assert_eq!(admin.get("/api/v3/authenticators/all/").await.json(), json!([]));
    let mut browser = world.browser();
    assert_eq!(browser.with_password().await["component"], "xak-flow-redirect");
    set_up_app(&mut browser).await;
    let all = browser.get("/api/v3/authenticators/all/").await.json();
    assert_eq!((&all[0]["name"], all.as_array().unwrap().len()), (&json!("Desk"), 1), "{all}");
}

/// What another version of the program remembered of a set-up begins it anew, with another secret.
#[tokio::test(flavor = "multi_thread")]
async fn a_set_up_of_another_version_begins_anew() {
    let world = World::set_up().await;
    let mut admin = world.administrator().await;
    let before = App::of(&admin.challenge(&executor(TOTP)).await);
    let ephemeral = world.cx.store.ephemeral();
    let (name, sealer) = (world.plan_of(&admin), world.cx.store.sealer());
    let found = ephemeral.get("flow_plan", &name).await.unwrap().unwrap();
    let opened = sealer.open(&String::from_utf8(found.bytes).unwrap()).unwrap();
    assert!(opened.expose().contains(&before.secret));
    let mut plan: Value = serde_json::from_str(opened.expose()).unwrap();
    plan["plan"]["steps"][0]["state"] = json!({"key": [1, 2, 3]});
    let bytes = sealer.seal(&plan.to_string()).into_bytes();
    let owner = countersign_store::Owner::client("127.0.0.1".parse().unwrap());
    ephemeral.put("flow_plan", &name, bytes, 3600, owner).await.unwrap();
    let code = before.code(&world);
    let shown = admin.answer(&executor(TOTP), json!({"code": code})).await;
    assert_eq!(shown["component"], "ak-stage-authenticator-totp", "{shown}");
    assert_ne!(App::of(&shown).secret, before.secret);
    assert_eq!(world.count("SELECT COUNT(*) FROM totp_device").await, 0);
    set_up_app(&mut admin).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_acts_as_somebody_else_sets_up_no_factor_of_theirs() {
    let world = World::set_up().await;
    let mut admin = world.administrator().await;
    let user = json!({"username": "uma", "name": "Uma", "path": "users"});
    let uma = admin.create("core/users", user).await;
    let acting = admin
        .post_json(&format!("/api/v3/core/users/{uma}/impersonate/"), json!({"reason": "help"}))
        .await;
    assert!(acting.status.is_success(), "{}", acting.text);
    for setup in [TOTP, STATIC] {
        let refused = admin.challenge(&executor(setup)).await;
        assert_eq!(refused["component"], "ak-stage-access-denied", "{refused}");
        assert!(refused["error_message"].as_str().unwrap().contains("acting as somebody else"));
    }
}

/// A page that was opened while somebody was signed in ends with the session: with the cookie of
/// one that ended, nothing is set up and no password changed.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_begun_in_a_session_ends_with_it() {
    let world = World::set_up().await;
    for flow in [TOTP, STATIC, PASSKEY, "default-password-change"] {
        let mut thief = world.administrator().await;
        let begun = thief.challenge(&executor(flow)).await;
        assert_ne!(begun["component"], "ak-stage-access-denied", "{flow}: {begun}");
        let end = |tx: &mut countersign_store::Tx<'_>| tx.execute("DELETE FROM session", &[]);
        world.cx.store.write(countersign_store::Actor::system(), "ended", end).await.unwrap();
        for challenge in [
            thief.challenge(&executor(flow)).await,
            thief.answer(&executor(flow), json!({"code": "123456", "password": "Another-1-Password", "password_repeat": "Another-1-Password"})).await,
        ] {
            let component = challenge["component"].as_str().unwrap();
            assert!(
                ["ak-stage-access-denied", "ak-stage-flow-error", "xak-flow-redirect"].contains(&component),
                "{flow}: {challenge}"
            );
        }
    }
    for table in ["totp_device", "static_device", "webauthn_device"] {
        let rows = format!("SELECT COUNT(*) FROM {table}");
        assert_eq!(world.count(&rows).await, 0);
    }
}

/// Who acts as somebody else takes no second factor of theirs away.
#[tokio::test(flavor = "multi_thread")]
async fn who_acts_as_somebody_else_removes_no_factor_of_theirs() {
    let world = World::set_up().await;
    let mut admin = world.administrator().await;
    let user = json!({"username": "uma", "name": "Uma", "path": "users"});
    let uma = admin.create("core/users", user).await;
    let named = json!({"name": "Phone", "user": uma});
    let made = admin.post_json("/api/v3/authenticators/admin/totp/", named).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let device = format!("/api/v3/authenticators/totp/{}/", made.json()["pk"]);
    let acting = admin
        .post_json(&format!("/api/v3/core/users/{uma}/impersonate/"), json!({"reason": "help"}))
        .await;
    assert!(acting.status.is_success(), "{}", acting.text);
    let refused = admin.send(Method::DELETE, &device, "application/json", String::new()).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}", refused.text);
    assert!(refused.text.contains("acting as somebody else"), "{}", refused.text);
}
