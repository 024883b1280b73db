//! Whoever has one signed response makes others of it: XML signature wrapping (Somorovsky and others,
//! "On Breaking SAML", XSW 1 to 8) with assertions and with whole responses, and signatures by other
//! rules than ours.

use super::*;

struct Parts {
    /// A response whose assertion is signed.
    good: String,
    /// Its assertion, with and without its signature, and that.
    assertion: String,
    bare: String,
    signature: String,
    /// The same of somebody else, not signed.
    evil: String,
}

fn parts() -> Parts {
    let good = WORLD.signed(RESPONSE, By::Assertion);
    let assertion = between(&good, "<saml:Assertion", "</saml:Assertion>");
    let signature = between(&good, "<ds:Signature", "</ds:Signature>");
    let bare = assertion.replace(&signature, "");
    let evil = bare.replace("_a1", "_evil").replace(">uma<", ">admin<");
    Parts { good, assertion, bare, signature, evil }
}

#[test]
fn no_signature_says_more_than_it_signed() {
    let Parts { good, assertion, bare, signature, evil } = parts();
    let expected = WORLD.expected();
    assert_eq!(code(&good, &expected), "accepted");
    let with = |what: &str| good.replace(&assertion, what);
    let into =
        |outer: &str, what: &str| outer.replace("</saml:Issuer>", &format!("</saml:Issuer>{what}"));
    let object = |what: &str| {
        signature
            .replace("</ds:Signature>", &format!("<ds:Object>{what}</ds:Object></ds:Signature>"))
    };
    let extensions = |what: &str| {
        good.replace(
            "<samlp:Status>",
            &format!("<samlp:Extensions>{what}</samlp:Extensions><samlp:Status>"),
        )
    };
    let advice = |what: &str| {
        bare.replace(
            "<saml:Conditions",
            &format!("<saml:Advice>{what}</saml:Advice><saml:Conditions"),
        )
    };
    let twice = "saml.repeated_element";
    let rows: Vec<(&str, String, &str)> = vec![
        ("no signature", good.replace(&signature, ""), "saml.unsigned"),
        (
            "XSW1: evil around the original, the signature in evil",
            with(&into(&evil, &object(&bare))),
            twice,
        ),
        (
            "XSW2: evil around the original, detached",
            with(&into(&evil, &format!("{signature}{bare}"))),
            twice,
        ),
        ("XSW3: evil before the original", with(&format!("{evil}{assertion}")), twice),
        ("XSW3: evil behind the original", with(&format!("{assertion}{evil}")), twice),
        (
            "XSW4: the original in evil",
            with(&evil.replace("</saml:Assertion>", &format!("{assertion}</saml:Assertion>"))),
            twice,
        ),
        (
            "XSW5: the original behind evil, which has its signature",
            with(&format!("{}{bare}", into(&evil, &signature))),
            twice,
        ),
        (
            "XSW6: the original in the signature, the signature in evil",
            with(&into(&evil, &object(&bare))),
            twice,
        ),
        ("XSW7: evil in extensions", extensions(&evil), twice),
        (
            "XSW8: the original in an object of the signature of evil",
            with(&into(&evil, &object(&assertion.replace(&signature, "")))),
            twice,
        ),
        ("evil in the object of the signature", good.replace(&signature, &object(&evil)), twice),
        (
            "the original in advice of evil",
            with(&evil.replace(
                "<saml:Conditions",
                &format!("<saml:Advice>{assertion}</saml:Advice><saml:Conditions"),
            )),
            twice,
        ),
        ("evil in advice of the original", with(&advice(&evil)), twice),
        (
            "evil in an attribute",
            with(&assertion.replace(">uma@example.org<", &format!(">{evil}<"))),
            twice,
        ),
        (
            "evil encrypted beside it",
            with(&format!("{assertion}<saml:EncryptedAssertion/>")),
            twice,
        ),
        (
            "the original in an envelope",
            with(&format!("<x>{assertion}</x>")),
            "saml.missing_element",
        ),
        (
            "the original in extensions alone",
            extensions(&assertion)
                .replace(&format!("</samlp:Status>{assertion}"), "</samlp:Status>"),
            "saml.missing_element",
        ),
        (
            "evil with the signature of the original",
            with(&into(&evil, &signature)),
            "saml.signature_reference",
        ),
        (
            "evil with its ID and its signature",
            with(&into(&evil.replace("_evil", "_a1"), &signature)),
            "saml.signature",
        ),
        (
            "evil with its ID beside it",
            with(&format!("{assertion}{}", evil.replace("_evil", "_a1"))),
            "saml.duplicate_id",
        ),
        (
            "an element with its ID in extensions",
            extensions("<x ID=\"_a1\"/>"),
            "saml.duplicate_id",
        ),
        (
            "an element with its id in extensions",
            extensions("<x id=\"_a1\"/>"),
            "saml.duplicate_id",
        ),
        (
            "an element with its xml:id in extensions",
            extensions("<x xml:id=\"_a1\"/>"),
            "saml.duplicate_id",
        ),
        (
            "its signature in the response",
            good.replace(&signature, "")
                .replace("<samlp:Status>", &format!("{signature}<samlp:Status>")),
            "saml.signature_reference",
        ),
        (
            "its signature in the subject",
            with(&bare.replace("<saml:Subject>", &format!("<saml:Subject>{signature}"))),
            "saml.signature_place",
        ),
        (
            "its signature in extensions",
            extensions(&signature).replace(&assertion, &bare),
            "saml.signature_place",
        ),
        (
            "its signature twice",
            good.replace(&signature, &format!("{signature}{signature}")),
            "saml.signed_twice",
        ),
        (
            "its signature in the response, too",
            good.replace("<samlp:Status>", &format!("{signature}<samlp:Status>")),
            "saml.signature_reference",
        ),
        ("three signatures", good.replace(&signature, &signature.repeat(3)), "saml.signed_twice"),
        ("one letter of the name", good.replace(">uma<", ">ума<"), "saml.signature"),
        (
            "an attribute more",
            good.replace(
                "<saml:AttributeStatement>",
                "<saml:AttributeStatement><saml:Attribute Name=\"x\"/>",
            ),
            "saml.signature",
        ),
        (
            "a value more",
            good.replace(
                "staff</saml:AttributeValue>",
                "staff</saml:AttributeValue><saml:AttributeValue>admins</saml:AttributeValue>",
            ),
            "saml.signature",
        ),
        ("a longer time", good.replace("10:05:00Z", "11:05:00Z"), "saml.signature"),
        ("white space", good.replace("<saml:Subject>", " <saml:Subject>"), "saml.signature"),
        ("a comment in the name", good.replace(">uma<", ">uma<!-- -->.admin<"), "saml.comment"),
        ("a comment that cuts the name", good.replace(">uma<", "><!---->uma<"), "saml.comment"),
        ("an instruction in the name", good.replace(">uma<", ">u<?x?>ma<"), "saml.comment"),
        (
            "what nobody signed: another destination",
            good.replace("Destination=\"https://sp", "Destination=\"https://evil"),
            "saml.destination",
        ),
        (
            "what nobody signed: another request",
            good.replace("acs/\" InResponseTo=\"_q1\"", "acs/\" InResponseTo=\"_q2\""),
            "saml.request_id",
        ),
        (
            "what nobody signed: no request",
            good.replace("acs/\" InResponseTo=\"_q1\"", "acs/\""),
            "saml.unsolicited",
        ),
        (
            "what nobody signed: another status",
            good.replace("status:Success", "status:Requester"),
            "saml.status",
        ),
    ];
    for (what, xml, follows) in rows {
        assert_eq!(code(&xml, &expected), follows, "{what}\n{xml}");
    }
}

