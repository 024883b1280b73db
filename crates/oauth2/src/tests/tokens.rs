//! The token endpoint.

use axum::http::{Method, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign_model::Timestamp;
use countersign_store::params;
use serde_json::{Value, json};

use super::world::{CALLBACK, NOW, World, request, seconds};
use crate::client::ClientType;
use crate::jose::{self, SigningKey};
use crate::wire::pkce::{Challenge, Method as Pkce};

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

fn claims(token: &Value) -> Value {
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let payload = token.as_str().unwrap().split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

type Form<'a> = Vec<(&'a str, &'a str)>;

fn exchange<'a>(code: &'a str, extra: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut form =
        vec![("grant_type", "authorization_code"), ("code", code), ("redirect_uri", CALLBACK)];
    form.extend_from_slice(extra);
    form
}

fn refresh(token: &Value) -> Vec<(&'static str, &str)> {
    vec![("grant_type", "refresh_token"), ("refresh_token", token.as_str().unwrap())]
}

#[tokio::test]
async fn a_code_becomes_tokens_with_the_claims_of_the_guide() {
    let world = World::new().await;
    world.code("c", "openid profile email groups", None).await;
    let reply = world.token(&exchange("c", &[])).await;
    assert_eq!(reply.status, StatusCode::OK);
    assert_eq!((reply.header("cache-control"), reply.header("pragma")), ("no-store", "no-cache"));
    let tokens = reply.json();
    assert_eq!(tokens["token_type"], "Bearer");
    assert_eq!(tokens["scope"], "openid profile email groups");
    assert_eq!(tokens["expires_in"], 3600);
    assert!(tokens.get("refresh_token").is_none());
    let id = claims(&tokens["id_token"]);
    assert_eq!(id["iss"], "http://id.example.test/application/o/impl/");
    assert_eq!(
        (&id["aud"], &id["nonce"], &id["amr"]),
        (&json!("cid"), &json!("no-1"), &json!(["pwd"]))
    );
    assert_eq!(
        (&id["iat"], &id["exp"], &id["auth_time"]),
        (&json!(NOW), &json!(NOW + 3600), &json!(NOW))
    );
    assert_eq!(
        (&id["email"], &id["name"], &id["preferred_username"]),
        (&json!("uma@example.test"), &json!("Uma Martin"), &json!("uma"))
    );
    assert_eq!(id["groups"], json!(["Users"]));
    assert_eq!(id["sid"], hex::encode([7u8; 32]));
    assert_eq!(
        id["at_hash"],
        jose::half_hash(tokens["access_token"].as_str().unwrap(), jose::Algorithm::Es256)
    );
}

#[tokio::test]
async fn a_code_is_good_once_and_a_second_use_ends_what_it_gave() {
    let world = World::new().await;
    world.code("c", "openid offline_access", None).await;
    let first = world.token(&exchange("c", &[])).await.json();
    world.later(1);
    let second = world.token(&exchange("c", &[])).await;
    assert_eq!(
        (second.status, &second.json()["error"]),
        (StatusCode::BAD_REQUEST, &json!("invalid_grant"))
    );
    let userinfo = world
        .post(
            "/application/o/userinfo/",
            &[("access_token", first["access_token"].as_str().unwrap())],
            &[],
        )
        .await;
    assert_eq!(userinfo.status, StatusCode::UNAUTHORIZED);
    assert_eq!(
        world.token(&refresh(&first["refresh_token"])).await.json()["error"],
        "invalid_grant"
    );
}

#[tokio::test]
async fn of_parallel_exchanges_one_succeeds_and_of_refreshes_ten() {
    let world = std::sync::Arc::new(World::new().await);
    world.code("c", "openid offline_access", None).await;
    for round in 0..2 {
        let form: Vec<(String, String)> = if round == 0 {
            exchange("c", &[]).into_iter().map(|(a, b)| (a.to_owned(), b.to_owned())).collect()
        } else {
            let tokens = world.tokens("openid offline_access").await;
            refresh(&tokens["refresh_token"])
                .into_iter()
                .map(|(a, b)| (a.to_owned(), b.to_owned()))
                .collect()
        };
        let mut tries = tokio::task::JoinSet::new();
        for _ in 0..200 {
            let (world, form) = (world.clone(), form.clone());
            tries.spawn(async move {
                let form: Vec<(&str, &str)> =
                    form.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
                world.token(&form).await.status
            });
        }
        let statuses = tries.join_all().await;
        assert_eq!(
            statuses.iter().filter(|s| **s == StatusCode::OK).count(),
            if round == 0 { 1 } else { 10 },
            "round {round}"
        );
        assert!(statuses.iter().all(|s| *s == StatusCode::OK || *s == StatusCode::BAD_REQUEST));
    }
}

#[tokio::test]
async fn refresh_rotates_and_without_grace_reuse_revokes_the_family() {
    let world = World::with(|p| p.refresh_token_grace = seconds("seconds=0")).await;
    let first = world.tokens("openid email offline_access").await;
    let second = world.token(&refresh(&first["refresh_token"])).await.json();
    let id = claims(&second["id_token"]);
    assert!(id.get("nonce").is_none());
    assert_eq!(second["scope"], "openid email offline_access");
    assert_eq!(
        world.token(&refresh(&first["refresh_token"])).await.json()["error"],
        "invalid_grant"
    );
    assert_eq!(
        world.token(&refresh(&second["refresh_token"])).await.json()["error"],
        "invalid_grant"
    );
    let access = second["access_token"].as_str().unwrap().to_owned();
    let userinfo = world.post("/application/o/userinfo/", &[("access_token", &access)], &[]).await;
    assert_eq!(userinfo.status, StatusCode::UNAUTHORIZED);
    assert!(world.events().await.iter().filter(|e| *e == "suspicious_request").count() >= 2);
}

#[tokio::test]
async fn within_the_grace_a_client_that_asks_again_gets_working_tokens() {
    let world = World::new().await;
    let first = world.tokens("openid offline_access").await;
    let mut answers = Vec::new();
    for _ in 0..10 {
        let reply = world.token(&refresh(&first["refresh_token"])).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
        answers.push(reply.json());
    }
    assert_eq!(
        world.token(&refresh(&first["refresh_token"])).await.json()["error"],
        "invalid_grant",
        "ten times"
    );
    assert!(!world.events().await.contains(&"suspicious_request".to_owned()));
    for answer in &answers[1..] {
        assert_eq!(world.token(&refresh(&answer["refresh_token"])).await.status, StatusCode::OK);
    }
    world.later(11);
    assert_eq!(
        world.token(&refresh(&first["refresh_token"])).await.json()["error"],
        "invalid_grant"
    );
    assert_eq!(
        world.token(&refresh(&answers[0]["refresh_token"])).await.json()["error"],
        "invalid_grant",
        "the whole family"
    );
}

#[tokio::test]
async fn a_public_client_asks_again_from_the_address_it_had() {
    let world = World::with(|p| p.client_type = ClientType::Public).await;
    let first = world.tokens("openid offline_access").await;
    let form = [refresh(&first["refresh_token"]), vec![("client_id", "cid")]].concat();
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&form).finish();
    let from = async |address: &'static str| {
        let mut asked = request(
            Method::POST,
            "/application/o/token/",
            &[("content-type", "application/x-www-form-urlencoded")],
            &body,
        );
        let peer: std::net::SocketAddr = format!("{address}:1").parse().unwrap();
        asked.extensions_mut().insert(axum::extract::ConnectInfo(peer));
        world.send(asked).await
    };
    assert_eq!(from("203.0.113.1").await.status, StatusCode::OK);
    assert_eq!(from("203.0.113.1").await.status, StatusCode::OK);
    assert_eq!(from("203.0.113.2").await.json()["error"], "invalid_grant");
    assert!(world.events().await.contains(&"suspicious_request".to_owned()));
    assert_eq!(from("203.0.113.1").await.json()["error"], "invalid_grant", "RFC 9700 4.14.2");
}

