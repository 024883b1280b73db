//! Whatever is sent: what is let through is somebody who may open that application, or an open
//! path, and says who it is in words of ours alone.

use std::collections::HashMap;

use serde_json::json;

use super::*;
use crate::address::Scheme;
use crate::forward::{Client, Passing};
use crate::identity;
use crate::login::cookies;
use crate::site::Sites;

/// As many are tried in a moment; `COUNTERSIGN_PROXY_CASES=5000000` tries more.
const CASES: u64 = 200_000;

#[expect(clippy::disallowed_methods, reason = "tests are told by the environment how long to try")]
fn cases() -> u64 {
    std::env::var("COUNTERSIGN_PROXY_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(CASES)
}

/// Numbers that are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % end
    }

    fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

/// What became of somebody who signed in.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fate {
    Good,
    Expired,
    Deactivated,
    Regrouped,
}

const FATES: [Fate; 4] = [Fate::Good, Fate::Expired, Fate::Deactivated, Fate::Regrouped];
/// Each with the place of its application.
const HOSTS: [(&str, usize); 4] =
    [("one.test", 0), ("two.test", 1), ("a.example.test", 2), ("b.c.example.test", 2)];
/// Of the applications that requests are passed on to.
const PASSED_ON: [(&str, usize); 2] = [("three.test", 3), ("four.test:8443", 4)];
const PATHS: [&str; 6] = ["/", "/admin", "/a/b.html", "/x?next=/open", "/%C3%A4", "/deep/open"];
const RESPELLED: [&str; 8] = [
    "/open/../admin",
    "/open/%2e%2e/admin",
    "/open/..;/admin",
    "/open%2f..%2fadmin",
    "/open//../admin",
    "/open/.%2e\\admin",
    "/open/%252e%252e/admin",
    "/outpost.goauthentik.io/",
];
const FOREIGN: [(&str, &str); 10] = [
    ("x-authentik-username", "root"),
    ("X-Authentik-Groups", "admins"),
    ("x-authentik-jwt", "a.b.c"),
    ("x_authentik_username", "root"),
    ("connection", "x-authentik-username"),
    ("authorization", "Basic cm9vdDpyb290"),
    ("forwarded", "host=two.test"),
    ("x-rewrite-url", "/open"),
    ("x-original-url", "/open"),
    ("x-forwarded-uri", "/open"),
];

fn world() -> (Sites<Box<Site>>, Vec<Site>) {
    let single = |name: &str, host: &str| {
        site(
            name,
            json!({"external_host": format!("https://{host}"), "skip_path_regex": "^/open(/|$)"}),
        )
    };
    let passed_on = |name: &str, host: &str| {
        let settings = json!({
            "external_host": format!("https://{host}"), "skip_path_regex": "^/open(/|$)",
            "mode": "proxy", "internal_host": "http://10.0.0.9",
        });
        site(name, settings)
    };
    let all = || {
        [
            single("one", "one.test"),
            single("two", "two.test"),
            site(
                "all",
                json!({
                    "external_host": "https://id.example.test", "mode": "forward_domain", "cookie_domain": "example.test",
                    "skip_path_regex": "^https://[a-z.]+/open(/|$)",
                }),
            ),
            passed_on("three", "three.test"),
            passed_on("four", "four.test:8443"),
        ]
    };
    (all().into_iter().map(Box::new).collect(), all().into())
}

/// The headers that the application gets of a request that is passed on.
pub(super) fn passed_to(site: &Site, identity: &HeaderMap, sent: &HeaderMap) -> HeaderMap {
    let passing = Passing {
        site,
        identity,
        used_authorization: false,
        client: Client { ip: [203, 0, 113, 7].into(), scheme: Scheme::Https },
        upgrade: None,
        length: None,
        has_body: false,
        method: &http::Method::GET,
    };
    let got = passing.headers(sent);
    // No spelling of a name of ours is anybody else's, and nothing points to another page.
    for name in got.keys() {
        let folded = identity::folded(name.as_str());
        assert!(!folded.starts_with("x-authentik-") || NAMES.contains(&name.as_str()), "{name}");
        assert!(!folded.starts_with("x-original-") && !folded.starts_with("x-rewrite-"), "{name}");
        assert!(folded != "forwarded" && folded != "connection", "{name}");
    }
    assert_eq!(got["host"], site.external.host.as_str());
    let cookies = got.get("cookie").map_or(&[][..], HeaderValue::as_bytes);
    let cookies = String::from_utf8_lossy(cookies);
    let ours = |pair: &str| pair.trim_ascii_start().starts_with("authentik_proxy_");
    assert!(!cookies.split(';').any(ours), "{cookies}");
    got
}