#[test]
fn no_signature_of_a_response_says_more_than_it_signed() {
    let good = WORLD.signed(RESPONSE, By::Response);
    let expected = WORLD.expected();
    let signature = between(&good, "<ds:Signature", "</ds:Signature>");
    let bare = good.replace(&signature, "");
    let evil = bare.replace("_p1", "_evil").replace("_a1", "_evil2").replace(">uma<", ">admin<");
    let into = |what: &str| evil.replacen("</saml:Issuer>", &format!("</saml:Issuer>{what}"), 1);
    let extensions = |what: &str| {
        evil.replace(
            "<samlp:Status>",
            &format!("<samlp:Extensions>{what}</samlp:Extensions><samlp:Status>"),
        )
    };
    let twice = "saml.repeated_element";
    let rows: Vec<(&str, String, &str)> = vec![
        ("no signature", bare.clone(), "saml.unsigned"),
        (
            "XSW1: the original in an object",
            into(&signature.replace(
                "</ds:Signature>",
                &format!("<ds:Object>{bare}</ds:Object></ds:Signature>"),
            )),
            twice,
        ),
        ("XSW2: the original beside the signature", into(&format!("{signature}{bare}")), twice),
        ("the signed original in extensions", extensions(&good), twice),
        (
            "its assertion in extensions",
            extensions(&between(&bare, "<saml:Assertion", "</saml:Assertion>")),
            twice,
        ),
        ("evil with its signature", into(&signature), "saml.signature_reference"),
        (
            "evil with its ID and its signature",
            into(&signature).replace("_evil\"", "_p1\""),
            "saml.signature",
        ),
        ("both in an envelope", format!("<x>{evil}{good}</x>"), "saml.wrong_message"),
        ("the original in an envelope", format!("<x>{good}</x>"), "saml.wrong_message"),
        ("the original in SOAP", binding::to_soap(&good), "saml.wrong_message"),
        (
            "its signature in the assertion",
            bare.replace("<saml:Subject>", &format!("{signature}<saml:Subject>")),
            "saml.signature_reference",
        ),
        ("another status", good.replace("status:Success", "status:Responder"), "saml.signature"),
        ("another request", good.replace("_q1", "_q2"), "saml.signature"),
        ("another name", good.replace(">uma<", ">admin<"), "saml.signature"),
        (
            "another assertion",
            good.replace(
                &between(&good, "<saml:Assertion", "</saml:Assertion>"),
                &between(&evil, "<saml:Assertion", "</saml:Assertion>"),
            ),
            "saml.signature",
        ),
        (
            "without assertion",
            good.replace(&between(&good, "<saml:Assertion", "</saml:Assertion>"), ""),
            "saml.signature",
        ),
    ];
    for (what, xml, follows) in rows {
        assert_eq!(code(&xml, &expected), follows, "{what}\n{xml}");
    }
    // Where both are signed, both have to hold, and by the one certificate.
    let both = WORLD.signed(RESPONSE, By::Both);
    let stranger = WORLD.stranger.signer(SignatureAlgorithm::RsaSha256);
    let inner = WORLD.signed_by(RESPONSE, By::Assertion, &stranger);
    assert_eq!(code(&inner, &expected), "saml.signature");
    let template = stranger.template("_p1").xml();
    let outer = RESPONSE.replace("{assertion}", &WORLD.signer().template("_a1").xml());
    let outer = WORLD.signer().sign(outer).unwrap();
    let outer = stranger.sign(outer.replace("{response}", &template)).unwrap();
    assert_eq!(code(&outer, &expected), "saml.signature");
    assert_eq!(code(&both.replace(">uma<", ">admin<"), &expected), "saml.signature");
    assert_eq!(
        code(&both.replace("_q1\"><saml:Issuer", "_q2\"><saml:Issuer"), &expected),
        "saml.signature"
    );
}

