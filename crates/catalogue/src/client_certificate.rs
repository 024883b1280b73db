//! Judging the certificate of a client: who vouches for it, and whose it is.

use std::sync::Arc;

use ::aws_lc_rs::digest;
use countersign_core::ClientCertificate;
use countersign_model::Timestamp;
use rustls::RootCertStore;
use rustls::crypto::aws_lc_rs;
use rustls::server::WebPkiClientVerifier;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, UnixTime};
use serde::Serialize;
use x509_parser::prelude::{
    AttributeTypeAndValue, CertificateRevocationList, FromDer, GeneralName, X509Certificate,
    X509Name,
};

use crate::certificate::{CertificateKeyPair, colons, short_name};

/// What authorities say of certificates that they take back (RFC 5280 5).
#[derive(Debug, Default)]
pub struct RevocationLists(Vec<CertificateRevocationListDer<'static>>);

impl RevocationLists {
    /// Lists in PEM form, one after another; `None` where there is anything else, and no list.
    pub fn parse(text: &str) -> Option<RevocationLists> {
        let lists = CertificateRevocationListDer::pem_slice_iter(text.as_bytes());
        let lists: Vec<_> = lists.collect::<Result<_, _>>().ok()?;
        let reads = |list: &CertificateRevocationListDer<'_>| {
            CertificateRevocationList::from_der(list).is_ok_and(|(rest, _)| rest.is_empty())
        };
        let is_sound = lists.iter().all(reads) && lists.is_empty() == text.trim().is_empty();
        is_sound.then_some(RevocationLists(lists))
    }
}

/// Whether one of the authorities vouches for a certificate (RFC 5280 6), for a client and at this
/// time, and none of the lists takes it back. With lists, one has to be of who issued it.
pub fn is_vouched_for<'a>(
    certificate: &ClientCertificate,
    authorities: impl IntoIterator<Item = &'a CertificateKeyPair>,
    revoked: &RevocationLists,
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
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
        .with_crls(revoked.0.iter().cloned())
        .only_check_end_entity_revocation()
        .build();
    let Ok(verifier) = verifier else { return false };
    let own = CertificateDer::from(certificate.der());
    let others: Vec<_> = certificate.intermediates().map(CertificateDer::from).collect();
    let seconds = u64::try_from(now.seconds()).unwrap_or_default();
    let at = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
    verifier.verify_client_cert(&own, &others, at).is_ok() && signs(certificate)
}

/// Whether its key may sign, which is how a client shows that it has it (RFC 8446 4.4.2.4).
fn signs(certificate: &ClientCertificate) -> bool {
    let Ok((_, parsed)) = X509Certificate::from_der(certificate.der()) else { return false };
    let usage = parsed.key_usage();
    usage.is_ok_and(|usage| usage.is_none_or(|usage| usage.value.digital_signature()))
}

/// What is kept and told of a certificate, in the original's names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Described {
    /// In decimal digits.
    pub serial_number: String,
    pub subject: String,
    pub issuer: String,
    pub fingerprint_sha256: String,
    pub fingerprint_sha1: String,
}

pub fn described(certificate: &ClientCertificate) -> Option<Described> {
    let (_, parsed) = X509Certificate::from_der(certificate.der()).ok()?;
    let hash = |by| colons(digest::digest(by, certificate.der()).as_ref());
    Some(Described {
        serial_number: parsed.tbs_certificate.serial.to_string(),
        subject: written(parsed.subject())?,
        issuer: written(parsed.issuer())?,
        fingerprint_sha256: hash(&digest::SHA256),
        fingerprint_sha1: hash(&digest::SHA1_FOR_LEGACY_USE_ONLY),
    })
}

/// The subject as text (RFC 4514).
pub fn subject_text(certificate: &ClientCertificate) -> Option<String> {
    let (_, parsed) = X509Certificate::from_der(certificate.der()).ok()?;
    written(parsed.subject()).filter(|text| is_plain(text))
}