/// Somebody else is first with a stolen token, and the client asks within its grace.
#[tokio::test]
async fn a15_of_the_tokens_of_one_grace_one_lives_on() {
    let world = World::new().await;
    let mut line = world.tokens("openid offline_access").await;
    // As long as both go on within moments of each other, they are one client.
    let mut other = line.clone();
    for _ in 0..3 {
        let [one, two] = [&line, &other].map(|tokens| refresh(&tokens["refresh_token"]));
        let (one, two) = (world.token(&one).await, world.token(&two).await);
        assert_eq!((one.status, two.status), (StatusCode::OK, StatusCode::OK));
        (line, other) = (one.json(), two.json());
        world.later(60);
    }
    line = world.token(&refresh(&line["refresh_token"])).await.json();
    world.later(60);
    let used = world.token(&refresh(&other["refresh_token"])).await;
    assert_eq!(used.json()["error"], "invalid_grant", "the other went on a minute ago");
    let used = world.token(&refresh(&line["refresh_token"])).await;
    assert_eq!(used.json()["error"], "invalid_grant", "the whole family");
    assert!(world.events().await.contains(&"suspicious_request".to_owned()));
}

#[tokio::test]
async fn a_narrowed_refresh_narrows_the_access_token_only() {
    let world = World::new().await;
    let first = world.tokens("openid email offline_access").await;
    let mut form = refresh(&first["refresh_token"]);
    form.push(("scope", "openid offline_access"));
    let second = world.token(&form).await.json();
    assert_eq!(second["scope"], "openid offline_access");
    assert!(claims(&second["access_token"]).get("email").is_none());
    let third = world.token(&refresh(&second["refresh_token"])).await.json();
    assert_eq!(third["scope"], "openid email offline_access");
}