#[test]
fn signatures_are_made_by_the_rules_or_not_at_all() {
    let good = WORLD.signed(RESPONSE, By::Assertion);
    let signature = between(&good, "<ds:Signature", "</ds:Signature>");
    let c14n = "http://www.w3.org/2001/10/xml-exc-c14n#";
    let enveloped = crate::names::ENVELOPED;
    let template = |old: &str, new: &str| {
        let signer = WORLD.signer();
        let template = signer.template("_a1").xml();
        assert!(template.contains(old), "{old}");
        let xml = RESPONSE.replace("{response}", "");
        signer
            .sign(xml.replace("{assertion}", &template.replace(old, new)))
            .unwrap_or_else(|_| good.replace(&signature, &signature.replace(old, new)))
    };
    let transform = |uri: &str| format!("<ds:Transform Algorithm=\"{uri}\"/>");
    let stranger = WORLD.stranger.signer(SignatureAlgorithm::RsaSha256);
    let curve = super::pair(&rcgen::PKCS_ECDSA_P256_SHA256).signer(SignatureAlgorithm::EcdsaSha256);
    let value = between(&good, "<ds:SignatureValue>", "</ds:SignatureValue>");
    let digest = between(&good, "<ds:DigestValue>", "</ds:DigestValue>");
    let theirs = between(
        &WORLD.signed_by(RESPONSE, By::Assertion, &stranger),
        "<ds:X509Certificate>",
        "</ds:X509Certificate>",
    );
    let ours = between(&good, "<ds:X509Certificate>", "</ds:X509Certificate>");
    let rsa = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
    let (reference, transforms) = ("saml.signature_reference", "saml.signature_transforms");
    let (algorithm, wrong) = ("saml.signature_algorithm", "saml.signature");
    let rows: Vec<(&str, String, &str)> = vec![
        ("by a stranger", WORLD.signed_by(RESPONSE, By::Assertion, &stranger), wrong),
        (
            "by a stranger, in the name of the provider",
            WORLD.signed_by(RESPONSE, By::Assertion, &stranger).replace(&theirs, &ours),
            wrong,
        ),
        ("by a curve", WORLD.signed_by(RESPONSE, By::Assertion, &curve), algorithm),
        (
            "with the certificate of a stranger, which nobody reads",
            good.replace(&ours, &theirs),
            "accepted",
        ),
        (
            "without the key, which nobody reads",
            good.replace(&between(&good, "<ds:KeyInfo", "</ds:KeyInfo>"), ""),
            "accepted",
        ),
        (
            "another namespace",
            good.replace(
                "http://www.w3.org/2000/09/xmldsig#\"",
                "http://www.w3.org/2000/09/other#\"",
            ),
            "saml.unsigned",
        ),
        ("no value", good.replace(&value, ""), wrong),
        ("an empty value", good.replace(&value, "<ds:SignatureValue/>"), wrong),
        (
            "another value",
            good.replace(&value, "<ds:SignatureValue>AAAA</ds:SignatureValue>"),
            wrong,
        ),
        (
            "a value that is no base64",
            good.replace(&value, "<ds:SignatureValue>!</ds:SignatureValue>"),
            wrong,
        ),
        ("another digest", good.replace(&digest, "<ds:DigestValue>AAAA</ds:DigestValue>"), wrong),
        ("no digest", good.replace(&digest, ""), wrong),
        (
            "no reference",
            good.replace(&between(&good, "<ds:Reference", "</ds:Reference>"), ""),
            reference,
        ),
        (
            "two references",
            good.replace(
                "<ds:Reference",
                &format!("{}<ds:Reference", between(&good, "<ds:Reference", "</ds:Reference>")),
            ),
            reference,
        ),
        ("everything", template("URI=\"#_a1\"", "URI=\"\""), reference),
        ("nothing", template("URI=\"#_a1\"", "URI=\"#\""), reference),
        ("no address", template(" URI=\"#_a1\"", ""), reference),
        ("the response", template("URI=\"#_a1\"", "URI=\"#_p1\""), reference),
        ("a pointer", template("URI=\"#_a1\"", "URI=\"#xpointer(id('_a1'))\""), reference),
        ("a file", template("URI=\"#_a1\"", "URI=\"file:///etc/passwd\""), reference),
        ("the net", template("URI=\"#_a1\"", "URI=\"http://127.0.0.1/\""), reference),
        ("an attachment", template("URI=\"#_a1\"", "URI=\"cid:a1\""), reference),
        (
            "no transforms",
            template(
                &format!(
                    "<ds:Transforms>{}{}</ds:Transforms>",
                    transform(enveloped),
                    transform(c14n)
                ),
                "",
            ),
            transforms,
        ),
        ("no C14N", template(&transform(c14n), ""), transforms),
        ("no enveloped", template(&transform(enveloped), ""), transforms),
        (
            "XPath",
            template(
                &transform(c14n),
                "<ds:Transform Algorithm=\"http://www.w3.org/TR/1999/REC-xpath-19991116\"><ds:XPath>1</ds:XPath></ds:Transform>",
            ),
            transforms,
        ),
        (
            "XSLT",
            template(&transform(c14n), &transform("http://www.w3.org/TR/1999/REC-xslt-19991116")),
            transforms,
        ),
        (
            "C14N with comments",
            template(&transform(c14n), &transform(&format!("{c14n}WithComments"))),
            transforms,
        ),
        (
            "inclusive C14N",
            template(
                &transform(c14n),
                &transform("http://www.w3.org/TR/2001/REC-xml-c14n-20010315"),
            ),
            transforms,
        ),
        (
            "another C14N of the signature",
            template(
                &format!("Method Algorithm=\"{c14n}\""),
                "Method Algorithm=\"http://www.w3.org/TR/2001/REC-xml-c14n-20010315\"",
            ),
            algorithm,
        ),
        ("SHA-1", template(rsa, "http://www.w3.org/2000/09/xmldsig#rsa-sha1"), algorithm),
        ("MD5", template(rsa, "http://www.w3.org/2001/04/xmldsig-more#rsa-md5"), algorithm),
        ("DSA", template(rsa, "http://www.w3.org/2000/09/xmldsig#dsa-sha1"), algorithm),
        ("HMAC", template(rsa, "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"), algorithm),
        ("no algorithm", template(&format!(" Algorithm=\"{rsa}\""), ""), algorithm),
        (
            "a digest by SHA-1",
            template(
                "http://www.w3.org/2001/04/xmlenc#sha256",
                "http://www.w3.org/2000/09/xmldsig#sha1",
            ),
            algorithm,
        ),
        (
            "a digest by nothing",
            template(" Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"", ""),
            algorithm,
        ),
        ("no information", good.replace("ds:SignedInfo>", "ds:Info>"), "saml.missing_element"),
        (
            "two informations",
            good.replace("<ds:SignedInfo>", "<ds:SignedInfo/><ds:SignedInfo>"),
            "saml.repeated_element",
        ),
        ("an object", good.replace("</ds:Signature>", "<ds:Object/></ds:Signature>"), reference),
    ];
    for (what, xml, follows) in rows {
        assert_eq!(code(&xml, &WORLD.expected()), follows, "{what}\n{xml}");
    }
}