/// The common name, if there is exactly one: of two nobody knows which is meant.
pub fn common_name(certificate: &ClientCertificate) -> Option<String> {
    let (_, parsed) = X509Certificate::from_der(certificate.der()).ok()?;
    let mut names = parsed.subject().iter_common_name();
    let name = names.next()?.as_str().ok()?.to_owned();
    (names.next().is_none() && is_plain(&name)).then_some(name)
}

/// Its e-mail addresses: those of the subject and those beside it (RFC 5280 4.2.1.6).
pub fn addresses(certificate: &ClientCertificate) -> Vec<String> {
    let Ok((_, parsed)) = X509Certificate::from_der(certificate.der()) else { return Vec::new() };
    let of_subject = parsed.subject().iter_email().filter_map(|address| address.as_str().ok());
    let beside = parsed.subject_alternative_name().ok().flatten();
    let beside = beside.into_iter().flat_map(|names| &names.value.general_names);
    let beside = beside.filter_map(|name| match name {
        GeneralName::RFC822Name(address) => Some(*address),
        _ => None,
    });
    let mut all: Vec<String> = Vec::new();
    for address in of_subject.chain(beside).filter(|address| is_plain(address)) {
        if !all.iter().any(|known| known.eq_ignore_ascii_case(address)) {
            all.push(address.to_owned());
        }
    }
    all
}

/// No account has another name, and a database may not take it.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && !text.chars().any(char::is_control)
}

/// A distinguished name as RFC 4514 2 writes it, the most specific part first.
fn written(name: &X509Name<'_>) -> Option<String> {
    let one = |attribute: &AttributeTypeAndValue<'_>| {
        let oid = attribute.attr_type().to_id_string();
        let kind = match short_name(&oid) {
            "2.5.4.9" => "STREET",
            "0.9.2342.19200300.100.1.25" => "DC",
            "0.9.2342.19200300.100.1.1" => "UID",
            kind => kind,
        };
        Some(format!("{kind}={}", escaped(attribute.as_str().ok()?)))
    };
    let part = |part: &x509_parser::prelude::RelativeDistinguishedName<'_>| {
        Some(part.iter().map(one).collect::<Option<Vec<_>>>()?.join("+"))
    };
    let mut parts = name.iter_rdn().map(part).collect::<Option<Vec<_>>>()?;
    parts.reverse();
    Some(parts.join(","))
}

/// RFC 4514 2.4.
fn escaped(value: &str) -> String {
    let last = value.chars().count().saturating_sub(1);
    let mut text = String::with_capacity(value.len());
    for (at, sign) in value.chars().enumerate() {
        match sign {
            '\0' => text.push_str("\\00"),
            '\\' | '"' | '+' | ',' | ';' | '<' | '>' => text.extend(['\\', sign]),
            '#' if at == 0 => text.push_str("\\#"),
            ' ' if at == 0 || at == last => text.push_str("\\ "),
            sign => text.push(sign),
        }
    }
    text
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
        assert!(is_vouched_for(&good, [&own.pair], &RevocationLists::default(), now));
        assert!(is_vouched_for(&good, [&other.pair, &own.pair], &RevocationLists::default(), now));
        assert!(!is_vouched_for(&good, [&other.pair], &RevocationLists::default(), now));
        assert!(!is_vouched_for(&good, [], &RevocationLists::default(), now));
        assert!(!is_vouched_for(
            &good,
            [&own.pair],
            &RevocationLists::default(),
            at("2023-12-31T00:00:00Z")
        ));
        assert!(!is_vouched_for(
            &good,
            [&own.pair],
            &RevocationLists::default(),
            at("2030-01-02T00:00:00Z")
        ));
        let server = client(&own, ExtendedKeyUsagePurpose::ServerAuth);
        assert!(
            !is_vouched_for(&server, [&own.pair], &RevocationLists::default(), now),
            "one of a server is none of a client"
        );
        let nonsense = ClientCertificate::of_chain([vec![1, 2, 3]]).unwrap();
        assert!(!is_vouched_for(&nonsense, [&own.pair], &RevocationLists::default(), now));
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
