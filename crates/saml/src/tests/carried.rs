//! Messages in addresses, and those about signing out.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::hostile::{ANSWER, LOGOUT, REQUEST, World};
use super::*;

/// How a message comes: in an address, with a signature over the query.
#[test]
fn an_address_is_verified_as_it_was_escaped() {
    let world = World::new();
    let xml = REQUEST.replace("{signature}", "");
    let address = |signer: Option<&Signer>| {
        binding::to_address("", Which::Request, &xml, Some("a b&c"), signer).unwrap()
    };
    let signer = world.signer();
    let good = address(Some(&signer));
    let good = good.trim_start_matches('?');
    let code = |query: &str| {
        binding::from_query(query)
            .map_or_else(|refusal| refusal.code(), |message| world.code(&message))
    };
    assert_eq!(code(good), "accepted");
    let lower = good.replace("%2F", "%2f").replace("%3D", "%3d").replace("%2B", "%2b");
    let plain = address(None);
    let plain = plain.trim_start_matches('?');
    let part = |name: &str| {
        good.split('&').find(|part| part.starts_with(name)).unwrap_or_default().to_owned()
    };
    let (signature, algorithm) = (part("Signature="), part("SigAlg="));
    let stranger = address(Some(&world.stranger.signer(SignatureAlgorithm::RsaSha256)));
    let deflated = |bytes: &[u8]| {
        use std::io::Write as _;
        let mut encoder =
            flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).unwrap();
        format!("SAMLRequest={}", escaped(&STANDARD.encode(encoder.finish().unwrap())))
    };
    let message = part("SAMLRequest=");
    let signed = format!("{message}&RelayState=it's%20(a)%20~%20b!*&{algorithm}");
    let value = escaped(&STANDARD.encode(signer.sign_bytes(signed.as_bytes()).unwrap()));
    let javascript =
        format!("{message}&RelayState=it%27s+%28a%29+%7E+b%21*&{algorithm}&Signature={value}");
    let rows: Vec<(&str, String, &str)> = vec![
        ("a state signed as node-saml escapes it", javascript.clone(), "accepted"),
        ("another such state", javascript.replace("it%27s", "its"), "saml.signature"),
        ("escaped in another way than it was signed", lower, "saml.signature"),
        (
            "parameters in another order",
            good.split('&').rev().collect::<Vec<_>>().join("&"),
            "accepted",
        ),
        ("a parameter of somebody else", format!("{good}&utm=1"), "accepted"),
        ("unsigned", plain.to_owned(), "saml.unsigned"),
        ("without the signature", good.replace(&format!("&{signature}"), ""), "saml.unsigned"),
        ("without the algorithm", good.replace(&format!("&{algorithm}"), ""), "saml.unsigned"),
        ("signed by a stranger", stranger.trim_start_matches('?').to_owned(), "saml.signature"),
        (
            "SHA-1",
            good.replace("2001%2F04%2Fxmldsig-more%23rsa-sha256", "2000%2F09%2Fxmldsig%23rsa-sha1"),
            "saml.signature_algorithm",
        ),
        (
            "HMAC",
            good.replace("rsa%2Dsha256", "hmac%2Dsha256").replace("rsa-sha256", "hmac-sha256"),
            "saml.signature_algorithm",
        ),
        (
            "an unknown algorithm",
            good.replace("rsa-sha256", "rsa-sha257"),
            "saml.signature_algorithm",
        ),
        ("another algorithm", good.replace("rsa-sha256", "rsa-sha512"), "saml.signature"),
        ("another state", good.replace("a%20b", "a%20c"), "saml.signature"),
        ("without state", good.replace(&format!("&{}", part("RelayState=")), ""), "saml.signature"),
        (
            "another message",
            good.replace(&part("SAMLRequest="), &deflated(xml.replace("_r1", "_r2").as_bytes())),
            "saml.signature",
        ),
        ("an empty signature", good.replace(&signature, "Signature="), "saml.signature"),
        ("two requests", format!("{good}&{}", part("SAMLRequest=")), "saml.repeated_parameter"),
        ("two states", format!("{good}&RelayState=x"), "saml.repeated_parameter"),
        ("two signatures", format!("{good}&{signature}"), "saml.repeated_parameter"),
        ("two algorithms", format!("{good}&{algorithm}"), "saml.repeated_parameter"),
        (
            "a request under an escaped name",
            format!("{good}&SAML%52equest=x"),
            "saml.repeated_parameter",
        ),
        ("request and response", format!("{good}&SAMLResponse=x"), "saml.repeated_parameter"),
        ("nothing", String::new(), "saml.missing"),
        ("an empty request", "SAMLRequest=".to_owned(), "saml.missing"),
        ("no base64", "SAMLRequest=%21%21".to_owned(), "saml.undecodable"),
        (
            "not deflated",
            format!("SAMLRequest={}", escaped(&STANDARD.encode(&xml))),
            "saml.unsigned",
        ),
        ("a bomb", deflated(&vec![b'a'; 10_000_000]), "saml.too_large"),
        (
            "a bomb of XML",
            deflated(format!("<a>{}</a>", " ".repeat(5_000_000)).as_bytes()),
            "saml.too_large",
        ),
        ("a long request", format!("SAMLRequest={}", "A".repeat(300_000)), "saml.too_large"),
        (
            "a long state",
            format!("{plain}{}", "x".repeat(5_000)).replace("RelayState=", "RelayState=y"),
            "saml.relay_state",
        ),
    ];
    for (what, query, expected) in rows {
        assert_eq!(code(&query), expected, "{what}");
    }
}

