//! What accounts, sessions and tokens must never be brought to, by any door.

use crate::world::{Answer, Browser, PASSWORD, World, executor};
use http::{Method, StatusCode};
use serde_json::{Value, json};

const LOGIN: &str = "/api/v3/flows/executor/default-authentication-flow/?query=";
const SETUP: &str = "/api/v3/flows/executor/initial-setup/?query=";

async fn admin(world: &World) -> Browser<'_> {
    let mut browser = world.browser();
    browser.sign_in("akadmin", PASSWORD).await;
    browser
}

async fn made(world: &World, admin: &mut Browser<'_>, name: &str, body: Value) -> i64 {
    let mut fields = json!({"username": name, "name": name});
    fields.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
    let pk = admin.create("core/users", fields).await.as_i64().unwrap();
    world.set_password(name, PASSWORD).await;
    pk
}

async fn patch(browser: &mut Browser<'_>, path: &str, body: Value) -> Answer {
    browser
        .send(Method::PATCH, &format!("/api/v3/{path}/"), "application/json", body.to_string())
        .await
}

async fn admins(admin: &mut Browser<'_>) -> Value {
    admin.get("/api/v3/core/groups/?name=authentik%20Admins").await.json()["results"][0]["pk"]
        .clone()
}

async fn sessions(admin: &mut Browser<'_>, username: &str) -> usize {
    let found = admin
        .get(&format!("/api/v3/core/authenticated_sessions/?user__username={username}"))
        .await
        .json();
    found["results"].as_array().unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decoy_s_password_opens_nothing() {
    let world = World::new().await;
    let mut visitor = world.browser();
    visitor.challenge(LOGIN).await;
    visitor.answer(LOGIN, json!({"uid_field": "akadmin"})).await;
    let shown = visitor.answer(LOGIN, json!({"password": "decoy"})).await;
    assert_eq!(shown["response_errors"]["password"][0]["code"], "invalid", "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn m12_deactivated_accounts_get_no_session() {
    let world = World::set_up().await;
    let mut admin = admin(&world).await;
    let gone = made(&world, &mut admin, "gone", json!({})).await;
    admin
        .create("core/tokens", json!({"identifier": "app", "intent": "app_password", "user": gone}))
        .await;
    let key = admin.get("/api/v3/core/tokens/app/view_key/").await.json()["key"]
        .as_str()
        .unwrap()
        .to_owned();
    admin.change(&format!("core/users/{gone}"), json!({"is_active": false})).await;
    for password in [PASSWORD, &key] {
        let mut visitor = world.browser();
        visitor.challenge(LOGIN).await;
        visitor.answer(LOGIN, json!({"uid_field": "gone"})).await;
        let shown = visitor.answer(LOGIN, json!({"password": password})).await;
        assert_eq!(shown["component"], "ak-stage-password", "{shown}");
        assert_eq!(sessions(&mut admin, "gone").await, 0);
    }

    // A flow that makes accounts inactive and then signs them in.
    let name = admin.create("stages/prompt/prompts", json!({"name": "n", "field_key": "username", "label": "n", "type": "username", "order": 0})).await;
    let prompt =
        admin.create("stages/prompt/stages", json!({"name": "up", "fields": [name]})).await;
    let write = admin.create("stages/user_write", json!({"name": "up write", "user_creation_mode": "always_create", "create_users_as_inactive": true})).await;
    let login = admin.create("stages/user_login", json!({"name": "up login"})).await;
    admin.flow("sign-up", json!({"designation": "enrollment"}), &[&prompt, &write, &login]).await;
    let mut visitor = world.browser();
    visitor.challenge(&executor("sign-up")).await;
    let end = visitor.answer(&executor("sign-up"), json!({"username": "new"})).await;
    assert_eq!(end["component"], "ak-stage-access-denied", "{end}");
    assert_eq!(sessions(&mut admin, "new").await, 0);

    // Nothing wakes up with the account.
    admin.change(&format!("core/users/{gone}"), json!({"is_active": true})).await;
    assert_eq!(sessions(&mut admin, "gone").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn m10_the_set_up_never_opens_again() {
    let world = World::set_up().await;
    let mut first = admin(&world).await;
    // Somebody else becomes an administrator with a password, by the API.
    let group = admins(&mut first).await;
    let other = made(&world, &mut first, "other", json!({"groups": [group]})).await;
    let answer = first
        .post_json(
            &format!("/api/v3/core/users/{other}/set_password/"),
            json!({"password": PASSWORD}),
        )
        .await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    let mut other = world.browser();
    other.sign_in("other", PASSWORD).await;
    let akadmin =
        other.get("/api/v3/core/users/?username=akadmin").await.json()["results"][0]["pk"].clone();
    let deleted = other
        .send(Method::DELETE, &format!("/api/v3/core/users/{akadmin}/"), "", String::new())
        .await;
    assert!(
        deleted.status == StatusCode::FORBIDDEN || deleted.status == StatusCode::NO_CONTENT,
        "{}",
        deleted.text
    );
    let token = other.cookies["authentik_csrf"].clone();
    if deleted.status == StatusCode::FORBIDDEN {
        // Without a body the helper sends no CSRF header.
        assert!(!token.is_empty());
        let deleted = other
            .send(
                Method::DELETE,
                &format!("/api/v3/core/users/{akadmin}/"),
                "application/json",
                "{}".to_owned(),
            )
            .await;
        assert_eq!(deleted.status, StatusCode::NO_CONTENT, "{}", deleted.text);
    }
    other
        .create("core/users", json!({"username": "akadmin", "name": "new", "groups": [group]}))
        .await;
    for path in ["/", "/if/user/", "/flows/-/default/authentication/"] {
        assert_ne!(world.browser().get(path).await.location(), "/if/flow/initial-setup/", "{path}");
    }
    let shown = world.browser().challenge(SETUP).await;
    assert_eq!(shown["component"], "ak-stage-access-denied", "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn m7_tokens_end_when_they_have_to() {
    let world = World::set_up().await;
    let mut admin = admin(&world).await;
    let group = admin.create("core/groups", json!({"name": "short", "attributes": {"goauthentik.io/user/token-maximum-lifetime": "hours=1"}})).await;
    let low = admin.create("core/groups", json!({"name": "below", "parent": group})).await;
    made(&world, &mut admin, "uma", json!({"groups": [low]})).await;
    let mut uma = world.browser();
    uma.sign_in("uma", PASSWORD).await;
    let end =
        |seconds: i64| countersign_model::Timestamp(world.cx.clock.now().0).plus_seconds(seconds);
    let expires = |token: &Value| {
        countersign_model::Timestamp::parse(token["expires"].as_str().unwrap()).unwrap()
    };

    // The end of API tokens is the server's, at creation and afterwards.
    let made = uma
        .post_json(
            "/api/v3/core/tokens/",
            json!({"identifier": "a", "expires": "2090-01-01T00:00:00Z", "expiring": false}),
        )
        .await
        .json();
    assert_eq!(made["expiring"], true);
    assert!(expires(&made) <= end(1800), "{made}");
    for body in [
        json!({"expires": "2090-01-01T00:00:00Z"}),
        json!({"expiring": false}),
        json!({"description": "x"}),
    ] {
        world.clock.advance(60);
        let changed = patch(&mut uma, "core/tokens/a", body.clone()).await.json();
        assert_eq!(
            (&changed["expires"], &changed["expiring"]),
            (&made["expires"], &json!(true)),
            "{body}"
        );
    }

    // T2: app passwords, by the attribute of a group above.
    for body in
        [json!({"identifier": "b", "intent": "app_password", "expires": "2099-01-01T00:00:00Z"})]
    {
        let refused = uma.post_json("/api/v3/core/tokens/", body).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST);
        assert!(
            refused.json()["expires"][0]
                .as_str()
                .unwrap()
                .starts_with("Token expires exceeds maximum lifetime ("),
            "{}",
            refused.text
        );
    }
    let made = uma
        .post_json("/api/v3/core/tokens/", json!({"identifier": "b", "intent": "app_password"}))
        .await
        .json();
    assert!(expires(&made) <= end(3600) && expires(&made) > end(3500), "{made}");
    assert_eq!(
        patch(&mut uma, "core/tokens/b", json!({"expires": "2099-01-01T00:00:00Z"})).await.status,
        StatusCode::BAD_REQUEST
    );
    assert_eq!(
        patch(&mut uma, "core/tokens/b", json!({"description": "still"})).await.status,
        StatusCode::OK
    );
    // One becomes the other, and no longer than it may.
    let turned = patch(&mut uma, "core/tokens/b", json!({"intent": "api"})).await.json();
    assert!(expires(&turned) <= end(1800), "{turned}");

    // An administrator is not bound for somebody else; nobody gives a token away (T4).
    let uma_pk = uma.get("/api/v3/core/users/me/").await.json()["user"]["pk"].clone();
    let given = admin
        .post_json(
            "/api/v3/core/tokens/",
            json!({"identifier": "c", "user": uma_pk, "expires": "2090-01-01T00:00:00Z"}),
        )
        .await
        .json();
    assert_eq!(given["expires"], "2090-01-01T00:00:00Z");
    let refused = patch(&mut admin, "core/tokens/c", json!({"user": 1})).await;
    assert_eq!(
        (refused.status, refused.json()),
        (StatusCode::BAD_REQUEST, json!({"user": ["User cannot be changed"]}))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn l12_l13_what_the_server_lends_is_not_turned_into_a_token() {
    let world = World::set_up().await;
    let mut admin = admin(&world).await;
    let pk = made(&world, &mut admin, "uma", json!({})).await;
    world
        .cx
        .store
        .write(countersign_store::Actor::system(), "test", move |tx| {
            countersign_directory::create_recovery_link(tx, pk, 3600)
        })
        .await
        .unwrap();
    let mut uma = world.browser();
    uma.sign_in("uma", PASSWORD).await;
    let row = uma.get("/api/v3/core/tokens/?intent=recovery").await.json()["results"][0].clone();
    let path = format!("core/tokens/{}", row["identifier"].as_str().unwrap());
    for body in [
        json!({"intent": "api"}),
        json!({"description": "x"}),
        json!({"expires": "2090-01-01T00:00:00Z"}),
    ] {
        let refused = patch(&mut uma, &path, body).await;
        assert_eq!(
            (refused.status, refused.json()),
            (StatusCode::BAD_REQUEST, json!({"intent": ["Invalid intent recovery"]}))
        );
    }

    let own = uma.post_json("/api/v3/core/tokens/", json!({"identifier": "own"})).await;
    assert_eq!(own.status, StatusCode::CREATED);
    let acting = admin
        .post_json(&format!("/api/v3/core/users/{pk}/impersonate/"), json!({"reason": "r"}))
        .await;
    assert_eq!(acting.status, StatusCode::CREATED);
    assert_eq!(
        admin.post_json("/api/v3/core/tokens/", json!({"identifier": "kept"})).await.status,
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        patch(&mut admin, "core/tokens/own", json!({"description": "x"})).await.status,
        StatusCode::FORBIDDEN
    );
    assert_eq!(admin.get("/api/v3/core/tokens/own/view_key/").await.status, StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn l8_names_are_seen_and_one_name_is_one_account() {
    let world = World::set_up().await;
    let mut admin = admin(&world).await;
    for bad in ["u\u{200B}ma", "\u{202E}amu", "u\rma", "u\u{7}ma", "\u{2066}uma"] {
        let refused =
            admin.post_json("/api/v3/core/users/", json!({"username": bad, "name": "x"})).await;
        assert!(
            refused.status == StatusCode::BAD_REQUEST && refused.json()["username"].is_array(),
            "{bad:?}: {}",
            refused.text
        );
    }
    let pk = made(&world, &mut admin, "José", json!({})).await;
    for same in ["JOSE\u{301}", "jose\u{301}", "josé"] {
        let refused =
            admin.post_json("/api/v3/core/users/", json!({"username": same, "name": "x"})).await;
        assert_eq!(refused.json(), json!({"username": ["This field must be unique."]}), "{same}");
        world.browser().sign_in(same, PASSWORD).await;
    }
    // A name from before there were rules still signs in, and its account can be changed.
    let store = world.cx.store.clone();
    let old = move |tx: &mut countersign_store::Tx<'_>| {
        let statement = "UPDATE users SET username = $1, username_fold = $2 WHERE id = $3";
        tx.execute(statement, countersign_store::params!["o\u{200B}ld", "o\u{200B}ld", pk])
    };
    store.write(countersign_store::Actor::system(), "test", old).await.unwrap();
    world.browser().sign_in("O\u{200B}LD", PASSWORD).await;
    assert_eq!(
        patch(&mut admin, &format!("core/users/{pk}"), json!({"name": "Old"})).await.status,
        StatusCode::OK
    );
    assert_eq!(
        patch(&mut admin, &format!("core/users/{pk}"), json!({"username": "n\u{200B}ew"}))
            .await
            .status,
        StatusCode::BAD_REQUEST
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_of_brand_and_groups_are_merged() {
    let world = World::set_up().await;
    let mut admin = admin(&world).await;
    let brand = admin.get("/api/v3/core/brands/").await.json()["results"][0]["brand_uuid"]
        .as_str()
        .unwrap()
        .to_owned();
    admin
        .change(
            &format!("core/brands/{brand}"),
            json!({"attributes": {"settings": {"locale": "de", "theme": {"base": "light"}}}}),
        )
        .await;
    let top = admin.create("core/groups", json!({"name": "top", "attributes": {"settings": {"theme": {"base": "dark"}, "only_top": 1}}})).await;
    let low = admin
        .create(
            "core/groups",
            json!({"name": "low", "parent": top, "attributes": {"settings": {"only_low": 3}}}),
        )
        .await;
    made(
        &world,
        &mut admin,
        "uma",
        json!({"groups": [low], "attributes": {"settings": {"theme": {"extra": true}}}}),
    )
    .await;
    let mut uma = world.browser();
    uma.sign_in("uma", PASSWORD).await;
    let settings = uma.get("/api/v3/core/users/me/").await.json()["user"]["settings"].clone();
    assert_eq!(
        settings,
        json!({"locale": "de", "theme": {"base": "dark", "extra": true}, "only_top": 1, "only_low": 3})
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn external_users_are_led_to_the_default_application() {
    let world = World::set_up().await;
    let mut admin = admin(&world).await;
    made(&world, &mut admin, "guest", json!({"type": "external"})).await;
    let mut guest = world.browser();
    guest.sign_in("guest", PASSWORD).await;
    for path in ["/", "/if/user/", "/if/admin/"] {
        let page = guest.get(path).await;
        assert_eq!(page.status, StatusCode::FORBIDDEN, "{path}");
        assert!(page.text.contains("Interface can only be accessed by internal users."), "{path}");
    }
    let shop = admin.create("core/applications", json!({"name": "Shop", "slug": "shop", "meta_launch_url": "https://shop.example.org/start"})).await;
    let brand = admin.get("/api/v3/core/brands/").await.json()["results"][0]["brand_uuid"]
        .as_str()
        .unwrap()
        .to_owned();
    admin.change(&format!("core/brands/{brand}"), json!({"default_application": shop})).await;
    for path in ["/", "/if/user/", "/if/admin/"] {
        assert_eq!(guest.get(path).await.location(), "/application/launch/shop/", "{path}");
    }
    assert_eq!(admin.get("/").await.location(), "/if/user/");
}

#[tokio::test(flavor = "multi_thread")]
async fn a13_external_users_are_not_sent_in_a_circle() {
    let world = World::set_up().await;
    let mut admin = admin(&world).await;
    made(&world, &mut admin, "guest", json!({"type": "external"})).await;
    let mut guest = world.browser();
    guest.sign_in("guest", PASSWORD).await;
    let shop = admin.create("core/applications", json!({"name": "Shop", "slug": "shop"})).await;
    let brand = admin.get("/api/v3/core/brands/").await.json()["results"][0]["brand_uuid"]
        .as_str()
        .unwrap()
        .to_owned();
    admin.change(&format!("core/brands/{brand}"), json!({"default_application": shop})).await;
    let origin = "http://id.example.test";
    for (path, outside, inside) in [
        ("", false, true),
        ("/", false, true),
        ("/if/user/#/library", false, true),
        ("/if/admin/", false, true),
        ("/application/launch/shop/", false, false),
        ("/if/flow/default-user-settings-flow/", true, true),
    ] {
        let address = format!("{origin}{path}");
        admin.change("core/applications/shop", json!({"meta_launch_url": address})).await;
        for (browser, open) in [(&mut guest, outside), (&mut admin, inside)] {
            let answer = browser.get("/application/launch/shop/").await;
            let expected = if open { StatusCode::FOUND } else { answer.status };
            assert_eq!(answer.status, expected, "{path}");
            assert_eq!(answer.status.is_redirection(), open, "{path}: {}", answer.text);
        }
    }
    admin.change("core/applications/shop", json!({"meta_launch_url": origin})).await;
    let page = guest.get("/application/launch/shop/").await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert!(page.text.contains("Switch account"), "{}", page.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_found_without_their_final_slash() {
    let world = World::set_up().await;
    let mut admin = admin(&world).await;
    for path in [
        "/application/launch/shop",
        "/if/flow/default-authentication-flow",
        "/if/user",
        "/if/admin",
        "/if/help",
        "/flows/-/default/authentication",
        "/flows/-/default/invalidation",
        "/flows/-/cancel",
        "/recovery/use-token/x",
    ] {
        let answer = admin.get(&format!("{path}?next=%2F")).await;
        assert_eq!(answer.status, StatusCode::PERMANENT_REDIRECT, "{path}");
        assert_eq!(answer.location(), format!("{path}/?next=%2F"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn l11_whoever_sets_a_password_may_end_what_applications_hold() {
    let world = World::set_up().await;
    let mut admin = admin(&world).await;
    let uma = made(&world, &mut admin, "uma", json!({})).await;
    let store = world.cx.store.clone();
    let given = move |tx: &mut countersign_store::Tx<'_>| {
        let now = tx.now();
        tx.execute(
            "INSERT INTO access_token (hash, provider_id, user_id, session, scope, created, expires, revoked, family, data) \
             VALUES ($1, 1, $2, NULL, '', $3, $4, 0, $5, '{}')",
            countersign_store::params![countersign_store::sha256("x"), uma, now, now.plus_seconds(3600), uuid::Uuid::nil()],
        )
    };
    store.write(countersign_store::Actor::system(), "test", given).await.unwrap();
    let revoked = async || {
        let row = world.cx.store.read(move |sql| {
            sql.query_one(
                "SELECT revoked FROM access_token WHERE user_id = $1",
                countersign_store::params![uma],
            )
        });
        row.await.unwrap().unwrap().get::<bool>(0).unwrap()
    };
    for (body, expected) in [
        (json!({"password": PASSWORD}), false),
        (json!({"password": PASSWORD, "revoke_tokens": true}), true),
    ] {
        let set = admin.post_json(&format!("/api/v3/core/users/{uma}/set_password/"), body).await;
        assert_eq!((set.status, revoked().await), (StatusCode::NO_CONTENT, expected));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_password_follows_the_rule_of_later_ones() {
    let world = World::new().await;
    let mut visitor = world.browser();
    let path = crate::world::executor("initial-setup");
    visitor.challenge(&path).await;
    let first = |password: &str| json!({"email": "a@example.org", "password": password, "password_repeat": password});
    let refused = visitor.answer(&path, first("short")).await;
    assert_eq!(
        refused["response_errors"]["non_field_errors"][0]["string"],
        "Password needs to be 8 characters or longer.",
        "{refused}"
    );
    let done = visitor.answer(&path, first(PASSWORD)).await;
    assert_eq!(done["component"], "xak-flow-redirect", "{done}");
}

/// The last usable administrator stays by the door of a flow, too: neither goes, nor becomes
/// somebody who cannot sign in.
#[tokio::test(flavor = "multi_thread")]
async fn the_last_administrator_stays_whatever_a_flow_does() {
    let world = World::set_up().await;
    let mut admin = admin(&world).await;
    let group = admins(&mut admin).await;
    made(&world, &mut admin, "nina", json!({"groups": [group]})).await;
    let stage = admin.create("stages/user_delete", json!({"name": "goodbye"})).await;
    let fields = json!({"designation": "unenrollment", "authentication": "require_authenticated"});
    admin.flow("goodbye", fields, &[&stage]).await;
    let left = "SELECT COUNT(*) FROM users WHERE username IN ('akadmin', 'nina')";
    let mut nina = world.browser();
    nina.sign_in("nina", PASSWORD).await;
    for (who, count) in [(&mut nina, 1), (&mut admin, 1)] {
        let path = executor("goodbye");
        who.challenge(&path).await;
        let said = who.answer(&path, json!({})).await;
        assert_eq!(world.count(left).await, count, "{said}");
    }
    let said = admin.get("/api/v3/core/users/me/").await.json();
    assert_eq!(said["user"]["is_superuser"], true, "{said}");
}
