//! Encrypted elements, opened (XML Encryption 1.1): which algorithms may be used is decided before
//! anything is computed, and how opening failed is not said.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bergshamra::crypto::{cipher, keytransport};

use crate::key::Opener;
use crate::names::{DSIG, XENC, XENC11};
use crate::refusal::Refusal;
use crate::write::escape;
use crate::xml::Node;

const ELEMENT: &str = "http://www.w3.org/2001/04/xmlenc#Element";
/// Authenticated, and for those who have nothing else CBC: whatever happens to what it hides is the
/// same answer until a signature in it, or around it, was verified.
const CIPHERS: [&str; 6] = [
    "http://www.w3.org/2009/xmlenc11#aes128-gcm",
    "http://www.w3.org/2009/xmlenc11#aes192-gcm",
    "http://www.w3.org/2009/xmlenc11#aes256-gcm",
    "http://www.w3.org/2001/04/xmlenc#aes128-cbc",
    "http://www.w3.org/2001/04/xmlenc#aes192-cbc",
    "http://www.w3.org/2001/04/xmlenc#aes256-cbc",
];
/// OAEP alone: PKCS #1 v1.5 tells who asks often enough (Bleichenbacher).
const TRANSPORTS: [&str; 2] =
    ["http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p", "http://www.w3.org/2009/xmlenc11#rsa-oaep"];
/// Keys for several recipients may come along; each costs a private operation.
const MOST_KEYS: usize = 3;

/// What an element like `EncryptedAssertion` hides, in an element that knows the namespaces which
/// are known where it was found.
pub(crate) fn open(sealed: Node<'_, '_>, opener: &Opener) -> Result<String, Refusal> {
    let data = sealed.needed(XENC, "EncryptedData")?;
    if data.attribute("Type").is_some_and(|kind| kind != ELEMENT) {
        return Err(Refusal::BadValue("EncryptedData"));
    }
    let method = algorithm(data)?;
    if !CIPHERS.contains(&method) {
        return Err(refused(method));
    }
    let info = data.needed(DSIG, "KeyInfo")?;
    let keys: Vec<Node<'_, '_>> =
        info.all(XENC, "EncryptedKey").chain(sealed.all(XENC, "EncryptedKey")).collect();
    if keys.is_empty() {
        return Err(Refusal::MissingElement("EncryptedKey"));
    }
    if keys.len() > MOST_KEYS {
        return Err(Refusal::RepeatedElement("EncryptedKey"));
    }
    let wrapped = keys.into_iter().map(|key| Ok((Transport::read(key)?, value(key)?)));
    let wrapped: Vec<(Transport, Vec<u8>)> = wrapped.collect::<Result<_, Refusal>>()?;
    let hidden = value(data)?;
    let private = opener.key().ok_or(Refusal::Decryption)?;
    let cipher = cipher::from_uri(method).map_err(|_| refused(method))?;
    let open = |(transport, wrapped): &(Transport, Vec<u8>)| {
        let key = transport.algorithm().ok()?.decrypt(&private, wrapped).ok()?;
        cipher.decrypt(&key, &hidden).ok()
    };
    let bytes = wrapped.iter().find_map(open).ok_or(Refusal::Decryption)?;
    let text = String::from_utf8(bytes).map_err(|_| Refusal::Decryption)?;
    Ok(in_place(sealed, &text))
}

/// The element as it would stand where it was hidden.
fn in_place(sealed: Node<'_, '_>, text: &str) -> String {
    let mut out = String::with_capacity(text.len().saturating_add(500));
    out.push_str("<opened");
    for (prefix, uri) in sealed.namespaces() {
        out.push_str(" xmlns");
        if !prefix.is_empty() {
            out.push(':');
            out.push_str(prefix);
        }
        out.push_str("=\"");
        escape(uri, true, &mut out);
        out.push('"');
    }
    out.push('>');
    out.push_str(text);
    out.push_str("</opened>");
    out
}

/// How a key is wrapped.
struct Transport {
    method: String,
    parameters: keytransport::OaepParams,
}

impl Transport {
    fn read(key: Node<'_, '_>) -> Result<Transport, Refusal> {
        let method = algorithm(key)?;
        if !TRANSPORTS.contains(&method) {
            return Err(refused(method));
        }
        let details = key.needed(XENC, "EncryptionMethod")?;
        let of = |node: Option<Node<'_, '_>>| {
            node.and_then(|node| node.attribute("Algorithm")).map(str::to_owned)
        };
        let label = details.child(XENC, "OAEPparams")?;
        let parameters = keytransport::OaepParams {
            digest_uri: of(details.child(DSIG, "DigestMethod")?),
            mgf_uri: of(details.child(XENC11, "MGF")?),
            oaep_params: label.map(|label| decoded(label, "OAEPparams")).transpose()?,
        };
        let transport = Transport { method: method.to_owned(), parameters };
        transport.algorithm().map_err(|()| refused(method))?;
        Ok(transport)
    }

    fn algorithm(&self) -> Result<Box<dyn keytransport::KeyTransportAlgorithm>, ()> {
        keytransport::from_uri_with_params(&self.method, self.parameters.clone()).map_err(|_| ())
    }
}

fn algorithm<'t>(of: Node<'t, '_>) -> Result<&'t str, Refusal> {
    let method = of.needed(XENC, "EncryptionMethod")?;
    Ok(method.attribute("Algorithm").unwrap_or_default())
}

fn refused(uri: &str) -> Refusal {
    Refusal::EncryptionAlgorithm(uri.chars().take(200).collect())
}

/// A value in the document itself: nothing is fetched from anywhere else.
fn value(of: Node<'_, '_>) -> Result<Vec<u8>, Refusal> {
    let data = of.needed(XENC, "CipherData")?;
    decoded(data.needed(XENC, "CipherValue")?, "CipherValue")
}

fn decoded(of: Node<'_, '_>, name: &'static str) -> Result<Vec<u8>, Refusal> {
    let text: String = of.text().unwrap_or_default().split_whitespace().collect();
    STANDARD.decode(text).map_err(|_| Refusal::BadValue(name))
}
