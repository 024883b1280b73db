//! XML signatures: one of each element that may be signed, of all of it, by a certificate of the
//! configuration.

use bergshamra::dsig::verify::verify_all_document_with_source;
use bergshamra::{DsigContext, VerifyResult};
use uppsala::NodeId;

use crate::binding::Detached;
use crate::key::{DigestAlgorithm, Signer, Trust};
use crate::names::{DSIG, ENVELOPED, EXCLUSIVE_C14N, XENC};
use crate::refusal::{Fault, Refusal};
use crate::write::Element;
use crate::xml::{Node, Tree};

/// Verifies the signature of a message, wherever its binding has put it.
pub(crate) fn authenticate(
    message: Node<'_, '_>,
    detached: &Detached,
    trust: &Trust,
) -> Result<(), Refusal> {
    match detached {
        Detached::Absent => Err(Refusal::Unsigned),
        Detached::Inside => enveloped(message, trust),
        Detached::Present { signed, algorithm, value } => {
            let known = trust.algorithm(algorithm);
            let known = known.ok_or_else(|| Refusal::SignatureAlgorithm(algorithm.clone()))?;
            let verifier = bergshamra::crypto::sign::from_uri_with_context(known.uri(), None);
            let key = trust.key().ok_or(Refusal::Signature)?;
            let verifier = verifier.map_err(|_| Refusal::Signature)?;
            let holds =
                |signed: &String| verifier.verify(&key, signed.as_bytes(), value).unwrap_or(false);
            if signed.iter().any(holds) { Ok(()) } else { Err(Refusal::Signature) }
        }
    }
}

/// Verifies the one signature of a message.
pub(crate) fn enveloped(message: Node<'_, '_>, trust: &Trust) -> Result<(), Refusal> {
    let signed = signed(message.tree, &[message], trust)?;
    if signed.is_empty() { Err(Refusal::Unsigned) } else { Ok(()) }
}

/// Verifies all signatures of a document, of which each of these elements may have one, and no
/// other element any. The elements that are signed.
///
/// The rules are checked before the library computes anything, so that it is never asked for more
/// than those signatures.
pub(crate) fn signed(
    tree: &Tree<'_>,
    places: &[Node<'_, '_>],
    trust: &Trust,
) -> Result<Vec<NodeId>, Refusal> {
    let signatures = tree.signatures();
    if signatures.len() > places.len() {
        return Err(Refusal::SignedTwice);
    }
    let mut found: Vec<(NodeId, NodeId)> = Vec::new();
    for signature in &signatures {
        let place = places.iter().find(|place| signature.parent() == Some(place.id));
        let place = place.ok_or(Refusal::SignaturePlace)?;
        if found.iter().any(|(other, _)| *other == place.id) {
            return Err(Refusal::SignedTwice);
        }
        found.push((place.id, signature.id));
    }
    for (signature, (place, _)) in signatures.iter().zip(&found) {
        check(Node { tree, id: *place }, *signature, trust)?;
    }
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let context = DsigContext::new(trust.keys());
    let results = verify_all_document_with_source(&context, &tree.document, Some(tree.source));
    let results = results.map_err(|_| Refusal::Signature)?;
    if results.len() != found.len() {
        return Err(Refusal::Signature);
    }
    for (result, (place, signature)) in results.iter().zip(&found) {
        let VerifyResult::Valid { signature_node, references, .. } = result else {
            return Err(Refusal::Signature);
        };
        let whole = matches!(references.as_slice(), [one]
            if one.digest_verified && one.resolved_node == Some(*place));
        if signature_node != signature || !whole {
            return Err(Refusal::Signature);
        }
    }
    Ok(found.into_iter().map(|(place, _)| place).collect())
}

/// What a signature has to be like before it is worth computing.
fn check(message: Node<'_, '_>, signature: Node<'_, '_>, trust: &Trust) -> Result<(), Refusal> {
    let info = signature.needed(DSIG, "SignedInfo")?;
    let reference = check_info(message, info, trust)?;
    let mut transforms = Vec::new();
    if let Some(list) = reference.child(DSIG, "Transforms")? {
        for transform in list.children() {
            let algorithm = transform.attribute("Algorithm").unwrap_or_default();
            // An XPath or a stylesheet would be a child of its transform.
            let plain = transform.is(DSIG, "Transform")
                && transform
                    .children()
                    .all(|child| child.is(EXCLUSIVE_C14N, "InclusiveNamespaces"));
            if !plain {
                return Err(Refusal::SignatureTransforms);
            }
            transforms.push(algorithm);
        }
    }
    if transforms != [ENVELOPED, EXCLUSIVE_C14N] {
        return Err(Refusal::SignatureTransforms);
    }
    if signature.child(DSIG, "Object")?.is_some() {
        return Err(Refusal::SignatureReference);
    }
    Ok(())
}

