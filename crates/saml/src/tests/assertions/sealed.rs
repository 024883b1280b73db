//! Encrypted assertions: by which ways they may come, and that nobody learns by trying what is in
//! one.

use std::fmt::Write as _;

use super::*;
use crate::key::Recipient;
use crate::names::{DSIG, XENC};
use crate::signature::encrypt;

const GCM: &str = "http://www.w3.org/2009/xmlenc11#aes256-gcm";
const CBC: &str = "http://www.w3.org/2001/04/xmlenc#aes128-cbc";
const OAEP: &str = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p";
const OAEP11: &str = "http://www.w3.org/2009/xmlenc11#rsa-oaep";

fn to(own: &Pair) -> Recipient {
    Recipient::from_pem(&own.certificate).unwrap()
}

/// Encrypted with these algorithms; `details` is what the transport has beside its name.
fn with(
    xml: &str,
    cipher: &str,
    transport: &str,
    details: &str,
) -> Result<String, bergshamra::Error> {
    let template = format!(
        "<xenc:EncryptedData xmlns:xenc=\"{XENC}\" Type=\"http://www.w3.org/2001/04/xmlenc#Element\"><xenc:EncryptionMethod Algorithm=\"{cipher}\"/><ds:KeyInfo xmlns:ds=\"{DSIG}\"><xenc:EncryptedKey><xenc:EncryptionMethod Algorithm=\"{transport}\">{details}</xenc:EncryptionMethod><xenc:CipherData><xenc:CipherValue/></xenc:CipherData></xenc:EncryptedKey></ds:KeyInfo><xenc:CipherData><xenc:CipherValue/></xenc:CipherData></xenc:EncryptedData>"
    );
    let context = bergshamra::EncContext::new(to(&WORLD.own).keys());
    bergshamra::encrypt(&context, &template, xml.as_bytes())
}

/// A response with its assertion encrypted; `around` signs the response afterwards.
pub(in crate::tests) fn sealed(
    template: &str,
    by: By,
    around: bool,
    seal: impl Fn(&str) -> String,
) -> String {
    let xml = match by {
        By::Assertion => {
            let signer = WORLD.signer();
            let inner = template.replace("{assertion}", &signer.template("_a1").xml());
            signer.sign(inner).unwrap()
        }
        _ => template.replace("{assertion}", ""),
    };
    let assertion = between(&xml, "<saml:Assertion", "</saml:Assertion>");
    let hidden = format!("<saml:EncryptedAssertion>{}</saml:EncryptedAssertion>", seal(&assertion));
    let xml = xml.replace(&assertion, &hidden);
    if around {
        let signer = WORLD.signer();
        signer.sign(xml.replace("{response}", &signer.template("_p1").xml())).unwrap()
    } else {
        xml.replace("{response}", "")
    }
}

pub(in crate::tests) fn usual(xml: &str) -> String {
    encrypt(xml, &to(&WORLD.own)).unwrap()
}

#[test]
fn an_encrypted_assertion_is_opened_whatever_signs_it() {
    for (by, around) in [(By::Assertion, false), (By::Assertion, true), (By::Nothing, true)] {
        let xml = sealed(RESPONSE, by, around, usual);
        assert!(!xml.contains("uma@example.org"));
        let read = posted(&xml, &WORLD.sealed()).unwrap_or_else(|r| panic!("{by:?} {around}: {r}"));
        assert_eq!(read.name_id.value, "uma");
        assert_eq!(read.attributes.len(), 2);
        assert_eq!(code(&xml, &WORLD.expected()), "saml.encrypted");
    }
    // In a document of its own, with a declaration of namespaces as it was signed.
    let alone = RESPONSE.replace(
        "<saml:Assertion ",
        "<saml:Assertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ",
    );
    assert_eq!(code(&sealed(&alone, By::Assertion, false, usual), &WORLD.sealed()), "accepted");
    for by in [By::Assertion, By::Response, By::Both] {
        assert_eq!(code(&WORLD.signed(RESPONSE, by), &WORLD.sealed()), "saml.not_encrypted");
    }
}

