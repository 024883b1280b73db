//! The certificate that a client has shown that it has the key of: in the handshake of a listener
//! that asks for one, or to a proxy that is trusted and names it in a header.
//!
//! Nobody has judged it yet: whose it is and who vouches for it is for who reads it.

use std::sync::Arc;

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::HeaderMap;

/// More bytes than any certificate with its chain has here.
const LONGEST: usize = 48 * 1024;

/// A certificate in DER form, with the ones that came along to vouch for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCertificate(Arc<Chain>);

#[derive(Debug, PartialEq, Eq)]
struct Chain {
    own: Vec<u8>,
    others: Vec<Vec<u8>>,
}

impl ClientCertificate {
    /// From a chain that begins with the client's own.
    pub fn of_chain(chain: impl IntoIterator<Item = Vec<u8>>) -> Option<ClientCertificate> {
        let mut chain = chain.into_iter();
        let own = chain.next().filter(|own| !own.is_empty())?;
        Some(ClientCertificate(Arc::new(Chain { own, others: chain.collect() })))
    }

    pub fn der(&self) -> &[u8] {
        &self.0.own
    }

    /// What the client sent to vouch for it; nothing where a proxy names the certificate.
    pub fn intermediates(&self) -> impl Iterator<Item = &[u8]> {
        self.0.others.iter().map(Vec::as_slice)
    }

    /// Its hash as tokens carry it (`x5t#S256`, RFC 8705 3.1).
    pub fn thumbprint(&self) -> String {
        URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, self.der()).as_ref())
    }

    /// As a proxy writes it into a header of this name: RFC 9440 (`:base64:`), PEM in percent
    /// encoding or with spaces for line breaks (nginx, `HAProxy`), bare base64 (Traefik), or the
    /// `Cert` of Envoy's only element.
    pub(crate) fn of_header(headers: &HeaderMap, name: &str) -> Option<ClientCertificate> {
        let mut values = headers.get_all(name).iter();
        let value = values.next()?.to_str().ok()?.trim();
        // Of two nobody knows which one the proxy wrote.
        if values.next().is_some() || value.len() > LONGEST {
            return None;
        }
        let value = if name.eq_ignore_ascii_case("x-forwarded-client-cert") {
            named_by_envoy(value)?
        } else {
            value.to_owned()
        };
        let plain = percent_decoded(&value)?;
        let inner = match plain.split_once("-----BEGIN CERTIFICATE-----") {
            Some((_, rest)) => rest.split_once("-----END CERTIFICATE-----")?.0,
            // Traefik separates the certificates of a chain by commas.
            None => plain.split(',').next()?.trim_matches(':'),
        };
        let letters: String = inner.chars().filter(|sign| !sign.is_ascii_whitespace()).collect();
        ClientCertificate::of_chain([STANDARD.decode(letters).ok()?])
    }
}

/// The value of `Cert` in a list of Envoy's: `Hash=ab;Cert="...";Subject="CN=x\,y"`. Whatever the
/// client chose of it (subject, names) may look like another pair or element: where there are two of
/// either, nobody knows which one the proxy wrote.
fn named_by_envoy(list: &str) -> Option<String> {
    let mut named = None;
    let mut signs = list.chars();
    loop {
        let mut key = String::new();
        loop {
            match signs.next()? {
                '=' => break,
                ',' | ';' | '"' | '\\' => return None,
                sign => key.push(sign),
            }
        }
        let mut text = String::new();
        let mut next = signs.next();
        if next == Some('"') {
            loop {
                match signs.next()? {
                    '"' => break,
                    '\\' => text.push(signs.next()?),
                    sign => text.push(sign),
                }
            }
            next = signs.next();
        } else {
            while let Some(sign) = next.filter(|sign| !matches!(sign, ';' | ',' | '"' | '\\')) {
                text.push(sign);
                next = signs.next();
            }
        }
        if key.trim().eq_ignore_ascii_case("cert") && named.replace(text).is_some() {
            return None;
        }
        match next {
            None => return named,
            Some(';') => {}
            Some(_) => return None,
        }
    }
}

