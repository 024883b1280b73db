//! Flows as people without script meet them.

use crate::world::World;
use http::{Method, StatusCode};

const LOGIN: &str = "/if/flow/default-authentication-flow/?next=%2Fif%2Fadmin%2F";

#[tokio::test(flavor = "multi_thread")]
async fn name_and_password_are_asked_on_one_page() {
    let world = World::set_up().await;
    let mut browser = world.browser();
    let page = browser.get(LOGIN).await;
    assert_eq!(page.status, StatusCode::OK);
    for part in [
        "<h1>Sign in</h1>",
        "Email or Username",
        "name=\"uid_field\"",
        "name=\"password\"",
        "autocomplete=\"current-password\"",
        ">Log in<",
    ] {
        assert!(page.text.contains(part), "{part} in {}", page.text);
    }
    assert!(
        page.headers["content-security-policy"].to_str().unwrap().contains("default-src 'none'")
    );
    assert_eq!(page.headers["cache-control"], "no-store");
    assert!(!page.text.contains(" style=") && !page.text.contains("<script>"));

    let sent =
        browser.post_form(LOGIN, &[("uid_field", "akadmin"), ("password", "Throwaway-Pw-1")]).await;
    assert_eq!((sent.status, sent.location()), (StatusCode::SEE_OTHER, LOGIN));
    let end = browser.get(LOGIN).await;
    assert_eq!((end.status, end.location()), (StatusCode::SEE_OTHER, "/if/admin/"));
    assert_eq!(browser.get("/api/v3/core/users/me/").await.json()["user"]["username"], "akadmin");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_keeps_the_name_and_tells_nothing_about_it() {
    let world = World::set_up().await;
    let mut browser = world.browser();
    browser.get(LOGIN).await;
    let mut pages = Vec::new();
    for user in ["akadmin", "nobody"] {
        let page = browser.post_form(LOGIN, &[("uid_field", user), ("password", "wrong")]).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(
            page.text.contains("That name and password do not match. Try again."),
            "{}",
            page.text
        );
        assert!(page.text.contains(&format!("value=\"{user}\"")), "{}", page.text);
        let csrf = browser.cookies["authentik_csrf"].clone();
        pages.push(page.text.replace(user, "USER").replace(&csrf, "TOKEN"));
    }
    assert_eq!(pages[0], pages[1], "a page tells whether the account exists");
    // The name may be mended on the same page.
    let sent =
        browser.post_form(LOGIN, &[("uid_field", "akadmin"), ("password", "Throwaway-Pw-1")]).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text);
    assert_eq!(browser.get(LOGIN).await.location(), "/if/admin/");
}

