//! Every address outside of the API: who may ask for it, and that it answers whoever does.

use axum::{body::Body, response::Response};
use countersign_core::{Access, Route, Routes, Stack};
use http::{Method, Request, StatusCode};
use metrics_exporter_prometheus::PrometheusBuilder;
use tower::ServiceExt as _;

use super::{
    bounds,
    health::Monitoring,
    routes,
    supervisor::{Backoff, Supervisor, tests::World},
    surrounded,
};

/// What is served at which address and for whom. A row that is added or changed is one here, too.
const TABLE: &str = include_str!("routes.txt");

fn of_program(world: &World) -> Vec<Route> {
    let numbers = PrometheusBuilder::new().build_recorder().handle();
    let health = Supervisor::new(&world.cx, Backoff::DEFAULT).health();
    routes(&world.cx, Monitoring::new(&world.cx, &world.settings, numbers, health))
}

async fn ask(world: &World, routes: &[Route], method: Method, path: &str) -> Response {
    let router = surrounded(routes, &world.cx, &world.settings, &bounds(&world.settings));
    let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
    router.oneshot(request).await.unwrap()
}

#[tokio::test]
async fn every_address_is_in_the_table_and_answers() {
    let world = World::with(&[]).await;
    let routes = of_program(&world);
    let outside = || routes.iter().filter(|route| !route.path.starts_with("/api/v3"));
    let hosts = world.cx.modules().iter().filter_map(|module| module.hosts.as_ref());
    let hosts = hosts.map(|hosts| hosts.route.describe());
    let mut table: Vec<String> = outside().map(Route::describe).chain(hosts).collect();
    table.sort_by_key(|row| row.split(' ').nth(1).map(str::to_owned));
    let table = table.join("\n") + "\n";
    println!("{table}");
    assert!(table == TABLE, "routes.txt is of another version than the rows printed above");
    for route in outside() {
        let path = route.path.replace("{*", "{").replace('{', "no-").replace('}', "");
        let declared = route.methods.first().cloned().unwrap_or(Method::GET);
        for method in [declared, Method::HEAD, Method::from_bytes(b"BREW").unwrap()] {
            let status = ask(&world, &routes, method.clone(), &path).await.status();
            let fine = !status.is_server_error() || status == StatusCode::NOT_IMPLEMENTED;
            assert!(fine, "{method} {path}: {status}");
            if method.as_str() == "BREW" && !route.methods.is_empty() {
                assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
            }
        }
    }
    world.cx.store.close().await;
}

/// Words of the original in the place of a slug, which hide as much of what has that slug there.
const AS_IN_THE_ORIGINAL: [&str; 11] = [
    "authorize",
    "cache_clear",
    "cache_info",
    "device",
    "import",
    "introspect",
    "revoke",
    "token",
    "types",
    "user_settings",
    "userinfo",
];

/// The word by which one address hides another whose slug is that word.
fn hides(fixed: &str, pattern: &str) -> Option<String> {
    let parts = |path: &str| path.split('/').map(str::to_owned).collect::<Vec<_>>();
    let (fixed, pattern) = (parts(fixed), parts(pattern));
    let is_open = |part: &String| part.starts_with('{');
    let meets = |(a, b): (&String, &String)| a == b || is_open(a) || is_open(b);
    if fixed.len() != pattern.len() || !fixed.iter().zip(&pattern).all(meets) {
        return None;
    }
    let at = pattern.iter().position(|part| part == "{slug}" || part == "{flow_slug}")?;
    fixed.get(at).filter(|word| !is_open(word)).cloned()
}

#[tokio::test]
async fn no_address_hides_what_has_a_slug() {
    assert_eq!(hides("/o/token/", "/o/{slug}/").as_deref(), Some("token"));
    assert_eq!(hides("/o/register/{id}/", "/o/{slug}/jwks/").as_deref(), Some("register"));
    assert_eq!(hides("/o/token/", "/o/{slug}/jwks/"), None);
    let world = World::with(&[]).await;
    let routes = of_program(&world);
    let mut reserved: Vec<String> = Vec::new();
    for pattern in routes.iter().filter(|route| route.path.contains("slug}")) {
        for fixed in &routes {
            let Some(word) = hides(&fixed.path, &pattern.path) else { continue };
            if AS_IN_THE_ORIGINAL.contains(&word.as_str()) {
                continue;
            }
            let kept = pattern.path.starts_with("/application/")
                && countersign_catalogue::application::RESERVED.contains(&word.as_str());
            assert!(kept, "{} hides {} of what has the slug {word}", fixed.path, pattern.path);
            reserved.push(word);
        }
    }
    for word in ["end-session", "par", "register"] {
        assert!(reserved.iter().any(|reserved| reserved == word), "{word} hides nothing");
    }
    world.cx.store.close().await;
}

#[tokio::test]
async fn a_route_that_is_not_public_is_served_to_nobody_else() {
    let world = World::with(&[]).await;
    let over = Routes::over(|_| ());
    let rows = [Access::authenticated(), Access::everything()].map(|access| {
        let path = format!("/test/{}/", access.describe().replace([' ', ','], "-"));
        over.at([], path, || async { "secret" }).access(access)
    });
    for row in &rows {
        for (method, headers) in [(Method::GET, ""), (Method::POST, "Bearer of-nobody")] {
            let router = surrounded(&rows, &world.cx, &world.settings, &bounds(&world.settings));
            let request = Request::builder().method(method).uri(&row.path);
            let request = request.header("authorization", headers).body(Body::empty()).unwrap();
            let status = router.oneshot(request).await.unwrap().status();
            assert_eq!(status, StatusCode::UNAUTHORIZED, "{}", row.describe());
        }
    }
    world.cx.store.close().await;
}

#[tokio::test]
async fn a_body_that_is_too_long_fails_before_it_is_sent() {
    let world = World::with(&[]).await;
    let over = Routes::over(|_| ());
    let read = |body: Body| async move {
        match axum::body::to_bytes(body, usize::MAX).await {
            Ok(bytes) => bytes.len().to_string(),
            Err(_) => "too long".to_owned(),
        }
    };
    let row = over.at([Method::POST], "/test/", read).stack(Stack::Upload(10));
    let router = surrounded(&[row], &world.cx, &world.settings, &bounds(&world.settings));
    for (declared, sent, text) in [
        (Some(10), 10, "10"),
        (None, 10, "10"),
        (Some(11), 11, "too long"),
        (None, 11, "too long"),
        // What is declared is not waited for.
        (Some(40_000_000), 1, "too long"),
    ] {
        let mut request = Request::post("/test/");
        if let Some(length) = declared {
            request = request.header("content-length", length);
        }
        let request = request.body(Body::from("x".repeat(sent))).unwrap();
        let answer = router.clone().oneshot(request).await.unwrap();
        let bytes = axum::body::to_bytes(answer.into_body(), 100).await.unwrap();
        assert_eq!(bytes, text, "{sent} bytes, declared: {declared:?}");
    }
    world.cx.store.close().await;
}
