//! Addresses, paths and headers that nobody thought of, beside what a browser makes of them (`url`).

use countersign_testing::{Fuzz, header_lines};
use percent_encoding::percent_decode_str;
use url::Url;

use super::property::passed_to;
use super::*;
use crate::address::{Address, Target};
use crate::asked::ENVOY;
use crate::forward::answered;
use crate::identity::folded;

const WORDS: [&str; 36] = [
    "/",
    "//",
    "\\",
    "..",
    "/../",
    "/./",
    "..;",
    ";x=1",
    "%2e",
    "%2E%2e",
    "%2f",
    "%5c",
    "%25",
    "%252e",
    "%00",
    "%ff",
    "%C3%A4",
    "?",
    "#",
    "@",
    ":",
    ":80",
    ":443",
    "://",
    "http",
    "[::1]",
    "127.1",
    "app.test",
    "evil.test",
    "\t",
    " ",
    "\r\n",
    "ä",
    "。",
    "\u{2025}",
    "public",
];

/// The path that a browser asks for, and an application looks at, decoded; where both are sure.
fn seen_by_others(path: &str) -> Option<String> {
    let url = Url::parse(&format!("http://app.test{path}")).ok()?;
    percent_decode_str(url.path()).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

/// An address that is read is written as it was, and leads a browser to the same server.
#[test]
fn fuzz_proxy_address() {
    let check = |bytes: &[u8]| {
        let Some((text, address)) =
            std::str::from_utf8(bytes).ok().and_then(|text| Some((text, Address::read(text)?)))
        else {
            return false;
        };
        assert_eq!(Address::read(&address.to_string()).as_ref(), Some(&address));
        assert!(address.host.name().starts_with('[') || !address.host.name().contains(':'));
        if let (Ok(read), Ok(written)) = (Url::parse(text), Url::parse(&address.to_string())) {
            for url in [&read, &written] {
                assert_eq!((url.username(), url.password()), ("", None));
                assert_eq!(url.scheme(), address.scheme.as_str());
            }
            assert_eq!(read.host_str(), written.host_str());
            // 80 and 443 go without saying, whichever of them it is.
            if !matches!(read.port(), Some(80 | 443)) {
                assert_eq!(read.port_or_known_default(), written.port_or_known_default());
            }
            assert_eq!((read.path(), read.query()), (written.path(), written.query()));
            // Numbers that mean an address of IPv4 are nobody's domain.
            if matches!(read.host(), Some(url::Host::Domain(_))) {
                assert_eq!(read.host_str(), Some(address.host.name()));
            }
        }
        true
    };
    Fuzz::new("proxy.address", 60_000)
        .seeds([
            "https://App.example.org/a/%7Eb/../c?x=/y&z",
            "http://h",
            "http://h?a=b",
            "https://app.test:8443/",
            "http://app.test:80/x",
            "https://app.test:443/x",
            "https://[2001:db8::1]:9000/a",
            "https://127.0.0.1/",
        ])
        .words(WORDS)
        .longest(1_000)
        .run(check);
}

/// A path is plain only where a browser and whoever decodes it see the same one.
#[test]
fn fuzz_proxy_path() {
    let check = |bytes: &[u8]| {
        let Some((text, target)) =
            std::str::from_utf8(bytes).ok().and_then(|text| Some((text, Target::read(text)?)))
        else {
            return false;
        };
        assert_eq!(target.to_string(), text, "no letter is another");
        let Some(plain) = target.plain_path() else { return false };
        assert_eq!(seen_by_others(text).as_deref(), Some(plain.as_str()));
        assert_eq!(percent_decode_str(&plain).decode_utf8().as_deref(), Ok(plain.as_str()));
        assert!(plain.starts_with('/') && !plain.contains("//"));
        // Without its parameters, too, which servers for Java take away.
        let bare = plain.split('/').map(|part| part.split(';').next().unwrap_or_default());
        let bare = bare.collect::<Vec<_>>().join("/");
        let kept = seen_by_others(&bare.replace(['?', '#'], "")).unwrap();
        assert_eq!(kept.matches('/').count(), plain.matches('/').count(), "{bare}");
        true
    };
    Fuzz::new("proxy.path", 60_000)
        .seeds(["/", "/public/a.b/c;d=1", "/%70ublic/%C3%A4?x=..", "/public/...", "/a/b/c/d?e=/f"])
        .words(WORDS)
        .longest(1_000)
        .run(check);
}

/// As a client and its front end send it: the address, then headers.
fn request(bytes: &[u8]) -> Option<(Uri, HeaderMap)> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    Some((Uri::try_from(&bytes[..end]).ok()?, header_lines(&bytes[end..])?))
}

