//! What broke others, by name.

use super::*;
use crate::address::{Address, Host, Scheme, Target};
use crate::login::{self, Login, Stranger, returned};
use countersign_model::Timestamp;
use serde_json::json;

const NOW: Timestamp = Timestamp(1_800_000_000_000_000);

/// authentik (CVSS 10): nginx asks by headers that a client can send, too, and what is below
/// `/outpost.goauthentik.io` was let through.
#[test]
fn ghsa_5wcc_hf24_rf5h_headers_of_clients_open_nothing() {
    for url in [
        "https://app.test/outpost.goauthentik.io/",
        "https://app.test/outpost.goauthentik.io/static/x",
        "https://app.test/outpost.goauthentik.io/../admin",
    ] {
        assert_eq!(unknown_at(url), Answer::Unauthorized, "{url}");
    }
    // Beside nginx's own header, the client's names an open path.
    let url = ("x-original-url", "https://app.test/admin");
    let asked = read(Front::Nginx, "/", &[url, ("x-original-uri", "/public")]).unwrap();
    assert_eq!(answer(&asked, &app(), None), Answer::Unauthorized);
    let url = ("x-original-url", "https://app.test/public");
    let asked = read(Front::Nginx, "/", &[url, ("x-original-uri", "/admin")]).unwrap();
    assert_eq!(answer(&asked, &app(), None), Answer::Unauthorized);
    // Of another front end's headers none is read.
    let foreign = [
        ("x-original-url", "https://app.test/admin"),
        ("x-forwarded-host", "other.test"),
        ("x-forwarded-uri", "/public"),
        ("x-forwarded-proto", "https"),
    ];
    let asked = read(Front::Nginx, "/", &foreign).unwrap();
    assert_eq!(
        (asked.host.as_str(), answer(&asked, &app(), None)),
        ("app.test", Answer::Unauthorized)
    );
    let foreign = [
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "app.test"),
        ("x-forwarded-uri", "/admin"),
        ("x-original-url", "https://app.test/public"),
        ("x-original-uri", "/public"),
    ];
    let asked = read(Front::Forwarded, "/", &foreign).unwrap();
    assert_eq!(answer(&asked, &app(), None), Answer::SignIn);
    let foreign = [
        ("host", "app.test"),
        ("x-forwarded-host", "other.test"),
        ("x-forwarded-uri", "/public"),
        ("x-original-uri", "/public"),
    ];
    let asked = read(Front::Envoy, "/outpost.goauthentik.io/auth/envoy/admin", &foreign).unwrap();
    assert_eq!((asked.host.as_str(), answer(&asked, &app(), None)), ("app.test", Answer::SignIn));
}

/// Authelia (CVSS 10): an address that could not be read was let through.
#[test]
fn cve_2021_32637_what_cannot_be_read_is_refused() {
    for url in [
        "",
        "https://",
        "https://app.test/%",
        "https://app.test/%zz",
        "//app.test/public",
        "/public",
        "https://app.test:x/public",
        "https://app.test\\public",
        "https://app.test/pub lic",
        "https://a@app.test/public",
    ] {
        let asked = read(Front::Nginx, "/", &[("x-original-url", url)]);
        assert!(asked.is_err(), "{url}");
    }
    for uri in ["", "public", "/%", "/public/%0", "/public#", "https://app.test/public", "/a\u{85}"]
    {
        let pairs = [
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "app.test"),
            ("x-forwarded-uri", uri),
        ];
        assert!(read(Front::Forwarded, "/", &pairs).is_err(), "{uri:?}");
        assert!(
            read(Front::Nginx, "/", &[("host", "app.test"), ("x-original-uri", uri)]).is_err(),
            "{uri:?}"
        );
    }
    for proto in ["", "ftp", "javascript", "https://", "http s"] {
        let pairs = [
            ("x-forwarded-proto", proto),
            ("x-forwarded-host", "app.test"),
            ("x-forwarded-uri", "/public"),
        ];
        assert!(read(Front::Forwarded, "/", &pairs).is_err(), "{proto}");
    }
}

/// Oathkeeper: a path was judged in one form and served in another.
#[test]
fn cve_2026_33494_a_path_that_walks_is_not_open() {
    for path in [
        "/public/../admin",
        "/public/%2e%2e/admin",
        "/public/..%2fadmin",
        "/public%2f..%2fadmin",
        "/public/.%2e/admin",
        "/public/..;/admin",
        "/public/..;a=b/admin",
        "/public/..\\admin",
        "/public/..%5cadmin",
        "/public/%252e%252e/admin",
        "/public/./../admin",
        "/public//../admin",
        "/public/..",
        "/public%00/../admin",
        "/public/%c0%ae%c0%ae/admin",
    ] {
        let told = unknown_at(&format!("https://app.test{path}"));
        assert_eq!(told, Answer::Unauthorized, "{path}");
    }
}

