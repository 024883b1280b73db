//! How messages travel (SAML 2.0 bindings): in the query of an address, deflated (3.4), in a form
//! (3.5), or in a SOAP envelope (3.2).

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};

use base64::Engine as _;
use base64::alphabet::STANDARD as ALPHABET;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::key::Signer;
use crate::names::SOAP;
use crate::refusal::{Fault, Refusal};
use crate::xml::{MESSAGE, Node, Tree};

/// The standard allows 80 bytes; applications send whole addresses.
pub const MAX_RELAY_STATE: usize = 4_096;
/// Of a message as it comes: the bytes of its base64, escaped.
const MAX_ENCODED: usize = 3 * 65_536;

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &ALPHABET,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);
const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
/// What `encodeURIComponent` escapes (ECMAScript 19.2.6.4).
const COMPONENT: &AsciiSet =
    &QUERY.remove(b'!').remove(b'*').remove(b'\'').remove(b'(').remove(b')');

/// Which of the two parameters a message comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    Request,
    Response,
}

impl Which {
    pub const fn parameter(self) -> &'static str {
        match self {
            Which::Request => "SAMLRequest",
            Which::Response => "SAMLResponse",
        }
    }
}

/// A message as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    pub which: Which,
    pub xml: Vec<u8>,
    /// In a SOAP envelope.
    pub enveloped: bool,
    pub relay_state: Option<String>,
    pub signature: Detached,
}

/// What an address says of the signature of its message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Detached {
    /// The message did not come in an address: its signature is in itself.
    Inside,
    Absent,
    Present {
        /// The part of the query that is signed, byte for byte; and as some libraries sign it.
        signed: [String; 2],
        algorithm: String,
        value: Vec<u8>,
    },
}

/// Reads a message from the query of an address.
///
/// # Errors
/// There is none, or it cannot be decoded.
pub fn from_query(query: &str) -> Result<Received, Refusal> {
    let raw = |name: &'static str| one(query, name);
    let which = which(query)?;
    let message = raw(which.parameter())?.ok_or(Refusal::Missing)?;
    let relay_state = raw("RelayState")?;
    let decoded = unbase64(&unescape(message))?;
    let xml = inflate(&decoded)?.unwrap_or(decoded);
    let signature = match (raw("Signature")?, raw("SigAlg")?) {
        (Some(value), Some(algorithm)) => {
            let signed = |relay_state: Option<&str>| {
                let mut signed = format!("{}={message}", which.parameter());
                if let Some(relay_state) = relay_state {
                    let _ = write!(signed, "&RelayState={relay_state}");
                }
                let _ = write!(signed, "&SigAlg={algorithm}");
                signed
            };
            // Bindings 3.4.4.1: in this order, as they were escaped by the sender. node-saml signs a
            // state as JavaScript's encodeURIComponent escapes it, and sends it as URLSearchParams
            // does; it is the same state.
            let component = relay_state
                .map(|state| utf8_percent_encode(&unescape(state), COMPONENT).to_string());
            let signed = [signed(relay_state), signed(component.as_deref())];
            let value = unbase64(&unescape(value)).map_err(|_| Refusal::Signature)?;
            Detached::Present { signed, algorithm: unescape(algorithm), value }
        }
        _ => Detached::Absent,
    };
    received(which, xml, relay_state.map(unescape), signature)
}

/// Reads a message from a form.
///
/// # Errors
/// There is none, or it cannot be decoded.
pub fn from_form(body: &str) -> Result<Received, Refusal> {
    let which = which(body)?;
    let message = one(body, which.parameter())?.ok_or(Refusal::Missing)?;
    let relay_state = one(body, "RelayState")?.map(unescape);
    received(which, unbase64(&unescape(message))?, relay_state, Detached::Inside)
}

/// Reads a message from a SOAP envelope.
///
/// # Errors
/// It is larger than a message may be.
pub fn from_soap(which: Which, body: &[u8]) -> Result<Received, Refusal> {
    let mut received = received(which, body.to_vec(), None, Detached::Inside)?;
    received.enveloped = true;
    Ok(received)
}

fn received(
    which: Which,
    xml: Vec<u8>,
    relay_state: Option<String>,
    signature: Detached,
) -> Result<Received, Refusal> {
    if relay_state.as_ref().is_some_and(|state| state.len() > MAX_RELAY_STATE) {
        return Err(Refusal::RelayState);
    }
    Ok(Received { which, xml, enveloped: false, relay_state, signature })
}

