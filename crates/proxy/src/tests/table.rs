//! What each front end asks by, and is told.

use serde_json::{Value, json};

use super::*;
use crate::address::Host;
use crate::site::Sites;

const PROTO: (&str, &str) = ("x-forwarded-proto", "https");
const HOST: (&str, &str) = ("x-forwarded-host", "app.test");
const URI: (&str, &str) = ("x-forwarded-uri", "/a?b=c");

#[test]
fn each_front_end_says_what_it_has_at_hand() {
    let own = ("host", "app.test");
    let address = |front, path, pairs: &[(&str, &str)]| {
        read(front, path, pairs).map(|asked| asked.address(&app()).to_string())
    };
    use Front::{Envoy, Forwarded, Nginx};
    for (front, path, pairs, expected) in [
        (Nginx, "/", vec![("x-original-url", "https://app.test/a?b=c")], "https://app.test/a?b=c"),
        (Nginx, "/", vec![own, ("x-original-uri", "/a?b=c")], "https://app.test/a?b=c"),
        (Forwarded, "/", vec![PROTO, HOST, URI], "https://app.test/a?b=c"),
        (Forwarded, "/", vec![("x-forwarded-proto", "wss"), HOST, URI], "https://app.test/a?b=c"),
        (Envoy, "/outpost.goauthentik.io/auth/envoy/a?b=c", vec![own], "https://app.test/a?b=c"),
        (Envoy, "/outpost.goauthentik.io/auth/envoy", vec![own], "https://app.test/"),
        (Envoy, "/outpost.goauthentik.io/auth/envoy?b=c", vec![own], "https://app.test/?b=c"),
    ] {
        assert_eq!(address(front, path, &pairs).as_deref(), Ok(expected), "{front:?} {pairs:?}");
    }
    let wrong = |front, path, pairs: &[(&str, &str)]| read(front, path, pairs).unwrap_err();
    assert_eq!(wrong(Nginx, "/", &[own]), Misread::Missing("X-Original-URL"));
    assert_eq!(wrong(Nginx, "/", &[("x-original-uri", "/a")]), Misread::NoHost);
    assert_eq!(wrong(Forwarded, "/", &[HOST, URI]), Misread::Missing("x-forwarded-proto"));
    assert_eq!(wrong(Forwarded, "/", &[PROTO, URI]), Misread::Missing("x-forwarded-host"));
    assert_eq!(wrong(Forwarded, "/", &[PROTO, HOST]), Misread::Missing("x-forwarded-uri"));
    assert_eq!(wrong(Envoy, "/outpost.goauthentik.io/auth/envoy/a", &[]), Misread::NoHost);
    assert_eq!(
        wrong(Envoy, "/outpost.goauthentik.io/auth/envoyage", &[own]),
        Misread::Unreadable("path")
    );
}

#[test]
fn values_sent_twice_or_as_a_list_are_refused() {
    for (name, value) in [PROTO, HOST, URI] {
        let mut twice = vec![PROTO, HOST, URI];
        twice.push((name, value));
        assert_eq!(read(Front::Forwarded, "/", &twice), Err(Misread::Several(name)));
    }
    for list in [("x-forwarded-host", "app.test, evil.test"), ("x-forwarded-proto", "https,http")] {
        let pairs = [PROTO, HOST, URI].map(|own| if own.0 == list.0 { list } else { own });
        assert_eq!(read(Front::Forwarded, "/", &pairs), Err(Misread::Several(list.0)));
    }
    // A path may have commas.
    assert!(read(Front::Forwarded, "/", &[PROTO, HOST, ("x-forwarded-uri", "/a,b")]).is_ok());
    let url = ("x-original-url", "https://app.test/");
    assert_eq!(read(Front::Nginx, "/", &[url, url]), Err(Misread::Several("x-original-url")));
    let host = ("host", "app.test");
    assert_eq!(
        read(Front::Envoy, "/outpost.goauthentik.io/auth/envoy", &[host, host]),
        Err(Misread::Several("host"))
    );
}

