use super::*;
use crate::metadata::{self, Binding, IdentityProvider};
use crate::names::{BINDING_POST, BINDING_REDIRECT};

pub(super) const SP: &str = r#"<?xml version="1.0"?>
<!-- made by hand -->
<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="http://www.w3.org/2000/09/xmldsig#" ID="_m1" entityID="https://app.example/metadata">{signature}<md:SPSSODescriptor AuthnRequestsSigned="true" WantAssertionsSigned="true" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><md:KeyDescriptor use="signing"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor><md:SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:SOAP" Location="https://app.example/soap"/><md:SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://app.example/slo"/><md:AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact" Location="https://app.example/artifact" index="0"/><md:AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://app.example/acs" index="1"/></md:SPSSODescriptor></md:EntityDescriptor>"#;

#[test]
fn an_application_says_what_it_wants() {
    let own = pair(&rcgen::PKCS_RSA_SHA256);
    let stranger = pair(&rcgen::PKCS_RSA_SHA256);
    let certificate = Certificate::from_pem(&own.certificate).unwrap();
    let document = SP.replace("{certificate}", &certificate.base64());
    let plain = document.replace("{signature}", "");
    let read = metadata::read(plain.as_bytes()).unwrap_or_else(|r| panic!("{r}"));
    assert_eq!(read.entity_id, APP);
    assert_eq!((read.consumer.binding, read.consumer.location.as_str()), (Binding::Post, ACS));
    assert_eq!(read.logout.unwrap().location, "https://app.example/slo");
    assert_eq!(read.logout_soap.as_deref(), Some("https://app.example/soap"));
    assert_eq!(
        read.signing.unwrap().pem().replace('\n', ""),
        own.certificate.replace(['\n', '\r'], "")
    );
    assert!(read.encryption.is_none() && read.signs_requests && read.wants_signed_assertions);

    let sign = |pair: &Pair| {
        let signer = pair.signer(SignatureAlgorithm::RsaSha256);
        signer.sign(document.replace("{signature}", &signer.template("_m1").xml())).unwrap()
    };
    let several = format!(
        "<md:EntitiesDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\">{}{}</md:EntitiesDescriptor>",
        "<md:EntityDescriptor entityID=\"a\"><md:SPSSODescriptor/></md:EntityDescriptor>",
        "<md:EntityDescriptor entityID=\"b\"><md:SPSSODescriptor/></md:EntityDescriptor>"
    );
    let rows: Vec<(String, &str)> = vec![
        (sign(&own), "accepted"),
        (sign(&own).replace("/acs", "/evil"), "saml.metadata_signature"),
        (sign(&stranger), "saml.metadata_signature"),
        (plain.replace("SPSSODescriptor", "IDPSSODescriptor"), "saml.no_service_provider"),
        (plain.replace("AssertionConsumerService", "Other"), "saml.no_consumer"),
        (plain.replace("HTTP-POST", "PAOS"), "saml.bad_value"),
        (plain.replace("entityID", "entity"), "saml.bad_value"),
        (plain.replace(&certificate.base64(), "AAAA"), "saml.bad_value"),
        (plain.replace("<!-- made by hand -->", "<!DOCTYPE a>"), "saml.doctype"),
        (several, "saml.several_entities"),
        ("<a/>".to_owned(), "saml.wrong_message"),
        ("hello".to_owned(), "saml.not_xml"),
        (" ".repeat(2_000_000), "saml.too_large"),
    ];
    for (xml, expected) in rows {
        let code = metadata::read(xml.as_bytes()).map_or_else(|r| r.code(), |_| "accepted");
        assert_eq!(code, expected, "{}", xml.get(..300).unwrap_or_default());
    }
}

pub(super) fn published(signer: Option<Signer>) -> IdentityProvider {
    let both = |path: &str| {
        let at =
            |name: &str| format!("https://idp.example/application/saml/app/{path}/binding/{name}/");
        vec![(BINDING_REDIRECT, at("redirect")), (BINDING_POST, at("post"))]
    };
    IdentityProvider {
        id: "_0a".to_owned(),
        entity_id: "authentik".to_owned(),
        wants_signed_requests: true,
        signer,
        single_sign_on: both("sso"),
        single_logout: both("slo"),
    }
}

