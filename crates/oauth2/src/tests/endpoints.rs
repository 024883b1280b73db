//! Userinfo, introspection, revocation, discovery, and the ways into the authorization endpoint.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::world::{CALLBACK, World, request, strict};

fn bearer(token: &Value) -> String {
    format!("Bearer {}", token.as_str().unwrap())
}

async fn userinfo(world: &World, token: &Value) -> super::world::Reply {
    world
        .send(request(
            Method::GET,
            "/application/o/userinfo/",
            &[("authorization", &bearer(token))],
            "",
        ))
        .await
}

const CLIENT: [(&str, &str); 2] = [("client_id", "cid"), ("client_secret", "s3cret")];

async fn introspect(world: &World, token: &Value, client: [(&str, &str); 2]) -> Value {
    let form = [client.as_slice(), &[("token", token.as_str().unwrap())]].concat();
    let reply = world.post("/application/o/introspect/", &form, &[]).await;
    assert_eq!((reply.status, reply.header("cache-control")), (StatusCode::OK, "no-store"));
    reply.json()
}

#[tokio::test]
async fn userinfo_tells_what_the_scopes_reveal_now() {
    let world = World::new().await;
    let tokens = world.tokens("openid profile").await;
    let reply = userinfo(&world, &tokens["access_token"]).await;
    let claims = reply.json();
    let sub = countersign_store::sha256("1-install");
    assert_eq!(
        claims,
        json!({
            "sub": hex::encode(sub), "name": "Uma Martin", "given_name": "Uma Martin", "preferred_username": "uma", "nickname": "uma",
            "groups": ["Users"], "nonce": "no-1"
        })
    );
    world.run("UPDATE users SET name = 'Uma Meier' WHERE id = 1").await;
    assert_eq!(userinfo(&world, &tokens["access_token"]).await.json()["name"], "Uma Meier");
}

#[tokio::test]
async fn bad_bearer_tokens_are_answered_as_the_standard_says() {
    let world = World::new().await;
    let tokens = world.tokens("openid").await;
    let without = world.tokens("profile").await;
    let get = |token: &Value| bearer(token);
    let refused = |reply: &super::world::Reply, status: u16, code: &str| {
        assert_eq!(reply.status.as_u16(), status);
        assert!(
            reply.header("www-authenticate").starts_with(&format!("Bearer error=\"{code}\"")),
            "{reply:?}"
        );
        assert!(reply.text.is_empty());
    };
    refused(&world.get("/application/o/userinfo/").await, 401, "invalid_token");
    refused(&userinfo(&world, &json!("x")).await, 401, "invalid_token");
    refused(&userinfo(&world, &without["access_token"]).await, 403, "insufficient_scope");
    refused(&userinfo(&world, &tokens["id_token"]).await, 401, "invalid_token");
    let query = format!(
        "/application/o/userinfo/?access_token={}",
        tokens["access_token"].as_str().unwrap()
    );
    assert_eq!(world.get(&query).await.status, StatusCode::OK);
    assert!(
        get(&tokens["access_token"]).len() < 1_600,
        "the token stays small enough for cookies of applications"
    );
    world.run("UPDATE users SET is_active = 0").await;
    refused(&userinfo(&world, &tokens["access_token"]).await, 401, "invalid_token");
    world.run("UPDATE users SET is_active = 1").await;
    world.later(3601);
    refused(&userinfo(&world, &tokens["access_token"]).await, 401, "invalid_token");
}

#[tokio::test]
async fn pages_of_the_client_may_read_answers_and_others_may_not() {
    let world = World::new().await;
    let tokens = world.tokens("openid").await;
    for (origin, shared) in
        [("https://app.example.test", true), ("https://other.example", false), ("null", false)]
    {
        let headers =
            [("authorization", bearer(&tokens["access_token"])), ("origin", origin.to_owned())];
        let headers: Vec<(&str, &str)> = headers.iter().map(|(a, b)| (*a, b.as_str())).collect();
        let reply =
            world.send(request(Method::GET, "/application/o/userinfo/", &headers, "")).await;
        assert_eq!(reply.status, StatusCode::OK);
        assert_eq!(reply.header("access-control-allow-origin"), if shared { origin } else { "" });
    }
    let preflight = request(
        Method::OPTIONS,
        "/application/o/token/",
        &[("origin", "https://app.example.test"), ("access-control-request-headers", "x-a")],
        "",
    );
    let reply = world.send(preflight).await;
    assert_eq!((reply.status, reply.text.as_str()), (StatusCode::OK, "{}"));
    assert_eq!(reply.header("access-control-allow-methods"), "GET, POST, OPTIONS");
    assert_eq!(reply.header("access-control-allow-headers"), "x-a");
}

