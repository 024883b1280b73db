//! Signing in, and what ends it, with the store and the protocol behind.

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use countersign_catalogue::{Application, ApplicationAccess};
use countersign_core::{Context, Module, RequestInfo, cookies::session_cookie};
use countersign_events::EventSettings;
use countersign_flow::{Deps, Flow, Flows};
use countersign_model::{Key, Kind, Ref, Target as _};
use countersign_oauth2::{OAuth2, ScopeMapping};
use countersign_policy::{Engine, PolicyBinding};
use countersign_store::{Sql, StoreError, Tx, params, sha256};
use countersign_testing::{NoAudit, TestClock, database};
use serde_json::json;
use uuid::Uuid;

use super::*;

const ID: &str = "id.test";
const APP: &str = "app.test";
/// The key of the person's session.
const SESSION: &str = "0123456789abcdef0123456789abcdef";

struct World {
    cx: Context,
    router: Router,
    world: countersign_testing::World,
}

struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Reply {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    fn location(&self) -> &str {
        self.header("location")
    }

    /// The pair of a cookie, as it is sent back.
    fn cookie(&self, name: &str) -> Option<String> {
        let all = self.headers.get_all(header::SET_COOKIE).iter().map(|c| c.to_str().unwrap());
        let mut pairs = all.filter_map(|cookie| cookie.split(';').next());
        pairs.find(|pair| pair.starts_with(&format!("{name}="))).map(str::to_owned)
    }
}

impl World {
    async fn new() -> World {
        World::with(json!({})).await
    }

    /// With these settings of the provider.
    async fn with(settings: Value) -> World {
        World::of(settings, true).await
    }

    async fn of(settings: Value, embedded: bool) -> World {
        let (events, places) = countersign_events::module(EventSettings::default());
        let (_, passwords) = countersign_directory::module(&places);
        let policies = Engine::for_tests(places, passwords.clone());
        let access: Arc<dyn ApplicationAccess> = Arc::new(policies.clone());
        let oauth = OAuth2::default();
        let rules = countersign_outbound::Rules::default();
        let outbound = Arc::new(countersign_outbound::Outbound::new(rules));
        let upstreams = || outbound.upstreams(countersign_outbound::Patience::default());
        let test = crate::SelfTest::new(upstreams());
        let flows = Flows::new(Deps {
            policies: policies.clone(),
            passwords,
            mailer: countersign_mail::module(&countersign_mail::MailSettings::default()).1,
            outbound: outbound.clone(),
            stages: oauth.stages(),
            destinations: vec![countersign_oauth2::destination()],
            continued: vec![countersign_oauth2::CONTINUED],
        });
        let modules: Vec<Module> = vec![
            events,
            countersign_catalogue::module(&access, None, outbound.clone()),
            countersign_policy::module(&policies, &[]),
            countersign_flow::module(&flows),
            countersign_oauth2::module(&oauth, &flows),
            crate::module(&oauth, &flows, upstreams(), &test, embedded),
        ];
        let clock = TestClock::at(1_800_000_000);
        let world = countersign_testing::World::new(modules, clock, Arc::new(NoAudit), database);
        world.write(move |tx| furnish(tx, settings.clone())).await;
        let cx = world.cx.clone();
        let routes: Vec<_> = cx.modules().iter().flat_map(|m| m.routes.iter().cloned()).collect();
        let router = countersign_core::router(&cx, &routes, |_, handler| handler).layer(
            axum::middleware::from_fn_with_state(cx.clone(), countersign_core::request_layer),
        );
        World { cx, router, world }
    }

