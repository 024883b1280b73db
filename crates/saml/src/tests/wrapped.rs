//! Signatures: of others, moved, wrapped around something else (XSW 1 to 8), or by other rules.

use super::hostile::{REQUEST, World};
use super::*;

const ENVELOPED: &str = crate::names::ENVELOPED;

/// Whoever has one signed message makes others of it (XML signature wrapping), or signs badly.
#[test]
fn no_signature_says_more_than_it_signed() {
    let world = World::new();
    let good = world.signed(REQUEST);
    assert_eq!(world.posted(&good), "accepted");
    let between = |text: &str, from: &str, to: &str| {
        let begin = text.find(from).unwrap();
        let end = text.find(to).unwrap() + to.len();
        text.get(begin..end).unwrap().to_owned()
    };
    let signature = between(&good, "<ds:Signature", "</ds:Signature>");
    let bare = good.replace(&signature, "");
    let evil = bare.replace("_r1", "_evil").replace("emailAddress", "persistent");
    let policy = "<samlp:NameIDPolicy ";
    let with = |base: &str, what: &str| base.replace(policy, &format!("{what}{policy}"));
    let object = signature
        .replace("</ds:Signature>", &format!("<ds:Object>{bare}</ds:Object></ds:Signature>"));
    let extensions = |what: &str| format!("<samlp:Extensions>{what}</samlp:Extensions>");
    let stranger = world.stranger.signer(SignatureAlgorithm::RsaSha256);
    let by_stranger = world.signed_by(REQUEST, &stranger);
    let swapped = {
        let theirs = between(&by_stranger, "<ds:X509Certificate>", "</ds:X509Certificate>");
        let ours = between(&good, "<ds:X509Certificate>", "</ds:X509Certificate>");
        (by_stranger.replace(&theirs, &ours), good.replace(&ours, &theirs))
    };
    let curve = world.curve.signer(SignatureAlgorithm::EcdsaSha256);
    let value = between(&good, "<ds:SignatureValue>", "</ds:SignatureValue>");
    let digest = between(&good, "<ds:DigestValue>", "</ds:DigestValue>");
    let reference = between(&good, "<ds:Reference", "</ds:Reference>");
    let template = |old: &str, new: &str| {
        let signer = world.signer();
        let template = signer.template("_r1").xml().replace(old, new);
        signer
            .sign(REQUEST.replace("{signature}", &template))
            .unwrap_or_else(|_| good.replace(&signature, &signature.replace(old, new)))
    };
    let c14n = "http://www.w3.org/2001/10/xml-exc-c14n#";
    let rows: Vec<(&str, String, &str)> = vec![
        ("no signature", bare.clone(), "saml.unsigned"),
        (
            "the signature of another namespace",
            good.replace(
                "http://www.w3.org/2000/09/xmldsig#\"",
                "http://www.w3.org/2000/09/other#\"",
            ),
            "saml.unsigned",
        ),
        ("signed by a stranger", by_stranger, "saml.signature"),
        ("by a stranger, with the certificate of the application", swapped.0, "saml.signature"),
        ("with the certificate of a stranger, which nobody reads", swapped.1, "accepted"),
        (
            "without a key",
            good.replace(&between(&good, "<ds:KeyInfo", "</ds:KeyInfo>"), ""),
            "accepted",
        ),
        ("signed twice", with(&good, &signature), "saml.signed_twice"),
        (
            "signed by a stranger, too",
            good.replace(
                &signature,
                &format!(
                    "{}{signature}",
                    between(
                        &world.signed_by(REQUEST, &stranger),
                        "<ds:Signature",
                        "</ds:Signature>"
                    )
                ),
            ),
            "saml.signed_twice",
        ),
        (
            "XSW1: the original in an object, evil around it",
            with(&evil, &object),
            "saml.signature_reference",
        ),
        (
            "XSW2: the signature before the original",
            with(&evil, &format!("{signature}{bare}")),
            "saml.signature_reference",
        ),
        ("XSW3: the signed original inside", with(&evil, &good), "saml.signature_place"),
        (
            "XSW4: the signed original in extensions",
            with(&evil, &extensions(&good)),
            "saml.signature_place",
        ),
        (
            "XSW5: the signature moved, the original in extensions",
            with(&evil, &format!("{signature}{}", extensions(&bare))),
            "saml.signature_reference",
        ),
        (
            "XSW6: the original in the object, the object in extensions",
            with(&evil, &extensions(&object)),
            "saml.signature_place",
        ),
        (
            "XSW7: evil in extensions of the original",
            with(&good, &extensions(&evil)),
            "saml.signature",
        ),
        (
            "XSW8: evil in an object of the signature",
            good.replace(
                "</ds:Signature>",
                &format!("<ds:Object>{evil}</ds:Object></ds:Signature>"),
            ),
            "saml.signature_reference",
        ),
        (
            "evil with the same ID around the original",
            with(&evil.replace("_evil", "_r1"), &good),
            "saml.duplicate_id",
        ),
        (
            "evil with the signature of the original",
            evil.replace(policy, &format!("{signature}{policy}")),
            "saml.signature_reference",
        ),
        (
            "evil with its ID and the signature of the original",
            evil.replace("_evil", "_r1").replace(policy, &format!("{signature}{policy}")),
            "saml.signature",
        ),
        ("evil and original in an envelope", format!("<a>{evil}{good}</a>"), "saml.wrong_message"),
        ("one letter", good.replace("emailAddress", "persistent"), "saml.signature"),
        (
            "an attribute more",
            good.replace(" ForceAuthn", " Consent=\"x\" ForceAuthn"),
            "saml.signature",
        ),
        ("an attribute less", good.replace(" ForceAuthn=\"false\"", ""), "saml.signature"),
        ("an element more", with(&good, "<samlp:Extensions/>"), "saml.signature"),
        ("white space", with(&good, " "), "saml.signature"),
        (
            "a comment",
            good.replace("app.example/meta", "app.example/<!-- x -->meta"),
            "saml.comment",
        ),
        (
            "another digest",
            good.replace(&digest, "<ds:DigestValue>AAAA</ds:DigestValue>"),
            "saml.signature",
        ),
        ("no digest", good.replace(&digest, "<ds:DigestValue/>"), "saml.signature"),
        (
            "two digests",
            good.replace(&digest, &format!("<ds:DigestValue>AAAA</ds:DigestValue>{digest}")),
            "saml.signature",
        ),
        ("no value", good.replace(&value, "<ds:SignatureValue/>"), "saml.signature"),
        ("an empty value", good.replace(&value, ""), "saml.signature"),
        (
            "a short value",
            good.replace(&value, "<ds:SignatureValue>AAAA</ds:SignatureValue>"),
            "saml.signature",
        ),
        ("no reference", good.replace(&reference, ""), "saml.signature_reference"),
        (
            "two references",
            good.replace(&reference, &format!("{reference}{reference}")),
            "saml.signature_reference",
        ),
        (
            "a reference to everything",
            template("URI=\"#_r1\"", "URI=\"\""),
            "saml.signature_reference",
        ),
        (
            "a reference to nothing",
            template("URI=\"#_r1\"", "URI=\"#\""),
            "saml.signature_reference",
        ),
        ("a reference without address", template(" URI=\"#_r1\"", ""), "saml.signature_reference"),
        (
            "a pointer",
            template("URI=\"#_r1\"", "URI=\"#xpointer(id('_r1'))\""),
            "saml.signature_reference",
        ),
        (
            "a pointer to the root",
            template("URI=\"#_r1\"", "URI=\"#xpointer(/)\""),
            "saml.signature_reference",
        ),
        (
            "a reference to a file",
            template("URI=\"#_r1\"", "URI=\"file:///etc/passwd\""),
            "saml.signature_reference",
        ),
        (
            "a reference to the net",
            template("URI=\"#_r1\"", "URI=\"http://127.0.0.1/\""),
            "saml.signature_reference",
        ),
        (
            "a reference to an attachment",
            template("URI=\"#_r1\"", "URI=\"cid:x\""),
            "saml.signature_reference",
        ),
        (
            "no transforms",
            template(&between(&good, "<ds:Transforms", "</ds:Transforms>"), ""),
            "saml.signature_transforms",
        ),
        (
            "the enveloped one alone",
            template(&format!("<ds:Transform Algorithm=\"{c14n}\"/>"), ""),
            "saml.signature_transforms",
        ),
        (
            "C14N alone",
            template(&format!("<ds:Transform Algorithm=\"{ENVELOPED}\"/>"), ""),
            "saml.signature_transforms",
        ),
        (
            "the enveloped one twice",
            template(
                &format!("<ds:Transform Algorithm=\"{ENVELOPED}\"/>"),
                &format!("<ds:Transform Algorithm=\"{ENVELOPED}\"/>").repeat(2),
            ),
            "saml.signature_transforms",
        ),
        (
            "XPath",
            template(
                &format!("<ds:Transform Algorithm=\"{c14n}\"/>"),
                "<ds:Transform Algorithm=\"http://www.w3.org/TR/1999/REC-xpath-19991116\"><ds:XPath>1</ds:XPath></ds:Transform>",
            ),
            "saml.signature_transforms",
        ),
        (
            "XSLT",
            template(
                &format!("<ds:Transform Algorithm=\"{c14n}\"/>"),
                "<ds:Transform Algorithm=\"http://www.w3.org/TR/1999/REC-xslt-19991116\"/>",
            ),
            "saml.signature_transforms",
        ),
        (
            "base64",
            template(
                &format!("<ds:Transform Algorithm=\"{c14n}\"/>"),
                "<ds:Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#base64\"/>",
            ),
            "saml.signature_transforms",
        ),
        (
            "C14N with comments",
            template(
                &format!("<ds:Transform Algorithm=\"{c14n}\"/>"),
                &format!("<ds:Transform Algorithm=\"{c14n}WithComments\"/>"),
            ),
            "saml.signature_transforms",
        ),
        (
            "inclusive C14N",
            template(
                &format!("<ds:Transform Algorithm=\"{c14n}\"/>"),
                "<ds:Transform Algorithm=\"http://www.w3.org/TR/2001/REC-xml-c14n-20010315\"/>",
            ),
            "saml.signature_transforms",
        ),
        (
            "inclusive C14N of the signature",
            template(
                &format!("<ds:CanonicalizationMethod Algorithm=\"{c14n}\"/>"),
                "<ds:CanonicalizationMethod Algorithm=\"http://www.w3.org/TR/2001/REC-xml-c14n-20010315\"/>",
            ),
            "saml.signature_algorithm",
        ),
        (
            "SHA-1",
            template(
                "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
                "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
            ),
            "saml.signature_algorithm",
        ),
        (
            "a digest of SHA-1",
            template("xmlenc#sha256", "xmldsig#sha1")
                .replace("2001/04/xmldsig#sha1", "2000/09/xmldsig#sha1"),
            "saml.signature_algorithm",
        ),
        (
            "a digest of MD5",
            template(
                "http://www.w3.org/2001/04/xmlenc#sha256",
                "http://www.w3.org/2001/04/xmldsig-more#md5",
            ),
            "saml.signature_algorithm",
        ),
        (
            "HMAC",
            template("xmldsig-more#rsa-sha256", "xmldsig-more#hmac-sha256"),
            "saml.signature_algorithm",
        ),
        (
            "HMAC of SHA-1",
            template(
                "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
                "http://www.w3.org/2000/09/xmldsig#hmac-sha1",
            ),
            "saml.signature_algorithm",
        ),
        (
            "no algorithm",
            template(" Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256\"", ""),
            "saml.signature_algorithm",
        ),
        ("another kind of key", world.signed_by(REQUEST, &curve), "saml.signature_algorithm"),
        ("no information", good.replace("ds:SignedInfo>", "ds:Unsigned>"), "saml.missing_element"),
        (
            "two informations",
            good.replace("<ds:SignedInfo>", "<ds:SignedInfo/><ds:SignedInfo>"),
            "saml.repeated_element",
        ),
    ];
    for (what, xml, expected) in rows {
        assert_eq!(world.posted(&xml), expected, "{what}");
    }
}