#[tokio::test]
async fn clients_learn_about_their_own_good_tokens_only() {
    let world = World::new().await;
    let tokens = world.tokens("openid email offline_access").await;
    let known = introspect(&world, &tokens["access_token"], CLIENT).await;
    assert_eq!(
        (&known["active"], &known["scope"], &known["client_id"]),
        (&json!(true), &json!("openid email offline_access"), &json!("cid"))
    );
    assert_eq!(known["email"], "uma@example.test");
    assert!(known.get("azp").is_none() && known.get("uid").is_none());
    assert_eq!(introspect(&world, &tokens["refresh_token"], CLIENT).await["active"], true);
    let inactive = json!({"active": false});
    let other = [("client_id", "other"), ("client_secret", "other-secret")];
    let wrong = [("client_id", "cid"), ("client_secret", "wrong")];
    assert_eq!(introspect(&world, &tokens["access_token"], other).await, inactive);
    assert_eq!(introspect(&world, &tokens["refresh_token"], other).await, inactive);
    assert_eq!(introspect(&world, &tokens["access_token"], wrong).await, inactive);
    assert_eq!(introspect(&world, &json!("x"), CLIENT).await, inactive);
    world.run("UPDATE users SET is_active = 0").await;
    assert_eq!(introspect(&world, &tokens["access_token"], CLIENT).await, inactive);
    assert_eq!(introspect(&world, &tokens["refresh_token"], CLIENT).await, inactive);
    world.run("UPDATE users SET is_active = 1").await;
    world.run("UPDATE access_token SET revoked = 1").await;
    assert_eq!(introspect(&world, &tokens["access_token"], CLIENT).await, inactive);
    assert_eq!(world.get("/application/o/introspect/").await.status.as_u16(), 405);
}

#[tokio::test]
async fn revoking_ends_own_tokens_and_refresh_takes_its_family_along() {
    let world = World::new().await;
    let tokens = world.tokens("openid offline_access").await;
    let revoke = async |token: &Value, client: [(&'static str, &'static str); 2]| {
        let form = [client.as_slice(), &[("token", token.as_str().unwrap())]].concat();
        world.post("/application/o/revoke/", &form, &[]).await
    };
    let wrong =
        revoke(&tokens["access_token"], [("client_id", "cid"), ("client_secret", "wrong")]).await;
    assert_eq!(
        (wrong.status, &wrong.json()["error"]),
        (StatusCode::UNAUTHORIZED, &json!("invalid_client"))
    );
    let foreign = revoke(
        &tokens["access_token"],
        [("client_id", "other"), ("client_secret", "other-secret")],
    )
    .await;
    assert_eq!((foreign.status, foreign.json()), (StatusCode::OK, json!({})));
    assert_eq!(
        userinfo(&world, &tokens["access_token"]).await.status,
        StatusCode::OK,
        "not the other client's to revoke"
    );
    assert_eq!(revoke(&json!("unknown"), CLIENT).await.json(), json!({}));
    assert_eq!(revoke(&tokens["refresh_token"], CLIENT).await.json(), json!({}));
    assert_eq!(userinfo(&world, &tokens["access_token"]).await.status, StatusCode::UNAUTHORIZED);
    let again = world
        .token(&[
            ("grant_type", "refresh_token"),
            ("refresh_token", tokens["refresh_token"].as_str().unwrap()),
        ])
        .await;
    assert_eq!(again.json()["error"], "invalid_grant");
}

