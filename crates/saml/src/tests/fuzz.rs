//! Documents that nobody thought of: whatever comes is refused, or says what was signed.

use std::collections::BTreeSet;

use countersign_testing::Fuzz;

use super::assertions::sealed::{sealed, usual};
use super::assertions::{self, By, RESPONSE, WORLD};
use super::hostile::{ANSWER, LOGOUT, REQUEST};
use super::metadata::{SP, consumer, published};
use super::*;
use crate::assertion::{Expected, SignedIn};
use crate::names::{DSIG, METADATA, PROTOCOL};
use crate::xml::{MESSAGE, Node, Tree};
use crate::{logout, metadata, request, signature};

/// What XML, SAML and signatures are made of.
const WORDS: [&str; 34] = [
    "<",
    ">",
    "/>",
    "\"",
    "&amp;",
    "&#60;",
    "&#x0;",
    "]]>",
    "<![CDATA[",
    "<!--",
    "-->",
    "<?a?>",
    "<!DOCTYPE a>",
    "\r\n",
    "\u{a0}",
    " ID=\"_a1\"",
    " ID=\"_p1\"",
    " xml:id=\"_a1\"",
    " Id=\"_r1\"",
    " xmlns=\"urn:oasis:names:tc:SAML:2.0:assertion\"",
    " xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:protocol\"",
    " xmlns:x=\"y\"",
    "URI=\"\"",
    "URI=\"#_p1\"",
    "<saml:Assertion ID=\"_x\">",
    "</saml:Assertion>",
    "<saml:NameID>root</saml:NameID>",
    "<samlp:Extensions>",
    "</samlp:Extensions>",
    "<ds:Object xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">",
    "</ds:Object>",
    "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
    "http://www.w3.org/2000/09/xmldsig#sha1",
    "2026-11-27T10:00:00Z",
];

/// Everything that an element says, in one form: names with their namespaces, attributes in order,
/// and texts; without the signature directly in it.
fn said(node: Node<'_, '_>, signed: bool) -> String {
    let document = &node.tree.document;
    let Some(element) = document.element(node.id) else { return String::new() };
    let names = |name: &uppsala::QName<'_>| {
        format!("{{{}}}{}", name.namespace_uri.as_deref().unwrap_or_default(), name.local_name)
    };
    let own: BTreeSet<String> = element
        .attributes
        .iter()
        .map(|one| format!("{}={:?}", names(&one.name), one.value))
        .collect();
    let mut text = format!("<{} {own:?}>", names(&element.name));
    for id in document.children(node.id) {
        let child = Node { tree: node.tree, id };
        match document.node_kind(id) {
            Some(uppsala::NodeKind::Text(part) | uppsala::NodeKind::CData(part)) => {
                text.push_str(part);
            }
            _ if signed && child.is(DSIG, "Signature") => {}
            _ => text.push_str(&said(child, false)),
        }
    }
    text.push('>');
    text
}

fn as_text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A signature that holds is the only one, and what it is over says letter by letter what was
/// signed.
#[test]
fn fuzz_saml_signature() {
    let world = hostile::World::new();
    let trust = world.application.trust();
    let seeds = [REQUEST, LOGOUT, ANSWER].map(|template| world.signed(template));
    let holds = |bytes: &[u8]| {
        let tree = Tree::parse(bytes, MESSAGE).ok()?;
        signature::enveloped(tree.root(), &trust).ok()?;
        let signatures = tree.signatures();
        assert_eq!(signatures.len(), 1);
        assert_eq!(signatures[0].parent(), Some(tree.root().id));
        Some(said(tree.root(), true))
    };
    let signed = seeds.each_ref().map(|seed| holds(seed.as_bytes()).unwrap());
    Fuzz::new("saml.signature", 8_000).seeds(seeds).words(WORDS).run(|bytes| {
        let read = holds(bytes);
        if let Some(read) = &read {
            assert!(signed.contains(read), "{read}");
        }
        read.is_some()
    });
}

/// Who comes by a response is who was signed for, in whole.
#[test]
fn fuzz_saml_response() {
    let plain = [By::Assertion, By::Response, By::Both].map(|by| WORLD.signed(RESPONSE, by));
    let hidden = [(By::Assertion, false), (By::Assertion, true), (By::Nothing, true)]
        .map(|(by, around)| sealed(RESPONSE, by, around, usual));
    // What is not signed with an assertion alone: of which request, where to.
    let vouched = |read: SignedIn| SignedIn { relay_state: None, solicited: true, ..read };
    let whose = assertions::posted(&plain[0], &WORLD.expected()).map(vouched).unwrap();
    let check = |bytes: &[u8]| {
        let xml = as_text(bytes);
        let mut accepted = false;
        for expected in [WORLD.expected(), WORLD.sealed()] {
            let open = Expected { issuer: "", unsolicited: true, ..expected };
            let read = assertions::posted(&xml, &open);
            if let Ok(read) = &read {
                assert_eq!(vouched(read.clone()), whose);
                accepted = true;
            }
            let tree = Tree::parse(xml.as_bytes(), MESSAGE);
            if let (Ok(tree), Ok(_)) = (&tree, &read) {
                let all = tree.everywhere(crate::names::ASSERTION, "Assertion");
                if expected.opener.is_some() {
                    assert!(all.is_empty(), "it had to be encrypted");
                    continue;
                }
                assert!(tree.root().is(PROTOCOL, "Response") && all.len() == 1);
                assert_eq!(all[0].parent(), Some(tree.root().id));
                let over: Vec<_> = tree.signatures().iter().map(|one| one.parent()).collect();
                let places = [Some(tree.root().id), Some(all[0].id)];
                assert!((1..=2).contains(&over.len()) && over.iter().all(|at| places.contains(at)));
            }
        }
        accepted
    };
    Fuzz::new("saml.response", 4_000)
        .seeds(plain.into_iter().chain(hidden))
        .words(WORDS)
        .run(check);
}

