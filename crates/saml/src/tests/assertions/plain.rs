//! What is no message at all: refused before anything of it is read, and in little time.

use std::time::{Duration, Instant};

use super::*;

#[test]
#[expect(clippy::disallowed_methods, reason = "how long it takes is what is asked")]
fn what_is_no_response_is_refused_before_it_is_read() {
    let good = WORLD.signed(RESPONSE, By::Assertion);
    let status = "<samlp:Status>";
    let put = |what: &str| good.replace(status, &format!("{what}{status}"));
    let deep = format!("{}{}", "<a>".repeat(40), "</a>".repeat(40));
    let attributes: String = (0..50).map(|n| format!(" a{n}=\"\"")).collect();
    let laughs = (0..10).fold("<!DOCTYPE lolz [<!ENTITY a0 \"lol\">".to_owned(), |all, n| {
        format!("{all}<!ENTITY a{} \"{}\">", n + 1, format!("&a{n};").repeat(10))
    });
    let quadratic = format!(
        "<!DOCTYPE a [<!ENTITY x \"{}\">]>{}",
        "x".repeat(10_000),
        good.replace(">uma<", &format!(">{}<", "&x;".repeat(1_000)))
    );
    let utf16: String = good
        .replace("<samlp:Response", "<?xml version=\"1.0\" encoding=\"UTF-16\"?><samlp:Response");
    let rows: Vec<(&str, String, &str)> = vec![
        ("a document type", format!("<!DOCTYPE a>{good}"), "saml.doctype"),
        ("one in small letters", format!("<!doctype a>{good}"), "saml.not_xml"),
        (
            "an external entity",
            format!(
                "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>{}",
                good.replace(">uma<", ">&x;<")
            ),
            "saml.doctype",
        ),
        (
            "an external subset",
            format!("<!DOCTYPE a SYSTEM \"http://127.0.0.1/a.dtd\">{good}"),
            "saml.doctype",
        ),
        (
            "a public identifier",
            format!("<!DOCTYPE a PUBLIC \"x\" \"http://127.0.0.1/a.dtd\">{good}"),
            "saml.doctype",
        ),
        (
            "parameter entities",
            format!("<!DOCTYPE a [<!ENTITY % x SYSTEM \"http://127.0.0.1/\">%x;]>{good}"),
            "saml.doctype",
        ),
        (
            "an ATTLIST that makes IDs",
            format!("<!DOCTYPE a [<!ATTLIST saml:Subject X ID #IMPLIED>]>{good}"),
            "saml.doctype",
        ),
        (
            "a billion laughs",
            format!("{laughs}]>{}", good.replace(">uma<", ">&a10;<")),
            "saml.doctype",
        ),
        ("one entity many times", quadratic, "saml.doctype"),
        ("an unknown entity", good.replace(">uma<", ">&x;<"), "saml.not_xml"),
        ("a comment", put("<!-- x -->"), "saml.comment"),
        ("a comment before the root", format!("<!-- x -->{good}"), "saml.comment"),
        ("a comment behind the root", format!("{good}<!-- x -->"), "saml.comment"),
        ("a processing instruction", put("<?php x ?>"), "saml.comment"),
        (
            "a stylesheet",
            format!("<?xml-stylesheet href=\"http://127.0.0.1/\"?>{good}"),
            "saml.comment",
        ),
        ("nested elements", put(&deep), "saml.too_deep"),
        ("elements without end", "<a>".repeat(20_000), "saml.too_deep"),
        ("many elements", put(&"<a/>".repeat(1_100)), "saml.too_many"),
        (
            "many attributes",
            good.replace(
                " Version=\"2.0\" IssueInstant=\"2026-11-27T10",
                &format!("{attributes} Version=\"2.0\" IssueInstant=\"2026-11-27T10"),
            ),
            "saml.too_many",
        ),
        ("a large message", put(&format!("<a>{}</a>", "x".repeat(70_000))), "saml.too_large"),
        ("a very large message", "x".repeat(1_000_000), "saml.too_large"),
        ("an attribute twice", good.replace("ID=\"_p1\"", "ID=\"_p1\" ID=\"_p2\""), "saml.not_xml"),
        ("an unknown prefix", put("<x:a/>"), "saml.not_xml"),
        ("two roots", format!("{good}{good}"), "saml.not_xml"),
        ("text behind the root", format!("{good}x"), "saml.not_xml"),
        ("half a message", good.split_at(900).0.to_owned(), "saml.not_xml"),
        ("no XML", "hello".to_owned(), "saml.not_xml"),
        ("JSON", "{\"sub\": \"uma\"}".to_owned(), "saml.not_xml"),
        ("a token", "eyJhbGciOiJub25lIn0.e30.".to_owned(), "saml.not_xml"),
        ("a control character", put("\u{1}"), "saml.not_xml"),
        ("a reference to one", put("&#0;"), "saml.not_xml"),
        ("a reference out of range", put("&#x110000;"), "saml.not_xml"),
        ("another element", "<a/>".to_owned(), "saml.wrong_message"),
        ("an assertion alone", RESPONSE_ASSERTION.to_owned(), "saml.wrong_message"),
        ("a request", good.replace("samlp:Response", "samlp:AuthnRequest"), "saml.wrong_message"),
        ("no ID", good.replace(" ID=\"_p1\"", ""), "saml.no_id"),
        ("an empty ID", good.replace("\"_p1\"", "\"\""), "saml.no_id"),
        ("an ID with markup", good.replace("\"_p1\"", "\"_p&lt;\""), "saml.bad_id"),
        ("an ID with a space", good.replace("\"_p1\"", "\"_p 1\""), "saml.bad_id"),
        ("a long ID", good.replace("\"_p1\"", &format!("\"{}\"", "p".repeat(300))), "saml.bad_id"),
        (
            "an ID of another namespace",
            good.replace(" ID=\"_p1\"", " saml:ID=\"_p1\""),
            "saml.no_id",
        ),
        (
            "an assertion without ID",
            good.replace(" ID=\"_a1\"", "")
                .replace("<saml:Assertion ID=\"_a1\"", "<saml:Assertion"),
            "saml.signature_reference",
        ),
        (
            "no assertion",
            good.replace(&between(&good, "<saml:Assertion", "</saml:Assertion>"), ""),
            "saml.missing_element",
        ),
        ("an encoding that it has not", utf16, "accepted"),
    ];
    for (what, xml, follows) in rows {
        let begin = Instant::now();
        assert_eq!(code(&xml, &WORLD.expected()), follows, "{what}");
        assert!(begin.elapsed() < Duration::from_secs(2), "{what}: {:?}", begin.elapsed());
    }
}