/// A plus is a letter of base64, and stays.
fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            let digits = std::str::from_utf8(&digits).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn read(name: &'static str, values: &[&str]) -> Option<Vec<u8>> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        }
        Some(ClientCertificate::of_header(&headers, name)?.der().to_vec())
    }

    #[test]
    fn proxies_write_certificates_in_many_ways() {
        let der = vec![251, 239, 190, 1, 2, 3];
        let encoded = STANDARD.encode(&der);
        assert!(encoded.contains('+'));
        let pem = format!("-----BEGIN CERTIFICATE-----\n{encoded}\n-----END CERTIFICATE-----\n");
        let percent: String = pem.bytes().map(|byte| format!("%{byte:02X}")).collect();
        for (name, value) in [
            ("client-cert", format!(":{encoded}:")),
            ("ssl-client-cert", percent.clone()),
            ("ssl-client-cert", pem.replace('\n', " ")),
            ("x-forwarded-tls-client-cert", encoded.clone()),
            ("x-forwarded-tls-client-cert", format!("{encoded},AAAA")),
            ("x-forwarded-client-cert", format!("Hash=ab;Cert=\"{percent}\";Subject=\"x\"")),
            ("x-forwarded-client-cert", format!("Cert={percent}")),
            (
                "x-forwarded-client-cert",
                format!(
                    r#"Hash=ab;Cert="{percent}";Subject="CN=\"x\";Cert=AAAA,Cert=AAAA";URI=a:b=c"#
                ),
            ),
        ] {
            assert_eq!(read(name, &[&value]), Some(der.clone()), "{name}: {value}");
        }
    }

    /// Subject and names are the client's own words.
    #[test]
    fn nobody_writes_another_s_certificate_into_the_header_of_envoy() {
        for (value, read_as) in [
            (r#"Hash=ab;Cert="AAAA";Subject="CN=x\,Cert=BBBB""#, Some(vec![0, 0, 0])),
            (r#"Hash=ab;Subject="CN=x\";Cert=BBBB";Cert="AAAA""#, Some(vec![0, 0, 0])),
            (r#"Hash=ab;Cert="AAAA";URI=spiffe://x/,Cert=BBBB"#, None),
            (r#"Hash=ab;Cert="AAAA";URI=spiffe://x/;Cert=BBBB"#, None),
            (r#"Hash=ab;Cert="AAAA";URI=spiffe://x/;cert=BBBB"#, None),
            (r#"Cert="BBBB",Hash=ab;Cert="AAAA""#, None),
            (r#"Hash=ab;Subject="CN=x",Cert="BBBB""#, None),
            (r#"Cert="AAAA","#, None),
            (r#"Cert="AAAA";"#, None),
            (r#"Cert="AAAA"#, None),
            (r#"Cert="AAAA"B"#, None),
            (r#"Cert="AAAA\"#, None),
            (r#"Cert=AA"AA"#, None),
            (r#"Cert="AAAA";URI=x\;y"#, None),
            (r#"Hash=ab;Subject="Cert=BBBB""#, None),
        ] {
            assert_eq!(read("x-forwarded-client-cert", &[value]), read_as, "{value}");
        }
    }

    #[test]
    fn what_is_no_certificate_is_none() {
        for value in ["", "x", "%", "%zz", ":AAAA", "-----BEGIN CERTIFICATE-----AAAA", "::", "%ff"]
        {
            let found = read("client-cert", &[value]);
            assert!(found.is_none() || value == ":AAAA", "{value}: {found:?}");
        }
        assert_eq!(read("client-cert", &["AAAA", "AAAA"]), None, "of two nobody knows");
        assert_eq!(read("x-forwarded-client-cert", &["AAAA"]), None);
        assert_eq!(read("client-cert", &[&"A".repeat(LONGEST + 4)]), None);
    }
}