#[test]
fn what_is_inside_is_held_to_the_rules_once_it_is_vouched_for() {
    let rows: &[(&str, &str, &str)] = &[
        ("<saml:Audience>https://sp", "<saml:Audience>https://other", "saml.audience"),
        ("Recipient=\"https://sp", "Recipient=\"https://other", "saml.recipient"),
        ("Data InResponseTo=\"_q1\"", "Data", "saml.request_id"),
        ("10:04:00Z", "09:04:00Z", "saml.expired"),
        (">uma<", "><", "saml.no_name"),
        (
            "<saml:Issuer>https://idp.example/metadata</saml:Issuer>{assertion}",
            "<saml:Issuer>x</saml:Issuer>{assertion}",
            "saml.issuer",
        ),
        ("acs/\" InResponseTo=\"_q1\"", "acs/\" InResponseTo=\"_q2\"", "saml.request_id"),
        ("status:Success", "status:Responder", "saml.status"),
    ];
    for (old, new, follows) in rows {
        assert!(RESPONSE.contains(old), "{old}");
        let template = RESPONSE.replace(old, new);
        for (by, around) in [(By::Assertion, false), (By::Assertion, true), (By::Nothing, true)] {
            let xml = sealed(&template, by, around, usual);
            assert_eq!(code(&xml, &WORLD.sealed()), *follows, "{by:?} {around} {old} -> {new}");
        }
    }
}

#[test]
fn before_that_whatever_is_wrong_inside_is_one_answer() {
    let stranger = WORLD.stranger.signer(SignatureAlgorithm::RsaSha256);
    let by_stranger = between(
        &WORLD.signed_by(RESPONSE, By::Assertion, &stranger),
        "<saml:Assertion",
        "</saml:Assertion>",
    );
    let plain =
        between(&WORLD.signed(RESPONSE, By::Nothing), "<saml:Assertion", "</saml:Assertion>");
    let signed =
        between(&WORLD.signed(RESPONSE, By::Assertion), "<saml:Assertion", "</saml:Assertion>");
    let rows: Vec<(&str, String)> = vec![
        ("not signed", plain.clone()),
        ("signed by a stranger", by_stranger),
        ("signed, and changed", signed.replace(">uma<", ">admin<")),
        ("no XML", "hello".to_owned()),
        ("nothing", String::new()),
        ("half an assertion", signed.split_at(600).0.to_owned()),
        ("two assertions", format!("{signed}{}", plain.replace("_a1", "_a2"))),
        ("an assertion in an element", format!("<x>{signed}</x>")),
        ("an assertion and an element", format!("{signed}<x/>")),
        (
            "evil around it",
            plain.replace("_a1", "_evil").replace(
                "<saml:Subject>",
                &format!("<saml:Advice>{signed}</saml:Advice><saml:Subject>"),
            ),
        ),
        ("another element", "<saml:Subject/>".to_owned()),
        (
            "an encrypted assertion",
            format!("<saml:EncryptedAssertion>{}</saml:EncryptedAssertion>", usual(&signed)),
        ),
        ("a document type", format!("<!DOCTYPE a [<!ENTITY x \"y\">]>{signed}")),
        ("a comment", signed.replace(">uma<", ">uma<!-- -->.admin<")),
        ("an end of what is around it", format!("</opened><opened>{signed}")),
        ("a whole response", WORLD.signed(RESPONSE, By::Both)),
        ("nested elements", format!("{}{}", "<a>".repeat(40), "</a>".repeat(40))),
    ];
    for (what, content) in &rows {
        let seal = |_: &str| usual(content);
        let xml = sealed(RESPONSE, By::Nothing, false, seal);
        assert_eq!(code(&xml, &WORLD.sealed()), "saml.decryption", "{what}");
    }
    // Where the response was signed with what is hidden in it, there is nothing to learn by trying.
    let named = |content: &str| {
        code(&sealed(RESPONSE, By::Nothing, true, |_| usual(content)), &WORLD.sealed())
    };
    assert_eq!(named("hello"), "saml.missing_element");
    assert_eq!(named("<a"), "saml.not_xml");
    assert_eq!(named(&signed.replace(">uma<", ">admin<")), "saml.signature");

    // Every byte of what is hidden, one bit changed: never a word about which.
    let good = sealed(RESPONSE, By::Assertion, false, usual);
    let (mut refused, values) = (0, good.matches("<xenc:CipherValue>").count());
    for number in 0..values {
        let at = good.match_indices("<xenc:CipherValue>").nth(number).unwrap().0 + 18;
        let length = good[at..].find('<').unwrap();
        for offset in (0..length).step_by(length / 40) {
            let mut bytes = good.clone().into_bytes();
            let byte = &mut bytes[at + offset];
            if !byte.is_ascii_alphanumeric() {
                continue;
            }
            *byte = if *byte == b'A' { b'B' } else { b'A' };
            let xml = String::from_utf8(bytes).unwrap();
            assert_eq!(code(&xml, &WORLD.sealed()), "saml.decryption", "{number} {offset}");
            refused += 1;
        }
    }
    assert!(values == 2 && refused > 60, "{values} {refused}");
    // To somebody else's key.
    let other =
        sealed(RESPONSE, By::Assertion, false, |xml| encrypt(xml, &to(&WORLD.stranger)).unwrap());
    assert_eq!(code(&other, &WORLD.sealed()), "saml.decryption");
}