#[test]
fn what_is_published_is_in_the_order_of_the_original() {
    let xml = published(None).document().unwrap();
    let mut names = xml.split('<').filter(|part| !part.starts_with('/') && !part.is_empty());
    let names: Vec<&str> =
        names.by_ref().filter_map(|part| part.split([' ', '>']).next()).collect();
    let endpoints = ["md:SingleLogoutService"; 2];
    let expected = ["md:EntityDescriptor", "md:IDPSSODescriptor"].into_iter().chain(endpoints);
    let expected = expected.chain(["md:NameIDFormat"; 4]).chain(["md:SingleSignOnService"; 2]);
    assert_eq!(names, expected.collect::<Vec<_>>());
    assert!(xml.contains("WantAuthnRequestsSigned=\"true\""));
}

const IDP: &str = r#"<?xml version="1.0"?><md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="http://www.w3.org/2000/09/xmldsig#" ID="_m1" entityID="https://idp.example/metadata">{signature}<md:IDPSSODescriptor WantAuthnRequestsSigned="1" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><md:KeyDescriptor use="encryption"><ds:KeyInfo/></md:KeyDescriptor><md:KeyDescriptor><ds:KeyInfo><ds:X509Data><ds:X509Certificate>
{certificate}
</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor><md:SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:SOAP" Location="https://idp.example/soap"/><md:SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://idp.example/slo"/><md:NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:transient</md:NameIDFormat><md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://idp.example/post"/><md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp.example/sso"/></md:IDPSSODescriptor></md:EntityDescriptor>"#;

#[test]
fn an_identity_provider_says_how_it_is_asked() {
    let (own, stranger) = (pair(&rcgen::PKCS_RSA_SHA256), pair(&rcgen::PKCS_RSA_SHA256));
    let certificate = Certificate::from_pem(&own.certificate).unwrap();
    let document = IDP.replace("{certificate}", &certificate.base64());
    let plain = document.replace("{signature}", "");
    let read = metadata::read_upstream(plain.as_bytes()).unwrap_or_else(|r| panic!("{r}"));
    assert_eq!(read.entity_id, "https://idp.example/metadata");
    assert_eq!(
        (read.sign_on.binding, read.sign_on.location.as_str()),
        (Binding::Redirect, "https://idp.example/sso")
    );
    assert_eq!(read.logout.unwrap().location, "https://idp.example/slo");
    assert_eq!(read.signing.base64(), certificate.base64());
    assert!(read.wants_signed_requests);
    assert_eq!(read.name_id_formats, [crate::names::name_id::TRANSIENT]);
    let sign = |pair: &Pair| {
        let signer = pair.signer(SignatureAlgorithm::RsaSha256);
        signer.sign(document.replace("{signature}", &signer.template("_m1").xml())).unwrap()
    };
    let bare = plain.replace(&format!("\n{}\n", certificate.base64()), "AAAA");
    let rows: Vec<(String, &str)> = vec![
        (sign(&own), "accepted"),
        (sign(&own).replace("/sso", "/evil"), "saml.metadata_signature"),
        (sign(&stranger), "saml.metadata_signature"),
        (plain.replace("IDPSSODescriptor", "SPSSODescriptor"), "saml.no_identity_provider"),
        (plain.replace("SingleSignOnService", "Other"), "saml.no_sign_on"),
        (
            plain.replace("<md:KeyDescriptor>", "<md:KeyDescriptor use=\"encryption\">"),
            "saml.no_certificate",
        ),
        (plain.replace("entityID", "entity"), "saml.bad_value"),
        (bare, "saml.bad_value"),
        (plain.replace("<?xml version=\"1.0\"?>", "<!DOCTYPE a>"), "saml.doctype"),
        ("<a/>".to_owned(), "saml.wrong_message"),
    ];
    for (xml, expected) in rows {
        let code =
            metadata::read_upstream(xml.as_bytes()).map_or_else(|r| r.code(), |_| "accepted");
        assert_eq!(code, expected, "{}", xml.get(..300).unwrap_or_default());
    }
}

/// What a service provider publishes.
pub(super) fn consumer(signer: Option<Signer>, encryption: &Pair) -> metadata::Consumer {
    metadata::Consumer {
        id: "_0b".to_owned(),
        entity_id: "https://sp.example/source/saml/idp/metadata/".to_owned(),
        signer,
        encryption: Some(Certificate::from_pem(&encryption.certificate).unwrap()),
        name_id_format: crate::names::name_id::PERSISTENT,
        acs: "https://sp.example/source/saml/idp/acs/".to_owned(),
        single_logout: vec![
            (BINDING_REDIRECT, "https://sp.example/source/saml/idp/slo/".to_owned()),
            (BINDING_POST, "https://sp.example/source/saml/idp/slo/".to_owned()),
        ],
    }
}