#[tokio::test]
async fn a_provider_describes_itself() {
    let world = World::new().await;
    let reply = world.get("/application/o/impl/.well-known/openid-configuration").await;
    assert_eq!(reply.header("content-type"), "application/json");
    let document = reply.json();
    assert_eq!(document["issuer"], "http://id.example.test/application/o/impl/");
    assert_eq!(document["id_token_signing_alg_values_supported"], json!(["ES256"]));
    assert_eq!(
        document["scopes_supported"],
        json!(["openid", "email", "profile", "offline_access", "goauthentik.io/api"])
    );
    for path in [
        "/.well-known/oauth-authorization-server/application/o/impl/",
        "/application/o/impl/.well-known/oauth-authorization-server",
    ] {
        assert_eq!(world.get(path).await.json(), document, "{path}");
    }
    let keys = world.get("/application/o/impl/jwks/").await;
    assert_eq!(keys.header("access-control-allow-origin"), "*");
    assert_eq!(keys.json()["keys"][0]["use"], "sig");
    assert_eq!(keys.json()["keys"].as_array().unwrap().len(), 1);
    let root = world.get("/application/o/impl/").await;
    assert_eq!(
        (root.status, root.header("location")),
        (StatusCode::FOUND, "/application/o/impl/.well-known/openid-configuration")
    );
    let named = world.get("/application/o/other/.well-known/openid-configuration").await;
    assert_eq!(named.status, StatusCode::OK, "a slug comes before a name");
    for path in ["/application/o/impl", "/application/o/OTHER"] {
        assert_eq!(world.get(path).await.status, StatusCode::NOT_FOUND);
    }
    assert!(
        world
            .get("/application/o/impl")
            .await
            .text
            .contains("http://id.example.test/application/o/impl/ (with the slash")
    );
    let shared = World::with(|p| p.signing_key = None).await;
    assert_eq!(shared.get("/application/o/impl/jwks/").await.json(), json!({"keys": []}));
}

#[tokio::test]
async fn errors_reach_the_client_and_never_an_address_that_is_not_its_own() {
    let world = World::with(|p| p.redirect_uris = strict(&[CALLBACK, "com.example.app:/cb"])).await;
    let ask = async |query: &str| world.get(&format!("/application/o/authorize/?{query}")).await;
    let own = format!("client_id=cid&redirect_uri={CALLBACK}&state=st-1");
    let reply = ask(&format!("{own}&response_type=code&request=x.y.z")).await;
    assert_eq!(
        reply.header("location"),
        "https://app.example.test/callback?error=request_not_supported&error_description=The%20provider%20does%20not%20support%20use%20of%20the%20request%20parameter&state=st-1&iss=http%3A//id.example.test/application/o/impl/"
    );
    let silent = ask(&format!("{own}&response_type=code&prompt=none")).await;
    assert!(
        silent
            .header("location")
            .starts_with("https://app.example.test/callback?error=login_required&"),
        "{silent:?}"
    );
    let native =
        ask("client_id=cid&redirect_uri=com.example.app:/cb&response_type=code&prompt=none").await;
    assert!(native.header("location").starts_with("com.example.app:/cb?error=login_required&"));
    let fragment =
        ask(&format!("{own}&response_type=id_token&scope=openid&nonce=n&prompt=none")).await;
    assert!(
        fragment
            .header("location")
            .starts_with("https://app.example.test/callback#error=login_required&")
    );
    for (query, status) in [
        ("", 404),
        ("client_id=nope&response_type=code", 400),
        ("client_id=cid&response_type=code", 400),
        ("client_id=cid&response_type=code&redirect_uri=https://evil.example/", 400),
        (
            "client_id=cid&response_type=code&redirect_uri=https://app.example.test/callback%0d%0aSet-Cookie:x",
            400,
        ),
    ] {
        let reply = ask(query).await;
        assert_eq!(reply.status.as_u16(), status, "{query}");
        assert_eq!(reply.header("location"), "");
    }
    let form = [
        ("client_id", "cid"),
        ("redirect_uri", CALLBACK),
        ("response_type", "code"),
        ("scope", "openid profile"),
    ];
    let posted = world.post("/application/o/authorize", &form, &[]).await;
    assert_eq!(posted.status, StatusCode::SEE_OTHER);
    assert_eq!(
        posted.header("location"),
        "/application/o/authorize/?client_id=cid&redirect_uri=https%3A%2F%2Fapp.example.test%2Fcallback&response_type=code&scope=openid+profile"
    );
    assert!(world.events().await.contains(&"configuration_error".to_owned()));
}

const END: &str = "/application/o/impl/end-session/";