const RESPONSE_ASSERTION: &str = "<saml:Assertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"_a1\" Version=\"2.0\"/>";

#[test]
fn a_form_brings_one_response() {
    use base64::Engine as _;
    let good = WORLD.signed(RESPONSE, By::Assertion);
    let standard = base64::engine::general_purpose::STANDARD;
    let value = escaped(&standard.encode(&good));
    let code = |body: &str| {
        let received = binding::from_form(body);
        received
            .and_then(|received| read(&received, &WORLD.expected()))
            .map_or_else(|refusal| refusal.code(), |_| "accepted")
    };
    let lines: String = standard
        .encode(&good)
        .as_bytes()
        .chunks(76)
        .map(|line| format!("{}\r\n", String::from_utf8_lossy(line)))
        .collect();
    let rows: Vec<(&str, String, &str)> = vec![
        ("as it is", format!("SAMLResponse={value}"), "accepted"),
        ("in lines", format!("SAMLResponse={}", escaped(&lines)), "accepted"),
        (
            "with plus signs that nobody escaped",
            format!("SAMLResponse={}", standard.encode(&good).replace('=', "%3D")),
            "accepted",
        ),
        ("twice", format!("SAMLResponse={value}&SAMLResponse={value}"), "saml.repeated_parameter"),
        (
            "twice, once escaped",
            format!("SAMLResponse={value}&SAMLR%65sponse={value}"),
            "saml.repeated_parameter",
        ),
        (
            "with a request",
            format!("SAMLResponse={value}&SAMLRequest={value}"),
            "saml.repeated_parameter",
        ),
        (
            "with two states",
            format!("SAMLResponse={value}&RelayState=a&RelayState=b"),
            "saml.repeated_parameter",
        ),
        (
            "with a long state",
            format!("SAMLResponse={value}&RelayState={}", "a".repeat(5_000)),
            "saml.relay_state",
        ),
        ("as a request", format!("SAMLRequest={value}"), "saml.no_response"),
        ("nothing", String::new(), "saml.missing"),
        ("an empty one", "SAMLResponse=".to_owned(), "saml.missing"),
        ("another name", format!("samlresponse={value}"), "saml.missing"),
        ("no base64", "SAMLResponse=%21%21%21".to_owned(), "saml.undecodable"),
        ("cut base64", "SAMLResponse=PHNhbWx".to_owned(), "saml.undecodable"),
        ("a very long one", format!("SAMLResponse={}", "A".repeat(400_000)), "saml.too_large"),
    ];
    for (what, body, follows) in rows {
        assert_eq!(code(&body), follows, "{what}");
    }
}
