//! What is written, verified by programs that know nothing of this code: `xmlsec1` (signatures and
//! encryption) and `xmllint` (the schemas of Debian's `opensaml-schemas`). Where they are not
//! installed, by this code alone.

use std::path::Path;
use std::process::Command;

use countersign_model::ChoiceValue as _;

use super::*;
use crate::key::Recipient;
use crate::logout;
use crate::names::{Status, context, name_id};
use crate::response::{self, Assertion, Attribute, Envelope, NameId, Protection};

fn envelope() -> Envelope {
    Envelope {
        id: "_e1".to_owned(),
        now: now(),
        issuer: "authentik".to_owned(),
        destination: ACS.to_owned(),
        in_response_to: Some("_r1".to_owned()),
    }
}

fn assertion() -> Assertion {
    let attribute = |name: &str, friendly: Option<&str>, values: &[&str]| Attribute {
        name: name.to_owned(),
        friendly_name: friendly.map(str::to_owned),
        values: values.iter().map(|value| (*value).to_owned()).collect(),
    };
    Assertion {
        id: "_a1".to_owned(),
        name_id: NameId {
            format: name_id::EMAIL.to_owned(),
            value: "uma<script>&\"'@example.org".to_owned(),
            ..NameId::default()
        },
        audience: APP.to_owned(),
        not_before: now().plus_seconds(-300),
        not_on_or_after: now().plus_seconds(300),
        authenticated: now(),
        session_index: "5e55".to_owned(),
        session_not_on_or_after: now().plus_seconds(86_400),
        context: context::PASSWORD_PROTECTED.to_owned(),
        attributes: vec![
            attribute("groups", Some("Groups"), &["a", "b\r\n\tc", "\u{1}\u{fffe}", "ü 🦀"]),
            attribute("name", None, &["Uma"]),
        ],
    }
}

fn found(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok()
}

/// What `xmlsec1` says of the signature of one element.
fn verified_elsewhere(folder: &Path, xml: &str, pair: &Pair, element: &str) {
    if !found("xmlsec1") {
        return;
    }
    let (document, certificate) = (folder.join("signed.xml"), folder.join("signer.pem"));
    std::fs::write(&document, xml).unwrap();
    std::fs::write(&certificate, &pair.certificate).unwrap();
    let local = element.rsplit(':').next().unwrap();
    let output = Command::new("xmlsec1")
        .args(["--verify", "--enabled-key-data", "x509", "--pubkey-cert-pem"])
        .arg(&certificate)
        .args(["--id-attr:ID", element, "--node-xpath"])
        .arg(format!("//*[local-name()='{local}']/*[local-name()='Signature']"))
        .arg(&document)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}\n{xml}");
}

fn valid_elsewhere(folder: &Path, xml: &str, schema: &str) {
    const SCHEMAS: &str = "/usr/share/xml/opensaml";
    let schema = format!("{SCHEMAS}/{schema}");
    if !found("xmllint") || !Path::new(&schema).is_file() {
        return;
    }
    let document = folder.join("valid.xml");
    std::fs::write(&document, xml).unwrap();
    // The schemas name their imports by addresses, and nothing is fetched.
    let catalog = folder.join("catalog.xml");
    let rows = ["REC-xmldsig-core-20020212", "REC-xmlenc-core-20021210"].map(|name| {
        format!(
            "<rewriteSystem systemIdStartString=\"http://www.w3.org/TR/2002/{name}/\" rewritePrefix=\"file:///usr/share/xml/xmltooling/\"/>"
        )
    });
    let xml = "<system systemId=\"http://www.w3.org/2001/xml.xsd\" uri=\"file:///usr/share/xml/xmltooling/xml.xsd\"/>";
    let text = format!("{}{xml}", rows.concat());
    let namespace = "urn:oasis:names:tc:entity:xmlns:xml:catalog";
    std::fs::write(&catalog, format!("<catalog xmlns=\"{namespace}\">{text}</catalog>")).unwrap();
    let output = Command::new("xmllint")
        .env("XML_CATALOG_FILES", &catalog)
        .args(["--noout", "--nonet", "--schema", &schema])
        .arg(&document)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}\n{xml}", String::from_utf8_lossy(&output.stderr));
}