/// Whatever headers say: each front end is believed in its own only, nobody is let through but to
/// what is open to everybody, and the application gets nothing that it would believe.
#[test]
fn fuzz_proxy_headers() {
    let (app, identity) = (app(), HeaderMap::new());
    let open = |path: &str| {
        let others = seen_by_others(path);
        others.is_some_and(|path| path.starts_with("/public"))
    };
    let check = |bytes: &[u8]| {
        let Some((uri, sent)) = request(bytes) else { return false };
        let mut read = false;
        for front in [Front::Nginx, Front::Forwarded, Front::Envoy, Front::Own] {
            let Ok(asked) = Asked::read(front, &uri, &sent) else { continue };
            read = true;
            // What decides about it is in the headers of this front end alone.
            let own: &[&str] = match front {
                Front::Nginx => &["x-original-url", "x-original-uri", "host"],
                Front::Forwarded => &["x-forwarded-proto", "x-forwarded-host", "x-forwarded-uri"],
                Front::Envoy => &["host"],
                Front::Own => &["host", "x-forwarded-host", "authorization"],
            };
            let mut only = HeaderMap::new();
            for (name, value) in sent.iter().filter(|(name, _)| own.contains(&name.as_str())) {
                only.append(name, value.clone());
            }
            assert_eq!(Asked::read(front, &uri, &only).as_ref(), Ok(&asked));
            let address = asked.address(&app);
            assert_eq!(Address::read(&address.to_string()).as_ref(), Some(&address));
            let told = answer(&asked, &app, None);
            if matches!(told, Answer::Allow(_)) {
                assert!(tells_nobody(&told) && open(&address.target.to_string()), "{address}");
            }
        }
        let got = passed_to(&app, &identity, &sent);
        for name in got.keys() {
            let name = folded(name.as_str());
            let ours = ["x-forwarded-host", "x-forwarded-for", "x-forwarded-proto"];
            assert!(ours.contains(&name.as_str()) || !name.starts_with("x-forwarded-"), "{name}");
        }
        assert!(got.get_all("cookie").iter().count() <= 1);
        for name in ["host", "x-forwarded-host", "x-forwarded-for", "x-forwarded-proto"] {
            assert_eq!(got.get_all(name).iter().count(), 1, "{name}");
        }
        assert!(!got.contains_key("transfer-encoding") && !got.contains_key("content-length"));
        assert!(!answered(sent, None).contains_key("keep-alive"));
        read
    };
    let seed = |lines: &[&str]| lines.join("\n").into_bytes();
    Fuzz::new("proxy.headers", 20_000)
        .seeds([
            seed(&[
                "/outpost.goauthentik.io/auth/nginx",
                "X-Original-URL: https://app.test/public/x?a=b",
                "Host: id.test",
            ]),
            seed(&[
                "/outpost.goauthentik.io/auth/nginx",
                "X-Original-URI: /public",
                "Host: app.test",
            ]),
            seed(&[
                "/outpost.goauthentik.io/auth/traefik",
                "X-Forwarded-Proto: https",
                "X-Forwarded-Host: app.test",
                "X-Forwarded-Uri: /public/",
                "X-Forwarded-For: 192.0.2.1",
            ]),
            seed(&[&format!("{ENVOY}/public/x"), "Host: app.test"]),
            seed(&[
                "/public",
                "Host: app.test",
                "Cookie: a=b; authentik_proxy_x=y",
                "Connection: keep-alive, X-Own",
                "X-Own: 1",
            ]),
            seed(&[
                "https://app.test/public",
                "X-Forwarded-Host: app.test",
                "Authorization: Basic dTpw",
                "TE: trailers",
                "Upgrade: websocket",
            ]),
        ])
        .words(WORDS)
        .words([
            "\nHost: evil.test",
            "\nX-Forwarded-Host: evil.test",
            "\nX-Original-URL: https://app.test/public",
            "\nX_Forwarded_Host: evil.test",
            "\nx-authentik-username: root",
            "\nX_Authentik_Username: root",
            "\nConnection: host, x-forwarded-for",
            "\nForwarded: host=evil.test",
            "\nX-Rewrite-URL: /public",
            "\nTransfer-Encoding: chunked",
            "\nContent-Length: 5",
            "\nKeep-Alive: 5",
            ",",
            "\n",
        ])
        .longest(4_000)
        .run(check);
}