#[tokio::test]
async fn everything_wrong_with_a_request_has_the_protocols_answer() {
    let world = World::new().await;
    let challenge = Challenge { value: CHALLENGE.into(), method: Pkce::S256 };
    world.code("pkce", "openid", Some(challenge)).await;
    world.code("plain", "openid", None).await;
    let basic =
        |id: &str, secret: &str| format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")));
    let (right, wrong, unknown) =
        (basic("cid", "s3cret"), basic("cid", "wrong"), basic("nope", "x"));
    let other = basic("other", "other-secret");
    let rows: Vec<(Form<'_>, &str, u16, &str)> = vec![
        (vec![], "", 400, "invalid_client"),
        (exchange("plain", &[]), "", 400, "invalid_client"),
        (exchange("plain", &[("client_id", "cid")]), "", 400, "invalid_client"),
        (exchange("plain", &[]), &unknown, 401, "invalid_client"),
        (exchange("plain", &[]), &wrong, 401, "invalid_client"),
        (exchange("plain", &[]), "Basic !!!", 401, "invalid_client"),
        (exchange("", &[]), &right, 400, "invalid_grant"),
        (exchange("x", &[]), &right, 400, "invalid_grant"),
        (exchange("plain", &[]), &other, 400, "invalid_client"),
        (vec![("grant_type", "zzz")], &right, 400, "unsupported_grant_type"),
        (vec![], &right, 400, "unsupported_grant_type"),
        (
            vec![("grant_type", "authorization_code"), ("code", "plain")],
            &right,
            400,
            "invalid_client",
        ),
        (
            vec![
                ("grant_type", "authorization_code"),
                ("code", "plain"),
                ("redirect_uri", "https://evil.example/"),
            ],
            &right,
            400,
            "invalid_client",
        ),
        (exchange("plain", &[("code_verifier", VERIFIER)]), &right, 400, "invalid_grant"),
        (exchange("plain", &[("code", "again")]), &right, 400, "invalid_request"),
        (exchange("pkce", &[]), &right, 400, "invalid_grant"),
        (exchange("pkce", &[("code_verifier", CHALLENGE)]), &right, 400, "invalid_grant"),
        (vec![("grant_type", "refresh_token")], &right, 400, "invalid_grant"),
        (
            vec![("grant_type", "refresh_token"), ("refresh_token", "x")],
            &right,
            400,
            "invalid_grant",
        ),
        (exchange("pkce", &[("code_verifier", VERIFIER)]), &right, 200, ""),
        (exchange("plain", &[]), &right, 200, ""),
    ];
    for (form, authorization, status, error) in rows {
        let headers: Vec<(&str, &str)> =
            if authorization.is_empty() { vec![] } else { vec![("authorization", authorization)] };
        let reply = world.post("/application/o/token/", &form, &headers).await;
        assert_eq!(reply.status.as_u16(), status, "{form:?}: {}", reply.text);
        assert_eq!(reply.header("www-authenticate").is_empty(), status != 401);
        if status != 200 {
            assert_eq!(reply.json()["error"], error, "{form:?}");
            assert_eq!(reply.json().as_object().unwrap().len(), 2);
        }
    }
    let wrong_method = world.get("/application/o/token/").await;
    assert_eq!(
        (wrong_method.status.as_u16(), wrong_method.header("allow")),
        (405, "POST, OPTIONS")
    );
    let json_body = world
        .send(request(
            Method::POST,
            "/application/o/token/",
            &[("content-type", "application/json")],
            "{}",
        ))
        .await;
    assert_eq!(json_body.json()["error"], "invalid_client");
}