const PROTOCOL: &str = "saml-schema-protocol-2.0.xsd";
const ASSERTION_ELEMENT: &str = "urn:oasis:names:tc:SAML:2.0:assertion:Assertion";
const RESPONSE_ELEMENT: &str = "urn:oasis:names:tc:SAML:2.0:protocol:Response";

#[test]
fn every_algorithm_and_place_of_a_signature_holds_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let rsa = pair(&rcgen::PKCS_RSA_SHA256);
    let curves = [
        pair(&rcgen::PKCS_ECDSA_P256_SHA256),
        pair(&rcgen::PKCS_ECDSA_P384_SHA384),
        pair(&rcgen::PKCS_ECDSA_P521_SHA512),
    ];
    let of = |name: &str| {
        let all =
            SignatureAlgorithm::CHOICES.iter().filter_map(|c| SignatureAlgorithm::of(c.value));
        all.filter(|algorithm| algorithm.uri().contains(name) && !algorithm.is_sha1())
            .collect::<Vec<_>>()
    };
    let mut rows: Vec<(&Pair, SignatureAlgorithm)> =
        of("#rsa-").into_iter().map(|algorithm| (&rsa, algorithm)).collect();
    for curve in &curves {
        rows.extend(of("#ecdsa-").into_iter().map(|algorithm| (curve, algorithm)));
    }
    let mut signed = Vec::new();
    for (pair, algorithm) in rows {
        let digest = DigestAlgorithm::Sha512;
        let signer = Signer::new(&pair.certificate, &pair.key, algorithm, digest);
        // A curve is signed with at the strength of its own.
        let Ok(signer) = signer else { continue };
        signed.push(algorithm);
        let protection =
            Protection { assertion: Some(signer.clone()), response: Some(signer), recipient: None };
        let xml = response::success(&envelope(), &assertion(), &protection).unwrap();
        verified_elsewhere(folder.path(), &xml, pair, ASSERTION_ELEMENT);
        verified_elsewhere(folder.path(), &xml, pair, RESPONSE_ELEMENT);
        valid_elsewhere(folder.path(), &xml, PROTOCOL);
        // The order of the schema: issuer, signature, then the rest.
        let after = |text: &str| xml.split(text).nth(1).unwrap().to_owned();
        assert!(after("</saml:Issuer>").starts_with("<ds:Signature"), "{xml}");
    }
    for algorithm in of("#rsa-").into_iter().chain(of("#ecdsa-")) {
        assert!(signed.contains(&algorithm), "{algorithm:?}");
    }
}

#[test]
fn an_encrypted_assertion_opens_to_its_recipient_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (own, application) = (pair(&rcgen::PKCS_RSA_SHA256), pair(&rcgen::PKCS_RSA_SHA256));
    let protection = Protection {
        assertion: Some(own.signer(SignatureAlgorithm::RsaSha256)),
        response: Some(own.signer(SignatureAlgorithm::RsaSha256)),
        recipient: Some(Recipient::from_pem(&application.certificate).unwrap()),
    };
    let make = || response::success(&envelope(), &assertion(), &protection).unwrap();
    let xml = make();
    assert_ne!(xml, make(), "each has a key of its own");
    assert!(!xml.contains("example.org") && !xml.contains("Uma"));
    // The signature of the response covers what is sent.
    verified_elsewhere(folder.path(), &xml, &own, RESPONSE_ELEMENT);
    valid_elsewhere(folder.path(), &xml, PROTOCOL);
    if found("xmlsec1") {
        let (document, key) = (folder.path().join("sealed.xml"), folder.path().join("key.pem"));
        std::fs::write(&document, &xml).unwrap();
        std::fs::write(&key, &application.key).unwrap();
        let output = Command::new("xmlsec1")
            .args(["--decrypt", "--privkey-pem"])
            .arg(&key)
            .arg(&document)
            .output()
            .unwrap();
        let opened = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(opened.contains("<saml:AttributeValue>Uma</saml:AttributeValue>"), "{opened}");
        let inside = opened.find("<saml:Assertion").unwrap();
        let end = opened.find("</saml:Assertion>").unwrap() + "</saml:Assertion>".len();
        let inside = opened.get(inside..end).unwrap();
        verified_elsewhere(folder.path(), inside, &own, ASSERTION_ELEMENT);
    }
    assert!(Recipient::from_pem(&pair(&rcgen::PKCS_ECDSA_P256_SHA256).certificate).is_err());
}

