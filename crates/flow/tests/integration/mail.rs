//! Links by e-mail: a forgotten password, a new account, and what strangers get by asking.

use crate::world::{Answer, Browser, World, executor, link_in};
use http::{Method, StatusCode};
use serde_json::{Value, json};

const RECOVERY: &str = "/if/flow/default-recovery-flow/";
const FRESH: &str = "Korrekt-Pferd-Batterie-1";

/// A world with the recovery flow, and `nina`, who forgot her password.
async fn forgetful() -> (World, Value) {
    let world = World::set_up().await;
    world.apply(&["once/recovery.yaml"]).await;
    let mut admin = world.administrator().await;
    let user = admin
        .create(
            "core/users",
            json!({"username": "nina", "name": "Nina", "email": "nina@example.test"}),
        )
        .await;
    let password = json!({"password": "An-Old-Password-1"});
    admin.post_json(&format!("/api/v3/core/users/{user}/set_password/"), password).await;
    (world, user)
}

/// Asks for a link by name.
async fn ask(browser: &mut Browser<'_>, name: &str) -> Answer {
    browser.get(RECOVERY).await;
    browser.post_form(RECOVERY, &[("uid_field", name)]).await;
    browser.get(RECOVERY).await
}

async fn press(browser: &mut Browser<'_>, link: &str) -> Answer {
    browser.get(link).await;
    browser.post_form(link, &[("use_link", "1")]).await
}