impl Received {
    pub(crate) fn parse(&self) -> Result<Tree<'_>, Refusal> {
        Tree::parse(&self.xml, MESSAGE)
    }

    /// The message of the tree: its root, or what the body of the envelope holds.
    pub(crate) fn message<'t, 'a>(&self, tree: &'t Tree<'a>) -> Result<Node<'t, 'a>, Refusal> {
        let root = tree.root();
        if !self.enveloped {
            return Ok(root);
        }
        if !root.is(SOAP, "Envelope") {
            return Err(Refusal::WrongMessage("SOAP"));
        }
        let body = root.needed(SOAP, "Body")?;
        let mut inside = body.children();
        match (inside.next(), inside.next()) {
            (Some(message), None) => Ok(message),
            _ => Err(Refusal::WrongMessage("SOAP")),
        }
    }
}

/// The value of a parameter that comes once at most, as it was escaped.
fn one<'q>(query: &'q str, name: &'static str) -> Result<Option<&'q str>, Refusal> {
    let mut found = query.split('&').filter_map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (unescape(key) == name).then_some(value)
    });
    let first = found.next();
    if found.next().is_some() { Err(Refusal::Repeated(name)) } else { Ok(first) }
}

fn which(query: &str) -> Result<Which, Refusal> {
    let has = |which: Which| Ok(one(query, which.parameter())?.is_some_and(|v| !v.is_empty()));
    match (has(Which::Request)?, has(Which::Response)?) {
        (true, false) => Ok(Which::Request),
        (false, true) => Ok(Which::Response),
        (true, true) => Err(Refusal::Repeated("SAMLRequest")),
        (false, false) => Err(Refusal::Missing),
    }
}

fn unescape(value: &str) -> String {
    let pair = format!("v={value}");
    form_urlencoded::parse(pair.as_bytes()).next().map_or_else(String::new, |(_, v)| v.into_owned())
}

fn unbase64(text: &str) -> Result<Vec<u8>, Refusal> {
    if text.len() > MAX_ENCODED {
        return Err(Refusal::TooLarge);
    }
    // Who forgets to escape `+` in an address sends a space; forms break lines.
    let clean: String = text
        .chars()
        .filter(|c| !matches!(c, '\r' | '\n' | '\t'))
        .map(|c| if c == ' ' { '+' } else { c })
        .collect();
    let decoded = LENIENT.decode(clean).map_err(|_| Refusal::Undecodable)?;
    if decoded.is_empty() { Err(Refusal::Undecodable) } else { Ok(decoded) }
}

/// `None` when it is not deflated. As much as a message may have and no byte more is inflated,
/// whatever it claims to be.
fn inflate(bytes: &[u8]) -> Result<Option<Vec<u8>>, Refusal> {
    let mut out = Vec::new();
    let limit = MESSAGE.bytes as u64 + 1;
    match DeflateDecoder::new(bytes).take(limit).read_to_end(&mut out) {
        Ok(read) if read > MESSAGE.bytes => Err(Refusal::TooLarge),
        Ok(read) if read > 0 => Ok(Some(out)),
        _ => Ok(None),
    }
}

/// The address that brings a message. Signed over the query where a signer is given.
///
/// # Errors
/// The key cannot sign.
pub fn to_address(
    address: &str,
    which: Which,
    xml: &str,
    relay_state: Option<&str>,
    signer: Option<&Signer>,
) -> Result<String, Fault> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    let deflated = encoder.write_all(xml.as_bytes()).and_then(|()| encoder.finish());
    let deflated = deflated.map_err(|error| Fault::Library(error.to_string()))?;
    let escape = |text: &str| utf8_percent_encode(text, QUERY).to_string();
    let mut query = format!("{}={}", which.parameter(), escape(&STANDARD.encode(deflated)));
    if let Some(relay_state) = relay_state {
        let _ = write!(query, "&RelayState={}", escape(relay_state));
    }
    if let Some(signer) = signer {
        let _ = write!(query, "&SigAlg={}", escape(signer.signature.uri()));
        let value = signer.sign_bytes(query.as_bytes())?;
        let _ = write!(query, "&Signature={}", escape(&STANDARD.encode(value)));
    }
    let joined = if address.contains('?') { '&' } else { '?' };
    Ok(format!("{address}{joined}{query}"))
}

/// The fields of the form that brings a message.
pub fn to_form(which: Which, xml: &str, relay_state: Option<&str>) -> Vec<(&'static str, String)> {
    let mut fields = vec![(which.parameter(), STANDARD.encode(xml))];
    fields.extend(relay_state.map(|state| ("RelayState", state.to_owned())));
    fields
}

/// A message in a SOAP envelope.
pub fn to_soap(xml: &str) -> String {
    format!("<soap:Envelope xmlns:soap=\"{SOAP}\"><soap:Body>{xml}</soap:Body></soap:Envelope>")
}