#[test]
fn encryption_is_by_the_rules_or_not_opened_at_all() {
    let sha = |bits: &str| {
        format!("<ds:DigestMethod xmlns:ds=\"{DSIG}\" Algorithm=\"http://www.w3.org/{bits}\"/>")
    };
    let mgf = |bits: &str| {
        format!(
            "<m:MGF xmlns:m=\"http://www.w3.org/2009/xmlenc11#\" Algorithm=\"http://www.w3.org/2009/xmlenc11#mgf1sha{bits}\"/>"
        )
    };
    let accepted = [
        (GCM, OAEP, String::new()),
        ("http://www.w3.org/2009/xmlenc11#aes128-gcm", OAEP, sha("2000/09/xmldsig#sha1")),
        ("http://www.w3.org/2009/xmlenc11#aes192-gcm", OAEP, String::new()),
        (CBC, OAEP, String::new()),
        ("http://www.w3.org/2001/04/xmlenc#aes192-cbc", OAEP, String::new()),
        ("http://www.w3.org/2001/04/xmlenc#aes256-cbc", OAEP, String::new()),
        (GCM, OAEP11, format!("{}{}", sha("2001/04/xmlenc#sha256"), mgf("256"))),
        (GCM, OAEP11, format!("{}{}", sha("2001/04/xmlenc#sha512"), mgf("512"))),
        (GCM, OAEP11, format!("{}{}", sha("2000/09/xmldsig#sha1"), mgf("1"))),
    ];
    for (cipher, transport, details) in &accepted {
        let seal = |xml: &str| with(xml, cipher, transport, details).unwrap();
        let xml = sealed(RESPONSE, By::Assertion, false, seal);
        assert_eq!(code(&xml, &WORLD.sealed()), "accepted", "{cipher} {transport} {details}");
    }
    let good = sealed(RESPONSE, By::Assertion, false, usual);
    let key = between(&good, "<xenc:EncryptedKey", "</xenc:EncryptedKey>");
    let data = between(&good, "<xenc:EncryptedData", "</xenc:EncryptedData>");
    let beside = |what: &str| {
        good.replace(&key, "")
            .replace("</saml:EncryptedAssertion>", &format!("{what}</saml:EncryptedAssertion>"))
    };
    let foreign = {
        let to_other = encrypt("<x/>", &to(&WORLD.stranger)).unwrap();
        between(&to_other, "<xenc:EncryptedKey", "</xenc:EncryptedKey>")
    };
    let cipher = |uri: &str| good.replace(CBC, uri);
    let transport = |uri: &str| good.replace(OAEP, uri);
    let mut derived = String::new();
    let _ = write!(
        derived,
        "<d:DerivedKey xmlns:d=\"http://www.w3.org/2009/xmlenc11#\"><d:KeyDerivationMethod Algorithm=\"http://www.w3.org/2009/xmlenc11#pbkdf2\"/></d:DerivedKey>"
    );
    let (method, missing, bad) =
        ("saml.encryption_algorithm", "saml.missing_element", "saml.bad_value");
    let rows: Vec<(&str, String, &str)> = vec![
        ("3DES", cipher("http://www.w3.org/2001/04/xmlenc#tripledes-cbc"), method),
        ("no cipher", good.replace(&format!(" Algorithm=\"{CBC}\""), ""), method),
        ("an unknown cipher", cipher("urn:none"), method),
        ("the null cipher", cipher("http://www.w3.org/2001/04/xmlenc#null"), method),
        (
            "a cipher with longer keys",
            cipher("http://www.w3.org/2001/04/xmlenc#aes256-cbc"),
            "saml.decryption",
        ),
        (
            "GCM of what is CBC",
            cipher("http://www.w3.org/2009/xmlenc11#aes128-gcm"),
            "saml.decryption",
        ),
        ("PKCS #1 v1.5", transport("http://www.w3.org/2001/04/xmlenc#rsa-1_5"), method),
        ("a wrapped key", transport("http://www.w3.org/2001/04/xmlenc#kw-aes128"), method),
        ("a key by a cipher", good.replacen(OAEP, CBC, 1), method),
        ("no transport", good.replace(&format!(" Algorithm=\"{OAEP}\""), ""), method),
        ("an unknown digest", good.replace("2000/09/xmldsig#sha1", "2000/09/xmldsig#sha0"), method),
        (
            "MD5",
            good.replace(
                "http://www.w3.org/2000/09/xmldsig#sha1",
                "http://www.w3.org/2001/04/xmldsig-more#md5",
            ),
            "saml.decryption",
        ),
        (
            "another digest",
            good.replace(
                "http://www.w3.org/2000/09/xmldsig#sha1",
                "http://www.w3.org/2001/04/xmlenc#sha512",
            ),
            "saml.decryption",
        ),
        ("content of an element", good.replace("xmlenc#Element", "xmlenc#Content"), bad),
        ("no key", good.replace(&key, ""), missing),
        (
            "a name of a key",
            good.replace(&key, &format!("<ds:KeyName xmlns:ds=\"{DSIG}\">own</ds:KeyName>")),
            missing,
        ),
        (
            "a key that is elsewhere",
            good.replace(
                &key,
                &format!("<ds:RetrievalMethod xmlns:ds=\"{DSIG}\" URI=\"http://127.0.0.1/\"/>"),
            ),
            missing,
        ),
        ("a key that is derived", good.replace(&key, &derived), missing),
        ("no information of keys", good.replace("ds:KeyInfo", "ds:Info"), missing),
        ("the key beside the data", beside(&key), "accepted"),
        ("a key of somebody else, too", good.replace(&key, &format!("{foreign}{key}")), "accepted"),
        ("the key of somebody else alone", good.replace(&key, &foreign), "saml.decryption"),
        ("many keys", good.replace(&key, &key.repeat(4)), "saml.repeated_element"),
        ("no method", good.replace("xenc:EncryptionMethod", "xenc:Method"), missing),
        ("no data", good.replace(&data, ""), missing),
        ("data twice", good.replace(&data, &format!("{data}{data}")), "saml.repeated_element"),
        (
            "data that is elsewhere",
            good.replace("xenc:CipherValue", "xenc:CipherReference"),
            missing,
        ),
        ("data that is no base64", good.replace("<xenc:CipherValue>", "<xenc:CipherValue>!"), bad),
        (
            "data with an element in it",
            good.replace("<xenc:CipherValue>", "<xenc:CipherValue><x/>"),
            "saml.decryption",
        ),
        ("another namespace", good.replace(&format!("\"{XENC}\""), "\"urn:x\""), missing),
        (
            "an assertion beside it",
            good.replace(
                "</saml:EncryptedAssertion>",
                "</saml:EncryptedAssertion><saml:Assertion/>",
            ),
            "saml.repeated_element",
        ),
        (
            "twice",
            good.replace(
                "<saml:EncryptedAssertion>",
                "<saml:EncryptedAssertion/><saml:EncryptedAssertion>",
            ),
            "saml.repeated_element",
        ),
        (
            "in extensions",
            good.replace(
                "<saml:EncryptedAssertion>",
                "<samlp:Extensions><saml:EncryptedAssertion>",
            )
            .replace("</saml:EncryptedAssertion>", "</saml:EncryptedAssertion></samlp:Extensions>"),
            missing,
        ),
    ];
    for (what, xml, follows) in rows {
        assert_ne!(xml, good, "{what}");
        assert_eq!(code(&xml, &WORLD.sealed()), follows, "{what}\n{xml}");
    }
    assert!(Opener::from_pem(&super::pair(&rcgen::PKCS_ECDSA_P256_SHA256).key).is_err());
    assert!(Opener::from_pem(&WORLD.own.certificate).is_err());
}
