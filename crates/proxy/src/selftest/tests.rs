//! What is said of each way to set a reverse proxy up wrongly. Real ones are in `e2e/test_self_test.py`.

use http::{HeaderMap, HeaderValue, StatusCode, header};

use super::judge::{Check, Grade, Visit, entrance, identity, sign_in, taken_out};
use super::mark::{Brought, COOKIE, Door, HEADER, Seen, forged, ours};
use crate::address::Address;
use crate::identity::NAMES;
use crate::provider::ProxyMode;

const WORD: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
const AT: &str = "https://app.test/wiki?a=1";

fn seen(door: Door, address: &str) -> Seen {
    Seen { door, address: address.to_owned(), misread: None, by_cookie: true, names_client: true }
}

fn visit(seen: Option<Seen>, status: u16, pairs: &[(&'static str, &str)], body: &str) -> Visit {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.insert(*name, HeaderValue::from_str(value).unwrap());
    }
    let address = Address::read(AT).unwrap();
    Visit {
        path: address.target.path.clone(),
        address,
        word: WORD.to_owned(),
        seen,
        status: StatusCode::from_u16(status).unwrap(),
        headers,
        body: body.as_bytes().to_vec(),
    }
}

fn codes(checks: &[Check]) -> Vec<(Grade, &str)> {
    checks.iter().map(|check| (check.grade, check.code.trim_start_matches("proxy.test."))).collect()
}

fn entered(visit: &Visit) -> Vec<Check> {
    entrance(visit, ProxyMode::ForwardSingle, false)
}

const START: (&str, &str) = ("location", "https://app.test/outpost.goauthentik.io/start?rd=x");

#[test]
fn an_entrance_that_asks_and_leads_to_sign_in_is_well() {
    let asked = || Some(seen(Door::Asked, AT));
    let good = visit(asked(), 302, &[START], "");
    assert_eq!(codes(&entered(&good)), [(Grade::Well, "asked")]);
    let away = ("location", "https://id.test/application/o/authorize/?client_id=x");
    assert_eq!(codes(&entered(&visit(asked(), 302, &[away], ""))), [(Grade::Well, "asked")]);
    // Envoy does not say by which scheme people come.
    let envoy = visit(Some(seen(Door::Asked, "://app.test/wiki?a=1")), 302, &[away], "");
    assert_eq!(codes(&entered(&envoy)), [(Grade::Well, "asked")]);
    let open = visit(asked(), 200, &[], "");
    assert_eq!(codes(&entrance(&open, ProxyMode::ForwardSingle, true)), [(Grade::Well, "open")]);
}

#[test]
fn an_entrance_is_told_what_is_wrong_with_it() {
    let asked = |address: &str| Some(seen(Door::Asked, address));
    let broken = |visit: &Visit, code: &str| {
        let found = entered(visit);
        assert_eq!(codes(&found), [(Grade::Broken, code)], "{found:?}");
        assert!(found[0].text.ends_with('.') && found[0].remedy.ends_with('.'), "{found:?}");
    };
    broken(&visit(None, 200, &[], "a page"), "not_asked");
    broken(&visit(None, 404, &[], ""), "not_asked");
    broken(&visit(None, 502, &[], ""), "cannot_ask");
    broken(&visit(None, 301, &[("location", "https://www.app.test/")], ""), "redirected");
    broken(&visit(asked(AT), 401, &[], ""), "no_sign_in");
    broken(&visit(asked(AT), 200, &[], ""), "not_enforced");
    broken(&visit(asked(AT), 403, &[], ""), "odd_answer");
    broken(&visit(asked("http://app.test/wiki?a=1"), 302, &[START], ""), "scheme");
    broken(&visit(asked("https://127.0.0.1:9000/wiki?a=1"), 404, &[], ""), "host");
    broken(&visit(asked("https://app.test/wiki"), 302, &[START], ""), "path");
    let misread =
        Seen { misread: Some("the header x is missing".to_owned()), ..seen(Door::Asked, "") };
    broken(&visit(Some(misread), 500, &[], ""), "header");
    let passing = visit(None, 200, &[], "");
    assert_eq!(codes(&entrance(&passing, ProxyMode::Proxy, false)), [(Grade::Broken, "not_here")]);
    // Where somebody else answers, only that is said.
    let elsewhere = entered(&visit(None, 302, &[START], ""));
    assert_eq!(codes(&elsewhere), [(Grade::Look, "elsewhere")]);
}

#[test]
fn a_question_without_cookies_or_client_is_told() {
    let asked = Seen { by_cookie: false, names_client: false, ..seen(Door::Asked, AT) };
    let found = entered(&visit(Some(asked), 302, &[START], ""));
    assert_eq!(codes(&found), [(Grade::Broken, "cookie"), (Grade::Look, "client")]);
    // This server need have nobody in front of it.
    let passing = Seen { names_client: false, ..seen(Door::Passing, "://app.test/wiki?a=1") };
    let found = entrance(&visit(Some(passing), 302, &[START], ""), ProxyMode::Proxy, false);
    assert_eq!(codes(&found), [(Grade::Well, "asked")]);
}

#[test]
fn signing_in_begins_or_it_is_told_why_not() {
    let away = ("location", "https://id.test/application/o/authorize/?client_id=x");
    let cookie = ("set-cookie", "authentik_proxy_x_login=y");
    let start = |host: &str| Some(seen(Door::Start, host));
    let code = |visit: &Visit| {
        codes(&sign_in(visit, ProxyMode::ForwardSingle)).last().map(|(_, code)| (*code).to_owned())
    };
    assert_eq!(code(&visit(start("app.test"), 302, &[away, cookie], "")).unwrap(), "start");
    assert_eq!(code(&visit(start("app.test"), 302, &[away], "")).unwrap(), "set_cookie");
    assert_eq!(code(&visit(start("app.test"), 500, &[], "")).unwrap(), "start_answer");
    assert_eq!(code(&visit(start("127.0.0.1:9000"), 404, &[], "")).unwrap(), "host");
    assert_eq!(code(&visit(None, 404, &[], "")).unwrap(), "no_start");
    let asked = visit(Some(seen(Door::Asked, AT)), 302, &[START], "");
    assert_eq!(code(&asked).unwrap(), "no_start");
}

#[test]
fn what_an_application_repeats_says_what_it_was_told() {
    let asked = || Some(seen(Door::Asked, AT));
    let all = |value: fn(&str) -> String| NAMES.map(value).join(" ");
    let told = |body: &str| {
        let found = identity(&visit(asked(), 200, &[], body));
        codes(&found).into_iter().map(|(grade, code)| (grade, code.to_owned())).collect::<Vec<_>>()
    };
    let is = |found: Vec<(Grade, String)>, wanted: &[(Grade, &str)]| {
        let found: Vec<_> = found.iter().map(|(grade, code)| (*grade, code.as_str())).collect();
        assert_eq!(found, wanted);
    };
    is(
        told(&format!("{WORD} {}", all(ours))),
        &[(Grade::Well, "told"), (Grade::Well, "not_forged")],
    );
    is(
        told(&format!("{WORD} {}", all(forged))),
        &[(Grade::Broken, "forged"), (Grade::Broken, "nothing_told")],
    );
    let one = format!("{WORD} {} {}", all(ours), forged(NAMES[7]));
    is(told(&one), &[(Grade::Broken, "forged"), (Grade::Well, "told")]);
    is(told(WORD), &[(Grade::Broken, "nothing_told"), (Grade::Well, "not_forged")]);
    is(told("a page"), &[(Grade::Look, "untold")]);
    let page = identity(&visit(asked(), 200, &[], &format!("Hello {}", ours(NAMES[0]))));
    assert_eq!(codes(&page), [(Grade::Well, "told"), (Grade::Well, "not_forged")]);
    let other = Some(seen(Door::Asked, "https://other.test/wiki?a=1"));
    assert_eq!(codes(&identity(&visit(other, 302, &[START], ""))), [(Grade::Broken, "host")]);
    let away = identity(&visit(asked(), 502, &[], ""));
    assert_eq!(codes(&away), [(Grade::Look, "application")]);

    let before = visit(asked(), 200, &[], &all(ours));
    let without = visit(asked(), 200, &[], "a page");
    assert_eq!(taken_out(&without, &before).unwrap().grade, Grade::Broken);
    assert_eq!(taken_out(&visit(None, 400, &[], ""), &before).unwrap().grade, Grade::Well);
    assert_eq!(taken_out(&before, &before).unwrap().grade, Grade::Well);
    assert!(taken_out(&without, &without).is_none());
}

#[test]
fn a_mark_is_good_for_what_is_visited_alone() {
    let asked = |address: &str| seen(Door::Asked, address);
    assert!(asked(AT).asks_about(AT));
    // Some front ends do not know the scheme.
    assert!(asked("://app.test/wiki?a=1").asks_about(AT));
    for other in [
        "https://other.test/wiki?a=1",
        "://other.test/wiki?a=1",
        "https://app.test:8443/wiki?a=1",
        "https://evil-app.test/wiki?a=1",
        "http://app.test/wiki?a=1",
        "https://app.test/secret",
        "https://app.test/wiki",
        "https://app.test/wiki?a=1&b=2",
        "app.test/wiki?a=1",
        "://",
        "",
    ] {
        assert!(!asked(other).asks_about(AT), "{other}");
    }
    assert!(!seen(Door::Start, AT).asks_about(AT));
    assert!(!seen(Door::Passing, AT).asks_about(AT));
    assert!(!Seen { misread: Some("x".to_owned()), ..asked(AT) }.asks_about(AT));
}

#[test]
fn a_mark_is_a_word_of_its_own() {
    let headers = |pairs: &[(header::HeaderName, String)]| {
        pairs
            .iter()
            .map(|(n, v)| (n.clone(), HeaderValue::from_str(v).unwrap()))
            .collect::<HeaderMap>()
    };
    let named = header::HeaderName::from_static(HEADER);
    let word = |headers: &HeaderMap| Brought::by(headers).map(|brought| brought.word().to_owned());
    assert_eq!(word(&headers(&[(header::COOKIE, format!("a=b; {COOKIE}={WORD}"))])).unwrap(), WORD);
    assert_eq!(word(&headers(&[(named.clone(), WORD.to_owned())])).unwrap(), WORD);
    for wrong in ["", "short", &format!("{}é", &WORD[1..]), &format!("{WORD}A")] {
        let Ok(value) = HeaderValue::from_str(wrong) else { continue };
        let headers = HeaderMap::from_iter([(named.clone(), value)]);
        assert_eq!(word(&headers), None, "{wrong}");
    }
}
