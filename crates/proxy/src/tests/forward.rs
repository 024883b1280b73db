//! What an application behind this server is sent, and what is handed back.

use http::{Method, Request, header};
use serde_json::json;

use super::*;
use crate::address::Scheme;
use crate::forward::{Client, Passing, agrees, answered, is_loop, upgrade};
use crate::identity;

fn site_with(settings: Value) -> Site {
    let mut all = json!({
        "external_host": "https://app.test", "mode": "proxy", "internal_host": "http://10.0.0.9",
        "skip_path_regex": "^/public",
    });
    all.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
    site("wiki", all)
}

/// What the application gets of a request with these headers by somebody, or nobody.
fn sent(site: &Site, granted: Option<&Granted>, pairs: &[(&str, &str)]) -> HeaderMap {
    passing(site, granted, pairs, &Method::GET, None)
}

fn passing(
    site: &Site,
    granted: Option<&Granted>,
    pairs: &[(&str, &str)],
    method: &Method,
    length: Option<u64>,
) -> HeaderMap {
    let sent = headers(pairs);
    let mut request = Request::builder().method(method).body(()).unwrap();
    *request.headers_mut() = sent.clone();
    let upgrade = upgrade(&request.into_parts().0);
    let identity = identity::headers(site, granted);
    let passing = Passing {
        site,
        identity: &identity,
        used_authorization: granted.is_some_and(|granted| granted.by_header),
        client: Client { ip: "203.0.113.7".parse().unwrap(), scheme: Scheme::Https },
        upgrade: upgrade.as_ref(),
        length,
        has_body: length.is_some_and(|length| length > 0) || sent.contains_key("transfer-encoding"),
        method,
    };
    passing.headers(&sent)
}

fn all(headers: &HeaderMap, name: &str) -> Vec<String> {
    let values = headers.get_all(name).iter();
    values.map(|value| String::from_utf8(value.as_bytes().to_vec()).unwrap()).collect()
}