#[tokio::test]
async fn codes_die_by_time_session_account_and_application() {
    let world = World::new().await;
    world.code("late", "openid", None).await;
    world.later(61);
    assert_eq!(world.token(&exchange("late", &[])).await.json()["error"], "invalid_grant");
    world.code("off", "openid", None).await;
    world.run("UPDATE users SET is_active = 0").await;
    assert_eq!(world.token(&exchange("off", &[])).await.json()["error"], "invalid_grant");
    world.run("UPDATE users SET is_active = 1").await;
    world.run("DELETE FROM session").await;
    assert_eq!(world.token(&exchange("off", &[])).await.json()["error"], "invalid_grant");
}

#[tokio::test]
async fn a_session_that_has_ended_takes_its_tokens_along_before_any_clean_up() {
    let world = World::new().await;
    let tokens = world.tokens("openid").await;
    let bearer = format!("Bearer {}", tokens["access_token"].as_str().unwrap());
    let ask = async || {
        world
            .send(request(
                Method::GET,
                "/application/o/userinfo/",
                &[("authorization", &bearer)],
                "",
            ))
            .await
            .status
    };
    assert_eq!(ask().await, StatusCode::OK);
    world.run("UPDATE session SET expires = 1").await;
    assert_eq!(ask().await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn refresh_tokens_survive_the_session_but_not_the_account() {
    let world = World::new().await;
    let first = world.tokens("openid offline_access").await;
    world.run("DELETE FROM session").await;
    let second = world.token(&refresh(&first["refresh_token"])).await;
    assert_eq!(second.status, StatusCode::OK);
    assert!(claims(&second.json()["id_token"]).get("sid").is_none());
    world.run("UPDATE users SET is_active = 0").await;
    assert_eq!(
        world.token(&refresh(&second.json()["refresh_token"])).await.json()["error"],
        "invalid_grant"
    );
}

#[tokio::test]
async fn machines_get_tokens_by_secret_and_by_app_password() {
    let world = World::new().await;
    let credentials = |extra: &[(&'static str, &'static str)]| {
        let mut form = vec![("grant_type", "client_credentials")];
        form.extend_from_slice(extra);
        form
    };
    let own = world.token(&credentials(&[("scope", "openid profile zzz")])).await;
    assert_eq!(own.status, StatusCode::OK, "{}", own.text);
    let tokens = own.json();
    assert_eq!(tokens["scope"], "openid profile");
    let id = claims(&tokens["id_token"]);
    assert_eq!(id["preferred_username"], "ak-impl-client_credentials");
    assert_eq!(id["given_name"], "Autogenerated user from application Impl (client credentials)");
    assert!(
        id.get("sid").is_none() && id.get("amr").is_none() && tokens.get("refresh_token").is_none()
    );
    let again = world.token(&credentials(&[])).await.json();
    assert_eq!(again["scope"], "", "none asked for, none given");

    let by_user = [("username", "uma"), ("password", "app-password"), ("scope", "profile")];
    let user = world
        .post(
            "/application/o/token/",
            &[credentials(&by_user), vec![("client_id", "cid")]].concat(),
            &[],
        )
        .await;
    assert_eq!(claims(&user.json()["access_token"])["preferred_username"], "uma");
    let encoded = STANDARD.encode("uma:app-password");
    let form =
        [("grant_type", "password"), ("client_id", "cid"), ("client_secret", encoded.as_str())];
    assert_eq!(world.post("/application/o/token/", &form, &[]).await.status, StatusCode::OK);
    // Form-encoded within HTTP Basic (RFC 6749 2.3.1), with and without the padding.
    for secret in [encoded.as_str(), encoded.trim_end_matches('=')] {
        let secret: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        let basic = format!("Basic {}", STANDARD.encode(format!("cid:{secret}")));
        let reply = world
            .post(
                "/application/o/token/",
                &[("grant_type", "client_credentials")],
                &[("authorization", &basic)],
            )
            .await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    }

    for form in [
        vec![("client_id", "cid"), ("client_secret", "wrong")],
        vec![("client_id", "cid")],
        vec![("client_id", "cid"), ("username", "uma"), ("password", "wrong")],
        vec![("client_id", "cid"), ("username", "otto"), ("password", "app-password")],
        vec![("client_id", "cid"), ("client_assertion_type", "zzz"), ("client_assertion", "x")],
        vec![
            ("client_id", "cid"),
            ("client_assertion_type", crate::wire::client_auth::JWT_BEARER),
            ("client_assertion", "x.y.z"),
        ],
    ] {
        let form = [credentials(&[]), form].concat();
        let reply = world.post("/application/o/token/", &form, &[]).await;
        assert_eq!(
            (reply.status.as_u16(), &reply.json()["error"]),
            (400, &json!("invalid_grant")),
            "{form:?}"
        );
    }
    world.run("UPDATE users SET is_active = 0").await;
    let off = world.token(&credentials(&[])).await;
    assert_eq!(off.json()["error"], "invalid_grant", "a deactivated service account gets nothing");
    assert_eq!(world.events().await.iter().filter(|e| *e == "login").count(), 6);
}

#[tokio::test]
async fn a_client_s_account_is_its_own_whatever_others_are_called() {
    let world = World::new().await;
    let ask = async |client: &str, secret: &str| {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", client),
            ("client_secret", secret),
        ];
        let reply = world.post("/application/o/token/", &form, &[]).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
        claims(&reply.json()["access_token"])["sub"].clone()
    };
    // Somebody enrolled with the name that the client's account would have.
    world.run("UPDATE users SET username = 'AK-impl-client_credentials', username_fold = 'ak-impl-client_credentials' WHERE id = 2").await;
    let first = ask("cid", "s3cret").await;
    assert_ne!(first, json!(hex::encode(countersign_store::sha256("2-install"))));
    // Two providers whose names differ by case only.
    let rename = |tx: &mut countersign_store::Tx<'_>| {
        let reference = countersign_model::Ref::<crate::kinds::OAuth2Provider>::new(
            countersign_model::Key::Int(2),
        );
        let provider = tx.graph().get(reference).unwrap().clone();
        tx.draft().put(2, crate::kinds::OAuth2Provider { name: "IMPL".into(), ..provider });
        Ok::<_, countersign_store::StoreError>(())
    };
    world.cx.store.write(countersign_store::Actor::system(), "test", rename).await.unwrap();
    let second = ask("other", "other-secret").await;
    assert_ne!(first, second);
    assert_eq!(
        (ask("cid", "s3cret").await, ask("other", "other-secret").await),
        (first, second),
        "and stays the same"
    );
}