/// Asks to sign out, without a cookie.
async fn sign_out(world: &World, hint: Option<&str>, target: Option<&str>) -> super::world::Reply {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(hint.map(|hint| ("id_token_hint", hint)));
    query.extend_pairs(target.map(|target| ("post_logout_redirect_uri", target)));
    world.get(&format!("{END}?{}&state=s", query.finish())).await
}

async fn sessions(world: &World) -> usize {
    world.sql(|sql| sql.query("SELECT uuid FROM session", &[])).await.len()
}

#[tokio::test]
async fn without_a_hint_nobody_is_sent_on_unasked() {
    let world = World::new().await;
    for target in [
        "https://app.example.test/",
        "https://evil.example/",
        "javascript:alert(1)",
        "//evil.example",
        "https://app.example.test.evil/",
    ] {
        let page = sign_out(&world, None, Some(target)).await;
        assert_eq!((page.status, page.header("location")), (StatusCode::OK, ""), "{target}");
        let text = page.text.replace("&#x2f;", "/");
        assert_eq!(
            text.contains("https://app.example.test/?state=s"),
            target == "https://app.example.test/",
            "{target}"
        );
        assert!(!text.contains("evil") && !text.contains("javascript:"), "{target}");
    }
    let plain = world.get(END).await;
    assert_eq!(plain.status, StatusCode::OK);
    assert!(
        plain.text.replace("&#x2f;", "/").contains("https://app.example.test\""),
        "the way back to the application"
    );
    assert_eq!(world.get("/application/o/nope/end-session/").await.status, StatusCode::NOT_FOUND);
    let client = world.get(&format!("{END}?client_id=other")).await;
    assert_eq!(client.status, StatusCode::BAD_REQUEST, "another application's name");
}

/// RP-Initiated Logout 1.0, 2: `ui_locales`.
#[tokio::test]
async fn a_sign_out_is_in_the_language_that_the_application_asks_for() {
    let world = World::new().await;
    let german = "Abgemeldet";
    let get = world.get(&format!("{END}?ui_locales=xx%20de")).await;
    let post = world.post(END, &[("ui_locales", "xx de")], &[]).await;
    assert!(get.text.contains(german) && post.text.contains(german), "{}", post.text);
    assert!(!world.get(END).await.text.contains(german));
    // Also at the page that is shown afterwards.
    let hint = world.tokens("openid").await["id_token"].as_str().unwrap().to_owned();
    let ended = world
        .post(END, &[("id_token_hint", &hint), ("ui_locales", "de"), ("client_id", "cid")], &[])
        .await;
    assert_eq!(ended.header("location"), format!("{END}?ui_locales=de"));
    let of_nobody = world.get("/application/o/end-session/?ui_locales=de").await;
    assert!(of_nobody.header("location").ends_with("?ui_locales=de"), "{of_nobody:?}");
}

#[tokio::test]
async fn a_hint_that_holds_ends_its_session_cookie_or_not() {
    for later in [0, 1_000_000] {
        let world = World::new().await;
        let hint = world.tokens("openid").await["id_token"].as_str().unwrap().to_owned();
        world.later(later);
        let back = sign_out(&world, Some(&hint), Some("https://app.example.test/")).await;
        assert_eq!(
            (back.status, back.header("location")),
            (StatusCode::FOUND, "https://app.example.test/?state=s"),
            "{}",
            back.text
        );
        assert_eq!(sessions(&world).await, 0);
        assert!(world.events().await.contains(&"logout".to_owned()));
        let again = sign_out(&world, Some(&hint), Some("https://app.example.test/")).await;
        assert_eq!(
            again.header("location"),
            "https://app.example.test/?state=s",
            "also when nothing is left to end"
        );
    }
    let world = World::new().await;
    let hint = world.tokens("openid").await["id_token"].as_str().unwrap().to_owned();
    let shared = world.get(&format!("/application/o/end-session/?id_token_hint={hint}")).await;
    assert_eq!(
        (shared.status, shared.header("location"), sessions(&world).await),
        (StatusCode::FOUND, END, 0),
        "at the address of all"
    );
}

