//! Each row is one step away from a message that is accepted, so that the rule it names is the only
//! reason why it is not.

use super::*;
use crate::logout;
use crate::refusal::Refusal;
use crate::request;

pub(super) const REQUEST: &str = r#"<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_r1" Version="2.0" IssueInstant="2026-11-27T10:00:00Z" Destination="https://idp.example/application/saml/app/sso/binding/post/" AssertionConsumerServiceURL="https://app.example/acs" ForceAuthn="false" IsPassive="false"><saml:Issuer>https://app.example/metadata</saml:Issuer>{signature}<samlp:NameIDPolicy Format="urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress" AllowCreate="true"/><samlp:RequestedAuthnContext Comparison="exact"><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></samlp:RequestedAuthnContext></samlp:AuthnRequest>"#;

pub(super) const LOGOUT: &str = r#"<samlp:LogoutRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_r1" Version="2.0" IssueInstant="2026-11-27T10:00:00Z" NotOnOrAfter="2026-11-27T10:05:00Z" Destination="https://idp.example/application/saml/app/slo/binding/post/"><saml:Issuer>https://app.example/metadata</saml:Issuer>{signature}<saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">uma</saml:NameID><samlp:SessionIndex>s1</samlp:SessionIndex></samlp:LogoutRequest>"#;

pub(super) const ANSWER: &str = r#"<samlp:LogoutResponse xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_r1" Version="2.0" IssueInstant="2026-11-27T10:00:00Z" InResponseTo="_q1" Destination="https://idp.example/application/saml/app/slo/binding/post/"><saml:Issuer>https://app.example/metadata</saml:Issuer>{signature}<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status></samlp:LogoutResponse>"#;

pub(super) struct World {
    pub(super) application: Pair,
    pub(super) stranger: Pair,
    pub(super) curve: Pair,
    pub(super) addresses: [String; 2],
}

impl World {
    pub(super) fn new() -> World {
        World {
            application: pair(&rcgen::PKCS_RSA_SHA256),
            stranger: pair(&rcgen::PKCS_RSA_SHA256),
            curve: pair(&rcgen::PKCS_ECDSA_P256_SHA256),
            addresses: [SSO.to_owned(), SLO.to_owned()],
        }
    }

    pub(super) fn signer(&self) -> Signer {
        self.application.signer(SignatureAlgorithm::RsaSha256)
    }

    pub(super) fn signed_by(&self, template: &str, signer: &Signer) -> String {
        signer.sign(template.replace("{signature}", &signer.template("_r1").xml())).unwrap()
    }

    pub(super) fn signed(&self, template: &str) -> String {
        self.signed_by(template, &self.signer())
    }

    pub(super) fn code(&self, message: &Received) -> &'static str {
        let trust = self.application.trust();
        let peer = peer(Some(&trust), &self.addresses);
        let xml = String::from_utf8_lossy(&message.xml);
        let code = |refusal: Refusal| refusal.code();
        if message.which == Which::Response {
            logout::read_response(message, &peer).map_or_else(code, |_| "accepted")
        } else if xml.contains("LogoutRequest") {
            logout::read_request(message, &peer).map_or_else(code, |_| "accepted")
        } else {
            request::read(message, ACS, &peer).map_or_else(code, |_| "accepted")
        }
    }

    pub(super) fn posted(&self, xml: &str) -> &'static str {
        binding::from_form(&super::posted(xml))
            .map_or_else(|refusal| refusal.code(), |message| self.code(&message))
    }
}

#[test]
fn a_request_says_what_it_asks_for() {
    let world = World::new();
    let xml = world.signed(&REQUEST.replace("ForceAuthn=\"false\"", "ForceAuthn=\"1\""));
    let trust = world.application.trust();
    let peer = peer(Some(&trust), &world.addresses);
    let read = request::read(&received(&xml), ACS, &peer).unwrap();
    assert_eq!(read.id, "_r1");
    assert_eq!(read.name_id_format, crate::names::name_id::EMAIL);
    assert!(read.force_authn && !read.is_passive);
    assert_eq!(read.contexts, [crate::names::context::PASSWORD]);
    assert_eq!(read.relay_state.as_deref(), Some("state"));
}