    async fn get(&self, host: &str, path: &str, pairs: &[(&str, &str)]) -> Reply {
        use tower::ServiceExt as _;
        let mut request = Request::builder().method(Method::GET).uri(path).header("host", host);
        for (name, value) in pairs {
            request = request.header(*name, *value);
        }
        // Of one who says so there is a proxy that is believed.
        if pairs.iter().any(|(name, _)| *name == "x-forwarded-for") {
            let peer = std::net::SocketAddr::from(([127, 0, 0, 1], 1));
            request = request.extension(axum::extract::ConnectInfo(peer));
        }
        let request = request.body(Body::empty()).unwrap();
        let (parts, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        let bytes = axum::body::to_bytes(body, 1 << 20).await.unwrap();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        Reply { status: parts.status, headers: parts.headers, text }
    }

    async fn sql<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Sql<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> T {
        self.world.write(move |tx| work(tx)).await
    }

    async fn run(&self, statement: &'static str) {
        self.sql(move |sql| sql.execute(statement, &[])).await;
    }

    async fn count(&self, statement: &'static str) -> i64 {
        self.sql(move |sql| sql.query_one(statement, &[])?.unwrap().get(0)).await
    }

    /// The cookie by which the person is signed in at this server.
    fn own_cookie(&self) -> String {
        let (parts, ()) = Request::new(()).into_parts();
        let cookie = session_cookie(&self.cx, &RequestInfo::of(&parts), SESSION, Some("x"), None);
        cookie.unwrap().to_str().unwrap().split(';').next().unwrap().to_owned()
    }

    /// The address that the browser is sent to, and its cookie.
    async fn begin(&self, rd: &str) -> (String, String) {
        let reply = self.get(APP, &format!("/outpost.goauthentik.io/start?rd={rd}"), &[]).await;
        assert_eq!(reply.status, StatusCode::FOUND, "{}", reply.text);
        let location = reply.location();
        assert!(location.starts_with("https://id.test/application/o/authorize/?"), "{location}");
        let cookie = reply.cookie("authentik_proxy_wiki-cli_login").unwrap();
        (location.strip_prefix("https://id.test").unwrap().to_owned(), cookie)
    }

    /// The address that the browser comes back to.
    async fn authorize(&self, path: &str) -> String {
        let reply = self.get(ID, path, &[("cookie", &self.own_cookie())]).await;
        assert_eq!(reply.status, StatusCode::FOUND, "{}", reply.text);
        let callback =
            "https://app.test/outpost.goauthentik.io/callback?X-authentik-auth-callback=true&";
        assert!(reply.location().starts_with(callback), "{}", reply.location());
        reply.location().strip_prefix("https://app.test").unwrap().to_owned()
    }

    /// Signs in; the cookie of the application.
    async fn sign_in(&self) -> String {
        let (path, cookie) = self.begin("https%3A%2F%2Fapp.test%2Fa%3Fb%3Dc").await;
        let back = self.authorize(&path).await;
        let reply = self.get(APP, &back, &[("cookie", &cookie)]).await;
        assert_eq!(reply.status, StatusCode::FOUND, "{}", reply.text);
        assert_eq!(reply.location(), "https://app.test/a?b=c");
        reply.cookie("authentik_proxy_wiki-cli").unwrap()
    }

    /// What nginx is told of a request to a page.
    async fn asked(&self, pairs: &[(&str, &str)]) -> Reply {
        let url = ("x-original-url", "https://app.test/a?b=c");
        let pairs = [&[url], pairs].concat();
        self.get("server:9000", "/outpost.goauthentik.io/auth/nginx", &pairs).await
    }

    async fn lets_in(&self, cookie: &str) -> bool {
        let reply = self.asked(&[("cookie", cookie)]).await;
        match reply.status {
            StatusCode::OK => {
                assert_eq!(reply.header("x-authentik-username"), "uma");
                true
            }
            StatusCode::UNAUTHORIZED => {
                assert_eq!(reply.text, "unauthorized request");
                assert!(!reply.headers.contains_key("x-authentik-username"));
                false
            }
            other => panic!("{other} {}", reply.text),
        }
    }
}

fn put<T: Kind>(tx: &mut Tx<'_>, key: u128, value: Value) -> Ref<T> {
    let Value::Object(map) = value else { panic!("object") };
    let entropy = tx.entropy();
    let input = Input { map: &map, mode: Mode::Create, entropy, privileged: true };
    let value = T::parse(&input, None).unwrap_or_else(|errors| panic!("{}", errors.to_json()));
    tx.draft().put(Uuid::from_u128(key), value)
}

const MAPPINGS: [(&str, &str, &str); 3] = [
    ("oauth2/scope-openid", "openid", "return {}"),
    (
        "oauth2/scope-profile",
        "profile",
        "user = request.user\nreturn {\n    \"name\": user.name,\n    \"given_name\": user.name,\n    \"preferred_username\": user.username,\n    \"nickname\": user.username,\n    \"groups\": [group.name for group in user.ak_groups.all()],\n}",
    ),
    (
        "proxy/scope-proxy",
        "ak_proxy",
        "user = request.user\nreturn {\n    \"ak_proxy\": {\n        \"user_attributes\": user.group_attributes(request),\n        \"is_superuser\": user.is_superuser,\n    }\n}",
    ),
];
const POLICY: u128 = 40;

fn furnish(tx: &mut Tx<'_>, with: Value) -> Result<(), StoreError> {
    tx.put_fact("address of this server", "https://id.test")?;
    let now = tx.now();
    tx.execute(
        "INSERT INTO users (id, uuid, username, username_fold, name, email, email_fold, password, password_changed, is_active, joined, path, type, attributes) \
         VALUES (1, $1, 'uma', 'uma', 'Uma Martin', 'uma@example.test', 'uma@example.test', '!', 0, 1, 0, 'users', 'internal', $2)",
        params![Uuid::from_u128(1), json!({"additionalHeaders": {"X-Team": "blue"}})],
    )?;
    tx.execute("INSERT INTO user_group (uuid, name, is_superuser, attributes) VALUES ($1, 'Writers', 0, '{}')", params![Uuid::from_u128(50)])?;
    tx.execute(
        "INSERT INTO membership (user_id, group_uuid) VALUES (1, $1)",
        params![Uuid::from_u128(50)],
    )?;
    tx.execute(
        "INSERT INTO session (uuid, key_hash, user_id, created, expires, last_used, last_ip, user_agent, data) VALUES ($1, $2, 1, 0, $3, $4, '', '', '{}')",
        params![Uuid::from_u128(51), sha256(SESSION), i64::MAX, now],
    )?;
    tx.execute(
        "INSERT INTO token (uuid, identifier, intent, user_id, description, expiring, key_hash, key_sealed) VALUES ($1, 'app', 'app_password', 1, '', 0, $2, '')",
        params![Uuid::from_u128(60), sha256("app-password")],
    )?;
    let flow: Ref<Flow> = put(
        tx,
        11,
        json!({"name": "f", "slug": "authorize", "title": "t", "designation": "authorization"}),
    );
    for (n, (managed, scope, expression)) in MAPPINGS.into_iter().enumerate() {
        let value = json!({"managed": format!("goauthentik.io/providers/{managed}"), "name": scope, "scope_name": scope, "expression": expression});
        put::<ScopeMapping>(tx, 20 + n as u128, value);
    }
    let mut own = json!({"external_host": "https://app.test", "authorization_flow": flow, "invalidation_flow": flow, "skip_path_regex": "^/public"});
    if let (Some(own), Value::Object(with)) = (own.as_object_mut(), with) {
        own.extend(with);
    }
    tx.draft().put(1, settings("wiki", own));
    tx.draft().put(2, settings("blog", json!({"external_host": "https://blog.test", "authorization_flow": flow, "invalidation_flow": flow})));
    put::<Application>(tx, 30, json!({"name": "Wiki", "slug": "wiki", "provider": 1}));
    put::<Application>(tx, 31, json!({"name": "Blog", "slug": "blog", "provider": 2}));
    Ok(())
}

#[tokio::test]
async fn somebody_signs_in_and_is_known() {
    let world = World::new().await;
    assert_eq!(world.count("SELECT COUNT(*) FROM proxy_session").await, 0);
    let reply = world.asked(&[]).await;
    assert_eq!(
        (reply.status, reply.text.as_str()),
        (StatusCode::UNAUTHORIZED, "unauthorized request")
    );
    let cookie = world.sign_in().await;
    assert_eq!(world.count("SELECT COUNT(*) FROM proxy_session").await, 1);
    let reply = world.asked(&[("cookie", &cookie)]).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    for (name, value) in [
        ("x-authentik-username", "uma"),
        ("x-authentik-groups", "Writers"),
        ("x-authentik-name", "Uma Martin"),
        ("x-authentik-meta-jwks", "https://id.test/application/o/wiki/jwks/"),
        ("x-authentik-meta-app", "wiki"),
        ("x-team", "blue"),
    ] {
        assert_eq!(reply.header(name), value, "{name}");
    }
    // The token is one that the application can check, and ask about.
    let jwt = reply.header("x-authentik-jwt");
    let secret = world
        .cx
        .snapshot()
        .get(Ref::<ProxyProvider>::new(Key::Int(1)))
        .unwrap()
        .client_secret
        .clone();
    let key = countersign_oauth2::jose::SigningKey::from_secret(secret.expose()).unwrap();
    let claims = countersign_oauth2::jose::verify(jwt, &key).unwrap();
    assert_eq!(claims["iss"], "https://id.test/application/o/wiki/");
    assert_eq!(claims["sid"], hex::encode(sha256(SESSION)));
    assert_eq!(claims["ak_proxy"]["is_superuser"], false);
    // Neither the cookie nor the token rests in clear.
    let bare = cookie.split_once('=').unwrap().1.to_owned();
    let stored: String = world
        .sql(|sql| sql.query_one("SELECT token FROM proxy_session", &[])?.unwrap().get(0))
        .await;
    assert!(!stored.contains(&bare) && !stored.contains(jwt));
    // It is a cookie of this application alone, whatever it is called.
    for cookie in [cookie.clone(), cookie.replace("wiki-cli", "blog-cli")] {
        let pairs = [("x-original-url", "https://blog.test/"), ("cookie", cookie.as_str())];
        let blog = world.get("x", "/outpost.goauthentik.io/auth/nginx", &pairs).await;
        assert_eq!(blog.status, StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test]
async fn a_server_without_its_own_outpost_answers_for_no_application() {
    let world = World::of(json!({}), false).await;
    let told = world.asked(&[]).await;
    assert_eq!(told.status, StatusCode::NOT_FOUND, "{}", told.text);
    let started = world.get(APP, "/outpost.goauthentik.io/start", &[]).await;
    assert_eq!(started.status, StatusCode::NOT_FOUND, "{}", started.text);
}

/// A cookie of an application is good from where the session may be that it came from.
#[tokio::test]
async fn a_session_tied_to_a_network_is_so_at_applications_too() {
    let world = World::new().await;
    let tie = async |binding: &'static str| {
        world.sql(move |sql| sql.execute("UPDATE session SET data = $1", params![binding])).await
    };
    let from = async |address: &str, cookie: &str| {
        let pairs = [("cookie", cookie), ("x-forwarded-for", address)];
        world.asked(&pairs).await.status == StatusCode::OK
    };
    let (home, away) = ("192.0.2.7", "198.51.100.1");
    let (path, login) = world.begin("/a").await;
    let back = world.authorize(&path).await;
    let cookie = world.get(APP, &back, &[("cookie", &login)]).await;
    let cookie = cookie.cookie("authentik_proxy_wiki-cli").unwrap();
    for binding in [
        r#"{"binding": {"network": "bind_asn", "place": "no_binding", "address": "192.0.2.7"}}"#,
        r#"{"binding": {"network": "no_binding", "place": "bind_continent", "address": "192.0.2.7"}}"#,
    ] {
        tie("{}").await;
        assert!(from(home, &cookie).await && from(away, &cookie).await, "tied to nothing");
        tie(binding).await;
        assert!(from(home, &cookie).await, "{binding}");
        let session = world.count("SELECT COUNT(*) FROM session").await;
        assert!(session == 1 && !from(away, &cookie).await, "{binding}");
        assert_eq!(world.count("SELECT COUNT(*) FROM session").await, 0, "{binding}: it has ended");
        assert!(!from(home, &cookie).await, "{binding}: wherever it is used then");
        let begin = "INSERT INTO session (uuid, key_hash, user_id, created, expires, last_used, last_ip, user_agent, data) VALUES ($1, $2, 1, 0, $3, 0, '', '', '{}')";
        let hash = sha256(SESSION);
        world
            .sql(move |sql| sql.execute(begin, params![Uuid::from_u128(51), hash, i64::MAX]))
            .await;
    }
    // A token is used by programs, wherever they run.
    tie(r#"{"binding": {"network": "bind_asn", "place": "no_binding", "address": "192.0.2.7"}}"#)
        .await;
    let reply = world.asked(&[("cookie", &cookie), ("x-forwarded-for", home)]).await;
    let token = format!("Bearer {}", reply.header("x-authentik-jwt"));
    let pairs = [("authorization", token.as_str()), ("x-forwarded-for", away)];
    assert_eq!(world.asked(&pairs).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_sign_in_is_finished_once_by_the_browser_that_began_it() {
    let world = World::new().await;
    let (path, cookie) = world.begin("/a").await;
    let back = world.authorize(&path).await;
    let refused = |reply: Reply| {
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{}", reply.text);
        assert_eq!(reply.cookie("authentik_proxy_wiki-cli"), None);
    };
    refused(world.get(APP, &back, &[]).await);
    let (_, foreign) = world.begin("/a").await;
    refused(world.get(APP, &back, &[("cookie", &foreign)]).await);
    refused(world.get(APP, &back.replace("state=", "state=x"), &[("cookie", &cookie)]).await);
    refused(world.get(APP, "/outpost.goauthentik.io/callback", &[("cookie", &cookie)]).await);
    assert_eq!(
        world.count("SELECT COUNT(*) FROM proxy_session").await,
        0,
        "nothing is stored so far"
    );
    let reply = world.get(APP, &back, &[("cookie", &cookie)]).await;
    assert_eq!((reply.status, reply.location()), (StatusCode::FOUND, "https://app.test/a"));
    refused(world.get(APP, &back, &[("cookie", &cookie)]).await);
    // A code is of no use without the verifier that its browser has.
    let (path, _) = world.begin("/a").await;
    let stolen = world.authorize(&path).await;
    let code = stolen.split("&code=").nth(1).unwrap().split('&').next().unwrap();
    let (path, cookie) = world.begin("/a").await;
    let own = world.authorize(&path).await;
    let own_code = own.split("&code=").nth(1).unwrap().split('&').next().unwrap();
    refused(world.get(APP, &own.replace(own_code, code), &[("cookie", &cookie)]).await);
}

#[tokio::test]
async fn nobody_is_sent_to_another_place() {
    let world = World::new().await;
    for (rd, expected) in [
        ("https%3A%2F%2Fapp.test%2Fa", "https://app.test/a"),
        ("%2Fa%3Fb%3Dc", "https://app.test/a?b=c"),
        // As nginx writes it.
        ("https://app.test/a?b=c&d=%2Fe", "https://app.test/a?b=c&d=%2Fe"),
        ("https://evil.test/?a=https://app.test/", "https://app.test"),
        ("https%3A%2F%2Fevil.test%2F", "https://app.test"),
        ("%2F%2Fevil.test%2F", "https://app.test"),
        ("%2F%5Cevil.test%2F", "https://app.test"),
        ("https%3A%2F%2Fapp.test%40evil.test%2F", "https://app.test"),
        ("https%3A%2F%2Fapp.test.evil.test%2F", "https://app.test"),
        ("https%3A%2F%2Fevil.test%5C.app.test%2F", "https://app.test"),
        ("javascript%3Aalert(1)", "https://app.test"),
        ("", "https://app.test"),
    ] {
        let (path, cookie) = world.begin(rd).await;
        let back = world.authorize(&path).await;
        let reply = world.get(APP, &back, &[("cookie", &cookie)]).await;
        assert_eq!((reply.status, reply.location()), (StatusCode::FOUND, expected), "{rd}");
    }
}

/// With the next request, whatever it is that ends.
#[tokio::test]
async fn what_ends_a_sign_in_ends_it_at_once() {
    for statement in [
        "UPDATE users SET is_active = 0",
        "DELETE FROM session",
        "UPDATE session SET expires = 1",
        "DELETE FROM access_token",
        "UPDATE access_token SET revoked = 1",
        "DELETE FROM users",
        "DELETE FROM proxy_session",
    ] {
        let world = World::new().await;
        let cookie = world.sign_in().await;
        assert!(world.lets_in(&cookie).await);
        world.run(statement).await;
        assert!(!world.lets_in(&cookie).await, "{statement}");
    }
    let world = World::new().await;
    let cookie = world.sign_in().await;
    world.world.clock.advance(3_599);
    assert!(world.lets_in(&cookie).await);
    world.world.clock.advance(1);
    assert!(!world.lets_in(&cookie).await, "it lasts an hour");
}

#[tokio::test]
async fn a_changed_rule_counts_with_the_next_request() {
    let world = World::new().await;
    let cookie = world.sign_in().await;
    let only = |group: u128| {
        move |tx: &mut Tx<'_>| {
            let binding =
                json!({"target": Uuid::from_u128(30), "group": Uuid::from_u128(group), "order": 0});
            put::<PolicyBinding>(tx, POLICY, binding);
            Ok(())
        }
    };
    let group = "INSERT INTO user_group (uuid, name, is_superuser, attributes) VALUES ($1, 'Readers', 0, '{}')";
    world.sql(move |sql| sql.execute(group, params![Uuid::from_u128(52)])).await;
    world.world.write(only(52)).await;
    assert!(!world.lets_in(&cookie).await, "for others alone");
    world.world.write(only(50)).await;
    assert!(world.lets_in(&cookie).await);
    world.run("DELETE FROM membership").await;
    assert!(!world.lets_in(&cookie).await, "no longer a member");
    world
        .world
        .write(|tx| {
            let target =
                countersign_model::ObjectId::new(Application::SPACE, Uuid::from_u128(30).into());
            Ok(tx.draft().delete(target)?)
        })
        .await;
    let reply = world.asked(&[("cookie", &cookie)]).await;
    assert_eq!(reply.status, StatusCode::NOT_FOUND, "there is no application");
    let told: Value = serde_json::from_str(&reply.text).unwrap();
    assert_eq!(
        (&told["Message"], &told["Host"]),
        (&json!("no app for hostname"), &json!("app.test"))
    );
}

#[tokio::test]
async fn programs_sign_in_by_header() {
    use base64::Engine as _;
    let world = World::new().await;
    let basic = |user: &str, password: &str| {
        let text = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
        format!("Basic {text}")
    };
    let status = async |authorization: &str| world.asked(&[("authorization", authorization)]).await;
    let reply = status(&basic("uma", "app-password")).await;
    assert_eq!((reply.status, reply.header("x-authentik-username")), (StatusCode::OK, "uma"));
    let token = reply.header("x-authentik-jwt").to_owned();
    // The next one gets by with the same token, and so does whoever has it.
    assert_eq!(status(&basic("uma", "app-password")).await.header("x-authentik-jwt"), token);
    assert_eq!(status(&format!("bearer {token}")).await.header("x-authentik-username"), "uma");
    assert_eq!(status(&basic("goauthentik.io/token", &token)).await.status, StatusCode::OK);
    for wrong in [
        basic("uma", "other"),
        basic("otto", "app-password"),
        basic("goauthentik.io/token", "other"),
        "Bearer x".to_owned(),
        "Bearer".to_owned(),
        "Basic %%%".to_owned(),
        "Digest x".to_owned(),
    ] {
        assert_eq!(status(&wrong).await.status, StatusCode::UNAUTHORIZED, "{wrong}");
    }
    // Of another application's provider it is of no use.
    let blog =
        [("x-original-url", "https://blog.test/"), ("authorization", &*format!("Bearer {token}"))];
    assert_eq!(
        world.get("x", "/outpost.goauthentik.io/auth/nginx", &blog).await.status,
        StatusCode::UNAUTHORIZED
    );
    world.run("UPDATE users SET is_active = 0").await;
    assert_eq!(status(&basic("uma", "app-password")).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(status(&format!("Bearer {token}")).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn signing_out_ends_it_everywhere() {
    let world = World::new().await;
    let (here, there) = (world.sign_in().await, world.sign_in().await);
    // What another site makes the browser ask for ends nothing.
    let foreign = [("cookie", here.as_str()), ("sec-fetch-site", "cross-site")];
    let reply = world.get(APP, "/outpost.goauthentik.io/sign_out", &foreign).await;
    assert_eq!(reply.location(), "https://id.test/application/o/wiki/end-session/");
    assert!(world.lets_in(&here).await);
    let reply = world.get(APP, "/outpost.goauthentik.io/sign_out", &[("cookie", &here)]).await;
    let end = "https://id.test/application/o/wiki/end-session/?id_token_hint=";
    assert!(reply.location().starts_with(end), "{}", reply.location());
    assert!(!world.lets_in(&here).await && !world.lets_in(&there).await);
    // The hint is one that the address takes: no question is asked.
    let path = reply.location().strip_prefix("https://id.test").unwrap();
    world.get(ID, path, &[("cookie", &world.own_cookie())]).await;
    assert_eq!(world.count("SELECT COUNT(*) FROM session").await, 0);
    let reply = world.get(APP, "/outpost.goauthentik.io/sign_out", &[("cookie", &here)]).await;
    assert_eq!(reply.location(), "https://id.test/application/o/wiki/end-session/");
}

#[tokio::test]
async fn front_ends_that_hand_on_answers_need_no_other_address() {
    let world = World::new().await;
    let asked = async |uri: &str, pairs: &[(&str, &str)]| {
        let own =
            [("x-forwarded-proto", "https"), ("x-forwarded-host", APP), ("x-forwarded-uri", uri)];
        let pairs = [&own, pairs].concat();
        world.get("server:9000", "/outpost.goauthentik.io/auth/traefik", &pairs).await
    };
    let reply = asked("/a?b=c", &[]).await;
    assert_eq!(reply.status, StatusCode::FOUND);
    let cookie = reply.cookie("authentik_proxy_wiki-cli_login").unwrap();
    // What a page asks for by itself brings no cookie, which would end this sign-in.
    let reply_to_script = asked("/a?b=c", &[("sec-fetch-mode", "cors")]).await;
    assert_eq!(reply_to_script.cookie("authentik_proxy_wiki-cli_login"), None);
    let back = world.authorize(reply.location().strip_prefix("https://id.test").unwrap()).await;
    let reply = asked(&back, &[("cookie", &cookie)]).await;
    assert_eq!((reply.status, reply.location()), (StatusCode::FOUND, "https://app.test/a?b=c"));
    let cookie = reply.cookie("authentik_proxy_wiki-cli").unwrap();
    assert_eq!(asked("/a", &[("cookie", &cookie)]).await.status, StatusCode::OK);
    let reply = asked("/a?X-authentik-logout=TRUE", &[("cookie", &cookie)]).await;
    assert!(
        reply
            .location()
            .starts_with("https://id.test/application/o/wiki/end-session/?id_token_hint=")
    );
}

#[tokio::test]
async fn at_domain_level_one_sign_in_is_for_all() {
    let world = World::with(json!({"mode": "forward_domain", "cookie_domain": "test", "external_host": "https://app.test"})).await;
    let reply =
        world.get("a.test", "/outpost.goauthentik.io/start?rd=https%3A%2F%2Fb.test%2Fx", &[]).await;
    let domain = reply
        .headers
        .get_all(header::SET_COOKIE)
        .iter()
        .all(|c| c.to_str().unwrap().contains("Domain=test"));
    assert!(domain, "cookies are the domain's");
    let cookie = reply.cookie("authentik_proxy_wiki-cli_login").unwrap();
    let back = world.authorize(reply.location().strip_prefix("https://id.test").unwrap()).await;
    let reply = world.get(APP, &back, &[("cookie", &cookie)]).await;
    assert_eq!(reply.location(), "https://b.test/x");
    let cookie = reply.cookie("authentik_proxy_wiki-cli").unwrap();
    for (host, status) in [
        ("a.test", StatusCode::OK),
        ("c.d.test", StatusCode::OK),
        ("a.testing", StatusCode::NOT_FOUND),
    ] {
        let url = format!("https://{host}/");
        let reply = world
            .get(
                "x",
                "/outpost.goauthentik.io/auth/nginx",
                &[("x-original-url", &url), ("cookie", &cookie)],
            )
            .await;
        assert_eq!(reply.status, status, "{host}");
    }
}

#[tokio::test]
async fn what_is_set_up_wrongly_is_said_in_an_event_and_never_200() {
    let world = World::new().await;
    for path in ["nginx", "traefik", "caddy"] {
        for _ in 0..12 {
            let reply = world.get(APP, &format!("/outpost.goauthentik.io/auth/{path}"), &[]).await;
            assert_eq!(
                (reply.status, reply.text.as_str()),
                (StatusCode::BAD_REQUEST, "configuration error")
            );
        }
    }
    let events =
        world.count("SELECT COUNT(*) FROM event WHERE action = 'configuration_error'").await;
    assert_eq!(events, 10, "anybody can repeat it");
    assert_eq!(
        world.get(APP, "/outpost.goauthentik.io/ping", &[]).await.status,
        StatusCode::NO_CONTENT
    );
    for path in ["start", "callback", "sign_out"] {
        let reply = world.get("nobody.test", &format!("/outpost.goauthentik.io/{path}"), &[]).await;
        assert_eq!(reply.status, StatusCode::NOT_FOUND, "{path}");
    }
    // Without an address nobody can be sent anywhere, and the page says what is missing.
    world.run("DELETE FROM fact WHERE name = 'address of this server'").await;
    let reply = world.get(APP, "/outpost.goauthentik.io/start", &[]).await;
    assert_eq!(reply.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(reply.text.contains("AUTHENTIK_BASE_URL"), "{}", reply.text);
}