#[tokio::test]
async fn an_unregistered_address_ends_the_session_and_stays_here() {
    let world = World::with(|p| {
        p.post_logout_redirect_uris = vec!["https://app.example.test/bye".to_owned()];
    })
    .await;
    let hint = world.tokens("openid").await["id_token"].as_str().unwrap().to_owned();
    let page = sign_out(&world, Some(&hint), Some("https://app.example.test/")).await;
    let own = format!("{END}?countersign_unregistered=1");
    assert_eq!(
        (page.status, page.header("location"), sessions(&world).await),
        (StatusCode::FOUND, own.as_str(), 0)
    );
    let said = world.get(&own).await;
    assert_eq!((said.status, said.header("location")), (StatusCode::OK, ""));
    assert!(said.text.contains("has not registered"), "{}", said.text);
    assert!(world.events().await.contains(&"configuration_error".to_owned()));
    let own = sign_out(&world, Some(&hint), Some("https://app.example.test/bye")).await;
    assert_eq!(own.header("location"), "https://app.example.test/bye?state=s");
}

#[tokio::test]
async fn a_hint_that_does_not_hold_ends_nothing() {
    use base64::Engine as _;
    let world = World::new().await;
    let good = world.tokens("openid").await["id_token"].as_str().unwrap().to_owned();
    let mut parts = good.split('.');
    let (header, payload, signature) =
        (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
    let encode =
        |value: &Value| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(value.to_string());
    let claims: Value = serde_json::from_slice(
        &base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload).unwrap(),
    )
    .unwrap();
    let hs256 = crate::jose::SigningKey::from_secret("made up").unwrap();
    let forged = crate::jose::sign(claims.as_object().unwrap(), &hs256).unwrap();
    let another =
        World::new().await.tokens("openid").await["id_token"].as_str().unwrap().to_owned();
    let changed = |name: &str, value: &str| {
        let mut claims = claims.clone();
        claims[name] = value.into();
        format!("{header}.{}.{signature}", encode(&claims))
    };
    let hints = [
        format!("{}.{payload}.", encode(&json!({"alg": "none"}))),
        format!("{}.{payload}.{signature}", encode(&json!({"alg": "none"}))),
        forged,
        another,
        changed("aud", "other"),
        changed("iss", "https://evil.example/"),
        "nonsense".to_owned(),
    ];
    for hint in hints {
        for target in [None, Some("https://app.example.test/")] {
            let page = sign_out(&world, Some(&hint), target).await;
            assert_eq!(
                (page.status, page.header("location")),
                (StatusCode::BAD_REQUEST, ""),
                "{hint}"
            );
        }
    }
    // Signed here, and for another client or by another issuer.
    let snapshot = world.cx.snapshot();
    let provider = crate::provider::Provider::by_application(&snapshot, "impl").unwrap();
    let keys = world.service.keys(&provider).await.unwrap();
    for (name, value, status) in [
        ("aud", "other", 400),
        ("iss", "http://id.example.test/application/o/other/", 400),
        ("iss", "http://inside:9000/application/o/impl/", 302),
    ] {
        let mut claims = claims.as_object().unwrap().clone();
        claims.insert(name.to_owned(), value.into());
        let hint = crate::jose::sign(&claims, &keys.signing).unwrap();
        assert_eq!(sessions(&world).await, 1);
        assert_eq!(
            sign_out(&world, Some(&hint), None).await.status.as_u16(),
            status,
            "{name} {value}"
        );
    }
    assert_eq!(sessions(&world).await, 0);
}

#[tokio::test]
async fn what_no_application_can_be_told_from_ends_nothing_at_the_address_of_all() {
    let world = World::new().await;
    let ask = async |query: &str| world.get(&format!("/application/o/end-session/{query}")).await;
    for (query, said) in [
        ("?id_token_hint=nonsense", "was not issued to an application here"),
        ("?id_token_hint=e30.eyJhdWQiOiJub2JvZHkifQ.", "was not issued to an application here"),
        ("?client_id=nobody&state=s", "does not exist here"),
        ("?post_logout_redirect_uri=https://app.example.test/", "which one it is"),
    ] {
        let page = ask(query).await;
        assert_eq!(
            (page.status, page.header("location")),
            (StatusCode::BAD_REQUEST, ""),
            "{query}"
        );
        assert!(page.text.contains(said), "{query}: {}", page.text);
    }
    for query in ["", "?state=s"] {
        let own = ask(query).await;
        assert_eq!(own.header("location"), "/flows/-/default/invalidation/", "{query}");
    }
}