#[test]
fn a_response_says_what_it_has_to() {
    let folder = tempfile::tempdir().unwrap();
    let plain = Protection::default();
    let xml = response::success(&envelope(), &assertion(), &plain).unwrap();
    for part in [
        "Destination=\"https://app.example/acs\"",
        "InResponseTo=\"_r1\"",
        "Recipient=\"https://app.example/acs\"",
        "NotBefore=\"2026-11-27T09:55:00Z\"",
        "NotOnOrAfter=\"2026-11-27T10:05:00Z\"",
        "SessionNotOnOrAfter=\"2026-11-28T10:00:00Z\"",
        "<saml:Audience>https://app.example/metadata</saml:Audience>",
        "uma&lt;script&gt;&amp;\"'@example.org</saml:NameID>",
        "FriendlyName=\"Groups\"",
        "<saml:AttributeValue>b&#xD;\n\tc</saml:AttributeValue>",
        "<saml:AttributeValue>\u{fffd}\u{fffd}</saml:AttributeValue>",
        "status:Success",
    ] {
        assert!(xml.contains(part), "{part}\n{xml}");
    }
    let unasked = Envelope { in_response_to: None, ..envelope() };
    let bare = Assertion { audience: String::new(), attributes: vec![], ..assertion() };
    let xml = response::success(&unasked, &bare, &plain).unwrap();
    assert!(!xml.contains("InResponseTo") && !xml.contains("Audience"));
    valid_elsewhere(folder.path(), &xml, PROTOCOL);
    let own = pair(&rcgen::PKCS_RSA_SHA256);
    let signed = Protection {
        assertion: Some(own.signer(SignatureAlgorithm::RsaSha256)),
        ..Protection::default()
    };
    let xml = response::refusal(&envelope(), Status::NoPassive, &signed).unwrap();
    assert!(xml.contains("status:Responder") && xml.contains("status:NoPassive"));
    assert!(!xml.contains("saml:Assertion"));
    verified_elsewhere(folder.path(), &xml, &own, RESPONSE_ELEMENT);
    valid_elsewhere(folder.path(), &xml, PROTOCOL);
}

