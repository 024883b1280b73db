//! Judging the certificate of a client: who vouches for it, and whose it is.

use std::sync::Arc;

use countersign_core::ClientCertificate;
use countersign_model::Timestamp;
use rustls::RootCertStore;
use rustls::crypto::aws_lc_rs;
use rustls::server::WebPkiClientVerifier;
use rustls_pki_types::{CertificateDer, UnixTime};
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::certificate::{CertificateKeyPair, short_name};

/// Whether one of the authorities vouches for a certificate (RFC 5280 6), for a client and at this
/// time.
pub fn is_vouched_for<'a>(
    certificate: &ClientCertificate,
    authorities: impl IntoIterator<Item = &'a CertificateKeyPair>,
    now: Timestamp,
) -> bool {
    let mut roots = RootCertStore::empty();
    for authority in authorities {
        if let Some(details) = authority.details() {
            // One that cannot be an anchor vouches for nobody.
            let _ = roots.add(CertificateDer::from(details.der));
        }
    }
    if roots.is_empty() {
        return false;
    }
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
    let Ok(verifier) = verifier else { return false };
    let own = CertificateDer::from(certificate.der());
    let others: Vec<_> = certificate.intermediates().map(CertificateDer::from).collect();
    let seconds = u64::try_from(now.seconds()).unwrap_or_default();
    let at = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
    verifier.verify_client_cert(&own, &others, at).is_ok()
}

/// A distinguished name as attributes, the most specific first (RFC 4514 2.1).
pub type Name = Vec<(String, String)>;

/// Whose a certificate is.
pub fn subject(certificate: &ClientCertificate) -> Option<Name> {
    let (_, parsed) = X509Certificate::from_der(certificate.der()).ok()?;
    let mut name: Name = Vec::new();
    for attribute in parsed.subject().iter_attributes() {
        let kind = attribute.attr_type().to_id_string();
        name.push((kind_of(short_name(&kind)), attribute.as_str().ok()?.to_owned()));
    }
    name.reverse();
    Some(name)
}

/// A name as somebody writes it, `CN=app,O=Company` (RFC 4514 3); `None` where it is none.
pub fn parse_name(text: &str) -> Option<Name> {
    let mut name = Name::new();
    let mut signs = text.chars().peekable();
    loop {
        let mut kind = String::new();
        while let Some(sign) = signs.next_if(|sign| *sign != '=') {
            kind.push(sign);
        }
        signs.next()?;
        let kind = kind.trim();
        let known = |sign: char| sign.is_ascii_alphanumeric() || sign == '.' || sign == '-';
        if kind.is_empty() || !kind.chars().all(known) {
            return None;
        }
        while signs.next_if_eq(&' ').is_some() {}
        let (mut value, mut bytes, mut kept) = (String::new(), Vec::new(), 0);
        let flush = |value: &mut String, bytes: &mut Vec<u8>, kept: &mut usize| {
            if !bytes.is_empty() {
                value.push_str(&String::from_utf8(std::mem::take(bytes)).ok()?);
                *kept = value.len();
            }
            Some(())
        };
        let mut ended = true;
        while let Some(sign) = signs.next() {
            if sign == '\\' {
                let next = signs.next()?;
                if let (Some(high), Some(low)) =
                    (next.to_digit(16), signs.peek().and_then(|low| low.to_digit(16)))
                {
                    signs.next();
                    bytes.push(u8::try_from(high * 16 + low).ok()?);
                    continue;
                }
                flush(&mut value, &mut bytes, &mut kept)?;
                value.push(next);
                kept = value.len();
                continue;
            }
            flush(&mut value, &mut bytes, &mut kept)?;
            if sign == ',' || sign == '+' {
                ended = false;
                break;
            }
            value.push(sign);
            if sign != ' ' {
                kept = value.len();
            }
        }
        flush(&mut value, &mut bytes, &mut kept)?;
        // Blanks at the end belong to the value only where they are escaped.
        value.truncate(kept);
        name.push((kind_of(kind), value));
        if ended {
            return Some(name);
        }
    }
}