#[test]
fn a_client_s_own_words_about_who_it_is_reach_nobody() {
    let forged = [
        ("x-authentik-username", "root"),
        ("X-AUTHENTIK-Groups", "admins"),
        ("x_authentik_username", "root"),
        ("x-authentik_uid", "1"),
        ("x.authentik.email", "root@evil.test"),
        ("x-authentik-unheard-of", "x"),
        ("connection", "X-Authentik-Username, x-authentik-groups, cookie, x-forwarded-for"),
        ("connection", "x-internal-key"),
        ("x_internal_key", "k"),
        ("transfer_encoding", "chunked"),
        ("content.length", "3"),
        ("proxy_authorization", "Basic eA=="),
        ("keep_alive", "timeout=1"),
        ("x_team", "red"),
        ("x-forwarded-for", "1.2.3.4"),
        ("x_forwarded_for", "1.2.3.4"),
        ("x-forwarded-host", "evil.test"),
        ("x-forwarded-proto", "gopher"),
        ("x-forwarded-prefix", "/evil"),
        ("forwarded", "for=1.2.3.4;host=evil.test"),
        ("x-real-ip", "1.2.3.4"),
        ("x-original-url", "/admin"),
        ("x-rewrite-url", "/admin"),
        ("x-host", "evil.test"),
        ("proxy", "http://evil.test"),
        ("host", "evil.test"),
        ("accept", "text/html"),
    ];
    let mut uma = uma();
    uma.claims["ak_proxy"]["user_attributes"] = json!({"additionalHeaders": {"X-Team": "blue"}});
    for granted in [Some(&uma), None] {
        let got = sent(&site_with(json!({})), granted, &forged);
        for name in NAMES {
            assert_eq!(all(&got, name).len(), 1, "{name}");
        }
        assert_eq!(got["x-authentik-username"], granted.map_or("", |_| "uma"));
        let team = if granted.is_some() { vec!["blue"] } else { vec![] };
        assert_eq!(all(&got, "x-team"), team);
        for (name, value) in [
            ("x-forwarded-for", "203.0.113.7"),
            ("x-forwarded-host", "app.test"),
            ("x-forwarded-proto", "https"),
            ("host", "app.test"),
            ("accept", "text/html"),
        ] {
            assert_eq!(all(&got, name), [value], "{name}");
        }
        let ours = ["x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "host", "accept"];
        let ours = [&ours[..], &NAMES[..], &["cdn-loop", "x-team"][..]].concat();
        let odd: Vec<_> = got.keys().filter(|name| !ours.contains(&name.as_str())).collect();
        let expected: &[&str] = if granted.is_some() { &[] } else { &["x_team"] };
        assert_eq!(odd, expected, "{granted:?}");
    }
}

#[test]
fn what_belongs_to_a_connection_is_not_passed_on() {
    let got = passing(
        &site_with(json!({})),
        Some(&uma()),
        &[
            ("connection", "keep-alive, X-Hop"),
            ("connection", "x-other-hop"),
            ("keep-alive", "timeout=5"),
            ("proxy-authorization", "Basic eA=="),
            ("proxy-connection", "keep-alive"),
            ("te", "gzip, trailers"),
            ("trailer", "x-authentik-username"),
            ("transfer-encoding", "chunked"),
            ("content-length", "12"),
            ("expect", "100-continue"),
            ("upgrade", "websocket"),
            ("http2-settings", "AAMAAABkAAQAAP__"),
            ("x-hop", "1"),
            ("X-Other-Hop", "1"),
            ("x-end", "1"),
        ],
        &Method::POST,
        None,
    );
    let names: Vec<&str> = got.keys().map(HeaderName::as_str).collect();
    for gone in [
        "connection",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "trailer",
        "transfer-encoding",
        "content-length",
        "expect",
        "upgrade",
        "http2-settings",
        "x-hop",
        "x-other-hop",
    ] {
        assert!(!names.contains(&gone), "{gone}");
    }
    assert_eq!((all(&got, "te"), all(&got, "x-end")), (vec!["trailers".into()], vec!["1".into()]));
}

#[test]
fn cookies_of_this_server_stay_here() {
    let got = sent(
        &site_with(json!({})),
        Some(&uma()),
        &[
            ("cookie", "a=1; authentik_proxy_wiki-cli=secret; b=\"x y\";authentik_session=e.y.J"),
            ("cookie", "authentik_proxy_wiki-cli_login=sealed; authentik_csrf=x; c=%3B"),
        ],
    );
    assert_eq!(all(&got, "cookie"), ["a=1; b=\"x y\"; c=%3B"]);
    let got = sent(&site_with(json!({})), Some(&uma()), &[("cookie", "authentik_proxy_x=1")]);
    assert!(all(&got, "cookie").is_empty());
}

#[test]
fn credentials_are_those_that_the_application_should_have() {
    let own = [("authorization", "Bearer the-application-s-own")];
    let basic = json!({
        "basic_auth_enabled": true, "basic_auth_user_attribute": "user",
        "basic_auth_password_attribute": "password",
    });
    let mut uma = uma();
    let plain = site_with(json!({}));
    assert_eq!(
        all(&sent(&plain, Some(&uma), &own), "authorization"),
        ["Bearer the-application-s-own"]
    );
    assert_eq!(all(&sent(&plain, None, &own), "authorization"), ["Bearer the-application-s-own"]);
    // What signed somebody in here opens other things, too.
    uma.by_header = true;
    assert!(all(&sent(&plain, Some(&uma), &own), "authorization").is_empty());
    // Those of the person take the place of whatever was sent, also where there are none.
    let with_basic = site_with(basic);
    uma.claims["ak_proxy"]["user_attributes"] = json!({"user": "u", "password": "p"});
    assert_eq!(all(&sent(&with_basic, Some(&uma), &own), "authorization"), ["Basic dTpw"]);
    uma.claims["ak_proxy"]["user_attributes"] = json!({"user": "with:colon"});
    assert!(all(&sent(&with_basic, Some(&uma), &own), "authorization").is_empty());
}

/// An attribute may set a header of the application, and none by which requests are told apart.
#[test]
fn additional_headers_decide_nothing_about_the_connection() {
    let mut uma = uma();
    uma.claims["ak_proxy"]["user_attributes"] = json!({"additionalHeaders": {
        "X-Remote-User": "uma", "Host": "evil.test", "X-Forwarded-For": "1.2.3.4",
        "Transfer-Encoding": "chunked", "Content-Length": "0", "Connection": "close",
        "Proxy": "http://evil.test", "Upgrade": "h2c", "Expect": "100-continue",
        "x_authentik_username": "root",
    }});
    let got = sent(&site_with(json!({})), Some(&uma), &[]);
    assert_eq!(all(&got, "x-remote-user"), ["uma"]);
    assert_eq!(
        (all(&got, "host"), all(&got, "x-forwarded-for")),
        (vec!["app.test".into()], vec!["203.0.113.7".into()])
    );
    for gone in [
        "transfer-encoding",
        "content-length",
        "connection",
        "proxy",
        "upgrade",
        "expect",
        "x_authentik_username",
    ] {
        assert!(all(&got, gone).is_empty(), "{gone}");
    }
}

#[test]
fn a_connection_becomes_a_websocket_and_never_another_http() {
    let wanted = |connection: &str, to: &str| {
        let request = Request::builder().header("connection", connection).header("upgrade", to);
        upgrade(&request.body(()).unwrap().into_parts().0)
            .map(|value| value.to_str().unwrap().to_owned())
    };
    assert_eq!(wanted("keep-alive, Upgrade", "websocket").as_deref(), Some("websocket"));
    assert_eq!(wanted("upgrade", "SPDY/3.1").as_deref(), Some("SPDY/3.1"));
    for (connection, to) in [
        ("upgrade, HTTP2-Settings", "h2c"),
        ("upgrade", "H2C"),
        ("upgrade", "h2"),
        ("upgrade", "HTTP/2.0"),
        ("upgrade", "TLS/1.0"),
        ("upgrade", "websocket, h2c"),
        ("upgrade", ""),
        ("keep-alive", "websocket"),
    ] {
        assert_eq!(wanted(connection, to), None, "{connection} {to}");
    }
    let got = sent(
        &site_with(json!({})),
        Some(&uma()),
        &[("connection", "Upgrade"), ("upgrade", "websocket")],
    );
    assert_eq!(
        (all(&got, "connection"), all(&got, "upgrade")),
        (vec!["upgrade".into()], vec!["websocket".into()])
    );
    let websocket = HeaderValue::from_static("websocket");
    assert!(agrees(&headers(&[("upgrade", "WebSocket")]), &websocket));
    for other in ["h2c", "websocket, h2c", ""] {
        assert!(!agrees(&headers(&[("upgrade", other)]), &websocket), "{other}");
    }
    assert!(!agrees(&headers(&[]), &websocket));
}

/// Servers that leave an unexpected body unread take it for the next request; servers that sign in
/// connections take the next request for the same person's.
#[test]
fn requests_that_could_spoil_a_connection_have_one_of_their_own() {
    let closes = |method: Method, pairs: &[(&str, &str)], length| {
        let got = passing(&site_with(json!({})), Some(&uma()), pairs, &method, length);
        all(&got, "connection") == ["close"]
    };
    assert!(closes(Method::GET, &[], Some(5)) && closes(Method::DELETE, &[], Some(1)));
    assert!(closes(Method::GET, &[("transfer-encoding", "chunked")], None));
    assert!(closes(Method::POST, &[("authorization", "NTLM TlRMTVNTUAAB")], Some(0)));
    assert!(closes(Method::GET, &[("authorization", "negotiate YII")], None));
    assert!(!closes(Method::GET, &[], None) && !closes(Method::POST, &[], Some(5)));
    assert!(!closes(Method::GET, &[("authorization", "Basic eA==")], Some(0)));
    let got =
        passing(&site_with(json!({})), None, &[("content-length", "9")], &Method::POST, Some(5));
    assert_eq!(all(&got, "content-length"), ["5"], "the length is that of the body at hand");
}

#[test]
fn a_request_that_comes_back_is_known() {
    let site = site_with(json!({}));
    let got = sent(&site, Some(&uma()), &[("cdn-loop", "other-cdn; v=1")]);
    assert!(is_loop(&got, &site), "{got:?}");
    assert_eq!(all(&got, "cdn-loop"), ["other-cdn; v=1, countersign-authentik-proxy-wiki-cli"]);
    assert!(!is_loop(&headers(&[("cdn-loop", "other-cdn")]), &site));
}

#[test]
fn an_answer_has_one_length_and_its_own_headers() {
    let got = answered(
        headers(&[
            ("connection", "close, X-Hop"),
            ("keep-alive", "timeout=5"),
            ("transfer-encoding", "chunked"),
            ("content-length", "5"),
            ("upgrade", "h2c"),
            ("x-hop", "1"),
            ("set-cookie", "a=1"),
            ("set-cookie", "b=2"),
            ("trailer", "grpc-status"),
            ("x-powered-by", "PHP"),
        ]),
        None,
    );
    for gone in
        ["connection", "keep-alive", "transfer-encoding", "content-length", "upgrade", "x-hop"]
    {
        assert!(all(&got, gone).is_empty(), "{gone}");
    }
    assert_eq!(all(&got, "set-cookie"), ["a=1", "b=2"]);
    assert_eq!(all(&got, "trailer"), ["grpc-status"]);
    assert_eq!(all(&got, "x-powered-by"), ["goauthentik.io"]);
    let length = answered(headers(&[("content-length", "5")]), None);
    assert_eq!(all(&length, "content-length"), ["5"]);
    let websocket = HeaderValue::from_static("websocket");
    let switched =
        answered(headers(&[("connection", "Upgrade"), ("upgrade", "websocket")]), Some(&websocket));
    assert_eq!(all(&switched, "upgrade"), ["websocket"]);
    assert_eq!(switched[header::CONNECTION], "upgrade");
}

#[test]
fn hosts_are_one_and_the_same_wherever_they_are_named() {
    let own = |uri: &str, pairs: &[(&str, &str)]| {
        read(Front::Own, uri, pairs).map(|asked| asked.host.as_str().to_owned())
    };
    assert_eq!(own("/a?b", &[("host", "App.test:443")]).as_deref(), Ok("app.test"));
    assert_eq!(own("http://app.test/a", &[("host", "app.test")]).as_deref(), Ok("app.test"));
    assert_eq!(own("http://app.test/a", &[]).as_deref(), Ok("app.test"));
    assert_eq!(
        own("/", &[("host", "edge.test"), ("x-forwarded-host", "app.test")]).as_deref(),
        Ok("app.test")
    );
    for (uri, pairs) in [
        ("/", &[][..]),
        ("/", &[("host", "app.test"), ("host", "app.test")][..]),
        ("http://evil.test/", &[("host", "app.test")][..]),
        ("/", &[("host", "a b")][..]),
        ("/", &[("host", "app.test"), ("x-forwarded-host", "app.test, evil.test")][..]),
        (
            "/",
            &[("host", "a"), ("x-forwarded-host", "app.test"), ("x-forwarded-host", "app.test")][..],
        ),
        ("/%", &[("host", "app.test")][..]),
        ("/a%zz", &[("host", "app.test")][..]),
    ] {
        assert!(own(uri, pairs).is_err(), "{uri} {pairs:?}");
    }
    // Whatever the order, a request that names the application's host is looked at here.
    let sites: crate::site::Sites<Box<Site>> =
        [Box::new(site_with(json!({})))].into_iter().collect();
    let named = |uri: &str, pairs: &[(&str, &str)]| {
        sites.passed_on(&uri.parse().unwrap(), &headers(pairs)).is_some()
    };
    assert!(
        named("/", &[("host", "app.test")]) && named("http://app.test/", &[("host", "id.test")])
    );
    assert!(named("/", &[("host", "id.test"), ("host", "app.test")]));
    assert!(named("/", &[("host", "id.test"), ("x-forwarded-host", "id.test,app.test")]));
    assert!(!named("/", &[("host", "app.test"), ("x-forwarded-host", "id.test")]));
    assert!(!named("/", &[("host", "id.test")]) && !named("/", &[]));
}