async fn who(browser: &mut Browser<'_>) -> Value {
    browser.get("/api/v3/core/users/me/").await.json()["user"]["username"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_password_is_replaced_in_whichever_browser_the_link_is_opened() {
    let (world, _) = forgetful().await;
    let mut asking = world.browser();
    let page = asking.get("/if/flow/default-authentication-flow/").await.text;
    assert!(page.contains("default-recovery-flow") && page.contains("Forgot password?"), "{page}");
    assert!(ask(&mut asking, "nina").await.text.contains("Check your mail"));
    let mails = world.mails().await;
    assert_eq!((mails.len(), &mails[0]["subject"]), (1, &json!("Choose a new password")));
    let link = link_in(&mails[0]);
    assert!(!format!("{mails:?}").contains("An-Old"));

    // Reloading sends nothing; scanners that look spend nothing.
    asking.get(RECOVERY).await;
    assert_eq!(world.mails().await, Vec::<Value>::new());
    for method in [Method::HEAD, Method::GET] {
        let looked = world.browser().send(method, &link, "", String::new()).await;
        assert_eq!(looked.status, StatusCode::OK);
    }
    let mut nina = world.browser();
    let pressed = press(&mut nina, &link).await;
    assert_eq!((pressed.status, pressed.location()), (StatusCode::SEE_OTHER, RECOVERY));
    assert!(nina.get(RECOVERY).await.text.contains("name=\"password_repeat\""));
    assert_eq!(who(&mut nina).await, Value::Null);
    let weak = [("password", "short"), ("password_repeat", "short")];
    assert!(nina.post_form(RECOVERY, &weak).await.text.contains("8 characters"));
    nina.post_form(RECOVERY, &[("password", FRESH), ("password_repeat", FRESH)]).await;
    nina.get(RECOVERY).await;
    assert_eq!(who(&mut nina).await, "nina");
    assert_eq!(press(&mut world.browser(), &link).await.status, StatusCode::NOT_FOUND);
    // The browser that asked is where it was, and nobody there.
    assert!(asking.get(RECOVERY).await.text.contains("Check your mail"));
    assert_eq!(who(&mut asking).await, Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailed_link_has_one_winner_and_ends_the_others() {
    let (world, _) = forgetful().await;
    let (mut one, mut two) = (world.browser(), world.browser());
    ask(&mut one, "nina").await;
    ask(&mut two, "nina@example.test").await;
    let mails = world.mails().await;
    let (first, second) = (link_in(&mails[0]), link_in(&mails[1]));
    let (mut a, mut b, mut c) = (world.browser(), world.browser(), world.browser());
    for (browser, link) in [(&mut a, &first), (&mut b, &first), (&mut c, &second)] {
        browser.get(link).await;
    }
    let button = [("use_link", "1")];
    let all = tokio::join!(
        a.post_form(&first, &button),
        b.post_form(&first, &button),
        c.post_form(&second, &button)
    );
    let winners = [all.0, all.1, all.2].iter().filter(|a| a.status.is_redirection()).count();
    assert_eq!(winners, 1);
    // A link ends with its time, and with a new password from elsewhere.
    for end in ["time", "password"] {
        world.clock.advance(60);
        ask(&mut world.browser(), "nina").await;
        let link = world.mailed_link("nina@example.test").await;
        match end {
            "time" => world.clock.advance(1801),
            _ => {
                let mut admin = world.administrator().await;
                let user = admin.get("/api/v3/core/users/?username=nina").await.json();
                let path = format!("/api/v3/core/users/{}/set_password/", user["results"][0]["pk"]);
                admin.post_json(&path, json!({"password": "Another-One-123"})).await;
            }
        }
        assert_eq!(press(&mut world.browser(), &link).await.status, StatusCode::NOT_FOUND, "{end}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_of_the_api_go_through_recovery_by_json() {
    let (world, _) = forgetful().await;
    let path = executor("default-recovery-flow");
    let mut asking = world.browser();
    asking.challenge(&path).await;
    let shown = asking.answer(&path, json!({"uid_field": "nina"})).await;
    assert_eq!(shown["component"], "ak-stage-email", "{shown}");
    let mut keys: Vec<_> = shown.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["component", "flow_info"]);
    let first = world.mailed_link("nina@example.test").await;
    let soon = asking.answer(&path, json!({})).await;
    assert_eq!(soon["response_errors"]["non_field_errors"][0]["code"], "throttled", "{soon}");
    assert_eq!(world.mails().await, Vec::<Value>::new());
    world.clock.advance(31);
    let again = asking.answer(&path, json!({})).await;
    assert_eq!(
        again["response_errors"]["non_field_errors"],
        json!([{"string": "email-sent", "code": "email-sent"}])
    );
    let second = world.mailed_link("nina@example.test").await;
    assert_ne!(first, second);
    // The first one works, too.
    let token = first.split_once("flow_token=").unwrap().1;
    let with = format!("{path}flow_token%3D{token}");
    let mut nina = world.browser();
    nina.send(Method::HEAD, &with, "", String::new()).await;
    let shown = nina.challenge(&with).await;
    assert_eq!(shown["component"], "ak-stage-prompt", "{shown}");
    let end = nina.answer(&path, json!({"password": FRESH, "password_repeat": FRESH})).await;
    assert_eq!(end["component"], "xak-flow-redirect", "{end}");
    assert_eq!(who(&mut nina).await, "nina");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_for_the_address_and_the_account_that_it_was_sent_to() {
    let (world, user) = forgetful().await;
    let mut admin = world.administrator().await;
    let path = format!("core/users/{user}");
    for (change, back) in [
        (json!({"email": "eve@example.test"}), json!({"email": "nina@example.test"})),
        (json!({"is_active": false}), json!({"is_active": true})),
    ] {
        ask(&mut world.browser(), "nina").await;
        let link = world.mailed_link("nina@example.test").await;
        admin.change(&path, change.clone()).await;
        let pressed = press(&mut world.browser(), &link).await;
        assert_eq!(pressed.status, StatusCode::NOT_FOUND, "{change}");
        admin.change(&path, back).await;
        // It does not come back to life with what it was for.
        let pressed = press(&mut world.browser(), &link).await;
        assert_eq!(pressed.status, StatusCode::NOT_FOUND, "{change}");
    }
    // Whoever was deactivated is written nothing, and not activated, whatever the stage says.
    let stage = admin.get("/api/v3/stages/email/?name=default-recovery-email").await.json();
    let stage = stage["results"][0]["pk"].as_str().unwrap().to_owned();
    admin.change(&format!("stages/email/{stage}"), json!({"activate_user_on_success": true})).await;
    ask(&mut world.browser(), "nina").await;
    let link = world.mailed_link("nina@example.test").await;
    admin.change(&path, json!({"is_active": false})).await;
    ask(&mut world.browser(), "nina").await;
    assert_eq!(world.mails().await, Vec::<Value>::new());
    press(&mut world.browser(), &link).await;
    assert_eq!(admin.get(&format!("/api/v3/{path}/")).await.json()["is_active"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_is_not_flooded() {
    let (world, _) = forgetful().await;
    for _ in 0..8 {
        let page = ask(&mut world.browser(), "nina").await.text;
        assert!(page.contains("Check your mail"));
    }
    assert_eq!(world.mails().await.len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_does_not_say_where_the_link_leads() {
    let (world, _) = forgetful().await;
    let evil = || {
        let mut evil = world.browser();
        evil.headers.push(("x-forwarded-host", "evil.test"));
        evil
    };
    ask(&mut evil(), "nina").await;
    // Fails if it is another address than that where the administrator signs in.
    world.mailed_link("nina@example.test").await;
    // The domain of a brand is an address that an administrator has named.
    let mut admin = world.administrator().await;
    let brand = json!({"domain": "evil.test", "default": false});
    admin.post_json("/api/v3/core/brands/", brand).await;
    ask(&mut evil(), "nina").await;
    let mails = world.mails().await;
    assert!(mails[0]["text"].as_str().unwrap().contains("http://evil.test/if/flow/"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrators_link_leads_straight_to_the_new_password_also_by_mail() {
    let (world, user) = forgetful().await;
    let mut admin = world.administrator().await;
    let link = admin.post_json(&format!("/api/v3/core/users/{user}/recovery/"), json!({})).await;
    let link = link.json()["link"].as_str().unwrap().to_owned();
    let mut nina = world.browser();
    press(&mut nina, link.trim_start_matches("http://id.example.test")).await;
    let page = nina.get(RECOVERY).await.text;
    assert!(page.contains("name=\"password_repeat\"") && !page.contains("uid_field"), "{page}");
    assert_eq!(world.mails().await, Vec::<Value>::new());

    let stage = admin.get("/api/v3/stages/email/?name=default-recovery-email").await.json();
    let stage = stage["results"][0]["pk"].as_str().unwrap().to_owned();
    let send =
        |stage: &str| format!("/api/v3/core/users/{user}/recovery_email/?email_stage={stage}");
    let sent = admin.post_json(&send(&stage), json!({})).await;
    assert_eq!((sent.status, &*sent.text), (StatusCode::NO_CONTENT, ""));
    let link = world.mailed_link("nina@example.test").await;
    let mut nina = world.browser();
    press(&mut nina, &link).await;
    assert!(nina.get(RECOVERY).await.text.contains("name=\"password_repeat\""));
    for (path, text) in [
        (send("7d0c2a0a-0000-4000-8000-000000000000"), "Email stage does not exist."),
        (send(""), "Email stage does not exist."),
    ] {
        let refused = admin.post_json(&path, json!({})).await;
        let told = (refused.status, refused.json());
        assert_eq!(told, (StatusCode::BAD_REQUEST, json!({"non_field_errors": text})));
    }
    admin.change(&format!("core/users/{user}"), json!({"email": ""})).await;
    let refused = admin.post_json(&send(&stage), json!({})).await;
    assert_eq!(refused.json()["non_field_errors"], "User does not have an email address set.");
    let nobody = "/api/v3/core/users/999999/recovery_email/?email_stage=x";
    assert_eq!(admin.post_json(nobody, json!({})).await.status, StatusCode::NOT_FOUND);
}

/// An administrator's own request says nothing of where the reader's link leads.
#[tokio::test(flavor = "multi_thread")]
async fn a_recovery_link_by_mail_leads_to_the_address_that_an_administrator_uses() {
    let (world, user) = forgetful().await;
    let mut admin = world.administrator().await;
    let stage = admin.get("/api/v3/stages/email/?name=default-recovery-email").await.json();
    let stage = stage["results"][0]["pk"].as_str().unwrap().to_owned();
    let path = format!("/api/v3/core/users/{user}/recovery_email/?email_stage={stage}");
    admin.headers.push(("x-forwarded-host", "evil.test"));
    let sent = admin.post_json(&path, json!({})).await;
    assert_eq!(sent.status, StatusCode::NO_CONTENT, "{}", sent.text);
    // The link begins with the address where the administrator has signed in.
    world.mailed_link("nina@example.test").await;
}

/// Any number of accounts may name one address: an hour has five mails for it.
#[tokio::test(flavor = "multi_thread")]
async fn one_address_gets_few_mails_however_many_accounts_name_it() {
    let world = World::set_up().await;
    world.apply(&["example/flows-enrollment-email-verification.yaml"]).await;
    world.administrator().await;
    let path = executor("default-enrollment-flow");
    let mut sent = 0;
    for number in 0..8 {
        let mut somebody = world.browser();
        somebody.challenge(&path).await;
        let first = json!({"username": format!("somebody{number}"), "password": FRESH, "password_repeat": FRESH});
        somebody.answer(&path, first).await;
        // One mailbox, written in ways of its own.
        let email = if number % 2 == 0 { "Otto@example.test" } else { "otto+a@example.test" };
        let shown = somebody.answer(&path, json!({"name": "Otto", "email": email})).await;
        assert_eq!(shown["component"], "ak-stage-email", "{shown}");
        sent += world.mails().await.len();
    }
    assert_eq!(sent, 5);
    world.clock.advance(3601);
    let mut later = world.browser();
    later.challenge(&path).await;
    let first = json!({"username": "later", "password": FRESH, "password_repeat": FRESH});
    later.answer(&path, first).await;
    later.answer(&path, json!({"name": "Otto", "email": "otto@example.test"})).await;
    assert_eq!(world.mails().await.len(), 1);
}

/// Clients of the executor send what a page's address says in one value of their own.
#[tokio::test(flavor = "multi_thread")]
async fn events_show_no_key_that_the_executors_query_carries() {
    let (world, _) = forgetful().await;
    let path = format!(
        "{}flow_token%3Dkey-of-a-link%26next%3D%252Fif%252Fuser%252F",
        executor("default-authentication-flow")
    );
    let mut nina = world.browser();
    nina.challenge(&path).await;
    nina.answer(&path, json!({"uid_field": "nina"})).await;
    nina.answer(&path, json!({"password": "wrong"})).await;
    let of_request = "action = 'login_failed' AND context LIKE '%flow_token=****%'";
    let count = format!("SELECT COUNT(*) FROM event WHERE {of_request}");
    assert_eq!(world.count(&count).await, 1);
    let shown = "SELECT COUNT(*) FROM event WHERE context LIKE '%key-of-a-link%'";
    assert_eq!(world.count(shown).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_of_recovery_adopts_the_flow_and_runs() {
    let (world, _) = forgetful().await;
    let count =
        |world: &World| world.cx.snapshot().list::<countersign_flow::FlowStageBinding>().count();
    let before = count(&world);
    world.apply(&["example/flows-recovery-email-verification.yaml"]).await;
    assert_eq!(count(&world), before, "the same bindings");
    ask(&mut world.browser(), "nina").await;
    let link = world.mailed_link("nina@example.test").await;
    let mut nina = world.browser();
    press(&mut nina, &link).await;
    assert!(nina.get(RECOVERY).await.text.contains("name=\"password_repeat\""));
    nina.post_form(RECOVERY, &[("password", FRESH), ("password_repeat", FRESH)]).await;
    nina.get(RECOVERY).await;
    assert_eq!(who(&mut nina).await, "nina");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_account_is_active_once_its_address_is_confirmed() {
    let world = World::set_up().await;
    world.apply(&["example/flows-enrollment-email-verification.yaml"]).await;
    let mut admin = world.administrator().await;
    let path = executor("default-enrollment-flow");
    let mut otto = world.browser();
    otto.challenge(&path).await;
    let first = json!({"username": "otto", "password": FRESH, "password_repeat": FRESH});
    otto.answer(&path, first).await;
    let shown = otto.answer(&path, json!({"name": "Otto", "email": "otto@example.test"})).await;
    assert_eq!(shown["component"], "ak-stage-email", "{shown}");
    let found = "/api/v3/core/users/?username=otto";
    assert_eq!(admin.get(found).await.json()["results"][0]["is_active"], false);
    let mails = world.mails().await;
    assert_eq!(mails[0]["subject"], "Confirm your address");
    let mut phone = world.browser();
    press(&mut phone, &link_in(&mails[0])).await;
    phone.get("/if/flow/default-enrollment-flow/").await;
    assert_eq!(who(&mut phone).await, "otto");
    assert_eq!(admin.get(found).await.json()["results"][0]["is_active"], true);
    let mut again = world.browser();
    again.sign_in("otto", FRESH).await;
    assert_eq!(who(&mut again).await, "otto");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_confirms_only_the_step_that_sent_it() {
    let world = World::set_up().await;
    let mut admin = world.administrator().await;
    admin
        .create("core/users", json!({"username": "nina", "name": "N", "email": "n@example.test"}))
        .await;
    let name = admin
        .create("stages/identification", json!({"name": "who", "user_fields": ["username"]}))
        .await;
    let one = admin.create("stages/email", json!({"name": "one"})).await;
    let two = admin.create("stages/email", json!({"name": "two", "host": "mx.example.test"})).await;
    let button = admin.create("stages/dummy", json!({"name": "arrived"})).await;
    admin.flow("twice", json!({}), &[&name, &one, &two, &button]).await;
    let path = executor("twice");
    let mut asking = world.browser();
    asking.challenge(&path).await;
    asking.answer(&path, json!({"uid_field": "nina"})).await;
    let mut nina = world.browser();
    for server in ["localhost", "mx.example.test"] {
        let mails = world.mails().await;
        assert_eq!((mails.len(), &mails[0]["server"]["host"]), (1, &json!(server)));
        press(&mut nina, &link_in(&mails[0])).await;
        nina.challenge(&path).await;
    }
    assert_eq!(nina.challenge(&path).await["name"], "arrived");
}

#[tokio::test(flavor = "multi_thread")]
async fn templates_are_checked_when_they_are_chosen_and_when_they_are_used() {
    let world = World::set_up().await;
    let mut admin = world.administrator().await;
    let wrong = json!({"name": "wrong", "template": "email/missing.html"});
    let refused = admin.post_json("/api/v3/stages/email/", wrong).await;
    assert_eq!(
        (refused.status, refused.json()),
        (
            StatusCode::BAD_REQUEST,
            json!({"template": ["Invalid template 'email/missing.html' specified."]})
        )
    );
}

/// A link that was pressed is worth nothing any more once the account got another password or
/// address, or was deactivated, whatever page it led to.
#[tokio::test(flavor = "multi_thread")]
async fn a_pressed_link_ends_with_what_it_was_for() {
    const CHANGES: [(&str, &str); 3] = [
        ("set_password/", r#"{"password": "Another-Password-2"}"#),
        ("", r#"{"email": "nina@elsewhere.test"}"#),
        ("", r#"{"is_active": false}"#),
    ];
    for (path, body) in CHANGES {
        let (world, user) = forgetful().await;
        let mut asking = world.browser();
        ask(&mut asking, "nina").await;
        let link = link_in(&world.mails().await[0]);
        let mut eve = world.browser();
        press(&mut eve, &link).await;
        assert!(eve.get(RECOVERY).await.text.contains("password"), "{body}");
        let mut admin = world.administrator().await;
        let method = if path.is_empty() { Method::PATCH } else { Method::POST };
        let address = format!("/api/v3/core/users/{user}/{path}");
        let changed = admin.send(method, &address, "application/json", body.to_owned()).await;
        assert!(changed.status.is_success(), "{}", changed.text);
        eve.post_form(RECOVERY, &[("password", FRESH), ("password_repeat", FRESH)]).await;
        let mut nina = world.browser();
        nina.get("/if/flow/default-authentication-flow/").await;
        for (browser, what) in [(&mut eve, "the link's browser"), (&mut nina, "the new password")] {
            browser
                .post_form(
                    "/if/flow/default-authentication-flow/",
                    &[("uid_field", "nina"), ("password", FRESH)],
                )
                .await;
            assert_eq!(who(browser).await, Value::Null, "{body}: {what}");
        }
    }
}

/// Confirming an address makes an account active once; who is deactivated later stays that.
#[tokio::test(flavor = "multi_thread")]
async fn a_deactivated_account_is_not_confirmed_again() {
    let world = World::set_up().await;
    world.apply(&["example/flows-enrollment-email-verification.yaml"]).await;
    let mut admin = world.administrator().await;
    let path = executor("default-enrollment-flow");
    let mut enrolling = world.browser();
    enrolling.challenge(&path).await;
    let first = json!({"username": "otto", "password": FRESH, "password_repeat": FRESH});
    enrolling.answer(&path, first).await;
    enrolling.answer(&path, json!({"name": "Otto", "email": "otto@example.test"})).await;
    let link = link_in(&world.mails().await[0]);
    let mut confirming = world.browser();
    press(&mut confirming, &link).await;
    confirming.get("/if/flow/default-enrollment-flow/").await;
    assert_eq!(who(&mut confirming).await, "otto");
    enrolling.challenge(&path).await;
    let found = admin.get("/api/v3/core/users/?username=otto").await.json();
    let address = format!("/api/v3/core/users/{}/", found["results"][0]["pk"]);
    let body = r#"{"is_active": false}"#.to_owned();
    let changed = admin.send(Method::PATCH, &address, "application/json", body).await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.text);
    world.mails().await;
    enrolling.answer(&path, json!({})).await;
    assert_eq!(world.mails().await, Vec::<Value>::new(), "no other link");
}
