//! Signed as it is: what the response or the assertion says is wrong.

use super::*;

/// Old, new, what follows. Each is signed thrice: the assertion, the response, both.
const ROWS: &[(&str, &str, &str)] = &[
    // Where it goes.
    ("Destination=\"https://sp", "Destination=\"https://other", "saml.destination"),
    ("Destination=\"https://sp", "Destination=\"http://sp", "saml.destination"),
    (
        "Destination=\"https://sp.example/",
        "Destination=\"https://sp.example:8443/",
        "saml.destination",
    ),
    (
        "Destination=\"https://sp.example/",
        "Destination=\"https://sp.example.evil/",
        "saml.destination",
    ),
    (
        "Destination=\"https://sp.example/",
        "Destination=\"https://sp.example@evil/",
        "saml.destination",
    ),
    ("idp/acs/\" InResponseTo", "other/acs/\" InResponseTo", "saml.destination"),
    ("idp/acs/\" InResponseTo", "idp/acs/?x\" InResponseTo", "saml.destination"),
    ("idp/acs/\" InResponseTo", "idp/acs\" InResponseTo", "saml.destination"),
    ("Destination=\"https://sp.example/", "Destination=\"HTTPS://SP.example:443/", "accepted"),
    ("Recipient=\"https://sp", "Recipient=\"https://other", "saml.recipient"),
    ("Recipient=\"https://sp", "Recipient=\"http://sp", "saml.recipient"),
    ("idp/acs/\"/>", "other/acs/\"/>", "saml.recipient"),
    ("idp/acs/\"/>", "idp/acs/x\"/>", "saml.recipient"),
    (" Recipient=\"https://sp.example/source/saml/idp/acs/\"", "", "saml.recipient"),
    (" Recipient=\"https://sp.example/source/saml/idp/acs/\"", " Recipient=\"\"", "saml.recipient"),
    ("<saml:Audience>https://sp", "<saml:Audience>https://other", "saml.audience"),
    ("<saml:Audience>https://sp", "<saml:Audience>HTTPS://sp", "saml.audience"),
    ("metadata/</saml:Audience>", "metadata</saml:Audience>", "saml.audience"),
    ("metadata/</saml:Audience>", "metadata/x</saml:Audience>", "saml.audience"),
    ("metadata/</saml:Audience>", "</saml:Audience>", "saml.audience"),
    (
        "<saml:Audience>https://sp.example/source/saml/idp/metadata/</saml:Audience>",
        "",
        "saml.audience",
    ),
    ("<saml:Audience>https://sp", "<saml:Audience><b/>https://sp", "saml.bad_value"),
    ("saml:Audience>", "samlp:Audience>", "saml.audience"),
    ("<saml:Audience>", "<saml:Audience>https://other</saml:Audience><saml:Audience>", "accepted"),
    (
        "<saml:AudienceRestriction>",
        "<saml:AudienceRestriction><saml:Audience>x</saml:Audience></saml:AudienceRestriction><saml:AudienceRestriction>",
        "saml.audience",
    ),
    // Whom it answers.
    ("acs/\" InResponseTo=\"_q1\"", "acs/\" InResponseTo=\"_q2\"", "saml.request_id"),
    ("acs/\" InResponseTo=\"_q1\"", "acs/\" InResponseTo=\"\"", "saml.request_id"),
    ("acs/\" InResponseTo=\"_q1\"", "acs/\" InResponseTo=\"_Q1\"", "saml.request_id"),
    ("acs/\" InResponseTo=\"_q1\"", "acs/\"", "saml.unsolicited"),
    ("Data InResponseTo=\"_q1\"", "Data InResponseTo=\"_q2\"", "saml.request_id"),
    ("Data InResponseTo=\"_q1\"", "Data InResponseTo=\"\"", "saml.request_id"),
    ("Data InResponseTo=\"_q1\"", "Data", "saml.request_id"),
    // When.
    ("IssueInstant=\"2026-11-27T10:00:00Z\"", "IssueInstant=\"2026-11-27T10:02:59Z\"", "accepted"),
    (
        "IssueInstant=\"2026-11-27T10:00:00Z\"",
        "IssueInstant=\"2026-11-27T10:03:01Z\"",
        "saml.future",
    ),
    (
        "IssueInstant=\"2026-11-27T10:00:00Z\"",
        "IssueInstant=\"2036-11-27T10:00:00Z\"",
        "saml.future",
    ),
    ("IssueInstant=\"2026-11-27T10:00:00Z\"", "IssueInstant=\"now\"", "saml.bad_value"),
    ("IssueInstant=\"2026-11-27T10:00:00Z\"", "", "saml.bad_value"),
    (
        "IssueInstant=\"2026-11-27T09:59:59Z\"",
        "IssueInstant=\"2026-11-27T10:03:01Z\"",
        "saml.future",
    ),
    ("IssueInstant=\"2026-11-27T09:59:59Z\"", "IssueInstant=\"yesterday\"", "saml.bad_value"),
    ("IssueInstant=\"2026-11-27T09:59:59Z\"", "", "saml.bad_value"),
    ("NotBefore=\"2026-11-27T09:55:00Z\"", "NotBefore=\"2026-11-27T10:02:59Z\"", "accepted"),
    ("NotBefore=\"2026-11-27T09:55:00Z\"", "NotBefore=\"2026-11-27T10:03:01Z\"", "saml.not_yet"),
    ("NotBefore=\"2026-11-27T09:55:00Z\"", "NotBefore=\"2027-11-27T10:03:01Z\"", "saml.not_yet"),
    ("NotBefore=\"2026-11-27T09:55:00Z\"", "NotBefore=\"\"", "saml.bad_value"),
    ("NotBefore=\"2026-11-27T09:55:00Z\"", "NotBefore=\"1764237300\"", "saml.bad_value"),
    ("NotBefore=\"2026-11-27T09:55:00Z\"", "", "accepted"),
    ("NotOnOrAfter=\"2026-11-27T10:05:00Z\"", "NotOnOrAfter=\"2026-11-27T09:57:01Z\"", "accepted"),
    (
        "NotOnOrAfter=\"2026-11-27T10:05:00Z\"",
        "NotOnOrAfter=\"2026-11-27T09:57:00Z\"",
        "saml.expired",
    ),
    (
        "NotOnOrAfter=\"2026-11-27T10:05:00Z\"",
        "NotOnOrAfter=\"2016-11-27T10:05:00Z\"",
        "saml.expired",
    ),
    ("NotOnOrAfter=\"2026-11-27T10:05:00Z\"", "NotOnOrAfter=\"never\"", "saml.bad_value"),
    ("NotOnOrAfter=\"2026-11-27T10:05:00Z\"", "", "accepted"),
    ("NotOnOrAfter=\"2026-11-27T10:04:00Z\"", "NotOnOrAfter=\"2026-11-27T09:57:01Z\"", "accepted"),
    (
        "NotOnOrAfter=\"2026-11-27T10:04:00Z\"",
        "NotOnOrAfter=\"2026-11-27T09:57:00Z\"",
        "saml.expired",
    ),
    (
        "NotOnOrAfter=\"2026-11-27T10:04:00Z\"",
        "NotOnOrAfter=\"2026-11-26T10:04:00Z\"",
        "saml.expired",
    ),
    (
        "NotOnOrAfter=\"2026-11-27T10:04:00Z\"",
        "NotOnOrAfter=\"2026-11-28T10:04:00Z\"",
        "saml.bad_value",
    ),
    (
        "NotOnOrAfter=\"2026-11-27T10:04:00Z\"",
        "NotOnOrAfter=\"9999-12-31T23:59:59Z\"",
        "saml.bad_value",
    ),
    ("NotOnOrAfter=\"2026-11-27T10:04:00Z\"", "NotOnOrAfter=\"soon\"", "saml.bad_value"),
    ("NotOnOrAfter=\"2026-11-27T10:04:00Z\"", "", "saml.bad_value"),
    (
        "NotOnOrAfter=\"2026-11-27T10:04:00Z\"",
        "NotBefore=\"2026-11-27T10:03:30Z\" NotOnOrAfter=\"2026-11-27T10:04:00Z\"",
        "saml.not_yet",
    ),
    (
        "SessionNotOnOrAfter=\"2026-11-28T10:00:00Z\"",
        "SessionNotOnOrAfter=\"2026-11-27T09:57:00Z\"",
        "saml.session_ended",
    ),
    (
        "SessionNotOnOrAfter=\"2026-11-28T10:00:00Z\"",
        "SessionNotOnOrAfter=\"2025-11-27T09:57:00Z\"",
        "saml.session_ended",
    ),
    ("SessionNotOnOrAfter=\"2026-11-28T10:00:00Z\"", "SessionNotOnOrAfter=\"1\"", "saml.bad_value"),
    ("SessionNotOnOrAfter=\"2026-11-28T10:00:00Z\"", "", "accepted"),
    // Of whom.
    ("<saml:Subject>", "<saml:Subject><saml:EncryptedID/>", "saml.encrypted_name"),
    (">uma<", "><", "saml.no_name"),
    (">uma<", ">   <", "saml.no_name"),
    (">uma<", "><b>uma</b><", "saml.no_name"),
    (">uma<", ">u<![CDATA[ma]]><", "accepted"),
    ("saml:NameID", "saml:BaseID", "saml.no_name"),
    ("saml:NameID", "samlp:NameID", "saml.no_name"),
    ("saml:NameID", "saml:nameid", "saml.no_name"),
    ("</saml:NameID>", "</saml:NameID><saml:NameID>admin</saml:NameID>", "saml.repeated_element"),
    ("<saml:Subject>", "<saml:Subject/><saml:Subject>", "saml.repeated_element"),
    ("saml:Subject>", "saml:Person>", "saml.missing_element"),
    ("cm:bearer", "cm:sender-vouches", "saml.no_confirmation"),
    ("cm:bearer", "cm:holder-of-key", "saml.no_confirmation"),
    (" Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\"", "", "saml.no_confirmation"),
    ("saml:SubjectConfirmationData", "saml:Data", "saml.missing_element"),
    ("saml:SubjectConfirmation", "saml:Confirmation", "saml.no_confirmation"),
    (
        "<saml:SubjectConfirmation ",
        "<saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:sender-vouches\"/><saml:SubjectConfirmation ",
        "accepted",
    ),
    (
        "<saml:SubjectConfirmationData ",
        "<saml:SubjectConfirmationData/><saml:SubjectConfirmationData ",
        "saml.repeated_element",
    ),
    // By whom.
    ("metadata</saml:Issuer>", "other</saml:Issuer>", "saml.issuer"),
    ("metadata</saml:Issuer>", "</saml:Issuer>", "saml.issuer"),
    ("<saml:Issuer>https://idp", "<saml:Issuer>HTTPS://idp", "saml.issuer"),
    ("<saml:Issuer>", "<saml:Issuer><b/>", "saml.bad_value"),
    (
        "{assertion}",
        "<saml:Issuer>https://idp.example/metadata</saml:Issuer>{assertion}",
        "saml.repeated_element",
    ),
    (
        "<saml:Issuer>https://idp.example/metadata</saml:Issuer>{assertion}",
        "{assertion}",
        "saml.missing_element",
    ),
    (
        "<saml:Issuer>https://idp.example/metadata</saml:Issuer>{assertion}",
        "<saml:Issuer/>{assertion}",
        "saml.issuer",
    ),
    ("<saml:Issuer>https://idp.example/metadata</saml:Issuer>{response}", "{response}", "accepted"),
    (
        "<saml:Issuer>https://idp.example/metadata</saml:Issuer>{response}",
        "<saml:Issuer>https://evil.example/</saml:Issuer>{response}",
        "saml.issuer",
    ),
    (
        "<saml:Issuer>https://idp.example/metadata</saml:Issuer>{response}",
        "<saml:Issuer>https://idp.example/metadata</saml:Issuer><saml:Issuer/>{response}",
        "saml.repeated_element",
    ),
    // Under which conditions.
    ("<saml:Conditions ", "<saml:Conditions/><saml:Conditions ", "saml.repeated_element"),
    ("saml:Conditions", "saml:Terms", "saml.missing_element"),
    ("<saml:AudienceRestriction>", "<saml:OneTimeUse/><saml:AudienceRestriction>", "accepted"),
    (
        "<saml:AudienceRestriction>",
        "<saml:ProxyRestriction Count=\"0\"/><saml:AudienceRestriction>",
        "accepted",
    ),
    ("<saml:AudienceRestriction>", "<saml:Condition/><saml:AudienceRestriction>", "saml.condition"),
    (
        "<saml:AudienceRestriction>",
        "<x:Lunar xmlns:x=\"urn:x\"/><saml:AudienceRestriction>",
        "saml.condition",
    ),
    ("saml:AudienceRestriction>", "samlp:AudienceRestriction>", "saml.condition"),
    // Nobody was signed in.
    ("status:Success", "status:Responder", "saml.status"),
    ("status:Success", "status:Requester", "saml.status"),
    ("status:Success", "status:success", "saml.status"),
    ("status:Success", "status:Success ", "saml.status"),
    ("urn:oasis:names:tc:SAML:2.0:status:Success", "Success", "saml.status"),
    (" Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"", "", "saml.status"),
    ("samlp:StatusCode", "samlp:Code", "saml.missing_element"),
    ("samlp:Status>", "samlp:State>", "saml.missing_element"),
    ("<samlp:Status>", "<samlp:Status/><samlp:Status>", "saml.repeated_element"),
    ("<samlp:StatusCode ", "<samlp:StatusCode/><samlp:StatusCode ", "saml.repeated_element"),
    ("saml:AuthnStatement", "saml:Statement", "saml.missing_element"),
    // What it is.
    ("ID=\"_p1\" Version=\"2.0\"", "ID=\"_p1\" Version=\"1.1\"", "saml.version"),
    ("ID=\"_p1\" Version=\"2.0\"", "ID=\"_p1\"", "saml.version"),
    ("ID=\"_a1\" Version=\"2.0\"", "ID=\"_a1\" Version=\"1.1\"", "saml.version"),
    ("ID=\"_a1\" Version=\"2.0\"", "ID=\"_a1\" Version=\"2\"", "saml.version"),
    ("ID=\"_a1\" Version=\"2.0\"", "ID=\"_a1\" saml:Version=\"2.0\"", "saml.version"),
    ("samlp:Response", "samlp:LogoutResponse", "saml.wrong_message"),
    ("samlp:Response", "samlp:ArtifactResponse", "saml.wrong_message"),
    ("samlp:Response", "saml:Response", "saml.wrong_message"),
    ("SAML:2.0:protocol\"", "SAML:1.0:protocol\"", "saml.wrong_message"),
    // Attributes.
    (
        "<saml:Attribute Name=\"email\"",
        "<saml:EncryptedAttribute/><saml:Attribute Name=\"email\"",
        "saml.encrypted_attribute",
    ),
    ("Name=\"email\"", "", "saml.bad_value"),
    ("Name=\"email\"", "Name=\"\"", "saml.bad_value"),
    (">uma@example.org<", "><b>uma@</b>example.org<", "accepted"),
    ("<saml:AttributeValue>uma@example.org</saml:AttributeValue>", "", "accepted"),
];

#[test]
fn what_is_said_has_to_be_right() {
    let (mut hostile, mut wrong) = (0, Vec::new());
    for by in [By::Assertion, By::Response, By::Both] {
        for (old, new, expected) in ROWS {
            assert!(RESPONSE.contains(old), "{old}");
            let template = RESPONSE.replace(old, new);
            if by != By::Assertion && !template.contains("<samlp:Response ") {
                continue;
            }
            // A response that is signed has to say where it goes; that is a row of its own.
            let xml = WORLD.signed(&template, by);
            let found = code(&xml, &WORLD.expected());
            if found != *expected {
                wrong.push(format!("{by:?}: {old} -> {new}: {found}, not {expected}"));
            }
            hostile += usize::from(*expected != "accepted");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(hostile >= 250, "{hostile}");
}

#[test]
fn a_response_says_where_it_goes_if_it_is_signed() {
    let bare = RESPONSE.replace(" Destination=\"https://sp.example/source/saml/idp/acs/\"", "");
    let rows = [
        (By::Assertion, "accepted"),
        (By::Response, "saml.no_destination"),
        (By::Both, "saml.no_destination"),
    ];
    for (by, expected) in rows {
        assert_eq!(code(&WORLD.signed(&bare, by), &WORLD.expected()), expected, "{by:?}");
    }
}

#[test]
fn what_nobody_asked_for_is_taken_where_that_is_allowed_only() {
    let unasked = RESPONSE.replace(" InResponseTo=\"_q1\"", "");
    let asked = WORLD.expected();
    let open = Expected { request: None, unsolicited: true, ..asked };
    let closed = Expected { request: None, ..asked };
    let both = Expected { unsolicited: true, ..asked };
    let other = Expected { request: Some("_q2"), unsolicited: true, ..asked };
    let signed = |template: &str| WORLD.signed(template, By::Assertion);
    let outer = RESPONSE.replacen(" InResponseTo=\"_q1\"", "", 1);
    let rows = [
        (signed(&unasked), open, "accepted"),
        (signed(&unasked), both, "accepted"),
        (signed(&unasked), other, "accepted"),
        (signed(&unasked), closed, "saml.unsolicited"),
        (signed(&unasked), asked, "saml.unsolicited"),
        // An answer to somebody's request stays one, whoever takes the outer name of it away.
        (signed(RESPONSE), open, "saml.request_id"),
        (signed(RESPONSE), other, "saml.request_id"),
        (signed(RESPONSE), closed, "saml.request_id"),
        (signed(RESPONSE), both, "accepted"),
        (signed(&outer), open, "saml.request_id"),
        (signed(&outer), both, "saml.request_id"),
    ];
    for (number, (xml, expected, follows)) in rows.into_iter().enumerate() {
        assert_eq!(code(&xml, &expected), follows, "{number}");
    }
    let read = posted(&signed(&unasked), &open).unwrap();
    assert!(!read.solicited);
}

#[test]
fn an_identity_provider_that_is_not_named_is_any_that_the_certificate_vouches_for() {
    let any = Expected { issuer: "", ..WORLD.expected() };
    let other = RESPONSE.replace("https://idp.example/metadata<", "urn:other<");
    assert_eq!(code(&WORLD.signed(&other, By::Assertion), &any), "accepted");
    let nobody = RESPONSE.replace("https://idp.example/metadata<", "<");
    assert_eq!(code(&WORLD.signed(&nobody, By::Assertion), &any), "saml.issuer");
}

#[test]
fn a_refusal_of_the_identity_provider_is_shown_to_who_asked() {
    let start = RESPONSE.find("<saml:Assertion").unwrap();
    let end = RESPONSE.find("</samlp:Response>").unwrap();
    let bare = format!("{}{}", &RESPONSE[..start], &RESPONSE[end..]);
    assert_eq!(code(&WORLD.signed(&bare, By::Response), &WORLD.expected()), "saml.missing_element");
    let refused = bare.replace(
        "<samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/>",
        "<samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Responder\"><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:AuthnFailed\"/></samlp:StatusCode><samlp:StatusMessage>Your account is locked.</samlp:StatusMessage>",
    );
    let said = |template: &str, by, expected: &Expected<'_>| {
        posted(&WORLD.signed(template, by), expected).unwrap_err().to_string()
    };
    let asked = WORLD.expected();
    let whole = "The identity provider signs nobody in: AuthnFailed (Your account is locked.)";
    assert_eq!(said(&refused, By::Nothing, &asked), whole);
    assert_eq!(said(&refused, By::Response, &asked), whole);
    // Who asked for nothing reads nothing that anybody may have written.
    let open = Expected { request: None, unsolicited: true, ..asked };
    let unasked = refused.replacen(" InResponseTo=\"_q1\"", "", 1);
    let short = "The identity provider signs nobody in: AuthnFailed";
    assert_eq!(said(&unasked, By::Nothing, &open), short);
    assert_eq!(said(&unasked, By::Response, &open), whole);
}