/// What an application asks for by a message that it has to sign is what it signed.
#[test]
fn fuzz_saml_request() {
    let world = hostile::World::new();
    let trust = world.application.trust();
    let signing = peer(Some(&trust), &world.addresses);
    let open = peer(None, &world.addresses);
    let read = |xml: &str, peer: &Peer<'_>| {
        let request = binding::from_form(&posted(xml)).ok()?;
        let answer = Received { which: Which::Response, ..request.clone() };
        let asked = request::read(&request, ACS, peer).map(|read| format!("{read:?}"));
        asked
            .or_else(|_| logout::read_request(&request, peer).map(|read| format!("{read:?}")))
            .or_else(|_| logout::read_response(&answer, peer).map(|read| format!("{read:?}")))
            .ok()
    };
    let seeds = [REQUEST, LOGOUT, ANSWER].map(|template| world.signed(template));
    let signed = seeds.each_ref().map(|seed| read(seed, &signing).unwrap());
    Fuzz::new("saml.request", 8_000).seeds(seeds).words(WORDS).run(|bytes| {
        let xml = as_text(bytes);
        let verified = read(&xml, &signing);
        if let Some(read) = &verified {
            assert!(signed.contains(read), "{read}");
        }
        // Without a signature it may say anything, in its bounds.
        read(&xml, &open).is_some() || verified.is_some()
    });
}

/// A query or a form is read as it was written, and a signed query says what was signed.
#[test]
fn fuzz_saml_binding() {
    let world = hostile::World::new();
    let trust = world.application.trust();
    let xml = REQUEST.replace("{signature}", "");
    let address = |which, state, signer: Option<&Signer>| {
        let address = binding::to_address("", which, &xml, state, signer).unwrap();
        address.trim_start_matches('?').to_owned()
    };
    let seeds = [
        address(Which::Request, Some("a b&c"), Some(&world.signer())),
        address(Which::Request, None, Some(&world.signer())),
        address(Which::Response, Some("state"), None),
        super::posted(&xml),
    ];
    let check = |bytes: &[u8]| {
        let query = as_text(bytes);
        let both = [binding::from_query(&query), binding::from_form(&query)];
        for read in both.iter().flatten() {
            let state = read.relay_state.as_deref();
            assert!(state.is_none_or(|state| state.len() <= binding::MAX_RELAY_STATE));
            let Ok(text) = std::str::from_utf8(&read.xml) else { continue };
            assert!(text.len() <= 3 * 65_536);
            let again = binding::to_address("", read.which, text, state, None).unwrap();
            let again = binding::from_query(again.trim_start_matches('?'));
            if text.len() <= MESSAGE.bytes {
                let again = again.unwrap();
                assert_eq!(
                    (again.which, again.xml, again.relay_state.as_deref()),
                    (read.which, read.xml.clone(), state)
                );
            }
            let tree = read.parse();
            let vouched = tree.as_ref().is_ok_and(|tree| {
                signature::authenticate(tree.root(), &read.signature, &trust).is_ok()
            });
            assert!(!vouched || text == xml && matches!(state, None | Some("a b&c")));
        }
        both.iter().any(Result::is_ok)
    };
    Fuzz::new("saml.binding", 8_000)
        .seeds(seeds)
        .words([
            "SAMLRequest=",
            "SAMLResponse=",
            "&RelayState=",
            "&Signature=",
            "&SigAlg=",
            "%",
            "%2B",
            "+",
            "&",
            "=",
            "%00",
        ])
        .run(check);
}

/// Metadata that bears the signature of its own key says what was signed.
#[test]
fn fuzz_saml_metadata() {
    let own = pair(&rcgen::PKCS_RSA_SHA256);
    let signer = || own.signer(SignatureAlgorithm::RsaSha256);
    let certificate = Certificate::from_pem(&own.certificate).unwrap().base64();
    let by_hand = SP.replace("{certificate}", &certificate);
    let seeds = [
        by_hand.replace("{signature}", ""),
        signer().sign(by_hand.replace("{signature}", &signer().template("_m1").xml())).unwrap(),
        consumer(Some(signer()), &own).document().unwrap(),
        published(Some(signer())).document().unwrap(),
    ];
    let whole = |bytes: &[u8]| {
        let tree = Tree::parse(bytes, crate::xml::METADATA).ok()?;
        let root = tree.root();
        let has_own = root.children().any(|child| child.is(DSIG, "Signature"));
        (has_own && root.is(METADATA, "EntityDescriptor")).then(|| said(root, true))
    };
    let signed: Vec<String> = seeds.iter().filter_map(|seed| whole(seed.as_bytes())).collect();
    assert_eq!(signed.len(), 3);
    let check = |bytes: &[u8]| {
        let (application, provider) = (metadata::read(bytes), metadata::read_upstream(bytes));
        let mut keys = application.iter().map(|read| read.signing.is_some());
        if provider.is_ok() || keys.any(|has| has) {
            assert!(whole(bytes).is_none_or(|said| signed.contains(&said)));
        }
        let names = application.iter().map(|read| &read.entity_id);
        let mut names = names.chain(provider.iter().map(|read| &read.entity_id));
        assert!(names.all(|name| !name.is_empty()));
        application.is_ok() || provider.is_ok()
    };
    Fuzz::new("saml.metadata", 6_000)
        .seeds(seeds)
        .words(WORDS)
        .words([
            "use=\"signing\"",
            "md:EntitiesDescriptor",
            "md:IDPSSODescriptor",
            "md:SPSSODescriptor",
            "javascript:",
        ])
        .run(check);
}