#[tokio::test]
async fn an_access_token_is_no_id_token_hint() {
    let world = World::new().await;
    let tokens = world.tokens("openid").await;
    let access = tokens["access_token"].as_str().unwrap();
    for later in [0, 1_000_000] {
        world.later(later);
        let page = sign_out(&world, Some(access), Some("https://app.example.test/")).await;
        assert_eq!(
            (page.status, page.header("location"), sessions(&world).await),
            (StatusCode::BAD_REQUEST, "", 1),
            "after {later} seconds"
        );
        assert!(page.text.contains("is an access token and not an ID token"), "{}", page.text);
        assert_eq!(
            world.get(&format!("/application/o/end-session/?id_token_hint={access}")).await.status,
            StatusCode::BAD_REQUEST,
            "at the address of all"
        );
    }
    let id = tokens["id_token"].as_str().unwrap();
    assert_eq!(
        (sign_out(&world, Some(id), None).await.status, sessions(&world).await),
        (StatusCode::FOUND, 0)
    );
}

#[tokio::test]
async fn encrypted_tokens_open_what_plain_ones_open() {
    let world =
        World::with(|p| p.encryption_key = Some(super::world::encryption_certificate())).await;
    let tokens = world.tokens("openid email").await;
    for name in ["access_token", "id_token"] {
        assert_eq!(tokens[name].as_str().unwrap().split('.').count(), 5, "{name}");
    }
    assert_eq!(userinfo(&world, &tokens["access_token"]).await.json()["email"], "uma@example.test");
    assert_eq!(introspect(&world, &tokens["access_token"], CLIENT).await["active"], true);
    let keys = world.get("/application/o/impl/jwks/").await.json();
    assert_eq!(keys["keys"][1]["use"], "enc");
    assert_eq!(keys["keys"][1]["enc"], "A256CBC-HS512");
    // OpenID Connect Core 3.1.2.1: the application decrypts an ID token before it sends it as a
    // hint. One that it did not decrypt says nothing here.
    let hint = tokens["id_token"].as_str().unwrap();
    assert_eq!(sign_out(&world, Some(hint), None).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(sessions(&world).await, 1);
}

#[tokio::test]
async fn endless_bodies_are_refused_in_the_protocols_shape() {
    let world = World::new().await;
    let long = "x".repeat(300 * 1024);
    let reply = world.post("/application/o/token/", &[("code", &long)], &[]).await;
    assert_eq!((reply.status.as_u16(), &reply.json()["error"]), (413, &json!("invalid_request")));
}

#[tokio::test]
async fn grants_end_with_their_provider() {
    let world = World::new().await;
    let tokens = world.tokens("openid").await;
    let delete = |tx: &mut countersign_store::Tx<'_>| {
        let id = tx.graph().list::<crate::kinds::OAuth2Provider>().next().map(|(r, _)| r.id());
        tx.draft().delete(id.unwrap()).unwrap();
        Ok::<_, countersign_store::StoreError>(())
    };
    world.cx.store.write(countersign_store::Actor::system(), "test", delete).await.unwrap();
    crate::service::clean(&world.cx).await.unwrap();
    let left = world.sql(|sql| sql.query("SELECT id FROM access_token", &[])).await;
    assert!(left.is_empty());
    assert_eq!(userinfo(&world, &tokens["access_token"]).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_former_key_stays_published_while_its_tokens_live() {
    let world = World::new().await;
    let hint = world.tokens("openid").await["id_token"].as_str().unwrap().to_owned();
    let kids = async || {
        let keys = world.get("/application/o/impl/jwks/").await.json();
        keys["keys"]
            .as_array()
            .unwrap()
            .iter()
            .map(|k| k["kid"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let before = kids().await;
    assert_eq!(before.len(), 1);
    let change = |tx: &mut countersign_store::Tx<'_>| {
        let reference = countersign_model::Ref::<crate::kinds::OAuth2Provider>::new(
            countersign_model::Key::Int(1),
        );
        let mut provider = tx.graph().get(reference).unwrap().clone();
        provider.signing_key = Some(super::world::encryption_certificate());
        tx.draft().put(1, provider);
        Ok::<_, countersign_store::StoreError>(())
    };
    world.cx.store.write(countersign_store::Actor::system(), "test", change).await.unwrap();
    let after = kids().await;
    assert_eq!(after.len(), 2);
    assert_eq!(after[1], before[0], "the present key comes first");
    // So long it vouches for an ID token that asks to sign out, and then no more.
    world.later(3_601);
    assert_eq!(kids().await, after[..1]);
    assert_eq!(sign_out(&world, Some(&hint), None).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(sessions(&world).await, 1);
    world.later(-3_600);
    assert_eq!(sign_out(&world, Some(&hint), None).await.status, StatusCode::FOUND);
    assert_eq!(sessions(&world).await, 0);
}

#[tokio::test]
async fn providers_that_share_the_issuer_have_one_document_at_the_root() {
    let world = World::new().await;
    for path in [
        "/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server",
        "/.well-known/jwks.json",
    ] {
        assert_eq!(world.get(path).await.status, StatusCode::NOT_FOUND, "no provider shares it");
    }
    let world = World::with(|p| p.issuer_mode = crate::kinds::IssuerMode::Global).await;
    let document = world.get("/.well-known/openid-configuration").await.json();
    assert_eq!(document["issuer"], "http://id.example.test/");
    assert_eq!(
        document["scopes_supported"],
        json!(["openid", "email", "profile", "offline_access", "goauthentik.io/api"])
    );
    assert_eq!(world.get("/.well-known/oauth-authorization-server").await.json(), document);
    let keys = world
        .get(document["jwks_uri"].as_str().unwrap().strip_prefix("http://id.example.test").unwrap())
        .await
        .json();
    assert_eq!(keys, world.get("/application/o/impl/jwks/").await.json());
    assert_eq!(
        world.get("/application/o/impl/.well-known/openid-configuration").await.json()["issuer"],
        "http://id.example.test/"
    );
}

#[tokio::test]
async fn documents_made_of_the_requests_own_host_are_not_kept() {
    let world = World::with(|p| p.issuer_mode = crate::kinds::IssuerMode::Global).await;
    for path in [
        "/application/o/impl/.well-known/openid-configuration",
        "/.well-known/openid-configuration",
        "/.well-known/webfinger",
    ] {
        assert_eq!(world.get(path).await.header("cache-control"), "no-store", "{path}");
    }
}

#[tokio::test]
async fn webfinger_without_a_default_application_knows_nobody() {
    let world = World::new().await;
    let reply = world.get("/.well-known/webfinger?resource=acct:ada@example.org").await;
    assert_eq!(
        (reply.status, reply.header("content-type"), reply.json()),
        (StatusCode::OK, "application/jrd+json", json!({}))
    );
    assert_eq!(reply.header("access-control-allow-origin"), "*");
}

#[tokio::test]
async fn refusals_can_be_read_by_pages_and_by_people() {
    let world = World::new().await;
    let origin = ("origin", "https://app.example.test");
    for (headers, status) in
        [(vec![origin], 401), (vec![origin, ("authorization", "Bearer nonsense")], 401)]
    {
        let reply =
            world.send(request(Method::GET, "/application/o/userinfo/", &headers, "")).await;
        assert_eq!(
            (reply.status.as_u16(), reply.header("access-control-allow-origin")),
            (status, origin.1)
        );
        assert_eq!(reply.header("access-control-allow-credentials"), "", "no client is known");
        assert_eq!(reply.header("access-control-expose-headers"), "WWW-Authenticate");
    }
    let twice = world
        .post(
            "/application/o/userinfo/",
            &[("access_token", "t")],
            &[("authorization", "Bearer t")],
        )
        .await;
    assert_eq!(twice.status, StatusCode::BAD_REQUEST);
    assert!(twice.header("www-authenticate").contains("more than one method"));
    let basic = world
        .post(
            "/application/o/token/",
            &[("grant_type", "refresh_token")],
            &[("authorization", "Basic Y2lkOng="), origin],
        )
        .await;
    assert_eq!(basic.status, StatusCode::UNAUTHORIZED);
    assert!(
        basic
            .header("www-authenticate")
            .starts_with("Basic realm=\"OAuth2\", error=\"invalid_client\", error_description=\"")
    );
}
