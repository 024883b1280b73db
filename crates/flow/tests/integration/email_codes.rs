//! Codes by e-mail as a second factor.

use crate::world::{Answer, Browser, World, executor};
use http::Method;
use serde_json::{Value, json};

const PASSWORD: &str = "Korrekt-Pferd-Batterie-1";
const SIGN_IN: &str = "default-authentication-flow";

/// The code in the one mail that waits.
async fn code(world: &World) -> String {
    let mails = world.mails().await;
    assert_eq!(mails.len(), 1, "{mails:?}");
    assert_eq!(mails[0]["to"], json!(["uma@example.test"]));
    let text = mails[0]["text"].as_str().unwrap();
    let digits = |word: &&str| word.len() == 6 && word.bytes().all(|byte| byte.is_ascii_digit());
    let code = text.split_whitespace().find(digits).unwrap_or_else(|| panic!("{text}"));
    assert_eq!(mails[0]["hidden"], json!([code]), "no event shows it");
    code.to_owned()
}

fn other_than(code: &str) -> &'static str {
    if code == "000000" { "000001" } else { "000000" }
}

/// `uma`, who has set up codes by e-mail.
async fn set_up() -> World {
    let world = World::set_up().await;
    world.apply(&["example/flows-authenticator-email-setup.yaml"]).await;
    let mut admin = world.browser();
    admin.sign_in("akadmin", "Throwaway-Pw-1").await;
    let uma = json!({"username": "uma", "name": "Uma", "email": "uma@example.test"});
    admin.create("core/users", uma).await;
    world.set_password("uma", PASSWORD).await;
    let mut uma = world.browser();
    uma.sign_in("uma", PASSWORD).await;
    let path = executor("default-authenticator-email-setup");
    let shown = uma.challenge(&path).await;
    assert_eq!(
        (&shown["component"], &shown["email"], &shown["email_required"]),
        (&json!("ak-stage-authenticator-email"), &json!("u**@e******.test"), &json!(false))
    );
    let sent = code(&world).await;
    let wrong = uma.answer(&path, json!({"code": other_than(&sent)})).await;
    let problem = &wrong["response_errors"]["non_field_errors"][0]["string"];
    assert_eq!(problem, "Code does not match");
    // As a number, which has lost its leading zeros.
    let number: u32 = sent.parse().unwrap();
    let end = uma.answer(&path, json!({"code": number})).await;
    assert_eq!(end["component"], "xak-flow-redirect", "{end}");
    let held = uma.get("/api/v3/authenticators/email/").await.json()["results"].clone();
    assert_eq!(held[0]["email"], "uma@example.test", "{held}");
    world
}

/// Name and password are given; the challenge that asks for the second factor.
async fn until_asked(browser: &mut Browser<'_>) -> Value {
    let path = executor(SIGN_IN);
    browser.challenge(&path).await;
    browser.answer(&path, json!({"uid_field": "uma"})).await;
    browser.answer(&path, json!({"password": PASSWORD})).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_by_email_is_asked_for_and_counts_once() {
    let world = set_up().await;
    let path = executor(SIGN_IN);
    let mut uma = world.browser();
    let asked = until_asked(&mut uma).await;
    let offered = asked["device_challenges"][0].clone();
    assert_eq!(offered["device_class"], "email", "{asked}");
    assert_eq!(offered["challenge"], json!({"email": "u**@e******.test"}));
    assert_eq!(world.mails().await, Vec::<Value>::new(), "clients choose first");
    let chosen = uma.answer(&path, json!({"selected_challenge": offered.clone()})).await;
    assert_eq!(chosen["response_errors"]["non_field_errors"][0]["string"], "Empty response");
    let sent = code(&world).await;
    // Nor is another sent while this one is on its way, from whichever browser.
    let mut other = world.browser();
    until_asked(&mut other).await;
    other.answer(&path, json!({"selected_challenge": offered})).await;
    assert_eq!(world.mails().await, Vec::<Value>::new());
    let wrong = uma.answer(&path, json!({"code": other_than(&sent)})).await;
    assert!(wrong["response_errors"]["code"].is_array(), "{wrong}");
    let end = uma.answer(&path, json!({"code": sent})).await;
    assert_eq!(end["component"], "xak-flow-redirect", "{end}");
    let replay = other.answer(&path, json!({"code": sent})).await;
    assert!(replay["response_errors"]["code"].is_array(), "{replay}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_sends_the_code_by_itself_and_it_ends() {
    let world = set_up().await;
    let page = "/if/flow/default-authentication-flow/";
    let mut uma = world.browser();
    uma.get(page).await;
    uma.post_form(page, &[("uid_field", "uma"), ("password", PASSWORD)]).await;
    let shown: Answer = uma.get(page).await;
    assert!(shown.text.contains("We sent it to u**@e******.test."), "{}", shown.text);
    let first = code(&world).await;
    uma.send(Method::GET, page, "", String::new()).await;
    assert_eq!(world.mails().await, Vec::<Value>::new(), "a reload sends none");
    world.clock.advance(31);
    uma.post_form(page, &[("select", "email")]).await;
    let second = code(&world).await;
    if first != second {
        let old = uma.post_form(page, &[("code", &first)]).await;
        assert!(old.text.contains("This code is wrong"), "a new one takes its place");
    }
    world.clock.advance(1801);
    let late = uma.post_form(page, &[("code", &second)]).await;
    assert!(late.text.contains("This code is wrong"), "its time is over: {}", late.text);
}