/// Signed as it is: what the message says is wrong.
#[test]
fn what_a_request_says_has_to_be_right() {
    let world = World::new();
    assert_eq!(world.posted(&world.signed(REQUEST)), "accepted");
    let long = "a".repeat(300);
    let rows: &[(&str, &str, &str)] = &[
        (
            "https://idp.example/application",
            "https://other.example/application",
            "saml.destination",
        ),
        ("/app/sso/binding/post/\"", "/other/sso/binding/post/\"", "saml.destination"),
        ("https://idp.example/", "http://idp.example/", "saml.destination"),
        ("https://idp.example/", "https://idp.example:8443/", "saml.destination"),
        ("https://idp.example/", "https://idp.example.evil/", "saml.destination"),
        ("binding/post/\"", "binding/post/?x\"", "saml.destination"),
        ("binding/post/\"", "binding/post/../post/\"", "saml.destination"),
        (
            " Destination=\"https://idp.example/application/saml/app/sso/binding/post/\"",
            "",
            "saml.no_destination",
        ),
        (
            "Destination=\"https://idp.example/application/saml/app/sso/binding/post/\"",
            "Destination=\"\"",
            "saml.no_destination",
        ),
        ("https://idp.example/", "HTTPS://IDP.example:443/", "accepted"),
        ("metadata</saml:Issuer>", "other</saml:Issuer>", "saml.issuer"),
        ("metadata</saml:Issuer>", "</saml:Issuer>", "saml.issuer"),
        ("https://app.example/metadata<", "HTTPS://app.example/metadata<", "saml.issuer"),
        ("<saml:Issuer>https://app.example/metadata</saml:Issuer>", "", "saml.issuer"),
        ("<saml:Issuer>", "<saml:Issuer><b/>", "saml.bad_value"),
        ("</saml:Issuer>", "</saml:Issuer><saml:Issuer>x</saml:Issuer>", "saml.repeated_element"),
        ("saml:Issuer>", "samlp:Issuer>", "saml.issuer"),
        ("2026-11-27T10:00:00Z", "2026-11-27T10:02:59Z", "accepted"),
        ("2026-11-27T10:00:00Z", "2026-11-27T10:03:01Z", "saml.future"),
        ("2026-11-27T10:00:00Z", "2027-11-27T10:00:00Z", "saml.future"),
        ("2026-11-27T10:00:00Z", "2026-11-26T09:56:00Z", "saml.expired"),
        ("2026-11-27T10:00:00Z", "2016-11-27T10:00:00Z", "saml.expired"),
        ("2026-11-27T10:00:00Z", "yesterday", "saml.bad_value"),
        ("2026-11-27T10:00:00Z", "", "saml.bad_value"),
        (" IssueInstant=\"2026-11-27T10:00:00Z\"", "", "saml.bad_value"),
        ("app.example/acs", "evil.example/acs", "saml.acs_url"),
        ("app.example/acs", "app.example/acs2", "saml.acs_url"),
        ("app.example/acs", "app.example/acs?x=1", "saml.acs_url"),
        ("app.example/acs", "app.example/acs#x", "saml.acs_url"),
        ("app.example/acs", "app.example@evil.example/acs", "saml.acs_url"),
        ("https://app.example/acs", "javascript:alert(1)", "saml.acs_url"),
        ("https://app.example/acs", "", "saml.acs_url"),
        ("https://app.example/acs", "https://APP.example/acs", "accepted"),
        ("Version=\"2.0\"", "Version=\"1.1\"", "saml.version"),
        ("Version=\"2.0\"", "Version=\"2.1\"", "saml.version"),
        ("Version=\"2.0\"", "", "saml.version"),
        ("Version=\"2.0\"", "saml:Version=\"2.0\"", "saml.version"),
        ("ForceAuthn=\"false\"", "ForceAuthn=\"yes\"", "saml.bad_value"),
        ("IsPassive=\"false\"", "IsPassive=\"TRUE\"", "saml.bad_value"),
        ("nameid-format:emailAddress", "nameid-format:entity", "saml.name_id_format"),
        ("nameid-format:emailAddress", "nameid-format:kerberos", "saml.name_id_format"),
        ("nameid-format:emailAddress", "nameid-format:encrypted", "saml.name_id_format"),
        ("nameid-format:emailAddress", "nameid-format:EMAILADDRESS", "saml.name_id_format"),
        ("1.1:nameid-format:emailAddress", "2.0:nameid-format:emailAddress", "saml.name_id_format"),
        (
            "<samlp:NameIDPolicy ",
            "<samlp:NameIDPolicy/><samlp:NameIDPolicy ",
            "saml.repeated_element",
        ),
        ("<saml:AuthnContextClassRef>", "<saml:AuthnContextClassRef><b/>", "saml.bad_value"),
        ("samlp:AuthnRequest", "samlp:LogoutResponse", "saml.wrong_message"),
        ("samlp:AuthnRequest", "samlp:Response", "saml.wrong_message"),
        ("samlp:AuthnRequest", "saml:AuthnRequest", "saml.wrong_message"),
        ("samlp:AuthnRequest", "samlp:authnRequest", "saml.wrong_message"),
        ("SAML:2.0:protocol", "SAML:1.0:protocol", "saml.wrong_message"),
        ("SAML:2.0:protocol\"", "SAML:2.0:protocol \"", "saml.wrong_message"),
        (" ForceAuthn", &format!(" Consent=\"{long}\" ForceAuthn"), "accepted"),
    ];
    for (old, new, expected) in rows {
        assert!(REQUEST.contains(old), "{old}");
        let xml = world.signed(&REQUEST.replace(old, new));
        assert_eq!(world.posted(&xml), *expected, "{old} -> {new}");
    }
}