#[test]
fn cve_2026_25748_what_is_let_through_is_somebody_who_may_open_it() {
    let (sites, all) = world();
    // The cookie of each person at each application, and whose it is.
    let mut holders: HashMap<String, (usize, Fate, String)> = HashMap::new();
    let mut held: HashMap<(usize, usize), String> = HashMap::new();
    for number in 0..all.len() {
        for (n, fate) in FATES.iter().enumerate() {
            let value = SystemEntropy.token(48);
            held.insert((number, n), value.clone());
            holders.insert(value, (number, *fate, format!("person-{number}-{n}")));
        }
    }
    let (mut dice, mut let_through, mut refused) = (Dice(0x9e37_79b9_7f4a_7c15), 0_u64, 0_u64);
    let total = cases();
    for case in 0..total {
        let front =
            *dice.of(&[Front::Nginx, Front::Forwarded, Front::Envoy, Front::Own, Front::Own]);
        let hosts = if front == Front::Own { &PASSED_ON[..] } else { &HOSTS[..] };
        let (host, number) = *dice.of(hosts);
        let mut path = (*dice.of(&PATHS)).to_owned();
        let mut cookie = held[&(number, 0)].clone();
        let mut extra: Vec<(&str, String)> = Vec::new();
        let mut name = all[number].cookie.clone();
        // One thing is different, in most cases.
        match dice.below(12) {
            0 => cookie = held[&(dice.below(5), 0)].clone(),
            1 => cookie.truncate(dice.below(48)),
            2 => cookie = held[&(number, 1 + dice.below(3))].clone(),
            3 => cookie = String::new(),
            4 => {
                let at = dice.below(48);
                let letter = if &cookie[at..=at] == "A" { "B" } else { "A" };
                cookie.replace_range(at..=at, letter);
            }
            5 => cookie = [cookie.as_str(), &"x".repeat(dice.below(9_000))].concat(),
            6 => name = all[dice.below(5)].cookie.clone(),
            7 => path = (*dice.of(&RESPELLED)).to_owned(),
            8 => {
                path = (*dice.of(&RESPELLED)).to_owned();
                cookie = String::new();
            }
            9 => {
                path = "/open".to_owned();
                cookie = String::new();
            }
            10 => {
                let (name, value) = *dice.of(&FOREIGN);
                extra.push((name, value.to_owned()));
            }
            _ => {}
        }
        let mut pairs: Vec<(&str, String)> =
            vec![("cookie", format!("other=1; {name}={cookie}; last"))];
        let mut uri = "/outpost.goauthentik.io/auth/x".to_owned();
        match front {
            Front::Nginx => pairs.push(("x-original-url", format!("https://{host}{path}"))),
            Front::Forwarded => pairs.extend([
                ("x-forwarded-proto", "https".to_owned()),
                ("x-forwarded-host", host.to_owned()),
                ("x-forwarded-uri", path.clone()),
            ]),
            Front::Envoy => {
                pairs.push(("host", host.to_owned()));
                uri = format!("{}{path}", crate::asked::ENVOY);
            }
            Front::Own => {
                pairs.push(("host", host.to_owned()));
                uri = path.clone();
            }
        }
        pairs.extend(extra);
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(n, v)| (*n, v.as_str())).collect();
        let Ok(uri) = uri.parse::<Uri>() else {
            refused += 1;
            continue;
        };
        let headers = headers(&pairs);
        let told = match Asked::read(front, &uri, &headers) {
            Err(_) => None,
            Ok(asked) => {
                let site = sites.at(&asked.host).unwrap();
                // As the store finds them: by the cookie, for this provider, while all holds.
                let mut sent = cookies(&headers, &site.cookie);
                let holder = sent.find_map(|value| holders.get(value)).filter(|(of, fate, _)| {
                    all[*of].settings.client_id == site.settings.client_id && *fate == Fate::Good
                });
                let granted = holder.map(|(_, _, name)| Granted {
                    claims:
                        json!({"preferred_username": name, "sub": name, "iss": "https://id.test/"})
                            .as_object()
                            .unwrap()
                            .clone(),
                    token: "t".into(),
                    username: name.clone(),
                    by_header: false,
                });
                match answer(&asked, site, granted.as_ref()) {
                    // What the application is sent is what was decided.
                    Answer::Allow(identity) if front == Front::Own => {
                        Some(Answer::Allow(passed_to(site, &identity, &headers)))
                    }
                    other => Some(other),
                }
            }
        };
        // What may be is said here once more, by what was sent.
        let whose = holders.get(&cookie).filter(|(of, fate, _)| {
            *of == number && *fate == Fate::Good && name == all[number].cookie
        });
        let about = format!("case {case}: {front:?} {host}{path} {pairs:?}");
        match &told {
            Some(told @ Answer::Allow(_)) => {
                let_through += 1;
                let username = said(told, "x-authentik-username");
                for name in NAMES {
                    said(told, name);
                }
                match whose {
                    Some((_, _, name)) => assert_eq!(username, *name, "{about}"),
                    None => assert!(path == "/open" && tells_nobody(told), "{about}"),
                }
            }
            _ => {
                refused += 1;
                assert!(whose.is_none() || told.is_none(), "{about}");
                assert!(path != "/open", "{about}");
            }
        }
    }
    assert!(
        let_through > total / 3 && refused > total / 4,
        "{let_through} and {refused} of {total}"
    );
}