/// A query is the client's: in the original it opens any address at domain level.
#[test]
fn an_open_path_in_the_query_opens_nothing() {
    let site = site(
        "all",
        json!({
            "external_host": "https://id.example.test", "mode": "forward_domain",
            "cookie_domain": "example.test", "skip_path_regex": "/public",
        }),
    );
    for url in [
        "https://a.example.test/admin?/public",
        "https://a.example.test/admin?x=https://a.example.test/public",
    ] {
        let asked = read(Front::Nginx, "/", &[("x-original-url", url)]).unwrap();
        assert_eq!(answer(&asked, &site, None), Answer::Unauthorized, "{url}");
    }
}

fn state_of(path: &str) -> String {
    let (_, query) = path.split_once('?').unwrap();
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    pairs.find(|(name, _)| name == "state").unwrap().1.into_owned()
}

/// A sign-in ends in the browser, and at the application, where it was begun.
#[test]
fn a_state_without_its_browser_signs_nobody_in() {
    let (site, other) = (app(), site("blog", json!({"external_host": "https://blog.test"})));
    let entropy = &SystemEntropy;
    let login = Login::begin(&site, std::iter::empty(), (NOW, entropy));
    let to = Address {
        scheme: Scheme::Https,
        host: Host::read("app.test").unwrap(),
        target: Target::read("/a?b=c").unwrap(),
    };
    let path =
        login.authorize(&site, "/application/o/authorize/", Some(&to), (NOW, entropy)).unwrap();
    assert!(path.starts_with("/application/o/authorize/?client_id=wiki-client-id&code_challenge="));
    assert!(path.contains("&redirect_uri=https%3A%2F%2Fapp.test%2Foutpost.goauthentik.io%2Fcallback%3FX-authentik-auth-callback%3Dtrue&"));
    let (state, cookie) = (state_of(&path), login.cookie(&site, NOW));
    let came = returned(&site, &state, [cookie.as_str()].into_iter(), NOW).unwrap();
    assert_eq!(came.redirect.as_deref(), Some("https://app.test/a?b=c"));
    assert_eq!(came.verifier.len(), 43);
    // Among cookies of the same name it is found.
    assert!(returned(&site, &state, ["", "x", &cookie].into_iter(), NOW).is_ok());

    let stranger = |site: &Site, state: &str, cookie: &str, now| {
        returned(site, state, [cookie].into_iter(), now).unwrap_err()
    };
    let later = NOW.plus_seconds(login::SECONDS);
    let foreign = Login::begin(&site, std::iter::empty(), (NOW, entropy)).cookie(&site, NOW);
    let of_other = Login::begin(&other, std::iter::empty(), (NOW, entropy));
    assert_eq!(stranger(&site, &state, "", NOW), Stranger::Cookie);
    assert_eq!(stranger(&site, &state, &foreign, NOW), Stranger::Cookie);
    assert_eq!(stranger(&site, &state, &cookie[..cookie.len() - 4], NOW), Stranger::Cookie);
    assert_eq!(stranger(&site, &state, &of_other.cookie(&other, NOW), NOW), Stranger::Cookie);
    assert_eq!(stranger(&site, &state, &cookie, later), Stranger::State);
    assert_eq!(stranger(&other, &state, &cookie, NOW), Stranger::State);
    assert_eq!(stranger(&site, "", &cookie, NOW), Stranger::State);
    assert_eq!(stranger(&site, &format!("{state}x"), &cookie, NOW), Stranger::State);
    let [header, payload, _]: [&str; 3] = state.split('.').collect::<Vec<_>>().try_into().unwrap();
    assert_eq!(stranger(&site, &format!("{header}.{payload}."), &cookie, NOW), Stranger::State);
    // {"alg":"none"}
    let unsigned = format!("eyJhbGciOiJub25lIn0.{payload}.");
    assert_eq!(stranger(&site, &unsigned, &cookie, NOW), Stranger::State);
}

/// A second tab does not end the sign-in in the first.
#[test]
fn two_tabs_sign_in_beside_each_other() {
    let (site, entropy) = (app(), &SystemEntropy);
    let first = Login::begin(&site, std::iter::empty(), (NOW, entropy));
    let cookie = first.cookie(&site, NOW);
    let second =
        Login::begin(&site, [cookie.as_str()].into_iter(), (NOW.plus_seconds(60), entropy));
    let renewed = second.cookie(&site, NOW.plus_seconds(60));
    for login in [&first, &second] {
        let state = state_of(
            &login.authorize(&site, "/application/o/authorize/", None, (NOW, entropy)).unwrap(),
        );
        let came = returned(&site, &state, [renewed.as_str()].into_iter(), NOW.plus_seconds(90));
        assert_eq!(came.unwrap().redirect, None);
    }
    // One that is over is not gone on with.
    let later = NOW.plus_seconds(login::SECONDS);
    assert_ne!(Login::begin(&site, [cookie.as_str()].into_iter(), (later, entropy)), first);
}