/// Not signed, where nobody asks for a signature: the rules that hold all the same.
#[test]
fn what_is_no_message_is_refused_unsigned_too() {
    let plain = REQUEST.replace("{signature}", "");
    let addresses = [SSO.to_owned()];
    let code = |xml: &str| {
        let read = binding::from_form(&posted(xml));
        read.and_then(|message| request::read(&message, ACS, &peer(None, &addresses)))
            .map_or_else(|refusal| refusal.code(), |_| "accepted")
    };
    assert_eq!(code(&plain), "accepted");
    let deep = format!("{}{}", "<a>".repeat(40), "</a>".repeat(40));
    let wide = "<a/>".repeat(1_100);
    let attributes: String = (0..50).map(|n| format!(" a{n}=\"\"")).collect();
    let bomb: String = (0..10).fold("<!DOCTYPE lolz [<!ENTITY a0 \"lol\">".to_owned(), |all, n| {
        format!("{all}<!ENTITY a{} \"{}\">", n + 1, format!("&a{n};").repeat(10))
    });
    let bomb = format!("{bomb}]>{}", plain.replace("_r1", "&a10;"));
    let large = format!("<a>{}</a>", "x".repeat(70_000));
    let policy = "<samlp:NameIDPolicy ";
    let put = |what: &str| plain.replace(policy, &format!("{what}{policy}"));
    let rows: Vec<(&str, String, &str)> = vec![
        ("a document type", format!("<!DOCTYPE a>{plain}"), "saml.doctype"),
        (
            "an external entity",
            format!(
                "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>{}",
                plain.replace("_r1", "&x;")
            ),
            "saml.doctype",
        ),
        (
            "an external subset",
            format!("<!DOCTYPE a SYSTEM \"http://127.0.0.1/a.dtd\">{plain}"),
            "saml.doctype",
        ),
        (
            "parameter entities",
            format!("<!DOCTYPE a [<!ENTITY % x SYSTEM \"http://127.0.0.1/\">%x;]>{plain}"),
            "saml.doctype",
        ),
        ("a billion laughs", bomb, "saml.doctype"),
        ("an unknown entity", put("&unknown;"), "saml.not_xml"),
        ("a comment", put("<!-- c -->"), "saml.comment"),
        (
            "a comment in the issuer",
            plain.replace("app.example/meta", "app.example/<!---->meta"),
            "saml.comment",
        ),
        ("a comment before the root", format!("<!-- c -->{plain}"), "saml.comment"),
        ("a processing instruction", put("<?php x ?>"), "saml.comment"),
        (
            "a stylesheet",
            format!("<?xml-stylesheet href=\"http://127.0.0.1/\"?>{plain}"),
            "saml.comment",
        ),
        ("nested elements", put(&deep), "saml.too_deep"),
        ("elements without end", "<a>".repeat(20_000), "saml.too_deep"),
        ("many elements", put(&wide), "saml.too_many"),
        (
            "many attributes",
            plain.replace(" ForceAuthn", &format!("{attributes} ForceAuthn")),
            "saml.too_many",
        ),
        ("a large message", large, "saml.too_large"),
        ("the same ID twice", put("<a ID=\"_r1\"/>"), "saml.duplicate_id"),
        ("the same id twice", put("<a id=\"_r1\"/>"), "saml.duplicate_id"),
        ("the same xml:id twice", put("<a xml:id=\"_r1\"/>"), "saml.duplicate_id"),
        ("the same AssertionID twice", put("<a AssertionID=\"_r1\"/>"), "saml.duplicate_id"),
        (
            "an attribute twice",
            plain.replace(" ForceAuthn", " ID=\"_r2\" ForceAuthn"),
            "saml.not_xml",
        ),
        ("an unknown prefix", put("<x:a/>"), "saml.not_xml"),
        ("two roots", format!("{plain}{plain}"), "saml.not_xml"),
        ("half a message", plain.split_at(200).0.to_owned(), "saml.not_xml"),
        ("no XML", "hello".to_owned(), "saml.not_xml"),
        ("JSON", "{\"a\": 1}".to_owned(), "saml.not_xml"),
        ("a control character", put("\u{1}"), "saml.not_xml"),
        ("a reference to a control character", put("&#1;"), "saml.not_xml"),
        ("text after the root", format!("{plain}x"), "saml.not_xml"),
        (
            "a CDATA issuer",
            plain.replace(
                "https://app.example/metadata",
                "<![CDATA[https://app.example/metadata]]>",
            ),
            "accepted",
        ),
        ("no ID", plain.replace(" ID=\"_r1\"", ""), "saml.no_id"),
        ("an empty ID", plain.replace("\"_r1\"", "\"\""), "saml.no_id"),
        ("an ID with a space", plain.replace("_r1", "_r 1"), "saml.bad_id"),
        ("an ID with markup", plain.replace("_r1", "_r&lt;b&gt;"), "saml.bad_id"),
        ("an ID with a quote", plain.replace("_r1", "_r&quot;"), "saml.bad_id"),
        ("a long ID", plain.replace("_r1", &"r".repeat(300)), "saml.bad_id"),
        ("an ID in another namespace", plain.replace(" ID=", " saml:ID="), "saml.no_id"),
        ("an ID that begins with a digit", plain.replace("_r1", "123"), "accepted"),
        ("another destination", plain.replace("idp.example", "evil.example"), "saml.destination"),
        ("another consumer", plain.replace("app.example/acs", "evil.example/acs"), "saml.acs_url"),
        (
            "another issuer: nobody vouches for it",
            plain.replace("app.example/meta", "evil.example/meta"),
            "accepted",
        ),
    ];
    for (what, xml, expected) in rows {
        assert_eq!(code(&xml), expected, "{what}");
    }
}