#[test]
fn logout_and_metadata_hold_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let own = pair(&rcgen::PKCS_RSA_SHA256);
    let signer = own.signer(SignatureAlgorithm::RsaSha256);
    let until = now().plus_seconds(300);
    let envelope = Envelope { in_response_to: None, destination: SLO.to_owned(), ..envelope() };
    let name = assertion().name_id;
    let xml = logout::request(&envelope, &name, Some("5e55"), until, Some(&signer)).unwrap();
    verified_elsewhere(
        folder.path(),
        &xml,
        &own,
        "urn:oasis:names:tc:SAML:2.0:protocol:LogoutRequest",
    );
    valid_elsewhere(folder.path(), &xml, PROTOCOL);
    let (trust, addresses) = (own.trust(), [SLO.to_owned()]);
    let peer = Peer { entity_id: "authentik", ..peer(Some(&trust), &addresses) };
    let read = logout::read_request(&received(&xml), &peer).unwrap_or_else(|r| panic!("{r}"));
    assert_eq!((read.name_id, read.sessions), (name, vec!["5e55".to_owned()]));

    let answer = Envelope { in_response_to: Some("_r1".to_owned()), ..envelope };
    let xml = logout::response(&answer, Status::PartialLogout, Some(&signer)).unwrap();
    verified_elsewhere(
        folder.path(),
        &xml,
        &own,
        "urn:oasis:names:tc:SAML:2.0:protocol:LogoutResponse",
    );
    valid_elsewhere(folder.path(), &xml, PROTOCOL);

    for signer in [None, Some(signer)] {
        let signed = signer.is_some();
        let provider = super::metadata::published(signer.clone()).document().unwrap();
        let consumer = super::metadata::consumer(signer, &own).document().unwrap();
        for xml in [&provider, &consumer] {
            valid_elsewhere(folder.path(), xml, "saml-schema-metadata-2.0.xsd");
            if signed {
                let element = "urn:oasis:names:tc:SAML:2.0:metadata:EntityDescriptor";
                verified_elsewhere(folder.path(), xml, &own, element);
            }
        }
        // Each side reads what the other publishes.
        if signed {
            assert!(crate::metadata::read_upstream(provider.as_bytes()).is_ok());
        }
        let read = crate::metadata::read(consumer.as_bytes()).unwrap_or_else(|r| panic!("{r}"));
        assert_eq!(read.consumer.location, "https://sp.example/source/saml/idp/acs/");
        assert!(read.encryption.is_some() && read.wants_signed_assertions);
        assert_eq!(read.signs_requests, signed);
    }
}

#[test]
fn a_request_for_a_sign_in_holds_elsewhere_and_is_read_here() {
    let folder = tempfile::tempdir().unwrap();
    let own = pair(&rcgen::PKCS_RSA_SHA256);
    let signer = own.signer(SignatureAlgorithm::RsaSha256);
    let asked = Envelope {
        in_response_to: None,
        destination: SSO.to_owned(),
        issuer: APP.to_owned(),
        ..envelope()
    };
    for format in [name_id::PERSISTENT, name_id::TRANSIENT, name_id::EMAIL, name_id::WINDOWS] {
        for signer in [None, Some(&signer)] {
            let xml = crate::request::write(&asked, ACS, format, signer).unwrap();
            valid_elsewhere(folder.path(), &xml, PROTOCOL);
            assert_eq!(xml.contains("AllowCreate"), format != name_id::TRANSIENT);
            let trust = own.trust();
            let addresses = [SSO.to_owned()];
            let peer = peer(signer.map(|_| &trust), &addresses);
            let read = crate::request::read(&received(&xml), ACS, &peer);
            assert_eq!(read.unwrap_or_else(|r| panic!("{r}")).name_id_format, format);
            if signer.is_some() {
                let element = "urn:oasis:names:tc:SAML:2.0:protocol:AuthnRequest";
                verified_elsewhere(folder.path(), &xml, &own, element);
            }
        }
    }
}