#[test]
fn who_is_not_known_gets_in_by_open_paths_alone() {
    for (url, open) in [
        ("https://app.test/public", true),
        ("https://app.test/public/logo.png?x=1", true),
        ("https://app.test/%70ublic", true),
        ("https://app.test/", false),
        ("https://app.test/private/public", false),
        ("https://app.test/private?next=/public", false),
    ] {
        let told = unknown_at(url);
        assert_eq!(matches!(told, Answer::Allow(_)), open, "{url}");
        if open {
            assert!(tells_nobody(&told), "{url}");
        } else {
            assert_eq!(told, Answer::Unauthorized, "{url}");
        }
    }
    let asked = read(Front::Forwarded, "/", &[PROTO, HOST, URI]).unwrap();
    assert_eq!(answer(&asked, &app(), None), Answer::SignIn);
    let asked = read(Front::Envoy, "/outpost.goauthentik.io/auth/envoy/a", &[("host", "app.test")]);
    assert_eq!(answer(&asked.unwrap(), &app(), None), Answer::SignIn);
}

#[test]
fn at_domain_level_open_paths_are_those_of_whole_addresses() {
    let site = site(
        "all",
        json!({
            "external_host": "https://id.example.test", "mode": "forward_domain",
            "cookie_domain": "example.test", "skip_path_regex": "^https://status\\.example\\.test/",
        }),
    );
    for (url, open) in [
        ("https://status.example.test/now", true),
        ("https://wiki.example.test/now", false),
        ("https://wiki.example.test/?https://status.example.test/", false),
    ] {
        let asked = read(Front::Nginx, "/", &[("x-original-url", url)]).unwrap();
        assert_eq!(matches!(answer(&asked, &site, None), Answer::Allow(_)), open, "{url}");
    }
}

#[test]
fn the_application_learns_who_it_is() {
    let asked = read(Front::Nginx, "/", &[("x-original-url", "https://app.test/a")]).unwrap();
    let told = answer(&asked, &app(), Some(&uma()));
    for (name, value) in [
        ("x-authentik-username", "uma"),
        ("x-authentik-groups", "Staff|Writers"),
        ("x-authentik-entitlements", "edit"),
        ("x-authentik-email", "uma@example.test"),
        ("x-authentik-name", "Uma Märtin"),
        ("x-authentik-uid", "hashed"),
        ("x-authentik-jwt", "to.k.en"),
        ("x-authentik-meta-jwks", "https://id.test/application/o/wiki/jwks/"),
        ("x-authentik-meta-outpost", "authentik Embedded Outpost"),
        ("x-authentik-meta-provider", "wiki"),
        ("x-authentik-meta-app", "wiki"),
        ("x-authentik-meta-version", "goauthentik.io/outpost/2025.4.0"),
    ] {
        assert_eq!(said(&told, name), value, "{name}");
    }
    let Answer::Allow(all) = told else { panic!("let through") };
    assert!(!all.contains_key("authorization"), "no credentials unless they are asked for");
}

fn with_attributes(attributes: Value) -> Granted {
    let mut granted = uma();
    granted.claims.insert("ak_proxy".into(), json!({"user_attributes": attributes}));
    granted
}