#[tokio::test(flavor = "multi_thread")]
async fn empty_fields_are_named() {
    let world = World::set_up().await;
    let mut browser = world.browser();
    browser.get(LOGIN).await;
    let page = browser.post_form(LOGIN, &[("uid_field", ""), ("password", "")]).await;
    assert!(
        page.text.contains("Enter your username or email address.")
            && page.text.contains("aria-invalid=\"true\""),
        "{}",
        page.text
    );
    let page = browser.post_form(LOGIN, &[("uid_field", "akadmin"), ("password", "")]).await;
    assert!(
        page.text.contains("Enter your password.") && page.text.contains("value=\"akadmin\""),
        "{}",
        page.text
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_from_elsewhere_is_not_accepted() {
    let world = World::set_up().await;
    let mut browser = world.browser();
    browser.get(LOGIN).await;
    let body = "uid_field=akadmin&password=Throwaway-Pw-1&csrf=00000000000000000000000000000000";
    let page = browser
        .send(Method::POST, LOGIN, "application/x-www-form-urlencoded", body.to_owned())
        .await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text.contains("open for too long"), "{}", page.text);
    assert_eq!(browser.get("/api/v3/core/users/me/").await.status, StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn set_up_is_one_page_and_ends_in_the_administration() {
    let world = World::new().await;
    let mut browser = world.browser();
    let path = "/if/flow/initial-setup/";
    let page = browser.get(path).await;
    for part in [
        "Create the first administrator",
        "Your user name is akadmin",
        "name=\"password_repeat\"",
        "data-strength",
        ">Continue<",
    ] {
        assert!(page.text.contains(part), "{part} in {}", page.text);
    }
    let wrong = browser
        .post_form(
            path,
            &[
                ("email", "boss@example.org"),
                ("password", "Setup-Pw-1-long"),
                ("password_repeat", "other"),
            ],
        )
        .await;
    assert!(
        wrong.text.contains("match.") && wrong.text.contains("value=\"boss@example.org\""),
        "{}",
        wrong.text
    );
    assert!(!wrong.text.contains("Setup-Pw-1-long"));
    let sent = browser
        .post_form(
            path,
            &[
                ("email", "boss@example.org"),
                ("password", "Setup-Pw-1-long"),
                ("password_repeat", "Setup-Pw-1-long"),
            ],
        )
        .await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text);
    assert_eq!(browser.get(path).await.location(), "/if/admin/");
    let again = world.browser().get(path).await;
    assert!(again.text.contains("The set-up is finished"), "{}", again.text);
    assert!(
        !again.text.contains("Trace"),
        "what strangers look at is not recorded, so there is no number to find it by"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn logging_out_on_the_page_works_and_cancel_leads_there() {
    let world = World::set_up().await;
    let mut browser = world.browser();
    browser.sign_in("akadmin", "Throwaway-Pw-1").await;
    assert_eq!(browser.get("/flows/-/cancel/").await.location(), "/flows/-/default/invalidation/");
    assert_eq!(browser.get("/if/flow/default-invalidation-flow/").await.location(), "/");
    assert_eq!(browser.get("/").await.location(), "/flows/-/default/authentication/?next=/");
    assert_eq!(
        browser.get("/flows/-/default/authentication/?next=/if/user/").await.location(),
        "/if/flow/default-authentication-flow/?next=%2Fif%2Fuser%2F"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn l1_another_site_signs_nobody_out() {
    let world = World::set_up().await;
    let mut browser = world.browser();
    browser.sign_in("akadmin", "Throwaway-Pw-1").await;
    let (page, executor) = (
        "/if/flow/default-invalidation-flow/",
        "/api/v3/flows/executor/default-invalidation-flow/?query=",
    );
    let theirs: [&[(&str, &str)]; 6] = [
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "cross-site"), ("referer", "http://id.example.test/if/user/")],
        &[("referer", "http://evil.test/id.example.test/")],
        &[("origin", "null")],
        &[],
    ];
    for headers in theirs {
        browser.headers = headers.to_vec();
        for path in ["/flows/-/cancel/", "/flows/-/default/invalidation/", page, page] {
            let answer = browser.get(path).await;
            assert!(
                answer.status == StatusCode::FOUND || answer.text.contains("<h1>Sign out?</h1>"),
                "{path} {headers:?}: {}",
                answer.text
            );
        }
        // A form of theirs has no token.
        assert!(
            browser
                .send(Method::POST, page, "application/x-www-form-urlencoded", String::new())
                .await
                .text
                .contains("<h1>Sign out?</h1>")
        );
        if !headers.is_empty() {
            assert_eq!(browser.get(executor).await.status, StatusCode::FORBIDDEN, "{headers:?}");
        }
        assert_eq!(browser.get("/").await.location(), "/if/user/", "{headers:?}");
    }
    // The button of the question signs out, and so does a link of our own pages, with or without
    // TLS.
    assert_eq!(browser.post_form(page, &[]).await.location(), "/");
    assert_ne!(browser.get("/").await.location(), "/if/user/");
    for ours in [
        ("sec-fetch-site", "none"),
        ("sec-fetch-site", "same-origin"),
        ("referer", "http://id.example.test/if/user/"),
    ] {
        browser.headers = vec![ours];
        browser.sign_in("akadmin", "Throwaway-Pw-1").await;
        assert_eq!(browser.get(page).await.location(), "/", "{ours:?}");
        assert_ne!(browser.get("/").await.location(), "/if/user/");
    }
    // Clients of the API say nothing of sites.
    browser.headers.clear();
    browser.sign_in("akadmin", "Throwaway-Pw-1").await;
    assert_eq!(browser.challenge(executor).await["component"], "xak-flow-redirect");
    assert_ne!(browser.get("/").await.location(), "/if/user/");
}

#[tokio::test(flavor = "multi_thread")]
async fn next_is_kept_by_every_cancel() {
    let world = World::set_up().await;
    let mut browser = world.browser();
    let cancel = "/flows/-/cancel/?next=%2Fif%2Fuser%2F%23%2Fsettings";
    assert_eq!(
        browser.get(cancel).await.location(),
        "/flows/-/default/authentication/?next=%2Fif%2Fuser%2F%23%2Fsettings"
    );
    browser.sign_in("akadmin", "Throwaway-Pw-1").await;
    let out = browser.get(cancel).await;
    assert_eq!(out.location(), "/flows/-/default/invalidation/?next=%2Fif%2Fuser%2F%23%2Fsettings");
    let out =
        browser.get("/flows/-/default/invalidation/?next=%2Fapplication%2Flaunch%2Fx%2F").await;
    assert_eq!(browser.get(out.location()).await.location(), "/application/launch/x/");
    for elsewhere in ["https%3A%2F%2Fevil.test%2F", "%2F%2Fevil.test%2F"] {
        assert_eq!(
            browser.get(&format!("/flows/-/cancel/?next={elsewhere}")).await.location(),
            "/flows/-/default/invalidation/"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_addresses_are_pages_too() {
    let world = World::set_up().await;
    for path in [
        "/if/flow/nothing/",
        "/nothing",
        "/static/nothing.css",
        "/flows/-/default/enrollment/",
        "/static/web/../../Cargo.toml",
    ] {
        let page = world.browser().get(path).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
        assert!(page.text.contains("<h1>Page not found</h1>"), "{path}");
    }
    assert_eq!(
        world.browser().get("/static/dist/assets/images/user_default.png").await.status,
        StatusCode::OK
    );
    // The page itself knows what follows the address's `#` and asks to sign in.
    let admin = world.browser().get("/if/admin/").await;
    assert!(
        admin.status == StatusCode::OK || admin.status == StatusCode::SERVICE_UNAVAILABLE,
        "{}",
        admin.status
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_double_click_signs_in_once() {
    let world = World::set_up().await;
    let mut browser = world.browser();
    browser.get(LOGIN).await;
    let (mut one, mut two) = (world.browser(), world.browser());
    one.cookies = browser.cookies.clone();
    two.cookies = browser.cookies.clone();
    let fields = [("uid_field", "akadmin"), ("password", "Throwaway-Pw-1")];
    let (a, b) = tokio::join!(one.post_form(LOGIN, &fields), two.post_form(LOGIN, &fields));
    assert!(
        a.status == StatusCode::SEE_OTHER || b.status == StatusCode::SEE_OTHER,
        "{} {}",
        a.status,
        b.status
    );
    assert!(
        a.status != StatusCode::INTERNAL_SERVER_ERROR
            && b.status != StatusCode::INTERNAL_SERVER_ERROR
    );
}