/// Both sides of this crate understand each other.
#[test]
fn what_the_provider_writes_the_source_reads() {
    use crate::assertion::{Expected, read};
    use crate::key::Opener;
    let (own, application) = (pair(&rcgen::PKCS_RSA_SHA256), pair(&rcgen::PKCS_RSA_SHA256));
    let (trust, opener) = (own.trust(), Opener::from_pem(&application.key).unwrap());
    let signer = || Some(own.signer(SignatureAlgorithm::RsaSha256));
    let recipient = || Some(Recipient::from_pem(&application.certificate).unwrap());
    let addresses = [ACS.to_owned()];
    let rows = [
        (signer(), None, None, true),
        (None, signer(), None, true),
        (signer(), signer(), None, true),
        (signer(), None, recipient(), true),
        (None, signer(), recipient(), true),
        (signer(), signer(), recipient(), true),
        (None, None, recipient(), false),
        (None, None, None, false),
    ];
    for (number, (assertion_by, response_by, recipient, good)) in rows.into_iter().enumerate() {
        let sealed = recipient.is_some();
        let protection = Protection { assertion: assertion_by, response: response_by, recipient };
        let said = assertion();
        let xml = response::success(&envelope(), &said, &protection).unwrap();
        let expected = Expected {
            trust: &trust,
            opener: sealed.then_some(&opener),
            issuer: "authentik",
            audience: APP,
            addresses: &addresses,
            request: Some("_r1"),
            unsolicited: false,
            now: now(),
        };
        let fields = binding::to_form(Which::Response, &xml, None);
        let body = format!("SAMLResponse={}", escaped(&fields[0].1));
        let read = binding::from_form(&body).and_then(|received| read(&received, &expected));
        let Ok(read) = read else {
            assert!(!good, "{number}: {read:?}");
            continue;
        };
        assert!(good, "{number}");
        assert_eq!(read.name_id, said.name_id);
        assert_eq!(read.session.as_deref(), Some("5e55"));
        assert_eq!(read.attributes.len(), said.attributes.len());
        assert_eq!(read.attributes[1].values, ["Uma"]);
    }
}

#[test]
fn keys_come_in_all_their_forms_and_fit_their_algorithms() {
    use aws_lc_rs::encoding::AsDer as _;
    let rsa = pair(&rcgen::PKCS_RSA_SHA256);
    let curve = pair(&rcgen::PKCS_ECDSA_P256_SHA256);
    let (digest, sign) = (DigestAlgorithm::Sha256, SignatureAlgorithm::RsaSha256);
    let new = |certificate: &str, key: &str, algorithm| {
        Signer::new(certificate, key, algorithm, digest)
            .map(|_| ())
            .map_err(|fault| fault.to_string())
    };
    assert_eq!(new(&rsa.certificate, &rsa.key, sign), Ok(()));
    // As `openssl ecparam -genkey` writes it.
    let der = rustls_pki_types::PrivateKeyDer::try_from(pem_body(&curve.key)).unwrap();
    let rustls_pki_types::PrivateKeyDer::Pkcs8(der) = &der else { panic!("PKCS #8") };
    let algorithm = &aws_lc_rs::signature::ECDSA_P256_SHA256_FIXED_SIGNING;
    let held = aws_lc_rs::signature::EcdsaKeyPair::from_pkcs8(algorithm, der.secret_pkcs8_der());
    let held = held.unwrap();
    let sec1: aws_lc_rs::encoding::EcPrivateKeyRfc5915Der<'_> =
        held.private_key().as_der().unwrap();
    use base64::Engine as _;
    let body = base64::engine::general_purpose::STANDARD.encode(sec1.as_ref());
    let sec1 = format!("-----BEGIN EC PRIVATE KEY-----\n{body}\n-----END EC PRIVATE KEY-----\n");
    assert_eq!(new(&curve.certificate, &sec1, SignatureAlgorithm::EcdsaSha256), Ok(()));
    let wrong = "the private key does not belong to the certificate".to_owned();
    assert_eq!(new(&rsa.certificate, &curve.key, sign), Err(wrong));
    assert!(new(&rsa.certificate, "no key", sign).is_err());
    assert!(new("no certificate", &rsa.key, sign).is_err());
    assert!(new(&curve.certificate, &curve.key, sign).is_err());
    assert!(new(&rsa.certificate, &rsa.key, SignatureAlgorithm::EcdsaSha256).is_err());
    assert!(new(&rsa.certificate, &rsa.key, SignatureAlgorithm::DsaSha1).is_err());
    assert!(new(&rsa.certificate, &rsa.key, SignatureAlgorithm::RsaSha1).is_err());
}

fn pem_body(pem: &str) -> Vec<u8> {
    use base64::Engine as _;
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    base64::engine::general_purpose::STANDARD.decode(body).unwrap()
}