/// The account that `client_credentials` give tokens for.
async fn machine(world: &World, client: &str, secret: &str) -> Value {
    let form =
        [("grant_type", "client_credentials"), ("client_id", client), ("client_secret", secret)];
    let reply = world.post("/application/o/token/", &form, &[]).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    claims(&reply.json()["access_token"])["sub"].clone()
}

/// O1: the next provider of that name had the account of a deleted one, with what it held.
#[tokio::test]
async fn the_account_of_a_deleted_client_is_nobody_s() {
    type Provider = crate::kinds::OAuth2Provider;
    let world = World::new().await;
    let before = machine(&world, "cid", "s3cret").await;
    let of = |number: i64| countersign_model::Ref::<Provider>::new(number.into());
    let again = move |tx: &mut countersign_store::Tx<'_>| {
        let former = tx.graph().get(of(1)).unwrap().clone();
        let (application, mut opened) = {
            let found = tx.graph().snapshot();
            let mut all = found.list::<countersign_catalogue::Application>();
            let (key, found) = all.find(|(_, found)| &*found.slug == "impl").unwrap();
            (key.key(), found.clone())
        };
        let number = tx.graph().highest_key(<Provider as countersign_model::Target>::SPACE) + 1;
        opened.provider = Some(tx.draft().put(number, former).cast());
        tx.draft().put(application, opened);
        tx.draft().delete(of(1).id())?;
        Ok::<_, countersign_store::StoreError>(())
    };
    world.cx.store.write(countersign_store::Actor::system(), "test", again).await.unwrap();
    crate::service::clean(&world.cx).await.unwrap();
    let after = machine(&world, "cid", "s3cret").await;
    assert_ne!(before, after);
    assert_eq!(after, machine(&world, "cid", "s3cret").await);
    let names = "SELECT username FROM users WHERE type = 'service_account' ORDER BY id";
    let names = world.sql(move |sql| sql.query(names, params![])).await;
    let names: Vec<String> = names.iter().map(|row| row.get(0).unwrap()).collect();
    assert_eq!(names, ["ak-impl-client_credentials", "ak-impl-client_credentials-3"]);
}