#[test]
fn who_is_to_be_signed_out_is_said_by_the_application_alone() {
    let world = World::new();
    assert_eq!(world.posted(&world.signed(LOGOUT)), "accepted");
    let rows: &[(&str, &str, &str)] = &[
        (
            "NotOnOrAfter=\"2026-11-27T10:05:00Z\"",
            "NotOnOrAfter=\"2026-11-27T09:56:59Z\"",
            "saml.expired",
        ),
        (
            "NotOnOrAfter=\"2026-11-27T10:05:00Z\"",
            "NotOnOrAfter=\"2026-11-27T09:57:01Z\"",
            "accepted",
        ),
        ("NotOnOrAfter=\"2026-11-27T10:05:00Z\"", "NotOnOrAfter=\"never\"", "saml.bad_value"),
        ("NotOnOrAfter=\"2026-11-27T10:05:00Z\"", "", "accepted"),
        ("app/slo", "other/slo", "saml.destination"),
        ("metadata</saml:Issuer>", "x</saml:Issuer>", "saml.issuer"),
        (
            "IssueInstant=\"2026-11-27T10:00:00Z\"",
            "IssueInstant=\"2026-11-27T11:00:00Z\"",
            "saml.future",
        ),
        (
            "IssueInstant=\"2026-11-27T10:00:00Z\"",
            "IssueInstant=\"2026-11-20T10:00:00Z\"",
            "saml.expired",
        ),
        (">uma<", "><", "saml.no_name"),
        (">uma<", "> <", "saml.no_name"),
        (">uma<", "><b>uma</b><", "saml.no_name"),
        ("saml:NameID", "saml:BaseID", "saml.no_name"),
        ("saml:NameID", "samlp:NameID", "saml.no_name"),
        ("saml:NameID", "saml:EncryptedID", "saml.encrypted_name"),
        (
            "</saml:NameID>",
            "</saml:NameID><saml:NameID>admin</saml:NameID>",
            "saml.repeated_element",
        ),
        (">s1<", "><b/><", "saml.bad_value"),
        ("<samlp:SessionIndex>s1</samlp:SessionIndex>", "", "accepted"),
    ];
    for (old, new, expected) in rows {
        assert!(LOGOUT.contains(old), "{old}");
        let xml = world.signed(&LOGOUT.replace(old, new));
        assert_eq!(world.posted(&xml), *expected, "{old} -> {new}");
    }
    assert_eq!(world.posted(&LOGOUT.replace("{signature}", "")), "saml.unsigned");
    let commented = world.signed(LOGOUT).replace(">uma<", ">uma<!---->.evil<");
    assert_eq!(world.posted(&commented), "saml.comment");
    let soap = |xml: &str| binding::from_soap(Which::Request, xml.as_bytes()).unwrap();
    let signed = world.signed(LOGOUT);
    let rows = [
        (binding::to_soap(&signed), "accepted"),
        (binding::to_soap(&signed.replace(">uma<", ">max<")), "saml.signature"),
        (
            binding::to_soap(&format!("{signed}{}", signed.replace("_r1", "_r2"))),
            "saml.wrong_message",
        ),
        (binding::to_soap(&signed).replace("<soap:Body>", "<soap:Header/><soap:Body>"), "accepted"),
        (binding::to_soap(&signed).replace("soap:Body>", "soap:Fault>"), "saml.missing_element"),
        (signed.clone(), "saml.wrong_message"),
        (binding::to_soap(&LOGOUT.replace("{signature}", "")), "saml.unsigned"),
    ];
    for (xml, expected) in rows {
        assert_eq!(world.code(&soap(&xml)), expected, "{xml}");
    }
}

#[test]
fn an_answer_belongs_to_a_question() {
    let world = World::new();
    let code = |xml: &str| {
        let body = format!("SAMLResponse={}", escaped(&STANDARD.encode(xml)));
        binding::from_form(&body).map_or_else(|r| r.code(), |message| world.code(&message))
    };
    assert_eq!(code(&world.signed(ANSWER)), "accepted");
    let rows: &[(&str, &str, &str)] = &[
        (" InResponseTo=\"_q1\"", "", "saml.bad_value"),
        ("_q1", "", "saml.no_id"),
        ("_q1", "a b", "saml.bad_id"),
        ("samlp:StatusCode", "samlp:Code", "saml.missing_element"),
        ("samlp:LogoutResponse", "samlp:Response", "saml.wrong_message"),
        ("status:Success", "status:Requester", "accepted"),
        ("app/slo", "other/slo", "saml.destination"),
    ];
    for (old, new, expected) in rows {
        assert_eq!(code(&world.signed(&ANSWER.replace(old, new))), *expected, "{old} -> {new}");
    }
}