#[test]
fn attributes_become_headers_but_none_of_ours() {
    let granted = with_attributes(json!({"additionalHeaders": {
        "X-Foo": "bar", "X-Number": 7, "X-Real": 1.5, "X-List": ["a"], "X-Line": "a\r\nSet-Cookie: b",
        "X-authentik-username": "root", "x_authentik_groups": "admins", "X-Authentik-Extra": "x",
        "Set-Cookie": "a=b", "Content-Length": "5", "Transfer_Encoding": "chunked", "not a name": "x",
    }}));
    let asked = read(Front::Nginx, "/", &[("x-original-url", "https://app.test/a")]).unwrap();
    let told = answer(&asked, &app(), Some(&granted));
    assert_eq!(said(&told, "x-foo"), "bar");
    assert_eq!(said(&told, "x-number"), "7");
    assert_eq!(said(&told, "x-real"), "");
    assert_eq!(said(&told, "x-list"), "");
    assert_eq!(said(&told, "x-line"), "aSet-Cookie: b");
    assert_eq!(said(&told, "x-authentik-username"), "uma");
    assert_eq!(said(&told, "x-authentik-groups"), "Staff|Writers");
    let Answer::Allow(all) = told else { panic!("let through") };
    for none in [
        "x-authentik-extra",
        "x_authentik_groups",
        "set-cookie",
        "content-length",
        "transfer_encoding",
    ] {
        assert!(!all.contains_key(none), "{none}");
    }
}

#[test]
fn credentials_come_out_of_attributes() {
    let basic = site(
        "wiki",
        json!({
            "external_host": "https://app.test", "basic_auth_enabled": true,
            "basic_auth_user_attribute": "login", "basic_auth_password_attribute": "secret",
        }),
    );
    let asked = read(Front::Nginx, "/", &[("x-original-url", "https://app.test/a")]).unwrap();
    for (attributes, expected) in [
        (json!({"login": "u", "secret": "p"}), "Basic dTpw"),
        (json!({"secret": "p"}), "Basic dW1hQGV4YW1wbGUudGVzdDpw"),
        (json!({"login": "u", "secret": 5}), "Basic dTo="),
        (json!({"login": "u:v", "secret": "p"}), ""),
    ] {
        let told = answer(&asked, &basic, Some(&with_attributes(attributes.clone())));
        assert_eq!(said(&told, "authorization"), expected, "{attributes}");
    }
    let mut nobody = with_attributes(json!({}));
    nobody.claims.insert("email".into(), "".into());
    assert_eq!(said(&answer(&asked, &basic, Some(&nobody)), "authorization"), "");
}

#[test]
fn a_group_with_a_bar_in_its_name_is_no_two_groups() {
    let mut granted = uma();
    granted.claims.insert("groups".into(), json!(["Staff", "x|admins"]));
    granted.claims.remove("preferred_username");
    let asked = read(Front::Nginx, "/", &[("x-original-url", "https://app.test/a")]).unwrap();
    let told = answer(&asked, &app(), Some(&granted));
    assert_eq!(said(&told, "x-authentik-groups"), "Staff");
    assert_eq!(said(&told, "x-authentik-username"), "uma", "whatever scopes a token has");
}

#[test]
fn applications_are_found_by_their_host_else_by_the_narrowest_domain() {
    let domain = |name: &str, external: &str, domain: &str| {
        let with =
            json!({"external_host": external, "mode": "forward_domain", "cookie_domain": domain});
        site(name, with)
    };
    let sites: Sites<Box<Site>> = [
        site("wiki", json!({"external_host": "https://wiki.example.test"})),
        domain("wide", "https://id.example.test", ".example.test"),
        domain("narrow", "https://id.dev.example.test:8443", "dev.example.test"),
    ]
    .into_iter()
    .map(Box::new)
    .collect();
    let at = |host: &str| {
        Host::read(host).and_then(|host| sites.at(&host).map(|s| s.settings.slug.clone()))
    };
    for (host, expected) in [
        ("wiki.example.test", Some("wiki")),
        ("WIKI.example.test:443", Some("wiki")),
        ("wiki.example.test:9443", Some("wide")),
        ("blog.example.test", Some("wide")),
        ("id.example.test", Some("wide")),
        ("a.dev.example.test", Some("narrow")),
        ("dev.example.test", Some("narrow")),
        ("evil-example.test", None),
        ("example.test.evil.test", None),
        ("other.test", None),
    ] {
        assert_eq!(at(host).as_deref(), expected, "{host}");
    }
}