#[tokio::test]
async fn the_account_a_client_had_before_is_found_again() {
    let world = World::new().await;
    let before = machine(&world, "cid", "s3cret").await;
    // As an earlier version left it: linked when this one starts, and never later.
    world.run("DELETE FROM client_account").await;
    crate::client_account::link_former(world.cx.clone()).await.unwrap();
    assert_eq!(machine(&world, "cid", "s3cret").await, before);
    world.run("DELETE FROM client_account").await;
    crate::client_account::link_former(world.cx.clone()).await.unwrap();
    assert_ne!(machine(&world, "cid", "s3cret").await, before);
}

/// O1: an account that is older than the provider was made for another of the same name.
#[tokio::test]
async fn an_account_that_is_older_than_the_client_was_another_s() {
    let world = World::new().await;
    let before = machine(&world, "cid", "s3cret").await;
    world.run("DELETE FROM client_account").await;
    world.run("UPDATE users SET joined = 0").await;
    crate::client_account::link_former(world.cx.clone()).await.unwrap();
    assert_ne!(machine(&world, "cid", "s3cret").await, before);
}

#[tokio::test]
async fn each_use_of_a_client_s_account_is_noted_and_its_names_follow_the_application() {
    let world = World::new().await;
    let ask = async || {
        let reply = world.token(&[("grant_type", "client_credentials")]).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    };
    let account = async || {
        let find = "SELECT name, path, last_login FROM users WHERE id = (SELECT user_id FROM client_account WHERE provider_id = 1)";
        world
            .sql(move |sql| {
                sql.query_one(find, params![])?
                    .map(|row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
                    .transpose()
            })
            .await
            .unwrap()
    };
    ask().await;
    let written = async |action: &'static str| {
        world.events().await.iter().filter(|event| *event == action).count()
    };
    assert_eq!(written("model_created").await, 1, "an account made for a client is an edit");
    let first: (String, String, Timestamp) = account().await;
    assert_eq!(first.1, "goauthentik.io/apps/impl");
    world.later(60);
    ask().await;
    assert_eq!(account().await, (first.0.clone(), first.1.clone(), first.2.plus_seconds(60)));
    world.run("UPDATE users SET name = 'former', path = 'former' WHERE id = (SELECT user_id FROM client_account WHERE provider_id = 1)").await;
    ask().await;
    assert_eq!(
        account().await,
        (first.0, first.1, first.2.plus_seconds(60)),
        "an application renamed"
    );
    assert_eq!((written("model_created").await, written("model_updated").await), (1, 1));
}