fn check_info<'t, 'a>(
    message: Node<'t, 'a>,
    info: Node<'t, 'a>,
    trust: &Trust,
) -> Result<Node<'t, 'a>, Refusal> {
    let algorithm = |name: &'static str, of: Node<'t, 'a>| {
        of.needed(DSIG, name).map(|node| node.attribute("Algorithm").unwrap_or_default())
    };
    let refused = |uri: &str| Refusal::SignatureAlgorithm(uri.chars().take(200).collect());
    let c14n = algorithm("CanonicalizationMethod", info)?;
    if c14n != EXCLUSIVE_C14N {
        return Err(refused(c14n));
    }
    let method = algorithm("SignatureMethod", info)?;
    trust.algorithm(method).ok_or_else(|| refused(method))?;
    let mut references = info.all(DSIG, "Reference");
    let (Some(reference), None) = (references.next(), references.next()) else {
        return Err(Refusal::SignatureReference);
    };
    let id = message.attribute("ID").filter(|id| !id.is_empty());
    let named = reference.attribute("URI").and_then(|uri| uri.strip_prefix('#'));
    if id.is_none() || id != named {
        return Err(Refusal::SignatureReference);
    }
    let digest = algorithm("DigestMethod", reference)?;
    let known = DigestAlgorithm::of(digest).is_some_and(|known| known != DigestAlgorithm::Sha1);
    if known { Ok(reference) } else { Err(refused(digest)) }
}

impl Signer {
    /// The signature that [`sign`](Self::sign) completes, of the element with this ID.
    pub(crate) fn template(&self, id: &str) -> Element {
        let algorithm = |name, uri| Element::new(name).attribute("Algorithm", uri);
        let transforms = Element::new("ds:Transforms")
            .child(algorithm("ds:Transform", ENVELOPED))
            .child(algorithm("ds:Transform", EXCLUSIVE_C14N));
        let reference = Element::new("ds:Reference")
            .attribute("URI", format!("#{id}"))
            .child(transforms)
            .child(algorithm("ds:DigestMethod", self.digest.uri()))
            .child(Element::new("ds:DigestValue"));
        let info = Element::new("ds:SignedInfo")
            .child(algorithm("ds:CanonicalizationMethod", EXCLUSIVE_C14N))
            .child(algorithm("ds:SignatureMethod", self.signature.uri()))
            .child(reference);
        let certificate = Element::new("ds:X509Certificate").text(self.certificate.base64());
        let key = Element::new("ds:KeyInfo").child(Element::new("ds:X509Data").child(certificate));
        Element::new("ds:Signature")
            .attribute("xmlns:ds", DSIG)
            .child(info)
            .child(Element::new("ds:SignatureValue"))
            .child(key)
    }

    /// Completes the first signature of a document.
    pub(crate) fn sign(&self, xml: String) -> Result<String, Fault> {
        let context = DsigContext::new(self.keys());
        bergshamra::dsig::sign::sign_owned(&context, xml)
            .map_err(|error| Fault::Library(error.to_string()))
    }
}

/// An element, encrypted to a recipient: AES-128-CBC with a fresh key, which RSA-OAEP wraps.
pub(crate) fn encrypt(xml: &str, recipient: &crate::key::Recipient) -> Result<String, Fault> {
    const AES: &str = "http://www.w3.org/2001/04/xmlenc#aes128-cbc";
    const OAEP: &str = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p";
    let method = |uri| Element::new("xenc:EncryptionMethod").attribute("Algorithm", uri);
    let cipher = || Element::new("xenc:CipherData").child(Element::new("xenc:CipherValue"));
    let digest = Element::new("ds:DigestMethod")
        .attribute("xmlns:ds", DSIG)
        .attribute("Algorithm", DigestAlgorithm::Sha1.uri());
    let key = Element::new("xenc:EncryptedKey")
        .attribute("xmlns:xenc", XENC)
        .child(method(OAEP).child(digest))
        .child(cipher());
    let template = Element::new("xenc:EncryptedData")
        .attribute("xmlns:xenc", XENC)
        .attribute("Type", "http://www.w3.org/2001/04/xmlenc#Element")
        .child(method(AES))
        .child(Element::new("ds:KeyInfo").attribute("xmlns:ds", DSIG).child(key))
        .child(cipher());
    let context = bergshamra::EncContext::new(recipient.keys());
    bergshamra::encrypt(&context, &template.xml(), xml.as_bytes())
        .map_err(|error| Fault::Library(error.to_string()))
}