/// The kind of an attribute, which has one spelling here.
fn kind_of(kind: &str) -> String {
    let upper = kind.to_ascii_uppercase();
    let plain = upper.strip_prefix("OID.").unwrap_or(&upper);
    match short_name(plain) {
        "0.9.2342.19200300.100.1.25" => "DC".to_owned(),
        "0.9.2342.19200300.100.1.1" => "UID".to_owned(),
        "1.2.840.113549.1.9.1" | "E" => "EMAILADDRESS".to_owned(),
        "S" => "ST".to_owned(),
        other => other.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{
        BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    };

    use super::*;

    struct Authority {
        issuer: Issuer<'static, KeyPair>,
        pair: CertificateKeyPair,
    }

    fn authority(name: &str) -> Authority {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(2040, 1, 1);
        let pem = params.self_signed(&key).unwrap().pem();
        let pair = CertificateKeyPair {
            name: name.to_owned(),
            certificate_data: pem.as_str().into(),
            key_data: countersign_model::Secret::new(""),
            managed: None,
        };
        Authority { issuer: Issuer::new(params, key), pair }
    }

    fn client(authority: &Authority, usage: ExtendedKeyUsagePurpose) -> ClientCertificate {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::OrganizationName, "Company, Inc.");
        params.distinguished_name.push(DnType::CommonName, "app");
        params.not_before = rcgen::date_time_ymd(2024, 1, 1);
        params.not_after = rcgen::date_time_ymd(2030, 1, 1);
        params.extended_key_usages = vec![usage];
        let signed = params.signed_by(&key, &authority.issuer).unwrap();
        ClientCertificate::of_chain([signed.der().to_vec()]).unwrap()
    }

    #[test]
    fn only_the_authorities_that_are_named_vouch_for_a_client_and_only_in_time() {
        let (own, other) = (authority("own"), authority("other"));
        let at = |text: &str| Timestamp::parse(text).unwrap();
        let now = at("2026-01-01T00:00:00Z");
        let good = client(&own, ExtendedKeyUsagePurpose::ClientAuth);
        assert!(is_vouched_for(&good, [&own.pair], now));
        assert!(is_vouched_for(&good, [&other.pair, &own.pair], now));
        assert!(!is_vouched_for(&good, [&other.pair], now));
        assert!(!is_vouched_for(&good, [], now));
        assert!(!is_vouched_for(&good, [&own.pair], at("2023-12-31T00:00:00Z")));
        assert!(!is_vouched_for(&good, [&own.pair], at("2030-01-02T00:00:00Z")));
        let server = client(&own, ExtendedKeyUsagePurpose::ServerAuth);
        assert!(!is_vouched_for(&server, [&own.pair], now), "one of a server is none of a client");
        let nonsense = ClientCertificate::of_chain([vec![1, 2, 3]]).unwrap();
        assert!(!is_vouched_for(&nonsense, [&own.pair], now));
        assert_eq!(subject(&nonsense), None);
        assert_eq!(subject(&good), parse_name(r"CN=app,O=Company\, Inc."));
    }

    #[test]
    fn names_are_read_as_they_are_written() {
        let name = |pairs: &[(&str, &str)]| {
            let own = |(kind, value): &(&str, &str)| ((*kind).to_owned(), (*value).to_owned());
            Some(pairs.iter().map(own).collect::<Name>())
        };
        let app = name(&[("CN", "app"), ("O", "Company, Inc.")]);
        for same in [
            r"CN=app,O=Company\, Inc.",
            r"cn=app, o=Company\2C Inc.",
            r"2.5.4.3=app,OID.2.5.4.10=Company\, Inc. ",
            r"CN = app , O = Company\, Inc.",
        ] {
            assert_eq!(parse_name(same), app, "{same}");
        }
        assert_eq!(parse_name(r"CN=J\C3\B6rg\ "), name(&[("CN", "Jörg ")]));
        assert_eq!(
            parse_name("E=a@b,DC=x+UID=1"),
            name(&[("EMAILADDRESS", "a@b"), ("DC", "x"), ("UID", "1")])
        );
        for other in [r"CN=app,O=Company\, Inc.,C=DE", "CN=App", r"O=Company\, Inc.,CN=app"] {
            assert_ne!(parse_name(other), app, "{other}");
        }
        for none in ["", "app", "=app", "CN=app,", "CN=app,O", r"CN=\", r"CN=\ff", "C N=x"] {
            assert_eq!(parse_name(none), None, "{none}");
        }
    }
}