#[tokio::test]
async fn a_subject_is_one_person_s_and_never_empty() {
    let world = World::with(|p| p.sub_mode = crate::claims::SubMode::UserEmail).await;
    assert_eq!(claims(&world.tokens("openid").await["id_token"])["sub"], "uma@example.test");
    let refused = async |statement: &'static str| {
        world.run(statement).await;
        let code = world.cx.entropy.token(20);
        world.code(&code, "openid", None).await;
        let reply = world.token(&exchange(&code, &[])).await;
        assert_eq!(
            (reply.status.as_u16(), &reply.json()["error"]),
            (400, &json!("invalid_grant")),
            "{statement}"
        );
    };
    refused(
        "UPDATE users SET email = 'UMA@example.test', email_fold = 'uma@example.test' WHERE id = 2",
    )
    .await;
    refused("UPDATE users SET email = '', email_fold = '' WHERE id IN (1, 2)").await;
    let machine = world.token(&[("grant_type", "client_credentials")]).await;
    assert_eq!(
        claims(&machine.json()["access_token"])["sub"].as_str().unwrap().len(),
        64,
        "a program has no address"
    );
}

/// O3: as for the address, so for the principal name of a directory.
#[tokio::test]
async fn a_upn_of_two_people_is_no_subject() {
    let world = World::with(|p| p.sub_mode = crate::claims::SubMode::UserUpn).await;
    let ask = async |statement: &'static str| {
        world.run(statement).await;
        let code = world.cx.entropy.token(20);
        world.code(&code, "openid", None).await;
        let reply = world.token(&exchange(&code, &[])).await;
        let json = reply.json();
        let sub = reply.status.is_success().then(|| claims(&json["id_token"])["sub"].clone());
        sub.unwrap_or_else(|| json["error"].clone())
    };
    let hashed = ask("UPDATE users SET attributes = '{}'").await;
    assert_eq!(hashed.as_str().unwrap().len(), 64, "who has none is known by the hash");
    let own = r#"UPDATE users SET attributes = '{"upn": "Uma@Corp"}' WHERE id = 1"#;
    assert_eq!(ask(own).await, "Uma@Corp");
    let taken = r#"UPDATE users SET attributes = '{"upn": "uma@CORP"}' WHERE id = 2"#;
    assert_eq!(ask(taken).await, "invalid_grant");
    let free = r#"UPDATE users SET attributes = '{"upn": "otto@corp"}' WHERE id = 2"#;
    assert_eq!(ask(free).await, "Uma@Corp");
    let empty = r#"UPDATE users SET attributes = '{"upn": ""}' WHERE id = 1"#;
    assert_eq!(ask(empty).await, "invalid_grant");
}

#[tokio::test]
async fn an_access_token_of_a_trusted_provider_stands_for_its_user() {
    let world = World::new().await;
    let tokens = world.tokens("openid profile").await;
    let assertion = tokens["access_token"].as_str().unwrap();
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", "other"),
        ("client_assertion_type", crate::wire::client_auth::JWT_BEARER),
        ("client_assertion", assertion),
    ];
    assert_eq!(world.post("/application/o/token/", &form, &[]).await.status, StatusCode::OK);
    let mut back = form;
    back[1].1 = "cid";
    assert_eq!(
        world.post("/application/o/token/", &back, &[]).await.json()["error"],
        "invalid_grant",
        "trust has one direction"
    );
    world.run("UPDATE access_token SET revoked = 1").await;
    assert_eq!(
        world.post("/application/o/token/", &form, &[]).await.json()["error"],
        "invalid_grant"
    );
}

#[tokio::test]
async fn without_a_signing_key_the_client_secret_signs() {
    let world = World::with(|p| p.signing_key = None).await;
    let tokens = world.tokens("openid").await;
    let key = SigningKey::from_secret("s3cret").unwrap();
    assert!(jose::verify(tokens["id_token"].as_str().unwrap(), &key).is_ok());
}

#[tokio::test]
async fn public_clients_need_no_secret_and_claims_can_stay_out_of_tokens() {
    let world = World::with(|p| {
        p.client_type = ClientType::Public;
        p.include_claims_in_id_token = false;
        p.access_token_validity = seconds("minutes=10");
    })
    .await;
    world.code("c", "openid email", None).await;
    let reply =
        world.post("/application/o/token/", &exchange("c", &[("client_id", "cid")]), &[]).await;
    assert_eq!((reply.status, &reply.json()["expires_in"]), (StatusCode::OK, &json!(600)));
    assert!(claims(&reply.json()["id_token"]).get("email").is_none());
}
